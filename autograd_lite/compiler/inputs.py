"""What one traced form of a function takes: which arguments fit, and how rows of them become arrays."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import Any

from autograd_lite.compiler.arguments import (
    ARRAY,
    Argument,
    Form,
    FormsDifferError,
    Rows,
    count_rows,
    read,
    read_rows,
)
from autograd_lite.compiler.tape import Tape

__all__ = ["Inputs"]


class Inputs:
    """The arguments of a traced function.

    Args:
        arguments: the example on which it was traced.
        fixed: the whole numbers that it fixed, as (argument, position) pairs.
        tape: what it computes.
        dtype: "float64" or "float32".

    Attributes:
        called_with: the forms of the example.
        forms: the same, in which only those numbers are whole that must be.
        varying: which arguments are not fixed.
    """

    def __init__(
        self, arguments: Sequence[Argument], fixed: Sequence[tuple[int, int]], tape: Tape, dtype: str
    ) -> None:
        self.fixed, self.tape, self.dtype = fixed, tape, dtype
        self.called_with = [argument.form for argument in arguments]
        needed = {*fixed, *tape.wholes_of_inputs()}
        self.forms = [_with_needed(form, number, needed) for number, form in enumerate(self.called_with)]
        self.keys = [form.key for form in self.forms]  # a dict among them may change later
        self.varying = [number for number, form in enumerate(self.forms) if form.kind != "fixed"]
        self.varying_forms = [self.forms[number] for number in self.varying]
        self.are_free = all(form.kind == "floats" for form in self.forms)
        self.fixed_values = [arguments[number].numbers[place] for number, place in fixed]

    def fits(self, arguments: Sequence[Argument]) -> bool:
        """Tell whether arguments of the same structure are whole, or fixed, as they must be."""
        if self.are_free:
            return True
        for form, key, argument in zip(self.forms, self.keys, arguments):
            if key != argument.form.key or not argument.form.covers(form):
                return False
        found = [arguments[number].numbers[place] for number, place in self.fixed]
        return found == self.fixed_values

    def numbers(self, arguments: Sequence[Argument]) -> list[Sequence[Any]]:
        """List the numbers of those arguments that vary, as floats where they need not be whole."""
        return [
            [*map(float, arguments[number].numbers)]
            if self.forms[number].kind == "floats" != arguments[number].form.kind
            else arguments[number].numbers
            for number in self.varying
        ]

    def one_row(self, arguments: Sequence[Argument]) -> list[Rows]:
        """Make a batch of one row of the arguments of one example."""
        import numpy

        return [
            Rows(argument.form, [argument.form.value])
            if argument.form.kind == "fixed"
            else Rows(argument.form, numpy.array([argument.numbers]).reshape(1, *argument.form.lengths))
            for argument in arguments
        ]

    def columns(self, columns: Sequence[Any]) -> list[Any]:
        """Turn the arguments of some rows into the arrays that a program takes.

        Raises:
            IndexError: if an index is out of the range that the function can take.
            FormsDifferError: if the rows have not the form that was traced.
            ValueError: if the arguments have different numbers of rows.
        """
        for number, form in enumerate(self.forms):
            if form.kind == "fixed":
                given = columns[number]
                found = [given.form] if isinstance(given, Rows) else [read(item).form for item in given]
                if any(one.key != self.keys[number] for one in found):
                    raise FormsDifferError(f"traced for {form.value!r}, got another")
        ready = [self._column(columns[number], *expected) for number, expected in self._expected]
        if len({*map(len, ready)}) > 1:
            count_rows(columns)  # says what is wrong
        return ready

    @functools.cached_property
    def _expected(self) -> list[tuple[int, tuple[Form, tuple[int, ...], Any, list[tuple[int, int]], bool]]]:
        """For each argument that varies its number; and what a column of it must be, for ``_column``."""
        import numpy

        expected = []
        for number, places in zip(self.varying, self.tape.inputs):
            form, limits = self.forms[number], self.tape.bounds
            dtype = numpy.dtype("int64" if form.kind == "wholes" else self.dtype)
            bounds = [(slot, limits[place]) for slot, place in enumerate(places) if place in limits]
            takes_arrays = form.containers in (None, ARRAY) and form.kind != "mixed"
            expected.append((number, (form, form.lengths, dtype, bounds, takes_arrays)))
        return expected

    def _column(
        self,
        array: Any,
        form: Form,
        lengths: tuple[int, ...],
        dtype: Any,
        bounds: list[tuple[int, int]],
        takes_arrays: bool,
    ) -> Any:
        """Turn one argument of some rows into an array.

        Args:
            array: the argument.
            form, lengths, dtype: what it must have in common, the shape of a row, and the type of the array.
            bounds: the positions of indices, and what they must be below.
            takes_arrays: whether an array may be taken as it is.

        An index that is negative or too large is refused: NumPy would take the former from the end.
        """
        if (
            not (takes_arrays and hasattr(array, "dtype"))
            or array.dtype != dtype
            or array.shape[1:] != lengths
            or array.shape == ()
        ):
            rows = read_rows(array)
            if rows.form is not form and not (
                rows.form.structure == form.structure and rows.form.covers(form)
            ):
                raise FormsDifferError(f"traced for {form}, got rows of {rows.form}")
            array = rows.array.astype(dtype, copy=False)
        for slot, bound in bounds:
            indices = array.reshape(len(array), -1)[:, slot]
            if indices.min() < 0 or indices.max() >= bound:
                wrong = indices[(indices < 0) | (indices >= bound)][0]
                raise IndexError(f"an index is a whole number from 0 to {bound - 1}, got {int(wrong)}")
        return array

    def check_numbers(self, arguments: Sequence[Argument]) -> None:
        """The same for one row."""
        for number, places in zip(self.varying, self.tape.inputs):
            for place, index in zip(places, arguments[number].numbers):
                bound = self.tape.bounds.get(place)
                if bound is not None and not 0 <= index < bound:
                    raise IndexError(f"an index is a whole number from 0 to {bound - 1}, got {index}")


def _with_needed(form: Form, number: int, needed: Collection[tuple[int, int]]) -> Form:
    """Give the form of an argument, in which only those numbers are whole that must be."""
    places = [place for argument, place in needed if argument == number]
    if form.kind == "mixed" or (form.kind == "wholes" and not places):
        return form.with_wholes(places)
    return form
