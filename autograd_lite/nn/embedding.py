"""Embedding: a vector of numbers to learn for each of a few things, or of their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.core.coercion import position_of
from autograd_lite.engine import Value
from autograd_lite.functions import pick
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, check_size, generator_of, vectors_of, weights_drawer

__all__ = ["Embedding", "PositionalEmbedding"]


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
        With a list of T indices: the T rows.

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

    def __call__(self, index: Any) -> list[Any]:
        if isinstance(index, Value) or not (
            isinstance(index, (list, tuple)) or getattr(index, "shape", None)
        ):
            return self.row(index)  # a compiled program's index is not known: nothing is asked of it
        return [self.row(each) for each in index]

    def row(self, index: Any) -> list[Any]:
        """Return the vector of one index."""
        count = len(self.table)
        try:
            position = position_of(index)
        except TypeError:
            raise TypeError(f"an index is a whole number from 0 to {count - 1}, got {index!r}") from None
        if not 0 <= position < count:
            raise IndexError(f"an index is a whole number from 0 to {count - 1}, got {position}")
        is_given = isinstance(index, Value)
        if is_given:  # a compiled program's: the row is chosen when it runs
            return [pick(column, index) for column in zip(*self.table)]
        return list(self.table[position])

    def __repr__(self) -> str:
        return f"Embedding({len(self.table)}, {len(self.table[0])})"


class PositionalEmbedding(Module):
    """A vector to learn for each place of a sequence, added to what stands there.

    Formula:
        `y_t = x_t + table[t]`

    Args:
        length: how many places there are at most.
        width: how many numbers a vector has.
        seed: a number or a ``random.Random`` to draw the table from, uniformly in (-1, 1);
            None for the ``random`` module.

    Returns:
        When called with a sequence of T vectors of width inputs: a list of T lists of width Values.

    Raises:
        ValueError: if length or width is less than 1; when called, if the sequence is empty
            or longer than length, or a vector has the wrong length.

    Example:
        >>> places = PositionalEmbedding(8, 3, seed=0)
        >>> y = places([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
        >>> y[1][2].data == 1.0 + places.table[1][2].data
        True

    Source: lectures B14; Gehring et al., Convolutional Sequence to Sequence Learning (2017).
    """

    def __init__(self, length: int, width: int, *, seed: Seed = None) -> None:
        check_size("length", length)
        check_size("width", width)
        draw = weights_drawer("uniform", length, width, generator_of(seed))
        self.table = [[Value(draw()) for _ in range(width)] for _ in range(length)]

    def __call__(self, sequence: Sequence[Any]) -> list[list[Any]]:
        vectors = vectors_of(sequence, len(self.table[0]))
        if len(vectors) > len(self.table):
            raise ValueError(
                f"there are {len(self.table)} places, and the sequence has {len(vectors)} vectors"
            )
        return [[one + other for one, other in zip(x, row)] for x, row in zip(vectors, self.table)]

    def __repr__(self) -> str:
        return f"PositionalEmbedding({len(self.table)}, {len(self.table[0])})"
