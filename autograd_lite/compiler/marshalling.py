"""Moving numbers to the arrays of a program, and back."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from autograd_lite.compiler.arrays.source import ArraySource
from autograd_lite.compiler.signature import (
    ARRAY,
    Argument,
    Signature,
    SignaturesDifferError,
    count_rows,
    read_rows,
)
from autograd_lite.compiler.tape import Tape

__all__ = ["Inputs", "Leaves"]


class Inputs:
    """The arguments of a traced function: which others fit, and how rows of them become arrays.

    Args:
        arguments: the example on which it was traced.
        fixed: the integers that it fixed, as (argument, position) pairs.
        tape: what it computes.
        dtype: "float64" or "float32".

    Attributes:
        called_with: the signatures of the example.
        signatures: the same, with integers only where they are needed.
        varying: which arguments are not static, and ``varying_signatures`` theirs.
    """

    def __init__(
        self, arguments: Sequence[Argument], fixed: Sequence[tuple[int, int]], tape: Tape, dtype: str
    ) -> None:
        self.fixed, self.tape, self.dtype = fixed, tape, dtype
        self.called_with = [argument.signature for argument in arguments]
        needed = {*fixed, *tape.integer_inputs()}
        self.signatures = [_with_needed(each, number, needed) for number, each in enumerate(self.called_with)]
        self.keys = [each.key for each in self.signatures]  # a dict among them may change later
        self.varying = [number for number, each in enumerate(self.signatures) if each.kind != "static"]
        self.varying_signatures = [self.signatures[number] for number in self.varying]
        self.are_free = all(each.kind == "floats" for each in self.signatures)
        self.fixed_values = [arguments[number].numbers[place] for number, place in fixed]

    def fits(self, arguments: Sequence[Argument]) -> bool:
        """Tell whether arguments of the same structure have the integers and static values that they must."""
        if self.are_free:
            return True
        for signature, key, argument in zip(self.signatures, self.keys, arguments):
            if key != argument.signature.key or not argument.signature.covers(signature):
                return False
        found = [arguments[number].numbers[place] for number, place in self.fixed]
        return found == self.fixed_values

    def numbers(self, arguments: Sequence[Argument]) -> list[Sequence[Any]]:
        """List the numbers of those arguments that vary, as floats where no integer is needed."""
        return [
            [*map(float, arguments[number].numbers)]
            if self.signatures[number].kind == "floats" != arguments[number].signature.kind
            else arguments[number].numbers
            for number in self.varying
        ]

    def columns(self, columns: Sequence[Any]) -> list[Any]:
        """Turn the arguments of some rows into the arrays that a program takes.

        Raises:
            IndexError: if an index is out of the range that the function can take.
            SignaturesDifferError: if the rows have not the signature that was traced.
            ValueError: if the arguments have different numbers of rows.
        """
        for number, signature in enumerate(self.signatures):
            if signature.kind == "static" and read_rows(columns[number]).signature.key != self.keys[number]:
                raise SignaturesDifferError(f"traced for {signature.value!r}, got another")
        ready = [expected.array_of(columns[number]) for number, expected in self._expected]
        if len({*map(len, ready)}) > 1:
            count_rows(columns)  # says what is wrong
        return ready

    @functools.cached_property
    def _expected(self) -> list[tuple[int, Column]]:
        """For each argument that varies its number, and what is expected of it."""
        import numpy

        expected = []
        for number, places in zip(self.varying, self.tape.inputs):
            signature, limits = self.signatures[number], self.tape.bounds
            dtype = numpy.dtype("int64" if signature.kind == "integers" else self.dtype)
            bounds = [(slot, limits[place]) for slot, place in enumerate(places) if place in limits]
            takes_arrays = signature.containers in (None, ARRAY) and signature.kind != "mixed"
            expected.append((number, Column(signature, signature.lengths, dtype, bounds, takes_arrays)))
        return expected

    def check_numbers(self, arguments: Sequence[Argument]) -> None:
        """The same for one row."""
        for number, places in zip(self.varying, self.tape.inputs):
            for place, index in zip(places, arguments[number].numbers):
                bound = self.tape.bounds.get(place)
                if bound is not None and not 0 <= index < bound:
                    raise IndexError(f"an index is a whole number from 0 to {bound - 1}, got {index}")


class Column(NamedTuple):
    """What is expected of an argument of many rows.

    Attributes:
        signature: that of each row, and ``lengths`` its shape.
        dtype: that of the array.
        bounds: the positions of indices, and what they must be below.
        takes_arrays: whether an array may be taken as it is.
    """

    signature: Signature
    lengths: tuple[int, ...]
    dtype: Any
    bounds: list[tuple[int, int]]
    takes_arrays: bool

    def array_of(self, given: Any) -> Any:
        """Turn the argument of some rows into an array.

        An index that is negative or too large is refused: NumPy would take the former from the end.
        """
        import numpy

        array, dtype = given, self.dtype
        is_array = self.takes_arrays and type(array) is numpy.ndarray
        if not is_array or array.dtype != dtype or array.shape[1:] != self.lengths or array.shape == ():
            rows, expected = read_rows(array), self.signature
            is_same = rows.signature is expected or rows.signature.structure == expected.structure
            if not is_same or not rows.signature.covers(expected):
                raise SignaturesDifferError(f"traced for {expected}, got rows of {rows.signature}")
            array = rows.array.astype(dtype, copy=False)
        for slot, bound in self.bounds:
            indices = array.reshape(len(array), -1)[:, slot]
            if indices.min() < 0 or indices.max() >= bound:
                wrong = indices[(indices < 0) | (indices >= bound)][0]
                raise IndexError(f"an index is a whole number from 0 to {bound - 1}, got {int(wrong)}")
        return array


def _with_needed(signature: Signature, number: int, needed: Collection[tuple[int, int]]) -> Signature:
    """Return the signature of an argument with integers only where they are needed."""
    places = [place for argument, place in needed if argument == number]
    if signature.kind == "mixed" or (signature.kind == "integers" and not places):
        return signature.with_integers(places)
    return signature


class Leaves:
    """The leaves of a trace: its parameters, frozen and random numbers, in the arrays of a program.

    Args:
        tape: what was traced.
        source: the program.
        dtype: "float64" or "float32".
    """

    def __init__(self, tape: Tape, source: ArraySource, dtype: str) -> None:
        self.tape, self.source, self.dtype = tape, source, dtype
        self._last_frozen: tuple[list[float] | None, list[Any]] = (None, [])

    def parameters(self, numbers: Sequence[float]) -> list[Any]:
        """Put the parameters, given in their order, into arrays."""
        import numpy

        data = numpy.array(numbers, self.dtype)
        return [data[vector.places].reshape(vector.shape) for vector in self.source.parameters]

    def frozen(self) -> list[Any]:
        """Put the frozen leaves, as they are now, into arrays; the same arrays as long as they stay."""
        numbers = self.tape.frozen_numbers()
        if numbers != self._last_frozen[0] or numbers != numbers:
            import numpy

            places = {place: number for number, (_, place) in enumerate(self.tape.frozen)}
            data = numpy.array(numbers, self.dtype)
            arrays = [
                data[[places[int(place)] for place in vector.places]].reshape(vector.shape)
                for vector in self.source.frozen
            ]
            self._last_frozen = (numbers, arrays)
        return self._last_frozen[1]

    def random(self, rows: int) -> list[Any]:
        """Draw the random leaves of some rows."""
        return [vector.source.draw((rows, *vector.shape), self.dtype) for vector in self.source.random]

    def gradient(self, arrays: Sequence[Any]) -> list[float]:
        """Put the gradients of the parameters' arrays into the parameters' order."""
        import numpy

        flat = numpy.zeros(len(self.tape.parameters))
        for vector, array in zip(self.source.parameters, arrays):
            flat[vector.places] = numpy.asarray(array).reshape(-1)
        gradient: list[float] = flat.tolist()
        return gradient
