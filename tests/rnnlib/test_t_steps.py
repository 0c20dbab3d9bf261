"""The T-step scalar network: its two ways back against the complex step and against each other."""

import numpy as np
import pytest

from rnnlib import rnn, t_steps
from rnnlib.gradcheck import compare, complex_step
from rnnlib.params import Params as Arrays
from rnnlib.scalar import Params


def case(seed, T):
    rng = np.random.default_rng(seed)
    params = Params(u=rng.normal(), w=rng.normal(), v=rng.normal(size=2), k=rng.normal())
    return params, rng.normal(size=T), rng.normal(), rng.integers(2, size=T)


def witness(params, x, s_init, y, func):
    def error(at):
        return t_steps.forward(params._replace(u=at.u, w=at.w, k=at.k), x, at.s_init, y, func).E

    return complex_step(error, t_steps.Gradient(params.u, params.w, params.k, s_init))


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("T", [1, 2, 7])
def test_both_ways_back_are_the_complex_step(func, T):
    params, x, s_init, y = case(T, T)
    fwd = t_steps.forward(params, x, s_init, y, func)
    expected = witness(params, x, s_init, y, func)
    for way in (t_steps.sum_over_paths, t_steps.backward_recursion):
        compare(way(params, x, fwd.states, fwd.dE_ds, func), expected, tol=1e-12)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_rows_of_the_triangle_are_errors_and_columns_are_copies_of_w(func):
    T = 5
    params, x, s_init, y = case(3, T)
    fwd = t_steps.forward(params, x, s_init, y, func)
    parts = t_steps.triangle(params, fwd.states, fwd.dE_ds, func)

    def first_errors(t):  # of a network that ends after step t
        return lambda w: t_steps.forward(params._replace(w=w), x[: t + 1], s_init, y[: t + 1], func).E

    by_errors = np.array([complex_step(first_errors(t), params.w) for t in range(T)])
    np.testing.assert_allclose(np.cumsum(parts.sum(axis=1)), by_errors, rtol=1e-12)
    delta = t_steps.delta_recursion(params, fwd.states, fwd.dE_ds, func)
    np.testing.assert_allclose(parts.sum(axis=0), delta * fwd.states[:-1], rtol=1e-12)
    assert not np.triu(parts, 1).any()


def test_the_array_network_of_one_unit_agrees():
    params, x, s_init, y = case(4, 6)
    arrays = Arrays(*map(np.array, ([[params.u]], [[params.w]], params.v[:, None], [params.k], [0.0, 0.0])))
    E, found, _ = rnn.loss_and_gradient(arrays, x.reshape(6, 1, 1), np.array([[s_init]]), y[:, None])
    fwd = t_steps.forward(params, x, s_init, y)
    ours = t_steps.backward_recursion(params, x, fwd.states, fwd.dE_ds)
    assert pytest.approx(E, rel=1e-13) == fwd.E
    expected = [float(g.squeeze()) for g in (found.gradient.U, found.gradient.W, found.gradient.b, found.s_init)]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_an_unknown_function_is_named():
    params, x, s_init, y = case(5, 3)
    with pytest.raises(ValueError, match="func is 'relu', expected one of"):
        t_steps.forward(params, x, s_init, y, "relu")
