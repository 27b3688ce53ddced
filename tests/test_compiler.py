"""Compiled programs against the functions they were made from: the same numbers on every backend."""

import ast
import functools
import itertools
import math
import operator
import random

import numpy as np
import pytest
from declared import call_of, inputs_of, without
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs_for_compiler import Maker, lift
from rounding import sums_of_absolute_terms

import autograd_lite as ag
from autograd_lite import Value, datasets, fit, grad, losses, nn, optim, predict
from autograd_lite.compiler import compile
from autograd_lite.compiler.arrays import expressions
from autograd_lite.compiler.arrays.expressions import operation
from autograd_lite.compiler.arrays.printer import NumPyPrinter
from autograd_lite.compiler.arrays.products import MatrixProduct
from autograd_lite.compiler.arrays.runtime import Scattered
from autograd_lite.engine import topological_order
from autograd_lite.ops import OPS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

TOLERANCE = 1e-12
"""Relative to the sum of the absolute terms of a number."""


def assert_close(found, expected, scales):
    assert len(found) == len(expected) == len(scales)
    for one, other, scale in zip(found, expected, scales):
        assert one == other or abs(one - other) <= TOLERANCE * max(1.0, scale), (one, other, scale)


class Eager:
    """What a function computes for some rows: values, gradients, and what rounding is relative to."""

    def __init__(self, f, parameters, rows):
        outputs = [f(*row) for row in rows]
        self.values = [output.data for output in outputs]
        self.gradients = [grad(output, parameters) for output in outputs]
        self.scales = [sums_of_absolute_terms(output, parameters) for output in outputs]
        count = len(rows)
        self.mean = sum(self.values) / count
        self.mean_gradient = [sum(column) / count for column in zip(*self.gradients)]
        self.mean_scales = [max(column) for column in zip(*self.scales)]

    @property
    def is_tame(self):
        return all(abs(number) < 1e3 for number in [*self.values, *self.mean_scales])


def check(f, parameters, rows, backend, eager=None, exact=True):
    """Compare one-row calls, gradients, batches and a whole batch traced at once with the function."""
    eager = eager or Eager(f, parameters, rows)
    program = compile(f, parameters, backend=backend)
    for row, value, gradient, scales in zip(rows, eager.values, eager.gradients, eager.scales):
        assert_close([program(*row)], [value], [abs(value)])
        found, slopes = program.value_and_grad(*row)
        if backend == "python":
            assert found == value  # to the last bit
            assert slopes == gradient or not exact
        assert_close([found, *slopes], [value, *gradient], [abs(value), *scales])
    columns = [list(column) for column in zip(*rows)]
    mean, gradient = program.mean_and_grad(*columns)
    assert_close([mean, *gradient], [eager.mean, *eager.mean_gradient], [1.0, *eager.mean_scales])
    assert_close(program.map(*columns), eager.values, [abs(value) for value in eager.values])
    whole = compile(lambda: ag.mean([f(*row) for row in rows]), parameters, backend=backend)
    mean, gradient = whole.value_and_grad()
    assert_close([mean, *gradient], [eager.mean, *eager.mean_gradient], [1.0, *eager.mean_scales])
    return program


# ---- Random programs over all operations -----------------------------------------------------

OF_ONE = [
    abs, operator.neg, ag.tanh, ag.sigmoid, ag.relu, ag.leaky_relu, ag.elu, ag.softplus, ag.log_sigmoid,
    ag.silu,
    ag.sin, ag.cos, ag.step, ag.sign, lambda x: x.detach() * x,
    lambda x: ag.exp(ag.sin(x)), lambda x: ag.expm1(-abs(x)), lambda x: ag.log(1.0 + x * x),
    lambda x: ag.log1p(x * x), lambda x: ag.sqrt(1.0 + x**2), lambda x: ag.tan(ag.tanh(x)), lambda x: x / 3.0,
    lambda x: 0.5 - x, lambda x: ag.clip(x, -1.0, 1.0), lambda x: ag.leaky_relu(x, 0.25),
    lambda x: ag.elu(x, 2.0),
    lambda x: ag.step(x, 0.5), lambda x: x + 0, lambda x: 0 + x, lambda x: x - 0.0, lambda x: x * 1,
    lambda x: 2.0**x,
    lambda x: ag.asin(ag.tanh(x)), lambda x: ag.acos(0.9 * ag.tanh(x)), lambda x: ag.acosh(1.5 + x * x),
    lambda x: ag.atanh(0.9 * ag.tanh(x)), lambda x: ag.log2(1.0 + x * x), lambda x: ag.log10(1.0 + x * x),
    lambda x: ag.sinh(ag.tanh(x)), lambda x: ag.cosh(ag.tanh(x)), lambda x: ag.cbrt(1.0 + x * x),
    ag.gelu, lambda x: ag.gelu(x, 1), ag.erf, ag.erfc, ag.atan, ag.asinh, lambda x: ag.exp2(ag.sin(x)),
]  # fmt: skip
OF_TWO = [
    operator.add, operator.sub, operator.mul, ag.maximum, ag.minimum, ag.less,
    lambda x, y: x / (1.0 + y * y), lambda x, y: ag.where(x, x, y), lambda x, y: (1.0 + x * x) ** ag.tanh(y),
    lambda x, y: ag.sum([x, y, 1.5, x]), lambda x, y: ag.dot([x, y], [y, 2.0], x),
    lambda x, y: ag.dot([x], [y]), lambda x, y: ag.amax([x, y, 0.25]),
    lambda x, y: ag.logsumexp([x, y, x]), lambda x, y: ag.logsumexp([x, 0.0]),
    lambda x, y: ag.pick([x, y], 1),
    lambda x, y: ag.softmax([x, y])[0], lambda x, y: ag.mean([x, y]), lambda x, y: sum([x, y]),
    lambda x, y: ag.sum([x]),
    lambda x, y: x % (1.5 + y * y), lambda x, y: x // (1.5 + y * y), lambda x, y: ag.atan2(x, 1.0 + y * y),
    lambda x, y: ag.hypot(x, 1.0 + y * y), lambda x, y: ag.norm([x, y, 0.5]),
]  # fmt: skip
_named = {node.op.name for step in OF_ONE for node in topological_order(step(Value(0.3)) + 1.0)[1]}
_named |= {
    node.op.name for step in OF_TWO for node in topological_order(step(Value(0.3), Value(0.4)) + 1.0)[1]
}
for _op in without(_named):  # which a tanh keeps from growing
    OF_TWO.append(lambda x, y, call=call_of(_op), n=inputs_of(_op): call(*[x, y, x][:n]).tanh())
PLACE = st.integers(0, 30)
PROGRAMS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(OF_ONE), PLACE, st.none()), st.tuples(st.sampled_from(OF_TWO), PLACE, PLACE)
    ),
    min_size=1,
    max_size=15,
)
NUMBERS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5]), st.floats(-3.0, 3.0))


def straight_line(program, w, b, several=False):
    """Give the function of a list that a program describes, with two parameters."""

    def function(x):
        numbers = [*map(lift, x), w, b]
        for step, first, second in program:
            one, other = (
                numbers[first % len(numbers)],
                None if second is None else numbers[second % len(numbers)],
            )
            numbers.append(step(one) if second is None else step(one, other))
        return numbers[-3:] if several else numbers[-1] + 0.0 * w

    return function


@settings(max_examples=150, deadline=None)
@given(
    PROGRAMS, st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=3), NUMBERS, NUMBERS
)
def test_programs_on_floats_are_equal_to_the_last_bit(program, rows, w, b):
    parameters = [Value(w), Value(b)]
    function = straight_line(program, *parameters)
    compiled = compile(function, parameters, backend="python")
    for row in rows:
        output = function(row)
        gradient = grad(output, parameters)
        assume(all(map(math.isfinite, [output.data, *gradient])))
        assert repr(compiled(row)) == repr(output.data)  # -0.0 is not 0.0
        assert compiled.value_and_grad(row) == (output.data, gradient)
    several = straight_line(program, *parameters, several=True)
    assert compile(several, parameters, backend="python")(rows[0]) == [
        number.data for number in several(rows[0])
    ]


@settings(max_examples=100, deadline=None, derandomize=True)  # at a tie, rounding may choose the other piece
@given(PROGRAMS, st.integers(0, 2**32), st.integers(1, 4))
def test_programs_on_arrays_are_equal_but_for_rounding(program, seed, count):
    generator = random.Random(seed)
    parameters = [Value(generator.uniform(-2.0, 2.0)) for _ in range(2)]
    rows = [([generator.uniform(-2.0, 2.0) for _ in range(2)],) for _ in range(count)]
    function = straight_line(program, *parameters)
    eager = Eager(function, parameters, rows)
    assume(eager.is_tame)
    check(function, parameters, rows, "numpy", eager)
    several = straight_line(program, *parameters, several=True)
    found = compile(several, parameters, backend="numpy").map([row[0] for row in rows])
    for (row,), numbers in zip(rows, found):
        expected = [number.data for number in several(row)]
        assert_close(numbers, expected, [abs(number) for number in expected])


# ---- Constants -------------------------------------------------------------------------------

W = Value(0.75)
CONSTANT = lambda: ag.pick([0.25, W], 0)
ON_CONSTANTS = [
    *[lambda x, step=step: step(CONSTANT()) for step in OF_ONE],
    *[lambda x, step=step: step(CONSTANT(), CONSTANT()) for step in OF_TWO],
    *[lambda x, step=step: step(CONSTANT(), lift(x)) for step in OF_TWO],
    *[lambda x, step=step: step(W, -CONSTANT()) for step in OF_TWO],
    lambda x: -ag.pick([CONSTANT(), W], 0),
    lambda x: x * W if CONSTANT() > 0.0 else W,
    lambda x: x * W if CONSTANT() > 1.0 or CONSTANT() < 0.0 else W,
    lambda x: ag.sum([x * W if c < x else W for c in (CONSTANT(), 2.0 * CONSTANT())]),
]


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
def test_operations_on_constants(backend):
    for step in ON_CONSTANTS:
        check(lambda x, step=step: lift(step(x)), [W], [(0.5,), (1.5,)], backend)
        check(lambda x, step=step: lift(step(x)) * W + x, [W], [(0.5,), (1.5,)], backend)


# ---- Programs with branches ------------------------------------------------------------------

BRANCHES_OF_ONE = [
    lambda x: x if x >= 0.0 else -x, lambda x: x if not x < 0.25 else 0.1 * x, lambda x: max(x, 0.0),
    lambda x: max([-x, 0.5, x]), lambda x: min(1.0, x), lambda x: x * x if -1.0 < x <= 1.0 else x.tanh(),
    lambda x: 2.0 * x if 0.0 < x else ag.exp(ag.sin(x)), lambda x: 1.0 if x > 0.0 else 0.0,
]  # fmt: skip
BRANCHES_OF_TWO = [
    max, min, lambda x, y: sorted([x, y, x * y])[1], lambda x, y: sorted([x, 0.0, y], reverse=True)[0],
    lambda x, y: x if x > y else -y, lambda x, y: x * y if x <= 0.5 else x + y,
    lambda x, y: x - y if x - y >= 0.0 else y - x, lambda x, y: ag.sum([a for a in (x, y) if a < 1.0]),
    lambda x, y: x if x > 0.0 and y > 0.0 else y if y < 0.0 else x * y,
    lambda x, y: ag.dot([max(x, y), min(x, y)], [x, y]),
]  # fmt: skip
BRANCHING = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([*OF_ONE[:10], *BRANCHES_OF_ONE, *BRANCHES_OF_ONE]), PLACE, st.none()),
        st.tuples(st.sampled_from([*OF_TWO[:6], *BRANCHES_OF_TWO, *BRANCHES_OF_TWO]), PLACE, PLACE),
    ),
    min_size=1,
    max_size=12,
)


def branching(program, seed, count):
    """Give a function with branches, its parameters, and rows that take several ways through it."""
    generator = random.Random(seed)
    parameters = [Value(generator.uniform(-2.0, 2.0)) for _ in range(2)]
    lifted = [(lambda *args, step=step: lift(step(*args)), *places) for step, *places in program]
    function = straight_line(lifted, *parameters)
    rows = [([generator.uniform(-2.0, 2.0) for _ in range(2)],) for _ in range(count)]
    eager = Eager(function, parameters, rows)
    assume(eager.is_tame)
    return function, parameters, rows, eager


def check_training(function, parameters, rows, backend, eager):
    """Compare steps on a whole batch, first and later, with those on the gradient of the engine."""
    before = [parameter.data for parameter in parameters]
    trainer = compile(function, parameters, backend=backend).trainer(optim.SGD(lr=0.125))
    columns = [list(column) for column in zip(*rows)]
    for _ in range(2):
        for parameter, number in zip(parameters, before):
            parameter.data = number
        trainer.read()
        mean = trainer.step(*columns)
        trainer.write_back()
        moved = [old - parameter.data for old, parameter in zip(before, parameters)]
        expected = [0.125 * number for number in eager.mean_gradient]
        assert_close([mean, *moved], [eager.mean, *expected], [1.0, *eager.mean_scales])
    for parameter, number in zip(parameters, before):
        parameter.data = number


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
@settings(max_examples=150, deadline=None, derandomize=True)  # at a tie, rounding may choose the other piece
@given(BRANCHING, st.integers(0, 2**32), st.integers(2, 6))
def test_programs_with_branches(backend, program, seed, count):
    function, parameters, rows, eager = branching(program, seed, count)
    check(function, parameters, rows, backend, eager)
    check_training(function, parameters, rows, backend, eager)


# Each looks at three numbers; what is compared stands in one group, and rows may change a part of it.
COMPARISONS = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "not >": lambda a, b: not a > b,
    "two signs": lambda a, b: a > b or a < 2.0 * b,
}
WAYS = list(itertools.product([-1.0, 1.0], repeat=3))


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("beside", ["a constant", "a parameter", "different constants"])
def test_rows_that_change_a_part_of_the_comparisons(backend, comparison, beside):
    """Whichever way the first row takes, all other ways in its batch are found."""
    check_ways(backend, comparison, beside, WAYS)


def check_ways(backend, comparison, beside, firsts):
    """Trace one way after the other, and send all others through the program in one batch."""
    w, zero = Value(1.5), Value(0.0)
    compared = {"a constant": [0.0] * 3, "a parameter": [zero] * 3, "different constants": [0.0, 0.5, -0.5]}

    def function(x):
        pairs = zip(x, compared[beside])
        return ag.sum([w * a if COMPARISONS[comparison](a, b) else w * w * a for a, b in pairs])

    for first in firsts:
        rows = [(list(first),), *((list(way),) for way in WAYS if way != first)]
        eager = Eager(function, [w, zero], rows)
        program = compile(function, [w, zero], backend=backend)
        columns = [[row[0] for row in rows]]
        assert_close(program.map(*columns), eager.values, eager.values)
        mean, gradient = program.mean_and_grad(*columns)
        assert_close([mean, *gradient], [eager.mean, *eager.mean_gradient], [1.0, 10.0, 10.0])
        check_training(function, [w, zero], rows, backend, eager)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_network_with_an_activation_of_branches_is_trained_and_predicts(compiled):
    class Net(nn.Module):
        def __init__(self):
            self.hidden, self.out = nn.Layer(2, 5, None, seed=0), nn.Layer(5, 1, None, seed=1)

        def __call__(self, x):
            return self.out([z if z > 0 else 0.1 * z for z in self.hidden(x)])

    class Smooth(Net):
        def __call__(self, x):
            return self.out([ag.leaky_relu(z, 0.1) for z in self.hidden(x)])

    X, y = datasets.moons(300, noise=0.1, seed=3)
    found = []
    for kind in (Net, Smooth):
        model = kind()
        fit(model, losses.bce_with_logits, X, y, optimizer=optim.SGD(lr=0.5), epochs=2, compiled=compiled)
        found.append([*(p.data for p in model.parameters()), *predict(model, X)])
    assert_close(*found, [10.0] * len(found[0]))


# ---- Sums and products of every shape --------------------------------------------------------


def made(seed, blocks, width, most):
    """Give a function with sums of products of every shape, its parameters and three rows."""
    generator = random.Random(seed)
    maker = Maker(generator, width=width, most=most)
    function = maker.make(blocks)
    rows = [
        ([generator.uniform(-1.0, 1.0) for _ in range(width)], [generator.randint(0, 3) for _ in range(2)])
        for _ in range(3)
    ]
    return function, maker.parameters, rows


@pytest.mark.parametrize("backend", ["numpy", "python"])
@settings(max_examples=200, deadline=None, derandomize=True)  # at a tie, rounding may choose the other piece
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 6), st.sampled_from([5, 9]))
def test_sums_and_products_of_every_shape(backend, seed, blocks, width, most):
    function, parameters, rows = made(seed, blocks, width, most)
    eager = Eager(function, parameters, rows)
    assume(eager.is_tame)
    check(function, parameters, rows, backend, eager)


# ---- Layers, losses and lectures -------------------------------------------------------------


def vectors(count, *lengths):
    """Draw some vectors, matrices, ..."""
    generator = random.Random(count)

    def drawn(lengths):
        if not lengths:
            return generator.uniform(-1.0, 1.0)
        return [drawn(lengths[1:]) for _ in range(lengths[0])]

    return [drawn(lengths) for _ in range(count)]


def squares(numbers):
    """Make one number of (nested) lists."""
    flat = [numbers]
    while any(isinstance(item, list) for item in flat):
        flat = [number for item in flat for number in (item if isinstance(item, list) else [item])]
    return ag.sum([(number - 0.1) ** 2 for number in flat])


def of_layer(layer, *lengths):
    """Give a layer as a case: the function, its parameters, and rows."""
    return lambda x: squares(layer(x)), layer.parameters(), [(x,) for x in vectors(3, *lengths)]


def batch_norm():
    layer = nn.BatchNorm(2)
    layer([[1.0, 2.0], [3.0, 0.0]])
    return of_layer(layer.eval(), 3, 2)


def dropout():
    layer, dropout = nn.Layer(3, 3, "tanh", seed=0), nn.Dropout(0.5, seed=0).eval()
    return lambda x: squares(dropout(layer(x))), layer.parameters(), [(x,) for x in vectors(3, 3)]


def cross_attention():
    layer = nn.SelfAttention(4, heads=2, seed=0)
    rows = [(x,) for x in vectors(3, 5, 4)]
    return lambda x: squares(layer(x[:2], x[2:])), layer.parameters(), rows


def embedding():
    table, head = nn.Embedding(5, 2, seed=0), nn.Layer(4, 3, None, seed=1)
    rows = [([0, 4], 1), ([3, 3], 0), ([2, 1], 2)]
    return (
        lambda tokens, y: losses.cross_entropy(head([v for t in tokens for v in table(t)]), y),
        [*table.parameters(), *head.parameters()],
        rows,
    )


def tied_embedding():
    table, middle = nn.Embedding(5, 3, seed=0), nn.Layer(3, 3, "tanh", seed=1)

    def loss(token, following):
        h = middle(table(token))
        return losses.cross_entropy([ag.dot(row, h) for row in table.table], following)

    return loss, [*table.parameters(), *middle.parameters()], [(0, 4), (3, 3), (2, 1)]


def tiny_gpt():
    """A transformer of one block, with tied embeddings, on three tokens."""
    table, places = nn.Embedding(5, 4, seed=0), nn.Embedding(3, 4, seed=1)
    attention = nn.SelfAttention(4, heads=2, seed=2)
    first, second = nn.LayerNorm(4), nn.LayerNorm(4)
    mlp = nn.MLP(4, [8, 4], activation="relu", seed=3)
    modules = [table, places, attention, first, second, mlp]

    def loss(tokens, targets):
        x = [[a + b for a, b in zip(table(token), places(t))] for t, token in enumerate(tokens)]
        x = [[a + b for a, b in zip(old, new)] for old, new in zip(x, attention([first(row) for row in x]))]
        x = [[a + b for a, b in zip(row, mlp(second(row)))] for row in x]
        logits = [[ag.dot(row, vector) for row in table.table] for vector in x]
        return ag.mean([losses.cross_entropy(row, target) for row, target in zip(logits, targets)])

    rows = [([0, 1, 2], [1, 2, 3]), ([4, 4, 0], [4, 0, 1]), ([3, 2, 1], [2, 1, 0])]
    return loss, [p for module in modules for p in module.parameters()], rows


LAYERS = {
    "neuron": lambda: of_layer(nn.Neuron(3, "tanh", seed=0), 3),
    "layer": lambda: of_layer(nn.Layer(3, 4, "sigmoid", seed=0), 3),
    "layer of one": lambda: of_layer(nn.Layer(2, 1, "relu", seed=0), 2),
    "layer of one input": lambda: of_layer(nn.Layer(1, 3, "silu", seed=0), 1),
    "softmax layer": lambda: of_layer(nn.Layer(3, 4, "softmax", seed=0), 3),
    "MLP": lambda: of_layer(nn.MLP(2, [4, 3, 1], activation="tanh", seed=0), 2),
    "dropout": dropout,
    "batch norm": batch_norm,
    "layer norm": lambda: of_layer(nn.LayerNorm(4), 4),
    "residual": lambda: of_layer(nn.Residual(nn.Layer(3, 3, "elu", seed=0)), 3),
    "RNN": lambda: of_layer(nn.RNN(2, 3, seed=0), 4, 2),
    "Conv2d": lambda: of_layer(nn.Conv2d(2, 3, kernel=2, seed=0), 2, 4, 3),
    "Conv2d, stride and padding": lambda: of_layer(
        nn.Conv2d(1, 2, kernel=3, stride=2, padding=1, seed=0), 1, 4, 5
    ),
    "attention": lambda: of_layer(nn.SelfAttention(4, heads=2, seed=0), 3, 4),
    "attention to all": lambda: of_layer(nn.SelfAttention(4, heads=2, causal=False, seed=0), 3, 4),
    "attention of one head": lambda: of_layer(nn.SelfAttention(2, causal=False, seed=0), 4, 2),
    "attention of four heads": lambda: of_layer(nn.SelfAttention(8, heads=4, causal=False, seed=0), 5, 8),
    "cross-attention": cross_attention,
    "RMS norm": lambda: of_layer(nn.RMSNorm(4), 4),
    "places": lambda: of_layer(nn.PositionalEmbedding(4, 2, seed=0), 3, 2),
    "LSTM": lambda: of_layer(nn.LSTM(2, 3, seed=0), 4, 2),
    "GRU": lambda: of_layer(nn.GRU(2, 3, seed=0), 4, 2),
    "AvgPool2d": lambda: of_layer(nn.Sequential(nn.Conv2d(1, 2, 2, seed=0), nn.AvgPool2d(2)), 1, 5, 5),
    "MaxPool2d": lambda: of_layer(
        nn.Sequential(nn.Conv2d(1, 2, 2, seed=0), nn.MaxPool2d(2, stride=1)), 1, 4, 4
    ),
    "Sequential": lambda: of_layer(
        nn.Sequential(
            nn.Layer(3, 4, None, seed=0), "tanh", nn.Sequential(ag.softmax, nn.Layer(4, 2, seed=1))
        ),
        3,
    ),
    "embedding": embedding,
    "tied embedding": tied_embedding,
    "tiny GPT": tiny_gpt,
}


def of_loss(loss, outputs, targets, activation=None):
    """Give a loss after a layer as a case."""
    model = nn.Layer(2, outputs, activation, seed=0)
    rows = list(zip(vectors(len(targets), 2), targets))
    return lambda x, y: loss(model(x), y), model.parameters(), rows


def gaussian_with_variance():
    model, variance = nn.Layer(2, 2, None, seed=0), Value(0.5)
    rows = list(zip(vectors(3, 2), vectors(3, 2)))
    return lambda x, y: losses.gaussian_nll(model(x), y, variance), [*model.parameters(), variance], rows


def with_penalty():
    model = nn.MLP(2, [3, 1], seed=0)
    rows = list(zip(vectors(3, 2), [0.5, -1.0, 2.0]))
    return (
        lambda x, y: losses.mse(model(x), y) + 0.1 * losses.l2(model.parameters()),
        model.parameters(),
        rows,
    )


LOSSES = {
    "squared error": lambda: of_loss(losses.squared_error, 1, [0.5, -1.0, 2.0]),
    "squared error of a list": lambda: of_loss(losses.squared_error, 3, vectors(3, 3)),
    "mse": lambda: of_loss(losses.mse, 3, vectors(3, 3)),
    "gaussian": lambda: of_loss(losses.gaussian_nll, 2, vectors(3, 2)),
    "gaussian with a variance": gaussian_with_variance,
    "binary cross-entropy": lambda: of_loss(losses.binary_cross_entropy, 1, [0.5, 0.25, 0.75], "sigmoid"),
    "binary cross-entropy of labels": lambda: of_loss(losses.binary_cross_entropy, 1, [1, 0, 1], "sigmoid"),
    "bce with logits": lambda: of_loss(losses.bce_with_logits, 1, [1, 0, 1]),
    "bce with several logits": lambda: of_loss(
        lambda z, y: losses.bce_with_logits(z, y, pos_weight=[0.5, 2.0]), 2, [[1, 0], [0, 0], [1, 1]]
    ),
    "l1": lambda: of_loss(losses.l1, 3, vectors(3, 3)),
    "huber": lambda: of_loss(losses.huber, 3, vectors(3, 3)),
    "focal": lambda: of_loss(losses.focal, 1, [1, 0, 1]),
    "focal of classes": lambda: of_loss(losses.focal, 3, [1, 0, 2]),
    "divergence": lambda: of_loss(losses.kl_divergence, 2, [[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]),
    "cross-entropy of probabilities": lambda: of_loss(
        lambda z, p: losses.cross_entropy(z, p, label_smoothing=0.1),
        2,
        [[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]],
    ),
    "cross-entropy, weighted": lambda: of_loss(
        lambda z, k: losses.cross_entropy(z, k, weight=[0.5, 2.0, 1.0], ignore_index=-1), 3, [1, -1, 2]
    ),
    "cross-entropy": lambda: of_loss(losses.cross_entropy, 4, [3, 0, 1]),
    "hinge": lambda: of_loss(losses.hinge, 1, [1, -1, 1]),
    "l2": with_penalty,
}


def textbook(sizes, activation="tanh"):
    """Give a network written in scalars with ``sum`` and ``zip``, and its parameters."""
    generator = random.Random(0)
    layers = [
        [([Value(generator.uniform(-1, 1)) for _ in range(nin)], Value(0.1)) for _ in range(nout)]
        for nin, nout in zip(sizes, sizes[1:])
    ]

    def network(x):
        for number, layer in enumerate(layers):
            x = [sum((wi * xi for wi, xi in zip(w, x)), b) for w, b in layer]
            if number < len(layers) - 1:
                x = [getattr(z, activation)() for z in x]
        return x

    return network, [p for layer in layers for w, b in layer for p in (*w, b)]


def A2():
    theta = [Value(-0.1), Value(0.5), Value(-0.3)]
    return lambda x: -ag.log(1 - ag.sigmoid(ag.dot(theta, x))), theta, [(x,) for x in vectors(3, 3)]


def A3():
    theta_1 = [[Value(0.45), Value(0.05)], [Value(-0.38), Value(0.74)]]
    theta_2 = [Value(-0.13), Value(0.95)]

    def loss(x):
        a_1 = [ag.dot(row, x).sigmoid() for row in theta_1]
        return -ag.dot(theta_2, a_1).sigmoid().log()

    return loss, [*theta_1[0], *theta_1[1], *theta_2], [([1.0, 1.0],), ([0.5, -1.0],)]


def A4():
    network, parameters = textbook([2, 2, 1], "sigmoid")
    rows = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    return lambda x, y: (network(x)[0].sigmoid() - y) ** 2, parameters, rows


def A5():
    w, b = [Value(0.3), Value(-0.2)], Value(0.1)
    rows = [([0, 0], 0), ([0, 1], 0), ([1, 0], 0), ([1, 1], 1)]
    return lambda x, y: losses.bce_with_logits(w[0] * x[0] + w[1] * x[1] + b, y), [*w, b], rows


def A6():
    beta, bias = [Value(0.5), Value(-1.5)], Value(0.25)
    return (
        lambda h, y: (y - ag.dot(beta, h, bias)) ** 2 / 2,
        [*beta, bias],
        [([2.0, 3.0], 1.0), ([0.0, 1.0], 2.0)],
    )


def A7():
    network, parameters = textbook([2, 3, 2], "__pos__")
    return lambda x: squares(network(x)), parameters, [(x,) for x in vectors(3, 2)]


def A8():
    network, parameters = textbook([3, 4, 2, 2], "sigmoid")

    def loss(x, targets):
        return ag.sum([(z.sigmoid() - t) ** 2 for z, t in zip(network(x), targets)]) * 0.5

    return loss, parameters, list(zip(vectors(3, 3), vectors(3, 2)))


def A9():
    network, parameters = textbook([5, 4, 3], "tanh")
    return lambda x, k: losses.cross_entropy(network(x), k), parameters, list(zip(vectors(3, 5), [2, 0, 1]))


def A10():
    network, parameters = textbook([3, 4, 2, 1], "tanh")
    return lambda x: network(x)[0].tanh(), parameters, [(x,) for x in vectors(3, 3)]


def A11():
    w = [Value(number) for number in (0.5, -0.25, 1.0)]
    return lambda x: (ag.dot(w, x).tanh() - x[0]) ** 2, w, [(x,) for x in vectors(5, 3)]


LECTURES = {case.__name__: case for case in (A2, A3, A4, A5, A6, A7, A8, A9, A10, A11)}
CASES = {**LAYERS, **LOSSES, **LECTURES}
WITH_TOKENS = ["embedding", "tied embedding", "tiny GPT"]
"""Eagerly a token takes a row of a table; traced it picks from it,
and the gradient adds up in another order."""


@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("name", CASES)
def test_layers_losses_and_lectures(name, backend):
    exact = name not in WITH_TOKENS
    check(*CASES[name](), backend, exact=exact)


# ---- What raising finds ----------------------------------------------------------------------


def raised(f, parameters, *row):
    """Give the program on arrays, after one call."""
    program = compile(f, parameters, backend="numpy")
    program(*row)
    return program.cache.first().raised


def found(f, parameters, *row):
    """Count the matrix products, the multiply-adds, and those in matrix products."""
    program = raised(f, parameters, *row)
    count = sum(isinstance(array, MatrixProduct) for array in program.arrays)
    return count, program.multiply_adds, program.in_products


def found_in_a_batch(f, parameters, rows):
    return found(lambda: ag.mean([f(*row) for row in rows]), parameters)


def classifier(model):
    rows = list(zip(vectors(6, 4), [0, 1, 2, 0, 1, 2]))
    return lambda x, y: losses.cross_entropy(model(x), y), rows


def test_an_MLP_of_fused_neurons_is_raised_to_one_product_a_layer():
    model = nn.MLP(4, [5, 3], activation="tanh", seed=0)
    loss, rows = classifier(model)
    assert found(loss, model, *rows[0]) == (2, 35, 35)
    assert found_in_a_batch(loss, model, rows) == (2, 210, 210)


def test_an_MLP_of_textbook_neurons_is_raised_to_one_product_a_layer():
    network, parameters = textbook([4, 5, 3])
    loss, rows = classifier(network)
    assert found(loss, parameters, *rows[0]) == (2, 35, 35)
    assert found_in_a_batch(loss, parameters, rows) == (2, 210, 210)


def test_a_single_output_is_a_dot_for_one_example_and_a_product_for_a_batch():
    network, parameters = textbook([2, 16, 16, 1], "relu")
    rows = list(zip(vectors(20, 2), [1.0, -1.0] * 10))

    def loss(x, y):
        return (1.0 + -y * network(x)[0]).relu()

    assert found(loss, parameters, *rows[0]) == (2, 304, 304)
    assert found_in_a_batch(loss, parameters, rows) == (3, 6080, 6080)


def test_softmax_regression_is_raised_to_one_product():
    model = nn.Layer(4, 3, None, seed=0)
    loss, rows = classifier(model)
    assert found(loss, model, *rows[0]) == (1, 12, 12)
    assert found_in_a_batch(loss, model, rows) == (1, 72, 72)


def test_tied_embeddings_are_raised():
    loss, parameters, rows = tied_embedding()
    assert found(loss, parameters, *rows[0]) == (2, 24, 24)
    assert found_in_a_batch(loss, parameters, rows) == (2, 72, 72)


def test_the_order_of_the_terms_of_each_neuron_is_free():
    generator = random.Random(0)
    rows = [[Value(generator.uniform(-1, 1)) for _ in range(6)] for _ in range(5)]
    orders = [generator.sample(range(6), 6) for _ in rows]

    def loss(x):
        return squares([ag.sum([row[i] * x[i] for i in order]) for row, order in zip(rows, orders)])

    assert found(loss, [w for row in rows for w in row], vectors(1, 6)[0]) == (1, 30, 30)


def shapes(name):
    """Give the shapes of a case's matrix products."""
    function, parameters, rows = CASES[name]()
    return [
        array.shape
        for array in raised(function, parameters, *rows[0]).arrays
        if isinstance(array, MatrixProduct)
    ]


def test_heads_of_attention_are_one_batched_product():
    # q, k and v together; a product for each head; its weights times v; the output
    assert shapes("attention of four heads") == [(5, 24), (4, 5, 5), (4, 5, 2), (5, 8)]


def explained(name):
    function, parameters, rows = CASES[name]()
    program = compile(function, parameters, backend="numpy")
    program(*rows[0])
    return program.explain()


def test_a_convolution_is_a_product_of_patches():
    text = explained("Conv2d")
    assert "Of 144 multiply-adds in sums of products, 144 (100 %) are in matrix products." in text
    assert "z1: 18 weighted sums of 8, shape [6, 3]" in text


def test_an_RNN_is_a_product_for_each_moment():
    text = explained("RNN")
    assert "Of 60 multiply-adds in sums of products, 60 (100 %) are in matrix products." in text
    assert [line for line in text.splitlines() if " z" in line] == [
        f"  z{moment}: 3 weighted sums of 5, shape [3]" for moment in (1, 2, 3, 4)
    ]


def test_causal_attention_is_explained():
    text = explained("attention")
    assert "Of 252 multiply-adds in sums of products, 252 (100 %) are in matrix products." in text
    assert "z2: 12 weighted sums of 2 (6 more are not used), shape [2, 3, 3]" in text


def test_a_tiny_GPT_is_explained():
    text = explained("tiny GPT")
    assert "Of 528 multiply-adds in sums of products, 504 (95 %) are in matrix products." in text
    # the variances of the two layer norms: each row of distances meets itself only
    assert text.count("3 sums of products are no matrix product: too few of their factors meet.") == 2


# ---- The source ------------------------------------------------------------------------------


def test_the_source_of_a_2_3_1_network():
    network, parameters = textbook([2, 3, 1])
    program = compile(lambda x, y: (network(x)[0] - y) ** 2, parameters, backend="numpy")
    program([1.0, -1.0], 0.5)
    assert (
        program.source
        == """\
def value_and_gradient(W1, b1, W2, b2, x, y):
    N = len(x)
    z1 = x @ W1.T + b1  # 3 weighted sums of 2
    h1 = tanh(z1)       # tanh, 3 times
    z2 = h1 @ W2 + b2   # weighted sum of 3
    sub1 = z2 - y
    loss = sub1 ** 2.0

    dloss = full_like(loss, 1.0 / N)
    dsub1 = dloss * (2.0 * sub1)
    dz2 = dsub1
    dW2 = dz2 @ h1
    db2 = dz2.sum(axis=0)
    dh1 = dz2[..., None] * W2
    dz1 = dh1 / cosh(z1) ** 2  # tanh' = 1 - h1 ** 2
    dW1 = dz1.T @ x
    db1 = dz1.sum(axis=0)
    return loss, (dW1, db1, dW2, db2)
"""
    )


def test_the_source_of_a_classifier():
    model = nn.MLP(4, [5, 3], activation="sigmoid", seed=0)
    loss, rows = classifier(model)
    program = compile(loss, model, backend="numpy")
    program(*rows[0])
    assert (
        program.source
        == """\
def value_and_gradient(W1, b1, W2, b2, x, y):
    N = len(x)
    z1 = x @ W1.T + b1            # 5 weighted sums of 4
    h1 = sigmoid(z1)              # sigmoid, 5 times
    z2 = h1 @ W2.T + b2           # 3 weighted sums of 5
    amax1 = amax(z2)
    detach1 = amax1               # detach stops the gradient
    sub1 = z2 - detach1[:, None]  # sub, 3 times
    logsumexp1 = logsumexp(sub1)
    picked = pick(sub1, y)        # pick
    loss = logsumexp1 - picked

    dloss = full_like(loss, 1.0 / N)
    dpicked = -dloss
    dsub1 = unpick(dpicked, y, 3) + dloss[..., None] * shares(exp(sub1 - logsumexp1[..., None]))
    dz2 = dsub1
    dW2 = dz2.T @ h1
    db2 = dz2.sum(axis=0)
    dh1 = dz2 @ W2
    dz1 = dh1 * (0.5 / cosh(0.5 * z1)) ** 2  # sigmoid' = h1 * (1 - h1)
    dW1 = dz1.T @ x
    db1 = dz1.sum(axis=0)
    return loss, (dW1, db1, dW2, db2)
"""
    )


@pytest.mark.parametrize("name", CASES)
def test_the_source_has_no_needless_parentheses(name):
    function, parameters, rows = CASES[name]()
    program = compile(function, parameters, backend="numpy")
    program(*rows[0])
    for line in program.source.splitlines()[1:-1]:
        text = line.partition("  # ")[0].strip()
        assert ast.unparse(ast.parse(text)) == text


BUILT = {  # what expressions are built with, and the same with all parentheses
    "({0} + {1})": operator.add,
    "({0} - {1})": lambda a, b: operation(OPS["sub"], a, b),
    "({0} * {1})": operator.mul,
    "({0} / {1})": operator.truediv,
    "({0} ** {1})": lambda a, b: operation(OPS["pow"], a, b),
    "({0} @ {1})": operator.matmul,
    "(-{0})": lambda a, b: -a,
    "({0} < {1})": lambda a, b: expressions.Expression("comparison", ("<", a, b)),
    "exp({0})": lambda a, b: operation(OPS["exp"], a),
    "({0})[..., None, 1:3].T": lambda a, b: a[..., None, 1:3].T,
    "({0}).sum(axis=(0, -1))": lambda a, b: a.sum(0, -1),
    "added(({0}), (slice(None), ({1})))": lambda a, b: expressions.call("added", a, (expressions.span(), b)),
}


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*BUILT]), PLACE, PLACE), min_size=1, max_size=8))
def test_an_expression_is_written_as_it_was_built(steps):
    texts = ["a", "b", "2.5", "(-0.75)"]
    built = [*map(expressions.name, "ab"), *map(expressions.number, (2.5, -0.75))]
    for text, first, second in steps:
        one, other = built[first % len(built)], built[second % len(built)]
        built.append(BUILT[text](one, other))
        texts.append(text.format(texts[first % len(texts)], texts[second % len(texts)]))
    text = NumPyPrinter().text(built[-1])
    assert ast.unparse(ast.parse(texts[-1])) == text


def test_the_source_of_a_whole_data_set():
    network, parameters = textbook([2, 3, 1], "relu")
    _, _, rows = A4()
    program = compile(
        lambda: ag.mean([(network(x)[0] - y) ** 2 for x, y in rows]), parameters, backend="numpy"
    )
    assert (
        program.source
        == """\
def value_and_gradient(W1, b1, W2, b2):
    z1 = c1 @ W1.T + b1    # 12 weighted sums of 2
    h1 = maximum(z1, 0.0)  # relu, 12 times
    z2 = h1 @ W2 + b2      # 4 weighted sums of 3
    sub1 = z2 - c2         # sub, 4 times
    pow1 = sub1 ** 2.0     # pow, 4 times
    total1 = sums(pow1)    # sum of 4
    loss = total1 / 4.0

    dpow1 = full((4,), 0.25)
    dsub1 = dpow1 * (2.0 * sub1)
    dz2 = dsub1
    dW2 = dz2 @ h1
    db2 = sums(dz2)
    dh1 = dz2[..., None] * W2
    dz1 = dh1 * sign(h1)
    dW1 = dz1.T @ c1
    db1 = dz1.sum(axis=-2)
    return loss, (dW1, db1, dW2, db2)
"""
    )


# ---- What once went wrong --------------------------------------------------------------------

w, u, v = Value(0.5), Value(-2.0), Value(3.0)
ONCE_WRONG = {
    "a sum of one term, used in an addition": (lambda x: u + sum(w * one for one in x), [([3.0],), ([4.0],)]),
    "equal sums of one term": (
        lambda x: squares([ag.sum([w * x[0]]) + v, ag.sum([w * x[0]]) + u]), [([3.0],), ([4.0],)],
    ),
    "a batch of picks from numbers that are one for all rows": (
        lambda x, k: ag.pick([w, w * u, u * v, ag.tanh(v)], k) * x, [(1.0, 0), (2.0, 3)],
    ),
    "a pick from numbers": (lambda x, k: w * x * ag.pick([1.0, 2.0, 0.5], k), [(1.0, 0), (2.0, 2)]),
    "a pick from numbers and Values": (lambda k: ag.pick([0.0, w, u * w], k) + v, [(0,), (1,), (2,)]),
    "a pick by an index that is computed": (lambda k: ag.pick([w, u, v, 1.0], 3 - k), [(0,), (1,), (3,)]),
    "a single number among arrays": (
        lambda x: squares([ag.dot([w, u], [one, 1.0]) for one in x]) / 3.0, [([1.0, 2.0, 3.0],)],
    ),
    "rows of a matrix among other numbers": (
        lambda x: ag.sum([w, *[ag.tanh(a * b) for a in (w, u, v) for b in x][:4], u]), [([1.0, 2.0],)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("name", ONCE_WRONG)
def test_what_once_went_wrong(name, backend):
    function, rows = ONCE_WRONG[name]
    check(function, [w, u, v], rows, backend)


def test_a_sum_with_zero_is_a_step_of_its_own_for_gradients_equal_to_the_last_bit():
    def loss(x):
        y = w * x
        return ag.sum([y * 0.1, ag.exp(y + 0.0) * 0.3, (y - 0.0) * 0.7, ag.pick([y, u], 0) * 1.1, y])

    check(loss, [w, u], [(0.1,), (0.3,), (0.7,)], "python")


def test_minus_zero_stays_minus_zero():
    program = compile(lambda x: ag.sum([w * x, w * x]) + 0.0 * u, [w, u], backend="python")
    assert repr(program(-0.0)) == repr((ag.sum([w * -0.0, w * -0.0]) + 0.0 * u).data)
    inverse = compile(lambda x: 1.0 / (x * w + 0.0), [w], backend="python")
    assert inverse(-0.0) == (1.0 / (-0.0 * w + 0.0)).data == math.inf


# ---- Ragged groups, and what changes nothing ---------------------------------------------------


def ragged_rows(x):
    """Softmax over one number, over two, ...: weighted sums of what stood before, as attention does."""
    scores = [w * one for one in x]
    result = []
    for end in range(1, len(x) + 1):
        seen = scores[:end]
        largest = max(score.data for score in seen)
        exps = [ag.exp(score - largest) for score in seen]
        total = sum(exps)
        result.append(sum(e / total * (u * one) for e, one in zip(exps, x)))
    return squares(result)


RAGGED_ROWS = ([0.5, -1.0, 2.0, 0.25, 3.0],), ([1.0, 1.0, 1.0, 1.0, 1.0],), ([-0.0, 0.0, 5.0, -3.0, 0.5],)


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_ragged_sums_are_what_they_are_eagerly(backend):
    check(ragged_rows, [w, u], [*RAGGED_ROWS], backend)


def test_ragged_sums_are_one_operation():
    program = compile(ragged_rows, [w, u], backend="numpy")
    program([0.5, -1.0, 2.0, 0.25, 3.0])
    forward = program.cache.first().array_source.texts["forward"]
    counts = {part: forward.count(part) for part in ("exp(", "amax(", "sums(", " / ", " @ ")}
    assert counts == {"exp(": 1, "amax(": 1, "sums(": 2, " / ": 1, " @ ": 1}


@pytest.mark.parametrize("summed", [2, 3, 4])
@pytest.mark.parametrize("ranked", [2, 3, 4])
@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_a_sum_of_largest_numbers_is_no_largest_number(backend, ranked, summed):
    def f(x):
        largest = [ag.maximum(one, other) for one, other in zip(x, x[1:])]
        return w * functools.reduce(ag.maximum, largest[:ranked]) + u * ag.sum(largest[:summed])

    check(f, [w, u], [([0.0, -1.0, -2.0, 0.0, -3.0],), ([0.5, 0.25, 0.75, -1.0, 2.0],)], backend)


def test_sums_of_unlike_widths_are_not_filled_up():
    """Zeros would be nearly all that is added: each width is by itself."""

    def loss(x):
        exps = [ag.exp(one * w) for one in x]
        return ag.sum(exps[:20]) * squares([ag.sum([*exps[at : at + 2]]) for at in range(20, 30, 2)]) + u

    program = compile(loss, [w, u], backend="numpy")
    program([0.1] * 30)
    assert "scattered" not in program.source


def test_factors_of_one_are_left_out_unless_they_stand_beside_others():
    def derivative(x):
        y = Value(x) if isinstance(x, float) else x
        (slope,) = grad(ag.tanh(w * y) * u, [y], create_graph=True)
        return slope

    def signs():
        return ag.sum([1.0 * ag.exp(w), -1.0 * ag.exp(u)])

    program = compile(derivative, [w, u], backend="numpy")
    program(0.5)
    assert "1.0 *" not in program.source.replace("-1.0 *", "")
    assert "* 1.0" not in program.source
    check(derivative, [w, u], [(0.5,), (-2.0,)], "numpy")
    check(signs, [w, u], [()], "numpy")


def test_what_is_taken_from_an_array_twice_has_a_line_of_its_own():
    image = Value(1.0)
    kernel = [Value(0.5), Value(-1.0), Value(0.25)]

    def loss(x):
        windows = [sum(k * x[at + i] for i, k in enumerate(kernel)) for at in range(6)]
        return squares([ag.relu(z) for z in windows]) * image

    program = compile(loss, kernel, backend="numpy")
    program([0.5 * i for i in range(8)])
    assert program.source.count(".take(i1, axis=1)") == 1
    check(loss, kernel, [([0.5 * i for i in range(8)],), ([1.0] * 8,)], "numpy")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(1, 3))
def test_what_is_scattered_is_added_up_at_each_place(places, rows):
    values = np.arange(rows * len(places), dtype=float).reshape(rows, -1)
    expected = np.zeros((rows, 9))
    for column, place in enumerate(places):
        expected[:, place] += values[:, column]
    positions, scattered = np.array(places), Scattered()
    for size in (7, 9, 7):
        wanted = expected[:, :size]
        np.testing.assert_array_equal(scattered(values, positions, size), wanted)
        np.testing.assert_array_equal(
            scattered(tuple(np.split(values, [1], axis=1)), positions, size), wanted
        )
        np.testing.assert_array_equal(scattered(values[0], positions, size), wanted[0])
