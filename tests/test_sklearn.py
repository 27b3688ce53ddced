"""The face of scikit-learn: its own checks of estimators, pipelines, searches, and what is shown."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy
import pandas
import polars
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from autograd_lite import datasets, nn
from autograd_lite.sklearn import MLPClassifier, MLPRegressor

ROOT = Path(__file__).parents[1]


@parametrize_with_checks([MLPClassifier(max_iter=50), MLPRegressor(max_iter=50)])
def test_the_checks_that_scikit_learn_has_for_estimators(estimator, check):
    check(estimator)


def test_a_pipeline_a_search_and_cross_validation():
    X, y = datasets.wine()
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=30, random_state=0))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.95
    sizes = {"mlpclassifier__hidden_layer_sizes": [(1,), (8,)]}
    search = GridSearchCV(pipeline, sizes, cv=3).fit(X, y)
    assert search.best_params_ == {"mlpclassifier__hidden_layer_sizes": (8,)}


def test_a_regression_with_scaled_targets_in_their_own_unit():
    X, y = datasets.diabetes()
    network = MLPRegressor((4,), max_iter=20, alpha=0.01, random_state=0)
    scaled = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    assert cross_val_score(scaled, X, y, cv=3).mean() > 0.4


@pytest.mark.parametrize("table", [pandas.DataFrame, polars.DataFrame, lambda columns: columns])
def test_tables_and_words_as_labels(table):
    X, y = datasets.moons(60, seed=0)
    named = table({"x": [x for x, _ in X], "y": [y for _, y in X]})
    words = [("left", "right")[label] for label in y]
    if isinstance(named, dict):
        named = X
    classifier = MLPClassifier(batch_size=8, max_iter=100, random_state=0).fit(named, words)
    assert classifier.classes_.tolist() == ["left", "right"]
    assert classifier.predict(named).tolist() == words
    assert numpy.allclose(classifier.predict_proba(named).sum(axis=1), 1.0)
    assert type(classifier.model_) is nn.MLP and len(classifier.history_) == classifier.n_iter_ == 100


def test_targets_of_several_numbers_keep_their_shape():
    X = numpy.random.default_rng(0).normal(size=(60, 2))
    for y in (X[:, 0], X[:, :1], X @ [[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]):
        network = MLPRegressor((), learning_rate_init=0.1, max_iter=100, random_state=0).fit(X, y)
        assert network.predict(X).shape == y.shape
        assert network.score(X, y) > 0.99


def test_the_same_random_state_gives_the_same_network_and_a_pickle_predicts_the_same():
    X, y = datasets.blobs(60, seed=0)
    one, other = (MLPClassifier(max_iter=5, random_state=3).fit(X, y) for _ in range(2))
    again = pickle.loads(pickle.dumps(one))
    assert (one.predict_proba(X) == other.predict_proba(X)).all()
    assert (one.predict_proba(X) == again.predict_proba(X)).all()
    assert (
        one.predict_proba(X) != MLPClassifier(max_iter=5, random_state=4).fit(X, y).predict_proba(X)
    ).any()


def test_a_class_alone_is_refused():
    with pytest.raises(ValueError, match="two classes or more, got one class"):
        MLPClassifier().fit([[0.0], [1.0]], ["a", "a"])


def test_only_the_face_of_scikit_learn_imports_it():
    program = (
        "import sys, autograd_lite as ag; ag.training, ag.metrics, ag.preprocess, ag.plot, ag.datasets; "
        "assert 'sklearn' not in sys.modules; print(ag.sklearn.MLPRegressor.__name__)"
    )
    shown = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT, timeout=60)
    assert shown == "MLPRegressor\n"
