"""How to read chosen elements of an array, and how to send what comes back to where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = ["Access", "access"]


@dataclass(frozen=True, eq=False)
class Access:
    """A way to read some elements of an array as an array of another shape.

    Attributes:
        kind: "all", "slice" (of the flat array), "grid" (some rows and columns), "turned" (rows
            and columns exchanged) or "gather".
        source: the shape of the array, without the axis of the batch.
        shape: what comes out, without the axes along which it only repeats.
        repeated: the axes along which the elements repeat.
        rank: how many axes the operand has with those.
        slices: for "slice" one (start, stop, step), for "grid" one for rows and one for columns.
        index: for "gather" the flat positions.
    """

    kind: str
    source: tuple[int, ...]
    shape: tuple[int, ...]
    repeated: tuple[int, ...]
    rank: int
    slices: tuple[tuple[int, int, int], ...] = ()
    index: Any = None

    def text(self, name: str, batched: bool, constant: Any) -> str:
        """Write how the elements are read; what comes out may be broadcast to the operand's shape.

        Args:
            name: of the array.
            batched: whether it has an axis for the batch in front.
            constant: gives an array a name.
        """
        front = ":, " if batched else ""
        size = math.prod(self.source)
        flat = name
        if self.kind in ("slice", "gather") and len(self.source) != 1:
            flat = f"{name}.reshape({'-1, ' if batched else ''}{size})"
        if self.kind == "all":
            read = name if self.shape == self.source else _reshaped(name, self.shape, batched)
        elif self.kind == "turned":
            read = f"swapaxes({name}, -1, -2)" if batched else f"{name}.T"
        elif self.kind == "gather":
            read = f"{flat}[{front}{constant(self.index)}]"
        elif self.kind == "slice":
            ((start, stop, step),) = self.slices
            single = self.shape == ()
            read = f"{flat}[{front}{start if single else _slice(start, stop, step, size)}]"
            if len(self.shape) > 1:
                read = _reshaped(read, self.shape, batched)
        else:
            rows, columns = (
                _slice(*part, length) if part[1] - part[0] > 1 else str(part[0])
                for part, length in zip(self.slices, self.source)
            )
            read = f"{name}[{front}{rows}, {columns}]"
        return read + self._new_axes(batched)

    def _new_axes(self, batched: bool) -> str:
        """Write axes of length 1 where the elements repeat, unless they would stand in front."""
        axes = [axis in self.repeated for axis in range(self.rank)]
        while axes and axes[0] and not batched:
            del axes[0]
        if not any(axes):
            return ""
        return f"[{', '.join([':'] * batched + ['None' if new else ':' for new in axes])}]"

    def back(self, d: str, sum_batch: bool) -> str:
        """Write the sum over the axes along which the elements repeat, and over the batch if wanted.

        Args:
            d: the adjoint of the operand, in its full shape.
            sum_batch: whether the array has no axis for the batch, but d has.
        """
        axes = [axis - self.rank for axis in self.repeated]
        if sum_batch:
            axes = [0, *axes]
        if not axes:
            return d
        return f"{d}.sum(axis={axes[0] if len(axes) == 1 else tuple(axes)})"


def access(index: Any, source: tuple[int, ...]) -> Access:
    """Find the plainest way to read some elements.

    Args:
        index: their flat positions, in an array of the shape that is wanted.
        source: the shape of the array that they stand in.
    """
    import numpy

    repeated = tuple(
        axis
        for axis in range(index.ndim)
        if index.shape[axis] > 1 and (index == index.take([0], axis=axis)).all()
    )
    core = index
    for axis in reversed(repeated):
        core = core.take(0, axis=axis)
    rank, shape, size = index.ndim, tuple(core.shape), math.prod(source)
    flat = core.reshape(-1)
    first, last = int(flat[0]), int(flat[-1])

    def found(kind: str, **more: Any) -> Access:
        return Access(kind, source, shape, repeated, rank, **more)

    step = int(flat[1]) - first if len(flat) > 1 else 1
    if step > 0 and (flat == numpy.arange(first, first + step * len(flat), step)).all():
        if len(flat) == size and step == 1:
            return found("all")
        if len(source) == 2 and len(flat) > 1 and shape == (len(flat),):
            grid = _grid(flat, source)
            if grid is not None and _lengths(grid) == list(shape):
                return found("grid", slices=grid)
        return found("slice", slices=((first, last + 1, step),))
    if len(source) == 2 and shape == source[::-1] and (core.T.reshape(-1) == numpy.arange(size)).all():
        return found("turned")
    if len(source) == 2 and core.ndim <= 2 and min(shape) > 1:
        grid = _grid(flat, source)
        if grid is not None and _lengths(grid) == list(shape):
            return found("grid", slices=grid)
    return found("gather", index=core)


def _grid(flat: Any, source: tuple[int, ...]) -> tuple[tuple[int, int, int], ...] | None:
    """Find rows and columns, each evenly spaced, whose crossings are these positions in order."""
    import numpy

    rows, columns = numpy.unique(flat // source[1]), numpy.unique(flat % source[1])
    if len(rows) * len(columns) != len(flat):
        return None
    if not ((rows[:, None] * source[1] + columns).reshape(-1) == flat).all():
        return None
    spans = []
    for places in (rows, columns):
        steps = numpy.diff(places)
        if len(steps) and (steps != steps[0]).any():
            return None
        spans.append((int(places[0]), int(places[-1]) + 1, int(steps[0]) if len(steps) else 1))
    return tuple(spans)


def _lengths(grid: tuple[tuple[int, int, int], ...]) -> list[int]:
    lengths = [len(range(*part)) for part in grid]
    return [length for length in lengths if length > 1]


def _slice(start: int, stop: int, step: int, length: int) -> str:
    """Write a slice: ``2:5``, ``:`` for everything."""
    head = "" if start == 0 else str(start)
    tail = "" if stop >= length else str(stop)
    return f"{head}:{tail}" + (f":{step}" if step != 1 else "")


def _reshaped(name: str, shape: tuple[int, ...], batched: bool) -> str:
    lengths = [*(["-1"] if batched else []), *map(str, shape)]
    if not lengths:
        return f"{name}.reshape(())"
    return f"{name}.reshape({', '.join(lengths)})"
