"""Learning rates that change with the step."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

from autograd_lite.core.coercion import check_number
from autograd_lite.core.ieee import warn
from autograd_lite.optim.settings import check_positive

__all__ = [
    "InEpochs",
    "Rate",
    "Schedule",
    "check_rate",
    "cosine",
    "exponential",
    "linear",
    "rate_at",
    "warmup",
]

Schedule = Callable[[int], float]
"""The learning rate at a step, counted from 0."""


class InEpochs:
    """A schedule that counts epochs: a schedule of steps once it is known how many an epoch has.

    Args:
        schedule: a function of some settings, a number of steps, and the step.
        settings: its settings.
        epochs: what the number of steps is in epochs.

    Example:
        >>> rate = linear(1.0, 0.0, epochs=2)
        >>> rate(0, steps_per_epoch=10), rate(10, steps_per_epoch=10)
        (1.0, 0.5)
    """

    def __init__(self, schedule: Callable[..., float], *settings: Any, epochs: float) -> None:
        self.schedule, self.settings, self.epochs = schedule, settings, epochs

    def __call__(self, step: int, steps_per_epoch: int | None = None) -> float:
        """Compute the learning rate at a step, counted from 0."""
        if steps_per_epoch is None:
            raise ValueError(
                "a schedule in epochs needs to know how many steps an epoch has: fit tells it; in a "
                "loop of your own set optimizer.steps_per_epoch, or give the schedule steps="
            )
        settings = [
            partial(setting, steps_per_epoch=steps_per_epoch) if isinstance(setting, InEpochs) else setting
            for setting in self.settings
        ]
        return self.schedule(*settings, self.epochs * steps_per_epoch, step)


Rate = float | Schedule | InEpochs
"""A learning rate, or a schedule that gives one for each step."""


def linear(start: float, end: float, steps: float | None = None, *, epochs: float | None = None) -> Any:
    """Go from one learning rate to another in a straight line, and stay there.

    Args:
        start, end: the learning rates.
        steps: after how many steps the end is reached, at least 1.
        epochs: the same in epochs, in place of ``steps``.

    Raises:
        ValueError: if not exactly one of ``steps`` and ``epochs`` is given, or it is too small.
        TypeError: if one of them is no number.

    Example:
        >>> rate = linear(1.0, 0.1, steps=100)
        >>> rate(0), round(rate(50), 6), rate(100), rate(1000)
        (1.0, 0.55, 0.1, 0.1)
    """
    return _made(_linear, (start, end), steps, epochs)


def cosine(start: float, end: float, steps: float | None = None, *, epochs: float | None = None) -> Any:
    """Go from one learning rate to another along half a cosine wave, and stay there.

    Args:
        start, end: the learning rates.
        steps: after how many steps the end is reached, at least 1.
        epochs: the same in epochs, in place of ``steps``.

    Raises:
        ValueError: if not exactly one of ``steps`` and ``epochs`` is given, or it is too small.
        TypeError: if one of them is no number.

    Example:
        >>> rate = cosine(1.0, 0.0, steps=100)
        >>> rate(0), round(rate(50), 6), rate(100)
        (1.0, 0.5, 0.0)

    Source: Loshchilov and Hutter, SGDR (2017), without restarts.
    """
    return _made(_cosine, (start, end), steps, epochs)


def exponential(start: float, factor: float) -> Schedule:
    """Multiply the learning rate by a factor at every step.

    Args:
        start: the first learning rate.
        factor: a positive number. From one above 1 the rate overflows some day: it is inf
            then, with a RuntimeWarning, and an optimiser refuses it.

    Raises:
        ValueError: if factor is not positive.
        TypeError: if one of them is no number.

    Example:
        >>> rate = exponential(1.0, 0.5)
        >>> rate(0), rate(3)
        (1.0, 0.125)
    """
    check_number("start", start)
    check_positive("factor", factor)
    return partial(_exponential, start, factor)


def warmup(schedule: Rate, steps: float | None = None, *, epochs: float | None = None) -> Any:
    """Begin a schedule gently: over the first steps the learning rate rises to it from near 0.

    Args:
        schedule: what to rise to: a schedule, which is counted from the first step, or a number.
        steps: over how many steps, at least 1.
        epochs: the same in epochs, in place of ``steps``; in epochs if the schedule is.

    Raises:
        ValueError: if not exactly one of ``steps`` and ``epochs`` is given, it is too small, or
            the schedule is in epochs and the warm-up in steps.
        TypeError: if one of them is no number.

    Example:
        >>> rate = warmup(1.0, steps=4)
        >>> [rate(step) for step in range(6)]
        [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]

    Source: Goyal et al., Accurate, Large Minibatch SGD (2017).
    """
    check_rate("schedule", schedule)
    if isinstance(schedule, InEpochs) and epochs is None:
        raise ValueError("the schedule counts epochs: let the warm-up do so too, warmup(..., epochs=1)")
    return _made(_warmup, (schedule,), steps, epochs)


def check_rate(name: str, rate: Any) -> None:
    """Raise a TypeError or ValueError if something is neither a positive number nor a schedule."""
    if not callable(rate):
        check_positive(name, rate)
    elif isinstance(rate, type) or not _takes_a_step(rate):
        raise TypeError(
            f"{name} is a number or a function of the step, got {rate!r}: make a schedule of it first, as in "
            "optim.linear(0.1, 0.01, steps=100)"
        )


def _takes_a_step(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0)
    except TypeError:
        return False
    except ValueError:  # it does not tell
        pass
    return True


def rate_at(rate: Any, step: int, steps_per_epoch: int | None = None) -> float:
    """Return the learning rate at a step, or raise a TypeError or ValueError if a schedule gives none."""
    number: Any = rate
    if isinstance(rate, InEpochs):
        number = rate(step, steps_per_epoch)
    elif callable(rate):
        number = rate(step)
    if type(number) is not float:
        check_number(f"the learning rate at step {step}", number)
    if not 0.0 <= number < math.inf:
        who = "the schedule gives" if callable(rate) else "the optimiser has"
        raise ValueError(f"{who} the learning rate {number!r} at step {step}")
    return float(number)


# What a schedule computes: functions that have a name, and can be pickled with their settings.


def _linear(start: float, end: float, steps: float, step: int) -> float:
    return end if step >= steps else start + (end - start) * step / steps


def _cosine(start: float, end: float, steps: float, step: int) -> float:
    return end if step >= steps else end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _exponential(start: float, factor: float, step: int) -> float:
    try:
        rate = start * factor**step
    except OverflowError:
        rate = math.copysign(math.inf, start)
    if math.isinf(rate):
        warn(f"the learning rate {start} * {factor} ** {step} is {rate}: let it grow for fewer steps")
    return rate


def _warmup(schedule: Rate, steps: float, step: int) -> float:
    rate = schedule(step) if callable(schedule) else schedule
    return rate * min(1.0, (step + 1) / steps)


def _made(
    schedule: Callable[..., float], settings: tuple[Any, ...], steps: Any, epochs: Any
) -> Schedule | InEpochs:
    """Make a schedule of steps, or one in epochs."""
    if (steps is None) == (epochs is None):
        raise ValueError("how long a schedule takes is counted in steps or in epochs: give one of them")
    for setting in settings:
        if not callable(setting):
            check_number("a learning rate", setting)
    if epochs is not None:
        check_positive("epochs", epochs)
        return InEpochs(schedule, *settings, epochs=epochs)
    check_number("steps", steps)
    if not 1 <= steps < math.inf:
        raise ValueError(f"steps is a number of at least 1, got {steps!r}")
    return partial(schedule, *settings, steps)
