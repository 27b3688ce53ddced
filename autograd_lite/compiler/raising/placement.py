"""Where each number of a tape stands in the arrays of a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.arrays.ir import Array, ArrayProgram, Constant, Leaf, Operand, View
from autograd_lite.compiler.arrays.primitives import Concatenate, Primitive, Spread
from autograd_lite.compiler.tape import CONSTANT, FROZEN, INNER, PARAMETER, RANDOM, Tape

__all__ = ["Placement"]

NOWHERE, CONSTANTS = -1, -2
_LEAVES = {PARAMETER: "parameter", FROZEN: "frozen", RANDOM: "random"}


class Placement:
    """The arrays of a program so far, and the place of each number in them.

    A parameter has no place until it is first asked for: then all that are asked for
    together are put into one array, in the order in which they are wanted.

    Args:
        tape: the program on scalars.
        arguments: the shape of each argument.
    """

    def __init__(self, tape: Tape, arguments: Sequence[tuple[int, ...]]) -> None:
        import numpy

        self.numpy = numpy
        self.tape = tape
        self.program = ArrayProgram()
        self.arrays = self.program.arrays
        self.zero = len(tape)  # one more number than the tape has: a constant
        self.role = numpy.fromiter([*tape.role, CONSTANT], numpy.int64)
        self.data = numpy.zeros(len(tape) + 1)
        for place in tape.constants:
            self.data[place] = tape.data[place]
        self.array = numpy.where(self.role == CONSTANT, CONSTANTS, NOWHERE)
        self.position = numpy.arange(len(tape) + 1)
        self.same = numpy.arange(len(tape) + 1)  # equal sub-expressions stand where the first of them does
        self.joined: dict[Any, View] = {}
        self.draws = {place: source for source, place in tape.random}
        for number, (shape, numbers) in enumerate(zip(arguments, tape.inputs)):
            leaf = Leaf("input", shape, number)
            self.add(leaf, numpy.array(numbers, numpy.int64))

    # ---- Arrays ---------------------------------------------------------------------------

    def add(self, array: Array, members: Any = None, cells: Any = None) -> View:
        """Append an array, and return a view of all of it.

        Args:
            array: the new array.
            members: the numbers on the tape that stand in it, if there are any.
            cells: for each its flat position; by default they stand in order.
        """
        self.program.add(array)
        if members is not None:
            self.locate(array, members, cells)
        return View(array, self.numpy.arange(array.size).reshape(array.shape))

    def locate(self, array: Array, members: Any, cells: Any = None) -> None:
        """Put numbers into an array, by default in order."""
        cells = self.numpy.arange(len(members)) if cells is None else cells
        self.array[members], self.position[members] = array.number, cells
        array.places = members[self.numpy.argsort(cells)]

    def are_new_leaves(self, numbers: Any) -> bool:
        """Tell whether numbers are parameters, or frozen, and none has a place yet."""
        roles, first = self.role[numbers], self.role[numbers.flat[0]]
        return bool(first <= FROZEN and (roles == first).all() and (self.array[numbers] == NOWHERE).all())

    def are_distinct(self, numbers: Any) -> bool:
        """Tell whether no number stands there twice."""
        is_there = self.numpy.zeros(self.zero + 1, bool)
        is_there[numbers] = True
        return bool(self.numpy.count_nonzero(is_there) == numbers.size)

    def place_leaves(self, numbers: Any) -> None:
        """Put those leaves that have no place yet into new arrays, one for each kind."""
        flat = numbers.reshape(-1)
        new = flat[self.array[flat] == NOWHERE]
        if not len(new):
            return
        if not self.are_distinct(new):
            _, first = self.numpy.unique(new, return_index=True)
            new = new[self.numpy.sort(first)]
        for role, kind in _LEAVES.items():
            chosen = new[self.role[new] == role]
            for source in (
                {self.draws.get(int(place)): None for place in chosen} if role == RANDOM else [None]
            ):
                members = chosen
                if role == RANDOM:
                    members = self.numpy.array(
                        [place for place in chosen if self.draws.get(int(place)) is source]
                    )
                if len(members):
                    whole = len(members) == numbers.size
                    self.add(Leaf(kind, (numbers if whole else members.squeeze()).shape, source), members)

    # ---- Sorting ---------------------------------------------------------------------------

    def rank(self, numbers: Any) -> Any:
        """Rank numbers: of two factors that with the lower rank stands left, parameters before inputs."""
        return self.numpy.where(self.role[numbers] == INNER, INNER + self.array[numbers], self.role[numbers])

    def key(self, numbers: Any) -> Any:
        """Return what numbers are sorted by: where they stand; for leaves without a place, what they are."""
        return (self.array[numbers] << 40) + self.position[numbers]

    def sources(self, numbers: Any) -> Any:
        """Return for each number the array it stands in, or the kind of leaf that it is."""
        arrays = self.array[numbers]
        return self.numpy.where(arrays == NOWHERE, -3 - self.role[numbers], arrays)

    def shape_of(self, numbers: Any) -> tuple[int, ...]:
        """Find a shape for numbers in the order of their places: that of their array, or of a part of it."""
        count, array = len(numbers), int(self.array[numbers[0]])
        shape = self.arrays[array].shape if array >= 0 else ()
        if array >= 0 and count == self.arrays[array].size:
            return shape
        if len(shape) > 1:
            columns = self.numpy.unique(self.position[numbers] % shape[-1])
            rows = self.numpy.unique(self.position[numbers] // shape[-1])
            if len(columns) * len(rows) == count and len(columns) > 1 and len(rows) > 1:
                return (len(rows), len(columns))
        return (count,)

    # ---- Operands --------------------------------------------------------------------------

    def operand(self, numbers: Any) -> Operand:
        """Say how to get at numbers.

        Args:
            numbers: numbers on the tape, in an array of the shape that is wanted.
        """
        numbers = self.same[numbers]
        self.place_leaves(numbers)
        arrays = self.array[numbers]
        if (arrays == CONSTANTS).all():
            return Constant(self.data[numbers])
        first = int(arrays.flat[0])
        if (arrays == first).all():
            return View(self.arrays[first], self.position[numbers])
        for axis in range(-1, -numbers.ndim - 1, -1):
            lines = self.numpy.moveaxis(arrays, axis, 0).reshape(numbers.shape[axis], -1)
            if (lines == lines[:, :1]).all():
                cuts = self.numpy.flatnonzero(self.numpy.diff(lines[:, 0])) + 1
                return self._concatenated(self.numpy.split(numbers, cuts, axis=axis), numbers, axis)
        are_zero = (arrays == CONSTANTS) & (self.data[numbers] == 0.0)
        if are_zero.any() and len(self.numpy.unique(arrays[~are_zero])) == 1:
            return self._spread(numbers, ~are_zero)
        # Everything that is wanted is put into one array, and looked up there.
        distinct, inverse = self.numpy.unique(numbers, return_inverse=True)
        order = self.numpy.argsort(self.key(distinct), kind="stable")
        joined = self.operand(distinct[order])
        assert isinstance(joined, View)
        index = joined.index[self.numpy.argsort(order)[inverse.reshape(-1)]]
        return View(joined.array, index.reshape(numbers.shape))

    def _concatenated(self, parts: Sequence[Any], numbers: Any, axis: int) -> View:
        """Put numbers of several arrays side by side."""
        return self._made_once(numbers, lambda: Concatenate([*map(self.operand, parts)], axis))

    def _spread(self, numbers: Any, chosen: Any) -> View:
        """Say how to get at numbers of one array among zeros."""
        places = self.numpy.flatnonzero(chosen.reshape(-1))
        return self._made_once(numbers, lambda: Spread(self.operand(numbers[chosen]), places, numbers.shape))

    def _made_once(self, numbers: Any, make: Callable[[], Primitive]) -> View:
        """Add an array of some numbers to the program, unless it is there."""
        key = (numbers.shape, numbers.tobytes())
        if key not in self.joined:
            self.joined[key] = self.add(make())
        return self.joined[key]
