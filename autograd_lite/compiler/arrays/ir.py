"""Programs on arrays: what raising makes of a tape, and what is differentiated and written."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from autograd_lite.compiler.arrays.expressions import Expression, call, name, number
from autograd_lite.compiler.arrays.indexing import Indexing, Named, indexing

__all__ = [
    "Array",
    "ArrayProgram",
    "Constant",
    "Leaf",
    "Operand",
    "View",
    "depend_on_parameters",
    "reverse_order",
]


@dataclass(frozen=True, eq=False)
class View:
    """Some elements of an array.

    Attributes:
        array: the array.
        index: for each element its position in the array, counted flat; integers in the
            operand's shape.
    """

    array: Array
    index: Any

    @functools.cached_property
    def way(self) -> Indexing:
        """The plainest way to read them; perhaps in a shape that can be broadcast to the operand's."""
        return indexing(self.index, self.array.shape)

    @property
    def batched(self) -> bool:
        """Whether it has an axis for the batch."""
        return self.array.batched

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operand, without the axis of the batch."""
        return tuple(self.index.shape)

    def read(self, named: Named, exact: bool = False) -> Expression:
        """Read it as floats: in its shape, or unless ``exact`` in one that can be broadcast to it."""
        return self._read("floats_of" if self.array.holds_integers else "name", named, exact)

    def read_lists(self, named: Named) -> Expression:
        """Read it as floats, in its shape, for what goes along the last axis.

        What is taken lies in memory as a list of columns: NumPy goes through many short lists faster when
        they stand side by side.
        """
        way = self.way
        if way.kind != "gather" or way.repeated or len(self.shape) != 2:
            return self.read(named, exact=True)
        columns = View(self.array, self.index.T)
        return columns.read(named, exact=True).swapped(-1, -2)

    def position(self, named: Named) -> Expression:
        """Read it as integers, in its shape."""
        read = self._read("name", named, exact=True)
        return read if self.array.holds_integers else call("rint", read).method("astype", name("int"))

    def _read(self, form: str, named: Named, exact: bool) -> Expression:
        way = self.way
        if exact and way.repeated:
            way = replace(way, kind="gather", index=self.index, repeated=())
        return way.read(Expression(form, (self.array.name,)), self.batched, named)

    def __str__(self) -> str:
        return f"v{self.array.number}{list(self.shape)}"


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers that are known.

    Attributes:
        values: an array of the operand's shape.
    """

    values: Any
    batched = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operand."""
        return tuple(self.values.shape)

    @property
    def number(self) -> float | None:
        """The number, if all are the same one."""
        flat = self.values.reshape(-1)
        return float(flat[0]) if (flat == flat[0]).all() or flat.size == 1 else None

    @functools.cached_property
    def shortest(self) -> Any:
        """The numbers without the axes in front along which they repeat."""
        values = self.values
        while values.ndim > 1 and (values == values[:1]).all():
            values = values[0]
        return values

    def read(self, named: Named, exact: bool = False) -> Expression:
        """Read it: in its shape, or unless ``exact`` in one that can be broadcast to it."""
        known = None if exact and self.shape else self.number
        if known is not None:
            return number(known)
        return named(self.values if exact else self.shortest)

    def read_lists(self, named: Named) -> Expression:
        """Read it in its shape."""
        return self.read(named, exact=True)

    def __str__(self) -> str:
        return f"constants{list(self.shape)}" if self.number is None else f"{self.number:g}"


Operand = View | Constant


class Array:
    """An array of a program: a leaf, or one operation on arrays.

    Args:
        shape: without the axis of the batch.
        operands: what it is computed from.

    Attributes:
        number: its place among the program's arrays.
        name: what the source calls it.
        batched: whether it differs from row to row of a batch.
        holds_integers: whether it does in the source; elsewhere numbers are floats.
        places: the numbers on the tape that stand in it, flat.
        kind: what it is, in a word; ``stem`` what the source calls it where it has no better name.
        conditions: which operands pass no gradient on.
    """

    kind = stem = name = ""
    holds_integers = False
    conditions: Collection[int] = ()

    def __init__(self, shape: tuple[int, ...], operands: Sequence[Operand] = ()) -> None:
        self.shape = shape
        self.operands = operands
        self.number = -1
        self.batched = False
        self.places: Any = None

    @property
    def views(self) -> list[View]:
        """The views among its operands."""
        return [operand for operand in self.operands if isinstance(operand, View)]

    @property
    def size(self) -> int:
        """How many elements it has, for one row."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        operands = ", ".join(map(str, self.operands))
        return f"v{self.number}{list(self.shape)}{'*' if self.batched else ''} = {self.kind}({operands})"


class Leaf(Array):
    """An array that is given: parameters, frozen numbers, random numbers, or an argument.

    Args:
        kind: "parameter", "frozen", "random" or "input".
        shape: without the axis of the batch.
        source: for "random" what draws it; for "input" the argument's number.
    """

    STEMS: ClassVar = {"parameter": "p", "frozen": "f", "random": "mask", "input": "x"}

    def __init__(self, kind: str, shape: tuple[int, ...], source: Any = None) -> None:
        super().__init__(shape)
        self.kind, self.stem = kind, self.STEMS[kind]
        self.source = source
        self.batched = kind in ("random", "input")


@dataclass(eq=False)
class ArrayProgram:
    """A program on arrays.

    Attributes:
        arrays: leaves where they are first needed; each array after what it is computed from.
        outputs: the results.
        guards: for each sign of comparison (sign, left, right, outcomes).
        left_out: the numbers of the arrays of what a known index left out: they pass the gradient 0 on.
        multiply_adds: how many there are in sums of products.
        in_products: how many of those are in matrix products.
    """

    arrays: list[Array] = field(default_factory=list)
    outputs: list[Operand] = field(default_factory=list)
    guards: list[tuple[str, Operand, Operand, Any]] = field(default_factory=list)
    left_out: Collection[int] = ()
    multiply_adds: int = 0
    in_products: int = 0

    def add(self, array: Array) -> None:
        """Append an array, whose operands are there already."""
        array.number = len(self.arrays)
        array.batched = array.batched or any(operand.batched for operand in array.operands)
        self.arrays.append(array)

    def of_one_row(self) -> ArrayProgram:
        """Return a copy for one row after the other, in which no array has an axis for the batch."""
        copies: dict[Array, Array] = {}

        def copied(operand: Operand) -> Operand:
            return View(copies[operand.array], operand.index) if isinstance(operand, View) else operand

        for array in self.arrays:
            new = copies[array] = copy.copy(array)
            new.operands, new.batched = [*map(copied, array.operands)], False
        outputs = [*map(copied, self.outputs)]
        guards = [(sign, copied(left), copied(right), came) for sign, left, right, came in self.guards]
        return replace(self, arrays=[*copies.values()], outputs=outputs, guards=guards)

    def leaves(self, kind: str) -> list[Leaf]:
        """List the leaves of a kind."""
        return [array for array in self.arrays if isinstance(array, Leaf) and array.kind == kind]

    def __str__(self) -> str:
        return "\n".join(map(str, self.arrays))


def depend_on_parameters(arrays: Sequence[Array]) -> set[int]:
    """Find the arrays that need an adjoint."""
    wanted: set[int] = set()
    for array in arrays:
        passing = (each for slot, each in enumerate(array.operands) if slot not in array.conditions)
        numbers = {operand.array.number for operand in passing if isinstance(operand, View)}
        if array.kind == "parameter" or numbers & wanted:
            wanted.add(array.number)
    return wanted


def reverse_order(arrays: Sequence[Array], wanted: Collection[int]) -> list[Array]:
    """Put the wanted arrays after all that read them, and each parameter right after those.

    So a layer's gradients stand together, and are computed while what they need is in the caches.
    """
    place = {number: (number, 1) for number in wanted}
    for array in reversed(arrays):
        for view in array.views:
            if view.array.kind == "parameter":
                place[view.array.number] = (array.number, 0)
    return [arrays[number] for number in sorted(place, key=place.__getitem__, reverse=True)]
