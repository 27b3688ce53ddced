"""Checks of where the parts of a drawing are: nothing overlaps, every edge ends on its nodes."""

import itertools
import math


def overlap(first, second):
    (x, y, width, height), (other_x, other_y, other_width, other_height) = first, second
    return (
        x < other_x + other_width
        and other_x < x + width
        and y < other_y + other_height
        and other_y < y + height
    )


def distance_to_border(point, box, is_round):
    """Measure how far a point is from the border of a box, whose ends may be half circles."""
    x, y, width, height = box
    radius = min(width, height) / 2 if is_round else 0.0
    from_x = abs(point[0] - x - width / 2) - (width / 2 - radius)
    from_y = abs(point[1] - y - height / 2) - (height / 2 - radius)
    outside = math.hypot(max(from_x, 0.0), max(from_y, 0.0)) + min(max(from_x, from_y), 0.0)
    return abs(outside - radius)


def points_along(curve, steps=12):
    for start in range(0, len(curve) - 1, 3):
        for step in range(steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            pieces = list(zip(weights, curve[start : start + 4], strict=True))
            yield sum(w * x for w, (x, _) in pieces), sum(w * y for w, (_, y) in pieces)


def check(graph, placement):
    boxes = [placement.boxes[node.key] for node in graph.nodes]
    labels = [label for label in placement.labels if label is not None]
    assert len(labels) == sum(bool(edge.label) for edge in graph.edges)
    for first, second in itertools.combinations([*boxes, *labels], 2):
        assert not overlap(first, second)
    for x, y, width, height in [*boxes, *labels]:
        assert 0 <= x and 0 <= y and x + width <= placement.width and y + height <= placement.height
    is_round = {node.key: node.kind == "op" for node in graph.nodes}
    for edge, curve in zip(graph.edges, placement.curves, strict=True):
        assert len(curve) >= 4 and len(curve) % 3 == 1
        assert distance_to_border(curve[0], placement.boxes[edge.source], is_round[edge.source]) <= 1.5
        assert distance_to_border(curve[-1], placement.boxes[edge.target], is_round[edge.target]) <= 1.5
        assert all(0 <= x <= placement.width and 0 <= y <= placement.height for x, y in curve)


def check_ways_are_free(graph, placement):
    """Check that no edge passes through another node, or behind the label of another edge."""
    for index, (edge, curve) in enumerate(zip(graph.edges, placement.curves, strict=True)):
        for x, y in points_along(curve):
            for key, (left, top, width, height) in placement.boxes.items():
                if key not in (edge.source, edge.target):
                    assert not (left < x < left + width and top < y < top + height)
            for other, label in enumerate(placement.labels):
                if label is not None and other != index:
                    left, top, width, height = label
                    assert not (left < x < left + width and top < y < top + height)
