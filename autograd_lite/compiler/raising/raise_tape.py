"""Raising: equal scalar operations of a tape become operations on arrays.

Numbers are taken level by level; those of one level that are computed alike form a
group. A group of sums of products becomes matrix products, every other group one
operation on arrays. Each number gets a place in an array, and the operands of a group
are looked up as views of the arrays where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.ir import ArrayProgram, Operand
from autograd_lite.compiler.arrays.primitives import (
    Map,
    MatrixProduct,
    Pick,
    PickRows,
    Primitive,
    Reduce,
    RowDots,
    Sum,
)
from autograd_lite.compiler.raising.matmuls import Block, distinct_rows, find_blocks
from autograd_lite.compiler.raising.placement import Placement
from autograd_lite.compiler.raising.sums import Sums, collect_sums
from autograd_lite.compiler.tape import INNER, Tape
from autograd_lite.ops import ADD, MUL, PICK

__all__ = ["Raiser"]

FEW = 3
"""A single sum of no more products than this is written out, unless one side stands in an array."""


class Raiser:
    """Turns a program on scalars into one on arrays.

    Args:
        tape: the program.
        arguments: the shape of each argument.

    Attributes:
        groups: what will be done together, in order, and whether it is sums: the steps of the program.
    """

    def __init__(self, tape: Tape, arguments: Sequence[tuple[int, ...]]) -> None:
        import numpy

        self.numpy = numpy
        self.tape = tape
        self.placement = Placement(tape, arguments)
        self.program = self.placement.program
        self.sums = collect_sums(tape)
        self.same = numpy.arange(len(tape))  # equal sub-expressions stand where the first of them does
        self.groups = group_alike(tape, self.sums)

    def run(self) -> ArrayProgram:
        """Raise group after group."""
        for members, is_sum in self.groups:
            if is_sum:
                self._place_parameters(members)
        for members, is_sum in self.groups:
            if is_sum:
                self._raise_sums(members)
            elif self.tape.op[members[0]] is PICK:
                self._raise_picks(members)
            elif self.tape.op[members[0]].many is not None:
                self._raise_reductions(members)
            else:
                self._raise_map(members)
        operand = self._operand
        self.program.outputs = [operand(self.numpy.array(output)) for output in self.tape.outputs]
        left_out = self.same[self.numpy.array([*self.tape.left_out], self.numpy.int64)]
        self.program.left_out = {*self.placement.array[left_out].tolist()}
        for sign in sorted({guard[0] for guard in self.tape.guards}):
            chosen = [guard for guard in self.tape.guards if guard[0] == sign]
            left, right, outcomes = (self.numpy.array([guard[k] for guard in chosen]) for k in (1, 2, 3))
            if len(chosen) == 1:
                left, right = left[0], right[0]
            self.program.guards.append((sign, operand(left), operand(right), outcomes))
        return self.program

    # ---- Operands --------------------------------------------------------------------------

    def _operand(self, numbers: Any) -> Operand:
        return self.placement.operand(self.same[numbers])

    def _add(self, array: Primitive, members: Any, cells: Any, operations: int) -> None:
        """Append an array, and give its members their places in it."""
        array.scalars = operations
        self.placement.add(array, members, cells)

    def _alias(self, members: Any, rows: Any) -> Any:
        """Let equal members stand where the first of them does; give the positions of those first ones."""
        _, first, inverse = self.numpy.unique(rows, axis=0, return_index=True, return_inverse=True)
        if len(first) == len(members):
            return self.numpy.arange(len(members))
        self.same[members] = members[first[inverse.reshape(-1)]]
        return self.numpy.sort(first)

    # ---- Sums of products ------------------------------------------------------------------

    def _factors(self, members: Any) -> tuple[Any, Any]:
        """Return the left and right factors of sums; on the left stands what varies least: parameters."""
        left, right = (self.same[column] for column in self.sums.products.of(members))
        swap = self.placement.rank(right) < self.placement.rank(left)
        return self.numpy.where(swap, right, left), self.numpy.where(swap, left, right)

    def _place_parameters(self, members: Any) -> None:
        """Let the parameters that are rows of a matrix stand together, in its order, and its biases too."""
        if self.sums.products.count[members[0]] < 2:
            return
        left, right = self._factors(members)
        if not self.placement.are_new_leaves(left) or (left == right).any():
            return
        rows, _ = distinct_rows(self.numpy.sort(left, axis=1), lambda numbers: numbers)
        if len(self.numpy.unique(rows)) == rows.size:
            self.placement.place_leaves(rows[0] if len(rows) == 1 else rows)
        for biases in self.sums.plain.of(members)[0].T if self.sums.plain.count[members[0]] else ():
            if self.placement.are_new_leaves(biases):
                biases = self.numpy.unique(biases)
                self.placement.place_leaves(biases.reshape(()) if len(biases) == 1 else biases)

    def _raise_sums(self, members: Any) -> None:
        numpy = self.numpy
        width = int(self.sums.products.count[members[0]])
        plain = (
            numpy.sort(self.same[self.sums.plain.of(members)[0]], axis=1)
            if self.sums.plain.count[members[0]]
            else numpy.empty((len(members), 0), numpy.int64)
        )
        if width == 0:
            self._raise_plain_sums(members, plain)
            return
        left, right = self._factors(members)
        kept = self._alias(members, numpy.concatenate([left, right, plain], axis=1))
        members, left, right, plain = members[kept], left[kept], right[kept], plain[kept]
        self.program.multiply_adds += left.size
        if len(members) == 1:
            if width <= FEW and not self.placement.are_together(right[0]):
                self._write_out(members, left, right, plain)
                return
            order = numpy.lexsort((self.placement.key(left[0]), self.placement.key(right[0])))
            left, right = left[:, order], right[:, order]
        for block in find_blocks(left, right, self.placement.key):
            self._raise_block(block, members, plain)

    def _raise_block(self, block: Block, members: Any, plain: Any) -> None:
        """Make a matrix product, or dots of rows, of some sums."""
        numpy = self.numpy
        blocks, wide, terms = block.left.shape
        high = block.right.shape[1]
        cells, chosen = block.cells, members[block.members]
        own = plain[block.members]
        if len(numpy.unique(cells)) < len(cells):  # the same products, with other plain terms
            left = block.left.reshape(-1, terms)[cells // (wide * high) * wide + cells % wide]
            right = block.right.reshape(-1, terms)[cells // wide]
            block = Block(left[:, None], right[:, None], block.members, numpy.arange(len(cells)))
            blocks, wide, high, cells = len(cells), 1, 1, block.cells
        shape = (blocks, high, wide)
        a_product = wide > 1 or high > 1
        if a_product:
            self.program.in_products += len(chosen) * terms
        left, right = self._rows(block.left), self._rows(block.right)
        if not a_product:
            left, right = block.left[:, 0], block.right[:, 0]
            if blocks == 1:
                left, right = left[0], right[0]
        inputs, weights, biases = self._operand(right), self._operand(left), []
        whole = len(cells) == blocks * high * wide
        if whole and own.shape[1]:
            out = tuple(length for length in shape if length > 1)
            terms_of = own[numpy.argsort(cells)].reshape(*out, own.shape[1])
            if own.shape[1] > FEW:
                biases.append(self._summed(terms_of))
            else:
                biases += [self._operand(terms_of[..., k]) for k in range(own.shape[1])]
        array = (MatrixProduct if a_product else RowDots)(inputs, weights, biases)
        self._add(array, chosen, cells, 2 * len(chosen) * terms)
        if not whole and own.shape[1]:
            self._add_plain(chosen, own)

    def _rows(self, rows: Any) -> Any:
        """Drop the axes of length 1 of (blocks, rows, terms)."""
        if rows.shape[0] == 1:
            rows = rows[0]
        return rows[..., 0, :] if rows.shape[-2] == 1 else rows

    def _add_plain(self, members: Any, plain: Any) -> None:
        """Add plain terms to sums that already stand somewhere."""
        operands = [self._operand(members), *(self._operand(plain[:, k]) for k in range(plain.shape[1]))]
        self._chain(operands, members)

    def _chain(self, operands: list[Operand], members: Any) -> None:
        """Add operands one after the other; the last result is that of the members."""
        total, *others = operands
        for operand in others:
            self._add(Map(ADD, (total, operand)), members[:0], members[:0], len(members))
            total = self.placement.whole(self.program.arrays[-1])
        self.placement.locate(self.program.arrays[-1], members, self.numpy.arange(len(members)))

    def _write_out(self, members: Any, left: Any, right: Any, plain: Any) -> None:
        """Write a single short sum as it stands."""
        terms: list[Any] = []
        for a, b in zip(left[0], right[0]):
            product = Map(MUL, (self._operand(a), self._operand(b)))
            self._add(product, members[:0], members[:0], 1)
            terms.append(self.placement.whole(product))
        terms += [self._operand(term) for term in plain[0]]
        if len(terms) == 1:
            (term,) = terms
            self.placement.locate(term.array, members, self.numpy.arange(1))
        else:
            self._chain(terms, members)

    def _raise_plain_sums(self, members: Any, plain: Any) -> None:
        numpy = self.numpy
        if plain.shape[1] == 1:
            self.same[members] = plain[:, 0]
            return
        kept = self._alias(members, plain)
        members, plain = members[kept], plain[kept]
        plain = numpy.take_along_axis(plain, numpy.argsort(self.placement.key(plain), axis=1), 1)
        order = numpy.argsort(self.placement.key(plain[:, 0]), kind="stable")
        members, plain = members[order], plain[order]
        rows = plain[0] if len(members) == 1 else plain
        self._add(Sum(self._operand(rows)), members, numpy.arange(len(members)), plain.size)

    def _summed(self, rows: Any) -> Operand:
        """Sum rows of plain terms in an array of their own."""
        array = Sum(self._operand(rows))
        self._add(array, rows[:0].reshape(-1), rows[:0].reshape(-1), rows.size)
        return self.placement.whole(array)

    # ---- Everything else -------------------------------------------------------------------

    def _args(self, members: Any) -> Any:
        return self.same[self.numpy.array([self.tape.args[place] for place in members.tolist()])]

    def _raise_map(self, members: Any) -> None:
        """Do an operation element by element, once for each combination of arrays it reads from."""
        numpy = self.numpy
        args = self._args(members)
        kept = self._alias(members, args)
        members, args = members[kept], args[kept]
        sources = self.placement.sources(args)
        _, first, group = numpy.unique(sources, axis=0, return_index=True, return_inverse=True)
        for number in numpy.argsort(first):
            chosen = numpy.flatnonzero(group.reshape(-1) == number)
            self._raise_one_map(members[chosen], args[chosen])

    def _raise_one_map(self, members: Any, args: Any) -> None:
        op, attributes = self.tape.op[members[0]], self.tape.attributes[members[0]]
        order, shape = self._order(args)
        members, args = members[order], args[order]
        operands = [self._operand(args[:, k].reshape(shape)) for k in range(args.shape[1])]
        self._add(Map(op, operands, attributes), members, self.numpy.arange(len(members)), len(members))

    def _order(self, args: Any) -> tuple[Any, tuple[int, ...]]:
        """Find an order for the elements of a group in which an operand is a whole array, or a part."""
        numpy = self.numpy
        if len(args) == 1:
            return numpy.arange(1), ()
        ranks = self.placement.rank(args).max(axis=0)
        for slot in numpy.argsort(-ranks, kind="stable"):
            column = args[:, slot]
            if len(numpy.unique(column)) == len(column):
                order = numpy.argsort(self.placement.key(column), kind="stable")
                return order, self.placement.shape_of(column[order])
        return numpy.arange(len(args)), (len(args),)

    def _raise_reductions(self, members: Any) -> None:
        """Do an operation on lists for several lists at once."""
        numpy = self.numpy
        op: Any = self.tape.op[members[0]]
        attributes = self.tape.attributes[members[0]]
        args = self._args(members)
        kept = self._alias(members, args)
        members, args = members[kept], args[kept]
        order = numpy.argsort(self.placement.key(args[:, 0]), kind="stable")
        members, args = members[order], args[order]
        rows = args[0] if len(members) == 1 else args
        lengths, attributes = attributes[0], attributes[1:]
        ends = numpy.cumsum(lengths)
        lists = [self._operand(rows[..., end - length : end]) for end, length in zip(ends, lengths)]
        self._add(Reduce(op, lists, attributes), members, numpy.arange(len(members)), args.size)

    def _raise_picks(self, members: Any) -> None:
        """Look numbers up in lists, by an index that is known when the program runs."""
        numpy = self.numpy
        args = self._args(members)
        kept = self._alias(members, args)
        members, args = members[kept], args[kept]
        lists, of_list = distinct_rows(args[:, :-1], self.placement.key)
        indices, of_index = distinct_rows(args[:, -1:], self.placement.key)
        if len(lists) * len(indices) == len(members) and self.placement.are_fixed(lists):  # a table of rows
            array: Pick = PickRows(
                self._operand(lists[0] if len(lists) == 1 else lists.T), self._index(indices)
            )
            cells = of_index * len(lists) + of_list
        else:
            values, index = args[:, :-1], args[:, -1:]
            array = Pick(self._operand(values[0] if len(values) == 1 else values), self._index(index))
            cells = numpy.arange(len(members))
        self._add(array, members, cells, len(members))

    def _index(self, numbers: Any) -> Operand:
        return self._operand(numbers[0, 0] if len(numbers) == 1 else numbers[:, 0])


def group_alike(tape: Tape, sums: Sums) -> list[tuple[Any, bool]]:
    """List the groups level by level: the level, the operation and the number of terms are equal.

    Args:
        tape: the program on scalars.
        sums: its sums; what is inside of one is in no group.

    Returns:
        For each group its numbers, in their order, and whether they are sums.
    """
    import numpy

    members = numpy.flatnonzero((numpy.array(tape.role) == INNER) & ~sums.inside)
    is_sum = sums.is_sum[members]
    kinds: dict[Any, int] = {}
    codes = numpy.array(
        [
            0 if a_sum else kinds.setdefault(_kind(tape, place), len(kinds) + 1)
            for place, a_sum in zip(members.tolist(), is_sum.tolist())
        ],
        numpy.int64,
    )
    products, plain = (numpy.where(is_sum, terms.count[members], 0) for terms in (sums.products, sums.plain))
    keys = numpy.stack([_levels(tape, sums)[members], codes, products, plain])
    order = numpy.lexsort((members, *keys[::-1]))
    changes = numpy.flatnonzero((numpy.diff(keys[:, order], axis=1) != 0).any(axis=0)) + 1
    split = numpy.split(members[order], changes)
    return [(numbers, bool(sums.is_sum[numbers[0]])) for numbers in split if len(numbers)]


def _kind(tape: Tape, place: int) -> Any:
    """Tell operations apart that cannot be done together."""
    op, args = tape.op[place], tape.args[place]
    assert op is not None
    if op is PICK or op.many is not None:
        return op, tape.attributes[place], len(args)
    return op, tape.attributes[place], tuple([tape.role[arg] for arg in args])


def _levels(tape: Tape, sums: Sums) -> Any:
    """Return the level of each number: one more than the highest it is computed from."""
    import numpy

    levels = [0] * len(tape)
    inside = sums.inside.tolist()
    for place, args in enumerate(tape.args):
        if args:
            level = max([levels[arg] for arg in args])
            levels[place] = level if inside[place] else level + 1
    return numpy.array(levels)
