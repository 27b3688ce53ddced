"""The formulas behind a step: what a node is computed from, and its derivatives, in Symbols."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.scalar import number_of
from autograd_lite.core.symbol import Symbol
from autograd_lite.engine import Value

__all__ = ["SEEN", "derivative", "operation_of", "symbolic_inputs", "symbolic_partials", "ways_to_write"]

SEEN = 1e-5
"""How far a number may be off, in parts of itself, before it is seen: six digits are shown."""


def operation_of(node: Value) -> Op:
    """Return the operation that computed an inner node."""
    assert node.op is not None
    return node.op


def symbolic_inputs(node: Value, symbols: Mapping[Value, Symbol]) -> list[Any]:
    """Return the inputs of a node, its Values as Symbols, plain numbers as they are."""
    return operation_of(node).numbers(
        node.inputs, lambda arg: symbols[arg] if isinstance(arg, Value) else arg
    )


def symbolic_partials(node: Value, symbols: Mapping[Value, Symbol]) -> list[Any]:
    """Return the derivative of a node by each parent, in Symbols, as a textbook has it.

    Where that does not give the number, at a tie, or where a difference loses its digits, it is what
    the engine computes.
    """
    op = operation_of(node)
    written, formulas = ways_to_write(node, symbols)
    if not op.textbook:
        return formulas
    numbers = op.textbook_slopes(node.data, op.numbers(node.inputs, number_of), node.slots)
    return [
        textbook if math.isclose(number, partial, rel_tol=SEEN) else exact
        for textbook, exact, number, partial in zip(written, formulas, numbers, node.partials)
    ]


def ways_to_write(node: Value, symbols: Mapping[Value, Symbol]) -> tuple[list[Any], list[Any]]:
    """Return the derivatives of a node by each parent, in Symbols: as a textbook has them, and the engine."""
    op, inputs = operation_of(node), symbolic_inputs(node, symbols)
    formulas = op.slopes(symbols[node], inputs, node.slots)
    if not op.textbook:
        return formulas, formulas
    return op.textbook_slopes(symbols[node], inputs, node.slots), formulas


def derivative(of: str, by: str) -> str:
    """Write a derivative of one name by another: "∂L/∂x"."""
    return f"∂{of}/∂{by}"
