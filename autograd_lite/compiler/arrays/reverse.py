"""The reverse pass of a program on arrays, by the same rules as for scalars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autograd_lite.compiler.arrays.expressions import Expression, Line, call, name, number, span
from autograd_lite.compiler.arrays.indexing import reshaped
from autograd_lite.compiler.arrays.ir import (
    Array,
    ArrayProgram,
    Operand,
    View,
    depend_on_parameters,
    reverse_order,
)
from autograd_lite.compiler.arrays.names import is_layer
from autograd_lite.compiler.arrays.primitives import Primitive
from autograd_lite.compiler.arrays.reading import Reading
from autograd_lite.core.source import LONGEST_SUM

__all__ = ["Reverse"]


class Reverse:
    """Writes the reverse pass.

    Args:
        program: the program.
        reading: how operands are read.

    Attributes:
        lines: the lines so far.
    """

    def __init__(self, program: ArrayProgram, reading: Reading) -> None:
        self.program, self.reading = program, reading
        self.wanted = depend_on_parameters(program.arrays)
        self.lines: list[Line] = []
        self.adjoints: dict[int, Expression] = {}
        self.comments: dict[int, tuple[Expression, str]] = {}  # on what is sent back, by its id
        self.contributions: dict[int, list[tuple[Expression | None, Expression]]] = {}

    def run(self, seed: Expression) -> None:
        """Write the lines.

        Args:
            seed: the adjoint of the one output, in its shape.
        """
        (output,) = self.program.outputs
        self._send(output, seed, output.batched)
        for array in reverse_order(self.program.arrays, self.wanted):
            if array.number in self.program.left_out:  # what lies behind may still be infinite
                zeros = call("zeros_like", self.reading.name_of(array))
                self.contributions.setdefault(array.number, [(None, zeros)])
            if array.number in self.contributions:
                self._finish(array)
                if isinstance(array, Primitive):
                    self._pass_on(array)

    def gradient(self, array: Array) -> Expression:
        """Return what holds the gradient by an array, after the reverse pass."""
        known = array.number in self.contributions
        return self._adjoint(array) if known else call("zeros_like", self.reading.name_of(array))

    def _adjoint(self, array: Array) -> Expression:
        """Return what holds the adjoint of an array: often that of another is the same."""
        return self.adjoints.get(array.number) or name(f"d{self.reading.names[array.number]}")

    def _pass_on(self, array: Primitive) -> None:
        """Send each operand of an operation what it gets."""
        d = self._adjoint(array)
        for slot, operand in enumerate(array.operands):
            if isinstance(operand, View) and operand.array.number in self.wanted:
                back = array.back(self.reading, slot, d)
                if back is not None:
                    self.comments[id(back)] = back, array.back_comment(self.reading, slot)
                    self._send(operand, back, array.batched and not array.sums_the_batch(slot))

    def _send(self, operand: Operand, d: Expression, batched: bool) -> None:
        """Send an operand's adjoint back to the array that it reads.

        Args:
            operand: what was read.
            d: its adjoint, in its full shape.
            batched: whether d has an axis for the batch.
        """
        if isinstance(operand, View) and operand.array.number in self.wanted:
            kept = operand.batched
            sent = operand.way.back(d, batched and kept, batched and not kept, self.reading.constant)
            self.contributions.setdefault(operand.array.number, []).append(sent)

    # ---- Adjoints --------------------------------------------------------------------------

    def _finish(self, array: Array) -> None:
        """Write the adjoint of an array: the sum of what came back."""
        parts = self.contributions[array.number]
        whole = _terms([term for place, term in parts if place is None])
        pieces = [(place, term) for place, term in parts if place is not None]
        if len(whole) == 1 and not pieces:
            term = whole[0]
            has_line = is_layer(array)  # dz is what the lectures speak of
            if term.is_number or (term.form == "name" and not has_line):
                self.adjoints[array.number] = term
                return
        tiled = None if whole else self._tiled(array, pieces)
        if tiled is not None:
            self._set(array, tiled)
        elif pieces:
            self._add_pieces(array, pieces)
        self._add_up(array, [*[self._adjoint(array)] * bool(pieces), *whole] if whole else [])

    def _set(self, array: Array, adjoint: Expression) -> None:
        _, comment = self.comments.get(id(adjoint), (adjoint, ""))
        self.lines.append((f"d{self.reading.names[array.number]}", adjoint, comment))

    def _add_up(self, array: Array, terms: Sequence[Expression]) -> None:
        """Write a sum in lines of which none is too long."""
        for start in range(0, len(terms), LONGEST_SUM):
            total, *others = [*[self._adjoint(array)] * bool(start), *terms[start : start + LONGEST_SUM]]
            for term in others:
                total += term
            self._set(array, total)

    def _add_pieces(self, array: Array, pieces: Sequence[tuple[Expression, Expression]]) -> None:
        """Write what came back for some of the elements."""
        zeros = call("zeros_like", self.reading.name_of(array))
        is_flat = len(array.shape) == 1
        self._set(array, zeros if is_flat else reshaped(zeros, (array.size,), array.batched))
        d = self._adjoint(array)
        for place, term in pieces:
            self._set(array, call("added", d, (*[span()] * array.batched, place), term))
        if not is_flat:
            self._set(array, reshaped(d, array.shape, array.batched))

    def _tiled(self, array: Array, pieces: Sequence[tuple[Expression, Expression]]) -> Expression | None:
        """Put pieces side by side, if together they are the whole array."""
        spans = [(*place.arguments, term) for place, term in pieces if place.form == "span"]
        spans.sort(key=lambda each: each[:2])
        end = 0
        for start, stop, step, _ in spans:
            if start != end or step is not None:
                return None
            end = stop
        if len(spans) != len(pieces) or end != array.size:
            return None
        tiles = call("concatenate", tuple(term for *_, term in spans), axis=-1)
        return tiles if len(array.shape) == 1 else reshaped(tiles, array.shape, array.batched)


def _terms(terms: Sequence[Expression]) -> list[Expression]:
    """List the terms of a sum; what stands there twice is doubled."""
    if terms and all(term.is_number for term in terms):
        return [number(sum(term.arguments[0] for term in terms))]
    return [term if count == 1 else number(float(count)) * term for term, count in Counter(terms).items()]
