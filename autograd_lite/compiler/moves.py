"""The rule of an optimiser as source on floats: it moves all parameters without a call for each."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from autograd_lite.core.op_source import call_source, number_source
from autograd_lite.core.source import block, define
from autograd_lite.core.symbol import Symbol

__all__ = ["Move", "hides_gradient", "move_of", "settings_of"]

Move = Callable[..., tuple[list[float], list[tuple[float, ...]]]]
"""Given parameters, gradient, states, learning rate and number of the step: both after it."""
RULES = "autograd_lite.optim.rules"
"""Where rules stand that do the same whatever the numbers are."""
OF_OPTIMISER = {"lr", "parameters", "groups", "states", "steps", "steps_per_epoch"}
"""What an optimiser holds besides the settings of its rule."""


def move_of(optimizer: Any) -> Move | None:
    """Write the rule of an optimiser down, as it is set; None for a rule of one's own, which may branch.

    None as well where groups of parameters have settings of their own.

    Example:
        >>> from autograd_lite import optim
        >>> move_of(optim.SGD(lr=0.5))([3.0, 1.0], [4.0, 0.0], [(), ()], 0.5, 1)
        ([1.0, 1.0], [(), ()])
    """
    if optimizer.update.__module__ != RULES or optimizer.groups:
        return None
    names: dict[str, Any] = {}
    return _Source(optimizer, names).function()


def hides_gradient(optimizer: Any) -> bool:
    """Tell whether a rule may make something finite of a gradient that is not; one of one's own may.

    Example:
        >>> from autograd_lite import optim
        >>> hides_gradient(optim.Adam(lr=0.1)), hides_gradient(optim.Lion(lr=0.1))
        (False, True)
    """
    if optimizer.update.__module__ != RULES:
        return True
    change, _ = optimizer.update(0.0, math.inf, optimizer.begin(0.0), 1.0, 1)
    return math.isfinite(change)


def settings_of(optimizer: Any) -> Callable[[Any], Any]:
    """Return what reads the settings of a rule, which may be changed between two steps."""
    names = sorted(vars(optimizer).keys() - OF_OPTIMISER)
    return operator.attrgetter(*names) if names else lambda _: None


class _Source:
    """A rule, operation by operation: what is the same for all parameters stands before the loop."""

    def __init__(self, optimizer: Any, names: dict[str, Any]) -> None:
        self.names = names
        self.lines: dict[bool, list[str]] = {False: [], True: []}
        self._known: dict[int, tuple[str, bool]] = {}
        states = [f"state{number}" for number in range(len(optimizer.begin(0.0)))]
        each = ["data", "grad", *states]
        self._varying = {*each}
        data, grad, *state = map(Symbol, each)
        change, after = optimizer.update(data, grad, tuple(state), Symbol("rate"), Symbol("step"))
        self.terms = [data - change, *after]  # which keep all others: an id is that of one
        moved, *kept = [self.written(term)[0] for term in self.terms]
        unpacked, given, after = "data, grad", "parameters, gradient", "states"
        loop = [*self.lines[True], f"moved.append({moved})"]
        if states:
            unpacked, given, after = f"{unpacked}, ({', '.join(states)},)", f"{given}, states", "after"
            loop.append(f"after.append(({', '.join(kept)},))")
        body = [
            *self.lines[False],
            "moved, after = [], []",
            *block(f"for {unpacked} in zip({given}):", loop),
            f"return moved, {after}",
        ]
        self.text = "\n".join(block("def move(parameters, gradient, states, rate, step):", body))

    def written(self, term: Any) -> tuple[str, bool]:
        """Write a term, and tell whether it differs from parameter to parameter."""
        if not isinstance(term, Symbol):
            return number_source(term), False
        if term.op is None:
            return term.name, term.name in self._varying
        if id(term) not in self._known:
            texts, vary = zip(*map(self.written, term.operands))
            name = f"v{len(self._known)}"
            self.lines[any(vary)].append(f"{name} = {call_source(term.op, texts, self.names)}")
            self._known[id(term)] = name, any(vary)
        return self._known[id(term)]

    def function(self) -> Move:
        """Make the function."""
        move: Move = define(self.text, "rule on floats", self.names)["move"]
        return move
