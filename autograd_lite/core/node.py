"""How a node keeps what it was computed from: in four places, whatever the operation.

Two are for parents and two for their partial derivatives. A plain number is no parent: it takes
the place of the partial derivative that it does not need. A node with more inputs keeps a list of
parents and a list of partials in the first places, and its inputs in the last.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from autograd_lite.core.ieee import warn
from autograd_lite.core.op import Op
from autograd_lite.core.scalar import Scalar, number_of, refuse_while_traced
from autograd_lite.core.variables import callers_names

__all__ = ["MANY", "SLOTS", "Layout", "Node", "check_finite", "check_graph", "layout", "without_graph"]

MANY: Any = object()
"""Stands as the second parent of a node whose first place holds a list of parents."""


SLOTS: tuple[str, ...] = (
    "_data", "_grad", "_label", "_layout", "_first", "_second", "_first_partial", "_second_partial",
)  # fmt: skip
"""What a Value holds. The classes above it have no room for it: another Value can hold it elsewhere."""

NO_GRAPH: Any = object()
"""Stands as the first parent of a leaf that was computed while gradients were off."""


class Node(Scalar):
    """A number that remembers its operation, its inputs, and its derivative by each of them."""

    __slots__ = ()

    _layout: Layout | None
    _first: Any
    _second: Any
    _first_partial: Any
    _second_partial: Any

    @property
    def op(self) -> Op | None:
        """The operation that computed this Value; None for a leaf."""
        return None if self._layout is None else self._layout.op

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The inputs as the operation takes them: those of an operation on lists are in lists."""
        return () if self._layout is None else self._layout.inputs(self)

    @property
    def args(self) -> tuple[Any, ...]:
        """All inputs of the operation in order: Values, and plain numbers as floats."""
        return () if self._layout is None else self._layout.op.flattened(self._layout.inputs(self))

    @property
    def slots(self) -> list[int]:
        """Which of the args are Values, one for each parent."""
        return [] if self._layout is None else self._layout.op.slots_of(self.inputs, Scalar)

    @property
    def parents(self) -> tuple[Any, ...]:
        """The Values among the inputs, in order; ``x * x`` has the parents (x, x)."""
        if self._layout is None:
            return ()
        if self._second is None:
            return (self._first,)
        return tuple(self._first) if self._second is MANY else (self._first, self._second)

    @property
    def partials(self) -> tuple[float, ...]:
        """The derivative of this Value by each parent, captured by the forward pass."""
        refuse_while_traced("its .partials are read")
        return self.captured

    @property
    def captured(self) -> tuple[float, ...]:
        """The same partials, also while the forward pass is traced."""
        if self._layout is None:
            return ()
        if self._second is None:
            return (self._first_partial,)
        if self._second is MANY:
            return tuple(self._first_partial)
        return (self._first_partial, self._second_partial)

    @property
    def _prev(self) -> tuple[Any, ...]:
        return self.parents

    _children = _prev

    @property
    def _local_grads(self) -> tuple[float, ...]:
        return self.partials

    @property
    def _op(self) -> str:
        if self._layout is None:
            return ""
        op = self._layout.op
        exponent = format(self._second_partial, "g") if self._layout.kind == "constant_right" else ""
        return f"**{exponent}" if op.sign == "**" else op.sign

    def become(self, other: Node) -> None:
        """Take another inner node's number, and what that was computed from."""
        assert other.op is not None
        self._data = other._data
        self.remember(other.op, other.inputs, other.captured)

    def remember(self, op: Op, inputs: Sequence[Any], partials: Sequence[float]) -> None:
        """Keep the operation that computed this number.

        Args:
            op: the operation.
            inputs: its inputs, Values and floats, in lists for an operation on lists; then attributes.
            partials: the derivative by each Value among them.
        """
        kind = _kind(op, inputs)
        self._layout = layout(op, kind)
        args = self._layout.op.flattened(inputs)
        parents, slopes = [args[slot] for slot in op.slots_of(inputs, Scalar)], [*map(float, partials)]
        if kind == "many":
            self._first, self._second, self._first_partial = parents, MANY, slopes
            self._second_partial = tuple(inputs)
        elif kind == "two":
            (self._first, self._second), (self._first_partial, self._second_partial) = parents, slopes
        else:
            (self._first,), self._second, (self._first_partial,) = parents, None, slopes
            rest = {
                "one": tuple(inputs[1:]) or None,
                "constant_right": inputs[-1],
                "constant_left": inputs[0],
            }
            self._second_partial = rest[kind]


def check_finite(node: Node, parent: Node, contribution: Any) -> None:
    """Raise a FloatingPointError if what a node adds to a parent's gradient is not finite."""
    number = number_of(contribution)
    if not math.isfinite(number):
        assert node.op is not None
        names = callers_names(node.parents)
        name = parent.label or names.get(id(parent), "")
        raise FloatingPointError(
            f"the gradient that {node.op.call_text(node.inputs, names)} gives to the Value "
            f"{name or parent.data!r} is {number}"
        )


AnyNode = TypeVar("AnyNode", bound=Node)


def without_graph(leaf: AnyNode) -> AnyNode:
    """Mark a leaf as the result of an operation that was not recorded."""
    leaf._first = NO_GRAPH
    return leaf


def check_graph(output: Node) -> None:
    """Refuse a backward pass while it is traced; warn if the output was computed without being recorded."""
    refuse_while_traced("its gradient is computed")
    if output._layout is None and getattr(output, "_first", None) is NO_GRAPH:
        warn(
            "backward() of a number that was computed under no_grad() reaches nothing: compute it outside",
            UserWarning,
        )


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


def layout(op: Op, kind: str) -> Layout:
    """Return the one layout of this kind for an operation."""
    if kind not in op.layouts:
        op.layouts[kind] = Layout(op, kind)
    found: Layout = op.layouts[kind]
    return found


def _kind(op: Op, inputs: Sequence[Any]) -> str:
    """Name the layout of a node of this operation with these inputs."""
    if len(op.partials) == 1:
        return "one"
    if len(op.partials) != 2 or len(inputs) != 2:
        return "many"
    if isinstance(inputs[0], Scalar):
        return "two" if isinstance(inputs[1], Scalar) else "constant_right"
    return "constant_left"


def _lists(lengths: tuple[int | None, ...], node: Node) -> tuple[Any, ...]:
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
