"""What objects keep while they are called: compared, and put back as it was."""

from __future__ import annotations

import inspect
import random
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from operator import is_
from typing import Any

from autograd_lite.compiler.introspection import modules_of
from autograd_lite.engine import Value

__all__ = ["Kept", "put_back"]

PLAIN = frozenset((Value, bool, int, float, complex, str, bytes, range, type(None)))
"""Types of what holds nothing else."""
NOTES = ("_assigned", "_kept")
"""Where a module notes what it holds, which is no part of it."""
MOST, LARGEST = 20_000, 1_000_000
"""How many objects are looked into, and up to how many bytes arrays are copied: larger ones are data."""


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
        """Copy what an object holds; give what has to be looked into, and the attribute it belongs to."""
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
        """Copy the numbers of the leaves among some objects; give the others that may hold something."""
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
