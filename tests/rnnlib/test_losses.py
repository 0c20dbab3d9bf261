"""Softmax and cross-entropy hold their formulas, in any range of the logits, and have the gradient that they should."""

import zlib

import numpy as np
import pytest

from rnnlib.gradcheck import complex_step
from rnnlib.losses import cross_entropy, output_gradient, softmax, softmax_jacobian

SHAPES = [(4,), (3, 4), (6, 3, 4), (2, 6, 3, 4)]


@pytest.fixture
def rng(request):
    """Numbers that are the same in whatever order the tests run."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


def targets(rng, shape, kind):
    if kind == "labels":
        return rng.integers(shape[-1], size=shape[:-1])
    if kind == "soft":
        return rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    return rng.uniform(0, 2, shape)  # does not sum to 1


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_over_the_last_axis_sums_to_one(rng, shape):
    o = softmax(3 * rng.standard_normal(shape))
    assert o.shape == shape
    np.testing.assert_allclose(o.sum(axis=-1), 1.0, rtol=1e-14)


def test_softmax_rows_do_not_know_of_each_other(rng):
    q = rng.standard_normal((5, 3, 4))
    q[2, 1] += 1000.0
    alone = np.array([[softmax(row) for row in step] for step in q])
    np.testing.assert_allclose(softmax(q), alone, rtol=1e-13)


def test_softmax_is_stable_for_logits_of_plus_and_minus_1000_beside_0():
    q = np.array([[0.0, 1.0], [1000.0, 1001.0], [-1000.0, -999.0], [1000.0, -1000.0], [0.0, 0.0]])
    expected = np.array([[1, np.e], [1, np.e], [1, np.e], [1, 0], [1, 1]], float)
    np.testing.assert_allclose(softmax(q), expected / expected.sum(axis=1, keepdims=True), rtol=1e-12)


def test_softmax_with_shift_and_without_agree_at_the_switch():
    q = np.array([59.9, 20.0, -59.9])
    np.testing.assert_allclose(softmax(q + 0.2), softmax(q), rtol=1e-13)


def test_softmax_does_not_change_its_argument(rng):
    q = rng.standard_normal((3, 4))
    before = q.copy()
    softmax(q)
    softmax(1000 * q)
    np.testing.assert_array_equal(q, before)


def test_softmax_jacobian_is_the_complex_step_of_softmax(rng):
    q = rng.standard_normal(4)
    steps = [complex_step(lambda at, i=i: softmax(at)[i], q) for i in range(4)]
    np.testing.assert_allclose(softmax_jacobian(softmax(q)), steps, atol=1e-15)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["labels", "soft", "any sum"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_output_gradient_is_the_complex_step_of_cross_entropy(rng, shape, kind, reduction, weighted, scale):
    q = scale * rng.standard_normal(shape)
    y = targets(rng, shape, kind)
    weights = rng.uniform(0, 2, shape[:-1]) * (rng.random(shape[:-1]) < 0.7) if weighted else None
    reference = complex_step(lambda at: cross_entropy(at, y, weights, reduction), q)
    # Where the prediction is all but sure, yhat - y is small beside what it is the difference of.
    np.testing.assert_allclose(output_gradient(softmax(q), y, weights, reduction), reference, rtol=1e-12, atol=1e-14)


def test_cross_entropy_is_the_sum_over_steps_and_the_mean_over_the_batch(rng):
    q, y = rng.standard_normal((6, 3, 4)), rng.integers(4, size=(6, 3))
    by_hand = -sum(np.log(softmax(q[t, n])[y[t, n]]) for t in range(6) for n in range(3))
    np.testing.assert_allclose(cross_entropy(q, y, reduction="sum"), by_hand, rtol=1e-13)
    np.testing.assert_allclose(cross_entropy(q, y), by_hand / 3, rtol=1e-13)


def test_labels_and_their_one_hot_rows_give_the_same_error(rng):
    q, y = rng.standard_normal((6, 3, 4)), rng.integers(4, size=(6, 3))
    np.testing.assert_allclose(cross_entropy(q, np.eye(4)[y]), cross_entropy(q, y), rtol=1e-14)


def test_a_hopeless_prediction_costs_its_logit_and_not_infinity():
    assert cross_entropy(np.array([[1000.0, 0.0, -1000.0]]), np.array([2])) == pytest.approx(2000.0)
    assert cross_entropy(np.array([[0.0, -1000.0]]), np.array([[0.5, 0.5]])) == pytest.approx(500.0)


@pytest.mark.parametrize("kind", ["labels", "soft"])
def test_nothing_leaks_from_a_prediction_of_weight_zero(rng, kind):
    q, y = rng.standard_normal((6, 3, 4)), targets(rng, (6, 3, 4), kind)
    weights = np.ones((6, 3))
    weights[4:, 1] = 0
    poisoned_q, poisoned_y = q.copy(), y.copy()
    poisoned_q[4:, 1] = np.nan
    poisoned_y[4:, 1] = -7 if kind == "labels" else np.nan
    assert cross_entropy(poisoned_q, poisoned_y, weights) == pytest.approx(cross_entropy(q, y, weights), rel=1e-14)
    expected = output_gradient(softmax(q), y, weights)
    np.testing.assert_allclose(output_gradient(softmax(poisoned_q), poisoned_y, weights), expected, atol=1e-15)
    assert not expected[4:, 1].any()


def test_output_gradient_leaves_the_prediction_alone(rng):
    yhat, y = softmax(rng.standard_normal((6, 3, 4))), rng.integers(4, size=(6, 3))
    before = yhat.copy()
    output_gradient(yhat, y)
    np.testing.assert_array_equal(yhat, before)


def test_float32_stays_float32(rng):
    q, y = rng.standard_normal((6, 3, 4)).astype(np.float32), rng.integers(4, size=(6, 3))
    assert softmax(q).dtype == cross_entropy(q, y).dtype == output_gradient(softmax(q), y).dtype == np.float32


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (np.zeros((3, 6), int), {}, r"y has shape \(3, 6\), expected \(6, 3\)"),
        (np.full((6, 3), 4), {}, r"y holds 4, expected labels from 0 to 3"),
        (np.full((6, 3), -1), {}, r"y holds -1, expected labels from 0 to 3"),
        (np.zeros((6, 3)), {}, r"dtype float64, expected integer labels"),
        (np.full((6, 3, 4), np.nan), {}, r"y\[0, 0, 0\] is nan"),
        (np.zeros((6, 3), int), {"weights": np.ones(6)}, r"weights have shape \(6,\), expected \(6, 3\)"),
        (np.zeros((6, 3), int), {"reduction": "none"}, r"reduction is 'none', expected 'mean' or 'sum'"),
    ],
)
def test_bad_targets_are_named(y, options, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(np.zeros((6, 3, 4)), y, **options)
