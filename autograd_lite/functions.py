"""The operations as functions, and as the operators and methods of Value.

All of it is made from the declarations in ``ops``; nothing is listed here. What
editors and type checkers read, ``functions.pyi``, is made from them as well.
"""

from __future__ import annotations

from typing import Any

from autograd_lite.kernels import compile_kernel
from autograd_lite.op import Op
from autograd_lite.ops import OPS
from autograd_lite.symbol import Number

__all__ = [op.name for op in OPS.values() if not op.is_operator]


class Operators(Number):
    """Python's operators, and a method for each operation on one number."""

    __slots__ = ()


KERNEL_NAMES: dict[str, Any] = {"modes": 0, "tracers": 0}
"""The names that kernels see; the engine adds Value and what makes one."""


def documentation(op: Op) -> str:
    """Write the docstring of an operation: what it computes, its derivatives, an example."""
    names, _ = op.parameters()
    formula = op.template if op.many is not None else op.template.format(*names)
    lines = [op.doc, "", "Formula:", f"    y = {formula}"]
    if op.many is None:
        for index in range(len(op.partials)):
            lines.append(f"    ∂y/∂{names[index]} = {op.partial_formula(index)}")
    lines.append("")
    lines += [
        "Args are Values, or plain numbers (with numbers alone the result is a float).",
        "",
        "Raises:",
        "    TypeError: if an argument is neither.",
    ]
    if op.example is not None:
        call, result = op.example
        lines += ["", "Example:", f"    >>> from autograd_lite import {op.name}"]
        lines += [f"    >>> round({call}, 6)", f"    {result!r}"]
    return "\n".join(lines) + "\n"


def _install() -> None:
    for op in OPS.values():
        kernels = compile_kernel(op, KERNEL_NAMES)
        function: Any = kernels[op.name]
        function.__module__ = __name__
        if op.is_operator:
            setattr(Operators, f"__{op.dunder}__", function)
            if "reflected" in kernels:
                setattr(Operators, f"__r{op.dunder}__", kernels["reflected"])
            continue
        function.__doc__ = documentation(op)
        globals()[op.name] = function
        if len(op.partials) == 1:
            setattr(Operators, op.name, function)


_install()
