"""Losses of one example: ``loss(output, target)`` gives a Value to make small."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite.composed import shifted
from autograd_lite.core.coercion import as_float, is_plain, position_of
from autograd_lite.core.suggestions import show_only_public
from autograd_lite.engine import Value
from autograd_lite.functions import dot, log, logsumexp, pick, relu, softplus, square
from autograd_lite.functions import sum as sum_of

__all__ = [
    "bce_with_logits",
    "binary_cross_entropy",
    "cross_entropy",
    "gaussian_nll",
    "hinge",
    "l2",
    "mse",
    "squared_error",
]


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
    return 0.5 * _squares([t - f for f, t in _pairs(output, target)])


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
    differences = [f - t for f, t in _pairs(output, target)]
    squares = _squares(differences)
    return squares if len(differences) == 1 else squares / len(differences)


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
    differences = [t - f for f, t in _pairs(output, target)]
    constant = log(2.0 * math.pi * variance) * (0.5 * len(differences))
    return 0.5 * _squares(differences) / variance + constant


def binary_cross_entropy(output: Any, target: float) -> Any:
    """Compute the negative log-likelihood of a label under a probability.

    Formula:
        `loss = -y log f - (1 - y) log(1 - f)`

    Args:
        output: f, the probability of label 1, a Value in (0, 1), as a sigmoid gives.
        target: y, the label 0 or 1, or a probability between.

    Raises:
        ValueError: if the target or the output is not in [0, 1], or the output is not one
            number. For outputs of any size there is ``bce_with_logits``.

    Example:
        >>> round(binary_cross_entropy(Value(0.8), 1).data, 6)
        0.223144

    Source: lectures A2, B2b.
    """
    (f,) = _outputs(output, 1)
    y = _probability(target)
    if f < 0.0 or f > 1.0:
        raise ValueError(
            f"the output is a probability from 0 to 1, got {f!r}: for logits use bce_with_logits"
        )
    if not isinstance(y, Value) and y in (0.0, 1.0):  # without 0 · log 0
        return -log(f if y else 1.0 - f)
    return -(y * log(f) + (1.0 - y) * log(1.0 - f))


def bce_with_logits(output: Any, target: float) -> Any:
    """Compute the negative log-likelihood of a label under a logit, without overflow.

    Formula:
        `loss = -y log σ(z) - (1 - y) log(1 - σ(z)) = log(1 + exp(z)) - y z`,
        `∂loss/∂z = σ(z) - y`

    Args:
        output: z, the log-odds of label 1, any Value.
        target: y, the label 0 or 1, or a probability between.

    Raises:
        ValueError: if the target is not in [0, 1], or the output is not one number.

    Example:
        >>> round(bce_with_logits(Value(0.1), 0).data, 6)
        0.744397

    Source: lectures A2, B2.
    """
    (z,) = _outputs(output, 1)
    y = _probability(target)
    if not isinstance(y, Value) and y in (0.0, 1.0):  # without 0 · log
        return softplus(-z if y else z)
    return y * softplus(-z) + (1.0 - y) * softplus(z)


def cross_entropy(logits: Sequence[Any], target: int) -> Any:
    """Compute the negative log-likelihood of a class under a softmax, without overflow.

    Formula:
        `loss = -log softmax(logits)[k] = logsumexp(z) - z[k],  z = logits - max(logits)`

    Args:
        logits: K Values, any numbers; adding one constant to all changes nothing.
        target: k, the class, from 0 to K - 1.

    Raises:
        ValueError: if there are fewer than two logits, or the class is not in range.
        TypeError: if the class is not a whole number.

    Example:
        >>> round(cross_entropy([Value(1.0), Value(2.0), Value(3.0)], 2).data, 6)
        0.407606

    Source: lectures B3, B8, C2.
    """
    listed = _outputs(logits)
    if len(listed) < 2:
        raise ValueError(f"cross_entropy takes a list of at least two logits, got {len(listed)}")
    try:
        k = position_of(target)
    except TypeError:
        raise TypeError(f"a class is a whole number from 0 to {len(listed) - 1}, got {target!r}") from None
    if not 0 <= k < len(listed):
        raise ValueError(f"a class is a whole number from 0 to {len(listed) - 1}, got {k}")
    listed = shifted(listed)
    return logsumexp(listed) - pick(listed, target)


def hinge(output: Any, target: float) -> Any:
    """Compute the margin loss of a support vector machine.

    Formula:
        `loss = max(0, 1 - y f)`

    Args:
        output: f, the score, a Value.
        target: y, the label -1 or 1. Datasets label classes 0 and 1: pass 2 * y - 1.

    Raises:
        ValueError: if the target is neither -1 nor 1, or the output is not one number.

    Example:
        >>> hinge(Value(0.25), 1).data
        0.75
    """
    (f,) = _outputs(output, 1)
    y = _number(target)
    if not 1.0 <= abs(y) <= 1.0:
        raise ValueError(f"a label of hinge is -1 or 1, got {target!r}: for labels 0 and 1 pass 2 * y - 1")
    return relu(1.0 - y * f)


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


def _outputs(output: Any, count: int | None = None) -> list[Any]:
    """Take one output or a list of them as a list."""
    listed = [output] if isinstance(output, Value) or is_plain(output) else list(output)
    if count is not None and len(listed) != count:
        raise ValueError(f"this loss takes {count} output, got {len(listed)}")
    return listed


def _pairs(output: Any, target: Any) -> list[tuple[Any, Any]]:
    outputs = _outputs(output)
    try:
        listed = list(target)
    except TypeError:
        listed = [target]
    targets = [_number(t) for t in listed]
    if not outputs or len(outputs) != len(targets):
        raise ValueError(f"as many targets as outputs: got {len(targets)} and {len(outputs)}")
    return list(zip(outputs, targets))


def _number(target: Any) -> Any:
    """Take a plain number as a float; a Value, such as a compiled program's input, as it is."""
    return target if isinstance(target, Value) else as_float(target)


def _probability(target: Any) -> Any:
    number = _number(target)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"a label is 0 or 1, or a probability between, got {target!r}")
    return number


show_only_public(__name__)
