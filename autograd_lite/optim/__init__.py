"""Optimisers, learning rates and their schedules, and a bound on the length of a gradient."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.optim.clipping import clip_grad_norm
from autograd_lite.optim.finder import lr_finder
from autograd_lite.optim.optimizer import Optimizer
from autograd_lite.optim.rules import SGD, Adagrad, Adam, AdamW, Lion, RMSprop
from autograd_lite.optim.schedules import cosine, exponential, linear, warmup

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm",
    "cosine",
    "exponential",
    "linear",
    "lr_finder",
    "warmup",
]

show_only_public(__name__)
