"""A bound on the length of a gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite.core.coercion import leaves_of
from autograd_lite.engine import Value
from autograd_lite.optim.arithmetic import namespace_of
from autograd_lite.optim.settings import check_positive

__all__ = ["clip_grad_norm", "clipped"]


def clip_grad_norm(parameters: Iterable[Value], max_norm: float) -> float:
    """Scale all gradients down so that together they are no longer than a bound.

    Args:
        parameters: Values.
        max_norm: the largest length √(Σ g²) allowed, positive.

    Returns:
        The length before. If it is inf or nan, nothing is scaled: no scale would help.

    Raises:
        TypeError: if a parameter is not a Value.
        ValueError: if max_norm is not positive, or a parameter is not a leaf.

    Example:
        >>> x, y = Value(0.0), Value(0.0)
        >>> x.grad, y.grad = 3.0, 4.0
        >>> clip_grad_norm([x, y], 1.0), round(x.grad, 6), round(y.grad, 6)
        (5.0, 0.6, 0.8)

    Source: Pascanu, Mikolov and Bengio 2013. PyTorch's ``clip_grad_norm_`` divides by the length + 1e-6.
    """
    check_positive("max_norm", max_norm)
    listed = leaves_of(parameters)
    gradient = [parameter.grad for parameter in listed]
    for parameter, slope in zip(listed, clipped(gradient, max_norm)):
        parameter.grad = slope
    return math.hypot(*gradient)


def clipped(gradient: Sequence[Any], max_norm: float) -> Sequence[Any]:
    """Return a gradient, numbers or arrays, scaled down as ``clip_grad_norm`` does."""
    if all(isinstance(each, float) for each in gradient):
        norm: Any = math.hypot(*gradient)
        return [each * (max_norm / norm) for each in gradient] if max_norm < norm < math.inf else gradient
    numpy = namespace_of(gradient[0])
    norm = _length(numpy, gradient)
    scale = numpy.where(norm < math.inf, max_norm / numpy.maximum(norm, max_norm), 1.0)
    return [(each * scale).astype(each.dtype) for each in gradient]


def _length(numpy: Any, arrays: Sequence[Any]) -> Any:
    """Compute the length of all numbers of some arrays, whose squares may overflow."""
    largest = numpy.stack([abs(each).max() for each in arrays]).max()
    unit = numpy.where((largest > 0.0) & (largest < math.inf), largest, 1.0)
    parts = [each / unit for each in arrays]
    return unit * sum(numpy.vdot(part, part) for part in parts) ** 0.5
