"""fit and predict: where networks, losses and optimisers come together."""

from autograd_lite.training.history import History
from autograd_lite.training.loop import fit
from autograd_lite.training.predicting import accuracy, predict

__all__ = ["History", "accuracy", "fit", "predict"]
