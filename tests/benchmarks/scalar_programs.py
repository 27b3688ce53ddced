"""Programs in plain scalars whose functions are called by name: ours, and XAD, which keeps a tape in C++.

A program is a loss of leaves that are made anew at each step, as a tape wants them, for both engines.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Sequence
from typing import Any

from programs import Repeat, moons, timed, value_class

Loss = Callable[[Sequence[Any]], Any]
OURS = "autograd_lite"


def engine(contestant: str) -> tuple[Any, Callable[[Any], Any], Callable[[Sequence[float], Loss], Any]]:
    """Give the module of functions, relu, and what computes a loss and its gradient from numbers."""
    if contestant == OURS:
        Value, functions = value_class(OURS), importlib.import_module("autograd_lite")

        def by_ours(numbers: Sequence[float], loss: Loss) -> tuple[float, list[float]]:
            leaves = [Value(number) for number in numbers]
            output = loss(leaves)
            output.backward()
            return output.data, [leaf.grad for leaf in leaves]

        return functions, functions.relu, by_ours
    adjoints, functions = importlib.import_module("xad.adj_1st"), importlib.import_module("xad.math")
    tape = adjoints.Tape()

    def by_xad(numbers: Sequence[float], loss: Loss) -> tuple[float, list[float]]:
        with tape:
            tape.clearAll()
            leaves = [adjoints.Real(number) for number in numbers]
            tape.registerInputs(leaves)
            tape.newRecording()
            output = loss(leaves)
            tape.registerOutput(output)
            output.derivative = 1.0
            tape.computeAdjoints()
            return output.value, [leaf.derivative for leaf in leaves]

    return functions, lambda a: functions.max(a, 0.0), by_xad


def trained(contestant: str, count: int, loss_of: Callable[[Any, Any], Loss]) -> Repeat:
    """Repeat a step of gradient descent on so many parameters."""
    functions, relu, differentiated = engine(contestant)
    generator = random.Random(1337)
    numbers = [generator.gauss(0.0, 0.2) for _ in range(count)]
    loss = loss_of(functions, relu)

    def step() -> float:
        found, gradient = differentiated(numbers, loss)
        numbers[:] = [number - 0.05 * slope for number, slope in zip(numbers, gradient)]
        return found

    return timed(step)


class Given:
    """Takes parameters from a list, in the order in which they are asked for."""

    def __init__(self, leaves: Sequence[Any]) -> None:
        self.rest = iter(leaves)

    def vector(self, length: int) -> list[Any]:
        return [next(self.rest) for _ in range(length)]

    def matrix(self, rows: int, columns: int) -> list[list[Any]]:
        return [self.vector(columns) for _ in range(rows)]


def demo_in_scalars(contestant: str) -> Repeat:
    """Train a step of micrograd's demo."""
    X, y = moons(100)

    def loss_of(functions: Any, relu: Any) -> Loss:
        def score(layers: Any, x: Sequence[Any]) -> Any:
            for number, (weights, biases) in enumerate(layers):
                x = [sum((w * xi for w, xi in zip(row, x)), b) for row, b in zip(weights, biases)]
                x = [relu(a) for a in x] if number < 2 else x
            return x[0]

        def loss(leaves: Sequence[Any]) -> Any:
            given = Given(leaves)
            sizes = [(2, 16), (16, 16), (16, 1)]
            layers = [(given.matrix(outs, ins), given.vector(outs)) for ins, outs in sizes]
            losses = [relu(1 - yi * score(layers, row)) for row, yi in zip(X, y)]
            return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in leaves)

        return loss

    return trained(contestant, 337, loss_of)


def gpt_in_scalars(contestant: str) -> Repeat:
    """Train a step of a GPT of one layer and one head, on a document of six tokens."""
    width, vocabulary, tokens = 16, 27, [26, 4, 12, 12, 0, 26]

    def loss_of(functions: Any, relu: Any) -> Loss:
        def linear(x: list[Any], weights: list[list[Any]]) -> list[Any]:
            return [sum(w * xi for w, xi in zip(row, x)) for row in weights]

        def softmax(logits: list[Any]) -> list[Any]:
            exps = [functions.exp(logit) for logit in logits]
            total = sum(exps)
            return [e / total for e in exps]

        def rmsnorm(x: list[Any]) -> list[Any]:
            scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
            return [xi * scale for xi in x]

        def loss(leaves: Sequence[Any]) -> Any:
            given = Given(leaves)
            wte, wpe, head = (given.matrix(rows, width) for rows in (vocabulary, 8, vocabulary))
            wq, wk, wv, wo = (given.matrix(width, width) for _ in range(4))
            wide, back = given.matrix(4 * width, width), given.matrix(width, 4 * width)
            keys: list[Any] = []
            values: list[Any] = []
            losses = []
            for position, (token, target) in enumerate(zip(tokens, tokens[1:])):
                x = rmsnorm([t + p for t, p in zip(wte[token], wpe[position])])
                normed = rmsnorm(x)
                keys.append(linear(normed, wk))
                values.append(linear(normed, wv))
                query = linear(normed, wq)
                attention = softmax([sum(q * k for q, k in zip(query, key)) / 4.0 for key in keys])
                mixed = [sum(w * value[j] for w, value in zip(attention, values)) for j in range(width)]
                x = [a + b for a, b in zip(linear(mixed, wo), x)]
                hidden = [relu(h) for h in linear(rmsnorm(x), wide)]
                x = [a + b for a, b in zip(linear(hidden, back), x)]
                losses.append(-functions.log(softmax(linear(x, head))[target]))
            return sum(losses) * (1.0 / len(losses))

        return loss

    return trained(contestant, (2 * vocabulary + 8 + 12 * width) * width, loss_of)


def mixed_chain(contestant: str) -> Repeat:
    """Compute the derivatives of a chain of 200000 operations of several kinds."""

    def loss_of(functions: Any, relu: Any) -> Loss:
        def loss(leaves: Sequence[Any]) -> Any:
            a, b = leaves
            y = a
            for _ in range(25_000):
                y = functions.sin(y * b + a) / (1.0 + y * y) - 0.5 * y + functions.exp(-y * y)
            return y

        return loss

    return trained(contestant, 2, loss_of)


PROGRAMS: dict[str, Callable[[str], Repeat]] = {
    "demo_in_scalars": demo_in_scalars,
    "gpt_in_scalars": gpt_in_scalars,
    "mixed_chain": mixed_chain,
}
