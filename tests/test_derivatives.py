"""Jacobians, Hessians and the gradient check; gradients of random programs."""

import itertools
import math
import random
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import NO_GRADIENT, GradientCheck, Op, Value, grad, gradcheck, hessian, jacobian
from autograd_lite.core import forward
from autograd_lite.core.sweep import _zeroed
from autograd_lite.engine import topological_order
from autograd_lite.ops import OPS


def test_jacobian():
    x, y = Value(2.0), Value(3.0)
    assert jacobian([x * y, x + y, Value(1.0)], [x, y]) == [[3.0, 2.0], [1.0, 1.0], [0.0, 0.0]]
    assert jacobian([], [x]) == []
    assert x.grad is NO_GRADIENT


def test_hessian():
    x, y = Value(2.0), Value(3.0)
    assert hessian(x * x * y + y**3, [x, y]) == [[6.0, 4.0], [4.0, 18.0]]
    assert hessian(x + y, [x, y]) == [[0.0, 0.0], [0.0, 0.0]]
    assert x.grad is NO_GRADIENT


@given(st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3))
def test_a_hessian_is_symmetric(numbers):
    x, y, z = map(Value, numbers)
    matrix = hessian(ag.logsumexp([x * y, y.sin() * z, z]) * (x - z).tanh(), [x, y, z])
    for i in range(3):
        for j in range(3):
            assert matrix[i][j] == pytest.approx(matrix[j][i], rel=1e-12, abs=1e-12)


# ---- gradcheck --------------------------------------------------------------------------------


def test_a_right_gradient_passes():
    check = gradcheck(lambda x, y: (x * y).exp() / y, [0.3, -1.2])
    assert check and check.ok and check.kinks == ()
    assert check.gradient == pytest.approx(check.difference, rel=1e-8)
    assert str(check).startswith("all gradients agree; the worst is input ")


def test_a_wrong_gradient_is_reported_with_both_numbers_and_the_step():
    wrong = Op("wrong", "wrong({0})", lambda a: a * a, lambda y, a: 3.0 * a)
    x, y = Value(1.0, "x"), Value(2.0, "y")
    check = gradcheck(lambda x, y: x + wrong(y), [x, y])
    assert not check
    assert (check.index, check.label, check.gradient) == (1, "y", 6.0)
    assert check.difference == pytest.approx(4.0, rel=1e-8)
    assert 1e-9 < check.step < 1.0
    assert check.error > 1.0
    assert "a gradient is wrong; the worst is input 1 (y): gradient 6.0" in str(check)
    assert x.grad is NO_GRADIENT and y.grad is NO_GRADIENT


@pytest.mark.parametrize("error", [1e-5, -1e-5, math.nan, math.inf])
def test_a_slightly_wrong_gradient_fails(error):
    wrong = Op("wrong", "wrong({0})", lambda a: 2.0 * a, lambda y, a: 2.0 + error)
    assert not gradcheck(wrong, [0.7])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.relu(),
        lambda x: abs(x),
        lambda x: x.leaky_relu(),
        lambda x: ag.maximum(x, 0.0),
        lambda x: ag.minimum(x, x * 3),
        lambda x: ag.clip(x, 0.0, 1.0),
        lambda x: x.relu() * 3 + x.sin(),
        lambda x: abs(x) * 1e3 + x,
    ],
)
def test_a_kink_is_known_for_one(f):
    check = gradcheck(f, [0.0])
    assert check.ok and check.kinks == (0,)
    assert "on a kink: 0" in str(check)


def test_a_gradient_outside_the_slopes_of_a_kink_is_wrong():
    wrong = Op("wrong", "wrong({0})", abs, lambda y, a: 1.5 + 0.0 * a)
    check = gradcheck(wrong, [0.0])
    assert not check.ok and check.kinks == (0,)


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5, 1e-6])
def test_a_kink_nearby_does_not_disturb(distance):
    for at in (distance, -distance):
        check = gradcheck(lambda x: x.relu() + x.tanh(), [at])
        assert check.ok and check.kinks == ()


@pytest.mark.parametrize("at", [1e-8, 1.0, 1e6, -1e9])
def test_inputs_of_every_size(at):
    assert gradcheck(lambda x: x * x * 0.5 + x, [at])
    assert gradcheck(lambda x: (x / 3.0).sin() if abs(at) < 100 else x * 2.0, [at])


def test_gradcheck_wants_inputs_and_a_value():
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(lambda: Value(1.0), [])
    with pytest.raises(TypeError, match="f returns a Value, got 3"):
        gradcheck(lambda x: 3.0, [1.0])


def test_an_undefined_function_does_not_pass():
    with pytest.warns(RuntimeWarning):
        assert not gradcheck(lambda x: x.log(), [-1.0])


def test_the_report_is_frozen():
    check = gradcheck(lambda x: x, [1.0])
    assert isinstance(check, GradientCheck)
    with pytest.raises(AttributeError):
        check.ok = False


# ---- gradcheck for every operation, at every scale -----------------------------------------------

SCALES = [1e-300, 1e-150, 1e-30, 1e-9, 1e-5, 1e-3, 0.3, 1.0, 2.7, 30.0, 1e3, 1e6, 1e9, 1e12]
OPERATIONS = [op for op in OPS.values() if op.many is None]


def points(op, count=40):
    """Points with a finite gradient: the first input of each scale and sign, the others ordinary."""
    draw = random.Random(op.name)
    attributes = [bound if bound is not None else draw.uniform(-2, 2) for bound in op.attributes.values()]
    for scale in SCALES:
        for sign in (scale, -scale):
            inputs = [sign * draw.uniform(0.5, 2.0)]
            inputs += [draw.choice([0.01, 1.0, 20.0]) * draw.uniform(0.5, 2.0) for _ in op.partials[1:]]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                y = op(*map(Value, inputs), *attributes)
            if all(map(math.isfinite, (y.data, *y.partials))) and not _off_its_domain(op, inputs):
                yield inputs, attributes


def _off_its_domain(op, inputs):
    first = inputs[0]
    least = {"log": 0.0, "pow": 0.0, "sqrt": 0.0, "log2": 0.0, "log10": 0.0, "log1p": -1.0, "acosh": 1.0}
    if op.name == "mod" and first < 0.0:  # beside the divisor, which is added, little is left of a small one
        return abs(first) < 1e-3
    return first < least.get(op.name, -math.inf) or (op.name == "atanh" and abs(first) > 1.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_gradcheck_knows_a_right_gradient_from_a_slightly_wrong_one_at_every_scale(op):
    checked = 0
    for inputs, attributes in points(op):

        def right(*leaves, attributes=attributes):
            return op(*leaves, *attributes)

        def wrong(*leaves, attributes=attributes):
            y = op(*leaves, *attributes)
            factors = [partial + 1e-5 * math.copysign(abs(partial) + 1.0, partial) for partial in y.partials]
            return Value(y.data, y.parents, factors) if y.parents else y

        # An ordinary summand beside 1e15 changes nothing: no finite difference can tell its derivative.
        if len(inputs) == 1 or abs(inputs[0]) < 1e5 * min(map(abs, inputs[1:])):
            assert gradcheck(right, inputs), inputs
            checked += 1
        assert not gradcheck(wrong, inputs), inputs
    assert checked >= (7 if op.name == "acosh" else 10)  # of as many scales are the numbers that it knows


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("x", [1e-9, -3e-9, 1e-30, 1e-100, 2e-150, 5e12, 1e100, -1e140])
@pytest.mark.parametrize(
    "f", [lambda x: abs(x).log(), lambda x: 1 / x, lambda x: abs(x).sqrt(), lambda x: x**2]
)
def test_steps_follow_the_size_of_the_input(f, x):
    check = gradcheck(f, [x])
    assert check and check.kinks == ()


@pytest.mark.parametrize("at", [3.0, -1e-9, 1e-100, 1e9, -1e100])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_a_kink_anywhere_is_known_for_one(at, size):
    check = gradcheck(lambda x: abs(x - at) * size + x, [at])
    assert check.ok and check.kinks == (0,)
    beside = gradcheck(lambda x: abs(x - at) * size + x, [at * (1 + 1e-6)])
    assert beside.ok and beside.kinks == ()
    assert not gradcheck(lambda x: Value(abs(x.data - at) * size, (x,), (1.01 * size,)), [at])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * random.random(),
        lambda x: x + next(COUNTER),
        lambda x: x * random.choice([1.0, 1.0 + 1e-15]),
        lambda x: ag.nn.Dropout(0.5)([x] * 3)[0],
    ],
)
def test_a_function_that_is_not_repeatable_is_refused(f):
    for _ in range(20):
        try:
            gradcheck(f, [1.0])
        except ValueError as error:
            assert "when called again at the same point" in str(error)
            return
    raise AssertionError("it was never noticed")


COUNTER = itertools.count()


def test_a_function_that_is_not_repeatable_hardly_ever_passes():
    passed, generator = 0, random.Random(0)
    for _ in range(200):
        try:
            passed += bool(gradcheck(lambda x: x * generator.choice([1.0, 2.0]), [1.0]))
        except ValueError:
            continue
    assert passed == 0


def test_a_function_that_is_nan_is_repeatable():
    assert not gradcheck(lambda x: x * math.nan, [1.0])


@pytest.mark.parametrize("speed", [1e3, 1e6, 1e8, 1e10, 1e11, -3e9])
def test_a_fast_function_is_not_called_wrong(speed):
    draw = random.Random(speed)
    for _ in range(40):
        at = draw.choice([0.0, draw.uniform(-1, 1), draw.uniform(-1, 1) * 10 ** draw.uniform(-12, 0)])
        for name in ("sin", "cos", "tanh", "sigmoid"):
            check = gradcheck(lambda x, name=name: getattr(x * speed, name)(), [at])
            assert check.ok or check.undecided, (name, at, check)
            assert "wrong" not in str(check)
    assert gradcheck(lambda x: (x * 1e6).sin(), [0.3])
    assert not gradcheck(
        lambda x: Value(math.sin(1e6 * x.data), (x,), (1.01e6 * math.cos(1e6 * x.data),)), [0.3]
    )


def test_rounding_inside_a_function_is_known():
    assert gradcheck(lambda x: (x + 1e8) - 1e8, [0.3])
    assert gradcheck(lambda x: ag.sum([x, Value(1e8), Value(-1e8)]), [0.3])
    assert gradcheck(lambda x: (-0.8877840070518654 - x) + x, [2.0])
    check = gradcheck(lambda x: (x + 1e17) - 1e17, [0.3])
    assert not check.ok and check.undecided and "cannot be checked" in str(check)


# ---- Random programs with shared operands --------------------------------------------------------

UNARY = ["sin", "cos", "tanh", "sigmoid", "softplus", "log_sigmoid", "silu", "neg", "exp", "expm1"]
BINARY = ["add", "sub", "mul", "maximum", "minimum"]
STEP = st.tuples(st.sampled_from(UNARY + BINARY), st.integers(0, 99), st.integers(0, 99))
PROGRAMS = st.lists(STEP, min_size=1, max_size=12)
POINTS = st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=3)


def run(program, inputs):
    """Run a straight-line program: every step reads any two earlier results."""
    results = list(inputs)
    for name, i, j in program:
        operands = [results[i % len(results)], results[j % len(results)]]
        result = OPS[name](*operands[: len(OPS[name].partials)])
        results.append(OPS["tanh"](result))
    return results[-1]


class Dual:
    """The naive reference: forward mode, one input at a time, rules of its own."""

    def __init__(self, number, slope=0.0):
        self.number, self.slope = number, slope


def run_forward(program, numbers, index):
    results = [Dual(number, float(i == index)) for i, number in enumerate(numbers)]
    for name, i, j in program:
        a, b = results[i % len(results)], results[j % len(results)]
        x = a.number
        logistic = 1.0 / (1.0 + math.exp(-x))
        rules = {
            "sin": (math.sin(x), math.cos(x)),
            "cos": (math.cos(x), -math.sin(x)),
            "tanh": (math.tanh(x), 1.0 - math.tanh(x) ** 2),
            "sigmoid": (logistic, logistic * (1.0 - logistic)),
            "softplus": (math.log(1.0 + math.exp(x)), logistic),
            "log_sigmoid": (math.log(logistic), 1.0 - logistic),
            "silu": (x * logistic, logistic + x * logistic * (1.0 - logistic)),
            "neg": (-x, -1.0),
            "exp": (math.exp(x), math.exp(x)),
            "expm1": (math.expm1(x), math.exp(x)),
        }
        if name in rules:
            number, slope = rules[name][0], rules[name][1] * a.slope
        elif name in ("add", "sub"):
            sign = 1.0 if name == "add" else -1.0
            number, slope = a.number + sign * b.number, a.slope + sign * b.slope
        elif name == "mul":
            number, slope = a.number * b.number, a.slope * b.number + a.number * b.slope
        elif a.number == b.number:
            number, slope = a.number, 0.5 * (a.slope + b.slope)
        else:
            chosen = a if (a.number > b.number) == (name == "maximum") else b
            number, slope = chosen.number, chosen.slope
        squashed = math.tanh(number)
        results.append(Dual(squashed, (1.0 - squashed * squashed) * slope))
    return results[-1]


@given(PROGRAMS, POINTS)
@settings(max_examples=300)
def test_random_programs_agree_with_a_naive_reference(program, numbers):
    leaves = [Value(number) for number in numbers]
    output = run(program, leaves)
    gradients = grad(output, leaves)
    for index, gradient in enumerate(gradients):
        reference = run_forward(program, numbers, index)
        assert output.data == pytest.approx(reference.number, rel=1e-9, abs=1e-12)
        assert gradient == pytest.approx(reference.slope, rel=1e-9, abs=1e-10)


@given(PROGRAMS, POINTS)
@settings(max_examples=100, deadline=None)
def test_random_programs_agree_with_finite_differences(program, numbers):
    # Where ties of maximum and minimum are nested, each by its own convention, the whole may have no kink.
    assume(len({0.0, *(round(number, 2) for number in numbers)}) == len(numbers) + 1)
    assert gradcheck(lambda *leaves: run(program, leaves), numbers, tolerance=1e-5)


@given(PROGRAMS, POINTS)
@settings(max_examples=100)
def test_every_way_to_a_gradient_gives_the_same_bits(program, numbers):
    leaves = [Value(number) for number in numbers]
    output = run(program, leaves)
    gradients = grad(output, leaves)
    output.backward()
    assert [leaf.grad for leaf in leaves] == gradients
    assert [slope.data for slope in grad(output, leaves, create_graph=True)] == gradients
    output.backward()
    assert [leaf.grad for leaf in leaves] == [gradient + gradient for gradient in gradients]
    with ag.detect_anomaly():
        assert grad(run(program, leaves), leaves) == gradients
    with ag.no_grad():
        assert run(program, leaves).data == output.data


@given(PROGRAMS, POINTS)
@settings(max_examples=200)
def test_a_sweep_walks_in_the_topological_order(program, numbers):
    leaves = [Value(number) for number in numbers]
    output = run(program, leaves)
    output = ag.dot([output, *leaves], [leaves[0], *reversed(leaves)], output) + ag.logsumexp(
        [*leaves, output]
    )
    expected = topological_order(output)
    if ag.engine_kind == "native":  # where both are one walk
        return
    found = []
    assert _zeroed(output, found, []) == expected[1]
    assert found == expected[0]


@given(PROGRAMS, POINTS)
@settings(max_examples=50, deadline=None)
def test_second_derivatives_of_random_programs_agree_with_differences_of_first_ones(program, numbers):
    smooth = [step for step in program if step[0] not in ("maximum", "minimum")]
    leaves = [Value(number) for number in numbers]
    matrix = hessian(run(smooth, leaves), leaves)
    step = 1e-5
    for j in range(len(numbers)):
        moved = [
            grad(run(smooth, at), at)
            for sign in (step, -step)
            for at in [[Value(number + sign * (i == j)) for i, number in enumerate(numbers)]]
        ]
        for i in range(len(numbers)):
            assert matrix[i][j] == pytest.approx((moved[0][i] - moved[1][i]) / (2 * step), rel=1e-4, abs=1e-5)


# ---- Seeds, several outputs, and products with vectors ------------------------------------------

SEVERAL = [
    lambda x, y, z: [x * y, ag.sin(x) + z, x * y * z, ag.norm([x, y, z]), ag.maximum(x, z)],
    lambda x, y, z: [ag.dot([x, y], [y, z], x), ag.logsumexp([x, y, z]), x / (1.0 + z * z), y],
    lambda x, y, z: [*ag.softmax([x, y, z]), ag.where(x, y, z), ag.gelu(x * z), ag.pick([x, y], 1)],
]
SMALL_NUMBERS = st.lists(st.floats(-3.0, 3.0, allow_subnormal=False), min_size=3, max_size=3)


@pytest.mark.parametrize("f", SEVERAL)
@settings(max_examples=40, deadline=None)
@given(SMALL_NUMBERS, SMALL_NUMBERS, st.lists(st.floats(-3.0, 3.0), min_size=6, max_size=6))
def test_forward_and_reverse_mode_are_the_products_with_the_jacobian(f, point, moves, weights):
    leaves = [Value(number) for number in point]
    outputs = f(*leaves)
    rows = [grad(output, leaves) for output in outputs]
    values, derivatives = ag.jvp(f, point, moves)
    assert values == [output.data for output in outputs]
    expected = [sum(slope * move for slope, move in zip(row, moves)) for row in rows]
    assert derivatives == pytest.approx(expected, rel=1e-12, abs=1e-12)
    weights = weights[: len(outputs)]
    values, derivatives = ag.vjp(f, point, weights)
    expected = [sum(weight * slope for weight, slope in zip(weights, column)) for column in zip(*rows)]
    assert derivatives == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert ag.jacobian(outputs, leaves) == [pytest.approx(row, rel=1e-12, abs=1e-12) for row in rows]
    assert all(leaf.grad is NO_GRADIENT for leaf in leaves)
    ag.backward(outputs, weights)
    assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(SMALL_NUMBERS, SMALL_NUMBERS)
def test_a_hessian_times_a_vector(point, vector):
    def f(x, y, z):
        return ag.sin(x * y) * ag.exp(z) + ag.norm([x, y, 1.0 + z * z]) + x**3

    leaves = [Value(number) for number in point]
    matrix = ag.hessian(f(*leaves), leaves)
    value, product = ag.hvp(f, point, vector)
    assert value == f(*leaves).data
    expected = [sum(number * part for number, part in zip(row, vector)) for row in matrix]
    assert product == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_seed_multiplies_all_gradients_and_several_outputs_take_one_sweep():
    x, y = Value(2.0), Value(3.0)
    product = x * y
    product.backward(seed=0.5)
    assert (x.grad, y.grad, product.grad) == (1.5, 1.0, 0.5)
    product.backward(2)
    assert (x.grad, y.grad, product.grad) == (7.5, 5.0, 2.0)
    x.backward(10.0)
    assert x.grad == 17.5
    a, b = Value(2.0), Value(3.0)
    first = a * b
    second = first * first
    ag.backward([first, second, a])
    assert (a.grad, b.grad) == (3.0 + 2.0 * 6.0 * 3.0 + 1.0, 2.0 + 2.0 * 6.0 * 2.0)
    assert (first.grad, second.grad) == (1.0 + 12.0, 1.0)
    ag.backward(a, [2.0])
    assert a.grad == 42.0
    ag.backward([])
    with ag.no_grad():
        ag.backward([first], [1.0])
    assert first.grad == 1.0
    steep = (a - 2.0).sqrt() if a.data > 2.0 else ag.relu(a - 2.0) * math.inf
    steep.backward(3.0)  # where a sweep begins anew, with care
    with ag.detect_anomaly(), pytest.raises(FloatingPointError):
        (a * 1e200).backward(1e200)


def test_forward_mode_passes_nothing_on_where_reverse_mode_does_not():
    x, w = Value(-1.0), Value(2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        output = ag.sqrt(ag.relu(x))
        choice = ag.where(ag.log(x * 0.0), w, w * x)
        assert ag.jacobian([output, choice, x * w, w], [x]) == [[0.0], [0.0], [2.0], [0.0]]
        assert ag.jvp(lambda x: ag.relu(-abs(x)), [0.5], [math.inf]) == (0.0, 0.0)
        value, slope = ag.jvp(lambda x: ag.where(x, x * x, 1.0), [3.0], [1.0])
        assert (value, slope) == (9.0, 6.0)
        assert ag.jvp(lambda c: ag.where(c, w, 1.0), [3.0], [math.inf]) == (2.0, 0.0)
    hidden = x * w
    assert ag.jvp(lambda h, x: h * x, [hidden, x], [1.0, 1.0]) == (2.0, -1.0 + -2.0 + 2.0 * -1.0)
    with ag.detect_anomaly(), pytest.raises(FloatingPointError, match="the gradient that mul"):
        ag.jvp(lambda x: x * 1e200, [1.0], [1e200])


def test_products_can_be_differentiated_again_and_compiled():
    x = Value(2.0)
    value, slope = ag.jvp(lambda x: x**3, [x], [1.0], create_graph=True)
    assert (value.data, slope.data, grad(slope, x)) == (8.0, 12.0, 12.0)
    (value, (slope,)) = ag.vjp(lambda x: x**3, [x], 1.0, create_graph=True)
    assert (slope.data, grad(slope, x)) == (12.0, 12.0)
    value, (product,) = ag.hvp(lambda x: x**3, [x], [1.0], create_graph=True)
    assert (value.data, product.data, grad(product, x)) == (8.0, 12.0, 6.0)
    assert ag.jvp(lambda x: Value(1.0), [2.0], [1.0], create_graph=True)[1].data == 0.0
    w = Value(0.5)

    def slope_of(number):
        return ag.jvp(lambda a: ag.tanh(a * w), [ag.Value(number)], [1.0], create_graph=True)[1]

    for backend in ("python", "numpy"):
        program = ag.compile(slope_of, [w], backend=backend)
        number, (gradient,) = program.value_and_grad(2.0)
        assert number == pytest.approx(slope_of(2.0).data, rel=1e-14)
        assert gradient == pytest.approx(grad(slope_of(2.0), w), rel=1e-14)
    with pytest.raises(ag.TraceError, match="create_graph=True"):
        ag.compile(lambda a: ag.jvp(lambda b: b * w, [ag.Value(a)], [1.0])[1], [w])(2.0)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ag.jvp(lambda x: x, [1.0], []), ValueError, "as many tangents as inputs: got 0 and 1"),
        (lambda: ag.vjp(lambda x: [x, x], [1.0], [1.0]), ValueError, "as many cotangents as outputs"),
        (
            lambda: ag.hvp(lambda x: x, [1.0], [1.0, 2.0]),
            ValueError,
            "as many numbers in the vector as inputs",
        ),
        (lambda: ag.hvp(lambda x: [x], [1.0], [1.0]), TypeError, "hvp: f returns one Value, got a list of 1"),
        (lambda: ag.jvp(lambda x: 3.0, [1.0], [1.0]), TypeError, "jvp: f returns a Value or a list of them"),
        (lambda: ag.backward([3.0]), TypeError, "backward takes Values, got 3.0"),
        (lambda: ag.backward([Value(3.0)], [1.0, 2.0]), ValueError, "as many seeds as outputs: got 2 and 1"),
        (lambda: ag.jacobian([Value(1.0), 2.0], [Value(1.0)]), TypeError, "jacobian takes Values, got 2.0"),
        (lambda: Value(1.0).backward("1"), TypeError, "cannot compute with '1' of type str"),
    ],
)
def test_what_products_with_vectors_refuse(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_a_jacobian_of_few_inputs_takes_one_walk_for_each_of_them(monkeypatch):
    walks = []
    real = forward.tangents
    monkeypatch.setattr(forward, "tangents", lambda *given, **more: walks.append(1) or real(*given, **more))
    x = Value(2.0)
    assert ag.jacobian([x * number for number in range(50)], [x]) == [[float(n)] for n in range(50)]
    assert len(walks) == 1
    ag.jacobian([x * x], [x, Value(1.0)])
    assert len(walks) == 1
