"""autograd_lite: write it in scalars, watch every derivative.

Drawings, networks, losses, optimisers, training, datasets and plots are imported when first used.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - run from a clone, which nothing has checked
    needed = f"autograd_lite needs Python 3.11 or later, and this is {sys.version.split()[0]}"
    raise SystemExit(needed) if sys.argv[:1] == ["-m"] else ImportError(needed)

from typing import TYPE_CHECKING, Any

# These are speed alone, and first, since they replace what others import.
from autograd_lite.core import kernels, native, sweep

from autograd_lite import drawing, functions  # isort: skip
from autograd_lite.composed import mean, softmax
from autograd_lite.core.modes import detect_anomaly, no_grad
from autograd_lite.core.native import engine_kind
from autograd_lite.core.op import Op
from autograd_lite.core.suggestions import missing
from autograd_lite.derivatives import backward, grad, hessian, hvp, jacobian, jvp, vjp
from autograd_lite.engine import NO_GRADIENT, Value
from autograd_lite.expression import ExpressionError, evaluate_expression
from autograd_lite.functions import *
from autograd_lite.gradcheck import GradientCheck, gradcheck
from autograd_lite.stepping import Path, Step, Trace, step_through

if TYPE_CHECKING:
    from autograd_lite import (
        compiler,
        datasets,
        losses,
        metrics,
        nn,
        optim,
        playing,
        plot,
        preprocess,
        training,
    )
    from autograd_lite.compiler import Program, TraceError, Trainer, compile
    from autograd_lite.drawing import Drawing, draw, draw_dot
    from autograd_lite.playing import Playground, playground
    from autograd_lite.training.fit import fit
    from autograd_lite.training.history import History
    from autograd_lite.training.predict import accuracy, predict, predict_class, predict_proba

__docformat__ = "google"
__version__ = "0.1.0"

__all__ = [
    "NO_GRADIENT",
    "Drawing",
    "ExpressionError",
    "GradientCheck",
    "History",
    "Op",
    "Path",
    "Playground",
    "Program",
    "Step",
    "Trace",
    "TraceError",
    "Trainer",
    "Value",
    "accuracy",
    "backward",
    "compile",
    "compiler",
    "datasets",
    "detect_anomaly",
    "draw",
    "draw_dot",
    "engine_kind",
    "evaluate_expression",
    "fit",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "losses",
    "mean",
    "metrics",
    "nn",
    "no_grad",
    "optim",
    "playground",
    "playing",
    "plot",
    "predict",
    "predict_class",
    "predict_proba",
    "preprocess",
    "softmax",
    "step_through",
    "training",
    "vjp",
]
__all__ += functions.__all__

_MODULES = (
    "compiler", "datasets", "losses", "metrics", "nn", "optim", "playing", "plot", "preprocess", "sklearn",
    "training",
)  # fmt: skip
_PARTS = {
    "compiler": ("Program", "TraceError", "Trainer", "compile"),
    "drawing": tuple(drawing.__all__),
    "playing": ("Playground", "playground"),
    "training": ("History", "accuracy", "fit", "predict", "predict_class", "predict_proba"),
}


def __getattr__(name: str) -> Any:
    """Import a part of the package when it is first asked for."""
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"autograd_lite.{name}")
    for part, names in _PARTS.items():
        if name in names:
            found = globals()[name] = getattr(importlib.import_module(f"autograd_lite.{part}"), name)
            return found
    raise missing("module 'autograd_lite'", name, [] if name.startswith("_") else _all_names())


def _all_names() -> list[str]:
    """List the public names, and those of the modules that are no names here: nn.Layer, optim.Adam."""
    import importlib

    parts = {part: importlib.import_module(f"autograd_lite.{part}") for part in ("nn", "optim", "losses")}
    return [*__all__, *(f"{part}.{each}" for part, module in parts.items() for each in module.__all__)]


def __dir__() -> list[str]:
    """List the public names, whether they have been imported or not."""
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__version__"]
