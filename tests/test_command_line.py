"""The command line: what it prints for good input and bad, and how it ends."""

import errno
import io
import json
import math
import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from xml.etree import ElementTree

import pytest
from declared import attributes_of, call_of, inputs_of, without
from hypothesis import given, settings
from hypothesis import strategies as st
from test_expression import NAMES, PIECES, points, programs

import autograd_lite
from autograd_lite import Op, __main__
from autograd_lite.__main__ import HELP, MOST_CHECKED, main
from autograd_lite.expression import FUNCTIONS

ROOT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-m", "autograd_lite"]


def run(*arguments):
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        status = main(arguments)
    return types.SimpleNamespace(status=status, out=out.getvalue(), err=err.getvalue())


def program(*arguments, python=(), folder=ROOT, **environment):
    """Run the real program."""
    command = [sys.executable, *python, "-m", "autograd_lite", *arguments]
    settings = {**os.environ, "PYTHONUTF8": "1", "PYTHONWARNINGS": "", "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(command, capture_output=True, cwd=folder, env=settings, timeout=60)
    return types.SimpleNamespace(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def printed(*arguments):
    """Run a good command line that has nothing to complain about, and return what it prints."""
    done = run(*arguments)
    assert (done.status, done.err) == (0, "")
    return done.out


def strictly(text):
    """Read JSON, without Python's own NaN and Infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def assert_refused(done, problem=""):
    """Check what holds for all bad input: one complaint, of three lines at most, and nothing else."""
    lines = done.err.splitlines()
    assert (done.status, done.out) == (2, "")
    assert len(lines) in (1, 3)
    assert lines[0].startswith("autograd_lite: ")
    assert all(line.isprintable() for line in lines)
    assert problem in lines[0]
    if len(lines) == 3:
        assert re.fullmatch(" +\\^", lines[2])


# ---- The lectures' examples -------------------------------------------------------------------

STEPPED = """\
Forward
  1  q = x + y = -2 + 5 = 3
  2  L = q * z = 3 * -4 = -12

Backward
  3  ∂L/∂L = 1
     * hands each input the other's value:
  4  ∂L/∂q += ∂L/∂L · z = 1 · -4 = -4  (0 → -4)
  5  ∂L/∂z += ∂L/∂L · q = 1 · 3 = 3  (0 → 3)
     + passes the gradient on to both inputs:
  6  ∂L/∂x += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)
  7  ∂L/∂y += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)

Gradients
  ∂L/∂x = -4
  ∂L/∂y = -4
  ∂L/∂z = 3
"""


def test_the_first_example_step_by_step():
    done = program("q = x + y; L = q * z", "x=-2", "y=5", "z=-4")
    assert (done.status, done.out, done.err) == (0, STEPPED, "")
    assert printed("q = x + y; L = q * z", "x=-2", "y=5", "z=-4") == STEPPED


def test_logistic_regression_on_one_example():
    arguments = ["t0=-0.1", "t1=0.5", "t2=-0.3", "x1=1", "x2=1"]
    done = program("-log(1 - sigmoid(t0 + t1*x1 + t2*x2))", *arguments)
    assert (done.status, done.err) == (0, "")
    lines = [line.strip() for line in done.out.splitlines()]
    assert "4  v4 = v2 + v3 = 0.4 + -0.3 = 0.1" in lines
    assert "5  v5 = sigmoid(v4) = sigmoid(0.1) = 0.524979" in lines
    assert "7  v7 = log(v6) = log(0.475021) = -0.744397" in lines
    assert "8  v8 = -v7 = -(-0.744397) = 0.744397" in lines
    assert "11  ∂v8/∂v6 += ∂v8/∂v7 · (1 / v6) = -1 · 2.10517 = -2.10517  (0 → -2.10517)" in lines
    assert "12  ∂v8/∂v5 += ∂v8/∂v6 · -1 = -2.10517 · -1 = 2.10517  (0 → 2.10517)" in lines
    sigmoid_rule = "13  ∂v8/∂v4 += ∂v8/∂v5 · (v5 * (1 - v5))"
    assert f"{sigmoid_rule} = 2.10517 · 0.249376 = 0.524979  (0 → 0.524979)" in lines
    assert lines[lines.index("Gradients") :] == [
        "Gradients",
        "∂v8/∂t0 = 0.524979",
        "∂v8/∂t1 = 0.524979",
        "∂v8/∂x1 = 0.26249",
        "∂v8/∂t2 = 0.524979",
        "∂v8/∂x2 = -0.157494",
    ]


def test_logistic_regression_with_names():
    text = "z = t0 + t1*x1 + t2*x2; loss = -log(1 - sigmoid(z))"
    trace = strictly(printed(text, "t0=-0.1", "t1=0.5", "t2=-0.3", "x1=1", "x2=1", "--json"))
    (by_z,) = [step["after"] for step in trace["steps"] if step["parent"] == "z"]
    assert round(trace["values"]["z"], 12) == 0.1
    assert round(by_z, 3) == 0.525
    assert [trace["gradients"][name] for name in ("t0", "t1", "t2")] == pytest.approx([by_z] * 3)


def test_a_hidden_layer_by_hand():
    text = (
        "z11 = a*x1 + b*x2; z12 = c*x1 + d*x2; a11 = sigmoid(z11); a12 = sigmoid(z12);"
        "z2 = e*a11 + f*a12; a2 = sigmoid(z2); loss = -log(a2)"
    )
    weights = ["a=0.45", "b=0.05", "c=-0.38", "d=0.74", "e=-0.13", "f=0.95"]
    trace = strictly(printed(text, "x1=1", "x2=1", *weights, "--json"))
    values = {name: round(number, 2) for name, number in trace["values"].items()}
    slopes = {step["parent"]: round(step["after"], 2) for step in trace["steps"] if step["parent"]}
    assert [values[name] for name in ("z11", "z12", "a11", "a12", "z2", "a2")] == [
        0.50, 0.36, 0.62, 0.59, 0.48, 0.62,
    ]  # fmt: skip
    assert [slopes[name] for name in ("a2", "z2", "a11", "a12", "z11", "z12")] == [
        -1.62, -0.38, 0.05, -0.36, 0.01, -0.09,
    ]  # fmt: skip
    assert [slopes[name] for name in "abcdef"] == [0.01, 0.01, -0.09, -0.09, -0.24, -0.23]


# ---- Good input -------------------------------------------------------------------------------

# For each function a call, its variables, its value and its derivative by each variable.
CALLS = [
    ("abs(x)", {"x": -2}, 2, [-1]),
    ("exp(x)", {"x": 1}, math.e, [math.e]),
    ("expm1(x)", {"x": 1}, math.e - 1, [math.e]),
    ("log(x)", {"x": 2}, math.log(2), [0.5]),
    ("log1p(x)", {"x": 1}, math.log(2), [0.5]),
    ("sqrt(x)", {"x": 4}, 2, [0.25]),
    ("sin(x)", {"x": 1}, math.sin(1), [math.cos(1)]),
    ("cos(x)", {"x": 1}, math.cos(1), [-math.sin(1)]),
    ("tan(x)", {"x": 1}, math.tan(1), [1 / math.cos(1) ** 2]),
    ("tanh(x)", {"x": 0.5}, math.tanh(0.5), [1 / math.cosh(0.5) ** 2]),
    ("sigmoid(x)", {"x": 0}, 0.5, [0.25]),
    ("relu(x)", {"x": 2}, 2, [1]),
    ("relu(x)", {"x": -2}, 0, [0]),
    ("leaky_relu(x)", {"x": -2}, -0.02, [0.01]),
    ("leaky_relu(x, 0.5)", {"x": -2}, -1, [0.5]),
    ("elu(x)", {"x": -1}, 1 / math.e - 1, [1 / math.e]),
    ("elu(x, 2)", {"x": -1}, 2 / math.e - 2, [2 / math.e]),
    ("softplus(x)", {"x": 0}, math.log(2), [0.5]),
    ("log_sigmoid(x)", {"x": 0}, -math.log(2), [0.5]),
    ("silu(x)", {"x": 0}, 0, [0.5]),
    ("gelu(x)", {"x": 0}, 0, [0.5]),
    ("gelu(x, 1)", {"x": 0}, 0, [0.5]),
    ("erf(x)", {"x": 0}, 0, [2 / math.sqrt(math.pi)]),
    ("erfc(x)", {"x": 0}, 1, [-2 / math.sqrt(math.pi)]),
    ("asin(x)", {"x": 0.5}, math.pi / 6, [1 / math.sqrt(0.75)]),
    ("acos(x)", {"x": 0.5}, math.pi / 3, [-1 / math.sqrt(0.75)]),
    ("atan(x)", {"x": 1}, math.pi / 4, [0.5]),
    ("atan2(x, y)", {"x": 1, "y": -1}, 0.75 * math.pi, [-0.5, -0.5]),
    ("sinh(x)", {"x": 1}, math.sinh(1), [math.cosh(1)]),
    ("cosh(x)", {"x": 1}, math.cosh(1), [math.sinh(1)]),
    ("asinh(x)", {"x": 1}, math.asinh(1), [math.sqrt(0.5)]),
    ("acosh(x)", {"x": 2}, math.acosh(2), [1 / math.sqrt(3)]),
    ("atanh(x)", {"x": 0.5}, math.atanh(0.5), [1 / 0.75]),
    ("hypot(x, y)", {"x": 3, "y": 4}, 5, [0.6, 0.8]),
    ("norm([x, y, 0])", {"x": 3, "y": 4}, 5, [0.6, 0.8]),
    ("norm([x, x])", {"x": 0}, 0, [0]),
    ("cbrt(x)", {"x": -8}, -2, [1 / 12]),
    ("log2(x)", {"x": 8}, 3, [1 / (8 * math.log(2))]),
    ("log10(x)", {"x": 100}, 2, [1 / (100 * math.log(10))]),
    ("exp2(x)", {"x": 3}, 8, [8 * math.log(2)]),
    ("x % 3 + x // 3", {"x": -7}, -1, [1]),
    ("7 % x", {"x": 3}, 1, [-2]),
    ("maximum(x, y)", {"x": 2, "y": 3}, 3, [0, 1]),
    ("minimum(x, y)", {"x": 2, "y": 3}, 2, [1, 0]),
    ("clip(x, -1, 1)", {"x": 0.5}, 0.5, [1]),
    ("clip(x, -1, 1)", {"x": 5}, 1, [0]),
    ("step(x)", {"x": 3}, 1, [0]),
    ("step(x, 0.5)", {"x": 0}, 0.5, [0]),
    ("sign(x)", {"x": -3}, -1, [0]),
    ("less(x, y)", {"x": 1, "y": 2}, 1, [0, 0]),
    ("where(c, x, y)", {"c": 1, "x": 2, "y": 3}, 2, [0, 1, 0]),
    ("where(c, x, y)", {"c": 0, "x": 2, "y": 3}, 3, [0, 0, 1]),
    ("sum([x, y, 1, x])", {"x": 2, "y": 3}, 8, [2, 1]),
    ("sum([x, y], 1)", {"x": 2, "y": 3}, 6, [1, 1]),
    ("dot([x, y], [2, x], y)", {"x": 2, "y": 3}, 13, [5, 3]),
    ("dot([x, y], [2, 5])", {"x": 2, "y": 3}, 19, [2, 5]),
    ("amax([x, y])", {"x": 2, "y": 3}, 3, [0, 1]),
    ("logsumexp([x, y])", {"x": 0, "y": 0}, math.log(2), [0.5, 0.5]),
    ("pick([x, y], 1)", {"x": 2, "y": 3}, 3, [0, 1]),
    ("mean([x, y, 1, x])", {"x": 2, "y": 3}, 2, [0.5, 0.25]),
    ("pick(softmax([x, y]), 0)", {"x": 0, "y": 0}, 0.5, [0.25, -0.25]),
]


_named = {name for call, *_ in CALLS for name in re.findall(r"\w+(?=\()", call)}
for _op in without(_named):
    if not _op.is_operator:  # the same call through the function
        _leaves = [autograd_lite.Value(number) for number in (0.75, 0.25, 1.5)[: inputs_of(_op)]]
        _output = call_of(_op)(*_leaves)
        _listed = ", ".join("xyz"[: len(_leaves)])
        _given = [f"[{_listed}]" if _op.many else _listed, *map(str, attributes_of(_op))]
        _text = f"{_op.name}({', '.join(_given)})"
        _numbers = {name: leaf.data for name, leaf in zip("xyz", _leaves)}
        CALLS.append((_text, _numbers, _output.data, autograd_lite.grad(_output, _leaves)))


def test_the_calls_name_every_function():
    assert {name for call, *_ in CALLS for name in re.findall(r"\w+(?=\()", call)} == set(FUNCTIONS)


@pytest.mark.parametrize(("call", "variables", "value", "gradients"), CALLS)
def test_every_function_by_name(call, variables, value, gradients):
    given = [f"{name}={number}" for name, number in variables.items()]
    trace = strictly(printed(f"result = {call}", *given, "--json"))
    assert trace["values"]["result"] == pytest.approx(value)
    assert [trace["gradients"][name] for name in variables] == pytest.approx(gradients)
    assert f"  ∂result/∂{given[-1].split('=')[0]} = " in printed(f"result = {call}", *given)


def test_the_examples_of_the_help_run(tmp_path):
    lines = [line.strip() for line in printed("--help").splitlines()]
    examples = [line for line in lines if line.startswith("python3 -m autograd_lite ") and "[--" not in line]
    assert len(examples) == 6
    for example in examples:
        done = program(*shlex.split(example)[3:], folder=tmp_path)
        assert (done.status, done.err) == (0, "")
        assert "∂" in done.out or done.out == "moons.html: A network of 2-16-16-1 neurons\n"
    assert {path.name for path in tmp_path.iterdir()} == {"graph.svg", "steps.html", "moons.html"}


def test_help():
    assert printed("--help") == printed("-h") == printed("x +", "x=abc", "--help", "--json")
    assert set(FUNCTIONS) <= set(re.findall(r"\w+", printed("--help")))
    assert all(len(line) <= 100 for line in printed("--help").splitlines())
    assert HELP.startswith("Step through an expression")


def test_without_arguments_the_help_is_shown():
    done = run()
    assert (done.status, done.out, done.err) == (2, printed("--help"), "")


def test_version():
    kind = autograd_lite.engine_kind
    assert printed("--version") == f"autograd_lite {autograd_lite.__version__}, {kind} engine\n"
    assert program("--version").out == printed("--version")


@pytest.mark.parametrize(
    ("text", "value", "gradient"),
    [
        ("-x", -3.0, -1.0),
        ("--x", 3.0, 1.0),
        ("---x", -3.0, -1.0),
        ("--x-x", 0.0, 0.0),
        ("- x", -3.0, -1.0),
        ("-x*x", -9.0, -6.0),
        ("-(x + 1) * 2", -8.0, -2.0),
        ("-2 + x", 1.0, 1.0),
        ("-log(x)", -math.log(3), -1 / 3),
        ("--(x)", 3.0, 1.0),
    ],
)
def test_expressions_that_begin_with_a_minus_sign(text, value, gradient):
    for arguments in ([text, "x=3", "--json"], ["--json", text, "x=3"], ["--", text, "x=3", "--json"]):
        trace = strictly(printed(*arguments))
        assert trace["values"][trace["output"]] == pytest.approx(value)
        assert trace["gradients"]["x"] == pytest.approx(gradient)


def test_an_expression_that_looks_like_an_option():
    assert "  ∂v1/∂h = -1\n" in printed("-h", "h=3")
    assert "  ∂v2/∂json = 1\n" in printed("-(-json)", "json=3")


@pytest.mark.parametrize(
    "arguments",
    [
        ["x*y", "x=2", "y=3", "--check", "--json"],
        ["--check", "--json", "x*y", "x=2", "y=3"],
        ["--check", "x*y", "--json", "y=3", "x=2"],
        ["x*y", "x=2", "--json", "--json", "y=3", "--check"],
    ],
)
def test_options_stand_anywhere(arguments):
    trace = strictly(printed(*arguments))
    assert trace["gradients"] == {"x": 3.0, "y": 2.0}
    assert {check["name"] for check in trace["check"]} == {"x", "y"}


@pytest.mark.parametrize(
    ("argument", "number"),
    [
        ("x=1e-3", 0.001), ("x=-.5", -0.5), ("x=+2", 2.0), ("x=1_000", 1000.0), ("x=-0", -0.0),
        ("x = 4 ", 4.0), ("x=5e-324", 5e-324), ("x=inf", math.inf), ("x=-Infinity", -math.inf),
        ("x=1e999", math.inf), ("x=" + "9" * 100_000, math.inf), ("x=0." + "0" * 9000 + "1", 0.0),
    ],
)  # fmt: skip
def test_numbers_of_variables(argument, number):
    trace = strictly(printed("x", argument, "--json"))
    assert repr(float(trace["values"]["x"])) == repr(number)


def test_not_a_number():
    trace = strictly(printed("x * y", "x=nan", "y=inf", "--json"))
    assert trace["values"] == {"x": "nan", "y": "inf", "v1": "nan"}
    assert trace["gradients"] == {"x": "inf", "y": "nan"}
    assert trace["steps"][0]["numbers"] == "nan * inf = nan"


def test_a_variable_without_influence_has_the_gradient_zero():
    assert printed("q = y * 2; x * x", "x=1", "y=2").endswith("  ∂v1/∂x = 2\n  ∂v1/∂y = 0\n")
    trace = strictly(printed("q = y * 2; x * x", "x=1", "y=2", "--json"))
    assert trace["gradients"] == {"x": 2.0, "y": 0.0}


@pytest.mark.parametrize(
    "text", ["q = x + y; L = q * z", "q = x + y\nL = q * z", " q=x+y;\r\n\tL=q*z # done\n"]
)
def test_statements(text):
    assert printed(text, "x=-2", "y=5", "z=-4") == STEPPED


def test_names_in_other_alphabets():
    assert "  ∂v1/∂θ = 3\n  ∂v1/∂变量 = 2\n" in program("θ * 变量", "θ=2", "变量=3").out
    assert "  ∂v1/∂fi = 1\n" in printed("ﬁ + 1", "ﬁ=2")


@given(programs(), points)
@settings(max_examples=50)
def test_any_expression_prints_and_says_the_same_in_json(text, numbers):
    arguments = [text, *(f"{name}={number!r}" for name, number in zip(NAMES, numbers))]
    trace = strictly(printed(*arguments, "--json"))
    lines = printed(*arguments).splitlines()
    shown = dict(line[2:].split(" = ") for line in lines[lines.index("Gradients") + 1 :])
    assert shown == {
        f"∂{trace['output']}/∂{name}": format(gradient, ".6g")
        for name, gradient in trace["gradients"].items()
    }
    for step in trace["steps"]:
        assert any(f"{step['formula']} = {step['numbers']}" in line for line in lines)


# ---- Checking ---------------------------------------------------------------------------------


def test_check():
    text = printed("q = x + y; L = q * z", "x=-2", "y=5", "z=-4", "--check")
    assert text.startswith(STEPPED)
    assert text[len(STEPPED) :].splitlines() == [
        "",
        "Check against finite differences",
        "  ∂L/∂x: -4, finite difference -4: agrees",
        "  ∂L/∂y: -4, finite difference -4: agrees",
        "  ∂L/∂z: 3, finite difference 3: agrees",
    ]


def test_check_on_a_kink():
    assert "  ∂v1/∂x: 0, finite difference 0: agrees, on a kink\n" in printed("relu(x)", "x=0", "--check")
    (check,) = strictly(printed("abs(x)", "x=0", "--check", "--json"))["check"]
    assert (check["kink"], check["ok"], check["gradient"]) == (True, True, 0.0)


def test_check_finds_a_wrong_gradient(monkeypatch):
    wrong = Op("exp", "exp({0})", math.exp, lambda y, a: 2.0 * y)
    monkeypatch.setitem(FUNCTIONS, "exp", wrong)
    done = run("exp(x)", "x=0", "--check")
    assert (done.status, done.err) == (1, "")
    assert done.out.endswith("  ∂v1/∂x: 2, finite difference 1: DIFFERS\n")
    (check,) = strictly(run("exp(x)", "x=0", "--check", "--json").out)["check"]
    assert check["ok"] is False


def test_check_where_there_is_no_finite_difference():
    done = run("log(x)", "x=0", "--check")
    assert done.status == 0
    assert done.out.endswith("  ∂v1/∂x: inf, finite difference nan: cannot be compared here\n")
    assert done.err.splitlines() == [
        "autograd_lite: warning: log(0.0) is -inf",
        "autograd_lite: warning: div(1.0, 0.0) is inf",
    ]
    (check,) = strictly(run("log(x)", "x=0", "--check", "--json").out)["check"]
    assert (check["ok"], check["difference"]) == (None, "nan")


@pytest.mark.parametrize("x", ["0", "1e-9", "0.3", "1", "7", "1e100"])
@pytest.mark.parametrize("speed", ["1e6", "1e10", "1e18"])
def test_check_does_not_call_a_fast_function_wrong(speed, x):
    done = run(f"sin({speed} * x)", f"x={x}", "--check")
    assert done.status == 0 and "DIFFERS" not in done.out


def test_check_takes_many_variables_but_not_too_many():
    names = [f"x{index}" for index in range(MOST_CHECKED + 1)]
    given = [f"{name}=1" for name in names]
    assert printed(" + ".join(names[:20]), *given[:20], "--check").count(": agrees\n") == 20
    assert_refused(
        run(" + ".join(names), *given, "--check"), "--check takes at most 100 variables: leave it out"
    )
    assert run(" + ".join(names), *given).status == 0


@given(programs(), points)
@settings(max_examples=25)
def test_check_agrees_with_any_smooth_expression(text, numbers):
    done = run(text, *(f"{name}={number!r}" for name, number in zip(NAMES, numbers)), "--check")
    assert done.out.count(": agrees\n") == len(NAMES)
    assert (done.status, done.err) == (0, "")


# ---- Files ------------------------------------------------------------------------------------

FIRST_EXAMPLE = ["q = x + y; L = q * z", "x=-2", "y=5", "z=-4"]


@pytest.mark.parametrize("joined", [False, True])
def test_files_are_written_beside_the_steps(tmp_path, joined):
    options = []
    for name in ("steps.html", "graph.svg", "graph.dot"):
        option, path = f"--{name.split('.')[1]}", str(tmp_path / name)
        options += [f"{option}={path}"] if joined else [option, path]
    for arguments in ([*FIRST_EXAMPLE, *options], [*options, *FIRST_EXAMPLE]):
        assert printed(*arguments) == STEPPED
    assert {path.name for path in tmp_path.iterdir()} == {"steps.html", "graph.svg", "graph.dot"}
    page = (tmp_path / "steps.html").read_text(encoding="utf-8")
    row = page[page.index('<tr id="step-4">') :].partition("</tr>")[0]
    assert re.sub("<[^>]*>", "", row) == "4∂L/∂q += ∂L/∂L · z = 1 · -4 = -4  (0 → -4)"
    svg = ElementTree.parse(tmp_path / "graph.svg").getroot()
    texts = {element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"x", "y", "z", "q", "L", "-12", "∂ -4", "∂ 3", "∂ 1"} <= texts
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8").startswith("digraph")


@pytest.mark.parametrize("options", [["--direction", "TB"], ["--direction=TB"]])
def test_the_direction_of_what_is_drawn(tmp_path, options):
    files = [tmp_path / name for name in ("steps.html", "graph.svg", "graph.dot")]
    drawn = {}
    for direction in ([], options):
        for file in files:
            printed(*FIRST_EXAMPLE, *direction, f"--{file.suffix[1:]}", str(file))
            drawn.setdefault(file.name, []).append(file.read_text(encoding="utf-8"))
    for name, (across, down) in drawn.items():
        if name == "graph.dot":
            assert 'rankdir="LR"' in across and 'rankdir="TB"' in down
        else:
            sizes = [
                re.search(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"', text) for text in (across, down)
            ]
            (width, height), (narrow, high) = (map(float, size.groups()) for size in sizes)
            assert width > height and narrow < high


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--direction"], "--direction takes one of LR, TB, auto"),
        (["--direction="], "--direction takes one of LR, TB, auto"),
        (["--direction", "up"], "--direction takes one of LR, TB, auto, not 'up'"),
        (["--direction=LR", "--direction=TB"], "--direction is given twice: remove one"),
    ],
)
def test_directions_that_are_refused(options, problem):
    assert_refused(run("x", "x=1", *options), problem)


def test_files_and_json(tmp_path):
    trace = strictly(printed(*FIRST_EXAMPLE, "--json", "--check", "--html", str(tmp_path / "s.html")))
    assert trace["gradients"] == {"x": -4.0, "y": -4.0, "z": 3.0}
    assert (tmp_path / "s.html").exists()


def test_a_file_that_cannot_be_written(tmp_path):
    page, picture = tmp_path / "none" / "steps.html", tmp_path / "graph.svg"
    done = run(*FIRST_EXAMPLE, "--html", str(page), f"--svg={picture}")
    assert (done.status, done.out) == (1, STEPPED)
    assert done.err == f"autograd_lite: cannot write {str(page)!r}: No such file or directory\n"
    assert picture.exists()
    (tmp_path / "folder.svg").mkdir()
    done = program("x * x", "x=3", "--svg", "folder.svg", "--dot", "none/g.dot", folder=tmp_path)
    assert (done.status, done.out.splitlines()[0]) == (1, "Forward")
    assert done.err.splitlines() == [
        "autograd_lite: cannot write 'folder.svg': Is a directory",
        "autograd_lite: cannot write 'none/g.dot': No such file or directory",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"graph.svg", "folder.svg"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["x", "x=1", "--html"], "--html takes the name of a file that ends in .html"),
        (["x", "x=1", "--svg="], "--svg takes the name of a file that ends in .svg"),
        (["x", "x=1", "--svg", ".svg"], "--svg takes the name of a file that ends in .svg, not '.svg'"),
        (["x", "--svg", "x=1"], "--svg takes the name of a file that ends in .svg, not 'x=1'"),
        (["x", "x=1", "--dot", "g.svg"], "--dot takes the name of a file that ends in .dot, not 'g.svg'"),
        (["x", "x=1", "--svg", "g\0.svg"], "--svg takes the name of a file that ends in .svg"),
        (["x", "x=1", "--svg", "a.svg", "--svg=b.svg"], "--svg is given twice: remove one"),
    ],
)
def test_names_of_files_that_are_refused(tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    assert_refused(run(*arguments), problem)
    assert_refused(run("x +", "x=1", "--svg", "a.svg"), "this is no expression")
    assert not list(tmp_path.iterdir())


# ---- Bad input --------------------------------------------------------------------------------

BAD = [
    ([""], "the expression is empty: give one, as in"),
    (["--json"], "give an expression, as in"),
    (["x +", "x=1"], "this is no expression: invalid syntax; correct it at the ^"),
    (["x + y", "x=1"], "the variable y has no value: add y=1"),
    (["x", "x=1", "y=2"], "the variable y is not used: remove y=..."),
    (["1 + 2"], "there is no variable to differentiate by"),
    (["[x]", "x=1"], "the result is a list"),
    (["x", "x=abc"], "'x=abc' gives no number: write x=3 or the like"),
    (["x", "x="], "'x=' gives no number: write x=3 or the like"),
    (["x", "x=1,5"], "'x=1,5' gives no number"),
    (["x", "x=0x10"], "'x=0x10' gives no number"),
    (["x", "x=1\x1b[31m"], r"'x=1\x1b[31m' gives no number"),
    (["x", "x=\udcff"], r"'x=\udcff' gives no number"),
    (["x", "\udcff=1"], r"'\udcff=1' is no NAME=NUMBER"),
    (["x", "x"], "'x' is no NAME=NUMBER: give the expression first, in quotes, then such as x=3"),
    (["x", "x=1", ""], "'' is no NAME=NUMBER"),
    (["x", "=1"], "'=1' is no NAME=NUMBER"),
    (["x", "1=x"], "'1=x' is no NAME=NUMBER"),
    (["x", "x.y=1"], "'x.y=1' is no NAME=NUMBER"),
    (["x", "__x=1"], "'__x=1' is no NAME=NUMBER"),
    (["x", "_\uff3fx=1"], "'_\uff3fx=1' is no NAME=NUMBER"),
    (["x=1", "y=1", "x*y"], "'x*y' is no NAME=NUMBER: give the expression first"),
    (["x", "+", "y", "x=1", "y=2"], "'+' is no NAME=NUMBER"),
    (["x", "x=1", "x=2"], "the variable x is given twice: remove one"),
    (["fi", "fi=1", "ﬁ=2"], "the variable fi is given twice: remove one"),
    (["lambda * x", "lambda=1", "x=2"], "lambda is a word of Python's and no variable: use another name"),
    (["x", "x=1", "--verbose"], "there is no option --verbose: see --help"),
    (["x", "x=1", "--check=yes"], "there is no option --check=yes: see --help"),
    (["--JSON", "x", "x=1"], "there is no option --JSON: see --help"),
    (["--y", "x=1"], "there is no option --y: see --help"),
    (["x", "x=1", "y" * 100_000], "is no NAME=NUMBER"),
    (["x", "x=1", "y=" + "y" * 100_000], "gives no number"),
    (["x", "x=1", "--" + "y" * 100_000], "there is no option --yyy"),
    (["x" + " + x" * 25_000, "x=1"], "the expression has 100001 characters, more than 10000"),
    (["-" * 10_000 + "x", "x=1"], "the expression has 10001 characters, more than 10000"),
    (["-" * 9_999 + "x", "x=1"], "the expression is nested too deeply: split it with assignments"),
    (["(" * 4_999 + "x" + ")" * 4_999, "x=1"], "too many nested parentheses"),
    (["x" + "**x" * 3_000, "x=1"], "the expression is nested too deeply"),
    (["x * " + "9" * 9_000, "x=1"], "the number has too many digits"),
    (["1 is x", "x=1"], "only names, numbers"),
    (["'\\d'", "x=1"], "is not a real number"),
    (["1(x)", "x=1"], "only functions can be called"),
    (["0x1for x", "x=1"], "only names, numbers"),
    (["x + \0", "x=1"], "cannot be read: remove it"),
    (["log(0) + y", "x=1"], "the variable y has no value"),
]


@pytest.mark.parametrize(("arguments", "problem"), BAD, ids=range(len(BAD)))
def test_bad_input(arguments, problem):
    assert_refused(run(*arguments), problem)


REAL = [(arguments, problem) for arguments, problem in BAD if "\0" not in "".join(arguments)]


@pytest.mark.parametrize(("arguments", "problem"), REAL, ids=range(len(REAL)))
def test_bad_input_to_the_real_program(arguments, problem):
    assert_refused(program(*arguments), problem)


def test_the_caret_of_the_real_program():
    assert program("é + θ * w", "é=1", "θ=2").err.splitlines() == [
        "autograd_lite: the variable w has no value: add w=1",
        "  é + θ * w",
        "          ^",
    ]


ARGUMENTS = [
    "x",
    "y",
    "x*y",
    "q = x; q*y",
    "x=1",
    "y=-2",
    "x=nan",
    "=",
    "-",
    "--",
    "-h",
    "--check",
    "--json",
    "--x",
]


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(ARGUMENTS)
        | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
        | st.text(st.characters(codec=None), max_size=12)
        | st.tuples(st.sampled_from("xyé"), st.text(max_size=5)).map("=".join),
        min_size=1,
        max_size=5,
    )
)
def test_any_arguments_give_a_result_or_a_complaint(arguments):
    done = run(*arguments)
    if done.status == 2:
        assert_refused(done)
    else:
        assert done.status == 0
        assert done.out
        assert all(line.startswith("autograd_lite: warning: ") for line in done.err.splitlines())


# ---- Warnings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("python", [(), ("-W", "error"), ("-X", "dev", "-W", "error"), ("-W", "ignore")])
def test_a_warning_is_one_plain_line(python):
    done = program("log(x) + log(x) / y", "x=0", "y=0", python=python)
    assert (done.status, done.out.splitlines()[0]) == (0, "Forward")
    assert done.err.splitlines() == [
        "autograd_lite: warning: log(0.0) is -inf",
        "autograd_lite: warning: div(1.0, 0.0) is inf",
        "autograd_lite: warning: div(-inf, 0.0) is -inf",
        "autograd_lite: warning: div(inf, 0.0) is inf",
    ]


def test_a_power_of_a_negative_number_is_no_reason_to_warn():
    assert "  ∂v1/∂x = -4\n" in printed("x ** 2", "x=-2")


def test_warnings_leave_the_json_alone():
    done = run("log(x)", "x=0", "--json")
    assert strictly(done.out)["values"] == {"x": 0.0, "v1": "-inf"}
    assert done.err.count("\n") == 2


def test_the_process_keeps_its_own_warnings(recwarn):
    import warnings

    before = warnings.showwarning, list(warnings.filters)
    run("log(x)", "x=0", "--check")
    assert (warnings.showwarning, list(warnings.filters)) == before
    assert not recwarn.list


# ---- Streams, signals -------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "ascii:strict"])
def test_output_that_cannot_take_every_character(encoding):
    done = program("q = x + y; L = q * z", "x=-2", "y=5", "z=-4", PYTHONIOENCODING=encoding)
    assert (done.status, done.err) == (0, "")
    assert "  4  dL/dq += dL/dL * z = 1 * -4 = -4  (0 -> -4)\n" in done.out
    assert done.out.isascii()
    done = program("x * 变量", "x=2", "变量=5", PYTHONIOENCODING=encoding)
    assert (done.status, "  dv1/d?? = 2\n" in done.out) == (0, True)
    assert_refused(program("变量 * y", "变量=5", PYTHONIOENCODING=encoding), "the variable y has no value")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_json_is_whole_whatever_the_output_can_take(encoding):
    arguments = ["x * 变量", "x=2", "变量=5", "--json"]
    done = program(*arguments, PYTHONIOENCODING=encoding)
    assert (done.status, done.err) == (0, "")
    assert strictly(done.out) == strictly(printed(*arguments))
    assert strictly(done.out)["steps"][1]["formula"] == "∂v1/∂v1"


def start(*arguments):
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment
    )


def test_a_reader_that_has_seen_enough():
    with start("x" + " + x" * 2000, "x=1") as process:
        assert process.stdout.readline() == b"Forward\n"
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["x * x", "x=3"], ["x * x", "x=3", "--json"]]
)
def test_a_reader_that_wants_nothing(arguments):
    with start(*arguments) as process:
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")


@pytest.mark.parametrize(
    ("descriptor", "arguments", "status", "heard"),
    [
        (1, ["x * x", "x=3"], 0, 0),
        (1, ["--help"], 0, 0),
        (1, ["x *", "x=3"], 2, 3),
        (2, ["x *", "x=3"], 2, 0),
        (2, ["log(x)", "x=0"], 0, 10),
    ],
)
def test_a_stream_that_is_closed(descriptor, arguments, status, heard):
    close = f"import os, sys; os.close({descriptor}); os.execv(sys.executable, {[*PROGRAM, *arguments]!r})"
    done = subprocess.run([sys.executable, "-c", close], capture_output=True, cwd=ROOT, timeout=60)
    assert done.returncode == status
    assert len((done.stdout + done.stderr).splitlines()) == heard


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["x * x", "x=3"]) == 1
    assert capsys.readouterr().err == "autograd_lite: cannot write the output: No space left on device\n"
    assert main(["x *", "x=3"]) == 2
    monkeypatch.setattr(sys, "stderr", Full())
    assert main(["x *", "x=3"]) == 2


def test_interrupted(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "step_through", interrupt)
    done = run("x * x", "x=3")
    assert (done.status, done.out, done.err) == (130, "", "")


def test_the_arguments_are_the_process_s_own(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["autograd-lite", "q = x + y; L = q * z", "x=-2", "y=5", "z=-4"])
    assert main() == 0
    assert capsys.readouterr().out == STEPPED


# ---- Start-up ---------------------------------------------------------------------------------

NEEDLESS = {
    "argparse",
    "asyncio",
    "json",
    "logging",
    "pathlib",
    "random",
    "subprocess",
    "textwrap",
    "unittest",
}


@pytest.mark.parametrize("module", ["autograd_lite", "autograd_lite.__main__"])
def test_starting_imports_nothing_that_is_not_needed(module):
    listing = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", listing],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    imported = {name.split(".")[0] for name in done.stdout.split()}
    assert imported - {"autograd_lite"} <= sys.stdlib_module_names
    assert not imported & NEEDLESS
