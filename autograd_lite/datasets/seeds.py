"""What is drawn from a seed, and whole numbers such as a seed is one."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable

from autograd_lite.core.coercion import is_plain

__all__ = ["noise_of", "whole"]


def noise_of(noise: float, seed: int) -> Callable[[], float]:
    """Return a function that draws normal noise (Box and Muller's method)."""
    if not is_plain(noise) or not 0.0 <= noise < math.inf:
        raise ValueError(f"noise is a standard deviation, 0 or more, got {noise!r}")
    draw = random.Random(whole("seed", seed)).random
    return lambda: noise * math.sqrt(-2.0 * math.log(1.0 - draw())) * math.cos(math.tau * draw())


def whole(name: str, number: int, least: int | None = None) -> int:
    """Return a whole number, or raise a ValueError if it is none, or less than the least."""
    at_least = "" if least is None else f" of at least {least}"
    whole = not isinstance(number, bool) and hasattr(number, "__index__")
    if not whole or (least is not None and number < least):
        raise ValueError(f"{name} is a whole number{at_least}, got {number!r}")
    return operator.index(number)
