"""Norms of Jacobians, their bounds, and how truncation turns the gradient."""

import numpy as np
import pytest
from cases import case

from rnnlib.diagnostics import cosine, hop_bounds, jacobian_norms
from rnnlib.gradcheck import complex_step
from rnnlib.params import Params
from rnnlib.rnn import backward, forward
from rnnlib.truncation import truncated_gradient


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_jacobian_norms_are_those_of_complex_steps_through_the_network(func):
    (p, x, s_init, _), _ = case(1, T=5)
    s = forward(p, x, s_init, func=func).s
    norms = jacobian_norms(p, s, func)
    assert norms.shape == (5, 3)
    np.testing.assert_array_equal(norms[-1], 1.0)
    for j in range(4):
        for n in range(3):

            def last(at, unit, j=j, n=n):
                return forward(p, x[j + 1 :, [n]], at[None], func=func).s[-1, 0, unit]

            jacobian = [complex_step(lambda at, i=i: last(at, i), s[j, n]) for i in range(4)]
            assert norms[j, n] == pytest.approx(np.linalg.norm(jacobian, 2), rel=1e-12)


def test_hop_bounds_are_the_largest_eigenvalue_and_the_largest_singular_value():
    W = np.array([[0.0, 3.0], [-0.5, 0.0]])  # eigenvalues +-i sqrt(1.5): their modulus counts
    bounds = hop_bounds(W, "sigmoid")
    assert bounds.spectral_radius == pytest.approx(np.sqrt(1.5))
    assert bounds.norm == pytest.approx(3.0)
    assert bounds.per_hop == pytest.approx(0.75)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_no_hop_stretches_a_gradient_by_more_than_its_bound(func):
    (p, x, s_init, _), _ = case(2, T=9)
    norms = jacobian_norms(p, forward(p, x, s_init, func=func).s, func)
    hops = np.arange(8, -1, -1)[:, None]
    assert np.all(norms <= hop_bounds(p.W, func).per_hop ** hops * (1 + 1e-12))


def network(W, b):
    """Two units, an input that is always 0."""
    return Params(np.zeros((2, 1)), np.array(W, float), np.eye(2), np.array(b, float), np.zeros(2))


def norms_of(params, s_init, T=30):
    return jacobian_norms(params, forward(params, np.zeros((T, 1, 1)), np.array([s_init])).s)[:, 0]


def test_a_norm_below_one_makes_gradients_vanish():
    params = network([[0.5, 0.3], [-0.2, 0.6]], [0, 0])
    assert hop_bounds(params.W).per_hop < 0.8
    assert norms_of(params, [0.1, 0.2])[0] < 0.8**29


def test_a_radius_above_one_is_not_enough_to_explode():
    params = network([[1.5, 0], [0, 1.2]], [1, 1])  # both units saturate
    assert hop_bounds(params.W).spectral_radius > 1
    assert norms_of(params, [0.5, 0.5])[0] < 1e-6


def test_a_gradient_can_grow_at_first_although_the_radius_is_below_one():
    norms = norms_of(network([[0.8, 5], [0, 0.8]], [0, 0]), [0.0, 0.0], T=100)
    assert norms[-3] > 4  # two hops
    assert norms[0] < 1e-3  # a hundred


def test_a_gradient_can_grow_for_ever_although_the_radius_is_zero():
    # Unit 1 saturates at 1, so its slope is 0; unit 0 stays at 0, where its slope is 1.
    params = network([[1.5, -1.5], [1.5, -1.5]], [1.5, 40])
    assert hop_bounds(params.W).spectral_radius < 1e-6
    norms = norms_of(params, [0.0, 1.0])
    np.testing.assert_allclose(norms[:-1] / norms[1:], [*[1.5] * 28, 1.5 * np.sqrt(2)], rtol=1e-6)


def test_the_cosine_is_one_for_the_same_direction_and_zero_for_a_right_angle():
    (p, _, _, _), _ = case(3)
    zero = Params(*(0 * a for a in p))
    assert cosine(p, Params(*(3 * a for a in p))) == pytest.approx(1.0)
    assert cosine(p, Params(*(-a for a in p))) == pytest.approx(-1.0)
    assert cosine(zero._replace(b=p.b), zero._replace(c=p.c)) == 0.0
    with pytest.raises(ValueError, match="a gradient is zero throughout"):
        cosine(p, zero)


def test_a_longer_window_turns_the_truncated_gradient_towards_the_full_one():
    arguments, _ = case(4, T=12)
    whole = backward(arguments[0], arguments[1], arguments[3], forward(*arguments)).gradient
    angles = [cosine(truncated_gradient(*arguments, window, 1)[1].gradient, whole) for window in (1, 4, 12)]
    assert angles[0] < angles[1] < angles[2] == pytest.approx(1.0)


def test_shapes_that_make_no_sense_are_named():
    (p, _, _, _), _ = case(5)
    with pytest.raises(ValueError, match=r"s has shape \(6, 4\), expected \(T, B, 4\)"):
        jacobian_norms(p, np.ones((6, 4)))
    with pytest.raises(ValueError, match=r"W has shape \(4, 5\), expected \(H, H\)"):
        hop_bounds(p.U)
