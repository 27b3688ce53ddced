"""A number with a gradient, as Python and NumPy see it: what it shows, compares with and refuses."""

from __future__ import annotations

import operator
from typing import Any, Self, SupportsFloat

from autograd_lite.core.coercion import as_float, is_foreign, is_plain, leaf_data
from autograd_lite.core.modes import ACTIVE, current_tracer
from autograd_lite.core.operators import Operators

__all__ = ["NO_GRADIENT", "Scalar", "number_of", "refuse_while_traced"]

NO_GRADIENT: float = float("0")
"""The very object that ``Value.grad`` is until a sweep or an assignment: a 0.0 that means none yet."""


class Scalar(Operators):
    """A number, its gradient and its name. Assignments are checked; nothing is converted silently."""

    __slots__ = ("_data", "_grad", "_label")

    _data: float
    _grad: float
    _label: str
    _layout: Any

    # NumPy leaves `array * value` and `scalar * value` to this class.
    __array_priority__ = 1000.0

    @property
    def data(self) -> float:
        """The number. Assigning to it changes no gradient that was already captured."""
        if ACTIVE["tracers"]:
            refuse_while_traced("its .data is read")
        return self._data

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        if ACTIVE["tracers"]:
            refuse_while_traced("its .data is set")
        self._data = number if type(number) is float else leaf_data(number)

    @property
    def grad(self) -> float:
        """The derivative of the swept output by this Value; NO_GRADIENT, a 0.0, before any sweep."""
        if ACTIVE["tracers"]:
            refuse_while_traced("its .grad is read")
        return self._grad

    @grad.setter
    def grad(self, number: SupportsFloat) -> None:
        if ACTIVE["tracers"]:
            refuse_while_traced("its .grad is set")
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

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data}, grad={self._grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __pos__(self) -> Self:
        return self

    def __bool__(self) -> bool:
        if ACTIVE["tracers"]:
            refuse_while_traced("it is asked whether it is true")
        return self._data != 0.0

    def __float__(self) -> float:
        if ACTIVE["tracers"]:
            refuse_while_traced("it is converted to a plain number")
        raise TypeError(
            "a conversion to float would lose the gradient: use .data for the number, "
            "or the package's own function, such as x.exp() for math.exp(x)"
        )

    __int__ = __trunc__ = __float__

    def __round__(self, digits: int | None = None) -> float:
        return self.__float__()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Scalar):
            return self is other
        if not is_plain(other):
            return NotImplemented
        if ACTIVE["tracers"]:
            refuse_while_traced("it is compared with ==")
        raise TypeError(
            f"== between a Value and {other!r} is ambiguous: compare the numbers with "
            "value.data == ..., or two Values with `is`"
        )

    def __lt__(self, other: Scalar | float) -> bool:
        return NotImplemented if is_foreign(other) else _compared("<", self, other)

    def __le__(self, other: Scalar | float) -> bool:
        return NotImplemented if is_foreign(other) else _compared("<=", self, other)

    def __gt__(self, other: Scalar | float) -> bool:
        return NotImplemented if is_foreign(other) else _compared(">", self, other)

    def __ge__(self, other: Scalar | float) -> bool:
        return NotImplemented if is_foreign(other) else _compared(">=", self, other)

    def __reduce__(self) -> tuple[Any, ...]:
        if ACTIVE["tracers"]:
            refuse_while_traced("it is copied")
        if self._layout is not None:
            raise TypeError(
                f"cannot copy or pickle the result of an operation ({self._layout.op.name}): "
                "copy the leaves and compute it again, or copy value.detach()"
            )
        gradient = None if self._grad is NO_GRADIENT else self._grad
        return (_restore, (type(self), self._data, self.label, gradient))


_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def _compared(sign: str, left: Scalar, right: Scalar | float) -> bool:
    """Compare two numbers; a tracer keeps in mind what came out."""
    outcome: bool = _COMPARE[sign](left._data, number_of(right))
    tracer = current_tracer()
    if tracer is not None:
        tracer.compared(sign, left, right, outcome)
    return outcome


def refuse_while_traced(what: str) -> None:
    """Let the tracer, if there is one in this context, say why a number may not be read."""
    tracer = current_tracer()
    if tracer is not None:
        tracer.refuse(what)


def _restore(kind: type[Any], data: float, label: str, gradient: float | None) -> Any:
    value = kind(data, label)
    if gradient is not None:
        value._grad = gradient
    return value


def number_of(operand: Any) -> float:
    """The float behind an operand: a Value's data, or the plain number itself."""
    return operand._data if isinstance(operand, Scalar) else as_float(operand)
