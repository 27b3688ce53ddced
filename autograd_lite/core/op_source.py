"""Operations, and Symbols made of them, as Python source on floats."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite.core.ieee import Guarded
from autograd_lite.core.symbol import Symbol

if TYPE_CHECKING:
    from autograd_lite.core.op import Op

__all__ = ["call_source", "compiled", "name_in", "number_source", "python_source"]


def python_source(term: Any, namespace: dict[str, Any]) -> str:
    """Write a Symbol as Python source on floats.

    Args:
        term: a Symbol or a float.
        namespace: filled with the float functions that the source names: Python's own,
            which raise where IEEE 754 has a value.
    """
    if not isinstance(term, Symbol):
        return number_source(term)
    if term.op is None:
        return term.name
    operands = [python_source(operand, namespace) for operand in term.operands]
    return call_source(term.op, operands, namespace)


def number_source(number: float) -> str:
    """Write a float as Python source."""
    return repr(number) if math.isfinite(number) else f"float('{number}')"


def call_source(op: Op, operands: Sequence[str], namespace: dict[str, Any]) -> str:
    """Write one operation on operands that are already Python source."""
    if op.source is not None:
        return f"({op.source.format(*operands)})"
    function = op.forward
    if isinstance(function, Guarded):
        function = function.raw
    if op.is_operator and getattr(function, "__module__", "") == operator.add.__module__:
        return f"({op.template.format(*operands)})"
    return f"{name_in(namespace, f'{op.name}_function', function)}({', '.join(operands)})"


def name_in(namespace: dict[str, Any], name: str, function: Callable[..., Any]) -> str:
    """Name a function in a namespace, where another operation may have its name."""
    while namespace.setdefault(name, function) is not function:
        name += "_"
    return name


def compiled(names: list[str], text: str) -> Callable[..., float]:
    """Compile the source of an expression into a function of these names."""
    code = compile(f"lambda {', '.join(names)}: {text}", "<autograd_lite rule>", "eval")
    function: Callable[..., float] = eval(code)
    return function
