"""Models, and their examples, for the tests of training on JAX's devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite import fit, losses, nn, optim


class Bigram(nn.Module):
    def __init__(self) -> None:
        self.table, self.out = nn.Embedding(11, 4, seed=0), nn.Layer(4, 11, None, seed=1)

    def __call__(self, token: Any) -> Any:
        return self.out(self.table(token))


class Convolution(nn.Module):
    def __init__(self) -> None:
        self.filters, self.out = nn.Conv2d(1, 2, kernel=3, seed=0), nn.Layer(2 * 4 * 4, 3, None, seed=1)

    def __call__(self, image: Any) -> Any:
        maps = self.filters([image])
        return self.out([z.relu() for rows in maps for row in rows for z in row])


class Attention(nn.Module):
    def __init__(self) -> None:
        self.table, self.look = nn.Embedding(11, 4, seed=0), nn.SelfAttention(4, heads=2, seed=1)
        self.out = nn.Layer(4, 11, None, seed=2)

    def __call__(self, tokens: Any) -> Any:
        return self.out(self.look([self.table(token) for token in tokens])[-1])


class Dropped(nn.Module):
    def __init__(self, seed: int | None = 3) -> None:
        self.first, self.dropout = nn.Layer(6, 8, "tanh", seed=0), nn.Dropout(0.5, seed=seed)
        self.out = nn.Layer(8, 3, None, seed=1)

    def __call__(self, x: Any) -> Any:
        return self.out(self.dropout(self.first(x)))


class Leaky(nn.Module):
    """Its activation is an if: rows take different ways."""

    def __init__(self) -> None:
        self.first, self.out = nn.Layer(6, 4, None, seed=0), nn.Layer(4, 3, None, seed=1)

    def __call__(self, x: Any) -> Any:
        return self.out([z if z > 0.0 else 0.1 * z for z in self.first(x)])


class Normed(nn.Module):
    takes_batches = True

    def __init__(self) -> None:
        self.first, self.norm = nn.Layer(6, 5, None, seed=0), nn.BatchNorm(5)
        self.out = nn.Layer(5, 3, None, seed=1)

    def __call__(self, batch: Any) -> Any:
        return [self.out(x) for x in self.norm([self.first(x) for x in batch])]


COUNT = 70


def mlp() -> nn.Module:
    return nn.MLP(6, [8, 7, 3], seed=0)


def examples(name: str) -> tuple[Any, Any]:
    """Draw examples that a model of this name takes, the same ones each time."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, COUNT)
    if name == "embedding":
        tokens = generator.integers(0, 11, COUNT)
        return tokens, (tokens + 1) % 11
    if name == "attention":
        tokens = generator.integers(0, 11, (COUNT, 3))
        return tokens, tokens.sum(axis=1) % 11
    shape = (6, 6) if name == "convolution" else (6,)
    return generator.normal(size=(COUNT, *shape)), labels


MODELS = {"mlp": mlp, "embedding": Bigram, "convolution": Convolution, "attention": Attention}


def trained(make: Any, data: Any, optimizer: Any = lambda: optim.AdamW(lr=0.01), **options: Any) -> Any:
    """Train a model; give all its numbers, and the history."""
    model = make()
    settings = {"epochs": 4, "batch_size": 16, "seed": 5, "progress": False, **options}
    history = fit(model, losses.cross_entropy, *data, optimizer=optimizer(), **settings)
    return np.array([*model.state_dict().values()]), history
