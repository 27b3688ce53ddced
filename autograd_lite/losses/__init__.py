"""Losses of one example: ``loss(output, target)`` gives a Value to make small."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.losses.classification import (
    bce_with_logits,
    binary_cross_entropy,
    cross_entropy,
    focal,
    hinge,
    kl_divergence,
)
from autograd_lite.losses.regression import gaussian_nll, huber, l1, l2, mse, squared_error

__all__ = [
    "bce_with_logits",
    "binary_cross_entropy",
    "cross_entropy",
    "focal",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
    "l2",
    "mse",
    "squared_error",
]

show_only_public(__name__)
