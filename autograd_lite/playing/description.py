"""The columns of a network as the page takes them, with the names that the loss has for their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.compiler.arrays.ir import Array, Constant, View
from autograd_lite.core.op import Op
from autograd_lite.core.symbol import Symbol, factor
from autograd_lite.ops import DOT
from autograd_lite.playing.columns import Column

__all__ = ["described_columns", "name_columns"]


def name_columns(columns: Sequence[Column], shown: Sequence[Array], judged: Sequence[Array]) -> None:
    """Call columns what the program of the loss calls them.

    Args:
        columns: those of the program of the outputs.
        shown: the arrays of that program.
        judged: those of the program of the loss.
    """
    twins = _twins(shown, judged)
    for column in columns:
        column.name = twins.get(column.array.number, "")
        column.sums_name = twins.get(column.neurons.sums.number, "") if column.neurons else ""


def described_columns(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Describe columns that have names for the page."""
    places = {column.array.number: place for place, column in enumerate(columns)}
    return [_described(column, places) for column in columns]


def _described(column: Column, places: dict[int, int]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "array": column.array.name,
        "title": column.name or ("output" if column.array.name == "loss" else column.array.name),
        "size": column.array.size,
        "sources": column.sources,
        "judged": {"array": column.name, "sums": column.sums_name},
    }
    if column.neurons is not None:
        neurons = column.neurons
        described |= {
            "sumsTitle": column.sums_name or neurons.sums.name,
            "reads": places[neurons.reads.number],
            "why": DOT.why,
            "inputs": neurons.inputs,
            "weights": neurons.weights,
            "rows": neurons.rows,
            "biases": neurons.biases,
        }
    if column.activation is not None:
        described["activation"] = _written(column.activation)
    return described


def _written(op: Op) -> dict[str, str]:
    """Write an activation with places for its output {y} and its input {z}."""
    read = op.textbook_slopes if op.textbook else op.slopes
    (slope,) = read(Symbol("{y}"), [Symbol("{z}")], [0])
    return {"name": op.name, "written": op.template.format("{z}"), "slope": factor(slope), "why": op.why}


def _twins(shown: Sequence[Array], judged: Sequence[Array]) -> dict[int, str]:
    """Find what the arrays of one program are called in another that computes them in the same way."""
    known: dict[Any, int] = {}
    names = {number: array.name for number, array in _numbered(judged, known)}
    return {array.number: names[number] for number, array in _numbered(shown, known) if number in names}


def _numbered(arrays: Sequence[Array], known: dict[Any, int]) -> list[tuple[int, Array]]:
    """Give each array a number, the same for the same computation."""
    numbers: dict[int, int] = {}
    for array in arrays:
        places = array.places.tobytes() if array.kind == "parameter" else getattr(array, "source", None)
        op = id(getattr(array, "op", None)), str(getattr(array, "attributes", ""))
        operands = tuple(_key(operand, numbers) for operand in array.operands)
        key = (array.kind, array.shape, repr(places), op, operands)
        numbers[array.number] = known.setdefault(key, len(known))
    return [(numbers[array.number], array) for array in arrays]


def _key(operand: View | Constant, numbers: dict[int, int]) -> Any:
    if isinstance(operand, Constant):
        return operand.values.shape, operand.values.tobytes()
    return numbers[operand.array.number], operand.index.shape, operand.index.tobytes()
