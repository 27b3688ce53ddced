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
        names: gives names to the variables of loops inside.
        places: gives numbers to what else needs a name.

    Attributes:
        lines: so far.
    """

    def __init__(self, names: Iterator[str] | None = None, places: Iterator[int] | None = None) -> None:
        further = (f"{LOOP_NAMES[-1]}{number}" for number in itertools.count(2))
        self._names = names or itertools.chain(LOOP_NAMES, further)
        self._places = places or itertools.count()
        self.lines: list[str] = []

    def variables(self, counts: Sequence[int]) -> list[Place]:
        """Make variables for loops; what counts only one place has none."""
        return [
            Place(((Variable(next(self._names), count), 1),)) if count > 1 else Place() for count in counts
        ]

    def text(self, term: object) -> str:
        """Write what is computed; what it needs more than once gets a line before."""
        lines, (text,) = written([term], self._places)
        self.lines += lines
        return text

    def loop(self, places: Sequence[Place], body: Callable[[Block], None]) -> None:
        """Write a body in loops, one inside the other.

        Args:
            places: the variables of the loops, the outermost first.
            body: writes into a block.
        """
        inner = Block(self._names, self._places)
        body(inner)
        lines = inner.lines
        for variable, _ in reversed([part for place in places for part in place.parts]):
            name = variable.text
            lines = _nested(f"for (let {name} = 0; {name} < {variable.count}; {name}++)", lines)
        self.lines += lines if len(lines) == 1 or any(place.parts for place in places) else _nested("", lines)

    def total(self, places: Sequence[Place], element: Callable[[Block], Term]) -> Term:
        """Write a sum over the variables of loops, and return it."""
        if not any(place.parts for place in places):
            return element(self)
        name = f"s{next(self._places)}"
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
