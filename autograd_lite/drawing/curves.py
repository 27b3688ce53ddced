"""Curves that are level where they pass a column, and bend between columns."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_lite.drawing.layout.geometry import Point

__all__ = ["through"]


def through(stops: Sequence[Point]) -> list[Point]:
    """Draw a smooth curve that is level at every stop.

    Args:
        stops: where it begins, where it passes, and where it ends, from left to right.

    Returns:
        The points of its cubic Bezier curves: the start, then three for each piece.

    Example:
        >>> through([(0.0, 0.0), (10.0, 0.0), (20.0, 6.0)])[3:]
        [(10.0, 0.0), (15.0, 0.0), (15.0, 6.0), (20.0, 6.0)]
    """
    route = list(stops[:1])
    for index, (x, y) in enumerate(stops[1:]):
        is_end = index == len(stops) - 2
        if not is_end and y == stops[index + 2][1] == route[-1][1]:
            continue  # a level stretch goes on
        start_x, start_y = route[-1]
        if (x, y) != route[-1]:
            half = (x - start_x) / 2
            route += [(start_x + half, start_y), (x - half, y), (x, y)]
    return route
