"""Checkpoint: all that a training needs to go on to the same numbers."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from autograd_lite.engine import Value
from autograd_lite.files import json_text, read_json, replace_not_finite, write_text
from autograd_lite.interrupts import uninterrupted
from autograd_lite.nn.module import checked_state, is_finite_number
from autograd_lite.optim.optimizer import Optimizer, is_moderate
from autograd_lite.training.history import History
from autograd_lite.training.state import numbers_of, set_numbers, set_states, states_of

__all__ = ["Best", "Checkpoint", "Records"]

FORMAT = "autograd_lite checkpoint, version 1"
ENGINE = re.compile("compiled(, not on JAX: .*)?|jax, [1-9][0-9]* devices?|eager: .*", re.DOTALL)
LARGEST_FLOAT32 = (2.0 - 2.0**-23) * 2.0**127
LARGEST_GAUSS = 9.0
"""``random.gauss`` keeps √(-2 log(1 - u)) · sin 2πv, and u is at most 1 - 2⁻⁵³."""


@dataclass
class Best:
    """The numbers of the epoch with the smallest validation loss."""

    epoch: int = -1
    loss: float | None = None
    numbers: dict[str, float] = field(default_factory=dict)

    def update(self, history: History, values: Mapping[str, Value]) -> None:
        """Keep the model's numbers if the last epoch was the best so far."""
        for last in history.validation_loss[-1:]:
            if self.loss is None or last < self.loss:
                self.epoch, self.loss, self.numbers = len(history) - 1, last, numbers_of(values)


@dataclass
class Records:
    """What grows with a training; a checkpoint holds it in the form that these classes declare."""

    history: History
    best: Best

    def check(self, metrics: Iterable[str], validated: bool, names: Iterable[str]) -> None:
        """Check that a training can have left this.

        Args:
            metrics: the names of its metrics.
            validated: whether it has validation examples.
            names: the names of the model's Values.

        Raises:
            ValueError: if none can; the message says why.
        """
        history, best, epochs = self.history, self.best, len(self.history)
        if history.metrics.keys() != {*metrics}:
            raise ValueError("history.metrics has not the names of the metrics")
        lengths = {len(history.seconds), *map(len, history.metrics.values())}
        if epochs == 0 or lengths != {epochs} or len(history.validation_loss) != epochs * validated:
            raise ValueError("the lists of history do not hold a number for each epoch")
        if not all(map(math.isfinite, [*history.loss, *history.validation_loss, *history.seconds])):
            raise ValueError("a loss or a time of history is not finite")
        if min(history.seconds) < 0.0:
            raise ValueError("a time of history.seconds is negative")
        if not ENGINE.fullmatch(history.engine):
            raise ValueError(f"history.engine is {history.engine[:40]!r}")
        expected = Best()
        if validated:
            loss = min(history.validation_loss)
            expected = Best(history.validation_loss.index(loss), loss, checked_state(best.numbers, names))
        if best != expected:
            raise ValueError("best is not the epoch with the smallest validation loss")


@dataclass
class Checkpoint:
    """What a training consists of at the end of an epoch, to be written and taken up again.

    Attributes:
        path: the file, or None to write nothing.
        values: every Value of the model, by name.
        optimizer: the optimiser; its states belong to the training.
        generators: what random numbers are drawn from.
        records: the ``Records`` of the training.
        settings: what must be the same when the training goes on.
        is_written: whether it is this process that writes it.
    """

    path: str | os.PathLike[str] | None
    values: Mapping[str, Value]
    optimizer: Optimizer
    generators: list[Any]
    records: Records
    settings: Mapping[str, Any]
    is_written: bool = True

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            FloatingPointError: if a number is not finite, or a file that holds it would be
                refused; the old file is as it was.
            OSError: if it cannot be written.
        """
        if self.path is not None and self.is_written:
            write_text(self.path, self._text())

    def resume(self) -> None:
        """Take up the file, if there is one.

        Raises:
            ValueError: if it is damaged or of another training, or if none could be written;
                then nothing has changed.
        """
        if self.path is None:
            return
        try:
            self._text()
        except (ValueError, TypeError, FloatingPointError) as error:
            raise ValueError(f"a checkpoint cannot hold this training: {error}") from None
        if not os.path.exists(self.path):
            return
        content = read_json(self.path, FORMAT)
        try:
            self._check_settings(content["settings"])
            state = checked_state(content["values"], self.values.keys())
            self._check_sizes([state.values(), *content["optimizer"]["states"]])
            records = self._checked_records(content["records"])
            pairs = zip(self.generators, content["generators"], strict=True)
            internals = [_checked_internals(generator, found) for generator, found in pairs]
            with uninterrupted():
                self.optimizer.load_state_dict(content["optimizer"])  # the last that can refuse
                set_numbers(self.values, state)
                set_states(self.generators, internals)
                for name, record in vars(self.records).items():
                    vars(record).update(vars(getattr(records, name)))
        except (ValueError, TypeError, LookupError, OverflowError, AttributeError) as error:
            path = os.fspath(self.path)
            raise ValueError(f"{path} cannot be taken up, move it away: {error}") from None

    def _text(self) -> str:
        for name, value in self.values.items():
            if not math.isfinite(value.data):
                raise FloatingPointError(f"no checkpoint is written, since {name} is {value.data}")
        for number in (number for state in self.optimizer.states for number in state):
            if not is_moderate(number):
                raise FloatingPointError(
                    f"no checkpoint is written, since the optimiser's state holds {number}: "
                    "try a smaller learning rate, or scale the inputs"
                )
        content: dict[str, Any] = {"format": FORMAT, "settings": self.settings}
        content["values"] = numbers_of(self.values)
        content["optimizer"] = self.optimizer.state_dict()
        content["generators"] = states_of(self.generators)
        content["records"] = replace_not_finite(asdict(self.records), lambda number: None)
        return json_text(content, indent=1, strict=True)

    def _check_settings(self, found: Mapping[str, Any]) -> None:
        for name, setting in self.settings.items():
            if json.dumps(found[name]) != json.dumps(setting):
                raise ValueError(f"it was trained with {name} {found[name]!r}, not {setting!r}")

    def _check_sizes(self, numbers: Iterable[Iterable[float]]) -> None:
        """Check that the training's kind of floats can hold all numbers."""
        largest = LARGEST_FLOAT32 if self.settings["dtype"] == "float32" else math.inf
        if any(abs(number) > largest for row in numbers for number in row):
            raise ValueError("it holds a number that is too large for float32")

    def _checked_records(self, found: Any) -> Records:
        records: Records = _read_as(type(self.records), found, "")
        records.check(self.settings["metrics"], self.settings["validation"] > 0, self.values.keys())
        return records


def _read_as(declared: Any, found: Any, name: str) -> Any:
    """Return what a type declares, made of what JSON held, null for nan, or raise a ValueError."""
    origin, inner = get_origin(declared), get_args(declared)
    if hasattr(declared, "__dataclass_fields__") and isinstance(found, dict):
        kinds = get_type_hints(declared)
        if kinds.keys() == found.keys():
            fields = {key: _read_as(kinds[key], found[key], f"{name}{key}.") for key in kinds}
            return declared(**fields)
    elif origin is dict and isinstance(found, dict):
        return {key: _read_as(inner[1], item, f"{name}{key}.") for key, item in found.items()}
    elif origin is list and isinstance(found, list):
        return [_read_as(inner[0], item, name) for item in found]
    elif origin is UnionType:
        return None if found is None else _read_as(inner[0], found, name)
    elif declared is float:
        if found is None or is_finite_number(found):
            return math.nan if found is None else float(found)
    elif found in inner if origin is Literal else type(found) is declared:
        return found
    raise ValueError(f"{name[:-1]} is not what it should be")


def _checked_internals(generator: Any, found: Any) -> tuple[int, tuple[int, ...], float | None]:
    """Check that a generator can have been in a state; ``setstate`` itself takes nearly anything."""
    version, words, _ = generator.getstate()
    found_version, found_words, gauss = found
    if (
        type(found_version) is not int
        or found_version != version
        or len(found_words) != len(words)
        or not all(type(word) is int and 0 <= word < 2**32 for word in found_words)
        or not any(found_words[:-1])
        or found_words[-1] >= len(words)
        or not (gauss is None or (type(gauss) is float and abs(gauss) < LARGEST_GAUSS))
    ):
        raise ValueError("the state of a generator of random numbers is not what it should be")
    return version, tuple(found_words), gauss
