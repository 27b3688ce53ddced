"""Optimizer: what all optimisers share; their rules are in ``optim``."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd_lite.core.coercion import leaves_of
from autograd_lite.engine import Value
from autograd_lite.interrupts import uninterrupted
from autograd_lite.optim.clipping import clipped
from autograd_lite.optim.groups import Group, groups_of
from autograd_lite.optim.schedules import Rate, check_rate, rate_at
from autograd_lite.optim.settings import check_positive

__all__ = ["Optimizer", "Parameters", "is_moderate"]

Parameters = Iterable[Value] | Iterable[Mapping[str, Any]]

MOST_STEPS = 2**53
"""Fewer than this are counted exactly by floats, which schedules and rules compute with."""


class Optimizer:
    """Base class: holds the parameters, a state for each, and the number of steps taken.

    A subclass defines ``begin`` (a parameter's first state) and ``update`` (its rule).

    Args:
        parameters: the Values to move; None to ``bind`` them later, as ``fit`` does. Or groups
            of them with settings of their own: a list of dicts with the key "parameters", and
            "lr" or "weight_decay" or both; what a group has not is the optimiser's.
        lr: the learning rate λ, positive, or a schedule: a function of the step.

    Attributes:
        steps_per_epoch: how many steps a schedule in epochs counts as one; ``fit`` sets it.

    Raises:
        ValueError: if a setting is out of its range, or a parameter is not a leaf.
        TypeError: if a setting is no number.

    Example:
        >>> from autograd_lite.optim import SGD
        >>> slow, fast = Value(1.0), Value(1.0)
        >>> optimizer = SGD([{"parameters": [slow], "lr": 0.25}, {"parameters": [fast]}], lr=0.5)
        >>> (slow + fast).backward(); optimizer.step(); slow.data, fast.data
        (0.75, 0.5)
    """

    def __init__(self, parameters: Parameters | None = None, *, lr: Rate) -> None:
        check_rate("lr", lr)
        self.lr = lr
        self.steps = 0
        self.steps_per_epoch: int | None = None
        self.parameters: list[Value] | None = None
        self.groups: list[Group] = []
        self.states: list[tuple[Any, ...]] = []
        if parameters is not None:
            self.bind(parameters)

    def bind(self, parameters: Parameters) -> None:
        """Take the parameters to move, each once.

        Args:
            parameters: Values, or groups of them.

        Raises:
            TypeError: if one is not a Value.
            ValueError: if there is none, one stands there twice, or one is the result of an
                operation: its ``.detach()`` is the same number as a leaf; or if a group has
                a setting that cannot be its own.
        """
        parameters, groups = groups_of(parameters, self)
        listed: list[Value] = leaves_of(parameters)
        if not listed or len(set(listed)) != len(listed):
            raise ValueError("an optimiser takes at least one parameter, and each only once")
        self.parameters, self.groups, self.steps = listed, groups, 0
        self.states = [self.begin(0.0) for _ in listed]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; a group may have another."""
        return rate_at(self.lr, self.steps, self.steps_per_epoch)

    def rates(self) -> list[float]:
        """List the learning rate of each group for the next step."""
        rates = [group.of(self, "lr") for group in self.groups]
        return [rate_at(rate, self.steps, self.steps_per_epoch) for rate in rates]

    def of_each(self, of_groups: Sequence[Any]) -> list[Any]:
        """List for each parameter what its group has."""
        return [each for each, group in zip(of_groups, self.groups) for _ in range(group.size)]

    def decays(self) -> list[float] | None:
        """List the weight decay of each group; None if all have that of the optimiser."""
        if all(group.weight_decay is None for group in self.groups):
            return None
        return [group.of(self, "weight_decay") for group in self.groups]

    @property
    def has_decay(self) -> bool:
        """Whether a rule has to take the weight decay into account: it may be an array, or not known yet."""
        decay: Any = vars(self).get("weight_decay", 0.0)
        return type(decay) is not float or decay != 0.0

    def with_decay(self, decay: Any) -> Optimizer:
        """Return the same rule with another weight decay: a number, or an array of them."""
        rule = copy.copy(self)
        vars(rule)["weight_decay"] = decay
        return rule

    def step(self, *, finite: bool = False) -> None:
        """Move every parameter once, by its present gradient; all of them or, after an error, none.

        Args:
            finite: whether to refuse a step by a gradient that is inf or nan, and one after which
                a parameter would be.

        Raises:
            FloatingPointError: if ``finite`` and that is so.
        """
        moved, states = self.after_step(finite=finite)
        with uninterrupted():
            for parameter, data in zip(self._bound(), moved):
                parameter.data = data
            self.states = states
            self.steps += 1

    def after_step(self, *, finite: bool = False) -> tuple[list[float], list[tuple[Any, ...]]]:
        """Compute what the parameters and their states will be after a step, and move nothing.

        Args:
            finite: as for ``step``.

        Raises:
            FloatingPointError: as ``step``.
        """
        parameters = self._bound()
        grads = [parameter.grad for parameter in parameters]
        for parameter, grad in zip(parameters, grads if finite else []):
            if not math.isfinite(grad):  # a rule may hide it, as that of Lion does
                raise FloatingPointError(f"the gradient of the parameter {parameter!r} is {grad}")
        updates = self.updates([parameter.data for parameter in parameters], grads, self.states)
        moved = [parameter.data - change for parameter, (change, _) in zip(parameters, updates)]
        for parameter, data in zip(parameters, moved if finite else []):
            if not math.isfinite(data):
                raise FloatingPointError(f"the step would move the parameter {parameter!r} to {data}")
        return moved, [state for _, state in updates]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self._bound():
            parameter.grad = 0.0

    def fresh(self) -> Optimizer:
        """Return the same rule, with no parameters, steps or states yet."""
        rule = copy.copy(self)
        rule.parameters, rule.groups, rule.states, rule.steps = None, [], [], 0
        return rule

    def updates(
        self, data: Sequence[Any], grads: Sequence[Any], states: Sequence[Any], taken: Any = list
    ) -> list[tuple[Any, Any]]:
        """Apply the rule to all parameters, each with the settings of its group.

        Args:
            data: the parameters: numbers, or arrays that hold several of them each.
            grads: their gradients.
            states: their states.
            taken: puts a number for each parameter where ``data`` has that parameter.

        Returns:
            What ``update`` gives for each element of ``data``.
        """
        step = self.steps + 1
        if not self.groups:
            rate, update = self.learning_rate, self.update
            return [update(*each, rate, step) for each in zip(data, grads, states)]
        rates, decays = taken(self.of_each(self.rates())), self.decays()
        rules = [self] * len(data)
        if decays is not None:
            rules = [*map(self.with_decay, taken(self.of_each(decays)))]
        return [
            rule.update(each, grad, state, rate, step)
            for rule, each, grad, state, rate in zip(rules, data, grads, states, rates)
        ]

    def clipping(self, clip: float | None) -> Callable[[Sequence[Any]], Sequence[Any]] | None:
        """Return what scales a gradient, numbers or arrays, as ``clip_grad_norm`` does; None for no bound.

        Raises:
            TypeError, ValueError: if the bound is no positive number.
        """
        if clip is None:
            return None
        check_positive("clip", clip)
        return functools.partial(clipped, max_norm=float(clip))

    def begin(self, zero: Any) -> tuple[Any, ...]:
        """Return the first state of a parameter, made of ``zero``: a float or an array of zeros."""
        return ()

    def update(self, data: Any, grad: Any, state: tuple[Any, ...], lr: float, step: int) -> tuple[Any, Any]:
        """Compute what is taken from the parameter, and its new state, for floats or arrays.

        Args:
            data: the parameter.
            grad: its gradient.
            state: what ``begin`` or the last step gave.
            lr: the learning rate of this step.
            step: the number of this step, from 1.

        Returns:
            What is subtracted from the parameter, and the new state. What was given stays as it is.
        """
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return the kind of optimiser, the steps taken and every state, as JSON can hold it."""
        states = [list(state) for state in self.states]
        return {"kind": type(self).__name__, "steps": self.steps, "states": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what ``state_dict`` gave, for the same parameters.

        Raises:
            ValueError: if it does not fit; then nothing has changed.
        """
        kind = type(self).__name__
        if not isinstance(state, Mapping) or {"kind", "steps", "states"} - state.keys():
            raise ValueError("an optimiser's state is a table of kind, steps and states")
        if state["kind"] != kind:
            raise ValueError(f"the state is that of {state['kind']}, this optimiser is {kind}")
        steps, states = state["steps"], state["states"]
        if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps < MOST_STEPS:
            raise ValueError(f"the number of steps is a whole number from 0 to 2**53, got {steps!r}")
        if not isinstance(states, list) or not all(isinstance(one, list) for one in states):
            raise ValueError("the states of an optimiser are a list of lists")
        if [len(one) for one in states] != [len(one) for one in self.states]:
            raise ValueError("the optimiser's state does not fit these parameters and settings")
        for number in (number for one in states for number in one):
            if type(number) is not float or not is_moderate(number):
                raise ValueError(
                    f"the optimiser's state holds {number!r}, which is no finite number with a finite square"
                )
        for one in states:
            self._try_out(tuple(one), steps)
        self.steps, self.states = steps, [tuple(one) for one in states]

    def _try_out(self, state: tuple[Any, ...], steps: int) -> None:
        """Raise a ValueError if the rule cannot go on from a state, even where the gradient is 0."""
        try:
            change, after = self.update(0.0, 0.0, state, 1.0, steps + 1)
        except ZeroDivisionError:  # a rule may need another gradient
            return
        except (ValueError, OverflowError) as error:
            raise ValueError(f"the optimiser cannot go on from the state {state}: {error}") from None
        if not all(map(is_moderate, (change, *after))):
            raise ValueError(f"the optimiser's next step from the state {state} would be {change!r}")

    def _bound(self) -> list[Value]:
        if self.parameters is None:
            raise ValueError("this optimiser has no parameters yet: pass model.parameters() to it")
        return self.parameters


def is_moderate(number: float) -> bool:
    """Tell whether a number is finite, and its square as well: losses and rules compute squares."""
    return math.isfinite(number * number)
