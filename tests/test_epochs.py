"""The order of an epoch, and how compiled steps come by their rows."""

from __future__ import annotations

import random

import numpy
import pytest

from autograd_lite import Value, fit, losses, nn, optim
from autograd_lite.training import columns

DRAW = random.Random(5)
ROWS = [[DRAW.gauss(0.0, 1.0) for _ in range(3)] for _ in range(70)]
TARGETS = [DRAW.gauss(0.0, 1.0) for _ in ROWS]


def numbers_after(**settings):
    """Train, and list the losses and the parameters."""
    model = nn.MLP(3, [4, 1], activation="tanh", seed=0)
    chosen = {"X": ROWS, "y": TARGETS, "optimizer": optim.SGD(lr=0.1), "epochs": 3, **settings}
    history = fit(model, losses.mse, **chosen)
    expected = "eager" if settings.get("compiled") is False else "compiled"
    assert history.engine.startswith(expected)
    return [*history.loss, *(parameter.data for parameter in model.parameters())]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("size", [None, 70, 1000])
def test_one_batch_is_taken_in_order(compiled, size):
    found = numbers_after(compiled=compiled, batch_size=size, shuffle=True)
    assert found == numbers_after(compiled=compiled, batch_size=size, shuffle=False)


class Recording(nn.Module):
    """Writes down which example it is called with."""

    def __init__(self, seen):
        self.w, self.seen = Value(1.0), (seen,)

    def __call__(self, x):
        self.seen[0].append(int(x[0]))
        return self.w * x[0]


def test_batches_come_in_the_order_of_the_seed():
    """Checkpoints count on it: ``random.Random(seed)`` shuffles the rows anew for each epoch."""
    shuffler, seen, expected = random.Random(3), [], []
    X, y = [[float(n)] for n in range(7)], [0.0] * 7
    settings = {"optimizer": optim.SGD(lr=1e-9), "epochs": 2, "batch_size": 3, "seed": 3, "compiled": False}
    fit(Recording(seen), losses.mse, X, y, **settings)
    for _ in range(2):
        order = [*range(7)]
        shuffler.shuffle(order)
        expected += order
    assert seen[-14:] == expected


@pytest.mark.parametrize("at_once", [1, 200, 2**20])
@pytest.mark.parametrize("form", ["lists", "arrays", "lengths"])
def test_rows_put_in_order_together_are_those_one_by_one(monkeypatch, at_once, form):
    X, y = (numpy.array(ROWS), numpy.array(TARGETS)) if form == "arrays" else (ROWS, TARGETS)
    settings = {"X": X, "y": y, "batch_size": 16, "validation": 0.2}
    if form == "lengths":
        settings |= {"X": [(row, row[:2])[n % 2] for n, row in enumerate(ROWS)]}
        weighted = lambda self, x: sum(self.parameters()[0] * each for each in x)
        monkeypatch.setattr(nn.MLP, "__call__", weighted)
    expected = numbers_after(compiled=False, **settings)
    monkeypatch.setattr(columns, "AT_ONCE", at_once)
    assert numbers_after(compiled=True, **settings) == pytest.approx(expected, rel=1e-12)
