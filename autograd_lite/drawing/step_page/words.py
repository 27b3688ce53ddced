"""The words of a step on its page: those of the trace, with as many digits as the picture has."""

from __future__ import annotations

from autograd_lite.core.symbol import Symbol, fill
from autograd_lite.drawing.text import four_digits
from autograd_lite.engine import Value
from autograd_lite.ops import OPS
from autograd_lite.stepping import Step, Trace, derivative

__all__ = ["Words", "gradient_words"]


class Words:
    """Says each step of a trace with four digits.

    Args:
        trace: the steps.

    Example:
        >>> from autograd_lite import step_through
        >>> x = Value(1 / 3, "x")
        >>> trace = step_through(x * x, names={})
        >>> Words(trace).of(trace[2])
        ('∂v1/∂x += ∂v1/∂v1 · ', 'x', ' = 1 · 0.3333', ' = 0.3333  (0 → 0.3333)')
    """

    def __init__(self, trace: Trace) -> None:
        self._output, self._nodes = trace.output, trace.nodes
        values = trace.values
        self._numbers = {value: values[name] for name, value in self._nodes.items()}  # as they were

    def of(self, step: Step) -> tuple[str, str, str, str]:
        """Return a step's sentence in parts: what changes, by which rule, the numbers put in, the result."""
        if step.phase == "seed":
            return step.formula, "", "", f" = {four_digits(step.after)}"
        if step.phase == "forward":
            start, numbers = f"{step.node} = ", self._put_in(self._nodes[step.node])
            result = f" = {four_digits(step.after)}"
        else:
            assert step.parent is not None
            by, flows = derivative(self._output, step.parent), derivative(self._output, step.node)
            start = f"{by} += {flows} · "
            numbers = f"{four_digits(step.upstream)} · {four_digits(step.local)}"
            before, after = four_digits(step.before), four_digits(step.after)
            result = f" = {four_digits(step.contribution)}  ({before} → {after})"
        return start, step.formula.removeprefix(start), f" = {numbers}", result

    def _put_in(self, node: Value) -> str:
        assert node.op is not None
        return fill(node.op, node.op.numbers(node.inputs, self._written))

    def _written(self, operand: Value | float) -> Symbol:
        """Return what stands for a number in a formula: its digits, and before them its sign."""
        text = four_digits(self._numbers[operand] if isinstance(operand, Value) else float(operand))
        return Symbol("", OPS["neg"], (Symbol(text[1:]),)) if text.startswith("-") else Symbol(text)


def gradient_words(output: str, name: str, gradient: float) -> str:
    """Return what is said at the end of one leaf's gradient.

    Example:
        >>> gradient_words("L", "x", 2 / 3)
        '∂L/∂x = 0.6667'
    """
    return f"{derivative(output, name)} = {four_digits(gradient)}"
