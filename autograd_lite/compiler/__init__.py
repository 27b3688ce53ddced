"""The compiler: code written in scalars, run on matrices."""

from autograd_lite.compiler.program import Program, compile
from autograd_lite.compiler.tracing import TraceError
from autograd_lite.compiler.trainer import Trainer
from autograd_lite.core.suggestions import show_only_public

__all__ = ["Program", "TraceError", "Trainer", "compile"]

show_only_public(__name__)
