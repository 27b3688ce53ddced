"""What a traced function does where Python alone would fix a number: look into lists, choose the largest.

At an index that is not known yet, ``items[i]`` is ``pick``; ``max`` and ``min`` of numbers that are not
known yet, and have no gradient, are ``maximum`` and ``minimum``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd_lite.compiler.index import Index, TraceError
from autograd_lite.compiler.rewriting import rewritten
from autograd_lite.core.modes import is_given
from autograd_lite.engine import Value
from autograd_lite.functions import maximum, minimum, pick

__all__ = ["looking_up"]


def looking_up(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does the same, and picks and chooses where numbers are not known yet.

    Args:
        function: any callable; what is not written in Python, or has no source at hand, stays as it is.

    Example:
        >>> looking_up(abs) is abs
        True
    """
    looking: Callable[..., Any] = rewritten(function, item=_item, called=_called)
    return looking


def _called(function: Any) -> Any:
    """Return what is called in place of a function."""
    if function is max or function is min:
        return functools.partial(_chosen, function, maximum if function is max else minimum)
    return looking_up(function)


def _item(container: Any, index: Any) -> Any:
    """Look into a container: where its items are numbers and the index is not known yet, pick one."""
    if isinstance(index, Index) and type(container) in LISTS and 0 <= index.position < len(container):
        picked = _picked(container, index)
        if picked is not None:
            return picked
    return container[index]


def _picked(items: Sequence[Any], index: Any) -> Any:
    """Pick one of some numbers, or of lists of one form; None if there are other things, or no Value."""
    if all(isinstance(item, (Value, float)) for item in items):
        return pick(items, index) if any(isinstance(item, Value) for item in items) else None
    lengths = {len(item) if type(item) in LISTS else 0 for item in items}
    if len(lengths) > 1 or 0 in lengths:
        return None
    columns = [_picked(column, index) for column in zip(*items)]
    return None if any(column is None for column in columns) else Row(columns)


class Row(list[Any]):
    """A row of a table, and it is not known yet which: a change of it would be lost, and needs the number."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TraceError("a list that is looked up cannot be changed")


LISTS = (list, tuple, Row)
for _name in ("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse"):
    setattr(Row, _name, Row._refuse)
for _name in ("setitem", "delitem", "iadd", "imul"):
    setattr(Row, f"__{_name}__", Row._refuse)


def _chosen(function: Callable[..., Any], choose: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Choose the largest or the smallest of some numbers: of those without a gradient by an operation.

    Where a gradient flows, Python's choice stays: at a tie it takes one number, not half of each.
    """
    items = [*given[0]] if len(given) == 1 else [*given]
    if "key" in options or not any(map(is_given, items)) or not all(map(_has_no_gradient, items)):
        return function(*([items] if len(given) == 1 else given), **options)
    while len(items) > 1:
        pairs = zip(items[::2], items[1::2])
        items = [choose(*pair) for pair in pairs] + items[len(items) // 2 * 2 :]
    return items[0]


def _has_no_gradient(item: Any) -> bool:
    if isinstance(item, Index):  # what is chosen of whole numbers is to be one
        return False
    return is_given(item) or (isinstance(item, (int, float)) and not isinstance(item, bool))
