"""The step pages of a playground's examples: one for all, or one for each label, compressed."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_lite.core.modes import no_grad
from autograd_lite.drawing.step_page.page import page
from autograd_lite.engine import Value, topological_order
from autograd_lite.playing.columns import Column
from autograd_lite.stepping import step_through

__all__ = ["example_pages"]

MOST_STEPS = 3000
"""Of an example with more steps there is no page: ``step_through`` shows it in Python."""
MOST_PACKED = 300_000
"""The most characters that the pages of all labels take; of more there is none."""

Loss = Callable[[Any, Any], Value]


def example_pages(
    loss_of: Loss, x: Any, targets: Sequence[Any], parameters: Sequence[Value], columns: Sequence[Column]
) -> list[dict[str, Any]]:
    """Write the step pages of an example; none if they would be too long, or too many.

    Where the loss takes a target that may change, there is one page, whose leaves are the weights, the
    inputs and the target. Where it does not, as a class of ``cross_entropy``, there is one for each target.

    Args:
        loss_of: called with an example and a target.
        x: an example.
        targets: the different targets that there are.
        parameters: of the model, in their order.
        columns: of the network; what they are called there, their Values are called on the page.
    """
    is_free = _may_change(loss_of, x, targets[0])
    chosen = targets[:1] if is_free else targets
    pages: list[dict[str, Any]] = []
    for target in chosen:
        pages.append(_page_of(loss_of, x, target, is_free, parameters, columns))
        if not pages[-1] or sum(len(each["packed"]) for each in pages) > MOST_PACKED:
            return []
    return pages


def _may_change(loss_of: Loss, x: Any, target: Any) -> bool:
    """Tell whether the loss takes Values as its target."""
    try:
        with no_grad():
            loss_of(x, _as_values("y", target))
    except (TypeError, ValueError):
        return False
    return True


def _page_of(
    loss_of: Loss, x: Any, target: Any, is_free: bool, parameters: Sequence[Value], columns: Sequence[Column]
) -> dict[str, Any]:
    inputs = _as_values("x", x)
    given = _as_values("y", target) if is_free else target
    output = loss_of(inputs, given)
    leaves, nodes = topological_order(output)
    trace = step_through(output, names={**_names(nodes, parameters, columns), "L": output})
    if len(trace) > MOST_STEPS:
        return {}
    known = {leaf: trace.name_of(leaf) for leaf in leaves}
    return {
        "packed": base64.b64encode(gzip.compress(page(trace).encode(), 9, mtime=0)).decode(),
        "weights": [known.get(value) for value in parameters],
        "inputs": [known.get(value) for value in _listed(inputs)],
        "targets": [known.get(value) for value in _listed(given)],
    }


def _names(
    nodes: Sequence[Value], parameters: Sequence[Value], columns: Sequence[Column]
) -> dict[str, Value]:
    """Name the weighted sums of layers, and what activations make of them, as the columns do."""
    neurons: Mapping[Any, list[Any]] = _neurons(parameters, columns)
    names: dict[str, Value] = {}
    sums: dict[Value, tuple[Column, str]] = {}
    for node in nodes:
        assert node.op is not None
        parents = frozenset(parent for parent in node.parents if parent in parameters)
        found = neurons.get(parents, [])
        if len(found) == 1 and node.op.name == "dot":
            column, place = found[0]
            names[f"{column.sums_name or column.neurons.sums.name}{place}"] = node
            sums[node] = column, place
        elif len(node.parents) == 1 and node.parents[0] in sums:
            column, place = sums[node.parents[0]]
            if node.op is column.activation:
                names[f"{column.name or column.array.name}{place}"] = node
    return names


def _neurons(parameters: Sequence[Value], columns: Sequence[Column]) -> dict[Any, list[Any]]:
    """Find the neurons that have certain weights; where weights are shared there are several."""
    found: dict[Any, list[Any]] = {}
    for column in columns:
        if column.neurons is None:
            continue
        for neuron, (_, row) in enumerate(column.neurons.rows):
            place = f"[{neuron}]" if column.array.size > 1 else ""
            own = (*column.neurons.weights[row], *column.neurons.biases[neuron])
            found.setdefault(frozenset(parameters[at] for at in own), []).append((column, place))
    return found


def _listed(things: Any) -> list[Value]:
    if isinstance(things, (list, tuple)):
        return [value for thing in things for value in _listed(thing)]
    return [things] if isinstance(things, Value) else []


def _as_values(name: str, numbers: Any) -> Any:
    """Turn a number, or each of a list, into a Value with a label."""
    if hasattr(numbers, "tolist"):
        numbers = numbers.tolist()
    if isinstance(numbers, (list, tuple)):
        return [_as_values(f"{name}[{place}]", number) for place, number in enumerate(numbers)]
    return Value(numbers, name)
