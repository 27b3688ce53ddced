"""Networks as estimators of scikit-learn, for its pipelines, grid searches and cross-validation.

The only module that imports scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from autograd_lite import losses, nn, optim
from autograd_lite.core.suggestions import show_only_public
from autograd_lite.training.fit import fit
from autograd_lite.training.predict import predict, predict_proba

__all__ = ["MLPClassifier", "MLPRegressor"]


class Network(BaseEstimator):
    """What the classifier and the regressor have in common; arguments and attributes as there."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (16, 16),
        activation: str = "relu",
        *,
        batch_size: int | None = 32,
        learning_rate_init: float = 0.01,
        alpha: float = 0.0,
        max_iter: int = 200,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.alpha = alpha
        self.max_iter = max_iter
        self.random_state = random_state

    def _train(self, X: Any, y: Any, outputs: int, loss: Any) -> Self:
        """Make a network with so many outputs, and train it."""
        seed = int(check_random_state(self.random_state).randint(2**31))
        sizes = [*numpy.atleast_1d(self.hidden_layer_sizes).tolist(), outputs]
        init = "he" if self.activation == "relu" else "xavier"
        self.model_ = nn.MLP(X.shape[1], sizes, self.activation, init=init, seed=seed)
        optimizer = optim.AdamW(lr=self.learning_rate_init, weight_decay=self.alpha)
        self.history_ = fit(
            self.model_, loss, X, y, optimizer=optimizer, epochs=self.max_iter, batch_size=self.batch_size,
            seed=seed, progress=False,
        )  # fmt: skip
        self.n_iter_, self.loss_curve_ = len(self.history_), self.history_.loss
        self.n_outputs_ = outputs
        return self

    def _checked(self, X: Any) -> Any:
        """Take examples to predict, of as many features as those it was trained on."""
        check_is_fitted(self)
        return validate_data(self, X, reset=False)


class MLPClassifier(ClassifierMixin, Network):
    """A multi-layer perceptron that tells classes apart, as an estimator of scikit-learn.

    The model is ``nn.MLP``, trained by ``fit`` with Adam on ``cross_entropy``, for two classes on
    ``bce_with_logits``. Scale the features before, in a pipeline.

    Args:
        hidden_layer_sizes: how many neurons each hidden layer has.
        activation: of the hidden layers, as for ``nn.MLP``.
        batch_size: examples in a step; None for all of them.
        learning_rate_init: the step size of Adam.
        alpha: the weight decay, 0 or more (``optim.AdamW``).
        max_iter: how many times to go through the examples.
        random_state: a number, a generator of NumPy or None: of the starting weights and the order.

    Attributes:
        model_: the network, a Module, to draw, to save or to ask.
        history_: what happened in the training, a History.
        classes_: the labels, sorted.
        n_features_in_, feature_names_in_: of the examples it was trained on.
        n_iter_, loss_curve_: how many epochs there were, and the mean loss of each.

    Example:
        >>> from autograd_lite import datasets
        >>> X, y = datasets.moons(100, seed=0)
        >>> MLPClassifier(random_state=0).fit(X, y).score(X, y)
        1.0

    Source: the arguments have the names of ``sklearn.neural_network.MLPClassifier``.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network on N rows of features and N labels, numbers or words, and return itself.

        Raises:
            ValueError: if there are fewer than two classes, or X and y do not fit.
        """
        X, y = validate_data(self, X, y, multi_output=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, labels = numpy.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs two classes or more, got one class: {self.classes_[0]!r}")
        is_binary = len(self.classes_) == 2
        loss = losses.bce_with_logits if is_binary else losses.cross_entropy
        return self._train(X, labels, 1 if is_binary else len(self.classes_), loss)

    def predict_proba(self, X: Any) -> Any:
        """Compute the probability of each class: an array of shape (N, K), in the order of ``classes_``."""
        X = self._checked(X)
        return numpy.array(predict_proba(self.model_, X))

    def predict(self, X: Any) -> Any:
        """Tell the most probable label for each example: an array of N."""
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_[places]


class MLPRegressor(RegressorMixin, Network):
    """A multi-layer perceptron that estimates one number or several, as an estimator of scikit-learn.

    The model is ``nn.MLP``, trained by ``fit`` with Adam on ``mse``. Scale the features before, in a
    pipeline, and the targets with ``sklearn.compose.TransformedTargetRegressor``.

    Args:
        hidden_layer_sizes, activation, batch_size, learning_rate_init, alpha, max_iter, random_state:
            as for ``MLPClassifier``.

    Attributes:
        model_, history_, n_features_in_, feature_names_in_, n_iter_, loss_curve_: as there.
        n_outputs_: how many numbers a target has.

    Example:
        >>> from autograd_lite import datasets
        >>> X, y = datasets.curve(100, noise=0.0)
        >>> MLPRegressor(activation="tanh", random_state=0).fit(X, y).score(X, y) > 0.99
        True

    Source: the arguments have the names of ``sklearn.neural_network.MLPRegressor``.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network on N rows of features and N targets, numbers or rows of them; return itself.

        Raises:
            ValueError: if X and y do not fit.
        """
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True)
        self.is_flat_ = y.ndim == 1
        return self._train(X, y, 1 if y.ndim == 1 else y.shape[1], losses.mse)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> Any:
        """Estimate the target of each example: an array of shape (N,), or (N, K) for K numbers each."""
        X = self._checked(X)
        found = numpy.array(predict(self.model_, X))
        return found if self.is_flat_ else found.reshape(-1, self.n_outputs_)


show_only_public(__name__)
