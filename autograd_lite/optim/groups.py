"""Groups of parameters that an optimiser moves with settings of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from autograd_lite.optim.schedules import Rate, check_rate
from autograd_lite.optim.settings import check_range

__all__ = ["Group", "groups_of"]


class Group(NamedTuple):
    """So many parameters in a row, and the settings that are their own; None for the optimiser's."""

    size: int
    lr: Rate | None = None
    weight_decay: float | None = None

    def of(self, optimizer: Any, name: str) -> Any:
        """Return a setting of the group, or else that of the optimiser."""
        own = getattr(self, name)
        return getattr(optimizer, name) if own is None else own


OWN = ("lr", "weight_decay")
"""The settings that a group may have."""


def groups_of(parameters: Any, optimizer: Any) -> tuple[Any, list[Group]]:
    """Split groups into all their parameters and what each is; a list of Values is no group.

    Raises:
        ValueError: if a group has no parameters, or a setting that cannot be its own.
        TypeError: if groups and Values are mixed, or a setting is no number.
    """
    listed = list(parameters) if isinstance(parameters, Iterable) else parameters
    if isinstance(parameters, Mapping) or not isinstance(listed, list):
        return parameters, []
    if not any(isinstance(each, Mapping) for each in listed):
        return listed, []
    values: list[Any] = []
    groups = []
    for table in listed:
        if not isinstance(table, Mapping):
            raise TypeError(f"an optimiser takes Values or groups, not both: got {table!r} beside a group")
        own = _checked(table, optimizer)
        members = table["parameters"]
        members = list(members) if isinstance(members, Iterable) else [members]
        values += members
        groups.append(Group(len(members), **own))
    return values, groups


def _checked(table: Mapping[str, Any], optimizer: Any) -> dict[str, Any]:
    """Return the settings of a group, which are in their ranges."""
    own = {name: setting for name, setting in table.items() if name != "parameters"}
    allowed = [name for name in OWN if hasattr(optimizer, name)]
    unknown = [name for name in own if name not in allowed]
    if "parameters" not in table or unknown:
        raise ValueError(
            f'a group of {type(optimizer).__name__} is a dict of "parameters" and perhaps '
            f"{' and '.join(allowed)}, got {', '.join(map(repr, table))}"
        )
    if "lr" in own:
        check_rate("lr of a group", own["lr"])
    if "weight_decay" in own:
        check_range("weight_decay of a group", own["weight_decay"])
    return own
