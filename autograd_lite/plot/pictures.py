"""What the pictures of ``plot`` are made of: axes to draw into, and the numbers to draw."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from autograd_lite import functions
from autograd_lite.core.coercion import as_float
from autograd_lite.core.ieee import mean_of
from autograd_lite.core.modes import no_grad
from autograd_lite.core.tables import as_column, as_rows
from autograd_lite.derivatives import grad
from autograd_lite.engine import NO_GRADIENT, Value
from autograd_lite.ops import OPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "axes_of",
    "check_finite",
    "classes_of",
    "column_of",
    "curve_of",
    "finished",
    "gradient_sizes_of",
    "inches_of",
    "listed",
    "log_odds",
    "middle_of",
    "mosaic_of",
    "numbers_of",
    "rows_of",
    "scores_of",
    "span_of",
    "table_of",
]


def axes_of(axes: Any, count: int = 1) -> list[Any]:
    """List the axes to draw into: the caller's, or those of a new figure in rows of up to four."""
    if axes is not None:
        return list(getattr(axes, "flat", axes if isinstance(axes, (list, tuple)) else [axes]))
    rows, columns = math.ceil(count / 4), min(count, 4)
    _, grid = _pyplot().subplots(rows, columns, sharex=True, sharey=True, squeeze=False, layout="constrained")
    for panel in grid.flat[count:]:
        panel.remove()
    return list(grid.flat[:count])


def finished(panel: Any, axes: Any) -> Axes:
    """Add a grid, and a legend: above the axes in a new figure, else inside."""
    panel.grid(alpha=0.3)
    handles, labels = panel.get_legend_handles_labels()
    if labels and axes is not None:
        panel.legend(fontsize="small")
    elif labels:
        panel.figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return cast("Axes", panel)


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise ImportError("pictures are drawn with Matplotlib: pip install matplotlib") from None
    return pyplot


def inches_of(axes: Any) -> tuple[float, float]:
    """Tell how wide and high axes are, or in a new figure will be."""
    if axes is None:
        width, height = _pyplot().rcParams["figure.figsize"]
        return 0.85 * width, 0.8 * height
    box = axes.get_window_extent()
    return box.width / axes.figure.dpi, box.height / axes.figure.dpi


def scores_of(model: Any, points: Sequence[Any]) -> list[list[float]]:
    """Compute a model's outputs as plain numbers, without building graphs.

    They are rounded to ten digits: the last bits, in which machines differ, would change pixels.
    """
    modules = list(model.modules()) if hasattr(model, "modules") else []
    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        with no_grad():
            outputs = [model(point) for point in points]
    finally:
        for module, mode in zip(modules, modes):
            module.training = mode
    rows = [numbers_of(output if hasattr(output, "__len__") else [output]) for output in outputs]
    if not all(math.isfinite(score) for row in rows for score in row):
        raise ValueError("the model gives outputs that are not finite: has its training diverged?")
    return [[float(f"{score:.10g}") for score in row] for row in rows]


def numbers_of(things: Iterable[Any]) -> list[float]:
    """List what Values and numbers hold."""
    return [_number_of(thing) for thing in things]


def _number_of(thing: Any) -> float:
    if isinstance(thing, Value):
        return thing.data
    return as_float(thing) if isinstance(thing, str) or hasattr(thing, "__len__") else float(thing)


def listed(things: Any) -> Any:
    """Return what has a length as it is, and list what can be gone through once."""
    return things if hasattr(things, "__len__") or not hasattr(things, "__iter__") else list(things)


def table_of(name: str, rows: Any) -> list[list[float]]:
    """List rows of numbers or Values, also those of a table of pandas or polars, as floats.

    Raises:
        TypeError: if they are none.
    """
    found = as_rows(name, listed(rows))
    for row in found:
        if not hasattr(row, "__iter__") or isinstance(row, str):
            raise TypeError(f"{name} are rows of numbers, got {row!r} for a row: write [[...], [...]]")
    return [numbers_of(row) for row in found]


def check_finite(points: list[list[float]], targets: list[float]) -> None:
    """Raise a ValueError if an example cannot be drawn, as ``fit`` does."""
    for index, numbers in enumerate(zip(points, targets)):
        if not all(map(math.isfinite, [*numbers[0], numbers[1]])):
            raise ValueError(f"example {index} holds a number that is inf or nan: remove or replace it")


def column_of(name: str, things: Any) -> list[float]:
    """List numbers, one of each row, as floats."""
    return numbers_of(as_column(name, listed(things)))


def classes_of(labels: list[float], outputs: int) -> list[int]:
    """List the classes that a model with so many outputs tells apart."""
    classes = list(range(outputs)) if outputs > 1 else [-1, 1] if min(labels) < 0 else [0, 1]
    if not {*labels} <= {*classes}:
        raise ValueError(f"{outputs} output(s) tell the classes {classes} apart, got {sorted({*labels})}")
    return classes


def middle_of(model: Any, outputs: list[float]) -> float:
    """Tell at which output a model changes its mind: ½ for probabilities, else 0."""
    activation = getattr((getattr(model, "layers", None) or [model])[-1], "activation", "unknown")
    if activation == "unknown":
        return 0.5 if min(outputs) >= 0.0 and max(outputs) <= 1.0 else 0.0
    return 0.5 if getattr(activation, "__name__", activation) == "sigmoid" else 0.0


def log_odds(probability: float) -> float:
    """Compute the logarithm of p / (1 - p), finite for 0 and 1, too."""
    p = min(max(probability, 1e-12), 1.0 - 1e-12)
    return math.log(p / (1.0 - p))


def span_of(numbers: list[float], room: float = 0.0) -> list[float]:
    """Return the ends of an axis on which numbers stand, with a share of room at its upper end."""
    margin = 0.15 * (max(numbers) - min(numbers)) or 1.0
    low, high = min(numbers) - margin, max(numbers) + margin
    return [low, high + (high - low) * room]


def rows_of(thing: Any) -> list[list[float]]:
    """List the weights of each neuron of a layer, or of a model's first layer."""
    layers = getattr(thing, "layers", None)
    layer = layers[0] if isinstance(layers, (list, tuple)) and layers else thing
    try:
        neurons = getattr(layer, "neurons", None) or ([layer] if hasattr(layer, "w") else None)
        return table_of("weights", thing if neurons is None else [neuron.w for neuron in neurons])
    except (AttributeError, TypeError):
        raise TypeError(f"weights draws a layer of neurons, or rows of numbers, got {layer!r}") from None


def mosaic_of(
    rows: list[list[float]], shape: tuple[int, int], columns: int | None, gap: int = 1
) -> tuple[list[list[float]], int]:
    """Put images side by side into one, with nan between them; tell how many stand in a row.

    The gap is what lies between two lines of images, in pixels.
    """
    side = math.ceil(math.sqrt(len(rows)))
    across = columns or next((count for count in range(side, 2 * side) if len(rows) % count == 0), side)
    height, width = shape
    lines = math.ceil(len(rows) / across)
    picture = [[math.nan] * (across * (width + 1) + 1) for _ in range(1 + lines * (height + gap))]
    for index, row in enumerate(rows):
        top, left = 1 + index // across * (height + gap), 1 + index % across * (width + 1)
        for i, number in enumerate(row):
            picture[top + i // width][left + i % width] = number
    return picture, across


def curve_of(name: str) -> list[list[float]]:
    """Compute a function and its derivative from -4 to 4, with a gap (nan) after each jump."""
    op = OPS.get(name)
    if name != "identity" and (op is None or len(op.partials) != 1 or None in op.attributes.values()):
        raise ValueError(f"activations are operations on one number, such as 'tanh', got {name!r}")
    inputs = [Value(i / 50.0 - 4.0) for i in range(401)]
    with warnings.catch_warnings():  # where log or sqrt are undefined, the line has a gap
        warnings.simplefilter("ignore", RuntimeWarning)
        outputs = [u if name == "identity" else getattr(functions, name)(u) for u in inputs]
    slopes = [grad(y, u) if math.isfinite(y.data) else math.nan for y, u in zip(outputs, inputs)]
    curves = [[y.data for y in outputs], slopes]
    gaps = [[b if abs(b - a) < 0.2 else math.nan for a, b in zip([c[0], *c], c)] for c in curves]
    return [[u.data for u in inputs], *gaps]


def gradient_sizes_of(model: Any) -> dict[str, float]:
    """Compute the mean |gradient| of each layer's parameters."""
    if not hasattr(model, "named_parameters"):
        raise TypeError(f"gradients_by_layer takes a Module, with named_parameters(), got {model!r}")
    found: dict[str, list[float]] = {}
    parameters = list(model.named_parameters())
    if all(parameter.grad is NO_GRADIENT for _, parameter in parameters):
        raise ValueError("there are no gradients yet: call loss.backward() first")
    for name, parameter in parameters:
        if not math.isfinite(parameter.grad):
            raise ValueError(f"the gradient of {name} is {parameter.grad}: has the training diverged?")
        owner = re.sub(r"(\.\d+)*$", "", name).rpartition(".")[0]
        layer = re.sub(r"\.?neurons\.\d+$", "", owner) or type(model).__name__
        found.setdefault(layer, []).append(abs(parameter.grad))
    return {layer: mean_of(sizes) for layer, sizes in found.items()}
