"""What can be read off a function to be compiled, its parameters and its results."""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import CodeType
from typing import Any

from autograd_lite.core.coercion import leaves_of
from autograd_lite.engine import Value
from autograd_lite.ops import OPS

__all__ = [
    "argument_names", "has_numpy", "hashable", "labels_of", "list_parameters", "modules_of", "name_of",
    "names_in", "positional", "reached_by",
]  # fmt: skip

PACKAGE = "autograd_lite."
MOST_SEEN, LONGEST = 10_000, 100
"""How many objects are searched for modules, and up to which length lists are: longer ones are data."""


@functools.cache
def has_numpy() -> bool:
    """Tell whether NumPy is there; without it everything runs on floats."""
    try:
        import numpy  # noqa: F401 - only whether it can be
    except ImportError:
        return False
    return True


def list_parameters(parameters: Any) -> list[Value]:
    """List the parameters of a Module, a list or a dict."""
    if hasattr(parameters, "parameters"):
        parameters = parameters.parameters()
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(f"parameters are a Module, a list or a dict of Values, got {parameters!r}")
    listed: list[Value] = leaves_of(parameters.values() if isinstance(parameters, Mapping) else parameters)
    if len(set(listed)) != len(listed):
        raise ValueError("a parameter stands there twice: pass each once")
    return listed


def labels_of(parameters: Any, listed: Sequence[Value]) -> Callable[[int], str]:
    """Return what tells by its number what a parameter is called: by a dict's key, its module, or not at all.

    Args:
        parameters: what ``list_parameters`` took.
        listed: what it gave.
    """
    if isinstance(parameters, Mapping):
        return [*map(str, parameters)].__getitem__
    return lambda number: getattr(listed[number], "_label", "")  # as .label, but of many numbers


def modules_of(f: Callable[..., Any], parameters: Any) -> list[Any]:
    """Find the modules that a function uses: whether they are in training changes what it computes.

    They are looked for in the parameters, and in all that the function, and the functions that it
    calls, hold or name.
    """
    modules: dict[int, Any] = {}
    for thing in reached_by(f, parameters):
        if hasattr(thing, "training") and not isinstance(thing, type):
            modules.update((id(module), module) for module in getattr(thing, "modules", list)())
    return list(modules.values())


def reached_by(f: Callable[..., Any], parameters: Any) -> list[Any]:
    """List all that the parameters and a function, and the functions that it calls, hold or name."""
    seen: dict[int, Any] = {}
    waiting = deque([parameters, f])
    while waiting and len(seen) < MOST_SEEN:
        thing = waiting.popleft()
        if id(thing) not in seen and not isinstance(thing, (Value, str, int, float, type(None))):
            seen[id(thing)] = thing
            waiting += _held_by(thing)
    return list(seen.values())


@functools.cache
def names_in(code: CodeType) -> list[str]:
    """List the names that code, and what stands inside of it, may read from the globals."""
    inner = [names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return [*dict.fromkeys(itertools.chain(code.co_names, *inner))]


def _held_by(thing: Any) -> list[Any]:
    """List what a function, a list, or an object of a class of the user's holds."""
    if isinstance(thing, (list, tuple, dict)):
        items = thing.values() if isinstance(thing, dict) else thing
        return list(items) if len(thing) <= LONGEST else []
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if inspect.ismethod(thing):
        return [thing.__self__, thing.__func__]
    if inspect.isfunction(thing):
        if (thing.__module__ or "").startswith(PACKAGE):
            return []
        cells = []
        for cell in thing.__closure__ or ():
            with suppress(ValueError):  # it has no value yet
                cells.append(cell.cell_contents)
        named = [thing.__globals__[name] for name in names_in(thing.__code__) if name in thing.__globals__]
        return [*cells, *named, *(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
    if inspect.ismodule(thing) or isinstance(thing, type):
        return []
    called = [thing.__call__] if callable(thing) else []
    return [*vars(thing).values(), *called] if hasattr(thing, "__dict__") else []


def name_of(f: Callable[..., Any]) -> str:
    """Name a function; a callable object by its class."""
    if isinstance(f, functools.partial):
        return name_of(f.func)
    return str(getattr(f, "__name__", type(f).__name__))


def positional(f: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Put arguments that are passed by name where the function has them.

    Raises:
        TypeError: if there is no such argument, or it can only be passed by name.
    """
    if not named:
        return arguments
    bound = inspect.signature(f).bind(*arguments, **named)
    bound.apply_defaults()
    by_name_only = sorted(named.keys() & bound.kwargs.keys())
    if by_name_only:
        raise TypeError(f"a program takes no arguments that can only be passed by name, got {by_name_only}")
    return bound.args


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """Name ``count`` arguments as the function does; those that it has no name for, x1, x2, ...

    A name that the generated source needs for itself, such as that of a function of NumPy, gets an
    underscore.
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    several = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "x")
    names += [f"{several}{number}" for number in range(1, count - len(names) + 1)]
    return [f"{name}_" if is_taken(name) else name for name in names[:count]]


OWN = frozenset(
    (
        "N", "len", "int", "slice", "floats", "added", "scattered", "pick", "unpick", "shares", "sums",
        "dots", "array", "windows", "max_over", "sum_over", "repeated", "to_largest", "forward",
        "value_and_gradient",
    )
)  # fmt: skip
"""What the source of a program on arrays calls, beside functions of NumPy and operations."""


def is_taken(name: str) -> bool:
    """Tell whether the source of a program on arrays needs a name for itself."""
    import numpy

    made = re.search(r"^own_|_float$|_partials\d+$", name)
    return bool(made) or name in OWN or name in OPS or callable(getattr(numpy, name, None))


def hashable(thing: Any) -> Any:
    """Return what a static argument is looked up by: equal ones are alike, also if one object changes.

    Raises:
        TypeError: if it can neither be looked up nor taken apart.
    """
    if isinstance(thing, dict):
        return (dict, *((key, hashable(value)) for key, value in thing.items()))
    if isinstance(thing, (list, tuple, set, frozenset)):
        items = tuple([hashable(item) for item in thing])
        return (type(thing), frozenset(items) if isinstance(thing, (set, frozenset)) else items)
    if hasattr(thing, "tolist"):
        return (type(thing), hashable(thing.tolist()))
    if isinstance(thing, (bool, int, float)):
        return (type(thing), repr(thing))
    try:
        hash(thing)
    except TypeError:
        raise TypeError(
            f"an argument is a number, a list, an array or a dict, or something that can be a key of a "
            f"dict, got {thing!r} of type {type(thing).__name__}"
        ) from None
    return thing
