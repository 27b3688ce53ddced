"""A check of gradients against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd_lite.core.modes import no_grad
from autograd_lite.core.scalar import number_of
from autograd_lite.derivatives import grad, listed_for
from autograd_lite.engine import Value, adjoints, topological_order

__all__ = ["GradientCheck", "gradcheck"]
__docformat__ = "google"


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
        uncertainty: how far the finite difference itself may be off. Where a gradient is no
            further from it, no finite difference can tell whether it is right.
    """

    ok: bool
    index: int
    label: str
    gradient: float
    difference: float
    step: float
    error: float
    kinks: tuple[int, ...]
    uncertainty: float

    def __bool__(self) -> bool:
        return self.ok

    @property
    def undecided(self) -> bool:
        """Whether a gradient differs, but by no more than the finite difference may be off."""
        difference = abs(self.gradient - self.difference)
        return not self.ok and (math.isnan(self.difference) or difference <= self.uncertainty)

    def __str__(self) -> str:
        verdict = "all gradients agree" if self.ok else "a gradient is wrong"
        if self.undecided:
            verdict = f"a gradient cannot be checked to better than {self.uncertainty:.1e}"
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

    Each input is moved a little to both sides, over a range of distances that follows its
    size, and the symmetric differences are extrapolated to zero distance (Richardson). The
    most certain one counts that no smaller distance contradicts, given how far the rounding
    of f may put each off. Where the one-sided slopes stay apart however
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
        ValueError: if there is no input, or f does not give the same number when called again.
        TypeError: if f does not return a Value.

    Example:
        >>> check = gradcheck(lambda x, y: (x * y).tanh(), [0.5, -1.0])
        >>> bool(check), check.kinks
        (True, ())
    """
    inputs = listed_for("gradcheck", f, inputs)
    labels = [value.label if isinstance(value, Value) else "" for value in inputs]
    point = [number_of(value) for value in inputs]
    if not point:
        raise ValueError("gradcheck needs at least one input to differentiate by")
    leaves = [Value(number, label) for number, label in zip(point, labels)]
    output = f(*leaves)
    if not isinstance(output, Value):
        raise TypeError(f"gradcheck: f returns a Value, got {output!r}")
    gradients = grad(output, leaves)
    noise = _rounding(output)

    def along(index: int) -> Callable[[float], float]:
        def move(distance: float) -> float:
            moved = [*point[:index], point[index] + distance, *point[index + 1 :]]
            with no_grad():
                return number_of(f(*map(Value, moved)))

        return move

    found: list[tuple[float, int, float, _Estimate]] = []
    for index, gradient in enumerate(gradients):
        _check_repeatable(along(index), output.data)
        estimate = _slope(along(index), point[index], noise)
        low, high = sorted((estimate.left, estimate.right))
        nearest = min(max(gradient, low), high) if estimate.kink else estimate.slope
        error = abs(gradient - nearest) / (tolerance * max(1.0, abs(nearest)))
        found.append((math.inf if math.isnan(error) else error, index, nearest, estimate))
    _check_repeatable(along(0), output.data)
    kinks = tuple(index for _, index, _, estimate in found if estimate.kink)
    error, index, difference, worst = max(found, key=lambda each: each[0])
    return GradientCheck(
        error <= 1.0, index, labels[index], gradients[index], difference, worst.step, error,
        kinks, worst.uncertainty,
    )  # fmt: skip


def _check_repeatable(move: Callable[[float], float], expected: float) -> None:
    """Raise a ValueError if a function gives another number at the same point."""
    for _ in range(4):
        again = move(0.0)
        if repr(again) != repr(expected):
            raise ValueError(
                f"gradcheck: f gives {expected!r}, and {again!r} when called again at the same point: what "
                "draws random numbers or keeps a state cannot be checked; seed it anew inside f, or switch "
                "it off, as with model.eval()"
            )


def _rounding(output: Value) -> float:
    """Estimate how far rounding may put an output off: what each node is rounded by, times its gradient."""
    _, nodes = topological_order(output)
    totals = adjoints(output, nodes)
    noise = abs(number_of(output))
    for node in nodes:
        terms = [partial * parent._data for partial, parent in zip(node.captured, node.parents)]
        rounded = max(map(abs, terms)) * len(terms) if len(terms) > 2 else 0.0  # a sum inside one node
        noise += abs(totals[node]) * (abs(node._data) + rounded)
    return noise * 2.0**-52 if math.isfinite(noise) else 0.0


@dataclass(frozen=True)
class _Estimate:
    """A derivative estimated with one step.

    Each of the two one-sided ones may be off by ``apart``; ``changes`` is how much the function
    changes within the step, on either side. Where it jumps, the smaller the step, the larger
    the slope.
    """

    slope: float
    left: float
    right: float
    step: float
    kink: bool
    uncertainty: float
    apart: float
    changes: tuple[float, float] = (0.0, 0.0)
    jump: bool = False

    def allows(self, other: _Estimate) -> bool:
        """Tell whether what a larger step gives may be true, as far as this one can tell."""
        sides = max(abs(self.left - other.left), abs(self.right - other.right))
        slopes = abs(self.slope - other.slope)
        return sides <= self.apart + other.apart and slopes <= self.uncertainty + other.uncertainty


def _slope(move: Callable[[float], float], at: float, noise: float) -> _Estimate:
    """Estimate a derivative from values nearby, and whether it jumps here."""
    here = move(0.0)
    estimates = [_estimate(move, here, step, noise) for step in _steps(at)]
    estimates = [each for each in estimates if math.isfinite(each.uncertainty + each.apart)]
    if not estimates or _is_unresolved(estimates, noise):
        return _Estimate(math.nan, math.nan, math.nan, abs(at) or 1.0, False, math.inf, math.inf)
    best, *others = [each for each in estimates if not each.jump] or estimates
    for other in others:
        if other.uncertainty < best.uncertainty and best.allows(other):
            best = other
    return best


def _is_unresolved(estimates: Sequence[_Estimate], noise: float) -> bool:
    """Tell whether a function changes as much within the smallest steps as it ever does, on both sides.

    Changes that may be rounding do not count, unless all are as small, and rounding is not small.
    """
    little = noise < 1e-8 * min(1.0, estimates[-1].step)
    for changes in zip(*(each.changes for each in estimates)):
        smallest, largest = max(changes[:3]), max(changes)
        if smallest == 0.0 or smallest < 0.05 * largest:
            return False
        if smallest <= 8.0 * noise and (little or 8.0 * noise < 0.05 * largest):
            return False
    return True


def _steps(at: float) -> list[float]:
    """List distances, the smallest first, from an eighth of a number down to that of its neighbours.

    They are powers of two, so that a number is moved by no more and no less. For a number
    below 1 there are those of 1 as well, since a function may not depend on its size.
    """
    sizes = {math.frexp(at or 1.0)[1], max(math.frexp(at)[1], 0)}
    exponents = {size - shift for size in sizes for shift in range(4, 53, 3)}
    return [math.ldexp(1.0, exponent) for exponent in sorted(exponents) if exponent > -1070]


def _estimate(move: Callable[[float], float], here: float, step: float, noise: float) -> _Estimate:
    """Estimate a derivative with a step and with half of it."""
    rows = []
    for distance in (step, step / 2.0):
        above, below = move(distance), move(-distance)
        rows.append(((above - here) / distance, (here - below) / distance))
    (right_far, left_far), (right, left) = rows
    far, near = (right_far + left_far) / 2.0, (right + left) / 2.0
    rounding = 4.0 * noise / step
    # Halving the distance halves the first error of a one-sided slope, quarters a symmetric one's.
    right_limit, left_limit = 2.0 * right - right_far, 2.0 * left - left_far
    slope = near + (near - far) / 3.0
    apart = abs(right - right_far) + abs(left - left_far) + 3.0 * rounding
    gap, spread = abs(right - left), abs(right_far - left_far)
    kink = gap > 1e-4 * max(1.0, abs(slope)) + 2.0 * rounding and gap > 0.75 * spread
    uncertainty = apart if kink else abs(near - far) + rounding
    changes = (abs(right) * step / 2.0, abs(left) * step / 2.0)
    jump = kink and gap > 1.5 * spread
    return _Estimate(slope, left_limit, right_limit, step, kink, uncertainty, apart, changes, jump)
