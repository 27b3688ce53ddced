"""lr_finder: which learning rates make a loss fall, and that nothing is left changed."""

import random

import matplotlib
import pytest

from autograd_lite import Value, losses, nn, optim, plot

matplotlib.use("Agg")
X = [[x / 10 - 1.0] for x in range(21)]
y = [3.0 * x + 1.0 for (x,) in X]


class Slope(nn.Module):
    """y = w x, whose loss falls as fast as it can at a rate that is known."""

    def __init__(self):
        self.w = Value(0.0)

    def __call__(self, x):
        return self.w * x


def test_the_suggestion_is_below_where_descent_diverges():
    found = optim.lr_finder(Slope(), losses.squared_error, [2.0] * 8, [4.0] * 8, low=1e-4, high=10.0)
    assert 0.01 < found.suggestion < 0.5  # the loss is 2 (w - 2)²: descent diverges above 2 / 4
    assert found.rates[0] == 1e-4 and found.rates == sorted(found.rates)
    assert len(found.losses) == len(found.rates) < 100
    assert found.rates[1] / found.rates[0] == pytest.approx(found.rates[-1] / found.rates[-2])


def everything(model):
    values = [(name, value.data, value.grad) for name, value in model.named_values()]
    return values, [module.training for module in model.modules()], random.getstate()


class Mixed(nn.Module):
    takes_batches = True

    def __init__(self):
        self.before, self.norm, self.drop = nn.Layer(1, 3, seed=0), nn.BatchNorm(3), nn.Dropout(0.2, seed=1)
        self.after = nn.Layer(3, 1, None, seed=2)

    def __call__(self, examples):
        return [self.after(self.drop(row)) for row in self.norm([self.before(x) for x in examples])]


@pytest.mark.parametrize("make", [lambda: nn.MLP(1, [3, 1], "tanh", seed=0), Mixed])
@pytest.mark.parametrize("optimizer", [None, optim.Adam(), optim.SGD(lr=3.0, momentum=0.9)])
def test_model_and_optimiser_are_as_before(make, optimizer):
    model = make().eval()
    next(iter(model.parameters())).grad = 5.0
    before, state = everything(model), getattr(getattr(model, "drop", None), "generator", random).getstate()
    one = optim.lr_finder(model, losses.mse, X, y, optimizer=optimizer, steps=12, batch_size=4)
    assert everything(model) == before
    assert getattr(getattr(model, "drop", None), "generator", random).getstate() == state
    assert optim.lr_finder(model, losses.mse, X, y, optimizer=optimizer, steps=12, batch_size=4) == one
    if optimizer is not None:
        assert optimizer.parameters is None and optimizer.steps == 0 and optimizer.lr in (0.001, 3.0)


def test_it_ends_where_a_step_would_not_be_finite():
    found = optim.lr_finder(Slope(), losses.mse, [1e100], [1e100], low=1e-300, high=1e300, steps=40)
    assert found.losses == [pytest.approx(1e200)] * len(found.losses) and 3 < len(found.losses) < 40


def test_it_ends_before_a_step_to_infinity():
    found = optim.lr_finder(Slope(), losses.mse, [1e5], [-1e5], low=1e300, high=1e305, steps=3)
    assert (found.losses, found.suggestion) == ([1e10], 1e300)


class Line:
    """What fit can train without knowing its class."""

    def __init__(self):
        self.w = Value(0.0)

    def parameters(self):
        return [self.w]

    def __call__(self, x):
        return self.w * x


def test_what_is_no_module_is_as_before_too():
    line = Line()
    assert optim.lr_finder(line, losses.mse, [1.0, 2.0], [2.0, 4.0]).losses[0] > 1.0
    assert line.w.data == 0.0


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"low": 1.0, "high": 0.1}, ValueError, "from low up to high"),
        ({"steps": 1}, ValueError, "at least 2 steps"),
        ({"batch_size": 0}, ValueError, "at least one example"),
        ({"low": "0.1"}, TypeError, "low is a number"),
        ({"loss": "mse"}, TypeError, r"loss is a function, such as losses\.mse, got 'mse'"),
        ({"X": []}, ValueError, "as many targets"),
    ],
)
def test_settings_that_do_not_fit(settings, error, said):
    given = {"model": nn.MLP(1, [1], seed=0), "loss": losses.mse, "X": X, "y": y, **settings}
    with pytest.raises(error, match=said):
        optim.lr_finder(**given)


def test_a_loss_that_is_not_finite_from_the_start():
    with pytest.raises(ValueError, match="not finite before anything is moved"):
        optim.lr_finder(Slope(), losses.mse, [1e200], [-1e200])


def test_a_flat_loss_suggests_the_first_rate():
    found = optim.lr_finder(Slope(), losses.mse, [1.0] * 4, [0.0] * 4)
    assert found.suggestion == found.rates[0]


def test_the_plot_marks_the_suggestion():
    found = optim.lr_finder(nn.MLP(1, [1], None, seed=0), losses.mse, X, y)
    axes = plot.lr_finder(found)
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "learning rate"
    assert [*axes.lines[0].get_xdata()] == found.rates and [*axes.lines[0].get_ydata()] == found.losses
    assert axes.lines[1].get_xdata()[0] == found.suggestion
    assert f"{found.suggestion:.2g}" in repr(found)
    with pytest.raises(TypeError, match=r"pass what optim\.lr_finder"):
        plot.lr_finder([1.0])
