"""How a large graph becomes a small one: neurons, then layers and examples, then long stretches."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autograd_lite.drawing.folding.captions import Fold, Group, describe, describe_leaves, is_layer, layer_of
from autograd_lite.drawing.folding.neurons import Unit, Wiring

__all__ = ["Folder"]

MOST_LEVELS = 24
"""The most units in a row that are drawn one by one."""
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
        wiring: the graph.
        units: its units.
        names: the name of each Value by its position.
        budget: how many nodes the drawing may have, roughly.
        opened: the roots of units whose Values are all drawn.
        split: the roots of units that are drawn as neurons, whatever the rest is.
    """

    def __init__(
        self,
        wiring: Wiring,
        units: Sequence[Unit],
        names: Sequence[str],
        budget: int,
        opened: Collection[int] = (),
        split: Collection[int] = (),
    ) -> None:
        self.wiring = wiring
        self.units = units
        self.names = names
        self.budget = budget
        self.opened = [Group([unit], unit.level, open=True) for unit in units if unit.root in opened]
        self.split = [as_neuron(unit) for unit in units if unit.root in split and unit.root not in opened]
        self.apart = {*opened, *split}
        self.repeated = used_again(units)

    def folds(self) -> list[Fold]:
        """Choose what becomes one box; all other Values are drawn one by one."""
        nodes = 2 * len(self.wiring.values) - self.wiring.leaves
        shallow = max((unit.level for unit in self.units), default=0) < MOST_LEVELS
        edges = sum(len(unit.operands) + len(unit.leaves) - len(unit.parameters) for unit in self.units)
        if not self.apart and shallow:
            if nodes <= self.budget:
                return []
            if len(self.units) <= self.budget and edges <= MOST_EDGES * self.budget:
                folds = self.boxes([as_neuron(unit) for unit in self.units])
                if self.count(folds) <= self.budget:
                    return folds
        groups = self.layers()
        cut = {group.level for group in (*self.opened, *self.split)}
        layers = {group.level for group in groups if is_layer(group) and not self.is_step(group)}
        if shallow and (fitting := self.fitted(groups, self.budget)) is not None:
            return fitting
        between = stretches(groups, layers | cut)
        if len(layers) > 1 and (fitting := self.fitted(between, 2 * self.budget)) is not None:
            return fitting
        levels = sorted({group.level for group in groups})
        groups = stretches(groups, {*levels[:ENDS], *levels[-ENDS:], *cut})
        if (fitting := self.fitted(groups, self.budget)) is not None:
            return fitting
        return self.boxes(one_a_level(groups))

    def fitted(self, groups: Sequence[Group], most: int) -> list[Fold] | None:
        """Make the folds of some groups, if that leaves few enough nodes."""
        folds = self.boxes(groups)
        count = self.count(folds)
        if count > most:
            return None
        if self.apart:  # what is not in focus stays small
            return folds
        return self.boxes(groups) if self.open_small_ones(groups, self.budget - count) else folds

    def layers(self) -> list[Group]:
        """Put units together that stand side by side, have one form and read from the same groups."""
        groups: dict[tuple[object, ...], Group] = {}
        numbers: dict[tuple[object, ...], int] = {}
        number_of: dict[int, int] = {}
        for unit in self.units:
            op = self.wiring.values[unit.root].op
            sources = tuple(sorted({number_of[root] for root in unit.operands}))
            form = (op, len(unit.members), unit.products, unit.terms)
            key = (unit.level, form, layer_of(unit.name), sources)
            number_of[unit.root] = numbers.setdefault(key, len(numbers))
            group = groups.setdefault(key, Group([], unit.level))
            (group.opened if unit.root in self.apart else group.units).append(unit)
        return [group for group in groups.values() if group.units]

    def is_step(self, group: Group) -> bool:
        """Tell whether a group shares its parameters with one of another level, as time steps do."""
        return not self.repeated.isdisjoint(group.units[0].parameters)

    def open_small_ones(self, groups: Sequence[Group], room: int) -> bool:
        """Open groups of a few Values that are no layers, while there is room; tell if any was."""
        costs = []
        for number, group in enumerate(groups):
            size = sum(len(unit.members) for unit in group.units)
            is_sum = any(unit.products > 2 for unit in group.units)
            if size <= SMALL and not (group.steps or is_sum or is_layer(group)):
                parameters = sum(len(unit.parameters) for unit in group.units)
                costs.append((2 * size + parameters - 1, number))
        opened = False
        for cost, number in sorted(costs):
            if cost <= room:
                groups[number].open = opened = True
                room -= cost
        return opened

    def count(self, folds: Sequence[Fold]) -> int:
        """Count the nodes of the drawing."""
        leaves, total = self.wiring.leaves, len(folds)
        hidden = [index for fold in folds for index in fold.members]
        hidden_leaves = sum(index < leaves for index in hidden)
        inner = len(self.wiring.values) - leaves - (len(hidden) - hidden_leaves)
        return total + leaves - hidden_leaves + 2 * inner

    def boxes(self, groups: Sequence[Group]) -> list[Fold]:
        """Make a fold of each group, with the parameters that it is the first to use."""
        every = [*sorted([*groups, *self.split], key=lambda group: -group.level), *self.opened]
        taken, left = self._owners(every)
        folds: list[Fold] = []
        layers = 0
        for group, leaves in zip(every, taken):
            if group.open:
                continue
            layers += group.layers
            unnamed = is_layer(group) and not group.steps and not group.units[0].name
            layers += unnamed and not group.neuron
            title = "" if group.neuron else f"{'step' if self.is_step(group) else 'layer'} {layers}"
            members = [*leaves, *(index for unit in group.units for index in unit.members)]
            folds.append(describe(self.wiring, self.names, group, members, title))
            owners = (unit for unit in group.units if unit.owner and unit.operands)
            folds[-1].again.update(
                leaf for unit in owners for leaf in unit.parameters if leaf in self.repeated
            )
        many = [leaves for leaves in left if len(leaves) > FEW_LEAVES]
        if sum(1 if len(leaves) > FEW_LEAVES else len(leaves) for leaves in left) > self.budget // 2:
            many = [sorted(leaf for leaves in left for leaf in leaves)]
        return [*folds, *(describe_leaves(self.wiring, self.names, leaves) for leaves in many)]

    def _owners(self, groups: Sequence[Group]) -> tuple[list[list[int]], list[list[int]]]:
        """Give the leaves that go into each group, and those that stay, by who uses them."""
        users: list[tuple[int, ...]] = [()] * self.wiring.leaves
        is_parameter = bytearray(self.wiring.leaves)
        for number, group in enumerate(groups):
            for unit in group.units:
                for leaf in unit.leaves:
                    if not users[leaf] or users[leaf][-1] != number:
                        users[leaf] += (number,)
                for leaf in unit.parameters:
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


def used_again(units: Sequence[Unit]) -> set[int]:
    """Find the parameters that several levels put to use."""
    levels: dict[int, int] = {}
    owned = ((leaf, unit.level) for unit in units if unit.owner for leaf in unit.parameters)
    return {leaf for leaf, level in owned if levels.setdefault(leaf, level) != level}


def as_neuron(unit: Unit) -> Group:
    """Make a group of one unit; a single operation is drawn as what it is."""
    return Group([unit], unit.level, open=len(unit.members) == 1 and not unit.products, neuron=True)


def stretches(groups: Sequence[Group], kept: Collection[int]) -> list[Group]:
    """Put everything on two or more levels in a row, none of them to be kept, into one group."""
    by_level: dict[int, list[Group]] = {}
    for group in groups:
        by_level.setdefault(group.level, []).append(group)
    result: list[Group] = []
    run: list[int] = []
    for level in [*sorted(by_level, reverse=True), -1]:
        if run and (level in kept or level != run[-1] - 1):
            result += merged(by_level, run)
            run = []
        if level in kept:
            result += by_level[level]
        elif level >= 0:
            run.append(level)
    return result


def merged(by_level: dict[int, list[Group]], run: Sequence[int]) -> list[Group]:
    """Make one group of a run of levels, or leave a single level as it is."""
    listed = [group for level in run for group in by_level[level]]
    if len(run) == 1:
        return listed
    units = [unit for group in reversed(listed) for unit in group.units]
    layers = sum(is_layer(group) and not group.units[0].name for group in listed)
    return [Group(units, run[0], steps=len(run), layers=layers)]


def one_a_level(groups: Sequence[Group]) -> list[Group]:
    """Make one group of all that stands side by side."""
    by_level: dict[int, list[Group]] = {}
    for group in groups:
        by_level.setdefault(group.level, []).append(group)
    return [
        listed[0] if len(listed) == 1 else Group([unit for group in listed for unit in group.units], level, 1)
        for level, listed in by_level.items()
    ]
