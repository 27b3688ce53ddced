"""What a compiled program is called with: numbers, whole numbers, lists of them, and their forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite.compiler.inspecting import has_numpy, hashable
from autograd_lite.core.coercion import as_float, check_rows

__all__ = ["COLUMN", "Argument", "Form", "FormsDifferError", "count_rows", "read", "read_rows"]


class FormsDifferError(ValueError):
    """The rows of a batch need programs of several forms."""


COLUMN = "what a batch has for each argument"
LARGEST = 2**63
"""Whole numbers up to here fit into an array; larger ones are floats."""


@dataclass(frozen=True)
class Form:
    """What all arguments have in common that one program can take.

    Attributes:
        kind: "floats", "wholes" (whole numbers), or "fixed" (anything else, such as None).
        shape: the lengths of a number (), a list (n,), a list of lists (n, m), ...; of lists
            of different lengths the forms of their items.
        value: a fixed argument itself.
    """

    kind: str
    shape: tuple[Any, ...] = ()
    value: Any = None

    @property
    def key(self) -> Any:
        """What the form is looked up by."""
        return (self.kind, self.shape, hashable(self.value) if self.kind == "fixed" else None)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The shape of the array that holds the numbers."""
        if all(isinstance(length, int) for length in self.shape):
            return self.shape
        return (_count(self.shape),)


@dataclass(frozen=True)
class Argument:
    """An argument of one example.

    Attributes:
        form: what it has in common with others.
        numbers: its numbers, one after the other.
    """

    form: Form
    numbers: Sequence[Any]

    def build(self, make: Callable[[Any], Any]) -> Any:
        """Put what ``make`` makes of each number into lists such as the argument has."""
        if self.form.kind == "fixed":
            return self.form.value
        return _nested(self.form.shape, iter([make(number) for number in self.numbers]))


def read(argument: Any) -> Argument:
    """Take an argument of one example apart.

    Args:
        argument: a number, a whole number, a (nested) list or an array of them, or anything
            else, which is then fixed.

    Example:
        >>> read([[1.0, 2.0], [3.0, 4.0]]).form.shape, read(3).form.kind
        ((2, 2), 'wholes')
    """
    if hasattr(argument, "tolist"):
        argument = argument.tolist()
    elif isinstance(argument, range):
        argument = list(argument)
    elif isinstance(argument, Iterator):
        raise TypeError(f"an iterator can be gone through only once: pass a list instead of {argument!r}")
    numbers: list[Any] = []
    shape = _shape(argument, numbers)
    if shape is None or not all(isinstance(number, (int, float)) for number in numbers):
        try:
            numbers = [as_float(number) if not isinstance(number, int) else number for number in numbers]
        except TypeError:
            shape = None
    if shape is None or (not numbers and not isinstance(argument, (list, tuple))):
        return Argument(Form("fixed", value=argument), [])
    if numbers and all(type(number) is int and -LARGEST <= number < LARGEST for number in numbers):
        return Argument(Form("wholes", shape), numbers)
    return Argument(Form("floats", shape), [float(number) for number in numbers])


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


def read_rows(column: Any, count: int | None = None) -> tuple[Form, Any]:
    """Take an argument of many examples apart.

    Args:
        column: N arguments: a list, or an array whose first axis has length N.
        count: what N must be.

    Returns:
        The form of each, and an array of shape (N, ...); of fixed arguments the list.

    Raises:
        ValueError: if there are none, or not ``count``.
        FormsDifferError: if they have several forms, or there is no NumPy: then they run one by one.
    """
    if not has_numpy():
        raise FormsDifferError("rows run together only on NumPy's arrays")
    import numpy

    length = count_rows([column])
    if count is not None and length != count:
        raise ValueError(f"as many rows in each argument: got {count} and {length}")
    if isinstance(column, numpy.ndarray) and column.dtype.kind in "fiu":
        kind = "floats" if column.dtype.kind == "f" else "wholes"
        return Form(kind, column.shape[1:]), column
    arguments = [read(argument) for argument in column]
    forms = {argument.form.key: argument.form for argument in arguments}
    form = arguments[0].form
    if {kind for kind, *_ in forms} == {"floats", "wholes"} and len({shape for _, shape, _ in forms}) == 1:
        form = Form("floats", form.shape)  # [0, 1] among [0.5, 1.0]
    elif len(forms) > 1:
        shapes = " and ".join(sorted({str(list(form.shape)) for form in forms.values()})[:2])
        raise FormsDifferError(
            f"the rows of a batch have {len(forms)} forms, such as lists of shape {shapes}"
        )
    if form.kind == "fixed":
        return form, list(column)
    dtype = "float64" if form.kind == "floats" else "int64"
    array = numpy.array([argument.numbers for argument in arguments], dtype)
    return form, array.reshape(length, *form.lengths)


def _shape(argument: Any, numbers: list[Any]) -> tuple[Any, ...] | None:
    """Give the lengths of nested lists, and list their numbers; None if it is neither list nor number."""
    if isinstance(argument, (list, tuple)):
        shapes: list[Any] = [_shape(item, numbers) for item in argument]
        if None in shapes:
            return None
        if all(shape == shapes[0] for shape in shapes[1:]):
            return (len(shapes), *(shapes[0] if shapes else ()))
        return ("of", *shapes)
    if isinstance(argument, bool) or not hasattr(argument, "__float__"):
        return None
    numbers.append(argument.item() if hasattr(argument, "item") else argument)
    return ()


def _nested(shape: tuple[Any, ...], items: Any) -> Any:
    """Put items into nested lists of a shape."""
    if not shape:
        return next(items)
    if shape[0] == "of":
        return [_nested(inner, items) for inner in shape[1:]]
    return [_nested(shape[1:], items) for _ in range(shape[0])]


def _count(shape: tuple[Any, ...]) -> int:
    """Count the numbers in nested lists of a shape."""
    if not shape:
        return 1
    if shape[0] == "of":
        return sum(_count(inner) for inner in shape[1:])
    return int(shape[0]) * _count(shape[1:])
