"""The operations on arrays: each with its forward pass, its derivative and the comment on its line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.expressions import (
    BATCH,
    Expression,
    call,
    name,
    number,
    operation,
    slope,
    written_forms,
)
from autograd_lite.compiler.arrays.indexing import Named, reshaped
from autograd_lite.compiler.arrays.ir import Array, Constant, Operand, View
from autograd_lite.core.op import Op, evaluate
from autograd_lite.core.symbol import Symbol, formula
from autograd_lite.ops import MUL, WHERE

__all__ = [
    "Concatenate",
    "FilledUp",
    "Map",
    "Masked",
    "Pick",
    "PickRows",
    "Primitive",
    "Reduce",
    "Spread",
    "Sum",
]


class Primitive(Array, ABC):
    """An operation on arrays."""

    @abstractmethod
    def forward(self, named: Named) -> Expression:
        """Write what it computes.

        Args:
            named: gives an array of numbers a name.
        """

    @abstractmethod
    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        """Write the adjoint of an operand, given that of the result.

        Args:
            named: gives an array of numbers a name.
            slot: which operand; none of ``conditions``.
            d: the adjoint of the result, in its full shape.
        """

    def sums_the_batch(self, slot: int) -> bool:
        """Tell whether what goes back to an operand is already summed over the batch."""
        return False

    def comment(self) -> str:
        """What scalar code it stands for, where the line does not say it."""
        return ""

    def back_comment(self, named: Named, slot: int) -> str:
        """How a textbook writes the derivative by an operand, where the line has another form."""
        return ""


# ---- Sums -----------------------------------------------------------------------------------


class Sum(Primitive):
    """Sums along the last axis.

    Args:
        values: what is summed.
    """

    kind, stem = "sum", "total"

    def __init__(self, values: Operand) -> None:
        super().__init__(values.shape[:-1], (values,))

    @property
    def values(self) -> Operand:
        """What is summed."""
        return self.operands[0]

    def comment(self) -> str:
        return f"sum of {self.values.shape[-1]}"

    def forward(self, named: Named) -> Expression:
        return self.values.read_lists(named).sum(-1)

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
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

    def forward(self, named: Named) -> Expression:
        result = operation(self.op, *(each.read(named) for each in self.operands), *self.attributes)
        if self.shape and not any(isinstance(each, View) and not each.way.repeated for each in self.operands):
            # each operand repeats along some axis of its own, perhaps the same
            return call("broadcast_to", result, _shape(self, self.batched))
        return result

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        return _scaled(d, self._partial(named, slot))

    def fills(self, named: Named, slot: int) -> bool:
        """Tell whether a local derivative has the full shape, so that it can be multiplied by less.

        What is multiplied may lack one of the last two axes.
        """
        partial = number(self._partial(named, slot))
        full = [name(self.name)]
        for each in self.operands:
            if isinstance(each, Constant):
                is_full = each.number is None and each.shortest.ndim > 1
            else:
                is_full = each.batched == self.batched and not each.way.repeated
            full += [each.read(named)] * is_full
        forms = written_forms(partial)
        return all(form.form != "template" and any(map(form.contains, full)) for form in forms)

    def scales(self, named: Named, slot: int) -> bool:
        """Tell whether a local derivative is a number."""
        return isinstance(self._partial(named, slot), float)

    def _partial(self, named: Named, slot: int) -> Any:
        values: dict[str, Any] = {"y": name(self.name)}
        for label, operand in zip(self.op.names, self.operands):
            known = operand.number if isinstance(operand, Constant) else None
            values[label] = operand.read(named) if known is None else known
        values.update(zip(self.op.attributes, map(float, self.attributes)))
        rule = evaluate(self.op._terms[slot], values)
        return slope(self.op, slot, rule, *values.values())

    def back_comment(self, named: Named, slot: int) -> str:
        reads = [each.read(named) for each in self.operands]
        if not any(self.op.textbook[slot : slot + 1]) or any(read.form != "name" for read in reads):
            return ""
        y, *inputs = (Symbol(read.arguments[0]) for read in (name(self.name), *reads))
        (written,) = self.op.textbook_slopes(y, [*inputs, *map(float, self.attributes)], [slot])
        return f"{self.op.name}' = {formula(written)}"


class Reduce(_OfOp):
    """An operation on lists, which stand along the last axis.

    Args:
        op: the operation.
        lists: its operands.
        attributes: what else it takes.
        flows: whether a gradient flows through it.
    """

    def __init__(
        self, op: Op, lists: Sequence[Operand], attributes: Sequence[Any], *, flows: bool = True
    ) -> None:
        super().__init__(op, lists, attributes, lists[0].shape[:-1])
        self.conditions = () if flows else range(len(lists))

    def forward(self, named: Named) -> Expression:
        return operation(self.op, *self._lists(named), *self.attributes)

    def _lists(self, named: Named) -> list[Expression]:
        return [each.read_lists(named) for each in self.operands]

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        y, lists = name(self.name), self._lists(named)
        spread = self.batched or self.shape != ()
        each = y[..., None] if spread else y
        partials = self._formula(each, lists[0]) if len(lists) == 1 else None
        if partials is not None:
            partials = slope(self.op, slot, partials, each, *lists)
        if partials is None:
            partials = Expression("function", (self.op, slot, y, *lists, *map(number, self.attributes)))
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
            alike = number(evaluate(terms[0], {"y": y}))
        except KeyError:  # of its own
            return number(found.pop())
        return call("broadcast_to", alike, _shape(self.operands[0], self.batched))


# ---- Elements and pieces ---------------------------------------------------------------------


class Pick(Primitive):
    """A number of each row, by an index of its own.

    Args:
        values: the rows, or one for all.
        index: what is picked.
    """

    kind = stem = "pick"
    conditions = (1,)

    def __init__(self, values: Operand, index: Operand) -> None:
        super().__init__(values.shape[:-1], (values, index))

    @property
    def values(self) -> Operand:
        """The rows."""
        return self.operands[0]

    @property
    def index(self) -> View:
        """What is picked."""
        index = self.operands[1]
        assert isinstance(index, View)  # a constant index has been followed while tracing
        return index

    def comment(self) -> str:
        return "pick"

    def forward(self, named: Named) -> Expression:
        index = self.index.position(named)
        return call("pick", self.values.read(named, exact=True), index)

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        return call("unpick", d, self.index.position(named), self.values.shape[-1])


class PickRows(Pick):
    """Rows of a table, by indices that may differ from example to example."""

    def __init__(self, values: Operand, index: Operand) -> None:
        super().__init__(values, index)
        self.shape = (*index.shape, *values.shape[1:])

    def forward(self, named: Named) -> Expression:
        index = self.index.position(named)
        return self.values.read(named, exact=True)[index]

    def sums_the_batch(self, slot: int) -> bool:
        return not self.operands[slot].batched

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        zeros = call("zeros_like", self.values.read(named, exact=True))
        return call("added", zeros, (self.index.position(named),), d)


class Spread(Primitive):
    """Elements of an operand among zeros.

    Args:
        values: the operand, flat.
        places: where they go, when all elements of the result are counted.
        shape: of the result.
    """

    kind = stem = "spread"

    def __init__(self, values: Operand, places: Any, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (values,))
        self.among = places

    def forward(self, named: Named) -> Expression:
        places, flat = named(self.among), (self.size,)
        values = self.operands[0].read(named, exact=True)
        return reshaped(
            Expression("scattered", (places, self.size, (values,), (places,))), flat, self.shape, self.batched
        )

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        flat = reshaped(d, self.shape, (self.size,), self.batched)
        return flat.take(named(self.among), *[1] * self.batched)


class FilledUp(Primitive):
    """An array in which what is not used repeats what is; nothing comes back to what is not used.

    Args:
        values: the array.
        used: whether each place is.
        axis: along which axis the elements are repeated,
        place: and where along that they stand.
    """

    kind = stem = "filled"

    def __init__(self, values: View, used: Any, axis: int, place: int) -> None:
        super().__init__(values.shape, (values,))
        self.used, self.repeated = Constant(used.astype(float)), (axis, place)

    def comment(self) -> str:
        return "what is not used repeats what is"

    def forward(self, named: Named) -> Expression:
        axis, place = self.repeated
        values = self.operands[0].read(named)
        behind = [slice(None)] * (len(self.shape) - 1 - axis)
        return operation(WHERE, self.used.read(named), values, values[..., place : place + 1, *behind])

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        return d


class Masked(Map):
    """An array with zeros where it is not used.

    Args:
        values: the array.
        used: whether each place is.
    """

    def __init__(self, values: View, used: Any) -> None:
        super().__init__(MUL, (values, Constant(used.astype(float))))
        self.kind = self.stem = "masked"

    def comment(self) -> str:
        return "0 where not used"


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

    def forward(self, named: Named) -> Expression:
        parts = []
        for part in self.operands:
            read = part.read(named, exact=True)
            if self.batched and not part.batched:
                read = call("broadcast_to", read, _shape(part, True))
            parts.append(read)
        return call("concatenate", tuple(parts), axis=self.axis)

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        start = sum(part.shape[self.axis] for part in self.operands[:slot])
        stop = start + self.operands[slot].shape[self.axis]
        return d[..., start:stop, *[slice(None)] * (-1 - self.axis)]


def _shape(of: Operand | Array, batched: bool) -> tuple[Any, ...]:
    """Return a shape, with the axis of the batch in front if there is one."""
    return (*[name(BATCH)] * batched, *of.shape)


def _scaled(d: Expression, partial: Any) -> Expression:
    """Write an adjoint times a local derivative."""
    if isinstance(partial, float):
        if d.form == "number":
            return number(d.arguments[0] * partial)
        if d.form == "call" and d.arguments[0] == "broadcast_to":
            spread, shape = d.arguments[1]
            return call("broadcast_to", _scaled(spread, partial), shape)
        if abs(partial) == 1.0:
            return d if partial == 1.0 else -d
    return d * number(partial)
