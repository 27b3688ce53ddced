"""What a compiled program is called with: the numbers, and the signature of what holds them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd_lite.compiler.introspection import hashable

__all__ = ["ARRAY", "EXACT", "Argument", "Keys", "Rows", "Signature", "SignaturesDifferError", "signature_of"]


class SignaturesDifferError(ValueError):
    """The rows of a batch need several programs."""


EXACT = 2**53
"""Whole numbers up to here are exact beside floats."""
ARRAY = "array"


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
