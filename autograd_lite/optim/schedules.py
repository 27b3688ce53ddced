"""Learning rates that change with the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

__all__ = ["Schedule", "cosine", "exponential", "linear", "warmup"]

Schedule = Callable[[int], float]
"""The learning rate at a step, counted from 0."""


def linear(start: float, end: float, steps: int) -> Schedule:
    """Go from one learning rate to another in a straight line, and stay there.

    Example:
        >>> rate = linear(1.0, 0.1, steps=100)
        >>> rate(0), round(rate(50), 6), rate(100), rate(1000)
        (1.0, 0.55, 0.1, 0.1)
    """
    _check_steps(steps)
    return partial(_linear, start, end, steps)


def cosine(start: float, end: float, steps: int) -> Schedule:
    """Go from one learning rate to another along half a cosine wave, and stay there.

    Example:
        >>> rate = cosine(1.0, 0.0, steps=100)
        >>> rate(0), round(rate(50), 6), rate(100)
        (1.0, 0.5, 0.0)
    """
    _check_steps(steps)
    return partial(_cosine, start, end, steps)


def exponential(start: float, factor: float) -> Schedule:
    """Multiply the learning rate by a factor at every step.

    Example:
        >>> rate = exponential(1.0, 0.5)
        >>> rate(0), rate(3)
        (1.0, 0.125)
    """
    if not 0.0 < factor < math.inf:
        raise ValueError(f"factor is a positive number, got {factor!r}")
    return partial(_exponential, start, factor)


def warmup(schedule: Schedule | float, steps: int) -> Schedule:
    """Begin a schedule gently: over the first steps the learning rate rises to it from near 0.

    Example:
        >>> rate = warmup(1.0, steps=4)
        >>> [rate(step) for step in range(6)]
        [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    _check_steps(steps)
    return partial(_warmup, schedule, steps)


# What a schedule computes: functions that have a name, and can be pickled with their settings.


def _linear(start: float, end: float, steps: int, step: int) -> float:
    return end if step >= steps else start + (end - start) * step / steps


def _cosine(start: float, end: float, steps: int, step: int) -> float:
    return end if step >= steps else end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _exponential(start: float, factor: float, step: int) -> float:
    return start * factor**step


def _warmup(schedule: Schedule | float, steps: int, step: int) -> float:
    rate = schedule(step) if callable(schedule) else schedule
    return rate * min(1.0, (step + 1) / steps)


def _check_steps(steps: int) -> None:
    if not 1 <= steps < math.inf:
        raise ValueError(f"steps is a number of at least 1, got {steps!r}")
