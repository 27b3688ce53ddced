"""Derivatives as results: gradients of any order, Jacobians, Hessians, and their products with vectors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from autograd_lite.core import forward
from autograd_lite.core.coercion import as_float, got
from autograd_lite.core.forward import joined
from autograd_lite.core.modes import current_mode
from autograd_lite.core.node import check_finite
from autograd_lite.core.scalar import number_of, refuse_while_traced
from autograd_lite.engine import Value, adjoints, topological_order

__all__ = ["backward", "check_fresh", "grad", "hessian", "hvp", "jacobian", "jvp", "listed_for", "vjp"]


@overload
def grad(output: Value, inputs: Value, create_graph: Literal[False] = False) -> float: ...
@overload
def grad(output: Value, inputs: Sequence[Value], create_graph: Literal[False] = False) -> list[float]: ...
@overload
def grad(output: Value, inputs: Value, create_graph: Literal[True]) -> Value: ...
@overload
def grad(output: Value, inputs: Sequence[Value], create_graph: Literal[True]) -> list[Value]: ...
def grad(output: Value, inputs: Value | Sequence[Value], create_graph: bool = False) -> Any:
    """Compute the derivative of an output by some inputs; no ``.grad`` is touched.

    Args:
        output: the Value to differentiate.
        inputs: a Value, or a sequence of Values; leaves or nodes in between.
        create_graph: return Values that can be differentiated again, instead of floats.

    Returns:
        The derivative by each input, in their order (for a single Value, just the one):
        floats, or with ``create_graph`` Values. An input that the output does not
        depend on has the derivative 0.0.

    Raises:
        TypeError: if output or an input is not a Value.
        RuntimeError: with ``create_graph``, if a ``.data`` in the graph has changed
            since the forward pass.

    Example:
        >>> x = Value(3.0)
        >>> (slope,) = grad(x**3, [x], create_graph=True)
        >>> slope.data, grad(slope, x)
        (27.0, 18.0)
    """
    if not create_graph:
        refuse_while_traced("a gradient is computed as plain numbers; with create_graph=True it is a graph")
    listed = [inputs] if isinstance(inputs, Value) else list(inputs)
    _check_values("grad", [output, *listed])
    _, nodes = topological_order(output)
    if create_graph:
        check_fresh(nodes)
    check = check_finite if current_mode().checking else None
    totals = adjoints(output, nodes, _rules_on_values if create_graph else None, check)
    gradients = [totals.get(value, 0.0) for value in listed]
    if create_graph:
        gradients = [total if isinstance(total, Value) else Value(total) for total in gradients]
    return gradients[0] if isinstance(inputs, Value) else gradients


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value]) -> list[list[float]]:
    """Compute the matrix of the derivatives of several outputs by several inputs.

    Formula:
        `J[i][j] = ∂outputs[i] / ∂inputs[j]`

    Args:
        outputs: m Values computed from the inputs.
        inputs: n Values.

    Returns:
        m rows of n floats. No ``.grad`` is touched. Of n < m inputs each is followed forward, to all outputs
        at once; else each output backward, to all inputs.

    Raises:
        TypeError: if an output or an input is not a Value.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> jacobian([x * y, x + y, y * y], [x, y])
        [[3.0, 2.0], [1.0, 1.0], [0.0, 6.0]]
    """
    if len(inputs) >= len(outputs):
        return [grad(output, inputs) for output in outputs]
    refuse_while_traced("a Jacobian is computed as plain numbers")
    _check_values("jacobian", [*outputs, *inputs])
    check = check_finite if current_mode().checking else None
    columns = [forward.tangents(outputs, {value: 1.0}, check=check) for value in inputs]
    return [[column[row] for column in columns] for row in range(len(outputs))]


def hessian(output: Value, inputs: Sequence[Value]) -> list[list[float]]:
    """Compute the matrix of the second derivatives of an output.

    Formula:
        `H[i][j] = ∂²output / ∂inputs[i] ∂inputs[j]`

    Args:
        output: a Value computed from the inputs.
        inputs: n Values.

    Returns:
        n rows of n floats. No ``.grad`` is touched.

    Raises:
        TypeError: if output or an input is not a Value.
        RuntimeError: if a ``.data`` in the graph has changed since the forward pass.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> hessian(x * x * y, [x, y])
        [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(grad(output, inputs, create_graph=True), inputs)


def backward(outputs: Sequence[Value], seeds: Sequence[float] | None = None) -> None:
    """Add the derivatives of several outputs to the ``.grad`` of their leaves, in one sweep.

    It is what ``output.backward(seed)`` for each of them would add up to.

    Args:
        outputs: Values; one may be computed from another.
        seeds: what the derivatives of each are multiplied by; None for 1.

    Raises:
        TypeError: if an output is not a Value, or a seed not a plain number.
        ValueError: if there are not as many seeds as outputs.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> backward([x * y, x + y], [1.0, 10.0])
        >>> x.grad, y.grad
        (13.0, 12.0)
    """
    listed = list(outputs) if not isinstance(outputs, Value) else [outputs]
    _check_values("backward", listed)
    weights = [1.0] * len(listed) if seeds is None else _numbers("seeds", seeds, len(listed), "outputs")
    joined(listed, weights).backward()


def jvp(
    f: Callable[..., Any],
    inputs: Sequence[Value | float],
    tangents: Sequence[float],
    create_graph: bool = False,
) -> tuple[Any, Any]:
    """Compute a function, and how fast it moves when its inputs move: Jacobian times vector.

    One walk in forward mode gives it for all outputs.

    Formula:
        `y = f(*inputs),  dy[i] = Σ_j ∂y[i]/∂inputs[j] · tangents[j]`

    Args:
        f: called with one Value for each input; returns a Value, or a list of them.
        inputs: n Values or numbers.
        tangents: n numbers, how fast each input moves.
        create_graph: return Values that can be differentiated again, and compiled, instead of floats.

    Returns:
        The value and the derivative; of a list, both are lists.

    Raises:
        TypeError: if f returns something else.
        ValueError: if there are not as many tangents as inputs.

    Example:
        >>> jvp(lambda x, y: [x * y, x + y], [2.0, 3.0], [1.0, 0.5])
        ([6.0, 5.0], [4.0, 1.5])
    """
    leaves, outputs, is_list = _called("jvp", f, inputs)
    moves = _numbers("tangents", tangents, len(leaves), "inputs")
    derivatives = _moved(outputs, dict(zip(leaves, moves)), create_graph)
    return _given(outputs, is_list, create_graph), derivatives if is_list else derivatives[0]


def vjp(
    f: Callable[..., Any],
    inputs: Sequence[Value | float],
    cotangents: float | Sequence[float] = 1.0,
    create_graph: bool = False,
) -> tuple[Any, list[Any]]:
    """Compute a function, and the derivatives of a weighted sum of its outputs: vector times Jacobian.

    One sweep in reverse mode gives it for all inputs.

    Formula:
        `y = f(*inputs),  dinputs[j] = Σ_i cotangents[i] · ∂y[i]/∂inputs[j]`

    Args:
        f: called with one Value for each input; returns a Value, or a list of them.
        inputs: n Values or numbers.
        cotangents: a number for each output; one number for a function that returns a Value.
        create_graph: return Values that can be differentiated again, and compiled, instead of floats.

    Returns:
        The value, or a list of them, and the n derivatives.

    Raises:
        TypeError: if f returns something else.
        ValueError: if there are not as many cotangents as outputs.

    Example:
        >>> vjp(lambda x, y: [x * y, x + y], [2.0, 3.0], [1.0, 10.0])
        ([6.0, 5.0], [13.0, 12.0])
    """
    leaves, outputs, is_list = _called("vjp", f, inputs)
    listed = cotangents if isinstance(cotangents, Sequence) else [cotangents] * len(outputs)
    weights = _numbers("cotangents", listed, len(outputs), "outputs")
    # The overloads of grad tell True from False, which is not known here.
    derivatives: list[Any] = grad(joined(outputs, weights), leaves, create_graph)  # type: ignore[call-overload]
    return _given(outputs, is_list, create_graph), derivatives


def hvp(
    f: Callable[..., Value],
    inputs: Sequence[Value | float],
    vector: Sequence[float],
    create_graph: bool = False,
) -> tuple[Any, list[Any]]:
    """Compute a function, and how fast its gradient moves when its inputs do: Hessian times vector.

    The gradient is computed in reverse mode, as a graph, and that graph is followed forward: no Hessian
    is ever made.

    Formula:
        `y = f(*inputs),  p[i] = Σ_j ∂²y/∂inputs[i] ∂inputs[j] · vector[j]`

    Args:
        f: called with one Value for each input; returns a Value.
        inputs: n Values or numbers.
        vector: n numbers.
        create_graph: return Values that can be differentiated again, and compiled, instead of floats.

    Returns:
        The value, and the n products.

    Raises:
        TypeError: if f does not return a Value.
        ValueError: if there are not as many numbers in the vector as inputs.

    Example:
        >>> hvp(lambda x, y: x * x * y, [2.0, 3.0], [1.0, 0.0])
        (12.0, [6.0, 4.0])
    """
    leaves, outputs, is_list = _called("hvp", f, inputs)
    if is_list:
        raise TypeError(f"hvp: f returns one Value, got a list of {len(outputs)}")
    moves = _numbers("numbers in the vector", vector, len(leaves), "inputs")
    gradient = grad(outputs[0], leaves, create_graph=True)
    products = _moved(gradient, dict(zip(leaves, moves)), create_graph)
    return _given(outputs, False, create_graph), products


def _called(
    name: str, f: Callable[..., Any], inputs: Sequence[Value | float]
) -> tuple[list[Value], list[Value], bool]:
    """Call a function; return the Values it was called with, those it returned, and whether in a list."""
    inputs = listed_for(name, f, inputs)
    leaves = [value if isinstance(value, Value) else Value(value) for value in inputs]
    result = f(*leaves)
    is_list = isinstance(result, (list, tuple))
    outputs = list(result) if is_list else [result]
    for output in outputs:
        if not isinstance(output, Value):
            raise TypeError(f"{name}: f returns a Value or a list of them, got {output!r}")
    return leaves, outputs, is_list


def listed_for(name: str, f: Any, inputs: Any) -> list[Any]:
    """List the inputs of a function that is to be called with each.

    Raises:
        TypeError: if it is no function, or they are no list.
    """
    if not callable(f):
        raise TypeError(f"{name} takes a function of the inputs, {got(f)}: write lambda x: ...")
    if isinstance(inputs, Value) or not hasattr(type(inputs), "__iter__"):
        raise TypeError(f"{name} takes a list of inputs, {got(inputs)}: write [x]")
    return list(inputs)


def _moved(outputs: Sequence[Value], directions: dict[Value, float], create_graph: bool) -> list[Any]:
    """Return how fast outputs move, as floats or as Values."""
    if not create_graph:
        refuse_while_traced("a derivative is computed as plain numbers; with create_graph=True it is a graph")
        return forward.tangents(outputs, directions, check=check_finite if current_mode().checking else None)
    check_fresh(topological_order(joined(outputs, [1.0] * len(outputs)))[1][:-1])
    found = forward.tangents(outputs, directions, _rules_on_values)
    return [tangent if isinstance(tangent, Value) else Value(tangent) for tangent in found]


def _given(outputs: list[Value], is_list: bool, create_graph: bool) -> Any:
    """Return what a function gave, as floats or as the Values that they are."""
    values = outputs if create_graph else [output.data for output in outputs]
    return values if is_list else values[0]


def _numbers(name: str, numbers: Sequence[float], count: int, of: str) -> list[float]:
    """Return a list of floats, as many as there are inputs or outputs."""
    listed = [as_float(number) for number in numbers]
    if len(listed) != count:
        raise ValueError(f"as many {name} as {of}: got {len(listed)} and {count}")
    return listed


def _check_values(name: str, values: Sequence[Any]) -> None:
    """Raise a TypeError if one is not a Value."""
    for value in values:
        if not isinstance(value, Value):
            hint = "" if value is None else ": wrap numbers in Value(...) before computing"
            if callable(value):
                hint = ": call the function with Values, and pass what it returns"
            raise TypeError(f"{name} takes Values, {got(value)}{hint}")


def _rules_on_values(node: Value) -> list[Any]:
    """Evaluate a node's partial derivatives as Values: a graph of their own."""
    assert node.op is not None
    return node.op.slopes(node, node.inputs, node.slots)


def check_fresh(nodes: Sequence[Value]) -> None:
    """Raise a RuntimeError if a node is not what its inputs' data now give.

    Args:
        nodes: inner nodes of a graph.
    """
    with warnings.catch_warnings():  # the forward pass has warned of what it met
        warnings.simplefilter("ignore", RuntimeWarning)
        for node in nodes:
            now, then = _computed_again(node), [node._data, *node.captured]
            if (now != then or 0.0 in now) and repr(now) != repr(then):  # nan is nan, but 0 is not -0
                assert node.op is not None
                raise RuntimeError(
                    f"the graph is stale: {node.data!r} is no longer {node.op.call_text(node.inputs)}: "
                    "a .data has changed since the forward pass; run the forward pass again"
                )


def _computed_again(node: Value) -> list[float]:
    """Compute a node's value and its captured partials from the data of its inputs now."""
    assert node.op is not None
    numbers = node.op.numbers(node.inputs, number_of)
    y = node.op.forward(*numbers)
    return [y, *node.op.slopes(y, numbers, node.slots)]
