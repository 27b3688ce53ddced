"""autograd_lite: write it in scalars, watch every derivative."""

from autograd_lite import functions
from autograd_lite.composed import mean, softmax
from autograd_lite.derivatives import GradientCheck, gradcheck, hessian, jacobian
from autograd_lite.engine import NO_GRADIENT, Value
from autograd_lite.expression import ExpressionError, evaluate_expression
from autograd_lite.functions import *
from autograd_lite.gradients import grad
from autograd_lite.modes import detect_anomaly, no_grad
from autograd_lite.op import Op
from autograd_lite.stepping import Path, Step, Trace, step_through

__version__ = "0.1.0"

__all__ = [
    "NO_GRADIENT",
    "ExpressionError",
    "GradientCheck",
    "Op",
    "Path",
    "Step",
    "Trace",
    "Value",
    "detect_anomaly",
    "evaluate_expression",
    "grad",
    "gradcheck",
    "hessian",
    "jacobian",
    "mean",
    "no_grad",
    "softmax",
    "step_through",
]
__all__ += functions.__all__
