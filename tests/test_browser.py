"""The step page in a real browser: every control and key, numbers, guesses, frames, hostile labels."""

import pytest
from axe_core_python.selenium import Axe
from browser import found, requests

from autograd_lite import Value, draw, losses, nn, step_through
from autograd_lite.drawing.step_page.page import page as write_page

HOSTILE = "</script><script>window.pwned=1</script>]]>\"'<img src=x onerror=window.pwned=1>\u2028\u202e|{\\"
KEYS = {"next": "\ue014", "previous": "\ue012", "first": "\ue011", "last": "\ue010"}
TAB, ENTER = "\ue004", "\ue007"


def trace_of_the_first_example():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    L = q * z
    return step_through(L)


TRACE = trace_of_the_first_example()


class Page:
    """A step page that is open in the browser."""

    def __init__(self, driver):
        self.driver = driver

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, name):
        return self.driver.find_element("id", name)

    def text(self, name):
        return self.run("return document.getElementById(arguments[0]).textContent", name)

    def click(self, name):
        self.find(name).click()

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def slide(self, position):
        script = "const s = document.getElementById('slider'); s.value = arguments[0];"
        self.run(script + "s.dispatchEvent(new Event('input', {bubbles: true}))", position)

    def focused(self):
        return self.run("return document.activeElement.id || document.activeElement.tagName")

    def numbers(self):
        """Give the value and the gradient that each box shows, by its name."""
        groups = """return [...document.querySelectorAll('#picture g')].map((group) => [
            group.querySelector("[id$='-name']")?.textContent,
            group.querySelector("[id$='-value']")?.textContent,
            group.querySelector("[id$='-gradient']")?.textContent])"""
        return {name: (value, gradient) for name, value, gradient in self.run(groups) if value}

    def highlighted(self):
        script = """return [...document.querySelectorAll('#picture .on')].map(
            (group) => group.querySelector("[id$='-name']")?.textContent).filter(Boolean)"""
        return self.run(script)


@pytest.fixture
def opened(chrome, tmp_path):
    """Open the page of a trace from disk; at the end nothing may have gone wrong or gone out."""

    def open_page(trace, name="steps.html", address="", most=5000):
        path = tmp_path / name
        path.write_text(write_page(trace, most=most), encoding="utf-8")
        chrome.get("about:blank")  # another address of the same page would not load it anew
        chrome.get(path.as_uri() + address)
        return Page(chrome)

    chrome.get("about:blank")
    chrome.get_log("browser"), chrome.get_log("performance")
    yield open_page
    assert chrome.get_log("browser") == []
    assert [url for url in requests(chrome) if not url.startswith("file:///")] == []


def expected_numbers(trace, position):
    """Say what the boxes show after so many steps."""
    inner = {step.node for step in trace if step.phase == "forward"}
    shown = {name: ["?" if name in inner else f"{value:.4g}", "∂ –"] for name, value in trace.values.items()}
    for step in trace[:position]:
        if step.phase == "forward":
            shown[step.node][0] = f"{step.after:.4g}"
        else:
            shown[step.parent or step.node][1] = f"∂ {step.after:.4g}"
    return {name: tuple(texts) for name, texts in shown.items()}


STATE = """
const text = (id) => document.getElementById(id).textContent;
const enabled = (id) => !document.getElementById(id).disabled;
return {
  slider: document.getElementById("slider").value, place: text("place"), sentence: text("sentence"),
  why: text("why"), back: [enabled("first"), enabled("previous")], on: [enabled("next"), enabled("last")],
  current: [...document.querySelectorAll("[aria-current]")].map((row) => row.id),
};
"""


def check_position(page, trace, position):
    assert page.numbers() == expected_numbers(trace, position)
    state = page.run(STATE)
    assert state["slider"] == str(position)
    assert state["back"] == [position > 0] * 2
    assert state["on"] == [position < len(trace)] * 2
    if position == 0:
        assert state["place"] == "Before the first step"
        assert (page.highlighted(), state["current"]) == ([], [])
        return
    step = trace[position - 1]
    assert state["sentence"] == str(step)  # its numbers have no more digits than the picture's
    assert state["place"].startswith(f"Step {position} of {len(trace)}, ")
    assert state["why"] == ("" if step.phase == "forward" else step.why)
    assert (step.parent or step.node) in page.highlighted()
    assert state["current"] == [f"step-{position}"]


# ---- Moving -----------------------------------------------------------------------------------


def test_the_page_opens_before_the_first_step(opened):
    page = opened(TRACE)
    check_position(page, TRACE, 0)
    assert page.driver.title == "L = q * z, step by step"
    assert page.text("sentence") == "7 steps, forwards and back."
    assert page.find("now").get_attribute("aria-live") == "polite"
    assert not page.find("question").is_displayed()
    assert page.find("transcript").get_attribute("open") is None


@pytest.mark.parametrize("way", ["buttons", "keys", "slider"])
def test_every_step_forwards_and_back(opened, way):
    page = opened(TRACE)

    def move(control, position):
        if way == "buttons":
            page.click(control)
        elif way == "keys":
            page.press(KEYS[control])
        else:
            page.slide(position)
        check_position(page, TRACE, position)

    for position in range(1, 8):
        move("next", position)
    for position in range(6, -1, -1):
        move("previous", position)
    move("last", 7)
    move("first", 0)


def test_keys_work_wherever_the_focus_is_and_stop_at_the_ends(opened):
    page = opened(TRACE)
    page.press(KEYS["previous"])
    check_position(page, TRACE, 0)
    page.find("slider").send_keys(KEYS["next"])
    check_position(page, TRACE, 1)
    page.find("predict").send_keys(KEYS["last"])
    check_position(page, TRACE, 7)
    page.press(KEYS["next"])
    check_position(page, TRACE, 7)
    page.driver.find_element("tag name", "summary").send_keys(KEYS["first"])
    check_position(page, TRACE, 0)
    page.press("\ue00a" + KEYS["next"])  # with Alt it belongs to the browser
    check_position(page, TRACE, 0)


def test_a_gradient_that_grows_is_shown_growing(opened):
    x = Value(3.0, "x")
    L = x * x + x
    trace = step_through(L, names={"L": L})
    page = opened(trace)
    for position in range(1, len(trace) + 1):
        page.click("next")
        check_position(page, trace, position)
    assert page.numbers()["x"] == ("3", "∂ 7")


def test_the_highlight_does_not_rest_on_colour(opened):
    page = opened(TRACE)
    page.slide(4)
    width = """const box = document.querySelector('#picture [id^="graph-n"].on > rect');
        return [getComputedStyle(box).strokeWidth, getComputedStyle(box, '').strokeDasharray]"""
    assert page.run(width) == ["4px", "none"]
    assert page.run(width.replace(".on", ".from"))[1] != "none"
    labels = (
        "return [...document.querySelectorAll(\"[id$='-label']\")].map((e) => getComputedStyle(e).visibility)"
    )
    assert sorted(page.run(labels)) == ["hidden", "hidden", "hidden", "visible"]


HEADS = """
const shown = [...document.querySelectorAll('#picture [id^="graph-e"] path:not([fill="none"])')].filter(
    (head) => getComputedStyle(head).visibility === "visible" && head.closest(".on"));
const near = (point, box) =>
    point.x > box.left - 3 && point.x < box.right + 3 && point.y > box.top - 3 && point.y < box.bottom + 3;
return shown.map((head) => {
    const tip = head.getPointAtLength(0).matrixTransform(head.getScreenCTM());
    const boxes = [...document.querySelectorAll('#picture g[id^="graph-n"]')].filter(
        (group) => near(tip, group.querySelector("rect").getBoundingClientRect()));
    return boxes.map((group) => group.querySelector("[id$='-name']").textContent).join();
});
"""


def test_the_arrows_of_a_step_point_the_way_its_numbers_go(opened):
    page = opened(TRACE)
    heads = []
    for position in (1, 2, 4, 5, 6, 7):
        page.slide(position)
        heads.append(page.run(HEADS))
    forwards = [["+", "+", "q"], ["*", "*", "L"]]
    backwards = [["q", "*"], ["*", "z"], ["x", "+"], ["+", "y"]]  # in the order of the drawing
    assert [sorted(names) for names in heads] == [sorted(names) for names in forwards + backwards]


def test_the_focus_goes_through_the_controls_in_order(opened):
    page = opened(TRACE)
    page.slide(3)
    order = []
    for _ in range(20):
        page.press(TAB)
        order.append(page.focused())
        outline = page.run("return getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
    view, moves = ["smaller", "larger", "full"], ["first", "previous", "next", "last", "backward"]
    leaves = ["graph-n0", "graph-n1", "graph-n2"]
    change = ["leaf", "number", "drag", "nudging", "learning", "renew"]
    assert order == [*view, *leaves, *change, *moves, "slider", "predict", "SUMMARY"]
    for name in reversed(order[:-1]):  # and out again
        page.press("\ue008" + TAB)
        assert page.focused() == name


@pytest.mark.parametrize(
    ("steps", "inside"), [(4, ["guess", "check", "hint"]), (6, ["BUTTON"] * 3 + ["hint"])]
)
def test_the_focus_goes_through_a_question_and_out_of_it(opened, steps, inside):
    page = opened(TRACE)
    page.slide(steps - 1)
    page.click("predict")
    page.click("next")
    order = [page.focused()]
    while order[-1] != "SUMMARY":
        page.press(TAB)
        order.append(page.focused())
        assert len(order) < 10
    assert order in ([*inside, "SUMMARY"], ["question", *inside, "SUMMARY"])
    for name in [*reversed(inside), "predict"]:
        page.press("\ue008" + TAB)
        assert page.focused() == name


def test_the_focus_is_not_lost_at_the_ends(opened):
    page = opened(TRACE)
    page.click("last")
    assert page.focused() == "previous"
    page.click("first")
    assert page.focused() == "next"


def test_a_tall_picture_shows_the_step_above_its_controls(opened):
    leaves = [Value(float(index), f"x{index}") for index in range(40)]
    products = [leaf * leaf for leaf in leaves[:12]]
    total = products[0]
    for product in products[1:]:
        total = total + product
    page = opened(step_through(total, names={}))
    for position in (1, 6, 12, 13, 23, 30, 45):
        page.slide(position)
        box, panel = page.run(
            """return [document.querySelector('[id^="graph-n"].on'), document.getElementById("panel")]
               .map((element) => element.getBoundingClientRect().toJSON())"""
        )
        assert box["top"] >= 0 and box["bottom"] <= panel["top"]
        assert panel["bottom"] <= page.run("return window.innerHeight")


def test_a_folded_network_is_stepped_through(opened):
    model = nn.MLP(2, [16, 16, 1], seed=0)
    loss = losses.bce_with_logits(model([Value(0.5, "x1"), Value(-1.0, "x2")]), 1)
    trace = step_through(loss, names={})
    page = opened(trace)
    for position in [*range(1, len(trace), 97), len(trace)]:
        page.slide(position)
        step = trace[position - 1]
        assert page.text("sentence").startswith(f"{step.formula} = ")
        assert f" = {step.after if step.contribution is None else step.contribution:.4g}" in page.text(
            "sentence"
        )
        assert len(page.highlighted()) >= 1
    assert page.numbers()["x1"] == ("0.5", f"∂ {trace.gradients['x1']:.4g}")
    (weight,) = [name for name, node in trace.nodes.items() if node is model.layers[1].neurons[3].w[3]]
    (step,) = [step for step in trace if step.parent == weight]
    page.slide(step.index)
    hidden = step.formula.rpartition(" ")[2]  # what the weight is multiplied by
    assert (
        page.text("inside") == f"In the box layers.1: {step.node}, {weight}. In the box layers.0: {hidden}."
    )


def test_steps_that_are_left_out_are_taken_at_once(opened):
    page = opened(TRACE, most=4)
    page.slide(3)
    assert page.text("place") == "Steps 3 to 5"
    assert page.text("sentence").startswith("Steps 3 to 5 are left out here; trace.save(")
    assert page.numbers() == expected_numbers(TRACE, 5)
    page.press(KEYS["last"])
    assert page.numbers() == expected_numbers(TRACE, 7)
    assert page.text("sentence") == str(TRACE[6])


def test_a_jump_to_the_backward_pass(opened):
    page = opened(TRACE)
    page.click("backward")
    check_position(page, TRACE, 3)
    assert page.text("sentence") == "∂L/∂L = 1"


def test_the_chain_rule_so_far_stands_beside_its_path(opened):
    page = opened(TRACE)
    chains = []
    for position in range(1, 8):
        page.slide(position)
        chains.append(page.text("chain"))
    assert chains == [
        *[""] * 5,
        "Path so far: ∂L/∂q · ∂q/∂x = -4 · 1 = -4",
        "Path so far: ∂L/∂q · ∂q/∂y = -4 · 1 = -4",
    ]
    labels = "return [...document.querySelectorAll('#picture .path text')].map((text) => text.textContent)"
    assert sorted(page.run(labels)) == ["∂L/∂q = z = -4", "∂q/∂y = 1"]


def test_the_chain_starts_anew_where_arrows_met_and_is_short_in_a_long_chain(opened):
    x = Value(3.0, "x")
    q = x * 2.0
    page = opened(step_through((q * q) * 5.0, names={"q": q}))
    page.click("last")
    assert page.text("chain") == "Path so far: ∂v2/∂q · ∂q/∂x = 60 · 2 = 120"
    node = x
    for _ in range(12):
        node = node * -1.0
    page = opened(step_through(node, names={}))
    page.click("last")
    assert page.text("chain") == (
        "Path so far: ∂v12/∂v11 · ∂v11/∂v10 · ∂v10/∂v9 · … · ∂v3/∂v2 · ∂v2/∂v1 · ∂v1/∂x"
        " = -1 · -1 · -1 · … · -1 · -1 · -1 = 1"
    )


# ---- Addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "position"),
    [("#step=4", 4), ("#step=99", 7), ("#step=0", 0), ("#step=-1", 0), ("#step=q", 0), ("#w=1&step=6", 6)],
)
def test_an_address_opens_a_step(opened, address, position):
    check_position(opened(TRACE, address=address), TRACE, position)


def test_the_address_is_kept_current_and_what_else_it_holds_is_left_alone(opened):
    page = opened(TRACE, address="#other=3&%E2%88%82=1")
    address, before = "return location.hash", page.run("return history.length")
    page.click("next")
    assert page.run(address) == "#other=3&%E2%88%82=1&step=1"
    page.click("last")
    assert page.run(address) == "#other=3&%E2%88%82=1&step=7"
    assert page.run("return history.length") == before
    page.driver.refresh()
    check_position(page, TRACE, 7)
    page.click("first")
    assert page.run(address) == "#other=3&%E2%88%82=1"
    page.run("location.hash = 'step=5'")
    page.driver.execute_async_script("setTimeout(arguments[0], 50)")
    check_position(page, TRACE, 5)


def test_an_address_of_a_step_that_is_left_out_opens_what_holds_it(opened):
    assert opened(TRACE, address="#step=4", most=4).text("place") == "Steps 3 to 5"


# ---- Predicting -------------------------------------------------------------------------------


def sentence_question_and_verdict(page):
    return page.text("sentence"), page.text("asked"), page.text("verdict")


def choose(page, name):
    (button,) = [b for b in page.driver.find_elements("css selector", "#choices button") if b.text == name]
    button.click()


def test_predicting_asks_for_ideas_and_keeps_the_score(opened):
    page = opened(TRACE)
    page.click("predict")
    page.click("next")
    assert sentence_question_and_verdict(page) == ("Which node is computed next?", "One of:", "")
    assert page.numbers()["q"] == ("?", "∂ –") and page.highlighted() == []
    assert page.focused() == "question"
    choose(page, "q")
    assert page.text("verdict") == "✓ Right: q"
    check_position(page, TRACE, 1)
    assert page.focused() == "next"
    page.press(ENTER)  # only L is left: nothing to ask
    check_position(page, TRACE, 2)
    page.press(ENTER)
    asked = "The gradient that the backward pass begins with:"
    assert sentence_question_and_verdict(page) == ("∂L/∂L = ?", asked, "")
    page.press("1", ENTER)
    page.press(ENTER)
    assert sentence_question_and_verdict(page) == ("∂L/∂q += ∂L/∂L · ?", "The local derivative ∂L/∂q:", "")
    assert page.numbers()["q"] == ("3", "∂ ?")
    labels = "return [...document.querySelectorAll('#picture .later')].length"
    assert page.run(labels) == 4  # the arrow's label would tell
    page.press("-4", ENTER)
    check_position(page, TRACE, 4)
    page.press(ENTER)
    asked = "The contribution that flows along this arrow:"
    assert sentence_question_and_verdict(page) == ("∂L/∂z += ∂L/∂L · q = ?", asked, "")
    page.press("3", ENTER)
    page.press(ENTER)
    assert page.text("sentence") == "Which node passes its gradient on next?"
    choose(page, "x")
    assert page.text("verdict").startswith("✗ Not x. Hint: A node is next when")
    choose(page, "q")
    assert page.text("verdict") == "✓ Right: q"
    page.press(ENTER)
    assert page.text("asked") == "The local derivative ∂q/∂y:"
    page.press("7", ENTER)
    assert page.text("verdict") == "✗ Not 7. Hint: + passes the gradient on to both inputs."
    page.press("8", ENTER)
    wrong = "✗ Wrong: you said 8, it is 1"
    assert page.text("verdict") == f"{wrong}. Your score: 4 of 6 at once, 1 more after a hint."
    check_position(page, TRACE, 7)


def test_the_running_total_of_a_square_is_what_is_asked_for(opened):
    x = Value(3.0, "x")
    page = opened(step_through(x * x, names={}))
    page.slide(3)
    page.click("predict")
    page.click("next")
    assert page.text("sentence") == "∂v1/∂x += ∂v1/∂v1 · x  (3 → ?)"
    assert page.text("asked") == "The running total after this step, 3 before it:"
    assert page.numbers()["x"] == ("3", "∂ ?")
    page.press("3", ENTER)
    assert page.text("verdict") == (
        "✗ Not 3. That is the contribution of this step alone. "
        "Hint: Gradients add up where arrows meet: 3 and this contribution, 3."
    )
    assert page.text("sentence") == "∂v1/∂x += ∂v1/∂v1 · x = 1 · 3 = 3  (3 → ?)"
    page.press("6", ENTER)
    assert page.text("verdict").startswith("✓ Right: 6")
    assert page.numbers()["x"] == ("3", "∂ 6")


@pytest.mark.parametrize(
    ("steps", "guess", "remark"),
    [
        (4, "4", "Mind the sign."),
        (5, "-3", "Mind the sign."),
        (4, "12", "Hint: * hands each input the other's value."),
    ],
)
def test_a_hint_comes_before_the_answer(opened, steps, guess, remark):
    page = opened(TRACE)
    page.slide(steps - 1)
    page.click("predict")
    page.click("next")
    page.press(guess, ENTER)
    assert remark in page.text("verdict")
    assert page.focused() == "guess" and page.find("guess").get_attribute("value") == guess


def test_a_hint_can_be_asked_for_once(opened):
    page = opened(TRACE)
    page.slide(4)
    page.click("predict")
    page.click("next")
    page.click("hint")
    assert page.text("sentence") == "∂L/∂z += ∂L/∂L · q = 1 · 3 = ?"
    assert page.text("verdict") == "Hint: The chain rule: what arrives, 1, times the local derivative, 3."
    assert not page.find("hint").is_enabled() and page.focused() == "guess"
    page.press("4", ENTER)
    assert page.text("verdict") == "✗ Wrong: you said 4, it is 3"


def test_the_next_step_waits_for_a_prediction(opened):
    page = opened(TRACE)
    page.slide(3)
    page.click("predict")
    check_position(page, TRACE, 3)
    page.click("next")
    page.click("next")
    assert page.text("verdict") == "Answer first, take the hint, or switch Predict off."
    assert page.text("sentence").endswith("?")
    for nonsense in ("", "three", "1 2", "0x3", "--3"):
        page.find("guess").clear()
        page.find("guess").send_keys(nonsense, ENTER)
        assert page.text("verdict") == "Type a number, such as -4 or 0.25."
        assert page.text("sentence").endswith("?")
    page.click("previous")
    check_position(page, TRACE, 3)
    page.slide(7)
    assert page.text("sentence").endswith("?")
    page.click("predict")
    check_position(page, TRACE, 7)
    assert not page.find("question").is_displayed()


def test_keys_in_the_field_edit_the_prediction(opened):
    page = opened(TRACE)
    page.slide(3)
    page.click("predict")
    page.click("next")
    page.press("3", KEYS["previous"], "-", KEYS["first"], KEYS["last"])
    assert page.find("guess").get_attribute("value") == "-3"
    assert page.text("place") == "Step 4 of 7, backward"


def test_the_slider_keeps_the_focus_while_it_asks(opened):
    page = opened(TRACE)
    page.click("predict")
    for position in (1, 2, 3, 4):
        page.find("slider").send_keys(KEYS["next"])
        assert page.focused() == "slider"
        assert page.find("slider").get_attribute("value") == str(position)


@pytest.mark.parametrize(
    ("guess", "verdict"),
    [
        ("0.25", "✓"), ("0.2494", "✓"), ("0,25", "✓"), (" .25 ", "✓"), ("2.5e-1", "✓"), ("0.245", "✓"),
        ("0.24", "✗"), ("0.26", "✗"), ("-0.25", "✗"), ("−0.25", "✗"), ("inf", "✗"), ("nan", "✗"), ("0", "✗"),
    ],
)  # fmt: skip
def test_two_digits_of_a_prediction_are_enough(opened, guess, verdict):
    page = opened(step_through(Value(0.1, "t").sigmoid(), names={}))
    page.slide(2)
    page.click("predict")
    page.click("next")
    page.press(guess, ENTER)
    assert page.text("verdict").startswith(verdict)


@pytest.mark.parametrize(
    ("number", "guesses"),
    [
        ("inf", ["inf", "∞", "Infinity"]),
        ("-inf", ["-inf", "−∞"]),
        ("nan", ["NaN"]),
        ("0", ["0", "-0", "0.0"]),
    ],
)
def test_numbers_that_are_not_finite_can_be_predicted(opened, number, guesses):
    y = Value(1.0, "y")
    for guess in guesses:
        page = opened(step_through(y * Value(float(number), "x"), names={}))
        page.slide(2)
        page.click("predict")
        page.click("next")
        page.press(guess, ENTER)
        assert page.text("verdict").startswith(f"✓ Right: {number}")


# ---- In front of a class ----------------------------------------------------------------------


TEXT_SIZES = """
return [...document.querySelectorAll("#picture text")].map(
    (text) => text.getBoundingClientRect().height / 1.2)  // of its font's box
"""
SENTENCE_SIZE = "return parseFloat(getComputedStyle(document.getElementById('sentence')).fontSize)"


def in_view(page):
    """Tell whether all that the step is about is seen in the picture's frame, and the frame in the window."""
    return page.run("""
        const frame = document.getElementById("picture").getBoundingClientRect();
        const boxes = [...document.querySelectorAll("#picture :is(.on, .from)")]
            .map((element) => element.getBoundingClientRect());
        return frame.top >= 0 && frame.bottom <= innerHeight && boxes.every((box) =>
            box.left >= frame.left - 1 && box.right <= frame.right + 1 &&
            box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1)""")


def test_zoom_makes_all_text_larger_and_keeps_the_step_in_view(opened):
    page = opened(TRACE)
    page.slide(4)
    sizes = [page.run(TEXT_SIZES)]
    sentence = page.run(SENTENCE_SIZE)
    for _ in range(3):
        page.click("larger")
        page.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        sizes.append(page.run(TEXT_SIZES))
        box = page.driver.find_element("css selector", '[id^="graph-n"].on').rect
        assert in_view(page) or box["width"] * 4 > 900
    assert min(sizes[-1]) == pytest.approx(3 * min(sizes[0]), rel=0.05)
    assert page.run(SENTENCE_SIZE) >= 1.3 * sentence
    page.click("larger")
    assert not page.find("larger").is_enabled() and page.focused() == "smaller"
    for _ in range(6):
        page.click("smaller")
    assert not page.find("smaller").is_enabled()


def test_full_screen_is_read_from_the_back_row(chrome, opened):
    size = {"width": 1920, "height": 1080, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = opened(TRACE)
        page.slide(6)
        page.click("full")
        chrome.execute_async_script("setTimeout(arguments[0], 500)")
        assert page.run("return document.fullscreenElement.id") == "stage"
        assert page.text("full") == "Leave full screen"
        assert min(page.run(TEXT_SIZES)) >= 20
        assert (
            page.run("return parseFloat(getComputedStyle(document.getElementById('sentence')).fontSize)")
            >= 30
        )
        assert in_view(page)
        panel = page.find("panel").rect
        assert panel["y"] + panel["height"] <= page.run("return innerHeight")
        page.press(KEYS["next"])
        assert page.text("place") == "Step 7 of 7, backward"
        page.click("full")
        chrome.execute_async_script("setTimeout(arguments[0], 500)")
        assert page.run("return document.fullscreenElement") is None
        assert page.text("full") == "Full screen"
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def long_chain():
    node = Value(0.5, "x")
    for _ in range(30):
        node = node.tanh()
    return step_through(node, names={})


def many_leaves():
    products = [Value(float(index), f"x{index}") * Value(2.0, f"y{index}") for index in range(20)]
    total = products[0]
    for product in products[1:]:
        total = total + product
    return step_through(total, names={})


@pytest.mark.parametrize("make", [long_chain, many_leaves])
@pytest.mark.parametrize("size", [(360, 740), (800, 700), (1400, 900)])
def test_a_large_graph_keeps_the_active_step_in_view(chrome, opened, make, size):
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        trace = make()
        page = opened(trace)
        for position in range(1, len(trace) + 1, 6):
            page.slide(position)
            box, frame, panel = page.run("""
                return ['[id^="graph-n"].on', "#picture", "#panel"].map(
                    (each) => document.querySelector(each).getBoundingClientRect().toJSON())""")
            assert frame["top"] >= 0 and panel["bottom"] <= size[1]
            for start, end in (("left", "right"), ("top", "bottom")):
                assert box[start] >= frame[start] - 1 and box[end] <= frame[end] + 1
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chrome, opened, width, scheme):
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = opened(many_leaves())

        def violations():
            return [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(chrome)["violations"]]

        assert violations() == []
        page.run("document.getElementById('transcript').open = true")
        page.slide(25)
        assert violations() == []
        page.click("predict")
        for position in range(38, 48):  # every kind of question
            page.slide(position)
            assert violations() == [], page.text("asked")
            if page.find("question").is_displayed():
                page.click("hint")
                assert violations() == [], page.text("verdict")
        assert page.run("return document.getAnimations().length") == 0
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


# ---- On paper ---------------------------------------------------------------------------------


PRINTED = """
window.printed = [];
addEventListener("beforeprint", () => printed.push({
  open: document.getElementById("transcript").open,
  sentence: document.getElementById("sentence").textContent,
  numbers: [...document.querySelectorAll("[id$='-value'], [id$='-gradient']")].map((e) => e.textContent),
}));
"""


@pytest.mark.parametrize("position", [0, 4, 7])
def test_paper_has_the_numbers_the_whole_picture_and_every_step(chrome, opened, position):
    page = opened(TRACE)
    page.slide(position)
    page.run(PRINTED)
    chrome.execute_cdp_cmd("Page.printToPDF", {})
    (printed,) = page.run("return window.printed")
    at = position or 7
    assert printed["open"]
    assert printed["sentence"] == str(TRACE[at - 1])
    numbers = [text for name in ("x", "y", "z", "q", "L") for text in expected_numbers(TRACE, at)[name]]
    assert sorted(printed["numbers"]) == sorted(numbers)
    assert "?" not in printed["numbers"]
    check_position(page, TRACE, position)
    assert page.find("transcript").get_attribute("open") is None


@pytest.mark.parametrize("make", [long_chain, many_leaves])
def test_paper_has_the_whole_of_a_large_picture(chrome, opened, make):
    page = opened(make())
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    metrics = {"width": 718, "height": 1043, "deviceScaleFactor": 1, "mobile": False}  # A4 within its margins
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        svg, frame = page.run("""
            return [document.querySelector("#picture svg"), document.getElementById("picture")]
                .map((element) => element.getBoundingClientRect().toJSON())""")
        assert svg["left"] >= frame["left"] and svg["right"] <= frame["right"]
        assert svg["bottom"] <= frame["bottom"] and svg["height"] <= 1043
        assert not page.find("controls").is_displayed()
    finally:
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_paper_has_the_whole_of_a_drawing_in_a_notebook(chrome, tmp_path):
    """Where it would scroll sideways on a screen it is smaller on paper."""
    markup = draw(TRACE.nodes["L"], names=TRACE.nodes)._repr_mimebundle_()["text/html"]
    path = tmp_path / "drawing.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body style="width: 560px">{markup}', "utf-8")
    chrome.get(path.as_uri())
    rooms = []
    try:
        for media in ("screen", "print"):
            chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
            rooms += chrome.execute_script("""
                const around = document.querySelector("img").parentElement;
                return [around.scrollWidth, around.clientWidth]""")
    finally:
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert rooms[0] > rooms[1] and rooms[2] == rooms[3] == 560


# ---- Elsewhere --------------------------------------------------------------------------------


def test_without_scripts_everything_is_there(chrome, opened):
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(TRACE)
        shown = page.driver.find_element("tag name", "table").text
        for step in TRACE:
            assert str(step) in shown
        assert not page.find("controls").is_displayed()
        assert page.find("graph-n0-gradient").text == "∂ -4"
    finally:
        chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_fits_its_window(chrome, opened, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = opened(TRACE)
        for position in (0, 1, 5, 7):
            page.slide(position)
            room = page.run("return [document.documentElement.scrollWidth, window.innerWidth]")
            assert room == [width, width]
            for name in ("first", "next", "slider", "predict", "sentence"):
                box = page.find(name).rect
                assert box["x"] >= 0 and box["x"] + box["width"] <= width
        page.slide(2)  # what a step is about is in sight, even in a picture that is too wide
        box = page.driver.find_element("css selector", '[id^="graph-n"].on').rect
        assert box["x"] + box["width"] / 2 >= 0 and box["x"] + box["width"] / 2 <= width
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


CONTRASTS = """
const pairs = [];
const paperOf = (element) => getComputedStyle(element).backgroundColor;
for (const element of document.querySelectorAll("main *:not(svg *)")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || element.disabled || !element.checkVisibility()) continue;
  let behind = element;
  while (/, 0\\)$/.test(paperOf(behind))) behind = behind.parentElement;
  pairs.push([getComputedStyle(element).color, paperOf(behind), element.outerHTML]);
}
return pairs;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(chrome, opened, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        page = opened(TRACE)
        page.click("predict")
        page.slide(4)
        page.click("hint")
        page.run("document.getElementById('transcript').open = true")
        page.run("document.getElementById('verdict').textContent = 'x'")
        pairs = page.run(CONTRASTS)
        assert len(pairs) > 20
        for ink, paper, element in pairs:
            assert contrast(ink, paper) >= 4.5, element
    finally:
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def contrast(*colours):
    """Compute the contrast ratio of two CSS colours, as WCAG defines it."""
    lights = []
    for colour in colours:
        channels = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


def test_hostile_labels_are_shown_and_nothing_runs(opened):
    x = Value(3.0, HOSTILE)
    trace = step_through(x * x, names={})
    page = opened(trace)
    page.click("last")
    visible = HOSTILE.replace("\u2028", "␊").replace("\u202e", "�")
    assert visible in page.text("sentence")
    page.slide(2)
    page.click("predict")
    page.click("next")
    assert visible in page.text("asked")
    assert visible in page.text("transcript")
    assert page.run("return typeof window.pwned") == "undefined"
    assert page.run("return document.images.length") == 0


def test_only_the_file_itself_is_asked_for(chrome, opened):
    page = opened(TRACE)
    page.click("last")
    assert requests(chrome) == [page.driver.current_url.removesuffix("#step=7")]
    assert page.run("return performance.getEntriesByType('resource').length") == 0


def test_a_notebook_shows_the_page_in_a_frame(chrome, tmp_path):
    import nbformat
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import ExecutePreprocessor

    source = """from autograd_lite import Value, step_through
x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
q = x + y
L = q * z
step_through(L)"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    ExecutePreprocessor(timeout=60, kernel_name="python3").preprocess(notebook, {})
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"] == str(TRACE)
    converted, _ = HTMLExporter().from_notebook_node(notebook)
    path = tmp_path / "notebook.html"
    path.write_text(converted, encoding="utf-8")
    chrome.get_log("browser")
    chrome.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["http://*", "https://*"]})
    chrome.execute_cdp_cmd("Network.enable", {})
    chrome.get(path.as_uri())
    frame = chrome.find_element("tag name", "iframe")
    beside = chrome.find_element("css selector", ".still details")
    assert not beside.is_displayed()  # the page in the frame has its own
    words = chrome.execute_script("return arguments[0].textContent", beside)
    assert all(str(step) in words for step in TRACE)
    chrome.switch_to.frame(frame)
    page = Page(chrome)
    for position in range(1, 8):
        page.click("next")
        check_position(page, TRACE, position)
    inside = page.run("return [document.documentElement.scrollHeight, window.innerHeight]")
    assert inside[0] <= inside[1]
    chrome.switch_to.default_content()
    chrome.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("sandboxed", [False, True])
def test_a_frame_shows_the_page_without_scrolling_it(chrome, tmp_path, width, sandboxed):
    markup = TRACE._repr_mimebundle_()["text/html"]
    if sandboxed:
        markup = markup.replace("<iframe ", '<iframe sandbox="allow-scripts" ')
    path = tmp_path / "framed.html"
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><body style="margin: 0">{markup}', encoding="utf-8"
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        chrome.get(path.as_uri())
        assert [
            image.is_displayed() for image in chrome.find_elements("css selector", "body img, details")
        ] == ([False, False])
        chrome.switch_to.frame(chrome.find_element("tag name", "iframe"))
        page = Page(chrome)
        for position in range(8):
            page.slide(position)
            chrome.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
            room = page.run("return [document.documentElement.scrollHeight, innerHeight]")
            assert room[0] <= room[1]
            assert position == 0 or in_view(page) or width < 800
        if not sandboxed:  # no more room than it needs
            assert room[1] <= room[0] + 2 and not page.run(
                "const p = document.getElementById('picture'); return p.scrollHeight > p.clientHeight"
            )
    finally:
        chrome.switch_to.default_content()
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# ---- The tests' own browser -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "package"),
    [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("dot", "graphviz")],
)
def test_a_missing_program_is_named(monkeypatch, program, package):
    found(program)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match=f"{program} is missing: apt-get install {package}"):
        found(program)
