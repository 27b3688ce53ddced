"""A backward pass as a sequence of steps, each with its formula and its numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

from autograd_lite.core.op import Op
from autograd_lite.core.scalar import number_of
from autograd_lite.core.symbol import Symbol, factor, fill, format_number
from autograd_lite.engine import Value, contributions, topological_order
from autograd_lite.files import json_text, suffix_of, write_text
from autograd_lite.gradients import check_fresh
from autograd_lite.naming import name_all, variables_of
from autograd_lite.paths import Path, paths_between

__all__ = ["Line", "Path", "Step", "Trace", "renderers", "step_through"]

renderers: dict[str, Callable[[Trace], str]] = {}
"""What writes a trace, by a file's suffix or a notebook's MIME type; ``drawing`` adds its own."""

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
        names: the name of every Value in its graph.
        steps: the steps in order.

    Example:
        >>> x, y = Value(3.0, "x"), Value(2.0, "y")
        >>> trace = step_through(x * y)
        >>> print(trace[0])
        v1 = x * y = 3 * 2 = 6
        >>> len(trace), trace.gradients
        (4, {'x': 2.0, 'y': 3.0})
    """

    def __init__(self, output: Value, names: Mapping[Value, str], steps: Sequence[Step]) -> None:
        self._output = output
        self._names = dict(names)
        self._values = {name: value.data for value, name in self._names.items()}
        self._steps = tuple(steps)

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        return self._steps[index]

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
        return {name: value for value, name in self._names.items()}

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output by each leaf, by name."""
        after = {step.parent: step.after for step in self if step.phase == "backward"}
        seed = {self.output: 1.0} if self._output.op is None else {}
        leaves = (name for value, name in self._names.items() if value.op is None)
        return {name: after.get(name, seed.get(name, 0.0)) for name in leaves}

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
            if target is value or target == name:
                return value
        raise ValueError(f"{target!r} is not in this graph; there are {', '.join(self._names.values())}")

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

    def to_html(self) -> str:
        """Write the step page: one HTML document, which needs no other file and no network."""
        return renderers[".html"](self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a file, whole or not at all.

        Args:
            path: its name; it ends in .html for the step page, .json, or .txt.

        Raises:
            ValueError: if it ends in something else.
            OSError: if it cannot be written.
        """
        suffix = suffix_of(path, [kind for kind in renderers if kind.startswith(".")])
        write_text(path, renderers[suffix](self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the step page for notebooks, and the text for where that cannot be shown."""
        return {kind: write(self) for kind, write in renderers.items() if "/" in kind}

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the trace written out, as all its renderers show them.

        Example:
            >>> x = Value(3.0, "x")
            >>> [line.text for line in step_through(x * 2.0, names={"y": x}).lines()][:2]
            ['Forward', 'v1 = x * 2 = 3 * 2 = 6']
        """
        heading = said = ""
        for step in self:
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
        width = len(str(len(self)))
        before = {"heading": "\n", "why": " " * (width + 4), "gradient": "  "}
        lines = []
        for line in self.lines():
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
    return Trace(output, named, list(_steps(output, nodes, named)))


def _steps(output: Value, nodes: Sequence[Value], names: Mapping[Value, str]) -> Iterator[Step]:
    """Yield the forward steps, the seed, and a backward step for every edge."""
    index = 0
    symbols = {value: Symbol(name) for value, name in names.items()}
    for node in nodes:
        index += 1
        op = _operation(node)
        numbers = op.numbers(node.inputs, number_of)
        yield Step(
            index, "forward", names[node], op.name, None, None, None, None, None, None, node.data,
            f"{names[node]} = {fill(op, symbolic_inputs(node, symbols))}",
            f"{fill(op, numbers)} = {format_number(node.data)}",
            op.why,
        )  # fmt: skip
    index += 1
    name = names[output]
    op_name = output.op.name if output.op else ""
    yield Step(
        index, "seed", name, op_name, None, None, None, None, 1.0, 0.0, 1.0,
        derivative(name, name), "1", "the output changes exactly as much as itself",
    )  # fmt: skip
    gradients: dict[Value, float] = {output: 1.0}
    for node in reversed(nodes):
        if node not in gradients:  # all that was computed from it is a condition
            continue
        op, upstream = _operation(node), gradients[node]
        passed_on = contributions(node, upstream, node.partials)
        for argument, arg, local, formula, contribution in zip(
            node.slots, node.parents, node.partials, symbolic_partials(node, symbols), passed_on
        ):
            index += 1
            before = after = gradients.get(arg, 0.0)
            if contribution is None:
                contribution = 0.0
            else:
                gradients[arg] = after = before + contribution
            numbers_text = " · ".join(map(format_number, (upstream, local)))
            yield Step(
                index, "backward", names[node], op.name, names[arg], argument,
                upstream, local, contribution, before, after,
                f"{derivative(name, names[arg])} += {derivative(name, names[node])} · {factor(formula)}",
                f"{numbers_text} = {format_number(contribution)}",
                op.why,
            )  # fmt: skip


def _operation(node: Value) -> Op:
    assert node.op is not None
    return node.op


def symbolic_inputs(node: Value, symbols: Mapping[Value, Symbol]) -> list[Any]:
    """Return the inputs of a node, its Values as Symbols, plain numbers as they are."""
    return _operation(node).numbers(node.inputs, lambda arg: symbols[arg] if isinstance(arg, Value) else arg)


def symbolic_partials(node: Value, symbols: Mapping[Value, Symbol]) -> list[Any]:
    """Return the derivative of a node by each parent, in Symbols."""
    return _operation(node).slopes(symbols[node], symbolic_inputs(node, symbols), node.slots)


def derivative(of: str, by: str) -> str:
    """Write a derivative of one name by another: "∂L/∂x"."""
    return f"∂{of}/∂{by}"


def _stored(trace: Trace) -> str:
    """Write a trace for a notebook, which is stored with it: without the middle of a long one."""
    lines = str(trace).encode(errors="replace").decode().split("\n")  # no lone surrogates
    left_out = len(lines) - MOST_LINES
    if left_out > 0:
        lines[MOST_LINES // 2 : -(MOST_LINES // 2)] = [f"… {left_out} lines are left out here: print(trace)"]
    return "\n".join(lines)


renderers[".json"] = Trace.to_json
renderers[".txt"] = lambda trace: f"{trace}\n"
renderers["text/plain"] = _stored
