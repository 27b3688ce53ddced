"""Reading chosen elements once, where several lines need them."""

from __future__ import annotations

import itertools
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
    for read in sorted(counts, key=lambda read: -sum(1 for _ in _reads(read))):
        if counts[read] > 1:
            names[read] = _name_of(read, {*taken, *names.values()})
            counts.subtract([*_reads(read.arguments)] * (counts[read] - 1))  # they are in its line only
    result: list[Line | None] = []
    written: set[Expression] = set()
    for line in lines:
        if line is None or not names:
            result.append(line)
            continue
        target, expression, comment = line
        for read in reversed(dict.fromkeys(_reads(expression))):
            if read in names and read not in written:
                written.add(read)
                result.append((names[read], replace(read, arguments=_put_in(read.arguments, names)), ""))
        result.append((target, _put_in(expression, names), comment))
    return result


def _reads(part: Any) -> Iterator[Expression]:
    """List what is taken from arrays in an expression, or in a part of one; the whole before its parts."""
    if isinstance(part, Expression):
        if _is_read(part):
            yield part
        yield from _reads(part.arguments)
    elif isinstance(part, tuple):
        for each in part:
            yield from _reads(each)


def _is_read(part: Expression) -> bool:
    """Tell whether elements are chosen, and put where they are wanted."""
    if _of_windows(part) is not None:
        return True
    return _array_of(part) is not None and (_takes(part) or _turns(part))


def _of_windows(part: Expression) -> Expression | None:
    """Return the array of which these are windows, if they are."""
    if part.form == "method" and part.arguments[1] == "reshape":
        part = part.arguments[0]
    return part.arguments[1][0] if part.form == "call" and part.arguments[0] == "windows" else None


def _takes(read: Expression) -> bool:
    return read.form == "method" and read.arguments[1] == "take"


def _turns(read: Expression) -> bool:
    """Tell whether it is an array, or a part of one, in another shape with its axes in another order."""
    kinds = [kind for kind, _ in _way_to(read)]
    return kinds[0] != "index" and "turn" in kinds and "reshape" in kinds


def _array_of(read: Expression) -> str | None:
    """Return the name of the array that something is only read from, if it is."""
    *_, (_, read) = _way_to(read)
    return str(read.arguments[0]) if read.form in ("name", "floats_of") else None


def _way_to(read: Expression) -> Iterator[tuple[str, Expression]]:
    """List what is done to an array, the last thing first, and to what; at the end what that begins with."""
    while True:
        kind = ""
        match read.form, read.arguments:
            case "method", (array, "swapaxes" | "transpose", *_):
                kind, read = "turn", array
            case "method", (array, "reshape" | "take" as kind, *_):
                read = array
            case "index", (array, _):
                kind, read = "index", array
        yield kind, read
        if not kind:
            return


def _put_in(part: Any, names: dict[Expression, str]) -> Any:
    """Put names in for what they stand for."""
    if isinstance(part, Expression):
        return name(names[part]) if part in names else replace(part, arguments=_put_in(part.arguments, names))
    return tuple(_put_in(each, names) for each in part) if isinstance(part, tuple) else part


def _name_of(read: Expression, taken: Collection[str]) -> str:
    """Name what is taken: by the array, and by the name of the positions if there are any."""
    windows = _of_windows(read)
    stem = f"{_array_of(windows or read)}_"
    if windows is not None:
        stem += "windows"
        return next(found for count in itertools.count() if (found := stem + "_" * count) not in taken)
    if _takes(read):
        stem += f"at_{_names(read.arguments[2])[0]}"
        return next(found for count in itertools.count() if (found := stem + "_" * count) not in taken)
    return next(found for count in itertools.count(1) if (found := f"{stem}part{count}") not in taken)


def _names(part: Any) -> list[str]:
    """List the names of arrays in an expression, or in a part of one."""
    if not isinstance(part, Expression):
        return [found for each in part for found in _names(each)] if isinstance(part, tuple) else []
    return [part.arguments[0]] if part.form in ("name", "floats_of") else _names(part.arguments)
