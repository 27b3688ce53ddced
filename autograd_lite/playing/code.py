"""The Python that makes a model and names a loss, for those who want to go on from a playground."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite import losses
from autograd_lite.nn import MLP
from autograd_lite.nn.dense import Layer

__all__ = ["loss_code", "model_code"]


def model_code(model: Any) -> str:
    """Return the line that makes a model of the same form, or one that says where it is to be taken from.

    Example:
        >>> model_code(MLP(2, [16, 1], "tanh"))
        "model = nn.MLP(2, [16, 1], 'tanh')"
    """
    made = _made(model)
    if made is not None:
        return f"model = {made}"
    kind = type(model).__name__
    return f"model = {kind}()  # from your own code: a {kind} of the same form as the page's"


def loss_code(loss: Callable[..., Any]) -> str:
    """Return how a loss is called: by its place in ``losses``, or by its own name.

    Example:
        >>> loss_code(losses.mse)
        'losses.mse'
    """
    name = getattr(loss, "__name__", type(loss).__name__)
    if getattr(losses, name, None) is loss:
        return f"losses.{name}"
    return name if name.isidentifier() else "loss"


def _made(model: Any) -> str | None:
    if type(model) is not MLP or not all(type(layer) is Layer for layer in model.layers):
        return None
    *hidden, last = [layer.activation for layer in model.layers]
    sizes = [len(layer.neurons) for layer in model.layers]
    inputs = len(model.layers[0].neurons[0].w)
    names = {*hidden, last}
    if len({*hidden}) > 1 or not all(name is None or isinstance(name, (str, bool)) for name in names):
        return None
    activation = hidden[0] if hidden else "relu"
    given = [*([] if activation == "relu" else [repr(activation)])]
    if last is not None and last is not False:
        given.append(f"output={last!r}")
    return f"nn.MLP({', '.join([str(inputs), str(sizes), *given])})"
