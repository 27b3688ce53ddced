"""Trainer: parameters, gradients and the optimiser's state, kept in arrays while training."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from operator import sub
from typing import Any, NamedTuple

from autograd_lite.compiler.batches import mean_of_rows
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
        self._state: Any = None
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
            self._leave()
            self.prepare(*columns)
            return self._step(columns)

    def _step(self, columns: Sequence[Any]) -> float:
        """Take a step with one program, or through the Values where rows need several."""
        if self._state is not None:
            return float(self._state.step(columns))
        mean, gradient = self.program.mean_and_grad(*columns)
        for parameter, derivative in zip(self.program.parameters, gradient):
            parameter.grad = derivative
        self.optimizer.step(finite=True)
        return mean

    def _leave(self) -> None:
        """Go on from the Values."""
        self.write_back()
        self._state = None

    def prepare(self, *columns: Any) -> None:
        """Do what the first step does before it moves anything: trace, check, and fill the arrays.

        Args:
            columns: as for ``step``.
        """
        modes = self.program.cache.modes()
        if modes != self._modes:  # train() or eval() was called since
            self._leave()
        if self._state is None:
            self._modes = modes
            self._state = self._begin(columns)

    def write_back(self) -> None:
        """Put the parameters into the Values, and the optimiser's state into the optimiser."""
        if self._state is not None:
            self._state.write_back()

    def read(self) -> None:
        """Take the Values' numbers and the optimiser's state anew, after they were changed."""
        self._state = None

    def _begin(self, columns: Sequence[Any]) -> Any:
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
            return _OnFloats(program, specialization, self.optimizer)
        return _OnArrays(program, specialization, self.optimizer)


class _OnFloats:
    """Training with a straight-line program."""

    def __init__(self, program: Runner, specialization: Specialization, optimizer: Any) -> None:
        self.program, self.specialization, self.optimizer = program, specialization, optimizer
        numbers = [parameter._data for parameter in program.parameters]
        self.now: tuple[Sequence[float], Sequence[Any], int] = (numbers, optimizer.states, optimizer.steps)
        self.run = specialization.on_floats["value_and_gradient"]

    def step(self, columns: Sequence[Any]) -> float:
        mean, gradient = self._batch(columns) if columns else self._once()
        after = self._after(gradient)
        if after is None and math.isfinite(mean):  # the engine knows what passes nothing on
            self.write_numbers()
            mean, gradient = self.program.mean_and_grad(*columns)
            after = self._after(gradient)
        if after is None or not math.isfinite(mean):
            raise FloatingPointError(NOT_FINITE)
        self.now = after
        return mean

    def _after(self, gradient: Sequence[float]) -> tuple[Sequence[float], Sequence[Any], int] | None:
        """Compute what a step moves; None if a parameter would not be finite."""
        optimizer, (numbers, states, steps) = self.optimizer, self.now
        optimizer.steps = steps
        rate, number_of_step = itertools.repeat(optimizer.learning_rate), itertools.repeat(steps + 1)
        changes, states = zip(*map(optimizer.update, numbers, gradient, states, rate, number_of_step))
        moved = [*map(sub, numbers, changes)]
        return (moved, states, steps + 1) if all(map(math.isfinite, moved)) else None

    def _once(self) -> Any:
        """Compute the number and the gradient of a function without arguments."""
        tape = self.specialization.tape
        return self._run(tape.frozen_numbers(), tape.random_numbers(), [], (), 0)

    def _run(self, frozen: Any, random: Any, numbers: Sequence[Any], columns: Sequence[Any], row: int) -> Any:
        try:
            value, gradient, held = self.run(self.now[0], frozen, random, *numbers)
            if held:
                return value, gradient
            self.program.eager.warn_of_guards(1)
        except (ArithmeticError, ValueError):  # the engine says which operation it was, or computes on
            pass
        self.write_numbers()
        return self.program.eager(arguments_of_row(columns, row), gradient=True)

    def _batch(self, columns: Sequence[Any]) -> tuple[float, list[float]]:
        """Compute the mean over some rows and its gradient."""
        inputs, tape = self.specialization.inputs, self.specialization.tape
        ready = inputs.columns(columns)
        rows = len(columns[0])
        lists = [array.reshape(rows, -1).tolist() for array in ready]
        frozen = tape.frozen_numbers()
        values, gradient = [], [0.0] * len(self.now[0])
        for row, numbers in enumerate(zip(*lists)):
            value, part = self._run(frozen, tape.random_numbers(), numbers, columns, row)
            values.append(value)
            gradient = [old + new for old, new in zip(gradient, part)]
        return mean_of(values), [number / rows for number in gradient]

    def write_numbers(self) -> None:
        for parameter, number in zip(self.program.parameters, self.now[0]):
            parameter._data = number

    def write_back(self) -> None:
        self.write_numbers()
        self.optimizer.states, self.optimizer.steps = list(self.now[1]), self.now[2]


SMALL = 20_000
"""Up to so many parameters the gradients are put into one array, and moved with one call."""


class _Numbers(NamedTuple):
    """What a step moves; a step replaces all of it at once, so that Ctrl-C comes before or after.

    Attributes:
        arrays: the parameters, as the program takes them.
        moved: the same, as the optimiser's rule takes them: all in one array, if they are few.
        states: the optimiser's state for each of ``moved``.
        steps: how many steps it has taken.
    """

    arrays: Sequence[Any]
    moved: Sequence[Any]
    states: Sequence[Any]
    steps: int


class _OnArrays:
    """Training with a program on arrays."""

    def __init__(self, program: Runner, specialization: Specialization, optimizer: Any) -> None:
        import numpy

        self.numpy = numpy
        self.program, self.specialization, self.optimizer = program, specialization, optimizer
        self.run = specialization.on_arrays["value_and_gradient"]
        self.vectors = specialization.array_source.parameters
        numbers = [parameter._data for parameter in program.parameters]
        self.together = len(numbers) <= SMALL
        self.memory: Any = "C" if self.together else "F"  # large products of a training like columns better
        self.order = self._joined([vector.places.reshape(vector.shape) for vector in self.vectors])
        stops = itertools.accumulate(vector.size for vector in self.vectors)
        self.cuts = [slice(stop - vector.size, stop) for stop, vector in zip(stops, self.vectors)]
        flat, *columns = [
            [array] if self.together else self._parts(array)
            for column in (numbers, *zip(*optimizer.states))
            for array in [numpy.array(column, specialization.dtype)[self.order]]
        ]
        self.now = self._numbers(flat, tuple(zip(*columns)) or ((),) * len(flat), optimizer.steps)

    def _numbers(self, moved: Sequence[Any], states: Sequence[Any], steps: int) -> _Numbers:
        return _Numbers(self._parts(moved[0]) if self.together else moved, moved, states, steps)

    def _parts(self, flat: Any) -> list[Any]:
        """Cut an array of all numbers into one for each vector of parameters."""
        return [
            flat[cut].reshape(vector.shape, order=self.memory) for cut, vector in zip(self.cuts, self.vectors)
        ]

    def _joined(self, parts: Sequence[Any]) -> Any:
        """Put the parts into one array again."""
        return self.numpy.concatenate([part.ravel(self.memory) for part in parts])

    def step(self, columns: Sequence[Any]) -> float:
        mean, after = self._moved_by(self._gradients(columns))
        if after is None and math.isfinite(mean):  # the engine knows what passes nothing on
            mean, after = self._moved_by(self._through_values(columns))
        if after is None or not math.isfinite(mean):
            raise FloatingPointError(NOT_FINITE)
        self.now = after
        return mean

    def _gradients(self, columns: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        """Compute the loss of each row, and the gradient of their mean."""
        specialization = self.specialization
        ready = specialization.inputs.columns(columns)
        losses, gradients, *held = self.run(
            *self.now.arrays,
            *specialization.leaves.frozen(),
            *specialization.leaves.random(len(columns[0]) if columns else 1),
            *ready,
        )
        if held and not self.numpy.all(held[0]):
            return self._through_values(columns)
        return losses, gradients

    def _moved_by(self, found: tuple[Any, Sequence[Any]]) -> tuple[float, _Numbers | None]:
        """Compute the mean loss, and what a step moves; None if a parameter would not be finite."""
        numpy, optimizer = self.numpy, self.optimizer
        losses, gradients = found
        _, moved, states, steps = self.now
        gradients = [*map(numpy.asarray, gradients)]
        if self.together:
            gradients = [self._joined(gradients)]
        optimizer.steps = steps
        rate, number_of_step = itertools.repeat(optimizer.learning_rate), itertools.repeat(steps + 1)
        changes, states = zip(*map(optimizer.update, moved, gradients, states, rate, number_of_step))
        del gradients, found  # the next arrays take their place, which is in the caches
        moved = [
            numpy.subtract(old, change, dtype=self.specialization.dtype)
            for old, change in zip(moved, changes)
        ]
        finite = all(map(self._is_finite, moved))
        return mean_of_rows(losses), self._numbers(moved, states, steps + 1) if finite else None

    def _is_finite(self, array: Any) -> bool:
        """Tell whether an array is finite; its square, which is fast to sum, nearly always tells."""
        flat = array.ravel("K")
        return bool(math.isfinite(flat @ flat) or self.numpy.isfinite(flat).all())

    def _through_values(self, columns: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Compute a batch of which some rows take another way through the function."""
        self.write_numbers()
        mean, gradient = self.program.mean_and_grad(*columns)
        flat = self.numpy.array(gradient, self.specialization.dtype)
        return self.numpy.array(mean), [flat[v.places].reshape(v.shape) for v in self.vectors]

    def _in_order(self, parts: Sequence[Any]) -> list[float]:
        """Put the numbers of arrays into the parameters' order."""
        flat = self._joined(parts)
        ordered = self.numpy.empty_like(flat)
        ordered[self.order] = flat
        numbers: list[float] = ordered.tolist()
        return numbers

    def write_numbers(self) -> None:
        """Put the parameters into the Values."""
        for parameter, number in zip(self.program.parameters, self._in_order(self.now.moved)):
            parameter._data = number

    def write_back(self) -> None:
        """Put everything where it came from."""
        self.write_numbers()
        columns = [self._in_order(column) for column in zip(*self.now.states)]
        if columns:
            self.optimizer.states = [*zip(*columns)]
        self.optimizer.steps = self.now.steps
