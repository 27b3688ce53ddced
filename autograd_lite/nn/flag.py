"""Flag: an attribute of modules that is true or false, and that says when it is looked at."""

from __future__ import annotations

from typing import Any

from autograd_lite.core.modes import current_tracer

__all__ = ["Flag"]


class Flag:
    """Stands in a class for an attribute of its objects; a function that is being traced depends on it.

    Args:
        default: what an object has that was not given another.

    Attributes:
        is_noted: says that a tracer is told of every look at it.
    """

    is_noted = True

    def __init__(self, default: bool) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, thing: Any, kind: type | None = None) -> bool:
        if thing is None:
            return self.default
        found: bool = vars(thing).get(self.name, self.default)
        tracer = current_tracer()
        if tracer is not None:
            tracer.looked_at(thing, self.name, found)
        return found

    def __set__(self, thing: Any, found: bool) -> None:
        vars(thing)[self.name] = found

    def __delete__(self, thing: Any) -> None:
        vars(thing).pop(self.name, None)
