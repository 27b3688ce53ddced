"""Functions made of other operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_lite.functions import exp, logsumexp, sum

__all__ = ["mean", "softmax"]


def mean(values: Iterable[Any]) -> Any:
    """Compute the arithmetic mean of a list of Values and numbers.

    Formula:
        y = sum(values) / n

    Args:
        values: at least one Value or number.

    Raises:
        ValueError: if there are none.

    Example:
        >>> mean([1.0, 2.0, 6.0])
        3.0
    """
    listed = list(values)
    if not listed:
        raise ValueError("the mean of no values at all is undefined: give at least one")
    return sum(listed) / len(listed)


def softmax(logits: Iterable[Any]) -> list[Any]:
    """Turn K logits into K probabilities, without overflow.

    Formula:
        p[k] = exp(logits[k]) / Σ_j exp(logits[j]) = exp(logits[k] - logsumexp(logits))

    Args:
        logits: at least one Value or number. Adding one constant to all changes nothing.

    Raises:
        ValueError: if there are none.

    Example:
        >>> [round(p, 4) for p in softmax([0.0, 1.0, 1001.0])]
        [0.0, 0.0, 1.0]
    """
    listed = list(logits)
    total = logsumexp(listed)
    return [exp(logit - total) for logit in listed]
