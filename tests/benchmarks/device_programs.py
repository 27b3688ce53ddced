"""Training 784-200-200-10 on JAX's devices: ours, and the same loop written by hand with jax.jit and optax.

A repeat is a few steps on batches that come from the host; each loss is read after the last step.
"""

from __future__ import annotations

import functools
import os
import time
from typing import Any

from programs import Repeat

SIZES, STEPS, RATE = (784, 200, 200, 10), 20, 0.001


def batches(rows: int) -> tuple[Any, Any]:
    """Draw numbers in place of pixels, and labels."""
    import numpy

    generator = numpy.random.default_rng(0)
    X = generator.normal(size=(STEPS, rows, SIZES[0])).astype("float32")
    return X, generator.integers(0, SIZES[-1], (STEPS, rows))


def model_of_scalars() -> Any:
    from autograd_lite import nn

    return nn.MLP(SIZES[0], list(SIZES[1:]), init="he", seed=0)


def by_trainer(rows: int, devices: int) -> Repeat:
    from autograd_lite import losses, optim
    from autograd_lite.compiler import compile

    model, (X, y) = model_of_scalars(), batches(rows)
    program = compile(
        lambda x, k: losses.cross_entropy(model(x), k), model.parameters(), backend="jax", dtype="float32"
    )
    trainer = program.trainer(optim.Adam(lr=RATE), devices=devices)
    trainer.prepare(X[0], y[0])

    def repeat() -> tuple[float, float]:
        start = time.perf_counter()
        found = [*map(float, [trainer.start(*batch) for batch in zip(X, y)])]
        return time.perf_counter() - start, found[-1]

    return repeat


def by_optax(rows: int) -> Repeat:
    import jax
    import optax

    X, y = batches(rows)
    rule = optax.adam(RATE)

    def loss(parameters: Any, x: Any, k: Any) -> Any:
        (W1, b1), (W2, b2), (W3, b3) = parameters
        h = jax.nn.relu(x @ W1.T + b1)
        h = jax.nn.relu(h @ W2.T + b2)
        return optax.softmax_cross_entropy_with_integer_labels(h @ W3.T + b3, k).mean()

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(parameters: Any, state: Any, x: Any, k: Any) -> Any:
        found, slopes = jax.value_and_grad(loss)(parameters, x, k)
        changes, state = rule.update(slopes, state, parameters)
        return optax.apply_updates(parameters, changes), state, found

    parameters: Any = [
        (
            jax.numpy.asarray([[w.data for w in neuron.w] for neuron in layer.neurons], "float32"),
            jax.numpy.asarray([neuron.b.data for neuron in layer.neurons], "float32"),
        )
        for layer in model_of_scalars().layers
    ]
    state = rule.init(parameters)
    step.lower(parameters, state, X[0], y[0]).compile()

    def repeat() -> tuple[float, float]:
        nonlocal parameters, state
        start, found = time.perf_counter(), []
        for batch in zip(X, y):
            parameters, state, one = step(parameters, state, *batch)
            found.append(one)
        last = [*map(float, found)][-1]
        return time.perf_counter() - start, last

    return repeat


def on_one(rows: int, contestant: str) -> Repeat:
    """Train on one device."""
    return by_optax(rows) if contestant == "jax.jit and optax" else by_trainer(rows, 1)


def on_eight(contestant: str) -> Repeat:
    """Train on eight simulated devices, or on one of them."""
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
    return by_trainer(4096, 1 if contestant == "one device" else 8)


PROGRAMS = {
    "devices_128": functools.partial(on_one, 128),
    "devices_1024": functools.partial(on_one, 1024),
    "devices_eight": on_eight,
}
