"""How to read chosen elements of an array, and how to send what comes back to where they stand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd_lite.compiler.arrays.expressions import Expression, call
from autograd_lite.compiler.arrays.places import factored

__all__ = ["Box", "Indexing", "indexing", "overlapping", "pooled", "reshaped"]

LONGEST_WINDOW = 16
"""The most numbers of a window that is pooled."""

Named = Callable[[Any], Expression]
"""Gives an array a name."""


@dataclass(frozen=True)
class Box:
    """A stretch along each axis of an array.

    Attributes:
        shape: the axes, into which the elements of the array are put.
        spans: the (start, stop) along each.
    """

    shape: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many places there are along each axis."""
        return tuple(stop - start for start, stop in self.spans)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.lengths == self.shape

    def positions(self) -> Any:
        """Return the flat positions, in order."""
        import numpy

        places = numpy.arange(math.prod(self.shape)).reshape(self.shape)
        return places[tuple(slice(*span) for span in self.spans)].reshape(-1)


@dataclass(frozen=True, eq=False)
class Indexing:
    """A way to read some elements of an array as an array of another shape.

    Attributes:
        kind: "all", "slice" (of the flat array), "grid" (some rows and columns), "transposed",
            "axes" (a box, whose axes stand in another order), "windows" (which overlap) or "gather".
        source: the shape of the array, without the axis of the batch.
        index: the flat positions, in the shape of what comes out; without the axes along which it
            only repeats.
        repeated: the axes along which the elements repeat.
        rank: how many axes the operand has with those.
        slices: for "slice" one (start, stop, step), for "grid" one for rows and one for columns, for
            "windows" for each axis of these: the first position, how many there are, and the step.
        box: for "axes" what is read, and for "grid" if it has no gaps.
        order: for "axes" in which order the axes of the box are wanted.
    """

    kind: str
    source: tuple[int, ...]
    index: Any
    repeated: tuple[int, ...]
    rank: int
    slices: tuple[tuple[int, int, int], ...] = ()
    box: Box | None = None
    order: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what comes out, without the axes along which it only repeats."""
        return tuple(self.index.shape)

    def read(self, array: Expression, batched: bool, named: Named) -> Expression:
        """Read the elements; what comes out may be broadcast to the operand's shape.

        Args:
            array: where they stand.
            batched: whether it has an axis for the batch in front.
            named: gives an array of positions a name.
        """
        read = self._chosen(array, (slice(None),) * batched, named)
        axes = [axis in self.repeated for axis in range(self.rank)]
        while axes and axes[0] and not batched:  # broadcasting adds axes in front by itself
            del axes[0]
        if not any(axes):
            return read
        return read[*(slice(None),) * batched, *(None if new else slice(None) for new in axes)]

    def _chosen(self, array: Expression, front: tuple[slice, ...], named: Named) -> Expression:
        """Read the elements, each once."""
        batched, flat = bool(front), (math.prod(self.source),)
        if self.kind == "all":
            return reshaped(array, self.source, self.shape, batched)
        if self.kind == "transposed":
            return array.swapped(-1, -2) if batched else array.T
        if self.kind == "grid":
            return array[*front, *map(_shortest, self.slices, self.source)]
        if self.kind == "axes":
            return self._turned(array, front)
        array = reshaped(array, self.source, flat, batched)
        if self.kind == "windows":
            counts, steps = (tuple(part[at] for part in self.slices) for at in (1, 2))
            windows = call("windows", array, self.slices[0][0], counts, steps)
            return reshaped(windows, counts, self.shape, batched)
        if self.kind == "gather":
            return array.take(named(self.index), *[1] * batched)
        if self.shape == ():
            return array[*front, self.slices[0][0]]
        read = array[*front, _slice(*self.slices[0], *flat)]
        return reshaped(read, (self.index.size,), self.shape, batched)

    def _turned(self, array: Expression, front: tuple[slice, ...]) -> Expression:
        """Read a box, and exchange its axes."""
        assert self.box is not None
        shape, batched = self.box.shape, bool(front)
        array = reshaped(array, self.source, shape, batched)
        if not self.box.is_whole:
            spans = [
                slice(None) if span == (0, length) else slice(*span)
                for span, length in zip(self.box.spans, shape)
            ]
            while spans[-1] == slice(None):
                del spans[-1]
            array = array[*front, *spans]
        array = _permuted(array, self.order, batched)
        return reshaped(array, tuple(self.box.lengths[axis] for axis in self.order), self.shape, batched)

    def back(self, d: Expression, batched: bool, summed: bool) -> tuple[Any, Expression]:
        """Send the adjoint of the elements back.

        Args:
            d: the adjoint, in the operand's full shape.
            batched: whether the array has an axis for the batch.
            summed: whether only d has one: then it is summed over.

        Returns:
            The positions in the flat array (a range, a box or an array), or None for all of it; and what is
            added.
        """
        axes = [axis - self.rank for axis in self.repeated]
        if summed:  # by itself first, which NumPy does faster than over all axes together
            d = d.sum(0)
        if axes:
            d = d.sum(*axes)
        if self.kind == "all":
            return None, reshaped(d, self.shape, self.source, batched)
        if self.kind == "transposed":
            return None, d.swapped(-1, -2) if batched else d.T
        if self.box is not None:
            lengths = self.box.lengths
            d = reshaped(d, self.shape, tuple(lengths[axis] for axis in self.order), batched)
            d = _permuted(d, tuple(self.order.index(axis) for axis in range(len(lengths))), batched)
            if self.box.is_whole:
                return None, reshaped(d, lengths, self.source, batched)
            return self.box, d
        flat = reshaped(d, self.shape, (self.index.size,), batched)
        if self.kind == "slice":
            return range(*self.slices[0]), flat
        return self.index.reshape(-1), flat


def indexing(index: Any, source: tuple[int, ...]) -> Indexing:
    """Find the plainest way to read some elements.

    Args:
        index: their flat positions, in an array of the shape that is wanted.
        source: the shape of the array that they stand in.
    """
    import numpy

    alike = [(index == index.take([0], axis=axis)).all() for axis in range(index.ndim)]
    repeated = tuple(axis for axis, length in enumerate(index.shape) if length > 1 and alike[axis])
    core = index
    for axis in reversed(repeated):
        core = core.take(0, axis=axis)
    shape, size = tuple(core.shape), math.prod(source)
    flat = core.reshape(-1)
    first, last = int(flat[0]), int(flat[-1])

    def found(kind: str, slices: tuple[tuple[int, int, int], ...] = ()) -> Indexing:
        return Indexing(kind, source, core, repeated, index.ndim, slices)

    step = int(flat[1]) - first if len(flat) > 1 else 1
    in_order = step > 0 and (flat == numpy.arange(first, first + step * len(flat), step)).all()
    if in_order and len(flat) == size and step == 1:
        return found("all")
    is_matrix = len(source) == 2
    if is_matrix and shape == source[::-1] and (core.T.reshape(-1) == numpy.arange(size)).all():
        return found("transposed")
    if is_matrix and len(flat) > 1 and (shape == (len(flat),) if in_order else len(shape) == 2):
        grid = _grid(flat, source)
        if grid is not None and [n for n in (len(range(*part)) for part in grid) if n > 1] == list(shape):
            box = None
            if all(step == 1 for _, _, step in grid):
                box = Box(source, tuple(part[:2] for part in grid))
            return replace(found("grid", grid), box=box, order=(0, 1))
    if in_order:
        return found("slice", ((first, last + 1, step),))
    turned = _box(core, source)
    if turned is not None:
        return replace(found("axes"), box=turned[0], order=turned[1])
    windows = overlapping(core)
    return found("gather") if windows is None else found("windows", windows)


def _box(index: Any, source: tuple[int, ...]) -> tuple[Box, tuple[int, ...]] | None:
    """Find a box whose elements, its axes in some order, are these positions; and that order."""
    loops = _loops(index)
    steps = sorted({step for _, step in loops} | {1}, reverse=True)
    counts = {step: count for count, step in loops}
    sizes = [math.prod(source), *steps[:-1]]
    if len(counts) < len(loops) or min(counts) < 1 or any(size % step for size, step in zip(sizes, steps)):
        return None
    shape = tuple(size // step for size, step in zip(sizes, steps))
    spans, rest = [], int(index.flat[0])
    for step, length in zip(steps, shape):
        start, rest = divmod(rest, step)
        spans.append((start, start + counts.get(step, 1)))
        if spans[-1][1] > length:
            return None
    order = [steps.index(step) for step in (*(step for _, step in loops), *({1} - {*counts}))]
    return Box(shape, tuple(spans)), tuple(order)


def _loops(index: Any) -> list[tuple[int, int]]:
    """Find nested loops that count positions, each by a step of its own: (count, step), the outermost first.

    Each axis is one loop or more. Positions that nothing simpler counts are a loop whose step is 0.
    """
    import numpy

    loops: list[tuple[int, int]] = []
    for length in reversed(index.shape):
        rows = index.reshape(-1, length)
        along = rows[0]
        if (rows - rows[:, :1] != along - along[0]).any():
            return [(1, 0)]
        while len(along) > 1:
            steps = numpy.diff(along)
            breaks = numpy.flatnonzero(steps != steps[0])
            count = int(breaks[0]) + 1 if len(breaks) else len(along)
            lines = along[: len(along) // count * count].reshape(-1, count)
            if len(along) % count or (lines != lines[:, :1] + numpy.arange(count) * steps[0]).any():
                return [(1, 0)]
            loops.append((count, int(steps[0])))
            along = lines[:, 0]
        index = rows[:, 0]
    return loops[::-1]


def _permuted(array: Expression, order: Sequence[int], batched: bool) -> Expression:
    """Put axes into another order, behind the axis of the batch."""
    return array.permuted([*[0] * batched, *(axis + batched for axis in order)])


def overlapping(index: Any) -> tuple[tuple[int, int, int], ...] | None:
    """Find the windows of an image that positions are: its rows are read in pieces, the longer the faster.

    Args:
        index: a table of positions: a column for each window.

    Returns:
        For each axis the first position, how many there are, and the step; None if they are not so.
    """
    import numpy

    axes = factored(index) if index.ndim == 2 else None
    if axes is None or not all(axes) or axes[1][-1][1] != 1 or axes[1][-1][0] <= axes[0][-1][0]:
        return None
    if len(numpy.unique(index)) == index.size:
        return None
    first = int(index[0, 0])
    return tuple((first, count, step) for axis in axes for count, step in axis)


def pooled(index: Any, size: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Find the axes of an array that is cut into small windows.

    Args:
        index: its flat positions, those of a window along the last axis.
        size: how many there are.

    Returns:
        The shape in which windows have axes of their own, and these axes, counted from the last; None if
        windows overlap or leave something out.
    """
    if index.size != size or index.shape[-1] > LONGEST_WINDOW or index.ndim == 1:
        return None
    axes = factored(index)
    if axes is None or not axes[-1]:
        return None
    kept = [part for axis in axes[:-1] for part in axis]
    parts = sorted([*kept, *axes[-1]], key=lambda part: -part[1])
    wanted = size
    for count, step in parts:
        wanted //= count
        if step != wanted:
            return None
    if len(parts) < 2 or parts[-len(axes[-1]) :] == axes[-1] or [p for p in parts if p in kept] != kept:
        return None
    within = tuple(place - len(parts) for place, part in enumerate(parts) if part in axes[-1])
    return tuple(count for count, _ in parts), within


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


def _shortest(part: tuple[int, int, int], length: int) -> int | slice:
    start, stop, _ = part
    return start if stop - start == 1 else _slice(*part, length)


def _slice(start: int, stop: int, step: int, length: int) -> slice:
    """Make a slice that says no more than it must."""
    return slice(start or None, None if stop >= length else stop, None if step == 1 else step)


def reshaped(array: Expression, old: tuple[int, ...], new: tuple[int, ...], batched: bool) -> Expression:
    """Put an array from one shape into another, behind the axis of the batch."""
    return array if old == new else array.reshape(*[-1] * batched, *new)
