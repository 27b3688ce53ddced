"""Expressions as text: what stands in them more than once is computed once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograd_lite.core.symbol import ATOM, STRENGTH, Number

__all__ = ["AND", "COMPARISON", "OR", "WHERE", "Written", "function_script", "written"]

WHERE, OR, AND, COMPARISON = -3, -2, -1, 0
"""How strongly JavaScript's further signs bind, beside those in ``STRENGTH``."""
LONGEST = 400
"""The most characters of an expression; what is longer gets a name."""


class Written(Number):
    """What a ``Term`` is before it computes: a text, and the operands that stand in it."""

    __slots__ = ("needed", "operands", "place", "strength", "text")

    def __init__(
        self, text: str, *operands: Any, strength: int = ATOM, needed: tuple[int, ...] | None = None
    ) -> None:
        self.text, self.operands, self.strength = text, operands, strength
        self.needed = (WHERE,) * len(operands) if needed is None else needed
        self.place = next(_places)

    def __repr__(self) -> str:
        return f"Term({function_script('', self)[6:]!r})"


_places = itertools.count()


def function_script(parameters: str, terms: Any) -> str:
    """Return a JavaScript function; what stands in it more than once is computed once.

    Args:
        parameters: the names of its parameters, with commas.
        terms: the Term that it returns, or a list of Terms and floats. What they name may not
            be called t0, t1, ...

    Example:
        >>> from autograd_lite.javascript import Term
        >>> a = Term("a")
        >>> double = a + a
        >>> function_script("a", [double * double, 0.5])
        '(a) => { const t0 = a + a; return [t0 * t0, 0.5]; }'
    """
    lines, texts = written(terms if isinstance(terms, list) else [terms])
    value = f"[{', '.join(texts)}]" if isinstance(terms, list) else texts[0]
    body = f"{{ {' '.join(lines)} return {value}; }}" if lines else value
    return f"({parameters}) => {body}"


def written(results: Sequence[Any], numbers: Iterator[int] | None = None) -> tuple[list[str], list[str]]:
    """Return lines that compute what stands in some terms more than once, and the terms' texts.

    Args:
        results: Terms and floats.
        numbers: of the names t0, t1, ... that the lines give.

    Example:
        >>> from autograd_lite.javascript import Term
        >>> double = Term("a") + Term("a")
        >>> written([double * double, 0.5])
        (['const t0 = a + a;'], ['t0 * t0', '0.5'])
    """
    numbers = numbers or itertools.count()
    results = _merged(results)
    ordered = _reachable(results)
    uses: dict[int, int] = {}
    for operand in itertools.chain(results, *(term.operands for term in ordered)):
        uses[id(operand)] = uses.get(id(operand), 0) + 1
    texts: dict[int, tuple[int, str]] = {}
    lines: list[str] = []
    for term in ordered:
        text = _filled(term, texts)
        if term.operands and (uses[id(term)] > 1 or len(text) > LONGEST):
            name = f"t{next(numbers)}"
            lines.append(f"const {name} = {text};")
            texts[id(term)] = ATOM, name
        else:
            texts[id(term)] = term.strength, text
    return lines, [_operand(result, WHERE, texts) for result in results]


def _reachable(results: Sequence[Any]) -> list[Written]:
    """List all Terms that some are computed from, each after its operands."""
    found: dict[int, Written] = {}
    waiting = [term for term in results if isinstance(term, Written)]
    while waiting:
        term = waiting.pop()
        if id(term) not in found:
            found[id(term)] = term
            waiting += [operand for operand in term.operands if isinstance(operand, Written)]
    return sorted(found.values(), key=lambda term: term.place)


def _merged(results: Sequence[Any]) -> list[Any]:
    """Make one Term of those that would be written alike."""
    known: dict[Any, Written] = {}
    merged: dict[int, Written] = {}
    for term in _reachable(results):
        operands = [merged.get(id(operand), operand) for operand in term.operands]
        key = (term.text, *(id(each) if isinstance(each, Written) else repr(each) for each in operands))
        if key not in known:
            known[key] = type(term)(term.text, *operands, strength=term.strength, needed=term.needed)
        merged[id(term)] = known[key]
    return [merged.get(id(result), result) for result in results]


def _filled(term: Written, written: Mapping[int, tuple[int, str]]) -> str:
    if not term.operands:
        return term.text
    shown = [_operand(operand, needed, written) for operand, needed in zip(term.operands, term.needed)]
    return term.text.format(*shown)


def _operand(operand: Any, needed: int, written: Mapping[int, tuple[int, str]]) -> str:
    strength, text = written[id(operand)] if isinstance(operand, Written) else _number(operand)
    return text if strength >= needed else f"({text})"


def _number(value: Any) -> tuple[int, str]:
    """Write a float or a bool, and tell how strongly its sign binds."""
    if isinstance(value, bool):
        return ATOM, str(value).lower()
    number = float(value)
    text = "NaN" if math.isnan(number) else repr(number).removesuffix(".0").replace("inf", "Infinity")
    return STRENGTH["neg"] if text.startswith("-") else ATOM, text
