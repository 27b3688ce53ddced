"""Rows of several lengths, run together: as far as what they share goes, by the program of the longest."""

import random
import warnings

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, compile, fit, losses, nn, optim, pick
from autograd_lite.compiler.lengths import MOST_FILLED, RowsOfLengths, rows_of_lengths
from autograd_lite.compiler.signature import Rows, SignaturesDifferError

WIDTH, STATES, WORDS = 2, 3, 5
STILL = 1e-20
"""A learning rate with which nothing moves."""


def values(rng, *shape):
    if not shape:
        return Value(rng.gauss(0, 0.6))
    return [values(rng, *shape[1:]) for _ in range(shape[0])]


def leaves(nested):
    return [leaf for each in nested for leaf in leaves(each)] if isinstance(nested, list) else [nested]


class State:
    """The parameters of a small recurrence, and of a table of words."""

    def __init__(self, seed=0):
        rng = random.Random(seed)
        self.Wx, self.Wh = values(rng, STATES, WIDTH), values(rng, STATES, STATES)
        self.b, self.out = values(rng, STATES), values(rng, STATES)
        self.table = values(rng, WORDS, WIDTH)
        self.parameters = leaves([self.Wx, self.Wh, self.b, self.out, self.table])

    def step(self, x, h):
        rows = zip(self.Wx, self.Wh, self.b)
        return [
            (sum(w * a for w, a in zip(Wx, x)) + sum(w * a for w, a in zip(Wh, h)) + b).tanh()
            for Wx, Wh, b in rows
        ]

    def read(self, h):
        return sum(w * a for w, a in zip(self.out, h))


def last_state(p, xs, y):
    h = [0.0] * STATES
    for x in xs:
        h = p.step(x, h)
    return (p.read(h) - y) ** 2


def mean_state(p, xs, y):
    h, total = [0.0] * STATES, [0.0] * STATES
    for x in xs:
        h = p.step(x, h)
        total = [a + b for a, b in zip(total, h)]
    return (p.read([t / len(xs) for t in total]) - y) ** 2


def steps_alone(p, xs, y):
    """The loss at each step, one after the other."""
    h, total = [0.0] * STATES, 0.0
    for x in xs:
        h = p.step(x, h)
        total = total + (p.read(h) - y) ** 2
    return (1 / len(xs)) * total


def two_ways(p, xs, y):
    """Several numbers of a state are read: each is picked, once."""
    h = [0.0] * STATES
    for x in xs:
        h = p.step(x, h)
    return (h[0] * h[1] - y).exp() + h[0] / (h[2] * h[2] + 1.0)


def first_and_last(p, xs, y):
    return (p.read(p.step(xs[0], p.step(xs[-1], [0.0] * STATES))) - y) ** 2


def backwards(p, xs, y):
    return last_state(p, xs[::-1], y)


def made_inside(p, xs, y):
    """Leaves that the function makes itself are other ones in each trace, and yet the same number."""
    h = [Value(0.0) for _ in range(STATES)]
    for x in xs:
        h = p.step([Value(0.5) * number for number in x], h)
    return (p.read(h) - y) ** 2


JOINED = [last_state, mean_state, steps_alone, two_ways, first_and_last, made_inside]


def vectors(rng, length):
    return [[rng.gauss(0, 1) for _ in range(WIDTH)] for _ in range(length)]


def batch(rng, lengths):
    return [vectors(rng, length) for length in lengths], [rng.gauss(0, 1) for _ in lengths]


def expected(loss, columns, parameters):
    """The mean of the rows, and its gradient, by the engine."""
    rows = [loss(*row) for row in zip(*columns)]
    mean = sum(rows) / len(rows)
    for parameter in parameters:
        parameter.grad = 0.0
    mean.backward()
    return mean.data, [parameter.grad for parameter in parameters]


def check_steps(loss, parameters, batches, *, joined, **options):
    """Train with each batch, and compare with the engine; ``joined`` says whether with one program."""
    trainer = compile(loss, parameters, **options).trainer(optim.SGD(lr=0.05))
    for columns in batches:
        mean, gradient = expected(loss, columns, parameters)
        before = [parameter.data for parameter in parameters]
        found = trainer.step(*columns)
        trainer.write_back()
        assert trainer.runs_lengths(*columns) == joined
        assert found == pytest.approx(mean, rel=1e-12, abs=1e-12)
        moved = [(old - parameter.data) / 0.05 for old, parameter in zip(before, parameters)]
        assert moved == pytest.approx(gradient, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("function", JOINED)
@settings(deadline=None, max_examples=8)
@given(lengths=st.lists(st.integers(1, 7), min_size=6, max_size=20), seed=st.integers(0, 99))
def test_rows_of_several_lengths_are_what_they_are_alone(function, lengths, seed):
    p = State(seed)
    lengths = [*lengths, max(lengths) + 1]
    uneven = len(lengths) * max(lengths) > MOST_FILLED * sum(lengths)
    columns = batch(random.Random(seed), lengths)
    loss = lambda xs, y: function(p, xs, y)
    check_steps(loss, p.parameters, [columns] * 2, joined=not uneven, backend="numpy")


@pytest.mark.parametrize("function", [backwards])
def test_what_goes_apart_from_the_beginning_is_right_too(function):
    p = State()
    columns = batch(random.Random(1), [2, 3, 2, 4, 5, 5])
    check_steps(lambda xs, y: function(p, xs, y), p.parameters, [columns] * 2, joined=False, backend="numpy")


def test_words_are_looked_up_and_targets_too():
    p = State()

    def loss(words, targets):
        h, total = [0.0] * STATES, 0.0
        for word, target in zip(words, targets):
            h = p.step([pick([row[j] for row in p.table], word) for j in range(WIDTH)], h)
            total = total + losses.cross_entropy([a * 2.0 for a in h], target)
        return total / len(words)

    rng = random.Random(2)
    lengths = [3, 5, 4, 3, 2, 5, 4, 4]
    words = [[rng.randrange(WORDS) for _ in range(length)] for length in lengths]
    targets = [[rng.randrange(STATES) for _ in range(length)] for length in lengths]
    check_steps(loss, p.parameters, [(words, targets)] * 2, joined=True, backend="numpy")
    with pytest.raises(IndexError, match="0 to 4"):
        compile(loss, p.parameters).trainer(optim.SGD(lr=0.1)).step([[7, 0], [1]], [[0, 0], [0]])


def test_the_last_word_is_the_target():
    """An index is picked by an index."""
    p = State()

    def loss(words):
        h = [0.0] * STATES
        for word in words[:-1]:
            h = p.step([pick([row[j] for row in p.table], word) for j in range(WIDTH)], h)
        logits = [sum(a * row[j % WIDTH] for j, a in enumerate(h)) for row in p.table]
        return losses.cross_entropy(logits, words[-1])

    rng = random.Random(3)
    words = [[rng.randrange(WORDS) for _ in range(length)] for length in [3, 5, 4, 3, 2, 5, 4, 4]]
    check_steps(loss, p.parameters, [(words,)] * 2, joined=True, backend="numpy")


def test_the_longest_of_two_arguments_in_different_rows():
    p = State()
    loss = lambda xs, ys: last_state(p, xs, 0.5) + last_state(p, ys, 0.1)
    rng = random.Random(4)
    xs, ys = ([vectors(rng, length) for length in lengths] for lengths in ([2, 3, 4], [4, 3, 2]))
    check_steps(loss, p.parameters, [(xs, ys)] * 2, joined=False, backend="numpy")
    xs, ys = ([vectors(rng, length) for length in lengths] for lengths in ([2, 3, 4], [2, 2, 4]))
    check_steps(loss, p.parameters, [(xs, ys)] * 2, joined=True, backend="numpy")


def test_numbers_that_are_frozen_or_constant_stand_once():
    p, frozen = State(), Value(0.3)
    loss = lambda xs, y: last_state(p, xs, y) * frozen + 0.3 * frozen
    columns = batch(random.Random(5), [2, 4, 3, 3])
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    assert trainer.runs_lengths(*columns)
    for frozen.data in (0.3, 0.7):
        assert trainer.step(*columns) == pytest.approx(expected(loss, columns, p.parameters)[0], rel=1e-12)


def test_a_leaf_that_stays_elsewhere_is_read_anew():
    """Each length has a leaf of its own, as if the function had made it; one is changed later."""
    p, own = State(), {2: Value(0.5), 3: Value(0.5), 4: Value(0.5)}
    loss = lambda xs, y: last_state(p, [[own[len(xs)] * number for number in x] for x in xs], y)
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    columns = batch(random.Random(5), [2, 4, 3, 3])
    for own[3].data in (0.5, 0.7):
        assert trainer.step(*columns) == pytest.approx(expected(loss, columns, p.parameters)[0], rel=1e-12)


def test_lengths_that_come_later_are_joined_from_time_to_time():
    p, rng = State(), random.Random(6)
    loss = lambda xs, y: last_state(p, xs, y)
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    joined = []
    for longest in [3, 4, 5, 6, 3, 7, 7]:
        columns = batch(rng, [2, 3, longest, longest])
        assert trainer.step(*columns) == pytest.approx(expected(loss, columns, p.parameters)[0], rel=1e-12)
        joined.append((longest, 0) in trainer._training.joints._which)
    assert joined == [True, True, False, True, True, False, False]


def test_a_batch_of_one_length_and_a_shorter_one_run_with_the_same_program():
    p, rng = State(), random.Random(7)
    loss = lambda xs, y: last_state(p, xs, y)
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    for lengths in ([2, 5, 4, 3], [2, 3, 3, 2], [3, 3, 3, 3], [5, 5, 5, 5]):
        columns = batch(rng, lengths)
        assert trainer.step(*columns) == pytest.approx(expected(loss, columns, p.parameters)[0], rel=1e-12)
        assert trainer._training.joints.find(columns) is not None


def test_rows_that_differ_in_more_than_the_joined_ones_run_apart():
    p, rng = State(), random.Random(8)
    loss = lambda xs, y: last_state(p, [x[:WIDTH] for x in xs], y)
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    X, y = batch(rng, [2, 5, 4, 3])
    wide = [[[*x, 1.0] for x in xs] for xs in X]
    for rows in (X, wide, [X[0], wide[1], X[2], X[3]], X):
        expects = expected(loss, (rows, y), p.parameters)[0]
        assert trainer.step(rows, y) == pytest.approx(expects, rel=1e-12)


def test_what_rows_are_filled_up_with_may_be_nothing_that_the_function_takes():
    """An item that is repeated makes a difference of 0, by which nothing can be divided."""
    p = State()

    def loss(xs, y):
        total = p.out[0]
        for one, other in zip(xs, xs[1:]):
            total = total + p.out[1] / (other[0] - one[0])
        return (total - y) ** 2

    columns = batch(random.Random(9), [3, 5, 4, 3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_steps(loss, p.parameters, [columns], joined=False, backend="numpy")


def branching(p, xs, y):
    h = [0.0] * STATES
    for x in xs:
        h = p.step(x, h) if x[0] > -99.0 else h
    return p.read(h) * y


def counting(p, xs, y):
    return last_state(p, xs, y) * (1.0 if y > 0 else 2.0)


@pytest.mark.parametrize("function", [branching, counting])
def test_functions_that_compare_run_apart(function):
    p = State()
    X, _ = batch(random.Random(10), [2, 4, 3, 3])
    check_steps(
        lambda xs, y: function(p, xs, y), p.parameters, [(X, [1, 2, 3, 1])], joined=False, backend="numpy"
    )


def test_dropout_runs_apart():
    p, drop = State(), nn.Dropout(0.5, seed=0)
    loss = lambda xs, y: p.read(drop(p.step(xs[-1], p.step(xs[0], [0.0] * STATES)))) * y
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    columns = batch(random.Random(11), [2, 4, 3, 3])
    assert not trainer.runs_lengths(*columns)
    drop.eval()
    assert trainer.step(*columns) == pytest.approx(expected(loss, columns, p.parameters)[0], rel=1e-12)
    assert trainer.runs_lengths(*columns)


def test_small_programs_run_on_floats():
    w = Value(2.0)
    loss = lambda xs: sum((w * x for x in xs), w)
    check_steps(loss, [w], [([[1.0], [1.0, 2.0]],)], joined=False)


def test_a_function_that_changes_is_noticed():
    p, scale = State(), [1.0]
    loss = lambda xs, y: last_state(p, xs, y) * scale[0]
    trainer = compile(loss, p.parameters, backend="numpy").trainer(optim.SGD(lr=STILL))
    columns = batch(random.Random(12), [2, 4, 3, 3])
    trainer.step(*columns)
    scale[0] = 2.0
    with pytest.raises(RuntimeError, match="differ"):
        for _ in range(11):
            trainer.step(*columns)


class Recurrent(nn.Module):
    def __init__(self):
        self.cell = nn.RNN(WIDTH, STATES, seed=0)
        self.head = nn.Layer(STATES, 3, activation=None, seed=1)

    def __call__(self, xs):
        return self.head(self.cell(xs)[-1])


def test_fit_trains_rows_of_several_lengths_with_one_program(monkeypatch):
    rng = random.Random(13)
    X = [vectors(rng, 2 + row % 5) for row in range(40)]
    y = [rng.randrange(3) for _ in X]
    found = {}
    for compiled in (True, False):
        model = Recurrent()
        history = fit(
            model, losses.cross_entropy, X, y, optimizer=optim.Adam(lr=0.05), epochs=4, batch_size=10,
            compiled=compiled, progress=False,
        )  # fmt: skip
        found[compiled] = history.loss
    assert found[True] == pytest.approx(found[False], rel=1e-9)


# ---- Rows ------------------------------------------------------------------------------------


def test_lists_go_on_with_their_last_item():
    rows = rows_of_lengths([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]])
    assert isinstance(rows, RowsOfLengths)
    assert rows.lengths == [1, 3]
    assert rows.array.tolist() == [[[1, 2]] * 3, [[3, 4], [5, 6], [7, 8]]]
    assert rows_of_lengths(rows) is rows
    chosen = rows.chosen([1])
    assert chosen.lengths == [3]
    assert chosen.array.tolist() == [[[3, 4], [5, 6], [7, 8]]]
    assert chosen[0].build() == [[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]


def test_rows_of_one_length_are_an_array():
    assert isinstance(rows_of_lengths([[1.0], [2.0]]), Rows)


def test_arrays_and_tuples_of_several_lengths():
    for kind in (numpy.array, tuple):
        rows = rows_of_lengths([kind([1, 2]), kind([1, 2, 3])])
        assert rows.array.tolist() == [[1, 2, 2], [1, 2, 3]]
        assert rows.array.dtype == "int64"


@pytest.mark.parametrize(
    "rows",
    [
        [[], [1.0]],
        [[1.0], [1, 2]],
        [[1.0], (1.0, 2.0)],
        [[1.0], 1.0],
        [[[1.0]], [[1.0, 2.0], [1.0, 2.0]]],
        [[[1.0], [1.0, 2.0]], [[1.0, 2.0]]],
        [{"a": 1.0}, {"a": 1.0, "b": 2.0}],
        [[1.0], [1.0, 2]],
        [None, [1.0]],
        [*[[1.0]] * 9, [1.0] * 99],
    ],
)
def test_other_rows_are_not_filled_up(rows):
    with pytest.raises(SignaturesDifferError):
        rows_of_lengths(rows)
