"""Running a function once with a tracer watching: which graph it builds, and what it looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from autograd_lite.compiler.arguments import Argument
from autograd_lite.engine import Value
from autograd_lite.modes import current_tracer, traced_by

__all__ = ["Guard", "Index", "TraceError", "Traced", "trace"]


class TraceError(TypeError):
    """A function to be compiled read a number that is only known when the program runs."""


@dataclass(frozen=True)
class Guard:
    """A comparison that a function made while it was traced.

    Attributes:
        sign: "<", "<=", ">" or ">=".
        left: a Value or a plain number.
        right: a Value or a plain number.
        outcome: what came out; where it does not, the program is not the function.
    """

    sign: str
    left: Any
    right: Any
    outcome: bool


class Index(Value):
    """A whole number that is passed to a traced function.

    As an index of ``pick``, ``Embedding`` or ``cross_entropy``, and in arithmetic, it stays
    unknown. Used in any other way (as an index of a list, in ``==``) it becomes fixed: the
    program then holds for this number only.

    Args:
        position: the number.
        root: what it was computed from, if it was.
    """

    __slots__ = ("position", "root")

    def __init__(self, position: int, root: Index | None = None) -> None:
        super().__init__(float(position))
        self.position = position
        self.root = self if root is None else root

    def fixed(self) -> int:
        """Give the number, for a use that fixes it."""
        tracer = current_tracer()
        if tracer is not None:
            tracer.fixed[self.root] = None
        return self.position

    def __index__(self) -> int:
        return self.fixed()

    def __int__(self) -> int:
        return self.fixed()

    def __bool__(self) -> bool:
        return self.fixed() != 0

    def __hash__(self) -> int:
        return object.__hash__(self) if current_tracer() is None else hash(self.fixed())

    def __eq__(self, other: object) -> bool:
        if current_tracer() is None or self is other:
            return self is other
        if isinstance(other, Index):
            return self.fixed() == other.fixed()
        return NotImplemented if isinstance(other, Value) else self.fixed() == other

    def __floordiv__(self, other: int) -> int:
        return self.fixed() // other

    def __mod__(self, other: int) -> int:
        return self.fixed() % other


def _arithmetic(name: str) -> Callable[[Index, Any], Any]:
    """Make an operator of Index: with a whole number the result is again an index."""
    on_values: Callable[[Value, Any], Any] = getattr(Value, name)

    def method(index: Index, other: Any) -> Any:
        value = on_values(index, other)
        if type(other) is not int:
            return value
        moved = Index(int(value._data), index.root)
        for slot in Value.__slots__:
            setattr(moved, slot, getattr(value, slot))
        return moved

    return method


for _name in ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__"):
    setattr(Index, _name, _arithmetic(_name))


@dataclass(frozen=True)
class Traced:
    """What a function did.

    Attributes:
        outputs: what it returned, one after the other.
        single: whether that was one number and not a list.
        guards: the comparisons it made.
        inputs: for each argument, the Values that stood for its numbers.
        fixed: the whole numbers that it fixed, as (argument, position) pairs.
        random: the leaves that are to be drawn anew, and what draws them.
    """

    outputs: list[Value]
    single: bool
    guards: list[Guard]
    inputs: list[list[Value]]
    fixed: list[tuple[int, int]]
    random: dict[Value, Any]


class _Tracer:
    """What is told of everything that a graph does not show."""

    def __init__(self) -> None:
        self.guards: list[Guard] = []
        self.fixed: dict[Index, None] = {}
        self.random: dict[Value, Any] = {}

    def compared(self, sign: str, left: Any, right: Any, outcome: bool) -> None:
        """Keep a comparison in mind."""
        self.guards.append(Guard(sign, left, right, outcome))

    def refuse(self, what: str) -> NoReturn:
        """Say that a number may not be read."""
        raise TraceError(
            f"a function to be compiled is run once, for all inputs, and a number in it is not known yet: "
            f"{what}. Use .detach() for a number without its gradient, logsumexp instead of subtracting "
            f"the largest number, where(condition, a, b) or a comparison instead of if on a number, "
            f"a.exp() instead of math.exp(a)"
        )


def trace(f: Callable[..., Any], arguments: Sequence[Argument]) -> Traced:
    """Run a function on an example.

    Args:
        f: takes scalars and (nested) lists of them, returns a Value or a list of them.
        arguments: the example.

    Raises:
        TraceError: if it reads a number, or returns no Value.
    """
    tracer = _Tracer()
    inputs: list[list[Value]] = []
    passed = []
    for argument in arguments:
        values: list[Value] = []
        kind = Index if argument.form.kind == "wholes" else Value

        def make(number: Any, kind: type[Value] = kind, values: list[Value] = values) -> Value:
            values.append(kind(number))
            return values[-1]

        passed.append(argument.build(make))
        inputs.append(values)
    with traced_by(tracer):
        result = f(*passed)
    single = isinstance(result, Value)
    outputs = [result] if single else list(_flatten(result))
    where = {
        value: (number, position)
        for number, values in enumerate(inputs)
        for position, value in enumerate(values)
    }
    fixed = sorted(where[index] for index in tracer.fixed if index in where)
    return Traced(outputs, single, tracer.guards, inputs, fixed, tracer.random)


def _flatten(result: Any) -> Any:
    if isinstance(result, Value):
        yield result
    elif isinstance(result, (list, tuple)):
        for item in result:
            yield from _flatten(item)
    elif isinstance(result, (int, float)):
        yield Value(result)
    else:
        raise TraceError(f"a function to be compiled returns Values, got {result!r}")
