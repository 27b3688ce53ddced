"""Pictures of data: tables as coloured squares, vectors as named points, and images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from autograd_lite.core.tables import as_rows
from autograd_lite.plot.charts import COLOURS, LOOKS
from autograd_lite.plot.pictures import axes_of, finished, inches_of, listed, mosaic_of, span_of, table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["embedding", "heatmap", "images"]


def heatmap(
    rows: Iterable[Iterable[Any]],
    names: Sequence[Any] | None = None,
    across: Sequence[Any] | None = None,
    *,
    span: float | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw a table as coloured squares: attention weights, probabilities, or who is taken for whom.

    White is 0. A number that is not 0 is written into its square; where
    there is no room for that, a scale stands beside the table.

    Args:
        rows: equally long rows of numbers or Values: lists, an array, or a DataFrame.
        names: what the rows are, from top to bottom; None for 0, 1, 2, ...
        across: what the columns are; None for the same as ``names`` if there are as many.
        span: colour the numbers from -span to span, blue to orange, so that several tables share
            their colours; None to take what the table needs.
        axes: where to draw; None for a new figure.

    Raises:
        ValueError: if the rows differ in length, there are not as many names as rows or
            columns, a number is not finite, or span is not positive.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> drawn = heatmap([[1.0, 0.0], [0.25, 0.75]], "ab")
        >>> [text.get_text() for text in drawn.texts]
        ['1.00', '0.25', '0.75']
        >>> heatmap([[1.0, 0.0]], span=2.0).images[0].get_clim()
        (-2.0, 2.0)

    Source: lectures B5 (a bigram table), B14 (attention).
    """
    table = table_of("the rows of a heat map", rows)
    widths = sorted({len(row) for row in table})
    if len(widths) != 1 or widths == [0] or not all(math.isfinite(number) for row in table for number in row):
        raise ValueError(f"a heat map needs rows of one length, all numbers finite; got lengths {widths}")
    down = list(range(len(table)) if names is None else names)
    right = list(across if across is not None else down if len(down) == widths[0] else range(widths[0]))
    if (len(down), len(right)) != (len(table), widths[0]):
        raise ValueError(
            f"{len(table)} rows and {widths[0]} columns, and names for {len(down)} and {len(right)} of them"
        )
    if span is not None and not 0.0 < span < math.inf:
        raise ValueError(f"span is a positive number, got {span!r}")
    room = min(inches_of(axes)[0] / widths[0], inches_of(axes)[1] / len(table))  # of a square, in inches
    panel = axes_of(axes)[0]
    from matplotlib.colors import LinearSegmentedColormap

    largest = span or max(abs(number) for row in table for number in row) or 1.0
    signed = span is not None or any(number < 0.0 for row in table for number in row)
    colours = [COLOURS[0], "white", COLOURS[1]] if signed else ["white", COLOURS[0]]  # as for weights
    scale = LinearSegmentedColormap.from_list("table", colours)
    image = panel.imshow(table, cmap=scale, vmin=-largest if signed else 0.0, vmax=largest)
    if room < 0.3:
        panel.figure.colorbar(image, ax=panel)
    else:
        write_numbers(panel, table, 0.75 * largest, min(9.0, 26.0 * room))
    panel.set_xticks(range(len(right)), [str(name) for name in right])
    panel.set_yticks(range(len(down)), [str(name) for name in down])
    panel.tick_params(length=0)
    return cast("Axes", panel)


def write_numbers(panel: Any, table: list[list[float]], dark: float, size: float) -> None:
    """Write the numbers other than 0 into their squares, in white where a square is dark."""
    whole = all(number == round(number) for row in table for number in row)
    for i, row in enumerate(table):
        for j, number in enumerate(row):
            if number:
                text = f"{number:.0f}" if whole else f"{number:.2f}"
                ink = "white" if abs(number) > dark else "black"
                panel.text(j, i, text, ha="center", va="center", color=ink, fontsize=size)


def images(
    rows: Iterable[Iterable[Any]],
    shape: tuple[int, int],
    labels: Sequence[Any] | None = None,
    *,
    columns: int | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw images, such as handwritten digits, black where a number is largest.

    Args:
        rows: for each image its brightnesses, line by line; a list, an array of shape (N, height · width)
            or (N, height, width), or a DataFrame.
        shape: height and width of the images, such as (8, 8).
        labels: what to write below each.
        columns: how many images stand in a row; None to choose.
        axes: where to draw; None for a new figure.

    Raises:
        ValueError: if there is no image, one does not fit the shape or holds a number that is
            not finite, or there are not as many labels as images.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> drawn = images([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]], (2, 2), labels=[1, 8])
        >>> [text.get_text() for text in drawn.texts]
        ['1', '8']

    Source: lectures B11.
    """
    flat = [pixels_of(image) for image in as_rows("images", listed(rows))]
    pictures, (height, width) = table_of("images", flat), shape
    if {len(row) for row in pictures} != {height * width} or (columns is not None and columns < 1):
        raise ValueError(
            f"images of {height} × {width} have {height * width} numbers each; give at least one"
        )
    if not all(math.isfinite(number) for row in pictures for number in row):
        raise ValueError("an image holds a number that is not finite")
    if labels is not None and len(labels) != len(pictures):
        raise ValueError(f"as many labels as images: got {len(labels)} and {len(pictures)}")
    gap = 1 if labels is None else 1 + math.ceil(0.3 * height)
    picture, across = mosaic_of(pictures, shape, columns, gap)
    panel = axes_of(axes)[0]
    panel.imshow(picture, cmap="gray_r", interpolation="nearest")
    panel.set_facecolor("#E3E8EE")  # what shows between the images
    for index, label in enumerate([] if labels is None else labels):
        left, top = index % across * (width + 1), index // across * (height + gap)
        place = left + 0.5 + width / 2.0, top + height + gap / 2.0
        panel.text(*place, str(label), ha="center", va="center")
    panel.set(xticks=[], yticks=[])
    return cast("Axes", panel)


def pixels_of(image: Any) -> Any:
    """List the brightnesses of an image, line by line, if its lines are lists or rows of an array."""
    lines = [] if isinstance(image, str) or not hasattr(image, "__len__") else image
    if len(lines) and hasattr(lines[0], "__len__"):
        return [pixel for line in lines for pixel in line]
    return image


def embedding(
    table: Any, names: Sequence[Any], *, groups: Sequence[Any] | None = None, axes: Axes | None = None
) -> Axes:
    """Draw an embedding of width 2: each thing's name at the place of its vector.

    Args:
        table: an ``Embedding``, or rows of two numbers or Values, also as a DataFrame.
        names: what the rows stand for.
        groups: for each row a group it belongs to; groups differ in colour and in shape.
        axes: where to draw; None for a new figure.

    Raises:
        ValueError: if a vector has not two finite numbers, or the lengths differ.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> drawn = embedding([[1.0, 2.0], [0.5, -1.0]], ["cat", "dog"])
        >>> [text.get_text() for text in drawn.texts]
        ['cat', 'dog']

    Source: lectures B5.
    """
    points, names = table_of("the vectors of an embedding", getattr(table, "table", table)), list(names)
    kinds = list(groups) if groups is not None else [""] * len(points)
    if not points or not len(points) == len(names) == len(kinds):
        raise ValueError(
            f"as many names and groups as vectors: got {len(names)}, {len(kinds)}, {len(points)}"
        )
    if any(len(point) != 2 or not all(map(math.isfinite, point)) for point in points):
        raise ValueError("an embedding is drawn if each vector has two numbers, both finite")
    spans = [span_of([point[i] for point in points]) for i in (0, 1)]
    sides = [72.0 * inches / (high - low) for inches, (low, high) in zip(inches_of(axes), spans)]
    dots = [tuple((at - low) * side for at, (low, _), side in zip(point, spans, sides)) for point in points]
    places = places_of([str(name) for name in names], dots, 72.0 * inches_of(axes)[0])
    panel = axes_of(axes)[0]
    panel.axhline(0.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    panel.axvline(0.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    for kind, look in zip(dict.fromkeys(kinds), LOOKS * len(kinds)):
        own = [row for row, its in enumerate(kinds) if its == kind]
        panel.scatter(*zip(*(points[row] for row in own)), 30, label=str(kind) or None, **look)
        for row in own:
            style = {"textcoords": "offset points", "ha": "center", "va": "center", "color": look["color"]}
            panel.annotate(str(names[row]), points[row], places[row], **style)
    panel.set(xlabel="φ₁", ylabel="φ₂", xlim=spans[0], ylim=spans[1])
    return finished(panel, axes) if groups is not None else cast("Axes", panel)


def places_of(names: list[str], dots: list[tuple[float, ...]], width: float) -> list[tuple[float, float]]:
    """Find for each name a place beside its dot where it covers little; all lengths are in points."""
    covered = [(x, y, 8.0, 8.0) for x, y in dots]  # middle, width and height
    places = []
    for name, (x, y) in zip(names, dots):
        wide, high = 6.4 * len(name), 12.0
        beside, above = wide / 2.0 + 6.0, high / 2.0 + 4.0
        tried = [(beside, 0.0), (-beside, 0.0), (0.0, above), (0.0, -above)]
        tried += [(i * beside, j * above) for i in (1, -1) for j in (1, -1)]
        costs = []
        for across, up in tried:
            box = (x + across, y + up, wide, high)
            outside = max(0.0, box[0] + wide / 2.0 - width, wide / 2.0 - box[0])
            corner = 20.0 if across and up else 0.0  # where a name can be taken for another dot's
            costs.append(sum(overlap_of(box, other) for other in covered) + corner + 100.0 * outside)
        across, up = tried[costs.index(min(costs))]
        places.append((across, up))
        covered.append((x + across, y + up, wide, high))
    return places


def overlap_of(box: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Compute the area that two boxes share, each given by its middle, width and height."""
    sides = [(box[i + 2] + other[i + 2]) / 2.0 - abs(box[i] - other[i]) for i in (0, 1)]
    return max(0.0, sides[0]) * max(0.0, sides[1])
