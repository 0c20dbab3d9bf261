"""Six ways to the gradient, and tools of others, give the same numbers."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from cases import case, frozen, mask

from rnnlib import scalar
from rnnlib.gradcheck import compare
from rnnlib.losses import output_gradient
from rnnlib.params import Params
from rnnlib.rnn import backward, forward
from rnnlib.routes import ROUTES, delta_recursion, parameter_gradients

# T, B, D, H, K: all different, T below and above each of the others, T = 1 included
SIZES = [(6, 3, 5, 4, 2), (7, 2, 3, 5, 4), (3, 4, 2, 6, 5), (12, 5, 4, 3, 2), (1, 3, 5, 4, 2)]


def setting(sizes, func, reduction, kind, seed=0):
    (params, x, s_init, y), rng = case(seed, *sizes)
    T, B, D, _, K = sizes
    options = {"func": func, "reduction": reduction}
    if kind == "masked":
        options["weights"] = mask(rng, T, B)
    elif kind == "soft":
        y = rng.uniform(0, 1, (T, B, K))  # sums to anything
    elif kind == "many-to-one":
        y = y[-1]
    elif kind == "tokens":
        x = rng.integers(D, size=(T, B))
    return (params, x, s_init, y), options


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kind", ["plain", "masked", "soft", "many-to-one", "tokens"])
def test_six_routes_lead_to_one_gradient(sizes, func, reduction, kind):
    arguments, options = setting(sizes, func, reduction, kind)
    exact = ROUTES["f"](*arguments, **options)
    for name in "abcd":
        compare(ROUTES[name](*arguments, **options), exact, tol=1e-12, names=[f"({name}) d{f}" for f in Params._fields])
    # The rounding of E, divided by h, is the same in every array: so the largest entry of all is the measure here.
    flat = [np.concatenate([g.ravel() for g in gradient]) for gradient in (ROUTES["e"](*arguments, **options), exact)]
    compare(*flat, tol=1e-8)


def test_large_gradients_agree_too():
    (params, x, s_init, y), _ = case(5, T=9, B=16, D=5, H=4, K=3)
    options = {"reduction": "sum", "weights": np.full((9, 16), 3.0)}
    exact = ROUTES["f"](params, 4 * x, s_init, y, **options)
    assert max(np.abs(g).max() for g in exact) > 40
    for name in "abcd":
        compare(ROUTES[name](params, 4 * x, s_init, y, **options), exact, tol=1e-12)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_foreign_tool_agrees(sizes, func, reduction):
    (params, x, s_init, y), options = setting(sizes, func, reduction, "masked")
    squash = anp.tanh if func == "tanh" else lambda z: 1 / (1 + anp.exp(-z))

    def error(params, x, s):
        U, W, V, b, c = params
        E = 0.0
        for x_t, y_t, w_t in zip(x, y, options["weights"], strict=True):
            s = squash(anp.dot(x_t, U.T) + anp.dot(s, W.T) + b)
            q = anp.dot(s, V.T) + c
            log_sum = anp.log(anp.sum(anp.exp(q), axis=1))
            E = E + anp.sum(w_t * (log_sum - q[np.arange(len(y_t)), y_t]))
        return E / (x.shape[1] if reduction == "mean" else 1)

    fwd = forward(params, x, s_init, y, **options)
    ours = backward(params, x, y, fwd, **options)
    assert fwd.E == pytest.approx(error(tuple(params), x, s_init), rel=1e-13)
    compare(ours.gradient, Params(*autograd.grad(error, 0)(tuple(params), x, s_init)), tol=1e-12)
    compare(ours.x, autograd.grad(error, 1)(tuple(params), x, s_init), tol=1e-12)
    compare(ours.s_init, autograd.grad(error, 2)(tuple(params), x, s_init), tol=1e-12)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("label", [0, 1])
def test_with_one_unit_and_two_classes_the_arrays_reproduce_the_scalar_chapter(func, label):
    u, w, v, k = 0.7, -1.3, np.array([0.8, -0.5]), 0.2
    x, s_init = np.array([0.9, -0.6]), 0.4
    target = np.eye(2)[label]
    by_hand = scalar.backward(scalar.Params(u, w, v, k), x, s_init, target, func)
    hand_forward = scalar.forward(scalar.Params(u, w, v, k), x, s_init, target, func)
    params = frozen(Params(*(np.array(a) for a in ([[u]], [[w]], v[:, None], [k], [0.0, 0.0]))))
    arrays = (params, x.reshape(2, 1, 1), np.array([[s_init]]), np.array([label]))
    fwd = forward(*arrays, func=func)
    ours = backward(params, arrays[1], arrays[3], fwd, func=func)
    assert fwd.E == pytest.approx(hand_forward.E, rel=1e-14)
    np.testing.assert_allclose(fwd.s.ravel(), [hand_forward.s_0, hand_forward.s_1], rtol=1e-14)
    np.testing.assert_allclose(fwd.yhat[1, 0], hand_forward.o, rtol=1e-14)
    for name, mine in (("u", ours.gradient.U), ("w", ours.gradient.W), ("v", ours.gradient.V), ("k", ours.gradient.b)):
        np.testing.assert_allclose(mine.ravel(), np.ravel(getattr(by_hand.total, name)), rtol=1e-13)
    np.testing.assert_allclose(ours.gradient.c, by_hand.dE_dq, rtol=1e-13)
    np.testing.assert_allclose(ours.s_init.item(), by_hand.s_init, rtol=1e-13)
    for name in "abd":
        compare(ROUTES[name](*arrays, func=func), ours.gradient, tol=1e-12)


@pytest.mark.parametrize("name", ["a", "b", "d"])
def test_whole_numbers_as_parameters_lose_nothing(name):
    (params, x, s_init, y), _ = case(4)
    whole = Params(*(np.rint(2 * p).astype(int) for p in params))
    floats = Params(*(p.astype(float) for p in whole))
    compare(ROUTES[name](whole, x, s_init, y), ROUTES["c"](floats, x, s_init, y), tol=1e-12)


def test_the_delta_of_the_recursion_is_the_gradient_of_an_input_added_to_z():
    (params, x, s_init, y), options = setting(SIZES[0], "sigmoid", "sum", "plain")
    fwd = forward(params, x, s_init, y, **options)
    delta = delta_recursion(params, fwd.s, output_gradient(fwd.yhat, y, None, "sum"), "sigmoid")
    wide = params._replace(U=np.hstack([params.U, np.eye(4)]))
    with_extra = np.concatenate([x, np.zeros_like(fwd.s)], axis=2)
    exact = backward(wide, with_extra, y, forward(wide, with_extra, s_init, y, **options), **options).x[:, :, 5:]
    compare(delta, exact, tol=1e-12)


def test_parameter_gradients_are_sums_of_outer_products_in_any_order():
    rng = np.random.default_rng(3)
    delta, dq, x, s_prev, s = (rng.standard_normal((6, 3, n)) for n in (4, 2, 5, 4, 4))
    found = parameter_gradients(delta, dq, x, s_prev, s)
    pairs = [(delta, x), (delta, s_prev), (dq, s)]
    summed = [np.einsum("tni,tnj->ij", a, b) for a, b in pairs] + [delta.sum(axis=(0, 1)), dq.sum(axis=(0, 1))]
    compare(found, Params(*summed), tol=1e-13)
