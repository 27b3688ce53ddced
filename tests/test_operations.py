"""Every operation: against an oracle, at its edge cases, as a fast kernel, as a declaration, in its docs."""

import doctest
import inspect
import itertools
import math
import operator
import struct
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import generated
import numpy
import pytest
from declared import attributes_of, call_of, inputs_of, public, without
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import MPContext

import autograd_lite as ag
from autograd_lite import (
    Op,
    Value,
    compile,
    detect_anomaly,
    functions,
    grad,
    gradcheck,
    no_grad,
    step_through,
)
from autograd_lite.core.error_function import erf_of_array, erfc_of_array
from autograd_lite.core.kernels import compile_kernel
from autograd_lite.core.list_rules import norm_of_array
from autograd_lite.core.modes import ACTIVE
from autograd_lite.core.op import evaluate
from autograd_lite.core.symbol import Symbol
from autograd_lite.engine import record
from autograd_lite.ops import OPS

inf, nan = math.inf, math.nan


def bits(number):
    """A float's bits, which tell 0.0 from -0.0; all nans are one."""
    assert type(number) is float
    return "nan" if math.isnan(number) else struct.pack("<d", number).hex()


def same(actual, expected):
    return actual == expected or (math.isnan(actual) and math.isnan(expected))


# ---- The oracle -----------------------------------------------------------------------
#
# mpmath's own functions, differentiated by central differences. With steps of 1e-170, relative to
# the point, they are wrong by 1e-340, which is less than any float. Each difference cancels digits,
# so as many more are carried, on top of 400 for tails: tanh(300) is 1 - 1e-260.
#
# A number that the package computes may be wrong by 1e-14 of itself or, where that is more,
# by 4 ulp of the largest term that its rule adds up. For a rule that only multiplies
# and divides, that term is the derivative itself. The rules in which terms can cancel
# have a function here that lists these terms as they are on paper, not as the package adds them.

mp = MPContext()
mp.dps = 400


def exact_derivative(function, point, indices):
    steps = [mp.mpf("1e-170") * (abs(number) or 1) for number in point]
    magnitude = max(1, abs(function(*point)), *map(abs, point))
    cancelled = sum(int(mp.log10(magnitude / steps[index])) for index in indices)
    with mp.workdps(mp.dps + cancelled):
        return difference(function, point, steps, indices)


def difference(function, point, steps, indices):
    if not indices:
        return mp.mpf(function(*point))
    index, *rest = indices
    above, below = list(point), list(point)
    above[index] += steps[index]
    below[index] -= steps[index]
    change = difference(function, above, steps, rest) - difference(function, below, steps, rest)
    return change / (2 * steps[index])


def assert_close(actual, case, point, indices):
    exact_point = [mp.mpf(number) for number in point]
    expected = exact_derivative(case.reference, exact_point, indices)
    terms = [expected] if case.terms is None else case.terms(exact_point, indices)
    largest = max(abs(term) for term in terms)
    allowed = max(mp.mpf("1e-14") * abs(expected), 4 * mp.mpf(math.ulp(float(largest))))
    assert abs(mp.mpf(actual) - expected) <= allowed, (
        f"{case.op}{point}, derivative by {indices}: {actual!r} and not {mp.nstr(expected, 20)}"
    )


def exact_sigmoid(a):
    return 1 / (1 + mp.exp(-a))


def slope_terms(a, order):
    """The terms of the sigmoid's derivatives: with s = sigmoid(a), t = sigmoid(-a): s' = st, t' = -st."""
    s, t = exact_sigmoid(a), exact_sigmoid(-a)
    return [[s], [s * t], [s * t**2, s**2 * t], [s * t**3, s**2 * t**2, s**3 * t]][order]


def sigmoid_terms(point, indices):
    return slope_terms(point[0], len(indices))


def softplus_terms(point, indices):  # its slope is sigmoid(a)
    return slope_terms(point[0], len(indices) - 1) if indices else [mp.log1p(mp.exp(point[0]))]


def log_sigmoid_terms(point, indices):  # log_sigmoid(a) = -softplus(-a)
    return softplus_terms([-point[0]], indices)


def tanh_terms(point, indices):  # tanh(a) = 2 sigmoid(2a) - 1, but its own value is no such sum
    if not indices:
        return [mp.tanh(point[0])]
    return [2 ** (len(indices) + 1) * term for term in slope_terms(2 * point[0], len(indices))]


def silu_terms(point, indices):  # (a s)'... = a s'... + n s'..., with one prime fewer on the right
    a, order = point[0], len(indices)
    return [a * term for term in slope_terms(a, order)] + [
        order * term for term in slope_terms(a, max(order - 1, 0))
    ]


def pow_terms(point, indices):
    """The terms of a**b differentiated i times by a and j times by b.

    The derivative by a holds a**(b - i), whose exponent is rounded to a float: an error in the
    exponent, times log(a), is that share of the power. So the exponent times log(a) is a term.
    """
    a, b = point
    i, j = indices.count(0), indices.count(1)
    log = mp.log(a)
    terms = {
        (0, j): [log**j],
        (1, 0): [b],
        (2, 0): [b * (b - 1)],
        (3, 0): [b * (b - 1) * (b - 2)],
        (1, 1): [1, b * log],
        (2, 1): [b - 1, b, b * (b - 1) * log],
        (1, 2): [log, b * log**2],
    }[i, j]
    in_exponent = max(1, abs((b - i) * log)) if i else 1
    return [term * a ** (b - i) * in_exponent for term in terms]


def asin_terms(point, indices):
    """With u = 1 - a², in which a small a leaves only rounding: the terms have 1 + |a| in its place."""
    a, order = abs(point[0]), len(indices)
    u = (1 - a) * (1 + a)
    return [[mp.asin(a)], [u**-0.5], [(1 + a) / 2 / u**1.5], [u**-1.5, (1 + a) ** 2 / u**2.5]][order]


def acos_terms(point, indices):
    return asin_terms(point, indices) if indices else [mp.acos(point[0])]


def atan_terms(point, indices):
    a, u = point[0], 1 + point[0] ** 2
    return [[mp.atan(a)], [1 / u], [2 * a / u**2], [2 / u**2, 8 * a**2 / u**3]][len(indices)]


def asinh_terms(point, indices):
    a, u = point[0], 1 + point[0] ** 2
    return [[mp.asinh(a)], [u**-0.5], [a / u**1.5], [u**-1.5, 3 * a**2 / u**2.5]][len(indices)]


def acosh_terms(point, indices):
    a, u = point[0], (point[0] - 1) * (point[0] + 1)
    return [[mp.acosh(a)], [u**-0.5], [a / u**1.5], [u**-1.5, 3 * a**2 / u**2.5]][len(indices)]


def atanh_terms(point, indices):
    a = abs(point[0])
    u = (1 - a) * (1 + a)
    return [[mp.atanh(a)], [1 / u], [(1 + a) / u**2], [2 / u**2, 2 * (1 + a) ** 2 / u**3]][len(indices)]


def atan2_terms(point, indices):
    a, b = point
    r = mp.hypot(a, b)
    if len(indices) < 2:
        return [mp.atan2(a, b)] if not indices else [[b, -a][indices[0]] / r**2]
    second = (
        [1 / r**2, 2 * max(abs(a), abs(b)) ** 2 / r**4] if indices[0] != indices[1] else [2 * a * b / r**4]
    )
    return second if len(indices) == 2 else [8 / r**3]


def length_terms(point, indices):
    r = mp.sqrt(mp.fsum(number**2 for number in point))
    if len(indices) < 2:
        return [r] if not indices else [point[indices[0]] / r]
    i, j = indices[:2]
    second = [point[i] * point[j] / r**3, 1 / r if i == j else 0]
    return second if len(indices) == 2 else [3 / r**2]


def erf_terms(point, indices):
    """In the exponent of exp(-a²) an ulp of a² is that share of it."""
    a, order = point[0], len(indices)
    bell = 2 / mp.sqrt(mp.pi) * mp.exp(-a * a) * max(1, a * a)
    return [[mp.erf(a)], [bell], [2 * a * bell], [2 * bell, 4 * a * a * bell]][order]


def erfc_terms(point, indices):
    return erf_terms(point, indices) if indices else [mp.erfc(point[0])]


def exact_gelu(a):
    return a * mp.erfc(-a / mp.sqrt(2)) / 2


def gelu_terms(point, indices):
    """a Φ(a), Φ + a φ, 2 φ - a² φ, -4 a φ + a³ φ; in the tail an ulp of a² is that share of each."""
    a, order = point[0], len(indices)
    share, bell = mp.erfc(-a / mp.sqrt(2)) / 2, mp.npdf(a)
    terms = [[a * share], [share, a * bell], [2 * bell, a**2 * bell], [4 * a * bell, a**3 * bell]][order]
    return [term * max(1, a * a) for term in terms]


CUBIC = mp.mpf(0.044715)  # as a float has it


def exact_gelu_tanh(a):
    return a / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (a + CUBIC * a**3)))


def gelu_tanh_terms(point, indices):
    """a σ(v), v = 2 u: the products of derivatives of σ, by v, and of v, by a."""
    a, order = point[0], len(indices)
    c = 2 * mp.sqrt(2 / mp.pi)
    v, v1, v2, v3 = c * (a + CUBIC * a**3), c * (1 + 3 * CUBIC * a * a), c * 6 * CUBIC * a, c * 6 * CUBIC
    s0, s1, s2, s3 = (max(map(abs, slope_terms(v, n))) for n in range(4))
    derivatives = [[s0], [s1 * v1], [s2 * v1**2, s1 * v2], [s3 * v1**3, 3 * s2 * v1 * v2, s1 * v3]]
    terms = [a * term for term in derivatives[order]]
    terms += [order * term for term in derivatives[order - 1]] if order else []
    return [term * max(1, abs(v)) for term in terms]


def real_cbrt(a):
    return mp.sign(a) * mp.cbrt(abs(a))


def floored(a, b):
    return mp.floor(a / b)


def sum_terms(point, indices):
    return [1] if indices else point


def dot_terms(point, indices):
    a, b, c, d, bias = point
    return [*point, 1] if indices else [a * c, b * d, bias]


def logsumexp_terms(point, indices):
    """With p = exp(v - y), the derivative of p[i] by v[j] is p[i] * (i == j) - p[i] * p[j].

    No p is larger than 1, so the largest term has each index once. In the exponent v - y an ulp of v
    or y is that share of p, so these are terms as well.
    """
    y = exact_logsumexp(*point)
    if not indices:
        return [max(point), y - max(point)]
    in_exponent = max(1, abs(y), *(abs(v) for v in point))
    return [mp.fprod(mp.exp(point[index] - y) for index in set(indices)) * in_exponent]


def exact_logsumexp(*values):
    return mp.log(mp.fsum(mp.exp(v) for v in values))


class Case(NamedTuple):
    """A call of an op, the same in mpmath, points for orders 0 to 3, and a domain of points for order 1."""

    op: str
    call: Callable[..., Any]
    reference: Callable[..., Any]
    points: list[tuple[float, ...]]
    domain: Any
    terms: Callable[..., Any] | None = None


def each(*numbers):
    return [(number,) for number in numbers]


def between(low, high):
    return st.floats(low, high)


def beyond(low, high):
    """Numbers of either sign with a magnitude from low to high."""
    return st.floats(low, high) | st.floats(-high, -low)


ANY = between(-1e150, 1e150)
NOT_ZERO = beyond(1e-100, 1e100)
APART = st.tuples(NOT_ZERO, NOT_ZERO).filter(lambda pair: pair[0] != pair[1])
PAIRS = [(3.0, 2.0), (-1.5, 0.25), (1e-10, -4.0), (1e100, 3.0), (0.0, -2.0), (-7.0, 1e-10)]
AROUND_ZERO = each(1e-300, -1e-300, 1e-10, -1e-10, 0.3, -0.7, 2.5, -3.0, 20.0, -20.0)
TAILS = each(
    0.0, 1e-10, -1e-10, 0.5, -0.5, 1.3169578969248166, 3.0, -3.0, 20.0, -20.0, 40.0, -40.0, 300.0, -300.0
)

CASES = [
    Case("add", operator.add, operator.add, PAIRS, st.tuples(ANY, ANY)),
    Case("sub", operator.sub, operator.sub, PAIRS, st.tuples(ANY, ANY)),
    Case("mul", operator.mul, operator.mul, PAIRS, st.tuples(ANY, ANY)),
    Case("mul", lambda a: a * a * a, lambda a: a**3, each(2.0, -0.3, 1e-10, 0.0, 1e50), st.tuples(NOT_ZERO)),
    Case("div", operator.truediv, operator.truediv, PAIRS, st.tuples(NOT_ZERO, NOT_ZERO)),
    Case("div", lambda b: 3.0 / b, lambda b: 3 / b, each(2.0, -0.3, 1e-10, 1e50), st.tuples(NOT_ZERO)),
    Case("neg", operator.neg, operator.neg, each(3.0, -0.5, 0.0), st.tuples(ANY)),
    Case("abs", abs, abs, AROUND_ZERO, st.tuples(beyond(1e-300, 1e300))),
    Case(
        "pow", operator.pow, operator.pow,
        [(2.0, 3.0), (0.5, -1.5), (10.0, 0.3), (1e-10, 2.5), (1e100, 2.0), (3.0, 0.0), (3.0, 1.0), (3.0, 2.0),
         (1.0, 5.0), (1.0, 0.0), (math.exp(-0.5), 2.0), (1e10, 1e-10), (10.0, 300.0), (2.0, -3.0)],
        st.tuples(between(1e-30, 1e30), between(-8.0, 8.0)), pow_terms,
    ),
    Case("pow", lambda a: a**3, lambda a: a**3, each(2.0, -2.0, 1e-10, -1e50), st.tuples(NOT_ZERO)),
    Case("pow", lambda a: a**2, lambda a: a**2, each(2.0, -2.0, 0.0, 1e-10, 1e100), st.tuples(NOT_ZERO)),
    Case("pow", lambda a: a**1, lambda a: a, each(2.0, -2.0, 1e-10, 1e100), st.tuples(NOT_ZERO)),
    Case("pow", lambda a: a**0, lambda a: 1, each(2.0, -2.0, 1e-10, 1e100), st.tuples(NOT_ZERO)),
    Case("pow", lambda a: a**-1, lambda a: 1 / a, each(2.0, -2.0, 1e-10, 1e50), st.tuples(NOT_ZERO)),
    Case("pow", lambda a: a**0.5, mp.sqrt, each(2.0, 0.01, 1e-10, 1e100), st.tuples(between(1e-100, 1e100))),
    Case("pow", lambda b: 2.0**b, lambda b: mp.mpf(2) ** b, AROUND_ZERO, st.tuples(between(-900.0, 900.0))),
    Case("exp", ag.exp, mp.exp, [*AROUND_ZERO, (0.0,), (700.0,), (-700.0,)],
         st.tuples(between(-700.0, 700.0))),
    Case("expm1", ag.expm1, mp.expm1, [*AROUND_ZERO, (0.0,), (700.0,), (-700.0,)],
         st.tuples(between(-700.0, 700.0))),
    Case("log", ag.log, mp.log, each(1.0, 0.5, 3.0, 1e-10, 1e-90, 1e90, 1.0 + 1e-15, 1.0 - 1e-15),
         st.tuples(between(1e-300, 1e300))),
    Case("log1p", ag.log1p, mp.log1p, each(0.0, 1e-10, -1e-10, 0.5, -0.5, 3.0, -1.0 + 1e-15, 1e90, 1e-300),
         st.tuples(between(-1.0 + 1e-15, 1e300))),
    Case("sqrt", ag.sqrt, mp.sqrt, each(1.0, 2.0, 0.01, 1e-10, 1e-90, 1e90),
         st.tuples(between(1e-300, 1e300))),
    Case("sin", ag.sin, mp.sin, [*AROUND_ZERO, (0.0,), (math.pi,), (math.pi / 2,), (1e15,)],
         st.tuples(between(-1e6, 1e6))),
    Case("cos", ag.cos, mp.cos, [*AROUND_ZERO, (0.0,), (math.pi,), (math.pi / 2,), (1e15,)],
         st.tuples(between(-1e6, 1e6))),
    Case("exp2", ag.exp2, lambda a: mp.mpf(2) ** a, [*AROUND_ZERO, (0.0,), (1000.0,), (-1000.0,)],
         st.tuples(between(-1000.0, 1000.0))),
    Case("log2", ag.log2, lambda a: mp.log(a, 2), each(1.0, 0.5, 3.0, 1e-10, 1e-90, 1e90),
         st.tuples(between(1e-300, 1e300))),
    Case("log10", ag.log10, mp.log10, each(1.0, 0.5, 3.0, 1e-10, 1e-90, 1e90),
         st.tuples(between(1e-300, 1e300))),
    Case("cbrt", ag.cbrt, real_cbrt, each(1.0, -2.0, 0.01, 1e-10, -1e-60, 1e60),
         st.tuples(beyond(1e-200, 1e300))),
    Case("asin", ag.asin, mp.asin, each(0.0, 1e-10, -0.3, 0.7, 1.0 - 1e-10, -1.0 + 1e-10),
         st.tuples(between(-1.0 + 1e-15, 1.0 - 1e-15)), asin_terms),
    Case("acos", ag.acos, mp.acos, each(0.0, 1e-10, -0.3, 0.7, 1.0 - 1e-10, -1.0 + 1e-10),
         st.tuples(between(-1.0 + 1e-15, 1.0 - 1e-15)), acos_terms),
    Case("atan", ag.atan, mp.atan, [*AROUND_ZERO, (0.0,), (1e40,)], st.tuples(ANY), atan_terms),
    Case("atan2", ag.atan2, mp.atan2, [*PAIRS[:4], (0.0, 3.0), (2.0, -1.0), (1e-90, 1e-90)],
         st.tuples(NOT_ZERO, NOT_ZERO), atan2_terms),
    Case("hypot", ag.hypot, mp.hypot, [*PAIRS, (1e200, 1e200), (1e-90, 1e-90)],
         st.tuples(NOT_ZERO, NOT_ZERO), length_terms),
    Case("norm", lambda *values: ag.norm(values), lambda *values: mp.sqrt(mp.fsum(v**2 for v in values)),
         [(1.0, -2.0, 3.0), (1e-10, 0.0, 1.0), (1e200, 1e200, 3.0)],
         st.tuples(NOT_ZERO, NOT_ZERO, NOT_ZERO), length_terms),
    Case("sinh", ag.sinh, mp.sinh, [*AROUND_ZERO, (0.0,), (700.0,)], st.tuples(between(-700.0, 700.0))),
    Case("cosh", ag.cosh, mp.cosh, [*AROUND_ZERO, (0.0,), (700.0,)], st.tuples(between(-700.0, 700.0))),
    Case("asinh", ag.asinh, mp.asinh, [*AROUND_ZERO, (0.0,), (1e60,)], st.tuples(ANY), asinh_terms),
    Case("acosh", ag.acosh, mp.acosh, each(1.0 + 1e-10, 1.5, 3.0, 1e60),
         st.tuples(between(1.0 + 1e-15, 1e150)), acosh_terms),
    Case("atanh", ag.atanh, mp.atanh, each(0.0, 1e-10, -0.3, 0.7, 1.0 - 1e-10, -1.0 + 1e-10),
         st.tuples(between(-1.0 + 1e-15, 1.0 - 1e-15)), atanh_terms),
    Case("erf", ag.erf, mp.erf, [*AROUND_ZERO, (0.0,), (1.0,), (6.0,)], st.tuples(between(-26.0, 26.0)),
         erf_terms),
    Case("erfc", ag.erfc, mp.erfc, [*AROUND_ZERO, (0.0,), (1.0,), (6.0,)], st.tuples(between(-26.0, 26.0)),
         erfc_terms),
    Case("mod", operator.mod, lambda a, b: a - b * floored(a, b), [(7.0, 3.0), (-7.0, 3.0), (7.5, -2.0)],
         st.tuples(between(-100.0, 100.0), beyond(0.1, 50.0)).filter(lambda pair: pair[0] % pair[1] != 0.0)),
    Case("floordiv", operator.floordiv, floored, [(7.0, 3.0), (-7.0, 3.0), (7.5, -2.0)],
         st.tuples(between(-100.0, 100.0), beyond(0.1, 50.0)).filter(lambda pair: pair[0] % pair[1] != 0.0)),
    Case("square", ag.square, lambda a: a * a, [*AROUND_ZERO, (1e150,), (-1e-150,)],
         st.tuples(between(-1e150, 1e150))),
    Case("tan", ag.tan, mp.tan, [*AROUND_ZERO, (0.0,), (math.pi,), (math.pi / 4,), (1.57,), (math.pi / 2,)],
         st.tuples(between(-1e6, 1e6))),
    Case("tanh", ag.tanh, mp.tanh, [*TAILS, (0.6584789484624083,)],
         st.tuples(between(-340.0, 340.0)), tanh_terms),
    Case("sigmoid", ag.sigmoid, exact_sigmoid, TAILS, st.tuples(between(-700.0, 700.0)), sigmoid_terms),
    Case("relu", ag.relu, lambda a: max(a, 0), AROUND_ZERO, st.tuples(beyond(1e-300, 1e300))),
    Case("leaky_relu", ag.leaky_relu, lambda a: a if a > 0 else mp.mpf(0.01) * a, AROUND_ZERO,
         st.tuples(beyond(1e-300, 1e300))),
    Case("leaky_relu", lambda a: ag.leaky_relu(a, 0.3), lambda a: a if a > 0 else mp.mpf(0.3) * a,
         AROUND_ZERO, st.tuples(beyond(1e-300, 1e300))),
    Case("elu", ag.elu, lambda a: a if a > 0 else mp.expm1(a), [*AROUND_ZERO, (700.0,), (-700.0,)],
         st.tuples(beyond(1e-300, 700.0))),
    Case("elu", lambda a: ag.elu(a, 1.5), lambda a: a if a > 0 else 1.5 * mp.expm1(a), AROUND_ZERO,
         st.tuples(beyond(1e-300, 700.0))),
    Case("softplus", ag.softplus, lambda a: mp.log1p(mp.exp(a)), [*TAILS, (30.0,), (-30.0,)],
         st.tuples(between(-700.0, 700.0)), softplus_terms),
    Case("log_sigmoid", ag.log_sigmoid, lambda a: -mp.log1p(mp.exp(-a)), [*TAILS, (30.0,), (-30.0,)],
         st.tuples(between(-700.0, 700.0)), log_sigmoid_terms),
    Case("silu", ag.silu, lambda a: a * exact_sigmoid(a), [*TAILS, (-1.278464542761074,)],
         st.tuples(between(-700.0, 700.0)), silu_terms),
    Case("gelu", ag.gelu, exact_gelu, [*AROUND_ZERO, (0.0,), (30.0,), (-30.0,)],
         st.tuples(between(-37.0, 37.0)), gelu_terms),
    Case("gelu", lambda a: ag.gelu(a, 1.0), exact_gelu_tanh, [*AROUND_ZERO[:8], (0.0,), (5.0,), (-8.0,)],
         st.tuples(between(-20.0, 20.0)), gelu_tanh_terms),
    Case("maximum", ag.maximum, max, PAIRS, APART),
    Case("minimum", ag.minimum, min, PAIRS, APART),
    Case("clip", lambda a: ag.clip(a, -1.0, 2.0), lambda a: min(max(a, -1), 2),
         each(0.0, 1e-10, 1.0, -1.0 + 1e-15, -1.0 - 1e-15, 2.0 - 1e-15, 2.0 + 1e-15, 1e300, -1e300),
         st.tuples(beyond(2.1, 1e300) | between(-0.9, 1.9))),
    Case("step", ag.step, lambda a: mp.mpf(a > 0), AROUND_ZERO, st.tuples(beyond(1e-300, 1e300))),
    Case("step", lambda a: ag.step(a, 0.5), lambda a: mp.mpf(a > 0), AROUND_ZERO,
         st.tuples(beyond(1e-300, 1e300))),
    Case("sign", ag.sign, mp.sign, AROUND_ZERO, st.tuples(beyond(1e-300, 1e300))),
    Case("less", ag.less, lambda a, b: mp.mpf(a < b), PAIRS, APART),
    Case("where", ag.where, lambda a, b, c: b, [(1.0, 2.0, 3.0), (-1e-300, 2.0, 3.0)],
         st.tuples(NOT_ZERO, ANY, ANY)),
    Case("where", lambda b, c: ag.where(Value(0.0), b, c), lambda b, c: c, PAIRS, st.tuples(ANY, ANY)),
    Case("sum", lambda *values: ag.sum(values), lambda *values: mp.fsum(values),
         [(1.0, 2.0, 3.0), (1e10, -1e10, 1e-10), (0.0, -0.0, 0.0)], st.tuples(ANY, ANY, ANY), sum_terms),
    Case("dot", lambda a, b, c, d, bias: ag.dot([a, b], [c, d], bias),
         lambda a, b, c, d, bias: a * c + b * d + bias,
         [(1.0, 2.0, 3.0, 4.0, 5.0), (1e10, -1e10, 1.0, 1.0, 1e-10), (0.0, -0.3, 1e100, 0.7, 0.0)],
         st.tuples(*[between(-1e100, 1e100)] * 5), dot_terms),
    Case("amax", lambda *values: ag.amax(values), max,
         [(1.0, 2.0, 3.0), (1e-30, -1.0, 0.0), (-5.0, -1e300, -7.0)],
         st.tuples(NOT_ZERO, NOT_ZERO, NOT_ZERO).filter(lambda point: len({*point}) == 3)),
    Case("logsumexp", lambda *values: ag.logsumexp(values), exact_logsumexp,
         [(0.0, 0.0, 0.0), (1.0, -2.0, 0.5), (-40.0, 0.0, 20.0), (700.0, 699.0, -700.0), (1e-10, -1e-10, 0.0),
          (-math.log(3.0), -math.log(3.0), -math.log(3.0)), (0.0, -5.0, -5.0), (-40.0, 0.0, -45.0),
          (1000.0, 999.0, 998.5), (-1000.0, -1001.0, -999.0)],
         st.tuples(*[between(-700.0, 700.0)] * 3), logsumexp_terms),
    Case("pick", lambda *values: ag.pick(values, 1), lambda *values: values[1],
         [(1.0, 2.0, 3.0), (0.0, -1e-10, 1e100)], st.tuples(ANY, ANY, ANY)),
]  # fmt: skip


def check_by_differences(op):
    """Check an operation that has no oracle: its rule against differences of its own float function.

    A float function that is plain arithmetic computes with many digits, too; of another one, which
    knows only floats, the differences are as exact as floats allow, and the second order is skipped.
    """
    count, call = inputs_of(op), call_of(op)
    for point in ((0.75, 0.25, 1.5), (1.25, -0.5, 0.3)):
        point = point[:count]
        exact = [mp.mpf(number) for number in point]
        function = op.forward if op.many is None else lambda *values: op.forward(list(values))
        try:
            precise = isinstance(function(*exact), mp.mpf)
        except TypeError:
            precise = False
        if not precise:
            assert gradcheck(call, point), op
            continue
        case = Case(op.name, call, function, [point], None)
        leaves = [Value(number) for number in point]
        for first in range(count):
            slope = grad(call(*leaves), leaves[first], create_graph=True)
            assert_close(slope.data, case, point, (first,))
            for second in range(count):
                assert_close(grad(slope, leaves[second]), case, point, (first, second))


def test_an_operation_without_an_oracle_is_checked_by_differences():
    for op in without({case.op for case in CASES}):
        check_by_differences(op)


def test_a_wrong_rule_without_an_oracle_is_found(monkeypatch):
    cube = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
    tail = Op("tail", "tail({0})", lambda a: math.exp(-a), lambda y, a: -y)
    squares = Op("squares", "Σ_i values[i]²", lambda values: sum(v * v for v in values),
                 many=lambda y, values: ([2.0 * v for v in values],))  # fmt: skip
    wrong = [
        Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a),
        Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0000001 * a * a),
        Op("tail", "tail({0})", lambda a: math.exp(-a), lambda y, a: y),
        Op("squares", "Σ_i values[i]²", lambda values: sum(v * v for v in values),
           many=lambda y, values: ([3.0 * v for v in values],)),
    ]  # fmt: skip
    for op in (cube, tail, squares, *wrong):
        monkeypatch.setattr(functions, op.name, op, raising=False)
        if op not in wrong:
            check_by_differences(op)
            continue
        with pytest.raises(AssertionError):
            check_by_differences(op)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op)
def test_value_and_derivatives_of_orders_1_to_3_are_the_oracles(case):
    for point in case.points:
        leaves = [Value(number) for number in point]
        results = {(): case.call(*leaves)}
        for order in (1, 2, 3):
            for indices in itertools.product(range(len(point)), repeat=order):
                before, last = results[indices[:-1]], leaves[indices[-1]]
                results[indices] = grad(before, last, create_graph=True)
        for indices, result in results.items():
            assert_close(result.data, case, point, indices)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op)
def test_value_and_captured_derivatives_are_the_oracles_all_over_the_domain(case):
    @settings(max_examples=100, deadline=None)
    @given(case.domain)
    def check(point):
        leaves = [Value(number) for number in point]
        output = case.call(*leaves)
        assert_close(output.data, case, point, ())
        for index, gradient in enumerate(grad(output, leaves)):
            assert_close(gradient, case, point, (index,))

    check()


# Where a function has a kink or the oracle has no derivative, the numbers are agreed on: orders 1, 2, 3, ...
AGREED = [
    ("relu", ag.relu, 0.0, [0.0, 0.0, 0.0]),
    ("abs", abs, 0.0, [0.0, 0.0, 0.0]),
    ("sign", ag.sign, 0.0, [0.0, 0.0, 0.0]),
    ("step", ag.step, 0.0, [0.0, 0.0, 0.0]),
    ("leaky_relu", ag.leaky_relu, 0.0, [0.01, 0.0, 0.0]),
    ("leaky_relu with a slope", lambda x: ag.leaky_relu(x, 0.3), 0.0, [0.3, 0.0, 0.0]),
    ("elu", ag.elu, 0.0, [1.0, 0.0, 0.0]),
    ("elu with an alpha", lambda x: ag.elu(x, 1.5), 0.0, [1.5, 0.0, 0.0]),
    ("clip at its lower bound", lambda x: ag.clip(x, -1.0, 2.0), -1.0, [1.0, 0.0, 0.0]),
    ("clip at its upper bound", lambda x: ag.clip(x, -1.0, 2.0), 2.0, [1.0, 0.0, 0.0]),
    ("maximum at a tie", lambda x: ag.maximum(x, 3.0), 3.0, [0.5, 0.0, 0.0]),
    ("minimum at a tie", lambda x: ag.minimum(3.0, x), 3.0, [0.5, 0.0, 0.0]),
    ("maximum of x and x", lambda x: ag.maximum(x, x), 3.0, [1.0, 0.0, 0.0]),
    ("x**0", lambda x: x**0, 0.0, [0.0, 0.0, 0.0, 0.0]),
    ("x**1", lambda x: x**1, 0.0, [1.0, 0.0, 0.0, 0.0]),
    ("x**2", lambda x: x**2, 0.0, [0.0, 2.0, 0.0, 0.0]),
    ("x**3", lambda x: x**3, 0.0, [0.0, 0.0, 6.0, 0.0, 0.0]),
    ("x**3 at -0.0", lambda x: x**3, -0.0, [0.0, 0.0, 6.0, 0.0, 0.0]),
    ("x**4", lambda x: x**4, 0.0, [0.0, 0.0, 0.0, 24.0, 0.0]),
    ("x**0, x subnormal", lambda x: x**0, 1e-310, [0.0, 0.0, 0.0]),
    ("x**1, x subnormal", lambda x: x**1, 1e-310, [1.0, 0.0, 0.0]),
    ("where, by its condition", lambda x: ag.where(x, Value(2.0), 3.0), 0.0, [0.0, 0.0, 0.0]),
    ("0**x", lambda x: 0.0**x, 3.0, [0.0, 0.0, 0.0]),
    ("sigmoid(1000)", ag.sigmoid, 1000.0, [0.0, 0.0, 0.0]),
    ("sigmoid(-1000)", ag.sigmoid, -1000.0, [0.0, 0.0, 0.0]),
    ("tanh(1000)", ag.tanh, 1000.0, [0.0, 0.0, 0.0]),
    ("softplus(1000)", ag.softplus, 1000.0, [1.0, 0.0, 0.0]),
    ("softplus(-1000)", ag.softplus, -1000.0, [0.0, 0.0, 0.0]),
    ("log_sigmoid(1000)", ag.log_sigmoid, 1000.0, [0.0, 0.0, 0.0]),
    ("log_sigmoid(-1000)", ag.log_sigmoid, -1000.0, [1.0, 0.0, 0.0]),
    ("silu(1000)", ag.silu, 1000.0, [1.0, 0.0, 0.0]),
    ("silu(-1000)", ag.silu, -1000.0, [0.0, 0.0, 0.0]),
    ("elu(1000)", ag.elu, 1000.0, [1.0, 0.0, 0.0]),
    ("elu(-1000)", ag.elu, -1000.0, [0.0, 0.0, 0.0]),
    ("exp(-1000)", ag.exp, -1000.0, [0.0, 0.0, 0.0]),
]


@pytest.mark.parametrize(
    ("call", "at", "expected"), [row[1:] for row in AGREED], ids=[row[0] for row in AGREED]
)
def test_derivatives_of_every_order_where_a_number_is_agreed_on(call, at, expected):
    x = Value(at)
    result = call(x)
    derivatives = []
    for _ in expected:
        result = grad(result, x, create_graph=True)
        derivatives.append(result.data)
    assert derivatives == expected


def test_derivatives_of_0_to_the_power_3_by_base_and_exponent():
    base, exponent = Value(0.0), Value(3.0)
    results = {"": base**exponent}
    for order in (1, 2, 3):
        for names in map("".join, itertools.product("be", repeat=order)):
            by = base if names[-1] == "b" else exponent
            results[names] = grad(results[names[:-1]], by, create_graph=True)
    assert {names: result.data for names, result in results.items() if result.data != 0.0} == {"bbb": 6.0}


# ---- The edge cases, as literal values ------------------------------------------------

EDGE_CASES = [
    ("relu", (0.0,), 0.0, (0.0,)),
    ("relu", (-0.0,), 0.0, (0.0,)),
    ("abs", (0.0,), 0.0, (0.0,)),
    ("sign", (0.0,), 0.0, (0.0,)),
    ("leaky_relu", (0.0, 0.01), 0.0, (0.01,)),
    ("leaky_relu", (0.0, 0.3), 0.0, (0.3,)),
    ("elu", (0.0, 1.0), 0.0, (1.0,)),
    ("step", (0.0, 0.0), 0.0, (0.0,)),
    ("step", (-0.0, 0.5), 0.5, (0.0,)),
    ("less", (2.0, 2.0), 0.0, (0.0, 0.0)),
    ("where", (0.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0)),
    ("where", (-0.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0)),
    ("where", (nan, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0)),
    ("relu", (nan,), nan, (nan,)),
    ("abs", (nan,), nan, (nan,)),
    ("sign", (nan,), nan, (nan,)),
    ("leaky_relu", (nan, 0.01), nan, (nan,)),
    ("elu", (nan, 1.0), nan, (nan,)),
    ("clip", (nan, -1.0, 1.0), nan, (nan,)),
    ("step", (nan, 0.0), nan, (nan,)),
    ("maximum", (nan, 1.0), nan, (nan, nan)),
    ("maximum", (1.0, nan), nan, (nan, nan)),
    ("minimum", (nan, 1.0), nan, (nan, nan)),
    ("minimum", (1.0, nan), nan, (nan, nan)),
    ("less", (nan, 1.0), nan, (nan, nan)),
    ("less", (1.0, nan), nan, (nan, nan)),
    ("maximum", (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("minimum", (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("maximum", (0.0, -0.0), 0.0, (0.5, 0.5)),
    ("maximum", (inf, inf), inf, (0.5, 0.5)),
    ("clip", (-1.0, -1.0, 1.0), -1.0, (1.0,)),
    ("clip", (1.0, -1.0, 1.0), 1.0, (1.0,)),
    ("clip", (1.5, -1.0, 1.0), 1.0, (0.0,)),
    ("clip", (-inf, -1.0, 1.0), -1.0, (0.0,)),
    ("log", (0.0,), -inf, (inf,)),
    ("log", (-1.0,), nan, (-1.0,)),
    ("log", (inf,), inf, (0.0,)),
    ("log1p", (-1.0,), -inf, (inf,)),
    ("log1p", (-2.0,), nan, (-1.0,)),
    ("sqrt", (0.0,), 0.0, (inf,)),
    ("sqrt", (-1.0,), nan, (nan,)),
    ("sqrt", (inf,), inf, (0.0,)),
    ("pow", (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("pow", (-0.0, 0.0), 1.0, (0.0, 0.0)),
    ("pow", (0.0, -1.0), inf, (-inf, -inf)),
    ("pow", (-0.0, -1.0), -inf, (-inf, inf)),
    ("pow", (0.0, -0.5), inf, (-inf, -inf)),
    ("pow", (-0.0, -0.5), inf, (-inf, -inf)),
    ("pow", (0.0, 0.5), 0.0, (inf, 0.0)),
    ("pow", (-0.0, 0.5), 0.0, (inf, 0.0)),
    ("pow", (-0.0, -2.0), inf, (inf, -inf)),
    ("pow", (-2.0, 3.0), -8.0, (12.0, nan)),
    ("pow", (-2.0, 0.5), nan, (nan, nan)),
    ("pow", (-2.0, 0.0), 1.0, (-0.0, nan)),
    ("pow", (nan, 0.0), 1.0, (nan, nan)),
    ("pow", (1e200, 2.0), inf, (2e200, inf)),
    ("pow", (-1e200, 3.0), -inf, (inf, nan)),
    ("pow", (-inf, 0.5), inf, (-0.0, nan)),
    ("mod", (7.0, 3.0), 1.0, (1.0, -2.0)),
    ("mod", (-7.0, 3.0), 2.0, (1.0, 3.0)),
    ("mod", (7.0, -3.0), -2.0, (1.0, 3.0)),
    ("mod", (-6.0, 3.0), 0.0, (1.0, 2.0)),
    ("mod", (1.0, 0.0), nan, (1.0, -inf)),
    ("mod", (0.0, 0.0), nan, (1.0, nan)),
    ("mod", (-1.0, inf), inf, (1.0, 1.0)),
    ("mod", (inf, 1.0), nan, (1.0, nan)),
    ("floordiv", (-7.0, 2.0), -4.0, (0.0, 0.0)),
    ("floordiv", (7.0, -2.0), -4.0, (0.0, 0.0)),
    ("floordiv", (1.0, inf), 0.0, (0.0, 0.0)),
    ("floordiv", (-1.0, inf), -1.0, (0.0, 0.0)),
    ("floordiv", (1.0, 0.0), inf, (0.0, 0.0)),
    ("floordiv", (0.0, 0.0), nan, (0.0, 0.0)),
    ("floordiv", (nan, 1.0), nan, (nan, nan)),
    ("atan2", (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("atan2", (0.0, -1.0), math.pi, (-1.0, 0.0)),
    ("atan2", (inf, 1.0), math.pi / 2.0, (0.0, nan)),
    ("atan2", (nan, 1.0), nan, (nan, nan)),
    ("hypot", (0.0, 0.0), 0.0, (nan, nan)),
    ("hypot", (0.0, -1.0), 1.0, (0.0, -1.0)),
    ("hypot", (inf, 1.0), inf, (nan, 0.0)),
    ("hypot", (nan, 1.0), nan, (nan, nan)),
    ("asin", (1.0,), math.pi / 2.0, (inf,)),
    ("asin", (2.0,), nan, (nan,)),
    ("acos", (-1.0,), math.pi, (-inf,)),
    ("acos", (nan,), nan, (nan,)),
    ("atan", (-inf,), -math.pi / 2.0, (0.0,)),
    ("sinh", (-1000.0,), -inf, (inf,)),
    ("cosh", (-1000.0,), inf, (-inf,)),
    ("asinh", (inf,), inf, (0.0,)),
    ("acosh", (1.0,), 0.0, (inf,)),
    ("acosh", (0.5,), nan, (nan,)),
    ("acosh", (-2.0,), nan, (1.0 / math.sqrt(3.0),)),
    ("acosh", (inf,), inf, (0.0,)),
    ("atanh", (1.0,), inf, (inf,)),
    ("atanh", (-1.0,), -inf, (inf,)),
    ("atanh", (2.0,), nan, (-1.0 / 3.0,)),
    ("erf", (inf,), 1.0, (0.0,)),
    ("erf", (nan,), nan, (nan,)),
    ("erfc", (-inf,), 2.0, (-0.0,)),
    ("cbrt", (0.0,), 0.0, (inf,)),
    ("cbrt", (-inf,), -inf, (0.0,)),
    ("log2", (0.0,), -inf, (inf,)),
    ("log2", (-1.0,), nan, (-1.0 / math.log(2.0),)),
    ("log10", (0.0,), -inf, (inf,)),
    ("log10", (-1.0,), nan, (-1.0 / math.log(10.0),)),
    ("exp2", (1024.0,), inf, (inf,)),
    ("exp2", (-inf,), 0.0, (0.0,)),
    ("gelu", (0.0, 0.0), 0.0, (0.5,)),
    ("gelu", (-1000.0, 0.0), 0.0, (0.0,)),
    ("gelu", (1000.0, 1.0), 1000.0, (1.0,)),
    ("exp", (710.0,), inf, (inf,)),
    ("expm1", (710.0,), inf, (inf,)),
    ("exp", (-inf,), 0.0, (0.0,)),
    ("div", (1.0, 0.0), inf, (inf, -inf)),
    ("div", (1.0, -0.0), -inf, (-inf, -inf)),
    ("div", (-1.0, 0.0), -inf, (inf, inf)),
    ("div", (0.0, 0.0), nan, (inf, nan)),
    ("sin", (inf,), nan, (nan,)),
    ("cos", (-inf,), nan, (nan,)),
    ("tan", (inf,), nan, (nan,)),
    ("tanh", (inf,), 1.0, (0.0,)),
    ("tanh", (-inf,), -1.0, (0.0,)),
    ("sigmoid", (inf,), 1.0, (0.0,)),
    ("sigmoid", (-inf,), 0.0, (0.0,)),
    ("sigmoid", (-1000.0,), 0.0, (0.0,)),
    ("softplus", (1000.0,), 1000.0, (1.0,)),
    ("softplus", (-1000.0,), 0.0, (0.0,)),
    ("softplus", (inf,), inf, (1.0,)),
    ("softplus", (-inf,), 0.0, (0.0,)),
    ("log_sigmoid", (1000.0,), 0.0, (0.0,)),
    ("log_sigmoid", (-1000.0,), -1000.0, (1.0,)),
    ("log_sigmoid", (-inf,), -inf, (1.0,)),
    ("elu", (-inf, 1.0), -1.0, (0.0,)),
    ("elu", (inf, 1.0), inf, (1.0,)),
    ("add", (inf, -inf), nan, (1.0, 1.0)),
    ("mul", (0.0, inf), nan, (inf, 0.0)),
    ("mul", (1e200, 1e200), inf, (1e200, 1e200)),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "operands", "value", "derivatives"), EDGE_CASES, ids=[f"{row[0]}{row[1]}" for row in EDGE_CASES]
)
def test_edge_case(name, operands, value, derivatives):
    op = OPS[name]
    plain = op(*operands)
    assert type(plain) is float  # never complex
    assert same(plain, value)
    count = len(derivatives)
    for call in (op, public(op)):
        for as_values in itertools.product([True, False], repeat=count):
            if not any(as_values):
                continue
            inputs = [
                Value(operand) if is_value else operand
                for operand, is_value in itertools.zip_longest(operands, as_values, fillvalue=False)
            ]
            leaves = [number for number in inputs if isinstance(number, Value)]
            expected = [derivative for derivative, is_value in zip(derivatives, as_values) if is_value]
            output = call(*inputs)
            assert type(output.data) is float
            assert same(output.data, value)
            assert all(map(same, output.partials, expected)), output.partials
            assert all(map(same, grad(output, leaves), expected))
            output.backward()
            assert all(map(same, [leaf.grad for leaf in leaves], expected))


def test_default_attributes():
    assert (ag.step(Value(0.0)).data, ag.step(0.0)) == (0.0, 0.0)
    assert (ag.leaky_relu(Value(-1.0)).data, ag.leaky_relu(-1.0)) == (-0.01, -0.01)
    assert (ag.elu(Value(-inf)).data, ag.elu(-inf)) == (-1.0, -1.0)
    x = Value(2.0)
    assert (ag.dot([x], [3.0]).data, ag.sum([x], start=1.0).data, ag.sum([x]).args) == (6.0, 3.0, (x,))


def test_both_gradients_of_a_value_to_its_own_power_at_0():
    x = Value(0.0)
    y = x**x
    assert (y.data, grad(y, x)) == (1.0, 0.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_second_derivatives_by_a_value_beside_a_constant_of_0_raise_nothing():
    x = Value(2.0)
    for output, slope, curvature in [
        (x / 0.0, inf, 0.0),
        (0.0 / x, 0.0, 0.0),
        (0.0**x, 0.0, 0.0),
        (x**0.0, 0.0, 0.0),
    ]:
        result = grad(output, x, create_graph=True)
        assert (result.data, grad(result, x)) == (slope, curvature)
        assert len(step_through(output)) == 3


def test_norm_of_nothing_passes_nothing_on_and_nan_spreads():
    leaves = [Value(0.0), Value(-0.0)]
    length = ag.norm(leaves)
    assert (length.data, grad(length, leaves)) == (0.0, [0.0, 0.0])
    assert math.isnan(ag.norm([inf, nan])) and ag.norm([inf, -inf]) == inf and ag.norm([-3.0]) == 3.0
    assert ag.norm([1e200, 1e200]) == math.hypot(1e200, 1e200)


def exact_error(computed, function, points):
    return max(
        abs((mp.mpf(float(y)) - function(mp.mpf(x))) / function(mp.mpf(x))) for x, y in zip(points, computed)
    )


def test_the_error_function_on_arrays_is_off_by_1e_15_at_most():
    points = [
        *numpy.linspace(-6.0, 6.0, 2000),
        *numpy.linspace(6.0, 26.5, 500),
        *numpy.geomspace(1e-300, 1.0, 200),
    ]
    array = numpy.array(points)
    assert exact_error(erf_of_array(numpy, array), mp.erf, points) < 1e-15
    assert exact_error(erfc_of_array(numpy, array), mp.erfc, points) < 1e-15
    edges = numpy.array([inf, -inf, nan, 0.0, 1e200])
    with numpy.errstate(over="ignore"):
        assert repr(erf_of_array(numpy, edges).tolist()) == "[1.0, -1.0, nan, 0.0, 1.0]"
    assert repr(erfc_of_array(numpy, edges).tolist()) == "[0.0, 2.0, nan, 1.0, 0.0]"


def test_the_length_of_arrays_is_that_of_lists():
    rows = [[3.0, 4.0], [0.0, -0.0], [1e200, -1e200], [1e-200, 1e-200], [inf, 1.0], [-inf, 0.0], [nan, 1.0]]
    with numpy.errstate(all="ignore"):
        lengths = norm_of_array(numpy, numpy.array(rows)).tolist()
    assert lengths == pytest.approx([*map(ag.norm, rows)], rel=1e-15, nan_ok=True)


def test_logsumexp_keeps_its_tail():
    assert ag.logsumexp([Value(0.0), Value(-40.0)]).data == math.exp(-40.0)
    assert ag.logsumexp([-800.0, 0.0, -745.0]) == 5e-324


@pytest.mark.parametrize(("wrong", "loss", "gradients"), [(1, 1000.0, [1.0, -1.0]), (0, 0.0, [0.0, 0.0])])
def test_cross_entropy_with_a_logit_gap_of_1000_is_finite(wrong, loss, gradients):
    logits = [Value(1000.0), Value(0.0)]
    entropy = ag.logsumexp(logits) - ag.pick(logits, wrong)
    assert entropy.data == loss
    assert grad(entropy, logits) == gradients
    assert ag.hessian(entropy, logits) == [[0.0, 0.0], [0.0, 0.0]]


def test_logsumexp_at_infinities():
    for values, result in [((inf, 0.0), inf), ((-inf, -inf), -inf), ((-inf, 2.0), 2.0), ((nan, 0.0), nan)]:
        assert same(ag.logsumexp([Value(value) for value in values]).data, result)
    leaves = [Value(-inf), Value(2.0)]
    assert grad(ag.logsumexp(leaves), leaves) == [0.0, 1.0]


# ---- Signals --------------------------------------------------------------------------

# Each call stands on one line, which is where its warnings point.
SIGNALLING = [
    ("div(1.0, 0.0) is inf", lambda: Value(1.0) / Value(0.0)),
    ("div(1.0, 0.0) is inf", lambda: Value(1.0) / 0),
    ("div(1.0, -0.0) is -inf", lambda: 1.0 / Value(-0.0)),
    ("div(0.0, 0.0) is nan", lambda: Value(0.0) / Value(0.0)),
    ("log(0.0) is -inf", lambda: Value(0.0).log()),
    ("log(0.0) is -inf", lambda: ag.log(0.0)),
    ("log(-1.0) is nan", lambda: ag.log(Value(-1.0))),
    ("log1p(-1.0) is -inf", lambda: ag.log1p(Value(-1.0))),
    ("log1p(-2.0) is nan", lambda: ag.log1p(Value(-2.0))),
    ("sqrt(-1.0) is nan", lambda: Value(-1.0).sqrt()),
    ("div(0.5, 0.0) is inf", lambda: Value(0.0).sqrt()),
    ("exp(710.0) is inf", lambda: Value(710.0).exp()),
    ("exp(710.0) is inf", lambda: ag.exp(710)),
    ("expm1(710.0) is inf", lambda: ag.expm1(Value(710.0))),
    ("pow(1e+200, 2.0) is inf", lambda: Value(1e200) ** 2),
    ("pow(-1e+200, 3.0) is -inf", lambda: Value(-1e200) ** Value(3.0)),
    ("pow(0.0, -1.0) is inf", lambda: Value(0.0) ** -1),
    ("pow(-0.0, -0.5) is inf", lambda: Value(-0.0) ** -0.5),
    ("pow(-2.0, 0.5) is nan", lambda: Value(-2.0) ** 0.5),
    ("pow(-2.0, 0.5) is nan", lambda: (-2.0) ** Value(0.5)),
    ("pow(0.0, -1.0) is inf", lambda: OPS["pow"](0.0, -1.0)),
    ("log(-2.0) is nan", lambda: Value(-2.0) ** Value(3.0)),
    ("mod(1.0, 0.0) is nan", lambda: Value(1.0) % 0),
    ("mod(1.0, 0.0) is nan", lambda: 1 % Value(0.0)),
    ("floordiv(-1.0, 0.0) is -inf", lambda: Value(-1.0) // Value(0.0)),
    ("div(0.0, 0.0) is nan", lambda: ag.hypot(Value(0.0), 0.0)),
    ("asin(2.0) is nan", lambda: ag.asin(Value(2.0))),
    ("acos(-2.0) is nan", lambda: ag.acos(Value(-2.0))),
    ("sinh(1000.0) is inf", lambda: ag.sinh(Value(1000.0))),
    ("cosh(-1000.0) is inf", lambda: ag.cosh(Value(-1000.0))),
    ("acosh(0.5) is nan", lambda: ag.acosh(Value(0.5))),
    ("atanh(-1.0) is -inf", lambda: ag.atanh(Value(-1.0))),
    ("atanh(2.0) is nan", lambda: ag.atanh(Value(2.0))),
    ("log2(0.0) is -inf", lambda: ag.log2(Value(0.0))),
    ("log10(-1.0) is nan", lambda: ag.log10(Value(-1.0))),
    ("exp2(1024.0) is inf", lambda: ag.exp2(Value(1024.0))),
    ("sin(inf) is nan", lambda: Value(inf).sin()),
    ("cos(-inf) is nan", lambda: Value(-inf).cos()),
    ("tan(inf) is nan", lambda: Value(inf).tan()),
]


@pytest.mark.parametrize(("message", "call"), SIGNALLING, ids=[row[0] for row in SIGNALLING])
def test_a_signal_warns_where_the_caller_is_and_names_the_operation_and_its_operands(message, call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert str(caught[0].message) == message
    for warning in caught:
        assert warning.category is RuntimeWarning
        assert (warning.filename, warning.lineno) == (__file__, call.__code__.co_firstlineno)


QUIET = [
    ("relu(nan)", lambda: ag.relu(Value(nan))),
    ("log(nan)", lambda: ag.log(Value(nan))),
    ("log(inf)", lambda: ag.log(Value(inf))),
    ("sqrt(nan)", lambda: ag.sqrt(Value(nan))),
    ("sin(nan)", lambda: ag.sin(Value(nan))),
    ("exp(inf)", lambda: ag.exp(Value(inf))),
    ("exp(-1000)", lambda: ag.exp(Value(-1000.0))),
    ("tanh(1000)", lambda: ag.tanh(Value(1000.0))),
    ("sigmoid(-1000)", lambda: ag.sigmoid(Value(-1000.0))),
    ("softplus(1000)", lambda: ag.softplus(Value(1000.0))),
    ("softplus(-1000)", lambda: ag.softplus(Value(-1000.0))),
    ("log_sigmoid(-1000)", lambda: ag.log_sigmoid(Value(-1000.0))),
    ("silu(-1000)", lambda: ag.silu(Value(-1000.0))),
    ("gelu(-1000)", lambda: ag.gelu(Value(-1000.0))),
    ("gelu(-1000), approximately", lambda: ag.gelu(Value(-1000.0), approximate=1)),
    ("erf(1e200)", lambda: ag.erf(Value(1e200))),
    ("atan2(0, 0)", lambda: ag.atan2(Value(0.0), Value(0.0))),
    ("norm of nothing", lambda: ag.norm([Value(0.0), Value(0.0)])),
    ("norm of large numbers", lambda: ag.norm([Value(1e200), Value(1e200)])),
    ("-7 % 3", lambda: Value(-7.0) % 3),
    ("elu(1000)", lambda: ag.elu(Value(1000.0))),
    ("elu(inf)", lambda: ag.elu(Value(inf))),
    ("inf - inf", lambda: Value(inf) - Value(inf)),
    ("0 * inf", lambda: Value(0.0) * Value(inf)),
    ("1e200 * 1e200", lambda: Value(1e200) * Value(1e200)),
    ("1e300 / 1e-300", lambda: Value(1e300) / 1e-300),
    ("nan / 1", lambda: Value(nan) / Value(1.0)),
    ("0**0", lambda: Value(0.0) ** Value(0.0)),
    ("0**2", lambda: Value(0.0) ** Value(2.0)),
    ("x**0 at 0", lambda: Value(0.0) ** 0),
    ("(-2)**3", lambda: Value(-2.0) ** 3),
    ("nan**2", lambda: Value(nan) ** 2),
    ("logsumexp", lambda: ag.logsumexp([Value(1000.0), Value(-1000.0)])),
    ("logsumexp of infinities", lambda: ag.logsumexp([Value(inf), Value(-inf)])),
]


@pytest.mark.parametrize("call", [row[1] for row in QUIET], ids=[row[0] for row in QUIET])
def test_what_python_does_not_signal_gives_no_warning(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        output = call()
        output.backward()


def test_a_constant_operand_is_not_differentiated_so_that_nothing_signals():
    """The derivative of x**3 by its exponent takes the log of x; nobody asked for it."""
    x = Value(-2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for three in (3, 3.0, Fraction(3), numpy.float64(3.0), numpy.int64(3)):
            assert grad(x**three, x) == 12.0
        assert grad(x**True, x) == 1.0
        assert grad(OPS["pow"](x, 3.0), x) == 12.0
        assert ag.hessian(x**3, [x]) == [[-12.0]]
        assert bool(gradcheck(lambda base: base**3, [x]))
        assert len(step_through(x**3)) == 3
        with detect_anomaly():
            assert grad(x**3, x) == 12.0
            assert ag.hessian(x**3, [x]) == [[-12.0]]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Value(0.0) ** -1.0
    assert [str(warning.message) for warning in caught] == ["pow(0.0, -1.0) is inf", "pow(0.0, -2.0) is inf"]


def test_a_signal_in_a_second_derivative_points_at_the_call_of_grad():
    x = Value(0.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        y = x.log()
        warnings.simplefilter("always")
        grad(y, x, create_graph=True)
    line = test_a_signal_in_a_second_derivative_points_at_the_call_of_grad.__code__.co_firstlineno + 6
    assert caught
    assert {(warning.filename, warning.lineno) for warning in caught} == {(__file__, line)}


# ---- The fast kernels are the general path ----------------------------------------------

AWKWARD = [0.0, -0.0, inf, -inf, nan, 5e-324, -5e-324, 1e-310, 1.0, -1.0, 0.5, 710.0, -745.0, 1e200, -1e308]
FLOATS = st.sampled_from(AWKWARD) | st.floats() | st.floats(-5.0, 5.0)
NUMBERS = FLOATS | st.integers(-5, 5) | st.just(2**60 + 1)
OPERANDS = FLOATS.map(Value) | NUMBERS


def outcome(compute):
    """All that can be told of a result: bits, operation, edges, operands, warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        node = compute()
    return {
        "data": bits(node.data),
        "op": node.op,
        "args": [id(arg) if isinstance(arg, Value) else (type(arg), repr(arg)) for arg in node.args],
        "parents": [id(parent) for parent in node.parents],
        "partials": [bits(partial) for partial in node.partials],
        "warnings": [str(warning.message) for warning in caught],
    }


def assert_kernel_is_record(op, inputs):
    function = public(op)
    assert outcome(lambda: function(*inputs)) == outcome(lambda: record(op, op.complete(tuple(inputs))))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("op", [op for op in OPS.values() if op.many is None], ids=lambda op: op.name)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_kernel_agrees_bit_for_bit_with_the_general_path(op, data):
    numbers = [data.draw(FLOATS) for _ in op.partials]
    attributes = [data.draw(NUMBERS) for _ in op.attributes]
    for as_values in itertools.product([True, False], repeat=len(numbers)):
        if any(as_values):
            inputs = [Value(n) if is_value else n for n, is_value in zip(numbers, as_values)]
            assert_kernel_is_record(op, [*inputs, *attributes])
            whole = data.draw(st.integers(-3, 3))
            inputs = [arg if isinstance(arg, Value) else whole for arg in inputs]
            assert_kernel_is_record(op, [*inputs, *attributes])


@pytest.mark.parametrize("op", [op for op in OPS.values() if len(op.partials) == 2], ids=lambda op: op.name)
@pytest.mark.parametrize("number", AWKWARD)
def test_kernel_agrees_for_one_value_on_both_sides(op, number):
    x = Value(number)
    assert_kernel_is_record(op, [x, x])


@pytest.mark.parametrize(
    "op", [op for op in OPS.values() if op.attributes and not op.many], ids=lambda op: op.name
)
def test_kernel_agrees_with_default_attributes(op):
    required = [0.5 for default in op.attributes.values() if default is None]
    for number in AWKWARD:
        assert_kernel_is_record(op, [Value(number), *required])


@given(st.lists(OPERANDS, min_size=1, max_size=5), st.lists(OPERANDS, min_size=5, max_size=5), st.data())
@settings(max_examples=200, deadline=None)
def test_operations_on_lists_agree_bit_for_bit_with_the_general_path(values, others, data):
    values = [Value(0.5), *values]  # at least one is a Value
    arguments = {
        "dot": (values, [*others, 1.0][: len(values)], data.draw(OPERANDS)),
        "pick": (values, data.draw(st.integers(0, len(values) - 1))),
    }
    for op in OPS.values():
        if op.many is not None:
            given = arguments.get(op.name, (values, *attributes_of(op)))
            listed, attributes = op.pack(*given)
            expected = outcome(lambda op=op, inputs=(*listed, *attributes): record(op, inputs))
            assert outcome(lambda op=op, given=given: public(op)(*given)) == expected


INSIDE = {"acosh": 1.7}
"""A number that the operation knows, where 0.7 is none."""


def any_call(op, number):
    """Call an op with Values of one number as all its inputs."""
    inputs = [Value(number) for _ in op.partials or range(3)]
    attributes = [0.5 for default in op.attributes.values() if default is None]
    calls = {"dot": lambda: ag.dot(inputs, inputs), "pick": lambda: ag.pick(inputs, 1)}
    if op.many is not None:
        return calls.get(op.name, lambda: public(op)(inputs))
    return lambda: public(op)(*inputs, *attributes)


@pytest.mark.parametrize("op", OPS.values(), ids=OPS.keys())
def test_no_grad_gives_the_same_number_and_no_graph(op):
    compute = any_call(op, INSIDE.get(op.name, 0.7))
    recorded = compute()
    with no_grad():
        result = compute()
    assert bits(result.data) == bits(recorded.data)
    assert (result.op, result.parents, result.partials) == (None, (), ())
    assert recorded.op is op


@pytest.mark.parametrize("op", OPS.values(), ids=OPS.keys())
def test_detect_anomaly_lets_finite_results_pass_and_names_the_operation_of_others(op):
    inside = INSIDE.get(op.name, 0.7)
    expected = any_call(op, inside)()
    with detect_anomaly():
        result = any_call(op, inside)()
        assert (result.data, result.op, result.partials) == (expected.data, op, expected.partials)
        with pytest.raises(FloatingPointError, match=rf"^{op.name}\(.*nan.*\) is nan"):
            any_call(op, nan)()


# ---- One line declares an operation ---------------------------------------------------


def test_one_line_gives_a_new_operation_everything():
    gaussian = Op("gaussian", "gaussian({0})", lambda a: math.exp(-a * a), lambda y, a: -2.0 * a * y)
    x = Value(0.5, "x")
    y = gaussian(x)
    assert gaussian(0.5) == y.data == math.exp(-0.25)
    assert grad(y, x) == -math.exp(-0.25)
    y.backward()
    assert x.grad == -math.exp(-0.25)
    slope = grad(y, x, create_graph=True)
    assert grad(slope, x) == pytest.approx((4.0 * 0.25 - 2.0) * math.exp(-0.25), rel=1e-14)
    assert ag.hessian(gaussian(x), [x])[0][0] == grad(slope, x)
    assert gaussian.partial_formula(0) == "-2 * a * y"
    assert gradcheck(gaussian, [0.5])
    assert [str(step) for step in step_through(gaussian(x) * 3.0, names={})] == [
        "v1 = gaussian(x) = gaussian(0.5) = 0.778801",
        "v2 = v1 * 3 = 0.778801 * 3 = 2.3364",
        "∂v2/∂v2 = 1",
        "∂v2/∂v1 += ∂v2/∂v2 · 3 = 1 · 3 = 3  (0 → 3)",
        "∂v2/∂x += ∂v2/∂v1 · (-2 * x * v1) = 3 · -0.778801 = -2.3364  (0 → -2.3364)",
    ]


def test_a_new_operation_works_inside_modes():
    gaussian = Op("gaussian", "gaussian({0})", lambda a: math.exp(-a * a), lambda y, a: -2.0 * a * y)
    with no_grad():
        assert gaussian(Value(0.5)).parents == ()
    with detect_anomaly():
        assert grad(gaussian(x := Value(0.5)), x) == -math.exp(-0.25)
        with pytest.raises(FloatingPointError, match=r"^gaussian\(x=nan\) is nan"):
            gaussian(Value(nan, "x"))


def test_a_new_operation_has_kernels():
    shared = ACTIVE.copy()
    hypotenuse = Op(
        "hypotenuse", "hypotenuse({0}, {1})", math.hypot, lambda y, a, b: a / y, lambda y, a, b: b / y
    )
    fast = compile_kernel(hypotenuse, shared)["hypotenuse"]
    x, y = Value(3.0), Value(4.0)
    for inputs in [(x, y), (x, 4.0), (3.0, y), (x, 4), (3, y), (x, x)]:
        expected = outcome(lambda inputs=inputs: record(hypotenuse, inputs))
        assert outcome(lambda inputs=inputs: fast(*inputs)) == expected
        assert expected["data"] == bits(5.0) or inputs == (x, x)
    assert fast(3.0, 4.0) == 5.0
    zero = Value(0.0)
    with pytest.warns(RuntimeWarning, match=r"div\(0\.0, 0\.0\) is nan"):
        assert all(map(math.isnan, fast(zero, zero).partials))


def test_a_new_operation_with_attributes():
    stretch = Op(
        "stretch", "stretch({0}, {1})", lambda a, by: a**3 * by, lambda y, a, by: 3.0 * by * a * a,
        attributes={"by": 2.0},
    )  # fmt: skip
    x = Value(3.0)
    assert (stretch(3.0), stretch(3.0, 10.0)) == (54.0, 270.0)
    assert (stretch(x).data, grad(stretch(x), x), stretch(x).args) == (54.0, 54.0, (x, 2.0))
    assert (stretch(x, 10).data, grad(stretch(x, 10), x), stretch(x, 10).args) == (270.0, 270.0, (x, 10.0))
    assert grad(grad(stretch(x, 10.0), x, create_graph=True), x) == 180.0
    assert stretch.partial_formula(0) == "3 * by * a * a"
    assert gradcheck(lambda a: stretch(a, 0.5), [1.5])
    fast = compile_kernel(stretch, ACTIVE.copy())["stretch"]
    assert outcome(lambda: fast(x)) == outcome(lambda: record(stretch, (x, 2.0)))
    assert outcome(lambda: fast(x, 10)) == outcome(lambda: record(stretch, (x, 10)))
    with pytest.raises(TypeError, match="by is a plain number, not a Value"):
        stretch(x, Value(1.0))
    with pytest.raises(TypeError, match=r"stretch\(a, by\) got 3 arguments"):
        stretch(x, 1.0, 2.0)


def test_a_new_operation_on_a_list():
    product = Op("product", "product({0})", math.prod, many=lambda y, values: ([y / v for v in values],))
    x, y = Value(3.0, "x"), Value(4.0, "y")
    output = product([x, 2.0, y, x])
    assert (output.data, output.parents, output.partials) == (72.0, (x, y, x), (24.0, 18.0, 24.0))
    assert grad(output, [x, y]) == [48.0, 18.0]
    assert product([2.0, 5.0]) == 10.0
    assert ag.hessian(output, [x, y]) == [[16.0, 12.0], [12.0, 0.0]]
    assert gradcheck(lambda a, b: product([a, b, a]), [1.5, -0.5])
    assert str(step_through(output, names={})[0]) == "v1 = product(x, 2, y, x) = product(3, 2, 4, 3) = 72"
    fast = compile_kernel(product, ACTIVE.copy())["product"]
    inputs = [x, 2.0, y, x]
    assert outcome(lambda: fast(inputs)) == outcome(lambda: record(product, (inputs,)))
    with no_grad():
        assert fast(inputs).parents == ()


def test_a_new_operation_on_a_list_has_ieee_slopes():
    product = Op("product", "product({0})", math.prod, many=lambda y, values: ([y / v for v in values],))
    with pytest.warns(RuntimeWarning, match=r"div\(0\.0, 0\.0\) is nan"):
        assert all(map(same, product([Value(0.0), Value(2.0)]).partials, (nan, 0.0)))


def test_a_new_operation_that_is_flat_in_one_input():
    gate = Op("gate", "gate({0}, {1})", lambda a, b: a * b, lambda y, a, b: 0.0, lambda y, a, b: a)
    x, y = Value(3.0, "x"), Value(4.0, "y")
    output = gate(x, y)
    assert (output.data, output.args, output.parents, list(output.partials)) == (
        12.0,
        (x, y),
        (x, y),
        [0.0, 3.0],
    )
    assert grad(output, [x, y]) == [0.0, 3.0]
    assert grad(grad(output, y, create_graph=True), [x, y]) == [1.0, 0.0]
    assert gate.partial_formula(0) == "0"
    assert [str(step) for step in step_through(output, names={})] == [
        "v1 = gate(x, y) = gate(3, 4) = 12",
        "∂v1/∂v1 = 1",
        "∂v1/∂x += ∂v1/∂v1 · 0 = 1 · 0 = 0  (0 → 0)",
        "∂v1/∂y += ∂v1/∂v1 · x = 1 · 3 = 3  (0 → 3)",
    ]
    fast = compile_kernel(gate, ACTIVE.copy())["gate"]
    for inputs in [(x, y), (2.0, y), (x, 4.0), (x, 4), (x, x)]:
        expected = outcome(lambda inputs=inputs: record(gate, inputs))
        assert outcome(lambda inputs=inputs: fast(*inputs)) == expected


def test_steps_of_where_show_its_condition():
    condition, x = Value(1.0, "condition"), Value(2.0, "x")
    trace = step_through(ag.where(condition, x, 3.0), names={})
    assert [step.formula for step in trace] == [
        "v1 = x if condition else 3",
        "∂v1/∂v1",
        "∂v1/∂condition += ∂v1/∂v1 · 0",
        "∂v1/∂x += ∂v1/∂v1 · (1 if condition else 0)",
    ]
    product = condition * x
    assert len(step_through(ag.where(product, product, x), names={})) == 8


@pytest.mark.parametrize("name", "inv index concat call lt mod pos matmul add".split())
def test_an_own_operation_may_be_called_what_python_calls_a_special_method(name):
    own = Op(name, f"{name}({{0}})", lambda a: 1.0 / a, lambda y, a: -y * y)
    x = Value(4.0)
    assert not own.is_operator and own.sign == name
    assert (own(x).data, grad(own(x), x), own(x)._op) == (0.25, -0.0625, name)
    for backend in ("python", "numpy"):
        program = ag.compile(lambda a: own(x * a) + x, [x], backend=backend)
        assert program.mean_and_grad([1.0, 0.5]) == (4.375, [0.90625])
    assert str(step_through(own(x), names={"x": x})[0]) == f"v1 = {name}(x) = {name}(4) = 0.25"


OWN_TEMPLATES = [
    ("-cube({0})", lambda a: -a * a * a, lambda y, a: -3.0 * a * a),
    ("-{0}", lambda a: -2.0 * a, lambda y, a: -2.0),  # not Python's
    ("{0}!", lambda a: a * a + 1.0, lambda y, a: 2.0 * a),
    ("{0} + 1 mod 2", lambda a: a + 3.0, lambda y, a: 1.0),
    ("{0} ** 2", lambda a: a * a * a, lambda y, a: 3.0 * a * a),
    ("abs({0})", lambda a: a * 0.5, lambda y, a: 0.5),
    ("|{0}| if {0} else 0", lambda a: 5.0 * a, lambda y, a: 5.0),
]


@pytest.mark.parametrize(
    ("template", "forward", "partial"), OWN_TEMPLATES, ids=[row[0] for row in OWN_TEMPLATES]
)
def test_a_template_is_only_how_an_own_operation_is_written(template, forward, partial):
    own = Op("own", template, forward, partial)
    x = Value(1.5)
    for backend in ("python", "numpy"):
        program = ag.compile(lambda a: own(x * a) * 2.0, [x], backend=backend)
        mean, (slope,) = program.mean_and_grad([2.0, 1.0])
        assert mean == forward(3.0) + forward(1.5)
        assert slope == 2.0 * partial(None, 3.0) + partial(None, 1.5)
    shown = template.format("x")
    assert str(own(Symbol("x")) * 2.0) == (f"{shown} * 2" if shown == "abs(x)" else f"({shown}) * 2")


def test_a_template_of_two_inputs_is_only_how_it_is_written():
    wrapped = Op("wrapped", "{0} + {1} mod 1", operator.add, lambda y, a, b: 1.0, lambda y, a, b: 1.0)
    x, y = Value(0.5), Value(0.25)
    for backend in ("python", "numpy"):
        program = ag.compile(lambda a: wrapped(x * a, y) * y, [x, y], backend=backend)
        assert program.mean_and_grad([1.0, 3.0]) == (0.3125, [0.5, 1.5])
    shown = str(step_through(wrapped(x, y), names={"x": x, "y": y})[0])
    assert shown == "v1 = x + y mod 1 = 0.5 + 0.25 mod 1 = 0.75"


def test_a_default_attribute_may_be_infinite():
    cap = Op(
        "cap", "cap({0}, {1})", lambda a, limit: min(a, limit), lambda y, a, limit: OPS["less"](a, limit),
        attributes={"limit": math.inf},
    )  # fmt: skip
    fast = compile_kernel(cap, ACTIVE.copy())["cap"]
    x = Value(2.0)
    assert [cap(x).data, grad(cap(x), x), grad(cap(x, 1.0), x)] == [2.0, 1.0, 0.0]
    assert [fast(x).data, grad(fast(x), x), grad(fast(x, 1.0), x)] == [2.0, 1.0, 0.0]


def test_a_rule_may_hold_an_infinite_constant_and_whole_numbers():
    wall = Op("wall", "wall({0})", lambda a: a, lambda y, a: OPS["where"](OPS["less"](a, 0), math.inf, 1))
    assert [grad(wall(x), x) for x in (Value(-1.0), Value(1.0))] == [inf, 1.0]
    fast = compile_kernel(wall, ACTIVE.copy())["wall"]
    assert [grad(fast(x), x) for x in (Value(-1.0), Value(1.0))] == [inf, 1.0]


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (
            lambda: Op("two words", "{0}", abs, lambda y, a: 1.0),
            "name of an operation is a Python identifier",
        ),
        (lambda: Op("none", "none({0})", abs), "none: give either one partial for each input, or `many`"),
        (
            lambda: Op("both", "both({0})", abs, lambda y, a: 1.0, many=lambda y, values: values),
            "both: give either one partial for each input, or `many`",
        ),
        (lambda: Op("flat", "flat({0})", abs, None, None), "flat: each partial is a function, got None"),
        (lambda: Op("short", "short({0})", abs, lambda a: 1.0), "short: each partial is a function of y, a"),
        (lambda: Op("far", "far({1})", abs, lambda y, a: 1.0), "far: the template .* names other inputs"),
        (
            lambda: Op("four", "four({0})", max, *[lambda y, a, b, c: 1.0] * 4),
            "four: more than 3 inputs are a list: give `many`",
        ),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(declare, message):
    with pytest.raises(ValueError, match=message):
        declare()


def test_a_wrong_number_of_arguments_says_what_is_wrong():
    with pytest.raises(TypeError, match=r"mul\(a, b\) got 1 arguments"):
        OPS["mul"](1.0)
    with pytest.raises(TypeError, match=r"clip\(a, low, high\) got 2 arguments"):
        OPS["clip"](1.0, 2.0)
    with pytest.raises(ValueError, match="dot takes lists of one length, got 2 and 1"):
        ag.dot([Value(1.0), 2.0], [3.0])
    with pytest.raises(ValueError, match="logsumexp of no values"):
        ag.logsumexp([])
    with pytest.raises(IndexError, match="pick takes an index from 0 to 1, got 2"):
        ag.pick([Value(1.0), 2.0], 2)
    with pytest.raises(TypeError, match=r"pick takes a whole number as its index, got 0\.5"):
        ag.pick([Value(1.0), 2.0], 0.5)


@pytest.mark.parametrize(
    "op", [op for op in OPS.values() if op.identity != (None, None)], ids=lambda op: op.name
)
def test_the_numbers_declared_to_change_nothing_change_nothing(op):
    left, right = op.identity
    for number in AWKWARD:
        assert left is None or same(op(left, number), number)
        assert right is None or same(op(number, right), number)
    symbol = Symbol("a")
    assert left is None or op(left, symbol) is symbol
    assert right is None or op(symbol, right) is symbol


def test_numbers_that_change_nothing_are_left_out_of_formulas():
    a = Symbol("a")
    assert [str(term) for term in (a + 0.0, 0.0 + a, a - 0.0, 1.0 * a, a * 1.0, a / 1.0, a**1.0)] == ["a"] * 7
    assert [str(term) for term in (0.0 - a, 1.0 / a, 1.0**a, a + 1.0, a * 0.0)] == [
        "0 - a", "1 / a", "1 ** a", "a + 1", "a * 0",
    ]  # fmt: skip


def test_no_rule_branches_on_a_number():
    """A rule must hold for Symbols, whose truth has no meaning; every op prints all its partials."""
    for op in OPS.values():
        if op.many is None:
            for index, partial in enumerate(op.partials):
                assert partial is None or op.partial_formula(index)


# ---- What is generated from the declarations ------------------------------------------


@pytest.mark.parametrize("name", functions.__all__)
def test_every_public_function_has_a_docstring_with_its_formula_and_an_example_that_runs(name):
    function = getattr(ag, name)
    text = inspect.getdoc(function)
    assert OPS[name].doc in text and text.splitlines()[0]
    assert "Formula:\n    `y = " in text
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(function, name, module=False):
        runner.run(test)
    assert runner.tries >= 2 or OPS[name].example is None
    assert runner.failures == 0


def test_docstrings_give_the_derivatives():
    of_div = functions.documentation(OPS["div"])
    assert "    `y = a / b`\n    `∂y/∂a = 1 / b`\n    `∂y/∂b = -y / b`\n" in of_div
    assert "    `y = exp(a)`\n    `∂y/∂a = y`\n" in ag.exp.__doc__
    assert "    `y = bias + Σ_i weights[i] * inputs[i]`\n" in ag.dot.__doc__


def test_the_stub_in_the_repository_is_what_the_declarations_give():
    for stub, text in generated.stubs().items():
        assert stub.read_text(encoding="utf-8") == text


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("op", [op for op in OPS.values() if op.many is None], ids=lambda op: op.name)
def test_partials_of_floats_have_the_bits_of_their_terms(op):
    """Compiled or evaluated term by term, and where Python raises: of infinities, of 1 / 0, of nan."""
    numbers = (0.0, -0.0, 1.0, -2.5, 3.0, 1e-300, 1e300, math.inf, -math.inf, math.nan)
    for inputs in itertools.product(numbers, repeat=len(op.names)):
        y = op.forward(*inputs)
        values = {"y": y, **dict(zip(op.names, inputs))}
        wanted = range(len(op.partials))
        exact = [evaluate(term, values) for term in op.terms(op.names)]
        assert repr(op.slopes(y, inputs, wanted)) == repr(exact)


def test_divmod_is_the_quotient_and_the_remainder_as_of_floats():
    numbers = [7.5, -7.5, 0.0, -2.0, 1e300]
    for a, b in itertools.product(numbers, [2.0, -3.0, 0.5]):
        x, y = Value(a), Value(b)
        for one, other in [(x, y), (x, b), (a, y), (x, int(b) or 1)]:
            divisor = other.data if isinstance(other, Value) else other
            quotient, remainder = divmod(one, other)
            assert (quotient.data, remainder.data) == divmod(a, divisor)
        assert grad(divmod(x, y)[1], [x, y]) == grad(x % y, [x, y])
    with pytest.raises(TypeError):
        divmod(Value(1.0), "2")
    with pytest.raises(TypeError):
        divmod([1.0], Value(2.0))


def test_divmod_is_traced():
    program = compile(lambda x: sum(divmod(x, 3.0)), [])
    assert [program(number) for number in (7.0, -7.0)] == [3.0, -1.0]
