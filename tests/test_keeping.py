"""What counts as a parameter of a module, and what its calls keep for themselves."""

import collections
import copy
import dataclasses
import functools
import pickle
import random
import threading
import types
from typing import Any

import numpy
import pytest

from autograd_lite import Value, fit, losses, nn, no_grad, optim, predict
from autograd_lite.training.state import Kept, put_back


@dataclasses.dataclass
class Pair:
    first: Any
    second: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    first: Any
    second: Any = None


class Two(collections.namedtuple("Two", "first second")):
    __slots__ = ()


def array(*things):
    made = numpy.empty(len(things), object)
    made[:] = things
    return made


def grid(*things):
    made = numpy.empty((1, len(things)), object)
    made[0, :] = things
    return made


CONTAINERS = {
    "nothing around it": lambda one, other: one,
    "a list": lambda one, other: [one, other],
    "a tuple": lambda one, other: (one, other),
    "a named tuple": lambda one, other: Two(one, other),
    "a dict": lambda one, other: {"first": one, "second": other},
    "an ordered dict": lambda one, other: collections.OrderedDict(first=one, second=other),
    "a deque": lambda one, other: collections.deque([one, other]),
    "a dataclass": lambda one, other: Pair(one, other),
    "a frozen dataclass": lambda one, other: Fixed(one, other),
    "an array": lambda one, other: array(one, other),
    "a grid": lambda one, other: grid(one, other),
    "lists in a dict": lambda one, other: {"rows": [[one], [other]]},
    "a dataclass in a tuple in an array": lambda one, other: array((Pair(one), other)),
}
each_container = pytest.mark.parametrize("put", CONTAINERS.values(), ids=CONTAINERS)


class Holds(nn.Module):
    """A number to train, and what is put there when it is made."""

    def __init__(self, thing=None):
        self.w = Value(2.0)
        self.held = thing

    def __call__(self, x):
        return self.w * x


def names(model):
    found = [name for name, _ in model.named_parameters()]
    assert [value for _, value in model.named_parameters()] == model.parameters()
    assert list(model.state_dict()) == [name for name, _ in model.named_values()] == found
    return found


# ---- What is a parameter ------------------------------------------------------------------


@each_container
def test_leaves_and_modules_are_found_in_every_container(put):
    one, other = Value(3.0), nn.Neuron(1, seed=0)
    model = Holds(put(one, [other, Value(4.0)]))
    numbers = [value.data for value in model.parameters()]
    everything = repr(put(1, 2)) != "1"
    assert numbers == [2.0, 3.0, *([other.w[0].data, 0.0, 4.0] if everything else [])]
    assert len(set(names(model))) == len(numbers)
    assert all(name == value.label for name, value in model.named_parameters())
    assert (other in model.modules()) == everything
    model.eval()
    assert other.training is not everything
    optimizer = optim.SGD(lr=0.5, weight_decay=1.0)
    optimizer.bind(model.parameters())
    optimizer.step()
    assert one.data == 1.5


@pytest.mark.parametrize("kind", [set, frozenset])
@pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: nn.Neuron(1), lambda: nn.MLP(1, [1])])
@pytest.mark.parametrize("put", [lambda held: held, lambda held: [held], lambda held: {"inner": Pair(held)}])
def test_a_set_is_refused_by_name(put, make, kind):
    with pytest.raises(TypeError, match=r"the attribute held\S* is a set, which has no order"):
        Holds(put(kind([make()])))
    model = Holds()
    with pytest.raises(TypeError, match="the attribute held is a set"):
        model.held = put(kind([make()]))
    assert names(model) == ["w"]
    assert names(Holds(put(kind(["plain", 3, None])))) == ["w"]


def test_dataclasses_that_hold_one_another_are_entered_once():
    parent, child = Pair(Value(1.0)), Pair(Value(2.0))
    parent.second, child.second = child, parent
    model = Holds([parent, child])
    assert names(model) == ["w", "held.0.first", "held.0.second.first"]
    model.held = (child, parent)
    assert [value.data for value in model.parameters()] == [2.0, 2.0, 1.0]
    assert [*model.modules()] == [model]


RESULTS = {"a product": lambda: Value(3.0) * 0.1, "a function": lambda: Value(3.0).tanh()}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
@each_container
def test_the_result_of_an_operation_is_refused_where_a_module_is_made(put, result):
    with pytest.raises(ValueError, match=r"parameters are leaves, got the result of \w+: held.*\.detach\(\)"):
        Holds(put(result(), None))
    assert names(Holds(put(result().detach(), None)))[0] == "w"
    with no_grad():
        assert len(names(Holds(put(result(), None)))) == 2


@each_container
def test_a_parameter_that_is_replaced_by_a_result_is_refused_where_it_is_needed(put):
    model = Holds(put(Value(3.0), Value(4.0)))
    model.held = put(model.w * 0.5, None)
    model(1.0)  # which computes with it: a step of an inner optimiser can be differentiated so
    for needs in (Holds.parameters, Holds.zero_grad, Holds.state_dict, lambda m: [*m.named_parameters()]):
        with pytest.raises(ValueError, match=r"got the result of mul: held.*\.detach\(\)"):
            needs(model)
    model.held = put(Value(5.0), Value(6.0))
    assert len(names(model)) > 1


def test_elements_replaced_by_results_are_refused():
    for model, weights in (
        (neuron := nn.Neuron(3, seed=0), neuron.w),
        (held := Holds([Value(1.0)]), held.held),
    ):
        for index, weight in enumerate(weights):
            weights[index] = weight * 0.5
        model([1.0] * 3) if model is neuron else None
        with pytest.raises(ValueError, match="got the result of mul"):
            model.parameters()
        with pytest.raises(ValueError, match=r"got the result of mul: \w+\.0"):
            model.state_dict()


def test_what_other_methods_compute_and_keep_is_no_parameter():
    class Watched(Holds):
        def loss(self, X):
            self.outputs = [self(x) for x in X]
            self.total = sum(self.outputs, Value(0.0))
            return self.total

    model = Watched()
    for _ in range(2):
        model.zero_grad()
        model.loss([1.0, 2.0]).backward()
        assert (names(model), model.w.grad, model.total.grad) == (["w"], 3.0, 1.0)


def test_a_parameter_may_be_replaced_and_added_outside_calls_at_any_time():
    model = Holds([Value(1.0)])
    model(1.0)
    model.w = Value(7.0)
    model.more = [Value(8.0)]
    model.held[0] = Value(9.0)
    model.held.append(Value(10.0))
    assert [value.data for value in model.parameters()] == [7.0, 9.0, 10.0, 8.0]
    model(1.0)
    assert len(names(model)) == 4


def test_a_list_may_be_filled_after_making_and_before_the_first_call():
    model = Holds([])
    model.held.append(Value(3.0))
    assert names(model) == ["w", "held.0"]
    model(1.0)
    model(1.0)
    assert names(model) == ["w", "held.0"]


# ---- What a call keeps --------------------------------------------------------------------

KEPT = {
    "a result": lambda model, x: model.w * x,
    "a leaf": lambda model, x: Value(0.0),
    "a detached number": lambda model, x: (model.w * x).detach(),
    "a module": lambda model, x: nn.Neuron(1),
}
each_kept = pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)


def keeping(assign, base=Holds, held=None):
    """Make a module whose call does something with itself."""

    class Keeps(base):
        def __call__(self, x):
            assign(self, x)
            return self.w * x

    return Keeps(held)


@pytest.fixture(params=["with gradients", "no_grad", "predict"])
def call(request):
    if request.param == "no_grad":
        return no_grad()(lambda model: model(3.0))
    return (lambda model: predict(model, [3.0])) if request.param == "predict" else lambda model: model(3.0)


@each_kept
@each_container
@pytest.mark.parametrize("before", [None, "a leaf"])
def test_what_a_call_assigns_is_no_parameter(put, kept, before, call, tmp_path):
    def assign(model, x):
        thing = kept(model, x)
        model.held = put(thing, thing)

    model = keeping(assign, held=put(Value(1.0), None) if before else None)
    for _ in range(3):
        call(model)
        assert names(model) == ["w"]
    model.zero_grad()
    model.save(tmp_path / "model.json")
    Holds().load(tmp_path / "model.json")
    model.held = None
    model.held = put(Value(5.0), Value(6.0))  # outside a call it is one again
    assert len(names(model)) > 1


FILLED = {
    "a list": (list, lambda held, thing: held.append(thing)),
    "a dict": (dict, lambda held, thing: held.update({len(held): thing})),
    "a deque": (lambda: collections.deque(maxlen=2), lambda held, thing: held.append(thing)),
    "a dataclass": (lambda: Pair(None), lambda held, thing: setattr(held, "first", thing)),
    "an array": (lambda: array(None, None), lambda held, thing: held.__setitem__(0, thing)),
    "a list in a dict": (lambda: {"h": []}, lambda held, thing: held["h"].append(thing)),
}


@each_kept
@pytest.mark.parametrize(("make", "fill"), FILLED.values(), ids=FILLED)
def test_what_a_call_puts_into_an_empty_container_is_no_parameter(make, fill, kept, call):
    model = keeping(lambda model, x: fill(model.held, kept(model, x)), held=make())
    for _ in range(3):
        call(model)
        assert names(model) == ["w"]
    model.held = make()  # as one empties it between epochs
    call(model)
    assert names(model) == ["w"]


def test_results_that_a_call_puts_in_the_place_of_leaves_are_no_parameters():
    model = keeping(
        lambda model, x: model.held.__setitem__(0, model.held[0] + x), held=[Value(0.0), Value(1.0)]
    )
    assert names(model) == ["w", "held.0", "held.1"]
    model(1.0)
    assert names(model) == ["w", "held.1"]


class Forwarding(Holds):
    def forward(self, x):
        self.held = Value(1.0)
        return self.w * x


class Alias(Forwarding):
    __call__ = Forwarding.forward


class Calls(Forwarding):
    def __call__(self, x):
        return self.forward(x)


class Inherits(Calls):
    """A class without a call of its own."""


class Above(Calls):
    def __call__(self, x):
        return super().__call__(x)


class Mixin:
    def __call__(self, x):
        return self.forward(x)


class Mixed(Mixin, Forwarding):
    """A class whose call comes from one that is no module."""


class Decorated(Forwarding):
    @no_grad()
    def __call__(self, x):
        return self.forward(x)


class Generating(Forwarding):
    def __call__(self, x):
        yield self.forward(x)


class Probe(nn.Neuron):
    """A part of the package whose inner workings a user changes."""

    def activate(self, x, ready):
        self.held = super().activate(x, ready).detach()
        return self.held


class Parent(Holds):
    """A module that keeps something in another one."""

    def __init__(self):
        super().__init__(Holds())

    def __call__(self, x):
        self.held.seen = Value(1.0)
        return self.held(x)


class Tries(Calls):
    """A module that is called while it is made."""

    def __init__(self):
        super().__init__()
        self.seen = self(2.0).data


RUNS = [
    Alias(),
    Calls(),
    Inherits(),
    Above(),
    Mixed(),
    Decorated(),
    Generating(),
    Parent(),
    Tries(),
    Probe(1),
]


@pytest.mark.parametrize("model", RUNS, ids=lambda model: type(model).__name__)
def test_a_call_is_known_however_it_is_written(model):
    before = names(model)
    for _ in range(2):
        output = model(1.0)
        [*output] if isinstance(output, types.GeneratorType) else None
        assert names(model) == before
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert names(twin) == before
        twin.held = Value(1.0)
        assert "held" in names(twin)
        assert names(model) == before


def test_a_call_that_fails_has_ended():
    def assign(model, x):
        model.held = Value(x)
        raise RuntimeError

    model = keeping(assign)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            model(1.0)
        assert names(model) == ["w"]
    model.more = Value(1.0)
    assert names(model) == ["w", "more"]


def test_a_call_in_another_thread_is_none_of_this_one():
    inside, go_on = threading.Event(), threading.Event()

    def assign(model, x):
        model.held = Value(x)
        inside.set()
        assert go_on.wait(10.0)

    model = keeping(assign)
    thread = threading.Thread(target=model, args=(1.0,))
    thread.start()
    assert inside.wait(10.0)
    model.more = Value(1.0)
    go_on.set()
    thread.join()
    assert names(model) == ["w", "more"]


def test_a_module_made_in_a_call_has_its_own_parameters():
    made = []
    model = keeping(lambda model, x: made.append(nn.MLP(1, [2, 1], seed=0)))
    model(1.0)
    assert len(made[0].parameters()) == 7
    assert [value.label for value in made[0].parameters()] == [name for name, _ in made[0].named_parameters()]
    optimizer = optim.SGD(made[0].parameters(), lr=0.1)
    made[0]([1.0]).backward()
    optimizer.step()


@each_kept
def test_a_buffer_is_saved_whoever_assigned_it(kept, tmp_path):
    class Running(Holds):
        buffers = ("mean",)

        def __init__(self):
            super().__init__()
            self.mean = Value(1.0)

        def __call__(self, x):
            self.mean = self.mean * 0.5 + x
            return self.w * x

    model, fresh = Running(), Running()
    model(3.0)
    assert [name for name, _ in model.named_parameters()] == ["w"]
    assert model.state_dict() == {"w": 2.0, "mean": 3.5}
    model.save(tmp_path / "model.json")
    fresh.load(tmp_path / "model.json")
    assert fresh.mean.data == 3.5


def test_frozen_modules_keep_what_they_keep():
    model = keeping(lambda model, x: setattr(model, "held", Value(x)))
    model.freeze()(1.0)
    assert (model.parameters(), list(model.state_dict())) == ([], ["w"])
    assert names(model.unfreeze()) == ["w"]


def test_layers_made_in_the_first_call_are_not_trained_and_fit_says_so():
    class Lazy(nn.Module):
        def __init__(self):
            self.layer = None

        def __call__(self, x):
            self.layer = self.layer or nn.Layer(len(x), 1, None, seed=0)
            return self.layer(x)

    model = Lazy()
    for _ in range(2):
        with pytest.raises(ValueError, match="made in __init__"):
            fit(model, losses.mse, [[1.0]], [1.0], optimizer=optim.SGD(lr=0.1))
        model([1.0])
    assert len([*model.modules()]) == 3
    assert model.eval().layer.training is False


class Helper:
    """Something of a user's own that a model keeps numbers in."""

    def __init__(self):
        self.total, self.count = 0.0, 0


# ---- Putting back -------------------------------------------------------------------------


def held_by_itself():
    pair = Pair(1)
    pair.second = pair
    return pair


CHANGES = {
    "an attribute": (3, lambda it: setattr(it, "held", 4)),
    "an attribute that comes": (3, lambda it: setattr(it, "more", 4)),
    "an attribute that goes": (3, lambda it: delattr(it, "held")),
    "nan": (float("nan"), lambda it: setattr(it, "held", 1.0)),
    "a list": ([1, [2]], lambda it: it.held[1].append(3)),
    "an item of a list": ([1, 2], lambda it: it.held.__setitem__(0, 3)),
    "a dict": ({"a": {"b": 1}}, lambda it: it.held["a"].clear()),
    "a set": ({1, 2}, lambda it: it.held.add(3)),
    "a deque": (collections.deque([1, 2], 2), lambda it: it.held.append(3)),
    "an array": (numpy.zeros((2, 2)), lambda it: it.held.__setitem__((0, 1), 3.0)),
    "an array of objects": (array([1], None), lambda it: it.held.__setitem__(1, it)),
    "what an array holds": (array([1], None), lambda it: it.held[0].append(2)),
    "a leaf": (Value(1.0), lambda it: setattr(it.held, "data", 2.0)),
    "a leaf in a tuple": ((Value(1.0), 2), lambda it: setattr(it.held[0], "data", 2.0)),
    "another object": (Helper(), lambda it: setattr(it.held, "count", 7)),
    "what a dataclass with slots holds": (Fixed([1]), lambda it: it.held.first.append(2)),
    "what holds itself": (held_by_itself(), lambda it: setattr(it.held, "first", 2)),
}


@pytest.mark.parametrize(("held", "change"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(
    "around", [lambda it: it, lambda it: lambda x: it(x), lambda it: functools.partial(it)]
)
def test_what_changed_is_named_and_put_back(held, change, around):
    it = Holds()
    vars(it)["held"] = held
    before = repr(vars(it))
    with put_back(around(it)) as kept:
        assert kept.changed() == []
        change(it)
        assert kept.changed() in (["held"], ["more"])
    assert (kept.changed(), repr(vars(it))) == ([], before)


def test_large_arrays_and_functions_are_not_looked_into():
    it = Holds(numpy.zeros(1_000_000))
    it.function, it.kind, it.generator = repr, Holds, random.Random(0)
    assert sum(hasattr(copy, "nbytes") for _, _, copy in Kept(it).copies) == 0
    with put_back(it) as kept:
        it.generator.gauss(0.0, 1.0)
        assert kept.changed() == []


# ---- Training such a model ----------------------------------------------------------------


class Stateful(nn.Module):
    """A model that keeps something, which changes what it computes, in training or in use."""

    def __init__(self):
        self.layer = nn.Layer(2, 1, None, seed=0)
        self.calls, self.scale, self.seen, self.tokens = 0, 1.0, [], {}
        self.helper, self.sums, self.pair = Helper(), numpy.zeros(2), Pair(0.0)
        self.mean, self.top = Value(0.0), None
        self.last = 0.0

    buffers = ("mean",)

    def __call__(self, x):
        self.keep(x)
        return self.layer(x) * (1.0 + self.used())


def keeps(keep, used):
    return type("Keeps", (Stateful,), {"keep": keep, "used": used})


def count_calls(model, x):
    model.calls += 1


def count_in_training(model, x):
    model.calls += model.training


def count_in_use(model, x):
    model.calls += not model.training


def append_to_a_list(model, x):
    model.seen.append(1)


def write_into_a_dict(model, x):
    model.tokens[len(model.tokens)] = 1


def use_a_helper(model, x):
    model.helper.total, model.helper.count = model.helper.total + 1.0, model.helper.count + 1


def write_into_an_array(model, x):
    model.sums[0] += 1.0


def write_into_a_dataclass(model, x):
    model.pair.first += 1.0


def run_a_mean(model, x):
    model.mean = (
        (0.9 * model.mean + 0.1 * x[0])
        if isinstance(x[0], Value)
        else Value(0.9 * model.mean.data + 0.1 * x[0])
    )


def set_a_leaf(model, x):
    model.mean.data = 0.9 * model.mean.data + 0.1


def keep_the_largest(model, x):
    model.top = x[0] if model.top is None else max(model.top, x[0])


def carry_over(model, x):
    model.last = (model.layer(x) + model.last).tanh().detach()


def keep_the_output(model, x):
    model.out = model.layer(x)


KEEPING = {
    "a counter": (count_calls, lambda m: m.calls * 1e-3),
    "a counter in training": (count_in_training, lambda m: m.calls * 1e-3),
    "a counter in use": (count_in_use, lambda m: m.calls * 1e-3),
    "a list": (append_to_a_list, lambda m: len(m.seen) * 1e-3),
    "a dict": (write_into_a_dict, lambda m: len(m.tokens) * 1e-3),
    "a helper": (use_a_helper, lambda m: m.helper.total * 1e-3),
    "an array": (write_into_an_array, lambda m: float(m.sums[0]) * 1e-3),
    "a dataclass": (write_into_a_dataclass, lambda m: m.pair.first * 1e-3),
    "a running mean, in use": (run_a_mean, lambda m: 0.0 if m.training else m.mean),
    "a leaf's number": (set_a_leaf, lambda m: m.mean if not m.training else 0.0),
    "the largest, in use": (keep_the_largest, lambda m: 0.0 if m.training else m.top),
    "a state": (carry_over, lambda m: m.last),
    "its output": (keep_the_output, lambda m: 0.0),
}
each_keeping = pytest.mark.parametrize(("keep", "used"), KEEPING.values(), ids=KEEPING)
X = [[(7 * n % 40) / 40.0 - 0.5, (11 * n % 40) / 40.0 - 0.5] for n in range(40)]
Y = [int(a + b > 0.0) for a, b in X]


def everything(model):
    """Give all that a model keeps, in a form that can be compared."""
    left_out = ("layer", "helper", "training", "_assigned", "_kept")
    kept = {name: thing for name, thing in vars(model).items() if name not in left_out}
    return repr(sorted(kept.items())) + repr(vars(model.helper))


@each_keeping
def test_fit_is_the_same_whether_it_tries_to_compile_or_not(keep, used):
    found = []
    for settings in ({}, {"compiled": False}):
        model = keeps(keep, used)()
        history = fit(
            model, losses.bce_with_logits, X, Y, optimizer=optim.Adam(lr=0.01, weight_decay=0.1), epochs=3,
            batch_size=8, validation=0.2, metrics={"f": lambda f, t: f}, **settings,
        )  # fmt: skip
        assert history.engine.startswith("eager")
        found.append(
            (history.loss, history.validation_loss, history.metrics, model.state_dict(), everything(model))
        )
    assert found[0] == found[1]
    assert [name for name, _ in model.named_parameters()] == [
        f"layer.neurons.0.{n}" for n in ("w.0", "w.1", "b")
    ]


@each_keeping
def test_the_reason_names_what_a_model_keeps(keep, used):
    model = keeps(keep, used)()
    before = everything(model)
    with pytest.raises((ValueError, TypeError), match="the model changes .* on itself"):
        fit(model, losses.mse, X, Y, optimizer=optim.SGD(lr=0.1), compiled=True)
    assert everything(model) == before


@each_keeping
def test_predict_is_the_same_for_many_and_for_few(keep, used):
    many, few = keeps(keep, used)(), keeps(keep, used)()
    rows = X * 8
    expected = [number for at in range(0, len(rows), 8) for number in predict(few, rows[at : at + 8])]
    assert predict(many, rows) == expected
    assert everything(many) == everything(few)


def test_a_refused_training_leaves_what_a_model_keeps():
    model = keeps(count_calls, lambda m: 0.0)()
    before = everything(model)
    with pytest.raises(ValueError, match="label is 0 or 1"):
        fit(model, losses.bce_with_logits, X, [*Y[:-1], 3], optimizer=optim.SGD(lr=0.1))
    assert everything(model) == before


def test_a_model_that_keeps_nothing_is_compiled():
    model = keeps(lambda model, x: None, lambda model: 0.0)()
    history = fit(model, losses.bce_with_logits, X, Y, optimizer=optim.SGD(lr=0.1), epochs=1)
    assert history.engine == "compiled"
