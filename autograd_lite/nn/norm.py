"""BatchNorm and LayerNorm: numbers shifted and scaled to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.composed import mean
from autograd_lite.core.coercion import check_number, no_list
from autograd_lite.engine import Value
from autograd_lite.functions import dot, sqrt
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import check_size, inputs_of

__all__ = ["BatchNorm", "LayerNorm", "RMSNorm"]


class BatchNorm(Module):
    """Each feature is normalised over the examples of a batch, then scaled and shifted.

    Formula:
        `y[n][i] = scale[i] (x[n][i] - μ[i]) / √(σ²[i] + eps) + shift[i]`,
        `μ[i] = 1/N Σ_n x[n][i],  σ²[i] = 1/N Σ_n (x[n][i] - μ[i])²`

        In training, running ← (1 - momentum) running + momentum · (μ, N/(N-1) σ²);
        after ``eval()``, the running mean and variance stand in for μ and σ².

    Args:
        width: how many features an example has.
        momentum: how much of a batch goes into the running mean and variance, from 0 to 1.
        eps: a small positive number that keeps the root away from 0.

    Returns:
        When called with a list of N examples, width inputs each: a list of N lists of
        width Values.

    Raises:
        ValueError: if width is less than 1, momentum or eps out of range; when called, if an
            example has not width inputs, there is none, or in training only one.

    Example:
        >>> norm = BatchNorm(1)
        >>> [round(y.data, 3) for (y,) in norm([[1.0], [2.0], [3.0]])]
        [-1.225, 0.0, 1.225]
        >>> norm.running_mean[0].data, norm.running_variance[0].data
        (0.2, 1.0)

    Source: lectures C6; Ioffe and Szegedy, Batch Normalization (2015).
    """

    buffers = ("running_mean", "running_variance")
    takes_batches = True

    def __init__(self, width: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        check_size("width", width)
        check_number("momentum", momentum)
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(f"momentum is a number from 0 to 1, got {momentum!r}")
        _check_eps(eps)
        self.scale = [Value(1.0) for _ in range(width)]
        self.shift = [Value(0.0) for _ in range(width)]
        self.running_mean = [Value(0.0) for _ in range(width)]
        self.running_variance = [Value(1.0) for _ in range(width)]
        self.momentum, self.eps = momentum, eps

    def __call__(self, examples: Sequence[Any]) -> list[list[Any]]:
        width = len(self.scale)
        said = f"batch norm takes a list of examples, each a list of {width} numbers"
        if not hasattr(type(examples), "__iter__"):
            raise no_list(said, examples)
        if width > 1 and not all(hasattr(example, "__len__") for example in examples):
            raise ValueError(f"{said}; got one")
        rows = [inputs_of(example, width) for example in examples]
        least = 2 if self.training else 1
        if len(rows) < least:
            raise ValueError(f"batch norm takes a list of at least {least} example(s), got {len(rows)}")
        columns = [self.normalise(i, list(column)) for i, column in enumerate(zip(*rows))]
        return [list(row) for row in zip(*columns)]

    def normalise(self, i: int, x: list[Any]) -> list[Any]:
        """Normalise feature i, given that feature of every example."""
        if self.training:
            average, variance = mean_and_variance(x)
            self.remember(i, _number(average), _number(variance) * len(x) / (len(x) - 1))
        else:
            average, variance = self.running_mean[i], self.running_variance[i]
        deviation = sqrt(variance + self.eps)
        return [self.scale[i] * ((number - average) / deviation) + self.shift[i] for number in x]

    def remember(self, i: int, average: float, variance: float) -> None:
        """Let a batch's mean and variance of feature i into the running ones."""
        for running, new in ((self.running_mean[i], average), (self.running_variance[i], variance)):
            running.data = (1.0 - self.momentum) * running.data + self.momentum * new

    def __repr__(self) -> str:
        return f"BatchNorm({len(self.scale)})"


class LayerNorm(Module):
    """The features of one example are normalised together, then each scaled and shifted.

    Formula:
        `y[i] = scale[i] (x[i] - μ) / √(σ² + eps) + shift[i]`,
        `μ = 1/n Σ_i x[i],  σ² = 1/n Σ_i (x[i] - μ)²`

    Args:
        width: n, how many features there are.
        eps: a small positive number that keeps the root away from 0.

    Returns:
        When called with n inputs: a list of n Values.

    Raises:
        ValueError: if width is less than 1 or eps not positive; when called, if the number
            of inputs is not width.

    Example:
        >>> [round(y.data, 3) for y in LayerNorm(3)([1.0, 2.0, 3.0])]
        [-1.225, 0.0, 1.225]

    Source: lectures B14 (part of a transformer); Ba, Kiros and Hinton, Layer Normalization (2016).
    """

    def __init__(self, width: int, *, eps: float = 1e-5) -> None:
        check_size("width", width)
        _check_eps(eps)
        self.scale = [Value(1.0) for _ in range(width)]
        self.shift = [Value(0.0) for _ in range(width)]
        self.eps = eps

    def __call__(self, x: Any) -> list[Any]:
        x = inputs_of(x, len(self.scale))
        average, variance = mean_and_variance(x)
        deviation = sqrt(variance + self.eps)
        return [
            scale * ((number - average) / deviation) + shift
            for scale, number, shift in zip(self.scale, x, self.shift)
        ]

    def __repr__(self) -> str:
        return f"LayerNorm({len(self.scale)})"


class RMSNorm(Module):
    """The features of one example are divided by their size together, then each scaled.

    Formula:
        `y[i] = scale[i] x[i] / √(1/n Σ_j x[j]² + eps)`

    Args:
        width: n, how many features there are.
        eps: a small positive number that keeps the root away from 0.

    Returns:
        When called with n inputs: a list of n Values.

    Raises:
        ValueError: if width is less than 1 or eps not positive; when called, if the number
            of inputs is not width.

    Example:
        >>> [round(y.data, 3) for y in RMSNorm(2)([3.0, 4.0])]
        [0.849, 1.131]

    Source: lectures B14 (in the place of LayerNorm); Zhang and Sennrich, Root Mean Square Layer
        Normalization (2019).
    """

    def __init__(self, width: int, *, eps: float = 1e-5) -> None:
        check_size("width", width)
        _check_eps(eps)
        self.scale = [Value(1.0) for _ in range(width)]
        self.eps = eps

    def __call__(self, x: Any) -> list[Any]:
        x = inputs_of(x, len(self.scale))
        size = sqrt(dot(x, x) / len(x) + self.eps)
        return [scale * (number / size) for scale, number in zip(self.scale, x)]

    def __repr__(self) -> str:
        return f"RMSNorm({len(self.scale)})"


def mean_and_variance(x: Sequence[Any]) -> tuple[Any, Any]:
    """Compute the mean of some numbers, and the mean of their squared distances from it."""
    average = mean(x)
    distances = [number - average for number in x]
    return average, dot(distances, distances) / len(x)


def _number(number: Any) -> Any:
    return number.data if isinstance(number, Value) else number


def _check_eps(eps: float) -> None:
    check_number("eps", eps)
    if not eps > 0.0:
        raise ValueError(f"eps is a small positive number, such as 1e-5, got {eps!r}")
