"""autograd_lite: write it in scalars, watch every derivative.

Networks, losses, optimisers, training, datasets and plots are imported when first used.
"""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from autograd_lite import datasets, losses, nn, optim, plot, training
    from autograd_lite.training import History, accuracy, fit, predict

__version__ = "0.1.0"

__all__ = [
    "NO_GRADIENT",
    "ExpressionError",
    "GradientCheck",
    "History",
    "Op",
    "Path",
    "Step",
    "Trace",
    "Value",
    "accuracy",
    "datasets",
    "detect_anomaly",
    "evaluate_expression",
    "fit",
    "grad",
    "gradcheck",
    "hessian",
    "jacobian",
    "losses",
    "mean",
    "nn",
    "no_grad",
    "optim",
    "plot",
    "predict",
    "softmax",
    "step_through",
    "training",
]
__all__ += functions.__all__

_MODULES = ("datasets", "losses", "nn", "optim", "plot", "training")
_OF_TRAINING = ("History", "accuracy", "fit", "predict")


def __getattr__(name: str) -> Any:
    """Import a part of the package when it is first asked for."""
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"autograd_lite.{name}")
    if name in _OF_TRAINING:
        return getattr(importlib.import_module("autograd_lite.training"), name)
    raise AttributeError(f"module 'autograd_lite' has no attribute {name!r}")
