"""Edges that share a node get ports of their own along its border."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd_lite.drawing.layout.geometry import Diagram, Part, Point, Routes

__all__ = ["spread_ports"]

APART = 11.0
"""Pixels between two ports, if there is room."""

CORNER = 7.0
"""Pixels near the corners of a box that stay free."""


def spread_ports(
    diagram: Diagram, centers: Sequence[Point], routes: Routes, are_long: Sequence[bool] = ()
) -> Routes:
    """Return routes of which each has a port of its own at the border of the nodes that it links.

    Routes come in at the middle of a side. They are sorted by where they pass the column
    next to it, so that spreading them makes no crossing.

    Args:
        diagram: what was placed; labels keep their ports in the middle.
        centers: where.
        routes: the curves of the links.
        are_long: for each link whether it is one of those that begin as one if they come from
            the same part, and so have a port in common; by default none is.
    """
    shifts = [[0.0, 0.0] for _ in routes]
    insets = [[0.0, 0.0] for _ in routes]
    at_nodes: dict[tuple[int, int], list[int]] = {}
    for index, link in enumerate(diagram.links):
        for side in (0, 1):
            if diagram.parts[link[side]].kind != "label":
                at_nodes.setdefault((link[side], side), []).append(index)
    for (item, side), indices in at_nodes.items():
        part = diagram.parts[item]
        together = [index for index in indices if are_long and are_long[index] and side == 0]
        alone = {*indices}.difference(together)
        ports = [[index] for index in alone] + [together] * bool(together)
        ports.sort(key=lambda port: (_other_height(routes[port[0]], side), port[0]))
        for port, shift in zip(ports, _offsets(part, len(ports))):
            for index in port:
                shifts[index][side] = shift
                insets[index][side] = _inset(part, shift)
    return [_moved(*three) for three in zip(routes, shifts, insets)]


def _other_height(route: list[Point], side: int) -> float:
    """Return the height at which a route, seen from one end, arrives at the next column."""
    # Two pieces lead there: a level one past wider nodes of its own column, and one in the gap.
    points = (route if side == 0 else route[::-1])[:7]
    return next((y for _, y in points if abs(y - points[0][1]) > 8.0), points[-1][1])


def _offsets(part: Part, count: int) -> list[float]:
    """Return the places of ``count`` ports along a side, as distances from its middle."""
    room = part.height * 0.6 if part.kind == "op" else part.height - 2 * CORNER
    step = min(APART, room / max(count - 1, 1))
    return [(index - (count - 1) / 2) * step for index in range(count)]


def _inset(part: Part, shift: float) -> float:
    """Return how far the border of a rounded side lies inside its box, off the middle."""
    if part.kind != "op":
        return 0.0
    radius = min(part.width, part.height) / 2
    beyond = abs(shift) - (part.height / 2 - radius)
    return radius - math.sqrt(radius * radius - beyond * beyond) if beyond > 0 else 0.0


def _moved(route: list[Point], shifts: list[float], insets: list[float]) -> list[Point]:
    """Return a route with both ends moved, each together with the level stretch that it begins."""
    heights = [y for _, y in route]
    last = len(route) - 1
    stop, start = _level(heights), last - _level(heights[::-1])
    if stop > last:  # level throughout
        stop, start = len(route) // 2, len(route) // 2 - 1
    moved = [
        (x, y + (shifts[0] if index < stop else shifts[1] if index > start else 0.0))
        for index, (x, y) in enumerate(route)
    ]
    moved[0] = (moved[0][0] - insets[0], moved[0][1])
    moved[last] = (moved[last][0] + insets[1], moved[last][1])
    return moved


def _level(heights: list[float]) -> int:
    """Return how many points from the first on are level with it and not past the next column."""
    count = next((index for index, y in enumerate(heights) if index > 1 and y != heights[0]), len(heights))
    # A level stretch that goes on has no room there to be moved: it bends back in the gap.
    return count if count < 6 else 2
