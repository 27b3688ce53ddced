"""Lines of JavaScript with loops in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from autograd_lite.compiler.arrays.places import Place, Variable
from autograd_lite.javascript import Term, written

__all__ = ["Block", "indented"]

LOOP_NAMES = "ijklmnopqr"
"""What the variables of loops are called, the outermost first; further ones r2, r3, ..."""


class Block:
    """What is done in the body of a loop, in the making.

    Args:
        outer: the block in which the loop stands.
        variable: what the loop counts.

    Attributes:
        lines: so far.
    """

    def __init__(self, outer: Block | None = None, variable: Variable | None = None) -> None:
        further = (f"{LOOP_NAMES[-1]}{number}" for number in itertools.count(2))
        self._names: Iterator[str] = outer._names if outer else itertools.chain(LOOP_NAMES, further)
        self._numbers: Iterator[int] = outer._numbers if outer else itertools.count()
        self._outer, self._variable = outer, variable
        self._read: dict[str, Term] = {}
        self.lines: list[str] = []

    def variables(self, counts: Sequence[int]) -> list[Place]:
        """Make variables for loops; what counts only one place has none."""
        return [
            Place(((Variable(next(self._names), count), 1),)) if count > 1 else Place() for count in counts
        ]

    def text(self, term: object) -> str:
        """Write what is computed; what it needs more than once gets a line before."""
        lines, (text,) = written([term], self._numbers)
        self.lines += lines
        return text

    def read(self, array: str, place: Place) -> Term:
        """Read an element, before the loops in which it stays the same."""
        text, block = f"{array}[{place}]", self._innermost({variable for variable, _ in place.parts})
        if block is None or block is self:
            return Term(text)
        if text not in block._read:
            name = f"t{next(self._numbers)}"
            block.lines.append(f"const {name} = {text};")
            block._read[text] = Term(name)
        return block._read[text]

    def _innermost(self, needed: set[Variable]) -> Block | None:
        """Find the innermost loop that counts one of some variables; None if another thing counts one."""
        blocks: list[Block] = [self]
        while blocks[-1]._outer is not None:
            blocks.append(blocks[-1]._outer)
        if not needed or not needed <= {block._variable for block in blocks}:
            return None
        return next(block for block in blocks if block._variable in needed)

    def loop(self, places: Sequence[Place], body: Callable[[Block], None]) -> None:
        """Write a body in loops, one inside the other.

        Args:
            places: the variables of the loops, the outermost first.
            body: writes into a block.
        """
        variables = [variable for place in places for variable, _ in place.parts]
        if variables:
            self._level(variables, body)
            return
        inner = Block(self)
        body(inner)
        self.lines += inner.lines if len(inner.lines) == 1 else _nested("", inner.lines)

    def _level(self, variables: Sequence[Variable], body: Callable[[Block], None]) -> None:
        if not variables:
            body(self)
            return
        name, count = variables[0].text, variables[0].count
        inner = Block(self, variables[0])
        inner._level(variables[1:], body)
        self.lines += _nested(f"for (let {name} = 0; {name} < {count}; {name}++)", inner.lines)

    def total(self, places: Sequence[Place], element: Callable[[Block], Term]) -> Term:
        """Write a sum over the variables of loops, and return it."""
        if not any(place.parts for place in places):
            return element(self)
        name = f"s{next(self._numbers)}"
        self.lines.append(f"let {name} = 0;")

        def add(inner: Block) -> None:
            text = inner.text(element(inner))
            inner.lines.append(f"{name} += {text};")

        self.loop(places, add)
        return Term(name)


def _nested(head: str, lines: list[str]) -> list[str]:
    """Write lines below a head; a single one beside it."""
    if len(lines) == 1:
        return [f"{head} {lines[0]}".strip()]
    return [f"{head} {{".strip(), *lines, "}"]


def indented(lines: Sequence[str], depth: int = 0) -> list[str]:
    """Indent lines by the braces that stand at their ends."""
    result = []
    for line in lines:
        depth -= line.startswith("}")
        result.append("  " * depth + line if line else "")
        depth += line.endswith("{")
    return result
