"""History: what happened in a training, as numbers, in a line, and in a notebook as a table and a curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from autograd_lite.core.suggestions import Misnamed
from autograd_lite.drawing.image import image
from autograd_lite.drawing.text import xml

__all__ = ["History"]

WIDTH, HEIGHT, MARGIN = 320.0, 100.0, 6.0
"""Of the curve, in pixels."""
STROKES = (("training", "#0072B2", ""), ("validation", "#D55E00", ' stroke-dasharray="5 3"'))
LONGEST = 60
"""How many characters of a reason the line holds."""


@dataclass(repr=False)
class History:
    """What happened in a training, a number for each epoch.

    Attributes:
        loss: the mean training loss, as met during the epoch.
        validation_loss: the mean loss on the validation examples after it, if there are any.
        metrics: for each metric its mean on the validation examples (without any, on the
            training examples) after the epoch.
        seconds: how long the epoch took; compiling, which comes before the first, is not in it.
        engine: "compiled"; "jax, 8 devices" or the like; "compiled, not on JAX: " and why; or "eager: " and
            why the steps were not compiled, or not from some epoch on.
        stopped: why the training ended: "epochs", "early stopping", "interrupted" or "callback".

    Example:
        >>> History(loss=[0.5, 0.25], seconds=[0.1, 0.1], engine="compiled")
        History(2 epochs, loss 0.25, compiled, 0.2 s)
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    engine: str = ""
    stopped: Literal["epochs", "early stopping", "interrupted", "callback"] = "epochs"

    val_loss = Misnamed("val_loss", "it is .validation_loss")
    history = Misnamed("history", "the losses are .loss, .validation_loss and .metrics")

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        count = len(self)
        words = [f"{count} epoch{'s' * (count != 1)}", *self._words_of(count - 1)]
        words += [self.stopped] * (self.stopped != "epochs")
        return f"History({', '.join(words)})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the line for a notebook, and a small table with the curve of the losses."""
        shown = {"text/plain": repr(self)}
        if len(self):
            shown["text/html"] = (
                f"<p>{xml(repr(self))}</p>{self._table()}{image(self._curve(), 'the losses')}"
            )
        return shown

    def _columns(self) -> dict[str, list[float]]:
        """Name what there is a number of for each epoch."""
        columns = {"loss": self.loss, "validation loss": self.validation_loss, **self.metrics}
        return {name: column for name, column in columns.items() if column}

    def _words_of(self, epoch: int) -> list[str]:
        words = [f"{name} {_short(column[epoch])}" for name, column in self._columns().items()]
        engine = " ".join(self.engine.split())
        words.append(engine if len(engine) <= LONGEST else f"{engine[:LONGEST]}...")
        return [word for word in words if word] + [f"{math.fsum(self.seconds):.3g} s"] * bool(self.seconds)

    def _table(self) -> str:
        """Write a table of the first epoch, the best on the validation examples, and the last."""
        columns, last = self._columns(), len(self) - 1
        rows = {0: "first", last: "last"}
        if self.validation_loss:
            best = self.validation_loss.index(min(self.validation_loss))
            rows[best] = f"{rows[best]}, best" if best in rows else "best"
        head = "".join(f"<th>{xml(name)}</th>" for name in ["epoch", *columns])
        lines = [
            f"<tr><th>{epoch} ({rows[epoch]})</th>"
            + "".join(f"<td>{_short(column[epoch])}</td>" for column in columns.values())
            + "</tr>"
            for epoch in sorted(rows)
        ]
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"

    def _curve(self) -> str:
        """Draw the losses: solid on the training data, dashed on the validation data."""
        curves = [self.loss, self.validation_loss]
        numbers = [number for curve in curves for number in curve if math.isfinite(number)]
        low, high = min(numbers, default=0.0), max(numbers, default=1.0)
        lines = "".join(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dashes} points="{points}">'
            f"<title>{name}</title></polyline>"
            for (name, colour, dashes), curve in zip(STROKES, curves)
            if (points := _points_of(curve, low, high))
        )
        size = f'width="{WIDTH:.0f}" height="{HEIGHT:.0f}" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{lines}</svg>'


def _short(number: float) -> str:
    return f"{number:.4g}"


def _points_of(curve: Sequence[float], low: float, high: float) -> str:
    """Place the numbers of a curve in the picture; of one number, a line."""
    across, up = WIDTH - 2.0 * MARGIN, HEIGHT - 2.0 * MARGIN
    numbers = [*curve, *curve] if len(curve) == 1 else curve
    return " ".join(
        f"{MARGIN + across * place / (len(numbers) - 1):.1f},"
        f"{MARGIN + up * ((high - number) / (high - low) if high > low else 0.5):.1f}"
        for place, number in enumerate(numbers)
        if math.isfinite(number)
    )
