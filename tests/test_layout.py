"""Places and pictures: nothing overlaps, every edge ends on its nodes, every text is text."""

import html
import itertools
import math
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from browser import found
from geometry import check, check_ways_are_free, points_along
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_lite.drawing.graph import Edge, Graph, Node
from autograd_lite.drawing.layout import graphviz
from autograd_lite.drawing.layout.bands import turn
from autograd_lite.drawing.layout.crossings import count_crossings, rows_with_few_crossings
from autograd_lite.drawing.layout.geometry import Diagram, Part, smooth_curve
from autograd_lite.drawing.layout.placement import WIDEST, Way, arrange, place
from autograd_lite.drawing.layout.ports import spread_ports
from autograd_lite.drawing.svg import render
from autograd_lite.drawing.text import four_digits, middle_cut, readable, width_of
from autograd_lite.drawing.typesetting import ALARM, label_size, node_lines, node_size

ROOT = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"


# ---- Graphs -----------------------------------------------------------------------------------


def value(key, name, data=1.0, gradient=None):
    return Node(key, "value", name, data, gradient)


XYZ = Graph(
    "L = q * z",
    (
        value("n0", "x", -2.0, -4.0),
        value("n1", "y", 5.0, -4.0),
        Node("n2", "op", "+"),
        value("n3", "q", 3.0, -4.0),
        value("n4", "z", -4.0, 3.0),
        Node("n5", "op", "*"),
        value("n6", "L", -12.0, 1.0),
    ),
    (
        Edge("n0", "n2", "∂q/∂x = 1", -4.0),
        Edge("n1", "n2", "∂q/∂y = 1", -4.0),
        Edge("n2", "n3", "", -4.0),
        Edge("n3", "n5", "∂L/∂q = z = -4", -4.0),
        Edge("n4", "n5", "∂L/∂z = q = 3", 3.0),
        Edge("n5", "n6", "", 1.0),
    ),
    outline="L = q * z\n  q = x + y",
)
SQUARE = Graph(
    "y = x * x",
    (value("n0", "x", 3.0), Node("n1", "op", "*"), value("n2", "y", 9.0)),
    (Edge("n0", "n1", "∂y/∂x = x = 3"), Edge("n0", "n1", "∂y/∂x = x = 3"), Edge("n1", "n2")),
)
PARALLEL = Graph(
    "folds",
    (Node("n0", "fold", "layers.0", notes=("16 neurons", "relu(Σ wx + b)")), Node("n1", "fold", "layers.1")),
    tuple(Edge("n0", "n1", gradient=1.0) for _ in range(4)),
)
ALONE = Graph("alone", tuple(value(f"n{index}", f"v{index}") for index in range(5)), ())
EMPTY = Graph("nothing", (), ())
# From the first node of a chain, edges go to each of the others.
LONG = Graph(
    "long edges",
    tuple(value(f"n{index}", f"v{index}") for index in range(7)),
    tuple(Edge("n0", f"n{index}", "∂" if index % 2 else "", 0.5) for index in range(2, 7))
    + tuple(Edge(f"n{index}", f"n{index + 1}") for index in range(6)),
)
WIDE = Graph(
    "a wide layer",
    (*(value(f"n{index}", f"w{index}") for index in range(40)), Node("n40", "op", "dot"), value("n41", "y")),
    (*(Edge(f"n{index}", "n40", f"∂y/∂w{index} = 1", index / 9) for index in range(40)), Edge("n40", "n41")),
)
HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "]]>",
    "\"'&amp;\\|{",
    "two\nlines\r\t\0",
    "\u202eevil",
    "שלום עולם",
    "x" * 10_000,
]
HOSTILE = Graph(
    "<title>\0",
    tuple(value(f"n{index}", name, math.nan, -math.inf) for index, name in enumerate(HOSTILE_NAMES)),
    tuple(
        Edge("n0", f"n{index}", f"∂{name} = 1", math.inf) for index, name in enumerate(HOSTILE_NAMES) if index
    ),
    outline="]]> <b>\n\x01",
)
# From left to right this is too wide for a slide, unless the labels are narrow.
NARROW = Graph(
    "narrow labels",
    tuple(
        Node(f"n{index}", "op", "tanh") if index % 2 else value(f"n{index}", f"v{index}")
        for index in range(9)
    ),
    tuple(
        Edge(f"n{index}", f"n{index + 1}", "" if index % 2 else "∂L/∂q = z = -4", 2.0) for index in range(8)
    ),
)
# From y, one edge goes level past the first column, between labels, and bends after it.
PASSING = Graph(
    "one edge between others",
    (
        value("x", "x"),
        value("y", "y"),
        Node("o0", "op", "+ 1"),
        value("u", "u"),
        Node("o1", "op", "dot"),
        Node("o2", "op", "+ 1"),
        value("v", "v"),
        Node("o3", "op", "sum"),
    ),
    (
        Edge("y", "o0", "∂ = 1"),
        Edge("o0", "u"),
        Edge("x", "o1", "∂ = 1"),
        Edge("y", "o1", "∂ = 1"),
        Edge("y", "o1", "∂ = 1"),
        Edge("y", "o2", "∂ = 1"),
        Edge("o2", "v"),
        *(Edge(source, "o3", "∂ = 1") for source in "xyuv"),
    ),
)
PASSING_BELOW = Graph(
    "one edge below another",
    (
        *(value(name, name) for name in "xyuvwz"),
        *(Node(f"o{index}", "op", name) for index, name in enumerate(["+", "+ 1", "tanh", "sum"])),
    ),
    (
        Edge("x", "o0", "∂ = 1"),
        Edge("y", "o0", "∂ = 1"),
        Edge("o0", "u"),
        Edge("x", "o1", "∂ = 1"),
        Edge("o1", "v"),
        Edge("y", "o2", "∂ = 1"),
        Edge("o2", "z"),
        *(Edge(source, "o3", "∂ = 1") for source in "xyuvwz"),
    ),
)
GRAPHS = {
    "xyz": XYZ,
    "passing": PASSING,
    "passing below": PASSING_BELOW,
    "narrow": NARROW,
    "square": SQUARE,
    "parallel": PARALLEL,
    "alone": ALONE,
    "empty": EMPTY,
    "long": LONG,
    "wide": WIDE,
    "hostile": HOSTILE,
}


def chain(length):
    """Make x -> op -> v1 -> op -> v2 ..., every operation also fed by the one leaf y."""
    nodes, edges = [value("x", "x"), value("y", "y")], []
    last = "x"
    for index in range(length):
        nodes += [Node(f"o{index}", "op", "*"), value(f"v{index}", f"v{index}")]
        edges += [
            Edge(last, f"o{index}", "∂ = 2"),
            Edge("y", f"o{index}", "∂ = 3"),
            Edge(f"o{index}", f"v{index}"),
        ]
        last = f"v{index}"
    return Graph("chain", tuple(nodes), tuple(edges))


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 14))
    kinds = draw(st.lists(st.sampled_from(["value", "op", "fold"]), min_size=count, max_size=count))
    nodes = tuple(
        Node(
            f"n{index}",
            kind,
            draw(st.sampled_from(["x", "tanh", "layers.0.neurons.3"])),
            None if kind == "op" else 0.5,
        )
        for index, kind in enumerate(kinds)
    )
    edges = []
    for source, target in draw(st.lists(st.tuples(*[st.integers(0, count - 1)] * 2), max_size=22)):
        if source < target:
            label = draw(st.sampled_from(["", "∂L/∂q = z = -4"]))
            edges.append(Edge(f"n{source}", f"n{target}", label, draw(st.sampled_from([None, 0.0, -3.0]))))
    return Graph("random", nodes, tuple(edges))


# ---- Places -----------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["LR", "TB", "auto"])
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_overlaps_and_every_edge_ends_on_its_nodes(name, direction, engine):
    placement = arrange(GRAPHS[name], engine, direction)
    assert placement.engine == engine
    check(GRAPHS[name], placement)
    if engine == "built-in":
        check_ways_are_free(GRAPHS[name], placement)


@pytest.mark.parametrize("downwards", [False, True])
def test_random_graphs_are_placed_well(engine, downwards):
    @settings(max_examples=100 if engine == "built-in" else 15, deadline=None)
    @given(graphs(), st.integers(1, 4), st.integers(1, 3), st.booleans())
    def run(graph, bands, columns, narrow):
        sizes = {node.key: node_size(node) for node in graph.nodes}
        labels = [label_size(edge, narrow) for edge in graph.edges]
        way = Way(downwards, narrow, 14.0 if narrow else 24.0, bands, columns)
        placement = place(graph, sizes, labels, engine, way)
        assert placement.engine == engine
        check(graph, placement)
        if engine == "built-in":
            check_ways_are_free(graph, placement)

    run()


@settings(max_examples=60, deadline=None)
@given(graphs())
@example(PASSING)
@example(PASSING_BELOW)
def test_edges_that_leave_a_node_do_not_cross_before_the_next_column(graph):
    sizes = {node.key: node_size(node) for node in graph.nodes}
    placement = place(graph, sizes, [label_size(edge) for edge in graph.edges], "built-in")
    lefts = [box[0] for box in [*placement.boxes.values(), *filter(None, placement.labels)]]
    for key, (left, _, width, _) in placement.boxes.items():
        column = min((x for x in lefts if x > left + width), default=None)
        leaving = [
            curve for edge, curve in zip(graph.edges, placement.curves, strict=True) if edge.source == key
        ]
        leaving.sort(key=lambda curve: curve[0][1])
        heights = [next(y for x, y in points_along(curve) if x > column - 0.01) for curve in leaving]
        assert all(above < below + 1e-6 for above, below in itertools.pairwise(heights))


@pytest.mark.parametrize("arrives", [False, True])
def test_an_edge_is_moved_where_it_meets_its_node_and_not_where_it_passes_others(arrives):
    passing = [
        *smooth_curve([(40.0, 0.0), (70.0, 0.0)]),
        *smooth_curve([(70.0, 0.0), (170.0, 0.0)])[1:],
        *smooth_curve([(170.0, 0.0), (200.0, 50.0)])[1:],
    ]
    routes = [passing, *(smooth_curve([(40.0, 0.0), (70.0, height)]) for height in (80.0, 150.0))]
    links = [(0, 1), (0, 2), (0, 3)]
    if arrives:
        routes = [[(-x, y) for x, y in reversed(route)] for route in routes]
        links = [(other, node) for node, other in links]
    diagram = Diagram([Part(80.0, 60.0, "box"), *[Part(80.0, 60.0, "label")] * 3], links, 30.0)
    centers = [(0.0, 0.0), (240.0, 50.0), (110.0, 80.0), (110.0, 150.0)]
    moved = spread_ports(diagram, centers, routes)[0]
    if arrives:
        moved = [(-x, y) for x, y in reversed(moved)]
    assert moved[:2] == [(40.0, -11.0), (55.0, -11.0)]
    assert moved[2:] == passing[2:]


def test_numbers_flow_from_left_to_right(engine):
    boxes = arrange(XYZ, engine).boxes
    for edge in XYZ.edges:
        assert boxes[edge.source][0] + boxes[edge.source][2] < boxes[edge.target][0]


def test_labels_are_broken_into_lines_where_that_makes_a_picture_narrow_enough(engine):
    placement = arrange(NARROW, engine)
    assert placement.height < placement.width <= 1200.0
    label = ElementTree.fromstring(render(NARROW, placement, "p")).find(f".//{SVG}text[@id='p-e0-label']")
    assert [line.text for line in label] == ["∂L/∂q", "= z", "= -4"]
    assert "".join(label.itertext()) == "∂L/∂q = z = -4"


def lines_of(placement, keys, downwards):
    """Give the boxes of a chain, those that follow one another the same way in one list."""
    lines = []
    for key in keys:
        x, y, width, height = placement.boxes[key]
        begin, end, across = (y, y + height, x) if downwards else (x, x + width, y)
        if not lines or begin < lines[-1][-1][1]:
            lines.append([])
        lines[-1].append((begin, end, across))
    return lines


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_what_is_too_long_goes_on_in_the_next_line_as_a_text_does(direction):
    graph = chain(30)
    placement = arrange(graph, "built-in", direction)
    check(graph, placement)
    check_ways_are_free(graph, placement)
    assert placement.width <= WIDEST
    lines = lines_of(placement, [f"v{index}" for index in range(30)], direction == "TB")
    assert 2 <= len(lines) <= 8
    assert min(map(len, lines)) >= 2
    beginnings = [line[0][2] for line in lines]
    assert beginnings == sorted(beginnings)  # each line is below the one before, or to its right


def test_a_chain_of_any_length_is_drawn_in_reasonable_time():
    graph = chain(2_000)
    before = time.perf_counter()
    placement = arrange(graph)
    assert time.perf_counter() - before < 20.0
    assert placement.width <= WIDEST


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 80), min_size=1, max_size=8), st.lists(st.integers(1, 80), min_size=8, max_size=8)
)
def test_edges_that_turn_in_the_same_order_lie_in_one_another(exits, entries):
    heights = [*itertools.accumulate(exits)]
    below = heights[-1] + 12.0
    arrivals = [below + 9.0 * len(exits) + y for y in itertools.accumulate(entries)]
    last = len(exits) - 1
    ways = [
        [*points_along(turn((500.0, y), (0.0, arrivals[rank]), rank, last, rank, below), steps=8)]
        for rank, y in enumerate(heights)
    ]
    for one, other in itertools.combinations(ways, 2):
        assert not any(cross(a, b) for a in itertools.pairwise(one) for b in itertools.pairwise(other))


def cross(one, other):
    """Tell whether two stretches have a point in common."""

    def side(start, end, point):
        return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])

    return all(
        side(*line, ends[0]) * side(*line, ends[1]) < -1e-9 for line, ends in ((one, other), (other, one))
    )


def test_edges_from_one_node_to_far_ones_go_together_as_far_as_they_can():
    placement = arrange(LONG, "built-in")
    far = [curve for edge, curve in zip(LONG.edges, placement.curves, strict=True) if edge.source == "n0"]
    assert len({(curve[0], curve[3]) for curve in far}) < len(far)


def test_leaves_stand_in_several_columns_where_one_would_be_too_high():
    placement = arrange(WIDE, "built-in")
    check_ways_are_free(WIDE, placement)
    assert len({round(placement.boxes[f"n{index}"][0]) for index in range(40)}) > 1
    assert placement.height < 40 * 60.0


def test_a_tree_has_no_crossing_and_crossings_are_counted():
    before, after = [[], [], [1], [0]], [[3], [2], [], []]
    assert count_crossings([[0, 1], [2, 3]], after) == 1
    assert rows_with_few_crossings([0, 0, 1, 1], before, after) == [[1, 0], [2, 3]]


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="engine is 'built-in' or 'dot', got 'neato'"):
        arrange(XYZ, "neato")


# ---- dot --------------------------------------------------------------------------------------


def answering(tmp_path, monkeypatch, script):
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def test_dot_is_used_where_it_is_asked_for():
    found("dot")
    assert arrange(XYZ).engine == "built-in"
    assert arrange(XYZ, "dot").engine == "dot"


@pytest.mark.parametrize("direction", ["LR", "TB", "auto"])
def test_without_dot_the_built_in_layout_takes_its_place(direction, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert arrange(XYZ, "dot", direction) == arrange(XYZ, "built-in", direction)


@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 60",
        "sleep 60",  # what it started goes on, and keeps the pipes open
        "exit 1",
        "kill -SEGV $$",
        "echo nonsense",
        "echo '[]'",
        "echo '{}'",
        """echo '{"objects": [{"name": "0", "pos": "nan,1"}], "edges": []}'""",
        """echo '{"objects": [{"name": "99", "pos": "1,1"}]}'""",
        """echo '{"objects": [{"name": "0", "pos": 7}]}'""",
        "printf '\\377'",
        "exec dot-that-is-not-there",
    ],
)
def test_a_dot_that_fails_is_replaced(script, monkeypatch, tmp_path):
    monkeypatch.setattr(graphviz, "SECONDS", 0.3)
    answering(tmp_path, monkeypatch, script)
    before = time.perf_counter()
    assert arrange(XYZ, "dot") == arrange(XYZ, "built-in")
    assert time.perf_counter() - before < 20.0


def test_an_answer_that_puts_all_in_one_place_is_refused(monkeypatch, tmp_path):
    parts = len(XYZ.nodes) + sum(bool(edge.label) for edge in XYZ.edges)
    objects = ", ".join(f'{{"name": "{index}", "pos": "1,1"}}' for index in range(parts))
    edges = ", ".join(f'{{"id": "{index}", "pos": "1,1 1,1 1,1 1,1"}}' for index in range(10))
    answering(tmp_path, monkeypatch, f'echo \'{{"objects": [{objects}], "edges": [{edges}]}}\'')
    assert arrange(XYZ, "dot").engine == "built-in"


# ---- SVG --------------------------------------------------------------------------------------


def parsed(graph, engine="built-in"):
    return ElementTree.fromstring(render(graph, arrange(graph, engine)))


def luminance(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_the_parts_of_a_picture_have_their_names_and_numbers():
    picture = render(XYZ, arrange(XYZ), prefix="p")
    root = ElementTree.fromstring(picture)
    texts = {element.get("id"): element.text for element in root.iter(f"{SVG}text")}
    assert texts["p-n0-name"] == "x"
    assert texts["p-n0-value"] == "-2"
    assert texts["p-n0-gradient"] == "∂ -4"
    assert texts["p-e3-label"] == "∂L/∂q = z = -4"
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "p-title p-desc"
    assert root.find(f"{SVG}title").text == "L = q * z"
    assert root.find(f"{SVG}desc").text == "L = q * z\n  q = x + y"
    groups = {element.get("id") for element in root.iter(f"{SVG}g")}
    assert groups == {*(f"p-n{index}" for index in range(7)), *(f"p-e{index}" for index in range(6))}


def test_before_backward_a_gradient_is_a_dash_and_never_0():
    assert [line.text for line in node_lines(value("n0", "x", 3.0))] == ["x", "3", "∂ –"]
    assert [line.text for line in node_lines(value("n0", "x", 3.0, 0.0))] == ["x", "3", "∂ 0"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(3.0, "3"), (2 / 3, "0.6667"), (-0.0, "-0"), (math.nan, "nan"), (-math.inf, "-inf"), (1e-300, "1e-300"),
     (-1.23456e-7, "-1.235e-07"), (99999.0, "1e+05")],
)  # fmt: skip
def test_numbers_have_four_significant_digits(number, text):
    assert four_digits(number) == text


def test_an_edge_is_the_wider_the_more_gradient_flows_along_it():
    root = parsed(XYZ)
    widths = [float(path.get("stroke-width")) for path in root.iter(f"{SVG}path") if path.get("stroke")]
    assert widths[0] == widths[1] == widths[3] > widths[4] > widths[5] >= 1
    assert max(widths) <= 5


@pytest.mark.parametrize("name", GRAPHS)
def test_every_text_can_be_told_from_its_background(name):
    root = parsed(GRAPHS[name])
    card = root.find(f"{SVG}rect").get("fill")
    checked = 0
    for group in root.iter(f"{SVG}g"):
        background = card
        for element in group:
            if element.tag == f"{SVG}rect" and element.get("fill") != "none":
                behind, background = background, element.get("fill")
            elif element.tag == f"{SVG}text":
                assert contrast(element.get("fill"), background) >= 4.5
                if background == ALARM:  # a patch behind this one line
                    background = behind
                checked += 1
    assert checked or name == "empty"


@pytest.mark.parametrize("name", GRAPHS)
def test_pictures_use_presentation_attributes_only(name):
    root = parsed(GRAPHS[name])
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "rect", "path", "text", "tspan"}
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    assert not attributes & {"style", "class", "href"} and not any(key.startswith("on") for key in attributes)
    assert not any("url(" in text for element in root.iter() for text in element.attrib.values())


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(max_size=300))
def test_any_name_is_text_and_has_room(name, label):
    graph = Graph(
        name, (value("n0", name), Node("n1", "op", label)), (Edge("n0", "n1", label),), outline=name
    )
    placement = arrange(graph, "built-in")
    check(graph, placement)
    root = ElementTree.fromstring(render(graph, placement, "p"))
    assert [element.get("id") for element in root.iter(f"{SVG}g")] == ["p-e0", "p-n0", "p-n1"]
    assert root.find(f"{SVG}title").text in (readable(name), None)
    for node in graph.nodes:
        assert max(line.width for line in node_lines(node)) <= placement.boxes[node.key][2]


def test_texts_stay_what_they_are():
    assert readable("a\u202eb\u200fc\ud800") == "a�b�c�"
    assert readable("\0\n\x7f") == "␀␊␡"
    assert readable("∂L/∂שלום עולם = 3") == "∂L/∂\u2067שלום עולם\u2069 = 3"
    assert readable("z" + "\u0301" * 50) == "z\u0301\u0301"
    assert middle_cut("layers.0.neurons.3.w.1", 13, 60) == "lay…w.1"
    assert width_of(middle_cut("m" * 10_000, 13, 90), 13) <= 90


def test_two_processes_draw_the_same_bytes(engine):
    program = (
        "import sys; sys.path.insert(0, 'tests'); import test_layout as t; "
        f"sys.stdout.reconfigure(encoding='utf-8'); "
        f"[print(t.render(g, t.arrange(g, {engine!r})), end='') for g in t.GRAPHS.values()]"
    )
    first, second = (
        subprocess.check_output(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            timeout=200,
        )
        for seed in ("1", "2")
    )
    assert first == second
    assert first.decode() == "".join(render(graph, arrange(graph, engine)) for graph in GRAPHS.values())


def test_two_pictures_on_one_page_share_no_id():
    ids = [re.findall(r' id="([^"]+)"', render(graph, arrange(graph))) for graph in (XYZ, SQUARE)]
    assert all(len(set(each)) == len(each) > 10 for each in ids)
    assert not set(ids[0]) & set(ids[1])


def test_in_a_browser_every_text_is_inside_its_box(tmp_path):
    pictures = "".join(
        render(graph, arrange(graph, engine)) for graph in GRAPHS.values() for engine in ("dot", "built-in")
    )
    script = """
        const wrong = []; let count = 0;
        for (const text of document.querySelectorAll("g > text")) {
            const inner = text.getBBox(), outer = text.parentNode.querySelector("rect").getBBox();
            count += 1;
            if (inner.x < outer.x || inner.x + inner.width > outer.x + outer.width ||
                inner.y < outer.y - 1 || inner.y + inner.height > outer.y + outer.height + 1)
                wrong.push(text.textContent + JSON.stringify([inner, outer]));
        }
        document.title = count + " texts, wrong: " + wrong.join();
    """
    page = f"<!doctype html><meta charset=utf-8><body>{pictures}<script>{script}</script>"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--disable-background-networking"]
    document = tmp_path / "page.html"
    document.write_text(page)
    shown = subprocess.run(
        [found("chromium"), *flags, str(document)], capture_output=True, text=True, timeout=60
    ).stdout
    title = html.unescape(re.search(r"<title>(\d+ texts, wrong: .*?)</title>", shown, re.DOTALL)[1])
    assert re.fullmatch(r"\d{3,} texts, wrong: ", title), title
