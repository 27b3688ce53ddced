"""A warning for ``p -= lr * p.grad``, which makes a new Value and leaves the parameter as it is."""

from __future__ import annotations

import dis
import functools
import math
import sys
from types import CodeType

from autograd_lite.core.ieee import warn

__all__ = ["warn_of_update"]


def warn_of_update() -> None:
    """Warn if the statement that changes a leaf in place, two frames above, reads a gradient.

    Others are left alone: ``y = x; y -= 1`` is the usual way to write y = x - 1.
    """
    frame = sys._getframe(2)
    if _reads_gradient(frame.f_code, frame.f_lasti):
        warn(
            "p -= ... makes a new Value, and the parameter keeps its number: write p.data -= lr * p.grad",
            UserWarning,
        )


@functools.lru_cache(maxsize=256)
def _reads_gradient(code: CodeType, at: int) -> bool:
    """Tell whether a statement, that of the instruction at an offset, names a gradient."""
    instructions = {each.offset: each for each in dis.get_instructions(code)}
    whole = instructions[at].positions if at in instructions else None
    if whole is None or whole.lineno is None:
        return False
    first = (whole.lineno, whole.col_offset or 0)
    last = (whole.end_lineno or whole.lineno, whole.end_col_offset or math.inf)
    return any(
        first <= (each.positions.lineno, each.positions.col_offset or 0) <= last
        for each in instructions.values()
        if isinstance(each.argval, str) and "grad" in each.argval
        if each.positions is not None and each.positions.lineno is not None
    )
