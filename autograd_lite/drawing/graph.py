"""Boxes and edges, made from a Value's computation graph."""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from autograd_lite.core.collector import collector_paused
from autograd_lite.derivatives import check_fresh
from autograd_lite.drawing.elements import Edge, Graph, Node
from autograd_lite.drawing.folding.captions import Fold
from autograd_lite.drawing.folding.focus import in_focus
from autograd_lite.drawing.folding.folder import Folder
from autograd_lite.drawing.folding.idle import without_idle
from autograd_lite.drawing.folding.neurons import IndexedGraph, find_neurons, index_graph
from autograd_lite.drawing.labels import cut, derivatives, formula_of, operation_text
from autograd_lite.drawing.outline import outline_of
from autograd_lite.drawing.text import four_digits, readable
from autograd_lite.engine import NO_GRADIENT, Value, contributions
from autograd_lite.naming import name_all

__all__ = ["Edge", "Graph", "Node", "build"]

BUDGET = 60
"""How many nodes a drawing has, roughly, before it is folded."""
LONGEST_NAME = 80
"""The most characters of a name in an outline."""
STALE = "no longer what its operands give: a .data has changed since the forward pass"


@collector_paused()
def build(
    output: Value,
    names: Mapping[str, Any] | None = None,
    fold: int | bool | str = BUDGET,
    focus: Value | str | None = None,
    depth: int | None = None,
    check_stale: bool = True,
    named: Mapping[Value, str] | None = None,
    by_example: bool = False,
) -> Graph:
    """Return what is drawn of a Value's computation graph.

    Args:
        output: the last Value of the graph.
        names: names for Values that have no label, and what they stand for.
        fold: how many nodes there may be, roughly; False or "none" to show them all.
        focus: a Value, or the name of a Value, a fold or a module, to show in detail.
        depth: how many steps to open, backwards from the focus, 1 by default; the first
            step into a layer shows its neurons, the next one their products.
        check_stale: whether Values that are no longer what their operands give are marked.
        named: the name of every Value, if that is known, as it is of a trace.
        by_example: whether the examples of a batch become one box each before layers do.

    Raises:
        TypeError: if an argument is of another type.
        ValueError: if the focus is not in the graph, or fold or depth are out of range.

    Example:
        >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
        >>> graph = build((x + y) * z, names={})
        >>> graph.title, [node.name for node in graph.nodes]
        ('v2 = v1 * z', ['x', 'y', 'z', '+', 'v1', '*', 'v2'])
        >>> graph.edges[4].label
        '∂v2/∂z = v1 = 3'
    """
    budget = _budget(fold)
    if depth is not None and (focus is None or depth < 1):
        raise ValueError("depth is at least 1, and goes with a focus: draw(L, focus=..., depth=2)")
    if focus is not None and not budget:
        raise ValueError("without folding everything is shown: leave out either focus or fold")
    indexed = index_graph(output)
    named = name_all(indexed.values, names or {}) if named is None else named
    indexed = without_idle(indexed, named)
    folds: list[Fold] = []
    if budget:
        neurons, listed = find_neurons(indexed), [named[value] for value in indexed.values]
        if isinstance(focus, str) and focus not in listed:  # a label, whatever it is drawn as
            focus = next((value for value in indexed.values if value.label == focus), focus)
        none: set[int] = set()
        opened, split = none, none
        if focus is not None:
            opened, split = in_focus(indexed, neurons, listed, focus, depth or 1)
        folds = Folder(indexed, neurons, listed, budget, opened, split, by_example).folds()
    return _Builder(indexed, named, folds, check_stale).graph(output)


def _budget(fold: int | bool | str) -> int:
    """Return what a caller says about folding as a number of nodes, 0 for no folding."""
    if fold is True:
        return BUDGET
    if fold is False or fold == "none":
        return 0
    if not isinstance(fold, int):
        raise TypeError(f"fold is a number of nodes, True, or False to show all; got {fold!r}")
    if fold < 1:
        raise ValueError(f"fold is at least 1 node, or False to show all; got {fold}")
    return fold


def gradient_of(value: Value) -> float | None:
    """Return a Value's gradient, or None if there is none yet."""
    return None if value.grad is NO_GRADIENT else value.grad


def is_stale(value: Value) -> bool:
    """Return whether a Value is no longer what the data of its operands give."""
    try:
        check_fresh([value] if value.op is not None else [])
    except RuntimeError:
        return True
    return False


class _Builder:
    """Makes nodes and edges from a graph, some of whose Values are folded.

    A part is a fold or a single Value; its number is the lowest position in it.
    """

    def __init__(
        self,
        indexed: IndexedGraph,
        names: Mapping[Value, str],
        folds: Sequence[Fold],
        check_stale: bool,
    ) -> None:
        self.indexed = indexed
        self.check_stale = check_stale
        self.names = names
        self.part = [*range(len(indexed.values))]
        self.folds: dict[int, Fold] = {}
        for fold in folds:
            number = min(fold.members)
            self.folds[number] = fold
            for index in fold.members:
                self.part[index] = number

    def graph(self, output: Value) -> Graph:
        """Return the graph: parts in topological order, each with the edges that lead to it."""
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.keys: dict[int, str] = {}
        self.lines: dict[str, str] = {}
        sources = self._sources()
        for number in _topological(sources):
            if number in self.folds:
                self._add_fold(number, self.folds[number], sources[number])
            else:
                self._add_value(number)
        places = {value: self.keys[self.part[index]] for value, index in self.indexed.position.items()}
        operands = {self.keys[number]: [self.keys[s] for s in sources[number]] for number in sources}
        outline = outline_of(places[output], self.lines, operands)
        for fold in [*self.folds.values()][:1]:
            outline += f"\n{_opening(fold)}, and so on"
        drawn = self.indexed.values[self.indexed.position[output]]
        equation = " = ".join(filter(None, (self.names[drawn], formula_of(drawn, self.names))))
        return Graph(equation, tuple(self.nodes), tuple(self.edges), places, outline)

    def _sources(self) -> dict[int, dict[int, float | None]]:
        """Return for each part those that it is computed from, and the largest gradient on the way."""
        sources: dict[int, dict[int, float | None]] = {number: {} for number in dict.fromkeys(self.part)}
        part, values = self.part, self.indexed.values
        for index in range(self.indexed.leaves, len(values)):
            number, parents = part[index], self.indexed.parents[index]
            if all(part[parent] == number for parent in parents):
                continue
            here, value = sources[number], values[index]
            for parent, flow in zip(parents, _flows(value, gradient_of(value))):
                source = part[parent]
                if source != number:
                    here[source] = _larger(here.get(source), flow)
        return sources

    def _add_value(self, index: int) -> None:
        """Add the box of a Value, and before it the circle of its operation."""
        value = self.indexed.values[index]
        name, formula, gradient = self.names[value], formula_of(value, self.names), gradient_of(value)
        circle, stale = None, self.check_stale and is_stale(value)
        if value.op is not None:
            circle = self._add_node("op", operation_text(value), tip=value.op.why)
            self._add_operands(index, gradient, circle, stale)
        title = value.label if value.label != name else ""
        notes, tip = (("stale",), STALE) if stale else ((), title)
        key = self._add_node("value", name, value.data, gradient, notes, tip)
        if circle is not None:
            self.edges.append(Edge(circle, key, gradient=gradient))
        self._place(index, key, " = ".join(filter(None, (name, formula))), value.data, gradient)
        if stale:
            self.lines[key] += f", {STALE}"

    def _add_operands(self, index: int, gradient: float | None, circle: str, is_stale: bool) -> None:
        """Add the edges that lead to an operation; one for all that come from the same fold."""
        value = self.indexed.values[index]
        labels = derivatives(value, self.names, is_stale)
        flows: dict[int, float | None] = {}
        for parent, flow, label in zip(self.indexed.parents[index], _flows(value, gradient), labels):
            source = self.part[parent]
            if source not in self.folds:
                self.edges.append(Edge(self.keys[source], circle, label, flow))
            else:
                flows[source] = _larger(flows.get(source), flow)
        for source, flow in flows.items():
            self.edges.append(Edge(self.keys[source], circle, gradient=flow))

    def _add_fold(self, number: int, fold: Fold, sources: Mapping[int, float | None]) -> None:
        """Add the box of a fold, and the edges that lead to it."""
        shown = None if fold.shown is None else self.indexed.values[fold.shown]
        data, gradient = (shown.data, gradient_of(shown)) if shown is not None else (None, None)
        tip = "\n".join((fold.name, *fold.notes, _opening(fold, "it")))
        key = self._add_node("fold", fold.name, data, gradient, fold.notes, tip)
        self.edges += [Edge(self.keys[source], key, gradient=flow) for source, flow in sources.items()]
        self._place(number, key, f"{fold.name}: {', '.join(fold.notes)}", data, gradient)

    def _add_node(self, kind: str, name: str, *more: Any, **others: Any) -> str:
        key = f"n{len(self.nodes)}"
        self.nodes.append(Node(key, kind, name, *more, **others))
        return key

    def _place(self, number: int, key: str, text: str, data: float | None, gradient: float | None) -> None:
        """Remember where a part is drawn, and write its line of the outline."""
        self.keys[number] = key
        line = readable(cut(text, 2 * LONGEST_NAME))
        if data is not None:
            line += f" = {four_digits(data)}, gradient {four_digits(gradient)}"
        self.lines[key] = line


def _opening(fold: Fold, what: str = "") -> str:
    """Say how a box is opened."""
    focus = readable(json.dumps(fold.focus, ensure_ascii=False))
    return f"draw(…, focus={focus}) opens {what or readable(cut(fold.name, LONGEST_NAME))}"


def _flows(value: Value, gradient: float | None) -> list[float | None]:
    """Return what flows back from a Value to each parent; None before any sweep."""
    return [None] * len(value.parents) if gradient is None else contributions(value, gradient, value.partials)


def _larger(one: float | None, other: float | None) -> float | None:
    """Return the one that is further from 0; nan counts as the largest."""
    if one is None or other is None:
        return other if one is None else one
    return one if abs(one) >= abs(other) or one != one else other


def _topological(sources: Mapping[int, Collection[int]]) -> list[int]:
    """Return the parts so that each follows its sources; else by number."""
    sorter = TopologicalSorter(sources)
    sorter.prepare()
    ready: list[int] = []
    order: list[int] = []
    while sorter.is_active():
        for number in sorter.get_ready():
            heapq.heappush(ready, number)
        order.append(heapq.heappop(ready))
        sorter.done(order[-1])
    return order
