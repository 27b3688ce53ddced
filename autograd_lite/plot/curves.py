"""Functions of one number and of two: a regression through its points, ways down a loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd_lite.core.tables import as_rows
from autograd_lite.plot.charts import COLOURS, LOOKS
from autograd_lite.plot.pictures import (
    axes_of,
    check_finite,
    column_of,
    finished,
    listed,
    numbers_of,
    scores_of,
    span_of,
    table_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["descent", "lr_finder", "regression"]

STROKES = ["-", "--", "-.", ":"]


def regression(model: Any, X: Any, y: Any, *, axes: Axes | None = None) -> Axes:
    """Draw a function of one number as a curve, with the data that it was fitted to.

    Args:
        model: called with a list of one float, gives one output; a Module is asked as in
            ``eval()``. Or a dict of several, by name, to compare them.
        X: points of one number each, as for ``fit``: rows, or numbers, with which the model is called then.
        y: their targets; or classes 0 and 1, for a model that gives a probability.
        axes: where to draw; None for a new figure.

    Returns:
        The axes; the vertical scale is the data's, and a curve may leave it.

    Raises:
        TypeError, ValueError: if there are no points, one has not one number, or a model has not
            one output, or something is not finite.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> regression(lambda x: 2 * x[0] + 1, [[0.0], [1.0]], [1.1, 2.9]).get_xlabel()
        'x'

    Source: lectures B1, B2, B6, C11.
    """
    rows = as_rows("X", listed(X))
    are_numbers = len(rows) > 0 and not hasattr(rows[0], "__len__")
    points = [[x] for x in numbers_of(rows)] if are_numbers else table_of("X", rows)
    targets = column_of("y", y)
    sizes = sorted({len(point) for point in points})
    if sizes != [1] or len(points) != len(targets):
        raise ValueError(
            "a regression is drawn for points of one number, a target each: "
            f"got {len(points)} points of {sizes} numbers, {len(targets)} targets"
        )
    check_finite(points, targets)
    named = dict(model) if isinstance(model, Mapping) else {"": model}
    low, high = span_of([x for (x,) in points])
    grid = [[low + (high - low) * i / 200] for i in range(201)]
    inputs = [x for (x,) in grid] if are_numbers else grid  # as the model had them in ``fit``
    curves = {name: scores_of(one, inputs) for name, one in named.items()}
    for rows in curves.values():
        if len(rows[0]) != 1:
            raise ValueError(f"a regression has one output, this model has {len(rows[0])}")
    panel = axes_of(axes)[0]
    data = {"color": "white", "edgecolors": "#333333", "zorder": 3, "label": "data"}
    panel.scatter([x for (x,) in points], targets, 36, **data)
    for place, (name, rows) in enumerate(curves.items()):
        stroke = {"color": COLOURS[place % 10], "linestyle": STROKES[place % 4], "linewidth": 2}
        panel.plot([x for (x,) in grid], [f for (f,) in rows], label=name or "model", **stroke)
    panel.set(xlabel="x", ylabel="y", xlim=(low, high), ylim=span_of(targets))
    return finished(panel, axes)


def descent(
    loss: Callable[[list[float]], Any],
    paths: Mapping[str, Iterable[Sequence[float]]],
    *,
    resolution: int = 60,
    axes: Any = None,
) -> Axes:
    """Draw a loss of two parameters as a map, and the ways that optimisers take on it.

    Args:
        loss: called with a list of two floats, gives a number or a Value.
        paths: for each name the places that it went through, two numbers each; the map
            shows where they are, and some room around.
        resolution: how many points of a grid are computed along each side, at least 2.
        axes: where to draw; None for a new figure.

    Returns:
        The axes; lines join places of equal loss, and a star is the end of a path.

    Raises:
        ValueError: if there is no path, a place has not two numbers, or a loss is not finite.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> bowl = lambda t: t[0] ** 2 + 4 * t[1] ** 2
        >>> descent(bowl, {"SGD": [[2.0, 1.0], [1.0, -0.5], [0.5, 0.25]]}).get_ylabel()
        'θ₂'

    Source: lectures C4.
    """
    if not isinstance(paths, Mapping):
        raise TypeError(f'paths are a dict of paths by name, such as {{"SGD": places}}, got {paths!r}')
    ways = {name: table_of("places", way) for name, way in paths.items()}
    places = [place for way in ways.values() for place in way]
    if {len(place) for place in places} != {2} or not all(ways.values()) or resolution < 2:
        raise ValueError(
            "a descent is drawn for paths of places, two numbers each, on a grid of 2 or more: "
            f"got {len(ways)} paths, {len(places)} places and resolution {resolution}"
        )
    spans = [span_of(list(numbers)) for numbers in zip(*places)]
    sides = [[low + (high - low) * i / (resolution - 1) for i in range(resolution)] for low, high in spans]
    on_grid = [row[0] for row in scores_of(loss, [[one, two] for two in sides[1] for one in sides[0]])]
    low, high = min(on_grid), max(on_grid)
    levels = [low + (high - low) * (i / 12) ** 2 for i in range(13)]  # denser where it is low
    levels = [level for level, last in zip(levels, [-math.inf, *levels]) if level > last]
    rows = [on_grid[i : i + resolution] for i in range(0, len(on_grid), resolution)]
    panel = axes_of(axes)[0]
    if len(levels) > 1:
        panel.contourf(*sides, rows, levels=levels, cmap="Greys", alpha=0.5)
        panel.contour(*sides, rows, levels=levels, colors="#999999", linewidths=0.5)
    for (name, way), look in zip(ways.items(), LOOKS * len(ways)):
        first, second = zip(*way)
        panel.plot(first, second, label=name, markersize=3.5, linewidth=1.2, **look)
        panel.plot(first[-1:], second[-1:], "*", color=look["color"], markeredgecolor="white", markersize=14)
    panel.set(xlabel="θ₁", ylabel="θ₂", xlim=spans[0], ylim=spans[1])
    panel = finished(panel, axes)
    panel.grid(visible=False)
    return panel


def lr_finder(tried: Any, *, axes: Axes | None = None) -> Axes:
    """Draw the loss at each learning rate that ``optim.lr_finder`` has tried.

    Args:
        tried: what it returned: it has ``rates``, ``losses`` and a ``suggestion``.
        axes: where to draw; None for a new figure.

    Returns:
        The axes, rates on a logarithmic scale, with a line at the suggestion.

    Raises:
        TypeError: if something else is passed.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> from types import SimpleNamespace
        >>> tried = SimpleNamespace(rates=[0.01, 0.1, 1.0], losses=[3.0, 2.0, 4.0], suggestion=0.1)
        >>> lr_finder(tried).get_xscale()
        'log'

    Source: Smith, Cyclical Learning Rates for Training Neural Networks (2017).
    """
    if not hasattr(tried, "suggestion"):
        raise TypeError(f"pass what optim.lr_finder(model, loss, X, y) returned, got {tried!r}")
    panel = axes_of(axes)[0]
    panel.plot(tried.rates, tried.losses, color=COLOURS[0], linewidth=2, label="loss")
    line = {"color": COLOURS[1], "linestyle": "--", "label": f"falls fastest: {tried.suggestion:.2g}"}
    panel.axvline(tried.suggestion, **line)
    panel.set(xlabel="learning rate", ylabel="mean loss", xscale="log")
    return finished(panel, axes)
