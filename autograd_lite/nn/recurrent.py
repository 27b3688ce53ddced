"""RNN: a layer that reads a sequence and remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.functions import dot, tanh
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, check_size, generator_of, inputs_of, vectors_of, weights_drawer

__all__ = ["RNN"]


class RNN(Module):
    """A layer whose inputs are the vector of this moment and its own outputs of the last one.

    Formula:
        `h_t = tanh(W x_t + U h_{t-1} + b),  h_0 = 0`

    Args:
        nin: how many numbers each vector of the sequence has.
        nhidden: how many hidden units there are.
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.
            Weights are uniform with variance 2 / (nin + 2 nhidden), as "xavier" has it for
            nin + nhidden inputs and nhidden outputs; biases start at 0.

    Returns:
        When called with a sequence of T vectors of nin inputs, and h, the nhidden units'
        state before it (None for 0): the list of the T hidden states, nhidden Values each.

    Raises:
        ValueError: if a size is less than 1; when called, if the sequence is empty, or a
            vector or h has the wrong length.

    Example:
        >>> rnn = RNN(2, 3, seed=0)
        >>> states = rnn([[1.0, 0.0], [0.0, 1.0]])
        >>> len(states), len(states[0]), len(rnn.parameters())
        (2, 3, 18)

    Source: lectures B13; Elman, Finding Structure in Time (1990).
    """

    def __init__(self, nin: int, nhidden: int, *, seed: Seed = None) -> None:
        check_size("nin", nin)
        check_size("nhidden", nhidden)
        draw = weights_drawer("xavier", nin + nhidden, nhidden, generator_of(seed))
        self.W = [[Value(draw()) for _ in range(nin)] for _ in range(nhidden)]
        self.U = [[Value(draw()) for _ in range(nhidden)] for _ in range(nhidden)]
        self.b = [Value(0.0) for _ in range(nhidden)]

    def __call__(self, sequence: Sequence[Any], h: Any = None) -> list[list[Any]]:
        vectors, nhidden = vectors_of(sequence, len(self.W[0])), len(self.U)
        h = [0.0] * nhidden if h is None else inputs_of(h, nhidden)
        states = []
        for x in vectors:
            h = [tanh(dot([*w, *u], [*x, *h], b)) for w, u, b in zip(self.W, self.U, self.b)]
            states.append(h)
        return states

    def __repr__(self) -> str:
        return f"RNN({len(self.W[0])}, {len(self.U)})"
