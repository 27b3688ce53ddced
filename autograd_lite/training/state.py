"""The state of a model: its numbers, random numbers, mode, and what its calls keep; read, and put back."""

from __future__ import annotations

import inspect
import random
import warnings
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from operator import is_
from typing import Any

from autograd_lite.compiler.introspection import modules_of
from autograd_lite.core.modes import no_grad
from autograd_lite.engine import Value
from autograd_lite.interrupts import uninterrupted
from autograd_lite.nn.module import Module, table_of

__all__ = [
    "Kept",
    "generators_of",
    "kept",
    "kept_by_calls",
    "mode",
    "numbers_of",
    "put_back",
    "set_numbers",
    "set_states",
    "states_of",
    "values_of",
]

FEW = 8
"""How many examples are tried out to see what a model keeps on itself."""
PLAIN = frozenset((Value, bool, int, float, complex, str, bytes, range, type(None)))
"""Types of what holds nothing else."""
NOTES = ("_assigned", "_kept")
"""Where a module notes what it holds, which is no part of it."""
MOST, LARGEST = 20_000, 1_000_000
"""How many objects are looked into, and up to how many bytes arrays are copied: larger ones are data."""


def values_of(model: Any, parameters: list[Value]) -> dict[str, Value]:
    """Name every Value of a model; parameters that only its own ``parameters()`` knows, by number."""
    named = table_of(model.named_values()) if isinstance(model, Module) else {}
    known = set(named.values())
    others = [parameter for parameter in parameters if parameter not in known]
    return named | {f"parameters.{index}": parameter for index, parameter in enumerate(others)}


def numbers_of(values: Mapping[str, Value]) -> dict[str, float]:
    """Read the numbers of named Values."""
    return {name: value.data for name, value in values.items()}


def set_numbers(values: Mapping[str, Value], numbers: Mapping[str, float]) -> None:
    """Set named Values to what ``numbers_of`` returned."""
    listed = [numbers[name] for name in values]  # nothing changes if one is missing
    for value, number in zip(values.values(), listed):
        value.data = number


def generators_of(model: Any) -> list[Any]:
    """List what a model draws random numbers from: the ``random`` module, and generators of its modules."""
    modules = model.modules() if isinstance(model, Module) else []
    held = {
        id(thing): thing for m in modules for thing in vars(m).values() if isinstance(thing, random.Random)
    }
    return [random, *held.values()]


def states_of(generators: Sequence[Any]) -> list[Any]:
    """Read the states of generators of random numbers."""
    return [generator.getstate() for generator in generators]


def set_states(generators: Sequence[Any], states: Sequence[Any]) -> None:
    """Set generators to what ``states_of`` returned."""
    for generator, state in zip(generators, states):
        generator.setstate(state)


@contextmanager
def kept(generators: Sequence[Any]) -> Iterator[None]:
    """Put generators back as they were."""
    before = states_of(generators)
    try:
        yield
    finally:
        set_states(generators, before)


@contextmanager
def mode(model: Any, *, training: bool) -> Iterator[None]:
    """Put a model into training or into use, and each of its modules back as it was."""
    before = [(module, module.training) for module in model.modules()] if isinstance(model, Module) else []
    try:
        if before:
            model.train() if training else model.eval()
        yield
    finally:
        with uninterrupted():
            for module, was in before:
                module.training = was


def kept_by_calls(
    model: Any, loss: Any, X: Sequence[Any], y: Sequence[Any], rows: Sequence[int]
) -> list[str]:
    """Name what a model, or a loss, keeps on itself while it is called, in training and in use.

    Args:
        model: called with an example; what it keeps is put back.
        loss: called with an output and a target, or None.
        X, y: examples and targets.
        rows: which of them; a few are tried out.
    """
    with put_back(model, loss) as before, no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the training will warn
        for training in (True, False):
            with mode(model, training=training):
                for row in rows[:FEW]:
                    output = model(X[row])
                    if loss is not None:
                        loss(output, y[row])
        return before.changed()


class Kept:
    """What objects hold: their attributes, and what stands in their lists, dicts, sets and arrays.

    Args:
        roots: the objects, such as a model and a loss; of functions, the modules that they use.
    """

    def __init__(self, *roots: Any) -> None:
        self.copies: list[tuple[str, Any, Any]] = []
        self.values: list[tuple[str, list[Value], list[float]]] = []
        functions = [root for root in roots if inspect.isroutine(root) or isinstance(root, partial)]
        modules = [module for function in functions for module in modules_of(function, [])]
        waiting: deque[tuple[str, Any]] = deque(("", root) for root in (*roots, *modules))
        seen: set[int] = set()
        while waiting and len(seen) < MOST:
            name, thing = waiting.popleft()
            if id(thing) not in seen:
                seen.add(id(thing))
                waiting += self._look_into(name, thing)

    def _look_into(self, name: str, thing: Any) -> list[tuple[str, Any]]:
        """Copy what an object holds; return what else to look into, and the attribute it belongs to."""
        if isinstance(thing, (type, random.Random)) or inspect.isroutine(thing) or inspect.ismodule(thing):
            return []
        if isinstance(thing, (list, deque, set, dict)):
            self.copies.append((name, thing, thing.copy()))
            return self._look_at(name, thing.values() if isinstance(thing, dict) else thing)
        if hasattr(thing, "dtype") and hasattr(thing, "tobytes") and getattr(thing, "shape", None):
            if getattr(thing, "nbytes", LARGEST) < LARGEST:
                self.copies.append((name, thing, thing.copy()))
            return self._look_at(name, thing.reshape(-1).tolist()) if thing.dtype.kind == "O" else []
        if hasattr(thing, "__dict__"):
            attributes = vars(thing)
            self.copies.append((name, attributes, attributes.copy()))
            if name:
                return self._look_at(name, attributes.values())
            return [pair for key, item in attributes.items() for pair in self._look_at(key, [item])]
        fields = getattr(type(thing), "__dataclass_fields__", ())  # one with slots, which is not copied
        items = thing if isinstance(thing, tuple) else [getattr(thing, field, None) for field in fields]
        return self._look_at(name, items)

    def _look_at(self, name: str, items: Collection[Any]) -> list[tuple[str, Any]]:
        """Copy the numbers of the leaves among some objects; return the others that may hold something."""
        leaves = [item for item in items if isinstance(item, Value) and item._layout is None]
        if leaves:
            self.values.append((name, leaves, [leaf._data for leaf in leaves]))
        if {*map(type, items)} <= PLAIN:
            return []
        return [(name, item) for item in items if type(item) not in PLAIN]

    def changed(self) -> list[str]:
        """Name the attributes that hold something else by now, or in which something else stands."""
        names = {name or key for name, thing, copy in self.copies for key in _differences(thing, copy)}
        names |= {name for name, leaves, numbers in self.values if [leaf._data for leaf in leaves] != numbers}
        return sorted(names)

    def put_back(self) -> None:
        """Let all that changed hold again what it held."""
        for _, thing, copy in self.copies:
            if not _differences(thing, copy):
                continue
            if isinstance(thing, (list, deque)):
                thing.clear()
                thing.extend(copy)
            elif isinstance(thing, (dict, set)):
                thing.clear()
                thing.update(copy)
            else:
                thing[...] = copy
        for _, leaves, numbers in self.values:
            for leaf, number in zip(leaves, numbers):
                leaf._data = number


@contextmanager
def put_back(*roots: Any) -> Iterator[Kept]:
    """Put back, at the end, what calls in the body kept on some objects; see ``Kept``."""
    kept = Kept(*roots)
    try:
        yield kept
    finally:
        kept.put_back()


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether two things are one object, or plain and equal."""
    kind = type(one)
    return one is other or (
        kind is type(other) and kind in PLAIN and kind is not Value and repr(one) == repr(other)
    )


def _differences(thing: Any, copy: Any) -> list[str]:
    """Name the keys of what is another object by now; of what has no keys, anything."""
    if isinstance(thing, dict):
        return [
            str(key)
            for key in {**copy, **thing}
            if key not in NOTES and not (key in thing and key in copy and _is_same(thing[key], copy[key]))
        ]
    if isinstance(thing, set):
        return ["a set"] if thing != copy else []
    if isinstance(thing, (list, deque)):
        same = len(thing) == len(copy) and (all(map(is_, thing, copy)) or all(map(_is_same, thing, copy)))
        return [] if same else ["a list"]
    return [] if thing.tobytes() == copy.tobytes() else ["an array"]
