"""The layer of each part of a drawing: to the right of what it depends on, and near what needs it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from graphlib import TopologicalSorter
from itertools import accumulate

from autograd_lite.drawing.layout.geometry import Diagram

__all__ = ["assign_layers"]


def assign_layers(diagram: Diagram, columns: int = 1) -> list[int]:
    """Return the layer of each part: just before the first that needs it.

    Args:
        diagram: what is to be placed; its links make no cycle.
        columns: over how many columns the leaves of the highest layer are spread.
    """
    count = len(diagram.parts)
    sources: list[list[int]] = [[] for _ in range(count)]
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in diagram.links:
        sources[target].append(source)
        targets[source].append(target)
    order = [*TopologicalSorter(dict(enumerate(sources))).static_order()]
    layers = [0] * count
    for item in order:
        layers[item] = max((layers[source] + 1 for source in sources[item]), default=0)
    leaves = [item for item in range(count) if targets[item] and not sources[item]]
    _pull(layers, order, targets)
    if columns > 1 and leaves:
        fixed = _spread(diagram, layers, leaves, targets, columns)
        _pull(layers, order, targets, fixed)
    return layers


def _pull(
    layers: list[int], order: Sequence[int], targets: Sequence[Sequence[int]], fixed: Collection[int] = ()
) -> None:
    """Move each item just before the first that needs it."""
    for item in reversed(order):
        if item not in fixed:
            layers[item] = min((layers[target] - 1 for target in targets[item]), default=layers[item])


def _spread(
    diagram: Diagram, layers: list[int], leaves: Sequence[int], targets: Sequence[Sequence[int]], columns: int
) -> set[int]:
    """Let the leaves of a high layer take turns in several, each with its labels behind it.

    The links of the leaves further left then pass between the others.

    Returns:
        The leaves and labels that have their place.
    """
    heights = [0.0] * (max(layers) + 1)
    for part, layer in zip(diagram.parts, layers):
        heights[layer] += part.height
    highest = max(heights)
    turns = [1] * len(heights)
    for layer in {layers[leaf] for leaf in leaves}:
        turns[layer] = math.ceil(heights[layer] * columns / highest)
    further = [*accumulate(2 * (turn - 1) for turn in turns)]
    old = list(layers)
    layers[:] = [layer + further[layer] for layer in old]
    number = [0] * len(heights)
    fixed: set[int] = set()
    for leaf in leaves:
        layer = old[leaf]
        near = [target for target in targets[leaf] if old[target] == layer + 1]
        labels = [target for target in near if diagram.parts[target].kind == "label"]
        layers[leaf] -= 2 * (number[layer] % turns[layer])
        number[layer] += 1
        for label in labels:
            layers[label] = layers[leaf] + 1
        fixed.update([leaf, *labels])
    return fixed
