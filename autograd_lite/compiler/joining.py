"""Joining the tapes of a function for lists of several lengths into one, for lists filled up to the longest.

What is computed from the first items of a list is the same number on each tape, as the states of a
recurrence are. Where the tapes go apart, the number is picked that belongs to a row's length; what comes
after that is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.tape import CONSTANT, FROZEN, INNER, INPUT, PARAMETER, Tape
from autograd_lite.ops import PICK

__all__ = ["joined"]


def joined(tapes: Sequence[Tape]) -> Tape | None:
    """Join tapes that have the same parameters.

    Args:
        tapes: that of the longest arguments first; each has one output, no comparisons and no random numbers.

    Returns:
        A tape with the arguments of the first one, and behind them one more: which of the tapes a row needs.
        None if they go apart in what cannot be picked.
    """
    whole = _Whole(tapes[0])
    roots = [whole.entered(tapes[0])]
    shared = len(whole.tape.op)
    roots += [whole.entered(tape) for tape in tapes[1:]]
    output = whole.merged(tuple(roots), shared)
    return None if output is None else _needed(whole.tape, output)


class _Whole:
    """Several tapes in one, on which equal numbers stand once.

    Args:
        longest: the tape whose arguments it takes.
    """

    def __init__(self, longest: Tape) -> None:
        self.tape = tape = Tape()
        for place in longest.parameters:
            tape.add(PARAMETER, longest.data[place])
        tape.parameters = range(len(tape))
        tape.inputs = [[tape.add(INPUT, longest.data[place]) for place in each] for each in longest.inputs]
        self.which = tape.add(INPUT, 0.0)
        tape.inputs.append([self.which])
        tape.integers.add(self.which)
        self._known: dict[Any, int] = {}

    def entered(self, tape: Tape) -> int:
        """Enter what a tape computes, and return where its output stands."""
        places = self._leaves(tape)
        ops, arguments, known = self.tape.op, self.tape.args, self._known
        for place, (op, args, attributes) in enumerate(zip(tape.op, tape.args, tape.attributes)):
            if op is None:
                continue
            args = tuple([places[arg] for arg in args])
            key = op, args, attributes
            found = known.get(key)
            if found is None and attributes:
                found = known[key] = self.tape.add(INNER, 0.0, op, args, attributes)
            elif found is None:
                found = known[key] = len(ops)
                ops.append(op)
                arguments.append(args)
            places[place] = found
        self.tape.fill_up()
        self.tape.integers.update(places[place] for place in tape.integers)
        for place, bound in tape.bounds.items():
            here = places[place]
            self.tape.bounds[here] = min(bound, self.tape.bounds.get(here, bound))
        self.tape.left_out.update(places[place] for place in tape.left_out)
        return places[tape.outputs[0]]

    def _leaves(self, tape: Tape) -> dict[int, int]:
        """Return where each leaf of a tape stands."""
        places = dict(zip(tape.parameters, self.tape.parameters))
        for inputs, own in zip(tape.inputs, self.tape.inputs):
            places.update(zip(inputs, own))
        for value, place in tape.frozen:
            if place in tape.made:
                places[place] = self.tape.constant(value._data)
                continue
            if value not in self._known:
                self._known[value] = self.tape.add(FROZEN, value._data)
                self.tape.frozen.append((value, self._known[value]))
            places[place] = self._known[value]
        for place in tape.constants:
            places[place] = self.tape.constant(tape.data[place])
        return places

    def merged(self, roots: tuple[int, ...], shared: int) -> int | None:
        """Return where the number stands that for each row is its own one of several.

        Args:
            roots: for each tape that number.
            shared: what stands before this place, the longest tape computes.
        """
        found: dict[tuple[int, ...], int] = {}
        waiting = [roots]
        while waiting:
            numbers = waiting[-1]
            parts = self._parts(numbers, shared)
            if parts is None:
                return None
            missing = [part for part in reversed(parts) if part not in found]
            waiting += missing
            if not missing:
                if numbers not in found:
                    found[numbers] = self._of_parts(numbers, [found[part] for part in parts])
                waiting.pop()
        return found[roots]

    def _are_shared(self, numbers: Sequence[int], shared: int) -> bool:
        return all(number < shared or self.tape.op[number] is None for number in numbers)

    def _parts(self, numbers: tuple[int, ...], shared: int) -> list[tuple[int, ...]] | None:
        """Return of what numbers several are computed in the same way; None if they are not."""
        if len({*numbers}) == 1 or self._are_shared(numbers, shared):
            return []
        tape = self.tape
        ways = {(tape.op[number], tape.attributes[number], len(tape.args[number])) for number in numbers}
        return [*zip(*(tape.args[number] for number in numbers))] if len(ways) == 1 else None

    def _of_parts(self, numbers: tuple[int, ...], parts: Sequence[int]) -> int:
        """Append what several numbers are for all rows, given the same of their parts."""
        tape, first = self.tape, numbers[0]
        if parts:
            return tape.add(INNER, 0.0, tape.op[first], tuple(parts), tape.attributes[first])
        if len({*numbers}) == 1:
            return first
        tape.bounds[self.which] = len(numbers)
        return tape.add(INNER, 0.0, PICK, (*numbers, self.which))


def _needed(tape: Tape, output: int) -> Tape:
    """Return a tape without the operations that an output does not need."""
    is_needed = bytearray(len(tape))
    is_needed[output] = True
    for place in range(output, -1, -1):
        if is_needed[place]:
            for arg in tape.args[place]:
                is_needed[arg] = True
    kept = [place for place, op in enumerate(tape.op) if op is None or is_needed[place]]
    new = dict(zip(kept, range(len(kept))))
    result = Tape(
        role=[tape.role[place] for place in kept],
        op=[tape.op[place] for place in kept],
        args=[tuple([new[arg] for arg in tape.args[place]]) for place in kept],
        attributes=[tape.attributes[place] for place in kept],
        data=[tape.data[place] for place in kept],
        parameters=tape.parameters,
        inputs=[[new[place] for place in places] for places in tape.inputs],
        frozen=[(value, new[place]) for value, place in tape.frozen],
        outputs=[new[output]],
        bounds={new[place]: bound for place, bound in tape.bounds.items() if place in new},
        integers={new[place] for place in tape.integers},
        left_out={new[place] for place in tape.left_out if place in new},
    )
    result.constants = {place for place, role in enumerate(result.role) if role == CONSTANT}
    return result
