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
from autograd_lite.op import Op, call_source, python_source

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
    names, _ = op.parameters()
    return f"def {op.name}({_parameters(op)}):\n    return {op.name.upper()}({', '.join(names)})\n"


def _parameters(op: Op) -> str:
    """Write the parameters of an operation, with their defaults."""
    names, defaults = op.parameters()
    required = len(names) - len(defaults)
    optional = (f"{name}={default!r}" for name, default in zip(names[required:], defaults))
    return ", ".join([*names[:required], *optional])


def _unary(op: Op, names: dict[str, Any]) -> str:
    attributes = ", ".join(op.attributes)
    plain = "".join(f" and type({name}) is float" for name in op.attributes)
    call = f"{op.name.upper()}({', '.join(op.names)})"
    return (
        f"def {op.name}({_parameters(op)}):\n"
        f"    if type(a) is Value and not modes{plain}:\n"
        f"        a_data = a._data\n"
        + _compute(op, [0], call, names)
        + _node(op, "one", "a", "None", "by_a", f"({attributes},)" if attributes else "None", names)
        + f"    return {call}\n"
    )


def _binary(op: Op, names: dict[str, Any]) -> str:
    call = f"{op.name.upper()}(a, b)"
    if op.is_operator:  # Python has seen to it that this side is a Value; the other may be foreign
        a_is_value, b_is_value = "", ""
        otherwise = f"    return NotImplemented if foreign(a, b) else {call}\n"
    else:
        a_is_value, b_is_value = "type(a) is Value and ", "type(b) is Value and "
        otherwise = f"    return {call}\n"
    return (
        f"def {op.name}(a, b):\n"
        f"    if {a_is_value}not modes:\n"
        f"        a_data = a._data\n"
        f"        if type(b) is Value:\n"
        f"            b_data = b._data\n"
        + _indented(_compute(op, [0, 1], call, names))
        + _indented(_node(op, "two", "a", "b", "by_a", "by_b", names))
        + "        if type(b) is float or type(b) is int:\n"
        "            b_data = b * 1.0\n"
        + _indented(_compute(op, [0], call, names))
        + _indented(_node(op, "constant_right", "a", "None", "by_a", "b_data", names))
        + otherwise
        + "def reflected(b, a):\n"
        f"    if {b_is_value}not modes and (type(a) is float or type(a) is int):\n"
        "        a_data = a * 1.0\n"
        "        b_data = b._data\n"
        + _compute(op, [1], call, names)
        + _node(op, "constant_left", "b", "None", "by_b", "a_data", names)
        + otherwise
    )


def _compute(op: Op, wanted: list[int], call: str, names: dict[str, Any]) -> str:
    """Compute y and the wanted partials; start anew with care where Python signals."""
    operands = [*(f"{name}_data" for name in op.names[: len(op.partials)]), *op.attributes]
    terms = op.terms(operands)
    lines = [f"y = {call_source(op, operands, names)}"]
    lines += [f"by_{op.names[index]} = {python_source(terms[index], names)}" for index in wanted]
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
