"""Index: a whole number that is passed to a traced function, and is not known yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

from autograd_lite.compiler.signature import EXACT
from autograd_lite.core.coercion import is_plain
from autograd_lite.core.modes import current_tracer
from autograd_lite.engine import Value

__all__ = ["Index", "TraceError"]


class TraceError(TypeError):
    """A function to be compiled read a number that is only known when the program runs."""


class Index(Value):
    """A whole number that is passed to a traced function.

    As an index of ``pick``, ``Embedding`` or ``cross_entropy``, and in sums, differences and
    products, it stays unknown. Used in any other way (as an index of a list, in ``==``) it becomes
    fixed: the program then holds for this number only.

    Args:
        position: the number.
        roots: what it was computed from, if it was.
    """

    __slots__ = ("position", "roots")
    __array_priority__ = 1000.0  # an array leaves it to this class what the two are together

    def __init__(self, position: int, roots: tuple[Index, ...] = ()) -> None:
        super().__init__(float(position))
        self.position = position
        self.roots = roots or (self,)

    def fixed(self) -> int:
        """Return the number, for a use that fixes it."""
        tracer = current_tracer()
        if tracer is not None:
            tracer.fix(self)
        return self.position

    def __float__(self) -> float:
        return float(self.fixed())

    def __hash__(self) -> int:
        return object.__hash__(self) if current_tracer() is None else hash(self.fixed())

    def __eq__(self, other: object) -> bool:
        if current_tracer() is None or self is other:
            return self is other
        if isinstance(other, Index):
            return self.fixed() == other.fixed()
        return NotImplemented if isinstance(other, Value) else self.fixed() == other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.fixed(), name)  # bit_length, ...

    def __repr__(self) -> str:
        return repr(self.fixed())

    def __format__(self, spec: str) -> str:
        return format(self.fixed(), spec)


def _fixing(name: str) -> Callable[..., Any]:
    """Make a method of Index that does with the number what an int does, and fixes it."""
    on_numbers = getattr(int, name)

    def method(index: Index, *others: Any) -> Any:
        if any(hasattr(other, "__array__") for other in others):
            return _beside_array(name, index, *others)
        return on_numbers(index.fixed(), *[o.fixed() if isinstance(o, Index) else o for o in others])

    return method


def _moving(name: str) -> Callable[..., Any]:
    """Make an operator of Index: with whole numbers the result is again an index."""
    on_values, on_numbers = getattr(Value, name), getattr(int, name)

    def method(index: Index, *others: Any) -> Any:
        if any(hasattr(other, "__array__") and not is_plain(other) for other in others):
            return _beside_array(name, index, *others)
        if any(isinstance(other, Sequence) for other in others):  # [0.0] * index, which asks for __index__
            return NotImplemented
        value = on_values(index, *others)
        whole = [index, *(other if isinstance(other, Index) else _whole(other) for other in others)]
        if None in map(_whole, whole) or not abs(value._data) < EXACT:
            return value
        position = on_numbers(*map(_whole, whole))
        if not isinstance(position, int):  # 2 / 3
            return value
        roots = {id(root): root for each in whole if isinstance(each, Index) for root in each.roots}
        moved = Index(position, tuple(roots.values()))
        moved.become(value)
        return moved

    return method


def _whole(number: Any) -> int | None:
    """Return an integer as an int, without fixing it; None if it is none."""
    if isinstance(number, Index):
        return number.position
    return int(number) if isinstance(number, Integral) else None


def _beside_array(name: str, index: Index, array: Any) -> Any:
    """Let an array do with the number, which this fixes, what it does with an int."""
    plain = name.removeprefix("__").removesuffix("__")
    reflected = plain.startswith("r") and plain[1:] in f"{FIXING} {MOVING}".split()
    other = plain[1:] if reflected else f"r{plain}"
    return getattr(array, f"__{other}__")(index.fixed())


FIXING = """index int bool trunc round floor ceil floordiv rfloordiv mod rmod divmod rdivmod
lshift rlshift rshift rrshift and rand or ror xor rxor invert"""
MOVING = "add radd sub rsub mul rmul truediv rtruediv pow rpow neg abs"
for _name in FIXING.split():
    setattr(Index, f"__{_name}__", _fixing(f"__{_name}__"))
for _name in MOVING.split():
    setattr(Index, f"__{_name}__", _moving(f"__{_name}__"))
