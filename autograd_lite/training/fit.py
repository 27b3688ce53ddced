"""fit: a training loop, with everything that one forgets to write by hand."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite.core.coercion import is_bool
from autograd_lite.core.ieee import mean_of
from autograd_lite.interrupts import OneInterrupt, uninterrupted
from autograd_lite.optim import Optimizer
from autograd_lite.training.checkpoints import Best, Checkpoint, Records
from autograd_lite.training.compiled import CompiledStep
from autograd_lite.training.examples import Examples, check_batches, check_data, check_examples, plain, split
from autograd_lite.training.history import History
from autograd_lite.training.on_devices import choose_step
from autograd_lite.training.progress import Progress
from autograd_lite.training.settings import Metric, Settings, check_loss, check_optimizer, parameters_of
from autograd_lite.training.state import generators_of, kept, mode, put_back, set_numbers, values_of
from autograd_lite.training.steps import EagerStep, outputs_of

__all__ = ["fit"]
__docformat__ = "google"


def fit(
    model: Callable[..., Any],
    loss: Callable[[Any, Any], Any],
    X: Sequence[Any],
    y: Sequence[Any],
    *,
    optimizer: Optimizer,
    epochs: int = 10,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    validation: float | tuple[Sequence[Any], Sequence[Any]] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    early_stopping: int | None = None,
    callbacks: Iterable[Callable[[int, History], Any]] | None = (),
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    compiled: bool | None = None,
    dtype: str = "float64",
    backend: str = "auto",
    devices: Any = None,
    clip: float | None = None,
) -> History:
    """Train a model by gradient descent on mini-batches.

    Each step computes the loss of every example in a batch, their mean, its gradient, and
    lets the optimiser move the parameters. The model is in training meanwhile (its frozen
    modules are not), and after it as it was before.

    Args:
        model: a Module, or anything with ``parameters()``; called with one example, returns
            one Value or a list of them. If its ``takes_batches`` is true, as a model with a
            BatchNorm needs, it is called with a list of examples and returns a list of outputs.
        loss: called with the output and the target of one example, returns a Value.
        X: N examples: a list, an array, or a DataFrame or Series of pandas or polars; not copied.
        y: N targets, likewise; each a number, or a row of several. Of shape (N, 1), they are taken
            for N numbers, unless the loss wants rows.
        optimizer: moves the model's parameters; one without parameters is bound to them.
        epochs: how many times to go through the examples, at least 1. With a checkpoint
            this is the total, over all calls.
        batch_size: examples in a step; None for all of them.
        shuffle: whether each epoch takes the examples in a new order.
        seed: of the order and of the validation split.
        validation: a fraction of the examples to hold out, or a pair (X, y).
        metrics: functions of a plain output and a target, such as ``accuracy``, by name.
        early_stopping: stop when the validation loss has not fallen for so many epochs. At
            the end the model has the parameters of the best epoch.
        callbacks: called after each epoch with its number, from 0, and the history; one
            that returns True (Python's or NumPy's; not 1) ends the training.
        checkpoint: a file to write after each epoch. If it exists, training goes on from
            it, to the same numbers as without the interruption: it holds the state of the
            ``random`` module, and of generators that are attributes of the model's modules.
        progress: whether to show a bar (needs tqdm); None for only when it takes long.
        compiled: whether to compile the steps; None for only where it pays and can be done.
            ``History.engine`` says why not. The results are the same up to rounding.
        dtype: "float64", or "float32" for a compiled training.
        backend: of compiled steps, as for ``compile``; "jax" trains on JAX's devices, as far as it can.
        devices: with ``backend="jax"``, as for ``Program.trainer``: "all", a number of them, a list or a
            ``jax.sharding.Mesh``. Of several processes each passes rows of its own, all equally many;
            ``batch_size`` counts the rows of all.
        clip: the largest length √(Σ g²) of a step's gradient, positive; a longer one is scaled down to it,
            as by ``optim.clip_grad_norm``. None for any.

    Returns:
        The history. After Ctrl-C as well: what was learnt stays in the model.

    Raises:
        ValueError, TypeError: for wrong shapes, empty or non-finite data and settings out of
            range, before any parameter has changed. Tried out are an example of each
            shape, and each label; a list of tokens is not looked into. A damaged checkpoint
            is refused whole.
        OSError: if the checkpoint cannot be written, found out before, except for a full disk.
        FloatingPointError: if the loss or a gradient stops being finite; the message names
            epoch, batch and the first operation that made it so. The parameters are those
            before that batch. Also if another number, which a checkpoint is to hold, is not.

    Example:
        >>> from autograd_lite import losses, nn, optim, predict
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
        >>> model = nn.MLP(2, [4, 1], activation="tanh", seed=0)
        >>> history = fit(model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.1), epochs=100)
        >>> [int(z > 0) for z in predict(model, X)] == y
        True
    """
    parameters = parameters_of(model)
    check_loss(loss)
    check_optimizer(optimizer, parameters)
    examples, held_out = split(check_examples(X, y), validation, seed)
    settings = Settings(
        count=len(examples.rows), epochs=epochs, batch_size=batch_size, shuffle=shuffle, seed=seed,
        metrics=metrics, early_stopping=early_stopping, callbacks=callbacks, checkpoint=checkpoint,
        compiled=compiled, dtype=dtype, backend=backend, devices=devices, clip=clip,
    )  # fmt: skip
    if early_stopping is not None and held_out is None:
        raise ValueError("early_stopping looks at the validation loss: give validation=0.2 or the like")
    bar = Progress(progress)
    examples, held_out = _try_out(model, loss, examples, held_out, settings)
    was_bound = optimizer.parameters is not None
    if not was_bound:
        optimizer.bind(parameters)
    try:
        eager = EagerStep(model, loss, optimizer, values_of(model, parameters), generators_of(model), clip)
        training = Training(eager, examples, held_out, settings, bar)
        training.saved.resume()
        training.agree()
    except BaseException:
        if not was_bound:
            optimizer.parameters, optimizer.states = None, []
        raise
    return _run(training)


def _try_out(
    model: Any, loss: Any, examples: Examples, held_out: Examples | None, settings: Settings
) -> tuple[Examples, Examples | None]:
    """Find out what the model, the loss and the metrics refuse; they are put back as they were.

    Returns:
        The examples, with their targets as the loss takes them.
    """
    check_batches(model, settings.count, settings.batch_size)
    metrics = settings.metrics
    with mode(model, training=False), kept(generators_of(model)), put_back(model, loss, *metrics.values()):
        of_one = lambda x: outputs_of(model, [x])[0]
        checked = check_data(examples, of_one, loss, metrics)
        return checked, held_out and check_data(held_out, of_one, loss, metrics)


def _run(training: Training) -> History:
    """Train until there is nothing left to do, or until Ctrl-C; only here things change."""
    history, interrupts = training.history, OneInterrupt()
    history.stopped = "epochs"
    try:
        interrupts.begin()
        with mode(training.eager.model, training=True):
            training.begin()
            while training.goes_on():
                interrupts.begin()  # a callback may have caught one
                training.epoch()
            training.end()
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        try:
            with uninterrupted():
                training.step.write_back()
                training.bar.close()
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        finally:
            interrupts.end()
    return history


@dataclass
class Training:
    """What one call of ``fit`` works with, and one epoch of it.

    Attributes:
        eager: takes a step.
        examples: what to train on.
        held_out: what to validate on.
        settings: how to train.
        bar: shows how far it is.
    """

    eager: EagerStep
    examples: Examples
    held_out: Examples | None
    settings: Settings
    bar: Progress

    def __post_init__(self) -> None:
        eager, settings = self.eager, self.settings
        self.step: EagerStep | CompiledStep = eager
        self.history, self.best = History(metrics={name: [] for name in settings.metrics}), Best()
        self.shuffler = random.Random(settings.seed)
        fixed = {name: getattr(settings, name) for name in ("seed", "shuffle", "dtype")}
        count, held_out = settings.processes.count, len(self.held_out.rows) if self.held_out else 0
        fixed |= {"batch_size": settings.batch_size * count, "examples": settings.count * count}
        fixed |= {"metrics": [*settings.metrics], "validation": held_out * count}
        generators, records = [self.shuffler, *eager.generators], Records(self.history, self.best)
        self.saved = Checkpoint(
            settings.checkpoint, eager.values, eager.optimizer, generators, records, fixed,
            settings.processes.is_first,
        )  # fmt: skip

    def agree(self) -> None:
        """See to it that several processes begin with the same numbers."""
        processes = self.settings.processes
        processes.check_begin(self.eager.values, len(self.history), self.saved.settings["validation"])
        processes.take_generators(self.eager.generators)

    def begin(self) -> None:
        """Choose whether to take compiled steps."""
        settings = self.settings
        batches = math.ceil(settings.count / settings.batch_size)
        self.eager.optimizer.steps_per_epoch = batches
        self.bar.expect(steps=(settings.epochs - len(self.history)) * batches)
        self.step = choose_step(self.eager, self.examples, settings, self.history)

    def goes_on(self) -> bool:
        """Tell whether there is to be another epoch; the history says why not."""
        done, patience = len(self.history), self.settings.early_stopping
        if self.history.stopped != "epochs" or done >= self.settings.epochs:
            return False
        if patience is not None and done - 1 - self.best.epoch >= patience:
            self.history.stopped = "early stopping"
            return False
        return True

    def epoch(self) -> None:
        """Go through the examples once, validate, record what was found, and call the callbacks."""
        number, began = len(self.history), time.perf_counter()
        loss = self.steps(number)
        metrics, validation_loss = self.evaluate(number)
        history = self.history
        with uninterrupted():
            history.loss.append(loss)
            history.validation_loss += validation_loss
            for name, found in metrics.items():
                history.metrics[name].append(found)
            history.seconds.append(time.perf_counter() - began)
            self.best.update(history, self.eager.values)
            self.saved.write()
        said = [callback(number, history) for callback in self.settings.callbacks]
        if self.settings.processes.any_of(any(is_bool(each) and each for each in said)):
            history.stopped = "callback"
        elif said:  # they may have moved something
            self.step.read()

    def steps(self, epoch: int) -> float:
        """Take a step on each batch, and return their mean loss."""
        rows, size = self.examples.rows, self.settings.batch_size
        if self.settings.shuffle and size < len(rows):  # of one batch the order does not matter
            rows = [*rows]
            self.shuffler.shuffle(rows)
        self.step.expect(rows, size)
        batches = [rows[at : at + size] for at in range(0, len(rows), size)]
        losses = []
        for number, batch in enumerate(batches):
            losses.append(self.step(self.examples, batch, f"epoch {epoch}, batch {number}"))
            self.bar.advance(losses[-1])
        self.step.write_back()
        losses = [*map(float, losses)]  # which devices tell later
        return mean_of(losses, [len(batch) for batch in batches])

    def evaluate(self, epoch: int) -> tuple[dict[str, float], list[float]]:
        """Compute each metric, and the validation loss if examples are held out."""
        metrics: Mapping[str, Metric] = self.settings.metrics
        if self.held_out is None and not metrics:
            return {}, []
        examples = self.held_out or self.examples
        targets = [examples.y[row] for row in examples.rows]
        with mode(self.eager.model, training=False):
            outputs = self.step.predict(examples)
            validation_loss = []
            if self.held_out is not None:
                validation_loss = [self.eager.loss_of(outputs, targets, f"epoch {epoch}, validation")]
            found = {
                name: mean_of([metric(plain(output), target) for output, target in zip(outputs, targets)])
                for name, metric in metrics.items()
            }
        mean = self.settings.processes.mean
        return dict(zip(found, mean([*found.values()]))), mean(validation_loss)

    def end(self) -> None:
        """Take the parameters of the best epoch, if the training looked for it."""
        if self.settings.early_stopping is not None:
            with uninterrupted():
                set_numbers(self.eager.values, self.best.numbers)
