"""Fast functions on Values, written by machine from the declarations.

For an operation on one or two inputs this makes the Python source of what
``engine.record`` does step by step: compute the value and the partial derivatives
on floats, and keep both in a new node. Everything out of the ordinary (another kind
of number, a mode that is on, a division by zero) is left to ``Op.__call__``.
Could be deleted: without it every operation goes through ``record``, to the same bits.

Read one: ``print(kernel_source(OPS["tanh"], {}))``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from numbers import Real
from typing import Any

from autograd_lite import functions
from autograd_lite.core.coercion import is_foreign, refused
from autograd_lite.core.ieee import SIGNALS
from autograd_lite.core.modes import ACTIVE, current_mode
from autograd_lite.core.node import MANY, Layout, layout, without_graph
from autograd_lite.core.op import Op
from autograd_lite.core.op_source import call_source, number_source, python_source
from autograd_lite.core.operators import Operators
from autograd_lite.core.source import block, define, function_source
from autograd_lite.core.updates_in_place import warn_of_update
from autograd_lite.engine import NO_GRADIENT, Value, record
from autograd_lite.ops import DOT, OPS

__all__ = ["compile_kernel", "kernel_source", "list_kernel_source", "record_lists"]


def compile_kernel(op: Op, shared: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """Compile the kernels of an operation.

    Args:
        op: the operation.
        shared: the names that all kernels use: Value, new, modes, ... A kernel looks
            ``modes`` up in this very dictionary each time it runs.

    Returns:
        The functions by name: ``op.name``, and for an operator on two inputs ``reflected``.
    """
    names: dict[str, Any] = {op.name.upper(): op}
    text = kernel_source(op, names)
    shared.update(names)
    return define(text, f"kernel {op.name}", shared)


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
        lines = function_source(op, _refusing(op, f"{op.name.upper()}.apply_to(({', '.join(op.names)}))"))
    elif len(op.partials) == 1:
        lines = _unary(op, names)
    else:
        lines = _binary(op, names)
    return "\n".join(lines) + "\n"


def _unary(op: Op, names: dict[str, Any]) -> list[str]:
    ordinary = ["type(a) is Value", *(f"type({name}) is float" for name in op.attributes)]
    fast = ["a_data = a._data", *_recorded(op, "one", names)]
    return function_source(op, [*block(f"if {' and '.join(ordinary)}:", fast), *_with_refusal(op)])


def _binary(op: Op, names: dict[str, Any]) -> list[str]:
    both = ["b_data = b._data", *_recorded(op, "two", names)]
    number_right = ["b_data = b * 1.0", *_recorded(op, "constant_right", names)]
    number_left = ["a_data = a * 1.0", "b_data = b._data", *_recorded(op, "constant_left", names)]
    value_left = [
        "a_data = a._data",
        *block("if type(b) is Value:", both),
        *block("if type(b) is float or type(b) is int:", number_right),
    ]
    if op.is_operator:  # Python calls it with a Value on its side; what the other one is may be foreign
        last = ["if foreign(a, b): return NotImplemented", *_with_refusal(op)]
        value_left.append(f"if isinstance(b, Real): return a.__{op.dunder}__(float(b))")
        reflected = [
            *block("if type(a) is float or type(a) is int:", number_left),
            f"if isinstance(a, Real): return b.__r{op.dunder}__(float(a))",
            *last,
        ]
        functions = [*function_source(op, [*value_left, *last]), *block("def reflected(b, a):", reflected)]
        leaf = f"if a._layout is None and a._grad is not NO_GRADIENT: warn_of_update({op.sign + '='!r})"
        at = 1 + len(block("if type(b) is Value:", both))
        return [
            *functions,
            *block("def in_place(a, b):", [*value_left[:at], leaf, *value_left[at:], *last]),
        ]
    number_and_value = "if type(b) is Value and (type(a) is float or type(a) is int):"
    body = [*block("if type(a) is Value:", value_left), *block(number_and_value, number_left)]
    return function_source(op, [*body, *_with_refusal(op)])


def _with_refusal(op: Op) -> list[str]:
    """Write the call that does with care what the kernel does fast; what it refuses is refused right here."""
    inputs = ", ".join(op.names[: len(op.partials)])
    return [f"wrong = refused({inputs})", "if wrong: raise wrong", f"return {_call(op)}"]


def _refusing(op: Op, call: str) -> list[str]:
    """Write a call whose operands, if it refuses one, are refused right here."""
    inputs = ", ".join(op.names)
    refusal = [f"wrong = refused({inputs})", "if wrong: raise wrong from None", "raise"]
    return [*block("try:", [f"return {call}"]), *block("except TypeError:", refusal)]


def _call(op: Op) -> str:
    """Write the call that does with care what the kernel does fast."""
    return f"{op.name.upper()}({', '.join(op.names)})"


def _recorded(op: Op, kind: str, names: dict[str, Any]) -> list[str]:
    """Write what computes y and the partials, and keeps them in a node as its layout of this kind says."""
    operands = [*(f"{name}_data" for name in op.names[: len(op.partials)]), *op.attributes]
    terms = op.terms(operands)
    wanted = {"two": [0, 1], "constant_left": [1]}.get(kind, [0])
    slopes = [python_source(terms[index], names) for index in wanted]
    compute = [f"y = {call_source(op, operands, names)}", _mode_check(op, op.names)]
    if any(mark in text for text in (compute[0], *slopes) for mark in ("/", "%", "function(")):
        places = [f"by_{op.names[index]}" for index in wanted]
        compute += [f"{place} = {slope}" for place, slope in zip(places, slopes)]
        compute = _with_care(compute, _call(op))
        slopes = places
    where = f"{op.name.upper()}_{kind}"
    names[where] = layout(op, kind)
    first, second = ("b" if kind == "constant_left" else "a"), ("b" if kind == "two" else "None")
    kept = {
        "one": _tuple(op.attributes),
        "two": slopes[-1],
        "constant_right": "b_data",
        "constant_left": "a_data",
    }
    return [*compute, *_node(where, first, second, slopes[0], kept[kind])]


def _mode_check(op: Op, operands: Iterable[str]) -> str:
    """Write what takes the slow path if a mode is on."""
    return f"if modes: return slow_path(y, {', '.join([op.name.upper(), *operands])})"


def _tuple(names: Collection[str]) -> str:
    """Write a tuple of names, None for none."""
    return f"({', '.join(names)},)" if names else "None"


def _with_care(compute: list[str], call: str) -> list[str]:
    """Write lines, and to start anew with a call where Python signals in them."""
    return [*block("try:", compute), *block("except SIGNALS:", [f"return {call}"])]


def _node(where: str, first: str, second: str, first_partial: str, second_partial: str) -> list[str]:
    """Write what makes the node: the same slots as ``engine.record`` fills."""
    return [
        "node = new(Value)",
        "node._data = y",
        "node._grad = NO_GRADIENT",
        f"node._layout = {where}",
        f"node._first = {first}",
        f"node._second = {second}",
        f"node._first_partial = {first_partial}",
        f"node._second_partial = {second_partial}",
        "return node",
    ]


def list_kernel_source(op: Op, plain: tuple[bool, ...]) -> str:
    """Write the kernel of an operation on lists: a function of a layout, the lists, the numbers, attributes.

    Args:
        op: the operation.
        plain: for each of its lists, whether it holds floats and not Values.
    """
    name, attributes = op.name.upper(), list(op.attributes)
    lists = [f"list{index}" for index in range(len(plain))]
    numbers = [f"numbers{index}" for index in range(len(plain))]
    compute = [f"y = {name}_forward({', '.join([*numbers, *attributes])})"]
    slopes = _whole_lists(op, numbers)
    if slopes is None:
        compute.append(f"slopes = {name}_slopes({', '.join(['y', *numbers, *attributes])})")
        slopes = [f"*slopes[{index}]" for index in range(len(plain))]
    parents = [f"*{listed}" for listed, is_plain in zip(lists, plain) if not is_plain]
    partials = [slope for slope, is_plain in zip(slopes, plain) if not is_plain]
    kept = [listed for listed, is_plain in zip(lists, plain) if is_plain] + attributes
    compute.append(f"partials = [{', '.join(partials)}]")
    operands = [*lists, *attributes]
    body = [
        *_with_care(compute, f"{name}.apply_to(({', '.join(operands)},))"),
        _mode_check(op, operands),
        *_node("where", f"[{', '.join(parents)}]", "MANY", "partials", _tuple(kept)),
    ]
    parameters = ", ".join(["where", *lists, *numbers, *attributes])
    return "\n".join(block(f"def kernel({parameters}):", body)) + "\n"


def _whole_lists(op: Op, numbers: list[str]) -> list[str] | None:
    """Write the partials of an operation on lists, if its rule only passes whole lists on."""
    assert op.many is not None
    lists = [object() for _ in numbers]  # which nothing can look into
    try:
        slopes = op.many(None, *lists, *op.attributes.values())
    except (AttributeError, TypeError):
        return None
    names = dict(zip(lists, numbers))
    return [
        f"*{names[slope]}" if type(slope) is object else ", ".join(map(number_source, slope))
        for slope in slopes
    ]


# ---- What kernels call -----------------------------------------------------------------


def prepare(values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[float]] | None:
    """Return a list of Values and their numbers; of a list of floats a copy, twice; of others None."""
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
            kernel, where = list_kernel(op, lengths)
            listed, numbers = zip(*prepared)
            return kernel(where, *listed, *numbers, *attributes)
    try:
        return op.apply_to((*lists, *attributes))
    except TypeError:
        wrong = refused(*op.flattened((*lists, *attributes)))
        if wrong:
            raise wrong from None
        raise


def dot_for(inputs: Sequence[Any]) -> Callable[..., Any]:
    """Return ``dot`` for these inputs alone, whose numbers are read once for all neurons of a layer."""
    prepared = prepare(inputs)
    if prepared is None:
        return functions.dot
    listed, numbers = prepared
    length = len(listed)
    kernel, where = list_kernel(DOT, (length, None if listed is numbers else length, 1))

    def dot_of_them(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        try:
            weight_numbers, bias_number = [weight._data for weight in weights], bias._data
        except AttributeError:  # plain numbers among the weights
            return functions.dot(weights, inputs, bias)
        if len(weights) != length:
            return functions.dot(weights, inputs, bias)
        return kernel(where, weights, listed, (bias,), weight_numbers, numbers, (bias_number,))

    return dot_of_them


def list_kernel(op: Op, lengths: tuple[int | None, ...]) -> tuple[Callable[..., Any], Layout]:
    """Return the kernel of an operation on lists, and the layout that it takes before them.

    Args:
        op: the operation.
        lengths: the length of each list of Values; None for a list of floats.
    """
    found: tuple[Callable[..., Any], Layout] | None = op.kernels.get(lengths)
    if found is None:
        text = list_kernel_source(op, tuple([length is None for length in lengths]))
        if text not in op.kernels:
            name = op.name.upper()
            ACTIVE.update({name: op, f"{name}_forward": op.forward, f"{name}_slopes": op.many})
            op.kernels[text] = define(text, f"kernel {op.name} of lists", ACTIVE)["kernel"]
        found = op.kernels[lengths] = op.kernels[text], Layout(op, "lists", lengths)
    return found


def slow_path(y: float, op: Op, *operands: Any) -> Value:
    """Finish an operation in a context whose mode may differ from the ordinary one."""
    mode = current_mode()
    plain = not (mode.recording or mode.checking or mode.tracer)
    return without_graph(Value(y)) if plain else record(op, operands)


ACTIVE.update(
    NO_GRADIENT=NO_GRADIENT, Value=Value, new=object.__new__, record_lists=record_lists, slow_path=slow_path,
    refused=refused, warn_of_update=warn_of_update,
    foreign=lambda left, right: is_foreign(left) or is_foreign(right), SIGNALS=SIGNALS, Real=Real, MANY=MANY,
)  # fmt: skip
functions.dot_for = dot_for

for _op in OPS.values():
    _kernels = compile_kernel(_op, ACTIVE)
    if _op.is_operator:
        setattr(Operators, f"__{_op.dunder}__", _kernels[_op.name])
        if "reflected" in _kernels:
            setattr(Operators, f"__r{_op.dunder}__", _kernels["reflected"])
        if "in_place" in _kernels:
            setattr(Operators, f"__i{_op.dunder}__", _kernels["in_place"])
    else:
        functions.install(_op, _kernels[_op.name])
        if len(_op.partials) == 1:
            setattr(Operators, _op.name, _kernels[_op.name])
