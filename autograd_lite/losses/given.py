"""What a loss is given, read and checked: outputs, logits and weights, targets, labels and classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd_lite.composed import shifted
from autograd_lite.core.coercion import as_float, is_plain, no_list, position_of
from autograd_lite.core.ieee import warn_once
from autograd_lite.engine import Value
from autograd_lite.functions import amax
from autograd_lite.functions import sum as sum_of
from autograd_lite.ops import DIV, EXP, SIGMOID, SUM

__all__ = [
    "SINGLE",
    "checked_class",
    "class_or_shares",
    "label",
    "logits_of",
    "notice_probabilities",
    "outputs_of",
    "pairs_of",
    "probability",
    "weights_of",
]

SINGLE = frozenset((bool, int, float, str, bytes))
"""Types of one target; others are asked."""
ENCODE = "number the names, as in names = sorted({*y}); y = [names.index(name) for name in y]"


def outputs_of(output: Any, count: int | None = None) -> list[Any]:
    """Take one output or a list of them as a list."""
    if isinstance(output, Value) or is_plain(output):
        listed = [output]
    elif isinstance(output, (str, bytes)) or not hasattr(type(output), "__iter__"):
        raise no_list("what a loss is given is a Value or a list of them", output)
    else:
        listed = list(output)
    if count is not None and len(listed) != count:
        raise ValueError(f"this loss takes {count} output, got {len(listed)}")
    return listed


def pairs_of(
    output: Any, target: Any, number_of: Callable[[Any], Any] | None = None
) -> list[tuple[Any, Any]]:
    """Pair outputs with targets, one or a list of each; a label is read by a function of its own."""
    outputs = outputs_of(output)
    listed = _listed(target)
    if not outputs or len(outputs) != len(listed):
        hint = ""
        if len(outputs) == 1 and len(listed) > 1 and number_of is not None:
            hint = ": for a one-hot row let the model have as many outputs, and take cross_entropy"
        raise ValueError(f"as many targets as outputs: got {len(listed)} and {len(outputs)}{hint}")
    return list(zip(outputs, map(number_of or _number, listed)))


def _listed(target: Any) -> list[Any]:
    """Take one target or a row of them as a list; a string is no row of letters."""
    if type(target) in SINGLE or isinstance(target, (str, bytes)):
        return [target]
    try:
        return list(target)
    except TypeError:
        return [target]


def weights_of(weight: Any, count: int, name: str) -> list[float]:
    """Take one weight for all, or a list of them, as so many positive numbers or 0."""
    listed = [weight] * count if is_plain(weight) else list(weight)
    if len(listed) != count or not all(is_plain(each) and 0.0 <= each < math.inf for each in listed):
        raise ValueError(f"{name} is {count} numbers of at least 0, got {weight!r}")
    return [*map(float, listed)]


def _number(target: Any) -> Any:
    """Take a plain number as a float; a Value, such as a compiled program's input, as it is."""
    return target if isinstance(target, Value) else as_float(target)


def probability(target: Any) -> Any:
    """Take a label, or a probability between, as a number from 0 to 1."""
    if isinstance(target, str):
        raise TypeError(f"a label is 0 or 1, got {target!r}: {ENCODE}")
    number = _number(target)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"a label is 0 or 1, or a probability between, got {target!r}")
    return number


def label(target: Any) -> Any:
    """Take a label that is no probability."""
    number = probability(target)
    if not isinstance(number, Value) and number not in (0.0, 1.0):
        raise ValueError(f"a label of focal is 0 or 1, got {target!r}")
    return number


def logits_of(loss: str, logits: Any) -> list[Any]:
    """Take at least two logits, less the largest of them."""
    listed = outputs_of(logits)
    if len(listed) < 2:
        raise ValueError(f"{loss} takes a list of at least two logits, got {len(listed)}")
    notice_probabilities(loss, listed)
    return shifted(listed)


def class_or_shares(target: Any, count: int) -> Any:
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


def checked_class(k: Any, count: int, ignored: int | None = None) -> Any:
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


def notice_probabilities(loss: str, outputs: list[Any]) -> None:
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
