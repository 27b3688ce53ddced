"""Programs on arrays as JavaScript, run in Chromium: against the compiled programs on NumPy's arrays."""

import inspect
import math
import random
import re

import numpy
import pytest
from declared import call_of, inputs_of, without
from programs_for_compiler import BranchingMaker, Maker
from random_networks import NETWORKS
from rounding import sums_of_absolute_terms

from autograd_lite import Op, Value, amax, losses, nn, optim, pick, where
from autograd_lite import sum as sum_of
from autograd_lite.compiler import compile
from autograd_lite.compiler.arrays import expressions, primitives
from autograd_lite.compiler.arrays.blocks import Block
from autograd_lite.compiler.arrays.loops import Loops
from autograd_lite.compiler.arrays.places import (
    Place,
    Variable,
    even_steps,
    flat_place,
    plain,
    spread_over,
)
from autograd_lite.compiler.arrays.primitives import Primitive
from autograd_lite.compiler.arrays.script import RESERVED, program_script
from autograd_lite.compiler.updates import UpdateScript, clip_script
from autograd_lite.javascript import known_names, names_script
from autograd_lite.optim import rules

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

TOLERANCE = 1e-12
"""Relative to the sum of the absolute terms of a number."""

HEAD = """
const [head, ...given] = arguments;
const shown = (array) => Array.from(array, String);
const make = (text) => new Function(`${head}; return ${text};`)();
const counted = (count) => Int32Array.from({ length: count }, (_, row) => row);
"""
PASSES = """
return given[0].map(([text, numbers, columns, count]) => {
  const P = Float64Array.from(numbers, Number), G = new Float64Array(P.length).fill(7);
  const program = make(text)(P, G, Math.random);
  columns = columns.map((column) => Float64Array.from(column, Number));
  const outputs = program.map(columns, counted(count), new Float64Array(count * program.outputs.length));
  const isHeld = program.held;
  const mean = program.outputs.length === 1 ? program.meanAndGradient(columns, counted(count)) : 0;
  return [shown(outputs), shown([mean]), shown(G), isHeld && program.held];
});
"""
TRAINING = """
return given[0].map(([text, update, start, settings, rates, numbers, columns, count]) => {
  const P = Float64Array.from(numbers), G = new Float64Array(P.length);
  const program = make(text)(P, G, Math.random);
  const S = start.map((number) => new Float64Array(P.length).fill(number));
  const move = make(update);
  columns = columns.map((column) => Float64Array.from(column));
  const losses = rates.map((rate, step) => {
    const mean = program.meanAndGradient(columns, counted(count));
    move(P, G, S, rate, step + 1, settings);
    return mean;
  });
  return [shown(losses), shown(P)];
});
"""


def in_the_browser(driver, body, *given):
    """Run a script that knows the names that programs need."""
    driver.get("about:blank")
    head = f"{names_script()}\n{program_script()}\n{clip_script()}"
    return driver.execute_script(HEAD + body, head, *given)


def texts(numbers):
    """Write numbers so that JSON and JavaScript take them."""
    return [
        "NaN" if math.isnan(number) else repr(float(number)).replace("inf", "Infinity") for number in numbers
    ]


def flat(thing):
    """List the numbers in lists of lists."""
    return (
        [number for item in thing for number in flat(item)] if hasattr(thing, "__len__") else [float(thing)]
    )


class Case:
    """A function compiled, with some rows, and what NumPy's program computes for them."""

    def __init__(self, function, parameters, rows, name=""):
        self.name, self.rows = name, rows
        self.program = compile(function, parameters, backend="numpy")
        self.columns = [[*column] for column in zip(*rows)]
        self.values = [self.program.map(*self.columns)] if rows else [self.program()]
        self.specialization = self.program.cache.first()
        self.script = self.specialization.script
        if self.specialization.single:
            self.mean, self.gradient = self.program.mean_and_grad(*self.columns)

    @property
    def numbers(self):
        return [parameter.data for parameter in self.program.parameters]

    @property
    def given(self):
        varying = [self.columns[number] for number in self.specialization.inputs.varying]
        return [
            self.script.text,
            texts(self.numbers),
            [texts(flat(column)) for column in varying],
            self.count,
        ]

    @property
    def count(self):
        return max(1, len(self.rows))

    def scales(self, function):
        """What rounding is relative to: for each number of the gradient the sum of its absolute terms."""
        found = [sums_of_absolute_terms(function(*row), self.program.parameters) for row in self.rows]
        return [max(1.0, *column) for column in zip(*found)]


def is_close(found, expected, scale=1.0):
    if not math.isfinite(expected):
        return str(found) == str(expected)
    return abs(found - expected) <= TOLERANCE * max(scale, abs(expected))


def check(driver, cases):
    """Compare values and gradients in the browser with those on NumPy's arrays."""
    for case, (outputs, mean, gradient, held) in zip(
        cases, in_the_browser(driver, PASSES, [case.given for case in cases]), strict=True
    ):
        assert held, case.name
        scale = max(map(abs, filter(math.isfinite, flat(case.values))), default=1.0)
        for found, expected in zip(map(float, outputs), flat(case.values), strict=True):
            assert is_close(found, expected, scale), case.name
        if case.specialization.single:
            assert is_close(float(mean[0]), case.mean, scale), case.name
            scale = max(map(abs, filter(math.isfinite, case.gradient)), default=1.0)
            for found, expected in zip(map(float, gradient), case.gradient, strict=True):
                assert is_close(found, expected, scale), case.name


# ---- Random functions --------------------------------------------------------------------------


def _row(dice):
    return [dice.uniform(-1.0, 1.0) for _ in range(3)], [dice.randrange(4), dice.randrange(4)]


def random_case(seed, kind=Maker):
    """Make a random function with some rows that its one program can take."""
    dice = random.Random(seed)
    maker = kind(dice)
    function = maker.make(dice.randint(1, 5))
    rows = [
        ([dice.uniform(-1.0, 1.0) for _ in range(3)], [dice.randrange(4), dice.randrange(4)])
        for _ in range(3)
    ]
    return Case(function, maker.parameters, rows, f"{seed}: {maker.names}")


def test_a_table_that_is_looked_up_at_two_levels(chrome):
    """What comes back for a later look-up is added to what comes back for an earlier one."""
    table = [[Value(0.1 * (3 * row + column)) for column in range(3)] for row in range(5)]
    columns = [*zip(*table)]

    def function(x, i):
        first = [pick(column, i) for column in columns]
        second = [pick(column, i + 1) for column in columns]
        return sum_of([a * b * c for a, b, c in zip(first, second, x)])

    parameters = [value for row in table for value in row]
    check(chrome, [Case(function, parameters, [([1.0, -2.0, 0.5], 1), ([0.5, 1.0, 2.0], 3)], "levels")])


def test_random_functions_have_the_values_and_gradients_of_numpy(chrome):
    check(chrome, [random_case(seed) for seed in range(150)])


def test_functions_that_branch_say_whether_a_row_goes_the_way_that_was_traced(chrome):
    cases, expected = [], []
    for seed in range(60):
        dice = random.Random(seed)
        maker = BranchingMaker(dice)
        function = maker.make(dice.randint(1, 4))
        rows = [_row(dice) for _ in range(2)]
        one, other = Case(function, maker.parameters, rows[:1]), Case(function, maker.parameters, rows[1:])
        other.script = one.script
        if one.specialization.inputs.fixed or len(other.given[2]) != len(one.script.arguments):
            continue
        cases += [one, other]
        expected += [True, _goes_the_same_way(one, rows[1])]
    found = in_the_browser(chrome, PASSES, [case.given for case in cases])
    assert [held for *_, held in found] == expected
    assert 10 < expected.count(False) < len(expected) / 2
    for case, (outputs, _, _, held) in zip(cases, found):
        if held:
            assert all(is_close(float(a), b, 10.0) for a, b in zip(outputs, flat(case.values), strict=True))


def _goes_the_same_way(case, row):
    """Tell whether the comparisons of a program come out for a row as for the one that was traced."""
    columns = [[argument] for argument in row]
    *_, held = case.specialization.run_on_arrays(columns, 1, gradient=False)
    return bool(held.all())


# ---- Networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_the_values_and_gradients_of_numpy(chrome, name):
    dice = random.Random(name)
    function, parameters, rows = NETWORKS[name](dice)
    check(chrome, [Case(function, parameters, rows, name)])


# ---- Each kind of array ------------------------------------------------------------------------

VECTOR = [0.5, -1.25, 2.0, 0.75]


def kinds():
    """For each kind of operation on arrays, functions that are raised to it."""
    w = [[Value(0.1 * (5 * i + j) - 0.8) for j in range(4)] for i in range(3)]
    dot = lambda row, x: sum(a * b for a, b in zip(row, x))
    both = lambda x: [dot(row, x) for row in w]
    spread = lambda x: [[a * b for b in x] for a in both(x)]
    own = Op(
        "coupled",
        "Σ_i values[i] Σ_j values[j]",
        lambda values: sum(values) ** 2,
        many=lambda y, values: ([2.0 * sum(values, 0.0)] * len(values),),
        array=lambda xp, values: values.sum(axis=-1) * values.sum(axis=-1),
    )

    def looking_back(x):
        made = [both([*x[at:], *x[:at]]) for at in range(4)]
        rows = [[dot(made[at], made[other]).exp() for other in range(at + 1)] for at in range(4)]
        return sum(sum(a / sum(row) * one[0] for a, one in zip(row, made)) ** 2 for row in rows)

    return [w for row in w for w in row], {
        "looking back": looking_back,
        "product": lambda x: dot(both(x), [1.0, 2.0, 3.0]),
        "dots": lambda x: dot(both(x), both(x)),
        "sum": lambda x: sum_of([sum_of([a.tanh() for a in row]) for row in spread(x)]),
        "add": lambda x: sum((a + b) * c for a, b, c in zip(both(x), both(x[::-1]), both(x))),
        "where": lambda x: sum(where(a, b, a * 2.0) for a, b in zip(both(x), both(x[::-1]))),
        "amax": lambda x: amax(both(x)) + sum(amax(row) for row in spread(x)),
        "logsumexp": lambda x: losses.cross_entropy(both(x), 1),
        "coupled": lambda x: own(both(x)) + sum(own(row) for row in spread(x)),
        "concatenate": lambda x: dot([*both(x), *x], [*both(x), *[a.tanh() for a in x]]),
    }


def test_each_kind_of_array_has_the_values_and_gradients_of_numpy(chrome):
    parameters, functions = kinds()
    rows = [(VECTOR,), ([number * 0.5 for number in VECTOR],)]
    check(chrome, [Case(f, parameters, rows, kind) for kind, f in functions.items()])


def of_each_element(op):
    """Apply an operation to the elements of a layer, or to rows of them."""
    call, count = call_of(op), inputs_of(op)
    w = [[Value(0.3 * i - 0.4 * j + 0.2) for j in range(4)] for i in range(4)]

    def function(x):
        z = [sum(a * b for a, b in zip(row, x)) + 0.1 for row in w]
        return sum(call(*(z[(i + shift) % 4] for shift in range(count))) * (i + 1.0) for i in range(4))

    return function, [p for row in w for p in row]


def test_every_operation_has_the_values_and_gradients_of_numpy(chrome):
    rows = [(VECTOR,), ([0.25, 0.5, 0.125, 0.75],)]
    check(
        chrome, [Case(*of_each_element(op), rows, op.name) for op in without({"dot", "pick"})]
    )  # networks have those


def test_an_operation_of_ones_own_is_written_or_says_what_to_declare(chrome):
    cube = Op("cube", "cube({0})", "{0} * {0} * {0}", lambda y, a: 3.0 * a * a)
    check(chrome, [Case(*of_each_element_of(cube), [(VECTOR,)], "cube")])
    opaque = Op("opaque", "opaque({0})", math.erf, lambda y, a: 1.0 - y * y)
    function, parameters = of_each_element_of(opaque)
    program = compile(function, parameters, backend="numpy")
    program(VECTOR)
    with pytest.raises(TypeError, match="opaque cannot be written as JavaScript"):
        program.cache.first().script.text


def of_each_element_of(own):
    w = [Value(0.25), Value(-0.5), Value(1.0), Value(0.75)]
    return lambda x: sum(own(a * b) for a, b in zip(w, x)), w


def test_every_primitive_is_among_what_is_tried():
    """A new kind of operation on arrays fails here until a function that is raised to it is tried."""
    cases = [random_case(seed) for seed in range(40)]
    for name, make in NETWORKS.items():
        cases.append(Case(*make(random.Random(name)), name))
    parameters, functions = kinds()
    cases += [Case(f, parameters, [(VECTOR,)], kind) for kind, f in functions.items()]
    tried = {type(array) for case in cases for array in case.script.arrays}
    declared = {kind for kind in vars(primitives).values() if inspect.isclass(kind)}
    declared = {kind for kind in declared if issubclass(kind, Primitive) and not inspect.isabstract(kind)}
    assert {kind.__name__ for kind in declared - tried} - {"_OfOp"} == set()


# ---- Training ----------------------------------------------------------------------------------

STEPS = 100


def moons_like(dice, count=20):
    return [[dice.uniform(-1.0, 1.0), dice.uniform(-1.0, 1.0)] for _ in range(count)]


def trained(chrome, cases):
    """Train each case in the browser and in Python, and compare all losses and the last parameters."""
    given, expected = [], []
    for name, function, model, columns, optimizer in cases:
        program = compile(function, model, backend="numpy")
        program(*[column[0] for column in columns])
        script = program.cache.first().script
        update = UpdateScript(optimizer)
        begin = [parameter.data for parameter in program.parameters]
        rates = [optimizer.lr(step) if callable(optimizer.lr) else optimizer.lr for step in range(STEPS)]
        flats = [flat(column) for column in columns]
        given.append(
            [script.text, update.text, update.start, update.settings, rates, begin, flats, len(columns[0])]
        )
        trainer = program.trainer(optimizer)
        found = [trainer.step(*columns) for _ in range(STEPS)]
        trainer.write_back()
        expected.append((name, found, [parameter.data for parameter in program.parameters]))
    for (name, *pairs), result in zip(expected, in_the_browser(chrome, TRAINING, given), strict=True):
        for mine, other in zip(pairs, result, strict=True):
            assert numpy.allclose([*map(float, other)], mine, rtol=1e-10, atol=1e-12), name


OPTIMISERS = {
    "SGD": lambda: optim.SGD(lr=0.1),
    "momentum": lambda: optim.SGD(lr=0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda: optim.SGD(lr=0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda: optim.RMSprop(lr=0.01),
    "Adam": lambda: optim.Adam(lr=0.02),
    "Adam with decay": lambda: optim.Adam(lr=0.02, betas=(0.8, 0.95), weight_decay=0.1),
    "AdamW": lambda: optim.AdamW(lr=0.02, weight_decay=0.1),
    "amsgrad": lambda: optim.Adam(lr=0.02, amsgrad=True),
    "Adagrad": lambda: optim.Adagrad(lr=0.05, weight_decay=0.01),
    "Lion": lambda: optim.Lion(lr=0.01, weight_decay=0.1),
    "a schedule": lambda: optim.SGD(lr=optim.cosine(0.1, 0.01, 100), momentum=0.5),
}


def test_every_rule_trains_as_it_does_in_python(chrome):
    listed = [kind for kind in vars(rules).values() if inspect.isclass(kind)]
    listed = {kind for kind in listed if issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer}
    assert {type(make()) for make in OPTIMISERS.values()} == listed
    cases = []
    for name, make in OPTIMISERS.items():
        dice = random.Random(name)
        model = nn.MLP(2, [5, 4, 1], "tanh", seed=3)
        X = moons_like(dice)
        y = [float(a * b > 0.0) for a, b in X]
        loss = lambda x, t, model=model: losses.bce_with_logits(model(x), t)
        cases.append((name, loss, model, [X, y], make()))
    trained(chrome, cases)


LOSSES = {
    "squared_error": (1, lambda output, t: losses.squared_error(output, t), lambda a, b: a * b),
    "mse": (2, lambda output, t: losses.mse(output, t), lambda a, b: [a, b * b]),
    "gaussian_nll": (
        2,
        lambda output, t: losses.gaussian_nll(output[0], t, output[1].exp()),
        lambda a, b: a + b,
    ),
    "binary_cross_entropy": (
        1,
        lambda output, t: losses.binary_cross_entropy(output.sigmoid(), t),
        lambda a, b: float(a > b),
    ),
    "bce_with_logits": (1, losses.bce_with_logits, lambda a, b: float(a > b)),
    "cross_entropy": (3, losses.cross_entropy, lambda a, b: int(a > 0.0) + int(b > 0.0)),
    "l1": (2, losses.l1, lambda a, b: [a, b * b]),
    "huber": (2, losses.huber, lambda a, b: [3.0 * a, b * b]),
    "kl_divergence": (3, losses.kl_divergence, lambda a, b: [0.0, a * a / 8.0, 1.0 - a * a / 8.0]),
    "focal": (1, losses.focal, lambda a, b: float(a > b)),
    "hinge": (1, losses.hinge, lambda a, b: math.copysign(1.0, a * b)),
    "l2": (1, None, lambda a, b: a),
}


def test_every_loss_trains_as_it_does_in_python(chrome):
    assert {*LOSSES} == {*losses.__all__}
    cases = []
    for name, (outputs, loss, target) in LOSSES.items():
        model = nn.MLP(2, [6, outputs], "silu", seed=5)
        X = moons_like(random.Random(name))

        def function(x, t, model=model, loss=loss):
            if loss is None:
                return losses.mse(model(x), t) + 0.01 * losses.l2(model.parameters())
            return loss(model(x), t)

        cases.append((name, function, model, [X, [target(*x) for x in X]], optim.Adam(lr=0.01)))
    trained(chrome, cases)


def test_a_setting_that_was_0_can_be_changed_while_it_trains(chrome):
    update = UpdateScript(optim.SGD(lr=0.5))
    assert update.settings == {"weight_decay": 0.0}
    body = """
    const [text, decay] = given, P = Float64Array.of(2, -4), G = Float64Array.of(1, 0);
    make(text)(P, G, [], 0.5, 1, { weight_decay: decay });
    return [...P];"""
    assert in_the_browser(chrome, body, update.text, 0.0) == [1.5, -4.0]
    assert in_the_browser(chrome, body, update.text, 0.25) == [1.25, -3.5]


def test_a_rule_of_ones_own_is_written_or_says_what_it_needs():
    class Signs(optim.Optimizer):
        def update(self, data, grad, state, lr, step):
            return lr * where(grad, grad / abs(grad), 0.0), state

    class Opaque(optim.Optimizer):
        def update(self, data, grad, state, lr, step):
            return lr * math.tanh(grad), state

    class Decaying(optim.SGD):
        def update(self, data, grad, state, lr, step):
            return lr * (grad + self.weight_decay * data if self.weight_decay else grad), state

    assert "weight_decay * data" in UpdateScript(Decaying(lr=0.1)).text
    assert "rate * (grad !== 0 ? grad / abs(grad) : 0)" in UpdateScript(Signs(lr=0.1)).text
    with pytest.raises(TypeError, match="the rule of Opaque cannot be written"):
        UpdateScript(Opaque(lr=0.1))


@pytest.mark.parametrize("numbers", [[3.0, 4.0], [0.0, 0.0], [3e200, -4e200], [0.1, 0.2], [math.inf, 1.0]])
def test_gradients_are_clipped_as_in_python(chrome, numbers):
    values = [Value(0.0) for _ in numbers]
    for value, number in zip(values, numbers):
        value.grad = number
    norm = optim.clip_grad_norm(values, 1.0)
    body = "const G = Float64Array.from(given[0], Number); return shown([make('clipGradNorm')(G, 1), ...G]);"
    found = [*map(float, in_the_browser(chrome, body, texts(numbers)))]
    assert found == pytest.approx([norm, *(value.grad for value in values)], rel=1e-15)


# ---- Random numbers ----------------------------------------------------------------------------


def test_random_leaves_are_drawn_from_the_generator_that_is_given(chrome):
    dropout, w = nn.Dropout(0.25, seed=1), [Value(1.0) for _ in range(8)]
    program = compile(lambda x: sum(dropout([wi * xi for wi, xi in zip(w, x)])), w)
    program([1.0] * 8)
    script = program.cache.first().script
    body = """
    const [text] = given;
    let place = 0;
    const drawn = [0.1, 0.3, 0.2, 0.9, 0.25, 0.24, 0.5, 0.7];
    const program = make(text)(new Float64Array(8).fill(1), new Float64Array(8), () => drawn[place++ % 8]);
    const first = [...program.forward([1, 2, 3, 4, 5, 6, 7, 8])], draws = place;
    program.backward();
    program.resample(false);
    const again = [...program.forward([1, 2, 3, 4, 5, 6, 7, 8])], still = place;
    program.resample(true);
    program.forward([1, 2, 3, 4, 5, 6, 7, 8]);
    return [first, draws, again, still, place];"""
    total = (2 + 4 + 5 + 7 + 8) / 0.75
    [[first], draws, [again], still, last] = in_the_browser(chrome, body, script.text)
    assert first == pytest.approx(total, rel=1e-15) and again == first
    assert (draws, still, last) == (8, 8, 16)


def test_a_source_of_random_numbers_that_says_no_chances_cannot_be_written():
    class Noise(nn.Dropout):
        chances = None

    noise, w = Noise(0.5, seed=1), Value(1.0)
    program = compile(lambda x: noise([w * x])[0], [w])
    program(1.0)
    with pytest.raises(TypeError, match="random numbers of Dropout"):
        program.cache.first().script.text


# ---- What a page reads -------------------------------------------------------------------------


def test_a_page_reads_each_array_and_its_adjoint_by_name(chrome):
    W = [[Value(1.0), Value(-2.0)], [Value(0.5), Value(3.0)]]
    b, v = [Value(0.25), Value(-1.0)], [Value(2.0), Value(3.0)]
    parameters = [*W[0], b[0], *W[1], b[1], *v]

    def loss(x, t):
        hidden = [(b[i] + W[i][0] * x[0] + W[i][1] * x[1]).relu() for i in range(2)]
        return (v[0] * hidden[0] + v[1] * hidden[1] - t) ** 2

    program = compile(loss, parameters)
    program([1.0, 0.5], 2.0)
    script = program.cache.first().script
    assert (script.arguments, script.lengths) == (["x", "t"], [2, 1])
    assert (script.parameters, script.outputs) == (8, 1)
    body = """
    const [text, numbers] = given, P = Float64Array.from(numbers), G = new Float64Array(8);
    const program = make(text)(P, G, Math.random), lists = {};
    const out = program.forward([1, 0.5], 2);
    program.backward();
    for (const name of ["x", "t", "z1", "h1"]) lists[name] = [...program.values[name]];
    for (const name of ["z1", "h1"]) lists["d" + name] = [...program.adjoints[name]];
    program.backward(0.5);
    return { ...lists, out: [...out], same: out === program.outputs, G: [...G], held: program.held };"""
    found = in_the_browser(chrome, body, script.text, [parameter.data for parameter in parameters])
    assert found == {
        "x": [1.0, 0.5], "t": [2.0], "z1": [0.25, 1.0], "h1": [0.25, 1.0], "out": [2.25],
        "same": True, "held": True,
        "dh1": [6.0, 9.0], "dz1": [6.0, 9.0],
        "G": [9.0, 4.5, 9.0, 13.5, 6.75, 13.5, 1.125, 4.5],  # one and a half times the gradient
    }  # fmt: skip


def test_the_arrays_say_where_their_parameters_are_in_p():
    model = nn.MLP(2, [3, 1], seed=1)
    program = compile(lambda x, t: losses.mse(model(x), t), model)
    program([1.0, 2.0], 0.0)
    leaves = program.cache.first().script.program.leaves("parameter")
    places = {leaf.name: leaf.places.reshape(leaf.shape).tolist() for leaf in leaves}
    assert places["W1"] == [[0, 1], [3, 4], [6, 7]] and places["b1"] == [2, 5, 8]


def test_programs_of_one_row_leave_the_program_of_a_batch_as_it_is():
    model = nn.MLP(2, [3, 1], seed=1)
    program = compile(lambda x, t: losses.mse(model(x), t), model, backend="numpy")
    program([1.0, 2.0], 0.0)
    specialization = program.cache.first()
    before, source = str(specialization.raised), program.source
    assert "*" in before and "*" not in str(specialization.script.program)
    assert str(specialization.raised) == before and program.source == source


NAMES = ["new", "exp", "P", "share", "s0", "t", "i", "outputs", "arrayProgram", "held", "dx", "dp1", "db1"]


@pytest.mark.parametrize("label", NAMES)
def test_an_argument_may_have_any_name(chrome, label):
    w = Value(3.0)
    names = {"w": w}
    exec(f"def function({label}): return (w * {label}[0] + {label}[1]).tanh() * w", names)
    check(chrome, [Case(names["function"], [w], [([0.5, 0.25],), ([-1.0, 0.5],)], label)])


def test_the_names_that_a_script_needs_are_all_reserved():
    """What the scripts define or name at their top is no name of an array."""
    model = nn.MLP(2, [3, 1], seed=1)
    program = compile(lambda x, t: losses.mse(model(x), t), model)
    program([1.0, 2.0], 0.0)
    script = program.cache.first().script
    own = {*re.findall(r"\b[A-Za-z_]\w*\b", re.sub(r"//.*", "", script.text))}
    arrays = {array.name for array in script.arrays} | {f"d{array.name}" for array in script.arrays}
    words = {"inputs", "values", "adjoints", "gradient", "subarray", "length"}  # keys and properties
    others = own - arrays - {*RESERVED} - known_names() - words
    assert all(re.fullmatch(r"[i-u]\d*|[ciu]\d+_?|t_", word) for word in others), others


# ---- Loops -------------------------------------------------------------------------------------


def test_an_element_that_a_loop_does_not_change_is_read_once_before_it():
    block, x = Block(), plain("x", (3,))
    i, j = block.variables([3, 4])

    def body(inner):
        total = inner.read("x", x.at([i])) * inner.read("x", x.at([i])) + inner.read("y", j)
        inner.lines.append(f"z[{i * 4 + j}] = {inner.text(total)};")

    block.loop([i, j], body)
    assert block.lines == [
        "for (let i = 0; i < 3; i++) {",
        "const t0 = x[i];",
        "for (let j = 0; j < 4; j++) z[4 * i + j] = t0 * t0 + y[j];",
        "}",
    ]


def test_an_expression_for_which_there_are_no_loops_is_named():
    with pytest.raises(TypeError, match="there are no loops for einsum yet"):
        Loops().elements(expressions.call("einsum", "ij->ji", expressions.name("x")))


# ---- Positions ---------------------------------------------------------------------------------


def test_positions_are_divided_as_whole_numbers_are():
    dice = random.Random(1)
    for _ in range(300):
        variables = [Variable(name, dice.randint(2, 5)) for name in "ij"]
        place = Place(
            tuple((each, dice.choice([1, 2, 3, 6, -2, 12])) for each in variables), dice.randint(0, 9)
        )
        divisor = dice.randint(1, 8)
        quotient, rest = place.divided(divisor)
        for i in range(variables[0].count):
            for j in range(variables[1].count):
                names = {"i": i, "j": j, "Math": _Floor}
                value, whole, left = (
                    eval(str(each).replace(" / ", " // "), names) for each in (place, quotient, rest)
                )
                if value >= 0:
                    assert (whole, left) == divmod(value, divisor), (str(place), divisor)


class _Floor:
    floor = staticmethod(math.floor)


def test_positions_are_counted_through_and_back():
    i, j, k = (Place(((Variable(name, count), 1),)) for name, count in [("i", 4), ("j", 3), ("k", 5)])
    flat_one = flat_place([i, j, k], (4, 3, 5))
    assert str(flat_one) == "15 * i + 5 * j + k"
    assert [*map(str, spread_over(flat_one, (4, 3, 5)))] == ["i", "j", "k"]
    assert [*map(str, spread_over(flat_one, (12, 5)))] == ["3 * i + j", "k"]
    assert even_steps(numpy.array([[1, 4], [3, 6]])) == (1, (2, 3))
    assert even_steps(numpy.array([[1, 4], [3, 7]])) is None
