"""Infinite gradients: what passes nothing on, what keeps IEEE products; and logits of any size."""

import math
import warnings

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import autograd_lite as ag
from autograd_lite import Value, compile, draw, fit, grad, hessian, losses, nn, optim, step_through

inf, nan = math.inf, math.nan
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def numbers(things):
    return [getattr(thing, "data", thing) for thing in things]


def every_face(f, points, backends):
    """Differentiate a function in every way there is; give what each way found, by its name."""

    def leaves():
        return [Value(number) for number in points]

    found = {}
    x = leaves()
    f(*x).backward()
    found["backward"] = [leaf.grad for leaf in x]
    f(*x).backward()  # adds the same again
    found["a second backward"] = [leaf.grad / 2.0 for leaf in x]
    x = leaves()
    found["grad"] = grad(f(*x), x)
    found["create_graph"] = numbers(grad(f(*x), x, create_graph=True))
    trace = step_through(f(*x), names={f"x{i}": leaf for i, leaf in enumerate(x)})
    found["steps"] = [trace.gradients.get(f"x{i}", 0.0) for i in range(len(x))]
    for backend in backends:
        program = compile(lambda: f(*x), x, backend=backend)
        found[backend] = program.value_and_grad()[1]
    return found


def assert_everywhere(backends, f, points, expected):
    for face, gradient in every_face(f, points, backends).items():
        for number, wanted in zip(gradient, expected, strict=True):
            assert number == wanted or (math.isnan(number) and math.isnan(wanted)), (face, gradient)


# Each takes x = -1 to something flat, or chooses another input; what stands behind it makes inf or nan of it.
STOPS = {
    "relu": lambda x: x.relu(),
    "relu at 0": lambda x: (x + 1.0).relu(),
    "clip": lambda x: x.clip(0.0, 1.0),
    "maximum": lambda x: ag.maximum(x, 0.0),
    "maximum, turned": lambda x: ag.maximum(Value(0.0), x),
    "minimum": lambda x: -ag.minimum(-x, 0.0),
    "amax": lambda x: ag.amax([x, 0.0, -2.0]),
    "where": lambda x: ag.where(ag.step(x), x, 0.0),
    "where, the other way": lambda x: ag.where(ag.less(x, 0.0), 0.0, x),
    "pick": lambda x: ag.pick([x, Value(0.0)], 1),
    "step": lambda x: ag.step(x),
    "sign": lambda x: 1.0 + ag.sign(x),
    "less": lambda x: ag.less(0.0, x),
    "x**0": lambda x: x**0 - 1.0,
}
# Each has the value 0 from above: the slope of these there is inf or nan.
ABOVE = {
    "sqrt": lambda y: y.sqrt(),
    "log": lambda y: y.log(),
    "1/y": lambda y: 1.0 / y,
    "y**-0.5": lambda y: y**-0.5,
    "inf": lambda y: y * inf,
    "nan": lambda y: y * nan,
}


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE)
@pytest.mark.parametrize("stops", STOPS.values(), ids=STOPS)
def test_what_is_flat_or_not_chosen_passes_nothing_on(backends, stops, above):
    assert_everywhere(backends, lambda x: above(stops(x)), [-1.0], [0.0])
    x = Value(-1.0)
    if not math.isnan(above(Value(0.0)).data):
        assert hessian(above(stops(x)), [x]) == [[0.0]]


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE)
@pytest.mark.parametrize("stops", STOPS.values(), ids=STOPS)
def test_what_lies_behind_is_still_multiplied(backends, stops, above):
    """0 · inf is nan: the root, whose own slope is infinite at 0, stands behind what is flat."""
    assert_everywhere(backends, lambda x: above(stops(x.sqrt() - 1.0)), [0.0], [nan])


IEEE = {
    "abs at 0": (lambda x: abs(x).log(), 0.0),
    "a slope of 0": (lambda x: ag.leaky_relu(x, 0.0).log(), -1.0),
    "an alpha of 0": (lambda x: ag.elu(x, 0.0).log(), -1.0),
    "underflow": (lambda x: (x**3).log(), 1e-200),
    "a factor of 0": (lambda x: (x * 0.0).log(), 2.0),
    "a power at 0": (lambda x: (x**2).log(), 0.0),
    "0 to no power, by the exponent, at 1": (lambda b: (Value(1.0) ** b - 1.0).sqrt(), 0.0),
    "0 to a power, by the exponent": (lambda b: (0.0**b).sqrt(), 0.5),
    "an undefined input": (lambda x: x.relu().log(), nan),
}


@pytest.mark.parametrize(("f", "point"), IEEE.values(), ids=IEEE)
def test_everything_else_keeps_ieee_products(backends, f, point):
    assert_everywhere(backends, f, [point], [nan])


@pytest.mark.parametrize("condition", [lambda x: x.log(), lambda x: 1.0 / x, lambda x: x.sqrt() * inf])
def test_a_condition_takes_no_part(backends, condition):
    """PyTorch's condition has no gradient; behind it a slope of inf does not matter."""
    assert_everywhere(backends, lambda x: ag.where(condition(x), 3.0 * x, x), [0.0], [3.0])
    x = Value(0.0)
    output = ag.where(condition(x), 3.0 * x, x)
    trace = step_through(output, names={"x": x})
    assert sum(path.product for path in trace.paths(x)) == 3.0
    output.backward()
    assert "gradient nan" not in draw(output)._repr_mimebundle_()["text/plain"]


def test_a_hessian_where_a_mixed_derivative_would_be_inf_times_0():
    x, y = Value(0.0), Value(1.25)
    assert hessian(x**y, [x, y]) == [[inf, 0.0], [0.0, 0.0]]
    x, y = Value(2.0), Value(0.0)  # flat in x, yet the slope changes with y
    assert hessian(x**y, [x, y])[0] == [0.0, 0.5]


def test_other_gradients_of_the_same_sweep_stay_what_they_are():
    x, w = Value(-1.0), Value(2.0)
    root = (w * x.relu()).sqrt()
    (root + w * x).backward()
    assert x.grad == 2.0
    assert math.isnan(w.grad)  # 0 · inf: relu's value is no flat piece of the product
    assert root.grad == 1.0


def test_the_rows_of_a_batch_and_a_training_pass_nothing_on_either(backends):
    for backend in backends:
        w, b = Value(1.0), Value(0.5)
        program = compile(lambda x, w=w, b=b: (w * x).relu().sqrt() + b * x, [w, b], backend=backend)
        mean, gradient = program.mean_and_grad([1.0, -1.0, 4.0, -2.0, 9.0, 0.0, -3.0, 1.0])
        assert mean == pytest.approx((1.0 + 2.0 + 3.0 + 1.0 + 0.5 * 9.0) / 8.0)
        assert gradient == pytest.approx([(0.5 + 1.0 + 1.5 + 0.5) / 8.0, 9.0 / 8.0])
        trainer = program.trainer(optim.SGD(lr=0.1))
        trainer.step([1.0, -1.0, 4.0, -2.0])
        trainer.write_back()
        assert (w.data, b.data) == pytest.approx((1.0 - 0.1 * 1.5 / 4.0, 0.5 - 0.1 * 0.5))


def test_a_model_trains_alike_through_a_square_root_of_relu():
    X = [[i / 10.0 - 2.0] for i in range(40)]
    y = [math.sqrt(max(x, 0.0)) for (x,) in X]
    found = []
    for compiled in (True, False):
        model = nn.MLP(1, [3, 1], seed=1)
        history = fit(
            model, lambda f, t: losses.squared_error((f.relu() + 0.0).sqrt(), t), X, y,
            optimizer=optim.SGD(lr=0.01), epochs=3, batch_size=8, compiled=compiled,
        )  # fmt: skip
        found.append((history.loss, model.state_dict()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-9)
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-9)


def test_a_gradient_that_is_really_not_finite_still_stops_a_training(backends):
    w = Value(0.0)
    for backend in backends:
        trainer = compile(lambda x: (w * x).sqrt(), [w], backend=backend).trainer(optim.SGD(lr=0.1))
        with pytest.raises(FloatingPointError):
            trainer.step([1.0, 2.0])
        assert w.data == 0.0


class Two(nn.Module):
    """A model of two parameters, of which the loss needs the first."""

    def __init__(self):
        self.w, self.v = Value(0.0), Value(1.0)

    def __call__(self, x):
        return self.w * x


class Bounded(optim.SGD):
    """A rule that hides the size of a gradient."""

    def update(self, data, grad, state, lr, step):
        return lr * (min(max(grad, -1.0), 1.0) if isinstance(grad, float) else grad.clip(-1.0, 1.0)), state


class Ignoring(optim.SGD):
    """A rule that does not look at the gradient."""

    def update(self, data, grad, state, lr, step):
        return lr * data, state


RULES = [getattr(optim, name) for name in optim.__all__]
RULES = [each for each in RULES if isinstance(each, type) and hasattr(each, "update")]
RULES = [*(each for each in RULES if each is not optim.Optimizer), Bounded, Ignoring]
BAD_GRADIENTS = {
    "inf": lambda f, t: f.sqrt() + t,
    "-inf": lambda f, t: t - f.sqrt(),
    "nan": lambda f, t: (f * f).sqrt() + t,
    "inf, of which no part is": lambda f, t: (f + f) * 1e308 + t,
}


def stopped(make, loss, **settings):
    """Train until an error; return what it says, and what the model and the optimiser hold then."""
    model, optimizer = Two(), make()
    with pytest.raises(FloatingPointError) as caught:
        fit(model, loss, [1.0] * 40, [0.5] * 40, optimizer=optimizer, epochs=2, batch_size=20, **settings)
    held = numbers(model.parameters()), optimizer.states, optimizer.steps
    return str(caught.value), held


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("loss", BAD_GRADIENTS.values(), ids=BAD_GRADIENTS)
@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_that_is_not_finite_moves_nothing_by_any_rule(backends, rule, loss, clip):
    """Whatever the rule makes of it: of inf a sign is 1, and bounds are bounds."""
    said, held = stopped(lambda: rule(lr=0.1), loss, compiled=False, clip=clip)
    assert said.startswith("epoch 0, batch 0: the gradient ") and "learning rate" in said
    assert held == ([0.0, 1.0], [rule(lr=0.1).begin(0.0)] * 2, 0)
    for backend in backends:
        assert stopped(lambda: rule(lr=0.1), loss, backend=backend, clip=clip) == (said, held)


def test_a_gradient_that_is_not_finite_moves_no_group(backends):
    model = Two()

    def make():
        return optim.Lion([{"parameters": [model.v], "lr": 0.5}, {"parameters": [model.w]}], lr=0.1)

    for backend in backends:
        trainer = compile(lambda x: (model.w * x).sqrt() + model.v, [model.v, model.w], backend=backend)
        optimizer = make()
        trainer = trainer.trainer(optimizer)
        with pytest.raises(FloatingPointError, match="a gradient"):
            trainer.step([1.0, 2.0])
        trainer.write_back()
        assert (numbers(model.parameters()), optimizer.states, optimizer.steps) == (
            [0.0, 1.0], [(0.0,), (0.0,)], 0,
        )  # fmt: skip


def test_a_step_that_is_to_be_finite_needs_a_finite_gradient():
    for bad in (inf, -inf, nan):
        optimizer = optim.Lion([Value(1.0), Value(2.0, "w")], lr=0.5)
        optimizer.parameters[1].grad = bad
        for call in (optimizer.step, optimizer.after_step):
            with pytest.raises(FloatingPointError, match=rf"the gradient of .*label='w'\) is {bad}"):
                call(finite=True)
        assert (numbers(optimizer.parameters), optimizer.states) == ([1.0, 2.0], [(0.0,), (0.0,)])


# ---- Logits of any size ------------------------------------------------------------------

LOGITS = st.lists(
    st.floats(-1e300, 1e300) | st.sampled_from([0.0, 1e16, -1e16, 1e16 + 2.0, 700.0, -745.0]),
    min_size=2, max_size=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(LOGITS)
def test_softmax_and_cross_entropy_do_not_see_a_constant_that_is_added(logits):
    largest = max(logits)
    rest = [number - largest for number in logits]
    assert ag.softmax(logits) == ag.softmax(rest)
    for k in range(len(logits)):
        there, here = [*map(Value, logits)], [*map(Value, rest)]
        one, other = ag.softmax(there)[k], ag.softmax(here)[k]
        assert one.data == other.data == ag.softmax(logits)[k]
        assert grad(one, there) == grad(other, here)
        one, other = losses.cross_entropy(there, k), losses.cross_entropy(here, k)
        assert (one.data, grad(one, there)) == (other.data, grad(other, here))


@pytest.mark.parametrize("size", [0.0, 1e8, -1e8, 1e16, -1e16, 1e300, -1e300])
def test_compiled_and_eager_agree_on_logits_of_any_size(backends, size):
    for logits in ([size, size], [size, size, 0.0], [size, -size, size, 1.0], [size, size + 1.0, size - 2.0]):
        z = [*map(Value, logits)]
        for k in range(len(logits)):
            for f in (
                lambda k=k, z=z: losses.cross_entropy(z, k),
                lambda k=k, z=z: ag.softmax(z)[k],
                lambda z=z: ag.logsumexp(z),
            ):
                eager = f()
                for backend in backends:
                    value, gradient = compile(f, z, backend=backend).value_and_grad()
                    assert value == pytest.approx(eager.data, rel=1e-15, abs=1e-300)
                    assert gradient == pytest.approx(grad(eager, z), rel=1e-14, abs=1e-300)


def test_two_equal_logits_share():
    for size in (0.0, 1e16, -1e16, 1e300, 5e-324):
        z = [Value(size), Value(size)]
        loss = losses.cross_entropy(z, 0)
        assert (loss.data, grad(loss, z)) == (math.log(2.0), [-0.5, 0.5])
        assert grad(ag.logsumexp(z), z) == [0.5, 0.5]
        assert ag.softmax([size, size]) == [0.5, 0.5]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-700.0, 0.0), min_size=1, max_size=6))
def test_logsumexp_keeps_what_is_small_in_every_face(backends, others):
    values = [0.0, *others]
    with mp.workdps(420):
        exact = float(mp.log(mp.fsum(mp.exp(value) for value in values)))
    leaves = [*map(Value, values)]
    faces = [ag.logsumexp(values), ag.logsumexp(leaves).data]
    for backend in backends:
        faces.append(compile(lambda: ag.logsumexp(leaves), leaves, backend=backend)())
    for number in faces:
        assert number == pytest.approx(exact, rel=1e-15)


def test_amax_shares_a_tie(backends):
    z = [Value(2.0), Value(1.0), Value(2.0)]
    assert grad(ag.amax(z), z) == [0.5, 0.0, 0.5]
    for backend in backends:
        program = compile(lambda *x: ag.amax([w * a for w, a in zip(z, x, strict=True)]), z, backend=backend)
        mean, gradient = program.mean_and_grad([1.0, 1.0], [1.0, 5.0], [1.0, 1.0])
        assert (mean, gradient) == (3.5, [0.25, 2.5, 0.25])


def test_infinite_logits_are_what_pytorch_says():
    assert ag.logsumexp([-inf, -inf]) == -inf
    z = [Value(-inf), Value(0.0)]
    assert grad(ag.logsumexp(z), z) == [0.0, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compile(lambda *x: ag.logsumexp([w * a for w, a in zip([Value(1.0)] * 2, x)]), [],
                        backend="numpy").map([inf, 800.0, -inf], [800.0, -800.0, -inf])  # fmt: skip
    assert numpy.array_equal(found, [inf, 800.0, -inf])


def test_the_advice_on_branches_keeps_right_programs_right():
    """A branch that is not defined everywhere needs a guarded input: what the advice shows is defined."""
    for number, expected in ((4.0, 0.25), (-1.0, 0.0), (0.0, 0.0)):
        a = Value(number)
        assert grad(ag.where(ag.step(a), ag.sqrt(ag.where(ag.step(a), a, 1.0)), 0.0), a) == expected
    a = Value(-1.0)
    assert math.isnan(grad(ag.where(ag.step(a), ag.sqrt(a), 0.0), a))
    program = compile(lambda x: a * x if x > 0 else -a * x, [a], backend="numpy")
    program(1.0)
    with pytest.warns(RuntimeWarning, match=r"guarded input, as in sqrt\(where\(step\(a\), a, 1.0\)\)"):
        program.map([1.0, -1.0])


def test_a_factor_of_0_is_no_reason_to_leave_something_out(backends):
    for f, start, expected in (
        (lambda w: 0.0 * w**w, -1.0, nan),
        (lambda w: (w * 0.0) / (w * 0.0), 0.0, nan),
        (lambda w: 0.0 * w.log() + w, 0.0, nan),
        (lambda w: ag.dot([0.0, 1.0], [w.sqrt(), w]), 0.0, nan),
    ):
        assert_everywhere(backends, f, [start], [expected])
