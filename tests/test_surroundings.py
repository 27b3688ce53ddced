"""Plain numbers that a function reads from around it: a program holds for those it was traced with."""

from __future__ import annotations

import functools
import types

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


def halved_in_use(model, x):
    return model.w * x if model.training else model.w * x * 0.5


def test_a_flag_that_nothing_looks_at_makes_no_new_trace():
    model = nn.MLP(3, [4, 2, 1], seed=0)
    program = compile(lambda x: model(x) ** 2, model)
    trainer = program.trainer(optim.SGD(lr=0.1))
    found = program([1.0, 2.0, 3.0])
    trainer.step([[1.0, 2.0, 3.0]])
    model.eval().layers[0].freeze()
    assert program([1.0, 2.0, 3.0]) == found
    trainer.step([[1.0, 2.0, 3.0]])
    assert traces(program) == 1
    names = [name for name, _ in program.cache.surroundings._watched.values()]
    assert not {"training", "frozen"} & {*names}


@pytest.mark.parametrize("flag", ["training", "frozen"])
def test_a_flag_that_is_looked_at_joins_the_key(flag):
    model = Scaled()
    program = compile(lambda x: model(x) * (2.0 if getattr(model, flag) else 1.0), model)
    trainer = program.trainer(optim.SGD(lr=1e-300))
    for setting in (True, False, True, False):
        setattr(model, flag, setting)
        expected = 6.0 if setting else 3.0
        assert (program(1.0), trainer.step([1.0, 1.0])) == (expected, expected)
    assert traces(program) == 2


def test_a_flag_is_noticed_wherever_the_code_that_looks_at_it_stands():
    """Neither the model nor what calls it is among the things that the function names."""
    place = types.ModuleType("place")
    place.model = Scaled()
    place.run = lambda x: halved_in_use(place.model, x)
    program = compile(lambda x: place.run(x), [place.model.w])
    assert program(2.0) == 3.0
    place.model.eval()
    assert (program(2.0), program.map([2.0, 2.0])) == (1.5, [1.5, 1.5])


def test_a_flag_is_noticed_that_only_a_later_trace_looks_at():
    model = Scaled()
    program = compile(lambda x: halved_in_use(model, x[0]) if len(x) > 1 else model.w * x[0], model)
    assert (program([2.0]), program([2.0, 0.0])) == (3.0, 3.0)
    model.eval()
    assert (program([2.0]), program([2.0, 0.0])) == (3.0, 1.5)
    model.train()
    assert (program([2.0]), program([2.0, 0.0])) == (3.0, 3.0)


def test_a_flag_that_the_function_sets_itself_is_not_watched():
    model = Scaled()
    program = compile(lambda x: halved_in_use(model.eval(), x), model)
    for _ in range(100):
        model.train()
        assert program(2.0) == 1.5
    assert traces(program) <= 2


def test_a_flag_that_is_another_kind_of_attribute_is_watched():
    class Plain(nn.Module):
        training = True

        def __init__(self):
            self.w = Value(1.5)

    model = Plain()
    program = compile(lambda x: halved_in_use(model, x), model)
    assert program(2.0) == 3.0
    model.training = False
    assert program(2.0) == 1.5
