"""Value: a number that remembers how it was computed, and its backward pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsFloat

from autograd_lite.functions import KERNEL_NAMES
from autograd_lite.ieee import SIGNALS
from autograd_lite.layout import MANY, Layout, layout, parents_of, partials_of
from autograd_lite.modes import MODE
from autograd_lite.op import Op
from autograd_lite.refusals import is_foreign, leaf_data
from autograd_lite.scalar import NO_GRADIENT, Scalar, number_of
from autograd_lite.sweep import adjoints, call_text, check_finite, sweep, topological_order

__all__ = ["NO_GRADIENT", "Value"]

new = object.__new__


class Value(Scalar):
    """A number in a computation graph.

    Args:
        data: a real number (int, float, Fraction, NumPy scalar, ...).
        label: a name, for drawings and steps.

    Raises:
        TypeError: if data is not a real number; bools, strings, None, complex numbers
            and arrays are refused.

    Example:
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> L = (x + y) * z
        >>> L.backward()
        >>> L.data, x.grad, y.grad, z.grad
        (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = (
        "_first",
        "_first_partial",
        "_layout",
        "_second",
        "_second_partial",
    )

    _layout: Layout | None
    _first: Any
    _second: Any
    _first_partial: Any
    _second_partial: Any

    def __init__(self, data: SupportsFloat, label: str = "") -> None:
        self._data = data if type(data) is float else leaf_data(data)
        self._layout = None
        if label != "":
            self.label = label

    @property
    def op(self) -> Op | None:
        """The operation that computed this Value; None for a leaf."""
        return None if self._layout is None else self._layout.op

    @property
    def args(self) -> tuple[Value | float, ...]:
        """All inputs of the operation in order: Values, and plain numbers as floats."""
        return () if self._layout is None else self._layout.args(self)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The Values among the inputs, in order; ``x * x`` has the parents (x, x)."""
        return () if self._layout is None else parents_of(self)

    @property
    def partials(self) -> tuple[float, ...]:
        """The derivative of this Value by each parent, captured by the forward pass."""
        return () if self._layout is None else partials_of(self)

    @property
    def _prev(self) -> tuple[Value, ...]:
        return self.parents

    @property
    def _op(self) -> str:
        if self._layout is None:
            return ""
        op = self._layout.op
        exponent = format(self._second_partial, "g") if self._layout.kind == "constant_right" else ""
        return f"**{exponent}" if op.sign == "**" else {"negative": "-"}.get(op.sign, op.sign)

    def detach(self) -> Value:
        """Give the same number as a new leaf, through which no gradient flows.

        Example:
            >>> x = Value(3.0)
            >>> y = x * x.detach()
            >>> y.backward(); x.grad
            3.0
        """
        return Value(self._data)

    def backward(self) -> None:
        """Compute the derivative of this Value by every Value that it depends on.

        Leaves add it to their ``.grad``; the nodes in between set theirs.
        ∂L/∂x = Σ ∂L/∂v · ∂v/∂x over all v computed from x.

        Raises:
            FloatingPointError: under ``detect_anomaly``, before any gradient has
                changed, if a contribution is not finite.
        """
        leaves, nodes = topological_order(self)
        if MODE.get().checking:
            adjoints(self, nodes, partials_of, check_finite)
        before = [leaf.grad for leaf in leaves]
        try:
            sweep(self, leaves, nodes)
        except BaseException:
            for leaf, gradient in zip(leaves, before):
                leaf._grad = gradient
            raise
        for leaf, gradient in zip(leaves, before):
            leaf._grad += gradient

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Value:
        """Record an operation on Values and floats."""
        return record(op, operands)


# ---- The forward pass ---------------------------------------------------------------------


def record(op: Op, operands: Sequence[Any]) -> Value:
    """Compute an operation and, unless gradients are off, remember it as a node.

    This is what an operation on Values means; the kernels do the same, faster, in the
    ordinary cases.

    Args:
        op: the operation.
        operands: its inputs, at least one of them a Value, then its attributes.

    Raises:
        TypeError: if an operand is neither a Value nor a plain number, or an attribute
            is a Value.
        FloatingPointError: under ``detect_anomaly``, if the result is not finite.
    """
    mode = MODE.get()
    for name, attribute in zip(op.attributes, op.split(operands)[1]):
        if isinstance(attribute, Value):
            raise TypeError(f"{op.name}: {name} is a plain number, not a Value: use its .data")
    numbers = op.numbers(operands, number_of)
    y = op.value(numbers)
    if mode.checking and not math.isfinite(y):
        raise FloatingPointError(f"{call_text(op, operands)} is {y}")
    if not mode.recording:
        return Value(y)
    args = [arg if isinstance(arg, Value) else number for arg, number in zip(operands, numbers)]
    wanted = [index for index, arg in enumerate(args) if isinstance(arg, Value)]
    return _node(op, args, y, op.slopes(y, numbers, wanted))


def record_many(op: Op, args: list[Any], attributes: tuple[Any, ...]) -> Any:
    """Record an operation on a list: for Values and floats, faster than ``record``."""
    assert op.many is not None
    kinds = {*map(type, args)}
    if KERNEL_NAMES["modes"] or Value not in kinds or not kinds <= {Value, float}:
        return op.apply_to((*args, *attributes))
    constants = None
    if len(kinds) == 1:
        numbers = [arg._data for arg in args]
    else:
        numbers = [arg if type(arg) is float else arg._data for arg in args]
    try:
        y = op.forward(numbers, *attributes)
        partials = op.many(y, numbers, *attributes)
    except SIGNALS:
        return op.apply_to((*args, *attributes))
    if attributes or len(kinds) > 1:
        constants = (*args, *attributes)
        partials = [partial for partial, arg in zip(partials, args) if type(arg) is Value]
        args = [arg for arg in args if type(arg) is Value]
    node = new(Value)
    node._data = y
    node._layout = layout(op, "many")
    node._first = tuple(args)
    node._second = MANY
    node._first_partial = partials
    node._second_partial = constants
    return node


def aside(y: float, op: Op, *operands: Any) -> Value:
    """Finish an operation in a context whose mode may differ from the ordinary one."""
    mode = MODE.get()
    return record(op, operands) if mode.recording or mode.checking else Value(y)


def _node(op: Op, args: list[Any], y: float, partials: list[float]) -> Value:
    """Make a node in the layout that its inputs ask for."""
    node = Value(y)
    parents = [arg for arg in args if isinstance(arg, Value)]
    kind = _kind(op, args)
    node._layout = layout(op, kind)
    if kind == "many":
        node._first, node._second, node._first_partial = tuple(parents), MANY, partials
        node._second_partial = None if len(parents) == len(args) else tuple(args)
    elif kind == "two":
        node._first, node._second = parents
        node._first_partial, node._second_partial = partials
    else:
        node._first, node._second, node._first_partial = parents[0], None, partials[0]
        rest = {"one": tuple(args[1:]) or None, "constant_right": args[-1], "constant_left": args[0]}
        node._second_partial = rest[kind]
    return node


def _kind(op: Op, args: list[Any]) -> str:
    """Name the layout of a node of this operation with these inputs."""
    if len(op.partials) == 1:
        return "one"
    if len(op.partials) != 2 or len(args) != 2:
        return "many"
    if isinstance(args[0], Value):
        return "two" if isinstance(args[1], Value) else "constant_right"
    return "constant_left"


KERNEL_NAMES.update(
    Value=Value, new=object.__new__, record_many=record_many, aside=aside,
    foreign=lambda left, right: is_foreign(left) or is_foreign(right),
)  # fmt: skip
