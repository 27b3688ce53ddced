"""Embedding: a vector of numbers to learn for each of a few things."""

from __future__ import annotations

from autograd_lite.core.coercion import position_of
from autograd_lite.engine import Value
from autograd_lite.functions import pick
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, check_size, generator_of, weights_drawer

__all__ = ["Embedding"]


class Embedding(Module):
    """A table with a vector for each word, or whatever else is counted.

    Formula:
        `φ(k) = table[k]`

    Args:
        count: how many words there are.
        width: how many numbers stand for each of them.
        seed: a number or a ``random.Random`` to draw the table from, uniformly in (-1, 1);
            None for the ``random`` module.

    Returns:
        When called with an index from 0 to count - 1: that row of the table, a list of
        width Values, the very ones that are trained. To tie weights, use a row in two places.

    Raises:
        ValueError: if count or width is less than 1.
        IndexError: when called, if the index is not in range.
        TypeError: when called, if the index is not a whole number.

    Example:
        >>> embedding = Embedding(5, 3, seed=0)
        >>> len(embedding(4)), embedding(4)[0] is embedding.table[4][0]
        (3, True)

    Source: lectures B5.
    """

    def __init__(self, count: int, width: int, *, seed: Seed = None) -> None:
        check_size("count", count)
        check_size("width", width)
        draw = weights_drawer("uniform", count, width, generator_of(seed))
        self.table = [[Value(draw()) for _ in range(width)] for _ in range(count)]

    def __call__(self, index: int) -> list[Value]:
        count = len(self.table)
        try:
            position = position_of(index)
        except TypeError:
            raise TypeError(f"an index is a whole number from 0 to {count - 1}, got {index!r}") from None
        if not 0 <= position < count:
            raise IndexError(f"an index is a whole number from 0 to {count - 1}, got {position}")
        if isinstance(index, Value):  # a compiled program's: the row is chosen when it runs
            return [pick(column, index) for column in zip(*self.table)]
        return list(self.table[position])

    def __repr__(self) -> str:
        return f"Embedding({len(self.table)}, {len(self.table[0])})"
