"""What lets a step page compute: its graph, its operations as JavaScript, its words as templates."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite.core.op import Op
from autograd_lite.core.symbol import Symbol, factor, fill
from autograd_lite.drawing.labels import LONGEST_LABEL, ways_to_label
from autograd_lite.drawing.step_page.frames import Frames
from autograd_lite.drawing.step_page.words import ADDED, FACTORS, FOUND, short
from autograd_lite.drawing.text import readable
from autograd_lite.engine import Value
from autograd_lite.formulas import SEEN, operation_of, ways_to_write
from autograd_lite.javascript import Term, function_script, names_script, slopes_of, value_of
from autograd_lite.ops import OPS
from autograd_lite.stepping import Trace

__all__ = ["Live"]

BLANK = re.compile(r"\0(\d+)\0")
"""Where a number is put in."""


class Live:
    """A trace whose numbers can be changed where it is shown.

    The graph stays as it was recorded: only its leaves get other numbers.

    Args:
        trace: the steps.
        frames: what they change in the picture.

    Raises:
        TypeError: if an operation cannot be written as JavaScript; the message says what to declare.
    """

    def __init__(self, trace: Trace, frames: Frames) -> None:
        self._trace, self._frames = trace, frames
        self._places = {name: place for place, name in enumerate(trace.nodes)}
        self._kinds: dict[Any, int] = {}
        self._functions: list[str] = []
        self._blanks: list[Any] = []
        self._inner = [value for value in trace.nodes.values() if value.op is not None]
        self._nodes = [self._node(value) for value in self._inner]

    def _place_of(self, value: Value) -> int:
        return self._places[self._trace.name_of(value)]

    def _node(self, value: Value) -> list[Any]:
        """Return the kind of a node, and its inputs: the places of Values, and plain numbers in lists."""
        op = operation_of(value)
        lists, attributes = op.split(value.inputs)
        counts = tuple(map(len, lists)) if op.many is not None else (len(lists),)
        key = op, counts, tuple(attributes), tuple(value.slots)
        if key not in self._kinds:
            self._kinds[key] = len(self._functions)
            self._functions.append(kind_script(op, counts, attributes, value.slots))
            self._blanks.append(blanks_of(op, value.inputs))
        args = op.flattened(value.inputs)
        inputs = args[: len(args) - len(attributes)]
        return [
            self._kinds[key],
            *(self._place_of(arg) if isinstance(arg, Value) else [float(arg)] for arg in inputs),
        ]

    def data(self, stops: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return what the script needs to know.

        Args:
            stops: the steps as the page takes them.
        """
        trace = self._trace
        leaves = [name for name, value in trace.nodes.items() if value.op is None]
        return {
            "leaves": [trace.values[name] for name in leaves],
            "names": [*map(readable, trace.nodes)],
            "places": [self._frames.place(name) for name in trace.nodes],
            "output": self._places[trace.output],
            "nodes": self._nodes,
            "moving": [self._places[name] for name in trace.parameters],
            "blanks": self._blanks,
            "rules": self._rules(),
            "labels": self._labels(stops),
            "longest": LONGEST_LABEL,
            "seen": SEEN,
            "words": {"found": FOUND, "factors": FACTORS, "added": ADDED},
        }

    def _rules(self) -> dict[int, list[list[str]]]:
        """Return how the derivatives of a node are written, by its place, where there are two ways."""
        rules = {}
        for value in self._inner:
            if operation_of(value).textbook:
                symbols = {each: Symbol(self._trace.name_of(each)) for each in (value, *value.parents)}
                ways = (
                    [readable(factor(short(rule))) for rule in way] for way in ways_to_write(value, symbols)
                )
                rules[self._place_of(value)] = [*map(list, zip(*ways))]
        return rules

    def _labels(self, stops: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
        """Return what stands in the label of an arrow beside its number, by the arrow's id."""
        labelled = {*self._frames.labelled()}
        names = {value: self._trace.name_of(value) for value in self._trace.nodes.values()}
        found = {}
        for stop in stops:
            for edge in labelled.intersection(stop["edges"]):
                step = self._trace[stop["step"] - 1]
                node = self._trace.nodes[step.node]
                assert step.argument is not None
                names.update((parent, self._trace.name_of(parent)) for parent in node.parents)
                way = ways_to_label(node, names)[node.slots.index(step.argument)]
                found[edge] = [*map(readable, way)]
        return found

    def script(self) -> str:
        """Return the operations of the graph, and the functions that they name."""
        kinds = ",\n".join(self._functions)
        return f"data.kinds = (() => {{\n{names_script()}\nreturn [\n{kinds}\n];\n}})();"


def kind_script(op: Op, counts: Sequence[int], attributes: Sequence[Any], slots: Sequence[int]) -> str:
    """Return a JavaScript object that computes nodes of one kind.

    Args:
        op: their operation.
        counts: how many inputs it has; of an operation on lists, how many in each.
        attributes: its attributes.
        slots: the inputs that are Values.
    """
    places = itertools.count()
    lists = [[Term(f"x[{next(places)}]") for _ in range(count)] for count in counts]
    inputs = [*(lists if op.many is not None else lists[0]), *attributes]
    parts = {
        "value": function_script("x", value_of(op, inputs)),
        "slopes": function_script("y, x", slopes_of(op, Term("y"), inputs, slots)),
    }
    if op.textbook:
        parts["textbook"] = function_script("y, x", op.textbook_slopes(Term("y"), inputs, slots))
    if isinstance(op.stops, tuple):
        stopped = [op.stops[slot](*inputs) for slot in slots]
        parts["stops"] = function_script("x", stopped)
    elif op.stops:
        parts["stops"] = "() => true"
    conditions = [place for place, slot in enumerate(slots) if slot in op.conditions]
    if conditions:
        parts["conditions"] = str(conditions)
    return "{ " + ",\n  ".join(f"{name}: {text}" for name, text in parts.items()) + " }"


def blanks_of(op: Op, inputs: Sequence[Any]) -> list[Any]:
    """Return an operation with numbers put in: texts, and for each number its input and whether it is bare.

    Of a number that is not bare, a negative one stands in parentheses.

    Example:
        >>> blanks_of(OPS["pow"], [Value(2.0), 3.0])
        [[0, 0], ' ** ', [1, 1]]
    """
    bare = fill(op, _marked(op, inputs, lambda mark: mark))
    negative = fill(op, _marked(op, inputs, lambda mark: Symbol("", OPS["neg"], (mark,))))
    parts: list[Any] = []
    texts = BLANK.split(bare)
    at = 0
    for text, place in zip(texts[::2], [*texts[1::2], None]):
        parts += [readable(text)] if text else []
        at += len(text)
        if place is not None:
            in_parentheses = negative[at] == "("
            parts.append([int(place), int(not in_parentheses)])
            at += len(f"-\0{place}\0") + 2 * in_parentheses
    return parts


def _marked(op: Op, inputs: Sequence[Any], of: Callable[[Symbol], Symbol]) -> Any:
    """Return the inputs of an operation with a mark for each number."""
    places = itertools.count()
    return short(op.numbers(inputs, lambda _: of(Symbol(f"\0{next(places)}\0"))))
