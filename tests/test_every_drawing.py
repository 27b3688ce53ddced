"""Every graph that a lecture draws, by both layouts: readable, quick, stable, and safe in a browser."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser import found, requests
from counting import lines_run
from examples import EXAMPLES, moons_on_one_example, programs
from geometry import check, check_ways_are_free
from hypothesis import Phase, given, settings
from lecture_graphs import LECTURE_GRAPHS

import autograd_lite as ag
from autograd_lite import Value, draw
from autograd_lite.drawing.graph import build
from autograd_lite.drawing.layout.placement import WIDEST, Way, arrange, place
from autograd_lite.drawing.svg import size_of
from autograd_lite.drawing.typesetting import label_size, node_size

ROOT = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"
LABELS = [
    "<script>window.pwned=1</script>",
    "</title></desc></svg><script>window.pwned=1</script>",
    "</pre></details><img src=x onerror=window.pwned=1>",
    "]]><script>window.pwned=1</script>",
    '" onload="window.pwned=1',
    "'; window.pwned=1; '",
    "back\\slash \\N | {braces} &lt;b&gt; &amp;",
    "two\nlines",
    "\u202eright to left \u2028\x00\x1b",
    "שלום",
    "😀 emoji",
    "x" * 10_000,
]
TEXTS = """
const wrong = [];
for (const text of document.querySelectorAll("g > text")) {
    const inner = text.getBBox(), outer = text.parentNode.querySelector("rect").getBBox();
    if (inner.x < outer.x || inner.x + inner.width > outer.x + outer.width ||
        inner.y < outer.y - 1 || inner.y + inner.height > outer.y + outer.height + 1)
        wrong.push(text.textContent);
}
return [document.querySelectorAll("g > text").length, wrong];
"""


ALL = EXAMPLES | LECTURE_GRAPHS
WIDE, HIGH = 1200, 675
"""The pixels of a slide."""

SHORT = ("convolution", "tiny and huge", "wide and shallow")
"""What has too few layers to be cut in three where one should."""


def smallest_text(svg):
    root = ElementTree.fromstring(svg)
    return min(float(text.get("font-size")) for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("name", ALL)
def test_nothing_overlaps_and_every_text_is_readable(name, engine):
    drawing = draw(ALL[name](), names={}, engine=engine)
    placement = arrange(drawing.graph, engine)
    assert placement.engine == engine
    check(drawing.graph, placement)
    if engine == "built-in":
        check_ways_are_free(drawing.graph, placement)
        assert smallest_text(drawing.svg) * min(1.0, WIDE / placement.width) >= 9.0
    assert len(drawing.svg.encode()) < 200_000


@pytest.mark.parametrize("name", LECTURE_GRAPHS)
def test_what_a_lecturer_draws_fits_a_slide(name):
    drawing = draw(LECTURE_GRAPHS[name](), names={})
    width, height = size_of(drawing.svg)
    assert smallest_text(drawing.svg) * min(1.0, WIDE / width, HIGH / height) >= 9.0


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", LECTURE_GRAPHS)
def test_in_both_directions_nothing_overlaps_and_nothing_is_too_wide(name, direction):
    graph = build(LECTURE_GRAPHS[name](), names={})
    placement = arrange(graph, "built-in", direction)
    check(graph, placement)
    check_ways_are_free(graph, placement)
    if (name, direction) != ("batch of four", "TB"):  # a row of twelve boxes
        assert placement.width <= WIDEST
    if len(placement.boxes) < 20:  # what is that small has at most one turn
        steps = [direction_of(placement, edge) for edge in graph.edges]
        assert steps.count(direction) >= 0.6 * len(steps)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("bands", [2, 3])
@pytest.mark.parametrize("name", [name for name in LECTURE_GRAPHS if name not in SHORT])
def test_a_leaf_that_is_used_once_stands_in_the_band_where_it_is_used(name, bands, columns):
    graph = build(LECTURE_GRAPHS[name](), names={})
    sizes = {node.key: node_size(node) for node in graph.nodes}
    way = Way(downwards=False, narrow=False, gap=24.0, bands=bands, columns=columns)
    placement = place(graph, sizes, [label_size(edge) for edge in graph.edges], way=way)
    check(graph, placement)
    check_ways_are_free(graph, placement)
    inner = {edge.target for edge in graph.edges}
    uses = Counter(edge.source for edge in graph.edges)
    for edge, curve in zip(graph.edges, placement.curves, strict=True):
        if edge.source not in inner and uses[edge.source] == 1:
            assert [x for x, _ in curve] == sorted(x for x, _ in curve)


def direction_of(placement, edge):
    """Say which way an edge goes: to what lies right of it, or below."""
    (x, y, width, height), (left, top, *_) = placement.boxes[edge.source], placement.boxes[edge.target]
    return "LR" if x + width < left else "TB" if y + height < top else "back"


def test_random_programs_are_drawn_well(engine):
    # Making a program that is drawn badly smaller takes minutes, in which nothing is said.
    @settings(max_examples=25, deadline=None, phases=set(Phase) - {Phase.shrink}, print_blob=True)
    @given(programs())
    def run(output):
        graph = build(output, names={})
        placement = arrange(graph, engine)
        check(graph, placement)
        if placement.engine == "built-in":
            check_ways_are_free(graph, placement)
            assert placement.width <= WIDEST

    run()


@pytest.mark.parametrize("name", ["first", "neuron", "digits", "chain"])
def test_what_has_room_goes_from_left_to_right(name, engine):
    graph = build(EXAMPLES[name](), names={})
    boxes = arrange(graph, engine).boxes
    for edge in graph.edges:
        assert boxes[edge.source][0] + boxes[edge.source][2] < boxes[edge.target][0]


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_moons_network_on_one_example_is_quick_and_small_and_shows_every_layer(by_hand, engine):
    output = moons_on_one_example(by_hand)
    drawing = draw(output, names={}, engine=engine)
    assert len(drawing.svg.encode()) < 200_000
    again = draw(output, names={}, engine=engine)
    assert lines_run(lambda: again.svg) < 1_000_000  # a second is several millions
    shown = [node.name for node in drawing.graph.nodes if node.kind == "fold"]
    assert shown == (["layer 1", "layer 2", "layer 3"] if by_hand else ["layers.0", "layers.1", "layers.2"])
    assert len(drawing.graph.places) == (982 if by_hand else 407)


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_dot_on_the_path_the_built_in_layout_takes_its_place(name, monkeypatch):
    output = EXAMPLES[name]()
    built_in = draw(output, names={})
    monkeypatch.setenv("PATH", "")
    assert draw(output, names={}, engine="dot").svg == built_in.svg


PROGRAM = """
import hashlib, sys
sys.path.insert(0, "tests")
from autograd_lite import draw
from examples import EXAMPLES
from lecture_graphs import LECTURE_GRAPHS
for name, make in (EXAMPLES | LECTURE_GRAPHS).items():
    output = make()
    for engine, direction in (("dot", "auto"), ("built-in", "LR"), ("built-in", "TB"), ("built-in", "auto")):
        drawing = draw(output, names={}, engine=engine, direction=direction)
        texts = (drawing.svg, drawing.html, drawing.source, drawing.to_json(), str(drawing))
        print(name, *(hashlib.sha256(text.encode()).hexdigest() for text in texts))
"""


def test_every_process_draws_the_same_bytes():
    found("dot")
    runs = [
        subprocess.check_output(
            [sys.executable, "-c", PROGRAM],
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            timeout=200,
        )
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 4 * len(ALL)


def test_in_a_browser_every_text_is_inside_its_box(chrome, engine, tmp_path):
    pictures = "".join(draw(make(), names={}, engine=engine).svg for make in ALL.values())
    page = tmp_path / "pictures.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{pictures}", encoding="utf-8")
    chrome.get(page.as_uri())
    count, wrong = chrome.execute_script(TEXTS)
    assert count > 500
    assert wrong == []


@pytest.mark.parametrize("suffix", [".svg", ".html", ".dot", ".json"])
def test_hostile_labels_are_shown_in_a_browser_and_nothing_runs(chrome, tmp_path, suffix):
    found("dot")
    drawing = draw(ag.sum([Value(1.0, label) for label in LABELS]), names={}, fold=False)
    path = tmp_path / f"drawing{suffix}"
    drawing.save(path)
    if suffix == ".dot":  # what Graphviz makes of it
        path = tmp_path / "drawing.svg"
        subprocess.run(["dot", "-Tsvg", "-o", path, tmp_path / "drawing.dot"], check=True, timeout=60)
    chrome.get("about:blank")
    chrome.get_log("browser"), chrome.get_log("performance")
    chrome.get(path.as_uri())
    shown = chrome.execute_script("return document.documentElement.textContent")
    assert all(text in shown for text in ("window.pwned=1", "{braces}", "שלום", "😀"))
    assert chrome.execute_script("return typeof window.pwned") == "undefined"
    assert chrome.execute_script("return document.querySelectorAll('script, img').length") == 0
    assert [entry for entry in chrome.get_log("browser") if "favicon" not in entry["message"]] == []
    assert requests(chrome) == [path.as_uri()]


def test_hostile_labels_are_read_back_from_json_and_svg():
    drawing = draw(ag.sum([Value(1.0, label) for label in LABELS]), names={}, fold=False)
    nodes = json.loads(drawing.to_json())["nodes"]
    assert [node["name"] for node in nodes[: len(LABELS)]] == LABELS
    names = [
        text.text
        for text in ElementTree.fromstring(drawing.svg).iter(f"{SVG}text")
        if re.fullmatch(r"g[0-9a-f]{8}-n\d+-name", text.get("id", ""))
    ]
    assert len(names) == len(nodes)
    assert "two␊lines" in names and "\u2067שלום\u2069" in names
