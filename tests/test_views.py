"""Programs on arrays that read parts of arrays in another order, and compute with all of them at once."""

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, grad
from autograd_lite.compiler import compile
from autograd_lite.compiler.arrays import runtime
from autograd_lite.compiler.arrays.expressions import call, name, number
from autograd_lite.compiler.arrays.indexing import Box, indexing
from autograd_lite.compiler.arrays.printer import NumPyPrinter
from autograd_lite.core import list_rules
from autograd_lite.ops import AMAX, LOGSUMEXP


def assert_same(f, parameters, rows, backend="numpy"):
    """Compare values and gradients of rows, one by one and together, with the engine; return the program."""
    program = compile(f, parameters, backend=backend)
    losses = [f(*row) for row in rows]
    for row, loss in zip(rows, losses):
        value, gradient = program.value_and_grad(*row)
        assert value == pytest.approx(loss.data, rel=1e-11)
        np.testing.assert_allclose(gradient, grad(loss, parameters), rtol=1e-9, atol=1e-12)
    columns = [np.array(column) for column in zip(*rows)]
    mean, gradient = program.mean_and_grad(*columns)
    together = ag.mean(losses)
    assert mean == pytest.approx(together.data, rel=1e-11)
    np.testing.assert_allclose(gradient, grad(together, parameters), rtol=1e-9, atol=1e-12)
    return program


# ---- Views -----------------------------------------------------------------------------------


@st.composite
def boxes(draw):
    """A shape, a stretch along each of its axes, an order of the axes, and whether two are put together."""
    shape = tuple(draw(st.lists(st.integers(2, 4), min_size=2, max_size=4)))
    spans = []
    for length in shape:
        start = draw(st.integers(0, length - 1))
        spans.append((start, draw(st.integers(start + 1, length))))
    return shape, tuple(spans), draw(st.permutations(range(len(shape)))), draw(st.booleans())


def evaluated(expression, **names):
    return eval(NumPyPrinter().text(expression), {**names, "transpose": np.transpose})


@settings(max_examples=300, deadline=None)
@given(boxes(), st.booleans(), st.booleans())
def test_a_box_with_its_axes_in_any_order_is_a_view(box, batched, is_flat):
    shape, spans, order, is_joined = box
    places = np.arange(math.prod(shape)).reshape(shape)
    index = places[tuple(slice(*span) for span in spans)].transpose(order)
    if is_joined:
        index = index.reshape(-1, *index.shape[2:])
    source = (places.size,) if is_flat else shape
    way = indexing(index, source)
    tables = {}

    def named(values):
        tables[f"i{len(tables)}"] = values
        return name(f"i{len(tables) - 1}")

    array = np.random.default_rng(0).normal(size=(3, *source) if batched else source)
    flat = array.reshape(3, -1) if batched else array.reshape(-1)
    read = evaluated(way.read(name("a"), batched, named), a=array, **tables)
    np.testing.assert_array_equal(np.broadcast_to(read, flat[..., index].shape), flat[..., index])
    if not is_joined or way.kind != "gather":
        assert way.kind != "gather"  # two axes of which one has gaps are no loop
    place, term = way.back(name("d"), batched, False)
    d = np.random.default_rng(1).normal(size=flat[..., index].shape)
    came = evaluated(term, d=d)
    expected, found = np.zeros_like(flat), np.zeros_like(flat)
    expected[..., index] = d
    if place is None:
        found[:] = came.reshape(flat.shape)
    else:
        chosen = place.positions() if isinstance(place, Box) else np.array(place)
        found[..., chosen] = came.reshape(*flat.shape[:-1], -1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("index", [[[0, 1], [3, 2]], [[3, 2], [1, 0]], [[0, 4, 1, 5, 3]]])
def test_what_no_loops_count_is_gathered(index):
    assert indexing(np.array(index), (4, 2)).kind == "gather"


def test_loops_that_leave_a_row_of_the_array_are_gathered():
    assert indexing(np.array([[2, 3, 4], [6, 7, 8]]), (12,)).kind == "gather"
    assert indexing(np.array([[1, 2, 3], [5, 6, 7]]), (12,)).kind == "axes"


def test_expressions_leave_out_what_they_undo():
    a, d = name("a"), name("d")
    assert a.swapped(-1, -2).swapped(-1, -2) == a
    assert a.permuted([0, 1]) == a
    assert a.permuted([0, 2, 3, 1]).swapped(-1, -2) == a.swapped(-2, -3)
    assert a.reshape(4).reshape(2, 2) == a.reshape(2, 2)
    spread = call("broadcast_to", d[..., None], (2, 3))
    assert spread.swapped(-1, -2) == call("broadcast_to", d[..., None, :], (3, 2))
    assert spread.swapped(0, 1).arguments[1] == "swapaxes"
    assert a[:, None].swapped(-1, -2).arguments[1] == "swapaxes"
    assert a.swapped(-1, -2).sum(-1) == a.method("sum", axis=-2)
    assert (a * number(3.0)).sum(-1) == call("sums", a) * number(3.0)
    assert (number(3.0) * a).sum(-1) == call("sums", number(3.0) * a)
    assert (-a).sum(-1) == -call("sums", a)
    assert (d * (-a / name("b")[:, None])).sum(-1) == -call("dots", d, a) / name("b")
    assert (d * (a / name("b")[0:1, None])).sum(-1).form == "call"


# ---- Attention -------------------------------------------------------------------------------


def attention(is_causal, scaled, queries_first):
    """Two heads of two over four places; the scores are shared out with or without a shift."""
    draw = random.Random(0)
    W = [[Value(draw.gauss(0, 1)) for _ in range(4)] for _ in range(12)]

    def softmax(scores):
        largest = max(score.data for score in scores) if scaled else 0.0
        exps = [ag.exp(score - largest) for score in scores]
        return [e / sum(exps) for e in exps]

    def loss(xs):
        made = [[sum(w * x for w, x in zip(row, line)) for row in W] for line in xs]
        result = []
        for at, (start, _) in itertools.product(range(4), [(0, 2), (2, 4)]):
            q, seen = made[at][start : start + 2], made[: at + 1] if is_causal else made
            keys = [line[4 + start : 6 + start] for line in seen]
            pairs = [zip(q, k) if queries_first else zip(k, q) for k in keys]
            shares = softmax([sum(a * b for a, b in pair) / 2.0 for pair in pairs])
            result += [sum(p * line[8 + start + j] for p, line in zip(shares, seen)) for j in range(2)]
        return sum(one * one for one in result)

    return loss, [w for row in W for w in row]


ATTENTION_ROWS = [(np.random.default_rng(seed).normal(size=(4, 4)).tolist(),) for seed in range(3)]


@pytest.mark.parametrize("queries_first", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("is_causal", [True, False])
def test_attention_of_every_form_is_what_it_is_eagerly(is_causal, scaled, queries_first):
    loss, parameters = attention(is_causal, scaled, queries_first)
    program = assert_same(loss, parameters, ATTENTION_ROWS)
    assert "exp(" in program.source


@pytest.mark.parametrize("is_causal", [True, False])
def test_the_heads_of_attention_are_views(is_causal):
    loss, parameters = attention(is_causal, True, True)
    program = compile(loss, parameters, backend="numpy")
    program(*ATTENTION_ROWS[0])
    assert "take(" not in program.source
    assert "scattered(" not in program.source
    assert ("where(" in program.source) == is_causal


@pytest.mark.parametrize("f", [ag.log, ag.sqrt, lambda one: one**-0.5, lambda one: ag.exp(1.0 / one)])
def test_what_is_not_used_makes_nothing_infinite(f):
    """The scores that are wanted are positive, those that nothing wants are not."""
    w = [[Value(1.0 if i == j else 0.0) for j in range(4)] for i in range(4)]
    xs = [[at + 0.5, -1.0, 1.0, float(at)] for at in range(4)]

    def loss(xs):
        made = [[sum(w_i * x for w_i, x in zip(row, line)) for row in w] for line in xs]
        scores = [
            [sum(a * b for a, b in zip(made[at][:2], made[other][2:])) for other in range(at + 1)]
            for at in range(4)
        ]
        return sum(ag.tanh(sum(f(one) for one in row)) for row in scores)

    program = assert_same(loss, [one for row in w for one in row], [(xs,), (xs,)])
    assert "repeats" in program.source
    run = program.cache.first().run_on_arrays([[xs]], 1, gradient=True)
    assert all(np.isfinite(array).all() for array in run[1])


def test_a_bias_of_each_score_is_looked_up():
    bias = [[Value(0.1 * i - 0.2 * j) for j in range(4)] for i in range(4)]
    w = [[Value(0.3 * (i - j) + 0.1) for j in range(3)] for i in range(6)]

    def loss(xs):
        made = [[sum(w_i * x for w_i, x in zip(row, line)) for row in w] for line in xs]
        total = []
        for at in range(4):
            pairs = [zip(made[at][:3], made[other][3:]) for other in range(at + 1)]
            scores = [sum(a * b for a, b in pair) + bias[at][other] for other, pair in enumerate(pairs)]
            exps = [ag.exp(score) * (at + 1.0) for score in scores]
            total.append(sum(exps))
        return ag.log(sum(total))

    parameters = [one for row in [*w, *bias] for one in row]
    assert_same(loss, parameters, [(np.random.default_rng(s).normal(size=(4, 3)).tolist(),) for s in (0, 1)])


SEEN = {
    "before": [(at, other) for at in range(4) for other in range(at + 1)],
    "a ring": [(at, other % 4) for at in range(4) for other in (at, at + 1, at + 2)],
    "all but the last": [(at, other) for at in range(4) for other in range(3)],
    "some more": [(at, other) for at in range(3) for other in range(at + 2)],
}
"""Which pairs of places are looked at."""

strength = [[Value(0.1 * i - 0.2 * j + 0.5) for j in range(4)] for i in range(4)]

WAYS = {
    "shared out": lambda rows, ones: [sum(a / sum(row) * b for a, b in zip(row, ones)) for row in rows],
    "divided at the end": lambda rows, ones: [
        sum(a * b for a, b in zip(row, ones)) / sum(row) for row in rows
    ],
    "in reverse": lambda rows, ones: [sum(a * b for a, b in zip(row[::-1], ones)) for row in rows],
    "without the last": lambda rows, ones: [sum(row[:-1]) * ones[0] for row in rows],
    "the last alone": lambda rows, ones: [ag.sum(row[:-1]) * row[-1] for row in rows],
    "largest": lambda rows, ones: [
        sum(ag.exp(one - max(each.data for each in row)) for one in row) * ones[0] for row in rows
    ],
    "of other strength": lambda rows, ones: [
        sum(ag.exp(one * (i + 2.0 * j)) for j, one in enumerate(row)) for i, row in enumerate(rows)
    ],
    "of a strength that is learnt": lambda rows, ones: [
        sum(ag.tanh(ag.sigmoid(one) * p) for one, p in zip(row, line)) for row, line in zip(rows, strength)
    ],
}
"""What is done with the scores of each place, and numbers of the places that it looks at."""


@pytest.mark.parametrize("queries_first", [True, False])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seen", SEEN)
def test_scores_of_some_pairs(seen, way, queries_first):
    w = [[Value(0.3 * math.sin(5 * i + 3 * j)) for j in range(3)] for i in range(6)]
    weights = [one for row in w for one in row]

    def loss(xs):
        made = [[sum(w_i * x for w_i, x in zip(row, line)) for row in w] for line in xs]
        rows = {}
        for at, other in SEEN[seen]:
            q, k = made[at][:3], made[other][3:]
            score = sum(a * b for a, b in (zip(q, k) if queries_first else zip(k, q)))
            rows.setdefault(at, []).append(score if way == "largest" else ag.exp(score))
        return sum(ag.tanh(one) for one in WAYS[way](list(rows.values()), [line[0] for line in made]))

    rows = [(np.random.default_rng(seed).normal(size=(4, 3)).tolist(),) for seed in (0, 1)]
    assert_same(loss, [*weights, *(one for line in strength for one in line)], rows)


def test_what_is_summed_over_pairs_of_rows_and_columns():
    w, v = [Value(0.3 * i) for i in range(4)], [Value(0.5 - 0.2 * i) for i in range(3)]

    def loss(x):
        left, right = [ag.tanh(a * x[0]) for a in w], [ag.tanh(b * x[1]) for b in v]
        return ag.sum([ag.tanh(ag.sum([ag.maximum(a, b) for b in right])) for a in left])

    assert_same(loss, [*w, *v], [([0.5, 1.0],), ([-1.0, 2.0],)])


# ---- Sums ------------------------------------------------------------------------------------


@pytest.mark.parametrize("places", [2, 5])
def test_what_one_weight_multiplies_is_added_up_first(places):
    W = [[Value(0.1 * i - 0.3 * j) for j in range(3)] for i in range(4)]
    b = [Value(0.5 * i) for i in range(4)]

    def loss(xs):
        total = [0.0] * 4
        for x in xs:
            made = [sum((w * ag.tanh(one) for w, one in zip(row, x)), bias) for row, bias in zip(W, b)]
            total = [old + new + x[0] for old, new in zip(total, made)]
        return sum(one * one for one in total)

    rows = [(np.random.default_rng(seed).normal(size=(places, 3)).tolist(),) for seed in range(3)]
    program = assert_same(loss, [*(w for row in W for w in row), *b], rows)
    assert "@ W1.T" in program.source
    assert program.source.count(" @ ") == 2  # one forwards, one back to the weights


def test_weights_that_are_repeated_unevenly_are_not_added_up():
    w = [Value(0.5), Value(-1.0)]
    f = lambda x: ag.exp(sum(w[i] * one for i, one in zip((0, 0, 0, 1), x)))
    assert_same(f, w, [([0.1, 0.2, 0.3, 0.4],), ([1.0, -1.0, 0.5, 0.0],)])


@pytest.mark.parametrize("seed", range(8))
def test_sums_over_several_arrays(seed):
    draw = random.Random(seed)
    w = [Value(draw.gauss(0, 1)) for _ in range(3)]

    def loss(x, y):
        arrays = [[ag.exp(one) for one in x], [ag.tanh(one * w[0]) for one in y], [*w, w[0]], [2.0] * 4]
        sums = []
        for row in range(3):
            chosen = [arrays[draw_.randrange(4)][(row + k) % 3] for k in range(count)]
            sums.append(sum(chosen) + sum(a * b for a, b in zip(w, x)))
        return ag.sum([ag.sigmoid(one) for one in sums])

    count, draw_ = 3 + seed, random.Random()
    rows = [([0.1, -0.2, 0.3], [1.0, 0.5, -1.0]), ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0])]

    def same_each_time(x, y):
        draw_.seed(seed)
        return loss(x, y)

    assert_same(same_each_time, w, rows)


# ---- What programs call ----------------------------------------------------------------------

NUMBERS = st.sampled_from([0.0, -1.0, 2.5, 700.0, math.inf, -math.inf, math.nan])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_lists_on_arrays_are_what_they_are_in_floats(rows):
    with np.errstate(all="ignore"):
        for op, array in [(AMAX, list_rules.largest_of_array), (LOGSUMEXP, list_rules.logsumexp_of_array)]:
            found = array(np, np.array(rows))
            np.testing.assert_allclose(found, [op.forward(row) for row in rows], rtol=1e-14)


def test_the_largest_of_many_short_lists():
    values = np.random.default_rng(0).normal(size=(9, 40, 8))
    np.testing.assert_array_equal(list_rules.largest_of_array(np, values), values.max(axis=-1))


@pytest.mark.parametrize("shape", [(3,), (4, 5), (2, 300, 8), (2, 100)])
def test_sums_along_the_last_axis(shape):
    left, right = np.random.default_rng(0).normal(size=(2, *shape))
    np.testing.assert_allclose(runtime._sums_numpy(left), left.sum(axis=-1), rtol=1e-12, atol=1e-12)
    expected = (left * right).sum(axis=-1)
    np.testing.assert_allclose(runtime._dots_numpy(left, right), expected, rtol=1e-12, atol=1e-12)
    spread = left[..., :1]
    np.testing.assert_allclose(runtime._dots_numpy(spread, right), (spread * right).sum(axis=-1), rtol=1e-11)


@pytest.mark.parametrize("rows", [5, 300])
def test_rows_of_a_table_get_what_comes_back_to_each(rows):
    draw = np.random.default_rng(0)
    index, values = draw.integers(0, rows, (4, 7)), draw.normal(size=(4, 7, 3))
    expected = np.zeros((rows, 3))
    np.add.at(expected, index, values)
    found = runtime._added_numpy(np.zeros((rows, 3)), (index,), values)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_shares_are_divided_by_their_sum_unless_that_is_no_number():
    shares = runtime._shares_numpy(np.array([[1.0, 3.0], [2.0, 2.0]]))
    np.testing.assert_array_equal(shares, [[0.25, 0.75], [0.5, 0.5]])
    with np.errstate(all="ignore"):
        shares = runtime._shares_numpy(np.array([[1.0, 3.0], [math.inf, 2.0]]))
    np.testing.assert_array_equal(shares, [[0.25, 0.75], [math.inf, 2.0]])


@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_picked_numbers_and_what_comes_back_to_them(shape):
    draw = np.random.default_rng(0)
    values, index, d = draw.normal(size=(*shape, 5)), draw.integers(0, 5, shape), draw.normal(size=shape)
    expected = np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
    np.testing.assert_array_equal(runtime._picked(np, values, index), expected)
    assert runtime._picked(np, values[(0,) * len(shape)], index).shape == shape
    np.testing.assert_array_equal(runtime._unpicked_numpy(d, index, 5), runtime._unpicked(np, d, index, 5))


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("wrong", [-1, 3])
def test_an_index_out_of_range_is_found_wherever_it_stands(position, wrong):
    table = [[Value(0.5), Value(1.0)] for _ in range(3)]

    def loss(tokens, x):
        return sum(
            one * x for token in tokens for one in [ag.pick([r[0] for r in table], token), table[0][1]]
        )

    program = compile(loss, [one for row in table for one in row], backend="numpy")
    tokens = np.zeros((4, 3), np.int64)
    program.backward(tokens, np.ones(4))
    tokens[2, position] = wrong
    with pytest.raises(IndexError, match=f"from 0 to 2, got {wrong}"):
        program.backward(tokens, np.ones(4))


def test_the_largest_of_numbers_through_which_gradients_flow_stays_a_choice():
    w, v = Value(0.5), Value(2.0)

    def loss(x):
        chosen = ag.maximum(ag.maximum(w * x, v), 0.25)
        return chosen * ag.maximum(ag.maximum(x, 1.0), 0.5) * max(one.data for one in (w * x, v * x))

    assert_same(loss, [w, v], [(1.0,), (6.0,)])


@pytest.mark.parametrize("activate", [lambda z: z.relu(), lambda z: z.tanh(), lambda z: z.sigmoid()])
def test_what_comes_back_from_a_sum_is_not_spread_before_it_is_multiplied(activate):
    """The slope has the full shape, and what it is multiplied by may lack an axis."""
    w = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(4)]
    v = [Value(0.2 * i + 0.1) for i in range(4)]

    def loss(xs):
        hidden = [[activate(sum(a * b for a, b in zip(row, x))) for row in w] for x in xs]
        return sum(a * sum(column) for a, column in zip(v, zip(*hidden)))

    parameters = [*v, *(each for row in w for each in row)]
    program = compile(loss, parameters, backend="numpy")
    xs = [[[0.3 * i, 1.0 - j, 0.5 + 0.1 * j] for i in range(3)] for j in range(5)]
    mean = sum(loss(x) for x in xs) / 5
    mean.backward()
    found = program.mean_and_grad(xs)
    assert found[0] == pytest.approx(mean.data, rel=1e-12)
    assert found[1] == pytest.approx([each.grad for each in parameters], rel=1e-12, abs=1e-12)
    assert "broadcast_to" not in program.source


@pytest.mark.parametrize("f", [lambda a, x: a / x, lambda a, x: a**x, lambda a, x: ag.where(x, a.exp(), a)])
def test_what_is_spread_is_written_out_where_the_slope_has_not_the_full_shape(f):
    w = [Value(0.2 + 0.1 * i) for i in range(4)]
    xs = [0.5, 1.0, 3.0]
    program = compile(lambda x: sum(f(a, x) for a in w) ** 2, w, backend="numpy")
    mean = sum(sum(f(a, x) for a in w) ** 2 for x in xs) / 3
    mean.backward()
    value, gradient = program.mean_and_grad(xs)
    assert value == pytest.approx(mean.data, rel=1e-12)
    assert gradient == pytest.approx([each.grad for each in w], rel=1e-12)
    assert "broadcast_to" in program.source
