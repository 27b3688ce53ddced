"""Losses, optimisers and a whole training against PyTorch in double precision.

Needs PyTorch: python3 -m pip install torch==2.13.0
"""

import math

import pytest
import torch
from torch.nn import functional

from autograd_lite import Value, fit, grad, losses, nn, optim


def tensor(numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def close(ours, theirs, tolerance=1e-12):
    return len(ours) == len(theirs) and all(
        abs(a - b) <= tolerance * max(1.0, abs(b)) for a, b in zip(ours, theirs)
    )


LISTS = [[0.5, -1.25, 3.0], [-40.0, 0.0, 40.0], [1e-3, 1.0, -7.5]]
TARGETS = [1.5, -0.25, 2.0]
SHARES = [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0], [0.0, 0.25, 0.75]]


def doubles(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def sigmoid_focal(z, y, alpha, gamma):
    """The loss as torchvision.ops.sigmoid_focal_loss defines it."""
    p = torch.sigmoid(z)
    nll = functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    right = p * y + (1.0 - p) * (1.0 - y)
    return (alpha * y + (1.0 - alpha) * (1.0 - y)) * nll * (1.0 - right) ** gamma


WEIGHTS = [0.5, 2.0, 1.0]


def cross_entropies(weight, smoothing, ignored, cases):
    """Pair our cross entropy with PyTorch's, for some settings."""
    return (
        lambda z, k: losses.cross_entropy(
            z, k, label_smoothing=smoothing, weight=weight, ignore_index=ignored
        ),
        lambda z, k: functional.cross_entropy(
            z[None],
            torch.tensor([k]) if isinstance(k, int) else doubles([k]),
            label_smoothing=smoothing,
            weight=None if weight is None else doubles(weight),
            ignore_index=-100 if ignored is None else ignored,
            reduction="none",
        ).sum(),
        [(z, target) for z in [*LISTS, [0.0, 1000.0, -1000.0]] for target in cases],
    )


PAIRS = {
    "cross_entropy, smoothed": cross_entropies(None, 0.1, None, range(3)),
    "cross_entropy, weighted": cross_entropies(WEIGHTS, 0.0, None, range(3)),
    "cross_entropy, both": cross_entropies(WEIGHTS, 0.3, None, range(3)),
    "cross_entropy, without class 1": cross_entropies(WEIGHTS, 0.3, 1, range(3)),
    "cross_entropy, with padding": cross_entropies(None, 0.0, -100, [-100, 2]),
    "cross_entropy of shares": cross_entropies(None, 0.0, None, SHARES),
    "cross_entropy of shares, both": cross_entropies(WEIGHTS, 0.3, None, SHARES),
    "squared_error": (
        losses.squared_error,
        lambda f, t: 0.5 * functional.mse_loss(f, torch.tensor(t, dtype=torch.float64), reduction="sum"),
        [(f, TARGETS) for f in LISTS],
    ),
    "mse": (
        losses.mse,
        lambda f, t: functional.mse_loss(f, torch.tensor(t, dtype=torch.float64)),
        [(f, TARGETS) for f in LISTS],
    ),
    "gaussian_nll": (
        lambda f, t: losses.gaussian_nll(f, t, 0.3),
        lambda f, t: functional.gaussian_nll_loss(
            f,
            torch.tensor(t, dtype=torch.float64),
            torch.full((3,), 0.3, dtype=torch.float64),
            full=True,
            reduction="sum",
        ),
        [(f, TARGETS) for f in LISTS],
    ),
    "binary_cross_entropy": (
        losses.binary_cross_entropy,
        lambda f, y: functional.binary_cross_entropy(f, torch.tensor([y], dtype=torch.float64)),
        [([f], y) for f in (0.01, 0.5, 0.999) for y in (0.0, 1.0, 0.3)],
    ),
    "bce_with_logits": (
        losses.bce_with_logits,
        lambda z, y: functional.binary_cross_entropy_with_logits(z, torch.tensor([y], dtype=torch.float64)),
        [([z], y) for z in (-30.0, -0.5, 0.0, 2.0, 800.0) for y in (0.0, 1.0, 0.3)],
    ),
    "cross_entropy": (
        losses.cross_entropy,
        lambda z, k: functional.cross_entropy(z[None], torch.tensor([k])),
        [(z, k) for z in [*LISTS, [0.0, 1000.0, -1000.0]] for k in range(3)],
    ),
    "l1": (
        losses.l1,
        lambda f, t: functional.l1_loss(f, torch.tensor(t, dtype=torch.float64)),
        [(f, TARGETS) for f in LISTS],
    ),
    "huber": (
        lambda f, t: losses.huber(f, t, delta=1.3),
        lambda f, t: functional.huber_loss(f, torch.tensor(t, dtype=torch.float64), delta=1.3),
        [(f, TARGETS) for f in [*LISTS, [2.8, -1.0, 2.0]]],
    ),
    "bce_with_logits of several": (
        lambda z, y: losses.bce_with_logits(z, y, pos_weight=[0.5, 3.0, 1.0]),
        lambda z, y: functional.binary_cross_entropy_with_logits(
            z, doubles(y), pos_weight=doubles([0.5, 3.0, 1.0])
        ),
        [(z, y) for z in LISTS for y in ([0, 1, 1], [1, 0, 0], [0.3, 0.7, 1.0])],
    ),
    "kl_divergence": (
        losses.kl_divergence,
        lambda z, p: functional.kl_div(torch.log_softmax(z, 0), doubles(p), reduction="sum"),
        [(z, p) for z in LISTS for p in SHARES],
    ),
    "focal": (
        lambda z, y: losses.focal(z, y, alpha=0.25),
        lambda z, y: sigmoid_focal(z, torch.full_like(z, y), 0.25, 2.0),
        [([z], y) for z in (-30.0, -0.5, 0.0, 2.0, 8.0) for y in (0, 1)],
    ),
    "focal of several": (
        lambda z, k: losses.focal(z, k, gamma=1.5),
        lambda z, k: (1.0 - torch.softmax(z, 0)[k]) ** 1.5 * -torch.log_softmax(z, 0)[k],
        [(z, k) for z in LISTS[::2] for k in range(3)],
    ),
    "hinge": (
        losses.hinge,
        lambda f, y: torch.clamp(1.0 - y * f, min=0.0).sum(),
        [([f], y) for f in (-2.0, 0.25, 3.0) for y in (-1.0, 1.0)],
    ),
}


@pytest.mark.parametrize(("ours", "theirs", "cases"), PAIRS.values(), ids=PAIRS)
def test_value_and_gradient_of_each_loss(ours, theirs, cases):
    for numbers, target in cases:
        outputs, peer = [Value(n) for n in numbers], tensor(numbers)
        loss, other = ours(outputs, target), theirs(peer, target)
        other.backward()
        assert close([loss.data, *grad(loss, outputs)], [other.item(), *peer.grad.tolist()])


def test_every_loss_has_a_peer():
    assert {name for name in PAIRS if name.isidentifier()} | {"l2"} == {*losses.__all__}
    peer = tensor([3.0, -4.0])
    (0.5 * (peer**2).sum()).backward()
    outputs = [Value(3.0), Value(-4.0)]
    assert grad(losses.l2(outputs), outputs) == peer.grad.tolist()


OPTIMISERS = {
    "SGD": (optim.SGD(lr=0.05), lambda p: torch.optim.SGD(p, lr=0.05)),
    "SGD with momentum": (
        optim.SGD(lr=0.05, momentum=0.9),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    ),
    "SGD with Nesterov's momentum": (
        optim.SGD(lr=0.05, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "SGD with weight decay": (
        optim.SGD(lr=0.05, momentum=0.5, weight_decay=0.1),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.5, weight_decay=0.1),
    ),
    "Adam": (optim.Adam(lr=0.05), lambda p: torch.optim.Adam(p, lr=0.05)),
    "Adam with weight decay": (
        optim.Adam(lr=0.05, betas=(0.8, 0.95), weight_decay=0.1),
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), weight_decay=0.1),
    ),
    "AdamW": (optim.AdamW(lr=0.05), lambda p: torch.optim.AdamW(p, lr=0.05)),
    "Adam with amsgrad": (
        optim.Adam(lr=0.05, betas=(0.5, 0.6), amsgrad=True),
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.5, 0.6), amsgrad=True),
    ),
    "AdamW with amsgrad": (
        optim.AdamW(lr=0.05, betas=(0.5, 0.6), amsgrad=True),
        lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.5, 0.6), amsgrad=True),
    ),
    "Adagrad": (optim.Adagrad(lr=0.05), lambda p: torch.optim.Adagrad(p, lr=0.05)),
    "Adagrad with weight decay": (
        optim.Adagrad(lr=0.05, weight_decay=0.1),
        lambda p: torch.optim.Adagrad(p, lr=0.05, weight_decay=0.1),
    ),
    "RMSprop": (optim.RMSprop(lr=0.01), lambda p: torch.optim.RMSprop(p, lr=0.01)),
}


@pytest.mark.parametrize(("ours", "make"), OPTIMISERS.values(), ids=OPTIMISERS)
def test_twenty_steps_of_each_optimiser(ours, make):
    start = [1.0, -2.0, 0.5]
    values, peer = [Value(n) for n in start], tensor(start)
    ours.bind(values)
    theirs = make([peer])
    for step in range(20):
        ours.zero_grad()
        theirs.zero_grad()
        a, b, c = values
        ((a * b + c) ** 2.0 + (a * math.sin(step)).tanh() + b * b * 0.1).backward()
        (
            (peer[0] * peer[1] + peer[2]) ** 2.0
            + torch.tanh(peer[0] * math.sin(step))
            + peer[1] * peer[1] * 0.1
        ).backward()
        ours.step()
        theirs.step()
        assert close([v.data for v in values], peer.tolist())


GROUPS = {
    "SGD": lambda module: lambda p: module.SGD(p, lr=0.05, momentum=0.5, weight_decay=0.1),
    "Adam": lambda module: lambda p: module.Adam(p, lr=0.05, weight_decay=0.1),
    "AdamW": lambda module: lambda p: module.AdamW(p, lr=0.05),
    "Adagrad": lambda module: lambda p: module.Adagrad(p, lr=0.05),
}


@pytest.mark.parametrize("make", GROUPS.values(), ids=GROUPS)
def test_groups_of_parameters_with_rates_and_decays_of_their_own(make):
    start = [1.0, -2.0, 0.5]
    values, peers = [Value(n) for n in start], [tensor([n]) for n in start]
    own = [{"lr": 0.02}, {"weight_decay": 0.3}, {"lr": 0.1, "weight_decay": 0.0}]
    ours = make(optim)([{"parameters": [each], **table} for each, table in zip(values, own)])
    theirs = make(torch.optim)([{"params": [each], **table} for each, table in zip(peers, own)])
    for step in range(20):
        ours.zero_grad()
        theirs.zero_grad()
        for a, b, c in (values, peers):
            ((a * b + c) ** 2.0 + (a * math.sin(step)).tanh() + b * b * 0.1).backward()
        ours.step()
        theirs.step()
        assert close([v.data for v in values], [p.item() for p in peers])


def test_lion_is_that_of_optax():
    """PyTorch has none. Needs optax, which JAX does not bring: python3 -m pip install optax==0.2.8"""
    import jax
    import optax

    with jax.enable_x64(True):
        for decay in (0.0, 0.1):
            values = [Value(1.0), Value(-2.0), Value(0.5)]
            ours = optim.Lion(values, lr=0.05, betas=(0.8, 0.9), weight_decay=decay)
            theirs = optax.lion(0.05, b1=0.8, b2=0.9, weight_decay=decay)
            numbers = jax.numpy.array([v.data for v in values])
            state = theirs.init(numbers)
            for step in range(20):
                slopes = [math.sin(step * (place + 1)) + 0.1 * v.data for place, v in enumerate(values)]
                for value, slope in zip(values, slopes):
                    value.grad = slope
                ours.step()
                moves, state = theirs.update(jax.numpy.array(slopes), state, numbers)
                numbers = optax.apply_updates(numbers, moves)
                assert close([v.data for v in values], numbers.tolist())


def test_every_optimiser_has_a_peer():
    kinds = {type(ours).__name__ for ours, _ in OPTIMISERS.values()} | {"Lion"}
    things = [getattr(optim, name) for name in optim.__all__]
    rules = [each for each in things if isinstance(each, type) and issubclass(each, optim.Optimizer)]
    assert kinds == {each.__name__ for each in rules} - {"Optimizer"}


def test_a_training_goes_through_the_same_losses():
    from autograd_lite import training

    X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    y = [0, 1, 1, 0]
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    peer = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()
    with torch.no_grad():
        for ours, theirs in ((model.layers[0], peer[0]), (model.layers[1], peer[2])):
            weights = [[w.data for w in neuron.w] for neuron in ours.neurons]
            theirs.weight.copy_(torch.tensor(weights, dtype=torch.float64))
            theirs.bias.zero_()
    other, expected = torch.optim.Adam(peer.parameters(), lr=0.1), []
    for _ in range(20):
        other.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(
            peer(torch.tensor(X, dtype=torch.float64))[:, 0], torch.tensor(y, dtype=torch.float64)
        )
        loss.backward()
        other.step()
        expected.append(loss.item())
    history = training.fit(
        model, losses.bce_with_logits, X, y, optimizer=optim.Adam(lr=0.1), epochs=20, shuffle=False
    )
    assert close(history.loss, expected)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("most", [0.01, 0.2, 100.0])
def test_a_training_whose_gradients_are_bounded(most, compiled):
    """PyTorch divides by the length + 1e-6, which is taken back here."""
    X, y = [[math.sin(k), math.cos(2.0 * k)] for k in range(12)], [math.sin(3.0 * k) for k in range(12)]
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    peer = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()
    with torch.no_grad():
        for parameter, name in zip(peer.parameters(), ("W1", "b1", "W2", "b2")):
            numbers = weights_of(model)[name]
            parameter.copy_(doubles(numbers).reshape(parameter.shape))
    other, expected, lengths = torch.optim.Adam(peer.parameters(), lr=0.05), [], []
    for _ in range(20):
        other.zero_grad()
        loss = functional.mse_loss(peer(doubles(X))[:, 0], doubles(y))
        loss.backward()
        length = torch.nn.utils.clip_grad_norm_(peer.parameters(), most).item()
        for parameter in peer.parameters():
            parameter.grad *= (length + 1e-6) / length if most < length + 1e-6 else 1.0
        other.step()
        expected.append(loss.item())
        lengths.append(length)
    options = {"optimizer": optim.Adam(lr=0.05), "epochs": 20, "shuffle": False, "compiled": compiled}
    history = fit(model, losses.mse, X, y, clip=most, **options)
    assert close(history.loss, expected)
    assert most == 100.0 or max(lengths) > most


def weights_of(model):
    """Give the weights of a network of two layers by name."""
    first, second = model.layers
    return {
        "W1": [[w.data for w in neuron.w] for neuron in first.neurons],
        "b1": [neuron.b.data for neuron in first.neurons],
        "W2": [[w.data for w in neuron.w] for neuron in second.neurons],
        "b2": [neuron.b.data for neuron in second.neurons],
    }
