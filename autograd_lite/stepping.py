"""A backward pass as a sequence of steps, each with its formula and its numbers."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from autograd_lite.core.coercion import got, leaves_of
from autograd_lite.core.collector import collector_paused
from autograd_lite.core.symbol import Symbol, factor, fill, format_number
from autograd_lite.derivatives import check_fresh
from autograd_lite.engine import Value, contributions, topological_order
from autograd_lite.formulas import derivative, operation_of, symbolic_inputs, symbolic_partials
from autograd_lite.naming import changes_nothing, is_of_a_module, name_all, variables_of
from autograd_lite.paths import Path, paths_between
from autograd_lite.transcript import Step, Transcript

__all__ = ["Path", "Step", "Trace", "step_through"]

_Edge = tuple[str, int, str, float, float, float, float]
"""A node, which of its parents, and that; upstream, contribution, and the gradient before and after."""


class Trace(Transcript):
    """The steps of one forward and one backward pass. It never changes.

    Args:
        output: the Value that was differentiated.
        nodes: the inner nodes of its graph, in topological order.
        names: the name of every Value in its graph.
        parameters: the leaves that are to be trained; None for those of modules.

    Example:
        >>> x, y = Value(3.0, "x"), Value(2.0, "y")
        >>> trace = step_through(x * y)
        >>> print(trace[0])
        v1 = x * y = 3 * 2 = 6
        >>> len(trace), trace.gradients
        (4, {'x': 2.0, 'y': 3.0})
    """

    def __init__(
        self,
        output: Value,
        nodes: Sequence[Value],
        names: Mapping[Value, str],
        parameters: Sequence[Value] | None = None,
    ) -> None:
        self._output = output
        self._parameters = parameters
        self._names = dict(names)
        self._by_name: dict[str, Value] = {}
        for value, name in self._names.items():
            self._by_name.setdefault(name, value)  # a later one with its name changes nothing
        all_differ = len(self._by_name) == len(names)
        self._nodes = [node for node in nodes if all_differ or not changes_nothing(node, names)]
        self._values = {name: value.data for name, value in self._by_name.items()}
        self._edges = _edges(self.output, self._nodes, names)
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

    @property
    def names(self) -> dict[Value, str]:
        """What each Value of the graph is called; one that changes nothing as its operand."""
        return dict(self._names)

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
            return self._edges[edge][0], self._edges[edge][2]
        return self._names[self._output if edge == -1 else self._nodes[index]], None

    @functools.cached_property
    def passing(self) -> list[str]:
        """The nodes that pass a gradient on, by name, in the order in which they do."""
        return [*dict.fromkeys([edge[0] for edge in self._edges])]

    @functools.cached_property
    def first_arrivals(self) -> dict[str, int]:
        """For each Value that receives something, by name, the first step by which it does."""
        return dict(reversed([*self._arrivals()]))

    @functools.cached_property
    def last_arrivals(self) -> dict[str, int]:
        """For each Value that receives something, by name, the last step by which it does."""
        return dict(self._arrivals())

    def _arrivals(self) -> Iterator[tuple[str, int]]:
        return zip([edge[2] for edge in self._edges], itertools.count(self.forward_steps + 2))

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
        op, name = operation_of(node), self._names[node]
        numbers = op.numbers(
            node.inputs, lambda arg: self._values[self._names[arg]] if isinstance(arg, Value) else arg
        )
        return Step(
            index=index + 1,
            phase="forward",
            node=name,
            op=op.name,
            after=self._values[name],
            formula=f"{name} = {fill(op, symbolic_inputs(node, self._symbols(node)))}",
            numbers=f"{fill(op, numbers)} = {format_number(self._values[name])}",
            why=op.why,
        )

    def _seed(self, index: int) -> Step:
        computing = (node for node in reversed(self._nodes) if self._names[node] == self.output)
        op_name = next((operation_of(node).name for node in computing), "")
        return Step(
            index=index + 1,
            phase="seed",
            node=self.output,
            op=op_name,
            contribution=1.0,
            before=0.0,
            after=1.0,
            formula=derivative(self.output, self.output),
            numbers="1",
            why="the output changes exactly as much as itself",
        )

    def _backward(self, index: int) -> Iterator[Step]:
        """Yield the steps from a node to each of its parents; the first has this index."""
        first = index - len(self._nodes) - 1
        name = self._edges[first][0]
        node = self._by_name[name]
        op = operation_of(node)
        rules = zip(node.slots, node.partials, symbolic_partials(node, self._symbols(node)))
        edges = self._edges[first : first + len(node.slots)]
        for edge, (argument, local, formula) in zip(edges, rules):
            index += 1
            _, _, parent, upstream, contribution, before, after = edge
            numbers = " · ".join(map(format_number, (upstream, local)))
            to = derivative(self.output, parent)
            yield Step(
                index=index,
                phase="backward",
                node=name,
                op=op.name,
                parent=parent,
                argument=argument,
                upstream=upstream,
                local=local,
                contribution=contribution,
                before=before,
                after=after,
                formula=f"{to} += {derivative(self.output, name)} · {factor(formula)}",
                numbers=f"{numbers} = {format_number(contribution)}",
                why=op.why,
            )

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
    def parameters(self) -> list[str]:
        """The leaves that are to be trained, by name: those that were given, or those of modules."""
        leaves = [(name, value) for name, value in self._by_name.items() if value.op is None]
        if self._parameters is None:
            return [name for name, value in leaves if is_of_a_module(value)]
        chosen = {*self._parameters}
        return [name for name, value in leaves if value in chosen]

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output by each leaf, by name."""
        return dict(self._gradients)

    @functools.cached_property
    def _gradients(self) -> dict[str, float]:
        found = {self.output: 1.0, **{edge[2]: edge[-1] for edge in self._edges}}
        return {name: found.get(name, 0.0) for name, value in self._by_name.items() if value.op is None}

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

    def __repr__(self) -> str:
        return f"<Trace of {self.output}: {len(self)} steps>"


def step_through(
    output: Value,
    names: Mapping[str, Any] | None = None,
    *,
    parameters: Iterable[Value] | None = None,
) -> Trace:
    """Return the forward pass that computed a Value, and its backward pass, edge by edge.

    No ``.grad`` is read or changed: the gradients in the trace start at 0.

    Args:
        output: the Value to differentiate.
        names: names for Values that have no label; without it, the variables of the
            caller. Values that are named by neither become v1, v2, ...
        parameters: the leaves that the step page trains; without it, those of modules. What the
            graph does not use is left out.

    Returns:
        A trace: a sequence of steps.

    Raises:
        TypeError: if output, or a parameter, is not a Value.
        ValueError: if a parameter is the result of an operation, or the graph uses none of them.
        RuntimeError: if a ``.data`` in the graph has changed since the forward pass.

    Example:
        >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
        >>> q = x + y
        >>> L = q * z
        >>> print(step_through(L)[3])
        ∂L/∂q += ∂L/∂L · z = 1 · -4 = -4  (0 → -4)
    """
    if not isinstance(output, Value):
        raise TypeError(f"step_through takes the Value to differentiate, {got(output)}")
    if names is None:
        names = variables_of(sys._getframe(1))
    chosen = None if parameters is None else leaves_of(parameters)
    with collector_paused():
        leaves, nodes = topological_order(output)
        check_fresh(nodes)
        named = name_all([*leaves, *nodes], names)
        if chosen and named.keys().isdisjoint(chosen):
            raise ValueError("none of these parameters is in the graph: give those that it was computed from")
        return Trace(output, nodes, named, chosen)


def _edges(output: str, nodes: Sequence[Value], names: Mapping[Value, str]) -> list[_Edge]:
    """Return the edges of a graph in the order of its backward pass, each with what it passes on."""
    edges: list[_Edge] = []
    gradients = {output: 1.0}
    for node in reversed(nodes):
        name = names[node]
        if name not in gradients:  # all that was computed from it is a condition
            continue
        upstream = gradients[name]
        passed_on = contributions(node, upstream, node.partials)
        for at, (parent, contribution) in enumerate(zip(node.parents, passed_on)):
            target = names[parent]
            before = after = gradients.get(target, 0.0)
            if contribution is not None:
                gradients[target] = after = before + contribution
            shown = 0.0 if contribution is None else contribution  # -0 stays what it is
            edges.append((name, at, target, upstream, shown, before, after))
    return edges
