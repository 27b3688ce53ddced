"""fit and predict: where networks, losses and optimisers come together."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.training.fit import fit
from autograd_lite.training.history import History
from autograd_lite.training.predict import accuracy, predict, predict_class, predict_proba

__all__ = ["History", "accuracy", "fit", "predict", "predict_class", "predict_proba"]

show_only_public(__name__)
