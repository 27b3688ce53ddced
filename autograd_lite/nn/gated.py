"""LSTM and GRU: recurrent layers whose gates decide what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.functions import dot, sigmoid, tanh
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, check_size, generator_of, inputs_of, vectors_of, weights_drawer

__all__ = ["GRU", "LSTM"]


class _Gated(Module):
    """The weights of some gates, and how a sequence is gone through."""

    gates: int

    def __init__(self, nin: int, nhidden: int, *, seed: Seed = None) -> None:
        check_size("nin", nin)
        check_size("nhidden", nhidden)
        draw = weights_drawer("xavier", nin + nhidden, nhidden, generator_of(seed))
        rows = range(self.gates * nhidden)
        self.W = [[Value(draw()) for _ in range(nin)] for _ in rows]
        self.U = [[Value(draw()) for _ in range(nhidden)] for _ in rows]
        self.b = [Value(0.0) for _ in rows]

    def begun(self, h: Any) -> list[Any]:
        """Return a state to begin with: zeros, or what the caller gives."""
        nhidden = len(self.U[0])
        return [0.0] * nhidden if h is None else inputs_of(h, nhidden)

    def parts(self, numbers: list[Any]) -> list[list[Any]]:
        """Cut numbers into those of each gate."""
        size = len(self.U[0])
        return [numbers[start : start + size] for start in range(0, len(numbers), size)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.W[0])}, {len(self.U[0])})"


class LSTM(_Gated):
    """A recurrent layer with a memory cell, which gates write to, forget and read.

    Formula:
        `i, f, o = σ(W_i x_t + U_i h_{t-1} + b_i), and likewise for f and o`,
        `g = tanh(W_g x_t + U_g h_{t-1} + b_g)`,
        `c_t = f c_{t-1} + i g,  h_t = o tanh(c_t),  h_0 = c_0 = 0`

        W, U and b hold the rows of i, f, g and o, one after the other, as in PyTorch.

    Args:
        nin: how many numbers each vector of the sequence has.
        nhidden: how many hidden units, and cells, there are.
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.
            Weights are as in ``RNN``; biases start at 0, those of f at 1, so that cells
            remember at first.

    Returns:
        When called with a sequence of T vectors of nin inputs, and h and c, the nhidden units'
        and cells' state before it (None for 0): the list of the T hidden states, nhidden
        Values each. ``states`` gives the cells as well.

    Raises:
        ValueError: if a size is less than 1; when called, if the sequence is empty, or a
            vector, h or c has the wrong length.

    Example:
        >>> lstm = LSTM(2, 3, seed=0)
        >>> hidden = lstm([[1.0, 0.0], [0.0, 1.0]])
        >>> len(hidden), len(hidden[0]), len(lstm.parameters())
        (2, 3, 72)

    Source: lectures B13; Hochreiter and Schmidhuber, Long Short-Term Memory (1997); Gers et al. 2000
        for f; Jozefowicz et al. 2015 for its bias.
    """

    gates = 4

    def __init__(self, nin: int, nhidden: int, *, seed: Seed = None) -> None:
        super().__init__(nin, nhidden, seed=seed)
        for bias in self.b[nhidden : 2 * nhidden]:
            bias.data = 1.0

    def __call__(self, sequence: Sequence[Any], h: Any = None, c: Any = None) -> list[list[Any]]:
        return [hidden for hidden, _ in self.states(sequence, h, c)]

    def states(
        self, sequence: Sequence[Any], h: Any = None, c: Any = None
    ) -> list[tuple[list[Any], list[Any]]]:
        """Compute the hidden units and the cells at every moment; the last pair goes on from there.

        Args:
            sequence: T vectors of nin inputs.
            h, c: the state before it, nhidden numbers each; None for 0.

        Example:
            >>> lstm, x = LSTM(1, 1, seed=0), [[1.0], [2.0], [3.0]]
            >>> h, c = lstm.states(x[:2])[-1]
            >>> lstm(x[2:], h, c)[0][0].data == lstm(x)[2][0].data
            True
        """
        vectors, h, c = vectors_of(sequence, len(self.W[0])), self.begun(h), self.begun(c)
        states = []
        for x in vectors:
            sums = [dot([*w, *u], [*x, *h], b) for w, u, b in zip(self.W, self.U, self.b)]
            gates = zip(*self.parts(sums), c)
            c = [sigmoid(f) * cell + sigmoid(i) * tanh(g) for i, f, g, _, cell in gates]
            h = [sigmoid(o) * tanh(cell) for o, cell in zip(self.parts(sums)[3], c)]
            states.append((h, c))
        return states


class GRU(_Gated):
    """A recurrent layer whose units are kept or replaced, as a gate decides.

    Formula:
        `r, z = σ(W_r x_t + U_r h_{t-1} + b_r), and likewise for z`,
        `n = tanh(W_n x_t + b_n + r (U_n h_{t-1} + a))`,
        `h_t = (1 - z) n + z h_{t-1},  h_0 = 0`

        W, U and b hold the rows of r, z and n, one after the other, as in PyTorch, whose second
        bias is a for n, and adds to b for r and z.

    Args:
        nin: how many numbers each vector of the sequence has.
        nhidden: how many hidden units there are.
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.
            Weights are as in ``RNN``; biases start at 0.

    Returns:
        When called with a sequence of T vectors of nin inputs, and h, the nhidden units'
        state before it (None for 0): the list of the T hidden states, nhidden Values each.

    Raises:
        ValueError: if a size is less than 1; when called, if the sequence is empty, or a
            vector or h has the wrong length.

    Example:
        >>> gru = GRU(2, 3, seed=0)
        >>> states = gru([[1.0, 0.0], [0.0, 1.0]])
        >>> len(states), len(states[0]), len(gru.parameters())
        (2, 3, 57)

    Source: lectures B13; Cho et al., Learning Phrase Representations (2014).
    """

    gates = 3

    def __init__(self, nin: int, nhidden: int, *, seed: Seed = None) -> None:
        super().__init__(nin, nhidden, seed=seed)
        self.a = [Value(0.0) for _ in range(nhidden)]

    def __call__(self, sequence: Sequence[Any], h: Any = None) -> list[list[Any]]:
        vectors, h = vectors_of(sequence, len(self.W[0])), self.begun(h)
        states = []
        for x in vectors:
            h = self.step(x, h)
            states.append(h)
        return states

    def step(self, x: list[Any], h: list[Any]) -> list[Any]:
        """Compute the units' next state from one vector and their last one."""
        size = len(h)
        both = [*x, *h]
        gated = zip(self.W[: 2 * size], self.U, self.b)
        r, z = self.parts([sigmoid(dot([*w, *u], both, b)) for w, u, b in gated])
        W, b = self.W[2 * size :], self.b[2 * size :]
        new = [dot(w, x, bias) for w, bias in zip(W, b)]
        old = [dot(u, h, bias) for u, bias in zip(self.U[2 * size :], self.a)]
        n = [tanh(one + gate * other) for one, gate, other in zip(new, r, old)]
        return [(1.0 - gate) * one + gate * unit for gate, one, unit in zip(z, n, h)]
