"""One step of training, compiled: the model and its loss become a program on arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from autograd_lite.compiler import Program, TraceError, compile
from autograd_lite.compiler.lengths import RowsOfLengths
from autograd_lite.composed import mean
from autograd_lite.core.ieee import warn
from autograd_lite.core.modes import no_grad
from autograd_lite.engine import Value
from autograd_lite.interrupts import uninterrupted
from autograd_lite.training.columns import as_one, chosen, in_array, in_batches
from autograd_lite.training.examples import Examples
from autograd_lite.training.history import History
from autograd_lite.training.settings import Settings
from autograd_lite.training.state import (
    kept,
    kept_by_calls,
    numbers_of,
    put_back,
    set_numbers,
    set_states,
    states_of,
)
from autograd_lite.training.steps import ADVICE, EagerStep, outputs_of

__all__ = ["CompiledBatches", "CompiledStep", "Found", "check_size", "choose_step", "reason_of"]

Found = TypeVar("Found")

FEW = 32
"""Fewer examples than this are trained eagerly: tracing would cost more than it saves."""
EXPECTED = (TraceError, ValueError, IndexError, RuntimeError, FloatingPointError, ImportError)
"""What says that a model cannot be compiled, or computes something else each time."""
MOST_IN_BATCH = 200_000
"""Up to so many parameters, times the examples of a batch, a batch is traced as a whole."""
ROWS_AT_ONCE = 2048
"""How many rows are predicted together, to bound the memory."""


class CompiledStep:
    """Takes the place of an ``EagerStep``; the Values are behind until ``write_back``.

    Where a later batch, or an example to predict, needs a program that cannot be made, it goes on
    eagerly from there, and the history says why.

    Args:
        eager: the step that this one does faster.
        examples: X and y; they are put into arrays once.
        settings: the kind of floats, and whether to raise an error rather than to go on eagerly.
        history: its ``engine`` is kept up to date.
    """

    def __init__(self, eager: EagerStep, examples: Examples, settings: Settings, history: History) -> None:
        model, dtype = eager.model, settings.dtype
        self.eager, self.optimizer = eager, eager.optimizer
        self.settings, self.history = settings, history
        self.backend, self.devices = self.where(settings)
        self.X, self.y = examples.X, examples.y
        self.columns = [in_array(column) for column in (examples.X, examples.y)]
        self.program: Program = self._program()
        self.model_program = compile(lambda x: model(x), [], dtype=dtype, backend=self.backend)
        self.trainer = self.program.trainer(self.optimizer, self.devices, clip=eager.clip)
        self.is_ahead = self.is_eager = self.has_warned = False
        self.upcoming: Iterator[list[Any]] = iter(())
        self.draws, self.states = False, cast("list[Any] | None", None)
        for cache in (self.program.cache, self.model_program.cache):
            cache.specialize = partial(self._traced, cache.specialize)

    def where(self, settings: Settings) -> tuple[str, Any]:
        """Return the backend, and its devices."""
        return settings.backend if settings.backend != "jax" else "numpy", None

    def _program(self) -> Program:
        """Make the program of the loss."""
        model, loss = self.eager.model, self.eager.loss
        arguments: dict[str, Any] = {"dtype": self.settings.dtype, "backend": self.backend}
        return compile(lambda x, y: loss(model(x), y), self.eager.parameters, **arguments)

    def try_out(self, rows: Sequence[int]) -> None:
        """Trace the model, and compare the program with it, on some rows; nothing is moved."""
        keeps = self._kept(rows)
        if keeps:
            raise ValueError(
                f"the model changes {', '.join(keeps)} on itself while it is called, which a compiled "
                "program does not: return it, or make it in __init__"
            )
        columns = self._rows(rows)
        several = any(isinstance(column, RowsOfLengths) for column in columns)
        if not several or not self.trainer.runs_lengths(*columns):
            self._compare(columns)
        self.trainer.prepare(*columns)

    def _kept(self, rows: Sequence[int]) -> list[str]:
        """Name what the model, or the loss, keeps on itself while it is called."""
        return kept_by_calls(self.eager.model, self.eager.loss, self.X, self.y, rows)

    def _compare(self, columns: Sequence[Any]) -> None:
        """Run the program on rows of every kind, which compares it with the model."""
        self.program.mean_and_grad(*columns)

    def _rows(self, rows: Sequence[int]) -> list[Any]:
        return self._as_given([chosen(column, rows) for column in self.columns])

    def _as_given(self, columns: list[Any]) -> list[Any]:
        """Return the arguments of some rows as the program is given them."""
        return columns

    def expect(self, rows: Sequence[int], size: int) -> None:
        """Hear in which order the rows of an epoch will come, in batches of a size."""
        self.upcoming = map(self._as_given, in_batches(self.columns, rows, size))

    def __call__(self, examples: Examples, rows: Sequence[int], place: str) -> float:
        """Take a step on some rows of the examples; see ``EagerStep``."""
        return self._or_eagerly(
            lambda: self._step(examples, rows, place), lambda: self.eager(examples, rows, place)
        )

    def _step(self, examples: Examples, rows: Sequence[int], place: str) -> float:
        self.is_ahead = True
        try:
            return self.trainer.step(*next(self.upcoming))
        except FloatingPointError as error:
            self.write_back()
            raise self._named(error, examples, rows, place) from None

    def _named(self, error: Exception, examples: Examples, rows: Sequence[int], place: str) -> Exception:
        """Return the error that names the first operation of a step whose result is not finite."""
        numbers = numbers_of(self.eager.others)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            reason = self.eager.first_trouble(examples, rows)
        set_numbers(self.eager.others, numbers)
        return FloatingPointError(f"{place}: {reason}; {ADVICE}" if reason else f"{place}: {error}")

    def _or_eagerly(self, fast: Callable[[], Found], eagerly: Callable[[], Found]) -> Found:
        """Do something compiled, or from now on eagerly if a program cannot be made."""
        if self.is_eager:
            return eagerly()
        self.states = states_of(self.eager.generators) if self.draws else None
        try:
            found = fast()
        except (FloatingPointError, Warning):  # a warning that is to be an error
            raise
        except Exception as error:
            with uninterrupted():
                self.write_back()
                if self.states is not None:
                    set_states(self.eager.generators, self.states)
            reason = reason_of(error)
            _check_may_be_eager(self.settings, reason, error)
            self.is_eager = True
            self.history.engine = f"eager: from epoch {len(self.history)} on, {reason}"
            found = eagerly()
            _warn_of_bug(error, reason)
        self._warn_of_many()
        return found

    def _traced(self, specialize: Callable[[Any], Any], example: Any) -> Any:
        """Make a program of a trace, which may draw random numbers: the states before it are kept."""
        if self.states is None:
            self.states = states_of(self.eager.generators)
        made = specialize(example)
        self.draws = self.draws or bool(made.tape.random)
        return made

    def _warn_of_many(self) -> None:
        """Say once that a program is made anew, for the second time, and why."""
        reason = self.program.why_many or self.model_program.why_many
        if reason and not self.has_warned:
            self.has_warned = True
            warn(f"training is slow where {reason}")

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
        return self._or_eagerly(lambda: self._predict(examples), lambda: self.eager.predict(examples))

    def _predict(self, examples: Examples) -> list[Any]:
        outputs: list[Any] = []
        column = self.columns[0] if examples.X is self.X else in_array(examples.X)
        for start in range(0, len(examples.rows), ROWS_AT_ONCE):
            rows = examples.rows[start : start + ROWS_AT_ONCE]
            outputs += self.model_program.map(chosen(column, rows))
        return [_values(output) for output in outputs]


class CompiledBatches(CompiledStep):
    """The same for a model that maps whole batches: a batch is one example of the program.

    What the model sets while it is called, as a BatchNorm does its running mean and variance, the
    program returns beside the loss.
    """

    def _program(self) -> Program:
        self.held: list[Value] = []
        backend = "jax" if self.backend == "jax" else "numpy"
        arguments = self.eager.parameters, backend, self.settings.dtype
        return Program(self._loss_of_batch, *arguments, beside=True)

    def _loss_of_batch(self, X: list[Any], y: list[Any]) -> list[Any]:
        """Compute the mean loss, and what the model would set; that stays as it is."""
        before = [value.data for value in self.held]
        try:
            outputs = outputs_of(self.eager.model, X)
            loss = mean([self.eager.loss(output, target) for output, target in zip(outputs, y)])
            return [loss, *(value.data for value in self.held)]
        finally:
            for value, number in zip(self.held, before):
                value.data = number

    def _kept(self, rows: Sequence[int]) -> list[str]:
        """Find the Values that a call sets, which are no parameters; name what else it keeps."""
        model, loss, others = self.eager.model, self.eager.loss, self.eager.others
        numbers = numbers_of(others)
        with put_back(model, loss) as before, no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the training will warn
            for output, row in zip(outputs_of(model, [self.X[row] for row in rows]), rows):
                loss(output, self.y[row])
            were_set = [name for name, value in others.items() if value.data is not numbers[name]]
            self.held += [others[name] for name in were_set]  # perhaps to an equal number
            set_numbers(others, numbers)
            return before.changed()

    def _compare(self, columns: Sequence[Any]) -> None:
        self.program.map(*columns)

    def _as_given(self, columns: list[Any]) -> list[Any]:
        return [*map(as_one, columns)]

    def _step(self, examples: Examples, rows: Sequence[int], place: str) -> float:
        loss = super()._step(examples, rows, place)
        for value, number in zip(self.held, self.trainer.beside):
            value.data = number
        return loss

    def _predict(self, examples: Examples) -> list[Any]:
        return self.eager.predict(examples)


def _values(output: Any) -> Any:
    return [_values(item) for item in output] if isinstance(output, list) else Value(output)


def choose_step(
    eager: EagerStep, examples: Examples, settings: Settings, history: History
) -> EagerStep | CompiledStep:
    """Compile a step if that is wanted, worthwhile and possible.

    Args:
        eager: the step.
        examples: what it will be trained on.
        settings: whether it is wanted, for which kind of floats, and how many rows a step takes.
        history: its ``engine`` becomes "compiled" or the reason why it is not.
    """
    error: Exception | None = None
    takes_batches = getattr(eager.model, "takes_batches", False)
    if settings.compiled is False:
        reason = "as asked for"
    elif settings.compiled is None and settings.count < FEW and settings.backend == "auto":
        reason = f"fewer than {FEW} examples"
    else:
        try:
            check_size(eager, settings)
            kind = CompiledBatches if takes_batches else CompiledStep
            step = kind(eager, examples, settings, history)
            with kept(eager.generators):
                step.try_out(list(examples.rows[: settings.batch_size]))
            history.engine = "compiled"
            return step
        except Exception as caught:
            reason, error = reason_of(caught), caught
    _check_may_be_eager(settings, reason, error)
    if error is not None:
        _warn_of_bug(error, reason)
    history.engine = f"eager: {reason}"
    return eager


def check_size(eager: EagerStep, settings: Settings) -> None:
    """Raise a ValueError if the model maps whole batches, and those of the training are too large."""
    is_large = settings.batch_size * len(eager.parameters) > MOST_IN_BATCH
    if is_large and getattr(eager.model, "takes_batches", False):
        raise ValueError("the model maps whole batches, which are too large to be traced")


def reason_of(error: Exception) -> str:
    """Say why something could not be compiled."""
    if isinstance(error, ImportError):
        return "compiling needs NumPy: python3 -m pip install numpy"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _check_may_be_eager(settings: Settings, reason: str, error: Exception | None) -> None:
    """Raise an error if a training must be compiled."""
    is_wanted = settings.compiled and not isinstance(error, ImportError)
    if error is not None and (is_wanted or settings.processes.count > 1):
        raise error
    if settings.compiled or settings.dtype != "float64":
        raise ValueError(
            f"this training cannot be compiled, and with dtype {settings.dtype!r} it must be: {reason}"
        ) from error


def _warn_of_bug(error: Exception, reason: str) -> None:
    """Say that an error is none that a function to be compiled is known to cause."""
    if not isinstance(error, EXPECTED):
        warn(f"the compiler failed, which is a bug, please report it: {reason}", UserWarning)
