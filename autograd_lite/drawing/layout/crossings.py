"""The order within each layer of a drawing, so that few edges cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TypeAlias

__all__ = ["Rows", "count_crossings", "rows_with_few_crossings"]

Rows: TypeAlias = list[list[int]]
"""The items of each layer, from top to bottom."""

Links: TypeAlias = list[list[int]]
"""For each item, those that it is linked to on one side."""

SWEEPS = 16
MANY = 4_000
"""Above so many items, fewer rounds have to do."""


def rows_with_few_crossings(layers: list[int], before: Links, after: Links) -> Rows:
    """Return the items of each layer, in an order in which few edges cross.

    Sweeps go forwards and backwards in turn, and sort each layer by the mean place of
    what its items are linked to in the layer just passed (the barycentre heuristic). The
    best order seen is kept; then neighbours are exchanged as long as that helps.

    Args:
        layers: the layer of each item.
        before: what each item is linked to in the layer before.
        after: what each item is linked to in the layer after.

    Example:
        >>> rows_with_few_crossings([0, 0, 1, 1], [[], [], [1], [0]], [[3], [2], [], []])
        [[1, 0], [2, 3]]
    """
    rows = _first_rows(layers, before, after)
    best, fewest = rows, count_crossings(rows, after)
    for sweep in range(SWEEPS if len(layers) <= MANY else 4):
        if not fewest:
            break
        rows = _swept(rows, before if sweep % 2 == 0 else after, forwards=sweep % 2 == 0)
        crossings = count_crossings(rows, after)
        if crossings < fewest:
            best, fewest = rows, crossings
    return _exchanged(best, before, after) if fewest and len(layers) <= MANY else best


def count_crossings(rows: Rows, after: Links) -> int:
    """Return the number of crossings of edges between all neighbouring layers."""
    place = _places(rows)
    crossings = 0
    for row in rows:
        seen: list[int] = []
        for item in row:
            ends = [place[other] for other in after[item]]
            crossings += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return crossings


def _places(rows: Rows) -> dict[int, int]:
    return {item: index for row in rows for index, item in enumerate(row)}


def _first_rows(layers: list[int], before: Links, after: Links) -> Rows:
    """Return an order back from the outputs, operands from top to bottom: a tree has no crossing then."""
    rows: Rows = [[] for _ in range(max(layers, default=-1) + 1)]
    seen: set[int] = set()
    for end in range(len(layers)):
        waiting = [] if after[end] else [end]
        while waiting:
            item = waiting.pop()
            if item not in seen:
                seen.add(item)
                rows[layers[item]].append(item)
                waiting += reversed(before[item])
    return rows


def _swept(rows: Rows, near: Links, forwards: bool) -> Rows:
    """Return each layer sorted by where its items' neighbours are; items without any stay in place."""
    place = _places(rows)
    swept = [list(row) for row in rows]
    for row in swept if forwards else reversed(swept):
        wishes = {
            item: sum(place[other] for other in near[item]) / len(near[item]) for item in row if near[item]
        }
        ordered = iter(sorted(wishes, key=wishes.__getitem__))
        row[:] = [next(ordered) if item in wishes else item for item in row]
        place.update((item, index) for index, item in enumerate(row))
    return swept


def _exchanged(rows: Rows, before: Links, after: Links) -> Rows:
    """Return rows in which neighbours were exchanged as long as that removes crossings."""
    rows = [list(row) for row in rows]
    place = _places(rows)
    for _ in range(SWEEPS):
        changed = False
        for row in rows:
            for index in range(len(row) - 1):
                upper, lower = row[index], row[index + 1]
                gain = 0
                for near in (before, after):
                    ends = [[place[other] for other in near[item]] for item in (upper, lower)]
                    gain += _inversions(*ends) - _inversions(*reversed(ends))
                if gain > 0:
                    row[index], row[index + 1] = lower, upper
                    place[upper], place[lower] = index + 1, index
                    changed = True
        if not changed:
            break
    return rows


def _inversions(first: list[int], second: list[int]) -> int:
    """Return the number of pairs in which the first one's end lies below the second one's."""
    return sum(one > other for one in first for other in second)
