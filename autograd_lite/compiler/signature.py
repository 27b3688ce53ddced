"""What a compiled program is called with: numbers, whole numbers, lists of them, and their signatures."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd_lite.compiler.introspection import has_numpy, hashable
from autograd_lite.core.coercion import check_rows, is_plain

__all__ = [
    "ARRAY", "EXACT", "Argument", "Rows", "Signature", "SignaturesDifferError", "arguments_of_row",
    "count_rows", "read", "read_rows", "rows_of",
]  # fmt: skip


class SignaturesDifferError(ValueError):
    """The rows of a batch need several programs."""


LARGEST = 2**63
"""Whole numbers up to here fit into an array; larger ones are floats."""
EXACT = 2**53
"""Whole numbers up to here are exact beside floats."""
ARRAY = "array"
NUMBER: tuple[tuple[Any, ...], Any] = ((), None)
"""The shape and the containers of a single number."""


@dataclass(frozen=True)
class Keys:
    """The container of numbers, or of lists of them, that stand in a dict under some keys."""

    keys: tuple[Any, ...]

    def __call__(self, items: Sequence[Any]) -> dict[Any, Any]:
        """Put items into a dict."""
        return dict(zip(self.keys, items))


@dataclass(frozen=True)
class Signature:
    """What all arguments have in common that one program can take.

    Attributes:
        kind: "floats", "integers", "mixed", or "static" (anything else, such as None).
        shape: the lengths of a number (), a list (n,), a list of lists (n, m), ...; of lists
            of different lengths the signatures of their items.
        value: a static argument itself.
        containers: what holds the numbers: None for a number alone, "array", or the type of a list
            or tuple, or the keys of a dict, and the containers of its items, once if they are all alike.
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
    def form(self) -> Any:
        """What the rows of a batch have in common."""
        return self.structure, self.key

    @functools.cached_property
    def lengths(self) -> tuple[int, ...]:
        """The shape of the array that holds the numbers; a static argument has none."""
        if self.kind != "static" and all(isinstance(length, int) for length in self.shape):
            return self.shape
        return (0 if self.kind == "static" else _count(self.shape),)

    @functools.cached_property
    def takes_arrays(self) -> bool:
        """Whether an array may hold the numbers of many examples."""
        return self.containers in (None, ARRAY) and self.kind != "mixed"

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

    def needing(self, places: Collection[int]) -> Signature:
        """Return the signature with integers only where they are needed."""
        if self.kind == "mixed" or (self.kind == "integers" and not places):
            return self.with_integers(places)
        return self


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

    def build(self, items: Sequence[Any] | None = None) -> Any:
        """Put its numbers, or what stands for them, into lists, tuples and arrays such as it has."""
        if self.signature.kind == "static":
            return self.signature.value
        given = iter(self.numbers if items is None else items)
        return _built(self.signature.shape, self.signature.containers, given)


@dataclass(frozen=True)
class Rows:
    """An argument of many examples, taken apart.

    Attributes:
        signature: that of each of them.
        array: their numbers, of shape (N, ...); of static arguments (N, 0).
    """

    signature: Signature
    array: Any

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: Any) -> Rows:
        return Rows(self.signature, self.array[rows])

    def __iter__(self) -> Iterator[Any]:
        return (self.argument(row).build() for row in range(len(self)))

    def argument(self, row: int) -> Argument:
        """Return the argument of one row."""
        numbers, integers = self.array[row].reshape(-1).tolist(), self.signature.integers
        if integers:
            numbers = [int(number) if place in integers else number for place, number in enumerate(numbers)]
        return Argument(self.signature, numbers)


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
