"""Where a step is, if the picture folds the place away: the boxes that hold what its sentence names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["boxes_of"]

MOST_LISTED = 3
"""The most names of one box that are written out."""
LEADS_ON, GOES_ON = re.compile(r"[\w.]"), re.compile(r"[\w.\[]")
"""What stands before or after a name that is only a part of a longer one."""


def boxes_of(formula: str, folds: Mapping[str, str]) -> str:
    """Write which boxes hold what a step's formula names; "" if it names nothing in them.

    Args:
        formula: the formula.
        folds: the name of the box that hides a Value, by the name of each Value that is hidden.

    Example:
        >>> boxes_of("v1 = x * y", {"x": "layers.0", "x2": "layers.0"})
        'In the box layers.0: x.'
    """
    hidden: dict[str, list[str]] = {}
    for name, fold in folds.items():
        if _is_in(name, formula):
            hidden.setdefault(fold, []).append(name)
    return " ".join(f"In the box {fold}: {_listed(names)}." for fold, names in hidden.items())


def _is_in(name: str, formula: str) -> bool:
    """Return whether a formula names something, and not only something whose name is longer."""
    start = formula.find(name)
    while start >= 0:
        end = start + len(name)
        if not LEADS_ON.match(formula[:start][-1:]) and not GOES_ON.match(formula[end : end + 1]):
            return True
        start = formula.find(name, start + 1)
    return False


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
