"""The reverse pass of a program on arrays, by the same rules as for scalars."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import Expression, Line, call, name, number, span
from autograd_lite.compiler.arrays.indexing import Box, Named, reshaped
from autograd_lite.compiler.arrays.ir import Array, ArrayProgram, View, depend_on_parameters, reverse_order
from autograd_lite.compiler.arrays.names import is_layer
from autograd_lite.compiler.arrays.primitives import Map, Primitive
from autograd_lite.core.source import LONGEST_SUM
from autograd_lite.ops import MUL

__all__ = ["Reverse"]

FEWEST_TOGETHER = 3
"""So many products, or sums over rows, are done together."""
Piece = tuple[Any, Expression]
"""Positions in the flat array, a range, a box or an array of them, and what is added there."""


class Reverse:
    """Writes the reverse pass.

    Args:
        program: the program.
        named: gives an array of numbers a name.

    Attributes:
        lines: the lines so far.
    """

    def __init__(self, program: ArrayProgram, named: Named) -> None:
        self.program, self.named = program, named
        self.wanted = depend_on_parameters(program.arrays)
        self.lines: list[Line] = []
        self.adjoints: dict[int, Expression] = {}  # often that of another array is the same
        self.whole: dict[int, list[Expression]] = defaultdict(list)  # what came back to all of an array
        self.pieces: dict[int, list[Piece]] = defaultdict(list)
        self.comments: dict[Expression, str] = {}  # on what is sent back
        self.is_batched = any(array.batched for array in program.arrays)
        self.taken = {array.name for array in program.arrays}
        self.rows: dict[tuple[Expression, ...], Expression] = {}  # what stands one below the other

    def run(self, seed: Expression) -> None:
        """Write the lines.

        Args:
            seed: the adjoint of the first output, in its shape.
        """
        output = self.program.outputs[0]
        if isinstance(output, View):
            self._send(output, seed, output.batched)
        for array in reverse_order(self.program.arrays, self.wanted):
            whole, pieces = self.whole[array.number], self.pieces[array.number]
            if array.number in self.program.left_out and not whole and not pieces:
                whole.append(call("zeros_like", name(array.name)))  # what lies behind may still be infinite
            if whole or pieces:
                self.adjoints[array.number] = self._sum(array, _terms(whole), pieces)
                if isinstance(array, Primitive):
                    self._pass_on(array)

    def gradient(self, array: Array) -> Expression:
        """Return what holds the gradient by an array, after the reverse pass."""
        return self.adjoints.get(array.number) or call("zeros_like", name(array.name))

    def _pass_on(self, array: Primitive) -> None:
        """Send each operand of an operation what it gets."""
        for slot in self._passing(array):
            operand = array.operands[slot]
            assert isinstance(operand, View)
            back = array.back(self.named, slot, self.adjoints[array.number])
            self.comments[back] = array.back_comment(self.named, slot)
            self._send(operand, back, array.batched and not array.sums_the_batch(slot))

    def _passing(self, array: Primitive) -> list[int]:
        """List the operands that get something back."""
        return [
            slot
            for slot, operand in enumerate(array.operands)
            if slot not in array.conditions
            and isinstance(operand, View)
            and operand.array.number in self.wanted
        ]

    def _send(self, operand: View, d: Expression, batched: bool) -> None:
        """Send an operand's adjoint back to the array that it reads.

        Args:
            operand: what was read.
            d: its adjoint, in its full shape.
            batched: whether d has an axis for the batch.
        """
        kept = operand.batched
        place, term = operand.way.back(d, batched and kept, batched and not kept)
        if place is None:
            self.whole[operand.array.number].append(term)
        else:
            self.pieces[operand.array.number].append((place, term))

    # ---- Adjoints --------------------------------------------------------------------------

    def _sum(self, array: Array, whole: list[Expression], pieces: Sequence[Piece]) -> Expression:
        """Write the adjoint of an array, the sum of what came back, and return what holds it."""
        forms = [term.form for term in whole]
        if not pieces and (forms == ["number"] or (forms == ["name"] and not is_layer(array))):
            return whole[0]  # of a layer, dz is what the lectures speak of
        if not pieces and len(whole) == 1 and _spread(whole[0]) and isinstance(array, Map):
            slots = self._passing(array)
            if all(array.scales(self.named, slot) for slot in slots):
                return whole[0]
            if all(array.fills(self.named, slot) for slot in slots):
                whole = [_spread(whole[0])]
        d = name(f"d{array.name}")
        tiled = None if whole else _tiled(array, pieces)
        if tiled is not None:
            whole = [tiled]
        elif pieces:
            self._add_pieces(array, d, pieces)
            whole = [d, *whole] if whole else []
        if self.is_batched:
            whole = self._together(whole)
        for start in range(0, len(whole), LONGEST_SUM):  # no line is too long
            terms = [*[d] * bool(start), *whole[start : start + LONGEST_SUM]]
            self._set(array, functools.reduce(operator.add, terms))
        return d

    def _together(self, terms: list[Expression]) -> list[Expression]:
        """Write many products, as each step of a recurrence adds one, as one of all their rows; sums too."""
        products = [term for term in terms if _is_product(term)]
        sums = [term for term in terms if _is_sum_of_rows(term)]
        others = [term for term in terms if term not in products and term not in sums]
        if len(products) >= FEWEST_TOGETHER:
            left = self._below([product.arguments[0].arguments[0] for product in products])
            products = [left.T @ self._below([product.arguments[1] for product in products])]
        if len(sums) >= FEWEST_TOGETHER:
            sums = [self._below([term.arguments[0] for term in sums]).sum(0)]
        return [*products, *sums, *others]

    def _below(self, arrays: Sequence[Expression]) -> Expression:
        """Name arrays that stand one below the other."""
        key = tuple(arrays)
        if key not in self.rows:
            stem = str(key[0].arguments[0]).rstrip("0123456789") if key[0].form == "name" else "all"
            label = f"{stem}_rows"
            while label in self.taken:
                label += "_"
            self.taken.add(label)
            self.rows[key] = name(label)
            self.lines.append((label, call("concatenate", key), ""))
        return self.rows[key]

    def _set(self, array: Array, adjoint: Expression) -> None:
        self.lines.append((f"d{array.name}", adjoint, self.comments.get(adjoint, "")))

    def _add_pieces(self, array: Array, d: Expression, pieces: Sequence[Piece]) -> None:
        """Write what came back for some of the elements."""
        pieces = [_flattened(*piece, array.batched) for piece in pieces]
        shape, flat, zeros = array.shape, (array.size,), call("zeros_like", name(array.name))
        if not all(isinstance(place, range) for place, _ in pieces):
            self._set(array, reshaped(self._scattered(array, pieces), flat, shape, array.batched))
            return
        self._set(array, reshaped(zeros, shape, flat, array.batched))
        for place, term in pieces:
            self._set(array, call("added", d, (*[span()] * array.batched, _span(place)), term))
        if shape != flat:
            self._set(array, reshaped(d, flat, shape, array.batched))

    def _scattered(self, array: Array, pieces: Sequence[Piece]) -> Expression:
        """Add up what came back to each position, wherever it stands."""
        import numpy

        places = tuple(_span(place) if isinstance(place, range) else self.named(place) for place, _ in pieces)
        joined = self.named(numpy.concatenate([numpy.array(place, numpy.int64) for place, _ in pieces]))
        terms = tuple(term for _, term in pieces)
        return Expression("scattered", (joined, array.size, terms, places))


def _flattened(place: Any, term: Expression, batched: bool) -> Piece:
    """Say with an array of positions what a box is."""
    if not isinstance(place, Box):
        return place, term
    positions = place.positions()
    return positions, reshaped(term, place.lengths, positions.shape, batched)


def _is_product(term: Expression) -> bool:
    return term.form == "matmul" and term.arguments[0].form == "transposed"


def _is_sum_of_rows(term: Expression) -> bool:
    return term.form == "method" and term.arguments[1:] == ("sum", (), (("axis", 0),))


def _tiled(array: Array, pieces: Sequence[Piece]) -> Expression | None:
    """Put pieces side by side along an axis, if together they are the whole array."""
    joined: dict[Box, list[Expression]] = {}
    for place, term in pieces:
        box = _box_of(place, array.size)
        if box is None:
            return None
        joined.setdefault(box, []).append(term)
    boxes = sorted(joined, key=lambda box: box.spans)
    shape = boxes[0].shape
    cut = [axis for axis, length in enumerate(shape) if boxes[0].lengths[axis] < length]
    if len(cut) != 1 or any(box.shape != shape or len(joined[box]) > LONGEST_SUM for box in boxes):
        return None
    bounds = [(0, 0), *(box.spans[cut[0]] for box in boxes), (shape[cut[0]],) * 2]
    if sum(math.prod(box.lengths) for box in boxes) != array.size or any(
        first[1] != second[0] for first, second in itertools.pairwise(bounds)
    ):
        return None
    tiles = call(
        "concatenate",
        tuple(functools.reduce(operator.add, joined[box]) for box in boxes),
        axis=cut[0] - len(shape),
    )
    return reshaped(tiles, shape, array.shape, array.batched)


def _box_of(place: Any, size: int) -> Box | None:
    """Say as a box which places of a flat array are meant, if they are one."""
    if isinstance(place, range) and place.step == 1:
        return Box((size,), ((place.start, place.stop),))
    return place if isinstance(place, Box) else None


def _spread(term: Expression) -> Any:
    """Return what is broadcast to the shape of an array, if a term is that."""
    is_spread = term.form == "call" and term.arguments[0] == "broadcast_to"
    return term.arguments[1][0] if is_spread else None


def _span(place: range) -> Expression:
    return span(place.start, place.stop, None if place.step == 1 else place.step)


def _terms(terms: Sequence[Expression]) -> list[Expression]:
    """List the terms of a sum; what stands there twice is doubled."""
    if terms and all(term.form == "number" for term in terms):
        return [number(sum(term.arguments[0] for term in terms))]
    if any(_spread(term) is None and term.form != "number" for term in terms):  # which has the full shape
        terms = [_spread(term) or term for term in terms]
    return [term if count == 1 else _times(float(count), term) for term, count in Counter(terms).items()]


def _times(count: float, term: Expression) -> Expression:
    """Multiply the first factor of a product, which often is smaller."""
    if term.form != "operation" or term.arguments[0] is not MUL:
        return number(count) * term
    first, second = term.arguments[1:]
    product: Expression = _times(count, first) * second
    return product
