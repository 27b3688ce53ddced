"""The step page: one HTML document that shows a trace, step by step, on its graph."""

from __future__ import annotations

import re
from typing import Any

from autograd_lite.drawing.graph import build
from autograd_lite.drawing.layout.placement import arrange
from autograd_lite.drawing.step_page.frames import Frames, runs_of
from autograd_lite.drawing.svg import render, size_of
from autograd_lite.drawing.text import readable, xml
from autograd_lite.files import json_text
from autograd_lite.stepping import Line, Step, Trace

__all__ = ["notebook", "page", "table"]

PREFIX = "graph"
"""What every id in the picture begins with: the page holds no other picture."""

HELP = "Press Next or the → key; ← goes back, Home and End go to either end."


def page(trace: Trace, direction: str = "auto") -> str:
    """Write the step page: the picture, the controls and every step as text.

    It holds all it needs, and asks for nothing from elsewhere. Without its script it
    shows the last numbers, and the table.

    Args:
        trace: what it shows. Of more than 5000 steps it takes those in the middle at
            once, and says so.
        direction: of the picture: "LR" (from left to right), "TB" (from top to bottom) or "auto".

    Example:
        >>> from autograd_lite import Value, step_through
        >>> x = Value(3.0, "x")
        >>> document = page(step_through(x * x, names={}))
        >>> document.startswith("<!doctype html>"), "v1 = x * x = 3 * 3 = " in document
        (True, True)
    """
    from string import Template

    graph = build(trace.nodes[trace.output], names=trace.nodes, check_stale=False)
    frames = Frames(graph, trace, PREFIX)
    placement = arrange(frames.widest, direction=direction)
    content: dict[str, str] = {
        "title": xml(readable(frames.final.title)),
        "style": _style(placement.width),
        "picture": render(frames.final, placement, PREFIX, both_ways=True),
        "count": _shown(trace),
        "table": table(trace),
        "data": _script_json(_data(trace, frames)),
        "script": _asset("page.js").rstrip(),
    }
    return Template(_asset("page.html")).substitute(content)


def table(trace: Trace) -> str:
    """Write the lines of a trace as an HTML table, with the very words of its text.

    Args:
        trace: what it shows. Of more than 5000 steps those in the middle are left out,
            and a row says so; so are the last of many gradients.
    """
    runs = runs_of(trace)
    left_out = {run[-1].index: run for run in runs if len(run) > 1}
    rows: list[str] = []
    why = ""
    gradients = 0
    for line in trace.lines([run[-1] for run in runs]):
        run = left_out.get(line.step.index) if line.step else None
        gradients += line.kind == "gradient"
        if gradients > len(runs):
            continue
        if line.kind == "why":
            why = _row(line)
        elif run is None:
            rows += [why, _row(line)]
            why = ""
        else:
            rows.append(_gap(run[0].index, run[-1].index))
    if gradients > len(runs):
        text = f"… and {gradients - len(runs)} more"
        rows.append(f'<tr class="gradient"><td></td><td>{text}</td></tr>')
    return "\n".join(["<table>", *filter(None, rows), "</table>"])


def _row(line: Line) -> str:
    text = xml(readable(line.text))
    if line.kind == "heading":
        return f'<tr><th colspan="2">{text}</th></tr>'
    if line.step is None:
        return f'<tr class="{line.kind}"><td></td><td>{text}</td></tr>'
    question, answer = map(xml, map(readable, _parts(line.step)))
    index = line.step.index
    return f'<tr id="step-{index}"><td>{index}</td><td>{question}<span>{answer}</span></td></tr>'


def _gap(first: int, last: int) -> str:
    text = f'Steps {first} to {last} are left out here; trace.save("steps.txt") writes them all.'
    return f'<tr id="step-{last}"><td>…</td><td>{xml(text)}</td></tr>'


def _parts(step: Step) -> tuple[str, str]:
    """Return the words of a step up to the number that it finds, and that number."""
    text = str(step)
    known = step.numbers.rpartition(" = ")
    cut = len(step.formula) + len(" = ") + len(known[0] + known[1])
    return text[:cut], text[cut:]


def notebook(trace: Trace) -> str:
    """Write what a notebook shows: the step page in a frame, and the steps for where frames are removed.

    Args:
        trace: what it shows.
    """
    document = page(trace)
    width, height = size_of(document)
    tall = round(height * min(1.4, 900 / width)) + 330
    frame = f"width:100%;height:{tall}px;border:1px solid #c4c4c4;border-radius:6px;background:#ffffff"
    words = re.sub(r' id="[^"]*"', "", table(trace))
    title = xml(f"The steps of {readable(trace.output)}")
    return (
        f'<iframe srcdoc="{xml(document)}" title="{title}" style="{frame}"></iframe>\n'
        f"<details><summary>{_shown(trace)} as plain text</summary>\n{words}\n</details>"
    )


def _data(trace: Trace, frames: Frames) -> dict[str, Any]:
    """Return what the script needs to know beside the words in the table."""
    return {
        "start": frames.start(),
        "edges": frames.labelled(),
        "begin": f"{_count(len(trace))}, forwards and back.",
        "help": HELP,
        "stops": [frames.frame(run) for run in frames.runs],
    }


def _script_json(content: Any) -> str:
    """Write JSON so that no text in it can end the script element."""
    return json_text(content, indent=None, strict=True).replace("<", "\\u003c")


def _style(width: float) -> str:
    """Return a style that lets the picture shrink and grow with the page, but not below what can be read."""
    from string import Template

    least, widest = f"{0.85 * width:.0f}px", f"{1.4 * width:.0f}px"
    return Template(_asset("page.css")).substitute(least=least, widest=widest).rstrip()


def _shown(trace: Trace) -> str:
    runs = runs_of(trace)
    return f"{'All' if len(runs) == len(trace) else 'The first and last of'} {_count(len(trace))}"


def _count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _asset(name: str) -> str:
    from importlib.resources import files

    return files("autograd_lite.drawing.step_page").joinpath(name).read_text(encoding="utf-8")
