"""What to say of a name that does not exist, and what ``dir`` and tab completion show of a module."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import Any

__all__ = ["Misnamed", "missing", "show_only_public", "similar_name"]

ELSEWHERE = {
    "Linear": "Layer", "Dense": "Layer", "Perceptron": "Neuron", "RNNCell": "RNN",
    "MultiheadAttention": "SelfAttention", "BatchNorm1d": "BatchNorm",
    "CrossEntropyLoss": "cross_entropy", "nll_loss": "cross_entropy", "MSELoss": "mse",
    "BCELoss": "binary_cross_entropy", "BCEWithLogitsLoss": "bce_with_logits", "ln": "log", "pow": "**",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh", "fabs": "abs", "swish": "silu", "logistic": "sigmoid",
    "StandardScaler": "Standardize", "OneHotEncoder": "one_hot", "OrdinalEncoder": "LabelEncoder",
    "r2_score": "r2", "accuracy_score": "accuracy", "f1_score": "precision_recall_f1",
    "train_test_split": "split", "Tensor": "Value", "tensor": "Value", "Variable": "Value",
    "train": "fit", "amin": "minimum", "min": "minimum", "max": "maximum", "argmax": "predict_class",
}  # fmt: skip
"""What other libraries call a thing, and what it is called here."""


def similar_name(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant; "" if there is none.

    Args:
        name: what was asked for.
        known: the names that there are; of one with a dot the last part counts.

    Example:
        >>> similar_name("adam", ["SGD", "Adam"]), similar_name("ln", ["exp", "log"])
        ('Adam', 'log')
    """
    last = {full.rpartition(".")[2]: full for full in reversed(list(known))}
    if ELSEWHERE.get(name) in last:
        return last[ELSEWHERE[name]]
    alike = {_letters(short): full for short, full in last.items()}
    close = difflib.get_close_matches(_letters(name), alike, 1, 0.75)
    return alike[close[0]] if close else ""


def _letters(name: str) -> str:
    return name.lower().replace("_", "")


def missing(owner: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error for a name that something does not have, with the name that was probably meant."""
    similar = "" if name.startswith("_") else similar_name(name, known)
    hint = f": did you mean {similar}?" if similar else ""
    return AttributeError(f"{owner} has no attribute {name!r}{hint}")


def show_only_public(module: str) -> None:
    """Let ``dir`` of a module show its public names alone, and its errors name the nearest of them.

    Args:
        module: its name. pdoc is told in which form its docstrings are.
    """
    space: dict[str, Any] = vars(sys.modules[module])

    def absent(name: str) -> Any:
        raise missing(f"module {module!r}", name, space["__all__"])

    space["__docformat__"] = "google"  # of its docstrings, for pdoc
    space["__dir__"] = lambda: [*space["__all__"], "__all__", "__doc__", "__file__", "__name__"]
    space.setdefault("__getattr__", absent)


class Misnamed:
    """Stands on a class under a name that other libraries have, to say what it is called here.

    A ``__getattr__``, which would know every name, makes reading any attribute slower.
    """

    def __init__(self, name: str, hint: str) -> None:
        self.name, self.hint = name, hint

    def __get__(self, value: Any, kind: type[Any]) -> Any:
        raise AttributeError(f"a {kind.__name__} has no attribute {self.name!r}: {self.hint}")
