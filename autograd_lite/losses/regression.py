"""Losses of numbers, by their distances from the targets, and the penalty of large parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from autograd_lite.core.coercion import check_number
from autograd_lite.engine import Value
from autograd_lite.functions import clip, dot, log, square
from autograd_lite.functions import sum as sum_of
from autograd_lite.losses.given import pairs_of

__all__ = ["gaussian_nll", "huber", "l1", "l2", "mean_of", "mse", "squared_error"]


def squared_error(output: Any, target: Any) -> Any:
    """Compute half the squared distance, summed over the outputs.

    Formula:
        `loss = ½ Σ_i (target[i] - output[i])²,  ∂loss/∂output[i] = -(target[i] - output[i])`

    Args:
        output: a Value, or a list of them.
        target: a number, or as many numbers as there are outputs.

    Raises:
        ValueError: if the lengths differ.

    Example:
        >>> squared_error(Value(1.5), 2.0).data
        0.125

    Source: lectures A6, C2.
    """
    return 0.5 * _squares([t - f for f, t in pairs_of(output, target)])


def mse(output: Any, target: Any) -> Any:
    """Compute the mean squared error over the outputs.

    Formula:
        `loss = 1/n Σ_i (output[i] - target[i])²`

    Args:
        output: a Value, or a list of n of them.
        target: a number, or n numbers.

    Raises:
        ValueError: if the lengths differ.

    Example:
        >>> mse([Value(1.0), Value(2.0)], [1.0, 4.0]).data
        2.0

    Source: lectures C2.
    """
    differences = [f - t for f, t in pairs_of(output, target)]
    squares = _squares(differences)
    return squares if len(differences) == 1 else squares / len(differences)


def l1(output: Any, target: Any) -> Any:
    """Compute the mean absolute error over the outputs.

    Formula:
        `loss = 1/n Σ_i |output[i] - target[i]|`

    Args:
        output: a Value, or a list of n of them.
        target: a number, or n numbers.

    Raises:
        ValueError: if the lengths differ.

    Example:
        >>> l1([Value(1.0), Value(2.0)], [1.0, 4.0]).data
        1.0

    Source: Laplace, Mémoire sur la probabilité des causes (1774): its minimum is a median.
    """
    return mean_of([abs(f - t) for f, t in pairs_of(output, target)])


def huber(output: Any, target: Any, *, delta: float = 1.0) -> Any:
    """Compute an error that is squared where it is small and absolute where it is large, over the outputs.

    Formula:
        `loss = 1/n Σ_i h(output[i] - target[i])`,
        `h(d) = ½ d² where |d| ≤ delta, else delta (|d| - ½ delta)`

    Args:
        output: a Value, or a list of n of them.
        target: a number, or n numbers.
        delta: a positive number, as large as an error that is no outlier.

    Raises:
        ValueError: if the lengths differ, or delta is not positive.

    Example:
        >>> huber(Value(0.5), 0.0).data, huber(Value(3.0), 0.0).data
        (0.125, 2.5)

    Source: Huber, Robust Estimation of a Location Parameter (1964).
    """
    check_number("delta", delta)
    if not 0.0 < delta < math.inf:
        raise ValueError(f"delta is a positive number, got {delta!r}")
    differences = [f - t for f, t in pairs_of(output, target)]
    clipped = [clip(difference, -delta, delta) for difference in differences]
    return mean_of([near * (far - 0.5 * near) for near, far in zip(clipped, differences)])


def gaussian_nll(output: Any, target: Any, variance: Any = 1.0) -> Any:
    """Compute the negative log-likelihood of the target under N(target | output, variance).

    Formula:
        `loss = ½ Σ_i (log(2π variance) + (target[i] - output[i])² / variance)`

    Args:
        output: a Value, or a list of them.
        target: a number, or as many numbers.
        variance: a positive number, or a Value to be learned.

    Raises:
        ValueError: if the lengths differ, or a variance is not positive.

    Example:
        >>> round(gaussian_nll(Value(0.0), 0.0).data, 6)
        0.918939

    Source: lectures B1: with a fixed variance its minimum is least squares.
    """
    if not 0.0 < variance < math.inf:
        raise ValueError(f"a variance is a positive number, got {variance!r}")
    differences = [t - f for f, t in pairs_of(output, target)]
    constant = log(2.0 * math.pi * variance) * (0.5 * len(differences))
    return 0.5 * _squares(differences) / variance + constant


def l2(parameters: Iterable[Value]) -> Any:
    """Compute half the squared length of the parameters, the log-prior of MAP.

    Formula:
        `penalty = ½ Σ_i θ[i]²; add λ · penalty to the loss`

    Args:
        parameters: Values.

    Example:
        >>> l2([Value(3.0), Value(4.0)]).data
        12.5

    Source: lectures C3.
    """
    listed = list(parameters)
    return 0.5 * dot(listed, listed) if listed else sum_of([])


def _squares(differences: list[Any]) -> Any:
    """Compute the sum of some squares; a single one as a lecture writes it."""
    return square(differences[0]) if len(differences) == 1 else dot(differences, differences)


def mean_of(numbers: list[Any]) -> Any:
    """Compute the mean of some numbers; of a single one itself."""
    return numbers[0] if len(numbers) == 1 else sum_of(numbers) / len(numbers)
