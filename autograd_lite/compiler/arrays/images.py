"""Operations on images: products of kernels with the windows of an image, and pooling."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_lite.compiler.arrays.expressions import Expression, call, name
from autograd_lite.compiler.arrays.indexing import Named, reshaped
from autograd_lite.compiler.arrays.ir import Operand, View
from autograd_lite.compiler.arrays.primitives import Primitive
from autograd_lite.compiler.arrays.products import MatrixProduct, SumsOfProducts

__all__ = ["Convolution", "Pool"]


class Convolution(MatrixProduct):
    """Each kernel, a row, times each window of an image, a column: so what comes out is an image again.

    Args:
        windows: a column for each place of the kernels.
        kernels: a row for each.
        biases: what is added.
    """

    def __init__(self, windows: Operand, kernels: Operand, biases: Sequence[Operand] = ()) -> None:
        self.blocks, self.many = False, [True, True]
        shape = (kernels.shape[0], windows.shape[1])
        SumsOfProducts.__init__(self, windows, kernels, biases, shape)

    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        return weights @ inputs

    def _product_back(self, slot: int, d: Expression, other: Expression) -> Expression:
        if slot == 0:
            return other.T @ d
        product = other @ d.swapped(-1, -2)  # BLAS is faster with the longer side first
        return (product.sum(0) if self.batched else product).T


class Pool(Primitive):
    """The largest number, or the sum, of each of many small windows that do not overlap.

    Args:
        values: the numbers, with axes of their own for the places in a window.
        axes: these axes, counted from the last.
        shape: of the result.
        by: "max" or "sum".
        flows: whether a gradient flows through it.
    """

    def __init__(
        self, values: View, axes: Sequence[int], shape: tuple[int, ...], by: str, *, flows: bool = True
    ) -> None:
        super().__init__(shape, (values,))
        self.values, self.axes, self.by = values, tuple(axes), by
        self.conditions = () if flows else (0,)
        self.kind, self.stem = by, {"max": "amax", "sum": "total"}[by]
        ones = [1 if axis - len(values.shape) in axes else n for axis, n in enumerate(values.shape)]
        self.spread = tuple(ones)

    def comment(self) -> str:
        """What scalar code it stands for."""
        size = self.values.index.size // self.size
        return f"{'largest' if self.by == 'max' else 'sum'} of {size}, {self.size} times"

    def forward(self, named: Named) -> Expression:
        """Write what it computes."""
        read = call(f"{self.by}_over", self.operands[0].read(named, exact=True), axis=self.axes)
        kept = tuple(n for n, spread in zip(self.values.shape, self.spread) if n == spread)
        return reshaped(read, kept, self.shape, self.batched)

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        """Write the adjoint of the numbers, given that of the result."""
        each = reshaped(d, self.shape, self.spread, self.batched)
        if self.by == "sum":
            counts = tuple(self.values.shape[axis] for axis in self.axes)
            return call("repeated", each, counts, axis=self.axes)
        largest = reshaped(name(self.name), self.shape, self.spread, self.batched)
        values = self.operands[0].read(named, exact=True)
        return call("to_largest", each, largest, values, axis=self.axes)
