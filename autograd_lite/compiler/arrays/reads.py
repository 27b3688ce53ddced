"""Reading chosen elements once, where several lines need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from autograd_lite.compiler.arrays.expressions import Expression, Line, name

__all__ = ["named_once"]


def named_once(lines: Sequence[Line | None], taken: Collection[str]) -> list[Line | None]:
    """Give a line of its own to what is taken from an array more than once.

    Args:
        lines: what is computed, in order; None for a gap.
        taken: names that are in use.

    Example:
        >>> read = name("x").take(name("i1"))
        >>> [line[0] for line in named_once([("y", read @ name("w"), ""), ("z", read, "")], [])]
        ['x_at_i1', 'y', 'z']
        >>> [line[0] for line in named_once([("y", read, ""), ("z", read, "")], ["x_at_i1"])]
        ['x_at_i1_', 'y', 'z']
    """
    counts = Counter(read for line in lines if line for read in _reads(line[1]))
    names: dict[Expression, str] = {}
    for read, count in counts.items():
        if count > 1:
            names[read] = _name_of(read, {*taken, *names.values()})
    result: list[Line | None] = []
    written: set[Expression] = set()
    for line in lines:
        if line is None or not names:
            result.append(line)
            continue
        target, expression, comment = line
        for read in dict.fromkeys(_reads(expression)):
            if read in names and read not in written:
                written.add(read)
                result.append((names[read], read, ""))
        result.append((target, _put_in(expression, names), comment))
    return result


def _reads(part: Any) -> Iterator[Expression]:
    """List what is taken from arrays in an expression, or in a part of one."""
    if isinstance(part, Expression):
        if _is_read(part):
            yield part
        else:
            yield from _reads(part.arguments)
    elif isinstance(part, tuple):
        for each in part:
            yield from _reads(each)


def _is_read(part: Expression) -> bool:
    """Tell whether elements are chosen, and put where they are wanted."""
    return _of_windows(part) is not None or (part.form == "method" and part.arguments[1] == "take")


def _of_windows(part: Expression) -> Expression | None:
    """Return the array of which these are windows, if they are."""
    if part.form == "method" and part.arguments[1] == "reshape":
        part = part.arguments[0]
    return part.arguments[1][0] if part.form == "call" and part.arguments[0] == "windows" else None


def _put_in(part: Any, names: dict[Expression, str]) -> Any:
    """Put names in for what they stand for."""
    if isinstance(part, Expression):
        return name(names[part]) if part in names else replace(part, arguments=_put_in(part.arguments, names))
    return tuple(_put_in(each, names) for each in part) if isinstance(part, tuple) else part


def _name_of(read: Expression, taken: Collection[str]) -> str:
    """Name what is taken: by the array, and by the name of the positions."""
    array = _of_windows(read)
    what = "windows" if array else f"at_{read.arguments[2][0].arguments[0]}"
    array = array or read.arguments[0]
    while array.form != "name":
        array = array.arguments[0]
    found = f"{array.arguments[0]}_{what}"
    while found in taken:
        found += "_"
    return str(found)
