"""Sequential: layers and functions in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite.composed import softmax
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import activation_function, is_activation

__all__ = ["Sequential"]


class Sequential(Module):
    """Modules and functions in a row, each of which takes what the last one returns.

    Formula:
        `y = f_L(... f_2(f_1(x)))`

    Args:
        layers: modules, also ``Sequential`` ones; functions; names of activations. An operation on one
            number, such as ``tanh`` or its name, is applied to each number; any other function
            is called with all that the last layer returned.

    Attributes:
        layers: the list of them; an activation's name has become its function.
        takes_batches: whether one of them is a ``BatchNorm``, or holds one. Then the model is
            called with a list of examples, as ``fit`` and ``predict`` do, and returns a list of
            outputs; the layers that take one example are called with each.

    Returns:
        When called: what the last layer returns.

    Raises:
        TypeError: if a layer cannot be called.
        ValueError: if there is none, or a name is no activation; when called, what a layer raises.

    Example:
        >>> from autograd_lite.nn import BatchNorm, Layer
        >>> model = Sequential(Layer(2, 8, None, seed=0), "tanh", Layer(8, 1, None, seed=1))
        >>> len(model.parameters()), type(model([0.5, -1.0])).__name__
        (33, 'Value')
        >>> norm = Sequential(Layer(2, 3, None), BatchNorm(3), "relu", Layer(3, 1, None))
        >>> len(norm([[0.5, -1.0], [1.0, 2.0]]))
        2

    Source: lectures B9, C6.
    """

    def __init__(self, *layers: Module | Callable[..., Any] | str) -> None:
        if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
            raise TypeError("Sequential takes the layers one after the other: write Sequential(*layers)")
        if not layers:
            raise ValueError("a Sequential has at least one layer")
        for layer in layers:
            if isinstance(layer, type) or not (callable(layer) or isinstance(layer, str)):
                raise TypeError(
                    f"a layer is a module, a function or the name of an activation, got {layer!r}"
                )
        self.layers = [_function_of(layer) if isinstance(layer, str) else layer for layer in layers]
        self.takes_batches = any(getattr(layer, "takes_batches", False) for layer in layers)

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            if self.takes_batches and not getattr(layer, "takes_batches", False):
                x = self._with_each(layer, x)
            else:
                x = _applied(layer, x)
        return x

    def _with_each(self, layer: Any, examples: Any) -> list[Any]:
        """Call a layer that takes one example with each of several."""
        try:
            return [_applied(layer, each) for each in examples]
        except (TypeError, ValueError) as error:
            error.add_note(
                "A model that holds a BatchNorm is called with a list of examples: model([x, ...])"
            )
            raise


def _function_of(name: str) -> Callable[..., Any]:
    return softmax if name == "softmax" else activation_function(name)


def _applied(layer: Any, x: Any) -> Any:
    """Call a layer; an operation on one number with each number."""
    return _each(layer, x) if is_activation(layer) else layer(x)


def _each(function: Callable[[Any], Any], x: Any) -> Any:
    if hasattr(x, "__len__") and not isinstance(x, Value):
        return [_each(function, item) for item in x]
    return function(x)
