"""The examples as a compiled program takes them: in columns, put in order and cut into batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd_lite.compiler.lengths import RowsOfLengths, rows_of_lengths
from autograd_lite.compiler.reading import read
from autograd_lite.compiler.signature import Rows, SignaturesDifferError, signature_of

__all__ = ["as_one", "chosen", "in_array", "in_batches"]

AT_ONCE = 2**20
"""About so many numbers are put in the order of an epoch together."""


def as_one(rows: Any) -> Rows:
    """Let all rows be one example: a list of them."""
    if not isinstance(rows, Rows) or rows.signature.kind not in ("floats", "integers"):
        raise ValueError("the examples of a batch have several forms, and the model maps whole batches")
    each = rows.signature
    return Rows(signature_of(each.kind, (len(rows), *each.shape), (list, each.containers)), rows.array[None])


def in_array(column: Any) -> Any:
    """Put the arguments of all examples into an array, if they have one form; else take each apart once."""
    try:
        return rows_of_lengths(column)
    except SignaturesDifferError:
        return [read(argument) for argument in column]


def chosen(column: Any, rows: Sequence[int]) -> Any:
    """Return the arguments of some rows."""
    import numpy

    if rows == range(len(column)):
        return column
    if isinstance(column, RowsOfLengths):
        return column.chosen(rows)
    return column[numpy.asarray(rows)] if isinstance(column, Rows) else [column[row] for row in rows]


def in_batches(columns: Sequence[Any], rows: Sequence[int], size: int) -> Iterator[list[Any]]:
    """Iterate over the batches of an epoch: many are put in order together, and cut."""
    numbers = sum(math.prod(column.array.shape[1:]) for column in columns if isinstance(column, Rows))
    together = max(AT_ONCE // max(numbers * size, 1), 1) * size
    for start in range(0, len(rows), together):
        several = rows[start : start + together]
        found = [chosen(column, several) for column in columns]
        for at in range(0, len(several), size):
            yield [_between(column, at, at + size) for column in found]


def _between(column: Any, start: int, stop: int) -> Any:
    rows = range(*slice(start, stop).indices(len(column)))
    return column.chosen(rows) if isinstance(column, RowsOfLengths) else column[start:stop]
