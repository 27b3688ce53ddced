"""Networks: their parts, how parameters are named, kept and shared, and the lectures' models."""

import copy
import inspect
import math
import pickle
import random

import numpy as np
import pandas
import polars
import pytest

from autograd_lite import (
    Value,
    dot,
    grad,
    jacobian,
    logsumexp,
    losses,
    nn,
    no_grad,
    sigmoid,
    softmax,
)
from autograd_lite.optim import Adam


def data(nested):
    return [data(item) for item in nested] if isinstance(nested, list) else nested.data


def fill(module, seed=0):
    """Give every parameter a random number, biases too."""
    generator = random.Random(seed)
    for parameter in module.parameters():
        parameter.data = generator.uniform(-1.0, 1.0)
    return module


def every_module():
    return [
        nn.Neuron(2),
        nn.Layer(2, 2),
        nn.MLP(2, [3, 2], output="softmax"),
        nn.Embedding(4, 2),
        nn.Dropout(0.5),
        nn.BatchNorm(2),
        nn.LayerNorm(2),
        nn.RMSNorm(2),
        nn.Residual(nn.Layer(2, 2)),
        nn.Residual(nn.BatchNorm(2)),
        nn.Sequential(nn.Layer(2, 3), "tanh", nn.Sequential(softmax, nn.Layer(3, 2))),
        nn.Sequential(nn.Layer(2, 3), nn.BatchNorm(3), sigmoid, nn.Layer(3, 2)),
        nn.AvgPool2d(2, stride=1),
        nn.MaxPool2d(2),
        nn.LSTM(2, 3),
        nn.GRU(2, 3),
        nn.PositionalEmbedding(3, 2),
        nn.Conv2d(1, 2, 2, padding=1),
        nn.RNN(2, 3),
        nn.SelfAttention(2),
    ]


INPUTS = {
    nn.Embedding: 3,
    nn.BatchNorm: [[1.0, 2.0], [3.0, 5.0]],
    nn.Conv2d: [[[1.0, 2.0], [3.0, 5.0]]],
    nn.RNN: [[1.0, 2.0], [3.0, 5.0]],
    nn.SelfAttention: [[1.0, 2.0], [3.0, 5.0]],
}


for sequences in (nn.LSTM, nn.GRU, nn.PositionalEmbedding):
    INPUTS[sequences] = INPUTS[nn.RNN]
for images in (nn.AvgPool2d, nn.MaxPool2d):
    INPUTS[images] = INPUTS[nn.Conv2d]


def input_of(module):
    return INPUTS[nn.BatchNorm] if module.takes_batches else INPUTS.get(type(module), [1.0, 2.0])


each_module = pytest.mark.parametrize("module", every_module(), ids=repr)


def flat(nested):
    return [leaf for item in nested for leaf in flat(item)] if isinstance(nested, list) else [nested]


def values_of(nested):
    return [values_of(item) for item in nested] if isinstance(nested, list) else Value(nested)


def plain(output):
    """List the numbers of an output, which may be a Value, or lists of Values and numbers."""
    leaves = [output] if isinstance(output, Value) else flat(list(output))
    return [leaf.data if isinstance(leaf, Value) else leaf for leaf in leaves]


# ---- As micrograd has it ----------------------------------------------------------------------


def test_the_same_random_seed_gives_the_weights_of_micrograd():
    random.seed(1337)
    model = nn.MLP(3, [2, 1])
    first = [0.23550571390294128, 0.06653114721000164, -0.26830328150124894, 0.0]
    second = [0.1715747078045431, -0.6686254326224383, 0.6487474938152629, 0.0]
    last = [-0.23259038277158273, 0.5792256498313748, 0.0]
    assert data(model.parameters()) == first + second + last


def test_output_and_gradients_are_those_of_micrograd():
    random.seed(1337)
    model = nn.MLP(3, [2, 1])
    y = model([0.5, -1.0, 2.0])
    y.backward()
    assert y.data == pytest.approx(1.1885176138791163, rel=1e-14)
    second = [0.2896128249156874, -0.5792256498313748, 1.1584512996627496, 0.5792256498313748]
    expected = [0.0, 0.0, 0.0, 0.0, *second, 0.0, 2.051907774155236, 1.0]
    assert [p.grad for p in model.parameters()] == pytest.approx(expected, rel=1e-14)


def test_a_seed_gives_the_weights_that_the_random_module_gives_with_it():
    random.seed(7)
    from_module = data(nn.MLP(2, [3, 1]).parameters())
    assert data(nn.MLP(2, [3, 1], seed=7).parameters()) == from_module
    assert data(nn.MLP(2, [3, 1], seed=random.Random(7)).parameters()) == from_module
    assert data(nn.MLP(2, [3, 1], seed=np.int64(7)).parameters()) == from_module


def test_a_seed_leaves_the_random_module_alone():
    random.seed(1)
    before = random.getstate()
    nn.MLP(2, [2], seed=0)
    nn.SelfAttention(2, seed=0)
    nn.Dropout(0.5, seed=0)([1.0])
    assert random.getstate() == before


def test_repr_of_a_neuron_is_that_of_micrograd():
    assert repr(nn.Neuron(2)) == "ReLUNeuron(2)"
    assert repr(nn.Neuron(2, nonlin=False)) == "LinearNeuron(2)"
    assert repr(nn.Neuron(2, activation="tanh")) == "TanhNeuron(2)"


def test_nonlin_is_the_word_of_micrograd_for_relu_or_linear():
    for word, activation in [(True, "relu"), (False, None)]:
        ours, theirs = nn.Neuron(2, activation, seed=0), nn.Neuron(2, nonlin=word, seed=0)
        assert ours([1.0, -3.0]).data == theirs([1.0, -3.0]).data


def test_a_module_in_the_style_of_micrograd_lists_its_own_parameters():
    class Pair(nn.Module):
        def __init__(self):
            self.one, self.two = nn.Neuron(2), nn.Neuron(2)

        def __call__(self, x):
            return self.one(x) + self.two(x)

        def parameters(self):
            return self.one.parameters() + self.two.parameters()

    pair = Pair()
    assert len(pair.parameters()) == 6
    pair([1.0, 2.0]).backward()
    pair.one.b.grad = 5.0
    pair.zero_grad()
    assert [p.grad for p in pair.parameters()] == [0.0] * 6
    assert pair.two.w[1].label == "two.w.1"


def spread(module):
    """Give the largest weight and the weights' variance."""
    weights = [p.data for name, p in module.named_parameters() if "b" not in name.split(".")]
    return max(map(abs, weights)), sum(weight**2 for weight in weights) / len(weights)


@pytest.mark.parametrize(
    ("module", "variance"),
    [
        (nn.Layer(40, 20, init="xavier", seed=0), 2 / 60),
        (nn.Conv2d(4, 16, 5, init="xavier", seed=0), 2 / (100 + 400)),
        (nn.RNN(20, 20, seed=0), 2 / 60),
        (nn.SelfAttention(20, seed=0), 1 / 20),
        (nn.Layer(40, 20, seed=0), 1 / 3),
        (nn.Embedding(40, 20, seed=0), 1 / 3),
        (nn.Conv2d(4, 8, 5, seed=0), 1 / 3),
    ],
    ids=lambda thing: repr(thing)[:20],
)
def test_uniform_weights_have_the_variance_that_was_promised(module, variance):
    largest, found = spread(module)
    assert found == pytest.approx(variance, rel=0.1)
    assert 0.98 * math.sqrt(3.0 * variance) < largest <= math.sqrt(3.0 * variance)


@pytest.mark.parametrize(
    "module", [nn.Layer(50, 40, init="he", seed=0), nn.Conv2d(2, 40, 5, init="he", seed=0)]
)
def test_he_weights_are_normal_with_variance_2_over_the_inputs(module):
    largest, found = spread(module)
    assert found == pytest.approx(2 / 50, rel=0.1)
    assert largest > 3.0 * math.sqrt(2 / 50)


# ---- Inputs and outputs ------------------------------------------------------------------------


def test_a_layer_of_one_neuron_returns_the_value_itself_and_the_next_accepts_it():
    layer = nn.Layer(2, 1, seed=0)
    assert isinstance(layer([1.0, 2.0]), Value)
    assert isinstance(nn.MLP(1, [1, 1, 1], activation=None)(0.5), Value)
    assert len(nn.MLP(1, [1, 2])([0.5])) == 2


def test_inputs_may_be_values_numbers_or_rows_of_an_array():
    model = nn.MLP(2, [3, 1], seed=0)
    expected = model([1.0, 2.0]).data
    for x in ([1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1.0, 2.0], dtype=np.float32), [Value(1), 2]):
        assert model(x).data == expected


@each_module
def test_every_module_takes_arrays(module):
    module = copy.deepcopy(module).eval()
    x = input_of(module)
    assert plain(module(np.array(x))) == plain(module(x))


@each_module
def test_no_module_builds_a_graph_without_gradients(module):
    with no_grad():
        outputs = flat(module(input_of(module)))
    assert all(not isinstance(output, Value) or output.parents == () for output in outputs)


@each_module
def test_every_module_passes_gradients_on_to_its_inputs_and_parameters(module):
    fill(module)
    x = input_of(module) if isinstance(module, nn.Embedding) else values_of(input_of(module))
    outputs = flat(module(x))
    sum((index + 1) * output * output for index, output in enumerate(outputs)).backward()
    assert all(math.isfinite(p.grad) for p in module.parameters())
    if module.parameters():
        assert any(p.grad != 0.0 for p in module.parameters())
    if not isinstance(module, (nn.Embedding, nn.Dropout)):
        assert any(number.grad != 0.0 for number in flat(x))


@pytest.mark.parametrize(
    ("module", "wrong", "message"),
    [
        (nn.Neuron(2), [1.0], "expected 2 inputs, got 1"),
        (nn.Layer(2, 3), [1.0, 2.0, 3.0], "expected 2 inputs, got 3"),
        (nn.MLP(2, [2, 2]), 1.0, "expected 2 inputs, got 1"),
        (nn.LayerNorm(3), [1.0], "expected 3 inputs, got 1"),
        (nn.BatchNorm(2), [1.0, 2.0], "takes a list of examples, each a list of 2 numbers"),
        (nn.BatchNorm(2), [[1.0, 2.0], [1.0]], "expected 2 inputs, got 1"),
        (nn.BatchNorm(2), [[1.0, 2.0]], "at least 2 example.*, got 1"),
        (nn.BatchNorm(2).eval(), [], "at least 1 example.*, got 0"),
        (nn.Residual(nn.Layer(2, 3)), [1.0, 2.0], "input of length 2 and an output of length 3"),
        (nn.Residual(nn.Layer(2, 1)), [1.0, 2.0], "input of length 2 and an output of length 1"),
        (nn.Conv2d(2, 1, 2), [[[1.0]]], "expected 2 channels, got 1"),
        (nn.Conv2d(1, 1, 3), [[[1.0, 2.0]] * 3], "3 x 2 is smaller than the window of 3"),
        (nn.Conv2d(1, 1, 1), [[[1.0, 2.0], [1.0]]], "expected 2 inputs, got 1"),
        (nn.Conv2d(2, 1, 1), [[[1.0], [1.0]], [[1.0]]], "expected 2 rows in every channel, got 1"),
        (nn.Conv2d(2, 1, 1), [[1.0, 2.0], [3.0, 4.0]], r"\[channel\]\[row\]\[column\]"),
        (nn.Conv2d(1, 1, 1), [[]], r"\[channel\]\[row\]\[column\]"),
        (nn.AvgPool2d(2), [[[1.0, 2.0], [1.0]]], "expected 2 inputs, got 1"),
        (nn.AvgPool2d(2), [], r"\[channel\]\[row\]\[column\]"),
        (nn.MaxPool2d(3), [[[1.0, 2.0]] * 3], "3 x 2 is smaller than the window of 3"),
        (nn.RMSNorm(3), [1.0], "expected 3 inputs, got 1"),
        (
            nn.PositionalEmbedding(1, 2),
            [[1.0, 2.0]] * 2,
            "there are 1 places, and the sequence has 2 vectors",
        ),
        (nn.PositionalEmbedding(1, 2), [], "at least one vector"),
        (nn.LSTM(2, 3), [], "at least one vector"),
        (nn.GRU(2, 3), [[1.0]], "expected 2 inputs, got 1"),
        (nn.RNN(2, 3), [], "at least one vector"),
        (nn.RNN(2, 3), [[1.0]], "expected 2 inputs, got 1"),
        (nn.SelfAttention(2), [], "at least one vector"),
        (nn.SelfAttention(2), [[1.0, 2.0], [1.0]], "expected 2 inputs, got 1"),
    ],
    ids=lambda thing: repr(thing)[:40],
)
def test_wrong_shapes_are_refused(module, wrong, message):
    with pytest.raises(ValueError, match=message):
        module(wrong)


def test_a_recurrent_layer_refuses_a_state_of_the_wrong_length():
    with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
        nn.RNN(2, 3)([[1.0, 2.0]], h=[0.0, 0.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Neuron(0), "nin is a whole number of at least 1, got 0"),
        (lambda: nn.Neuron("2"), "nin is a whole number of at least 1, got '2'"),
        (lambda: nn.Layer(2, [3]), r"nout is a whole number of at least 1, got \[3\]"),
        (lambda: nn.Layer(2, 3, 1), "activation is None, a function, or one of .*; got 1"),
        (lambda: nn.MLP(2, [4.0, 1]), "each size is a whole number of at least 1, got 4.0"),
        (lambda: nn.Neuron(2, "rleu"), "got 'rleu'"),
        (lambda: nn.Neuron(2, "clip"), "got 'clip'"),
        (lambda: nn.Neuron(2, init="zeros"), "'uniform', 'xavier', 'he', got 'zeros'"),
        (lambda: nn.Layer(2, 0), "nout is a whole number of at least 1, got 0"),
        (lambda: nn.MLP(2, []), "at least one layer"),
        (lambda: nn.Embedding(0, 2), "count is a whole number of at least 1, got 0"),
        (lambda: nn.Embedding(2, -1), "width is a whole number of at least 1, got -1"),
        (lambda: nn.Dropout(1.0), "less than 1, got 1.0"),
        (lambda: nn.Dropout(-0.1), "at least 0"),
        (lambda: nn.Dropout(math.nan), "got nan"),
        (lambda: nn.BatchNorm(0), "width is a whole number"),
        (lambda: nn.BatchNorm(2, momentum=1.5), "from 0 to 1, got 1.5"),
        (lambda: nn.BatchNorm(2, eps=0.0), "positive number, such as 1e-5, got 0.0"),
        (lambda: nn.LayerNorm(2.0), "width is a whole number of at least 1, got 2.0"),
        (lambda: nn.LayerNorm(2, eps=math.nan), "got nan"),
        (lambda: nn.Conv2d(1, 1, 0), "kernel"),
        (lambda: nn.Conv2d(0, 1, 1), "channels_in"),
        (lambda: nn.Conv2d(1, 0, 1), "channels_out"),
        (lambda: nn.Conv2d(1, 1, 1, stride=0), "stride"),
        (lambda: nn.Conv2d(1, 1, 1, padding=-1), "padding is a whole number of at least 0, got -1"),
        (lambda: nn.Conv2d(1, 1, 1, init="zeros"), "init is one of"),
        (lambda: nn.RNN(0, 1), "nin"),
        (lambda: nn.RNN(1, 0), "nhidden"),
        (lambda: nn.LSTM(0, 1), "nin"),
        (lambda: nn.GRU(1, 0), "nhidden"),
        (lambda: nn.RMSNorm(0), "width"),
        (lambda: nn.RMSNorm(1, eps=0.0), "eps"),
        (lambda: nn.PositionalEmbedding(0, 1), "length"),
        (lambda: nn.PositionalEmbedding(1, 0), "width"),
        (lambda: nn.AvgPool2d(0), "size"),
        (lambda: nn.MaxPool2d(2, stride=0), "stride"),
        (lambda: nn.Sequential(), "at least one layer"),
        (lambda: nn.Sequential("rleu"), "got 'rleu'"),
        (lambda: nn.SelfAttention(0), "width"),
        (lambda: nn.SelfAttention(4, heads=0), "heads"),
        (lambda: nn.SelfAttention(4, heads=3), "got 3 heads for a width of 4"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("seed", ["1", 1.5])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(TypeError, match="a seed is a whole number"):
        nn.Embedding(2, 2, seed=seed)


def test_a_residual_connection_around_something_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="module or a function, got 3"):
        nn.Residual(3)


@pytest.mark.parametrize(
    ("index", "error"), [(-1, IndexError), (4, IndexError), (1.0, TypeError), ("1", TypeError)]
)
def test_an_embedding_refuses_what_is_no_index(index, error):
    with pytest.raises(error, match="a whole number from 0 to 3"):
        nn.Embedding(4, 2)(index)


# ---- Parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "M", "K"), [(1, 1, 1), (2, 16, 1), (5, 3, 4)])
def test_A9_parameters_of_one_hidden_layer(d, M, K):
    assert len(nn.MLP(d, [M, 1]).parameters()) == (d + 1) * M + (M + 1)
    assert len(nn.MLP(d, [M, K]).parameters()) == (d + 1) * M + (M + 1) * K


@pytest.mark.parametrize(("d", "H", "L", "K"), [(3, 4, 1, 2), (3, 4, 3, 2), (10, 5, 4, 3)])
def test_A9_parameters_of_many_hidden_layers_with_and_without_biases(d, H, L, K):
    model = nn.MLP(d, [H] * L + [K])
    weights = [name for name, _ in model.named_parameters() if ".w." in name]
    assert len(weights) == d * H + (L - 1) * H**2 + H * K
    assert len(model.parameters()) == len(weights) + L * H + K


def test_A9_the_number_on_the_slide():
    d, H, L, K = 10**4, 300, 10, 1000
    assert d * H + (L - 1) * H**2 + H * K == 4.11e6


@pytest.mark.parametrize(
    ("module", "count"),
    [
        (nn.Embedding(5, 3), 15),
        (nn.Dropout(0.5), 0),
        (nn.BatchNorm(3), 6),
        (nn.LayerNorm(3), 6),
        (nn.Residual(nn.Layer(3, 3)), 12),
        (nn.Conv2d(2, 3, 4), 3 * 2 * 16 + 3),
        (nn.RNN(2, 3), 6 + 9 + 3),
        (nn.SelfAttention(4, heads=2), 64),
        (nn.LSTM(2, 3), 4 * (6 + 9 + 3)),
        (nn.GRU(2, 3), 3 * (6 + 9 + 3) + 3),
        (nn.RMSNorm(3), 3),
        (nn.PositionalEmbedding(5, 3), 15),
        (nn.AvgPool2d(2), 0),
        (nn.MaxPool2d(2), 0),
        (nn.Sequential(nn.Layer(2, 3), "relu", nn.BatchNorm(3)), 9 + 6),
    ],
    ids=repr,
)
def test_parameter_counts_of_the_other_layers(module, count):
    assert len(module.parameters()) == count
    assert len(dict(module.named_parameters())) == count


def test_parameters_have_dotted_names_and_these_are_their_labels():
    model = nn.MLP(2, [4, 1])
    names = [name for name, _ in model.named_parameters()]
    assert names[:4] == [
        "layers.0.neurons.0.w.0",
        "layers.0.neurons.0.w.1",
        "layers.0.neurons.0.b",
        "layers.0.neurons.1.w.0",
    ]
    assert model.layers[0].neurons[3].w[1].label == "layers.0.neurons.3.w.1"
    assert [p.label for p in model.parameters()] == names


def test_names_in_the_other_layers():
    assert nn.Embedding(3, 2).table[2][1].label == "table.2.1"
    assert nn.Conv2d(2, 1, 3).w[0][1][2][0].label == "w.0.1.2.0"
    assert nn.Residual(nn.Layer(2, 2)).module.neurons[1].b.label == "module.neurons.1.b"
    assert nn.BatchNorm(2).running_mean[1].label == "running_mean.1"
    assert nn.RNN(2, 2).U[1][0].label == "U.1.0"
    assert nn.SelfAttention(2).Q[0][1].label == "Q.0.1"


class Tied(nn.Module):
    """An embedding, and the same table once more for the logits."""

    def __init__(self):
        self.embedding = nn.Embedding(3, 2, seed=0)
        self.output = self.embedding.table

    def __call__(self, index):
        return [dot(row, self.embedding(index)) for row in self.output]


def test_tied_weights_count_once_and_collect_both_gradients():
    model = Tied()
    assert len(model.parameters()) == len(model.state_dict()) == 6
    assert list(model.state_dict())[0] == "embedding.table.0.0"
    weight = model.embedding.table[1][0]
    model(1)[1].backward()  # w·w, whose derivative is 2w
    assert weight.grad == pytest.approx(2.0 * weight.data, rel=1e-15)


def test_buffers_are_no_parameters_but_part_of_the_state():
    norm = nn.BatchNorm(2)
    assert [name for name, _ in norm.named_parameters()] == ["scale.0", "scale.1", "shift.0", "shift.1"]
    assert norm.state_dict()["running_variance.1"] == 1.0
    norm([[1.0, 2.0], [3.0, 6.0]])
    other = nn.BatchNorm(2)
    other.load_state_dict(norm.state_dict())
    assert data(other.running_mean) == data(norm.running_mean) == [0.2, 0.4]
    assert data(other.running_variance) == [0.9 + 0.1 * 2.0, 0.9 + 0.1 * 8.0]


def test_a_frozen_module_has_no_parameters_but_keeps_its_state():
    model = nn.MLP(2, [3, 1])
    model.layers[0].freeze()
    assert len(model.parameters()) == 4
    assert len(model.state_dict()) == 13
    model.layers[0].unfreeze()
    assert len(model.parameters()) == 13


def test_train_and_eval_reach_everything_inside():
    class Model(nn.Module):
        def __init__(self):
            self.listed = [nn.Residual(nn.Dropout(0.5))]
            self.named = {"norm": nn.BatchNorm(1)}

    model = Model()
    inside = [model, model.listed[0], model.listed[0].module, model.named["norm"]]
    assert list(model.modules()) == inside
    assert model.eval() is model
    assert [module.training for module in inside] == [False] * 4
    assert model.train() is model
    assert [module.training for module in inside] == [True] * 4


def test_zero_grad_sets_every_gradient_to_0():
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    model([1.0, 2.0]).backward()
    assert all(p.grad != 0.0 for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 13


@each_module
def test_modules_are_saved_loaded_copied_and_pickled(module, tmp_path):
    module = fill(copy.deepcopy(module).eval())
    module.save(tmp_path / "parameters.json")
    fresh = fill(copy.deepcopy(module), seed=1)
    fresh.load(tmp_path / "parameters.json")
    twin = pickle.loads(pickle.dumps(module))
    for other in (fresh, twin):
        assert other.state_dict() == module.state_dict()
        assert plain(other(input_of(module))) == plain(module(input_of(module)))


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400, True, "1", None])
def test_a_state_with_something_that_is_no_finite_number_is_refused_whole(number):
    neuron = nn.Neuron(2, seed=0)
    before = neuron.state_dict()
    with pytest.raises(ValueError, match="the parameter b is .* no finite number"):
        neuron.load_state_dict({"w.0": 5.0, "w.1": 5.0, "b": number})
    assert neuron.state_dict() == before


@pytest.mark.parametrize("name", nn.__all__)
def test_every_layer_is_documented_with_an_example(name):
    text = inspect.getdoc(getattr(nn, name))
    assert "Example:" in text
    if name != "Module":
        for section in ("Formula:", "Args:", "Raises:", "Source: lectures "):
            assert section in text, section


def test_dropout_leaves_out_a_share_p_and_scales_the_rest_so_that_the_mean_stays():
    y = data(nn.Dropout(0.25, seed=0)([1.0] * 20_000))
    assert set(y) == {0.0, 1.0 / 0.75}
    assert y.count(0.0) / len(y) == pytest.approx(0.25, abs=0.01)
    assert sum(y) / len(y) == pytest.approx(1.0, abs=0.015)


def test_dropout_draws_anew_at_every_call_and_the_same_with_the_same_seed():
    one, other = nn.Dropout(0.5, seed=3), nn.Dropout(0.5, seed=3)
    x = [1.0] * 50
    first, second = data(one(x)), data(one(x))
    assert first != second
    assert [data(other(x)), data(other(x))] == [first, second]


def test_dropout_multiplies_by_a_leaf_and_passes_the_same_gradient():
    x = [Value(2.0) for _ in range(50)]
    for number, y in zip(x, nn.Dropout(0.5, seed=0)(x)):
        mask = y.parents[0]
        assert mask.op is None
        y.backward()
        assert (y.data, number.grad) == (2.0 * mask.data, mask.data)


def test_dropout_in_use_hands_its_input_through():
    dropout, x = nn.Dropout(0.9).eval(), [Value(1.0), 2.0]
    assert dropout(x) is x


def test_dropout_of_nothing_changes_nothing():
    assert data(nn.Dropout(0.0)([1.0, -2.0])) == [1.0, -2.0]


def test_dropout_takes_the_single_value_that_a_layer_of_one_neuron_returns():
    assert nn.Dropout(0.5, seed=0)(Value(3.0)).data == 6.0


def test_batch_norm_in_use_looks_at_no_other_example():
    norm = nn.BatchNorm(1)
    norm([[1.0], [3.0]])
    norm.eval()
    state = norm.state_dict()
    (alone,), ((together,), _) = norm([[5.0]])[0], norm([[5.0], [100.0]])
    assert alone.data == together.data == pytest.approx((5.0 - 0.2) / math.sqrt(1.1 + 1e-5), rel=1e-15)
    assert norm.state_dict() == state


def test_norms_of_equal_numbers_are_finite():
    assert data(nn.BatchNorm(1)([[3.0], [3.0]])) == [[0.0], [0.0]]
    x = [Value(3.0), Value(3.0)]
    y = nn.LayerNorm(2)(x)
    y[0].backward()
    assert data(y) == [0.0, 0.0]
    assert all(math.isfinite(number.grad) for number in x)


def test_a_residual_connection_around_a_sequence_and_around_one_number():
    attention = nn.SelfAttention(2, seed=0)
    sequence = [[1.0, 2.0], [3.0, 4.0]]
    added = [[x + y for x, y in zip(*rows)] for rows in zip(sequence, data(attention(sequence)))]
    assert data(nn.Residual(attention)(sequence)) == added
    layer = nn.Layer(1, 1, activation=None, seed=0)
    expected = 2.0 + layer(2.0).data
    for x in (2.0, [2.0], Value(2.0)):
        assert nn.Residual(layer)(x).data == expected
    assert data(nn.Residual(nn.LayerNorm(1))(Value(2.0))) == [2.0]


# ---- The lectures ---------------------------------------------------------------------------------

TABLE = [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_A4_xor_from_three_neurons():
    model = nn.MLP(2, [2, 1], activation="sigmoid", output="sigmoid")
    hidden, (last,) = model.layers[0].neurons, model.layers[1].neurons
    numbers = [(hidden[0], (-5.0, 5.0), -3.0), (hidden[1], (5.0, -5.0), -3.0), (last, (2.0, 2.0), -1.0)]
    for neuron, weights, bias in numbers:
        neuron.w[0].data, neuron.w[1].data, neuron.b.data = *weights, bias
    assert [model(x).data > 0.5 for x in TABLE] == [False, True, True, False]


def test_A4_xor_with_the_bias_first():
    theta, lam = ((-3.0, -5.0, 5.0), (-3.0, 5.0, -5.0)), (-1.0, 2.0, 2.0)
    model = nn.MLP(2, [2, 1], activation="sigmoid", output="sigmoid")
    for neuron, row in zip([*model.layers[0].neurons, model.layers[1].neurons[0]], [*theta, lam]):
        neuron.b.data, neuron.w[0].data, neuron.w[1].data = row
    for x in TABLE:
        hidden = [sigmoid(dot(row, [1.0, *x])) for row in theta]
        output = sigmoid(dot(lam, [1.0, *hidden]))
        assert model(x).data == pytest.approx(output, rel=1e-14)
        assert (output > 0.5) == (x[0] != x[1])


def test_A7_a_stack_of_linear_layers_equals_one_affine_map():
    model = fill(nn.MLP(3, [4, 5, 2], activation=None))
    product, offset = np.eye(3), np.zeros(3)
    for layer in model.layers:
        W = np.array([data(neuron.w) for neuron in layer.neurons])
        b = np.array([neuron.b.data for neuron in layer.neurons])
        product, offset = W @ product, W @ offset + b
    x = [Value(0.5), Value(-1.0), Value(2.0)]
    outputs = model(x)
    assert data(outputs) == pytest.approx(product @ data(x) + offset, rel=1e-12)
    assert np.array(jacobian(outputs, x)) == pytest.approx(product, rel=1e-12)


def test_B1_a_linear_neuron_finds_the_least_squares_line():
    X, y = [0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 2.0, 5.0]
    neuron = nn.Neuron(1, activation=None, seed=0)
    for _ in range(500):
        loss = sum(losses.squared_error(neuron(x), target) for x, target in zip(X, y)) / 4
        neuron.zero_grad()
        loss.backward()
        for p in neuron.parameters():
            p.data -= 0.3 * p.grad
    slope, offset = np.polyfit(X, y, 1)
    assert [neuron.w[0].data, neuron.b.data] == pytest.approx([slope, offset], rel=1e-9)


def test_B2_logistic_regression_is_one_sigmoid_neuron():
    linear, logistic = nn.Neuron(2, None, seed=0), nn.Neuron(2, "sigmoid", seed=0)
    x = [1.5, -0.5]
    for y in (0, 1):
        through_logit = losses.bce_with_logits(linear(x), y)
        through_probability = losses.binary_cross_entropy(logistic(x), y)
        assert through_logit.data == pytest.approx(through_probability.data, rel=1e-12)
        error = logistic(x).data - y
        assert grad(through_logit, linear.w) == pytest.approx([error * number for number in x], rel=1e-12)
        assert grad(through_probability, logistic.w) == pytest.approx(
            [error * number for number in x], rel=1e-12
        )


def test_B2b_a_sigmoid_output_keeps_a_network_between_0_and_1():
    model = fill(nn.MLP(2, [4, 1], activation="tanh", output="sigmoid"))
    assert all(0.0 < model([a, b]).data < 1.0 for a in (-9.0, 0.0, 9.0) for b in (-9.0, 0.0, 9.0))
    assert losses.binary_cross_entropy(model([1.0, 2.0]), 1).data > 0.0


def test_B3_one_of_the_k_vectors_can_be_0():
    layer = fill(nn.Layer(2, 3, activation=None))
    x = [0.7, -0.4]
    before = data(softmax(layer(x)))
    last = data([*layer.neurons[2].w, layer.neurons[2].b])
    for neuron in layer.neurons:
        for parameter, number in zip([*neuron.w, neuron.b], last):
            parameter.data -= number
    assert data(layer.neurons[2].w) == [0.0, 0.0]
    assert data(softmax(layer(x))) == pytest.approx(before, rel=1e-12)


def test_B4_the_hidden_part_is_a_feature_representation():
    model = fill(nn.MLP(2, [5, 4, 3], activation="tanh", output="softmax"))
    x = [0.5, -1.5]
    phi = model.features(x)
    assert len(phi) == 4
    scores = [dot(neuron.w, phi, neuron.b) for neuron in model.layers[-1].neurons]
    expected = [math.exp(score.data - logsumexp(scores).data) for score in scores]
    assert data(model(x)) == pytest.approx(expected, rel=1e-14)


class Bigram(nn.Module):
    """P(next | previous) ∝ exp(β_nextᵀ φ(previous)); tied, β is φ."""

    def __init__(self, words, width, tied=False):
        self.phi = nn.Embedding(words, width, seed=0)
        self.beta = self.phi if tied else nn.Embedding(words, width, seed=1)

    def __call__(self, previous):
        return [dot(row, self.phi(previous)) for row in self.beta.table]


def train_on_pairs(model, pairs):
    for _ in range(100):
        loss = sum(losses.cross_entropy(model(a), b) for a, b in pairs) / len(pairs)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad


def test_B5_a_bigram_language_model_learns_which_word_follows():
    model = Bigram(4, 4)
    assert len(model.parameters()) == 32
    sentence = [0, 1, 2, 0, 1, 3, 0, 1, 2]
    train_on_pairs(model, list(zip(sentence, sentence[1:])))
    assert softmax(model(0))[1].data > 0.9
    after = data(softmax(model(1)))
    assert after[2] == pytest.approx(2 / 3, abs=0.05)
    assert after[3] == pytest.approx(1 / 3, abs=0.05)


def test_B5_tied_embeddings_bring_words_together_that_stand_together():
    model = Bigram(4, 4, tied=True)
    assert len(model.parameters()) == 16
    train_on_pairs(model, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3)])
    for word in range(4):
        together = data(softmax(model(word)))
        assert sum(together[:2] if word < 2 else together[2:]) > 0.95


@pytest.mark.parametrize("sizes", [[1], [7, 2], [3, 5, 2, 4], [2] * 20])
def test_B7_any_number_of_hidden_layers_of_any_sizes(sizes):
    model = nn.MLP(3, sizes, seed=0)
    output = model([1.0, 2.0, 3.0])
    assert len(output) == sizes[-1] if sizes[-1] > 1 else isinstance(output, Value)
    assert [len(layer.neurons) for layer in model.layers] == sizes


def test_B8_k_outputs_normalised_by_softmax():
    model = fill(nn.MLP(2, [4, 3], output="softmax"))
    outputs = model([0.5, 2.0])
    assert sum(data(outputs)) == pytest.approx(1.0, rel=1e-15)
    assert all(0.0 < p.data < 1.0 for p in outputs)
    model.layers[-1].activation = None
    logits = model([0.5, 2.0])
    assert losses.cross_entropy(logits, 1).data == pytest.approx(-math.log(outputs[1].data), rel=1e-12)


def test_B12_a_convolution_is_a_dense_layer_whose_weights_are_local_and_shared():
    convolution = fill(nn.Conv2d(1, 1, 2))
    image = [[1.0, -2.0, 3.0], [0.5, 4.0, -1.0], [2.0, 0.0, 1.5]]
    W = jacobian(flat(convolution([pixels := [[Value(n) for n in row] for row in image]])), flat(pixels))
    a, b, c, d = (weight.data for weight in flat(convolution.w))
    assert W == [
        [a, b, 0, c, d, 0, 0, 0, 0],
        [0, a, b, 0, c, d, 0, 0, 0],
        [0, 0, 0, a, b, 0, c, d, 0],
        [0, 0, 0, 0, a, b, 0, c, d],
    ]
    dense = nn.Layer(9, 4, activation=None)
    for neuron, row in zip(dense.neurons, W):
        neuron.b.data = convolution.b[0].data
        for weight, number in zip(neuron.w, row):
            weight.data = number
    assert data(dense(flat(image))) == pytest.approx(data(flat(convolution([image]))), rel=1e-14)


def test_B12_each_output_is_one_node():
    output = nn.Conv2d(2, 1, 2)([[[1.0, 2.0], [3.0, 4.0]]] * 2)[0][0][0]
    assert output.op.name == "dot"
    assert all(parent.op is None for parent in output.parents)


def test_B13_a_recurrent_layer_is_the_formula_step_by_step():
    rnn = fill(nn.RNN(1, 1))
    w, u, b = rnn.W[0][0].data, rnn.U[0][0].data, rnn.b[0].data
    h, expected = 0.0, []
    for x in (1.0, -0.5, 2.0):
        h = math.tanh(w * x + u * h + b)
        expected.append([h])
    states = data(rnn([1.0, -0.5, 2.0]))
    assert flat(states) == pytest.approx(flat(expected), rel=1e-14)
    assert flat(data(rnn([2.0], h=states[1]))) == pytest.approx(states[2], rel=1e-14)


def test_B13_the_last_state_remembers_the_first_input():
    sequence = [[Value(1.0), Value(2.0)] for _ in range(4)]
    states = nn.RNN(2, 3, seed=0)(sequence)
    assert all(slope != 0.0 for slope in grad(states[3][0], sequence[0]))
    assert grad(states[0][0], sequence[3]) == [0.0, 0.0]


def test_B14_gradients_also_pass_by_a_residual_connection():
    residual = nn.Residual(nn.Layer(2, 2, activation="tanh"))
    for p in residual.parameters():
        p.data = 0.0
    x = [Value(1.0), Value(2.0)]
    assert jacobian(residual(x), x) == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("causal", [True, False])
def test_B14_causal_attention_does_not_look_ahead(causal):
    attention = nn.SelfAttention(2, causal=causal, seed=0)
    sequence = [[Value(0.5 * t), Value(1.0 - t)] for t in range(3)]
    outputs = attention(sequence)
    for t in range(3):
        for s in range(3):
            reached = any(slope != 0.0 for slope in grad(outputs[t][0], sequence[s]))
            assert reached == (s <= t or not causal)


def test_B14_attention_weights_can_be_drawn():
    attention = nn.SelfAttention(4, heads=2, seed=0)
    weights = attention.weights([[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 3.0]])
    assert np.array(weights).shape == (2, 3, 3)
    for head in weights:
        assert [sum(row) for row in head] == pytest.approx([1.0, 1.0, 1.0], rel=1e-14)
        assert (head[0], head[1][2]) == ([1.0, 0.0, 0.0], 0.0)


def test_B14_attention_without_order_treats_every_place_alike():
    attention = nn.SelfAttention(2, causal=False, seed=0)
    one, two, three = [1.0, 2.0], [-1.0, 0.5], [0.0, 1.0]
    forwards = data(attention([one, two, three]))
    backwards = data(attention([three, two, one]))
    assert flat(backwards) == pytest.approx(flat(forwards[::-1]), rel=1e-12)


class Block(nn.Module):
    """A transformer's block: the words look at one another, then each is thought about."""

    def __init__(self, width, heads, seed):
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.SelfAttention(width, heads=heads, seed=seed)
        self.mlp = nn.MLP(width, [2 * width, width], init="xavier", seed=seed)
        self.look = nn.Residual(lambda xs: self.attention([self.before(x) for x in xs]))
        self.think = nn.Residual(lambda x: self.mlp(self.between(x)))

    def __call__(self, xs):
        return [self.think(x) for x in self.look(xs)]


class GPT(nn.Module):
    """The next letter from all the letters so far."""

    def __init__(self, letters, length, width, heads, depth, seed):
        seed = random.Random(seed)
        self.letter, self.place = (
            nn.Embedding(letters, width, seed=seed),
            nn.Embedding(length, width, seed=seed),
        )
        self.blocks = [Block(width, heads, seed) for _ in range(depth)]
        self.output = nn.Layer(width, letters, activation=None, init="xavier", seed=seed)

    def __call__(self, letters):
        xs = [[a + b for a, b in zip(self.letter(k), self.place(t))] for t, k in enumerate(letters)]
        for block in self.blocks:
            xs = block(xs)
        return [self.output(x) for x in xs]


def test_B14_a_tiny_gpt_lowers_its_loss_on_a_word_list():
    words = ["anna", "emma", "ella", "hanna", "lena", "lea"]
    alphabet = ".aehlmn"
    model = GPT(len(alphabet), length=6, width=8, heads=2, depth=1, seed=0)
    optimizer = Adam(model.parameters(), lr=0.02)
    history = []
    for _ in range(25):
        total = Value(0.0)
        for word in words:
            letters = [alphabet.index(letter) for letter in f".{word}."]
            logits = model(letters[:-1])
            wrong = [losses.cross_entropy(z, k) for z, k in zip(logits, letters[1:])]
            total = total + sum(wrong) / len(wrong)
        loss = total / len(words)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.data)
    assert history[0] > 1.5
    assert history[-1] < 0.75


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_C5_equal_weights_zero_among_them_never_break_symmetry(start):
    model = nn.MLP(2, [3, 1], activation="tanh")
    for p in model.parameters():
        p.data = start
    for _ in range(20):
        loss = sum(losses.squared_error(model(x), x[0] != x[1]) for x in TABLE)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    first, *others = [data([*neuron.w, neuron.b]) for neuron in model.layers[0].neurons]
    assert others == [first, first]
    assert (first == [0.0, 0.0, 0.0]) == (start == 0.0)


def first_layer_gradient(activation, init, depth):
    model = nn.MLP(4, [8] * depth + [1], activation=activation, init=init, seed=0)
    slopes = grad(model([1.0, -1.0, 0.5, 2.0]), model.layers[0].parameters())
    return math.sqrt(sum(slope**2 for slope in slopes))


# ---- What is no example -------------------------------------------------------------------

TAKERS = {
    "Neuron": nn.Neuron(2),
    "Layer": nn.Layer(2, 3),
    "MLP": nn.MLP(2, [3, 1]),
    "Sequential": nn.Sequential(nn.Layer(2, 3), "tanh"),
    "LayerNorm": nn.LayerNorm(2),
    "RMSNorm": nn.RMSNorm(2),
    "Dropout": nn.Dropout(0.5),
    "BatchNorm": nn.BatchNorm(2),
    "Conv2d": nn.Conv2d(1, 1, 2),
    "MaxPool2d": nn.MaxPool2d(2),
    "RNN": nn.RNN(2, 3),
    "LSTM": nn.LSTM(2, 3),
    "GRU": nn.GRU(2, 3),
    "SelfAttention": nn.SelfAttention(2),
    "PositionalEmbedding": nn.PositionalEmbedding(3, 2),
}


@pytest.mark.parametrize("taker", TAKERS.values(), ids=TAKERS)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (None, "got None: is a return statement missing, or a variable not set"),
        (len, "got <built-in function len> of type builtin_function_or_method: call it first"),
        (1j, r"got 1j of type complex$"),
    ],
)
def test_what_is_no_example_is_named(taker, wrong, said):
    with pytest.raises(TypeError, match=said):
        taker(wrong)


FLAT = ["Neuron", "Layer", "MLP", "Sequential", "LayerNorm", "RMSNorm"]


@pytest.mark.parametrize("name", FLAT)
def test_several_examples_in_a_table_or_an_array_are_no_example(name):
    rows = [[1.0, 2.0], [3.0, 4.0]]
    tables = pandas.DataFrame(rows), pandas.DataFrame(rows, columns=[0.5, 1.5]), polars.DataFrame(rows)
    for several in (rows, np.array(rows), np.array(rows[:1]), *tables):
        with pytest.raises(ValueError, match=r"one example at a time.*predict\(model, X\)"):
            TAKERS[name](several)


@pytest.mark.parametrize("name", FLAT)
def test_a_row_of_whatever_kind_is_an_example(name):
    expected = data(TAKERS[name]([1.0, 2.0]))
    series = pandas.Series([1.0, 2.0], index=[7, 5])
    for row in ((1, 2), np.array([1, 2]), series, polars.Series([1.0, 2.0]), (x for x in [1.0, 2.0])):
        assert data(TAKERS[name](row)) == expected


def test_a_number_alone_is_no_list_of_two():
    with pytest.raises(
        ValueError, match="expected 2 inputs, got 1, the number 0.5: an example is a list of 2"
    ):
        nn.MLP(2, [1])(0.5)
    assert isinstance(nn.Dropout(0.5, seed=0)(1.0), Value)


@pytest.mark.parametrize("wrong", [b"12", "12", {1.0, 2.0}, {"a": 1.0, "b": 2.0}])
def test_a_sequence_has_an_order(wrong):
    for taker in (nn.RNN(2, 3), nn.MLP(2, [1]), nn.SelfAttention(2)):
        with pytest.raises(TypeError, match="make numbers of it first|put them in order first"):
            taker(wrong)


@pytest.mark.parametrize(
    "make", [nn.Dropout, lambda p: nn.BatchNorm(2, momentum=p), lambda p: nn.LayerNorm(2, eps=p)]
)
def test_settings_of_layers_are_numbers(make):
    for wrong in ("0.5", None, Value(0.5)):
        with pytest.raises(TypeError, match="is a number, got"):
            make(wrong)
