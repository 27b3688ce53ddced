"""How the source of a program reads the operands of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import BATCH, Expression, name, number
from autograd_lite.compiler.arrays.indexing import Indexing, indexing
from autograd_lite.compiler.arrays.ir import Array, ArrayProgram, Constant, Leaf, Operand, View

__all__ = ["Constants", "Reading"]


class Constants:
    """Arrays that a source names.

    Attributes:
        arrays: the arrays by their names.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self._names: dict[Any, str] = {}

    def named(self, values: Any) -> Expression:
        """Return an array a name, the same for the same array."""
        key = (values.dtype, values.shape, values.tobytes())
        if key not in self._names:
            self._names[key] = f"{'i' if values.dtype.kind == 'i' else 'c'}{len(self.arrays) + 1}"
            self.arrays[self._names[key]] = values
        return name(self._names[key])


class Reading:
    """How one function reads operands.

    Args:
        program: the program.
        names: the name of each array.
        integers: for each argument, whether it holds integers.
        constants: the arrays that the source names.

    Attributes:
        floats: names of arguments of integers, and what they are called as floats.
    """

    def __init__(
        self, program: ArrayProgram, names: Sequence[str], integers: Sequence[bool], constants: Constants
    ) -> None:
        self.program, self.names, self.integers, self.constants = program, names, integers, constants
        self.floats: dict[str, str] = {}
        self._indexings: dict[View, Indexing] = {}

    def name_of(self, array: Array) -> Expression:
        """Return the name of an array."""
        return name(self.names[array.number])

    def source_of(self, view: View) -> Array:
        """Return the array that a view is of."""
        return self.program.arrays[view.array]

    def indexing_of(self, view: View) -> Indexing:
        """Return the way to read a view."""
        if view not in self._indexings:
            self._indexings[view] = indexing(view.index, self.source_of(view).shape)
        return self._indexings[view]

    def is_batched(self, operand: Operand) -> bool:
        """Tell whether an operand has an axis for the batch."""
        return isinstance(operand, View) and self.source_of(operand).batched

    def is_full(self, operand: Operand) -> bool:
        """Tell whether an operand is read in its full shape, and not in one that can be broadcast to it."""
        return isinstance(operand, View) and not self.indexing_of(operand).repeated

    def shape(self, operand: Operand | Array, batched: bool) -> tuple[Any, ...]:
        """Return a shape with the axis of the batch, if it has one."""
        return (*[name(BATCH)] * batched, *operand.shape)

    def short(self, operand: Operand) -> Expression:
        """Read an operand in its shape, or in one that can be broadcast to it."""
        if isinstance(operand, Constant):
            return self.constants.named(operand.values) if operand.number is None else number(operand.number)
        return self._read(operand, self.indexing_of(operand))

    def full(self, operand: Operand) -> Expression:
        """Read an operand in its shape."""
        if isinstance(operand, Constant):
            return self.constants.named(operand.values) if operand.shape else self.short(operand)
        return self._read(operand, self._exact(operand))

    def position(self, operand: Operand) -> Expression:
        """Read an operand in its shape as integers."""
        if isinstance(operand, Constant):
            return self.full(operand)
        source = self.source_of(operand)
        read = self._chosen(operand, self._exact(operand), self.name_of(source))
        is_integer = isinstance(source, Leaf) and source.kind == "input" and self.integers[source.source]
        return read if is_integer else Expression("integers", read)

    def _exact(self, view: View) -> Indexing:
        """Return a way to read a view in its full shape."""
        found = self.indexing_of(view)
        return Indexing("gather", found.source, view.index, (), found.rank) if found.repeated else found

    def _read(self, view: View, way: Indexing) -> Expression:
        source = self.source_of(view)
        read = self.name_of(source)
        if isinstance(source, Leaf) and source.kind == "input" and self.integers[source.source]:
            old = self.names[source.number]
            read = name(self.floats.setdefault(old, f"{old}_float"))
        return self._chosen(view, way, read)

    def _chosen(self, view: View, way: Indexing, array: Expression) -> Expression:
        return way.read(array, self.source_of(view).batched, self.constants.named)
