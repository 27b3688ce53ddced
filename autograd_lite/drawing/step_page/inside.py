"""Where a step is, if the picture folds the place away: the boxes that hold what its sentence names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from autograd_lite.stepping import Step

__all__ = ["boxes_of"]

MOST_LISTED = 3
"""The most names of one box that are written out."""


def boxes_of(step: Step, named: Sequence[str], folds: Mapping[str, str]) -> str:
    """Write which boxes hold what a step names; "" if the picture shows it all.

    Args:
        step: the step.
        named: the names that its formula may hold.
        folds: the name of the box that hides a Value, by the Value's name.

    Example:
        >>> from autograd_lite import Value, step_through
        >>> x = Value(3.0, "x")
        >>> step = step_through(x * 2.0, names={})[0]
        >>> boxes_of(step, ["v1", "x"], {"x": "layers.0"})
        'In the box layers.0: x.'
    """
    hidden: dict[str, list[str]] = {}
    for name in dict.fromkeys(named):
        if name in folds and _is_in(name, step.formula):
            hidden.setdefault(folds[name], []).append(name)
    return " ".join(f"In the box {fold}: {_listed(names)}." for fold, names in hidden.items())


def _is_in(name: str, formula: str) -> bool:
    """Return whether a formula names something, and not only something whose name is longer."""
    if name not in formula:  # which is asked of every operand of a long sum, for each of its steps
        return False
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.\[])", formula) is not None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
