"""Program: a function of scalars that runs at the speed of arrays, and stays true to itself."""

from __future__ import annotations

import functools
import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.arguments import Argument, Rows, count_rows, read
from autograd_lite.compiler.batches import mean_of_rows, means_of, split_rows
from autograd_lite.compiler.checking import check, is_time, run_eagerly
from autograd_lite.compiler.explaining import explanation, reason_to_retrace
from autograd_lite.compiler.inspecting import has_numpy, list_parameters, modules_of, name_of, stack_level
from autograd_lite.compiler.tracing import INSTEAD_OF_IF, TraceError
from autograd_lite.compiler.trainer import Trainer
from autograd_lite.compiler.variant import Variant
from autograd_lite.core.modes import current_mode, current_tracer

__all__ = ["Program"]

MANY_VARIANTS, MOST_VARIANTS = 2, 64
"""How many values a function may be traced for, of a whole number or of what is no number."""


class Program:
    """A compiled function; ``compile`` makes one.

    Args:
        f: the function.
        parameters: a Module, a list or a dict of Values.
        backend: as for ``compile``.
        dtype: as for ``compile``.

    Attributes:
        parameters: the Values to differentiate by, in order.
        why_many: why the function was traced more than twice for arguments of one structure; "" if not.
    """

    def __init__(self, f: Callable[..., Any], parameters: Any, backend: str, dtype: str) -> None:
        self.f, self.backend, self.dtype = f, backend, dtype
        self.parameters = list_parameters(parameters)
        self._given = parameters
        self._variants: dict[Any, list[Variant]] = {}
        self._warned, self.why_many = False, ""

    @functools.cached_property
    def _modules(self) -> list[Any]:
        return modules_of(self.f, self._given)

    # ---- One example -----------------------------------------------------------------------

    def __call__(self, *arguments: Any) -> Any:
        """Compute what the function computes for one example, as plain numbers.

        Raises:
            TraceError: if the function cannot be compiled.
        """
        example = [read(argument) for argument in arguments]
        variant = self.variant(example)
        outputs = self._run_one(variant, example, gradient=False)
        self._sample(variant, example, outputs, None)
        return variant.shaped(outputs)

    def value_and_grad(self, *arguments: Any) -> tuple[float, list[float]]:
        """Compute the function's number for one example, and its gradient.

        Returns:
            The number, and the derivative by each parameter in order. No ``.grad`` changes.
        """
        example = [read(argument) for argument in arguments]
        variant = self.variant(example)
        self.need_gradient(variant)
        value, gradient = self._run_one(variant, example, gradient=True)
        self._sample(variant, example, [value], gradient)
        return value, gradient

    def _run_one(self, variant: Variant, example: Sequence[Argument], *, gradient: bool) -> Any:
        """Run one example; eagerly if a comparison comes out otherwise, or something is not finite."""
        variant.inputs.check_numbers(example)
        if current_mode().checking:
            return self.eagerly(example, gradient=gradient)
        if variant.choose(1) == "python":
            numbers = variant.inputs.numbers(example)
            name = "value_and_gradient" if gradient else "forward"
            parameters = [parameter._data for parameter in self.parameters]
            try:
                *found, held = variant.straight[1][name](
                    parameters, variant.frozen_numbers(), variant.random_numbers(), *numbers
                )
            except (ArithmeticError, ValueError, IndexError):
                return self.eagerly(example, gradient=gradient)
            if not held:
                self.warn_of_guards(1)
            if not held or (gradient and not all(map(math.isfinite, found[1]))):
                return self.eagerly(example, gradient=gradient)
            return found if gradient else [float(output) for output in found[0]]
        import numpy

        found, held = self._run_arrays(variant, variant.inputs.one_row(example), 1, gradient=gradient)
        finite = all(numpy.isfinite(array).all() for array in ([found[0], *found[1]] if gradient else found))
        if not held.all():
            self.warn_of_guards(1)
        if not (held.all() and finite):
            return self.eagerly(example, gradient=gradient)
        if gradient:
            return float(found[0].sum()), variant.gradient_list(found[1])
        return [float(numpy.asarray(output).reshape(-1)[0]) for output in found]

    def eagerly(self, example: Sequence[Argument], *, gradient: bool) -> Any:
        """Run the function itself."""
        return run_eagerly(self.f, self.parameters, example, gradient=gradient)

    # ---- Many examples ---------------------------------------------------------------------

    def backward(self, *columns: Any) -> float:
        """Compute the mean over a batch, and add its gradient to every ``.grad``.

        Args:
            columns: each argument for all N rows: a list of N, or an array (N, ...). Of a function
                without arguments: nothing.

        Returns:
            The mean.
        """
        mean, gradient = self.mean_and_grad(*columns)
        for parameter, derivative in zip(self.parameters, gradient):
            parameter.grad += derivative
        return mean

    def mean_and_grad(self, *columns: Any) -> tuple[float, list[float]]:
        """Compute the mean over a batch and its gradient; no ``.grad`` changes.

        Args:
            columns: as for ``backward``.
        """
        if not columns:
            return self.value_and_grad()
        count = count_rows(columns)
        if self._one_by_one():
            found = [self.value_and_grad(*row) for row in zip(*columns)]
            return means_of(found)
        total, gradient = 0.0, [0.0] * len(self.parameters)
        for variant, rows, group, _ in split_rows(self, columns):
            self.need_gradient(variant)
            mean, part = self._run_rows(variant, group, rows)
            share = rows / count
            total += mean * share
            gradient = [old + new * share for old, new in zip(gradient, part)]
        return total, gradient

    def map(self, *columns: Any) -> list[Any]:
        """Compute what the function computes for every row of a batch, as plain numbers.

        Args:
            columns: as for ``backward``.

        Returns:
            For each row a number, or a list of numbers.
        """
        if not columns:
            return [self()]
        results: list[Any] = [None] * count_rows(columns)
        if self._one_by_one():
            return [self(*row) for row in zip(*columns)]
        import numpy

        for variant, rows, group, places in split_rows(self, columns):
            if self.backend == "auto" and variant.is_too_deep:
                for place in places:
                    example = self.row(columns, place)
                    results[place] = variant.shaped(self._run_one(variant, example, gradient=False))
                continue
            found, held = self._run_arrays(variant, group, rows, gradient=False)
            table = numpy.stack([numpy.broadcast_to(output, (rows,)) for output in found], axis=-1).tolist()
            for place, ok, row in zip(places, held, table):
                if not ok:
                    self.warn_of_guards(1)
                    row = self.eagerly(self.row(columns, place), gradient=False)
                results[place] = variant.shaped(row)
        return results

    def _one_by_one(self) -> bool:
        """Tell whether rows are run one after the other, without arrays."""
        return self.backend == "python" or not has_numpy() or current_mode().checking

    def _run_rows(self, variant: Variant, columns: Sequence[Any], rows: int) -> tuple[float, list[float]]:
        """Compute the mean of some rows and its gradient."""
        import numpy

        if variant.choose(rows) == "python":
            found = [self._run_one(variant, self.row(columns, place), gradient=True) for place in range(rows)]
            return means_of(found)
        (losses, arrays), held = self._run_arrays(variant, columns, rows, gradient=True)
        if held.all():
            if rows > 1 and not all(numpy.isfinite(array).all() for array in arrays):
                return self._by_halves(variant, columns, rows)  # the engine knows what passes nothing on
            return mean_of_rows(numpy.broadcast_to(losses, (rows,))), variant.gradient_list(arrays)
        self.warn_of_guards(int((~held).sum()))
        total, gradient = 0.0, [0.0] * len(self.parameters)
        good = numpy.flatnonzero(held)
        if len(good):
            mean, part = self._run_rows(variant, [column[good] for column in columns], len(good))
            share = len(good) / rows
            total, gradient = mean * share, [number * share for number in part]
        for place in numpy.flatnonzero(~held):
            value, part = self.eagerly(self.row(columns, int(place)), gradient=True)
            total += value / rows
            gradient = [old + new / rows for old, new in zip(gradient, part)]
        return total, gradient

    def _by_halves(self, variant: Variant, columns: Sequence[Any], rows: int) -> tuple[float, list[float]]:
        """Compute the mean of some rows and its gradient where only those not finite run eagerly."""
        middle = rows // 2
        total, gradient = 0.0, [0.0] * len(self.parameters)
        for part in (slice(0, middle), slice(middle, rows)):
            chosen = [column[part] for column in columns]
            count = len(chosen[0])
            mean, slopes = (
                self._run_rows(variant, chosen, count)
                if count > 1
                else self._run_one(variant, self.row(chosen, 0), gradient=True)
            )
            share = count / rows
            total += mean * share
            gradient = [old + new * share for old, new in zip(gradient, slopes)]
        return total, gradient

    def _run_arrays(
        self, variant: Variant, columns: Sequence[Any], rows: int, *, gradient: bool
    ) -> tuple[Any, Any]:
        """Run some rows on arrays; give what came out, and for each row whether all comparisons held."""
        import numpy

        parameters, frozen = variant.leaf_arrays([parameter._data for parameter in self.parameters])
        name = "value_and_gradient" if gradient else "forward"
        found = variant.on_arrays[name](
            *parameters, *frozen, *variant.random_arrays(rows), *variant.inputs.columns(columns)
        )
        guarded = bool(variant.raised.guards)
        if gradient:
            return found[:2], numpy.broadcast_to(numpy.asarray(found[2] if guarded else True), (rows,))
        held = True
        if guarded:
            found, held = found
        outputs = [found] if len(variant.raised.outputs) == 1 else list(found)
        return outputs, numpy.broadcast_to(numpy.asarray(held), (rows,))

    def row(self, columns: Sequence[Any], row: int) -> list[Argument]:
        """Take the arguments of one row out of a batch."""
        return [column.argument(row) if isinstance(column, Rows) else read(column[row]) for column in columns]

    def trainer(self, optimizer: Any) -> Trainer:
        """Give what trains the parameters in arrays, as ``fit`` does.

        Args:
            optimizer: an optimiser; one without parameters is bound to those of the program.
        """
        return Trainer(self, optimizer)

    # ---- Staying true ----------------------------------------------------------------------

    def modes(self) -> Any:
        """Tell which of the modules that the function uses are in training."""
        return tuple([(module.training, module.frozen) for module in self._modules])

    def variant(self, example: Sequence[Argument]) -> Variant:
        """Find the trace for arguments of this form, or make it."""
        if current_tracer() is not None:
            raise TraceError(
                "a program is called inside a function that is being compiled: call the function itself"
            )
        key = (tuple([argument.form.structure for argument in example]), self.modes())
        variants = self._variants.get(key, [])
        for variant in variants:
            if variant.inputs.fits(example):
                return variant
        if len(variants) == MOST_VARIANTS:
            raise ValueError(reason_to_retrace(variants))
        variant = Variant(self.f, self.parameters, example, self.backend, self.dtype)
        self._variants[key] = variants = [*variants, variant]
        if len(variants) > MANY_VARIANTS:
            self.why_many = reason_to_retrace(variants)
        return variant

    def need_gradient(self, variant: Variant) -> None:
        """Raise a ValueError if a function has several outputs."""
        if not variant.has_gradient:
            raise ValueError("a function of several outputs has no gradient: return one Value, a loss")

    def sample_row(self, variant: Variant, example: Sequence[Argument]) -> None:
        """Check a row of a batch, if it is time to."""
        if variant.is_random or not is_time(variant.calls):
            variant.calls += 1
        elif variant.has_gradient:
            value, gradient = self._run_one(variant, example, gradient=True)
            self._sample(variant, example, [value], gradient)
        else:
            self._sample(variant, example, self._run_one(variant, example, gradient=False), None)

    def _sample(
        self, variant: Variant, example: Sequence[Argument], outputs: Sequence[float], gradient: Any
    ) -> None:
        """Compare the first two calls, the eleventh, ... with the function itself.

        Raises:
            RuntimeError: if it computes something else.
        """
        wanted = is_time(variant.calls) and not variant.is_random
        variant.calls += 1
        if not wanted:
            return
        tolerance = 1e-7 if self.dtype == "float64" else 2e-2
        check(self.f, self.parameters, example, outputs, gradient, tolerance)

    def warn_of_guards(self, rows: int) -> None:
        """Say once that rows take another way through the function."""
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"comparisons came out otherwise than when the function was traced, for {rows} rows: "
                f"they run eagerly, which is slow. Use maximum, relu, or {INSTEAD_OF_IF}",
                RuntimeWarning,
                stacklevel=stack_level(),
            )

    # ---- What can be read ------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The generated program, of the first form it was called with.

        Raises:
            RuntimeError: if it has not been called, and takes arguments.
        """
        variant = self._first()
        if self.backend == "python" or not has_numpy() or (self.backend == "auto" and variant.is_too_deep):
            return variant.straight[0].text
        texts = variant.array_source.texts
        return texts.get("value_and_gradient", texts["forward"])

    def explain(self, *, verbose: bool = False) -> str:
        """Say which scalars became which operation on arrays, and why anything was left.

        Args:
            verbose: show the tape, the program on arrays and all source too.
        """
        self._first()
        return "\n\n".join(
            explanation(variant, verbose=verbose)
            for variants in self._variants.values()
            for variant in variants
        )

    def _first(self) -> Variant:
        for variants in self._variants.values():
            return variants[0]
        try:
            inspect.signature(self.f).bind()
        except (TypeError, ValueError):
            text = "a program is made when it is first called: call it once with an example"
            raise RuntimeError(text) from None
        return self.variant([])

    def __repr__(self) -> str:
        count = sum(map(len, self._variants.values()))
        return f"<Program of {name_of(self.f)}: traced {count} time{'' if count == 1 else 's'}>"
