"""The compiler: code written in scalars, run on matrices."""

from autograd_lite.compiler.program import Program, compile
from autograd_lite.compiler.tracing import TraceError
from autograd_lite.compiler.trainer import Trainer

__all__ = ["Program", "TraceError", "Trainer", "compile"]
