"""A number with a gradient, as Python and NumPy see it: what it shows, compares with and refuses."""

from __future__ import annotations

import operator
from typing import Any, Self, SupportsFloat

from autograd_lite.core.coercion import as_float, is_foreign, is_plain, leaf_data
from autograd_lite.core.modes import ACTIVE, current_tracer
from autograd_lite.core.operators import Operators
from autograd_lite.core.suggestions import Misnamed

__all__ = ["NO_GRADIENT", "Scalar", "number_of", "refuse_while_traced"]

NO_GRADIENT: float = float("0")
"""The very object that ``Value.grad`` is until a sweep or an assignment: a 0.0 that means none yet."""


LOCAL_GRADIENTS = "Value(data, (a, b), (da, db)), with the derivative by each child"


class FreeAttribute:
    """Stands on Value where programs keep something of their own on a parameter, to say what has room.

    Room in every Value, or a ``__setattr__`` that knows every name, would make all operations slower.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, value: Any, kind: type[Any] | None = None) -> Any:
        return self._room(value)[self.name]

    def __set__(self, value: Any, thing: Any) -> None:
        self._room(value, making=True)[self.name] = thing

    def __delete__(self, value: Any) -> None:
        del self._room(value)[self.name]

    def _room(self, value: Any, making: bool = False) -> dict[str, Any]:
        """Return the dict of a Value, of a subclass, that holds the attribute or may do so."""
        room: dict[str, Any] | None = getattr(value, "__dict__", None)
        if room is None or value is None:
            raise AttributeError(
                f"a Value has no attribute {self.name!r}, nor room for one: to keep something of your own on "
                "it, write `class V(Value): pass` and use V(...), or a dict beside it"
            )
        if not making and self.name not in room:
            raise AttributeError(f"{type(value).__name__!r} object has no attribute {self.name!r}")
        return room


class Misplaced(Misnamed):
    """The same where it is assigned to; a Value of a subclass has room for it."""

    def __get__(self, value: Any, kind: type[Any]) -> Any:
        room = getattr(value, "__dict__", {})
        return room[self.name] if self.name in room else super().__get__(value, kind)

    def __set__(self, value: Any, thing: Any) -> None:
        if not hasattr(value, "__dict__"):
            super().__get__(value, type(value))
        vars(value)[self.name] = thing


MISNAMED = {
    "ln": "did you mean log()?",
    "item": "its number is .data",
    "numpy": "its number is .data",
    "value": "did you mean data?",
    "gradient": "did you mean grad?",
    "backwards": "did you mean backward()?",
    "backprop": "did you mean backward()?",
    "zero_grad": "write p.grad = 0.0, or model.zero_grad() for all parameters",
    "pow": "write x ** 2",
    "requires_grad": "every Value has a gradient; x.detach() is the number without one",
    **{f"arc{name}": f"did you mean a{name}()?" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
}


class Scalar(Operators):
    """A number, its gradient and its name. Assignments are checked; nothing is converted silently."""

    __slots__ = ()

    _data: float
    _grad: float
    _label: str
    _layout: Any

    # Between NumPy's own: its scalars leave `scalar * value` to this class, its arrays go element by element.
    __array_priority__ = -1.0

    @property
    def data(self) -> float:
        """The number. Assigning to it changes no gradient that was already captured."""
        if ACTIVE["tracers"]:
            tracer = current_tracer()
            if tracer is not None:
                number: float = tracer.number_in(self)
                return number
        return self._data

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        if ACTIVE["tracers"]:
            tracer = current_tracer()
            if tracer is not None:
                tracer.write(self, number)
                return
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
        if number is None:
            raise TypeError("a gradient is a number: write p.grad = 0.0, or model.zero_grad()")
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
    def _backward(self) -> Any:
        raise AttributeError(
            "a Value has no _backward: backward() runs the whole pass, and step_through(value) shows its "
            "steps one by one"
        )

    @_backward.setter
    def _backward(self, closure: Any) -> None:
        raise AttributeError(
            f"a Value has no _backward to set: give a node its local gradients, {LOCAL_GRADIENTS}; "
            "step_through(value) shows the backward pass"
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__()} - MISNAMED.keys() - set(FREE))

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data}, grad={self._grad}{label})"

    def __format__(self, spec: str) -> str:
        refuse_while_traced("it is written as text")
        return format(self._data, spec) if spec else repr(self)

    def __pos__(self) -> Self:
        return self

    def __bool__(self) -> bool:
        refuse_while_traced("it is asked whether it is true")
        return self._data != 0.0

    def __float__(self) -> float:
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
        if ACTIVE["tracers"] and _stand_for_numbers(self, other):
            return _compared("==", self, other)
        if isinstance(other, Scalar):
            return self is other
        if not is_plain(other):
            return NotImplemented
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
        refuse_while_traced("it is copied")
        if self._layout is not None:
            raise TypeError(
                f"cannot copy or pickle the result of an operation ({self._layout.op.name}): "
                "copy the leaves and compute it again, or copy value.detach()"
            )
        gradient = None if self._grad is NO_GRADIENT else self._grad
        return (_restore, (type(self), self._data, self.label, gradient))


FREE = ("m", "v", "s", "mom", "momentum", "vel", "velocity", "cache", "exp_avg", "exp_avg_sq", "name")

for _name in FREE:
    setattr(Scalar, _name, FreeAttribute(_name))
for _name, _hint in MISNAMED.items():
    setattr(Scalar, _name, Misplaced(_name, _hint))

_COMPARE = {"==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def _stand_for_numbers(value: Scalar, other: Any) -> bool:
    """Tell whether both are plain numbers outside the compiler, which == compares, and not two Values."""
    tracer = current_tracer()
    if tracer is None or value is other or not tracer.is_given(value):
        return False
    return tracer.is_given(other) if isinstance(other, Scalar) else is_plain(other)


def _compared(sign: str, left: Scalar, right: Any) -> bool:
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
