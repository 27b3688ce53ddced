"""Arrays of which not all places are wanted, such as the scores of attention that only looks back.

What is done with them element by element is done at all places: that takes less time than to look up the
wanted ones. A place that is not wanted repeats a wanted one, so nothing becomes infinite there that is not
anyway, and nothing flows back; where numbers are added up it is multiplied by 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from autograd_lite.compiler.arrays.ir import Array, Constant, Operand, View
from autograd_lite.compiler.arrays.primitives import FilledUp, Map, Masked
from autograd_lite.compiler.arrays.products import MatrixProduct
from autograd_lite.compiler.raising.placement import CONSTANTS, Placement

__all__ = ["Wholes"]

MOST_UNUSED = 2
"""How many times the wanted places an array may have."""


@dataclass(frozen=True, eq=False)
class _Pattern:
    """Which places of an array are wanted.

    Attributes:
        used: whether each is.
        axis: along this axis each line has a wanted one
        place: here, which the unwanted ones repeat.
    """

    used: Any
    axis: int
    place: int


class Wholes:
    """Finds operations on whole arrays.

    Args:
        placement: where numbers stand.
    """

    def __init__(self, placement: Placement) -> None:
        self.numpy, self.placement = placement.numpy, placement
        self._patterns: dict[int, _Pattern] = {}  # of arrays whose unwanted places repeat wanted ones
        self._masked: dict[int, Array] = {}

    def map_operands(self, args: Any) -> tuple[list[Operand], Any, int] | None:
        """Return the operands of an operation that is done at all places of an array.

        Args:
            args: for each number that is wanted its operands; each column stands in one array.

        Returns:
            The operands, where the numbers stand in the result, and in which array one of the columns does;
            or None if there is no such array.
        """
        for column in args.T:
            pattern = self._pattern_of(column)
            if pattern is not None:
                break
        else:
            return None
        cells, number = self.placement.position[column], int(self.placement.array[column[0]])
        indices = [self._at_all_places(each, cells, number, pattern) for each in args.T]
        if any(index is None for index in indices):
            return None
        filled = self._filled(number, pattern)
        operands: list[Operand] = []
        for each, index in zip(args.T, indices):
            array = int(self.placement.array[each[0]])
            if array == CONSTANTS:
                operands.append(Constant(index))
            else:
                operands.append(View(self.placement.arrays[array], index))
        return operands, cells, filled.number

    def add_map(self, array: Map, members: Any, cells: Any, like: int) -> None:
        """Append an operation whose operands ``map_operands`` has found."""
        self.placement.add(array, members, cells)
        self._patterns[array.number] = self._patterns[like]

    def lines(self, rows: Any, *, summed: bool) -> tuple[View, Any] | None:
        """Find an array whose lines along an axis are some lists of numbers.

        Args:
            rows: a list in each row, filled up at its end with zeros if they are ``summed``, else with its
                first number.

        Returns:
            A view with the lists along the last axis, in the order of the array; and the order of the rows.
        """
        numpy, placement = self.numpy, self.placement
        wanted = rows != placement.zero
        array = self._array_of(rows[wanted])
        if array is None or (summed and wanted.sum() > array.size):
            return None
        used = self._used(array)
        hit = numpy.zeros(array.size, bool)
        hit[placement.position[rows[wanted]]] = True
        if (hit != used.reshape(-1)).any() or (summed and wanted.sum() != hit.sum()):
            return None
        for axis in reversed(range(len(array.shape))):
            places = numpy.moveaxis(numpy.arange(array.size).reshape(array.shape), axis, -1)
            line_of = numpy.empty(array.size, numpy.int64)
            line_of[places.reshape(-1)] = numpy.arange(array.size) // array.shape[axis]
            lines = line_of[placement.position[numpy.where(wanted, rows, rows[:, :1])]]
            first = lines[:, 0]
            if len(numpy.unique(first)) == len(rows) and (lines == first[:, None]).all():
                break
        else:
            return None
        if not used.all():
            pattern = self._pattern(array)
            if not summed and pattern is None:
                return None
            array = self._multiplied(array, used) if summed else self._filled(array.number, pattern)
        return View(array, places), numpy.argsort(first)

    def among_zeros(self, numbers: Any) -> View | None:
        """Read rows, each a line of an array and zeros in the unwanted places; None if they are not so."""
        numpy, placement = self.numpy, self.placement
        wanted = numbers != placement.zero
        array = None if wanted.all() else self._array_of(numbers[wanted])
        if array is None:
            return None
        used, rows, chosen = (
            self._used(array),
            numbers.reshape(-1, numbers.shape[-1]),
            wanted.reshape(numbers.size),
        )
        for axis in reversed(range(len(array.shape))):
            lines = numpy.moveaxis(numpy.arange(array.size).reshape(array.shape), axis, -1)
            lines = lines.reshape(-1, array.shape[axis])
            if lines.shape[1] != rows.shape[1] or not wanted[..., 0].all():
                continue
            line_of = numpy.empty(array.size, numpy.int64)
            line_of[lines] = numpy.arange(len(lines))[:, None]
            index = lines[line_of[placement.position[rows[:, 0]]]].reshape(-1)
            found = index[chosen] == placement.position[rows.reshape(-1)[chosen]]
            if found.all() and not used.reshape(-1)[index[~chosen]].any():
                return View(self._multiplied(array, used), index.reshape(numbers.shape))
        return None

    # ---- Arrays ----------------------------------------------------------------------------

    def _array_of(self, numbers: Any) -> Array | None:
        """Return the array of several axes that all of some numbers stand in."""
        arrays = self.placement.array[numbers]
        if not len(arrays) or arrays[0] < 0 or (arrays != arrays[0]).any():
            return None
        array = self.placement.arrays[int(arrays[0])]
        return array if len(array.shape) > 1 and array.places is not None else None

    def _used(self, array: Array) -> Any:
        used = self.numpy.zeros(array.size, bool)
        used[self.placement.position[array.places]] = True
        return used.reshape(array.shape)

    def _pattern_of(self, column: Any) -> _Pattern | None:
        """Return which places are wanted of an array all of whose wanted numbers are those of a column."""
        array = self._array_of(column)
        if array is None or not len(column) == len(array.places) < array.size <= MOST_UNUSED * len(column):
            return None
        is_each = len(self.numpy.unique(column)) == len(column)
        return self._pattern(array) if is_each else None

    def _pattern(self, array: Array) -> _Pattern | None:
        """Return which places of an array are wanted, if the others can repeat them."""
        if array.number in self._patterns or not isinstance(array, MatrixProduct):
            return self._patterns.get(array.number)
        used, rank = self._used(array), len(array.shape)
        found = []
        for axis in reversed(range(rank)):
            others = tuple(each for each in range(rank) if each != axis)
            found += [(int(place), -axis) for place in self.numpy.flatnonzero(used.all(axis=others))[:1]]
        return _Pattern(used, -min(found)[1], min(found)[0]) if found else None

    def _filled(self, number: int, pattern: _Pattern | None) -> Array:
        """Let the unwanted places of an array repeat wanted ones, and let its numbers stand there."""
        array = self.placement.arrays[number]
        if number in self._patterns:
            return array
        assert pattern is not None
        all_places = self.numpy.arange(array.size).reshape(array.shape)
        filled = FilledUp(View(array, all_places), pattern.used, pattern.axis, pattern.place)
        self.placement.add(filled, array.places, self.placement.position[array.places])
        self._patterns[filled.number] = pattern
        return filled

    def _multiplied(self, array: Array, used: Any) -> Array:
        """Return an array that is 0 in the unwanted places of another."""
        if array.number not in self._masked:
            places = self.numpy.arange(array.size).reshape(array.shape)
            masked = self._masked[array.number] = Masked(View(array, places), used)
            self.placement.add(masked)
        return self._masked[array.number]

    def _at_all_places(self, column: Any, cells: Any, number: int, pattern: _Pattern) -> Any:
        """Return what an operand is at all places: the positions in its array, or the constants."""
        numpy, placement, shape = self.numpy, self.placement, pattern.used.shape
        array, values = int(placement.array[column[0]]), placement.position[column]
        if array == CONSTANTS:
            known = placement.data[column]
            return numpy.full(shape, known[0]) if (known == known[0]).all() else None
        if array < 0:
            return None
        if array == number or self._patterns.get(array) is pattern:
            return numpy.arange(math.prod(shape)).reshape(shape) if (values == cells).all() else None
        index = numpy.full(math.prod(shape), -1)
        index[cells] = values
        index = index.reshape(shape)
        along = numpy.broadcast_to(index.take([pattern.place], pattern.axis), shape)
        return along if ((index == along) | ~pattern.used).all() else None
