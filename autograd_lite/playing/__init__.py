"""playground: one's own network, trained in a page."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.playing.making import playground
from autograd_lite.playing.page import Playground

__all__ = ["Playground", "playground"]

show_only_public(__name__)
