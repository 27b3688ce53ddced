"""How a large graph becomes a small one: neurons, then layers and examples, then long stretches."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autograd_lite.drawing.folding.captions import Fold, caption, caption_leaves
from autograd_lite.drawing.folding.groups import Group, alone, layer_of, one_per_level, stretches
from autograd_lite.drawing.folding.neurons import IndexedGraph, Neuron

__all__ = ["Folder"]

MOST_LEVELS = 24
"""The most neurons in a row that are drawn one by one."""
MOST_EDGES = 1.5
"""The most edges between neurons that are drawn one by one, in parts of the number of nodes."""
ENDS = 2
"""How many levels stay at either end of a graph whose middle is folded."""
FEW_LEAVES = 8
"""The most leaves of one purpose that are drawn one by one."""
SMALL = 4
"""The most Values of a group that may be drawn one by one within a folded graph."""


class Folder:
    """Finds the finest way to fold a graph that leaves about as many nodes as asked for.

    Args:
        graph: the graph.
        neurons: its neurons.
        names: the name of each Value by its position.
        budget: how many nodes the drawing may have, roughly.
        opened: the roots of neurons whose Values are all drawn.
        split: the roots of neurons that are drawn as neurons, whatever the rest is.
    """

    def __init__(
        self,
        graph: IndexedGraph,
        neurons: Sequence[Neuron],
        names: Sequence[str],
        budget: int,
        opened: Collection[int] = (),
        split: Collection[int] = (),
    ) -> None:
        self.graph = graph
        self.neurons = neurons
        self.names = names
        self.budget = budget
        self.opened = [Group([each], each.level, open=True) for each in neurons if each.root in opened]
        self.split = [alone(each) for each in neurons if each.root in split and each.root not in opened]
        self.apart = {*opened, *split}
        self.repeated = used_again(neurons)

    def folds(self) -> list[Fold]:
        """Return what becomes one box; all other Values are drawn one by one."""
        nodes = 2 * len(self.graph.values) - self.graph.leaves
        shallow = max((neuron.level for neuron in self.neurons), default=0) < MOST_LEVELS
        edges = sum(len(each.operands) + len(each.leaves) - len(each.parameters) for each in self.neurons)
        if not self.apart and shallow:
            if nodes <= self.budget:
                return []
            if len(self.neurons) <= self.budget and edges <= MOST_EDGES * self.budget:
                folds = self.boxes([alone(neuron) for neuron in self.neurons])
                if self.count(folds) <= self.budget:
                    return folds
        groups = self.layers()
        cut = {group.level for group in (*self.opened, *self.split)}
        layers = {group.level for group in groups if group.is_layer and not self.is_step(group)}
        if shallow and (fitting := self.fitted(groups, self.budget)) is not None:
            return fitting
        between = stretches(groups, layers | cut)
        if len(layers) > 1 and (fitting := self.fitted(between, 2 * self.budget)) is not None:
            return fitting
        levels = sorted({group.level for group in groups})
        groups = stretches(groups, {*levels[:ENDS], *levels[-ENDS:], *cut})
        if (fitting := self.fitted(groups, self.budget)) is not None:
            return fitting
        return self.boxes(one_per_level(groups))

    def fitted(self, groups: Sequence[Group], most: int) -> list[Fold] | None:
        """Return the folds of some groups, if that leaves few enough nodes."""
        folds = self.boxes(groups)
        count = self.count(folds)
        if count > most:
            return None
        if self.apart:  # what is not in focus stays small
            return folds
        return self.boxes(groups) if self.open_small_ones(groups, self.budget - count) else folds

    def layers(self) -> list[Group]:
        """Return groups of neurons that stand side by side, have one form and read from the same groups."""
        groups: dict[tuple[object, ...], Group] = {}
        numbers: dict[tuple[object, ...], int] = {}
        number_of: dict[int, int] = {}
        for neuron in self.neurons:
            op = self.graph.values[neuron.root].op
            sources = tuple(sorted({number_of[root] for root in neuron.operands}))
            form = (op, len(neuron.members), neuron.products, neuron.terms)
            key = (neuron.level, form, layer_of(neuron.name), sources)
            number_of[neuron.root] = numbers.setdefault(key, len(numbers))
            group = groups.setdefault(key, Group([], neuron.level))
            (group.opened if neuron.root in self.apart else group.neurons).append(neuron)
        return [group for group in groups.values() if group.neurons]

    def is_step(self, group: Group) -> bool:
        """Return whether a group shares its parameters with one of another level, as time steps do."""
        return not self.repeated.isdisjoint(group.neurons[0].parameters)

    def open_small_ones(self, groups: Sequence[Group], room: int) -> bool:
        """Open groups of a few Values that are no layers, while there is room; return whether any was."""
        costs = []
        for number, group in enumerate(groups):
            size = len(group.members)
            is_sum = any(neuron.products > 2 for neuron in group.neurons)
            if size <= SMALL and not (group.steps or is_sum or group.is_layer):
                parameters = sum(len(neuron.parameters) for neuron in group.neurons)
                costs.append((2 * size + parameters - 1, number))
        opened = False
        for cost, number in sorted(costs):
            if cost <= room:
                groups[number].open = opened = True
                room -= cost
        return opened

    def count(self, folds: Sequence[Fold]) -> int:
        """Return how many nodes the drawing has."""
        leaves, total = self.graph.leaves, len(folds)
        hidden = [index for fold in folds for index in fold.members]
        hidden_leaves = sum(index < leaves for index in hidden)
        inner = len(self.graph.values) - leaves - (len(hidden) - hidden_leaves)
        return total + leaves - hidden_leaves + 2 * inner

    def boxes(self, groups: Sequence[Group]) -> list[Fold]:
        """Return a fold of each group, with the parameters that it is the first to use."""
        every = [*sorted([*groups, *self.split], key=lambda group: -group.level), *self.opened]
        taken, left = self._owners(every)
        folds: list[Fold] = []
        layers = 0
        for group, leaves in zip(every, taken):
            if group.open:
                continue
            layers += group.layers
            unnamed = group.is_layer and not group.steps and not group.neurons[0].name
            layers += unnamed and not group.alone
            title = "" if group.alone else f"{'step' if self.is_step(group) else 'layer'} {layers}"
            members = [*leaves, *group.members]
            folds.append(caption(self.graph, self.names, group, members, title))
            owners = (neuron for neuron in group.neurons if neuron.owner and neuron.operands)
            folds[-1].again.update(
                leaf for neuron in owners for leaf in neuron.parameters if leaf in self.repeated
            )
        many = [leaves for leaves in left if len(leaves) > FEW_LEAVES]
        if sum(1 if len(leaves) > FEW_LEAVES else len(leaves) for leaves in left) > self.budget // 2:
            many = [sorted(leaf for leaves in left for leaf in leaves)]
        return [*folds, *(caption_leaves(self.graph, self.names, leaves) for leaves in many)]

    def _owners(self, groups: Sequence[Group]) -> tuple[list[list[int]], list[list[int]]]:
        """Return the leaves that go into each group, and those that stay, by who uses them."""
        users: list[tuple[int, ...]] = [()] * self.graph.leaves
        is_parameter = bytearray(self.graph.leaves)
        for number, group in enumerate(groups):
            for neuron in group.neurons:
                for leaf in neuron.leaves:
                    if not users[leaf] or users[leaf][-1] != number:
                        users[leaf] += (number,)
                for leaf in neuron.parameters:
                    is_parameter[leaf] = 1
        taken: list[list[int]] = [[] for _ in groups]
        left: dict[tuple[int, ...], list[int]] = {}
        shown = len(groups) - len(self.opened)
        for leaf, numbers in enumerate(users):
            if not numbers or numbers[-1] >= shown:  # the output itself, or used by what is opened
                continue
            first = groups[numbers[0]]
            if not first.open and (is_parameter[leaf] or (first.steps and len(numbers) == 1)):
                taken[numbers[0]].append(leaf)
            else:
                left.setdefault(numbers, []).append(leaf)
        return taken, [*left.values()]


def used_again(neurons: Sequence[Neuron]) -> set[int]:
    """Return the parameters that several levels put to use."""
    levels: dict[int, int] = {}
    owned = ((leaf, neuron.level) for neuron in neurons if neuron.owner for leaf in neuron.parameters)
    return {leaf for leaf, level in owned if levels.setdefault(leaf, level) != level}
