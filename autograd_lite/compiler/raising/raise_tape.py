"""Raising: equal scalar operations of a tape become operations on arrays.

Numbers are taken level by level; those of one level that are computed alike form a
group. A group of sums of products becomes matrix products, every other group one
operation on arrays. Each number gets a place in an array, and the operands of a group
are looked up as views of the arrays where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.images import Convolution, Pool
from autograd_lite.compiler.arrays.indexing import overlapping, pooled
from autograd_lite.compiler.arrays.ir import ArrayProgram, Constant, Operand, View
from autograd_lite.compiler.arrays.primitives import Map, Pick, PickRows, Reduce, Sum
from autograd_lite.compiler.arrays.products import MatrixProduct, RowDots
from autograd_lite.compiler.raising.matmuls import Block, distinct_rows, find_blocks
from autograd_lite.compiler.raising.placement import Placement
from autograd_lite.compiler.raising.ragged import continued, merged, rectangular
from autograd_lite.compiler.raising.simplify import LARGEST, simplified
from autograd_lite.compiler.raising.sums import Sums, collect_sums
from autograd_lite.compiler.raising.wholes import Wholes
from autograd_lite.compiler.tape import CONSTANT, INNER, Tape
from autograd_lite.core.op import Op
from autograd_lite.ops import ADD, AMAX, DOT, MUL, PICK

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
        self.tape = tape = simplified(tape)
        self.placement = Placement(tape, arguments)
        self.program = self.placement.program
        self.wholes = Wholes(self.placement)
        role = self.placement.role[:-1]
        self.sums = collect_sums(tape, role)
        levels = self.sums.level
        self.groups = merged(tape, self.sums, levels, group_alike(tape, role, self.sums, levels))

    def run(self) -> ArrayProgram:
        """Raise group after group."""
        numpy, operand = self.numpy, self.placement.operand
        for members, is_sum in self.groups:
            if is_sum:
                self._place_parameters(members)
        for members, is_sum in self.groups:
            if is_sum:
                self._raise_sums(members)
                continue
            op: Any = self.tape.op[members[0]]
            args = rectangular([self.tape.args[place] for place in members.tolist()])
            members, args = self._distinct(members, self.placement.same[args])
            if op is PICK:
                self._raise_picks(members, args)
            elif op.many is not None:
                self._raise_reductions(op, members, args)
            else:
                self._raise_maps(op, members, args)
        self.program.outputs = [operand(numpy.array(output)) for output in self.tape.outputs]
        left_out = self.placement.same[numpy.array([*self.tape.left_out], numpy.int64)]
        self.program.left_out = {*self.placement.array[left_out].tolist()}
        for sign in sorted({guard[0] for guard in self.tape.guards}):
            chosen = [guard[1:] for guard in self.tape.guards if guard[0] == sign]
            left, right, outcomes = map(numpy.array, zip(*chosen))
            self.program.guards.append((sign, operand(left.squeeze()), operand(right.squeeze()), outcomes))
        return self.program

    def _distinct(self, members: Any, rows: Any) -> tuple[Any, Any]:
        """Let members whose rows are equal stand where the first of them does; return those first ones."""
        _, first, inverse = self.numpy.unique(rows, axis=0, return_index=True, return_inverse=True)
        self.placement.same[members] = members[first[inverse.reshape(-1)]]
        kept = self.numpy.sort(first)
        return members[kept], rows[kept]

    # ---- Sums of products ------------------------------------------------------------------

    def _factors(self, members: Any) -> tuple[Any, Any]:
        """Return the left and right factors of sums; on the left stands what varies least: parameters.

        Of two that are computed alike the first, queries before keys, stands on the right: its rows are
        those of the result.
        """
        zero = self.placement.zero
        left, right = (self.placement.same[column] for column in self.sums.products.of(members, zero))
        ranks = self.placement.rank(left), self.placement.rank(right)
        swap = (ranks[1] < ranks[0]) | ((ranks[1] == ranks[0]) & (ranks[0] >= INNER))
        return self.numpy.where(swap, right, left), self.numpy.where(swap, left, right)

    def _place_parameters(self, members: Any) -> None:
        """Let the parameters that are rows of a matrix stand together, in its order, and its biases too."""
        if self.sums.products.count[members[0]] < 2:
            return
        left, right = self._factors(members)
        if not self.placement.are_new_leaves(left) or (left == right).any():
            return
        rows, _ = distinct_rows(self.numpy.sort(left, axis=1), lambda numbers: numbers)
        if self.placement.are_distinct(rows):
            self.placement.place_leaves(_narrow(rows))
        for biases in self.sums.plain.of(members, self.placement.zero)[0].T:
            if self.placement.are_new_leaves(biases):
                self.placement.place_leaves(self.numpy.unique(biases).squeeze())

    def _raise_sums(self, members: Any) -> None:
        numpy, key = self.numpy, self.placement.key
        counts, zero = self.sums.products.count[members], self.placement.zero
        width = int(counts.max())
        plain = numpy.sort(self.placement.same[self.sums.plain.of(members, zero)[0]], axis=1)
        if width == 0:
            self._raise_plain_sums(members, plain)
            return
        factors = self._factors(members)
        if width == 1 and not plain.size and self.tape.op[members[0]] is not DOT:
            self._raise_maps(MUL, members, numpy.concatenate(factors, axis=1))
            return
        if (counts < width).any():  # where one factor is 0, the other may be any number
            factors = continued(factors[0], zero), factors[1]
        rows = numpy.concatenate([*factors, plain], axis=1)
        members, rows = self._distinct(members, rows)
        left, right, plain = numpy.split(rows, [width, 2 * width], axis=1)
        self.program.multiply_adds += left.size
        if len(members) == 1:
            stands_in = self.placement.array[right[0]]
            if width <= FEW and (width == 1 or stands_in[0] < 0 or (stands_in != stands_in[0]).any()):
                self._write_out(members, left[0], right[0], plain[0])
                return
            order = numpy.lexsort((key(left[0]), key(right[0])))
            left, right = left[:, order], right[:, order]
        for block in find_blocks(left, right, key):
            self._raise_block(block, members[block.members], plain[block.members])

    def _raise_block(self, block: Block, members: Any, plain: Any) -> None:
        """Make a matrix product, or dots of rows, of some sums."""
        numpy, operand = self.numpy, self.placement.operand
        blocks, wide, terms = block.left.shape
        high = block.right.shape[1]
        left, right, cells = block.left, block.right, block.cells
        if len(numpy.unique(cells)) < len(cells):  # the same products, with other plain terms
            left = left.reshape(-1, 1, terms)[cells // (wide * high) * wide + cells % wide]
            right = right.reshape(-1, 1, terms)[cells // wide]
            blocks, wide, high, cells = len(cells), 1, 1, numpy.arange(len(cells))
        is_product = wide > 1 or high > 1
        inputs, weights = self._sides(right, left)
        if is_product or (len(cells) == 1 and inputs.batched and not weights.batched):
            self.program.in_products += len(members) * terms
        primitive: Any = MatrixProduct if is_product else RowDots
        windows = _windows_of(inputs, weights)
        if windows is not None:
            inputs, primitive = windows, Convolution
            cells = cells % wide * high + cells // wide
            high, wide = wide, high
        biases: list[Operand] = []
        is_full = len(cells) == blocks * high * wide
        if is_full:
            added = _narrow(plain[numpy.argsort(cells)].reshape(blocks, high, wide, -1))
            biases = self._added_up(added)
        if any(bias.batched for bias in biases) and not (inputs.batched or weights.batched):
            # One product for all rows of a batch: only what is added differs.
            product = self.placement.add(primitive(inputs, weights), members, cells)
            self._chain([product, *biases], members, cells)
            return
        self.placement.add(primitive(inputs, weights, biases), members, cells)
        if not is_full and plain.shape[1]:
            self._chain([operand(members), *map(operand, plain.T)], members)

    def _sides(self, right: Any, left: Any) -> tuple[Operand, Operand]:
        """Return the rows of inputs and those of weights of a product."""
        numpy, operand = self.numpy, self.placement.operand
        found = self.wholes.among_zeros(_narrow(right))
        if found is not None:
            return found, operand(_narrow(left))
        order = numpy.argsort(self.placement.key(left[0, 0]), kind="stable")
        repeats, more = divmod(len(order), len(numpy.unique(left[0, 0])))
        weights = left[..., order][..., ::repeats]
        is_repeated = repeats > 1 and not more and len(left) == 1
        if not is_repeated or (numpy.repeat(weights, repeats, axis=-1) != left[..., order]).any():
            return operand(_narrow(right)), operand(_narrow(left))
        # What one weight multiplies is added up first.
        inputs = _narrow(right[..., order])
        lists = inputs.reshape(*inputs.shape[:-1], -1, repeats)
        return self.placement.add(Sum(operand(lists))), operand(_narrow(weights))

    def _added_up(self, terms: Any) -> list[Operand]:
        """Return few operands whose sum is that of terms, which stand along the last axis."""
        numpy, operand, shape = self.numpy, self.placement.operand, terms.shape[:-1]
        if terms.shape[-1] <= FEW:
            return [operand(terms[..., place]) for place in range(terms.shape[-1])]
        ordered = numpy.take_along_axis(terms, numpy.argsort(self.placement.key(terms), axis=-1), -1)
        sources = self.placement.sources(ordered).reshape(-1, terms.shape[-1])
        cuts = numpy.flatnonzero(numpy.diff(sources[0])) + 1
        if len(cuts) >= FEW or (sources != sources[0]).any():
            return [self.placement.add(Sum(operand(terms)))]
        added: list[Operand] = []
        for part in numpy.split(ordered, cuts, axis=-1):
            count = part.shape[-1]
            if count > 1 and (part == part[..., :1]).all():
                factors = operand(part[..., 0]), Constant(numpy.full(shape, float(count)))
                added.append(self.placement.add(Map(MUL, factors)))
            else:
                added.append(self.placement.add(Sum(operand(part))) if count > 1 else operand(part[..., 0]))
        return added

    def _chain(self, operands: Sequence[Operand], members: Any, cells: Any = None) -> None:
        """Add operands one after the other; the last result is that of the members."""
        total, *others = operands
        for each in others:
            total = self.placement.add(Map(ADD, (total, each)))
        self.placement.locate(self.program.arrays[-1], members, cells)

    def _write_out(self, members: Any, left: Any, right: Any, plain: Any) -> None:
        """Write a single short sum as it stands."""
        operand = self.placement.operand
        products = [self.placement.add(Map(MUL, (operand(a), operand(b)))) for a, b in zip(left, right)]
        self._chain([*products, *map(operand, plain)], members)

    def _raise_plain_sums(self, members: Any, plain: Any) -> None:
        numpy, key = self.numpy, self.placement.key
        if plain.shape[1] == 1:
            self.placement.same[members] = plain[:, 0]
            return
        members, plain = self._distinct(members, plain)
        found = self.wholes.lines(plain, summed=True)
        if found is not None:
            values, order = found
            self.placement.add(Sum(values), members[order])
            return
        plain = numpy.take_along_axis(plain, numpy.argsort(key(plain), axis=1), 1)
        order = numpy.argsort(key(plain[:, -1 if (plain == self.placement.zero).any() else 0]), kind="stable")
        terms = self.placement.operand(_narrow(plain[order]))
        if not self._pool(terms, members[order], "sum"):
            self.placement.add(Sum(terms), members[order])

    def _pool(self, lists: Operand, members: Any, by: str, flows: bool = True) -> bool:
        """Take the largest, or the sum, of the windows that an array is cut into, if lists are such."""
        found = pooled(lists.index, lists.array.size) if isinstance(lists, View) else None
        if isinstance(lists, View) and found is not None:
            shape, axes = found
            values = View(lists.array, self.numpy.arange(lists.array.size).reshape(shape))
            self.placement.add(Pool(values, axes, lists.shape[:-1], by, flows=flows), members)
        return found is not None

    # ---- Everything else -------------------------------------------------------------------

    def _raise_maps(self, op: Op, members: Any, args: Any) -> None:
        """Do an operation element by element, once for each combination of arrays it reads from."""
        numpy = self.numpy
        attributes = self.tape.attributes[members[0]]
        sources = self.placement.sources(args)
        _, first, group = numpy.unique(sources, axis=0, return_index=True, return_inverse=True)
        for number in numpy.argsort(first):
            chosen = numpy.flatnonzero(group.reshape(-1) == number)
            whole = self.wholes.map_operands(args[chosen])
            if whole is not None:
                operands, cells, like = whole
                self.wholes.add_map(Map(op, operands, attributes), members[chosen], cells, like)
                continue
            order, shape = self._order(args[chosen])
            chosen = chosen[order]
            operands = [self.placement.operand(column.reshape(shape)) for column in args[chosen].T]
            self.placement.add(Map(op, operands, attributes), members[chosen])

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

    def _raise_reductions(self, op: Op, members: Any, args: Any) -> None:
        """Do an operation on lists for several lists at once."""
        lengths, *attributes = self.tape.attributes[members[0]]
        lengths = (args.shape[1],) if op is LARGEST else lengths
        found = self.wholes.lines(args, summed=False) if op is LARGEST else None
        if found is not None:
            values, order = found
            self.placement.add(Reduce(AMAX, [values], attributes, flows=False), members[order])
            return
        order = self.numpy.argsort(self.placement.key(args[:, 0]), kind="stable")
        lists = self.numpy.split(args[order], self.numpy.cumsum(lengths)[:-1], axis=1)
        operands = [self.placement.operand(_narrow(rows)) for rows in lists]
        if op in (AMAX, LARGEST) and self._pool(operands[0], members[order], "max", op is not LARGEST):
            return
        flows = op is not LARGEST
        reduced = Reduce(op if flows else AMAX, operands, attributes, flows=flows)
        self.placement.add(reduced, members[order])

    def _raise_picks(self, members: Any, args: Any) -> None:
        """Look numbers up in lists, by an index that is known when the program runs."""
        operand, cells = self.placement.operand, None
        lists, of_list = distinct_rows(args[:, :-1], self.placement.key)
        indices, of_index = distinct_rows(args[:, -1:], self.placement.key)
        are_fixed = (self.placement.role[lists] <= CONSTANT).all()  # the same for all rows of a batch
        if are_fixed and len(lists) * len(indices) == len(members):  # a table of rows
            table = lists[0] if len(lists) == 1 else lists.T
            array: Pick = PickRows(operand(table), operand(indices.squeeze()))
            cells = of_index * len(lists) + of_list
        else:
            array = Pick(operand(_narrow(args[:, :-1])), operand(args[:, -1].squeeze()))
        self.placement.add(array, members, cells)


def _windows_of(inputs: Operand, weights: Operand) -> View | None:
    """Return the inputs as columns, if they are windows of an image, and the weights kernels for all rows."""
    if not (inputs.batched and isinstance(inputs, View)) or weights.batched or len(weights.shape) < 2:
        return None
    columns = View(inputs.array, inputs.index.T)
    return None if overlapping(columns.index) is None else columns


def _narrow(rows: Any) -> Any:
    """Drop the axes of length 1 but the last."""
    return rows.reshape(*(length for length in rows.shape[:-1] if length > 1), rows.shape[-1])


def group_alike(tape: Tape, role: Any, sums: Sums, levels: Any) -> list[tuple[Any, bool]]:
    """List the groups level by level: the level, the operation and the number of terms are equal.

    Args:
        tape: the program on scalars.
        role: of each number.
        sums: its sums; what is inside of one is in no group.
        levels: of each number.

    Returns:
        For each group its numbers, in their order, and whether they are sums.
    """
    import numpy

    members = numpy.flatnonzero((role == INNER) & ~sums.inside)
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
    keys = numpy.stack([levels[members], codes, products, plain])
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
