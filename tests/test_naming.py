"""Names: those that people gave, wherever they keep their Values, and those of parameters."""

import dataclasses
import functools
import math
import types
from collections import OrderedDict, defaultdict, deque, namedtuple

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, compile, detect_anomaly, draw, nn, step_through
from autograd_lite.__main__ import main
from autograd_lite.compiler.arrays.source import ArraySource
from autograd_lite.core.variables import attributes_of, variables_of, written_names
from autograd_lite.expression import evaluate_expression
from autograd_lite.naming import name_all

GLOBAL = [[Value(1.0), Value(2.0)]]


def names_of(values, variables):
    """Name Values that nothing is computed from."""
    return [*name_all(values, variables).values()]


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("b", "unset", "w")

    def __init__(self, w, b):
        self.w, self.b = w, b


@dataclasses.dataclass
class Layer:
    w: object
    b: object


@dataclasses.dataclass(slots=True)
class Slim:
    w: object
    b: object


Pair = namedtuple("Pair", "left right")


def array_of(items):
    array = numpy.empty(len(items), object)
    for place, item in enumerate(items):
        array[place] = item
    return array


def table_of(items):
    return array_of([*items, *items[:1]]).reshape(-1, 1)[: len(items)]


def pairs_of(kind):
    return lambda items: kind(items[0], items[-1]) if len(items) > 1 else [*items]


HOLDERS = {
    "list": list,
    "tuple": tuple,
    "deque": deque,
    "array": array_of,
    "column": table_of,
    "dict": lambda items: {f"key {place}": item for place, item in enumerate(items)},
    "numbers": lambda items: OrderedDict(enumerate(items)),
    "places": lambda items: {(place, -place): item for place, item in enumerate(items)},
    "object": lambda items: Plain(**{f"a{place}": item for place, item in enumerate(items)}),
    "namespace": lambda items: types.SimpleNamespace(
        **{f"a{place}": item for place, item in enumerate(items)}
    ),
    "slots": pairs_of(Slotted),
    "dataclass": pairs_of(Layer),
    "slim": pairs_of(Slim),
    "namedtuple": pairs_of(Pair),
}


@st.composite
def structures(draw_from):
    """Draw nested holders, with distinct Values and plain things in them."""
    leaves = st.builds(Value, st.just(1.0)) | st.sampled_from([0.5, "text", None, numpy.float64(2.0)])
    kinds = st.sampled_from([*HOLDERS.values()])

    def held(inner):
        items = st.lists(inner, min_size=1, max_size=4)
        return st.builds(lambda hold, items: hold(items), kinds, items)

    nested = st.recursive(leaves, held, max_leaves=12)
    return draw_from(st.dictionaries(st.sampled_from(["x", "W", "layers", "σ"]), nested, min_size=1))


def values_in(thing):
    """List the Values in drawn holders, by other means than the package's."""
    if isinstance(thing, Value):
        return [thing]
    if isinstance(thing, numpy.ndarray):
        return [value for item in thing.ravel() for value in values_in(item)]
    if isinstance(thing, dict):
        return [value for item in thing.values() for value in values_in(item)]
    if isinstance(thing, (list, tuple, deque)):
        return [value for item in thing for value in values_in(item)]
    names = getattr(thing, "__slots__", None) or getattr(thing, "__dict__", ())
    return [value for name in names for value in values_in(getattr(thing, name, None))]


@given(structures())
def test_a_name_is_what_python_finds_the_value_by(variables):
    found = written_names(values_in(variables), variables)
    for value in values_in(variables):
        own_tables = {
            key: table
            for thing in variables.values()
            if isinstance(thing, dict)
            for key, table in thing.items()
            if isinstance(key, str)
        }
        assert eval(found[id(value)], {}, {**own_tables, **variables}) is value


@given(structures(), st.data())
def test_with_several_names_it_is_one_of_them_or_none(variables, data):
    values = values_in(variables)
    if values:
        chosen = data.draw(st.lists(st.sampled_from(values), max_size=4))
        variables["again"], variables["alone"] = chosen, data.draw(st.sampled_from(values))
    for value, name in name_all(values, variables).items():
        if not name.startswith("v"):
            assert eval(name, {}, variables) is value
    if values:
        assert name_all(values, variables)[variables["alone"]] in variables


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda a, b: {"x": a, "y": b}, ["x", "y"]),
        (lambda a, b: {"W": [[0.0, a], [b]]}, ["W[0][1]", "W[1][0]"]),
        (lambda a, b: {"params": {"a": a, 'q"': b}}, ['params["a"]', 'params["q\\""]']),
        (lambda a, b: {"state": {"wte": [[a], [b]]}}, ["wte[0][0]", "wte[1][0]"]),
        (lambda a, b: {"state": {"layer0.wq": [a, b]}}, ["layer0.wq[0]", "layer0.wq[1]"]),
        (lambda a, b: {"s": {"w": [a]}, "t": {"w": [b]}}, ['s["w"][0]', 't["w"][0]']),
        (lambda a, b: {"s": {"w": [a]}, "w": [b]}, ['s["w"][0]', "w[0]"]),
        (lambda a, b: {"self": Layer([a], b)}, ["self.w[0]", "self.b"]),
        (lambda a, b: {"n": Plain(parts=[Plain(w=[a]), Plain(w=b)])}, ["n.parts[0].w[0]", "n.parts[1].w"]),
        (lambda a, b: {"A": numpy.array([[1.0, a], [b, 2.0]], object)}, ["A[0,1]", "A[1,0]"]),
        (lambda a, b: {"d": defaultdict(list, {3: [a, b]})}, ["d[3][0]", "d[3][1]"]),
        (lambda a, b: {"p": Pair(a, [b])}, ["p.left", "p.right[0]"]),
        # A variable's own name comes first, then a key, then a place in the shortest list.
        (lambda a, b: {"xs": [a, b], "x": a}, ["x", "xs[1]"]),
        (lambda a, b: {"W": [[a, 1.0], [b, 2.0]], "flat": [a, 1.0, b, 2.0]}, ["W[0][0]", "W[1][0]"]),
        (lambda a, b: {"flat": [a, b], "params": {"a": a, "b": b}}, ['params["a"]', 'params["b"]']),
        (lambda a, b: {"first": a, "second": a, "b": b}, ["first", "b"]),
        # Where none is better, there is none.
        (lambda a, b: {"one": [a, b], "other": [a, b]}, ["v1", "v2"]),
        (lambda a, b: {"one": Plain(w=a), "other": Plain(v=a), "b": b}, ["v1", "b"]),
        # One list under two names has the first.
        (lambda a, b: (lambda W: {"W": W, "again": W, "all": [W]})([a, b]), ["W[0]", "W[1]"]),
        # What has no name in Python has none here.
        (lambda a, b: {"d": {None: a, Plain(): b}}, ["v1", "v2"]),
        (lambda a, b: {"s": {a, b}}, ["v1", "v2"]),
    ],
)  # fmt: skip
def test_names_by_where_a_value_is_kept(make, names):
    a, b = Value(1.0), Value(2.0)
    assert names_of([a, b], make(a, b)) == names


def test_a_label_comes_first_and_a_name_that_is_taken_is_not_used_again():
    labelled, kept, other = Value(1.0, "W[0]"), Value(2.0), Value(3.0, "first")
    assert names_of([labelled, kept, other], {"W": [kept], "xs": [other]}) == ["W[0]", "v1", "first"]


class Touchy:
    """Whatever one asks it for is an error."""

    def __init__(self, w):
        object.__getattribute__(self, "__dict__")["w"] = w

    @property
    def asked(self):
        raise AssertionError

    def __getattribute__(self, name):
        raise AssertionError(name)

    __getattr__ = __len__ = __iter__ = __eq__ = __hash__ = __bool__ = __repr__ = __getitem__ = (
        __getattribute__
    )


class Proxy:
    @property
    def __dict__(self):
        raise AssertionError

    @property
    def __class__(self):
        raise AssertionError


class TouchyList(list):
    def __iter__(self):
        raise AssertionError

    __len__ = __getitem__ = __iter__


class TouchyDict(dict):
    def items(self):
        raise AssertionError

    __iter__ = __len__ = __getitem__ = keys = values = items


class Nowhere:
    __module__ = None


class Descriptor:
    def __get__(self, thing, kind):
        raise AssertionError


class Described:
    w = Descriptor()
    cached = functools.cached_property(lambda self: 1 / 0)


def test_nothing_that_an_object_defines_is_called():
    a, b, c = (Value(1.0) for _ in range(3))
    variables = {
        "touchy": Touchy([a]), "proxy": Proxy(), "items": TouchyList([b]), "table": TouchyDict(k=c),
        "described": Described(), "nowhere": Nowhere(), "module": numpy, "function": math.sin, "kind": Value,
        "rest": iter([1]),
    }  # fmt: skip
    assert names_of([a, b, c], variables) == ["touchy.w[0]", "items[0]", 'table["k"]']
    assert attributes_of(Proxy()) == {} == attributes_of(Described())
    assert next(variables["rest"]) == 1


def test_what_holds_itself_is_entered_once():
    value = Value(1.0)
    loop, table, thing = [], {}, Plain()
    loop.append(loop)
    table["self"] = table
    thing.itself, thing.more = thing, [thing, loop, table, value]
    assert names_of([value], {"loop": loop, "table": table, "thing": thing}) == ["thing.more[3]"]


def looked_at(values, variables, monkeypatch):
    """Count the entries that a search looks at."""
    import autograd_lite.core.variables as module

    counts = []
    original = module._Search.run

    def run(self, given):
        found = original(self, given)
        counts.append(self.looked_at)
        return found

    monkeypatch.setattr(module._Search, "run", run)
    return written_names(values, variables), sum(counts)


def test_data_is_not_searched(monkeypatch):
    value = Value(1.0)
    row = [0.0] * 784
    data = {
        "X": [row] * 60_000, "numbers": [0.0] * 1_000_000, "text": ["word"] * 100_000,
        "pairs": [(row, 1)] * 10_000, "table": dict.fromkeys(range(100_000), "x"), "a": numpy.zeros((9, 9)),
        "deep": functools.reduce(lambda inner, _: [inner], range(100), [value]), "W": [[0.0, value]],
    }  # fmt: skip
    found, count = looked_at([value], data, monkeypatch)
    assert found == {id(value): "W[0][1]"}
    assert count < 100


def test_large_tables_of_values_are_named(monkeypatch):
    W = [[Value(0.0) for _ in range(300)] for _ in range(200)]
    units = [Plain(size=300, w=row) for row in W]
    found, _ = looked_at([W[199][299]], {"units": units}, monkeypatch)
    assert found == {id(W[199][299]): "units[199].w[299]"}
    bag = Plain(**{f"a{place}": place for place in range(200)}, last=W[0][0])
    tables = {f"t{place}": [Value(0.0)] for place in range(200)}
    assert names_of([W[0][0], tables["t150"][0]], {"bag": bag, "tables": tables}) == ["bag.last", "t150[0]"]


def test_there_is_an_end_to_searching(monkeypatch):
    things = {f"thing{i}": [[Plain(a=Plain(b=1.0)) for _ in range(90)] for _ in range(90)] for i in range(90)}
    _, count = looked_at([Value(1.0)], things, monkeypatch)
    assert count < 110_000


# ---- Callers -----------------------------------------------------------------------------------


class Unit:
    def __init__(self):
        self.w, self.b = [Value(2.0), Value(-3.0)], Value(0.5)

    def drawing(self, x):
        return draw(self.w[0] * x + self.w[1] * x + self.b)

    def trace(self, x):
        z = self.w[0] * x
        return step_through(z)


def test_drawings_and_steps_use_what_the_caller_keeps():
    unit, x = Unit(), Value(4.0)
    names = [node.name for node in unit.drawing(x).graph.nodes if node.kind == "value"]
    assert names[:4] == ["self.w[0]", "x", "self.w[1]", "self.b"]
    assert str(unit.trace(x)[0]) == "z = self.w[0] * x = 2 * 4 = 8"
    params = {"a": Value(1.0)}
    h = [params["a"] * x, params["a"] + x]
    trace = step_through(h[0] * h[1])
    assert [str(step) for step in trace[:2]] == [
        'h[0] = params["a"] * x = 1 * 4 = 4',
        'h[1] = params["a"] + x = 1 + 4 = 5',
    ]
    assert trace.gradients['params["a"]'] == 24.0
    assert draw(h[0]).graph.edges[0].label == '∂h[0]/∂params["a"] = x = 4'
    by_table = draw(h[0], names={"given": [params["a"]]})
    assert by_table.graph.title == "v2 = given[0] * v1"


def test_globals_that_the_caller_names_are_its_variables():
    assert draw(GLOBAL[0][1] * 3.0).graph.title == "v1 = GLOBAL[0][1] * 3"


def test_the_history_of_a_notebook_gives_no_names():
    value = Value(1.0)
    history = {1: value}
    frame = types.SimpleNamespace(
        f_locals={"Out": history, "_oh": history, "In": [], "_ih": [], "h": [value, 0.0]}
    )
    assert names_of([value], variables_of(frame)) == ["h[0]"]


@pytest.mark.filterwarnings("ignore:div")
def test_anomalies_name_what_the_caller_keeps():
    W, x = [[Value(1e200)]], [Value(1e200), Value(0.0)]
    with detect_anomaly():
        with pytest.raises(FloatingPointError, match=r"^mul\(W\[0\]\[0\]=1e\+200, x\[0\]=1e\+200\) is inf$"):
            W[0][0] * x[0]
        with pytest.raises(
            FloatingPointError, match=r"^dot\(W\[0\]\[0\]=1e\+200, x\[0\]=1e\+200, 0\.0\) is inf$"
        ):
            ag.sum(ag.dot([w], [x[0]]) for w in W[0])
        root = x[1].sqrt()
        with pytest.raises(
            FloatingPointError, match=r"that sqrt\(x\[1\]=0\.0\) gives to the Value 'x\[1\]' is inf"
        ):
            root.backward()
        with pytest.raises(FloatingPointError, match=r"^mul\(GLOBAL\[0\]\[0\]=1\.0, inf\) is inf$"):
            GLOBAL[0][0] * math.inf
        with pytest.raises(FloatingPointError, match=r"own\(x\[0\]=1e\+200\) is nan"):
            Value(math.nan, (x[0],), (1.0,))


def test_the_command_names_the_parts_of_lists(capsys):
    L = evaluate_expression("h = [x * y, x + y]; L = dot(h, h)", {"x": 2.0, "y": 3.0})
    assert [node.label for node in L.parents] == ["h[0]", "h[1]"] * 2
    assert main(["h = [x * y, x + y]; sum(h)", "x=2", "y=3", "--check"]) == 0
    output = capsys.readouterr().out
    assert "h[1] = x + y = 2 + 3 = 5" in output and "v1 = sum(h[0], h[1]) = sum(6, 5) = 11" in output
    assert "∂v1/∂x: 4, finite difference 4: agrees" in output


# ---- Parameters --------------------------------------------------------------------------------

SHAPES = [(2, [2, 1]), (3, [4, 4, 1]), (2, [3]), (1, [3, 1]), (3, [1]), (4, [5, 2, 3])]


@pytest.mark.parametrize(("inputs", "sizes"), SHAPES)
def test_parameters_of_layers_are_called_as_the_compiled_program_calls_them(inputs, sizes, monkeypatch):
    model = nn.MLP(inputs, sizes, activation="tanh", seed=1)
    sources, make = [], ArraySource.__init__

    def made(self, *arguments):
        make(self, *arguments)
        sources.append(self)

    monkeypatch.setattr(ArraySource, "__init__", made)
    x = [0.5, -1.0, 2.0, 0.25][:inputs]

    def loss(x):
        return ag.sum(y.tanh() for y in nn.tools.inputs_of(model(x), sizes[-1]))

    compile(loss, model, backend="numpy").value_and_grad(x)
    in_program = {}
    for leaf in sources[0].parameters:
        for place, index in enumerate(numpy.ndindex(leaf.shape)):
            brackets = f"[{','.join(map(str, index))}]" if index else ""
            parameter = model.parameters()[leaf.places.reshape(-1)[place]]
            in_program[sources[0].names[leaf.number] + brackets] = parameter
    shown = step_through(loss(x), names={}).nodes
    assert {name: value for name, value in shown.items() if value in model.parameters()} == in_program


def test_the_title_of_a_parameter_is_its_dotted_path():
    model = nn.MLP(2, [2, 1], seed=1)
    drawing = draw(model([1.0, 2.0]), names={}, fold=False)
    titles = {node.name: node.tip for node in drawing.graph.nodes if node.kind == "value"}
    assert titles["W1[1,0]"] == "layers.0.neurons.1.w.0" and titles["b1[0]"] == "layers.0.neurons.0.b"
    assert titles["W2[1]"] == "layers.1.neurons.0.w.1" and titles["b2"] == "layers.1.neurons.0.b"
    assert "<title>layers.0.neurons.1.w.0</title>" in drawing.svg
    whole = draw(model([1.0, 2.0]), names={}, focus="layers.0.neurons.1.w.0").graph
    assert "W1[1,0]" in [node.name for node in whole.nodes]
    trace = step_through(model([1.0, 2.0]), names={})
    assert trace.paths("layers.0.neurons.1.w.0") == trace.paths("W1[1,0]")


def test_layers_of_several_networks_are_numbered_as_they_are_used():
    first, second = nn.MLP(2, [2], seed=1), nn.Layer(2, 2, seed=2)
    total = ag.sum(second(first([1.0, 2.0])))
    names = [*name_all(*of_graph(total)).values()]
    assert {"W1[0,0]", "b1[1]", "W2[1,1]", "b2[0]"} <= {*names}
    twins = [nn.Layer(2, 2, seed=seed) for seed in (1, 2)]
    names = [*name_all(*of_graph(ag.sum(twins[1](twins[0]([1.0, 2.0]))))).values()]
    assert {"W1[0,0]", "b1[1]", "W2[1,1]", "b2[0]"} <= {*names}
    assert len({*names}) == len(names)


def of_graph(output):
    from autograd_lite.engine import topological_order

    leaves, nodes = topological_order(output)
    return [*leaves, *nodes], {}


class Table(nn.Module):
    def __init__(self):
        self.wte = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
        self.scale = Value(1.0)
        self.parts = {"gain": [Value(1.0)]}
        self.norm = nn.LayerNorm(2)


def test_parameters_of_other_modules_carry_their_own_names():
    table = Table()
    names = names_of(table.parameters(), {})
    assert names[:6] == ["wte[0][0]", "wte[0][1]", "wte[1][0]", "wte[1][1]", "scale", "parts.gain[0]"]
    assert names[6:8] == ["norm.scale[0]", "norm.scale[1]"]
    assert names_of([Value(1.0, "a.b"), Value(1.0, "a..1"), Value(1.0, "1.5"), Value(1.0, "x.2.y")], {}) == [
        "a.b", "a..1", "1.5", "x[2].y",
    ]  # fmt: skip


# ---- Nodes that change nothing -------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda v: 0 + v, lambda v: v + 0, lambda v: v - 0, lambda v: v * 1, lambda v: 1.0 * v,
        lambda v: v / 1, lambda v: v**1, lambda v: sum([v]), lambda v: 0 + (1 * v) / 1,
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", [lambda v: v, lambda v: v.tanh(), lambda v: v * v + 2])
def test_what_changes_nothing_is_neither_drawn_nor_a_step(make, around):
    x, y = Value(3.0, "x"), Value(2.0, "y")
    with_it, without = around(make(x * y)), around(x * y)
    with_it.backward()
    without.backward()
    for output in (with_it, without):
        x.grad, y.grad = 4.0, 6.0
        drawn, steps = draw(output, names={}, fold=False), step_through(output, names={})
        texts = (
            drawn.svg,
            str(drawn),
            drawn.source,
            str(steps),
            steps.to_json(),
            [str(p) for p in steps.paths(x)],
        )
        if output is with_it:
            expected = texts
    assert texts == expected


@settings(deadline=None)
@given(st.data())
def test_steps_give_the_gradients_to_the_last_bit_with_what_changes_nothing(data):
    numbers = st.floats(-3.0, 3.0)
    pool = [Value(data.draw(numbers), f"x{i}") for i in range(3)]
    idle = [lambda v: 0 + v, lambda v: v * 1, lambda v: v / 1.0, lambda v: v - 0, lambda v: v**1.0]
    real = [lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: ag.dot([a, b], [b, a])]
    for _ in range(data.draw(st.integers(1, 8))):
        value = data.draw(st.sampled_from(pool))
        if data.draw(st.booleans()):
            pool.append(data.draw(st.sampled_from(idle))(value))
        else:
            pool.append(data.draw(st.sampled_from(real))(value, data.draw(st.sampled_from(pool))))
    output = pool[-1]
    variables = {f"named{i}": value for i, value in enumerate(pool[3:]) if data.draw(st.booleans())}
    trace = step_through(output, names=variables)
    for name, gradient in trace.gradients.items():
        assert repr(gradient) == repr(0.0 + ag.grad(output, trace.nodes[name]))
    graph = draw(output, names=variables, fold=False).graph
    assert [node.name for node in graph.nodes if node.kind == "value"] != []
    assert {*trace.nodes} == {node.name for node in graph.nodes if node.kind == "value"}
    trace.to_html()


def test_a_name_that_somebody_gave_is_drawn():
    x = Value(3.0)
    square = x * x
    scaled = square * 1
    both = draw(scaled).graph
    assert [node.name for node in both.nodes] == ["x", "*", "square", "* 1", "scaled"]
    one = draw(scaled, names={"scaled": scaled}).graph
    assert [node.name for node in one.nodes] == ["v1", "*", "scaled"] and one.title == "scaled = v1 * v1"
    assert draw(x * 1, names={}).graph.title == "v2 = v1 * 1"
