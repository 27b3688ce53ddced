"""SelfAttention: vectors that look at one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_lite.composed import softmax
from autograd_lite.core.modes import no_grad
from autograd_lite.engine import Value
from autograd_lite.functions import dot
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, check_size, generator_of, vectors_of, weights_drawer

__all__ = ["SelfAttention"]


class SelfAttention(Module):
    """Each vector of a sequence gathers what it finds at the places that match what it asks for.

    Formula:
        `q_t = Q x_t,  k_t = K x_t,  v_t = V x_t`,
        `a_t = softmax_s(q_t · k_s / √d),  y_t = O Σ_s a_t[s] v_s`

        over all places s, or if causal over s ≤ t. Each head does this with its own
        d = width / heads of the numbers in q, k and v; O joins their results. In
        cross-attention another sequence, the memory m, is looked at, over all its places:
        k_s = K m_s,  v_s = V m_s.

    Args:
        width: how many numbers a vector has.
        heads: how many heads share them, a divisor of width.
        causal: whether a place sees itself and what came before, and not what follows.
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.
            Q, K, V and O are "xavier" uniform, with variance 1 / width; there are no biases.

    Returns:
        When called with a sequence of T vectors of width inputs, and perhaps a memory, another
        sequence of such vectors that is looked at instead: a list of T lists of width Values.

    Raises:
        ValueError: if a size is less than 1 or heads does not divide width; when called, if
            the sequence or the memory is empty or a vector has the wrong length.

    Example:
        >>> attention = SelfAttention(4, heads=2, seed=0)
        >>> sequence = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
        >>> len(attention(sequence)), len(attention.parameters())
        (2, 64)
        >>> attention.weights(sequence)[0][0]
        [1.0, 0.0]

    Source: lectures B14; Vaswani et al., Attention Is All You Need (2017).
    """

    def __init__(self, width: int, *, heads: int = 1, causal: bool = True, seed: Seed = None) -> None:
        check_size("width", width)
        check_size("heads", heads)
        if width % heads:
            raise ValueError(f"heads is a divisor of width, got {heads} heads for a width of {width}")
        draw = weights_drawer("xavier", width, width, generator_of(seed))
        self.Q, self.K, self.V, self.O = (
            [[Value(draw()) for _ in range(width)] for _ in range(width)] for _ in range(4)
        )
        self.heads, self.causal = heads, causal

    def __call__(self, sequence: Sequence[Any], memory: Sequence[Any] | None = None) -> list[list[Any]]:
        vectors, known = self.both(sequence, memory)
        counts = self.seen(len(vectors), memory)
        looks = [self.look(vectors, known, counts, head) for head in range(self.heads)]
        values = [multiply(self.V, x) for x in known]
        columns = [list(column) for column in zip(*values)]
        size = len(columns) // self.heads
        outputs = []
        for t, count in enumerate(counts or [len(known)] * len(vectors)):
            gathered = [dot(looks[i // size][t], column[:count]) for i, column in enumerate(columns)]
            outputs.append(multiply(self.O, gathered))
        return outputs

    def weights(
        self, sequence: Sequence[Any], memory: Sequence[Any] | None = None
    ) -> list[list[list[float]]]:
        """Compute how much each place looks at each other one, as plain numbers, to be drawn.

        Args:
            sequence: T vectors of width inputs.
            memory: what is looked at, if not the sequence itself.

        Returns:
            a[head][t][s], T rows of as many numbers as there are places to look at, for each
            head; a row's sum is 1.
        """
        vectors, known = self.both(sequence, memory)
        with no_grad():
            looks = [
                self.look(vectors, known, self.seen(len(vectors), memory), head) for head in range(self.heads)
            ]
        return [[[a.data for a in row] + [0.0] * (len(known) - len(row)) for row in rows] for rows in looks]

    def both(self, sequence: Any, memory: Any) -> tuple[list[list[Any]], list[list[Any]]]:
        """Check the sequence, and what its places look at."""
        vectors = vectors_of(sequence, len(self.Q))
        return vectors, vectors if memory is None else vectors_of(memory, len(self.Q))

    def look(
        self, vectors: list[list[Any]], known: list[list[Any]], counts: list[int] | None, head: int
    ) -> list[list[Any]]:
        """Compute a_t for every place t: the weights of all the places that it sees."""
        size = len(self.Q) // self.heads
        part = slice(head * size, (head + 1) * size)
        queries = [multiply(self.Q[part], x) for x in vectors]
        keys = [multiply(self.K[part], x) for x in known]
        return [
            softmax([dot(query, key) / math.sqrt(size) for key in keys[:count]])
            for query, count in zip(queries, counts or [len(keys)] * len(queries))
        ]

    def seen(self, length: int, memory: Any) -> list[int] | None:
        """Count for each place the places, from the first, that it sees; None for all of them."""
        return [t + 1 for t in range(length)] if self.causal and memory is None else None

    def __repr__(self) -> str:
        return f"SelfAttention({len(self.Q)}, heads={self.heads}, causal={self.causal})"


def multiply(matrix: list[list[Value]], x: list[Any]) -> list[Any]:
    """Multiply a vector by a matrix: a weighted sum for each row."""
    return [dot(row, x) for row in matrix]
