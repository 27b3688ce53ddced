"""Losses of one example: their numbers, their gradients, and what they refuse."""

import math

import numpy
import pytest

from autograd_lite import Value, grad, losses, nn, softmax


def slope(loss, number, target):
    output = Value(number)
    return grad(loss(output, target), output)


def refused(kind, loss, output, target):
    with pytest.raises(kind) as caught:
        loss(output, target)
    return str(caught.value)


# ---- Numbers ------------------------------------------------------------------------------


def test_A6_squared_error_of_a_linear_last_layer():
    h = [0.5, -2.0, 3.0]
    beta, beta_0 = [Value(0.1), Value(0.2), Value(-0.3)], Value(0.25)
    f = sum((b * number for b, number in zip(beta, h)), beta_0)
    loss = losses.squared_error(f, 1.5)
    gap = 1.5 - f.data
    assert loss.data == pytest.approx(0.5 * gap**2, rel=1e-15)
    assert grad(loss, f) == -gap
    assert grad(loss, beta) == [-gap * number for number in h]
    assert grad(loss, beta_0) == -gap


def test_C2_squared_errors_are_summed_or_averaged_over_outputs():
    outputs = [Value(1.0), Value(2.0), Value(3.0)]
    assert losses.squared_error(outputs, [2.0, 0.0, 3.0]).data == 2.5
    assert losses.mse(outputs, [2.0, 0.0, 3.0]).data == 5.0 / 3.0


def test_C2_both_forms_of_binary_cross_entropy_agree():
    for z in (-3.0, 0.0, 0.7):
        for y in (0, 1, 0.25):
            with_logits = losses.bce_with_logits(Value(z), y)
            probability = losses.binary_cross_entropy(Value(z).sigmoid(), y)
            assert with_logits.data == pytest.approx(probability.data, rel=1e-14)


def test_C2_log_loss_is_minus_the_log_of_the_class_probability():
    logits = [Value(0.5), Value(-1.0), Value(2.0)]
    for k in range(3):
        expected = -math.log(softmax(logits)[k].data)
        assert losses.cross_entropy(logits, k).data == pytest.approx(expected, rel=1e-14)


def test_B1_gaussian_likelihood_has_the_gradient_of_least_squares():
    for f in (-1.0, 0.3, 2.0):
        assert slope(losses.gaussian_nll, f, 0.5) == slope(losses.squared_error, f, 0.5) == f - 0.5


def test_B1_the_best_variance_is_the_mean_squared_residual():
    residuals = [0.5, -1.0, 2.0]
    variance = Value(sum(r * r for r in residuals) / 3)
    total = sum(losses.gaussian_nll(Value(0.0), r, variance) for r in residuals)
    assert grad(total, variance) == pytest.approx(0.0, abs=1e-15)


def test_B3_adding_a_constant_to_every_logit_changes_nothing():
    numbers = [0.5, -1.0, 2.0]
    logits, shifted = [Value(n) for n in numbers], [Value(n + 64.0) for n in numbers]
    one, other = losses.cross_entropy(logits, 1), losses.cross_entropy(shifted, 1)
    assert one.data == pytest.approx(other.data, abs=1e-13)
    assert grad(one, logits) == pytest.approx(grad(other, shifted), abs=1e-13)
    assert sum(grad(one, logits)) == pytest.approx(0.0, abs=1e-15)  # along the shift: no slope


def test_B3_k_minus_1_free_vectors_give_every_model_that_k_give():
    numbers = [0.5, -1.0, 2.0]
    fixed = [0.0, *(n - numbers[0] for n in numbers[1:])]
    for k in range(3):
        one = losses.cross_entropy([Value(n) for n in numbers], k).data
        assert losses.cross_entropy([Value(n) for n in fixed], k).data == pytest.approx(one, rel=1e-14)


def test_B2_two_logits_of_which_one_is_0_are_logistic_regression():
    z = 0.7
    assert losses.cross_entropy([Value(0.0), Value(z)], 1).data == pytest.approx(
        losses.bce_with_logits(Value(z), 1).data, rel=1e-15
    )


def test_C3_the_gradient_of_l2_is_the_parameter_itself():
    parameters = [Value(3.0), Value(-4.0)]
    penalty = losses.l2(parameters)
    assert (penalty.data, grad(penalty, parameters)) == (12.5, [3.0, -4.0])


@pytest.mark.parametrize(
    ("score", "label", "loss", "derivative"),
    [(0.25, 1, 0.75, -1.0), (0.25, -1, 1.25, 1.0), (3.0, 1, 0.0, 0.0), (1.0, 1, 0.0, 0.0)],
)
def test_hinge(score, label, loss, derivative):
    assert losses.hinge(Value(score), label).data == loss
    assert slope(losses.hinge, score, label) == derivative


@pytest.mark.parametrize(
    ("z", "y", "loss", "derivative"),
    [(1000.0, 0, 1000.0, 1.0), (-1000.0, 0, 0.0, 0.0), (-1000.0, 1, 1000.0, -1.0)],
)
def test_large_logits_neither_overflow_nor_lose_their_gradient(z, y, loss, derivative):
    assert losses.bce_with_logits(Value(z), y).data == loss
    assert slope(losses.bce_with_logits, z, y) == derivative
    logits = [Value(0.0), Value(z)]
    assert losses.cross_entropy(logits, y).data == loss
    assert all(map(math.isfinite, grad(losses.cross_entropy(logits, y), logits)))


@pytest.mark.parametrize(("f", "y"), [(1.0, 1), (0.0, 0)])
def test_a_saturated_probability_that_is_right_costs_nothing(f, y):
    assert losses.binary_cross_entropy(Value(f), y).data == 0.0
    assert abs(slope(losses.binary_cross_entropy, f, y)) == 1.0


def test_lists_of_one_and_single_outputs_are_the_same():
    for loss, target in ((losses.squared_error, 2.0), (losses.bce_with_logits, 1), (losses.hinge, -1)):
        assert loss([Value(0.5)], target).data == loss(Value(0.5), target).data
    assert losses.mse(Value(1.0), [3.0]).data == 4.0


def test_targets_may_be_values_as_a_compiled_programs_inputs_are():
    for loss, target in (
        (losses.squared_error, 2.0),
        (losses.bce_with_logits, 0.5),
        (losses.binary_cross_entropy, 0.5),
        (losses.hinge, -1.0),
    ):
        assert loss(Value(0.25), Value(target)).data == loss(Value(0.25), target).data


def test_numpy_targets_count_like_pythons():
    assert losses.squared_error([Value(1.0), Value(2.0)], numpy.array([2.0, 4.0])).data == 2.5
    assert losses.cross_entropy([Value(0.0), Value(0.0)], numpy.int64(1)).data == pytest.approx(math.log(2.0))
    assert losses.bce_with_logits(Value(0.0), numpy.float32(1.0)).data == pytest.approx(math.log(2.0))


# ---- What is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        getattr(losses, name)
        for name in ("squared_error", "mse", "gaussian_nll", "l1", "huber", "bce_with_logits")
    ],
)
def test_other_numbers_of_targets_than_outputs(loss):
    assert "got 2 and 1" in refused(ValueError, loss, Value(1.0), [1.0, 2.0])
    assert "got 1 and 2" in refused(ValueError, loss, [Value(1.0), Value(2.0)], 1.0)
    assert "got 0 and 0" in refused(ValueError, loss, [], [])


@pytest.mark.parametrize("loss", [losses.binary_cross_entropy, losses.hinge])
def test_more_than_one_output_for_one_label(loss):
    assert "takes 1 output, got 2" in refused(ValueError, loss, [Value(0.5), Value(0.5)], 1)


@pytest.mark.parametrize("target", [-1, 2, 1.0001, math.nan])
@pytest.mark.parametrize("loss", [losses.binary_cross_entropy, losses.bce_with_logits])
def test_labels_that_are_no_probability(loss, target):
    assert "a label is 0 or 1" in refused(ValueError, loss, Value(0.5), target)


def test_a_logit_where_a_probability_belongs():
    assert "use bce_with_logits" in refused(ValueError, losses.binary_cross_entropy, Value(1.5), 1)


@pytest.mark.parametrize("target", [3, -1, 10**30])
def test_classes_out_of_range(target):
    assert "from 0 to 2" in refused(ValueError, losses.cross_entropy, [Value(0.0)] * 3, target)


@pytest.mark.parametrize("target", [1.0, "1", None])
def test_classes_that_are_no_whole_numbers(target):
    assert "a class is a whole number" in refused(TypeError, losses.cross_entropy, [Value(0.0)] * 3, target)


def test_a_single_logit():
    assert "at least two logits, got 1" in refused(ValueError, losses.cross_entropy, Value(0.0), 0)


@pytest.mark.parametrize("target", [0, 0.5, 2, math.nan])
def test_labels_that_hinge_does_not_take(target):
    assert "2 * y - 1" in refused(ValueError, losses.hinge, Value(0.5), target)


@pytest.mark.parametrize("variance", [0.0, -1.0, math.nan, math.inf, Value(0.0)])
def test_variances_that_are_not_positive(variance):
    with pytest.raises(ValueError, match="positive"):
        losses.gaussian_nll(Value(0.0), 0.0, variance)


@pytest.mark.parametrize("target", ["1", [[1.0]], None, [None]])
def test_targets_that_are_no_numbers(target):
    refused(TypeError, losses.squared_error, Value(0.0), target)


LOSSES = [
    losses.mse,
    losses.l1,
    losses.huber,
    losses.bce_with_logits,
    losses.binary_cross_entropy,
    losses.focal,
]


@pytest.mark.parametrize("loss", [*LOSSES, losses.hinge, losses.cross_entropy, losses.kl_divergence])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (None, "got None: is a return statement missing"),
        ("0.5", r"got '0.5' of type str: make numbers of it first, with float"),
        (nn.MLP(2, [1]), r"of type MLP: call it first"),
    ],
)
def test_what_is_no_output_is_named(loss, wrong, said):
    with pytest.raises(TypeError, match=said):
        loss(wrong, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda wrong: losses.cross_entropy([Value(1.0), Value(2.0)], 0, label_smoothing=wrong),
        lambda wrong: losses.focal(Value(1.0), 1, gamma=wrong),
        lambda wrong: losses.focal(Value(1.0), 1, alpha=wrong),
        lambda wrong: losses.huber(Value(1.0), 1.0, delta=wrong),
    ],
)
def test_settings_of_losses_are_numbers(call):
    for wrong in ("0.5", Value(0.5), [0.5]):
        with pytest.raises(TypeError, match="is a number, got"):
            call(wrong)
