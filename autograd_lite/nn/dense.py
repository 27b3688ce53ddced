"""Neuron, Layer and MLP: dense networks, one weighted sum at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from autograd_lite import functions
from autograd_lite.composed import softmax
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.nn.tools import (
    Activation,
    Seed,
    activation_function,
    activation_name,
    check_size,
    generator_of,
    inputs_of,
    weights_drawer,
)

__all__ = ["MLP", "Layer", "Neuron"]

SIZES = "nouts is a list of sizes, hidden layers first and outputs last"


class Neuron(Module):
    """A weighted sum of its inputs and a bias, put through an activation function.

    Formula:
        `y = g(Σ_i w[i] x[i] + b)`

    Args:
        nin: how many inputs.
        activation: the name of a function of one number ("relu", "tanh", "sigmoid", ...),
            a function of one Value, or None for a linear neuron. True and False stand for
            "relu" and None.
        nonlin: micrograd's word for the same: False for a linear neuron.
        init: how the weights start, the bias starts at 0: "uniform" in (-1, 1), "xavier"
            uniform with variance 2 / (nin + nout), "he" normal with variance 2 / nin.
        nout: how many neurons stand beside this one, itself included; for "xavier".
        seed: a number or a ``random.Random`` to draw from; None for the ``random`` module.

    Raises:
        ValueError: if nin is less than 1, or activation or init has an unknown name; when
            called, if the number of inputs is not nin.

    Example:
        >>> neuron = Neuron(2, activation="sigmoid", seed=1)
        >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 1.0, -1.0, 0.5
        >>> neuron([3.0, 3.5]).data
        0.5

    Source: lectures B1 (linear), B2 (logistic).
    """

    def __init__(
        self,
        nin: int,
        activation: Activation = "relu",
        *,
        nonlin: bool | None = None,
        init: str = "uniform",
        nout: int = 1,
        seed: Seed = None,
    ) -> None:
        check_size("nin", nin)
        draw = weights_drawer(init, nin, nout, generator_of(seed))
        self.w = [Value(draw()) for _ in range(nin)]
        self.b = Value(0.0)
        self.activation = activation if nonlin is None else nonlin
        self._activate = activation_function(self.activation)

    def __call__(self, x: Any) -> Any:
        x = inputs_of(x, len(self.w))
        return self.activate(x, functions.dot_for(x))

    def activate(self, x: Sequence[Value | float], dot: Callable[..., Any]) -> Any:
        """Compute the neuron for checked inputs, given what computes weighted sums of them."""
        return self._activate(dot(self.w, x, self.b))

    def __repr__(self) -> str:
        return f"{activation_name(self.activation)}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, all with the same inputs.

    Formula:
        `h = g(W x + b)`

    Args:
        nin: how many inputs.
        nout: how many neurons.
        activation: as for a Neuron; or "softmax", which turns the layer's outputs into
            probabilities.
        nonlin: micrograd's word: False for a linear layer.
        init: as for a Neuron.
        seed: as for a Neuron.

    Returns:
        When called: a list of nout Values; a layer of one neuron returns the Value itself.

    Raises:
        ValueError: if nin or nout is less than 1; when called, if the number of inputs is not nin.

    Example:
        >>> layer = Layer(3, 2, activation=None, seed=0)
        >>> len(layer([1.0, 2.0, 3.0])), len(layer.parameters())
        (2, 8)

    Source: lectures B9.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = "relu",
        *,
        nonlin: bool | None = None,
        init: str = "uniform",
        seed: Seed = None,
    ) -> None:
        check_size("nout", nout)
        self.activation = activation if nonlin is None else nonlin
        each = None if self.activation == "softmax" else self.activation
        generator = generator_of(seed)
        self.neurons = [Neuron(nin, each, init=init, nout=nout, seed=generator) for _ in range(nout)]

    def __call__(self, x: Any) -> Any:
        x = inputs_of(x, len(self.neurons[0].w))
        dot = functions.dot_for(x)
        outputs = [neuron.activate(x, dot) for neuron in self.neurons]
        if self.activation == "softmax":
            return softmax(outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def matrix(self) -> list[list[float]]:
        """Return W as plain numbers, a row for each neuron: ``numpy.array(layer.matrix())``.

        Example:
            >>> layer = Layer(2, 3, seed=0)
            >>> len(layer.matrix()), layer.matrix()[2][1] == layer.neurons[2].w[1].data
            (3, True)
        """
        return [[weight.data for weight in neuron.w] for neuron in self.neurons]

    def __repr__(self) -> str:
        name = getattr(self.activation, "__name__", repr(self.activation))
        if isinstance(self.activation, bool):
            name = repr("relu") if self.activation else "None"
        return f"Layer({len(self.neurons[0].w)}, {len(self.neurons)}, {name})"


class MLP(Module):
    """A multi-layer perceptron: layers in a row.

    Formula:
        `h_0 = x,  h_l = g(W_l h_{l-1} + b_l),  output = g_out(W_L h_{L-1} + b_L)`

    Args:
        nin: how many inputs.
        nouts: how many neurons each layer has, hidden ones first.
        activation: of the hidden layers, as for a Neuron.
        output: the activation of the last layer: None (linear), "sigmoid", "softmax", ...
        init: as for a Neuron.
        seed: as for a Neuron. Without it, ``random.seed(n)`` gives micrograd's weights.

    Returns:
        When called: a list of Values, or the Value itself if the last layer has one neuron.

    Raises:
        ValueError: if a size is less than 1, or there is no layer; when called, if the
            number of inputs is not nin.

    Example:
        >>> model = MLP(2, [16, 16, 1], seed=0)
        >>> len(model.parameters()), type(model([0.5, -1.0])).__name__
        (337, 'Value')

    Source: lectures B6-B10; parameter counts A9.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        output: Activation = None,
        *,
        init: str = "uniform",
        seed: Seed = None,
    ) -> None:
        if isinstance(nouts, (int, float, str)):
            given = [nin, nouts, *(each for each in (activation, output) if type(each) is int)]
            raise TypeError(f"{SIZES}: write {self.written((given,))}")
        if not isinstance(nouts, Iterable) or isinstance(nouts, (Mapping, Set)):
            raise TypeError(f"{SIZES}, got {nouts!r}: write {self.written(())}")
        sizes = [nin, *nouts]
        for size in sizes:
            check_size("each size", size)
        if len(sizes) < 2:
            raise ValueError("an MLP has at least one layer: give the sizes, as in MLP(2, [16, 1])")
        generator = generator_of(seed)
        last = len(sizes) - 2
        self.layers = [
            Layer(sizes[i], sizes[i + 1], output if i == last else activation, init=init, seed=generator)
            for i in range(last + 1)
        ]

    @classmethod
    def written(cls, given: tuple[Any, ...]) -> str:
        """Write how to make an MLP of the sizes that were given as one list, or of such as there are."""
        is_list = len(given) == 1 and isinstance(given[0], (list, tuple)) and len(given[0]) > 1
        sizes = list(given[0]) if is_list else [2, 16, 1]
        first, rest = sizes[0], sizes[1:]
        return f"{cls.__name__}({first!r}, {rest!r})"

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def features(self, x: Any) -> Any:
        """Compute φ(x), the outputs of the last hidden layer (lectures B4)."""
        for layer in self.layers[:-1]:
            x = layer(x)
        return x
