"""What counts as a plain number, and what to say of everything else."""

from __future__ import annotations

import functools
import numbers
import operator
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeVar, cast

__all__ = [
    "as_float",
    "check_dtype",
    "check_number",
    "check_pairs",
    "check_rows",
    "got",
    "is_bool",
    "is_foreign",
    "is_plain",
    "leaf_data",
    "leaves_of",
    "listed",
    "no_leaf",
    "no_list",
    "one_list",
    "position_of",
    "refusal",
    "refuse_mask",
    "refused",
]

_HINTS: dict[str, str] = {
    "str": "convert it with float(...) first, or a word into its number with preprocess.LabelEncoder()",
    "str_": "convert it with float(...) first, or a word into its number with preprocess.LabelEncoder()",
    "bytes": "convert it with float(...) first",
    "NoneType": "is a return statement missing, or a variable not set?",
    "complex": "only real numbers have a gradient here; use its .real or .imag part",
    "ndarray": "use a list comprehension: [x * number for number in array]; one element is array.item()",
    "Tensor": "its .tolist() has plain numbers",
    "Decimal": "convert it with float(...) first",
    "list": "use a list comprehension: [x * number for number in numbers]",
    "tuple": "use a list comprehension: [x * number for number in numbers]",
    "dict": "take the number out of it first",
    "set": "take the number out of it first",
}


def as_float(number: Any) -> float:
    """Turn a plain number into a float; True and False count as 1 and 0.

    Raises:
        TypeError: if it is not a real number; the message says what to do.

    Example:
        >>> as_float(3), as_float(True)
        (3.0, 1.0)
    """
    if type(number) is float:
        return number
    if is_plain(number):
        return float(number)
    raise refusal(number)


def refused(*operands: Any) -> TypeError | None:
    """Return the error for the first operand that is none, or None; to be raised where it is called."""
    for operand in operands:
        if type(operand) is not float and not hasattr(operand, "apply") and not is_plain(operand):
            return refusal(operand)
    return None


def no_list(what: str, thing: Any) -> TypeError:
    """Return the error for what is not the list of numbers that is wanted; it says what to do.

    Args:
        what: what is wanted, as "inputs are a list of 2 numbers".
        thing: what was passed.

    Example:
        >>> str(no_list("inputs are a list of 2 numbers", "0.5"))
        "inputs are a list of 2 numbers, got '0.5' of type str: make numbers of it first, with float(...)"
    """
    hint = ""
    if isinstance(thing, (str, bytes)):
        hint = ": make numbers of it first, with float(...)"
    elif isinstance(thing, (Set, Mapping)):
        hint = ": put them in order first"
    elif callable(thing):
        hint = ": call it first"
    if thing is None:
        return TypeError(f"{what}, got None: {_HINTS['NoneType']}")
    return TypeError(f"{what}, got {_shown(thing)} of type {type(thing).__name__}{hint}")


def refusal(operand: Any) -> TypeError:
    """Return the error for what cannot be an operand; it says what to do."""
    if hasattr(operand, "_layout") and not isinstance(operand, type):
        return TypeError(f"a plain number is wanted here, got {_shown(operand)}: use its .data")
    hint = _HINTS.get(type(operand).__name__, "only real numbers and Values can be operands")
    return TypeError(f"cannot compute with {_shown(operand)} of type {type(operand).__name__}: {hint}")


def got(thing: Any) -> str:
    """Write what was passed where a Value is wanted; None is mostly what ``backward()`` returned."""
    hint = ": backward() returns nothing; call it first, and pass the Value" if thing is None else ""
    return f"got {_shown(thing)}{hint}"


def listed(name: str, values: Any, rest: str = "") -> list[Any]:
    """Make a list of what was passed to something that takes one.

    Raises:
        TypeError: if it is no list; the message says how to give one.
    """
    try:
        return list(values)
    except TypeError:
        if hasattr(type(values), "__iter__"):
            raise
    raise TypeError(f"{name} takes a list, got {_shown(values)}: write {name}([a, b]{rest})")


Function = TypeVar("Function", bound=Callable[..., Any])


def one_list(function: Function) -> Function:
    """Let a function of one list say how to give it, where it is called with numbers one after the other."""

    @functools.wraps(function)
    def taking_one(*given: Any, **named: Any) -> Any:
        if len(given) > 1:
            name = function.__name__
            shown = ", ".join("abcdefgh"[: len(given)])
            raise TypeError(f"{name} takes a list, got {len(given)} arguments: write {name}([{shown}])")
        return function(*given, **named)

    return cast("Function", taking_one)


def leaf_data(number: Any) -> float:
    """Turn a plain number, but no bool, into the float that a Value holds."""
    if type(number) is int:
        return float(number)
    if is_bool(number):
        raise TypeError(
            f"a Value holds a real number, got {number!r}: write 1.0 or 0.0 (a mask needs no Value)"
        )
    if hasattr(number, "_layout"):
        raise TypeError("a Value holds a plain number, got a Value: use its .data")
    try:
        return as_float(number)
    except TypeError as error:
        raise TypeError(f"a Value holds a real number; {error}") from None


def check_number(name: str, number: Any) -> None:
    """Raise a TypeError if a setting is no plain number; an array of no axes is one, True and False are none.

    Example:
        >>> check_number("lr", "0.1")
        Traceback (most recent call last):
        TypeError: lr is a number, got '0.1', a str: write float('0.1')
    """
    if type(number) is float or (is_plain(number) and not is_bool(number)):
        return
    kind = type(number)
    if is_bool(number):
        raise TypeError(f"{name} is a number, got {number!r}, a {kind.__name__}")
    if kind.__name__ == "ndarray" and number.shape == () and number.dtype.kind in "fiu":
        return
    hint = ""
    if hasattr(number, "_layout"):
        hint = ": use its .data"
    elif isinstance(number, str) or (hasattr(kind, "__float__") and getattr(number, "shape", ()) == ()):
        hint = f": write float({number!r})"
    raise TypeError(f"{name} is a number, got {number!r}, a {kind.__name__}{hint}")


def is_plain(thing: Any) -> bool:
    """Tell whether something is a real number or a bool, Python's or NumPy's."""
    return isinstance(thing, numbers.Real) or _is_numpy_bool(thing)


def is_bool(thing: Any) -> bool:
    """Tell whether something is True or False, Python's or NumPy's; 1 and 0 are not."""
    return isinstance(thing, bool) or _is_numpy_bool(thing)


def is_foreign(operand: Any) -> bool:
    """Tell whether an operand may know by itself what an operator does with a Value."""
    return not (hasattr(operand, "apply") or is_plain(operand) or type(operand).__name__ in _HINTS)


def _is_numpy_bool(number: Any) -> bool:
    kind = type(number)
    return kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_")


def _shown(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 40 and "\n" not in text else "a value"


def position_of(index: Any) -> int:
    """Return the whole number that an index is; that of a traced index does not become fixed by it.

    Raises:
        TypeError: if it is not a whole number.
    """
    position = getattr(index, "position", None)
    return operator.index(index) if position is None else position


def leaves_of(parameters: Any) -> list[Any]:
    """List the Values to differentiate by or to move: each is a leaf.

    Raises:
        TypeError: if they are no list, or one is not a Value.
        ValueError: if one is the result of an operation, which a sweep overwrites; the
            message says what to do.
    """
    if hasattr(parameters, "_layout") or not isinstance(parameters, Iterable):
        if hasattr(parameters, "parameters"):
            raise TypeError(
                f"parameters are a list of Values, got {type(parameters).__name__}: pass .parameters()"
            )
        raise no_list("parameters are a list of Values", parameters)
    listed = list(parameters)
    for parameter in listed:
        if isinstance(parameter, type) or not hasattr(parameter, "_layout"):
            hint = ": pass model.parameters(), without the names" if isinstance(parameter, tuple) else ""
            raise TypeError(f"parameters are Values, got {parameter!r}{hint}")
        if parameter._layout is not None:
            raise ValueError(no_leaf(parameter))
    return listed


def no_leaf(value: Any, name: str = "") -> str:
    """Say why the result of an operation is no parameter, and what to do instead."""
    return (
        f"parameters are leaves, got the result of {value._layout.op.name}: {name or repr(value)}. "
        "Its .detach() is the same number as a leaf: use that, before anything is computed from it"
    )


def check_rows(name: str, rows: Any) -> None:
    """Raise a TypeError if something is no list or array of examples, one after the other.

    Whatever has a length and items counts, but not what has no order, what gives other
    things than its rows (a table its columns, a dict its keys), and what hides some.

    Args:
        name: what to call it.
        rows: what a caller passed.

    Example:
        >>> check_rows("X", {0.5, 1.5})
        Traceback (most recent call last):
        TypeError: X is a list or an array, got set: it has no order
    """
    kind = type(rows)
    if kind is list or kind is tuple or (kind.__name__ == "ndarray" and rows.shape):  # as most are
        return
    if hasattr(rows, "to_numpy"):
        raise TypeError(f"{name} is a table, {kind.__module__}.{kind.__name__}: pass its rows, .to_numpy()")
    if hasattr(rows, "toarray"):
        raise TypeError(f"{name} is a sparse array: pass its rows, .toarray()")
    refuse_mask(name, rows)
    hint = ""
    if isinstance(rows, Set):
        hint = ": it has no order"
    elif isinstance(rows, Mapping) or hasattr(rows, "keys"):
        hint = ": pass a list of its values"
    elif hasattr(rows, "__next__"):
        hint = ", which can be gone through only once: pass list(...)"
    elif getattr(rows, "shape", None) == ():
        hint = ": a single number"
    elif hasattr(rows, "__len__") and hasattr(rows, "__getitem__") and not isinstance(rows, (str, type)):
        return
    raise TypeError(f"{name} is a list or an array, got {kind.__name__}{hint}")


def refuse_mask(name: str, array: Any) -> None:
    """Raise a TypeError if an array hides some of its numbers."""
    if hasattr(array, "filled") and hasattr(array, "mask"):
        raise TypeError(f"{name} is a masked array: fill it, .filled(...), or leave out what is masked")


def check_pairs(X: Any, y: Any) -> None:
    """Raise a TypeError or ValueError if examples and targets are no lists or arrays of one length."""
    check_rows("X", X)
    check_rows("y", y)
    if len(X) != len(y):
        raise ValueError(f"as many targets as examples: got {len(y)} and {len(X)}")


def check_dtype(dtype: Any) -> None:
    """Raise a ValueError if something does not name a kind of floats."""
    if not isinstance(dtype, str) or dtype not in ("float64", "float32"):
        raise ValueError(f"dtype is 'float64' or 'float32', got {dtype!r}")
