"""History: what happened in a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograd_lite.engine import Value
from autograd_lite.training.checkpoints import numbers_of

__all__ = ["Best", "History"]


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
    stopped: str = "epochs"

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
