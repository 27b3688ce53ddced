"""The words of a step on its page: those of the trace, with as many digits as the picture has."""

from __future__ import annotations

from typing import Any

from autograd_lite.core.symbol import Symbol, factor, fill
from autograd_lite.drawing.text import four_digits
from autograd_lite.engine import Value
from autograd_lite.formulas import derivative, symbolic_inputs, symbolic_partials
from autograd_lite.ops import OPS
from autograd_lite.stepping import Step, Trace

__all__ = ["ADDED", "FACTORS", "FOUND", "Words", "gradient_words", "short"]


FOUND = " = {after}"
FACTORS = " = {upstream} · {local}"
ADDED = " = {contribution}  ({before} → {after})"
"""How numbers are put into the words of a step, which a live page does for other numbers."""


class Words:
    """Says each step of a trace with four digits.

    Args:
        trace: the steps.

    Example:
        >>> from autograd_lite import step_through
        >>> x = Value(1 / 3, "x")
        >>> trace = step_through(x * (2 / 3), names={})
        >>> Words(trace).of(trace[0])
        ('v1 = ', 'x * 0.6667', ' = 0.3333 * 0.6667', ' = 0.2222')
    """

    def __init__(self, trace: Trace) -> None:
        self._trace, self._output, self._nodes = trace, trace.output, trace.nodes
        self._values = trace.values  # as they were
        self._slopes: tuple[str, list[Any]] = ("", [])

    def of(self, step: Step) -> tuple[str, str, str, str]:
        """Return a step's sentence in parts: what changes, by which rule, the numbers put in, the result."""
        if step.phase == "seed":
            return step.formula, "", "", FOUND.format(after=four_digits(step.after))
        node = self._nodes[step.node]
        assert node.op is not None
        if step.phase == "forward":
            start, rule = f"{step.node} = ", fill(node.op, short(symbolic_inputs(node, self._symbols(node))))
            numbers = f" = {fill(node.op, short(node.op.numbers(node.inputs, self._number)))}"
            result = FOUND.format(after=four_digits(step.after))
        else:
            assert step.parent is not None and step.argument is not None
            rule = factor(short(self._slopes_of(step.node)[node.slots.index(step.argument)]))
            by, flows = derivative(self._output, step.parent), derivative(self._output, step.node)
            start = f"{by} += {flows} · "
            numbers = FACTORS.format(upstream=four_digits(step.upstream), local=four_digits(step.local))
            result = ADDED.format(
                contribution=four_digits(step.contribution),
                before=four_digits(step.before),
                after=four_digits(step.after),
            )
        return start, rule, numbers, result

    def _number(self, operand: Value | float) -> float:
        return self._values[self._trace.name_of(operand)] if isinstance(operand, Value) else float(operand)

    def _symbols(self, node: Value) -> dict[Value, Symbol]:
        return {value: Symbol(self._trace.name_of(value)) for value in (node, *node.parents)}

    def _slopes_of(self, name: str) -> list[Any]:
        """Return the derivatives of a node, in Symbols; its steps follow one another, so they are kept."""
        if self._slopes[0] != name:
            node = self._nodes[name]
            self._slopes = name, symbolic_partials(node, self._symbols(node))
        return self._slopes[1]


def short(term: Any) -> Any:
    """Return a formula, or a list of them, in which every float is written with four digits."""
    if isinstance(term, list):
        return [*map(short, term)]
    if isinstance(term, Symbol):
        return Symbol(term.name, term.op, (*map(short, term.operands),))
    if not isinstance(term, float):
        return term
    text = four_digits(term)
    return Symbol("", OPS["neg"], (Symbol(text[1:]),)) if text.startswith("-") else Symbol(text)


def gradient_words(output: str, name: str, gradient: float) -> str:
    """Return what is said at the end of one leaf's gradient.

    Example:
        >>> gradient_words("L", "x", 2 / 3)
        '∂L/∂x = 0.6667'
    """
    return f"{derivative(output, name)} = {four_digits(gradient)}"
