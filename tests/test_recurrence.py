"""Recurrent networks, compiled: what every step does with the inputs is done before the first one."""

import random

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler import compile

FORMS = {
    "sums": lambda rows, x, biases: [
        sum((w * xi for w, xi in zip(row, x)), bias) for row, bias in zip(rows, biases)
    ],
    "dots": lambda rows, x, biases: [ag.dot(row, x, bias) for row, bias in zip(rows, biases)],
}


def network(seed, form, inputs, hidden, steps):
    draw = random.Random(seed)
    matrix = lambda rows, columns: [[Value(draw.uniform(-1, 1)) for _ in range(columns)] for _ in range(rows)]
    Wx, Wh, (b,) = matrix(hidden, inputs), matrix(hidden, hidden), matrix(1, hidden)
    weighted = FORMS[form]

    def loss(xs, h_rows):
        h = [0.0] * hidden
        for x in xs:
            pairs = zip(weighted(Wx, x, b), weighted(Wh, h, [0.0] * hidden))
            h = [(one + other).tanh() for one, other in pairs]
        return (sum(h) - h_rows) ** 2

    xs = numpy.array([draw.uniform(-1, 1) for _ in range(3 * steps * inputs)]).reshape(3, steps, inputs)
    return loss, [*(w for row in (*Wx, *Wh) for w in row), *b], (xs, numpy.array([0.5, -1.0, 2.0]))


def compiled(loss, parameters, columns):
    program = compile(loss, parameters, backend="numpy")
    mean, slopes = program.mean_and_grad(*columns)
    rows = []
    for xs, y in zip(*columns):
        for parameter in parameters:
            parameter.grad = 0.0
        output = loss([[*map(Value, x)] for x in xs.tolist()], y)
        output.backward()
        rows.append([output.data, *(parameter.grad for parameter in parameters)])
    assert [mean, *slopes] == pytest.approx(numpy.mean(rows, axis=0), rel=1e-11, abs=1e-13)
    return program.source


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.sampled_from([*FORMS]), st.integers(1, 4), st.integers(1, 4), st.integers(1, 6))
def test_a_recurrence_agrees_with_the_engine(seed, form, inputs, hidden, steps):
    compiled(*network(seed, form, inputs, hidden, steps))


@pytest.mark.parametrize("form", FORMS)
def test_the_source_of_a_recurrence(form):
    lines = [line.partition("  #")[0].strip() for line in compiled(*network(0, form, 3, 4, 5)).splitlines()]
    steps = ["dadd1", "dz3", "dz4", "dz5", "dz6"]
    assert lines[0] == "def value_and_gradient(W1, W2, b1, xs, h_rows):"
    for line in (
        "z1 = (xs.reshape(-1, 3) @ W1.T).reshape(-1, 5, 4) + b1",
        "z3 = tanh1 @ W2.T + z1[:, 1, :]",
        f"dz1 = concatenate(({', '.join(f'{d}.reshape(-1, 1, 4)' for d in steps)}), axis=-2)",
        "dz_rows = concatenate((dz6, dz5, dz4, dz3))",
        "h_rows_ = concatenate((h5, h4, h3, tanh1))",
        "dW1 = dz1.reshape(-1, 4).T @ xs.reshape(-1, 3)",
    ):
        assert line in lines
