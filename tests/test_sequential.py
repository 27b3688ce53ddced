"""Sequential: layers, functions and names in a row, with BatchNorm among them; trained, saved, shown."""

import copy
import math
import pickle
import random

import numpy
import pytest

from autograd_lite import (
    Value,
    datasets,
    draw,
    fit,
    functions,
    losses,
    nn,
    optim,
    playground,
    predict,
    softmax,
    tanh,
)


def flattened(image):
    return [number for channel in image for row in channel for number in row]


def data(nested):
    if isinstance(nested, (list, tuple)):
        return [data(item) for item in nested]
    return nested.data if isinstance(nested, Value) else nested


def normed(seed=0):
    """Give a model whose BatchNorm stands two levels deep."""
    inner = nn.Sequential(nn.Residual(nn.BatchNorm(4)), "tanh")
    return nn.Sequential(
        nn.Layer(2, 4, None, seed=seed), inner, nn.Dropout(0.2, seed=1), nn.Layer(4, 1, None, seed=2)
    )


# ---- What it computes -----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", tanh, lambda h: [number.tanh() for number in h]])
def test_it_is_the_mlp_of_the_same_layers(activation):
    mlp = nn.MLP(3, [4, 2], "tanh", seed=0)
    one, other = nn.Layer(3, 4, None, seed=9), nn.Layer(4, 2, None, seed=9)
    model = nn.Sequential(one, activation, other)
    for mine, theirs in zip(model.parameters(), mlp.parameters(), strict=True):
        mine.data = theirs.data
    x = [Value(0.5), Value(-1.0), Value(2.0)]
    assert data(model(x)) == data(mlp(x))


def test_names_are_those_of_activations_and_softmax():
    logits = [Value(1.0), Value(-2.0)]
    for name in ("relu", "tanh", "sigmoid", "silu", "softplus"):
        one = getattr(functions, name)
        assert data(nn.Sequential(name)(logits)) == [one(logit).data for logit in logits]
        assert nn.Sequential(name)(logits[0]).data == one(logits[0]).data
    assert data(nn.Sequential("softmax")(logits)) == data(softmax(logits))


def test_an_operation_is_applied_to_every_number_of_an_image():
    image = [[[1.0, -2.0], [-3.0, 4.0]]]
    assert nn.Sequential("relu")(image) == [[[1.0, 0.0], [0.0, 4.0]]]
    model = nn.Sequential(
        nn.Conv2d(1, 2, 2, seed=0), "relu", nn.MaxPool2d(2), flattened, nn.Layer(2, 3, None)
    )
    assert len(model([[[0.1 * row * column for row in range(4)] for column in range(4)]])) == 3


def test_nested_ones_compute_the_same_and_name_their_parameters():
    layers = [nn.Layer(2, 3, "tanh", seed=0), nn.Layer(3, 3, "relu", seed=1), nn.Layer(3, 1, None, seed=2)]
    flat = nn.Sequential(*layers)
    nested = nn.Sequential(layers[0], nn.Sequential(nn.Sequential(layers[1]), layers[2]))
    assert nested([1.0, 2.0]).data == flat([1.0, 2.0]).data
    assert [*map(id, nested.parameters())] == [*map(id, flat.parameters())]
    assert dict(nested.named_parameters())["layers.1.layers.0.layers.0.neurons.2.b"] is layers[1].neurons[2].b


@pytest.mark.parametrize("wrong", [3, None, nn.Layer, [nn.Layer(2, 1)], (tanh,)])
def test_what_is_no_layer_is_refused(wrong):
    with pytest.raises(TypeError, match=r"a layer is a module, .* got|write Sequential\(\*layers\)"):
        nn.Sequential(wrong)


# ---- With BatchNorm inside --------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_examples_go_through_together_where_a_batch_is_looked_at(training):
    first, norm, last = nn.Layer(2, 3, None, seed=0), nn.BatchNorm(3), nn.Layer(3, 1, "tanh", seed=1)
    model = nn.Sequential(first, norm, last)
    assert model.takes_batches and nn.Residual(model).takes_batches
    assert not nn.Sequential(first, last).takes_batches and not nn.Residual(last).takes_batches
    (model.train if training else model.eval)()
    X = [[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]
    twin = copy.deepcopy(norm)
    expected = [last(row) for row in twin([first(x) for x in X])]
    assert data(model(X)) == data(expected)
    assert norm.state_dict() == twin.state_dict()


@pytest.mark.parametrize("one", [[0.5, 1.0], 0.5])
def test_one_example_for_a_model_that_takes_many(one):
    with pytest.raises((TypeError, ValueError)) as caught:
        normed()(one)
    assert "is called with a list of examples" in caught.value.__notes__[0]


X = [[math.cos(t), math.sin(1.7 * t)] for t in range(48)]
y = [a * b for a, b in X]


@pytest.mark.parametrize("frozen", [False, True])
def test_a_model_with_batch_norm_trains_compiled_as_eagerly(frozen):
    ends = []
    for compiled in (True, False):
        model = nn.Sequential(
            nn.Layer(2, 4, None, seed=0), nn.BatchNorm(4), "tanh", nn.Sequential(nn.Layer(4, 1, None, seed=1))
        )
        if frozen:
            model.layers[1].freeze()
        history = fit(
            model, losses.mse, X, y, optimizer=optim.SGD(lr=0.2), epochs=5, batch_size=12, validation=0.25,
            compiled=compiled,
        )  # fmt: skip
        assert history.engine == ("compiled" if compiled else "eager: as asked for")
        numbers = [*history.loss, *history.validation_loss, *model.state_dict().values()]
        ends.append([*numbers, *predict(model, X)])
    assert ends[0] == pytest.approx(ends[1], rel=1e-9, abs=1e-12)


def test_it_is_saved_copied_and_pickled(tmp_path):
    model = normed()
    fit(model, losses.mse, X, y, optimizer=optim.SGD(lr=0.05), epochs=3, batch_size=12)
    expected = predict(model, X)
    model.save(tmp_path / "model.json")
    other = normed(seed=5)
    other.load(tmp_path / "model.json")
    for twin in (other, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert predict(twin, X) == expected


# ---- As it is shown ---------------------------------------------------------------------------


def test_a_model_is_a_table_of_its_layers():
    model = nn.Sequential(
        nn.Layer(2, 8, nonlin=False), nn.Sequential(nn.BatchNorm(8), tanh), lambda h: h, nn.Layer(8, 1, True)
    )
    model.layers[3].freeze()
    lines = [line.split() for line in repr(model).splitlines()]
    assert lines == [
        ["Sequential:", "40", "parameters"],
        ["layer", "form", "parameters"],
        ["layers.0", "Layer(2,", "8,", "None)", "24"],
        ["layers.1", "Sequential"],
        ["layers.1.layers.0", "BatchNorm(8)", "16"],
        ["layers.1.layers.1", "tanh", "0"],
        ["layers.2", "function", "0"],
        ["layers.3", "Layer(8,", "1,", "'relu')", "0", "(frozen)"],
    ]


def test_the_columns_stand_below_one_another():
    assert repr(nn.MLP(2, [16, 16, 1], "tanh")) == "\n".join(
        [
            "MLP: 337 parameters",
            "  layer     form                   parameters",
            "  layers.0  Layer(2, 16, 'tanh')           48",
            "  layers.1  Layer(16, 16, 'tanh')         272",
            "  layers.2  Layer(16, 1, None)             17",
        ]
    )


class Own(nn.Module):
    def __init__(self):
        self.slope, self.table = Value(1.0), [[Value(0.0) for _ in range(3)] for _ in range(2)]
        self.named = {"one": nn.Neuron(2), "other": [nn.Dropout(0.5)]}
        self.again = self.named["one"]
        self.settings, self.function = {"eps": 1e-5}, softmax
        self.itself = self

    def __call__(self, x):
        self.last = self.slope * x
        return self.last


def test_a_module_of_ones_own_is_one_too():
    model = Own()
    expected = [
        ["Own:", "10", "parameters"],
        ["layer", "form", "parameters"],
        ["slope", "number", "1"],
        ["table", "2", "×", "3", "6"],
        ["named.one", "ReLUNeuron(2)", "3"],
        ["named.other.0", "Dropout(0.5)", "0"],
        ["again", "ReLUNeuron(2)", "the", "same"],
        ["itself", "Own", "the", "same"],
    ]
    assert [line.split() for line in repr(model).splitlines()] == expected
    model(2.0)
    assert [line.split() for line in repr(model).splitlines()] == expected
    assert repr(type("Empty", (nn.Module,), {})()) == "Empty: 0 parameters"


def test_what_is_no_model_yet_has_a_repr_as_well():
    class Broken(nn.Module):
        def __init__(self):
            self.w = [Value(1.0)]

    broken = Broken()
    broken.w = broken.w[0] * 2.0  # refused as a parameter
    assert "Broken object at" in repr(broken)


def test_matrix_is_w_as_plain_numbers():
    layer = nn.Layer(3, 2, None, seed=0)
    W = layer.matrix()
    assert (len(W), len(W[0]), type(W[0][0])) == (2, 3, float)
    x = [1.0, -2.0, 0.5]
    assert [sum(w * number for w, number in zip(row, x)) for row in W] == pytest.approx(data(layer(x)))
    W[0][0] = 7.0
    assert layer.neurons[0].w[0].data != 7.0


def test_a_drawing_calls_the_layers_by_their_names():
    model = nn.Sequential(
        nn.Layer(2, 16, None), "tanh", nn.Layer(16, 16, None), "relu", nn.Layer(16, 1, None)
    )
    shown = str(draw(losses.mse(model([1.0, 2.0]), 0.5)))
    assert "layers.0: 16 neurons, tanh(Σ wx + b)" in shown
    assert "layers.2: 16 neurons, relu(Σ wx + b)" in shown


def test_a_playground_shows_one():
    model = nn.Sequential(nn.Layer(2, 3, None, seed=0), "tanh", nn.Layer(3, 1, None, seed=1))
    labels = [int(target > 0.0) for target in y]
    assert "2-3-1 neurons" in str(playground(model, losses.bce_with_logits, X, labels))


# ---- One example at a time ---------------------------------------------------------------------

ONE_AT_A_TIME = {
    "neuron": nn.Neuron(2),
    "layer": nn.Layer(2, 3),
    "mlp": nn.MLP(2, [3, 1]),
    "sequential": nn.Sequential(nn.Layer(2, 3), "tanh"),
    "layer norm": nn.LayerNorm(2),
    "rms norm": nn.RMSNorm(2),
    "residual": nn.Residual(nn.Layer(2, 2)),
    "dropout": nn.Sequential(nn.Dropout(0.5), nn.Layer(2, 1)),
}


@pytest.mark.parametrize("model", ONE_AT_A_TIME.values(), ids=ONE_AT_A_TIME)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_batch_is_answered_with_what_to_call(model, count):
    import numpy

    batch = [[0.5, 1.0]] * count
    for given in (batch, tuple(batch), numpy.array(batch), [numpy.array(x) for x in batch]):
        with pytest.raises(ValueError, match=r"one example at a time.*predict\(model, X\)"):
            model(given)


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (nn.Conv2d(1, 1, 2), [[[1.0, 2.0], [3.0, 4.0]]]),
        (nn.MaxPool2d(2), [[[1.0, 2.0], [3.0, 4.0]]]),
        (nn.RNN(2, 1), [[1.0, 2.0]]),
        (nn.LSTM(2, 1), [[1.0, 2.0]]),
        (nn.SelfAttention(2), [[1.0, 2.0]]),
        (nn.PositionalEmbedding(3, 2), [[1.0, 2.0]]),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_so_is_a_batch_of_images_or_sequences(model, example):
    model(example)
    for count in (1, 2, 3):
        with pytest.raises(ValueError, match="one (example|image) at a time"):
            model([example] * count)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: nn.MLP(2, 4, 1), r"nouts is a list of sizes.* write MLP\(2, \[4, 1\]\)"),
        (lambda: nn.MLP(2, 4), r"write MLP\(2, \[4\]\)"),
        (lambda: nn.MLP(2, 4, 8, 1), r"write MLP\(2, \[4, 8, 1\]\)"),
        (lambda: nn.MLP(2, 4, "tanh"), r"write MLP\(2, \[4\]\)"),
    ],
)
def test_sizes_without_a_list(make, said):
    with pytest.raises(TypeError, match=said):
        make()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"loss": "mse"}, r"loss is a function, got 'mse': pass losses\.mse"),
        ({"loss": "cross_entropie"}, r"loss is a function, got 'cross_entropie': pass losses\.cross_entropy"),
        ({"loss": "?"}, r"pass one of losses: .*mse"),
        ({"loss": None}, "loss is a function, got None"),
        ({"optimizer": "adam"}, r"pass optim\.Adam\("),
        ({"optimizer": optim.Adam}, r"call it, optim\.Adam\("),
        ({"optimizer": 0.1}, r"such as SGD\(lr=0\.1\), got 0\.1"),
    ],
)
def test_fit_says_what_to_pass_for_a_name(settings, said):
    model = nn.MLP(2, [1], seed=0)
    given = {"loss": losses.mse, "optimizer": optim.SGD(lr=0.1), **settings}
    with pytest.raises(TypeError, match=said):
        fit(model, given["loss"], X, y, optimizer=given["optimizer"])


# ---- Two tasks, in ten lines ---------------------------------------------------------------------


def test_task_bigrams():
    names = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "charlotte", "amelia", "evelyn", "ella"]
    letters = ["."] + sorted({*"".join(names)})
    text = [letters.index(letter) for letter in "." + ".".join(names) + "."]
    model = nn.Sequential(nn.Embedding(len(letters), 12, seed=0), nn.Layer(12, len(letters), None, seed=1))
    before, after = text[:-1], text[1:]
    history = fit(model, losses.cross_entropy, before, after, optimizer=optim.Adam(lr=0.05), epochs=150)
    counts = {pair: [*zip(before, after)].count(pair) for pair in zip(before, after)}
    entropy = -sum(n * math.log(n / before.count(a)) for (a, _), n in counts.items()) / len(before)
    assert entropy < history.loss[-1] < entropy + 0.05


def test_task_sine():
    X = [[x / 25 - 3.0] for x in range(151)]
    train_X, train_y, test_X, test_y = datasets.split(X, [math.sin(x) for (x,) in X], fraction=0.25, seed=0)
    model = nn.Sequential(nn.Layer(1, 16, None, seed=0), "tanh", nn.Layer(16, 1, None, seed=1))
    adam = optim.Adam(lr=optim.warmup(optim.cosine(0.05, 0.0, epochs=300), epochs=2))
    fit(model, losses.mse, train_X, train_y, optimizer=adam, epochs=300, batch_size=20)
    errors = [losses.mse(Value(f), t).data for f, t in zip(predict(model, test_X), test_y)]
    assert sum(errors) / len(errors) < 1e-3


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 1, 2, 2)])
def test_flatten_lists_all_numbers_in_their_order(shape):
    array = numpy.arange(float(numpy.prod(shape))).reshape(shape)
    expected = array.ravel().tolist()
    assert nn.Flatten()(array) == nn.Flatten()(array.tolist()) == expected
    values = [Value(number) for number in expected]
    nested = numpy.array(values, dtype=object).reshape(shape).tolist()
    assert all(one is other for one, other in zip(nn.Flatten()(nested), values, strict=True))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_network_of_images_is_a_row_of_layers(compiled):
    generator = random.Random(0)
    X = [[[[generator.random() for _ in range(6)] for _ in range(6)]] for _ in range(40)]
    y = [int(image[0][0][0] > 0.5) for image in X]
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, seed=0), "relu", nn.MaxPool2d(2), nn.Flatten(), nn.Layer(8, 2, None, seed=1)
    )
    options = {"optimizer": optim.Adam(lr=0.01), "epochs": 5, "seed": 0, "compiled": compiled}
    history = fit(model, losses.cross_entropy, X, y, **options)
    assert history.loss[-1] < history.loss[0] and "Flatten()" in repr(model)
    with_norm = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.BatchNorm(9), nn.Layer(9, 1, None))
    assert [type(output) for output in with_norm(X[:3])] == [Value] * 3
