"""One trace of a function, and the programs made of it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_lite.compiler.arrays.ir import ArrayProgram, Leaf
from autograd_lite.compiler.arrays.runtime import namespace
from autograd_lite.compiler.arrays.script import ArrayScript
from autograd_lite.compiler.arrays.source import ArraySource
from autograd_lite.compiler.eager import OUTSIDE
from autograd_lite.compiler.introspection import argument_names, has_numpy
from autograd_lite.compiler.marshalling import Inputs, Leaves
from autograd_lite.compiler.native import NativeProgram, codes_of
from autograd_lite.compiler.raising.raise_tape import Raiser
from autograd_lite.compiler.scalars import ScalarSource
from autograd_lite.compiler.signature import Argument
from autograd_lite.compiler.tape import Tape, write_tape
from autograd_lite.compiler.tracing import TraceError, nested, trace
from autograd_lite.core.collector import collector_paused
from autograd_lite.core.modes import MODE, ORDINARY
from autograd_lite.core.source import define
from autograd_lite.engine import Value

__all__ = ["Specialization"]

SCALAR_COST, NATIVE_COST = 0.09, 0.02
LINE_COST = 6.0
"""What a scalar operation (in Python, in C) and a line on arrays cost, with the gradient, in microseconds."""
LONGEST = 60_000
"""Of more scalar operations the tape is let go of as soon as they are on arrays: it takes much memory."""
MOST_STEPS = 20_000
"""The most steps, one after the other, of a program on arrays: it is made slowly, and gains nothing."""
IN_CACHES, PER_LINE, PER_PARAMETER = 50_000, 2000, 8
"""How many numbers are computed at once for a batch: so few that they stay in the caches, unless there are
many lines, each of which takes its time, or many parameters, whose gradients are added up."""
FEWEST_ROWS = 64
"""The fewest rows of a batch that are run at once."""
CHECKED = frozenset((1, 2, 11, 101, 1001, 10_001))
"""Which calls are compared with the function itself."""


class Specialization:
    """A function as traced for arguments of certain signatures.

    Args:
        f: the function.
        parameters: the leaves to differentiate by.
        backend: "auto", "python", "native", "numpy" or "jax".
        dtype: "float64" or "float32".
        arguments: the example on which it is traced.
        beside: whether the first of several outputs is to be differentiated, on arrays only.
        labels: gives what tells by its number what a parameter is called, or nothing.

    Attributes:
        inputs: the arguments that it takes.
        single: whether there is one output, which can be differentiated.
        has_gradient: whether the first, or only, output is differentiated.
        flags: the attributes of modules that the trace looked at; see ``Trace``.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        parameters: Sequence[Value],
        backend: str,
        dtype: str,
        arguments: Sequence[Argument],
        *,
        beside: bool = False,
        labels: Callable[[], Callable[[int], str]],
    ) -> None:
        token = MODE.set(ORDINARY)  # it may be made under no_grad, and run without
        try:
            with collector_paused():
                traced = trace(f, arguments)
                self.tape: Tape = write_tape(traced, parameters)
                self.single, self.nesting, self.flags = traced.single, traced.nesting, traced.flags
                fixed = traced.fixed
                del traced  # and all nodes with it, before the collector goes through them
                self.tape.note_made()
        finally:
            MODE.reset(token)
        self.f, self.parameters, self.labels = f, parameters, labels
        self.backend, self.dtype = backend, dtype
        self.has_gradient = self.single or beside
        self._take(arguments, fixed)

    def _take(self, arguments: Sequence[Argument], fixed: Sequence[tuple[int, int]]) -> None:
        """Hold the tape to be that of an example; what is static of it is no input."""
        self.inputs = Inputs(arguments, fixed, self.tape, self.dtype)
        self.tape.inputs = [self.tape.inputs[number] for number in self.inputs.varying]
        self.operations = self.tape.operations
        self.calls = 0

    def shaped(self, outputs: Sequence[float]) -> Any:
        """Put outputs into lists such as the function returned."""
        return nested(self.nesting, iter(outputs))

    def need_gradient(self) -> None:
        """Raise a ValueError if there are several outputs."""
        if not self.has_gradient:
            raise ValueError("a function of several outputs has no gradient: return one Value, a loss")

    def is_to_be_checked(self, *, begun: bool = False) -> bool:
        """Count a call, and tell whether it is checked; ``begun`` if the first check was made before."""
        self.calls += 1
        return self.calls in CHECKED and not self.tape.random and not (begun and self.calls <= 2)

    # ---- Programs --------------------------------------------------------------------------

    @functools.cached_property
    def scalar_source(self) -> ScalarSource:
        """The source of the program on floats."""
        return ScalarSource(self.tape, gradient=self.single)

    @functools.cached_property
    def _straight_line(self) -> dict[str, Callable[..., Any]]:
        """The functions of that source."""
        return self.scalar_source.functions()

    @functools.cached_property
    def is_native(self) -> bool:
        """Whether the engine in C runs the program on floats."""
        return self.backend in ("auto", "native") and codes_of(self.tape) is not None

    @functools.cached_property
    def _native(self) -> NativeProgram | None:
        """The program as the engine in C runs it."""
        codes = codes_of(self.tape) if self.is_native else None
        if codes is None:
            return None
        if self.operations > LONGEST:
            self.scalar_source  # noqa: B018 - while the tape is there
        return NativeProgram(self.tape, codes, lambda name: self._straight_line[name])

    @functools.cached_property
    def on_floats(self) -> dict[str, Callable[..., Any]]:
        """The functions of the program on floats."""
        return self._straight_line if self._native is None else self._native

    @functools.cached_property
    def sums_on_floats(self) -> Callable[..., Any] | None:
        """The function that goes through rows on floats, where a short program has one."""
        sums = self.scalar_source.sums()
        if sums is None or self._native is None:
            return sums
        self._straight_line["sums"] = sums
        return self._native["sums"]

    @functools.cached_property
    def steps(self) -> int:
        """How many steps, one after the other, a program on arrays would need at least."""
        with collector_paused():
            self._raiser = Raiser(self.tape, [each.lengths for each in self.inputs.varying_signatures])
        return len(self._raiser.groups)

    @property
    def is_too_deep(self) -> bool:
        """Whether there is no program on arrays: the operations are a long chain."""
        return self.steps > MOST_STEPS

    @functools.cached_property
    def raised(self) -> ArrayProgram:
        """The program on arrays.

        Raises:
            TraceError: if it is too deep for one.
        """
        if self.is_too_deep:
            raise TraceError(
                f"{self.operations} operations would be {self.steps} steps on arrays, one after the other: "
                'use backend="python", or "auto" with dtype="float64", which run them on floats'
            )
        with collector_paused():
            raised = self._raiser.run()
        del self._raiser
        if self.operations > LONGEST and self.backend not in ("python", "native"):
            self.tape.forget_operations()
        import numpy

        is_unused = numpy.ones(len(self.tape.parameters), bool)
        for leaf in raised.leaves("parameter"):
            is_unused[leaf.places] = False
        if is_unused.any():  # an optimiser moves them too: by their momentum, and where rows run eagerly
            leaf = Leaf("parameter", (int(is_unused.sum()),))
            leaf.places = numpy.flatnonzero(is_unused)
            raised.add(leaf)
        return raised

    @functools.cached_property
    def array_source(self) -> ArraySource:
        """The source of the program on arrays."""
        names = argument_names(self.f, len(self.inputs.signatures))
        varying = [names[number] for number in self.inputs.varying]
        integers = [signature.kind == "integers" for signature in self.inputs.varying_signatures]
        return ArraySource(self.raised, varying, integers, self.has_gradient, self.labels())

    @functools.cached_property
    def script(self) -> ArrayScript:
        """The program on arrays as JavaScript.

        Raises:
            TypeError: if something in it cannot be written.
        """
        varying = zip(self.array_source.arguments, self.inputs.varying_signatures)
        return ArrayScript(
            self.raised,
            [(name, math.prod(signature.lengths)) for name, signature in varying],
            len(self.parameters),
            {place: value._data for value, place in self.tape.frozen},
            self.single,
        )

    @functools.cached_property
    def leaves(self) -> Leaves:
        """The leaves, as the program on arrays takes them."""
        return Leaves(self.tape, self.array_source, self.dtype)

    @functools.cached_property
    def on_arrays(self) -> dict[str, Callable[..., Any]]:
        """The functions of the program on arrays."""
        source = self.array_source
        if self.backend != "jax":
            import numpy

            return define(source.text, "program on arrays", namespace(numpy, source, self.dtype))
        import jax

        if self.dtype == "float64":
            # Only some versions of JAX say which types it takes.
            jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call, unused-ignore]
        functions = define(source.text, "program on JAX", namespace(jax.numpy, source, self.dtype))
        return {name: jax.jit(function) for name, function in functions.items()}

    @functools.cached_property
    def lines(self) -> int:
        """How many operations on arrays the raised program has."""
        return sum(1 for array in self.raised.arrays if array.operands)

    def choose(self, rows: int) -> str:
        """Choose how to run some rows: on floats or on arrays, whichever is likely to be faster."""
        if self.backend == "native":
            return "python"
        if self.backend != "auto":
            return self.backend
        if not has_numpy():
            return "python"
        if self.dtype != "float64":
            return "numpy"
        # Floats and arrays draw in another order: which engine runs must not decide what is drawn.
        cost = NATIVE_COST if self.is_native and not self.tape.random else SCALAR_COST
        scalar = self.operations * rows * cost
        if scalar < 4 * LINE_COST:
            return "python"
        if not self.tape.op and "scalar_source" not in self.__dict__:  # let go of
            return "numpy"
        if self.is_too_deep or scalar < self.steps * LINE_COST:
            return "python"
        fast_enough = scalar < self.lines * LINE_COST + scalar / 200
        return "python" if fast_enough and self.operations <= LONGEST else "numpy"

    # ---- Running ---------------------------------------------------------------------------

    def run_on_floats(self, example: Sequence[Argument], *, gradient: bool) -> tuple[Any, bool]:
        """Run one example on floats.

        Returns:
            The number and its gradient, or without that all outputs; and whether all comparisons held.
        """
        *found, held = self.on_floats["value_and_gradient" if gradient else "forward"](
            [parameter._data for parameter in self.parameters],
            self.tape.frozen_numbers(),
            self.tape.random_numbers(),
            *self.inputs.numbers(example),
        )
        return (tuple(found) if gradient else [float(output) for output in found[0]]), held

    def rows_on_floats(self, columns: Sequence[Any], rows: int) -> Iterator[tuple[float, list[float]] | None]:
        """Run some rows one after the other, for their gradients; None where the program does not hold."""
        run, parameters = self.on_floats["value_and_gradient"], [each._data for each in self.parameters]
        frozen = self.tape.frozen_numbers()
        lists = self.inputs.lists(columns)
        for row in range(rows):
            found = None
            try:
                *pair, held = run(
                    parameters, frozen, self.tape.random_numbers(), *[numbers[row] for numbers in lists]
                )
                found = (pair[0], pair[1]) if held else None
            except OUTSIDE:
                pass
            yield found

    def run_on_arrays(self, columns: Sequence[Any], rows: int, *, gradient: bool) -> tuple[Any, Any, Any]:
        """Run some rows on arrays.

        Args:
            columns: the arguments of all rows.
            rows: how many there are.
            gradient: whether it is wanted.

        Returns:
            All outputs, each for all rows or once; the arrays of the gradient, or without that none; and
            for each row whether all comparisons held.
        """
        import numpy

        parameters = self.leaves.parameters([parameter._data for parameter in self.parameters])
        with numpy.errstate(all="ignore"):  # whoever asks sees what is not finite, and asks the engine
            outputs, gradients, held = self.run_quietly(
                columns, rows, gradient=gradient, parameters=parameters
            )
        return outputs, gradients, _all_held(rows) if held is True else _for_all(held, rows)

    def run_quietly(
        self, columns: Sequence[Any], rows: int, *, gradient: bool, parameters: Sequence[Any]
    ) -> tuple[Any, Any, Any]:
        """Do the same where NumPy's warnings are off already, with parameters as the program takes them.

        Whether comparisons held comes as the program says it: True if it makes none, or once for all rows.
        """
        ready = self.inputs.columns(columns)
        if rows <= self.rows_at_once or self.backend == "jax":
            return self._run(parameters, ready, gradient, rows)
        return self._in_chunks(parameters, ready, gradient, rows)

    @functools.cached_property
    def rows_at_once(self) -> int:
        """How many rows are run together: what is computed for them fits into the caches."""
        per_row = sum(array.size for array in self.raised.arrays if array.batched and array.operands)
        parameters = sum(leaf.size for leaf in self.array_source.parameters)
        numbers = max(IN_CACHES, PER_LINE * self.lines, PER_PARAMETER * parameters)
        return max(FEWEST_ROWS, numbers // max(per_row, 1))

    def _in_chunks(
        self, parameters: Sequence[Any], ready: Sequence[Any], gradient: bool, rows: int
    ) -> tuple[Any, Any, Any]:
        """Run many rows, some at a time."""
        import numpy

        chunks: list[list[Any]] = []
        gradients: list[Any] = []
        for start in range(0, rows, self.rows_at_once):
            chosen = [array[start : start + self.rows_at_once] for array in ready]
            count = min(rows - start, self.rows_at_once)
            outputs, slopes, held = self._run(parameters, chosen, gradient, count)
            chunks.append([numpy.broadcast_to(column, (count,)) for column in (*outputs, held)])
            slopes = [slope * (count / rows) for slope in slopes]
            gradients = [*map(numpy.add, gradients, slopes)] if gradients else slopes
        *outputs, held = map(numpy.concatenate, zip(*chunks))
        return outputs, gradients, held

    def _run(
        self, parameters: Sequence[Any], ready: Sequence[Any], gradient: bool, rows: int
    ) -> tuple[Any, Any, Any]:
        """Run some rows together, from arrays such as the program takes; see ``run_on_arrays``."""
        found = self.on_arrays["value_and_gradient" if gradient else "forward"](
            *parameters, *self.leaves.frozen(), *self.leaves.random(rows), *ready
        )
        results = [*found] if gradient or self.raised.guards else [found]
        held = results.pop() if self.raised.guards else True
        outputs, gradients = results if gradient else (results[0], ())
        if len(self.raised.outputs) == 1:
            outputs = [outputs]
        return outputs, gradients, held


def _for_all(held: Any, rows: int) -> Any:
    import numpy

    return numpy.broadcast_to(held, (rows,))


@functools.lru_cache(256)
def _all_held(rows: int) -> Any:
    """Say for each row of a program without comparisons that they held."""
    return _for_all(True, rows)
