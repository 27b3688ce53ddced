"""One step of training, compiled: the model and its loss become a program on arrays."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler import TraceError, compile
from autograd_lite.compiler.arguments import FormsDifferError, Rows, read_rows
from autograd_lite.engine import Value
from autograd_lite.interrupts import uninterrupted
from autograd_lite.training.checks import Examples
from autograd_lite.training.states import kept, kept_by_calls
from autograd_lite.training.steps import EagerStep

__all__ = ["CompiledStep", "choose_step"]

FEW = 32
"""Fewer examples than this are trained eagerly: tracing would cost more than it saves."""
EXPECTED = (TraceError, ValueError, IndexError, RuntimeError, FloatingPointError)
"""What says that a model cannot be compiled, or computes something else each time."""
ROWS_AT_ONCE = 2048
"""How many rows are predicted together, to bound the memory."""


class CompiledStep:
    """Takes the place of an ``EagerStep``; the Values are behind until ``write_back``.

    Args:
        eager: the step that this one does faster.
        examples: X and y; they are put into arrays once.
        dtype: "float64" or "float32".
    """

    def __init__(self, eager: EagerStep, examples: Examples, dtype: str) -> None:
        model, loss = eager.model, eager.loss
        self.eager, self.optimizer = eager, eager.optimizer
        self.X, self.y = examples.X, examples.y
        self.columns = [_in_array(column) for column in (examples.X, examples.y)]
        self.program = compile(lambda x, y: loss(model(x), y), eager.parameters, dtype=dtype)
        self.model_program = compile(lambda x: model(x), [], dtype=dtype)
        self.trainer = self.program.trainer(self.optimizer)
        self.is_ahead = False

    def try_out(self, rows: Sequence[int]) -> None:
        """Trace the model, and compare the program with it, on some rows; nothing is moved."""
        keeps = kept_by_calls(self.eager.model, self.eager.loss, self.X, self.y, rows)
        if keeps:
            raise ValueError(
                f"the model changes {', '.join(keeps)} on itself while it is called, which a compiled "
                "program does not: return it, or make it in __init__"
            )
        columns = self._rows(rows)
        self.program.mean_and_grad(*columns)
        self.trainer.prepare(*columns)

    def _rows(self, rows: Sequence[int]) -> list[Any]:
        return [_chosen(column, rows) for column in self.columns]

    def __call__(self, examples: Examples, rows: Sequence[int], place: str) -> float:
        """Take a step on some rows of the examples; see ``EagerStep``."""
        self.is_ahead = True
        try:
            return self.trainer.step(*self._rows(rows))
        except FloatingPointError as error:
            self.write_back()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                reason = self.eager.first_trouble(examples, rows) or error
            raise FloatingPointError(
                f"{place}: {reason}; try a smaller learning rate, or scale the inputs"
            ) from None

    def write_back(self) -> None:
        """Put what was learnt into the Values."""
        if self.is_ahead:
            with uninterrupted():
                self.trainer.write_back()
                self.is_ahead = False

    def read(self) -> None:
        """Take the Values as they are now."""
        self.trainer.read()

    def predict(self, examples: Examples) -> list[Any]:
        """Compute the outputs for chosen rows, as Values without a graph."""
        outputs: list[Any] = []
        column = self.columns[0] if examples.X is self.X else _in_array(examples.X)
        for start in range(0, len(examples.rows), ROWS_AT_ONCE):
            rows = examples.rows[start : start + ROWS_AT_ONCE]
            outputs += self.model_program.map(_chosen(column, rows))
        return [_values(output) for output in outputs]


def _values(output: Any) -> Any:
    return [_values(item) for item in output] if isinstance(output, list) else Value(output)


def _in_array(column: Any) -> Any:
    """Put the arguments of all examples into an array, if they have one form."""
    try:
        return read_rows(column)
    except FormsDifferError:
        return column


def _chosen(column: Any, rows: Sequence[int]) -> Any:
    import numpy

    return column[numpy.asarray(rows)] if isinstance(column, Rows) else [column[row] for row in rows]


def choose_step(
    eager: EagerStep, examples: Examples, batch_size: int, dtype: str, compiled: bool | None
) -> tuple[EagerStep | CompiledStep, str]:
    """Compile a step if that is wanted, worthwhile and possible.

    Args:
        eager: the step.
        examples: what it will be trained on.
        batch_size: how many rows a step takes.
        dtype: as for ``compile``.
        compiled: True, False, or None for where it pays.

    Returns:
        The step, and "compiled" or the reason why it is not.
    """
    if compiled is False:
        return eager, "eager: as asked for"
    if getattr(eager.model, "takes_batches", False):
        reason = "the model maps whole batches, as one with a BatchNorm does"
    elif compiled is None and len(examples.rows) < FEW:
        reason = f"fewer than {FEW} examples"
    else:
        try:
            step = CompiledStep(eager, examples, dtype)
            with kept(eager.generators):
                step.try_out(list(examples.rows[:batch_size]))
            return step, "compiled"
        except ImportError:
            reason = "compiling needs NumPy: python3 -m pip install numpy"
        except EXPECTED as error:
            if compiled:
                raise
            reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        except Exception as error:
            if compiled:
                raise
            reason = f"{type(error).__name__}: {error}"
            warnings.warn(f"the compiler failed, which is a bug, please report it: {reason}", stacklevel=4)
    if compiled or dtype != "float64":
        raise ValueError(f"this training cannot be compiled, and with dtype {dtype!r} it must be: {reason}")
    return eager, f"eager: {reason}"
