"""Drawing: the picture of a graph, for a notebook, a file or Graphviz."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from autograd_lite.core.coercion import got
from autograd_lite.drawing.dot import dot_body, dot_source
from autograd_lite.drawing.graph import BUDGET, Graph, build
from autograd_lite.drawing.image import fills_the_page, image
from autograd_lite.drawing.layout.placement import READABLE, Placement, arrange, check_way
from autograd_lite.drawing.svg import SIZE, render, size_of
from autograd_lite.drawing.text import readable, xml
from autograd_lite.engine import Value
from autograd_lite.files import json_text, suffix_of, write_text
from autograd_lite.naming import variables_of

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]  # it comes without types

__all__ = ["Drawing", "draw", "draw_dot"]

BUDGETS = (BUDGET, 45, 30, 24, 20)
"""How many nodes there may be, roughly, until a drawing is large enough on a slide."""
MOST_REFOLDED = 20_000
"""The most Values of a graph that is folded more than once."""

HTML = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body>
{svg}
<details>
<summary>The drawing as text</summary>
<pre>{outline}</pre>
</details>
</body>
</html>
"""


class Drawing:
    """The picture of a graph as it was when it was drawn.

    Args:
        graph: what it shows.
        engine: what finds the places: "built-in" or "dot" (Graphviz).
        direction: "LR" (from left to right), "TB" (from top to bottom), or "auto".

    Example:
        >>> x = Value(3.0, "x")
        >>> drawing = draw(x * x)
        >>> print(drawing)
        v1 = x * x = 9, gradient –
          x = 3, gradient –
        >>> drawing.svg[:4], drawing.source[:7]
        ('<svg', 'digraph')
    """

    def __init__(self, graph: Graph, engine: str = "built-in", direction: str = "auto") -> None:
        self.graph = graph
        self.engine = engine
        self.direction = direction

    @functools.cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        return render(self.graph, self.placement)

    @functools.cached_property
    def placement(self) -> Placement:
        """Where everything is in the picture."""
        return arrange(self.graph, self.engine, self.direction)

    @functools.cached_property
    def source(self) -> str:
        """The graph in Graphviz's DOT language."""
        return dot_source(self.graph, self.direction)

    @property
    def html(self) -> str:
        """A page that holds the picture, and the same as text."""
        title, outline = xml(readable(self.graph.title)), xml(self.graph.outline)
        return HTML.format(title=title, svg=self.svg, outline=outline)

    def to_json(self) -> str:
        """Write the graph as JSON; inf and nan, which JSON lacks, become strings."""
        content = {
            "title": self.graph.title,
            "nodes": [asdict(node) for node in self.graph.nodes],
            "edges": [asdict(edge) for edge in self.graph.edges],
            "outline": self.graph.outline,
        }
        return json_text(content)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the drawing to a file, whole or not at all.

        Args:
            path: its name; the ending says what it holds: .svg, .html, .dot or .json.

        Raises:
            ValueError: if the name ends in something else.
            OSError: if the file cannot be written.
        """
        texts = {
            ".svg": lambda: self.svg,
            ".html": lambda: self.html,
            ".dot": lambda: self.source,
            ".json": self.to_json,
        }
        write_text(path, texts[suffix_of(path, [*texts])]())

    def __str__(self) -> str:
        return self.graph.outline

    def __repr__(self) -> str:
        return f"<Drawing of {readable(self.graph.title)}: {len(self.graph.nodes)} nodes>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the picture for a notebook, as SVG and as an image, and as text."""
        svg = self.svg
        if fills_the_page(*size_of(svg)):
            svg = SIZE.sub(' width="100%"', svg, count=1)
        return {"image/svg+xml": svg, "text/html": image(self.svg, str(self)), "text/plain": str(self)}


def draw(
    output: Value,
    *,
    names: Mapping[str, Any] | None = None,
    fold: int | bool | str = True,
    focus: Value | str | None = None,
    depth: int | None = None,
    engine: str = "built-in",
    direction: str = "auto",
) -> Drawing:
    """Return a drawing of the graph that computed a Value, with the numbers and gradients of this moment.

    Large graphs are folded: neurons, then examples or layers, become one box each, until the
    texts are large enough to be read on a slide.
    What is too long for a slide goes on below, as a text does in its next line.

    Args:
        output: the last Value of the graph.
        names: names for Values that have no label, and what they stand for; without it,
            the variables of the caller.
        fold: how many nodes there may be, roughly; True for as many as can be read on a
            slide; False to show them all.
        focus: a Value, or the name of a Value, a fold or a module, to show in detail.
        depth: how many steps to open, backwards from the focus, 1 by default; the first
            step into a layer shows its neurons, the next one their products.
        engine: what finds the places: "built-in", or "dot" for Graphviz; where that is not
            installed, the built-in layout takes its place.
        direction: "LR" (from left to right), "TB" (from top to bottom), or "auto": as it is
            largest on a slide.

    Raises:
        TypeError: if output is not a Value, or another argument is of the wrong type.
        ValueError: if the focus is not in the graph, a number is out of range, or there is no
            such engine or direction.

    Example:
        >>> x, y = Value(2.0), Value(3.0)
        >>> draw(x * y)
        <Drawing of v1 = x * y: 4 nodes>
    """
    _check(output, "draw")
    check_way(engine, direction)
    if names is None:
        names = variables_of(sys._getframe(1))
    if fold is not True:
        return Drawing(build(output, names, fold, focus, depth), engine, direction)
    drawn: list[Drawing] = []
    for budget in BUDGETS:
        graph = build(output, names, budget, focus, depth, by_example=budget < BUDGET)
        drawn.append(Drawing(graph, engine, direction))
        if drawn[-1].placement.size_on_slide >= READABLE or len(graph.places) > MOST_REFOLDED:
            return drawn[-1]
    return max(drawn, key=lambda drawing: drawing.placement.size_on_slide)


def draw_dot(
    output: Value, *, names: Mapping[str, Any] | None = None, direction: str = "auto"
) -> graphviz.Digraph:
    """Return a graph for the graphviz package, whose Digraph can be changed and rendered.

    Args:
        output: the last Value of the graph.
        names: as for ``draw``.
        direction: "LR" or "auto" (from left to right), or "TB" (from top to bottom).

    Raises:
        TypeError: if output is not a Value.
        ValueError: if there is no such direction.
        ImportError: if the graphviz package is not installed.

    Example:
        >>> x = Value(3.0, "x")
        >>> draw_dot(x * x).source == draw(x * x).source
        True
    """
    _check(output, "draw_dot")
    check_way("dot", direction)
    try:
        import graphviz
    except ImportError as error:
        raise ImportError("draw_dot needs the graphviz package: pip install graphviz") from error
    if names is None:
        names = variables_of(sys._getframe(1))
    return graphviz.Digraph(format="svg", body=dot_body(build(output, names), direction))


def _check(output: Any, name: str) -> None:
    """Raise a TypeError that says what to draw instead of something that is no Value."""
    if isinstance(output, Value):
        return
    if isinstance(output, (list, tuple)) and output and isinstance(output[0], Value):
        raise TypeError(f"{name} takes one Value, got {len(output)}: draw one of them, or their sum")
    if callable(output):
        raise TypeError(f"{name} takes a Value, got {output!r}: call it, and draw what it returns")
    raise TypeError(f"{name} takes the Value whose graph is to be drawn, {got(output)}")
