"""Folded graphs: an arrow is a dependency, a leaf belongs to whom it serves, and every box can be opened."""

import json
import random
import re
from collections import Counter
from functools import partial

import pytest
from counting import lines_run
from examples import EXAMPLES, batch_loss, programs, textbook
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, draw, losses, nn, step_through
from autograd_lite.drawing.graph import build
from autograd_lite.drawing.step_page import frames
from autograd_lite.drawing.step_page.page import page

XOR = [((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0)]


# ---- Networks -------------------------------------------------------------------------------------


def batch(count=4, widths=(4, 1)):
    """Give the mean loss of a network that several examples share."""
    model = nn.MLP(2, [*widths], seed=0)
    found = []
    for i in range(count):
        x, target = XOR[i % 4]
        outputs = model(x)
        found.append(losses.mse(outputs if widths[-1] == 1 else outputs[0], target))
    return ag.mean(found)


def embedded(count=2, width=2, hidden=3, words=5):
    """Give the mean loss of a network that reads rows of a table, as makemore does."""
    generator = random.Random(1)
    table = nn.Embedding(6, width, seed=0)
    model = nn.MLP(3 * width, [hidden, words], activation="tanh", seed=0)
    found = []
    for _ in range(count):
        context = [generator.randrange(6) for _ in range(3)]
        logits = model([number for word in context for number in table(word)])
        found.append(losses.cross_entropy(logits, generator.randrange(words)))
    return ag.mean(found)


def convolution(size=4, kernel=3, channels=1):
    image = [[[Value(float(i * j % 3)) for i in range(size)] for j in range(size)]]
    seen = nn.Conv2d(1, channels, kernel, seed=0)(image)
    return ag.sum([number.tanh() for channel in seen for row in channel for number in row])


def attention(tokens=3, width=2):
    generator = random.Random(0)
    sequence = [[Value(generator.uniform(-1, 1)) for _ in range(width)] for _ in range(tokens)]
    return ag.sum([y * y for row in nn.SelfAttention(width, seed=0)(sequence) for y in row])


def recurrent(steps=5, hidden=3):
    states = nn.RNN(2, hidden, seed=0)([[0.1 * step, 0.2] for step in range(steps)])
    return losses.mse(nn.Neuron(hidden, None, seed=1)(states[-1]), 1.0)


def tied(words=5, width=3):
    """Give the loss of a network whose table is both its first and its last layer."""
    table = nn.Embedding(words, width, seed=0)
    hidden = nn.MLP(width, [width], output="tanh", seed=0)(table(2))
    hidden = hidden if isinstance(hidden, list) else [hidden]
    return losses.cross_entropy([ag.dot(row, hidden) for row in table.table], 1)


def by_hand(sizes=(2, 4, 1), count=4):
    network, parameters = textbook([*sizes], random.Random(0))
    return batch_loss(network, parameters, count)


def gpt(width=4, tokens=((0, 2), (2, 3), (3, 1))):
    """Give the loss of a step of microgpt: attention, residuals and norms, all in scalars."""
    generator = random.Random(3)

    def matrix(name, rows, columns):
        return [
            [Value(generator.gauss(0, 0.3), f"{name}[{i}][{j}]") for j in range(columns)] for i in range(rows)
        ]

    def linear(x, w):
        return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]

    def softmax(logits):
        top = max(value.data for value in logits)
        exps = [(value - top).exp() for value in logits]
        total = sum(exps)
        return [each / total for each in exps]

    def norm(x):
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    wte, wpe = matrix("wte", 5, width), matrix("wpe", 3, width)
    wq, wk, wv, wo = (matrix(name, width, width) for name in ("wq", "wk", "wv", "wo"))
    up, down, head = matrix("up", 8, width), matrix("down", width, 8), matrix("head", 5, width)
    keys, values, found = [], [], []
    for place, (token, following) in enumerate(tokens):
        x = norm([a + b for a, b in zip(wte[token], wpe[place])])
        query = linear(x, wq)
        keys.append(linear(x, wk))
        values.append(linear(x, wv))
        looks = softmax([sum(q * k for q, k in zip(query, key)) / 2.0 for key in keys])
        seen = [sum(looks[s] * values[s][j] for s in range(len(values))) for j in range(width)]
        x = [a + b for a, b in zip(linear(seen, wo), x)]
        x = [a + b for a, b in zip(linear([ag.relu(h) for h in linear(norm(x), up)], down), x)]
        found.append(-softmax(linear(x, head))[following].log())
    return sum(found) / len(found)


NETWORKS = {
    "XOR, shared network": batch,
    "a hundred examples": lambda: batch(100, (16, 16, 1)),
    "embedding": embedded,
    "embedding, sixteen examples": lambda: embedded(16, 3, 8, 6),
    "convolution": convolution,
    "convolution, two channels": lambda: convolution(6, 3, 2),
    "attention": attention,
    "RNN": recurrent,
    "RNN of forty": lambda: recurrent(40, 5),
    "tied": tied,
    "by hand": by_hand,
    "by hand, wide": lambda: by_hand((2, 16, 16, 1), 30),
    "GPT": gpt,
}
SHAPES = st.integers(1, 4)


@st.composite
def networks(draw_from):
    """Give the loss of a network of some kind, with random sizes."""
    a, b, c = draw_from(SHAPES), draw_from(SHAPES), draw_from(SHAPES)
    makers = [
        lambda: batch(a, (b, c)),
        lambda: embedded(a, b, c),
        lambda: convolution(2 + a, min(b, 3), c),
        lambda: attention(a, b),
        lambda: recurrent(2 * a, b),
        lambda: tied(2 + a, b),
        lambda: by_hand((2, b, c, 1), a),
        lambda: gpt(b, [(0, 2), (2, 3), (3, 1)][: min(a, 3)]),
    ]
    return draw_from(st.sampled_from(makers))()


# ---- An arrow is a dependency ---------------------------------------------------------------------


def arrows(graph):
    """Give the arrows of a drawing between what holds Values: an operation belongs to its result."""
    result = {edge.source: edge.target for edge in graph.edges}
    ops = {node.key for node in graph.nodes if node.kind == "op"}
    return {
        (e.source, result[e.target] if e.target in ops else e.target)
        for e in graph.edges
        if e.source not in ops
    }


def check_arrows(graph):
    """Check that A points to B exactly if something in A is an operand of something in B."""
    places = graph.places
    kinds = {}
    for value, place in places.items():
        kinds.setdefault(place, set()).add(value.op is None)
    needed = set()
    for value, place in places.items():
        for parent in value.parents:
            if place != places[parent]:
                # What computes something hands on that; a leaf in it serves nothing else.
                assert parent.op is not None or kinds[places[parent]] == {True}
                needed.add((places[parent], place))
    assert arrows(graph) == needed


@pytest.mark.parametrize("fold", [1, 5, 12, 24, 60, 120, 500])
@pytest.mark.parametrize("name", [*NETWORKS, *EXAMPLES])
def test_an_arrow_is_a_dependency_and_a_dependency_an_arrow(name, fold):
    output = (NETWORKS | EXAMPLES)[name]()
    check_arrows(build(output, names={}, fold=fold))
    check_arrows(build(output, names={}, fold=fold, by_example=True))


@settings(max_examples=60, deadline=None)
@given(st.one_of(networks(), programs()), st.integers(1, 150), st.data())
def test_in_every_random_network_an_arrow_is_a_dependency(output, fold, data):
    by_example = data.draw(st.booleans())
    graph = build(output, names={}, fold=fold, by_example=by_example)
    check_arrows(graph)
    focus = data.draw(st.sampled_from([*graph.places]))
    depth = data.draw(st.integers(1, 3))
    focused = build(output, names={}, fold=fold, focus=focus, depth=depth, by_example=by_example)
    check_arrows(focused)
    assert focused.places.keys() == graph.places.keys()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_text_lists_the_operands_that_have_an_arrow(name):
    graph = build(NETWORKS[name](), names={})
    named = {node.key: node.name for node in graph.nodes}
    below = {}
    for source, target in arrows(graph):
        below.setdefault(named[target], set()).add(named[source])
    path = []
    for line in graph.outline.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        found = [name for name in named.values() if re.match(rf"{re.escape(name)}( =|:)", line.strip())]
        if not found:  # "… 4 operands, see above"
            continue
        path[depth:] = [max(found, key=len)]
        if depth:
            assert path[depth] in below[path[depth - 1]]


# ---- What is shared, and what is not --------------------------------------------------------------


def notes_of(graph):
    return {node.name: node.notes for node in graph.nodes if node.kind == "fold"}


def test_examples_that_share_a_network_hand_nothing_to_one_another():
    graph = build(batch(), names={})
    named = {node.key: node.name for node in graph.nodes}
    between = {(named[source], named[target]) for source, target in arrows(graph)}
    assert not any(a == b for a, b in between)
    assert notes_of(graph)["weights of layers.0"] == ("12 weights",)
    assert notes_of(graph)["weights of layers.1"] == ("5 weights",)


def test_a_row_of_a_table_is_drawn_once_and_neurons_keep_their_names():
    graph = build(embedded(1, 2, 3, 3), names={}, fold=40)
    assert {name for name in notes_of(graph) if name.startswith("layers.")} == {
        "layers.0.neurons.0", "layers.0.neurons.1", "layers.0.neurons.2",
        "layers.1.neurons.0", "layers.1.neurons.1", "layers.1.neurons.2",
    }  # fmt: skip
    rows = {name: notes for name, notes in notes_of(graph).items() if name.startswith("table[")}
    assert rows == {"table[1]": ("2 values",), "table[4]": ("2 values",), "table[0]": ("2 values",)}
    for row in rows:
        (key,) = [node.key for node in graph.nodes if node.name == row]
        assert len([1 for source, _ in arrows(graph) if source == key]) == 3


def test_many_rows_of_a_table_are_the_table():
    graph = build(embedded(16, 2, 8, 5), names={}, fold=20)
    assert {"table[0]", "table[5]", "layers.0", "layers.1"} <= {*notes_of(graph)}
    wide = nn.Embedding(30, 2, seed=0)
    loss = ag.sum([nn.Neuron(2, seed=0)(wide(k)) for k in range(30)])
    assert notes_of(build(loss, names={}, fold=20))["table"] == ("60 values",)


def test_weights_are_called_by_what_holds_them():
    assert "weights W, U, b" in notes_of(build(recurrent(), names={}))
    assert {"weights of up", "weights of down"} <= {*notes_of(build(gpt(), names={}))}
    table = [[Value(1.0, f"wte[{i}][{j}]") for j in range(9)] for i in range(3)]
    loss = ag.sum([value.tanh() for row in table for value in row])
    assert {"wte[0]", "wte[1]", "wte[2]"} <= {*notes_of(build(loss, names={}, fold=12))}


# ---- Examples -------------------------------------------------------------------------------------


def shown(drawing):
    return [node.name for node in drawing.graph.nodes if node.kind != "op"]


def test_what_is_too_small_with_all_neurons_shows_a_box_for_each_example():
    drawing = draw(batch(), names={})
    assert sorted(shown(drawing)) == [
        "example 1 of 4", "example 2 of 4", "example 3 of 4", "example 4 of 4",
        "v43", "v44", "weights of layers.0", "weights of layers.1",
    ]  # fmt: skip
    assert notes_of(drawing.graph)["example 2 of 4"] == ("layers.0, layers.1", "v21 = v20 ** 2")
    (box,) = [node for node in drawing.graph.nodes if node.name == "example 2 of 4"]
    (loss,) = [value for value in drawing.graph.places if f"{value.data:.12g}" == f"{box.value:.12g}"]
    assert drawing.graph.places[loss] == box.key and box.gradient is None


def test_an_example_in_focus_is_opened_beside_the_others():
    names = shown(draw(batch(), names={}, focus="example 2 of 4"))
    assert {"layers.0.neurons.0", "layers.0.neurons.3", "layers.1.neurons.0", "v20"} <= {*names}
    assert [name for name in names if name.startswith("example")] == [
        "example 1 of 4", "example 3 of 4", "example 4 of 4"
    ]  # fmt: skip
    assert names.count("layers.0.neurons.0") == 1


def losses_of(model, targets):
    return [losses.mse(model([0.1 * i, 0.2]), target) for i, target in enumerate(targets)]


def test_examples_are_found_below_a_mean_and_a_penalty_and_when_they_are_added_one_by_one():
    model = nn.MLP(2, [4, 1], seed=0)
    found = losses_of(model, [0.0, 1.0, 0.0, 1.0])
    penalty = 0.01 * ag.sum([w * w for w in model.parameters()])
    for loss in (ag.mean(found) + penalty, found[0] + found[1] + found[2] + found[3], sum(found) / 4.0):
        graph = build(loss, names={}, fold=30, by_example=True)
        assert [f"example {number} of 4" in notes_of(graph) for number in range(1, 5)] == 4 * [True]


def test_the_places_of_a_sequence_are_no_examples():
    assert "place 2 of 3" in notes_of(build(gpt(), names={}, fold=60, by_example=True))
    two_models = [nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], seed=1)]
    apart = ag.sum([losses.mse(model([0.1, 0.2]), 1.0) for model in two_models])
    graph = build(apart, names={}, fold=12, by_example=True)
    assert not [name for name in notes_of(graph) if name.startswith(("example", "place"))]


def test_a_number_of_nodes_that_is_asked_for_is_kept():
    assert len(draw(batch(), names={}, fold=60).graph.nodes) > len(draw(batch(), names={}).graph.nodes)


# ---- Every box can be opened ----------------------------------------------------------------------


OPENS = re.compile(r"^draw\(…, focus=(.*)\) opens it$", re.MULTILINE)


@pytest.mark.parametrize("by_example", [False, True])
@pytest.mark.parametrize("fold", [1, 24, 60])
@pytest.mark.parametrize("name", [*NETWORKS, "moons, a hundred, by hand", "digits", "chain"])
def test_every_box_says_how_to_open_it(name, fold, by_example):
    output = (NETWORKS | EXAMPLES)[name]()
    graph = build(output, names={}, fold=fold, by_example=by_example)
    is_folded = any(node.kind == "fold" for node in graph.nodes)
    said = re.fullmatch(r"draw\(…, focus=.*\) opens .*, and so on", graph.outline.splitlines()[-1])
    assert is_folded == (said is not None)
    for node in graph.nodes:
        if node.kind != "fold":
            continue
        (focus,) = OPENS.findall(node.tip)
        inside = {value for value, place in graph.places.items() if place == node.key}
        opened = build(output, names={}, fold=fold, focus=json.loads(focus))
        single = {node.key for node in opened.nodes if node.kind == "value"}
        sizes = Counter(opened.places.values())
        places = [opened.places[value] for value in inside]
        assert not single.isdisjoint(places) or min(sizes[place] for place in places) < len(inside)


# ---- Steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_step_names_is_in_the_picture_or_its_box_is_named(name):
    trace = step_through(NETWORKS[name](), names={})
    (data,) = re.findall(r'<script type="application/json" id="data">(.*)</script>', page(trace))
    graph = build(trace.nodes[trace.output], names=trace.nodes)
    boxes = {node.key: node for node in graph.nodes}
    shown = {
        name
        for name, value in trace.nodes.items()
        if boxes[graph.places[value]].kind == "value" or boxes[graph.places[value]].value == value.data
    }
    for stop, run in zip(json.loads(data)["stops"], frames.runs_of(trace, frames.MOST_STEPS), strict=True):
        if len(run) > 1:
            continue
        words = {*re.findall(r"[\w.,\[\]]*\w\]*", run[0].formula)} & trace.nodes.keys()
        assert {run[0].node, run[0].parent or run[0].node} <= words
        for word in words:
            box = boxes[graph.places[trace.nodes[word]]].name
            assert word in shown or f"In the box {box}: " in stop.get("inside", "")


# ---- Size -----------------------------------------------------------------------------------------


def chain(count):
    y = Value(0.5, "x")
    for _ in range(count):
        y = y.tanh()
    return y


def powers(count):
    """Give a long chain all of whose values use the same leaf."""
    x = Value(1.0, "x")
    y = x
    for _ in range(count):
        y = y * x + 0.1
    return y


def tangle(count):
    """Give a graph without any form."""
    generator = random.Random(0)
    values = [Value(generator.random()) for _ in range(10)]
    for _ in range(count):
        a, b = (generator.choice(values[-50:]) for _ in range(2))
        values.append(generator.choice([a + b, a * b, a.tanh()]))
    return ag.sum(values)


def many_products(count):
    return ag.sum([Value(1.0) * Value(2.0) for _ in range(count)])


def many_uses(count):
    """Give a sum of many groups that all use the same leaves."""
    leaves = [Value(float(i)) for i in range(count)]
    return ag.sum([ag.sum(leaves[i:]).tanh() for i in range(5)])


LARGE = {
    "chain": chain,
    "powers": powers,
    "tangle": tangle,
    "products": many_products,
    "uses": many_uses,
    "batch by hand": lambda count: by_hand((2, 8, 1), count // 40),
}


def short_page(output):
    """Write a page most of whose steps are taken at once."""
    return page(step_through(output, names={}), most=100)


@pytest.mark.parametrize("name", LARGE)
def test_the_work_for_a_folded_picture_and_its_page_grows_as_its_graph_does(name):
    sizes, pictures, pages = [], [], []
    for count in (1000, 4000):
        output = LARGE[name](count)
        sizes.append(len(build(output, names={}).places))
        pictures.append(
            lines_run(partial(build, output, names={}))
            + lines_run(partial(build, output, names={}, by_example=True))
        )
        pages.append(lines_run(partial(short_page, output)))
    growth = sizes[1] / sizes[0]
    assert pictures[1] <= 1.1 * growth * pictures[0]
    assert pages[1] <= 1.1 * growth * pages[0]


def test_of_many_gradients_a_page_shows_the_first_and_the_last():
    document = page(step_through(many_products(50), names={}), most=20)
    assert document.count('<tr class="gradient"') == 21
    assert "80 gradients are left out here" in document


def test_a_step_is_written_when_it_is_looked_at_and_stays_as_it_was():
    x = Value(3.0, "x")
    y = x * x
    trace = step_through(y, names={})
    x.data, y.data = 7.0, 8.0
    assert [str(step) for step in trace[:2]] == ["v1 = x * x = 3 * 3 = 9", "∂v1/∂v1 = 1"]
    assert trace[-1] is trace[3] and trace.gradients == {"x": 6.0}
    with pytest.raises(IndexError):
        trace[4]
