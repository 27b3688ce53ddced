"""A graph in the DOT language, for Graphviz."""

from __future__ import annotations

from autograd_lite.drawing.elements import Edge, Graph, Node
from autograd_lite.drawing.labels import cut
from autograd_lite.drawing.text import marked, readable

__all__ = ["dot_body", "dot_source"]

LONGEST_LABEL = 200
"""The most characters of a line in a label: Graphviz has limits of its own."""

STYLE = (
    'node [fontname="Helvetica" fontsize="12" shape="box"]',
    'edge [fontname="Helvetica" fontsize="10"]',
)
ALARMING = ' color="#B00020" style="dashed" penwidth="3"'
"""How what is inf or nan is drawn."""
FORMS = {"value": "", "op": ' shape="ellipse"', "fold": ' peripheries="2"'}


def dot_source(graph: Graph, direction: str = "auto") -> str:
    r"""Write a graph in DOT.

    Args:
        graph: what is to be written.
        direction: "TB" (from top to bottom); else it goes from left to right.

    Example:
        >>> from autograd_lite import Value
        >>> from autograd_lite.drawing.graph import build
        >>> print(dot_source(build(Value(3.0, 'a "quoted" name'))).splitlines()[4].strip())
        n0 [label="3\na \"quoted\" name\n∂ –"]
    """
    return "".join(("digraph {\n", *dot_body(graph, direction), "}\n"))


def dot_body(graph: Graph, direction: str = "auto") -> list[str]:
    """Return the lines between the braces."""
    rank = "TB" if direction == "TB" else "LR"
    lines = [f'graph [rankdir="{rank}"]', *STYLE, *map(_node, graph.nodes), *map(_edge, graph.edges)]
    return [f"\t{line}\n" for line in lines]


def _node(node: Node) -> str:
    lines = [node.name, *node.notes]
    if node.value is not None:
        lines = [marked(node.value), *lines, f"∂ {marked(node.gradient)}"]
    return f"{node.key} [label={quoted(*lines)}{FORMS[node.kind]}{'' if node.is_finite else ALARMING}]"


def _edge(edge: Edge) -> str:
    looks = [f"label={quoted(edge.label)}"] if edge.label else []
    looks += [] if edge.is_finite else [ALARMING.strip()]
    return f"{edge.source} -> {edge.target}" + (f" [{' '.join(looks)}]" if looks else "")


def quoted(*lines: str) -> str:
    r"""Write lines of text as one DOT string in which nothing has a meaning of its own.

    Example:
        >>> quoted("a|b", r"\N", "<b>&")
        '"a|b\\n\\\\N\\n<b>&amp;"'
    """
    escaped = (
        readable(cut(line, LONGEST_LABEL)).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
        for line in lines
    )
    return '"' + "\\n".join(escaped) + '"'
