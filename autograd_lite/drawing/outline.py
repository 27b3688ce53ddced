"""A drawing as text: what those read who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["outline_of"]

MOST_LINES = 120
"""The most lines of an outline."""
FEW = 3
"""The most operands that an outline lists again."""


def outline_of(output: str, lines: Mapping[str, str], operands: Mapping[str, Sequence[str]]) -> str:
    """Write a drawing as text: a tree, each node below what is computed from it.

    Args:
        output: the key of the node at the top.
        lines: what is said of each node, by its key.
        operands: the keys of the nodes that each node is computed from.

    Example:
        >>> print(outline_of("b", {"a": "a = 3", "b": "b = a * a = 9"}, {"b": ["a", "a"]}))
        b = a * a = 9
          a = 3
    """
    written: list[str] = []
    seen: set[str] = set()
    waiting = [(output, 0)]
    while waiting and len(written) < MOST_LINES:
        key, depth = waiting.pop()
        below = [*dict.fromkeys(operands.get(key, ()))]
        again = key in seen and bool(below)
        written.append(f"{'  ' * depth}{lines[key]}{', see above' if again else ''}")
        if key not in seen:
            seen.add(key)
            if len(below) > FEW and seen.issuperset(below):
                written.append(f"{'  ' * (depth + 1)}… {len(below)} operands, see above")
            else:
                waiting += [(operand, depth + 1) for operand in reversed(below)]
    unseen = len(lines.keys() - seen)
    if unseen:
        written.append(f"… and {unseen} more")
    return "\n".join(written)
