"""Neural networks, written in scalars."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.nn.attention import SelfAttention
from autograd_lite.nn.convolution import Conv2d
from autograd_lite.nn.dense import MLP, Layer, Neuron
from autograd_lite.nn.dropout import Dropout
from autograd_lite.nn.embedding import Embedding, PositionalEmbedding
from autograd_lite.nn.flatten import Flatten
from autograd_lite.nn.gated import GRU, LSTM
from autograd_lite.nn.module import Module
from autograd_lite.nn.norm import BatchNorm, LayerNorm, RMSNorm
from autograd_lite.nn.pooling import AvgPool2d, MaxPool2d
from autograd_lite.nn.recurrent import RNN
from autograd_lite.nn.residual import Residual
from autograd_lite.nn.sequential import Sequential

__all__ = [
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNorm",
    "MaxPool2d",
    "Module",
    "Neuron",
    "PositionalEmbedding",
    "RMSNorm",
    "Residual",
    "SelfAttention",
    "Sequential",
]

show_only_public(__name__)
