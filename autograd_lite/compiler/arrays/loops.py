"""The other language of a program on arrays: JavaScript, loops over Float64Arrays for one row at a time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autograd_lite.compiler.arrays.blocks import Block
from autograd_lite.compiler.arrays.elements import (
    ElementRules,
    Elements,
    Places,
    Shape,
    broadcasted,
    kind_of,
    known_place,
    operands_of,
    row_of,
)
from autograd_lite.compiler.arrays.expressions import Expression
from autograd_lite.compiler.arrays.places import Layout, Place
from autograd_lite.core.op import Op
from autograd_lite.javascript import slopes_of
from autograd_lite.ops import ADD

__all__ = ["Loops"]


class Loops(ElementRules):
    """Writes arrays that expressions stand for, as statements.

    Attributes:
        lines: what is written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def store(self, target: Layout, expression: Expression, *, add: bool = False) -> None:
        """Write an array.

        Args:
            target: where to.
            expression: what: an array of as many elements, in the same order.
            add: whether it is added to what stands there.
        """
        while expression.form == "method" and expression.arguments[1] == "reshape":
            expression = expression.arguments[0]
        if self._is(target, expression):
            return
        special = getattr(self, f"_store_{kind_of(expression)}", None)
        if special is None or not special(target, add, *operands_of(expression)):
            self._store_elements(target, self.elements(expression), add=add)

    def _is(self, target: Layout, expression: Expression) -> bool:
        return expression.form == "name" and self.layouts.get(expression.arguments[0]) == target

    def _store_elements(self, target: Layout, elements: Elements, *, add: bool) -> None:
        """Write an array element by element; what is spread over an axis is repeated along it."""
        if elements.size < target.size:
            elements = broadcasted(elements, target.shape)
        flat = elements.flat
        if flat is not None and target.is_even:
            self._loop(target, (elements.size,), lambda places, block: flat(places[0], block), add=add)
        else:
            self._loop(target, elements.shape, elements.at, add=add)

    def _loop(
        self,
        target: Layout,
        shape: Shape,
        element: Callable[[Places, Block], Any],
        *,
        add: bool,
        position: Callable[[Places, Block], Place] | None = None,
    ) -> None:
        """Write what is done for each place of a shape: an element goes to a position."""
        block = Block()
        places = block.variables(shape)

        def body(inner: Block) -> None:
            text = inner.text(element(places, inner))
            at = target.at(places, shape) if position is None else position(places, inner)
            inner.lines.append(f"{target.name}[{at}] {'+=' if add else '='} {text};")

        block.loop(places, body)
        self.lines += block.lines

    def _store_zeros_like(self, target: Layout, add: bool, *_: Any) -> bool:
        if not add:
            self.lines.append(f"{target.name}.fill(0);")
        return True

    def _store_operation(self, target: Layout, add: bool, op: Op, *operands: Expression) -> bool:
        """Add to what stands there, where an array is a sum that begins with itself."""
        if op is not ADD:
            return False
        terms = [*operands]
        while terms[0].form == "operation" and terms[0].arguments[0] is ADD:
            terms[:1] = terms[0].arguments[1:]
        if not self._is(target, terms[0]):
            return False
        self.store(target, functools.reduce(lambda left, right: left + right, terms[1:]), add=True)
        return True

    def _store_concatenate(self, target: Layout, add: bool, given: tuple[Expression, ...], axis: int) -> bool:
        parts = [*map(self.elements, given)]
        axis %= len(parts[0].shape)
        shape = [*parts[0].shape]
        shape[axis] = sum(part.shape[axis] for part in parts)
        start = 0
        for part in parts:

            def position(places: Places, _: Block, start: int = start) -> Place:
                shifted = [*places]
                shifted[axis] += Place(start=start)
                return target.at(shifted, shape)

            self._loop(target, part.shape, part.at, add=add, position=position)
            start += part.shape[axis]
        return True

    def _store_unpick(self, target: Layout, add: bool, d: Expression, index: Expression, count: int) -> bool:
        values, chosen = self.elements(d), self.elements(index)
        self._store_zeros_like(target, add)
        shape = (*values.shape, count)

        def position(places: Places, block: Block) -> Place:
            return target.at((*places, known_place(chosen.at(places, block), count, block)), shape)

        self._loop(target, values.shape, values.at, add=True, position=position)
        return True

    def _store_added(
        self, target: Layout, add: bool, to: Expression, place: tuple[Any, ...], values: Expression
    ) -> bool:
        """Add values at chosen places along the first axis, or if it is to itself of the flat array."""
        shape = (target.size,) if self._is(target, to) else self.elements(to).shape
        self.store(target, to, add=add)
        added, chosen = self.elements(values), self._chosen(place[0], shape[0])
        rank = len(chosen.shape)

        def position(places: Places, block: Block) -> Place:
            return target.at((chosen.at(places[:rank], block), *places[rank:]), shape)

        self._loop(target, added.shape, added.at, add=True, position=position)
        return True

    def _store_scattered(
        self,
        target: Layout,
        add: bool,
        joined: Expression,
        size: int,
        terms: tuple[Expression, ...],
        places: tuple[Any, ...],
    ) -> bool:
        """Add up what goes to each place of the flat array."""
        self._store_zeros_like(target, add)
        for term, place in zip(terms, places):
            added, chosen = self.elements(term), self._chosen(place, size)

            def position(places: Places, block: Block, chosen: Elements = chosen) -> Place:
                return target.flat(chosen.at(places, block))

            self._loop(target, added.shape, added.at, add=True, position=position)
        return True

    def _store_function(self, target: Layout, add: bool, op: Op, slot: int, *operands: Any) -> bool:
        """Write the partials of an operation by one of its lists, which stand along the last axis."""
        y, *lists = map(self.elements, operands[: len(operands) - len(op.attributes)])
        attributes = [each.arguments[0] for each in operands[len(operands) - len(op.attributes) :]]
        first = sum(each.shape[-1] for each in lists[:slot])
        wanted = range(first, first + lists[slot].shape[-1])
        block = Block()
        places = block.variables(y.shape)

        def body(inner: Block) -> None:
            rows = [row_of(each, places, y.shape, inner) for each in lists]
            for number, slope in enumerate(slopes_of(op, y.at(places, inner), [*rows, *attributes], wanted)):
                at = target.at((*places, Place(start=number)), (*y.shape, len(wanted)))
                inner.lines.append(f"{target.name}[{at}] {'+=' if add else '='} {inner.text(slope)};")

        block.loop(places, body)
        self.lines += block.lines
        return True
