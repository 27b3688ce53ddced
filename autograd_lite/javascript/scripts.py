"""Operations, and their partial derivatives, as JavaScript functions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.javascript.terms import Term, value_of
from autograd_lite.javascript.writing import function_script

__all__ = ["slopes_of", "slopes_script", "value_script"]


def slopes_of(op: Op, y: Any, inputs: Sequence[Any], wanted: Sequence[int] | None = None) -> list[Any]:
    """Return the partial derivatives of an operation in Terms and floats, as its rules say.

    Args:
        op: the operation.
        y: its output, a Term.
        inputs: all inputs (or lists of inputs), then the attributes.
        wanted: the positions of the inputs to differentiate by, counted through all lists; None for all.

    Raises:
        TypeError: if a rule applies an operation that cannot be written.

    Example:
        >>> from autograd_lite.ops import OPS
        >>> function_script("y, a, b", slopes_of(OPS["div"], Term("y"), [Term("a"), Term("b")]))
        '(y, a, b) => [1 / b, -y / b]'
    """
    if wanted is None:
        wanted = range(len(op.flattened(inputs)) - len(op.attributes))
    return op.slopes(y, inputs, wanted)


def value_script(op: Op, *counts: int, attributes: Sequence[Any] = ()) -> str:
    """Return a JavaScript function of a list of all inputs that computes an operation.

    Args:
        op: the operation.
        counts: how many inputs it has; of an operation on lists, how many in each.
        attributes: its attributes, plain numbers.

    Raises:
        TypeError: if it cannot be written; the message says what to declare.

    Example:
        >>> from autograd_lite.ops import OPS
        >>> value_script(OPS["dot"], 2, 2, 1)
        '(x) => x[4] + x[0] * x[2] + x[1] * x[3]'
    """
    return function_script("x", value_of(op, _inputs(op, counts, attributes)))


def slopes_script(op: Op, *counts: int, attributes: Sequence[Any] = ()) -> str:
    """Return a JavaScript function of the output and a list of all inputs: the partial derivatives.

    Args:
        op: the operation.
        counts: how many inputs it has; of an operation on lists, how many in each.
        attributes: its attributes, plain numbers.

    Example:
        >>> from autograd_lite.ops import OPS
        >>> slopes_script(OPS["mul"], 2)
        '(y, x) => [x[1], x[0]]'
    """
    return function_script("y, x", slopes_of(op, Term("y"), _inputs(op, counts, attributes)))


def _inputs(op: Op, counts: Sequence[int], attributes: Sequence[Any]) -> list[Any]:
    """Name all inputs as the elements of one list."""
    places = itertools.count()
    lists = [[Term(f"x[{next(places)}]") for _ in range(count)] for count in counts]
    if op.many is None:
        return [*itertools.chain.from_iterable(lists), *map(float, attributes)]
    return [*lists, *attributes]
