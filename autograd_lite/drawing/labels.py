"""How operations and derivatives are written in a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd_lite.core.symbol import Symbol, fill, formula
from autograd_lite.drawing.text import four_digits
from autograd_lite.engine import Value
from autograd_lite.formulas import derivative, symbolic_inputs, symbolic_partials, ways_to_write

__all__ = ["cut", "derivatives", "formula_of", "operation_text", "short_name"]

LONGEST_FORMULA = 24
"""The most characters of a formula beside an edge."""
LONGEST_LABEL = 38
"""The most characters beside an edge with a formula; without one there may be more."""
LONGEST_NAME = 16
"""The most characters of a name beside an edge."""
LONGEST_LINE = 120
"""The most characters of a formula in a title or an outline."""


def operation_text(node: Value) -> str:
    """Write an operation with its constants, as it stands in its circle.

    Example:
        >>> x = Value(2.0)
        >>> [operation_text(y) for y in (x * x, x * 2, 2 - x, x**3, x.leaky_relu())]
        ['*', '* 2', '2 -', '** 3', 'leaky_relu 0.01']
    """
    op = node.op
    assert op is not None
    sign = "Σ" if op.template.startswith("Σ") else op.sign
    if op.many is not None:
        _, attributes = op.split(node.inputs)
        return " ".join([sign, *map(_constant_text, attributes)])
    inputs, attributes = op.split(node.args)
    if any(type(arg) is float for arg in inputs):
        texts = ["" if isinstance(arg, Value) else _constant_text(arg) for arg in inputs]
        if len(inputs) == 2 and op.sign != op.name:
            return f"{texts[0]} {sign} {texts[1]}".strip()
        return f"{sign}({', '.join(text or '·' for text in texts)})"
    return " ".join([sign, *map(_constant_text, attributes)])


def _constant_text(number: Any) -> str:
    return four_digits(float(number)) if isinstance(number, (int, float)) else cut(str(number), LONGEST_NAME)


def formula_of(node: Value, names: Mapping[Value, str]) -> str:
    """Write what a node is computed from, such as "q * z"; "" for a leaf.

    Example:
        >>> x = Value(2.0)
        >>> formula_of(x * x, {x: "x"})
        'x * x'
    """
    if node.op is None:
        return ""
    return cut(fill(node.op, symbolic_inputs(node, _short_symbols(node.parents, names))), LONGEST_LINE)


def derivatives(node: Value, names: Mapping[Value, str], is_stale: bool = False) -> list[str]:
    """Write a node's derivative by each parent, with its formula where that says more.

    Args:
        node: an inner node.
        names: the name of every Value in its graph.
        is_stale: whether the formulas no longer give these numbers, and are left out.

    Example:
        >>> q, z = Value(3.0), Value(-4.0)
        >>> L = q * z
        >>> derivatives(L, {L: "L", q: "q", z: "z"})
        ['∂L/∂q = z = -4', '∂L/∂z = q = 3']
    """
    symbols = _short_symbols((node, *node.parents), names)
    texts = []
    for parent, partial, rule in zip(node.parents, node.partials, symbolic_partials(node, symbols)):
        top, number = derivative(symbols[node].name, symbols[parent].name), four_digits(partial)
        written = "" if is_stale else formula_beside(rule)
        label = f"{top} = {written} = {number}"
        if written in ("", number) or len(label) > LONGEST_LABEL:
            label = f"{top} = {number}"
        texts.append(label)
    return texts


def ways_to_label(node: Value, names: Mapping[Value, str]) -> list[tuple[str, str, str]]:
    """Return what a label may hold beside its number, for each parent of a node.

    Each has the derivative, its formula as a textbook has it, and as the engine; "" where a formula
    is left out.
    """
    symbols = _short_symbols((node, *node.parents), names)
    ways = zip(*(map(formula_beside, rules) for rules in ways_to_write(node, symbols)))
    tops = [derivative(symbols[node].name, symbols[parent].name) for parent in node.parents]
    return [(top, *formulas) for top, formulas in zip(tops, ways)]


def formula_beside(rule: Any) -> str:
    """Write a formula as it stands in a label; "" for one that is too long, or a number alone."""
    written = formula(rule) if isinstance(rule, Symbol) else ""
    return written if len(written) <= LONGEST_FORMULA else ""


def _short_symbols(values: Sequence[Value], names: Mapping[Value, str]) -> dict[Value, Symbol]:
    """Return a Symbol with a short name for each Value."""
    return {value: Symbol(short_name(names[value])) for value in values}


def short_name(name: str) -> str:
    """Return a name, shortened for use within a formula; of a dotted one the end is kept.

    Example:
        >>> short_name("layers.0.neurons.3.w.1"), short_name("a_very_long_name_indeed")
        ('…3.w.1', 'a_very_…e_indeed')
    """
    if len(name) <= LONGEST_NAME:
        return name
    parts = name.split(".")
    end = ".".join(parts[-3:])
    return f"…{end}" if len(parts) > 3 and len(end) < LONGEST_NAME else cut(name, LONGEST_NAME)


def cut(text: str, most: int) -> str:
    """Return a text without its middle if it has more than a number of characters."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[len(text) - (most - 1 - half) :]}"
