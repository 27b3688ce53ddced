"""How the source of a program reads the operands of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import Expression, call, name, number
from autograd_lite.compiler.arrays.ir import Array, Constant, Leaf, Operand, View

__all__ = ["Reading"]


class Reading:
    """How operands are read.

    Args:
        names: the name of each array.
        integers: for each argument, whether it holds integers.

    Attributes:
        floats: the names of arguments of integers that are needed as floats, and what they are then called.
        constants: arrays that the source names.
    """

    def __init__(self, names: Sequence[str], integers: Sequence[bool]) -> None:
        self.names, self.integers = names, integers
        self.floats: dict[str, str] = {}
        self.constants: dict[str, Any] = {}
        self._known: dict[Any, str] = {}

    def constant(self, values: Any) -> Expression:
        """Give an array a name, the same for the same array."""
        key = (values.dtype, values.shape, values.tobytes())
        if key not in self._known:
            self._known[key] = f"{'i' if values.dtype.kind == 'i' else 'c'}{len(self.constants) + 1}"
            self.constants[self._known[key]] = values
        return name(self._known[key])

    def name_of(self, array: Array) -> Expression:
        """Return the name of an array."""
        return name(self.names[array.number])

    def short(self, operand: Operand) -> Expression:
        """Read an operand in its shape, or in one that can be broadcast to it."""
        if isinstance(operand, Constant):
            return self.constant(operand.values) if operand.number is None else number(operand.number)
        return operand.way.read(self._floats_of(operand.array), operand.batched, self.constant)

    def full(self, operand: Operand) -> Expression:
        """Read an operand in its shape."""
        if isinstance(operand, Constant):
            return self.constant(operand.values) if operand.shape else self.short(operand)
        return operand.exact.read(self._floats_of(operand.array), operand.batched, self.constant)

    def position(self, operand: Operand) -> Expression:
        """Read an operand in its shape as integers."""
        assert isinstance(operand, View)  # a constant index has been followed while tracing
        read = operand.exact.read(self.name_of(operand.array), operand.batched, self.constant)
        if self._holds_integers(operand.array):
            return read
        return call("rint", read).method("astype", name("int"))

    def _floats_of(self, array: Array) -> Expression:
        old = self.names[array.number]
        is_whole = self._holds_integers(array)
        return name(self.floats.setdefault(old, f"{old}_float") if is_whole else old)

    def _holds_integers(self, array: Array) -> bool:
        return isinstance(array, Leaf) and array.kind == "input" and self.integers[array.source]
