"""A picture as an HTML image: what shows it where SVG itself is refused, as in an untrusted notebook."""

from __future__ import annotations

import base64

from autograd_lite.drawing.svg import size_of
from autograd_lite.drawing.text import xml

__all__ = ["fills_the_page", "image"]

NARROW, WIDE = 500, 900
"""In pixels: what is narrower than the first fits everywhere; wider than the second nothing may be."""

SMALLEST = 0.85
"""The least part of its size that a picture is shown in; then a page scrolls sideways."""

PRINT = "@media print { .autograd-lite-image img { min-width: 0 !important; max-width: 100%; } }"
"""Paper does not scroll: there a picture is as small as it must be."""


def fills_the_page(width: float, height: float) -> bool:
    """Return whether a picture takes the page's width: it may be too wide for it, and a small one would grow.

    Example:
        >>> fills_the_page(1200, 400), fills_the_page(300, 200), fills_the_page(600, 2000)
        (True, False, False)
    """
    return width >= NARROW and (height <= width or width >= WIDE)


def image(svg: str, alt: str) -> str:
    """Return an element that holds a picture as data, no smaller than it can be read.

    Args:
        svg: the picture.
        alt: the words for those who cannot see it.
    """
    width, height = size_of(svg)
    data = base64.b64encode(svg.encode()).decode()
    style = f"min-width:{SMALLEST * width:.0f}px" + (";width:100%" if fills_the_page(width, height) else "")
    return (
        f'<div class="autograd-lite-image" style="overflow-x:auto"><style>{PRINT}</style>'
        f'<img src="data:image/svg+xml;base64,{data}" alt="{xml(alt)}" style="{style}"></div>'
    )
