"""fit compiles models that map whole batches: what they set on the way is returned beside the loss."""

from __future__ import annotations

import random
import warnings

import pytest

from autograd_lite import TraceError, Value, compile, fit, losses, nn, optim, where
from autograd_lite.training import compiled as compiling


class Normed(nn.Module):
    """A net with two BatchNorms, in between which it draws noise if asked to."""

    takes_batches = True

    def __init__(self, dropout=0.0):
        self.first, self.norm = nn.Layer(3, 5, None, seed=0), nn.BatchNorm(5)
        self.second, self.last_norm = nn.Layer(5, 2, None, seed=1), nn.BatchNorm(2, momentum=0.3)
        self.dropout = nn.Dropout(dropout, seed=2)

    def __call__(self, batch):
        hidden = self.norm([self.first(x) for x in batch])
        outputs = [self.second(self.dropout([h.tanh() for h in row])) for row in hidden]
        return self.last_norm(outputs)


class Clipped(Normed):
    def __call__(self, batch):
        return [[z if z > -1.0 else 0.5 * z for z in row] for row in super().__call__(batch)]


class Counting(Normed):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def __call__(self, batch):
        self.calls += 1
        return super().__call__(batch)


class Centred(nn.Module):
    """Numbers of one's own, set by the call, that a later call subtracts."""

    takes_batches = True
    buffers = ("centre",)

    def __init__(self):
        self.weight, self.centre = Value(0.5), Value(0.0)

    def __call__(self, batch):
        shifted = [self.weight * (x[0] - self.centre.data) for x in batch]
        self.centre.data = 0.5 * self.centre.data + 0.5 * sum(shifted).data / len(shifted)
        return [[z, -z] for z in shifted]


DRAW = random.Random(3)
X = [[DRAW.gauss(0.0, 2.0) for _ in range(3)] for _ in range(44)]
Y = [DRAW.randrange(2) for _ in X]


def trained(model, compiled, X=X, **options):
    settings = {"optimizer": optim.SGD(lr=0.1, momentum=0.5), "epochs": 4, "batch_size": 8, **options}
    history = fit(model, losses.cross_entropy, X, Y[: len(X)], compiled=compiled, **settings)
    return history, model.state_dict()


@pytest.mark.parametrize("batch_size", [8, 11, 44])
@pytest.mark.parametrize("kind", [Normed, Centred])
def test_parameters_and_running_statistics_are_those_of_the_eager_training(kind, batch_size):
    history, numbers = trained(kind(), True, batch_size=batch_size, validation=(X[:5], Y[:5]))
    expected_history, expected = trained(kind(), False, batch_size=batch_size, validation=(X[:5], Y[:5]))
    assert history.engine == "compiled"
    assert history.loss == pytest.approx(expected_history.loss, rel=1e-9)
    assert history.validation_loss == pytest.approx(expected_history.validation_loss, rel=1e-9)
    assert numbers == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_it_is_compiled_by_itself_and_in_float32():
    assert trained(Normed(), None)[0].engine == "compiled"
    history, numbers = trained(Normed(), None, dtype="float32")
    assert history.engine == "compiled"
    assert numbers == pytest.approx(trained(Normed(), False)[1], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("size", [1e155, 1e300])
def test_a_step_that_is_not_finite_is_not_taken(size):
    model = Normed()
    before = model.state_dict()
    with pytest.raises(FloatingPointError, match="epoch 0, batch 0"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        loss, optimizer = lambda z, label: (size * z[0]) ** 2 * size, optim.SGD(lr=0.1)
        fit(model, loss, X, Y, optimizer=optimizer, compiled=True)
    assert model.state_dict() == before


def test_a_step_too_long_is_not_taken():
    model = Normed()
    before = model.state_dict()
    with pytest.raises(FloatingPointError, match="epoch 0, batch 0"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        loss = lambda z, label: 1e10 * losses.cross_entropy(z, label)
        fit(model, loss, X, Y, optimizer=optim.SGD(lr=1e308), compiled=True)
    assert model.state_dict() == before


def test_noise_is_drawn_for_each_example():
    history, numbers = trained(Normed(dropout=0.5), True)
    assert history.engine == "compiled"
    assert numbers != pytest.approx(trained(Normed(), True)[1], rel=1e-3)


def test_a_batch_that_takes_another_way_is_trained_on_eagerly_from_there():
    history, numbers = trained(Clipped(), None)
    assert history.engine.startswith("eager: from epoch 0 on, TraceError: comparisons came out otherwise")
    assert numbers == pytest.approx(trained(Clipped(), False)[1], rel=1e-9, abs=1e-12)


def test_what_a_program_does_not_do_is_done_eagerly(monkeypatch):
    assert "changes calls on itself" in trained(Counting(), None)[0].engine
    mixed = [[x[0], 1, x[2]] for x in X]
    assert trained(Normed(), None, X=mixed)[0].engine == (
        "eager: the examples of a batch have several forms, and the model maps whole batches"
    )
    monkeypatch.setattr(compiling, "MOST_IN_BATCH", 100)
    assert trained(Normed(), None)[0].engine == (
        "eager: the model maps whole batches, which are too large to be traced"
    )


def test_a_number_that_is_set_and_put_back_does_not_stand_in_the_way():
    w, kept = Value(2.0), Value(3.0)

    def f(x):
        before = kept.data
        kept.data = before + 2.0 * (w * x).data
        after = kept.data
        kept.data = before
        return where(x, after, 0.0) * w

    program = compile(f, [w])
    assert program.value_and_grad(5.0) == (46.0, [23.0])
    assert kept.data == 3.0


def test_a_number_that_stays_set_is_refused():
    w, kept = Value(2.0), Value(3.0)

    def f(x):
        kept.data = 2.0 * x
        return w * x

    with pytest.raises(TraceError, match=r"its \.data is set"):
        compile(f, [w])(5.0)
    assert kept.data == 3.0
