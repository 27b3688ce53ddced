"""The lines of text in a drawing, and how much room they need."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from autograd_lite.drawing.elements import Edge, Node
from autograd_lite.drawing.text import is_finite, marked, middle_cut, width_of

__all__ = ["TextLine", "label_lines", "label_size", "node_lines", "node_size"]

INK = "#1A1A1A"
WHITE = "#FFFFFF"
VALUE = "#0072B2"
GRADIENT = "#B34700"
QUIET = "#4D4D4D"
ALARM = "#B00020"
"""What is inf or nan stands in white on it, in a box with a broken outline of this colour."""

TEXT = 13.0
SIGN = 15.0
LABEL = 12.0
LEADING = 1.3
"""From one line to the next, in parts of the font size."""

ROOM = {"value": 126.0, "op": 130.0, "fold": 230.0}
"""Pixels that a line of a node may be wide; longer ones are shortened."""

LABEL_ROOM = 270.0
NARROW_LABEL_ROOM = 110.0
PADDING = 9.0
LABEL_PADDING = 3.0
ORDINARY_NUMBER = "∂ -0.1234"
"""Every box has room for it, so that boxes in a column are mostly equally wide."""


@dataclass(frozen=True)
class TextLine:
    """A line of text in a drawing.

    Attributes:
        part: what it shows: "name", "value", "gradient", "note" or "label".
        text: shortened to its room, and readable.
        size: of the font, in pixels.
        colour: of the text.
        bold: whether it is set in bold.
        patch: the colour of what it stands on; "" for none.
    """

    part: str
    text: str
    size: float
    colour: str
    bold: bool = False
    patch: str = ""

    @property
    def width(self) -> float:
        """The width in pixels, rather too wide than too narrow."""
        return width_of(self.text, self.size, self.bold)

    @property
    def height(self) -> float:
        """The room from line to line, in pixels."""
        return self.size * LEADING


def node_lines(node: Node) -> list[TextLine]:
    """Return what is written in a node, from top to bottom.

    Example:
        >>> [line.text for line in node_lines(Node("n0", "value", "x", -2.0))]
        ['x', '-2', '∂ –']
    """
    room = ROOM[node.kind]
    size = SIGN if node.kind == "op" else TEXT
    lines = [TextLine("name", middle_cut(node.name, size, room, bold=True), size, INK, bold=True)]
    lines += [TextLine("note", middle_cut(note, LABEL, room), LABEL, QUIET) for note in node.notes]
    if node.kind != "op" and node.value is not None:
        lines.append(_number_line("value", "", node.value, VALUE))
        lines.append(_number_line("gradient", "∂ ", node.gradient, GRADIENT))
    return lines


def _number_line(part: str, lead: str, number: float | None, colour: str) -> TextLine:
    text = f"{lead}{marked(number)}"
    if is_finite(number):
        return TextLine(part, text, TEXT, colour)
    return TextLine(part, text, TEXT, WHITE, bold=True, patch=ALARM)


def node_size(node: Node) -> tuple[float, float]:
    """Return the width and height in pixels that a node needs."""
    lines = node_lines(node)
    width = max(line.width for line in lines)
    height = sum(line.height for line in lines)
    if node.kind == "op":
        side = height + 2 * PADDING
        return (
            (_even(side), _even(side)) if width <= 0.75 * side else (_even(width + 0.7 * side), _even(side))
        )
    if node.value is not None:
        width = max(width, width_of(ORDINARY_NUMBER, TEXT))
    border = 4.0 if node.kind == "fold" else 0.0
    return _even(width + 2 * (PADDING + border)), _even(height + PADDING + 2 * border)


def label_lines(edge: Edge, is_narrow: bool = False) -> list[TextLine]:
    """Return what is written on an edge: one line, or, to be narrow, one from each "=" to the next.

    Example:
        >>> [line.text for line in label_lines(Edge("n2", "n3", "∂L/∂q = z = -4"), is_narrow=True)]
        ['∂L/∂q', '= z', '= -4']
    """
    texts = re.split(" (?== )", edge.label) if is_narrow else [edge.label]
    room = NARROW_LABEL_ROOM if is_narrow else LABEL_ROOM
    colour = QUIET if edge.is_finite else ALARM
    return [TextLine("label", middle_cut(text, LABEL, room), LABEL, colour) for text in texts]


def label_size(edge: Edge, is_narrow: bool = False) -> tuple[float, float]:
    """Return the width and height in pixels of the label of an edge; (0, 0) without one."""
    if not edge.label:
        return 0.0, 0.0
    lines = label_lines(edge, is_narrow)
    width = max(line.width for line in lines) + 2 * LABEL_PADDING
    return _even(width), _even(sum(line.height for line in lines) + LABEL_PADDING)


def _even(number: float) -> float:
    """Return a number rounded up to an even one: then half of it is a whole number, as dot likes it."""
    return 2.0 * math.ceil(number / 2)
