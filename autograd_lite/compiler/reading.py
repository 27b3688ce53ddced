"""Arguments of one example or of many, taken apart: numbers, and lists, dicts and arrays of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from autograd_lite.compiler.introspection import has_numpy
from autograd_lite.compiler.signature import (
    ARRAY,
    EXACT,
    Argument,
    Keys,
    Rows,
    Signature,
    SignaturesDifferError,
    signature_of,
)
from autograd_lite.core.coercion import check_rows, is_plain

__all__ = ["arguments_of_row", "count_rows", "read", "read_rows", "rows_of"]

LARGEST = 2**63
"""Whole numbers up to here fit into an array; larger ones are floats."""
NUMBER: tuple[tuple[Any, ...], Any] = ((), None)
"""The shape and the containers of a single number."""


def read(argument: Any) -> Argument:
    """Take an argument of one example apart.

    Args:
        argument: a number, a whole number, a (nested) list, tuple, dict or array of them, or
            anything else, which is then static; or what was taken apart before.

    Example:
        >>> read([[1.0, 2.0], [3.0, 4.0]]).signature.shape, read(3).signature.kind
        ((2, 2), 'integers')
    """
    if type(argument) is float:
        return Argument(signature_of("floats", *NUMBER), [argument])
    if type(argument) is Argument:
        return argument
    if isinstance(argument, range):
        argument = list(argument)
    elif hasattr(argument, "tolist") and not _is_array(argument):
        argument = argument.tolist()
    elif isinstance(argument, Iterator):
        raise TypeError(f"an iterator can be gone through only once: pass a list instead of {argument!r}")
    numbers: list[Any] = []
    found = _taken_apart(argument, numbers)
    if found is None:
        return Argument(Signature("static", value=argument), [])
    signature = signature_of("floats", *found)
    types = {*map(type, numbers)}
    if types == {float}:
        return Argument(signature, numbers)
    limit = LARGEST if types == {int} else EXACT
    integers = {place for place, n in enumerate(numbers) if type(n) is int and -limit <= n < limit}
    if types == {int} and len(integers) < len(numbers):  # no array holds all of them
        integers = set()
    numbers = [number if place in integers else float(number) for place, number in enumerate(numbers)]
    return Argument(signature.with_integers(integers), numbers)


def count_rows(columns: Sequence[Any]) -> int:
    """Count the rows of a batch.

    Raises:
        TypeError: if an argument is no list or array.
        ValueError: if there are no rows, or not as many in each argument.
    """
    for column in columns:
        if type(column) is not Rows:
            check_rows("what a batch has for each argument", column)
    lengths = [len(column) for column in columns]
    if min(lengths) != max(lengths):
        raise ValueError(f"as many rows in each argument: got {min(lengths)} and {max(lengths)}")
    if lengths[0] == 0:
        raise ValueError("a batch has at least one row")
    return lengths[0]


def read_rows(column: Any) -> Rows:
    """Take an argument of many examples apart.

    Args:
        column: N arguments: a list, or an array whose first axis has length N.

    Raises:
        ValueError: if there are none.
        SignaturesDifferError: if theirs are several, or there is no NumPy: then they run one by one.
    """
    if not has_numpy():
        raise SignaturesDifferError("rows run together only on NumPy's arrays")
    import numpy

    if isinstance(column, Rows) and len(column):
        return column
    count_rows([column])
    if isinstance(column, numpy.ndarray) and column.dtype.kind in "fiu":
        kind, shape = "floats" if column.dtype.kind == "f" else "integers", column.shape[1:]
        return Rows(signature_of(kind, shape, ARRAY if shape else None), column)
    together = _rows_together(column)
    if together is not None:
        return together
    arguments = [read(argument) for argument in column]
    signature = arguments[0].signature
    if any(argument.signature is not signature for argument in arguments):
        signatures = [argument.signature for argument in arguments]
        forms = {each.form for each in signatures}
        if len(forms) > 1:
            shapes = " and ".join(sorted({str(list(each.shape)) for each in signatures})[:2])
            raise SignaturesDifferError(
                f"the rows of a batch have {len(forms)} forms, such as lists of shape {shapes}"
            )
        signature = _in_common(signatures)
    return rows_of(signature, arguments)


def _rows_together(column: Any) -> Rows | None:
    """Take rows apart that are lists of one form, of floats and whole numbers; None for others."""
    import numpy

    items: list[Any] = [*column]
    shape: list[int] = []
    kinds: list[Any] = []
    while len(found := {*map(type, items)}) == 1 and not found.isdisjoint((list, tuple)):
        lengths = {*map(len, items)}
        if len(lengths) > 1 or 0 in lengths:
            return None
        shape += lengths
        kinds += found
        items = [*itertools.chain.from_iterable(items)]
    if not found <= {float, int}:
        return None
    try:
        array = numpy.array(items, "int64" if found == {int} else "float64")
    except OverflowError:  # whole numbers that no array holds are floats
        return None
    containers: Any = None
    for kind in reversed(kinds):
        containers = (kind, containers)
    signature = signature_of("integers" if found == {int} else "floats", tuple(shape), containers)
    if len(found) == 2:
        is_whole = numpy.fromiter((type(item) is int for item in items), bool, len(items))
        if (abs(array[is_whole]) >= EXACT).any():  # such are floats
            return None
        common = is_whole.reshape(len(column), -1).all(axis=0)
        signature = signature.with_integers(numpy.flatnonzero(common).tolist())
    return Rows(signature, array.reshape(len(column), *shape))


def rows_of(signature: Signature, arguments: Sequence[Argument]) -> Rows:
    """Put arguments of a signature, or of signatures that have it in common, one below the other."""
    import numpy

    dtype = "int64" if signature.kind == "integers" else "float64"
    array = numpy.array([argument.numbers for argument in arguments], dtype)
    return Rows(signature, array.reshape(len(arguments), *signature.lengths))


def arguments_of_row(columns: Sequence[Any], row: int) -> list[Argument]:
    """Take the arguments of one row out of a batch."""
    return [column.argument(row) if isinstance(column, Rows) else read(column[row]) for column in columns]


def _in_common(signatures: Sequence[Signature]) -> Signature:
    """Return the signature of lists that differ in where integers are: where all of them have one."""
    kinds = {each.kind for each in signatures}
    if len(kinds) == 1 and kinds != {"mixed"}:
        return signatures[0]
    places = [each.integers for each in signatures if each.kind == "mixed"]
    return signatures[0].with_integers(
        places[0].intersection(*places) if places and "floats" not in kinds else ()
    )


def _is_array(thing: Any) -> bool:
    """Tell whether something is an array of NumPy with at least one axis."""
    if not has_numpy() or not hasattr(thing, "ndim"):
        return False
    import numpy

    return isinstance(thing, numpy.ndarray) and thing.ndim > 0


def _taken_apart(argument: Any, numbers: list[Any]) -> tuple[tuple[Any, ...], Any] | None:
    """Return the shape and the containers of an argument, and list its numbers; None if it has others."""
    if type(argument) is float or type(argument) is int:
        numbers.append(argument)
        return NUMBER
    if isinstance(argument, (list, tuple)):
        return _list_taken_apart(argument, type(argument), numbers)
    if type(argument) is dict:
        values, keys = [*argument.values()], Keys(tuple(argument))
        return _list_taken_apart(values, keys, numbers) if values else None
    if _is_array(argument):
        items = argument.reshape(-1).tolist()
        whole = [_taken_apart(item, numbers) == NUMBER for item in items]
        return (argument.shape, ARRAY) if all(whole) else None
    if hasattr(argument, "tolist"):
        return _taken_apart(argument.tolist(), numbers)
    if isinstance(argument, bool) or not is_plain(argument):
        return None
    numbers.append(argument if isinstance(argument, int) else float(argument))
    return NUMBER


def _list_taken_apart(
    argument: Sequence[Any], kind: Any, numbers: list[Any]
) -> tuple[tuple[Any, ...], Any] | None:
    """The same for a list or a tuple, or for what stands in a dict."""
    if {*map(type, argument)} <= {float, int}:  # the usual case, for which this is faster
        numbers += argument
        return (len(argument),), (kind, None)
    found: list[Any] = [_taken_apart(item, numbers) for item in argument]
    if None in found:
        return None
    if all(one == found[0] for one in found[1:]):
        return (len(found), *found[0][0]), (kind, found[0][1])
    shapes, inner = zip(*found)
    return ("of", *shapes), (kind, *inner)
