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
from numbers import Real
from typing import Any

from autograd_lite.ieee import SIGNALS
from autograd_lite.layout import MANY, layout
from autograd_lite.op import Op, call_source, number_source, python_source

__all__ = ["compile_kernel", "compile_list_kernel", "kernel_source", "list_kernel_source"]


def compile_kernel(op: Op, shared: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """Compile the kernels of an operation.

    Args:
        op: the operation.
        shared: the names that all kernels use: Value, new, modes, ... A kernel looks
            ``modes`` up in this very dictionary each time it runs.

    Returns:
        The functions by name: ``op.name``, and for an operator on two inputs ``reflected``.
    """
    names: dict[str, Any] = {op.name.upper(): op, "SIGNALS": SIGNALS, "Real": Real}
    return _define(kernel_source(op, names), op.name, names, shared)


def compile_list_kernel(op: Op, plain: tuple[bool, ...], shared: dict[str, Any]) -> Callable[..., Any]:
    """Compile what makes the kernels of an operation on lists.

    Args:
        op: the operation.
        plain: for each of its lists, whether it holds floats and not Values.
        shared: as for ``compile_kernel``.

    Returns:
        A function that takes a layout and gives a kernel: a function of the lists, the
        numbers in each of them, and the attributes.
    """
    name = op.name.upper()
    names = {
        name: op,
        f"{name}_forward": op.forward,
        f"{name}_slopes": op.many,
        "SIGNALS": SIGNALS,
        "MANY": MANY,
    }
    return _define(list_kernel_source(op, plain), f"{op.name} of lists", names, shared)["kernel_in"]


def _define(
    text: str, title: str, names: dict[str, Any], shared: dict[str, Any]
) -> dict[str, Callable[..., Any]]:
    """Run source that defines functions; tracebacks will show its lines."""
    shared.update(names)
    filename = f"<autograd_lite kernel {title}>"
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
    if op.many is not None:
        pack = f"{op.name.upper()}.pack({', '.join(op.parameters()[0])})"
        lines = _function(op, [f"return record_many({op.name.upper()}, *{pack})"])
    elif len(op.partials) > 2 or (len(op.partials) == 2 and op.attributes):
        lines = _function(op, [f"return {op.name.upper()}.apply_to(({', '.join(op.names)}))"])
    elif len(op.partials) == 1:
        lines = _unary(op, names)
    else:
        lines = _binary(op, names)
    return "\n".join(lines) + "\n"


def list_kernel_source(op: Op, plain: tuple[bool, ...]) -> str:
    """Write what makes the kernels of an operation on lists as Python source."""
    name, attributes = op.name.upper(), list(op.attributes)
    lists = [f"list{index}" for index in range(len(plain))]
    numbers = [f"numbers{index}" for index in range(len(plain))]
    values = [index for index, is_plain in enumerate(plain) if not is_plain]
    kept = [listed for listed, is_plain in zip(lists, plain) if is_plain] + attributes
    compute = [f"y = {name}_forward({', '.join([*numbers, *attributes])})"]
    slopes = _whole_lists(op, numbers)
    if slopes is None:
        compute.append(f"slopes = {name}_slopes({', '.join(['y', *numbers, *attributes])})")
        slopes = [f"*slopes[{index}]" for index in range(len(plain))]
    compute.append(f"partials = [{', '.join(slopes[index] for index in values)}]")
    remembered = f"({', '.join(kept)},)" if kept else "None"
    careful = f"({', '.join([*lists, *attributes])},)"
    body = [
        *_block("try:", compute),
        *_block("except SIGNALS:", [f"return {name}.apply_to({careful})"]),
        f"if modes: return aside(y, {name}, *{careful})",
        "node = new(Value)",
        "node._data = y",
        "node._grad = NO_GRADIENT",
        "node._layout = where",
        f"node._first = [{', '.join(f'*list{index}' for index in values)}]",
        "node._second = MANY",
        "node._first_partial = partials",
        f"node._second_partial = {remembered}",
        "return node",
    ]
    kernel = _block(f"def kernel({', '.join([*lists, *numbers, *attributes])}):", body)
    return "\n".join(_block("def kernel_in(where):", [*kernel, "return kernel"])) + "\n"


class _Whole:
    """Stands for a list that a rule passes on and does not look into."""

    def __init__(self, name: str) -> None:
        self.name = name


def _whole_lists(op: Op, numbers: list[str]) -> list[str] | None:
    """Write the partials of an operation on lists, if its rule only passes whole lists on."""
    assert op.many is not None
    try:
        slopes = op.many(None, *map(_Whole, numbers), *op.attributes.values())
    except (AttributeError, TypeError):
        return None
    return [
        f"*{slope.name}" if isinstance(slope, _Whole) else ", ".join(map(number_source, slope))
        for slope in slopes
    ]


def _unary(op: Op, names: dict[str, Any]) -> list[str]:
    attributes = ", ".join(op.attributes)
    ordinary = ["type(a) is Value", *(f"type({name}) is float" for name in op.attributes)]
    lines, (by_a,) = _compute(op, [0], names)
    node = _node(op, "one", "a", "None", by_a, f"({attributes},)" if attributes else "None", names)
    fast = ["a_data = a._data", *lines, *node]
    return _function(op, [*_block(f"if {' and '.join(ordinary)}:", fast), f"return {_call(op)}"])


def _binary(op: Op, names: dict[str, Any]) -> list[str]:
    lines, (by_a, by_b) = _compute(op, [0, 1], names)
    both = ["b_data = b._data", *lines, *_node(op, "two", "a", "b", by_a, by_b, names)]
    lines, (by_a,) = _compute(op, [0], names)
    node = _node(op, "constant_right", "a", "None", by_a, "b_data", names)
    number_right = ["b_data = b * 1.0", *lines, *node]
    lines, (by_b,) = _compute(op, [1], names)
    node = _node(op, "constant_left", "b", "None", by_b, "a_data", names)
    number_left = ["a_data = a * 1.0", "b_data = b._data", *lines, *node]
    value_left = [
        "a_data = a._data",
        *_block("if type(b) is Value:", both),
        *_block("if type(b) is float or type(b) is int:", number_right),
    ]
    if op.is_operator:  # Python calls it with a Value on its side; what the other one is may be foreign
        last = f"return NotImplemented if foreign(a, b) else {_call(op)}"
        value_left.append(f"if isinstance(b, Real): return a.__{op.dunder}__(float(b))")
        reflected = [
            *_block("if type(a) is float or type(a) is int:", number_left),
            f"if isinstance(a, Real): return b.__r{op.dunder}__(float(a))",
            last,
        ]
        return [*_function(op, [*value_left, last]), *_block("def reflected(b, a):", reflected)]
    number_and_value = "if type(b) is Value and (type(a) is float or type(a) is int):"
    body = [*_block("if type(a) is Value:", value_left), *_block(number_and_value, number_left)]
    return _function(op, [*body, f"return {_call(op)}"])


def _function(op: Op, body: list[str]) -> list[str]:
    """Write a function with the operation's parameters and their defaults."""
    names, defaults = op.parameters()
    required = len(names) - len(defaults)
    optional = (f"{name}={number_source(default)}" for name, default in zip(names[required:], defaults))
    return _block(f"def {op.name}({', '.join([*names[:required], *optional])}):", body)


def _block(head: str, body: list[str]) -> list[str]:
    return [head, *(f"    {line}" for line in body)]


def _call(op: Op) -> str:
    """Write the call that does with care what the kernel does fast."""
    return f"{op.name.upper()}({', '.join(op.names)})"


def _compute(op: Op, wanted: list[int], names: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Compute y and the wanted partials; start anew with care where Python signals.

    Returns:
        The lines that do it, and what to write for each partial after them.
    """
    operands = [*(f"{name}_data" for name in op.names[: len(op.partials)]), *op.attributes]
    terms = op.terms(operands)
    slopes = [python_source(terms[index], names) for index in wanted]
    lines = [
        f"y = {call_source(op, operands, names)}",
        f"if modes: return aside(y, {', '.join([op.name.upper(), *op.names])})",
    ]
    if not any(mark in text for text in (lines[0], *slopes) for mark in ("/", "function(")):
        return lines, slopes
    places = [f"by_{op.names[index]}" for index in wanted]
    lines += [f"{place} = {slope}" for place, slope in zip(places, slopes)]
    return [*_block("try:", lines), *_block("except SIGNALS:", [f"return {_call(op)}"])], places


def _node(
    op: Op, kind: str, first: str, second: str, by_first: str, by_second: str, names: dict[str, Any]
) -> list[str]:
    """Make the node: the same slots as ``engine.record`` fills."""
    constant = f"{op.name.upper()}_{kind}"
    names[constant] = layout(op, kind)
    return [
        "node = new(Value)",
        "node._data = y",
        "node._grad = NO_GRADIENT",
        f"node._layout = {constant}",
        f"node._first = {first}",
        f"node._second = {second}",
        f"node._first_partial = {by_first}",
        f"node._second_partial = {by_second}",
        "return node",
    ]
