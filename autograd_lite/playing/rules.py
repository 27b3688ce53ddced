"""The rules that a playground offers to move weights by: all of ``optim``, and the one that is given."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from autograd_lite import optim
from autograd_lite.compiler.updates import UpdateScript
from autograd_lite.optim import Optimizer

__all__ = ["described_rules"]

START_RATE, MOMENTUM = 0.1, 0.9
"""Where a rule has no default of its own."""
WORDS = {"momentum": "momentum {}", "nesterov": "nesterov", "amsgrad": "amsgrad"}
"""How the settings that a rule is offered with are called beside its name."""


def described_rules(first: Optimizer | None) -> list[tuple[dict[str, Any], str]]:
    """Describe each rule for the page, the given one first, with the script that moves the weights.

    Raises:
        TypeError: if the given one cannot be written as JavaScript.
    """
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for rule in [*([] if first is None else [first]), *_offered()]:
        script = UpdateScript(rule)
        name = _name_of(rule)
        decay = getattr(rule, "weight_decay", None)
        described = {
            "name": name,
            "rate": rule.learning_rate,
            "start": script.start,
            "decays": decay is not None,
            "decay": decay or 0.0,
            "code": _code_of(rule),
        }
        found.setdefault(name, (described, script.text))
    return [*found.values()]


def _offered() -> Iterator[Optimizer]:
    """Make a rule of each kind, with and without momentum where it has that."""
    things = [getattr(optim, name) for name in optim.__all__]
    kinds: list[Any] = [each for each in things if isinstance(each, type) and issubclass(each, Optimizer)]
    for kind in kinds:
        if kind is Optimizer:
            continue
        settings = inspect.signature(kind).parameters
        needed = {"lr": START_RATE} if settings["lr"].default is inspect.Parameter.empty else {}
        yield kind(**needed)
        if "momentum" in settings:
            yield kind(**needed, momentum=MOMENTUM)
        if "nesterov" in settings:
            yield kind(**needed, momentum=MOMENTUM, nesterov=True)


def _name_of(rule: Optimizer) -> str:
    words = [WORDS[key].format(value) for key, value in _chosen(rule).items() if key in WORDS]
    return ", ".join([type(rule).__name__, *words])


def _code_of(rule: Optimizer) -> str:
    """Write the call that makes a rule, with places for the rate and the decay."""
    rest = "".join(f", {key}={value!r}" for key, value in _chosen(rule).items() if key != "weight_decay")
    return f"optim.{type(rule).__name__}(lr={{rate}}{rest}{{decay}})"


def _chosen(rule: Optimizer) -> dict[str, Any]:
    """List the settings of a rule that are not the defaults."""
    settings = inspect.signature(type(rule)).parameters.values()
    return {
        each.name: getattr(rule, each.name)
        for each in settings
        if each.name not in ("parameters", "lr") and getattr(rule, each.name, each.default) != each.default
    }
