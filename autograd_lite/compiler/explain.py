"""What the compiler made of a function, in words."""

from __future__ import annotations

from autograd_lite.compiler.arrays.primitives import Map, Primitive, RowDots
from autograd_lite.compiler.introspection import has_numpy
from autograd_lite.compiler.specialization import Specialization

__all__ = ["explanation"]


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
        return f"{begin}, run one by one on floats: arrays need NumPy."
    if found.is_too_deep:
        steps = f"on arrays they would be {found.steps} steps, one after the other"
        return f"{begin}, run one by one on floats: {steps}."
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
    if found.inputs.fixed:
        text.append(f"Whole numbers that are fixed: {found.inputs.fixed_values}.")
    if verbose:
        text += ["", "Tape", str(found.tape), "", "On arrays", str(raised), ""]
        text += ["Source on arrays", found.array_source.text, "Source on floats", found.scalar_source.text]
    return "\n".join(text)
