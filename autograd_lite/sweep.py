"""The order of a graph, and how gradients flow through it in reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite.layout import MANY

if TYPE_CHECKING:
    from autograd_lite.engine import Value

__all__ = ["adjoints", "sweep", "topological_order"]


def topological_order(output: Value) -> list[Value]:
    """List a Value and all it was computed from, every node after its parents.

    Parents come in the order in which the operations name them, so the list is the
    same in every process. Nothing is recursive: a graph may be as deep as memory allows.

    Args:
        output: the last node of the graph.

    Example:
        >>> from autograd_lite import Value
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> [node.data for node in topological_order((x + y) * z)]
        [-2.0, 5.0, 3.0, -4.0, -12.0]
    """
    order: list[Value] = []
    emit = order.append
    seen: set[Value] = set()
    see = seen.add
    waiting: list[Any] = [output]
    wait, take = waiting.append, waiting.pop
    while waiting:
        node = take()
        if node is None:  # a mark: all parents of the next node have been listed
            emit(take())
        elif node not in seen:
            see(node)
            if node._layout is None:
                emit(node)
                continue
            wait(node)
            wait(None)
            second = node._second
            if second is None:
                wait(node._first)
            elif second is MANY:
                waiting.extend(reversed(node._first))
            else:
                wait(second)
                wait(node._first)
    return order


def sweep(order: Sequence[Value]) -> None:
    """Set every ``.grad`` to the derivative of the last node, by one walk in reverse.

    ∂L/∂parent = Σ ∂L/∂node · ∂node/∂parent

    Args:
        order: a topological order.
    """
    for node in order:
        node._grad = 0.0
    order[-1]._grad = 1.0
    for node in reversed(order):
        if node._layout is None:
            continue
        upstream = node._grad
        second = node._second
        if second is None:
            node._first._grad += upstream * node._first_partial
        elif second is MANY:
            for parent, partial in zip(node._first, node._first_partial):
                parent._grad += upstream * partial
        else:
            node._first._grad += upstream * node._first_partial
            second._grad += upstream * node._second_partial


def adjoints(
    order: Sequence[Value],
    partials_of: Callable[[Value], Iterable[Any]],
    check: Callable[[Value, Value, Any], None] | None = None,
) -> dict[Value, Any]:
    """Compute what ``sweep`` does, in any kind of number, and touch no ``.grad``.

    Args:
        order: a topological order.
        partials_of: gives a node's partial derivative by each parent.
        check: called with a node, its parent and the contribution along that edge.

    Returns:
        The derivative of the last node by every node.
    """
    totals: dict[Value, Any] = {order[-1]: 1.0}
    for node in reversed(order):
        if node._layout is None:
            continue
        upstream = totals[node]
        for parent, partial in zip(node.parents, partials_of(node)):
            contribution = upstream * partial
            if check is not None:
                check(node, parent, contribution)
            totals[parent] = totals[parent] + contribution if parent in totals else contribution
    return totals
