"""A layered layout: Sugiyama's method, each phase a function.

1. ``_assign_layers``: every part gets a layer, to the right of what it depends on.
2. ``_with_bends``: an edge that passes a layer keeps room there, as a part of no width.
3. ``rows_with_few_crossings`` (in crossings.py): the order within each layer.
4. ``y_coordinates`` and ``columns_of`` (in coordinates.py): edges as straight as the order allows.
5. ``_route``: edges become curves between the columns.

Nothing is recursive, and every phase is linear but for sorting.
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter
from itertools import pairwise

from autograd_lite.drawing.layout.coordinates import columns_of, y_coordinates
from autograd_lite.drawing.layout.crossings import rows_with_few_crossings
from autograd_lite.drawing.layout.geometry import Diagram, LayeredGraph, Point, Routes, smooth_curve

__all__ = ["place_in_layers"]

MOST_BENDS = 30_000
"""Above this, the longest edges are drawn straight across everything."""


def place_in_layers(diagram: Diagram) -> tuple[list[Point], Routes]:
    """Return places for parts in layers, from left to right.

    Args:
        diagram: what is to be placed; its links make no cycle.

    Returns:
        The middle of each part, and the curve of each link.
    """
    graph = _with_bends(diagram, _assign_layers(diagram))
    rows = rows_with_few_crossings(graph.layers, graph.before, graph.after)
    heights = y_coordinates(graph, rows)
    columns = columns_of(graph, rows, heights, diagram.gap)
    middles = [sum(columns[layer]) / 2 for layer in graph.layers]
    routes = [_route(graph, chain, middles, heights, columns) for chain in graph.chains]
    return list(zip(middles[: graph.count], heights[: graph.count])), routes


# ---- 1. Layers ----------------------------------------------------------------------------


def _assign_layers(diagram: Diagram) -> list[int]:
    """Return the layer of each part: as far left as its longest path allows, then near what needs it."""
    count = len(diagram.parts)
    sources: list[list[int]] = [[] for _ in range(count)]
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in diagram.links:
        sources[target].append(source)
        targets[source].append(target)
    order = [*TopologicalSorter(dict(enumerate(sources))).static_order()]
    layers = [0] * count
    for item in order:
        layers[item] = max((layers[source] + 1 for source in sources[item]), default=0)
    for item in reversed(order):
        # Moving right shortens the links that leave, and lengthens those that enter. A
        # label is moved although it has one of each: it belongs to where it is used.
        if len(targets[item]) > len(sources[item]) or diagram.parts[item].kind == "label":
            layers[item] = max(layers[item], min(layers[target] for target in targets[item]) - 1)
    return layers


# ---- 2. Bends -----------------------------------------------------------------------------


def _with_bends(diagram: Diagram, layers: list[int]) -> LayeredGraph:
    """Return the parts in their layers, with a bend (a dummy node) in every layer that a link passes."""
    spans = [layers[target] - layers[source] for source, target in diagram.links]
    straight = _too_long(spans)
    sizes = [(part.width, part.height) for part in diagram.parts]
    ops = {index for index, part in enumerate(diagram.parts) if part.kind == "op"}
    graph = LayeredGraph(sizes, layers, [[] for _ in sizes], [[] for _ in sizes], [], len(sizes), ops)
    for index, (source, target) in enumerate(diagram.links):
        chain = [source]
        if index not in straight:
            for layer in range(layers[source] + 1, layers[target]):
                chain.append(_add_bend(graph, layer))
        chain.append(target)
        graph.chains.append(chain)
        if index not in straight:
            for left, right in pairwise(chain):
                graph.after[left].append(right)
                graph.before[right].append(left)
    return graph


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


# ---- 5. Curves ----------------------------------------------------------------------------


def _route(
    graph: LayeredGraph,
    chain: list[int],
    middles: list[float],
    heights: list[float],
    columns: list[tuple[float, float]],
) -> list[Point]:
    """Return the curve of a link: level where it passes a column, a smooth curve in each gap."""
    source, target = chain[0], chain[-1]
    stops = [(middles[source] + graph.sizes[source][0] / 2, heights[source])]
    for left, right in pairwise(chain):
        stops.append((columns[graph.layers[left]][1], heights[left]))
        stops.append((columns[graph.layers[right]][0], heights[right]))
    stops.append((middles[target] - graph.sizes[target][0] / 2, heights[target]))
    if len(chain) == 2:
        return smooth_curve(stops)
    # A piece ends at the next column, however level it goes on: ports are sorted by heights there.
    first, passing, last = (smooth_curve(part) for part in (stops[:3], stops[2:-2], stops[-3:]))
    return [*first, *passing[1:], *last[1:]]
