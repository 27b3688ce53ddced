"""A trace written out: its lines, and what it becomes as text, as JSON, in a notebook and in a file."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograd_lite.core.symbol import format_number
from autograd_lite.files import json_text, suffix_of, write_text
from autograd_lite.formulas import derivative

__all__ = ["Line", "Step", "Transcript", "renderers"]

renderers: dict[str, Callable[..., str]] = {}
"""What writes a trace, by a file's suffix or a notebook's MIME type; ``drawing`` adds its own."""

MOST_LINES = 800
"""The most lines of a trace that a notebook stores as text."""


@dataclass(frozen=True, kw_only=True)
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
    parent: str | None = None
    argument: int | None = None
    upstream: float | None = None
    local: float | None = None
    contribution: float | None = None
    before: float | None = None
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


class Transcript(Sequence[Step]):
    """Steps that can be written out; a ``Trace`` knows them and what they lead to."""

    @property
    @abstractmethod
    def output(self) -> str:
        """The name of the Value that was differentiated."""

    @property
    @abstractmethod
    def values(self) -> dict[str, float]:
        """The number of every Value in the graph, by name."""

    @property
    @abstractmethod
    def gradients(self) -> dict[str, float]:
        """The derivative of the output by each leaf, by name."""

    def lines(self, steps: Iterable[Step] | None = None) -> Iterator[Line]:
        """Yield the lines of the trace written out, as all its renderers show them.

        Args:
            steps: those to write, in order; by default all.

        Example:
            >>> from autograd_lite import Value, step_through
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


def _stored(trace: Transcript) -> str:
    """Write a trace for a notebook, which is stored with it: without the middle of a long one."""
    half = MOST_LINES // 2
    steps = [*trace[:half], *trace[-half:]] if len(trace) > MOST_LINES else None
    lines = trace._text(steps).encode(errors="replace").decode().split("\n")  # no lone surrogates
    if len(lines) > MOST_LINES:
        lines[half:-half] = ["… the lines between are left out here: print(trace)"]
    return "\n".join(lines)


renderers[".json"] = Transcript.to_json
renderers[".txt"] = lambda trace: f"{trace}\n"
renderers["text/plain"] = _stored
