"""The plain numbers that a function reads from around it: a program holds for those it was traced with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from autograd_lite.compiler.introspection import modules_of, names_in, reached_by

__all__ = ["Surroundings"]

PLAIN = (bool, int, float)
"""Types of numbers that are written into a program."""


class Surroundings:
    """Reads the closure cells and globals that a function names, and the attributes of its modules.

    Those are watched that hold a plain number when the function is first called, and that it does not
    set itself: a counter would be another number at each call.

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
                found[id(module), name] = name, functools.partial(getattr, module, name, None)
        self._watched = [(name, read) for name, read in found.values() if type(read()) in PLAIN]
        self._reads = [read for _, read in self._watched]

    def now(self) -> list[Any]:
        """Read all of it."""
        return [read() for read in self._reads]

    def key(self) -> tuple[Any, ...]:
        """Read all of it, as something to look programs up by."""
        return tuple([thing if type(thing) in PLAIN else None for thing in self.now()])

    def leave_out_changed(self, before: tuple[Any, ...]) -> None:
        """Watch no longer what a call of the function has changed."""
        pairs = zip(self._watched, before, self.key())
        self._watched = [each for each, old, new in pairs if old is new or old == new]
        self._reads = [read for _, read in self._watched]

    def differing(self, others: list[tuple[Any, ...]]) -> str:
        """Name what is another number now than it was at some of other times."""
        columns = zip(self._watched, *others, self.key())
        return ", ".join(name for (name, _), *numbers in columns if len({*numbers}) > 1)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty by now
        return None
