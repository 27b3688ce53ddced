"""Which units a drawing opens when it is to show one place in detail."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_lite.drawing.folding.captions import identity
from autograd_lite.drawing.folding.folder import Folder
from autograd_lite.drawing.folding.neurons import Unit, Wiring
from autograd_lite.drawing.labels import cut
from autograd_lite.engine import Value

__all__ = ["in_focus"]

MOST_LISTED = 20
"""The most names that an error lists."""


def in_focus(
    wiring: Wiring, units: Sequence[Unit], names: Sequence[str], focus: Value | str, depth: int
) -> tuple[set[int], set[int]]:
    """Find what a drawing shows in detail.

    A layer is first split into its neurons. A neuron, or any other single place, is
    opened down to each product. Each further step opens what leads to the one before.

    Args:
        wiring: the graph.
        units: its units.
        names: the name of each Value by its position.
        focus: a Value, its name, or the name of a fold or of a module.
        depth: how many steps, at least 1.

    Returns:
        The roots of the units to open, and of those to split off as neurons.

    Raises:
        TypeError: if focus is neither a Value nor a name.
        ValueError: if it is not in the graph; the message lists what is.
    """
    by_root = {unit.root: unit for unit in units}
    level = _find(wiring, units, names, focus)
    split = {unit.root for unit in level} if len(level) > 1 else set()
    opened: set[int] = set()
    for _ in range(depth - (len(level) > 1)):
        opened.update(unit.root for unit in level)
        roots = dict.fromkeys(root for unit in level for root in unit.operands if root not in opened)
        level = [by_root[root] for root in roots]
    return opened, split - opened


def _find(wiring: Wiring, units: Sequence[Unit], names: Sequence[str], focus: Value | str) -> list[Unit]:
    """Find the units that a Value or a name means; of repeated examples, the first."""
    if isinstance(focus, Value):
        if focus not in wiring.position:
            raise ValueError(f"the focus {cut(repr(focus), 80)} is not in this graph")
        return _around(units, wiring.position[focus], wiring.leaves)
    if not isinstance(focus, str):
        raise TypeError(f"focus is a Value or a name, got {focus!r}")
    if focus in names:
        return _around(units, names.index(focus), wiring.leaves)
    named = [unit for unit in units if f"{unit.name}.".startswith(f"{focus}.")] if focus else []
    if named:
        return _one_of_each(named)
    folder = Folder(wiring, units, names, 1)
    folds = folder.boxes(folder.layers())
    for fold in folds:
        if fold.name == focus:
            members = set(fold.members)
            return _one_of_each([unit for unit in units if unit.root in members])
    known = [*dict.fromkeys([*(fold.name for fold in folds), *names])]
    listed = ", ".join(cut(name, 40) for name in known[:MOST_LISTED])
    more = f", and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
    raise ValueError(f"there is no {cut(focus, 80)!r} in this graph; there are {listed}{more}")


def _around(units: Sequence[Unit], position: int, leaves: int) -> list[Unit]:
    """Give the unit that holds an inner Value, or the first that uses a leaf."""
    for unit in units:
        if position in (unit.leaves if position < leaves else unit.members):
            return [unit]
    return []


def _one_of_each(units: Sequence[Unit]) -> list[Unit]:
    """Leave out units that use the same parameters as an earlier one."""
    first: dict[object, Unit] = {}
    for unit in units:
        first.setdefault(identity(unit), unit)
    return [*first.values()]
