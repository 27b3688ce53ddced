"""Parameters, names, modes, and files that are whole or refused."""

import copy
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd_lite import Value, files, fit, losses, nn, optim

ROOT = Path(__file__).parents[1]


class Two(nn.Module):
    """Two numbers to train, one frozen inside, one buffer."""

    buffers = ("seen",)

    def __init__(self):
        self.w = [Value(1.0), Value(2.0)]
        self.seen = [Value(5.0)]
        self.inner = {"head": One()}


class One(nn.Module):
    def __init__(self):
        self.b = Value(3.0)


# ---- Parameters and names -----------------------------------------------------------------


def test_values_are_found_by_dotted_names_in_the_order_of_attributes():
    model = Two()
    assert [name for name, _ in model.named_parameters()] == ["w.0", "w.1", "inner.head.b"]
    assert model.state_dict() == {"w.0": 1.0, "w.1": 2.0, "seen.0": 5.0, "inner.head.b": 3.0}
    assert [p.label for p in model.parameters()] == ["w.0", "w.1", "inner.head.b"]
    assert model.parameters() == [value for _, value in model.named_parameters()]


def test_a_label_that_a_user_gave_stays():
    class Named(nn.Module):
        def __init__(self):
            self.w = Value(1.0, label="slope")

    assert Named().w.label == "slope"


def test_labels_of_an_mlp_are_its_parameters_names():
    model = nn.MLP(2, [2, 1])
    assert [p.label for p in model.parameters()] == [name for name, _ in model.named_parameters()]
    assert model.layers[0].neurons[1].w[0].label == "layers.0.neurons.1.w.0"


def test_a_shared_value_counts_once():
    model = Two()
    model.inner["head"].b = model.w[0]
    assert len(model.parameters()) == 2
    assert list(model.state_dict()) == ["w.0", "w.1", "seen.0"]


def test_a_module_that_holds_itself_is_walked_once():
    model = Two()
    model.inner["head"].parent = model
    assert len(model.parameters()) == 3
    assert len(list(model.modules())) == 2
    assert len(model.state_dict()) == 4
    assert model.eval().inner["head"].training is False


def test_two_values_of_one_name_are_refused():
    model = One()
    model.b = {"x.y": Value(1.0), "x": {"y": Value(2.0)}}
    with pytest.raises(ValueError, match=r"name b\.x\.y"):
        model.state_dict()


def test_zero_grad_and_freezing():
    model = Two()
    for value in dict(model.named_values()).values():
        value.grad = 1.0
    model.inner["head"].freeze()
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0, 0.0]
    assert model.inner["head"].b.grad == 1.0
    model.inner["head"].unfreeze()
    assert len(model.parameters()) == 3


def test_training_is_a_mode_of_everything_that_is_not_frozen():
    model = Two()
    head = model.inner["head"]
    assert (model.training, head.training) == (True, True)
    model.eval()
    assert (model.training, head.training) == (False, False)
    head.freeze()
    model.train()
    assert (model.training, head.training) == (True, False)
    head.unfreeze()
    assert model.train().inner["head"].training is True


def test_modules_can_be_copied():
    model = Two()
    other = copy.deepcopy(model)
    other.w[0].data = 9.0
    assert (model.w[0].data, other.state_dict()["w.0"]) == (1.0, 9.0)


# ---- Files --------------------------------------------------------------------------------


def test_numbers_come_back_bit_for_bit(tmp_path):
    model, other = nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], seed=1)
    model.parameters()[0].data = 5e-324
    model.parameters()[1].data = -0.0
    model.save(tmp_path / "model.json")
    other.load(tmp_path / "model.json")
    assert repr(other.state_dict()) == repr(model.state_dict())


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_not_saved(tmp_path, number):
    model, path = Two(), tmp_path / "model.json"
    model.save(path)
    before = path.read_bytes()
    model.w[1].data = number
    with pytest.raises(ValueError, match=r"w\.1 is .* not saved"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.json"]


def text(**state):
    full = {"w.0": 1.5, "w.1": 2.5, "seen.0": 3.5, "inner.head.b": 4.5, **state}
    return json.dumps({"format": "autograd_lite parameters, version 1", "state": full})


WHOLE = text()
DAMAGED = {
    "empty": ("", "damaged"),
    "cut off": (WHOLE[:-3], "damaged"),
    "binary": (bytes(range(256)), "damaged"),
    "no table": ("[1, 2]", "does not hold"),
    "another format": ('{"format": "else"}', "does not hold"),
    "no state": ('{"format": "autograd_lite parameters, version 1"}', "missing"),
    "a state that is no table": (
        '{"format": "autograd_lite parameters, version 1", "state": 3}',
        "no table",
    ),
    "missing": (WHOLE.replace('"w.1": 2.5, ', ""), r"missing: w\.1"),
    "unknown": (text(more=1.0), "unknown: more"),
    "twice": (WHOLE.replace('"w.1": 2.5', '"w.1": 2.5, "w.1": 2.5'), r"name 'w\.1' stands in it twice"),
    "NaN": (text(**{"w.1": float("nan")}), "NaN"),
    "Infinity": (text(**{"w.1": float("inf")}), "Infinity"),
    "-Infinity": (text(**{"w.1": float("-inf")}), "-Infinity"),
    "1e999": (WHOLE.replace("2.5", "1e999"), r"w\.1 is inf"),
    "a whole number of 400 digits": (WHOLE.replace("2.5", "1" * 400), r"w\.1 is 1111"),
    "a whole number of 5000 digits": (WHOLE.replace("2.5", "1" * 5000), "damaged"),
    "true": (text(**{"w.1": True}), r"w\.1 is True"),
    "a string": (text(**{"w.1": "2.5"}), r"w\.1 is '2.5'"),
    "null": (text(**{"w.1": None}), r"w\.1 is None"),
    "a list": (text(**{"w.1": [2.5]}), r"w\.1 is \[2.5\]"),
    "deeply nested": ("[" * 200_000 + "]" * 200_000, "damaged"),
}


@pytest.mark.parametrize(("content", "said"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_whole(tmp_path, content, said):
    model, path = Two(), tmp_path / "model.json"
    before = model.state_dict()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=said) as caught:
        model.load(path)
    assert "model.json" in str(caught.value)
    assert model.state_dict() == before


def test_the_whole_file_of_which_the_damaged_ones_are_made_is_taken(tmp_path):
    (tmp_path / "model.json").write_text(WHOLE)
    model = Two()
    model.load(tmp_path / "model.json")
    assert model.state_dict() == {"w.0": 1.5, "w.1": 2.5, "seen.0": 3.5, "inner.head.b": 4.5}


def test_every_truncation_is_refused(tmp_path):
    model, path = Two(), tmp_path / "model.json"
    before = model.state_dict()
    for length in range(len(WHOLE)):
        path.write_text(WHOLE[:length])
        with pytest.raises(ValueError):
            model.load(path)
    assert model.state_dict() == before


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "model.json"
    with open(path, "wb") as file:
        file.truncate(files.LARGEST_FILE + 1)  # a hole: takes no room
    with pytest.raises(ValueError, match="1073741825 bytes, more than 1073741824"):
        Two().load(path)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no file"):
        Two().load(tmp_path)
    with pytest.raises(ValueError, match="is no file"):
        Two().load(os.devnull)
    with pytest.raises(FileNotFoundError):
        Two().load(tmp_path / "nothing")


def test_many_differences_are_counted(tmp_path):
    nn.MLP(2, [4, 1]).save(tmp_path / "model.json")
    with pytest.raises(ValueError, match="and 3 more"):
        nn.MLP(2, [2, 1]).load(tmp_path / "model.json")


def test_new_files_have_ordinary_permissions_and_old_ones_keep_theirs(tmp_path):
    path, plain = tmp_path / "model.json", tmp_path / "plain"
    plain.touch()
    Two().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    Two().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link_to_the_new_file(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "model.json"
    link.symlink_to(tmp_path / "real" / "model.json")
    model = Two()
    for number in (6.0, 7.0):
        model.w[0].data = number
        model.save(link)
        assert link.is_symlink()
        assert json.loads((tmp_path / "real" / "model.json").read_text())["state"]["w.0"] == number
    assert os.listdir(tmp_path / "real") == ["model.json"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Two().save(tmp_path / "none" / "model.json")


def test_a_failure_while_writing_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    model, path = Two(), tmp_path / "model.json"
    model.save(path)
    before = path.read_bytes()

    def failing(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", failing)
    model.w[0].data = 7.0
    with pytest.raises(KeyboardInterrupt):
        model.save(path)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["model.json"])


SAVING = """
import sys
from autograd_lite import nn
model = nn.MLP(20, [20, 1], seed=0)
number = 0.0
while True:
    number += 1.0
    for parameter in model.parameters():
        parameter.data = number
    model.save(sys.argv[1])
    print(flush=True)
"""


def test_killed_at_random_moments_while_saving_the_file_is_whole(tmp_path):
    path, moments = tmp_path / "model.json", random.Random(0)
    for _ in range(8):
        program = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        program.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.05))
        program.send_signal(signal.SIGKILL)
        program.wait(60)
        program.stdout.close()
        model = nn.MLP(20, [20, 1])
        model.load(path)
        assert len({parameter.data for parameter in model.parameters()}) == 1


def test_a_flag_is_an_attribute_as_any_other():
    layer = nn.Layer(2, 1, seed=0)
    assert (nn.Module.training, layer.training, "training" in vars(layer)) == (True, True, False)
    layer.training = False
    assert (layer.training, vars(layer)["training"], copy.deepcopy(layer).training) == (False, False, False)
    del layer.training
    assert layer.training is True


# ---- Habits of other libraries ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "write"),
    [
        (lambda: nn.MLP([2, 4, 1]), "MLP(2, [4, 1])"),
        (lambda: nn.MLP((2, 4, 1)), "MLP(2, [4, 1])"),
        (lambda: nn.MLP(2), "MLP(2, [16, 1])"),
        (lambda: nn.MLP(2, 4, 1), "MLP(2, [4, 1])"),
        (lambda: nn.MLP(2, None), "MLP(2, [16, 1])"),
        (lambda: nn.MLP(2, {4: 1}), "MLP(2, [16, 1])"),
        (lambda: nn.MLP([2]), "MLP(2, [16, 1])"),
        (lambda: nn.Layer([2, 3]), "Layer(2, 3)"),
        (lambda: nn.Conv2d((1, 2, 3)), "Conv2d(1, 2, 3)"),
        (lambda: nn.RNN([2, 3]), "RNN(2, 3)"),
        (
            lambda: nn.Layer(2),
            "Layer(nin, nout, activation='relu', *, nonlin=None, init='uniform', seed=None)",
        ),
        (lambda: nn.BatchNorm(), "BatchNorm(width, *, momentum=0.1, eps=1e-05)"),
    ],
)
def test_how_to_make_a_layer_is_said(make, write):
    with pytest.raises(TypeError) as caught:
        make()
    assert str(caught.value).endswith(f": write {write}")


def test_what_a_class_of_ones_own_raises_stays_as_it_is():
    class Own(nn.Module):
        def __init__(self, size):
            self.w = Value(size + 1.0)

    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'size'$"):
        Own()
    with pytest.raises(TypeError, match="can only concatenate|must be str|unsupported"):
        Own("a")


def test_what_other_models_have_is_answered_and_may_be_ones_own():
    model = nn.MLP(2, [1])
    for name, said in (("predict", r"predict\(model, X\)"), ("forward", "__call__"), ("cuda", "backend")):
        with pytest.raises(AttributeError, match=f"a MLP has no attribute '{name}': .*{said}"):
            getattr(model, name)
        assert name not in dir(model)

    class Own(nn.Module):
        def __init__(self):
            self.weight = Value(2.0)

        def forward(self, x):
            return self.weight * x

    own = Own()
    assert own.forward(3.0).data == 6.0 and "weight" in dir(own) and "forward" in dir(own)
    assert [name for name, _ in own.named_parameters()] == ["weight"]
    with pytest.raises(TypeError, match="its class defines forward, here that is __call__"):
        fit(own, losses.mse, [1.0], [1.0], optimizer=optim.SGD(lr=0.1))


def test_a_method_is_no_flag():
    model = nn.MLP(2, [1])
    for name in ("train", "eval", "parameters", "freeze"):
        with pytest.raises(
            AttributeError, match=rf"{name} is a method of a module: call it, model\.{name}\(\)"
        ):
            setattr(model, name, False)
    model.parameters = list
    assert model.parameters() == []
