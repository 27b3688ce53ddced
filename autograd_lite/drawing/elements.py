"""What is drawn: boxes and edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograd_lite.drawing.text import is_finite
from autograd_lite.engine import Value

__all__ = ["Edge", "Graph", "Node"]


@dataclass(frozen=True)
class Node:
    """A box or a circle of a drawing.

    Attributes:
        key: its identifier in the drawing: "n0", "n1", ..., in topological order.
        kind: "value" (a box), "op" (a circle) or "fold" (a box that stands for many Values).
        name: the first line, in full: a Value's name, an operation's sign, a fold's name.
        value: the number; None for an operation, and for a fold with several outputs.
        gradient: the gradient; None if there is none yet.
        notes: further lines of a fold, such as "16 neurons" or "relu(Σ wx + b)"; "stale" for
            a Value that is no longer what its operands give.
        tip: what a pointer resting on it shows.
    """

    key: str
    kind: str
    name: str
    value: float | None = None
    gradient: float | None = None
    notes: tuple[str, ...] = ()
    tip: str = ""

    @property
    def is_finite(self) -> bool:
        """Whether neither its value nor its gradient is inf or nan."""
        return is_finite(self.value) and is_finite(self.gradient)


@dataclass(frozen=True)
class Edge:
    """An arrow of a drawing, in the direction in which numbers flow forward.

    Attributes:
        source: the key of the node that it leaves.
        target: the key of the node that it enters.
        label: what is written beside it, such as "∂L/∂q = z = -4"; may be empty.
        gradient: the gradient that flows back along it, which its width shows; None if
            there is none yet.
    """

    source: str
    target: str
    label: str = ""
    gradient: float | None = None

    @property
    def is_finite(self) -> bool:
        """Whether neither the gradient along it nor the number in its label is inf or nan."""
        return is_finite(self.gradient) and not self.label.endswith(("= inf", "= -inf", "= nan"))


@dataclass(frozen=True)
class Graph:
    """Everything that a drawing shows, but not where.

    Attributes:
        title: what the drawing is of, such as "L = q * z".
        nodes: in topological order.
        edges: operand edges in the order of the operands; ``x * x`` has two.
        places: the key of the node in which each Value is shown.
        outline: the drawing as text: what those read who cannot see it.
    """

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    places: Mapping[Value, str] = field(repr=False, default_factory=dict)
    outline: str = ""
