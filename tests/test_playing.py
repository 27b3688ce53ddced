"""What a playground is made of, without a browser: kinds, columns, code, refusals, the command."""

import random
import subprocess
import sys
from pathlib import Path

import numpy
import pandas
import polars
import pytest

import autograd_lite
from autograd_lite import Op, Value, compile, datasets, losses, nn, optim, playground
from autograd_lite.__main__ import main
from autograd_lite.playing.code import loss_code, model_code
from autograd_lite.playing.columns import columns_of, parameter_names
from autograd_lite.playing.kinds import task_of

XOR = datasets.xor()


def test_it_is_always_the_function():
    program = "import autograd_lite.playing, autograd_lite as ag; print(callable(ag.playground), ag.playing)"
    shown = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60)
    assert shown.startswith("True <module 'autograd_lite.playing'")
    assert (
        "playground" in autograd_lite.__all__
        and not (Path(autograd_lite.__file__).parent / "playground").exists()
    )


@pytest.mark.parametrize(
    ("outputs", "targets", "kind", "labels"),
    [
        (1, [0, 1, 1, 0], "binary", [0, 1]),
        (1, [1.0, -1.0], "binary", [-1.0, 1.0]),
        (1, [0, 1, 2], "regression", []),
        (1, [3.5], "regression", []),
        (3, [0, 2, 0], "classes", [0, 1, 2]),
        (3, [0, 3, 0], "regression", []),
        (2, [0.5, 1.0], "regression", []),
        (2, [(1.0, 0.0), (0.0, 1.0)], "classes", [(0.0, 1.0), (1.0, 0.0)]),
        (2, [[1.0, 0.0], [1.0, 1.0]], "regression", []),
        (2, [[1.0, 0.0]], "regression", []),
    ],
)
def test_a_kind_follows_from_outputs_and_targets(outputs, targets, kind, labels):
    task = task_of(None, outputs, targets)
    assert (task.kind, [*task.labels]) == (kind, labels)
    assert task_of("regression", outputs, targets).labels == []


@pytest.mark.parametrize(
    ("kind", "targets", "said"),
    [
        ("digits", [0, 1], "kind is one of binary, classes, regression"),
        ("binary", [0, 1, 2], "two different targets, got 3"),
        ("binary", [1, 1], "two different targets, got 1"),
        ("classes", [0.5], "2 to 100 different targets, got 1"),
    ],
)
def test_a_kind_that_does_not_fit_is_refused(kind, targets, said):
    with pytest.raises(ValueError, match=said):
        task_of(kind, 1, targets)


def columns(model, x):
    """Give the columns of a model's network: name, size, activation, and where each comes from."""
    program = compile(lambda x: model(x), model, backend="numpy")
    program(x)
    script = program.cache.first().script
    found = columns_of(script.arrays, [view.array for view in script.program.outputs])
    described = [(c.array.name, c.array.size, c.activation and c.activation.name, c.sources) for c in found]
    return described, parameter_names(script.arrays, len(model.parameters()))


def test_columns_of_a_perceptron():
    found, names = columns(nn.MLP(2, [3, 4, 2], "tanh", seed=0), [0.5, 1.0])
    assert found == [("x", 2, None, []), ("h1", 3, "tanh", [0]), ("h2", 4, "tanh", [1]), ("z3", 2, None, [2])]
    assert names[:4] == ["W1[0,0]", "W1[0,1]", "b1[0]", "W1[1,0]"] and names[-1] == "b3[1]"


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_columns_of_a_neuron_with_one_input(activation):
    found, names = columns(nn.MLP(1, [1], output=activation, seed=0), [0.5])
    assert [(size, op, sources) for _, size, op, sources in found] == [(1, None, []), (1, activation, [0])]
    assert len(names) == 2


def test_columns_where_something_stands_between_layers():
    class Between(nn.Module):
        def __init__(self):
            self.first, self.norm = nn.Layer(2, 4, "relu", seed=0), nn.LayerNorm(4)
            self.last = nn.Layer(4, 3, "softmax", seed=1)

        def __call__(self, x):
            return self.last(self.norm(self.first(x)))

    found, _ = columns(Between(), [0.5, 1.0])
    sizes = [(size, activation, sources) for _, size, activation, sources in found]
    assert sizes == [(2, None, []), (4, "relu", [0]), (4, None, [1]), (3, None, [2]), (3, None, [3])]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: nn.MLP(2, [16, 1]), "model = nn.MLP(2, [16, 1])"),
        (lambda: nn.MLP(3, [2], output="sigmoid"), "model = nn.MLP(3, [2], output='sigmoid')"),
        (lambda: nn.MLP(3, [4, 2], "tanh", "softmax"), "model = nn.MLP(3, [4, 2], 'tanh', output='softmax')"),
        (
            lambda: nn.Layer(2, 3),
            "model = Layer()  # from your own code: a Layer of the same form as the page's",
        ),
    ],
)
def test_code_makes_a_model_of_the_same_form(make, code):
    model = make()
    assert model_code(model) == code
    if "own code" not in code:
        names = {"nn": nn}
        exec(code, names)
        assert repr(names["model"]) == repr(model) and {*names["model"].state_dict()} == {*model.state_dict()}


def test_an_activation_that_is_a_function_is_no_code():
    assert "own code" in model_code(nn.MLP(2, [3, 1], autograd_lite.tanh))
    assert loss_code(losses.hinge) == "losses.hinge" and loss_code(lambda o, t: o) == "loss"


def test_the_model_and_the_random_numbers_stay_as_they_are():
    model = nn.MLP(2, [3, 1], seed=0).eval()
    state, drawn = model.state_dict(), random.getstate()
    made = playground(model, losses.bce_with_logits, *XOR)
    assert (model.state_dict(), random.getstate(), model.training) == (state, drawn, False)
    assert {p.grad for p in model.parameters()} == {0.0}
    assert repr(made) == "<Playground of a network of 2-3-1 neurons>"
    assert made.to_html() == playground(model, losses.bce_with_logits, *XOR).to_html()


class Normed(nn.Module):
    takes_batches = True

    def __init__(self):
        self.layer, self.norm = nn.Layer(2, 2, seed=0), nn.BatchNorm(2)

    def __call__(self, rows):
        return [sum(each) for each in self.norm([self.layer(row) for row in rows])]


def choosy(output, target):
    return output * 2 if target == 1 else output * 3


def turning(output, target):
    return output * 2 if output > 0 else output * -3


OPAQUE = Op("opaque", "opaque({0})", lambda a: float(str(a)), lambda y, a: 1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((Normed(), losses.mse, *XOR), ValueError, "BatchNorm does: use LayerNorm"),
        ((nn.MLP(2, [1], seed=0), losses.mse, [[0.0], [1.0, 2.0]], [0, 1]), ValueError, "one length"),
        ((nn.MLP(2, [1], seed=0), losses.mse, [], []), ValueError, "no examples"),
        ((lambda x: x, losses.mse, *XOR), TypeError, "Module"),
        ((nn.MLP(2, [1], output=OPAQUE), losses.mse, *XOR), TypeError, "opaque cannot be written as JavaScr"),
        ((nn.MLP(2, [1], seed=0), choosy, *XOR), ValueError, "another way"),
        ((nn.MLP(3, [1], seed=0), losses.mse, *XOR), ValueError, "expected 3 inputs, got 2"),
        ((nn.MLP(2, [1], seed=0), turning, *XOR), ValueError, r"example \d takes another way .* where\("),
        ((nn.MLP(2, [2]), losses.cross_entropy, XOR[0], [0, 1, 2, 0]), IndexError, "from 0 to 1, got 2"),
        ((nn.MLP(2, [200, 100, 1], seed=0), losses.mse, *XOR), ValueError, "at most 20000 parameters"),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused_with_what_to_do(arguments, error, said):
    with pytest.raises(error, match=said):
        playground(*arguments)


def test_other_arguments_are_checked():
    model = nn.MLP(2, [1], seed=0)
    with pytest.raises(TypeError, match="optimizer is one of"):
        playground(model, losses.mse, *XOR, optimizer="Adam")
    with pytest.raises(ValueError, match="the optimiser holds 1 parameters"):
        playground(model, losses.mse, *XOR, optimizer=optim.Adam([Value(1.0)]))
    with pytest.raises(ValueError, match="another form"):
        playground(model, losses.mse, *XOR, test=([[1.0]], [0]))
    with pytest.raises(ValueError, match="ends in .html"):
        playground(model, losses.mse, *XOR).save("moons.txt")
    with pytest.raises(ValueError, match="a page holds at most"):
        playground(nn.MLP(500, [1], seed=0), losses.mse, [[0.0] * 500] * 4001, [0.0] * 4001)


# ---- The command ------------------------------------------------------------------------------


def test_the_command_writes_a_page(tmp_path, capsys):
    path = tmp_path / "page.HTML"
    assert main(["playground", "moons", f"--html={path}", "--layers", "4, 3"]) == 0
    assert capsys.readouterr() == (f"{path}: A network of 2-4-3-1 neurons\n", "")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "a playground is of one of and_gate, or_gate, xor, moons"),
        (["mooons"], "a playground is of one of"),
        (["moons", "xor"], "a playground is of one of"),
        (["moons"], "--html takes the name of a file that ends in .html"),
        (["moons", "--html", "moons.png"], "--html takes the name"),
        (["moons", "--html"], "--html takes the name"),
        (["moons", "--html", "a.html", "--layers", "4;4"], "--layers takes up to 8 numbers"),
        (["moons", "--html", "a.html", "--layers", "0"], "--layers takes up to 8 numbers"),
        (["moons", "--html", "a.html", "--layers", "1000"], "--layers takes up to 8 numbers"),
        (["moons", "--html", "a.html", "--html", "b.html"], "--html is given twice"),
        (["moons", "--html", "a.html", "--check"], "there is no option --check"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["playground", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_a_page_that_cannot_be_written_is_complained_of(tmp_path, capsys):
    assert main(["playground", "xor", "--html", str(tmp_path / "no" / "page.html")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_a_variable_may_still_be_called_playground(capsys):
    assert main(["playground", "playground=3"]) == 0
    assert "∂playground/∂playground = 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "kind", [pandas.DataFrame, lambda rows: polars.DataFrame(rows, orient="row"), numpy.array]
)
def test_tables_and_targets_in_a_column_make_the_page_of_their_rows(kind):
    X, y = datasets.xor()
    pages = [
        playground(nn.MLP(2, [2, 1], seed=0), losses.bce_with_logits, *data, test=data).to_html()
        for data in ((X, y), (kind(X), kind([[label] for label in y])))
    ]
    assert pages[0] == pages[1]


def test_a_loss_that_is_no_function_has_no_page():
    with pytest.raises(TypeError, match=r"loss is a function.*losses\.mse"):
        playground(nn.MLP(2, [2, 1], seed=0), "mse", *datasets.xor())
