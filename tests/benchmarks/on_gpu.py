"""Check a training on a GPU or TPU, if there is one: its numbers beside NumPy, its speed beside PyTorch.

    python tests/benchmarks/on_gpu.py

The transfer guard of JAX lets a CPU read results unnoticed; here it forbids a step to read any.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

SIZES, ROWS, STEPS, RATE = (784, 200, 200, 10), 1024, 200, 0.05


def data() -> tuple[Any, Any]:
    import numpy

    generator = numpy.random.default_rng(0)
    X = generator.normal(size=(STEPS, ROWS, SIZES[0])).astype("float32")
    return X, generator.integers(0, SIZES[-1], (STEPS, ROWS))


def trainer_of(backend: str) -> tuple[Any, Any]:
    from autograd_lite import losses, nn, optim
    from autograd_lite.compiler import compile

    model = nn.MLP(SIZES[0], list(SIZES[1:]), init="he", seed=0)
    function = lambda x, k: losses.cross_entropy(model(x), k)
    program = compile(function, model.parameters(), backend=backend, dtype="float32")
    devices = "all" if backend == "jax" else None
    return program.trainer(optim.SGD(lr=RATE), devices=devices), model


def check() -> None:
    """Compare the parameters after 20 steps with NumPy's, with no read of the devices in between."""
    import jax
    import numpy

    X, y = data()
    numbers = []
    for backend in ("numpy", "jax"):
        trainer, model = trainer_of(backend)
        trainer.step(X[0], y[0])
        begun = []
        for step in range(1, 20):
            with jax.transfer_guard_device_to_host("disallow" if len(begun) < 7 else "allow"):
                begun.append(trainer.start(X[step], y[step]))
        trainer.write_back()
        numbers.append(numpy.array([p.data for p in model.parameters()]))
    difference = numpy.abs(numbers[1] - numbers[0]).max() / numpy.abs(numbers[0]).max()
    said = "PASS" if difference < 1e-2 else "SHORT"  # tensor cores round to ten bits
    print(f"parameters after 20 steps differ from NumPy's by {difference:.1e} of the largest: {said}")


def by_torch() -> Callable[[], float]:
    import torch
    from torch.nn.functional import cross_entropy

    X, y = (torch.tensor(column, device="cuda") for column in data())
    layers: list[Any] = []
    for nin, nout in zip(SIZES, SIZES[1:]):
        layers += [torch.nn.Linear(nin, nout), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def repeat() -> float:
        start = time.perf_counter()
        for x, k in zip(X, y):
            loss = cross_entropy(model(x), k)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()
        return STEPS / (time.perf_counter() - start)

    return repeat


def by_us() -> Callable[[], float]:
    X, y = data()
    trainer, _ = trainer_of("jax")

    def repeat() -> float:
        start = time.perf_counter()
        begun = [trainer.start(*batch) for batch in zip(X, y)]
        float(begun[-1])
        return STEPS / (time.perf_counter() - start)

    return repeat


def main() -> None:
    try:
        import jax
    except ImportError:
        sys.exit("JAX is not installed")
    kinds = {device.platform for device in jax.devices()}
    if kinds == {"cpu"}:
        print("no GPU or TPU here: JAX sees only the CPU, so there is nothing to check")
        return
    check()
    contestants = {f"autograd_lite on {', '.join(sorted(kinds))}": by_us()}
    try:
        contestants["PyTorch on cuda"] = by_torch()
    except (ImportError, AssertionError, RuntimeError) as error:
        print(f"PyTorch has no GPU here: {error}")
    for repeat in contestants.values():
        repeat()
    for name, repeat in contestants.items():
        print(f"{name}: {max(repeat() for _ in range(5)):.0f} steps per second")


if __name__ == "__main__":
    main()
