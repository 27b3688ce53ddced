"""What each Value of a graph is called, in steps and in drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from autograd_lite.engine import Value

__all__ = ["name_all", "variables_of"]


def name_all(values: Sequence[Value], variables: Mapping[str, Any]) -> dict[Value, str]:
    """Name each Value: its label, a variable's name, or v1, v2, ...

    Args:
        values: the Values, in the order in which they are to be numbered.
        variables: names and what they stand for, such as a caller's local variables.

    Example:
        >>> x = Value(3.0, "x")
        >>> y = x * x
        >>> list(name_all([x, y, y + 1.0], {"y": y}).values())
        ['x', 'y', 'v1']
    """
    by_variable: dict[Value, str] = {}
    for name, thing in variables.items():
        if isinstance(thing, Value):
            by_variable.setdefault(thing, name)
    wanted = {value: value.label or by_variable.get(value, "") for value in values}
    taken = set(wanted.values())
    names: dict[Value, str] = {}
    used: set[str] = set()
    count = 0
    for value, name in wanted.items():
        if not name:
            count += 1
            while f"v{count}" in taken:
                count += 1
            name = f"v{count}"
        unique, copies = name, 1
        while unique in used or (copies > 1 and unique in taken):
            copies += 1
            unique = f"{name}_{copies}"
        used.add(unique)
        names[value] = unique
    return names


def variables_of(frame: FrameType) -> dict[str, Any]:
    """Return a caller's variables, without those that IPython or a test runner made: "_", "@py_assert1".

    Args:
        frame: the caller's, as ``sys._getframe(1)`` gives it.
    """
    return {
        name: thing
        for name, thing in frame.f_locals.items()
        if name.isidentifier() and not name.startswith("_")
    }
