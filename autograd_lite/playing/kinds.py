"""What a network is asked for: one of two labels, one of several classes, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["KINDS", "Task", "task_of"]

KINDS = ("binary", "classes", "regression")
MOST_CLASSES = 100
"""The most labels that are tried out to see which one an output stands for."""

Target = float | tuple[float, ...]


class Task:
    """What a playground asks of its network.

    Attributes:
        kind: "binary", "classes" or "regression".
        labels: the different targets, in order; of a regression none.
    """

    def __init__(self, kind: str, labels: Sequence[Target]) -> None:
        self.kind, self.labels = kind, labels


def task_of(kind: str | None, outputs: int, targets: Sequence[Any]) -> Task:
    """Return what is asked for, as told, or as it follows from the outputs and the targets.

    It follows so: of one output with two different targets, "binary"; of several outputs whose
    targets are whole numbers from 0 to the number of outputs less 1, or lists of a single 1
    among zeros, "classes"; of all else, "regression". A label counts as the answer to an
    example if none has a smaller loss for its output: so it is the loss that says what an
    output means, and no name.

    Args:
        kind: "binary", "classes", "regression", or None to let it follow.
        outputs: how many outputs the model has.
        targets: of the examples; numbers, or lists of numbers.

    Raises:
        ValueError: if there is no such kind, or the targets do not fit it.

    Example:
        >>> task_of(None, 1, [0, 1, 1, 0]).kind, task_of(None, 3, [0, 2, 1]).labels
        ('binary', [0, 1, 2])
        >>> task_of(None, 1, [0.5, 1.0, 2.0]).kind
        'regression'
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, or None to let it follow, got {kind!r}")
    labels: list[Target] = sorted({tuple(each) if _is_list(each) else each for each in targets}, key=_listed)
    found = kind or _following(outputs, labels)
    if found == "regression":
        return Task(found, [])
    if found == "classes" and outputs > 1 and not any(map(_is_list, labels)):
        labels = [*range(outputs)]  # also those that no example has
    wanted = "two different targets" if found == "binary" else f"2 to {MOST_CLASSES} different targets"
    if not 2 <= len(labels) <= (2 if found == "binary" else MOST_CLASSES):
        raise ValueError(f"kind {found!r} needs {wanted}, got {len(labels)}: choose another kind")
    return Task(found, labels)


def _following(outputs: int, labels: Sequence[Target]) -> str:
    if outputs == 1:
        return "binary" if len(labels) == 2 else "regression"
    if all(map(_is_list, labels)):
        is_one_hot = all(sorted(_listed(label)) == [0.0] * (outputs - 1) + [1.0] for label in labels)
        return "classes" if is_one_hot and len(labels) > 1 else "regression"
    return "classes" if {*labels} <= {*range(outputs)} else "regression"


def _is_list(target: Any) -> bool:
    return isinstance(target, (list, tuple))


def _listed(target: Target) -> list[float]:
    return [*target] if isinstance(target, tuple) else [target]
