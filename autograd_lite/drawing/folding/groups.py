"""Neurons that are drawn as one box: side by side in a layer, or one after the other in a stretch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autograd_lite.drawing.folding.neurons import Neuron

__all__ = ["Group", "alone", "layer_of", "one_per_level", "stretches"]


@dataclass(slots=True)
class Group:
    """Neurons that are drawn as one box.

    Attributes:
        neurons: the neurons, of one level unless it is a stretch.
        level: the highest level among them.
        steps: how many levels it spans if it is a folded stretch; 0 otherwise.
        layers: how many layers without a dotted name such a stretch holds.
        open: whether its Values are drawn one by one.
        alone: whether it is one neuron that is called by its own name, not its layer's.
        opened: neurons of its kind that are drawn beside it.
        example: what it is called if it is one of a batch's examples; "" otherwise.
    """

    neurons: list[Neuron]
    level: int
    steps: int = 0
    layers: int = 0
    open: bool = False
    alone: bool = False
    opened: tuple[Neuron, ...] = ()
    example: str = ""

    @property
    def members(self) -> list[int]:
        """The positions of all Values in it."""
        return [index for neuron in self.neurons for index in neuron.members]

    @property
    def is_layer(self) -> bool:
        """Whether it has parameters of its own: a layer, or part of one."""
        neuron = self.neurons[0]
        return not self.example and neuron.owner and (neuron.products > 1 or neuron.name != "")


def layer_of(name: str) -> str:
    """Return the dotted name that a neuron shares with its neighbours.

    Example:
        >>> layer_of("layers.0.neurons.3"), layer_of("gain")
        ('layers.0.neurons', 'gain')
    """
    start, _, last = name.rpartition(".")
    return start if start and last.isdigit() else name


def alone(neuron: Neuron) -> Group:
    """Return a group of one neuron; a single operation is drawn as what it is."""
    is_open = len(neuron.members) == 1 and not neuron.products
    return Group([neuron], neuron.level, open=is_open, alone=True)


def stretches(groups: Sequence[Group], kept: Collection[int]) -> list[Group]:
    """Return everything on two or more levels in a row, none of them to be kept, as one group."""
    by_level = _by_level(groups)
    result: list[Group] = []
    run: list[int] = []
    for level in [*sorted(by_level, reverse=True), -2]:  # the last ends a run down to level 0
        if run and (level in kept or level != run[-1] - 1):
            result += _merged([by_level[each] for each in run])
            run = []
        if level in kept:
            result += by_level[level]
        elif level >= 0:
            run.append(level)
    return result


def _merged(run: Sequence[Sequence[Group]]) -> Sequence[Group]:
    """Return one group of a run of levels, or a single level as it is."""
    if len(run) == 1:
        return run[0]
    listed = [group for level in run for group in level]
    neurons = [neuron for group in reversed(listed) for neuron in group.neurons]
    layers = sum(group.is_layer and not group.neurons[0].name for group in listed)
    return [Group(neurons, listed[0].level, steps=len(run), layers=layers)]


def one_per_level(groups: Sequence[Group]) -> list[Group]:
    """Return one group of all that stands side by side."""
    return [
        listed[0]
        if len(listed) == 1
        else Group([neuron for group in listed for neuron in group.neurons], level, steps=1)
        for level, listed in _by_level(groups).items()
    ]


def _by_level(groups: Sequence[Group]) -> dict[int, list[Group]]:
    by_level: dict[int, list[Group]] = {}
    for group in groups:
        by_level.setdefault(group.level, []).append(group)
    return by_level
