"""Neural networks, written in scalars."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.nn.attention import SelfAttention
from autograd_lite.nn.convolution import Conv2d
from autograd_lite.nn.dense import MLP, Layer, Neuron
from autograd_lite.nn.dropout import Dropout
from autograd_lite.nn.embedding import Embedding
from autograd_lite.nn.module import Module
from autograd_lite.nn.norm import BatchNorm, LayerNorm
from autograd_lite.nn.recurrent import RNN
from autograd_lite.nn.residual import Residual

__all__ = [
    "MLP",
    "RNN",
    "BatchNorm",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Layer",
    "LayerNorm",
    "Module",
    "Neuron",
    "Residual",
    "SelfAttention",
]

show_only_public(__name__)
