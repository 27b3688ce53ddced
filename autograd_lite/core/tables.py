"""Data as people have them: tables of pandas or polars become rows, a column of numbers a list of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite.core.coercion import check_pairs, check_rows, is_plain

__all__ = ["as_column", "as_pairs", "as_rows", "item_of"]

MISSING = ("NAType", "NaTType", "NoneType")
"""The types of what stands in a table where nothing does."""


def as_rows(name: str, data: Any, *, text: bool = False) -> Sequence[Any]:
    """Return examples or targets as a list or an array of rows; those that are one stay as they are.

    Args:
        name: what to call them.
        data: a list, an array, a tensor of PyTorch, or a DataFrame or Series of pandas or polars. What
            is missing there becomes nan, and an array's True and False become 1 and 0.
        text: whether a table may hold other things than numbers.

    Raises:
        TypeError: if they are no rows in an order, or a table holds something else than real
            numbers; the message names the column.

    Example:
        >>> as_rows("X", [[1.0, 2.0]])
        [[1.0, 2.0]]
    """
    if _is_table(data):
        return _rows_of_table(name, data, text)
    if _is_tensor(data):
        return _of_usual_dtype(data.detach().cpu().numpy())
    check_rows(name, data)
    if len(data) and _is_tensor(data[0]):  # a list of tensors
        return [row.tolist() for row in data]
    if len(data) and _is_table(data[0]):  # a list of rows of a table
        return [_rows_of_table(name, row, text) for row in data]
    return _of_usual_dtype(data)


def as_pairs(X: Any, y: Any, *, text: bool = False) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return examples and targets as rows; see ``as_rows``.

    Raises:
        TypeError: as there.
        ValueError: if there are not as many targets as examples.
    """
    rows, targets = as_rows("X", X, text=text), as_rows("y", y, text=text)
    check_pairs(rows, targets)
    return rows, targets


def as_column(name: str, data: Any) -> list[Any]:
    """List what stands in a column: an item for each row; a row of one, as of shape (N, 1), gives its item.

    Raises:
        TypeError: if they are no rows in an order.

    Example:
        >>> as_column("y", [[1], [0]]), as_column("y", "ab".split())
        ([1, 0], ['ab'])
    """
    return [item_of(row) for row in as_rows(name, data, text=True)]


def item_of(row: Any) -> Any:
    """Return the one item of a row of one, as a plain number if it is NumPy's; else the row itself."""
    if type(row) is str:
        return row
    if getattr(row, "shape", None) != () and hasattr(row, "__len__"):
        return item_of(row[0]) if len(row) == 1 else row
    return row.item() if hasattr(row, "item") else row


def _is_tensor(thing: Any) -> bool:
    """Tell whether something is a tensor of PyTorch."""
    return type(thing).__name__ == "Tensor" and all(
        hasattr(thing, each) for each in ("detach", "cpu", "numpy")
    )


def _is_table(thing: Any) -> bool:
    return hasattr(thing, "to_numpy") and not isinstance(thing, type)


def _rows_of_table(name: str, table: Any, text: bool) -> Sequence[Any]:
    if not text:
        for title, column in _columns_of(table):
            _check_numbers(name if title is None else f"the column {title!r} of {name}", column)
    array = table.to_numpy()
    kind = getattr(array.dtype, "kind", "O")
    if kind in "fiub":
        return _of_usual_dtype(array)
    return [_plain(row) for row in array.tolist()] if kind == "O" else list(array)


def _columns_of(table: Any) -> Iterable[tuple[Any, Any]]:
    """Name the columns of a table, each an array of its own type; that of a Series has no name."""
    if hasattr(table, "iter_columns"):  # polars
        return [(column.name, column.to_numpy()) for column in table.iter_columns()]
    if hasattr(table, "columns") and hasattr(table, "items"):  # pandas
        return [(name, column.to_numpy()) for name, column in table.items()]
    return [(None, table.to_numpy())]


def _check_numbers(name: str, column: Any) -> None:
    """Raise a TypeError if something in a column is neither a number, nor missing, nor a row of them."""
    kind = getattr(column.dtype, "kind", "O")
    others = [] if kind in "fiub" else list(column[:1])
    if kind == "O":
        others = [item for item in column if not (is_plain(_plain(item)) or _is_row(item))]
    for item in others[:1]:
        raise TypeError(
            f"{name} holds {item!r}, which is no real number: number words with "
            "preprocess.LabelEncoder() or one_hot, or leave the column out"
        )


def _is_row(item: Any) -> bool:
    return hasattr(item, "__len__") and not isinstance(item, (str, bytes))


def _of_usual_dtype(rows: Any) -> Sequence[Any]:
    """Return rows; an array of bools as whole numbers, one of floats longer than a Value's as such."""
    dtype: Any = getattr(rows, "dtype", None)
    kind = getattr(dtype, "kind", "")
    if kind == "b" or (kind == "f" and dtype.itemsize > 8):
        rows = rows.astype("int64" if kind == "b" else "float64")
    listed: Sequence[Any] = rows
    return listed


def _plain(item: Any) -> Any:
    """Return an item, or the items of a row, as plain numbers, nan for what is missing, or as they are."""
    if isinstance(item, list):
        return [_plain(each) for each in item]
    if type(item).__name__ in MISSING:
        return math.nan
    if type(item).__name__ == "Decimal":
        return float(item)
    return int(item) if isinstance(item, bool) else item
