"""Jacobians, Hessians, and a check of gradients against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd_lite.core.modes import no_grad
from autograd_lite.core.scalar import number_of
from autograd_lite.engine import Value
from autograd_lite.gradients import grad

__all__ = ["GradientCheck", "gradcheck", "hessian", "jacobian"]


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value]) -> list[list[float]]:
    """Compute the matrix of the derivatives of several outputs by several inputs.

    Formula:
        J[i][j] = ∂outputs[i] / ∂inputs[j]

    Args:
        outputs: m Values computed from the inputs.
        inputs: n Values.

    Returns:
        m rows of n floats. No ``.grad`` is touched.

    Raises:
        TypeError: if an output or an input is not a Value.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> jacobian([x * y, x + y], [x, y])
        [[3.0, 2.0], [1.0, 1.0]]
    """
    return [grad(output, inputs) for output in outputs]


def hessian(output: Value, inputs: Sequence[Value]) -> list[list[float]]:
    """Compute the matrix of the second derivatives of an output.

    Formula:
        H[i][j] = ∂²output / ∂inputs[i] ∂inputs[j]

    Args:
        output: a Value computed from the inputs.
        inputs: n Values.

    Returns:
        n rows of n floats. No ``.grad`` is touched.

    Raises:
        TypeError: if output or an input is not a Value.
        RuntimeError: if a ``.data`` in the graph has changed since the forward pass.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> hessian(x * x * y, [x, y])
        [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(grad(output, inputs, create_graph=True), inputs)


@dataclass(frozen=True)
class GradientCheck:
    """What ``gradcheck`` found, for the input where the two numbers differ most.

    Attributes:
        ok: whether every gradient agrees with its finite difference.
        index: the position of the worst input.
        label: its label, "" if it has none.
        gradient: the derivative that the engine computed.
        difference: the finite difference.
        step: the distance that the finite difference used.
        error: how far apart the two are, in units of what is tolerated.
        kinks: the positions of the inputs that stand on a kink, where the derivative
            jumps and any number between the two one-sided slopes is right.
    """

    ok: bool
    index: int
    label: str
    gradient: float
    difference: float
    step: float
    error: float
    kinks: tuple[int, ...]

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        verdict = "all gradients agree" if self.ok else "a gradient is wrong"
        name = f"input {self.index}" + (f" ({self.label})" if self.label else "")
        kinks = f"; on a kink: {', '.join(map(str, self.kinks))}" if self.kinks else ""
        return (
            f"{verdict}; the worst is {name}: gradient {self.gradient!r}, "
            f"finite difference {self.difference!r} with step {self.step:.1e}{kinks}"
        )


def gradcheck(
    f: Callable[..., Value], inputs: Sequence[Value | float], tolerance: float = 1e-6
) -> GradientCheck:
    """Compare the gradient of a function with finite differences.

    Each input is moved a little to both sides, over a range of distances, and the
    distance is kept at which the symmetric difference, extrapolated to zero
    distance (Richardson), changes least. Where the one-sided slopes stay apart however
    small the distance, the input stands on a kink, and a gradient between them is right.
    Not so where one tie stands inside another, as in maximum(x, minimum(x, y)) at x = y:
    each follows its own convention, and the check reports that the whole has no kink there.

    Args:
        f: called with one Value for each input; returns a Value.
        inputs: where to check: Values or numbers.
        tolerance: how far apart the two may be, relative to the larger of 1 and the slope.

    Returns:
        The report; it is true if every gradient agrees.

    Raises:
        ValueError: if there is no input.
        TypeError: if f does not return a Value.

    Example:
        >>> check = gradcheck(lambda x, y: (x * y).tanh(), [0.5, -1.0])
        >>> bool(check), check.kinks
        (True, ())
    """
    labels = [value.label if isinstance(value, Value) else "" for value in inputs]
    point = [number_of(value) for value in inputs]
    if not point:
        raise ValueError("gradcheck needs at least one input to differentiate by")
    leaves = [Value(number, label) for number, label in zip(point, labels)]
    output = f(*leaves)
    if not isinstance(output, Value):
        raise TypeError(f"gradcheck: f returns a Value, got {output!r}")
    gradients = grad(output, leaves)

    def along(index: int) -> Callable[[float], float]:
        def move(distance: float) -> float:
            moved = [*point[:index], point[index] + distance, *point[index + 1 :]]
            with no_grad():
                return number_of(f(*map(Value, moved)))

        return move

    kinks = []
    worst: tuple[float, int, float, float] | None = None
    for index, gradient in enumerate(gradients):
        estimate = _slope(along(index), point[index])
        low, high = sorted((estimate.left, estimate.right))
        nearest = min(max(gradient, low), high) if estimate.kink else estimate.slope
        if estimate.kink:
            kinks.append(index)
        error = abs(gradient - nearest) / (tolerance * max(1.0, abs(nearest)))
        if math.isnan(error):
            error = math.inf
        if worst is None or error > worst[0]:
            worst = error, index, nearest, estimate.step
    assert worst is not None
    error, index, difference, step = worst
    return GradientCheck(
        error <= 1.0, index, labels[index], gradients[index], difference, step, error, tuple(kinks)
    )


@dataclass(frozen=True)
class _Estimate:
    slope: float
    left: float
    right: float
    step: float
    kink: bool


def _slope(move: Callable[[float], float], at: float) -> _Estimate:
    """Estimate a derivative from values nearby, and whether it jumps here."""
    here = move(0.0)
    best: tuple[float, _Estimate] | None = None
    scale = max(1.0, abs(at))
    for exponent in range(2, 9):
        step = scale * 10.0**-exponent
        rows = []
        for distance in (step, step / 2.0):
            above, below = move(distance), move(-distance)
            rows.append(((above - here) / distance, (here - below) / distance))
        (right_far, left_far), (right, left) = rows
        # Halving the distance halves the first error of a one-sided slope, quarters a symmetric one's.
        right_limit, left_limit = 2.0 * right - right_far, 2.0 * left - left_far
        far, near = (right_far + left_far) / 2.0, (right + left) / 2.0
        slope = near + (near - far) / 3.0
        rounding = abs(here) * 2.0**-50 / step
        gap, spread = abs(right - left), abs(right_far - left_far)
        kink = gap > 1e-4 * max(1.0, abs(slope)) + rounding and gap > 0.75 * spread
        change = abs(near - far) + rounding
        if kink:
            change = abs(right - right_far) + abs(left - left_far) + rounding
        if math.isfinite(change) and (best is None or change < best[0]):
            best = change, _Estimate(slope, left_limit, right_limit, step, kink)
    if best is None:
        return _Estimate(math.nan, math.nan, math.nan, scale * 1e-8, False)
    return best[1]
