"""Every way from an output to an input, and its share of the gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograd_lite.core.symbol import format_number
from autograd_lite.engine import Value, contributions, topological_order
from autograd_lite.naming import changes_nothing

__all__ = ["Path", "paths_between"]

MOST_PATHS = 1000
"""The most paths that are listed."""


@dataclass(frozen=True)
class Path:
    """One way from the output to an input, and the product of the derivatives along it.

    Attributes:
        nodes: the names on the way, from the output to the input.
        partials: the local derivative along each edge.
        product: their product, this path's share of the gradient; 0 where an operation on the way
            is flat or has chosen another input.
    """

    nodes: tuple[str, ...]
    partials: tuple[float, ...]
    product: float

    def __str__(self) -> str:
        factors = " · ".join(map(format_number, self.partials)) or "1"
        return f"{' → '.join(self.nodes)}: {factors} = {format_number(self.product)}"


def paths_between(output: Value, end: Value, names: Mapping[Value, str]) -> list[Path]:
    """List every way from an output to a Value that it was computed from.

    Args:
        output: where the ways begin.
        end: where they end.
        names: the name of every Value in the output's graph.

    Raises:
        ValueError: if there are more than 1000 ways.

    Example:
        >>> x = Value(3.0)
        >>> square = x * x
        >>> [path.product for path in paths_between(square, x, {x: "x", square: "square"})]
        [3.0, 3.0]
    """
    _, nodes = topological_order(output)
    ways: dict[Value, int] = {output: 1}
    for node in reversed(nodes):
        for parent in node.parents:
            ways[parent] = ways.get(parent, 0) + ways[node]
    count = ways.get(end, 0)
    if count > MOST_PATHS:
        raise ValueError(f"there are {count} paths to {names[end]}, more than {MOST_PATHS}")
    return list(_walk(output, end, nodes, names))


def _walk(output: Value, end: Value, nodes: Sequence[Value], names: Mapping[Value, str]) -> Iterator[Path]:
    leading = {end}
    for node in nodes:
        if any(parent in leading for parent in node.parents):
            leading.add(node)
    waiting: list[tuple[Value, tuple[str, ...], tuple[float, ...], float | None]] = []
    if output in leading:
        waiting.append((output, (names[output],), (), 1.0))
    while waiting:
        node, way, partials, product = waiting.pop()
        if node is end:
            yield Path(way, partials, 0.0 if product is None else product)
        parents = node.parents
        products = [None] * len(parents)  # behind a condition
        if product is not None and node.op is not None:
            products = contributions(node, product, node.partials)
        edges = [edge for edge in zip(parents, node.partials, products) if edge[0] in leading]
        for parent, partial, passed_on in reversed(edges):
            if changes_nothing(node, names):
                waiting.append((parent, way, partials, passed_on))
            else:
                waiting.append((parent, (*way, names[parent]), (*partials, partial), passed_on))
