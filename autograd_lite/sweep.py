"""The order of a graph, and how gradients flow through it in reverse."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite.layout import MANY, partials_of
from autograd_lite.scalar import Scalar, number_of

if TYPE_CHECKING:
    from autograd_lite.engine import Value
    from autograd_lite.op import Op

_one_at_a_time = threading.RLock()
"""Held by a sweep: two threads may share nodes; and by a fork, which waits until they are whole."""

if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_one_at_a_time.acquire,
        after_in_parent=_one_at_a_time.release,
        after_in_child=_one_at_a_time.release,
    )

__all__ = ["adjoints", "call_text", "check_finite", "contributions", "slots_of", "sweep", "topological_order"]


def topological_order(output: Value) -> tuple[list[Value], list[Value]]:
    """List the leaves of a graph, and its inner nodes so that each follows its parents.

    Parents come in the order in which the operations name them, so the lists are the
    same in every process. Nothing is recursive: a graph may be as deep as memory allows.

    Args:
        output: the last node of the graph.

    Returns:
        The leaves, and the inner nodes, ``output`` last.

    Example:
        >>> from autograd_lite import Value
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> leaves, nodes = topological_order((x + y) * z)
        >>> [leaf.data for leaf in leaves], [node.data for node in nodes]
        ([-2.0, 5.0, -4.0], [3.0, -12.0])
    """
    leaves: dict[Value, None] = {}
    nodes: list[Value] = []
    emit = nodes.append
    seen: set[Value] = set()
    see = seen.add
    waiting: list[Any] = [output]
    wait, take = waiting.append, waiting.pop
    while waiting:
        node = take()
        if node is None:  # a mark: all parents of the node below it have been listed
            emit(take())
            continue
        while node not in seen:  # go down along first parents
            if node._layout is None:
                leaves[node] = None
                break
            see(node)
            wait(node)
            wait(None)
            second = node._second
            if second is MANY:
                waiting.extend(reversed(node._first))
                break
            if second is not None:
                wait(second)
            node = node._first
    return list(leaves), nodes


def sweep(output: Value) -> None:
    """Set the ``.grad`` of every node to the output's derivative; leaves add it to what they had.

    ∂L/∂parent = Σ ∂L/∂node · ∂node/∂parent, by one walk in reverse topological order.
    """
    leaves: list[Value] = []
    before: list[float] = []
    isfinite = math.isfinite
    with _one_at_a_time:
        try:
            nodes = _zeroed(output, leaves, before)
            output._grad = 1.0
            for node in reversed(nodes):
                upstream = node._grad
                second = node._second
                if second is None:
                    node._first._grad += upstream * node._first_partial
                elif second is MANY:
                    if upstream == 0.0 and isfinite(sum(node._first_partial)):
                        continue  # a unit that is off: it would add 0 to every parent
                    for parent, partial in zip(node._first, node._first_partial):
                        parent._grad += upstream * partial
                else:
                    node._first._grad += upstream * node._first_partial
                    second._grad += upstream * node._second_partial
            if not isfinite(sum([leaf._grad for leaf in leaves])):  # then it matters what passes nothing on
                totals = adjoints(output, nodes, partials_of)
                for value in (*leaves, *nodes):
                    value._grad = totals.get(value, 0.0)
        except BaseException:
            for leaf, gradient in zip(leaves, before):
                leaf._grad = gradient
            raise
        for leaf, gradient in zip(leaves, before):
            leaf._grad += gradient


def _zeroed(output: Value, leaves: list[Value], before: list[float]) -> list[Value]:
    """Set every gradient to 0, and list the inner nodes in topological order.

    The walk is that of ``topological_order``. It needs no set of what it has seen: a node
    that it has seen holds this walk's own zero.
    """
    zero = float("0")
    met: set[Value] = set()  # parents in lists of which all were seen: weights, that meet in many lists
    nodes: list[Value] = []
    emit = nodes.append
    waiting: list[Any] = [output]
    take = waiting.pop
    while waiting:
        node = take()
        if node is None:
            emit(take())
            continue
        while node._grad is not zero:
            if node._layout is None:
                leaves.append(node)
                before.append(node._grad)
                node._grad = zero
                break
            node._grad = zero
            first, second = node._first, node._second
            if second is MANY:
                if not met.issuperset(first):
                    unseen = [parent for parent in reversed(first) if parent._grad is not zero]
                    if unseen:
                        waiting += (node, None, *unseen)
                        break
                    met.update(first)
                emit(node)
                break
            if second is None or second._grad is zero:
                if first._grad is zero:  # nothing is left to be listed before it
                    emit(node)
                    break
                waiting += (node, None)
            else:
                waiting += (node, None, second)
            node = first
    return nodes


def adjoints(
    output: Value,
    nodes: Sequence[Value],
    partials_of: Callable[[Value], Iterable[Any]],
    check: Callable[[Value, Value, Any], None] | None = None,
) -> dict[Value, Any]:
    """Compute what ``sweep`` does, in any kind of number, and touch no ``.grad``.

    Args:
        output: the Value to differentiate.
        nodes: the inner nodes of its graph in topological order.
        partials_of: gives a node's partial derivative by each parent.
        check: called with a node, its parent and the contribution along that edge.

    Returns:
        The derivative of the output by every Value of its graph.
    """
    totals: dict[Value, Any] = {output: 1.0}
    for node in reversed(nodes):
        if node not in totals:  # all that was computed from it is a condition
            continue
        for parent, contribution in zip(node.parents, contributions(node, totals[node], partials_of(node))):
            if contribution is None:
                continue
            if check is not None:
                check(node, parent, contribution)
            totals[parent] = totals[parent] + contribution if parent in totals else contribution
    return totals


def contributions(node: Value, upstream: Any, partials: Iterable[Any]) -> list[Any]:
    """List what a node adds to the gradient of each parent: upstream · partial.

    Where the operation is flat, or has chosen another input, it adds 0, whatever comes from above:
    relu(-1) and an upstream of inf give 0, not nan. A condition gets None: no gradient at all.

    Args:
        node: an inner node.
        upstream: the derivative of the output by it.
        partials: its partial derivative by each parent, in the same kind of number.

    Example:
        >>> from autograd_lite import Value
        >>> contributions(Value(-1.0).relu(), math.inf, [0.0])
        [0.0]
    """
    partials = list(partials)
    products = [upstream * partial for partial in partials]
    op = node.op
    assert op is not None
    if not op.conditions and not (op.stops and any(math.isnan(number_of(product)) for product in products)):
        return products
    numbers = op.flat(op.numbers(node.inputs, number_of))
    return [
        None if slot in op.conditions
        else 0.0 if math.isnan(number_of(product)) and op.stops_at(slot, number_of(partial), numbers)
        else product
        for slot, partial, product in zip(slots_of(node), partials, products)
    ]  # fmt: skip


def slots_of(node: Value) -> list[int]:
    """List which inputs of a node are Values, counted through all lists."""
    return [slot for slot, operand in enumerate(node.args) if isinstance(operand, Scalar)]


def check_finite(node: Value, parent: Value, contribution: Any) -> None:
    """Raise a FloatingPointError if what a node adds to a parent's gradient is not finite."""
    number = getattr(contribution, "data", contribution)
    if not math.isfinite(number):
        assert node.op is not None
        name = f"the Value {parent.label!r}" if parent.label else f"the Value {parent.data!r}"
        raise FloatingPointError(
            f"the gradient that {call_text(node.op, node.inputs)} gives to {name} is {number}"
        )


def call_text(op: Op, operands: Sequence[Any]) -> str:
    """Write a call with its operands' labels and numbers, for an error message."""
    shown = []
    for operand in op.flat(operands):
        label = getattr(operand, "label", "")
        shown.append((f"{label}=" if label else "") + repr(getattr(operand, "data", operand)))
    return f"{op.name}({', '.join(shown)})"
