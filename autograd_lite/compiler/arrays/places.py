"""Positions in arrays, as sums of multiples of the variables of loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Layout",
    "Place",
    "Variable",
    "even_steps",
    "factored",
    "flat_place",
    "plain",
    "spread_over",
    "strided",
]


@dataclass(frozen=True)
class Variable:
    """What counts from 0: the variable of a loop, or a position that is only known when the program runs.

    Attributes:
        text: how it is written.
        count: it is smaller than this.
    """

    text: str
    count: int


@dataclass(frozen=True)
class Place:
    """A whole number: multiples of variables, and a start.

    Attributes:
        parts: pairs of a variable and its factor.
        start: what is added.

    Example:
        >>> i, j = (Place(((Variable(name, 4), 1),)) for name in "ij")
        >>> print(i * 17 + j + Place(start=2))
        17 * i + j + 2
    """

    parts: tuple[tuple[Variable, int], ...] = ()
    start: int = 0

    def __add__(self, other: Place) -> Place:
        factors: dict[Variable, int] = dict(self.parts)
        for variable, factor in other.parts:
            factors[variable] = factors.get(variable, 0) + factor
        parts = tuple((variable, factor) for variable, factor in factors.items() if factor)
        return Place(parts, self.start + other.start)

    def __mul__(self, factor: int) -> Place:
        parts = tuple((variable, own * factor) for variable, own in self.parts if factor)
        return Place(parts, self.start * factor)

    def divided(self, divisor: int) -> tuple[Place, Place]:
        """Divide it: return the quotient and what is left."""
        whole = tuple((variable, factor // divisor) for variable, factor in self.parts if factor // divisor)
        rest = tuple((variable, factor % divisor) for variable, factor in self.parts if factor % divisor)
        quotient, left = Place(whole, self.start // divisor), Place(rest, self.start % divisor)
        if left.start + sum(factor * (variable.count - 1) for variable, factor in rest) < divisor:
            return quotient, left
        most = (self.start + sum(abs(factor) * variable.count for variable, factor in self.parts)) + 1
        return (
            Place(((Variable(f"Math.floor(({self}) / {divisor})", most), 1),)),
            Place(((Variable(f"(({self}) % {divisor})", divisor), 1),)),
        )

    def __str__(self) -> str:
        text = ""
        for variable, factor in sorted(self.parts, key=lambda part: -part[1]):
            sign = (" - " if text else "-") if factor < 0 else " + " if text else ""
            text += sign + (variable.text if abs(factor) == 1 else f"{abs(factor)} * {variable.text}")
        if not text:
            return str(self.start)
        return text if not self.start else f"{text} {'+' if self.start > 0 else '-'} {abs(self.start)}"


def flat_place(place: Sequence[Place], shape: Sequence[int]) -> Place:
    """Return where an element stands when all are counted, the last axis fastest."""
    flat = Place()
    for part, length in zip(place, shape):
        flat = flat * length + part
    return flat


def spread_over(flat: Place, shape: Sequence[int]) -> tuple[Place, ...]:
    """Return where the element stands along each axis: the inverse of ``flat_place``."""
    found: list[Place] = []
    for length in reversed(shape):
        flat, part = flat.divided(length)
        found.append(part)
    return tuple(reversed(found))


@dataclass(frozen=True)
class Layout:
    """Where the elements of an array stand in what holds it.

    Attributes:
        name: what the script calls that.
        shape: of the array.
        steps: how far the next element along each axis is; or
        table: the name of an array of all positions.
    """

    name: str
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    table: str = ""

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def is_even(self) -> bool:
        """Whether they stand one after the other, or are found so in the table."""
        return self.table != "" or self.steps == plain_steps(self.shape)

    def at(self, place: Sequence[Place], shape: Sequence[int] | None = None) -> Place:
        """Return the position of an element.

        Args:
            place: where it stands along each axis.
            shape: what these axes are, if not those of the array: of as many elements.
        """
        if shape is not None and tuple(shape) != self.shape:
            return self.flat(flat_place(place, shape))
        if self.table:
            return self.flat(flat_place(place, self.shape))
        found = Place()
        for part, step in zip(place, self.steps):
            found = found + part * step
        return found

    def flat(self, place: Place) -> Place:
        """Return the position of an element when all are counted."""
        if self.table:
            return Place(((Variable(f"{self.table}[{place}]", 2**53), 1),))
        return place if self.is_even else self.at(spread_over(place, self.shape))


def plain(name: str, shape: tuple[int, ...]) -> Layout:
    """Return the layout of an array whose elements stand one after the other."""
    return Layout(name, shape, plain_steps(shape))


def plain_steps(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the steps along each axis of elements that stand one after the other."""
    steps: list[int] = []
    step = 1
    for length in reversed(shape):
        steps.append(step)
        step *= length
    return tuple(reversed(steps))


def even_steps(positions: Any) -> tuple[int, tuple[int, ...]] | None:
    """Find the first position and the steps along each axis, if they are everywhere the same.

    Args:
        positions: whole numbers, an array.
    """
    import numpy

    start = int(positions.reshape(-1)[0])
    steps = [
        int(positions.take(1, axis).reshape(-1)[0]) - start if length > 1 else 0
        for axis, length in enumerate(positions.shape)
    ]
    expected = start + sum(
        (step * places for step, places in zip(steps, numpy.indices(positions.shape))),
        numpy.zeros(positions.shape, int),
    )
    return (start, tuple(steps)) if (expected == positions).all() else None


def strided(counts: Sequence[int], steps: Sequence[int]) -> Any:
    """Return the positions that are so many steps from 0 along each axis."""
    import numpy

    places = numpy.zeros(tuple(counts), numpy.int64)
    for axis, (count, step) in enumerate(zip(counts, steps)):
        places += step * numpy.arange(count).reshape(-1, *[1] * (len(counts) - axis - 1))
    return places


def factored(positions: Any) -> list[list[tuple[int, int]]] | None:
    """Find axes along which the step is everywhere the same; one axis may be several of these.

    Args:
        positions: whole numbers, an array.

    Returns:
        For each axis of the array pairs of a count and a step, the outermost first; None if there are none.

    Example:
        >>> import numpy
        >>> factored(numpy.array([[0, 1, 5, 6], [20, 21, 25, 26]]))
        [[(2, 20)], [(2, 5), (2, 1)]]
        >>> factored(numpy.array([0, 1, 3]))
    """
    expected = start = positions[(0,) * positions.ndim]
    found = []
    for axis in range(positions.ndim):
        line = positions[(0,) * axis + (slice(None),) + (0,) * (positions.ndim - axis - 1)]
        parts = _parts_of(line)
        if parts is None:
            return None
        found.append(parts)
        expected = expected + (line - start).reshape(-1, *[1] * (positions.ndim - axis - 1))
    return found if (expected == positions).all() else None


def _parts_of(line: Any) -> list[tuple[int, int]] | None:
    """Find how positions in a row are counted, the outermost first."""
    import numpy

    parts: list[tuple[int, int]] = []
    while len(line) > 1:
        steps = numpy.diff(line)
        others = numpy.flatnonzero(steps != steps[0])
        count = int(others[0]) + 1 if len(others) else len(line)
        if len(line) % count or steps[0] <= 0:
            return None
        table = line.reshape(-1, count)
        if (numpy.diff(table, axis=1) != steps[0]).any():
            return None
        parts.insert(0, (count, int(steps[0])))
        line = table[:, 0]
    return parts
