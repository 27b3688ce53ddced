"""Operations as JavaScript, run in Chromium: value and partials against Python; what cannot be written."""

import itertools
import json
import math
import random
import warnings

import numpy
import pytest
from mpmath import MPContext

from autograd_lite import Op, Value, optim
from autograd_lite.core.list_rules import logsumexp_of, logsumexp_of_array
from autograd_lite.javascript import (
    Term,
    function_script,
    names_script,
    slopes_of,
    slopes_script,
    value_of,
    value_script,
)
from autograd_lite.ops import OPS

inf, nan = math.inf, math.nan
EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -3.0,
    0.5,
    -0.5,
    inf,
    -inf,
    nan,
    5e-324,
    -1e-310,
    1e-9,
    710.0,
    -746.0,
    1e308,
]
RUN = """
const names = arguments[0];
const read = (texts) => texts.map(Number);
const write = (number) => Object.is(number, -0) ? "-0" : String(number);
return arguments[1].map(([value, slopes, points]) => {
  const [f, d] = new Function(names + `; return [${value}, ${slopes}];`)();
  return points.map((point) => {
    const x = read(point), y = f(x);
    return [y, ...d(y, x)].map(write);
  });
});
"""


def written(number):
    return "NaN" if math.isnan(number) else repr(float(number)).replace("inf", "Infinity")


def in_the_browser(driver, cases):
    """Compute value and partials of (value script, slopes script, points), all in one call."""
    given = [[value, slopes, [[*map(written, point)] for point in points]] for value, slopes, points in cases]
    driver.get("about:blank")
    results = driver.execute_script(RUN, names_script(), json.loads(json.dumps(given)))
    return [[[*map(float, numbers)] for numbers in result] for result in results]


def in_python(op, counts, attributes, point):
    """Compute them as the engine does."""
    numbers = iter(point)
    lists = [[*itertools.islice(numbers, count)] for count in counts]
    inputs = [*(lists if op.many is not None else lists[0]), *attributes]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = op.forward(*inputs)
        return [y, *map(float, op.slopes(y, inputs, range(len(point))))]


def close(actual, expected):
    if math.isnan(expected) or math.isinf(expected) or expected == 0.0:
        return written(actual) == written(expected)
    return abs(actual - expected) <= 1e-12 * abs(expected) + 5e-324


def variants(op):
    """Give numbers of inputs, and attributes, to try an operation with."""
    if op.many is None:
        choices = [[0.01, 0.0, 1.0, -2.0]] * len(op.attributes)
        return [([len(op.partials)], [*chosen]) for chosen in itertools.product(*choices)]
    lengths = [[3, 3, 1], [1, 1, 1]] if op.name == "dot" else [[1], [2], [5]]
    return [(counts, [counts[0] - 1] if op.attributes else []) for counts in lengths]


def points_for(count, dice):
    yield from itertools.product(EDGES, repeat=min(count, 2)) if count <= 2 else ()
    for _ in range(200):
        yield [dice.choice(EDGES) for _ in range(count)]
        yield [dice.gauss(0.0, 3.0) for _ in range(count)]
        yield [dice.choice([dice.gauss(0.0, 1.0) * 10.0 ** dice.randint(-8, 8), 2.0]) for _ in range(count)]


def test_every_operation_is_in_javascript_what_it_is_in_python(chrome):
    dice = random.Random(1)
    listed, cases = [], []
    for op in OPS.values():
        for counts, attributes in variants(op):
            scripts = [write(op, *counts, attributes=attributes) for write in (value_script, slopes_script)]
            points = [*points_for(sum(counts), dice)]
            listed.append((op, counts, attributes, points))
            cases.append((*scripts, points))
    for (op, counts, attributes, points), results in zip(listed, in_the_browser(chrome, cases)):
        for point, numbers in zip(points, results):
            expected = in_python(op, counts, attributes, point)
            assert len(numbers) == len(expected)
            assert all(map(close, numbers, expected)), (op.name, attributes, point, numbers, expected)


# ---- logsumexp, whose array form is what is written ---------------------------------------------


@pytest.mark.parametrize(
    "values", [[0.0, -18.0], [-18.0, 0.0], [0.0, -40.0, -41.0], [3e-9, -19.0], [1e-300, -700.0], [5.0, 5.0]]
)
def test_logsumexp_keeps_what_is_small_beside_the_largest(chrome, values):
    mp = MPContext()
    mp.dps = 400
    exact = mp.log(sum(map(mp.exp, values)))
    op = OPS["logsumexp"]
    scripts = [write(op, len(values)) for write in (value_script, slopes_script)]
    [[[in_javascript, *_]]] = in_the_browser(chrome, [(*scripts, [values])])
    of_array = float(logsumexp_of_array(numpy, numpy.array(values)))
    for number in (logsumexp_of(values), of_array, in_javascript):
        assert abs(mp.mpf(number) - exact) <= 1e-15 * abs(exact)


# ---- Operations of one's own --------------------------------------------------------------------

OWN = {
    "by calculation": Op("cube", "cube({0})", lambda a: a * a * a, lambda y, a: 3.0 * a * a),
    "by source": Op(
        "band", "band({0})",
        "1.0 if -1.0 < {0} <= 1.0 and not {0} == 0.5 or {0} > 5.0 else max({0}, 0.0, -{0})",
        lambda y, a: 0.0 * a,
    ),
    "by the truth of a number": Op(
        "full", "full({0})", "2.0 if {0} and not {0} - 1.0 else 3.0", lambda y, a: 0.0 * a
    ),
    "by what is known and what is not": Op(
        "known", "known({0}, {1})", "{0} if {1} > 1.0 and {0} > 0.0 or {1} < 0.0 or {0} < -1.0 else {1}",
        lambda y, a, by: 0.0 * a, attributes={"by": 2.0},
    ),
    "by an array form": Op(
        "gauss", "gauss({0})", lambda a: math.exp(-min(abs(a), 30.0) ** 2), lambda y, a: -2.0 * a * y,
        array="exp(-minimum(abs({0}), 30.0) ** 2)",
    ),
    "of three": Op(
        "mix", "mix({0}, {1}, {2})", "{0} * {1} + (1.0 - {0}) * {2}",
        lambda y, a, b, c: b - c, lambda y, a, b, c: a, lambda y, a, b, c: 1.0 - a,
    ),
    "with an attribute": Op(
        "scaled", "scaled({0}, {1})", lambda a, by: by * a, lambda y, a, by: by, attributes={"by": 2.5}
    ),
    "of a list": Op(
        "norm", "norm(values)", lambda values: math.sqrt(sum(value * value for value in values)),
        many=lambda y, values: ([value / y for value in values],),
        array=lambda xp, values: xp.sqrt((values * values).sum(axis=-1)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("op", OWN.values(), ids=[*OWN])
def test_an_operation_of_ones_own_is_written_from_its_declaration(chrome, op):
    counts, attributes = [len(op.partials) or 3], [*op.attributes.values()]
    scripts = [write(op, *counts, attributes=attributes) for write in (value_script, slopes_script)]
    dice = random.Random(2)
    numbers = [0.0, 1.0, -1.0, 0.5, 7.0, nan] if counts == [1] else [1.0, -2.0, 0.25]
    points = [[number] * counts[0] for number in numbers]
    points += [[dice.gauss(0.0, 2.0) for _ in range(counts[0])] for _ in range(50)]
    [results] = in_the_browser(chrome, [(*scripts, points)])
    for point, numbers in zip(points, results):
        assert all(map(close, numbers, in_python(op, counts, attributes, point))), point


OPAQUE = {
    "its function needs floats": Op(
        "hill", "hill({0})", lambda a: math.exp(-a * a), lambda y, a: -2.0 * a * y
    ),
    "its function decides by if": Op("gate", "gate({0})", lambda a: a if a > 0.0 else 0.0, lambda y, a: a),
    "its array form names another function": Op(
        "bessel", "bessel({0})", lambda a: a, lambda y, a: a, array="j0({0})"
    ),
    "its array form is for arrays alone": Op(
        "mean", "mean(values)", lambda values: sum(values) / len(values),
        many=lambda y, values: ([1.0 / len(values)] * len(values),),
        array=lambda xp, values: values.mean(axis=-1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("op", OPAQUE.values(), ids=[*OPAQUE])
def test_what_cannot_be_written_is_named_and_what_to_declare_is_said(op):
    with pytest.raises(TypeError, match=rf"^{op.name} cannot be written as JavaScript \(.*declare.*array="):
        value_script(op, len(op.partials) or 2)


def test_an_operation_that_a_rule_applies_is_named():
    outer = Op("outer", "outer({0})", "{0} * {0}", lambda y, a: OPAQUE["its function needs floats"](a))
    with pytest.raises(TypeError, match="^hill cannot be written"):
        slopes_script(outer, 1)


# ---- Terms --------------------------------------------------------------------------------------


def test_a_sum_of_many_numbers_is_written_without_recursion(chrome):
    scripts = [write(OPS["dot"], 5000, 5000, 1) for write in (value_script, slopes_script)]
    point = [*range(5000), *[0.5] * 5000, 0.25]
    [[numbers]] = in_the_browser(chrome, [(*scripts, [point])])
    assert numbers[0] == sum(range(5000)) * 0.5 + 0.25
    assert numbers[1:] == [*point[5000:10000], *point[:5000], 1.0]


def test_parentheses_stand_where_they_are_needed_and_nowhere_else():
    a, b = Term("a"), Term("b")
    for term, text in [
        ((a + b) - (a - b), "a + b - (a - b)"),
        (a / (b * a), "a / (b * a)"),
        (-(-a), "-(-a)"),
        (a - -2.0, "a - -2"),
        ((a + 1e-300) * -inf, "(a + 1e-300) * -Infinity"),
        (a * nan, "a * NaN"),
        (-(a * b), "-(a * b)"),
        (a**-2.0, "pow(a, -2)"),
    ]:
        assert function_script("a, b", term) == f"(a, b) => {text}"


def test_a_function_of_other_kinds_of_terms():
    y, a = Term("y"), Term("a")
    assert value_of(OPS["neg"], [2.0]).text == "-{}"
    assert function_script("y, a", slopes_of(OPS["exp"], y, [a])) == "(y, a) => [y]"
    assert function_script("", [1.0, True]) == "() => [1, true]"
    assert repr(a * 2.0) == "Term('a * 2')"


RULES = [
    optim.SGD(lr=0.1),
    optim.SGD(lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.1),
    optim.RMSprop(),
    optim.Adam(),
    optim.Adam(weight_decay=0.1, betas=(0.5, 0.75)),
    optim.AdamW(),
    optim.AdamW(amsgrad=True),
    optim.Adagrad(weight_decay=0.1),
    optim.Lion(weight_decay=0.1),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_the_rule_of_an_optimiser_is_written_too(chrome, rule):
    count = len(rule.begin(0.0))
    state = tuple(Term(f"state[{place}]") for place in range(count))
    change, after = rule.update(Term("data"), Term("grad"), state, Term("lr"), Term("step"))
    script = function_script("data, grad, state, lr, step", [change, *after])
    run = """const update = new Function(arguments[0] + `; return ${arguments[1]};`)();
    let [data, state, seen] = [1.5, Array(arguments[2]).fill(0), []];
    for (let step = 1; step <= 20; step++) {
      const [change, ...after] = update(data, 2 * data - 1, state, 0.05, step);
      [data, state] = [data - change, after];
      seen.push(data);
    }
    return seen;"""
    chrome.get("about:blank")
    seen = chrome.execute_script(run, names_script(), script, count)
    value = Value(1.5)
    data, numbers = value.data, rule.begin(0.0)
    for step, actual in enumerate(seen, start=1):
        change, numbers = rule.update(data, 2.0 * data - 1.0, numbers, 0.05, step)
        data -= change
        assert actual == pytest.approx(data, rel=1e-13)
