"""Programs that stay scalar, run by the engine in C: a tape as instructions, whose codes are its operations.

They compute exactly what the source of ``scalars`` does, in the same order. Where anything is out of
the ordinary (a division by zero, a comparison that came out otherwise), that source runs instead.
Could be deleted: that source alone gives the same bits, more slowly.
"""

from __future__ import annotations

import importlib
import itertools
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_lite.compiler.tape import CONSTANT, Tape
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
    """Tell whether each index is passed, and used as an index alone: whole numbers are no floats elsewhere."""
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


class NativeProgram:
    """A tape as functions that C runs; see ``ScalarSource`` for what they take and return.

    Args:
        tape: the program.
        codes: those of its operations.
        otherwise: gives the function in Python that is called where C does not compute.

    Attributes:
        functions: the functions by name.
    """

    def __init__(
        self, tape: Tape, codes: dict[Op | None, int], otherwise: Callable[[str], Function], *, gradient: bool
    ) -> None:
        self.functions = {"forward": _either(_Flat(tape, codes, ()).made().forward, otherwise, "forward")}
        self._rows: Any = None
        if gradient:
            made = _Flat(tape, codes, _reached(tape)).made()
            name = "value_and_gradient"
            self.functions[name] = _either(made.value_and_gradient, otherwise, name)
            self._rows = made.sums

    def sums(self, otherwise: Function) -> Function:
        """Return the function of rows, given the one in Python."""
        return _either(self._rows, lambda _: otherwise, "sums")


def _either(native: Function, otherwise: Callable[[str], Function], name: str) -> Function:
    """Make a function that C computes, and Python where C gives nothing."""

    def run(*given: Any) -> Any:
        found = native(*given)
        return otherwise(name)(*given) if found is None else found

    return run


def _reached(tape: Tape) -> Iterable[int]:
    """List the places from which, or to which, an adjoint is passed, as ``ScalarSource`` finds them."""
    wanted = [False] * len(tape)
    for place in tape.parameters:
        wanted[place] = True
    for place, args in enumerate(tape.args):
        if args:
            wanted[place] = any([wanted[arg] for arg in args])
    reached = [False] * len(tape)
    reached[tape.outputs[0]] = True
    for place in range(len(tape) - 1, -1, -1):
        op = tape.op[place]
        if op is None or not wanted[place] or not (reached[place] or place in tape.left_out):
            continue
        for slot, arg in enumerate(tape.args[place]):
            reached[arg] |= wanted[arg] and slot not in op.conditions
    passing = [wanted[place] and (reached[place] or place in tape.left_out) for place in range(len(tape))]
    return (place for place, each in enumerate(passing) if each)


class _Flat:
    """A tape in arrays, as ``tape.c`` reads them: leaves first, group by group as a call passes them.

    Args:
        tape: the program.
        codes: those of its operations.
        passing: the places that pass an adjoint on; none of a program without gradient.
    """

    def __init__(self, tape: Tape, codes: dict[Op | None, int], passing: Iterable[int]) -> None:
        self.tape, self.codes, self.passing = tape, codes, {*passing}
        self.groups = [
            [*tape.parameters],
            [place for _, place in tape.frozen],
            [place for _, place in tape.random],
            *tape.inputs,
        ]
        leaves = [*itertools.chain.from_iterable(self.groups)]
        leaves += [place for place, role in enumerate(tape.role) if role == CONSTANT]
        self.leaves = [tape.data[place] for place in leaves]
        attributes = {
            repr(float(each)): float(each)
            for op, given in zip(tape.op, tape.attributes)
            if op is not None and op.many is None
            for each in given
        }
        self.number_of_attribute = {each: len(leaves) + at for at, each in enumerate(attributes)}
        self.leaves += attributes.values()
        inner = [place for place, op in enumerate(tape.op) if op is not None]
        self.numbers = dict(zip(leaves, itertools.count()))
        self.numbers.update(zip(inner, itertools.count(len(self.leaves))))
        self.sink = len(self.leaves) + len(inner)
        as_numbers = _used_as_numbers(tape)
        self.whole = bytes([*(place not in as_numbers for place in leaves), *(False for _ in attributes)])
        self.code: list[int] = []
        self.operands: list[int] = []
        self.counts: list[int] = []
        self.receivers: list[int] = []
        self.longest = 0
        for place in inner:
            self._add(place)

    def made(self) -> Any:
        """Make what C runs."""
        tape, numbers = self.tape, self.numbers
        reached = {*self.receivers, numbers[tape.outputs[0]]}
        zeros = [numbers[place] for place in {*tape.parameters, *tape.left_out} if numbers[place] not in reached]
        guards = [(SIGNS.index(sign), numbers[a], numbers[b], int(came)) for sign, a, b, came in tape.guards]
        ints: list[Sequence[int]] = [
            self.code, self.operands, self.counts, self.receivers, zeros,
            [numbers[place] for place in tape.outputs], [*itertools.chain.from_iterable(guards)],
        ]  # fmt: skip
        counts = array("i", map(len, self.groups))
        arrays = [array("i", each) for each in ints]
        return library().Tape(array("d", self.leaves), counts, self.whole, *arrays, self.longest)

    def _add(self, place: int) -> None:
        """Append the instruction of an operation."""
        op, args = self.tape.op[place], self.tape.args[place]
        assert op is not None
        operands = [self.numbers[arg] for arg in args]
        if op is PICK:
            to = self._receivers(place, op, args if len(args) == 1 else args[:-1])
            self.code.append(COPY if len(args) == 1 else CHOICE)
            self.operands += operands if len(args) == 1 else (len(args) - 1, *operands)
        elif op.many is not None:
            to = self._on_lists(place, op, operands)
        else:
            to = self._on_numbers(place, op, operands)
        self.receivers += to
        self.counts.append(len(to))

    def _on_numbers(self, place: int, op: Op, operands: list[int]) -> list[int]:
        to = self._receivers(place, op, self.tape.args[place])
        wanted = [each != self.sink for each in to]
        way = ALL if all(wanted) else VALUE if not any(wanted) else LEFT if wanted[0] else RIGHT
        if len(to) > 2 and way != VALUE:
            way = ALL
        self.code.append(self.codes[op] + way)
        attributes = (self.number_of_attribute[repr(float(a))] for a in self.tape.attributes[place])
        self.operands += (*operands, *attributes)
        return [] if way == VALUE else to if way == ALL else [each for each in to if each != self.sink]

    def _on_lists(self, place: int, op: Op, operands: list[int]) -> list[int]:
        """Append lists: for each its length, and whether no partial by it is wanted; then their numbers."""
        args = self.tape.args[place]
        count = len(args) // 2
        lengths = [len(args)] if op is SUM else [count, count, 1] if op is DOT else self.tape.attributes[place][0]
        to = iter(self._receivers(place, op, args))
        receivers: list[int] = []
        self.code.append(self.codes[op])
        for length in lengths:
            each = [*itertools.islice(to, length)]
            plain = not op.shares and all(receiver == self.sink for receiver in each)
            self.operands += (length, plain)
            receivers += [] if plain else each
        self.operands += operands
        self.longest = max(self.longest, len(operands))
        return receivers

    def _receivers(self, place: int, op: Op, args: Sequence[int]) -> list[int]:
        """List the numbers to which an operation passes an adjoint on; where it passes none, the sink."""
        if place not in self.passing:
            return [self.sink] * len(args)
        numbers = self.numbers
        return [
            numbers[arg] if self._is_wanted(arg) and slot not in op.conditions else self.sink
            for slot, arg in enumerate(args)
        ]

    def _is_wanted(self, arg: int) -> bool:
        return arg in self.passing
