"""The optimiser's rule as source on floats: to the last bit what the rule computes call by call."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile, optim
from autograd_lite.compiler.moves import hides_gradient, move_of

NUMBERS = st.floats(-1e3, 1e3)
RULES = [
    optim.SGD(lr=0.1),
    optim.SGD(lr=0.1, weight_decay=0.3),
    optim.SGD(lr=0.1, momentum=0.9),
    optim.SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.3),
    optim.RMSprop(lr=0.1),
    optim.RMSprop(lr=0.1, decay=0.0),
    optim.Adam(lr=0.1),
    optim.Adam(lr=0.1, betas=(0.0, 0.5), weight_decay=0.3),
    optim.AdamW(lr=0.1),
    optim.Adam(lr=0.1, amsgrad=True),
    optim.Adagrad(lr=0.1),
    optim.Adagrad(lr=0.1, weight_decay=0.3),
    optim.Lion(lr=0.1),
    optim.Lion(lr=0.1, betas=(0.0, 0.5), weight_decay=0.3),
]


@pytest.mark.parametrize("rule", RULES)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.floats(0.0, 1e3)), min_size=1), st.integers(1, 10**6))
def test_the_source_of_a_rule_moves_as_the_rule_does(rule, rows, step):
    data, gradient, kept = zip(*rows)
    states = [tuple(number for _ in rule.begin(0.0)) for number in kept]
    updates = [rule.update(*each, 0.25, step) for each in zip(data, gradient, states)]
    moved, after = move_of(rule)(data, gradient, states, 0.25, step)
    assert moved == [number - change for number, (change, _) in zip(data, updates)]
    assert [*after] == [state for _, state in updates]


@pytest.mark.parametrize("rule", RULES)
@given(NUMBERS, st.floats(0.0, 1e3), st.sampled_from([math.inf, -math.inf, math.nan]), st.integers(1, 10**6))
def test_a_rule_that_hides_no_gradient_shows_each_that_is_not_finite(rule, data, kept, gradient, step):
    change, _ = rule.update(data, gradient, tuple(kept for _ in rule.begin(0.0)), 0.25, step)
    assert hides_gradient(rule) or not math.isfinite(change)
    assert hides_gradient(rule) == isinstance(rule, optim.Lion)


def trained(optimizer, change=lambda number: None):
    w, b = Value(0.5), Value(-0.25)
    trainer = compile(lambda x, y: (w * x + b - y) ** 2, [w, b], backend="python").trainer(optimizer)
    for number in range(6):
        change(number)
        trainer.step([1.0, 2.0], [3.0, 4.0])
    trainer.write_back()
    return w.data, b.data, optimizer.states


def eagerly(optimizer, change=lambda number: None):
    w, b = Value(0.5), Value(-0.25)
    optimizer.bind([w, b])
    for number in range(6):
        change(number)
        optimizer.zero_grad()
        (sum((w * x + b - y) ** 2 for x, y in [(1.0, 3.0), (2.0, 4.0)]) / 2).backward()
        optimizer.step()
    return w.data, b.data, optimizer.states


def test_settings_may_change_while_it_trains():
    def with_more_decay(optimizer):
        return lambda number: setattr(optimizer, "weight_decay", 0.1 * (number // 2))

    one, other = optim.SGD(lr=0.01, momentum=0.5), optim.SGD(lr=0.01, momentum=0.5)
    (*found, states), (*expected, kept) = (
        trained(one, with_more_decay(one)),
        eagerly(other, with_more_decay(other)),
    )
    assert found == pytest.approx(expected, rel=1e-12)
    assert states[0] == pytest.approx(kept[0], rel=1e-12)


def test_a_rule_of_ones_own_may_branch_and_is_called():
    class Sign(optim.SGD):
        def update(self, data, grad, state, lr, step):
            return (lr if grad > 0.0 else -lr), state

    assert move_of(Sign(lr=0.125)) is None
    assert trained(Sign(lr=0.125))[:2] == (1.25, 0.5)
