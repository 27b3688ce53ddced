"""The examples of a batch: parts of a graph that use the same weights, and whose results are added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd_lite.drawing.folding.neurons import IndexedGraph, Neuron

__all__ = ["Example", "find_examples"]

MOST_STEPS = 5
"""How far from the output the sum over a batch is looked for."""

SHARED = -1
"""What marks a neuron that serves several examples, or something else too."""


@dataclass(frozen=True)
class Example:
    """A part of a graph that only one addend of a loss depends on.

    Attributes:
        name: "example 2 of 4"; "place 2 of 4" where they share what is computed before, as in a sequence.
        neurons: its neurons in topological order; nothing but the last is used outside.
    """

    name: str
    neurons: list[Neuron]

    @property
    def roots(self) -> list[int]:
        """The roots of its neurons."""
        return [neuron.root for neuron in self.neurons]


def find_examples(graph: IndexedGraph, neurons: Sequence[Neuron]) -> list[Example]:
    """Return the examples of a batch, or an empty list if the output is no loss over several.

    Args:
        graph: the graph.
        neurons: its neurons in topological order, at least one.
    """
    by_root = {neuron.root: neuron for neuron in neurons}
    total = neurons[-1]
    for _ in range(MOST_STEPS):
        found = _parts(neurons, total.operands)
        if _are_alike(graph, found):
            noun = "place" if _share_results(neurons, found) else "example"
            return [Example(f"{noun} {number} of {len(found)}", part) for number, part in enumerate(found, 1)]
        if not total.operands:
            break
        total = max((by_root[root] for root in total.operands), key=lambda each: len(each.operands))
    return []


def _parts(neurons: Sequence[Neuron], roots: Sequence[int]) -> list[list[Neuron]]:
    """Return for each of some neurons all those that it alone depends on, and itself."""
    numbers = {root: number for number, root in enumerate(roots)}
    part_of: dict[int, int] = {}  # by a neuron's root
    parts: list[list[Neuron]] = [[] for _ in roots]
    for neuron in reversed(neurons):
        number = numbers.get(neuron.root, part_of.get(neuron.root, SHARED))
        if number != SHARED:
            parts[number].append(neuron)
        for root in neuron.operands:
            part_of[root] = number if part_of.get(root, number) == number else SHARED
    return [part[::-1] for part in parts]


def _are_alike(graph: IndexedGraph, parts: Sequence[Sequence[Neuron]]) -> bool:
    """Return whether several parts end in the same operation, and use weights of the first."""
    if len(parts) < 2 or len({graph.values[part[-1].root].op for part in parts}) > 1:
        return False
    used = [{leaf for each in part for leaf in each.parameters} for part in parts]
    return all(len(part) > 1 for part in parts) and not any(leaves.isdisjoint(used[0]) for leaves in used)


def _share_results(neurons: Sequence[Neuron], parts: Sequence[Sequence[Neuron]]) -> bool:
    """Return whether several parts depend on something that is computed in none of them."""
    inside = {neuron.root for part in parts for neuron in part}
    return any(root not in inside for part in parts for neuron in part for root in neuron.operands)
