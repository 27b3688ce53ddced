"""The step page in a real browser: every control and key, numbers, guesses, frames, hostile labels."""

import pytest
from browser import found, requests

from autograd_lite import Value, losses, nn, step_through
from autograd_lite.drawing.step_page import frames

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

    def open_page(trace, name="steps.html"):
        path = tmp_path / name
        trace.save(path)
        chrome.get(path.as_uri())
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
    assert state["sentence"] == str(step)
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
    for _ in range(7):
        page.press(TAB)
        order.append(page.focused())
        outline = page.run("return getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
    assert order == ["first", "previous", "next", "last", "slider", "predict", "SUMMARY"]


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
        assert page.text("sentence") == str(trace[position - 1])
        assert len(page.highlighted()) >= 1
    assert page.numbers()["x1"] == ("0.5", f"∂ {trace.gradients['x1']:.4g}")
    (weight,) = [name for name, node in trace.nodes.items() if node is model.layers[1].neurons[3].w[3]]
    (step,) = [step for step in trace if step.parent == weight]
    page.slide(step.index)
    hidden = step.formula.rpartition(" ")[2]  # what the weight is multiplied by
    assert (
        page.text("inside") == f"In the box layers.1: {step.node}, {weight}. In the box layers.0: {hidden}."
    )


def test_steps_that_are_left_out_are_taken_at_once(opened, monkeypatch):
    monkeypatch.setattr(frames, "MOST_STEPS", 4)
    page = opened(TRACE)
    page.slide(3)
    assert page.text("place") == "Steps 3 to 5"
    assert page.text("sentence").startswith("Steps 3 to 5 are left out here; trace.save(")
    assert page.numbers() == expected_numbers(TRACE, 5)
    page.press(KEYS["last"])
    assert page.numbers() == expected_numbers(TRACE, 7)
    assert page.text("sentence") == str(TRACE[6])


# ---- Predicting -------------------------------------------------------------------------------


def test_a_right_prediction(opened):
    page = opened(TRACE)
    page.click("predict")
    page.click("next")
    assert page.text("sentence") == "q = x + y = -2 + 5 = ?"
    assert page.numbers()["q"] == ("?", "∂ –")
    assert page.focused() == "guess"
    page.press("3", ENTER)
    assert page.text("verdict") == "✓ Right: 3"
    check_position(page, TRACE, 1)
    assert page.focused() == "next"
    page.press(ENTER)
    assert page.text("sentence") == "L = q * z = 3 * -4 = ?"
    assert page.text("verdict") == ""


def test_a_wrong_prediction_says_so_and_goes_on(opened):
    page = opened(TRACE)
    page.slide(3)
    page.click("predict")
    check_position(page, TRACE, 3)
    page.click("next")
    assert page.text("sentence") == "∂L/∂q += ∂L/∂L · z = 1 · -4 = ?"
    assert page.numbers()["q"] == ("3", "∂ ?")
    page.press("4", ENTER)
    assert page.text("verdict") == "✗ Wrong: you said 4, it is -4"
    check_position(page, TRACE, 4)
    page.click("next")
    assert page.text("sentence") == "∂L/∂z += ∂L/∂L · q = 1 · 3 = ?"


def test_the_next_step_waits_for_a_prediction(opened):
    page = opened(TRACE)
    page.click("predict")
    page.click("next")
    page.click("next")
    assert page.text("verdict") == "Type your prediction first, or switch Predict off."
    assert page.text("sentence").endswith("= ?")
    for nonsense in ("", "three", "1 2", "0x3", "--3"):
        page.find("guess").clear()
        page.find("guess").send_keys(nonsense, ENTER)
        assert page.text("verdict") == "Type a number, such as -4 or 0.25."
        assert page.text("sentence").endswith("= ?")
    page.click("previous")
    check_position(page, TRACE, 0)
    page.slide(7)
    assert page.text("sentence").endswith("= ?")
    page.click("predict")
    check_position(page, TRACE, 7)
    assert not page.find("question").is_displayed()


def test_keys_in_the_field_edit_the_prediction(opened):
    page = opened(TRACE)
    page.click("predict")
    page.click("next")
    page.press("3", KEYS["previous"], "-", KEYS["first"], KEYS["last"])
    assert page.find("guess").get_attribute("value") == "-3"
    assert page.text("place") == "Step 1 of 7, forward"


@pytest.mark.parametrize(
    ("guess", "verdict"),
    [
        ("0.5250", "✓"), ("0.52498", "✓"), ("0,525", "✓"), (" .525 ", "✓"), ("5.25e-1", "✓"),
        ("0.524", "✗"), ("0.526", "✗"), ("-0.525", "✗"), ("−0.525", "✗"), ("inf", "✗"),
        ("nan", "✗"), ("0", "✗"),
    ],
)  # fmt: skip
def test_a_prediction_is_right_to_four_digits(opened, guess, verdict):
    page = opened(step_through(Value(0.1, "t").sigmoid()))
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
    page = opened(step_through(Value(float(number), "x") * 1.0))
    for guess in guesses:
        page.driver.refresh()
        page.click("predict")
        page.click("next")
        page.press(guess, ENTER)
        assert page.text("verdict") == f"✓ Right: {number}"


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
    assert visible in page.text("transcript")
    assert page.run("return typeof window.pwned") == "undefined"
    assert page.run("return document.images.length") == 0


def test_only_the_file_itself_is_asked_for(chrome, opened):
    page = opened(TRACE)
    page.click("last")
    assert requests(chrome) == [page.driver.current_url]
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
    beside = chrome.find_element("css selector", "iframe + details")
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
