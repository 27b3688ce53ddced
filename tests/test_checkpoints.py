"""Checkpoints: what no training can have written is refused whole, and what is refused is not written."""

import json
import os
import random
from math import inf, nan

import pytest
from test_training import BCE, CORNERS, XOR, changed, numbers, trained

from autograd_lite import Value, fit, losses, nn, optim

ANYTHING = [None, True, -1, 1.5, 10**30, 1e308, nan, "", "x", [], [1.5], {}, {"x": 1.5}, [[0.5, 0.5]]]
"""Of these, none belongs at any of the places below, but where it is left out there."""


def but(*right):
    """List what does not belong at a place: anything but some."""
    return [thing for thing in ANYTHING if repr(thing) not in map(repr, right)]


COLUMN = [*ANYTHING, [0.5], [0.5] * 3, [0.5, None], [0.5, True], [0.5, "0.5"], [0.5, nan], [[0.5], 0.5]]
WORDS = [1] * 624
# What is wrong at each place of a checkpoint of two epochs.
WRONG = {
    ("records", "history", "loss"): COLUMN,
    ("records", "history", "validation_loss"): COLUMN,
    ("records", "history", "seconds"): [*COLUMN, [0.5, -0.5]],
    ("records", "history", "metrics"): [
        *ANYTHING, {"left": [0.5, 0.5]}, {"right": [0.5, 0.5], "more": [0.5, 0.5]},
    ],
    ("records", "history", "metrics", "right"): [thing for thing in COLUMN if thing != [0.5, None]],
    ("records", "history", "engine"): [*ANYTHING, "Compiled", "eager"],
    ("records", "history", "stopped"): [*ANYTHING, "Epochs", "epochs "],
    ("records", "history"): ANYTHING,
    ("records",): ANYTHING,
    ("records", "best"): ANYTHING,
    ("records", "best", "epoch"): [*ANYTHING, -2, 0, 2, 1.0],
    ("records", "best", "loss"): [*ANYTHING, 0.0],
    ("records", "best", "numbers"): [*ANYTHING, {"w.0": 0.5, "w.1": 0.5}],
    ("records", "best", "numbers", "b"): but(-1, 1.5, 10**30, 1e308),
    ("values", "b"): but(-1, 1.5, 10**30, 1e308),
    ("values",): ANYTHING,
    ("optimizer",): ANYTHING,
    ("optimizer", "kind"): ANYTHING,
    ("optimizer", "steps"): [*ANYTHING, 2**53, 10**400],
    ("optimizer", "states"): ANYTHING,
    ("optimizer", "states", 1): ANYTHING,
    ("optimizer", "states", 1, 0): [*but(1.5), 1e200, -1e154],
    ("optimizer", "states", 1, 1): [*but(1.5), 1e200, -0.5],
    ("generators",): ANYTHING,
    ("generators", 0): [*ANYTHING, [3, WORDS, None], [2, [*WORDS, 624], None], [3.0, [*WORDS, 624], None]],
    ("generators", 0, 1): [
        *ANYTHING, [*WORDS, -1], [*WORDS, 625], [*WORDS[1:], 2**32, 624], [*WORDS[1:], -1, 624],
        [*WORDS[1:], True, 624], [*WORDS[1:], 1.0, 624], [0] * 625,
    ],
    ("generators", 1, 2): but(None, 1.5),
    ("settings",): ANYTHING,
    **{("settings", name): but(True) for name in ("shuffle",)},
    **{("settings", name): ANYTHING for name in ("seed", "batch_size", "examples", "metrics", "dtype")},
    ("settings", "validation"): ANYTHING,
    ("format",): ANYTHING,
}  # fmt: skip


@pytest.mark.parametrize("place", WRONG, ids=lambda place: ".".join(map(str, place)))
def test_what_no_training_can_have_written_is_refused_whole(tmp_path, place):
    path = tmp_path / "checkpoint.json"
    trained(nn.Neuron(2, None, seed=0), 2, path)
    whole = path.read_text()
    for thing in WRONG[place]:
        path.write_text(json.dumps(changed(place, thing)(json.loads(whole))))
        model, optimizer = nn.Neuron(2, None, seed=3), optim.Adam(lr=0.05)
        before = numbers(model), optimizer.state_dict(), random.getstate()
        with pytest.raises(
            ValueError, match=r"checkpoint\.json (cannot be taken up|is damaged|does not hold)"
        ):
            trained(model, 4, path, optimizer)
        assert (numbers(model), optimizer.state_dict(), random.getstate()) == before, thing
        assert optimizer.parameters is None
    path.write_text(whole)
    trained(nn.Neuron(2, None, seed=3), 4, path)


OLD = {
    "format": "autograd_lite checkpoint, version 1",
    "settings": {
        "seed": 0, "shuffle": True, "batch_size": 3, "examples": 3, "metrics": ["odd", "off"],
        "dtype": "float64", "validation": 1,
    },
    "values": {"w.0": 0.8885208610098977, "b": 0.1996623555836468},
    "optimizer": {
        "kind": "Adam",
        "steps": 2,
        "states": [[-0.5785328274630621, 0.018653928475933265], [-0.4191196964951446, 0.009793082898806]],
    },
    "generators": [],
    "records": {
        "history": {
            "loss": [3.2437653261427237, 2.71745698211916],
            "validation_loss": [10.276170098382408, 8.54818240413253],
            "metrics": {"odd": [None, None], "off": [4.533468892224233, 4.1347750613866605]},
            "seconds": [0.00023731099986434856, 0.00027657700002237107],
            "engine": "eager: fewer than 32 examples",
            "stopped": "epochs",
        },
        "best": {
            "epoch": 1,
            "loss": 8.54818240413253,
            "numbers": {"w.0": 0.8885208610098977, "b": 0.1996623555836468},
        },
    },
}  # fmt: skip
"""What version 0.1 wrote in a training of two epochs, but for the states of the generators."""


def test_a_checkpoint_of_an_earlier_version_is_taken_up(tmp_path):
    path, shuffler = tmp_path / "checkpoint.json", random.Random(0)
    for _ in range(2):
        shuffler.shuffle([0, 1, 2])
    content = {**OLD, "generators": [shuffler.getstate(), random.Random(5).getstate()]}
    path.write_text(json.dumps(content, indent=1))
    ends = []
    for checkpoint in (path, None):
        model = nn.Neuron(1, None, seed=0)
        history = fit(
            model, losses.squared_error, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], optimizer=optim.Adam(lr=0.1),
            epochs=4, validation=([[3.0]], [7.0]), checkpoint=checkpoint,
            metrics={"odd": lambda f, t: nan, "off": lambda f, t: abs(f - t)},
        )  # fmt: skip
        ends.append(repr((numbers(model), history.loss, history.validation_loss, history.metrics)))
    assert ends[0] == ends[1]
    assert random.Random(5).getstate() == random.getstate()
    assert json.loads(path.read_text()).keys() == OLD.keys()


def with_state(number):
    model = nn.Neuron(2, None, seed=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    optimizer.states = [(number,)] * 3
    return model, optimizer


def with_buffer(number):
    model = nn.Neuron(2, None, seed=0)
    model.buffers, model.offset = ("offset",), Value(number)
    return model, optim.SGD(lr=0.1)


@pytest.mark.parametrize(
    ("make", "thing", "said"),
    [
        (with_state, inf, "the optimiser's state holds inf"),
        (with_state, nan, "the optimiser's state holds nan"),
        (with_state, 1e200, "the optimiser's state holds 1e"),
        (with_buffer, inf, "offset is inf"),
        (with_buffer, nan, "offset is nan"),
    ],
)
def test_what_a_checkpoint_cannot_hold_is_noticed_before_anything_moves(tmp_path, make, thing, said):
    model, optimizer = make(thing)
    before = numbers(model)
    with pytest.raises(ValueError, match=f"a checkpoint cannot hold this training.*{said}"):
        fit(model, BCE, CORNERS, XOR, optimizer=optimizer, epochs=2, checkpoint=tmp_path / "checkpoint.json")
    assert (numbers(model), os.listdir(tmp_path)) == (before, [])


def test_a_checkpoint_that_could_not_be_taken_up_is_not_written(tmp_path):
    path = tmp_path / "checkpoint.json"
    with pytest.raises(
        FloatingPointError, match="no checkpoint is written, since the optimiser's state holds"
    ):
        fit(
            nn.Neuron(1, None, seed=0), losses.squared_error, [[1e100]], [0.0], epochs=9, checkpoint=path,
            optimizer=optim.RMSprop(lr=0.1),
        )  # fmt: skip
    assert os.listdir(tmp_path) == []
