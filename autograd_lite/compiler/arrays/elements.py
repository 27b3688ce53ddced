"""What the elements of an array are that an expression stands for: rules, which nothing holds yet."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite.compiler.arrays.blocks import Block
from autograd_lite.compiler.arrays.expressions import Expression, name
from autograd_lite.compiler.arrays.places import (
    Layout,
    Place,
    Variable,
    even_steps,
    flat_place,
    plain,
    spread_over,
    strided,
)
from autograd_lite.core.op import Op
from autograd_lite.javascript import Term, value_of
from autograd_lite.ops import AMAX, LESS, MUL, POW

__all__ = [
    "ElementRules",
    "Elements",
    "Places",
    "Shape",
    "broadcasted",
    "kind_of",
    "known_place",
    "operands_of",
    "row_of",
]  # fmt: skip

Shape = tuple[int, ...]
Places = Sequence[Place]


@dataclass(frozen=True)
class Elements:
    """An array as a rule for its elements, which nothing holds yet.

    Attributes:
        shape: of the array.
        at: gives the element at a place; what it needs is written into a block.
        flat: the same for the elements counted one after the other, if that is as plain.
        is_read: whether an element is only read, so that it costs nothing to do so again.
    """

    shape: Shape
    at: Callable[[Places, Block], Any]
    flat: Callable[[Place, Block], Any] | None = None
    is_read: bool = False

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)


class ElementRules(ABC):
    """Finds the elements of arrays; it has a method for each form of an expression.

    Attributes:
        layouts: where each array stands, by the name that expressions give it.
        scalars: what the script calls a number that is given, by the name that expressions give it.
        constants: the numbers of the arrays that are known.
        kept: the layouts of what had to be computed on the way.
        used: the names of the arrays that are read.
    """

    def __init__(self) -> None:
        self.layouts: dict[str, Layout] = {}
        self.scalars: dict[str, str] = {}
        self.constants: dict[str, Any] = {}
        self.kept: list[Layout] = []
        self.used: set[str] = set()

    @abstractmethod
    def store(self, target: Layout, expression: Expression, *, add: bool = False) -> None:
        """Write an array; see ``Loops``."""

    @abstractmethod
    def _store_elements(self, target: Layout, elements: Elements, *, add: bool) -> None:
        """Write an array element by element."""

    def elements(self, expression: Expression) -> Elements:
        """Return the elements of an array; what has to be computed first is written."""
        write = getattr(self, f"_{kind_of(expression)}", None)
        if write is None:
            return self._stored(expression, self._shape_of(expression))
        found: Elements = write(*operands_of(expression))
        return found

    def _stored(self, expression: Expression, shape: Shape) -> Elements:
        """Compute an array on the way."""
        layout = plain(f"u{len(self.kept)}", shape)
        self.kept.append(layout)
        self.store(layout, expression)
        return self._read(layout)

    def _shape_of(self, expression: Expression) -> Shape:
        """Tell the shape of what has only a form as a statement."""
        operands = operands_of(expression)
        match kind_of(expression):
            case "added":
                return self.elements(operands[0]).shape
            case "function":
                _, slot, y, *rest = operands
                return (*self.elements(y).shape, self.elements(rest[slot]).shape[-1])
            case "unpick":
                return (*self.elements(operands[0]).shape, operands[2])
        raise TypeError(f"there are no loops for {kind_of(expression)} yet")

    def _once(self, elements: Elements, size: int) -> Elements:
        """Compute elements before the loops, if these would do so more than once."""
        if elements.is_read or elements.size >= size:
            return elements
        layout = plain(f"u{len(self.kept)}", elements.shape)
        self.kept.append(layout)
        self._store_elements(layout, elements, add=False)
        return self._read(layout)

    def _read(self, layout: Layout) -> Elements:
        self.used.add(layout.name)
        self.used.add(layout.table)

        def at(places: Places, block: Block) -> Term:
            return block.read(layout.name, layout.at(places))

        def flat(place: Place, block: Block) -> Term:
            return block.read(layout.name, layout.flat(place))

        return Elements(layout.shape, at, flat if layout.is_even else None, is_read=True)

    def _name(self, text: str) -> Elements:
        return _scalar(Term(self.scalars[text])) if text in self.scalars else self._read(self.layouts[text])

    _floats_of = _name

    def _number(self, value: float) -> Elements:
        return _scalar(float(value))

    def _operation(self, op: Op, *operands: Expression) -> Elements:
        if op is POW and operands[1].arguments == (2.0,):  # as NumPy does
            op, operands = MUL, (operands[0], operands[0])
        return self._by_element(lambda inputs: value_of(op, inputs), operands)

    def _applied(self, op: Op, *operands: Expression) -> Elements:
        return self._of_lists(op, operands) if op.many is not None else self._operation(op, *operands)

    def _slope(self, op: Op, slot: int, rule: Expression, *operands: Expression) -> Elements:
        return self.elements(rule)

    def _by_element(self, compute: Callable[[list[Any]], Any], operands: Sequence[Expression]) -> Elements:
        parts = [*map(self.elements, operands)]
        shape = _together([part.shape for part in parts])
        parts = [self._once(part, math.prod(shape)) for part in parts]
        spread = [broadcasted(part, shape) for part in parts]
        flats = [part.flat for part in spread]

        def at(places: Places, block: Block) -> Any:
            return compute([part.at(places, block) for part in spread])

        def flat(place: Place, block: Block) -> Any:
            return compute([each(place, block) for each in flats if each is not None])

        return Elements(shape, at, flat if None not in flats else None)

    def _of_lists(self, op: Op, operands: Sequence[Expression]) -> Elements:
        """Do an operation on lists, which stand along the last axis."""
        lists = [*map(self.elements, operands[: len(operands) - len(op.attributes)])]
        attributes = [each.arguments[0] for each in operands[len(lists) :]]
        shape = _together([each.shape[:-1] for each in lists])

        def at(places: Places, block: Block) -> Any:
            return value_of(op, [*(row_of(each, places, shape, block) for each in lists), *attributes])

        return Elements(shape, at)

    def _matmul(self, left: Expression, right: Expression) -> Elements:
        first, second = self.elements(left), self.elements(right)
        first, second = self._once(first, 2**53), self._once(second, 2**53)
        rows, columns = first.shape[-2:-1], second.shape[-1:] if len(second.shape) > 1 else ()
        blocks = _together([first.shape[:-2], second.shape[:-2]])
        terms, many = first.shape[-1], len(blocks)
        left_whole = broadcasted(first, (*blocks, *first.shape[-2:]))
        right_whole = broadcasted(second, (*blocks, *second.shape[-2:]))

        def at(places: Places, block: Block) -> Term:
            front, row, column = places[:many], places[many : many + len(rows)], places[many + len(rows) :]
            inner = block.variables([terms])

            def product(within: Block) -> Any:
                factor = left_whole.at((*front, *row, *inner), within)
                return factor * right_whole.at((*front, *inner, *column), within)

            return block.total(inner, product)

        return Elements((*blocks, *rows, *columns), at)

    # ---- Other axes ------------------------------------------------------------------------

    def _sum(self, array: Expression, axis: int | Sequence[int]) -> Elements:
        values = self.elements(array)
        rank = len(values.shape)
        summed = {each % rank for each in ((axis,) if isinstance(axis, int) else axis)}
        kept = [each for each in range(rank) if each not in summed]

        def at(places: Places, block: Block) -> Term:
            inner = block.variables([values.shape[each] for each in sorted(summed)])
            whole = {**dict(zip(kept, places)), **dict(zip(sorted(summed), inner))}
            return block.total(inner, lambda within: values.at([whole[each] for each in range(rank)], within))

        return Elements(tuple(values.shape[each] for each in kept), at)

    def _sums(self, array: Expression) -> Elements:
        return self._sum(array, -1)

    def _dots(self, left: Expression, right: Expression) -> Elements:
        return self._sum(Expression("operation", (MUL, left, right)), -1)

    def _reshape(self, array: Expression, *shape: Any) -> Elements:
        values = self.elements(array)
        new: Shape = () if shape == ((),) else shape

        def at(places: Places, block: Block) -> Any:
            flat = flat_place(places, new)
            if values.flat is not None:
                return values.flat(flat, block)
            return values.at(spread_over(flat, values.shape), block)

        return Elements(new, at, values.flat, values.is_read)

    def _transposed(self, matrix: Expression) -> Elements:
        return self._swapaxes(matrix, 0, 1)

    def _swapaxes(self, array: Expression, first: int, second: int) -> Elements:
        order = [*range(len(self.elements(array).shape))]
        order[first], order[second] = order[second], order[first]
        return self._transpose(array, order)

    def _transpose(self, array: Expression, order: Sequence[int]) -> Elements:
        values = self.elements(array)

        def at(places: Places, block: Block) -> Any:
            return values.at([places[order.index(axis)] for axis in range(len(order))], block)

        return Elements(tuple(values.shape[axis] for axis in order), at, None, values.is_read)

    def _broadcast_to(self, array: Expression, shape: Shape) -> Elements:
        return broadcasted(self._once(self.elements(array), math.prod(shape)), shape)

    def _full(self, shape: Shape, number: Any) -> Elements:
        return self._broadcast_to(number, shape)

    def _zeros_like(self, array: Expression) -> Elements:
        return broadcasted(_scalar(0.0), self.elements(array).shape)

    def _index(self, array: Expression, items: tuple[Any, ...]) -> Elements:
        """Choose along each axis: all, some or one of its elements, or by positions; None is a new axis."""
        values = self.elements(array)
        axes = iter(values.shape)
        whole = sum(item is not None for item in items) - (Ellipsis in items)
        filled: list[Any] = []
        for item in (*items, *[Ellipsis] * (Ellipsis not in items)):
            filled += [_ALL] * (len(values.shape) - whole) if item is Ellipsis else [item]
        chosen = [None if item is None else self._chosen(item, next(axes)) for item in filled]
        shape = [*((1,) if each is None else each.shape for each in chosen)]

        def at(places: Places, block: Block) -> Any:
            found, start = [], 0
            for each, lengths in zip(chosen, shape):
                own, start = places[start : start + len(lengths)], start + len(lengths)
                if each is not None:
                    found.append(each.at(own, block))
            return values.at(found, block)

        return Elements(tuple(length for lengths in shape for length in lengths), at, None, values.is_read)

    def _take(self, array: Expression, positions: Expression, axis: int = 0) -> Elements:
        return self._index(array, (*[_ALL] * axis, positions))

    def _windows(self, array: Expression, start: int, counts: Shape, steps: Shape) -> Elements:
        positions = start + strided(counts, steps).reshape(-1)
        table = "windows$" + "_".join(map(str, (start, *counts, *steps)))
        self.constants[table], self.layouts[table] = positions, plain(table, positions.shape)
        taken = self._take(array, name(table))

        def flat(place: Place, block: Block) -> Any:
            return taken.at([place], block)

        return Elements(counts, lambda places, block: flat(flat_place(places, counts), block), flat, True)

    def _chosen(self, item: Any, length: int) -> Elements:
        """Return the positions along an axis that an index chooses."""
        if isinstance(item, int):
            return Elements((), lambda places, block: Place(start=item % length))
        if item.form == "span":
            start, _, step = (part := slice(*item.arguments)).indices(length)
            count = len(range(*part.indices(length)))
            return Elements((count,), lambda places, block: places[0] * step + Place(start=start))
        if item.form == "name" and item.arguments[0] in self.constants:
            known = self.constants[item.arguments[0]]
            even = even_steps(known)
            if even is not None:
                start, steps = even
                return Elements(known.shape, lambda places, block: _stepped(start, steps, places))
        positions = self.elements(item)
        return Elements(
            positions.shape, lambda places, block: known_place(positions.at(places, block), length, block)
        )

    def _rint(self, array: Expression) -> Elements:
        return self._by_element(lambda inputs: Term("Math.round({})", *inputs), [array])

    def _astype(self, array: Expression, _: Expression) -> Elements:
        return self.elements(array)

    def _pick(self, array: Expression, index: Expression) -> Elements:
        values, chosen = self.elements(array), self.elements(index)
        count = values.shape[-1]
        rows = broadcasted(values, (*chosen.shape, count))

        def at(places: Places, block: Block) -> Any:
            return rows.at((*places, known_place(chosen.at(places, block), count, block)), block)

        return Elements(chosen.shape, at)

    # ---- Pooling ---------------------------------------------------------------------------

    _sum_over = _sum

    def _max_over(self, array: Expression, axis: Sequence[int]) -> Elements:
        values = self.elements(array)
        kept = [at for at in range(len(values.shape)) if at - len(values.shape) not in axis]

        def at(places: Places, block: Block) -> Any:
            whole = [Place()] * len(values.shape)
            for along, place in zip(kept, places):
                whole[along] = place
            return value_of(AMAX, [_window(values, whole, axis, block)])

        return Elements(tuple(values.shape[along] for along in kept), at)

    def _repeated(self, array: Expression, counts: Sequence[int], axis: Sequence[int]) -> Elements:
        values = self.elements(array)
        shape = [*values.shape]
        for count, along in zip(counts, axis):
            shape[along] = count
        return broadcasted(values, tuple(shape))

    def _to_largest(
        self, d: Expression, largest: Expression, array: Expression, axis: Sequence[int]
    ) -> Elements:
        """Share numbers out among the largest of each window."""
        values = self._once(self.elements(array), 2**53)
        given, most = (
            broadcasted(self._once(self.elements(each), 2**53), values.shape) for each in (d, largest)
        )

        def at(places: Places, block: Block) -> Any:
            y = most.at(places, block)
            count: Any = 0.0
            for value in _window(values, places, axis, block):
                count = count + _is_largest(value, y)
            return given.at(places, block) * (_is_largest(values.at(places, block), y) / count)

        return Elements(values.shape, at)

    def _shares(self, partials: Expression) -> Elements:
        """Divide the partials of each list by their sum, unless that is no number."""
        values = self._once(self.elements(partials), 2**53)
        row = values.shape[-1]

        def total(places: Places, block: Block) -> Any:
            inner = block.variables([row])
            return block.total(inner, lambda within: values.at((*places, *inner), within))

        sums = self._once(Elements(values.shape[:-1], total), 2**53)

        def at(places: Places, block: Block) -> Any:
            return sums.at(places[:-1], block).shared_out([values.at(places, block)])[0]

        return Elements(values.shape, at)


_ALL = Expression("span", (None, None, None))


def kind_of(expression: Expression) -> str:
    """Name the form of an expression; of a call what is called."""
    if expression.form == "call":
        return str(expression.arguments[0])
    return str(expression.arguments[1]) if expression.form == "method" else expression.form


def operands_of(expression: Expression) -> tuple[Any, ...]:
    """List what it is computed from."""
    match expression.form, expression.arguments:
        case "call", (_, given, named):
            return (*given, *(value for _, value in named))
        case "method", (array, _, given, named):
            return (array, *given, *(value for _, value in named))
    return expression.arguments


def _scalar(number: Any) -> Elements:
    return Elements((), lambda places, block: number, lambda place, block: number, is_read=True)


def _together(shapes: Sequence[Shape]) -> Shape:
    """Return the shape that arrays are broadcast to beside one another."""
    rank = max(map(len, shapes))
    full = [(*[1] * (rank - len(shape)), *shape) for shape in shapes]
    return tuple(map(max, zip(*full)))


def broadcasted(elements: Elements, shape: Shape) -> Elements:
    """Repeat elements along axes that they lack, or have of length 1."""
    own, size = elements.shape, math.prod(shape)
    if own == shape:
        return elements
    front = len(shape) - len(own)

    def at(places: Places, block: Block) -> Any:
        pairs = zip(own, places[front:])
        return elements.at([Place() if length == 1 else place for length, place in pairs], block)

    def the_one(place: Place, block: Block) -> Any:
        return elements.at([Place()] * len(own), block)

    flat = elements.flat if elements.size == size else the_one if elements.size == 1 else None
    return Elements(shape, at, flat, elements.is_read)


def row_of(elements: Elements, places: Places, shape: Shape, block: Block) -> list[Any]:
    """List the elements along the last axis."""
    count = elements.shape[-1]
    whole = broadcasted(elements, (*shape, count))
    return [whole.at((*places, Place(start=number)), block) for number in range(count)]


def _window(elements: Elements, places: Sequence[Any], axis: Sequence[int], block: Block) -> list[Any]:
    """List the elements of a window, which has axes of its own; where else it stands is given."""
    found = []
    for within in itertools.product(*(range(elements.shape[along]) for along in axis)):
        whole = [*places]
        for along, place in zip(axis, within):
            whole[along] = Place(start=place)
        found.append(elements.at(whole, block))
    return found


def _is_largest(value: Any, largest: Any) -> Any:
    return 1.0 - value_of(LESS, [value, largest])


def known_place(number: Any, count: int, block: Block) -> Place:
    """Make a position of a number that the program computes."""
    return Place(((Variable(block.text(number), count), 1),))


def _stepped(start: int, steps: Sequence[int], places: Places) -> Place:
    found = Place(start=start)
    for step, place in zip(steps, places):
        found = found + place * step
    return found
