"""The neurons of a layer: which input and which parameter stand in each product of their weighted sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd_lite.compiler.arrays.ir import Array, Leaf, View
from autograd_lite.compiler.arrays.primitives import Map
from autograd_lite.compiler.arrays.products import MatrixProduct, SumsOfProducts
from autograd_lite.ops import ADD, MUL

__all__ = ["Neurons", "neurons_of"]


@dataclass
class Neurons:
    """Weighted sums with parameters as weights.

    Attributes:
        sums: the array that holds them.
        reads: the array that holds the inputs.
        inputs: rows of places in that.
        weights: rows of the numbers of parameters.
        rows: for each neuron the number of its row of inputs, and of its row of weights.
        biases: for each neuron the numbers of the parameters that are added.
    """

    sums: Array
    reads: Array
    inputs: list[list[int]]
    weights: list[list[int]]
    rows: list[tuple[int, int]]
    biases: list[list[int]]


def neurons_of(array: Array, users: Sequence[Array]) -> Neurons | None:
    """Return the neurons whose weighted sums an array begins, if it does.

    Args:
        array: an array of a program.
        users: the arrays that read it.
    """
    if isinstance(array, SumsOfProducts):
        return _of_sums(array)
    if isinstance(array, Map) and array.op is MUL and array.size == 1:
        return _of_product(array, users)
    return None


def _of_sums(sums: SumsOfProducts) -> Neurons | None:
    inputs, weights = sums.inputs, sums.weights
    if not isinstance(inputs, View) or not isinstance(weights, View) or not _is_parameter(weights.array):
        return None
    biases: list[list[int]] = [[] for _ in range(sums.size)]
    for view in sums.views[2:]:
        if _is_parameter(view.array):
            for neuron, place in enumerate(_broadcast(_parameters(view), sums.shape)):
                biases[neuron].append(place)
    return Neurons(
        sums,
        inputs.array,
        inputs.index.reshape(-1, sums.terms).tolist(),
        _parameters(weights).reshape(-1, sums.terms).tolist(),
        _rows(sums, inputs.index.size // sums.terms, weights.index.size // sums.terms),
        biases,
    )


def _of_product(product: Map, users: Sequence[Array]) -> Neurons | None:
    """Return the one neuron w * x + b, or w * x: with a single input there is no sum of products."""
    weights = [view for view in product.views if _is_parameter(view.array)]
    inputs = [view for view in product.views if not _is_parameter(view.array)]
    if len(weights) != 1 or len(inputs) != 1:
        return None
    sums: Array = product
    bias: list[int] = []
    if len(users) == 1 and isinstance(users[0], Map) and users[0].op is ADD:
        bias = [place for view in users[0].views if _is_parameter(view.array) for place in _places(view)]
        sums = users[0] if bias else product
    read = inputs[0].index.reshape(-1).tolist()
    return Neurons(sums, inputs[0].array, [read], [_places(weights[0])], [(0, 0)], [bias])


def _is_parameter(array: Array) -> bool:
    return isinstance(array, Leaf) and array.kind == "parameter"


def _parameters(view: View) -> Any:
    """Return the numbers of the parameters that a view reads, in its shape."""
    return view.array.places.reshape(-1)[view.index]


def _places(view: View) -> list[int]:
    listed: list[int] = _parameters(view).reshape(-1).tolist()
    return listed


def _broadcast(places: Any, shape: tuple[int, ...]) -> list[int]:
    import numpy

    listed: list[int] = numpy.broadcast_to(places, shape).reshape(-1).tolist()
    return listed


def _rows(sums: SumsOfProducts, inputs: int, weights: int) -> list[tuple[int, int]]:
    """For each weighted sum, tell which of the rows of inputs and which of the rows of weights it is of."""
    if not isinstance(sums, MatrixProduct):  # row by row
        return [(min(row, inputs - 1), min(row, weights - 1)) for row in range(sums.size)]
    count = sums.shape[0] if sums.blocks else 1
    down, across = inputs // count, weights // count
    return [
        (block * down + row, block * across + column)
        for block in range(count) for row in range(down) for column in range(across)
    ]  # fmt: skip
