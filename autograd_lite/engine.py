"""Value: a number that remembers how it was computed, and its backward pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsFloat

from autograd_lite.functions import KERNEL_NAMES, Operators
from autograd_lite.layout import MANY, Layout, parents_of, partials_of
from autograd_lite.modes import MODE
from autograd_lite.op import Op
from autograd_lite.refusals import as_float, is_foreign, is_plain, leaf_data
from autograd_lite.sweep import adjoints, call_text, check_finite, sweep, topological_order

__all__ = ["NO_GRADIENT", "Value"]

NO_GRADIENT: float = float("0")
"""The very object that ``Value.grad`` is until a sweep or an assignment: a 0.0 that means none yet."""


class Value(Operators):
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
        "_data",
        "_first",
        "_first_partial",
        "_grad",
        "_label",
        "_layout",
        "_second",
        "_second_partial",
    )

    _data: float
    _grad: float
    _label: str
    _layout: Layout | None
    _first: Any
    _second: Any
    _first_partial: Any
    _second_partial: Any

    # NumPy leaves `array * value` and `scalar * value` to this class.
    __array_priority__ = 1000.0

    def __init__(self, data: SupportsFloat, label: str = "") -> None:
        self._data = data if type(data) is float else leaf_data(data)
        self._layout = None
        if label != "":
            self.label = label

    # ---- What a node holds --------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. Assigning to it changes no gradient that was already captured."""
        return self._data

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        self._data = number if type(number) is float else leaf_data(number)

    @property
    def grad(self) -> float:
        """The derivative of the swept output by this Value; NO_GRADIENT, a 0.0, before any sweep."""
        try:
            return self._grad
        except AttributeError:
            return NO_GRADIENT

    @grad.setter
    def grad(self, number: SupportsFloat) -> None:
        self._grad = number if type(number) is float else leaf_data(number)

    @property
    def label(self) -> str:
        """The name shown in drawings and steps; "" if it has none."""
        try:
            return self._label
        except AttributeError:
            return ""

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a string, got {label!r}")
        self._label = label

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

    # ---- How Python and NumPy treat a Value ---------------------------------------------

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Value:
        """Record an operation on Values and floats."""
        return record(op, operands)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data}, grad={self.grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __pos__(self) -> Value:
        return self

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __float__(self) -> float:
        raise TypeError(
            "a conversion to float would lose the gradient: use .data for the number, "
            "or the package's own function, such as x.exp() for math.exp(x)"
        )

    __int__ = __float__
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value):
            return self is other
        if not is_plain(other):
            return NotImplemented
        raise TypeError(
            f"== between a Value and {other!r} is ambiguous: compare the numbers with "
            "value.data == ..., or two Values with `is`"
        )

    def __lt__(self, other: Value | float) -> bool:
        return NotImplemented if is_foreign(other) else self._data < number_of(other)

    def __le__(self, other: Value | float) -> bool:
        return NotImplemented if is_foreign(other) else self._data <= number_of(other)

    def __gt__(self, other: Value | float) -> bool:
        return NotImplemented if is_foreign(other) else self._data > number_of(other)

    def __ge__(self, other: Value | float) -> bool:
        return NotImplemented if is_foreign(other) else self._data >= number_of(other)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._layout is not None:
            raise TypeError(
                f"cannot copy or pickle the result of an operation ({self._layout.op.name}): "
                "copy the leaves and compute it again, or copy value.detach()"
            )
        gradient = None if self.grad is NO_GRADIENT else self._grad
        return (_restore, (type(self), self._data, self.label, gradient))


def _restore(kind: type[Value], data: float, label: str, gradient: float | None) -> Value:
    value = kind(data, label)
    if gradient is not None:
        value._grad = gradient
    return value


def number_of(operand: Any) -> float:
    """The float behind an operand: a Value's data, or the plain number itself."""
    return operand._data if isinstance(operand, Value) else as_float(operand)


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
    return _node(op, args, y, op.local(y, numbers))


def record_many(op: Op, args: list[Any], attributes: tuple[Any, ...]) -> Any:
    """Record an operation on a list: for ordinary Values and floats, faster than ``record``."""
    numbers = [arg._data if type(arg) is Value else arg for arg in args]
    parents = tuple([arg for arg in args if type(arg) is Value])
    if KERNEL_NAMES["modes"] or not parents or {*map(type, numbers)} != {float}:
        return op.apply_to((*args, *attributes))
    assert op.many is not None
    y = op.forward(numbers, *attributes)
    partials = op.many(y, numbers, *attributes)
    if len(parents) < len(args):
        partials = [partial for partial, arg in zip(partials, args) if type(arg) is Value]
    node = Value(y)
    node._layout, node._first, node._second = Layout(op, "many"), parents, MANY
    node._first_partial = tuple(partials)
    ordinary = len(parents) == len(args) and not attributes
    node._second_partial = None if ordinary else (*args, *attributes)
    return node


def aside(y: float, op: Op, *operands: Any) -> Value:
    """Finish an operation in a context whose mode may differ from the ordinary one."""
    mode = MODE.get()
    return record(op, operands) if mode.recording or mode.checking else Value(y)


def _node(op: Op, args: list[Any], y: float, partials: Sequence[float | None]) -> Value:
    """Make a node in the layout that its inputs ask for."""
    node = Value(y)
    edges = [
        (parent, partial)
        for parent, partial in zip(args, partials)
        if isinstance(parent, Value) and partial is not None
    ]
    if not edges:
        return node
    parents, captured = zip(*edges)
    kind = _kind(op, args)
    node._layout = Layout(op, kind)
    if kind == "many":
        node._first, node._second, node._first_partial = parents, MANY, captured
        node._second_partial = None if len(parents) == len(args) else tuple(args)
    elif kind == "two":
        node._first, node._second = parents
        node._first_partial, node._second_partial = captured
    else:
        node._first, node._second, node._first_partial = parents[0], None, captured[0]
        rest = {"one": tuple(args[1:]) or None, "constant_right": args[-1], "constant_left": args[0]}
        node._second_partial = rest[kind]
    return node


def _kind(op: Op, args: list[Any]) -> str:
    """Name the layout of a node of this operation with these inputs."""
    if op.many is not None or None in op.partials or (len(op.partials) > 1 and len(args) != 2):
        return "many"
    if len(op.partials) == 1:
        return "one"
    if isinstance(args[0], Value):
        return "two" if isinstance(args[1], Value) else "constant_right"
    return "constant_left"


KERNEL_NAMES.update(
    Value=Value, new=object.__new__, record_many=record_many, aside=aside,
    foreign=lambda left, right: is_foreign(left) or is_foreign(right),
)  # fmt: skip
