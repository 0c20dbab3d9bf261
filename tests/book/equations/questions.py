"""The equations of the chapter "Questions people ask about BPTT", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import gradcheck, losses, rnn, scalar
from rnnlib.params import init_params

rng = np.random.default_rng(71)
T, D, H, K = 4, 3, 5, 2
P = init_params(rng, D, H, K)
X, S_INIT = rng.normal(size=(T, 1, D)), rng.normal(size=(1, H))
Y = rng.integers(K, size=(T, 1))
FWD = rnn.forward(P, X, S_INIT, Y)


def error_from_state(t, s_t):
    """E of the steps from t on, given the state s_t itself."""
    E = losses.cross_entropy(s_t @ P.V.T + P.c, Y[t])
    if t == T - 1:
        return E
    return E + rnn.forward(P, X[t + 1 :], s_t, Y[t + 1 :]).E


def error_of_copies(copies):
    """E of a network in which every step has its own copy of W, (T, H, H)."""
    s, E = S_INIT, 0
    for t in range(T):
        s = np.tanh(X[t] @ P.U.T + s @ copies[t].T + P.b)
        E = E + losses.cross_entropy(s @ P.V.T + P.c, Y[t])
    return E


def delta(t):
    """dE/dz_t by the complex step."""
    z = np.arctanh(FWD.s[t])
    return gradcheck.complex_step(lambda z: error_from_state(t, np.tanh(z)), z)


def check_one_class_softmax():
    for q in (-3.0, 0.4, 50.0):
        assert losses.softmax(np.array([q]))[0] == 1
        slope = gradcheck.complex_step(lambda q: -0.3 * np.log(losses.softmax(q)[0]), np.array([q]))
        assert slope == approx(0, abs=1e-15)


def check_total_minus_immediate():
    p = scalar.Params(*rng.normal(size=2), rng.normal(), rng.normal())
    x, s_init, y = rng.normal(size=2), rng.normal(), 0.4
    f = scalar.forward(p, x, s_init, y)
    total = gradcheck.complex_step(lambda w: scalar.forward(p._replace(w=w), x, s_init, y).s_1, p.w)
    immediate = gradcheck.complex_step(lambda w: np.tanh(x[1] * p.u + f.s_0 * w + p.k), p.w)
    ds_1_ds_0 = gradcheck.complex_step(lambda s: np.tanh(x[1] * p.u + s * p.w + p.k), f.s_0)
    ds_0_dw = gradcheck.complex_step(lambda w: scalar.forward(p._replace(w=w), x, s_init, y).s_0, p.w)
    assert abs(total - immediate) > 1e-3
    assert total - immediate == approx(ds_1_ds_0 * ds_0_dw, rel=1e-10)


def check_the_message():
    for t in range(T - 1):
        ds = gradcheck.complex_step(lambda s, t=t: error_from_state(t, s), FWD.s[t])
        dq = gradcheck.complex_step(lambda q, t=t: losses.cross_entropy(q, Y[t]), FWD.s[t] @ P.V.T + P.c)
        assert ds[0] == approx(P.V.T @ dq[0] + P.W.T @ delta(t + 1)[0], rel=1e-10)


def check_shortcut_error():
    q = rng.normal(size=3)
    for y in (np.array([0.2, 0.3, 0.1]), np.array([1.0, 1.0, 0.0])):
        p = losses.softmax(q)
        dE_dq = gradcheck.complex_step(lambda q, y=y: -np.sum(y * np.log(losses.softmax(q))), q)
        assert (p - y) - dE_dq == approx(p * (1 - y.sum()), rel=1e-10)


def check_transpose_by_paths():
    d = rng.normal(size=H)
    by_paths = [sum(P.W[j, i] * d[j] for j in range(H)) for i in range(H)]
    assert P.W.T @ d == approx(np.array(by_paths))
    assert gradcheck.complex_step(lambda s: d @ (P.W @ s), rng.normal(size=H)) == approx(np.array(by_paths))


def check_sum_of_outer_products():
    immediate = gradcheck.complex_step(error_of_copies, np.tile(P.W, (T, 1, 1)))
    s_prev = [S_INIT, *FWD.s[:-1]]
    for t in range(T):
        assert immediate[t] == approx(np.outer(delta(t)[0], s_prev[t][0]), rel=1e-8, abs=1e-12)
    total = gradcheck.complex_step(lambda W: rnn.forward(P._replace(W=W), X, S_INIT, Y).E, P.W)
    assert total == approx(immediate.sum(axis=0), rel=1e-10)
