"""A place for everything: from our own layout or from Graphviz, in the way that is largest on a slide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd_lite.drawing.elements import Graph
from autograd_lite.drawing.layout.bands import Profile, cuts_of, expected_size
from autograd_lite.drawing.layout.geometry import Box, Diagram, Part, Point, Routes
from autograd_lite.drawing.layout.graphviz import DotError, place_with_dot
from autograd_lite.drawing.layout.layered import layer_profile, place_in_layers
from autograd_lite.drawing.layout.ports import spread_ports
from autograd_lite.drawing.typesetting import label_size, node_size

__all__ = ["DIRECTIONS", "Placement", "Way", "arrange", "check_way", "place"]

MARGIN = 18.0
"""Pixels between the drawing and its rim."""

GAP = 24.0
SMALLEST_GAP = 14.0
"""Pixels between two columns: ordinarily, and at least, for an arrow to be seen."""

READABLE = 0.75
"""The size on a slide at which the smallest text has 9 pixels."""

WIDEST = 1600.0
"""Pixels; the smallest text of a drawing as wide as that still has 9 when it is shown at 1200."""

SLIDE = (1200.0, 675.0)
"""The pixels of a slide in which a drawing should have room without becoming smaller."""

DIRECTIONS = ("LR", "TB", "auto")

MOST_FOR_DOT = 400
"""Nodes and labels up to which dot is quick enough to be asked."""

MANY = 400
"""Above so many nodes and labels, the first way is taken that is not too wide."""

MOST_TRIED = 4
"""How many ways are tried, the most promising ones first; as many again if all are too wide."""

OPTIMISM = 0.94
"""By how much the cost of a way may turn out to be less than expected."""

FEW_BANDS = 6
"""Up to so many bands, each number is considered."""


MOST_COLUMNS = 4
"""Over how many columns leaves are spread, at most."""


@dataclass(frozen=True)
class Way:
    """A way to draw a graph.

    Attributes:
        downwards: from top to bottom instead of from left to right.
        narrow: whether the labels of edges are broken into lines.
        gap: pixels between two columns, at least.
        bands: how many rows of columns there are, one below the other (or side by side).
        columns: over how many columns the leaves of a high layer are spread.
    """

    downwards: bool
    narrow: bool
    gap: float
    bands: int = 1
    columns: int = 1

    def cost(self, width: float, height: float, engine: str) -> tuple[bool, float]:
        """Return how much is against a drawing of some size: text that is small, or not as one reads.

        A drawing by dot may be too wide, for it has no bands: as a tower it is smaller still.
        """
        smaller = max(1.0, width / SLIDE[0], height / SLIDE[1])
        unusual = 1.0 + 0.15 * self.downwards + 0.05 * self.narrow + 0.1 * (self.columns - 1)
        if self.bands > 1:
            unusual += 0.16 + 0.04 * self.bands
        return engine == "built-in" and width > WIDEST, smaller * unusual


PLAINLY = Way(downwards=False, narrow=False, gap=GAP)


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

    @property
    def size_on_slide(self) -> float:
        """How large it is drawn on a slide; 1 for its own size, and never more."""
        return min(1.0, SLIDE[0] / self.width, SLIDE[1] / self.height)


def arrange(graph: Graph, engine: str = "built-in", direction: str = "auto") -> Placement:
    """Measure every text of a graph, and return a place for each.

    Of all ways to draw it, that is taken which is largest on a slide: from left to right
    or from top to bottom, with the labels of edges in one line or broken into several, in
    one piece or in bands, as a text is broken into lines. No drawing gets so wide that its
    texts would be too small on a page, if there is a way to avoid that.

    Args:
        graph: what is to be drawn.
        engine: "built-in" or "dot".
        direction: "LR" (from left to right), "TB" (from top to bottom) or "auto".

    Raises:
        ValueError: if there is no such engine or direction.
    """
    check_way(engine, direction)
    sizes = {node.key: node_size(node) for node in graph.nodes}
    long, short = ([label_size(edge, narrow) for edge in graph.edges] for narrow in (False, True))
    expected = _expected(graph, sizes, (long, short), direction, engine)
    parts = len(graph.nodes) + sum(width > 0 for width, _ in long)
    ranked = sorted(expected, key=expected.__getitem__)
    narrowest = sorted(ranked[MOST_TRIED:], key=lambda way: (way.downwards, -way.bands, way.columns))
    best: Placement | None = None
    least = (True, math.inf)
    for number, way in enumerate([*ranked[:MOST_TRIED], *narrowest[:MOST_TRIED]]):
        too_wide, about = expected[way]
        is_enough = least <= (too_wide, OPTIMISM * about) or parts > MANY or number >= MOST_TRIED
        if is_enough and not least[0]:
            break
        placement = place(graph, sizes, short if way.narrow else long, engine, way)
        if placement.engine != engine:
            return arrange(graph, placement.engine, direction)
        cost = way.cost(placement.width, placement.height, engine)
        if best is None or cost < least:
            best, least = placement, cost
    assert best is not None
    return best


def check_way(engine: str, direction: str) -> None:
    """Raise a ValueError unless there are such an engine and such a direction."""
    if engine not in ("built-in", "dot"):
        raise ValueError(f"engine is 'built-in' or 'dot', got {engine!r}")
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is 'LR', 'TB' or 'auto', got {direction!r}")


def _expected(
    graph: Graph,
    sizes: Mapping[str, tuple[float, float]],
    label_sizes: Sequence[Sequence[tuple[float, float]]],
    direction: str,
    engine: str,
) -> dict[Way, tuple[bool, float]]:
    """Return the ways to draw a graph, and what about is against each."""
    expected: dict[Way, tuple[bool, float]] = {}
    for downwards in [wanted == "TB" for wanted in ("LR", "TB") if direction in (wanted, "auto")]:
        for narrow, gap in ((False, GAP), (True, SMALLEST_GAP)):
            diagram = _diagram(graph, sizes, label_sizes[narrow], gap)
            diagram = diagram.turned() if downwards else diagram
            for columns in range(1, MOST_COLUMNS + 1) if engine == "built-in" else [1]:
                profile = layer_profile(diagram, columns)
                for bands in _numbers(profile, downwards) if engine == "built-in" else [1]:
                    way = Way(downwards, narrow, gap, bands, columns)
                    length, across = expected_size(profile, cuts_of(profile, bands))
                    width, height = (across, length) if downwards else (length, across)
                    expected[way] = way.cost(width + 2 * MARGIN, height + 2 * MARGIN, engine)
    return expected


def _numbers(profile: Profile, downwards: bool) -> list[int]:
    """Return numbers of bands that come into question: few, or such that a long drawing fits a slide."""
    length, across = sum(profile.widths), max(profile.heights, default=1.0)
    ratio = SLIDE[0] / SLIDE[1] if downwards else SLIDE[1] / SLIDE[0]
    most = length * across and math.sqrt(ratio * length / across)
    fitting = {int(most), int(most) + 1}
    if not downwards:
        fitting |= {math.ceil(share * length / WIDEST) for share in (1.0, 1.1, 1.25)}
    elif across:
        fitting.add(int(WIDEST / across))
    return sorted({*range(1, FEW_BANDS + 1), *fitting} - {0})


def place(
    graph: Graph,
    sizes: Mapping[str, tuple[float, float]],
    label_sizes: Sequence[tuple[float, float]],
    engine: str = "built-in",
    way: Way = PLAINLY,
) -> Placement:
    """Return a place for every node, edge and label.

    Graphviz, where it is asked for, is given sizes and nothing else; if it is missing, slow,
    broken or not meant for so large a graph, the built-in layout takes its place.

    Args:
        graph: what is to be drawn.
        sizes: the width and height of each node, by its key.
        label_sizes: the width and height of each edge's label; (0, 0) without one.
        engine: "built-in" or "dot".
        way: the direction, the gaps and the bands.

    Example:
        >>> from autograd_lite.drawing.graph import Edge, Graph, Node
        >>> graph = Graph("y", (Node("n0", "value", "x"), Node("n1", "op", "exp")), (Edge("n0", "n1"),))
        >>> places = place(graph, {"n0": (80, 60), "n1": (40, 30)}, [(0, 0)], "built-in")
        >>> places.boxes["n0"], places.boxes["n1"], places.labels
        ((18.0, 18.0, 80, 60), (122.0, 33.0, 40, 30), [None])
    """
    diagram = _diagram(graph, sizes, label_sizes, way.gap)
    if way.downwards:
        diagram = diagram.turned()
    centers, routes, are_long, used = _positions(diagram, engine, way)
    routes = spread_ports(diagram, centers, routes, are_long)
    if way.downwards:
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


def _positions(diagram: Diagram, engine: str, way: Way) -> tuple[list[Point], Routes, list[bool], str]:
    """Return what dot answers, if that is wanted and promises an answer; else what is found here."""
    if engine == "dot" and len(diagram.parts) <= MOST_FOR_DOT:
        try:
            centers, routes = place_with_dot(diagram)
            return centers, routes, [], "dot"
        except DotError:
            pass
    return (*place_in_layers(diagram, way.bands, way.columns), "built-in")


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
