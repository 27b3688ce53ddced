"""The step page: one HTML document that shows a trace, step by step, on its graph."""

from __future__ import annotations

import re
from typing import Any

from autograd_lite.drawing.graph import build
from autograd_lite.drawing.image import SMALLEST, image
from autograd_lite.drawing.layout.placement import arrange
from autograd_lite.drawing.step_page.frames import MOST_STEPS, MOST_STORED, Frames, runs_of
from autograd_lite.drawing.step_page.live import Live
from autograd_lite.drawing.step_page.words import Words, gradient_words
from autograd_lite.drawing.svg import render, size_of
from autograd_lite.drawing.text import readable, xml
from autograd_lite.files import json_text, replace_not_finite
from autograd_lite.stepping import Trace

__all__ = ["notebook", "page", "table"]

PREFIX = "graph"
"""What every id in the picture begins with: the page holds no other picture."""

OTHERS, TALLEST = 520, 890
"""In pixels: what a frame in a notebook needs beside the picture, and how tall it is made at most."""

HELP = "Press Next or the → key; ← goes back, Home and End go to either end."

FIXED = "The graph stays as recorded: a Python if, a detach() or a plain number in it is not computed anew."

STORED = 'The numbers here stay as they are; in the page of trace.save("steps.html") they can be changed.'

LIVE_HELP = " Drag a leaf's box sideways, or choose it and press ↑ or ↓, and its number changes."

SCRIPTS = ("numbers.js", "picture.js", "predict.js", "page.js")
"""What moves the page, in the order of use."""
LIVE_SCRIPTS = ("live.js", "leaves.js", "chart.js", "nudge.js", "learn.js", "exercises.js")
"""What lets the reader change its numbers."""

NOTEBOOK = """\
<div class="autograd-lite-steps">
<style>.autograd-lite-steps:has(iframe) .still {{ display: none; }}</style>
<iframe srcdoc='{document}' title="{title}" allow="fullscreen" style="{frame}"></iframe>
<div class="still">
{still}
<p>{last} Run this cell to step through it.</p>
<details>
<summary>{count} as text</summary>
{table}
</details>
</div>
</div>"""
"""The step page; and what takes its place, hidden beside it, where frames and styles are removed."""


def page(trace: Trace, direction: str = "auto", most: int = MOST_STEPS) -> str:
    """Write the step page: the picture, the controls and every step as text.

    It holds all it needs, and asks for nothing from elsewhere. Without its script it
    shows the last numbers, and the table.

    Args:
        trace: what it shows.
        direction: of the picture: "LR" (from left to right), "TB" (from top to bottom) or "auto".
        most: how many steps are shown one by one; of more it takes those in the middle
            at once, and says so.

    Example:
        >>> from autograd_lite import Value, step_through
        >>> x = Value(3.0, "x")
        >>> document = page(step_through(x * x, names={}))
        >>> document.startswith("<!doctype html>"), "∂v1/∂x = 6" in document
        (True, True)
    """
    from string import Template

    graph = build(trace.nodes[trace.output], named=trace.names, check_stale=False)
    frames = Frames(graph, trace, PREFIX, most)
    placement = arrange(frames.widest, direction=direction)
    data = _data(trace, frames)
    scripts, still = _live(trace, frames, data) if len(trace) <= most or most > MOST_STORED else ([], STORED)
    content: dict[str, str] = {
        "title": xml(readable(frames.final.title)),
        "style": _style(placement.width, placement.height),
        "picture": render(frames.final, placement, PREFIX, both_ways=True),
        "count": _shown(trace, most),
        "table": table(trace, most),
        "data": _script_json(data),
        "script": "\n".join([*map(_script, SCRIPTS), *scripts]),
        "fixed": xml(readable(still or FIXED)),
        "whether": "" if still else " hidden",
    }
    return Template(_asset("page.html")).substitute(content)


def table(trace: Trace, most: int = MOST_STEPS) -> str:
    """Write the lines of a trace as an HTML table, with the words of its text and the digits of its picture.

    Args:
        trace: what it shows.
        most: how many steps have a row, and how many gradients; of more those in the
            middle are left out, and a row says so.
    """
    words, runs = Words(trace), runs_of(trace, most)
    left_out = {run[-1].index: run for run in runs if len(run) > 1}
    rows: list[str] = []
    why = ""
    for line in trace.lines([run[-1] for run in runs]):
        if line.kind == "gradient":
            break  # a table may leave some out
        if line.kind == "why":
            why = line.text
        elif line.kind == "heading":
            rows.append(f'<tr><th colspan="2">{line.text}</th></tr>')
        elif line.step is not None:
            run = left_out.get(line.step.index)
            if run is None:
                rows += [_remark("why", why) if why else "", _row(line.step.index, *words.of(line.step))]
            else:
                rows.append(_gap(run[0].index, run[-1].index))
            why = ""
    gradients = [*trace.gradients.items()]
    half = most // 2 if len(gradients) > most else len(gradients)
    said = [gradient_words(trace.output, *each) for each in (*gradients[:half], *gradients[half:][-half:])]
    if len(said) < len(gradients):
        left = f"{len(gradients) - len(said)} gradients are left out here; trace.gradients has them all."
        said.insert(half, left)
    rows += [_remark("gradient", text) for text in said]
    return "\n".join(["<table>", *filter(None, rows), "</table>"])


def _row(index: int, start: str, rule: str, numbers: str, result: str) -> str:
    parts = "".join(f"<span>{xml(readable(part))}</span>" for part in (start, rule, numbers, result))
    return f'<tr id="step-{index}"><td>{index}</td><td>{parts}</td></tr>'


def _remark(kind: str, text: str) -> str:
    return f'<tr class="{kind}"><td></td><td>{xml(readable(text))}</td></tr>'


def _gap(first: int, last: int) -> str:
    text = f'Steps {first} to {last} are left out here; trace.save("steps.txt") writes them all.'
    return f'<tr id="step-{last}"><td>…</td><td><span>{xml(text)}</span></td></tr>'


def notebook(trace: Trace) -> str:
    """Write what a notebook shows: the step page in a frame; where frames are removed, a still and the steps.

    Args:
        trace: what it shows. Of more than 400 steps those in the middle are taken at once,
            for a notebook is stored with all it shows.
    """
    document = page(trace, most=MOST_STORED)
    picture = document[document.index("<svg") : document.index("</svg>") + len("</svg>")]
    width, height = size_of(picture)
    tall = min(round(height * min(1.4, 900 / width)) + OTHERS, TALLEST)
    last = "".join(Words(trace).of(trace[-1]))
    return NOTEBOOK.format(
        document=xml(document).replace("&quot;", '"').replace("'", "&#39;"),
        title=xml(f"The steps of {readable(trace.output)}"),
        frame=f"width:100%;height:{tall}px;box-sizing:content-box;border:0;background:#ffffff",
        still=image(picture, f"The graph after the last step: {readable(trace.output)} and all its numbers"),
        last=xml(readable(f"Step {len(trace)} of {len(trace)}: {last}.")),
        count=_shown(trace, MOST_STORED),
        table=re.sub(r' id="[^"]*"|</?span>', "", table(trace, MOST_STORED)),
    )


def _data(trace: Trace, frames: Frames) -> dict[str, Any]:
    """Return what the script needs to know beside the words in the table."""
    return {
        "start": frames.start(),
        "edges": frames.labelled(),
        "count": len(trace),
        "seed": trace.forward_steps + 1,
        "begin": f"{_count(len(trace))}, forwards and back.",
        "help": HELP,
        "whys": frames.whys(),
        "stops": frames.frames(),
    }


def _live(trace: Trace, frames: Frames, data: dict[str, Any]) -> tuple[list[str], str]:
    """Return the scripts that compute, and add what they need to the data; or none, and why."""
    try:
        live = Live(trace, frames)
    except TypeError as error:
        return [], f"The numbers of this page stay as they are: {error}."
    data["help"] += LIVE_HELP
    data["live"] = replace_not_finite(live.data(data["stops"]), str)
    return [live.script(), *map(_script, LIVE_SCRIPTS)], ""


def _script_json(content: Any) -> str:
    """Write JSON so that no text in it can end the script element."""
    return json_text(content, indent=None, strict=True).replace("<", "\\u003c")


def _style(width: float, height: float) -> str:
    """Return a style that lets the picture shrink and grow with the page, but not below what can be read."""
    from string import Template

    sizes = {
        "natural": f"{width:.0f}px",
        "least": f"{SMALLEST * width:.0f}px",
        "shape": f"{width / height:.3f}",
    }
    return Template(_asset("page.css")).substitute(sizes).rstrip()


def _shown(trace: Trace, most: int) -> str:
    return f"{'All' if len(trace) <= most else 'The first and last of'} {_count(len(trace))}"


def _count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _script(name: str) -> str:
    """Return a script without the comments that say what its functions take: they are for its checkers."""
    return re.sub(
        r"^ *(/\*\*.*?\*/|// @ts-check)\n", "", _asset(name), flags=re.DOTALL | re.MULTILINE
    ).rstrip()


def _asset(name: str) -> str:
    from importlib.resources import files

    return files("autograd_lite.drawing.step_page").joinpath(name).read_text(encoding="utf-8")
