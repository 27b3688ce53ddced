"""Programs on arrays: source that NumPy or JAX runs, and the data it is run on."""

from __future__ import annotations

import builtins
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.compiler.emit import Writer, tuple_source
from autograd_lite.compiler.reverse import Reverse
from autograd_lite.compiler.vectors import Constant, Operand, Vector, VectorProgram
from autograd_lite.core.op import Op

__all__ = ["ArraySource", "namespace"]


class ArraySource:
    """A vector program as source.

    Attributes:
        text: the source: ``forward`` and, for one output, ``value_and_gradient``.
        parameters, frozen, random: the leaf vectors, in the order of the arguments.
        constants: arrays that the source names.
        operations: operations that it names.
    """

    def __init__(
        self, program: VectorProgram, arguments: Sequence[str], wholes: Sequence[bool], gradient: bool
    ) -> None:
        self.program = program
        kinds: dict[str, list[Vector]] = {"parameter": [], "frozen": [], "random": []}
        for vector in program.vectors:
            if vector.kind in kinds:
                kinds[vector.kind].append(vector)
        kinds["parameter"].sort(key=lambda vector: int(vector.places.min()))
        self.parameters, self.frozen, self.random = kinds.values()
        self.constants: dict[str, Any] = {}
        self.constant_names: dict[Any, str] = {}
        self.operations: dict[str, Op] = {}
        self.texts: dict[str, str] = {}
        self.batched = any(vector.kind == "input" for vector in program.vectors) or bool(self.random)
        self.arguments = list(arguments)
        for name in ["forward", *(["value_and_gradient"] if gradient else [])]:
            self.texts[name] = self._write(name, wholes, with_gradient=name != "forward")
        self.text = "\n\n".join(self.texts.values())

    def _write(self, name: str, wholes: Sequence[bool], *, with_gradient: bool) -> str:
        """Write one function."""
        writer = Writer(self.program, self.arguments, wholes)
        writer.constants, writer.operations = self.constants, self.operations
        writer.constant_names = self.constant_names
        writer.forward()
        self.names = writer.names
        outputs = [self._output(writer, output) for output in self.program.outputs]
        guards = [self._guard(writer, *guard) for guard in self.program.guards]
        result = [outputs[0] if len(outputs) == 1 else tuple_source(outputs)]
        if with_gradient:
            (output,) = self.program.outputs
            writer.line("")
            seed = f"full_like({outputs[0]}, 1.0 / N)" if writer.is_batched(output) else "1.0"
            gradients = Reverse(writer).write(seed)
            order = [vector for vector in self.program.vectors if vector.kind == "parameter"]
            result.append(tuple_source([gradients[order.index(vector)] for vector in self.parameters]))
        if guards:
            result.append(" & ".join(guards))
        head = [f"{new} = floats({old})" for old, new in writer.floats.items()]
        body = [*head, *(aligned(writer.lines))]
        if any(re.search(r"\bN\b", line) for line in body):
            body.insert(0, f"N = len({self._batch_name(writer)})")
        names = [writer.names[v.number] for v in (*self.parameters, *self.frozen, *self.random)]
        lines = [f"def {name}({', '.join([*names, *self.arguments])}):", *(f"    {line}" for line in body)]
        return "\n".join([*map(str.rstrip, lines), f"    return {', '.join(result)}", ""])

    def _batch_name(self, writer: Writer) -> str:
        """Name something whose length is that of the batch."""
        vectors = self.program.vectors
        return next(writer.names[v.number] for v in vectors if v.kind in ("input", "random"))

    def _output(self, writer: Writer, operand: Operand) -> str:
        text = writer.read(operand)
        return f"array({text})" if isinstance(operand, Constant) else text

    def _guard(self, writer: Writer, sign: str, left: Operand, right: Operand, outcomes: Any) -> str:
        """Write a comparison, which must come out for each row as it did in the trace."""
        exact = not writer.is_full(left) and not writer.is_full(right)
        sides = f"{writer.read(left, exact=exact)} {sign} {writer.read(right)}"
        if outcomes.all():
            compared = f"({sides})"
        elif not outcomes.any():
            compared = f"(~({sides}))"  # a method, such as .all, would bind more tightly than ~
        else:
            compared = f"(({sides}) == {writer.constant(outcomes)})"
        return f"{compared}.all(axis=-1)" if left.shape else compared


def aligned(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Write lines with their comments below one another."""
    width = min(max((len(text) for text, comment in lines if comment), default=0), 60)
    return [f"{text.ljust(width)}  # {comment}" if comment else text for text, comment in lines]


def namespace(xp: Any, source: ArraySource, dtype: str) -> dict[str, Any]:
    """Give the names that a source uses, as functions of NumPy or of JAX.

    Args:
        xp: the module: ``numpy`` or ``jax.numpy``.
        source: what uses them.
        dtype: "float64" or "float32".
    """
    names: dict[str, Any] = {
        "floats": lambda values: values.astype(dtype),
        "added": _added_numpy if xp.__name__ == "numpy" else _added_functional,
        "pick": functools.partial(_picked, xp),
        "unpick": functools.partial(_unpicked, xp),
        "shares": functools.partial(_shares, xp),
    }
    for name, values in source.constants.items():
        names[name] = xp.asarray(values.astype(dtype) if values.dtype.kind == "f" else values)
    for name, op in source.operations.items():
        names[name] = array_function(op, xp)
        if op.many is not None:
            for slot in range(9):
                names[f"{name}_slopes{slot}"] = functools.partial(_slopes_of_rows, xp, op, slot)
    for name in re.findall(r"\b([a-z_]\w*)\(", source.text):
        if name not in names and name not in ("forward", "value_and_gradient") and hasattr(xp, name):
            names[name] = getattr(xp, name)
    names["int"] = builtins.int
    names["array"] = functools.partial(xp.asarray, dtype=dtype)
    return names


def array_function(op: Op, xp: Any) -> Callable[..., Any]:
    """Give an operation on arrays: its array form, or its float function for each element."""
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


def _slopes_of_rows(xp: Any, op: Op, slot: int, y: Any, *inputs: Any) -> Any:
    """Compute the partials of an operation on lists row by row, in floats."""
    assert op.many is not None
    lists, attributes = op.split(inputs)
    shape = xp.shape(y)
    flat = [_table(xp, listed, shape) for listed in lists]
    slopes = [op.many(one, *rows, *attributes)[slot] for one, *rows in zip(xp.reshape(y, -1).tolist(), *flat)]
    return xp.array(slopes).reshape(*shape, lists[slot].shape[-1])


def _table(xp: Any, listed: Any, shape: tuple[int, ...]) -> Any:
    """Give the lists of an array, which may lack the axis of the batch, one below the other."""
    length = listed.shape[-1]
    return xp.broadcast_to(listed, (*shape, length)).reshape(-1, length).tolist()


def _added_numpy(target: Any, place: tuple[Any, ...], values: Any) -> Any:
    """Add values at chosen places, each as often as it is named."""
    import numpy

    if all(isinstance(part, slice) for part in place):
        target[place] += values
    else:
        numpy.add.at(target, place, values)
    return target


def _added_functional(target: Any, place: tuple[Any, ...], values: Any) -> Any:
    return target.at[place].add(values)


def _picked(xp: Any, values: Any, index: Any) -> Any:
    """Pick a number from each row."""
    if values.ndim == 2 and values.shape[:1] == index.shape:  # the usual case, for which this is faster
        return values[xp.arange(len(index)), index]
    values = xp.broadcast_to(values, (*index.shape, values.shape[-1]))
    return xp.take_along_axis(values, index[..., None], axis=-1)[..., 0]


def _unpicked(xp: Any, d: Any, index: Any, count: int) -> Any:
    """Put each number at a place of a row of zeros."""
    return xp.where(xp.arange(count) == index[..., None], d[..., None], 0.0)


def _shares(xp: Any, partials: Any) -> Any:
    """Divide the partials of each list by their sum, unless that is no number."""
    total = partials.sum(axis=-1, keepdims=True)
    return partials / xp.where(xp.isfinite(total), total, 1.0)
