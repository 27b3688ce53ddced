"""What a model is made of, as a table: each layer with its form and the number of its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd_lite.engine import Value
from autograd_lite.nn.keeping import PLAIN, Keeping, contents_of, held_by

__all__ = ["Tabled", "table_of_layers"]

Row = tuple[str, str, str]
HEAD = ("layer", "form", "parameters")


class Tabled(Keeping):
    """Shows itself as a table of its layers; a layer says in one line what it is."""

    def __repr__(self) -> str:
        try:
            return table_of_layers(self)
        except (TypeError, ValueError):  # it holds what is no parameter
            return object.__repr__(self)


def table_of_layers(module: Any) -> str:
    """Return a model as a table: a line for each layer, or for what else holds parameters.

    Example:
        >>> from autograd_lite import nn
        >>> print(table_of_layers(nn.MLP(2, [16, 1])))
        MLP: 65 parameters
          layer     form                  parameters
          layers.0  Layer(2, 16, 'relu')          48
          layers.1  Layer(16, 1, None)            17
    """
    title = f"{type(module).__name__}: {_counted(module)} parameters"
    rows = [HEAD, *_inside(module, "", {id(module)})]
    if len(rows) == 1:
        return title
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = [f"  {name:{widths[0]}}  {form:{widths[1]}}  {count:>{widths[2]}}" for name, form, count in rows]
    return "\n".join([title, *map(str.rstrip, lines)])


def _inside(module: Any, before: str, seen: set[int]) -> Iterator[Row]:
    """Iterate over the rows of what a module holds."""
    for key, thing in vars(module).items():
        if type(thing) not in PLAIN and key not in module._kept and key not in module.buffers:
            yield from _rows(thing, before + key, seen)


def _rows(thing: Any, name: str, seen: set[int]) -> Iterator[Row]:
    if isinstance(thing, Keeping):
        is_new = id(thing) not in seen
        seen.add(id(thing))
        if type(thing).__repr__ is not Tabled.__repr__:
            yield name, repr(thing), _counted(thing) if is_new else "the same"
        else:
            yield name, type(thing).__name__, "" if is_new else "the same"
            if is_new:
                yield from _inside(thing, f"{name}.", seen)
    elif isinstance(thing, Value):
        yield name, "number", "1"
    elif callable(thing):
        yield name, _name_of(thing), "0"
    else:
        held = held_by(thing, name, set())
        if held and all(isinstance(item, Value) for _, item in held):
            yield name, _form(thing), str(len(held))
        else:
            for key, item in contents_of(thing, name, set()):
                yield from _rows(item, f"{name}.{key}", seen)


def _counted(module: Any) -> str:
    """Count the parameters of a module; those of a frozen one do not count."""
    return f"{len(module.parameters())}{' (frozen)' if module.frozen else ''}"


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "function" if name == "<lambda>" else name


def _form(thing: Any) -> str:
    """Write the lengths of nested lists: 3 × 4."""
    lengths = []
    while hasattr(thing, "__len__") and not isinstance(thing, Value):
        lengths.append(str(len(thing)))
        thing = next(iter(thing.values() if isinstance(thing, dict) else thing), None)
    return " × ".join(lengths)
