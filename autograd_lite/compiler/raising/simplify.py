"""A tape for raising: without what changes nothing, and the largest of many numbers as one operation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from autograd_lite.compiler.tape import FROZEN, PARAMETER, Tape
from autograd_lite.core.op import DETACH, Op
from autograd_lite.ops import AMAX, DIV, MAXIMUM, MUL

__all__ = ["LARGEST", "simplified"]

LARGEST = Op(
    "largest", "max_i values[i]", AMAX.forward, pack=AMAX.pack, array=AMAX.array,
    many=lambda y, values: ([0.0] * len(values),), why="nothing flows back through largest",
)  # fmt: skip
"""``amax`` of numbers, back through which nothing flows: those of ``val.data for val in logits``."""


def simplified(tape: Tape) -> Tape:
    """Return a tape that computes the same.

    x * 1 and x / 1 are x itself; numbers of which ``maximum`` of ``maximum`` takes the largest, as Python's
    ``max`` becomes, without a gradient, are one operation. What is not needed any more has no operation.
    """
    copy = replace(tape, role=[*tape.role], op=[*tape.op], args=[*tape.args], attributes=[*tape.attributes])
    same = _leave_out(copy)
    if MAXIMUM in copy.op:
        _join_largest(copy)
    copy.outputs = [same[place] for place in tape.outputs]
    copy.guards = [(sign, same[left], same[right], came) for sign, left, right, came in tape.guards]
    copy.left_out = {same[place] for place in tape.left_out}
    return copy


def _leave_out(tape: Tape) -> Sequence[int]:
    """Leave out products and quotients by 1, and return where each number stands now.

    One that stands beside others, by other constants, stays: together they are one operation.
    """
    ones = {place for place in tape.constants if tape.data[place] == 1.0}
    if not ones or ones.isdisjoint(itertools.chain.from_iterable(tape.args)):
        return range(len(tape))
    levels = [0] * len(tape)
    by_one: dict[Any, list[int]] = {}
    by_others: set[Any] = set()
    for place, (op, args) in enumerate(zip(tape.op, tape.args)):
        if not args:
            continue
        levels[place] = 1 + max([levels[arg] for arg in args])
        if (op is MUL or op is DIV) and not tape.constants.isdisjoint(args):
            constant = args[1] if op is DIV or args[1] in tape.constants else args[0]
            if constant in ones:
                by_one.setdefault((levels[place], op), []).append(place)
            else:
                by_others.add((levels[place], op))
    same = [*range(len(tape))]
    for kind in by_one.keys() - by_others:
        for place in by_one[kind]:
            left, right = tape.args[place]
            same[place] = left if right in tape.constants else right
            _forget(tape, place)
    if by_one:
        for place, args in enumerate(tape.args):  # what stands for a number stands before it
            same[place] = same[same[place]]
            tape.args[place] = tuple([same[arg] for arg in args])
    return same


def _forget(tape: Tape, place: int) -> None:
    tape.role[place], tape.op[place], tape.args[place] = FROZEN, None, ()


def _join_largest(tape: Tape) -> None:
    """Make trees of ``maximum`` one operation, where nothing flows back."""
    uses = _uses(tape)
    passing: dict[int, bool] = {}
    listed: dict[int, list[int]] = {}
    for place in [place for place, op in enumerate(tape.op) if op is MAXIMUM]:
        if _passes_gradients(tape, place, passing):
            continue
        listed[place] = []
        for arg in tape.args[place]:
            if arg in listed and uses[arg] == 1:
                listed[place] += listed.pop(arg)
                _forget(tape, arg)
            else:
                listed[place].append(arg)
    for place, args in listed.items():
        _largest_of(tape, place, args, uses)
    if listed:  # the largest of one number
        for place, op in enumerate(tape.op):
            if op is DETACH and uses[place]:
                _largest_of(tape, place, tape.args[place], uses)


def _largest_of(tape: Tape, place: int, args: Iterable[int], uses: list[int]) -> None:
    """Make a number the largest of some; what only detaches one of them is not needed for that."""
    numbers = []
    for arg in args:
        numbers.append(tape.args[arg][0] if tape.op[arg] is DETACH else arg)
        uses[arg] -= 1
        if tape.op[arg] is DETACH and not uses[arg]:
            _forget(tape, arg)
    tape.op[place], tape.args[place], tape.attributes[place] = LARGEST, tuple(numbers), ((len(numbers),),)


def _uses(tape: Tape) -> list[int]:
    """Count how often each number is needed."""
    import numpy

    others = [*tape.outputs, *(side for guard in tape.guards for side in guard[1:3])]
    needed = numpy.fromiter(itertools.chain(itertools.chain.from_iterable(tape.args), others), numpy.int64)
    counts: list[int] = numpy.bincount(needed, minlength=len(tape)).tolist()
    return counts


def _passes_gradients(tape: Tape, place: int, passing: dict[int, bool]) -> bool:
    """Tell whether a gradient flows through a number: whether a parameter is behind it.

    Args:
        tape: the program on scalars.
        place: the number.
        passing: what is known already.
    """
    left, seen = [place], {place}
    while left:
        at = left.pop()
        op = tape.op[at]
        if tape.role[at] == PARAMETER or passing.get(at):
            passing[place] = True
            return True
        if op is not None and at not in passing:
            behind = {arg for slot, arg in enumerate(tape.args[at]) if slot not in op.conditions}
            left += behind - seen
            seen |= behind
    passing.update(dict.fromkeys(seen, False))
    return False
