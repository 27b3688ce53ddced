"""Examples held out for testing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from autograd_lite.core.coercion import is_plain
from autograd_lite.core.tables import as_pairs
from autograd_lite.datasets.seeds import whole

__all__ = ["split"]

Example = TypeVar("Example")
Target = TypeVar("Target")


def split(
    X: Sequence[Example], y: Sequence[Target], fraction: float = 0.2, seed: int = 0
) -> tuple[list[Example], list[Target], list[Example], list[Target]]:
    """Shuffle examples and hold some of them out for testing.

    Args:
        X, y: N examples and N targets: lists, arrays, or tables of pandas or polars, by rows.
        fraction: the share to hold out, between 0 and 1.
        seed: of the order, a whole number.

    Returns:
        X_train, y_train, X_test, y_test: four lists.

    Raises:
        TypeError, ValueError: if X or y has no rows, their lengths differ, or one side would be empty.

    Example:
        >>> X_train, y_train, X_test, y_test = split(list("abcde"), [1, 2, 3, 4, 5], fraction=0.4)
        >>> len(X_train), len(y_train), len(X_test), len(y_test)
        (3, 3, 2, 2)

    Source: lectures C7.
    """
    X, y = as_pairs(X, y, text=True)
    if not is_plain(fraction) or not 0.0 < fraction < 1.0:
        raise ValueError(f"fraction is a share between 0 and 1, such as 0.2, got {fraction!r}")
    count = round(len(X) * fraction)
    if not 0 < count < len(X):
        raise ValueError(f"a fraction of {fraction} of {len(X)} examples leaves one side empty")
    generator = random.Random(whole("seed", seed))
    order = sorted(range(len(X)), key=lambda index: generator.random())
    train, test = order[count:], order[:count]
    return [X[i] for i in train], [y[i] for i in train], [X[i] for i in test], [y[i] for i in test]
