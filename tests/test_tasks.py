"""Ordinary tasks, each in a few lines, each judged on the quarter that it was not trained on."""

from pathlib import Path

import pytest

from autograd_lite import accuracy, datasets, fit, losses, metrics, nn, optim, predict, predict_class
from autograd_lite.preprocess import Standardize


def test_iris():
    X, y, test_X, test_y = datasets.split(*datasets.iris(), fraction=0.25, seed=0)
    model = nn.MLP(4, [8, 3], init="he", seed=0)
    fit(model, losses.cross_entropy, X, y, optimizer=optim.Adam(lr=0.01), epochs=100, batch_size=32)
    assert accuracy(predict(model, test_X), test_y) > 0.97


def test_wine():
    X, y, test_X, test_y = datasets.split(*datasets.wine(), fraction=0.25, seed=0)
    scaler = Standardize().fit(X)
    model = nn.MLP(13, [8, 3], init="he", seed=0)
    X, test_X = scaler.transform(X), scaler.transform(test_X)
    fit(model, losses.cross_entropy, X, y, optimizer=optim.Adam(lr=0.01), epochs=30, batch_size=32)
    assert accuracy(predict(model, test_X), test_y) > 0.97


def test_digits():
    X, y, test_X, test_y = datasets.split(*datasets.digits(), fraction=0.25, seed=0)
    model = nn.MLP(64, [32, 10], init="he", seed=0)
    fit(model, losses.cross_entropy, X, y, optimizer=optim.Adam(lr=0.01), epochs=20, batch_size=32)
    confusion = metrics.confusion_matrix(predict_class(model, test_X), test_y)
    assert sum(confusion[k][k] for k in range(10)) / len(test_y) > 0.96


def test_moons():
    X, y, test_X, test_y = datasets.split(*datasets.moons(400), fraction=0.25, seed=0)
    model = nn.MLP(2, [16, 16, 1], init="he", seed=0)
    fit(model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.01), epochs=50, batch_size=32)
    assert accuracy(predict(model, test_X), test_y) > 0.99


def test_spirals_of_three_classes():
    X, y, test_X, test_y = datasets.split(*datasets.spirals(600), fraction=0.25, seed=0)
    model = nn.MLP(2, [16, 16, 3], activation="tanh", init="xavier", seed=0)
    fit(model, losses.cross_entropy, X, y, optimizer=optim.Adam(lr=0.02), epochs=100, batch_size=32)
    assert accuracy(predict(model, test_X), test_y) > 0.99


@pytest.mark.parametrize("seed", range(5))
def test_xor(seed):
    X, y = datasets.xor()
    model = nn.MLP(2, [8, 1], activation="tanh", init="xavier", seed=seed)
    fit(model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.1), epochs=100)
    assert predict_class(model, X) == y


def test_diabetes():
    X, y, test_X, test_y = datasets.split(*datasets.diabetes(), fraction=0.25, seed=0)
    scaler, targets = Standardize().fit(X), Standardize().fit(y)
    X, y, test_X = scaler.transform(X), targets.transform(y), scaler.transform(test_X)
    model = nn.MLP(10, [4, 1], activation="tanh", init="xavier", seed=0)
    fit(model, losses.mse, X, y, optimizer=optim.AdamW(lr=0.01, weight_decay=1.0), epochs=60, batch_size=32)
    assert metrics.r2(targets.inverse(predict(model, test_X)), test_y) > 0.45  # a line has 0.47


def test_each_task_takes_ten_lines_at_most():
    tasks = Path(__file__).read_text().split("\n\n\n")[1:]
    assert all(len(task.strip().splitlines()) <= 10 for task in tasks)
