"""Pictures of training and of networks, drawn with Matplotlib.

Each function draws into ``axes``, or into a new figure, and returns the axes: set a title
there, or save the picture with ``axes.figure.savefig("picture.png")``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from autograd_lite.plot.pictures import (
    axes_of,
    check_finite,
    classes_of,
    column_of,
    curve_of,
    finished,
    gradient_sizes_of,
    inches_of,
    log_odds,
    middle_of,
    mosaic_of,
    rows_of,
    scores_of,
    span_of,
    table_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["activations", "decision_boundary", "gradients_by_layer", "loss_curves", "weights"]

# Ten looks: colours that people of every colour vision can tell apart, each with a shape of its own.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F"]
COLOURS += ["#882255", "#888888"]
LOOKS = [{"color": colour, "marker": marker} for colour, marker in zip(COLOURS, "os^DvPXp<>")]
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "silu", "identity")


def loss_curves(history: Any, *, log: bool = False, axes: Axes | None = None) -> Axes:
    """Draw the loss of each epoch: solid on the training data, dashed on the validation data.

    Args:
        history: what ``fit`` returned: it has ``loss``, a list of numbers, and perhaps
            ``validation_loss``; or a list of losses; or a dict of several, by name, to compare them.
        log: whether the loss is on a logarithmic scale.
        axes: where to draw; None for a new figure.

    Returns:
        The axes, with a star at the lowest validation loss.

    Raises:
        TypeError: if it is neither a history nor losses.
        ValueError: if there is no epoch.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> from types import SimpleNamespace
        >>> loss_curves(SimpleNamespace(loss=[0.9, 0.5, 0.3])).get_xlabel()
        'epoch'

    Source: lectures C4, C7.
    """
    named = dict(history) if isinstance(history, Mapping) else {"": history}
    losses = {name: _losses_of(one) for name, one in named.items()}
    if not all(losses.values()) or not losses:
        raise ValueError("the history holds no epoch: train first")
    panel = axes_of(axes)[0]
    for (name, one), look in zip(named.items(), LOOKS * len(named)):
        prefix, best_label = (f"{name}: ", None) if name else ("", "lowest: epoch {}")
        style = {**look, "markevery": len(losses[name]) // 8 + 1}
        if not name and len(losses[name]) > 1:
            style["marker"] = None
        panel.plot(losses[name], label=f"{prefix}training", **style)
        held_out = list(getattr(one, "validation_loss", []))
        if held_out:
            style["color"] = look["color"] if name else COLOURS[1]
            panel.plot(held_out, "--", label=f"{prefix}validation", **style)
            best = held_out.index(min(held_out))
            star = {"color": style["color"], "label": best_label and best_label.format(best)}
            panel.plot([best], [held_out[best]], "*", markersize=12, **star)
    panel.set(xlabel="epoch", ylabel="mean loss", yscale="log" if log else "linear")
    panel.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    return finished(panel, axes)


def _losses_of(history: Any) -> list[float]:
    """List the training losses of a history, or losses that are listed already."""
    loss = getattr(history, "loss", history)
    if not hasattr(loss, "__iter__") or isinstance(loss, str):
        raise TypeError(f"loss_curves draws the history that fit returned, got {history!r}")
    return column_of("losses", loss)


def decision_boundary(
    model: Callable[..., Any], X: Any, y: Any, *, resolution: int = 60, axes: Any = None
) -> Axes:
    """Draw which class a model gives to each point of the plane, and how surely, with the data on top.

    A model with K outputs picks the class of the largest. One output is a logit, which
    picks class 1 where it is positive; but a probability, which picks it above ½, if the
    model ends in a sigmoid or (where it does not say) if all outputs lie between 0 and 1.

    The surer, the darker: of two classes each shade is a tenth of probability, from ½ to 1;
    of K, whose outputs are logits, the tenths are those of the best class beside the second best.

    Args:
        model: called with a list of two floats; a Module is asked as in ``eval()``.
        X: points of two numbers each, as for ``fit``: a list, an array or a table.
        y: their classes: 0 ... K-1, or -1 and 1.
        resolution: how many points of a grid are computed along each side, at least 2.
        axes: where to draw; None for a new figure.

    Raises:
        ValueError: if there are no points, one has not two numbers, the classes do not
            fit the outputs, or an output is not finite.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> decision_boundary(lambda x: x[0] - x[1], [[0, 1], [1, 0]], [0, 1]).get_xlabel()
        'x₁'

    Source: lectures A5, B10.
    """
    points, labels = table_of("X", X), column_of("y", y)
    sizes = sorted({len(point) for point in points})
    if sizes != [2] or len(points) != len(labels) or resolution < 2:
        raise ValueError(
            "a decision boundary is drawn for points of two numbers, a class each, on a grid of 2 or more: "
            f"got {len(points)} points of {sizes} numbers, {len(labels)} classes and resolution {resolution}"
        )
    check_finite(points, labels)
    at_points = scores_of(model, points)
    classes = classes_of(labels, len(at_points[0]))
    width, height = inches_of(axes)
    lines = math.ceil(len(classes) / max(1, int(width / 0.9)))  # of the legend, which gets room at the top
    spans = span_of([x for x, _ in points]), span_of([x for _, x in points], room=0.3 * lines / height)
    sides = [[low + (high - low) * i / (resolution - 1) for i in range(resolution)] for low, high in spans]
    on_grid = scores_of(model, [[x1, x2] for x2 in sides[1] for x1 in sides[0]])
    if len(at_points[0]) == 1:
        middle = middle_of(model, [score for (score,) in at_points + on_grid])
        on_grid = [[0.0, score if middle == 0.0 else log_odds(score)] for (score,) in on_grid]
    panel = axes_of(axes)[0]
    for index, (colour, _) in enumerate(zip(COLOURS, classes)):
        leads = [row[index] - max(row[:index] + row[index + 1 :]) for row in on_grid]
        _shade(panel, sides, [leads[i : i + resolution] for i in range(0, len(leads), resolution)], colour)
    for label, look in zip(classes, LOOKS * len(classes)):
        xs, ys = [[point[i] for point, own in zip(points, labels) if own == label] for i in (0, 1)]
        size = max(36.0, min(120.0, 3000.0 / len(points)))
        panel.scatter(xs, ys, size, edgecolors="white", linewidths=0.6, label=f"class {label}", **look)
    panel.set(xlabel="x₁", ylabel="x₂", xlim=spans[0], ylim=spans[1])
    panel.legend(loc="upper center", ncols=math.ceil(len(classes) / lines), fontsize="small", markerscale=0.9)
    return cast("Axes", panel)


def _shade(panel: Any, sides: list[list[float]], lead: list[list[float]], colour: str) -> None:
    """Colour where a class is ahead, by how many log-odds, and draw the line where it is level."""
    from matplotlib.colors import to_rgb

    highest = max(map(max, lead))
    if highest > 0.0:
        bounds = [log_odds(tenths / 10.0) for tenths in range(5, 10)]
        strengths = [0.07 + 0.09 * band for band in range(len(bounds))]
        shades = [[1.0 - (1.0 - part) * strength for part in to_rgb(colour)] for strength in strengths]
        panel.contourf(*sides, lead, levels=[*bounds, bounds[-1] + highest], colors=shades)
        if min(map(min, lead)) < 0.0:
            panel.contour(*sides, lead, levels=[0.0], colors="#333333", linewidths=1.2)


def weights(
    layer_or_rows: Any, shape: tuple[int, int], *, columns: int | None = None, axes: Axes | None = None
) -> Axes:
    """Draw the weights of neurons as images, all on one colour scale where white is 0.

    Args:
        layer_or_rows: a layer (its ``neurons`` have weights ``w``), a model (its first
            layer is drawn), or a list of rows of numbers.
        shape: height and width of the images that the neurons look at, such as (8, 8).
        columns: how many images stand in a row; None to choose.
        axes: where to draw; None for a new figure.

    Returns:
        The axes; a neuron's number is the one at the left plus the one below.

    Raises:
        TypeError: if there are no neurons.
        ValueError: if the number of weights does not fit the shape, or one is not finite.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> weights([[0.5, -1.0, 0.0, 0.25], [1.0, 2.0, 0.0, -1.0]], (2, 2)).images[0].get_clim()
        (-2.0, 2.0)

    Source: lectures B11.
    """
    rows, (height, width) = rows_of(layer_or_rows), shape
    counts = sorted({len(row) for row in rows})
    if counts != [height * width] or (columns is not None and columns < 1):
        raise ValueError(f"images of {height} × {width} show {height * width} weights a neuron, got {counts}")
    if not all(math.isfinite(weight) for row in rows for weight in row):
        raise ValueError("a weight is not finite: has the training diverged?")
    picture, across = mosaic_of(rows, shape, columns)
    lines = math.ceil(len(rows) / across)
    largest = max(abs(weight) for row in rows for weight in row) or 1.0
    room_across, room_up = inches_of(axes)
    panel = axes_of(axes)[0]
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("weights", [COLOURS[0], "white", COLOURS[1]])
    image = panel.imshow(picture, cmap=scale, vmin=-largest, vmax=largest, interpolation="nearest")
    panel.set_facecolor("#BBBBBB")  # what shows between the images
    high = min(1.0, 0.8 * len(picture) / len(picture[0]) * room_across / room_up)
    panel.figure.colorbar(image, ax=panel, label="weight", shrink=high, aspect=20 * high)
    shown = range(0, across, 1 if across <= 10 else 5)
    panel.set_xticks([(i + 0.5) * (width + 1) for i in shown], [str(i) for i in shown])
    shown = range(0, lines, 1 if lines <= 10 else 2) if lines > 1 else range(0)
    panel.set_yticks([(i + 0.5) * (height + 1) for i in shown], [str(i * across) for i in shown])
    panel.set(xlabel="+ place in the row" if lines > 1 else "neuron", ylabel="neuron" if lines > 1 else "")
    panel.tick_params(length=0)
    return cast("Axes", panel)


def activations(names: Iterable[str] | str | None = None, *, axes: Any = None) -> list[Axes]:
    """Draw activation functions, each with its derivative as the engine computes it.

    Args:
        names: operations on one number, or "identity"; None for those of the lectures.
        axes: as many axes as names; None for a new figure.

    Returns:
        A list of axes, one for each name, all with the same scales.

    Raises:
        ValueError: if a name is unknown, or there are not as many axes as names.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> [panel.get_title() for panel in activations(["relu", "tanh"])]
        ['relu', 'tanh']

    Source: lectures C1.
    """
    listed = [names] if isinstance(names, str) else list(ACTIVATIONS if names is None else names)
    curves = [curve_of(name) for name in listed]
    if not listed or (axes is not None and len(axes_of(axes)) != len(listed)):
        raise ValueError(f"activations needs names, and as many axes, got {len(listed)} names")
    panels = axes_of(axes, len(listed))
    for panel, name, (xs, ys, slopes) in zip(panels, listed, curves):
        panel.plot(xs, ys, color=COLOURS[0], label="g(u)")
        panel.plot(xs, slopes, "--", color=COLOURS[1], label="g′(u), its derivative")
        panel.set(xlabel="u", xlim=(-4, 4), ylim=(-1.25, 2.25), xticks=(-3, 0, 3), yticks=(-1, 0, 1, 2))
        panel.set_title(name, fontsize="medium")
        panel.grid(alpha=0.3)
        if axes is None:
            panel.label_outer()
    finished(panels[0], axes)
    return panels


def gradients_by_layer(model: Any, *, axes: Axes | None = None) -> Axes:
    """Draw how large the gradients are in each layer, after a ``backward()``.

    Formula:
        `size of a layer = mean of |∂L/∂θ| over its parameters θ`

    Args:
        model: has ``named_parameters()``; a layer is what stands before the neuron in the
            dotted names, such as ``layers.0``. Or a dict of several, by name, to compare them.
        axes: where to draw; None for a new figure.

    Returns:
        The axes, first layer on top; a hollow point at the left end is a gradient of exactly 0.

    Raises:
        TypeError: if a model has no named parameters.
        ValueError: if there are no gradients yet, or one is not finite.

    Example:
        >>> import matplotlib; matplotlib.use("Agg")
        >>> from autograd_lite import nn
        >>> model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
        >>> model([1.0, -1.0]).backward()
        >>> [tick.get_text() for tick in gradients_by_layer(model).get_yticklabels()]
        ['layers.0', 'layers.1']

    Source: lectures C6.
    """
    named = dict(model) if isinstance(model, Mapping) else {"": model}
    sizes = {name: gradient_sizes_of(one) for name, one in named.items()}
    if not named:
        raise ValueError("gradients_by_layer needs a model, got an empty dict")
    found = {size for one in sizes.values() for size in one.values()}
    positive = found - {0.0} or {1.0}
    low = math.floor(math.log10(min(positive))) - (0.0 in found)  # a decade more to show zeros in
    high = math.floor(math.log10(max(positive))) + 1
    panel = axes_of(axes)[0]
    for (name, one), look in zip(sizes.items(), LOOKS * len(sizes)):
        panel.plot([size or 10.0**low for size in one.values()], range(len(one)), label=name, **look)
        zeros = [line for line, size in enumerate(one.values()) if size == 0.0]
        if zeros:
            hollow = {**look, "linestyle": "", "markerfacecolor": "white", "label": "exactly 0"}
            panel.plot([10.0**low] * len(zeros), zeros, **hollow)
    layers = max(map(list, sizes.values()), key=len)
    panel.set(xscale="log", xlim=(10.0**low / 2.0, 10.0**high * 2.0), xlabel="mean |∂L/∂θ|", ylabel="layer")
    panel.set_yticks(range(len(layers)), layers)
    panel.set_ylim(len(layers) - 0.5, -0.5)
    return finished(panel, axes)
