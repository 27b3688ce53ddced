"""Losses of labels and classes: under a probability, a logit or a score, or a logit for each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_lite.core.coercion import check_number
from autograd_lite.engine import Value
from autograd_lite.functions import dot, expm1, less, log, logsumexp, pick, relu, softplus, where
from autograd_lite.losses.given import (
    SINGLE,
    checked_class,
    class_or_shares,
    label,
    logits_of,
    notice_probabilities,
    outputs_of,
    pairs_of,
    probability,
    weights_of,
)
from autograd_lite.losses.regression import mean_of
from autograd_lite.ops import SIGMOID

__all__ = [
    "bce_with_logits",
    "binary_cross_entropy",
    "cross_entropy",
    "focal",
    "hinge",
    "kl_divergence",
]


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
    (f,) = outputs_of(output, 1)
    ((_, y),) = pairs_of([f], target, probability)
    if f < 0.0 or f > 1.0:
        raise ValueError(
            f"the output is a probability from 0 to 1, got {f!r}: for logits use bce_with_logits"
        )
    if not isinstance(y, Value) and y in (0.0, 1.0):  # without 0 · log 0
        return -log(f if y else 1.0 - f)
    return -(y * log(f) + (1.0 - y) * log(1.0 - f))


def bce_with_logits(output: Any, target: Any, *, pos_weight: Any = None) -> Any:
    """Compute the negative log-likelihood of a label under a logit, without overflow.

    Formula:
        `loss = -w y log σ(z) - (1 - y) log(1 - σ(z)),  w = pos_weight`;
        with w = 1:  `loss = log(1 + exp(z)) - y z,  ∂loss/∂z = σ(z) - y`

        For n logits with a label each, the mean over them.

    Args:
        output: z, the log-odds of label 1, any Value; or a list of n of them.
        target: y, the label 0 or 1, or a probability between; or n of them.
        pos_weight: how many times a label 1 counts, such as the number of zeros over that of
            ones; or n such numbers; None for once.

    Raises:
        ValueError: if a target is not in [0, 1], or the lengths differ.

    Example:
        >>> round(bce_with_logits(Value(0.1), 0).data, 6)
        0.744397
        >>> round(bce_with_logits([Value(0.1), Value(-2.0)], [0, 1], pos_weight=3.0).data, 6)
        3.56259

    Source: lectures A2, B2.
    """
    if isinstance(output, Value) and type(target) in SINGLE and pos_weight is None:  # by far the most common
        if output.op is SIGMOID:
            notice_probabilities("bce_with_logits", [output])
        return _log_loss(output, probability(target), 1.0)
    pairs = pairs_of(output, target, probability)
    notice_probabilities("bce_with_logits", [z for z, _ in pairs])
    weights = [1.0] * len(pairs) if pos_weight is None else weights_of(pos_weight, len(pairs), "pos_weight")
    return mean_of([_log_loss(z, y, weight) for (z, y), weight in zip(pairs, weights)])


def cross_entropy(
    logits: Sequence[Any],
    target: Any,
    *,
    label_smoothing: float = 0.0,
    weight: Sequence[float] | None = None,
    ignore_index: int | None = None,
) -> Any:
    """Compute the negative log-likelihood of a class under a softmax, without overflow.

    Formula:
        `loss = -log softmax(logits)[k] = logsumexp(z) - z[k],  z = logits - max(logits)`;
        with K probabilities p in the place of the class k, weights w, and smoothing s:
        `loss = -Σ_j w[j] ((1 - s) p[j] + s / K) log softmax(logits)[j]`

    Args:
        logits: K Values, any numbers; adding one constant to all changes nothing.
        target: k, the class, from 0 to K - 1; or K probabilities, such as a one-hot row.
        label_smoothing: s, from 0 to 1: what share is spread over all classes.
        weight: w, how much each class counts, K numbers. A mean over examples is not divided
            by their weights, as PyTorch's with ``reduction="none"``.
        ignore_index: a class whose examples cost nothing; they count in a mean.

    Raises:
        ValueError: if there are fewer than two logits, the class is not in range, or the
            probabilities do not add up to 1.
        TypeError: if the class is not a whole number.

    Example:
        >>> round(cross_entropy([Value(1.0), Value(2.0), Value(3.0)], 2).data, 6)
        0.407606
        >>> round(cross_entropy([Value(1.0), Value(2.0), Value(3.0)], [0.0, 0.5, 0.5]).data, 6)
        0.907606

    Source: lectures B3, B8, C2; Szegedy et al. 2016 for label smoothing.
    """
    z = logits_of("cross_entropy", logits)
    count = len(z)
    check_number("label_smoothing", label_smoothing)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing is a number from 0 to 1, got {label_smoothing!r}")
    weights = None if weight is None else weights_of(list(weight), count, "weight")
    k = class_or_shares(target, count)
    if isinstance(k, list):
        return _soft_cross_entropy(z, k, label_smoothing, weights)
    if ignore_index is None:
        return _hard_cross_entropy(z, checked_class(k, count), label_smoothing, weights)
    before, after = [0.0] * max(0, -ignore_index), [0.0] * max(0, ignore_index - count + 1)
    k = checked_class(k, count, ignore_index) + len(before)  # a place of a longer list
    loss = _hard_cross_entropy(z, k, label_smoothing, weights, before, after)
    return where(less(0.5, abs(k - len(before) - ignore_index)), loss, 0.0)


def kl_divergence(logits: Sequence[Any], target: Sequence[Any]) -> Any:
    """Compute how far a softmax is from the probabilities that it should give.

    Formula:
        `loss = Σ_j p[j] log(p[j] / q[j]),  q = softmax(logits); the terms with p[j] = 0 are 0`

    Args:
        logits: K Values, any numbers.
        target: p, K probabilities, such as another model's softmax.

    Raises:
        ValueError: if there are fewer than two logits, or the probabilities are not K or do
            not add up to 1.

    Example:
        >>> round(kl_divergence([Value(0.0), Value(0.0)], [0.75, 0.25]).data, 6)
        0.130812

    Source: Kullback and Leibler, On Information and Sufficiency (1951): ``cross_entropy`` less
        the entropy of p.
    """
    z = logits_of("kl_divergence", logits)
    p = class_or_shares(target, len(z))
    if not isinstance(p, list):
        raise ValueError(f"kl_divergence takes {len(z)} probabilities as target, got {target!r}")
    return dot(p, [log(where(share, share, 1.0)) - each for share, each in zip(p, _log_softmax(z))])


def focal(output: Any, target: Any, *, gamma: float = 2.0, alpha: float | None = None) -> Any:
    """Compute a log loss in which examples that are right already count little.

    Formula:
        `loss = (1 - p)^gamma · -log p,  p the probability of the target: σ(z) for label 1`,
        `1 - σ(z) for label 0, or softmax(logits)[k]`

    Args:
        output: z, a logit; or a list of K logits.
        target: the label 0 or 1; or for K logits the class, from 0 to K - 1.
        gamma: at least 0; with 0 it is ``bce_with_logits`` or ``cross_entropy``.
        alpha: for one logit, what to multiply the loss of label 1 by, and with 1 - alpha that
            of label 0; None for neither.

    Raises:
        ValueError: if a label or class is out of range, gamma is negative, alpha not from 0 to 1, or
            given for K logits.

    Example:
        >>> round(focal(Value(2.0), 1).data, 6), round(focal(Value(2.0), 0).data, 6)
        (0.001804, 1.650078)

    Source: Lin et al., Focal Loss for Dense Object Detection (2017).
    """
    check_number("gamma", gamma)
    if alpha is not None:
        check_number("alpha", alpha)
    if not 0.0 <= gamma < math.inf or not (alpha is None or 0.0 <= alpha <= 1.0):
        raise ValueError(f"gamma is at least 0 and alpha from 0 to 1, got {gamma!r} and {alpha!r}")
    listed = outputs_of(output)
    if len(listed) == 1:
        ((z, y),) = pairs_of(listed, target, label)
        notice_probabilities("focal", listed)
        nll = softplus(z - 2.0 * y * z)  # of z for label 0, of -z for label 1
        share = 1.0 if alpha is None else 1.0 - alpha + (2.0 * alpha - 1.0) * y
    elif alpha is None:
        z = logits_of("focal", listed)
        k = class_or_shares(target, len(z))
        if isinstance(k, list):
            raise ValueError(f"focal takes a class from 0 to {len(z) - 1}, got {target!r}")
        nll, share = _hard_cross_entropy(z, checked_class(k, len(z)), 0.0, None), 1.0
    else:
        raise ValueError("alpha weighs the labels 0 and 1 of one logit: leave it out for a list of logits")
    missing = -expm1(-nll)  # 1 - p
    return share * missing**gamma * nll


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
    (f,) = outputs_of(output, 1)
    ((_, y),) = pairs_of([f], target)
    if not 1.0 <= abs(y) <= 1.0:
        raise ValueError(f"a label of hinge is -1 or 1, got {target!r}: for labels 0 and 1 pass 2 * y - 1")
    return relu(1.0 - y * f)


def _log_loss(z: Any, y: Any, weight: float) -> Any:
    """Compute the negative log-likelihood of a label, where 1 counts so many times."""
    if not isinstance(y, Value) and y in (0.0, 1.0):  # without 0 · log
        loss = softplus(-z if y else z)
        return loss if weight == 1.0 or not y else weight * loss
    return (y if weight == 1.0 else weight * y) * softplus(-z) + (1.0 - y) * softplus(z)


def _hard_cross_entropy(
    z: list[Any],
    k: Any,
    smoothing: float,
    weights: list[float] | None,
    before: Sequence[float] = (),
    after: Sequence[float] = (),
) -> Any:
    """Compute the loss of a class, which is a place among the logits with some numbers around them."""
    loss = logsumexp(z) - pick([*before, *z, *after], k)
    if weights is not None:
        loss = pick([*before, *weights, *after], k) * loss
    if smoothing == 0.0:
        return loss
    spread = dot(weights or [1.0] * len(z), _log_softmax(z))
    return (1.0 - smoothing) * loss - smoothing / len(z) * spread


def _soft_cross_entropy(z: list[Any], p: list[Any], smoothing: float, weights: list[float] | None) -> Any:
    """Compute the loss of probabilities."""
    shares = p if smoothing == 0.0 else [(1.0 - smoothing) * share + smoothing / len(z) for share in p]
    if weights is not None:
        shares = [weight * share for weight, share in zip(weights, shares)]
    return -dot(shares, _log_softmax(z))


def _log_softmax(z: list[Any]) -> list[Any]:
    total = logsumexp(z)
    return [each - total for each in z]
