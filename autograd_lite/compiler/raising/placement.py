"""Where each number of a tape stands in the vectors of a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.tape import CONSTANT, FROZEN, INNER, PARAMETER, RANDOM, Tape
from autograd_lite.compiler.vectors import Constant, Join, Operand, Vector, View, views_of

__all__ = ["Placement"]

NOWHERE, CONSTANTS = -1, -2
_LEAVES = {PARAMETER: "parameter", FROZEN: "frozen", RANDOM: "random"}


class Placement:
    """The vectors of a program so far, and the place of each number in them.

    A parameter has no place until it is first asked for: then all that are asked for
    together are put into one vector, in the order in which they are wanted.

    Args:
        tape: the program on scalars.
        arguments: the shape of each argument.
    """

    def __init__(self, tape: Tape, arguments: Sequence[tuple[int, ...]]) -> None:
        import numpy

        self.numpy = numpy
        self.tape = tape
        self.vectors: list[Vector] = []
        self.role = numpy.array(tape.role)
        self.data = numpy.array(tape.data)
        self.vector = numpy.where(self.role == CONSTANT, CONSTANTS, NOWHERE)
        self.position = numpy.arange(len(tape))
        self.joins: dict[Any, Vector] = {}
        self.draws = {place: source for source, place in tape.random}
        for number, (shape, numbers) in enumerate(zip(arguments, tape.inputs)):
            vector = Vector(0, "input", shape, batched=True, source=number)
            self.add(vector, numpy.array(numbers, numpy.int64), numpy.arange(len(numbers)))

    # ---- Vectors ---------------------------------------------------------------------------

    def add(self, vector: Vector, members: Any, cells: Any) -> None:
        """Append a vector, and put numbers into it.

        Args:
            vector: the new vector.
            members: numbers on the tape.
            cells: for each its flat position.
        """
        vector.number = len(self.vectors)
        vector.batched = vector.batched or any(
            self.vectors[view.vector].batched for operand in vector.operands for view in views_of(operand)
        )
        self.vectors.append(vector)
        self.locate(vector, members, cells)

    def locate(self, vector: Vector, members: Any, cells: Any) -> None:
        """Put numbers into a vector."""
        self.vector[members], self.position[members] = vector.number, cells
        if len(members):
            vector.places = members[self.numpy.argsort(cells)]

    def whole(self, vector: Vector) -> View:
        """Return a view of all of a vector."""
        return View(vector.number, self.numpy.arange(vector.size).reshape(vector.shape))

    def zero(self, members: Any) -> int:
        """Make a number the constant 0, and return its place."""
        place = int(members[0])
        self.role[place], self.data[place], self.vector[place] = CONSTANT, 0.0, CONSTANTS
        return place

    def are_new_leaves(self, numbers: Any) -> bool:
        """Tell whether numbers are parameters, or frozen, and none has a place yet."""
        roles = self.role[numbers]
        return bool(
            (roles == roles.flat[0]).all()
            and roles.flat[0] <= FROZEN
            and (self.vector[numbers] == NOWHERE).all()
        )

    def are_fixed(self, numbers: Any) -> bool:
        """Tell whether numbers are leaves that are the same for all rows of a batch."""
        return bool((self.role[numbers] <= CONSTANT).all())

    def are_together(self, numbers: Any) -> bool:
        """Tell whether several numbers stand in one vector."""
        vectors = self.vector[numbers]
        return len(vectors) > 1 and bool(vectors[0] >= 0 and (vectors == vectors[0]).all())

    def place_leaves(self, numbers: Any) -> None:
        """Put those leaves that have no place yet into new vectors, one for each kind."""
        flat = numbers.reshape(-1)
        new = flat[self.vector[flat] == NOWHERE]
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
                    vector = Vector(0, kind, shape, batched=role == RANDOM, source=source)
                    self.add(vector, members, self.numpy.arange(len(members)))

    # ---- Sorting ---------------------------------------------------------------------------

    def rank(self, numbers: Any) -> Any:
        """Rank numbers: of two factors that with the lower rank stands left, parameters before inputs."""
        return self.numpy.where(self.role[numbers] == INNER, INNER + self.vector[numbers], self.role[numbers])

    def key(self, numbers: Any) -> Any:
        """Return what numbers are sorted by: where they stand; for leaves without a place, what they are."""
        return (self.vector[numbers] << 40) + self.position[numbers]

    def sources(self, numbers: Any) -> Any:
        """Return for each number the vector it stands in, or the kind of leaf that it is."""
        vectors = self.vector[numbers]
        return self.numpy.where(vectors == NOWHERE, -3 - self.role[numbers], vectors)

    def shape_of(self, numbers: Any) -> tuple[int, ...]:
        """Find a shape for numbers in the order of their places: that of their vector, or of a part of it."""
        count, vector = len(numbers), int(self.vector[numbers[0]])
        if vector < 0:
            return (count,)
        shape = self.vectors[vector].shape
        if count == self.vectors[vector].size:
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
        vectors = self.vector[numbers]
        if (vectors == CONSTANTS).all():
            return Constant(self.data[numbers])
        first = int(vectors.flat[0])
        if (vectors == first).all():
            return View(first, self.position[numbers])
        for axis in range(-1, -numbers.ndim - 1, -1):
            lines = self.numpy.moveaxis(vectors, axis, 0).reshape(numbers.shape[axis], -1)
            if (lines == lines[:, :1]).all():
                cuts = self.numpy.flatnonzero(self.numpy.diff(lines[:, 0])) + 1
                parts = self.numpy.split(numbers, cuts, axis=axis)
                return self._joined(numbers, Join(tuple(self.operand(part) for part in parts), axis))
        return self._gathered(numbers)

    def _joined(self, numbers: Any, operand: Join) -> View:
        """Put operands side by side into a vector, the same for the same numbers."""
        key = (numbers.shape, numbers.tobytes())
        if key not in self.joins:
            self.joins[key] = Vector(0, "join", numbers.shape, operands=(operand,))
            self.add(self.joins[key], numbers.reshape(-1)[:0], numbers.reshape(-1)[:0])
        return self.whole(self.joins[key])

    def _gathered(self, numbers: Any) -> View:
        """Put everything that is wanted into one vector, and look it up there."""
        distinct, inverse = self.numpy.unique(numbers, return_inverse=True)
        order = self.numpy.argsort(self.key(distinct), kind="stable")
        rank = self.numpy.empty(len(order), self.numpy.int64)
        rank[order] = self.numpy.arange(len(order))
        joined = self.operand(distinct[order])
        assert isinstance(joined, View)
        return View(joined.vector, joined.index[rank[inverse.reshape(-1)]].reshape(numbers.shape))
