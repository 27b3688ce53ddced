"""What is wrong with a setting of an optimiser or a schedule, found before anything is moved."""

from __future__ import annotations

import math
from typing import Any

from autograd_lite.core.coercion import check_number

__all__ = ["check_positive", "check_range"]


def check_range(name: str, number: Any, below: float = math.inf) -> None:
    """Raise a TypeError or ValueError if a setting is not a number in [0, below)."""
    check_number(name, number)
    if not 0.0 <= number < below:
        raise ValueError(f"{name} is at least 0 and below {below}, got {number!r}")


def check_positive(name: str, number: Any) -> None:
    """Raise a TypeError or ValueError if a setting is not a number above 0."""
    check_number(name, number)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} is a positive number, got {number!r}")
