"""Which neurons a drawing opens when it is to show one place in detail."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_lite.drawing.folding.examples import find_examples
from autograd_lite.drawing.folding.folder import Folder
from autograd_lite.drawing.folding.neurons import IndexedGraph, Neuron
from autograd_lite.drawing.labels import cut
from autograd_lite.engine import Value

__all__ = ["in_focus"]

MOST_LISTED = 20
"""The most names that an error lists."""


def in_focus(
    graph: IndexedGraph, neurons: Sequence[Neuron], names: Sequence[str], focus: Value | str, depth: int
) -> tuple[set[int], set[int]]:
    """Return what a drawing shows in detail.

    A layer is first split into its neurons. A neuron, or any other single place, is
    opened down to each product. Each further step opens what leads to the one before.

    Args:
        graph: the graph.
        neurons: its neurons.
        names: the name of each Value by its position.
        focus: a Value, its name, or the name of a fold or of a module.
        depth: how many steps, at least 1.

    Returns:
        The roots of the neurons to open, and of those to split off as neurons.

    Raises:
        TypeError: if focus is neither a Value nor a name.
        ValueError: if it is not in the graph; the message lists what is.
    """
    by_root = {neuron.root: neuron for neuron in neurons}
    level = _find(graph, neurons, names, focus)
    split = {neuron.root for neuron in level} if len(level) > 1 else set()
    opened: set[int] = set()
    for _ in range(depth - (len(level) > 1)):
        opened.update(neuron.root for neuron in level)
        roots = dict.fromkeys(root for neuron in level for root in neuron.operands if root not in opened)
        level = [by_root[root] for root in roots]
    return opened, split - opened


def _find(
    graph: IndexedGraph, neurons: Sequence[Neuron], names: Sequence[str], focus: Value | str
) -> list[Neuron]:
    """Return the neurons that a Value or a name means; of repeated examples, the first."""
    if isinstance(focus, Value):
        if focus not in graph.position:
            raise ValueError(f"the focus {cut(repr(focus), 80)} is not in this graph")
        return _around(neurons, graph.position[focus], graph.leaves)
    if not isinstance(focus, str):
        raise TypeError(f"focus is a Value or a name, got {focus!r}")
    if focus in names:
        return _around(neurons, names.index(focus), graph.leaves)
    named = [neuron for neuron in neurons if f"{neuron.name}.".startswith(f"{focus}.")] if focus else []
    if named:
        return _one_of_each(named)
    folder = Folder(graph, neurons, names, 1)
    for example in find_examples(graph, neurons):
        if example.name == focus:
            return example.neurons
    folds = folder.boxes(folder.layers())
    for fold in folds:
        if fold.name == focus:
            members = set(fold.members)
            return _one_of_each([neuron for neuron in neurons if neuron.root in members])
    known = [*dict.fromkeys([*(fold.name for fold in folds), *names])]
    listed = ", ".join(cut(name, 40) for name in known[:MOST_LISTED])
    more = f", and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
    raise ValueError(f"there is no {cut(focus, 80)!r} in this graph; there are {listed}{more}")


def _around(neurons: Sequence[Neuron], position: int, leaves: int) -> list[Neuron]:
    """Return the neuron that holds an inner Value, or the first that uses a leaf."""
    for neuron in neurons:
        if position in (neuron.leaves if position < leaves else neuron.members):
            return [neuron]
    return []


def _one_of_each(neurons: Sequence[Neuron]) -> list[Neuron]:
    """Return neurons without those that use the same parameters as an earlier one."""
    first: dict[object, Neuron] = {}
    for neuron in neurons:
        first.setdefault(neuron.identity, neuron)
    return [*first.values()]
