"""What a fold is called, and what it says about the Values that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd_lite.core.symbol import Symbol, fill
from autograd_lite.drawing.folding.groups import Group, layer_of
from autograd_lite.drawing.folding.neurons import IndexedGraph, Neuron, common_start, path_of
from autograd_lite.drawing.labels import cut, short_name
from autograd_lite.engine import Value
from autograd_lite.formulas import symbolic_inputs
from autograd_lite.ops import ADD, DOT, SUM

__all__ = ["Fold", "caption", "caption_inputs", "caption_weights", "layer_and_noun"]

LONGEST_NOTE = 32
"""The most characters of a formula in a fold."""
SMALL = 4
"""The most terms of a sum that is written in full."""
MOST_SIGNS = 5
"""The most kinds of operations that a folded stretch names."""


@dataclass(frozen=True)
class Fold:
    """Values that are drawn as one box.

    Attributes:
        name: what it is called.
        notes: further lines.
        members: the positions of its Values.
        shown: the position of the one Value whose numbers it shows; None for several.
        focus: what a drawing is told to focus on to show what is inside.
    """

    name: str
    notes: tuple[str, ...]
    members: list[int]
    shown: int | None = None
    focus: str = ""


def layer_and_noun(name: str) -> tuple[str, str]:
    """Return the name of a neuron's layer, and the word for the layer's parts.

    Example:
        >>> layer_and_noun("layers.0.neurons.3"), layer_and_noun("layers.0"), layer_and_noun("head.Q.1")
        (('layers.0', 'neurons'), ('layers', 'neurons'), ('head.Q', 'neurons'))
    """
    listed = layer_of(name)
    layer, _, noun = listed.rpartition(".")
    return (layer, noun) if layer and noun.endswith("s") and listed != name else (listed, "neurons")


def caption(graph: IndexedGraph, names: Sequence[str], group: Group, members: list[int], title: str) -> Fold:
    """Return the box of a group of neurons, and say what they are.

    Args:
        graph: the graph.
        names: the name of each Value by its position.
        group: the neurons.
        members: the positions of all Values in the fold: theirs, and leaves.
        title: what a layer without a dotted name is called; "" if it is drawn as a neuron.
    """
    if group.steps:
        return _caption_stretch(graph, group, members)
    if group.example:
        return _caption_example(graph, names, group, members)
    neuron = group.neurons[0]
    first, last = names[neuron.root], names[group.neurons[-1].root]
    formula = neuron_formula(graph, names, neuron)
    shown = neuron.root if len(group.neurons) == 1 else None
    if shown is not None and (not title or not group.is_layer or graph.values[shown].label):
        name = neuron.name or first
        return Fold(name, (formula if name == first else f"{first} = {formula}",), members, shown)
    if not group.is_layer:
        return Fold(f"{first} … {last}", (formula, f"×{len(group.neurons) - 1} more"), members)
    copies: dict[object, int] = {}
    for each in group.neurons:
        copies[each.identity] = copies.get(each.identity, 0) + 1
    name, noun = layer_and_noun(neuron.name) if neuron.name else (title, "neurons")
    other = "other " if any(each.identity not in copies for each in group.opened) else ""
    notes = [f"{len(copies)} {other}{noun.removesuffix('s') if len(copies) == 1 else noun}", formula]
    for each in group.opened:
        copies[each.identity] = copies.get(each.identity, 0) + 1
    if max(copies.values()) > 1:
        notes.append(f"×{max(copies.values()) - 1} more")
    return Fold(name, tuple(notes), members, shown)


def _caption_stretch(graph: IndexedGraph, group: Group, members: list[int]) -> Fold:
    ops = dict.fromkeys(graph.values[index].op for index in group.members)
    signs = dict.fromkeys(op.sign for op in ops if op is not None)
    count = len(group.members)
    listed = ", ".join([*signs][:MOST_SIGNS]) + (", …" if len(signs) > MOST_SIGNS else "")
    notes = (listed,) if count == group.steps else (listed, f"{spaced(count)} values")
    if group.steps == 1:
        return Fold(f"{spaced(count)} values", (listed,), members)
    return Fold(f"… {spaced(group.steps)} more steps", notes, members)


def _caption_example(graph: IndexedGraph, names: Sequence[str], group: Group, members: list[int]) -> Fold:
    """Return the box of an example: its layers, and the number that it adds to the loss."""
    last = group.neurons[-1]
    layers = dict.fromkeys(layer_and_noun(each.name)[0] for each in group.neurons if each.owner and each.name)
    listed = ", ".join([*layers][:MOST_SIGNS]) + (", …" if len(layers) > MOST_SIGNS else "")
    inside = cut(listed, LONGEST_NOTE) or f"{spaced(len(group.members))} values"
    return Fold(
        group.example,
        (inside, f"{names[last.root]} = {neuron_formula(graph, names, last)}"),
        members,
        last.root,
    )


def caption_inputs(names: Sequence[str], members: list[int]) -> Fold:
    """Return the box of some leaves, and say which they are: rows of a table, or from one to another."""
    name = "".join(common_start([path_of(names[leaf])[:-1] for leaf in members])) or _span(names, members)
    return Fold(name, (f"{spaced(len(members))} values",), members, focus=names[members[0]])


def caption_weights(names: Sequence[str], members: list[int], layer: str, title: str) -> Fold:
    """Return the box of weights that several boxes use.

    Args:
        names: the name of each Value by its position.
        members: the positions of the weights.
        layer: the dotted name of the layer that they belong to; "" without one.
        title: what that layer is called in this drawing; "" if it is drawn as neurons.
    """
    paths = [path_of(names[leaf]) for leaf in members]
    common = "".join(common_start([path[:-1] for path in paths]))
    tables = [*dict.fromkeys(cut(path[0], LONGEST_NOTE) for path in paths)]
    if layer and not common.endswith(tuple("0123456789]")):  # all of a layer, not one neuron or row of it
        name = f"weights of {layer}"
    elif common:
        name = f"weights of {common}"
    elif 0 < len(tables) <= MOST_SIGNS:
        name = f"weights {', '.join(tables)}"
    else:
        name = f"weights of {title}" if title else _span(names, members)
    return Fold(name, (f"{spaced(len(members))} weights",), members, focus=names[members[0]])


def _span(names: Sequence[str], members: Sequence[int]) -> str:
    return f"{cut(names[members[0]], LONGEST_NOTE)} … {cut(names[members[-1]], LONGEST_NOTE)}"


def spaced(count: int) -> str:
    """Write a count with its thousands apart: 9 990."""
    return f"{count:,}".replace(",", " ")


def neuron_formula(graph: IndexedGraph, names: Sequence[str], neuron: Neuron) -> str:
    """Write what a neuron computes, such as relu(Σ wx + b); in full if it is small."""
    root = graph.values[neuron.root]
    op = root.op
    assert op is not None
    summed = op in (ADD, SUM, DOT)
    if (
        neuron.owner and (neuron.products > 1 or (neuron.products and neuron.name))
    ) or neuron.products + neuron.terms > SMALL:
        text = _sum_text(neuron)
        return (
            text if summed else fill(op, [arg if type(arg) is float else Symbol(text) for arg in root.args])
        )
    written: dict[Value, Symbol] = {}
    for index in neuron.members:
        value = graph.values[index]
        assert value.op is not None
        for parent in value.parents:
            position = graph.position[parent]
            known = written.get(graph.values[position], Symbol(short_name(names[position])))
            written.setdefault(parent, known)
        written[value] = Symbol("", value.op, tuple(symbolic_inputs(value, written)))
    return cut(str(written[root]), LONGEST_NOTE)


def _sum_text(neuron: Neuron) -> str:
    if not neuron.products:
        return f"Σ of {spaced(neuron.terms)} terms"
    more = f" + {spaced(neuron.terms)} term{'s' if neuron.terms > 1 else ''}" if neuron.terms else ""
    if not neuron.owner:
        return f"Σ of {spaced(neuron.products)} products" + more
    bias = " + b" if neuron.terms == 1 else more
    return ("Σ wx" if neuron.products > 1 else "wx") + bias
