"""One traced form of a function: its tape, and the programs made of it."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_lite.compiler.arguments import Argument
from autograd_lite.compiler.arrays import ArraySource, namespace
from autograd_lite.compiler.inputs import Inputs
from autograd_lite.compiler.inspecting import argument_names, has_numpy
from autograd_lite.compiler.raising import Raiser
from autograd_lite.compiler.straight import StraightSource, define
from autograd_lite.compiler.tape import INNER, Tape, write_tape
from autograd_lite.compiler.tracing import TraceError, nested, trace
from autograd_lite.compiler.vectors import Vector, VectorProgram
from autograd_lite.core.modes import MODE, ORDINARY
from autograd_lite.engine import Value

__all__ = ["Variant"]

SCALAR_COST = 0.09
LINE_COST = 6.0
"""What a scalar operation and a line on arrays cost, forwards and backwards, in microseconds."""
LONGEST = 60_000
"""Of more scalar operations the tape is let go of as soon as they are on arrays: it takes much memory."""
MOST_STEPS = 20_000
"""The most steps, one after the other, of a program on arrays: it is made slowly, and gains nothing."""


class Variant:
    """A function as traced for arguments of certain forms.

    Args:
        f: the function.
        parameters: the leaves to differentiate by.
        arguments: the example on which it is traced.
        backend: "auto", "python", "numpy" or "jax".
        dtype: "float64" or "float32".
    """

    def __init__(
        self,
        f: Callable[..., Any],
        parameters: Sequence[Value],
        arguments: Sequence[Argument],
        backend: str,
        dtype: str,
    ) -> None:
        token = MODE.set(ORDINARY)  # it may be made under no_grad, and run without
        try:
            with _collector_paused():
                traced = trace(f, arguments)
                self.tape: Tape = write_tape(traced, parameters, traced.random)
                traced.outputs.clear()
        finally:
            MODE.reset(token)
        self.backend, self.dtype = backend, dtype
        self.inputs = Inputs(arguments, traced.fixed, self.tape, dtype)
        self.f = f
        self.single = traced.single
        self.nesting = traced.nesting
        self.tape.guards += self._computed_indices()
        self.tape.inputs = [self.tape.inputs[number] for number in self.inputs.varying]
        self.operations = self.tape.operations
        self.is_random = bool(self.tape.random)
        self.calls = 0
        self._last_frozen: tuple[list[float] | None, list[Any]] = (None, [])

    def _computed_indices(self) -> list[tuple[str, int, int, bool]]:
        """Make guards that hold while an index which is computed, such as token + 1, is in range."""
        tape = self.tape
        ranges = {place: bound for place, bound in tape.bounds.items() if tape.role[place] == INNER}
        lowest = [(">=", place, tape.constant(0.0), True) for place in ranges]
        return lowest + [("<", place, tape.constant(float(bound)), True) for place, bound in ranges.items()]

    @functools.cached_property
    def names(self) -> list[str]:
        """The names of the arguments that are not fixed."""
        names = argument_names(self.f, len(self.inputs.forms))
        return [names[number] for number in self.inputs.varying]

    def shaped(self, outputs: Sequence[float]) -> Any:
        """Put outputs into lists such as the function returned."""
        return nested(self.nesting, iter(outputs))

    @property
    def has_gradient(self) -> bool:
        """Whether there is one output, which can be differentiated."""
        return self.single

    # ---- Programs --------------------------------------------------------------------------

    @functools.cached_property
    def straight(self) -> tuple[StraightSource, dict[str, Any]]:
        """The program on floats."""
        source = StraightSource(self.tape, gradient=self.has_gradient)
        return source, source.define("on floats")

    @functools.cached_property
    def steps(self) -> int:
        """How many steps, one after the other, a program on arrays would need at least."""
        with _collector_paused():
            self._raiser = Raiser(self.tape, [form.lengths for form in self.inputs.varying_forms])
        return len(self._raiser.groups)

    @property
    def is_too_deep(self) -> bool:
        """Whether there is no program on arrays: the operations are a long chain."""
        return self.steps > MOST_STEPS

    @functools.cached_property
    def raised(self) -> VectorProgram:
        """The program on arrays.

        Raises:
            TraceError: if it is too deep for one.
        """
        if self.is_too_deep:
            raise TraceError(
                f"{self.operations} operations would be {self.steps} steps on arrays, one after the other: "
                'use backend="python", or "auto" with dtype="float64", which run them on floats'
            )
        with _collector_paused():
            raised = self._raiser.run()
        del self._raiser
        if self.operations > LONGEST and self.backend != "python":
            self.tape.forget_operations()
        used = [vector.places.reshape(-1) for vector in raised.vectors if vector.kind == "parameter"]
        unused = sorted({*self.tape.parameters}.difference(*(places.tolist() for places in used)))
        if unused:  # an optimiser moves them too: by their momentum, and where rows run eagerly
            import numpy

            shape, places = (len(unused),), numpy.array(unused)
            raised.vectors.append(Vector(len(raised.vectors), "parameter", shape, places=places))
        return raised

    @functools.cached_property
    def array_source(self) -> ArraySource:
        """The source of the program on arrays."""
        wholes = [form.kind == "wholes" for form in self.inputs.varying_forms]
        return ArraySource(self.raised, self.names, wholes, self.has_gradient)

    @functools.cached_property
    def on_arrays(self) -> dict[str, Callable[..., Any]]:
        """The functions of the program on arrays."""
        if self.backend == "jax":
            return _on_jax(self.array_source, self.dtype)
        import numpy

        source = self.array_source
        return define(source.text, namespace(numpy, source, self.dtype), "on arrays")

    @functools.cached_property
    def lines(self) -> int:
        """How many operations on arrays the raised program has."""
        return sum(1 for vector in self.raised.vectors if vector.operands)

    def choose(self, rows: int) -> str:
        """Choose how to run some rows: on floats or on arrays, whichever is likely to be faster."""
        if self.backend != "auto":
            return self.backend
        if not has_numpy():
            return "python"
        if self.dtype != "float64":
            return "numpy"
        scalar = self.operations * rows * SCALAR_COST
        if scalar < 4 * LINE_COST:
            return "python"
        if not self.tape.op and "straight" not in self.__dict__:  # let go of
            return "numpy"
        if self.is_too_deep or scalar < self.steps * LINE_COST:
            return "python"
        fast_enough = scalar < self.lines * LINE_COST + scalar / 200
        return "python" if fast_enough and self.operations <= LONGEST else "numpy"

    # ---- Data ------------------------------------------------------------------------------

    def frozen_numbers(self) -> list[float]:
        """Read the leaves that are not parameters, as they are now."""
        return [value._data for value, _ in self.tape.frozen]

    def leaf_arrays(self, numbers: Sequence[float]) -> tuple[list[Any], list[Any]]:
        """Put the parameters, and the frozen leaves as they are now, into arrays.

        Args:
            numbers: the parameters, in their order.
        """
        import numpy

        source = self.array_source
        data = numpy.array(numbers, self.dtype)
        parameters = [data[vector.places].reshape(vector.shape) for vector in source.parameters]
        return parameters, self.frozen_arrays()

    def frozen_arrays(self) -> list[Any]:
        """Put the frozen leaves, as they are now, into arrays; the same arrays as long as they stay."""
        numbers = self.frozen_numbers()
        if numbers != self._last_frozen[0] or numbers != numbers:
            import numpy

            places = {place: number for number, (_, place) in enumerate(self.tape.frozen)}
            data = numpy.array(numbers, self.dtype)
            self._last_frozen = (
                numbers,
                [
                    data[[places[int(place)] for place in vector.places]].reshape(vector.shape)
                    for vector in self.array_source.frozen
                ],
            )
        return self._last_frozen[1]

    def random_arrays(self, rows: int) -> list[Any]:
        """Draw the random leaves of some rows."""
        return [vector.source.draw((rows, *vector.shape), self.dtype) for vector in self.array_source.random]

    def random_numbers(self) -> list[float]:
        """Draw the random leaves of one row."""
        return [source.draw_one() for source, _ in self.tape.random]

    def gradient_list(self, arrays: Sequence[Any]) -> list[float]:
        """Put the gradients of the parameters' arrays into the parameters' order."""
        import numpy

        flat = numpy.zeros(len(self.tape.parameters))
        for vector, array in zip(self.array_source.parameters, arrays):
            flat[vector.places] = numpy.asarray(array).reshape(-1)
        gradient: list[float] = flat.tolist()
        return gradient


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector while a great many objects are made, all of which are needed."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _on_jax(source: ArraySource, dtype: str) -> dict[str, Callable[..., Any]]:
    """Compile the same source for JAX."""
    import jax

    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call, unused-ignore]
    functions = define(source.text, namespace(jax.numpy, source, dtype), "on JAX")
    return {name: jax.jit(functions[name]) for name in ("forward", "value_and_gradient") if name in functions}
