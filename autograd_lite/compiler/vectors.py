"""Vector programs: what raising makes of a tape, and what is differentiated and emitted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_lite.core.op import Op

__all__ = [
    "Constant",
    "Join",
    "Operand",
    "Vector",
    "VectorProgram",
    "View",
    "depend_on_parameters",
    "reverse_order",
    "views_of",
]


@dataclass(frozen=True, eq=False)
class View:
    """Some elements of a vector.

    Attributes:
        vector: the number of the vector.
        index: for each element its position in the vector, counted flat; an integer array
            of the operand's shape.
    """

    vector: int
    index: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operand, without the axis of the batch."""
        return tuple(self.index.shape)

    def __str__(self) -> str:
        return f"v{self.vector}{list(self.shape)}"


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers that are known.

    Attributes:
        values: an array of the operand's shape.
    """

    values: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operand."""
        return tuple(self.values.shape)

    def __str__(self) -> str:
        flat = self.values.reshape(-1)
        return f"{flat[0]:g}" if flat.size and (flat == flat[0]).all() else f"constants{list(self.shape)}"


@dataclass(frozen=True, eq=False)
class Join:
    """Operands side by side.

    Attributes:
        parts: the operands.
        axis: the axis along which they stand, counted from the last: -1, -2, ...
    """

    parts: tuple[Operand, ...]
    axis: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operand, without the axis of the batch."""
        shape = list(self.parts[0].shape)
        shape[self.axis] = sum(part.shape[self.axis] for part in self.parts)
        return tuple(shape)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.parts))}]"


Operand = View | Constant | Join


@dataclass(eq=False)
class Vector:
    """An array of a program: a leaf, or one operation on arrays.

    Attributes:
        number: its place among the program's vectors.
        kind: of leaves "parameter", "frozen", "random", "input" (with its float and its whole
            numbers); of operations "map" (an operation, element by element), "product" (of
            matrices: rows of ``operands[0]`` by rows of ``operands[1]``, plus ``operands[2:]``),
            "dots" (row by row), "sum", "reduce" (an operation on lists, along the last axis),
            "pick", "join".
        shape: without the axis of the batch.
        batched: whether it differs from row to row of a batch.
        operands: what it is computed from.
        op: the operation of a "map" or "reduce".
        attributes: what else that takes.
        places: the numbers on the tape that stand in it, flat, for leaves and for ``explain``.
        scalars: how many operations of the tape it does.
        source: for a "random" leaf what draws it; for an "input" the argument's number.
    """

    number: int
    kind: str
    shape: tuple[int, ...]
    batched: bool = False
    operands: tuple[Operand, ...] = ()
    op: Op | None = None
    attributes: tuple[Any, ...] = ()
    places: Any = None
    scalars: int = 0
    source: Any = None

    @property
    def size(self) -> int:
        """How many elements it has, for one row."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    def __str__(self) -> str:
        what = self.op.name if self.op else self.kind
        operands = ", ".join(map(str, self.operands))
        return f"v{self.number}{list(self.shape)}{'*' if self.batched else ''} = {what}({operands})"


@dataclass(eq=False)
class VectorProgram:
    """A program on arrays.

    Attributes:
        vectors: leaves first where they are first needed; each after what it is computed from.
        outputs: the results.
        guards: for each sign of comparison (sign, left, right, outcomes).
        multiply_adds: how many there are in sums of products.
        in_products: how many of those are in matrix products.
        notes: why something was left as it was, for ``explain``.
    """

    vectors: list[Vector] = field(default_factory=list)
    outputs: list[Operand] = field(default_factory=list)
    guards: list[tuple[str, Operand, Operand, Any]] = field(default_factory=list)
    multiply_adds: int = 0
    in_products: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(map(str, self.vectors))


def views_of(operand: Operand) -> Iterator[View]:
    """Iterate over the views in an operand."""
    if isinstance(operand, View):
        yield operand
    elif isinstance(operand, Join):
        for part in operand.parts:
            yield from views_of(part)


def depend_on_parameters(vectors: Sequence[Vector]) -> set[int]:
    """Find the vectors that need an adjoint."""
    wanted: set[int] = set()
    for vector in vectors:
        conditions = vector.op.conditions if vector.op else ()
        if vector.kind == "parameter" or any(
            view.vector in wanted
            for slot, operand in enumerate(vector.operands)
            if slot not in conditions
            for view in views_of(operand)
        ):
            wanted.add(vector.number)
    return wanted


def reverse_order(vectors: Sequence[Vector], wanted: Collection[int]) -> list[Vector]:
    """Put the wanted vectors after all that read them, and each parameter right after those.

    So a layer's gradients stand together, and are computed while what they need is in the caches.
    """
    place = {number: (number, 1) for number in wanted}
    for vector in reversed(vectors):
        for view in (view for operand in vector.operands for view in views_of(operand)):
            if vectors[view.vector].kind == "parameter":
                place[view.vector] = (vector.number, 0)
    return [vectors[number] for number in sorted(place, key=place.__getitem__, reverse=True)]
