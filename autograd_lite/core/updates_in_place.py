"""A warning for ``p -= lr * p.grad`` and its like, which leave the parameter as it is."""

from __future__ import annotations

import dis
import functools
import math
import sys
from itertools import pairwise
from types import CodeType

from autograd_lite.core.ieee import warn

__all__ = ["warn_of_update"]


DESCENT = ("-=", "+=")
"""By which a parameter is moved; those that scale one are meant so where its own gradient is named."""


def warn_of_update(sign: str) -> None:
    """Warn if the statement that changes a leaf in place, two frames above, reads a gradient.

    Others are left alone: ``y = x; y -= 1`` is the usual way to write y = x - 1, and
    ``y = x; y *= x.grad`` is an input times its gradient.

    Args:
        sign: how the statement is written: "-=", "*=", ...
    """
    frame = sys._getframe(2)
    if _moves_parameter(frame.f_code, frame.f_lasti, sign):
        instead = "p.data -= lr * p.grad" if sign in DESCENT else f"p.data {sign} ..."
        warn(
            f"p {sign} ... makes a new Value, and the parameter keeps its number: write {instead}",
            UserWarning,
        )


@functools.lru_cache(maxsize=256)
def _moves_parameter(code: CodeType, at: int, sign: str) -> bool:
    """Tell whether the statement of the instruction at an offset names a gradient that moves something."""
    instructions = {each.offset: each for each in dis.get_instructions(code)}
    whole = instructions[at].positions if at in instructions else None
    if whole is None or whole.lineno is None:
        return False
    first = (whole.lineno, whole.col_offset or 0)
    last = (whole.end_lineno or whole.lineno, whole.end_col_offset or math.inf)
    names = [
        name
        for each in instructions.values()
        for name in (each.argval if isinstance(each.argval, tuple) else (each.argval,))  # two at once
        if isinstance(name, str)
        if each.positions is not None and each.positions.lineno is not None
        if first <= (each.positions.lineno, each.positions.col_offset or 0) <= last
    ]
    if sign in DESCENT:
        return any("grad" in name for name in names)
    return any(owner == names[0] and name == "grad" for owner, name in pairwise(names[1:]))
