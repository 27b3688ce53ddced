"""The ways in which a trainer trains: with a program on floats, on arrays, or with several programs."""

from __future__ import annotations

import itertools
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_lite.compiler.batches import Part, mean_of_rows, split_rows
from autograd_lite.compiler.eager import OUTSIDE
from autograd_lite.compiler.moves import Move, hides_gradient, move_of, settings_of
from autograd_lite.compiler.reading import arguments_of_row, count_rows
from autograd_lite.compiler.runner import Runner
from autograd_lite.compiler.tracing import TraceError
from autograd_lite.core.ieee import mean_of

__all__ = ["NOT_FINITE", "OTHER_WAY", "InArrays", "OnArrays", "OnFloats", "OnParts", "OnValues", "Training"]

NOT_FINITE = "the loss, a gradient or a parameter is not finite: try a smaller learning rate"
OTHER_WAY = "comparisons came out otherwise than when the batch was traced"


class Training(ABC):
    """A way of training; what the optimiser's rule moves are numbers, or arrays of them.

    Args:
        program: what computes the loss.
        optimizer: its rule.
        specialization: the one program that runs all rows, if there is one.

    Attributes:
        subtract: moves one of them by a change.
        is_finite: tells whether one of them is finite.
        hides: whether the rule may move them by something finite where a gradient is not.
        beside: what the last step computed beside the loss: an array for each further output.
        clip: bounds the length of the gradient that the rule is given; None for any.
    """

    beside: Sequence[Any] = ()
    clip: Callable[[Sequence[Any]], Sequence[Any]] | None = None
    subtract: Any
    is_finite: Any

    def __init__(self, program: Runner, optimizer: Any, specialization: Any) -> None:
        self.program, self.optimizer, self.specialization = program, optimizer, specialization
        self.hides = hides_gradient(optimizer)
        self._now: tuple[Any, Any, int] = ([], [], 0)

    @property
    def now(self) -> tuple[Any, Any, int]:
        """The parameters, as the optimiser's rule takes them, its state for each, and the number of steps.

        A step replaces all of it at once, so that Ctrl-C comes before or after.
        """
        return self._now

    @now.setter
    def now(self, after: tuple[Any, Any, int]) -> None:
        self._now = after

    def read(self) -> None:
        """Begin with the numbers of the Values and the state of the optimiser."""
        numbers = [parameter._data for parameter in self.program.parameters]
        self._take(numbers, [*zip(*self.optimizer.states)], self.optimizer.steps)

    def take_over(self, other: Training) -> None:
        """Go on from where another way of training is."""
        moved, states, steps = other.now
        self._take(other.in_order(moved), [other.in_order(column) for column in zip(*states)], steps)

    def _take(self, numbers: Any, columns: Sequence[Any], steps: int) -> None:
        moved, taken = self.taken(numbers), [*map(self.taken, columns)]
        self.now = (moved, [*zip(*taken)] or [()] * len(moved), steps)

    @abstractmethod
    def taken(self, numbers: Any) -> Sequence[Any]:
        """Take a number for each parameter, in their order, as the optimiser's rule does."""

    @abstractmethod
    def in_order(self, moved: Sequence[Any]) -> Any:
        """Return a number for each parameter, a list or an array of them."""

    def start(self, columns: Sequence[Any]) -> Any:
        """Move the parameters once, and return what ``float`` gives the loss of, perhaps later."""
        return self.step(columns)

    @abstractmethod
    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient as the optimiser's rule takes it."""

    def through_values(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the same where rows need the engine."""
        if self.beside:
            raise FloatingPointError(NOT_FINITE)
        self.write_numbers()
        mean, gradient = self.program.mean_and_grad(*columns)
        return mean, self.taken(gradient)

    def step(self, columns: Sequence[Any]) -> float:
        """Move the parameters once; see ``Trainer``."""
        mean, after = self._moved_by(self.gradient, columns)
        if after is None and math.isfinite(mean):  # the engine knows what passes nothing on
            mean, after = self._moved_by(self.through_values, columns)
        if after is None or not math.isfinite(mean):
            raise FloatingPointError(NOT_FINITE)
        if self.specialization is not None and self.specialization.is_to_be_checked(begun=True):
            self.write_numbers()
            self.program.check(self.specialization, arguments_of_row(columns, 0))
        self.now = after
        return mean

    def _moved_by(self, compute: Callable[..., Any], columns: Sequence[Any]) -> tuple[float, Any]:
        """Compute the mean, and what is after a step; None if that, or the gradient, would not be finite."""
        mean, gradient = compute(columns)
        if self.hides and not all(map(self.is_finite, gradient)):
            return mean, None
        if self.clip is not None:
            gradient = self.clip(gradient)
        optimizer, (moved, states, steps) = self.optimizer, self.now
        optimizer.steps = steps
        changes, states = zip(*optimizer.updates(moved, gradient, states, self.taken))
        del gradient  # the next arrays take its place, which is in the caches
        moved = [*map(self.subtract, moved, changes)]
        return mean, (moved, states, steps + 1) if all(map(self.is_finite, moved)) else None

    def write_numbers(self) -> None:
        """Put the parameters into the Values."""
        for parameter, number in zip(self.program.parameters, _listed(self.in_order(self.now[0]))):
            parameter._data = number

    def write_back(self) -> None:
        """Put everything where it came from."""
        self.write_numbers()
        columns = [_listed(self.in_order(column)) for column in zip(*self.now[1])]
        self.optimizer.states = [*zip(*columns)] or self.optimizer.states
        self.optimizer.steps = self.now[2]


def _listed(numbers: Any) -> list[float]:
    return [*map(float, numbers)] if isinstance(numbers, list) else numbers.tolist()


class OnValues(Training):
    """Training through the Values, where there is no NumPy and rows need several programs."""

    subtract = staticmethod(operator.sub)
    is_finite = staticmethod(math.isfinite)

    def __init__(self, program: Runner, optimizer: Any, specialization: Any) -> None:
        super().__init__(program, optimizer, specialization)
        self._read_settings = settings_of(optimizer)
        self._settings: Any = self._read_settings(optimizer)
        self._move = self._written()

    def _moved_by(self, compute: Callable[..., Any], columns: Sequence[Any]) -> tuple[float, Any]:
        """Do the same with the rule in one function, as long as its settings are what they were."""
        optimizer = self.optimizer
        if self._read_settings(optimizer) != self._settings:
            self._settings, self._move = self._read_settings(optimizer), self._written()
        if self._move is None:
            return super()._moved_by(compute, columns)
        mean, gradient = compute(columns)
        if self.hides and not all(map(math.isfinite, gradient)):
            return mean, None
        if self.clip is not None:
            gradient = self.clip(gradient)
        moved, states, optimizer.steps = self._now
        step = optimizer.steps + 1
        moved, states = self._move(moved, gradient, states, optimizer.learning_rate, step)
        is_finite = math.isfinite(sum(moved)) or all(map(math.isfinite, moved))
        return mean, (moved, states, step) if is_finite else None

    def _written(self) -> Move | None:
        return move_of(self.optimizer, native=self.program.backend != "python")

    def taken(self, numbers: Any) -> Sequence[Any]:
        """Take a number for each parameter."""
        return numbers if isinstance(numbers, (list, tuple)) else _listed(numbers)

    def in_order(self, moved: Sequence[Any]) -> Any:
        """Return a number for each parameter."""
        return [*moved]

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient."""
        return self.through_values(columns)


class OnFloats(OnValues):
    """Training with a straight-line program."""

    def __init__(self, program: Runner, optimizer: Any, specialization: Any) -> None:
        super().__init__(program, optimizer, specialization)
        self.run = specialization.on_floats["value_and_gradient"]
        self.sums = specialization.sums_on_floats

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient."""
        tape = self.specialization.tape
        frozen = tape.frozen_numbers()
        if not columns:
            return self._row(frozen, tape.random_numbers(), (), (), 0)
        lists = self.specialization.inputs.lists(columns)  # which checks what they are
        values, totals = self._sums(frozen, lists) or self._sums_of_each(frozen, lists, columns)
        count = len(values)
        return mean_of(values), [total / count for total in totals]

    def _sums(self, frozen: Any, lists: Sequence[Any]) -> tuple[Sequence[float], Iterable[float]] | None:
        """Compute all rows in one call, for the sum of their gradients; None where one needs more."""
        if self.sums is None:
            return None
        try:
            found: tuple[list[float], list[float]] | None = self.sums(self.now[0], frozen, lists)
        except OUTSIDE:
            return None
        return found

    def _sums_of_each(
        self, frozen: Any, lists: Sequence[Any], columns: Sequence[Any]
    ) -> tuple[Sequence[float], Iterable[float]]:
        """Compute the same row by row."""
        draw = self.specialization.tape.random_numbers
        rows = zip(range(len(columns[0])), *lists)  # there may be no lists: all arguments are fixed
        found = [self._row(frozen, draw(), numbers, columns, row) for row, *numbers in rows]
        values, parts = zip(*found)
        return values, map(sum, zip(*parts))

    def _row(
        self, frozen: Any, random: Any, numbers: Sequence[Any], columns: Sequence[Any], row: int
    ) -> tuple[float, list[float]]:
        try:
            value, gradient, held = self.run(self._now[0], frozen, random, *numbers)
            if held:
                return value, gradient
            self.program.eager.warn_of_guards(1)
        except OUTSIDE:  # the engine says which operation it was, or computes on
            pass
        self.write_numbers()
        value, gradient = self.program.eager(arguments_of_row(columns, row), gradient=True)
        return value, gradient


SMALL = 20_000
"""Up to so many parameters are kept in one array, and moved with one call."""


class InArrays(Training):
    """Training of arrays."""

    def __init__(self, program: Runner, optimizer: Any, specialization: Any) -> None:
        import numpy

        self.numpy, self.dtype = numpy, numpy.dtype(program.dtype)
        super().__init__(program, optimizer, specialization)

    def step(self, columns: Sequence[Any]) -> float:
        """Move the parameters once; see ``Trainer``."""
        with self.numpy.errstate(all="ignore"):  # the engine says it, where something is not finite
            return super().step(columns)

    def subtract(self, array: Any, change: Any) -> Any:
        """Move an array by a change, which a rule of one's own may give in another type."""
        moved = array - change
        return moved if moved.dtype == self.dtype else moved.astype(self.dtype)

    def is_finite(self, array: Any) -> bool:
        """Tell whether an array is finite; its square, which is fast to sum, nearly always tells."""
        flat = array.ravel("K")
        return bool(math.isfinite(flat @ flat) or self.numpy.isfinite(flat).all())


class OnArrays(InArrays):
    """Training with a program on arrays."""

    def __init__(self, program: Runner, optimizer: Any, specialization: Any) -> None:
        super().__init__(program, optimizer, specialization)
        self.leaves = specialization.leaves
        self.together = len(program.parameters) <= SMALL
        leaves = specialization.array_source.parameters
        stops = itertools.accumulate(leaf.size for leaf in leaves)
        self.cuts = [(slice(stop - leaf.size, stop), leaf.shape) for stop, leaf in zip(stops, leaves)]
        self.layout = [(leaf.places.tobytes(), leaf.shape) for leaf in leaves]

    def taken(self, numbers: Sequence[float]) -> Sequence[Any]:
        """Take a number for each parameter."""
        arrays = self.leaves.parameters(numbers)
        if self.together:
            return self._joined(arrays)
        return [*arrays]

    def take_over(self, other: Training) -> None:
        """Go on from where another way of training is, in its arrays if they are cut alike."""
        if isinstance(other, OnArrays) and other.layout == self.layout:
            self.now = other.now  # which no step changes: it puts others in their place
        else:
            super().take_over(other)

    def in_order(self, moved: Sequence[Any]) -> Any:
        """Return a number for each parameter."""
        return self.leaves.flat(self._parts(moved))

    def _joined(self, arrays: Sequence[Any]) -> list[Any]:
        """Put the arrays of a program into one."""
        return [self.numpy.concatenate(arrays, axis=None)]

    def _parts(self, moved: Sequence[Any]) -> Sequence[Any]:
        """Cut it again into what the program takes."""
        if not self.together:
            return moved
        (flat,) = moved
        return [flat[cut] if len(shape) == 1 else flat[cut].reshape(shape) for cut, shape in self.cuts]

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient."""
        rows = len(columns[0]) if columns else 1
        (losses, *self.beside), gradient, held = self.specialization.run_quietly(
            columns, rows, gradient=True, parameters=self._parts(self.now[0])
        )
        if held is not True and not self.numpy.all(held):
            if self.beside:
                raise TraceError(OTHER_WAY)
            return self.through_values(columns)
        mean = mean_of_rows(self.numpy.asarray(losses))
        return mean, self._joined(gradient) if self.together else [*map(self.numpy.asarray, gradient)]


class OnParts(InArrays):
    """Training with several programs, each of which runs some rows: the parameters are in one array."""

    def taken(self, numbers: Any) -> Sequence[Any]:
        """Take a number for each parameter."""
        return [self.numpy.array(numbers, self.program.dtype)]

    def in_order(self, moved: Sequence[Any]) -> Any:
        """Return a number for each parameter."""
        return moved[0]

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient."""
        count, mean, total = count_rows(columns), 0.0, self.numpy.zeros_like(self.now[0][0])
        for part in split_rows(self.program.cache, columns):
            share = len(part.rows) / count
            value, gradient = self._of_part(part)
            mean += value * share
            total += self.numpy.asarray(gradient) * share
        return mean, [total]

    def _of_part(self, part: Part) -> tuple[float, Any]:
        """Compute the mean of some rows and its gradient, with their program if that holds for them."""
        specialization, rows = part.specialization, len(part.rows)
        specialization.need_gradient()
        if specialization.is_to_be_checked():
            self.write_numbers()
            self.program.check(specialization, part.example)
        if specialization.choose(rows) != "python":
            parameters = specialization.leaves.parameters(self.now[0][0])
            (losses,), gradients, held = specialization.run_quietly(
                part.columns, rows, gradient=True, parameters=parameters
            )
            if held is True or self.numpy.all(held):
                return mean_of_rows(losses), specialization.leaves.flat(gradients)
        self.write_numbers()
        return self.program.run_rows(specialization, part.columns, rows)
