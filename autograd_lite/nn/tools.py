"""What layers are made with: sizes, starting weights, activations; and what they take as inputs."""

from __future__ import annotations

import functools
import math
import numbers
import operator
import random
from collections.abc import Callable
from typing import Any

from autograd_lite import functions
from autograd_lite.core.coercion import as_float, is_plain, no_list, refused
from autograd_lite.engine import Value
from autograd_lite.ops import OPS

__all__ = [
    "Activation",
    "Seed",
    "activation_function",
    "activation_name",
    "check_size",
    "generator_of",
    "inputs_of",
    "is_activation",
    "vectors_of",
    "weights_drawer",
]

Activation = str | bool | None | Callable[[Value], Any]
Seed = int | random.Random | None
KINDS = frozenset((float, Value))  # of most inputs, which need no look at each
UNORDERED = (set, frozenset, dict, str, bytes)
"""What gives other things than its numbers in their order, when it is made a list."""


def inputs_of(x: Any, count: int) -> list[Value | float]:
    """Turn what a caller passes (a list, a row of an array or a table, one number) into a checked list."""
    listed = [*x] if type(x) in (list, tuple) else _numbers_of(x, count)
    if len(listed) == count and KINDS.issuperset(map(type, listed)):  # as most are
        return listed
    try:
        numbers = [v if isinstance(v, Value) else as_float(v) for v in listed]
    except TypeError:
        numbers = []
    if len(numbers) == count:
        return numbers
    raise _refused_inputs(x, listed, count)


def _numbers_of(x: Any, count: int) -> list[Any]:
    """List what an example holds; a number alone is one of one input."""
    shape: Any = getattr(x, "shape", ())
    if len(shape) > 1:
        raise _several(shape[0], count)
    if isinstance(x, UNORDERED) or not (_has_items(x) or is_plain(x) or isinstance(x, Value)):
        raise no_list(f"inputs are a list of {count} numbers", x)
    if not _has_items(x):
        return [x]
    items: Any = x
    return list(items.tolist() if len(shape) == 1 and hasattr(items, "tolist") else items)


def _refused_inputs(x: Any, listed: list[Any], count: int) -> Exception:
    """Return the error for what are not so many numbers; it says what to do."""
    if any(_has_items(each) and not isinstance(each, str) for each in listed):
        return _several(len(listed), count)
    if len(listed) == count:
        return refused(*listed) or TypeError(f"inputs are a list of {count} numbers, got {x!r}")
    hint = "" if _has_items(x) else f", the number {x!r}: an example is a list of {count} numbers"
    return ValueError(f"expected {count} inputs, got {len(listed)}{hint}")


def _several(rows: int, count: int) -> ValueError:
    return ValueError(
        f"a layer takes one example at a time, {count} inputs: this is a list of {rows} lists. "
        "predict(model, X) gives the outputs of all examples, [model(x) for x in X] with their graphs"
    )


def _has_items(thing: Any) -> bool:
    """Tell whether something is a list or the like; an array of no axes is a number."""
    return hasattr(type(thing), "__iter__") and getattr(thing, "shape", None) != ()


def vectors_of(sequence: Any, width: int) -> list[list[Value | float]]:
    """Turn a sequence of vectors of one width, at least one of them, into checked lists."""
    if isinstance(sequence, UNORDERED) or not _has_items(sequence):
        raise no_list(f"a sequence is a list of vectors of {width} numbers", sequence)
    vectors = [inputs_of(vector, width) for vector in sequence]
    if not vectors:
        raise ValueError("a sequence has at least one vector, got an empty one")
    return vectors


def generator_of(seed: Any) -> Any:
    """Return what to draw random numbers from: a generator, a new one for a seed, or the random module."""
    if seed is None or seed is random:
        return random
    if isinstance(seed, random.Random):
        return seed
    try:
        return random.Random(operator.index(seed))
    except TypeError:
        raise TypeError(f"a seed is a whole number, a random.Random or None, got {seed!r}") from None


def check_size(what: str, size: int, least: int = 1) -> None:
    """Refuse a size that is no whole number, or too small."""
    if not isinstance(size, numbers.Integral) or size < least:
        raise ValueError(f"{what} is a whole number of at least {least}, got {size!r}")


def weights_drawer(init: str, nin: int, nout: int, generator: Any) -> Callable[[], float]:
    """Return a function that draws one starting weight."""
    if init == "uniform":
        return lambda: generator.uniform(-1, 1)
    if init == "xavier":
        bound = math.sqrt(6.0 / (nin + nout))
        return lambda: generator.uniform(-bound, bound)
    if init == "he":
        return lambda: generator.gauss(0.0, math.sqrt(2.0 / nin))
    raise ValueError(f"init is one of 'uniform', 'xavier', 'he', got {init!r}")


def activation_function(activation: Activation) -> Callable[[Any], Any]:
    """Return the function that an activation's name stands for."""
    if activation is None or activation is False:
        return identity
    if callable(activation):
        return activation
    name = "relu" if activation is True else activation
    known = activations()
    if name not in known:
        raise ValueError(f"activation is None, a function, or one of {', '.join(known)}; got {name!r}")
    return known[name]


@functools.cache
def activations() -> dict[str, Callable[[Any], Any]]:
    """Return the operations on one number, which may be activations, by name."""
    return {
        op.name: getattr(functions, op.name)
        for op in OPS.values()
        if len(op.partials) == 1 and not op.is_operator and None not in op.attributes.values()
    }


def is_activation(function: Any) -> bool:
    """Tell whether a function is an operation on one number."""
    return function is identity or function in activations().values()


def identity(value: Any) -> Any:
    """Return the number itself: a linear neuron's activation, and one that can be pickled."""
    return value


def activation_name(activation: Activation) -> str:
    """Name an activation as micrograd does: ReLU, Linear, Tanh."""
    if activation is None or activation is False:
        return "Linear"
    if activation is True or activation == "relu":
        return "ReLU"
    return getattr(activation, "__name__", str(activation)).capitalize()
