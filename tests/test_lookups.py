"""What a traced function may do as plain Python: look into lists at a number, and read ``.data``."""

from __future__ import annotations

import functools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile, fit, losses, nn, optim
from autograd_lite.compiler import TraceError, rewriting
from autograd_lite.compiler.lookups import looking_up

TABLE = [[Value(float(3 * row + column)) for column in range(3)] for row in range(5)]
LEAVES = [value for row in TABLE for value in row]


def traces(program):
    return len([*program.cache])


def of_eager(f, arguments, parameters=LEAVES):
    for parameter in parameters:
        parameter.grad = 0.0
    output = f(*arguments)
    output.backward()
    return output.data, [parameter.grad for parameter in parameters]


def row_sum(i):
    return sum(x * x for x in TABLE[i])


def computed(i):
    return [x.exp() for x in TABLE[2]][i % 3 if isinstance(i, str) else i] * TABLE[0][1]


def in_another(i):
    return row_sum(i) + TABLE[i][2]


def in_a_comprehension(i):
    return sum([TABLE[k][j] * TABLE[k][0] for k in (i, 3) for j in range(3)])


def in_a_lambda(i):
    return (lambda k: TABLE[k][1])(i) * 2.0


def in_keywords(i):
    return functools.partial(lambda *, k, add: TABLE[k][0] + add, k=i)(add=1.0)


def unpacked(i):
    a, b, c = TABLE[i]
    return a * b + c


def with_default(i, table=TABLE):
    return table[i][0] * 2.0


class Base:
    def row(self, i):
        return TABLE[i]


class Derived(Base):
    scale = 3.0

    def __call__(self, i):
        return super().row(i)[1] * self.scale + self.inner(i)

    def inner(self, i):
        def nested():
            return [*reversed(self.row(i))][0]

        return nested()


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) * 2.0

    return wrapper


@decorated
def beneath_a_decorator(i):
    return TABLE[i][1]


FORMS = [
    row_sum, computed, in_another, in_a_comprehension, in_a_lambda, in_keywords, unpacked, with_default,
    Derived(), Derived().inner, beneath_a_decorator, lambda i: TABLE[i][1] * TABLE[i][2],
    lambda i: tuple(map(tuple, TABLE))[i][0] * 1.5,
]  # fmt: skip


@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("f", FORMS, ids=lambda f: getattr(f, "__qualname__", "object"))
def test_a_list_is_looked_into_at_a_number_that_stays_open(f, backend):
    indices = range(3) if f is computed else range(5)
    program = compile(f, LEAVES, backend=backend)
    for index in indices:
        value, gradient = program.value_and_grad(index)
        expected, wanted = of_eager(f, [index])
        assert value == pytest.approx(expected, rel=1e-13)
        assert gradient == pytest.approx(wanted, rel=1e-13)
    assert traces(program) == 1
    assert program.map([*indices]) == pytest.approx([f(index).data for index in indices], rel=1e-13)


def test_two_numbers_look_into_a_table_of_tables():
    deep = [[[Value(float(9 * i + 3 * j + k)) for k in range(2)] for j in range(3)] for i in range(2)]
    leaves = [value for table in deep for row in table for value in row]
    program = compile(lambda i, j: deep[i][j][0] * deep[i][j][1], leaves)
    for i in range(2):
        for j in range(3):
            assert program(i, j) == (9.0 * i + 3 * j) * (9 * i + 3 * j + 1)
    assert traces(program) == 1


@pytest.mark.parametrize(
    "f",
    [
        lambda i: Value(1.0) * [10.0, 20.0, 30.0][i],
        lambda i: [TABLE[0][0], "word", TABLE[0][1]][i] * 1.0 if i != 1 else TABLE[1][1] * 1.0,
        lambda i: sum([TABLE[0][:1], TABLE[1][:2], TABLE[2][:3]][i]) * 1.0,
        lambda i: {0: TABLE[0][0], 1: TABLE[0][1], 2: TABLE[0][2]}[i] * 1.0,
        lambda i: sum(TABLE[2][i:]) * 1.0 + sum(TABLE[0][:2]),
        lambda i: TABLE[0][i - 3] * 1.0,
    ],
    ids=["plain numbers", "other things", "lists of several lengths", "a dict", "a slice", "from the end"],
)
def test_what_has_no_one_form_fixes_the_number_as_ever(f):
    program = compile(f, LEAVES)
    assert [program(index) for index in range(3)] == [f(index).data for index in range(3)]
    assert traces(program) == 3


def test_without_source_a_number_is_fixed_as_ever():
    names = {"TABLE": TABLE}
    exec("def f(i): return TABLE[i][0] * 1.0", names)
    program = compile(names["f"], LEAVES)
    assert [program(0), program(1)] == [0.0, 3.0] and traces(program) == 2


def test_source_that_is_no_longer_that_of_the_function_is_not_used(tmp_path):
    path = tmp_path / "changed.py"
    text = "def f(i):\n    return TABLE[i][{}] * 1.0\n"
    names = {"TABLE": TABLE}
    exec(compile_text(text.format(1), str(path)), names)
    path.write_text(text.format(2), encoding="utf-8")
    program = compile(names["f"], LEAVES)
    assert [program(0), program(1)] == [1.0, 4.0] and traces(program) == 2


def test_what_has_no_python_for_its_source_is_left_as_it_is(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader,\n", encoding="utf-8")
    names = {"TABLE": TABLE}
    exec(compile_text("def f(i): return TABLE[i][0] * 1.0", str(path)), names)
    assert looking_up(names["f"]) is names["f"]


def keeping(function):
    """Give what was passed to the decorator, beside the function."""
    return lambda decorated: (function, decorated)


def around():
    count = 0

    @keeping(lambda k: TABLE[k][1] * 2.0)
    def counted(i):
        nonlocal count
        count += 1
        return TABLE[i][1] * count

    return counted


@pytest.mark.parametrize("place", [0, 1])
def test_two_functions_that_begin_in_one_line(place):
    f = around()[place]
    assert looking_up(f) is not f and compile(f, LEAVES[3:4]) is not None
    assert looking_up(f)(1) is not None and looking_up(around()[place])(2).data == around()[place](2).data


def compile_text(text, name):
    import builtins

    return builtins.compile(text, name, "exec")


def test_a_change_of_a_row_that_is_looked_up_is_not_lost():
    def changed(i):
        row = TABLE[i]
        row.append(1.0)
        del row[-1]
        return row[0] * 1.0

    def stored(i):
        table = [list(row) for row in TABLE]
        table[i][0] = table[i][0] * 2.0
        return table[i][0] + table[2][0]

    for f in (changed, stored):
        program = compile(f, LEAVES)
        assert [program(i) for i in range(3)] == [f(i).data for i in range(3)] and traces(program) == 3


def test_a_copy_of_a_row_can_be_changed():
    def f(i):
        row = list(TABLE[i])
        row.append(TABLE[0][1])
        row[0] = row[0] * 2.0
        return sum(row)

    program = compile(f, LEAVES)
    assert [program(i) for i in range(5)] == [f(i).data for i in range(5)] and traces(program) == 1


# ---- .data, max and min -----------------------------------------------------------------------------


def softmax_as_published(logits):
    largest = max(logit.data for logit in logits)
    exps = [(logit - largest).exp() for logit in logits]
    total = sum(exps)
    return [e / total for e in exps]


@pytest.mark.parametrize("backend", ["python", "numpy"])
@given(
    rows=st.lists(
        st.tuples(st.lists(st.floats(-700, 700), min_size=5, max_size=5), st.integers(0, 4)),
        min_size=1,
        max_size=4,
    )
)
def test_a_softmax_with_its_largest_logit_taken_by_max(backend, rows):
    def f(x, k):
        logits = [xi * wi for xi, wi in zip(x, TABLE[1] + TABLE[2])]
        return softmax_as_published(logits)[k]

    program = compile(f, LEAVES, backend=backend)
    for x, k in rows:
        value, gradient = program.value_and_grad(x, k)
        expected, wanted = of_eager(f, [x, k])
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert gradient == pytest.approx(wanted, rel=1e-9, abs=1e-300)
    assert traces(program) == 1 and program.cache.first().tape.guards == []


@pytest.mark.parametrize("function", [max, min])
@pytest.mark.parametrize(
    "numbers",
    [
        lambda x: [x[0], x[1], x[2]],
        lambda x: [x[0].data if isinstance(x[0], Value) else x[0], 1.5],
        lambda x: [x[0] + x[1], 0, x[2]],
        lambda x: (each for each in x),
    ],
    ids=["inputs", "one beside a number", "computed from inputs", "a generator"],
)
def test_max_and_min_of_numbers_without_a_gradient_stay_open(function, numbers):
    w = Value(3.0)

    def f(x):
        return w * function(numbers(x))

    program = compile(f, [w])
    generator = random.Random(0)
    for _ in range(20):
        x = [generator.uniform(-3, 3) for _ in range(3)]
        assert program(x) == f(x).data
    assert traces(program) == 1 and program.cache.first().tape.guards == []


def test_max_beside_numbers_default_and_arguments():
    w = Value(3.0)
    cases = [
        (lambda x: w * max(x[0], x[1]), [1.0, 2.0], 6.0),
        (lambda x: w * max(x[:0], default=4.0), [1.0, 2.0], 12.0),
        (lambda x: w * max(x, key=lambda each: -each), [1.0, 2.0], 3.0),
        (lambda x: w * x[0] * max([3, 1, 2]), [1.0, 2.0], 9.0),
        (lambda x: w * len(max(["a", "bb"], key=len)) * x[0], [1.0, 2.0], 6.0),
    ]
    for f, x, expected in cases:
        assert compile(f, [w])(x) == f(x).data == expected
    with pytest.raises(ValueError, match="empty"):
        compile(lambda x: w * max(x[:0]) * (x[0] if x[0] > 0 else 1.0), [w])([1.0])


def test_where_a_gradient_flows_max_takes_one_number_as_python_does():
    w, v = Value(2.0), Value(2.0)
    program = compile(lambda x: max(w * x, v * x), [w, v])
    assert program.value_and_grad(1.0) == (2.0, [1.0, 0.0])


def test_data_is_the_number_without_its_gradient():
    w = Value(3.0)
    program = compile(lambda x: w * x * (w * x).data + w.data, [w])
    assert program.value_and_grad(2.0) == (39.0, [12.0])
    assert traces(program) == 1


def test_a_comparison_of_data_is_a_guard():
    w = Value(3.0)
    program = compile(lambda x: w * x if (w * x).data > 1.0 else -w, [w])
    assert program(2.0) == 6.0
    with pytest.warns(RuntimeWarning, match="comparisons came out otherwise"):
        assert program(-2.0) == -3.0


@pytest.mark.parametrize(
    "read", [float, "{:.2f}".format, round, bool, int], ids=["float", "format", "round", "bool", "int"]
)
def test_what_needs_a_float_is_refused(read):
    w = Value(3.0)
    with pytest.raises(TraceError, match="not known yet"):
        compile(lambda x: w * x * len(str(read((w * x).data))), [w])(2.0)


def test_a_function_of_a_library_or_of_no_source_is_left_as_it_is():
    assert looking_up(abs) is abs and looking_up(random.gauss) is not None
    assert looking_up(functools.reduce) is functools.reduce
    assert looking_up(dict) is dict


def test_an_embedding_that_is_a_plain_list_trains_compiled():
    def trained(compiled):
        table = [[Value(0.01 * (row + column)) for column in range(3)] for row in range(40)]
        weights = [Value(0.5), Value(-0.3), Value(0.2)]

        def model(word):
            return sum(w * x for w, x in zip(weights, table[word]))

        model.parameters = lambda: [*weights, *(x for row in table for x in row)]
        words = [(7 * number) % 40 for number in range(80)]
        targets = [0.1 * word for word in words]
        history = fit(
            model,
            losses.mse,
            words,
            targets,
            optimizer=optim.Adam(lr=0.01),
            epochs=2,
            seed=0,
            compiled=compiled,
        )
        return history, [value.data for value in model.parameters()]

    (history, fast), (_, eager) = trained(None), trained(False)
    assert history.engine == "compiled"
    assert fast == pytest.approx(eager, rel=1e-9)


def test_a_function_of_whole_numbers_runs_once_to_be_traced():
    runs = []

    def loss(i):
        runs.append(None)
        return sum(TABLE[i]) * 2.0

    compile(loss, LEAVES).value_and_grad(1)
    assert len(runs) == 2  # once traced, and once to compare


def test_a_table_in_a_module_stays_open_where_the_package_is_installed(monkeypatch):
    class Table(nn.Module):
        def __init__(self):
            self.rows = [[Value(0.5), Value(1.5)], [Value(2.5), Value(3.5)]]

        def __call__(self, i):
            return self.rows[i]

    monkeypatch.setattr(rewriting, "LIBRARIES", (*rewriting.LIBRARIES, rewriting.PACKAGE))
    rewriting._code_of.cache_clear()
    model = Table()
    program = compile(lambda i: sum(model(i)), model)
    assert [program(0), program(1), traces(program)] == [2.0, 6.0, 1]
