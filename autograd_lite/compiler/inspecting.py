"""What can be read off a function to be compiled, its parameters and its results."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd_lite.compiler.arguments import Form
from autograd_lite.engine import Value

__all__ = ["argument_names", "close", "flat", "hashable", "is_time", "list_parameters", "modules_of"]


def is_time(calls: int) -> bool:
    """Tell whether a call is checked: the first, and after that ever fewer."""
    return calls in (0, 10, 100, 1000, 10_000)


def close(found: Sequence[float], expected: Sequence[float], tolerance: float) -> bool:
    """Compare numbers, relative to the largest of them; nan is equal to nan."""
    finite = [abs(number) for number in expected if abs(number) < float("inf")]
    scale = tolerance * (1e-6 + max(finite, default=0.0))
    return len(found) == len(expected) and all(
        a == b or abs(a - b) <= scale or a != a or b != b or abs(a) == abs(b) == float("inf")
        for a, b in zip(found, expected)
    )


def list_parameters(parameters: Any) -> list[Value]:
    """List the parameters of a Module, a list or a dict."""
    if hasattr(parameters, "parameters"):
        parameters = parameters.parameters()
    listed = list(parameters.values() if isinstance(parameters, Mapping) else parameters)
    for parameter in listed:
        if not isinstance(parameter, Value):
            raise TypeError(f"parameters are Values, got {parameter!r}")
        if parameter.op is not None:
            raise ValueError(f"parameters are leaves, got the result of {parameter.op.name}: {parameter!r}")
    if len(set(listed)) != len(listed):
        raise ValueError("a parameter stands there twice: pass each once")
    return listed


def modules_of(f: Callable[..., Any], parameters: Any) -> Iterable[Any]:
    """Find the modules that a function uses: whether they are in training changes what it computes."""
    cells = [cell.cell_contents for cell in getattr(f, "__closure__", None) or () if _is_filled(cell)]
    scope = getattr(f, "__globals__", {})
    names = getattr(getattr(f, "__code__", None), "co_names", ())
    known: dict[int, None] = {}
    for thing in [parameters, f, getattr(f, "__self__", None), *cells, *(scope.get(n) for n in names)]:
        if hasattr(thing, "modules") and hasattr(thing, "training"):
            for module in thing.modules():
                if id(module) not in known:
                    known[id(module)] = None
                    yield module


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def argument_names(f: Callable[..., Any]) -> list[str]:
    """Name the arguments as the function does."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return [f"x{number}" for number in range(1, 10)]
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{number}" for number in range(1, 10)]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return names


def hashable(form: Form) -> Any:
    """Give what a form is looked up by; a fixed argument by itself, or by its identity."""
    try:
        hash(form.value)
    except TypeError:
        return (form.kind, id(form.value))
    return (form.kind, form.shape, form.value)


def flat(result: Any) -> Iterable[Any]:
    """Iterate over the items of nested lists."""
    for item in result:
        if isinstance(item, (list, tuple)):
            yield from flat(item)
        else:
            yield item
