"""Plain numbers that a function reads from around it: a program holds for those it was traced with."""

from __future__ import annotations

import functools

import pytest

from autograd_lite import Value, compile, nn, optim

SCALE = 2.0
COUNT = 0


class Scaled(nn.Module):
    def __init__(self):
        self.w, self.factor = Value(1.5), 2.0

    def __call__(self, x):
        return self.factor * self.w * x


def with_global(w):
    return lambda x: sum(SCALE * w * each for each in [x, x]) * 0.5


def inner(w, x):
    return SCALE * w * x


@pytest.fixture
def w():
    return Value(1.5)


def traces(program):
    return len([*program.cache])


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
def test_a_number_in_a_closure_joins_the_key(w, backend):
    factor = 2.0
    program = compile(lambda x: factor * w * x, [w], backend=backend)
    assert (program(1.0), program(2.0)) == (3.0, 6.0)
    for factor, expected in [(4.0, 6.0), (2.0, 3.0), (4, 6.0), (True, 1.5)]:
        assert program(1.0) == expected
        assert program.map([1.0, 1.0]) == [expected] * 2
        assert program.mean_and_grad([1.0, 1.0]) == (expected, [factor])
    assert traces(program) == 3  # 4 and 4.0 are one number


@pytest.mark.parametrize("made", [with_global, lambda w: functools.partial(inner, w)])
def test_a_global_joins_the_key(w, made, monkeypatch):
    program = compile(made(w), [w])
    assert program(1.0) == 3.0
    monkeypatch.setattr(f"{__name__}.SCALE", 10.0)
    assert program(1.0) == 15.0


def test_an_attribute_of_a_module_joins_the_key():
    model = Scaled()
    program = compile(lambda x: model(x) ** 2, model)
    trainer = program.trainer(optim.SGD(lr=0.0625))
    assert trainer.step([1.0, 1.0]) == 9.0
    model.factor = 4.0
    trainer.write_back()
    assert model.w.data == 0.75
    assert trainer.step([1.0, 1.0]) == 9.0
    assert program(1.0) == 9.0


def test_a_counter_of_the_functions_own_does_not(w):
    calls = 0

    def f(x):
        global COUNT
        nonlocal calls
        calls, COUNT = calls + 1, COUNT + 1
        return w * x

    program = compile(f, [w])
    assert [program(float(number)) for number in range(100)] == [1.5 * number for number in range(100)]
    assert traces(program) == 1


def test_too_many_numbers_are_to_be_passed(w):
    temperature = 0.0
    program = compile(lambda x: w * x / temperature, [w])
    with pytest.raises(
        ValueError, match="traced for 64 values of temperature, which it reads from elsewhere"
    ):
        for temperature in range(1, 100):
            assert program(1.0) == pytest.approx(1.5 / temperature)
    assert temperature == 65


def test_what_stands_elsewhere_is_found_to_have_changed(w):
    factors = {"a": 2.0}
    program = compile(lambda x: factors["a"] * w * x, [w])
    assert program(1.0) == 3.0
    factors["a"] = 4.0
    with pytest.raises(RuntimeError, match="has changed since it was traced"):
        program(1.0)


def test_a_number_that_becomes_something_else(w):
    factor = 2.0
    program = compile(lambda x: w * x * (factor if isinstance(factor, float) else sum(factor)), [w])
    assert program(1.0) == 3.0
    factor = [1.0, 3.0]
    assert program(1.0) == 6.0
