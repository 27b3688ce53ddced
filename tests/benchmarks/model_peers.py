"""The models of ``model_programs.py`` in arrays, as users of PyTorch, JAX and NumPy write them."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Step = Callable[[], float]
Batches = Sequence[Sequence[Any]]
"""For each step the arrays of its columns; after the last step it begins anew."""
LEARNING_RATE = 0.1


class Torch:
    """What PyTorch calls it."""

    def __init__(self) -> None:
        import torch

        self.torch, self.functional = torch, importlib.import_module("torch.nn.functional")
        self.tanh, self.relu, self.stack = torch.tanh, torch.relu, torch.stack
        self.softplus, self.cross_entropy = self.functional.softplus, self.functional.cross_entropy
        self.layer_norm = lambda x: self.functional.layer_norm(x, x.shape[-1:])
        self.softmax = lambda x: torch.softmax(x, -1)
        self.array = torch.as_tensor
        self.zeros = lambda *shape: torch.zeros(shape, dtype=torch.float64)

    def conv(self, x: Any, kernels: Any, biases: Any) -> Any:
        return self.functional.conv2d(x, kernels, biases)

    def pool(self, x: Any, by: str) -> Any:
        return (self.functional.avg_pool2d if by == "mean" else self.functional.max_pool2d)(x, 2)

    def slope(self, f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
        """Compute f and its derivative at each point."""
        x = x.clone().requires_grad_()
        y = f(x)
        return y, self.torch.autograd.grad(y.sum(), x, create_graph=True)[0]

    def steps(self, loss: Callable[..., Any], arrays: dict[str, Any], batches: Batches) -> Step:
        parameters = {key: self.torch.tensor(array, requires_grad=True) for key, array in arrays.items()}
        turns = itertools.cycle([[*map(self.torch.tensor, columns)] for columns in batches])
        optimizer = self.torch.optim.SGD(parameters.values(), lr=LEARNING_RATE)

        def step() -> float:
            total = loss(self, parameters, *next(turns))
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            return float(total.item())

        return step


class Jax:
    """What JAX calls it."""

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax, self.jnp = jax, jax.numpy
        self.tanh, self.relu, self.softplus = jax.numpy.tanh, jax.nn.relu, jax.nn.softplus
        self.stack, self.softmax, self.array = jax.numpy.stack, jax.nn.softmax, jax.numpy.asarray
        self.layer_norm = lambda x: jax.nn.standardize(x, epsilon=1e-5)
        self.zeros = lambda *shape: jax.numpy.zeros(shape)

    def cross_entropy(self, z: Any, k: Any) -> Any:
        chosen = self.jnp.take_along_axis(z, k[:, None], axis=1)[:, 0]
        return (self.jax.nn.logsumexp(z, axis=1) - chosen).mean()

    def conv(self, x: Any, kernels: Any, biases: Any) -> Any:
        return self.jax.lax.conv(x, kernels, (1, 1), "VALID") + biases[:, None, None]

    def pool(self, x: Any, by: str) -> Any:
        around, (lax, window) = self.jnp, (self.jax.lax, (1, 1, 2, 2))
        if by == "mean":
            return lax.reduce_window(x, 0.0, lax.add, window, window, "VALID") / 4
        return lax.reduce_window(x, -around.inf, lax.max, window, window, "VALID")

    def slope(self, f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
        """Compute f and its derivative at each point."""
        return f(x), self.jax.grad(lambda x: f(x).sum())(x)

    def steps(self, loss: Callable[..., Any], arrays: dict[str, Any], batches: Batches) -> Step:
        @self.jax.jit
        def whole(parameters: dict[str, Any], given: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
            found, gradients = self.jax.value_and_grad(lambda p: loss(self, p, *given))(parameters)
            return found, {key: p - LEARNING_RATE * gradients[key] for key, p in parameters.items()}

        parameters = {key: self.jnp.asarray(array) for key, array in arrays.items()}
        turns = itertools.cycle([[*map(self.jnp.asarray, columns)] for columns in batches])

        def step() -> float:
            nonlocal parameters
            found, parameters = whole(parameters, next(turns))
            return float(found)

        return step


def steps_of(
    contestant: str, loss: Callable[..., Any], arrays: dict[str, Any], batches: Batches, variant: Any
) -> Step:
    """Make a function that trains one step, on one batch after the other, and gives the loss before it."""
    if contestant == "NumPy":
        return numpy_steps(loss, arrays, batches)
    backend = {"PyTorch": Torch, "jax.jit": Jax}[contestant]()
    return backend.steps(lambda *given: loss(*given, variant), arrays, batches)


# ---- For PyTorch and JAX ---------------------------------------------------------------------


def gpt(xp: Any, p: Any, tokens: Any, _: Any) -> Any:
    letters, heads, size = tokens.shape[1] - 1, 4, 4
    rmsnorm = lambda x: x * ((x * x).mean(-1)[:, None] + 1e-5) ** -0.5
    x = rmsnorm(p["wte"][tokens[0, :-1]] + p["wpe"][:letters])
    normed = rmsnorm(x)
    q, k, v = (
        (normed @ p[name].T).reshape(letters, heads, size).swapaxes(0, 1) for name in ("wq", "wk", "wv")
    )
    later = xp.array(np.triu(np.full((letters, letters), -1e30), 1))
    mixed = xp.softmax(q @ k.swapaxes(1, 2) / size**0.5 + later) @ v
    x = x + mixed.swapaxes(0, 1).reshape(letters, -1) @ p["wo"].T
    x = x + xp.relu(rmsnorm(x) @ p["fc1"].T) @ p["fc2"].T
    return xp.cross_entropy(x @ p["lm_head"].T, tokens[0, 1:])


def lenet(xp: Any, p: Any, images: Any, k: Any, by: str) -> Any:
    x = xp.pool(xp.relu(xp.conv(images[:, None], p["K1"], p["c1"])), by)
    x = xp.pool(xp.relu(xp.conv(x, p["K2"], p["c2"])), by)
    return xp.cross_entropy(x.reshape(len(images), -1) @ p["W"].T + p["b"], k)


def small_convolution(xp: Any, p: Any, images: Any, k: Any, by: str) -> Any:
    x = xp.pool(xp.relu(xp.conv(images[:, None], p["K"], p["c"])), by)
    return xp.cross_entropy(x.reshape(len(images), -1) @ p["W"].T + p["b"], k)


def rnn(xp: Any, p: Any, xs: Any, k: Any, steps: int) -> Any:
    h = xp.zeros(len(xs), 32)
    for step in range(steps):
        h = xp.tanh(xs[:, step] @ p["Wx"].T + p["bh"] + h @ p["Wh"].T)
    return xp.cross_entropy(h @ p["Wy"].T + p["by"], k)


def attention(xp: Any, p: Any, xs: Any, k: Any, form: str) -> Any:
    rows, places, width = xs.shape
    normed = xp.layer_norm(xs) * (1.0 + p["g1"]) + p["s1"]
    q, key, v = (
        (normed @ p[name].T).reshape(rows, places, 4, 4).swapaxes(1, 2) for name in ("Wq", "Wk", "Wv")
    )
    scores = q @ key.swapaxes(2, 3) / 2.0
    if form == "causal":
        scores = scores + xp.array(np.triu(np.full((places, places), -1e30), 1))
    mixed = (xp.softmax(scores) @ v).swapaxes(1, 2).reshape(rows, places, width)
    x = xs + mixed @ p["Wo"].T
    hidden = xp.relu((xp.layer_norm(x) * (1.0 + p["g2"]) + p["s2"]) @ p["W1"].T + p["b1"])
    x = x + hidden @ p["W2"].T + p["b2"]
    return xp.cross_entropy(x.mean(1) @ p["W"].T + p["b"], k)


def makemore(xp: Any, p: Any, letters: Any, k: Any, _: str) -> Any:
    h = xp.tanh(p["C"][letters].reshape(len(letters), -1) @ p["W1"].T + p["b1"])
    return xp.cross_entropy(h @ p["W2"].T + p["b2"], k)


def tanh_mlp(xp: Any, p: Any, x: Any, k: Any, _: str) -> Any:
    x = xp.tanh(xp.tanh(x @ p["W1"].T + p["b1"]) @ p["W2"].T + p["b2"])
    return xp.cross_entropy(x @ p["W3"].T + p["b3"], k)


def pinn(xp: Any, p: Any, x: Any, _: str) -> Any:
    def network(x: Any) -> Any:
        h = xp.tanh(x[:, None] @ p["W1"].T + p["b1"])
        return (xp.tanh(h @ p["W2"].T + p["b2"]) @ p["W3"].T + p["b3"])[:, 0]

    u, slope = xp.slope(network, x)
    return 0.01 * ((slope + u) ** 2).mean()


def logistic(xp: Any, p: Any, x: Any, y: Any, _: str) -> Any:
    return xp.softplus(-y * (x @ p["w"].T + p["b"])[:, 0]).mean()


def deep(xp: Any, p: Any, x: Any, y: Any, _: str) -> Any:
    for W, b in zip(p["W"], p["b"]):
        x = xp.tanh(x @ W.T + b)
    return ((x.sum(1) - y) ** 2).mean()


LOSSES: dict[str, Callable[..., Any]] = {
    "gpt": gpt, "lenet": lenet, "conv": small_convolution, "rnn": rnn, "attention": attention,
    "makemore": makemore, "tanh": tanh_mlp, "pinn": pinn, "logistic": logistic, "deep": deep,
}  # fmt: skip


# ---- By hand ---------------------------------------------------------------------------------


def numpy_steps(passes: Callable[..., Any], arrays: dict[str, Any], batches: Batches) -> Step:
    """Train with a function that returns the loss and the gradients."""
    p, turns = {key: array.copy() for key, array in arrays.items()}, itertools.cycle(batches)

    def step() -> float:
        loss, gradients = passes(p, *next(turns))
        for key, gradient in gradients.items():
            p[key] -= LEARNING_RATE * gradient
        return float(loss)

    return step


def cross_entropy_by_hand(z: Any, k: Any) -> tuple[Any, Any]:
    """Compute the mean loss, and its derivative by z."""
    rows = np.arange(len(z))
    z = z - z.max(axis=1, keepdims=True)
    exps = np.exp(z)
    totals = exps.sum(axis=1, keepdims=True)
    loss = (np.log(totals[:, 0]) - z[rows, k]).mean()
    exps /= totals
    exps[rows, k] -= 1.0
    return loss, exps / len(z)


def gpt_by_hand(p: Any, tokens: Any) -> tuple[Any, dict[str, Any]]:
    letters, targets = tokens[0, :-1], tokens[0, 1:]
    n = len(letters)
    split = lambda x: x.reshape(n, 4, 4).swapaxes(0, 1)
    joined = lambda x: x.swapaxes(0, 1).reshape(n, 16)

    def rmsnorm(x: Any) -> tuple[Any, Any]:
        scale = ((x * x).mean(1, keepdims=True) + 1e-5) ** -0.5
        return x * scale, scale

    def rmsnorm_back(d: Any, x: Any, scale: Any) -> Any:
        return d * scale - x * ((d * x).sum(1, keepdims=True) * scale**3 / 16)

    x0 = p["wte"][letters] + p["wpe"][:n]
    x1, s0 = rmsnorm(x0)
    x2, s1 = rmsnorm(x1)
    q, k, v = (split(x2 @ p[name].T) for name in ("wq", "wk", "wv"))
    scores = q @ k.swapaxes(1, 2) * 0.5
    scores[:, *np.triu_indices(n, 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = joined(weights @ v)
    x3 = x1 + mixed @ p["wo"].T
    x4, s3 = rmsnorm(x3)
    z = x4 @ p["fc1"].T
    h = np.maximum(z, 0.0)
    x5 = x3 + h @ p["fc2"].T
    loss, d = cross_entropy_by_hand(x5 @ p["lm_head"].T, targets)
    g = {"lm_head": d.T @ x5}
    d5 = d @ p["lm_head"]
    g["fc2"] = d5.T @ h
    dz = (d5 @ p["fc2"]) * (z > 0.0)
    g["fc1"] = dz.T @ x4
    d3 = d5 + rmsnorm_back(dz @ p["fc1"], x3, s3)
    g["wo"] = d3.T @ mixed
    dm = split(d3 @ p["wo"])
    dv = weights.swapaxes(1, 2) @ dm
    dw = dm @ v.swapaxes(1, 2)
    ds = weights * (dw - (dw * weights).sum(-1, keepdims=True)) * 0.5
    d2 = 0.0
    for name, part in (("wq", ds @ k), ("wk", ds.swapaxes(1, 2) @ q), ("wv", dv)):
        part = joined(part)
        g[name] = part.T @ x2
        d2 = d2 + part @ p[name]
    d0 = rmsnorm_back(d3 + rmsnorm_back(d2, x1, s1), x0, s0)
    g["wpe"] = np.zeros_like(p["wpe"])
    g["wpe"][:n] = d0
    g["wte"] = np.zeros_like(p["wte"])
    np.add.at(g["wte"], letters, d0)
    return loss, g


def makemore_by_hand(p: Any, letters: Any, k: Any) -> tuple[Any, dict[str, Any]]:
    x = p["C"][letters].reshape(len(letters), -1)
    h = np.tanh(x @ p["W1"].T + p["b1"])
    loss, d = cross_entropy_by_hand(h @ p["W2"].T + p["b2"], k)
    dz = (d @ p["W2"]) * (1.0 - h * h)
    dC = np.zeros_like(p["C"])
    np.add.at(dC, letters.ravel(), (dz @ p["W1"]).reshape(-1, 10))
    return loss, {"C": dC, "W1": dz.T @ x, "b1": dz.sum(0), "W2": d.T @ h, "b2": d.sum(0)}


def tanh_mlp_by_hand(p: Any, x: Any, k: Any) -> tuple[Any, dict[str, Any]]:
    h1 = np.tanh(x @ p["W1"].T + p["b1"])
    h2 = np.tanh(h1 @ p["W2"].T + p["b2"])
    loss, d3 = cross_entropy_by_hand(h2 @ p["W3"].T + p["b3"], k)
    d2 = (d3 @ p["W3"]) * (1.0 - h2 * h2)
    d1 = (d2 @ p["W2"]) * (1.0 - h1 * h1)
    return loss, {
        "W1": d1.T @ x, "b1": d1.sum(0), "W2": d2.T @ h1, "b2": d2.sum(0), "W3": d3.T @ h2, "b3": d3.sum(0),
    }  # fmt: skip


def logistic_by_hand(p: Any, x: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    margin = y * (x @ p["w"][0] + p["b"])
    tail = np.exp(-np.abs(margin))
    loss = (np.maximum(-margin, 0.0) + np.log1p(tail)).mean()
    d = -y * np.where(margin > 0.0, tail, 1.0) / (1.0 + tail) / len(x)
    return loss, {"w": (d @ x)[None], "b": d.sum()[None]}


def deep_by_hand(p: Any, x: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    W, b = p["W"], p["b"]
    hidden = [x]
    for layer in range(len(W)):
        hidden.append(np.tanh(hidden[-1] @ W[layer].T + b[layer]))
    error = hidden[-1].sum(1) - y
    dW, db = np.empty_like(W), np.empty_like(b)
    d = np.broadcast_to((2.0 / len(x) * error)[:, None], x.shape)
    for layer in reversed(range(len(W))):
        h = hidden[layer + 1]
        d = d * (1.0 - h * h)
        dW[layer], db[layer] = d.T @ hidden[layer], d.sum(0)
        d = d @ W[layer]
    return (error * error).mean(), {"W": dW, "b": db}


NUMPY: dict[str, Callable[..., Any]] = {
    "gpt": gpt_by_hand, "makemore": makemore_by_hand, "tanh": tanh_mlp_by_hand,
    "logistic": logistic_by_hand, "deep": deep_by_hand,
}  # fmt: skip
