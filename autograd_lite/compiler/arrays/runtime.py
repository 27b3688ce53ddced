"""What the source of a program on arrays calls: functions of NumPy or of JAX, and a few of its own."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

from autograd_lite.compiler.arrays.places import strided
from autograd_lite.compiler.arrays.source import ArraySource
from autograd_lite.core.list_rules import row_starts
from autograd_lite.core.op import Op

__all__ = ["Scattered", "namespace"]


def namespace(xp: Any, source: ArraySource, dtype: str) -> dict[str, Any]:
    """Return the names that a source uses.

    Args:
        xp: the module: ``numpy`` or ``jax.numpy``.
        source: what uses them.
        dtype: "float64" or "float32".
    """
    names: dict[str, Any] = {
        name: getattr(xp, name) for name in source.printer.functions if hasattr(xp, name)
    }
    names |= {
        "array": functools.partial(xp.asarray, dtype=dtype),
        "floats": lambda values: values.astype(dtype),
        "added": _added_functional,
        "scattered": functools.partial(_scattered_functional, xp),
        "pick": functools.partial(_picked, xp),
        "unpick": functools.partial(_unpicked, xp),
        "shares": functools.partial(_shares, xp),
        "sums": _sums,
        "dots": _dots,
        "windows": functools.partial(_windows, xp),
        "max_over": functools.partial(_over, xp, "max"),
        "sum_over": functools.partial(_over, xp, "sum"),
        "repeated": functools.partial(_repeated, xp),
        "to_largest": _to_largest if xp.__name__ == "numpy" else _to_largest_functional,
    }
    if xp.__name__ == "numpy":
        names |= _of_numpy(xp)
    for name, values in source.constants.items():
        names[name] = xp.asarray(values.astype(dtype) if values.dtype.kind == "f" else values)
    for name, (op, slot) in source.printer.operations.items():
        names[name] = array_function(op, xp) if slot is None else functools.partial(_partials, xp, op, slot)
    return names


def _of_numpy(xp: Any) -> dict[str, Any]:
    """Return what NumPy does faster in a way of its own."""
    return {
        "added": _added_numpy,
        "scattered": Scattered(),
        "pick": _picked_numpy,
        "unpick": _unpicked_numpy,
        "full_like": lambda array, number: _filled(array.shape, array.dtype, number),
        "shares": _shares_numpy,
        "sums": _sums_numpy,
        "dots": _dots_numpy if hasattr(xp, "vecdot") else _dots,
    }


def array_function(op: Op, xp: Any) -> Callable[..., Any]:
    """Return an operation on arrays: its array form, or its float function for each element."""
    if callable(op.array):
        return functools.partial(op.array, xp)
    if xp.__name__ != "numpy":
        raise TypeError(f"{op.name} has no array form, which {xp.__name__} needs: declare it with array=...")
    if op.many is not None:
        return functools.partial(_rows, xp, op)
    mapped: Callable[..., Any] = xp.vectorize(op.forward, otypes=[float])
    return mapped


def _rows(xp: Any, op: Op, *inputs: Any) -> Any:
    """Do an operation on lists row by row, in floats."""
    lists, attributes = op.split(inputs)
    shape = xp.broadcast_shapes(*[listed.shape[:-1] for listed in lists])
    flat = [_table(xp, listed, shape) for listed in lists]
    return xp.array([op.forward(*rows, *attributes) for rows in zip(*flat)]).reshape(shape)


def _partials(xp: Any, op: Op, slot: int, y: Any, *inputs: Any) -> Any:
    """Compute the partials of an operation on lists by one list, row by row, in floats."""
    assert op.many is not None
    lists, attributes = op.split(inputs)
    shape = xp.shape(y)
    flat = [_table(xp, listed, shape) for listed in lists]
    rows = zip(xp.reshape(y, -1).tolist(), *flat)
    found = [op.many(one, *numbers, *attributes)[slot] for one, *numbers in rows]
    return xp.array(found).reshape(*shape, lists[slot].shape[-1])


def _table(xp: Any, listed: Any, shape: tuple[int, ...]) -> Any:
    """Return the lists of an array, which may lack the axis of the batch, one below the other."""
    length = listed.shape[-1]
    return xp.broadcast_to(listed, (*shape, length)).reshape(-1, length).tolist()


FEW_ROWS = 256
"""A table of up to so many rows is added to by a matrix product."""


def _added_numpy(target: Any, place: tuple[Any, ...], values: Any) -> Any:
    """Add values at chosen places, each as often as it is named."""
    import numpy

    if all(isinstance(part, slice) for part in place):
        target[place] += values
        return target
    (rows,), size = place, target[0].size
    if len(target) <= FEW_ROWS:  # a product with the rows of the identity that are named
        named = _identity(len(target), target.dtype.char).take(rows.reshape(-1), axis=0)
        return (named.T @ values.reshape(-1, size)).reshape(target.shape)
    positions = (rows % len(target)).reshape(-1, 1) * size + numpy.arange(size)
    sums = numpy.bincount(positions.reshape(-1), values.reshape(-1), target.size)
    return sums.reshape(target.shape).astype(target.dtype, copy=False)


@functools.cache
def _identity(size: int, dtype: str) -> Any:
    import numpy

    return numpy.eye(size, dtype=dtype)


def _added_functional(target: Any, place: tuple[Any, ...], values: Any) -> Any:
    return target.at[place].add(values)


class Scattered:
    """Adds up what goes to each position; how is found out once for an array of positions."""

    def __init__(self) -> None:
        self.plans: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def __call__(self, values: Any, positions: Any, size: int) -> Any:
        """Add up values, or several arrays of them side by side, in an array of zeros."""
        import numpy

        if isinstance(values, tuple):
            values = numpy.concatenate(values, axis=-1)
        key = (id(positions), size)  # they are a constant of the program, and live as long
        if key not in self.plans:
            self.plans[key] = _segments(positions, size)
        order, starts, places = self.plans[key]
        if order is not None:
            values = values.take(order, axis=-1)
        if starts is not None:
            values = numpy.add.reduceat(values, starts, axis=-1)
        if places is None:
            return values
        result = numpy.zeros((*values.shape[:-1], size), values.dtype)
        result[..., places] = values
        return result


def _segments(positions: Any, size: int) -> tuple[Any, Any, Any]:
    """Find the order that brings equal positions together, where each begins, and which they are.

    The first two are None where no position is named twice, the last where all are named.
    """
    import numpy

    order = numpy.argsort(positions, kind="stable")
    places, starts = numpy.unique(positions[order], return_index=True)
    is_whole = len(places) == size
    if len(places) == len(positions):
        return (order, None, None) if is_whole else (None, None, positions)
    return order, starts, None if is_whole else places


def _scattered_functional(xp: Any, values: Any, positions: Any, size: int) -> Any:
    if isinstance(values, tuple):
        values = xp.concatenate(values, axis=-1)
    return xp.zeros((*values.shape[:-1], size), values.dtype).at[..., positions].add(values)


def _picked(xp: Any, values: Any, index: Any) -> Any:
    """Pick a number from each row."""
    count = values.shape[-1]
    if values.shape[:-1] != index.shape:
        values = xp.broadcast_to(values, (*index.shape, count))
    flat = index.reshape(-1)
    return values.reshape(-1, count)[xp.arange(flat.size), flat].reshape(index.shape)


def _unpicked(xp: Any, d: Any, index: Any, count: int) -> Any:
    """Put each number at a place of a row of zeros."""
    return xp.where(xp.arange(count) == index[..., None], d[..., None], 0.0)


@functools.lru_cache(64)
def _filled(shape: tuple[int, ...], dtype: Any, number: float) -> Any:
    """Return an array of one number, which nothing writes into."""
    import numpy

    array = numpy.full(shape, number, dtype)
    array.setflags(write=False)
    return array


def _picked_numpy(values: Any, index: Any) -> Any:
    if values.shape[:-1] != index.shape:
        import numpy

        return _picked(numpy, values, index)
    starts = row_starts(index.size, values.shape[-1])
    return values.take((starts if index.ndim == 1 else starts.reshape(index.shape)) + index)


def _unpicked_numpy(d: Any, index: Any, count: int) -> Any:
    import numpy

    rows = numpy.zeros((*index.shape, count), d.dtype)
    rows.put(row_starts(index.size, count) + index.reshape(-1), d)
    return rows


def _shares(xp: Any, partials: Any) -> Any:
    """Divide the partials of each list by their sum, unless that is no number."""
    total = partials.sum(axis=-1, keepdims=True)
    return partials / xp.where(xp.isfinite(total), total, 1.0)


def _shares_numpy(partials: Any) -> Any:
    import numpy

    total = _sums_numpy(partials)
    flat = total.reshape(-1)
    if not math.isfinite(flat.dot(flat)):  # which is fast; that of huge numbers is looked at closely
        return _shares(numpy, partials)
    return partials / total[..., None]


SHORT, MANY = 64, 1024
"""NumPy adds up so many numbers, in lists of up to this length, faster as products."""


def _sums_numpy(values: Any) -> Any:
    """Add up along the last axis."""
    import numpy

    length = values.shape[-1]
    if length > SHORT or values.size < MANY:
        return numpy.add.reduce(values, axis=-1)
    ones = _filled((length,), values.dtype, 1.0)
    return values.reshape(-1, length).dot(ones).reshape(values.shape[:-1])


def _sums(values: Any) -> Any:
    return values.sum(axis=-1)


def _dots_numpy(left: Any, right: Any) -> Any:
    """Multiply, and add up along the last axis."""
    import numpy

    return numpy.vecdot(left, right) if left.shape == right.shape else _dots(left, right)


def _dots(left: Any, right: Any) -> Any:
    return (left * right).sum(axis=-1)


# ---- Images ----------------------------------------------------------------------------------


def _windows(xp: Any, flat: Any, start: int, counts: tuple[int, ...], steps: tuple[int, ...]) -> Any:
    """Read the numbers at ``start + i * steps[0] + j * steps[1] + ...`` along the last axis."""
    import numpy

    if xp is numpy:
        flat = numpy.ascontiguousarray(flat)
        strides = (*flat.strides[:-1], *(flat.itemsize * step for step in steps))
        shape = (*flat.shape[:-1], *counts)
        return numpy.ascontiguousarray(
            numpy.ndarray(shape, flat.dtype, flat, start * flat.itemsize, strides)  # as_strided, but faster
        )
    return flat[..., start + strided(counts, steps)]


def _over(xp: Any, reduction: str, values: Any, axis: tuple[int, ...]) -> Any:
    """Reduce short axes: NumPy is faster with a few arrays than with many short lists."""
    if xp.__name__ != "numpy":
        return getattr(values, reduction)(axis=axis)
    join = {"max": xp.maximum, "sum": xp.add}[reduction]
    for along in sorted(axis):
        values = functools.reduce(join, [values[place] for place in _slots(values.shape[along], along)])
    return values.squeeze(axis)


@functools.cache
def _slots(length: int, along: int) -> list[tuple[Any, ...]]:
    """List the indices of all places along an axis, which stays with one of them."""
    others = [slice(None)] * (-along - 1)
    return [(..., slice(place, place + 1), *others) for place in range(length)]


@functools.cache
def _cells(lengths: tuple[int, ...], axis: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """List the indices of all places along some axes."""
    at = [dict(zip(axis, places)) for places in itertools.product(*map(range, lengths))]
    return [(..., *(each.get(along, slice(None)) for along in range(min(axis), 0))) for each in at]


def _to_largest(d: Any, largest: Any, values: Any, axis: tuple[int, ...]) -> Any:
    """Share numbers out among the largest of each window, whose axes have length 1 in the first two."""
    import numpy

    (once,) = _cells((1,) * len(axis), axis)
    cells = _cells(tuple([values.shape[along] for along in axis]), axis)
    greatest = largest[once]
    masks = [values[place] == greatest for place in cells]
    shares = d[once] / functools.reduce(numpy.add, [mask.view(numpy.int8) for mask in masks])
    result = numpy.empty(values.shape, values.dtype)
    for place, mask in zip(cells, masks):
        numpy.multiply(shares, mask, out=result[place])
    return result


def _to_largest_functional(d: Any, largest: Any, values: Any, axis: tuple[int, ...]) -> Any:
    mask = values == largest
    return d / mask.sum(axis=axis, keepdims=True) * mask


def _repeated(xp: Any, values: Any, counts: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """Repeat what has one place along some axes, the innermost first."""
    for count, along in sorted(zip(counts, axis), key=lambda pair: -pair[1]):
        values = values.repeat(count, axis=along)
    return values
