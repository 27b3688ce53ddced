"""Conv2d: one small set of weights, used at every place of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.functions import dot
from autograd_lite.nn.images import image_of, places_of, seen_through
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, check_size, generator_of, weights_drawer

__all__ = ["Conv2d"]


class Conv2d(Module):
    """A neuron for each output channel looks through a small window that slides over an image.

    It is a dense layer whose W has a special form: local (0 outside the window) and
    shared (the same weights for every window).

    Formula:
        `y[o][r][c] = Σ_i Σ_u Σ_v w[o][i][u][v] x[i][stride r + u][stride c + v] + b[o]`

    Args:
        channels_in: how many numbers each pixel has.
        channels_out: how many the output's have.
        kernel: height and width of the window.
        stride: how many pixels the window moves at a time.
        padding: how many rows and columns of zeros are put around the image.
        init: as for a Neuron with as many inputs as the window has numbers.
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.

    Returns:
        When called with an image [channel][row][column]: an image of channels_out channels,
        (rows + 2 padding - kernel) // stride + 1 rows, and columns likewise.

    Raises:
        ValueError: if a size is too small; when called, if the image has another number of
            channels, rows of different lengths, or is smaller than the window.

    Example:
        >>> edges = Conv2d(1, 1, kernel=2, seed=0)
        >>> for weight, number in zip(edges.parameters(), [1.0, -1.0, 1.0, -1.0, 0.0]):
        ...     weight.data = number
        >>> image = [[[0.0, 0.0, 5.0], [0.0, 0.0, 5.0], [0.0, 0.0, 5.0]]]
        >>> [[y.data for y in row] for row in edges(image)[0]]
        [[0.0, -10.0], [0.0, -10.0]]

    Source: lectures B12; LeCun et al., Gradient-Based Learning (1998).
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        init: str = "uniform",
        seed: Seed = None,
    ) -> None:
        check_size("channels_in", channels_in)
        check_size("channels_out", channels_out)
        check_size("kernel", kernel)
        check_size("stride", stride)
        check_size("padding", padding, least=0)
        area = kernel * kernel
        draw = weights_drawer(init, channels_in * area, channels_out * area, generator_of(seed))
        self.w = [
            [[[Value(draw()) for _ in range(kernel)] for _ in range(kernel)] for _ in range(channels_in)]
            for _ in range(channels_out)
        ]
        self.b = [Value(0.0) for _ in range(channels_out)]
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def __call__(self, image: Sequence[Any]) -> list[list[list[Any]]]:
        padded = image_of(image, self.kernel, channels=len(self.w[0]), padding=self.padding)
        places = places_of(padded, self.kernel, self.stride)
        windows = [[seen_through(padded, self.kernel, *place) for place in row] for row in places]
        return [
            [[dot(weights, window, bias) for window in row] for row in windows]
            for weights, bias in zip([seen_through(each, self.kernel, 0, 0) for each in self.w], self.b)
        ]

    def __repr__(self) -> str:
        return f"Conv2d({len(self.w[0])}, {len(self.w)}, kernel={self.kernel})"
