"""Groups of parameters: settings of their own, on floats, on arrays, in one program and in several."""

import pytest

from autograd_lite import Value, compile, fit, losses, nn, optim
from autograd_lite.compiler.moves import move_of
from autograd_lite.compiler.updates import UpdateScript

RULES = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.02),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.05),
    "adamw": lambda p: optim.AdamW(p, lr=0.05, amsgrad=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.05),
    "lion": lambda p: optim.Lion(p, lr=0.01),
}
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
X = [[x / 20 - 1.0, (x * 7 % 41) / 20 - 1.0] for x in range(41)]
y = [a * b for a, b in X]


def groups_of(model, decays=True):
    one = {"lr": optim.linear(0.03, 0.01, epochs=2)}
    other = {"lr": 0.02, "weight_decay": 0.05} if decays else {}
    first, second, last = model.layers
    return [
        {"parameters": first.parameters(), **one},
        {"parameters": second.parameters()},
        {"parameters": iter(last.parameters()), **other},
    ]


def trained(rule, compiled, batch_size=10, tanh=True):
    model = nn.MLP(2, [4, 4, 1], "tanh" if tanh else "relu", seed=0)
    optimizer = rule(groups_of(model, decays=hasattr(rule(None), "weight_decay")))
    fit(model, losses.mse, X, y, optimizer=optimizer, epochs=4, batch_size=batch_size, compiled=compiled)
    return model.state_dict()


@each_rule
def test_compiled_trainings_move_groups_as_eager_ones(rule):
    found, expected = trained(rule, True), trained(rule, False)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    everywhere = nn.MLP(2, [4, 4, 1], "tanh", seed=0)
    fit(everywhere, losses.mse, X, y, optimizer=rule(None), epochs=4, batch_size=10)
    assert everywhere.state_dict() != pytest.approx(expected, rel=1e-3)


def several_programs(x, y, w):
    return (w[0] * x[0] + (w[1] * x[1] if len(x) > 1 else 0.0) + w[2] - y) ** 2


@each_rule
@pytest.mark.parametrize("rows", [[[1.0], [2.0]], [[1.0, 2.0], [3.0]]], ids=["one form", "two forms"])
def test_rows_of_several_forms_and_single_rows_too(rule, rows):
    ends = []
    for by_hand in (False, True):
        w = [Value(0.5), Value(-0.5), Value(0.1)]
        own = {"weight_decay": 0.1} if hasattr(rule(None), "weight_decay") else {}
        groups = [{"parameters": w[:1], "lr": 0.03}, {"parameters": w[1:], **own}]
        optimizer = rule(groups)
        trainer = compile(lambda x, y, w=w: several_programs(x, y, w), w).trainer(optimizer)
        for _ in range(5):
            if by_hand:
                optimizer.zero_grad()
                total = sum(several_programs(x, t, w) for x, t in zip(rows, [1.0, 2.0])) / 2.0
                total.backward()
                optimizer.step()
            else:
                trainer.step(rows, [1.0, 2.0])
        if not by_hand:
            trainer.write_back()
        ends.append([each.data for each in w])
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_a_group_follows_the_optimiser_where_it_has_no_setting_of_its_own():
    a, b = Value(1.0), Value(1.0)
    optimizer = optim.SGD([{"parameters": [a], "lr": 0.5}, {"parameters": [b]}], lr=0.25)
    assert optimizer.rates() == [0.5, 0.25] and optimizer.decays() is None
    optimizer.lr, optimizer.weight_decay = 0.125, 1.0
    a.grad = b.grad = 0.0
    optimizer.step()
    assert (a.data, b.data) == (0.5, 0.875)


def test_a_state_resumes_and_binding_anew_forgets_the_groups():
    rule = RULES["adam"]
    model = nn.MLP(2, [4, 4, 1], seed=0)
    optimizer = rule(groups_of(model))
    optimizer.steps_per_epoch = 1
    optimizer.step()
    other = rule(groups_of(model))
    other.load_state_dict(optimizer.state_dict())
    assert other.states == optimizer.states
    optimizer.bind(model.parameters())
    assert optimizer.groups == []


def test_what_has_one_rule_for_all_parameters_says_so():
    optimizer = optim.SGD([{"parameters": [Value(1.0)], "lr": 0.5}], lr=0.25)
    assert move_of(optimizer) is None
    with pytest.raises(TypeError, match="leave out the groups"):
        UpdateScript(optimizer)
