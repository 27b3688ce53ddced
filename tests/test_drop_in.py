"""Programs written for micrograd and for microgpt run after changing only the import.

The programs take the class Value where the original has its import. The literal numbers
are micrograd 0.1.0's own: ``peers/test_micrograd.py`` runs these very programs with it.
"""

from __future__ import annotations

import itertools
import math
import operator
import random
import sys
from typing import Any

import numpy as np
import pytest
from graphviz import Digraph

import autograd_lite
from autograd_lite import (
    compile,
    detect_anomaly,
    draw,
    fit,
    grad,
    gradcheck,
    hessian,
    no_grad,
    optim,
    step_through,
)
from autograd_lite.compiler.tracing import TraceError


@pytest.fixture
def Value() -> Any:
    return autograd_lite.Value


def close(number: Any) -> Any:
    return pytest.approx(number, rel=1e-12, abs=1e-12)


# ---- micrograd's demo ----------------------------------------------------------------------


def moons(count: int) -> tuple[Any, Any]:
    points, classes = [], []
    for index in range(count):
        angle, noise = random.uniform(0, math.pi), random.uniform(-0.1, 0.1)
        upper = index % 2 == 0
        x = math.cos(angle) if upper else 1 - math.cos(angle)
        y = math.sin(angle) if upper else 0.5 - math.sin(angle)
        points.append([x + noise, y - noise])
        classes.append(-1 if upper else 1)
    return np.array(points), np.array(classes)


def micrograd_demo(Value: Any) -> tuple[list[float], list[float], list[Any]]:
    """Train a 2-16-16-1 network for five steps: its losses, accuracies and parameters."""

    class Module:
        def zero_grad(self):
            for p in self.parameters():
                p.grad = 0

        def parameters(self):
            return []

    class Neuron(Module):
        def __init__(self, nin, nonlin=True):
            self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(0)
            self.nonlin = nonlin

        def __call__(self, x):
            act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
            return act.relu() if self.nonlin else act

        def parameters(self):
            return [*self.w, self.b]

    class Layer(Module):
        def __init__(self, nin, nout, **kwargs):
            self.neurons = [Neuron(nin, **kwargs) for _ in range(nout)]

        def __call__(self, x):
            out = [n(x) for n in self.neurons]
            return out[0] if len(out) == 1 else out

        def parameters(self):
            return [p for n in self.neurons for p in n.parameters()]

    class MLP(Module):
        def __init__(self, nin, nouts):
            sz = [nin, *nouts]
            self.layers = [Layer(sz[i], sz[i + 1], nonlin=i != len(nouts) - 1) for i in range(len(nouts))]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self):
            return [p for layer in self.layers for p in layer.parameters()]

    random.seed(1337)
    X, y = moons(40)
    model = MLP(2, [16, 16, 1])

    def loss():
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
        return total_loss, sum(accuracy) / len(accuracy)

    history, accuracies = [], []
    for k in range(5):
        total_loss, acc = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        history.append(total_loss.data)
        accuracies.append(acc)
    return history, accuracies, model.parameters()


def test_micrograd_demo_gives_micrograd_s_numbers(Value):
    losses, accuracies, parameters = micrograd_demo(Value)
    assert losses == close(DEMO_LOSSES)
    assert accuracies == DEMO_ACCURACIES
    assert [p.data for p in parameters[:6]] == close(DEMO_FIRST_PARAMETERS)
    assert [p.grad for p in parameters[:6]] == close(DEMO_FIRST_GRADIENTS)
    assert [p.data for p in parameters[-3:]] == close(DEMO_LAST_PARAMETERS)
    assert [p.grad for p in parameters[-3:]] == close(DEMO_LAST_GRADIENTS)
    assert math.fsum(p.data**2 for p in parameters) == close(DEMO_SQUARED_PARAMETERS)
    assert math.fsum(p.grad**2 for p in parameters) == close(DEMO_SQUARED_GRADIENTS)


DEMO_LOSSES = [
    1.259628641010391,
    0.45067521274216427,
    0.2508071655481481,
    0.1642585180129849,
    0.11824440736172669,
]
DEMO_ACCURACIES = [0.5, 0.8, 0.925, 0.925, 0.95]
DEMO_FIRST_PARAMETERS = [
    -1.0258318821297137,
    -0.5612367212790798,
    0.09561302818531456,
    0.4465976108930673,
    -0.5236677443673513,
    -0.22709399751350717,
]
DEMO_FIRST_GRADIENTS = [
    -0.00020520594013120005,
    -0.00011226898971703339,
    1.912629318638925e-05,
    8.933674630330075e-05,
    -0.00010475374539558254,
    -4.542755793587147e-05,
]
DEMO_LAST_PARAMETERS = [-0.8774465616580317, -0.39942602644731623, 0.14702157484761066]
DEMO_LAST_GRADIENTS = [0.001940141449298047, -7.990061012709575e-05, -0.024975410944260534]
DEMO_SQUARED_PARAMETERS = 101.71406526221001
DEMO_SQUARED_GRADIENTS = 0.045382036497168626


# ---- micrograd's own tests, and the numbers that it and PyTorch give ---------------------------


def test_sanity_check(Value):
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert y.data == -20.0
    assert x.grad == 46.0


def test_more_ops(Value):
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == close(24.70408163265306)
    assert a.grad == close(138.83381924198252)
    assert b.grad == close(645.5772594752186)


# ---- What such programs do with a Value --------------------------------------------------------


def test_plain_numbers_on_either_side(Value):
    x = Value(4.0)
    y = (2 * x - 3) / (1 + x) + (x - 1) / 2 - (3 - x) * 0.5 + 8 / x + x**2 - x**-1 + x**0.5 + -x
    y.backward()
    assert y.data == close(18.75)
    # 5 / (1 + x)² + 1/2 + 1/2 - 8/x² + 2x + 1/x² + 1 / (2 √x) - 1
    assert x.grad == close(0.2 + 1.0 - 0.5 + 8.0 + 0.0625 + 0.25 - 1.0)


NUMPY_KINDS = [np.float64, np.float32, np.int64, np.int32]


@pytest.mark.parametrize("kind", NUMPY_KINDS)
def test_numpy_scalars_on_either_side(Value, kind):
    two = kind(2)
    x = Value(kind(3))
    y = two * x + x * two + (two + x) - (x - two) + (two - x)
    y.backward()
    assert isinstance(y, Value)
    assert y.data == 15.0
    assert x.grad == 3.0


@pytest.mark.parametrize("kind", NUMPY_KINDS)
def test_numpy_scalars_divide_and_are_exponents(kind):
    """micrograd refuses these for the integer kinds."""
    two = kind(2)
    x = autograd_lite.Value(kind(3))
    y = x / two + two / x + x**two
    y.backward()
    assert y.data == close(1.5 + 2 / 3 + 9)
    assert x.grad == close(0.5 - 2 / 9 + 6)


def test_sum_starts_from_a_number_or_a_value(Value):
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    total = sum(xs) * sum(xs, Value(10.0))
    total.backward()
    assert total.data == 96.0
    assert [x.grad for x in xs] == [22.0, 22.0, 22.0]


def test_max_over_values():
    """micrograd has no order; programs that softmax or pool take a maximum of Values."""
    xs = [autograd_lite.Value(number) for number in (1.0, 3.0, 2.0)]
    assert max(xs) is xs[1]
    assert min(xs) is xs[0]
    assert max(xs, key=lambda x: x.data) is xs[1]
    assert sorted(xs) == [xs[0], xs[2], xs[1]]
    hinge = max(0, xs[1] - 5.0)
    assert hinge == 0


def test_repr_is_micrograd_s(Value):
    x = Value(3.0)
    y = x * x
    y.backward()
    assert repr(x) == "Value(data=3.0, grad=6.0)"
    assert f"{y}" == "Value(data=9.0, grad=1.0)" or repr(y) == "Value(data=9.0, grad=1)"


def test_a_value_used_twice_in_one_operation(Value):
    x = Value(3.0)
    (x + x).backward()
    assert x.grad == 2.0
    x.grad = 0
    (x * x).backward()
    assert x.grad == 6.0
    x.grad = 0
    (x - x).backward()
    assert x.grad == 0.0
    (x / x).backward()
    assert x.grad == close(0.0)


def test_a_node_used_by_several(Value):
    a, b = Value(-2.0), Value(3.0)
    d = a * b
    e = a + b
    f = d * e
    f.backward()
    assert (a.grad, b.grad) == (-3.0, -8.0)


def test_prev_and_op_name_the_inputs_and_the_operation():
    x, y = autograd_lite.Value(3.0), autograd_lite.Value(2.0)
    assert (x._prev, x._op) == ((), "")
    assert ((x + x)._prev, (x + x)._op) == ((x, x), "+")
    assert ((x * y)._prev, (x * y)._op) == ((x, y), "*")
    assert ((2 * x)._prev, (2 * x)._op) == ((x,), "*")
    assert ((x**3)._prev, (x**3)._op) == ((x,), "**3")
    assert (x.relu()._prev, x.relu()._op) == ((x,), "relu")


# ---- Drawing code as micrograd's users have it --------------------------------------------------


def trace(root):
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def draw_dot(root, format="svg", rankdir="LR"):
    nodes, edges = trace(root)
    dot = Digraph(format=format, graph_attr={"rankdir": rankdir})
    for n in nodes:
        label = "{ data %.4f | grad %.4f }" % (n.data, n.grad)  # noqa: UP031 - as micrograd writes it
        dot.node(name=str(id(n)), label=label, shape="record")
        if n._op:
            dot.node(name=str(id(n)) + n._op, label=n._op)
            dot.edge(str(id(n)) + n._op, str(id(n)))
    for n1, n2 in edges:
        dot.edge(str(id(n1)), str(id(n2)) + n2._op)
    return dot


def test_drawing_code_that_walks_prev_and_op(Value):
    x, w, b = Value(2.0), Value(-3.0), Value(10.0)
    y = (x * w + b).relu() ** 2
    y.backward()
    nodes, edges = trace(y)
    assert (len(nodes), len(edges)) == (7, 6)
    source = draw_dot(y).source
    assert source.startswith("digraph {\n\tgraph [rankdir=LR]\n")
    assert source.count("shape=record") == 7
    assert source.count(" -> ") == 6 + 4
    for shown in [
        "data 2.0000 | grad -24.0000",
        "data -3.0000 | grad 16.0000",
        "data 10.0000 | grad 8.0000",
        "data -6.0000 | grad 8.0000",
        "data 4.0000 | grad 8.0000",
        "data 16.0000 | grad 1.0000",
        'label="*"',
        'label="+"',
        'label="**2"',
        f"label={(x * w + b).relu()._op}",
    ]:
        assert shown in source


def test_drawing_code_draws_a_doubled_edge_once(Value):
    x = Value(3.0)
    nodes, edges = trace(x + x)
    assert (len(nodes), len(edges)) == (2, 1)


# ---- A program in microgpt's style ---------------------------------------------------------------


def microgpt(Value: Any) -> tuple[list[float], list[float], str]:
    """Train a tiny GPT on names for three steps: its losses, some parameters, and a sample."""
    random.seed(42)
    docs = ["anna", "bob", "nab"]
    uchars = sorted(set("".join(docs)))
    BOS = len(uchars)
    vocab_size = len(uchars) + 1

    n_layer, n_embd, block_size, n_head = 1, 4, 6, 2
    head_dim = n_embd // n_head

    def matrix(nout, nin, std=0.08):
        return [[Value(random.gauss(0, std)) for _ in range(nin)] for _ in range(nout)]

    state_dict = {
        "wte": matrix(vocab_size, n_embd),
        "wpe": matrix(block_size, n_embd),
        "lm_head": matrix(vocab_size, n_embd),
    }
    for i in range(n_layer):
        state_dict[f"layer{i}.attn_wq"] = matrix(n_embd, n_embd)
        state_dict[f"layer{i}.attn_wk"] = matrix(n_embd, n_embd)
        state_dict[f"layer{i}.attn_wv"] = matrix(n_embd, n_embd)
        state_dict[f"layer{i}.attn_wo"] = matrix(n_embd, n_embd)
        state_dict[f"layer{i}.mlp_fc1"] = matrix(4 * n_embd, n_embd)
        state_dict[f"layer{i}.mlp_fc2"] = matrix(n_embd, 4 * n_embd)
    params = [p for mat in state_dict.values() for row in mat for p in row]

    def linear(x, w):
        return [sum(wi * xi for wi, xi in zip(wo, x)) for wo in w]

    def softmax(logits):
        max_val = max(val.data for val in logits)
        exps = [(val - max_val).exp() for val in logits]
        total = sum(exps)
        return [e / total for e in exps]

    def rmsnorm(x):
        ms = sum(xi * xi for xi in x) / len(x)
        scale = (ms + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def gpt(token_id, pos_id, keys, values):
        x = [t + p for t, p in zip(state_dict["wte"][token_id], state_dict["wpe"][pos_id])]
        x = rmsnorm(x)
        for li in range(n_layer):
            x_residual = x
            x = rmsnorm(x)
            q = linear(x, state_dict[f"layer{li}.attn_wq"])
            keys[li].append(linear(x, state_dict[f"layer{li}.attn_wk"]))
            values[li].append(linear(x, state_dict[f"layer{li}.attn_wv"]))
            x_attn = []
            for hs in range(0, n_embd, head_dim):
                q_h = q[hs : hs + head_dim]
                k_h = [ki[hs : hs + head_dim] for ki in keys[li]]
                v_h = [vi[hs : hs + head_dim] for vi in values[li]]
                attn_logits = [sum(a * b for a, b in zip(q_h, k)) / head_dim**0.5 for k in k_h]
                attn_weights = softmax(attn_logits)
                x_attn += [sum(w * v[j] for w, v in zip(attn_weights, v_h)) for j in range(head_dim)]
            x = linear(x_attn, state_dict[f"layer{li}.attn_wo"])
            x = [a + b for a, b in zip(x, x_residual)]
            x_residual = x
            x = rmsnorm(x)
            x = linear(x, state_dict[f"layer{li}.mlp_fc1"])
            x = [xi.relu() for xi in x]
            x = linear(x, state_dict[f"layer{li}.mlp_fc2"])
            x = [a + b for a, b in zip(x, x_residual)]
        return linear(x, state_dict["lm_head"])

    learning_rate, beta1, beta2, eps_adam = 0.01, 0.85, 0.99, 1e-8
    m = [0.0] * len(params)
    v = [0.0] * len(params)
    num_steps = 3
    history = []
    for step in range(num_steps):
        doc = docs[step % len(docs)]
        tokens = [BOS, *(uchars.index(ch) for ch in doc), BOS]
        n = min(block_size, len(tokens) - 1)
        keys, values = [[] for _ in range(n_layer)], [[] for _ in range(n_layer)]
        losses = []
        for pos_id in range(n):
            token_id, target_id = tokens[pos_id], tokens[pos_id + 1]
            probs = softmax(gpt(token_id, pos_id, keys, values))
            losses.append(-probs[target_id].log())
        loss = (1 / n) * sum(losses)
        loss.backward()
        lr_t = learning_rate * (1 - step / num_steps)
        for i, p in enumerate(params):
            m[i] = beta1 * m[i] + (1 - beta1) * p.grad
            v[i] = beta2 * v[i] + (1 - beta2) * p.grad**2
            m_hat = m[i] / (1 - beta1 ** (step + 1))
            v_hat = v[i] / (1 - beta2 ** (step + 1))
            p.data -= lr_t * m_hat / (v_hat**0.5 + eps_adam)
            p.grad = 0
        history.append(loss.data)

    temperature = 0.5
    keys, values = [[] for _ in range(n_layer)], [[] for _ in range(n_layer)]
    token_id, sample = BOS, []
    for pos_id in range(block_size):
        logits = gpt(token_id, pos_id, keys, values)
        probs = softmax([logit / temperature for logit in logits])
        token_id = random.choices(range(vocab_size), weights=[p.data for p in probs])[0]
        if token_id == BOS:
            break
        sample.append(uchars[token_id])
    return history, [p.data for p in params[::100]], "".join(sample)


def test_microgpt_gives_microgpt_s_numbers():
    """The literals are those of microgpt's Value, as the benchmarks have it."""
    losses, parameters, sample = microgpt(autograd_lite.Value)
    assert losses == close(GPT_LOSSES)
    assert parameters == close(GPT_PARAMETERS)
    assert sample == GPT_SAMPLE


GPT_LOSSES = [1.7018443940902317, 1.6698083000266426, 1.6421901228958584]
GPT_PARAMETERS = [0.00250941530229186, 0.1382155818885685, 0.15992620315752407]
GPT_SAMPLE = "aab"


# ---- Nodes of one's own, as microgpt makes all of its nodes ---------------------------------------


def microgpt_value(base: Any) -> Any:
    """Make the class that such a program defines, on top of ours: each operation builds its node."""

    class Value(base):
        def __add__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            return Value(self.data + other.data, (self, other), (1, 1))

        def __mul__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            return Value(self.data * other.data, (self, other), (other.data, self.data))

        def __pow__(self, other):
            return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

        def log(self):
            return Value(math.log(self.data), (self,), (1 / self.data,))

        def exp(self):
            return Value(math.exp(self.data), (self,), (math.exp(self.data),))

        def relu(self):
            return Value(max(0, self.data), (self,), (float(self.data > 0),))

        def __neg__(self):
            return self * -1

        def __radd__(self, other):
            return self + other

        def __sub__(self, other):
            return self + (-other)

        def __rsub__(self, other):
            return other + (-self)

        def __rmul__(self, other):
            return self * other

        def __truediv__(self, other):
            return self * other**-1

        def __rtruediv__(self, other):
            return other * self**-1

    return Value


def test_a_whole_microgpt_program_that_builds_its_own_nodes():
    losses, parameters, sample = microgpt(microgpt_value(autograd_lite.Value))
    assert losses == close(GPT_LOSSES)
    assert parameters == close(GPT_PARAMETERS)
    assert sample == GPT_SAMPLE


def test_the_micrograd_demo_with_own_nodes():
    losses, accuracies, parameters = micrograd_demo(microgpt_value(autograd_lite.Value))
    assert losses == close(DEMO_LOSSES)
    assert accuracies == DEMO_ACCURACIES
    assert [p.grad for p in parameters[:6]] == close(DEMO_FIRST_GRADIENTS)


def test_a_backward_pass_written_by_hand_over_children_and_local_gradients():
    x, y = autograd_lite.Value(3.0), autograd_lite.Value(2.0)
    product = autograd_lite.Value(x.data * y.data, (x, y), (y.data, x.data))
    output = (product + x).tanh()
    order, gradients = [], {output: 1.0}

    def visit(node):
        if node not in order:
            for child in node._children:
                visit(child)
            order.append(node)

    visit(output)
    for node in reversed(order):
        for child, local_grad in zip(node._children, node._local_grads):
            gradients[child] = gradients.get(child, 0.0) + local_grad * gradients[node]
    output.backward()
    assert (gradients[x], gradients[y]) == (x.grad, y.grad)


CHILD_COUNTS = [1, 2, 3, 5]


def own(*children):
    """A node that is the sum of its children times 1, 2, 3, ..., by local gradients."""
    data = sum(number * child.data for number, child in enumerate(children, 1))
    return autograd_lite.Value(data, children, tuple(range(1, len(children) + 1)))


@pytest.mark.parametrize("count", CHILD_COUNTS)
@pytest.mark.parametrize("listed", [tuple, list])
def test_an_own_node_among_others(count, listed):
    leaves = [autograd_lite.Value(0.5 + index) for index in range(count)]
    node = autograd_lite.Value(0.25, listed(leaves), listed(range(1, count + 1)))
    output = node * node + leaves[0]
    expected = [0.5 * number + (number == 1) for number in range(1, count + 1)]
    assert grad(output, leaves) == expected
    assert all(leaf.grad == 0.0 for leaf in leaves)
    output.backward()
    assert [leaf.grad for leaf in leaves] == expected and node.grad == 0.5
    assert node._prev == node.parents == node.args == tuple(leaves) and node.partials == node._local_grads
    assert node.op is not None and node._op == node.op.name
    trace = step_through(output)
    assert [*trace.gradients.values()] == expected
    assert draw(output)._repr_mimebundle_()
    leaves[0].data = 9.0  # its value is given, not computed: nothing of it is stale
    assert step_through(node)
    with pytest.raises(TypeError, match="cannot copy or pickle the result of an operation"):
        node.__reduce__()


def test_children_that_come_twice_get_both():
    x = autograd_lite.Value(3.0)
    square = autograd_lite.Value(9.0, (x, x), (3.0, 3.0))
    square.backward()
    assert x.grad == 6.0 and grad(square, x) == 6.0


def test_an_own_node_in_a_large_drawing_that_is_folded():
    leaves = [autograd_lite.Value(float(index)) for index in range(40)]
    hidden = [own(*leaves[index : index + 8]).relu() for index in range(30)]
    assert "own" in step_through(own(*hidden), names={})[0].formula
    assert draw(own(*hidden))._repr_mimebundle_()


def test_own_nodes_and_modes():
    x = autograd_lite.Value(3.0, "x")
    with no_grad():
        assert autograd_lite.Value(9.0, (x,), (6.0,)).parents == ()
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"own\(x=3\.0\) is inf"):
        autograd_lite.Value(math.inf, (x,), (6.0,))
    with detect_anomaly(), pytest.raises(FloatingPointError, match="gives to the Value 'x' is nan"):
        autograd_lite.Value(9.0, (x,), (math.nan,)).backward()
    assert autograd_lite.Value(9.0, (), ()).parents == autograd_lite.Value(9.0, []).parents == ()


def test_an_own_node_of_a_subclass_and_gradcheck():
    class Number(autograd_lite.Value):
        pass

    x = Number(3.0)
    node = Number(9.0, (x,), (6.0,))
    assert type(node) is Number and node.parents == (x,)
    node.momentum = 0.5
    assert node.momentum == 0.5
    assert gradcheck(lambda x: autograd_lite.Value(x.data**3, (x,), (3 * x.data**2,)), [2.0])
    assert not gradcheck(lambda x: autograd_lite.Value(x.data**3, (x,), (3.01 * x.data**2,)), [2.0])


def test_second_derivatives_and_compiling_are_refused_and_name_op():
    x = autograd_lite.Value(3.0)
    node = own(x)
    for refused in (
        lambda: grad(node * x, x, create_graph=True),
        lambda: hessian(x + node.exp(), [x]),
    ):
        with pytest.raises(TypeError, match="with Op"):
            refused()
    for f in (lambda a: a * node, lambda a: own(a), lambda a: a * 2 + node.detach() * node):
        with pytest.raises(TraceError, match="Op"):
            compile(f, [x])(1.0)
    with pytest.raises(TraceError, match="own local gradients"):
        compile(lambda a: autograd_lite.Value(1.0, (a,), (1.0,)), [x])(1.0)


def test_fit_trains_a_model_with_own_nodes_eagerly_and_says_why():
    w = autograd_lite.Value(0.5)

    def model(x):
        return autograd_lite.Value(w.data * x[0], (w,), (x[0],))

    model.parameters = lambda: [w]
    history = fit(
        model,
        lambda out, target: (out - target) ** 2,
        [[1.0], [2.0]] * 20,
        [2.0, 4.0] * 20,
        optimizer=optim.SGD(lr=0.1),
        epochs=20,
    )
    assert "eager" in history.engine and "Op" in history.engine
    assert w.data == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (lambda a, b: (1.0, (a, b), (1.0,)), ValueError, "2 children and 1 local gradients"),
        (lambda a, b: (1.0, (a, b)), TypeError, r"children need local gradients, too: .*\(da, db\)"),
        (lambda a, b: (1.0, (), (1.0,)), ValueError, "0 children and 1 local"),
        (lambda a, b: (1.0, (a, 2.0), (1.0, 1.0)), TypeError, "children of a node are Values, got 2.0"),
        (
            lambda a, b: (1.0, {a, b}, (1.0, 1.0)),
            TypeError,
            "and children are a tuple of Values, got {",
        ),
        (
            lambda a, b: (1.0, None, ()),
            TypeError,
            "and children are a tuple of Values, got None",
        ),
        (
            lambda a, b: (1.0, "label", (1.0,)),
            TypeError,
            "and children are a tuple of Values, got 'label'",
        ),
        (lambda a, b: (1.0, (a,), (b,)), TypeError, "plain number, got Value.*use its .data"),
        (lambda a, b: (1.0, (a,), ("1",)), TypeError, "convert it with float"),
        (lambda a, b: (1.0, (a, b), "+"), TypeError, r"_backward closure.*\(da, db\).*step_through"),
        (lambda a, b: (1.0, (), "*"), TypeError, r"_backward closure.*\(da, db\).*step_through"),
        (lambda a, b: (1.0, (a,), 1.0), TypeError, "local gradients are a tuple of numbers, got 1.0"),
        (lambda a, b: (True, (a,), (1.0,)), TypeError, "a Value holds a real number"),
    ],
)
def test_what_is_no_node_is_refused(arguments, kind, said):
    with pytest.raises(kind, match=said):
        autograd_lite.Value(*arguments(autograd_lite.Value(2.0), autograd_lite.Value(3.0)))


def test_stepping_by_hand_and_closures_are_refused_and_name_what_to_use():
    x = autograd_lite.Value(3.0)
    with pytest.raises(AttributeError, match="step_through"):
        (x * x)._backward()
    with pytest.raises(AttributeError, match=r"\(da, db\).*step_through"):
        x._backward = lambda: None
    assert not hasattr(x, "_backward")


FREE = ["m", "v", "momentum", "velocity", "cache", "name", "anything_else"]


@pytest.mark.parametrize("name", FREE)
def test_what_a_program_keeps_on_a_number_needs_a_subclass(name):
    x = autograd_lite.Value(3.0)
    hint = name if name == "anything_else" else r"class V\(Value\): pass"  # Python's own message
    with pytest.raises(AttributeError, match=hint):
        setattr(x, name, 0)
    with pytest.raises(AttributeError, match=hint):
        getattr(x, name)
    assert not hasattr(x * x, name) and not hasattr(autograd_lite.Value, name)

    class V(autograd_lite.Value):
        pass

    x, other = V(3.0), V(3.0)
    setattr(x, name, 5)
    assert getattr(x, name) == 5 and not hasattr(other, name)
    (x * x).backward()
    assert x.grad == 6.0
    delattr(x, name)
    with pytest.raises(AttributeError, match=f"'V' object has no attribute '{name}'"):
        getattr(x, name)


def test_an_ordinary_node_is_as_small_as_its_slots():
    x = autograd_lite.Value(3.0)
    assert not hasattr(x, "__dict__") and sys.getsizeof(x * x) == sys.getsizeof(x)
    assert autograd_lite.Value.__setattr__ is object.__setattr__


# ---- Arrays on the left -----------------------------------------------------------------------

SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
ARRAYS = [
    np.array([1.0, 2.0, 3.0]),
    np.array([1, 2, 3]),
    np.array([[1.0], [2.0]], dtype=np.float32),
    np.array([True, False]),
    np.array([]),
]


def gradient_by_hand(sign, left, right):
    rules = {"+": 1.0, "-": -1.0, "*": left, "/": -left / right**2, "**": left**right * math.log(left or 1.0)}
    return rules[sign]


@pytest.mark.parametrize(("sign", "array"), [*itertools.product(SIGNS, ARRAYS)])
def test_an_array_on_the_left_goes_element_by_element(Value, sign, array):
    if Value is not autograd_lite.Value and (sign == "**" or array.dtype == bool):
        return  # micrograd has no such power
    x = Value(2.0)
    result = SIGNS[sign](array, x)
    assert result.dtype == object and result.shape == array.shape
    expected = [SIGNS[sign](number, Value(2.0)).data for number in array.ravel().tolist()]
    assert [value.data for value in result.ravel()] == expected
    for value in result.ravel():
        value.backward()
    assert x.grad == pytest.approx(
        sum(gradient_by_hand(sign, number, 2.0) for number in array.ravel().tolist())
    )


@pytest.mark.parametrize(("sign", "array"), [*itertools.product(ORDERS, ARRAYS)])
def test_an_array_on_the_left_is_compared_element_by_element(sign, array):
    x = autograd_lite.Value(2.0)
    assert np.array_equal(ORDERS[sign](array, x), ORDERS[sign](array, 2.0))
    with pytest.raises(TypeError, match="list comprehension"):
        ORDERS[sign](x, array)


@pytest.mark.parametrize(("sign", "array"), [*itertools.product(SIGNS, ARRAYS)])
def test_an_array_on_the_right_or_in_a_function_is_refused_with_a_hint(sign, array):
    x = autograd_lite.Value(2.0)
    with pytest.raises(TypeError, match="cannot compute with .* list comprehension"):
        SIGNS[sign](x, array)
    for operands in ((x, array), (array, x)):
        with pytest.raises(TypeError, match="cannot compute with .* list comprehension"):
            autograd_lite.maximum(*operands)


@pytest.mark.parametrize("kind", [*NUMPY_KINDS, np.bool_])
@pytest.mark.parametrize("sign", [*SIGNS, *ORDERS])
def test_a_numpy_scalar_on_the_left_is_a_plain_number(sign, kind):
    function = {**SIGNS, **ORDERS}[sign]
    result, expected = function(kind(1), autograd_lite.Value(3.0)), function(1.0, autograd_lite.Value(3.0))
    assert type(result) is type(expected)
    assert result.data == expected.data if sign in SIGNS else result == expected


def test_arrays_of_values_and_of_one_number():
    values = np.array([autograd_lite.Value(2.0), autograd_lite.Value(3.0)])
    x = autograd_lite.Value(5.0)
    (values * x).sum().backward()
    assert x.grad == 5.0 and values[0].grad == 5.0
    assert (np.array(2.0) * x).data == 10.0
