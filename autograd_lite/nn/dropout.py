"""Dropout: units left out at random, so that no other relies on them."""

from __future__ import annotations

from typing import Any

from autograd_lite.core.coercion import check_number
from autograd_lite.core.modes import current_tracer
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import Seed, generator_of, inputs_of

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, each input is left out with probability p, and the others grow to make up for it.

    Formula:
        `y[i] = m[i] x[i],  m[i] = 0 with probability p, else 1 / (1 - p);  so E[y] = x.`
        After ``eval()``: y = x.

    Args:
        p: the probability of leaving out an input, at least 0 and less than 1.
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.

    Returns:
        When called with a list of n inputs, or one: as many outputs, in the same form.

    Raises:
        ValueError: if p is out of range.

    Example:
        >>> dropout = Dropout(0.5, seed=0)
        >>> [y.data for y in dropout([1.0, 2.0, 3.0, 4.0])]
        [2.0, 4.0, 0.0, 0.0]
        >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
        [1.0, 2.0, 3.0, 4.0]

    Source: lectures C7; Srivastava et al., Dropout (2014).
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        check_number("p", p)
        if not 0.0 <= p < 1.0:
            raise ValueError(f"p is a probability of at least 0 and less than 1, got {p!r}")
        self.p = p
        self.generator = None if seed is None else generator_of(seed)  # a module could not be pickled

    def __call__(self, x: Any) -> Any:
        if not self.training:
            return x
        if isinstance(x, Value):
            return self.mask() * x
        if not hasattr(x, "__len__"):
            return self.mask() * inputs_of(x, 1)[0]
        return [self.mask() * number for number in inputs_of(x, len(x))]

    def mask(self) -> Value:
        """Draw a number to multiply an input by: a leaf of the graph, which a compiled program draws anew."""
        value = Value(self.draw_one())
        tracer = current_tracer()
        if tracer is not None:
            tracer.random[value] = self
        return value

    def draw_one(self) -> float:
        """Draw one number to multiply an input by."""
        kept = generator_of(self.generator).random() >= self.p
        return 1.0 / (1.0 - self.p) if kept else 0.0

    def chances(self) -> list[tuple[float, float]]:
        """List what may be drawn, each number with its probability."""
        return [(0.0, self.p), (1.0 / (1.0 - self.p), 1.0 - self.p)]

    def draw_seed(self) -> int:
        """Draw the seed, of 32 bits, of an array that is drawn elsewhere."""
        seed: int = generator_of(self.generator).getrandbits(32)
        return seed

    def draw(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Draw an array of them, of the same distribution."""
        import numpy

        generator = numpy.random.default_rng(generator_of(self.generator).getrandbits(64))
        return ((generator.random(shape) >= self.p) / (1.0 - self.p)).astype(dtype)

    def __repr__(self) -> str:
        return f"Dropout({self.p})"
