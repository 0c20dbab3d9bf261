"""The equations of the chapter "Vectorised BPTT", each on fresh numbers."""

import numpy as np
from cases import case, mask
from pytest import approx

from book.experiments.measured import peak_numbers
from rnnlib import gradcheck, losses, rnn
from rnnlib.fast import sweep
from rnnlib.losses import softmax

(PARAMS, x, s_init, y), rng = case(51, T=4, B=3, D=5, H=6, K=2)
U, W, V, b, c = PARAMS
T, B, D, H, K = 4, 3, 5, 6, 2
FWD = rnn.forward(PARAMS, x, s_init, y)
BWD = rnn.backward(PARAMS, x, y, FWD)
DQ = (FWD.yhat - np.eye(K)[y]) / B


def error(params=PARAMS, z=None):
    """E of the batch, sequence by sequence with columns; `z` (T, B, H) is added to the pre-activations."""
    E = 0.0
    for n in range(B):
        s = s_init[n]
        for t in range(T):
            a = params.U @ x[t, n] + params.W @ s + params.b
            s = np.tanh(a if z is None else a + z[t, n])
            E = E - np.log(softmax(params.V @ s + params.c)[y[t, n]]) / B
    return E


DELTA = gradcheck.complex_step(lambda z: error(z=z), np.zeros((T, B, H)))


def check_batched_forward():
    ones = np.ones((B, 1))
    for t in range(T):
        S = np.tanh(x[t] @ U.T + FWD.s_prev[t] @ W.T + ones @ b[None])
        assert S == approx(FWD.s[t])
        assert softmax(S @ V.T + ones @ c[None]) == approx(FWD.yhat[t])
    assert approx(error()) == FWD.E


def check_batched_delta():
    delta = np.zeros((B, H))
    for t in reversed(range(T)):
        delta = (DQ[t] @ V + delta @ W) * (1 - FWD.s[t] ** 2)
        assert delta == approx(DELTA[t], rel=1e-9)


def check_stacked_product():
    A, C = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    assert A.T @ C == approx(sum(np.outer(A[r], C[r]) for r in range(7)))


def check_batched_weight_gradients():
    exact = gradcheck.complex_step(error, PARAMS)
    delta, dq, ones = DELTA.reshape(-1, H), DQ.reshape(-1, K), np.ones(T * B)
    assert sum(DELTA[t].T @ x[t] for t in range(T)) == approx(exact.U, rel=1e-9)
    assert delta.T @ x.reshape(-1, D) == approx(exact.U, rel=1e-9)
    assert delta.T @ FWD.s_prev.reshape(-1, H) == approx(exact.W, rel=1e-9)
    assert dq.T @ FWD.s.reshape(-1, H) == approx(exact.V, rel=1e-9)
    assert delta.T @ ones == approx(exact.b, rel=1e-9)
    assert dq.T @ ones == approx(exact.c, rel=1e-9)


def check_log_sum_exp():
    q = rng.normal(size=5)
    m = q.max()
    assert np.log(np.exp(q).sum()) == approx(m + np.log(np.exp(q - m).sum()))
    assert losses.cross_entropy(q, np.array(3)) == approx(np.log(np.exp(q).sum()) - q[3])
    assert losses.cross_entropy(q, np.array(3)) == approx(-np.log(softmax(q)[3]))


def check_masked_error():
    weights = mask(rng, T, B)
    masked = rnn.forward(PARAMS, x, s_init, y, weights=weights)
    each = [[-np.log(FWD.yhat[t, n, y[t, n]]) for n in range(B)] for t in range(T)]
    assert approx(np.sum(weights * np.array(each)) / B) == masked.E
    q = np.log(FWD.yhat)
    slope = gradcheck.complex_step(lambda q: losses.cross_entropy(q, y, weights), q)
    assert slope == approx(weights[..., None] / B * (FWD.yhat - np.eye(K)[y]), rel=1e-9)


def check_flop_count():
    count = {"forward": 0, "backward": 0}

    def product(a, matrix, sweep):
        count[sweep] += 2 * a.shape[0] * a.shape[1] * matrix.shape[1]
        return a @ matrix

    flat_x, s = x.reshape(-1, D), s_init
    projected = product(flat_x, U.T, "forward").reshape(T, B, H)
    states = [s := np.tanh(projected[t] + product(s, W.T, "forward") + b) for t in range(T)]
    yhat = softmax(product(np.reshape(states, (-1, H)), V.T, "forward") + c).reshape(T, B, K)
    dq = (yhat - np.eye(K)[y]) / B
    own, message, delta = product(dq.reshape(-1, K), V, "backward").reshape(T, B, H), 0, np.empty((T, B, H))
    for t in reversed(range(T)):
        delta[t] = (own[t] + message) * (1 - states[t] ** 2)
        message = product(delta[t], W, "backward")
    flat = delta.reshape(-1, H)
    assert product(flat.T, flat_x, "backward") == approx(BWD.gradient.U)
    assert product(flat.T, np.reshape([s_init, *states[:-1]], (-1, H)), "backward") == approx(BWD.gradient.W)
    assert product(dq.reshape(-1, K).T, np.reshape(states, (-1, H)), "backward") == approx(BWD.gradient.V)
    assert count["forward"] == 2 * T * B * (H * D + H * H + K * H)
    assert count["backward"] == 2 * T * B * (H * D + 2 * H * H + 2 * K * H)
    assert sum(count.values()) == 2 * T * B * (2 * H * D + 3 * H * H + 3 * K * H)


def peak(T, B, H, K, every):
    return peak_numbers(case(51, T, B, 3, H, K)[0], checkpoint_every=every)


def check_memory_count():
    for T, B, H, K in ((25, 20, 40, 24), (50, 10, 30, 50)):
        assert peak(T, B, H, K, T) == approx(T * B * (3 * H + K), rel=0.15)  # the gradients too


def check_piece_memory():
    for T, B, H, K in ((2000, 16, 24, 40), (3000, 16, 40, 4)):
        m = max(piece.stop - piece.start for piece in sweep.pieces(T, B))
        assert m < T / 10
        assert peak(T, B, H, K, T) == approx(T * B * H + m * B * (2 * H + K), rel=0.1)


def check_checkpoint_memory():
    T, B, H, K = 4096, 32, 32, 16
    for n in (4, 8, 16):
        assert peak(T, B, H, K, n) == approx(n * B * (3 * H + K) + T / n * B * H, rel=0.1)
    n = np.linspace(1, 200, 200_000)
    formula = n * B * (3 * H + K) + T / n * B * H
    assert n[np.argmin(formula)] == approx(np.sqrt(T * H / (3 * H + K)), rel=1e-3)
