"""Float functions that answer as IEEE 754 does where Python would raise.

Python's own functions signal a division by zero, a domain error or an overflow
with an exception. Here such a case has a value (an infinity or nan) and a
``RuntimeWarning`` that names the function and its operands. All other cases run
Python's function, and cost nothing more.
"""

from __future__ import annotations

import math
import operator
import os
import sys
import warnings
from collections.abc import Callable, Sequence

__all__ = ["SIGNALS", "Guarded", "mean_of", "warn", "warn_once"]

SIGNALS = (ArithmeticError, ValueError)
"""What Python raises where IEEE 754 has a value."""

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
INF = math.inf
NAN = math.nan
SQRT_HALF = math.sqrt(0.5)
BELL = 1.0 / math.sqrt(2.0 * math.pi)
"""The height of the normal distribution's density, BELL * exp(-a * a / 2)."""
CUBIC = 0.044715
"""Of the third power in gelu's tanh form."""


class Guarded:
    """A float function with a value for the operands at which Python raises.

    Args:
        name: what a warning calls it.
        raw: Python's function, right wherever it does not raise.
        otherwise: given the same operands, the IEEE 754 value where it does.
    """

    __slots__ = ("__name__", "otherwise", "raw")

    def __init__(self, name: str, raw: Callable[..., float], otherwise: Callable[..., float]) -> None:
        self.__name__, self.raw, self.otherwise = name, raw, otherwise

    def __call__(self, *operands: float) -> float:
        """Compute the function; warn where Python would have raised."""
        try:
            return self.raw(*operands)
        except SIGNALS:
            value = self.otherwise(*operands)
        warn(f"{self.__name__}({', '.join(map(repr, operands))}) is {value}")
        return value


def warn(message: str, category: type[Warning] = RuntimeWarning) -> None:
    """Warn at the line of the user's code, outside this package."""
    _, level = _outside()
    warnings.warn(message, category, stacklevel=level)


def warn_once(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's code, if the same was not said of that line before."""
    place, level = _outside()
    if (message, *place) not in _SAID:
        _SAID.add((message, *place))
        warnings.warn(message, category, stacklevel=level)


_SAID: set[tuple[str, str, int]] = set()


def _outside() -> tuple[tuple[str, int], int]:
    """Find the line of the user's code, and how far above the caller's caller it is."""
    frame, level = sys._getframe(2), 2
    while frame.f_back is not None and _is_internal(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return (frame.f_code.co_filename, frame.f_lineno), level


def _is_internal(filename: str) -> bool:
    return filename.startswith((_PACKAGE, "<autograd_lite"))


def _quotient(a: float, b: float) -> float:
    if a == 0.0 or math.isnan(a):
        return NAN
    return math.copysign(INF, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    if a < 0.0 and not b.is_integer():
        return NAN
    odd = abs(math.fmod(b, 2.0)) == 1.0
    return math.copysign(INF, a) if odd else INF


div = Guarded("div", operator.truediv, _quotient)
pow = Guarded("pow", math.pow, _power)
exp = Guarded("exp", math.exp, lambda a: INF)
expm1 = Guarded("expm1", math.expm1, lambda a: INF)
log = Guarded("log", math.log, lambda a: -INF if a == 0.0 else NAN)
log1p = Guarded("log1p", math.log1p, lambda a: -INF if a == -1.0 else NAN)
sqrt = Guarded("sqrt", math.sqrt, lambda a: NAN)
sin = Guarded("sin", math.sin, lambda a: NAN)
cos = Guarded("cos", math.cos, lambda a: NAN)
tan = Guarded("tan", math.tan, lambda a: NAN)
asin = Guarded("asin", math.asin, lambda a: NAN)
acos = Guarded("acos", math.acos, lambda a: NAN)
sinh = Guarded("sinh", math.sinh, lambda a: math.copysign(INF, a))
cosh = Guarded("cosh", math.cosh, lambda a: INF)
acosh = Guarded("acosh", math.acosh, lambda a: NAN)
atanh = Guarded("atanh", math.atanh, lambda a: math.copysign(INF, a) if abs(a) == 1.0 else NAN)
log2 = Guarded("log2", math.log2, lambda a: -INF if a == 0.0 else NAN)
log10 = Guarded("log10", math.log10, lambda a: -INF if a == 0.0 else NAN)
exp2 = Guarded("exp2", math.exp2, lambda a: INF)
mod = Guarded("mod", operator.mod, lambda a, b: NAN)
floordiv = Guarded("floordiv", operator.floordiv, _quotient)

SMALL = 2.0**-64
"""Numbers scaled by it keep their digits, and as many as there can be have a sum that is finite."""


def mean_of(numbers: Sequence[float], counts: Sequence[int] | None = None) -> float:
    """Compute a mean; that of finite numbers is finite, also where their sum is not.

    Args:
        numbers: at least one.
        counts: how many times each counts; None for once.

    Example:
        >>> mean_of([1.0, 2.0, 6.0]), mean_of([1.0, 2.0], [3, 1]), mean_of([1e308, 1e308])
        (3.0, 1.25, 1e+308)
    """
    total = len(numbers) if counts is None else sum(counts)
    try:
        mean = math.fsum(numbers if counts is None else map(operator.mul, numbers, counts)) / total
    except (OverflowError, ValueError):  # of a sum beyond floats, of inf and -inf
        mean = NAN
    if math.isfinite(mean):
        return mean
    add = math.fsum if all(map(math.isfinite, numbers)) else sum
    terms = [number * SMALL * count for number, count in zip(numbers, counts or [1] * total)]
    return add(terms) / total / SMALL


def sigmoid(a: float) -> float:
    if a >= 0.0:
        return 1.0 / (1.0 + math.exp(-a))
    tail = math.exp(a)
    return tail / (1.0 + tail)


def softplus(a: float) -> float:
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


def log_sigmoid(a: float) -> float:
    return -softplus(-a)


def silu(a: float) -> float:
    return a * sigmoid(a)


def gelu(a: float, approximate: float) -> float:
    if approximate:
        return a * sigmoid(4.0 * BELL * (a + CUBIC * (a * a * a)))
    return 0.5 * a * math.erfc(-SQRT_HALF * a)


def elu(a: float, alpha: float) -> float:
    return alpha * math.expm1(a) if a <= 0.0 else a
