"""The operations on arrays: each with its forward pass, its derivative and the comment on its line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import BATCH, Expression, call, lifted, name, number, operation
from autograd_lite.compiler.arrays.ir import Array, Constant, Operand, View
from autograd_lite.compiler.arrays.reading import Reading
from autograd_lite.core.op import Op, evaluate
from autograd_lite.core.symbol import Symbol, formula

__all__ = [
    "Concatenate",
    "Map",
    "MatrixProduct",
    "Pick",
    "PickRows",
    "Primitive",
    "Reduce",
    "RowDots",
    "Sum",
    "SumsOfProducts",
]


class Primitive(Array, ABC):
    """An operation on arrays.

    Attributes:
        scalars: how many operations of the tape it does.
    """

    scalars = 0

    @abstractmethod
    def forward(self, reading: Reading) -> Expression:
        """Write what it computes."""

    @abstractmethod
    def back(self, reading: Reading, slot: int, d: Expression) -> Expression | None:
        """Write the adjoint of an operand, given that of the result; None if it is 0.

        Args:
            reading: how operands are read.
            slot: which operand.
            d: the adjoint of the result, in its full shape.
        """

    def sums_the_batch(self, slot: int) -> bool:
        """Tell whether what goes back to an operand is already summed over the batch."""
        return False

    def comment(self) -> str:
        """What scalar code it stands for, where the line does not say it."""
        return ""

    def back_comment(self, reading: Reading, slot: int) -> str:
        """How a textbook writes the derivative by an operand, where the line has another form."""
        return ""


# ---- Sums of products ------------------------------------------------------------------------


class SumsOfProducts(Primitive):
    """Rows of inputs times rows of weights, plus biases.

    Args:
        inputs: one row or several, or such for each of several blocks; the last axis is summed over.
        weights: the same.
        biases: what is added to the sums.
        shape: of the result.
    """

    def __init__(
        self, inputs: Operand, weights: Operand, biases: Sequence[Operand], shape: tuple[int, ...]
    ) -> None:
        super().__init__(shape, (inputs, weights, *biases))
        self.inputs, self.weights, self.biases = inputs, weights, biases
        self.terms = weights.shape[-1]

    def forward(self, reading: Reading) -> Expression:
        result = self._products(reading.full(self.inputs), reading.full(self.weights))
        for bias in self.biases:
            result += reading.short(bias)
        return result

    @abstractmethod
    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        """Write the sums of products."""


class MatrixProduct(SumsOfProducts):
    """Each row of inputs times each row of weights."""

    kind = stem = "product"

    def __init__(self, inputs: Operand, weights: Operand, biases: Sequence[Operand] = ()) -> None:
        self.blocks = max(len(inputs.shape), len(weights.shape)) == 3
        self.many_inputs = len(inputs.shape) == 2 + self.blocks
        self.many_weights = len(weights.shape) == 2 + self.blocks
        wide = weights.shape[-2:-1] if self.many_weights else ()
        super().__init__(inputs, weights, biases, (*inputs.shape[:-1], *wide))

    def comment(self) -> str:
        wanted = self.scalars // (2 * self.terms)
        unused = f" ({self.size - wanted} more are not used)" if wanted < self.size else ""
        return f"{wanted} weighted sums of {self.terms}{unused}"

    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        if self.blocks or self.weights.batched:
            if self.many_inputs and self.many_weights:
                return inputs @ weights.swapped(-1, -2)
            many, one = (weights, inputs) if self.many_weights else (inputs, weights)
            return (many @ one[..., None])[..., 0]
        if not self.many_weights:
            return inputs @ weights
        if self.many_inputs and self.inputs.batched:
            rows, columns = self.shape
            return (inputs.reshape(-1, self.terms) @ weights.T).reshape(-1, rows, columns)
        return inputs @ weights.T

    def sums_the_batch(self, slot: int) -> bool:
        return slot < 2 and not self.operands[slot].batched

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression:
        if slot > 1:
            return d
        other = reading.full(self.operands[1 - slot])
        if self.batched and self.sums_the_batch(slot):
            if self.blocks:
                return self._blocks_back(slot, d, other)
            return self._summed_inputs(d, other) if slot == 0 else self._summed_weights(d, other)
        return self._inputs_back(d, other) if slot == 0 else self._weights_back(d, other)

    def _inputs_back(self, d: Expression, weights: Expression) -> Expression:
        several = self.blocks or self.weights.batched
        if not self.many_weights:
            return d[..., None] * (weights[..., None, :] if several else weights)
        if self.many_inputs or not several:
            return d @ weights
        return (d[..., None, :] @ weights)[..., 0, :]

    def _weights_back(self, d: Expression, inputs: Expression) -> Expression:
        several = self.blocks or self.batched
        if not self.many_inputs:
            return d[..., None] * inputs[..., None, :]
        if self.many_weights:
            return d.swapped(-1, -2) @ inputs if several else (inputs.T @ d).T
        return (d[..., None, :] @ inputs)[..., 0, :] if several else d @ inputs

    def _summed_inputs(self, d: Expression, weights: Expression) -> Expression:
        if self.many_inputs and self.many_weights:
            rows = self.inputs.shape[0]
            return d.swapped(0, 1).reshape(rows, -1) @ weights.reshape(-1, self.terms)
        return d.T @ weights if self.many_inputs else d.reshape(-1) @ weights.reshape(-1, self.terms)

    def _summed_weights(self, d: Expression, inputs: Expression) -> Expression:
        if self.many_inputs:
            d = d.reshape(-1, *self.weights.shape[:-1])
            inputs = inputs.reshape(-1, self.terms)
        return (inputs.T @ d).T if self.many_weights else d @ inputs

    def _blocks_back(self, slot: int, d: Expression, other: Expression) -> Expression:
        """The same for several blocks, one side of which is shared by the batch."""
        high, wide = "b" * self.many_inputs, "a" * self.many_weights
        sides = [f"k{high}p", f"k{wide}p"]
        batch = "n" * self.operands[1 - slot].batched
        return call("einsum", f"nk{high}{wide},{batch}{sides[1 - slot]}->{sides[slot]}", d, other)


class RowDots(SumsOfProducts):
    """Each row of inputs times the row of weights beside it."""

    kind, stem = "dots", "dot"

    def __init__(self, inputs: Operand, weights: Operand, biases: Sequence[Operand] = ()) -> None:
        super().__init__(inputs, weights, biases, inputs.shape[:-1])

    def comment(self) -> str:
        if self.shape:
            return f"dots of {self.terms}"
        factors = {operand.array for operand in self.operands[:2] if isinstance(operand, View)}
        return f"sum of {self.terms} products" if len(factors) == 1 else f"weighted sum of {self.terms}"

    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        is_one_row = self.shape == () and not self.weights.batched
        return inputs @ weights if is_one_row else (inputs * weights).sum(-1)

    def sums_the_batch(self, slot: int) -> bool:
        if slot > 1 or self.shape:
            return False
        own, other = self.operands[slot], self.operands[1 - slot]
        return other.batched and not own.batched

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression:
        if slot > 1:
            return d
        other = reading.full(self.operands[1 - slot])
        if self.sums_the_batch(slot):
            return d @ other
        return (d[..., None] if self.batched or self.shape else d) * other


class Sum(Primitive):
    """Sums along the last axis.

    Args:
        values: what is summed.
    """

    kind, stem = "sum", "total"

    def __init__(self, values: Operand) -> None:
        super().__init__(values.shape[:-1], (values,))
        self.values = values

    def comment(self) -> str:
        return f"sum of {self.values.shape[-1]}"

    def forward(self, reading: Reading) -> Expression:
        return reading.full(self.values).sum(-1)

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression:
        shape = _shape(self.values, self.batched)
        if not self.batched and not self.shape:
            return call("full", shape, d)
        return call("broadcast_to", d[..., None], shape)


# ---- Operations of a declaration -------------------------------------------------------------


class _OfOp(Primitive):
    """An operation as it was declared."""

    def __init__(self, op: Op, operands: Sequence[Operand], attributes: Sequence[Any], shape: Any) -> None:
        super().__init__(shape, operands)
        self.op, self.attributes = op, attributes
        self.kind = self.stem = op.name

    def comment(self) -> str:
        return f"{self.op.name}, {self.size} times" if self.size > 1 else ""


class Map(_OfOp):
    """An operation on numbers, element by element."""

    def __init__(self, op: Op, operands: Sequence[Operand], attributes: Sequence[Any] = ()) -> None:
        super().__init__(op, operands, attributes, operands[0].shape)
        self.conditions = op.conditions

    def comment(self) -> str:
        stops = self.size == 1 and len(self.conditions) == len(self.operands)
        return self.op.why if stops else super().comment()

    def forward(self, reading: Reading) -> Expression:
        result = operation(self.op, *map(reading.short, self.operands), *self.attributes)
        if self.shape and not any(isinstance(each, View) and not each.way.repeated for each in self.operands):
            # each operand repeats along some axis of its own, perhaps the same
            return call("broadcast_to", result, _shape(self, self.batched))
        return result

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression | None:
        if slot in self.conditions:
            return None
        values: dict[str, Any] = {"y": reading.name_of(self)}
        for label, operand in zip(self.op.names, self.operands):
            known = operand.number if isinstance(operand, Constant) else None
            values[label] = reading.short(operand) if known is None else known
        values.update(zip(self.op.attributes, map(float, self.attributes)))
        return _scaled(d, evaluate(self.op._terms[slot], values))

    def back_comment(self, reading: Reading, slot: int) -> str:
        reads = [*map(reading.short, self.operands)]
        if not any(self.op.textbook[slot : slot + 1]) or any(read.form != "name" for read in reads):
            return ""
        y, *inputs = (Symbol(read.arguments[0]) for read in (reading.name_of(self), *reads))
        (written,) = self.op.textbook_slopes(y, [*inputs, *map(float, self.attributes)], [slot])
        return f"{self.op.name}' = {formula(written)}"


class Reduce(_OfOp):
    """An operation on lists, which stand along the last axis."""

    def __init__(self, op: Op, lists: Sequence[Operand], attributes: Sequence[Any]) -> None:
        super().__init__(op, lists, attributes, lists[0].shape[:-1])

    def forward(self, reading: Reading) -> Expression:
        return operation(self.op, *map(reading.full, self.operands), *self.attributes)

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression:
        y, lists = reading.name_of(self), [*map(reading.full, self.operands)]
        spread = self.batched or self.shape != ()
        partials = self._formula(y[..., None] if spread else y, lists[0]) if len(lists) == 1 else None
        if partials is None:
            attributes = map(lifted, self.attributes)
            partials = Expression("function", self.op, slot, y, *lists, *attributes)
        elif self.op.shares:
            partials = call("shares", partials)
        return (d[..., None] if spread else d) * partials

    def _formula(self, y: Expression, values: Expression) -> Expression | None:
        """Write the partials of one list at once, if each only depends on its own number and on y."""
        assert self.op.many is not None
        own = [Symbol(f"value{place}") for place in range(self.operands[0].shape[-1])]
        (terms,) = self.op.many(Symbol("y"), own, *self.attributes)
        try:
            found = {evaluate(term, {"y": y, each.name: values}) for term, each in zip(terms, own)}
        except KeyError:  # of another number's name
            return None
        if len(found) != 1:
            return None
        try:
            alike = lifted(evaluate(terms[0], {"y": y}))
        except KeyError:  # of its own
            return lifted(found.pop())
        return call("broadcast_to", alike, _shape(self.operands[0], self.batched))


# ---- Elements and pieces ---------------------------------------------------------------------


class Pick(Primitive):
    """A number of each row, by an index of its own.

    Args:
        values: the rows, or one for all.
        index: what is picked.
    """

    kind = stem = "pick"

    def __init__(self, values: Operand, index: Operand) -> None:
        super().__init__(self._shape(values, index), (values, index))
        self.values, self.index = values, index

    def comment(self) -> str:
        return "pick"

    def _shape(self, values: Operand, index: Operand) -> tuple[int, ...]:
        return values.shape[:-1]

    def _read(self, reading: Reading) -> tuple[Expression, Expression]:
        index = reading.position(self.index)
        return reading.full(self.values), index

    def forward(self, reading: Reading) -> Expression:
        return call("pick", *self._read(reading))

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression | None:
        index = self._read(reading)[1]
        return call("unpick", d, index, self.values.shape[-1]) if slot == 0 else None


class PickRows(Pick):
    """Rows of a table, by indices that may differ from example to example."""

    def _shape(self, values: Operand, index: Operand) -> tuple[int, ...]:
        return (*index.shape, *values.shape[1:])

    def forward(self, reading: Reading) -> Expression:
        table, index = self._read(reading)
        return table[index]

    def sums_the_batch(self, slot: int) -> bool:
        return not self.operands[slot].batched

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression | None:
        table, index = self._read(reading)
        return call("added", call("zeros_like", table), (index,), d) if slot == 0 else None


class Concatenate(Primitive):
    """Operands side by side.

    Args:
        parts: the operands.
        axis: the axis along which they stand, counted from the last: -1, -2, ...
    """

    kind, stem = "concatenate", "join"

    def __init__(self, parts: Sequence[Operand], axis: int) -> None:
        shape = [*parts[0].shape]
        shape[axis] = sum(part.shape[axis] for part in parts)
        super().__init__(tuple(shape), parts)
        self.axis = axis

    def forward(self, reading: Reading) -> Expression:
        parts = []
        for part in self.operands:
            read = reading.full(part)
            if self.batched and not part.batched:
                read = call("broadcast_to", read, _shape(part, True))
            parts.append(read)
        return call("concatenate", tuple(parts), axis=self.axis)

    def back(self, reading: Reading, slot: int, d: Expression) -> Expression:
        start = sum(part.shape[self.axis] for part in self.operands[:slot])
        stop = start + self.operands[slot].shape[self.axis]
        return d[..., start:stop, *[slice(None)] * (-1 - self.axis)]


def _shape(of: Operand | Array, batched: bool) -> tuple[Any, ...]:
    """Return a shape, with the axis of the batch in front if there is one."""
    return (*[name(BATCH)] * batched, *of.shape)


def _scaled(d: Expression, partial: Any) -> Expression:
    """Write an adjoint times a local derivative."""
    if isinstance(partial, float):
        if d.is_number:
            return number(d.arguments[0] * partial)
        if abs(partial) == 1.0:
            return d if partial == 1.0 else -d
    return d * lifted(partial)
