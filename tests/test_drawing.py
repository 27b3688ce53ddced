"""Drawings: what is shown of a graph, how large graphs fold, and what the files hold."""

import json
import math
import random
import re
import subprocess
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from browser import found
from counting import lines_run
from examples import (
    batch_loss,
    digits,
    first_example,
    hidden_layer,
    long_chain,
    moons_on_a_hundred,
    programs,
    textbook,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, draw, draw_dot, nn, step_through
from autograd_lite.drawing.dot import quoted
from autograd_lite.drawing.graph import build
from autograd_lite.drawing.labels import operation_text
from autograd_lite.drawing.text import readable
from autograd_lite.naming import variables_of

HOSTILE = [
    "<script>window.pwned=1</script>", "]]>", 'a "quoted" one', "back\\slash", r"\N", r"\n\l\r", "a|b", "{x}",
    "two\nlines", "\u202eright to left", "שלום", "\x00\x01\x7f", "&lt;b&gt;", "😀 emoji", "x" * 10_000,
    "<b>bold</b>", "ends with \\", "\ud800",
]  # fmt: skip


def names_of(graph, kind=None):
    return [node.name for node in graph.nodes if kind in (None, node.kind)]


def folds_of(graph):
    return {node.name: node.notes for node in graph.nodes if node.kind == "fold"}


def check_form(graph):
    """Check what holds for every graph: keys, order, ends of edges, places."""
    assert [node.key for node in graph.nodes] == [f"n{i}" for i in range(len(graph.nodes))]
    number = {node.key: i for i, node in enumerate(graph.nodes)}
    kinds = {node.key: node.kind for node in graph.nodes}
    for edge in graph.edges:
        assert number[edge.source] < number[edge.target]
        assert kinds[edge.source] != "op" or kinds[edge.target] == "value"
        assert kinds[edge.target] != "value" or kinds[edge.source] == "op"
    assert {kinds[key] for key in graph.places.values()} <= {"value", "fold"}
    assert {*graph.places.values()} == {key for key, kind in kinds.items() if kind != "op"}


# ---- What is drawn --------------------------------------------------------------------------------


def test_the_first_example_in_full():
    graph = build(first_example())
    check_form(graph)
    assert graph.title == "L = q * z"
    assert [(n.kind, n.name, n.value, n.gradient) for n in graph.nodes] == [
        ("value", "x", -2.0, -4.0),
        ("value", "y", 5.0, -4.0),
        ("value", "z", -4.0, 3.0),
        ("op", "+", None, None),
        ("value", "q", 3.0, -4.0),
        ("op", "*", None, None),
        ("value", "L", -12.0, 1.0),
    ]
    assert [(e.source, e.target, e.label, e.gradient) for e in graph.edges] == [
        ("n0", "n3", "∂q/∂x = 1", -4.0),
        ("n1", "n3", "∂q/∂y = 1", -4.0),
        ("n3", "n4", "", -4.0),
        ("n4", "n5", "∂L/∂q = z = -4", -4.0),
        ("n2", "n5", "∂L/∂z = q = 3", 3.0),
        ("n5", "n6", "", 1.0),
    ]
    assert graph.outline == (
        "L = q * z = -12, gradient 1\n"
        "  q = x + y = 3, gradient -4\n"
        "    x = -2, gradient -4\n"
        "    y = 5, gradient -4\n"
        "  z = -4, gradient 3"
    )


def test_names_are_labels_then_the_callers_variables_then_numbers():
    a, b = Value(2.0, "label"), Value(3.0)
    by_variables, by_table = draw(a * b * 2.0), draw(a * b, names={"other": b})
    assert names_of(by_variables.graph, "value") == ["label", "b", "v1", "v2"]
    assert names_of(by_table.graph, "value") == ["label", "other", "v1"]


def test_names_that_a_test_runner_or_a_notebook_makes_are_not_used():
    a, _ = Value(2.0), Value(3.0)
    graph = draw(a * _).graph
    assert names_of(graph, "value") == ["a", "v1", "v2"]
    frame = SimpleNamespace(f_locals={"@py_assert1": a, ".0": a, "_": a, "_12": a, "x": a})
    assert variables_of(frame) == {"x": a}


def test_before_backward_there_is_no_gradient_and_after_it_a_zero_is_a_zero():
    x = Value(-3.0, "x")
    y = x.relu()
    assert [node.gradient for node in build(y).nodes] == [None, None, None]
    assert [edge.gradient for edge in build(y).edges] == [None, None]
    y.backward()
    assert [node.gradient for node in build(y).nodes] == [0.0, None, 1.0]
    assert [edge.gradient for edge in build(y).edges] == [0.0, 1.0]


def test_a_square_has_two_edges():
    x = Value(3.0, "x")
    graph = build(x * x)
    assert [(e.source, e.target, e.label) for e in graph.edges[:2]] == [("n0", "n1", "∂v1/∂x = x = 3")] * 2


def test_a_leaf_alone():
    graph = build(Value(3.0, "x"))
    assert (graph.title, names_of(graph), graph.edges, graph.outline) == ("x", ["x"], (), "x = 3, gradient –")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: x + x, "+"),
        (lambda x: x * 2, "* 2"),
        (lambda x: 2 - x, "2 -"),
        (lambda x: x**3, "** 3"),
        (lambda x: 2**x, "2 **"),
        (lambda x: -x, "-"),
        (lambda x: x / 3, "/ 3"),
        (lambda x: x * (1 / 3), "* 0.3333"),
        (lambda x: x.tanh(), "tanh"),
        (lambda x: x.leaky_relu(), "leaky_relu 0.01"),
        (lambda x: ag.maximum(x, 0.0), "maximum(·, 0)"),
        (lambda x: ag.clip(x, -1.0, 1.0), "clip -1 1"),
        (lambda x: ag.where(1.0, x, x), "where(1, ·, ·)"),
        (lambda x: ag.dot([x, x], [1.0, 2.0], 0.5), "dot"),
        (lambda x: ag.pick([x, x], 1), "pick 1"),
        (lambda x: abs(x), "abs"),
        (lambda x: x * math.nan, "* nan"),
    ],
)
def test_an_operation_is_written_with_its_constants(make, text):
    assert operation_text(make(Value(0.5))) == text


def test_a_new_operation_is_drawn_from_its_declaration():
    cube = ag.Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
    graph = build(cube(Value(2.0, "x")))
    assert graph.title == "v1 = cube(x)"
    assert names_of(graph, "op") == ["cube"]
    assert graph.edges[0].label == "∂v1/∂x = 3 * x * x = 12"


def test_a_long_formula_is_left_out_of_a_label():
    assert build(ag.silu(Value(0.5, "x"))).edges[0].label == "∂v1/∂x = 0.74"
    assert build(Value(0.5, "a_longer_name").tanh()).edges[0].label == "∂v1/∂a_longer_name = 0.7864"


def test_long_names_are_short_beside_edges_and_whole_in_boxes():
    x = Value(2.0, "blocks.first.attention.query.gain")
    graph = build(x * 3.0)
    assert graph.nodes[0].name == "blocks.first.attention.query.gain"
    assert graph.edges[0].label == "∂v1/∂blocks.…ery.gain = 3"


def test_numbers_that_are_not_finite():
    x = Value(math.inf, "x")
    y = x * math.nan + Value(-math.inf)
    y.backward()
    drawing = draw(y, names={})
    content = json.loads(drawing.to_json())
    assert [node["value"] for node in content["nodes"] if node["kind"] == "value"] == [
        "inf",
        "-inf",
        "nan",
        "nan",
    ]
    assert "x = inf, gradient nan" in drawing.graph.outline
    ElementTree.fromstring(drawing.svg)


def test_lecture_a3():
    loss = hidden_layer()
    graph = draw(loss).graph
    check_form(graph)
    numbers = {node.name: (node.value, node.gradient) for node in graph.nodes if node.kind == "value"}
    assert [round(number, 2) for number in numbers["output"]] == [0.62, -1.62]
    assert len(graph.nodes) == 8 + 2 * 14
    assert folds_of(graph) == {}


# ---- Folding --------------------------------------------------------------------------------------


def test_small_graphs_are_not_folded_xor():
    model = nn.MLP(2, [2, 1], activation="sigmoid", seed=0)
    graph = build(model([Value(0.0), Value(1.0)]))
    assert folds_of(graph) == {}
    assert names_of(graph, "op") == ["dot", "sigmoid", "dot", "sigmoid", "dot"]


def test_a_neuron_with_many_inputs_is_one_box_by_its_dotted_name():
    model = nn.MLP(40, [2, 1], seed=0)
    graph = build(model([0.1] * 40), names={})
    assert folds_of(graph) == {
        "layers.0.neurons.0": ("v2 = relu(Σ wx + b)",),
        "layers.0.neurons.1": ("v4 = relu(Σ wx + b)",),
        "layers.1.neurons.0": ("v5 = Σ wx + b",),
    }
    assert [round(node.value, 6) for node in graph.nodes] == [
        round(neuron.data, 6) for neuron in (*model.layers[0]([0.1] * 40), model([0.1] * 40))
    ]


def test_a_neuron_written_by_hand_is_one_box():
    w = [Value(0.01 * i) for i in range(40)]
    x = [Value(1.0) for _ in range(40)]
    b = Value(-1.0)
    score = sum(wi * xi for wi, xi in zip(w, x)) + b
    graph = draw(score.tanh(), names={}).graph
    assert folds_of(graph) == {"v162": ("tanh(Σ wx + b)",), "v2 … v80": ("40 values",)}
    check_form(graph)


def test_the_moons_network_on_one_example_through_nn():
    graph = build(nn.MLP(2, [16, 16, 1], seed=0)([Value(0.5), Value(-0.5)]))
    check_form(graph)
    assert folds_of(graph) == {
        "layers.0": ("16 neurons", "relu(Σ wx + b)"),
        "layers.1": ("16 neurons", "relu(Σ wx + b)"),
        "layers.2": ("1 neuron", "Σ wx + b"),
    }
    assert len(graph.nodes) == 5


def test_the_moons_network_on_one_example_in_textbook_code():
    network, _ = textbook([2, 16, 16, 1], random.Random(0))
    score = network([0.5, -0.5])
    assert len(build(score, fold=False).places) == 337 + 640
    graph = build(score)
    check_form(graph)
    assert folds_of(graph) == {
        "layer 1": ("16 neurons", "relu(Σ wx + b)"),
        "layer 2": ("16 neurons", "relu(Σ wx + b)"),
        "layer 3": ("1 neuron", "Σ wx + b"),
    }


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_moons_network_on_a_hundred_examples(by_hand):
    loss = moons_on_a_hundred(by_hand)
    drawing = draw(loss, names={})
    assert len(drawing.svg) < 200_000
    few = moons_on_a_hundred(by_hand, count=25)
    assert lines_run(lambda: build(loss, names={})) < 4.4 * lines_run(lambda: build(few, names={}))
    check_form(drawing.graph)
    folds = folds_of(drawing.graph)
    names = [f"layer {i}" for i in (1, 2, 3)] if by_hand else [f"layers.{i}" for i in range(3)]
    assert [folds[name] for name in names] == [
        ("16 neurons", "relu(Σ wx + b)", "×99 more"),
        ("16 neurons", "relu(Σ wx + b)", "×99 more"),
        ("1 neuron", "Σ wx + b", "×99 more"),
    ]
    assert ("Σ of 337 products",) in folds.values()
    assert ("Σ of 100 terms",) in folds.values()
    assert len(drawing.graph.nodes) <= 20


def test_digits():
    graph = build(digits())
    check_form(graph)
    assert folds_of(graph) == {
        "v1 … v64": ("64 values",),
        "layers.0": ("16 neurons", "relu(Σ wx + b)"),
        "layers.1": ("10 neurons", "Σ wx + b"),
        "v98 … v116": ("v97 - 1.43941", "×9 more"),
    }
    assert names_of(graph, "op") == ["logsumexp", "pick 3", "-"]


def test_a_long_chain_keeps_both_ends():
    graph = build(long_chain())
    check_form(graph)
    assert names_of(graph, "value") == ["x", "v1", "v2", "v9999", "v10000"]
    assert folds_of(graph) == {"… 9 996 more steps": ("tanh",)}


def test_a_very_deep_graph_is_drawn_without_recursion():
    y = Value(0.5, "x")
    for _ in range(50_000):
        y = y.tanh()
    assert len(build(y).nodes) == 10


@pytest.mark.parametrize("depth", [20, 40])
def test_every_layer_of_a_deep_network_stays_visible(depth):
    graph = build(nn.MLP(3, [8] * depth, seed=0)([0.1, 0.2, 0.3])[0], names={})
    assert [*folds_of(graph)] == [f"layers.{i}" for i in range(depth)]


def test_the_steps_of_a_recurrent_network_share_weights_that_belong_to_none():
    states = nn.RNN(3, 5, seed=0)([[0.1, 0.2, 0.3]] * 40)
    graph = build(states[-1][0], names={})
    check_form(graph)
    assert folds_of(graph) == {
        "step 1": ("5 neurons", "tanh(Σ wx + b)"),
        "step 2": ("5 neurons", "tanh(Σ wx + b)"),
        "… 36 more steps": ("dot, tanh", "360 values"),
        "step 39": ("5 neurons", "tanh(Σ wx + b)"),
        "step 40": ("1 neuron", "tanh(Σ wx + b)"),
        "weights W, U, b": ("45 weights",),
    }
    assert sorted((edge.source, edge.target) for edge in graph.edges) == [
        ("n0", "n1"), ("n0", "n2"), ("n0", "n3"), ("n0", "n4"), ("n0", "n5"),
        ("n1", "n2"), ("n2", "n3"), ("n3", "n4"), ("n4", "n5"),
    ]  # fmt: skip


@pytest.mark.parametrize("fold", [False, "none"])
def test_folding_can_be_turned_off(fold):
    graph = build(nn.MLP(2, [16, 16, 1], seed=0)([0.5, -0.5]), fold=fold)
    assert folds_of(graph) == {}
    assert len(graph.nodes) == 337 + 2 * 65


def test_a_small_budget_folds_more():
    loss = nn.MLP(2, [3, 1], seed=0)([Value(0.5), Value(-0.5)]) ** 2
    sizes = [len(build(loss, fold=fold).nodes) for fold in (100, 30, 6)]
    assert sizes == [15 + 2 * 8, 8, 6]


@settings(max_examples=40, deadline=None)
@given(programs(), st.integers(1, 60))
def test_random_programs_fold_into_a_graph_without_cycles(output, fold):
    graph = build(output, names={}, fold=fold)
    check_form(graph)
    whole = build(output, names={}, fold=False)
    check_form(whole)
    assert graph.places.keys() == whole.places.keys()
    assert len(whole.edges) == sum(len(v.parents) + (v.op is not None) for v in whole.places)
    values = [*graph.places]
    focused = build(output, names={}, fold=fold, focus=values[len(values) // 2], depth=2)
    check_form(focused)
    assert focused.places.keys() == whole.places.keys()


# ---- Focus ----------------------------------------------------------------------------------------


def test_focus_opens_one_neuron_down_to_each_product():
    network = nn.MLP(2, [16, 16, 1], seed=0)
    loss = batch_loss(network, network.parameters())
    graph = build(loss, focus="layers.0.neurons.3", names={})
    check_form(graph)
    opened = [name for name in names_of(graph, "value") if name[0] in "Wb"]
    assert opened == ["W1[3,0]", "W1[3,1]", "b1[3]"]
    assert names_of(graph, "op")[:2] == ["dot", "relu"]
    assert {"layers.0", "layers.1", "layers.2"} <= {*folds_of(graph)}
    users = {
        edge.target for edge in graph.edges if edge.source == graph.places[network.layers[0].neurons[3].b]
    }
    (penalty,) = [node.name for node in graph.nodes if node.notes == ("Σ of 337 products",)]
    assert sorted(node.name for node in graph.nodes if node.key in users) == ["dot", "layers.0", penalty]


def test_focus_on_a_layer_splits_it_and_a_second_step_opens_its_neurons():
    network = nn.MLP(2, [3, 3, 1], seed=0)
    score = network([0.5, -0.5])
    neurons = [f"layers.1.neurons.{i}" for i in range(3)]
    split = folds_of(build(score, focus="layers.1", names={}))
    assert [*split] == ["layers.0", *neurons, "layers.2"]
    batch = build(batch_loss(network, network.parameters(), 5), focus="layers.1", names={})
    key = {node.name: node.key for node in batch.nodes}
    between = {(edge.source, edge.target) for edge in batch.edges}
    assert not between & {(key["layers.1"], key[name]) for name in neurons}
    assert {(key["layers.0"], key[name]) for name in neurons} <= between
    opened = build(score, focus="layers.1", depth=2, names={})
    assert [*folds_of(opened)] == ["layers.0", "layers.2"]
    assert names_of(opened, "op") == ["dot", "relu"] * 3


def test_focus_on_a_value_by_hand_written_code_down_to_each_product():
    network, _ = textbook([2, 8, 1], random.Random(0))
    score = network([Value(0.5, "x1"), Value(-0.5, "x2")])
    hidden = [value for value in build(score).places if value.op is not None and value.op.name == "relu"]
    graph = build(score, focus=hidden[4], names={})
    check_form(graph)
    assert names_of(graph, "op") == ["*", "+", "*", "+", "relu"]
    assert folds_of(graph)["layer 1"] == ("7 other neurons", "relu(Σ wx + b)")
    deeper = build(score, focus=score, depth=2, names={})
    assert folds_of(deeper) == {}


def test_an_unknown_focus_is_refused_with_what_exists():
    network = nn.MLP(2, [16, 16, 1], seed=0)
    score = network([0.5, -0.5])
    with pytest.raises(
        ValueError, match=r"no 'layers\.7' in this graph; there are layers\.0, layers\.1, layers\.2"
    ):
        draw(score, focus="layers.7")
    with pytest.raises(ValueError, match="not in this graph"):
        draw(score, focus=Value(1.0))
    with pytest.raises(TypeError, match="focus is a Value or a name"):
        draw(score, focus=3)
    with pytest.raises(ValueError, match="depth is at least 1"):
        draw(score, focus="layers.0", depth=0)
    with pytest.raises(ValueError, match="leave out either focus or fold"):
        draw(score, focus="layers.0", fold=False)
    with pytest.raises(ValueError, match="goes with a focus"):
        draw(score, depth=1)


# ---- Faces and files ------------------------------------------------------------------------------


def test_a_notebook_gets_a_picture_an_image_of_it_and_a_text():
    drawing = draw(first_example())
    bundle = drawing._repr_mimebundle_()
    assert [*bundle] == ["image/svg+xml", "text/html", "text/plain"]
    assert bundle["text/plain"] == drawing.graph.outline
    as_wide_as_the_page = re.sub(r' width="[\d.]+" height="[\d.]+"', ' width="100%"', drawing.svg, count=1)
    assert bundle["image/svg+xml"] == as_wide_as_the_page != drawing.svg
    small = draw(Value(1.0, "x"))
    assert small._repr_mimebundle_()["image/svg+xml"] == small.svg
    width, least = (float(re.search(r' width="([\d.]+)"', picture.svg)[1]) for picture in (drawing, small))
    assert f'style="min-width:{0.85 * width:.0f}px;width:100%"' in bundle["text/html"]
    assert f'style="min-width:{0.85 * least:.0f}px"' in small._repr_mimebundle_()["text/html"]
    assert repr(drawing) == "<Drawing of L = q * z: 7 nodes>"
    assert ElementTree.fromstring(drawing.svg).tag == "{http://www.w3.org/2000/svg}svg"


def test_files(tmp_path):
    drawing = draw(first_example())
    for suffix in (".svg", ".html", ".dot", ".JSON"):
        drawing.save(tmp_path / f"g{suffix}")
    assert (tmp_path / "g.svg").read_text() == drawing.svg
    assert (tmp_path / "g.dot").read_text() == drawing.source
    html = (tmp_path / "g.html").read_text()
    assert drawing.svg in html and "  q = x + y = 3, gradient -4" in html
    content = json.loads((tmp_path / "g.JSON").read_text())
    assert [*content] == ["title", "nodes", "edges", "outline"]
    assert content["nodes"][0] == {
        "key": "n0", "kind": "value", "name": "x", "value": -2.0, "gradient": -4.0, "notes": [], "tip": "",
    }  # fmt: skip
    assert content["edges"][3] == {
        "source": "n4",
        "target": "n5",
        "label": "∂L/∂q = z = -4",
        "gradient": -4.0,
    }
    with pytest.raises(ValueError, match=r"\.svg, \.html, \.dot or \.json"):
        drawing.save(tmp_path / "g.png")
    assert {path.name for path in tmp_path.iterdir()} == {"g.svg", "g.html", "g.dot", "g.JSON"}


def test_a_drawing_does_not_change_afterwards():
    x = Value(3.0, "x")
    y = x * x
    drawing = draw(y, names={})
    y.backward()
    x.data = 7.0
    assert "x = 3, gradient –" in str(drawing)
    assert "∂ –" in drawing.svg and ">7<" not in drawing.svg


def test_a_number_that_its_operands_no_longer_give_is_called_stale():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    L = x * y + 1.0
    x.data = 7.0
    drawing = draw(L, names={"q": L.parents[0], "L": L})
    assert [(node.name, node.notes) for node in drawing.graph.nodes if node.kind == "value"] == [
        ("x", ()), ("y", ()), ("q", ("stale",)), ("L", ()),
    ]  # fmt: skip
    assert [edge.label for edge in drawing.graph.edges if edge.label] == [
        "∂q/∂x = 2", "∂q/∂y = 3", "∂L/∂q = 1",
    ]  # fmt: skip
    assert str(drawing).splitlines()[1] == (
        "  q = x * y = 6, gradient –, no longer what its operands give: "
        "a .data has changed since the forward pass"
    )
    assert ">stale</text>" in drawing.svg


def test_draw_dot_gives_a_digraph_that_renders():
    L = first_example()
    digraph = draw_dot(L)
    assert digraph.source == draw(L).source
    found("dot")
    ElementTree.fromstring(digraph.pipe(format="svg"))


@pytest.mark.parametrize(("direction", "rank"), [("LR", "LR"), ("TB", "TB"), ("auto", "LR")])
def test_a_direction_is_passed_on_to_graphviz(direction, rank):
    L = first_example()
    source = draw(L, direction=direction).source
    assert f'graph [rankdir="{rank}"]' in source
    assert draw_dot(L, direction=direction).source == source


def test_draw_dot_uses_the_callers_names():
    inputs = Value(2.0)
    assert '"2\\ninputs\\n∂ –"' in draw_dot(inputs * 3.0).source


@pytest.mark.parametrize(
    ("thing", "hint"),
    [
        (3.0, "takes the Value whose graph is to be drawn, got 3.0"),
        (None, "got None"),
        ([Value(1.0), Value(2.0)], "draw one of them, or their sum"),
        (nn.Neuron(2), "call it, and draw what it returns"),
    ],
)
def test_what_is_no_value_is_refused(thing, hint):
    with pytest.raises(TypeError, match=hint):
        draw(thing)
    with pytest.raises(TypeError, match=hint):
        draw_dot(thing)


def test_wrong_options_are_refused():
    x = Value(1.0)
    with pytest.raises(ValueError, match="engine is 'built-in' or 'dot', got 'neato'"):
        draw(x, engine="neato")
    for function in (draw, draw_dot):
        with pytest.raises(ValueError, match="direction is 'LR', 'TB' or 'auto', got 'up'"):
            function(x, direction="up")
    with pytest.raises(ValueError, match="direction is 'LR', 'TB' or 'auto', got 'up'"):
        step_through(x).to_html(direction="up")
    with pytest.raises(TypeError, match="fold is a number of nodes"):
        draw(x, fold="all")
    with pytest.raises(ValueError, match="at least 1 node"):
        draw(x, fold=-1)


# ---- Hostile labels -------------------------------------------------------------------------------


def labels_that_dot_reads(source):
    """Let Graphviz parse a source, and give the text that each node would show."""
    found("dot")
    run = subprocess.run(["dot", "-Tjson0"], input=source.encode(), capture_output=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, b"")
    content = json.loads(run.stdout)
    return [unescaped(thing["label"]) for thing in content["objects"]]


def unescaped(text):
    """Undo what DOT's escapes mean: a line's end, a backslash, an entity."""
    lines, escaped = [""], False
    for character in text:
        if escaped:
            lines[-1] += "" if character == "n" else character
            lines += [""] if character == "n" else []
        elif character != "\\":
            lines[-1] += character
        escaped = character == "\\" and not escaped
    return [line.replace("&amp;", "&") for line in lines]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_is_text_wherever_it_lands(label):
    x = Value(2.0, label)
    drawing = draw(x * x, names={})
    shown = labels_that_dot_reads(drawing.source)[0]
    assert shown[0] == "2" and shown[-1] == "∂ –" and len(shown) == 3
    if len(label) < 200:
        assert shown[1] == readable(label)
    assert json.loads(drawing.to_json())["nodes"][0]["name"] == label
    ElementTree.fromstring(drawing.svg)
    assert "<script>" not in drawing.svg + drawing.html
    assert all(ord(character) >= 32 or character == "\n" for character in drawing.graph.outline)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_label_is_one_dot_string(label):
    text = quoted(label, "second")
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', text)
    assert unescaped(text[1:-1]) == [readable(label), "second"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), min_size=1, max_size=6))
def test_any_labels_are_read_back_by_graphviz(labels):
    drawing = draw(ag.sum([Value(1.0, label) for label in labels]), names={}, fold=False)
    names = [node.name for node in drawing.graph.nodes if node.kind == "value"]
    shown = labels_that_dot_reads(drawing.source)
    boxes = [lines[1] for lines in shown if len(lines) == 3]
    assert boxes == [readable(name) for name in names]
    assert [
        node["name"] for node in json.loads(drawing.to_json())["nodes"] if node["kind"] == "value"
    ] == names
