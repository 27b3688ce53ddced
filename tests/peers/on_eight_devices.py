"""What holds of training on several devices of JAX; ``test_devices_jax.py`` runs it where there are eight."""

from __future__ import annotations

import re
import tracemalloc

import jax
import numpy as np
import pytest
from device_models import MODELS, Dropped, Leaky, Normed, examples, mlp, trained
from jax.sharding import Mesh

from autograd_lite import fit, losses, nn, optim
from autograd_lite.compiler import compile
from autograd_lite.compiler.devices.training import AHEAD, OnDevices

OPTIMIZERS = {"SGD": lambda: optim.SGD(lr=0.1, momentum=0.9), "Adam": lambda: optim.AdamW(lr=0.01)}


def trainer_of(name, devices="all", clip=None):
    model = MODELS[name]()
    program = compile(lambda x, y: losses.cross_entropy(model(x), y), model.parameters(), backend="jax")
    return program.trainer(optim.Adam(lr=0.01), devices=devices, clip=clip)


def test_there_are_eight():
    assert len(jax.devices()) == 8


@pytest.mark.parametrize("batch_size", [16, 13])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_parameters_after_twenty_steps_are_those_of_numpy(name, optimizer, batch_size):
    arguments = MODELS[name], examples(name), OPTIMIZERS[optimizer]
    expected, expected_history = trained(*arguments, backend="numpy", batch_size=batch_size)
    found, history = trained(*arguments, backend="jax", devices="all", batch_size=batch_size)
    assert (expected_history.engine, history.engine) == ("compiled", "jax, 8 devices")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(history.loss, expected_history.loss, rtol=1e-9)


def test_gradients_are_bounded_as_on_numpy():
    data, options = examples("mlp"), {"batch_size": 13, "clip": 0.05}
    expected, _ = trained(mlp, data, OPTIMIZERS["SGD"], backend="numpy", **options)
    found, _ = trained(mlp, data, OPTIMIZERS["SGD"], backend="jax", devices="all", **options)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("devices", [3, lambda: jax.devices()[2:4], lambda: Mesh(jax.devices(), ("batch",))])
def test_devices_are_a_number_a_list_or_a_mesh(devices):
    data = examples("mlp")
    expected, _ = trained(mlp, data, backend="numpy")
    found, history = trained(mlp, data, backend="jax", devices=devices() if callable(devices) else devices)
    assert history.engine in ("jax, 2 devices", "jax, 3 devices", "jax, 8 devices")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("clip", [None, 0.1])
@pytest.mark.parametrize("name", MODELS)
def test_a_step_holds_one_all_reduce_and_nothing_else_that_devices_exchange(name, clip):
    X, y = examples(name)
    text = trainer_of(name, clip=clip).compiled_step(X[:16], y[:16]).as_text()
    exchanged = re.findall(r" (all-[\w-]+|collective-[\w-]+|reduce-scatter[\w-]*)\(", text)
    assert exchanged == ["all-reduce"]


def test_no_step_reads_from_the_devices(monkeypatch):
    """On a CPU jax.transfer_guard lets results through: so reads are counted."""
    X, y = examples("mlp")
    trainer, reads = trainer_of("mlp"), []
    trainer.step(X[:16], y[:16])
    kind = type(jax.numpy.zeros(1))
    value = kind._value
    monkeypatch.setattr(kind, "_value", property(lambda array: reads.append(0) or value.fget(array)))
    settled = []
    settle = OnDevices.settle_first
    monkeypatch.setattr(OnDevices, "settle_first", lambda self: settled.append(0) or settle(self))
    begun = [trainer.start(X[:16], y[:16]) for _ in range(AHEAD)]
    assert (reads, settled) == ([], [])
    assert float(begun[-1]) < float(begun[0])
    assert len(settled) == AHEAD


class TestSplitLayers:
    """A second axis of the mesh splits what is large, the optimiser's state as well."""

    def setup_class(self):
        self.generator = np.random.default_rng(0)
        self.X, self.y = self.generator.normal(size=(24, 64)), self.generator.integers(0, 4, 24)

    def mesh(self, rows, ways):
        return Mesh(np.array(jax.devices()[: rows * ways]).reshape(rows, ways), ("rows", "layers"))

    def wide(self):
        return nn.MLP(64, [512, 4], seed=0)

    def step_on(self, mesh):
        model = self.wide()
        function = lambda x, y: losses.cross_entropy(model(x), y)
        program = compile(function, model.parameters(), backend="jax")
        trainer = program.trainer(optim.Adam(lr=0.01), devices=mesh)
        return trainer.compiled_step(self.X, self.y), trainer._training._carry

    def test_the_numbers_are_the_same(self):
        data, options = (self.X, self.y), {"batch_size": 10, "epochs": 7, "clip": 0.3}
        expected, _ = trained(self.wide, data, backend="numpy", **options)
        found, history = trained(self.wide, data, backend="jax", devices=self.mesh(4, 2), **options)
        assert history.engine == "jax, 8 devices"
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)

    def test_the_memory_of_each_device_falls(self):
        held, needed = [], []
        for ways in (1, 2, 4):
            step, carry = self.step_on(self.mesh(2, ways))
            arrays = jax.tree.leaves(carry)
            held.append(sum(each.addressable_shards[0].data.nbytes for each in arrays))
            memory = step.memory_analysis()
            needed.append(memory.argument_size_in_bytes + memory.temp_size_in_bytes)
        assert held[1] < 0.55 * held[0] and held[2] < 0.35 * held[0]
        assert needed[1] < 0.6 * needed[0] and needed[2] < 0.4 * needed[0]


def test_random_draws_are_the_same_on_any_number_of_devices_and_follow_the_seed():
    data = examples("mlp")
    one, history = trained(Dropped, data, backend="jax", devices=1)
    eight, _ = trained(Dropped, data, backend="jax", devices=8)
    other, _ = trained(lambda: Dropped(seed=4), data, backend="jax", devices=8)
    assert history.engine == "jax, 1 device"
    np.testing.assert_allclose(eight, one, rtol=1e-9, atol=1e-12)
    assert np.abs(other - eight).max() > 1e-3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("model", [Leaky, Normed])
def test_rows_that_take_another_way_and_whole_batches(model):
    data = examples("mlp")
    expected, _ = trained(model, data, backend="numpy", batch_size=13)
    found, history = trained(model, data, backend="jax", devices="all", batch_size=13)
    assert history.engine == "jax, 8 devices"
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_a_training_goes_on_with_the_same_bits_on_as_many_devices_and_nearly_on_others(tmp_path):
    data, whole = examples("mlp"), {"backend": "jax", "devices": 4}
    expected, _ = trained(Dropped, data, epochs=4, **whole)
    for devices in (4, 8, 1):
        path = tmp_path / f"{devices}.json"
        trained(Dropped, data, epochs=2, checkpoint=path, **whole)
        found, history = trained(Dropped, data, epochs=4, checkpoint=path, backend="jax", devices=devices)
        assert len(history) == 4
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert devices != 4 or (found == expected).all()


def test_a_large_batch_in_float32():
    generator = np.random.default_rng(1)
    X, y = generator.normal(size=(3000, 6)).astype("float32"), generator.integers(0, 3, 3000)
    options = {"dtype": "float32", "batch_size": 1000, "epochs": 7}
    expected, _ = trained(mlp, (X, y), backend="numpy", **options)
    found, _ = trained(mlp, (X, y), backend="jax", devices="all", **options)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def test_a_file_of_examples_is_not_read_into_memory_as_a_whole(tmp_path):
    most, sizes = [], (2000, 20_000)
    options = {"epochs": 1, "batch_size": 100, "dtype": "float32", "backend": "jax", "devices": "all"}
    for rows in sizes:
        path = tmp_path / str(rows)
        np.memmap(path, "float32", "w+", shape=(rows, 512))[:] = 1.0
        X, y = np.memmap(path, "float32", "r", shape=(rows, 512)), np.zeros(rows, "int64")
        model = nn.MLP(512, [2, 3], seed=0)
        tracemalloc.start()
        fit(model, losses.cross_entropy, X, y, optimizer=optim.SGD(lr=0.01), progress=False, **options)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] - most[0] < 0.2 * (sizes[1] - sizes[0]) * 512 * 4
