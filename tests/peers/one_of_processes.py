"""One of several processes that train together, over the loopback; ``test_many_devices_jax.py`` starts them.

Run as ``one_of_processes.py NUMBER COUNT PORT FOLDER WHAT``; what it found goes to ``FOLDER/NUMBER.json``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from device_models import MODELS, Dropped, Leaky, examples
from jax.sharding import Mesh

from autograd_lite import fit, losses, nn, optim

NUMBER, COUNT, FOLDER = 0, 1, Path()
DEVICES = 2
"""So many has each process."""


def rows_of(data: Any, batch_size: int) -> Any:
    """Take from each batch of all rows the part that is this process's."""
    size = batch_size // COUNT
    count = len(data[0]) // batch_size * batch_size
    rows = [row for row in range(count) if row % batch_size // size == NUMBER]
    return [column[rows] for column in data]


def trained(make: Any, data: Any, optimizer: Any, **options: Any) -> Any:
    model = make()
    settings = {"epochs": 5, "batch_size": 16, "shuffle": False, "progress": False, **options}
    settings = {"backend": "jax", "devices": "all", **settings}
    history = fit(model, losses.cross_entropy, *data, optimizer=optimizer, **settings)
    return model, history


def all_models() -> Any:
    """Train every model by both rules; the numbers come out beside those of one process on NumPy."""
    found = {}
    for name, make in MODELS.items():
        for optimizer in (optim.SGD(lr=0.1, momentum=0.9), optim.Adam(lr=0.01)):
            data = rows_of(examples(name), 16)
            validation = [column[:6] for column in data]
            model, history = trained(make, data, optimizer, validation=validation)
            numbers = [*model.state_dict().values()]
            found[f"{name} {type(optimizer).__name__}"] = [history.engine, history.loss, numbers]
    return found


def others() -> Any:
    """Train what needs the host: rows that go another way, random draws, layers split in each process."""
    data = rows_of(examples("mlp"), 16)
    leaky, _ = trained(Leaky, data, optim.SGD(lr=0.1))
    random.seed(NUMBER)  # Dropout draws from the module random, which is not alike in the processes
    dropped, history = trained(lambda: Dropped(seed=None), data, optim.SGD(lr=0.1))
    mesh = Mesh(np.array(jax.devices()).reshape(COUNT, DEVICES), ("rows", "layers"))
    wide, _ = trained(lambda: nn.MLP(6, [4096, 3], seed=0), data, optim.SGD(lr=0.1), devices=mesh, epochs=1)
    path = FOLDER / "checkpoint.json"
    trained(MODELS["mlp"], data, optim.Adam(lr=0.01), checkpoint=path, epochs=2)
    resumed, history = trained(MODELS["mlp"], data, optim.Adam(lr=0.01), checkpoint=path)
    models = {"leaky": leaky, "dropped": dropped, "wide": wide, "resumed": resumed}
    return {name: [*model.state_dict().values()] for name, model in models.items()}


def refused() -> Any:
    """Try what cannot be trained."""
    X, y = rows_of(examples("mlp"), 16)
    sequences = [[1.0] * (1 + row % 2) for row in range(len(X))]
    shared = Mesh(np.array(jax.devices()).reshape(1, -1), ("rows", "layers"))
    attempts = {
        "rows": lambda: trained(MODELS["mlp"], (X[NUMBER:], y[NUMBER:]), optim.SGD(lr=0.1)),
        "batch": lambda: trained(MODELS["mlp"], (X, y), optim.SGD(lr=0.1), batch_size=15),
        "model": lambda: trained(lambda: nn.MLP(6, [3], seed=NUMBER), (X, y), optim.SGD(lr=0.1)),
        "forms": lambda: trained(lambda: Summed(), (sequences, y), optim.SGD(lr=0.1)),
        "mesh": lambda: trained(MODELS["mlp"], (X, y), optim.SGD(lr=0.1), devices=shared),
        "devices": lambda: trained(MODELS["mlp"], (X, y), optim.SGD(lr=0.1), devices=3),
        "loss": lambda: trained(MODELS["mlp"], (X * 10.0 ** (200 * NUMBER), y), optim.SGD(lr=0.1)),
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except (ValueError, FloatingPointError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


class Summed(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Layer(1, 3, None, seed=0)

    def __call__(self, x: Any) -> Any:
        hidden = self.layer([x[0]])
        return hidden if len(x) == 1 else [a + b for a, b in zip(hidden, self.layer([x[1]]))]


def killed() -> Any:
    """Train until the last process is killed, after two epochs are on the disk."""

    def kill(epoch: int, history: Any) -> None:
        if NUMBER == COUNT - 1 and epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    data = rows_of(examples("mlp"), 16)
    options = {"checkpoint": FOLDER / "checkpoint.json", "callbacks": [kill], "epochs": 1000}
    return len(trained(MODELS["mlp"], data, optim.Adam(lr=0.01), **options)[1])


if __name__ == "__main__":
    NUMBER, COUNT, PORT = map(int, sys.argv[1:4])
    FOLDER = Path(sys.argv[4])
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(f"127.0.0.1:{PORT}", COUNT, NUMBER, heartbeat_timeout_seconds=10)
    done = {"models": all_models, "others": others, "refused": refused, "killed": killed}[sys.argv[5]]()
    (FOLDER / f"{NUMBER}.json").write_text(json.dumps(done))
