"""Functions made of other operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_lite.core.coercion import listed, one_list
from autograd_lite.core.modes import current_tracer
from autograd_lite.core.scalar import number_of
from autograd_lite.engine import Value
from autograd_lite.functions import amax, exp, sum

__all__ = ["mean", "softmax"]


@one_list
def mean(values: Iterable[Any]) -> Any:
    """Compute the arithmetic mean of a list of Values and numbers.

    Formula:
        `y = sum(values) / n`

    Args:
        values: at least one Value or number.

    Raises:
        ValueError: if there are none.

    Example:
        >>> mean([1.0, 2.0, 6.0])
        3.0
    """
    numbers = listed("mean", values)
    if not numbers:
        raise ValueError("the mean of no values at all is undefined: give at least one")
    return sum(numbers) / len(numbers)


@one_list
def softmax(logits: Iterable[Any]) -> list[Any]:
    """Turn K logits into K probabilities, without overflow.

    Formula:
        `p[k] = exp(logits[k] - m) / Σ_j exp(logits[j] - m),  m the largest of them`

    Args:
        logits: at least one Value or number. Adding one constant to all changes nothing.

    Raises:
        ValueError: if there are none.

    Example:
        >>> [round(p, 4) for p in softmax([0.0, 1.0, 1001.0])]
        [0.0, 0.0, 1.0]
    """
    shares = [exp(logit) for logit in shifted(listed("softmax", logits))]
    total = sum(shares)
    return [share / total for share in shares]


def shifted(logits: list[Any]) -> list[Any]:
    """Subtract the largest logit from each: what is computed from the rest loses nothing to its size.

    Args:
        logits: at least one Value or number. The largest counts as a constant.

    Raises:
        ValueError: if there are none.

    Example:
        >>> shifted([1.0, 1001.0])
        [-1000.0, 0.0]
    """
    if current_tracer() is None:
        largest = amax([number_of(logit) for logit in logits])
    else:
        largest = amax(logits)  # which is not known yet
        largest = largest.detach() if isinstance(largest, Value) else largest
    return [logit - largest for logit in logits]
