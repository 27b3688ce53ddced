"""How a large graph becomes a small one: neurons, then layers and examples, then long stretches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from autograd_lite.drawing.folding.captions import (
    Fold,
    caption,
    caption_inputs,
    caption_weights,
    layer_and_noun,
)
from autograd_lite.drawing.folding.examples import find_examples
from autograd_lite.drawing.folding.groups import Group, alone, layer_of, one_per_level, stretches
from autograd_lite.drawing.folding.leaves import homes_of, place_leaves
from autograd_lite.drawing.folding.neurons import IndexedGraph, Neuron

__all__ = ["Folder"]

MOST_LEVELS = 24
"""The most neurons in a row that are drawn one by one."""
MOST_EDGES = 1.5
"""The most edges between neurons that are drawn one by one, in parts of the number of nodes."""
ENDS = 2
"""How many levels stay at either end of a graph whose middle is folded."""
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
        by_example: whether the examples of a batch become one box each before layers do.
    """

    def __init__(
        self,
        graph: IndexedGraph,
        neurons: Sequence[Neuron],
        names: Sequence[str],
        budget: int,
        opened: Collection[int] = (),
        split: Collection[int] = (),
        by_example: bool = False,
    ) -> None:
        self.graph = graph
        self.neurons = neurons
        self.names = names
        self.budget = budget
        self.opened = [Group([each], each.level, open=True) for each in neurons if each.root in opened]
        self.split = [alone(each) for each in neurons if each.root in split and each.root not in opened]
        self.apart = {*opened, *split}
        self.repeated = used_again(neurons)
        self.first = {neuron.identity: neuron.root for neuron in reversed(neurons)}
        self.kinds = self.kinds_of_neurons()
        self.homes = homes_of(neurons, self.kinds)
        self.by_example = by_example

    def folds(self) -> list[Fold]:
        """Return what becomes one box; all other Values are drawn one by one."""
        nodes = 2 * len(self.graph.values) - self.graph.leaves
        shallow = max((neuron.level for neuron in self.neurons), default=0) < MOST_LEVELS
        edges = sum(len(each.operands) + len(each.leaves) - len(each.parameters) for each in self.neurons)
        edges += self.uses_of_weights()
        if not self.apart and shallow:
            if nodes <= self.budget:
                return []
            if len(self.neurons) <= self.budget and edges <= MOST_EDGES * self.budget:
                folds = self.boxes([alone(neuron) for neuron in self.neurons])
                if self.count(folds) <= self.budget:
                    return folds
        examples = self.examples()
        if examples and (fitting := self.fitted(examples, self.budget)) is not None:
            return fitting
        groups = self.layers()
        cut = {0, *(group.level for group in (*self.opened, *self.split))}  # the output is always seen
        layers = {group.level for group in groups if group.is_layer and not self.is_step(group)}
        if shallow and (fitting := self.fitted(groups, self.budget)) is not None:
            return fitting
        if len(layers) > 1:
            between = stretches(groups, layers | cut)
            if (fitting := self.fitted(between, 2 * self.budget)) is not None:
                return fitting
        levels = sorted({group.level for group in groups})
        groups = stretches(groups, {*levels[:ENDS], *levels[-ENDS:], *cut})
        if (fitting := self.fitted(groups, self.budget)) is not None:
            return fitting
        return self.boxes(one_per_level(groups))

    def uses_of_weights(self) -> int:
        """Return how many neurons use weights that others use too."""
        uses = Counter(leaf for neuron in self.neurons for leaf in neuron.leaves)
        return sum(any(uses[leaf] > 1 for leaf in neuron.parameters) for neuron in self.neurons)

    def fitted(self, groups: Sequence[Group], most: int) -> list[Fold] | None:
        """Return the folds of some groups, if that leaves few enough nodes."""
        if len(groups) > most:
            return None
        folds = self.boxes(groups)
        count = self.count(folds)
        if count > most:
            return None
        if self.apart:  # what is not in focus stays small
            return folds
        return self.boxes(groups) if self.open_small_ones(groups, self.budget - count) else folds

    def kinds_of_neurons(self) -> dict[int, int]:
        """Number the kinds of neurons: those side by side that have one form and read from the same."""
        numbers: dict[tuple[object, ...], int] = {}
        kinds: dict[int, int] = {}
        for neuron in self.neurons:
            op = self.graph.values[neuron.root].op
            sources = sorted({kinds[root] for root in neuron.operands})
            form = (op, len(neuron.members), neuron.products, neuron.terms)
            key = (neuron.level, *form, layer_of(neuron.name), *sources)
            kinds[neuron.root] = numbers.setdefault(key, len(numbers))
        return kinds

    def examples(self) -> list[Group]:
        """Return a group of each example that nothing is opened in, and layers of all other neurons.

        There are none if neither all examples are to be seen nor one of them is opened.
        """
        if not (self.by_example or self.apart):
            return []
        found = find_examples(self.graph, self.neurons)
        is_opened = any(self.apart.issuperset(each.roots) for each in found)
        if not found or not (self.by_example or is_opened):
            return []
        folded = [each for each in found if self.apart.isdisjoint(each.roots)]
        examples = [Group(each.neurons, each.neurons[-1].level, example=each.name) for each in folded]
        inside = {root for each in folded for root in each.roots}
        return [*examples, *self.layers([each for each in self.neurons if each.root not in inside])]

    def layers(self, neurons: Sequence[Neuron] | None = None) -> list[Group]:
        """Return a group of the neurons of each kind, of all neurons or some."""
        groups: dict[int, Group] = {}
        for neuron in self.neurons if neurons is None else neurons:
            group = groups.setdefault(self.kinds[neuron.root], Group([], neuron.level))
            if neuron.root in self.apart:
                group.opened = (*group.opened, neuron)
            else:
                group.neurons.append(neuron)
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
            if size <= SMALL and not (group.steps or group.example or is_sum or group.is_layer):
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
        """Return a fold of each group with the leaves that nothing else uses, and of all other leaves."""
        every = [*sorted([*groups, *self.split], key=lambda group: -group.level), *self.opened]
        shown = len(every) - len(self.opened)
        leaves = place_leaves(self.graph, self.names, every, self.homes, shown, self.budget // 2)
        titles = self.titles(every)
        folds = [
            replace(
                caption(self.graph, self.names, group, [*inside, *group.members], title),
                focus=self.focus_on(group),
            )
            for group, inside, title in zip(every, leaves.inside, titles)
            if not group.open
        ]
        for weights, user in leaves.weights:
            home = self.homes[weights[0]]
            layer = home if isinstance(home, str) else ""
            folds.append(caption_weights(self.names, weights, layer, titles[user]))
        return [*folds, *(caption_inputs(self.names, inputs) for inputs in leaves.inputs)]

    def focus_on(self, group: Group) -> str:
        """Return what a drawing is told to focus on to show what is inside a group."""
        if group.example:
            return group.example
        neuron = group.neurons[0]
        is_layer = group.is_layer and neuron.name and not (group.steps or group.alone)
        if is_layer and self.first[neuron.identity] == neuron.root:  # a name opens what is first called so
            return layer_and_noun(neuron.name)[0]
        return self.names[neuron.root]

    def titles(self, groups: Sequence[Group]) -> list[str]:
        """Return what each group is called if it is a layer without a dotted name; "" for a neuron."""
        titles = []
        layers = 0
        for group in groups:
            layers += group.layers
            unnamed = group.is_layer and not (group.steps or group.neurons[0].name or group.open)
            layers += unnamed and not group.alone
            is_titled = group.is_layer and not (group.alone or group.steps or group.open)
            titles.append(f"{'step' if self.is_step(group) else 'layer'} {layers}" if is_titled else "")
        return titles


def used_again(neurons: Sequence[Neuron]) -> set[int]:
    """Return the parameters that several levels put to use."""
    levels: dict[int, int] = {}
    owned = ((leaf, neuron.level) for neuron in neurons if neuron.owner for leaf in neuron.parameters)
    return {leaf for leaf, level in owned if levels.setdefault(leaf, level) != level}
