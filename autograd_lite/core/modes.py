"""What a forward pass does besides computing: ``no_grad``, ``detect_anomaly``, and being traced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

__all__ = ["detect_anomaly", "no_grad"]


class Mode(NamedTuple):
    """How operations behave in this context (a thread, an asyncio task)."""

    recording: bool = True
    checking: bool = False


ORDINARY = Mode()
TRACER: ContextVar[Any] = ContextVar("autograd_lite_tracer", default=None)
"""What watches this context's forward pass, for the compiler; None outside it."""

MODE: ContextVar[Mode] = ContextVar("autograd_lite_mode", default=ORDINARY)
_counting = threading.Lock()

ACTIVE: dict[str, Any] = {"modes": 0, "tracers": 0}
"""How many contexts have a changed mode, or a tracer. Kernels have it as their globals, to look fast."""


@contextmanager
def _changed(**changes: bool) -> Iterator[None]:
    """Change this context's mode; kernels stand aside while any context's is changed."""
    with _counting:
        ACTIVE["modes"] += 1
    token = MODE.set(MODE.get()._replace(**changes))
    try:
        yield
    finally:
        MODE.reset(token)
        with _counting:
            ACTIVE["modes"] -= 1


@contextmanager
def traced_by(tracer: Any) -> Iterator[None]:
    """Let a tracer watch: it is told of comparisons, and numbers may not be read."""
    with _counting:
        ACTIVE["tracers"] += 1
    token = TRACER.set(tracer)
    try:
        yield
    finally:
        TRACER.reset(token)
        with _counting:
            ACTIVE["tracers"] -= 1


def current_tracer() -> Any:
    """Give what watches this context's forward pass; None outside the compiler."""
    return TRACER.get() if ACTIVE["tracers"] else None


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results are leaves, and no graph is built.

    Use it as a context manager, or as a decorator of a function.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y.data, y.parents
        (9.0, ())
    """
    with _changed(recording=False):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise a FloatingPointError as soon as a result or a gradient is not finite.

    The message names the operation, its operands and their labels. Use it to find
    where a nan comes from; it makes everything slower.

    Example:
        >>> from autograd_lite import Value
        >>> with detect_anomaly():
        ...     Value(1e200, label="x") * 1e200
        Traceback (most recent call last):
        FloatingPointError: mul(x=1e+200, 1e+200) is inf
    """
    with _changed(checking=True):
        yield
