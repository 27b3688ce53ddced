"""Coordinates of a layered drawing: edges as straight as the order in each layer allows."""

from __future__ import annotations

import math
from itertools import pairwise

from autograd_lite.drawing.layout.crossings import Rows
from autograd_lite.drawing.layout.geometry import LayeredGraph

__all__ = ["APART", "APART_FROM_BEND", "columns_of", "loose_items", "y_coordinates"]

APART = 16.0
"""Pixels between two parts of a column."""

APART_FROM_BEND = 9.0
ROUNDS = 12
TAUT = 8.0
"""How much more it matters that other links are level than those into an operation."""

SLACK = 1e-4
"""How much it matters that the link from a leaf into an operation is level."""

WIDER = 1.6
"""How much wider a gap between two columns may become, in parts of the least."""

STEEPNESS = 0.14
"""Pixels that a gap widens for each pixel that an edge climbs in it."""


def y_coordinates(graph: LayeredGraph, rows: Rows, loose: set[int]) -> list[float]:
    """Compute the height of every item's middle.

    In turn, each layer comes as near to its neighbours as it can.

    Args:
        graph: parts and bends in their layers.
        rows: the order in each layer, from top to bottom.
        loose: what makes room for the rest.
    """
    distances = [[_distance(graph, above, below) for above, below in pairwise(row)] for row in rows]
    heights = [0.0] * len(graph.sizes)
    for row, steps in zip(rows, distances):
        _settle(heights, row, steps, [0.0] * len(row), [1.0] * len(row))
    layers = list(zip(rows, distances))
    for number in range(ROUNDS):
        is_last = number >= ROUNDS - 4
        for row, steps in layers if number % 2 == 0 else reversed(layers):
            sides = (True, True) if is_last else (number % 2 == 0, number % 2 == 1)
            wishes = [_wish(graph, item, sides, heights, loose) for item in row]
            _settle(heights, row, steps, [wish for wish, _ in wishes], [weight for _, weight in wishes])
    _straighten(graph, rows, distances, heights)
    return heights


def columns_of(
    graph: LayeredGraph, rows: Rows, heights: list[float], gap: float
) -> list[tuple[float, float]]:
    """Compute the left and right of each layer; steep edges between two widen their gap."""
    columns: list[tuple[float, float]] = []
    left = 0.0
    for row in rows:
        right = left + max((graph.sizes[item][0] for item in row), default=0.0)
        columns.append((left, right))
        climbs = [abs(heights[item] - heights[other]) for item in row for other in graph.after[item]]
        left = right + gap + min(STEEPNESS * max(climbs, default=0.0), WIDER * gap)
    return columns


def _straighten(graph: LayeredGraph, rows: Rows, distances: list[list[float]], heights: list[float]) -> None:
    """Level each run of single links, from box to label to bends, as far as there is room."""
    place = {item: index for row in rows for index, item in enumerate(row)}
    for run in sorted(_runs(graph), key=len, reverse=True):
        level: list[int] = []
        lowest, highest = -math.inf, math.inf
        for item in run:
            low, high = _room(rows[graph.layers[item]], distances[graph.layers[item]], place[item], heights)
            if max(low, lowest) > min(high, highest) + 1e-6:
                _level(level, lowest, highest, heights)
                level, lowest, highest = [], -math.inf, math.inf
            level.append(item)
            lowest, highest = max(low, lowest), min(high, highest)
        _level(level, lowest, highest, heights)


def _room(row: list[int], steps: list[float], index: int, heights: list[float]) -> tuple[float, float]:
    """Return the least and the greatest height that an item's neighbours in its column allow."""
    low = heights[row[index - 1]] + steps[index - 1] if index > 0 else -math.inf
    high = heights[row[index + 1]] - steps[index] if index + 1 < len(row) else math.inf
    return low, high


def _level(items: list[int], low: float, high: float, heights: list[float]) -> None:
    """Set items to one height between two bounds, as near as possible to their mean."""
    mean = sum(heights[item] for item in items) / len(items)
    for item in items:
        heights[item] = min(max(mean, low), high)


def _runs(graph: LayeredGraph) -> list[list[int]]:
    """Return the longest rows of items that nothing else joins or leaves."""
    followed = {
        item: others[0]
        for item, others in enumerate(graph.after)
        if len(others) == 1 and len(graph.before[others[0]]) == 1
    }
    followers = set(followed.values())
    runs = []
    for item in followed:
        if item not in followers:
            run = [item]
            while run[-1] in followed:
                run.append(followed[run[-1]])
            runs.append(run)
    return runs


def _distance(graph: LayeredGraph, above: int, below: int) -> float:
    """Return the least distance between the middles of two neighbours in a column."""
    room = APART if max(above, below) < graph.count else APART_FROM_BEND
    return (graph.sizes[above][1] + graph.sizes[below][1]) / 2 + room


def loose_items(graph: LayeredGraph, rows: Rows) -> set[int]:
    """Return leaves, and what leads from them to an operation: labels and bends."""
    loose: set[int] = set()
    for row in rows:
        for item in row:
            if item not in graph.ops and loose.issuperset(graph.before[item]):
                loose.add(item)
    return loose


def _wish(
    graph: LayeredGraph, item: int, sides: tuple[bool, bool], heights: list[float], loose: set[int]
) -> tuple[float, float]:
    """Return the mean height of an item's neighbours on some sides, and how much it matters.

    A link into an operation may bend, for there several come together. What comes from a
    leaf makes room for what was computed, or a long sum would run downhill.
    """
    total, weight = 0.0, 0.0
    for others, is_wanted, is_before in (
        (graph.before[item], sides[0], True),
        (graph.after[item], sides[1], False),
    ):
        for other in others if is_wanted else ():
            left, right = (other, item) if is_before else (item, other)
            pull = TAUT if right not in graph.ops else SLACK if left in loose else 1.0
            total += pull * heights[other]
            weight += pull
    if not weight:
        return heights[item], SLACK * SLACK
    return total / weight, weight * (SLACK if item in loose else 1.0)


def _settle(
    heights: list[float],
    row: list[int],
    steps: list[float],
    wishes: list[float],
    weights: list[float],
) -> None:
    """Set a row's heights as near to what they wish as the steps between them allow.

    This minimises Σ weight · (height - wish)², the heights at least a step apart. Less
    those steps, heights must only not decrease: isotonic regression, which pooling
    neighbours that would be out of order solves exactly and in linear time.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, number of items
    offset = 0.0
    for wish, weight, step in zip(wishes, weights, [0.0, *steps]):
        offset += step
        mean, number = wish - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, other_number = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight += other_weight
            number += other_number
        pools.append((mean, weight, number))
    offset = 0.0
    means = (mean for mean, _, number in pools for _ in range(number))
    for item, mean, step in zip(row, means, [0.0, *steps]):
        offset += step
        heights[item] = mean + offset
