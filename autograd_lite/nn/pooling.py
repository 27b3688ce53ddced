"""AvgPool2d and MaxPool2d: an image made smaller, one number for each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.composed import mean
from autograd_lite.functions import amax
from autograd_lite.nn.images import image_of, places_of, seen_through
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import check_size

__all__ = ["AvgPool2d", "MaxPool2d"]


class _Pool2d(Module):
    """A window that slides over each channel of an image, and what becomes of the numbers in it."""

    pooled: Callable[[list[Any]], Any]

    def __init__(self, size: int, stride: int | None = None) -> None:
        check_size("size", size)
        if stride is not None:
            check_size("stride", stride)
        self.size, self.stride = size, size if stride is None else stride

    def __call__(self, image: Sequence[Any]) -> list[list[list[Any]]]:
        checked = image_of(image, self.size)
        places = places_of(checked, self.size, self.stride)
        pooled = type(self).pooled
        return [
            [[pooled(seen_through([channel], self.size, *place)) for place in row] for row in places]
            for channel in checked
        ]

    def __repr__(self) -> str:
        stride = "" if self.stride == self.size else f", stride={self.stride}"
        return f"{type(self).__name__}({self.size}{stride})"


class AvgPool2d(_Pool2d):
    """The mean of each window of an image, channel by channel.

    Formula:
        `y[c][i][j] = 1/size² Σ_u Σ_v x[c][stride i + u][stride j + v]`

    Args:
        size: height and width of the window.
        stride: how many pixels it moves at a time; None for its size, so that windows do not overlap.

    Returns:
        When called with an image [channel][row][column]: one of as many channels,
        (rows - size) // stride + 1 rows, and columns likewise; what is left over at the right
        and below is not looked at.

    Raises:
        ValueError: if a size is less than 1; when called, if the rows differ in length, or the
            image is smaller than the window.

    Example:
        >>> AvgPool2d(2)([[[1.0, 2.0, 5.0, 5.0], [3.0, 4.0, 5.0, 5.0]]])
        [[[2.5, 5.0]]]

    Source: lectures B12; LeCun et al., Gradient-Based Learning (1998).
    """

    pooled = staticmethod(mean)


class MaxPool2d(_Pool2d):
    """The largest number of each window of an image, channel by channel.

    Formula:
        `y[c][i][j] = max_u max_v x[c][stride i + u][stride j + v]`

        The gradient goes to the largest; where several are, each gets the same share (in PyTorch
        the first gets all).

    Args:
        size: height and width of the window.
        stride: how many pixels it moves at a time; None for its size, so that windows do not overlap.

    Returns:
        When called with an image [channel][row][column]: one of as many channels,
        (rows - size) // stride + 1 rows, and columns likewise; what is left over at the right
        and below is not looked at.

    Raises:
        ValueError: if a size is less than 1; when called, if the rows differ in length, or the
            image is smaller than the window.

    Example:
        >>> MaxPool2d(2)([[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 5.0]]])
        [[[4.0, 7.0]]]

    Source: lectures B12; Jarrett et al., What is the best multi-stage architecture (2009).
    """

    pooled = staticmethod(amax)
