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


GRAPHS = {
    "product": product,
    "neuron": neuron,
    "network": network,
    "softmax": softmax,
    "everything": everything,
}
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
        boxes = "return [...document.querySelectorAll('#picture [role=spinbutton]')]"
        (found,) = [box for box in self.run(boxes) if box.get_attribute("aria-label") == name]
        return found

    def type_into(self, name, text):
        """Type in the place of what a field holds."""
        self.run("$(arguments[0]).focus(); $(arguments[0]).select()", name)
        self.press("\ue003", text)

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        active = "const { activeElement: active } = document;"
        return self.run(active + "return active.closest('[role=spinbutton]')?.ariaLabel || active.id")

    def numbers(self):
        return self.run("return numbers.map(whole)")

    def pause(self, seconds=0.2):
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
    assert [url for url in requests(chrome) if not url.startswith(("file:///", "data:"))] == []


# ---- Every number and every word ---------------------------------------------------------------

SEEN = """
$("transcript").open = true;
const text = (element) => element.textContent;
return arguments[0].map((texts) => {
  update(live.leaves.map((_, at) => read(texts[live.names[at]])));
  writeTable();
  go(last);
  return {
    rows: [...document.querySelectorAll("#transcript tr")].map(
      (row) => [...row.cells].map(text).join(" ").trim()),
    values: Object.fromEntries(live.names.flatMap((name, at) => live.places[at] ? [[
      name, ["value", "gradient"].map((part) => $(`${live.places[at]}-${part}`).textContent)]] : [])),
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


# ---- Changing a number --------------------------------------------------------------------------


def product_trace():
    return trace_of(product, [-2.0, 5.0, -4.0])


def shown(page):
    """The numbers of the leaves, and what the picture shows of the output after the last step."""
    return page.numbers(), page.run("return now.values[live.output]"), page.text("slope")


def test_the_panel_shows_a_leaf_and_its_gradient(opened):
    page = opened(product_trace())
    assert page.run("return [...$('leaf').options].map((option) => option.text)") == ["x", "y", "z"]
    assert page.find("number").get_attribute("value") == "-2"
    assert shown(page) == (["-2", "5", "-4"], -12, "∂L/∂x = -4")
    page.run("$('leaf').value = '2'; $('leaf').dispatchEvent(new Event('change'))")
    assert page.text("slope") == "∂L/∂z = 3" and page.find("number").get_attribute("value") == "-4"
    assert not page.find("reset").is_enabled() and not page.find("fixed").is_displayed()


def test_keys_change_the_number_of_a_box(opened):
    page = opened(product_trace())
    box = page.box("x")
    assert (box.get_attribute("role"), box.get_attribute("aria-valuenow")) == ("spinbutton", "-2")
    page.run("arguments[0].focus()", box)
    for keys, number in [
        ([UP], "-1.9"), ([DOWN, DOWN], "-2.1"), ([SHIFT, UP], "-1.1"), ([ALT, DOWN], "-1.11"),
        ([CONTROL, UP], "-1.11"),
    ]:  # fmt: skip
        page.press(*keys)
        assert page.numbers() == [number, "5", "-4"]
        assert box.get_attribute("aria-valuenow") == number
    page.press(RIGHT)
    assert page.text("place").startswith("Step 1 of 7")
    assert page.text("sentence") == "q = x + y = -1.11 + 5 = 3.89"
    assert page.find("fixed").is_displayed() and page.text("fixed").startswith("The graph stays as recorded")
    page.find("reset").click()
    assert page.numbers() == ["-2", "5", "-4"] and page.focused() == "leaf"
    assert page.text("sentence") == "q = x + y = -2 + 5 = 3"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1,5", "1.5"),
        ("−3", "-3"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("1e3", "1000"),
        (".5", "0.5"),
    ],
)
def test_what_is_typed_is_read_as_people_write_it(opened, typed, number):
    page = opened(product_trace())
    field = page.find("number")
    page.type_into("number", typed)
    assert page.numbers() == [number, "5", "-4"]
    assert field.get_attribute("value") == typed  # nothing is rewritten under the fingers
    page.press(TAB)
    assert field.get_attribute("value") == number


@pytest.mark.parametrize("half", ["-", "", "in", "1e", ".", "--1", "x", "1 2"])
def test_what_is_half_typed_does_no_harm(opened, half):
    page = opened(product_trace())
    page.type_into("number", half)
    assert page.numbers()[1:] == ["5", "-4"] and page.numbers()[0] in ("-2", "1")
    page.press(TAB)
    assert page.find("number").get_attribute("value") == page.numbers()[0]


def test_typing_on_a_box_goes_into_the_panel(opened):
    page = opened(product_trace())
    page.run("arguments[0].focus()", page.box("y"))
    page.press("-", "7")
    assert page.focused() == "number" and page.numbers() == ["-2", "-7", "-4"]


def test_a_box_is_dragged_sideways(chrome, opened):
    from selenium.webdriver import ActionChains

    page = opened(product_trace())
    ActionChains(chrome).click_and_hold(page.box("z")).move_by_offset(25, 3).perform()
    assert page.numbers() == ["-2", "5", "-3.5"] and page.text("slope") == "∂L/∂z = 3"
    ActionChains(chrome).move_by_offset(-50, 0).release().perform()
    assert page.numbers() == ["-2", "5", "-4.5"]
    ActionChains(chrome).move_by_offset(90, 0).perform()
    assert page.numbers() == ["-2", "5", "-4.5"]
    assert page.run("return getComputedStyle(arguments[0]).touchAction", page.box("z")) == "pan-y"


def test_a_finger_drags_a_box_too(chrome, opened):
    page = opened(product_trace())
    at = page.box("x").rect
    point = {"x": at["x"] + at["width"] / 2, "y": at["y"] + at["height"] / 2}
    chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        touch = "Input.dispatchTouchEvent"
        chrome.execute_cdp_cmd(touch, {"type": "touchStart", "touchPoints": [point]})
        for moved in (10, 30, 50):
            there = {**point, "x": point["x"] + moved}
            chrome.execute_cdp_cmd(touch, {"type": "touchMove", "touchPoints": [there]})
            page.pause(0.05)  # a browser gives one of them in each frame
        chrome.execute_cdp_cmd(touch, {"type": "touchEnd", "touchPoints": []})
    finally:
        chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert page.numbers() == ["-1", "5", "-4"]


def test_the_slider_of_the_panel_moves_the_number(opened):
    page = opened(product_trace())
    page.run("$('drag').value = '1.5'; $('drag').dispatchEvent(new Event('input'))")
    assert page.numbers() == ["1.5", "5", "-4"] and page.find("number").get_attribute("value") == "1.5"


# ---- The address --------------------------------------------------------------------------------


def test_an_address_holds_the_numbers_that_were_changed(opened):
    page = opened(product_trace(), "#x=1&y=2&step=7")
    assert page.numbers() == ["1", "2", "-4"]
    assert page.text("sentence") == "∂L/∂y += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)"
    page.run("arguments[0].focus()", page.box("z"))
    page.press(UP)
    page.pause()
    assert page.run("return location.hash") == "#x=1&y=2&step=7&z=-3.9"
    page.driver.refresh()
    assert page.numbers() == ["1", "2", "-3.9"]
    page.run("location.hash = 'x=-0.5&step=1'")
    page.pause()
    assert page.numbers() == ["-0.5", "5", "-4"] and page.text("sentence") == "q = x + y = -0.5 + 5 = 4.5"
    page.find("reset").click()
    assert page.run("return location.hash") == "#step=1"


@pytest.mark.parametrize("address", ["#x=", "#x=two", "#q=3", "#x=%", "#x=1 2", "#L=0"])
def test_what_an_address_cannot_mean_is_left_out(opened, address):
    assert opened(product_trace(), address).numbers() == ["-2", "5", "-4"]


def test_a_leaf_may_be_called_as_another_entry_is(opened):
    step, exercise = Value(2.0, "step"), Value(3.0, "exercise")
    page = opened(step_through(step * exercise, names={}), "#step=2&step_=5&exercise_=7")
    assert page.numbers() == ["5", "7"] and page.text("place").startswith("Step 2")


@pytest.mark.parametrize(
    ("names", "address"),
    [
        (("step", "step_"), "#step_=5&step__=7"),
        (("exercise_", "exercise"), "#exercise_=5&exercise__=7"),
        (("a\u202eb", "a\u202db"), "#a%EF%BF%BDb=5&a%EF%BF%BDb_=7"),
        (("אבג", "x=1&y"), "#אבג=5&x%3D1%26y=7"),
        (("+", "#"), "#%2B=5&%23=7"),
    ],
)
def test_every_leaf_has_its_own_entry_in_an_address(opened, names, address):
    trace = step_through(Value(2.0, names[0]) * Value(3.0, names[1]), names={})
    page = opened(trace, address)
    assert page.numbers() == ["5", "7"]
    page.run("set(0, -1); set(1, -2)")
    page.pause()
    page.driver.refresh()
    assert page.numbers() == ["-1", "-2"]


@pytest.mark.parametrize(
    ("address", "number"),
    [("#x=1e+3", "1000"), ("#x=+3", "3"), ("#x=1e%2B3", "1000"), ("#x=-0", "-0"), ("#x=1e400", "inf")],
)
def test_an_address_takes_numbers_as_python_writes_them(opened, address, number):
    assert opened(product_trace(), address).numbers() == [number, "5", "-4"]


# ---- Nudge --------------------------------------------------------------------------------------


def lines(page, name):
    return page.run("return [...$(arguments[0]).children].map((line) => line.textContent)", name)


def test_a_nudge_shows_what_the_gradient_promises_and_what_comes(opened):
    x = Value(3.0, "x")
    page = opened(step_through(x * x, names={}))
    page.find("nudging").click()
    assert page.find("nudging").get_attribute("aria-expanded") == "true"
    assert lines(page, "promise") == [
        "Promised: ∂v1/∂x · Δx = 6 · 0.5 = 3",
        "True: v1 goes from 9 to 12.25, Δv1 = 3.25",
        "Difference: 0.25. v1 bends; a smaller nudge is promised better.",
    ]
    page.find("by").send_keys(DOWN)
    assert lines(page, "promise")[2].startswith("Difference: 0.0625.")
    page.type_into("by", "-")
    assert lines(page, "promise")[2] == "The promise is kept."  # of nothing
    page.type_into("by", "-1")
    page.find("take").click()
    assert page.numbers() == ["2"]
    assert lines(page, "promise")[0] == "Promised: ∂v1/∂x · Δx = 4 · -1 = -4"
    assert page.run("return [...$('curve').querySelectorAll('polyline')].length") == 2
    page.run("arguments[0].focus()", page.box("x"))
    page.press(UP)
    assert lines(page, "promise")[1] == "True: v1 goes from 4.41 to 1.21, Δv1 = -3.2"


def test_a_straight_line_keeps_its_promise_and_what_is_not_finite_promises_nothing(opened):
    page = opened(product_trace(), "#x=3")
    page.find("nudging").click()
    assert lines(page, "promise")[2] == "The promise is kept."
    page.type_into("number", "inf")
    assert lines(page, "promise")[2] == "Where a number is not finite, nothing is promised."


@pytest.mark.parametrize("nudge", ["1e-300", "1e-12"])
def test_a_nudge_below_the_digits_of_the_output_is_not_called_a_bend(opened, nudge):
    x = Value(3.0, "x")
    page = opened(step_through(x**4, names={}))
    page.find("nudging").click()
    page.type_into("by", nudge)
    assert lines(page, "promise")[2] == "The promise is kept as far as the digits of v1 reach."


def test_a_nudge_does_not_tell_what_is_predicted(opened):
    page = opened(product_trace())
    page.find("nudging").click()
    page.find("predict").click()
    assert lines(page, "promise") == ["The gradient is what you predict: it is shown after the last step."]
    assert not page.find("curve").is_displayed() and page.text("slope") == "∂L/∂x = ?"
    page.find("last").click()
    page.find("guess").send_keys("1", ENTER)  # until then the last step is asked
    assert lines(page, "promise")[0] == "Promised: ∂L/∂x · Δx = -4 · 0.5 = -2"


def test_what_is_asked_last_is_not_told_before_it_is_answered(opened):
    page = opened(product_trace())
    page.find("nudging").click()
    page.run("go(last - 1); $('predict').checked = true; startPredicting(); go(last)")
    assert page.text("asked") == "The local derivative ∂q/∂y:"
    assert page.text("slope") == "∂L/∂x = ?" and not page.find("curve").is_displayed()
    page.find("guess").send_keys("1", ENTER)
    assert page.text("slope") == "∂L/∂x = -4" and page.find("curve").is_displayed()


# ---- New numbers --------------------------------------------------------------------------------


def exercises_of(page, *seeds):
    return page.run("return arguments[0].map(draw)", seeds)


def test_an_exercise_is_the_same_for_all(opened):
    page = opened(product_trace(), "#exercise=3")
    drawn = page.numbers()
    assert page.text("exercise") == "Exercise 3" and page.find("predict").is_selected()
    assert drawn == [str(number) for number in exercises_of(page, 3)[0]]
    page.driver.refresh()
    assert page.numbers() == drawn
    page.find("renew").click()
    assert page.run("return location.hash") == "#exercise=4" and page.text("exercise") == "Exercise 4"
    assert [[str(number) for number in found] for found in exercises_of(page, 4)] == [page.numbers()]
    page.find("reset").click()
    assert page.numbers() == ["-2", "5", "-4"] and page.run("return location.hash") == ""
    assert page.text("exercise") == ""


def test_the_seeds_of_exercises_keep_their_numbers(opened):
    """A worksheet names them: another version of the page may not draw others."""
    drawn = exercises_of(opened(product_trace()), 1, 2, 3)
    assert drawn == [[1, -5, 1], [1, 4, 1], [2, -5, 1]]


def test_exercises_have_small_whole_numbers_where_the_graph_allows(opened):
    for numbers in exercises_of(opened(product_trace()), *range(1, 40)):
        assert all(number == int(number) and 1 <= abs(number) <= 5 for number in numbers)
    page = opened(step_through(Value(0.3, "p").log() * Value(2.0, "k").sqrt(), names={}))
    for numbers in exercises_of(page, *range(1, 40)):
        assert all(number > 0 for number in numbers)
        assert all(len(str(number)) <= 4 for number in numbers)


def test_an_exercise_is_answered_with_hints_and_a_score(opened):
    page = opened(product_trace(), "#exercise=3")
    _, _, z = map(float, page.numbers())
    page.run("go(3)")
    page.press("1", ENTER)
    assert page.text("exercise") == "Exercise 3: 1 of 1 at once"
    assert page.text("slope").endswith(" = ?")
    page.find("next").click()
    page.press(str(-z), ENTER)
    assert page.text("verdict").startswith(f"✗ Not {-z}. Mind the sign.")
    page.press(str(z), ENTER)
    assert page.text("exercise") == "Exercise 3: 1 of 2 at once"
    assert page.text("verdict").startswith("✓ Right")


def test_the_local_derivative_alone_is_told_from_the_contribution(opened):
    q, z = Value(3.0, "q"), Value(-4.0, "z")
    page = opened(step_through(q * z * 2.0, names={}))
    page.run("go(4); $('predict').checked = true; startPredicting()")
    page.find("next").click()
    assert page.text("asked").startswith("The contribution")
    page.press("-4", ENTER)
    assert page.text("verdict").startswith("✗ Not -4. That is the local derivative alone.")


def test_a_number_is_changed_while_a_question_is_open(opened):
    page = opened(product_trace())
    page.run("go(3); $('predict').checked = true; startPredicting(); go(4)")
    page.run("arguments[0].focus()", page.box("z"))
    page.press(UP)
    assert page.focused() == "z" and page.text("sentence") == "∂L/∂q += ∂L/∂L · ?"
    page.find("guess").send_keys("-3.9", ENTER)
    assert page.text("verdict") == "✓ Right: -3.9"


def test_an_exercise_that_the_address_names_later_begins_as_one_that_it_opens_with(opened):
    page = opened(product_trace(), "#exercise=3")
    page.run("go(3)")
    page.press("1", ENTER)
    assert page.text("exercise") == "Exercise 3: 1 of 1 at once"
    page.run("$('predict').click(); location.hash = 'exercise=4'")
    page.pause()
    assert page.text("exercise") == "Exercise 4" and page.find("predict").is_selected()


@pytest.mark.parametrize("number", ["1e400", "1e30", "-3", "2.7", "nan", ""])
def test_what_is_no_number_of_an_exercise_is_left_out(opened, number):
    page = opened(product_trace(), f"#exercise={number}")
    assert page.numbers() == ["-2", "5", "-4"] and page.text("exercise") == ""


# ---- Learn --------------------------------------------------------------------------------------


def test_a_step_downhill_is_written_out(opened):
    w, x = Value(3.0, "w"), Value(2.0, "x")
    page = opened(step_through((w * x - 1.0) ** 2, names={}, parameters=[w]))
    page.find("learning").click()
    boxes = page.driver.find_elements("css selector", "#moving input")
    assert [box.is_selected() for box in boxes] == [True, False]
    assert page.text("shown") == "0.1"
    page.find("descend").click()
    assert lines(page, "updates") == ["w ← 3 - 0.1 · 20 = 1", "After 1 step: v3 = 1"]
    page.find("descend").click()
    assert lines(page, "updates") == ["w ← 1 - 0.1 · 4 = 0.6", "After 2 steps: v3 = 0.04"]
    assert page.numbers() == ["0.6", "2"]
    page.find("run").click()
    page.pause(0.6)
    page.find("run").click()
    assert page.run("return curve.at(-1)") < 1e-9 and page.text("run") == "Run"
    steps = page.run("return curve.length")
    page.pause()
    assert page.run("return curve.length") == steps


def test_without_parameters_those_of_modules_move_and_else_the_reader_ticks(opened):
    model = nn.MLP(1, [2, 1], seed=0)
    loss = losses.mse(model([Value(0.5, "x")]), 1.0)
    trace = step_through(loss, names={})
    assert trace.parameters == [name for name in trace.gradients if name != "x"]
    page = opened(product_trace())
    page.find("learning").click()
    assert lines(page, "updates") == ["Tick the numbers that are to move."]
    assert not page.find("descend").is_enabled()
    page.driver.find_elements("css selector", "#moving input")[0].click()
    page.find("descend").click()
    assert lines(page, "updates")[0] == "x ← -2 - 0.1 · (-4) = -1.6"


def test_learning_that_blows_up_stops_and_says_so(opened):
    w = Value(3.0, "w")
    page = opened(step_through(w**4, names={}, parameters=[w]))
    page.find("learning").click()
    page.run("$('rate').value = '3'; $('rate').dispatchEvent(new Event('input'))")
    assert page.text("shown") == "10"
    page.find("run").click()
    page.pause(0.5)
    assert page.text("run") == "Run"
    assert lines(page, "updates")[-1] == "A smaller rate may keep it finite."


def test_learning_does_not_tell_what_is_predicted(opened):
    page = opened(product_trace())
    page.find("learning").click()
    page.driver.find_elements("css selector", "#moving input")[0].click()
    page.find("descend").click()
    page.find("run").click()
    page.find("predict").click()
    assert lines(page, "updates") == ["The gradient is what you predict: it is shown after the last step."]
    assert page.text("run") == "Run" and not page.find("losses").is_displayed()
    assert not page.find("descend").is_enabled() and not page.find("run").is_enabled()
    page.find("predict").click()
    assert lines(page, "updates")[0].startswith("x ← ") and page.find("descend").is_enabled()


def test_learning_with_new_numbers_begins_anew(opened):
    page = opened(product_trace())
    page.find("learning").click()
    page.driver.find_elements("css selector", "#moving input")[0].click()
    page.find("descend").click()
    page.find("renew").click()
    page.find("predict").click()
    page.find("descend").click()
    assert lines(page, "updates")[-1].startswith("After 1 step: ")


def test_learning_on_the_page_is_gradient_descent(opened):
    numbers = [0.5, -1.0, 0.3, -0.2, 0.1, 0.8, 0.4, -0.1, 0.7, -0.9, 0.2]
    leaves = [Value(number, name) for number, name in zip(numbers, NAMES)]
    page = opened(step_through(network(*leaves), names={}, parameters=leaves[2:]))
    page.find("learning").click()
    page.run("for (let step = 0; step < 50; step++) descend()")
    for _ in range(50):
        found = network(*leaves)
        found.backward()
        for leaf in leaves:
            leaf.data, leaf.grad = leaf.data - 0.1 * leaf.grad * (leaf in leaves[2:]), 0.0
    names = page.run("return live.names")
    actual = dict(zip(names, map(float, page.numbers())))
    assert all(actual[leaf.label] == pytest.approx(leaf.data, abs=1e-12) for leaf in leaves)


# ---- What cannot be computed, and what may not be ----------------------------------------------


def test_an_operation_that_cannot_be_written_leaves_the_page_as_it_was(opened):
    hill = Op("hill", "hill({0})", lambda a: math.exp(-a * a), lambda y, a: -2.0 * a * y)
    page = opened(step_through(hill(Value(0.5, "x")) * 2.0, names={}))
    assert not page.find("live").is_displayed()
    assert page.text("fixed").startswith("The numbers of this page stay as they are: hill cannot be written")
    assert "array=" in page.text("fixed") and page.find("fixed").is_displayed()
    page.find("next").click()
    assert page.text("place").startswith("Step 1 of")


def test_a_node_with_its_own_local_gradients_cannot_be_computed_anew(opened):
    x = Value(3.0, "x")
    page = opened(step_through(Value(9.0, (x,), (6.0,)) * 2.0, names={}))
    assert not page.find("live").is_displayed() and page.find("fixed").is_displayed()


def test_an_own_operation_is_computed_from_its_declaration(opened):
    cube = Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a)
    page = opened(step_through(cube(Value(2.0, "x")), names={}), "#x=-3&step=1")
    assert page.text("sentence") == "v1 = cube(x) = cube(-3) = -27"


def test_hostile_labels_stay_texts(opened):
    x, y = Value(2.0, HOSTILE), Value(3.0, "</script><script>window.pwned=1</script>")
    page = opened(step_through(x * y, names={}, parameters=[x]))
    for name in ("nudging", "learning", "descend"):
        page.find(name).click()
    page.run("arguments[0].focus()", page.box(page.run("return live.names[0]")))
    page.press(UP)
    page.pause()
    page.driver.refresh()
    assert page.run("return window.pwned") is None
    assert page.numbers()[0] != "2" and len(page.driver.find_elements("tag name", "img")) == 0


def test_a_frame_that_is_shut_off_lives_too(chrome, opened, tmp_path):
    markup = product_trace()._repr_mimebundle_()["text/html"]
    markup = markup.replace("<iframe ", '<iframe sandbox="allow-scripts" ')
    path = tmp_path / "framed.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{markup}', encoding="utf-8")
    chrome.get(path.as_uri())
    chrome.switch_to.frame(chrome.find_element("tag name", "iframe"))
    page = Page(chrome)
    page.run("arguments[0].focus()", page.box("x"))
    page.press(UP)
    page.pause()
    assert page.numbers() == ["-1.9", "5", "-4"]
    chrome.switch_to.default_content()


def test_a_long_trace_stays_fluent(opened):
    node = Value(0.5, "x")
    for _ in range(1200):
        node = node * 0.999
    trace = step_through(node, names={})
    assert len(trace) > 2400
    page = opened(trace)
    seconds = page.run("""const begin = performance.now();
        for (let turn = 0; turn < 10; turn++) update([turn]);
        return (performance.now() - begin) / 10000""")
    assert seconds < 0.5  # on a busy machine; the table is not written while it is closed
    row = "return $('step-1200').textContent"
    before = page.run(row)
    page.run("$('transcript').open = true")
    page.pause()
    assert page.run(row) != before


def chain(x):
    node = x
    for _ in range(300):
        node = node * 0.99
    return node * node + x


def test_steps_that_are_taken_at_once_follow_too(opened):
    page = opened(trace_of(chain, [2.0]), "#x=-3", most=402)  # more than a notebook stores
    assert page.run("return stops.filter((stop) => stop.begin).length") == 1
    page.run("go(last); $('transcript').open = true")
    page.pause()
    trace = trace_of(chain, [-3.0])
    assert page.text("sentence") == "".join(Words(trace).of(trace[-1]))
    gradient = f"{trace.gradients['x']:.4g}"
    assert page.text("slope").endswith(f" = {gradient}")
    assert page.run("return document.querySelector('#transcript .gradient').textContent").endswith(
        f" = {gradient}"
    )
    assert page.run("return boxOf(0).querySelector('[id$=gradient]').textContent") == f"∂ {gradient}"


def test_of_many_gradients_the_first_and_the_last_follow(opened):
    leaves = [Value(float(index), f"x{index}") for index in range(900)]
    total = leaves[0] * leaves[-1]
    for leaf in leaves[1:-1]:
        total = total + leaf
    page = opened(step_through(total, names={}), "#x0=7&x899=5", most=500)
    page.run("$('transcript').open = true")
    page.pause()
    rows = page.run(
        "return [...document.querySelectorAll('#transcript .gradient')].map((row) => row.textContent)"
    )
    assert rows[0].endswith("/∂x0 = 5") and rows[-1].endswith(" = 1") and len(rows) == 501
    assert rows[250] == "400 gradients are left out here; trace.gradients has them all."
    shown = {row.split("/∂")[1].split(" = ")[0]: row.split(" = ")[1] for row in rows if "/∂" in row}
    assert shown["x0"] == "5" and shown.get("x899", "7") == "7"


def test_a_notebook_does_not_store_what_computes_a_long_trace(opened):
    page = opened(trace_of(chain, [2.0]), most=400)
    assert not page.find("live").is_displayed()
    assert page.text("fixed").endswith('in the page of trace.save("steps.html") they can be changed.')


def test_a_leaf_alone_has_a_page(opened):
    page = opened(step_through(Value(3.0, "x"), names={}), "#x=4")
    assert page.numbers() == ["4"] and page.text("slope") == "∂x/∂x = 1"
    page.find("nudging").click()
    assert lines(page, "promise")[1] == "True: x goes from 4 to 4.5, Δx = 0.5"


def test_without_scripts_nothing_of_it_is_seen():
    document = write_page(product_trace())
    assert '<div id="live" role="group" aria-label="Change a number" hidden>' in document
    assert document.count('class="tool"') == 2 and len(re.findall('class="tool"[^>]* hidden>', document)) == 2
    assert '<p id="fixed" hidden>' in document
    assert len(document.encode()) <= 70_000


# ---- For everybody -------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("name", ["product", "network"])
def test_axe_finds_nothing_in_any_state(chrome, opened, name, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = opened(trace_of(GRAPHS[name], [0.5] * COUNTS[name]), "#x=2")
        assert page.violations() == []
        page.find("nudging").click()
        page.find("learning").click()
        page.driver.find_elements("css selector", "#moving input")[0].click()
        page.find("descend").click()
        assert page.violations() == []
        page.find("renew").click()
        page.find("next").click()
        assert page.violations() == []
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [360, 1400])
def test_long_names_stay_on_the_page_and_two_tools_leave_room_for_the_words(chrome, opened, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = opened(step_through(Value(2.0, "l" * 100) * Value(3.0, "שלום"), names={}))
        page.find("nudging").click()
        page.find("learning").click()
        assert page.run("return document.documentElement.scrollWidth") == width
        tops = page.run("return ['nudge', 'learn'].map((id) => $(id).getBoundingClientRect().top)")
        assert (tops[0] == tops[1]) == (width == 1400)
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
