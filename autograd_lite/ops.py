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

from autograd_lite.core import ieee
from autograd_lite.core.coercion import position_of
from autograd_lite.core.list_rules import (
    added,
    largest_of,
    largest_of_array,
    logsumexp_of,
    logsumexp_of_array,
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
SQRT = Op(
    "sqrt", "sqrt({0})", ieee.sqrt, lambda y, a: 0.5 / y,
    array="sqrt({0})",
    doc="Square root.", example=("sqrt(2.0)", 1.414214),
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

# ---- Activations ----------------------------------------------------------------------

# 1 - y * y would lose the slope's tail to rounding; this is the same, and keeps it.
TANH = Op(
    "tanh", "tanh({0})", math.tanh, lambda y, a: 4.0 * SIGMOID(2.0 * a) * SIGMOID(-2.0 * a),
    array="tanh({0})", array_slopes=("(1.0 / cosh({1})) ** 2",), textbook=(lambda y, a: 1.0 - y**2.0,),
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
PICK = Op(
    "pick", "values[index]", picked, pack=pack_pick,
    many=lambda y, values, index: ([float(i == position_of(index)) for i in range(len(values))],),
    attributes={"index": None}, stops=True,
    why="pick passes the gradient on to the one input that was picked",
    doc="The number at a position of a list.", example=("pick([5.0, 6.0, 7.0], 2)", 7.0),
)

OPS: dict[str, Op] = {op.name: op for op in list(globals().values()) if isinstance(op, Op)}
"""Every operation by its name, in the order of declaration."""
