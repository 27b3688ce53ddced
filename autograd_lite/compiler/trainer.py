"""Trainer: parameters, gradients and the optimiser's state, kept in arrays while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import repeat
from operator import sub
from typing import TYPE_CHECKING, Any, Literal

from autograd_lite.compiler.arguments import Argument, FormsDifferError, read_rows
from autograd_lite.compiler.batches import example_of
from autograd_lite.interrupts import uninterrupted

if TYPE_CHECKING:
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.variant import Variant
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

    def __init__(self, program: Program, optimizer: Any) -> None:
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
            FloatingPointError: if the loss or a gradient is not finite; then nothing has moved.
        """
        self.prepare(*columns)
        try:
            return float(self._state.step(columns))
        except FormsDifferError:  # the rows need several programs
            self._state.write_back()
            self._state = _ThroughValues(self.program, self.optimizer)
            return float(self._state.step(columns))

    def prepare(self, *columns: Any) -> None:
        """Do what the first step does before it moves anything: trace, check, and fill the arrays.

        Args:
            columns: as for ``step``.
        """
        modes = self.program.modes()
        if modes != self._modes and self._state is not None:  # train() or eval() was called since
            self._state.write_back()
            self._state = None
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
        program = self.program
        example, rows = [], 1
        if columns:
            rows = len(columns[0])
            try:
                read_all = [read_rows(column, rows) for column in columns]
            except FormsDifferError:
                return _ThroughValues(program, self.optimizer)
            forms, arrays = zip(*read_all)
            example = example_of(forms, arrays, 0)
        variant = program.variant(example)
        program.need_gradient(variant)
        program.sample_row(variant, example)
        if variant.fixed:
            return _ThroughValues(program, self.optimizer)
        if variant.choose(rows) == "python":
            return _OnFloats(program, variant, self.optimizer)
        return _OnArrays(program, variant, self.optimizer)


class _ThroughValues:
    """Training where rows need different programs: each step goes through the Values."""

    def __init__(self, program: Program, optimizer: Any) -> None:
        self.program, self.optimizer = program, optimizer

    def step(self, columns: Sequence[Any]) -> float:
        mean, gradient = self.program.mean_and_grad(*columns)
        for parameter, derivative in zip(self.program.parameters, gradient):
            parameter.grad = derivative
        self.optimizer.step(finite=True)
        return mean

    def write_back(self) -> None:
        """Nothing is kept elsewhere."""


class _OnFloats:
    """Training with a straight-line program."""

    def __init__(self, program: Program, variant: Variant, optimizer: Any) -> None:
        self.program, self.variant, self.optimizer = program, variant, optimizer
        self.numbers = [parameter._data for parameter in program.parameters]
        self.states: Sequence[Any] = optimizer.states
        self.steps = optimizer.steps
        self.run = variant.straight[1]["value_and_gradient"]
        self.few = variant.is_random or bool(variant.tape.frozen)

    def step(self, columns: Sequence[Any]) -> float:
        if columns:
            mean, gradient = self._batch(columns)
        else:
            frozen = self.variant.frozen_numbers() if self.few else []
            random = self.variant.random_numbers() if self.few else []
            mean, gradient = self._run(frozen, random, [])
        rate, step = repeat(self._rate()), repeat(self.steps + 1)
        changes, states = zip(*map(self.optimizer.update, self.numbers, gradient, self.states, rate, step))
        numbers = [*map(sub, self.numbers, changes)]
        if not math.isfinite(mean) or not all(map(math.isfinite, numbers)):
            raise FloatingPointError(NOT_FINITE)
        self.numbers, self.states = numbers, states
        self.steps += 1
        return mean

    def _run(self, frozen: Any, random: Any, numbers: Sequence[Any]) -> Any:
        try:
            value, gradient, held = self.run(self.numbers, frozen, random, *numbers)
            if held:
                return value, gradient
            self.program.warn_of_guards(1)
        except (ArithmeticError, ValueError):  # the engine says which operation it was, or computes on
            pass
        self.write_numbers()
        forms = iter(numbers)
        example = [Argument(form, [] if form.kind == "fixed" else next(forms)) for form in self.variant.forms]
        return self.program.eagerly(example, gradient=True)

    def _batch(self, columns: Sequence[Any]) -> tuple[float, list[float]]:
        """Compute the mean over some rows and its gradient."""
        variant, rows = self.variant, len(columns[0])
        lists = [array.reshape(rows, -1).tolist() for array in variant.columns(columns)]
        frozen = variant.frozen_numbers()
        total, gradient = 0.0, [0.0] * len(self.numbers)
        for numbers in zip(*lists):
            value, part = self._run(frozen, variant.random_numbers(), numbers)
            total += value
            gradient = [old + new for old, new in zip(gradient, part)]
        return total / rows, [number / rows for number in gradient]

    def _rate(self) -> float:
        self.optimizer.steps = self.steps
        rate: float = self.optimizer.learning_rate
        return rate

    def write_numbers(self) -> None:
        for parameter, number in zip(self.program.parameters, self.numbers):
            parameter._data = number

    def write_back(self) -> None:
        self.write_numbers()
        self.optimizer.states, self.optimizer.steps = list(self.states), self.steps


SMALL = 20_000
"""Up to so many parameters the gradients are put into one array, and moved with one call."""
ORDER: Literal["F"] = "F"
"""The order of a matrix in memory: column by column, in which most products of a training are faster."""


class _OnArrays:
    """Training with a program on arrays."""

    def __init__(self, program: Program, variant: Variant, optimizer: Any) -> None:
        import numpy

        self.numpy = numpy
        self.program, self.variant, self.optimizer = program, variant, optimizer
        self.run = variant.on_arrays["value_and_gradient"]
        self.vectors = variant.array_source.parameters
        self.order = self._joined([vector.places.reshape(vector.shape) for vector in self.vectors])
        self.steps = optimizer.steps
        self.together = len(self.order) <= SMALL
        numbers = [parameter._data for parameter in program.parameters]
        self.flat = numpy.array(numbers, variant.dtype)[self.order]
        self.arrays = self._parts(self.flat)  # views: they move with the whole
        columns = [numpy.array(column, variant.dtype)[self.order] for column in zip(*optimizer.states)]
        self.moved = [self.flat] if self.together else self.arrays
        parts = [[column] if self.together else self._parts(column) for column in columns]
        self.states = tuple(zip(*parts)) or ((),) * len(self.moved)

    def _parts(self, flat: Any) -> list[Any]:
        """Cut an array of all numbers into one for each vector of parameters."""
        cuts = self.numpy.cumsum([vector.size for vector in self.vectors])[:-1]
        parts = self.numpy.split(flat, cuts)
        return [part.reshape(vector.shape, order=ORDER) for part, vector in zip(parts, self.vectors)]

    def _joined(self, parts: Sequence[Any]) -> Any:
        """Put the parts into one array again."""
        return self.numpy.concatenate([part.ravel(ORDER) for part in parts])

    def step(self, columns: Sequence[Any]) -> float:
        numpy, variant = self.numpy, self.variant
        ready = variant.columns(columns)
        losses, gradients, *held = self.run(
            *self.arrays,
            *variant.frozen_arrays(),
            *variant.random_arrays(len(columns[0]) if columns else 1),
            *ready,
        )
        if held and not numpy.all(held[0]):
            losses, gradients = self._through_values(columns)
        mean = float(losses.sum() / losses.size)
        gradients = [*map(numpy.asarray, gradients)]
        if self.together:
            gradients = [self._joined(gradients)]
        if not math.isfinite(mean) or not all(map(self._is_finite, gradients)):
            raise FloatingPointError(NOT_FINITE)
        self._move(gradients)
        return mean

    def _move(self, gradients: Sequence[Any]) -> None:
        """Move all parameters by the optimiser's rule."""
        self.optimizer.steps = self.steps
        rate, step = repeat(self.optimizer.learning_rate), repeat(self.steps + 1)
        changes, states = zip(*map(self.optimizer.update, self.moved, gradients, self.states, rate, step))
        with uninterrupted() if states[0] else nullcontext():
            list(map(self.numpy.subtract, self.moved, changes, self.moved))  # Ctrl-C cannot split one call
            self.states = states
            self.steps += 1

    def _is_finite(self, gradient: Any) -> bool:
        """Tell whether a gradient is finite; its square, which is fast to sum, nearly always tells."""
        flat = gradient.ravel("K")
        return bool(math.isfinite(flat @ flat) or self.numpy.isfinite(flat).all())

    def _through_values(self, columns: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Compute a batch of which some rows take another way through the function."""
        self.write_numbers()
        mean, gradient = self.program.mean_and_grad(*columns)
        flat = self.numpy.array(gradient, self.variant.dtype)
        return self.numpy.array(mean), [flat[v.places].reshape(v.shape) for v in self.vectors]

    def _in_order(self, flat: Any) -> list[float]:
        """Put numbers that stand as in the arrays into the parameters' order."""
        ordered = self.numpy.empty_like(flat)
        ordered[self.order] = flat
        numbers: list[float] = ordered.tolist()
        return numbers

    def write_numbers(self) -> None:
        """Put the parameters into the Values."""
        for parameter, number in zip(self.program.parameters, self._in_order(self.flat)):
            parameter._data = number

    def write_back(self) -> None:
        """Put everything where it came from."""
        self.write_numbers()
        columns = [self._in_order(self._joined(column)) for column in zip(*self.states)]
        if columns:
            self.optimizer.states = [*zip(*columns)]
        self.optimizer.steps = self.steps
