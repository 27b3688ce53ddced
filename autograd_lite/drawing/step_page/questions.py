"""What a reader who predicts is asked before each step: ideas, not arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from autograd_lite.drawing.text import readable
from autograd_lite.stepping import Trace

__all__ = ["questions"]

KINDS = ("local", "contribution", "next")
"""They take turns: the local derivative, what flows along an arrow, which node comes next."""

MOST_CHOICES = 4
REACH = 12
"""How many of the nodes to come may be offered as wrong choices."""


def questions(trace: Trace, shown: Collection[str]) -> list[dict[str, Any]]:
    """Return for each step what is asked: "ask" is the kind; for "next" there are "choices", one "right".

    A forward step asks for the node that is computed next; the seed for itself; a backward
    step for the local derivative, the contribution, the next node or, where something has
    arrived before, the running total. Nothing is asked where there is nothing to think about.

    Args:
        trace: the steps.
        shown: the names of the Values that have a box of their own in the picture.

    Example:
        >>> from autograd_lite import Value, step_through
        >>> x = Value(3.0, "x")
        >>> [question.get("ask") for question in questions(step_through(x * x), {"x", "v1"})]
        [None, 'seed', 'local', 'total']
    """
    forward, backward = _forward(trace, shown), _backward(trace, shown)
    kinds = {"forward": forward, "seed": iter([{"ask": "seed"}]), "backward": backward}
    return [next(kinds[step.phase]) for step in trace]


def _forward(trace: Trace, shown: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the questions of the forward pass: only a node whose inputs are all known can be next."""
    nodes = trace.nodes
    names = {value: name for name, value in nodes.items()}
    inner = [name for name, value in nodes.items() if value.op is not None]
    known = {name for name, value in nodes.items() if value.op is None}
    for position, name in enumerate(inner):
        later = inner[position + 1 : position + 1 + REACH] if name in shown else []
        wrong = [
            other
            for other in later
            if other in shown and not known.issuperset(names[arg] for arg in nodes[other].parents)
        ]
        yield _next(name, wrong, position)
        known.add(name)


def _backward(trace: Trace, shown: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the questions of the backward pass: a node is next once all that flows to it has arrived."""
    steps = [step for step in trace if step.phase == "backward"]
    complete = {step.parent: step.index for step in steps}
    passing = [*dict.fromkeys(step.node for step in steps)]
    leaves = [name for name, value in trace.nodes.items() if value.op is None and name in shown]
    reached: set[str | None] = set()
    turn = position = 0
    for step in steps:
        begins = step.node == passing[min(position, len(passing) - 1)]
        position += begins
        if step.parent in reached:
            yield {"ask": "total"}
            continue
        reached.add(step.parent)
        kind = KINDS[turn % len(KINDS)]
        turn += 1
        question: dict[str, Any] = {}
        if kind == "next" and begins and step.node in shown:
            later = passing[position : position + REACH]
            wrong = [name for name in later if name in shown and complete[name] >= step.index]
            question = _next(step.node, wrong or leaves[:2], step.index)
        yield question or {"ask": "local" if kind == "next" else kind}


def _next(name: str, wrong: Sequence[str], turn: int) -> dict[str, Any]:
    """Return the question for the next node, the right one at another place each time; {} if it is clear."""
    if not wrong:
        return {}
    choices = [*map(readable, (name, *wrong[: MOST_CHOICES - 1]))]
    cut = turn % len(choices)
    return {"ask": "next", "choices": choices[cut:] + choices[:cut], "right": choices[0]}
