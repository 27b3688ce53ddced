"""What each Value of a graph is called, in steps and in drawings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_lite.core.symbol import unchanged
from autograd_lite.core.variables import variables_of, written_names
from autograd_lite.engine import Value

__all__ = ["array_name", "changes_nothing", "is_of_a_module", "name_all", "variables_of"]

LAYER = re.compile(r"(?P<layer>.*\.)?neurons\.(?P<neuron>\d+)\.(?:w\.(?P<place>\d+)|b)")
"""The dotted name of a parameter of a layer: which layer, which neuron, which of its weights or its bias."""
DOTTED = re.compile(r"[^\W\d]\w*(\.\w+)+")

Layer = tuple[str, int]
"""The dotted name of a layer, and which of several networks' it is."""


def name_all(values: Sequence[Value], variables: Mapping[str, Any]) -> dict[Value, str]:
    """Name each Value: its label, what it is in somebody's variables, or v1, v2, ...

    The dotted label of a layer's parameter is written as in a compiled program, ``W1[0,1]``; another
    dotted one as in Python, ``table[3][1]``. A node that nobody has named and that changes nothing, such
    as ``0 + x``, has the name of its operand, if it is all that uses it.

    Args:
        values: the Values of a graph, in the order in which they are to be numbered, the output last.
        variables: names and what they stand for, such as a caller's local variables.

    Example:
        >>> x, W = Value(3.0, "x"), [[Value(1.0), Value(2.0)]]
        >>> y = W[0][1] * x
        >>> list(name_all([x, W[0][1], y, y + 1.0], {"y": y, "W": W}).values())
        ['x', 'W[0][1]', 'y', 'v1']
    """
    names = _label_names(values)
    unnamed = [value for value in values if value not in names] if variables else []
    held = written_names(unnamed, variables)
    taken = set(names.values())
    for value in unnamed:
        name = held.get(id(value), "")
        if name and (name in variables or name not in taken):
            names[value] = name
    same = _same_as_operand(values, names)
    drawn = [value for value in values if value not in same] if same else values
    numbered = _numbered(drawn, names, {*names.values()})
    return {value: numbered[same.get(value, value)] for value in values} if same else numbered


def changes_nothing(node: Value, names: Mapping[Value, str]) -> bool:
    """Return whether an inner node has the name of its operand: it is neither drawn nor a step.

    Args:
        node: an inner node.
        names: the name of every Value in its graph.
    """
    return names[node] == names[node.parents[0]]


def is_of_a_module(value: Value) -> bool:
    """Return whether a Value is a parameter of a module, which has given it a dotted label."""
    return value.op is None and DOTTED.fullmatch(value.label or "") is not None


def array_name(role: str, layer: int) -> str:
    """Return what a part of a layer is called, in drawings, in steps and in compiled programs.

    Args:
        role: "W" for the weights, "b" for the biases, "z" for the weighted sums.
        layer: its number, from 1, in the order in which the layers are used.

    Example:
        >>> array_name("W", 1)
        'W1'
    """
    return f"{role}{layer}"


def _numbered(
    values: Sequence[Value], names: Mapping[Value, str], taken: Collection[str]
) -> dict[Value, str]:
    """Give each Value a name of its own: a number to those that have none, another end to equal ones."""
    unique_names: dict[Value, str] = {}
    used: set[str] = set()
    count = 0
    for value in values:
        name = names.get(value, "")
        if not name:
            count += 1
            while f"v{count}" in taken:
                count += 1
            name = f"v{count}"
        unique, copies = name, 1
        while unique in used or (copies > 1 and unique in taken):
            copies += 1
            unique = f"{name}_{copies}"
        used.add(unique)
        unique_names[value] = unique
    return unique_names


# ---- Labels ----------------------------------------------------------------------------------


def _label_names(values: Sequence[Value]) -> dict[Value, str]:
    """Return what the Values with a label are called."""
    labels = {value: label for value in values if (label := value.label)}
    if not any("." in label for label in labels.values()):
        return labels
    parts = _parts_of_layers(labels)
    numbers = _numbers_of_layers(values, parts)
    sizes: dict[Layer, set[str]] = {}
    for part in parts.values():
        sizes.setdefault(part.layer, set()).add(part.neuron)
    names = {value: _as_in_python(label) for value, label in labels.items()}
    for value, part in parts.items():
        indices = [part.neuron] * (len(sizes[part.layer]) > 1) + [part.place] * (part.place != "")
        place = f"[{','.join(indices)}]" if indices else ""
        names[value] = array_name(part.role, numbers[part.layer]) + place
    return names


class _Part(NamedTuple):
    """Where a parameter stands: in which layer, which neuron, the weights or biases, at which place."""

    layer: Layer
    neuron: str
    role: str
    place: str


def _parts_of_layers(labels: Mapping[Value, str]) -> dict[Value, _Part]:
    """Return the parameters of layers; equal labels belong to layers of several networks."""
    copies: Counter[str] = Counter()
    parts: dict[Value, _Part] = {}
    for value, label in labels.items():
        found = LAYER.fullmatch(label)
        if found is not None:
            copies[label] += 1
            role = "b" if found["place"] is None else "W"
            layer = (found["layer"] or "", copies[label])
            parts[value] = _Part(layer, found["neuron"], role, found["place"] or "")
    return parts


def _numbers_of_layers(values: Sequence[Value], parts: Mapping[Value, _Part]) -> dict[Layer, int]:
    """Number the layers in the order in which they are used."""
    numbers: dict[Layer, int] = {}
    count = len({part.layer for part in parts.values()})
    for node in values:
        if len(numbers) == count:
            break
        for parent in node.parents:
            if parent in parts:
                numbers.setdefault(parts[parent].layer, len(numbers) + 1)
    for part in parts.values():  # of a leaf that is alone
        numbers.setdefault(part.layer, len(numbers) + 1)
    return numbers


def _as_in_python(label: str) -> str:
    """Write the places in a dotted name in brackets: "table.3.1" is table[3][1]."""
    return re.sub(r"\.(\d+)", r"[\1]", label) if DOTTED.fullmatch(label) else label


# ---- Nodes that change nothing ---------------------------------------------------------------


def _same_as_operand(values: Sequence[Value], names: dict[Value, str]) -> dict[Value, Value]:
    """Return the nodes that change nothing, each with what it stands for, which gets its name.

    Such a node is the only one that uses its operand, so that both have one gradient, and at
    most one of the two was given a name. ``x * 1`` alone stays what it is.
    """
    found = {node: operand for node in values if (operand := _unchanged_operand(node)) is not None}
    if not found:
        return {}
    uses = dict.fromkeys(found.values(), 0)
    for node in values:
        for parent in node.parents:
            if parent in uses:
                uses[parent] += 1
    same: dict[Value, Value] = {}
    for node, operand in found.items():
        operand = same.get(operand, operand)
        is_alone = node is values[-1] and operand.op is None
        if uses[found[node]] > 1 or is_alone or (node in names and operand in names):
            continue
        same[node] = operand
        if node in names:
            names[operand] = names.pop(node)
    return same


def _unchanged_operand(node: Value) -> Value | None:
    """Return the operand of a node that an operation with a number left as it was."""
    op = node.op
    if op is None or node._second is not None or op.identity == (None, None):
        return None
    operand = unchanged(op, node.args)
    is_same = isinstance(operand, Value) and repr(operand.data) == repr(node.data)
    return operand if is_same else None
