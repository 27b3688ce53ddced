"""A place for everything: from Graphviz or from our own layout, from left to right or from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd_lite.drawing.graph import Graph
from autograd_lite.drawing.layout.geometry import Box, Diagram, Part, Point, Routes
from autograd_lite.drawing.layout.graphviz import DotError, place_with_dot
from autograd_lite.drawing.layout.layered import place_in_layers
from autograd_lite.drawing.layout.ports import spread_ports
from autograd_lite.drawing.typesetting import label_size, node_size

__all__ = ["Placement", "arrange", "place"]

MARGIN = 18.0
"""Pixels between the drawing and its rim."""

GAP = 24.0
SMALLEST_GAP = 14.0
"""Pixels between two columns: ordinarily, and at least, for an arrow to be seen."""

WIDEST = 1600.0
"""Pixels; the smallest text of a drawing as wide as that still has 9 when it is shown at 1200."""

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


def arrange(graph: Graph, engine: str | None = None) -> Placement:
    """Measure every text of a graph, and return a place for each.

    The drawing goes from left to right. If it gets so wide that its texts would be too
    small on a page, the labels of edges are broken into lines, and columns come closer;
    if that is not enough, it goes from top to bottom.

    Args:
        graph: what is to be drawn.
        engine: "dot", "built-in", or None for dot where it is installed.

    Raises:
        ValueError: if there is no such engine.
    """
    sizes = {node.key: node_size(node) for node in graph.nodes}
    long, short = ([label_size(edge, narrow) for edge in graph.edges] for narrow in (False, True))
    tried = [place(graph, sizes, long, engine)]
    ways = [(long, True, GAP), (short, True, SMALLEST_GAP)]
    if tried[0].width < 2 * WIDEST:
        ways.insert(0, (short, False, SMALLEST_GAP))
    for labels, downwards, gap in ways:
        if tried[-1].width > WIDEST:
            tried.append(place(graph, sizes, labels, engine, downwards, gap))
    return min(tried, key=lambda placement: placement.width)


def place(
    graph: Graph,
    sizes: Mapping[str, tuple[float, float]],
    label_sizes: Sequence[tuple[float, float]],
    engine: str | None = None,
    downwards: bool = False,
    gap: float = GAP,
) -> Placement:
    """Return a place for every node, edge and label.

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
    diagram = _diagram(graph, sizes, label_sizes, gap)
    if downwards:
        diagram = diagram.turned()
    centers, routes, used = _positions(diagram, engine)
    routes = spread_ports(diagram, centers, routes)
    if downwards:
        diagram = diagram.turned()
        centers = [(y, x) for x, y in centers]
        routes = [[(y, x) for x, y in route] for route in routes]
    return _placement(graph, diagram, centers, routes, used)


def _diagram(
    graph: Graph,
    sizes: Mapping[str, tuple[float, float]],
    label_sizes: Sequence[tuple[float, float]],
    gap: float,
) -> Diagram:
    """Return nodes, labels and links: an edge with a label is a link to the label and one from it."""
    parts = [Part(*sizes[node.key], "op" if node.kind == "op" else "box") for node in graph.nodes]
    number = {node.key: index for index, node in enumerate(graph.nodes)}
    links: list[tuple[int, int]] = []
    for edge, (width, height) in zip(graph.edges, label_sizes):
        if width:
            links += [(number[edge.source], len(parts)), (len(parts), number[edge.target])]
            parts.append(Part(width, height, "label"))
        else:
            links.append((number[edge.source], number[edge.target]))
    return Diagram(parts, links, gap)


def _positions(diagram: Diagram, engine: str | None) -> tuple[list[Point], Routes, str]:
    """Return what dot answers, if that is wanted and promises an answer; else what is found here."""
    if engine != "built-in" and len(diagram.parts) <= MOST_FOR_DOT:
        try:
            return (*place_with_dot(diagram), "dot")
        except DotError:
            pass
    return (*place_in_layers(diagram), "built-in")


def _placement(graph: Graph, diagram: Diagram, centers: list[Point], routes: Routes, used: str) -> Placement:
    """Join the routes at the labels, and move all into the area that begins at (0, 0)."""
    boxes = diagram.boxes(centers)
    corners = [*((x, y) for x, y, _, _ in boxes), *((x + w, y + h) for x, y, w, h in boxes)]
    corners += [point for route in routes for point in route]
    left, top = (min((point[axis] for point in corners), default=0.0) - MARGIN for axis in (0, 1))
    right, bottom = (max((point[axis] for point in corners), default=0.0) + MARGIN for axis in (0, 1))
    boxes = [(x - left, y - top, width, height) for x, y, width, height in boxes]
    moved = iter([(x - left, y - top) for x, y in route] for route in routes)
    labelled = iter(boxes[len(graph.nodes) :])
    curves: list[list[Point]] = []
    labels: list[Box | None] = []
    ends = iter(diagram.links)
    for _ in graph.edges:
        route, (_, end) = next(moved), next(ends)
        if diagram.parts[end].kind == "label":
            next(ends)
            route = _joined(route, next(moved))
            labels.append(next(labelled))
        else:
            labels.append(None)
        curves.append(route)
    places = {node.key: box for node, box in zip(graph.nodes, boxes)}
    return Placement(right - left, bottom - top, places, curves, labels, used)


def _joined(first: list[Point], second: list[Point]) -> list[Point]:
    """Return two routes joined by a straight line, which passes behind a label."""
    (x, y), (end_x, end_y) = first[-1], second[0]
    thirds = [(x + (end_x - x) * part / 3, y + (end_y - y) * part / 3) for part in (1, 2)]
    return [*first, *thirds, *second]
