"""The expression reader: what it computes, where it points, and what it never does."""

import math
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import ExpressionError, Value, evaluate_expression, grad, step_through
from autograd_lite.engine import topological_order
from autograd_lite.expression import DEEPEST, FUNCTIONS, LARGEST, LONGEST
from autograd_lite.ops import OPS

ROOT = Path(__file__).parents[1]


def refused(text, **variables):
    """Evaluate a bad expression, and return the error."""
    with pytest.raises(ExpressionError) as caught:
        evaluate_expression(text, variables)
    return caught.value


# ---- What is computed -------------------------------------------------------------------------


def test_statements_give_labels():
    L = evaluate_expression("q = x + y; L = q * z", {"x": -2, "y": 5, "z": -4})
    assert (L.label, L.data) == ("L", -12.0)
    assert [value.label for value in L.parents] == ["q", "z"]
    assert [value.label for value in L.parents[0].parents] == ["x", "y"]
    assert L.parents[0].data == 3.0


def test_the_last_statement_is_the_result():
    assert evaluate_expression("q = x + x; L = q * q; q", {"x": 3}).label == "q"
    assert evaluate_expression("x; x * 2", {"x": 3}).data == 6.0


def test_an_assignment_gives_no_second_name():
    x = evaluate_expression("q = x; q", {"x": 3})
    assert (x.label, x.data) == ("x", 3.0)


def test_values_can_be_given_as_variables():
    x, y = Value(3.0), Value(2.0, "why")
    L = evaluate_expression("x * y + 1", {"x": x, "y": y})
    assert grad(L, [x, y]) == [2.0, 3.0]
    assert (x.label, y.label) == ("x", "why")


def test_plain_numbers_are_constants_and_no_nodes():
    L = evaluate_expression("k = 2 * 3 ** 2; x * k", {"x": 3})
    assert L.args[1] == 18.0
    assert isinstance(L.args[1], float)
    assert len(L.parents) == 1


def test_lists_can_be_named_and_passed_on():
    L = evaluate_expression("p = softmax([a, b, 0]); q = [a, b, 1]; dot(p, q)", {"a": 0, "b": 0})
    assert L.data == pytest.approx(1 / 3)


def test_powers_and_signs_bind_as_in_python():
    assert evaluate_expression("-x ** 2", {"x": 3}).data == -9.0
    assert evaluate_expression("2 ** -x", {"x": 1}).data == 0.5
    assert evaluate_expression("2 ** x ** 2", {"x": 3}).data == 512.0
    assert evaluate_expression("x - 1 - 1", {"x": 3}).data == 1.0
    assert evaluate_expression("x / 2 / 2", {"x": 3}).data == 0.75
    assert evaluate_expression("--+-x", {"x": 3}).data == -3.0


@pytest.mark.parametrize(
    "text", [" x*x", "\tx*x", "\n\n  x*x\n", "x*x;", "x*x # squared", "(x\n*\nx)", "x*\\\n x"]
)
def test_white_space_and_comments_do_not_matter(text):
    assert evaluate_expression(text, {"x": 3}).data == 9.0


@pytest.mark.parametrize(
    "separator", [";", "; ", " ;\t", "\n", "\r\n", "\r", ";\n", "\n   ", "\n\n", " # a comment\n"]
)
def test_statements_are_separated_by_semicolons_and_new_lines(separator):
    assert evaluate_expression(f"q = x + x{separator}q * q", {"x": 3}).data == 36.0


def test_a_name_is_read_as_python_reads_it():
    assert evaluate_expression("ﬁ + K", {"fi": 1, "K": 2}).data == 3.0
    assert evaluate_expression("fi + K", {"ﬁ": 1, "K": 2}).data == 3.0
    assert evaluate_expression("θ0 * _x + 变量", {"θ0": 2, "_x": 3, "变量": 1}).data == 7.0


def test_a_variable_may_have_the_name_of_a_function():
    assert evaluate_expression("x - step * exp(exp)", {"x": 1, "step": 0.0, "exp": 2}).data == 1.0


def test_every_function_of_the_engine_is_known():
    operators = {"add", "sub", "mul", "div", "mod", "floordiv", "pow", "neg"}
    assert set(FUNCTIONS) == (OPS.keys() - operators) | {"mean", "softmax"}


# ---- Random expressions, against Python's reading of the same text, and against mpmath -------

NAMES = ("x", "y", "é", "变量")


def _smooth(names):
    """Texts of expressions without kinks, poles or branch cuts."""
    leaves = st.sampled_from(names) | st.floats(-2.0, 2.0).map(str) | st.integers(-3, 3).map(str)

    def larger(inner):
        one, two = inner, st.tuples(inner, inner)
        unary = ["({})", "-{}", "+ {}", "tanh({})", "sigmoid({})", "sin( {} )", "cos({})", "softplus({})"]
        unary += ["log_sigmoid({})", "silu({})", "({}) ** 2", "exp(tanh({}))", "log(0.5+sigmoid({}))"]
        unary += ["sqrt(sigmoid({}) + .5)", "log1p(sigmoid({}))", "expm1(tanh({}))", "tan(tanh({}))"]
        binary = ["{} + {}", "{}-{}", "{} * {}", "({}) / (1.5 + sigmoid({}))", "sum([{}, {}], 1)"]
        unary += ["asin(tanh({}))", "atan({})", "gelu({})", "erf({})", "asinh({})", "sinh(tanh({}))"]
        binary += ["atan2({}, 1.5 + sigmoid({}))", "hypot({}, 2 + sigmoid({}))", "norm([{}, {}, 1])"]
        binary += ["(0.5 + sigmoid({})) ** tanh({})", "logsumexp([{}, {}])", "mean([{}, {}, 1e-1])"]
        binary += ["pick(softmax([{}, {}]), 1)", "dot([{}, 0.5], [{}, 2])", "2 ** tanh({}) * ({})"]
        return st.builds(str.format, st.sampled_from(unary), one) | st.builds(
            lambda form, texts: form.format(*texts), st.sampled_from(binary), two
        )

    return st.recursive(leaves, larger, max_leaves=10)


@st.composite
def programs(draw):
    """Statements that use every variable, and every name that they assign."""
    assigned = [f"q{index}" for index in range(draw(st.integers(0, 2)))]
    statements = [
        f"{name} = {draw(_smooth([*NAMES, *assigned[:index]]))}" for index, name in enumerate(assigned)
    ]
    last = draw(_smooth([*NAMES, *assigned]))
    statements.append(" + ".join([last, *NAMES, *assigned]))
    return draw(st.sampled_from(["; ", "\n"])).join(statements)


points = st.lists(st.floats(-2.0, 2.0), min_size=len(NAMES), max_size=len(NAMES))


def python_value(text, namespace):
    """Let Python itself evaluate statements that this file has generated."""
    names = {"__builtins__": {}, **namespace}
    *assignments, last = text.replace("; ", "\n").split("\n")
    exec("\n".join(assignments), names)
    return eval(last, names)


@given(programs(), points)
def test_the_same_graph_as_python_builds_from_the_same_text(text, numbers):
    ours, theirs = ([Value(number, name) for name, number in zip(NAMES, numbers)] for _ in range(2))
    result = evaluate_expression(text, dict(zip(NAMES, ours)))
    functions = {name: getattr(ag, name) for name in FUNCTIONS if name != "abs"}
    expected = python_value(text, {**functions, **dict(zip(NAMES, theirs))})
    assert repr(result.data) == repr(expected.data)
    assert repr(grad(result, ours)) == repr(grad(expected, theirs))


def _sigmoid(a):
    return 1 / (1 + mpmath.exp(-a))


def _softplus(a):
    return mpmath.log(1 + mpmath.exp(a))


def _softmax(values):
    return [mpmath.exp(value) / sum(map(mpmath.exp, values)) for value in values]


PRECISE = {
    **{
        name: getattr(mpmath, name)
        for name in (
            *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "tanh", "asin", "atan", "atan2"),
            *("erf", "asinh", "sinh", "hypot"),
        )
    },
    "sigmoid": _sigmoid,
    "square": lambda a: a * a,
    "softplus": _softplus,
    "log_sigmoid": lambda a: -_softplus(-a),
    "silu": lambda a: a * _sigmoid(a),
    "gelu": lambda a: a * mpmath.ncdf(a),
    "norm": lambda values: mpmath.sqrt(sum(v * v for v in values)),
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "dot": lambda weights, inputs: sum(w * a for w, a in zip(weights, inputs)),
    "logsumexp": lambda values: mpmath.log(sum(map(mpmath.exp, values))),
    "softmax": _softmax,
    "pick": lambda values, index: values[index],
}


@settings(max_examples=60)
@given(programs(), points)
def test_values_and_gradients_against_fifty_digits(text, numbers):
    trace = step_through(evaluate_expression(text, dict(zip(NAMES, numbers))), names={})
    sizes = [abs(step.after) for step in trace] + [abs(step.contribution or 0.0) for step in trace]
    assume(max(sizes) < 1e4)
    tolerance = 1e-10 * max(1.0, *sizes)
    with mpmath.workdps(50):
        point = {name: mpmath.mpf(number) for name, number in zip(NAMES, numbers)}
        value = python_value(text, {**PRECISE, **point})
        assert float(value) == pytest.approx(trace.values[trace.output], abs=tolerance)
        for name, distance in zip(NAMES, [mpmath.mpf(10) ** -20] * len(NAMES)):
            above = python_value(text, {**PRECISE, **point, name: point[name] + distance})
            below = python_value(text, {**PRECISE, **point, name: point[name] - distance})
            slope = float((above - below) / (2 * distance))
            assert slope == pytest.approx(trace.gradients[name], abs=tolerance)


@given(
    _smooth(NAMES),
    _smooth(NAMES),
    st.sampled_from(["{} + {}", "q = {}\n  {}", "q = {};\r\n{}", "({}) * ({})"]),
)
def test_an_unknown_name_is_found_wherever_it_stands(first, second, form):
    error = refused(form.format(first, f"({second}) - missing / 2"), **dict.fromkeys(NAMES, 1.0))
    assert error.problem == "the variable missing has no value: add missing=1"
    assert error.text[error.column :].startswith("missing")


# ---- What is refused --------------------------------------------------------------------------

# Each text with a mark, ▸, before the place that is to blame, and words of the complaint.
REFUSED = [
    # Not Python at all.
    ("x +▸", "invalid syntax"),
    ("x ▸y", "invalid syntax"),
    ("é + x * ▸* y", "invalid syntax"),
    ("é + ▸$ x", "invalid syntax"),
    ("é + ▸2x", "invalid decimal literal"),
    ("é + ▸(x", "'(' was never closed"),
    ("é + x▸)", "unmatched ')'"),
    ("x;▸;y", "invalid syntax"),
    ("▸;", "invalid syntax"),
    ("é + ▸'abc", "unterminated string literal"),
    ("▸007 * x", "leading zeros"),
    ("x ▸?", "invalid syntax"),
    ("x = ▸1 = y", "cannot assign"),
    ("é + ▸😀", "invalid character '😀'"),
    ("x + ▸\x01", "invalid non-printable character U+0001"),
    ("x + ▸\x1b[31m", "invalid non-printable character U+001B"),
    ("x + ▸\u202e", "invalid non-printable character U+202E"),
    ("▸\ufeffx", "invalid non-printable character U+FEFF"),
    ("é + ▸\0", "'\\x00' cannot be read: remove it"),
    ("é + ▸\udcff", "'\\udcff' cannot be read: remove it"),
    # Python, but more than arithmetic.
    ("(▸y := x)", "only names, numbers"),
    ("▸lambda: x", "only names, numbers"),
    ("sum(▸[x for i in x])", "only names, numbers"),
    ("sum▸(x for i in x)", "only names, numbers"),
    ("▸[x for x in x]", "only names, numbers"),
    ("x + ▸x.data", "only names, numbers"),
    ("x + ▸x[0]", "only names, numbers"),
    ("▸await x", "only names, numbers"),
    ("▸x < 1", "only names, numbers"),
    ("▸x and x", "only names, numbers"),
    ("▸not x", "only names, numbers"),
    ("▸~x", "only names, numbers"),
    ("▸x if x else x", "only names, numbers"),
    ("▸x, x", "only names, numbers"),
    ("▸{x}", "only names, numbers"),
    ("▸{x: x}", "only names, numbers"),
    ("▸f'{x}'", "only names, numbers"),
    ("sum(▸*x)", "only names, numbers"),
    ("sum([▸*x])", "only names, numbers"),
    ("(▸yield x)", "only names, numbers"),
    ("é ▸>> x", "the operator at the ^ is not known"),
    ("(é) ▸@ x", "the operator at the ^ is not known"),
    ("(x + é) ▸@ x", "the operator at the ^ is not known"),
    ("x ▸^ 2", "a power is written x ** 2"),
    ("x + (2 ▸<< 9 ** 9)", "the operator at the ^ is not known"),
    ("▸x += 1", "only expressions and assignments"),
    ("▸x: int = 1", "only expressions and assignments"),
    ("▸a = b = x", "only expressions and assignments"),
    ("▸def f(): pass", "only expressions and assignments"),
    ("▸class A: x", "only expressions and assignments"),
    ("▸while True: x", "only expressions and assignments"),
    ("▸import os", "only expressions and assignments"),
    ("x; ▸del x", "only expressions and assignments"),
    ("▸pass", "only expressions and assignments"),
    ("▸x.data = 1", "only a name can be assigned to"),
    ("▸a, b = x, x", "only a name can be assigned to"),
    # Names.
    ("é * ▸w", "the variable w has no value: add w=1"),
    ("é;\n▸w", "the variable w has no value: add w=1"),
    ("ﬁ * ▸w", "the variable w has no value: add w=1"),
    ("▸__import__('os')", "__import__ is no function here"),
    ("x + ▸__x__", "the name __x__ is not allowed"),
    ("x + ▸_\uff3fx", "the name __x is not allowed"),
    ("▸__x = x", "taken or not allowed"),
    ("▸exp = x", "taken or not allowed"),
    ("▸x = 3", "taken or not allowed"),
    ("q = x; ▸q = x", "taken or not allowed"),
    ("x + ▸exp", "exp is a function: give it something, as in exp(x)"),
    ("x + ▸" + "w" * 99, "the variable " + "w" * 37 + "... has no value"),
    # Numbers.
    ("x * ▸'a'", "'a' is not a real number"),
    ("x * ▸b'a'", "b'a' is not a real number"),
    ("x * ▸1j", "1j is not a real number"),
    ("x * ▸True", "True is not a real number"),
    ("x * ▸None", "None is not a real number"),
    ("x * ▸...", "Ellipsis is not a real number"),
    ("x * ▸" + "9" * 400, "too large: write one below 1e308"),
    ("x * ▸" + "9" * 9000 + " + x", "too many digits: write it as 1e300"),
    ("x * ▸0x" + "f" * 9000, "too large: write one below 1e308"),
    # Functions.
    ("1 + ▸ln(x)", "ln is no function here; there are abs, exp,"),
    ("1 + ▸x(x)", "x is no function here"),
    ("▸2(x + é)", "a product is written 2 * (x + y)"),
    ("▸exp(x)(x)", "only functions can be called"),
    ("1 + ▸exp()", "wrong number of arguments for exp(a): give 1, not 0"),
    ("▸exp(x, x)", "wrong number of arguments for exp(a): give 1, not 2"),
    ("▸clip(x)", "for clip(a, low, high): give 3, not 1"),
    ("▸elu(x, 1, 2)", "for elu(a, alpha): give 1 or 2, not 3"),
    ("▸clip(x, low=1)", "give the arguments by position: clip(a, low, high)"),
    ("▸clip(**x)", "give the arguments by position"),
    ("sum(▸x)", "the values of sum(values, start) are a list: write it as [x, y]"),
    ("mean(▸x)", "the values of mean(values) are a list"),
    ("softmax(▸2)", "the values of softmax(values) are a list"),
    ("dot([x], ▸x)", "the inputs of dot(weights, inputs, bias) are a list"),
    ("▸dot([x], [x, x])", "got 1 and 2"),
    ("▸mean([])", "give at least one"),
    ("▸softmax([])", "give at least one"),
    ("leaky_relu(x, ▸x)", "the slope of leaky_relu(a, slope) is no variable: write a number"),
    ("pick([x, x], ▸x)", "the index of pick(values, index) is no variable: write a number"),
    ("▸pick([x, x], 0.5)", "whole number"),
    ("▸pick([x, x], 2)", "from 0 to 1, got 2"),
    ("▸pick([x, x], -1)", "whole number"),
    ("exp(▸[x])", "a number is needed here, not a list"),
    ("sum([x], ▸[x])", "a number is needed here, not a list"),
    ("sum([x, ▸[x]])", "a number is needed here, not a list"),
    ("where(▸[x], x, x)", "a number is needed here, not a list"),
    ("x * ▸softmax([x])", "a number is needed here, not a list"),
    ("▸[x] + x", "a number is needed here, not a list"),
    ("-▸[x]", "a number is needed here, not a list"),
]


@pytest.mark.parametrize(("marked", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_wrong_and_where(marked, words):
    before, after = marked.split("▸")
    error = refused(before + after, x=1, y=1, é=1, fi=1)
    assert words in error.problem
    assert error.text == before + after
    assert error.column == len(before)
    assert len(error.explain().splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "variables", "problem"),
    [
        ("", {}, 'the expression is empty: give one, as in "(x + y) * z"'),
        (" \n\t ", {}, 'the expression is empty: give one, as in "(x + y) * z"'),
        ("# nothing", {}, 'the expression is empty: give one, as in "(x + y) * z"'),
        ("x", {"x": 1, "y": 2}, "the variable y is not used: remove y=..."),
        ("1 + 2", {}, 'there is no variable to differentiate by: use one, as in "x * x" x=3'),
        ("x; 1 + 2", {"x": 1}, 'there is no variable to differentiate by: use one, as in "x * x" x=3'),
        ("[x, x]", {"x": 1}, "the result is a list: pick one number, as in pick([x, y], 0)"),
        ("softmax([x, x])", {"x": 1}, "the result is a list: pick one number, as in pick([x, y], 0)"),
    ],
)
def test_what_is_wrong_as_a_whole(text, variables, problem):
    error = refused(text, **variables)
    assert error.explain() == error.problem == problem


def test_whatever_else_the_parser_may_raise_is_reported(monkeypatch):
    def parse(text):
        raise ValueError("something new")

    monkeypatch.setattr("ast.parse", parse)
    error = refused("x + something + new", x=1)
    assert error.problem == 'this is no expression: something new; correct it at the ^, as in "2 * x ** 3"'
    assert error.column == 0


def test_the_caret_stands_under_the_place():
    assert refused("é + y * x", é=1, y=1).explain().splitlines()[1:] == ["  é + y * x", "          ^"]


def test_the_caret_counts_wide_and_combining_characters_as_a_terminal_does():
    wide = refused("变量 * x", 变量=1).explain().splitlines()
    assert wide[1:] == ["  变量 * x", "         ^"]
    combining = refused("x\u0332 * y", x̲=1).explain().splitlines()
    assert combining[1:] == ["  x\u0332 * y", "      ^"]


def test_control_characters_are_shown_as_spaces():
    assert refused("x * \\\n\t\x1b[31m", x=1).explain().splitlines()[1:] == ["  x * \\  [31m", "        ^"]


def test_only_the_surroundings_of_the_place_are_shown():
    lines = refused("x + " * 200 + "y" + " + x" * 200, x=1).explain().splitlines()
    assert len(lines[1]) == 2 + 76
    assert lines[1][lines[2].index("^")] == "y"


# ---- Sizes ------------------------------------------------------------------------------------

# What stands before and behind an expression when it is put into another one like it.
NESTINGS = [
    ("(", ")"), ("-", ""), ("+", ""), ("~", ""), ("not ", ""), ("exp(", ")"), ("[", "]"), ("sum([", "])"),
    ("{", "}"), ("{x:", "}"), ("x**", ""), ("x+", ""), ("x*", ""), ("1+(", ")"), ("-(", ")"), ("x,", ""),
    ("x.", ""), ("x[", "]"), ("x(", ")"), ("f'{", "}'"), ("'x' ", ""), ("lambda:", ""), ("lambda x=", ":x"),
    ("(y:=", ")"), ("[x for x in ", "]"), ("x if x else ", ""), ("x if ", " else x"), ("await ", ""),
    ("*", ""), ("**", ""), ("x<", ""), ("x and ", ""), ("x=", ""), ("x;", ""), ("\\\n", ""), ("#\n", ""),
    ("if x:\n", ""), ("def f():\n ", ""), ("@", ""), ("import x;", ""), ("\t", ""), ("\n", ""), ("9", ""),
    ("é", ""), ("'", ""), ('"""', ""), ("0x", ""), ("1e", ""), ("\0", ""), ("\ud800", ""), ("yield ", ""),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("count", [3, 95, 190, 400, 1500, 3000, 9999, 100_000])
@pytest.mark.parametrize(("before", "behind"), NESTINGS)
def test_no_nesting_is_too_deep_to_be_refused(before, behind, count):
    for text in (before * count + "x" + behind * count, before * count, before * count + "x +"):
        try:
            assert evaluate_expression(text, {"x": 1.0}).label is not None
        except ExpressionError as error:
            assert 1 <= len(error.explain().splitlines()) <= 3


def test_the_longest_expression():
    text = "x*x" + " " * (LONGEST - 3)
    assert evaluate_expression(text, {"x": 3}).data == 9.0
    error = refused(text + " ", x=3)
    assert (error.problem, error.column) == (
        "the expression has 10001 characters, more than 10000: write a Python program",
        0,
    )


def test_the_deepest_expression():
    assert evaluate_expression("-" * DEEPEST + "x", {"x": 3}).data == 3.0
    error = refused("-" * (DEEPEST + 1) + "x", x=3)
    assert error.problem.startswith("the expression is nested too deeply: split it with assignments")
    assert error.column == DEEPEST + 1


def test_a_caller_who_is_deep_in_a_recursion_gets_an_ordinary_error():
    def deeper(levels):
        return deeper(levels - 1) if levels else evaluate_expression("-" * DEEPEST + "x", {"x": 3})

    problems = set()
    for levels in range(0, sys.getrecursionlimit(), 50):
        try:
            deeper(levels)
        except ExpressionError as error:
            problems.add(error.problem)
        except RecursionError:
            pass
    assert len(problems) == 1
    assert problems.pop().startswith("the expression is nested too deeply")


def test_a_long_chain_is_not_deep():
    assert evaluate_expression("x" + " + x - 1" * 400, {"x": 3}).data == 3.0 + 400 * 2.0


def test_an_expression_that_grows_by_repetition_is_refused():
    lists = "".join(f"l{index} = softmax(l{index - 1});" for index in range(1, 100))
    error = refused(f"l0 = [{'x,' * 1000}];{lists} sum(l99)", x=1)
    assert error.problem == f"this computes with more than {LARGEST} numbers: write a Python program"


# ---- Anything at all --------------------------------------------------------------------------

PIECES = [
    *"xy019.,;:=!<>()[]{}+-*/%@&|^~'\"\\#$?`\n\r\t\f \0_é变😀\ud800\x1b\u202e\u0332",
    *(
        "**",
        "//",
        "->",
        ":=",
        "...",
        "1e3",
        "0x",
        "1j",
        "f'",
        "'''",
        "__",
        "exp(",
        "sum([",
        "softmax(",
        "pick(",
    ),
    *("lambda", "for", "in", "if", "else", "and", "not", "is", "await", "yield", "import", "def", "class"),
    *("while", "with", "try:", "match", "case", "type", "print", "True", "None", "del", "async ", "return"),
]


@settings(max_examples=500)
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.dictionaries(st.sampled_from(["x", "y", "é"]), st.floats(), max_size=2),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_any_text_gives_a_value_or_a_readable_error(text, variables):
    try:
        result = evaluate_expression(text, variables)
    except ExpressionError as error:
        lines = error.explain().split("\n")
        assert len(lines) in (1, 3)
        assert all(line.isprintable() for line in lines)
        assert error.column is None or 0 <= error.column <= len(error.text)
    else:
        assert isinstance(result, Value)


WATCH = """
import sys
from autograd_lite import ExpressionError, evaluate_expression

def watch(event, arguments):
    if watching and event.split(".")[0] in ("exec", "import", "open", "os", "subprocess", "socket", "ctypes"):
        happened.append(event)

watching, happened = False, []
sys.addaudithook(watch)
watching = True
for text in {texts!r}:
    try:
        evaluate_expression(text, dict(x=1.0))
    except ExpressionError:
        pass
    else:
        happened.append(text)
eval("None")  # this is noticed
print(happened)
"""


def test_nothing_that_a_text_holds_is_run():
    texts = [
        "__import__('os').system('touch owned')",
        "open('owned', 'w')",
        "eval('x')",
        "exec('import os')",
        "x.__class__.__base__.__subclasses__()",
        "(lambda: open('owned', 'w'))()",
        "[open('owned', 'w') for x in [1]]",
        'f\'{open("owned", "w")}\'',
        "import os",
        "from os import system; system('touch owned')",
        "@print\ndef f(): pass",
        "class A: open('owned', 'w')",
        "getattr(x, 'data')",
        "breakpoint()",
        "help()",
        "exit()",
        "exp.forward(1)",
        "sum.__call__([x])",
    ]
    command = [sys.executable, "-c", WATCH.format(texts=texts)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.stdout, done.stderr) == ("['exec']\n", "")


# ---- Constants -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "number"), [("pi", math.pi), ("e", math.e)])
def test_a_constant_is_a_number_unless_the_name_is_given(name, number):
    x = Value(2.0)
    result = evaluate_expression(f"sin({name} * x) + leaky_relu(x, {name})", {"x": x})
    assert result.data == math.sin(number * 2.0) + 2.0
    assert [leaf.label for leaf in topological_order(result)[0]] == ["x"]
    assert evaluate_expression(f"{name} * x", {"x": 2, name: 3}).data == 6.0
    assert evaluate_expression(f"{name} = x + 1; {name} * x", {"x": 2}).data == 6.0
    for text, problem in [
        (f"y = {name} * x; {name} = x", "is taken or not allowed"),  # it would mean two numbers
        (f"{name}(x)", "is no function here"),
        (name, "there is no variable to differentiate by"),
    ]:
        with pytest.raises(ExpressionError, match=problem):
            evaluate_expression(text, {"x": 2} if "x" in text else {})
    with pytest.raises(ExpressionError, match=f"the variable {name} is not used"):
        evaluate_expression("x * x", {"x": 2, name: 3})
