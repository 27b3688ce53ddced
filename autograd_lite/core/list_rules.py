"""What the declarations of ``ops`` are made of where a line is not enough.

Operations on lists have a float function, and one that says what a caller passes; a few
operations have a form on arrays that is faster or more exact than their float function's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_lite.core.coercion import listed, position_of
from autograd_lite.core.symbol import Number

__all__ = [
    "added", "largest_of", "largest_of_array", "logsumexp_of", "logsumexp_of_array", "norm_of",
    "norm_of_array", "pack_dot", "pack_pick", "pack_some", "pack_sum", "picked", "row_starts",
    "sigmoid_of_array", "step_of_array", "weighted_sum",
]  # fmt: skip

Packed = tuple[tuple[Sequence[Any], ...], tuple[Any, ...]]
"""The lists that an operation takes, and its attributes."""

# ---- On floats -------------------------------------------------------------------------


# Not Python's sum(): since 3.12 it compensates rounding, which no other form of the graph does.
def added(values: Sequence[float]) -> float:
    """Add numbers from left to right."""
    total = 0.0
    for value in values:
        total += value
    return total


def weighted_sum(weights: Sequence[float], inputs: Sequence[float], bias: Sequence[float]) -> float:
    """Add products to a bias, from left to right."""
    total = bias[0]
    for weight, number in zip(weights, inputs):
        total += weight * number
    return total


def largest_of(values: Sequence[float]) -> float:
    """Return the largest number; nan if one is nan."""
    largest = values[0]
    for value in values:
        if value > largest or value != value:
            largest = value
    return largest


def logsumexp_of(values: Sequence[float]) -> float:
    """Compute log Σ exp(value) so that nothing overflows, and nothing small is lost."""
    largest = largest_of(values)
    if math.isinf(largest) or math.isnan(largest):
        return largest
    at = values.index(largest)
    others = [math.exp(value - largest) for i, value in enumerate(values) if i != at]
    return largest + math.log1p(added(others))


def norm_of(values: Sequence[float]) -> float:
    """Compute the length of a vector, whose square may be no float; nan if one number is nan."""
    return math.nan if math.isnan(added(values)) and any(map(math.isnan, values)) else math.hypot(*values)


def picked(values: Sequence[float], index: int) -> float:
    """Return the number at a position."""
    return values[position_of(index)]


# ---- What a caller passes -----------------------------------------------------------------


def pack_sum(values: Iterable[Any], start: Any = 0.0) -> Packed:
    """Take an iterable and a start, as Python's sum."""
    plain_zero = not isinstance(start, Number) and start == 0.0
    numbers = listed("sum", values)
    return (numbers if plain_zero else [start, *numbers],), ()


def pack_some(name: str) -> Callable[..., Packed]:
    """Make what takes at least one value, or says that the operation needs one."""

    def pack(values: Iterable[Any]) -> Packed:
        numbers = listed(name, values)
        if not numbers:
            raise ValueError(f"{name} of no values at all: give at least one")
        return (numbers,), ()

    return pack


def pack_pick(values: Sequence[Any], index: int) -> Packed:
    """Take a list and a position in it."""
    try:
        position = position_of(index)
    except TypeError:
        raise TypeError(f"pick takes a whole number as its index, got {index!r}") from None
    values = values if hasattr(values, "__len__") else listed("pick", values, ", 0")
    if not 0 <= position < len(values):
        raise IndexError(f"pick takes an index from 0 to {len(values) - 1}, got {position}")
    return (values,), (index,)


def pack_dot(weights: Sequence[Any], inputs: Sequence[Any], bias: Any = 0.0) -> Packed:
    """Take two lists of one length, and a bias."""
    try:
        alike = len(weights) == len(inputs)
    except TypeError:
        raise TypeError("dot takes two lists: write dot([w1, w2], [x1, x2], bias)") from None
    if not alike:
        raise ValueError(f"dot takes lists of one length, got {len(weights)} and {len(inputs)}")
    return (weights, inputs, (bias,)), ()


# ---- On arrays -------------------------------------------------------------------------

SHORT, MANY = 64, 2048
"""NumPy finds the largest of so many numbers, in lists of up to this length, faster list beside list."""


# NumPy's own heaviside is many times slower, and its sign twice as slow.
def step_of_array(xp: Any, a: Any, at_zero: float) -> Any:
    """Compute step on an array."""
    if at_zero == 1.0:
        return 1.0 + xp.floor(a.clip(-1.0, 0.0))
    return xp.heaviside(a, at_zero) if at_zero else xp.ceil(a.clip(0.0, 1.0))


def sigmoid_of_array(xp: Any, a: Any) -> Any:
    """Compute sigmoid on an array."""
    tail = xp.exp(-abs(a))
    return xp.where(a >= 0.0, 1.0, tail) / (1.0 + tail)


def largest_of_array(xp: Any, values: Any) -> Any:
    """Compute amax along the last axis."""
    length = values.shape[-1]
    if xp.__name__ != "numpy" or length > SHORT or values.size < MANY:
        return values.max(axis=-1)
    columns = xp.ascontiguousarray(values.reshape(-1, length).T)
    return columns.max(axis=0).reshape(values.shape[:-1])


def logsumexp_of_array(xp: Any, values: Any) -> Any:
    """Compute logsumexp along the last axis, as ``logsumexp_of`` does."""
    if xp.__name__ == "numpy":
        return _logsumexp_of_rows(xp, values.reshape(-1, values.shape[-1])).reshape(values.shape[:-1])
    largest = values.max(axis=-1)
    shift = xp.where(xp.isfinite(largest), largest, 0.0)[..., None]
    is_first = xp.arange(values.shape[-1]) == values.argmax(axis=-1)[..., None]
    others = xp.where(is_first, 0.0, xp.exp(xp.minimum(values - shift, 0.0))).sum(axis=-1)
    return xp.where(xp.isfinite(largest), largest + xp.log1p(others), largest)


@functools.lru_cache(64)
def row_starts(rows: int, length: int) -> Any:
    """Return where each row of a table begins among all its numbers."""
    import numpy

    return numpy.arange(rows) * length


def _logsumexp_of_rows(numpy: Any, values: Any) -> Any:
    places = values.argmax(axis=-1) + row_starts(*values.shape)
    largest = values.take(places)
    exps = numpy.exp(values - largest[:, None])
    exps.put(places, 0.0)
    found = largest + numpy.log1p(numpy.add.reduce(exps, axis=-1))
    if math.isfinite(largest.dot(largest)):
        return found
    return numpy.where(numpy.isfinite(largest), found, largest)


def norm_of_array(xp: Any, values: Any) -> Any:
    """Compute the lengths of vectors along the last axis, as ``norm_of`` does."""
    largest = xp.maximum(values.max(axis=-1), -values.min(axis=-1))
    scale = xp.where((largest > 0.0) & (largest < math.inf), largest, 1.0)
    shares = values / scale[..., None]
    return scale * xp.sqrt((shares * shares).sum(axis=-1))
