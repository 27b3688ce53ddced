"""Module: something with parameters, and how parameters are named, saved and loaded."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any, Self

from autograd_lite.core.coercion import no_leaf
from autograd_lite.core.suggestions import Misnamed
from autograd_lite.engine import Value
from autograd_lite.files import json_text, read_json, write_text
from autograd_lite.nn.flag import Flag
from autograd_lite.nn.keeping import PLAIN, held_by
from autograd_lite.nn.table import Tabled

__all__ = ["Module"]

FORMAT = "autograd_lite parameters, version 1"


class Module(Tabled):
    """Base class of everything with parameters.

    A subclass makes Values and Modules in ``__init__``, keeps them as attributes, and defines
    ``__call__``. They may stand in lists, tuples, dicts, dataclasses and NumPy's arrays of
    objects; a set, which has no order, is refused. Values are found in the order in which
    the attributes were set.

    A parameter is a leaf, never the result of an operation. What is assigned while a call of
    a module is running, or put into a list that was empty when the first call began, is what
    the module keeps for itself, neither trained nor saved. So layers are made in
    ``__init__``, not in the first call; a Value that calls assign and ``save`` writes is named
    in ``buffers``.

    Attributes:
        training: whether the module is being trained; ``train()`` and ``eval()`` set it.
        frozen: whether its Values count as parameters; ``freeze()`` and ``unfreeze()`` set it.
        buffers: names of attributes that hold Values which are saved, but not trained.
        takes_batches: whether it is called with a list of examples and returns a list of
            outputs, as a model with a ``BatchNorm`` does, instead of with one example.

    Example:
        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope, self.offset = Value(2.0), Value(1.0)
        ...     def __call__(self, x):
        ...         return self.slope * x + self.offset
        >>> line = Line()
        >>> line(3.0).data, [name for name, _ in line.named_parameters()]
        (7.0, ['slope', 'offset'])
    """

    training = Flag(True)
    frozen = Flag(False)
    takes_batches: bool = False

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in HABITS or hasattr(self, name)]

    def __setattr__(self, name: str, thing: Any) -> None:
        if name in ("train", "eval", "parameters", "freeze", "unfreeze") and not callable(thing):
            raise AttributeError(f"{name} is a method of a module: call it, model.{name}()")
        super().__setattr__(name, thing)

    def _made(self) -> None:
        """Label the parameters by their dotted names, and refuse what is none."""
        for name, value in self.named_values():
            if not value.label or name.endswith(f".{value.label}"):
                value.label = name

    def parameters(self) -> list[Value]:
        """List the Values to train, each once.

        Raises:
            ValueError: if the result of an operation stands where a parameter should.
            TypeError: if Values or modules are kept in a set.
        """
        return list(_values_in(self, trained=True, named=False))

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Iterate over the Values to train with their dotted names, such as ``layers.0.neurons.3.w.1``."""
        return ((name, value) for value, name in _values_in(self, trained=True).items())

    def named_values(self) -> Iterator[tuple[str, Value]]:
        """Iterate over all Values with their dotted names: also frozen ones, and buffers."""
        return ((name, value) for value, name in _values_in(self, trained=False).items())

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and all modules inside it, each once."""
        return _modules_in(self, set())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self) -> Self:
        """Put the module, and all inside it, into training: dropout drops, batch norm looks at the batch.

        Frozen modules, and all inside them, stay in use as after ``eval()``: nothing in them changes.
        """
        self.eval()
        for module in _modules_in(self, {id(inner) for inner in self.modules() if inner.frozen}):
            module.training = True
        return self

    def eval(self) -> Self:
        """Put the module, and all inside it, into use: dropout and batch norm stand still."""
        for module in self.modules():
            module.training = False
        return self

    def freeze(self) -> Self:
        """Let no Value of this module count as a parameter any more; their numbers stay."""
        self.frozen = True
        return self

    def unfreeze(self) -> Self:
        """Let the Values of this module count as parameters again."""
        self.frozen = False
        return self

    def state_dict(self) -> dict[str, float]:
        """Return the number of every Value, buffers and frozen ones included, by dotted name.

        Raises:
            ValueError: if two Values have one name, which only keys with dots can cause.
        """
        return {name: value.data for name, value in table_of(self.named_values()).items()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set every Value to the number of its name.

        Args:
            state: what ``state_dict`` gave, for a module of the same form.

        Raises:
            ValueError: if names are missing, unknown, or a number is not finite; then
                nothing has changed.
        """
        values = table_of(self.named_values())
        for name, number in checked_state(state, values.keys()).items():
            values[name].data = number

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all numbers to a JSON file, whole or not at all.

        Args:
            path: where to; the folder exists. The file is written beside it first and
                then renamed, so that at any moment a whole one is there.

        Raises:
            ValueError: if a number is not finite: a file that cannot be loaded is not written.
            OSError: if the file cannot be written.
        """
        state = self.state_dict()
        for name, number in state.items():
            if not math.isfinite(number):
                raise ValueError(f"the parameter {name} is {number!r}: not saved, the file is as it was")
        write_text(path, json_text({"format": FORMAT, "state": state}, indent=1, strict=True))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read all numbers from a file that ``save`` wrote.

        Raises:
            ValueError: if the file is damaged, too large, or does not fit this module;
                the message names what differs, and nothing has changed.
            OSError: if the file cannot be read.
        """
        content = read_json(path, FORMAT)
        try:
            self.load_state_dict(content.get("state", {}))
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None


HABITS = {
    "forward": "a module is called, model(x); a class of your own defines __call__(self, x)",
    "fit": "write fit(model, loss, X, y, optimizer=...)",
    "predict": "write predict(model, X)",
    "weight": "a layer's weights are layer.matrix(), those of a neuron neuron.w",
    "bias": "the bias of a neuron is neuron.b",
    "to": 'Values are Python\'s floats; fit(..., backend="jax") trains on devices',
    "cuda": 'Values are Python\'s floats; fit(..., backend="jax") trains on devices',
    "backward": "it is the loss that has backward()",
    "step": "it is an optimiser that has step()",
    "children": "all modules in it are .modules()",
    "requires_grad_": "write model.freeze() or model.unfreeze()",
}
"""Names that other libraries give a model, and what to write here; a module of one's own may have them."""

for _name, _hint in HABITS.items():
    setattr(Module, _name, Misnamed(_name, _hint))


def table_of(pairs: Iterator[tuple[str, Value]]) -> dict[str, Value]:
    """Put named Values into a table, or raise a ValueError if two have one name."""
    table: dict[str, Value] = {}
    for name, value in pairs:
        if name in table:
            raise ValueError(f"two Values have the name {name}: rename an attribute or a key")
        table[name] = value
    return table


def checked_state(state: Any, names: Any) -> dict[str, float]:
    """Check that a state holds a finite number for each name and for nothing else.

    Raises:
        ValueError: if it does not; the message names what differs.
    """
    if not isinstance(state, Mapping):
        raise ValueError("the state is no table of names and numbers")
    missing = [name for name in names if name not in state]
    unknown = [str(name) for name in state if name not in names]
    if missing or unknown:
        raise ValueError(
            "the parameters do not fit this module"
            + (f"; missing: {_some(missing)}" if missing else "")
            + (f"; unknown: {_some(unknown)}" if unknown else "")
        )
    for name, number in state.items():
        if not is_finite_number(number):
            raise ValueError(f"the parameter {name} is {shortened(number)}, which is no finite number")
    return {name: float(number) for name, number in state.items()}


def is_finite_number(thing: Any) -> bool:
    """Tell whether something is an int or a float, but no bool, that a finite float can hold."""
    if isinstance(thing, bool) or not isinstance(thing, (int, float)):
        return False
    try:
        return math.isfinite(thing)
    except OverflowError:  # an int with more than 308 digits
        return False


def shortened(thing: Any, most: int = 40) -> str:
    """Return what a thing is shown as, or so many characters of it."""
    text = repr(thing)
    return text if len(text) <= most else f"{text[:most]}..."


def _some(names: list[str]) -> str:
    shown = ", ".join(shortened(name)[1:-1] for name in names[:5])
    return shown if len(names) <= 5 else f"{shown}, and {len(names) - 5} more"


def _values_in(module: Module, trained: bool, named: bool = True) -> dict[Value, str]:
    """Return the Values to train, or else all of them, with their names or, which is faster, without."""
    found: dict[Value, str] = {}
    _gather(module, "", trained, named, found, set())
    return found


def _gather(
    module: Module, before: str, trained: bool, named: bool, found: dict[Value, str], seen: set[int]
) -> None:
    if id(module) in seen or (trained and module.frozen):
        return
    seen.add(id(module))
    kept, assigned, buffers = module._kept, module._assigned, module.buffers
    for key, thing in vars(module).items():
        if type(thing) in PLAIN or (trained if key in buffers else key in kept):
            continue
        for name, item in held_by(thing, key, seen, f"{before}{key}" if named else ""):
            if not isinstance(item, Value):
                _gather(item, f"{name}.", trained, named, found, seen)
            elif item._layout is None or key in buffers:
                found.setdefault(item, name)
            elif key in assigned:  # else a call has put it there
                raise ValueError(no_leaf(item, name or key))


def _modules_in(module: Module, seen: set[int]) -> Iterator[Module]:
    """Iterate over a module and those in its attributes; those in ``seen`` are not entered."""
    if id(module) in seen:
        return
    seen.add(id(module))
    yield module
    for key, thing in vars(module).items():
        for _, item in held_by(thing, key, seen):
            if not isinstance(item, Value):
                yield from _modules_in(item, seen)
