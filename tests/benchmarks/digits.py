"""Train 64-32-10 on scikit-learn's digits, written in scalars without nn, and compiled.

    python tests/benchmarks/digits.py

Prints, for five fixed splits, the share of held-out digits that is told right, and the
seconds from the first weight to the last answer, compiling included.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from autograd_lite import Value, logsumexp, optim, pick
from autograd_lite.compiler import compile

SIZES = (64, 32, 10)
EPOCHS, BATCH = 40, 32
ACCURACY, SECONDS = 0.96, 5.0


def train(X: Any, y: Any, X_held_out: Any, y_held_out: Any, seed: int) -> float:
    """Train on some digits, and give the share of others that is told right."""
    generator = random.Random(seed)
    layers = [
        (
            [[Value(generator.gauss(0.0, (2.0 / nin) ** 0.5)) for _ in range(nin)] for _ in range(nout)],
            [Value(0.0) for _ in range(nout)],
        )
        for nin, nout in zip(SIZES, SIZES[1:])
    ]
    parameters = [p for W, b in layers for p in [*(w for row in W for w in row), *b]]

    def logits(x: Any) -> list[Value]:
        for W, b in layers:
            z = [sum(wi * xi for wi, xi in zip(row, x)) + bi for row, bi in zip(W, b)]
            x = [zi.relu() for zi in z]
        return z

    def loss(x: Any, k: Any) -> Value:
        z = logits(x)
        return logsumexp(z) - pick(z, k)

    trainer = compile(loss, parameters).trainer(optim.AdamW(lr=0.005, weight_decay=0.02))
    order = list(range(len(X)))
    for _ in range(EPOCHS):
        generator.shuffle(order)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            trainer.step(X[rows], y[rows])
    trainer.write_back()
    outputs = compile(logits, parameters).map(X_held_out)
    right = sum(output.index(max(output)) == k for output, k in zip(outputs, y_held_out))
    return right / len(outputs)


def main() -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    accuracies, seconds = [], []
    for seed in range(5):
        X_train, X_test, y_train, y_test = train_test_split(X / 16.0, y, test_size=0.2, random_state=seed)
        start = time.perf_counter()
        accuracies.append(train(X_train, y_train, X_test, y_test, seed))
        seconds.append(time.perf_counter() - start)
        print(f"split {seed}: {accuracies[-1]:.1%} of {len(y_test)} held out, {seconds[-1]:.2f} s")
    mean, longest = statistics.mean(accuracies), max(seconds)
    met = mean >= ACCURACY and longest < SECONDS
    found = f"mean {mean:.1%} (≥ {ACCURACY:.0%}), at most {longest:.2f} s (< {SECONDS:.0f} s)"
    print(f"{found}: {'PASS' if met else 'SHORT'}")


if __name__ == "__main__":
    main()
