"""What a gradient that was computed in another order may differ by."""

from autograd_lite.engine import topological_order


def sums_of_absolute_terms(output, leaves):
    """For each leaf the sum of |product of partials| over all paths: what rounding is relative to."""
    weights = {output: 1.0}
    for node in reversed(topological_order(output)[1]):
        for parent, partial in zip(node.parents, node.partials):
            weights[parent] = weights.get(parent, 0.0) + weights[node] * abs(partial)
    return [weights.get(leaf, 0.0) for leaf in leaves]
