"""Rows of a batch that are run some at a time give what they give together."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from autograd_lite import Value, compile, maximum, nn, optim, pick
from autograd_lite.compiler import specialization

GENERATOR = np.random.default_rng(5)
X, Y = GENERATOR.normal(size=(1000, 3)), GENERATOR.normal(size=1000)


@pytest.fixture
def model():
    return nn.MLP(3, [8, 1], activation="tanh", seed=1)


def squared(model):
    return lambda x, y: (model(x) - y) ** 2


def some_at_a_time(monkeypatch):
    for name in ("IN_CACHES", "PER_LINE", "PER_PARAMETER"):
        monkeypatch.setattr(specialization, name, 0)


@pytest.mark.parametrize("rows", [63, 64, 65, 128, 1000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_in_chunks_is_the_batch(model, monkeypatch, rows, dtype):
    exact = {"rel": 1e-12} if dtype == "float64" else {"rel": 1e-4, "abs": 1e-6}
    together = compile(squared(model), model, dtype=dtype)
    expected, results = together.mean_and_grad(X[:rows], Y[:rows]), together.map(X[:rows], Y[:rows])
    some_at_a_time(monkeypatch)
    program = compile(squared(model), model, dtype=dtype)
    mean, gradient = program.mean_and_grad(X[:rows], Y[:rows])
    assert program.cache.first().rows_at_once == 64
    assert mean == pytest.approx(expected[0], **exact)
    assert gradient == pytest.approx(expected[1], **exact)
    assert program.map(X[:rows], Y[:rows]) == pytest.approx(results, **exact)


def test_a_trainer_takes_the_same_steps_in_chunks(model, monkeypatch):
    def losses_of():
        copy = nn.MLP(3, [8, 1], activation="tanh", seed=1)
        trainer = compile(squared(copy), copy).trainer(optim.Adam(lr=0.01))
        return [trainer.step(X, Y) for _ in range(5)]

    expected = losses_of()
    some_at_a_time(monkeypatch)
    assert losses_of() == pytest.approx(expected, rel=1e-12)


def test_rows_that_take_another_way_run_eagerly_in_every_chunk(model, monkeypatch):
    def f(x, y):
        out = model(x)
        return out * 3.0 if x[0] > 2.0 else maximum(out, y)

    some_at_a_time(monkeypatch)
    program = compile(f, model)
    with pytest.warns(RuntimeWarning, match="comparisons came out otherwise"):
        found = program.map(X, Y)
    assert found == pytest.approx([f([*x], y).data for x, y in zip(X.tolist(), Y.tolist())], rel=1e-12)


def test_a_batch_of_many_rows_takes_little_memory(model):
    many = GENERATOR.normal(size=(100_000, 3)), GENERATOR.normal(size=100_000)
    program = compile(squared(model), model)
    program.mean_and_grad(X, Y)
    tracemalloc.start()
    try:
        program.mean_and_grad(*many)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10e6  # all at once it takes more than 50 MB


def test_an_index_is_refused_at_every_position_whatever_stands_beside_it():
    tables = [[Value(float(place)) for place in range(count)] for count in (2, 5)]
    parameters = [value for table in tables for value in table]
    program = compile(lambda i, j: pick(tables[0], i) * pick(tables[1], j), parameters, backend="numpy")
    trainer = program.trainer(optim.SGD(lr=0.125))
    assert trainer.step(np.array([0, 1]), np.array([4, 3])) == 1.5
    for i, j in [(2, 0), (0, 5), (-1, 0), (0, -1)]:
        with pytest.raises(IndexError, match="an index is a whole number from 0 to"):
            trainer.step(np.array([0, i]), np.array([0, j]))
    mixed = compile(lambda pair: pick(tables[1], pair[0]) * pair[1], parameters, backend="numpy")
    assert mixed.mean_and_grad([[1, 2.0], [1, 4.0]])[0] == 3.0
    with pytest.raises(IndexError, match="from 0 to 4, got 7"):
        mixed.mean_and_grad([[1, np.nan], [7, 1.0]])


def test_programs_that_cut_their_parameters_alike_share_the_optimisers_state(model):
    def losses_of(backend):
        copy = nn.MLP(3, [8, 1], activation="tanh", seed=1)
        program = compile(lambda rows: sum((copy(x) - 1.0) ** 2 for x in rows), copy, backend=backend)
        trainer = program.trainer(optim.Adam(lr=0.01))
        found = [trainer.step([X[:rows].tolist()]) for rows in (2, 5, 3, 2, 5)]
        trainer.write_back()
        return found, [parameter.data for parameter in copy.parameters()]

    for one, other in zip(losses_of("numpy"), losses_of("python")):
        assert one == pytest.approx(other, rel=1e-9)
