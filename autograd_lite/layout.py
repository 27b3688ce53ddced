"""Where a node keeps the operands of its operation.

A node has two places for parents and two for partial derivatives. A plain number is
no parent: it takes the place of the partial derivative that it does not need. A node
with more inputs keeps a list of parents, a list of partials, and its plain numbers.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

from autograd_lite.op import Op

__all__ = ["MANY", "Layout"]

MANY: Any = object()
"""Stands as the second parent of a node whose first place holds a list of parents."""


class Layout:
    """An operation, and how its nodes keep their operands.

    Args:
        op: the operation.
        kind: "one" parent (and attributes), "two" parents, "constant_right" or
            "constant_left" (a number and a parent), "many" parents among numbers, or
            "lists" of which each holds only parents or only numbers.
        lengths: for "lists", the length of each; None for a list of numbers.
    """

    __slots__ = ("inputs", "kind", "op")

    def __init__(self, op: Op, kind: str, lengths: tuple[int | None, ...] = ()) -> None:
        self.op = op
        self.kind = kind
        self.inputs: Callable[[Any], tuple[Any, ...]] = (
            functools.partial(_lists, lengths) if kind == "lists" else _INPUTS[kind]
        )

    def __repr__(self) -> str:
        return f"<Layout {self.op.name} {self.kind}>"


def layout(op: Op, kind: str) -> Layout:
    """Give the one layout of this kind for an operation."""
    found: Layout | None = op.layouts.get(kind)
    return op.layouts.setdefault(kind, Layout(op, kind)) if found is None else found


def parents_of(node: Any) -> tuple[Any, ...]:
    """List the Values that an inner node was computed from."""
    if node._second is None:
        return (node._first,)
    if node._second is MANY:
        return tuple(node._first)
    return (node._first, node._second)


def partials_of(node: Any) -> tuple[float, ...]:
    """List the partial derivative by each parent."""
    if node._second is None:
        return (node._first_partial,)
    if node._second is MANY:
        return tuple(node._first_partial)
    return (node._first_partial, node._second_partial)


def _lists(lengths: tuple[int | None, ...], node: Any) -> tuple[Any, ...]:
    """Put the inputs of an operation on lists into lists again."""
    parents, plain = iter(node._first), iter(node._second_partial or ())
    lists = [
        next(plain) if length is None else tuple(itertools.islice(parents, length)) for length in lengths
    ]
    return (*lists, *plain)


_INPUTS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "one": lambda node: (node._first, *(node._second_partial or ())),
    "two": lambda node: (node._first, node._second),
    "constant_right": lambda node: (node._first, node._second_partial),
    "constant_left": lambda node: (node._second_partial, node._first),
    "many": lambda node: node._second_partial,
}
