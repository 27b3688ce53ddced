"""Optimisers: rules that move parameters against their gradients.

Each rule is written once, for plain arithmetic: it moves floats, and arrays as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_lite.optim.arithmetic import larger, root, sign
from autograd_lite.optim.optimizer import Optimizer, Parameters
from autograd_lite.optim.schedules import Rate
from autograd_lite.optim.settings import check_positive, check_range

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Lion", "RMSprop"]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and weight decay if wanted.

    Formula:
        `g = ∂L/∂θ + weight_decay θ`
        `v ← momentum v + g`
        `θ ← θ - lr v   (nesterov: θ ← θ - lr (g + momentum v))`

    Args:
        parameters: the Values to move, or None.
        lr: the learning rate, or a schedule.
        momentum: in [0, 1).
        nesterov: look ahead along the momentum.
        weight_decay: λ of the prior ½ λ ‖θ‖², at least 0 (lectures C3).

    Raises:
        ValueError: if a setting is out of its range.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> optimizer = SGD([x], lr=0.5)
        >>> (x * x).backward(); optimizer.step(); x.data
        0.0

    Source: lectures C4; Sutskever et al. 2013 for the momentum.
    """

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        lr: Rate,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        check_range("momentum", momentum, below=1.0)
        check_range("weight_decay", weight_decay)
        if nesterov and momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0")
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        super().__init__(parameters, lr=lr)

    def begin(self, zero: Any) -> tuple[Any, ...]:
        """Return the velocity at rest."""
        return (zero,) if self.momentum else ()

    def update(self, data: Any, grad: Any, state: tuple[Any, ...], lr: float, step: int) -> tuple[Any, Any]:
        """Move along the velocity."""
        if self.has_decay:
            grad = grad + self.weight_decay * data
        if not self.momentum:
            return lr * grad, state
        velocity = self.momentum * state[0] + grad
        direction = grad + self.momentum * velocity if self.nesterov else velocity
        return lr * direction, (velocity,)


class RMSprop(Optimizer):
    """Steps scaled by the running size of the gradient.

    Formula:
        `s ← decay s + (1 - decay) g²`
        `θ ← θ - lr g / (√s + eps)`

    Args:
        parameters: the Values to move, or None.
        lr: the learning rate, or a schedule.
        decay: how much of the past is kept, in [0, 1).
        eps: keeps the divisor from 0.

    Raises:
        ValueError: if a setting is out of its range.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> optimizer = RMSprop([x], lr=0.1)
        >>> (x * x).backward(); optimizer.step(); round(x.data, 6)
        2.0

    Source: Hinton, lecture 6e of 2012.
    """

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        lr: Rate = 0.01,
        decay: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        check_range("decay", decay, below=1.0)
        check_positive("eps", eps)
        self.decay, self.eps = decay, eps
        super().__init__(parameters, lr=lr)

    def begin(self, zero: Any) -> tuple[Any, ...]:
        """Return the mean square at rest."""
        return (zero,)

    def update(self, data: Any, grad: Any, state: tuple[Any, ...], lr: float, step: int) -> tuple[Any, Any]:
        """Move by the gradient over its running size."""
        square = self.decay * state[0] + (1.0 - self.decay) * grad * grad
        return lr * grad / (root(square) + self.eps), (square,)


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at 0.

    Formula:
        `m ← β₁ m + (1 - β₁) g,  s ← β₂ s + (1 - β₂) g²`
        `θ ← θ - lr (m / (1 - β₁ᵗ)) / (√(s / (1 - β₂ᵗ)) + eps)`

        With amsgrad the largest s so far stands in the place of s.

    Args:
        parameters: the Values to move, or None.
        lr: the learning rate, or a schedule.
        betas: β₁ and β₂, each in [0, 1).
        eps: keeps the divisor from 0.
        weight_decay: added to the gradient as weight_decay θ.
        amsgrad: let no step grow because the gradient has become small.

    Raises:
        ValueError: if a setting is out of its range.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> optimizer = Adam([x], lr=0.1)
        >>> (x * x).backward(); optimizer.step(); round(x.data, 6)
        2.9

    Source: Kingma and Ba 2015; Reddi et al. 2018 for amsgrad.
    """

    decoupled = False

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        lr: Rate = 0.001,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        check_positive("eps", eps)
        check_range("weight_decay", weight_decay)
        self.betas, self.eps, self.weight_decay, self.amsgrad = _two(betas), eps, weight_decay, amsgrad
        super().__init__(parameters, lr=lr)

    def begin(self, zero: Any) -> tuple[Any, ...]:
        """Return both means at rest, and the largest mean square so far."""
        return (zero, zero, zero) if self.amsgrad else (zero, zero)

    def update(self, data: Any, grad: Any, state: tuple[Any, ...], lr: float, step: int) -> tuple[Any, Any]:
        """Move by the mean gradient over its running size."""
        first, second = self.betas
        if self.has_decay and not self.decoupled:
            grad = grad + self.weight_decay * data
        mean = first * state[0] + (1.0 - first) * grad
        square = second * state[1] + (1.0 - second) * grad * grad
        largest = larger(state[2], square) if self.amsgrad else square
        size = root(largest / (1.0 - second**step)) + self.eps
        change = lr * (mean / (1.0 - first**step)) / size
        if self.has_decay and self.decoupled:
            change = change + lr * self.weight_decay * data
        return change, (mean, square, largest) if self.amsgrad else (mean, square)


class AdamW(Adam):
    """Adam whose weight decay is taken from the parameter itself, not from its gradient.

    Formula:
        `θ ← θ - lr weight_decay θ, then as Adam`

    Args:
        parameters: the Values to move, or None.
        lr: the learning rate, or a schedule.
        betas: β₁ and β₂, each in [0, 1).
        eps: keeps the divisor from 0.
        weight_decay: at least 0.
        amsgrad: as for Adam.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
        >>> (x * x).backward(); optimizer.step(); round(x.data, 6)
        2.75

    Source: Loshchilov and Hutter 2019.
    """

    decoupled = True

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        lr: Rate = 0.001,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)


class Adagrad(Optimizer):
    """Steps that shrink with all that the gradient has been so far.

    Formula:
        `g = ∂L/∂θ + weight_decay θ`
        `s ← s + g²`
        `θ ← θ - lr g / (√s + eps)`

    Args:
        parameters: the Values to move, or None.
        lr: the learning rate, or a schedule.
        eps: keeps the divisor from 0.
        weight_decay: added to the gradient as weight_decay θ.

    Raises:
        ValueError: if a setting is out of its range.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> optimizer = Adagrad([x], lr=0.1)
        >>> (x * x).backward(); optimizer.step(); round(x.data, 6)
        2.9

    Source: Duchi, Hazan and Singer 2011.
    """

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        lr: Rate = 0.01,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        check_positive("eps", eps)
        check_range("weight_decay", weight_decay)
        self.eps, self.weight_decay = eps, weight_decay
        super().__init__(parameters, lr=lr)

    def begin(self, zero: Any) -> tuple[Any, ...]:
        """Return the sum of squares at rest."""
        return (zero,)

    def update(self, data: Any, grad: Any, state: tuple[Any, ...], lr: float, step: int) -> tuple[Any, Any]:
        """Move by the gradient over the size of all gradients."""
        if self.has_decay:
            grad = grad + self.weight_decay * data
        total = state[0] + grad * grad
        return lr * grad / (root(total) + self.eps), (total,)


class Lion(Optimizer):
    """Steps of one length: only the sign of a running mean of the gradient counts.

    Formula:
        `θ ← θ - lr (sign(β₁ m + (1 - β₁) g) + weight_decay θ)`
        `m ← β₂ m + (1 - β₂) g`

    Args:
        parameters: the Values to move, or None.
        lr: the learning rate, or a schedule: a tenth or so of what Adam is given.
        betas: β₁ and β₂, each in [0, 1).
        weight_decay: taken from the parameter itself, at least 0.

    Raises:
        ValueError: if a setting is out of its range.

    Example:
        >>> from autograd_lite import Value
        >>> x = Value(3.0)
        >>> optimizer = Lion([x], lr=0.1)
        >>> (x * x).backward(); optimizer.step(); round(x.data, 6)
        2.9

    Source: Chen et al., Symbolic Discovery of Optimization Algorithms (2023).
    """

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        lr: Rate = 0.0001,
        betas: Sequence[float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        check_range("weight_decay", weight_decay)
        self.betas, self.weight_decay = _two(betas), weight_decay
        super().__init__(parameters, lr=lr)

    def begin(self, zero: Any) -> tuple[Any, ...]:
        """Return the mean at rest."""
        return (zero,)

    def update(self, data: Any, grad: Any, state: tuple[Any, ...], lr: float, step: int) -> tuple[Any, Any]:
        """Move by the sign of the mean gradient."""
        first, second = self.betas
        direction = sign(first * state[0] + (1.0 - first) * grad)
        if self.has_decay:
            direction = direction + self.weight_decay * data
        return lr * direction, (second * state[0] + (1.0 - second) * grad,)


def _two(betas: Any) -> tuple[float, float]:
    """Take two numbers in [0, 1), or raise a TypeError or ValueError."""
    if not hasattr(betas, "__len__") or len(betas) != 2:
        raise ValueError(f"betas are two numbers, got {betas!r}")
    for beta in betas:
        check_range("each of betas", beta, below=1.0)
    return betas[0], betas[1]
