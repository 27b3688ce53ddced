"""What is drawn of a network: columns of neurons, and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd_lite.compiler.arrays.ir import Array
from autograd_lite.compiler.arrays.primitives import Map
from autograd_lite.core.op import Op
from autograd_lite.playing.neurons import Neurons, neurons_of

__all__ = ["Column", "columns_of", "parameter_names"]


@dataclass
class Column:
    """Numbers that are drawn one below the other.

    Attributes:
        array: which they are.
        neurons: whose weighted sums they are, or are computed from one by one.
        activation: what computes them from those; None if they are the sums.
        sources: the numbers of the columns that they are computed from.
        name, sums_name: what the program of the loss calls the array and the sums; "" if it has none.
    """

    array: Array
    neurons: Neurons | None = None
    activation: Op | None = None
    sources: list[int] = field(default_factory=list)
    name: str = ""
    sums_name: str = ""


def columns_of(arrays: Sequence[Array], outputs: Sequence[Array]) -> list[Column]:
    """Find the columns of a network: its input, each layer, what layers read, and its outputs at the end.

    Args:
        arrays: the arrays of its program.
        outputs: those that hold its outputs.
    """
    users: dict[int, list[Array]] = {}
    for array in arrays:
        for view in array.views:
            users.setdefault(view.array.number, []).append(array)
    shown = {array.number: Column(array) for array in arrays if array.kind == "input"}
    layers = [each for array in arrays if (each := neurons_of(array, users.get(array.number, [])))]
    for neurons in layers:
        sums = neurons.sums
        top = _activation_of(sums, users.get(sums.number, []), sums in outputs)
        shown[top.number] = Column(top, neurons, top.op if isinstance(top, Map) and top is not sums else None)
    for neurons in layers:
        shown.setdefault(neurons.reads.number, Column(neurons.reads))
    for array in outputs:
        shown.setdefault(array.number, Column(array))
    ends = {array.number for array in outputs}
    order = sorted(shown, key=lambda number: (number in ends, number))
    for number in order:
        shown[number].sources = [order.index(each) for each in sorted(_read_by(shown[number], {*order}))]
    return [shown[number] for number in order]


def _activation_of(sums: Array, users: Sequence[Array], is_output: bool) -> Array:
    """Return what is computed of weighted sums one by one, and of nothing else; or the sums."""
    if len(users) != 1 or is_output:
        return sums
    (user,) = users
    if not isinstance(user, Map) or len(user.operands) != 1 or user.attributes or user.size != sums.size:
        return sums
    return user if user.views[0].index.reshape(-1).tolist() == [*range(sums.size)] else sums


def _read_by(column: Column, shown: set[int]) -> set[int]:
    """Find the columns that one is computed from, without those behind them."""
    found: set[int] = set()
    seen: set[int] = set()
    waiting = [view.array for view in column.array.views]
    while waiting:
        read = waiting.pop()
        if read.number in seen:
            continue
        seen.add(read.number)
        if read.number in shown:
            found.add(read.number)
        else:
            waiting += [view.array for view in read.views]
    return found


def parameter_names(arrays: Sequence[Array], count: int) -> list[str]:
    """Name the parameters in their order, as compiled programs do: W1[0,1], b1[0].

    Args:
        arrays: the arrays of a program.
        count: how many parameters there are.
    """
    import numpy

    names = [""] * count
    for leaf in arrays:
        if leaf.kind == "parameter":
            for place, index in zip(leaf.places.reshape(-1).tolist(), numpy.ndindex(*leaf.shape)):
                names[place] = f"{leaf.name}[{','.join(map(str, index))}]" if index else leaf.name
    return names
