"""Trainer: parameters, gradients and the optimiser's state, kept in arrays while training."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.batches import mean_of_rows
from autograd_lite.compiler.eager import OUTSIDE
from autograd_lite.compiler.runner import Runner
from autograd_lite.compiler.signature import SignaturesDifferError, arguments_of_row, count_rows, read_rows
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.core.ieee import mean_of
from autograd_lite.engine import Value

__all__ = ["Trainer"]

NOT_FINITE = "the loss, a gradient or a parameter is not finite: try a smaller learning rate"


class Trainer:
    """Trains the parameters of a program; ``program.trainer(optimizer)`` makes one.

    The Values keep their numbers until ``write_back``.

    Args:
        program: what computes the loss of one example, or of all.
        optimizer: an optimiser; one without parameters is bound to those of the program.

    Raises:
        ValueError: if the optimiser's parameters are not those of the program.

    Example:
        >>> from autograd_lite import Value, optim
        >>> from autograd_lite.compiler import compile
        >>> w = Value(0.0)
        >>> trainer = compile(lambda x, y: (w * x - y) ** 2, [w]).trainer(optim.SGD(lr=0.25))
        >>> trainer.step([1.0, 1.0], [2.0, 4.0]), w.data
        (10.0, 0.0)
        >>> trainer.write_back(); w.data
        1.5
    """

    def __init__(self, program: Runner, optimizer: Any) -> None:
        if optimizer.parameters is None:
            optimizer.bind(program.parameters)
        moved: list[Value] = optimizer.parameters or []
        if [*map(id, moved)] != [*map(id, program.parameters)]:
            raise ValueError("the optimiser moves other parameters than the program has")
        self.program, self.optimizer = program, optimizer
        self._training: _Training | None = None
        self._modes: Any = None

    def step(self, *columns: Any) -> float:
        """Move the parameters once, against the gradient of the mean over a batch.

        Args:
            columns: each argument for all rows, as for ``Program.backward``.

        Returns:
            The mean before the step.

        Raises:
            FloatingPointError: if the loss, or a parameter after the step, is not finite; then
                nothing has moved.
        """
        self.prepare(*columns)
        try:
            return self._step(columns)
        except SignaturesDifferError:  # the rows need another program than those of the last step
            self._modes = None
            self.prepare(*columns)
            return self._step(columns)

    def _step(self, columns: Sequence[Any]) -> float:
        """Take a step with one program, or through the Values where rows need several."""
        if self._training is not None:
            return float(self._training.step(columns))
        mean, gradient = self.program.mean_and_grad(*columns)
        for parameter, derivative in zip(self.program.parameters, gradient):
            parameter.grad = derivative
        self.optimizer.step(finite=True)
        return mean

    def prepare(self, *columns: Any) -> None:
        """Do what the first step does before it moves anything: trace, check, and fill the arrays.

        Args:
            columns: as for ``step``.
        """
        modes = self.program.cache.modes()
        if modes != self._modes:  # train() or eval() was called since
            self.write_back()
            self.read()
        if self._training is None:
            self._modes = modes
            self._training = self._begin(columns)

    def write_back(self) -> None:
        """Put the parameters into the Values, and the optimiser's state into the optimiser."""
        if self._training is not None:
            self._training.write_back()

    def read(self) -> None:
        """Take the Values' numbers and the optimiser's state anew, after they were changed."""
        self._training = None

    def _begin(self, columns: Sequence[Any]) -> _Training | None:
        """Put everything where one program moves it; None where rows need several programs."""
        program = self.program
        example, rows = [], 1
        if columns:
            rows = count_rows(columns)
            try:
                example = [read_rows(column).argument(0) for column in columns]
            except SignaturesDifferError:
                return None
        specialization = program.cache.find(example)
        specialization.need_gradient()
        program.check_row(specialization, example)
        if specialization.inputs.fixed:
            return None
        if specialization.choose(rows) == "python":
            return _OnFloats(program, specialization, self.optimizer, specialization.on_floats)
        return _OnArrays(program, specialization, self.optimizer, specialization.on_arrays)


class _Training(ABC):
    """Training with one program; what the optimiser's rule moves are numbers, or arrays of them.

    Attributes:
        now: the parameters, as the optimiser's rule takes them, its state for each, and how many steps
            it has taken. A step replaces all of it at once, so that Ctrl-C comes before or after.
        subtract: moves one of them by a change.
        is_finite: tells whether one of them is finite.
    """

    subtract: Any
    is_finite: Any

    def __init__(self, program: Runner, specialization: Specialization, optimizer: Any, on: Any) -> None:
        self.program, self.specialization, self.optimizer = program, specialization, optimizer
        self.run = on["value_and_gradient"]
        moved = self.taken([parameter._data for parameter in program.parameters])
        columns = [self.taken(column) for column in zip(*optimizer.states)]
        self.now: tuple[Any, Any, int] = (moved, [*zip(*columns)] or [()] * len(moved), optimizer.steps)

    def taken(self, numbers: Sequence[float]) -> Sequence[Any]:
        """Take a number for each parameter, in their order, as the optimiser's rule does."""
        return numbers

    def in_order(self, moved: Sequence[Any]) -> Sequence[float]:
        """Make numbers of them again."""
        return moved

    @abstractmethod
    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over some rows, and its gradient as the optimiser's rule takes it."""

    def through_values(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the same where rows need the engine."""
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
        self.now = after
        return mean

    def _moved_by(self, compute: Callable[..., Any], columns: Sequence[Any]) -> tuple[float, Any]:
        """Compute the mean, and what is after a step; None if a parameter would not be finite."""
        mean, gradient = compute(columns)
        optimizer, (moved, states, steps) = self.optimizer, self.now
        optimizer.steps = steps
        rate, number_of_step = itertools.repeat(optimizer.learning_rate), itertools.repeat(steps + 1)
        changes, states = zip(*map(optimizer.update, moved, gradient, states, rate, number_of_step))
        del gradient  # the next arrays take its place, which is in the caches
        moved = [*map(self.subtract, moved, changes)]
        return mean, (moved, states, steps + 1) if all(map(self.is_finite, moved)) else None

    def write_numbers(self) -> None:
        """Put the parameters into the Values."""
        for parameter, number in zip(self.program.parameters, self.in_order(self.now[0])):
            parameter._data = number

    def write_back(self) -> None:
        """Put everything where it came from."""
        self.write_numbers()
        columns = [self.in_order(column) for column in zip(*self.now[1])]
        self.optimizer.states = [*zip(*columns)] or self.optimizer.states
        self.optimizer.steps = self.now[2]


class _OnFloats(_Training):
    """Training with a straight-line program."""

    subtract = staticmethod(operator.sub)
    is_finite = staticmethod(math.isfinite)

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        tape = self.specialization.tape
        frozen = tape.frozen_numbers()
        if not columns:
            return self._row(frozen, tape.random_numbers(), (), (), 0)
        ready = self.specialization.inputs.columns(columns)  # which checks what they are
        rows = len(columns[0])
        lists = [array.reshape(rows, -1).tolist() for array in ready]
        values, gradient = [], [0.0] * len(self.now[0])
        for row, *numbers in zip(range(rows), *lists):
            value, part = self._row(frozen, tape.random_numbers(), numbers, columns, row)
            values.append(value)
            gradient = [old + new for old, new in zip(gradient, part)]
        return mean_of(values), [number / rows for number in gradient]

    def _row(
        self, frozen: Any, random: Any, numbers: Sequence[Any], columns: Sequence[Any], row: int
    ) -> tuple[float, list[float]]:
        try:
            value, gradient, held = self.run(self.now[0], frozen, random, *numbers)
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


class _OnArrays(_Training):
    """Training with a program on arrays."""

    def __init__(self, program: Runner, specialization: Specialization, optimizer: Any, on: Any) -> None:
        import numpy

        self.numpy, self.leaves = numpy, specialization.leaves
        self.together = len(program.parameters) <= SMALL
        self.subtract = functools.partial(numpy.subtract, dtype=specialization.dtype)
        leaves = specialization.array_source.parameters
        stops = itertools.accumulate(leaf.size for leaf in leaves)
        self.cuts = [(slice(stop - leaf.size, stop), leaf.shape) for stop, leaf in zip(stops, leaves)]
        super().__init__(program, specialization, optimizer, on)

    def taken(self, numbers: Sequence[float]) -> Sequence[Any]:
        arrays = self.leaves.parameters(numbers)
        if self.together:
            return self._joined(arrays)
        return [self.numpy.array(array, order="F") for array in arrays]  # large products like columns better

    def in_order(self, moved: Sequence[Any]) -> Sequence[float]:
        return self.leaves.in_order(self._parts(moved))

    def _joined(self, arrays: Sequence[Any]) -> list[Any]:
        """Put the arrays of a program into one."""
        return [self.numpy.concatenate([array.ravel() for array in arrays])]

    def _parts(self, moved: Sequence[Any]) -> Sequence[Any]:
        """Cut it again into what the program takes."""
        return [moved[0][cut].reshape(shape) for cut, shape in self.cuts] if self.together else moved

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        ready = self.specialization.inputs.columns(columns)
        losses, gradient, *held = self.run(
            *self._parts(self.now[0]),
            *self.leaves.frozen(),
            *self.leaves.random(len(columns[0]) if columns else 1),
            *ready,
        )
        if held and not self.numpy.all(held[0]):
            return self.through_values(columns)
        arrays = [*map(self.numpy.asarray, gradient)]
        return mean_of_rows(losses), self._joined(arrays) if self.together else arrays

    def step(self, columns: Sequence[Any]) -> float:
        with self.numpy.errstate(all="ignore"):  # the engine says it, where something is not finite
            return super().step(columns)

    def is_finite(self, array: Any) -> bool:
        """Tell whether an array is finite; its square, which is fast to sum, nearly always tells."""
        flat = array.ravel("K")
        return bool(math.isfinite(flat @ flat) or self.numpy.isfinite(flat).all())
