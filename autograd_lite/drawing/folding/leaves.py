"""Where leaves are drawn: inside the one box that uses them, or once, beside all that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograd_lite.drawing.folding.captions import layer_and_noun
from autograd_lite.drawing.folding.groups import Group
from autograd_lite.drawing.folding.neurons import IndexedGraph, Neuron, path_of

__all__ = ["LeafBoxes", "homes_of", "place_leaves"]

FEW = 8
"""The most leaves with the same users that are drawn one by one, and the most rows of tables."""

Home = int | str
"""What weights belong to: the name of a layer, or the number of a kind of neurons."""


@dataclass
class LeafBoxes:
    """Where the leaves of a folded graph go; those that are in no list are drawn one by one.

    Attributes:
        inside: for each group, the leaves that are in its box: nothing else uses them.
        weights: the weights that several groups use, by what they belong to, and the
            number of the first group that uses them.
        inputs: other leaves that become a box: rows of tables, or many with the same users.
    """

    inside: list[list[int]]
    weights: list[tuple[list[int], int]] = field(default_factory=list)
    inputs: list[list[int]] = field(default_factory=list)


def homes_of(neurons: Sequence[Neuron], kinds: Mapping[int, int]) -> dict[int, Home]:
    """Return what each weight belongs to: the layer of the first neuron that owns it.

    Args:
        neurons: the neurons of a graph.
        kinds: the kind of each neuron, by its root.
    """
    homes: dict[int, Home] = {}
    for neuron in neurons:
        if neuron.owner:
            home = layer_and_noun(neuron.name)[0] if neuron.name else kinds[neuron.root]
            for leaf in neuron.parameters:
                homes.setdefault(leaf, home)
    return homes


def place_leaves(
    graph: IndexedGraph,
    names: Sequence[str],
    groups: Sequence[Group],
    homes: Mapping[int, Home],
    shown: int,
    most: int,
) -> LeafBoxes:
    """Decide where each leaf is drawn.

    A leaf is folded into a box only if nothing outside uses it: an arrow from a box is
    then always a number that is computed there.

    Args:
        graph: the graph.
        names: the name of each Value by its position.
        groups: what uses the leaves.
        homes: what each weight belongs to.
        shown: the number of the first group all of whose leaves are drawn one by one.
        most: how many boxes of inputs there may be.
    """
    boxes = LeafBoxes([[] for _ in groups])
    weights: dict[Home, tuple[list[int], int]] = {}
    inputs: dict[tuple[int, ...], list[int]] = {}
    for leaf, users in enumerate(_users(graph.leaves, groups)):
        if not users or users[-1] >= shown:  # it is the output itself, or to be seen in detail
            continue
        group = groups[users[0]]
        if len(users) > 1 and leaf in homes:
            weights.setdefault(homes[leaf], ([], users[0]))[0].append(leaf)
        elif len(users) == 1 and not group.open and (leaf in homes or group.steps or group.example):
            boxes.inside[users[0]].append(leaf)
        else:
            inputs.setdefault(users, []).append(leaf)
    boxes.weights = [box for box in weights.values() if len(box[0]) > 1]
    listed = [box for leaves in inputs.values() for box in _rows(graph, names, leaves)]
    if len(listed) > most:
        listed = [sorted(leaf for box in listed for leaf in box)]
    boxes.inputs = [box for box in listed if len(box) > 1]
    return boxes


def _users(leaves: int, groups: Sequence[Group]) -> list[tuple[int, ...]]:
    """Return the numbers of the groups that use each leaf."""
    users: list[tuple[int, ...]] = [()] * leaves
    for number, group in enumerate(groups):
        for leaf in dict.fromkeys(leaf for neuron in group.neurons for leaf in neuron.leaves):
            users[leaf] += (number,)
    return users


def _rows(graph: IndexedGraph, names: Sequence[str], leaves: list[int]) -> list[list[int]]:
    """Return what is drawn of inputs that have the same users: each, or rows of a table, or all as one."""
    rows: dict[object, list[int]] = {}
    for leaf in leaves:
        path = path_of(names[leaf])
        in_row = len(path) > 1 and (graph.dotted[leaf] or len(leaves) > FEW)
        rows.setdefault(path[:-1] if in_row else leaf, []).append(leaf)
    return [*rows.values()] if len(rows) <= FEW else [leaves]
