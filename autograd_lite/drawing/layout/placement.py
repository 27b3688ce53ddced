"""Where everything goes: coordinates from Graphviz, or from a layered layout of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd_lite.drawing.graph import Graph
from autograd_lite.drawing.layout.geometry import Box, Part, Parts, Point, Routes, boxes_of
from autograd_lite.drawing.layout.graphviz import DotError, by_dot
from autograd_lite.drawing.layout.layered import layered
from autograd_lite.drawing.layout.ports import spread_ends

__all__ = ["Box", "Placement", "Point", "place"]

MARGIN = 18.0
"""Pixels between the drawing and its rim."""

GAP = 24.0
SMALLEST_GAP = 14.0
"""Pixels between two columns: ordinarily, and at least, for an arrow to be seen."""

ENGINES = ("dot", "built-in")

MOST_FOR_DOT = 400
"""Nodes and labels up to which dot is quick enough to be asked."""


@dataclass(frozen=True)
class Placement:
    """Where the parts of a drawing are, in pixels.

    Attributes:
        width: of the whole drawing.
        height: of the whole drawing.
        boxes: the box of each node, by its key.
        curves: for each edge in order, the points of its cubic Bezier curves: a start,
            then three points for each piece.
        labels: for each edge in order, the box of its label; None without one.
        engine: what found the places: "dot" or "built-in".
    """

    width: float
    height: float
    boxes: Mapping[str, Box]
    curves: Sequence[Sequence[Point]]
    labels: Sequence[Box | None]
    engine: str


def place(
    graph: Graph,
    sizes: Mapping[str, tuple[float, float]],
    label_sizes: Sequence[tuple[float, float]],
    engine: str | None = None,
    downwards: bool = False,
    gap: float = GAP,
) -> Placement:
    """Find a place for every node, edge and label.

    Graphviz is given sizes and nothing else; where it is missing, slow, broken or not
    meant for so large a graph, the built-in layout takes its place.

    Args:
        graph: what is to be drawn.
        sizes: the width and height of each node, by its key.
        label_sizes: the width and height of each edge's label; (0, 0) without one.
        engine: "dot", "built-in", or None for dot where it is installed.
        downwards: from top to bottom instead of from left to right.
        gap: pixels between two columns, at least.

    Raises:
        ValueError: if there is no such engine.

    Example:
        >>> from autograd_lite.drawing.graph import Edge, Graph, Node
        >>> graph = Graph("y", (Node("n0", "value", "x"), Node("n1", "op", "exp")), (Edge("n0", "n1"),))
        >>> places = place(graph, {"n0": (80, 60), "n1": (40, 30)}, [(0, 0)], "built-in")
        >>> places.boxes["n0"], places.boxes["n1"], places.labels
        ((18.0, 18.0, 80, 60), (122.0, 33.0, 40, 30), [None])
    """
    if engine not in (None, *ENGINES):
        raise ValueError(f"no engine {engine!r}: use {' or '.join(map(repr, ENGINES))}")
    parts = _parts(graph, sizes, label_sizes, gap)
    if downwards:
        parts = parts.turned()
    centers, routes, used = _positions(parts, engine)
    routes = spread_ends(parts, centers, routes)
    if downwards:
        parts = parts.turned()
        centers = [(y, x) for x, y in centers]
        routes = [[(y, x) for x, y in route] for route in routes]
    return _placement(graph, parts, centers, routes, used)


def _parts(
    graph: Graph,
    sizes: Mapping[str, tuple[float, float]],
    label_sizes: Sequence[tuple[float, float]],
    gap: float,
) -> Parts:
    """List nodes and labels: an edge with a label is a link to the label and one from it."""
    parts = [Part(*sizes[node.key], "op" if node.kind == "op" else "box") for node in graph.nodes]
    number = {node.key: index for index, node in enumerate(graph.nodes)}
    links: list[tuple[int, int]] = []
    for edge, (width, height) in zip(graph.edges, label_sizes):
        if width:
            links += [(number[edge.source], len(parts)), (len(parts), number[edge.target])]
            parts.append(Part(width, height, "label"))
        else:
            links.append((number[edge.source], number[edge.target]))
    return Parts(parts, links, gap)


def _positions(parts: Parts, engine: str | None) -> tuple[list[Point], Routes, str]:
    """Ask dot, if that is wanted and promises an answer; else find the places here."""
    if engine != "built-in" and len(parts.parts) <= MOST_FOR_DOT:
        try:
            return (*by_dot(parts), "dot")
        except DotError:
            pass
    return (*layered(parts), "built-in")


def _placement(graph: Graph, parts: Parts, centers: list[Point], routes: Routes, used: str) -> Placement:
    """Join the routes at the labels, and move all into the area that begins at (0, 0)."""
    boxes = boxes_of(parts, centers)
    corners = [*((x, y) for x, y, _, _ in boxes), *((x + w, y + h) for x, y, w, h in boxes)]
    corners += [point for route in routes for point in route]
    left, top = (min((point[axis] for point in corners), default=0.0) - MARGIN for axis in (0, 1))
    right, bottom = (max((point[axis] for point in corners), default=0.0) + MARGIN for axis in (0, 1))
    boxes = [(x - left, y - top, width, height) for x, y, width, height in boxes]
    moved = iter([(x - left, y - top) for x, y in route] for route in routes)
    labelled = iter(boxes[len(graph.nodes) :])
    curves: list[list[Point]] = []
    labels: list[Box | None] = []
    ends = iter(parts.links)
    for _ in graph.edges:
        route, (_, end) = next(moved), next(ends)
        if parts.parts[end].kind == "label":
            next(ends)
            route = _joined(route, next(moved))
            labels.append(next(labelled))
        else:
            labels.append(None)
        curves.append(route)
    places = {node.key: box for node, box in zip(graph.nodes, boxes)}
    return Placement(right - left, bottom - top, places, curves, labels, used)


def _joined(first: list[Point], second: list[Point]) -> list[Point]:
    """Join two routes by a straight line, which passes behind a label."""
    (x, y), (end_x, end_y) = first[-1], second[0]
    thirds = [(x + (end_x - x) * part / 3, y + (end_y - y) * part / 3) for part in (1, 2)]
    return [*first, *thirds, *second]
