"""Graphs to draw: from (x + y)z to a network on a hundred examples, a long chain and random programs."""

import random

from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, losses, nn


def first_example():
    """Give (x + y) * z after its backward pass, every Value labelled."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    L = q * z
    L.label = "L"
    L.backward()
    return L


def textbook(sizes, generator):
    """Give a network written in scalars, and its parameters."""
    layers = [
        [([Value(generator.uniform(-1, 1)) for _ in range(nin)], Value(0.0)) for _ in range(nout)]
        for nin, nout in zip(sizes, sizes[1:])
    ]

    def network(x):
        for number, layer in enumerate(layers):
            x = [sum((wi * xi for wi, xi in zip(w, x)), b) for w, b in layer]
            if number < len(layers) - 1:
                x = [value.relu() for value in x]
        return x[0]

    return network, [p for layer in layers for w, b in layer for p in (*w, b)]


def batch_loss(network, parameters, count=100):
    """Give the loss of micrograd's demo on some examples."""
    generator = random.Random(1)
    margins = [
        (1.0 + generator.choice((-1.0, 1.0)) * network([generator.uniform(-1, 1), generator.uniform(-1, 1)]))
        for _ in range(count)
    ]
    data_loss = sum(margin.relu() for margin in margins) * (1.0 / count)
    return data_loss + 1e-4 * sum(p * p for p in parameters)


def hidden_layer():
    """Give the loss of LECTURES A3: one hidden layer of sigmoid units, without biases."""
    x = [Value(1.0, "x1"), Value(1.0, "x2")]
    theta = [[Value(0.45), Value(0.05)], [Value(-0.38), Value(0.74)]]
    hidden = [(w[0] * x[0] + w[1] * x[1]).sigmoid() for w in theta]
    output = (Value(-0.13) * hidden[0] + Value(0.95) * hidden[1]).sigmoid()
    output.label = "output"
    loss = -output.log()
    loss.backward()
    return loss


def neuron():
    """Give micrograd's neuron after its backward pass."""
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    output = (x1 * w1 + x2 * w2 + Value(6.8813735870195432, "b")).tanh()
    output.backward()
    return output


def exclusive_or():
    """Give the loss of a 2-2-1 network on one example of XOR."""
    model = nn.MLP(2, [2, 1], activation="sigmoid", seed=0)
    loss = losses.bce_with_logits(model([Value(0.0, "x1"), Value(1.0, "x2")]), 1)
    loss.backward()
    return loss


def exclusive_or_by_hand():
    """Give the loss of LECTURES A4 on one example, in scalars."""
    x = [Value(0.0, "x1"), Value(1.0, "x2")]
    theta, biases = [[-5.0, 5.0], [5.0, -5.0]], [Value(-3.0), Value(-3.0)]
    hidden = [
        (Value(w1) * x[0] + Value(w2) * x[1] + b).sigmoid() for (w1, w2), b in zip(theta, biases, strict=True)
    ]
    output = (Value(2.0) * hidden[0] + Value(2.0) * hidden[1] + Value(-1.0)).sigmoid()
    loss = (output - 1.0) ** 2
    loss.backward()
    return loss


def moons(by_hand=False):
    """Give the network of micrograd's demo, 2-16-16-1, and its parameters."""
    if by_hand:
        return textbook([2, 16, 16, 1], random.Random(0))
    model = nn.MLP(2, [16, 16, 1], seed=0)
    return model, model.parameters()


def moons_on_one_example(by_hand=False):
    """Give the demo's loss on one example; in scalars that is 982 Values."""
    network, _ = moons(by_hand)
    return (1.0 + -1.0 * network([Value(0.5, "x1"), Value(-0.5, "x2")])).relu()


def moons_on_a_hundred(by_hand=False, count=100):
    """Give the demo's loss on a hundred examples, with its penalty on all weights."""
    return batch_loss(*moons(by_hand), count)


def digits():
    """Give the loss of a 64-16-10 network on one example."""
    model = nn.MLP(64, [16, 10], seed=0)
    return losses.cross_entropy(model([Value(0.1) for _ in range(64)]), 3)


def long_chain():
    """Give what 10 000 applications of tanh make of 0.5."""
    y = Value(0.5, "x")
    for _ in range(10_000):
        y = y.tanh()
    return y


EXAMPLES = {
    "first": first_example,
    "neuron": neuron,
    "XOR": exclusive_or,
    "XOR by hand": exclusive_or_by_hand,
    "A3": hidden_layer,
    "moons, one example": moons_on_one_example,
    "moons, one example, by hand": lambda: moons_on_one_example(by_hand=True),
    "moons, a hundred": moons_on_a_hundred,
    "moons, a hundred, by hand": lambda: moons_on_a_hundred(by_hand=True),
    "digits": digits,
    "chain": long_chain,
}


@st.composite
def programs(draw_from):
    """Give the output of a random program with shared operands."""
    values = [Value(float(i)) for i in range(draw_from(st.integers(1, 4)))]
    for _ in range(draw_from(st.integers(1, 120))):
        a, b = (values[draw_from(st.integers(0, len(values) - 1))] for _ in range(2))
        kind = draw_from(st.sampled_from(["+", "*", "tanh", "dot", "+1"]))
        values.append(
            a + b if kind == "+" else a * b if kind == "*" else a.tanh() if kind == "tanh"
            else ag.dot([a, b], [b, a], a) if kind == "dot" else a + 1.0
        )  # fmt: skip
    return ag.sum(values)
