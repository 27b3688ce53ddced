"""Examples in the form of the page: rows of plain numbers, all of one length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Table", "table_of", "view_of"]

SMALLEST_IMAGE = 3
"""So many pixels an image has along an edge, at least."""


class Table(NamedTuple):
    """Examples or targets.

    Attributes:
        rows: the numbers of each.
        single: whether each is one number, not a list.
    """

    rows: list[list[float]]
    single: bool


def table_of(things: Sequence[Any], what: str) -> Table:
    """Put examples or targets into rows of numbers.

    Args:
        things: numbers, or lists of numbers, perhaps nested.
        what: they are, for the message.

    Raises:
        ValueError: if they differ in form.

    Example:
        >>> table_of([[0.0, 1.0], [1.0, 1.0]], "examples"), table_of([0, 1], "targets")
        (Table(rows=[[0.0, 1.0], [1.0, 1.0]], single=False), Table(rows=[[0], [1]], single=True))
    """
    plain = [each.tolist() if hasattr(each, "tolist") else each for each in things]
    rows = [_flat(each) for each in plain]
    if len({*map(len, rows)}) > 1:
        raise ValueError(f"the {what} of a playground have one length, these have {min(map(len, rows))} to "
                         f"{max(map(len, rows))} numbers")  # fmt: skip
    return Table(rows, not isinstance(plain[0], (list, tuple)))


def view_of(width: int, is_index: bool) -> tuple[str, int]:
    """Return how examples of so many numbers are shown, and how many pixels along an edge an image has.

    Example:
        >>> view_of(2, False), view_of(1, False), view_of(64, False), view_of(4, False)
        (('plane', 0), ('line', 0), ('image', 8), ('table', 0))
    """
    side = math.isqrt(width)
    if is_index:
        return "table", 0
    if width <= 2:
        return ["line", "plane"][width - 1], 0
    return ("image", side) if side * side == width and side >= SMALLEST_IMAGE else ("table", 0)


def _flat(thing: Any) -> list[float]:
    if not isinstance(thing, (list, tuple)):
        return [thing.item() if hasattr(thing, "item") else thing]
    return [number for item in thing for number in _flat(item)]
