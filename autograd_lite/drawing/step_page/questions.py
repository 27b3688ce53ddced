"""What a reader who predicts is asked before each step: ideas, not arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from autograd_lite.drawing.text import readable
from autograd_lite.engine import Value
from autograd_lite.stepping import Trace

__all__ = ["questions"]

KINDS = ("local", "contribution", "next")
"""They take turns: the local derivative, what flows along an arrow, which node comes next."""

MOST_CHOICES = 4
REACH = 12
"""How many of the nodes to come may be offered as wrong choices."""


def questions(trace: Trace, asked: Sequence[int], shown: Collection[str]) -> dict[int, dict[str, Any]]:
    """Return for some steps what is asked: "ask" is the kind; for "next" there are "choices", one "right".

    A forward step asks for the node that is computed next; the seed for itself; a backward
    step for the local derivative, the contribution, the next node or, where something has
    arrived before, the running total. Nothing is asked where there is nothing to think about.

    Args:
        trace: the steps.
        asked: the index of each step, in order.
        shown: the names of the Values that have a box of their own in the picture.

    Example:
        >>> from autograd_lite import Value, step_through
        >>> x = Value(3.0, "x")
        >>> found = questions(step_through(x * x), [1, 2, 3, 4], {"x", "v1"})
        >>> [question.get("ask") for question in found.values()]
        [None, 'seed', 'local', 'total']
    """
    seed = trace.forward_steps + 1
    forward = _forward(trace, [index for index in asked if index < seed], shown)
    backward = _backward(trace, [index for index in asked if index > seed], shown)
    return {**forward, seed: {"ask": "seed"}, **backward}


def _forward(trace: Trace, asked: Sequence[int], shown: Collection[str]) -> dict[int, dict[str, Any]]:
    """Return the questions of the forward pass: only a node whose inputs are all known can be next."""
    computed = [trace.names_at(position)[0] for position in range(trace.forward_steps)]
    places = {name: position for position, name in enumerate(computed)}

    def is_known(value: Value, position: int) -> bool:
        return places.get(trace.name_of(value), -1) < position

    found = {}
    for index in asked:
        position = index - 1
        name = computed[position]
        later = computed[index : index + REACH] if name in shown else []
        wrong = [
            other
            for other in later
            if other in shown and not all(is_known(arg, position) for arg in trace.nodes[other].parents)
        ]
        found[index] = _next(name, wrong, position)
    return found


def _backward(trace: Trace, asked: Sequence[int], shown: Collection[str]) -> dict[int, dict[str, Any]]:
    """Return the questions of the backward pass: a node is next once all that flows to it has arrived."""
    passing = trace.passing
    places = {name: place for place, name in enumerate(passing)}
    leaves = [name for name, value in trace.nodes.items() if value.op is None and name in shown]
    turn = 0
    found = {}
    for index in asked:
        node, parent = trace.names_at(index - 1)
        if parent is None or trace.first_arrivals[parent] < index:
            found[index] = {"ask": "total"}
            continue
        kind = KINDS[turn % len(KINDS)]
        turn += 1
        question: dict[str, Any] = {}
        if kind == "next" and node in shown and _begins(trace, index):
            later = passing[places[node] + 1 : places[node] + 1 + REACH]
            wrong = [name for name in later if name in shown and trace.last_arrivals[name] >= index]
            question = _next(node, wrong or leaves[:2], index)
        found[index] = question or {"ask": "local" if kind == "next" else kind}
    return found


def _begins(trace: Trace, index: int) -> bool:
    """Return whether a backward step is the first of its node."""
    node, parent = trace.names_at(index - 2)
    return parent is None or node != trace.names_at(index - 1)[0]


def _next(name: str, wrong: Sequence[str], turn: int) -> dict[str, Any]:
    """Return the question for the next node, the right one at another place each time; {} if it is clear."""
    if not wrong:
        return {}
    choices = [*map(readable, (name, *wrong[: MOST_CHOICES - 1]))]
    cut = turn % len(choices)
    return {"ask": "next", "choices": choices[cut:] + choices[:cut], "right": choices[0]}
