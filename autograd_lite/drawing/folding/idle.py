"""Nodes that change nothing, such as ``0 + x``: a drawing leaves them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograd_lite.drawing.folding.neurons import IndexedGraph
from autograd_lite.engine import Value
from autograd_lite.naming import changes_nothing

__all__ = ["without_idle"]


def without_idle(graph: IndexedGraph, names: Mapping[Value, str]) -> IndexedGraph:
    """Return a graph without the nodes that have the name of their one operand, which takes their place.

    Args:
        graph: the graph.
        names: the name of every Value in it. Only what changes nothing shares its operand's name.
    """
    if len({*names.values()}) == len(names):
        return graph
    kept: list[int] = []
    new: list[int] = []  # for each old position the new one
    for index, value in enumerate(graph.values):
        parents = graph.parents[index]
        if parents and changes_nothing(value, names):
            new.append(new[parents[0]])
        else:
            new.append(len(kept))
            kept.append(index)
    return replace(
        graph,
        values=[graph.values[index] for index in kept],
        parents=[tuple([new[parent] for parent in graph.parents[index]]) for index in kept],
        uses=[graph.uses[index] for index in kept],
        position={value: new[index] for value, index in graph.position.items()},
    )
