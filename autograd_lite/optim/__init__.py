"""Optimisers, learning-rate schedules, and a bound on the length of a gradient."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.optim.optimizer import Optimizer
from autograd_lite.optim.rules import SGD, Adam, AdamW, RMSprop, clip_grad_norm
from autograd_lite.optim.schedules import cosine, exponential, linear, warmup

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm",
    "cosine",
    "exponential",
    "linear",
    "warmup",
]

show_only_public(__name__)
