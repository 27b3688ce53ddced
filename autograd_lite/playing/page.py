"""The playground: one HTML document in which a network trains."""

from __future__ import annotations

import os
import re
from typing import Any

from autograd_lite.drawing.image import image
from autograd_lite.drawing.text import xml
from autograd_lite.files import suffix_of, write_text

__all__ = ["Playground", "document_of"]

SCRIPTS = (
    "shared.js", "training.js", "answers.js", "colours.js", "surface.js", "network.js", "charts.js",
    "images.js", "explain.js", "editing.js", "copying.js", "opening.js", "controls.js",
)  # fmt: skip
"""What moves the page, in the order of use."""

COMMENTS = re.compile(r"^ *(//.*|/\*\*[\s\S]*?\*/)\n", re.MULTILINE)
"""Lines of comments: scripts are read where they are kept, and a page that is sent is smaller without."""

STEP_PAGE = "autograd_lite.drawing.step_page"
"""The package with the script that writes numbers, as step pages do."""

NOTEBOOK = """\
<div class="autograd-lite-playground">
<style>.autograd-lite-playground:has(iframe) .still {{ display: none; }}</style>
<iframe srcdoc='{document}' title="{title}" allow="fullscreen; clipboard-write" style="{frame}"></iframe>
<div class="still">
{still}
<p>{title}. Run this cell to train it.</p>
</div>
</div>"""
"""The page; and what takes its place, hidden beside it, where frames and styles are removed."""

TALL = 980
"""In pixels: how tall the frame in a notebook is."""


class Playground:
    """A page in which a network trains; a notebook shows it, ``save`` writes it.

    ``playground`` makes one.

    Attributes:
        title: what it is called.
    """

    def __init__(self, title: str, document: str, still: str) -> None:
        self.title = title
        self._document, self._still = document, still

    def to_html(self) -> str:
        """Write the page: one HTML document, which needs no other file and no network."""
        return self._document

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whole or not at all.

        Args:
            path: its name; it ends in .html.

        Raises:
            ValueError: if it ends in something else.
            OSError: if it cannot be written.
        """
        suffix_of(path, [".html"])
        write_text(path, self._document)

    def __repr__(self) -> str:
        return f"<Playground of {self.title[0].lower()}{self.title[1:]}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the page for notebooks, and the text for where that cannot be shown."""
        written = NOTEBOOK.format(
            document=xml(self._document).replace("&quot;", '"').replace("'", "&#39;"),
            title=xml(self.title),
            frame=f"width:100%;height:{TALL}px;box-sizing:content-box;border:0;background:#ffffff",
            still=image(self._still, self.title),
        )
        return {"text/html": written, "text/plain": f"{self.title}: run this cell to train it"}


def document_of(title: str, about: str, data: str, programs: str) -> str:
    """Put a page together.

    Args:
        title: what it is called.
        about: a sentence on it.
        data: what the script needs to know, as JSON that cannot end the script element.
        programs: the scripts that compute.
    """
    from string import Template

    content = {
        "title": xml(title),
        "about": xml(about),
        "style": _asset("page.css"),
        "data": data,
        "script": COMMENTS.sub(
            "", "\n".join([_asset("numbers.js", STEP_PAGE), programs, *map(_asset, SCRIPTS)])
        ),
    }
    return Template(_asset("page.html")).substitute(content)


def _asset(name: str, package: str = "autograd_lite.playing") -> str:
    from importlib.resources import files

    return files(package).joinpath(name).read_text(encoding="utf-8").rstrip()
