"""Training on floats: all rows of a batch in one call, and what happens where one of them needs more."""

from __future__ import annotations

import warnings
from collections import namedtuple

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile, exp, losses, nn, optim, pick
from autograd_lite.compiler.trainings import OnFloats

NUMBERS = st.floats(-3.0, 3.0)
Pair = namedtuple("Pair", "left right")


def trained(loss, parameters, columns, steps=2):
    """Take steps, and return the losses and the trainer."""
    trainer = compile(loss, parameters, backend="python").trainer(optim.SGD(lr=0.125))
    found = [trainer.step(*columns) for _ in range(steps)]
    trainer.write_back()
    return found, trainer


def eagerly(loss, parameters, columns, steps=2):
    optimizer, found = optim.SGD(parameters, lr=0.125), []
    for _ in range(steps):
        optimizer.zero_grad()
        outputs = [loss(*row) for row in zip(*columns)]
        for output in outputs:
            (output / len(outputs)).backward()
        found.append(sum(output.data for output in outputs) / len(outputs))
        optimizer.step()
    return found


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=6))
def test_rows_in_one_call_are_those_of_the_engine(rows):
    columns = [[[a, b] for a, b, _ in rows], [c for *_, c in rows]]
    found = []
    for train in (lambda *given: trained(*given)[0], eagerly):
        model = nn.MLP(2, [2, 1], activation="tanh", seed=0)
        losses_found = train(lambda x, y: losses.mse(model(x), y), model.parameters(), columns)
        found.append([*losses_found, *(parameter.data for parameter in model.parameters())])
    assert found[0] == pytest.approx(found[1], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "X",
    [
        [[1.0, 2.0], [3.0, 4.0]],
        [(1.0, 2.0), (3.0, 4.0)],
        [Pair(1.0, 2.0), Pair(3.0, 4.0)],
        [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}],
        [[[1.0], [2.0]], [[3.0], [4.0]]],
        [numpy.array([1.0, 2.0]), numpy.array([3.0, 4.0])],
        [[1, 2], [3, 4]],
        [[1.0, 2], [3.0, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        numpy.array([[1.0, 2.0], [3.0, 4.0]]),
        numpy.array([[1, 2], [3, 4]]),
    ],
    ids=str,
)
def test_rows_of_every_kind(X):
    """With w = 1: the mean of (1 + 2 * 2) w and (3 + 2 * 4) w is 8."""

    def loss(x, y):
        first, second = x.values() if isinstance(x, dict) else x
        first, second = (first[0], second[0]) if isinstance(first, list) else (first, second)
        return w * (first + 2.0 * second) * y

    w = Value(1.0)
    found, trainer = trained(loss, [w], (X, [1.0, 1.0]), steps=1)
    assert isinstance(trainer._training, OnFloats)
    assert (found, w.data) == ([8.0], 0.0)


@pytest.mark.parametrize("other", [[(3.0, 4.0)], [[3, 4]], [[3.0, 4.0, 0.0]], [[3.0, "a"]], [[3.0]]], ids=str)
def test_rows_that_are_not_as_they_were_traced(other):
    """The first row gives w, the second 3 w; lists are looked at before they are taken as they are."""

    def loss(x):
        return w * x[0]

    w = Value(1.0)
    trainer = compile(loss, [w], backend="python").trainer(optim.SGD(lr=0.125))
    assert trainer.step([[1.0, 2.0], [1.0, 2.0]]) == 1.0
    assert trainer.step([[1.0, 2.0], *other]) == 0.875 * 2.0
    trainer.write_back()
    assert w.data == 0.875 - 0.125 * 2.0


def test_a_row_whose_comparison_comes_out_otherwise():
    """|w x|: 2 and 3 at w = 1, with the slopes 2 and 3."""
    w = Value(1.0)
    with pytest.warns(RuntimeWarning, match="comparison"):
        found, _ = trained(lambda x: w * x if x > 0.0 else -(w * x), [w], ([2.0, -3.0],), steps=1)
    assert (found, w.data) == ([2.5], 1.0 - 0.125 * 2.5)


def test_a_row_that_Python_has_no_number_for():
    """exp(-exp(1000)) is 0 with the slope 0; Python's exp raises an error for 1000."""
    w = Value(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found, _ = trained(lambda x: w * exp(-exp(x)), [w], ([1000.0, 0.0],), steps=1)
    assert found == [pytest.approx(0.5 * 2.718281828459045**-1.0)]
    assert w.data == pytest.approx(1.0 - 0.125 * 0.5 * 2.718281828459045**-1.0)


def test_frozen_numbers_are_read_at_each_step():
    w, frozen = Value(1.0), Value(2.0)
    trainer = compile(lambda x: w * frozen * x, [w], backend="python").trainer(optim.SGD(lr=1e-300))
    found = [trainer.step([1.0, 3.0])]
    frozen.data = 4.0
    assert [*found, trainer.step([1.0, 3.0])] == [4.0, 8.0]


def test_indices_are_checked():
    weights = [Value(1.0), Value(2.0)]
    trainer = compile(lambda k: pick(weights, k) * 2.0, weights, backend="python").trainer(optim.SGD(lr=0.25))
    assert trainer.step([0, 1, 1]) == pytest.approx(10.0 / 3.0)
    for wrong in ([0, 2], [-1, 0]):
        with pytest.raises(IndexError, match="from 0 to 1, got"):
            trainer.step(wrong)


def test_random_leaves_are_drawn_for_each_row():
    dropout, w = nn.Dropout(0.5, seed=0), Value(1.0)
    trainer = compile(lambda x: dropout([w * x])[0], [w], backend="python").trainer(optim.SGD(lr=1e-300))
    found = {trainer.step([1.0] * 8) for _ in range(20)}
    assert len(found) > 2
    assert all((number * 4.0).is_integer() for number in found)


def test_a_long_program_calls_the_function_for_each_row():
    w = Value(1.0)
    found, trainer = trained(lambda x: sum((w * x + float(n)) ** 2 for n in range(300)), [w], ([1.0, 2.0],), 1)
    assert trainer._training.sums is None
    expected = [sum((x + n) ** 2 for n in range(300)) for x in (1.0, 2.0)]
    assert found == [pytest.approx(sum(expected) / 2.0)]
