"""Which Values make up a neuron: a weighted sum, its products, and the activation after it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_lite.engine import Value, topological_order
from autograd_lite.ops import ADD, DOT, MUL, SUM

__all__ = ["IndexedGraph", "Neuron", "common_start", "find_neurons", "index_graph", "path_of"]


@dataclass(frozen=True)
class IndexedGraph:
    """A computation graph in numbers: each Value's position, and those of its parents.

    Attributes:
        values: the leaves, then the inner nodes in topological order.
        leaves: how many leaves there are.
        parents: for each Value, the positions of its parents in order.
        uses: for each Value, how many edges leave it.
        position: where each Value stands.
        dotted: whether each leaf has a dotted label, as the parameters of a module have.
    """

    values: list[Value]
    leaves: int
    parents: list[tuple[int, ...]]
    uses: list[int]
    position: dict[Value, int]
    dotted: list[bool]


@dataclass(slots=True)
class Neuron:
    """A weighted sum with all that belongs to it; or any other operation, alone.

    Attributes:
        root: the position of the Value that it hands on.
        members: the positions of its Values, the root last.
        products: how many products are summed.
        terms: how many other terms are summed, a constant included.
        leaves: the positions of the leaves that it uses.
        operands: the roots of the neurons that it uses.
        level: the longest way from it to the output, counted in neurons.
        parameters: those of its leaves that are its weights and biases, not its inputs.
        name: the dotted name of the module whose parameters it uses; "" without one.
        owner: whether its parameters are its own: it puts them on what other neurons compute,
            they are a module's, or it is the first to use them. A penalty on all weights owns none.
    """

    root: int
    members: list[int] = field(default_factory=list)
    products: int = 0
    terms: int = 0
    leaves: Sequence[int] = ()
    operands: Sequence[int] = ()
    level: int = 0
    parameters: Sequence[int] = ()
    name: str = ""
    owner: bool = False

    @property
    def identity(self) -> object:
        """What tells it from other neurons, and is the same in every example."""
        return self.name or tuple(self.parameters) or self.root


def index_graph(output: Value) -> IndexedGraph:
    """Return a graph with its Values numbered."""
    leaves, nodes = topological_order(output)
    values = [*leaves, *nodes]
    position = {value: index for index, value in enumerate(values)}
    parents = [tuple([position[parent] for parent in value.parents]) for value in values]
    uses = [0] * len(values)
    for listed in parents:
        for parent in listed:
            uses[parent] += 1
    dotted = ["." in leaf.label for leaf in leaves]
    return IndexedGraph(values, len(leaves), parents, uses, position, dotted)


def find_neurons(graph: IndexedGraph) -> list[Neuron]:
    """Return the inner nodes grouped into neurons, in topological order.

    A sum takes in its products and the sums that lead up to it, if nothing else uses
    them; a function of one number takes in the sum before it.
    """
    roots = _roots(graph)
    neurons: dict[int, Neuron] = {}
    for index in range(graph.leaves, len(roots)):
        neurons.setdefault(roots[index], Neuron(roots[index])).members.append(index)
    ordered = sorted(neurons.values(), key=lambda neuron: neuron.root)
    for neuron in ordered:
        _read(graph, roots, neuron)
    _set_levels(ordered, neurons)
    _set_names(graph, ordered)
    return ordered


def _roots(graph: IndexedGraph) -> list[int]:
    """Return the root of each Value's neuron; a leaf's is itself."""
    values, leaves, uses = graph.values, graph.leaves, graph.uses
    ops: list[Any] = [value.op for value in values]
    roots = [*range(len(values))]
    functions: dict[Any, bool] = {}
    for index in range(len(values) - 1, leaves - 1, -1):
        op, parents = ops[index], graph.parents[index]
        if op is ADD or op is SUM:
            for parent in parents:
                if parent < leaves or uses[parent] != 1:
                    continue
                before = ops[parent]
                chained = (before is ADD or before is SUM) and op is ADD
                if before is MUL or (chained and _leads_on(values[index], values[parent])):
                    roots[parent] = roots[index]
        elif len(parents) == 1 and roots[index] == index:
            if op not in functions:
                functions[op] = op.many is None and op.sign == op.name and not op.is_operator
            (parent,) = parents
            if functions[op] and parent >= leaves and uses[parent] == 1 and ops[parent] in (ADD, SUM, DOT):
                roots[parent] = index
    return roots


def _leads_on(node: Value, parent: Value) -> bool:
    """Return whether a sum goes on from another: on its left, or after a single first term.

    A sum on the right of an inner node is one of several equal things that are added up,
    such as the losses of a batch.
    """
    first = node.args[0]
    return first is parent or (isinstance(first, Value) and first.op is None)


def _read(graph: IndexedGraph, roots: Sequence[int], neuron: Neuron) -> None:
    """Fill in what a neuron sums and uses, and which leaves are its parameters."""
    used: list[int] = []
    plain: list[int] = []
    parameters: list[int] = []
    for index in neuron.members:
        value, parents = graph.values[index], graph.parents[index]
        outside = [parent for parent in parents if roots[parent] != neuron.root or parent < graph.leaves]
        used += outside
        if value.op is DOT:
            weights, inputs, bias = value.inputs
            neuron.products += len(weights)
            neuron.terms += isinstance(bias[0], Value) or bias[0] != 0.0
            parameters += [_weight_of(graph, left, right) for left, right in zip(weights, inputs)]
            parameters.append(_weight_of(graph, bias[0], None))
        elif value.op is MUL and index != neuron.root:
            neuron.products += 1
            parameters.append(_weight_of(graph, *value.args))
        elif value.op is ADD or value.op is SUM:
            constant = len(parents) == 1 and any(type(arg) is float and arg != 0.0 for arg in value.args)
            neuron.terms += len(outside) + constant
            plain += [parent for parent in outside if parent < graph.leaves]
    neuron.leaves = tuple(dict.fromkeys([leaf for leaf in used if leaf < graph.leaves]))
    neuron.operands = tuple(dict.fromkeys([roots[inner] for inner in used if inner >= graph.leaves]))
    if neuron.products:
        parameters += plain
    elif neuron.operands:
        parameters = [leaf for leaf in neuron.leaves if graph.dotted[leaf]]
    neuron.parameters = tuple([leaf for leaf in dict.fromkeys(parameters) if leaf >= 0])


def _weight_of(graph: IndexedGraph, left: Any, right: Any) -> int:
    """Return the weight of a product, or -1: the dotted leaf, else the left one of two, else the only one.

    A square, as in a penalty, weights nothing.
    """
    position, dotted = graph.position, graph.dotted
    weight = -1
    if left is right:
        return weight
    for arg in (left, right):
        leaf = position[arg] if isinstance(arg, Value) else -1
        if 0 <= leaf < graph.leaves and (weight < 0 or (dotted[leaf] and not dotted[weight])):
            weight = leaf
    return weight


def _set_levels(ordered: Sequence[Neuron], neurons: dict[int, Neuron]) -> None:
    for neuron in reversed(ordered):
        for root in neuron.operands:
            operand = neurons[root]
            if operand.level <= neuron.level:
                operand.level = neuron.level + 1


def _set_names(graph: IndexedGraph, neurons: Sequence[Neuron]) -> None:
    """Name each neuron by the parameters that are its own."""
    folders: dict[int, tuple[str, ...]] = {}
    for neuron in neurons:
        found = []
        for leaf in neuron.parameters:
            if leaf not in folders:
                folders[leaf] = tuple(graph.values[leaf].label.split(".")[:-1])
            neuron.owner = True
            if folders[leaf]:
                found.append(folders[leaf])
        neuron.name = ".".join(common_start(found))


def path_of(name: str) -> tuple[str, ...]:
    """Return the steps that a name takes from a thing to its parts; joined, they are the name again.

    Example:
        >>> path_of("table.3.1"), path_of("wte[3][1]"), path_of("W1[0,1]")
        (('table', '.3', '.1'), ('wte', '[3]', '[1]'), ('W1', '[0,1]'))
    """
    return tuple(re.split(r"(?<=.)(?=[.\[])", name))


def common_start(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the parts with which all of some dotted names begin.

    Example:
        >>> common_start([("layers", "0", "w"), ("layers", "0")])
        ('layers', '0')
    """
    if not paths:
        return ()
    low, high = min(paths), max(paths)
    count = 0
    while count < len(low) and low[count] == high[count]:
        count += 1
    return low[:count]
