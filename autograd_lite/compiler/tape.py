"""The tape: a graph as lists, one entry for each number, in topological order."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_lite.compiler.tracing import Index, Trace, TraceError
from autograd_lite.core.node import MANY
from autograd_lite.core.op import Op
from autograd_lite.core.own import OWN
from autograd_lite.engine import Value
from autograd_lite.ops import DOT, PICK, SUM

__all__ = ["CONSTANT", "FROZEN", "INNER", "INPUT", "PARAMETER", "RANDOM", "Tape", "write_tape"]

PARAMETER, FROZEN, CONSTANT, RANDOM, INPUT, INNER = range(6)
"""What a number is: a leaf of some kind, or the result of an operation."""


def _counts(leaves: Sequence[tuple[Any, int]]) -> list[int]:
    """Count how often each leaf is held."""
    return [sys.getrefcount(leaf) for leaf, _ in leaves]


(HELD_BY_TAPE,) = _counts([(object(), 0)])
"""How often one is that only such a list holds."""


@dataclass
class Tape:
    """A straight-line program on scalars.

    Attributes:
        role: what each number is: PARAMETER, ..., INNER.
        op: the operation of each inner number; None for a leaf.
        args: the numbers that each inner number is computed from. Those of ``pick`` end with
            its index; of one at a known place there is only the number picked.
        attributes: what else the operation takes; for one on lists, their lengths first.
        data: each leaf as it was in the traced example; constants stay it.
        parameters: for each parameter its number on the tape.
        inputs: for each argument, the numbers that stand for its own.
        frozen: leaves that are not parameters, and their numbers.
        random: leaves that are drawn anew for each row, what draws them, and their numbers.
        outputs: the results.
        guards: the comparisons, as (sign, left, right, outcome).
        bounds: for each index that picks, how long the shortest list is that it picks from.
        integers: the inputs that such an index is, or is computed from.
        left_out: the inner numbers that an index that is known left out: they pass the gradient 0 on.
        made: those of the frozen leaves that the function made itself, and nobody else holds: they stay.
    """

    role: list[int] = field(default_factory=list)
    op: list[Op | None] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    attributes: list[tuple[Any, ...]] = field(default_factory=list)
    data: list[float] = field(default_factory=list)
    parameters: Sequence[int] = ()
    inputs: list[list[int]] = field(default_factory=list)
    frozen: list[tuple[Value, int]] = field(default_factory=list)
    random: list[tuple[Any, int]] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    guards: list[tuple[str, int, int, bool]] = field(default_factory=list)
    bounds: dict[int, int] = field(default_factory=dict)
    integers: set[int] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    constants: set[int] = field(default_factory=set)
    _constants: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.role)

    def add(
        self, role: int, data: float, op: Op | None = None, args: tuple[int, ...] = (), attributes: Any = ()
    ) -> int:
        """Append a number, and return its place."""
        self.fill_up()
        self.role.append(role)
        self.op.append(op)
        self.args.append(args)
        self.attributes.append(attributes)
        self.data.append(data)
        return len(self.role) - 1

    def add_leaves(self, role: int, leaves: Sequence[Value]) -> range:
        """Append leaves of one kind, and return their places."""
        count = len(leaves)
        start = len(self)
        self.role += [role] * count
        self.op += [None] * count
        self.args += [()] * count
        self.attributes += [()] * count
        self.data += [leaf._data for leaf in leaves]
        return range(start, start + count)

    def fill_up(self) -> None:
        """Complete the columns for inner numbers of which only ``op`` and ``args`` were appended."""
        more = len(self.op) - len(self.role)
        if more:
            self.role += [INNER] * more
            self.attributes += [()] * more
            self.data += [0.0] * more

    def constant(self, number: float) -> int:
        """Return the place of a constant, the same for the same number."""
        key = repr(number)
        if key not in self._constants:
            self._constants[key] = self.add(CONSTANT, number)
            self.constants.add(self._constants[key])
        return self._constants[key]

    def are_constants(self, places: Sequence[int]) -> bool:
        """Tell whether all of some numbers are constants."""
        return self.constants.issuperset(places)

    def note_made(self) -> None:
        """Note which leaves only the tape holds, once the graph is gone: nobody can change them."""
        counts = zip(self.frozen, _counts(self.frozen))
        self.made = {place for (_, place), count in counts if count == HELD_BY_TAPE}

    def frozen_numbers(self) -> list[float]:
        """Read the frozen leaves as they are now."""
        return [value._data for value, _ in self.frozen] if self.frozen else []

    def random_numbers(self) -> list[float]:
        """Draw the random leaves of one row."""
        return [source.draw_one() for source, _ in self.random] if self.random else []

    def forget_operations(self) -> None:
        """Let go of what only a straight-line program is made of; a long tape takes much memory."""
        for column in (self.role, self.op, self.args, self.attributes, self.data):
            column.clear()

    @property
    def operations(self) -> int:
        """How many operations there are; a sum or dot of n numbers counts n times."""
        lengths = [*map(len, self.args)]
        inner = len(lengths) - lengths.count(0)
        return sum(lengths) - inner + lengths.count(1)

    def __str__(self) -> str:
        names = ["parameter", "frozen", "constant", "random", "input"]
        if not self.op:
            return "too long to be kept"
        entries = zip(self.role, self.op, self.args)
        shown = [names[role] if op is None else f"{op.name}{args}" for role, op, args in entries]
        return "\n".join(f"%{place} = {text}" for place, text in enumerate(shown))


def write_tape(traced: Trace, parameters: Sequence[Value]) -> Tape:
    """Write down what a traced function computed.

    What no output needs is left out. What changes nothing (x + 0) stays: a program on floats adds
    up gradients in the order in which the engine does, to the last bit.

    Args:
        traced: the outputs, and the comparisons made on the way.
        parameters: the leaves to differentiate by.
    """
    tape = Tape()
    tape.parameters = tape.add_leaves(PARAMETER, parameters)
    places = dict(zip(parameters, tape.parameters))
    for values in traced.inputs:
        tape.inputs.append([*tape.add_leaves(INPUT, values)])
        places.update(zip(values, tape.inputs[-1]))
    for value, source in traced.random.items():
        places[value] = tape.add(RANDOM, value._data)
        tape.random.append((source, places[value]))

    compared = [side for guard in traced.guards for side in guard[1:3]]
    _write_nodes(tape, [*traced.outputs, *compared], places)

    def place_of(side: Any) -> int:
        return places[side] if isinstance(side, Value) else tape.constant(float(side))

    tape.outputs = [places[output] for output in traced.outputs]
    guards = [(sign, place_of(left), place_of(right), came) for sign, left, right, came in traced.guards]
    tape.guards = [guard for guard in guards if not tape.are_constants(guard[1:3])]
    # An index that is computed, such as token + 1, is in range.
    computed = {place: bound for place, bound in tape.bounds.items() if tape.role[place] == INNER}
    tape.guards += [(">=", place, tape.constant(0.0), True) for place in computed]
    tape.guards += [("<", place, tape.constant(float(bound)), True) for place, bound in computed.items()]
    return tape


def _write_nodes(tape: Tape, roots: Sequence[Any], places: dict[Value, int]) -> None:
    """Write down all operations that some Values need, each after what it is computed from.

    Args:
        tape: where they are appended, in the order of ``topological_order``.
        roots: those Values; plain numbers among them need none.
        places: the place of each Value; those that are appended are added. A leaf that is not in it is
            neither a parameter nor passed.
    """
    op, arguments, constants, place_of = tape.op, tape.args, tape.constants, places.get
    waiting: list[Any] = [root for root in reversed(roots) if isinstance(root, Value)]
    take, wait = waiting.pop, waiting.append
    while waiting:
        node = take()
        while node not in places:  # down along what is not written yet
            where = node._layout
            if where is None or node._second is MANY:
                missing = [value for value in _needed(node) if value not in places]
                if missing:
                    waiting += (node, *reversed(missing))
                else:
                    places[node] = _write(tape, node, places)
                break
            first, second = node._first, node._second
            left = place_of(first)
            if left is None:
                waiting += (node,) if second is None or second in places else (node, second)
                node = first
                continue
            if second is None:
                places[node] = _write_one(tape, node, left)
                break
            right = place_of(second)
            if right is None:
                wait(node)
                node = second
                continue
            if left in constants and right in constants:
                places[node] = tape.constant(node._data)
                break
            places[node] = len(op)
            op.append(where.op)
            arguments.append((left, right))
            break
    tape.fill_up()


def _needed(node: Value) -> tuple[Any, ...]:
    """Return what a node is computed from, the index of a pick too."""
    if node.op is PICK and isinstance(node.inputs[-1], Index):
        return (*node.parents, node.inputs[-1])
    return node.parents


def _write_one(tape: Tape, node: Value, place: int) -> int:
    """Append an operation on one number that is not plain."""
    layout, kept = node._layout, node._second_partial
    assert layout is not None
    if layout.kind == "one":
        return _add(tape, node, layout.op, (place,), tuple(kept or ()))
    other = tape.constant(float(kept))
    return _add(tape, node, layout.op, (place, other) if layout.kind == "constant_right" else (other, place))


def _write(tape: Tape, node: Value, places: dict[Value, int]) -> int:
    """Append an operation, or a leaf that the program reads anew each time."""
    op = node.op
    if op is None:
        tape.frozen.append((node, tape.add(FROZEN, node._data)))
        return tape.frozen[-1][1]
    if op is OWN:
        raise TraceError(
            "a node made with its own local gradients cannot be compiled, since what it computes is not "
            "known: declare its operation with Op"
        )
    lists, attributes = op.split(node.inputs)
    numbers = lists if op.many is None else itertools.chain.from_iterable(lists)
    args = tuple([places[n] if isinstance(n, Value) else tape.constant(float(n)) for n in numbers])
    if op is PICK:
        (index,) = attributes
        if isinstance(index, Index):
            place = places[index]
            tape.bounds[place] = min(len(args), tape.bounds.get(place, len(args)))
            tape.integers.update(places[root] for root in index.roots)
            args, attributes = (*args, place), ()
        else:
            tape.left_out.update(arg for arg in args if arg != args[index] and tape.op[arg] is not None)
            args, attributes = (args[index],), ()
    elif op.many is not None and op not in (SUM, DOT):
        attributes = (tuple(map(len, lists)), *attributes)
    return _add(tape, node, op, args, tuple(attributes))


def _add(tape: Tape, node: Value, op: Op, args: tuple[int, ...], attributes: Any = ()) -> int:
    """Append an operation; one on constants alone is a constant itself, which no array holds."""
    if tape.are_constants(args):
        return tape.constant(node._data)
    return tape.add(INNER, 0.0, op, args, attributes)
