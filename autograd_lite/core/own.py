"""Nodes that are given their local gradients, as microgpt's ``Value`` makes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_lite.core.coercion import as_float
from autograd_lite.core.modes import current_mode
from autograd_lite.core.node import Node
from autograd_lite.core.op import Op
from autograd_lite.core.scalar import LOCAL_GRADIENTS, Scalar, refuse_while_traced
from autograd_lite.core.symbol import Number
from autograd_lite.core.variables import callers_names

__all__ = ["OWN", "name_or_remember"]


class _Own(Op):
    """What computed a node that was given its local gradients: of it only they and its data are known."""

    def flattened(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """List the children alone."""
        return tuple(inputs[0])

    def slots_of(self, inputs: Sequence[Any], kind: type[Number]) -> list[int]:
        """List all children."""
        return [*range(len(inputs[0]))]


def _partials(y: Any, children: Sequence[Any], captured: tuple[float, list[float]]) -> list[list[float]]:
    if isinstance(y, Scalar):
        raise TypeError(
            "a node made with its own local gradients has no derivative beyond the first: declare its "
            "operation with Op, whose partials can be differentiated again"
        )
    return [captured[1]]


OWN = _Own(
    "own", "own", lambda children, captured: captured[0], many=_partials,
    attributes={"captured": None}, why="it scales the gradient by the local gradient given for each input",
)  # fmt: skip


def name_or_remember(node: Node, children: Any, local_grads: Any) -> None:
    """Name a leaf; or make it the node that its children and its local gradients say.

    Args:
        node: the leaf.
        children: a name, or the Values that the node is computed from.
        local_grads: the derivative by each of them.

    Raises:
        TypeError: if a child is no Value, or a local gradient no plain number, or there are none.
        ValueError: if there are more of the ones than of the others.
    """
    if isinstance(children, str) and local_grads == ():
        node.label = children
        return
    refuse_while_traced("a node is given its own local gradients")
    partials = local_gradients(children, local_grads)
    mode = current_mode()
    if mode.checking and not math.isfinite(node._data):
        raise FloatingPointError(
            f"{OWN.call_text((children, None), callers_names(children))} is {node._data}"
        )
    if children and mode.recording:
        node.remember(OWN, ((*children,), (node._data, partials)), partials)


def local_gradients(children: Any, local_grads: Any) -> list[float]:
    """Return the local gradients of a node as floats, one for each child."""
    if not isinstance(children, (tuple, list)):
        raise TypeError(f"a label is a string, and children are a tuple of Values, got {children!r}")
    if children and local_grads == ():
        raise TypeError(f"a label is a string; children need local gradients, too: {LOCAL_GRADIENTS}")
    for child in children:
        if not isinstance(child, Scalar):
            raise TypeError(f"the children of a node are Values, got {child!r}: leave plain numbers out")
    if not isinstance(local_grads, (tuple, list)):
        raise TypeError(
            f"local gradients are a tuple of numbers, got {local_grads!r}: a node made with the name of its "
            f"operation and a _backward closure cannot work here. Write {LOCAL_GRADIENTS}; "
            "step_through(value) shows the backward pass"
        )
    if len(children) != len(local_grads):
        raise ValueError(
            f"{len(children)} children and {len(local_grads)} local gradients: write {LOCAL_GRADIENTS}"
        )
    for number in local_grads:
        if isinstance(number, Scalar):
            raise TypeError(f"a local gradient is a plain number, got {number!r}: use its .data")
    return [as_float(number) for number in local_grads]
