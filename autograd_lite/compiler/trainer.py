"""Trainer: parameters and the optimiser's state, kept where a program moves them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.devices.mesh import Placement
from autograd_lite.compiler.devices.training import OnDevices
from autograd_lite.compiler.introspection import has_numpy
from autograd_lite.compiler.lengths import OnLengths
from autograd_lite.compiler.reading import count_rows, read_rows
from autograd_lite.compiler.runner import Runner
from autograd_lite.compiler.signature import SignaturesDifferError
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.compiler.trainings import OnArrays, OnFloats, OnValues, Training
from autograd_lite.engine import Value

__all__ = ["Trainer"]


class Trainer:
    """Trains the parameters of a program; ``program.trainer(optimizer)`` makes one.

    The Values keep their numbers until ``write_back``.

    Args:
        program: what computes the loss of one example, or of all.
        optimizer: an optimiser; one without parameters is bound to those of the program.
        devices, clip: as for ``Program.trainer``.

    Raises:
        ValueError, TypeError: if the optimiser's parameters are not those of the program, there are no such
            devices, or ``clip`` is no positive number.

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

    def __init__(
        self, program: Runner, optimizer: Any, devices: Any = None, clip: float | None = None
    ) -> None:
        if devices is not None and program.backend != "jax":
            raise ValueError('devices are those of JAX: compile with backend="jax"')
        if isinstance(optimizer, type) or not hasattr(optimizer, "updates"):
            hint = f": call it, optim.{optimizer.__name__}(lr=0.01)" if isinstance(optimizer, type) else ""
            raise TypeError(
                f"a trainer takes an optimiser, such as optim.SGD(lr=0.1), got {optimizer!r}{hint}"
            )
        if optimizer.parameters is None:
            optimizer.bind(program.parameters)
        moved: list[Value] = optimizer.parameters or []
        if [*map(id, moved)] != [*map(id, program.parameters)]:
            raise ValueError("the optimiser moves other parameters than the program has")
        self.program, self.optimizer, self.clip = program, optimizer, optimizer.clipping(clip)
        self._training: Training | None = None
        self._trainings: dict[Any, Training] = {}
        self._chosen_for: Any = None
        self.placement: Placement | None = None
        self._on_devices: Any = None
        if program.backend == "jax":
            self.placement = devices if isinstance(devices, Placement) else Placement(devices)
            self._on_devices = functools.partial(OnDevices, placement=self.placement)

    def step(self, *columns: Any) -> float:
        """Move the parameters once, against the gradient of the mean over a batch.

        Args:
            columns: each argument for all rows, as for ``Program.backward``.

        Returns:
            The mean before the step.

        Raises:
            FloatingPointError: if the loss, a gradient, or a parameter after the step, is not finite;
                then nothing has moved.
        """
        return float(self.start(*columns))

    def start(self, *columns: Any) -> Any:
        """Begin to move the parameters, as ``step`` does, and return what ``float`` gives the mean of.

        On devices of JAX, that waits for the step; without it, steps follow each other without a wait, and
        an error is raised by a later call.

        Args:
            columns: as for ``step``.
        """
        training = self._prepared(columns)
        try:
            return training.start(columns)
        except SignaturesDifferError:  # the rows need another program than those of the last step
            return self._choose(columns).start(columns)

    @property
    def is_on_devices(self) -> bool:
        """Whether the last step, or what was prepared, keeps its numbers on devices of JAX."""
        return isinstance(self._training, OnDevices)

    @property
    def beside(self) -> list[float]:
        """What the last step computed beside the loss, where the function returns more than one number."""
        return [] if self._training is None else [float(number.item()) for number in self._training.beside]

    def prepare(self, *columns: Any) -> None:
        """Do what the first step does before it moves anything: trace, check, and fill the arrays.

        Args:
            columns: as for ``step``.
        """
        training = self._prepared(columns)
        if isinstance(training, OnDevices):
            training.compiled(columns)

    def runs_lengths(self, *columns: Any) -> bool:
        """Tell whether rows of several lengths are trained with one program, which is made and checked.

        Args:
            columns: as for ``step``.
        """
        training = self._prepared(columns)
        return isinstance(training, OnLengths) and training.joints.find(columns) is not None

    def compiled_step(self, *columns: Any) -> Any:
        """Return the step on devices of JAX as JAX has compiled it: its ``as_text()`` is what they run.

        Args:
            columns: as for ``step``.

        Raises:
            ValueError: if such rows are not trained on devices.
        """
        training = self._prepared(columns)
        if not isinstance(training, OnDevices):
            raise ValueError('such rows are not trained on devices: compile with backend="jax"')
        return training.compiled(columns)

    def settle(self) -> None:
        """Wait for all steps that were begun."""
        if isinstance(self._training, OnDevices):
            self._training.settle()

    def write_back(self) -> None:
        """Put the parameters into the Values, and the optimiser's state into the optimiser."""
        if self._training is not None:
            self._training.write_back()

    def read(self) -> None:
        """Take the Values' numbers and the optimiser's state anew, after they were changed."""
        self._training = None

    def _prepared(self, columns: Sequence[Any]) -> Training:
        """Return what trains such rows: that of the last step, unless there is a reason to choose anew."""
        around = self.program.cache.surroundings.now()  # train() or eval() may have been called since
        chosen_for = around, count_rows(columns) if columns else 1
        if self._training is not None and chosen_for == self._chosen_for:
            return self._training
        training = self._choose(columns)
        self._chosen_for = chosen_for
        return training

    def _choose(self, columns: Sequence[Any]) -> Training:
        """Choose what trains such rows, and let it go on from where the last one stopped."""
        kind, specialization = self._kind_for(columns)
        around = self.program.cache.surroundings.key()
        key = kind, id(specialization) if specialization else around  # the cache keeps it
        training = self._trainings.get(key)
        if training is None:
            training = self._trainings[key] = kind(self.program, self.optimizer, specialization)
            training.clip = self.clip
        if self._training is None:
            training.read()
        elif training is not self._training:
            training.take_over(self._training)
        self._training = training
        return training

    def _kind_for(self, columns: Sequence[Any]) -> tuple[Callable[..., Training], Specialization | None]:
        """Find the program that runs such rows, and the way in which it is fast; or the way with several."""
        program = self.program
        example, rows = [], 1
        if columns:
            rows = count_rows(columns)
            try:
                example = [read_rows(column).argument(0) for column in columns]
            except SignaturesDifferError:
                return self._of_several(), None
        specialization = program.cache.find(example)
        specialization.need_gradient()
        if specialization.calls == 0:
            program.check_row(specialization, example)
        if specialization.inputs.fixed:
            return self._of_several(), None
        kinds: dict[str, Any] = {"python": OnFloats, "numpy": OnArrays, "jax": self._on_devices}
        return kinds[specialization.choose(rows)], specialization

    def _of_several(self) -> Callable[..., Training]:
        """Return the way of training with several programs."""
        if self.placement is not None:
            self.placement.check_alone("the rows need several programs")
        return OnLengths if has_numpy() else OnValues
