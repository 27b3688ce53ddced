"""fit with compiled steps does what it does eagerly, to rounding, and keeps what was learnt."""

import itertools
import random
import signal
import warnings

import numpy as np
import pytest

from autograd_lite import Value, compile, datasets, dot, fit, losses, nn, optim, predict

X, Y = datasets.moons(60, noise=0.1, seed=3)
OPTIMIZERS = [
    lambda: optim.SGD(lr=0.2),
    lambda: optim.SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda: optim.Adam(lr=0.01),
    lambda: optim.AdamW(lr=0.01),
    lambda: optim.RMSprop(lr=0.01),
]


def numbers(model):
    return [parameter.data for parameter in model.parameters()]


def trained(compiled, *, optimizer=OPTIMIZERS[0], model=None, loss=losses.bce_with_logits, X=X, y=Y, **more):
    model = model() if model else nn.MLP(2, [6, 5, 1], activation="tanh", seed=1)
    bound = optimizer()
    history = fit(
        model,
        loss,
        X,
        y,
        optimizer=bound,
        seed=4,
        compiled=compiled,
        **{"epochs": 3, "batch_size": 16, **more},
    )
    assert history.engine == ("compiled" if compiled else "eager: as asked for")
    return model, history, bound


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_compiled_steps_move_the_parameters_as_eager_ones_do(optimizer):
    eager, eager_history, eager_optimizer = trained(False, optimizer=optimizer)
    fast, history, fast_optimizer = trained(True, optimizer=optimizer)
    np.testing.assert_allclose(numbers(fast), numbers(eager), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(history.loss, eager_history.loss, rtol=1e-11)
    assert fast_optimizer.steps == eager_optimizer.steps == 12
    for ours, theirs in zip(fast_optimizer.states, eager_optimizer.states):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("clip", [1e-3, 0.5, 1e6])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_bound_on_the_gradient_is_that_of_eager_steps_on_every_backend(optimizer, clip):
    eager, eager_history, _ = trained(False, optimizer=optimizer, clip=clip)
    for backend in ("auto", "python", "numpy"):
        fast, history, _ = trained(True, optimizer=optimizer, clip=clip, backend=backend)
        np.testing.assert_allclose(numbers(fast), numbers(eager), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(history.loss, eager_history.loss, rtol=1e-11)
    without, _, _ = trained(True, optimizer=optimizer, backend=backend)
    assert np.array_equal(numbers(without), numbers(fast)) == (clip == 1e6)


def test_the_gradient_of_a_step_is_no_longer_than_its_bound_however_the_rows_are_run():
    """With a rate of 1 and no momentum a step is the gradient."""
    many = [0.5] * 20_001
    cases = {
        "floats": ([0.5, 2.0], lambda x, y, w: (w[0] * x[0] + w[1] - y) ** 2, [[1.0], [2.0]], "python"),
        "an array": ([0.5, 2.0], lambda x, y, w: (w[0] * x[0] + w[1] - y) ** 2, [[1.0], [2.0]], "numpy"),
        "arrays": (many, lambda x, y, w: dot(w, x) - y, [[1.0] * len(many)] * 2, "numpy"),
        "several programs": (
            [0.5, 2.0],
            lambda x, y, w: w[len(x) - 1] * x[0] - y,
            [[1.0, 1.0], [3.0]],
            "auto",
        ),
    }
    for start, function, rows, backend in cases.values():
        moves = []
        for clip in (None, 0.25):
            w = [Value(number) for number in start]
            program = compile(lambda x, y, w=w, f=function: f(x, y, w), w, backend=backend)
            trainer = program.trainer(optim.SGD(lr=1.0), clip=clip)
            trainer.step(rows, [1.0, -1.0])
            trainer.write_back()
            moves.append(np.array(start) - [each.data for each in w])
        whole, bounded = moves
        np.testing.assert_allclose(bounded, whole * 0.25 / np.linalg.norm(whole), rtol=1e-9)


@pytest.mark.parametrize("clip", [0.0, -1.0, float("nan"), "1"])
def test_a_bound_that_is_none_is_refused(clip):
    w = Value(1.0)
    with pytest.raises((TypeError, ValueError), match="clip is a"):
        compile(lambda x: w * x, [w]).trainer(optim.SGD(lr=0.1), clip=clip)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("compiled", [False, True])
def test_a_bound_makes_nothing_finite_that_is_not(compiled):
    model = nn.MLP(2, [3, 1], seed=0)
    before = numbers(model)
    options = {"optimizer": optim.SGD(lr=0.1), "clip": 1.0, "compiled": compiled}
    with pytest.raises(FloatingPointError, match="epoch 0, batch 0: .*is inf"):
        fit(model, lambda f, t: (f * 1e200) ** 2, X, Y, **options)
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("loss", "outputs", "target"),
    [
        (losses.squared_error, 1, lambda x, label: x[0] + 0.5),
        (losses.hinge, 1, lambda x, label: 2 * label - 1),
        (losses.cross_entropy, 3, lambda x, label: label),
        (losses.mse, 2, lambda x, label: [x[1], x[0]]),
    ],
)
def test_compiled_steps_take_every_kind_of_target(loss, outputs, target):
    y = [target(x, label) for x, label in zip(X, Y)]
    make = lambda: nn.MLP(2, [5, outputs], seed=2)
    eager, _, _ = trained(False, model=make, loss=loss, y=y, validation=0.25)
    fast, history, _ = trained(True, model=make, loss=loss, y=y, validation=0.25)
    np.testing.assert_allclose(numbers(fast), numbers(eager), rtol=1e-9, atol=1e-12)
    assert len(history.validation_loss) == 3


def test_tokens_and_labels_stay_open():
    class Bigram(nn.Module):
        def __init__(self):
            self.table, self.out = nn.Embedding(6, 3, seed=0), nn.Layer(3, 6, None, seed=1)

        def __call__(self, token):
            return self.out(self.table(token))

    generator = random.Random(0)
    tokens = [generator.randrange(6) for _ in range(50)]
    following = [(token + 1) % 6 for token in tokens]
    eager, _, _ = trained(False, model=Bigram, loss=losses.cross_entropy, X=tokens, y=following)
    fast, _, _ = trained(True, model=Bigram, loss=losses.cross_entropy, X=tokens, y=following)
    np.testing.assert_allclose(numbers(fast), numbers(eager), rtol=1e-10, atol=1e-12)


def test_the_model_is_up_to_date_at_the_end_of_each_epoch_and_callbacks_may_change_it():
    seen = []

    def callback(epoch, history, model):
        seen.append(numbers(model))
        if epoch == 0:
            model.parameters()[0].data = 7.0

    for compiled in (False, True):
        model = nn.MLP(2, [4, 1], seed=0)
        fit(
            model,
            losses.bce_with_logits,
            X,
            Y,
            optimizer=optim.SGD(lr=0.1),
            epochs=2,
            batch_size=20,
            compiled=compiled,
            callbacks=[lambda epoch, history, model=model: callback(epoch, history, model)],
        )
    np.testing.assert_allclose(seen[2], seen[0], rtol=1e-12)
    np.testing.assert_allclose(seen[3], seen[1], rtol=1e-12)
    assert 6.0 < seen[3][0] < 8.0


def test_ctrl_c_in_the_middle_of_an_epoch_keeps_what_was_learnt(monkeypatch):
    from autograd_lite.compiler.trainer import Trainer

    model = nn.MLP(2, [4, 1], seed=0)
    before, steps, step = numbers(model), [], Trainer.step

    def interrupted(self, *columns):
        steps.append(0)
        if len(steps) == 3:
            signal.raise_signal(signal.SIGINT)
        return step(self, *columns)

    monkeypatch.setattr(Trainer, "step", interrupted)
    optimizer = optim.Adam(lr=0.01)
    history = fit(
        model, losses.bce_with_logits, X, Y, optimizer=optimizer, epochs=5, batch_size=10, compiled=True
    )
    assert (history.stopped, len(history), optimizer.steps) == ("interrupted", 0, 2)
    assert numbers(model) != before


def test_a_loss_that_stops_being_finite_is_named_and_the_parameters_are_those_before():
    def loss(output, target):
        return (output * 1e200 * output).exp() if target > 5.0 else (output - target) ** 2

    y = [float(number) for number in range(40)]
    model = nn.MLP(1, [3, 1], activation="tanh", seed=0)
    with (
        pytest.warns(RuntimeWarning),
        pytest.raises(FloatingPointError, match=r"epoch 0, batch \d: .*is inf"),
    ):
        fit(model, loss, [[n / 40] for n in y], y, optimizer=optim.SGD(lr=0.01), batch_size=4, shuffle=False)
    assert all(np.isfinite(numbers(model)))


def test_resumed_compiled_training_is_bit_identical(tmp_path):
    def make():
        return nn.MLP(2, [6, 1], seed=1)

    options = {"batch_size": 16, "compiled": True, "seed": 1}
    whole = make()
    fit(whole, losses.bce_with_logits, X, Y, optimizer=optim.Adam(lr=0.01), epochs=4, **options)
    for epochs in (2, 4):
        parts = make()
        fit(
            parts,
            losses.bce_with_logits,
            X,
            Y,
            optimizer=optim.Adam(lr=0.01),
            epochs=epochs,
            checkpoint=tmp_path / "c.json",
            **options,
        )
    assert numbers(parts) == numbers(whole)


def test_dropout_is_drawn_anew_for_each_row_and_step_and_from_the_seed():
    class Dropped(nn.Module):
        def __init__(self):
            self.hidden, self.drop, self.out = (
                nn.Layer(2, 8, seed=0),
                nn.Dropout(0.5, seed=5),
                nn.Layer(8, 1, None, seed=1),
            )

        def __call__(self, x):
            return self.out(self.drop(self.hidden(x)))

    first, history, _ = trained(True, model=Dropped, epochs=20)
    second, _, _ = trained(True, model=Dropped, epochs=20)
    assert numbers(first) == numbers(second)
    assert len(set(history.loss)) == 20 and history.loss[-1] < history.loss[0]
    outputs = predict(first, X * 6)
    assert outputs[:60] == outputs[60:120]  # in use nothing is dropped


def test_what_cannot_be_compiled_is_trained_eagerly_and_says_why():
    class Reads(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(2, 1, None, seed=0)

        def __call__(self, x):
            output = self.layer(x)
            return output if float(output.data) < 1e9 else output * 2

    history = fit(Reads(), losses.bce_with_logits, X, Y, optimizer=optim.SGD(lr=0.1), epochs=1)
    assert history.engine.startswith("eager: TraceError: ") and "it is converted" in history.engine
    with pytest.raises(TypeError, match="it is converted to a plain number"):
        fit(Reads(), losses.bce_with_logits, X, Y, optimizer=optim.SGD(lr=0.1), epochs=1, compiled=True)
    history = fit(nn.MLP(2, [1]), losses.bce_with_logits, X[:5], Y[:5], optimizer=optim.SGD(lr=0.1), epochs=1)
    assert history.engine == "eager: fewer than 32 examples"


def test_a_model_that_draws_random_numbers_of_its_own_is_not_compiled():
    class Noisy(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(2, 1, None, seed=0)

        def __call__(self, x):
            return self.layer([v + random.gauss(0.0, 0.1) for v in x])

    history = fit(Noisy(), losses.bce_with_logits, X, Y, optimizer=optim.SGD(lr=0.1), epochs=1)
    assert history.engine.startswith("eager: RuntimeError: the program and the function itself differ")


def test_float32_is_close_and_needs_a_model_that_can_be_compiled():
    double, _, _ = trained(True)
    single, _, _ = trained(True, dtype="float32")
    np.testing.assert_allclose(numbers(single), numbers(double), rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="with dtype 'float32' it must be: fewer than 32"):
        fit(
            nn.MLP(2, [1]), losses.bce_with_logits, X[:5], Y[:5], optimizer=optim.SGD(lr=0.1), dtype="float32"
        )


def test_arrays_and_lists_train_alike():
    lists, _, _ = trained(True)
    arrays, _, _ = trained(True, X=np.array(X), y=np.array(Y))
    assert numbers(arrays) == numbers(lists)


# ---- A program that cannot be made for a later batch -------------------------------------------

WORDS = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}" * (1 + n % 3) for n in range(100)]
PLAIN = [0.01 * k for k in range(100)]


class Feature(nn.Module):
    """Computes something of a feature, which is 0 to 99, or a word."""

    def __init__(self, rule):
        self.rule = rule
        self.table = [[Value(0.01 * (k + j)) for j in range(3)] for k in range(100)]
        self.hidden, self.out = nn.Layer(3, 3, "tanh", seed=0), nn.Layer(3, 1, None, seed=1)

    def __call__(self, feature):
        return self.out(self.hidden(self.rule(self, feature)))


LONGER_LATE = [[0.01 * k] if k < 70 else [0.01 * k, 1.0] for k in range(100)]


TOO_MANY = {
    "a number that is read as an index": (lambda model, k: model.table[int(k)], range(100)),
    "remainders": (lambda model, k: [0.01 * (k % 90), 1.0, 0.0], range(100)),
    "a loop": (lambda model, k: [sum([0.01 for _ in range(k)], Value(0.0)), 1.0, 0.0], range(100)),
    "copies": (lambda model, k: [sum([0.01] * k), Value(1.0), 0.0], range(100)),
    "a position in an array": (lambda model, k: [np.array(PLAIN)[k], 1.0, 0.0], range(100)),
    "words": (lambda model, word: model.table[sum(map(ord, word)) % 100], WORDS),
    "a number that is read": (
        lambda model, x: [x[0], 1.0, float(x[1]) if len(x) == 2 else 0.0],
        LONGER_LATE,
    ),
    "a method of plain numbers": (
        lambda model, x: [x[0], 1.0, x[1].is_integer() if len(x) == 2 else 0.0],
        LONGER_LATE,
    ),
    "a loss": (lambda model, k: [0.01 * k, 1.0, 0.0], [float(k) for k in range(100)]),
}


def picked_in_a_list(output, target):
    return (output - PLAIN[target]) ** 2


def case(name, place):
    """Give a model and a loss that need ever new programs, and data in which they do at some place."""
    rule, features = TOO_MANY[name]
    loss, y = losses.squared_error, [0.01 * n for n in range(100)]
    if name == "a loss":
        loss, y = picked_in_a_list, [*range(100)]
    X = [*features]
    few = {"X": X[:40], "y": y[:40], "validation": (X, y)}
    all_of_them = {"X": X * 2, "y": y * 2, "shuffle": place == "shuffled"}
    return {"model": lambda: Feature(rule), "loss": loss, **(few if place == "validation" else all_of_them)}


@pytest.mark.filterwarnings("ignore:training is slow where")
@pytest.mark.parametrize(
    ("name", "place"),
    [
        *itertools.product(TOO_MANY, ["in order", "shuffled"]),
        *((name, "validation") for name in TOO_MANY if name != "a loss"),  # which is computed eagerly there
    ],
)
def test_where_a_later_batch_needs_a_program_that_cannot_be_made_all_is_trained_eagerly(name, place):
    options = case(name, place)
    model, loss = options.pop("model"), options.pop("loss")
    found = []
    for compiled in (False, None):
        random.seed(3)
        trained_model, optimizer = model(), optim.Adam(lr=0.01)
        history = fit(
            trained_model,
            loss,
            optimizer=optimizer,
            epochs=3,
            batch_size=16,
            seed=4,
            compiled=compiled,
            **options,
        )
        found.append((trained_model, history, optimizer, random.getstate()))
    (eager, eager_history, eager_optimizer, state), (fast, history, fast_optimizer, fast_state) = found
    np.testing.assert_allclose(numbers(fast), numbers(eager), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(history.loss, eager_history.loss, rtol=1e-10)
    np.testing.assert_allclose(history.validation_loss, eager_history.validation_loss, rtol=1e-10)
    assert fast_optimizer.steps == eager_optimizer.steps
    np.testing.assert_allclose(fast_optimizer.states, eager_optimizer.states, rtol=1e-7, atol=1e-12)
    assert fast_state == state
    assert history.engine.startswith("eager: from epoch 0 on, ")
    reasons = ("traced for 64 values of", "TraceError: a function to be compiled is run once")
    assert any(reason in history.engine for reason in reasons)


@pytest.mark.filterwarnings("ignore:training is slow where")
@pytest.mark.parametrize("name", TOO_MANY)
def test_where_all_must_be_compiled_nothing_is_half_changed(name):
    options = case(name, "in order")
    model, loss, X, y = options["model"](), options["loss"], options["X"], options["y"]
    optimizer = optim.Adam(lr=0.01)
    settings = {"batch_size": 10, "epochs": 1, "shuffle": False}
    with pytest.raises((TypeError, ValueError), match="traced for 64 values|is run once"):
        fit(model, loss, X, y, optimizer=optimizer, compiled=True, **settings)
    count = optimizer.steps * 10
    assert count in (60, 70)
    beside, its_optimizer = options["model"](), optim.Adam(lr=0.01)
    fit(beside, loss, X[:count], y[:count], optimizer=its_optimizer, compiled=False, **settings)
    np.testing.assert_allclose(numbers(model), numbers(beside), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(optimizer.states, its_optimizer.states, rtol=1e-7, atol=1e-12)
    with pytest.raises(ValueError, match="with dtype 'float32' it must be: .*(64 values|is run once)"):
        fit(options["model"](), loss, X, y, optimizer=optim.Adam(lr=0.01), dtype="float32", **settings)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("remainders", r"the function was traced for \d+ values of a whole number: use it with pick"),
        (
            "words",
            r"the function was traced for \d+ values of an argument that is no number, such as '.*': pass",
        ),
    ],
)
def test_a_second_retrace_warns_once_with_its_reason(name, reason):
    options = case(name, "in order")
    model, loss, X, y = options["model"](), options["loss"], options["X"], options["y"]
    few = [0, 1] * 20
    fit(model, loss, [X[k] for k in few], [y[k] for k in few], optimizer=optim.SGD(lr=0.1), epochs=2)
    with pytest.warns(RuntimeWarning, match=f"^training is slow where {reason}") as caught:
        history = fit(model, loss, X[:40], y[:40], optimizer=optim.SGD(lr=0.1), epochs=2, batch_size=8)
    assert [warning.filename for warning in caught] == [__file__]
    assert history.engine == "compiled"


def test_an_error_of_the_model_itself_is_raised_as_eagerly():
    class Fails(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(1, 1, None, seed=0)

        def __call__(self, k):
            return self.layer([Value(dict.fromkeys(range(40), 0.5)[k])])

    found = []
    for compiled in (None, False):
        model, optimizer = Fails(), optim.SGD(lr=0.1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "training is slow where")
            with pytest.raises(KeyError, match="^40$"):
                fit(
                    model, losses.squared_error, [*range(50)], [0.5] * 50,
                    optimizer=optimizer, batch_size=8, shuffle=False, compiled=compiled,
                )  # fmt: skip
        found.append([*numbers(model), optimizer.steps])
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_many_predictions_are_compiled_and_equal():
    model = nn.MLP(2, [5, 3], seed=0)
    many = [[i / 300, 1 - i / 300] for i in range(300)]
    expected = [[output.data for output in model(x)] for x in many]
    np.testing.assert_allclose(predict(model, many), expected, rtol=1e-13)
    assert predict(lambda x: Value(x[0]) * 2, many)[30] == 0.2


def test_validation_and_early_stopping_put_the_best_epoch_back():
    model = nn.MLP(2, [4, 1], seed=0)
    kept = []
    history = fit(
        model,
        losses.bce_with_logits,
        X,
        Y,
        optimizer=optim.SGD(lr=20.0),
        epochs=40,
        validation=0.3,
        early_stopping=2,
        compiled=True,
        callbacks=[lambda epoch, history: kept.append(numbers(model))],
    )
    assert history.stopped == "early stopping"
    best = history.validation_loss.index(min(history.validation_loss))
    assert numbers(model) == kept[best]


def test_sequences_of_different_lengths_are_grouped_by_their_length():
    class Counts(nn.Module):
        def __init__(self):
            self.table, self.out = nn.Embedding(5, 4, seed=0), nn.Layer(4, 3, None, seed=1)

        def __call__(self, tokens):
            rows = [self.table(token) for token in tokens]
            return self.out([sum(column).tanh() for column in zip(*rows)])

    generator = random.Random(1)
    words = [[generator.randrange(5) for _ in range(generator.randint(1, 4))] for _ in range(60)]
    y = [len(word) % 3 for word in words]
    eager, eager_history, _ = trained(
        False, model=Counts, loss=losses.cross_entropy, X=words, y=y, validation=0.2
    )
    fast, history, _ = trained(True, model=Counts, loss=losses.cross_entropy, X=words, y=y, validation=0.2)
    np.testing.assert_allclose(numbers(fast), numbers(eager), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(history.validation_loss, eager_history.validation_loss, rtol=1e-10)


def test_outputs_in_nested_lists_stay_nested():
    class Pairs(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(2, 4, None, seed=0)

        def __call__(self, x):
            a, b, c, d = self.layer(x)
            return [[a, b], [c, d]]

    def loss(output, target):
        return losses.cross_entropy(output[0], target) + losses.cross_entropy(output[1], target)

    eager, eager_history, _ = trained(False, model=Pairs, loss=loss, validation=0.2)
    fast, history, _ = trained(True, model=Pairs, loss=loss, validation=0.2)
    np.testing.assert_allclose(history.validation_loss, eager_history.validation_loss, rtol=1e-10)
    many = [[i / 300, 1 - i / 300] for i in range(300)]
    expected = [[[v.data for v in row] for row in fast(x)] for x in many]
    np.testing.assert_allclose(predict(fast, many), expected, rtol=1e-12)


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_what_changes_beside_the_arguments_is_noticed_later_without_the_gradient(monkeypatch, backend):
    from autograd_lite.compiler import eager

    swept, slope = [], Value(2.0)
    differentiate = eager.GRADIENT
    monkeypatch.setattr(eager, "GRADIENT", lambda *given: swept.append(given) or differentiate(*given))
    factor = {"of": 1.0}
    program = compile(lambda x: (slope * x * factor["of"] - 1.0) ** 2, [slope], backend=backend)
    trainer = program.trainer(optim.SGD(lr=0.01))
    for _ in range(5):
        trainer.step([1.0, 2.0])
    before = len(swept)
    assert before in (1, 2)
    factor["of"] = 3.0
    with pytest.raises(RuntimeError, match="the program and the function itself differ"):
        for _ in range(6):
            trainer.step([1.0, 2.0])
    assert len(swept) == before


def test_what_changes_only_the_gradient_is_noticed_after_a_thousand_steps():
    weight, is_detached = Value(2.0), []
    program = compile(lambda x: (weight * weight.data if is_detached else weight * weight) * x, [weight])
    trainer = program.trainer(optim.SGD(lr=1e-9))
    for _ in range(3):
        trainer.step([1.0, 2.0])
    is_detached.append(True)
    with pytest.raises(RuntimeError, match="the program and the function itself differ"):
        for _ in range(1000):
            trainer.step([1.0, 2.0])
