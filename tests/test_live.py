"""The live step page: for other numbers all that it shows is what Python's trace of them says."""

import html
import math
import random
import re
import warnings

import pytest
from axe_core_python.selenium import Axe
from browser import requests

from autograd_lite import Op, Value, losses, nn, step_through
from autograd_lite.drawing.graph import build
from autograd_lite.drawing.step_page.page import page as write_page
from autograd_lite.drawing.step_page.page import table
from autograd_lite.drawing.step_page.words import Words
from autograd_lite.drawing.text import four_digits, marked, readable
from autograd_lite.functions import dot, elu, leaky_relu, logsumexp, maximum, pick, where

inf, nan = math.inf, math.nan
SHIFT, ALT, CONTROL = "\ue008", "\ue00a", "\ue009"
UP, DOWN, TAB, ENTER, RIGHT = "\ue013", "\ue015", "\ue004", "\ue007", "\ue014"
HOSTILE = "</script><script>window.pwned=1</script>]]>\"'<img src=x onerror=window.pwned=1>\u2028\u202e|{\\"

# ---- Graphs: each a function of its leaves ------------------------------------------------------


def product(x, y, z):
    q = x + y
    q.label = "q"
    L = q * z
    L.label = "L"
    return L


def neuron(x1, x2, w1, w2, b):
    return (x1 * w1 + x2 * w2 + b).tanh()


def network(x1, x2, *w):
    h1 = (w[0] * x1 + w[1] * x2 + w[2]).relu()
    h2 = (w[3] * x1 + w[4] * x2 + w[5]).relu()
    return (w[6] * h1 + w[7] * h2 + w[8] - 1.0) ** 2


def softmax(a, b, c):
    return logsumexp([a, b, c]) - pick([a, b, c], 1)


def everything(a, b, c):
    chosen = where(a.sign() + 1.0, leaky_relu(b), elu(c, 0.5))
    power = a**b + maximum(b, c) ** 0.0 + (b * b + 1.0).log() / c
    listed = dot([a, b], [2.0, c], 0.0) + logsumexp([a, b, -3.0]) + pick([a, b, c], 2)
    return (chosen - power) * listed.sigmoid() + (2.0 - (c * 1.0).sqrt() - -a) * 1e-7


GRAPHS = {"product": product, "neuron": neuron, "network": network, "softmax": softmax, "everything": everything}
COUNTS = {"product": 3, "neuron": 5, "network": 11, "softmax": 3, "everything": 3}
NAMES = "xyzuvwabcde"
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-9, 2.5e-5, 123456.0, 1e300, inf, -inf, nan, 0.12345, 12345.0, 99995.0]


def trace_of(graph, numbers):
    leaves = [Value(number, name) for name, number in zip(NAMES, numbers)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return step_through(graph(*leaves), names={})


def written(number):
    return "nan" if math.isnan(number) else repr(number)


def points_for(name):
    dice = random.Random(name)
    for _ in range(120):
        yield [dice.gauss(0.0, 2.0) for _ in range(COUNTS[name])]
    for _ in range(40):
        yield [float(dice.randint(-3, 3)) for _ in range(COUNTS[name])]
    for _ in range(40):
        yield [dice.choice([dice.choice(EDGES), dice.gauss(0.0, 1.0)]) for _ in range(COUNTS[name])]


class Page:
    """A live page that is open in the browser."""

    def __init__(self, driver):
        self.driver = driver

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, name):
        return self.driver.find_element("id", name)

    def text(self, name):
        return self.run("return document.getElementById(arguments[0]).textContent", name)

    def box(self, name):
        return self.driver.find_element("css selector", f'#picture [aria-label="{name}"]')

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        return self.run("return document.activeElement.id || document.activeElement.ariaLabel")

    def numbers(self):
        return self.run("return numbers.map(whole)")

    def wait(self, seconds=0.2):
        self.driver.execute_async_script(f"setTimeout(arguments[0], {1000 * seconds})")

    def violations(self):
        return [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(self.driver)["violations"]]


@pytest.fixture
def opened(chrome, tmp_path):
    """Open the page of a trace from disk; at the end nothing may have gone wrong or gone out."""

    def open_page(trace, address="", most=5000):
        path = tmp_path / "live.html"
        path.write_text(write_page(trace, most=most), encoding="utf-8")
        chrome.get("about:blank")
        chrome.get(path.as_uri() + address)
        return Page(chrome)

    chrome.get("about:blank")
    chrome.get_log("browser"), chrome.get_log("performance")
    yield open_page
    assert chrome.get_log("browser") == []
    assert [url for url in requests(chrome) if not url.startswith("file:///")] == []


# ---- Every number and every word ---------------------------------------------------------------

SEEN = """
$("transcript").open = true;
const text = (element) => element.textContent;
return arguments[0].map((texts) => {
  update(live.leaves.map((_, at) => read(texts[live.names[at]])));
  writeTable();
  go(last);
  return {
    rows: [...document.querySelectorAll("#transcript tr")].map((row) => [...row.cells].map(text).join(" ").trim()),
    values: Object.fromEntries(live.names.flatMap((name, at) => live.places[at] ? [[name, ["value", "gradient"].map(
      (part) => $(`${live.places[at]}-${part}`).textContent)]] : [])),
    labels: Object.fromEntries(Object.keys(live.labels).map((edge) => [edge, [
      text($(edge + "-label")).trim(), text($(edge).querySelector("title"))]])),
    words: stops.map((stop, at) => (say(at + 1), [$("sentence").textContent, $("chain").textContent])),
  };
});
"""


def rows_of(trace):
    """The rows of Python's own table."""
    return [
        " ".join(filter(None, (html.unescape(re.sub("<[^>]+>", "", cell)) for cell in cells))).strip()
        for cells in (re.findall("<t[dh].*?>(.*?)</t[dh]>", row) for row in re.findall("<tr.*", table(trace)))
    ]


def gradients_of(trace):
    found = {trace.output: 1.0}
    found.update((step.parent, step.after) for step in trace if step.parent)
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_every_number_and_word_is_that_of_python_s_trace(opened, name):
    warnings.simplefilter("ignore")  # of edge inputs; pytest puts it back
    points = [*points_for(name)]
    page = opened(trace_of(GRAPHS[name], points[0]))
    seen = page.run(SEEN, [dict(zip(NAMES, map(written, point))) for point in points])
    assert len(seen) == 200
    for point, shown in zip(points, seen):
        trace = trace_of(GRAPHS[name], point)
        assert shown["rows"] == rows_of(trace), point
        gradients = gradients_of(trace)
        for each, (value, gradient) in shown["values"].items():
            assert value == marked(trace.values[each]), (point, each)
            assert gradient == f"∂ {marked(gradients.get(each))}" or each not in gradients
        edges = build(trace.nodes[trace.output], names=trace.nodes).edges
        for edge, texts in shown["labels"].items():
            assert texts == [readable(edges[int(edge.removeprefix("graph-e"))].label)] * 2, point
        words = Words(trace)
        assert [sentence for sentence, _ in shown["words"]] == ["".join(words.of(step)) for step in trace]
        for step, (_, chain) in zip(trace, shown["words"]):
            assert not chain or chain.endswith(f" = {four_digits(step.contribution)}")
