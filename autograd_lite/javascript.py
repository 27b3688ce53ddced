"""JavaScript: one more kind of number, which the operations and their rules run on.

As a Symbol does, a ``Term`` prints itself; what it prints is JavaScript. So every operation of ``ops``, an
operation of one's own and the rule of an optimiser are written from their declarations, with nothing added.
An operation is written from its source, its operator, its array form or its float function, the first that
there is; ``names.js`` has the functions that all of them name.

Read one: ``print(value_script(OPS["sigmoid"], 1))``.
"""

from __future__ import annotations

import ast
import builtins
import functools
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.symbol import ATOM, STRENGTH, Number

__all__ = [
    "Term",
    "function_script",
    "known_names",
    "names_script",
    "slopes_of",
    "slopes_script",
    "value_of",
    "value_script",
    "written",
]

WHERE, OR, AND, COMPARISON = -3, -2, -1, 0
"""How strongly JavaScript's further signs bind, beside those in ``STRENGTH``."""
LONGEST = 400
"""The most characters of an expression; what is longer gets a name."""


class Term(Number):
    """A number in JavaScript: a name, or what is computed from other numbers.

    Args:
        text: how it is written, with ``{}`` for each operand.
        operands: Terms, floats and bools.
        strength: how strongly its sign binds.
        needed: how strongly that of each operand must bind to go without parentheses.

    Example:
        >>> a = Term("a")
        >>> function_script("a", (a + 1.0) * a)
        '(a) => (a + 1) * a'
    """

    __slots__ = ("needed", "operands", "place", "strength", "text")

    def __init__(
        self, text: str, *operands: Any, strength: int = ATOM, needed: tuple[int, ...] | None = None
    ) -> None:
        self.text, self.operands, self.strength = text, operands, strength
        self.needed = (WHERE,) * len(operands) if needed is None else needed
        self.place = next(_places)

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Any:
        """Write an operation by its declaration."""
        return value_of(op, operands)

    def __repr__(self) -> str:
        return f"Term({function_script('', self)[6:]!r})"

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


_places = itertools.count()


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


# ---- The functions that a declaration names ------------------------------------------------


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


@functools.cache
def names_script() -> str:
    """Return the script that what is written here names its functions by."""
    return files("autograd_lite").joinpath("names.js").read_text(encoding="utf-8").rstrip()


@functools.cache
def known_names() -> frozenset[str]:
    """Return the names of the functions that ``names.js`` defines."""
    text = names_script()
    lists = ",".join(re.findall(r"const \{([^}]*)\} =", text))
    listed = [name.rpartition(":")[2].strip() for name in lists.split(",") if name.strip()]
    return frozenset([*re.findall(r"\w+", " ".join(listed)), *re.findall(r"(?m)^const (\w+) =", text)])


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


# ---- Operations ----------------------------------------------------------------------------


def value_of(op: Op, inputs: Sequence[Any]) -> Any:
    """Return what an operation computes from Terms and floats.

    Args:
        op: the operation, one of ``ops`` or one's own.
        inputs: all inputs (or lists of inputs), then the attributes.

    Raises:
        TypeError: if it cannot be written; the message says what to declare.

    Example:
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


def slopes_of(op: Op, y: Any, inputs: Sequence[Any], wanted: Sequence[int] | None = None) -> list[Any]:
    """Return the partial derivatives of an operation in Terms and floats, as its rules say.

    Args:
        op: the operation.
        y: its output, a Term.
        inputs: all inputs (or lists of inputs), then the attributes.
        wanted: the positions of the inputs to differentiate by, counted through all lists; None for all.

    Raises:
        TypeError: if a rule applies an operation that cannot be written.

    Example:
        >>> from autograd_lite.ops import OPS
        >>> function_script("y, a, b", slopes_of(OPS["div"], Term("y"), [Term("a"), Term("b")]))
        '(y, a, b) => [1 / b, -y / b]'
    """
    if wanted is None:
        wanted = range(len(op.flattened(inputs)) - len(op.attributes))
    return op.slopes(y, inputs, wanted)


def value_script(op: Op, *counts: int, attributes: Sequence[Any] = ()) -> str:
    """Return a JavaScript function of a list of all inputs that computes an operation.

    Args:
        op: the operation.
        counts: how many inputs it has; of an operation on lists, how many in each.
        attributes: its attributes, plain numbers.

    Raises:
        TypeError: if it cannot be written; the message says what to declare.

    Example:
        >>> from autograd_lite.ops import OPS
        >>> value_script(OPS["dot"], 2, 2, 1)
        '(x) => x[4] + x[0] * x[2] + x[1] * x[3]'
    """
    return function_script("x", value_of(op, _inputs(op, counts, attributes)))


def slopes_script(op: Op, *counts: int, attributes: Sequence[Any] = ()) -> str:
    """Return a JavaScript function of the output and a list of all inputs: the partial derivatives.

    Args:
        op: the operation.
        counts: how many inputs it has; of an operation on lists, how many in each.
        attributes: its attributes, plain numbers.

    Example:
        >>> from autograd_lite.ops import OPS
        >>> slopes_script(OPS["mul"], 2)
        '(y, x) => [x[1], x[0]]'
    """
    return function_script("y, x", slopes_of(op, Term("y"), _inputs(op, counts, attributes)))


def _inputs(op: Op, counts: Sequence[int], attributes: Sequence[Any]) -> list[Any]:
    """Name all inputs as the elements of one list."""
    places = itertools.count()
    lists = [[Term(f"x[{next(places)}]") for _ in range(count)] for count in counts]
    if op.many is None:
        return [*itertools.chain.from_iterable(lists), *map(float, attributes)]
    return [*lists, *attributes]


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
    return eval(_translated(text.format(*names)), {"__builtins__": {}}, _Names(own))


@functools.cache
def _translated(text: str) -> Any:
    """Compile an expression in which every choice is a call, for a Term decides nothing."""
    tree = ast.fix_missing_locations(_Choices().visit(ast.parse(text.strip(), mode="eval")))
    return builtins.compile(tree, "<autograd_lite declaration>", "eval")


class _Choices(ast.NodeTransformer):
    """``if``-expressions, ``and``, ``or``, ``not`` and chains of comparisons as calls."""

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        return _called("_where", *map(self.visit, (_truth(node.test), node.body, node.orelse)))

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        name = "_both" if isinstance(node.op, ast.And) else "_either"
        return functools.reduce(functools.partial(_called, name), map(self.visit, map(_truth, node.values)))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return _called("_not", self.visit(_truth(node.operand)))
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        operands = [*map(self.visit, (node.left, *node.comparators))]
        pairs = [
            ast.Compare(left, [sign], [right]) for left, sign, right in zip(operands, node.ops, operands[1:])
        ]
        return functools.reduce(functools.partial(_called, "_both"), pairs)


def _called(name: str, *arguments: Any) -> Any:
    return ast.Call(ast.Name(name, ast.Load()), [*arguments], [])


def _truth(test: ast.expr) -> ast.expr:
    """Ask of a number whether it is not 0, as Python does: nan counts as true, which it does not here."""
    if isinstance(test, (ast.Compare, ast.BoolOp)) or (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    ):
        return test
    return ast.Compare(test, [ast.NotEq()], [ast.Constant(0.0)])


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


_CHOOSING = {"_where": _where, "_both": _both, "_either": _either, "_not": _not, "max": _max, "min": _min}


# ---- Writing -------------------------------------------------------------------------------


def function_script(parameters: str, terms: Any) -> str:
    """Return a JavaScript function; what stands in it more than once is computed once.

    Args:
        parameters: the names of its parameters, with commas.
        terms: the Term that it returns, or a list of Terms and floats. What they name may not
            be called t0, t1, ...

    Example:
        >>> a = Term("a")
        >>> double = a + a
        >>> function_script("a", [double * double, 0.5])
        '(a) => { const t0 = a + a; return [t0 * t0, 0.5]; }'
    """
    lines, texts = written(terms if isinstance(terms, list) else [terms])
    value = f"[{', '.join(texts)}]" if isinstance(terms, list) else texts[0]
    body = f"{{ {' '.join(lines)} return {value}; }}" if lines else value
    return f"({parameters}) => {body}"


def written(results: Sequence[Any], numbers: Iterator[int] | None = None) -> tuple[list[str], list[str]]:
    """Return lines that compute what stands in some terms more than once, and the terms' texts.

    Args:
        results: Terms and floats.
        numbers: of the names t0, t1, ... that the lines give.

    Example:
        >>> double = Term("a") + Term("a")
        >>> written([double * double, 0.5])
        (['const t0 = a + a;'], ['t0 * t0', '0.5'])
    """
    numbers = numbers or itertools.count()
    results = _merged(results)
    ordered = _reachable(results)
    uses: dict[int, int] = {}
    for operand in itertools.chain(results, *(term.operands for term in ordered)):
        uses[id(operand)] = uses.get(id(operand), 0) + 1
    texts: dict[int, tuple[int, str]] = {}
    lines: list[str] = []
    for term in ordered:
        text = _filled(term, texts)
        if term.operands and (uses[id(term)] > 1 or len(text) > LONGEST):
            name = f"t{next(numbers)}"
            lines.append(f"const {name} = {text};")
            texts[id(term)] = ATOM, name
        else:
            texts[id(term)] = term.strength, text
    return lines, [_operand(result, WHERE, texts) for result in results]


def _reachable(results: Sequence[Any]) -> list[Term]:
    """List all Terms that some are computed from, each after its operands."""
    found: dict[int, Term] = {}
    waiting = [term for term in results if isinstance(term, Term)]
    while waiting:
        term = waiting.pop()
        if id(term) not in found:
            found[id(term)] = term
            waiting += [operand for operand in term.operands if isinstance(operand, Term)]
    return sorted(found.values(), key=lambda term: term.place)


def _merged(results: Sequence[Any]) -> list[Any]:
    """Make one Term of those that would be written alike."""
    known: dict[Any, Term] = {}
    merged: dict[int, Term] = {}
    for term in _reachable(results):
        operands = [merged.get(id(operand), operand) for operand in term.operands]
        key = (term.text, *(id(each) if isinstance(each, Term) else repr(each) for each in operands))
        if key not in known:
            known[key] = Term(term.text, *operands, strength=term.strength, needed=term.needed)
        merged[id(term)] = known[key]
    return [merged.get(id(result), result) for result in results]


def _filled(term: Term, written: Mapping[int, tuple[int, str]]) -> str:
    if not term.operands:
        return term.text
    shown = [_operand(operand, needed, written) for operand, needed in zip(term.operands, term.needed)]
    return term.text.format(*shown)


def _operand(operand: Any, needed: int, written: Mapping[int, tuple[int, str]]) -> str:
    strength, text = written[id(operand)] if isinstance(operand, Term) else _number(operand)
    return text if strength >= needed else f"({text})"


def _number(value: Any) -> tuple[int, str]:
    """Write a float or a bool, and tell how strongly its sign binds."""
    if isinstance(value, bool):
        return ATOM, str(value).lower()
    number = float(value)
    text = "NaN" if math.isnan(number) else repr(number).removesuffix(".0").replace("inf", "Infinity")
    return STRENGTH["neg"] if text.startswith("-") else ATOM, text
