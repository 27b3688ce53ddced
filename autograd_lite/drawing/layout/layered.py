"""A layered layout: Sugiyama's method, each phase a function.

1. ``assign_layers`` (in layers.py): every part gets a layer, to the right of what it depends on.
2. ``_with_bends``: an edge that passes a layer keeps room there, as a part of no width. Where a
   band ends (bands.py) there are two layers of nothing else, at its end and at the next one's beginning.
3. ``rows_with_few_crossings`` (in crossings.py): the order within each layer.
4. ``y_coordinates`` and ``columns_of`` (in coordinates.py): edges as straight as the order allows.
5. ``_stack``: the bands get places below one another.
6. ``_route``: edges become curves between the columns.

Nothing is recursive, and every phase is linear but for sorting.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from autograd_lite.drawing.layout.bands import TRACK, TURN, Profile, cuts_of, open_bands, profile_of, turn
from autograd_lite.drawing.layout.coordinates import (
    APART,
    APART_FROM_BEND,
    columns_of,
    loose_items,
    y_coordinates,
)
from autograd_lite.drawing.layout.crossings import Rows, rows_with_few_crossings
from autograd_lite.drawing.layout.geometry import Diagram, LayeredGraph, Point, Routes, smooth_curve
from autograd_lite.drawing.layout.layers import assign_layers

__all__ = ["layer_profile", "place_in_layers"]

MOST_BENDS = 30_000
"""Above this, the longest edges are drawn straight across everything."""


def place_in_layers(
    diagram: Diagram, bands: int = 1, columns: int = 1
) -> tuple[list[Point], Routes, list[bool]]:
    """Return places for parts in layers, from left to right.

    Args:
        diagram: what is to be placed; its links make no cycle.
        bands: how many rows of layers there are, one below the other.
        columns: over how many columns the leaves of a high layer are spread.

    Returns:
        The middle of each part, the curve of each link, and for each link whether it is long:
        such links begin as one if they come from the same part.
    """
    layers = assign_layers(diagram, columns)
    opened, entries = open_bands(diagram, layers, cuts_of(_profile(diagram, layers), bands))
    graph = _with_bends(diagram, opened)
    rows = rows_with_few_crossings(graph.layers, graph.before, graph.after)
    loose = loose_items(graph, rows)
    for entry in entries:
        _part_bands(graph, rows, entry)
    heights = y_coordinates(graph, rows, loose)
    sides, channels = _stack(graph, rows, heights, entries, diagram.gap)
    places = [(sum(sides[layer]) / 2, height) for layer, height in zip(graph.layers, heights)]
    turns = _turns(graph, rows, places, entries, channels)
    routes = [_route(graph, chain, places, sides, turns) for chain in graph.chains]
    return places[: graph.count], routes, [len(chain) > 2 for chain in graph.chains]


def layer_profile(diagram: Diagram, columns: int = 1) -> Profile:
    """Return how much room each layer of a diagram takes."""
    return _profile(diagram, assign_layers(diagram, columns))


def _profile(diagram: Diagram, layers: Sequence[int]) -> Profile:
    return profile_of(diagram, layers, APART, APART_FROM_BEND)


# ---- 2. Bends -----------------------------------------------------------------------------


def _with_bends(diagram: Diagram, layers: list[int]) -> LayeredGraph:
    """Return the parts in their layers, with a bend (a dummy node) in every layer that a link passes.

    Links from the same part share their bends, as far as they go the same way.
    """
    straight = _too_long([layers[target] - layers[source] for source, target in diagram.links])
    sizes = [(part.width, part.height) for part in diagram.parts]
    ops = {index for index, part in enumerate(diagram.parts) if part.kind == "op"}
    graph = LayeredGraph(sizes, layers, [[] for _ in sizes], [[] for _ in sizes], [], len(sizes), ops)
    bends: dict[tuple[int, int], int] = {}
    for index, (source, target) in enumerate(diagram.links):
        graph.chains.append([source, target])
        if index in straight:
            continue
        chain = [source]
        for layer in range(layers[source] + 1, layers[target]):
            if (source, layer) not in bends:
                bends[source, layer] = _add_bend(graph, layer)
                _link(graph, chain[-1], bends[source, layer])
            chain.append(bends[source, layer])
        _link(graph, chain[-1], target)
        graph.chains[-1] = [*chain, target]
    return graph


def _link(graph: LayeredGraph, left: int, right: int) -> None:
    graph.after[left].append(right)
    graph.before[right].append(left)


def _add_bend(graph: LayeredGraph, layer: int) -> int:
    graph.sizes.append((0.0, 0.0))
    graph.layers.append(layer)
    graph.before.append([])
    graph.after.append([])
    return len(graph.sizes) - 1


def _too_long(spans: Sequence[int]) -> set[int]:
    """Return the longest links, if all together pass too many layers to keep room in each."""
    bends = sum(spans) - len(spans)
    longest: set[int] = set()
    for index in sorted(range(len(spans)), key=spans.__getitem__, reverse=True):
        if bends <= MOST_BENDS:
            break
        bends -= spans[index] - 1
        longest.add(index)
    return longest


# ---- 5. Bands -----------------------------------------------------------------------------


def _part_bands(graph: LayeredGraph, rows: Rows, entry: int) -> None:
    """Forget what links two bands, so that the heights in one say nothing about those in the other."""
    for item in rows[entry - 1]:
        graph.after[item].clear()
    for item in rows[entry]:
        graph.before[item].clear()


def _stack(
    graph: LayeredGraph, rows: Rows, heights: list[float], entries: list[int], gap: float
) -> tuple[list[tuple[float, float]], list[float]]:
    """Move each band below the one before it; return all columns, and where the room below each begins."""
    columns: list[tuple[float, float]] = []
    channels: list[float] = []
    top = 0.0
    for first, end in pairwise([0, *entries, len(rows)]):
        band = rows[first:end]
        items = [item for row in band for item in row]
        highest = min((heights[item] - graph.sizes[item][1] / 2 for item in items), default=0.0)
        lowest = max((heights[item] + graph.sizes[item][1] / 2 for item in items), default=0.0)
        for item in items:
            heights[item] += top - highest
        columns += columns_of(graph, band, heights, gap)
        channels.append(top + lowest - highest + TURN)
        top = channels[-1] + TRACK * (len(band[-1]) - 1) + TURN if band else top
    return columns, channels


def _turns(
    graph: LayeredGraph, rows: Rows, places: list[Point], entries: list[int], channels: list[float]
) -> dict[int, list[Point]]:
    """Return the curve from each bend at the end of a band to the one at the beginning of the next."""
    ranks = {item: rank for row in rows for rank, item in enumerate(row)}
    below = dict(zip(entries, channels))
    turns: dict[int, list[Point]] = {}
    for chain in graph.chains:
        for left, right in pairwise(chain):
            entry = graph.layers[right]
            if entry in below and left not in turns:
                last = len(rows[entry - 1]) - 1
                ends = places[left], places[right]
                turns[left] = turn(*ends, ranks[left], last, ranks[right], below[entry])
    return turns


# ---- 6. Curves ----------------------------------------------------------------------------


def _route(
    graph: LayeredGraph,
    chain: list[int],
    places: list[Point],
    columns: list[tuple[float, float]],
    turns: dict[int, list[Point]],
) -> list[Point]:
    """Return the curve of a link: within each band that it passes, and from one to the next."""
    route: list[Point] = []
    first = 0
    for number, item in enumerate(chain, 1):
        if item in turns or number == len(chain):
            way = _way(graph, chain[first:number], places, columns)
            route += way[1:] if route else way
            route += turns.get(item, [])[1:]
            first = number
    return route


def _way(
    graph: LayeredGraph, chain: list[int], places: list[Point], columns: list[tuple[float, float]]
) -> list[Point]:
    """Return a curve within a band: level where it passes a column, smooth in each gap."""
    source, target = chain[0], chain[-1]
    heights = [places[item][1] for item in chain]
    stops = [(places[source][0] + graph.sizes[source][0] / 2, heights[0])]
    for (left, height), (right, next_height) in pairwise(zip(chain, heights)):
        stops.append((columns[graph.layers[left]][1], height))
        stops.append((columns[graph.layers[right]][0], next_height))
    stops.append((places[target][0] - graph.sizes[target][0] / 2, heights[-1]))
    if len(chain) == 2:
        return smooth_curve(stops)
    # A piece ends at the next column, however level it goes on: ports are sorted by heights there.
    first, passing, last = (smooth_curve(part) for part in (stops[:3], stops[2:-2], stops[-3:]))
    return [*first, *passing[1:], *last[1:]]
