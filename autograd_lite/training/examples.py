"""Examples and targets, and what is wrong with them, found before a training begins."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_lite.core.coercion import refuse_mask
from autograd_lite.core.modes import no_grad
from autograd_lite.core.tables import as_column, as_pairs
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module

__all__ = ["Examples", "check_batches", "check_data", "check_examples", "in_a_column", "plain", "split"]

MOST_NUMBERS = 1000
"""How many different targets, or tokens, are tried out; of more, also the smallest and the largest."""


class Examples(NamedTuple):
    """Examples and targets as the caller gave them, and which of the rows to use."""

    X: Sequence[Any]
    y: Sequence[Any]
    rows: Sequence[int]


def check_examples(X: Any, y: Any) -> Examples:
    """Take examples and targets of equal number, every number in them finite.

    Raises:
        TypeError: if they are no lists, arrays or tables of numbers.
        ValueError: if there are none, their numbers differ, or a number is inf or nan.
    """
    X, y = as_pairs(X, y)
    if len(X) == 0:
        raise ValueError("there are no examples")
    for rows in (X, y):
        if not _is_finite(rows):
            for index in range(len(rows)):
                if not _is_finite(rows[index]):
                    raise ValueError(
                        f"example {index} holds a number that is inf or nan: remove or replace it"
                    )
    return Examples(X, y, range(len(X)))


def split(examples: Examples, validation: Any, seed: int) -> tuple[Examples, Examples | None]:
    """Hold some examples out, or take those to validate with as they are given."""
    if validation is None:
        return examples, None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        return examples, check_examples(*validation)
    if not isinstance(validation, float) or not 0.0 < validation < 1.0:
        raise ValueError(f"validation is a fraction between 0 and 1, or a pair (X, y), got {validation!r}")
    rows = list(examples.rows)
    random.Random(f"validation {seed}").shuffle(rows)
    count = round(len(rows) * validation)
    if not 0 < count < len(rows):
        raise ValueError(f"a fraction of {validation} of {len(rows)} examples leaves one side empty")
    return examples._replace(rows=sorted(rows[count:])), examples._replace(rows=sorted(rows[:count]))


def check_batches(model: Any, count: int, size: int) -> None:
    """Raise a ValueError if a model that mixes the examples of a batch would meet a lone one."""
    takes_batches = getattr(model, "takes_batches", False)
    if takes_batches and (count % size or size) == 1:
        raise ValueError(
            f"{count} examples in batches of {size} leave a batch of one example, and this model "
            "compares the examples of a batch: choose another batch_size"
        )
    inner = [m for m in model.modules() if m.takes_batches] if isinstance(model, Module) else []
    if inner and not takes_batches:
        raise ValueError(
            f"the model holds a {type(inner[0]).__name__}, which maps a list of examples: set "
            "takes_batches = True in the model's class, and let it map a list of examples to a "
            "list of outputs"
        )


def check_data(
    examples: Examples,
    model: Callable[[Any], Any],
    loss: Callable[[Any, Any], Any],
    metrics: Mapping[str, Callable[[Any, Any], float]],
) -> Examples:
    """Try out the model and the loss on one example of each form, and each label and token once.

    So a wrong length or label shows at once, at the cost of a few examples: numbers of
    one form go the same way through a model.

    Args:
        examples: what ``check_examples`` gave.
        model: called with one example.
        loss: called with an output and a target.
        metrics: tried out once each.

    Returns:
        The examples; with a number for each target, where there were rows of one, as of shape
        (N, 1), unless the loss wants such.

    Raises:
        TypeError: if the loss returns no Value, or a metric no number.
        ValueError: whatever the model or the loss has to say.
    """
    examples = in_a_column(examples, model, loss)
    forms: dict[Any, int] = {}
    tokens: dict[Any, int] = {}
    labels: dict[Any, int] = {}
    for row in examples.rows:
        x, target = examples.X[row], examples.y[row]
        forms.setdefault((_form(x), _form(target)), row)
        if _is_number(x):
            tokens.setdefault(x, row)
        if _is_number(target):
            labels.setdefault(target, row)
    with no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the training will warn
        for row in forms.values():
            output, target = model(examples.X[row]), examples.y[row]
            result = loss(output, target)
            if not isinstance(result, Value):
                raise TypeError(f"the loss returns one Value, got {result!r}: is a sum or a return missing?")
            for name, metric in metrics.items():
                if not _is_number(metric(plain(output), target)):
                    raise TypeError(f"the metric {name} returns a number, which it does not")
        for x in _some_of(tokens):
            model(x)
        if labels:
            output = model(examples.X[next(iter(labels.values()))])
            for target in _some_of(labels):
                loss(output, target)
    return examples


def in_a_column(examples: Examples, model: Callable[[Any], Any], loss: Callable[[Any, Any], Any]) -> Examples:
    """Take targets out of rows of one, if they stand in such and the loss wants none.

    Args:
        examples, model, loss: as for ``check_data``.
    """
    first = examples.rows[0]
    target = examples.y[first]
    if not hasattr(target, "__len__") or isinstance(target, (str, Mapping)) or len(target) != 1:
        return examples
    column = as_column("y", examples.y)
    if not all(map(_is_number, column)):
        return examples
    with no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        output = model(examples.X[first])
        wants_rows = not _takes(loss, output, column[first]) and _takes(loss, output, target)
    return examples if wants_rows else examples._replace(y=column)


def _takes(loss: Callable[[Any, Any], Any], output: Any, target: Any) -> bool:
    """Tell whether a loss takes a target of this form."""
    try:
        return isinstance(loss(output, target), Value)
    except Exception:  # the check of all data lets it speak
        return False


def plain(output: Any) -> Any:
    """Turn a model's output into plain numbers: one, or lists of them; arrays become lists too."""
    if isinstance(output, Value):
        return output.data
    if isinstance(output, (list, tuple)):
        return [plain(item) for item in output]
    return plain(output.tolist()) if hasattr(output, "tolist") else output


def _is_finite(thing: Any) -> bool:
    """Tell whether all numbers in nested lists or an array are finite; what is no number counts as finite."""
    if hasattr(thing, "shape") and hasattr(thing, "min") and hasattr(thing, "dtype"):
        refuse_mask("an example", thing)
        if 0 in thing.shape or getattr(thing.dtype, "kind", "f") not in "fiub":
            return thing.tolist() == [] or _is_finite(thing.tolist())
        return math.isfinite(thing.min()) and math.isfinite(thing.max())  # nan comes out of both
    if isinstance(thing, (list, tuple)):
        if thing and type(thing[0]) in (int, float):
            try:
                if math.isfinite(sum(thing)):  # inf and nan come out of a sum, and it is fast
                    return True
            except (TypeError, OverflowError):
                pass
        return all(map(_is_finite, thing))
    try:
        return not _is_number(thing) or math.isfinite(thing)
    except OverflowError:  # an int too large for a float
        return False


def _some_of(numbers: Mapping[Any, int]) -> list[Any]:
    return [*list(numbers)[:MOST_NUMBERS], min(numbers), max(numbers)] if numbers else []


def _is_number(thing: Any) -> bool:
    return isinstance(thing, (int, float)) or (
        hasattr(thing, "dtype") and getattr(thing, "shape", None) == ()
    )


def _form(thing: Any) -> Any:
    """Describe an example by its lengths, at every depth."""
    if hasattr(thing, "shape") and thing.shape:
        return tuple(thing.shape)
    if isinstance(thing, (list, tuple)):
        nested = [item for item in thing[:1] if hasattr(item, "__len__")]
        return (len(thing), tuple(map(_form, thing)) if nested else ())
    return None
