"""The numbers that declarations are run on: Terms, and rows of them."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.symbol import ATOM, STRENGTH
from autograd_lite.javascript.choices import translated
from autograd_lite.javascript.names import known_names
from autograd_lite.javascript.writing import AND, COMPARISON, OR, WHERE, Written

__all__ = ["Term", "value_of"]


class Term(Written):
    """A number in JavaScript: a name, or what is computed from other numbers.

    Args:
        text: how it is written, with ``{}`` for each operand.
        operands: Terms, floats and bools.
        strength: how strongly its sign binds.
        needed: how strongly that of each operand must bind to go without parentheses.

    Example:
        >>> from autograd_lite.javascript import function_script
        >>> a = Term("a")
        >>> function_script("a", (a + 1.0) * a)
        '(a) => (a + 1) * a'
    """

    __slots__ = ()

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Any:
        """Write an operation by its declaration."""
        return value_of(op, operands)

    def __lt__(self, other: Any) -> Term:
        return _infix("<", COMPARISON, self, other)

    def __le__(self, other: Any) -> Term:
        return _infix("<=", COMPARISON, self, other)

    def __gt__(self, other: Any) -> Term:
        return _infix(">", COMPARISON, self, other)

    def __ge__(self, other: Any) -> Term:
        return _infix(">=", COMPARISON, self, other)

    def __eq__(self, other: object) -> Any:
        return _infix("===", COMPARISON, self, other)

    def __ne__(self, other: object) -> Any:
        return _infix("!==", COMPARISON, self, other)

    def __and__(self, other: Any) -> Term:
        return _infix("&&", AND, self, other)

    def __or__(self, other: Any) -> Term:
        return _infix("||", OR, self, other)

    def __invert__(self) -> Term:
        return Term("!{}", self, strength=STRENGTH["neg"], needed=(ATOM,))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a number that is not known yet chooses nothing by if: write where(...)")

    def __getitem__(self, index: Any) -> Term:
        """Return itself for ``[..., None]``: a number has no axes."""
        if index != (..., None):
            raise TypeError("one number has no parts")
        return self

    def clip(self, low: Any, high: Any) -> Any:
        """Write an array's method of that name."""
        return _call("minimum", _call("maximum", self, low), high)

    def shared_out(self, partials: Sequence[Any]) -> list[Any]:
        """Divide numbers by this, their sum, where it is finite."""
        is_finite = _call("isfinite", self)
        return [_where(is_finite, partial / self, partial) for partial in partials]


def _infix(sign: str, strength: int, left: Any, right: Any) -> Term:
    return Term(f"{{}} {sign} {{}}", left, right, strength=strength, needed=(strength + 1, strength + 1))


class Row(list[Any]):
    """The last axis of an array: numbers side by side, with those of an array's methods that forms use."""

    @property
    def shape(self) -> tuple[int]:
        """How many there are."""
        return (len(self),)

    def max(self, axis: int = -1) -> Any:
        """Write the largest."""
        return functools.reduce(functools.partial(_call, "maximum"), self)

    def min(self, axis: int = -1) -> Any:
        """Write the smallest."""
        return functools.reduce(functools.partial(_call, "minimum"), self)

    def sum(self, axis: int = -1) -> Any:
        """Write the sum, from left to right."""
        return functools.reduce(lambda left, right: left + right, self)

    def argmax(self, axis: int = -1) -> Any:
        """Write the position of the first that is largest."""
        largest = self.max()
        return functools.reduce(
            lambda found, place: _where(self[place] == largest, float(place), found),
            reversed(range(len(self) - 1)),
            Term(str(len(self) - 1)),
        )

    def __add__(self, other: Any) -> Row:
        return _spread(lambda left, right: left + right, self, other)

    def __sub__(self, other: Any) -> Row:
        return _spread(lambda left, right: left - right, self, other)

    def __mul__(self, other: Any) -> Row:
        return _spread(lambda left, right: left * right, self, other)

    def __truediv__(self, other: Any) -> Row:
        return _spread(lambda left, right: left / right, self, other)

    def __neg__(self) -> Row:
        return _spread(lambda number: -number, self)

    def __eq__(self, other: object) -> Any:
        return _spread(lambda left, right: left == right, self, other)

    __hash__ = None


def _spread(function: Callable[..., Any], *operands: Any) -> Row:
    """Do something for each number of rows; a number beside them stands for a row of it."""
    count = next(len(operand) for operand in operands if isinstance(operand, Row))
    columns = [operand if isinstance(operand, Row) else [operand] * count for operand in operands]
    return Row(map(function, *columns))


class _Names(Mapping[str, Any]):
    """What text may name: its own names, and NumPy's functions as far as ``names.js`` has them."""

    def __init__(self, own: Mapping[str, Any]) -> None:
        self._own = own

    def __getitem__(self, name: str) -> Any:
        return self._own[name] if name in self._own else getattr(self, name)

    def __getattr__(self, name: str) -> Any:
        return functools.partial(_call, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    pi, e, inf, nan = math.pi, math.e, math.inf, math.nan

    @staticmethod
    def arange(count: int) -> Row:
        """List whole numbers."""
        return Row(map(float, range(count)))

    @staticmethod
    def where(condition: Any, yes: Any, no: Any) -> Any:
        """Choose one of two numbers, in rows by each condition."""
        if any(isinstance(operand, Row) for operand in (condition, yes, no)):
            return _spread(_where, condition, yes, no)
        return _where(condition, yes, no)


def _call(name: str, *operands: Any) -> Any:
    """Write the call of a function of ``names.js``, in rows for each number."""
    if name not in known_names():
        raise TypeError(f"there is no {name} among {', '.join(sorted(known_names()))} and where")
    if any(isinstance(operand, Row) for operand in operands):
        return _spread(functools.partial(_call, name), *operands)
    if name == "abs":
        operands = (_without_sign(*operands),)
    return Term(f"{name}({', '.join(['{}'] * len(operands))})", *operands)


def _without_sign(term: Any) -> Any:
    """Leave out a sign that abs takes off: exp(-abs(2 * a)) and exp(-abs(-2 * a)) are then written once."""
    if isinstance(term, Term) and term.text == "-{}":
        return term.operands[0]
    if isinstance(term, Term) and term.text == "{} * {}" and isinstance(term.operands[0], float):
        return abs(term.operands[0]) * term.operands[1]
    return term


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if not isinstance(condition, Term):
        return yes if condition else no
    return Term("{} ? {} : {}", condition, yes, no, strength=WHERE, needed=(OR, OR, WHERE))


def value_of(op: Op, inputs: Sequence[Any]) -> Any:
    """Return what an operation computes from Terms and floats.

    Args:
        op: the operation, one of ``ops`` or one's own.
        inputs: all inputs (or lists of inputs), then the attributes.

    Raises:
        TypeError: if it cannot be written; the message says what to declare.

    Example:
        >>> from autograd_lite.javascript import function_script
        >>> from autograd_lite.ops import OPS
        >>> function_script("a", value_of(OPS["relu"], [Term("a")]))
        '(a) => a <= 0 ? 0 : a'
    """
    lists, attributes = op.split(inputs)
    try:
        if op.source is not None:
            return _evaluated(op.source, inputs)
        if op.is_operator and op.array is None:
            return _operator(op, inputs)
        if op.many is not None and op.array is not None:
            inputs = [*map(Row, lists), *attributes]
        if isinstance(op.array, str):
            return _evaluated(op.array, inputs)
        if op.array is not None:
            return op.array(_Names({}), *inputs)
        return op.forward(*inputs)
    except (TypeError, AttributeError, ValueError, ArithmeticError, LookupError, SyntaxError) as error:
        raise TypeError(
            f"{op.name} cannot be written as JavaScript ({error}): declare its function as source, such as "
            f'Op("{op.name}", ..., "{{0}} * {{0}}", ...), or add array="exp(-{{0}})", in functions of NumPy'
        ) from error


def _operator(op: Op, inputs: Sequence[Any]) -> Any:
    """Write one of Python's operators: JavaScript has the same sign, or ``names.js`` a function for it."""
    if op.name in known_names():
        return _call(op.name, *inputs)
    strength = STRENGTH[op.dunder]
    needed = (strength, strength + 1) if len(inputs) == 2 else (strength + 1,)
    return Term(re.sub(r"\{\d\}", "{}", op.template), *inputs, strength=strength, needed=needed)


def _evaluated(text: str, inputs: Sequence[Any]) -> Any:
    """Evaluate the text of a declaration on its inputs."""
    names = {f"_{place}": number for place, number in enumerate(inputs)}
    own = {
        **names,
        "_where": _where,
        "_both": _both,
        "_either": _either,
        "_not": _not,
        "max": _max,
        "min": _min,
    }
    return eval(translated(text.format(*names)), {"__builtins__": {}}, _Names(own))


def _both(left: Any, right: Any) -> Any:
    return left & right if isinstance(left, Term) else left and right


def _either(left: Any, right: Any) -> Any:
    return left | right if isinstance(left, Term) else left or right


def _not(condition: Any) -> Any:
    return ~condition if isinstance(condition, Term) else not condition


def _max(*numbers: Any) -> Any:
    return functools.reduce(lambda left, right: _where(right > left, right, left), numbers)


def _min(*numbers: Any) -> Any:
    return functools.reduce(lambda left, right: _where(right < left, right, left), numbers)
