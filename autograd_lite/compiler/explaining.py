"""What the compiler made of a function, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograd_lite.compiler.emit import comment_on
from autograd_lite.compiler.inspecting import has_numpy

if TYPE_CHECKING:
    from autograd_lite.compiler.variant import Variant

__all__ = ["explanation", "reason_to_retrace"]


def explanation(variant: Variant, *, verbose: bool = False) -> str:
    """Describe what became of the scalar operations of a function.

    Args:
        variant: the function as traced for one form of arguments.
        verbose: whether to show every stage.
    """
    lines = [
        f"{form.kind}{list(form.shape)}" if form.kind != "fixed" else repr(form.value)
        for form in variant.inputs.called_with
    ]
    if not has_numpy():
        return (
            f"Called with {', '.join(lines) or 'nothing'}: {variant.operations} scalar operations, run one "
            "by one on floats: arrays need NumPy."
        )
    if variant.is_too_deep:
        return (
            f"Called with {', '.join(lines) or 'nothing'}: {variant.operations} scalar operations, run one "
            f"by one on floats: on arrays they would be {variant.steps} steps, one after the other."
        )
    raised = variant.raised
    operations = [vector for vector in raised.vectors if vector.operands]
    text = [
        f"Called with {', '.join(lines) or 'nothing'}: {variant.operations} scalar operations "
        f"became {len(operations)} on arrays.",
    ]
    if raised.multiply_adds:
        share = 100 * raised.in_products / raised.multiply_adds
        text.append(
            f"Of {raised.multiply_adds} multiply-adds in sums of products, {raised.in_products} "
            f"({share:.0f} %) are in matrix products."
        )
    for vector, name in zip(operations, _names(variant)):
        what = comment_on(vector) or (vector.op.name if vector.op else vector.kind)
        text.append(f"  {name}: {what}, shape {list(vector.shape)}")
    rest = [vector for vector in operations if vector.size == 1 and vector.kind == "map"]
    if rest:
        text.append(f"Left as single numbers: {len(rest)} operations, each the only one of its kind.")
    dots = [vector for vector in operations if vector.kind == "dots" and vector.size > 1]
    for vector in dots:
        text.append(f"  {vector.size} sums of products are no matrix product: too few of their factors meet.")
    if raised.guards:
        count = sum(len(outcomes) for *_, outcomes in raised.guards)
        text.append(f"Comparisons that must come out as traced: {count}.")
    if variant.inputs.fixed:
        text.append(f"Whole numbers that are fixed: {variant.inputs.fixed_values}.")
    if verbose:
        text += ["", "Tape", str(variant.tape), "", "On arrays", str(raised), ""]
        text += ["Source on arrays", variant.array_source.text, "Source on floats", variant.straight[0].text]
    return "\n".join(text)


def reason_to_retrace(variants: Sequence[Variant]) -> str:
    """Say of which values a function has programs of their own, and what would leave them open.

    Args:
        variants: traces for arguments of one structure.
    """
    text = f"the function was traced for {len(variants)} values of"
    if any(variant.inputs.fixed for variant in variants):
        return (
            f"{text} a whole number: use it with pick, Embedding or cross_entropy, which leave it open, "
            "or pass it as a float"
        )
    fixed = [form.value for form in variants[-1].inputs.forms if form.kind == "fixed"]
    shown = ", ".join([repr(value)[:40] for value in fixed])
    return (
        f"{text} an argument that is no number, such as {shown}: pass numbers, such as an index for pick or "
        "Embedding"
    )


def _names(variant: Variant) -> list[str]:
    from autograd_lite.compiler.emit import name_vectors

    names = name_vectors(variant.raised, variant.names)
    return [names[vector.number] for vector in variant.raised.vectors if vector.operands]
