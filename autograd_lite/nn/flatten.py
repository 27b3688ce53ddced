"""Flatten: an image, or other nested lists, as one list."""

from __future__ import annotations

from typing import Any

from autograd_lite.engine import Value
from autograd_lite.nn.module import Module

__all__ = ["Flatten"]


class Flatten(Module):
    """All numbers of an example in one list, as a ``Layer`` takes them: after convolutions and pools.

    Formula:
        `y[(c rows + i) columns + j] = x[c][i][j]`

    Args:
        x: when called, nested lists or an array, of any depth; a number becomes a list of one.

    Returns:
        When called: a list of all the numbers, in their order.

    Raises:
        TypeError: if it is made with arguments: it takes none, and one example at a time.

    Example:
        >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
        >>> from autograd_lite.nn import Conv2d, Layer, MaxPool2d, Sequential
        >>> model = Sequential(Conv2d(1, 2, 3), "relu", MaxPool2d(2), Flatten(), Layer(8, 10, None))
        >>> len(model([[[0.5] * 6] * 6]))
        10

    Source: lectures B12; PyTorch's ``Flatten``, which leaves the axis of a batch alone.
    """

    def __call__(self, x: Any) -> list[Any]:
        if isinstance(x, Value) or not hasattr(x, "__len__") or getattr(x, "shape", None) == ():
            return [x]
        return [number for item in x for number in self(item)]

    def __repr__(self) -> str:
        return "Flatten()"
