"""Training on a device of JAX, in this process; ``test_many_devices_jax.py`` has several.

Needs JAX: python3 -m pip install jax==0.10.2
"""

from __future__ import annotations

import sys

import jax
import numpy as np
import pytest
from device_models import MODELS, Bigram, Dropped, Leaky, Normed, examples, trained
from jax.sharding import Mesh

from autograd_lite import Value, fit, losses, nn, optim
from autograd_lite.compiler import compile
from autograd_lite.compiler.devices.mesh import Placement, check_rows_apart, placement_of
from autograd_lite.compiler.devices.training import AHEAD, NotFiniteError, OnDevices
from autograd_lite.training.on_devices import DeviceStep

OPTIMIZERS = [
    lambda: optim.SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda: optim.AdamW(lr=lambda step: 0.01 / (1 + step)),
    lambda: optim.RMSprop(lr=0.01),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["mlp", "attention"])
def test_one_device_finds_what_numpy_finds(name, optimizer):
    arguments = MODELS[name], examples(name), optimizer
    expected, expected_history = trained(*arguments, backend="numpy", batch_size=11)
    found, history = trained(*arguments, backend="jax", batch_size=11)
    assert history.engine == "jax, 1 device"
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(history.loss, expected_history.loss, rtol=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("clip", [0.01, 1e6])
def test_gradients_are_bounded_within_the_step(optimizer, clip):
    arguments, options = (MODELS["mlp"], examples("mlp"), optimizer), {"batch_size": 11, "clip": clip}
    expected, _ = trained(*arguments, backend="numpy", **options)
    found, history = trained(*arguments, backend="jax", **options)
    assert history.engine == "jax, 1 device"
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def grouped(model, kind, cut):
    """Cut the parameters of a model into two groups, with all settings that a group may have."""
    parameters, rate = model.parameters(), optim.linear(0.1, 0.01, epochs=3)
    decay = {} if kind is optim.RMSprop else {"weight_decay": 0.1}
    return kind(
        [{"parameters": parameters[:cut], "lr": rate}, {"parameters": parameters[cut:], **decay}], lr=0.02
    )


@pytest.mark.parametrize("cut", [5, 56], ids=["within an array", "between arrays"])
@pytest.mark.parametrize(
    "kind", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Lion]
)
def test_groups_keep_settings_of_their_own(kind, cut):
    ends = []
    for backend in ("numpy", "jax"):
        model = MODELS["mlp"]()
        optimizer = grouped(model, kind, cut)
        options = {"epochs": 3, "batch_size": 16, "backend": backend, "progress": False}
        fit(model, losses.cross_entropy, *examples("mlp"), optimizer=optimizer, **options)
        ends.append([*model.state_dict().values()])
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-9, atol=1e-9)


def trainer_of(function, parameters, optimizer=None, **options):
    program = compile(function, parameters, backend="jax", **options)
    return program.trainer(optimizer or optim.SGD(lr=0.1), devices=1)


def test_a_loss_is_read_when_it_is_needed_and_shown_as_the_last_one_before():
    w = Value(1.0)
    trainer = trainer_of(lambda x: (w * x) ** 2, [w])
    begun = [trainer.start([1.0, 2.0, 2.0]) for _ in range(AHEAD + 2)]
    known = [pytest.approx(3.0 * 0.4 ** (2 * step)) for step in range(AHEAD // 2)]
    assert [each.loss for each in begun[: AHEAD // 2 + 1]] == [*known, None]
    assert f"{begun[0]:.1f} {begun[-1]:.3f}" == f"3.0 {begun[AHEAD // 2 - 1]:.3f}"
    assert float(begun[-1]) == pytest.approx(3.0 * 0.4 ** (2 * (AHEAD + 1)))
    assert trainer.is_on_devices and w.data == 1.0
    trainer.write_back()
    assert w.data == pytest.approx(0.4 ** (AHEAD + 2))


def test_the_next_batch_is_gathered_while_a_step_computes(monkeypatch):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(4000, 200)), generator.integers(0, 10, 4000)
    were_ready, begun, gather = [], [], DeviceStep._rows

    def noted(self, rows):
        found = gather(self, rows)
        were_ready.extend(each.found.is_ready() for each in begun[-1:] if each.loss is None)
        return found

    start = OnDevices.start
    monkeypatch.setattr(DeviceStep, "_rows", noted)
    monkeypatch.setattr(
        OnDevices, "start", lambda self, columns: begun.append(start(self, columns)) or begun[-1]
    )
    options = {"optimizer": optim.SGD(lr=0.01), "epochs": 1, "batch_size": 500, "backend": "jax"}
    fit(nn.MLP(200, [300, 300, 10], seed=0), losses.cross_entropy, X, y, progress=False, **options)
    assert len(begun) == 8 and not all(were_ready)


def test_a_batch_is_filled_up_exactly():
    w = Value(1.0)
    trainer = trainer_of(lambda x: w * x, [w])
    assert trainer.step([1.0] * 8) == 1.0
    trainer.write_back()
    assert w.data == pytest.approx(0.9)
    assert trainer.step([2.0, 3.0, 4.0]) == pytest.approx(2.7)
    trainer.write_back()
    assert w.data == pytest.approx(0.6)


def test_what_needs_no_rows_and_what_depends_on_none():
    w = Value(3.0)
    trainer = trainer_of(lambda: w * w, [w])
    assert [trainer.step(), trainer.step()] == [9.0, pytest.approx(5.76)]
    trainer = trainer_of(lambda x: w * w, [w])
    assert trainer.step([1.0, 2.0]) == 9.0


def test_steps_after_one_that_the_host_must_take_are_begun_anew():
    """Row 5 goes another way than the first: an if of its own."""
    data = [[float(number)] for number in [1, 2, 3, 4, 5, -6, 7, 8]]

    def steps(backend):
        w = Value(1.0)
        function = lambda x: (w * x if x > 0.0 else 3.0 * w * x) ** 2
        program = compile(function, [w], backend=backend)
        trainer = program.trainer(optim.Adam(lr=0.1))
        with pytest.warns(RuntimeWarning, match="comparisons came out otherwise"):
            found = [*map(float, [trainer.start(column) for column in data])]
        trainer.write_back()
        return found, w.data, trainer.optimizer.steps

    expected, found = steps("numpy"), steps("jax")
    assert found[0] == pytest.approx(expected[0], rel=1e-12)
    assert found[1:] == (pytest.approx(expected[1], rel=1e-12), 8)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_passes_nothing_on_is_left_to_the_engine():
    """0 · inf: the engine knows that relu is flat, and JAX does not."""
    w = Value(0.5)
    trainer = trainer_of(lambda x: (w * x).relu().sqrt() + w, [w])
    assert trainer.step([1.0, -1.0]) == pytest.approx(0.5 * (0.5**0.5) + 0.5)
    trainer.write_back()
    assert w.data == pytest.approx(0.5 - 0.1 * (1.0 + 0.25 / 0.5**0.5))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_step_that_is_not_finite_leaves_what_was_before_and_so_do_those_after_it():
    w = Value(1.0)
    trainer = trainer_of(lambda x: (w * x).exp(), [w])
    begun = [trainer.start([x]) for x in (1.0, 1e4, 2.0, 3.0)]
    assert float(begun[0]) == pytest.approx(2.718281828)
    with pytest.raises(NotFiniteError, match="try a smaller learning rate") as caught:
        trainer.write_back()
    assert caught.value.pending is begun[1]
    trainer.write_back()
    assert w.data == pytest.approx(1.0 - 0.1 * np.e)


def test_a_square_that_overflows_is_no_error():
    w = Value(1e25)
    trainer = trainer_of(lambda x: w * x, [w], dtype="float32")
    assert trainer.step([1.0]) == pytest.approx(1e25)


def test_fit_names_the_step_that_was_not_finite():
    y = [float(number) for number in range(40)]
    loss = lambda output, target: (output * 1e200 * output).exp() if target > 35.0 else (output - target) ** 2
    expected = nn.MLP(1, [3, 1], activation="tanh", seed=0)
    options = {"optimizer": optim.SGD(lr=0.001), "batch_size": 4, "shuffle": False}
    for backend in ("numpy", "jax"):
        model = nn.MLP(1, [3, 1], activation="tanh", seed=0)
        with (
            pytest.warns(RuntimeWarning),
            pytest.raises(FloatingPointError, match=r"epoch 0, batch 9: .*is inf"),
        ):
            fit(
                model,
                loss,
                [[n / 40] for n in y],
                y,
                **{**options, "optimizer": optim.SGD(lr=0.001)},
                backend=backend,
            )
        numbers = [p.data for p in model.parameters()]
        if backend == "numpy":
            expected = numbers
    assert numbers == pytest.approx(expected, rel=1e-12)


def test_settings_of_the_rule_and_frozen_numbers_may_change():
    def steps(backend):
        w, frozen = Value(1.0), Value(2.0)
        optimizer = optim.SGD(lr=0.1)
        program = compile(lambda x: (w * x + frozen) ** 2, [w], backend=backend)
        trainer = program.trainer(optimizer)
        found = [trainer.step([1.0, 2.0])]
        optimizer.weight_decay, frozen.data = 0.5, -1.0
        found.append(trainer.step([1.0, 2.0]))
        optimizer.lr = 0.01
        found += [trainer.step([1.0, 2.0]), trainer.step([1.0, 2.0])]
        trainer.write_back()
        return [*found, w.data]

    assert steps("jax") == pytest.approx(steps("numpy"), rel=1e-12)


def test_random_numbers_follow_the_seed_and_have_their_distribution():
    w = Value(0.0)
    dropout = nn.Dropout(0.25, seed=0)
    program = compile(lambda x: dropout(x) + w, [w], backend="jax")
    losses = [program.trainer(optim.SGD([w], lr=0.1)).step(np.ones(20_000)) for _ in range(2)]
    assert losses[0] != losses[1]
    assert losses == pytest.approx([1.0, 1.0], abs=0.02)
    again = nn.Dropout(0.25, seed=0)
    program = compile(lambda x: again(x) + w, [w], backend="jax")
    assert program.trainer(optim.SGD([w], lr=0.1)).step(np.ones(20_000)) == losses[0]


def test_random_numbers_that_devices_cannot_draw():
    class Noisy(Dropped):
        def __init__(self):
            super().__init__()
            self.dropout = Unknown()

    _, history = trained(Noisy, examples("mlp"), backend="jax")
    assert history.engine.startswith("compiled, not on JAX: TypeError: random numbers of")
    assert "cannot be drawn on devices" in history.engine


class Unknown(nn.Module):
    """Draws numbers, and does not say which."""

    def __init__(self):
        self.source = nn.Dropout(0.5, seed=0)

    def __call__(self, x):
        from autograd_lite.core.modes import current_tracer

        values = [Value(self.draw_one()) for _ in x]
        tracer = current_tracer()
        if tracer is not None:
            tracer.random.update(dict.fromkeys(values, self))
        return [value * each for value, each in zip(values, x)]

    def draw_one(self):
        return self.source.draw_one()

    def draw(self, shape, dtype):
        return self.source.draw(shape, dtype)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("model", [Leaky, Normed, Bigram])
def test_what_goes_another_way_and_what_maps_whole_batches(model):
    data = examples("embedding" if model is Bigram else "mlp")
    expected, _ = trained(model, data, backend="numpy")
    found, history = trained(model, data, backend="jax")
    assert history.engine == "jax, 1 device"
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


class Clipped(Normed):
    def __call__(self, batch):
        return [[z if z > -0.2 else 0.5 * z for z in row] for row in super().__call__(batch)]


def test_whole_batches_that_go_another_way_are_trained_on_numpy_or_eagerly():
    expected, _ = trained(Clipped, examples("mlp"), compiled=False)
    found, history = trained(Clipped, examples("mlp"), backend="jax")
    assert history.engine.startswith("eager: from epoch 0 on, TraceError: comparisons came out otherwise")
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_whole_batches_that_are_not_finite():
    w = Value(1.0)

    def function(batch):
        return [sum((w * x).exp() for x in batch), 0.0 * w]

    from autograd_lite.compiler.program import Program

    trainer = Program(function, [w], "jax", "float64", beside=True).trainer(optim.SGD(lr=0.1))
    assert trainer.step([[0.0, 1.0]]) == pytest.approx(1.0 + np.e)
    assert trainer.beside == [0.0]
    with pytest.raises(NotFiniteError):
        trainer.step([[0.0, 1e4]])


class Summed(nn.Module):
    def __init__(self):
        self.layer = nn.Layer(1, 3, None, seed=0)

    def __call__(self, x):
        hidden = self.layer([x[0]])
        return hidden if len(x) == 1 else [a + b for a, b in zip(hidden, self.layer([x[1]]))]


def test_rows_that_need_several_programs_are_trained_on_numpy_and_the_history_says_so():
    X, y = [[1.0 + row / 9] * (1 + row % 2) for row in range(40)], [row % 3 for row in range(40)]
    expected, _ = trained(Summed, (X, y), backend="numpy")
    found, history = trained(Summed, (X, y), backend="jax")
    assert history.engine == "compiled, not on JAX: the rows of a batch need several programs"
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    X = [[1.0]] * 16 + [[1.0, 2.0]] * 8 + [[3.0]] * 8  # the second batch is mixed
    expected, _ = trained(Summed, (X, y[:32]), backend="numpy", shuffle=False)
    found, history = trained(Summed, (X, y[:32]), backend="jax", shuffle=False)
    assert (
        history.engine == "compiled, not on JAX: from epoch 0 on, the rows of a batch need several programs"
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    with pytest.raises(ValueError, match="the rows of a batch need several programs"):
        trained(Summed, (X[8:], y[:24]), backend="jax", compiled=True)


def test_a_trainer_goes_from_program_to_program():
    model = Summed()
    function = lambda x, y: losses.cross_entropy(model(x), y)
    found = []
    for backend in ("numpy", "jax"):
        model = Summed()
        trainer = compile(function, model.parameters(), backend=backend).trainer(optim.Adam(lr=0.1))
        batches = [
            ([[1.0], [2.0]], [0, 1]),
            ([[1.0, 3.0], [2.0, 0.5]], [2, 1]),
            ([[1.0], [2.0, 1.0]], [0, 1]),
        ]
        found.append([trainer.step(*batch) for batch in batches * 2])
    assert found[1] == pytest.approx(found[0], rel=1e-9)


def test_a_program_that_no_longer_does_what_the_function_does_is_found_out():
    w, scale = Value(1.0), [2.0]
    trainer = trainer_of(lambda x: w * x * scale[0], [w])
    for _ in range(10):
        trainer.step([1.0])
    scale[0] = 3.0
    trainer.step([1.0])  # the eleventh
    with pytest.raises(RuntimeError, match="the program and the function itself differ"):
        trainer.write_back()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_the_engine_refuses_of_a_step_that_was_begun_is_taken_eagerly(monkeypatch):
    """A step that the host takes fails: it, and those that were begun after it, are taken eagerly."""

    def fail(self, columns):
        raise RuntimeError("on purpose")

    data = examples("mlp")
    expected, _ = trained(Leaky, data, compiled=False)
    monkeypatch.setattr(OnDevices, "gradient", fail)
    found, history = trained(Leaky, data, backend="jax")
    assert history.engine.startswith("eager: from epoch 0 on, RuntimeError: on purpose")
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


# ---- Where to train --------------------------------------------------------------------------------


def test_devices_that_there_are_not():
    (device,) = jax.devices()
    for wrong, error in [
        (0, ValueError), (2, ValueError), (True, ValueError), ([device, device], ValueError),
        ([], TypeError), ("gpu", TypeError), (1.5, TypeError),
        (Mesh(np.array([[[device]]]), ("a", "b", "c")), ValueError),
    ]:  # fmt: skip
        with pytest.raises(error, match="device|mesh"):
            Placement(wrong)
    for right in (None, 1, "all", [device], Mesh(np.array([device]), ("rows",))):
        assert str(Placement(right)) == "jax, 1 device"


def test_processes_hold_rows_of_their_own():
    assert check_rows_apart([[0, 0], [0, 0], [1, 1], [1, 1]]) == 2
    with pytest.raises(ValueError, match="stays within one process"):
        check_rows_apart([[0, 1]])
    with pytest.raises(ValueError, match="equally many devices"):
        check_rows_apart([[0], [0], [1]])
    placement = Placement()
    placement.check_alone("nothing")
    placement.processes = 2
    with pytest.raises(ValueError, match="something, which 2 processes cannot do together"):
        placement.check_alone("something")
    placement.parts = 4
    assert placement.padded(5) == 6


def test_numbers_of_all_processes_keep_their_bits():
    placement = Placement()
    numbers = [0.1, -1e300, 5e-324, 2.0**60 + 1.0]
    assert placement.of_all(numbers).tolist() == [numbers]
    assert placement.mean(numbers).tolist() == numbers


def test_large_arrays_are_split_over_a_second_axis():
    mesh = Mesh(np.array(jax.devices()).reshape(1, 1), ("rows", "layers"))
    placement = Placement(mesh)
    assert placement.of_leaf((256, 784)).spec == jax.sharding.PartitionSpec(None, "layers")
    assert placement.of_leaf((8, 8)) == Placement(mesh).copied
    expected, _ = trained(lambda: nn.MLP(6, [4096, 3], seed=0), examples("mlp"), backend="numpy", epochs=1)
    found, _ = trained(
        lambda: nn.MLP(6, [4096, 3], seed=0), examples("mlp"), backend="jax", devices=mesh, epochs=1
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_jax_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r'python3 -m pip install "autograd_lite\[jax\]"'):
        placement_of("all")


def test_what_waits_for_nothing():
    w = Value(1.0)
    trainer = compile(lambda x: w * x, [w], backend="numpy").trainer(optim.SGD(lr=0.1))
    trainer.settle()
    trainer.prepare([1.0])
    trainer.settle()
    assert float(trainer.start([1.0])) == 1.0
    assert not trainer.is_on_devices and w.data == 1.0
    with pytest.raises(ValueError, match="such rows are not trained on devices"):
        trainer.compiled_step([1.0])


def test_one_device_exchanges_nothing():
    w = Value(1.0)
    trainer = compile(lambda x: w * x, [w], backend="jax").trainer(optim.SGD(lr=0.1))
    text = trainer.compiled_step([1.0, 2.0]).as_text()
    assert "ENTRY" in text and "all-reduce" not in text and w.data == 1.0
