"""Batches: rows of arguments, split into those that one program can run, and their means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd_lite.compiler.cache import Cache
from autograd_lite.compiler.reading import read, read_rows
from autograd_lite.compiler.signature import Argument, Rows, SignaturesDifferError
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.core.ieee import mean_of

__all__ = ["Found", "Part", "mean_of_rows", "means_of", "split_rows"]

FEW = 16
"""So many numbers are added up faster one by one than by NumPy."""
Found = tuple[float, list[float]]
"""A number, and its derivative by each parameter."""


class Part(NamedTuple):
    """Rows of a batch that one program runs.

    Attributes:
        specialization: the trace that they fit.
        example: the arguments of the first of them.
        columns: their arguments.
        rows: which rows they are.
    """

    specialization: Specialization
    example: list[Argument]
    columns: list[Rows]
    rows: Any


def split_rows(cache: Cache, columns: Sequence[Any]) -> Iterator[Part]:
    """Split rows by their signatures, and by the integers that the function has fixed.

    Args:
        cache: finds the trace that an example fits.
        columns: each argument for all rows.
    """
    import numpy

    try:
        yield from _split_by_values(cache, columns)
    except SignaturesDifferError:
        for rows in _rows_by_signature(columns):
            chosen = [
                each[rows] if isinstance(each, Rows) else [each[row] for row in rows] for each in columns
            ]
            for part in _split_by_values(cache, chosen):
                yield part._replace(rows=numpy.array(rows)[part.rows])


def _rows_by_signature(columns: Sequence[Any]) -> list[list[int]]:
    """List which rows have the same signatures."""
    found: dict[Any, list[int]] = {}
    for row, arguments in enumerate(zip(*columns)):
        forms = tuple([read(argument).signature.form for argument in arguments])
        found.setdefault(forms, []).append(row)
    return list(found.values())


def _split_by_values(cache: Cache, columns: Sequence[Any]) -> Iterator[Part]:
    """Split rows of one structure."""
    import numpy

    arguments = [read_rows(column) for column in columns]
    count = len(arguments[0])
    left = numpy.arange(count)
    while len(left):
        example = [rows.argument(int(left[0])) for rows in arguments]
        specialization = cache.find(example)
        inputs = specialization.inputs
        fits = numpy.ones(len(left), bool)
        for (number, position), value in zip(inputs.fixed, inputs.fixed_values):
            fits &= arguments[number].array.reshape(count, -1)[left, position] == value
        rows = left[fits]
        chosen = arguments if len(rows) == count else [each[rows] for each in arguments]
        yield Part(specialization, example, chosen, rows)
        left = left[~fits]


def mean_of_rows(array: Any) -> float:
    """Compute the mean of an array; that of finite numbers is finite, also where their sum is not.

    NumPy's warnings are off where it is called.
    """
    import numpy

    if array.size == 1:
        return float(array.item())
    if array.size > FEW:
        mean: float = float(numpy.add.reduce(array, axis=None)) / array.size
        if math.isfinite(mean):
            return mean
    return mean_of(array.reshape(-1).tolist())


def means_of(found: Sequence[Found]) -> Found:
    """Compute the mean of some numbers, and of their gradients."""
    if len(found) == 1:
        return found[0]
    values, gradients = zip(*found)
    return mean_of(values), [mean_of(column) for column in zip(*gradients)]
