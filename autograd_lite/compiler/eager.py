"""A function itself, run as it is: where a program does not hold, and to check that it does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.signature import Argument
from autograd_lite.compiler.tracing import INSTEAD_OF_IF, as_value, flat
from autograd_lite.core import sweep
from autograd_lite.core.collector import collector_paused
from autograd_lite.core.ieee import SIGNALS, warn
from autograd_lite.core.modes import MODE, Mode, current_mode
from autograd_lite.derivatives import grad
from autograd_lite.engine import Value

__all__ = ["OUTSIDE", "Eager"]

OUTSIDE = (*SIGNALS, IndexError)
"""What a program raises where the function itself computes on, or says what is wrong."""
GRADIENT: Any = getattr(sweep, "gradient_by", grad)
"""The gradient of a graph that is thrown away; ``core.sweep`` could be deleted."""
TOLERANCE = {"float64": 1e-7, "float32": 2e-2}
"""How far a number of a program may be off, relative to the largest."""


class Eager:
    """Runs a function itself.

    Args:
        f: the function.
        parameters: what to differentiate by.
        dtype: "float64" or "float32", in which a program computes.
    """

    def __init__(self, f: Callable[..., Any], parameters: Sequence[Value], dtype: str) -> None:
        self.f, self.parameters, self.tolerance = f, parameters, TOLERANCE[dtype]
        self._warned = False

    def __call__(self, example: Sequence[Argument], *, gradient: bool) -> Any:
        """Run the function on its arguments.

        Returns:
            The number and the list of derivatives; without gradient the list of all numbers returned.
        """
        token = MODE.set(Mode(current_mode(), recording=gradient))
        try:
            result = self._call(example)
            if gradient:
                output = as_value(result)
                differentiate = grad if current_mode().checking else GRADIENT
                return output._data, differentiate(output, self.parameters)
            return [as_value(output)._data for output in flat(result)]
        finally:
            MODE.reset(token)

    def _call(self, example: Sequence[Argument]) -> Any:
        """Call it with plain numbers; if it needs their methods, as in x.exp(), with Values."""
        try:
            return self.f(*[argument.build() for argument in example])
        except (AttributeError, TypeError):
            values = [[Value(n) if isinstance(n, float) else n for n in each.numbers] for each in example]
            return self.f(*[each.build(numbers) for each, numbers in zip(example, values)])

    def check(self, example: Sequence[Argument], found: Any, *, gradient: bool) -> None:
        """Compare what a program computed with what the function itself computes.

        Args:
            example: the arguments.
            found: what was computed, as a call returns it.
            gradient: whether that is a number and its gradient.

        Raises:
            RuntimeError: if they differ.
        """
        with warnings.catch_warnings(), collector_paused():
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = self(example, gradient=gradient)
        pairs = [(found, expected)]
        if gradient:
            pairs = [([found[0]], [expected[0]]), (found[1], expected[1])]
        if not all(_close(one, other, self.tolerance) for one, other in pairs):
            raise RuntimeError(
                "the program and the function itself differ. Either what the function reads from elsewhere, "
                "and not from its arguments and parameters, has changed since it was traced: pass it as an "
                "argument, or compile the function again. Or it does something else when it is traced, with "
                "Values in place of numbers: isinstance(x, float) is false then, ask for (float, Value); and "
                "noise that it draws itself is drawn once: pass it as an argument (nn.Dropout draws it anew)"
            )

    def warn_of_guards(self, rows: int) -> None:
        """Say once that rows take another way through the function."""
        if not self._warned:
            self._warned = True
            warn(
                f"comparisons came out otherwise than when the function was traced, for {rows} rows: "
                f"they run eagerly, which is slow. Use maximum, relu, or {INSTEAD_OF_IF}"
            )


def _close(found: Sequence[float], expected: Sequence[float], tolerance: float) -> bool:
    """Compare numbers, relative to the largest of them; nan is equal to nan."""
    finite = [abs(number) for number in expected if abs(number) < float("inf")]
    scale = tolerance * (1e-6 + max(finite, default=0.0))
    return len(found) == len(expected) and all(
        a == b or abs(a - b) <= scale or (a != a and b != b) for a, b in zip(found, expected)
    )
