"""Pictures of training and of networks, drawn with Matplotlib."""

from autograd_lite.core.suggestions import show_only_public
from autograd_lite.plot.charts import activations, decision_boundary, gradients_by_layer, loss_curves, weights
from autograd_lite.plot.curves import descent, lr_finder, regression
from autograd_lite.plot.tables import embedding, heatmap, images

__all__ = [
    "activations",
    "decision_boundary",
    "descent",
    "embedding",
    "gradients_by_layer",
    "heatmap",
    "images",
    "loss_curves",
    "lr_finder",
    "regression",
    "weights",
]

show_only_public(__name__)
