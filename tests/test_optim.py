"""Update rules, schedules and clipping, on floats and on arrays."""

import copy
import itertools
import math
import pickle
import signal
from decimal import Decimal

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile, fit, losses, nn, optim, softmax
from autograd_lite.optim.schedules import InEpochs

inf, nan = math.inf, math.nan
RULES = {
    "sgd": lambda p=None: optim.SGD(p, lr=0.1),
    "momentum": lambda p=None: optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p=None: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "weight decay": lambda p=None: optim.SGD(p, lr=0.1, momentum=0.5, weight_decay=0.3),
    "adam": lambda p=None: optim.Adam(p, lr=0.1),
    "adam with decay": lambda p=None: optim.Adam(p, lr=0.1, weight_decay=0.3),
    "adamw": lambda p=None: optim.AdamW(p, lr=0.1, weight_decay=0.3),
    "rmsprop": lambda p=None: optim.RMSprop(p, lr=0.01),
    "amsgrad": lambda p=None: optim.Adam(p, lr=0.1, amsgrad=True),
    "amsgrad with decay": lambda p=None: optim.AdamW(p, lr=0.1, weight_decay=0.3, amsgrad=True),
    "adagrad": lambda p=None: optim.Adagrad(p, lr=0.1),
    "adagrad with decay": lambda p=None: optim.Adagrad(p, lr=0.1, weight_decay=0.3),
    "lion": lambda p=None: optim.Lion(p, lr=0.01),
    "lion with decay": lambda p=None: optim.Lion(p, lr=0.01, weight_decay=0.3),
}
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def gradient(theta, step, index):
    """Some function of the parameter: what the rules are fed with."""
    return theta * (index + 1) + math.sin(step * (index + 1))


def walked(optimizer, steps=20):
    for step in range(steps):
        for index, parameter in enumerate(optimizer.parameters):
            parameter.grad = gradient(parameter.data, step, index)
        optimizer.step()
    return [parameter.data for parameter in optimizer.parameters]


def values():
    return [Value(1.0), Value(-2.0), Value(0.3), Value(0.0)]


# ---- Rules --------------------------------------------------------------------------------


@each_rule
def test_a_rule_moves_arrays_to_bit_equal_numbers(rule):
    optimizer = rule(values())
    data = numpy.array([p.data for p in optimizer.parameters])
    state = optimizer.begin(numpy.zeros(len(data)))
    for step in range(20):
        grad = numpy.array([gradient(theta, step, index) for index, theta in enumerate(data.tolist())])
        change, state = optimizer.update(data, grad, state, optimizer.learning_rate, step + 1)
        data = data - change
    assert walked(optimizer) == data.tolist()


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        (optim.SGD(lr=0.5), 2.0),
        (optim.SGD(lr=0.5, momentum=0.5), 1.5),
        (optim.SGD(lr=0.5, momentum=0.5, nesterov=True), 0.75),
        (optim.SGD(lr=0.5, weight_decay=0.5), 0.5),
    ],
)
def test_two_steps_of_gradient_descent_by_hand(rule, after):
    theta = Value(4.0)
    rule.bind([theta])
    for _ in range(2):
        theta.grad = 2.0
        rule.step()
    assert theta.data == after


def test_C3_weight_decay_takes_the_step_of_the_map_gradient():
    decay = 0.3
    one, other = [Value(1.5), Value(-2.0)], [Value(1.5), Value(-2.0)]
    decayed, plain = optim.SGD(one, lr=0.1, weight_decay=decay), optim.SGD(other, lr=0.1)
    for _ in range(5):
        for optimizer, penalty in ((decayed, 0.0), (plain, decay)):
            a, b = optimizer.parameters
            optimizer.zero_grad()
            (losses.squared_error(a * 2.0 + b, 1.0) + penalty * losses.l2([a, b])).backward()
            optimizer.step()
    assert [p.data for p in one] == pytest.approx([p.data for p in other], rel=1e-14)


@each_rule
def test_a_zero_gradient_leaves_a_parameter_at_zero(rule):
    theta = Value(0.0)
    optimizer = rule([theta])
    optimizer.step()
    assert theta.data == 0.0


@each_rule
def test_resuming_from_a_state_goes_on_to_the_same_numbers(rule):
    whole = walked(rule(values()), 10)
    first = rule(values())
    middle = walked(first, 4)
    second = rule([Value(number) for number in middle])
    second.load_state_dict(first.state_dict())
    for step in range(4, 10):
        for index, parameter in enumerate(second.parameters):
            parameter.grad = gradient(parameter.data, step, index)
        second.step()
    assert [p.data for p in second.parameters] == whole


def test_zero_grad():
    optimizer = optim.SGD(values(), lr=0.1)
    optimizer.parameters[0].grad = 3.0
    optimizer.zero_grad()
    assert [p.grad for p in optimizer.parameters] == [0.0] * 4


def test_binding_again_begins_anew():
    optimizer = optim.Adam(values(), lr=0.1)
    walked(optimizer, 3)
    optimizer.bind(values())
    assert (optimizer.steps, optimizer.states) == (0, [(0.0, 0.0)] * 4)


# ---- All or nothing -----------------------------------------------------------------------


def snapshot(optimizer):
    return [p.data for p in optimizer.parameters], optimizer.state_dict()


class Failing(optim.SGD):
    def update(self, data, grad, state, lr, step):
        if data == 0.3:
            raise KeyboardInterrupt
        return super().update(data, grad, state, lr, step)


def test_an_interrupt_between_parameters_moves_none():
    optimizer = Failing(values(), lr=0.1, momentum=0.9)
    before = snapshot(optimizer)
    for parameter in optimizer.parameters:
        parameter.grad = 1.0
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert snapshot(optimizer) == before


class Signalling(Value):
    """A parameter that is struck by Ctrl-C while it is being moved."""

    __slots__ = ()

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, number):
        signal.raise_signal(signal.SIGINT)
        self._data = number


def test_ctrl_c_while_parameters_are_moved_waits_until_all_are():
    optimizer = optim.SGD([Value(1.0), Signalling(2.0), Value(3.0)], lr=1.0)
    for parameter in optimizer.parameters:
        parameter.grad = 1.0
    for moved in (1.0, 2.0):  # and a second one does the same
        with pytest.raises(KeyboardInterrupt):
            optimizer.step()
        assert [p.data for p in optimizer.parameters] == [1.0 - moved, 2.0 - moved, 3.0 - moved]
        assert optimizer.steps == moved
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_step_to_infinity_is_refused_if_wanted():
    optimizer = optim.SGD([Value(1.0), Value(2.0)], lr=1e200)
    optimizer.parameters[1].grad = 1e200
    before = snapshot(optimizer)
    with pytest.raises(FloatingPointError, match="to -inf"):
        optimizer.step(finite=True)
    assert snapshot(optimizer) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "RMSprop"}, "that of RMSprop, this optimiser is SGD"),
        ({"steps": -1}, "number of steps"),
        ({"steps": 1.5}, "number of steps"),
        ({"steps": True}, "number of steps"),
        ({"steps": 2**53}, "number of steps"),
        ({"steps": 10**400}, "number of steps"),
        ({"states": [[0.0]]}, "does not fit"),
        ({"states": [[0.0, 1.0]] * 4}, "does not fit"),
        ({"states": [[nan]] * 4}, "no finite number"),
        ({"states": [["1"]] * 4}, "no finite number"),
        ({"states": [[10**400]] * 4}, "no finite number"),
        ({"states": [[1e308]] * 4}, "finite square"),
        ({"states": [[0.0]] * 3 + [[-1e155]]}, "finite square"),
        ({"states": 3}, "list of lists"),
        ({"states": [3] * 4}, "list of lists"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(change, said):
    optimizer = RULES["momentum"](values())
    walked(optimizer, 2)
    before = snapshot(optimizer)
    with pytest.raises(ValueError, match=said):
        optimizer.load_state_dict({**optimizer.state_dict(), **change})
    with pytest.raises(ValueError, match="table of kind, steps and states"):
        optimizer.load_state_dict({"kind": "SGD"})
    assert snapshot(optimizer) == before


@pytest.mark.parametrize("kind", [optim.RMSprop, optim.Adam, optim.AdamW, optim.Adagrad])
@pytest.mark.parametrize("square", [-1.0, -1e-9, -5e-324])
def test_a_state_that_the_rule_cannot_go_on_from_is_refused_whole(kind, square):
    optimizer = kind(values())
    walked(optimizer, 2)
    before, state = snapshot(optimizer), optimizer.state_dict()
    state["states"][-1][-1] = square
    with pytest.raises(ValueError, match="cannot go on from the state"):
        optimizer.load_state_dict(state)
    assert snapshot(optimizer) == before


def test_the_state_of_a_rule_that_needs_a_gradient_can_be_taken():
    class Signs(optim.Optimizer):
        def begin(self, zero):
            return (zero,)

        def update(self, data, grad, state, lr, step):
            return lr * grad / abs(grad), (state[0] + 1.0,)

    Signs([Value(1.0)], lr=0.1).load_state_dict({"kind": "Signs", "steps": 3, "states": [[3.0]]})


# ---- Settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.SGD(lr=0.0),
        lambda: optim.SGD(lr=-1.0),
        lambda: optim.SGD(lr=nan),
        lambda: optim.SGD(lr=inf),
        lambda: optim.SGD(lr=0.1, momentum=1.0),
        lambda: optim.SGD(lr=0.1, momentum=-0.1),
        lambda: optim.SGD(lr=0.1, weight_decay=-1.0),
        lambda: optim.SGD(lr=0.1, nesterov=True),
        lambda: optim.Adam(betas=(0.9,)),
        lambda: optim.Adam(betas=(0.9, 1.0)),
        lambda: optim.Adam(eps=0.0),
        lambda: optim.AdamW(weight_decay=nan),
        lambda: optim.RMSprop(decay=1.0),
        lambda: optim.RMSprop(eps=0.0),
        lambda: optim.Adagrad(eps=0.0),
        lambda: optim.Adagrad(weight_decay=-1.0),
        lambda: optim.Lion(betas=0.9),
        lambda: optim.Lion(weight_decay=-1.0),
        lambda: optim.linear(1.0, 0.0, epochs=0),
        lambda: optim.cosine(1.0, 0.0),
        lambda: optim.cosine(1.0, 0.0, steps=3, epochs=3),
        lambda: optim.warmup(optim.cosine(1.0, 0.0, epochs=3), steps=3),
        lambda: optim.SGD([{"parameters": [Value(1.0)], "lr": -1.0}], lr=0.1),
        lambda: optim.SGD([{"parameters": [Value(1.0)], "weight_decay": -1.0}], lr=0.1),
        lambda: optim.SGD([{"params": [Value(1.0)]}], lr=0.1),
        lambda: optim.SGD([{"parameters": [Value(1.0)], "momentum": 0.5}], lr=0.1),
        lambda: optim.RMSprop([{"parameters": [Value(1.0)], "weight_decay": 0.5}], lr=0.1),
        lambda: optim.SGD([{"parameters": []}], lr=0.1),
        lambda: optim.SGD([{"parameters": [v := Value(1.0)]}, {"parameters": [v]}], lr=0.1),
        lambda: optim.SGD([], lr=0.1),
        lambda: optim.SGD([Value(1.0)] * 2 + [v := Value(1.0), v], lr=0.1),
        lambda: optim.linear(1.0, 0.0, steps=0),
        lambda: optim.cosine(1.0, 0.0, steps=0),
        lambda: optim.exponential(1.0, 0.0),
        lambda: optim.warmup(1.0, steps=0),
        lambda: optim.clip_grad_norm([], 0.0),
        lambda: optim.SGD(lr=0.1).step(),
        lambda: optim.SGD([Value(1.0)], lr=lambda step: -1.0).step(),
        lambda: optim.SGD([Value(1.0)], lr=lambda step: nan).step(),
    ],
)
def test_settings_out_of_range_are_refused(make):
    with pytest.raises(ValueError):
        make()


NO_NUMBERS = {
    "lr": lambda wrong: optim.SGD(lr=wrong),
    "lr of a group": lambda wrong: optim.SGD([{"parameters": [Value(1.0)], "lr": wrong}], lr=0.1),
    "momentum": lambda wrong: optim.SGD(lr=0.1, momentum=wrong),
    "weight_decay": lambda wrong: optim.Adam(weight_decay=wrong),
    "eps": lambda wrong: optim.Adagrad(eps=wrong),
    "each of betas": lambda wrong: optim.Lion(betas=(wrong, 0.9)),
    "decay": lambda wrong: optim.RMSprop(decay=wrong),
    "max_norm": lambda wrong: optim.clip_grad_norm([Value(1.0)], wrong),
    "a learning rate": lambda wrong: optim.linear(wrong, 0.0, steps=3),
    "steps": lambda wrong: optim.cosine(1.0, 0.0, steps=wrong),
    "epochs": lambda wrong: optim.cosine(1.0, 0.0, epochs=wrong),
    "factor": lambda wrong: optim.exponential(1.0, wrong),
    "schedule": lambda wrong: optim.warmup(wrong, steps=3),
    "start": lambda wrong: optim.exponential(wrong, 0.5),
    "weight_decay of a group": lambda wrong: optim.SGD(
        [{"parameters": [Value(1.0)], "weight_decay": wrong}], lr=0.1
    ),
    "clip": lambda wrong: optim.SGD(lr=0.1).clipping(wrong),
    "the learning rate at step 0": lambda wrong: optim.SGD([Value(1.0)], lr=lambda step: wrong).step(),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_a_setting_that_is_no_number_is_named_with_the_way_to_get_one(name):
    with pytest.raises(TypeError, match=rf"^{name} is a number, got '0\.1', a str: write float\('0\.1'\)$"):
        NO_NUMBERS[name]("0.1")
    for wrong, words in (
        ([0.1], "[0.1], a list"),
        (Value(0.1), "Value(data=0.1, grad=0.0), a Value: use its .data"),
        (Decimal("0.1"), "Decimal('0.1'), a Decimal: write float(Decimal('0.1'))"),
        (True, "True, a bool"),
        (numpy.array([0.1, 0.2]), "array([0.1, 0.2]), a ndarray"),
    ):
        with pytest.raises(TypeError) as caught:
            NO_NUMBERS[name](wrong)
        assert str(caught.value) == f"{name} is a number, got {words}"


def test_an_array_of_no_axes_is_a_number():
    x = Value(1.0)
    x.grad = 1.0
    optim.SGD([x], lr=numpy.array(0.25), momentum=numpy.float32(0.5)).step()
    assert x.data == 0.75


@pytest.mark.parametrize("wrong", [optim.linear, optim.SGD, lambda: 0.1, lambda epoch, rate: rate])
def test_what_is_no_function_of_a_step_is_no_schedule(wrong):
    for make in (lambda: optim.Adam(lr=wrong), lambda: optim.warmup(wrong, steps=3)):
        with pytest.raises(TypeError, match=r"is a number or a function of the step.*optim\.linear\(0\.1"):
            make()
    optim.Adam(lr=max)  # which does not say what it takes


@pytest.mark.parametrize("wrong", [None, "0.1", -1.0, Value(0.1)])
def test_a_rate_that_is_set_later_is_looked_at_by_the_step(wrong):
    optimizer = optim.SGD([Value(1.0)], lr=0.1)
    optimizer.lr = wrong
    with pytest.raises(
        (TypeError, ValueError), match="the learning rate (at step 0 is a number|-1.0 at step 0)"
    ):
        optimizer.step()


def test_parameters_that_are_no_values_are_refused():
    with pytest.raises(TypeError, match="parameters are Values, got 'parameters'"):
        optim.SGD({"parameters": [Value(1.0)]}, lr=0.1)
    with pytest.raises(TypeError, match="Values or groups, not both"):
        optim.SGD([{"parameters": [Value(1.0)]}, Value(2.0)], lr=0.1)
    with pytest.raises(TypeError, match="parameters are Values"):
        optim.SGD([{"parameters": 1.0}], lr=0.1)
    with pytest.raises(TypeError, match="parameters are Values"):
        optim.SGD([1.0], lr=0.1)


class Line:
    """What fit can train without knowing its class."""

    def __init__(self, parameters):
        self.all = parameters

    def parameters(self):
        return iter(self.all)

    def __call__(self, x):
        return self.all[0] * x


RESULTS = {
    "a product": lambda leaf: leaf * 0.1,
    "a negation": lambda leaf: -leaf,
    "a function": lambda leaf: leaf.tanh(),
    "a list's operation": lambda leaf: softmax([leaf, 1.0])[0],
    "a subclass": lambda leaf: type("Own", (Value,), {"__slots__": ()})(1.0) + leaf,
}
NEED_LEAVES = {
    **{name: (lambda listed, rule=rule: rule(iter(listed))) for name, rule in RULES.items()},
    "binding later": lambda listed: optim.SGD(lr=0.1).bind(listed),
    "clip_grad_norm": lambda listed: optim.clip_grad_norm(iter(listed), 1.0),
    "compile a list": lambda listed: compile(lambda x: listed[0] * x, listed),
    "compile a dict": lambda listed: compile(lambda x: listed[0] * x, dict(enumerate(listed))),
    "compile an object": lambda listed: compile(lambda x: listed[0] * x, Line(listed)),
    "fit": lambda listed: fit(Line(listed), losses.mse, [1.0], [2.0], optimizer=optim.SGD(lr=0.1)),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
@pytest.mark.parametrize("takes", NEED_LEAVES.values(), ids=NEED_LEAVES)
def test_the_result_of_an_operation_is_refused_wherever_a_leaf_is_needed(takes, result):
    leaf = Value(3.0)
    computed = result(leaf)
    leaf.grad = computed.grad = 5.0
    with pytest.raises(ValueError, match=r"parameters are leaves, got the result of \w+: .*\.detach\(\)"):
        takes([leaf, computed])
    assert (leaf.data, leaf.grad, computed.grad) == (3.0, 5.0, 5.0)
    takes([leaf, computed.detach()])


@pytest.mark.parametrize("takes", NEED_LEAVES.values(), ids=NEED_LEAVES)
def test_what_is_no_value_is_refused_wherever_a_leaf_is_needed(takes):
    with pytest.raises(TypeError, match="parameters are Values, got"):
        takes([Value(1.0), 2.0])


# ---- Schedules and clipping ---------------------------------------------------------------


def test_a_schedule_gives_the_rate_of_each_step():
    theta = Value(0.0)
    optimizer = optim.SGD([theta], lr=optim.linear(1.0, 0.0, steps=4))
    moves = []
    for _ in range(6):
        theta.data, theta.grad = 0.0, -1.0
        optimizer.step()
        moves.append(theta.data)
    assert moves == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]


def test_schedules():
    warm = optim.warmup(optim.cosine(1.0, 0.0, steps=4), steps=2)
    cosine = [0.5 * (1.0 + math.cos(math.pi * step / 4)) for step in range(4)]
    assert [warm(step) for step in range(6)] == [0.5, *cosine[1:], 0.0, 0.0]
    assert [optim.exponential(2.0, 0.5)(step) for step in range(3)] == [2.0, 1.0, 0.5]


@pytest.mark.parametrize(("start", "sign"), [(1.0, 1.0), (1e300, 1.0), (-1.0, -1.0)])
def test_a_rate_that_grows_beyond_floats_is_inf_and_says_so(start, sign):
    rate = optim.exponential(start, 1.5)
    with pytest.warns(RuntimeWarning, match=r"learning rate .* \* 1.5 \*\* 5000 is -?inf: let it grow"):
        assert rate(5000) == sign * inf
    assert rate(10) == start * 1.5**10
    optimizer = optim.SGD([Value(1.0)], lr=rate)
    optimizer.steps = 5000
    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match="learning rate -?inf at step 5000"):
        optimizer.step()


EPOCHS = {
    "linear": (optim.linear(1.0, 0.1, epochs=2), optim.linear(1.0, 0.1, steps=10)),
    "cosine": (optim.cosine(1.0, 0.1, epochs=3), optim.cosine(1.0, 0.1, steps=15)),
    "warmup": (optim.warmup(0.3, epochs=1), optim.warmup(0.3, steps=5)),
    "warmup to cosine": (
        optim.warmup(optim.cosine(1.0, 0.0, epochs=3), epochs=1),
        optim.warmup(optim.cosine(1.0, 0.0, steps=15), steps=5),
    ),
}


@pytest.mark.parametrize(("in_epochs", "in_steps"), EPOCHS.values(), ids=EPOCHS)
def test_a_schedule_in_epochs_is_that_of_as_many_steps(in_epochs, in_steps):
    assert [in_epochs(step, 5) for step in range(20)] == [in_steps(step) for step in range(20)]


@pytest.mark.parametrize(("in_epochs", "in_steps"), EPOCHS.values(), ids=EPOCHS)
@pytest.mark.parametrize("compiled", [False, True])
def test_fit_tells_a_schedule_how_long_an_epoch_is(in_epochs, in_steps, compiled):
    X = [[x / 10, 1.0] for x in range(41)]
    y = [x * 2.0 for x, _ in X]
    ends = []
    for schedule in (in_epochs, in_steps):
        model = nn.MLP(2, [3, 1], "tanh", seed=0)
        optimizer = optim.SGD(lr=schedule)
        fit(model, losses.mse, X, y, optimizer=optimizer, epochs=4, batch_size=9, compiled=compiled)
        ends.append(model.state_dict())
    assert ends[0] == ends[1]


def test_in_a_loop_of_ones_own_a_schedule_in_epochs_asks_how_long_they_are():
    optimizer = optim.SGD([Value(1.0)], lr=optim.cosine(1.0, 0.0, epochs=2))
    with pytest.raises(ValueError, match="set optimizer.steps_per_epoch, or give the schedule steps="):
        optimizer.step()
    optimizer.steps_per_epoch = 3
    optimizer.step()


SCHEDULES = {
    "linear": optim.linear(1.0, 0.1, steps=7),
    "cosine": optim.cosine(1.0, 0.1, steps=7),
    "exponential": optim.exponential(1.0, 0.5),
    "warmup to a number": optim.warmup(0.3, steps=3),
    "warmup to a schedule": optim.warmup(optim.cosine(1.0, 0.1, steps=7), steps=3),
    "warmup in epochs": optim.warmup(0.3, epochs=0.5),
    "cosine in epochs": optim.warmup(optim.cosine(1.0, 0.1, epochs=2), epochs=1),
    "two warmups": optim.warmup(optim.warmup(optim.linear(1.0, 0.1, steps=7), steps=2), steps=3),
}
TWINS = {"pickle": lambda thing: pickle.loads(pickle.dumps(thing)), "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_schedules_and_optimisers_that_hold_one_are_copied_and_pickled(schedule, twin):
    length = [4] if isinstance(schedule, InEpochs) else []
    rates = [schedule(step, *length) for step in range(10)]
    assert [twin(schedule)(step, *length) for step in range(10)] == rates
    for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop):
        optimizer = kind(values(), lr=schedule)
        optimizer.steps_per_epoch = 4
        walked(optimizer, 2)
        other = twin(optimizer)
        assert other.learning_rate == optimizer.learning_rate
        assert snapshot(other) == snapshot(optimizer)
        assert walked(other, 5) == walked(optimizer, 5)


def test_clipping_keeps_the_direction_and_leaves_short_gradients():
    some = values()
    for parameter, number in zip(some, (3.0, 4.0, 0.0, 12.0)):
        parameter.grad = number
    assert optim.clip_grad_norm(some, 20.0) == 13.0
    assert [p.grad for p in some] == [3.0, 4.0, 0.0, 12.0]
    assert optim.clip_grad_norm(some, 6.5) == 13.0
    assert [p.grad for p in some] == [1.5, 2.0, 0.0, 6.0]


def test_clipping_does_not_overflow_and_leaves_what_is_not_finite():
    some = [Value(0.0), Value(0.0)]
    some[0].grad = some[1].grad = 1e200
    assert math.isfinite(optim.clip_grad_norm(some, 1.0))
    assert math.hypot(*(p.grad for p in some)) == pytest.approx(1.0)
    for bad in (inf, nan):
        some[0].grad, some[1].grad = bad, 1.0
        assert repr(optim.clip_grad_norm(some, 1.0)) == repr(bad)
        assert some[1].grad == 1.0


sizes = st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1e200, -1e200, 1e-200, inf, nan])


@given(st.lists(sizes, min_size=3, max_size=3), st.sampled_from([1e-3, 1.0, 1e3, 1e201]))
def test_arrays_are_clipped_as_numbers_are(numbers, most):
    some = [Value(0.0) for _ in numbers]
    for parameter, number in zip(some, numbers):
        parameter.grad = number
    optim.clip_grad_norm(some, most)
    clip = optim.SGD(lr=0.1).clipping(most)
    with numpy.errstate(all="ignore"):
        found = clip([numpy.array(numbers[:1]), numpy.array([numbers[1:]])])
    assert [each.shape for each in found] == [(1,), (1, 2)]
    expected = [parameter.grad for parameter in some]
    numpy.testing.assert_allclose(numpy.concatenate(found, axis=None), expected, rtol=1e-14)


def test_arrays_of_float32_are_clipped_where_squares_overflow():
    (found,) = optim.SGD(lr=0.1).clipping(2.0)([numpy.array([3e30, -4e30], "float32")])
    assert found.dtype == "float32"
    numpy.testing.assert_allclose(found, [1.2, -1.6], rtol=1e-6)


def test_every_pair_of_rules_differs():
    ends = [tuple(walked(rule(values()))) for rule in RULES.values()]
    assert all(one != other for one, other in itertools.combinations(ends, 2))
