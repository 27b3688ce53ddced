"""predict and accuracy: what a model says of examples, without a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler import compile
from autograd_lite.core.coercion import check_rows, is_plain
from autograd_lite.core.modes import no_grad
from autograd_lite.nn.module import shortened
from autograd_lite.training.compiled import ROWS_AT_ONCE
from autograd_lite.training.examples import plain
from autograd_lite.training.state import generators_of, kept_by_calls, mode, set_states, states_of
from autograd_lite.training.steps import outputs_of

__all__ = ["accuracy", "predict"]
__docformat__ = "google"

MANY = 256
"""From so many examples on, a compiled program is worth its making."""


def predict(model: Callable[..., Any], X: Sequence[Any]) -> list[Any]:
    """Compute the model's outputs as plain numbers, without building graphs; many are compiled.

    Args:
        model: a Module, or a function of one example.
        X: examples, a list or an array.

    Returns:
        For each example a float, or a list of floats if the model has several outputs.

    Raises:
        TypeError: if X is something else, such as a table of pandas.

    Example:
        >>> from autograd_lite import Value
        >>> predict(lambda x: Value(x) * 2, [1.0, 2.5])
        [2.0, 5.0]
    """
    check_rows("X", X)
    with mode(model, training=False):
        if len(X) >= MANY and not getattr(model, "takes_batches", False):
            found = _compiled(model, X)
            if found is not None:
                return found
        with no_grad():
            return [plain(output) for output in outputs_of(model, list(X))] if len(X) else []


def _compiled(model: Callable[..., Any], X: Sequence[Any]) -> list[Any] | None:
    """Compute outputs with a compiled program; None, and nothing has changed, if that cannot be done."""
    generators = generators_of(model)
    before = states_of(generators)
    try:
        if kept_by_calls(model, None, X, [], range(len(X))):
            return None
        program = compile(lambda x: model(x), [])
        return [
            output
            for start in range(0, len(X), ROWS_AT_ONCE)
            for output in program.map(X[start : start + ROWS_AT_ONCE])
        ]
    except Exception:  # run eagerly, it shows what is wrong, if anything is
        set_states(generators, before)
        return None


def accuracy(output: Any, target: Any, threshold: float = 0.0) -> float:
    """Tell whether one output picks its target's class: 1.0 or 0.0; nan picks none.

    For a set of outputs, take the mean over them.

    Args:
        output: a logit, right if it is above the threshold for class 1 and not above it for
            class 0 (or -1); or a list of K logits, the largest of which picks a class.
        target: the class.
        threshold: 0 for logits; for probabilities pass
            ``lambda output, target: accuracy(output, target, 0.5)``.

    Raises:
        TypeError: if there is more than one output or target.

    Example:
        >>> accuracy(-0.3, 0), accuracy([0.1, 2.0, 0.3], 1)
        (1.0, 1.0)
        >>> logits, classes = [[0.1, 2.0], [3.0, 0.2]], [1, 1]
        >>> sum(accuracy(z, k) for z, k in zip(logits, classes)) / len(classes)
        0.5
    """
    numbers, label = plain(output), plain(target)
    listed = numbers if isinstance(numbers, list) else [numbers]
    if not (listed and all(map(is_plain, listed)) and is_plain(label)):
        raise TypeError(
            "accuracy compares one output, a number or a list of logits, with one class, got "
            f"{shortened(numbers, 60)} and {shortened(label, 60)}: for a set of them take the mean, "
            "sum(accuracy(z, k) for z, k in zip(outputs, targets)) / len(targets)"
        )
    if any(number != number for number in listed):
        return 0.0
    if isinstance(numbers, list):
        return float(numbers.index(max(numbers)) == label)
    return float((numbers > threshold) == (label > 0))
