"""The plain numbers that a function reads from around it: a program holds for those it was traced with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from autograd_lite.compiler.introspection import modules_of, names_in, reached_by

__all__ = ["Surroundings"]

PLAIN = (bool, int, float)
"""Types of numbers that are written into a program."""


class Surroundings:
    """Reads the closure cells and globals that a function names, and the attributes of its modules.

    Those are watched that hold a plain number when the function is first called, and that it does not
    set itself: a counter would be another number at each call. Of the flags of modules, which are many,
    those that a trace has looked at.

    Args:
        f: the function.
        holder: what holds its parameters.
    """

    def __init__(self, f: Callable[..., Any], holder: Any) -> None:
        found: dict[Any, tuple[str, Callable[[], Any]]] = {}
        for function in filter(inspect.isfunction, reached_by(f, holder)):
            cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
            for name, cell in cells.items():
                found[id(cell)] = name, functools.partial(_content, cell)
            for name in names_in(function.__code__):
                found[id(function.__globals__), name] = (
                    name,
                    functools.partial(function.__globals__.get, name),
                )
        for module in modules_of(f, holder):
            for name in ("training", "frozen", *vars(module)):
                if not _is_noted(module, name):
                    found[id(module), name] = name, functools.partial(getattr, module, name, None)
        self._changed: set[Any] = set()
        self._watch({key: each for key, each in found.items() if type(each[1]()) in PLAIN})

    def _watch(self, watched: Mapping[Any, tuple[str, Callable[[], Any]]]) -> None:
        self._watched = watched
        self._reads = [read for _, read in watched.values()]

    def now(self) -> list[Any]:
        """Read all of it."""
        return [read() for read in self._reads]

    def key(self) -> tuple[Any, ...]:
        """Read all of it, as something to look programs up by."""
        return tuple([thing if type(thing) in PLAIN else None for thing in self.now()])

    def learn(self, before: tuple[Any, ...], looked_at: Mapping[Any, tuple[Any, str, Any]]) -> None:
        """Watch no longer what a trace has changed, and from now on the flags that it has looked at.

        Args:
            before: the key before the trace.
            looked_at: the module, the name and what it was, of each flag.
        """
        pairs = zip(self._watched, before, self.key())
        self._changed |= {key for key, old, new in pairs if old is not new and old != new}
        flags: dict[Any, tuple[str, Callable[[], Any]]] = {
            key: (name, functools.partial(getattr, module, name))
            for key, (module, name, found) in looked_at.items()
            if getattr(module, name) is found
        }
        watched = {**self._watched, **flags}
        self._watch({key: each for key, each in watched.items() if key not in self._changed})

    def differing(self, others: list[tuple[Any, ...]]) -> str:
        """Name what is another number now than it was at some of other times."""
        columns = zip([name for name, _ in self._watched.values()], *others, self.key())
        return ", ".join(name for name, *numbers in columns if len({*numbers}) > 1)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty by now
        return None


def _is_noted(module: Any, name: str) -> bool:
    """Tell whether a trace is told of it when an attribute is read."""
    return hasattr(inspect.getattr_static(type(module), name, None), "is_noted")
