"""Playgrounds of the data sets that come with the package, by name, and the command that writes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite import datasets, losses
from autograd_lite.expression import ExpressionError
from autograd_lite.nn import MLP
from autograd_lite.optim import Adam
from autograd_lite.playing.making import playground
from autograd_lite.playing.page import Playground
from autograd_lite.preprocess import Standardize

__all__ = ["SETS", "bundled_playground", "run"]

USAGE = "python3 -m autograd_lite playground moons --html moons.html --layers 16,16"


@dataclass
class Bundled:
    """A data set, and a network that learns it.

    Attributes:
        load: gives its examples and targets.
        loss: what is made small.
        outputs: how many outputs the network has.
        layers: how many neurons each hidden layer has, if nothing is said.
        activation: of those.
        fraction: the share of the examples that is held out for testing.
        rate: of Adam.
    """

    load: Callable[[], tuple[Any, Any]]
    loss: Callable[[Any, Any], Any] = losses.bce_with_logits
    outputs: int = 1
    layers: tuple[int, ...] = (8, 8)
    activation: str = "tanh"
    fraction: float = 0.0
    rate: float = 0.01


def _some_digits() -> tuple[Any, Any]:
    X, y = datasets.digits()
    return X[:900], y[:900]


def _scaled(X: Any, y: Any) -> tuple[Any, Any]:
    """Scale the examples, and targets that are no classes, to mean 0 and standard deviation 1."""
    if not isinstance(y[0], int):
        column = [[target] for target in y]
        y = [number for (number,) in Standardize().fit(column).transform(column)]
    return Standardize().fit(X).transform(X), y


THIRD = 1 / 3
SETS = {
    "and_gate": Bundled(datasets.and_gate, layers=(), rate=0.1),
    "or_gate": Bundled(datasets.or_gate, layers=(), rate=0.1),
    "xor": Bundled(datasets.xor, layers=(4,), rate=0.1),
    "moons": Bundled(
        lambda: datasets.moons(150, noise=0.15), layers=(16, 16), activation="relu", fraction=THIRD
    ),
    "circles": Bundled(lambda: datasets.circles(150, noise=0.1), fraction=THIRD),
    "spirals": Bundled(lambda: datasets.spirals(225), losses.cross_entropy, 3, (16, 16), fraction=THIRD),
    "blobs": Bundled(lambda: datasets.blobs(150), losses.cross_entropy, 3, (8,), fraction=THIRD),
    "curve": Bundled(lambda: datasets.curve(90), losses.squared_error, fraction=THIRD),
    "iris": Bundled(lambda: _scaled(*datasets.iris()), losses.cross_entropy, 3, (8,), fraction=THIRD),
    "wine": Bundled(lambda: _scaled(*datasets.wine()), losses.cross_entropy, 3, (8,), fraction=THIRD),
    "diabetes": Bundled(
        lambda: _scaled(*datasets.diabetes()), losses.squared_error, layers=(4,), fraction=THIRD
    ),
    "digits": Bundled(_some_digits, losses.cross_entropy, 10, (24,), "relu", fraction=THIRD),
}
"""The data sets by their names in ``datasets``."""


def bundled_playground(name: str, layers: Sequence[int] | None = None) -> Playground:
    """Return the playground of a data set.

    Args:
        name: one of SETS.
        layers: how many neurons each hidden layer has; None for a form that learns it.

    Raises:
        ImportError: if a set of scikit-learn's is asked for without it, or NumPy is missing.

    Example:
        >>> bundled_playground("xor", [2])
        <Playground of a network of 2-2-1 neurons>
    """
    chosen = SETS[name]
    X, y = chosen.load()
    test = None
    if chosen.fraction:
        X, y, *held_out = datasets.split(X, y, fraction=chosen.fraction)
        test = (held_out[0], held_out[1])
    hidden = chosen.layers if layers is None else layers
    model = MLP(len(X[0]), [*hidden, chosen.outputs], chosen.activation, init="xavier", seed=0)
    return playground(model, chosen.loss, X, y, test=test, optimizer=Adam(lr=chosen.rate))


def run(arguments: Sequence[str]) -> str:
    """Write the playground that the command line asks for, and return what to say of it.

    Args:
        arguments: what follows "playground": the name of a data set, --html FILE, and --layers 16,16
            if wanted.

    Raises:
        ExpressionError: if they cannot be understood.
        OSError: if the page cannot be written.
    """
    name, options = _read(arguments)
    file = options.get("--html", "")
    if os.path.splitext(file)[1].lower() != ".html" or "\0" in file:
        raise ExpressionError(f"--html takes the name of a file that ends in .html, as in {USAGE}")
    try:
        made = bundled_playground(name, _layers(options.get("--layers")))
    except ImportError as error:
        raise ExpressionError(str(error)) from None
    made.save(file)
    return f"{file}: {made.title}\n"


def _read(arguments: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Take the name of a data set and the options, each followed by its text or joined to it by =."""
    names: list[str] = []
    options: dict[str, str] = {}
    waiting = iter(arguments)
    for argument in waiting:
        option, equals, text = argument.partition("=")
        if option in options:
            raise ExpressionError(f"{option} is given twice: remove one")
        if option in ("--html", "--layers"):
            options[option] = text if equals else next(waiting, "")
        elif argument.startswith("-"):
            raise ExpressionError(f"there is no option {argument[:40]}: write as in {USAGE}")
        else:
            names.append(argument)
    if len(names) != 1 or names[0] not in SETS:
        raise ExpressionError(f"a playground is of one of {', '.join(SETS)}: write as in {USAGE}")
    return names[0], options


def _layers(text: str | None) -> list[int] | None:
    """Read how many neurons each hidden layer has; nothing for none."""
    if text is None:
        return None
    words = [word for word in text.split(",") if word.strip()]
    if not all(word.strip().isdecimal() and 0 < int(word) <= 128 for word in words) or len(words) > 8:
        raise ExpressionError(f"--layers takes up to 8 numbers from 1 to 128, as in 16,16; got {text[:40]!r}")
    return [*map(int, words)]
