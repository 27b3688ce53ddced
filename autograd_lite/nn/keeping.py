"""What the attributes of a module hold: parameters, or what its calls keep for themselves."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from collections import deque
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType
from typing import Any
from weakref import WeakSet

from autograd_lite.engine import Value

__all__ = ["PLAIN", "Keeping", "contents_of", "held_by"]

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
                type.__setattr__(cls, "__call__", _settling(call))

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            module = super().__call__(*args, **kwargs)
        except TypeError as error:
            where = error.__traceback__ and error.__traceback__.tb_next
            if where is not None or not cls.__module__.startswith(PACKAGE):  # raised by what is called
                raise
            made: Any = cls
            raise TypeError(f"{error}: write {made.written(args)}") from None
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

    vars(settled)["settles"] = True
    return settled


def _is_called() -> bool:
    """Tell whether a call of a module is running in this thread; a module that it makes is not called yet."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_code is not Making.__call__.__code__:
        if frame.f_code in CALLS:
            return True
        frame = frame.f_back
    return False


class Keeping(metaclass=Making):
    """Tells attributes that hold parameters from those that hold what calls keep."""

    buffers: tuple[str, ...] = ()
    _kept = Names()
    """Names of attributes that hold what calls keep."""
    _assigned = Names()
    """Names of attributes that were assigned since the last call: no call has put anything into them."""

    @classmethod
    def written(cls, given: tuple[Any, ...]) -> str:
        """Write how to make such a module; of one list that was given, with its items one after the other."""
        if len(given) == 1 and isinstance(given[0], (list, tuple)):
            return f"{cls.__name__}({', '.join(map(repr, given[0]))})"
        _, *taken = inspect.signature(cls.__init__).parameters.values()
        return f"{cls.__name__}{inspect.Signature([each.replace(annotation=each.empty) for each in taken])}"

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
            held_leaf = not all(_are_results(before, name))
            holds_result = name not in self.buffers and any(_are_results(thing, name))
            is_kept = holds_result and not held_leaf  # in place of a parameter it is refused instead
            kept, others = self._kept - {name}, self._assigned - {name}
            vars(self)["_kept"] = Names(kept | {name} if is_kept else kept)
            vars(self)["_assigned"] = Names(others if is_kept else others | {name})

    def _settle(self) -> None:
        """Decide, when a call begins: what holds nothing yet is there for calls to keep something in.

        The result of an operation that no call can have put there stays refused.
        """
        found = {name: _are_results(vars(self).get(name), name) for name in self._assigned}
        empty = {name for name, results in found.items() if not results and name not in self.buffers}
        refused = {name for name, results in found.items() if any(results)}
        vars(self).update(_kept=Names(self._kept | empty), _assigned=Names(refused))


HELD = (Value, Keeping)
"""What is looked for in attributes."""


def _are_results(thing: Any, attribute: str) -> list[bool]:
    """Tell of each Value or module that an attribute holds whether it is the result of an operation."""
    held = held_by(thing, attribute, set())
    return [isinstance(item, Value) and item._layout is not None for _, item in held]


def held_by(thing: Any, attribute: str, seen: set[int], name: str = "") -> list[tuple[str, Any]]:
    """List the Values and modules that an attribute holds, with their names; modules are not entered.

    Args:
        thing: what it holds. Lists, tuples, dicts, deques, dataclasses and NumPy's arrays of
            objects are entered.
        attribute: its name.
        seen: dataclasses that have been entered; they may hold one another.
        name: what it is called if it is a Value or a module; what it holds is then called
            ``name.0`` and so on. Without it there are no names, which is faster.

    Raises:
        TypeError: if it is a set of Values or modules, whose order would differ each time.
    """
    if isinstance(thing, HELD):
        return [(name, thing)]
    found: list[tuple[str, Any]] = []
    if type(thing) not in PLAIN:
        for key, item in contents_of(thing, attribute, seen):
            full = name and f"{name}.{key}"
            if isinstance(item, Value):  # as most are
                found.append((full, item))
            else:
                found += held_by(item, attribute, seen, full)
    return found


def contents_of(thing: Any, attribute: str, seen: set[int]) -> Iterable[tuple[Any, Any]]:
    """Return what is in something, with its key or number."""
    if isinstance(thing, dict):
        return thing.items()
    if isinstance(thing, (list, tuple, deque)):
        return enumerate(thing)
    if isinstance(thing, (set, frozenset)):
        if any(isinstance(item, HELD) for item in thing):
            raise TypeError(
                f"the attribute {attribute} is a set, which has no order: keep a list there instead"
            )
    elif hasattr(type(thing), "__dataclass_fields__"):
        if id(thing) not in seen:
            seen.add(id(thing))
            return [(field.name, getattr(thing, field.name, None)) for field in dataclasses.fields(thing)]
    elif getattr(getattr(thing, "dtype", None), "kind", "") == "O":  # NumPy's array of objects
        listed = thing.tolist()
        return enumerate(listed if isinstance(listed, list) else [listed])
    return ()
