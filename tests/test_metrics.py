"""Metrics, classes and probabilities, and data made ready: beside scikit-learn, and what they refuse."""

import math

import numpy
import pandas
import polars
import pytest
import sklearn.metrics
import sklearn.preprocessing
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite
from autograd_lite import Value, datasets, fit, losses, metrics, nn, optim, predict
from autograd_lite.preprocess import LabelEncoder, Standardize, one_hot
from autograd_lite.training import predict_class, predict_proba

KINDS = [list, tuple, numpy.array, pandas.Series, polars.Series, lambda y: numpy.array(y)[:, None]]
LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)
NUMBERS = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(pairs=LABELS, words=st.booleans(), kind=st.sampled_from(KINDS))
def test_confusion_and_scores_are_those_of_scikit_learn(pairs, words, kind):
    pairs = [tuple("abcd"[k] for k in pair) for pair in pairs] if words else pairs
    found, true = map(list, zip(*pairs))
    expected = sklearn.metrics.confusion_matrix(true, found, labels=sorted({*found, *true})).tolist()
    assert metrics.confusion_matrix(kind(found), kind(true)) == expected
    for positive in (None, *{*found, *true}):
        setting = {"average": "macro"} if positive is None else {"average": None, "labels": [positive]}
        scores = sklearn.metrics.precision_recall_fscore_support(true, found, zero_division=0.0, **setting)
        scores = [numpy.ravel(score)[0] for score in scores[:3]]
        assert metrics.precision_recall_f1(kind(found), kind(true), positive) == pytest.approx(tuple(scores))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=20), st.sampled_from(KINDS))
def test_r2_is_that_of_scikit_learn(pairs, kind):
    outputs, targets = map(list, zip(*pairs))
    expected = sklearn.metrics.r2_score(targets, outputs)
    assert metrics.r2(kind(outputs), kind(targets)) == pytest.approx(expected)
    both = sklearn.metrics.r2_score(pairs, pairs[::-1])
    assert metrics.r2(pairs[::-1], pandas.DataFrame(pairs)) == pytest.approx(both)


def test_r2_of_targets_that_do_not_vary():
    assert [metrics.r2(outputs, [1.0, 1.0]) for outputs in ([1.0, 1.0], [1.0, 2.0])] == [1.0, 0.0]


def test_a_confusion_matrix_with_classes_in_the_order_wanted():
    assert metrics.confusion_matrix([0, 1], [0, 0], classes=[2, 1, 0]) == [[0, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert metrics.accuracy is autograd_lite.accuracy


BAD_METRICS = {
    "logits": (lambda: metrics.confusion_matrix([[0.1, 2.0]], [1]), TypeError, "predict_class makes classes"),
    "Values": (lambda: metrics.confusion_matrix([Value(1.0)], [1]), TypeError, "predict_class makes classes"),
    "nan": (
        lambda: metrics.confusion_matrix([math.nan], [1]),
        TypeError,
        "a whole number or a word, got nan",
    ),
    "lengths": (lambda: metrics.precision_recall_f1([1], [1, 0]), ValueError, "got 2 and 1"),
    "nothing": (lambda: metrics.confusion_matrix([], []), ValueError, "at least one"),
    "no list": (lambda: metrics.confusion_matrix("ab", [1, 2]), TypeError, "predicted is a list or an array"),
    "a strange class": (lambda: metrics.confusion_matrix([3], [1], [0, 1]), ValueError, "3 is none of"),
    "no positive": (
        lambda: metrics.precision_recall_f1([1], [0], 2),
        ValueError,
        "one of the classes .0, 1.",
    ),
    "r2 of one": (lambda: metrics.r2([1.0], [1.0]), ValueError, "two outputs or more"),
    "r2 of rows": (lambda: metrics.r2([[1.0, 2.0], [1.0, 2.0]], [1.0, 2.0]), ValueError, "of the same form"),
    "r2 of words": (lambda: metrics.r2(["a", "b"], [1.0, 2.0]), TypeError, "outputs are numbers"),
}


@pytest.mark.parametrize(("call", "kind", "said"), BAD_METRICS.values(), ids=BAD_METRICS)
def test_what_cannot_be_measured_is_refused(call, kind, said):
    with pytest.raises(kind, match=said):
        call()


# ---- Classes and probabilities --------------------------------------------------------------------


@pytest.mark.parametrize("count", [5, 300])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_classes_are_the_most_probable_ones(count, outputs):
    X = numpy.random.default_rng(0).normal(size=(count, 2))
    model = nn.MLP(2, [4, outputs], seed=1)
    probabilities, classes = predict_proba(model, X), predict_class(model, X)
    logits = numpy.array(predict(model, X)).reshape(count, -1)
    logits = numpy.hstack([0 * logits, logits]) if outputs == 1 else logits
    expected = numpy.exp(logits) / numpy.exp(logits).sum(axis=1, keepdims=True)
    assert numpy.allclose(probabilities, expected, rtol=1e-12)
    assert classes == expected.argmax(axis=1).tolist()
    assert {*map(type, classes)} == {int} and type(probabilities[0]) is list
    same = nn.MLP(2, [4, outputs], output="sigmoid" if outputs == 1 else "softmax", seed=1)
    assert numpy.allclose(predict_proba(same, X), probabilities, rtol=1e-12)
    assert predict_class(same, X) == classes


def test_a_model_without_layers_gives_logits():
    for model in (lambda x: Value(x), nn.Neuron(1, activation=None, seed=0), lambda x: [Value(x)]):
        assert predict_class(model, []) == predict_proba(model, []) == []
    assert predict_class(lambda x: [Value(x)], [0.2, -0.2]) == [1, 0]
    assert predict_proba(nn.Neuron(1, activation="sigmoid", seed=0), [[0.0]]) == [[0.5, 0.5]]
    assert predict_proba(lambda x: Value(x), [-1000.0, 1000.0]) == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("output", [math.nan, [math.nan, 1.0], [[1.0], [2.0]], [], None, "a"])
@pytest.mark.parametrize("ask", [predict_class, predict_proba])
def test_an_output_that_tells_no_class_is_refused(ask, output):
    with pytest.raises(ValueError, match="a classifier gives a number or a list of numbers"):
        ask(lambda x: output, [0.0])


# ---- Data made ready --------------------------------------------------------------------------------

ROWS = st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=10)


@given(ROWS, ROWS)
def test_standardized_numbers_are_those_of_scikit_learn(X, other):
    ours, theirs = Standardize().fit(X), sklearn.preprocessing.StandardScaler().fit(X)
    assert numpy.allclose([scale.data for scale in ours.scale], theirs.scale_)
    assert numpy.allclose(ours.transform(other), theirs.transform(other))
    assert numpy.allclose(ours.inverse(ours.transform(other)), other)
    assert numpy.allclose([[y.data for y in ours(x)] for x in other], ours.transform(other), rtol=1e-15)


@pytest.mark.parametrize("kind", [*KINDS, numpy.float32])
def test_targets_alone_are_standardized_too(kind):
    y = [3.0, 5.0, 10.0]
    scaler = Standardize().fit(kind(y))
    scaled = numpy.ravel(scaler.transform(kind(y)))
    assert numpy.allclose(scaled, (numpy.array(y) - 6.0) / numpy.std(y))
    assert scaler.inverse(scaled.tolist()) == pytest.approx(y)
    assert scaler(Value(6.0)).data == 0.0
    assert scaler.transform([]) == scaler.inverse([]) == []


@pytest.mark.parametrize("number", [50.0, 0.1, 1e300, -1e-300])
def test_a_feature_that_does_not_vary_is_only_shifted(number):
    scaler = Standardize().fit([[number]] * 7)
    assert scaler.scale[0].data == 1.0
    assert scaler.transform([[number]])[0][0] == pytest.approx(0.0, abs=2e-16 * abs(number))


class Scaled(nn.Module):
    def __init__(self, scaler):
        self.scaler, self.network = scaler, nn.MLP(2, [3, 1], seed=0)

    def __call__(self, x):
        return self.network(self.scaler(x))


@pytest.mark.parametrize("compiled", [True, False])
def test_a_model_is_saved_with_its_scale_which_is_not_trained(tmp_path, compiled):
    X, y = datasets.moons(40, seed=0)
    X = [[1000.0 + 50.0 * a, b / 1000.0] for a, b in X]
    model = Scaled(Standardize().fit(X))
    assert len(model.parameters()) == len(model.network.parameters())
    before = model.scaler.state_dict()
    fit(model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.1), epochs=5, compiled=compiled)
    assert model.scaler.state_dict() == before and set(before) == {"mean.0", "mean.1", "scale.0", "scale.1"}
    model.save(tmp_path / "model.json")
    again = Scaled(Standardize(2))
    again.load(tmp_path / "model.json")
    assert predict(again, X) == predict(model, X)


def test_labels_are_numbered_as_by_scikit_learn():
    for labels in (["dog", "cat", "dog"], [3, 1, 3], [2.5, 0.5, 2.5], [True, False, True]):
        for kind in KINDS:
            ours, theirs = LabelEncoder().fit(kind(labels)), sklearn.preprocessing.LabelEncoder().fit(labels)
            assert ours.classes == theirs.classes_.tolist()
            assert ours.transform(kind(labels)) == theirs.transform(labels).tolist()
            assert ours.inverse(numpy.array(ours.transform(labels))) == labels
    given_order = LabelEncoder(["small", "large"])
    assert given_order.transform(["large", "small"]) == [1, 0]
    assert repr(given_order) == "LabelEncoder(['small', 'large'])"


@given(st.lists(st.integers(0, 5), min_size=1), st.booleans())
def test_one_hot_rows_are_those_of_scikit_learn(labels, words):
    labels = ["abcdef"[k] for k in labels] if words else labels
    classes = [*"abcdef"] if words else 6
    categories = [[*"abcdef"] if words else [*range(6)]]
    theirs = sklearn.preprocessing.OneHotEncoder(categories=categories, sparse_output=False)
    expected = theirs.fit_transform(numpy.array(labels, object if words else int)[:, None]).tolist()
    assert one_hot(labels, classes) == expected
    for kind in KINDS:
        assert one_hot(kind(labels), classes) == expected


def test_one_hot_finds_the_classes():
    assert one_hot([]) == []
    assert one_hot([1.0, 0.0]) == one_hot([True, False]) == [[0.0, 1.0], [1.0, 0.0]]
    assert one_hot([30, 10], [10, 20, 30]) == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


BAD_DATA = {
    "not fitted": (
        lambda: Standardize().transform([[1.0]]),
        RuntimeError,
        r"call fit\(X\), or give the width",
    ),
    "not fitted, called": (lambda: Standardize()([1.0]), RuntimeError, "knows no mean yet"),
    "no rows": (lambda: Standardize().fit([]), ValueError, "rows of as many numbers"),
    "empty rows": (lambda: Standardize().fit([[], []]), ValueError, "rows of as many numbers"),
    "rows of two lengths": (lambda: Standardize().fit([[1.0], [1.0, 2.0]]), ValueError, r"got \[1, 2\]"),
    "another width": (lambda: Standardize(2).fit([[1.0]]), ValueError, "rows of 2 numbers each"),
    "nan": (
        lambda: Standardize().fit([[1.0], [math.nan]]),
        ValueError,
        "example 1 holds a number that is inf",
    ),
    "a width of 0": (lambda: Standardize(0), ValueError, "width is a whole number of at least 1"),
    "words": (lambda: Standardize().fit([["a"]]), TypeError, r"preprocess\.LabelEncoder\(\)"),
    "another word": (lambda: LabelEncoder(["a"]).transform(["b"]), ValueError, "'b' is none of the classes"),
    "a class twice": (lambda: LabelEncoder(["a", "a"]), ValueError, "each class once"),
    "no labels": (lambda: LabelEncoder().fit([]), ValueError, "no labels"),
    "a missing label": (lambda: LabelEncoder().fit(["a", None]), ValueError, "label 1 is missing"),
    "a missing number": (lambda: LabelEncoder().fit([math.nan, 1.0]), ValueError, "label 0 is missing"),
    "labels of two types": (lambda: LabelEncoder().fit(["a", 1]), TypeError, r"give LabelEncoder\(classes\)"),
    "a number too large": (lambda: LabelEncoder(["a"]).inverse([1]), ValueError, "from 0 to 0, got 1"),
    "a number from the end": (lambda: LabelEncoder(["a"]).inverse([-1]), ValueError, "from 0 to 0, got -1"),
    "half a class": (lambda: one_hot([0.5]), ValueError, "a whole number from 0, got 0.5"),
    "a class too large": (lambda: one_hot([3], 3), ValueError, "from 0 to 2, got 3"),
    "one-hot rows": (lambda: one_hot([[0, 1], [1, 0]]), TypeError, "cannot compute with"),
}


@pytest.mark.parametrize(("call", "kind", "said"), BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_cannot_be_made_ready_are_refused(call, kind, said):
    with pytest.raises(kind, match=said):
        call()
