"""A model's mode and random numbers, put back as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_lite.interrupts import uninterrupted
from autograd_lite.nn.module import Module

__all__ = ["kept", "mode"]


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
