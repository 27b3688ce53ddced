"""The playground in a real browser: it trains as Python does, explains, is edited, and holds what it is given."""

import json
import math
import random
import re

import pytest
from axe_core_python.selenium import Axe
from browser import requests
from playing import Play, orders

from autograd_lite import Op, Value, compile, datasets, fit, losses, nn, optim, playground, predict, step_through
from autograd_lite.drawing.step_page.words import Words
from autograd_lite.playing.bundled import SETS, bundled_playground

HOSTILE = "</script><script>window.pwned=1</script>]]>\"'<img src=x onerror=window.pwned=1>\u2028\u202e|{\\$"
SIZE = "Emulation.setDeviceMetricsOverride"


@pytest.fixture
def play(chrome, tmp_path):
    """Open a playground from disk; at the end nothing may have gone wrong or gone out."""

    def open_page(made, width=1000):
        path = tmp_path / "playground.html"
        made.save(path)
        chrome.execute_cdp_cmd(SIZE, {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        chrome.get("about:blank")
        chrome.get(path.as_uri())
        return Play(chrome)

    chrome.get("about:blank")
    chrome.get_log("browser"), chrome.get_log("performance")
    yield open_page
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert chrome.get_log("browser") == []
    sent = [url for url in requests(chrome) if not url.startswith(("file:///", "about:"))]
    assert sent == []


# ---- Training is that of Python ---------------------------------------------------------------


def points(count=10):
    draw = random.Random(1)
    return [[draw.uniform(-1, 1), draw.uniform(-1, 1)] for _ in range(count)]


X = points()
TASKS = {
    "squared_error": (losses.squared_error, 1, None, [a * b for a, b in X]),
    "mse": (losses.mse, 2, None, [[a + b, a * b] for a, b in X]),
    "gaussian_nll": (losses.gaussian_nll, 1, "tanh", [a - b for a, b in X]),
    "binary_cross_entropy": (losses.binary_cross_entropy, 1, "sigmoid", [int(a > b) for a, b in X]),
    "bce_with_logits": (losses.bce_with_logits, 1, None, [int(a > b) for a, b in X]),
    "cross_entropy": (losses.cross_entropy, 3, None, [int(a > b) + int(a > -b) for a, b in X]),
    "hinge": (losses.hinge, 1, None, [2 * int(a > b) - 1 for a, b in X]),
}
RULES = {
    "SGD": lambda rate: optim.SGD(lr=rate),
    "SGD, momentum 0.9": lambda rate: optim.SGD(lr=rate, momentum=0.9),
    "SGD, momentum 0.9, nesterov": lambda rate: optim.SGD(lr=rate, momentum=0.9, nesterov=True),
    "RMSprop": lambda rate: optim.RMSprop(lr=rate),
    "Adam": lambda rate: optim.Adam(lr=rate, weight_decay=0.01),
    "AdamW": lambda rate: optim.AdamW(lr=rate, weight_decay=0.01),
}


def model_for(outputs, last, seed=0):
    return nn.MLP(2, [3, outputs], "tanh", last, seed=seed)


def trained(model, loss, y, optimizer, steps, batches=None):
    """Train as ``program.trainer`` does, and give the weights by name."""
    program = compile(lambda x, t: loss(model(x), t), model, backend="numpy")
    trainer = program.trainer(optimizer)
    for _ in range(steps):
        rows = next(batches) if batches else range(len(X))
        trainer.step([X[row] for row in rows], [y[row] for row in rows])
    trainer.write_back()
    return model.state_dict()


def test_the_losses_are_all_that_there_are():
    assert {*TASKS} == {*losses.__all__} - {"l2"}


@pytest.mark.parametrize("name", TASKS)
def test_a_hundred_steps_of_every_rule_move_the_weights_as_the_trainer_does(play, name):
    loss, outputs, last, y = TASKS[name]
    page = play(playground(model_for(outputs, last), loss, X, y))
    assert {text for _, text in page.offered("rule")} == {*RULES}
    page.set("batch", len(X))
    for rule, make in RULES.items():
        page.choose("rule", rule)
        page.set("rate", 0.03)
        if "Adam" in rule:
            page.set("decay", 0.01)
        page.click("reset")
        page.click("step", 100)
        expected = trained(model_for(outputs, last), loss, y, make(0.03), 100)
        assert page.weights() == pytest.approx(expected, rel=1e-10, abs=1e-10), rule
        assert page.text("when") == "Epoch 100, step 100"


def test_batches_come_in_an_order_of_their_own_in_each_epoch(play):
    loss, outputs, last, y = TASKS["cross_entropy"]
    page = play(playground(model_for(outputs, last), loss, X, y, optimizer=optim.Adam(lr=0.02)))
    page.set("batch", 4)
    page.click("step", 7)  # two epochs of 4, 4 and 2 rows, and one step more
    batches = (order[at : at + 4] for order in orders(len(X)) for at in (0, 4, 8))
    expected = trained(model_for(outputs, last), loss, y, optim.Adam(lr=0.02), 7, batches)
    assert page.weights() == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert page.text("when") == "Epoch 2, step 7"
    page.click("epoch")
    assert page.text("when") == "Epoch 3, step 9"


def test_the_rule_that_is_given_comes_first_with_its_settings(play):
    given = optim.SGD(lr=0.07, momentum=0.5, weight_decay=0.02)
    page = play(playground(model_for(1, None), losses.mse, X, TASKS["squared_error"][3], optimizer=given))
    assert page.offered("rule")[0][1] == "SGD, momentum 0.5" and len(page.offered("rule")) == 7
    chosen = [page.run("return $(arguments[0]).value", name) for name in ("rule", "rate", "decay")]
    assert chosen == ["0", "0.07", "0.02"]
    page.set("batch", len(X))
    page.click("step", 20)
    again = optim.SGD(lr=0.07, momentum=0.5, weight_decay=0.02)
    expected = trained(model_for(1, None), losses.mse, TASKS["squared_error"][3], again, 20)
    assert page.weights() == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_a_rule_without_decay_says_so(play):
    page = play(playground(model_for(1, None), losses.mse, X, TASKS["squared_error"][3]))
    page.choose("rule", "RMSprop")
    assert page.run("return $('decay').disabled") and page.offered("decay") == [["0", "none"]]
    page.choose("rule", "AdamW")
    assert page.run("return [$('decay').disabled, $('decay').value]") == [False, "0.01"]


ACCURACY = {
    "and_gate": "4 of 4", "or_gate": "4 of 4", "xor": "4 of 4", "moons": "(99|100) of 100", "circles": "(99|100) of 100",
    "spirals": "1(49|50) of 150", "blobs": "(99|100) of 100", "digits": "(59[5-9]|600) of 600",
    "curve": r"Train\s+loss 0\.00",
}  # fmt: skip


def test_every_bundled_set_has_a_playground():
    assert {*ACCURACY} == {*SETS} == {*datasets.__all__} - {"mnist", "split", "words"}


@pytest.mark.parametrize("name", ACCURACY)
def test_bundled_data_are_learnt(play, name):
    page = play(bundled_playground(name))
    assert re.search(ACCURACY[name], page.train(ACCURACY[name]))


# ---- What the page says is what Python says ---------------------------------------------------


def named_neurons(model, x, y, loss):
    """Name the sums and outputs of the layers of an MLP as the playground does."""
    values, names = x, {}
    for number, layer in enumerate(model.layers, 1):
        place = (lambda i: f"[{i}]") if len(layer.neurons) > 1 else (lambda i: "")
        last = number == len(model.layers)
        values = layer(values)
        values = values if isinstance(values, list) else [values]
        for i, value in enumerate(values):
            if not last:
                names[f"h{number}{place(i)}"] = value
                names[f"z{number}{place(i)}"] = value.parents[0]
            else:
                names[f"z{number}{place(i)}"] = value
    output = values if len(values) > 1 else values[0]
    names["L"] = loss(output, y)
    return names


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softplus"])
def test_explanations_are_those_of_the_step_page(play, activation):
    model = nn.MLP(2, [4, 3, 2], activation, seed=3)
    y = [int(a > b) for a, b in X]
    page = play(playground(model, losses.cross_entropy, X, y))
    for example in (0, 7):
        x = [Value(number, f"x[{place}]") for place, number in enumerate(X[example])]
        names = named_neurons(model, x, y[example], losses.cross_entropy)
        trace = step_through(names["L"], names=names)
        words = Words(trace)
        backward = ["".join(words.of(step)) for step in trace if step.phase == "backward"]
        expected = {re.sub(r"(?<!\S)-0(?!\S)|-0(?=\))|(?<=\()-0(?= )", "0", line) for line in backward}
        for layer, size in ((1, 4), (2, 3)):
            for neuron in range(size):
                lines = page.look_at(f"h{layer}[{neuron}]", example=example)
                said = [line for line in lines if "+=" in line]
                assert len(said) == 1 + (3 if layer == 1 else 2)
                assert {*said} <= expected
                weights = [text for _, text in page.offered("weight") if text != "none"]
                assert weights == [*(f"W{layer}[{neuron},{k}]" for k in range(2 if layer == 1 else 4)), f"b{layer}[{neuron}]"]
                for weight in weights:
                    main = page.look_at(f"h{layer}[{neuron}]", weight)[0]
                    assert main.startswith(f"∂L/∂{weight} += ∂L/∂z{layer}[{neuron}] · ") and main in expected
