"""The error function on arrays, for NumPy, JAX and JavaScript have none: one approximation for all of them.

It is made of functions that each of them has, and off by 1e-15 of itself at most, also in the tail of
``erfc``. On floats Python has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.core.ieee import BELL, CUBIC, SQRT_HALF
from autograd_lite.core.list_rules import sigmoid_of_array

__all__ = ["erf_of_array", "erfc_of_array", "gelu_of_array"]

# Both polynomials were fitted with 50 digits at Chebyshev's points.
NEAR = (
    1.1283791670955126,
    -0.3761263890318375,
    0.11283791670954854,
    -0.02686617064507231,
    0.0052239776247753195,
    -0.0008548326978430694,
    0.00012055331025793798,
    -1.4925593245923501e-05,
    1.6460968721975601e-06,
    -1.634998274189769e-07,
    1.4657600165778558e-08,
    -1.1364607520605601e-09,
    5.943508233981782e-11,
)
"""erf(a) / a for a up to 1, by powers of a * a."""

TAIL = (
    1.0740069070883398,
    -0.8833944531698837,
    0.5902283571040995,
    -0.310467261900559,
    0.11952776128742953,
    -0.02682723462475679,
    -0.0012124166304665306,
    0.0030340620052084037,
    -0.0005483096526303513,
    -0.00027677787624495737,
    0.00010756121378775675,
    3.0398283305912576e-05,
    -1.7469389971409364e-05,
    -4.749450737577297e-06,
    2.7621697489657145e-06,
    9.988476255478981e-07,
    -4.0237864610060093e-07,
    -2.3239479307719504e-07,
    4.0177384716506685e-08,
    4.827303884049617e-08,
    2.316955333799965e-09,
    -6.226137661909857e-09,
    -1.5399651793444549e-09,
)
"""exp(a * a) * erfc(a) * (a + 3) for a from 0 to 28, by powers of (a - 3) / (a + 3)."""

LARGEST = 28.0
"""Beyond it erfc is 0."""


def erf_of_array(xp: Any, a: Any) -> Any:
    """Compute the error function on an array."""
    near = a * _polynomial(NEAR, xp.minimum(a * a, 1.0))
    return xp.where(abs(a) < 1.0, near, xp.sign(a) * (1.0 - _tail(xp, abs(a))))


def erfc_of_array(xp: Any, a: Any) -> Any:
    """Compute 1 - erf on an array; the tail keeps its digits."""
    tail = _tail(xp, abs(a))
    return xp.where(a < 0.0, 2.0 - tail, tail)


def gelu_of_array(xp: Any, a: Any, approximate: float) -> Any:
    """Compute gelu on an array."""
    if approximate:
        return a * sigmoid_of_array(xp, 4.0 * BELL * (a + CUBIC * (a * a * a)))
    return 0.5 * a * erfc_of_array(xp, -SQRT_HALF * a)


def _tail(xp: Any, size: Any) -> Any:
    """Compute erfc of numbers from 0.

    Of size ** 2 an ulp is a part of the result: its first bits are squared exactly, and the rest follows.
    """
    size = xp.minimum(size, LARGEST)
    first = xp.floor(16.0 * size) / 16.0
    power = xp.exp(-first * first) * xp.exp((first - size) * (first + size))
    return power * _polynomial(TAIL, (size - 3.0) / (size + 3.0)) / (size + 3.0)


def _polynomial(coefficients: Sequence[float], a: Any) -> Any:
    """Compute a polynomial by Horner's rule."""
    result = coefficients[-1] * a
    for coefficient in coefficients[-2:0:-1]:
        result = (result + coefficient) * a
    return result + coefficients[0]
