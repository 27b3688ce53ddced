"""What the compiler made of a function, in words."""

from __future__ import annotations

from typing import Any

from autograd_lite.compiler.arrays.ir import Constant, Operand
from autograd_lite.compiler.arrays.primitives import Concatenate, Map, Primitive
from autograd_lite.compiler.arrays.products import RowDots
from autograd_lite.compiler.introspection import has_numpy
from autograd_lite.compiler.specialization import Specialization
from autograd_lite.core.symbol import format_number

__all__ = ["explanation"]

MOST_SHOWN = 8
"""How many comparisons of one kind are written out."""
MOST_ROWS = 10_000
"""Where more rows than this run on floats, no number of rows pays."""


def explanation(found: Specialization, *, verbose: bool = False) -> str:
    """Describe what became of the scalar operations of a function.

    Args:
        found: the function as traced for some arguments.
        verbose: whether to show every stage.
    """
    called_with = [
        f"{each.kind}{list(each.shape)}" if each.kind != "static" else repr(each.value)
        for each in found.inputs.called_with
    ]
    begin = f"Called with {', '.join(called_with) or 'nothing'}: {found.operations} scalar operations"
    if not has_numpy():
        return f"{begin}, run one by one {_on_floats(found)}: arrays need NumPy."
    if found.is_too_deep:
        steps = f"on arrays they would be {found.steps} steps, one after the other"
        return f"{begin}, run one by one {_on_floats(found)}: {steps}."
    raised = found.raised
    operations = [array for array in raised.arrays if isinstance(array, Primitive)]
    text = [f"{begin} became {len(operations)} on arrays."]
    if raised.multiply_adds:
        share = 100 * raised.in_products / raised.multiply_adds
        text.append(
            f"Of {raised.multiply_adds} multiply-adds in sums of products, {raised.in_products} "
            f"({share:.0f} %) are in matrix products."
        )
    for array in operations:
        what = array.comment() or array.kind
        text.append(f"  {found.array_source.names[array.number]}: {what}, shape {list(array.shape)}")
    rest = [array for array in operations if array.size == 1 and isinstance(array, Map)]
    if rest:
        text.append(f"Left as single numbers: {len(rest)} operations, each the only one of its kind.")
    for array in operations:
        if isinstance(array, RowDots) and array.size > 1:
            text.append(
                f"  {array.size} sums of products are no matrix product: too few of their factors meet."
            )
    if raised.guards:
        count = sum(len(outcomes) for *_, outcomes in raised.guards)
        text.append(f"Comparisons that must come out as traced: {count}.")
        text += [f"  {line}" for guard in raised.guards for line in _comparisons(found, *guard)]
    if found.inputs.fixed:
        text.append(f"Whole numbers that are fixed: {found.inputs.fixed_values}.")
    text.append(_engine(found))
    if verbose:
        text += ["", "Tape", str(found.tape), "", "On arrays", str(raised), ""]
        text += ["Source on arrays", found.array_source.text, "Source on floats", found.scalar_source.text]
    return "\n".join(text)


def _engine(found: Specialization) -> str:
    """Say what runs how many rows."""
    if found.backend in ("numpy", "jax"):
        return "Runs on arrays, as asked for."
    if found.backend != "auto":
        return f"Runs {_on_floats(found)}, as asked for."
    first = next((rows for rows in range(1, MOST_ROWS) if found.choose(rows) != "python"), MOST_ROWS)
    if first == 1:
        return "Runs on arrays."
    then = f", and from {first} rows on arrays" if first < MOST_ROWS else ""
    return f"Runs {_on_floats(found)}{then}."


def _on_floats(found: Specialization) -> str:
    """Say which engine runs what stays scalar."""
    if found.is_native:
        return "on floats in C"
    if found.backend == "native":
        return "on floats in Python, since C does not know such an operation or index"
    return "on floats"


def _comparisons(found: Specialization, sign: str, left: Operand, right: Operand, outcomes: Any) -> list[str]:
    """Write some comparisons as they came out: those that did not, with "not"."""
    sides = _written(found, left).reshape(-1), _written(found, right).reshape(-1)
    rows = [*zip(*(side.tolist() for side in sides), outcomes.tolist())]
    lines = [f"{'' if outcome else 'not '}{one} {sign} {other}" for one, other, outcome in rows[:MOST_SHOWN]]
    return lines if len(rows) <= MOST_SHOWN else [*lines[:-1], f"and {len(rows) - MOST_SHOWN + 1} more"]


def _written(found: Specialization, operand: Operand) -> Any:
    """Write each number that an operand reads, in an array of its shape: x[0], or a constant."""
    import numpy

    if isinstance(operand, Constant):
        return numpy.array(numpy.vectorize(format_number, otypes=[object])(operand.values), object)
    array = operand.array
    if isinstance(array, Concatenate):  # what is joined has a name of its own
        parts = [_written(found, each) for each in array.operands]
        return numpy.array(numpy.concatenate(parts, array.axis).reshape(-1)[operand.index], object)
    names = numpy.empty(array.shape, object)
    for place in numpy.ndindex(array.shape):
        names[place] = f"{found.array_source.names[array.number]}{[*place] if place else ''}"
    return numpy.array(names.reshape(-1)[operand.index], object)
