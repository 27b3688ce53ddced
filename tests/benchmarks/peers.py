"""The networks of the scoreboard as users of PyTorch, JAX and NumPy write them: one step of SGD.

Each function takes the numbers to begin with, as arrays in the order W1, b1, W2, b2, ...,
and gives a function that moves them once and returns the loss before that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Step = Callable[[], float]
LEARNING_RATE = 0.1


def pytorch_step(loss: Callable[[list[Any]], Any], arrays: Sequence[Any]) -> Step:
    """Train with autograd and ``torch.optim.SGD``."""
    import torch

    parameters = [torch.tensor(array, requires_grad=True) for array in arrays]
    optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE)

    def step() -> float:
        total_loss = loss(parameters)
        optimizer.zero_grad()
        total_loss.backward()
        optimizer.step()
        return total_loss.item()

    return step


def jax_step(loss: Callable[[list[Any]], Any], arrays: Sequence[Any]) -> Step:
    """Train with the whole step, the update included, under one ``jax.jit``."""
    import jax

    jax.config.update("jax_enable_x64", True)

    @jax.jit
    def whole(parameters: list[Any]) -> tuple[Any, list[Any]]:
        found, gradients = jax.value_and_grad(loss)(parameters)
        return found, [p - LEARNING_RATE * g for p, g in zip(parameters, gradients)]

    parameters = [jax.numpy.asarray(array) for array in arrays]

    def step() -> float:
        nonlocal parameters
        found, parameters = whole(parameters)
        return float(found)

    return step


# ---- micrograd's demo ------------------------------------------------------------------------


def demo_by_pytorch(arrays: Sequence[Any], X: Any, y: Any) -> Step:
    import torch

    X, y = torch.tensor(X), torch.tensor(y)

    def loss(parameters: list[Any]) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h = torch.relu(X @ W1.T + b1)
        h = torch.relu(h @ W2.T + b2)
        scores = (h @ W3.T + b3)[:, 0]
        return torch.relu(1 - y * scores).mean() + 1e-4 * sum((p * p).sum() for p in parameters)

    return pytorch_step(loss, arrays)


def demo_by_jax(arrays: Sequence[Any], X: Any, y: Any) -> Step:
    from jax.nn import relu

    def loss(parameters: list[Any]) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h = relu(X @ W1.T + b1)
        h = relu(h @ W2.T + b2)
        scores = (h @ W3.T + b3)[:, 0]
        return relu(1 - y * scores).mean() + 1e-4 * sum((p * p).sum() for p in parameters)

    return jax_step(loss, arrays)


# ---- XOR -------------------------------------------------------------------------------------


def xor_by_pytorch(arrays: Sequence[Any], X: Any, y: Any) -> Step:
    import torch

    X, y = torch.tensor(X), torch.tensor(y)

    def loss(parameters: list[Any]) -> Any:
        W1, b1, W2, b2 = parameters
        h = torch.tanh(X @ W1.T + b1)
        return ((torch.sigmoid(h @ W2.T + b2)[:, 0] - y) ** 2).mean()

    return pytorch_step(loss, arrays)


def xor_by_jax(arrays: Sequence[Any], X: Any, y: Any) -> Step:
    import jax
    import jax.numpy as jnp

    def loss(parameters: list[Any]) -> Any:
        W1, b1, W2, b2 = parameters
        h = jnp.tanh(X @ W1.T + b1)
        return ((jax.nn.sigmoid(h @ W2.T + b2)[:, 0] - y) ** 2).mean()

    return jax_step(loss, arrays)


# ---- 784-200-200-10, softmax cross-entropy ---------------------------------------------------


def wide_by_pytorch(arrays: Sequence[Any], X: Any, k: Any) -> Step:
    import torch
    from torch.nn.functional import cross_entropy, linear

    X, k = torch.tensor(X), torch.tensor(k)

    def loss(parameters: list[Any]) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h = torch.relu(linear(X, W1, b1))
        h = torch.relu(linear(h, W2, b2))
        return cross_entropy(linear(h, W3, b3), k)

    return pytorch_step(loss, arrays)


def wide_by_numpy(arrays: Sequence[Any], X: Any, k: Any) -> Step:
    """The two passes by hand, as in the lecture's last exercise."""
    W1, b1, W2, b2, W3, b3 = parameters = [array.copy() for array in arrays]
    rows = np.arange(len(X))
    rate = X.dtype.type(LEARNING_RATE)

    def step() -> float:
        z1 = X @ W1.T + b1
        h1 = np.maximum(z1, 0)
        z2 = h1 @ W2.T + b2
        h2 = np.maximum(z2, 0)
        z3 = h2 @ W3.T + b3
        largest = z3.max(axis=1, keepdims=True)
        exps = np.exp(z3 - largest)
        totals = exps.sum(axis=1, keepdims=True)
        loss = (np.log(totals[:, 0]) + largest[:, 0] - z3[rows, k]).mean()
        d = exps / totals
        d[rows, k] -= 1
        d /= len(X)
        dW3, db3 = d.T @ h2, d.sum(axis=0)
        d = (d @ W3) * (z2 > 0)
        dW2, db2 = d.T @ h1, d.sum(axis=0)
        d = (d @ W2) * (z1 > 0)
        dW1, db1 = d.T @ X, d.sum(axis=0)
        for parameter, gradient in zip(parameters, (dW1, db1, dW2, db2, dW3, db3)):
            parameter -= rate * gradient
        return float(loss)

    return step
