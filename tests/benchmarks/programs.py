"""The programs that the scoreboard runs: the same code for every contestant.

A program is a function of the contestant's name that sets everything up and returns
a ``Repeat``: a function that does the work once, and gives what was measured (seconds
or bytes, for one operation) and a number that all contestants must agree on.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

Repeat = Callable[[], tuple[float, float]]

ENGINES = {
    "autograd_lite": "autograd_lite",
    "micrograd": "micrograd.engine",
    "microgpt": "microgpt_value",
}
LAYERS = {"autograd_lite": "autograd_lite.nn", "micrograd": "micrograd.nn"}


def value_class(contestant: str) -> Any:
    module = importlib.import_module(ENGINES[contestant])
    if os.environ.get("AUTOGRAD_LITE_PURE") == "0" and getattr(module, "engine_kind", "") == "pure":
        raise ModuleNotFoundError(name="the engine in C")
    return module.Value


def timed(work: Callable[[], float], operations: int = 1) -> Repeat:
    """Make a repeat that measures seconds for one operation."""

    def repeat() -> tuple[float, float]:
        gc.collect()
        start = time.perf_counter()
        number = work()
        return (time.perf_counter() - start) / operations, number

    return repeat


# ---- micrograd's demo: two moons, 2-16-16-1, SVM loss and L2 -------------------------------


def moons(count: int) -> tuple[list[list[float]], list[int]]:
    """Draw two interleaved half circles, with noise, and their classes -1 and 1."""
    generator = random.Random(1337)
    points, classes = [], []
    for index in range(count):
        angle = math.pi * generator.random()
        upper = index % 2 == 0
        x = math.cos(angle) if upper else 1.0 - math.cos(angle)
        y = math.sin(angle) if upper else 0.5 - math.sin(angle)
        points.append([x + generator.gauss(0.0, 0.1), y + generator.gauss(0.0, 0.1)])
        classes.append(-1 if upper else 1)
    return points, classes


def textbook_layers(Value: Any) -> Any:
    """Write micrograd's MLP out in scalars, as its users do."""

    class Neuron:
        def __init__(self, nin: int, nonlin: bool) -> None:
            self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(0)
            self.nonlin = nonlin

        def __call__(self, x: list[Any]) -> Any:
            act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
            return act.relu() if self.nonlin else act

        def parameters(self) -> list[Any]:
            return [*self.w, self.b]

    class Layer:
        def __init__(self, nin: int, nout: int, nonlin: bool) -> None:
            self.neurons = [Neuron(nin, nonlin) for _ in range(nout)]

        def __call__(self, x: list[Any]) -> Any:
            out = [neuron(x) for neuron in self.neurons]
            return out[0] if len(out) == 1 else out

        def parameters(self) -> list[Any]:
            return [p for neuron in self.neurons for p in neuron.parameters()]

    class MLP:
        def __init__(self, nin: int, nouts: list[int]) -> None:
            sizes = [nin, *nouts]
            self.layers = [
                Layer(sizes[i], sizes[i + 1], nonlin=i != len(nouts) - 1) for i in range(len(nouts))
            ]

        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self) -> list[Any]:
            return [p for layer in self.layers for p in layer.parameters()]

    return MLP


def demo_loss(Value: Any, model: Any, X: list[list[float]], y: list[int]) -> Any:
    """Compute the loss of micrograd's demo over all examples."""
    inputs = [list(map(Value, xrow)) for xrow in X]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum(p * p for p in model.parameters())
    return data_loss + reg_loss


def demo_training(Value: Any, MLP: Any) -> Callable[[], float]:
    """Set the demo up; the function that this gives trains one step."""
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    X, y = moons(100)

    def step() -> float:
        total_loss = demo_loss(Value, model, X, y)
        for p in model.parameters():
            p.grad = 0
        total_loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return total_loss.data

    return step


def demo(contestant: str) -> Repeat:
    """Train one step of micrograd's demo, its layers written out."""
    Value = value_class(contestant)
    return timed(demo_training(Value, textbook_layers(Value)))


def demo_through_nn(contestant: str) -> Repeat:
    """Train one step of micrograd's demo with the contestant's own layers."""
    return timed(demo_training(value_class(contestant), importlib.import_module(LAYERS[contestant]).MLP))


def demo_memory(contestant: str) -> Repeat:
    """Build the demo's loss, and hold it: bytes for one operation."""
    Value = value_class(contestant)
    random.seed(1337)
    model = textbook_layers(Value)(2, [16, 16, 1])
    X, y = moons(100)

    def repeat() -> tuple[float, float]:
        gc.collect()
        tracemalloc.start()
        loss = demo_loss(Value, model, X, y)
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size / operations(loss), loss.data

    return repeat


def operations(output: Any) -> int:
    """Count the operations of a graph."""
    seen, waiting = {output}, [output]
    while waiting:
        for parent in waiting.pop()._prev:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return sum(1 for node in seen if node._op)


# ---- A small GPT, as microgpt trains it -----------------------------------------------------


def gpt(contestant: str) -> Repeat:
    """Train a one-layer GPT on a document of six tokens with Adam, one step."""
    sys.setrecursionlimit(100_000)  # for peers that sort by recursion
    Value = value_class(contestant)
    vocabulary, n_embd, n_head, block_size = 27, 16, 4, 8
    head_dim = n_embd // n_head
    generator = random.Random(42)

    def matrix(rows: int, columns: int) -> list[list[Any]]:
        return [[Value(generator.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    state = {
        "wte": matrix(vocabulary, n_embd),
        "wpe": matrix(block_size, n_embd),
        "lm_head": matrix(vocabulary, n_embd),
        "wq": matrix(n_embd, n_embd),
        "wk": matrix(n_embd, n_embd),
        "wv": matrix(n_embd, n_embd),
        "wo": matrix(n_embd, n_embd),
        "fc1": matrix(4 * n_embd, n_embd),
        "fc2": matrix(n_embd, 4 * n_embd),
    }
    parameters = [p for rows in state.values() for row in rows for p in row]

    def linear(x: list[Any], weights: list[list[Any]]) -> list[Any]:
        return [sum(wi * xi for wi, xi in zip(row, x)) for row in weights]

    def softmax(logits: list[Any]) -> list[Any]:
        largest = max(logit.data for logit in logits)
        exps = [(logit - largest).exp() for logit in logits]
        total = sum(exps)
        return [e / total for e in exps]

    def rmsnorm(x: list[Any]) -> list[Any]:
        mean_square = sum(xi * xi for xi in x) / len(x)
        scale = (mean_square + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def attention(query: list[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        mixed = []
        for start in range(0, n_embd, head_dim):
            head = range(start, start + head_dim)
            scores = [sum(query[j] * key[j] for j in head) / head_dim**0.5 for key in keys]
            weights = softmax(scores)
            mixed += [sum(w * value[j] for w, value in zip(weights, values)) for j in head]
        return mixed

    def logits_of(token: int, position: int, keys: list[Any], values: list[Any]) -> list[Any]:
        x = rmsnorm([t + p for t, p in zip(state["wte"][token], state["wpe"][position])])
        normed = rmsnorm(x)
        keys.append(linear(normed, state["wk"]))
        values.append(linear(normed, state["wv"]))
        mixed = attention(linear(normed, state["wq"]), keys, values)
        x = [a + b for a, b in zip(linear(mixed, state["wo"]), x)]
        hidden = [h.relu() for h in linear(rmsnorm(x), state["fc1"])]
        x = [a + b for a, b in zip(linear(hidden, state["fc2"]), x)]
        return linear(x, state["lm_head"])

    tokens = [26, 4, 12, 12, 0, 26]
    first, second = [0.0] * len(parameters), [0.0] * len(parameters)
    steps = 0

    def step() -> float:
        nonlocal steps
        steps += 1
        keys: list[Any] = []
        values: list[Any] = []
        losses = []
        for position, (token, target) in enumerate(zip(tokens, tokens[1:])):
            probabilities = softmax(logits_of(token, position, keys, values))
            losses.append(-probabilities[target].log())
        loss = (1 / len(losses)) * sum(losses)
        loss.backward()
        for i, p in enumerate(parameters):
            first[i] = 0.85 * first[i] + (1 - 0.85) * p.grad
            second[i] = 0.99 * second[i] + (1 - 0.99) * p.grad**2
            direction = (first[i] / (1 - 0.85**steps)) / ((second[i] / (1 - 0.99**steps)) ** 0.5 + 1e-8)
            p.data -= 0.01 * direction
            p.grad = 0
        return loss.data

    return timed(step)


# ---- A chain ---------------------------------------------------------------------------------


def chain(contestant: str) -> Repeat:
    """Build, sweep and free a chain of this many operations of autograd_lite."""
    count = int(contestant)
    Value = value_class("autograd_lite")
    decay = 1.0 - 1e-6
    derivative = 0.0  # of y by x, where each pair of operations is y = y * x + 1.0
    y = 0.0
    for _ in range(count // 2):
        y, derivative = y * decay + 1.0, derivative * decay + y

    def work() -> float:
        x = Value(decay)
        y = Value(0.0)
        for _ in range(count // 2):
            y = y * x + 1.0
        y.backward()
        return x.grad / derivative

    return timed(work, count)


PROGRAMS: dict[str, Callable[[str], Repeat]] = {
    "demo": demo,
    "demo_through_nn": demo_through_nn,
    "demo_memory": demo_memory,
    "gpt": gpt,
    "chain": chain,
}
