"""How good predictions are: who is taken for whom, and how much of the targets is explained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd_lite.core.coercion import is_plain
from autograd_lite.core.suggestions import show_only_public
from autograd_lite.core.tables import as_column, as_rows
from autograd_lite.training.predict import accuracy

__all__ = ["Scores", "accuracy", "confusion_matrix", "precision_recall_f1", "r2"]


class Scores(NamedTuple):
    """How well a class is found, each from 0 to 1."""

    precision: float
    recall: float
    f1: float


def confusion_matrix(predicted: Any, targets: Any, classes: Sequence[Any] | None = None) -> list[list[int]]:
    """Count who is taken for whom.

    Args:
        predicted: N classes, as ``predict_class`` gives; a list, an array or a Series.
        targets: N classes, the true ones.
        classes: which there are, in the order wanted; None for those that occur, sorted.

    Returns:
        For each true class a row: how often each class was predicted for it. So what is right
        stands on the diagonal; ``plot.heatmap`` draws it.

    Raises:
        TypeError: if something is no class, such as a list of logits.
        ValueError: if there are not as many predicted as targets, or none, or one that is not in classes.

    Example:
        >>> confusion_matrix(["cat", "cat", "dog"], ["cat", "dog", "dog"])
        [[1, 0], [1, 1]]

    Source: as ``sklearn.metrics.confusion_matrix``, where the targets come first.
    """
    found, true = _classes_of(predicted, targets)
    places = {each: place for place, each in enumerate(_sorted(found + true) if classes is None else classes)}
    matrix = [[0] * len(places) for _ in places]
    for one, other in zip(found, true):
        for each in (one, other):
            if each not in places:
                raise ValueError(f"{each!r} is none of the classes {list(places)}")
        matrix[places[other]][places[one]] += 1
    return matrix


def precision_recall_f1(predicted: Any, targets: Any, positive: Any = None) -> Scores:
    """Compute how well a class is found, or the mean of that over the classes.

    Formula:
        `precision = hits / predicted as it,  recall = hits / all that are it`,
        `F1 = 2 precision · recall / (precision + recall)`;  0 where a divisor is 0

    Args:
        predicted, targets: N classes each, as for ``confusion_matrix``.
        positive: the class to find, such as 1; None for the mean over all that occur.

    Returns:
        The three numbers, as ``Scores(precision, recall, f1)``.

    Raises:
        TypeError, ValueError: as ``confusion_matrix``; also if the positive class does not occur.

    Example:
        >>> precision_recall_f1([1, 1, 0, 0], [1, 0, 0, 0], positive=1)
        Scores(precision=0.5, recall=1.0, f1=0.6666666666666666)

    Source: as ``sklearn.metrics.precision_recall_fscore_support``; the mean is "macro" there.
    """
    found, true = _classes_of(predicted, targets)
    classes = _sorted(found + true)
    if positive is not None and positive not in classes:
        raise ValueError(f"positive is one of the classes {classes}, got {positive!r}")
    each = [_scores_of(found, true, one) for one in classes if positive is None or one == positive]
    return Scores(*(math.fsum(numbers) / len(each) for numbers in zip(*each)))


def r2(outputs: Any, targets: Any) -> float:
    """Compute the share of the targets' variance that is explained, the coefficient of determination.

    Formula:
        `R² = 1 - Σ_n (t[n] - f[n])² / Σ_n (t[n] - mean t)²`

        It is 1 for all right, 0 for always the mean, and negative for worse. Targets that do not
        vary have 1 if all are right, else 0. Of several outputs, it is the mean.

    Args:
        outputs: N numbers, or N rows of several, as ``predict`` gives.
        targets: as many.

    Raises:
        TypeError: if something is no number.
        ValueError: if they differ in number or in form, or there are fewer than two.

    Example:
        >>> r2([1.0, 2.0, 3.5], [1.0, 2.0, 3.0])
        0.875

    Source: as ``sklearn.metrics.r2_score``, where the targets come first.
    """
    pair = [_table_of(name, data) for name, data in (("outputs", outputs), ("targets", targets))]
    forms = [(len(rows), {*map(len, rows)}) for rows in pair]
    if forms[0] != forms[1] or len(forms[0][1]) != 1 or len(pair[0]) < 2:
        raise ValueError(
            f"r2 compares two outputs or more with targets of the same form, got {len(pair[0])} outputs of "
            f"{sorted(forms[0][1])} numbers and {len(pair[1])} targets of {sorted(forms[1][1])}"
        )
    shares = [_explained(f, t) for f, t in zip(*(zip(*rows) for rows in pair))]
    return math.fsum(shares) / len(shares)


def _classes_of(predicted: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    found, true = as_column("predicted", predicted), as_column("targets", targets)
    if len(found) != len(true) or not true:
        raise ValueError(f"as many targets as predicted, at least one: got {len(true)} and {len(found)}")
    for each in found + true:
        if not isinstance(each, str) and not (is_plain(each) and each == each // 1):
            raise TypeError(
                f"a class is a whole number or a word, got {each!r}: of outputs, predict_class makes classes"
            )
    return found, true


def _sorted(classes: list[Any]) -> list[Any]:
    each = set(classes)
    return sorted(each, key=lambda one: (isinstance(one, str), one))


def _scores_of(found: list[Any], true: list[Any], positive: Any) -> Scores:
    hits = sum(one == other == positive for one, other in zip(found, true))
    chosen, there = found.count(positive), true.count(positive)
    return Scores(hits / (chosen or 1), hits / (there or 1), 2 * hits / (chosen + there))


def _table_of(name: str, data: Any) -> list[list[float]]:
    rows = [row if hasattr(row, "__len__") else [row] for row in as_rows(name, data)]
    for number in (number for row in rows for number in row):
        if not is_plain(number):
            raise TypeError(f"{name} are numbers, or rows of numbers, got {number!r}")
    return [[float(number) for number in row] for row in rows]


def _explained(outputs: Sequence[float], targets: Sequence[float]) -> float:
    middle = math.fsum(targets) / len(targets)
    missed = math.fsum((t - f) ** 2 for f, t in zip(outputs, targets))
    spread = math.fsum((t - middle) ** 2 for t in targets)
    return 1.0 - missed / spread if spread else float(not missed)


show_only_public(__name__)
