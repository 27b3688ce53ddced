"""Networks of every kind of layer, each with a loss, its parameters and some rows."""

from autograd_lite import Value, amax, dot, losses, mean, nn, pick

COUNT = 3


def vectors(dice, width):
    return [[dice.uniform(-1.0, 1.0) for _ in range(width)] for _ in range(COUNT)]


def dense(activation):
    def make(dice):
        model = nn.MLP(2, [5, 4, 1], activation, seed=dice.randrange(1000))
        rows = [(x, dice.choice([0.0, 1.0])) for x in vectors(dice, 2)]
        return lambda x, t: losses.bce_with_logits(model(x), t), model.parameters(), rows

    return make


def embedding(dice):
    table, model = nn.Embedding(6, 3, seed=1), nn.MLP(6, [4, 6], "tanh", seed=2)
    rows = [([dice.randrange(6), dice.randrange(6)], dice.randrange(6)) for _ in range(COUNT)]

    def loss(tokens, target):
        return losses.cross_entropy(model([number for token in tokens for number in table(token)]), target)

    return loss, [*table.parameters(), *model.parameters()], rows


def pooled(largest):
    def make(dice):
        layer, model = nn.Conv2d(1, 2, 3, seed=3), nn.MLP(8, [3], seed=4)
        images = [[[[dice.uniform(-1.0, 1.0) for _ in range(6)] for _ in range(6)]] for _ in range(COUNT)]

        def loss(image, target):
            channels = [[[number.relu() for number in row] for row in channel] for channel in layer(image)]
            found = []
            for channel in channels:
                for i in (0, 2):
                    for j in (0, 2):
                        window = [channel[i + a][j + b] for a in range(2) for b in range(2)]
                        found.append(amax(window) if largest else mean(window))
            return losses.cross_entropy(model(found), target)

        rows = [(image, dice.randrange(3)) for image in images]
        return loss, [*layer.parameters(), *model.parameters()], rows

    return make


def normalised(dice):
    model, norm = nn.MLP(3, [5], "tanh", seed=5), nn.LayerNorm(5)
    for p in norm.parameters():
        p.data = dice.uniform(0.5, 1.5)
    rows = [(x, dice.uniform(-1.0, 1.0)) for x in vectors(dice, 3)]
    return (
        lambda x, t: losses.mse(sum(norm(model(x))) * 0.3, t),
        [*model.parameters(), *norm.parameters()],
        rows,
    )


def residual(dice):
    first, inner = nn.Layer(3, 4, seed=6), nn.Residual(nn.Layer(4, 4, "tanh", seed=7))
    rows = [(x, dice.uniform(-1.0, 1.0)) for x in vectors(dice, 3)]
    return lambda x, t: losses.mse(sum(inner(first(x))), t), [*first.parameters(), *inner.parameters()], rows


def attention(heads, causal):
    def make(dice):
        layer, table = nn.SelfAttention(4, heads=heads, causal=causal, seed=8), nn.Embedding(5, 4, seed=9)
        rows = [([dice.randrange(5) for _ in range(3)], dice.randrange(4)) for _ in range(COUNT)]

        def loss(tokens, target):
            return losses.cross_entropy(layer([table(token) for token in tokens])[-1], target)

        return loss, [*layer.parameters(), *table.parameters()], rows

    return make


def recurrent(dice):
    layer, last = nn.RNN(2, 3, seed=10), nn.Layer(3, 1, seed=11)
    rows = [([*x], dice.uniform(-1.0, 1.0)) for x in (vectors(dice, 2) for _ in range(COUNT))]

    def loss(steps, target):
        found = layer(steps)
        return losses.mse(last(found[-1] if isinstance(found, list) else found), target)

    return loss, [*layer.parameters(), *last.parameters()], rows


def picked(dice):
    w = [[Value(dice.uniform(-1.0, 1.0)) for _ in range(3)] for _ in range(4)]
    rows = [(x, dice.randrange(4)) for x in vectors(dice, 3)]
    return lambda x, k: pick([dot(row, x) for row in w], k).tanh(), [p for row in w for p in row], rows


def frozen(dice):
    fixed, model = nn.Layer(2, 3, "tanh", seed=12), nn.Layer(3, 1, seed=13)
    rows = [(x, dice.uniform(-1.0, 1.0)) for x in vectors(dice, 2)]
    return lambda x, t: losses.mse(model(fixed(x)), t), model.parameters(), rows


def shuffled(dice):
    """Give parameters in an order in which no array of them is evenly spaced."""
    model = nn.MLP(3, [4, 1], "tanh", seed=14)
    parameters = model.parameters()
    dice.shuffle(parameters)
    return lambda x, t: losses.mse(model(x), t), parameters, [(x, 0.5) for x in vectors(dice, 3)]


def without_arguments(dice):
    w = [Value(dice.uniform(-1.0, 1.0)) for _ in range(4)]
    return lambda: dot(w, [1.0, 2.0, 3.0, 4.0]).tanh() + w[0] * w[1], w, []


def several_outputs(dice):
    model = nn.MLP(2, [4, 3], "tanh", seed=15)
    return model, model.parameters(), [(x,) for x in vectors(dice, 2)]


ACTIVATIONS = ["relu", "tanh", "sigmoid", "leaky_relu", "elu", "silu", "softplus"]

NETWORKS = {
    **{f"dense, {activation}": dense(activation) for activation in ACTIVATIONS},
    "embedding": embedding,
    "convolution, largest": pooled(True),
    "convolution, mean": pooled(False),
    "layer normalisation": normalised,
    "residual": residual,
    "attention": attention(1, True),
    "attention, two heads": attention(2, False),
    "recurrent": recurrent,
    "picked": picked,
    "frozen": frozen,
    "shuffled": shuffled,
    "without arguments": without_arguments,
    "several outputs": several_outputs,
}
