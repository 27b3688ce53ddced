"""Places from Graphviz: its program ``dot`` is given sizes, and gives coordinates."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from typing import Any

from autograd_lite.drawing.layout.geometry import Diagram, Point, Routes, smooth_curve

__all__ = ["DotError", "place_with_dot"]

SECONDS = 2.0
"""What dot may take; it needs a tenth of that for the largest graph that it is asked for."""

TOLERANCE = 4.0
"""Pixels by which dot may miss the border of a node, for it rounds sizes."""

WIDER = 4.0
"""Pixels that are added to each gap: dot does not widen those in which edges are steep."""

POINTS_PER_INCH = 72


class DotError(Exception):
    """There is no ``dot``, or it gave no usable answer in time."""


def place_with_dot(diagram: Diagram) -> tuple[list[Point], Routes]:
    """Return where Graphviz places parts, from left to right.

    Args:
        diagram: what is to be placed.

    Returns:
        The middle of each part, and the curve of each link.

    Raises:
        DotError: if ``dot`` is missing, slow, broken, or answers nonsense.
    """
    program = shutil.which("dot")
    if program is None:
        raise DotError("dot is not on the PATH")
    try:
        done = subprocess.run(
            [program, "-Tjson0"],
            input=_source(diagram).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        answer = _read(json.loads(done.stdout), diagram)
    except (OSError, subprocess.SubprocessError) as error:
        raise DotError(f"dot failed: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DotError(f"dot's answer makes no sense: {error}") from error
    _check(diagram, *answer)
    return _smoothed(diagram, *answer)


def _source(diagram: Diagram) -> str:
    """Write what is to be placed in Graphviz's language: numbers for names, no texts."""
    lines = [
        "digraph {",
        f"rankdir=LR; nodesep=0.2; ranksep={(diagram.gap + WIDER) / POINTS_PER_INCH:.4f}",
        'node [shape=box, fixedsize=true, label=""]',
    ]
    lines.append("edge [dir=none, headport=w, tailport=e]")
    for index, part in enumerate(diagram.parts):
        width, height = part.width / POINTS_PER_INCH, part.height / POINTS_PER_INCH
        lines.append(f"{index} [width={width:.4f}, height={height:.4f}]")
    for index, (source, target) in enumerate(diagram.links):
        # Links into a label or a box are kept level; into an operation they may bend.
        kind = diagram.parts[target].kind
        weight = {"label": 8, "box": 4, "op": 1}[kind]
        lines.append(f"{source} -> {target} [id={index}, weight={weight}]")
    return "\n".join([*lines, "}"])


def _read(answer: Any, diagram: Diagram) -> tuple[list[Point], Routes]:
    """Return the coordinates in dot's answer; there y grows upwards."""
    centers: list[Point] = [(math.nan, math.nan)] * len(diagram.parts)
    for thing in answer.get("objects", []):
        centers[int(thing["name"])] = _point(thing["pos"])
    routes: Routes = [[] for _ in diagram.links]
    for thing in answer.get("edges", []):
        routes[int(thing["id"])] = [_point(text) for text in thing["pos"].split()]
    return centers, routes


def _point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), -float(y)


def _check(diagram: Diagram, centers: list[Point], routes: Routes) -> None:
    """Raise a DotError unless every coordinate is where it can be."""
    boxes = diagram.boxes(centers)
    numbers = [
        number for point in [*centers, *(point for route in routes for point in route)] for number in point
    ]
    if not all(map(math.isfinite, numbers)):
        raise DotError("dot left a place out")
    for index, (left, top, width, height) in enumerate(boxes):
        for x, y, other_width, other_height in boxes[:index]:
            if left < x + other_width and x < left + width and top < y + other_height and y < top + height:
                raise DotError("dot put two parts in one place")
    for (source, target), route in zip(diagram.links, routes):
        if len(route) < 4 or len(route) % 3 != 1:
            raise DotError("dot drew no curve")
        left, top, width, height = boxes[source]
        leaves = math.dist(route[0], (left + width, top + height / 2))
        arrives = math.dist(route[-1], (boxes[target][0], boxes[target][1] + boxes[target][3] / 2))
        if max(leaves, arrives) > TOLERANCE:
            raise DotError("dot drew an edge that misses its nodes")


def _smoothed(diagram: Diagram, centers: list[Point], routes: Routes) -> tuple[list[Point], Routes]:
    """Return new curves between neighbouring columns, where dot makes loops; the rest end on their nodes."""
    widths: dict[float, float] = {}
    for part, (x, _) in zip(diagram.parts, centers):
        widths[x] = max(widths.get(x, 0.0), part.width)
    columns = {x: index for index, x in enumerate(sorted(widths))}
    smoothed = list(routes)
    for index, (source, target) in enumerate(diagram.links):
        (x, y), (end_x, end_y) = centers[source], centers[target]
        right, left = x + widths[x] / 2, end_x - widths[end_x] / 2
        start = (x + diagram.parts[source].width / 2, y)
        end = (end_x - diagram.parts[target].width / 2, end_y)
        if columns[end_x] == columns[x] + 1 and left > right:
            smoothed[index] = smooth_curve([start, (right, y), (left, end_y), end])
        else:
            smoothed[index] = [start, *routes[index][1:-1], end]
    return centers, smoothed
