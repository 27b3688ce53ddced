"""What a function itself computes, run as it is; and whether a program computes the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.arguments import Argument
from autograd_lite.compiler.tracing import as_value, flat
from autograd_lite.core.modes import MODE, Mode, current_mode
from autograd_lite.engine import Value
from autograd_lite.gradients import grad

__all__ = ["check", "is_time", "run_eagerly"]


def run_eagerly(
    f: Callable[..., Any], parameters: Sequence[Value], example: Sequence[Argument], *, gradient: bool
) -> Any:
    """Run a function itself.

    Args:
        f: the function.
        parameters: what to differentiate by.
        example: its arguments.
        gradient: whether the gradient is wanted.

    Returns:
        The number and the list of derivatives; without gradient the list of all numbers returned.
    """
    token = MODE.set(Mode(current_mode(), recording=gradient))
    try:
        result = _call(f, example)
        if gradient:
            output = as_value(result)
            return output._data, grad(output, parameters)
        return [as_value(output)._data for output in flat(result)]
    finally:
        MODE.reset(token)


def _call(f: Callable[..., Any], example: Sequence[Argument]) -> Any:
    """Call a function with plain numbers; if it needs their methods, as in x.exp(), with Values."""
    try:
        return f(*[argument.build(lambda number: number) for argument in example])
    except (AttributeError, TypeError):
        return f(*[argument.build(lambda n: Value(n) if isinstance(n, float) else n) for argument in example])


def is_time(calls: int) -> bool:
    """Tell whether a call is checked: the first two, and after that ever fewer."""
    return calls in (0, 1, 10, 100, 1000, 10_000)


def check(
    f: Callable[..., Any],
    parameters: Sequence[Value],
    example: Sequence[Argument],
    outputs: Sequence[float],
    gradient: Sequence[float] | None,
    tolerance: float,
) -> None:
    """Compare what a program computed with what the function itself computes.

    Args:
        f: the function.
        parameters: what was differentiated by.
        example: the arguments.
        outputs: the numbers that were computed.
        gradient: the derivatives; None if there are none.
        tolerance: how far a number may be off, relative to the largest.

    Raises:
        RuntimeError: if they differ.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = run_eagerly(f, parameters, example, gradient=gradient is not None)
    value, slopes = (found, []) if gradient is None else ([found[0]], found[1])
    if not (_close(outputs, value, tolerance) and _close(gradient or [], slopes, tolerance)):
        raise RuntimeError(
            "the program and the function itself differ: the function must compute the same from "
            "its arguments and parameters each time. What it reads from elsewhere, and plain numbers "
            "it reads, are fixed when it is first called: compile it again after changing them"
        )


def _close(found: Sequence[float], expected: Sequence[float], tolerance: float) -> bool:
    """Compare numbers, relative to the largest of them; nan is equal to nan."""
    finite = [abs(number) for number in expected if abs(number) < float("inf")]
    scale = tolerance * (1e-6 + max(finite, default=0.0))
    return len(found) == len(expected) and all(
        a == b or abs(a - b) <= scale or (a != a and b != b) for a, b in zip(found, expected)
    )
