"""Rows of several lengths, filled up to the longest and trained together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_lite.compiler.batches import mean_of_rows
from autograd_lite.compiler.joining import joined
from autograd_lite.compiler.reading import arguments_of_row, read, read_rows
from autograd_lite.compiler.runner import Runner
from autograd_lite.compiler.signature import Argument, Rows, Signature, SignaturesDifferError, signature_of
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.compiler.tape import Tape
from autograd_lite.compiler.trainings import OnParts

__all__ = ["OnLengths", "RowsOfLengths", "rows_of_lengths"]

MOST_FILLED = 4
"""How many times the items that they have rows may be filled up to."""
Lengths = tuple[int, ...]
"""For each argument how long it is, if it is a list; otherwise 0."""


class RowsOfLengths(list[Argument]):
    """An argument of many examples, lists that differ in how long they are, each taken apart.

    Args:
        arguments: one for each example.
        lengths: for each how long the list is.
        array: their numbers, of shape (N, longest, ...): each list goes on with its last item.
    """

    def __init__(self, arguments: Iterable[Argument], lengths: list[int], array: Any) -> None:
        super().__init__(arguments)
        self.lengths, self.array = lengths, array

    def chosen(self, rows: Sequence[int]) -> RowsOfLengths:
        """Return some of the rows."""
        arguments, lengths = [self[row] for row in rows], [self.lengths[row] for row in rows]
        return RowsOfLengths(arguments, lengths, self.array[rows])


def rows_of_lengths(column: Sequence[Any]) -> Rows | RowsOfLengths:
    """Take an argument of many examples apart, of which each may be a list of another length.

    Raises:
        SignaturesDifferError: if they differ in something else, one is empty, or few are much longer.
    """
    import numpy

    if isinstance(column, RowsOfLengths):
        return column
    try:
        return read_rows(column)
    except SignaturesDifferError:
        arguments = [*map(read, column)]
    signatures = [argument.signature for argument in arguments]
    lengths = [*map(_length, signatures)]
    if {*map(_form, signatures)} != {_form(signatures[0])} or 0 in lengths:
        raise SignaturesDifferError("rows are filled up only if they are lists that differ in their length")
    if len(lengths) * max(lengths) > MOST_FILLED * sum(lengths):
        raise SignaturesDifferError("a few rows are much longer than the others")
    dtype = "int64" if signatures[0].kind == "integers" else "float64"
    items = [numpy.array(each.numbers, dtype).reshape(each.signature.shape) for each in arguments]
    array = numpy.empty((len(items), max(lengths), *items[0].shape[1:]), dtype)
    for row, listed in enumerate(items):
        array[row, : len(listed)], array[row, len(listed) :] = listed, listed[-1]
    return RowsOfLengths(arguments, lengths, array)


def _length(signature: Signature) -> int:
    """Return how long a list is, whose items, if they are lists, are of one length; otherwise 0."""
    is_list = signature.kind in ("floats", "integers") and signature.lengths == signature.shape != ()
    return signature.lengths[0] if is_list else 0


def _form(signature: Signature) -> Any:
    """Return what lists have in common that only differ in their length."""
    return signature.kind, signature.containers, signature.shape[1:]


class Joint(Specialization):
    """A function as traced for lists of several lengths; of each row it is said last which trace it needs.

    Args:
        longest: the trace for the longest lists.
        tape: what was joined from all of them.
        example: the longest arguments.
    """

    def __init__(self, longest: Specialization, tape: Tape, example: Sequence[Argument]) -> None:
        self.f, self.parameters, self.labels = longest.f, longest.parameters, longest.labels
        self.backend, self.dtype = longest.backend, longest.dtype
        self.single, self.nesting, self.has_gradient = True, longest.nesting, True
        varying = {number: tape.inputs[place] for place, number in enumerate(longest.inputs.varying)}
        tape.inputs = [*(varying.get(number, []) for number in range(len(example))), tape.inputs[-1]]
        self.tape = tape
        self._take([*example, read(0)], ())


class Joints:
    """Finds the one program of rows of several lengths.

    Args:
        program: what computes the loss.
    """

    def __init__(self, program: Runner) -> None:
        self.program = program
        self.is_given_up = False
        self._joint: Joint | None = None
        self._traces: dict[Lengths, tuple[Specialization, list[Argument]]] = {}
        self._which: dict[Lengths, int] = {}
        self._longest: Lengths = ()
        self._unknown = 0  # how many batches had lengths that were not joined

    def find(self, columns: Sequence[Any]) -> tuple[Joint, list[Rows]] | None:
        """Return the program of some rows, and what it takes for them; None where parts of them run apart."""
        if self.is_given_up:
            return None
        try:
            filled = [*map(rows_of_lengths, columns)]
        except SignaturesDifferError:
            return None
        lengths = [*zip(*map(_lengths_of, filled))]
        if not self._which.keys() >= {*lengths}:
            self._meet(filled, lengths)
        joint = self._joint
        if joint is None or not self._which.keys() >= {*lengths} or joint.choose(len(lengths)) == "python":
            return None
        return joint, self._ready(filled, lengths)

    def _meet(self, columns: Sequence[Any], lengths: Sequence[Lengths]) -> None:
        """Trace what is new, and join all traces so far: for the first batch, the second, the fourth, ..."""
        new = {each: row for row, each in enumerate(lengths) if each not in self._traces}
        for each, row in new.items():
            example = arguments_of_row(columns, row)
            self._traces[each] = self.program.cache.find(example), example
        self._unknown += 1
        if self._unknown & (self._unknown - 1):
            return
        self._join()
        if self._joint is not None:
            ready = self._ready(columns, lengths)
            for row in new.values():
                self.check(self._joint, ready, row, columns)

    def _join(self) -> None:
        """Make one program of all traces; none if there is none of the longest, or they cannot be joined."""
        self._longest = tuple(map(max, zip(*self._traces)))
        order = sorted(self._traces, key=lambda lengths: (lengths != self._longest, lengths))
        self._which = {lengths: place for place, lengths in enumerate(order)}
        traces = [self._traces[lengths][0] for lengths in order]
        tape = None
        if order[0] == self._longest and all(map(_can_be_joined, traces)):
            tape = joined([trace.tape for trace in traces])
        self.is_given_up = tape is None
        example = self._traces[order[0]][1]
        self._joint = None if tape is None else Joint(traces[0], tape, example)

    def _ready(self, columns: Sequence[Any], lengths: Sequence[Lengths]) -> list[Rows]:
        """Fill rows up to what the program takes, and say which trace each needs."""
        import numpy

        which = numpy.array([self._which[each] for each in lengths])
        ready = [_filled_up(column, longest) for column, longest in zip(columns, self._longest)]
        return [*ready, Rows(signature_of("integers", (), None), which)]

    def check(self, joint: Joint, ready: Sequence[Rows], row: int, columns: Sequence[Any]) -> None:
        """Compare the program with the function itself on one row, unless something is not finite.

        Args:
            joint: the program.
            ready: what it takes.
            row: which row.
            columns: the rows as they are.
        """
        one = [column[row : row + 1] for column in ready]
        (values,), gradients, _ = joint.run_on_arrays(one, 1, gradient=True)
        found = float(values.item()), joint.leaves.in_order(gradients)
        if all(map(math.isfinite, (found[0], *found[1]))):
            self.program.eager.check(arguments_of_row(columns, row), found, gradient=True)


def _can_be_joined(trace: Specialization) -> bool:
    tape = trace.tape
    return trace.single and bool(tape.op) and not (tape.guards or tape.random or trace.inputs.fixed)


def _lengths_of(column: Rows | RowsOfLengths) -> list[int]:
    """Return for each row how long it is."""
    return column.lengths if isinstance(column, RowsOfLengths) else [_length(column.signature)] * len(column)


def _filled_up(column: Rows | RowsOfLengths, longest: int) -> Rows:
    """Return rows with lists of one length, which none of them exceeds."""
    import numpy

    signature = column[0].signature if isinstance(column, RowsOfLengths) else column.signature
    if longest == 0:
        return Rows(signature, column.array)
    array, width = column.array, column.array.shape[1]
    if width != longest:
        array = array.take(numpy.minimum(numpy.arange(longest), width - 1), axis=1)
    return Rows(signature_of(signature.kind, array.shape[1:], signature.containers), array)


class OnLengths(OnParts):
    """Training with one program for rows of several lengths, or where there is none with several."""

    def __init__(self, program: Runner, optimizer: Any, specialization: Any) -> None:
        super().__init__(program, optimizer, specialization)
        self.joints = Joints(program)

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient."""
        found = self.joints.find(columns)
        if found is not None:
            try:
                mean, gradient = self._of_joint(*found, columns)
            except SignaturesDifferError:  # in more than their lengths
                pass
            else:
                if math.isfinite(mean) and self.is_finite(gradient):
                    return mean, [gradient]
                self.joints.is_given_up = True  # what rows are filled up with may not be what f can take
        return super().gradient(columns)

    def _of_joint(self, joint: Joint, ready: list[Rows], columns: Sequence[Any]) -> tuple[float, Any]:
        if joint.is_to_be_checked(begun=True):
            self.write_numbers()
            self.joints.check(joint, ready, 0, columns)
        parameters = joint.leaves.parameters(self.now[0][0])
        (losses,), gradients, _ = joint.run_quietly(
            ready, len(ready[-1]), gradient=True, parameters=parameters
        )
        return mean_of_rows(self.numpy.asarray(losses)), joint.leaves.flat(gradients)
