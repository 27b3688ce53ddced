"""Every operation, declared once.

A line names the operation, how it is written, its float function (as source, where that is short) and
its partial derivatives, given the output ``y`` and the inputs ``a, b, ...``:

    TANH = Op("tanh", "tanh({0})", math.tanh, lambda y, a: 1.0 - y * y)

The rules are generic: floats give a number, Values a graph that can be differentiated again, Symbols
(numbers that print themselves) the formula. That is why no rule asks how large a number is with ``if``;
pieces are chosen by STEP, SIGN, LESS and WHERE, which are operations too. On floats a rule answers as
IEEE 754 does: ``1.0 / a`` is inf at 0.

Where a line needs more: ``attributes`` are inputs that are plain numbers, such as a slope; ``many`` is the
one rule of an operation on lists, ``pack`` turns what a caller passes into these lists, and ``shares``
says that the partials of a list add up to 1; ``stops`` says where nothing is passed on, whatever comes from
above; ``array`` and ``array_slopes`` are the forms for compiled programs; ``identity`` is the number that
changes nothing; ``textbook`` is how a lecture writes the partials, where the rule is written to lose
no digits, and ``why`` the sentence that the steps show. ``Op`` documents each.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from typing import Any

from autograd_lite.core import ieee
from autograd_lite.core.coercion import position_of
from autograd_lite.core.error_function import erf_of_array, erfc_of_array, gelu_of_array
from autograd_lite.core.ieee import BELL, CUBIC, SQRT_HALF
from autograd_lite.core.list_rules import (
    added,
    largest_of,
    largest_of_array,
    logsumexp_of,
    logsumexp_of_array,
    norm_of,
    norm_of_array,
    pack_dot,
    pack_pick,
    pack_some,
    pack_sum,
    picked,
    sigmoid_of_array,
    step_of_array,
    weighted_sum,
)  # fmt: skip
from autograd_lite.core.op import Choice, Op

__all__ = ["OPS"]


SMALLEST = sys.float_info.min
"""The smallest normal float: the inverse of a smaller one may overflow."""
LN_2, LN_10 = math.log(2.0), math.log(10.0)
ERF_SLOPE = 2.0 / math.sqrt(math.pi)


def _or_1(length: Any) -> Any:
    """Return what to divide by: of a length of 0, which has no direction, nothing comes."""
    return WHERE(length, length, 1.0)


def _gap(a: Any) -> Any:
    """Return 1 - a², exact where a is near 1; where it is 1 in the form whose slope has no 0 * inf."""
    gap = (1.0 - a) * (1.0 + a)
    return WHERE(gap, gap, 1.0 - a * a)


def _bend(a: Any) -> Any:
    """Return 2 u of GELU's tanh form, which is a * sigmoid(2 * u)."""
    return 4.0 * BELL * (a + CUBIC * (a * a * a))


def _directions(y: Any, values: Sequence[Any]) -> tuple[list[Any]]:
    length = _or_1(y)
    return ([value / length for value in values],)


# ---- Arithmetic -----------------------------------------------------------------------

ADD = Op(
    "add", "{0} + {1}", operator.add, lambda y, a, b: 1.0, lambda y, a, b: 1.0,
    identity=(0.0, 0.0), dunder="add", why="+ passes the gradient on to both inputs",
    doc="Sum of two numbers.",
)
SUB = Op(
    "sub", "{0} - {1}", operator.sub, lambda y, a, b: 1.0, lambda y, a, b: -1.0,
    identity=(None, 0.0), dunder="sub",
    why="- passes the gradient on to the first input and negates it for the second",
    doc="Difference of two numbers.",
)
MUL = Op(
    "mul", "{0} * {1}", operator.mul, lambda y, a, b: b, lambda y, a, b: a,
    identity=(1.0, 1.0), dunder="mul", why="* hands each input the other's value",
    doc="Product of two numbers.",
)
DIV = Op(
    "div", "{0} / {1}", ieee.div, lambda y, a, b: 1.0 / b, lambda y, a, b: -y / b,
    identity=(None, 1.0), dunder="truediv",
    why="/ divides the gradient by the divisor, whose own share has the opposite sign",
    doc="Quotient of two numbers.",
)
NEG = Op(
    "neg", "-{0}", operator.neg, lambda y, a: -1.0,
    dunder="neg", why="- negates the gradient", doc="The number with the opposite sign.",
)
ABS: Op = Op(
    "abs", "abs({0})", abs, lambda y, a: SIGN(a),
    array="abs({0})", dunder="abs",
    why="abs passes the gradient on, negated where its input is negative", doc="Absolute value.",
)
# The WHEREs keep 0 * inf out of x ** 0 near x = 0, and log 0 out of 0 ** b: there, the base counts as 1.
POW = Op(
    "pow", "{0} ** {1}", ieee.pow,
    lambda y, a, b: b * WHERE(b, a, WHERE(LESS(SMALLEST, ABS(a)), a, 1.0)) ** (b - 1.0),
    lambda y, a, b: y * LOG(WHERE(a, a, WHERE(LESS(b, 0.0), a, 1.0))),
    identity=(None, 1.0), stops=(lambda a, b: b == 0.0, lambda a, b: False),
    textbook=(lambda y, a, b: b * a ** (b - 1.0), lambda y, a, b: y * LOG(a)),
    dunder="pow", why="** brings the exponent down in front and lowers it by one",
    doc="Power; never complex: a negative number to a fractional power is nan.",
)

MOD = Op(
    "mod", "{0} % {1}", ieee.mod, lambda y, a, b: 1.0, lambda y, a, b: -(a // b),
    dunder="mod", why="% passes the gradient on to the first input; the second gets it times minus a // b",
    doc="Remainder, with the sign of the divisor, as Python's.",
)
FLOORDIV = Op(
    "floordiv", "{0} // {1}", ieee.floordiv,
    lambda y, a, b: 0.0 * LESS(a, b), lambda y, a, b: 0.0 * LESS(a, b),
    dunder="floordiv", stops=True, why="// is flat: no gradient passes through it",
    doc="The largest whole number that is no larger than the quotient.",
)

# ---- Exponentials, roots, trigonometry --------------------------------------------------

EXP = Op(
    "exp", "exp({0})", ieee.exp, lambda y, a: y,
    array="exp({0})",
    why="exp scales the gradient by its own output", doc="Exponential.",
    example=("exp(1.0)", 2.718282),
)
EXPM1 = Op(
    "expm1", "expm1({0})", ieee.expm1, lambda y, a: EXP(a),
    array="expm1({0})",
    doc="exp(a) - 1, exact for small a.", example=("expm1(1e-6)", 1e-06),
)
EXP2 = Op("exp2", "exp2({0})", ieee.exp2, lambda y, a: LN_2 * y,
          array="exp2({0})", doc="2 to the power a.", example=("exp2(3.0)", 8.0))  # fmt: skip
LOG: Op = Op(
    "log", "log({0})", ieee.log, lambda y, a: 1.0 / a,
    array="log({0})",
    why="log divides the gradient by its input", doc="Natural logarithm.",
    example=("log(10.0)", 2.302585),
)
LOG1P = Op(
    "log1p", "log1p({0})", ieee.log1p, lambda y, a: 1.0 / (1.0 + a),
    array="log1p({0})",
    doc="log(1 + a), exact for small a.", example=("log1p(1.0)", 0.693147),
)
LOG2 = Op("log2", "log2({0})", ieee.log2, lambda y, a: 1.0 / (LN_2 * a),
          array="log2({0})", doc="Logarithm to the base 2.", example=("log2(8.0)", 3.0))  # fmt: skip
LOG10 = Op("log10", "log10({0})", ieee.log10, lambda y, a: 1.0 / (LN_10 * a),
           array="log10({0})", doc="Logarithm to the base 10.", example=("log10(1000.0)", 3.0))  # fmt: skip
SQRT = Op(
    "sqrt", "sqrt({0})", ieee.sqrt, lambda y, a: 0.5 / y,
    array="sqrt({0})",
    doc="Square root.", example=("sqrt(2.0)", 1.414214),
)
CBRT = Op("cbrt", "cbrt({0})", math.cbrt, lambda y, a: 1.0 / (3.0 * y * y),
          array="cbrt({0})", doc="Cube root.", example=("cbrt(-8.0)", -2.0))  # fmt: skip
HYPOT = Op(
    "hypot", "hypot({0}, {1})", math.hypot, lambda y, a, b: a / y, lambda y, a, b: b / y,
    array="hypot({0}, {1})", why="hypot hands each input its share of the length",
    doc="Length of the vector (a, b), sqrt(a ** 2 + b ** 2); at 0 its derivatives are nan, as PyTorch's.",
    example=("hypot(3.0, 4.0)", 5.0),
)
# What a loss squares: one product, the same digits on floats and on arrays.
SQUARE = Op(
    "square", "{0} ** 2", "{0} * {0}", lambda y, a: 2.0 * a,
    array="{0} * {0}", why="square scales the gradient by twice its input",
    doc="The number times itself.", example=("square(-3.0)", 9.0),
)
SIN = Op(
    "sin", "sin({0})", ieee.sin, lambda y, a: COS(a),
    array="sin({0})", doc="Sine of an angle in radians.",
    example=("sin(1.0)", 0.841471),
)
COS: Op = Op(
    "cos", "cos({0})", ieee.cos, lambda y, a: -SIN(a),
    array="cos({0})", doc="Cosine of an angle in radians.",
    example=("cos(1.0)", 0.540302),
)
TAN = Op("tan", "tan({0})", ieee.tan, lambda y, a: 1.0 + y * y,
         array="tan({0})", doc="Tangent of an angle in radians.", example=("tan(1.0)", 1.557408))  # fmt: skip

ASIN = Op(
    "asin", "asin({0})", ieee.asin, lambda y, a: 1.0 / SQRT(_gap(a)),
    array="arcsin({0})", textbook=(lambda y, a: 1.0 / SQRT(1.0 - a**2.0),),
    doc="The angle from -π/2 to π/2 whose sine is a.", example=("asin(1.0)", 1.570796),
)
ACOS = Op(
    "acos", "acos({0})", ieee.acos, lambda y, a: -1.0 / SQRT(_gap(a)),
    array="arccos({0})", textbook=(lambda y, a: -1.0 / SQRT(1.0 - a**2.0),),
    doc="The angle from 0 to π whose cosine is a.", example=("acos(0.0)", 1.570796),
)
ATAN = Op(
    "atan", "atan({0})", math.atan, lambda y, a: 1.0 / (1.0 + a * a),
    array="arctan({0})", textbook=(lambda y, a: 1.0 / (1.0 + a**2.0),),
    doc="The angle from -π/2 to π/2 whose tangent is a.", example=("atan(1.0)", 0.785398),
)
# Divided twice by the length, whose square may be no float. At the origin, it counts as 1.
ATAN2 = Op(
    "atan2", "atan2({0}, {1})", math.atan2,
    lambda y, a, b: b / _or_1(HYPOT(a, b)) / _or_1(HYPOT(a, b)),
    lambda y, a, b: -a / _or_1(HYPOT(a, b)) / _or_1(HYPOT(a, b)),
    array="arctan2({0}, {1})",
    textbook=(lambda y, a, b: b / (a**2.0 + b**2.0), lambda y, a, b: -a / (a**2.0 + b**2.0)),
    doc="The angle of the point with the height a and the width b; at 0 its derivatives are 0, as PyTorch's.",
    example=("atan2(1.0, -1.0)", 2.356194),
)
SINH = Op(
    "sinh", "sinh({0})", ieee.sinh, lambda y, a: COSH(a),
    array="sinh({0})", doc="Hyperbolic sine, (exp(a) - exp(-a)) / 2.", example=("sinh(1.0)", 1.175201),
)
COSH: Op = Op(
    "cosh", "cosh({0})", ieee.cosh, lambda y, a: SINH(a),
    array="cosh({0})", doc="Hyperbolic cosine, (exp(a) + exp(-a)) / 2.", example=("cosh(1.0)", 1.543081),
)
ASINH = Op(
    "asinh", "asinh({0})", math.asinh, lambda y, a: 1.0 / HYPOT(a, 1.0),
    array="arcsinh({0})", textbook=(lambda y, a: 1.0 / SQRT(a**2.0 + 1.0),),
    doc="The number whose hyperbolic sine is a.", example=("asinh(1.0)", 0.881374),
)
ACOSH = Op(
    "acosh", "acosh({0})", ieee.acosh, lambda y, a: 1.0 / SQRT(0.0 - _gap(a)),
    array="arccosh({0})", textbook=(lambda y, a: 1.0 / SQRT(a**2.0 - 1.0),),
    doc="The number, not negative, whose hyperbolic cosine is a.", example=("acosh(2.0)", 1.316958),
)
ATANH = Op(
    "atanh", "atanh({0})", ieee.atanh, lambda y, a: 1.0 / _gap(a),
    array="arctanh({0})", textbook=(lambda y, a: 1.0 / (1.0 - a**2.0),),
    doc="The number whose hyperbolic tangent is a.", example=("atanh(0.5)", 0.549306),
)
ERF = Op(
    "erf", "erf({0})", math.erf, lambda y, a: ERF_SLOPE * EXP(-(a * a)),
    array=erf_of_array, textbook=(lambda y, a: ERF_SLOPE * EXP(-(a**2.0)),),
    doc="Error function, 2 / sqrt(π) times the integral of exp(-t ** 2) from 0 to a.",
    example=("erf(1.0)", 0.842701),
)
ERFC = Op(
    "erfc", "erfc({0})", math.erfc, lambda y, a: -ERF_SLOPE * EXP(-(a * a)),
    array=erfc_of_array, textbook=(lambda y, a: -ERF_SLOPE * EXP(-(a**2.0)),),
    doc="1 - erf(a), without losing the tail.", example=("erfc(1.0)", 0.157299),
)

# ---- Activations ----------------------------------------------------------------------

# 1 - y * y would lose the slope's tail to rounding; this is the same, and keeps it.
TANH = Op(
    "tanh", "tanh({0})", math.tanh, lambda y, a: 4.0 * SIGMOID(2.0 * a) * SIGMOID(-2.0 * a),
    array="tanh({0})", array_slopes=("1.0 / cosh({1}) ** 2",), textbook=(lambda y, a: 1.0 - y**2.0,),
    doc="Hyperbolic tangent, (exp(a) - exp(-a)) / (exp(a) + exp(-a)).",
    example=("tanh(0.5)", 0.462117),
)
SIGMOID: Op = Op(
    "sigmoid", "sigmoid({0})", ieee.sigmoid, lambda y, a: y * SIGMOID(-a),
    array=sigmoid_of_array, array_slopes=("(0.5 / cosh(0.5 * {1})) ** 2",),
    textbook=(lambda y, a: y * (1.0 - y),),
    doc="Logistic sigmoid, 1 / (1 + exp(-a)).", example=("sigmoid(0.1)", 0.524979),
)
RELU = Op(
    "relu", "relu({0})", "0.0 if {0} <= 0.0 else {0}", lambda y, a: STEP(a, 0.0),
    array="maximum({0}, 0.0)", array_slopes=("sign({0})",), stops=True,
    why="relu passes the gradient on where its input is positive, and stops it elsewhere",
    doc="Rectified linear unit, the larger of a and 0.", example=("relu(-2.0)", 0.0),
)
LEAKY_RELU = Op(
    "leaky_relu", "leaky_relu({0}, {1})", "{0} if {0} > 0.0 else {1} * {0}",
    lambda y, a, slope: STEP(a, 0.0) + slope * STEP(-a, 1.0), attributes={"slope": 0.01},
    array="where({0} > 0.0, {0}, {1} * {0})",
    textbook=(lambda y, a, slope: WHERE(STEP(a, 0.0), 1.0, slope),),
    doc="a where a is positive, slope * a elsewhere.", example=("leaky_relu(-2.0)", -0.02),
)
# The inner RELU keeps exp from overflowing where the other piece is chosen.
ELU = Op(
    "elu", "elu({0}, {1})", ieee.elu,
    lambda y, a, alpha: WHERE(STEP(-a, 1.0), alpha * EXP(-RELU(-a)), 1.0),
    attributes={"alpha": 1.0},
    array="where({0} > 0.0, {0}, {1} * expm1(minimum({0}, 0.0)))",
    textbook=(lambda y, a, alpha: WHERE(STEP(a, 0.0), 1.0, y + alpha),),
    doc="Exponential linear unit: a where a is positive, alpha * (exp(a) - 1) elsewhere.",
    example=("elu(-1.0)", -0.632121),
)
SOFTPLUS = Op(
    "softplus", "softplus({0})", ieee.softplus, lambda y, a: SIGMOID(a),
    array="maximum({0}, 0.0) + log1p(exp(-abs({0})))", array_slopes=("-expm1(-{0})",),
    doc="log(1 + exp(a)), a smooth relu.", example=("softplus(0.0)", 0.693147),
)
LOG_SIGMOID = Op(
    "log_sigmoid", "log_sigmoid({0})", ieee.log_sigmoid, lambda y, a: SIGMOID(-a),
    array="-(maximum(-{0}, 0.0) + log1p(exp(-abs({0}))))", array_slopes=("-expm1({0})",),
    textbook=(lambda y, a: 1.0 - SIGMOID(a),),
    doc="log(sigmoid(a)), without overflow.", example=("log_sigmoid(0.0)", -0.693147),
)
SILU = Op(
    "silu", "silu({0})", ieee.silu,
    lambda y, a: SIGMOID(a) * (1.0 + a * SIGMOID(-a)),
    array=lambda xp, a: a * sigmoid_of_array(xp, a),
    textbook=(lambda y, a: y + SIGMOID(a) * (1.0 - y),),
    doc="a * sigmoid(a), also called swish.", example=("silu(1.0)", 0.731059),
)

GELU = Op(
    "gelu", "gelu({0}, {1})", ieee.gelu,
    lambda y, a, approximate: WHERE(
        approximate,
        SIGMOID(_bend(a)) * (1.0 + a * SIGMOID(-_bend(a)) * (4.0 * BELL * (1.0 + 3.0 * CUBIC * a * a))),
        0.5 * ERFC(-SQRT_HALF * a) + a * (BELL * EXP(-0.5 * (a * a))),
    ),
    attributes={"approximate": 0.0}, array=gelu_of_array,
    doc="Gaussian error linear unit: a times the share of a normal distribution below a; with approximate=1 "
    "a * sigmoid(2 * u), which is 0.5 * a * (1 + tanh(u)), u = sqrt(2 / π) * (a + 0.044715 * a ** 3).",
    example=("gelu(1.0)", 0.841345),
)

# ---- Pieces ---------------------------------------------------------------------------

MAXIMUM = Op(
    "maximum", "maximum({0}, {1})", "{1} if {1} > {0} or {1} != {1} else {0}",
    lambda y, a, b: 0.5 * (1.0 + LESS(b, a) - LESS(a, b)),
    lambda y, a, b: 0.5 * (1.0 + LESS(a, b) - LESS(b, a)),
    array="maximum({0}, {1})", stops=True,
    array_slopes=("0.5 + 0.5 * sign({1} - {2})", "0.5 + 0.5 * sign({2} - {1})"),
    textbook=(lambda y, a, b: LESS(b, a), lambda y, a, b: LESS(a, b)),
    why="maximum passes the gradient on to the larger input; at a tie each gets half",
    doc="The larger of two numbers.", example=("maximum(2.0, 3.0)", 3.0),
)
MINIMUM = Op(
    "minimum", "minimum({0}, {1})", "{1} if {1} < {0} or {1} != {1} else {0}",
    lambda y, a, b: 0.5 * (1.0 + LESS(a, b) - LESS(b, a)),
    lambda y, a, b: 0.5 * (1.0 + LESS(b, a) - LESS(a, b)),
    array="minimum({0}, {1})", stops=True,
    array_slopes=("0.5 + 0.5 * sign({2} - {1})", "0.5 + 0.5 * sign({1} - {2})"),
    textbook=(lambda y, a, b: LESS(a, b), lambda y, a, b: LESS(b, a)),
    why="minimum passes the gradient on to the smaller input; at a tie each gets half",
    doc="The smaller of two numbers.", example=("minimum(2.0, 3.0)", 2.0),
)
CLIP = Op(
    "clip", "clip({0}, {1}, {2})", "min(max({0}, {1}), {2})",
    lambda y, a, low, high: (1.0 - LESS(a, low)) * (1.0 - LESS(high, a)),
    attributes={"low": None, "high": None},
    array="minimum(maximum({0}, {1}), {2})", stops=True,
    why="clip passes the gradient on between the bounds, and stops it outside",
    doc="a, but no smaller than low and no larger than high.",
    example=("clip(7.0, -1.0, 1.0)", 1.0),
)
# 0 * y and not 0: an undefined input has an undefined slope.
STEP: Op = Op(
    "step", "step({0}, {1})",
    "{1} if {0} == 0.0 else 1.0 if {0} > 0.0 else 0.0 if {0} < 0.0 else {0}",
    lambda y, a, at_zero: 0.0 * y,
    attributes={"at_zero": 0.0},
    array=step_of_array, stops=True,
    why="step is flat: no gradient passes through it",
    doc="1 where a is positive, 0 where it is negative, at_zero at 0.",
    example=("step(3.0)", 1.0),
)
SIGN: Op = Op(
    "sign", "sign({0})", "1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else {0}",
    lambda y, a: 0.0 * y,
    array="sign({0})", stops=True,
    why="sign is flat: no gradient passes through it",
    doc="1 where a is positive, -1 where it is negative, 0 at 0.", example=("sign(-3.0)", -1.0),
)
LESS: Op = Op(
    "less", "less({0}, {1})", "1.0 if {0} < {1} else 0.0 if {0} >= {1} else {0} + {1}",
    lambda y, a, b: 0.0 * y, lambda y, a, b: 0.0 * y,
    array="where({0} < {1}, 1.0, where({0} >= {1}, 0.0, {0} + {1}))", stops=True,
    why="less is flat: no gradient passes through it",
    doc="1 where a < b, else 0; nan where either is nan.", example=("less(1.0, 2.0)", 1.0),
)
WHERE: Op = Choice(
    "where", "{1} if {0} else {2}", "{1} if {0} else {2}",
    lambda y, a, b, c: 0.0, lambda y, a, b, c: WHERE(a, 1.0, 0.0), lambda y, a, b, c: WHERE(a, 0.0, 1.0),
    array="where({0} != 0.0, {1}, {2})", stops=True,
    why="where passes the gradient on to the input that was chosen",
    doc="b where a is not 0, else c.",
    example=("where(0.0, 2.0, 3.0)", 3.0),
)

# ---- Many inputs, one node --------------------------------------------------------------


SUM = Op(
    "sum", "Σ_i values[i]", added, many=lambda y, values: ([1.0] * len(values),), pack=pack_sum,
    why="sum passes the gradient on to every input",
    doc="Sum of a list of numbers, added from left to right; like Python's sum, but one node.",
    example=("sum([1.0, 2.0, 3.0])", 6.0),
)
DOT = Op(
    "dot", "bias + Σ_i weights[i] * inputs[i]", weighted_sum,
    many=lambda y, weights, inputs, bias: (inputs, weights, [1.0]), pack=pack_dot,
    why="dot hands each weight its input and each input its weight",
    doc="The weighted sum of a neuron.",
    example=("dot([1.0, 2.0], [3.0, 4.0], 0.5)", 11.5),
)
AMAX: Op = Op(
    "amax", "max_i values[i]", largest_of, pack=pack_some("amax"),
    many=lambda y, values: ([1.0 - LESS(value, y) for value in values],), shares=True, stops=True,
    array=largest_of_array, array_slopes=("1.0 - sign({0} - {1})",),
    why="amax passes the gradient on to the largest input; at a tie each of the largest gets the same share",
    doc="The largest of a list of numbers.", example=("amax([1.0, 3.0, 2.0])", 3.0),
)
LOGSUMEXP = Op(
    "logsumexp", "log Σ_i exp(values[i])", logsumexp_of, pack=pack_some("logsumexp"),
    many=lambda y, values: ([EXP(value - y) for value in values],), shares=True,
    array=logsumexp_of_array,
    why="logsumexp shares the gradient out in proportion to exp of each input",
    doc="log of the sum of the exponentials of a list of numbers.",
    example=("logsumexp([0.0, 0.0])", 0.693147),
)
NORM = Op(
    "norm", "sqrt(Σ_i values[i] ** 2)", norm_of, pack=pack_some("norm"), many=_directions,
    array=norm_of_array, why="norm hands each input its share of the length",
    doc="Length of a vector; where it is 0, all derivatives are 0, as PyTorch's.",
    example=("norm([3.0, 4.0])", 5.0),
)
PICK = Op(
    "pick", "values[index]", picked, pack=pack_pick,
    many=lambda y, values, index: ([float(i == position_of(index)) for i in range(len(values))],),
    attributes={"index": None}, stops=True,
    why="pick passes the gradient on to the one input that was picked",
    doc="The number at a position of a list.", example=("pick([5.0, 6.0, 7.0], 2)", 7.0),
)

OPS: dict[str, Op] = {op.name: op for op in list(globals().values()) if isinstance(op, Op)}
"""Every operation by its name, in the order of declaration."""
