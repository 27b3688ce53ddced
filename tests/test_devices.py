"""Where a training is to run: what is refused, and what needs no JAX."""

import sys

import pytest

from autograd_lite import Value, compile, fit, losses, nn, optim
from autograd_lite.compiler.devices.mesh import check_rows_apart, split_axis

X, Y = [[number / 40] for number in range(40)], [float(number) for number in range(40)]


def trained(**options):
    model = nn.MLP(1, [3, 1], activation="tanh", seed=0)
    options = {"optimizer": optim.SGD(lr=0.001), "epochs": 2, "batch_size": 8, "progress": False, **options}
    return [p.data for p in model.parameters()], fit(model, losses.mse, X, Y, **options), model


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"backend": "torch"}, "backend is 'auto', 'python', 'numpy' or 'jax', got 'torch'"),
        ({"devices": "all"}, 'devices are those of JAX: pass backend="jax"'),
        ({"devices": 2, "backend": "numpy"}, 'devices are those of JAX: pass backend="jax"'),
        ({"devices": "all", "backend": "jax", "compiled": False}, "leave out compiled=False"),
        ({"backend": "numpy", "compiled": False}, "leave out compiled=False"),
        ({"backend": "python", "dtype": "float32"}, "use backend='numpy' for float32"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_before_anything_changes(options, error):
    before = trained(compiled=False)[0]
    model = nn.MLP(1, [3, 1], activation="tanh", seed=0)
    with pytest.raises(ValueError) as caught:
        fit(model, losses.mse, X, Y, optimizer=optim.SGD(lr=0.1), **options)
    assert error in str(caught.value)
    assert [p.data for p in model.parameters()] == before


def test_every_backend_trains_to_the_same_numbers():
    numbers = []
    for backend in ("auto", "python", "numpy"):
        _, history, model = trained(backend=backend)
        assert history.engine == "compiled"
        numbers.append([p.data for p in model.parameters()])
    assert numbers[1] == pytest.approx(numbers[0], rel=1e-12)
    assert numbers[2] == pytest.approx(numbers[0], rel=1e-12)


def test_a_backend_that_is_asked_for_compiles_few_examples_too():
    model = nn.MLP(1, [3, 1], activation="tanh", seed=0)
    for backend, engine in [("auto", "eager: fewer than 32 examples"), ("python", "compiled")]:
        options = {"optimizer": optim.SGD(lr=0.001), "epochs": 1, "backend": backend}
        assert fit(model, losses.mse, X[:8], Y[:8], **options).engine == engine


def test_jax_that_is_missing_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    w = Value(1.0)
    for attempt in (
        lambda: trained(backend="jax", devices="all"),
        lambda: compile(lambda x: w * x, [w], backend="jax"),
    ):
        with pytest.raises(ImportError, match=r'needs JAX: python3 -m pip install "autograd_lite\[jax\]"'):
            attempt()


def test_a_trainer_of_another_backend_has_no_devices():
    w = Value(1.0)
    program = compile(lambda x: w * x, [w])
    with pytest.raises(ValueError, match='compile with backend="jax"'):
        program.trainer(optim.SGD(lr=0.1), devices="all")


def test_training_elsewhere_imports_no_jax():
    import subprocess

    code = (
        "import sys\nfrom autograd_lite import fit, losses, nn, optim\n"
        "X = [[n / 40] for n in range(40)]\n"
        "fit(nn.MLP(1, [3, 1], seed=0), losses.mse, X, [1.0] * 40, optimizer=optim.SGD(lr=0.1), epochs=1)\n"
        "print('jax' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=120) == "False\n"


def test_a_large_array_is_split_along_its_longest_axis_that_can_be():
    assert split_axis((512, 64), (2,)) == 0
    assert split_axis((511, 64), (2,)) == 1
    assert split_axis((511, 63), (2,)) is None
    assert split_axis((512, 4), (2,)) is None
    assert split_axis((512, 64), ()) is None
    assert check_rows_apart([[0, 0], [1, 1]]) == 2


def test_an_engine_of_a_checkpoint_is_one_that_there_is(tmp_path):
    from autograd_lite.training.checkpoints import ENGINE

    known = ["compiled", "compiled, not on JAX: for a reason", "jax, 1 device", "jax, 8 devices", "eager: so"]
    assert all(map(ENGINE.fullmatch, known))
    assert not any(map(ENGINE.fullmatch, ["", "jax", "jax, 0 devices", "compiled so", "else"]))
