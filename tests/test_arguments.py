"""What a program is called with arrives as what it is, and its numbers are inputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from autograd_lite import Value, compile, optim


class Point(NamedTuple):
    x: float
    y: float


class Pair(NamedTuple):
    left: Any
    right: Any


@pytest.fixture
def w():
    return Value(2.0)


@pytest.fixture(params=["python", "numpy", "auto"])
def backend(request):
    return request.param


FORMS = {
    "dict": ([{"x": 1.0, "y": 2.0}, {"x": 3.0, "y": 0.5}], lambda p: p["x"] * p.get("y")),
    "dict of lists": ([{"a": [1.0, 2.0], 5: 3.0}, {"a": [3.0, 1.0], 5: 0.5}], lambda p: sum(p["a"]) * p[5]),
    "lists of dicts": ([[{"x": 1.0}, {"x": 2.0}], [{"x": 3.0}, {"x": 4.0}]], lambda p: p[0]["x"] * p[1]["x"]),
    "namedtuple": ([Point(1.0, 2.0), Point(3.0, 0.5)], lambda p: p.x * p._replace(x=1.0).y),
    "namedtuple of dicts": (
        [Pair({"k": 1.0}, (2.0, 5.0)), Pair({"k": 3.0}, (0.5, 1.0))],
        lambda p: sum(p.left.values()) * p.right[0],
    ),
    "tuple": ([(1.0, [2.0]), (3.0, [0.5])], lambda p: p[0] * p[1][0]),
    "items in order": ([{"b": 1.0, "a": 2.0}, {"b": 3.0, "a": 0.5}], lambda p: [*p.items()][0][1] ** 2),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_container_arrives_as_what_it_is(w, backend, name):
    rows, f = FORMS[name]
    program = compile(lambda p: w * f(p), [w], backend=backend)
    expected = [float(f(row)) for row in rows]
    assert [program(row) for row in rows] == [2.0 * number for number in expected]
    assert [program.value_and_grad(row)[1] for row in rows] == [[number] for number in expected]
    assert program.map(rows) == [2.0 * number for number in expected]
    assert program.mean_and_grad(rows)[1] == [sum(expected) / 2]
    trainer = program.trainer(optim.SGD(lr=0.5))
    assert trainer.step(rows) == sum(expected)
    assert len([*program.cache]) == 1


def test_a_whole_number_in_a_dict_is_an_index(w):
    table = [w, w * w, w * 3.0]
    program = compile(lambda p: table[p["k"]] * p["x"], [w])
    rows = [{"k": k, "x": x} for k in range(3) for x in (1.0, 2.0)]
    assert [program(row) for row in rows] == [2.0, 4.0, 4.0, 8.0, 6.0, 12.0]
    assert program.map(rows) == [2.0, 4.0, 4.0, 8.0, 6.0, 12.0]
    assert len([*program.cache]) == 1


def test_a_dict_that_holds_something_else_is_static(w):
    program = compile(lambda options: w * len(options["name"]), [w])
    assert [program({"name": "ab"}), program({"name": "abc"}), program({"name": "ab"})] == [4.0, 6.0, 4.0]
    assert len([*program.cache]) == 2


def test_arguments_by_name(w, backend):
    program = compile(lambda x, y=3.0, *, z=1.0: w * (x - y), [w], backend=backend)
    assert program(5.0, y=1.0) == program(y=1.0, x=5.0) == 8.0
    assert program.value_and_grad(x=5.0, y=4.0) == (2.0, [1.0])
    assert program.map(y=[1.0, 2.0], x=[5.0, 5.0]) == [8.0, 6.0]
    assert program.mean_and_grad([5.0, 5.0], y=[1.0, 2.0]) == (7.0, [3.5])
    assert program.backward(x=[5.0], y=[1.0]) == 8.0
    assert w.grad == 4.0
    with pytest.raises(TypeError, match="unexpected keyword argument 'u'"):
        program(5.0, u=1.0)
    with pytest.raises(TypeError, match=r"only be passed by name, got \['z'\]"):
        program(5.0, z=2.0)
    assert program(5.0) == 4.0
