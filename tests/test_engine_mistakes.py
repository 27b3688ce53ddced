"""Mistakes that people make with the engine: each is noticed, and the message says what to write."""

import importlib
import inspect
import subprocess
import sys
import textwrap
import traceback
import warnings

import numpy
import pytest

import autograd_lite as ag
from autograd_lite import Value, no_grad
from autograd_lite.ops import OPS


def python(program):
    """Run a program in which every warning is an error."""
    start = [sys.executable, "-W", "error", "-c"]
    return subprocess.run([*start, program], capture_output=True, text=True, timeout=60)


def error_of(call):
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


# ---- p -= lr * p.grad ---------------------------------------------------------------------------


def stepped(update):
    """Run a statement on a leaf that has a gradient; return the warnings."""
    p, lr, other = Value(2.0), 0.1, Value(1.0)
    (p * p).backward()
    names = {"p": p, "lr": lr, "other": other, "g": p.grad, "numpy": numpy}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(textwrap.dedent(update), __file__, "exec"), names)
    assert p.data == 2.0
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    "update",
    [
        "p -= lr * p.grad",
        "for q in [p]: q -= lr * q.grad",
        "p += -lr * p.grad",
        "p -= (\n    lr\n    * p.grad\n)",
        "p -= numpy.float64(lr) * p.grad",
        "p -= int(p.grad)",
        "gradient = p.grad\np -= lr * gradient",
    ],
)
def test_a_parameter_that_is_updated_without_its_data_is_warned_of(update):
    (message,) = stepped(update)
    assert message.startswith("p -= ..." if "-=" in update else "p += ...")
    assert message.endswith("write p.data -= lr * p.grad")


@pytest.mark.parametrize("sign", ["*=", "/=", "**=", "%=", "//="])
def test_a_parameter_that_is_scaled_without_its_data_is_warned_of(sign):
    for update in (
        f"p {sign} 1 - lr * p.grad",
        f"for q in [p]: q {sign} (\n    q.grad\n)",
        f"p {sign} p.grad",
    ):
        (message,) = stepped(update)
        assert message == (
            f"p {sign} ... makes a new Value, and the parameter keeps its number: write p.data {sign} ..."
        )
    for legal in (f"y = p; y {sign} 2", f"y = p; y {sign} p.grad", f"y = p; y {sign} other"):
        assert stepped(legal) == []


@pytest.mark.parametrize(
    "update",
    [
        "y = p; y -= 1",
        "y = p; y += 0.5",
        "p.grad; y = p; y -= 1; print(y.grad)",
        "y = p; y -= other",
        "y = p; y *= p.grad",
        "y = p - lr * p.grad",
        "y = p * 1.0\ny -= lr * p.grad",
        "p.data = 2.0; p.data -= 0 * p.grad",
    ],
)
def test_other_changes_in_place_are_legal_and_silent(update):
    assert stepped(update) == []


def test_a_leaf_without_a_gradient_and_code_without_positions_are_silent():
    x = Value(2.0)
    y = x
    y -= 3.0 + x.grad
    assert (y.data, x.data) == (-1.0, 2.0)
    program = (
        "from autograd_lite import Value; p = Value(2.0); (p * p).backward()\n"
        "code = compile('p -= p.grad', 'made', 'exec')\n"
        "exec(code.replace(co_linetable=b''))"
    )
    assert python(program).returncode == 0


def test_in_place_operators_are_the_ordinary_ones():
    for number in (1, 2.5, True, numpy.float32(0.5), Value(4.0)):
        x, y = Value(3.0), Value(3.0)
        plus, minus = x, y
        plus += number
        minus -= number
        assert (plus.data, minus.data) == ((x + number).data, (y - number).data)
        assert plus.parents[0] is x and minus.parents[0] is y
    total = Value(1.0)
    with pytest.raises(TypeError, match="list comprehension"):
        total += [1.0]
    with no_grad():
        total += 1.0
    assert (total.data, total.parents) == (2.0, ())


# ---- backward() -----------------------------------------------------------------------------------


def test_backward_of_what_was_computed_under_no_grad_warns():
    x = Value(3.0)
    with no_grad():
        losses = [x * x, ag.exp(x), ag.dot([x], [x]), x.relu(), ag.maximum(x, 1.0), 2.0 - x]
    for loss in losses:
        with pytest.warns(UserWarning, match=r"computed under no_grad\(\) reaches nothing"):
            loss.backward()
    Value(3.0).backward()
    x.detach().backward()
    (losses[0].detach() * x).backward()  # as a constant it is as good as any
    with no_grad():
        Value(1.0).backward()
        x.detach().backward()


def test_what_backward_returns_is_no_value():
    loss = Value(3.0) * 2.0
    for call in (ag.draw, ag.draw_dot, ag.step_through, lambda none: ag.grad(none, [])):
        error = error_of(lambda call=call: call(loss.backward()))
        assert type(error) is TypeError and "got None: backward() returns nothing; call it first" in str(
            error
        )


def test_a_gradient_is_set_to_a_number():
    x = Value(1.0)
    for wrong, words in (
        (None, r"write p.grad = 0.0, or model.zero_grad\(\)"),
        ("1", "convert it with float"),
    ):
        with pytest.raises(TypeError, match=words):
            x.grad = wrong


# ---- Operands ---------------------------------------------------------------------------------------

a, b = Value(2.0), Value(3.0)
OPERANDS = [
    lambda: a * [1, 2, 3],
    lambda: [1, 2, 3] * a,
    lambda: a + None,
    lambda: "x" - a,
    lambda: a ** (1, 2),
    lambda: {} // a,
    lambda: a % [2],
    lambda: ag.exp([1, 2]),
    lambda: ag.maximum(a, [1]),
    lambda: ag.atan2("x", a),
]


@pytest.mark.parametrize("call", OPERANDS)
def test_a_wrong_operand_shows_one_line_of_the_package(call):
    error = error_of(call)
    frames = traceback.extract_tb(error.__traceback__)
    assert "cannot compute with" in str(error)
    assert [frame.filename.startswith("<autograd_lite") for frame in frames][-2:] == [False, True]
    assert error.__cause__ is None and error.__context__ is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.sum(a, b), r"sum takes a list, got Value\(.*: write sum\(\[a, b\]\)"),
        (lambda: ag.mean(a), r"mean takes a list, got .*: write mean\(\[a, b\]\)"),
        (lambda: ag.softmax(a), r"softmax takes a list, got .*: write softmax"),
        (lambda: ag.norm(a), r"norm takes a list, got .*: write norm"),
        (lambda: ag.amax(3.0), r"amax takes a list, got 3\.0: write amax"),
        (lambda: ag.logsumexp(a), r"logsumexp takes a list"),
        (lambda: ag.pick(a, 0), r"pick takes a list, got .*: write pick\(\[a, b\], 0\)"),
        (lambda: ag.dot(a, b), r"dot takes two lists: write dot\(\[w1, w2\], \[x1, x2\], bias\)"),
    ],
)
def test_numbers_where_a_list_is_wanted(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_an_error_inside_a_generator_is_its_own():
    with pytest.raises(TypeError, match="unsupported operand"):
        ag.sum(number + None for number in (1.0, 2.0))


# ---- Names ------------------------------------------------------------------------------------------

NAMES = [
    (ag.nn, "Linear", "Layer"),
    (ag.nn, "layer", "Layer"),
    (ag.nn, "Embeding", "Embedding"),
    (ag.optim, "adam", "Adam"),
    (ag.optim, "Sgd", "SGD"),
    (ag.losses, "MSELoss", "mse"),
    (ag.losses, "crossentropy", "cross_entropy"),
    (ag.datasets, "train_test_split", "split"),
    (ag.plot, "loss_curve", "loss_curves"),
    (ag.metrics, "accuracy_score", "accuracy"),
    (ag.metrics, "confusionmatrix", "confusion_matrix"),
    (ag.preprocess, "StandardScaler", "Standardize"),
    (ag.preprocess, "OneHotEncoder", "one_hot"),
    (ag.sklearn, "MLPClasifier", "MLPClassifier"),
    (ag, "Linear", "nn.Layer"),
    (ag, "Adam", "optim.Adam"),
    (ag, "ln", "log"),
    (ag, "arctan2", "atan2"),
    (ag, "jacobean", "jacobian"),
    (ag.drawing, "Draw", "draw"),
]


@pytest.mark.parametrize(("module", "name", "meant"), NAMES, ids=[row[1] for row in NAMES])
def test_a_name_that_does_not_exist_is_answered_with_the_one_that_was_meant(module, name, meant):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}': did you mean {meant}\?$"):
        getattr(module, name)


def test_names_that_are_like_none_and_private_ones_get_no_hint():
    for module, name in (
        (ag, "qwertyuiop"),
        (ag.nn, "_Linear"),
        (ag.metrics, "__path__"),
        (ag, "__wrapped__"),
    ):
        with pytest.raises(AttributeError, match=rf"has no attribute '{name}'$"):
            getattr(module, name)
        assert not hasattr(module, name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ln", r"did you mean log\(\)"),
        ("arcsin", r"did you mean asin\(\)"),
        ("item", r"its number is \.data"),
        ("backwards", r"did you mean backward\(\)"),
        ("zero_grad", r"p\.grad = 0\.0"),
    ],
)
def test_what_other_libraries_call_an_attribute_of_a_value(name, hint):
    with pytest.raises(AttributeError, match=rf"a Value has no attribute '{name}': .*{hint}"):
        getattr(Value(1.0), name)
    assert not hasattr(Value(1.0), name) and name not in dir(Value(1.0))


MODULES = ["datasets", "losses", "nn", "optim", "plot", "training", "compiler", "playing", "drawing"]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_shows_its_own_names_alone(name):
    module = importlib.import_module(f"autograd_lite.{name}")
    assert {each for each in dir(module) if not each.startswith("_")} == {*module.__all__}
    assert all(hasattr(module, each) for each in dir(module))


def test_the_package_shows_everything_from_the_start():
    run = python("import autograd_lite as ag; print(*dir(ag)); [getattr(ag, name) for name in dir(ag)]")
    names = {name for name in run.stdout.split() if not name.startswith("_")}
    assert (run.returncode, names) == (0, {*ag.__all__})
    assert {"draw", "fit", "nn", "optim", "losses", "exp", "backward"} <= names


@pytest.mark.parametrize(
    "start", ["import autograd_lite", "import sys; sys.argv = ['-m']; import autograd_lite"]
)
def test_an_old_python_is_told_which_it_needs_in_the_first_line(start):
    program = f"import sys; sys.version_info = (3, 10, 12); sys.version = '3.10.12 (main)'; {start}"
    run = python(program)
    message = "autograd_lite needs Python 3.11 or later, and this is 3.10.12"
    lines = run.stderr.splitlines()
    assert run.returncode == 1 and message in (lines[0] if "argv" in start else lines[-1])


# ---- Habits of other libraries ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["mean", "softmax", *(op.name for op in OPS.values() if op.many)])
def test_numbers_one_after_the_other_are_no_list(name):
    function = getattr(ag, name)
    with pytest.raises(TypeError, match=rf"{name} takes .*: write {name}\(\[|pick takes a whole number"):
        function(a, b)
    if name not in ("sum", "dot", "pick"):
        with pytest.raises(TypeError, match=rf"got 3 arguments: write {name}\(\[a, b, c\]\)"):
            function(a, b, a)
        assert [*inspect.signature(function).parameters] in (["values"], ["logits"])


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if not op.is_operator])
def test_what_an_operation_refuses_is_refused_where_it_is_called(name):
    """Not some frames further inside."""
    op, function = OPS[name], getattr(ag, name)
    for wrong in ([1.0, 2.0], "1", None):
        arguments = [[a, wrong]] * 2 if name == "dot" else [wrong] if op.many is None else [[a, wrong]]
        rest = [*([b] * (len(op.partials) - 1)), *(1.0 for each in op.attributes.values() if each is None)]
        error = error_of(lambda: function(*arguments, *([0] if name == "pick" else rest)))
        frames = traceback.extract_tb(error.__traceback__)[2:]
        assert "cannot compute with" in str(error) and len(frames) <= 3, frames


def test_a_value_is_no_plain_number():
    for call in (lambda: (a * b).backward(b), lambda: ag.clip(a, b, 1.0), lambda: setattr(a, "data", b)):
        with pytest.raises(TypeError, match=r"use its \.data"):
            call()


@pytest.mark.parametrize("name", ["requires_grad", "item", "value"])
def test_what_a_value_has_not_cannot_be_set_either(name):
    with pytest.raises(AttributeError, match=f"a Value has no attribute '{name}'"):
        setattr(Value(1.0), name, True)

    class Own(Value):
        pass

    own = Own(1.0)
    setattr(own, name, 3)
    assert getattr(own, name) == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: ag.gradcheck(a * b, [1.0]),
            "gradcheck takes a function of the inputs, got .*: write lambda x",
        ),
        (lambda: ag.gradcheck(ag.exp, 1.0), r"gradcheck takes a list of inputs, got 1.0: write \[x\]"),
        (lambda: ag.jvp(a * b, [a], [1.0]), "jvp takes a function of the inputs"),
        (lambda: ag.vjp(ag.exp, a, [1.0]), r"vjp takes a list of inputs"),
        (lambda: ag.hvp(ag.exp, 1.0, [1.0]), r"hvp takes a list of inputs"),
        (lambda: ag.grad(ag.exp, a), "call the function with Values, and pass what it returns"),
        (lambda: ag.hessian(ag.exp, [a]), "call the function with Values"),
        (lambda: ag.compile(lambda x: a * x, [a]).trainer(0.1), r"a trainer takes an optimiser, .*got 0.1"),
        (lambda: ag.compile(lambda x: a * x, [a]).trainer(ag.optim.SGD), r"call it, optim\.SGD\(lr=0.01\)"),
        (
            lambda: ag.predict([[1.0]], ag.nn.MLP(1, [1])),
            r"a model is a Module or a function .*got \[\[1.0\]\]",
        ),
        (lambda: ag.optim.SGD(ag.nn.MLP(1, [1]), lr=0.1), r"got MLP: pass \.parameters\(\)"),
        (lambda: ag.optim.SGD(ag.nn.MLP(1, [1]).parameters, lr=0.1), "of type method: call it first"),
        (lambda: ag.optim.SGD(ag.nn.MLP(1, [1]).named_parameters(), lr=0.1), "without the names"),
        (lambda: ag.optim.SGD(None, lr=0.1).bind(None), "got None: is a return statement missing"),
    ],
)
def test_what_is_wanted_is_said(call, said):
    with pytest.raises(TypeError, match=said):
        call()
