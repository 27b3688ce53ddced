"""Names for the arrays of a program, such as a lecture would give: W1, b1, z1, h1, loss."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Sequence

from autograd_lite.compiler.arrays.expressions import BATCH
from autograd_lite.compiler.arrays.ir import Array, ArrayProgram, Leaf, Operand, View
from autograd_lite.compiler.arrays.primitives import Map, Pick
from autograd_lite.compiler.arrays.products import MatrixProduct, RowDots, SumsOfProducts
from autograd_lite.compiler.introspection import is_taken
from autograd_lite.javascript import known_names
from autograd_lite.naming import LAYER, array_name

__all__ = ["identifier", "is_layer", "name_arrays"]


PLACES = re.compile(r"(\.\d+|\[\d+\])+$")
"""Where a number stands in what has the name."""


def name_arrays(program: ArrayProgram, arguments: Sequence[str], labels: Callable[[int], str]) -> None:
    """Give each array that has none a name; the arguments' names are taken.

    Args:
        program: what holds the arrays.
        arguments: the names of the arguments.
        labels: tells by its number what a parameter is called, or nothing: an array of one name's numbers
            has that.
    """
    namer = _Namer(program, arguments)
    namer.name_labelled(labels)
    namer.name_roles()
    namer.name_loss()
    namer.number_rest()


class _Namer:
    def __init__(self, program: ArrayProgram, arguments: Sequence[str]) -> None:
        self.program = program
        self.taken = {*arguments, BATCH, *known_names()}  # exp2 is a function, and not the second exp

    def give(self, array: Array, name: str) -> None:
        """Give an array a name, or one like it; the first name that is given stays.

        Its adjoint has it too, behind a d: that is no argument's either.
        """
        unique, count = name, 1
        while {unique, f"d{unique}"} & self.taken:
            count += 1
            unique = f"{name}_{count}"
        self.taken |= {unique, f"d{unique}"}
        array.name = array.name or unique

    def name_labelled(self, labels: Callable[[int], str]) -> None:
        """Name the parameters by their module's attributes, or the keys of a dict; layers have roles."""
        for leaf in self.program.leaves("parameter"):
            first = labels(int(leaf.places[0]))
            if not first or LAYER.fullmatch(first):
                continue
            found = {PLACES.sub("", label) for label in map(labels, leaf.places.tolist())}
            if len(found) == 1 and "" not in found:
                self.give(leaf, identifier(found.pop()))

    def name_roles(self) -> None:
        """Name the parts of layers, and the rows of tables."""
        arrays = self.program.arrays
        sums = (array for array in arrays if isinstance(array, SumsOfProducts))
        multiplied = {
            operand.array for each in sums for operand in each.operands[:2] if isinstance(operand, View)
        }
        layer = 0
        for array in arrays:
            if is_layer(array):
                layer += 1
                for role, operand in zip(["X", "W", "b", "b", "b"], array.operands):
                    leaf = _weights(operand)
                    if leaf and not leaf.name:
                        self.give(leaf, array_name(role, layer))
                self.give(array, array_name("z", layer))
            elif isinstance(array, Pick) and isinstance(array.values, View):
                leaf = _weights(array.values)
                if leaf:
                    self.give(leaf, "table")
                self.give(array, "rows" if leaf else "picked")
            elif isinstance(array, Map) and array in multiplied and array is not arrays[-1]:
                source = array.views[0].array if array.views else array
                if len(array.operands) == 1 and is_layer(source):
                    self.give(array, source.name.replace("z", "h", 1))

    def name_loss(self) -> None:
        """Name the one output, unless it already has a name for what it is."""
        outputs = self.program.outputs
        array = outputs[0].array if len(outputs) == 1 and isinstance(outputs[0], View) else None
        if array and array.operands and (array.name or "z").startswith(("z", "h")):
            array.name = ""
            self.give(array, "loss")

    def number_rest(self) -> None:
        """Number what has no name yet, by what it is."""
        counts: dict[str, int] = {}
        for array in self.program.arrays:
            if not array.name:
                counts[array.stem] = counts.get(array.stem, 0) + 1
                self.give(array, f"{array.stem}{counts[array.stem]}")


def identifier(label: str) -> str:
    """Make a label an identifier that the source does not need for itself.

    Example:
        >>> identifier("layers[0].W"), identifier("lambda"), identifier("x); import os"), identifier("N")
        ('layers_0_W', 'lambda_', 'x_import_os', 'N_')
    """
    name = re.sub("[^0-9A-Za-z]+", "_", label).strip("_") or "p"
    name = f"p{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) or is_taken(name) else name


def is_layer(array: Array) -> bool:
    """Tell whether an array is the z of a layer: a matrix product, or one neuron's weighted sum."""
    if isinstance(array, RowDots):
        return array.shape == () and _weights(array.weights) is not None
    return isinstance(array, MatrixProduct)


def _weights(operand: Operand) -> Leaf | None:
    """Return the leaf that an operand reads, if it is the same for all rows."""
    leaf = operand.array if isinstance(operand, View) else None
    return leaf if isinstance(leaf, Leaf) and not leaf.batched else None
