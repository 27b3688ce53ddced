"""Fast functions on Values, written by machine from the declarations.

For an operation on one or two inputs this makes the Python source of what
``engine.record`` does step by step: compute the value and the partial derivatives
on floats, and keep both in a new node. Everything out of the ordinary (another kind
of number, a mode that is on, a division by zero) is left to ``Op.__call__``.
Could be deleted: without it every operation goes through ``record``, to the same bits.

Read one: ``print(kernel_source(OPS["tanh"], {}))``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from autograd_lite import functions
from autograd_lite.core.coercion import is_foreign
from autograd_lite.core.ieee import SIGNALS
from autograd_lite.core.modes import ACTIVE, current_mode, current_tracer
from autograd_lite.core.node import MANY, Layout, layout
from autograd_lite.core.op import Op, call_source, number_source, python_source
from autograd_lite.core.operators import Operators
from autograd_lite.core.source import block, define, function_source
from autograd_lite.engine import NO_GRADIENT, Value, record
from autograd_lite.ops import OPS

__all__ = [
    "compile_kernel", "compile_list_kernel", "kernel_source", "list_kernel", "list_kernel_source", "prepare",
]  # fmt: skip


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
    text = kernel_source(op, names)
    shared.update(names)
    return define(text, f"kernel {op.name}", shared)


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
    shared.update(names)
    kernel_in: Callable[..., Any] = define(
        list_kernel_source(op, plain), f"kernel {op.name} of lists", shared
    )["kernel_in"]
    return kernel_in


def kernel_source(op: Op, names: dict[str, Any]) -> str:
    """Write the kernels of an operation as Python source.

    Args:
        op: the operation.
        names: filled with the float functions and layouts that the source names.
    """
    if op.many is not None:
        pack = f"{op.name.upper()}.pack({', '.join(op.parameters()[0])})"
        lines = function_source(op, [f"return record_lists({op.name.upper()}, *{pack})"])
    elif len(op.partials) > 2 or (len(op.partials) == 2 and op.attributes):
        lines = function_source(op, [f"return {op.name.upper()}.apply_to(({', '.join(op.names)}))"])
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
        *block("try:", compute),
        *block("except SIGNALS:", [f"return {name}.apply_to({careful})"]),
        f"if modes: return slow_path(y, {name}, *{careful})",
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
    kernel = block(f"def kernel({', '.join([*lists, *numbers, *attributes])}):", body)
    return "\n".join(block("def kernel_in(where):", [*kernel, "return kernel"])) + "\n"


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
    return function_source(op, [*block(f"if {' and '.join(ordinary)}:", fast), f"return {_call(op)}"])


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
        *block("if type(b) is Value:", both),
        *block("if type(b) is float or type(b) is int:", number_right),
    ]
    if op.is_operator:  # Python calls it with a Value on its side; what the other one is may be foreign
        last = f"return NotImplemented if foreign(a, b) else {_call(op)}"
        value_left.append(f"if isinstance(b, Real): return a.__{op.dunder}__(float(b))")
        reflected = [
            *block("if type(a) is float or type(a) is int:", number_left),
            f"if isinstance(a, Real): return b.__r{op.dunder}__(float(a))",
            last,
        ]
        return [*function_source(op, [*value_left, last]), *block("def reflected(b, a):", reflected)]
    number_and_value = "if type(b) is Value and (type(a) is float or type(a) is int):"
    body = [*block("if type(a) is Value:", value_left), *block(number_and_value, number_left)]
    return function_source(op, [*body, f"return {_call(op)}"])


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
        f"if modes: return slow_path(y, {', '.join([op.name.upper(), *op.names])})",
    ]
    if not any(mark in text for text in (lines[0], *slopes) for mark in ("/", "function(")):
        return lines, slopes
    places = [f"by_{op.names[index]}" for index in wanted]
    lines += [f"{place} = {slope}" for place, slope in zip(places, slopes)]
    return [*block("try:", lines), *block("except SIGNALS:", [f"return {_call(op)}"])], places


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


# ---- What kernels call -----------------------------------------------------------------

Prepared = tuple[Sequence[Any], Sequence[float]]
"""A list of Values and their numbers, or a copy of a list of floats, twice."""


def prepare(values: Sequence[Any]) -> Prepared | None:
    """Return a list and its numbers, if it holds only Values or only floats; else None."""
    try:
        numbers = [value._data for value in values]
    except AttributeError:
        floats = tuple(values)
        return (floats, floats) if {*map(type, floats)} == {float} else None
    return (values, numbers) if numbers else None


def record_lists(op: Op, lists: Sequence[Sequence[Any]], attributes: tuple[Any, ...]) -> Any:
    """Record an operation on lists of Values and lists of floats, faster than ``record``."""
    prepared: list[Any] = [prepare(values) for values in lists]
    if None not in prepared:
        lengths = tuple([None if values is floats else len(values) for values, floats in prepared])
        if any(lengths):
            listed, numbers = zip(*prepared)
            return list_kernel(op, lengths)(*listed, *numbers, *attributes)
    return op.apply_to((*lists, *attributes))


def list_kernel(op: Op, lengths: tuple[int | None, ...]) -> Callable[..., Any]:
    """Return what records an operation on lists: a function of the lists, their numbers, the attributes.

    Args:
        op: the operation.
        lengths: the length of each list of Values; None for a list of floats.
    """
    kernel = op.kernels.get(lengths)
    if kernel is None:
        plain = tuple([length is None for length in lengths])
        kernel_in = op.kernels.get(str(plain))
        if kernel_in is None:
            kernel_in = op.kernels[str(plain)] = compile_list_kernel(op, plain, ACTIVE)
        kernel = op.kernels[lengths] = kernel_in(Layout(op, "lists", lengths))
    return kernel


def slow_path(y: float, op: Op, *operands: Any) -> Value:
    """Finish an operation in a context whose mode may differ from the ordinary one."""
    mode = current_mode()
    plain = not (mode.recording or mode.checking or current_tracer())
    return Value(y) if plain else record(op, operands)


ACTIVE.update(
    NO_GRADIENT=NO_GRADIENT, Value=Value, new=object.__new__, record_lists=record_lists, slow_path=slow_path,
    foreign=lambda left, right: is_foreign(left) or is_foreign(right),
)  # fmt: skip

for _op in OPS.values():
    _kernels = compile_kernel(_op, ACTIVE)
    if _op.is_operator:
        setattr(Operators, f"__{_op.dunder}__", _kernels[_op.name])
        if "reflected" in _kernels:
            setattr(Operators, f"__r{_op.dunder}__", _kernels["reflected"])
    else:
        functions.install(_op, _kernels[_op.name])
        if len(_op.partials) == 1:
            setattr(Operators, _op.name, _kernels[_op.name])
