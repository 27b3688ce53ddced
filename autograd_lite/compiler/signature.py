"""What a compiled program is called with: numbers, whole numbers, lists of them, and their signatures."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd_lite.compiler.introspection import has_numpy, hashable
from autograd_lite.core.coercion import as_float, check_rows

__all__ = [
    "ARRAY", "COLUMN", "EXACT", "Argument", "Rows", "Signature", "SignaturesDifferError", "arguments_of_row",
    "count_rows", "read", "read_rows",
]  # fmt: skip


class SignaturesDifferError(ValueError):
    """The rows of a batch need several programs."""


COLUMN = "what a batch has for each argument"
LARGEST = 2**63
"""Whole numbers up to here fit into an array; larger ones are floats."""
EXACT = 2**53
"""Whole numbers up to here are exact beside floats."""
ARRAY = "array"
NUMBER: tuple[tuple[Any, ...], Any] = ((), None)
"""The shape and the containers of a single number."""


@dataclass(frozen=True)
class Signature:
    """What all arguments have in common that one program can take.

    Attributes:
        kind: "floats", "integers", "mixed", or "static" (anything else, such as None).
        shape: the lengths of a number (), a list (n,), a list of lists (n, m), ...; of lists
            of different lengths the signatures of their items.
        value: a static argument itself.
        containers: what holds the numbers: None for a number alone, "array", or the type of a list
            or tuple and the containers of its items, once if they are all alike.
        integers: of mixed numbers, the positions of the integers.
    """

    kind: str
    shape: tuple[Any, ...] = ()
    value: Any = None
    containers: Any = None
    integers: frozenset[int] = frozenset()

    @property
    def structure(self) -> Any:
        """What programs are looked up by; they may still differ in what must be an integer, or static."""
        return (self.shape, self.containers) if self.kind != "static" else "static"

    @property
    def key(self) -> Any:
        """What tells static arguments apart."""
        return hashable(self.value) if self.kind == "static" else None

    @property
    def lengths(self) -> tuple[int, ...]:
        """The shape of the array that holds the numbers."""
        if all(isinstance(length, int) for length in self.shape):
            return self.shape
        return (_count(self.shape),)

    def covers(self, other: Signature) -> bool:
        """Tell whether it has integers wherever another signature has."""
        if self.kind == "integers" or other.kind in ("floats", "static"):
            return True
        return self.kind == other.kind == "mixed" and self.integers >= other.integers

    def with_integers(self, places: Collection[int]) -> Signature:
        """Return the signature of the same lists with integers at some positions, and nowhere else."""
        count = math.prod(self.lengths)
        if places and len(places) < count:
            return replace(self, kind="mixed", integers=frozenset(places))
        return signature_of("integers" if places else "floats", self.shape, self.containers)

    def argument(self, numbers: Sequence[Any]) -> Argument:
        """Make an argument of this signature from the numbers in an array."""
        if self.kind != "mixed":
            return Argument(self, numbers)
        return Argument(self, [int(n) if place in self.integers else n for place, n in enumerate(numbers)])


@functools.lru_cache(256)
def signature_of(kind: str, shape: tuple[Any, ...], containers: Any) -> Signature:
    """Return the one signature of floats, or of integers, in such containers."""
    return Signature(kind, shape, containers=containers)


@dataclass(frozen=True)
class Argument:
    """An argument of one example.

    Attributes:
        signature: what it has in common with others.
        numbers: its numbers, one after the other.
    """

    signature: Signature
    numbers: Sequence[Any]

    def build(self, make: Callable[[Any], Any]) -> Any:
        """Put what ``make`` makes of each number into lists, tuples and arrays such as the argument has."""
        if self.signature.kind == "static":
            return self.signature.value
        numbers = iter([make(number) for number in self.numbers])
        return _built(self.signature.shape, self.signature.containers, numbers)

    def as_rows(self) -> Rows:
        """Make it the one row of a batch."""
        if self.signature.kind == "static":
            return Rows(self.signature, [self.signature.value])
        import numpy

        return Rows(self.signature, numpy.array([self.numbers]).reshape(1, *self.signature.lengths))


@dataclass(frozen=True)
class Rows:
    """An argument of many examples, taken apart.

    Attributes:
        signature: that of each of them.
        array: their numbers, of shape (N, ...); or N static arguments.
    """

    signature: Signature
    array: Any

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: Any) -> Rows:
        return Rows(self.signature, self.array[rows])

    def __iter__(self) -> Iterator[Any]:
        return (self.argument(row).build(lambda number: number) for row in range(len(self)))

    def argument(self, row: int) -> Argument:
        """Return the argument of one row."""
        numbers = [] if self.signature.kind == "static" else self.array[row].reshape(-1).tolist()
        return self.signature.argument(numbers)


def read(argument: Any) -> Argument:
    """Take an argument of one example apart.

    Args:
        argument: a number, a whole number, a (nested) list, tuple or array of them, or anything
            else, which is then static.

    Example:
        >>> read([[1.0, 2.0], [3.0, 4.0]]).signature.shape, read(3).signature.kind
        ((2, 2), 'integers')
    """
    if type(argument) is float:
        return Argument(signature_of("floats", *NUMBER), [argument])
    if isinstance(argument, range):
        argument = list(argument)
    elif hasattr(argument, "tolist") and not _is_array(argument):
        argument = argument.tolist()
    elif isinstance(argument, Iterator):
        raise TypeError(f"an iterator can be gone through only once: pass a list instead of {argument!r}")
    numbers: list[Any] = []
    found = _taken_apart(argument, numbers)
    if found is not None and not all(isinstance(number, (int, float)) for number in numbers):
        try:
            numbers = [as_float(number) if not isinstance(number, int) else number for number in numbers]
        except TypeError:
            found = None
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
        check_rows(COLUMN, column)
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

    length = count_rows([column])
    if isinstance(column, Rows):
        return column
    if isinstance(column, numpy.ndarray) and column.dtype.kind in "fiu":
        kind, shape = "floats" if column.dtype.kind == "f" else "integers", column.shape[1:]
        return Rows(signature_of(kind, shape, ARRAY if shape else None), column)
    arguments = [read(argument) for argument in column]
    first = arguments[0].signature
    if first.kind != "static" and all(argument.signature is first for argument in arguments):
        return _rows_of(first, arguments)
    signatures = {(argument.signature.structure, argument.signature.key) for argument in arguments}
    if len(signatures) > 1:
        shapes = " and ".join(sorted({str(list(argument.signature.shape)) for argument in arguments})[:2])
        raise SignaturesDifferError(
            f"the rows of a batch have {len(signatures)} forms, such as lists of shape {shapes}"
        )
    if first.kind == "static":
        values = numpy.empty(length, object)
        values[:] = [argument.signature.value for argument in arguments]
        return Rows(first, values)
    return _rows_of(_in_common([argument.signature for argument in arguments]), arguments)


def _rows_of(signature: Signature, arguments: Sequence[Argument]) -> Rows:
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
        return _list_taken_apart(argument, numbers)
    if _is_array(argument):
        items = argument.reshape(-1).tolist()
        whole = [_taken_apart(item, numbers) == NUMBER for item in items]
        return (argument.shape, ARRAY) if all(whole) else None
    if hasattr(argument, "tolist"):
        return _taken_apart(argument.tolist(), numbers)
    if isinstance(argument, bool) or not hasattr(argument, "__float__"):
        return None
    numbers.append(argument)
    return NUMBER


def _list_taken_apart(argument: Sequence[Any], numbers: list[Any]) -> tuple[tuple[Any, ...], Any] | None:
    """The same for a list or a tuple."""
    kind = type(argument)
    if {*map(type, argument)} <= {float, int}:  # the usual case, for which this is faster
        numbers += argument
        return (len(argument),), (kind, None)
    found = []
    for item in argument:
        one = _taken_apart(item, numbers)
        if one is None:
            return None
        found.append(one)
    if all(one == found[0] for one in found[1:]):
        return (len(found), *found[0][0]), (kind, found[0][1])
    shapes, inner = zip(*found)
    return ("of", *shapes), (kind, *inner)


def _built(shape: tuple[Any, ...], containers: Any, items: Iterator[Any]) -> Any:
    """Put items into containers of a shape."""
    if containers is None:
        return next(items)
    if containers == ARRAY:
        return _array_of([*itertools.islice(items, _count(shape))], shape)
    kind, *inner = containers
    if shape[0] == "of":
        listed = [_built(*signature, items) for signature in zip(shape[1:], inner)]
    else:
        listed = [_built(shape[1:], inner[0], items) for _ in range(shape[0])]
    if kind is list:
        return listed
    return kind._make(listed) if hasattr(kind, "_make") else kind(listed)


def _array_of(items: list[Any], shape: tuple[int, ...]) -> Any:
    """Put items into an array: of objects, if they are no plain numbers."""
    import numpy

    if all(isinstance(item, (int, float)) for item in items):
        return numpy.array(items).reshape(shape)
    array = numpy.empty(len(items), object)
    array[:] = items
    return array.reshape(shape)


def _count(shape: tuple[Any, ...]) -> int:
    """Count the numbers in nested lists of a shape."""
    if not shape:
        return 1
    if shape[0] == "of":
        return sum(_count(inner) for inner in shape[1:])
    return int(shape[0]) * _count(shape[1:])
