"""Fast functions on Values, written by machine from the declarations.

For an operation on one or two inputs this makes the Python source of what
``engine.record`` does step by step: compute the value and the partial derivatives
on floats, and keep both in a new node. Everything out of the ordinary (another kind
of number, a mode that is on, a division by zero) is left to ``Op.__call__``.

Read one: ``print(kernel_source(OPS["tanh"], {}))``.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

from autograd_lite.ieee import SIGNALS
from autograd_lite.layout import Layout
from autograd_lite.op import ARGUMENTS, Op, call_source, python_source

__all__ = ["compile_kernel", "kernel_source"]


def compile_kernel(op: Op, shared: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """Compile the kernels of an operation.

    Args:
        op: the operation.
        shared: the names that all kernels use: Value, new, modes, ... A kernel looks
            ``modes`` up in this very dictionary each time it runs.

    Returns:
        The functions by name: ``op.name``, and for two inputs also ``reflected``.
    """
    names: dict[str, Any] = {op.name.upper(): op, "SIGNALS": SIGNALS}
    text = kernel_source(op, names)
    shared.update(names)
    filename = f"<autograd_lite kernel {op.name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    functions: dict[str, Callable[..., Any]] = {}
    exec(compile(text, filename, "exec"), shared, functions)
    return functions


def kernel_source(op: Op, names: dict[str, Any]) -> str:
    """Write the kernels of an operation as Python source.

    Args:
        op: the operation.
        names: filled with the float functions and layouts that the source names.
    """
    if op.many is not None or len(op.partials) > 2 or None in op.partials:
        return _general(op)
    return _unary(op, names) if len(op.partials) == 1 else _binary(op, names)


def _general(op: Op) -> str:
    names, defaults = op.parameters()
    required = len(names) - len(defaults)
    given = [*names[:required], *(f"{n}={d!r}" for n, d in zip(names[required:], defaults))]
    return (
        f"def {op.name}({', '.join(given)}):\n"
        f"    return {op.name.upper()}({', '.join(names)})\n"
    )  # fmt: skip


def _unary(op: Op, names: dict[str, Any]) -> str:
    parameters = "".join(f", {name}={value}" for name, value in op.attributes.items())
    attributes = "".join(f", {name}" for name in op.attributes)
    plain = "".join(f" and type({name}) is float" for name in op.attributes)
    kept = f"({attributes[2:]},)" if attributes else "None"
    call = f"{op.name.upper()}(x{attributes})"
    return (
        f"def {op.name}(x{parameters}):\n"
        f"    if type(x) is Value and not modes{plain}:\n"
        f"        a = x._data\n"
        + _compute(op, [0], call, names)
        + _node(op, "one", "x", "None", "by_a", kept, names)
        + f"    return {call}\n"
    )


def _binary(op: Op, names: dict[str, Any]) -> str:
    call = f"{op.name.upper()}(left, right)"
    if op.is_operator:  # Python calls it with a Value on this side, and asks what to do if it is foreign
        is_value, is_right_value = "", ""
        otherwise = f"return NotImplemented if foreign(left, right) else {call}\n"
    else:
        is_value, is_right_value = "type(left) is Value and ", "type(right) is Value and "
        otherwise = f"return {call}\n"
    return (
        f"def {op.name}(left, right):\n"
        f"    if {is_value}not modes:\n"
        f"        a = left._data\n"
        f"        if type(right) is Value:\n"
        f"            b = right._data\n"
        + _indented(_compute(op, [0, 1], call, names))
        + _indented(_node(op, "two", "left", "right", "by_a", "by_b", names))
        + "        if type(right) is float or type(right) is int:\n"
        "            b = right * 1.0\n"
        + _indented(_compute(op, [0], call, names))
        + _indented(_node(op, "constant_right", "left", "None", "by_a", "b", names))
        + f"    {otherwise}"
        "def reflected(right, left):\n"
        f"    if {is_right_value}not modes and (type(left) is float or type(left) is int):\n"
        "        a = left * 1.0\n"
        "        b = right._data\n"
        + _compute(op, [1], call, names)
        + _node(op, "constant_left", "right", "None", "by_b", "a", names)
        + f"    {otherwise}"
    )


def _compute(op: Op, wanted: list[int], call: str, names: dict[str, Any]) -> str:
    """Compute y and the wanted partials; start anew with care where Python signals."""
    operands = [*ARGUMENTS[: len(op.partials)], *op.attributes]
    lines = [f"y = {call_source(op, operands, names)}"]
    for index in wanted:
        lines.append(f"by_{ARGUMENTS[index]} = {python_source(op.terms[index], names)}")
    if not any(mark in line for line in lines for mark in ("/", "function(")):
        return "".join(f"        {line}\n" for line in lines)
    body = "".join(f"            {line}\n" for line in lines)
    return f"        try:\n{body}        except SIGNALS:\n            return {call}\n"


def _node(
    op: Op, kind: str, first: str, second: str, by_first: str, by_second: str, names: dict[str, Any]
) -> str:
    """Make the node: the same slots as ``engine.record`` fills."""
    layout = f"{op.name.upper()}_{kind}"
    names[layout] = Layout(op, kind)
    return (
        f"        node = new(Value)\n"
        f"        node._data = y\n"
        f"        node._layout = {layout}\n"
        f"        node._first = {first}\n"
        f"        node._second = {second}\n"
        f"        node._first_partial = {by_first}\n"
        f"        node._second_partial = {by_second}\n"
        f"        return node\n"
    )


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
