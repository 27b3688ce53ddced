"""Which Values belong together: a weighted sum, its products, and the activation after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.ops import ADD, DOT, MUL, SUM
from autograd_lite.sweep import topological_order

__all__ = ["Unit", "Wiring", "units_of", "wiring_of"]


@dataclass(frozen=True)
class Wiring:
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


@dataclass
class Unit:
    """An operation, or a weighted sum with all that belongs to it.

    Attributes:
        root: the position of the Value that it hands on.
        members: the positions of its Values, the root last.
        products: how many products are summed.
        terms: how many other terms are summed, a constant included.
        leaves: the positions of the leaves that it uses.
        operands: the roots of the units that it uses.
        level: the longest way from it to the output, counted in units.
        parameters: those of its leaves that are parameters.
        name: the dotted name of the module whose parameters it uses; "" without one.
        owner: whether its parameters are its own: it puts them on what other units compute,
            or is the first to use them. A penalty on all weights owns none.
    """

    root: int
    members: list[int] = field(default_factory=list)
    products: int = 0
    terms: int = 0
    leaves: list[int] = field(default_factory=list)
    operands: list[int] = field(default_factory=list)
    level: int = 0
    parameters: list[int] = field(default_factory=list)
    name: str = ""
    owner: bool = False


def wiring_of(output: Value) -> Wiring:
    """Number the Values of a graph."""
    leaves, nodes = topological_order(output)
    values = [*leaves, *nodes]
    position = {value: index for index, value in enumerate(values)}
    parents = [tuple([position[parent] for parent in value.parents]) for value in values]
    uses = [0] * len(values)
    for listed in parents:
        for parent in listed:
            uses[parent] += 1
    dotted = ["." in leaf.label for leaf in leaves]
    return Wiring(values, len(leaves), parents, uses, position, dotted)


def units_of(wiring: Wiring) -> list[Unit]:
    """Group the inner nodes into units, in topological order.

    A sum takes in its products and the sums that lead up to it, if nothing else uses
    them; a function of one number takes in the sum before it.
    """
    homes = _homes(wiring)
    units: dict[int, Unit] = {}
    for index in range(wiring.leaves, len(homes)):
        units.setdefault(homes[index], Unit(homes[index])).members.append(index)
    ordered = sorted(units.values(), key=lambda unit: unit.root)
    is_parameter = bytearray(wiring.leaves)
    for unit in ordered:
        _read(wiring, homes, unit, is_parameter)
    _set_levels(ordered, units)
    _set_names(wiring, ordered, is_parameter)
    return ordered


def _homes(wiring: Wiring) -> list[int]:
    """Give the root of each Value's unit; a leaf's is itself."""
    values, leaves, uses = wiring.values, wiring.leaves, wiring.uses
    ops: list[Any] = [value.op for value in values]
    homes = [*range(len(values))]
    functions: dict[Any, bool] = {}
    for index in range(len(values) - 1, leaves - 1, -1):
        op, parents = ops[index], wiring.parents[index]
        if op is ADD or op is SUM:
            for parent in parents:
                if parent < leaves or uses[parent] != 1:
                    continue
                before = ops[parent]
                chained = (before is ADD or before is SUM) and op is ADD
                if before is MUL or (chained and _leads_on(values[index], values[parent])):
                    homes[parent] = homes[index]
        elif len(parents) == 1 and homes[index] == index:
            if op not in functions:
                functions[op] = op.many is None and not op.is_operator
            (parent,) = parents
            if functions[op] and parent >= leaves and uses[parent] == 1 and ops[parent] in (ADD, SUM, DOT):
                homes[parent] = index
    return homes


def _leads_on(node: Value, parent: Value) -> bool:
    """Tell whether a sum goes on from another: on its left, or after a single first term.

    A sum on the right of an inner node is one of several equal things that are added up,
    such as the losses of a batch.
    """
    first = node.args[0]
    return first is parent or (isinstance(first, Value) and first.op is None)


def _read(wiring: Wiring, homes: Sequence[int], unit: Unit, is_parameter: bytearray) -> None:
    """Fill in what a unit sums and uses, and mark its parameters."""
    plain: list[int] = []
    for index in unit.members:
        value, parents = wiring.values[index], wiring.parents[index]
        outside = [parent for parent in parents if homes[parent] != unit.root or parent < wiring.leaves]
        unit.leaves += [parent for parent in outside if parent < wiring.leaves]
        unit.operands += [homes[parent] for parent in outside if parent >= wiring.leaves]
        if value.op is DOT:
            weights, inputs, bias = value.inputs
            unit.products += len(weights)
            unit.terms += isinstance(bias[0], Value) or bias[0] != 0.0
            for left, right in zip(weights, inputs):
                _mark(wiring, left, right, is_parameter)
            _mark(wiring, bias[0], None, is_parameter)
        elif value.op is MUL and index != unit.root:
            unit.products += 1
            left, right = value.args
            _mark(wiring, left, right, is_parameter)
        elif value.op is ADD or value.op is SUM:
            constant = len(parents) == 1 and any(type(arg) is float and arg != 0.0 for arg in value.args)
            unit.terms += len(outside) + constant
            plain += [parent for parent in outside if parent < wiring.leaves]
        for parent in outside:
            if parent < wiring.leaves and wiring.dotted[parent]:
                is_parameter[parent] = 1
    if unit.products:
        for leaf in plain:
            is_parameter[leaf] = 1
    unit.leaves = [*dict.fromkeys(unit.leaves)]
    unit.operands = [*dict.fromkeys(unit.operands)]


def _mark(wiring: Wiring, left: Any, right: Any, is_parameter: bytearray) -> None:
    """Mark the weight of a product: the dotted one, else the left one of two leaves, else the leaf."""
    position, dotted = wiring.position, wiring.dotted
    weight = -1
    for arg in (left, right):
        leaf = position[arg] if isinstance(arg, Value) else -1
        if 0 <= leaf < wiring.leaves and (weight < 0 or (dotted[leaf] and not dotted[weight])):
            weight = leaf
    if weight >= 0:
        is_parameter[weight] = 1


def _set_levels(ordered: Sequence[Unit], units: dict[int, Unit]) -> None:
    for unit in reversed(ordered):
        for root in unit.operands:
            operand = units[root]
            if operand.level <= unit.level:
                operand.level = unit.level + 1


def _set_names(wiring: Wiring, units: Sequence[Unit], is_parameter: bytearray) -> None:
    """Name each unit by the parameters that are its own."""
    first = [0] * wiring.leaves
    for unit in units:
        for leaf in unit.leaves:
            first[leaf] = max(first[leaf], unit.level)
    folders: dict[int, tuple[str, ...]] = {}
    for unit in units:
        unit.parameters = [leaf for leaf in unit.leaves if is_parameter[leaf]]
        found = []
        for leaf in unit.parameters:
            if leaf not in folders:
                folders[leaf] = tuple(wiring.values[leaf].label.split(".")[:-1])
            if unit.operands or first[leaf] == unit.level:
                unit.owner = True
                if folders[leaf]:
                    found.append(folders[leaf])
        unit.name = ".".join(common_start(found))


def common_start(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Give the parts with which all of some dotted names begin.

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
