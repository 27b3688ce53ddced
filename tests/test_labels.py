"""Targets in the forms that people have them, eager and compiled; what is said of those that do not fit."""

import math
import random
import warnings

import numpy
import pytest

from autograd_lite import Value, compile, fit, grad, log_sigmoid, losses, nn, optim, predict, sigmoid, softmax
from autograd_lite.core import ieee

K = 3


def outputs_for(numbers):
    return [Value(number) for number in numbers]


# ---- Forms of targets ---------------------------------------------------------------------

ROWS = {
    "list": lambda label: [label],
    "tuple": lambda label: (label,),
    "array": lambda label: numpy.array([label]),
    "array of float32": lambda label: numpy.array([label], numpy.float32),
}
ONE_OUTPUT = {
    "bce_with_logits": (losses.bce_with_logits, 1),
    "binary_cross_entropy": (losses.binary_cross_entropy, 1),
    "hinge": (losses.hinge, -1),
    "focal": (losses.focal, 0),
    "squared_error": (losses.squared_error, 2),
    "huber": (losses.huber, 2),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize(("loss", "label"), ONE_OUTPUT.values(), ids=ONE_OUTPUT)
def test_a_row_of_one_label_is_the_label(loss, label, row):
    assert loss(Value(0.25), row(label)).data == loss(Value(0.25), label).data
    assert loss([Value(0.25)], row(label)).data == loss(Value(0.25), label).data


@pytest.mark.parametrize("row", list(ROWS.values())[:3], ids=list(ROWS)[:3])
@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.focal])
def test_a_row_of_one_class_is_the_class(loss, row):
    for k in range(K):
        assert loss(outputs_for([1.0, 2.0, 0.5]), row(k)).data == loss(outputs_for([1.0, 2.0, 0.5]), k).data


@pytest.mark.parametrize("kind", [int, float, bool, numpy.float32, numpy.int64])
def test_a_one_hot_row_is_its_class(kind):
    logits = outputs_for([1.0, -2.0, 0.5])
    for k in range(K):
        row = [kind(place == k) for place in range(K)]
        for hot in (row, numpy.array(row)):
            one, other = losses.cross_entropy(logits, hot), losses.cross_entropy(logits, k)
            assert one.data == pytest.approx(other.data, rel=1e-15)
            assert grad(one, logits) == pytest.approx(grad(other, logits), rel=1e-14, abs=1e-16)


X = [[x / 21 - 1.0, (x * 11 % 42) / 21 - 1.0] for x in range(42)]
CLASSES = [int(a > 0.0) + int(b > 0.0) for a, b in X]
SHARES = [[0.5 * a * a, 0.5 * b * b, 1.0 - 0.5 * a * a - 0.5 * b * b] for a, b in X]
WEIGHTS = [0.5, 2.0, 1.0]
COMPILED = {
    "classes in rows": (losses.cross_entropy, 3, numpy.array(CLASSES)[:, None]),
    "labels in rows": (losses.bce_with_logits, 1, numpy.array([[k // 2] for k in CLASSES])),
    "one-hot": (losses.cross_entropy, 3, numpy.eye(3, dtype=int)[CLASSES]),
    "probabilities": (losses.cross_entropy, 3, SHARES),
    "several labels": (
        lambda z, y: losses.bce_with_logits(z, y, pos_weight=WEIGHTS),
        3,
        [[int(a > 0), int(b > 0), int(a > b)] for a, b in X],
    ),
    "weighted": (lambda z, k: losses.cross_entropy(z, k, weight=WEIGHTS), 3, CLASSES),
    "smoothed": (lambda z, k: losses.cross_entropy(z, k, label_smoothing=0.1), 3, CLASSES),
    "smoothed, weighted probabilities": (
        lambda z, p: losses.cross_entropy(z, p, label_smoothing=0.1, weight=WEIGHTS),
        3,
        SHARES,
    ),
    "without a class": (lambda z, k: losses.cross_entropy(z, k, ignore_index=1), 3, CLASSES),
    "weighted, with padding": (
        lambda z, k: losses.cross_entropy(z, k, ignore_index=3, weight=WEIGHTS, label_smoothing=0.1),
        3,
        [k if k < 2 else 3 for k in CLASSES],
    ),
    "with padding": (
        lambda z, k: losses.cross_entropy(z, k, ignore_index=-100),
        3,
        [k if k < 2 else -100 for k in CLASSES],
    ),
    "kl_divergence": (losses.kl_divergence, 3, SHARES),
    "focal": (losses.focal, 1, [k // 2 for k in CLASSES]),
    "focal of classes": (losses.focal, 3, CLASSES),
    "huber": (losses.huber, 2, [[3.0 * a, a * b] for a, b in X]),
    "l1": (losses.l1, 2, [[3.0 * a, a * b] for a, b in X]),
}


@pytest.mark.parametrize(("loss", "count", "y"), COMPILED.values(), ids=COMPILED)
def test_compiled_trainings_go_as_eager_ones(loss, count, y):
    ends, engines = [], []
    for compiled in (True, False):
        model = nn.MLP(2, [4, count], "tanh", seed=0)
        history = fit(
            model, loss, X, y, optimizer=optim.SGD(lr=0.1), epochs=3, batch_size=14, compiled=compiled
        )
        ends.append([*history.loss, *model.state_dict().values()])
        engines.append(history.engine)
    assert engines == ["compiled", "eager: as asked for"]
    assert ends[0] == pytest.approx(ends[1], rel=1e-10, abs=1e-14)


def test_an_ignored_class_costs_nothing_and_moves_nothing():
    for ignored in (1, -100, -1, 2, 7):
        logits = outputs_for([1.0, math.inf, 0.5])
        loss = losses.cross_entropy(logits[:1] + logits[2:], ignored, ignore_index=ignored)
        assert loss.data == 0.0 and grad(loss, [logits[0], logits[2]]) == [0.0, 0.0]


# ---- What is related to what ----------------------------------------------------------------


def numbers(count=K, seed=0):
    generator = random.Random(seed)
    return [generator.uniform(-3.0, 3.0) for _ in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_divergence_is_cross_entropy_less_the_entropy(seed):
    z, p = outputs_for(numbers(seed=seed)), softmax(numbers(seed=seed + 10))
    divergence = losses.kl_divergence(z, p).data
    entropy = -sum(share * math.log(share) for share in p)
    assert divergence > 0.0
    assert divergence == pytest.approx(losses.cross_entropy(z, p).data - entropy, rel=1e-12)
    same = losses.kl_divergence(z, [share.data for share in softmax(z)])
    assert same.data == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("z", [-40.0, -1.0, 0.0, 2.0, 40.0, 1000.0, -1000.0])
@pytest.mark.parametrize("y", [0, 1])
def test_focal_without_focus_is_the_log_loss(z, y):
    assert losses.focal(Value(z), y, gamma=0.0).data == losses.bce_with_logits(Value(z), y).data
    one, other = Value(z), Value(z)
    slopes = grad(losses.focal(one, y), one), grad(losses.bce_with_logits(other, y), other)
    assert all(map(math.isfinite, slopes)) and abs(slopes[0]) <= 2.0 * abs(slopes[1])


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("d", [0.0, 0.3, -0.5, 1.0, -3.0, 100.0, 1e200])
def test_huber_is_squared_error_near_and_absolute_error_far(d, delta):
    f = Value(d)
    loss = losses.huber(f, 0.0, delta=delta)
    near = abs(d) <= delta
    expected = 0.5 * d * d if near else delta * (abs(d) - 0.5 * delta)
    assert loss.data == pytest.approx(expected, rel=1e-15)
    assert grad(loss, f) == pytest.approx(d if near else math.copysign(delta, d), rel=1e-15)


# ---- What is refused ----------------------------------------------------------------------

THREE = outputs_for([0.0] * K)
REFUSED = {
    "a string": (TypeError, lambda: losses.cross_entropy(THREE, "cat"), r"number the names.*names\.index"),
    "a float": (TypeError, lambda: losses.cross_entropy(THREE, 0.0), r"write int\(0\.0\).*astype\(int\)"),
    "half a class": (TypeError, lambda: losses.cross_entropy(THREE, 0.5), r"from 0 to 2, got 0\.5$"),
    "neither class nor ignored": (
        ValueError,
        lambda: losses.cross_entropy(THREE, 4, ignore_index=5),
        "from 0 to 2, got 4",
    ),
    "too few": (ValueError, lambda: losses.cross_entropy(THREE, [0, 1]), "a class or 3 probab.*got 2 num"),
    "no sum": (ValueError, lambda: losses.cross_entropy(THREE, [0, 1, 1]), "add up to 1"),
    "negative": (ValueError, lambda: losses.cross_entropy(THREE, [-1, 1, 1]), "at least 0"),
    "nan": (ValueError, lambda: losses.cross_entropy(THREE, [math.nan, 1, 0]), "at least 0"),
    "a class of kl": (ValueError, lambda: losses.kl_divergence(THREE, 2), "takes 3 probabilities"),
    "one logit of kl": (ValueError, lambda: losses.kl_divergence(THREE[:1], [1.0]), "at least two"),
    "an array's word": (
        TypeError,
        lambda: losses.cross_entropy(THREE, numpy.str_("cat")),
        "number the names",
    ),
    "a word as a label": (
        TypeError,
        lambda: losses.bce_with_logits(Value(0.0), numpy.str_("yes")),
        "number the names",
    ),
    "a label in words": (TypeError, lambda: losses.bce_with_logits(Value(0.0), "yes"), "number the names"),
    "one-hot for one": (ValueError, lambda: losses.bce_with_logits(Value(0.0), [0, 1]), "take cross_entropy"),
    "shares for focal": (ValueError, lambda: losses.focal(THREE, [0.5, 0.5, 0.0]), "a class from 0 to 2"),
    "half for focal": (ValueError, lambda: losses.focal(Value(0.0), 0.5), "label of focal is 0 or 1"),
    "class for focal": (ValueError, lambda: losses.focal(THREE, 3), "from 0 to 2"),
    "gamma": (ValueError, lambda: losses.focal(Value(0.0), 1, gamma=-1.0), "gamma is at least 0"),
    "alpha": (ValueError, lambda: losses.focal(Value(0.0), 1, alpha=2.0), "alpha from 0 to 1"),
    "alpha of classes": (ValueError, lambda: losses.focal(THREE, 1, alpha=0.5), "leave it out"),
    "delta": (ValueError, lambda: losses.huber(Value(0.0), 1.0, delta=0.0), "delta is a positive"),
    "smoothing": (ValueError, lambda: losses.cross_entropy(THREE, 1, label_smoothing=2.0), "from 0 to 1"),
    "weights": (ValueError, lambda: losses.cross_entropy(THREE, 1, weight=[1.0]), "weight is 3 numbers"),
    "bad weight": (
        ValueError,
        lambda: losses.bce_with_logits(Value(0.0), 1, pos_weight=-1.0),
        "pos_weight is 1 numbers of at least 0",
    ),
}


@pytest.mark.parametrize(("error", "make", "said"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_named(error, make, said):
    with pytest.raises(error, match=said):
        make()


# ---- Probabilities where logits belong -----------------------------------------------------

PROBABILITIES = {
    "sigmoid": lambda z: sigmoid(z[0]),
    "a layer of one": lambda z: nn.Layer(3, 1, "sigmoid", seed=0)(z),
    "softmax": softmax,
    "sigmoids": lambda z: [sigmoid(each) for each in z],
    "a layer": lambda z: nn.Layer(3, 3, "softmax", seed=0)(z),
    "an mlp": lambda z: nn.MLP(3, [4, 3], output="softmax", seed=0)(z),
}
LOGITS = {
    "linear": lambda z: z,
    "a leaf": lambda z: [*map(Value, (0.0, 0.5, 1.0))],
    "log of softmax": lambda z: [share.log() for share in softmax(z)],
    "a scaled softmax": lambda z: [5.0 * share for share in softmax(z)],
    "log_sigmoid": lambda z: [*map(log_sigmoid, z)],
    "quotients": lambda z: [each / 2.0 for each in z],
    "quotients of one sum": lambda z: [each / sum(z) for each in z],
    "one sigmoid of three": lambda z: [sigmoid(z[0]), *z[1:]],
    "half a softmax": lambda z: softmax(z)[:2],
    "a softmax in another order": lambda z: softmax(z)[::-1],
    "relu": lambda z: [each.relu() for each in z],
}


def losses_of(outputs):
    """Compute each loss that takes logits."""
    if isinstance(outputs, Value):
        losses.bce_with_logits(outputs, 1)
        losses.focal(outputs, 1)
    else:
        losses.bce_with_logits(outputs, [1] * len(outputs))
        losses.cross_entropy(outputs, 1)
        losses.kl_divergence(outputs, [1.0] + [0.0] * (len(outputs) - 1))
        losses.focal(outputs, 1)


@pytest.fixture
def nothing_said(monkeypatch):
    """Forget which lines a warning was given of."""
    monkeypatch.setattr(ieee, "_SAID", set())


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("name", PROBABILITIES)
def test_a_probability_for_a_loss_that_takes_logits_is_noticed_once(name):
    outputs = PROBABILITIES[name](outputs_for([0.5, -1.0, 2.0]))
    word = "sigmoid" if name in ("sigmoid", "a layer of one", "sigmoids") else "softmax"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            losses_of(outputs)
    said = [str(each.message) for each in caught]
    assert len(said) == (2 if isinstance(outputs, Value) else 4)
    assert all("takes logits and applies the s" in each and f"the output of {word}:" in each for each in said)


@pytest.mark.parametrize("name", LOGITS)
def test_logits_are_not_taken_for_probabilities(name):
    outputs = LOGITS[name](outputs_for([0.5, -1.0, 2.0]))
    losses_of(outputs)  # a warning would be an error


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("loss", "count", "last"), [
    (losses.bce_with_logits, 1, "sigmoid"), (losses.cross_entropy, 3, "softmax"),
])  # fmt: skip
def test_fit_notices_it_once(loss, count, last, compiled):
    model = nn.MLP(2, [3, count], output=last, seed=0)
    y = [k // 2 for k in CLASSES] if count == 1 else CLASSES
    with pytest.warns(UserWarning, match=f"takes logits .* output of {last}: leave out") as caught:
        fit(model, loss, X, y, optimizer=optim.SGD(lr=0.1), epochs=3, compiled=compiled)
    assert len(caught) == 1
    assert len(predict(model, X)) == len(X)


def test_a_sigmoid_belongs_to_binary_cross_entropy():
    losses.binary_cross_entropy(sigmoid(Value(0.5)), 1)
    program = compile(lambda x: losses.binary_cross_entropy(sigmoid(x * Value(0.5)), 1), [])
    assert program(1.0) == pytest.approx(math.log1p(math.exp(-0.5)))
