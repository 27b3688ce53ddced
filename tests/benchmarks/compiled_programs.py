"""What the scoreboard runs to measure compiled programs: the textbook's scalar code, and peers.

As in ``programs.py``, a program is a function of the contestant's name that sets
everything up and returns a ``Repeat``.
"""

from __future__ import annotations

import gc
import importlib
import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from programs import (
    Repeat,
    demo_loss,
    demo_training,
    moons,
    textbook_layers,
    timed,
    value_class,
)

OURS, IN_C = "autograd_lite", "autograd_lite in C"
BACKENDS = {OURS: "auto", IN_C: "native", "straight line": "python"}
LEARNING_RATE = 0.1


def in_steps(step: Callable[[], float], count: int) -> Repeat:
    """Make a repeat that measures seconds for one of many steps.

    Its number is the loss after five steps, which come before all that is measured: so
    contestants of different speed can take different numbers of steps.
    """
    for _ in range(5):
        step()
    number = step()

    def repeat() -> tuple[float, float]:
        step()  # the caches, and threads that went to sleep
        gc.collect()
        start = time.perf_counter()
        for _ in range(count):
            step()
        return (time.perf_counter() - start) / count, number

    return repeat


def by_peer(contestant: str, what: str) -> Any:
    """Find a peer's version of a network, once the peer itself is there."""
    importlib.import_module({"PyTorch": "torch", "jax.jit": "jax", "NumPy": "numpy"}[contestant])
    name = {"PyTorch": "pytorch", "jax.jit": "jax", "NumPy": "numpy"}[contestant]
    return getattr(importlib.import_module("peers"), f"{what}_by_{name}")


def backend_of(contestant: str) -> str:
    """Give the backend of ours; that in C is missing where the engine in Python runs."""
    from autograd_lite import engine_kind

    if contestant == IN_C and engine_kind == "pure":
        raise ModuleNotFoundError(name="the engine in C")
    return BACKENDS[contestant]


def trainer_of(
    loss: Callable[..., Any], parameters: Sequence[Any], dtype: str = "float64", backend: str = "auto"
) -> Any:
    from autograd_lite import optim
    from autograd_lite.compiler import compile

    return compile(loss, parameters, dtype=dtype, backend=backend).trainer(optim.SGD(lr=LEARNING_RATE))


def arrays_of(model: Any) -> list[Any]:
    """Put a textbook model's numbers into arrays W1, b1, W2, b2, ..."""
    import numpy

    pairs = [
        (
            [[w.data for w in neuron.w] for neuron in layer.neurons],
            [neuron.b.data for neuron in layer.neurons],
        )
        for layer in model.layers
    ]
    return [numpy.array(numbers) for pair in pairs for numbers in pair]


# ---- micrograd's demo ------------------------------------------------------------------------


def demo_compiled(contestant: str) -> Repeat:
    """Train one step of micrograd's demo; ours is compiled from the textbook's scalars."""
    if contestant == "micrograd":
        Value = value_class("micrograd")
        return in_steps(demo_training(Value, textbook_layers(Value)), 1)
    Value = value_class(OURS)
    random.seed(1337)
    model = textbook_layers(Value)(2, [16, 16, 1])
    X, y = moons(100)
    if contestant == OURS:
        loss = lambda: demo_loss(Value, model, X, y)
        return in_steps(trainer_of(loss, model.parameters()).step, 300)
    import numpy

    build = by_peer(contestant, "demo")
    return in_steps(build(arrays_of(model), numpy.array(X), numpy.array(y, float)), 300)


# ---- XOR -------------------------------------------------------------------------------------


def xor_compiled(contestant: str) -> Repeat:
    """Train 2-2-1 on XOR, all four examples at once."""
    Value = value_class(OURS)
    random.seed(1337)
    model = textbook_layers(Value)(2, [2, 1])
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    hidden, (output,) = (layer.neurons for layer in model.layers)

    def weighted_sum(neuron: Any, x: Any) -> Any:
        return sum((wi * xi for wi, xi in zip(neuron.w, x)), neuron.b)

    def loss() -> Any:
        total = 0.0
        for xrow, target in zip(X, y):
            h = [weighted_sum(neuron, xrow).tanh() for neuron in hidden]
            total = total + (weighted_sum(output, h).sigmoid() - target) ** 2
        return total / len(X)

    if contestant in BACKENDS:
        trainer = trainer_of(loss, model.parameters(), backend=backend_of(contestant))
        return in_steps(trainer.step, 3000)
    import numpy

    build = by_peer(contestant, "xor")
    return in_steps(build(arrays_of(model), numpy.array(X), numpy.array(y)), 1000)


# ---- 784-200-200-10 --------------------------------------------------------------------------

SIZES = (784, 200, 200, 10)
BATCH = 128


def wide_numbers() -> list[tuple[list[list[float]], list[float]]]:
    """Draw the weights and biases of each layer."""
    generator = random.Random(1337)
    return [
        ([[generator.gauss(0, nin**-0.5) for _ in range(nin)] for _ in range(nout)], [0.0] * nout)
        for nin, nout in zip(SIZES, SIZES[1:])
    ]


def wide_loss() -> tuple[Callable[..., Any], list[Any]]:
    """Write the loss of one example in scalars; give its parameters too."""
    from autograd_lite import Value, logsumexp, pick

    layers = [([[Value(w) for w in row] for row in W], [*map(Value, b)]) for W, b in wide_numbers()]

    def loss(x: Any, k: Any) -> Any:
        for W, b in layers:
            z = [sum(wi * xi for wi, xi in zip(row, x)) + bi for row, bi in zip(W, b)]
            x = [zi.relu() for zi in z]
        return logsumexp(z) - pick(z, k)

    return loss, [p for W, b in layers for p in [*(w for row in W for w in row), *b]]


def wide_batch(dtype: str) -> tuple[Any, Any]:
    import numpy

    generator = numpy.random.default_rng(1337)
    return generator.normal(size=(BATCH, SIZES[0])).astype(dtype), generator.integers(0, SIZES[-1], BATCH)


def wide_step(contestant: str, dtype: str) -> Callable[[], float]:
    import numpy

    X, k = wide_batch(dtype)
    if contestant == OURS:
        trainer = trainer_of(*wide_loss(), dtype)
        return lambda: trainer.step(X, k)
    arrays = [numpy.array(part, dtype) for layer in wide_numbers() for part in layer]
    return by_peer(contestant, "wide")(arrays, X, k)


def wide_float32(contestant: str) -> Repeat:
    return in_steps(wide_step(contestant, "float32"), 50)


def wide_float64(contestant: str) -> Repeat:
    return in_steps(wide_step(contestant, "float64"), 30)


def wide_memory(contestant: str) -> Repeat:
    """Train, and measure the most bytes in use beside the Values and the data.

    The peer's are those of hand-written NumPy plus those of one example's graph, which tracing
    builds and lets go.
    """
    import numpy

    X, k = wide_batch("float32")
    graph = 0
    if contestant == OURS:
        parts: Any = wide_loss()
    else:
        parts = [numpy.array(part, "float32") for layer in wide_numbers() for part in layer]
        graph = graph_bytes(*wide_loss()[:1], X[0].tolist(), int(k[0]))
    gc.collect()
    tracemalloc.start()
    if contestant == OURS:
        trainer = trainer_of(*parts, "float32")
        step = lambda: trainer.step(X, k)
    else:
        step = by_peer("NumPy", "wide")(parts, X, k)
    for _ in range(5):
        step()
    number = step()

    def repeat() -> tuple[float, float]:
        gc.collect()
        tracemalloc.reset_peak()
        step()
        return tracemalloc.get_traced_memory()[1] + graph, number

    return repeat


def graph_bytes(loss: Callable[..., Any], x: list[float], k: int) -> int:
    """Measure the graph of one example."""
    gc.collect()
    tracemalloc.start()
    output = loss(x, k)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert output.data > 0.0
    return size


def wide_compiling(contestant: str) -> Repeat:
    """Trace, raise, emit and check the loss of one example; or only compute it, eagerly."""
    from autograd_lite import Value
    from autograd_lite.compiler import compile

    loss, parameters = wide_loss()
    X, k = wide_batch("float64")
    x, label = X[0].tolist(), int(k[0])

    def compiling() -> float:
        return compile(loss, parameters).value_and_grad(x, label)[0]

    def eager() -> float:
        output = loss([*map(Value, x)], label)
        output.backward()
        return output.data

    return timed({"compile": compiling, "eager": eager}[contestant])


# ---- Cheap gradients -------------------------------------------------------------------------


def of_functions(program: Any, contestant: str, columns: Sequence[Any], count: int) -> Repeat:
    """Measure a generated function itself, without what carries its numbers to the Values."""
    import numpy

    found = program.cache.first()
    numbers = [parameter.data for parameter in program.parameters]
    name = {"value and gradient": "value_and_gradient", "value": "forward"}[contestant]
    if found.choose(len(columns[0]) if columns else 1) == "python":
        function, arguments = found.on_floats[name], [numbers, [], [], *columns]
    else:
        leaves = [*found.leaves.parameters(numbers), *found.leaves.frozen()]
        function, arguments = found.on_arrays[name], [*leaves, *found.inputs.columns(columns)]

    def step() -> float:
        found = function(*arguments)
        first = found[0] if isinstance(found, tuple) else found
        if isinstance(first, list):  # of outputs, as floats
            return float(first[0])
        return float(numpy.mean(first))

    return in_steps(step, count)


def demo_gradient(contestant: str) -> Repeat:
    from autograd_lite.compiler import compile

    Value = value_class(OURS)
    random.seed(1337)
    model = textbook_layers(Value)(2, [16, 16, 1])
    X, y = moons(100)
    program = compile(lambda: demo_loss(Value, model, X, y), model.parameters())
    program()
    return of_functions(program, contestant, [], 300)


def wide_gradient(contestant: str) -> Repeat:
    from autograd_lite.compiler import compile

    program = compile(*wide_loss(), dtype="float32")
    X, k = wide_batch("float32")
    program(X[0], int(k[0]))
    return of_functions(program, contestant, [X, k], 50)


PROGRAMS: dict[str, Callable[[str], Repeat]] = {
    program.__name__: program
    for program in (
        demo_compiled, xor_compiled, wide_float32, wide_float64, wide_memory, wide_compiling,
        demo_gradient, wide_gradient,
    )
}  # fmt: skip
