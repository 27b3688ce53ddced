"""Python's operators, and a method for each operation on one number, from the declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite.core.coercion import is_foreign
from autograd_lite.core.op import Op
from autograd_lite.core.source import define, function_source
from autograd_lite.core.symbol import Number
from autograd_lite.ops import OPS

__all__ = ["Operators", "function_of", "operator_method"]


class Operators(Number):
    """What ``a.exp()`` means: the operation of that name is applied. ``a * b`` every number knows."""

    __slots__ = ()


def function_of(op: Op) -> Callable[..., Any]:
    """Make a function that applies an operation, with its parameters and their defaults."""
    name = op.name.upper()
    body = [f"return {name}({', '.join(op.parameters()[0])})"]
    return define("\n".join(function_source(op, body)), op.name, {name: op})[op.name]


def operator_method(op: Op, turned: bool = False) -> Callable[..., Any]:
    """Make an operator's method; what the other operand knows to do with a Value is left to it."""

    def method(*operands: Any) -> Any:
        if any(map(is_foreign, operands)):
            return NotImplemented
        return op(*reversed(operands)) if turned else op(*operands)

    return method


def _divmod(a: Any, b: Any) -> Any:
    """Return the quotient and the remainder, as Python's divmod."""
    return NotImplemented if is_foreign(a) or is_foreign(b) else (a // b, a % b)


for _op in OPS.values():
    if _op.is_operator:
        setattr(Number, f"__{_op.dunder}__", operator_method(_op))
        if len(_op.partials) == 2:
            setattr(Number, f"__r{_op.dunder}__", operator_method(_op, turned=True))
    elif len(_op.partials) == 1:
        setattr(Operators, _op.name, function_of(_op))
# Two operations, and none of its own; like theirs, its type stands in operators.pyi, not at Number.
Number.__divmod__ = _divmod  # type: ignore[attr-defined]
Number.__rdivmod__ = lambda self, other: _divmod(other, self)  # type: ignore[attr-defined]
