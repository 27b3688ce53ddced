"""Sums of products: rows of inputs times rows of weights, as matrix products or as dots row by row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from autograd_lite.compiler.arrays.expressions import Expression, call
from autograd_lite.compiler.arrays.indexing import Named
from autograd_lite.compiler.arrays.ir import Operand, View
from autograd_lite.compiler.arrays.primitives import Primitive

__all__ = ["MatrixProduct", "RowDots", "SumsOfProducts"]


class SumsOfProducts(Primitive):
    """Rows of inputs times rows of weights, plus biases.

    Args:
        inputs: one row or several, or such for each of several blocks; the last axis is summed over.
        weights: the same.
        biases: what is added to the sums.
        shape: of the result.
    """

    def __init__(
        self, inputs: Operand, weights: Operand, biases: Sequence[Operand], shape: tuple[int, ...]
    ) -> None:
        super().__init__(shape, (inputs, weights, *biases))
        self.terms = weights.shape[-1]

    @property
    def inputs(self) -> Operand:
        """The rows of inputs."""
        return self.operands[0]

    @property
    def weights(self) -> Operand:
        """The rows of weights."""
        return self.operands[1]

    def forward(self, named: Named) -> Expression:
        result = self._products(self.inputs.read(named, exact=True), self.weights.read(named, exact=True))
        for bias in self.operands[2:]:
            result += bias.read(named)
        return result

    def back(self, named: Named, slot: int, d: Expression) -> Expression:
        return self._product_back(slot, d, self.operands[1 - slot].read(named, exact=True)) if slot < 2 else d

    @abstractmethod
    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        """Write the sums of products."""

    @abstractmethod
    def _product_back(self, slot: int, d: Expression, other: Expression) -> Expression:
        """Write the adjoint of the inputs or of the weights, given the other."""


class MatrixProduct(SumsOfProducts):
    """Each row of inputs times each row of weights."""

    kind = stem = "product"

    def __init__(self, inputs: Operand, weights: Operand, biases: Sequence[Operand] = ()) -> None:
        self.blocks = max(len(inputs.shape), len(weights.shape)) == 3
        self.many = [len(operand.shape) == 2 + self.blocks for operand in (inputs, weights)]
        wide = weights.shape[-2:-1] if self.many[1] else ()
        super().__init__(inputs, weights, biases, (*inputs.shape[:-1], *wide))

    def comment(self) -> str:
        wanted = len(self.places)
        unused = f" ({self.size - wanted} more are not used)" if wanted < self.size else ""
        return f"{wanted} weighted sums of {self.terms}{unused}"

    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        if self.blocks or self.weights.batched:
            if all(self.many):
                return inputs @ weights.swapped(-1, -2)
            many, one = (weights, inputs) if self.many[1] else (inputs, weights)
            return (many @ one[..., None])[..., 0]
        if not self.many[1]:
            return inputs @ weights
        if self.many[0] and self.inputs.batched:
            rows, columns = self.shape
            return (inputs.reshape(-1, self.terms) @ weights.T).reshape(-1, rows, columns)
        return inputs @ weights.T

    def sums_the_batch(self, slot: int) -> bool:
        return slot < 2 and not self.operands[slot].batched

    def _product_back(self, slot: int, d: Expression, other: Expression) -> Expression:
        shape, many, others = self.operands[slot].shape, self.many[slot], self.many[1 - slot]
        several = self.blocks or (self.weights.batched if slot == 0 else self.batched)
        if self.batched and self.sums_the_batch(slot):
            if self.blocks:
                return self._blocks_back(slot, d, other)
            # The rows of all examples stand one below the other.
            if slot == 0 and many:
                d = d.swapped(0, 1).reshape(shape[0], -1) if others else d.T
            elif others:
                d = d.reshape(-1, *shape[:-1])
            other = other.reshape(-1, self.terms) if others else other
            several, others = False, True
        if not others:
            return d[..., None] * (other[..., None, :] if several or slot == 1 else other)
        if many and slot == 1:
            return (d.swapped(-1, -2) if several else d.T) @ other
        return d @ other if many or not several else (d[..., None, :] @ other)[..., 0, :]

    def _blocks_back(self, slot: int, d: Expression, other: Expression) -> Expression:
        """The same for several blocks, one side of which is shared by the batch."""
        axes = ["b" * self.many[0], "a" * self.many[1]]
        batch = "n" * self.operands[1 - slot].batched
        return call("einsum", f"nk{''.join(axes)},{batch}k{axes[1 - slot]}p->k{axes[slot]}p", d, other)


class RowDots(SumsOfProducts):
    """Each row of inputs times the row of weights beside it."""

    kind, stem = "dots", "dot"

    def __init__(self, inputs: Operand, weights: Operand, biases: Sequence[Operand] = ()) -> None:
        super().__init__(inputs, weights, biases, inputs.shape[:-1])

    def comment(self) -> str:
        if self.shape:
            return f"dots of {self.terms}"
        factors = {operand.array for operand in self.operands[:2] if isinstance(operand, View)}
        return f"sum of {self.terms} products" if len(factors) == 1 else f"weighted sum of {self.terms}"

    def _products(self, inputs: Expression, weights: Expression) -> Expression:
        is_one_row = self.shape == () and not self.weights.batched
        return inputs @ weights if is_one_row else (inputs * weights).sum(-1)

    def sums_the_batch(self, slot: int) -> bool:
        if slot > 1 or self.shape:
            return False
        return self.operands[1 - slot].batched and not self.operands[slot].batched

    def _product_back(self, slot: int, d: Expression, other: Expression) -> Expression:
        if self.sums_the_batch(slot):
            return d @ other
        return (d[..., None] if self.batched or self.shape else d) * other
