"""Pictures of training and of networks, drawn with Matplotlib."""

from autograd_lite.plot.charts import activations, decision_boundary, gradients_by_layer, loss_curves, weights

__all__ = ["activations", "decision_boundary", "gradients_by_layer", "loss_curves", "weights"]
