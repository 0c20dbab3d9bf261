"""The equations of the appendix "Matrix calculus used here", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import cell, losses
from rnnlib.gradcheck import complex_step
from rnnlib.params import init_params

rng = np.random.default_rng(41)
A, B, G = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
H, D, N = 4, 3, 5
W, X, DELTA = rng.normal(size=(H, D)), rng.normal(size=(N, D)), rng.normal(size=(N, H))


def jacobian(f, x):
    """Row i, column j: the derivative of f(x)[i] with respect to x[j], by the complex step."""
    return np.array([complex_step(lambda x, i=i: f(x)[i], x) for i in range(len(f(x)))])


def check_gradient_shape():
    gradient = complex_step(lambda A: np.sum(G * (A @ B)), A)
    assert gradient.shape == A.shape
    moved, h = A.copy(), 1e-6
    moved[1, 2] += h
    assert gradient[1, 2] == approx((np.sum(G * (moved @ B)) - np.sum(G * (A @ B))) / h, rel=1e-5)


def check_jacobian_shape():
    found = jacobian(lambda x: W @ x, X[0])
    assert found.shape == (H, D)
    assert found == approx(W)


def check_vector_jacobian():
    g, f = rng.normal(size=H), lambda x: np.tanh(W @ x)
    assert complex_step(lambda x: g @ f(x), X[0]) == approx(jacobian(f, X[0]).T @ g)


def check_read_off():
    change = rng.normal(size=A.shape)
    gradient = complex_step(lambda A: np.sum(np.sin(A @ B)), A)
    along = complex_step(lambda h: np.sum(np.sin((A + h * change) @ B)), 0.0)
    assert along == approx(np.sum(gradient * change))
    assert along == approx(np.trace(gradient.T @ change))


def check_trace_rules():
    M = rng.normal(size=(3, 2))
    assert np.trace(A @ M) == approx(np.trace(M @ A))
    assert np.trace(A @ M) == approx(np.trace((A @ M).T))


def check_product_change():
    dA, dB = rng.normal(size=A.shape), rng.normal(size=B.shape)
    along = complex_step(lambda h: np.sum(G * ((A + h * dA) @ (B + h * dB))), 0.0)
    assert along == approx(np.trace(G.T @ dA @ B) + np.trace(G.T @ A @ dB))
    assert along == approx(np.trace((G @ B.T).T @ dA) + np.trace((A.T @ G).T @ dB))


def check_product_rule():
    assert complex_step(lambda A: np.sum(G * (A @ B)), A) == approx(G @ B.T)
    assert complex_step(lambda B: np.sum(G * (A @ B)), B) == approx(A.T @ G)


def check_layer_rule():
    x, delta = X[0], DELTA[0]
    assert complex_step(lambda W: delta @ (W @ x), W) == approx(np.outer(delta, x))
    assert complex_step(lambda x: delta @ (W @ x), x) == approx(W.T @ delta)


def check_row_rule():
    assert complex_step(lambda W: np.sum(DELTA * (X @ W.T)), W) == approx(DELTA.T @ X)
    assert complex_step(lambda X: np.sum(DELTA * (X @ W.T)), X) == approx(DELTA @ W)


def check_bias_rule():
    b = rng.normal(size=H)
    found = complex_step(lambda b: np.sum(DELTA * (X @ W.T + b)), b)
    assert found == approx(DELTA.T @ np.ones(N))
    assert found == approx(sum(DELTA))


def check_elementwise_rule():
    z, g = rng.normal(size=H), rng.normal(size=H)
    slope = 1 - np.tanh(z) ** 2
    assert jacobian(np.tanh, z) == approx(np.diag(slope))
    assert complex_step(lambda z: g @ np.tanh(z), z) == approx(slope * g)


def check_copies_rule():
    M = rng.normal(size=(3, 3))

    def use(copies):
        s = np.ones(3)
        for copy in copies:
            s = np.tanh(copy @ s)
        return s.sum()

    by_copy = complex_step(use, np.stack([M, M, M, M]))
    assert complex_step(lambda M: use([M, M, M, M]), M) == approx(by_copy.sum(axis=0))


def check_softmax_matrix():
    q, g = rng.normal(size=4), rng.normal(size=4)
    p = losses.softmax(q)
    assert jacobian(losses.softmax, q) == approx(np.diag(p) - np.outer(p, p))
    assert complex_step(lambda q: g @ losses.softmax(q), q) == approx(p * (g - p @ g))


def check_cross_entropy_rule():
    q, y = rng.normal(size=4), rng.random(4)
    p = losses.softmax(q)
    assert complex_step(lambda q: np.log(np.sum(np.exp(q))), q) == approx(p)
    assert complex_step(lambda q: -np.sum(y * np.log(losses.softmax(q))), q) == approx(y.sum() * p - y)


def check_step_change():
    p, x, s = init_params(rng, D, H, 2), rng.normal(size=D), rng.normal(size=H)
    dp, dx, ds = init_params(rng, D, H, 2), rng.normal(size=D), rng.normal(size=H)

    def step(h):
        moved = p._replace(U=p.U + h * dp.U, W=p.W + h * dp.W, b=p.b + h * dp.b)
        return cell.step(moved, x + h * dx, s + h * ds)

    change = (1 - step(0.0) ** 2) * (dp.U @ x + dp.W @ s + dp.b + p.U @ dx + p.W @ ds)
    assert np.array([complex_step(lambda h, i=i: step(h)[i], 0.0) for i in range(H)]) == approx(change)
    ds_t = rng.normal(size=H)
    back = cell.step_backward(p, x[None], s[None], step(0.0)[None], ds_t[None])
    parts = [(back.U, dp.U), (back.W, dp.W), (back.b, dp.b), (back.x[0], dx), (back.s_prev[0], ds)]
    assert ds_t @ change == approx(sum(np.sum(g * d) for g, d in parts))


def check_norm_rules():
    def norm(M):
        return np.linalg.norm(M, ord=2)

    assert norm(A @ B) <= norm(A) * norm(B)
    d = rng.normal(size=5)
    assert norm(np.diag(d)) == approx(abs(d).max())
    assert norm(np.linalg.qr(rng.normal(size=(5, 5)))[0]) == approx(1)
