"""The one place that knows the language of a program on arrays: Python, on NumPy's arrays or JAX's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import (
    BATCH,
    Expression,
    Line,
    in_array_form,
    number,
    slope_form,
)
from autograd_lite.core.op import Op
from autograd_lite.core.op_source import number_source
from autograd_lite.core.symbol import ATOM, STRENGTH
from autograd_lite.ops import DIV, MUL, OPS

__all__ = ["NumPyPrinter"]

COMMENTS = 60
"""The column that comments stand in at the most."""


class NumPyPrinter:
    """Writes functions on arrays; it has a method for each form of an expression.

    Attributes:
        operations: operations that are called as functions, by what the source calls them; and with
            the number of a list, what computes the partials by it.
        functions: names of the array library, or of the runtime, that the source uses.
    """

    def __init__(self) -> None:
        self.operations: dict[str, tuple[Op, int | None]] = {}
        self.functions: set[str] = set()
        self._names: set[str] = set()
        self._floats: dict[str, str] = {}

    def function(
        self,
        title: str,
        arguments: Sequence[str],
        batch: str,
        lines: Sequence[Line | None],
        results: Sequence[Expression | tuple[Expression, ...]],
        guards: Sequence[Expression],
    ) -> str:
        """Write a function.

        Args:
            title: what it is called.
            arguments: their names.
            batch: the name of an argument with a row for each example.
            lines: what is computed, in order; None for a gap.
            results: what is returned.
            guards: for each comparison whether it comes out as traced; returned too, if there are any.
        """
        self._names, self._floats = set(), {}
        written = [(f"{line[0]} = {self.text(line[1])}", line[2]) if line else ("", "") for line in lines]
        returned = [*map(self._argument, results)]
        if guards:  # & binds more tightly than a comparison
            returned.append(" & ".join(self.text(guard, ATOM) for guard in guards))
        head = [f"{new} = floats({old})" for old, new in self._floats.items()]
        if BATCH in self._names:
            head.insert(0, f"{BATCH} = len({batch})")
        body = [*head, *_aligned(written), f"return {', '.join(returned)}"]
        first = f"def {title}({', '.join(arguments)}):"
        return "\n".join([first, *(f"    {line}".rstrip() for line in body), ""])

    def text(self, expression: Expression, at_least: int = 0) -> str:
        """Write an expression, in parentheses if it binds less strongly than it must."""
        strength, text = self._written(expression)
        return f"({text})" if strength < at_least else text

    def _written(self, expression: Expression) -> tuple[int, str]:
        written: tuple[int, str] = getattr(self, f"_{expression.form}")(*expression.arguments)
        return written

    # ---- Each form: how strongly it binds, and its text -------------------------------------

    def _name(self, name: str) -> tuple[int, str]:
        self._names.add(name)
        return ATOM, name

    def _floats_of(self, name: str) -> tuple[int, str]:
        return ATOM, self._floats.setdefault(name, f"{name}_float")

    def _library(self, name: str) -> tuple[int, str]:
        self.functions.add(name)
        return ATOM, name

    def _number(self, value: float) -> tuple[int, str]:
        text = number_source(value)
        return STRENGTH["neg"] if text.startswith("-") else ATOM, text

    def _operation(self, op: Op, *operands: Expression) -> tuple[int, str]:
        if op is MUL and operands[1].form == "slope":  # d * (1 / a) is d / a
            factor = slope_form(*operands[1].arguments)
            if factor.arguments[:2] == (DIV, number(1.0)):
                return self._operation(DIV, operands[0], factor.arguments[2])
        strength = STRENGTH.get(op.dunder, 0)
        special = {"neg": [strength], "pow": [ATOM, strength]}
        needed = special.get(op.dunder, [strength, strength + 1] if strength else [ATOM] * len(operands))
        return strength, op.template.format(*map(self.text, operands, needed))

    def _applied(self, op: Op, *operands: Expression) -> tuple[int, str]:
        return self._written(in_array_form(op, operands))

    def _slope(self, op: Op, slot: int, rule: Expression, *operands: Expression) -> tuple[int, str]:
        return self._written(slope_form(op, slot, rule, *operands))

    def _matmul(self, left: Expression, right: Expression) -> tuple[int, str]:
        strength = STRENGTH["mul"]
        return strength, f"{self.text(left, strength)} @ {self.text(right, strength + 1)}"

    def _comparison(self, sign: str, left: Expression, right: Expression) -> tuple[int, str]:
        return 0, f"{self.text(left, 1)} {sign} {self.text(right, 1)}"

    def _negation(self, condition: Expression) -> tuple[int, str]:
        return 0, f"~{self.text(condition, ATOM)}"

    def _index(self, array: Expression, items: tuple[Any, ...]) -> tuple[int, str]:
        return ATOM, f"{self.text(array, ATOM)}[{', '.join(map(self._item, items))}]"

    def _item(self, item: Any) -> str:
        if isinstance(item, Expression) and item.form == "span":
            start, stop, step = ("" if bound is None else str(bound) for bound in item.arguments)
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return "..." if item is Ellipsis else self._argument(item)

    def _span(self, start: int | None, stop: int | None, step: int | None) -> tuple[int, str]:
        given = [start, stop, step] if step else [start, stop] if stop else [None]
        return ATOM, f"slice({', '.join(map(str, given))})"

    def _transposed(self, matrix: Expression) -> tuple[int, str]:
        return ATOM, f"{self.text(matrix, ATOM)}.T"

    def _method(self, array: Expression, name: str, *given: Any) -> tuple[int, str]:
        return ATOM, f"{self.text(array, ATOM)}.{name}({self._given(*given)})"

    def _call(self, function: str, *given: Any) -> tuple[int, str]:
        self.functions.add(function)
        return ATOM, f"{function}({self._given(*given)})"

    def _function(self, op: Op, slot: int | None, *operands: Expression) -> tuple[int, str]:
        return ATOM, f"{self._called(op, slot)}({self._given(operands, ())})"

    def _scattered(
        self, positions: Expression, size: int, terms: tuple[Expression, ...], _: Any
    ) -> tuple[int, str]:
        return self._call("scattered", (terms[0] if len(terms) == 1 else terms, positions, size), ())

    def _template(self, template: str, names: frozenset[str], *operands: Expression) -> tuple[int, str]:
        self.functions |= names
        return 0, template.format(*(self.text(operand, ATOM) for operand in operands))

    # ---- Parts ------------------------------------------------------------------------------

    def _argument(self, argument: Any) -> str:
        if isinstance(argument, Expression):
            return self.text(argument)
        return self._tuple(argument) if isinstance(argument, tuple) else repr(argument)

    def _given(self, arguments: Sequence[Any], named: Sequence[tuple[str, Any]]) -> str:
        keywords = (f"{name}={self._argument(value)}" for name, value in named)
        return ", ".join([*map(self._argument, arguments), *keywords])

    def _tuple(self, items: Sequence[Any]) -> str:
        return f"({', '.join(map(self._argument, items))}{',' if len(items) == 1 else ''})"

    def _called(self, op: Op, slot: int | None = None) -> str:
        """Name the function of an operation, or its partials by a list; the user's own get a prefix."""
        name = stem = op.name if OPS.get(op.name) is op else f"own_{op.name}"
        if slot is not None:
            name = stem = f"{self._called(op)}_partials{slot}"
        count = 1
        while self.operations.setdefault(name, (op, slot)) != (op, slot):
            count += 1
            name = f"{stem}{count}"
        return name


def _aligned(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Write lines with their comments below one another; a gap, which has neither, begins anew."""
    if ("", "") in lines:
        gap = lines.index(("", ""))
        return [*_aligned(lines[:gap]), "", *_aligned(lines[gap + 1 :])]
    width = min(max((len(text) for text, comment in lines if comment), default=0), COMMENTS)
    return [f"{text.ljust(width)}  # {comment}" if comment else text for text, comment in lines]
