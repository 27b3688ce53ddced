"""Training on several devices of JAX: eight that are simulated, and two processes over the loopback.

Needs JAX: python3 -m pip install jax==0.10.2
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax  # noqa: F401  (named here, so that its absence is named too)
import numpy as np
import pytest
from device_models import MODELS, Leaky, examples, mlp, trained

from autograd_lite import nn, optim

HERE = Path(__file__).parent
pytestmark = pytest.mark.timeout(1500)  # what is started has so long


def environment(devices):
    flags = f"--xla_force_host_platform_device_count={devices}"
    paths = os.pathsep.join(filter(None, [str(HERE.parents[1]), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": paths}


def test_eight_devices():
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, HERE / "on_eight_devices.py"],
        capture_output=True, text=True, env=environment(8), cwd=HERE, timeout=1400,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-10_000:] + ran.stderr[-2000:]


def processes(what, folder, count=2):
    """Run so many processes that train together; give how each ended, and what each found."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, HERE / "one_of_processes.py"]
    arguments = [str(count), str(port), str(folder), what]
    started = [
        subprocess.Popen(
            [*command, str(number), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(2),
        )  # fmt: skip
        for number in range(count)
    ]
    try:
        said = [each.communicate(timeout=700)[0] for each in started]
    finally:
        for each in started:
            each.kill()
    found = [folder / f"{number}.json" for number in range(count)]
    return (
        [each.returncode for each in started],
        said,
        [json.loads(path.read_text()) for path in found if path.exists()],
    )


def whole_batches(name):
    """Take the examples that fill batches of 16."""
    return [column[: len(column) // 16 * 16] for column in examples(name)]


def test_two_processes_find_what_one_finds_on_numpy(tmp_path):
    codes, said, (first, second) = processes("models", tmp_path)
    assert codes == [0, 0], said
    assert first == second
    for name, (engine, found_losses, numbers) in first.items():
        model, rule = name.split()
        optimizer = {"SGD": lambda: optim.SGD(lr=0.1, momentum=0.9), "Adam": lambda: optim.Adam(lr=0.01)}
        expected, history = trained(
            MODELS[model], whole_batches(model), optimizer[rule], shuffle=False, epochs=5, backend="numpy"
        )
        assert engine == "jax, 4 devices"
        np.testing.assert_allclose(numbers, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found_losses, history.loss, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_two_processes_take_rows_that_go_another_way_draw_alike_and_go_on(tmp_path):
    codes, said, (first, second) = processes("others", tmp_path)
    assert codes == [0, 0], said
    assert first == second
    data = whole_batches("mlp")
    sgd, adam = lambda: optim.SGD(lr=0.1), lambda: optim.Adam(lr=0.01)
    options = {"shuffle": False, "backend": "numpy", "epochs": 5}
    for name, make, rule, epochs in [
        ("leaky", Leaky, sgd, 5),
        ("wide", lambda: nn.MLP(6, [4096, 3], seed=0), sgd, 1),
        ("resumed", mlp, adam, 5),
    ]:
        expected, _ = trained(make, data, rule, **{**options, "epochs": epochs})
        np.testing.assert_allclose(first[name], expected, rtol=1e-9, atol=1e-9)


def test_what_processes_cannot_train_together_is_refused_by_each(tmp_path):
    codes, said, found = processes("refused", tmp_path)
    assert codes == [0, 0], said
    for each in found:
        assert each.keys() == {"rows", "batch", "model", "forms", "mesh", "devices", "loss"}
        assert "each process holds equally many examples; this one of 2 processes has 3" in each["rows"]
        assert "batch_size counts the rows of all 2 processes" in each["batch"]
        assert "each process begins with the same model" in each["model"]
        assert "several programs, which 2 processes cannot do together" in each["forms"]
        assert "second axis, which splits layers, stays within one process" in each["mesh"]
        assert "each process has equally many devices" in each["devices"]
        assert each["loss"].startswith("FloatingPointError: epoch 0, batch ")


def test_when_a_process_is_killed_the_other_ends_with_an_error_and_the_checkpoint_is_whole(tmp_path):
    codes, said, found = processes("killed", tmp_path)
    assert codes[0] != 0 and codes[1] == -9 and not found, said
    path = tmp_path / "checkpoint.json"
    content = json.loads(path.read_text())
    assert len(content["records"]["history"]["loss"]) == 3
    assert [*tmp_path.iterdir()] == [path]
