"""Trainer: parameters, gradients and the optimiser's state, kept in arrays while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite.compiler.arguments import Argument, read_rows
from autograd_lite.compiler.batches import example_of

if TYPE_CHECKING:
    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.variant import Variant

__all__ = ["Trainer"]


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
        if [*map(id, optimizer.parameters)] != [*map(id, program.parameters)]:
            raise ValueError("the optimiser moves other parameters than the program has")
        self.program, self.optimizer = program, optimizer
        self._state: Any = None

    def step(self, *columns: Any) -> float:
        """Move the parameters once, against the gradient of the mean over a batch.

        Args:
            columns: each argument for all rows, as for ``Program.backward``.

        Returns:
            The mean before the step.
        """
        if self._state is None:
            self._state = self._begin(columns)
        return float(self._state.step(columns))

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
            forms, arrays = zip(*[read_rows(column, rows) for column in columns])
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
        self.states = list(optimizer.states)
        self.steps = optimizer.steps
        self.run = variant.straight[1]["value_and_gradient"]
        self.few = variant.is_random or bool(variant.tape.frozen)

    def step(self, columns: Sequence[Any]) -> float:
        if columns:
            mean, gradient = self._batch(columns)
        else:
            frozen = self.variant.frozen_numbers() if self.few else []
            random = self.variant.random_numbers() if self.few else []
            mean, gradient, _ = self._run(frozen, random, [])
        rate, update = self._rate(), self.optimizer.update
        self.steps += 1
        moved = [
            update(number, derivative, state, rate, self.steps)
            for number, derivative, state in zip(self.numbers, gradient, self.states)
        ]
        numbers = [number for number, _ in moved]
        if not math.isfinite(sum(numbers)) and not all(map(math.isfinite, numbers)):
            raise FloatingPointError("the step would make a parameter inf or nan")
        self.numbers, self.states = numbers, [state for _, state in moved]
        return float(mean)

    def _run(self, frozen: Any, random: Any, numbers: Sequence[Any]) -> Any:
        try:
            value, gradient, held = self.run(self.numbers, frozen, random, *numbers)
        except (ArithmeticError, ValueError):
            held = False
        if held:
            return value, gradient, held
        self.write_numbers()
        forms = iter(numbers)
        example = [Argument(form, [] if form.kind == "fixed" else next(forms)) for form in self.variant.forms]
        return (*self.program.eagerly(example, gradient=True), held)

    def _batch(self, columns: Sequence[Any]) -> tuple[float, list[float]]:
        """Compute the mean over some rows and its gradient."""
        variant, rows = self.variant, len(columns[0])
        lists = [array.reshape(rows, -1).tolist() for array in variant.columns([_array(c) for c in columns])]
        frozen = variant.frozen_numbers()
        total, gradient = 0.0, [0.0] * len(self.numbers)
        for numbers in zip(*lists):
            value, part, _ = self._run(frozen, variant.random_numbers(), numbers)
            total += value
            gradient = [old + new for old, new in zip(gradient, part)]
        return total / rows, [number / rows for number in gradient]

    def _rate(self) -> float:
        self.optimizer.steps = self.steps
        return self.optimizer.learning_rate  # type: ignore[no-any-return]

    def write_numbers(self) -> None:
        for parameter, number in zip(self.program.parameters, self.numbers):
            parameter._data = number

    def write_back(self) -> None:
        self.write_numbers()
        self.optimizer.states, self.optimizer.steps = list(self.states), self.steps


SMALL = 20_000
"""Up to so many parameters the optimiser moves them as one array."""


class _OnArrays:
    """Training with a program on arrays."""

    def __init__(self, program: Program, variant: Variant, optimizer: Any) -> None:
        import numpy

        self.numpy = numpy
        self.program, self.variant, self.optimizer = program, variant, optimizer
        self.run = variant.on_arrays["value_and_gradient"]
        self.vectors = variant.array_source.parameters
        self.order = numpy.concatenate([vector.places.reshape(-1) for vector in self.vectors])
        self.steps = optimizer.steps
        self.missing = len(self.order) < len(program.parameters)
        flat = numpy.array([parameter._data for parameter in program.parameters], variant.dtype)[self.order]
        states = [optimizer.states[place] for place in self.order]
        columns = [numpy.array(column, variant.dtype) for column in zip(*states)]
        cuts = numpy.cumsum([vector.size for vector in self.vectors])
        self.together = len(flat) <= SMALL
        self.flat = flat
        self.arrays = [
            part.reshape(vector.shape) for part, vector in zip(numpy.split(flat, cuts[:-1]), self.vectors)
        ]
        pieces = [flat] if self.together else self.arrays
        self.states = (
            [tuple(columns)]
            if self.together
            else [
                tuple(numpy.split(column, cuts[:-1])[number].reshape(vector.shape) for column in columns)
                for number, vector in enumerate(self.vectors)
            ]
        )
        assert len(pieces) == len(self.states)

    def step(self, columns: Sequence[Any]) -> float:
        numpy, variant = self.numpy, self.variant
        rows = len(columns[0]) if columns else 1
        ready = variant.columns([_array(column) for column in columns])
        losses, gradients, *held = self.run(
            *self.arrays, *variant.frozen_arrays(), *variant.random_arrays(rows), *ready
        )
        if held and not numpy.all(held[0]):
            losses, gradients = self._through_values(columns)
        self.optimizer.steps = self.steps
        rate = self.optimizer.learning_rate
        self.steps += 1
        if self.together:
            gradients = [numpy.concatenate([numpy.ravel(gradient) for gradient in gradients])]
        pieces = [self.flat] if self.together else self.arrays
        for number, (piece, gradient) in enumerate(zip(pieces, gradients)):
            moved, self.states[number] = self.optimizer.update(
                piece, gradient, self.states[number], rate, self.steps
            )
            numpy.copyto(piece, moved)
        return float(losses.mean())

    def _through_values(self, columns: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Compute a batch of which some rows take another way through the function."""
        self.write_numbers()
        mean, gradient = self.program.mean_and_grad(*columns)
        flat = self.numpy.array(gradient, self.variant.dtype)
        return self.numpy.array(mean), [flat[v.places].reshape(v.shape) for v in self.vectors]

    def write_numbers(self) -> None:
        parameters = self.program.parameters
        for place, number in zip(self.order.tolist(), self.flat.tolist()):
            parameters[place]._data = number

    def write_back(self) -> None:
        self.write_numbers()
        states = list(self.optimizer.states)
        if self.together:
            columns = [column.tolist() for column in self.states[0]]
        else:
            columns = [
                self.numpy.concatenate([state[k].reshape(-1) for state in self.states]).tolist()
                for k in range(len(self.states[0]))
            ]
        for position, place in enumerate(self.order.tolist()):
            states[place] = tuple(column[position] for column in columns)
        self.optimizer.states, self.optimizer.steps = states, self.steps


def _array(column: Any) -> Any:
    """Take a column as an array."""
    return column if hasattr(column, "dtype") else read_rows(column)[1]
