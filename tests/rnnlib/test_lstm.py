"""What is true of the LSTM alone, and two independent implementations of it."""

from functools import partial
from math import exp, log, tanh

import numpy as np
import pytest
from cases import gated_case

from rnnlib import lstm
from rnnlib.gradcheck import compare
from rnnlib.optimisers import adam, adam_state
from rnnlib.tasks import delayed_recall
from rnnlib.training import start, train

T, B, D, H, K = 6, 3, 5, 4, 2


def test_the_forward_pass_is_the_equations_one_number_at_a_time():
    params, x, s_init, y = gated_case(lstm, np.random.default_rng(31))
    fwd, E = lstm.forward(params, x, s_init, y, reduction="sum"), 0.0
    for n in range(B):
        s, m = list(s_init[0, n]), list(s_init[1, n])
        for t in range(T):
            z = [
                params.b[j] + sum(params.U[j, d] * x[t, n, d] for d in range(D)) + sum(params.W[j] * np.array(s))
                for j in range(4 * H)
            ]
            for h in range(H):
                i, f, o = (1 / (1 + exp(-z[h + gate * H])) for gate in range(3))
                m[h] = f * m[h] + i * tanh(z[h + 3 * H])
                s[h] = o * tanh(m[h])
            assert fwd.s[t, n] == pytest.approx(s, rel=1e-13)
            assert fwd.m[t, n] == pytest.approx(m, rel=1e-13)
            odds = [exp(params.c[k] + sum(params.V[k] * np.array(s))) for k in range(K)]
            assert fwd.yhat[t, n] == pytest.approx([p / sum(odds) for p in odds], rel=1e-13)
            E -= log(odds[y[t, n]] / sum(odds))
    assert pytest.approx(E, rel=1e-13) == fwd.E


def test_a_foreign_differentiator_finds_the_same_gradient():
    pytest.importorskip("autograd", reason="autograd is an outside witness, for development only")
    import autograd.numpy as anp
    from autograd import grad

    params, x, s_init, y = gated_case(lstm, np.random.default_rng(32))
    weights = np.random.default_rng(33).uniform(0.2, 2, (T, B))

    def error(U, W, V, b, c, x, s_init):
        (s, m), E = s_init, 0.0
        for t in range(T):
            i, f, o, g = (
                x[t] @ U[H * n : H * n + H].T + s @ W[H * n : H * n + H].T + b[H * n : H * n + H] for n in range(4)
            )
            m = m / (1 + anp.exp(-f)) + anp.tanh(g) / (1 + anp.exp(-i))
            s = anp.tanh(m) / (1 + anp.exp(-o))
            q = s @ V.T + c
            log_p = q - anp.log(anp.sum(anp.exp(q), axis=1, keepdims=True))
            E = E - anp.sum(weights[t] * log_p[np.arange(B), y[t]])
        return E / B

    point = (*params, x, s_init)
    fwd = lstm.forward(params, x, s_init, y, weights=weights)
    back = lstm.backward(params, x, y, fwd, weights=weights)
    foreign = tuple(grad(error, argnum)(*point) for argnum in range(7))
    assert pytest.approx(error(*point), rel=1e-13) == fwd.E
    compare((*back.gradient, back.x, back.s_init), foreign, 1e-12, ["dU", "dW", "dV", "db", "dc", "dx", "ds_init"])


def test_states_are_one_buffer_of_pairs_with_four_views():
    params, x, s_init, y = gated_case(lstm, np.random.default_rng(34))
    fwd = lstm.forward(params, x, s_init, y)
    assert fwd.states.shape == (T + 1, 2, B, H)
    assert all(np.shares_memory(view, fwd.states) for view in (fwd.s, fwd.s_prev, fwd.m, fwd.m_prev))
    assert np.array_equal(fwd.s_prev[0], s_init[0])
    assert np.array_equal(fwd.m_prev[0], s_init[1])
    assert np.array_equal(fwd.s_prev[1:], fwd.s[:-1])
    assert np.array_equal(fwd.m_prev[1:], fwd.m[:-1])


def test_an_open_forget_gate_and_a_closed_input_gate_keep_the_memory_and_its_gradient():
    params, x, s_init, y = gated_case(lstm, np.random.default_rng(35))
    b = params.b.copy()
    b[:H], b[H : 2 * H] = -60, 60  # and W = 0: no other path back than the memory
    params = params._replace(b=b, W=np.zeros_like(params.W))
    fwd = lstm.forward(params, x, s_init, y[-1])
    back = lstm.backward(params, x, y[-1], fwd)
    assert np.allclose(fwd.m[-1], s_init[1], rtol=1e-12)
    dq = fwd.yhat[-1] - np.eye(K)[y[-1]]
    o_last = fwd.gates[-1, :, 2 * H : 3 * H]
    at_the_end = dq @ params.V / B * o_last * (1 - np.tanh(fwd.m[-1]) ** 2)
    assert np.allclose(back.s_init[1], at_the_end, rtol=1e-10)


def test_a_new_network_starts_with_an_open_forget_gate():
    params = lstm.init_params(np.random.default_rng(36), D, 200, K)
    means = params.b.reshape(4, 200).mean(axis=1)
    assert np.allclose(means, [0, 1, 0, 0], atol=0.05)


def test_delayed_recall_over_twenty_steps_is_learnt():
    rng = np.random.default_rng(37)
    params = lstm.init_params(rng, 4, 16, 2)
    batches = (delayed_recall(rng, 20, 32, K=2) for _ in range(250))
    run = start(params, np.zeros((2, 32, 16)), adam_state(params))
    run = train(lstm.loss_and_gradient, partial(adam, rate=0.02), run, batches, progress=False)
    x, y, weights, _ = delayed_recall(np.random.default_rng(38), 20, 500, K=2)
    fwd = lstm.forward(run.params, x, np.zeros((2, 500, 16)), y, weights=weights)
    assert run.E[:5].mean() == pytest.approx(np.log(2), abs=0.2)  # it begins by guessing
    assert np.mean(fwd.yhat[-1].argmax(axis=-1) == y[-1]) > 0.99
