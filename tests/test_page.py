"""The step page and the other faces of a trace: one document, all with the same words."""

import base64
import html
import json
import math
import os
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pictures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, draw, losses, nn, step_through
from autograd_lite.drawing.graph import build
from autograd_lite.drawing.step_page import frames
from autograd_lite.drawing.step_page.page import page, table
from autograd_lite.drawing.step_page.questions import questions

ROOT = Path(__file__).parents[1]
HOSTILE = [
    "</script><script>window.pwned = 1</script>",
    "<img src=x onerror=window.pwned=1>",
    "]]><script>window.pwned=1</script>",
    '" onmouseover="window.pwned=1',
    "'; window.pwned=1; '",
    "\\u003c/script> \\",
    "a = b = c",
    "$title ${data} $",
    "\u2028\u2029\u202e\x00\x1b",
    "two\nlines",
    "אבג",
    "🙂",
    "x" * 10_000,
]
VOID = {"meta", "input", "br", "img", "link"}


def small_trace():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    L = q * z
    return step_through(L)


class Reader(HTMLParser):
    """Reads a document: its elements, and the text of each."""

    def __init__(self, document):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "attributes": dict(attributes), "text": ""}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append({"tag": tag, "attributes": dict(attributes), "text": ""})

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, text):
        for element in self.open:
            element["text"] += text

    def all(self, tag):
        return [element for element in self.elements if element["tag"] == tag]

    def by_id(self, name):
        (element,) = [element for element in self.elements if element["attributes"].get("id") == name]
        return element

    def data(self):
        return json.loads(self.by_id("data")["text"])


def lines_of(table_text):
    """Write the rows of a table as the terminal has them: the words, without room around them."""
    return [
        " ".join(filter(None, (html.unescape(re.sub("<[^>]+>", "", cell)) for cell in cells)))
        for cells in (re.findall("<t[dh].*?>(.*?)</t[dh]>", row) for row in re.findall("<tr.*", table_text))
    ]


def words_of(text):
    return [re.sub(r"^(\d+) +", r"\1 ", line.strip()) for line in text.splitlines() if line]


def test_the_page_is_small_and_whole():
    document = small_trace().to_html()
    assert len(document.encode()) <= 70_000
    read = Reader(document)
    assert [element["tag"] for element in read.elements[:2]] == ["html", "head"]
    assert read.all("html")[0]["attributes"] == {"lang": "en"}
    names = [element["attributes"].get("name") for element in read.all("meta")]
    assert "viewport" in names
    assert len(read.all("svg")) == 1
    for element in read.elements:
        assert not {"src", "href", "xlink:href", "action", "srcset", "data"} & set(element["attributes"])
        assert element["tag"] not in ("link", "iframe", "object", "embed", "base")
    assert "url(" not in document and "@import" not in document


def test_without_its_script_the_page_shows_the_last_numbers_and_every_step():
    trace = small_trace()
    read = Reader(trace.to_html())
    assert "hidden" in read.by_id("controls")["attributes"]
    assert "hidden" in read.by_id("question")["attributes"]
    assert "open" in read.by_id("transcript")["attributes"]
    shown = sorted(
        element["text"]
        for element in read.elements
        if element["attributes"].get("id", "").endswith(("-value", "-gradient"))
    )
    assert shown == sorted(["-2", "5", "-4", "3", "-12", "∂ -4", "∂ -4", "∂ 3", "∂ -4", "∂ 1"])


def test_the_gradients_of_a_page_are_the_trace_s_own():
    x = Value(3.0, "x")
    L = x * x
    trace = step_through(L)
    before = trace.to_html()
    x.grad = 100.0
    L.backward()
    x.data = 5.0
    assert trace.to_html() == before
    assert x.grad == 106.0


def test_all_faces_have_the_same_words(tmp_path):
    trace = small_trace()
    terminal = str(trace)
    words = words_of(terminal)
    assert lines_of(table(trace)) == words
    bundle = trace._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == terminal
    frame, _, beside = bundle["text/html"].partition("</iframe>")
    assert lines_of(beside) == words
    (framed,) = re.findall("srcdoc='([^']*)'", frame)
    assert html.unescape(framed) == trace.to_html()
    assert lines_of(trace.to_html()) == words
    trace.save(tmp_path / "steps.txt")
    assert (tmp_path / "steps.txt").read_text(encoding="utf-8") == terminal + "\n"
    for step in json.loads(trace.to_json())["steps"]:
        assert f"{step['index']} {step['formula']} = {step['numbers']}" in " | ".join(words)
    data = Reader(trace.to_html()).data()
    assert [data["whys"][stop["why"]] for stop in data["stops"]] == [step.why for step in trace]


NUMBER = r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]\d+)?|inf|nan)(?![\w.])"


def with_four_digits(trace):
    """Write the steps of a trace again, from its numbers; what was put in is only known to six digits."""
    four = lambda text: re.sub(NUMBER, lambda number: f"{float(number[0]):.4g}", text)
    lines = []
    for step in trace:
        formula = four(step.formula)
        if step.phase == "forward":
            lines.append(
                f"{step.index} {formula} = {four(step.numbers.rpartition(' = ')[0])} = {step.after:.4g}"
            )
        elif step.phase == "seed":
            lines.append(f"{step.index} {formula} = 1")
        else:
            product = f"{step.upstream:.4g} · {step.local:.4g} = {step.contribution:.4g}"
            lines.append(f"{step.index} {formula} = {product}  ({step.before:.4g} → {step.after:.4g})")
    return lines


def random_trace(numbers, generator):
    pool = [Value(number, f"x{index}") for index, number in enumerate(numbers)]
    for _ in range(5):
        a, b = generator.choice(pool), generator.choice(pool)
        pool.append(
            generator.choice([a + b, a * b, (a - b).tanh(), a * a, a - 2.25, b * -3.123456, a / 7.00077])
        )
    return step_through(pool[-1], names={})


some_numbers = st.lists(st.integers(-30_000, 30_000).map(lambda n: n / 10_000), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None)
@given(some_numbers, st.randoms(use_true_random=False))
def test_the_words_of_any_page_have_the_digits_of_its_picture(numbers, generator):
    trace = random_trace(numbers, generator)
    rows = [line for line in lines_of(table(trace)) if line[0].isdigit()]
    expected = with_four_digits(trace)
    assert [re.sub(NUMBER, "#", row) for row in rows] == [re.sub(NUMBER, "#", line) for line in expected]
    for row, line, step in zip(rows, expected, trace):
        found, wanted = ([float(number) for number in re.findall(NUMBER, text)] for text in (row, line))
        assert found == pytest.approx(wanted, rel=2e-3), row  # six digits, then four, may round otherwise
        if step.phase != "forward":
            assert row == line
    picture = {text for stop in Reader(page(trace)).data()["stops"] for _, text in stop["texts"]}
    said = {number for row in rows for number in re.findall(NUMBER, row)}
    assert {text.removeprefix("∂ ") for text in picture} <= said


@settings(max_examples=40, deadline=None)
@given(some_numbers, st.randoms(use_true_random=False))
def test_the_chain_so_far_multiplies_to_the_contribution(numbers, generator):
    trace = random_trace(numbers, generator)
    stops = Reader(page(trace)).data()["stops"]
    for step, stop in zip(trace, stops):
        if step.phase != "backward":
            assert "slope" not in stop
            continue
        product, at, names = 1.0, step.index, [step.parent]
        while True:
            link = trace[at - 1]
            assert stops[at - 1]["slope"] == f"∂{link.node}/∂{link.parent}"
            assert link.parent == names[-1]
            product *= link.local
            names.append(link.node)
            if "via" not in stops[at - 1]:
                break
            at = stops[at - 1]["via"]
        if names[-1] == trace.output:
            assert "start" not in stops[at - 1]
        else:  # several arrows met there
            assert stops[at - 1]["start"] == f"∂{trace.output}/∂{names[-1]}"
            assert len([other for other in trace if other.parent == names[-1]]) > 1
            product *= link.upstream
        assert product == pytest.approx(step.contribution, rel=1e-9, abs=1e-12)


def asked_of(trace, shown):
    return [*questions(trace, range(1, len(trace) + 1), shown).values()]


@settings(max_examples=40, deadline=None)
@given(some_numbers, st.randoms(use_true_random=False))
def test_one_choice_of_the_next_node_is_right_and_the_others_cannot_be(numbers, generator):
    trace = random_trace(numbers, generator)
    values, names = trace.nodes, {value: name for name, value in trace.nodes.items()}
    for step, question in zip(trace, asked_of(trace, set(values))):
        assert (question.get("ask") == "seed") == (step.phase == "seed")
        if question.get("ask") == "total":
            assert any(step.parent == earlier.parent for earlier in trace[: step.index - 1])
        if question.get("ask") != "next":
            assert step.phase != "forward" or question == {}
            continue
        assert question["right"] == step.node
        wrong = [name for name in question["choices"] if name != step.node]
        assert 1 <= len(wrong) == len(question["choices"]) - 1 <= 3
        before = trace[: step.index - 1]
        for name in wrong:
            if step.phase == "forward":
                known = {earlier.node for earlier in before} | {n for n, v in values.items() if v.op is None}
                assert not {names[parent] for parent in values[name].parents} <= known
            else:  # a leaf, or a node to which something still flows
                rest = [later for later in trace[step.index - 1 :] if later.parent == name]
                assert values[name].op is None or rest


def test_what_is_asked_of_two_small_graphs():
    x = Value(3.0, "x")
    asked = [question.get("ask") for question in asked_of(step_through(x * x), {"x", "v1"})]
    assert asked == [None, "seed", "local", "total"]
    assert asked_of(small_trace(), {"x", "y", "z", "q", "L"}) == [
        {"ask": "next", "choices": ["q", "L"], "right": "q"},
        {},
        {"ask": "seed"},
        {"ask": "local"},
        {"ask": "contribution"},
        {"ask": "next", "choices": ["q", "x", "y"], "right": "q"},
        {"ask": "local"},
    ]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_the_numbers_of_any_page_are_the_trace_s(numbers, generator):
    trace = random_trace(numbers, generator)
    document = trace.to_html()
    data = Reader(document).data()
    texts = dict(data["start"])
    for stop in data["stops"]:
        texts |= dict(stop["texts"])
    expected = {f"{value:.4g}" for value in trace.values.values()}
    assert {text for key, text in texts.items() if key.endswith("-value")} == expected
    gradients = {step.parent: step.after for step in trace if step.parent} | {trace.output: 1.0}
    shown = {f"∂ {gradient:.4g}" for gradient in gradients.values()}
    assert {text for key, text in texts.items() if key.endswith("-gradient")} == shown


def test_a_repeated_operand_moves_along_each_of_its_arrows():
    x = Value(3.0, "x")
    square = x * x
    stops = Reader(step_through(square).to_html()).data()["stops"]
    first, second = stops[2]["edges"], stops[3]["edges"]
    assert len(first) == len(second) == 1 and first != second
    assert [stop["texts"][0][1] for stop in stops[1:]] == ["∂ 1", "∂ 3", "∂ 6"]


def test_every_id_that_the_script_uses_is_on_the_page():
    read = Reader(small_trace().to_html())
    ids = [element["attributes"]["id"] for element in read.elements if "id" in element["attributes"]]
    assert len(ids) == len(set(ids))
    data = read.data()
    used = {key for key, _ in data["start"]} | set(data["edges"])
    for stop in data["stops"]:
        used |= {*stop["from"], *stop["on"], *stop["edges"], f"step-{stop['step']}"}
        used |= {key for key, *_ in stop["texts"]}
        assert stop["on"]
    assert used <= set(ids)
    assert {edge for stop in data["stops"] for edge in stop["edges"]} <= set(ids)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_are_text(label):
    x = Value(3.0, label)
    check_hostile(step_through(x * x + 1.0, names={}))


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(codec=None), max_size=30))
def test_any_label_is_text(label):
    x = Value(3.0, label)
    check_hostile(step_through(x * x, names={}))


def check_hostile(trace):
    document = trace.to_html()
    document.encode()
    plain = Reader(small_trace().to_html())
    read = Reader(document)
    assert [element["tag"] for element in read.elements if element["tag"] == "script"] == ["script"] * 2
    assert {element["tag"] for element in read.elements} <= {element["tag"] for element in plain.elements} | {
        "tspan"
    }
    assert not [key for element in read.elements for key in element["attributes"] if key.startswith("on")]
    data = read.data()
    assert len(data["stops"]) == len(trace)
    assert not set("\0\x1b\n\u2028\u2029\u202e") & set(json.dumps(data, ensure_ascii=False))


def test_numbers_that_are_not_finite():
    x, y = Value(math.inf, "x"), Value(math.nan, "y")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        read = Reader(step_through(x - x * y, names={}).to_html())
    stops = read.data()["stops"]
    assert [stop["texts"][0][1] for stop in stops][:2] == ["⚠ nan", "⚠ nan"]
    assert ["inf" in text for _, text in read.data()["start"]].count(True) == 1


def test_every_process_writes_the_same_page():
    program = """if True:
        from autograd_lite import Value, step_through
        x, y = Value(3.0, "x"), Value(2.0, "y")
        print(step_through((x * y + x).tanh() * x, names={}).to_html())"""
    pages = {
        subprocess.check_output(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            cwd=ROOT,
            timeout=60,
        )
        for seed in ("0", "1", "2")
    }
    assert len(pages) == 1


def test_a_leaf_has_a_page():
    x = Value(3.0, "x")
    read = Reader(step_through(x).to_html())
    assert [stop["texts"][0][1] for stop in read.data()["stops"]] == ["∂ 1"]


def test_of_a_very_long_trace_the_page_says_what_it_leaves_out():
    x = Value(1.0, "x")
    node = x
    for _ in range(50):
        node = node * 1.5
    trace = step_through(node)
    assert len(trace) == 101
    document = page(trace, most=20)
    read = Reader(document)
    stops = read.data()["stops"]
    assert [stop["step"] for stop in stops] == [*range(1, 11), 91, *range(92, 102)]
    assert (stops[10]["begin"], stops[10]["step"]) == (11, 91)
    assert "Steps 11 to 91 are left out here" in read.by_id("step-91")["text"]
    lines = lines_of(document)
    assert [line.split()[0] for line in lines if line[0].isdigit()] == [
        str(stop["step"]) for stop in stops if stop["step"] != 91
    ]
    assert lines[-1] == f"∂node/∂x = {trace.gradients['x']:.4g}"
    texts = dict(read.data()["start"])
    for stop in stops:
        texts |= dict(stop["texts"])
    assert "?" not in texts.values() and "∂ –" not in texts.values()


def test_the_boxes_of_a_folded_graph_keep_their_numbers():
    inputs = [Value(0.5), Value(-1.0)]
    logit = nn.MLP(2, [16, 16, 1], seed=0)(inputs)
    trace = step_through(losses.bce_with_logits(logit, 1), names={})
    graph = build(trace.nodes[trace.output], names=trace.nodes)
    final = frames.Frames(graph, trace, "graph", frames.MOST_STEPS).final
    trace.nodes[trace.output].backward()
    drawn = build(trace.nodes[trace.output], names=trace.nodes)
    assert any(node.kind == "fold" for node in graph.nodes)
    assert [(node.name, node.value, node.gradient) for node in final.nodes] == [
        (node.name, node.value, node.gradient) for node in drawn.nodes
    ]


def test_the_picture_in_the_readme_is_current():
    picture = pictures.FOLDER / "graph.svg"
    again = "make it again with: python3 tests/pictures.py"
    assert picture.read_text(encoding="utf-8") == pictures.graph(), again
    assert (pictures.FOLDER / "steps.png").read_bytes().startswith(b"\x89PNG\r\n"), again


def test_a_folded_graph_has_a_page_of_reasonable_size():
    model = nn.MLP(2, [16, 16, 1], seed=0)
    trace = step_through(losses.bce_with_logits(model([Value(0.5), Value(-1.0)]), 1))
    document = trace.to_html()
    assert len(trace) > 300
    assert len(document) < 1_000_000
    read = Reader(document)
    ids = {element["attributes"].get("id") for element in read.elements}
    for stop in read.data()["stops"]:
        assert stop["on"] and ids.issuperset(stop["on"])


def stored(shown):
    return json.dumps(shown._repr_mimebundle_())


def test_what_a_notebook_stores_is_capped_and_says_so():
    model = nn.MLP(20, [50, 50, 10], seed=0)
    logits = model([Value(float(index)) for index in range(20)])
    trace = step_through(losses.cross_entropy(logits, 3), names={})
    assert len(trace) > 7000
    bundle = trace._repr_mimebundle_()
    assert all("are left out here" in text for text in bundle.values())
    assert "The first and last of" in bundle["text/html"]
    assert len(stored(trace)) < 500_000
    assert len(trace.to_html()) > 1_000_000


def image_in(markup):
    """Read the picture that an <img> holds as data, as an XML parser does."""
    (data,) = re.findall('<img src="data:image/svg[+]xml;base64,([^"]*)"', markup)
    return ElementTree.fromstring(base64.b64decode(data).decode())


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_the_image_of_a_drawing_is_the_drawing(label):
    drawing = draw(Value(3.0, label) * 2.0, names={})
    bundle = drawing._repr_mimebundle_()
    assert [*bundle] == ["image/svg+xml", "text/html", "text/plain"]
    found, svg = image_in(bundle["text/html"]), ElementTree.fromstring(drawing.svg)
    assert ElementTree.tostring(found) == ElementTree.tostring(svg)
    (element,) = Reader(bundle["text/html"]).all("img")
    assert element["attributes"]["alt"] == str(drawing)
    assert {element["tag"] for element in Reader(bundle["text/html"]).elements} == {"div", "img", "style"}


def test_where_frames_are_removed_a_notebook_has_a_still_of_the_last_step():
    trace = small_trace()
    markup = trace._repr_mimebundle_()["text/html"]
    texts = [text.text for text in image_in(markup).iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(text for text in texts if text.startswith("∂ ")) == sorted(
        ["∂ -4", "∂ -4", "∂ 3", "∂ -4", "∂ 1"]
    )
    beside = markup.partition("</iframe>")[2]
    last = "Step 7 of 7: ∂L/∂y += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)."
    assert f"<p>{last} Run this cell to step through it.</p>" in beside
    assert beside.count("<summary>") == 1
