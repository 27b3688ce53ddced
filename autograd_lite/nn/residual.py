"""Residual: a module that learns what to add to its input."""

from __future__ import annotations

from typing import Any

from autograd_lite.engine import Value
from autograd_lite.nn.module import Module

__all__ = ["Residual"]


class Residual(Module):
    """A module's output is added to its input, which gradients then also reach directly.

    Formula:
        `y = x + f(x),  ∂y/∂x = I + ∂f/∂x`

    Args:
        module: f, a module (or a function) whose output has the shape of its input.

    Returns:
        When called: what f returns (a Value, a list, a list of lists), plus x. If f takes a list
        of examples, as a ``BatchNorm`` does, so does this.

    Raises:
        TypeError: if module cannot be called.
        ValueError: when called, if output and input differ in shape.

    Example:
        >>> residual = Residual(lambda x: [10.0 * number for number in x])
        >>> residual([1.0, 2.0])
        [11.0, 22.0]

    Source: lectures B14, C6; He et al., Deep Residual Learning (2015).
    """

    def __init__(self, module: Any) -> None:
        if not callable(module):
            raise TypeError(f"Residual takes a module or a function, got {module!r}")
        self.module = module
        self.takes_batches = bool(getattr(module, "takes_batches", False))

    def __call__(self, x: Any) -> Any:
        return added(x, self.module(x))


def added(x: Any, change: Any) -> Any:
    """Add two numbers, or two lists (of lists) of them, element by element."""
    ours, theirs = _length(x), _length(change)
    if theirs is None and ours == 1:
        return added(x[0], change)  # a layer of one neuron returns the Value itself,
    if ours is None and theirs == 1:
        return added([x], change)  # and the next layer accepts it
    if ours != theirs:
        raise ValueError(
            "a residual connection adds a module's output to its input, so both have one shape; "
            f"got an input of length {ours or 1} and an output of length {theirs or 1}"
        )
    return x + change if ours is None else [added(one, other) for one, other in zip(x, change)]


def _length(thing: Any) -> int | None:
    """Count the elements of a list or an array's row; None for a single number."""
    return len(thing) if hasattr(thing, "__len__") and not isinstance(thing, Value) else None
