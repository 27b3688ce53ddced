"""The playground in a real browser: it trains and explains as Python does, is edited, and harms nobody."""

import math
import random
import re

import pytest
from axe_core_python.selenium import Axe
from browser import requests
from playing import Play, orders
from selenium.webdriver import ActionChains

from autograd_lite import (
    Op,
    Value,
    compile,
    datasets,
    losses,
    nn,
    optim,
    playground,
    predict,
    step_through,
)
from autograd_lite.drawing.step_page.words import Words
from autograd_lite.playing.bundled import SETS, bundled_playground
from autograd_lite.plot.charts import LOOKS

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
    # Its slopes are signs; where these add up to 0, Adagrad's first step is as long as their rounding.
    "l1": (losses.l1, 2, None, [[a + b + 2.0, a * b - 2.0] for a, b in X]),
    "huber": (losses.huber, 2, None, [[2.0 * a, a * b] for a, b in X]),
    "kl_divergence": (losses.kl_divergence, 2, None, [[a * a, 1.0 - a * a] for a, b in X]),
    "focal": (losses.focal, 1, None, [int(a > b) for a, b in X]),
    "hinge": (losses.hinge, 1, None, [2 * int(a > b) - 1 for a, b in X]),
}
RULES = {
    "SGD": lambda rate: optim.SGD(lr=rate),
    "SGD, momentum 0.9": lambda rate: optim.SGD(lr=rate, momentum=0.9),
    "SGD, momentum 0.9, nesterov": lambda rate: optim.SGD(lr=rate, momentum=0.9, nesterov=True),
    "RMSprop": lambda rate: optim.RMSprop(lr=rate),
    "Adam": lambda rate: optim.Adam(lr=rate, weight_decay=0.01),
    "AdamW": lambda rate: optim.AdamW(lr=rate, weight_decay=0.01),
    "Adagrad": lambda rate: optim.Adagrad(lr=rate),
    "Lion": lambda rate: optim.Lion(lr=rate),
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
    assert page.offered("rule")[0][1] == "SGD, momentum 0.5" and len(page.offered("rule")) == 1 + len(RULES)
    chosen = [page.run("return $(arguments[0]).value", name) for name in ("rule", "rate", "decay")]
    assert chosen == ["0", "0.07", "0.02"]
    page.set("batch", len(X))
    page.click("step", 20)
    assert "optimizer=optim.SGD(lr=0.07, momentum=0.5, weight_decay=0.02)" in page.code()
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
    "and_gate": "4 of 4", "or_gate": "4 of 4", "xor": "4 of 4",
    "moons": "(99|100) of 100", "circles": "(99|100) of 100",
    "spirals": "1(49|50) of 150", "blobs": "(99|100) of 100", "digits": "(59[5-9]|600) of 600",
    "iris": "(9[89]|100) of 100", "wine": "11[789] of 11[89]",
    "curve": r"Train\s+loss 0\.00", "diabetes": r"Train\s+loss 0\.[0-4]",
}  # fmt: skip


def test_every_bundled_set_has_a_playground():
    assert {*ACCURACY} == {*SETS} == {*datasets.__all__} - {"mnist", "names", "split", "words"}


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
                assert weights == [
                    *(f"W{layer}[{neuron},{k}]" for k in range(2 if layer == 1 else 4)),
                    f"b{layer}[{neuron}]",
                ]
                for weight in weights:
                    main = page.look_at(f"h{layer}[{neuron}]", weight)[0]
                    assert main.startswith(f"∂L/∂{weight} += ∂L/∂z{layer}[{neuron}] · ") and main in expected


# ---- Taking away ------------------------------------------------------------------------------


def moons_page():
    """Make a small playground of the moons, with a test set."""
    inputs, labels = datasets.moons(60, noise=0.1, seed=1)
    X, y, test_X, test_y = datasets.split(inputs, labels, fraction=0.25)
    model = nn.MLP(2, [8, 8, 1], "tanh", seed=0)
    return (
        model,
        X,
        y,
        playground(model, losses.bce_with_logits, X, y, test=(test_X, test_y), optimizer=optim.Adam(lr=0.02)),
    )


def test_copied_weights_are_those_of_the_page(play):
    model, X, y, made = moons_page()
    page = play(made)
    page.run("$('more').open = true")
    assert page.weights() == model.state_dict()
    shown = page.train("(3[5-9]|4.) of 45")
    model.load_state_dict(page.weights())
    outputs = predict(model, X)
    right = sum((output > 0) == label for output, label in zip(outputs, y))
    mean = sum(losses.bce_with_logits(Value(o), label).data for o, label in zip(outputs, y)) / len(y)
    assert re.search(rf"loss {mean:.4g}\s+{right} of 45 right", page.text("status")), shown
    assert page.run("return $('text').readOnly") and page.text("takenName") == "Weights"


def test_copied_code_comes_to_the_same_weights(play):
    _, _, _, made = moons_page()
    page = play(made)
    page.set("batch", 45)
    page.set("decay", 0.001)
    page.click("epoch", 12)
    names = {}
    exec(page.code(), names)
    assert names["model"].state_dict() == pytest.approx(page.weights(), rel=1e-10, abs=1e-12)
    assert names["history"].engine == "compiled" and "AdamW" not in page.code()


def test_code_of_ones_own_model_says_where_it_comes_from(play):
    class Mine(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(2, 1, "tanh", seed=0)

        def __call__(self, x):
            return self.layer(x)

    page = play(playground(Mine(), lambda o, t: (o - t) ** 2, X, TASKS["squared_error"][3]))
    assert "model = Mine()  # from your own code" in page.code()
    assert {*page.weights()} == {"layer.neurons.0.w.0", "layer.neurons.0.w.1", "layer.neurons.0.b"}


# ---- Editing ----------------------------------------------------------------------------------


def test_a_weight_is_edited_where_it_stands_and_by_its_name(play):
    page = play(playground(nn.MLP(2, [3, 1], "tanh", seed=0), losses.bce_with_logits, *datasets.xor()))
    page.look_at("h1[1]")
    page.run("const i = $('incoming').querySelector('input'); i.value = '2.5'; i.onchange()")
    assert page.weights()["layers.0.neurons.1.w.0"] == 2.5
    changed = nn.MLP(2, [3, 1], "tanh", seed=0)
    changed.load_state_dict(page.weights())
    mean = sum(losses.bce_with_logits(changed(x), label).data for x, label in zip(*datasets.xor())) / 4
    assert f"loss {mean:.4g}" in page.text("status")
    for typed, kept in (("-1e-3", -0.001), ("", -0.001)):
        page.choose("parameter", "b2")
        page.run("$('number').value = arguments[0]; $('number').onchange()", typed)
        assert page.weights()["layers.1.neurons.0.b"] == kept
    page.click("reset")
    assert page.weights() == nn.MLP(2, [3, 1], "tanh", seed=0).state_dict()


def test_weights_start_by_a_scheme_and_zeros_never_learn_to_differ(play):
    page = play(playground(nn.MLP(2, [16, 16, 1], "tanh", seed=0), losses.bce_with_logits, *datasets.xor()))
    own = page.weights()
    page.set("scheme", "xavier")
    first = page.weights()
    bound = math.sqrt(6 / 32)
    inner = [abs(number) for name, number in first.items() if name.startswith("layers.1") and ".w." in name]
    assert max(inner) <= bound and max(inner) > 0.9 * bound and first["layers.1.neurons.0.b"] == 0
    page.set("seed", 5)
    assert page.weights() != first
    page.set("seed", 0)
    assert page.weights() == first
    page.set("scheme", "he")
    inner = [
        number for name, number in page.weights().items() if name.startswith("layers.1") and ".w." in name
    ]
    spread = math.sqrt(sum(number**2 for number in inner) / len(inner))
    assert spread == pytest.approx(math.sqrt(2 / 16), rel=0.2)
    page.set("scheme", "zeros")
    page.click("epoch", 20)
    assert {number for name, number in page.weights().items() if ".w." in name} == {0.0}
    page.set("scheme", "own")
    assert page.weights() == own


def surface_point(page, across, down, kind="pointerdown", more=""):
    page.run(
        "const s = $('surface'), b = s.getBoundingClientRect(); s.setPointerCapture = () => {};"
        "s.dispatchEvent(new PointerEvent(arguments[2], {bubbles: true, pointerId: 1, buttons: 1,"
        "clientX: b.left + arguments[0] * b.width, clientY: b.top + arguments[1] * b.height}))" + more,
        across, down, kind,
    )  # fmt: skip


def rows_of(page):
    page.run("$('list').open = true; $('list').ontoggle()")
    return page.run("""
        const rows = [...document.querySelectorAll('#table tr')].slice(1);
        return rows.map((row) => [...row.cells].map((cell) => cell.textContent))""")


SHAPES = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "p": "⬟", "<": "◀", ">": "▶"}


PIXELS = """
    const canvas = $("surface"), [wide, high] = [canvas.width, canvas.height];
    const { data } = canvas.getContext("2d").getImageData(0, 0, wide, high);
    const scale = wide / canvas.clientWidth;
    return arguments[0].map(([across, down, out]) => {
        const stretch = 1 + (out * scale) / (Math.hypot(across - 0.5, down - 0.5) * wide);
        const [column, row] = [across, down].map((part) => Math.round((0.5 + (part - 0.5) * stretch) * wide));
        return [...data.slice(4 * (row * wide + column), 4 * (row * wide + column) + 3)];
    })"""


@pytest.mark.parametrize("count", [2, 3, 10])
def test_classes_look_as_in_a_decision_boundary(play, count):
    """The marks of the legend, and the plane: where an output is the largest, its class's colour prevails."""
    turns = [2.0 * math.pi * k / count + 0.3 for k in range(count)]
    X = [[math.cos(turn), math.sin(turn)] for turn in turns]
    model = nn.Layer(2, count, activation=None, seed=0)
    for neuron, direction in zip(model.neurons, X):
        for weight, number in zip(neuron.parameters(), [*direction, 0.0]):
            weight.data = 30.0 * number
    page = play(playground(model, losses.cross_entropy, X, [*range(count)]))
    marks = page.run(
        "return [...$('legend').querySelectorAll('span span')].map((e) => [e.textContent, e.style.color])"
    )
    rgb = [[int(look["color"][at : at + 2], 16) for at in (1, 3, 5)] for look in LOOKS[:count]]
    shapes = [SHAPES[look["marker"]] for look in LOOKS[:count]]
    assert marks == [[shape, f"rgb({r}, {g}, {b})"] for shape, (r, g, b) in zip(shapes, rgb)]
    sides = [(min(column), max(column)) for column in zip(*X)]
    places = []
    for point in X:
        across, down = ((at - low) / (high - low) for at, (low, high) in zip(point, sides))
        place = [(0.15 + across) / 1.3, (1.15 - down) / 1.3]  # there is a margin of 0.15 on each side
        places += [[*place, 0], [*place, 14]]  # in the mark, and beside it
    found = iter(page.run(PIXELS, places))
    for ink, mark, beside in zip(rgb, found, found):
        assert math.dist(mark, ink) < 4
        bleached = [[255 + (part - 255) * strength for part in ink] for strength in (0.7, 0.85)]
        assert min(math.dist(beside, each) for each in bleached) < 12, (ink, beside)


def test_points_are_drawn_and_deleted_with_the_pointer(play):
    page = play(playground(nn.MLP(2, [3, 1], seed=0), losses.bce_with_logits, *datasets.xor()))
    page.choose("pointer", "draws 1")
    surface_point(page, 0.5, 0.25)
    surface_point(page, 0.6, 0.25, "pointermove")
    surface_point(page, 0.61, 0.25, "pointermove")  # too near
    surface_point(page, 0.61, 0.25, "pointerup")
    surface_point(page, 0.9, 0.9, "pointermove")  # nothing is pressed
    rows = rows_of(page)
    assert [row[1:3] for row in rows[4:]] == [["0.5, 0.825", "1"], ["0.63, 0.825", "1"]]
    assert "of 6 right" in page.text("status")
    page.choose("pointer", "deletes")
    surface_point(page, 0.5, 0.5)  # nothing is there
    assert len(rows_of(page)) == 6
    surface_point(page, 0.6, 0.25)
    assert len(rows_of(page)) == 5
    page.choose("pointer", "chooses")
    surface_point(page, 0.5, 0.25)
    assert page.run("return $('example').value") == "4"
    page.click("epoch", 3)
    assert "of 5 right" in page.text("status")


def test_a_real_pointer_draws_a_line_of_points(play):
    page = play(playground(nn.MLP(2, [3, 1], seed=0), losses.bce_with_logits, *datasets.xor()))
    page.choose("pointer", "draws 0")
    page.run("$('surface').scrollIntoView({block: 'center'})")
    moves = (
        ActionChains(page.driver).move_to_element_with_offset(page.find("surface"), -80, 30).click_and_hold()
    )
    for _ in range(4):
        moves = moves.move_by_offset(20, 0)
    moves.release().move_by_offset(20, 20).perform()
    rows = rows_of(page)
    assert 7 <= len(rows) <= 9 and {row[2] for row in rows[4:]} == {"0"}


def test_the_keyboard_draws_and_deletes_too(play):
    page = play(
        playground(nn.MLP(1, [3, 1], "tanh", seed=0), losses.mse, [[0.0], [1.0], [2.0]], [0.0, 1.0, 4.0])
    )
    page.choose("pointer", "draws")
    page.find("surface").send_keys("\ue014" * 5 + "\ue007")  # right, Enter
    assert len(rows_of(page)) == 4
    assert rows_of(page)[3][1:3] == ["1.26", "2"]
    page.choose("pointer", "deletes")
    page.find("surface").send_keys("\ue007")
    assert len(rows_of(page)) == 3
    for _ in range(5):
        page.find("surface").send_keys("\ue012" * 10 + " ")
    assert len(rows_of(page)) >= 1


def test_the_network_is_walked_with_arrow_keys_and_asked_by_clicks(play):
    page = play(playground(nn.MLP(2, [3, 1], "tanh", seed=0), losses.bce_with_logits, *datasets.xor()))
    page.run("document.querySelector('.neuron.chosen').focus()")
    active = page.driver.switch_to.active_element
    active.send_keys("\ue012")
    assert page.run("return document.activeElement.getAttribute('aria-label')") == "h1[0]"
    page.driver.switch_to.active_element.send_keys("\ue015")
    assert page.lines()[0].startswith("∂L/∂z1[1] += ∂L/∂h1[1] · ")
    assert page.run("return document.querySelectorAll('.neuron[tabindex=\"0\"]').length") == 1
    page.run(
        "document.querySelectorAll('#wires .hit')[3].dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert page.lines()[0].startswith("∂L/∂W1[1,1] += ")
    page.set("edges", "gradients")
    page.click("step")
    assert page.run("return document.querySelectorAll('#wires path.chosen').length") == 1


# ---- What is not finite -----------------------------------------------------------------------


def test_what_is_not_finite_pauses_and_says_where_it_began(play):
    X, y = [[1e200], [1.0]], [0.0, 1.0]
    made = playground(
        nn.MLP(1, [2, 1], None, seed=0), losses.squared_error, X, y, optimizer=optim.SGD(lr=0.1)
    )
    page = play(made)
    before = page.weights()
    page.set("batch", 2)
    page.click("play")
    page.wait(300)
    assert page.run("return $('play').textContent") == "Play"
    assert re.fullmatch(
        r"Paused: in step 1, \w+ = inf for example 0\. Nothing has moved\. Choose a smaller rate, or Reset\.",
        page.text("trouble"),
    )
    assert page.weights() == before
    page.set("example", 1)
    page.choose("pointer", "deletes")


def test_a_step_that_would_leave_the_numbers_is_not_taken(play):
    class Steep(nn.Module):
        def __init__(self):
            self.w = Value(1e154)

        def __call__(self, x):
            return self.w * x

    page = play(
        playground(Steep(), losses.squared_error, [1.0, 2.0], [0.0, 0.0], optimizer=optim.SGD(lr=10.0))
    )
    for _ in range(400):
        page.click("step")
        if page.find("trouble").is_displayed():
            break
    said = page.text("trouble")
    assert "= inf for example" in said or "would move" in said
    assert all(map(math.isfinite, page.weights().values()))


# ---- Models of every kind ---------------------------------------------------------------------


class Normed(nn.Module):
    def __init__(self):
        self.first, self.norm = nn.Layer(2, 4, "tanh", seed=0), nn.LayerNorm(4)
        self.drop, self.last = nn.Dropout(0.5), nn.Layer(4, 2, None, seed=1)

    def __call__(self, x):
        return self.last(self.drop(self.norm(self.first(x))))


class Letters(nn.Module):
    def __init__(self):
        self.table, self.last = nn.Embedding(5, 3, seed=0), nn.Layer(3, 5, None, seed=1)

    def __call__(self, token):
        return self.last(self.table(token))


class Eye(nn.Module):
    def __init__(self):
        self.look, self.last = nn.Conv2d(1, 2, 3, seed=0), nn.Layer(8, 3, None, seed=1)

    def __call__(self, x):
        rows = [x[4 * i : 4 * i + 4] for i in range(4)]
        return self.last([value.relu() for plane in self.look([rows]) for row in plane for value in row])


CUBE = Op("cube", "cube({0})", "{0} * {0} * {0}", lambda y, a: 3.0 * a * a)


class Own(nn.Module):
    def __init__(self):
        self.frozen_one = nn.Layer(2, 2, CUBE, seed=0).freeze()
        self.last = nn.Layer(2, 1, None, seed=1)

    def __call__(self, x):
        return self.last(self.frozen_one(x))


class Around(nn.Module):
    def __init__(self):
        self.way, self.last = nn.Residual(nn.Layer(2, 2, "tanh", seed=0)), nn.Layer(2, 1, None, seed=1)

    def __call__(self, x):
        return self.last(self.way(x))


draw = random.Random(2)
PICTURES = [[draw.random() for _ in range(16)] for _ in range(12)]
MODELS = {
    "dropout and layer norm": (Normed, losses.cross_entropy, X, TASKS["bce_with_logits"][3]),
    "embedding": (Letters, losses.cross_entropy, [0, 1, 2, 3, 4], [1, 2, 3, 4, 0]),
    "convolution": (Eye, losses.cross_entropy, PICTURES, [0, 1, 2] * 4),
    "own operation, frozen layer": (Own, losses.mse, X, TASKS["squared_error"][3]),
    "residual": (Around, losses.hinge, X, TASKS["hinge"][3]),
    "four inputs": (
        lambda: nn.MLP(4, [3, 2], seed=0),
        losses.mse,
        [row[:4] for row in PICTURES],
        [[0.5, row[0]] for row in PICTURES],
    ),
    "one neuron": (lambda: nn.MLP(1, [1], seed=0), losses.mse, [[1.0], [2.0]], [2.0, 4.0]),
}


@pytest.mark.parametrize("name", MODELS)
def test_all_that_the_compiler_raises_is_played(play, name):
    make, loss, X, y = MODELS[name]
    model = make()
    before = model.state_dict()
    page = play(playground(model, loss, X, y, optimizer=optim.Adam(lr=0.05)))
    assert page.weights() == before == model.state_dict() and model.training
    for neuron in [text for _, text in page.offered("neuron")]:
        assert page.look_at(neuron)
    start = float(re.search(r"loss (\S+)", page.text("status"))[1])
    page.click("epoch", 60)
    assert float(re.search(r"loss (\S+)", page.text("status"))[1]) < 0.8 * start
    state = page.weights()
    model.load_state_dict(state)
    model.eval()
    mean = sum(loss(model(x), t).data for x, t in zip(X, y)) / len(X)
    assert f"loss {mean:.4g}" in page.text("status")
    kept = {name for name, value in model.named_values()} - {name for name, value in model.named_parameters()}
    assert all(state[name] == before[name] for name in kept)


def test_dropout_draws_anew_in_training_and_stands_still_in_what_is_shown(play):
    page = play(playground(Normed(), losses.cross_entropy, X, TASKS["bce_with_logits"][3]))
    page.set("batch", len(X))
    page.click("step")
    shown = page.text("status")
    page.set("edges", "gradients")
    assert page.text("status") == shown
    once = page.weights()
    page.click("reset")
    page.click("step")
    assert page.weights() == once  # drawn from the seed
    page.set("seed", 9)
    page.click("step")
    assert page.weights() != once


def test_labels_may_be_lists_and_what_counts_is_the_loss(play):
    X, labels = datasets.blobs(30)
    y = [[float(k == label) for k in range(3)] for label in labels]
    page = play(
        playground(nn.MLP(2, [6, 3], "tanh", seed=0), losses.mse, X, y, optimizer=optim.Adam(lr=0.05))
    )
    assert "of 30 right" in page.train("(29|30) of 30")
    assert [text for _, text in page.offered("pointer")][1:4] == [
        "draws (0, 0, 1)",
        "draws (0, 1, 0)",
        "draws (1, 0, 0)",
    ]


def test_a_kind_that_is_told_holds(play):
    X, labels = datasets.xor()
    page = play(playground(nn.MLP(2, [2, 1], seed=0), losses.mse, X, labels, kind="regression"))
    assert "right" not in page.text("status")
    assert [text for _, text in page.offered("pointer")] == ["chooses", "draws", "deletes"]
    page.choose("pointer", "draws")
    page.set("value", 0.25)
    surface_point(page, 0.5, 0.5)
    assert rows_of(page)[4][1:3] == ["0.5, 0.5", "0.25"]


def test_where_there_is_no_step_page_the_page_says_so(play):
    page = play(playground(Letters(), losses.cross_entropy, [0, 1, 2, 3, 4], [1, 2, 3, 4, 0]))
    assert not page.find("open").is_displayed() and "step_through(" in page.text("closed")
    page = play(
        playground(nn.MLP(2, [4, 5], seed=0), losses.cross_entropy, X, [k % 5 for k in range(len(X))])
    )
    assert page.find("open").is_displayed() and not page.find("closed").is_displayed()


# ---- Images -----------------------------------------------------------------------------------


def test_a_digit_is_drawn_and_answered(play):
    page = play(bundled_playground("digits"))
    page.train("5[89]. of 600")
    assert page.run("return document.querySelectorAll('#gallery button').length") == 80
    said = page.text("drawn")
    page.click("clear")
    page.find("cell").send_keys("\ue015" + "\ue007" + "\ue015" + " ")
    for row in range(8):
        page.run(
            "const c = $('cell'), b = c.getBoundingClientRect(); c.setPointerCapture = () => {};"
            "c.dispatchEvent(new PointerEvent('pointerdown', {pointerId: 1, buttons: 1,"
            "clientX: b.left + b.width * 0.5, clientY: b.top + b.height * (arguments[0] + 0.5) / 8}))",
            row,
        )
    assert page.text("drawn") == "The network says 1."
    shares = page.run(
        "return [...$('guesses').children].filter((_, k) => k % 3 === 2).map((e) => Number(e.textContent))"
    )
    assert len(shares) == 10 and sum(shares) == pytest.approx(1, abs=0.05)
    page.run("document.querySelectorAll('#gallery button')[3].click()")
    assert page.run("return $('example').value") == "3"
    assert page.run("return document.querySelectorAll('#gallery [aria-pressed=true]').length") == 1
    assert said.startswith("The network says ")


# ---- The page ---------------------------------------------------------------------------------


PAGES = {
    "plane": lambda: bundled_playground("moons"),
    "classes": lambda: bundled_playground("blobs"),
    "line": lambda: bundled_playground("curve"),
    "image": lambda: playground(
        nn.MLP(64, [6, 10], seed=0), losses.cross_entropy, *(each[:60] for each in datasets.digits())
    ),
    "table": lambda: playground(Letters(), losses.cross_entropy, [0, 1, 2, 3, 4], [1, 2, 3, 4, 0]),
}


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_its_window_and_axe_finds_nothing(chrome, play, name, width):
    page = play(PAGES[name](), width)

    def check():
        found = Axe().run(chrome, {"exclude": [["iframe"]]})["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.run("return [document.documentElement.scrollWidth, innerWidth]") == [width, width]

    check()
    page.click("epoch", 2)
    page.run("$('more').open = $('list').open = true")
    page.click("copyCode")
    page.wait(50)
    check()
    page.click("play")
    page.wait(100)
    check()
    page.click("play")
    page.run("document.querySelectorAll('#incoming input').forEach((i) => { i.value = 1e200; i.onchange() })")
    page.click("epoch")
    check()
    if page.find("open").is_displayed():
        page.click("open")
        page.wait(400)
        assert page.find("steps").is_displayed()
        check()


def test_every_control_is_called_what_is_written_on_it(play):
    page = play(bundled_playground("moons"))
    page.run("$('more').open = true")
    named = page.run("""
        const controls = document.querySelectorAll(":is(#controls, .row) :is(button, select, input)");
        return [...controls].filter((each) => each.offsetParent).map(
            (each) => [each.ariaLabel, (each.labels?.[0]?.firstChild ?? each).textContent.trim()])""")
    assert {label for label, _ in named} == {None}
    assert [text for _, text in named] == [
        "Play", "Step", "Epoch", "Reset", "Speed", "Rate", "Rule", "Batch", "Decay", "Edges", "Pointer",
        "Neuron", "Weight", "Example", "Open its step page",
        "Start", "Seed", "Parameter", "Number", "Copy weights", "Copy code",
    ]  # fmt: skip


@pytest.mark.parametrize("sandboxed", [False, True])
def test_a_notebook_shows_it_in_a_frame(chrome, tmp_path, sandboxed):
    bundle = bundled_playground("moons")._repr_mimebundle_()
    assert bundle["text/plain"] == "A network of 2-16-16-1 neurons: run this cell to train it"
    markup = bundle["text/html"]
    if sandboxed:
        markup = markup.replace("<iframe ", '<iframe sandbox="allow-scripts" ')
    path = tmp_path / "framed.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{markup}', encoding="utf-8")
    chrome.get("about:blank")
    chrome.get_log("browser")
    chrome.get(path.as_uri())
    assert not chrome.find_element("css selector", ".still").is_displayed()
    chrome.switch_to.frame(chrome.find_element("tag name", "iframe"))
    page = Play(chrome)
    try:
        assert re.search("9. of 100 right", page.train("9. of 100"))
        assert len(page.weights()) == 337
        page.wait(50)
        assert page.run("return $('copied').textContent") != ""
        weights = page.weights()
        numbers = opened_steps(page)
        assert {number for key, number in numbers.items() if key[0] in "Wb"} == {*weights.values()}
        assert page.run("return document.title").endswith("step by step")
        chrome.switch_to.parent_frame()
        page.click("back")
        assert not page.find("steps").is_displayed()
    finally:
        chrome.switch_to.default_content()
    assert [each for each in chrome.get_log("browser") if each["level"] == "SEVERE"] == []


def test_where_frames_are_removed_a_picture_stays():
    markup = bundled_playground("xor")._repr_mimebundle_()["text/html"]
    still = re.sub(r"<iframe.*?</iframe>|<style>.*?</style>", "", markup, flags=re.DOTALL)
    assert 'src="data:image/svg+xml;base64,' in still and "Run this cell to train it." in still
    assert "<script" not in still


TALK = f"x\nwindow.pwned=1\n{HOSTILE}"
FLAT = Op(
    "flat", f"flat({{0}}) {TALK.translate({123: None})}", "{0} * 0.0", lambda y, a: 0.0, why=TALK, stops=True
)


class Hostile(nn.Module):
    def __init__(self):
        self.layers = {HOSTILE: nn.Layer(2, 2, "tanh", seed=0)}
        self.last = nn.Layer(2, 1, None, seed=1)

    def __call__(self, x):
        hidden = self.layers[HOSTILE](x)
        return self.last(hidden) + FLAT(hidden[0])


def test_hostile_names_are_text(play):
    def loss(output, target):
        return losses.mse(output, target)

    loss.__name__ = HOSTILE
    model = Hostile()
    model.named = Value(1.0, HOSTILE)
    page = play(playground(model, loss, X, TASKS["squared_error"][3]))
    page.run("$('more').open = true")
    page.click("epoch", 2)
    assert {*page.weights()} == {*model.state_dict()}
    page.code()
    for _, neuron in page.offered("neuron"):
        page.look_at(neuron)
    page.click("open")
    page.wait(400)
    assert page.run("return [window.pwned, document.getElementsByTagName('img').length]") == [None, 0]


def test_sizes():
    assert len(bundled_playground("moons").to_html().encode()) <= 200_000


# ---- The step page of an example --------------------------------------------------------------


def opened_steps(page):
    """Open the step page, and give the numbers that it begins with, by name."""
    page.click("open")
    page.wait(700)
    page.driver.switch_to.frame("frame")
    return page.run(
        "return Object.fromEntries(live.names.slice(0, numbers.length).map((n, k) => [n, numbers[k]]))"
    )


@pytest.mark.parametrize("name", ["bce_with_logits", "cross_entropy", "squared_error"])
def test_the_step_page_opens_with_these_numbers(play, name):
    loss, outputs, _, y = TASKS[name]
    model = model_for(outputs, None)
    page = play(playground(model, loss, X, y, optimizer=optim.Adam(lr=0.05)))
    page.click("epoch", 5)
    page.set("example", 3)
    said = page.lines()
    weights = page.weights()
    try:
        numbers = opened_steps(page)
        assert {number for key, number in numbers.items() if key[0] in "Wb"} == {*weights.values()}
        assert [numbers["x[0]"], numbers["x[1]"]] == X[3]
        assert numbers.get("y", y[3]) == y[3]
        page.click("last")
        rows = page.run(
            "$('transcript').open = true; return [...document.querySelectorAll('tr')].map((r) => r.innerText)"
        )
    finally:
        page.driver.switch_to.default_content()
    loss_said = float(re.search(r"L = (\S+)$", said[-1])[1])
    assert any(re.search(rf"^\d+\s*L = .* = {loss_said:.4g}$", row) for row in rows)
    step = next(line for line in said if line.startswith("∂L/∂W"))
    assert any(step in row for row in rows)
    page.click("back")
    assert not page.find("steps").is_displayed() and page.run("return document.activeElement.id") == "open"
