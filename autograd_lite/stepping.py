"""A backward pass as a sequence of steps, each with its formula and its numbers."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

from autograd_lite.core.op import Op
from autograd_lite.core.scalar import number_of
from autograd_lite.core.symbol import Symbol, factor, fill, format_number
from autograd_lite.derivatives import check_fresh
from autograd_lite.engine import Value, contributions, topological_order
from autograd_lite.files import json_text, suffix_of, write_text
from autograd_lite.naming import changes_nothing, name_all, variables_of
from autograd_lite.paths import Path, paths_between

__all__ = ["Line", "Path", "Step", "Trace", "renderers", "step_through"]

_Edge = tuple[Value, int, Value, float, float, float, float]
"""A node, which of its parents, and that; upstream, contribution, and the gradient before and after."""

renderers: dict[str, Callable[..., str]] = {}
"""What writes a trace, by a file's suffix or a notebook's MIME type; ``drawing`` adds its own."""

SEEN = 1e-5
"""How far a number may be off, in parts of itself, before it is seen: six digits are shown."""
MOST_LINES = 800
"""The most lines of a trace that a notebook stores as text."""


@dataclass(frozen=True)
class Step:
    """One step of a forward or backward pass.

    Attributes:
        index: its position in the trace, from 1.
        phase: "forward", "seed" or "backward".
        node: the name of the node that is computed, or whose gradient is passed on.
        op: the name of the node's operation.
        parent: in a backward step, the name of the Value that receives a contribution.
        argument: in a backward step, which input of the operation that is, from 0.
        upstream: ∂output/∂node; None in a forward step.
        local: ∂node/∂parent; None but in a backward step.
        contribution: upstream · local; the seed's is 1.
        before: the parent's gradient before this step.
        after: the parent's gradient after it; in a forward step the node's value.
        formula: the step in symbols.
        numbers: the step with numbers put in.
        why: a sentence on what the operation does to a gradient.
    """

    index: int
    phase: str
    node: str
    op: str
    parent: str | None
    argument: int | None
    upstream: float | None
    local: float | None
    contribution: float | None
    before: float | None
    after: float
    formula: str
    numbers: str
    why: str

    def __str__(self) -> str:
        change = ""
        if self.phase == "backward" and self.before is not None:
            change = f"  ({format_number(self.before)} → {format_number(self.after)})"
        return f"{self.formula} = {self.numbers}{change}"


@dataclass(frozen=True)
class Line:
    """A line of a trace written out, the same words whatever renders it.

    Attributes:
        kind: "heading", "why", "step" or "gradient".
        text: the words.
        step: the step that it is; None for another kind of line.
    """

    kind: str
    text: str
    step: Step | None = None


class Trace(Sequence[Step]):
    """The steps of one forward and one backward pass. It never changes.

    Args:
        output: the Value that was differentiated.
        nodes: the inner nodes of its graph, in topological order.
        names: the name of every Value in its graph.

    Example:
        >>> x, y = Value(3.0, "x"), Value(2.0, "y")
        >>> trace = step_through(x * y)
        >>> print(trace[0])
        v1 = x * y = 3 * 2 = 6
        >>> len(trace), trace.gradients
        (4, {'x': 2.0, 'y': 3.0})
    """

    def __init__(self, output: Value, nodes: Sequence[Value], names: Mapping[Value, str]) -> None:
        self._output = output
        self._nodes = [node for node in nodes if not changes_nothing(node, names)]
        self._names = dict(names)
        self._by_name: dict[str, Value] = {}
        for value, name in self._names.items():
            self._by_name.setdefault(name, value)  # a later one with its name changes nothing
        self._values = {name: value.data for name, value in self._by_name.items()}
        self._edges = _edges(output, nodes, names)
        self._written: dict[int, Step] = {}

    def __len__(self) -> int:
        return len(self._nodes) + 1 + len(self._edges)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        places = range(len(self))[index]
        return tuple(map(self._step, places)) if isinstance(places, range) else self._step(places)

    @property
    def forward_steps(self) -> int:
        """How many steps the forward pass has; the seed is the next one."""
        return len(self._nodes)

    def name_of(self, value: Value) -> str:
        """Return what a Value of the graph is called."""
        return self._names[value]

    def names_at(self, index: int) -> tuple[str, str | None]:
        """Return a step's node and parent, without writing the step: a large graph has millions.

        Args:
            index: the step's position in this sequence, from 0.
        """
        edge = index - len(self._nodes) - 1
        if edge >= 0:
            return self._names[self._edges[edge][0]], self._names[self._edges[edge][2]]
        return self._names[self._output if edge == -1 else self._nodes[index]], None

    def _step(self, index: int) -> Step:
        """Write a step when it is first asked for."""
        if index not in self._written:
            edge = index - len(self._nodes) - 1
            if edge < -1:
                self._written[index] = self._forward(index)
            elif edge < 0:
                self._written[index] = self._seed(index)
            else:
                first = index - self._edges[edge][1]
                self._written.update(enumerate(self._backward(first), first))
        return self._written[index]

    def _symbols(self, node: Value) -> dict[Value, Symbol]:
        return {value: Symbol(self._names[value]) for value in (node, *node.parents)}

    def _forward(self, index: int) -> Step:
        node = self._nodes[index]
        op, name = _operation(node), self._names[node]
        numbers = op.numbers(
            node.inputs, lambda arg: self._values[self._names[arg]] if isinstance(arg, Value) else arg
        )
        return Step(
            index + 1, "forward", name, op.name, None, None, None, None, None, None, self._values[name],
            f"{name} = {fill(op, symbolic_inputs(node, self._symbols(node)))}",
            f"{fill(op, numbers)} = {format_number(self._values[name])}",
            op.why,
        )  # fmt: skip

    def _seed(self, index: int) -> Step:
        computing = (node for node in reversed(self._nodes) if self._names[node] == self.output)
        op_name = next((_operation(node).name for node in computing), "")
        return Step(
            index + 1, "seed", self.output, op_name, None, None, None, None, 1.0, 0.0, 1.0,
            derivative(self.output, self.output), "1", "the output changes exactly as much as itself",
        )  # fmt: skip

    def _backward(self, index: int) -> Iterator[Step]:
        """Yield the steps from a node to each of its parents; the first has this index."""
        first = index - len(self._nodes) - 1
        node = self._edges[first][0]
        op, name = _operation(node), self._names[node]
        rules = zip(node.slots, node.partials, symbolic_partials(node, self._symbols(node)))
        edges = self._edges[first : first + len(node.slots)]
        for edge, (argument, local, formula) in zip(edges, rules):
            index += 1
            _, _, parent, upstream, contribution, before, after = edge
            numbers = " · ".join(map(format_number, (upstream, local)))
            to = derivative(self.output, self._names[parent])
            yield Step(
                index, "backward", name, op.name, self._names[parent], argument,
                upstream, local, contribution, before, after,
                f"{to} += {derivative(self.output, name)} · {factor(formula)}",
                f"{numbers} = {format_number(contribution)}",
                op.why,
            )  # fmt: skip

    @property
    def output(self) -> str:
        """The name of the Value that was differentiated."""
        return self._names[self._output]

    @property
    def values(self) -> dict[str, float]:
        """The number of every Value in the graph, by name."""
        return dict(self._values)

    @property
    def nodes(self) -> dict[str, Value]:
        """The Values of the graph, by name: first the leaves, then in the order of computing."""
        return dict(self._by_name)

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output by each leaf, by name."""
        found = {self.output: 1.0}
        found.update((self._names[parent], after) for _, _, parent, _, _, _, after in self._edges)
        return {name: found.get(name, 0.0) for value, name in self._names.items() if value.op is None}

    def paths(self, target: Value | str) -> list[Path]:
        """Return every way from the output to a Value; their products add up to its gradient.

        Args:
            target: a Value of the graph, or its name.

        Raises:
            ValueError: if the Value is not in the graph, or there are more than 1000 ways.

        Example:
            >>> x = Value(3.0, "x")
            >>> for path in step_through(x * x + x, names={}).paths(x):
            ...     print(path)
            v2 → v1 → x: 1 · 3 = 3
            v2 → v1 → x: 1 · 3 = 3
            v2 → x: 1 = 1
        """
        return paths_between(self._output, self._find(target), self._names)

    def _find(self, target: Value | str) -> Value:
        for value, name in self._names.items():
            if target is value or target in (name, value.label or name):
                return value
        raise ValueError(f"{target!r} is not in this graph; there are {', '.join(self._by_name)}")

    def to_json(self, **more: Any) -> str:
        """Write the whole trace as JSON; inf and nan, which JSON lacks, become strings.

        Args:
            more: further entries to put beside the trace's own.
        """
        content = {
            "output": self.output,
            "values": self.values,
            "gradients": self.gradients,
            "steps": [asdict(step) for step in self],
            **more,
        }
        return json_text(content)

    def to_html(self, direction: str = "auto") -> str:
        """Write the step page: one HTML document, which needs no other file and no network.

        Args:
            direction: of its picture: "LR" (from left to right), "TB" (from top to bottom), or
                "auto".

        Raises:
            ValueError: if there is no such direction.
        """
        return renderers[".html"](self, direction)

    def save(self, path: str | os.PathLike[str], direction: str = "auto") -> None:
        """Write the trace to a file, whole or not at all.

        Args:
            path: its name; it ends in .html for the step page, .json, or .txt.
            direction: of the step page's picture, as for ``to_html``.

        Raises:
            ValueError: if it ends in something else, or there is no such direction.
            OSError: if it cannot be written.
        """
        suffix = suffix_of(path, [kind for kind in renderers if kind.startswith(".")])
        write_text(path, self.to_html(direction) if suffix == ".html" else renderers[suffix](self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the step page for notebooks, and the text for where that cannot be shown."""
        return {kind: write(self) for kind, write in renderers.items() if "/" in kind}

    def lines(self, steps: Iterable[Step] | None = None) -> Iterator[Line]:
        """Yield the lines of the trace written out, as all its renderers show them.

        Args:
            steps: those to write, in order; by default all.

        Example:
            >>> x = Value(3.0, "x")
            >>> [line.text for line in step_through(x * 2.0, names={"y": x}).lines()][:2]
            ['Forward', 'v1 = x * 2 = 3 * 2 = 6']
        """
        heading = said = ""
        for step in self if steps is None else steps:
            phase = "Forward" if step.phase == "forward" else "Backward"
            if phase != heading:
                yield Line("heading", phase)
                heading = phase
            if step.phase == "backward" and step.node != said:
                yield Line("why", f"{step.why}:")
                said = step.node
            yield Line("step", str(step), step)
        yield Line("heading", "Gradients")
        for name, gradient in self.gradients.items():
            yield Line("gradient", f"{derivative(self.output, name)} = {format_number(gradient)}")

    def __str__(self) -> str:
        return self._text()

    def _text(self, steps: Iterable[Step] | None = None) -> str:
        width = len(str(len(self)))
        before = {"heading": "\n", "why": " " * (width + 4), "gradient": "  "}
        lines = []
        for line in self.lines(steps):
            lead = f"  {line.step.index:>{width}}  " if line.step else before[line.kind]
            lines.append(lead + line.text)
        return "\n".join(lines).removeprefix("\n")

    def __repr__(self) -> str:
        return f"<Trace of {self.output}: {len(self)} steps>"


def step_through(output: Value, names: Mapping[str, Any] | None = None) -> Trace:
    """Return the forward pass that computed a Value, and its backward pass, edge by edge.

    No ``.grad`` is read or changed: the gradients in the trace start at 0.

    Args:
        output: the Value to differentiate.
        names: names for Values that have no label; without it, the variables of the
            caller. Values that are named by neither become v1, v2, ...

    Returns:
        A trace: a sequence of steps.

    Raises:
        TypeError: if output is not a Value.
        RuntimeError: if a ``.data`` in the graph has changed since the forward pass.

    Example:
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> q = x + y
        >>> L = q * z
        >>> print(step_through(L)[3])
        ∂L/∂q += ∂L/∂L · z = 1 · -4 = -4  (0 → -4)
    """
    if not isinstance(output, Value):
        raise TypeError(f"step_through takes the Value to differentiate, got {output!r}")
    leaves, nodes = topological_order(output)
    check_fresh(nodes)
    if names is None:
        names = variables_of(sys._getframe(1))
    named = name_all([*leaves, *nodes], names)
    return Trace(output, nodes, named)


def _edges(output: Value, nodes: Sequence[Value], names: Mapping[Value, str]) -> list[_Edge]:
    """Return the edges of a graph in the order of its backward pass, each with what it passes on."""
    edges: list[_Edge] = []
    gradients: dict[Value, float] = {output: 1.0}
    for node in reversed(nodes):
        if node not in gradients:  # all that was computed from it is a condition
            continue
        if changes_nothing(node, names):
            gradients[node.parents[0]] = gradients[node]
            continue
        upstream, partials = gradients[node], node.partials
        for at, (parent, passed_on) in enumerate(zip(node.parents, contributions(node, upstream, partials))):
            before = after = gradients.get(parent, 0.0)
            if passed_on is not None:
                gradients[parent] = after = before + passed_on
            contribution = 0.0 if passed_on is None else passed_on
            edges.append((node, at, parent, upstream, contribution, before, after))
    return edges


def _operation(node: Value) -> Op:
    assert node.op is not None
    return node.op


def symbolic_inputs(node: Value, symbols: Mapping[Value, Symbol]) -> list[Any]:
    """Return the inputs of a node, its Values as Symbols, plain numbers as they are."""
    return _operation(node).numbers(node.inputs, lambda arg: symbols[arg] if isinstance(arg, Value) else arg)


def symbolic_partials(node: Value, symbols: Mapping[Value, Symbol]) -> list[Any]:
    """Return the derivative of a node by each parent, in Symbols, as a textbook has it.

    Where that does not give the number, at a tie, or where a difference loses its digits, it is what
    the engine computes.
    """
    op, inputs = _operation(node), symbolic_inputs(node, symbols)
    formulas = op.slopes(symbols[node], inputs, node.slots)
    if not op.textbook:
        return formulas
    numbers = op.textbook_slopes(node.data, op.numbers(node.inputs, number_of), node.slots)
    written = op.textbook_slopes(symbols[node], inputs, node.slots)
    return [
        textbook if math.isclose(number, partial, rel_tol=SEEN) else exact
        for textbook, exact, number, partial in zip(written, formulas, numbers, node.partials)
    ]


def derivative(of: str, by: str) -> str:
    """Write a derivative of one name by another: "∂L/∂x"."""
    return f"∂{of}/∂{by}"


def _stored(trace: Trace) -> str:
    """Write a trace for a notebook, which is stored with it: without the middle of a long one."""
    half = MOST_LINES // 2
    steps = [*trace[:half], *trace[-half:]] if len(trace) > MOST_LINES else None
    lines = trace._text(steps).encode(errors="replace").decode().split("\n")  # no lone surrogates
    if len(lines) > MOST_LINES:
        lines[half:-half] = ["… the lines between are left out here: print(trace)"]
    return "\n".join(lines)


renderers[".json"] = Trace.to_json
renderers[".txt"] = lambda trace: f"{trace}\n"
renderers["text/plain"] = _stored
