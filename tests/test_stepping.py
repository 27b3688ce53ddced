"""The steps of a trace, their words, and the paths behind a gradient."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import NO_GRADIENT, Path, Step, Trace, Value, step_through
from autograd_lite.ops import OPS


def small_graph():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    return (q * z), (x, y, z, q)


def test_a_trace_is_a_sequence_of_steps():
    output, _ = small_graph()
    trace = step_through(output, names={})
    assert isinstance(trace, Trace)
    assert len(trace) == 7
    assert [step.index for step in trace] == [1, 2, 3, 4, 5, 6, 7]
    assert [step.phase for step in trace] == ["forward"] * 2 + ["seed"] + ["backward"] * 4
    assert trace[3] is trace[-4] and trace[1:3] == (trace[1], trace[2])
    assert trace[3] in trace
    assert repr(trace) == "<Trace of v1: 7 steps>"


def test_a_backward_step_holds_everything_about_its_edge():
    output, _ = small_graph()
    assert step_through(output, names={"L": output})[3] == Step(
        index=4,
        phase="backward",
        node="L",
        op="mul",
        parent="q",
        argument=0,
        upstream=1.0,
        local=-4.0,
        contribution=-4.0,
        before=0.0,
        after=-4.0,
        formula="∂L/∂q += ∂L/∂L · z",
        numbers="1 · -4 = -4",
        why="* hands each input the other's value",
    )


def test_a_trace_never_changes():
    output, (x, *_) = small_graph()
    trace = step_through(output)
    text = str(trace)
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace[0].index = 3
    with pytest.raises(TypeError):
        trace[0] = trace[1]
    trace.values["x"] = 3.0
    trace.gradients["x"] = 3.0
    trace.nodes.clear()
    output.backward()
    x.data = 100.0
    assert str(trace) == text
    assert trace.values["x"] == -2.0
    assert trace.nodes["x"] is x


def test_stepping_reads_and_changes_no_gradient():
    output, (x, y, z, q) = small_graph()
    x.grad = 7.0
    trace = step_through(output)
    assert trace.gradients == {"x": -4.0, "y": -4.0, "z": 3.0}
    assert x.grad == 7.0 and y.grad is NO_GRADIENT and q.grad is NO_GRADIENT
    assert trace.values["q"] == 3.0


def test_names_are_labels_then_variables_then_numbered():
    first, v1 = Value(2.0, "first"), Value(3.0)
    second = first * v1
    trace = step_through((second + 1.0) * (second - 1.0))
    assert list(trace.values) == ["first", "v1", "second", "v2", "v3", "v4"]
    assert trace.output == "v4"
    assert step_through(second, names={"a": v1}).values == {"first": 2.0, "a": 3.0, "v1": 6.0}


def test_every_name_is_its_own():
    same = [Value(1.0, "x"), Value(2.0, "x"), Value(3.0, "x_2"), Value(4.0)]
    trace = step_through(ag.sum(same), names={})
    assert len(set(trace.values)) == 5
    assert list(trace.values)[0] == "x" and list(trace.values)[2] == "x_2"


def test_a_leaf_has_only_a_seed():
    x = Value(3.0)
    trace = step_through(x)
    assert [str(step) for step in trace] == ["∂x/∂x = 1"]
    assert trace.gradients == {"x": 1.0}
    assert [str(path) for path in trace.paths(x)] == ["x: 1 = 1"]


def test_a_repeated_operand_gets_two_steps_with_a_running_gradient():
    x = Value(3.0)
    square = x * x
    steps = step_through(square)
    assert str(steps[2]) == "∂square/∂x += ∂square/∂square · x = 1 · 3 = 3  (0 → 3)"
    assert str(steps[3]) == "∂square/∂x += ∂square/∂square · x = 1 · 3 = 3  (3 → 6)"
    assert [step.argument for step in steps[2:]] == [0, 1]


@pytest.mark.parametrize(
    ("make", "forward", "backward"),
    [
        (lambda x: x**3, "L = x ** 3 = 2 ** 3 = 8", "· (3 * x ** 2) = 1 · 12"),
        (lambda x: x**2, "L = x ** 2 = 2 ** 2 = 4", "· (2 * x) = 1 · 4"),
        (lambda x: (-x) ** 2, "L = v1 ** 2 = (-2) ** 2 = 4", "· (2 * v1) = 1 · -4"),
        (lambda x: 1 / x, "L = 1 / x = 1 / 2 = 0.5", "· (-L / x) = 1 · -0.25"),
        (lambda x: -(-x), "L = -v1 = -(-2) = 2", "· -1 = 1 · -1"),
        (lambda x: 2**x, "L = 2 ** x = 2 ** 2 = 4", "· (L * 0.693147) = 1 · 2.77259"),
        (lambda x: x.exp(), "L = exp(x) = exp(2) = 7.38906", "· L = 1 · 7.38906"),
        (lambda x: x.relu(), "L = relu(x) = relu(2) = 2", "· step(x, 0) = 1 · 1"),
        (lambda x: ag.where(True, x, 3), "L = x if 1 else 3 = 2 if 1 else 3 = 2", "· 1 = 1 · 1"),
        (lambda x: ag.where(x, 3.0, x), "L = 3 if x else x = 3 if 2 else 2 = 3", "· (0 if x else 1) = 1 · 0"),
        (lambda x: ag.sum([x, 1.0]), "L = sum(x, 1) = sum(2, 1) = 3", "· 1 = 1 · 1"),
        (lambda x: ag.dot([x], [3.0], 1.0), "L = dot(x, 3, 1) = dot(2, 3, 1) = 7", "· 3 = 1 · 3"),
        (
            lambda x: ag.logsumexp([x, 2.0]),
            "L = logsumexp(x, 2) = logsumexp(2, 2) = 2.69315",
            "· exp(x - L) =",
        ),
        (lambda x: ag.pick([x, 5.0], 0), "L = pick(x, 5, 0) = pick(2, 5, 0) = 2", "· 1 = 1 · 1"),
    ],
)
def test_formulas_read_as_a_person_would_write_them(make, forward, backward):
    x = Value(2.0, "x")
    output = make(x)
    steps = [str(step) for step in step_through(output, names={"L": output})]
    assert forward in steps
    assert any(backward in step for step in steps)


def test_long_lists_are_shortened():
    output = ag.sum([Value(float(i), f"x{i}") for i in range(100)])
    first = str(step_through(output, names={"L": output})[0])
    assert first == "L = sum(x0, x1, x2, …, x98, x99) = sum(0, 1, 2, …, 98, 99) = 4950"


def test_every_operation_says_why():
    for op in OPS.values():
        assert op.name in op.why or op.sign in op.why or op.why.startswith(("-", "/"))
        assert not op.why.endswith((".", ":"))


def test_the_text_of_a_trace():
    output, _ = small_graph()
    assert str(step_through(output, names={"L": output})) == (
        "Forward\n"
        "  1  q = x + y = -2 + 5 = 3\n"
        "  2  L = q * z = 3 * -4 = -12\n"
        "\n"
        "Backward\n"
        "  3  ∂L/∂L = 1\n"
        "     * hands each input the other's value:\n"
        "  4  ∂L/∂q += ∂L/∂L · z = 1 · -4 = -4  (0 → -4)\n"
        "  5  ∂L/∂z += ∂L/∂L · q = 1 · 3 = 3  (0 → 3)\n"
        "     + passes the gradient on to both inputs:\n"
        "  6  ∂L/∂x += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)\n"
        "  7  ∂L/∂y += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)\n"
        "\n"
        "Gradients\n"
        "  ∂L/∂x = -4\n"
        "  ∂L/∂y = -4\n"
        "  ∂L/∂z = 3"
    )


def test_paths_explain_a_gradient():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    product = x * y
    output = product * x + y
    trace = step_through(output)
    assert trace.paths(x) == [
        Path(("output", "v1", "product", "x"), (1.0, 3.0, 2.0), 6.0),
        Path(("output", "v1", "x"), (1.0, 6.0), 6.0),
    ]
    assert str(trace.paths("x")[0]) == "output → v1 → product → x: 1 · 3 · 2 = 6"
    assert sum(path.product for path in trace.paths(y)) == trace.gradients["y"] == 10.0
    assert [path.nodes for path in trace.paths(output)] == [("output",)]


def test_too_many_paths_are_counted_and_refused():
    x = Value(1.0, "x")
    node = x
    for _ in range(60):
        node = node + node
    trace = step_through(node)
    with pytest.raises(ValueError, match=f"{2**60} paths to x, more than 1000"):
        trace.paths(x)
    with pytest.raises(ValueError, match="is not in this graph; there are x, "):
        trace.paths(Value(1.0))


@given(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_gradients_of_a_trace_are_those_of_backward_and_of_its_paths(numbers, generator):
    leaves = [Value(number, f"x{i}") for i, number in enumerate(numbers)]
    pool = list(leaves)
    for _ in range(6):
        a, b = generator.choice(pool), generator.choice(pool)
        pool.append(generator.choice([a + b, a * b, (a - b).tanh()]))
    output = pool[-1]
    trace = step_through(output, names={})
    output.backward()
    for name, gradient in trace.gradients.items():
        leaf = next(leaf for leaf in leaves if leaf.label == name)
        assert gradient == leaf.grad
        products = [path.product for path in trace.paths(leaf)]
        assert math.fsum(products) == pytest.approx(gradient, rel=1e-9, abs=1e-9)


def test_json_holds_the_whole_trace():
    output, _ = small_graph()
    content = json.loads(step_through(output, names={"L": output}).to_json())
    assert content["output"] == "L"
    assert content["gradients"] == {"x": -4.0, "y": -4.0, "z": 3.0}
    assert content["values"] == {"x": -2.0, "y": 5.0, "z": -4.0, "q": 3.0, "L": -12.0}
    assert len(content["steps"]) == 7
    assert content["steps"][3]["formula"] == "∂L/∂q += ∂L/∂L · z"


def test_json_is_strict_for_numbers_that_are_not_finite():
    x = Value(math.inf, "x")
    text = step_through(x - x, names={}).to_json()
    content = json.loads(text, parse_constant=pytest.fail)
    assert content["values"] == {"x": "inf", "v1": "nan"}


def test_only_a_value_can_be_stepped_through():
    with pytest.raises(TypeError, match=r"takes the Value to differentiate, got 3\.0"):
        step_through(3.0)


def test_a_long_chain_is_traced_in_linear_time():
    x = Value(1.0, "x")
    node = x
    for _ in range(5_000):
        node = node * 1.0001
    trace = step_through(node)
    assert len(trace) == 10_001
    assert trace.gradients["x"] == pytest.approx(1.0001**5000)
    assert len(trace.paths(x)) == 1


# ---- The other faces --------------------------------------------------------------------------


def test_lines_are_what_the_text_consists_of():
    output, _ = small_graph()
    trace = step_through(output, names={"L": output})
    lines = list(trace.lines())
    assert [line.kind for line in lines] == [
        *("heading", "step", "step", "heading", "step", "why", "step", "step", "why", "step", "step"),
        *("heading", "gradient", "gradient", "gradient"),
    ]
    assert [line.step for line in lines if line.step] == list(trace)
    assert [line.text for line in lines] == [
        line.strip().lstrip("1234567 ") for line in str(trace).splitlines() if line
    ]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("steps.html", Trace.to_html),
        ("steps.HTML", Trace.to_html),
        ("steps.json", Trace.to_json),
        ("a.b.txt", lambda trace: f"{trace}\n"),
    ],
)
def test_a_trace_is_saved_by_the_ending_of_the_name(tmp_path, name, write):
    output, _ = small_graph()
    trace = step_through(output, names={"L": output})
    path = tmp_path / name
    path.write_text("old")
    path.chmod(0o640)
    trace.save(path)
    trace.save(str(path))
    assert path.read_bytes().decode() == write(trace)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [child.name for child in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["steps", "steps.pdf", ".html", "steps.html.gz", "steps."])
def test_an_ending_that_says_nothing_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in \.json, \.txt or \.html says what to write, got '.*'"):
        step_through(Value(1.0)).save(f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_the_old_one_alone(tmp_path, monkeypatch):
    path = tmp_path / "steps.html"
    path.write_text("old")
    trace = step_through(Value(1.0))

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        trace.save(path)
    assert path.read_text() == "old"
    assert [child.name for child in tmp_path.iterdir()] == ["steps.html"]
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        trace.save(tmp_path / "none" / "steps.html")


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.txt").symlink_to(tmp_path / "steps.txt")
    step_through(Value(1.0, "x")).save(tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "steps.txt").read_text(encoding="utf-8").startswith("Backward\n")


def test_a_label_that_no_file_can_hold_is_saved_as_well_as_can_be(tmp_path):
    trace = step_through(Value(1.0, "\ud800"))
    for ending in ("txt", "json", "html"):
        trace.save(tmp_path / f"steps.{ending}")
        assert (tmp_path / f"steps.{ending}").read_bytes().decode()


# ---- Parameters ---------------------------------------------------------------------------------


def test_a_trace_knows_what_is_to_be_trained():
    w, x, unused = Value(3.0, "w"), Value(2.0, "x"), Value(1.0, "unused")
    assert step_through(w * x, names={}).parameters == []
    assert step_through(w * x, names={}, parameters=[x, unused]).parameters == ["x"]
    assert step_through(w * x, names={}, parameters=iter([x, w])).parameters == ["w", "x"]  # as in the graph
    model = ag.nn.MLP(1, [1], seed=0)
    trace = step_through(model([x]) * w, names={})
    assert trace.parameters == [name for name in trace.gradients if name not in ("w", "x")] != []


def test_parameters_are_leaves_of_the_graph():
    w, x = Value(3.0, "w"), Value(2.0, "x")
    with pytest.raises(ValueError, match="none of these parameters is in the graph: give those"):
        step_through(w * w, names={}, parameters=[x])
    with pytest.raises(ValueError, match="parameters are leaves, got the result of mul"):
        step_through(w * w, names={}, parameters=[w * w])
    with pytest.raises(TypeError, match="parameters are Values, got 3.0"):
        step_through(w * w, names={}, parameters=[3.0])
