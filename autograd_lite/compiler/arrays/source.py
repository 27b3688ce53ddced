"""The source of a program on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import BATCH, Expression, Line, call, name, number
from autograd_lite.compiler.arrays.ir import ArrayProgram, Constant, Operand, View
from autograd_lite.compiler.arrays.names import name_arrays
from autograd_lite.compiler.arrays.primitives import Primitive
from autograd_lite.compiler.arrays.printer import NumPyPrinter
from autograd_lite.compiler.arrays.reads import named_once
from autograd_lite.compiler.arrays.reverse import Reverse

__all__ = ["ArraySource"]


class ArraySource:
    """A program on arrays as source.

    Args:
        program: the program.
        arguments: the names of the arguments.
        integers: for each, whether it holds integers.
        gradient: whether to write ``value_and_gradient``, for one output.
        labels: tells by its number what a parameter is called, or nothing.

    Attributes:
        text: the source: ``forward`` and, for one output, ``value_and_gradient``.
        texts: the same, by function.
        names: the name of each array.
        parameters, frozen, random: the leaves, in the order of the arguments.
        constants: arrays that the source names.
        printer: what wrote it, and knows which functions it calls.
    """

    def __init__(
        self,
        program: ArrayProgram,
        arguments: Sequence[str],
        integers: Sequence[bool],
        gradient: bool,
        labels: Callable[[int], str],
    ) -> None:
        self.program, self.arguments = program, arguments
        for leaf in program.leaves("input"):
            place = int(leaf.source)
            leaf.name, leaf.holds_integers = arguments[place], integers[place]
        name_arrays(program, arguments, labels)
        self.names = [array.name for array in program.arrays]
        self.parameters = sorted(program.leaves("parameter"), key=lambda leaf: int(leaf.places.min()))
        self.frozen, self.random = program.leaves("frozen"), program.leaves("random")
        self.constants: dict[str, Any] = {}
        self._known: dict[Any, Expression] = {}
        self.printer = NumPyPrinter()
        titles = ["forward", *["value_and_gradient"] * gradient]
        self.texts = {title: self._function(title, gradient=title != "forward") for title in titles}
        self.text = "\n\n".join(self.texts.values())

    def _named(self, values: Any) -> Expression:
        """Give an array a name, the same for the same array."""
        key = (values.dtype, values.shape, values.tobytes())
        if key not in self._known:
            new = f"{'i' if values.dtype.kind == 'i' else 'c'}{len(self.constants) + 1}"
            while new in self.arguments or new in self.names:
                new += "_"
            self._known[key], self.constants[new] = name(new), values
        return self._known[key]

    def _function(self, title: str, *, gradient: bool) -> str:
        """Write one function."""
        lines: list[Line | None] = [
            (array.name, array.forward(self._named), array.comment())
            for array in self.program.arrays
            if isinstance(array, Primitive)
        ]
        outputs = tuple(map(self._output, self.program.outputs))
        guards = [self._guard(*guard) for guard in self.program.guards]
        results: list[Any] = [outputs[0] if len(outputs) == 1 else outputs]
        if gradient:
            is_batched, one = self.program.outputs[0].batched, number(1.0)
            reverse = Reverse(self.program, self._named)
            reverse.run(call("full_like", outputs[0], one / name(BATCH)) if is_batched else one)
            lines += [None, *reverse.lines]
            results.append(tuple(map(reverse.gradient, self.parameters)))
        lines = named_once(lines, self.names)
        leaves = [leaf.name for leaf in (*self.parameters, *self.frozen, *self.random)]
        rows = [leaf.name for leaf in self.program.arrays if leaf.kind in ("input", "random")]
        arguments, batch = [*leaves, *self.arguments], "".join(rows[:1])
        return self.printer.function(title, arguments, batch, lines, results, guards)

    def _output(self, operand: Operand) -> Expression:
        read = operand.read(self._named)
        return call("array", read) if isinstance(operand, Constant) else read

    def _guard(self, sign: str, left: Operand, right: Operand, outcomes: Any) -> Expression:
        """Write a comparison, which must come out for each row as it did in the trace."""
        is_full = any(isinstance(side, View) and not side.way.repeated for side in (left, right))
        sides = left.read(self._named, exact=not is_full), right.read(self._named)
        held = Expression("comparison", (sign, *sides))
        if not outcomes.any():
            held = Expression("negation", (held,))
        elif not outcomes.all():
            held = Expression("comparison", ("==", held, self._named(outcomes)))
        return held.method("all", axis=-1) if left.shape else held
