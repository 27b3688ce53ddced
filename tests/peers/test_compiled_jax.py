"""Compiled programs on JAX against the functions they were made from.

Needs JAX: python3 -m pip install jax==0.10.2
"""

import random

import jax  # noqa: F401  (named here, so that its absence is named too)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compiler import (
    BRANCHING,
    CASES,
    COMPARISONS,
    ON_CONSTANTS,
    RAGGED_ROWS,
    WAYS,
    Eager,
    W,
    assert_close,
    branching,
    check,
    check_training,
    check_ways,
    lift,
    made,
    ragged_rows,
    u,
    w,
)  # fmt: skip
from test_images import BASE, assert_agree, network
from test_lengths import State, batch, check_steps, last_state

import autograd_lite as ag
from autograd_lite import Op, Value, optim
from autograd_lite.compiler import compile

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("seed", range(3))
def test_sums_and_products_of_every_shape(seed):
    function, parameters, rows = made(seed, 3, 3, 5)
    check(function, parameters, rows, "jax")


@pytest.mark.parametrize("name", CASES)
def test_layers_losses_and_lectures(name):
    function, parameters, rows = CASES[name]()
    eager = Eager(function, parameters, rows)
    program = compile(function, parameters, backend="jax")
    for row, value, gradient, scales in zip(rows, eager.values, eager.gradients, eager.scales):
        found, slopes = program.value_and_grad(*row)
        assert_close([found, *slopes], [value, *gradient], [abs(value), *scales])


def test_ragged_sums_are_what_they_are_eagerly():
    check(ragged_rows, [w, u], [*RAGGED_ROWS], "jax")


def test_an_operation_needs_an_array_form():
    w = Value(2.0, label="w")
    cube = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
    program = compile(lambda x: cube(w * x), [w], backend="jax")
    with pytest.raises(TypeError, match=r"cube has no array form, which jax\.numpy needs"):
        program(1.0)
    cube = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a, array="{0} * {0} * {0}")
    assert compile(lambda x: cube(w * x), [w], backend="jax").value_and_grad(0.5) == (1.0, [1.5])


def test_float32():
    w, v = Value(2.0), Value(-0.5)
    function = lambda x: ag.tanh(w * x + v)
    eager = Eager(function, [w, v], [(0.5,), (0.1,)])
    program = compile(function, [w, v], backend="jax", dtype="float32")
    found, slopes = program.mean_and_grad([0.5, 0.1])
    assert [found, *slopes] == pytest.approx([eager.mean, *eager.mean_gradient], rel=1e-5)
    assert program.map([0.5, 0.1]) == pytest.approx(eager.values, rel=1e-5)


def test_operations_on_constants():
    for step in ON_CONSTANTS[1::12]:
        check(lambda x, step=step: lift(step(x)), [W], [(0.5,), (1.5,)], "jax")


@settings(max_examples=5, deadline=None, derandomize=True)
@given(BRANCHING, st.integers(0, 2**32), st.integers(2, 6))
def test_programs_with_branches(program, seed, count):
    function, parameters, rows, eager = branching(program, seed, count)
    check(function, parameters, rows, "jax", eager)
    check_training(function, parameters, rows, "jax", eager)


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("beside", ["a constant", "a parameter", "different constants"])
def test_rows_that_change_a_part_of_the_comparisons(comparison, beside):
    check_ways("jax", comparison, beside, [WAYS[0], WAYS[3]])


RULES = {
    "SGD": lambda: optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.1),
    "RMSprop": lambda: optim.RMSprop(lr=0.1),
    "AdamW": lambda: optim.AdamW(lr=0.1),
    "amsgrad": lambda: optim.Adam(lr=0.1, amsgrad=True),
    "Adagrad": lambda: optim.Adagrad(lr=0.1, weight_decay=0.1),
    "Lion": lambda: optim.Lion(lr=0.1, weight_decay=0.1),
}


@pytest.mark.parametrize("make", RULES.values(), ids=RULES)
def test_a_rule_moves_jax_arrays_also_where_jax_compiles_it(make):

    with jax.enable_x64(True):
        rule, start = make(), [1.0, -2.0, 0.0]
        arrays = numbers = jax.numpy.array(start)
        state = before = rule.begin(jax.numpy.zeros(3))
        floats, states = start, [rule.begin(0.0)] * 3
        for step in range(1, 6):
            slopes = [step * 0.3 - number for number in floats]
            change, state = jax.jit(rule.update)(arrays, jax.numpy.array(slopes), state, 0.1, step)
            plain, before = rule.update(numbers, jax.numpy.array(slopes), before, 0.1, step)
            arrays, numbers = arrays - change, numbers - plain
            moves = [rule.update(*each, 0.1, step) for each in zip(floats, slopes, states)]
            floats = [number - move for number, (move, _) in zip(floats, moves)]
            states = [each for _, each in moves]
            assert arrays.tolist() == pytest.approx(floats, rel=1e-14)
            assert numbers.tolist() == pytest.approx(floats, rel=1e-14)


@pytest.mark.parametrize("by", ["largest", "sum"])
def test_convolutions_and_pools(by):
    assert_agree(*network({**BASE, "by": by}), backend="jax")


def test_rows_of_several_lengths_are_one_program():
    p = State()
    columns = batch(random.Random(0), [2, 4, 3, 4])
    loss = lambda xs, y: last_state(p, xs, y)
    check_steps(loss, p.parameters, [columns] * 2, joined=True, backend="jax")
