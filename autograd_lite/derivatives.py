"""Derivatives as results: gradients of any order, Jacobians, Hessians."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal, overload

from autograd_lite.core.modes import current_mode
from autograd_lite.core.node import check_finite
from autograd_lite.core.scalar import number_of, refuse_while_traced
from autograd_lite.engine import Value, adjoints, topological_order

__all__ = ["check_fresh", "grad", "hessian", "jacobian"]


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
    for value in (output, *listed):
        if not isinstance(value, Value):
            raise TypeError(f"grad takes Values, got {value!r}: wrap numbers in Value(...) before computing")
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
        J[i][j] = ∂outputs[i] / ∂inputs[j]

    Args:
        outputs: m Values computed from the inputs.
        inputs: n Values.

    Returns:
        m rows of n floats. No ``.grad`` is touched.

    Raises:
        TypeError: if an output or an input is not a Value.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> jacobian([x * y, x + y], [x, y])
        [[3.0, 2.0], [1.0, 1.0]]
    """
    return [grad(output, inputs) for output in outputs]


def hessian(output: Value, inputs: Sequence[Value]) -> list[list[float]]:
    """Compute the matrix of the second derivatives of an output.

    Formula:
        H[i][j] = ∂²output / ∂inputs[i] ∂inputs[j]

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
