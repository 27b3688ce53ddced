"""The lectures' models and their training, by the rows' IDs: each claim itself is tested."""

import math
import random
import time

import pytest

from autograd_lite import Value, grad, losses, nn, optim, step
from autograd_lite.training import accuracy, fit, predict

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]


def right(model, X, y):
    return sum(accuracy(f, t) for f, t in zip(predict(model, X), y)) / len(y)


def numbers(model):
    return [p.data for p in model.parameters()]


def moons(count, seed, noise=0.1):
    """Two half circles in one another, of classes 0 and 1."""
    generator = random.Random(seed)
    X, y = [], []
    for i in range(count):
        angle, label = math.pi * generator.random(), i % 2
        point = (
            (1.0 - math.cos(angle), 0.5 - math.sin(angle)) if label else (math.cos(angle), math.sin(angle))
        )
        X.append([number + generator.gauss(0.0, noise) for number in point])
        y.append(label)
    return X, y


# ---- A: what is separable ---------------------------------------------------------------------


def test_A5_one_neuron_learns_and():
    model = nn.Neuron(2, None, seed=0)
    fit(model, losses.bce_with_logits, CORNERS, AND, optimizer=optim.SGD(lr=1.0), epochs=200)
    assert right(model, CORNERS, AND) == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_A5_one_neuron_cannot_exceed_three_quarters_on_xor(seed):
    best = []
    model = nn.Neuron(2, None, seed=seed)
    history = fit(
        model, losses.bce_with_logits, CORNERS, XOR, optimizer=optim.SGD(lr=1.0), epochs=150,
        metrics={"right": accuracy},
    )  # fmt: skip
    best.append(max(history.metrics["right"]))
    steps = [i / 2 for i in range(-6, 7)]
    for w in steps:
        for v in steps:
            for b in steps:
                best.append(sum((w * x + v * z + b > 0) == t for (x, z), t in zip(CORNERS, XOR)) / 4)
    assert max(best) == 0.75


def test_A5_a_network_of_2_2_1_learns_xor_within_a_second():
    began = time.perf_counter()
    model = nn.MLP(2, [2, 1], activation="tanh", seed=1)
    history = fit(model, losses.bce_with_logits, CORNERS, XOR, optimizer=optim.Adam(lr=0.1), epochs=200)
    assert time.perf_counter() - began < 1.0
    assert right(model, CORNERS, XOR) == 1.0
    assert history.loss[-1] < 0.05


def test_a_network_separates_the_moons_in_seconds():
    X, y = moons(100, seed=0)
    model = nn.MLP(2, [16, 16, 1], seed=0)
    began = time.perf_counter()
    fit(model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.02), epochs=20, batch_size=10)
    assert time.perf_counter() - began < 10.0
    assert right(model, X, y) == 1.0


MICROGRAD = [
    0.9411367897227528,
    1.5346378513039272,
    0.010776643875653318,
    0.010772411225626003,
    0.010768219011119155,
    0.010764067186142975,
]  # micrograd 0.1.0, the same program with its own Value and MLP


def test_the_textbook_loop_gives_micrograds_losses():
    X, y = moons(20, seed=0)
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    found = []
    for k in range(len(MICROGRAD)):
        scores = [model(list(map(Value, row))) for row in X]
        data_loss = sum((1 + -(2 * t - 1) * s).relu() for t, s in zip(y, scores)) * (1.0 / len(y))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
        found.append(total.data)
    assert found == pytest.approx(MICROGRAD, rel=1e-12)


# ---- B: models --------------------------------------------------------------------------------

LINE_X = [[-1.0], [0.0], [1.0], [2.0], [3.0]]
LINE_Y = [-1.2, 0.7, 3.4, 5.1, 6.8]


def least_squares():
    mean_x, mean_y = 1.0, sum(LINE_Y) / 5
    slope = sum((x - mean_x) * t for (x,), t in zip(LINE_X, LINE_Y)) / sum(
        (x - mean_x) ** 2 for (x,) in LINE_X
    )
    return [slope, mean_y - slope * mean_x]


@pytest.mark.parametrize(
    "loss", [losses.squared_error, losses.gaussian_nll, lambda f, t: losses.gaussian_nll(f, t, 0.5)]
)
def test_B1_maximum_likelihood_of_a_linear_neuron_is_least_squares(loss):
    model = nn.Neuron(1, None, seed=0)
    fit(model, loss, LINE_X, LINE_Y, optimizer=optim.SGD(lr=0.2), epochs=400)
    assert numbers(model) == pytest.approx(least_squares(), abs=1e-9)


LOGISTIC_X = [[-2.0], [-1.0], [-0.5], [0.0], [0.5], [1.0], [2.0]]
LOGISTIC_Y = [0, 0, 1, 0, 1, 0, 1]


def fitted_logistic_neuron():
    model = nn.Neuron(1, None, seed=0)
    fit(model, losses.bce_with_logits, LOGISTIC_X, LOGISTIC_Y, optimizer=optim.SGD(lr=2.0), epochs=300)
    return model


def test_B2_the_fitted_neurons_probabilities_balance_the_labels():
    model = fitted_logistic_neuron()
    errors = [Value(z).sigmoid().data - t for z, t in zip(predict(model, LOGISTIC_X), LOGISTIC_Y)]
    assert sum(errors) == pytest.approx(0.0, abs=1e-9)
    assert sum(error * x for error, (x,) in zip(errors, LOGISTIC_X)) == pytest.approx(0.0, abs=1e-9)


def test_B2b_a_network_with_a_sigmoid_output_gives_probabilities():
    model = nn.MLP(2, [4, 1], activation="tanh", output="sigmoid", seed=0)
    X = [*CORNERS, [50.0, -50.0], [-3.0, 8.0]]
    assert all(0.0 < f < 1.0 for f in predict(model, X))
    history = fit(model, losses.binary_cross_entropy, CORNERS, XOR, optimizer=optim.Adam(lr=0.1), epochs=150)
    assert history.loss[-1] < 0.1
    assert all(0.0 < f < 1.0 for f in predict(model, X))
    with pytest.raises(ValueError, match="use bce_with_logits"):
        losses.binary_cross_entropy(Value(1.2), 1)  # what the output activation is for


def test_B2c_the_logit_of_the_fitted_neuron_is_the_log_odds():
    model = fitted_logistic_neuron()
    for x in LOGISTIC_X:
        probability = model(x).sigmoid().data
        log_odds = math.log(probability / (1.0 - probability))
        assert log_odds == pytest.approx(model.w[0].data * x[0] + model.b.data, abs=1e-12)


def test_B2d_a_threshold_unit_gets_no_gradient():
    w, b = [Value(0.5), Value(-0.5)], Value(0.1)
    for unit, trains in ((step, False), (Value.sigmoid, True)):
        loss = sum(losses.squared_error(unit(w[0] * x + w[1] * z + b), t) for (x, z), t in zip(CORNERS, AND))
        assert any(grad(loss, [*w, b])) is trains
    model = nn.Neuron(2, step, seed=0)
    before = numbers(model)
    history = fit(model, losses.squared_error, CORNERS, AND, optimizer=optim.SGD(lr=1.0), epochs=5)
    assert numbers(model) == before
    assert len(set(history.loss)) == 1


def test_B3_k_logits_are_one_more_than_needed():
    three, two = nn.Layer(2, 3, None, seed=0), nn.Layer(2, 2, None, seed=1)
    for one, other in zip(two.neurons, three.neurons[1:]):
        for p, q, base in zip(one.parameters(), other.parameters(), three.neurons[0].parameters()):
            p.data = q.data - base.data
    for x in ([0.3, -2.0], [5.0, 1.0]):
        for k in range(3):
            full = losses.cross_entropy(three(x), k).data
            assert losses.cross_entropy([Value(0.0), *two(x)], k).data == pytest.approx(full, abs=1e-12)
            shifted = [logit + 7.0 for logit in three(x)]
            assert losses.cross_entropy(shifted, k).data == pytest.approx(full, abs=1e-12)


def curve_error(hidden, epochs=150):
    X = [[i / 10.0] for i in range(-15, 16)]
    y = [math.sin(3.0 * x) for (x,) in X]
    model = nn.MLP(1, [*hidden, 1], activation="tanh", init="xavier", seed=0)
    rate = optim.cosine(0.05, 0.0, steps=epochs * 4)
    fit(model, losses.mse, X, y, optimizer=optim.Adam(lr=rate), epochs=epochs, batch_size=8)
    return sum((f - t) ** 2 for f, t in zip(predict(model, X), y)) / len(y)


def test_B6_an_mlp_with_a_linear_last_layer_fits_a_curve():
    assert curve_error([16, 16], epochs=100) < 0.01


def test_C11_the_fit_of_a_curve_improves_with_hidden_units():
    one, three, twelve = (curve_error([units]) for units in (1, 3, 12))
    assert one > 2.0 * three > 4.0 * twelve
    assert twelve < 0.02


# ---- C: training ------------------------------------------------------------------------------


def test_C2_the_loss_of_a_batch_is_the_mean_over_its_examples():
    model = nn.Neuron(1, None, seed=0)
    outputs = predict(model, LINE_X)
    history = fit(model, losses.squared_error, LINE_X, LINE_Y, optimizer=optim.SGD(lr=0.1), epochs=1)
    assert history.loss[0] == pytest.approx(sum(0.5 * (t - f) ** 2 for f, t in zip(outputs, LINE_Y)) / 5)


def test_C3_weight_decay_trains_as_the_prior_in_the_loss_does():
    decay, ends = 0.05, []
    for in_optimiser, in_loss in ((decay, 0.0), (0.0, decay)):
        model = nn.MLP(1, [3, 1], activation="tanh", seed=0)
        parameters = model.parameters()

        def loss(f, t):
            return losses.squared_error(f, t) + in_loss * losses.l2(parameters)

        fit(model, loss, LINE_X, LINE_Y, optimizer=optim.SGD(lr=0.05, weight_decay=in_optimiser), epochs=10)
        ends.append(numbers(model))
    assert ends[0] == pytest.approx(ends[1], rel=1e-11)


def test_C4_mini_batches_need_far_fewer_examples_for_the_same_loss():
    X, y = moons(60, seed=1)
    ends = {}
    for size in (60, 6):
        model = nn.MLP(2, [8, 1], activation="tanh", seed=0)
        ends[size] = fit(
            model, losses.bce_with_logits, X, y, optimizer=optim.SGD(lr=0.2), epochs=10, batch_size=size
        )
    assert ends[6].loss[-1] < 0.8 * ends[60].loss[-1]


def test_C5_all_zero_weights_keep_hidden_units_identical():
    spread = {}
    for start in ("zero", "random"):
        model = nn.MLP(2, [4, 1], activation="sigmoid", seed=0)
        if start == "zero":
            for parameter in model.parameters():
                parameter.data = 0.0
        fit(model, losses.bce_with_logits, CORNERS, AND, optimizer=optim.SGD(lr=0.5), epochs=30)
        assert any(numbers(model))
        spread[start] = len({tuple(numbers(neuron)) for neuron in model.layers[0].neurons})
    assert spread == {"zero": 1, "random": 4}


def first_layer_gradient(activation, init, depth):
    model = nn.MLP(4, [8] * depth + [1], activation=activation, init=init, seed=0)
    generator = random.Random(0)
    for _ in range(5):
        losses.squared_error(model([generator.gauss(0.0, 1.0) for _ in range(4)]), 1.0).backward()
    return math.hypot(*(p.grad for p in model.layers[0].parameters()))


def test_C6_sigmoid_stacks_lose_their_first_layers_gradient_with_depth():
    sigmoid = [first_layer_gradient("sigmoid", "xavier", depth) for depth in (1, 4, 8)]
    assert sigmoid[0] > 20.0 * sigmoid[1] > 400.0 * sigmoid[2]
    relu = [first_layer_gradient("relu", "he", depth) for depth in (1, 4, 8)]
    assert min(relu) > 0.05 * max(relu)


def test_C7_weight_decay_helps_on_held_out_data():
    generator = random.Random(2)

    def noisy(count):
        X = [[generator.gauss(0.0, 1.0) for _ in range(12)] for _ in range(count)]
        return X, [x[0] + generator.gauss(0.0, 0.7) for x in X]

    (X, y), (held_X, held_y) = noisy(14), noisy(200)
    train, held = {}, {}
    for decay in (0.0, 0.3):
        model = nn.Neuron(12, None, seed=0)
        fit(model, losses.mse, X, y, optimizer=optim.SGD(lr=0.05, weight_decay=decay), epochs=300)
        train[decay] = sum((f - t) ** 2 for f, t in zip(predict(model, X), y)) / 14
        held[decay] = sum((f - t) ** 2 for f, t in zip(predict(model, held_X), held_y)) / 200
    assert train[0.0] < 0.5 * train[0.3]
    assert held[0.3] < 0.7 * held[0.0]


def test_C8_a_frozen_transferred_hidden_part_stays_bit_identical():
    X, y = moons(20, seed=2)
    first = nn.MLP(2, [6, 1], activation="tanh", seed=0)
    fit(first, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.1), epochs=10)

    class Transferred(nn.Module):
        def __init__(self):
            self.hidden = first.layers[0].freeze()
            self.last = nn.Layer(6, 1, None, seed=3)

        def __call__(self, x):
            return self.last(self.hidden(x))

    model = Transferred()
    before, last = first.layers[0].unfreeze().state_dict(), numbers(model.last)
    first.layers[0].freeze()
    optimizer = optim.AdamW(lr=0.1, weight_decay=0.1)
    history = fit(model, losses.bce_with_logits, X, [1 - t for t in y], optimizer=optimizer, epochs=10)
    assert first.layers[0].state_dict() == before
    assert len(optimizer.parameters) == 7
    assert numbers(model.last) != last
    assert history.loss[-1] < history.loss[0]
