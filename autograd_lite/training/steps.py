"""One step of training, eager: example by example, forwards and backwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite.composed import mean
from autograd_lite.core.ieee import mean_of
from autograd_lite.core.modes import detect_anomaly, no_grad
from autograd_lite.engine import Value
from autograd_lite.interrupts import uninterrupted
from autograd_lite.optim import Optimizer, clip_grad_norm
from autograd_lite.training.examples import Examples
from autograd_lite.training.state import numbers_of, set_numbers, set_states, states_of

__all__ = ["ADVICE", "EagerStep", "outputs_of"]

ADVICE = "try a smaller learning rate, or scale the inputs"


def outputs_of(model: Any, batch: list[Any]) -> list[Any]:
    """Compute the output of each example, in one call if the model takes batches."""
    if not getattr(model, "takes_batches", False):
        return [model(x) for x in batch]
    outputs = model(batch)
    if not isinstance(outputs, (list, tuple)) or len(outputs) != len(batch):
        raise ValueError("a model whose takes_batches is true returns a list of one output per example")
    return list(outputs)


@dataclass
class EagerStep:
    """A mean loss, its gradient, and a move of the parameters. A compiled step fits in its place.

    Attributes:
        model: called with one example, or with a batch if it ``takes_batches``.
        loss: called with the output and the target of one example.
        optimizer: moves the parameters.
        values: all Values of the model, by name.
        generators: what the model draws random numbers from.
        clip: the largest length of a gradient; None for any.
    """

    model: Callable[..., Any]
    loss: Callable[[Any, Any], Any]
    optimizer: Optimizer
    values: Mapping[str, Value]
    generators: Sequence[Any]
    clip: float | None = None

    def __post_init__(self) -> None:
        self.parameters = self.optimizer.parameters or []
        moved = set(self.parameters)
        self.others = {name: value for name, value in self.values.items() if value not in moved}

    def __call__(self, examples: Examples, rows: Sequence[int], place: str) -> float:
        """Take a step on some rows of the examples.

        Returns:
            The mean loss before the step.

        Raises:
            FloatingPointError: if the loss, a gradient or a parameter would not be finite;
                then the model is as it was before.
        """
        states = states_of(self.generators)
        others = numbers_of(self.others)
        try:
            found = self.bounded_gradient(examples, rows)
            self.optimizer.step(finite=True)
        except FloatingPointError as error:
            with uninterrupted():
                set_numbers(self.others, others)
                set_states(self.generators, states)
            reason = self.first_trouble(examples, rows) or error
            set_numbers(self.others, others)
            raise FloatingPointError(f"{place}: {reason}; {ADVICE}") from None
        return found

    def expect(self, rows: Sequence[int], size: int) -> None:
        """Nothing is prepared."""

    def write_back(self) -> None:
        """Nothing is kept elsewhere."""

    def read(self) -> None:
        """Nothing is kept elsewhere."""

    def predict(self, examples: Examples) -> list[Any]:
        """Compute the outputs for chosen rows, without building graphs."""
        with no_grad():
            return outputs_of(self.model, [examples.X[row] for row in examples.rows])

    def gradient(self, examples: Examples, rows: Sequence[int]) -> float:
        """Put the gradient of the mean loss into every ``.grad``, and return the loss.

        The mean of the gradients is the gradient of the mean: so each example's graph can go
        before the next one is built, unless the model mixes the examples of a batch.
        """
        for value in self.values.values():
            value.grad = 0.0
        if getattr(self.model, "takes_batches", False):
            outputs = outputs_of(self.model, [examples.X[row] for row in rows])
            total = mean([self.loss(output, examples.y[row]) for output, row in zip(outputs, rows)])
            total.backward()
            return float(total.data)
        losses = []
        for row in rows:
            one = self.loss(self.model(examples.X[row]), examples.y[row])
            losses.append(one.data)
            (one / len(rows)).backward()
        return mean_of(losses)

    def bounded_gradient(self, examples: Examples, rows: Sequence[int]) -> float:
        """Do the same, scale the gradient down if it is too long, and refuse a loss that is not finite."""
        found = self.gradient(examples, rows)
        if not math.isfinite(found):
            raise FloatingPointError(f"the loss is {found}")
        if self.clip is not None:
            clip_grad_norm(self.parameters, self.clip)
        return found

    def first_trouble(self, examples: Examples, rows: Sequence[int]) -> FloatingPointError | None:
        """Go through a step again, up to the first operation whose result is not finite; nothing is moved."""
        try:
            with detect_anomaly():
                self.bounded_gradient(examples, rows)
            self.optimizer.after_step(finite=True)
        except FloatingPointError as error:
            return error
        return None

    def loss_of(self, outputs: Sequence[Any], targets: Sequence[Any], place: str) -> float:
        """Compute the mean loss of outputs without a graph."""
        with no_grad():
            losses = [self.loss(output, target).data for output, target in zip(outputs, targets)]
        if not all(map(math.isfinite, losses)):
            raise FloatingPointError(f"{place}: the loss of an example is not finite")
        return mean_of(losses)
