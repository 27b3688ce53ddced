"""lr_finder: which learning rate to begin with, found by trying them all."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

from autograd_lite.composed import mean
from autograd_lite.core.tables import as_pairs
from autograd_lite.engine import Value
from autograd_lite.optim.optimizer import Optimizer
from autograd_lite.optim.rules import SGD
from autograd_lite.optim.settings import check_positive

__all__ = ["RatesTried", "lr_finder"]

SMOOTH = 0.9
"""How much of the losses before is kept in a running mean."""
MUCH = 4.0
"""The steps end where the running mean is so many times the lowest."""


class RatesTried(NamedTuple):
    """What ``lr_finder`` has tried: ``plot.lr_finder`` draws it.

    Attributes:
        rates: the learning rates, growing.
        losses: the loss at each of them, before the step, as a running mean.
        suggestion: the rate at which the loss falls fastest.
    """

    rates: list[float]
    losses: list[float]
    suggestion: float

    def __repr__(self) -> str:
        return (
            f"RatesTried({len(self.rates)} from {self.rates[0]:.2g} to {self.rates[-1]:.2g}, "
            f"suggestion={self.suggestion:.2g})"
        )


def lr_finder(
    model: Any,
    loss: Callable[[Any, Any], Any],
    X: Sequence[Any],
    y: Sequence[Any],
    *,
    optimizer: Optimizer | None = None,
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
    batch_size: int = 32,
    seed: int = 0,
) -> RatesTried:
    """Train for some steps, each with a larger learning rate than the last, and watch the loss.

    The model and the optimiser are as before in the end.

    Args:
        model: what ``fit`` trains.
        loss: called with the output and the target of one example, returns a Value.
        X, y: N examples, and N targets.
        optimizer: the rule to find a rate for, without parameters; None for SGD.
        low, high: the first and the last learning rate.
        steps: how many to try, at least 2, in equal ratios.
        batch_size: examples in a step, drawn at random.
        seed: of the order of the examples.

    Returns:
        The rates, the losses, and the rate at which the loss falls fastest. It ends where the loss
        has risen to four times the lowest, or is not finite.

    Raises:
        ValueError, TypeError: for data and settings that do not fit; or if the loss is
            not finite before anything is moved.

    Example:
        >>> from autograd_lite import losses, nn, optim
        >>> X = [[x / 10] for x in range(-10, 11)]
        >>> y = [3.0 * x + 1.0 for (x,) in X]
        >>> found = optim.lr_finder(nn.MLP(1, [1], seed=0), losses.mse, X, y)
        >>> 0.001 < found.suggestion < 1.0
        True

    Source: Smith, Cyclical Learning Rates for Training Neural Networks (2017).
    """
    X, y = as_pairs(X, y)
    for name, rate in (("low", low), ("high", high)):
        check_positive(name, rate)
    if not low < high or steps < 2 or batch_size < 1 or len(X) == 0:
        raise ValueError(
            "lr_finder goes from low up to high in at least 2 steps, on at least one example in a batch: "
            f"got {low!r}, {high!r}, {steps!r} steps, {batch_size!r} of {len(X)} examples"
        )
    if not callable(loss):
        raise TypeError(f"loss is a function, such as losses.mse, got {loss!r}")
    rule = SGD(lr=low) if optimizer is None else optimizer.fresh()
    with _as_before(model):
        rule.bind(model.parameters())
        rates, batches = _rates(low, high, steps), _batches(len(X), batch_size, seed)
        losses = _descend(model, loss, X, y, rule, batches, rates)
    if not losses:
        raise ValueError("the loss is not finite before anything is moved: scale the inputs")
    rates = rates[: len(losses)]
    return RatesTried(rates, losses, _steepest(rates, losses))


def _rates(low: float, high: float, steps: int) -> list[float]:
    shares = [step / (steps - 1) for step in range(steps)]
    return [low ** (1.0 - share) * high**share for share in shares]


def _batches(count: int, size: int, seed: int) -> Iterator[list[int]]:
    """Iterate over rows, again and again, each time in a new order."""
    generator = random.Random(seed)
    rows: list[int] = []
    while True:
        while len(rows) < min(size, count):
            rows += generator.sample(range(count), count)
        yield rows[:size]
        del rows[:size]


def _descend(
    model: Any, loss: Any, X: Any, y: Any, rule: Optimizer, batches: Iterator[list[int]], rates: list[float]
) -> list[float]:
    """Take a step with each rate; list the running means of the losses before it."""
    found: list[float] = []
    average = 0.0
    for step, (rate, rows) in enumerate(zip(rates, batches), start=1):
        rule.lr = rate
        rule.zero_grad()
        examples = [X[row] for row in rows]
        takes_batches = getattr(model, "takes_batches", False)
        outputs = model(examples) if takes_batches else [model(x) for x in examples]
        total = mean([loss(output, y[row]) for output, row in zip(outputs, rows)])
        average = SMOOTH * average + (1.0 - SMOOTH) * total.data
        smooth = average / (1.0 - SMOOTH**step)  # corrected for its start at 0
        if not math.isfinite(smooth) or (found and smooth > MUCH * min(found)):
            break
        found.append(smooth)
        total.backward()
        try:
            rule.step(finite=True)
        except FloatingPointError:
            break
    return found


def _steepest(rates: list[float], losses: list[float]) -> float:
    """Return the rate at which the loss falls fastest, up to where it is lowest."""
    lowest = losses.index(min(losses))
    falls = [before - after for before, after in pairwise(losses[: lowest + 1])]
    return rates[falls.index(max(falls))] if falls else rates[0]


@contextmanager
def _as_before(model: Any) -> Iterator[None]:
    """Put a model into training, and all that steps change back as it was."""
    modules = list(model.modules()) if hasattr(model, "modules") else []
    named = model.named_values() if hasattr(model, "named_values") else ()
    values: list[Value] = list(dict.fromkeys([*model.parameters(), *(value for _, value in named)]))
    numbers = [(value, value.data, value.grad) for value in values]
    modes = [(module, module.training) for module in modules]
    held = [
        thing for module in modules for thing in vars(module).values() if isinstance(thing, random.Random)
    ]
    generators: list[Any] = [random, *held]
    states = [generator.getstate() for generator in generators]
    try:
        if modules:
            model.train()
        yield
    finally:
        for value, number, grad in numbers:
            value.data, value.grad = number, grad
        for module, training in modes:
            module.training = training
        for generator, state in zip(generators, states):
            generator.setstate(state)
