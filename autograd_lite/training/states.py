"""A model's mode and random numbers, put back as they were."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_lite.compiler.restoring import put_back
from autograd_lite.core.modes import no_grad
from autograd_lite.interrupts import uninterrupted
from autograd_lite.nn.module import Module

__all__ = ["kept", "kept_by_calls", "mode"]

FEW = 8
"""How many examples are tried out to see what a model keeps on itself."""


@contextmanager
def mode(model: Any, *, training: bool) -> Iterator[None]:
    """Put a model into training or into use, and each of its modules back as it was."""
    before = [(module, module.training) for module in model.modules()] if isinstance(model, Module) else []
    try:
        if before:
            model.train() if training else model.eval()
        yield
    finally:
        with uninterrupted():
            for module, was in before:
                module.training = was


@contextmanager
def kept(generators: Sequence[Any]) -> Iterator[None]:
    """Put generators back as they were."""
    before = [generator.getstate() for generator in generators]
    try:
        yield
    finally:
        for generator, state in zip(generators, before):
            generator.setstate(state)


def kept_by_calls(
    model: Any, loss: Any, X: Sequence[Any], y: Sequence[Any], rows: Sequence[int]
) -> list[str]:
    """Name what a model, or a loss, keeps on itself while it is called, in training and in use.

    Args:
        model: called with an example; what it keeps is put back.
        loss: called with an output and a target, or None.
        X, y: examples and targets.
        rows: which of them; a few are tried out.
    """
    with put_back(model, loss) as before, no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the training will warn
        for training in (True, False):
            with mode(model, training=training):
                for row in rows[:FEW]:
                    output = model(X[row])
                    if loss is not None:
                        loss(output, y[row])
        return before.changed()
