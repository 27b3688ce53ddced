"""The lectures' worked examples, by their IDs, to the digits printed on the slides."""

import math
import random

import pytest

import autograd_lite as ag
from autograd_lite import Value, grad, jacobian, step_through


def rounded(values, digits=2):
    return tuple(round(value, digits) for value in values)


def test_A1_stepping_through_x_plus_y_times_z():
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    L = q * z
    L.backward()
    assert (q.data, L.data) == (3.0, -12.0)
    assert q.partials == (1.0, 1.0)
    assert L.partials == (z.data, q.data) == (-4.0, 3.0)
    assert (x.grad, y.grad, z.grad, q.grad) == (-4.0, -4.0, 3.0, -4.0)
    assert [str(step) for step in step_through(L)] == [
        "q = x + y = -2 + 5 = 3",
        "L = q * z = 3 * -4 = -12",
        "∂L/∂L = 1",
        "∂L/∂q += ∂L/∂L · z = 1 · -4 = -4  (0 → -4)",
        "∂L/∂z += ∂L/∂L · q = 1 · 3 = 3  (0 → 3)",
        "∂L/∂x += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)",
        "∂L/∂y += ∂L/∂q · 1 = -4 · 1 = -4  (0 → -4)",
    ]


def test_A2_logistic_regression_of_one_example():
    theta = [Value(-0.1), Value(0.5), Value(-0.3)]
    x = [1.0, 1.0, 1.0]
    z = ag.dot(theta, x)
    loss = -ag.log(1 - ag.sigmoid(z))
    loss.backward()
    assert z.data == pytest.approx(0.1, abs=1e-15)
    assert round(z.grad, 3) == 0.525
    assert z.grad == pytest.approx(1 / (1 + math.exp(-0.1)), rel=1e-14)
    assert [parameter.grad for parameter in theta] == [z.grad] * 3


def test_A3_one_hidden_layer_by_hand():
    x = [Value(1.0), Value(1.0)]
    theta_1 = [[Value(0.45), Value(0.05)], [Value(-0.38), Value(0.74)]]
    theta_2 = [Value(-0.13), Value(0.95)]
    z_1 = [ag.dot(row, x) for row in theta_1]
    a_1 = [z.sigmoid() for z in z_1]
    z_2 = ag.dot(theta_2, a_1)
    a_2 = z_2.sigmoid()
    loss = -a_2.log()
    loss.backward()
    assert rounded(z.data for z in z_1) == (0.50, 0.36)
    assert rounded(a.data for a in a_1) == (0.62, 0.59)
    assert rounded([z_2.data, a_2.data]) == (0.48, 0.62)
    assert rounded([a_2.grad, z_2.grad]) == (-1.62, -0.38)
    assert rounded(a.grad for a in a_1) == (0.05, -0.36)
    assert rounded(z.grad for z in z_1) == (0.01, -0.09)
    assert [rounded(weight.grad for weight in row) for row in theta_1] == [(0.01, 0.01), (-0.09, -0.09)]
    # The slide prints (-0.24, -0.22): it multiplied the rounded 0.38 * 0.59. Exact is -0.225.
    assert rounded((weight.grad for weight in theta_2), 3) == (-0.238, -0.225)
    assert rounded([0.38 * 0.59]) == (0.22,)


def test_A6_last_layer_of_linear_regression():
    beta, bias, h = [Value(0.5), Value(-1.5)], Value(0.25), [2.0, 3.0]
    y = 1.0
    f = ag.dot(beta, h, bias)
    loss = (y - f) ** 2 / 2
    loss.backward()
    assert f.grad == -(y - f.data) == -4.25
    assert [b.grad for b in beta] == [-(y - f.data) * feature for feature in h] == [-8.5, -12.75]
    assert bias.grad == -4.25


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_A8_the_delta_recursion_of_sigmoid_networks(depth, seed):
    generator = random.Random(100 * depth + seed)
    sizes = [generator.randint(1, 4) for _ in range(depth + 1)]
    weights = [
        [[Value(generator.uniform(-2, 2)) for _ in range(fan_in)] for _ in range(fan_out)]
        for fan_in, fan_out in zip(sizes, sizes[1:])
    ]
    layers = [[Value(generator.uniform(-1, 1)) for _ in range(sizes[0])]]
    sums = []
    for matrix in weights:
        sums.append([ag.dot(row, layers[-1]) for row in matrix])
        layers.append([z.sigmoid() for z in sums[-1]])
    targets = [generator.random() for _ in layers[-1]]
    error = ag.sum([(y - target) ** 2 for y, target in zip(layers[-1], targets)]) * 0.5
    error.backward()
    outputs = [y.data for y in layers[-1]]
    delta = [-y * (1 - y) * (target - y) for y, target in zip(outputs, targets)]
    for level in reversed(range(depth)):
        inputs = [y.data for y in layers[level]]
        assert [z.grad for z in sums[level]] == pytest.approx(delta, rel=1e-12, abs=1e-15)
        for row, d in zip(weights[level], delta):
            assert [w.grad for w in row] == pytest.approx([d * y for y in inputs], rel=1e-12, abs=1e-15)
        delta = [
            y * (1 - y) * sum(row[j].data * d for row, d in zip(weights[level], delta))
            for j, y in enumerate(inputs)
        ]


@pytest.mark.parametrize("seed", range(5))
def test_A10_and_C10_the_chain_rule_as_a_product_of_layer_jacobians(seed):
    generator = random.Random(seed)
    sizes = [3, 4, 2, 1]
    weights = [
        [[Value(generator.uniform(-1, 1)) for _ in range(fan_in)] for _ in range(fan_out)]
        for fan_in, fan_out in zip(sizes, sizes[1:])
    ]
    x = [Value(generator.uniform(-1, 1)) for _ in range(sizes[0])]
    jacobians, inputs = [], x
    for matrix in weights:
        inputs = [Value(v.data) for v in inputs]  # fresh leaves: a layer's Jacobian is its own
        outputs = [ag.dot(row, inputs).tanh() for row in matrix]
        jacobians.append(jacobian(outputs, inputs))
        inputs = outputs
    assert [(len(matrix), len(matrix[0])) for matrix in jacobians] == [(4, 3), (2, 4), (1, 2)]

    current = x
    for matrix in weights:
        current = [ag.dot(row, current).tanh() for row in matrix]
    current[0].backward()
    product = jacobians[2]
    for matrix in (jacobians[1], jacobians[0]):
        product = [[sum(a * b for a, b in zip(row, column)) for column in zip(*matrix)] for row in product]
    assert [v.grad for v in x] == pytest.approx(product[0], rel=1e-12)
    first_neuron = weights[0][0]
    upstream = [sum(a * b for a, b in zip(jacobians[2][0], column)) for column in zip(*jacobians[1])][0]
    slope = 1 - math.tanh(sum(w.data * v.data for w, v in zip(first_neuron, x))) ** 2
    by_hand = [upstream * slope * v.data for v in x]
    assert [w.grad for w in first_neuron] == pytest.approx(by_hand, rel=1e-12)


def test_A11_the_gradient_of_a_mean_is_the_mean_of_the_gradients():
    generator = random.Random(11)
    weights = [Value(generator.uniform(-1, 1)) for _ in range(3)]
    examples = [[generator.gauss(0, 1) for _ in range(3)] for _ in range(20)]
    losses = [(ag.dot(weights, example).tanh() - example[0]) ** 2 for example in examples]
    whole = grad(ag.mean(losses), weights)
    single = [grad(loss, weights) for loss in losses]
    assert whole == pytest.approx([sum(column) / 20 for column in zip(*single)], rel=1e-13)


def test_C1_the_quotient_forms_of_the_slides_agree_with_the_stable_operations():
    for number in (-3.0, -0.5, 0.0, 0.25, 4.0):
        u = Value(number)
        pairs = [
            (u.exp() / (1 + u.exp()), u.sigmoid()),
            ((u.exp() - (-u).exp()) / (u.exp() + (-u).exp()), u.tanh()),
            ((1 + u.exp()).log(), u.softplus()),
        ]
        for by_quotient, stable in pairs:
            assert by_quotient.data == pytest.approx(stable.data, rel=1e-14, abs=1e-16)
            assert grad(by_quotient, u) == pytest.approx(grad(stable, u), rel=1e-13)
    assert Value(-3.0).leaky_relu().data == -0.03
    assert Value(-1.0).elu(2.0).data == 2.0 * (math.exp(-1.0) - 1.0)
