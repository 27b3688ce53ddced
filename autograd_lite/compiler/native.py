"""Programs that stay scalar, run by the engine in C: a tape as instructions, whose codes are its operations.

They compute exactly what the source of ``scalars`` does, in the same order. Where anything is out of
the ordinary (a division by zero, a comparison that came out otherwise), that source runs instead.
Could be deleted: that source alone gives the same bits, more slowly.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_lite.compiler.tape import Tape
from autograd_lite.core.native import engine_kind
from autograd_lite.core.op import Op
from autograd_lite.ops import DOT, OPS, PICK, SUM

__all__ = ["NEEDS_ENGINE", "NativeProgram", "codes_of", "library"]

NEEDS_ENGINE = (
    'the engine in C is not there (autograd_lite.engine_kind is "pure"): install the package where there is '
    'a C compiler, or use backend="auto", which runs it where it is'
)

VALUE, ALL, LEFT, RIGHT = range(4)
"""The ways in which C computes an operation: without partials, with all, with that by one of two inputs."""
COPY, CHOICE = 0xFFFE, 0xFFFF
"""What ``pick`` is on a tape: of a known place, and with an index."""
SIGNS = ["<", "<=", ">", ">=", "==", "!="]
Function = Callable[..., Any]


def library() -> Any:
    """Return the engine in C; None where the one in Python runs."""
    return importlib.import_module("autograd_lite.core.native._native") if engine_kind == "native" else None


def codes_of(tape: Tape) -> dict[Op | None, int] | None:
    """Return the code of every operation that C knows; None if the tape cannot be run with these alone.

    Args:
        tape: the program; its indices must be numbers that are passed, and nothing but indices.
    """
    engine = library()
    if engine is None:
        return None
    codes: dict[Op | None, int] = {OPS[name]: 4 * number for number, name in enumerate(engine.names)}
    used = {*tape.op} - {None, PICK}
    known = tape.op and used <= codes.keys() and {sign for sign, *_ in tape.guards} <= {*SIGNS}
    if not known or not _are_only_indices(tape):
        return None
    return codes


def _are_only_indices(tape: Tape) -> bool:
    """Tell whether each index is passed, and nothing but an index: elsewhere whole numbers are no floats."""
    indices = {*tape.bounds}
    are_passed = all(tape.op[place] is None for place in indices) and tape.integers <= indices
    return are_passed and not (indices and indices & _used_as_numbers(tape))


def _used_as_numbers(tape: Tape) -> set[int]:
    """List the places whose number is computed with, compared or returned."""
    used = {*tape.outputs}
    for op, args in zip(tape.op, tape.args):
        used.update(args[:-1] if op is PICK and len(args) > 1 else args)
    for _, left, right, _ in tape.guards:
        used.update((left, right))
    return used


class NativeProgram(dict[str, Function]):
    """A tape as functions by name, which C runs; each is made when it is first asked for.

    See ``ScalarSource`` for what they take and return.

    Args:
        tape: the program.
        codes: those of its operations.
        otherwise: gives the function in Python, which is called where C does not compute; None without one.
    """

    def __init__(
        self, tape: Tape, codes: Mapping[Op | None, int], otherwise: Callable[[str], Function]
    ) -> None:
        self.tape, self.codes, self.otherwise = tape, codes, otherwise

    def __missing__(self, name: str) -> Function:
        """Make a function; that of rows has the instructions of the gradient."""
        made, otherwise = self._made(gradient=name in ("value_and_gradient", "sums")), self.otherwise

        def in_python(*given: Any) -> Any:
            return otherwise(name)(*given)

        self[name] = functools.partial(getattr(made, name), in_python)
        return self[name]

    def _made(self, *, gradient: bool) -> Any:
        passing = _passing(self.tape) if gradient else bytearray(len(self.tape))
        return _Instructions(self.tape, self.codes, passing).made()


def _passing(tape: Tape) -> bytearray:
    """Say of each place whether an adjoint comes to it and matters, as ``ScalarSource`` finds out."""
    wanted, reached = bytearray(len(tape)), bytearray(len(tape))
    for place in tape.parameters:
        wanted[place] = True
    for place, args in enumerate(tape.args):
        for arg in args:
            if wanted[arg]:
                wanted[place] = True
                break
    for place in (*tape.left_out, tape.outputs[0]):
        reached[place] = wanted[place]
    for place in range(len(tape) - 1, -1, -1):
        op = tape.op[place]
        if op is not None and reached[place]:
            for slot, arg in enumerate(tape.args[place]):
                if wanted[arg] and slot not in op.conditions:
                    reached[arg] = True
    return reached


class _Instructions:
    """A tape in arrays, as ``tape.c`` reads them: leaves first, group by group as a call passes them.

    Args:
        tape: the program.
        codes: those of its operations.
        passing: for each place, whether an adjoint comes to it and matters.
    """

    def __init__(self, tape: Tape, codes: Mapping[Op | None, int], passing: Sequence[int]) -> None:
        self.tape, self.codes, self.passing = tape, codes, passing
        frozen, drawn = ([place for _, place in each] for each in (tape.frozen, tape.random))
        self.groups: list[Sequence[int]] = [tape.parameters, frozen, drawn, *tape.inputs]
        leaves = [*itertools.chain.from_iterable(self.groups)]
        leaves += sorted(tape.constants)
        inner = [place for place, op in enumerate(tape.op) if op is not None]
        each_one = itertools.chain.from_iterable(tape.attributes)
        attributes = {repr(float(each)): float(each) for each in each_one if not isinstance(each, tuple)}
        self.leaves = [*(tape.data[place] for place in leaves), *attributes.values()]
        self.of_attribute = dict(zip(attributes, itertools.count(len(leaves))))
        self.sink = len(self.leaves) + len(inner)
        self.numbers = [self.sink] * len(tape)
        for start, places in ((0, leaves), (len(self.leaves), inner)):
            for number, place in enumerate(places, start):
                self.numbers[place] = number
        sink = self.sink
        self.targets = [number if come else sink for number, come in zip(self.numbers, passing)]
        as_numbers = _used_as_numbers(tape) if tape.integers else {*leaves}
        self.whole = bytes([*(place not in as_numbers for place in leaves), *(False for _ in attributes)])
        self.code: list[int] = []
        self.operands: list[int] = []
        self.counts: list[int] = []
        self.receivers: list[int] = []
        self.longest = 0
        for place in inner:
            before = len(self.receivers)
            self._add(place)
            self.counts.append(len(self.receivers) - before)

    def made(self) -> Any:
        """Make what C runs."""
        tape, numbers = self.tape, self.numbers
        come_to = {*self.receivers, numbers[tape.outputs[0]]}
        zeros = {numbers[place] for place in (*tape.parameters, *tape.left_out)} - come_to
        guards = [(SIGNS.index(sign), numbers[a], numbers[b], int(came)) for sign, a, b, came in tape.guards]
        outputs = [numbers[place] for place in tape.outputs]
        work = self.code, self.operands, self.counts, self.receivers
        arrays = [array("i", each) for each in (*work, zeros, outputs, itertools.chain(*guards))]
        groups = array("i", map(len, self.groups))
        return library().Tape(array("d", self.leaves), groups, self.whole, *arrays, self.longest)

    def _add(self, place: int) -> None:
        """Append the instruction of an operation."""
        op, args = self.tape.op[place], self.tape.args[place]
        assert op is not None
        if op.many is None:
            self._add_on_numbers(place, op, args)
        elif op is not PICK:
            self._add_on_lists(place, op, args)
        elif len(args) == 1:
            self.code.append(COPY)
            self.operands.append(self.numbers[args[0]])
            self.receivers += self._receivers(place, op, args)
        else:
            self.code.append(CHOICE)
            self.operands += (len(args) - 1, *[self.numbers[arg] for arg in args])
            self.receivers += self._receivers(place, op, args[:-1])

    def _add_on_numbers(self, place: int, op: Op, args: Sequence[int]) -> None:
        to, sink = self._receivers(place, op, args), self.sink
        way = ALL
        if sink in to:
            kept = [each for each in to if each != sink]
            if not kept:
                way, to = VALUE, kept
            elif len(to) == 2:
                way, to = (LEFT if to[0] != sink else RIGHT), kept
        self.code.append(self.codes[op] + way)
        self.operands += [self.numbers[arg] for arg in args]
        if op.attributes:
            self.operands += [self.of_attribute[repr(float(each))] for each in self.tape.attributes[place]]
        self.receivers += to

    def _add_on_lists(self, place: int, op: Op, args: Sequence[int]) -> None:
        """Append lists: for each its length, and whether no partial by it is wanted; then their numbers."""
        count = len(args) // 2
        lengths = {SUM: [len(args)], DOT: [count, count, 1]}.get(op) or self.tape.attributes[place][0]
        to = iter(self._receivers(place, op, args))
        self.code.append(self.codes[op])
        for length in lengths:
            each = [*itertools.islice(to, length)]
            plain = not op.shares and each == [self.sink] * length
            self.operands += (length, plain)
            self.receivers += [] if plain else each
        self.operands += [self.numbers[arg] for arg in args]
        self.longest = max(self.longest, len(args))

    def _receivers(self, place: int, op: Op, args: Sequence[int]) -> list[int]:
        """List the numbers to which an operation passes an adjoint on; where it passes none, the sink."""
        if not self.passing[place]:
            return [self.sink] * len(args)
        targets = self.targets
        to = [targets[arg] for arg in args]
        for slot in op.conditions:
            to[slot] = self.sink
        return to
