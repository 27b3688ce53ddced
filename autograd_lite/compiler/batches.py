"""Batches: rows of arguments, split into those that one program can run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite.compiler.arguments import FormsDifferError, Rows, count_rows, read, read_rows
from autograd_lite.core.ieee import mean_of

if TYPE_CHECKING:
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.variant import Variant

__all__ = ["mean_of_rows", "means_of", "split_rows"]

FEW = 32
"""So many numbers are added up faster one by one than by NumPy."""


def split_rows(program: Program, columns: Sequence[Any]) -> Iterator[tuple[Variant, int, list[Rows], Any]]:
    """Split rows by their forms, and by the whole numbers that the function has fixed.

    Args:
        program: gives the variant for an example.
        columns: each argument for all rows.

    Yields:
        A variant, how many rows it runs, their arguments, and which rows they are.
    """
    import numpy

    try:
        yield from _split_by_values(program, columns)
    except FormsDifferError:
        for rows in _rows_by_form(columns):
            chosen = [_chosen(column, rows) for column in columns]
            for variant, count, group, places in _split_by_values(program, chosen):
                yield variant, count, group, numpy.array(rows)[places]


def _chosen(column: Any, rows: list[int]) -> Any:
    return column[rows] if isinstance(column, Rows) else [column[row] for row in rows]


def _rows_by_form(columns: Sequence[Any]) -> list[list[int]]:
    """List which rows have the same forms."""
    found: dict[Any, list[int]] = {}
    for row, arguments in enumerate(zip(*columns)):
        forms = [read(argument).form for argument in arguments]
        found.setdefault(tuple([(form.structure, form.key) for form in forms]), []).append(row)
    return list(found.values())


def _split_by_values(
    program: Program, columns: Sequence[Any]
) -> Iterator[tuple[Variant, int, list[Rows], Any]]:
    """Split rows of one form."""
    import numpy

    count = count_rows(columns)
    arguments = [read_rows(column, count) for column in columns]
    left = numpy.arange(count)
    while len(left):
        example = [rows.argument(int(left[0])) for rows in arguments]
        variant = program.variant(example)
        fits = numpy.ones(len(left), bool)
        for (number, place), value in zip(variant.inputs.fixed, variant.inputs.fixed_values):
            fits &= numpy.asarray(arguments[number].array).reshape(count, -1)[left, place] == value
        places = left[fits]
        group = arguments if len(places) == count else [rows[places] for rows in arguments]
        program.sample_row(variant, example)
        yield variant, len(places), group, places
        left = left[~fits]


def mean_of_rows(array: Any) -> float:
    """Compute the mean of an array; that of finite numbers is finite, also where their sum is not."""
    import numpy

    if array.size > FEW:
        with numpy.errstate(over="ignore"):
            mean = float(array.sum() / array.size)
        if math.isfinite(mean):
            return mean
    return mean_of(array.reshape(-1).tolist())


def means_of(found: Sequence[tuple[float, Sequence[float]]]) -> tuple[float, list[float]]:
    """Compute the mean of some numbers, and of their gradients."""
    values, gradients = zip(*found)
    return mean_of(values), [mean_of(column) for column in zip(*gradients)]
