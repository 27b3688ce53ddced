"""What each step of a trace changes in its picture: numbers that appear, parts to point at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograd_lite.core.symbol import format_number
from autograd_lite.drawing.graph import Graph, Node
from autograd_lite.drawing.step_page.inside import boxes_of
from autograd_lite.drawing.text import marked
from autograd_lite.engine import Value
from autograd_lite.stepping import Step, Trace

__all__ = ["MOST_STEPS", "Frames", "runs_of"]

MOST_STEPS = 5000
"""The most steps that a page shows one by one."""

OUTLINE = "All its numbers, and the steps that lead to them, stand below as text."
"""What is said of the picture to those who cannot see it."""

Run = Sequence[Step]
"""Steps that are taken at once: nearly always a single one."""


def runs_of(trace: Trace, shown: Collection[str] = ()) -> list[Run]:
    """Return the steps, each alone; a trace that is too long for a page has its middle in one run.

    Args:
        trace: the steps.
        shown: the names in the picture: of the middle only the steps that change something
            there are written, and the first and the last.
    """
    if len(trace) <= MOST_STEPS:
        return [(step,) for step in trace[:]]
    half = MOST_STEPS // 2
    first, last = half, len(trace) - half - 1
    between = _that_change(trace, range(first + 1, last), set(shown))
    middle = tuple(trace[index] for index in dict.fromkeys((first, *between, last)))
    return [*((step,) for step in trace[:half]), middle, *((step,) for step in trace[-half:])]


def _that_change(trace: Trace, indices: Sequence[int], shown: Collection[str]) -> list[int]:
    """Return those steps after which the picture shows something new; of those to one number the last."""
    found: dict[int | str | None, int] = {}
    for index in indices:
        node, parent = trace.names_at(index)
        if node in shown:
            found[index if parent is None or parent in shown else node] = index
        elif parent in shown:
            found[parent] = index
    return sorted(found.values())


class Frames:
    """Knows which parts of a picture belong to which names of a trace.

    Args:
        graph: the picture.
        trace: the steps that are shown on it.
        prefix: what every id in the picture begins with.

    Attributes:
        final: the picture with the numbers after the last step.
        widest: the picture with the longest numbers that the page will put in it.
    """

    def __init__(self, graph: Graph, trace: Trace, prefix: str) -> None:
        self._prefix, self._count, self._numbers = prefix, len(trace), trace.values
        self._values, self._output = trace.nodes, trace.output
        self._keys = {name: graph.places[value] for name, value in self._values.items()}
        self._places, self._names = graph.places, {value: name for name, value in self._values.items()}
        kinds = {node.key: node.kind for node in graph.nodes}
        self._into: dict[str, list[int]] = {}
        self._op_of: dict[str, tuple[str, int]] = {}
        for index, edge in enumerate(graph.edges):
            self._into.setdefault(edge.target, []).append(index)
            if kinds[edge.source] == "op":
                self._op_of[edge.target] = (edge.source, index)
        self._labelled = [index for index, edge in enumerate(graph.edges) if edge.label]
        shown = {self._keys[name]: name for name in self._values}
        self._shows = {node.key: shown[node.key] for node in graph.nodes if node.value is not None}
        folds = {node.key: node.name for node in graph.nodes if node.kind == "fold"}
        self._folds = {
            name: folds[key]
            for name, key in self._keys.items()
            if key in folds and self._shows.get(key) != name
        }
        self.runs = runs_of(trace, self._shows.values())
        after = {trace.output: 1.0}
        longest: dict[str, float] = {}
        for step in (step for run in self.runs for step in run):
            if step.parent is not None:
                after[step.parent] = step.after
                width = len(marked(longest.get(step.parent, 0.0)))
                if len(marked(step.after)) > width or step.parent not in longest:
                    longest[step.parent] = step.after
        self.final = self._with_gradients(graph, dict.fromkeys(self._values, 0.0) | after)
        self.widest = self._with_gradients(graph, dict.fromkeys(self._values, 0.0) | after | longest)

    def _with_gradients(self, graph: Graph, gradients: Mapping[str, float]) -> Graph:
        def with_numbers(node: Node) -> Node:
            name = self._shows.get(node.key)
            if name is None:
                return replace(node, gradient=None)
            return replace(node, value=self._numbers[name], gradient=gradients[name])

        edges = tuple(replace(edge, gradient=None) for edge in graph.edges)  # width is for the highlight
        nodes = tuple(map(with_numbers, graph.nodes))
        return replace(graph, nodes=nodes, edges=edges, outline=OUTLINE)

    def start(self) -> list[tuple[str, str]]:
        """Return the texts before the first step: known leaves, nothing computed, no gradient."""
        texts = []
        for key, name in self._shows.items():
            value = marked(self._numbers[name]) if self._values[name].op is None else "?"
            texts += [(self._id(key, "value"), value), (self._id(key, "gradient"), "∂ –")]
        return texts

    def labelled(self) -> list[str]:
        """Return the edges whose labels appear when the backward pass comes by."""
        return [self._id(f"e{index}") for index in self._labelled]

    def frame(self, run: Run) -> dict[str, Any]:
        """Return what a run of steps changes, for the page's script."""
        step = run[-1]
        edges = [edge for one in run for edge in self._edges(one)]
        if len(run) > 1:
            about: dict[str, Any] = {"from": [], "on": [], "inside": ""}
            about["place"] = f"Steps {run[0].index} to {step.index}"
        else:
            phase = "forward" if step.phase == "forward" else "backward"
            place = f"Step {step.index} of {self._count}, {phase}"
            number = step.contribution if step.contribution is not None else step.after
            about = {"from": self._from(step), "on": self._on(step), "place": place}
            about |= {"inside": boxes_of(step, self._named(step), self._folds)}
            about |= {"shown": format_number(number), "number": repr(number)}
        texts = list({text[0]: text for one in run for text in self._texts(one)}.values())
        why = step.why if len(run) == 1 and step.phase != "forward" else ""
        backward = step.phase != "forward"
        return {"step": step.index, "backward": backward, "why": why, "edges": edges, "texts": texts, **about}

    def _named(self, step: Step) -> list[str]:
        """Return the names that a step's formula may hold."""
        parents = map(self._name_of, self._values[step.node].parents)
        return list(filter(None, (self._output, step.node, step.parent, *parents)))

    def _name_of(self, value: Value) -> str:
        while value not in self._names:  # it changes nothing: its operand has its name
            value = value.parents[0]
        return self._names[value]

    def _on(self, step: Step) -> list[str]:
        """Return what a step is about: first the box that changes, then its operation and arrows."""
        node, key = self._keys[step.node], self._keys[step.parent or step.node]
        ids = [self._id(key)]
        if node not in self._op_of or self._shows.get(node) != step.node or step.phase == "seed":
            return ids
        op, out = self._op_of[node]
        into = self._into.get(op, []) if step.phase == "forward" else []
        return [*ids, self._id(op), *(self._id(f"e{edge}") for edge in [*into, out])]

    def _from(self, step: Step) -> list[str]:
        """Return where the numbers of a step come from."""
        if step.phase == "seed":
            return []
        if step.phase == "backward":
            keys = [self._keys[step.node]]
        else:
            keys = [self._places[parent] for parent in self._values[step.node].parents]
        about = self._keys[step.parent or step.node]
        return [self._id(key) for key in dict.fromkeys(keys) if key != about]

    def _edges(self, step: Step) -> list[str]:
        """Return the arrow against which a backward step goes, if the picture has it."""
        node = self._keys[step.node]
        if step.phase != "backward" or self._shows.get(node) != step.node or node not in self._op_of:
            return []
        arrows = self._into.get(self._op_of[node][0], [])
        slots = self._values[step.node].slots
        if len(arrows) != len(slots) or step.argument is None:
            return []
        return [self._id(f"e{arrows[slots.index(step.argument)]}")]

    def _texts(self, step: Step) -> list[tuple[str, str, str]]:
        """Return the texts that a step changes: their ids, the text, and what hides it from a guess."""
        name = step.parent or step.node
        key = self._keys[name]
        if self._shows.get(key) != name:
            return []
        if step.phase == "forward":
            return [(self._id(key, "value"), marked(step.after), "?")]
        return [(self._id(key, "gradient"), f"∂ {marked(step.after)}", "∂ ?")]

    def _id(self, key: str, part: str = "") -> str:
        return "-".join(filter(None, (self._prefix, key, part)))
