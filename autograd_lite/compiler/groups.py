"""Groups: numbers of a tape that are computed alike, and do not depend on one another."""

from __future__ import annotations

from typing import Any

from autograd_lite.compiler.sums import Sums
from autograd_lite.compiler.tape import INNER, Tape
from autograd_lite.ops import PICK

__all__ = ["group"]


def group(tape: Tape, sums: Sums) -> list[tuple[Any, bool]]:
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
    """Give each number its level: one more than the highest it is computed from."""
    import numpy

    levels = [0] * len(tape)
    inside = sums.inside.tolist()
    for place, args in enumerate(tape.args):
        if args:
            level = max([levels[arg] for arg in args])
            levels[place] = level if inside[place] else level + 1
    return numpy.array(levels)
