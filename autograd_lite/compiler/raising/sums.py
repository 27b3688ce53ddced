"""Which additions of a tape belong to one sum, and which products are its terms."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from autograd_lite.compiler.tape import CONSTANT, FROZEN, INNER, INPUT, Tape
from autograd_lite.ops import ADD, DOT, MUL, PICK, SUM

__all__ = ["Sums", "collect_sums"]


@dataclass(frozen=True)
class Terms:
    """The terms of all sums, grouped by sum.

    Attributes:
        count: for each number on the tape how many terms it has, if it is a sum.
        start: where they begin.
        columns: the terms themselves: for products the left and the right factors.
    """

    count: Any
    start: Any
    columns: tuple[Any, ...]

    def of(self, members: Any, missing: int) -> tuple[Any, ...]:
        """Return the terms of sums: arrays of a row for each sum.

        Args:
            members: the sums.
            missing: what stands at the end of a row that has fewer than another.
        """
        import numpy

        counts = self.count[members][:, None]
        places = numpy.arange(counts.max())
        rows = self.start[members][:, None] + numpy.where(places < counts, places, 0)
        if (counts == counts[0]).all():
            return tuple(column[rows] for column in self.columns)
        return tuple(numpy.where(places < counts, column[rows], missing) for column in self.columns)


@dataclass(frozen=True)
class Sums:
    """The sums of a tape.

    Attributes:
        is_sum: for each number whether it is a sum of products and plain terms.
        inside: whether it is a part of a sum, and not computed on its own.
        products: the terms that are products.
        plain: the other terms.
        level: for each number one more than the highest that it is computed from.
    """

    is_sum: Any
    inside: Any
    products: Terms
    plain: Terms
    level: Any


def collect_sums(tape: Tape, role: Any) -> Sums:
    """Flatten additions that are used once into sums; products used once become their terms.

    The two-term addition of plain numbers stays an operation of its own.

    Args:
        tape: the program on scalars.
        role: of each number.
    """
    import numpy

    count = len(tape)
    op = numpy.fromiter(map(_CODES.__getitem__, tape.op), numpy.int64, count)
    lengths = numpy.fromiter(map(len, tape.args), numpy.int64, count)
    op[(op == 5) & (lengths == 1)] = 2
    args = numpy.fromiter(itertools.chain.from_iterable(tape.args), numpy.int64, int(lengths.sum()))
    users = numpy.repeat(numpy.arange(count), lengths)
    slot = numpy.arange(len(args)) - numpy.repeat(numpy.cumsum(lengths) - lengths, lengths)
    uses = numpy.bincount(args, minlength=count)
    others = [*tape.outputs, *(place for guard in tape.guards for place in guard[1:3])]
    numpy.add.at(uses, numpy.array(others, numpy.int64), 1)

    user_op, last = op[users], lengths[users] - 1
    adding = (user_op == 1) | (user_op == 2) | ((user_op == 3) & (slot == last))
    user_of = numpy.full(count, -1)
    user_of[args[adding]] = users[adding]
    once = (uses == 1) & (user_of >= 0)
    merged = once & (op >= 1) & (op <= 3)
    first = numpy.cumsum(lengths) - lengths
    root = _ends(numpy.where(merged, user_of, numpy.arange(count)))
    apart = _of_inputs(op, args, users, lengths, role, numpy.where(merged, user_of, -1), root)
    if apart.any():
        merged &= ~apart
        root = _ends(numpy.where(merged, user_of, numpy.arange(count)))

    # The pairs that a dot multiplies stand in its first and its second list.
    half = last // 2
    left = args[(user_op == 3) & (slot < half)]
    right = args[(user_op == 3) & (slot >= half) & (slot < last)]
    dot_roots = root[users[(user_op == 3) & (slot < half)]]

    terms, roots = args[adding], root[users[adding]]
    is_zero = numpy.zeros(count, bool)
    is_zero[[place for place in tape.constants if tape.data[place] == 0.0]] = True
    wanted = ~merged[terms] & ~is_zero[terms]
    terms, roots = terms[wanted], roots[wanted]
    a_product = once[terms] & (op[terms] == 4)
    product_count = numpy.bincount(roots[a_product], minlength=count)
    product_count += numpy.bincount(dot_roots, minlength=count)
    has_dot = numpy.bincount(dot_roots, minlength=count) > 0
    factors = args[first[terms][:, None] + a_product[:, None] * numpy.arange(2)]
    alone = (numpy.bincount(roots, minlength=count)[roots] == 1) & (role[factors] == INNER).all(axis=1)
    a_product &= (product_count[roots] >= 2) | has_dot[roots] | alone

    muls, mul_roots = terms[a_product], roots[a_product]
    products = _grouped(
        numpy.concatenate([dot_roots, mul_roots]), count,
        numpy.concatenate([left, args[first[muls]]]), numpy.concatenate([right, args[first[muls] + 1]]),
    )  # fmt: skip
    plain = _grouped(roots[~a_product], count, terms[~a_product])

    is_sum = (op >= 1) & (op <= 3) & ~merged
    contains_sums = numpy.zeros(count, bool)
    contains_sums[user_of[merged]] = True
    is_sum &= ~((op == 1) & (products.count == 0) & (plain.count == 2) & ~contains_sums)
    owner = root.copy()
    owner[muls] = mul_roots
    inside = owner != numpy.arange(count)
    return Sums(is_sum, inside, products, plain, _levels(owner[users], args, inside | (lengths == 0)))


def _ends(following: Any) -> Any:
    """Follow what stands for each number to its end."""
    while ((further := following[following]) != following).any():
        following = further
    return following


def _of_inputs(op: Any, args: Any, users: Any, lengths: Any, role: Any, user_of: Any, root: Any) -> Any:
    """Find parts of sums that are sums of products of parameters and inputs, beside other products.

    In a recurrence those of all steps are one matrix product, before the first step.

    Args:
        op: for each number its code; ``role`` and ``lengths``: its role, and how many arguments it has.
        args: all arguments, and ``users`` whose they are.
        user_of: for what is a part of a sum the number that adds it, otherwise -1.
        root: for each number the sum that it is a part of.
    """
    import numpy

    is_part, count = user_of >= 0, len(op)
    adds = (op[users] == 1) | (op[users] == 2)
    is_term, dots = adds & (op[args] == 4), numpy.flatnonzero(op == 3)
    first = (numpy.cumsum(lengths) - lengths)[args[is_term]]
    left, right = role[args[first]], role[args[first + 1]]
    of_inputs = _are_of_inputs(numpy.maximum(left, right), numpy.minimum(left, right))
    owners = users[is_term]
    if len(dots):
        roles, starts = role[args[op[users] == 3]], numpy.cumsum(lengths[dots]) - lengths[dots]
        ends = (extreme.reduceat(roles, starts) for extreme in (numpy.maximum, numpy.minimum))
        owners = numpy.concatenate([owners, numpy.repeat(dots, lengths[dots] // 2)])
        of_inputs = numpy.concatenate([of_inputs, numpy.repeat(_are_of_inputs(*ends), lengths[dots] // 2)])
    in_root = numpy.bincount(root[owners[~of_inputs]], minlength=count)
    if (in_root[root[owners[of_inputs]]] < 2).all():
        return numpy.zeros(count, bool)
    below = is_part & (user_of != root)
    top = _ends(numpy.where(below, user_of, numpy.arange(count)))
    is_plain = adds & ~is_term & (role[args] > CONSTANT) & ~is_part[args]
    inputs = numpy.bincount(top[owners[of_inputs]], minlength=count)
    others = numpy.bincount(top[owners[~of_inputs]], minlength=count)
    others += numpy.bincount(top[users[is_plain]], minlength=count)
    return is_part & ~below & (inputs >= 2) & (others == 0) & (in_root[root] >= 2)


def _are_of_inputs(largest: Any, smallest: Any) -> Any:
    """Tell by the largest and the smallest role of factors whether some are inputs, and others parameters."""
    return (largest == INPUT) & (smallest <= FROZEN)


def _levels(owners: Any, args: Any, skipped: Any) -> Any:
    """Return the level of each number: one more than the highest it is computed from.

    Args:
        owners: for each use of a number what uses it: a number, or the sum that it is inside of.
        args: which number that is.
        skipped: what has no level: a leaf, or what is inside of a sum.
    """
    import numpy

    levels = (~skipped).astype(numpy.int64)
    wanted = ~skipped[args]
    rank = numpy.cumsum(levels) - 1  # among those that have a level
    owners, args = rank[owners[wanted]], rank[args[wanted]]
    order = numpy.argsort(owners, kind="stable")
    listed = [1] * int(levels.sum())
    for owner, arg in zip(owners[order].tolist(), args[order].tolist()):
        if listed[owner] <= listed[arg]:
            listed[owner] = listed[arg] + 1
    levels[~skipped] = listed
    return levels


_CODES: dict[Any, int] = defaultdict(int, {ADD: 1, SUM: 2, DOT: 3, MUL: 4, PICK: 5})


def _grouped(roots: Any, count: int, *columns: Any) -> Terms:
    """Sort terms by the sum that they belong to; within one their order stays."""
    import numpy

    order = numpy.argsort(roots, kind="stable")
    counts = numpy.bincount(roots, minlength=count)
    return Terms(counts, numpy.cumsum(counts) - counts, tuple(column[order] for column in columns))
