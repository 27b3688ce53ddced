"""fit and predict: what they refuse, what they promise, and that it can be taken up again."""

import array
import base64
import collections
import itertools
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from xml.etree import ElementTree

import numpy
import pandas
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile, datasets, files, losses, nn, optim
from autograd_lite.training import History, accuracy, fit, predict
from autograd_lite.training.progress import Progress

ROOT = Path(__file__).parents[1]
FIT = sys.modules["autograd_lite.training.fit"]
inf, nan = math.inf, math.nan

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]
BCE = losses.bce_with_logits


def small(seed=0):
    return nn.MLP(2, [3, 1], activation="tanh", seed=seed)


def points(count, seed=0):
    """Points in the plane, of class 1 on the upper right."""
    generator = random.Random(seed)
    X = [[generator.gauss(0.0, 1.0), generator.gauss(0.0, 1.0)] for _ in range(count)]
    return X, [int(a + b > 0.0) for a, b in X]


def numbers(model):
    return [p.data for p in model.parameters()]


# ---- What is refused, before anything has changed -----------------------------------------

GOOD = {"X": CORNERS, "y": XOR, "loss": BCE, "epochs": 2}
BAD = {
    "too few targets": ({"y": [0, 1]}, ValueError, "as many targets as examples: got 2 and 4"),
    "no examples": ({"X": [], "y": []}, ValueError, "no examples"),
    "one wrong width": ({"X": [*CORNERS[:3], [1.0]]}, ValueError, "expected 2 inputs, got 1"),
    "nan in a row": (
        {"X": [*CORNERS[:3], [1.0, nan]]},
        ValueError,
        "example 3 holds a number that is inf or nan",
    ),
    "inf and -inf in a row": ({"X": [[inf, -inf], *CORNERS[1:]]}, ValueError, "example 0"),
    "a row that hides a number": (
        {"X": [*CORNERS[:3], numpy.ma.masked_less(numpy.array([0.0, 1.0]), 0.5)]},
        TypeError,
        "an example is a masked array",
    ),
    "an integer beyond floats": ({"X": [*CORNERS[:3], [1, 10**400]]}, ValueError, "example 3"),
    "nan in an array": ({"X": numpy.array([*CORNERS[:3], [1.0, nan]])}, ValueError, "example 3"),
    "-inf in an array": ({"X": numpy.array([*CORNERS[:3], [1.0, -inf]])}, ValueError, "example 3"),
    "rows that are arrays": (
        {"X": [*map(numpy.array, CORNERS[:3]), numpy.array([nan, 1.0])]},
        ValueError,
        "example 3",
    ),
    "nan as a target": ({"y": [0, 1, 1, nan]}, ValueError, "example 3"),
    "a label that is the last of its kind": ({"y": [0, 1, 1, 2]}, ValueError, "label is 0 or 1.* got 2"),
    "a list as a target": ({"y": [0, 1, 1, [0, 1]]}, ValueError, "got 2 and 1: for a one-hot row"),
    "hinge with 0 and 1": ({"loss": losses.hinge}, ValueError, "2 \\* y - 1"),
    "two targets for one output": ({"loss": losses.mse, "y": [[0.0, 1.0]] * 4}, ValueError, "got 2 and 1"),
    "a loss that is no Value": ({"loss": lambda f, t: 1.0}, TypeError, "returns one Value, got 1.0"),
    "a loss that is a list": ({"loss": lambda f, t: [f]}, TypeError, "returns one Value"),
    "a loss without return": ({"loss": lambda f, t: None}, TypeError, "is a sum or a return missing"),
    "batch size 0": ({"batch_size": 0}, ValueError, "batch_size is a whole number of at least 1, got 0"),
    "batch size 1.5": ({"batch_size": 1.5}, TypeError, "batch_size is a whole number, got 1.5"),
    "batch size True": ({"batch_size": True}, ValueError, "batch_size"),
    "no epochs": ({"epochs": 0}, ValueError, "epochs is a whole number of at least 1"),
    "a bound of 0": ({"clip": 0.0}, ValueError, "clip is a positive number, got 0.0"),
    "a bound below 0": ({"clip": -1}, ValueError, "clip is a positive number, got -1"),
    "a bound of inf": ({"clip": inf}, ValueError, "clip is a positive number, got inf"),
    "a bound that is no number": ({"clip": "1.0"}, TypeError, r"clip is a number.*float\('1.0'\)"),
    "no patience": ({"early_stopping": 0, "validation": 0.5}, ValueError, "early_stopping is a whole"),
    "early stopping without validation": ({"early_stopping": 1}, ValueError, "give validation=0.2"),
    "a validation fraction of 1": ({"validation": 1.0}, ValueError, "fraction between 0 and 1"),
    "an empty validation set": ({"validation": 0.01}, ValueError, "leaves one side empty"),
    "wrong width in validation": ({"validation": ([[1.0]], [0])}, ValueError, "expected 2 inputs, got 1"),
    "wrong label in validation": ({"validation": (CORNERS, [0, 1, 1, 3])}, ValueError, "got 3"),
    "nan in validation": ({"validation": ([[nan, 0.0]], [0])}, ValueError, "example 0"),
    "a seed that is none": ({"seed": None}, TypeError, "seed is a whole number"),
    "no folder": ({"checkpoint": "/no/such/folder/file"}, FileNotFoundError, "no folder"),
    "a metric without a number": ({"metrics": {"m": lambda f, t: None}}, TypeError, "the metric m"),
    "a string": ({"X": "abcd"}, TypeError, "X is a list or an array, got str"),
    "an iterator": ({"X": iter(CORNERS)}, TypeError, "X is a list or an array"),
    "a single number": ({"y": numpy.float64(3.0)}, TypeError, "y is a list or an array"),
    "float32 and eager": ({"compiled": False, "dtype": "float32"}, ValueError, "leave out compiled=False"),
    "a dtype that is none": (
        {"dtype": "float16"},
        ValueError,
        "dtype is 'float64' or 'float32', got 'float16'",
    ),
    "a dtype of NumPy": ({"dtype": numpy.float64}, ValueError, "dtype is 'float64' or 'float32'"),
    "an eager dtype that is none": ({"compiled": False, "dtype": "double"}, ValueError, "dtype is"),
    "compiled 0": ({"compiled": 0}, TypeError, "compiled is True, False or None, got 0"),
    "a bare callback": (
        {"callbacks": print},
        TypeError,
        r"callbacks are a list of functions.*write \[print\]",
    ),
    "callbacks that are a number": ({"callbacks": 3}, TypeError, "callbacks are a list of functions"),
    "a callback that is none": ({"callbacks": [print, None]}, TypeError, "are functions, got None"),
    "a loss's name": ({"loss": "mse"}, TypeError, r"loss is a function.*losses\.mse"),
    "no loss": ({"loss": None}, TypeError, "loss is a function.*got None"),
    "shuffle no": ({"shuffle": "no"}, TypeError, "shuffle is True or False, got 'no'"),
    "progress yes": ({"progress": "yes"}, TypeError, "progress is True, False or None, got 'yes'"),
    "a bare metric": ({"metrics": accuracy}, TypeError, "metrics are a dict of functions by name"),
    "metrics in a list": ({"metrics": [accuracy]}, TypeError, "metrics are a dict"),
    "a metric that is none": ({"metrics": {"m": 3.0}}, TypeError, "are functions, got 3.0"),
    "a metric whose name is none": ({"metrics": {1: accuracy}}, TypeError, "the name of a metric"),
    "accuracy of lists": (
        {"metrics": {"m": lambda f, t: accuracy([f], [t, t])}},
        ValueError,
        "as many targets as outputs",
    ),
}


@pytest.mark.parametrize(("change", "kind", "said"), BAD.values(), ids=BAD)
def test_wrong_data_and_settings_are_refused_and_nothing_has_changed(change, kind, said):
    model = small()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for parameter in model.parameters():
        parameter.grad = 7.0
    settings = {**GOOD, **change}
    X, y, loss = settings.pop("X"), settings.pop("y"), settings.pop("loss")
    before = numbers(model), optimizer.state_dict(), random.getstate()
    with pytest.raises(kind, match=said):
        fit(model, loss, X, y, optimizer=optimizer, **settings)
    assert (numbers(model), optimizer.state_dict(), random.getstate()) == before
    assert {p.grad for p in model.parameters()} == {7.0}
    fresh = optim.SGD(lr=0.1)
    with pytest.raises(kind, match=said):
        fit(model, loss, X, y, optimizer=fresh, **settings)
    assert fresh.parameters is None


@pytest.mark.parametrize("label", [3, -1])
def test_a_class_out_of_range_is_found_wherever_it_stands(label):
    model = nn.MLP(2, [3], seed=0)
    X, y = points(50)
    before = numbers(model)
    with pytest.raises(ValueError, match=f"from 0 to 2, got {label}"):
        fit(model, losses.cross_entropy, X, [*y[:-1], label], optimizer=optim.SGD(lr=0.1))
    assert numbers(model) == before


def test_a_token_out_of_range_is_found_wherever_it_stands():
    model = nn.Embedding(3, 2, seed=0)
    with pytest.raises((ValueError, IndexError)):
        fit(model, losses.cross_entropy, [0, 1, 2, 3], [0, 1, 0, 1], optimizer=optim.SGD(lr=0.1))


@pytest.mark.parametrize(
    ("model", "optimizer", "kind", "said"),
    [
        (lambda x: Value(x), optim.SGD(lr=0.1), TypeError, "fit trains a Module"),
        (nn.MLP, optim.SGD(lr=0.1), TypeError, "fit trains a Module"),
        (small().freeze(), optim.SGD(lr=0.1), ValueError, "are all frozen"),
        (small(), optim.SGD, TypeError, "optimizer is one of"),
        (small(), optim.SGD(small().parameters(), lr=0.1), ValueError, "make a new optimiser"),
        (small(), optim.SGD(lr=lambda step: nan), ValueError, "learning rate nan"),
    ],
)
def test_what_cannot_be_trained(model, optimizer, kind, said):
    with pytest.raises(kind, match=said):
        fit(model, BCE, CORNERS, XOR, optimizer=optimizer)


def test_the_check_of_many_rows_is_fast():
    count = 60_000
    array = numpy.random.default_rng(0).normal(size=(count, 100))
    lists, y = array.tolist(), numpy.arange(count) % 10
    y[-1] = 10  # found by the check, which must have looked at everything else before
    model = nn.MLP(100, [10], seed=0)
    for X in (array, lists):
        began = time.perf_counter()
        with pytest.raises(ValueError, match="got 10"):
            fit(model, losses.cross_entropy, X, y, optimizer=optim.SGD(lr=0.1), batch_size=128)
        assert time.perf_counter() - began < 3.0


class Table:
    """What a table of pandas looks like, or one of polars: its items are the names of its columns."""

    columns = ["a", "b"]
    shape = (4, 2)

    def to_numpy(self):
        return numpy.array(CORNERS)

    def __len__(self):
        return 4

    def __iter__(self):
        return iter(self.columns)

    def __getitem__(self, name):
        return CORNERS[0]


class Sparse:
    """What SciPy's sparse arrays look like."""

    def toarray(self):
        return numpy.array(CORNERS)

    def __len__(self):
        raise TypeError("sparse array length is ambiguous")

    def __getitem__(self, row):
        return self


class Group:
    """What h5py's groups look like: a table with keys that is no Mapping."""

    def keys(self):
        return ["a", "b", "c", "d"]

    def __len__(self):
        return 4

    def __getitem__(self, key):
        return CORNERS[0]


NO_ROWS = {
    "a masked array": (numpy.ma.masked_less(numpy.array(CORNERS), 0.5), r"masked array: fill it, \.filled"),
    "a masked array without a mask": (numpy.ma.array(CORNERS), "masked array"),
    "a sparse array": (Sparse(), r"sparse array: pass .*\.toarray\(\)"),
    "a set": ({(0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)}, "got set: it has no order"),
    "a frozenset": (frozenset(range(4)), "got frozenset: it has no order"),
    "keys": (dict.fromkeys(range(4)).keys(), "no order"),
    "a dict": (dict(enumerate(CORNERS)), "got dict: pass a list of its values"),
    "a mapping": (types.MappingProxyType(dict(enumerate(CORNERS))), "pass a list of its values"),
    "a group": (Group(), "pass a list of its values"),
    "a string": ("abcd", "got str"),
    "a generator": ((x for x in CORNERS), "only once: pass list"),
    "an iterator": (iter(CORNERS), "only once: pass list"),
    "zip": (zip(CORNERS, CORNERS), "only once: pass list"),
    "values of a dict": (dict(enumerate(CORNERS)).values(), "got dict_values"),
    "an array without axes": (numpy.array(3.0), "a single number"),
    "NumPy's number": (numpy.float64(3.0), "a single number"),
    "a number": (3.0, "got float"),
    "a Value": (Value(3.0), "got Value"),
    "None": (None, "got NoneType"),
    "a class": (list, "got type"),
}
WEIGHT = Value(2.0)


def program():
    return compile(lambda x, y: WEIGHT * (x if isinstance(x, Value) else x[0]) + y, [WEIGHT])


def second_step(X, y):
    trainer = program().trainer(optim.SGD(lr=0.1))
    trainer.step([0.0, 1.0, 1.0, 2.0], XOR)
    trainer.step(X, y)


def fitted(X, y, **more):
    fit(small(), BCE, X, y, optimizer=optim.SGD(lr=0.1), **more)


ENTRIES = {
    "fit": fitted,
    "fit compiled": lambda X, y: fitted(X, y, compiled=True),
    "validation": lambda X, y: fitted(CORNERS, XOR, validation=(X, y)),
    "split": datasets.split,
    "map": lambda X, y: program().map(X, y),
    "mean_and_grad": lambda X, y: program().mean_and_grad(X, y),
    "backward": lambda X, y: program().backward(X, y),
    "on floats": lambda X, y: compile(lambda x, y: WEIGHT * y, [WEIGHT], backend="python").map(X, y),
    "a first step": lambda X, y: program().trainer(optim.SGD(lr=0.1)).step(X, y),
    "a later step": second_step,
}


@pytest.mark.parametrize(("rows", "said"), NO_ROWS.values(), ids=NO_ROWS)
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_what_is_no_list_of_examples_is_refused_at_every_entry(entry, rows, said):
    if hasattr(rows, "__next__"):
        rows = list(rows)
        rows = (row for row in rows)  # a new one for each entry
        said = "only once"
    with pytest.raises(TypeError, match=said):
        entry(rows, XOR)
    with pytest.raises(TypeError, match=said):
        entry(XOR, rows)


PROGRAMS = [name for name in ENTRIES if name not in ("fit", "fit compiled", "validation", "split")]


@pytest.mark.parametrize("entry", PROGRAMS)
def test_a_program_takes_rows_and_no_table(entry):
    for X, y in ((Table(), XOR), (XOR, Table())):
        with pytest.raises(TypeError, match=r"is a table, \S*Table: pass .*\.to_numpy\(\)"):
            ENTRIES[entry](X, y)


@pytest.mark.parametrize(("rows", "said"), NO_ROWS.values(), ids=NO_ROWS)
def test_predict_takes_no_other_rows_either(rows, said):
    for model in (small(), lambda x: Value(1.0), Normed()):
        with pytest.raises(TypeError, match=said):
            predict(model, rows)


@pytest.mark.parametrize(
    "rows",
    [
        CORNERS,
        tuple(CORNERS),
        numpy.array(CORNERS),
        collections.deque(CORNERS),
        Table().to_numpy(),
        [*map(array.array, "dddd", CORNERS)],
    ],
)
def test_what_has_rows_in_an_order_is_taken_at_every_entry(rows):
    assert predict(small(), rows) == predict(small(), CORNERS)
    fitted(rows, XOR, validation=(rows, collections.deque(XOR)))
    assert len(datasets.split(rows, range(4), fraction=0.5)[0]) == 2
    assert program().map(rows, XOR) == [0.0, 1.0, 3.0, 2.0]


@pytest.mark.parametrize("inputs", [{0.0, 1.0}, frozenset([0.0, 1.0]), {0.0: 1.0, 1.0: 2.0}, "01"])
@pytest.mark.parametrize("model", [small(), nn.Neuron(2), nn.LayerNorm(2), nn.Dropout()])
def test_inputs_without_an_order_are_refused(model, inputs):
    with pytest.raises(TypeError, match="make numbers of it" if inputs == "01" else "put them in order"):
        model(inputs)


def test_data_are_read_row_by_row_and_not_copied():
    class Rows:
        """What has a length and rows, and nothing to copy it by."""

        __iter__ = None

        def __init__(self, rows):
            self.rows = rows

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, index):
            assert isinstance(index, int)
            return self.rows[index]

    array = numpy.array(CORNERS)
    array.setflags(write=False)
    ends = []
    for X, y in ((CORNERS, XOR), (Rows(CORNERS), Rows(XOR)), (array, numpy.array(XOR))):
        model = small()
        fit(model, BCE, X, y, optimizer=optim.SGD(lr=0.1), epochs=3, batch_size=2, validation=0.25)
        ends.append(numbers(model))
    assert ends[0] == ends[1] == ends[2]


# ---- Batches ------------------------------------------------------------------------------


def test_A11_the_gradient_of_the_mean_is_the_mean_of_the_gradients():
    X, y = points(7)
    model = small()
    model.zero_grad()
    (sum(BCE(model(x), t) for x, t in zip(X, y)) / 7).backward()
    of_mean = [p.grad for p in model.parameters()]
    each = []
    for x, t in zip(X, y):
        model.zero_grad()
        BCE(model(x), t).backward()
        each.append([p.grad for p in model.parameters()])
    assert of_mean == pytest.approx([math.fsum(g) / 7 for g in zip(*each)], rel=1e-13, abs=1e-16)
    before = numbers(model)
    fit(model, BCE, X, y, optimizer=optim.SGD(lr=1.0), epochs=1)
    assert numbers(model) == pytest.approx([a - g for a, g in zip(before, of_mean)], rel=1e-13)


def test_C4_an_epoch_of_mini_batches_shows_each_example_once():
    seen = []

    def loss(output, target):
        seen.append(target)
        return losses.squared_error(output, target)

    optimizer = optim.SGD(lr=1e-3)
    fit(
        nn.Neuron(1, None),
        loss,
        [[float(i)] for i in range(10)],
        list(range(10)),
        optimizer=optimizer,
        epochs=3,
        batch_size=4,
    )
    assert optimizer.steps == 9  # batches of 4, 4 and 2
    epochs = [seen[-30:-20], seen[-20:-10], seen[-10:]]
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 3
    assert epochs[0] != epochs[1] != epochs[2]


def test_C4_full_batches_and_mini_batches_both_descend():
    X, y = points(40)
    for batch_size in (None, 8, 1):
        history = fit(
            nn.Neuron(2, None, seed=0),
            BCE,
            X,
            y,
            optimizer=optim.SGD(lr=0.1),
            epochs=5,
            batch_size=batch_size,
        )
        assert history.loss[-1] < history.loss[0]


def test_the_order_follows_from_the_seed():
    ends = []
    X, y = points(10)
    for seed, shuffle in ((0, True), (0, True), (1, True), (0, False)):
        model = small()
        fit(model, BCE, X, y, optimizer=optim.SGD(lr=0.1), epochs=2, batch_size=3, seed=seed, shuffle=shuffle)
        ends.append(numbers(model))
    assert ends[0] == ends[1]
    assert ends[0] != ends[2] != ends[3] != ends[0]


def test_a_model_of_any_class_with_parameters_is_trained():
    class Own:
        def __init__(self):
            self.w = Value(0.0)

        def parameters(self):
            return (w for w in [self.w])

        def __call__(self, x):
            return self.w * x

    model = Own()
    fit(model, losses.squared_error, [1.0, 2.0], [3.0, 6.0], optimizer=optim.SGD(lr=0.3), epochs=60)
    assert model.w.data == pytest.approx(3.0)
    assert predict(model, [2.0]) == pytest.approx([6.0])


def test_only_what_the_optimiser_holds_is_moved():
    model = small()
    head = model.layers[-1]
    before = [numbers(layer) for layer in model.layers]
    fit(model, BCE, CORNERS, XOR, optimizer=optim.SGD(head.parameters(), lr=0.1), epochs=1)
    assert numbers(model.layers[0]) == before[0]
    assert numbers(head) != before[1]


def test_an_optimiser_from_before_freezing_is_refused():
    model, optimizer = small(), optim.SGD(lr=0.1)
    fit(model, BCE, CORNERS, XOR, optimizer=optimizer, epochs=1)
    model.layers[0].freeze()
    with pytest.raises(ValueError, match="holds 9 parameters that the model does not train"):
        fit(model, BCE, CORNERS, XOR, optimizer=optimizer, epochs=1)


class Normed(nn.Module):
    """A model that looks at all examples of a batch."""

    takes_batches = True

    def __init__(self):
        self.hidden, self.norm = nn.Layer(2, 3, None, seed=0), nn.BatchNorm(3)
        self.last = nn.Layer(3, 1, None, seed=1)

    def __call__(self, batch):
        return [self.last([h.tanh() for h in row]) for row in self.norm([self.hidden(x) for x in batch])]


def test_a_model_that_takes_batches():
    X, y = points(12)
    model = Normed()
    history = fit(
        model, BCE, X, y, optimizer=optim.Adam(lr=0.1), epochs=20, batch_size=4, metrics={"right": accuracy}
    )
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert model.norm.running_mean[0].data != 0.0
    assert len(predict(model, X)) == 12
    assert predict(model, X)[0] == pytest.approx(predict(model, X[:1])[0])
    assert predict(model, []) == []


def test_a_lone_example_in_a_batch_is_refused_before_it_is_met():
    X, y = points(9)
    with pytest.raises(ValueError, match="9 examples in batches of 4 leave a batch of one example"):
        fit(Normed(), BCE, X, y, optimizer=optim.Adam(lr=0.1), batch_size=4)


def test_a_part_that_takes_batches_needs_a_model_that_does():
    model = Normed()
    model.norm.takes_batches = True
    model.takes_batches = False
    with pytest.raises(ValueError, match="set takes_batches = True"):
        fit(model, BCE, CORNERS, XOR, optimizer=optim.Adam(lr=0.1))


def test_a_batch_model_that_returns_something_else():
    class Wrong(nn.Neuron):
        takes_batches = True

        def __call__(self, batch):
            return self.b

    with pytest.raises(ValueError, match="one output per example"):
        fit(Wrong(2), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1))


# ---- Validation, metrics, callbacks -------------------------------------------------------


def test_a_validation_split_is_disjoint_and_follows_from_the_seed():
    def rows(seed):
        trained, all_seen = set(), set()

        def loss(output, target):
            (trained if output.parents else all_seen).add(target)
            return losses.squared_error(output, target)

        X, y = [[float(i)] for i in range(20)], [float(i) for i in range(20)]
        fit(
            nn.Neuron(1, None, seed=0),
            loss,
            X,
            y,
            optimizer=optim.SGD(lr=1e-4),
            epochs=2,
            validation=0.25,
            seed=seed,
        )
        return trained, all_seen

    trained, seen = rows(0)
    assert (len(trained), len(seen)) == (15, 20)  # 5 are only ever seen without a graph
    assert rows(0)[0] == trained != rows(1)[0]


def test_a_validation_set_gives_its_loss_and_metrics():
    X, y = points(30)
    model = nn.Neuron(2, None, seed=0)
    history = fit(
        model,
        BCE,
        X,
        y,
        optimizer=optim.SGD(lr=0.5),
        epochs=4,
        validation=points(10, seed=1),
        metrics={"right": accuracy},
    )
    held_X, held_y = points(10, seed=1)
    outputs = predict(model, held_X)
    assert history.validation_loss[-1] == pytest.approx(
        sum(BCE(Value(f), t).data for f, t in zip(outputs, held_y)) / 10
    )
    assert history.metrics["right"][-1] == sum((f > 0) == t for f, t in zip(outputs, held_y)) / 10
    assert [
        len(history),
        len(history.validation_loss),
        len(history.metrics["right"]),
        len(history.seconds),
    ] == [4] * 4


def test_accuracy():
    assert [accuracy(0.1, 1), accuracy(-0.1, 1), accuracy(-0.1, -1), accuracy(0.4, 1, 0.5)] == [
        1.0,
        0.0,
        1.0,
        0.0,
    ]
    assert accuracy([Value(1.0), Value(3.0)], 1) == 1.0


ONE_OUTPUT = {
    "a list": [0.1, 2.0],
    "a tuple": (0.1, 2.0),
    "an array": numpy.array([0.1, 2.0]),
    "Values": [Value(0.1), Value(2.0)],
    "an array of Values": numpy.array([Value(0.1), Value(2.0)], object),
}
ONE_CLASS = {"an int": 1, "NumPy's": numpy.int64(1), "an array without axes": numpy.array(1), "a bool": True}


@pytest.mark.parametrize("target", ONE_CLASS.values(), ids=ONE_CLASS)
@pytest.mark.parametrize("output", ONE_OUTPUT.values(), ids=ONE_OUTPUT)
def test_accuracy_of_one_output_of_every_kind(output, target):
    assert accuracy(output, target) == 1.0
    assert accuracy(output, 0) == 0.0
    assert accuracy(output[1], target) == accuracy(numpy.float32(0.5), target) == 1.0


AS_TARGETS = [list, tuple, numpy.array, lambda y: numpy.array(y)[:, None], pandas.Series, polars.Series]
AS_OUTPUTS = [list, tuple, numpy.array, lambda z: [numpy.array(each) for each in z]]


@pytest.mark.parametrize("as_targets", AS_TARGETS)
@pytest.mark.parametrize("as_outputs", AS_OUTPUTS)
@given(data=st.data(), count=st.integers(1, 6), classes=st.integers(1, 4))
def test_accuracy_of_a_set_is_the_mean_over_its_outputs(as_targets, as_outputs, data, count, classes):
    logits = (
        st.floats(-2, 2) if classes == 1 else st.lists(st.floats(-2, 2), min_size=classes, max_size=classes)
    )
    outputs = data.draw(st.lists(logits, min_size=count, max_size=count))
    targets = data.draw(st.lists(st.integers(0, max(classes - 1, 1)), min_size=count, max_size=count))
    singly = [accuracy(z, k) for z, k in zip(outputs, targets)]
    assert {*singly} <= {0.0, 1.0}
    assert accuracy(as_outputs(outputs), as_targets(targets)) == pytest.approx(sum(singly) / count)


def test_a_logit_in_a_list_of_its_own_is_a_logit():
    assert [accuracy([z], k) for z in (0.3, -0.3) for k in (0, 1)] == [0.0, 1.0, 1.0, 0.0]
    assert accuracy([[0.3], [-0.3]], [1, 1]) == accuracy([0.3, -0.3], [[1], [1]]) == 0.5
    assert accuracy(0.3, [1]) == 1.0


@pytest.mark.parametrize(("outputs", "targets"), [([0.1, 2.0], [1]), ([[0.1, 2.0]], [1, 0]), ([], [])])
def test_a_set_has_as_many_targets_as_outputs(outputs, targets):
    with pytest.raises(ValueError, match="as many targets as outputs, at least one"):
        accuracy(outputs, targets)


@pytest.mark.parametrize(
    ("output", "target"),
    [
        (0.1, 0.5),
        ([0.1, 2.0], nan),
        ([[0.1, 2.0]], 1),
        (numpy.array([[0.1, 2.0]]), 1),
        ([], 1),
        (None, 1),
        (0.3, None),
        (0.3, "1"),
    ],
)
def test_accuracy_of_what_is_no_output_or_no_class_is_refused(output, target):
    with pytest.raises(TypeError, match="one output"):
        accuracy(output, target)


def test_accuracy_of_a_model_and_of_outputs_as_targets_is_refused():
    with pytest.raises(TypeError, match=r"write accuracy\(predict\(model, X\), y\)"):
        accuracy(small(), XOR)
    with pytest.raises(TypeError, match="with one class"):
        accuracy(XOR, predict(small(), CORNERS))


@pytest.mark.parametrize("model", ["model", None, CORNERS, nn.MLP])
def test_predict_with_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match="a model is a Module or a function of one example, got"):
        predict(model, CORNERS)


def test_predict_of_one_example_that_is_no_list_of_examples_says_so():
    for X in ([0.0, 1.0], numpy.array([0.0, 1.0]), pandas.Series([0.0, 1.0])):
        with pytest.raises(ValueError, match="expected 2 inputs, got 1") as caught:
            predict(small(), X)
        assert "of one it is predict(model, [x])" in caught.value.__notes__[0]
    with pytest.raises(ValueError) as caught:
        predict(small(), [[0.0]])
    assert not hasattr(caught.value, "__notes__")


def test_nan_picks_no_class():
    assert [accuracy(nan, k) for k in (0, 1)] == [accuracy([nan, 1.0], k) for k in (0, 1)] == [0.0, 0.0]


def test_early_stopping_goes_back_to_the_best_epoch():
    model, kept = nn.Neuron(1, None, seed=0), []
    history = fit(
        model, losses.squared_error, [[1.0]], [4.0], optimizer=optim.SGD(lr=0.3), epochs=50,
        validation=([[1.0]], [2.0]), early_stopping=3,
        callbacks=[lambda epoch, history: kept.append(numbers(model))],
    )  # fmt: skip
    best = history.validation_loss.index(min(history.validation_loss))
    assert history.stopped == "early stopping"
    assert len(history) == best + 4
    assert numbers(model) == kept[best] != kept[-1]


def test_callbacks_see_each_epoch_and_may_end_the_training():
    calls = []

    def callback(epoch, history):
        calls.append((epoch, len(history)))
        return epoch == 2

    history = fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), callbacks=[callback])
    assert calls == [(0, 1), (1, 2), (2, 3)]
    assert (history.stopped, len(history)) == ("callback", 3)


@pytest.mark.parametrize(
    "said", [1, 1.0, "stop", [True], Value(1.0), numpy.int64(1), object(), None, False, 0]
)
def test_a_callback_ends_the_training_by_true_alone(said):
    history = fit(
        small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3, callbacks=[lambda *_: said]
    )
    assert (history.stopped, len(history)) == ("epochs", 3)


@pytest.mark.parametrize("said", [True, numpy.True_, numpy.float64(0.5) < 1.0])
def test_a_callback_may_say_true_as_numpy_does(said):
    calls = []
    callbacks = [lambda *_: said, lambda epoch, history: calls.append(epoch)]
    history = fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3, callbacks=callbacks)
    assert (history.stopped, len(history), calls) == ("callback", 1, [0])


@pytest.mark.parametrize(
    "kind", [list, tuple, iter, lambda them: (one for one in them), lambda them: dict.fromkeys(them)]
)
def test_callbacks_of_every_kind_are_called_in_each_epoch(kind):
    calls = []
    callbacks = kind(
        [lambda epoch, history: calls.append(epoch), lambda epoch, history: calls.append(-epoch)]
    )
    fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3, callbacks=callbacks)
    assert calls == [0, 0, 1, -1, 2, -2]


def test_none_stands_for_no_callbacks_and_no_metrics():
    history = fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), callbacks=None, metrics=None)
    assert (len(history), history.metrics) == (10, {})


def test_every_module_is_in_the_mode_it_was_in():
    for modes in ((True, True), (False, True), (True, False)):
        model = small()
        model.training, model.layers[0].training = modes
        fit(model, BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=1, metrics={"right": accuracy})
        predict(model, CORNERS)
        assert (model.training, model.layers[0].training) == modes


def test_dropout_is_on_in_training_and_off_in_evaluation():
    modes = []

    class Watched(nn.Neuron):
        def __call__(self, x):
            modes.append(self.training)
            return super().__call__(x)

    model = Watched(2, None)
    fit(model, BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=1, validation=(CORNERS, XOR))
    assert modes[-8:] == [True] * 4 + [False] * 4


def test_predict_gives_plain_numbers_and_builds_no_graph():
    outputs = []

    class Watched(nn.MLP):
        def __call__(self, x):
            outputs.append(super().__call__(x))
            return outputs[-1]

    model = Watched(2, [2], None)
    (first,) = predict(model, [[1.0, 2.0]])
    assert [type(number) for number in first] == [float, float]
    assert outputs[0][0].parents == ()
    assert predict(model, []) == []


# ---- Numbers that stop being finite -------------------------------------------------------


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_names_epoch_batch_and_operation():
    model = nn.Neuron(1, None, seed=0)
    model.w[0].data, model.b.data = -1.0, 0.0
    X, y = [[-1.0], [-2.0], [3.0]], [0.0, 0.0, 0.0]
    optimizer = optim.SGD(lr=0.001, momentum=0.9)
    with pytest.raises(FloatingPointError, match=r"epoch 0, batch 2: log\(f=-\d.*\) is nan; try a smaller"):
        fit(model, lambda f, t: f.log(), X, y, optimizer=optimizer, batch_size=1, shuffle=False)
    assert optimizer.steps == 2
    assert all(map(math.isfinite, numbers(model)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gradient_that_is_not_finite_stops_before_anything_moves():
    model = nn.Neuron(1, None, seed=0)
    model.w[0].data, model.b.data = 1.0, 0.0
    with pytest.raises(FloatingPointError, match="epoch 0, batch 0: .*sqrt"):
        fit(model, lambda f, t: f.sqrt(), [[0.0]], [0.0], optimizer=optim.SGD(lr=0.1))
    assert numbers(model) == [1.0, 0.0]


def test_a_step_that_is_not_finite_is_not_taken():
    model = nn.Neuron(1, None, seed=0)
    before = numbers(model)
    with pytest.raises(
        FloatingPointError, match=r"epoch 0, batch 0: the step would move the parameter .*w\.0"
    ):
        fit(model, losses.squared_error, [[1e100]], [0.0], optimizer=optim.SGD(lr=1e200))
    assert numbers(model) == before


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_trouble_is_found_again_under_the_same_dropout_mask():
    class Rare(nn.Module):
        def __init__(self):
            self.w, self.dropout = Value(1.0), nn.Dropout(0.5, seed=3)

        def __call__(self, x):
            return (self.dropout([self.w * x])[0] * 1.0) ** -1.0

    with pytest.raises(FloatingPointError, match=r"epoch \d+, batch 0: pow\(.*is inf"):
        fit(Rare(), losses.squared_error, [1.0], [0.5], optimizer=optim.SGD(lr=1e-6), epochs=99)


HUGE = 1e308
ENGINES = {"eager": {"compiled": False}, "as it comes": {}, "compiled": {"compiled": True}}


class Constant(nn.Module):
    """A model whose loss is huge, and whose gradient is not."""

    def __init__(self):
        self.w = Value(1.0)

    def __call__(self, x):
        return self.w * x


@pytest.mark.parametrize("count", [2, 40, 3000])
@pytest.mark.parametrize("settings", ENGINES.values(), ids=ENGINES)
def test_a_finite_loss_whose_sum_is_not_has_a_mean(settings, count):
    X = [0.0] * count
    history = fit(
        Constant(), lambda f, t: f + HUGE, X, X, optimizer=optim.SGD(lr=1e-3), epochs=2,
        batch_size=count // 2, validation=(X, X),
        metrics={"huge": lambda f, t: HUGE, "inf": lambda f, t: inf}, **settings,
    )  # fmt: skip
    for means in (history.loss, history.validation_loss, history.metrics["huge"]):
        assert means == pytest.approx([HUGE, HUGE], rel=1e-12)
    assert history.metrics["inf"] == [inf, inf]


@pytest.mark.parametrize(
    "found", [[HUGE, -HUGE], [HUGE, HUGE, -HUGE], [inf, -inf], [inf, HUGE, HUGE], [nan, HUGE, HUGE]]
)
def test_the_mean_of_a_metric_is_what_ieee_says(found):
    X = [float(number) for number in range(len(found))]
    history = fit(
        Constant(), losses.mse, X, X, optimizer=optim.SGD(lr=1e-3), epochs=1, shuffle=False,
        metrics={"m": lambda f, t: found[int(t)]},
    )  # fmt: skip
    expected = numpy.mean(numpy.longdouble(found)) if nan not in found and inf not in found else sum(found)
    assert history.metrics["m"] == pytest.approx([float(expected)], nan_ok=True)


# ---- Ctrl-C -------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_was_learnt_and_returns_the_history():
    model, calls = small(), []

    def loss(output, target):
        calls.append(target)
        if len(calls) == 30:
            signal.raise_signal(signal.SIGINT)
        return BCE(output, target)

    before = numbers(model)
    history = fit(model, loss, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=100, batch_size=2)
    assert history.stopped == "interrupted"
    assert 0 < len(history) < 100
    assert numbers(model) != before
    assert model.training is True
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    calls.clear()  # a second time as well
    assert fit(model, loss, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=100).stopped == "interrupted"


def strike(*_, **__):
    signal.raise_signal(signal.SIGINT)


class StruckHistory(History):
    """A history that is struck by Ctrl-C when it is told why the training ended."""

    def __setattr__(self, name, thing):
        super().__setattr__(name, thing)
        if (name, thing) == ("stopped", "interrupted"):
            strike()


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize(
    "moment", ["none", "step", "callback", "step and close", "close", "history", "everywhere"]
)
def test_any_number_of_ctrl_c_end_a_training_once_and_lose_nothing(bars, monkeypatch, moment, engine):
    everywhere = moment == "everywhere"
    monkeypatch.setattr(Bar, "close", strike if everywhere or "close" in moment else lambda self: None)
    if everywhere or "step" in moment:
        monkeypatch.setattr(
            Bar, "update", lambda self: strike() if self.total == 20 and BARS[0].n > 4 else advance(self)
        )
    if everywhere or moment == "history":
        monkeypatch.setattr(FIT, "History", StruckHistory)
    if everywhere:
        monkeypatch.setattr(
            FIT.OneInterrupt, "end", lambda self, end=FIT.OneInterrupt.end: (strike(), end(self))
        )
    callbacks = (
        [lambda epoch, history: strike() if epoch == 1 else None] if moment in ("callback", "history") else []
    )
    X, y = points(40)
    model = small()
    before = numbers(model)
    history = fit(
        model, BCE, X, y, optimizer=optim.SGD(lr=0.1), epochs=5, batch_size=10, callbacks=callbacks,
        progress=True, **engine,
    )  # fmt: skip
    assert history.stopped == ("epochs" if moment == "none" else "interrupted")
    assert numbers(model) != before
    assert len(history) == (5 if moment in ("none", "close") else 2 if callbacks else 1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        strike()


def advance(bar):
    bar.n += 1


def test_a_callback_may_catch_ctrl_c_and_the_next_one_ends_the_training():
    def callback(epoch, history):
        try:
            strike()
        except KeyboardInterrupt:
            pass

    def later(epoch, history):
        if epoch == 3:
            strike()

    def trained_with(*callbacks):
        return fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=9, callbacks=callbacks)

    assert trained_with(callback).stopped == "epochs"
    history = trained_with(lambda epoch, history: (callback if epoch == 1 else later)(epoch, history))
    assert (history.stopped, len(history)) == ("interrupted", 4)


@pytest.mark.parametrize(
    "handler", [signal.SIG_IGN, signal.SIG_DFL, lambda number, frame: HANDLED.append(number)]
)
def test_other_ways_to_handle_ctrl_c_stay_as_they_are(handler):
    HANDLED.clear()
    before = signal.signal(signal.SIGINT, handler)
    try:
        strikes = [strike] if callable(handler) and not isinstance(handler, signal.Handlers) else []
        history = fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3, callbacks=strikes)
        assert (history.stopped, len(history)) == ("epochs", 3)
        assert signal.getsignal(signal.SIGINT) is handler
        assert len(HANDLED) == 3 * len(strikes)
    finally:
        signal.signal(signal.SIGINT, before)


HANDLED = []


def test_a_training_in_another_thread_has_nothing_to_do_with_ctrl_c():
    found = []
    train = lambda: found.append(fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3))
    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert found[0].stopped == "epochs"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_the_middle_of_a_step_takes_the_whole_step():
    class Struck(Value):
        __slots__ = ()

        @property
        def data(self):
            return self._data

        @data.setter
        def data(self, number):
            signal.raise_signal(signal.SIGINT)
            self._data = number

    class Line:
        def __init__(self, middle):
            self.all = [Value(0.0), middle(0.0), Value(0.0)]

        def parameters(self):
            return self.all

        def __call__(self, x):
            return self.all[0] + self.all[1] * 1.0 + self.all[2]

    struck, whole = Line(Struck), Line(Value)
    for model, epochs in ((struck, 9), (whole, 1)):
        history = fit(model, losses.squared_error, [0.0], [1.0], optimizer=optim.SGD(lr=0.25), epochs=epochs)
    assert [p._data for p in struck.all] == [p.data for p in whole.all] == [0.25] * 3
    assert history.stopped == "epochs"


# ---- Checkpoints --------------------------------------------------------------------------


class Noisy(nn.Module):
    """A model with dropout, of its own generator or of the ``random`` module."""

    def __init__(self, seed):
        self.hidden, self.last = nn.Layer(2, 4, "tanh", seed=0), nn.Layer(4, 1, None, seed=1)
        self.dropout = nn.Dropout(0.5, seed=seed)

    def __call__(self, x):
        return self.last(self.dropout(self.hidden(x)))


def trained(model, epochs, checkpoint=None, optimizer=None, **settings):
    X, y = points(20)
    history = fit(
        model, BCE, X, y, optimizer=optimizer or optim.Adam(lr=0.05), epochs=epochs, batch_size=6,
        validation=0.25, metrics={"right": accuracy}, checkpoint=checkpoint, **settings,
    )  # fmt: skip
    return [*numbers(model), history.loss, history.validation_loss, history.metrics, history.stopped]


@pytest.mark.parametrize("seed", [7, None], ids=["own generator", "random module"])
def test_going_on_from_a_checkpoint_gives_the_numbers_of_an_uninterrupted_run(tmp_path, seed):
    path = tmp_path / "checkpoint.json"
    random.seed(5)
    whole = trained(Noisy(seed), 7)
    random.seed(5)
    trained(Noisy(seed), 3, path)
    random.seed(99)
    assert trained(Noisy(seed), 7, path) == whole
    assert trained(Noisy(seed), 7, path) == whole  # nothing is left to do


def test_an_interrupted_run_goes_on_to_the_same_numbers(tmp_path):
    path, model = tmp_path / "checkpoint.json", Noisy(7)
    whole = trained(Noisy(7), 6)
    seen = []

    class Striking(optim.Adam):
        def update(self, data, grad, state, lr, step):
            seen.append(step)
            if len(seen) == 160:
                raise KeyboardInterrupt
            return super().update(data, grad, state, lr, step)

    Striking.__name__ = "Adam"
    optimizer = Striking(lr=0.05)
    assert trained(model, 6, path, optimizer)[-1] == "interrupted"
    assert trained(model, 6, path, optimizer) == whole


def test_early_stopping_is_remembered(tmp_path):
    path = tmp_path / "checkpoint.json"
    ends = []
    for _ in range(2):
        model = small()
        history = fit(
            model, BCE, CORNERS, XOR, optimizer=optim.Adam(lr=0.1), epochs=100,
            validation=(CORNERS, AND), early_stopping=2, checkpoint=path,
        )  # fmt: skip
        ends.append((numbers(model), history.loss, history.stopped))
    assert ends[0] == ends[1]
    assert history.stopped == "early stopping"


PROGRAM = """
import sys
from test_training import Noisy, trained
print(trained(Noisy(7), int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
"""


def run(*args, hash_seed):
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
        "PYTHONHASHSEED": hash_seed,
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *args],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_two_processes_and_a_resumed_one_give_bit_identical_numbers(tmp_path):
    path = str(tmp_path / "checkpoint.json")
    whole = run("4", hash_seed="1")
    assert run("4", hash_seed="2") == whole
    run("2", path, hash_seed="3")
    assert run("4", path, hash_seed="4") == whole


def changed(key, thing):
    def change(content):
        inner = content
        for name in key[:-1]:
            inner = inner[name]
        inner[key[-1]] = thing
        return content

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed(["settings", "seed"], 3), "trained with seed 3, not 0"),
        (changed(["settings", "batch_size"], 5), "trained with batch_size 5, not 6"),
        (changed(["values", "b"], "x"), "b is 'x'"),
        (changed(["values"], {}), "missing"),
        (changed(["optimizer", "states"], []), "does not fit"),
        (changed(["optimizer", "kind"], "SGD"), "that of SGD"),
        (changed(["generators"], []), "cannot be taken up"),
        (changed(["generators", 0, 1], [1, 2]), "cannot be taken up"),
        (changed(["records", "history", "loss"], ["x"]), "history.loss is not what it should be"),
        (changed(["records", "best"], {}), "best is not what it should be"),
        (changed(["format"], "else"), "does not hold"),
        (lambda content: {"format": content["format"]}, "cannot be taken up"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_whole(tmp_path, change, said):
    path = tmp_path / "checkpoint.json"
    trained(nn.Neuron(2, None, seed=0), 2, path)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    model = nn.Neuron(2, None, seed=3)
    for optimizer in (optim.Adam(lr=0.05), optim.Adam(model.parameters(), lr=0.05)):
        before = numbers(model), optimizer.parameters, optimizer.state_dict(), random.getstate()
        with pytest.raises(ValueError, match=said) as caught:
            trained(model, 4, path, optimizer)
        assert "checkpoint.json" in str(caught.value)
        assert (numbers(model), optimizer.parameters, optimizer.state_dict(), random.getstate()) == before


def test_a_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / "checkpoint.json"
    trained(nn.Neuron(2, None, seed=0), 1, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged"):
        trained(nn.Neuron(2, None, seed=0), 2, path)


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.json"
    trained(nn.Neuron(2, None, seed=0), 1, path)
    before = path.read_bytes()

    def full(*paths):
        raise OSError("no room")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="no room"):
        trained(nn.Neuron(2, None, seed=0), 2, path)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["checkpoint.json"])


def test_a_metric_that_is_nan_can_be_kept(tmp_path):
    path = tmp_path / "checkpoint.json"
    for epochs in (1, 2):
        history = fit(
            nn.Neuron(2, None, seed=0), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=epochs,
            metrics={"odd": lambda f, t: nan}, checkpoint=path,
        )  # fmt: skip
    assert repr(history.metrics["odd"]) == "[nan, nan]"


# ---- The bar ------------------------------------------------------------------------------


class Bar:
    def __init__(self, total, initial, unit):
        self.total, self.n, self.closed = total, initial, False
        BARS.append(self)

    def set_postfix(self, loss, refresh):
        self.loss = loss

    def update(self):
        self.n += 1

    def close(self):
        self.closed = True


BARS = []


@pytest.fixture
def bars(monkeypatch):
    BARS.clear()
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=Bar))
    return BARS


def test_a_bar_counts_steps_and_is_closed(bars):
    fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3, batch_size=2, progress=True)
    (bar,) = bars
    assert (bar.total, bar.n, bar.closed) == (6, 6, True)


@pytest.mark.parametrize(("seconds", "shown"), [(0.5, 0), (0.99, 0), (1.0, 1), (1.5, 1)])
def test_a_bar_waits_until_two_seconds_have_really_passed(bars, monkeypatch, seconds, shown):
    """However long the first step took, and however much is said to be ahead."""
    clock = itertools.count(0.0, seconds)  # read once when it begins, and once in each step
    monkeypatch.setattr("autograd_lite.training.progress.time.perf_counter", lambda: next(clock))
    bar = Progress(None)
    bar.expect(steps=10**6)
    bar.advance(0.5)
    assert bars == []
    bar.advance(0.5)
    assert len(bars) == shown


def test_a_bar_is_not_begun_by_the_last_step(bars, monkeypatch):
    monkeypatch.setattr("autograd_lite.training.progress.PATIENCE", 0.0)
    for steps, shown in ((1, 0), (2, 1)):
        bar = Progress(None)
        bar.expect(steps)
        for _ in range(steps):
            bar.advance(0.5)
        assert len(bars) == shown


def test_there_is_no_bar_where_none_is_wanted(bars, monkeypatch):
    monkeypatch.setattr("autograd_lite.training.progress.PATIENCE", 0.0)
    settings = {"optimizer": optim.SGD(lr=0.1), "epochs": 3}
    fit(small(), BCE, CORNERS, XOR, **settings, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    fit(small(), BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), epochs=3, progress=True)
    assert bars == []


NOTEBOOK = """
from autograd_lite import datasets, fit, losses, nn, optim
from autograd_lite.training import progress
progress.PATIENCE = progress.PAUSE = 0.0
X, y = datasets.xor()
fit(nn.MLP(2, [2, 1], seed=0), losses.bce_with_logits, X, y, optimizer=optim.SGD(lr=0.1), epochs=50)
"""


def test_in_a_notebook_the_bar_is_the_notebooks_and_the_history_a_table_and_a_curve():
    from nbclient import NotebookClient
    from nbformat import v4

    notebook = v4.new_notebook(cells=[v4.new_code_cell(NOTEBOOK)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    bar, shown = (output["data"] for output in notebook.cells[0].outputs)
    assert bar["text/html"].startswith(
        '<div><progress value="50" max="50"></progress> 50 of 50 steps, loss 0.'
    )
    assert bar["text/plain"].startswith("50 of 50 steps, loss 0.")
    assert shown["text/plain"].startswith("History(50 epochs, loss 0.")
    assert "<table>" in shown["text/html"] and "data:image/svg+xml" in shown["text/html"]


LINES = {
    "History(0 epochs)": History(),
    "History(1 epoch, loss 0.5, compiled, 0.25 s)": History([0.5], seconds=[0.25], engine="compiled"),
    "History(2 epochs, loss 0.25, validation loss 0.75, right 1, compiled, 1.23 s, early stopping)": History(
        [0.5, 0.25], [0.5, 0.75], {"right": [0.5, 1.0]}, [0.234, 1.0], "compiled", "early stopping"
    ),
    f"History(1 epoch, loss nan, eager: a b {'c' * 49}..., 0 s)": History(
        [nan], seconds=[0.0], engine=f"eager: a\n   b {'c' * 99}"
    ),
}


@pytest.mark.parametrize(("line", "history"), LINES.items())
def test_a_history_is_one_line(line, history):
    assert repr(history) == str(history) == line
    assert history._repr_mimebundle_()["text/plain"] == line


def test_a_history_is_a_table_of_its_first_best_and_last_epoch_and_a_curve():
    history = History([0.5, 0.25, 0.2, 0.1], [0.5, 0.3, 0.4, 0.6], {"<right>": [0.5, 0.6, 0.7, 0.8]})
    shown = history._repr_mimebundle_()["text/html"]
    table = ElementTree.fromstring(re.search("<table>.*</table>", shown)[0])
    cells = [[cell.text for cell in row] for row in table.iter("tr")]
    assert cells == [
        ["epoch", "loss", "validation loss", "<right>"],
        ["0 (first)", "0.5", "0.5", "0.5"],
        ["1 (best)", "0.25", "0.3", "0.6"],
        ["3 (last)", "0.1", "0.6", "0.8"],
    ]
    picture = ElementTree.fromstring(base64.b64decode(re.search('base64,([^"]*)', shown)[1]))
    curves = [line.get("points").split() for line in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    heights = [[float(point.split(",")[1]) for point in curve] for curve in curves]
    assert [len(curve) for curve in curves] == [4, 4]
    assert [curve.index(min(curve)) for curve in heights] == [0, 3]  # the highest stand on top
    assert max(heights[0]) == heights[0][3] > max(heights[1])


@pytest.mark.parametrize("losses", [[0.5], [0.5, 0.5], [nan], [inf, 1.0], [0.0, 1e308]])
def test_a_history_of_any_losses_can_be_shown(losses):
    shown = History(list(losses), list(losses))._repr_mimebundle_()["text/html"]
    picture = base64.b64decode(re.search('base64,([^"]*)', shown)[1]).decode()
    ElementTree.fromstring(picture)
    assert "nan" not in picture and "inf" not in picture


def test_a_history_without_epochs_shows_its_line_alone():
    assert History()._repr_mimebundle_() == {"text/plain": "History(0 epochs)"}


def test_a_bar_without_tqdm_is_an_error_only_if_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    model = small()
    before = numbers(model)
    with pytest.raises(ImportError, match="pip install tqdm"):
        fit(model, BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1), progress=True)
    assert numbers(model) == before
    assert isinstance(fit(model, BCE, CORNERS, XOR, optimizer=optim.SGD(lr=0.1)), History)
