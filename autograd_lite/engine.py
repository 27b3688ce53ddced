"""Value: a number that remembers how it was computed, and its backward pass.

This page is the engine; ``ops`` holds the rules that it applies. In ``a * b`` Python calls ``a.__mul__``,
which is the operation ``MUL`` of ``ops``; that calls ``a.apply(MUL, (a, b))``, which is ``record``. A node's
parents are the Values among its inputs, once for each use: ``x * x`` has the parents (x, x). Its partials
are its derivatives by each parent.

What only makes this fast could be deleted: ``core.kernels`` does what ``record`` does, written out for
each operation, ``core.sweep`` walks the graph and adds up in place, and ``core.native`` does both in C.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

from autograd_lite.core.coercion import as_float, leaf_data
from autograd_lite.core.modes import Change, current_mode, current_tracer, is_given
from autograd_lite.core.node import SLOTS, Node, check_finite, check_graph, without_graph
from autograd_lite.core.op import DETACH, Op
from autograd_lite.core.own import name_or_remember
from autograd_lite.core.scalar import NO_GRADIENT, number_of
from autograd_lite.core.variables import callers_names

__all__ = ["NO_GRADIENT", "Value"]


class Value(Node):
    """A number in a computation graph.

    Args:
        data: a real number (int, float, Fraction, NumPy scalar, ...).
        label: a name, for drawings and steps; or, as microgpt makes its nodes, a tuple of parents.
        local_grads: the partials of such a node, which has no second derivative and is not compiled.

    Raises:
        TypeError: if data is not a real number: a bool, a string, None, a complex number, an array.

    Example:
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> L = (x + y) * z
        >>> L.backward()
        >>> L.data, x.grad, y.grad, z.grad
        (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = SLOTS

    def __init__(
        self, data: SupportsFloat, label: str | Sequence[Value] = "", local_grads: Sequence[float] = ()
    ) -> None:
        self._grad = NO_GRADIENT
        self._layout = None  # a leaf: no operation computed it
        if type(data) is float:
            self._data = data
        elif is_given(data):  # while a function is compiled, a Value stands for each of its arguments
            self.become(record(DETACH, (data,)))
        else:
            self._data = leaf_data(data)
        if label != "" or local_grads != ():
            name_or_remember(self, label, local_grads)

    def apply(self, op: Op, operands: tuple[Any, ...]) -> Value:
        """Apply an operation to Values and plain numbers, as ``a * b`` does."""
        return record(op, operands)

    def backward(self, seed: float = 1.0) -> None:
        """Compute the derivative of this Value by every Value that it depends on.

        Leaves add it to their ``.grad``: those of several losses add up. Nodes in between set theirs.

        Args:
            seed: the derivative by this Value itself, which all others are multiplied by.

        Raises:
            FloatingPointError: under ``detect_anomaly``, before any gradient changes, if one is not finite.
        """
        check_graph(self)
        if current_mode().checking:
            adjoints(self, topological_order(self)[1], check=check_finite, seed=seed)
        accumulate(self, as_float(seed))

    def detach(self) -> Value:
        """Return the same number as a new leaf, through which no gradient flows.

        Example:
            >>> x = Value(3.0)
            >>> y = x * x.detach()
            >>> y.backward(); x.grad
            3.0
        """
        return Value(self._data) if current_tracer() is None else record(DETACH, (self,))


def record(op: Op, operands: Sequence[Any]) -> Value:
    """Compute an operation and, unless gradients are off, remember it as a node.

    The node keeps the operation, its inputs, and its partials. These are computed now, as numbers:
    changing a ``.data`` later cannot change what a gradient is multiplied by.

    Args:
        op: the operation.
        operands: its inputs, at least one of them a Value, then its attributes.

    Raises:
        TypeError: if an operand is neither a Value nor a plain number, or an attribute is a Value.
        FloatingPointError: under ``detect_anomaly``, if the result is not finite.
    """
    mode = current_mode()
    op.check_attributes(operands)
    numbers = op.numbers(operands, number_of)
    y = op.forward(*numbers)
    if mode.checking and not math.isfinite(y):
        raise FloatingPointError(f"{op.call_text(operands, callers_names(op.flattened(operands)))} is {y}")
    if not mode.recording and op is not DETACH:
        if current_tracer() is None:
            return without_graph(Value(y))
        with Change(recording=True):  # a tracer sees an operation also where no gradient flows
            return record(op, operands).detach()
    inputs = op.numbers(operands, lambda arg: arg if isinstance(arg, Value) else as_float(arg))
    node = Value(y)
    node.remember(op, inputs, op.slopes(y, numbers, op.slots_of(inputs, Value)))
    return node


def accumulate(output: Value, seed: float = 1.0) -> None:
    """Add the derivative of an output to the ``.grad`` of its leaves, and set that of its other nodes."""
    leaves, nodes = topological_order(output)
    totals = adjoints(output, nodes, seed=seed)
    for node in nodes:
        node._grad = 0.0 + totals.get(node, 0.0)  # so that a gradient of 0 is never -0.0
    for leaf in leaves:
        leaf._grad += 0.0 + totals.get(leaf, 0.0)


def topological_order(output: Value) -> tuple[list[Value], list[Value]]:
    """List the leaves of a graph, and its inner nodes so that each follows its parents.

    Parents come in the order in which the operations name them: the lists are the same in every
    process. Nothing is recursive: a graph may be as deep as memory allows.

    Example:
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> leaves, nodes = topological_order((x + y) * z)
        >>> [leaf.data for leaf in leaves], [node.data for node in nodes]
        ([-2.0, 5.0, -4.0], [3.0, -12.0])
    """
    leaves: list[Value] = []
    nodes: list[Value] = []
    seen: set[Value] = set()
    waiting: list[Any] = [output]
    while waiting:
        node = waiting.pop()
        if node is None:  # a mark: the node before it on the stack comes after its parents, now listed
            nodes.append(waiting.pop())
        elif node not in seen:
            seen.add(node)
            if node.op is None:
                leaves.append(node)
            else:
                waiting += (node, None, *reversed(node.parents))
    return leaves, nodes


def adjoints(
    output: Value,
    nodes: Sequence[Value],
    partials_of: Callable[[Value], Sequence[Any]] | None = None,
    check: Callable[[Value, Value, Any], None] | None = None,
    seed: float = 1.0,
) -> dict[Value, Any]:
    """Compute the derivative of an output by every Value of its graph; no ``.grad`` is touched.

    The chain rule: ∂L/∂parent = Σ ∂L/∂node · ∂node/∂parent over all nodes computed from the parent. The
    nodes are taken in reverse topological order, so that ∂L/∂node is complete before it is passed on.

    Args:
        output: the Value to differentiate; ``seed`` is the derivative by itself.
        nodes: the inner nodes of its graph in topological order.
        partials_of: returns a node's partial by each parent, in any kind of number; None: those captured.
        check: called with a node, its parent and the contribution along that edge.
    """
    totals: dict[Value, Any] = {output: seed}
    for node in reversed(nodes):
        if node not in totals:  # it only decided, in a where, which number to take
            continue
        partials = node.captured if partials_of is None else partials_of(node)
        for parent, contribution in zip(node.parents, contributions(node, totals[node], partials)):
            if contribution is None:
                continue
            if check is not None:
                check(node, parent, contribution)
            totals[parent] = totals[parent] + contribution if parent in totals else contribution
    return totals


def contributions(node: Value, upstream: Any, partials: Sequence[Any]) -> list[Any]:
    """List what a node adds to the gradient of each parent: upstream · partial.

    Where the operation is flat, or has chosen another input, it adds 0, whatever comes from above: in
    sqrt(relu(x)) at -1, inf · 0 would be nan. A condition, which only decides, gets None.

    Example:
        >>> contributions(Value(-1.0).relu(), math.inf, [0.0])
        [0.0]
    """
    op = node.op
    assert op is not None
    products = [upstream * partial for partial in partials]
    undefined = op.stops and any(math.isnan(number_of(product)) for product in products)
    if not undefined and not op.conditions:
        return products
    numbers = op.flattened(op.numbers(node.inputs, number_of))
    for at, (slot, partial) in enumerate(zip(node.slots, partials)):
        if slot in op.conditions:
            products[at] = None
        elif math.isnan(number_of(products[at])) and op.stops_at(slot, number_of(partial), numbers):
            products[at] = 0.0
    return products
