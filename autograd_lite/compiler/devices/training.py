"""OnDevices: training whose parameters stay on the devices, and whose losses are read later."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.devices.mesh import Placement
from autograd_lite.compiler.devices.step import WholeStep
from autograd_lite.compiler.moves import settings_of
from autograd_lite.compiler.reading import arguments_of_row
from autograd_lite.compiler.runner import Runner
from autograd_lite.compiler.tracing import TraceError
from autograd_lite.compiler.trainings import NOT_FINITE, OTHER_WAY, InArrays
from autograd_lite.interrupts import uninterrupted

__all__ = ["NotFiniteError", "OnDevices", "Pending"]

AHEAD = 8
"""How many steps are begun before losses are read, those of the first half of them."""


class Pending:
    """A step that was begun; ``float`` of it waits for its loss.

    Attributes:
        note: what the caller wants to remember of it.
    """

    def __init__(self, training: OnDevices, columns: Sequence[Any]) -> None:
        self.training, self.columns = training, columns
        self.note: Any = None
        self.loss: float | None = None
        self.arguments: Sequence[Any] = ()
        self.found: Any = None

    def __float__(self) -> float:
        while self.loss is None:
            self.training.settle_first()
        return self.loss

    def __format__(self, form: str) -> str:
        """Show the last loss that is known, without waiting for this one."""
        return format(self.training.last_loss if self.loss is None else self.loss, form)


class NotFiniteError(FloatingPointError):
    """A step would leave something that is not finite; later ones that were begun are not taken.

    Args:
        pending: the step.
    """

    def __init__(self, pending: Pending) -> None:
        super().__init__(NOT_FINITE)
        self.pending = pending


class OnDevices(InArrays):
    """Training with a program on arrays, the whole step on JAX's devices.

    Up to ``AHEAD`` steps are begun before the host waits for one, so that it prepares batches while the
    devices compute. Numbers lie there twice: each step writes over those of two steps before. After a step
    that does not go well (something is not finite, or a comparison came out otherwise) nothing is written
    until the host has seen it. The host takes that step itself, through the Values, from the numbers before
    it, and begins anew those after it.

    Args:
        placement: the devices.
    """

    def __init__(self, program: Runner, optimizer: Any, specialization: Any, *, placement: Placement) -> None:
        super().__init__(program, optimizer, specialization)
        self.placement, self.leaves = placement, specialization.leaves
        self._read_settings = settings_of(optimizer)
        self._steps: dict[Any, WholeStep] = {}
        self._pending: deque[Pending] = deque()
        self._rows = 0
        self._shares: dict[tuple[int, int], Any] = {}
        self._last_frozen: tuple[Any, Any] = (None, ())
        self._is_to_be_checked = False
        self._example: Any = None
        self._taken_steps = 0
        self.last_loss = math.nan
        self._has_beside = len(specialization.raised.outputs) > 1
        if self._has_beside:
            placement.check_alone("the model maps whole batches")

    # ---- What the base class moves to and fro ----------------------------------------------

    @property
    def now(self) -> tuple[Any, Any, int]:
        """The parameters, the optimiser's state for each, and how many steps it has taken; on the host."""
        self.settle()
        moved, states = self._carry.moved, self._carry.states
        found = iter(self.placement.gathered([*moved, *(each for state in states for each in state)]))
        return (
            [next(found) for _ in moved],
            [tuple(next(found) for _ in one) for one in states],
            self._taken_steps,
        )

    @now.setter
    def now(self, after: tuple[Any, Any, int]) -> None:
        with uninterrupted():
            self._taken_steps = after[2]
            put = self._whole().put
            self._carry, self._spare = put(*after), put(*after)

    def taken(self, numbers: Sequence[float]) -> Sequence[Any]:
        """Take a number for each parameter."""
        arrays: Sequence[Any] = self.leaves.parameters(numbers)
        return arrays

    def in_order(self, moved: Sequence[Any]) -> Any:
        """Return a number for each parameter."""
        return self.leaves.flat(moved)

    def gradient(self, columns: Sequence[Any]) -> tuple[float, Sequence[Any]]:
        """Compute the mean over the rows of all processes and its gradient, where they need the engine."""
        mean, gradient = self.through_values(columns)
        both = self.placement.mean(self.numpy.concatenate([[mean], self.in_order(gradient)]))
        return float(both[0]), self.taken(both[1:])

    # ---- Steps -----------------------------------------------------------------------------

    def compiled(self, columns: Sequence[Any]) -> Any:
        """Return the compiled step for such rows, as JAX has it."""
        arguments = self._arguments(columns, self._drawn_seeds())
        return self._whole().jitted.lower(self._carry, self._spare, *arguments).compile()

    def start(self, columns: Sequence[Any]) -> Pending:
        """Begin to move the parameters once; see ``Trainer``."""
        if len(self._pending) >= AHEAD:
            self._settle_half()
        entry = Pending(self, columns)
        self.optimizer.steps = self._taken_steps + len(self._pending)
        entry.arguments = self._arguments(columns, self._drawn_seeds())
        self._begin(entry)
        self._is_to_be_checked |= self.specialization.is_to_be_checked(begun=True)
        self._example = columns
        return entry

    def settle(self) -> None:
        """Wait for all steps that were begun."""
        while self._pending:
            self.settle_first()

    def _settle_half(self) -> None:
        """Wait for half of the steps that were begun: once, as each wait costs a change of threads."""
        half = AHEAD // 2
        self._pending[half - 1].found.block_until_ready()
        for _ in range(half):
            self.settle_first()

    def settle_first(self) -> None:
        """Wait for the first step that was begun, and read its loss."""
        entry = self._pending.popleft()
        mean, is_well, broken, *self.beside = self.numpy.asarray(entry.found)
        if is_well:
            entry.loss = self.last_loss = float(mean)
            self._taken_steps += 1
        else:
            self._take_again(entry, broken > 0.0)
        entry.columns, entry.arguments, entry.found = (), (), None  # whoever keeps the loss keeps no rows

    def _take_again(self, entry: Pending, is_broken: bool) -> None:
        """Take a step on the host, and begin those after it anew."""
        others = [*self._pending]
        self._pending.clear()
        if len(others) % 2 == 0:  # each of them, not taken, has exchanged what is good and what is not
            self._carry, self._spare = self._spare, self._carry
        if self._has_beside and is_broken:
            raise TraceError(OTHER_WAY)
        try:
            with self.numpy.errstate(all="ignore"):  # the engine says it
                mean, after = self._moved_by(self.gradient, entry.columns)
        except FloatingPointError:
            raise NotFiniteError(entry) from None
        if after is None or not math.isfinite(mean):
            raise NotFiniteError(entry)
        self.now = after
        entry.loss = self.last_loss = mean
        for other in others:
            self._begin(other)

    def _begin(self, entry: Pending) -> None:
        whole = self._whole()
        with uninterrupted():  # the spare arrays are gone as soon as the step has begun
            after, entry.found = whole.jitted(self._carry, self._spare, *entry.arguments)
            self._carry, self._spare = after, self._carry
            self._pending.append(entry)

    def _whole(self) -> WholeStep:
        """Return the step by the rule as it is set now."""
        settings = self._read_settings(self.optimizer)
        if settings not in self._steps:
            self._steps[settings] = WholeStep(self.specialization, self.optimizer, self.placement, self.clip)
        return self._steps[settings]

    def _drawn_seeds(self) -> list[Any]:
        draws = (leaf.source.draw_seed() for leaf in self.specialization.array_source.random)
        return [self.numpy.uint32(seed) for seed in draws]

    def _arguments(self, columns: Sequence[Any], seeds: Sequence[Any]) -> Sequence[Any]:
        """Put what a step takes onto the devices."""
        ready = self.specialization.inputs.columns(columns)
        rows = len(columns[0]) if columns else 1
        self._rows = max(self._rows, self.placement.padded(rows))  # one size, so one program
        put, copied = self.placement.put, self.placement.copied
        frozen = self.leaves.frozen()
        if frozen is not self._last_frozen[0]:
            self._last_frozen = frozen, [put(array, copied) for array in frozen]
        return (
            self._last_frozen[1],
            seeds,
            self.numpy.asarray(self._rates(), self.program.dtype),
            self._shares_of(rows),
            [self.placement.feed(array, self._rows) for array in ready],
        )

    def _rates(self) -> Any:
        """Return the learning rate of the next step, or that of each group of parameters."""
        optimizer = self.optimizer
        return optimizer.rates() if optimizer.groups else optimizer.learning_rate

    def _shares_of(self, rows: int) -> Any:
        """Return what part each row has in the mean: none, if it only fills up."""
        key = rows, self._rows
        if key not in self._shares:
            shares = self.numpy.zeros(self._rows, self.program.dtype)
            shares[:rows] = 1.0 / (rows * self.placement.processes)
            self._shares = {key: self.placement.feed(shares, self._rows)} | self._shares
        return self._shares[key]

    def write_back(self) -> None:
        """Put everything where it came from; and compare the program with the function, if it is time to."""
        super().write_back()
        if self._is_to_be_checked:
            self._is_to_be_checked = False
            self.program.check(self.specialization, arguments_of_row(self._example, 0))
