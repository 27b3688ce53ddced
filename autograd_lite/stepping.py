"""A backward pass as a sequence of steps, each with its formula and its numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

from autograd_lite.engine import Value
from autograd_lite.gradients import check_fresh
from autograd_lite.op import Op
from autograd_lite.scalar import number_of
from autograd_lite.sweep import topological_order
from autograd_lite.symbol import Symbol, factor, fill, format_number

__all__ = ["Path", "Step", "Trace", "step_through"]

MOST_PATHS = 1000
"""The most paths that ``Trace.paths`` lists."""


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
class Path:
    """One way from the output to an input, and the product of the derivatives along it.

    Attributes:
        nodes: the names on the way, from the output to the input.
        partials: the local derivative along each edge.
        product: their product, this path's share of the gradient.
    """

    nodes: tuple[str, ...]
    partials: tuple[float, ...]
    product: float

    def __str__(self) -> str:
        factors = " · ".join(map(format_number, self.partials)) or "1"
        return f"{' → '.join(self.nodes)}: {factors} = {format_number(self.product)}"


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
        return {name: value.data for value, name in self._names.items()}

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output by each leaf, by name."""
        after = {step.parent: step.after for step in self if step.phase == "backward"}
        seed = {self.output: 1.0} if self._output.op is None else {}
        leaves = (name for value, name in self._names.items() if value.op is None)
        return {name: after.get(name, seed.get(name, 0.0)) for name in leaves}

    def paths(self, target: Value | str) -> list[Path]:
        """List every way from the output to a Value; their products add up to its gradient.

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
        end = self._find(target)
        _, nodes = topological_order(self._output)
        ways: dict[Value, int] = {self._output: 1}
        for node in reversed(nodes):
            for parent in node.parents:
                ways[parent] = ways.get(parent, 0) + ways[node]
        count = ways.get(end, 0)
        if count > MOST_PATHS:
            raise ValueError(f"there are {count} paths to {self._names[end]}, more than {MOST_PATHS}")
        return list(self._walk(end, nodes))

    def _find(self, target: Value | str) -> Value:
        for value, name in self._names.items():
            if target is value or target == name:
                return value
        raise ValueError(f"{target!r} is not in this graph; there are {', '.join(self._names.values())}")

    def _walk(self, end: Value, nodes: Sequence[Value]) -> Iterator[Path]:
        leading = {end}
        for node in nodes:
            if any(parent in leading for parent in node.parents):
                leading.add(node)
        waiting: list[tuple[Value, tuple[str, ...], tuple[float, ...]]] = []
        if self._output in leading:
            waiting.append((self._output, (self.output,), ()))
        while waiting:
            node, names, partials = waiting.pop()
            if node is end:
                product = 1.0
                for partial in partials:
                    product *= partial
                yield Path(names, partials, product)
            edges = [edge for edge in zip(node.parents, node.partials) if edge[0] in leading]
            for parent, partial in reversed(edges):
                waiting.append((parent, (*names, self._names[parent]), (*partials, partial)))

    def to_json(self, **more: Any) -> str:
        """Write the whole trace as JSON; inf and nan, which JSON lacks, become strings.

        Args:
            more: further entries to put beside the trace's own.
        """
        import json

        content = {
            "output": self.output,
            "values": self.values,
            "gradients": self.gradients,
            "steps": [asdict(step) for step in self],
            **more,
        }
        return json.dumps(_json_ready(content), ensure_ascii=False, indent=2, allow_nan=False)

    def __str__(self) -> str:
        width = len(str(len(self)))
        lines: list[str] = []
        heading = said = ""
        for step in self:
            phase = "Forward" if step.phase == "forward" else "Backward"
            if phase != heading:
                lines += ["", phase] if lines else [phase]
                heading = phase
            if step.phase == "backward" and step.node != said:
                lines.append(f"  {' ' * width}  {step.why}:")
                said = step.node
            lines.append(f"  {step.index:>{width}}  {step}")
        lines += ["", "Gradients"]
        for name, gradient in self.gradients.items():
            lines.append(f"  ∂{self.output}/∂{name} = {format_number(gradient)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Trace of {self.output}: {len(self)} steps>"


def step_through(output: Value, names: Mapping[str, Any] | None = None) -> Trace:
    """Trace the forward pass that computed a Value, and its backward pass, edge by edge.

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
        names = sys._getframe(1).f_locals
    named = _name_all([*leaves, *nodes], names)
    return Trace(output, named, list(_steps(output, nodes, named)))


def _name_all(values: Sequence[Value], variables: Mapping[str, Any]) -> dict[Value, str]:
    """Give each Value a name of its own: its label, a variable's name, or v1, v2, ..."""
    by_variable: dict[Value, str] = {}
    for name, thing in variables.items():
        if isinstance(thing, Value) and not name.startswith("_"):
            by_variable.setdefault(thing, name)
    wanted = {value: value.label or by_variable.get(value, "") for value in values}
    taken = set(wanted.values())
    names: dict[Value, str] = {}
    used: set[str] = set()
    count = 0
    for value, name in wanted.items():
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
        names[value] = unique
    return names


def _steps(output: Value, nodes: Sequence[Value], names: Mapping[Value, str]) -> Iterator[Step]:
    """Make the forward steps, the seed, and a backward step for every edge."""
    index = 0
    for node in nodes:
        index += 1
        op, symbols = _operation(node), _symbols(node, names)
        numbers = op.numbers(node.inputs, number_of)
        yield Step(
            index, "forward", names[node], op.name, None, None, None, None, None, None, node.data,
            f"{names[node]} = {fill(op, symbols)}",
            f"{fill(op, numbers)} = {format_number(node.data)}",
            op.why,
        )  # fmt: skip
    top = f"∂{names[output]}/∂"
    index += 1
    name = names[output]
    op_name = output.op.name if output.op else ""
    yield Step(
        index, "seed", name, op_name, None, None, None, None, 1.0, 0.0, 1.0,
        f"{top}{name}", "1", "the output changes exactly as much as itself",
    )  # fmt: skip
    gradients: dict[Value, float] = {output: 1.0}
    for node in reversed(nodes):
        op, upstream = _operation(node), gradients[node]
        wanted = [position for position, arg in enumerate(node.args) if isinstance(arg, Value)]
        formulas = op.slopes(Symbol(names[node]), _symbols(node, names), wanted)
        for argument, arg, local, formula in zip(wanted, node.parents, node.partials, formulas):
            index += 1
            contribution = upstream * local
            before = gradients.get(arg, 0.0)
            gradients[arg] = after = before + contribution
            numbers_text = " · ".join(map(format_number, (upstream, local)))
            yield Step(
                index, "backward", names[node], op.name, names[arg], argument,
                upstream, local, contribution, before, after,
                f"{top}{names[arg]} += {top}{names[node]} · {factor(formula)}",
                f"{numbers_text} = {format_number(contribution)}",
                op.why,
            )  # fmt: skip


def _operation(node: Value) -> Op:
    assert node.op is not None
    return node.op


def _symbols(node: Value, names: Mapping[Value, str]) -> list[Any]:
    """Give the inputs of a node as Symbols, plain numbers as they are."""
    return _operation(node).numbers(
        node.inputs, lambda arg: Symbol(names[arg]) if isinstance(arg, Value) else arg
    )


def _json_ready(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _json_ready(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [_json_ready(item) for item in thing]
    if isinstance(thing, float) and (thing != thing or thing in (float("inf"), float("-inf"))):
        return str(thing)
    return thing
