"""LSTM, GRU, places, cross-attention and pooling: what they keep, see and pass on."""

import math

import numpy
import pytest

from autograd_lite import Value, fit, grad, losses, nn, optim, predict

GATED = {"LSTM": nn.LSTM, "GRU": nn.GRU}
each_kind = pytest.mark.parametrize("kind", GATED.values(), ids=GATED)


def data(nested):
    return [data(item) for item in nested] if isinstance(nested, (list, tuple)) else nested.data


def sequence(length, width=2):
    return [[math.sin(t + 2.0 * i) for i in range(width)] for t in range(length)]


@each_kind
def test_a_sequence_in_two_parts_is_the_whole(kind):
    layer, x = kind(2, 3, seed=0), sequence(6)
    if kind is nn.LSTM:
        h, c = layer.states(x[:4])[-1]
        assert data(layer(x[4:], h, c)) == data(layer(x)[4:])
        assert data(layer(x)) == [h for h, _ in data(layer.states(x))]
    else:
        assert data(layer(x[4:], layer(x[:4])[-1])) == data(layer(x)[4:])


@each_kind
def test_a_state_of_the_wrong_length_is_refused(kind):
    with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
        kind(2, 3)(sequence(2), [0.0, 0.0])
    if kind is nn.LSTM:
        with pytest.raises(ValueError, match="expected 3 inputs, got 1"):
            kind(2, 3)(sequence(2), None, [0.0])


def test_cells_remember_what_no_gate_forgets():
    """With f = 1, i = 0 and o = 1 the cell stays as it was, and its gradient is 1 after any time."""
    lstm = nn.LSTM(1, 1, seed=0)
    assert data(lstm.b) == [0.0, 1.0, 0.0, 0.0]
    for parameter in lstm.parameters():
        parameter.data = 0.0
    i, f, _, o = lstm.b
    i.data, f.data, o.data = -1000.0, 1000.0, 1000.0
    cell = Value(0.75)
    _, (kept,) = lstm.states([[1.0]] * 50, [0.0], [cell])[-1]
    assert kept.data == 0.75 and grad(kept, cell) == 1.0
    assert lstm([[1.0]] * 50, [0.0], [cell])[-1][0].data == math.tanh(0.75)


def test_units_stay_where_the_gate_keeps_them():
    gru = nn.GRU(1, 1, seed=0)
    gru.b[1].data = 1000.0
    before = Value(0.25)
    after = gru([[3.0]] * 50, [before])[-1][0]
    assert after.data == 0.25 and grad(after, before) == 1.0


@each_kind
def test_it_learns_what_came_first(kind):
    X = [[[float(n >> t & 1)] for t in range(4)] for n in range(16)] * 3
    y = [int(x[0][0]) for x in X]
    layer = kind(1, 4, seed=0)

    class Model(nn.Module):
        def __init__(self):
            self.layer, self.last = layer, nn.Layer(4, 1, None, seed=1)

        def __call__(self, x):
            return self.last(self.layer(x)[-1])

    model = Model()
    history = fit(
        model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.05), epochs=60, batch_size=16
    )
    assert history.engine == "compiled"
    assert [int(z > 0.0) for z in predict(model, X)] == y


# ---- Sequences that look at others -------------------------------------------------------------


def test_all_of_a_memory_is_seen_also_by_what_is_causal():
    x, memory = sequence(3, 4), sequence(5, 4)
    one, other = nn.SelfAttention(4, causal=True, seed=0), nn.SelfAttention(4, causal=False, seed=0)
    assert data(one(x, memory)) == data(other(x, memory)) and data(one(x)) != data(other(x))
    assert data(other(x, x)) == data(other(x))
    weights = one.weights(x, memory)
    assert (len(weights), len(weights[0]), len(weights[0][0])) == (1, 3, 5)
    assert [sum(row) for row in weights[0]] == pytest.approx([1.0] * 3)
    for wrong in ([], [[1.0]]):
        with pytest.raises(ValueError, match="at least one vector|expected 4 inputs, got 1"):
            one(x, wrong)


def test_an_embedding_of_several_words_is_a_list_of_rows():
    table = nn.Embedding(5, 3, seed=0)
    rows = table([4, 0, 4])
    assert [*map(id, rows[0])] == [*map(id, table.table[4])] and data(rows) == data(
        table(numpy.array([4, 0, 4]))
    )
    assert data(table(numpy.int64(2))) == data(table(2)) == data(table(numpy.array(2)))
    with pytest.raises(IndexError, match="from 0 to 4, got 5"):
        table([1, 5])
    with pytest.raises(TypeError, match="a whole number from 0 to 4, got 'a'"):
        table(["a"])


# ---- Pooling -------------------------------------------------------------------------------------


def test_windows_do_not_overlap_unless_a_stride_says_so():
    image = [[[float(5 * row + column) for column in range(5)] for row in range(5)]]
    assert nn.MaxPool2d(2)(image) == [[[6.0, 8.0], [16.0, 18.0]]]
    assert nn.MaxPool2d(3, 1)(image) == [[[12.0, 13.0, 14.0], [17.0, 18.0, 19.0], [22.0, 23.0, 24.0]]]
    assert nn.AvgPool2d(2, stride=3)(image) == [[[3.0, 6.0], [18.0, 21.0]]]
    assert repr(nn.MaxPool2d(3, 1)) == "MaxPool2d(3, stride=1)" and repr(nn.AvgPool2d(2, 2)) == "AvgPool2d(2)"


def test_gradients_go_to_the_largest_in_equal_shares_and_to_all_of_a_mean():
    pixels = [Value(1.0), Value(3.0), Value(3.0), Value(2.0)]
    image = [[pixels[:2], pixels[2:]]]
    assert grad(nn.MaxPool2d(2)(image)[0][0][0], pixels) == [0.0, 0.5, 0.5, 0.0]
    assert grad(nn.AvgPool2d(2)(image)[0][0][0], pixels) == [0.25] * 4
