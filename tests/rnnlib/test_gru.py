"""What is true of the GRU alone, and two independent implementations of it."""

from math import exp, log, tanh

import numpy as np
import pytest
from cases import gated_case

from rnnlib import gru
from rnnlib.gradcheck import compare

T, B, D, H, K = 6, 3, 5, 4, 2


def test_the_forward_pass_is_the_equations_one_number_at_a_time():
    params, x, s_init, y = gated_case(gru, np.random.default_rng(41))
    fwd, E = gru.forward(params, x, s_init, y, reduction="sum"), 0.0
    for n in range(B):
        s = list(s_init[n])
        for t in range(T):

            def z(j, state, t=t, n=n):
                return params.b[j] + sum(params.U[j] * x[t, n]) + sum(params.W[j, i] * state[i] for i in range(H))

            r = [1 / (1 + exp(-z(h, s))) for h in range(H)]
            u = [1 / (1 + exp(-z(h + H, s))) for h in range(H)]
            g = [tanh(z(h + 2 * H, [a * b for a, b in zip(r, s, strict=True)])) for h in range(H)]
            s = [u[h] * s[h] + (1 - u[h]) * g[h] for h in range(H)]
            assert fwd.s[t, n] == pytest.approx(s, rel=1e-13)
            odds = [exp(params.c[k] + sum(params.V[k] * np.array(s))) for k in range(K)]
            assert fwd.yhat[t, n] == pytest.approx([p / sum(odds) for p in odds], rel=1e-13)
            E -= log(odds[y[t, n]] / sum(odds))
    assert pytest.approx(E, rel=1e-13) == fwd.E


def test_a_foreign_differentiator_finds_the_same_gradient():
    pytest.importorskip("autograd", reason="autograd is an outside witness, for development only")
    import autograd.numpy as anp
    from autograd import grad

    params, x, s_init, y = gated_case(gru, np.random.default_rng(42))
    weights = np.random.default_rng(43).uniform(0.2, 2, (T, B))

    def error(U, W, V, b, c, x, s):
        E = 0.0
        for t in range(T):
            a = x[t] @ U.T + b
            r = 1 / (1 + anp.exp(-a[:, :H] - s @ W[:H].T))
            u = 1 / (1 + anp.exp(-a[:, H : 2 * H] - s @ W[H : 2 * H].T))
            s = u * s + (1 - u) * anp.tanh(a[:, 2 * H :] + (r * s) @ W[2 * H :].T)
            q = s @ V.T + c
            log_p = q - anp.log(anp.sum(anp.exp(q), axis=1, keepdims=True))
            E = E - anp.sum(weights[t] * log_p[np.arange(B), y[t]])
        return E / B

    point = (*params, x, s_init)
    fwd = gru.forward(params, x, s_init, y, weights=weights)
    back = gru.backward(params, x, y, fwd, weights=weights)
    foreign = tuple(grad(error, argnum)(*point) for argnum in range(7))
    assert pytest.approx(error(*point), rel=1e-13) == fwd.E
    compare((*back.gradient, back.x, back.s_init), foreign, 1e-12, ["dU", "dW", "dV", "db", "dc", "dx", "ds_init"])


def test_states_are_one_buffer_with_two_views():
    params, x, s_init, y = gated_case(gru, np.random.default_rng(44))
    fwd = gru.forward(params, x, s_init, y)
    assert fwd.states.shape == (T + 1, B, H)
    assert np.shares_memory(fwd.s, fwd.states)
    assert np.shares_memory(fwd.s_prev, fwd.states)
    assert np.array_equal(fwd.s_prev[0], s_init)
    assert np.array_equal(fwd.s_prev[1:], fwd.s[:-1])


def test_an_update_gate_at_one_keeps_the_state_and_passes_its_gradient_back_unchanged():
    params, x, s_init, y = gated_case(gru, np.random.default_rng(45))
    b = params.b.copy()
    b[H : 2 * H] = 60
    params = params._replace(b=b)
    fwd = gru.forward(params, x, s_init, y[-1])
    back = gru.backward(params, x, y[-1], fwd)
    assert np.allclose(fwd.s[-1], s_init, rtol=1e-12)
    assert np.allclose(back.s_init, (fwd.yhat[-1] - np.eye(K)[y[-1]]) @ params.V / B, rtol=1e-10)
