"""Data made ready for a network: features of one scale, and words as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

from autograd_lite.core.coercion import as_float
from autograd_lite.core.suggestions import show_only_public
from autograd_lite.core.tables import as_column, as_rows
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import check_size, inputs_of

__all__ = ["LabelEncoder", "Standardize", "one_hot"]


class Standardize(Module):
    """Each feature is shifted and scaled to mean 0 and variance 1, as it was in the data it was fitted to.

    As a module it can stand in a model, before the first layer: then its numbers are saved and
    loaded with the model's. They are not trained.

    Formula:
        `y[i] = (x[i] - mean[i]) / scale[i],  scale[i] = √(1/N Σ_n (x[n][i] - mean[i])²)`, or 1 for 0

    Args:
        width: how many features, to load what was saved; None to take it from the data.

    Returns:
        When called with one example: a list of width Values; of width 1, the Value itself.

    Raises:
        RuntimeError: when used, if it knows no width yet.
        ValueError: when called, if the number of inputs is not width.

    Example:
        >>> scaler = Standardize().fit([[1.0, 50.0], [3.0, 50.0]])
        >>> scaler.transform([[1.0, 50.0], [2.0, 51.0]])
        [[-1.0, 0.0], [0.0, 1.0]]
        >>> scaler.inverse([[0.0, 1.0]])
        [[2.0, 51.0]]

    Source: lectures C6; as ``sklearn.preprocessing.StandardScaler``.
    """

    buffers = ("mean", "scale")

    def __init__(self, width: int | None = None) -> None:
        if width is not None:
            check_size("width", width)
        self.mean = [Value(0.0) for _ in range(width or 0)]
        self.scale = [Value(1.0) for _ in range(width or 0)]

    def fit(self, X: Any) -> Self:
        """Take the mean and the scale of each feature from N examples, and return the module.

        Args:
            X: rows of features, or N numbers, such as targets; a list, an array or a table.

        Raises:
            TypeError, ValueError: if there are none, they differ in length, or a number is not finite.
        """
        columns = [*zip(*_table_of(X, len(self.mean)))]
        means = [math.fsum(column) / len(column) for column in columns]
        spreads = [
            math.hypot(*(x - middle for x in column)) / math.sqrt(len(column))
            for column, middle in zip(columns, means)
        ]
        if not self.mean:
            self.mean, self.scale = [Value(0.0) for _ in columns], [Value(1.0) for _ in columns]
            self._made()
        for value, number in zip(self.mean + self.scale, means + spreads):
            value.data = number
        for value, middle in zip(self.scale, means):
            if value.data <= 1e-15 * abs(middle):  # what rounding leaves of a feature that does not vary
                value.data = 1.0
        return self

    def transform(self, X: Any) -> list[Any]:
        """Shift and scale N examples, rows of features or numbers, and return them as plain floats."""
        return self._mapped(X, lambda x, mean, scale: (x - mean) / scale)

    def inverse(self, X: Any) -> list[Any]:
        """Undo ``transform``: of what a model predicts for standardized targets, in the targets' unit."""
        return self._mapped(X, lambda x, mean, scale: x * scale + mean)

    def __call__(self, x: Any) -> Any:
        """Shift and scale one example, of Values or numbers."""
        inputs = inputs_of(x, self._known())
        outputs = [(each - mean) / scale for each, mean, scale in zip(inputs, self.mean, self.scale)]
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        return f"Standardize({len(self.mean) or ''})"

    def _known(self) -> int:
        if not self.mean:
            raise RuntimeError("Standardize knows no mean yet: call fit(X), or give the width and load")
        return len(self.mean)

    def _mapped(self, X: Any, map_one: Any) -> list[Any]:
        rows = as_rows("X", X)
        table = _table_of(rows, self._known()) if len(rows) else []
        numbers = [(mean.data, scale.data) for mean, scale in zip(self.mean, self.scale)]
        found = [[map_one(x, *pair) for x, pair in zip(row, numbers)] for row in table]
        return [row[0] for row in found] if len(rows) and not hasattr(rows[0], "__len__") else found


class LabelEncoder:
    """Numbers words, or other labels: 0, 1, 2, ... in their order.

    Args:
        classes: the labels, in the order wanted; None to take them from the data, sorted.

    Attributes:
        classes: the labels; the number of each is its place.

    Example:
        >>> encoder = LabelEncoder().fit(["dog", "cat", "dog"])
        >>> encoder.classes, encoder.transform(["dog", "cat"]), encoder.inverse([1, 1])
        (['cat', 'dog'], [1, 0], ['dog', 'dog'])

    Source: as ``sklearn.preprocessing.LabelEncoder``.
    """

    def __init__(self, classes: Sequence[Any] | None = None) -> None:
        self.classes = [] if classes is None else as_column("classes", classes)
        if len({*self.classes}) != len(self.classes):
            raise ValueError(f"each class once, got {self.classes}")

    def fit(self, labels: Any) -> Self:
        """Take the classes from N labels: a list, an array or a Series; returns the encoder.

        Raises:
            TypeError: if they cannot be sorted, such as words beside numbers: give classes.
            ValueError: if there are none, or one is missing (nan or None).
        """
        listed = as_column("labels", labels)
        missing = next((place for place, each in enumerate(listed) if each is None or each != each), None)
        if missing is not None or not listed:
            raise ValueError("there are no labels" if missing is None else f"label {missing} is missing")
        try:
            self.classes = sorted({*listed})
        except TypeError:
            raise TypeError("labels of several types have no order: give LabelEncoder(classes)") from None
        return self

    def transform(self, labels: Any) -> list[int]:
        """Return the number of each label.

        Raises:
            ValueError: if there is another than those it was fitted to.
        """
        places = {each: place for place, each in enumerate(self.classes)}
        listed = as_column("labels", labels)
        for each in listed:
            if each not in places:
                raise ValueError(f"the label {each!r} is none of the classes {self.classes}")
        return [places[each] for each in listed]

    def inverse(self, numbers: Any) -> list[Any]:
        """Return the label of each number, as of what ``predict_class`` gives.

        Raises:
            ValueError: if a number is no whole number from 0 to K - 1.
        """
        return [self.classes[each] for each in _whole(as_column("numbers", numbers), len(self.classes))]

    def __repr__(self) -> str:
        return f"LabelEncoder({self.classes})"


def one_hot(labels: Any, classes: int | Sequence[Any] | None = None) -> list[list[float]]:
    """Turn each label into a row with 1 at the place of its class and 0 elsewhere.

    Args:
        labels: N labels: a list, an array or a Series of whole numbers or words.
        classes: how many classes there are, numbered from 0; or which, in the order wanted;
            None to take them from the labels: whole numbers from 0 to the largest, or words, sorted.

    Returns:
        N rows of K floats.

    Raises:
        TypeError, ValueError: if a label is none of the classes.

    Example:
        >>> one_hot([2, 0]), one_hot(["b", "a"])
        ([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])

    Source: lectures B5.
    """
    listed = as_column("labels", labels)
    if isinstance(classes, int) or (classes is None and not any(isinstance(each, str) for each in listed)):
        count = classes if isinstance(classes, int) else None
        numbers = _whole(listed, count)
        count = count or max(numbers, default=0) + 1
    else:
        encoder = LabelEncoder(classes) if classes is not None else LabelEncoder().fit(listed)
        numbers, count = encoder.transform(listed), len(encoder.classes)
    return [[float(place == number) for place in range(count)] for number in numbers]


def _whole(numbers: list[Any], count: int | None) -> list[int]:
    """Take whole numbers, also as floats, from 0 to count - 1."""
    for each in numbers:
        if as_float(each) != each // 1 or each < 0 or (count is not None and each >= count):
            upper = "" if count is None else f" to {count - 1}"
            raise ValueError(f"a class is a whole number from 0{upper}, got {each!r}")
    return [int(each) for each in numbers]


def _table_of(X: Any, width: int) -> list[list[float]]:
    """Put examples into rows of floats, one of a number alone, of the width given or, for 0, of any."""
    rows = [row if hasattr(row, "__len__") else [row] for row in as_rows("X", X)]
    table = [[as_float(item) for item in row] for row in rows]
    widths = {*map(len, table)}
    if len(widths) != 1 or widths == {0} or (width and widths != {width}):
        raise ValueError(f"examples are rows of {width or 'as many'} numbers each, got {sorted(widths)}")
    for index, row in enumerate(table):
        if not all(map(math.isfinite, row)):
            raise ValueError(f"example {index} holds a number that is inf or nan: remove or replace it")
    return table


show_only_public(__name__)
