"""Value: a number that remembers how it was computed, and its backward pass."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

from autograd_lite.functions import KERNEL_NAMES
from autograd_lite.kernels import compile_list_kernel
from autograd_lite.layout import MANY, Layout, layout, parents_of, partials_of
from autograd_lite.modes import MODE, current_tracer
from autograd_lite.op import Op
from autograd_lite.refusals import as_float, is_foreign, leaf_data
from autograd_lite.scalar import NO_GRADIENT, Scalar, number_of, refuse_while_traced
from autograd_lite.sweep import adjoints, call_text, check_finite, sweep, topological_order

__all__ = ["NO_GRADIENT", "Value"]

new = object.__new__

DETACH = Op("detach", "detach({0})", lambda a: a, lambda y, a: 0.0, why="detach stops the gradient")
"""What ``detach`` means where a tracer must see it."""


class Value(Scalar):
    """A number in a computation graph.

    Args:
        data: a real number (int, float, Fraction, NumPy scalar, ...).
        label: a name, for drawings and steps.

    Raises:
        TypeError: if data is not a real number; bools, strings, None, complex numbers
            and arrays are refused. So is a Value, but for one that stands for a plain
            number: an argument of a function that is being compiled.

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
        self._grad = NO_GRADIENT
        self._layout = None
        if type(data) is float:
            self._data = data
        elif isinstance(data, Value) and _is_given(data):
            for slot in COMPUTED:
                setattr(self, slot, getattr(record(DETACH, (data,)), slot))
        else:
            self._data = leaf_data(data)
        if label != "":
            self.label = label

    @property
    def op(self) -> Op | None:
        """The operation that computed this Value; None for a leaf."""
        return None if self._layout is None else self._layout.op

    @property
    def args(self) -> tuple[Value | float, ...]:
        """All inputs of the operation in order: Values, and plain numbers as floats."""
        return () if self._layout is None else self._layout.op.flat(self._layout.inputs(self))

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The inputs as the operation takes them: those of an operation on lists are in lists."""
        return () if self._layout is None else self._layout.inputs(self)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The Values among the inputs, in order; ``x * x`` has the parents (x, x)."""
        return () if self._layout is None else parents_of(self)

    @property
    def partials(self) -> tuple[float, ...]:
        """The derivative of this Value by each parent, captured by the forward pass."""
        refuse_while_traced("its .partials are read")
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
        return Value(self._data) if current_tracer() is None else record(DETACH, (self,))

    def backward(self) -> None:
        """Compute the derivative of this Value by every Value that it depends on.

        Leaves add it to their ``.grad``; the nodes in between set theirs.
        ∂L/∂x = Σ ∂L/∂v · ∂v/∂x over all v computed from x.

        Raises:
            FloatingPointError: under ``detect_anomaly``, before any gradient has
                changed, if a contribution is not finite.
        """
        refuse_while_traced("its gradient is computed")
        if MODE.get().checking:
            adjoints(self, topological_order(self)[1], partials_of, check_finite)
        sweep(self)

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Value:
        """Record an operation on Values and floats."""
        return record(op, operands)


COMPUTED = ("_data", *Value.__slots__)
"""Where the result of an operation keeps what it is."""


def _is_given(value: Value) -> bool:
    """Tell whether a number is a Value only because a tracer passes it: eagerly it is a plain number."""
    tracer = current_tracer()
    return tracer is not None and tracer.is_given(value)


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
        if isinstance(attribute, Value) and not hasattr(attribute, "position"):  # a traced index
            raise TypeError(f"{op.name}: {name} is a plain number, not a Value: use its .data")
    numbers = op.numbers(operands, number_of)
    y = op.forward(*numbers)
    if mode.checking and not math.isfinite(y):
        raise FloatingPointError(f"{call_text(op, operands)} is {y}")
    if not mode.recording and op is not DETACH:
        return Value(y) if current_tracer() is None else _traced_aside(op, operands)
    inputs = op.numbers(operands, lambda arg: arg if isinstance(arg, Value) else as_float(arg))
    wanted = [index for index, arg in enumerate(_operands(op, inputs)) if isinstance(arg, Value)]
    return _node(op, inputs, y, op.slopes(y, numbers, wanted))


Prepared = tuple[Sequence[Any], Sequence[float]]
"""A list of Values and their numbers, or a copy of a list of floats, twice."""


def prepare(values: Sequence[Any]) -> Prepared | None:
    """Give a list and its numbers, if it holds only Values or only floats; else None."""
    try:
        numbers = [value._data for value in values]
    except AttributeError:
        floats = tuple(values)
        return (floats, floats) if {*map(type, floats)} == {float} else None
    return (values, numbers) if numbers else None


def record_many(op: Op, lists: Sequence[Sequence[Any]], attributes: tuple[Any, ...]) -> Any:
    """Record an operation on lists of Values and lists of floats, faster than ``record``."""
    prepared: list[Any] = [prepare(values) for values in lists]
    if None not in prepared:
        lengths = tuple([None if values is floats else len(values) for values, floats in prepared])
        if any(lengths):
            listed, numbers = zip(*prepared)
            return list_kernel(op, lengths)(*listed, *numbers, *attributes)
    return op.apply_to((*lists, *attributes))


@functools.lru_cache(1024)
def list_kernel(op: Op, lengths: tuple[int | None, ...]) -> Callable[..., Any]:
    """Give what records an operation on lists: a function of the lists, their numbers, the attributes.

    Args:
        op: the operation.
        lengths: the length of each list of Values; None for a list of floats.
    """
    return _list_kernels(op, tuple(length is None for length in lengths))(Layout(op, "lists", lengths))


@functools.cache
def _list_kernels(op: Op, plain: tuple[bool, ...]) -> Callable[[Layout], Callable[..., Any]]:
    return compile_list_kernel(op, plain, KERNEL_NAMES)


def aside(y: float, op: Op, *operands: Any) -> Value:
    """Finish an operation in a context whose mode may differ from the ordinary one."""
    mode = MODE.get()
    plain = not (mode.recording or mode.checking or current_tracer())
    return Value(y) if plain else record(op, operands)


def _traced_aside(op: Op, operands: Sequence[Any]) -> Value:
    """Let a tracer see an operation through which no gradient flows."""
    token = MODE.set(MODE.get()._replace(recording=True))
    try:
        return record(op, operands).detach()
    finally:
        MODE.reset(token)


def _operands(op: Op, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """List what an operation can be differentiated by: all its inputs but the attributes."""
    flat = op.flat(inputs)
    return flat[: len(flat) - len(op.attributes)]


def _node(op: Op, inputs: list[Any], y: float, partials: list[float]) -> Value:
    """Make a node in the layout that its inputs ask for."""
    node = Value(y)
    parents = [arg for arg in _operands(op, inputs) if isinstance(arg, Value)]
    kind = _kind(op, inputs)
    node._layout = layout(op, kind)
    if kind == "many":
        node._first, node._second, node._first_partial = parents, MANY, partials
        node._second_partial = tuple(inputs)
    elif kind == "two":
        node._first, node._second = parents
        node._first_partial, node._second_partial = partials
    else:
        node._first, node._second, node._first_partial = parents[0], None, partials[0]
        rest = {"one": tuple(inputs[1:]) or None, "constant_right": inputs[-1], "constant_left": inputs[0]}
        node._second_partial = rest[kind]
    return node


def _kind(op: Op, inputs: list[Any]) -> str:
    """Name the layout of a node of this operation with these inputs."""
    if len(op.partials) == 1:
        return "one"
    if len(op.partials) != 2 or len(inputs) != 2:
        return "many"
    if isinstance(inputs[0], Value):
        return "two" if isinstance(inputs[1], Value) else "constant_right"
    return "constant_left"


KERNEL_NAMES.update(
    NO_GRADIENT=NO_GRADIENT, Value=Value, new=object.__new__, record_many=record_many, aside=aside,
    foreign=lambda left, right: is_foreign(left) or is_foreign(right),
)  # fmt: skip
