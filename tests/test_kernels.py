"""What only makes the engine fast: kernels and the sweep in place change no bit, and could be deleted."""

import importlib.util
import math
import random
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from autograd_lite import Op, Value, engine, functions
from autograd_lite.core import sweep
from autograd_lite.core.kernels import compile_kernel, record_lists
from autograd_lite.core.modes import ACTIVE
from autograd_lite.core.operators import operator_method
from autograd_lite.ops import OPS

ROOT = Path(__file__).parents[1]

# Empty modules stand where the files were.
DELETED = """
import sys, types
for name in ("kernels", "sweep", "native"):
    sys.modules[f"autograd_lite.core.{name}"] = types.ModuleType(name)
sys.modules["autograd_lite.core.native"].engine_kind = "pure"
"""
ENGINE_TESTS = """
import pytest
sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "tests/test_engine.py"]))
"""
PROGRAMS = """
import random, struct, warnings
warnings.simplefilter("ignore")
import autograd_lite as ag
from autograd_lite import Value, grad
from autograd_lite.engine import topological_order
from autograd_lite.ops import OPS

def bits(number):
    return "nan" if number != number else struct.pack("<d", number).hex()

generator = random.Random(7)
print(hasattr(sys.modules["autograd_lite.core.kernels"], "compile_kernel"), file=sys.stderr)
for number in range(400):
    numbers = [0.0, -0.0, 1.0, -1.0, 2.5, -0.3, 1e200, generator.gauss(0, 1)]
    leaves = [Value(generator.choice(numbers)) for _ in range(4)]
    values = list(leaves)
    for _ in range(generator.randint(1, 25)):
        op = generator.choice(list(OPS.values()))
        picked = [generator.choice(values) for _ in range(4)]
        if op.many is not None:
            extra = {"pick": (1,), "dot": (picked[::-1], generator.choice([0.5, picked[0]]))}.get(op.name, ())
            made = getattr(ag, op.name)(picked, *extra)
        else:
            inputs = picked[: len(op.partials)]
            if len(inputs) == 2:
                inputs[generator.randrange(2)] = generator.choice([inputs[0], 2.0, -1, 0.0])
            if not any(isinstance(one, Value) for one in inputs):
                inputs[0] = picked[0]
            attributes = [0.5 for default in op.attributes.values()]
            function = getattr(ag, op.name, op)
            made = function(*inputs, *attributes)
        if isinstance(made, Value):
            values.append(made)
    values[-1].backward()
    values[-1].backward()
    print(*(bits(value.data) for value in values), *(bits(value.grad) for value in values),
          *(bits(g) for g in grad(values[-1], leaves)),
          *(bits(node.data) for part in topological_order(values[-1]) for node in part))
"""


DENSE = """
import copy, math
from autograd_lite import functions, losses, nn, optim, Value

print(functions.dot_for([1.0]) is functions.dot, file=sys.stderr)
mixed = nn.Layer(2, 3, "tanh", seed=2)
mixed.neurons[1].w[0] = 0.25  # a plain number
models = [nn.MLP(2, [4, 3, 1], "tanh", seed=0), nn.MLP(2, [3, 2], output="softmax", seed=1),
          nn.Neuron(2, "sigmoid", seed=3), mixed]
inputs = [[0.5, -1.0], (1, True), [Value(0.5), Value(-0.25)], [Value(2.0), 1.5]]
for model in models:
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for x in inputs * 2:
        outputs = model(x)
        loss = sum((y * y for y in (outputs if isinstance(outputs, list) else [outputs])), Value(0.0))
        model.zero_grad()
        loss.backward()
        optimizer.step()
        print(loss.data.hex(), *(p.data.hex() for p in model.parameters()),
              *(number.grad.hex() for number in x if isinstance(number, Value)))
    try:
        print(model([1.0]))
    except ValueError as error:
        print(error)
    (model if isinstance(model, nn.Neuron) else getattr(model, "layers", [model])[0].neurons[0]).w.pop()
    try:
        print(model([1.0, 2.0]))
    except ValueError as error:
        print(error)
"""


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def test_without_them_the_engine_passes_its_tests():
    found = run(DELETED + ENGINE_TESTS)
    assert found.returncode == 0, found.stdout[-3000:]


def test_without_them_random_programs_give_the_same_bits():
    slow, fast = run(DELETED + PROGRAMS), run("import sys, autograd_lite\n" + PROGRAMS)
    assert (slow.stderr, fast.stderr) == ("False\n", "True\n")
    assert slow.stdout == fast.stdout and len(fast.stdout.splitlines()) == 400


def test_without_them_dense_networks_give_the_same_bits():
    slow, fast = run(DELETED + DENSE), run("import sys, autograd_lite\n" + DENSE)
    assert (slow.stderr, fast.stderr) == ("True\n", "False\n")
    assert slow.stdout == fast.stdout and len(fast.stdout.splitlines()) == 40


def test_operations_on_lists_that_divide_by_zero_fall_back():
    inverses = Op(
        "inverses", "Σ_i 1 / values[i]", lambda values: math.fsum(1.0 / v if v else math.inf for v in values),
        many=lambda y, values: ([-1.0 / (v * v) for v in values],),
    )  # fmt: skip
    with pytest.warns(RuntimeWarning, match=r"div\(-1\.0, 0\.0\) is -inf"):
        node = record_lists(inverses, ([Value(0.0), Value(2.0)],), ())
    assert (node.data, tuple(node.partials)) == (math.inf, (-math.inf, -0.25))


def test_an_operation_on_two_numbers_may_have_an_attribute():
    blend = Op(
        "blend", "blend({0}, {1}, {2})", lambda a, b, share: a * share + b * (1.0 - share),
        lambda y, a, b, share: share, lambda y, a, b, share: 1.0 - share, attributes={"share": 0.25},
    )  # fmt: skip
    x, y = Value(8.0), Value(4.0)
    compiled = compile_kernel(blend, dict(ACTIVE))["blend"]
    for compute in (blend, compiled):
        assert compute(x, y).args == (x, y, 0.25)
        assert (compute(x, y).data, compute(x, y, 0.5).partials) == (5.0, (0.5, 0.5))
        assert (compute(x, 4.0).args, compute(8.0, y).partials) == ((x, 4.0, 0.25), (0.75,))


def test_the_general_path_keeps_operands_as_the_kernels_do():
    x, y = Value(2.0), Value(3.0)
    for general, fast in (
        (OPS["mul"](x, y), x * y),
        (OPS["mul"](x, 3.0), x * 3.0),
        (OPS["mul"](3.0, x), 3.0 * x),
    ):
        assert general._layout is fast._layout


def test_an_operators_method_leaves_what_is_foreign_to_the_other_side():
    x = Value(3.0)
    power, turned = operator_method(OPS["pow"]), operator_method(OPS["pow"], turned=True)
    assert (power(x, 2.0).data, turned(x, 2.0).data) == (9.0, 8.0)
    assert power(x, object()) is NotImplemented is turned(x, object())


def test_a_dot_for_some_inputs_is_dot_whatever_the_weights_are():
    x, w, b = Value(2.0), Value(3.0), Value(0.5)
    for inputs in ([1.0, 4.0], [x, Value(1.0)], [x, 1.5]):
        fast = functions.dot_for(inputs)
        for weights, bias in (([w, Value(5.0)], b), ([w, 0.25], b), ([w, w], 1.0)):
            one, other = fast(weights, inputs, bias), functions.dot(weights, inputs, bias)
            assert (one.data, one.inputs, one.partials) == (other.data, other.inputs, other.partials)
        with pytest.raises(ValueError, match="one length, got 1 and 2"):
            fast([w], inputs, b)


def plain_engine():
    """Load the engine's page once more: its walks, which the sweep has replaced."""
    spec = importlib.util.spec_from_file_location("plain_engine", ROOT / "autograd_lite" / "engine.py")
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    return plain


@pytest.mark.parametrize("seed", range(20))
def test_the_plain_walks_find_the_same_order_and_the_same_adjoints(seed):
    plain, generator = plain_engine(), random.Random(seed)
    values = [Value(generator.gauss(0.0, 1.0)) for _ in range(3)]
    for _ in range(generator.randint(1, 30)):
        a, b, c = (generator.choice(values) for _ in range(3))
        made = [a * b, a + 2.0, b.tanh(), functions.where(a, b, c), functions.sum([a, b, c, a]), a - a]
        values.append(generator.choice(made))
    leaves, nodes = engine.topological_order(values[-1])
    assert (leaves, nodes) == plain.topological_order(values[-1])
    assert engine.adjoints(values[-1], nodes) == plain.adjoints(values[-1], nodes)


@pytest.mark.parametrize("seed", range(20))
def test_a_gradient_by_leaves_is_that_of_the_plain_walk_and_leaves_grad_alone(seed):
    plain, generator = plain_engine(), random.Random(seed)
    leaves = [Value(generator.choice([0.0, -1.0, generator.gauss(0.0, 1.0)])) for _ in range(4)]
    values = list(leaves)
    for _ in range(generator.randint(1, 30)):
        a, b, c = (generator.choice(values) for _ in range(3))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            made = [a * b, a + 2.0, b.tanh(), functions.where(a, b, c), functions.sum([a, b, c, a]), a.relu()]
            values.append(generator.choice([*made, functions.sqrt(a)]))  # whose slope at 0 is inf
    leaves[0].grad = 5.0
    found = sweep.gradient_by(values[-1], leaves)
    totals = plain.adjoints(values[-1], plain.topological_order(values[-1])[1])
    assert repr(found) == repr([totals.get(leaf, 0.0) + 0.0 for leaf in leaves])
    assert [leaf.grad for leaf in leaves] == [5.0, 0.0, 0.0, 0.0]
    assert all(leaf.grad is engine.NO_GRADIENT for leaf in leaves[1:])


def test_an_error_of_an_operation_on_lists_itself_is_passed_on():
    def forward(values):
        raise TypeError("not of these numbers")

    refusing = Op("refusing", "refusing({0})", forward, many=lambda y, values: ([1.0] * len(values),))
    with pytest.raises(TypeError, match="not of these numbers"):
        record_lists(refusing, ([1.0, 2.0],), ())
