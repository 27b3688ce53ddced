"""Forward mode: each node of a graph as a dual number, its value and how fast it moves.

What the reverse pass multiplies by on its way down, a node's partials, this multiplies by on its way up:
one walk gives the derivative of every output along one direction of the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_lite.core.scalar import number_of
from autograd_lite.engine import Value, contributions, topological_order
from autograd_lite.ops import DOT

__all__ = ["joined", "tangents"]


def tangents(
    outputs: Sequence[Value],
    directions: Mapping[Value, Any],
    partials_of: Callable[[Value], Sequence[Any]] | None = None,
    check: Callable[[Value, Value, Any], None] | None = None,
) -> list[Any]:
    """Compute how fast outputs move when some Values do; no ``.grad`` is touched.

    The chain rule: node' = Σ ∂node/∂parent · parent' over the parents that move, in topological order.

    Args:
        outputs: the Values to differentiate.
        directions: how fast the inputs move, floats or Values.
        partials_of: returns a node's partial by each parent, in any kind of number; None: those captured.
        check: called with a node, its parent and the product along that edge.

    Returns:
        The tangent of each output; 0.0 for one that does not move.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> tangents([x * y, x + y, y * y], {x: 1.0})
        [3.0, 1.0, 0.0]
    """
    moved = dict(directions)
    _, nodes = topological_order(joined(outputs, [1.0] * len(outputs)))
    for node in nodes[:-1]:
        if moved.keys().isdisjoint(node.parents):
            continue
        partials = node.captured if partials_of is None else partials_of(node)
        for parent, partial in _open_edges(node, partials):
            if parent not in moved:
                continue
            product = moved[parent] * partial
            if check is not None:
                check(node, parent, product)
            moved[node] = moved[node] + product if node in moved else product
    return [moved.get(output, 0.0) for output in outputs]


def _open_edges(node: Value, partials: Sequence[Any]) -> list[tuple[Value, Any]]:
    """List a node's parents and partials, but not where it passes nothing on, whatever comes."""
    edges = list(zip(node.parents, partials))
    op = node.op
    assert op is not None
    if not op.stops and not op.conditions:
        return edges
    most = contributions(node, math.inf, [number_of(partial) for partial in partials])
    return [
        edge for edge, contribution in zip(edges, most) if contribution is not None and contribution != 0.0
    ]


def joined(outputs: Sequence[Value], weights: Sequence[float]) -> Value:
    """Return their weighted sum as a node, also where gradients are off.

    Example:
        >>> x = Value(3.0)
        >>> joined([x * x, x], [2.0, 5.0]).backward(); x.grad
        17.0
    """
    node = Value(DOT.forward([output._data for output in outputs], weights, [0.0]))
    node.remember(DOT, (tuple(outputs), tuple(weights), (0.0,)), weights)
    return node
