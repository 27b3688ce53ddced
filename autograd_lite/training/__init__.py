"""fit and predict: where networks, losses and optimisers come together."""

from autograd_lite.training.loop import History, accuracy, fit, predict

__all__ = ["History", "accuracy", "fit", "predict"]
