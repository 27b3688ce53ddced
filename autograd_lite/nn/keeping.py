"""What the attributes of a module hold: parameters, or what its calls keep for themselves."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any
from weakref import WeakSet

from autograd_lite.engine import Value

__all__ = ["PLAIN", "Keeping", "contents", "found_in", "is_result", "pairs"]

PACKAGE = "autograd_lite."


class Names(frozenset[str]):
    """Names of attributes."""


PLAIN = frozenset((bool, int, float, str, bytes, type(None), FunctionType, BuiltinFunctionType, Names))
"""Types of what holds nothing."""
CALLS: WeakSet[CodeType] = WeakSet()
"""The code of ``__call__`` of every class of modules: while it is on the stack, a call is running."""


class Making(type):
    """Makes classes of modules, which know when a call is running, and modules, which know what they hold."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        call = next((vars(base)["__call__"] for base in cls.__mro__ if "__call__" in vars(base)), None)
        if inspect.isfunction(call) and not hasattr(call, "settles"):
            CALLS.add(inspect.unwrap(call).__code__)
            if not cls.__module__.startswith(PACKAGE):  # those of the package keep nothing
                setattr(cls, "__call__", _settling(call))  # noqa: B010

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        module = super().__call__(*args, **kwargs)
        vars(module)["_assigned"] = Names(vars(module).keys() - module._kept)
        module._made()
        return module


def _settling(call: Callable[..., Any]) -> Callable[..., Any]:
    """Let a call decide, before it begins, about what was assigned since the last one."""

    @functools.wraps(call)
    def settled(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._assigned:
            self._settle()
        return call(self, *args, **kwargs)

    settled.settles = True  # type: ignore[attr-defined]
    return settled


def _is_called() -> bool:
    """Tell whether a call of a module is running in this thread; a module that it makes is not called yet."""
    frame = sys._getframe(3)
    while frame is not None and frame.f_code is not Making.__call__.__code__:
        if frame.f_code in CALLS:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


class Keeping(metaclass=Making):
    """Tells attributes that hold parameters from those that hold what calls keep."""

    buffers: tuple[str, ...] = ()
    _kept = Names()
    """Names of attributes that hold what calls keep."""
    _assigned = Names()
    """Names of attributes that were assigned since the last call: no call has put anything into them."""

    def _made(self) -> None:
        """Do what is to be done when ``__init__`` has ended."""

    def __setattr__(self, name: str, thing: Any) -> None:
        if type(thing) not in PLAIN:
            self._note(name, thing)
        super().__setattr__(name, thing)

    def _note(self, name: str, thing: Any) -> None:
        """Decide what an attribute is to hold; the result of an operation is no parameter."""
        if _is_called():
            vars(self)["_kept"] = Names(self._kept | {name})
        elif "_assigned" in vars(self):
            before = None if name in self._kept else vars(self).get(name)
            held_leaf = not all(map(is_result, found_in(before, name)))
            holds_result = name not in self.buffers and any(map(is_result, found_in(thing, name)))
            is_kept = holds_result and not held_leaf  # in place of a parameter it is refused instead
            kept, others = self._kept - {name}, self._assigned - {name}
            vars(self)["_kept"] = Names(kept | {name} if is_kept else kept)
            vars(self)["_assigned"] = Names(others if is_kept else others | {name})

    def _settle(self) -> None:
        """Decide, when a call begins: what holds nothing yet is there for calls to keep something in.

        The result of an operation that no call can have put there stays refused.
        """
        found = {name: [*found_in(vars(self).get(name), name)] for name in self._assigned}
        empty = {name for name, things in found.items() if not things and name not in self.buffers}
        refused = {name for name, things in found.items() if any(map(is_result, things))}
        vars(self).update(_kept=Names(self._kept | empty), _assigned=Names(refused))


def is_result(thing: Any) -> bool:
    """Tell whether something is the result of an operation on Values."""
    return isinstance(thing, Value) and thing._layout is not None


def contents(thing: Any, name: str, seen: set[int]) -> Collection[Any]:
    """Give what is in a list, tuple, dict, dataclass or array of objects: as a list, or a dict.

    Args:
        thing: what a module holds; anything else has nothing in it.
        name: what it is called there.
        seen: dataclasses that have been entered; they may hold one another.

    Raises:
        TypeError: if it is a set of Values or modules, whose order would differ each time.
    """
    if isinstance(thing, (list, tuple, dict, deque)):
        return thing
    if isinstance(thing, (set, frozenset)):
        if any(isinstance(item, (Value, Keeping)) for item in thing):
            raise TypeError(f"the attribute {name} is a set, which has no order: keep a list there instead")
    elif hasattr(type(thing), "__dataclass_fields__"):
        if id(thing) in seen:
            return ()
        seen.add(id(thing))
        return {key.name: getattr(thing, key.name, None) for key in dataclasses.fields(thing)}
    elif getattr(getattr(thing, "dtype", None), "kind", "") == "O":  # NumPy's array of objects
        listed = thing.tolist()
        return listed if isinstance(listed, list) else [listed]
    return ()


def pairs(held: Collection[Any]) -> Iterable[tuple[Any, Any]]:
    """Give what ``contents`` gave with its keys."""
    return held.items() if isinstance(held, dict) else enumerate(held)


def found_in(thing: Any, name: str, seen: set[int] | None = None) -> Iterator[Any]:
    """Iterate over the Values and modules that an attribute holds; modules are not entered."""
    seen = set() if seen is None else seen
    if isinstance(thing, (Value, Keeping)):
        yield thing
    elif type(thing) not in PLAIN:
        held = contents(thing, name, seen)
        for item in held.values() if isinstance(held, dict) else held:
            yield from found_in(item, name, seen)
