"""What each step of a trace changes in its picture: numbers that appear, parts to point at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograd_lite.drawing.elements import Graph, Node
from autograd_lite.drawing.step_page.inside import boxes_of
from autograd_lite.drawing.step_page.questions import questions
from autograd_lite.drawing.text import marked, readable
from autograd_lite.engine import Value
from autograd_lite.formulas import derivative
from autograd_lite.stepping import Step, Trace

__all__ = ["MOST_STEPS", "MOST_STORED", "Frames", "runs_of"]

MOST_STEPS = 5000
"""The most steps that a page shows one by one."""
MOST_STORED = 400
"""The most of them in a notebook, which is stored with all it shows."""

OUTLINE = "All its numbers, and the steps that lead to them, stand below as text."
"""What is said of the picture to those who cannot see it."""

Run = Sequence[Step]
"""Steps that are taken at once: nearly always a single one."""


def runs_of(trace: Trace, most: int, shown: Collection[str] = ()) -> list[Run]:
    """Return the steps, each alone; a trace that is too long has its middle in one run.

    Args:
        trace: the steps.
        most: how many steps are too many to be taken one by one.
        shown: the names in the picture: of the middle only the steps that change something
            there are written, and the first and the last.
    """
    if len(trace) <= most:
        return [(step,) for step in trace[:]]
    half = most // 2
    first, last = half, len(trace) - half - 1
    between = _that_change(trace, range(first + 1, last), set(shown))
    middle = tuple(trace[index] for index in dict.fromkeys((first, *between, last)))
    return [*((step,) for step in trace[:half]), middle, *((step,) for step in trace[-half:])]


def _that_change(trace: Trace, indices: Sequence[int], shown: Collection[str]) -> list[int]:
    """Return those steps after which the picture shows something new; of those to one number the last."""
    found: dict[int | str | None, int] = {}
    for index in indices if shown else ():
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
        most: how many steps are shown one by one.

    Attributes:
        runs: the steps that are taken at once.
        final: the picture with the numbers after the last step.
        widest: the picture with the longest numbers that the page will put in it.
    """

    def __init__(self, graph: Graph, trace: Trace, prefix: str, most: int) -> None:
        self._prefix, self._trace, self._numbers = prefix, trace, trace.values
        self._values = trace.nodes
        self._places = graph.places
        self._operands: tuple[str, list[str]] = ("", [])
        self._arrows: tuple[str, dict[int | None, list[int]]] = ("", {})
        self._sources = [edge.source for edge in graph.edges]
        kinds = {node.key: node.kind for node in graph.nodes}
        self._into: dict[str, list[int]] = {}
        self._op_of: dict[str, tuple[str, int]] = {}
        for index, edge in enumerate(graph.edges):
            self._into.setdefault(edge.target, []).append(index)
            if kinds[edge.source] == "op":
                self._op_of[edge.target] = (edge.source, index)
        self._labelled = [index for index, edge in enumerate(graph.edges) if edge.label]
        last_in = {key: value for value, key in graph.places.items()}
        self._shows = {
            node.key: trace.name_of(last_in[node.key]) for node in graph.nodes if node.value is not None
        }
        self._folds = {node.key: node.name for node in graph.nodes if node.kind == "fold"}
        self.runs = runs_of(trace, most, self._shows.values())
        after = {trace.output: 1.0}
        longest: dict[str, float] = {}
        for step in (step for run in self.runs for step in run):
            if step.parent is not None:
                after[step.parent] = step.after
                width = len(marked(longest.get(step.parent, 0.0)))
                if len(marked(step.after)) > width or step.parent not in longest:
                    longest[step.parent] = step.after
        self.final = self._with_gradients(graph, after)
        self.widest = self._with_gradients(graph, after | longest)

    def _with_gradients(self, graph: Graph, gradients: Mapping[str, float]) -> Graph:
        def with_numbers(node: Node) -> Node:
            name = self._shows.get(node.key)
            if name is None:
                return replace(node, gradient=None)
            return replace(node, value=self._numbers[name], gradient=gradients.get(name, 0.0))

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

    def place(self, name: str) -> str:
        """Return the id of the box that shows a Value's numbers; "" if none does."""
        key = self._key(name)
        return self._id(key) if self._shows.get(key) == name else ""

    def labelled(self) -> list[str]:
        """Return the edges whose labels appear when the backward pass comes by."""
        return [self._id(f"e{index}") for index in self._labelled]

    def whys(self) -> list[str]:
        """Return what the operations do to a gradient; the "why" of a frame is a place in this list."""
        return list(dict.fromkeys(step.why for run in self.runs for step in run))

    def frames(self) -> list[dict[str, Any]]:
        """Return what each run of steps changes, for the page's script."""
        alone = [run[0].index for run in self.runs if len(run) == 1]
        asked = questions(self._trace, alone, set(self._shows.values()))
        places = {why: place for place, why in enumerate(self.whys())}
        stops = {run[0].index: stop for stop, run in enumerate(self.runs, 1) if len(run) == 1}
        found = []
        for run in self.runs:
            frame = self._frame(run)
            if len(run) == 1:
                (step,) = run
                frame |= {"why": places[step.why], **asked[step.index], **self._link(step, stops)}
            found.append(frame)
        return found

    def _frame(self, run: Run) -> dict[str, Any]:
        """Return what a run changes in the picture."""
        texts = dict(text for step in run for text in self._texts(step))
        frame = {
            "step": run[-1].index,
            "edges": [edge for step in run for edge in self._edges(step)],
            "texts": [*texts.items()],
        }
        if len(run) > 1:
            return {**frame, "begin": run[0].index, "from": [], "on": []}
        (step,) = run
        frame |= {"from": self._from(step), "on": self._on(step)}
        hidden = {name: fold for name in self._named(step) if (fold := self._fold_of(name))}
        inside = boxes_of(step.formula, hidden) if hidden else ""
        return {**frame, "inside": inside} if inside else frame

    def _key(self, name: str) -> str:
        return self._places[self._values[name]]

    def _fold_of(self, name: str) -> str | None:
        """Return the name of the box that hides a Value; None if its number is in the picture."""
        key = self._key(name)
        return self._folds.get(key) if self._shows.get(key) != name else None

    def _named(self, step: Step) -> list[str]:
        """Return the names that a step's formula may hold."""
        if self._operands[0] != step.node:  # the steps of a node follow one another
            self._operands = step.node, [*map(self._trace.name_of, self._values[step.node].parents)]
        return [self._trace.output, step.node, *filter(None, [step.parent]), *self._operands[1]]

    def _link(self, step: Step, stops: Mapping[int, int]) -> dict[str, Any]:
        """Return a step's link in the chain rule: its slope, and the stop that the gradient came by.

        Where several arrows met, or the stop is left out, the chain starts anew with what
        their gradients add up to. ``stops`` holds the stop of each step that is shown alone.
        """
        if step.phase != "backward" or step.parent is None:
            return {}
        slope, output = {"slope": readable(derivative(step.node, step.parent))}, self._trace.output
        if step.node == output:
            return slope
        arrival = self._trace.first_arrivals[step.node]
        if arrival == self._trace.last_arrivals[step.node] and arrival in stops:
            return {**slope, "via": stops[arrival]}
        return {**slope, "start": readable(derivative(output, step.node))}

    def _on(self, step: Step) -> list[str]:
        """Return what a step is about: first the box that changes, then its operation and arrows."""
        node, key = self._key(step.node), self._key(step.parent or step.node)
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
            keys = [self._key(step.node)]
        else:
            keys = [self._places[parent] for parent in self._values[step.node].parents]
        about = self._key(step.parent or step.node)
        return [self._id(key) for key in dict.fromkeys(keys) if key != about]

    def _edges(self, step: Step) -> list[str]:
        """Return the arrow against which a backward step goes, if the picture has it."""
        node = self._key(step.node)
        if step.phase != "backward" or self._shows.get(node) != step.node or node not in self._op_of:
            return []
        if self._arrows[0] != step.node:  # the steps of a node follow one another
            self._arrows = step.node, self._arrows_of(self._values[step.node], self._op_of[node][0])
        return [self._id(f"e{arrow}") for arrow in self._arrows[1].get(step.argument, [])]

    def _arrows_of(self, value: Value, op: str) -> dict[int | None, list[int]]:
        """Return the arrow of each input of a Value, by the input's slot: one stands for all of a fold."""
        arrows: dict[str, list[int]] = {}
        for arrow in self._into.get(op, []):
            arrows.setdefault(self._sources[arrow], []).append(arrow)
        found: dict[int | None, list[int]] = {}
        for slot, parent in zip(value.slots, value.parents):
            mine = arrows.get(self._places[parent], [])
            found[slot] = mine[:1]
            if len(mine) > 1:
                del mine[0]
        return found

    def _texts(self, step: Step) -> list[tuple[str, str]]:
        """Return the texts that a step changes, with their ids."""
        name = step.parent or step.node
        key = self._key(name)
        if self._shows.get(key) != name:
            return []
        if step.phase == "forward":
            return [(self._id(key, "value"), marked(step.after))]
        return [(self._id(key, "gradient"), f"∂ {marked(step.after)}")]

    def _id(self, key: str, part: str = "") -> str:
        return "-".join(filter(None, (self._prefix, key, part)))
