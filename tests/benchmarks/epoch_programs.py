"""An epoch of training on data of MNIST's shape, 60,000 x 784: ours through ``fit``, and PyTorch's loop."""

from __future__ import annotations

import random
import time
from typing import Any

from programs import Repeat

EXAMPLES, BATCH, SIZES, LEARNING_RATE = 60_000, 128, (784, 200, 200, 10), 0.05


def data() -> tuple[Any, Any]:
    """Draw numbers in place of pixels, and labels."""
    import numpy

    generator = numpy.random.default_rng(0)
    X = generator.normal(size=(EXAMPLES, SIZES[0])).astype("float32")
    return X, generator.integers(0, SIZES[-1], EXAMPLES)


def model_of_scalars() -> Any:
    from autograd_lite import nn

    return nn.MLP(SIZES[0], list(SIZES[1:]), init="he", seed=0)


def epoch(contestant: str) -> Repeat:
    """Go once through all examples in a shuffled order; what comes before the first batch is not measured.

    For ours that is the check of the data, tracing and compiling, which ``fit`` does once.
    """
    return by_pytorch() if contestant == "PyTorch" else by_fit()


def by_fit() -> Repeat:
    from autograd_lite import fit, losses, optim

    (X, y), model = data(), model_of_scalars()

    def repeat() -> tuple[float, float]:
        history = fit(
            model,
            losses.cross_entropy,
            X,
            y,
            optimizer=optim.SGD(lr=LEARNING_RATE),
            epochs=1,
            batch_size=BATCH,
            dtype="float32",
        )
        return history.seconds[0], history.loss[0]

    return repeat


def by_pytorch() -> Repeat:
    import torch
    from torch.nn.functional import cross_entropy

    X, y = map(torch.tensor, data())
    layers: list[Any] = []
    for ours in model_of_scalars().layers:
        linear = torch.nn.Linear(len(ours.neurons[0].w), len(ours.neurons))
        with torch.no_grad():
            linear.weight[:] = torch.tensor([[w.data for w in neuron.w] for neuron in ours.neurons])
            linear.bias[:] = torch.tensor([neuron.b.data for neuron in ours.neurons])
        layers += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    order = list(range(EXAMPLES))
    random.Random(0).shuffle(order)  # as fit does
    shuffled = torch.tensor(order)

    def repeat() -> tuple[float, float]:
        start, total = time.perf_counter(), 0.0
        for first in range(0, EXAMPLES, BATCH):
            rows = shuffled[first : first + BATCH]
            loss = cross_entropy(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        return time.perf_counter() - start, total / EXAMPLES

    return repeat


PROGRAMS = {"epoch": epoch}
