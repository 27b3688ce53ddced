"""playground: one's own network, trained in a page."""

from autograd_lite.playing.making import playground
from autograd_lite.playing.page import Playground

__all__ = ["Playground", "playground"]
