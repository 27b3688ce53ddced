"""Points that are computed: tables of truth, and paths with noise around them."""

from __future__ import annotations

import math
from cmath import rect
from collections.abc import Callable

from autograd_lite.core.coercion import is_plain
from autograd_lite.datasets.seeds import noise_of, whole

__all__ = ["and_gate", "blobs", "circles", "curve", "moons", "or_gate", "spirals", "xor"]

Rows = list[list[float]]
Labelled = tuple[Rows, list[int]]
Place = Callable[[int, float], complex]
"""A class k, and how far t along its path a point is, from 0 to 1, give the point x₁ + x₂ i."""


def and_gate() -> Labelled:
    """Return the truth table of AND as (X, y); one line separates its classes.

    Example:
        >>> and_gate()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])

    Source: lectures A5.
    """
    return _corners(), [0, 0, 0, 1]


def or_gate() -> Labelled:
    """Return the truth table of OR as (X, y); one line separates its classes.

    Example:
        >>> or_gate()[1]
        [0, 1, 1, 1]

    Source: lectures A5.
    """
    return _corners(), [0, 1, 1, 1]


def xor() -> Labelled:
    """Return the truth table of XOR as (X, y); no line separates its classes.

    Example:
        >>> xor()[1]
        [0, 1, 1, 0]

    Source: lectures A4, A5.
    """
    return _corners(), [0, 1, 1, 0]


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Labelled:
    """Make two interleaving half circles of radius 1.

    Formula:
        `class 0: (cos t, sin t),  class 1: (1 - cos t, ½ - sin t),  t evenly from 0 to π`

    Args:
        n: how many points in total, at least 2; the classes alternate: 0, 1, 0, 1, ...
        noise: standard deviation of the normal noise on each coordinate, 0 or more.
        seed: of the noise, a whole number.

    Returns:
        X, n points [x₁, x₂], and y, n classes 0 or 1.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> X, y = moons(4, noise=0.0)
        >>> [[round(x, 6) + 0.0 for x in point] for point in X], y
        ([[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [2.0, 0.5]], [0, 1, 0, 1])

    Source: lectures B10; micrograd's demo.
    """
    return _points(n, 2, noise, seed, lambda k, t: (1 + 0.5j) * k + (1 - 2 * k) * rect(1.0, math.pi * t))


def circles(n: int = 100, noise: float = 0.05, seed: int = 0, *, inner: float = 0.5) -> Labelled:
    """Make two circles, one inside the other.

    Formula:
        `class 0: (cos t, sin t),  class 1: inner · (cos t, sin t),  t evenly around the circle`

    Args:
        n, noise, seed: as for ``moons``.
        inner: radius of the inner circle, between 0 and 1.

    Returns and Raises as for ``moons``.

    Example:
        >>> X, y = circles(6, noise=0.0)
        >>> [round(math.hypot(*point), 6) for point in X]
        [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]

    Source: lectures B10.
    """
    if not is_plain(inner) or not 0.0 < inner < 1.0:
        raise ValueError(f"inner is a radius between 0 and 1, got {inner!r}")
    return _points(n, 2, noise, seed, lambda k, t: rect(inner if k else 1.0, math.tau * t), closed=True)


def spirals(n: int = 150, classes: int = 3, noise: float = 0.03, seed: int = 0) -> Labelled:
    """Make spiral arms around the origin, one for each class.

    Formula:
        `class k: r · (cos t, sin t),  t = 2πk / classes + 4r,  r evenly from 0.1 to 1`

    Args:
        n: how many points in total, at least one for each class; the classes alternate: 0, 1, 2, 0, ...
        classes: how many arms, at least 2.
        noise, seed: as for ``moons``.

    Returns and Raises as for ``moons``, with the classes 0 ... classes - 1.

    Example:
        >>> X, y = spirals(6, noise=0.0)
        >>> [round(math.hypot(*point), 6) for point in X], y
        ([0.1, 0.1, 0.1, 1.0, 1.0, 1.0], [0, 1, 2, 0, 1, 2])

    Source: lectures B8, B10.
    """
    return _points(
        n, classes, noise, seed, lambda k, t: rect(r := 0.1 + 0.9 * t, math.tau * k / classes + 4.0 * r)
    )


def blobs(n: int = 100, classes: int = 3, noise: float = 0.5, seed: int = 0) -> Labelled:
    """Make round clouds of points, one for each class.

    Formula:
        `class k: normal around 2 · (cos t, sin t),  t = 2πk / classes`

    Args:
        n, seed: as for ``spirals``.
        classes: how many clouds, at least 2.
        noise: standard deviation of a cloud along each coordinate, 0 or more.

    Returns and Raises as for ``moons``, with the classes 0 ... classes - 1.

    Example:
        >>> X, y = blobs(2, classes=2, noise=0.0)
        >>> [[round(x, 6) for x in point] for point in X], y
        ([[2.0, 0.0], [-2.0, 0.0]], [0, 1])

    Source: lectures B3.
    """
    return _points(n, classes, noise, seed, lambda k, t: rect(2.0, math.tau * k / classes))


def curve(n: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Rows, list[float]]:
    """Make a regression with one input: a wave on a slope.

    Formula:
        `y = sin(2x) + x / 2 + noise,  x evenly from -2 to 2`

    Args:
        n: how many points, at least 2; in order of x.
        noise: standard deviation of the normal noise on y, 0 or more.
        seed: of the noise, as for ``moons``.

    Returns and Raises as for ``moons``, with rows [x] and targets y that are floats.

    Example:
        >>> X, y = curve(3, noise=0.0)
        >>> X, [round(target, 6) for target in y]
        ([[-2.0], [0.0], [2.0]], [-0.243198, 0.0, 0.243198])

    Source: lectures B6, C11.
    """
    count, drawn = whole("n", n, 2), noise_of(noise, seed)
    X = [[4.0 * i / (count - 1) - 2.0] for i in range(count)]
    return X, [math.sin(2.0 * x) + x / 2.0 + drawn() for (x,) in X]


def _corners() -> Rows:
    return [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def _points(n: int, classes: int, noise: float, seed: int, place: Place, closed: bool = False) -> Labelled:
    """Place n points, the classes in turn; on a closed path the end, t = 1, is the start."""
    kinds = whole("classes", classes, 2)
    count, drawn = whole("n", n, kinds), noise_of(noise, seed)
    X, y = [], []
    for index in range(count):
        k, rank = index % kinds, index // kinds
        steps = (count - 1 - k) // kinds + closed
        point = place(k, rank / max(steps, 1))
        X.append([x + drawn() for x in (point.real, point.imag)])
        y.append(k)
    return X, y
