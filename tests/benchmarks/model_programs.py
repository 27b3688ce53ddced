"""What the scoreboard runs to measure compiled models of many kinds, each one step of SGD on one thread.

A model is written out in scalars, as a lecture does, and for its peers in arrays: once, with what
PyTorch and JAX name differently in ``Torch`` and ``Jax``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from compiled_programs import OURS, in_steps, trainer_of
from model_peers import LOSSES, NUMPY, steps_of
from programs import Repeat

BATCH = 32
BUDGET = 0.3
"""About how many seconds of steps a repeat takes."""


@dataclass
class Model:
    """A model and its batch.

    Attributes:
        loss: of one example, in scalars.
        state: its parameters, lists of lists of Values.
        columns: the batch, an array for each argument of the loss.
    """

    loss: Callable[..., Any]
    state: dict[str, Any]
    columns: tuple[Any, ...] = ()


class Drawing:
    """Draws the numbers of a model, and of its batch."""

    def __init__(self) -> None:
        import numpy

        self.generator = random.Random(1337)
        self.arrays = numpy.random.default_rng(1337)

    def values(self, *shape: int) -> Any:
        """Draw Values, so that a sum of products keeps its size."""
        from autograd_lite import Value

        scale = math.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1

        def drawn(*rest: int) -> Any:
            if not rest:
                return Value(self.generator.gauss(0.0, scale))
            return [drawn(*rest[1:]) for _ in range(rest[0])]

        return drawn(*shape)

    def normal(self, *shape: int) -> Any:
        return self.arrays.normal(size=shape)

    def classes(self, count: int, *shape: int) -> Any:
        return self.arrays.integers(0, count, shape)


def values_in(nested: Any) -> list[Any]:
    """List the Values of lists of lists."""
    return [value for each in nested for value in values_in(each)] if isinstance(nested, list) else [nested]


def numbers_in(nested: Any) -> Any:
    return [*map(numbers_in, nested)] if isinstance(nested, list) else nested.data


# ---- Parts -----------------------------------------------------------------------------------


def linear(x: Sequence[Any], W: Any, b: Any = None) -> list[Any]:
    if b is None:
        return [sum(w * xi for w, xi in zip(row, x)) for row in W]
    return [sum((w * xi for w, xi in zip(row, x)), bias) for row, bias in zip(W, b)]


def softmax(logits: Sequence[Any]) -> list[Any]:
    largest = max(logit.data for logit in logits)
    exps = [(logit - largest).exp() for logit in logits]
    total = sum(exps)
    return [e / total for e in exps]


def cross_entropy(logits: Sequence[Any], k: Any) -> Any:
    from autograd_lite import logsumexp, pick

    return logsumexp(logits) - pick(logits, k)


def convolution(image: Any, kernels: Any, biases: Any) -> Any:
    """Convolve channels of rows with kernels of each channel."""
    size, high, wide = len(kernels[0][0]), len(image[0]), len(image[0][0])

    def cell(kernel: Any, bias: Any, i: int, j: int) -> Any:
        products = (
            kernel[c][u][v] * image[c][i + u][j + v]
            for c in range(len(image)) for u in range(size) for v in range(size)
        )  # fmt: skip
        return sum(products, bias).relu()

    return [
        [[cell(kernel, bias, i, j) for j in range(wide - size + 1)] for i in range(high - size + 1)]
        for kernel, bias in zip(kernels, biases)
    ]


def pooled(image: Any, by: str) -> Any:
    """Put two by two cells together, by their mean or their maximum."""
    from autograd_lite import amax

    def cell(channel: Any, i: int, j: int) -> Any:
        four = [channel[i][j], channel[i][j + 1], channel[i + 1][j], channel[i + 1][j + 1]]
        return sum(four) / 4 if by == "mean" else amax(four)

    return [
        [[cell(channel, i, j) for j in range(0, len(channel[0]), 2)] for i in range(0, len(channel), 2)]
        for channel in image
    ]


# ---- Models ----------------------------------------------------------------------------------


def gpt(draw: Drawing, letters: int) -> Model:
    """A GPT with one layer on one document, in the form of microgpt's published program."""
    embedding, heads, block, vocabulary = 16, 4, 16, 27
    size = embedding // heads
    square, wide = (embedding, embedding), (4 * embedding, embedding)
    shapes = {
        "wte": (vocabulary, embedding), "wpe": (block, embedding), "lm_head": (vocabulary, embedding),
        "wq": square, "wk": square, "wv": square, "wo": square, "fc1": wide, "fc2": wide[::-1],
    }  # fmt: skip
    state = {name: draw.values(*shape) for name, shape in shapes.items()}

    def rmsnorm(x: list[Any]) -> list[Any]:
        ms = sum(xi * xi for xi in x) / len(x)
        scale = (ms + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def attention(q: Any, keys: Any, values: Any) -> list[Any]:
        mixed = []
        for start in range(0, embedding, size):
            head = slice(start, start + size)
            logits = [sum(a * b for a, b in zip(q[head], k[head])) / size**0.5 for k in keys]
            weights = softmax(logits)
            mixed += [sum(w * v[j] for w, v in zip(weights, values)) for j in range(start, start + size)]
        return mixed

    def logits_of(token: Any, position: int, keys: Any, values: Any) -> list[Any]:
        x = rmsnorm([t + p for t, p in zip(state["wte"][token], state["wpe"][position])])
        normed = rmsnorm(x)
        keys.append(linear(normed, state["wk"]))
        values.append(linear(normed, state["wv"]))
        mixed = attention(linear(normed, state["wq"]), keys, values)
        x = [a + b for a, b in zip(linear(mixed, state["wo"]), x)]
        hidden = [h.relu() for h in linear(rmsnorm(x), state["fc1"])]
        x = [a + b for a, b in zip(linear(hidden, state["fc2"]), x)]
        return linear(x, state["lm_head"])

    def loss(tokens: Any) -> Any:
        keys: list[Any] = []
        values: list[Any] = []
        losses = []
        for position in range(len(tokens) - 1):
            probabilities = softmax(logits_of(tokens[position], position, keys, values))
            losses.append(-probabilities[tokens[position + 1]].log())
        return (1 / len(losses)) * sum(losses)

    return Model(loss, state, (draw.classes(vocabulary, 1, letters + 1),))


def lenet(draw: Drawing, by: str) -> Model:
    """LeNet on 28 by 28 cells."""
    state = {
        "K1": draw.values(6, 1, 5, 5), "c1": draw.values(6),
        "K2": draw.values(16, 6, 5, 5), "c2": draw.values(16),
        "W": draw.values(10, 256), "b": draw.values(10),
    }  # fmt: skip

    def loss(image: Any, k: Any) -> Any:
        x = pooled(convolution([image], state["K1"], state["c1"]), by)
        x = pooled(convolution(x, state["K2"], state["c2"]), by)
        flat = [cell for channel in x for row in channel for cell in row]
        return cross_entropy(linear(flat, state["W"], state["b"]), k)

    return Model(loss, state, (draw.normal(BATCH, 28, 28), draw.classes(10, BATCH)))


def small_convolution(draw: Drawing, by: str) -> Model:
    """One convolution on 8 by 8 cells."""
    state = {
        "K": draw.values(6, 1, 3, 3), "c": draw.values(6), "W": draw.values(10, 54), "b": draw.values(10),
    }  # fmt: skip

    def loss(image: Any, k: Any) -> Any:
        x = pooled(convolution([image], state["K"], state["c"]), by)
        flat = [cell for channel in x for row in channel for cell in row]
        return cross_entropy(linear(flat, state["W"], state["b"]), k)

    return Model(loss, state, (draw.normal(BATCH, 8, 8), draw.classes(10, BATCH)))


def rnn(draw: Drawing, steps: int) -> Model:
    """A recurrent network 8-32-4."""
    state = {
        "Wx": draw.values(32, 8), "Wh": draw.values(32, 32), "bh": draw.values(32),
        "Wy": draw.values(4, 32), "by": draw.values(4),
    }  # fmt: skip

    def loss(xs: Any, k: Any) -> Any:
        h = [0.0] * 32
        for x in xs:
            h = [
                sum((w * xi for w, xi in zip(row, x)), bias) + sum(w * hi for w, hi in zip(own, h))
                for row, own, bias in zip(state["Wx"], state["Wh"], state["bh"])
            ]
            h = [each.tanh() for each in h]
        return cross_entropy(linear(h, state["Wy"], state["by"]), k)

    return Model(loss, state, (draw.normal(BATCH, steps, 8), draw.classes(4, BATCH)))


def attention(draw: Drawing, form: str) -> Model:
    """A block of attention: 8 places of width 16, 4 heads, layer norms, and an MLP four times as wide."""
    places, width, heads = 8, 16, 4
    size = width // heads
    state = {
        **{name: draw.values(width, width) for name in ("Wq", "Wk", "Wv", "Wo")},
        "g1": draw.values(width), "s1": draw.values(width),
        "g2": draw.values(width), "s2": draw.values(width),
        "W1": draw.values(4 * width, width), "b1": draw.values(4 * width),
        "W2": draw.values(width, 4 * width), "b2": draw.values(width),
        "W": draw.values(4, width), "b": draw.values(4),
    }  # fmt: skip

    def norm(x: Any, gains: Any, shifts: Any) -> list[Any]:
        mean = sum(x) / len(x)
        variance = sum((xi - mean) ** 2 for xi in x) / len(x)
        scale = (variance + 1e-5) ** -0.5
        return [(1.0 + g) * (xi - mean) * scale + s for xi, g, s in zip(x, gains, shifts)]

    def mixed(at: int, queries: Any, keys: Any, values: Any) -> list[Any]:
        seen = range(at + 1) if form == "causal" else range(places)
        result = []
        for start in range(0, width, size):
            head = range(start, start + size)
            scores = [sum(queries[at][j] * keys[other][j] for j in head) / size**0.5 for other in seen]
            weights = softmax(scores)
            result += [sum(w * values[other][j] for w, other in zip(weights, seen)) for j in head]
        return result

    def loss(xs: Any, k: Any) -> Any:
        normed = [norm(x, state["g1"], state["s1"]) for x in xs]
        queries, keys, values = ([linear(x, state[name]) for x in normed] for name in ("Wq", "Wk", "Wv"))
        total = [0.0] * width
        for at, x in enumerate(xs):
            x = [a + b for a, b in zip(x, linear(mixed(at, queries, keys, values), state["Wo"]))]
            hidden = linear(norm(x, state["g2"], state["s2"]), state["W1"], state["b1"])
            added = linear([h.relu() for h in hidden], state["W2"], state["b2"])
            total = [t + a + b for t, a, b in zip(total, x, added)]
        return cross_entropy(linear([t / places for t in total], state["W"], state["b"]), k)

    return Model(loss, state, (draw.normal(BATCH, places, width), draw.classes(4, BATCH)))


def makemore(draw: Drawing, _: str) -> Model:
    """The MLP of makemore: three letters, embeddings of 10, 200 hidden neurons, 27 classes."""
    state = {
        "C": draw.values(27, 10), "W1": draw.values(200, 30), "b1": draw.values(200),
        "W2": draw.values(27, 200), "b2": draw.values(27),
    }  # fmt: skip

    def loss(letters: Any, k: Any) -> Any:
        x = [number for letter in letters for number in state["C"][letter]]
        h = [z.tanh() for z in linear(x, state["W1"], state["b1"])]
        return cross_entropy(linear(h, state["W2"], state["b2"]), k)

    return Model(loss, state, (draw.classes(27, BATCH, 3), draw.classes(27, BATCH)))


def tanh_mlp(draw: Drawing, _: str) -> Model:
    """16-32-32-4 with tanh."""
    state = {
        "W1": draw.values(32, 16), "b1": draw.values(32), "W2": draw.values(32, 32), "b2": draw.values(32),
        "W3": draw.values(4, 32), "b3": draw.values(4),
    }  # fmt: skip

    def loss(x: Any, k: Any) -> Any:
        for layer in "12":
            x = [z.tanh() for z in linear(x, state[f"W{layer}"], state[f"b{layer}"])]
        return cross_entropy(linear(x, state["W3"], state["b3"]), k)

    return Model(loss, state, (draw.normal(BATCH, 16), draw.classes(4, BATCH)))


def pinn(draw: Drawing, _: str) -> Model:
    """A physics-informed network 1-20-20-1 for u' = -u: the derivative by the input is in the loss."""
    from autograd_lite import Value, grad

    state = {
        "W1": draw.values(20, 1), "b1": draw.values(20), "W2": draw.values(20, 20), "b2": draw.values(20),
        "W3": draw.values(1, 20), "b3": draw.values(1),
    }  # fmt: skip

    def loss(x: Any) -> Any:
        x = x if isinstance(x, Value) else Value(x)
        h: Any = [x]
        for layer in "12":
            h = [z.tanh() for z in linear(h, state[f"W{layer}"], state[f"b{layer}"])]
        (u,) = linear(h, state["W3"], state["b3"])
        (slope,) = grad(u, [x], create_graph=True)
        return 0.01 * (slope + u) ** 2

    return Model(loss, state, (draw.normal(BATCH),))


def logistic(draw: Drawing, _: str) -> Model:
    """Logistic regression on 1000 examples of 30 numbers."""
    from autograd_lite import log_sigmoid

    state = {"w": draw.values(1, 30), "b": draw.values(1)}

    def loss(x: Any, y: Any) -> Any:
        (z,) = linear(x, state["w"], state["b"])
        return -log_sigmoid(y * z)

    return Model(loss, state, (draw.normal(1000, 30), 2.0 * draw.classes(2, 1000) - 1.0))


def deep(draw: Drawing, _: str) -> Model:
    """200 layers of four neurons with tanh."""
    state = {"W": draw.values(200, 4, 4), "b": draw.values(200, 4)}

    def loss(x: Any, y: Any) -> Any:
        for W, b in zip(state["W"], state["b"]):
            x = [z.tanh() for z in linear(x, W, b)]
        return (sum(x) - y) ** 2

    return Model(loss, state, (draw.normal(BATCH, 4), draw.normal(BATCH)))


MODELS: dict[str, tuple[Callable[..., Model], Any]] = {
    "gpt-8": (gpt, 8), "gpt-16": (gpt, 16),
    "lenet-mean": (lenet, "mean"), "lenet-max": (lenet, "max"),
    "conv-mean": (small_convolution, "mean"), "conv-max": (small_convolution, "max"),
    "rnn-8": (rnn, 8), "rnn-20": (rnn, 20),
    "attention-causal": (attention, "causal"), "attention-full": (attention, "full"),
    "makemore": (makemore, ""), "tanh-mlp": (tanh_mlp, ""), "pinn": (pinn, ""), "logistic": (logistic, ""),
    "deep": (deep, ""),
}  # fmt: skip


def step_of(name: str, contestant: str) -> Callable[[], float]:
    """Make a function that trains one step and gives the loss before it."""
    import numpy

    build, variant = MODELS[name]
    model = build(Drawing(), variant)
    if contestant == OURS:
        trainer = trainer_of(model.loss, values_in([*model.state.values()]))
        return lambda: trainer.step(*model.columns)
    arrays = {key: numpy.array(numbers_in(nested)) for key, nested in model.state.items()}
    kind = name.partition("-")[0]
    peers = NUMPY if contestant == "NumPy" else LOSSES
    return steps_of(contestant, peers[kind], arrays, [model.columns], variant)


def program(name: str) -> Callable[[str], Repeat]:
    import time

    def repeat(contestant: str) -> Repeat:
        step = step_of(name, contestant)
        step()
        start = time.perf_counter()
        step()
        return in_steps(step, max(3, min(1000, int(BUDGET / (time.perf_counter() - start)))))

    return repeat


PROGRAMS: dict[str, Callable[[str], Repeat]] = {name: program(name) for name in MODELS}
