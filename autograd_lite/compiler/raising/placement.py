"""Where each number of a tape stands in the arrays of a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.ir import Array, ArrayProgram, Constant, Leaf, Operand, View
from autograd_lite.compiler.arrays.primitives import Concatenate
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
        self.role = numpy.array(tape.role)
        self.data = numpy.array(tape.data)
        self.array = numpy.where(self.role == CONSTANT, CONSTANTS, NOWHERE)
        self.position = numpy.arange(len(tape))
        self.joined: dict[Any, Array] = {}
        self.draws = {place: source for source, place in tape.random}
        for number, (shape, numbers) in enumerate(zip(arguments, tape.inputs)):
            leaf = Leaf("input", shape, number)
            self.add(leaf, numpy.array(numbers, numpy.int64), numpy.arange(len(numbers)))

    # ---- Arrays ---------------------------------------------------------------------------

    def add(self, array: Array, members: Any, cells: Any) -> None:
        """Append an array, and put numbers into it.

        Args:
            array: the new array.
            members: numbers on the tape.
            cells: for each its flat position.
        """
        self.program.add(array)
        self.locate(array, members, cells)

    def locate(self, array: Array, members: Any, cells: Any) -> None:
        """Put numbers into an array."""
        self.array[members], self.position[members] = array.number, cells
        if len(members):
            array.places = members[self.numpy.argsort(cells)]

    def whole(self, array: Array) -> View:
        """Return a view of all of an array."""
        return View(array, self.numpy.arange(array.size).reshape(array.shape))

    def are_new_leaves(self, numbers: Any) -> bool:
        """Tell whether numbers are parameters, or frozen, and none has a place yet."""
        roles = self.role[numbers]
        return bool(
            (roles == roles.flat[0]).all()
            and roles.flat[0] <= FROZEN
            and (self.array[numbers] == NOWHERE).all()
        )

    def are_fixed(self, numbers: Any) -> bool:
        """Tell whether numbers are leaves that are the same for all rows of a batch."""
        return bool((self.role[numbers] <= CONSTANT).all())

    def are_together(self, numbers: Any) -> bool:
        """Tell whether several numbers stand in one array."""
        arrays = self.array[numbers]
        return len(arrays) > 1 and bool(arrays[0] >= 0 and (arrays == arrays[0]).all())

    def place_leaves(self, numbers: Any) -> None:
        """Put those leaves that have no place yet into new arrays, one for each kind."""
        flat = numbers.reshape(-1)
        new = flat[self.array[flat] == NOWHERE]
        if not len(new):
            return
        _, first = self.numpy.unique(new, return_index=True)
        new = new[self.numpy.sort(first)]
        for role, kind in _LEAVES.items():
            chosen = new[self.role[new] == role]
            for source in (
                {self.draws.get(int(place)): None for place in chosen} if role == RANDOM else [None]
            ):
                drawn = [place for place in chosen if self.draws.get(int(place)) is source]
                members = self.numpy.array(drawn) if role == RANDOM else chosen
                if len(members):
                    whole = len(members) == numbers.size
                    shape = numbers.shape if whole else () if len(members) == 1 else (len(members),)
                    self.add(Leaf(kind, shape, source), members, self.numpy.arange(len(members)))

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
        if array < 0:
            return (count,)
        shape = self.arrays[array].shape
        if count == self.arrays[array].size:
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
                parts = self.numpy.split(numbers, cuts, axis=axis)
                return self._joined(numbers, Concatenate([self.operand(part) for part in parts], axis))
        return self._gathered(numbers)

    def _joined(self, numbers: Any, array: Concatenate) -> View:
        """Put operands side by side into an array, the same for the same numbers."""
        key = (numbers.shape, numbers.tobytes())
        if key not in self.joined:
            self.joined[key] = array
            self.program.add(array)
        return self.whole(self.joined[key])

    def _gathered(self, numbers: Any) -> View:
        """Put everything that is wanted into one array, and look it up there."""
        distinct, inverse = self.numpy.unique(numbers, return_inverse=True)
        order = self.numpy.argsort(self.key(distinct), kind="stable")
        rank = self.numpy.empty(len(order), self.numpy.int64)
        rank[order] = self.numpy.arange(len(order))
        joined = self.operand(distinct[order])
        assert isinstance(joined, View)
        return View(joined.array, joined.index[rank[inverse.reshape(-1)]].reshape(numbers.shape))
