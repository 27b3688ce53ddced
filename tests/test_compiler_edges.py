"""Edges of the compiler: operations without an array form, odd shapes, missing packages, odd steps."""

import gc
import inspect
import itertools
import linecache
import math
import random
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Op, TraceError, Value, grad, nn, optim
from autograd_lite.compiler import compile, reading
from autograd_lite.compiler.arrays.ir import Constant, Leaf, View
from autograd_lite.compiler.arrays.primitives import Concatenate
from autograd_lite.compiler.introspection import has_numpy
from autograd_lite.compiler.raising.matmuls import distinct_rows
from autograd_lite.compiler.signature import Signature
from autograd_lite.ops import OPS

BACKENDS = ["python", "numpy", "auto"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def w():
    return Value(2.0, label="w")


@pytest.fixture
def v():
    return Value(-0.5, label="v")


@pytest.fixture
def without_numpy(monkeypatch):
    """Let every import of NumPy fail."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    has_numpy.cache_clear()
    yield
    monkeypatch.undo()
    has_numpy.cache_clear()


def eager(f, parameters, rows):
    """Compute values, the mean and its gradient with the engine."""
    outputs = [f(*row) for row in rows]
    gradients = [grad(output, parameters) for output in outputs]
    mean = sum(output.data for output in outputs) / len(rows)
    return [output.data for output in outputs], mean, [sum(column) / len(rows) for column in zip(*gradients)]


def assert_same(f, parameters, rows, backend):
    """Compare every way to call a program with the engine; give the program."""
    values, mean, gradient = eager(f, parameters, rows)
    program = compile(f, parameters, backend=backend)
    columns = [list(column) for column in zip(*rows)]
    found, slopes = program.mean_and_grad(*columns)
    assert [found, *slopes] == pytest.approx([mean, *gradient], rel=1e-12, abs=1e-12)
    assert program.map(*columns) == pytest.approx(values, rel=1e-12, abs=1e-12)
    for row, value in zip(rows, values):
        assert program(*row) == pytest.approx(value, rel=1e-12, abs=1e-12)
        alone, slopes = program.value_and_grad(*row)
        assert [alone, *slopes] == pytest.approx(
            [value, *eager(f, parameters, [row])[2]], rel=1e-12, abs=1e-12
        )
    return program


# ---- Operations that only have a float function -------------------------------------------------

CUBE = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
PRODUCT = Op("product", "product({0})", math.prod, many=lambda y, values: ([y / v for v in values],))
POWERS = Op(
    "powers",
    "powers({0}, {1})",
    lambda values, shift: math.fsum((value + shift) ** (k + 1) for k, value in enumerate(values)),
    attributes={"shift": 0.0},
    many=lambda y, values, shift: ([(k + 1.0) * (value + shift) ** k for k, value in enumerate(values)],),
)
WEIGHED = Op(
    "weighed",
    "weighed({0}, {1})",
    lambda first, second: (
        math.sumprod(first, second) if hasattr(math, "sumprod") else sum(a * b for a, b in zip(first, second))
    ),
    many=lambda y, first, second: (list(second), list(first)),
    pack=lambda first, second: ((list(first), list(second)), ()),
)
NEIGHBOURS = Op(
    "neighbours",
    "neighbours({0})",
    lambda n: math.fsum(one * other for one, other in zip(n, n[1:])),
    many=lambda y, n: ([a + b for a, b in zip([0.0, *n[:-1]], [*n[1:], 0.0])],),
)

ROWS = [([1.0, 2.0, -0.5],), ([0.25, -1.5, 3.0],), ([-2.0, 0.5, 0.75],)]


def test_an_operation_of_one_number_is_mapped_over_the_elements(w, v, backend):
    program = assert_same(lambda x: ag.sum([CUBE(w * each + v) for each in x]), [w, v], ROWS, backend)
    assert program([1.0, 0.0, 0.0]) == 1.5**3 + 2 * (-0.5) ** 3


@pytest.mark.parametrize(
    "f",
    [
        lambda w, v, x: PRODUCT([w * x[0], v, x[1], x[2]]),
        lambda w, v, x: PRODUCT([w, v]) * x[0],
        lambda w, v, x: PRODUCT([w * x[0], v]) + PRODUCT([v * x[1], w]),
        lambda w, v, x: PRODUCT([w, v, 3.0]) + PRODUCT([x[0], v, 2.0]),
        lambda w, v, x: POWERS([w, v, x[0]], 0.5) * x[1],
        lambda w, v, x: ag.sum([POWERS([w * each, v, each], 1.5) for each in x]),
        lambda w, v, x: WEIGHED([w, v], [x[0], x[1]]),
        lambda w, v, x: ag.tanh(WEIGHED([w, v, x[0]], [x[1], v, w])) + WEIGHED([x[0], w, w], [v, x[2], v]),
        lambda w, v, x: WEIGHED([w, v], [v, 3.0]),
        lambda w, v, x: NEIGHBOURS([w * x[0], v, x[1], w]) + NEIGHBOURS([v, x[2], 2.0, v * x[0]]),
    ],
)
def test_an_operation_on_lists_is_done_row_by_row(f, w, v, backend):
    assert_same(lambda x: f(w, v, x), [w, v], ROWS, backend)


def test_an_operation_on_twelve_lists(w, v, backend):
    count = 12
    op = Op(
        "squares",
        "squares",
        lambda *lists: math.fsum((k + 1.0) * n * n for k, listed in enumerate(lists) for n in listed),
        many=lambda y, *lists: tuple([2.0 * (k + 1.0) * n for n in ns] for k, ns in enumerate(lists)),
        pack=lambda *lists: (lists, ()),
    )
    f = lambda x: op(*([w * x[k % 3], v, x[0]][: 1 + k % 3] for k in range(count)))
    assert_same(f, [w, v], ROWS, backend)


def test_an_own_operation_may_be_called_detach(w, backend):
    op = Op("detach", "detach({0})", lambda a: 2.0 * a, lambda y, a: 2.0)
    assert_same(lambda x: op(w * x) + ag.tanh(w).detach(), [w], [(1.5,), (-0.5,)], backend)


# ---- Operations that say what they are on arrays --------------------------------------------------

TEMPLATES = {  # each computes the same on floats; operands come in many shapes, as in a rule
    "({0} + {1}) * 2.0 ** {0}": lambda a, b: (a + b) * 2.0**a,
    "-{0} ** 2": lambda a, b: -(a**2),
    "2 ** -{1} - ({0} - {1})": lambda a, b: 2**-b - (a - b),
    "{0} - ({0} - {1}) / (2.0 / 4.0)": lambda a, b: a - (a - b) / (2.0 / 4.0),
    "where({0} >= {1}, {0}, {1} * {0})": lambda a, b: a if a >= b else b * a,
    "maximum({0}, minimum({1}, 0.5 - {0}))": lambda a, b: max(a, min(b, 0.5 - a)),
    "{0} * pi": lambda a, b: a * math.pi,
    "where(({0} > 0.0) & ({1} > 0.0), {0}, -{1})": lambda a, b: a if a > 0.0 and b > 0.0 else -b,
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_form_on_arrays_is_written_with_any_operands(template, w, v):
    forward = TEMPLATES[template]
    form = Op("form", "form({0}, {1})", forward, lambda y, a, b: 0.0, lambda y, a, b: 0.0, array=template)
    partial = lambda y, a, b: form(a - b, -a) * form(a**b, -0.75) + form(-0.75, a * b) - form(-a, form(a, b))
    op = Op("outer", "outer({0}, {1})", lambda a, b: a, partial, partial)
    f = lambda x: ag.sum([op(w * each, ag.tanh(v * each)) + op(each, w) + form(each, w) for each in x])
    assert_same(f, [w, v], [([0.5, 1.5, 2.5],), ([0.75, 2.0, 1.0],)], "numpy")


def test_a_form_on_arrays_of_lists_may_name_an_axis(w, v):
    mean = Op(
        "mean", "mean", lambda values: math.fsum(values) / len(values), array="mean({0}, axis=-1)",
        many=lambda y, values: ([1.0 / len(values)] * len(values),),
    )  # fmt: skip
    program = assert_same(lambda x: mean([w * x, v, x]), [w, v], [(1.5,), (-0.5,)], "numpy")
    assert "= mean(" in program.source


@pytest.mark.parametrize("partial", [lambda y, n: 0.5, lambda y, n: y * y, lambda y, n: n / y])
def test_the_partials_of_a_list_may_be_one_number_for_all(partial, w, v, backend):
    """And may depend on the result alone; or on each number of the list alone, too."""
    op = Op("half", "half", lambda n: 0.5 * math.fsum(n), many=lambda y, ns: ([partial(y, n) for n in ns],))
    assert_same(lambda x: op([w * x[0], v, x[1]]) * x[2], [w, v], ROWS, backend)
    rows = [([0.5, 2.0],), ([1.5, -1.0],)]
    assert_same(lambda x: ag.sum([op([w * each, v, w]) for each in x]), [w, v], rows, backend)


def test_the_partials_of_an_operation_on_lists_by_hand(w, v):
    program = compile(lambda x: PRODUCT([w, x, v]), [w, v], backend="numpy")
    assert program.mean_and_grad([4.0, -2.0]) == (-1.0, [-0.5, 2.0])
    whole = compile(lambda: PRODUCT([w, 3.0, v]), [w, v], backend="numpy")
    assert whole.value_and_grad() == (-3.0, [-1.5, 6.0])


# ---- Operations whose partial is the constant 0 -------------------------------------------------

FLAT = Op("flat", "flat({0})", lambda a: a, lambda y, a: 0.0)
HALF = Op("half", "half({0}, {1})", lambda a, b: a + b, lambda y, a, b: 0.0, lambda y, a, b: 1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda w, x: (w * x).detach(),
        lambda w, x: (w * x).detach() + w,
        lambda w, x: (w * w * x).detach() * 2.0 + w * 3.0,
        lambda w, x: ag.maximum((w * x).detach(), w),
    ],
)
def test_an_edge_whose_partial_is_0_passes_nothing(f, w, backend):
    for x in (math.inf, -math.inf):
        slope = grad(f(w, x), w)
        for first in (x, 1.0):
            program = compile(lambda x: f(w, x), [w], backend=backend)
            program.value_and_grad(first)
            assert program.value_and_grad(x) == (f(w, x).data, [slope])


def test_a_program_on_floats_sends_nothing_along_such_an_edge(w, v):
    """Not even 0 times what comes from above, which may be infinite."""
    for f in (lambda x: FLAT(w * x), lambda x: HALF(w * x, v), lambda x: ag.where(w * x, v, 2.0)):
        program = compile(f, [w, v], backend="python")
        program.value_and_grad(1.0)
        found = program.cache.first()
        assert found.on_floats["value_and_gradient"]([2.0, 1.0], [], [], [math.inf])[1][0] == 0.0


# ---- Shapes -------------------------------------------------------------------------------------


def test_a_list_of_one_number_is_read_as_a_number(w, backend):
    assert_same(lambda i, x: ag.pick([w], i) * w * x, [w], [(0, 3.0), (0, -1.0)], backend)
    assert_same(lambda x: ag.logsumexp([w]) * w * x, [w], [(3.0,), (-1.0,)], backend)


@pytest.mark.parametrize("constant", [0.0, 3.0])
def test_a_constant_picked_from_a_list(constant, w, backend):
    whole = compile(lambda: ag.pick([constant, w], 0), [w], backend=backend)
    assert whole() == constant
    assert whole.value_and_grad() == (constant, [0.0])
    f = lambda x: ag.pick([constant, w], 0)
    assert compile(f, [w], backend=backend).mean_and_grad([1.0, 2.0]) == (constant, [0.0])
    assert_same(lambda x: ag.pick([constant, w], 0) * w + x, [w], [(1.0,), (2.0,)], backend)


def test_an_index_beside_what_depends_on_a_parameter(w, v, backend):
    """Both are sums of three numbers, and stand in one vector."""
    rows = [(0, 1, 0, 2.0), (1, 0, 1, 3.0), (0, 0, 0, 4.0)]
    f = lambda i, j, k, x: ag.pick([w, v, x], i + j + k) * (w + v + x)
    assert_same(f, [w, v], rows, backend)


def matrix(rows, columns, first):
    return [[Value(math.sin(first + 3 * i + j)) for j in range(columns)] for i in range(rows)]


@pytest.mark.parametrize(("high", "wide"), [(3, 1), (1, 3), (3, 4)])
def test_computed_weights_are_the_right_factor(high, wide, backend):
    """exp(W) stands later than the inputs, so that these are the left rows of the product."""
    weights = matrix(high, 4, 0.3)
    parameters = [each for row in weights for each in row]

    def f(xs):
        positive = [[ag.exp(each) for each in row] for row in weights]
        return ag.sum([ag.tanh(ag.dot(row, x)) for row in positive for x in xs])

    rows = [([[math.cos(n + 2 * i + j) for j in range(4)] for i in range(wide)],) for n in range(3)]
    assert_same(f, parameters, rows, backend)


def test_too_few_factors_meet_for_a_matrix_product(backend):
    weights = matrix(12, 4, 0.1)
    parameters = [each for row in weights for each in row]

    def f(xs):
        pairs = [(row, x) for i, row in enumerate(weights) for x in (xs[i], xs[i + 1])]
        return ag.sum([ag.tanh(ag.dot(row, x)) for row, x in pairs])

    rows = [([[math.cos(n + 2 * i + j) for j in range(4)] for i in range(13)],) for n in range(2)]
    program = assert_same(f, parameters, rows, backend)
    assert "24 sums of products are no matrix product: too few of their factors meet." in program.explain()


def test_rows_whose_hashes_are_equal_are_told_apart():
    first, second = np.random.default_rng(0).integers(1, 2**63, 2, dtype=np.uint64) | np.uint64(1)
    rows = np.array([[second, 0], [0, first], [second, 0]], np.uint64).astype(np.int64)
    found, which = distinct_rows(rows, lambda numbers: numbers)
    assert found.tolist() == [[0, int(first)], [int(second), 0]]
    assert which.tolist() == [1, 0, 1]


def test_the_shape_of_operands_side_by_side():
    left, right = View(Leaf("parameter", (6,)), np.arange(6).reshape(2, 3)), Constant(np.ones((2, 1)))
    assert Concatenate((left, right), -1).shape == (2, 4)
    assert Concatenate((left, left), -2).shape == (4, 3)


def test_masks_for_a_whole_data_set():
    dropout = nn.Dropout(0.5, seed=1)
    weights = [Value(1.0), Value(1.0), Value(1.0), Value(1.0)]
    program = compile(lambda: ag.sum(dropout(weights)), weights, backend="numpy")
    value, gradient = program.value_and_grad()
    assert set(gradient) <= {0.0, 2.0}
    assert value == sum(gradient)


# ---- What stays when a program, or an operation, goes ----------------------------------------------


def make_program(backend):
    w = Value(2.0)
    program = compile(lambda x: ag.tanh(w * x) + w, [w], backend=backend)
    program.value_and_grad(1.0), program.mean_and_grad([1.0, 2.0]), program.map([1.0, 2.0])


def make_operation(kind):
    w = Value(2.0)
    if kind == "of one":
        op = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
        output = op(w) + op(op(w))
    elif kind == "from text":
        op = Op("square", "square({0})", "{0} * {0}", lambda y, a: 2.0 * a)
        output = op(w)
    elif kind == "of two":
        op = Op("times", "times({0}, {1})", lambda a, b: a * b, lambda y, a, b: b, lambda y, a, b: a)
        output = op(w, w) + op(w, 2.0) + op(2.0, w)
    else:
        op = Op("product", "product({0})", math.prod, many=lambda y, values: ([y / v for v in values],))
        output = op([w, w]) + op([w, w, w]) + op([w, 2.0])
    return grad(output, w, create_graph=True).data, op.partial_formula(0) if op.many is None else None


@pytest.mark.parametrize(
    ("make", "what"),
    [(make_program, backend) for backend in BACKENDS]
    + [(make_operation, kind) for kind in ("of one", "from text", "of two", "on lists")],
)
def test_nothing_stays(make, what):
    def used():
        gc.collect()
        return sys.getallocatedblocks() + len(linecache.cache)

    grown = []
    for _ in range(3):  # Python and NumPy fill caches of their own, which have an end
        before = used()
        for _ in range(150):
            make(what)
        grown.append(used() - before)
    assert min(grown) < 150


@pytest.mark.parametrize("name", ["forward", "value_and_gradient"])
def test_source_is_there_as_long_as_its_program(name, w):
    program = compile(lambda x: w * x, [w], backend="python")
    program(1.0)
    function = program.cache.first().on_floats[name]
    del program
    gc.collect()
    assert f"def {name}" in inspect.getsource(function)
    filename = function.__code__.co_filename
    del function
    gc.collect()
    assert filename not in linecache.cache


# ---- Long programs ------------------------------------------------------------------------------


def recurrent(w, v, x, steps):
    h = w
    for _ in range(steps):
        h = ag.tanh(w * h + v * x)
    return h


def used_often(w, v, x, steps):
    """An inner number goes into each link of a chain, and others into every third one."""
    y, parts, total = w * x, [v * x, w + x, v], x
    for step in range(steps):
        total = ag.sin(total + y) if step % 2 else ag.logsumexp([total, parts[step % 3], y])
    return total + ag.sum(parts)


@pytest.mark.parametrize("long", [recurrent, used_often])
@pytest.mark.parametrize("alone", [True, False])
def test_a_number_may_be_used_many_times(long, alone, w, v, backend):
    assert_same(lambda x: long(w, v, x, 600), [w] if alone else [w, v], [(0.5,), (-0.25,)], backend)


@pytest.mark.parametrize("long", [recurrent, used_often])
def test_a_long_program_on_floats_is_compiled_in_pieces(monkeypatch, long, w, v):
    monkeypatch.setattr("autograd_lite.compiler.scalars.PIECE", 7)
    program = compile(lambda x: long(w, v, x, 20), [w, v], backend="python")
    output = long(w, v, 0.5, 20)
    for _ in range(2):
        assert program.value_and_grad(0.5) == (output.data, grad(output, [w, v]))
        assert program(0.5) == output.data
    assert len(program.source.splitlines()) > 100


def test_a_chain_that_arrays_would_gain_nothing_from_runs_on_floats(monkeypatch, w, v):
    monkeypatch.setattr("autograd_lite.compiler.specialization.MOST_STEPS", 100)
    f = lambda x: recurrent(w, v, x, 200)
    rows = [(0.5,)] * 300
    program = assert_same(f, [w, v], rows, "auto")
    assert "on arrays they would be 400 steps, one after the other." in program.explain()
    assert "def value_and_gradient(parameters" in program.source
    trainer = program.trainer(optim.SGD(lr=0.5))
    assert trainer.step([0.5] * 300) == pytest.approx(f(0.5).data)
    for more in ({"backend": "numpy"}, {"dtype": "float32"}):
        with pytest.raises(TraceError, match=r'would be 400 steps on arrays.*: use backend="python"'):
            compile(f, [w, v], **more)(0.5)


def test_a_chain_of_very_many_operations(w, v):
    """More than a program on arrays can have, and more lines than Python compiles well at once."""
    f = lambda x: recurrent(w, v, x, 12_000)
    output = f(0.5)
    program = compile(f, [w, v])
    assert program.value_and_grad(0.5) == (output.data, grad(output, [w, v]))


# ---- Without NumPy, or JAX ----------------------------------------------------------------------


def test_without_NumPy_everything_runs_on_floats(without_numpy, w, v):
    program = compile(lambda x: w * x + v, [w, v])
    assert program.value_and_grad(3.0) == (5.5, [3.0, 1.0])
    assert program.mean_and_grad([1.0, 3.0]) == (3.5, [2.0, 1.0])
    assert program.map([1.0, 3.0]) == [1.5, 5.5]
    assert program.explain() == (
        "Called with floats[]: 2 scalar operations, run one by one on floats: arrays need NumPy."
    )
    assert "def value_and_gradient" in program.source
    trainer = program.trainer(optim.SGD(lr=0.5))
    assert trainer.step([1.0, 3.0]) == 3.5
    trainer.write_back()
    assert (w.data, v.data) == (1.0, -1.0)


def test_without_NumPy_a_function_of_nothing_says_so(without_numpy, w):
    program = compile(lambda: w * w, [w])
    assert program.value_and_grad() == (4.0, [4.0])
    assert program.explain().startswith("Called with nothing: 1 scalar operations, run one by one")


def test_arrays_need_NumPy(without_numpy, w):
    with pytest.raises(
        ImportError, match=r'^arrays need NumPy: python3 -m pip install "autograd_lite\[fast\]"'
    ):
        compile(lambda x: w * x, [w], backend="numpy")
    with pytest.raises(ImportError, match="^arrays need NumPy"):
        compile(lambda x: w * x, [w], dtype="float32")


def test_JAX_is_named_if_it_is_missing(monkeypatch, w):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r'^backend="jax" needs JAX: python3 -m pip install'):
        compile(lambda x: w * x, [w], backend="jax")


# ---- What is told -------------------------------------------------------------------------------


def test_comparisons_and_fixed_whole_numbers_are_explained(w):
    program = compile(lambda x, n: w * x if x > 0 else w * n * int(n), [w])
    assert program(1.0, 3) == 2.0
    text = program.explain()
    assert "Called with floats[], integers[]: 1 scalar operations became 1 on arrays." in text
    assert "Comparisons that must come out as traced: 1." in text
    assert "fixed" not in text
    power = compile(lambda x, n: w * x ** int(n), [w])
    assert power(3.0, 2) == 18.0
    assert "Whole numbers that are fixed: [2]." in power.explain()


def test_all_stages_are_explained(w, v):
    program = compile(lambda x: ag.tanh(w * x[0] + v * x[1]) + CUBE(3.0 * w), [w, v])
    assert program([1.0, 2.0]) == math.tanh(1.0) + 216.0
    text = program.explain(verbose=True)
    for stage in ["Tape", "On arrays", "Source on arrays", "Source on floats"]:
        assert f"\n{stage}\n" in text
    assert "%0 = parameter" in text
    assert "= tanh(v" in text
    assert "cube(" in text


def test_constants_and_joins_are_explained(w, v):
    program = compile(lambda x: ag.logsumexp([w * x, 1.0, 2.0]) + ag.logsumexp([v, x, 0.0]), [w, v])
    program(1.0)
    text = program.explain(verbose=True)
    assert "= concatenate(v" in text
    assert "constants[2]" in text


def test_a_long_tape_is_let_go_of(monkeypatch, w):
    monkeypatch.setattr("autograd_lite.compiler.specialization.LONGEST", 10)
    f = lambda x: ag.sum([ag.tanh(w * each) for each in x])
    program = compile(f, [w])
    row = [0.1 * k for k in range(20)]
    value, mean, gradient = eager(f, [w], [(row,)])
    assert program(row) == pytest.approx(value[0], rel=1e-12)
    found, slopes = program.mean_and_grad([row])
    assert [found, *slopes] == pytest.approx([mean, *gradient], rel=1e-12)
    assert "tanh, 20 times" in program.explain()
    assert "too long to be kept" in program.explain(verbose=True)


# ---- Functions ----------------------------------------------------------------------------------


def test_a_function_without_a_signature(w):
    program = compile(max, [w], backend="numpy")
    assert program(1.0, 3.0) == 3.0
    assert "def value_and_gradient(w, x1, x2)" in program.source


def test_a_name_that_has_no_value_yet(w, backend):
    def f(x):
        try:
            return w * x * later
        except NameError:
            return w * x

    program = compile(f, [w], backend=backend)
    assert program(3.0) == 6.0
    later = 1.0
    assert program(4.0) == 8.0 * later


def test_a_whole_number_after_the_trace(w):
    seen = []

    def f(i, j):
        seen.append(i)
        return w * 2.0 if i == j else w * 3.0 + len(f"{i!r}")

    program = compile(f, [w])
    assert (program(1, 1), program(1, 2)) == (4.0, 7.0)
    index = seen[0]
    assert (int(index), repr(index), index == 1) == (1, "1", False)
    assert index == index  # noqa: PLR0124 - no guard may come of it


@pytest.mark.parametrize("at_zero", [0.0, 0.25, 1.0])
def test_a_step_on_arrays_is_that_on_floats(at_zero, backend):
    numbers = [-math.inf, -2.0, -0.5, -1e-30, -0.0, 0.0, 1e-30, 0.5, 2.0, math.inf]
    program = compile(lambda x: ag.step(x, at_zero), [], backend=backend)
    assert program.map(numbers) == [0.0] * 4 + [at_zero] * 2 + [1.0] * 4
    assert math.isnan(program.map([math.nan])[0])


EDGES = [0.0, -0.0, 5e-324, -1e-300, 1e-8, 0.3, -0.7, 1.0, -1.0, 2.5, -40.0, 300.0, -360.0, 800.0, 1e308]
LIMITS = [math.inf, -math.inf, math.nan]
DECLARED = [(op, slot) for op in OPS.values() for slot, form in enumerate(op.array_slopes) if form]


@pytest.mark.parametrize(("op", "slot"), DECLARED, ids=lambda each: getattr(each, "name", str(each)))
def test_a_slope_on_arrays_is_that_of_the_rule(op, slot):
    """Its source is that of programs, on NumPy; the rule on floats is tested against mpmath."""
    count = 3 if op.many else len(op.partials)
    template = op.array_slopes[slot].format(*(f"a[{place}]" for place in range(count + 1)))
    for point in itertools.product((EDGES if count < 3 else EDGES[::3]) + LIMITS, repeat=count):
        inputs = ([*point],) if op.many else point
        y = op(*inputs)
        arrays = [np.float64(y), *map(np.array, inputs)]
        with np.errstate(all="ignore"):
            found = eval(template, {**vars(np), "a": arrays})
        rule = op.many(y, *inputs)[0] if op.many else op.slopes(y, inputs, [slot])
        if op.many and sum(rule):
            found = found / found.sum()
        for one, expected in zip(np.atleast_1d(found).tolist(), rule):
            if math.isnan(expected):
                assert not math.isfinite(one), point
            elif math.isfinite(one):
                assert one == pytest.approx(expected, rel=1e-14, abs=1e-307), point
            else:
                assert any(map(math.isinf, point)), point  # where the engine is asked


# ---- Training -----------------------------------------------------------------------------------


def test_the_optimiser_must_move_the_parameters_of_the_program(w, v):
    program = compile(lambda x: w * x + v, [w, v])
    with pytest.raises(ValueError, match="^the optimiser moves other parameters than the program has$"):
        program.trainer(optim.SGD([v, w], lr=0.1))


def test_nothing_is_written_back_before_the_first_step(w):
    trainer = compile(lambda x: w * x, [w]).trainer(optim.SGD(lr=0.5))
    trainer.write_back()
    assert w.data == 2.0


def test_as_many_rows_in_each_argument(w):
    trainer = compile(lambda x, y: (w * x - y) ** 2, [w]).trainer(optim.SGD(lr=0.5))
    with pytest.raises(ValueError, match="^as many rows in each argument: got 1 and 2$"):
        trainer.step([1.0], [1.0, 2.0])


def test_as_many_rows_in_each_argument_of_every_step(w, backend):
    weights = [w, Value(-1.0)]
    loss = lambda x, k: ag.pick([x * weight for weight in weights], k)
    trainer = compile(loss, weights, backend=backend).trainer(optim.SGD(lr=0.5))
    trainer.step([1.0, 2.0], [0, 1])
    with pytest.raises(ValueError, match="^as many rows in each argument: got 1 and 2$"):
        trainer.step([1.0, 2.0], [0])
    trainer.write_back()
    assert [weight.data for weight in weights] == [2.0 - 0.25, -1.0 - 0.5]


def test_preparing_traces_and_moves_nothing(w, backend):
    calls = []

    def loss(x):
        calls.append(x)
        return (w * x) ** 2

    trainer = compile(loss, [w], backend=backend).trainer(optim.SGD(lr=0.25))
    trainer.prepare([1.0, 1.0])
    seen = len(calls)
    assert seen > 0 and w.data == 2.0
    w.data = 100.0  # too late: the arrays are filled
    assert trainer.step([1.0, 1.0]) == 4.0
    assert len(calls) == seen
    trainer.write_back()
    assert w.data == 1.0


@pytest.mark.parametrize("size", [0, 20_000])
def test_an_interrupt_while_a_step_is_computed_moves_nothing(monkeypatch, size):
    class Struck(optim.SGD):
        strikes = False

        def update(self, data, grad, state, lr, step):
            found = super().update(data, grad, state, lr, step)
            if self.strikes and getattr(data, "size", 9) in (1, 9):  # the last vector; or all together
                raise KeyboardInterrupt
            return found

    monkeypatch.setattr("autograd_lite.compiler.trainings.SMALL", size)
    model = nn.MLP(2, [2, 1], activation="tanh", seed=1)
    optimizer = Struck(lr=0.5, momentum=0.5)
    trainer = compile(lambda x: model(x) ** 2, model, backend="numpy").trainer(optimizer)
    trainer.step([[1.0, -0.5]])
    trainer.write_back()
    before = [p.data for p in model.parameters()], optimizer.state_dict()
    optimizer.strikes = True
    with pytest.raises(KeyboardInterrupt):
        trainer.step([[1.0, -0.5]])
    trainer.write_back()
    assert ([p.data for p in model.parameters()], optimizer.state_dict()) == before


def test_a_whole_data_set_is_trained_on(w, v, backend):
    trainer = compile(lambda: (w - 3.0) ** 2 + v * v, [w, v], backend=backend).trainer(optim.SGD(lr=0.25))
    assert (trainer.step(), trainer.step()) == (1.25, 0.3125)
    trainer.write_back()
    assert (w.data, v.data) == (2.75, -0.125)


def test_a_fixed_whole_number_is_trained_with_a_program_for_each(w, backend):
    trainer = compile(lambda x, n: (w * x) ** int(n), [w], backend=backend).trainer(optim.SGD(lr=0.125))
    assert trainer.step([1.0, 1.0], [1, 2]) == 3.0
    trainer.write_back()
    assert w.data == 2.0 - 0.125 * (1.0 + 4.0) / 2
    assert trainer.step([1.0], [1]) == w.data
    trainer.write_back()
    assert w.data == 2.0 - 0.125 * (1.0 + 4.0) / 2 - 0.125


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_a_step_that_is_not_finite_moves_nothing(w, v, backend):
    trainer = compile(lambda x: (w * x) ** 2 + v, [w, v], backend=backend).trainer(optim.SGD(lr=0.5))
    assert trainer.step([0.5]) == 0.5
    with pytest.raises(FloatingPointError, match="not finite: try a smaller learning rate"):
        trainer.step([1e200])
    trainer.write_back()
    assert (w.data, v.data) == (1.5, -1.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        (lambda w, x: (w * x - 4.0).sqrt(), lambda: optim.SGD(lr=0.5)),  # 0, with an infinite gradient
        (lambda w, x: (w * x - 4.0).sqrt(), lambda: optim.Adam(lr=0.5)),
        (lambda w, x: w * x * 100.0, lambda: optim.SGD(lr=1e307)),  # only the new parameter is infinite
    ],
)
def test_a_finite_loss_with_a_step_that_is_not_moves_nothing(w, backend, loss, optimizer):
    trainer = compile(lambda x: loss(w, x), [w], backend=backend).trainer(optimizer())
    with pytest.raises(FloatingPointError, match="not finite: try a smaller learning rate"):
        trainer.step([2.0])
    trainer.write_back()
    assert (w.data, trainer.optimizer.steps) == (2.0, 0)


@pytest.mark.parametrize("optimizer", [lambda: optim.SGD(lr=0.5), lambda: optim.Adam(lr=0.5)])
def test_many_parameters_are_moved_vector_by_vector(monkeypatch, optimizer):
    def trained():
        model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
        program = compile(lambda x: model(x) ** 2, model, backend="numpy")
        trainer = program.trainer(optimizer())
        losses = [trainer.step([[1.0, -0.5], [0.25, 2.0]]) for _ in range(3)]
        trainer.write_back()
        return losses, [parameter.data for parameter in model.parameters()]

    together = trained()
    monkeypatch.setattr("autograd_lite.compiler.trainings.SMALL", 0)
    assert trained() == together


def test_a_trainer_is_as_fast_as_before_once_the_rows_fit_again(w, v, backend):
    """The Values are behind the arrays, or the floats, of a program until they are written back."""
    short, long = [[1.0, 0.5], [0.25, 2.0]], [[0.5, 1.0, 1.5]] * 2
    mixed = [short[0], long[0]]
    program = compile(lambda x: (w * ag.sum(x) - v) ** 2, [w, v], backend=backend)
    trainer = program.trainer(optim.SGD(lr=0.01, momentum=0.5))
    velocity = [0.0, 0.0]
    for batch in (short, mixed, short, long, mixed, mixed, long, short):
        before = [w.data, v.data]
        loss, gradient = program.mean_and_grad(batch)
        velocity = [0.5 * old + slope for old, slope in zip(velocity, gradient)]
        expected = [number - 0.01 * change for number, change in zip(before, velocity)]
        assert trainer.step(batch) == pytest.approx(loss)
        assert [w.data, v.data] == before
        trainer.write_back()
        assert [w.data, v.data] == pytest.approx(expected)


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_a_fixed_argument_that_changes_is_trained_through_the_values(w, backend):
    f = lambda x, kind: w * x if kind == "straight" else w * x * x
    trainer = compile(f, [w], backend=backend).trainer(optim.SGD(lr=0.5))
    assert trainer.step([1.0, 3.0], ["straight", "straight"]) == 4.0
    assert trainer.step([1.0, 3.0], ["straight", "square"]) == 5.0
    trainer.write_back()
    assert w.data == 1.0 - 0.5 * 5.0


def test_a_program_is_no_part_of_another(w):
    inner = compile(lambda x: w * x, [w])
    with pytest.raises(TraceError, match="^a program is called inside a function that is being compiled"):
        compile(lambda x: inner(x), [w])(1.0)


@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("name", ["loss", "N", "x", "p1", "forward", "tanh"])
def test_an_operation_may_have_any_name(name, backend):
    own = Op(name, name + "({0})", lambda a: a**3, lambda y, a: 3.0 * a * a)
    w = Value(2.0)
    program = compile(lambda x: own(w * x) + own(w) * x, [w], backend=backend)
    assert program.value_and_grad(1.0) == (16.0, [24.0])


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_two_operations_of_one_name_stay_two(backend):
    cube = Op("own", "own({0})", lambda a: a**3, lambda y, a: 3.0 * a * a)
    double = Op("own", "own({0})", lambda a: 2 * a, lambda y, a: 2.0)
    w = Value(2.0)
    assert compile(lambda x: cube(w * x) + double(w), [w], backend=backend).value_and_grad(1.0) == (
        12.0,
        [14.0],
    )


@pytest.mark.parametrize("names", [("own", "own"), ("logsumexp", "own"), ("maximum_of", "logsumexp")])
def test_operations_on_lists_of_one_name_stay_two(names, backend):
    own = [
        Op(
            name, "factor times the sum of squares",
            lambda values, factor=factor: factor * sum(v * v for v in values),
            many=lambda y, values, factor=factor: ([2.0 * factor * v for v in values],),
        )
        for name, factor in zip(names, (2.0, 3.0))
    ]  # fmt: skip
    w, v = Value(2.0), Value(-0.5)
    f = lambda x: own[0]([w * x, v]) * own[1]([w, v * x]) + ag.logsumexp([w * x, v])
    assert_same(f, [w, v], [(1.5,), (-0.25,)], backend)


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_partials_may_depend_on_the_length_of_the_list(backend):
    square = Op(
        "mean_square", "mean of squares", lambda values: sum(v * v for v in values) / len(values),
        many=lambda y, values: ([2.0 * v / len(values) for v in values],),
    )  # fmt: skip
    w = Value(2.0)
    program = compile(lambda x: square([w * x, w, 1.0 * w]), [w], backend=backend)
    assert program.value_and_grad(2.0) == (8.0, [8.0])


def test_numbers_of_numpy_are_numbers():
    weight = Value(2.0)
    program = compile(lambda x, y: weight * x + y, [weight], backend="numpy")
    assert program(np.float64(1.5), np.float32(0.5)) == 3.5
    pairs = compile(lambda x: weight * x[0] + x[1], [weight], backend="numpy")
    assert pairs([np.float64(1.5), 0.5]) == 3.5
    assert program.map([np.float64(1.5), np.float64(0.0)], [np.float64(1.0), np.float64(2.0)]) == [4.0, 2.0]


def test_a_long_program_that_let_go_of_its_operations_stays_on_arrays(monkeypatch):
    monkeypatch.setattr("autograd_lite.compiler.specialization.LONGEST", 20)
    weights = [Value(0.01 * number) for number in range(300)]
    program = compile(lambda x: ag.sum([w * x * w.tanh() for w in weights]), weights)
    rows = [0.5 + 0.01 * number for number in range(40)]
    first = program.map(rows)
    assert program.map(rows[:2]) == pytest.approx(first[:2])
    assert program(rows[0]) == pytest.approx(first[0])


def test_signatures_of_one_kind_have_it_in_common():
    whole = [Signature("integers", (2,)) for _ in range(2)]  # equal, and not the same object
    assert reading._in_common(whole) == whole[0]


# ---- Warnings -----------------------------------------------------------------------------------

NOT_FINITE = {
    "the value": (lambda w, x: (w * x).log(), 0.0),
    "the gradient": (lambda w, x: (w * x).sqrt(), 0.0),
    "a value without a gradient": (lambda w, x: ag.exp(x) + w, 1000.0),
    "a division": (lambda w, x: w / x, 0.0),
    "no signal of Python's": (lambda w, x: w * x * x, 1e200),
    "what is not chosen": (lambda w, x: ag.where(ag.step(x), (w * x).log(), w), 0.0),
}


def warnings_of(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return {str(warning.message) for warning in caught}


@pytest.mark.parametrize(("f", "x"), NOT_FINITE.values(), ids=NOT_FINITE)
def test_where_something_is_not_finite_the_engine_alone_warns(f, x, w, backend):
    program = compile(lambda x: f(w, x), [w], backend=backend)
    trainer = program.trainer(optim.SGD(lr=0.0625))
    for _ in range(3):  # of which two are compared with the function
        program.value_and_grad(1.0)
    trainer.prepare([1.0, 1.0])
    values = []
    with ag.no_grad():
        alone = warnings_of(lambda: values.append(f(w, x).data))
    recorded = warnings_of(lambda: f(w, x))
    assert warnings_of(lambda: program.value_and_grad(x)) == recorded
    assert warnings_of(lambda: program.mean_and_grad([1.0, x, 1.0])) == recorded
    if not math.isfinite(values[0]):
        assert warnings_of(lambda: program(x)) == alone
        assert warnings_of(lambda: program.map([1.0, x, 1.0])) == alone

    def step():
        with pytest.raises(FloatingPointError):
            trainer.step([1.0, x])

    assert warnings_of(step) <= recorded


def test_arguments_that_are_all_fixed_are_trained_on(w, backend):
    trainer = compile(lambda kind: w * w * len(kind), [w], backend=backend).trainer(optim.SGD(lr=0.125))
    assert trainer.step(["ab", "ab", "ab"]) == 8.0
    trainer.write_back()
    assert w.data == 1.0


@pytest.mark.filterwarnings("ignore:comparisons came out otherwise")
def test_a_computed_index_that_is_too_large_is_refused_in_a_step(backend):
    table = [Value(float(number)) for number in range(4)]
    trainer = compile(lambda k: ag.pick(table, k + 1), table, backend=backend).trainer(optim.SGD(lr=0.5))
    assert trainer.step([0, 1]) == 1.5
    with pytest.raises(IndexError, match="4"):
        trainer.step([0, 3])


def test_products_that_are_the_same_for_all_rows_beside_biases_that_are_not():
    """Only the bias is an argument: each weight's gradient is the mean of the rows', times a constant."""
    weights = [[Value(0.1), Value(-0.2)], [Value(0.3), Value(0.4)], [Value(-0.5), Value(0.6)]]
    flat = [weight for row in weights for weight in row]

    def f(x):
        return ag.sum([(row[0] * 2.0 + row[1] * 3.0 + bias).tanh() for row, bias in zip(weights, x)])

    rows = [[0.5, -1.0, 2.0], [0.25, 0.0, -0.125]]
    program = compile(f, flat, backend="numpy")
    mean, gradient = program.mean_and_grad(rows)
    outputs = [f(row) for row in rows]
    expected = [(a + b) / 2.0 for a, b in zip(*(ag.grad(output, flat) for output in outputs))]
    assert mean == pytest.approx(sum(output.data for output in outputs) / 2.0, rel=1e-14)
    assert gradient == pytest.approx(expected, rel=1e-14)
    assert "@" in program.source


def test_map_asks_the_engine_where_an_array_library_answers_otherwise():
    """The power 0.5 of -inf is inf; NumPy takes the root instead, which is nan."""
    program = compile(lambda x: x**0.5, [Value(0.0)], backend="numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert program.map([4.0, -math.inf, 0.25, -math.inf]) == [2.0, math.inf, 0.5, math.inf]


NUMBERS = st.one_of(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=4),
    st.lists(st.one_of(st.integers(-(2**65), 2**65), st.booleans()), min_size=1, max_size=4),
    st.lists(st.one_of(st.floats(allow_nan=False), st.integers(-3, 3), st.none()), max_size=3),
    st.lists(st.one_of(st.floats(allow_nan=False), st.integers(-(2**54), 2**54)), max_size=3),
)
COLUMNS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.tuples(inner, inner).map(list),
        inner.map(lambda row: [row, row]),
        inner.map(lambda row: [tuple(row)] * 3),
    ),
    max_leaves=4,
)


@given(COLUMNS)
def test_rows_read_together_are_those_read_one_by_one(column):
    together = reading._rows_together(column) if column else None
    if together is not None:
        arguments = [reading.read(row) for row in column]
        assert reading._in_common([argument.signature for argument in arguments]) == together.signature
        one_by_one = reading.rows_of(together.signature, arguments)
        assert together.array.dtype == one_by_one.array.dtype
        assert together.array.shape == one_by_one.array.shape
        assert together.array.tobytes() == one_by_one.array.tobytes()


@pytest.mark.parametrize(
    ("column", "kind", "shape"),
    [
        ([1.0, 2.0], "floats", (2,)),
        ([[1, 2], [3, 4], [5, 6]], "integers", (3, 2)),
        ([([1.0], [2.0]), ([3.0], [4.0])], "floats", (2, 2, 1)),
        ([[1.0, 2.0], [3.0]], None, ()),
        ([[1.0, 2], [3.0, 4]], "mixed", (2, 2)),
        ([[1.0, 2], [3, 4]], "mixed", (2, 2)),
        ([[1.0, 2], [3, 4], [5.0, 6.0]], "floats", (3, 2)),
        ([1.0, 2], "floats", (2,)),
        ([[1.0, 2**53]], None, ()),
        ([2**63, 1], None, ()),
        ([[True, False]], None, ()),
        ([[], []], None, ()),
        ([None, None], None, ()),
    ],
)
def test_which_rows_are_read_together(column, kind, shape):
    together = reading._rows_together(column)
    assert (together and together.signature.kind) == kind
    assert together is None or together.array.shape == shape


def test_a_list_of_constants_beside_one_of_numbers(w, backend):
    program = compile(lambda x: WEIGHED([w * each for each in x], [2.0, 3.0]), [w], backend=backend)
    assert program.value_and_grad([1.0, -2.0]) == (-8.0, [-4.0])
    assert program.mean_and_grad([[1.0, -2.0], [1.0, 0.0]]) == (-2.0, [-1.0])


def test_what_was_taken_apart_is_not_taken_apart_again():
    once = reading.read([1.0, 2])
    assert reading.read(once) is once
    program = compile(lambda x: sum(x) * 2.0, [])
    assert program.map([once, reading.read([1.0])]) == [6.0, 2.0]


def test_what_an_operation_says_of_itself_is_no_line_of_a_program():
    flat = Op(
        "flat", "flat({0})", "1.0 if {0} > 0.0 else 0.0", lambda y, a: 0.0, why="is flat\nraise", stops=True
    )
    w, x = Value(2.0), Value(3.0)
    program = compile(lambda: w * x + flat(w), [w], backend="numpy")
    assert program.value_and_grad() == (7.0, [3.0])
    assert "# is flat raise\n" in program.source


@pytest.mark.filterwarnings("ignore:comparisons came out otherwise")
@pytest.mark.parametrize(
    "f",
    [
        lambda w, x, y: w * x if y == 1.0 else w * w * x,
        lambda w, x, y: w * x if x == y else w * 3.0,
        lambda w, x, y: w * x if x != y else w * 3.0,
        lambda w, x, y: w if x in (1.0, 2.0) else w * y,
        lambda w, x, y: w if [x, y].count(1.0) == 1 else w * y,
    ],
)
@pytest.mark.parametrize("first", [(1.0, 1.0), (3.0, 1.0), (2.0, 0.0)])
def test_whether_two_numbers_are_equal_is_a_guard(w, backend, f, first):
    rows = [first, (1.0, 1.0), (2.0, 1.0), (1.0, 2.0), (0.0, -0.0), (3.0, 4.0), (2.0, 2.0)]
    expected = [f(w, *row) for row in rows]
    program = compile(lambda x, y: f(w, x, y), [w], backend=backend)
    assert [program(*row) for row in rows] == [value.data for value in expected]
    assert program.map(*map(list, zip(*rows))) == [value.data for value in expected]
    assert [program.value_and_grad(*row)[1] for row in rows] == [[grad(value, w)] for value in expected]


def test_whether_a_value_is_equal_to_a_number_is_not_asked_as_ever(w):
    with pytest.raises(TraceError, match="it is compared with =="):
        compile(lambda x: w if w * x == 2.0 else w, [w])(1.0)


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
@pytest.mark.parametrize(
    "f", [lambda w, x: w * (x % 2), lambda w, x: w * (x // 2), lambda w, x: w % 0.3 + 7 % x]
)
def test_remainders_and_whole_quotients_are_traced(f, backend):
    w = Value(0.75)
    program = compile(lambda x: f(w, x), [w], backend=backend)
    for x in (3.5, -3.5, 1.0, -0.25):
        assert program(x) == f(w, x).data
        assert program.value_and_grad(x) == (f(w, x).data, [grad(f(w, x), w)])


def test_the_second_exp_is_not_called_as_the_function_exp2():
    w = Value(0.5)
    f = lambda x: ag.exp(ag.exp(ag.exp2(w * x)) * 0.1) * ag.log(ag.log2(3.0 + w)) * ag.log10(5.0 + w)
    program = compile(f, [w], backend="numpy")
    assert program.value_and_grad(0.7)[0] == pytest.approx(f(0.7).data, rel=1e-14)
    assert program.mean_and_grad([0.7, 0.1])[0] == pytest.approx((f(0.7).data + f(0.1).data) / 2.0, rel=1e-14)


@pytest.mark.parametrize(
    ("f", "hint"),
    [
        (lambda w, x: w if x.is_integer() else w * x, "to be traced.*no attribute 'is_integer'.*pass as int"),
        (lambda w, x: w * round(x), "to be traced.*converted to a plain number.*pass as int"),
        (lambda w, x: w if (w * x).data.is_integer() else w, "to be traced.*no attribute 'is_integer'.*int"),
        (lambda w, x: w * math.exp(x), r"to be traced.*a\.exp\(\) instead of math\.exp"),
        (lambda w, x: w if isinstance(x, float) else w * x, r"isinstance\(x, float\).*\(float, Value\)"),
        (
            lambda w, x: w * x * NOISE.gauss(0.0, 1.0),
            r"noise that it draws itself is drawn once: pass it as an argument \(nn\.Dropout",
        ),
    ],
)
def test_what_tracing_does_not_see_is_named_with_the_way_out(w, backend, f, hint):
    with pytest.raises((TraceError, RuntimeError), match=hint):
        compile(lambda x: f(w, x), [w], backend=backend)(3.0)


def test_the_largest_number_may_be_subtracted_so_no_hint_says_otherwise(w):
    with pytest.raises(TraceError) as refused:
        compile(lambda x: w * float(x), [w])(3.0)
    assert "logsumexp" not in str(refused.value)
    assert compile(lambda x: (w - max(a.data for a in [w, x])).exp(), [w])(3.0) == math.exp(w.data - 3.0)


NOISE = random.Random(1)


@pytest.mark.parametrize("huge", [1e39, 1e300])
def test_what_float32_does_not_hold_runs_as_floats_without_a_warning(w, huge):
    program = compile(lambda x: w * x, [w], dtype="float32")
    assert program.map([huge, 1.0]) == program.map(np.array([huge, 1.0])) == [2.0 * huge, 2.0]
    assert program.mean_and_grad([huge, huge]) == (2.0 * huge, [huge])
    assert program(huge) == 2.0 * huge


def test_whole_numbers_above_the_range_of_an_array_are_floats(w):
    numbers = np.array([2**63 + 2048, 5], np.uint64)
    program = compile(lambda x: w * x, [w])
    assert program.map(numbers) == [2.0 * (2**63 + 2048), 10.0]
    assert program(numbers[0]) == 2.0 * (2**63 + 2048)


def test_each_comparison_is_named_with_what_came_out(w):
    def f(x, table):
        far = w * x[2] < 9.0
        return w * x[0] if x[1] > 0.5 and far and not table[1][0] > table[0][1] else w

    program = compile(f, [w])
    program([1.0, 2.0, 3.0], [[1.0, 2.0], [0.5, 1.0]])
    lines = program.explain().splitlines()
    assert {"  loss[1] < 9", "  x[1] > 0.5", "  not table[1, 0] > table[0, 1]"} <= {*lines}


def test_of_many_comparisons_the_first_are_named(w):
    program = compile(lambda x: w if all(each > 0.0 for each in x) else w * w, [w])
    program([1.0] * 20)
    lines = program.explain().splitlines()
    assert lines[-9:-1] == [*(f"  x[{number}] > 0" for number in range(7)), "  and 13 more"]


def test_the_engine_and_from_how_many_rows_it_runs_are_explained(w):
    def last_line(f, *arguments, **options):
        program = compile(f, [w], **options)
        program(*arguments)
        return program, program.explain().splitlines()[-1]

    program, line = last_line(lambda x: (w * x[0] + x[1]).tanh(), [1.0, 2.0])
    rows = int(line.removeprefix("Runs on floats, and from ").removesuffix(" rows on arrays."))
    chosen = [program.cache.first().choose(count) for count in (rows - 1, rows)]
    assert chosen == ["python", "numpy"]
    wide = lambda x: sum((w * a * b).tanh() for a in x for b in x)
    assert last_line(wide, [1.0] * 40)[1] == "Runs on arrays."
    assert last_line(wide, [1.0], backend="python")[1] == "Runs on floats, as asked for."
    assert last_line(wide, [1.0], backend="numpy")[1] == "Runs on arrays, as asked for."


@pytest.mark.filterwarnings("ignore:comparisons came out otherwise")
def test_rows_of_several_forms_that_take_another_way_are_trained(w):
    def loss(x):
        total = w * ag.sum(x)
        return total * total if x[0] > 0.0 else total

    program = compile(loss, [w], backend="numpy")
    rows = [[1.0, 2.0], [3.0], [-1.0, 2.0], [-2.0]]
    mean, gradient = program.mean_and_grad(rows)
    trainer = program.trainer(optim.SGD(lr=0.125))
    assert trainer.step(rows) == pytest.approx(mean, rel=1e-12)
    trainer.write_back()
    assert w.data == pytest.approx(2.0 - 0.125 * gradient[0], rel=1e-12)


def test_whole_numbers_that_are_read_twice_as_floats_are_named(w, v):
    parameters = [w, v, Value(0.25), Value(2.0)]

    def loss(tokens):
        chosen = [tokens[i] for i in (2, 0, 3)]
        tanhs = [(v * each).tanh() for each in chosen]
        return ag.sum([w * each for each in chosen]) * ag.sum(tanhs) + ag.pick(parameters, tokens[1])

    program = compile(loss, parameters, backend="numpy")
    rows = [[1, 2, 3, 0], [0, 1, 2, 1]]
    mean, gradient = program.mean_and_grad(rows)
    expected = ag.mean([loss(row) for row in rows])
    assert mean == pytest.approx(expected.data, rel=1e-12)
    assert gradient == pytest.approx(ag.grad(expected, parameters), rel=1e-12)


def test_a_function_on_floats_is_compiled_when_it_is_first_asked_for(w):
    program = compile(lambda x: (w * x).tanh(), [w], backend="python")
    _, (slope,) = program.value_and_grad(0.25)
    found = program.cache.first()
    assert [*found.on_floats] == ["value_and_gradient"]
    assert program(0.25) == math.tanh(0.5)
    assert slope == pytest.approx(0.25 * (1.0 - math.tanh(0.5) ** 2), rel=1e-15)
    assert [*found.on_floats] == ["value_and_gradient", "forward"]
