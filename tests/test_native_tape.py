"""The tape interpreter in C: programs on floats give the bits of their straight line in Python."""

import contextlib
import importlib.util
import itertools
import math
import operator
import random
import struct
import sys
import threading
import tracemalloc
import warnings

import numpy as np
import programs_for_compiler
import pytest
import test_moves

import autograd_lite as ag
from autograd_lite import Op, Value, functions, losses, nn, optim
from autograd_lite.compiler import compile, native, program
from autograd_lite.compiler.moves import move_of
from autograd_lite.compiler.reading import read
from autograd_lite.core.native import build
from autograd_lite.ops import OPS

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 5e-324, 1e-310, 1e300, -1e300, math.inf, -math.inf, math.nan,
         710.0, -745.0, 1e-8, 2.0**53, math.pi / 2]  # fmt: skip
LISTS = {"sum", "dot", "logsumexp", "amax"}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The engine in C, that of the package or built for this test; None without a compiler."""
    if native.library() is not None:
        return native.library()
    try:
        library = build.compiled(tmp_path_factory.mktemp("native"))
    except Exception:
        assert not build.reason_against()
        return None
    spec = importlib.util.spec_from_file_location("autograd_lite.core.native._native", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def engine(built, monkeypatch):
    """The same, for compiled programs; without a compiler they run in Python, and the same must hold."""
    monkeypatch.setattr(native, "library", lambda: built)
    monkeypatch.setattr(program, "library", lambda: built or True)
    return built


def bits(found):
    if isinstance(found, (list, tuple)):
        return [*map(bits, found)]
    if not isinstance(found, float):
        return found
    return "nan" if math.isnan(found) else struct.pack("<d", found).hex()


def outcome(run, *given):
    """What a call returns, to the last bit, or the kind of error that it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bits(run(*given))
    except (ArithmeticError, ValueError, IndexError) as error:
        return type(error).__name__


# ---- Random programs ------------------------------------------------------------------------------


def applied(op, operands, attributes):
    if op.is_operator:
        return getattr(operator, op.dunder)(*operands)
    return functions.__dict__[op.name](*operands, *attributes)


def random_function(chance, names, *, with_index=False, tame=False):
    """Make a function of a list and an index, of up to 25 operations: every choice is made before it runs.

    A tame one has first operands from 0 to 2, so that nearly every operation has a number.
    """
    parameters = [Value(chance.gauss(0.0, 1.0)) for _ in range(4)]
    steps = [
        (OPS[chance.choice(names)], [chance.random() for _ in range(12)], chance.random())
        for _ in range(chance.randrange(1, 25))
    ]

    def f(x, index=None):
        values = [*parameters, *x]

        def operand(share):
            if share < 0.1 and not tame:
                return EDGES[int(share * 10 * len(EDGES))]
            if share < 0.2:
                return 0.25 + 5.0 * share
            return values[int((share - 0.2) / 0.8 * len(values))]

        for op, shares, kind in steps:
            operands = [*map(operand, shares)]
            if not any(isinstance(each, Value) for each in operands[: max(1, len(op.partials))]):
                operands[0] = values[-1]
            if tame:
                operands[0] = ag.sigmoid(operands[0]) + (1.0 if kind < 0.5 else 0.0)
            if op.name == "dot":
                made = ag.dot(operands[:3], operands[3:6], operands[6])
            elif op.name in LISTS:
                made = functions.__dict__[op.name](operands[: 1 + int(kind * 5)])
            else:
                attributes = [0.5, 0.75][: len(op.attributes)]
                made = applied(op, operands[: len(op.partials)], attributes)
            if kind < 0.1 and made < operands[0]:
                made = made * 0.5
            if kind > 0.9 and with_index:
                made = ag.pick([made, *values[-3:]], index)
            if kind > 0.97:
                made = ag.pick([made, values[-1]], 0)
            values.append(made)
        return values[-1] if chance_of_end < 0.5 else ag.sum(values[-4:])

    chance_of_end = chance.random()
    return f, parameters


def traced(f, parameters, *example):
    """Trace a function; give what it is traced as."""
    compiled = compile(f, parameters, backend="python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        specialization = compiled.cache.find([read(argument) for argument in example])
        assert specialization.scalar_source  # which says at once where its constants are not finite
        return specialization


def both(specialization):
    """Give the functions in Python, and those in C, which count what they leave to Python."""
    straight = specialization.scalar_source.functions()
    left = []

    def otherwise(name):
        left.append(name)
        return straight[name]

    codes = native.codes_of(specialization.tape)
    if codes is None:
        return straight, straight, left
    return straight, native.NativeProgram(specialization.tape, codes, otherwise), left


def numbers(chance, count, edgy):
    def number():
        return chance.choice(EDGES) if edgy and chance.random() < 0.3 else chance.gauss(0.0, 1.0)

    return [number() for _ in range(count)]


def names_of(engine):
    return [*engine.names] if engine else sorted(OPS.keys() - {"pick", "norm"})


def run_both(chance, engine, *, tame):
    """Run a random program in Python and in C; give its tape, and how often C left it to Python."""
    with_index = chance.random() < 0.3
    f, parameters = random_function(chance, names_of(engine), with_index=with_index, tame=tame)
    example = [numbers(chance, 3, False), *([1] if with_index else [])]
    specialization = traced(f, parameters, *example)
    straight, in_c, left = both(specialization)
    for turn in range(4):
        edgy = turn == 3 and not tame
        given = [numbers(chance, 4, edgy), specialization.tape.frozen_numbers(), [], numbers(chance, 3, edgy)]
        given += [[chance.randrange(4)]] * with_index
        for name in ("forward", "value_and_gradient"):
            expected = outcome(straight[name], *given)
            found = outcome(in_c[name], *given)
            if expected[-1] is False:  # a comparison came out otherwise: no more is looked at
                assert found[-1] is False
            else:
                assert found == expected, name
    return specialization.tape, len(left)


def test_random_programs_with_edge_values_give_the_bits_of_the_straight_line(engine):
    for seed in range(300):
        run_both(random.Random(seed), engine, tame=False)


def test_every_operation_gives_the_bits_of_the_straight_line_and_c_computes_it(engine):
    computed = set()
    for seed in range(300):
        tape, left = run_both(random.Random(seed), engine, tame=True)
        if left == 0:
            computed |= {op.name for op in tape.op if op is not None}
    assert engine is None or computed >= {*engine.names, "pick"}


@pytest.mark.parametrize("seed", range(12))
def test_networks_of_every_shape_give_the_bits_of_the_straight_line(engine, seed):
    maker = programs_for_compiler.BranchingMaker(random.Random(seed))
    f, parameters = maker.make(4), maker.parameters
    given = [0.5, -0.25, 0.75], [2, 0]
    results = [compile(f, parameters, backend=kind).value_and_grad(*given) for kind in ("python", "native")]
    assert bits(results[0]) == bits(results[1])


# ---- Compiled programs ------------------------------------------------------------------------------


def test_an_adjoint_of_minus_zero_stays_it(engine):
    x, y = Value(-0.0), Value(2.0)
    found = compile(lambda: x * -1.0 + y * x, [x, y], backend="native").value_and_grad()
    assert bits(found) == bits((-0.0 * -1.0 + 2.0 * -0.0, [1.0, -0.0]))


def test_without_the_engine_in_c_the_backend_says_what_to_do(monkeypatch):
    monkeypatch.setattr(program, "library", lambda: None)
    with pytest.raises(ImportError, match='where there is a C compiler, or use backend="auto"'):
        compile(lambda: Value(1.0), [], backend="native")
    monkeypatch.setattr(native, "library", lambda: None)
    x = Value(2.0)
    assert compile(lambda: x * x, [x]).value_and_grad() == (4.0, [4.0])


def test_float32_is_for_arrays(engine):
    with pytest.raises(ValueError, match="use backend='numpy' for float32"):
        compile(lambda: Value(1.0), [], backend="native", dtype="float32")


def test_what_python_signals_runs_as_in_python_and_warns_as_it_does(engine):
    x = Value(1.0)
    found = {}
    for backend in ("python", "native"):
        compiled = compile(lambda a: a / x + ag.log(x), [x], backend=backend)
        x.data = 1.0
        compiled.value_and_grad(1.0)
        x.data = 0.0
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            number, gradient = compiled.value_and_grad(1.0)
        found[backend] = bits([number, gradient]), [str(each.message) for each in caught]
    assert found["native"] == found["python"]
    assert found["native"][1][0] == "div(1.0, 0.0) is inf"


def test_where_a_comparison_comes_out_otherwise_the_function_itself_runs(engine):
    x = Value(2.0)
    compiled = compile(lambda a: x * a if a > 0.0 else x - a, [x], backend="native")
    assert compiled.value_and_grad(3.0) == (6.0, [3.0])
    with pytest.warns(RuntimeWarning, match="comparisons came out otherwise"):
        assert compiled.value_and_grad(-3.0) == (5.0, [1.0])


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
def test_every_comparison_is_made(engine, sign):
    x = Value(1.0)
    program_of = {"f": None}
    exec(f"def f(a, b):\n    return x * a if a {sign} b else x * b", {"x": x}, program_of)
    specialization = traced(program_of["f"], [x], 1.0, 2.0)
    straight, in_c, _ = both(specialization)
    for a, b in itertools.product([-0.0, 0.0, 1.0, 2.0, math.nan, math.inf], repeat=2):
        given = [1.0], [], [], [a], [b]
        assert bits(straight["forward"](*given)) == bits(in_c["forward"](*given)), (a, b)


def test_what_was_made_for_floats_takes_other_numbers_through_python(engine):
    x = Value(2.0)
    specialization = traced(lambda a: x * a, [x], 1.5)
    straight, in_c, left = both(specialization)
    for last in [[3]], [(3.0,)], [[3.0, 4.0]], []:
        given = [2.0], [], [], *last
        try:
            expected = straight["value_and_gradient"](*given)
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error)):
                in_c["value_and_gradient"](*given)
        else:
            assert in_c["value_and_gradient"](*given) == expected
    assert engine is None or len(left) == 3


def test_an_index_that_is_computed_or_returned_leaves_the_program_to_python(engine):
    table = [Value(float(i)) for i in range(4)]
    functions_of_an_index = [
        lambda i: ag.pick(table, i + 1) * 2.0,
        lambda i: ag.pick(table, i) * i,
        lambda i: ag.pick(table, i) * 2.0 if i < 3 else table[0] * 1.0,
    ]
    for f in functions_of_an_index:
        specialization = traced(f, table, 1)
        assert native.codes_of(specialization.tape) is None or specialization.inputs.fixed
        assert compile(f, table, backend="native").value_and_grad(1) == compile(
            f, table, backend="python"
        ).value_and_grad(1)
    picked = compile(lambda i: ag.pick(table, i) * 2.0, table, backend="native")
    assert [picked(i) for i in range(4)] == [0.0, 2.0, 4.0, 6.0]
    with pytest.raises(IndexError, match="an index is a whole number from 0 to 3, got 4"):
        picked(4)


def test_an_operation_that_c_does_not_know_leaves_the_program_to_python(engine):
    cube = Op("cube", "cube({0})", "{0} * {0} * {0}", lambda y, a: 3.0 * a * a)
    x = Value(2.0)
    compiled = compile(lambda: cube(x) + x, [x], backend="native")
    assert compiled.value_and_grad() == (10.0, [13.0])
    assert not compiled.cache.first().is_native
    line = compiled.explain().splitlines()[-1]
    assert line == "Runs on floats in Python, since C does not know such an operation or index, as asked for."


class Signed(optim.Optimizer):
    """A rule of one's own, which branches: it is no program, and Python moves the parameters."""

    def begin(self, zero):
        return (zero,)

    def update(self, number, gradient, state, rate, step):
        change = rate if gradient > state[0] else -0.5 * rate
        return change, (0.5 * state[0] + 0.5 * gradient,)


@pytest.mark.parametrize("columns", [True, False], ids=["rows", "closure"])
@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam, optim.Lion, Signed])
def test_training_gives_the_same_numbers(engine, columns, rule):
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    found = []
    for backend in ("python", "native"):
        model = ag.nn.MLP(2, [2, 1], seed=3)
        rows = lambda row, target, model=model: (model(row) - target) ** 2
        whole = lambda rows=rows: ag.mean([rows(row, target) for row, target in zip(X, y)])
        compiled = compile(rows if columns else whole, model.parameters(), backend=backend)
        trainer = compiled.trainer(rule(lr=0.1))
        losses = [trainer.step(*([X, y] if columns else [])) for _ in range(50)]
        trainer.write_back()
        found.append(bits([losses, [p.data for p in model.parameters()]]))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam])
def test_settings_that_are_numbers_of_numpys_leave_floats(engine, rule, kind):
    found = []
    for backend, setting in itertools.product(("python", "native"), (kind(0.1), float(kind(0.1)))):
        w = Value(2.0)
        compiled = compile(lambda x, w=w: (w * x - 1.0) ** 2, [w], backend=backend)
        for clip in (None, setting):
            trainer = compiled.trainer(rule(lr=setting), clip=clip)
            losses = [trainer.step([1.0, 2.0]) for _ in range(5)]
            assert {*map(type, trainer._training.now[0])} == {float}
            trainer.write_back()
            found.append(bits([losses, w.data]))
    assert found[2:] == 3 * found[:2]
    trainer = compiled.trainer(optim.SGD(lr=0.1, momentum=kind(0.9)))
    trainer.step([1.0, 2.0])
    trainer.write_back()
    assert {*map(type, [w._data, *trainer.optimizer.states[0]])} == {float}


@pytest.mark.parametrize("kind", [list, np.array], ids=["lists", "arrays"])
def test_fit_of_a_tiny_network_runs_in_c_and_gives_the_same_numbers(engine, monkeypatch, kind):
    X, y = kind([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), kind([0.0, 1.0, 1.0, 0.0])
    asked, made = [], native.NativeProgram.__missing__
    monkeypatch.setattr(
        native.NativeProgram, "__missing__", lambda self, name: asked.append(name) or made(self, name)
    )
    found = []
    for at_hand in (None, engine):
        monkeypatch.setattr(native, "library", lambda at_hand=at_hand: at_hand)
        model = ag.nn.MLP(2, [2, 1], seed=3)
        optimizer = optim.SGD(lr=0.1)
        history = ag.fit(model, losses.mse, X, y, optimizer=optimizer, epochs=20, compiled=True)
        assert history.engine == "compiled"
        found.append(bits([history.loss, [p.data for p in model.parameters()]]))
        assert bool(asked) == (at_hand is not None)
    assert found[0] == found[1]


@pytest.mark.parametrize("rule", test_moves.RULES)
def test_an_optimisers_rule_gives_the_bits_of_its_source(engine, rule):
    chance = random.Random(5)
    states = len(rule.begin(0.0))
    in_python, in_c = move_of(rule), move_of(rule, native=True)
    for turn in range(100):
        count, edgy = chance.randrange(4), turn % 2 == 1
        given = [numbers(chance, count, edgy), numbers(chance, count, edgy)]
        given.append([tuple(map(abs, numbers(chance, states, edgy))) for _ in range(count)])
        assert outcome(in_c, *given, 0.25, turn + 1) == outcome(in_python, *given, 0.25, turn + 1)
    assert in_c([], [], [], 0.25, 1) == ([], [])


def test_rows_of_which_one_signals_or_compares_otherwise_are_trained_as_in_python(engine):
    found = []
    for backend in ("python", "native"):
        w = Value(1.0)
        f = lambda x, w=w: ag.sqrt(w * x) if x > 0.0 else w * x
        trainer = compile(f, [w], backend=backend).trainer(optim.SGD(lr=0.1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            losses = [trainer.step(rows) for rows in ([1.0, 2.0], [1.0, -2.0], [3.0, 4.0])]
        trainer.write_back()
        found.append(bits([losses, w.data]))
    assert found[0] == found[1]


def test_several_outputs_and_batches_run_row_by_row(engine):
    w = Value(2.0)
    both_of = compile(lambda x: [w * x, w + x], [w], backend="native")
    assert both_of(3.0) == [6.0, 5.0]
    assert both_of.map([1.0, 2.0]) == [[2.0, 3.0], [4.0, 4.0]]
    one = compile(lambda x: w * x, [w], backend="native")
    assert one.mean_and_grad([1.0, 2.0]) == (3.0, [1.5])
    assert one.source.startswith("def forward(")
    assert engine is None or one.explain().splitlines()[-1] == "Runs on floats in C, as asked for."


def test_auto_runs_irregular_programs_in_c(engine):
    x = [Value(0.3), Value(-0.7)]

    def chain():
        total = x[0]
        for i in range(400):
            total = ag.sin(total * 0.5 + x[i % 2]) if i % 3 else total * x[1] - 0.25
        return total

    automatic = compile(chain, x)
    assert bits(automatic.value_and_grad()) == bits(compile(chain, x, backend="python").value_and_grad())
    specialization = automatic.cache.first()
    assert specialization.choose(1) == "python"
    assert engine is None or (specialization.is_native and "scalar_source" not in vars(specialization))


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_which_engine_there_is_does_not_decide_what_is_drawn(p):
    middle = [nn.Dropout(p, seed=1)] if p else []
    model = nn.Sequential(nn.Layer(2, 12, "tanh", seed=0), *middle, nn.Layer(12, 1, seed=1))
    compiled = compile(lambda x: model(x) ** 2, model.parameters())
    compiled([1.0, 2.0])
    specialization = compiled.cache.first()
    chosen = {}
    for in_c in (True, False):
        vars(specialization)["is_native"] = in_c
        chosen[in_c] = [specialization.choose(rows) for rows in range(1, 100)]
    assert {*chosen[False]} == {"python", "numpy"}
    assert (chosen[True] == chosen[False]) is (p > 0.0)


def test_a_long_program_keeps_its_straight_line_before_the_tape_is_let_go_of(engine, monkeypatch):
    from autograd_lite.compiler import specialization as module

    monkeypatch.setattr(module, "LONGEST", 10)
    x = Value(1.0)
    compiled = compile(lambda: ag.sum([ag.log(x) * float(i) for i in range(20)]), [x])
    specialization = compiled.cache.first()
    assert specialization.on_floats["forward"]([1.0], [], [])[0] == [0.0]
    assert engine is None or "scalar_source" in vars(specialization)


# ---- Memory and threads ------------------------------------------------------------------------------


def test_nothing_leaks_and_threads_share_a_program(engine):
    x = [Value(0.3), Value(-0.7)]
    f = lambda a: ag.sin(x[0] * a) + ag.dot(x, [a, a * a], x[1]) / (a * a + 1.0)
    compiled = compile(f, x, backend="native")
    w = Value(1.0)
    trainer = compile(lambda a: (w * a - 1.0) ** 2, [w], backend="native").trainer(optim.SGD(lr=1e-9))
    expected = {a: compiled.value_and_grad(a) for a in (0.5, 1.5, 2.5)}
    wrong = []

    def work(a, times=300):
        for _ in range(times):
            if compiled.value_and_grad(a) != expected[a]:
                wrong.append(a)
            trainer.step([a, 2.0 * a])

    threads = [threading.Thread(target=work, args=(a,)) for a in expected]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60.0)
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    specialization = traced(lambda a: x[0] * a, x, 1.0)
    tracemalloc.start()
    try:
        work(0.5)
        before = tracemalloc.get_traced_memory()[0]
        work(0.5)
        for _ in range(100):
            _, in_c, _ = both(specialization)
            with contextlib.suppress(TypeError):
                in_c["value_and_gradient"]([0.3, -0.7], [], [], ["text"])
            assert in_c["forward"]([0.3, -0.7], [], [], [1.0])[0] == [0.3]
        del in_c, _
        assert tracemalloc.get_traced_memory()[0] - before < 30_000
    finally:
        tracemalloc.stop()
