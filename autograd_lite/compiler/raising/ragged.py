"""Groups of sums, or of largest numbers, that differ only in how many terms they have.

The attention of a GPT that looks back is such a group: its first place has one term, the next two, ... Where
the shorter ones can be filled up with zeros (or with a number that is there already, for the largest), all
together are one operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.raising.simplify import LARGEST
from autograd_lite.compiler.raising.sums import Sums
from autograd_lite.compiler.tape import CONSTANT, Tape

__all__ = ["continued", "merged", "rectangular"]

MOST_FILLED = 2
"""How many times the wanted terms rows of equal length may have; with one term, two, ... it is less."""

Group = tuple[Any, bool]


def merged(tape: Tape, sums: Sums, levels: Any, groups: Sequence[Group]) -> list[Group]:
    """Put groups of one level together whose members differ only in their number of terms.

    Args:
        tape: the program on scalars.
        sums: its sums.
        levels: of each number.
        groups: for each its numbers, and whether they are sums.
    """
    import numpy

    families: dict[Any, list[int]] = {}
    for place, (members, is_sum) in enumerate(groups):
        family = _family(tape, sums, int(members[0]), is_sum)
        if family is not None:  # a sum of largest numbers is not itself one
            families.setdefault((int(levels[members[0]]), is_sum, family), []).append(place)
    result: list[Group | None] = [*groups]
    for places in families.values():
        if len(places) < 2:
            continue
        together = [groups[place][0] for place in places]
        widths = [_width(tape, sums, int(members[0])) for members in together]
        sizes = [*map(len, together)]
        if max(widths) * sum(sizes) > MOST_FILLED * sum(map(int.__mul__, widths, sizes)):
            continue
        result[places[0]] = (numpy.sort(numpy.concatenate(together)), groups[places[0]][1])
        for place in places[1:]:
            result[place] = None
    return [group for group in result if group is not None]


def _family(tape: Tape, sums: Sums, place: int, is_sum: bool) -> Any:
    """Tell what kind of terms a number has; None if it can have no others of that kind.

    Sums with parameters are rows of a matrix, which is as wide as it is.
    """
    if not is_sum:
        return LARGEST if tape.op[place] is LARGEST else None
    first, last = (int(sums.products.start[place]) + end for end in (0, int(sums.products.count[place])))
    factors = [int(number) for column in sums.products.columns for number in column[first:last]]
    plain = int(sums.plain.count[place])
    if factors:
        if plain or any(tape.role[factor] <= CONSTANT for factor in factors):
            return None
        return tape.op[factors[0]], tape.op[factors[-1]]
    term = int(sums.plain.columns[0][sums.plain.start[place]])
    return tape.op[term] if tape.role[term] > CONSTANT else None


def _width(tape: Tape, sums: Sums, place: int) -> int:
    if tape.op[place] is LARGEST:
        return len(tape.args[place])
    return int(sums.products.count[place] + sums.plain.count[place])


def rectangular(rows: Sequence[Sequence[int]]) -> Any:
    """Fill rows up, each with its own first number."""
    import numpy

    width = max(map(len, rows))
    return numpy.array([[*row, *[row[0]] * (width - len(row))] for row in rows])


def continued(rows: Any, missing: int) -> Any:
    """Fill rows up as a longer row goes on that begins with the same numbers, so that they are equal.

    Args:
        rows: an array; the last numbers of a row may be missing.
        missing: what stands there.

    Returns:
        The rows; those of which none goes on stay as they are.
    """
    import numpy

    lengths = (rows != missing).sum(axis=1)
    width = rows.shape[1]
    longer = {
        row[:length].tobytes(): row for row in rows[lengths == width] for length in numpy.unique(lengths)
    }
    return numpy.stack([longer.get(row[:length].tobytes(), row) for row, length in zip(rows, lengths)])
