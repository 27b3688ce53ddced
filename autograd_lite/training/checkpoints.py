"""Checkpoints: all that a training needs to go on to the same numbers."""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Mapping
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.interrupts import uninterrupted
from autograd_lite.nn.module import Module, checked_state, is_finite_number, table_of
from autograd_lite.nn.saving import read_json, write_json
from autograd_lite.optim import Optimizer

__all__ = ["Checkpoint", "generators_of", "values_of"]

FORMAT = "autograd_lite checkpoint, version 1"


class Checkpoint:
    """What a training consists of at the end of an epoch, to be written and taken up again.

    Args:
        path: the file, or None to write nothing.
        values: every Value of the model, by name.
        optimizer: the optimiser; its states belong to the training.
        generators: what random numbers are drawn from.
        records: tables of numbers that grow with the training.
        settings: what must be the same when the training goes on.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        values: Mapping[str, Value],
        optimizer: Optimizer,
        generators: list[Any],
        records: Mapping[str, Any],
        settings: Mapping[str, Any],
    ) -> None:
        self.path, self.values, self.optimizer = path, values, optimizer
        self.generators, self.records, self.settings = generators, records, settings

    def write(self) -> None:
        """Write the file, whole or not at all."""
        if self.path is not None:
            content = {"format": FORMAT, "settings": self.settings, "values": numbers_of(self.values)}
            content["optimizer"] = self.optimizer.state_dict()
            content["generators"] = [generator.getstate() for generator in self.generators]
            content["records"] = {name: _without_nan(vars(record)) for name, record in self.records.items()}
            write_json(self.path, content)

    def resume(self) -> None:
        """Take up the file, if there is one.

        Raises:
            ValueError: if it is damaged or of another training; then nothing has changed.
        """
        if self.path is None or not os.path.exists(self.path):
            return
        content = read_json(self.path, FORMAT)
        optimizer = self.optimizer
        old_state, old = (optimizer.steps, optimizer.states), [g.getstate() for g in self.generators]
        try:
            self._check_settings(content["settings"])
            state = checked_state(content["values"], self.values.keys())
            records = {name: self._record(name, content["records"][name]) for name in self.records}
            for generator, internal in zip(self.generators, content["generators"], strict=True):
                generator.setstate((internal[0], tuple(internal[1]), internal[2]))
            optimizer.load_state_dict(content["optimizer"])
        except (ValueError, TypeError, LookupError, OverflowError, AttributeError) as error:
            optimizer.steps, optimizer.states = old_state
            for generator, before in zip(self.generators, old):
                generator.setstate(before)
            path = os.fspath(self.path)
            raise ValueError(f"{path} cannot be taken up, move it away: {error}") from None
        with uninterrupted():
            set_numbers(self.values, state)
            for name, record in self.records.items():
                vars(record).update(records[name])

    def _check_settings(self, found: Mapping[str, Any]) -> None:
        for name, setting in json.loads(json.dumps(self.settings)).items():
            if found[name] != setting:
                raise ValueError(f"it was trained with {name} {found[name]!r}, not {setting!r}")

    def _record(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        """Check that a record has the fields and types that it has now."""
        now = vars(self.records[name])
        return {field: _like(now[field], found[field], f"{name}.{field}") for field in now}


def _like(now: Any, found: Any, name: str) -> Any:
    """Check that something read is of the kind of what is there now."""
    if isinstance(now, list) and isinstance(found, list):
        return [math.nan if item is None else _like(0.0, item, name) for item in found]
    if isinstance(now, dict) and isinstance(found, dict):
        return {key: _like([] if isinstance(item, list) else 0.0, item, name) for key, item in found.items()}
    is_number = isinstance(now, (int, float)) or now is None
    good = found is None or is_finite_number(found) if is_number else type(found) is type(now)
    if not good:
        raise ValueError(f"{name} is not what it should be")
    return found


def _without_nan(thing: Any) -> Any:
    """Put null, which JSON has, for nan and inf, which it has not."""
    if isinstance(thing, dict):
        return {key: _without_nan(item) for key, item in thing.items()}
    if isinstance(thing, list):
        return [_without_nan(item) for item in thing]
    return None if isinstance(thing, float) and not math.isfinite(thing) else thing


def values_of(model: Any, parameters: list[Value]) -> dict[str, Value]:
    """Name every Value of a model; parameters that only its own ``parameters()`` knows, by number."""
    named = table_of(model.named_values()) if isinstance(model, Module) else {}
    known = set(named.values())
    others = [parameter for parameter in parameters if parameter not in known]
    return named | {f"parameters.{index}": parameter for index, parameter in enumerate(others)}


def numbers_of(values: Mapping[str, Value]) -> dict[str, float]:
    """Read the numbers of named Values."""
    return {name: value.data for name, value in values.items()}


def set_numbers(values: Mapping[str, Value], numbers: Mapping[str, float]) -> None:
    """Set named Values to what ``numbers_of`` gave."""
    listed = [numbers[name] for name in values]  # nothing changes if one is missing
    for value, number in zip(values.values(), listed):
        value.data = number


def generators_of(model: Any) -> list[Any]:
    """List what a model draws random numbers from: the ``random`` module, and generators of its modules."""
    modules = model.modules() if isinstance(model, Module) else []
    held = {
        id(thing): thing for m in modules for thing in vars(m).values() if isinstance(thing, random.Random)
    }
    return [random, *held.values()]
