"""History: what happened in a training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from autograd_lite.engine import Value
from autograd_lite.nn.module import checked_state
from autograd_lite.training.checkpoints import numbers_of

__all__ = ["Best", "History", "Records"]


@dataclass
class History:
    """What happened in a training, a number for each epoch.

    Attributes:
        loss: the mean training loss, as met during the epoch.
        validation_loss: the mean loss on the validation examples after it, if there are any.
        metrics: for each metric its mean on the validation examples (without any, on the
            training examples) after the epoch.
        seconds: how long the epoch took; compiling, which comes before the first, is not in it.
        engine: "compiled", or "eager: " and why the steps were not compiled, or not from some epoch on.
        stopped: why the training ended: "epochs", "early stopping", "interrupted" or "callback".
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    engine: str = ""
    stopped: Literal["epochs", "early stopping", "interrupted", "callback"] = "epochs"

    def __len__(self) -> int:
        return len(self.loss)


@dataclass
class Best:
    """The numbers of the epoch with the smallest validation loss."""

    epoch: int = -1
    loss: float | None = None
    numbers: dict[str, float] = field(default_factory=dict)

    def update(self, history: History, values: Mapping[str, Value]) -> None:
        """Keep the model's numbers if the last epoch was the best so far."""
        for last in history.validation_loss[-1:]:
            if self.loss is None or last < self.loss:
                self.epoch, self.loss, self.numbers = len(history) - 1, last, numbers_of(values)


@dataclass
class Records:
    """What grows with a training; a checkpoint holds it in the form that these classes declare."""

    history: History
    best: Best

    def check(self, metrics: Iterable[str], validated: bool, names: Iterable[str]) -> None:
        """Check that a training can have left this.

        Args:
            metrics: the names of its metrics.
            validated: whether it has validation examples.
            names: the names of the model's Values.

        Raises:
            ValueError: if none can; the message says why.
        """
        history, best, epochs = self.history, self.best, len(self.history)
        if history.metrics.keys() != {*metrics}:
            raise ValueError("history.metrics has not the names of the metrics")
        lengths = {len(history.seconds), *map(len, history.metrics.values())}
        if epochs == 0 or lengths != {epochs} or len(history.validation_loss) != epochs * validated:
            raise ValueError("the lists of history do not hold a number for each epoch")
        if not all(map(math.isfinite, [*history.loss, *history.validation_loss, *history.seconds])):
            raise ValueError("a loss or a time of history is not finite")
        if min(history.seconds) < 0.0:
            raise ValueError("a time of history.seconds is negative")
        if history.engine != "compiled" and not history.engine.startswith("eager: "):
            raise ValueError(f"history.engine is {history.engine[:40]!r}")
        expected = Best()
        if validated:
            loss = min(history.validation_loss)
            expected = Best(history.validation_loss.index(loss), loss, checked_state(best.numbers, names))
        if best != expected:
            raise ValueError("best is not the epoch with the smallest validation loss")
