"""A layered layout: Sugiyama's method, each phase a function.

1. ``_assign_layers``: every part gets a layer, to the right of what it depends on.
2. ``_with_bends``: an edge that passes a layer keeps room there, as a part of no width.
3. ``rows_with_few_crossings`` (in crossings.py): the order within each layer.
4. ``heights_of`` (in heights.py): heights, so that edges are as straight as the order allows.
5. ``_columns`` and ``_route``: layers become columns, edges become curves between them.

Nothing is recursive, and every phase is linear but for sorting.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from autograd_lite.drawing.curves import through
from autograd_lite.drawing.layout.coordinates import heights_of
from autograd_lite.drawing.layout.crossings import Rows, rows_with_few_crossings
from autograd_lite.drawing.layout.geometry import Net, Parts, Point, Routes

__all__ = ["layered"]

WIDER = 1.6
"""How much wider a gap between two columns may become, in parts of the least."""

STEEPNESS = 0.14
"""Pixels that a gap widens for each pixel that an edge climbs in it."""

MOST_BENDS = 30_000
"""Above this, the longest edges are drawn straight across everything."""


def layered(parts: Parts) -> tuple[list[Point], Routes]:
    """Place parts in layers, from left to right.

    Args:
        parts: what is to be placed; its links make no cycle.

    Returns:
        The middle of each part, and the curve of each link.
    """
    net = _with_bends(parts, _assign_layers(parts))
    rows = rows_with_few_crossings(net.layers, net.before, net.after)
    heights = heights_of(net, rows)
    columns = _columns(net, rows, heights, parts.gap)
    middles = [sum(columns[layer]) / 2 for layer in net.layers]
    routes = [_route(net, chain, middles, heights, columns) for chain in net.chains]
    return list(zip(middles[: net.count], heights[: net.count])), routes


# ---- 1. Layers ----------------------------------------------------------------------------


def _assign_layers(parts: Parts) -> list[int]:
    """Put each part as far left as its longest path allows, then near what needs it."""
    count = len(parts.parts)
    sources: list[list[int]] = [[] for _ in range(count)]
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in parts.links:
        sources[target].append(source)
        targets[source].append(target)
    order = _topological(sources, targets)
    layers = [0] * count
    for item in order:
        layers[item] = max((layers[source] + 1 for source in sources[item]), default=0)
    for item in reversed(order):
        # Moving right shortens the links that leave, and lengthens those that enter. A
        # label is moved although it has one of each: it belongs to where it is used.
        if len(targets[item]) > len(sources[item]) or parts.parts[item].kind == "label":
            layers[item] = max(layers[item], min(layers[target] for target in targets[item]) - 1)
    return layers


def _topological(sources: list[list[int]], targets: list[list[int]]) -> list[int]:
    """Order parts so that each follows its sources."""
    missing = [len(each) for each in sources]
    order = [item for item, number in enumerate(missing) if not number]
    for item in order:  # it grows meanwhile
        for target in targets[item]:
            missing[target] -= 1
            if not missing[target]:
                order.append(target)
    return order


# ---- 2. Bends -----------------------------------------------------------------------------


def _with_bends(parts: Parts, layers: list[int]) -> Net:
    """Put a bend in every layer that a link passes."""
    spans = [layers[target] - layers[source] for source, target in parts.links]
    straight = _too_long(spans)
    sizes = [(part.width, part.height) for part in parts.parts]
    ops = {index for index, part in enumerate(parts.parts) if part.kind == "op"}
    net = Net(sizes, layers, [[] for _ in sizes], [[] for _ in sizes], [], len(sizes), ops)
    for index, (source, target) in enumerate(parts.links):
        chain = [source]
        if index not in straight:
            for layer in range(layers[source] + 1, layers[target]):
                chain.append(_add_bend(net, layer))
        chain.append(target)
        net.chains.append(chain)
        if index not in straight:
            for left, right in pairwise(chain):
                net.after[left].append(right)
                net.before[right].append(left)
    return net


def _add_bend(net: Net, layer: int) -> int:
    net.sizes.append((0.0, 0.0))
    net.layers.append(layer)
    net.before.append([])
    net.after.append([])
    return len(net.sizes) - 1


def _too_long(spans: Sequence[int]) -> set[int]:
    """Find the longest links, if all together pass too many layers to keep room in each."""
    bends = sum(spans) - len(spans)
    longest: set[int] = set()
    for index in sorted(range(len(spans)), key=spans.__getitem__, reverse=True):
        if bends <= MOST_BENDS:
            break
        bends -= spans[index] - 1
        longest.add(index)
    return longest


# ---- 5. Columns and curves ----------------------------------------------------------------


def _columns(net: Net, rows: Rows, heights: list[float], gap: float) -> list[tuple[float, float]]:
    """Give the left and right of each layer; steep edges between two widen their gap."""
    columns: list[tuple[float, float]] = []
    left = 0.0
    for row in rows:
        right = left + max(net.sizes[item][0] for item in row)
        columns.append((left, right))
        climbs = [abs(heights[item] - heights[other]) for item in row for other in net.after[item]]
        left = right + gap + min(STEEPNESS * max(climbs, default=0.0), WIDER * gap)
    return columns


def _route(
    net: Net,
    chain: list[int],
    middles: list[float],
    heights: list[float],
    columns: list[tuple[float, float]],
) -> list[Point]:
    """Draw a link: level where it passes a column, a smooth curve in each gap."""
    source, target = chain[0], chain[-1]
    stops = [(middles[source] + net.sizes[source][0] / 2, heights[source])]
    for left, right in pairwise(chain):
        stops.append((columns[net.layers[left]][1], heights[left]))
        stops.append((columns[net.layers[right]][0], heights[right]))
    stops.append((middles[target] - net.sizes[target][0] / 2, heights[target]))
    return through(stops)
