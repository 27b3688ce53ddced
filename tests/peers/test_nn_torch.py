"""Every layer's values and gradients are PyTorch's in double precision, with the same weights.

Needs PyTorch: python3 -m pip install torch==2.13.0
"""

import math
import random

import pytest
import torch
from torch.nn import functional

from autograd_lite import Value, dot, functions, nn


def flat(nested):
    """List the numbers, or Values, of a number or of lists of lists of them."""
    return [leaf for item in nested for leaf in flat(item)] if isinstance(nested, list) else [nested]


def mapped(function, nested):
    return [mapped(function, item) for item in nested] if isinstance(nested, list) else function(nested)


def tensor(nested):
    numbers = mapped(lambda value: value.data, nested)
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def numbers(*shape, seed=0):
    """Make nested lists of Values of a shape."""
    generator = random.Random(f"{shape} {seed}")

    def nested(sizes):
        if not sizes:
            return Value(generator.uniform(-2.0, 2.0))
        return [nested(sizes[1:]) for _ in range(sizes[0])]

    return nested(shape)


def close(expected):
    return pytest.approx(expected.flatten().tolist(), rel=1e-12, abs=1e-12)


def assert_same(output, expected, pairs):
    """Compare outputs, and the gradients of one weighted sum of them by each pair's members."""
    outputs = flat(output)
    assert [value.data for value in outputs] == close(expected.detach())
    weights = [random.Random(index).uniform(-1.0, 1.0) for index in range(len(outputs))]
    dot(weights, outputs).backward()
    (expected.flatten() * torch.tensor(weights, dtype=torch.float64)).sum().backward()
    for values, theirs in pairs:
        assert [value.grad for value in flat(values)] == close(theirs.grad)


ACTIVATIONS = {
    None: lambda z: z,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "softplus": functional.softplus,
    "log_sigmoid": functional.logsigmoid,
    "silu": functional.silu,
    "exp": torch.exp,
    "sin": torch.sin,
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_neuron(activation):
    neuron, x = nn.Neuron(4, activation, seed=1), numbers(4)
    neuron.b.data = 0.25
    w, b, t = tensor(neuron.w), tensor(neuron.b), tensor(x)
    assert_same(neuron(x), ACTIVATIONS[activation](w @ t + b), [(neuron.w, w), (neuron.b, b), (x, t)])


def dense(layer):
    """Give a layer's weights and biases, as our lists and as tensors."""
    W, b = [neuron.w for neuron in layer.neurons], [neuron.b for neuron in layer.neurons]
    return (W, tensor(W)), (b, tensor(b))


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "softmax"])
def test_a_layer(activation):
    layer, x = nn.Layer(3, 5, activation, seed=2), numbers(3)
    weights, biases = dense(layer)
    t = tensor(x)
    z = functional.linear(t, weights[1], biases[1])
    expected = torch.softmax(z, 0) if activation == "softmax" else ACTIVATIONS[activation](z)
    assert_same(layer(x), expected, [weights, biases, (x, t)])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", [None, "sigmoid", "softmax"])
def test_an_mlp(activation, output):
    model, x = nn.MLP(3, [4, 4, 2], activation, output, init="xavier", seed=3), numbers(3)
    t = tensor(x)
    pairs, h = [(x, t)], t
    for layer in model.layers:
        weights, biases = dense(layer)
        pairs += [weights, biases]
        z = functional.linear(h, weights[1], biases[1])
        h = z if layer is model.layers[-1] else ACTIVATIONS[activation](z)
    expected = {None: h, "sigmoid": torch.sigmoid(h), "softmax": torch.softmax(h, 0)}[output]
    assert_same(model(x), expected, pairs)


def test_an_embedding_used_twice_at_one_word():
    embedding = nn.Embedding(5, 3, seed=4)
    table = tensor(embedding.table)
    expected = functional.embedding(torch.tensor([4, 0, 4]), table)
    assert_same([embedding(4), embedding(0), embedding(4)], expected, [(embedding.table, table)])


def test_dropout_given_the_same_mask():
    dropout, x = nn.Dropout(0.4, seed=5), numbers(20)
    t = tensor(x)
    y = dropout(x)
    mask = torch.tensor([float(value.data != 0.0) for value in y], dtype=torch.float64)
    assert 0 < mask.sum() < 20
    assert_same(y, t * mask / 0.6, [(x, t)])


def norm_with_numbers(norm):
    for index, (scale, shift) in enumerate(zip(norm.scale, norm.shift)):
        scale.data, shift.data = 0.5 + index, 0.1 * index - 0.2
    return norm


def test_batch_norm_in_training_and_then_in_use():
    ours = norm_with_numbers(nn.BatchNorm(3, momentum=0.3, eps=1e-3))
    theirs = torch.nn.BatchNorm1d(3, momentum=0.3, eps=1e-3, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(tensor(ours.scale))
        theirs.bias.copy_(tensor(ours.shift))
    for step in range(4):
        if step == 3:
            ours.eval()
            theirs.eval()
        x = numbers(4, 3, seed=step)
        t = tensor(x)
        ours.zero_grad()
        theirs.zero_grad()
        assert_same(ours(x), theirs(t), [(ours.scale, theirs.weight), (ours.shift, theirs.bias), (x, t)])
        assert [value.data for value in ours.running_mean] == close(theirs.running_mean)
        assert [value.data for value in ours.running_variance] == close(theirs.running_var)


def test_layer_norm():
    norm, x = norm_with_numbers(nn.LayerNorm(6, eps=1e-4)), numbers(6)
    scale, shift, t = tensor(norm.scale), tensor(norm.shift), tensor(x)
    expected = functional.layer_norm(t, (6,), scale, shift, eps=1e-4)
    assert_same(norm(x), expected, [(norm.scale, scale), (norm.shift, shift), (x, t)])


def test_residual():
    residual, x = nn.Residual(nn.Layer(4, 4, "tanh", seed=6)), numbers(4)
    weights, biases = dense(residual.module)
    t = tensor(x)
    expected = t + torch.tanh(functional.linear(t, weights[1], biases[1]))
    assert_same(residual(x), expected, [weights, biases, (x, t)])


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(1, 1, 0), (3, 1, 0), (3, 1, 1), (2, 2, 0), (3, 2, 2), (2, 3, 1)]
)
def test_convolution(kernel, stride, padding):
    layer = nn.Conv2d(2, 3, kernel, stride=stride, padding=padding, seed=7)
    layer.b[1].data = -0.5
    image = numbers(2, 5, 6)
    w, b, t = tensor(layer.w), tensor(layer.b), tensor(image)
    output = layer(image)
    expected = functional.conv2d(t[None], w, b, stride=stride, padding=padding)[0]
    assert (len(output), len(output[0]), len(output[0][0])) == expected.shape
    assert_same(output, expected, [(layer.w, w), (layer.b, b), (image, t)])


@pytest.mark.parametrize("given", [False, True])
def test_a_recurrent_layer_with_and_without_a_state_before(given):
    rnn, sequence, h = nn.RNN(3, 4, seed=8), numbers(5, 3), numbers(4)
    theirs = torch.nn.RNN(3, 4, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(tensor(rnn.W))
        theirs.weight_hh_l0.copy_(tensor(rnn.U))
        theirs.bias_ih_l0.copy_(tensor(rnn.b))
        theirs.bias_hh_l0.zero_()
    t, before = tensor(sequence), tensor(h)
    expected, _ = theirs(t, before[None] if given else None)
    pairs = [(rnn.W, theirs.weight_ih_l0), (rnn.U, theirs.weight_hh_l0), (rnn.b, theirs.bias_ih_l0)]
    pairs += [(sequence, t), (h, before)] if given else [(sequence, t)]
    assert_same(rnn(sequence, h) if given else rnn(sequence), expected, pairs)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("width", "heads"), [(1, 1), (4, 1), (4, 2), (6, 3), (4, 4)])
def test_attention(width, heads, causal):
    attention = nn.SelfAttention(width, heads=heads, causal=causal, seed=9)
    sequence = numbers(4, width)
    matrices = [attention.Q, attention.K, attention.V, attention.O]
    tensors = [tensor(matrix) for matrix in matrices]
    t = tensor(sequence)
    q, k, v = ((t @ matrix.T).reshape(4, heads, -1).transpose(0, 1) for matrix in tensors[:3])
    mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    expected = mixed.transpose(0, 1).reshape(4, width) @ tensors[3].T
    assert_same(attention(sequence), expected, [*zip(matrices, tensors), (sequence, t)])


@pytest.mark.parametrize("causal", [True, False])
def test_attention_weights(causal):
    attention, sequence = nn.SelfAttention(4, heads=2, causal=causal, seed=10), numbers(3, 4)
    theirs = torch.nn.MultiheadAttention(4, 2, bias=False, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(tensor([*attention.Q, *attention.K, *attention.V]))
        theirs.out_proj.weight.copy_(tensor(attention.O))
    t = tensor(sequence)
    mask = torch.triu(torch.full((3, 3), -math.inf, dtype=torch.float64), 1) if causal else None
    output, weights = theirs(t, t, t, attn_mask=mask, average_attn_weights=False)
    assert flat(attention.weights(sequence)) == close(weights.detach())
    assert [value.data for value in flat(attention(sequence))] == close(output.detach())


@pytest.mark.parametrize(("size", "stride"), [(1, None), (2, None), (2, 1), (3, None), (3, 2), (2, 3)])
@pytest.mark.parametrize("kind", ["AvgPool2d", "MaxPool2d"])
def test_pooling(kind, size, stride):
    image = numbers(2, 5, 6)
    t = tensor(image)
    output, expected = (
        getattr(nn, kind)(size, stride)(image),
        getattr(torch.nn, kind)(size, stride)(t[None])[0],
    )
    assert (len(output), len(output[0]), len(output[0][0])) == expected.shape
    assert_same(output, expected, [(image, t)])


def gates_of(layer, theirs):
    """Give PyTorch's recurrent layer our weights; its second bias has no use but for a."""
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(tensor(layer.W))
        theirs.weight_hh_l0.copy_(tensor(layer.U))
        theirs.bias_ih_l0.copy_(tensor(layer.b))
        theirs.bias_hh_l0.zero_()
    return [(layer.W, theirs.weight_ih_l0), (layer.U, theirs.weight_hh_l0), (layer.b, theirs.bias_ih_l0)]


def with_biases(layer):
    for index, bias in enumerate([*layer.b, *getattr(layer, "a", [])]):
        bias.data = math.sin(index)
    return layer


@pytest.mark.parametrize("given", [False, True])
def test_an_lstm_with_and_without_a_state_before(given):
    lstm, sequence, h, c = with_biases(nn.LSTM(3, 4, seed=11)), numbers(5, 3), numbers(4), numbers(4, seed=1)
    theirs = torch.nn.LSTM(3, 4, dtype=torch.float64)
    pairs = gates_of(lstm, theirs)
    t, hidden, cells = tensor(sequence), tensor(h), tensor(c)
    expected, (last_h, last_c) = theirs(t, (hidden[None], cells[None]) if given else None)
    states = lstm.states(sequence, h, c) if given else lstm.states(sequence)
    assert [v.data for v in states[-1][0]] == close(last_h.detach())
    assert [v.data for v in states[-1][1]] == close(last_c.detach())
    pairs += [(sequence, t), (h, hidden), (c, cells)] if given else [(sequence, t)]
    assert_same(lstm(sequence, h, c) if given else lstm(sequence), expected, pairs)


@pytest.mark.parametrize("given", [False, True])
def test_a_gru_with_and_without_a_state_before(given):
    gru, sequence, h = with_biases(nn.GRU(3, 4, seed=12)), numbers(5, 3), numbers(4)
    theirs = torch.nn.GRU(3, 4, dtype=torch.float64)
    pairs = gates_of(gru, theirs)
    with torch.no_grad():
        theirs.bias_hh_l0[8:] = tensor(gru.a)
    t, before = tensor(sequence), tensor(h)
    expected, _ = theirs(t, before[None] if given else None)
    pairs += [(sequence, t), (h, before)] if given else [(sequence, t)]
    assert_same(gru(sequence, h) if given else gru(sequence), expected, pairs)
    assert [v.grad for v in gru.a] == close(theirs.bias_hh_l0.grad[8:])


def test_rms_norm():
    norm, x = nn.RMSNorm(6, eps=1e-4), numbers(6)
    for index, scale in enumerate(norm.scale):
        scale.data = 0.5 + index
    scale, t = tensor(norm.scale), tensor(x)
    expected = functional.rms_norm(t, (6,), scale, eps=1e-4)
    assert_same(norm(x), expected, [(norm.scale, scale), (x, t)])


def test_a_sequence_of_words_and_their_places():
    words, places = nn.Embedding(5, 3, seed=13), nn.PositionalEmbedding(6, 3, seed=14)
    model = nn.Sequential(words, places)
    table, positions = tensor(words.table), tensor(places.table)
    expected = functional.embedding(torch.tensor([4, 0, 4]), table) + positions[:3]
    assert_same(model([4, 0, 4]), expected, [(words.table, table), (places.table, positions)])


@pytest.mark.parametrize("heads", [1, 2])
def test_cross_attention(heads):
    attention = nn.SelfAttention(4, heads=heads, seed=15)
    sequence, memory = numbers(3, 4), numbers(5, 4, seed=1)
    theirs = torch.nn.MultiheadAttention(4, heads, bias=False, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(tensor([*attention.Q, *attention.K, *attention.V]))
        theirs.out_proj.weight.copy_(tensor(attention.O))
    t, m = tensor(sequence), tensor(memory)
    expected, weights = theirs(t, m, m, average_attn_weights=False)
    assert flat(attention.weights(sequence, memory)) == close(weights.detach())
    pairs = [(attention.O, theirs.out_proj.weight), (sequence, t), (memory, m)]
    assert_same(attention(sequence, memory), expected, pairs)
    given = [*attention.Q, *attention.K, *attention.V]
    assert [v.grad for v in flat(given)] == close(theirs.in_proj_weight.grad)


@pytest.mark.parametrize("training", [True, False])
def test_a_sequential_with_batch_norm_inside(training):
    norm = norm_with_numbers(nn.BatchNorm(4))
    first, last = nn.Layer(3, 4, None, seed=16), nn.Layer(4, 2, None, seed=17)
    ours = nn.Sequential(first, norm, nn.Sequential("tanh", last), functions.softplus)
    theirs = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    peer = torch.nn.Sequential(torch.nn.Linear(3, 4), theirs, torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    pairs = [(norm.scale, theirs.weight), (norm.shift, theirs.bias)]
    with torch.no_grad():
        for values, parameter in pairs:
            parameter.copy_(tensor(values))
        for layer, linear in ((first, peer[0]), (last, peer[3])):
            linear.weight.copy_(torch.tensor(layer.matrix(), dtype=torch.float64))
            linear.bias.copy_(tensor([neuron.b for neuron in layer.neurons]))
            pairs += [([neuron.w for neuron in layer.neurons], linear.weight)]
            pairs += [([neuron.b for neuron in layer.neurons], linear.bias)]
    x = numbers(5, 3)
    t = tensor(x)
    (ours.train if training else ours.eval)()
    (peer.train if training else peer.eval)()
    assert_same(ours(x), functional.softplus(peer(t)), [*pairs, (x, t)])
    assert [value.data for value in norm.running_mean] == close(theirs.running_mean)
