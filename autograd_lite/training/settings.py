"""How to train; what is wrong with a setting, a model or an optimiser, found before a training begins."""

from __future__ import annotations

import difflib
import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

from autograd_lite import losses, optim
from autograd_lite.compiler.devices.mesh import placement_of
from autograd_lite.core.coercion import check_dtype, leaves_of
from autograd_lite.engine import Value
from autograd_lite.files import check_writable
from autograd_lite.nn.module import shortened
from autograd_lite.optim import Optimizer
from autograd_lite.optim.schedules import rate_at
from autograd_lite.optim.settings import check_positive
from autograd_lite.training.processes import Processes

__all__ = ["Metric", "Settings", "check_loss", "check_optimizer", "parameters_of"]

Callback = Callable[[int, Any], Any]
Metric = Callable[[Any, Any], float]


@dataclass
class Settings:
    """How to train so many examples, as ``fit`` is told.

    Attributes:
        batch_size: how many rows of a batch this process has.
        placement: the devices of JAX, if they train.
        processes: those that train together, perhaps this one alone.

    Raises:
        TypeError, ValueError, OSError, ImportError: if there is no way to train so.
    """

    count: int
    epochs: int
    batch_size: Any
    shuffle: bool
    seed: int
    metrics: Any
    early_stopping: int | None
    callbacks: Any
    checkpoint: str | os.PathLike[str] | None
    compiled: bool | None
    dtype: str
    backend: str = "auto"
    devices: Any = None
    clip: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise TypeError(f"seed is a whole number, got {self.seed!r}")
        self.epochs = check_whole("epochs", self.epochs)
        size = None if self.batch_size is None else check_whole("batch_size", self.batch_size)
        if self.early_stopping is not None:
            check_whole("early_stopping", self.early_stopping)
        if self.clip is not None:
            check_positive("clip", self.clip)
        check_dtype(self.dtype)
        if isinstance(self.shuffle, str) or self.shuffle not in (True, False):
            raise TypeError(f"shuffle is True or False, got {self.shuffle!r}")
        if self.compiled is not None and not isinstance(self.compiled, bool):
            raise TypeError(f"compiled is True, False or None, got {self.compiled!r}")
        if self.compiled is False and self.dtype != "float64":
            raise ValueError(
                f"with dtype {self.dtype!r} a training must be compiled: leave out compiled=False"
            )
        self._check_backend()
        self.placement = placement_of(self.devices) if self.backend == "jax" else None
        self.processes = Processes(self.placement)
        self.processes.check_same(self.count, "each process holds equally many examples")
        self.batch_size = self.count if size is None else min(self.processes.share(size), self.count)
        self.callbacks, self.metrics = check_functions(self.callbacks, self.metrics)
        if self.checkpoint is not None:
            if not os.path.isdir(os.path.dirname(os.path.abspath(self.checkpoint))):
                raise FileNotFoundError(f"there is no folder for the checkpoint {os.fspath(self.checkpoint)}")
            if self.processes.is_first:
                check_writable(self.checkpoint)

    def _check_backend(self) -> None:
        """Raise a ValueError if a backend is none, or contradicts other settings."""
        if self.backend not in ("auto", "python", "numpy", "jax"):
            raise ValueError(f"backend is 'auto', 'python', 'numpy' or 'jax', got {self.backend!r}")
        if self.devices is not None and self.backend != "jax":
            raise ValueError('devices are those of JAX: pass backend="jax" with them')
        if self.compiled is False and self.backend != "auto":
            raise ValueError(f"backend={self.backend!r} is one of compiled steps: leave out compiled=False")
        if self.backend == "python" and self.dtype != "float64":
            raise ValueError("Python's floats are float64: use backend='numpy' for float32")


def check_whole(name: str, number: Any) -> int:
    """Take a whole number of at least 1, or raise a TypeError or ValueError."""
    try:
        whole = operator.index(number)
    except TypeError:
        raise TypeError(f"{name} is a whole number, got {number!r}") from None
    if isinstance(number, bool) or whole < 1:
        raise ValueError(f"{name} is a whole number of at least 1, got {number!r}")
    return whole


def check_functions(callbacks: Any, metrics: Any) -> tuple[list[Callback], dict[str, Metric]]:
    """List the callbacks and the metrics, None for none of them, or raise a TypeError."""
    if callable(callbacks) or not isinstance(callbacks, (Iterable, NoneType)):
        name = getattr(callbacks, "__name__", "function")
        raise TypeError(f"callbacks are a list of functions, got {callbacks!r}: write [{name}]")
    if not isinstance(metrics, (Mapping, NoneType)):
        raise TypeError(
            f'metrics are a dict of functions by name, such as {{"right": accuracy}}, got {metrics!r}'
        )
    listed: list[Callback] = list(callbacks or ())
    named: dict[str, Metric] = dict(metrics or {})
    for function in (*listed, *named.values()):
        if not callable(function):
            raise TypeError(f"callbacks and metrics are functions, got {function!r}")
    for name in named:
        if not isinstance(name, str):
            raise TypeError(f"the name of a metric is a string, got {name!r}")
    return listed, named


def parameters_of(model: Any) -> list[Value]:
    """List the parameters that a model trains, each once, or raise a TypeError or ValueError."""
    listing = None if isinstance(model, type) else getattr(model, "parameters", None)
    if listing is None or not callable(model):
        hint = "; its class defines forward, here that is __call__" if hasattr(model, "forward") else ""
        raise TypeError(
            f"fit trains a Module, got {shortened(model, 60)}: it is called, and has parameters(){hint}"
        )
    parameters: list[Value] = list(dict.fromkeys(leaves_of(listing())))
    for parameter in parameters:
        if not math.isfinite(parameter.data):
            raise ValueError(f"the parameter {parameter!r} is not finite")
    if not parameters:
        raise ValueError(
            "the model has no parameters to train: are all frozen? They are Values made in __init__; what "
            "a call of the model makes is not trained"
        )
    return parameters


def check_loss(loss: Any) -> None:
    """Raise a TypeError if a loss cannot be called."""
    if not callable(loss):
        hint = f": pass {_nearest(loss, 'losses', losses.__all__)}" if isinstance(loss, str) else ""
        raise TypeError(f"loss is a function, got {loss!r}{hint}")


def _nearest(word: str, part: str, names: Sequence[str]) -> str:
    """Write the name that somebody means, or all there are."""
    lowered = {name.lower(): name for name in names}
    found = difflib.get_close_matches(word.lower(), lowered, 1)
    return f"{part}.{lowered[found[0]]}" if found else f"one of {part}: {', '.join(names)}"


def check_optimizer(optimizer: Any, parameters: list[Value]) -> None:
    """Raise a TypeError or ValueError if an optimiser is none, or not one for these parameters."""
    if not isinstance(optimizer, Optimizer):
        hint = ""
        if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
            hint = f": call it, optim.{optimizer.__name__}(lr=0.01)"
        elif isinstance(optimizer, str):
            hint = f": pass {_nearest(optimizer, 'optim', optim.__all__)}(lr=0.01)"
        raise TypeError(
            f"optimizer is one of autograd_lite.optim, such as SGD(lr=0.1), got {optimizer!r}{hint}"
        )
    strangers = {*(optimizer.parameters or [])} - {*parameters}
    if strangers:
        raise ValueError(
            f"the optimiser holds {len(strangers)} parameters that the model does not train "
            "(of another model, or frozen since): make a new optimiser"
        )
    float(rate_at(optimizer.lr, optimizer.steps, optimizer.steps_per_epoch or 1))
