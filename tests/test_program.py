"""A compiled program stays true: every way to get a stale or a wrong one, and the edges of its interface."""

import collections
import copy
import functools
import inspect
import math
import subprocess
import sys
import threading
import traceback
import warnings
from fractions import Fraction

import numpy as np
import pytest

from autograd_lite import (
    NO_GRADIENT,
    Value,
    clip,
    detect_anomaly,
    dot,
    engine_kind,
    exp,
    grad,
    log,
    losses,
    maximum,
    nn,
    no_grad,
    optim,
    pick,
    relu,
    sigmoid,
    sqrt,
    tanh,
)
from autograd_lite.compiler import TraceError, compile
from autograd_lite.core.modes import current_tracer

GUARDS = "comparisons came out otherwise than when the function was traced"
DIFFER = "the program and the function itself differ"
LENGTHS = [1.0, 10.0, 100.0]


@pytest.fixture(params=["python", "numpy", "auto"])
def backend(request):
    return request.param


@pytest.fixture
def w():
    return Value(2.0, label="w")


@pytest.fixture
def b():
    return Value(1.0, label="b")


def traces(program):
    """Count how often a program was traced."""
    return int(repr(program).split("traced ")[1].split()[0])


def eager(f, parameters, *columns):
    """Compute the mean over rows and its gradient without the compiler."""
    results = [f(*row) for row in zip(*columns)]
    gradients = [grad(result, parameters) for result in results]
    count = len(results)
    return sum(result.data for result in results) / count, [sum(g) / count for g in zip(*gradients)]


# ---- What retraces, and what does not ----------------------------------------------------------


def test_labels_and_batches_do_not_retrace(w, b, backend):
    program = compile(lambda x, k: pick([w * x, b, w * b], k), [w, b], backend=backend)
    assert [program(2.0, 0), program(2.0, 1), program(2.0, 2)] == [4.0, 1.0, 2.0]
    assert [program(np.float32(2.0), np.int64(1)), program(np.array(2.0), np.array(0))] == [1.0, 4.0]
    assert program.map([1.0, 2.0], [0, 2]) == [2.0, 2.0]
    assert program.map(np.array([1.0, 2.0]), np.array([1, 2], "uint8")) == [1.0, 2.0]
    assert program.mean_and_grad([1.0, 2.0], (0, 0)) == (3.0, [1.5, 0.0])
    assert traces(program) == 1


def test_tokens_of_an_embedding_do_not_retrace(backend):
    table = nn.Embedding(3, 2)
    program = compile(lambda tokens: sum(table(tokens[0])) * sum(table(tokens[1])), table, backend=backend)
    for tokens in ([0, 1], [2, 2], [1, 0]):
        assert math.isclose(program(tokens), (sum(table(tokens[0])) * sum(table(tokens[1]))).data)
    assert traces(program) == 1


def test_numbers_may_come_in_lists_tuples_and_arrays(w, b, backend):
    program = compile(lambda xs: sum((w * x for x in xs), b), [w, b], backend=backend)
    for xs in ([1.0, 2.0], (1.0, 2.0), np.array([1.0, 2.0]), np.array([1, 2], "float32"), [1, 2.0]):
        assert program.value_and_grad(xs) == (7.0, [3.0, 1.0])
    assert traces(program) == 3  # each arrives as what it is
    assert program([1.0, 2.0, 3.0]) == 13.0  # another shape is another trace
    assert traces(program) == 4


USES = {
    "index of a list": lambda w, b, x, k: w * x * LENGTHS[k],
    "negative index": lambda w, b, x, k: w * x * LENGTHS[-k],
    "index of an array": lambda w, b, x, k: w * x * np.array(LENGTHS)[k],
    "==": lambda w, b, x, k: w * x if k == 1 else b,
    "== a float": lambda w, b, x, k: w * x if k == 1.0 else b,
    "!=": lambda w, b, x, k: w * x if k != 1 else b,
    "in": lambda w, b, x, k: w * x if k in (1, 2) else b,
    "range": lambda w, b, x, k: sum((w * x for _ in range(k)), b),
    "key of a dict": lambda w, b, x, k: w * x * {0: 5.0, 1: 6.0, 2: 7.0}[k],
    "slice": lambda w, b, x, k: sum([w, b, w * x][:k], w),
    "truth": lambda w, b, x, k: w * x if k else b,
    "not": lambda w, b, x, k: w * x if not k else b,
    "//": lambda w, b, x, k: w * x * LENGTHS[k // 2],
    "// on the right": lambda w, b, x, k: w * x * LENGTHS[2 // (k + 1)],
    "%": lambda w, b, x, k: w * x * LENGTHS[k % 2],
    "divmod": lambda w, b, x, k: w * x * divmod(k, 2)[1],
    "bits": lambda w, b, x, k: w * x * ((1 << k) | (k & 1)),
    "int": lambda w, b, x, k: w * x * int(k),
    "float": lambda w, b, x, k: w * x * float(k),
    "round": lambda w, b, x, k: w * x * round(k),
    "math": lambda w, b, x, k: w * x * math.sqrt(k),
    "text": lambda w, b, x, k: w * x if f"{k}" == "1" else b,
    "formatted": lambda w, b, x, k: w * x if f"{k:03d}" == "001" else b,
    "one-hot": lambda w, b, x, k: sum((w * x * (i if i == k else 0.5) for i in range(3)), b),
    "after arithmetic": lambda w, b, x, k: w * x * LENGTHS[abs(k - 2)],
}


@pytest.mark.parametrize("use", USES)
def test_a_whole_number_used_otherwise_joins_the_key(use, w, b, backend):
    f = functools.partial(USES[use], w, b)
    program = compile(f, [w, b], backend=backend)
    order = [0, 1, 2, 1, 0, 2]
    assert [program(2.0, k) for k in order] == [f(2.0, k).data for k in order]
    assert traces(program) == 3
    columns = ([2.0, 3.0, 4.0, 5.0], [0, 1, 2, 1])  # rows of one batch differ too
    assert program.map(*columns) == [f(*row).data for row in zip(*columns)]
    mean, gradient = program.mean_and_grad(*columns)
    expected = eager(f, [w, b], *columns)
    assert mean == pytest.approx(expected[0]) and gradient == pytest.approx(expected[1])
    assert traces(program) == 3


def test_two_whole_numbers_together(w, b, backend):
    table = [Value(float(number)) for number in range(4)]
    program = compile(lambda j, k: pick(table, j + k), table, backend=backend)
    assert [program(0, 1), program(1, 2), program.map([0, 3], [2, 0])] == [1.0, 3.0, [2.0, 3.0]]
    assert traces(program) == 1
    program = compile(lambda j, k: table[k - j] * 1.0, table, backend=backend)
    assert [program(0, 1), program(1, 3), program(3, 3)] == [1.0, 2.0, 0.0]
    assert traces(program) == 1
    program = compile(lambda j, k: table[int(k - j)] * 1.0, table, backend=backend)
    assert [program(0, 1), program(1, 3), program(3, 3)] == [1.0, 2.0, 0.0]
    assert traces(program) == 3


def test_too_many_values_of_a_whole_number(w):
    program = compile(lambda k: w * int(k), [w], backend="python")
    for k in range(64):
        assert program(k) == 2.0 * k
    with pytest.raises(ValueError, match="traced for 64 values of a whole number: use it with pick"):
        program(64)
    program = compile(lambda word: w * len(word), [w], backend="python")
    for n in range(64):
        assert program("a" * n) == 2.0 * n
    with pytest.raises(
        ValueError, match="64 values of an argument that is no number, such as 'a+: pass numbers"
    ):
        program("a" * 64)
    assert program("a" * 9) == 18.0


def test_whole_numbers_that_no_array_holds_are_floats(w, b, backend):
    program = compile(lambda x: w * x + b, [w, b], backend=backend)
    assert program(10**20) == 2e20
    assert program.map([1, 10**20]) == [3.0, 2e20]


@pytest.mark.parametrize("index", [3, -1, -3])
def test_an_index_out_of_range_is_refused_as_eager_does(index, w, b, backend):
    program = compile(lambda x, k: pick([w * x, b, w], k), [w, b], backend=backend)
    program(1.0, 0)
    for call in (
        lambda: program(1.0, index),
        lambda: program.map([1.0, 1.0], [0, index]),
        lambda: program.backward([1.0, 1.0], np.array([0, index])),
        lambda: program.trainer(optim.SGD(lr=0.1)).step([1.0, 1.0], [0, index]),
    ):
        with pytest.raises(IndexError, match=f"an index is a whole number from 0 to 2, got {index}"):
            call()


def test_a_computed_index_does_not_count_from_the_end(backend):
    table = [Value(float(number)) for number in range(4)]
    program = compile(lambda k: pick(table, k + 1), table, backend=backend)
    assert [program(0), program(2)] == [1.0, 3.0]
    with pytest.warns(RuntimeWarning, match=GUARDS), pytest.raises(IndexError, match="from 0 to 3, got -1"):
        program(-2)
    with pytest.raises(IndexError):
        program(3)
    with pytest.raises(IndexError, match="from 0 to 3, got -1"):
        program.map([0, -2])


def test_a_class_out_of_range_in_the_first_call(w, b, backend):
    program = compile(lambda x, k: losses.cross_entropy([w * x, b], k), [w, b], backend=backend)
    with pytest.raises(ValueError, match="a class is a whole number from 0 to 1, got 5"):
        program(1.0, 5)
    assert program(1.0, 1) == losses.cross_entropy([w, b], 1).data


# ---- Comparisons -------------------------------------------------------------------------------

BRANCHES = {
    "if": lambda w, b, x: w * x if x > 0 else b * x,
    "of parameters": lambda w, b, x: w * x if w * x >= b else b * x,
    "max": lambda w, b, x: max(w * x, b),
    "sorted": lambda w, b, x: sorted([w * x, b, w])[1],
}


@pytest.mark.parametrize("branch", BRANCHES)
def test_rows_that_take_another_way_run_eagerly_with_one_warning(branch, w, b, backend):
    f = functools.partial(BRANCHES[branch], w, b)
    program = compile(f, [w, b], backend=backend)
    X = [1.0, -1.0, 2.0, -3.0]
    with pytest.warns(RuntimeWarning, match=GUARDS) as caught:
        assert [program(x) for x in X] == [f(x).data for x in X]
        assert program.map(X) == [f(x).data for x in X]
        mean, gradient = program.mean_and_grad(X)
    assert [warning.filename for warning in caught] == [__file__]
    expected = eager(f, [w, b], X)
    assert mean == pytest.approx(expected[0]) and gradient == pytest.approx(expected[1])
    assert traces(program) == 1


def test_a_comparison_of_a_parameter_is_evaluated_anew(w, b, backend):
    program = compile(lambda x: w * x if w > 0 else b * x, [w, b], backend=backend)
    assert program.value_and_grad(3.0) == (6.0, [3.0, 0.0])
    w.data = -2.0
    with pytest.warns(RuntimeWarning, match=GUARDS):
        assert program.value_and_grad(3.0) == (3.0, [0.0, 3.0])


def test_nan_takes_its_own_way(w, b, backend):
    program = compile(lambda x: w if x > 0 else b * x, [w, b], backend=backend)
    assert program(1.0) == 2.0
    with pytest.warns(RuntimeWarning, match=GUARDS):
        assert math.isnan(program(math.nan))


def test_range_checks_of_losses_are_kept(w, backend):
    program = compile(lambda x: losses.binary_cross_entropy(w * x, 0.5), [w], backend=backend)
    program(0.25)
    for call in (lambda: program(5.0), lambda: program.backward([0.25, 5.0])):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(ValueError, match="the output is a probability from 0 to 1"):
                call()


def test_training_where_rows_take_another_way(w, b, backend):
    trainer = compile(lambda x: w * x if x > 0 else b * x, [w, b], backend=backend).trainer(optim.SGD(lr=0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert trainer.step([1.0, 2.0]) == 3.0  # w = 2 - 0.5 * 1.5
        assert trainer.step([2.0, -2.0]) == 0.25  # mean of 2.5 and -2; w = 1.25 - 0.5, b = 1 + 0.5
        assert trainer.step([-1.0, -3.0]) == -3.0  # b = 1.5 + 1
    trainer.write_back()
    assert (w.data, b.data) == (0.75, 2.5)


# ---- What is read anew, and what is fixed ------------------------------------------------------


def test_parameters_are_read_at_every_call(w, b, backend):
    program = compile(lambda x: w * x + b, [w, b], backend=backend)
    assert program(3.0) == 7.0
    w.data = 5.0
    assert (program(3.0), program.map([3.0]), program.value_and_grad(3.0)) == (
        16.0,
        [16.0],
        (16.0, [3.0, 1.0]),
    )


def test_frozen_leaves_are_read_at_every_call(w, backend):
    frozen = Value(5.0)
    program = compile(lambda x: w * x * frozen, [w], backend=backend)
    assert program(1.0) == 10.0
    frozen.data = 7.0
    assert (program(1.0), program.map([1.0, 2.0]), program.mean_and_grad([1.0])) == (
        14.0,
        [14.0, 28.0],
        (14.0, [7.0]),
    )
    frozen.data = math.nan
    assert (
        math.isnan(program(1.0)) and math.isnan(program.map([1.0])[0]) and math.isnan(program.map([1.0])[0])
    )
    frozen.data = 1.0
    assert (program(1.0), program.map([1.0])) == (2.0, [2.0])
    trainer = program.trainer(optim.SGD(lr=0.5))
    assert trainer.step([1.0] * 9) == 2.0
    frozen.data = 4.0
    assert trainer.step([1.0] * 9) == 6.0


def test_plain_numbers_are_fixed_and_a_change_is_found(w, backend):
    scale = [3.0]
    program = compile(lambda x: w * x * scale[0], [w], backend=backend)
    assert program(1.0) == 6.0
    scale[0] = 4.0
    with pytest.raises(RuntimeError, match=DIFFER):
        program(1.0)


def test_a_replaced_parameter_is_found(backend):
    model = nn.MLP(2, [2, 1])
    program = compile(lambda x: model(x), model, backend=backend)
    program([1.0, 2.0])
    model.layers[1].neurons[0].b = Value(100.0)
    with pytest.raises(RuntimeError, match=DIFFER):
        program([1.0, 2.0])


def test_module_modes_and_states_between_calls(backend):
    model = nn.MLP(2, [2, 1])
    program = compile(lambda x: model(x), model, backend=backend)
    state = model.state_dict()
    for change in (
        model.eval,
        model.train,
        model.freeze,
        model.unfreeze,
        lambda: model.load_state_dict({name: 2.0 * number for name, number in state.items()}),
        lambda: [setattr(p, "data", p.data - 0.1) for p in model.parameters()],
    ):
        change()
        assert program([1.0, 2.0]) == pytest.approx(model([1.0, 2.0]).data, abs=1e-12)


class Holder:
    def __init__(self, module):
        self.module = module


def global_dropout(x):
    return DROPOUT(x)


DROPOUT = nn.Dropout(0.5, seed=0)


@pytest.mark.parametrize("place", ["closure", "object", "inner function", "list", "global", "default"])
def test_dropout_follows_train_and_eval_wherever_it_is(place, w, backend):
    dropout = DROPOUT if place == "global" else nn.Dropout(0.5, seed=0)
    holder, listed = Holder(dropout), [dropout]

    def inner(x):
        return dropout(w * x)

    f = {
        "closure": lambda x: dropout(w * x),
        "object": lambda x: holder.module(w * x),
        "inner function": lambda x: inner(x),
        "list": lambda x: listed[0](w * x),
        "global": lambda x: global_dropout(w * x),
        "default": functools.partial(lambda x, layer=dropout: layer(w * x)),
    }[place]
    program = compile(f, [w], backend=backend)
    dropout.train()
    assert {program(1.0) for _ in range(50)} == {0.0, 4.0}
    dropout.eval()
    assert {program(1.0) for _ in range(12)} == {2.0}
    dropout.train()
    assert {program(1.0) for _ in range(50)} == {0.0, 4.0}


def test_the_search_for_modules_leaves_data_alone(w):
    data = [[0.0] * 50 for _ in range(2000)]
    loop = [w]
    loop.append(loop)
    program = compile(lambda k: w * data[0][0] + loop[0], [w], backend="python")
    assert program(1) == 2.0


# ---- What a traced function may not do ---------------------------------------------------------

READS = {
    "float": lambda x: x * float(x.data),
    "grad": lambda x: x * x.grad,
    "bool": lambda x: x if x else -x,
    "and": lambda x: x and -x,
    "setting data": lambda x: setattr(x, "data", 1.0) or x,
    "update": lambda x: setattr(x, "data", x.data - 0.1) or x,
}


@pytest.mark.parametrize("read", READS)
def test_reading_a_traced_number_names_the_way_out(read, w, backend):
    program = compile(lambda x: READS[read](w * x), [w], backend=backend)
    for _ in range(2):
        with pytest.raises(TraceError, match=r"Use .detach\(\) .*,.* an Op for .*, where\(step\(a\), b, c\)"):
            program(1.0)
        assert current_tracer() is None and w.data == 2.0


@pytest.mark.parametrize("convert", [float, int, math.exp, math.floor, round, lambda x: np.float64(x)])
def test_a_conversion_of_a_traced_number_is_refused(convert, w):
    with pytest.raises(TypeError):
        compile(lambda x: w * convert(x), [w])(1.0)
    assert current_tracer() is None


def test_detach_and_no_grad_inside(w, b, backend):
    def halted(x):
        with no_grad():
            y = w * x
        return y * w * x.exp().detach() + w.detach() * b

    program = compile(halted, [w, b], backend=backend)
    assert program.value_and_grad(0.0) == (2.0, [0.0, 2.0])
    w.data = 3.0
    value, gradient = program.value_and_grad(1.0)
    assert value == pytest.approx(9.0 * math.e + 3.0) and gradient == pytest.approx([3.0 * math.e, 3.0])


def test_methods_of_inputs(w, backend):
    assert compile(lambda x: w * x.exp().tanh(), [w], backend=backend)(0.0) == 2.0 * math.tanh(1.0)


def test_numpy_functions_of_values(w, b, backend):
    assert compile(lambda x: w * np.exp(x), [w], backend=backend)(0.0) == 2.0
    assert compile(lambda x: np.sum([w * x, b]), [w, b], backend=backend)(3.0) == 7.0
    assert compile(lambda x: np.dot(np.array([w, b]), np.array([x, x])), [w, b], backend=backend)(3.0) == 9.0


def test_a_program_inside_a_traced_function(w, backend):
    inner = compile(lambda x: w * x, [w], backend=backend)
    inner(1.0)
    for f in (
        lambda x: inner(x) * w,
        lambda x: inner(2.0) * w,
        lambda x: inner.value_and_grad(2.0)[0] * w,
        lambda x: inner.map([2.0])[0] * w,
        lambda x: inner.backward([2.0]) * w,
        lambda x: compile(lambda y: w * y, [w], backend=backend)(2.0) * x,
    ):
        with pytest.raises(TraceError, match="call the function itself"):
            compile(f, [w], backend=backend)(1.0)
    assert inner(2.0) == 4.0 and w.grad is NO_GRADIENT


def test_an_exception_leaves_nothing_behind(w, backend):
    broken = [True]

    def f(x):
        if broken[0]:
            raise KeyError("broken")
        return w * x

    program = compile(f, [w], backend=backend)
    for _ in range(2):
        with pytest.raises(KeyError, match="broken"):
            program(1.0)
        assert current_tracer() is None and (w * 2.0).data == 4.0
    with pytest.raises(RuntimeError, match="a program is made when it is first called"):
        program.source  # noqa: B018
    broken[0] = False
    assert program(1.0) == 2.0


def test_threads_trace_and_run_at_once(w, b, backend):
    shared = compile(lambda x: (w * x + b) ** 2, [w, b], backend=backend)
    found = []

    def work():
        for number in range(15):
            own = compile(lambda x: tanh(w * x), [w], backend=backend)
            found.append(shared(float(number)) == (2.0 * number + 1.0) ** 2)
            found.append(abs(own(0.1 * number) - math.tanh(0.2 * number)) < 1e-15)
            found.append((w * 3.0).data == 6.0)

    shared(0.0), shared(1.0)
    threads = [threading.Thread(target=work) for _ in range(4)]
    with warnings.catch_warnings():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 180


def test_a_function_that_is_not_the_same_each_time(w, backend):
    calls = []
    program = compile(lambda x: calls.append(0) or w * x * len(calls), [w], backend=backend)
    with pytest.raises(RuntimeError, match=DIFFER):
        program(1.0)


# ---- What a function may return ----------------------------------------------------------------


@pytest.mark.parametrize("result", [None, "a", {"a": Value(1.0)}, True, (number for number in [1.0])])
def test_results_that_are_no_numbers(result, w, backend):
    with pytest.raises(TypeError, match="returns a Value, or a list of Values"):
        compile(lambda x: result, [w], backend=backend)(1.0)


def test_results_that_depend_on_nothing(w, b, backend):
    for f, value, gradient in (
        (lambda x: 3.0, 3.0, [0.0, 0.0]),
        (lambda x: np.float64(3.0), 3.0, [0.0, 0.0]),
        (lambda x: Value(3.0), 3.0, [0.0, 0.0]),
        (lambda x: w, 2.0, [1.0, 0.0]),
        (lambda x: w * b, 2.0, [1.0, 2.0]),
        (lambda x: x, 1.5, [0.0, 0.0]),
    ):
        program = compile(f, [w, b], backend=backend)
        assert program(1.5) == value and program.value_and_grad(1.5) == (value, gradient)
        assert program.mean_and_grad([1.5, 1.5]) == (value, gradient)
        assert program.map([1.5, 1.5]) == [value, value]


def test_several_results(w, b, backend):
    program = compile(lambda x, k: [[w * x], (b, 3.0), x, k], [w, b], backend=backend)
    assert program(2.0, 1) == [[4.0], [1.0, 3.0], 2.0, 1.0]
    assert program.map([1.0, 2.0], [0, 1]) == [[[2.0], [1.0, 3.0], 1.0, 0.0], [[4.0], [1.0, 3.0], 2.0, 1.0]]
    assert {type(number) for number in program(2.0, 1)[2:]} == {float}
    for call in (program.value_and_grad, lambda *row: program.backward(*([one] for one in row))):
        with pytest.raises(ValueError, match="several outputs has no gradient"):
            call(2.0, 1)
    assert compile(lambda x: np.array([w * x, b]), [w, b], backend=backend)(2.0) == [4.0, 1.0]
    assert compile(lambda x: [], [w], backend=backend)(2.0) == []


# ---- Parameters --------------------------------------------------------------------------------


def test_parameters_are_checked(w):
    for parameters, error, message in (
        ([w, w], ValueError, "a parameter stands there twice"),
        ([w * 2.0], ValueError, "parameters are leaves, got the result of mul"),
        ([1.0], TypeError, "parameters are Values, got 1.0"),
        ([[w]], TypeError, "parameters are Values"),
        (w, TypeError, "a Module, a list or a dict of Values"),
        (None, TypeError, "a Module, a list or a dict of Values"),
    ):
        with pytest.raises(error, match=message):
            compile(lambda x: w * x, parameters)


def test_ways_to_give_parameters(w, b, backend):
    for parameters in ([w, b], (w, b), {"w": w, "b": b}, iter([w, b]), np.array([w, b])):
        assert compile(lambda x: w * x, parameters, backend=backend).value_and_grad(3.0) == (6.0, [3.0, 0.0])
    assert compile(lambda x: w * x, [], backend=backend).value_and_grad(3.0) == (6.0, [])


def test_settings_are_checked(w):
    for settings, error, message in (
        ({"backend": "torch"}, ValueError, "backend is"),
        ({"dtype": "float16"}, ValueError, "dtype is"),
        ({"backend": "python", "dtype": "float32"}, ValueError, "use backend='numpy'"),
    ):
        with pytest.raises(error, match=message):
            compile(lambda x: w * x, [w], **settings)
    with pytest.raises(TypeError, match="compile takes a function, got 3"):
        compile(3, [w])


@pytest.mark.parametrize("optimizer", [{"momentum": 0.9}, {"weight_decay": 0.5}])
def test_a_parameter_that_is_not_used_trains_as_eagerly(optimizer, backend):
    def trained(compiled):
        w, b = Value(2.0), Value(1.0)
        if compiled:
            trainer = compile(lambda x: w * x, [w, b], backend=backend).trainer(make())
            for _ in range(3):
                trainer.step([1.0, 2.0])
            trainer.write_back()
        else:
            moving = make()
            moving.bind([w, b])
            for _ in range(3):
                w.grad, b.grad = 1.5, 0.0
                moving.step()
        return [w.data, b.data]

    def make():
        return optim.SGD(lr=0.1, **optimizer) if "momentum" in optimizer else optim.AdamW(lr=0.1, **optimizer)

    assert trained(True) == pytest.approx(trained(False), rel=1e-12)


# ---- Functions ---------------------------------------------------------------------------------


def test_kinds_of_functions(w, b, backend):
    class Line:
        def __call__(self, x):
            return w * x

        def method(self, x):
            return w * x

        @staticmethod
        def static(x):
            return w * x

        @classmethod
        def of_class(cls, x):
            return w * x

    def line(x, y=3.0, *, z=1.0):
        return w * x * z + y * 0.0

    functions = [Line(), Line().method, Line.static, Line.of_class, line, functools.partial(line, y=5.0)]
    functions += [
        lambda *xs: w * xs[0],
        lambda x, **options: w * x,
        functools.partial(lambda y, x: w * x, 1.0),
    ]
    for f in functions:
        program = compile(f, [w], backend=backend)
        assert (program(2.0), program.map([1.0, 2.0])) == (4.0, [2.0, 4.0])
    assert [repr(compile(f, [w])) for f in (Line(), line, functools.partial(line))] == [
        "<Program of Line: traced 0 times>",
        "<Program of line: traced 0 times>",
        "<Program of line: traced 0 times>",
    ]
    assert compile(exp, [w], backend=backend)(0.0) == 1.0
    assert compile(lambda *xs: sum(xs, w), [w], backend=backend).map(*[[1.0]] * 12) == [14.0]


def test_names_of_arguments_that_the_source_needs_itself(w, b, backend):
    def f(N, zeros_like, concatenate, w1, dN, maximum_, loss):
        return N * w + zeros_like * b + concatenate * w1 + dN * maximum(maximum_, w) + loss

    rows = [[1.0, 2.0]] * 7
    expected = eager(f, [w, b], *rows)
    mean, gradient = compile(f, [w, b], backend=backend).mean_and_grad(*rows)
    assert mean == pytest.approx(expected[0]) and gradient == pytest.approx(expected[1])


def test_functions_without_arguments(w, b, backend):
    program = compile(lambda: w * b, [w, b], backend=backend)
    assert "def value_and_gradient" in program.source
    assert (program(), program.map(), program.value_and_grad()) == (2.0, [2.0], (2.0, [1.0, 2.0]))
    assert program.mean_and_grad() == (2.0, [1.0, 2.0])
    assert (program.backward(), w.grad, b.grad) == (2.0, 1.0, 2.0)


# ---- Arguments ---------------------------------------------------------------------------------

Point = collections.namedtuple("Point", "x y")
MATRIX, OTHER = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, -2.0], [0.5, 4.0]])
ROW, OTHER_ROW = np.array([1.0, 2.0]), np.array([3.0, -4.0])
TABLE = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
# What each function does, it does with plain numbers, lists, tuples and arrays; and so it must when compiled.
KEPT = {
    "Value of a number": (lambda w, b, x: Value(x) * w, (1.5, 2.5)),
    "its methods": (lambda w, b, x: Value(x).exp() * w, (1.5, 2.5)),
    "with a label": (lambda w, b, x: Value(x, label="x") * w, (1.5, 2.5)),
    "Value of a computed number": (lambda w, b, x: Value(2.0 * x + 1) * w, (1.5, 2.5)),
    "Value of a Value's number": (lambda w, b, x: Value(x * abs(x)) * w * Value(x), (1.5, -2.5)),
    "Value of a whole number": (lambda w, b, k: Value(k) * w + pick([w, b, w], k), (1, 2)),
    "Value of a computed whole number": (lambda w, b, k: Value(1 - 2 * k) * w, (1, 2)),
    "Values of a list": (lambda w, b, xs: dot([w, b], list(map(Value, xs))), ([1.0, 2.0], [3.0, -1.0])),
    "lifted": (lambda w, b, x: w * (x if isinstance(x, Value) else Value(x)).tanh(), (1.5, 2.5)),
    "m[0, 1]": (lambda w, b, m: w * m[0, 1] + b * m[1, 0], (MATRIX, OTHER)),
    "m[:, 1]": (lambda w, b, m: dot([w, b], m[:, 1]), (MATRIX, OTHER)),
    "m[1][0]": (lambda w, b, m: w * m[1][0], (MATRIX, OTHER)),
    "m.T": (lambda w, b, m: dot([w, b], m.T[0]), (MATRIX, OTHER)),
    "m.shape": (lambda w, b, m: w * m[0, 0] * m.shape[1] * m.ndim * m.size * len(m), (MATRIX, OTHER)),
    "m @": (lambda w, b, m: (m @ np.array([w, b])).sum(), (MATRIX, OTHER)),
    "m.sum": (lambda w, b, m: w * m.sum() + b * m.mean(axis=0)[1], (MATRIX, OTHER)),
    "m.reshape": (lambda w, b, m: w * m.reshape(-1)[2], (MATRIX, OTHER)),
    "for in m": (lambda w, b, m: sum((w * x * i for i, (x, _) in enumerate(m)), b), (MATRIX, OTHER)),
    "m.tolist": (lambda w, b, m: w * (m.tolist() + [[7.0]])[2][0] * m[0, 0], (MATRIX, OTHER)),
    "array + array": (lambda w, b, v: w * (v + v)[0] + b * (2 * v - 1)[1], (ROW, OTHER_ROW)),
    "numpy.exp": (lambda w, b, v: w * np.exp(v)[0], (ROW, OTHER_ROW)),
    "numpy.dot": (lambda w, b, v: w * np.dot(v, v), (ROW, OTHER_ROW)),
    "numpy.where": (lambda w, b, v: w * np.where(v > 1.5, v, 0.0).sum(), (ROW, OTHER_ROW)),
    "mask": (lambda w, b, v: w * v[v > 1.5].sum(), (ROW, OTHER_ROW)),
    "flags": (
        lambda w, b, v: sum((w for flag in v if flag), b),
        (np.array([True, False]), np.array([True] * 2)),
    ),
    "whole numbers": (
        lambda w, b, v: w * LENGTHS[v[0]] * pick([b, w, w], v[1]),
        (np.array([1, 2]), np.array([2, 0])),
    ),
    "list + list": (lambda w, b, v: dot([w, b, w], v + [1.0]), ([1.0, 2.0], [3.0, -1.0])),
    "list * 2": (lambda w, b, v: dot([w, b] * 2, v * 2), ([1.0, 2.0], [3.0, -1.0])),
    "tuple + tuple": (lambda w, b, v: dot([w, b, w], v + (1.0,)), ((1.0, 2.0), (3.0, -1.0))),
    "isinstance": (
        lambda w, b, v: (
            w * v[0] if isinstance(v, tuple) else b * v[0] if isinstance(v, list) else w * b * v[0]
        ),
        ((1.0, 2.0), [3.0, -1.0], ROW),
    ),
    "named tuple": (lambda w, b, p: w * p.x + b * p.y, (Point(1.0, 2.0), Point(3.0, -1.0))),
    "tuple as a key": (lambda w, b, t: w * {(0, 1): 2.0, (1, 0): 3.0}[t], ((0, 1), (1, 0))),
    "list of tuples": (lambda w, b, v: sum((w * x + y for x, y in v), b), ([(1.0, 2.0)], [(3.0, -1.0)])),
    "list of arrays": (lambda w, b, v: w * (v[0] + v[1])[1], ([ROW, OTHER_ROW], [OTHER_ROW, OTHER_ROW])),
    "list of lists and tuples": (
        lambda w, b, v: w * len(v[0] + [0.0]) * v[1][0],
        ([[1.0], (2.0,)], [[3.0], (4.0,)]),
    ),
    "token and features": (lambda w, b, v: w * LENGTHS[v[0]] * v[1], ([1, 0.5], [2, 0.25])),
    "token and features, open": (lambda w, b, v: pick([w, b, w * b], v[0]) * v[1], ((1, 0.5), (2, 3))),
    "computed from a token": (lambda w, b, v: pick([w, b, w * b], 2 - v[1]) * v[0], ([0.5, 1], [3, 2])),
    "[a] * n": (lambda w, b, n: sum([w] * n + (n + 1) * [b], w), (1, 3)),
    "(a,) * n": (lambda w, b, n: sum((w,) * n, b), (1, 3)),
    "text * n": (lambda w, b, n: w * len("ab" * n + f"{n}" + str(n)), (1, 30)),
    "array * n": (
        lambda w, b, n: dot([w, b], ROW * n) + dot([w, b], n - ROW) + dot([w, b], ROW // n),
        (1, 3),
    ),
    "array[n, 0]": (lambda w, b, n: w * TABLE[n, 0] + dot([w, b], np.eye(3)[n][1:]), (1, 2)),
    "n ** 2": (lambda w, b, n: w * LENGTHS[n**2] * LENGTHS[2**n - 1] * n**2, (0, 1)),
    "n / 2": (lambda w, b, n: w * (n / 2) + b * (3 / n) + n**-1, (1, 4)),
    "n.bit_length()": (lambda w, b, n: w * n.bit_length(), (1, 4)),
    "min(n, 2)": (lambda w, b, n: w * LENGTHS[min(n, 2)], (1, 4)),
    "index": (lambda w, b, v: w * v.index(1) * v.count(1) * len(set(v)), ([2, 1, 1], [1, 5, 3])),
    "text": (lambda w, b, text: sum((w * ord(letter) for letter in text), b), ("ab", "c")),
}


@pytest.mark.parametrize("name", KEPT)
def test_arguments_keep_their_type(name, w, b, backend):
    rule, arguments = KEPT[name]
    f = functools.partial(rule, w, b)
    expected, gradients = [f(x).data for x in arguments], [grad(f(x), [w, b]) for x in arguments]
    program = compile(f, [w, b], backend=backend)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", GUARDS)
        for x, value, gradient in zip(arguments, expected, gradients):
            assert program(x) == pytest.approx(value)
            found, slopes = program.value_and_grad(x)
            assert found == pytest.approx(value) and slopes == pytest.approx(gradient)
        columns = [[*arguments]]
        if isinstance(arguments[0], np.ndarray) and name != "isinstance":
            columns.append(np.array(arguments))
        for column in columns:
            program = compile(f, [w, b], backend=backend)
            assert program.map(column) == pytest.approx(expected)
            mean, gradient = program.mean_and_grad(column)
            assert mean == pytest.approx(sum(expected) / len(expected))
            assert gradient == pytest.approx([sum(g) / len(expected) for g in zip(*gradients)])
            trainer = compile(f, [w, b], backend=backend).trainer(optim.SGD(lr=0.5))
            assert trainer.step(column) == pytest.approx(mean)
            trainer.write_back()
            moved = [2.0 - w.data, 1.0 - b.data]
            w.data, b.data = 2.0, 1.0
            assert moved == pytest.approx([0.5 * g for g in gradient])


# Plain numbers can do this, and the compiler cannot: it says so, and what to do.
REFUSED = {
    "a bound": (lambda w, x: clip(w, x, 3.0), 1.0),
    "many places": (lambda w, v: dot([w, w], np.array(LENGTHS)[v]), np.array([1, 2])),
    "a type of numbers": (lambda w, v: w * v.astype(float)[0], np.array([1.0, 2.0])),
    "a method of floats": (lambda w, x: w * x.is_integer(), 1.0),
    "a table of numbers": (lambda w, x: w * {1.0: 2.0}[x], 1.0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_plain_numbers_can_do_names_the_way_out(name, w, backend):
    rule, argument = REFUSED[name]
    assert isinstance(rule(w, argument), Value)
    with pytest.raises(
        TraceError, match=r"pick\(values, k\), or run it without compiling it|Use .detach\(\)"
    ):
        compile(lambda x: rule(w, x), [w], backend=backend)(argument)


def test_a_value_of_what_depends_on_a_parameter_is_refused_as_eagerly(w, backend):
    for f in (lambda x: Value(w * x), lambda x: Value(w) * x, lambda x: Value(Value(2.0)) * x):
        with pytest.raises(TypeError, match="a Value holds a plain number, got a Value: use its .data"):
            compile(f, [w], backend=backend)(1.0)


def test_whole_numbers_here_and_there_are_no_forms_of_their_own(w, b, backend):
    """As long as they are not used as an index."""
    program = compile(lambda xs: dot([w, b], xs), [w, b], backend=backend)
    rows = [[0.5, 1], [1, 0.5], [1, 2], [0.5, 0.25]]
    assert [program(row) for row in rows] == [2.0, 2.5, 4.0, 1.25]
    assert program.map(rows) == [2.0, 2.5, 4.0, 1.25] and traces(program) == 1
    program = compile(lambda xs: pick([w, b], xs[0]) * xs[1] * xs[2], [w, b], backend=backend)
    rows = [[0, 1, 0.5], [1, 0.5, 2], [0, 1, 3], [1, 0.5, 0.25]]
    assert [program(row) for row in rows] == program.map(rows) == [1.0, 1.0, 6.0, 0.125]
    assert traces(program) == 1
    for call in (lambda: program([2, 1.0, 1.0]), lambda: program.map([[0, 1.0, 1.0], [2, 1.0, 1.0]])):
        with pytest.raises(IndexError, match="an index is a whole number from 0 to 1, got 2$"):
            call()


def test_rows_that_take_another_way_get_their_arguments_as_they_are(w, b, backend):
    def f(x, n, v, kind):
        return w * x if x > 0 else w * LENGTHS[n] * v[0, 1] * len(kind)

    columns = [1.0, -1.0, 2.0], [0, 1, 2], [MATRIX, OTHER, MATRIX], ["ab", "ab", "ab"]
    expected = eager(f, [w, b], *columns)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", GUARDS)
        program = compile(f, [w, b], backend=backend)
        assert program.map(*columns) == [f(*row).data for row in zip(*columns)]
        assert program.mean_and_grad(*columns) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
        assert program.trainer(optim.SGD(lr=0.5)).step(*columns) == pytest.approx(expected[0])


@pytest.mark.parametrize(
    "x, number",
    [
        (np.array(1.5), 1.5),
        (np.float32(1.5), 1.5),
        (np.int64(3), 3.0),
        (3, 3.0),
        (True, 1.0),
        (np.True_, 1.0),
        (Fraction(1, 4), 0.25),
        (Value(1.5), 1.5),
        (-0.0, 0.0),
        (1e-320, 1e-320),
    ],
)
def test_kinds_of_numbers(x, number, w, b, backend):
    program = compile(lambda x: w * x + b, [w, b], backend=backend)
    for _ in range(2):
        assert program.value_and_grad(x) == (2.0 * number + 1.0, [number, 1.0])


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite(x, w, b, backend):
    program = compile(lambda x: w * x + b, [w, b], backend=backend)
    assert repr(program.value_and_grad(x)) == repr((x, [x, 1.0]))
    assert repr(program.map([x, 1.0])) == repr([x, 3.0])


@pytest.mark.parametrize("x", ["a", None, {"a": "b"}, 1j, ["a"], b"a"])
def test_arguments_that_are_no_numbers_are_refused_as_eagerly(x, w, backend):
    f = lambda x: w * (x[0] if isinstance(x, list) else x)
    with pytest.raises(TypeError) as compiled:
        compile(f, [w], backend=backend)(x)
    with pytest.raises(TypeError) as plain:
        f(x)
    assert str(compiled.value) == str(plain.value)


def test_lists_of_all_forms(w, b, backend):
    def total(thing):
        return sum((total(item) if hasattr(item, "__len__") else w * item for item in thing), 0.0 * b)

    program = compile(lambda xs: total(xs) + b, [w, b], backend=backend)
    for xs, expected in (
        ([], 1.0),
        (np.zeros(0), 1.0),
        ([[], []], 1.0),
        ([[1.0], [2.0, 3.0]], 13.0),
        ([[1.0, 2.0], [3.0]], 13.0),
        ([1.0, [2.0, 3.0]], 13.0),
        ([[], [2.0]], 5.0),
        (np.ones((2, 3, 2)), 25.0),
        (range(3), 7.0),
    ):
        assert program(xs) == expected


def test_ragged_forms_of_one_length_are_told_apart(w, backend):
    program = compile(lambda rows: w * rows[0][-1], [w], backend=backend)
    assert [program([[1.0], [2.0, 3.0]]), program([[1.0, 2.0], [3.0]])] == [2.0, 4.0]
    assert program.map([[[1.0], [2.0, 3.0]], [[1.0, 2.0], [3.0]]]) == [2.0, 4.0]


def test_flags_options_and_tables_join_the_key(w, b, backend):
    program = compile(lambda x, flag: w * x if flag else b, [w, b], backend=backend)
    assert [program(2.0, flag) for flag in (True, False, 1, 0, None, "yes")] == [4.0, 1.0, 4.0, 1.0, 1.0, 4.0]
    assert program.map([2.0, 3.0, 4.0], np.array([True, False, True])) == [4.0, 1.0, 8.0]
    assert program.map([2.0, 3.0, 4.0], ["yes", None, "no"]) == [4.0, 1.0, 8.0]
    options = {"scale": 3.0, "names": ["a", {"b"}]}
    program = compile(lambda x, options: w * x * options["scale"], [w], backend=backend)
    assert program(2.0, options) == 12.0
    options["scale"] = 4.0  # the same object, but another content
    assert program(2.0, options) == 16.0
    assert program(2.0, {"scale": 3.0, "names": ["a", {"b"}]}) == 12.0
    assert traces(program) == 2


def test_arguments_that_cannot_be_told_apart(w, backend):
    class Mutable:
        __hash__ = None

    program = compile(lambda x, thing: w * x, [w], backend=backend)
    with pytest.raises(TypeError, match="something that can be a key of a dict"):
        program(1.0, Mutable())
    with pytest.raises(TypeError, match="an iterator can be gone through only once: pass a list"):
        program(1.0, iter([1.0]))


def test_wrong_numbers_of_arguments(w, backend):
    program = compile(lambda x, y: w * x + y, [w], backend=backend)
    for arguments in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(TypeError, match="positional argument"):
            program(*arguments)
        with pytest.raises(TypeError, match="positional argument"):
            program.backward(*([number] for number in arguments))
    with pytest.raises(TypeError, match="positional argument"):
        program.map()


# ---- Batches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [([], []), (np.zeros(0), np.zeros(0)), ([1.0], [1.0, 2.0]), (1.0, 2.0)])
def test_what_is_no_batch(columns, w, backend):
    program = compile(lambda x, y: w * x + y, [w], backend=backend)
    for call in (program.map, program.backward):
        with pytest.raises(
            (ValueError, TypeError), match="a batch has|as many rows in each argument: got 1 and 2"
        ):
            call(*columns)


@pytest.mark.parametrize(
    "X",
    [
        [1.0, 2.0, 4.0],
        (1.0, 2.0, 4.0),
        [1, 2.0, 4],
        [1, 2, 4],
        np.array([1.0, 2.0, 4.0]),
        np.array([1, 2, 4], "float32"),
        np.array([1, 2, 4], "float16"),
        np.array([1, 2, 4], "uint8"),
        np.array([1.0, 2, 4], object),
        [np.float32(1), np.int64(2), 4.0],
    ],
)
def test_kinds_of_batches(X, w, b, backend):
    program = compile(lambda x: (w * x + b) ** 2, [w, b], backend=backend)
    assert program.map(X) == [9.0, 25.0, 81.0]
    mean, gradient = program.mean_and_grad(X)
    assert mean == pytest.approx(115.0 / 3) and gradient == pytest.approx([98.0 / 3, 34.0 / 3], rel=1e-14)


def test_rows_of_several_lengths(w, b, backend):
    program = compile(lambda xs: sum((w * x for x in xs), b), [w, b], backend=backend)
    X = [[1.0], [1.0, 2.0], [3.0], []]
    assert program.map(X) == [3.0, 7.0, 7.0, 1.0]
    assert program.mean_and_grad(X) == (4.5, [1.75, 1.0])


def test_training_batches_may_change_their_form(w, b, backend):
    f = lambda x, flag: w * x if flag else b * x
    trainer = compile(f, [w, b], backend=backend).trainer(optim.SGD(lr=1.0))
    assert trainer.step([1, 2], [True, True]) == 3.0  # w = 0.5
    assert trainer.step([0.5, 1.5], [True, True]) == 0.5  # floats after whole numbers; w = -0.5
    assert trainer.step([0.5, 1.5], [False, False]) == 1.0  # b = 0
    assert trainer.step([1.0, 1.0], np.array([True, False])) == -0.25
    trainer.write_back()
    assert (w.data, b.data) == (-1.0, -0.5)


def test_backward_adds_to_the_gradients(w, b, backend):
    program = compile(lambda x: w * x, [w, b], backend=backend)
    assert w.grad is NO_GRADIENT
    assert (program.value_and_grad(1.0), w.grad is NO_GRADIENT) == ((2.0, [1.0, 0.0]), True)
    assert [program.backward([1.0, 3.0]), w.grad, b.grad] == [4.0, 2.0, 0.0]
    assert [program.backward([1.0, 3.0]), w.grad, b.grad] == [4.0, 4.0, 0.0]
    assert b.grad is not NO_GRADIENT


def test_backends_agree_on_a_mean(w, b):
    X = [0.1 * number for number in range(-20, 30)]
    f = lambda x: (sigmoid(w * x + b) - 0.3) ** 2 / (1.0 + relu(x))
    expected = eager(f, [w, b], X)
    for backend in ("python", "numpy", "auto"):
        mean, gradient = compile(f, [w, b], backend=backend).mean_and_grad(X)
        assert mean == pytest.approx(expected[0], rel=1e-14)
        assert gradient == pytest.approx(expected[1], rel=1e-12)
    mean, gradient = compile(f, [w, b], backend="numpy", dtype="float32").mean_and_grad(X)
    assert mean == pytest.approx(expected[0], rel=1e-6) and mean != expected[0]
    assert gradient == pytest.approx(expected[1], rel=1e-5)


# ---- Modes and IEEE ----------------------------------------------------------------------------


def test_a_program_made_and_run_under_no_grad(w, backend):
    program = compile(lambda x: w * x, [w], backend=backend)
    with no_grad():
        assert program.value_and_grad(3.0) == (6.0, [3.0])
        assert program.mean_and_grad([3.0]) == (6.0, [3.0])
    assert program.value_and_grad(3.0) == (6.0, [3.0])


def test_anomalies_are_found_as_eagerly(w, backend):
    program = compile(lambda x: relu(w * x) ** -1.0, [w], backend=backend)
    assert program(1.0) == 0.5
    for call in (lambda: program(0.0), lambda: program.map([1.0, 0.0]), lambda: program.backward([1.0, 0.0])):
        with detect_anomaly(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(FloatingPointError, match=r"pow\(0.0, -1.0\) is inf"):
                call()
    with detect_anomaly():
        fresh = compile(lambda x: w * x, [w], backend=backend)
        assert fresh(2.0) == 4.0


EDGES = {
    "log": (lambda w, x: w * log(x), [0.0, -1.0]),
    "division": (lambda w, x: w / x, [0.0]),
    "0 · inf": (lambda w, x: w * x * math.inf, [0.0]),
    "exp": (lambda w, x: exp(w * x), [800.0, 1e308]),
    "sqrt": (lambda w, x: sqrt(w * x), [0.0, -1.0]),
    "power": (lambda w, x: (w * x) ** 0.5, [0.0, -1.0]),
    "exponent": (lambda w, x: x**w, [0.0, 1e200]),
    "overflow": (lambda w, x: w * x * 1e308, [1e308]),
    "relu": (lambda w, x: relu(w * x), [math.nan, 0.0, math.inf]),
    "sigmoid": (lambda w, x: sigmoid(w * x), [1e4, -1e4]),
    "tanh": (lambda w, x: tanh(w * x), [1e4]),
    "classes": (lambda w, x: losses.cross_entropy([w * x, w], 1), [1e4, -1e4]),
    "logit": (lambda w, x: losses.bce_with_logits(w * x, 1), [1e4, -1e4]),
    "saturated": (lambda w, x: losses.binary_cross_entropy(sigmoid(w * x), 1), [1e4, -1e4]),
}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_at_the_edge_are_those_of_eager(edge, w, backend):
    rule, xs = EDGES[edge]
    f = functools.partial(rule, w)
    program = compile(f, [w], backend=backend)
    program(1.0)
    for x in xs:
        expected = [f(x).data, *grad(f(x), [w])]
        value, gradient = program.value_and_grad(x)
        np.testing.assert_array_equal([value, *gradient], expected)
        np.testing.assert_array_equal(program.map([x, 1.0])[0], expected[0])


def test_a_warning_names_the_operation(w):
    program = compile(lambda x: log(w * x), [w], backend="python")
    program(1.0), program(1.0)
    with pytest.warns(RuntimeWarning, match=r"log\(0.0\) is -inf"):
        assert program(0.0) == -math.inf


# ---- What can be read --------------------------------------------------------------------------


def test_source_explain_and_repr(w, b):
    program = compile(lambda x: w * x + b, [w, b], backend="numpy")
    for read in (lambda: program.source, program.explain):
        with pytest.raises(RuntimeError, match="call it once with an example"):
            read()
    assert repr(program) == "<Program of <lambda>: traced 0 times>"
    program(1.0)
    assert repr(program) == "<Program of <lambda>: traced 1 time>"
    assert program.source.startswith("def value_and_gradient(")
    assert program.explain().startswith("Called with floats[]: 2 scalar operations")
    verbose = program.explain(verbose=True)
    for part in ("Tape\n%0 = parameter", "On arrays\nv0", "Source on arrays\ndef ", "Source on floats\ndef "):
        assert part in verbose


def test_options_need_not_be_given_to_read_the_source(w):
    assert "def forward" in compile(lambda x=1.0: w * x, [w], backend="python").source


def test_a_traceback_shows_the_line_of_the_generated_source(w):
    program = compile(lambda x: exp(w * x) * w, [w], backend="numpy")
    program(1.0)
    found = program.cache.first()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError) as on_arrays:
        found.on_arrays["forward"](np.array(2.0), np.array([1e6]))
    with pytest.raises(OverflowError) as on_floats:
        found.on_floats["forward"]([2.0], [], [], [1e6])
    for caught in (on_arrays, on_floats):
        frames = traceback.extract_tb(caught.value.__traceback__)
        (line,) = [frame.line for frame in frames if frame.filename.startswith("<autograd_lite program")]
        assert "exp" in line


def test_generated_source_is_kept_where_tracebacks_and_inspect_look(w):
    program = compile(lambda x: w * x, [w], backend="python")
    program(1.0)
    found = program.cache.first()
    assert inspect.getsource(found.on_floats["forward"]).rstrip() in program.source


# ---- Without NumPy, without JAX ----------------------------------------------------------------

WITHOUT = """
import sys
sys.modules["numpy"] = sys.modules["jax"] = None
from autograd_lite import Value, losses, optim
from autograd_lite.compiler import compile
for backend in ("python", "auto"):
    w, b = Value(2.0), Value(1.0)
    program = compile(lambda x, y: (w * x + b - y) ** 2, [w, b], backend=backend)
    print(program(1.0, 2.0), program.value_and_grad(1.0, 2.0), program.map([1.0, 2.0], [2.0, 3.0]))
    print(program.backward([1.0, 2.0], [2.0, 3.0]), w.grad, b.grad)
    trainer = program.trainer(optim.SGD(lr=0.125))
    print(trainer.step([1.0, 2.0], [2.0, 3.0]), trainer.step([1.0], [1.0]))
    trainer.write_back()
    print(w.data, b.data)
    print("def forward" in program.source, program.explain())
    labels = compile(lambda k: losses.cross_entropy([w, b], k), [w, b], backend=backend)
    print(labels.trainer(optim.SGD(lr=0.125)).step([0, 1]) > 0.0, labels)
    whole = compile(lambda: w * w, [w], backend=backend)
    print(whole.trainer(optim.SGD(lr=0.125)).step() > 0.0)
for backend in ("numpy", "jax"):
    try:
        compile(lambda x: x, [], backend=backend)
    except ImportError as error:
        print(error)
"""


def test_without_numpy_and_jax():
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT], capture_output=True, text=True, timeout=60
    )
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    in_c = " in C" if engine_kind == "native" else ""  # where "auto" runs what stays scalar
    assert f"on floats{in_c}: arrays need NumPy" in lines[11]
    assert lines[:7] == [line.replace(f"on floats{in_c}:", "on floats:") for line in lines[7:14]]
    assert lines[:7] == [
        "1.0 (1.0, [2.0, 2.0]) [1.0, 4.0]",
        "2.5 5.0 3.0",
        "2.5 1.0",
        "1.125 0.375",
        "True Called with floats[], floats[]: 4 scalar operations, run one by one on floats: "
        "arrays need NumPy.",
        "True <Program of <lambda>: traced 1 time>",
        "True",
    ]
    assert lines[14:] == [
        'arrays need NumPy: python3 -m pip install "autograd_lite[fast]", or backend="python"',
        'backend="jax" needs JAX: python3 -m pip install "autograd_lite[jax]"',
    ]


# ---- Reading a traced number, in every way -----------------------------------------------------------


NUMBERS_READ = {
    "float": lambda x: x * float(x),
    "int": lambda x: x * int(x),
    "math.exp": lambda x: x * math.exp(x),
    "math.floor": lambda x: x * math.floor(x),
    "math.trunc": lambda x: x * math.trunc(x),
    "round": lambda x: x * round(x),
    "numpy": lambda x: x * np.float64(x),
    "format": lambda x: x * len(f"{x:.2f}"),
    "==": lambda x: x if x == 1.0 else -x,
    "setting grad": lambda x: setattr(x, "grad", 0.0) or x,
    "partials": lambda x: x * (x * x).partials[0],
    "backward": lambda x: (x * x).backward() or x,
    "grad()": lambda x: x * grad(x * x, x),
    "copy": lambda x: x * copy.copy(Value(1.0)),
}


@pytest.mark.parametrize("read", NUMBERS_READ)
def test_every_way_to_read_a_traced_number(read, w, backend):
    with pytest.raises(TraceError, match=r"Use .detach\(\)"):
        compile(lambda x: NUMBERS_READ[read](w * x), [w], backend=backend)(1.0)


def test_messages_show_a_traced_number(w, backend):
    with pytest.raises(TypeError, match=r"pick takes a whole number as its index, got Value\(data=1.0"):
        compile(lambda x, k: pick([w * x, w], k), [w], backend=backend)(1.0, 1.0)


def test_a_gradient_penalty_compiles(w, backend):
    f = lambda x: grad(w**3 * x, [w], create_graph=True)[0] ** 2
    assert compile(f, [w], backend=backend).value_and_grad(1.0) == (144.0, [288.0])
    w.data = 1.0
    assert compile(f, [w], backend=backend).mean_and_grad([1.0, 2.0]) == (22.5, [90.0])


def test_trainer_follows_train_and_eval(w, backend):
    dropout = nn.Dropout(0.5, seed=0)
    trainer = compile(lambda x: dropout(w.detach() * x) + 0.0 * w, [w], backend=backend).trainer(
        optim.SGD(lr=0.1)
    )
    assert {trainer.step([1.0]) for _ in range(30)} == {0.0, 4.0}
    dropout.eval()
    assert {trainer.step([1.0]) for _ in range(9)} == {2.0}


def test_trainer_tells_ragged_forms_apart(w, backend):
    trainer = compile(lambda rows: w * rows[0][-1], [w], backend=backend).trainer(optim.SGD(lr=1.0))
    assert trainer.step([[[1.0], [2.0, 3.0]]]) == 2.0
    assert trainer.step([[[1.0, 3.0], [2.0]]]) == 3.0


W = [Value(1.0)]


@pytest.mark.parametrize(
    "f", [lambda x: W[0] * x + 1e308, lambda x: W[0] * x + (1e308 if x > 0.0 else 1.1e308)]
)
@pytest.mark.parametrize("rows", [2, 50])
@pytest.mark.filterwarnings("ignore:comparisons came out otherwise")
def test_the_mean_of_finite_numbers_is_finite_though_their_sum_is_not(backend, rows, f):
    program, X = compile(f, W, backend=backend), [float(row % 2) for row in range(rows)]
    expected = math.fsum(f(x).data / 2.0**64 for x in X) / rows * 2.0**64
    mean, gradient = program.mean_and_grad(X)
    assert (mean, gradient) == (pytest.approx(expected, rel=1e-12), pytest.approx([0.5]))
    assert program.trainer(optim.SGD(lr=0.1)).step(X) == pytest.approx(expected, rel=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_single_row_whose_gradient_is_not_finite_is_computed_by_the_engine():
    w = Value(1.0)
    program = compile(lambda x: (w * x).relu().sqrt(), [w], backend="numpy")
    for rows in ([-1.0], [-1.0, 4.0, -1.0]):
        assert program.mean_and_grad(rows)[1] == [sum(0.5 for x in rows if x > 0.0) * 2.0 / len(rows)]


def test_a_row_that_is_no_number_but_has_one_is_fixed():
    w = Value(2.0)
    program = compile(lambda x, flag: w * x if flag else w, [w], backend="numpy")
    assert program.map([1.0, 3.0], [True, False]) == [2.0, 2.0]


TAKEN = [
    "i1",
    "c1",
    "len",
    "step",
    "sigmoid",
    "logsumexp",
    "dz1",
    "dh1",
    "db2",
    "dW2",
    "dloss",
    "N",
    "own_op",
]


@pytest.mark.parametrize("name", TAKEN)
def test_an_argument_may_have_the_name_of_anything_that_a_source_needs(name):
    model = nn.MLP(3, [2, 2], "tanh", seed=1)
    names = {"model": model, "cross_entropy": losses.cross_entropy}
    text = """def function({0}, k):
        z = model([a * c for a, c in zip([{0}[2], {0}[0], {0}[1]], [1.0, 2.0, 3.5])])
        h = model([{0}[1], {0}[2], {0}[0]])
        return cross_entropy(z, k).tanh() + h[0].sigmoid() * h[1].relu()"""
    rows = [[1.0, 2.0, 0.3], [0.5, -1.0, 0.1], [0.2, 0.1, -0.4]], [0, 1, 1]
    found = []
    for argument in ("plain", name):
        exec(text.format(argument), names)
        found.append(compile(names["function"], model, backend="numpy").mean_and_grad(*rows))
    (mean, gradient), (other, expected) = found
    assert other == pytest.approx(mean, rel=1e-14)
    assert expected == pytest.approx(gradient, rel=1e-14)
