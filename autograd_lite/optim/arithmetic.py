"""What rules compute that Python has no operator for: of floats, of arrays, and of other kinds of numbers."""

from __future__ import annotations

import math
from typing import Any

from autograd_lite.core.symbol import Number
from autograd_lite.ops import MAXIMUM, SIGN, SQRT

__all__ = ["larger", "namespace_of", "root", "sign"]


def larger(one: Any, other: Any) -> Any:
    """Return the larger of two numbers; nan if one is nan."""
    is_number = isinstance(one, (float, Number)) and isinstance(other, (float, Number))
    return MAXIMUM(one, other) if is_number else namespace_of(other).maximum(one, other)


def sign(number: Any) -> Any:
    """Return 1, 0 or -1, with the sign of a number; nan for nan."""
    return SIGN(number) if isinstance(number, (float, Number)) else namespace_of(number).sign(number)


def root(number: Any) -> Any:
    """Compute the square root of a float, an array or another number: correctly rounded, as ``**`` is not."""
    if isinstance(number, float):
        return math.sqrt(number)
    return SQRT(number) if isinstance(number, Number) else number**0.5


def namespace_of(array: Any) -> Any:
    """Return the module whose functions an array knows: NumPy, jax.numpy."""
    import numpy

    return array.__array_namespace__() if hasattr(array, "__array_namespace__") else numpy
