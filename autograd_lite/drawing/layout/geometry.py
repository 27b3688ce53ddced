"""What a layout sees of a drawing, which is sizes and links but no texts; points, boxes and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Box", "Diagram", "LayeredGraph", "Part", "Point", "Routes", "smooth_curve"]

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width and height in pixels; y grows downwards."""

Routes: TypeAlias = list[list[Point]]
"""For each link, a start and three points for each piece of its cubic Bezier curve."""


@dataclass(frozen=True)
class Part:
    """A node or the label of an edge.

    Attributes:
        width: in pixels.
        height: in pixels.
        kind: "box", "op" (its ends are half circles) or "label".
    """

    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class Diagram:
    """Everything that has to be placed: the nodes, then the labels.

    Attributes:
        parts: their sizes.
        links: pairs of positions in ``parts``; there may be several between the same two.
        gap: pixels between two columns, at least.
    """

    parts: Sequence[Part]
    links: Sequence[tuple[int, int]]
    gap: float

    def turned(self) -> Diagram:
        """Return it with widths and heights swapped: what a layout from top to bottom starts from."""
        turned = [Part(part.height, part.width, part.kind) for part in self.parts]
        return Diagram(turned, self.links, self.gap)

    def boxes(self, centers: Sequence[Point]) -> list[Box]:
        """Return the box of each part, from the point in its middle."""
        return [
            (x - part.width / 2, y - part.height / 2, part.width, part.height)
            for part, (x, y) in zip(self.parts, centers)
        ]


@dataclass(frozen=True)
class LayeredGraph:
    """Parts and bends in their layers.

    Attributes:
        sizes: the width and height of each part, then of each bend (0, 0).
        layers: the layer of each.
        before: what each is linked to in the layer before.
        after: what each is linked to in the layer after.
        chains: for each link, all that it passes, from its source to its target.
        count: how many of them are parts.
        ops: which of them are operations.
    """

    sizes: list[tuple[float, float]]
    layers: list[int]
    before: list[list[int]]
    after: list[list[int]]
    chains: list[list[int]]
    count: int
    ops: set[int]


def smooth_curve(stops: Sequence[Point]) -> list[Point]:
    """Return a smooth curve that is level at every stop.

    Args:
        stops: where it begins, where it passes, and where it ends, from left to right.

    Returns:
        The points of its cubic Bezier curves: the start, then three for each piece.

    Example:
        >>> smooth_curve([(0.0, 0.0), (10.0, 0.0), (20.0, 6.0)])[3:]
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
