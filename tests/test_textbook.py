"""How derivatives, losses and numbers that are not finite are written for readers."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Op, Value, compile, draw, losses, nn, step_through
from autograd_lite.core.op import evaluate
from autograd_lite.core.symbol import Symbol, formula
from autograd_lite.drawing.labels import operation_text
from autograd_lite.formulas import symbolic_partials
from autograd_lite.ops import OPS

WRITTEN = [(op, slot) for op in OPS.values() for slot, rule in enumerate(op.textbook) if rule is not None]
DOMAINS = {"asin": (-0.999, 0.999), "acos": (-0.999, 0.999), "atanh": (-0.999, 0.999), "acosh": (1.001, 6.0)}
POINTS = st.floats(-6.0, 6.0).filter(lambda number: abs(number) > 1e-3)


# ---- Derivatives ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("op", "slot"), WRITTEN, ids=lambda each: getattr(each, "name", str(each)))
@settings(deadline=None)
@given(st.data())
def test_a_textbook_form_is_the_partial_derivative(op, slot, data):
    count = len(op.partials)
    points = st.floats(*DOMAINS[op.name]) if op.name in DOMAINS else POINTS
    inputs = [data.draw(points) for _ in range(count)]
    if op.name == "pow":
        inputs[0] = abs(inputs[0])
    assume(len(set(inputs)) == count)
    attributes = [data.draw(st.floats(0.01, 2.0)) for _ in op.attributes]
    y = op.forward(*inputs, *attributes)
    (exact,) = op.slopes(y, [*inputs, *attributes], [slot])
    (written,) = op.textbook_slopes(y, [*inputs, *attributes], [slot])
    assert written == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_the_textbook_forms_are_these():
    readable = {
        f"{op.name} {slot}": formula(op._readable_terms[slot]) for op, slot in WRITTEN if op.name != "elu"
    }
    assert readable == {
        "pow 0": "b * a ** (b - 1)",
        "pow 1": "y * log(a)",
        "asin 0": "1 / sqrt(1 - a ** 2)",
        "acos 0": "-1 / sqrt(1 - a ** 2)",
        "atan 0": "1 / (1 + a ** 2)",
        "atan2 0": "b / (a ** 2 + b ** 2)",
        "atan2 1": "-a / (a ** 2 + b ** 2)",
        "asinh 0": "1 / sqrt(a ** 2 + 1)",
        "acosh 0": "1 / sqrt(a ** 2 - 1)",
        "atanh 0": "1 / (1 - a ** 2)",
        "erf 0": "1.12838 * exp(-a ** 2)",
        "erfc 0": "-1.12838 * exp(-a ** 2)",
        "tanh 0": "1 - y ** 2",
        "sigmoid 0": "y * (1 - y)",
        "leaky_relu 0": "1 if step(a, 0) else slope",
        "log_sigmoid 0": "1 - sigmoid(a)",
        "silu 0": "y + sigmoid(a) * (1 - y)",
        "maximum 0": "less(b, a)",
        "maximum 1": "less(a, b)",
        "minimum 0": "less(a, b)",
        "minimum 1": "less(b, a)",
    }


@pytest.mark.parametrize(
    ("make", "formula", "number"),
    [
        (lambda z: z.sigmoid(), "σ * (1 - σ)", 0.249376),
        (lambda z: z.tanh(), "1 - σ ** 2", 0.990066),
        (lambda z: z**2, "2 * z", 0.2),
        (lambda z: z ** Value(3.0, "n"), "n * z ** (n - 1)", 0.03),
        (lambda z: ag.maximum(z, Value(0.0, "b")), "less(b, z)", 1.0),
    ],
)
def test_drawings_and_steps_show_the_textbook_form_and_its_number(make, formula, number):
    z = Value(0.1, "z")
    y = make(z)
    y.label = "σ"
    label = draw(y, names={}).graph.edges[0].label
    assert label == f"∂σ/∂z = {formula} = {number:.4g}"
    step = next(step for step in step_through(y, names={}) if step.parent == "z")
    assert step.formula == f"∂σ/∂z += ∂σ/∂σ · {formula if formula.startswith('less') else f'({formula})'}"
    assert step.numbers.startswith(f"1 · {number:.6g} = ")


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda z: ag.maximum(z, Value(0.0, "b")), "0.5 * (1 + less(b, z) - less(z, b))"),  # a tie
        (lambda z: ag.tanh(z + 20.0), "4 * sigmoid(2 * v1) * sigmoid(-2 * v1)"),  # 1 - y² is 0
        (lambda z: ag.sigmoid(z + 40.0), "y * sigmoid(-v1)"),
    ],
)
def test_where_the_textbook_form_loses_the_number_the_engines_is_shown(make, shown):
    z = Value(0.0, "z")
    y = make(z)
    y.label = "y"
    steps = [step for step in step_through(y, names={}) if step.phase == "backward"]
    assert steps[0].formula.endswith(f"· ({shown})")


SPECIAL = st.sampled_from([0.0, -0.0, 1.0, -1.0, 40.0, -40.0, 800.0, 1e-300, math.inf, math.nan])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(st.data())
def test_a_formula_gives_the_number_beside_it(data):
    op, _ = data.draw(st.sampled_from(WRITTEN))
    inputs = [Value(data.draw(SPECIAL | POINTS), f"x{i}") for i in range(len(op.partials))]
    y = op(*inputs)
    symbols = {value: Symbol(name) for value, name in zip((y, *inputs), ("y", "x0", "x1"))}
    numbers = {symbol.name: value.data for value, symbol in symbols.items()}
    for term, partial in zip(symbolic_partials(y, symbols), y.partials):
        assert evaluate(term, numbers) == pytest.approx(partial, rel=1e-5, abs=0.0, nan_ok=True)


def test_an_operation_of_ones_own_may_have_a_textbook_form():
    logistic = Op(
        "logistic", "logistic({0})", lambda a: 1.0 / (1.0 + math.exp(-a)),
        lambda y, a: ag.sigmoid(a) * ag.sigmoid(-a), textbook=(lambda y, a: y * (1.0 - y),),
    )  # fmt: skip
    z = Value(0.5, "z")
    assert draw(logistic(z), names={}).graph.edges[0].label == "∂v1/∂z = v1 * (1 - v1) = 0.235"
    assert ag.grad(logistic(z), z) == pytest.approx(0.2350037122015945)
    for wrong in ((None, None), (lambda y: y,), (3.0,)):
        with pytest.raises(ValueError, match="logistic"):
            Op("logistic", "logistic({0})", abs, lambda y, a: y, textbook=wrong)


@pytest.mark.parametrize(
    ("activation", "comments"),
    [
        ("tanh", ["tanh' = 1 - h1 ** 2"]),
        ("silu", ["silu' = h1 + sigmoid(z1) * (1 - h1)"]),
        ("sigmoid", ["sigmoid' = h1 * (1 - h1)"]),
        ("relu", []),
    ],
)
def test_compiled_programs_comment_with_the_textbook_form(activation, comments):
    model = nn.MLP(2, [3, 2], activation=activation, seed=1)
    program = compile(lambda x, y: losses.mse(model(x), y), model, backend="numpy")
    program([1.0, 2.0], [1.0, 2.0])
    back = program.source.partition("dloss")[2]
    assert re.findall("  # (.*)", back) == comments
    if comments:
        assert re.search(rf"dz1 = dh1 [*/] .*  # {re.escape(comments[0])}\n", back)


def test_a_comment_speaks_of_whole_arrays_only():
    z = [Value(0.1 * i, f"z{i}") for i in range(6)]

    def loss(x):
        return ag.sum([*(each.tanh() * x for each in z[:3]), *(each.tanh() for each in z[1:5])])

    program = compile(loss, z, backend="numpy")
    assert program.value_and_grad(2.0)[1] == pytest.approx(
        [ag.grad(loss(Value(2.0)), each) for each in z], rel=1e-12
    )


# ---- Losses ------------------------------------------------------------------------------------


def test_a_loss_is_drawn_as_a_lecture_writes_it():
    f, y = Value(0.75, "f"), 2.0
    assert draw(losses.mse(f, y), names={}).graph.title == "v2 = v1 ** 2"
    assert str(step_through(losses.mse(f, y), names={})[0]) == "v1 = f - 2 = 0.75 - 2 = -1.25"
    half = draw(losses.squared_error(f, y), names={})
    assert [node.name for node in half.graph.nodes] == ["f", "2 -", "v1", "** 2", "v2", "0.5 *", "v3"]
    z = Value(0.5, "z")
    assert draw(losses.bce_with_logits(z, 0), names={}).graph.title == "v1 = softplus(z)"
    assert draw(losses.hinge(f, 1), names={}).graph.title == "v2 = relu(v1)"
    assert draw(losses.gaussian_nll(f, y), names={}).graph.title == "v4 = v3 + 0.918939"
    four = draw(ag.mean([Value(float(i), f"l{i}") for i in range(4)]), names={}).graph
    assert [node.name for node in four.nodes if node.kind == "op"] == ["Σ", "/ 4"]
    two = losses.mse([f, Value(1.0, "g")], [2.0, 3.0])
    assert draw(two, names={}).graph.title == "v4 = v3 / 2"
    assert "v3 = dot(v1, v2, v1, v2) = 5.562, gradient –" in str(draw(two, names={}))
    assert operation_text(ag.dot([f], [f], 1.0)) == "dot"


NUMBERS = st.floats(-1e6, 1e6)


@given(NUMBERS, NUMBERS)
def test_the_value_and_gradient_of_a_squared_error_are_those_of_its_formula(f, y):
    output, square, slope = Value(f), (f - y) * (f - y), 2.0 * (f - y)
    for loss, factor in ((losses.mse, 1.0), (losses.squared_error, 0.5)):
        output.grad = 0.0
        value = loss(output, y)
        value.backward()
        assert (value.data, output.grad) == (factor * square, factor * slope)


# ---- inf and nan -------------------------------------------------------------------------------


def test_numbers_that_are_not_finite_stand_out_by_colour_and_shape():
    x, y = Value(math.inf, "x"), Value(2.0, "y")
    z = x * y + math.nan
    plain = draw(y * 2.0, names={})
    drawing = draw(z, names={})
    boxes = boxes_of(drawing.svg)
    assert [name for name, (dashed, _) in boxes.items() if dashed] == ["x", "v1", "v2"]
    assert boxes["x"][1] == ["⚠ inf"] and boxes["v2"][1] == ["⚠ nan"] and boxes["y"][1] == []
    z.backward()
    boxes = boxes_of(draw(z, names={}).svg)
    assert boxes["y"] == (True, ["∂ ⚠ inf"]) and boxes["x"] == (True, ["⚠ inf"])
    assert "#B00020" not in plain.svg + plain.source and "dash" not in plain.svg + plain.source
    assert draw(z, names={}).source.count('color="#B00020" style="dashed"') == 5
    assert json.loads(drawing.to_json())["nodes"][0]["value"] == "inf"
    data = json.loads(
        re.search(r'id="data">(.*?)</script>', step_through(z, names={}).to_html(), re.DOTALL)[1]
    )
    texts = [text for stop in data["stops"] for _, text in stop["texts"]]
    assert texts == ["⚠ inf", "⚠ nan", "∂ 1", "∂ 1", "∂ 2", "∂ ⚠ inf"]


def boxes_of(svg):
    """Return of each Value whether its outline is broken, and the texts that stand on a patch."""
    space = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{space}g"):
        rects, texts = group.findall(f"{space}rect"), group.findall(f"{space}text")
        if "-n" in group.get("id") and len(texts) == 3:
            white = [text.text for text in texts if text.get("fill") == "#FFFFFF"]
            patches = [rect for rect in rects[1:] if rect.get("fill") == "#B00020"]
            assert len(patches) == len(white)
            found[texts[0].text] = rects[0].get("stroke-dasharray") is not None, white
    return found
