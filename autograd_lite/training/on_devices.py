"""One step of training on the devices of JAX: steps are begun, and their losses known some steps later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.devices.training import NotFiniteError, Pending
from autograd_lite.training.compiled import CompiledBatches, CompiledStep, Found, check_size, reason_of
from autograd_lite.training.compiled import choose_step as choose_host_step
from autograd_lite.training.examples import Examples
from autograd_lite.training.history import History
from autograd_lite.training.settings import Settings
from autograd_lite.training.state import kept
from autograd_lite.training.steps import EagerStep

__all__ = ["DeviceBatches", "DeviceStep", "choose_step"]

SEVERAL = "the rows of a batch need several programs"


class DeviceStep(CompiledStep):
    """A ``CompiledStep`` whose losses are numbers only when ``float`` needs them."""

    def where(self, settings: Settings) -> tuple[str, Any]:
        """Return the backend, and its devices."""
        return "jax", settings.placement

    def __call__(self, examples: Examples, rows: Sequence[int], place: str) -> Any:
        """Begin a step on some rows of the examples."""
        self.examples = examples
        return super().__call__(examples, rows, place)

    def _step(self, examples: Examples, rows: Sequence[int], place: str) -> Any:
        self.is_ahead = True
        try:
            pending = self.trainer.start(*next(self.upcoming))
        except NotFiniteError as error:
            raise self._named_later(error) from None
        except FloatingPointError as error:  # of rows that several programs run
            self.write_back()
            raise self._named(error, examples, rows, place) from None
        if isinstance(pending, Pending):
            pending.note = rows, place
            self.begun = [*(each for each in self.begun if each.loss is None), pending]
        elif self.history.engine == str(self.settings.placement):
            self.history.engine = f"compiled, not on JAX: from epoch {len(self.history)} on, {SEVERAL}"
        return pending

    def try_out(self, rows: Sequence[int]) -> None:
        """Trace the model, compare the program with it, and compile the step."""
        super().try_out(rows)
        if not self.trainer.is_on_devices:
            raise ValueError(SEVERAL)

    begun: Sequence[Pending] = ()
    is_settling = False

    def _named_later(self, error: NotFiniteError) -> Exception:
        """Name what was not finite in a step that was begun before."""
        self.begun = ()
        self.write_back()
        return self._named(error, self.examples, *error.pending.note)

    def write_back(self) -> None:
        """Wait for the steps that were begun, and put what was learnt into the Values."""
        if self.is_ahead and not self.is_settling:
            self.is_settling = True
            try:
                self._or_eagerly(self._settle, lambda: None)
            finally:
                self.is_settling = False
        super().write_back()

    def _settle(self) -> None:
        try:
            self.trainer.settle()
        except NotFiniteError as error:
            raise self._named_later(error) from None

    def _or_eagerly(self, fast: Callable[[], Found], eagerly: Callable[[], Found]) -> Found:
        """Do something compiled, or from now on eagerly: first the steps that were begun, and not taken."""

        def after_those() -> Found:
            begun, self.begun = self.begun, ()
            for each in begun:
                if each.loss is None:
                    each.loss = self.eager(self.examples, *each.note)
            return eagerly()

        return super()._or_eagerly(fast, after_those)


class DeviceBatches(CompiledBatches):
    """The same for a model that maps whole batches, and holds what a step finds: so it is waited for."""

    def where(self, settings: Settings) -> tuple[str, Any]:
        """Return the backend, and its devices."""
        return "jax", settings.placement


def choose_step(
    eager: EagerStep, examples: Examples, settings: Settings, history: History
) -> EagerStep | CompiledStep:
    """Train on devices of JAX if that is wanted and possible, or as ``compiled.choose_step`` chooses.

    Args:
        eager, examples, settings, history: as there; ``engine`` becomes "jax, 8 devices" or the like, or
            says why not.
    """
    if settings.placement is None:
        return choose_host_step(eager, examples, settings, history)
    try:
        kind = DeviceBatches if getattr(eager.model, "takes_batches", False) else DeviceStep
        check_size(eager, settings)
        step = kind(eager, examples, settings, history)
        with kept(eager.generators):
            step.try_out(list(examples.rows[: settings.batch_size]))
        history.engine = str(settings.placement)
        return step
    except Exception as error:
        if settings.compiled or settings.processes.count > 1:
            raise
        reason = reason_of(error)
    chosen = choose_host_step(eager, examples, settings, history)
    if history.engine == "compiled":
        history.engine = f"compiled, not on JAX: {reason}"
    return chosen
