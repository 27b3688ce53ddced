"""The one writer of pictures: a graph and its places to SVG."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence

from autograd_lite.drawing.elements import Edge, Graph, Node
from autograd_lite.drawing.layout.geometry import Box, Point
from autograd_lite.drawing.layout.placement import Placement
from autograd_lite.drawing.text import is_exotic, readable, xml
from autograd_lite.drawing.typesetting import ALARM, LABEL, LEADING, TextLine, label_lines, node_lines

__all__ = ["SIZE", "render", "size_of"]

FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
CARD = 'fill="#FCFCFA" stroke="#D0D0CC"'
CARD_COLOUR = "#FCFCFA"
BOX = 'fill="#FFFFFF" stroke="#404040" stroke-width="1.5"'
FOLD = 'fill="#F2F5F8" stroke="#404040" stroke-width="1.5"'
FOLD_INNER = 'fill="none" stroke="#404040"'
OP = 'fill="#E9E9E4" stroke="#404040" stroke-width="1.5"'
ALARMING = f'fill="#FFFFFF" stroke="{ALARM}" stroke-width="3" stroke-dasharray="9 4"'
EDGE = "#5A5A5A"
BROKEN = "7 4"
"""The dashes of an arrow along which something flows that is inf or nan."""

THINNEST, THICKEST = 1.2, 4.5
BACKWARD = 4.0
"""The width of an arrow back, which a step page shows."""

HEAD_LENGTH = 7.0
TOOLTIP = 2000
"""Characters of a tooltip, at most."""

SIZE = re.compile(r' width="([\d.]+)" height="([\d.]+)"')
"""How a picture says how large it is."""

PREFIX = "\0"  # stands for the ids' prefix until the content is known; no text contains it


def render(graph: Graph, placement: Placement, prefix: str | None = None, both_ways: bool = False) -> str:
    """Write the picture as SVG.

    Args:
        graph: what is to be drawn.
        placement: where.
        prefix: what every id begins with; by default a hash of the content.
        both_ways: whether each edge also has a hidden arrow back, its id ending in "-back".

    Returns:
        One element with presentation attributes only: no style, script or reference.
    """
    width, height = _number(placement.width), _number(placement.height)
    gradients = [abs(edge.gradient) for edge in graph.edges if edge.gradient is not None]
    strongest = max(filter(math.isfinite, gradients), default=0.0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="{PREFIX}-title {PREFIX}-desc" '
        f'font-family="{FONTS}" text-anchor="middle">',
        f'<title id="{PREFIX}-title">{xml(readable(graph.title))}</title>',
        f'<desc id="{PREFIX}-desc">{xml(_paragraph(graph.outline))}</desc>',
        _rounded((0.5, 0.5, placement.width - 1, placement.height - 1), 8, CARD),
    ]
    for index, edge in enumerate(graph.edges):
        stroke = _stroke(edge.gradient, strongest)
        lines += _edge(index, edge, placement.curves[index], placement.labels[index], stroke, both_ways)
    for node in graph.nodes:
        lines += _node(node, placement.boxes[node.key])
    content = "\n".join([*lines, "</svg>", ""])
    if prefix is None:
        prefix = "g" + hashlib.sha256(content.encode()).hexdigest()[:8]
    return content.replace(PREFIX, xml(readable(prefix)))


def size_of(svg: str) -> tuple[float, float]:
    """Return the width and height in pixels of a picture, or of the first one in a page."""
    size = SIZE.search(svg)
    assert size is not None
    return float(size[1]), float(size[2])


# ---- Nodes --------------------------------------------------------------------------------


def _node(node: Node, box: Box) -> Iterable[str]:
    left, top, width, height = box
    yield f'<g id="{PREFIX}-{node.key}">'
    yield _tooltip(node.tip or node.name)
    if node.kind == "op":
        yield _rounded(box, min(width, height) / 2, OP)
    elif node.kind == "fold":
        yield _rounded(box, 6, FOLD if node.is_finite else ALARMING)
        yield _rounded((left + 3.5, top + 3.5, width - 7, height - 7), 3.5, FOLD_INNER)
    else:
        yield _rounded(box, 6, BOX if node.is_finite else ALARMING)
    named = [
        (f"{PREFIX}-{node.key}-{line.part}" if line.part != "note" else "", line) for line in node_lines(node)
    ]
    yield from _column(named, left + width / 2, top + height / 2)
    yield "</g>"


def _column(lines: Sequence[tuple[str, TextLine]], middle: float, center: float) -> Iterable[str]:
    """Write lines of text below one another, around a point; each with its id, if it has one."""
    top = center - sum(line.height for _, line in lines) / 2
    for key, line in lines:
        # The baseline, so that capitals and digits (0.72 high) stand in the middle of the line.
        baseline = top + line.height / 2 + 0.36 * line.size
        if line.patch:
            place = middle - line.width / 2 - 4, top + 0.5, line.width + 8, line.height - 1
            yield _rounded(place, 3, f'fill="{line.patch}"')
        top += line.height
        yield (
            "<text"
            + (f' id="{key}"' if key else "")
            + f' x="{_number(middle)}" y="{_number(baseline)}" font-size="{_number(line.size)}"'
            + (' font-weight="bold"' if line.bold else "")
            + f' fill="{line.colour}"{_pinned(line)}>{xml(line.text)}</text>'
        )


def _pinned(line: TextLine) -> str:
    """Return what holds a text to its room if only its font knows how wide it is."""
    return (
        f' textLength="{_number(line.width)}" lengthAdjust="spacingAndGlyphs"' if is_exotic(line.text) else ""
    )


# ---- Edges --------------------------------------------------------------------------------


def _edge(
    index: int, edge: Edge, curve: Sequence[Point], box: Box | None, width: float, both_ways: bool
) -> Iterable[str]:
    key = f"{PREFIX}-e{index}"
    yield f'<g id="{key}">'
    if edge.label:
        yield _tooltip(edge.label)
    look = (EDGE, "") if edge.is_finite else (ALARM, f' stroke-dasharray="{BROKEN}"')
    yield from _arrow(curve, width, *look)
    if both_ways:
        yield f'<g id="{key}-back" visibility="hidden">'
        yield from _arrow(curve[::-1], BACKWARD, *look)
        yield "</g>"
    if box is not None:
        left, top, box_width, height = box
        yield _rounded(box, 3, f'fill="{CARD_COLOUR}"')
        lines = label_lines(edge, is_narrow=height > 2 * LABEL * LEADING)
        yield from _label(key, lines, left + box_width / 2, top + height / 2)
    yield "</g>"


def _label(key: str, lines: Sequence[TextLine], middle: float, center: float) -> Iterable[str]:
    """Write a label as one text, whatever number of lines it has."""
    if len(lines) == 1:
        yield from _column([(f"{key}-label", lines[0])], middle, center)
        return
    first = lines[0]
    y = center - sum(line.height for line in lines) / 2 + first.height / 2 + 0.36 * first.size
    spans = []
    for number, line in enumerate(lines):
        spans.append(
            f'<tspan x="{_number(middle)}" y="{_number(y + number * first.height)}"{_pinned(line)}>'
            f"{xml(line.text)}</tspan>"
        )
    yield (
        f'<text id="{key}-label" font-size="{_number(first.size)}" fill="{first.colour}">'
        + " ".join(spans)
        + "</text>"
    )


def _stroke(gradient: float | None, strongest: float) -> float:
    """Return the width of an edge: its area grows with the gradient that flows along it."""
    if gradient is None or gradient == 0.0:
        return THINNEST
    if not math.isfinite(gradient):
        return THICKEST
    return THINNEST + (THICKEST - THINNEST) * math.sqrt(abs(gradient) / strongest)


def _arrow(curve: Sequence[Point], width: float, colour: str, dashes: str) -> Iterable[str]:
    """Write a line that ends below its head, and that head."""
    x, y = curve[-1]
    from_x, from_y = next(point for point in reversed(curve) if math.dist(point, curve[-1]) > 0.01)
    distance = math.dist((from_x, from_y), (x, y))
    along_x, along_y = (x - from_x) / distance, (y - from_y) / distance
    length, half = HEAD_LENGTH + width, 2.4 + 0.9 * width
    base_x, base_y = x - length * along_x, y - length * along_y
    shown = [
        *curve[:-2],
        *((at_x - 0.7 * length * along_x, at_y - 0.7 * length * along_y) for at_x, at_y in curve[-2:]),
    ]
    line = f"M{_point(shown[0])}C" + " ".join(map(_point, shown[1:]))
    sides = (
        (base_x - half * along_y, base_y + half * along_x),
        (base_x + half * along_y, base_y - half * along_x),
    )
    yield f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="{_number(width)}"{dashes}/>'
    yield f'<path d="M{_point((x, y))}L{_point(sides[0])}L{_point(sides[1])}Z" fill="{colour}"/>'


# ---- Pieces -------------------------------------------------------------------------------


def _rounded(box: Box, radius: float, look: str) -> str:
    x, y, width, height = map(_number, box)
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{_number(radius)}" {look}/>'


def _tooltip(text: str) -> str:
    return f"<title>{xml(_paragraph(text if len(text) <= TOOLTIP else text[:TOOLTIP] + '…'))}</title>"


def _paragraph(text: str) -> str:
    """Return a text of several lines made readable, its lines kept."""
    return "\n".join(map(readable, text.split("\n")))


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(number: float) -> str:
    """Write a coordinate with one decimal, and no more characters than it needs."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
