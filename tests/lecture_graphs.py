"""The graphs that a lecturer draws, each after its backward pass unless it says otherwise."""

import math
import warnings

from examples import exclusive_or, exclusive_or_by_hand, neuron

import autograd_lite as ag
from autograd_lite import Value, grad, losses, nn


def after_backward(output, label="L"):
    """Give an output with its name and its gradients."""
    output.label = output.label or label
    output.backward()
    return output


def named(prefix, numbers):
    """Give a Value for each number, called x1, x2, ..."""
    return [Value(number, f"{prefix}{index}") for index, number in enumerate(numbers, 1)]


def net_by_hand():
    """Give the loss of a 2-2-1 network with its weights, all in scalars."""
    x, h = named("x", (1.0, -2.0)), []
    for unit in (1, 2):
        w = named(f"w{unit}", (0.3 * unit, -0.5))
        z = w[0] * x[0] + w[1] * x[1] + Value(0.1, f"b{unit}")
        h.append(z.tanh())
    v = named("v", (0.7, -1.1))
    y = (v[0] * h[0] + v[1] * h[1] + Value(0.2, "c")).sigmoid()
    return after_backward((y - Value(1.0, "t")) ** 2)


def net_through_nn():
    model = nn.MLP(2, [2, 1], activation="tanh", seed=0)
    return after_backward(losses.mse(model(named("x", (1.0, -2.0))), 1.0))


def logistic_regression():
    """Give LECTURES A2: -ln(1 - σ(θᵀx))."""
    t, x = named("θ", (-0.1, 0.5, -0.3)), named("x", (1.0, 1.0))
    z = t[0] + t[1] * x[0] + t[2] * x[1]
    return after_backward(-((1.0 - z.sigmoid()).log()))


def micrograd_readme():
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    g = f / 2.0
    g += 10.0 / f
    return after_backward(g, "g")


def net_3_4_4_1():
    return after_backward(nn.MLP(3, [4, 4, 1], seed=0)(named("x", (2.0, 3.0, -1.0))))


def softmax_cross_entropy():
    """Give -log softmax(z)₁ of three classes, in scalars."""
    powers = [z.exp() for z in named("z", (2.0, 1.0, 0.1))]
    return after_backward(-(powers[0] / (powers[0] + powers[1] + powers[2])).log())


def residual():
    x, w1, w2 = Value(0.5, "x"), Value(0.8, "w1"), Value(-0.6, "w2")
    h = x + (w1 * x).tanh()
    return after_backward(h + (w2 * h).tanh())


def square():
    x = Value(3.0, "x")
    return after_backward(x * x)


def chain_of_30():
    y = Value(0.5, "x")
    for number in range(30):
        y = y.sin() if number % 2 else y * 1.1
    return after_backward(y)


def used_ten_times():
    x = Value(0.5, "x")
    return after_backward(ag.sum([x * float(number) for number in range(1, 11)]))


def batch_of_four():
    model = nn.MLP(2, [4, 1], activation="tanh", seed=0)
    examples = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    return after_backward(ag.mean([losses.mse(model(x), t) for x, t in examples]))


def attention():
    """Give one number of what self-attention makes of three tokens."""
    tokens = [named(f"t{token}", (0.1 * token, -0.3)) for token in (1, 2, 3)]
    return after_backward(nn.SelfAttention(2, seed=0)(tokens)[2][0])


def recurrent():
    """Give the last state of five steps of h = tanh(w x + u h + b), in scalars."""
    w, u, b, h = Value(0.5, "w"), Value(-0.8, "u"), Value(0.1, "b"), Value(0.0, "h0")
    for step, number in enumerate((1.0, 0.5, -1.0, 2.0, 0.3), 1):
        h = (w * Value(number, f"x{step}") + u * h + b).tanh()
        h.label = f"h{step}"
    return after_backward(h)


def convolution():
    """Give one output of a 3×3 convolution."""
    image = [named(f"x{row}", (0.1, 0.2, 0.3)) for row in (1, 2, 3)]
    return after_backward(nn.Conv2d(1, 1, 3, seed=0)([image])[0][0][0])


def tied_embeddings():
    """Give the loss of word2vec's model: the same vectors for a word before and after."""
    table = [named(word, (0.1 * index, -0.2)) for index, word in enumerate(("cat", "sat", "mat"))]
    logits = [ag.dot(row, table[0]) for row in table]
    return after_backward(losses.cross_entropy(logits, 1))


def odd_labels():
    """Give a graph whose labels are long, of other scripts, or from right to left."""
    x = Value(2.0, "the learning rate of the second half of the training run")
    y, z = Value(-1.0, "損失関数の勾配"), Value(0.5, "משקל ראשון")
    return after_backward((x * y + z).tanh() * Value(3.0, "σ̂²·ρ"), "الخسارة")


def tiny_and_huge():
    x, y = Value(1e-300, "x"), Value(1e300, "y")
    return after_backward(x * y + x / 3.0)


def not_finite():
    x, y = Value(math.inf, "x"), Value(0.0, "y")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return after_backward(x * y + (y - 1.0).log())


def microgpt_step():
    """Give the loss of a character after another one, as a tiny transformer computes it."""
    embedding, positions = nn.Embedding(5, 4, seed=0), nn.Embedding(3, 4, seed=1)
    attention, mlp = nn.SelfAttention(4, seed=2), nn.MLP(4, [8, 4], seed=3)
    head = nn.Layer(4, 5, activation=None, seed=4)
    tokens = [
        [a + b for a, b in zip(embedding(token), positions(place), strict=True)]
        for place, token in enumerate((1, 3, 2))
    ]
    mixed = [
        [a + b for a, b in zip(*pair, strict=True)] for pair in zip(tokens, attention(tokens), strict=True)
    ]
    hidden = [a + b for a, b in zip(mixed[2], mlp(mixed[2]), strict=True)]
    return after_backward(losses.cross_entropy(head(hidden), 4))


def hessian_graph():
    """Give a second derivative, whose graph holds the first backward pass."""
    x, y = Value(0.5, "x"), Value(2.0, "y")
    slope = grad((x * y).tanh() * x, x, create_graph=True)
    return after_backward(slope)


def stale():
    """Give a graph in which a number has changed after it was used."""
    x, w = Value(2.0, "x"), Value(-1.0, "w")
    output = after_backward((w * x).tanh())
    w.data = 0.5
    return output


def before_backward():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    return (x + y) * z


def one_node():
    return Value(3.0, "x")


def sum_of_two_outputs():
    x, w = Value(1.5, "x"), Value(-0.5, "w")
    z = w * x
    return after_backward(z.tanh() + z.sigmoid())


def deep_and_narrow():
    """Give ten layers of a single tanh neuron, in scalars."""
    h = Value(1.0, "x")
    for layer in range(1, 11):
        h = (Value(0.9, f"w{layer}") * h + Value(0.1, f"b{layer}")).tanh()
    return after_backward(h)


def wide_and_shallow():
    """Give a neuron with twelve inputs."""
    return after_backward(ag.dot(named("w", [0.1] * 12), named("x", [0.5] * 12), Value(0.1, "b")).tanh())


LECTURE_GRAPHS = {
    "neuron": neuron,
    "2-2-1 by hand": net_by_hand,
    "2-2-1 through nn": net_through_nn,
    "XOR": exclusive_or,
    "XOR by hand": exclusive_or_by_hand,
    "logistic regression": logistic_regression,
    "micrograd's README": micrograd_readme,
    "3-4-4-1": net_3_4_4_1,
    "softmax cross-entropy": softmax_cross_entropy,
    "residual": residual,
    "x·x": square,
    "chain of 30": chain_of_30,
    "used ten times": used_ten_times,
    "batch of four": batch_of_four,
    "attention": attention,
    "RNN of five": recurrent,
    "convolution": convolution,
    "tied embeddings": tied_embeddings,
    "odd labels": odd_labels,
    "tiny and huge": tiny_and_huge,
    "not finite": not_finite,
    "microgpt step": microgpt_step,
    "Hessian": hessian_graph,
    "stale": stale,
    "before backward": before_backward,
    "one node": one_node,
    "sum of two outputs": sum_of_two_outputs,
    "deep and narrow": deep_and_narrow,
    "wide and shallow": wide_and_shallow,
}
