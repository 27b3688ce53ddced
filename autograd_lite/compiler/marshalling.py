"""Moving numbers to the arrays of a program, and back."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite.compiler.arrays.source import ArraySource
from autograd_lite.compiler.reading import read_rows
from autograd_lite.compiler.signature import Argument, Signature, SignaturesDifferError
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
        bounds: for each argument the positions of indices, and what they must be below.
        varying: which arguments are not static, and ``varying_signatures`` theirs.
    """

    def __init__(
        self, arguments: Sequence[Argument], fixed: Sequence[tuple[int, int]], tape: Tape, dtype: str
    ) -> None:
        self.fixed, self.dtype = fixed, dtype
        self.called_with = [argument.signature for argument in arguments]
        self.signatures: list[Signature] = []
        self.bounds: list[list[tuple[int, int]]] = []
        integers = tape.integers.union(tape.inputs[number][position] for number, position in fixed)
        for signature, inputs in zip(self.called_with, tape.inputs):
            places = [*enumerate(inputs)]
            self.signatures.append(signature.needing([at for at, place in places if place in integers]))
            self.bounds.append([(at, tape.bounds[place]) for at, place in places if place in tape.bounds])
        self.keys = [each.key for each in self.signatures]  # a dict among them may change later
        self.varying = [number for number, each in enumerate(self.signatures) if each.kind != "static"]
        self.varying_signatures = [self.signatures[number] for number in self.varying]
        self.are_free = all(each.kind == "floats" for each in self.signatures)
        self.fixed_values = [arguments[number].numbers[position] for number, position in fixed]

    def fits(self, arguments: Sequence[Argument]) -> bool:
        """Tell whether arguments of the same structure have the integers and static values that they must."""
        if self.are_free:
            return True
        for signature, key, argument in zip(self.signatures, self.keys, arguments):
            if key != argument.signature.key or not argument.signature.covers(signature):
                return False
        found = [arguments[number].numbers[position] for number, position in self.fixed]
        return found == self.fixed_values

    def numbers(self, arguments: Sequence[Argument]) -> list[Sequence[Any]]:
        """List the numbers of those arguments that vary, as floats where no integer is needed."""
        return [
            [*map(float, arguments[number].numbers)]
            if self.signatures[number].kind == "floats" != arguments[number].signature.kind
            else arguments[number].numbers
            for number in self.varying
        ]

    def check_numbers(self, arguments: Sequence[Argument]) -> None:
        """Raise an IndexError if an index of one row is out of the range that the function can take."""
        for argument, bounds in zip(arguments, self.bounds):
            for position, bound in bounds:
                index = argument.numbers[position]
                if not 0 <= index < bound:
                    raise _out_of_range(index, bound)

    def columns(self, columns: Sequence[Any]) -> list[Any]:
        """Turn the arguments of some rows into the arrays that a program takes.

        Raises:
            IndexError: if an index is out of the range that the function can take.
            SignaturesDifferError: if the rows have not the signature that was traced.
        """
        self._check_static(columns)
        return [
            _as_array(columns[number], signature, dtype, bounds)
            for number, signature, dtype, bounds in self._expected
        ]

    def lists(self, columns: Sequence[Any]) -> list[Sequence[Sequence[Any]]]:
        """List the numbers of each row, for each argument that a program on floats takes; see ``columns``."""
        self._check_static(columns)
        found = []
        for number, signature, dtype, bounds in self._expected:
            listed = _as_listed(columns[number], signature)
            if listed is None:
                array = _as_array(columns[number], signature, dtype, bounds)
                listed = (array if array.ndim == 2 else array.reshape(len(array), -1)).tolist()
            found.append(listed)
        return found

    def _check_static(self, columns: Sequence[Any]) -> None:
        """Raise a SignaturesDifferError if what is no number is something else than what was traced."""
        if len(self.varying) == len(self.signatures):
            return
        for number, signature in enumerate(self.signatures):
            if signature.kind == "static" and read_rows(columns[number]).signature.key != self.keys[number]:
                raise SignaturesDifferError(f"traced for {signature.value!r}, got another")

    @functools.cached_property
    def _expected(self) -> list[tuple[int, Signature, Any, Any]]:
        """For each argument that varies its number, its signature, the dtype of its array, and the bounds."""
        import numpy

        dtypes = {"integers": numpy.dtype("int64")}
        return [
            (number, signature, dtypes.get(signature.kind, numpy.dtype(self.dtype)), self._limits(number))
            for number, signature in zip(self.varying, self.varying_signatures)
        ]

    def _limits(self, number: int) -> Any:
        """For an argument the positions of indices, what each is below, and the lowest bound; or None."""
        import numpy

        if not self.bounds[number]:
            return None
        positions, bounds = numpy.array(self.bounds[number]).T
        return positions, bounds, int(bounds.min())


def _as_array(array: Any, signature: Signature, dtype: Any, limits: Any) -> Any:
    """Turn the argument of some rows into an array.

    An index that is negative or too large is refused: NumPy would take the former from the end.
    """
    import numpy

    is_array = signature.takes_arrays and type(array) is numpy.ndarray
    if not is_array or array.dtype != dtype or array.shape[1:] != signature.lengths or array.shape == ():
        rows = read_rows(array)
        is_same = rows.signature is signature or rows.signature.structure == signature.structure
        if not is_same or not rows.signature.covers(signature):
            raise SignaturesDifferError(f"traced for {signature}, got rows of {rows.signature}")
        array = rows.array
        if array.dtype != dtype:
            with numpy.errstate(over="ignore"):  # what is inf as float32 runs eagerly
                array = array.astype(dtype)
    if limits is not None:
        positions, bounds, lowest = limits
        indices = array.reshape(len(array), -1)
        if len(positions) < indices.shape[1]:
            indices = indices[:, positions]
        # a negative number is a large one without its sign; one look at the largest is nearly always enough
        unsigned = indices.view("uint64")
        if unsigned.item(unsigned.argmax()) >= lowest and ((indices < 0) | (indices >= bounds)).any():
            rows, places = ((indices < 0) | (indices >= bounds)).nonzero()
            raise _out_of_range(indices[rows[0], places[0]], bounds[places[0]])
    return array


def _as_listed(column: Any, signature: Signature) -> Sequence[Sequence[Any]] | None:
    """List the numbers of rows that are floats, or lists of floats as they were traced; None for others."""
    if type(column) is not list or signature.kind != "floats" or len(signature.shape) > 1:
        return None
    numbers: Iterable[Any] = column
    if signature.shape:
        kind = signature.containers[0]  # of an array no type
        if {*map(type, column)} != {kind} or {*map(len, column)} != {*signature.shape}:
            return None
        numbers = itertools.chain.from_iterable(column)
    if {*map(type, numbers)} != {float}:
        return None
    return column if signature.shape else [*zip(column)]


def _out_of_range(index: Any, bound: int) -> IndexError:
    return IndexError(f"an index is a whole number from 0 to {bound - 1}, got {int(index)}")


class Leaves:
    """The leaves of a trace: its parameters, frozen and random numbers, in the arrays of a program.

    Args:
        tape: what was traced.
        source: the program.
        dtype: "float64" or "float32".
    """

    def __init__(self, tape: Tape, source: ArraySource, dtype: str) -> None:
        self.tape, self.source, self.dtype = tape, source, dtype
        self._frozen = [value for value, _ in tape.frozen]
        self._last_frozen: tuple[list[float] | None, list[Any]] = (None, [])

    def parameters(self, numbers: Any) -> list[Any]:
        """Put the parameters, given in their order, into arrays."""
        import numpy

        with numpy.errstate(over="ignore"):
            data = numpy.asarray(numbers, self.dtype)
        return [data[leaf.places].reshape(leaf.shape) for leaf in self.source.parameters]

    def flat(self, arrays: Sequence[Any]) -> Any:
        """Put the numbers of arrays, one for each array of parameters, into one, in the parameters' order."""
        import numpy

        data = numpy.zeros(len(self.tape.parameters))
        for leaf, array in zip(self.source.parameters, arrays):
            data[leaf.places] = numpy.asarray(array).reshape(-1)
        return data

    def in_order(self, arrays: Sequence[Any]) -> list[float]:
        """List the same numbers."""
        numbers: list[float] = self.flat(arrays).tolist()
        return numbers

    def frozen(self) -> list[Any]:
        """Put the frozen leaves, as they are now, into arrays; the same arrays as long as they stay."""
        numbers = [value._data for value in self._frozen]
        if numbers != self._last_frozen[0]:
            import numpy

            places = {place: number for number, (_, place) in enumerate(self.tape.frozen)}
            with numpy.errstate(over="ignore"):
                data = numpy.array(numbers, self.dtype)
            arrays = [
                data[[places[int(place)] for place in leaf.places]].reshape(leaf.shape)
                for leaf in self.source.frozen
            ]
            self._last_frozen = (numbers, arrays)
        return self._last_frozen[1]

    def random(self, rows: int) -> list[Any]:
        """Draw the random leaves of some rows."""
        return [leaf.source.draw((rows, *leaf.shape), self.dtype) for leaf in self.source.random]
