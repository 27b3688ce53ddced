"""Expressions on arrays: what the lines of a program are made of, in no language yet.

They are computed with as arrays are (``inputs @ weights.T + bias``, ``d[..., None]``), and a printer
writes what comes out, once.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.symbol import Number, unchanged
from autograd_lite.ops import ADD, DIV, MUL, NEG, POW, SUB

__all__ = [
    "BATCH", "Expression", "Line", "call", "from_template", "in_array_form", "name", "number", "operation",
    "slope", "slope_form", "span", "written_forms",
]  # fmt: skip

BATCH = "N"
"""What a program calls the number of rows."""


def _operator(op: Op) -> Callable[..., Expression]:
    """Make an operator's method. Unlike in a rule, what it does stands as it is written."""
    return lambda *operands: Expression("operation", (op, *operands))


@dataclass(frozen=True, repr=False)
class Expression(Number):
    """Something to be written.

    Attributes:
        form: what it is: the name of the printer's method that writes it.
        arguments: what that method takes: other expressions, names, shapes.

    Example:
        >>> a, b = name("a"), name("b")
        >>> (a @ b.T)[..., None]
        index(matmul(name('a'), transposed(name('b'))), (Ellipsis, None))
    """

    form: str
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.form}({', '.join(map(repr, self.arguments))})"

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Any:
        """Do an operation of a rule; one that changes nothing (x + 0, x * 1) is left out."""
        kept = unchanged(op, operands)
        return operation(op, *operands) if kept is None else kept

    __add__, __mul__ = _operator(ADD), _operator(MUL)
    __truediv__, __neg__ = _operator(DIV), _operator(NEG)

    def __matmul__(self, other: Expression) -> Expression:
        return Expression("matmul", (self, other))

    def __getitem__(self, items: Any) -> Expression:
        listed = items if isinstance(items, tuple) else (items,)
        plain = (span(i.start, i.stop, i.step) if isinstance(i, slice) else i for i in listed)
        return Expression("index", (self, tuple(plain)))

    @property
    def T(self) -> Expression:
        """The transpose of a matrix."""
        return self.arguments[0] if self.form == "transposed" else Expression("transposed", (self,))

    def swapped(self, first: int, second: int) -> Expression:
        """Exchange two axes."""
        match self.form, self.arguments:
            case "method", (Expression() as array, "swapaxes", axes, _) if axes == (first, second):
                return array
            case "method", (Expression() as array, "transpose", (order,), _):
                axes = [*order]
                axes[first], axes[second] = axes[second], axes[first]
                return array.permuted(axes)
            case "call", ("broadcast_to", (Expression("index", (Expression() as array, added)), shape), _):
                if (first, second) == (-1, -2) and added == LAST_NEW:
                    turned = (*shape[:-2], shape[-1], shape[-2])
                    return call("broadcast_to", array[..., None, :], turned)
        return self.method("swapaxes", first, second)

    def permuted(self, axes: Sequence[int]) -> Expression:
        """Put all axes into an order."""
        moved = [axis - len(axes) for axis, place in enumerate(axes) if axis != place]
        if len(moved) == 2:
            return self.swapped(moved[1], moved[0])
        return self.method("transpose", tuple(axes)) if moved else self

    def contains(self, part: Expression) -> bool:
        """Tell whether it is computed from something, element by element or not."""
        return self == part or any(each.contains(part) for each in _within(self.arguments))

    def method(self, name: str, *arguments: Any, **named: Any) -> Expression:
        """Call a method."""
        return Expression("method", (self, name, arguments, tuple(named.items())))

    def take(self, positions: Expression, *axis: int) -> Expression:
        """Read some elements of a flat array, or along an axis."""
        return self.method("take", positions, **dict(zip(["axis"], axis)))

    def sum(self, *axes: int) -> Expression:
        """Sum over some axes; over the last one with what does so fast."""
        if axes != (-1,):
            return self.method("sum", axis=axes[0] if len(axes) == 1 else axes)
        match self.form, self.arguments:
            case "method", (Expression() as array, "swapaxes", (-1, -2), _):
                return array.method("sum", axis=-2)
            case "operation", (op, Expression() as array, Expression("number") as factor) if op is MUL:
                return array.sum(-1) * factor
            case "operation", (op, Expression() as array, other) if op is MUL and array.form != "number":
                return _dots(array, other)
            case "operation", (op, Expression() as array) if op is NEG:
                return -array.sum(-1)
        return call("sums", self)

    def reshape(self, *shape: int) -> Expression:
        """Put the elements into another shape; a number is repeated."""
        if self.form == "number":
            return call("full", shape, self)
        array = self
        while array.form == "method" and array.arguments[1] == "reshape":  # which keeps the order, too
            array = array.arguments[0]
        return array.method("reshape", *(shape or ((),)))


LAST_NEW = (Ellipsis, None)
"""The index that adds an axis at the end."""


def _dots(left: Expression, right: Expression) -> Expression:
    """Sum products along the last axis; what divides all of them alike does so once, at the end."""
    match right.form, right.arguments:
        case "operation", (op, term, Expression("index", (Expression() as divisor, (*items, None)))) if (
            op is DIV
        ):
            if all(item == span() for item in items):
                return _dots(left, term) / divisor
        case "operation", (op, term) if op is NEG:
            return -_dots(left, term)
    return call("dots", left, right)


def _within(arguments: tuple[Any, ...]) -> Iterator[Expression]:
    """List the expressions among arguments, also of a call."""
    for each in arguments:
        if isinstance(each, tuple):
            yield from _within(each)
        elif isinstance(each, Expression):
            yield each


Line = tuple[str, Expression, str]
"""What is computed: its name, how, and a comment."""


def name(text: str) -> Expression:
    """Make the name of an array."""
    return Expression("name", (text,))


def number(term: Any) -> Expression:
    """Make a number an expression; an expression stays what it is."""
    return term if isinstance(term, Expression) else Expression("number", (float(term),))


def span(start: int | None = None, stop: int | None = None, step: int | None = None) -> Expression:
    """Make a slice."""
    return Expression("span", (start, stop, step))


def call(function: str, *arguments: Any, **named: Any) -> Expression:
    """Call a function of the runtime or of the array library: on expressions, numbers and shapes."""
    return Expression("call", (function, arguments, tuple(named.items())))


def operation(op: Op, *operands: Any) -> Expression:
    """Do an operation on expressions and floats; a printer has its form for arrays."""
    form = "operation" if op.array is None and op.is_operator else "applied"
    return Expression(form, (op, *map(number, operands)))


def slope(op: Op, slot: int, rule: Any, *operands: Any) -> Any:
    """Return a partial derivative; a printer has its form for arrays, if one is declared.

    Args:
        op: the operation.
        slot: which input it is for.
        rule: what the rule gives.
        operands: the output and the inputs.
    """
    if isinstance(rule, float) or not any(op.array_slopes[slot : slot + 1]):
        return rule
    return Expression("slope", (op, slot, rule, *map(number, operands)))


def slope_form(op: Op, slot: int, _: Any, *operands: Expression) -> Expression:
    """Put operands into the form on arrays that is declared for a partial derivative."""
    return from_template(str(op.array_slopes[slot]), operands)


def written_forms(partial: Expression) -> list[Expression]:
    """List the forms in which a partial derivative may be written: by its rule, or as declared for arrays."""
    if partial.form != "slope":
        return [partial]
    op, slot, rule, *operands = partial.arguments
    return [rule, slope_form(op, slot, rule, *operands)]


def in_array_form(op: Op, operands: Sequence[Expression]) -> Expression:
    """Put operands into the form on arrays that an operation declares; without one it is a function."""
    if isinstance(op.array, str):
        return from_template(op.array, operands)
    return Expression("function", (op, None, *operands))


# ---- Templates -------------------------------------------------------------------------------

_FORMS: dict[type[ast.AST], tuple[str, Any]] = {
    ast.Add: ("operation", ADD), ast.Sub: ("operation", SUB), ast.Mult: ("operation", MUL),
    ast.Div: ("operation", DIV), ast.Pow: ("operation", POW), ast.USub: ("operation", NEG),
    ast.Lt: ("comparison", "<"), ast.LtE: ("comparison", "<="), ast.Gt: ("comparison", ">"),
    ast.GtE: ("comparison", ">="), ast.Eq: ("comparison", "=="), ast.NotEq: ("comparison", "!="),
}  # fmt: skip


@functools.lru_cache(maxsize=256)
def _parsed(template: str, count: int) -> ast.expr:
    return ast.parse(template.format(*(f"_{slot}" for slot in range(count))), mode="eval").body


def from_template(template: str, operands: Sequence[Expression]) -> Expression:
    """Put operands into a form on arrays that an operation declares."""
    tree = _parsed(template, len(operands))
    put_in = {f"_{slot}": operand for slot, operand in enumerate(operands)}

    def done(op: ast.AST, *nodes: ast.expr) -> Expression:
        form, what = _FORMS[type(op)]
        return Expression(form, (what, *map(converted, nodes)))

    def converted(node: ast.expr) -> Expression:
        match node:
            case ast.Name(id):
                return put_in[id] if id in put_in else Expression("library", (id,))
            case ast.Constant(int() | float() as value):
                return Expression("number", (value,))
            case ast.UnaryOp(op, operand):
                return done(op, operand)
            case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
                return done(op, left, right)
            case ast.Call(ast.Name(id), arguments, []):
                return call(id, *map(converted, arguments))
        raise KeyError(node)

    try:
        return converted(tree)
    except KeyError:  # of something else: it is written as it stands
        names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        return Expression("template", (template, names - {*put_in}, *operands))
