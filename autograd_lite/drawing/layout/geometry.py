"""What a layout engine sees of a drawing: sizes and links, no texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Box", "Net", "Part", "Parts", "Point", "Routes", "boxes_of"]

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
class Parts:
    """Everything that has to be placed: the nodes, then the labels.

    Attributes:
        parts: their sizes.
        links: pairs of positions in ``parts``; there may be several between the same two.
        gap: pixels between two columns, at least.
    """

    parts: Sequence[Part]
    links: Sequence[tuple[int, int]]
    gap: float

    def turned(self) -> Parts:
        """Swap widths and heights: what a layout from top to bottom starts from."""
        turned = [Part(part.height, part.width, part.kind) for part in self.parts]
        return Parts(turned, self.links, self.gap)


@dataclass(frozen=True)
class Net:
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


def boxes_of(parts: Parts, centers: Sequence[Point]) -> list[Box]:
    """Give the box of each part, from the point in its middle."""
    return [
        (x - part.width / 2, y - part.height / 2, part.width, part.height)
        for part, (x, y) in zip(parts.parts, centers)
    ]
