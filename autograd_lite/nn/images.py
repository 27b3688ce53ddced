"""Images, [channel][row][column], and the windows that layers see them through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.core.coercion import no_list
from autograd_lite.nn.tools import inputs_of

__all__ = ["image_of", "places_of", "seen_through"]

Image = list[list[list[Any]]]


def image_of(image: Sequence[Any], window: int, *, channels: int | None = None, padding: int = 0) -> Image:
    """Check an image, and put zeros around it.

    Args:
        image: as many rows in every channel, and columns in every row.
        window: height and width of what is to fit into it.
        channels: how many it must have; None for any number.
        padding: how many rows and columns of zeros.

    Raises:
        TypeError: if it is no list.
        ValueError: if it has another form, or is smaller than the window.
    """
    if not hasattr(type(image), "__len__"):
        raise no_list("an image is a list [channel][row][column] of numbers", image)
    try:
        rows, columns = len(image[0]), len(image[0][0])
    except (TypeError, IndexError):
        rows = columns = 0
    if columns and hasattr(image[0][0][0], "__len__") and getattr(image[0][0][0], "shape", None) != ():
        raise ValueError(
            f"a layer takes one image at a time: this is a list of {len(image)}. predict(model, X) gives the "
            "outputs of all examples, [model(x) for x in X] with their graphs"
        )
    if channels is not None and len(image) != channels:
        raise ValueError(f"expected {channels} channels, got {len(image)}")
    if not columns:
        raise ValueError("an image is a list [channel][row][column] of numbers, none empty") from None
    if min(rows, columns) + 2 * padding < window:
        raise ValueError(f"the image of {rows} x {columns} is smaller than the window of {window}")
    side = [0.0] * padding
    rim: list[list[Any]] = [[0.0] * (columns + 2 * padding)] * padding
    result = []
    for channel in image:
        if len(channel) != rows:
            raise ValueError(f"expected {rows} rows in every channel, got {len(channel)}")
        lines = [[*side, *inputs_of(line, columns), *side] for line in channel]
        result.append([*rim, *lines, *rim])
    return result


def places_of(image: Image, window: int, stride: int) -> list[list[tuple[int, int]]]:
    """List where a window stands that moves so many pixels at a time, row by row."""
    down = range(0, len(image[0]) - window + 1, stride)
    across = range(0, len(image[0][0]) - window + 1, stride)
    return [[(row, column) for column in across] for row in down]


def seen_through(image: Image, window: int, row: int, column: int) -> list[Any]:
    """List the numbers of an image that are seen through a window placed there."""
    seen = [lines[row : row + window] for lines in image]
    return [number for lines in seen for line in lines for number in line[column : column + window]]
