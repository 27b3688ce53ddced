"""Finding the matrices in a group of sums of products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Block", "find_blocks"]

MOST_WASTE = 4
"""How many times the wanted products a matrix product may compute."""


@dataclass(frozen=True)
class Block:
    """Sums that one matrix product computes, or several of equal size.

    Attributes:
        left: the distinct rows of left factors: (blocks, A, terms).
        right: the distinct rows of right factors: (blocks, B, terms).
        members: which sums of the group these are.
        cells: for each of them its flat position in the result, (blocks, B, A).
    """

    left: Any
    right: Any
    members: Any
    cells: Any


def find_blocks(left: Any, right: Any, key: Callable[[Any], Any]) -> list[Block]:
    """Arrange sums of products as matrix products.

    The factors of a sum are a row of ``left`` and one of ``right``. Where every distinct left
    row meets every distinct right row, all sums together are a matrix product. The
    order of the terms in a row is free: as they are, sorted by the left, and by the right
    factors are tried.

    Args:
        left: factors, an array (sums, terms) of numbers on the tape.
        right: the same.
        key: gives a number to sort factors by.

    Returns:
        Blocks; each sum stands in one of them.
    """
    import numpy

    best = _blocks(left, right, key)
    for by, other in ((left, right), (right, left)):
        if len(best) == 1 and best[0].cells.size == best[0].left.shape[1] * best[0].right.shape[1]:
            break
        order = numpy.lexsort((key(other), key(by)), axis=1)
        arranged = [numpy.take_along_axis(side, order, 1) for side in (left, right)]
        best = min(best, _blocks(arranged[0], arranged[1], key), key=_cost)
    return best


def _cost(blocks: list[Block]) -> int:
    """Count the rows that have to be put together."""
    return sum(block.left.shape[0] * (block.left.shape[1] + block.right.shape[1]) for block in blocks)


def _blocks(left: Any, right: Any, key: Callable[[Any], Any]) -> list[Block]:
    """Split sums into components: left rows and right rows that meet, directly or not."""
    import numpy

    left_rows, of_left = distinct_rows(left, key)
    right_rows, of_right = distinct_rows(right, key)
    count, wide, high = len(left), len(left_rows), len(right_rows)
    whole = [Block(left_rows[None], right_rows[None], numpy.arange(count), of_right * wide + of_left)]
    if wide * high == count:
        return whole
    left_component = _components(of_left, of_right, wide, high)
    component = left_component[of_left]
    right_component = numpy.empty(high, numpy.int64)
    right_component[of_right] = component
    widths, heights = numpy.bincount(left_component), numpy.bincount(right_component)
    sizes = numpy.bincount(component)
    are_equal = len(sizes) > 1 and len({*zip(widths.tolist(), heights.tolist())}) == 1
    if wide * high <= MOST_WASTE * count and not are_equal:
        return whole
    dense = widths * heights <= MOST_WASTE * sizes
    blocks = []
    for width, height in sorted({*zip(widths[dense].tolist(), heights[dense].tolist())}):
        chosen = numpy.flatnonzero(dense & (widths == width) & (heights == height))
        number = numpy.full(len(sizes), -1)
        number[chosen] = numpy.arange(len(chosen))
        members = numpy.flatnonzero(number[component] >= 0)
        rank_left, rows_left = _ranked(number[left_component], left_rows, len(chosen), width)
        rank_right, rows_right = _ranked(number[right_component], right_rows, len(chosen), height)
        cells = (number[component[members]] * height + rank_right[of_right[members]]) * width + rank_left[
            of_left[members]
        ]
        blocks.append(Block(rows_left, rows_right, members, cells))
    rest = numpy.flatnonzero(~dense[component])
    if len(rest):
        blocks.append(Block(left[rest][:, None], right[rest][:, None], rest, numpy.arange(len(rest))))
    return blocks


def _ranked(number: Any, rows: Any, blocks: int, size: int) -> tuple[Any, Any]:
    """Return the rank of each row within its block, and the rows as (blocks, size, terms)."""
    import numpy

    order = numpy.argsort(number, kind="stable")
    order = order[number[order] >= 0]
    rank = numpy.zeros(len(rows), numpy.int64)
    rank[order] = numpy.tile(numpy.arange(size), blocks)
    return rank, rows[order].reshape(blocks, size, rows.shape[1])


def _components(of_left: Any, of_right: Any, wide: int, high: int) -> Any:
    """Number the components of the graph whose edges join left rows and right rows, for each left row."""
    import numpy

    label = numpy.arange(wide)
    while True:
        of_row = numpy.full(high, wide)
        numpy.minimum.at(of_row, of_right, label[of_left])
        lower = label.copy()
        numpy.minimum.at(lower, of_left, of_row[of_right])
        lower = lower[lower]
        if (lower == label).all():
            break
        label = lower
    return numpy.unique(label, return_inverse=True)[1]


def distinct_rows(rows: Any, key: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Return the distinct rows, sorted by the key of their first element, and which of them each row is.

    Rows are compared by a hash, and the result is verified: equal hashes of different rows are
    told apart by comparing the rows themselves.
    """
    import numpy

    generator = numpy.random.default_rng(0)
    weights = generator.integers(1, 2**63, rows.shape[1], dtype=numpy.uint64) | numpy.uint64(1)
    hashes = rows.astype(numpy.uint64) @ weights
    _, first, inverse = numpy.unique(hashes, return_index=True, return_inverse=True)
    if not numpy.array_equal(rows, rows[first][inverse]):
        _, first, inverse = numpy.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = numpy.lexsort((first, key(rows[first, 0]))) if rows.shape[1] else numpy.arange(len(first))
    return rows[first[order]], numpy.argsort(order)[inverse.reshape(-1)]
