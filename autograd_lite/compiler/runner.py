"""Running a function on one example, or on the rows of a batch: by its programs where they hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from autograd_lite.compiler.batches import Found, Part, mean_of_rows, means_of, split_rows
from autograd_lite.compiler.cache import Cache
from autograd_lite.compiler.eager import OUTSIDE, Eager
from autograd_lite.compiler.introspection import has_numpy, labels_of, list_parameters, positional
from autograd_lite.compiler.reading import arguments_of_row, count_rows, read, rows_of
from autograd_lite.compiler.signature import Argument
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.core.modes import current_mode

__all__ = ["Runner"]


class Runner:
    """Runs a function by its programs, and itself where they do not hold; takes what ``Program`` does.

    Attributes:
        parameters: the Values to differentiate by, in order.
        cache: the traces of the function.
        eager: the function itself.
    """

    def __init__(
        self, f: Callable[..., Any], parameters: Any, backend: str, dtype: str, *, beside: bool = False
    ) -> None:
        self.f, self.backend, self.dtype = f, backend, dtype
        self.parameters = list_parameters(parameters)
        labels = partial(labels_of, parameters, self.parameters)
        make = partial(Specialization, f, self.parameters, backend, dtype, beside=beside, labels=labels)
        self.cache = Cache(f, parameters, make)
        self.eager = Eager(f, self.parameters, dtype)

    # ---- One example -----------------------------------------------------------------------

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Compute what the function computes for one example, as plain numbers.

        Args:
            arguments, named: as the function takes them.

        Raises:
            TraceError: if the function cannot be compiled.
        """
        example = [read(argument) for argument in positional(self.f, arguments, named)]
        specialization = self.cache.find(example)
        return specialization.shaped(self._checked(specialization, example, gradient=False))

    def value_and_grad(self, *arguments: Any, **named: Any) -> Found:
        """Compute the function's number for one example, and its gradient.

        Args:
            arguments, named: as the function takes them.

        Returns:
            The number, and the derivative by each parameter in order. No ``.grad`` changes.
        """
        example = [read(argument) for argument in positional(self.f, arguments, named)]
        specialization = self.cache.find(example)
        specialization.need_gradient()
        found: Found = self._checked(specialization, example, gradient=True)
        return found

    def _checked(self, specialization: Specialization, example: Sequence[Argument], *, gradient: bool) -> Any:
        """Run one example; the first two calls, the eleventh, ... are compared with the function itself."""
        found = self._run_one(specialization, example, gradient=gradient)
        if specialization.is_to_be_checked():
            self.eager.check(example, found, gradient=gradient)
        return found

    def check_row(self, specialization: Specialization, example: Sequence[Argument]) -> None:
        """Compare a row of a batch with the function itself, if it is time to."""
        if specialization.is_to_be_checked():
            self.check(specialization, example)

    def check(self, specialization: Specialization, example: Sequence[Argument]) -> None:
        """Compare a program with the function itself on an example; in calls 3 to 999 by its value alone.

        What a function reads from elsewhere mostly shows in its value, and a large gradient takes many steps.
        """
        gradient = specialization.single and not 2 < specialization.calls < 1000
        found = self._run_one(specialization, example, gradient=gradient)
        self.eager.check(example, found, gradient=gradient)

    def _run_one(self, specialization: Specialization, example: Sequence[Argument], *, gradient: bool) -> Any:
        """Run one example; eagerly if a comparison comes out otherwise, or something is not finite."""
        specialization.inputs.check_numbers(example)
        if current_mode().checking:
            return self.eager(example, gradient=gradient)
        if specialization.choose(1) == "python":
            try:
                found, held = specialization.run_on_floats(example, gradient=gradient)
            except OUTSIDE:
                return self.eager(example, gradient=gradient)
            is_finite = not gradient or all(map(math.isfinite, found[1]))
        else:
            columns = [rows_of(argument.signature, [argument]) for argument in example]
            outputs, gradients, (held,) = specialization.run_on_arrays(columns, 1, gradient=gradient)
            is_finite = _are_finite([*outputs, *gradients])
            found = [output.item() for output in outputs]
            if gradient:
                found = found[0], specialization.leaves.in_order(gradients)
        if not held:
            self.eager.warn_of_guards(1)
        return found if held and is_finite else self.eager(example, gradient=gradient)

    # ---- Many examples ---------------------------------------------------------------------

    def mean_and_grad(self, *columns: Any, **named: Any) -> Found:
        """Compute the mean over a batch and its gradient; no ``.grad`` changes.

        Args:
            columns, named: as for ``backward``.
        """
        columns = positional(self.f, columns, named)
        if not columns:
            return self.value_and_grad()
        count = count_rows(columns)
        if self._one_by_one():
            return means_of([self.value_and_grad(*row) for row in zip(*columns)])
        return self._mean_of_parts(count, self._means(columns))

    def _means(self, columns: Sequence[Any]) -> Iterator[tuple[int, Found]]:
        """Compute the mean of each part of a batch that one program runs."""
        for part in split_rows(self.cache, columns):
            self.check_row(part.specialization, part.example)
            part.specialization.need_gradient()
            yield len(part.rows), self.run_rows(part.specialization, part.columns, len(part.rows))

    def map(self, *columns: Any, **named: Any) -> list[Any]:
        """Compute what the function computes for every row of a batch, as plain numbers.

        Args:
            columns, named: as for ``backward``.

        Returns:
            For each row a number, or a list of numbers.
        """
        columns = positional(self.f, columns, named)
        if not columns:
            return [self()]
        results: list[Any] = [None] * count_rows(columns)
        if self._one_by_one():
            return [self(*row) for row in zip(*columns)]
        for part in split_rows(self.cache, columns):
            self.check_row(part.specialization, part.example)
            for outputs, row in zip(self._outputs_of(part, columns), part.rows):
                results[row] = part.specialization.shaped(outputs)
        return results

    def _outputs_of(self, part: Part, columns: Sequence[Any]) -> Iterator[list[float]]:
        """Compute all outputs for each row of a part of a batch."""
        import numpy

        specialization, count = part.specialization, len(part.rows)
        if self.backend == "auto" and specialization.is_too_deep:
            for row in part.rows:
                yield self._run_one(specialization, arguments_of_row(columns, row), gradient=False)
            return
        found, _, held = specialization.run_on_arrays(part.columns, count, gradient=False)
        table = numpy.stack([numpy.broadcast_to(output, (count,)) for output in found], axis=-1)
        doubtful = held & ~numpy.isfinite(table).all(axis=-1)
        if doubtful.any():  # the engine says which operation it was; if it agrees, the others stand too
            first = doubtful.argmax()
            known = self.eager(arguments_of_row(columns, part.rows[first]), gradient=False)
            doubtful &= not numpy.array_equal(known, table[first], equal_nan=True)
        for row, is_held, is_doubtful, outputs in zip(part.rows, held, doubtful, table.tolist()):
            if not is_held:
                self.eager.warn_of_guards(1)
            if is_held and not is_doubtful:
                yield outputs
            else:
                yield self.eager(arguments_of_row(columns, row), gradient=False)

    def _one_by_one(self) -> bool:
        """Tell whether rows are run one after the other, without arrays."""
        return self.backend in ("python", "native") or not has_numpy() or current_mode().checking

    def run_rows(self, specialization: Specialization, columns: Sequence[Any], count: int) -> Found:
        """Compute the mean of some rows and its gradient."""
        import numpy

        if count == 1 or specialization.choose(count) == "python":
            return means_of([*self._run_each(specialization, columns, count)])
        (losses,), gradients, held = specialization.run_on_arrays(columns, count, gradient=True)
        if held.all() and _are_finite([losses, *gradients]):
            with numpy.errstate(over="ignore"):
                mean = mean_of_rows(losses)
            return mean, specialization.leaves.in_order(gradients)
        fast, slow = [numpy.flatnonzero(held)], numpy.flatnonzero(~held).tolist()
        if slow:
            self.eager.warn_of_guards(len(slow))
        else:
            fast = numpy.array_split(fast[0], 2)  # the engine knows what passes nothing on
        chosen = ([column[rows] for column in columns] for rows in fast if len(rows))
        found = ((len(part[0]), self.run_rows(specialization, part, len(part[0]))) for part in chosen)
        others = ((1, self.eager(arguments_of_row(columns, row), gradient=True)) for row in slow)
        return self._mean_of_parts(count, itertools.chain(found, others))

    def _run_each(self, specialization: Any, columns: Sequence[Any], count: int) -> Iterator[Found]:
        """Compute the number of each row and its gradient, on floats where that is how one is run."""
        found: Iterable[Any] = itertools.repeat(None, count)
        if specialization.choose(1) == "python":
            found = specialization.rows_on_floats(columns, count)
        for row, each in enumerate(found):
            if each is None or not all(map(math.isfinite, each[1])):
                each = self._run_one(specialization, arguments_of_row(columns, row), gradient=True)
            yield each

    def _mean_of_parts(self, count: int, parts: Iterable[tuple[int, Found]]) -> Found:
        """Compute the mean of a batch, and its gradient, from those of its parts."""
        total, gradient = 0.0, [0.0] * len(self.parameters)
        for rows, (mean, part) in parts:
            share = rows / count
            total += mean * share
            gradient = [old + new * share for old, new in zip(gradient, part)]
        return total, gradient


def _are_finite(arrays: Sequence[Any]) -> bool:
    import numpy

    return all(numpy.isfinite(array).all() for array in arrays)
