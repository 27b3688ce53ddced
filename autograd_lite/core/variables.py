"""How the Values that variables hold are written: ``W[0][1]``, ``params["a"]``, ``self.w``."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from types import (
    BuiltinFunctionType,
    FrameType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from autograd_lite.core.symbol import Number

__all__ = ["callers_names", "variables_of", "written_names"]

PACKAGE = "autograd_lite"
MOST_ENTRIES = 100_000
"""The most entries of lists, tables and objects that are looked at."""
LONGEST = 100
"""What has more entries is looked into only if one of the first leads to a Value: else it is data."""
DEEPEST = 8
"""The most steps from a variable to a Value."""
FEW = 4
"""How many of the first entries of something long are looked at, and over how many steps."""

PLAIN = frozenset((bool, int, float, complex, str, bytes, type(None)))
OTHERS = (Number, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
"""Of these types is what holds no Values that a name can lead to."""
LISTS: tuple[type[Any], ...] = (list, tuple, deque)

Rank = tuple[bool, int]
"""How much a name tells, the smallest most: a key or an attribute, then a place in a short list."""
LAST: tuple[Rank, str] = ((True, sys.maxsize), "")
Contents = tuple[Callable[[Any], str], Iterable[tuple[Any, Any]], int]
"""How a key is written, the entries with their keys, and how many there are."""


def variables_of(frame: FrameType) -> dict[str, Any]:
    """Return what a caller can name: its variables, and those of its module that its code names.

    Left out is what IPython or a test runner made: "_", "@py_assert1", the history of cells.

    Args:
        frame: the caller's, as ``sys._getframe(1)`` gives it.
    """
    held = frame.f_locals
    code, outside = getattr(frame, "f_code", None), getattr(frame, "f_globals", {})
    if code is not None and outside is not held:
        held = {**{name: outside[name] for name in code.co_names if name in outside}, **held}
    history = {id(held[name]) for name in ("_ih", "_oh") if name in held}
    return {
        name: thing
        for name, thing in held.items()
        if name.isidentifier() and not name.startswith("_") and id(thing) not in history
    }


def callers_names(values: Iterable[Any]) -> dict[int, str]:
    """Return what the code that called this package calls some Values, by their ``id``.

    Args:
        values: Values, and numbers that are none.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_inside(frame):
        frame = frame.f_back
    return {} if frame is None else written_names(values, variables_of(frame))


def _is_inside(frame: FrameType) -> bool:
    """Tell whether a frame is the package's own, or the inside of a generator expression or the like."""
    name, code = frame.f_globals.get("__name__", ""), frame.f_code
    own = name.partition(".")[0] == PACKAGE or code.co_filename.startswith(f"<{PACKAGE}")
    return own or (code.co_name.startswith("<") and code.co_name not in ("<module>", "<lambda>"))


def written_names(values: Iterable[Any], variables: Mapping[str, Any]) -> dict[int, str]:
    """Return how Values are written with the help of some variables, by their ``id``.

    A variable's own Value has its name. Others are looked for in lists, tuples, dicts, NumPy's
    arrays of objects and the attributes of objects; no property is called. Of several names
    that tell equally much none is given. A table in a dict has its key as its own name.

    Args:
        values: what is looked for.
        variables: names and what they stand for.

    Example:
        >>> a, b = Number(), Number()
        >>> [*written_names([a, b], {"W": [[0.0, a]], "params": {"b": b}}).values()]
        ['params["b"]', 'W[0][1]']
    """
    wanted = {id(value) for value in values if isinstance(value, Number)}
    names: dict[int, str] = {}
    for name, thing in variables.items():
        if id(thing) in wanted:
            names.setdefault(id(thing), name)
    wanted -= names.keys()
    return {**names, **_Search(wanted).run(variables)} if wanted else names


class _Search:
    """Goes through what variables hold, level by level, so that the shortest way comes first."""

    def __init__(self, wanted: set[int]) -> None:
        self.wanted = wanted
        self.found: dict[int, tuple[Rank, str]] = {}
        self.seen: set[int] = set()
        self.looked_at = 0

    def run(self, variables: Mapping[str, Any]) -> dict[int, str]:
        """Return the name of each Value that has one."""
        starts = (*variables.items(), *_own_tables(variables))
        level = [(name, thing) for name, thing in starts if self._is_new(thing)]
        for _ in range(DEEPEST):
            level = [further for name, thing in level for further in self._enter(name, thing)]
        return {value: name for value, (_, name) in self.found.items() if name}

    def _is_new(self, thing: Any) -> bool:
        """Tell whether something may hold Values and was not met before; from now on it was."""
        if not may_hold(thing) or id(thing) in self.seen:
            return False
        self.seen.add(id(thing))
        return True

    def _enter(self, name: str, thing: Any) -> list[tuple[str, Any]]:
        """Note the Values in something, and return what else is in it."""
        written, entries, count = contents = contents_of(thing)
        if self.looked_at > MOST_ENTRIES or is_data(thing, contents):
            return []
        self.looked_at += count
        further = []
        for key, item in [*entries]:
            if id(item) in self.wanted:
                rank = (False, 0) if isinstance(key, str) else (True, count)
                known = self.found.get(id(item), LAST)[0]
                if rank <= known and (suffix := written(key)):  # of two that are as good, neither
                    self.found[id(item)] = rank, name + suffix if rank < known else ""
            elif self._is_new(item) and (suffix := written(key)):
                further.append((name + suffix, item))
        return further


def _own_tables(variables: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """List the tables in dicts that can be called by their key alone."""
    found = [
        (key, table)
        for thing in variables.values()
        if issubclass(type(thing), dict) and not is_data(thing, contents_of(thing))
        for key, table in dict.items(thing)
        if isinstance(key, str) and all(part.isidentifier() for part in key.split("."))
        if issubclass(type(table), (dict, *LISTS)) or _is_array(table)
    ]
    uses = Counter(key for key, _ in found)
    return [(key, table) for key, table in found if key not in variables and uses[key] == 1]


def is_data(thing: Any, contents: Contents) -> bool:
    """Tell whether something is so long, and begins in such a way, that it is no place for Values."""
    written, _, count = contents
    return count > LONGEST and written is not _attribute and not _leads_to_value(thing, 0)


def _leads_to_value(thing: Any, depth: int) -> bool:
    """Tell whether one of the first entries of something leads to a Value in a few steps."""
    if isinstance(thing, Number) or depth == FEW or not may_hold(thing):
        return isinstance(thing, Number)
    _, entries, _ = contents_of(thing)
    return any(_leads_to_value(item, depth + 1) for _, item in itertools.islice(entries, FEW))


# ---- What is in something, and how it is written -----------------------------------------------


def may_hold(thing: Any) -> bool:
    """Tell whether something may hold Values."""
    kind = type(thing)
    return kind not in PLAIN and not issubclass(kind, OTHERS)


def contents_of(thing: Any) -> Contents:
    """Return what something holds; an object of this package's own keeps its Values to itself."""
    kind = type(thing)
    if issubclass(kind, dict):
        return _key, dict.items(thing), dict.__len__(thing)
    fields = vars(kind).get("_fields") if issubclass(kind, tuple) else None
    if isinstance(fields, tuple):
        return _attribute, zip(fields, tuple.__iter__(thing)), tuple.__len__(thing)
    for base in LISTS:
        if issubclass(kind, base):
            return _place, enumerate(base.__iter__(thing)), base.__len__(thing)
    if _is_array(thing):
        return _place, zip(itertools.product(*map(range, thing.shape)), thing.flat), thing.size
    held = {} if str(kind.__module__).partition(".")[0] == PACKAGE else attributes_of(thing)
    return _attribute, held.items(), len(held)


def attributes_of(thing: Any) -> dict[str, Any]:
    """Return the attributes that an object holds, without asking it: nothing that it defines is called."""
    held: dict[str, Any] = {}
    for kind in type(thing).__mro__:
        for name, member in vars(kind).items():
            if name == "__dict__" and isinstance(member, GetSetDescriptorType):
                held.update(member.__get__(thing))
            elif isinstance(member, MemberDescriptorType):  # a slot, perhaps an empty one
                with contextlib.suppress(AttributeError):
                    held[name] = member.__get__(thing)
    return held


def _is_array(thing: Any) -> bool:
    """Tell whether something is NumPy's array of objects."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(type(thing), numpy.ndarray) and thing.dtype.kind == "O"


def _attribute(name: Any) -> str:
    return f".{name}"


def _place(place: Any) -> str:
    return f"[{','.join(map(str, place)) if isinstance(place, tuple) else place}]"


def _key(key: Any) -> str:
    if isinstance(key, str):
        import json

        return f"[{json.dumps(key, ensure_ascii=False)}]"
    numbers = key if type(key) is tuple else (key,)
    return _place(key) if all(type(number) in (int, bool) for number in numbers) else ""
