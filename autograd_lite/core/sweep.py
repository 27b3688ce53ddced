"""The walks of ``engine`` that read a node's slots themselves; the backward pass adds up in place.

Could be deleted: what stands in ``engine`` under the same name, and ``accumulate``, which ``sweep``
replaces, give the same bits, more slowly.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite import engine
from autograd_lite.core.node import MANY
from autograd_lite.engine import Value, accumulate, contributions

__all__ = ["adjoints", "gradient_by", "sweep", "topological_order"]

_one_at_a_time = threading.RLock()
"""Held by a sweep: two threads may share nodes; and by a fork, which waits until they are whole."""

_at_fork: Any = getattr(os, "register_at_fork", dict)  # Windows has no fork
_at_fork(
    before=_one_at_a_time.acquire,
    after_in_parent=_one_at_a_time.release,
    after_in_child=_one_at_a_time.release,
)


def sweep(output: Value, seed: float = 1.0) -> None:
    """Set the ``.grad`` of every node to the output's derivative; leaves add it to what they had.

    ∂L/∂parent = Σ ∂L/∂node · ∂node/∂parent, by one walk in reverse topological order.
    """
    with _one_at_a_time:
        leaves, before = _swept(output, seed)
        if math.isfinite(sum([leaf._grad for leaf in leaves])):
            for leaf, gradient in zip(leaves, before):
                leaf._grad += gradient
        else:  # then it matters which nodes pass nothing on
            _put_back(leaves, before)
            accumulate(output, seed)


def gradient_by(output: Value, leaves: Sequence[Value]) -> list[float]:
    """Compute the derivative of an output by some leaves, as ``grad`` does; their ``.grad`` stays.

    That of the nodes in between does not: it is for a graph that nobody else has.
    """
    with _one_at_a_time:
        kept = [leaf._grad for leaf in leaves]
        reached, before = _swept(output, 1.0)
        found = [leaf._grad for leaf in leaves]
        _put_back(reached, before)
    if math.isfinite(sum(found)):
        return [0.0 if new is old else new for new, old in zip(found, kept)]  # the same where none came
    totals = plain_adjoints(output, topological_order(output)[1])  # it matters which nodes pass nothing on
    return [totals.get(leaf, 0.0) for leaf in leaves]


def _swept(output: Value, seed: float) -> tuple[list[Value], list[float]]:
    """Let each leaf's gradient be the output's derivative; return the leaves, and what they had before."""
    leaves: list[Value] = []
    before: list[float] = []
    isfinite = math.isfinite
    try:
        nodes = _zeroed(output, leaves, before)
        output._grad = seed
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
    except BaseException:
        _put_back(leaves, before)
        raise
    return leaves, before


def _put_back(leaves: list[Value], before: list[float]) -> None:
    """Give the leaves the gradients that they had before."""
    for leaf, gradient in zip(leaves, before):
        leaf._grad = gradient


def _zeroed(output: Value, leaves: list[Value], before: list[float]) -> list[Value]:
    """Set every gradient to 0, and list the inner nodes in topological order.

    The order is that of ``topological_order``. This walk needs no set of what it has seen: a node
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


def topological_order(output: Value) -> tuple[list[Value], list[Value]]:
    """List the leaves of a graph, and its inner nodes so that each follows its parents."""
    leaves: list[Value] = []
    nodes: list[Value] = []
    seen: set[Value] = set()
    see, emit = seen.add, nodes.append
    waiting: list[Any] = [output]
    take = waiting.pop
    while waiting:
        node = take()
        if node is None:
            emit(take())
            continue
        while node not in seen:  # down along first parents
            see(node)
            if node._layout is None:
                leaves.append(node)
                break
            second = node._second
            if second is MANY:
                waiting += (node, None, *reversed(node._first))
                break
            waiting += (node, None) if second is None else (node, None, second)
            node = node._first
    return leaves, nodes


plain_adjoints = engine.adjoints


def adjoints(
    output: Value,
    nodes: Sequence[Value],
    partials_of: Callable[[Value], Sequence[Any]] | None = None,
    check: Callable[[Value, Value, Any], None] | None = None,
    seed: float = 1.0,
) -> dict[Value, Any]:
    """Compute the derivative of an output by every Value of its graph; no ``.grad`` is touched."""
    if partials_of is not None or check is not None:
        return plain_adjoints(output, nodes, partials_of, check, seed)
    totals: dict[Value, float] = {output: seed}
    for node in reversed(nodes):
        if node not in totals:
            continue
        layout, upstream, first, second = node._layout, totals[node], node._first, node._second
        if layout is not None and layout.op.conditions:
            for parent, contribution in zip(node.parents, contributions(node, upstream, node.captured)):
                if contribution is not None:
                    totals[parent] = totals[parent] + contribution if parent in totals else contribution
        elif second is MANY:
            for parent, partial in zip(first, node._first_partial):
                product = upstream * partial
                totals[parent] = totals[parent] + product if parent in totals else product
        else:
            product = upstream * node._first_partial
            totals[first] = totals[first] + product if first in totals else product
            if second is not None:
                product = upstream * node._second_partial
                totals[second] = totals[second] + product if second in totals else product
    if math.isfinite(sum(totals.values())):
        return totals
    return plain_adjoints(output, nodes, seed=seed)  # then it matters which nodes pass nothing on


engine.accumulate, engine.adjoints, engine.topological_order = sweep, adjoints, topological_order
