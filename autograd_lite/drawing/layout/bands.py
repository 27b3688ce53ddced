"""A long drawing is broken into bands, one below the other, as a text is broken into lines."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from autograd_lite.drawing.layout.geometry import Diagram, Point

__all__ = ["TRACK", "TURN", "Profile", "cuts_of", "expected_size", "open_bands", "profile_of", "turn"]

TRACK = 9.0
"""Pixels between two edges that go on in the next band."""

TURN = 12.0
"""Pixels between a band and the nearest of these edges."""

ROUNDING = 8.0
"""The radius of a turn, in pixels."""

WINDOW = 0.35
"""How far from its place a cut may be, in parts of a band."""

DEARNESS = 30.0
"""By how many pixels a cut may be nearer to its place for each further edge that it cuts."""

AWKWARD = 4
"""As how many edges the cut counts that parts an operation from its output, or a label from its arrowhead."""

FURTHER = 1.4
"""How wide a gap becomes, in parts of the least: what is expected."""


@dataclass(frozen=True)
class Profile:
    """How much room each layer of a diagram takes.

    Attributes:
        widths: of each layer, with the gap beside it.
        heights: of each layer.
        passing: how many edges there are at the beginning of each layer, and behind the last.
        dearness: how much is against beginning a band with each layer.
    """

    widths: Sequence[float]
    heights: Sequence[float]
    passing: Sequence[int]
    dearness: Sequence[int]


def profile_of(diagram: Diagram, layers: Sequence[int], apart: float, apart_from_bend: float) -> Profile:
    """Measure the layers of a diagram.

    Args:
        diagram: what is to be placed.
        layers: the layer of each part.
        apart: pixels between two parts of a layer.
        apart_from_bend: pixels between a part and a link that passes the layer.
    """
    count = max(layers, default=-1) + 1
    widths, heights = [0.0] * count, [0.0] * count
    for part, layer in zip(diagram.parts, layers):
        widths[layer] = max(widths[layer], part.width)
        heights[layer] += part.height + apart
    inner = {target for _, target in diagram.links}
    reaches = _reaches(diagram, layers)
    bends = _covered([(first + 1, last - 1) for (_, first), last in reaches.items()], count)
    # A leaf goes with what it is for into the next band: it is not cut off.
    links = [(first + (1 if source in inner else 2), last) for (source, first), last in reaches.items()]
    passing = _covered(links, count)
    awkward = [0] * (count + 1)
    for source, target in diagram.links:
        awkward[layers[target]] += (
            diagram.parts[source].kind == "label" or diagram.parts[target].kind == "box"
        )
    return Profile(
        [width + FURTHER * diagram.gap for width in widths],
        [height + apart_from_bend * passed for height, passed in zip(heights, bends)],
        passing,
        [edges + AWKWARD * more for edges, more in zip(passing, awkward)],
    )


def _covered(stretches: Sequence[tuple[int, int]], count: int) -> list[int]:
    """Return how many of some stretches hold each layer, and the place behind the last."""
    changes = [0] * (count + 2)
    for first, last in stretches:
        if first <= last:
            changes[first] += 1
            changes[last + 1] -= 1
    return [*accumulate(changes)][: count + 1]


def _reaches(diagram: Diagram, layers: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return, for each part that is needed and its layer, the last layer that its links lead to."""
    reaches: dict[tuple[int, int], int] = {}
    for source, target in diagram.links:
        key = source, layers[source]
        reaches[key] = max(reaches.get(key, 0), layers[target])
    return reaches


def cuts_of(profile: Profile, bands: int) -> list[int]:
    """Return the layers with which all bands but the first begin: equally wide, where few edges are cut.

    Args:
        profile: the room of each layer.
        bands: how many there may be; where there are too few layers, there are fewer.
    """
    lefts = [0.0, *accumulate(profile.widths)]
    wide = lefts[-1] / bands
    cuts: list[int] = []
    layer = 1
    for number in range(1, bands):
        place = number * wide
        best, least = 0, math.inf
        while layer < len(profile.widths) and lefts[layer] <= place + WINDOW * wide:
            against = abs(lefts[layer] - place) + DEARNESS * profile.dearness[layer]
            if lefts[layer] >= place - WINDOW * wide and against < least:
                best, least = layer, against
            layer += 1
        if best:
            cuts.append(best)
            layer = best + 1
    return cuts


def open_bands(diagram: Diagram, layers: Sequence[int], cuts: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return layers with two new ones at each cut, for the edges that leave a band and enter the next.

    Leaves that are needed first in the next band move there, into a layer of their own.

    Args:
        diagram: what is to be placed.
        layers: the layer of each part.
        cuts: the layers with which all bands but the first begin.

    Returns:
        The new layer of each part, and that with which each band but the first begins.
    """
    moves: dict[int, int] = {}
    labels: dict[int, list[int]] = {}
    for leaf, (needed, own) in _leaves(diagram, layers).items():
        cut = cuts[bisect_right(cuts, needed) - 1] if cuts and cuts[0] <= needed else 0
        if layers[leaf] < cut:
            moves[leaf], labels[leaf] = cut, own
    entered = set(moves.values())
    new = [0] * (max(layers, default=0) + 1)
    for cut in cuts:
        new[cut] = 3 if cut in entered else 2
    before = [*accumulate(new)]
    opened = [layer + before[layer] for layer in layers]
    entries = {cut: cut + before[cut - 1] + 1 for cut in cuts}
    for leaf, cut in moves.items():
        opened[leaf] = entries[cut] + 1
        for label in labels[leaf]:
            opened[label] = max(opened[label], cut + before[cut])
    return opened, [*entries.values()]


def _leaves(diagram: Diagram, layers: Sequence[int]) -> dict[int, tuple[int, list[int]]]:
    """Return each leaf with the layer in which its first label may be at the latest, and all its labels."""
    targets: dict[int, list[int]] = {}
    for source, target in diagram.links:
        targets.setdefault(source, []).append(target)
    leaves: dict[int, tuple[int, list[int]]] = {}
    for leaf in sorted(targets.keys() - {target for _, target in diagram.links}):
        labels = [target for target in targets[leaf] if diagram.parts[target].kind == "label"]
        latest = [layers[targets[label][0]] - 1 for label in labels]
        latest += [layers[target] for target in targets[leaf] if target not in labels]
        leaves[leaf] = min(latest), labels
    return leaves


def expected_size(profile: Profile, cuts: Sequence[int]) -> tuple[float, float]:
    """Return about how wide and high a drawing becomes that is cut into bands."""
    width = height = 0.0
    for first, end in pairwise([0, *cuts, len(profile.widths)]):
        tracks = profile.passing[first], profile.passing[end]
        width = max(width, sum(profile.widths[first:end]) + TRACK * sum(tracks))
        height += max(profile.heights[first:end], default=0.0)
        height += TRACK * tracks[1] + 2 * TURN * (tracks[1] > 0)
    return width, height


def turn(start: Point, end: Point, rank: int, last: int, entry: int, below: float) -> list[Point]:
    """Return the way of an edge from the right of a band to the left of the one below it.

    The edges that leave a band lie in one another like the lines of a spiral: the lowest
    turns first, and none crosses another that arrives in the same order.

    Args:
        start: where the edge leaves the band.
        end: where it enters the next one.
        rank: how many edges leave above it.
        last: the rank of the lowest edge.
        entry: how many edges enter above it.
        below: the height at which the first edge goes back to the left.
    """
    further = TRACK * (last - rank)
    right, level, left = start[0] + TURN + further, below + further, end[0] - TURN - TRACK * entry
    corners = [(right, start[1]), (right, level), (left, level), (left, end[1])]
    return _rounded([start, *corners, end])


def _rounded(points: Sequence[Point]) -> list[Point]:
    """Return a line through points, its corners rounded, as cubic Bezier curves."""
    route = [points[0]]
    for before, corner, after in zip(points, points[1:], points[2:]):
        arrives, leaves = _toward(corner, before), _toward(corner, after)
        route += _straight(route[-1], arrives)
        route += [_between(arrives, corner, 0.55), _between(leaves, corner, 0.55), leaves]
    return route + _straight(route[-1], points[-1])


def _toward(corner: Point, other: Point) -> Point:
    """Return the point near a corner at which the turn begins, on the way to the next corner."""
    distance = math.dist(corner, other)
    return _between(corner, other, min(ROUNDING / distance, 0.5)) if distance else corner


def _straight(start: Point, end: Point) -> list[Point]:
    return [_between(start, end, 1 / 3), _between(start, end, 2 / 3), end]


def _between(start: Point, end: Point, part: float) -> Point:
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
