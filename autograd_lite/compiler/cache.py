"""Finding the trace of a function that arguments fit, or making it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_lite.compiler.signature import Argument
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.compiler.surroundings import Surroundings
from autograd_lite.compiler.tracing import TraceError
from autograd_lite.core.modes import current_tracer

__all__ = ["Cache"]

MANY, MOST = 2, 64
"""How many values a function may be traced for, of an integer or of what is no number."""


class Cache:
    """The specializations of a function, by the signatures of the arguments that they take.

    Args:
        f: the function.
        holder: what holds its parameters; its modules, and those of the function, may be in training or not.
        specialize: makes a specialization for an example.

    Attributes:
        why_many: why the function was traced more than twice for arguments of one structure; "" if not.
    """

    def __init__(
        self, f: Callable[..., Any], holder: Any, specialize: Callable[[Sequence[Argument]], Specialization]
    ) -> None:
        self.f, self.holder, self.specialize = f, holder, specialize
        self.why_many = ""
        self._found: dict[Any, list[Specialization]] = {}

    def __iter__(self) -> Iterator[Specialization]:
        return (each for specializations in self._found.values() for each in specializations)

    @functools.cached_property
    def surroundings(self) -> Surroundings:
        """The plain numbers that the function reads from around it, as whether modules are in training."""
        return Surroundings(self.f, self.holder)

    def find(self, example: Sequence[Argument]) -> Specialization:
        """Find the trace that arguments fit, or make it.

        Raises:
            TraceError: if the function cannot be traced.
            ValueError: if it was traced for too many values.
        """
        if current_tracer() is not None:
            raise TraceError(
                "a program is called inside a function that is being compiled: call the function itself"
            )
        structures, around = tuple([each.signature.structure for each in example]), self.surroundings.key()
        known = self._found.get((structures, around), [])
        for specialization in known:
            if specialization.inputs.fits(example):
                return specialization
        if len(known) == MOST:
            raise ValueError(_reason_to_retrace(known))
        times = [other for found, other in self._found if found == structures]
        if not known and len(times) >= MOST:
            raise ValueError(
                f"the function was traced for {len(times)} values of {self.surroundings.differing(times)}, "
                "which it reads from elsewhere: pass what changes as an argument"
            )
        specialization = self.specialize(example)
        self.surroundings.learn(around, specialization.flags)
        self._found[structures, self.surroundings.key()] = known = [*known, specialization]
        if len(known) > MANY:
            self.why_many = _reason_to_retrace(known)
        return specialization

    def first(self) -> Specialization:
        """Return the first trace; of a function that needs no arguments, make it.

        Raises:
            RuntimeError: if there is none.
        """
        for specialization in self:
            return specialization
        try:
            inspect.signature(self.f).bind()
        except (TypeError, ValueError):
            text = "a program is made when it is first called: call it once with an example"
            raise RuntimeError(text) from None
        return self.find([])


def _reason_to_retrace(specializations: Sequence[Specialization]) -> str:
    """Say of which values a function has programs of their own, and what would leave them open."""
    text = f"the function was traced for {len(specializations)} values of"
    if any(specialization.inputs.fixed for specialization in specializations):
        return (
            f"{text} a whole number: use it with pick, Embedding or cross_entropy, which leave it open, "
            "or pass it as a float"
        )
    static = [each.value for each in specializations[-1].inputs.signatures if each.kind == "static"]
    shown = ", ".join([repr(value)[:40] for value in static])
    return (
        f"{text} an argument that is no number, such as {shown}: pass numbers, such as an index for pick or "
        "Embedding"
    )
