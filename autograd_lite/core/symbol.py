"""A number that prints itself.

Put Symbols into the rule of an operation and the rule becomes text: a formula to
read, or Python source to compile. ``Number`` is what Symbols and the engine's
Values share: anything that is not a plain float but stands for one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_lite.core.op import Op

__all__ = ["ATOM", "STRENGTH", "Number", "Symbol", "format_number", "unchanged"]

# How strongly Python's signs bind, weakest first. A name or a call binds strongest.
STRENGTH = {"add": 1, "sub": 1, "mul": 2, "truediv": 2, "mod": 2, "floordiv": 2, "neg": 3, "pow": 4}
ATOM = 5
_MOST_SHOWN = 12  # inputs of one operation, before the middle is left out


class Number:
    """Something that stands for a float, and knows what an operation on it means."""

    __slots__ = ()

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Any:
        """Apply ``op`` to ``operands``, at least one of which is of this kind."""
        raise NotImplementedError


class Symbol(Number):
    """A name, or an operation on other Symbols and floats.

    Args:
        name: the text that stands for the number.

    Example:
        >>> a, b = Symbol("a"), Symbol("b")
        >>> print((a + b) * a - 1.0)
        (a + b) * a - 1
    """

    __slots__ = ("name", "op", "operands")

    def __init__(self, name: str, op: Op | None = None, operands: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.op = op
        self.operands = operands

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Any:
        """Remember the operation; one that changes nothing (x + 0, x * 1) is left out."""
        kept = unchanged(op, operands)
        return Symbol("", op, operands) if kept is None else kept

    def __str__(self) -> str:
        return formula(self)

    def __repr__(self) -> str:
        return f"Symbol({formula(self)!r})"


def unchanged(op: Op, operands: Sequence[Any]) -> Any:
    """Return the operand that an operation leaves as it is (x + 0, x * 1), or None."""
    for operand, other, identity in zip(operands, operands[::-1], op.identity[::-1]):
        if len(operands) == 2 and isinstance(other, float) and other == identity:
            return operand
    return None


def format_number(number: float) -> str:
    """Show a number with six significant digits at most: 3, -0.5, 1.2e-07.

    Example:
        >>> format_number(-4.0), format_number(0.52497918747894)
        ('-4', '0.524979')
    """
    return format(number, ".6g")


def formula(term: Any, at_least: int = 0) -> str:
    """Write a Symbol or a float as a person would, with no needless parentheses.

    Args:
        term: what to write.
        at_least: the binding strength below which parentheses are put around it.
    """
    strength, text = _written(term)
    return f"({text})" if strength < at_least else text


def factor(term: Any) -> str:
    """Write a Symbol or a float so that it can stand in a product."""
    return formula(term, STRENGTH["mul"] + 1)


def fill(op: Op, operands: Sequence[Any]) -> str:
    """Write the operation ``op`` on these operands, each a Symbol or a float."""
    return _filled(op, operands)[1]


def _written(term: Any) -> tuple[int, str]:
    if not isinstance(term, Symbol):
        text = format_number(term)
        return STRENGTH["neg"] if text.startswith("-") else ATOM, text
    if term.op is None:
        return ATOM, term.name
    return _filled(term.op, term.operands)


def _filled(op: Op, operands: Sequence[Any]) -> tuple[int, str]:
    if op.many is not None:
        shown = [*map(formula, op.flattened(op.without_default(operands)))]
        if len(shown) > _MOST_SHOWN:
            shown[3:-2] = ["…"]
        return ATOM, f"{op.name}({', '.join(shown)})"
    strength = STRENGTH.get(op.dunder, ATOM if re.fullmatch(r"\w+\(.*\)", op.template) else 0)
    if strength == ATOM:
        needed = [0] * len(operands)
    elif strength == 0:  # a template of its own
        needed = [1 if " if " in op.template else ATOM] * len(operands)
    elif op.dunder == "pow":
        needed = [strength + 1, STRENGTH["neg"]]
    else:
        needed = [strength, strength + 1][-len(operands) :]
    return strength, op.template.format(*map(formula, operands, needed))
