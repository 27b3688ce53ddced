"""predict: what a model says of examples, as numbers or classes; accuracy: how often that is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler import compile
from autograd_lite.composed import softmax
from autograd_lite.core.coercion import is_plain
from autograd_lite.core.ieee import mean_of, sigmoid
from autograd_lite.core.modes import no_grad
from autograd_lite.core.tables import as_column, as_rows
from autograd_lite.nn.module import shortened
from autograd_lite.training.compiled import ROWS_AT_ONCE
from autograd_lite.training.examples import plain
from autograd_lite.training.state import generators_of, kept_by_calls, mode, set_states, states_of
from autograd_lite.training.steps import outputs_of

__all__ = ["accuracy", "predict", "predict_class", "predict_proba"]
__docformat__ = "google"

MANY = 256
"""From so many examples on, a compiled program is worth its making."""


def predict(model: Callable[..., Any], X: Sequence[Any]) -> list[Any]:
    """Compute the model's outputs as plain numbers, without building graphs; many are compiled.

    Args:
        model: a Module, or a function of one example.
        X: examples: a list, an array, or a DataFrame or Series of pandas or polars.

    Returns:
        For each example a float, or a list of floats if the model has several outputs.

    Raises:
        TypeError: if X is something else, or a table that holds other things than numbers.

    Example:
        >>> from autograd_lite import Value
        >>> predict(lambda x: Value(x) * 2, [1.0, 2.5])
        [2.0, 5.0]
    """
    if not callable(model) or isinstance(model, type):
        raise TypeError(f"a model is a Module or a function of one example, got {shortened(model, 60)}")
    X = as_rows("X", X)
    with mode(model, training=False):
        if len(X) >= MANY and not getattr(model, "takes_batches", False):
            found = _compiled(model, X)
            if found is not None:
                return found
        try:
            with no_grad():
                return [plain(output) for output in outputs_of(model, list(X))] if len(X) else []
        except (TypeError, ValueError) as error:
            if not hasattr(X[0], "__len__"):
                error.add_note(
                    "predict takes examples, here each is a number: of one it is predict(model, [x])"
                )
            raise


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


def predict_proba(model: Callable[..., Any], X: Sequence[Any]) -> list[list[float]]:
    """Compute the probability of each class for each example.

    Formula:
        `p = softmax(z)` for K logits z;  `p = (1 - σ(z), σ(z))` for one logit z

    Args:
        model: gives one logit for two classes, or K logits; or probabilities, if its last layer
            says so, as in ``nn.MLP(2, [4, 1], output="sigmoid")``.
        X: examples, as for ``predict``.

    Returns:
        For each example a list of K probabilities, two if the model has one output.

    Raises:
        TypeError: as ``predict``.
        ValueError: if an output is no number or flat list of numbers, or one is nan.

    Example:
        >>> from autograd_lite import Value
        >>> predict_proba(lambda x: Value(x), [0.0]), predict_proba(lambda x: [Value(x), Value(x)], [1.0])
        ([[0.5, 0.5]], [[0.5, 0.5]])

    Source: lectures B2, B8.
    """
    is_certain = _last_activation(model) in ("sigmoid", "softmax")
    return [_probabilities(logits, is_certain) for logits in _all_logits(model, X)]


def predict_class(model: Callable[..., Any], X: Sequence[Any]) -> list[int]:
    """Tell which class a model takes each example for.

    Args:
        model, X: as for ``predict_proba``.

    Returns:
        For each example the place of its largest output; of one logit, 1 if it is above 0, else
        0; of one probability, 1 if it is above ½.

    Raises:
        TypeError, ValueError: as ``predict_proba``.

    Example:
        >>> from autograd_lite import Value
        >>> predict_class(lambda x: Value(x), [-0.5, 2.0])
        [0, 1]

    Source: lectures A5, B10.
    """
    threshold = 0.5 if _last_activation(model) == "sigmoid" else 0.0
    return [
        int(logits[0] > threshold) if len(logits) == 1 else logits.index(max(logits))
        for logits in _all_logits(model, X)
    ]


def _all_logits(model: Callable[..., Any], X: Sequence[Any]) -> list[list[float]]:
    """Compute the outputs of a classifier, a list for each example."""
    outputs = predict(model, X)
    found = [_logits_of(output) for output in outputs]
    for output, logits in zip(outputs, found):
        if not logits or any(number != number for number in logits):
            raise ValueError(
                f"a classifier gives a number or a list of numbers, got {shortened(output, 60)}: "
                "has the training diverged, or is it no classifier?"
            )
    return found


def _probabilities(logits: list[float], are_certain: bool) -> list[float]:
    if len(logits) == 1:
        (one,) = logits if are_certain else [sigmoid(logits[0])]
        return [1.0 - one, one]
    return logits if are_certain else softmax(logits)


def _last_activation(model: Any) -> Any:
    """Name the activation of a model's last layer, as far as the model tells."""
    layers = getattr(model, "layers", None) or [model]
    activation = getattr(layers[-1] if isinstance(layers, (list, tuple)) else model, "activation", None)
    return getattr(activation, "__name__", activation)


def accuracy(outputs: Any, targets: Any, threshold: float = 0.0) -> float:
    """Tell which share of the outputs picks its target's class; of one output, 1.0 or 0.0.

    Args:
        outputs: a logit, right if it is above the threshold for class 1 and not above it for
            class 0 (or -1); or a list of K logits, the largest of which picks a class, while
            nan picks none. Or N such outputs, as ``predict`` gives.
        targets: the class; or the classes of N outputs, in a list, an array or a Series.
        threshold: 0 for logits; for probabilities pass
            ``lambda outputs, targets: accuracy(outputs, targets, 0.5)``.

    Raises:
        TypeError: if something is no output or no class.
        ValueError: if there are not as many targets as outputs, or none.

    Example:
        >>> accuracy(-0.3, 0), accuracy([0.1, 2.0, 0.3], 1)
        (1.0, 1.0)
        >>> accuracy([[0.1, 2.0], [3.0, 0.2]], [1, 1])
        0.5

    Source: lectures A5.
    """
    if callable(outputs):
        raise TypeError("accuracy compares outputs with targets: write accuracy(predict(model, X), y)")
    if not _has_items(targets):
        return _is_right(outputs, targets, threshold)
    listed = as_rows("outputs", outputs) if _has_items(outputs) else [outputs]
    classes = as_column("targets", targets)
    if len(listed) != len(classes) or not classes:
        raise ValueError(f"as many targets as outputs, at least one: got {len(classes)} and {len(listed)}")
    return mean_of([_is_right(output, each, threshold) for output, each in zip(listed, classes)])


def _has_items(thing: Any) -> bool:
    return hasattr(thing, "__len__") and getattr(thing, "shape", None) != () and not isinstance(thing, str)


def _is_right(output: Any, target: Any, threshold: float) -> float:
    """Tell whether one output picks its target's class: 1.0 or 0.0."""
    logits, label = _logits_of(output), plain(target)
    if not (logits and is_plain(label) and label == label // 1):
        raise TypeError(
            "accuracy compares one output, a number or a list of logits, with one class, or as many outputs "
            f"with as many classes, got {shortened(plain(output), 60)} and {shortened(label, 60)}"
        )
    if any(number != number for number in logits):
        return 0.0
    if len(logits) == 1:
        return float((logits[0] > threshold) == (label > 0))
    return float(logits.index(max(logits)) == label)


def _logits_of(output: Any) -> list[float]:
    """List the numbers of one output, a number alone or a flat list; none if it is neither."""
    numbers = plain(output)
    listed = numbers if isinstance(numbers, list) else [numbers]
    return listed if all(map(is_plain, listed)) else []
