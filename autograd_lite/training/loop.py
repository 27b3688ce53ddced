"""fit: a training loop, with everything that one forgets to write by hand."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd_lite.compiler.restoring import put_back
from autograd_lite.core.ieee import mean_of
from autograd_lite.interrupts import OneInterrupt, uninterrupted
from autograd_lite.optim import Optimizer
from autograd_lite.training.checkpoints import Checkpoint, generators_of, set_numbers, values_of
from autograd_lite.training.checks import (
    Examples,
    check_batches,
    check_data,
    check_engine,
    check_examples,
    check_folder,
    check_functions,
    check_optimizer,
    check_whole,
    ends_training,
    parameters_of,
    plain,
)
from autograd_lite.training.compiled import CompiledStep, choose_step
from autograd_lite.training.history import Best, History, Records
from autograd_lite.training.progress import Progress
from autograd_lite.training.states import kept, mode
from autograd_lite.training.steps import EagerStep, outputs_of

__all__ = ["fit"]

Metric = Callable[[Any, Any], float]


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
        X: N examples, each a list or an array's row; not copied.
        y: N targets.
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
    # ---- Nothing changes here but what a failure puts back.
    parameters = parameters_of(model)
    check_optimizer(optimizer, parameters)
    training, held_out = _split(check_examples(X, y), validation, seed)
    count = len(training.rows)
    size = count if batch_size is None else min(check_whole("batch_size", batch_size), count)
    epochs = check_whole("epochs", epochs)
    check_engine(compiled, dtype)
    listed, metrics = check_functions(callbacks, metrics)
    if early_stopping is not None:
        check_whole("early_stopping", early_stopping)
        if held_out is None:
            raise ValueError("early_stopping looks at the validation loss: give validation=0.2 or the like")
    check_batches(model, count, size)
    check_folder(checkpoint)
    bar = Progress(progress)
    generators, values = generators_of(model), values_of(model, parameters)
    with mode(model, training=False), kept(generators), put_back(model, loss, *metrics.values()):
        for examples in (training, held_out):
            if examples is not None:
                check_data(examples, lambda x: outputs_of(model, [x])[0], loss, metrics)

    history, best, shuffler = History(metrics={name: [] for name in metrics}), Best(), random.Random(seed)
    settings = {
        "seed": seed,
        "shuffle": shuffle,
        "batch_size": size,
        "examples": count,
        "metrics": [*metrics],
        "dtype": dtype,
    }
    settings |= {"validation": len(held_out.rows) if held_out else 0}
    unbound = optimizer.parameters is None
    if unbound:
        optimizer.bind(parameters)
    records = Records(history, best)
    saved = Checkpoint(checkpoint, values, optimizer, [shuffler, *generators], records, settings)
    try:
        saved.resume()
    except BaseException:
        if unbound:
            optimizer.parameters, optimizer.states = None, []
        raise
    history.stopped = "epochs"

    # ---- From here on things change.
    eager = EagerStep(model, loss, optimizer, values, generators)
    bar.expect(steps=(epochs - len(history)) * math.ceil(count / size))
    step: EagerStep | CompiledStep = eager
    interrupts = OneInterrupt()
    try:
        interrupts.begin()
        with mode(model, training=True):
            step = choose_step(eager, training, size, dtype, compiled, history)
            while len(history) < epochs:
                epoch, began = len(history), time.perf_counter()
                interrupts.begin()  # a callback may have caught one
                if early_stopping is not None and epoch - 1 - best.epoch >= early_stopping:
                    history.stopped = "early stopping"
                    break
                order = list(training.rows)
                if shuffle:
                    shuffler.shuffle(order)
                means, counts = [], []
                for number, at in enumerate(range(0, count, size)):
                    rows = order[at : at + size]
                    means.append(step(training, rows, f"epoch {epoch}, batch {number}"))
                    counts.append(len(rows))
                    bar.advance(means[-1])
                step.write_back()
                found, validation_loss = _evaluate(step, eager, held_out, training, metrics, epoch)
                with uninterrupted():
                    history.loss.append(mean_of(means, counts))
                    history.validation_loss += validation_loss
                    for name, number_found in found.items():
                        history.metrics[name].append(number_found)
                    history.seconds.append(time.perf_counter() - began)
                    best.update(history, values)
                    saved.write()
                said = [callback(epoch, history) for callback in listed]
                if any(map(ends_training, said)):
                    history.stopped = "callback"
                    break
                if listed:  # they may have moved something
                    step.read()
            if early_stopping is not None:
                with uninterrupted():
                    set_numbers(values, best.numbers)
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        try:
            with uninterrupted():
                step.write_back()
                bar.close()
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        finally:
            interrupts.end()
    return history


def _split(examples: Examples, validation: Any, seed: int) -> tuple[Examples, Examples | None]:
    """Hold some examples out, or take those to validate with as they are given."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed is a whole number, got {seed!r}")
    if validation is None:
        return examples, None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        return examples, check_examples(*validation)
    if not isinstance(validation, float) or not 0.0 < validation < 1.0:
        raise ValueError(f"validation is a fraction between 0 and 1, or a pair (X, y), got {validation!r}")
    rows = list(examples.rows)
    random.Random(f"validation {seed}").shuffle(rows)
    count = round(len(rows) * validation)
    if not 0 < count < len(rows):
        raise ValueError(f"a fraction of {validation} of {len(rows)} examples leaves one side empty")
    return examples._replace(rows=sorted(rows[count:])), examples._replace(rows=sorted(rows[:count]))


def _evaluate(
    step: EagerStep | CompiledStep,
    eager: EagerStep,
    held_out: Examples | None,
    training: Examples,
    metrics: Mapping[str, Metric],
    epoch: int,
) -> tuple[dict[str, float], list[float]]:
    """Compute each metric, and the validation loss if examples are held out."""
    if held_out is None and not metrics:
        return {}, []
    examples = held_out or training
    targets = [examples.y[row] for row in examples.rows]
    with mode(eager.model, training=False):
        outputs = step.predict(examples)
        validation_loss = (
            [] if held_out is None else [eager.loss_of(outputs, targets, f"epoch {epoch}, validation")]
        )
        found = {
            name: mean_of([metric(plain(output), target) for output, target in zip(outputs, targets)])
            for name, metric in metrics.items()
        }
    return found, validation_loss
