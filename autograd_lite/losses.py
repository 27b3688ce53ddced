"""Losses of one example: ``loss(output, target)`` gives a Value to make small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_lite.composed import shifted
from autograd_lite.core.coercion import as_float, is_plain, position_of
from autograd_lite.core.ieee import warn_once
from autograd_lite.core.suggestions import show_only_public
from autograd_lite.engine import Value
from autograd_lite.functions import (
    amax,
    clip,
    dot,
    expm1,
    less,
    log,
    logsumexp,
    pick,
    relu,
    softplus,
    square,
    where,
)
from autograd_lite.functions import sum as sum_of
from autograd_lite.ops import DIV, EXP, SIGMOID, SUM

__all__ = [
    "bce_with_logits",
    "binary_cross_entropy",
    "cross_entropy",
    "focal",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
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
    return _mean([abs(f - t) for f, t in _pairs(output, target)])


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
    if not 0.0 < delta < math.inf:
        raise ValueError(f"delta is a positive number, got {delta!r}")
    differences = [f - t for f, t in _pairs(output, target)]
    clipped = [clip(difference, -delta, delta) for difference in differences]
    return _mean([near * (far - 0.5 * near) for near, far in zip(clipped, differences)])


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
    ((_, y),) = _pairs([f], target, _probability)
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
            _notice_probabilities("bce_with_logits", [output])
        return _log_loss(output, _probability(target), 1.0)
    pairs = _pairs(output, target, _probability)
    _notice_probabilities("bce_with_logits", [z for z, _ in pairs])
    weights = [1.0] * len(pairs) if pos_weight is None else _each(pos_weight, len(pairs), "pos_weight")
    return _mean([_log_loss(z, y, weight) for (z, y), weight in zip(pairs, weights)])


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
    z = _logits("cross_entropy", logits)
    count = len(z)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing is a number from 0 to 1, got {label_smoothing!r}")
    weights = None if weight is None else _each(list(weight), count, "weight")
    k = _target_of(target, count)
    if isinstance(k, list):
        return _soft_cross_entropy(z, k, label_smoothing, weights)
    if ignore_index is None:
        return _hard_cross_entropy(z, _checked_class(k, count), label_smoothing, weights)
    before, after = [0.0] * max(0, -ignore_index), [0.0] * max(0, ignore_index - count + 1)
    k = _checked_class(k, count, ignore_index) + len(before)  # a place of a longer list
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
    z = _logits("kl_divergence", logits)
    p = _target_of(target, len(z))
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
    if not 0.0 <= gamma < math.inf or not (alpha is None or 0.0 <= alpha <= 1.0):
        raise ValueError(f"gamma is at least 0 and alpha from 0 to 1, got {gamma!r} and {alpha!r}")
    listed = _outputs(output)
    if len(listed) == 1:
        ((z, y),) = _pairs(listed, target, _label)
        _notice_probabilities("focal", listed)
        nll = softplus(z - 2.0 * y * z)  # of z for label 0, of -z for label 1
        share = 1.0 if alpha is None else 1.0 - alpha + (2.0 * alpha - 1.0) * y
    elif alpha is None:
        z = _logits("focal", listed)
        k = _target_of(target, len(z))
        if isinstance(k, list):
            raise ValueError(f"focal takes a class from 0 to {len(z) - 1}, got {target!r}")
        nll, share = _hard_cross_entropy(z, _checked_class(k, len(z)), 0.0, None), 1.0
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
    (f,) = _outputs(output, 1)
    ((_, y),) = _pairs([f], target)
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


def _pairs(output: Any, target: Any, number_of: Callable[[Any], Any] | None = None) -> list[tuple[Any, Any]]:
    """Pair outputs with targets, one or a list of each; a label is read by a function of its own."""
    outputs = _outputs(output)
    listed = _listed(target)
    if not outputs or len(outputs) != len(listed):
        hint = ""
        if len(outputs) == 1 and len(listed) > 1 and number_of is not None:
            hint = ": for a one-hot row let the model have as many outputs, and take cross_entropy"
        raise ValueError(f"as many targets as outputs: got {len(listed)} and {len(outputs)}{hint}")
    return list(zip(outputs, map(number_of or _number, listed)))


SINGLE = frozenset((bool, int, float, str, bytes))
"""Types of one target; others are asked."""


def _listed(target: Any) -> list[Any]:
    """Take one target or a row of them as a list; a string is no row of letters."""
    if type(target) in SINGLE or isinstance(target, (str, bytes)):
        return [target]
    try:
        return list(target)
    except TypeError:
        return [target]


def _each(weight: Any, count: int, name: str) -> list[float]:
    """Take one weight for all, or a list of them, as so many positive numbers or 0."""
    listed = [weight] * count if is_plain(weight) else list(weight)
    if len(listed) != count or not all(is_plain(each) and 0.0 <= each < math.inf for each in listed):
        raise ValueError(f"{name} is {count} numbers of at least 0, got {weight!r}")
    return [*map(float, listed)]


def _mean(numbers: list[Any]) -> Any:
    return numbers[0] if len(numbers) == 1 else sum_of(numbers) / len(numbers)


def _number(target: Any) -> Any:
    """Take a plain number as a float; a Value, such as a compiled program's input, as it is."""
    return target if isinstance(target, Value) else as_float(target)


def _probability(target: Any) -> Any:
    if isinstance(target, str):
        raise TypeError(f"a label is 0 or 1, got {target!r}: {ENCODE}")
    number = _number(target)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"a label is 0 or 1, or a probability between, got {target!r}")
    return number


def _label(target: Any) -> Any:
    number = _probability(target)
    if not isinstance(number, Value) and number not in (0.0, 1.0):
        raise ValueError(f"a label of focal is 0 or 1, got {target!r}")
    return number


ENCODE = "number the names, as in names = sorted({*y}); y = [names.index(name) for name in y]"


def _log_loss(z: Any, y: Any, weight: float) -> Any:
    """Compute the negative log-likelihood of a label, where 1 counts so many times."""
    if not isinstance(y, Value) and y in (0.0, 1.0):  # without 0 · log
        loss = softplus(-z if y else z)
        return loss if weight == 1.0 or not y else weight * loss
    return (y if weight == 1.0 else weight * y) * softplus(-z) + (1.0 - y) * softplus(z)


def _logits(loss: str, logits: Any) -> list[Any]:
    """Take at least two logits, less the largest of them."""
    listed = _outputs(logits)
    if len(listed) < 2:
        raise ValueError(f"{loss} takes a list of at least two logits, got {len(listed)}")
    _notice_probabilities(loss, listed)
    return shifted(listed)


def _target_of(target: Any, count: int) -> Any:
    """Take a class, alone or in a row of one, or a list of so many probabilities."""
    listed = _listed(target)
    if len(listed) == 1:
        return listed[0]
    if len(listed) != count:
        raise ValueError(
            f"for {count} logits a target is a class or {count} probabilities, got {len(listed)} numbers"
        )
    shares = [*map(_number, listed)]
    if not (-amax([-share for share in shares]) >= 0.0 and abs(sum_of(shares) - 1.0) <= 1e-6):
        raise ValueError(
            f"the probabilities of {count} classes are at least 0 and add up to 1, got {target!r}"
        )
    return shares


def _checked_class(k: Any, count: int, ignored: int | None = None) -> Any:
    """Return a class, or raise a TypeError or ValueError if it is none of so many, nor the ignored one."""
    try:
        position = position_of(k)
    except TypeError:
        hint = ""
        if isinstance(k, str):
            hint = f": {ENCODE}"
        elif is_plain(k) and float(k).is_integer():
            hint = f": write int({k!r}), for an array y.astype(int)"
        raise TypeError(f"a class is a whole number from 0 to {count - 1}, got {k!r}{hint}") from None
    if not (0 <= position < count or position == ignored):
        raise ValueError(f"a class is a whole number from 0 to {count - 1}, got {position}")
    return k


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


def _notice_probabilities(loss: str, outputs: list[Any]) -> None:
    """Warn once if what should be logits comes out of a sigmoid or a softmax."""
    last = getattr(outputs[0], "op", None)
    if last not in (SIGMOID, DIV):
        return
    if all(getattr(output, "op", None) is SIGMOID for output in outputs):
        name = "sigmoid"
    elif _are_softmax(outputs):
        name = "softmax"
    else:
        return
    instead = "binary_cross_entropy" if loss == "bce_with_logits" else "-log of the class's probability"
    warn_once(
        f"{loss} takes logits and applies the {'softmax' if len(outputs) > 1 else 'sigmoid'} itself, but is "
        f"given the output of {name}: leave out the model's last activation (or compute {instead})"
    )


def _are_softmax(outputs: list[Any]) -> bool:
    """Tell whether numbers are the exponentials of something, each divided by the sum of all."""
    if len(outputs) < 2 or not all(getattr(output, "op", None) is DIV for output in outputs):
        return False
    tops, bottoms = zip(*(output.args for output in outputs))
    total = bottoms[0]
    return (
        all(bottom is total for bottom in bottoms)
        and getattr(total, "op", None) is SUM
        and [*map(id, total.args)] == [*map(id, tops)]
        and all(getattr(top, "op", None) is EXP for top in tops)
    )


show_only_public(__name__)
