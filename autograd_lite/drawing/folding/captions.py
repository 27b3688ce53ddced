"""What a fold is called, and what it says about the Values that it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_lite.drawing.folding.neurons import Unit, Wiring, common_start
from autograd_lite.drawing.labels import cut, short_name
from autograd_lite.engine import Value
from autograd_lite.ops import ADD, DOT, SUM
from autograd_lite.symbol import Symbol, fill

__all__ = ["Fold", "Group", "describe", "describe_leaves", "identity", "is_layer", "layer_of"]

LONGEST_NOTE = 32
"""The most characters of a formula in a fold."""
SMALL = 4
"""The most terms of a sum that is written in full."""
MOST_SIGNS = 5
"""The most kinds of operations that a folded stretch names."""


@dataclass
class Group:
    """Units that are drawn as one box.

    Attributes:
        units: the units, of one level unless it is a stretch.
        level: the highest level among them.
        steps: how many levels it spans if it is a folded stretch; 0 otherwise.
        layers: how many layers without a dotted name such a stretch holds.
        open: whether its Values are drawn one by one.
        neuron: whether it is one unit that is called by its own name, not its layer's.
        opened: units of its kind that are drawn beside it.
    """

    units: list[Unit]
    level: int
    steps: int = 0
    layers: int = 0
    open: bool = False
    neuron: bool = False
    opened: list[Unit] = field(default_factory=list)


@dataclass(frozen=True)
class Fold:
    """Values that are drawn as one box.

    Attributes:
        name: what it is called.
        notes: further lines.
        members: the positions of its Values.
        shown: the position of the one Value whose numbers it shows; None for several.
        again: parameters that it puts to use once more; no arrows lead from where they are
            shown, for those would look like numbers that flow.
    """

    name: str
    notes: tuple[str, ...]
    members: list[int]
    shown: int | None = None
    again: set[int] = field(default_factory=set)


def is_layer(group: Group) -> bool:
    """Tell whether a group has parameters of its own: a layer, or part of one."""
    unit = group.units[0]
    return unit.owner and (unit.products > 1 or unit.name != "")


def layer_of(name: str) -> str:
    """Give the dotted name that a neuron shares with its neighbours.

    Example:
        >>> layer_of("layers.0.neurons.3"), layer_of("gain")
        ('layers.0.neurons', 'gain')
    """
    start, _, last = name.rpartition(".")
    return start if start and last.isdigit() else name


def layer_and_noun(name: str) -> tuple[str, str]:
    """Split a neuron's dotted name into its layer's, and the word for the layer's parts.

    Example:
        >>> layer_and_noun("layers.0.neurons.3"), layer_and_noun("layers.0")
        (('layers.0', 'neurons'), ('layers.0', 'neurons'))
    """
    layer, _, noun = layer_of(name).rpartition(".")
    return (layer, noun) if layer and not noun.isdigit() and layer_of(name) != name else (name, "neurons")


def identity(unit: Unit) -> object:
    """Give what tells one neuron from another, and is the same in every example."""
    return unit.name or tuple(unit.parameters) or unit.root


def describe(wiring: Wiring, names: Sequence[str], group: Group, members: list[int], title: str) -> Fold:
    """Say what a group of units is.

    Args:
        wiring: the graph.
        names: the name of each Value by its position.
        group: the units.
        members: the positions of all Values in the fold: theirs, and leaves.
        title: what a layer without a dotted name is called; "" if it is drawn as a neuron.
    """
    if group.steps:
        return _describe_stretch(wiring, group, members)
    unit = group.units[0]
    first, last, formula = names[unit.root], names[group.units[-1].root], unit_formula(wiring, names, unit)
    shown = unit.root if len(group.units) == 1 else None
    if shown is not None and (not title or not is_layer(group) or wiring.values[shown].label):
        name = unit.name or first
        return Fold(name, (formula if name == first else f"{first} = {formula}",), members, shown)
    if not is_layer(group):
        return Fold(f"{first} … {last}", (formula, f"×{len(group.units) - 1} more"), members)
    copies: dict[object, int] = {}
    for each in group.units:
        copies[identity(each)] = copies.get(identity(each), 0) + 1
    name, noun = layer_and_noun(unit.name) if unit.name else (title, "neurons")
    other = "other " if any(identity(each) not in copies for each in group.opened) else ""
    notes = [f"{len(copies)} {other}{noun.removesuffix('s') if len(copies) == 1 else noun}", formula]
    for each in group.opened:
        copies[identity(each)] = copies.get(identity(each), 0) + 1
    if max(copies.values()) > 1:
        notes.append(f"×{max(copies.values()) - 1} more")
    return Fold(name, tuple(notes), members, shown)


def _describe_stretch(wiring: Wiring, group: Group, members: list[int]) -> Fold:
    signs: dict[str, None] = {}
    count = 0
    for unit in group.units:
        count += len(unit.members)
        for index in unit.members:
            op = wiring.values[index].op
            if op is not None and len(signs) <= MOST_SIGNS:
                signs[{"negative": "-", "if": op.name}.get(op.sign, op.sign)] = None
    listed = ", ".join([*signs][:MOST_SIGNS]) + (", …" if len(signs) > MOST_SIGNS else "")
    notes = (listed,) if count == group.steps else (listed, f"{spaced(count)} values")
    if group.steps == 1:
        return Fold(f"{spaced(count)} values", (listed,), members)
    return Fold(f"… {spaced(group.steps)} more steps", notes, members)


def describe_leaves(wiring: Wiring, names: Sequence[str], members: list[int]) -> Fold:
    """Say which leaves are drawn as one box."""
    paths = [tuple(wiring.values[leaf].label.split(".")[:-1]) for leaf in members]
    name = ".".join(common_start(paths))
    between = f"{cut(names[members[0]], LONGEST_NOTE)} … {cut(names[members[-1]], LONGEST_NOTE)}"
    return Fold(name or between, (f"{spaced(len(members))} values",), members)


def spaced(count: int) -> str:
    """Write a count with its thousands apart: 9 990."""
    return f"{count:,}".replace(",", " ")


def unit_formula(wiring: Wiring, names: Sequence[str], unit: Unit) -> str:
    """Write what a unit computes, such as relu(Σ wx + b); in full if it is small."""
    root = wiring.values[unit.root]
    op = root.op
    assert op is not None
    summed = op in (ADD, SUM, DOT)
    if (unit.owner and unit.products) or unit.products + unit.terms > SMALL:
        text = _sum_text(unit)
        return (
            text if summed else fill(op, [arg if type(arg) is float else Symbol(text) for arg in root.args])
        )
    written: dict[Value, Any] = {}
    for index in unit.members:
        value = wiring.values[index]
        assert value.op is not None
        inputs = value.op.numbers(value.inputs, lambda arg: _symbol(arg, written, wiring, names))
        written[value] = Symbol("", value.op, tuple(inputs))
    return cut(str(written[root]), LONGEST_NOTE)


def _symbol(arg: Any, written: Mapping[Value, Any], wiring: Wiring, names: Sequence[str]) -> Any:
    """Give what stands for an input: a number, an operation of the same unit, or a name."""
    if not isinstance(arg, Value):
        return arg
    return written[arg] if arg in written else Symbol(short_name(names[wiring.position[arg]]))


def _sum_text(unit: Unit) -> str:
    if not unit.products:
        return f"Σ of {spaced(unit.terms)} terms"
    more = f" + {spaced(unit.terms)} term{'s' if unit.terms > 1 else ''}" if unit.terms else ""
    if not unit.owner:
        return f"Σ of {spaced(unit.products)} products" + more
    bias = " + b" if unit.terms == 1 else more
    return ("Σ wx" if unit.products > 1 else "wx") + bias
