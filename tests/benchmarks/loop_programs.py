"""What the scoreboard runs to measure whole trainings: documents one a step, ``fit``, and XOR through ``nn``.

A peer goes through the same examples in the same order, and both give the loss of the same step.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import model_programs
from compiled_programs import OURS, in_steps, trainer_of
from programs import Repeat

BATCH, EPOCHS, RATE = 32, 3, 0.1
"""Of ``fit``: the first epoch is not measured, in which each form of row is traced and compiled."""


# ---- Documents of 3 to 16 letters, one a step --------------------------------------------------

DOCUMENTS = 42


def gpt_lengths(contestant: str) -> Repeat:
    """Train microgpt's model on one document after another, as its published program does."""
    import numpy
    from model_peers import LOSSES, NUMPY, steps_of

    draw = model_programs.Drawing()
    model = model_programs.gpt(draw, 16)
    lengths = [3 + number % 14 for number in range(DOCUMENTS)]
    draw.generator.shuffle(lengths)
    documents = [draw.classes(27, 1, length + 1) for length in lengths]
    if contestant == OURS:
        trainer = trainer_of(model.loss, model_programs.values_in([*model.state.values()]))
        turns = itertools.cycle(document.tolist() for document in documents)
        step: Callable[[], float] = lambda: trainer.step(next(turns))
    else:
        arrays = {key: numpy.array(model_programs.numbers_in(nested)) for key, nested in model.state.items()}
        passes = NUMPY["gpt"] if contestant == "NumPy" else LOSSES["gpt"]
        step = steps_of(contestant, passes, arrays, [(document,) for document in documents], "")
    for _ in range(4 * DOCUMENTS):  # each length twelve times: it is compiled, and the eleventh call checked
        step()
    return in_steps(step, DOCUMENTS)


# ---- Through fit -------------------------------------------------------------------------------


class Recurrent:
    """An RNN 8-32-4, of which the last state is classified."""

    def __init__(self) -> None:
        draw = model_programs.Drawing()
        shapes: dict[str, tuple[int, ...]] = {
            "Wx": (32, 8), "Wh": (32, 32), "bh": (32,), "Wy": (4, 32), "by": (4,),
        }  # fmt: skip
        self.state = {name: draw.values(*shape) for name, shape in shapes.items()}
        lengths = [8 + number % 13 for number in range(832)]
        self.X = [draw.normal(length, 8).tolist() for length in lengths]
        self.y = draw.classes(4, len(lengths)).tolist()

    def parameters(self) -> list[Any]:
        return model_programs.values_in([*self.state.values()])

    def __call__(self, xs: Any) -> Any:
        h = [0.0] * 32
        for x in xs:
            z = model_programs.linear(x, self.state["Wx"], self.state["bh"])
            fed_back = model_programs.linear(h, self.state["Wh"])
            h = [(a + b).tanh() for a, b in zip(z, fed_back)]
        return model_programs.linear(h, self.state["Wy"], self.state["by"])


def fitting(model: Any, loss: Any, X: Any, y: Any, size: int | None, epochs: int = EPOCHS) -> Repeat:
    """Make a repeat that measures an epoch of ``fit``, the first left out."""
    from autograd_lite import fit, optim

    def repeat() -> tuple[float, float]:
        optimizer = optim.SGD(lr=RATE)
        history = fit(model, loss, X, y, optimizer=optimizer, epochs=epochs, batch_size=size, progress=False)
        return sum(history.seconds[1:]) / (epochs - 1), history.loss[-1]

    return repeat


def looping(
    parameters: Sequence[Any], loss: Callable[[Any], Any], count: int, size: int, epochs: int = EPOCHS
) -> Repeat:
    """Make a repeat of PyTorch's loop over batches of rows, in the order in which ``fit`` takes them.

    One batch of all rows is taken as it is, here as there.
    """
    import torch

    optimizer = torch.optim.SGD(parameters, lr=RATE)

    def epoch(order: Any) -> float:
        total = 0.0
        if size < count:
            torch.randperm(count)  # what a loop would shuffle with
        for first in range(0, count, size):
            found = loss(order[first : first + size] if size < count else slice(None))
            optimizer.zero_grad()
            found.backward()
            optimizer.step()
            total += found.item() * min(size, count - first)
        return total / count

    def repeat() -> tuple[float, float]:
        shuffler, orders = random.Random(0), [list(range(count)) for _ in range(epochs)]
        for order in orders:
            shuffler.shuffle(order)
        first, *others = map(torch.tensor, orders)
        epoch(first)
        start = time.perf_counter()
        for order in others:
            number = epoch(order)
        return (time.perf_counter() - start) / (epochs - 1), number

    return repeat


def rnn_lengths(contestant: str) -> Repeat:
    """Train an RNN on sequences of 8 to 20 vectors."""
    model = Recurrent()
    if contestant == OURS:
        from autograd_lite import losses

        return fitting(model, losses.cross_entropy, model.X, model.y, BATCH)
    times = {way: way(model)()[0] for way in (padded, by_length)}
    return min(times, key=lambda way: times[way])(model)


def tensors_of(state: dict[str, Any]) -> dict[str, Any]:
    import torch

    numbers = {key: model_programs.numbers_in(nested) for key, nested in state.items()}
    return {key: torch.tensor(each, dtype=torch.float64, requires_grad=True) for key, each in numbers.items()}


def states(p: dict[str, Any], x: Any) -> list[Any]:
    """Run PyTorch's loop over the steps of sequences of one length."""
    import torch

    found = [x.new_zeros(len(x), 32)]
    for step in range(x.shape[1]):
        found.append(torch.tanh(x[:, step] @ p["Wx"].T + p["bh"] + found[-1] @ p["Wh"].T))
    return found


def padded(model: Recurrent) -> Repeat:
    """Fill all sequences up to the longest of a batch, and take the state after the last true vector."""
    import torch

    p, y = tensors_of(model.state), torch.tensor(model.y)
    lengths = torch.tensor([*map(len, model.X)])
    X = torch.zeros(len(model.X), int(lengths.max()), 8, dtype=torch.float64)
    for row, sequence in enumerate(model.X):
        X[row, : len(sequence)] = torch.tensor(sequence, dtype=torch.float64)

    def loss(rows: Any) -> Any:
        ends = lengths[rows]
        h = torch.stack(states(p, X[rows, : int(ends.max())]))[ends, torch.arange(len(rows))]
        return torch.nn.functional.cross_entropy(h @ p["Wy"].T + p["by"], y[rows])

    return looping([*p.values()], loss, len(y), BATCH)


def by_length(model: Recurrent) -> Repeat:
    """Run the sequences of each length in a batch together."""
    import torch

    p, y = tensors_of(model.state), torch.tensor(model.y)
    X = [torch.tensor(sequence, dtype=torch.float64) for sequence in model.X]

    def loss(rows: Any) -> Any:
        groups: dict[int, list[int]] = {}
        for row in rows.tolist():
            groups.setdefault(len(X[row]), []).append(row)
        h = torch.cat([states(p, torch.stack([X[row] for row in group]))[-1] for group in groups.values()])
        k = y[[row for group in groups.values() for row in group]]
        return torch.nn.functional.cross_entropy(h @ p["Wy"].T + p["by"], k)

    return looping([*p.values()], loss, len(y), BATCH)


def normed_network() -> tuple[Any, Any, Any]:
    """Make 16-32-4 with a BatchNorm before its tanh, and 512 examples."""
    from autograd_lite import nn

    class Normed(nn.Module):
        takes_batches = True

        def __init__(self) -> None:
            self.first = nn.Layer(16, 32, activation=None, init="xavier", seed=0)
            self.norm = nn.BatchNorm(32)
            self.last = nn.Layer(32, 4, activation=None, init="xavier", seed=1)

        def __call__(self, examples: Any) -> list[Any]:
            normed = self.norm([self.first(x) for x in examples])
            return [self.last([h.tanh() for h in each]) for each in normed]

    draw = model_programs.Drawing()
    return Normed(), draw.normal(512, 16).tolist(), draw.classes(4, 512).tolist()


def linear_layer(layer: Any) -> Any:
    """Copy a layer into PyTorch's."""
    import torch

    made = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
    with torch.no_grad():
        weights = [[w.data for w in neuron.w] for neuron in layer.neurons]
        made.weight[:] = torch.tensor(weights, dtype=torch.float64)
        made.bias[:] = torch.tensor([neuron.b.data for neuron in layer.neurons], dtype=torch.float64)
    return made


def batchnorm(contestant: str) -> Repeat:
    """Train a network with a BatchNorm, whose examples depend on one another."""
    model, X, y = normed_network()
    if contestant == OURS:
        from autograd_lite import losses

        return fitting(model, losses.cross_entropy, X, y, BATCH)
    import torch

    norm = torch.nn.BatchNorm1d(32, dtype=torch.float64)
    network = torch.nn.Sequential(linear_layer(model.first), norm, torch.nn.Tanh(), linear_layer(model.last))
    inputs, targets = torch.tensor(X, dtype=torch.float64), torch.tensor(y)
    loss = lambda rows: torch.nn.functional.cross_entropy(network(inputs[rows]), targets[rows])
    return looping([*network.parameters()], loss, len(y), BATCH)


def logistic_through_fit(size: int, epochs: int) -> Callable[[str], Repeat]:
    """Train a logistic regression on 1000 examples of 30 numbers."""

    def repeat(contestant: str) -> Repeat:
        from autograd_lite import losses, nn

        model = nn.Layer(30, 1, activation=None, seed=0)
        draw = model_programs.Drawing()
        X, y = draw.normal(1000, 30), draw.classes(2, 1000)
        if contestant == OURS:
            return fitting(model, losses.bce_with_logits, X, y, size, epochs)
        import torch

        network = linear_layer(model)
        inputs, targets = torch.tensor(X), torch.tensor(y, dtype=torch.float64)
        logits_loss = torch.nn.functional.binary_cross_entropy_with_logits
        loss = lambda rows: logits_loss(network(inputs[rows])[:, 0], targets[rows])
        return looping([*network.parameters()], loss, len(y), size, epochs)

    return repeat


# ---- XOR through nn ----------------------------------------------------------------------------


def xor_through_nn(form: str) -> Callable[[str], Repeat]:
    """Train 2-2-1 with tanh on four rows: given as lists, as arrays, or all of them in one closure."""

    def repeat(contestant: str) -> Repeat:
        from autograd_lite import losses, mean, nn

        model = nn.MLP(2, [2, 1], activation="tanh", seed=0)
        X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
        if contestant != OURS:
            return in_steps(xor_by_pytorch(model, X, y), 1000)
        one = lambda x, target: losses.mse(model(x), target)
        if form == "closure":
            whole = lambda: mean([one(x, target) for x, target in zip(X, y)])
            return in_steps(trainer_of(whole, model.parameters()).step, 3000)
        trainer = trainer_of(one, model.parameters())
        if form == "lists":
            return in_steps(lambda: trainer.step(X, y), 3000)
        import numpy

        columns = numpy.array(X), numpy.array(y)
        return in_steps(lambda: trainer.step(*columns), 3000)

    return repeat


def xor_by_pytorch(model: Any, X: Any, y: Any) -> Callable[[], float]:
    import torch

    hidden, output = map(linear_layer, model.layers)
    network = torch.nn.Sequential(hidden, torch.nn.Tanh(), output)
    inputs, targets = torch.tensor(X, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)

    def step() -> float:
        loss = torch.nn.functional.mse_loss(network(inputs)[:, 0], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


PROGRAMS: dict[str, Callable[[str], Repeat]] = {
    "gpt-lengths": gpt_lengths, "rnn-lengths": rnn_lengths, "batchnorm": batchnorm,
    "logistic-fit": logistic_through_fit(BATCH, EPOCHS),
    "logistic-fit-whole": logistic_through_fit(1000, 100),
    **{f"xor-{form}": xor_through_nn(form) for form in ("lists", "arrays", "closure")},
}  # fmt: skip
