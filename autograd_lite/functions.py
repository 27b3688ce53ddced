"""The operations as functions.

All of it is made from the declarations in ``ops``; nothing is listed here. What
editors and type checkers read, ``functions.pyi``, is made from them as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.core.coercion import one_list
from autograd_lite.core.op import Op
from autograd_lite.core.operators import function_of
from autograd_lite.ops import OPS

__all__ = [op.name for op in OPS.values() if not op.is_operator]


def documentation(op: Op) -> str:
    """Write the docstring of an operation: what it computes, its derivatives, an example."""
    names, _ = op.parameters()
    formula = op.template if op.many is not None else op.template.format(*names)
    lines = [op.doc or f"The operation {op.name}.", "", "Formula:", f"    `y = {formula}`"]
    if op.many is None:
        for index in range(len(op.partials)):
            lines.append(f"    `∂y/∂{names[index]} = {' = '.join(op.partial_formulas(index))}`")
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


def install(op: Op, function: Any) -> None:
    """Let a function be the one of an operation's name here."""
    function.__module__ = __name__
    function.__doc__ = documentation(op)
    if op.many is not None and len(op.parameters()[0]) == 1:
        function = one_list(function)
    globals()[op.name] = function


def dot_for(inputs: Sequence[Any]) -> Callable[..., Any]:
    """Return ``dot`` for these inputs alone: ``dot`` itself, unless ``core.kernels`` has a faster one."""
    return globals()["dot"]


for _name in __all__:
    install(OPS[_name], function_of(OPS[_name]))
