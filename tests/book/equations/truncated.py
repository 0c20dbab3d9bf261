"""The equations of the chapter "Truncated BPTT", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import diagnostics, rnn, tasks, text, truncation
from rnnlib.losses import softmax
from rnnlib.params import Params, init_params

rng = np.random.default_rng(17)
T, B, D, H, K = 11, 2, 3, 5, 4
PARAMS = init_params(rng, D, H, K, scale=1.3)
X, S_INIT, Y = rng.normal(size=(T, B, D)), rng.normal(size=(B, H)), rng.integers(K, size=(T, B))


def check_truncated_sum():
    fwd = rnn.forward(PARAMS, X, S_INIT, Y, reduction="sum")
    for window, stride in [(4, 1), (5, 3), (4, 4), (20, 2)]:
        g = np.zeros((H, H))
        for n in range(B):
            for t in range(T):
                end = min(T, (t // stride + 1) * stride)
                dE_ds = (softmax(PARAMS.V @ fwd.s[t, n] + PARAMS.c) - np.eye(K)[Y[t, n]]) @ PARAMS.V
                for k in range(t, max(0, end - window) - 1, -1):
                    slope = 1 - fwd.s[k, n] ** 2
                    g += np.outer(dE_ds * slope, fwd.s_prev[k, n])
                    dE_ds = dE_ds @ (slope[:, None] * PARAMS.W)
        _, gradient, _ = truncation.truncated_gradient(PARAMS, X, S_INIT, Y, window, stride, reduction="sum")
        assert gradient.gradient.W == approx(g, rel=1e-10, abs=1e-12)


def check_chunk_identity():
    m = 6
    first = rnn.forward(PARAMS, X[:m], S_INIT, Y[:m])
    second = rnn.forward(PARAMS, X[m:], first.s[-1], Y[m:])
    own = rnn.backward(PARAMS, X[m:], Y[m:], second)  # with s_{m-1} fixed
    before = rnn.backward(PARAMS, X[:m], Y[:m], first).gradient.W
    nothing = np.zeros((m, B))
    hop = rnn.backward(PARAMS, X[:m], Y[:m], first, weights=nothing, ds_last=own.s_init).gradient.W
    full = rnn.loss_and_gradient(PARAMS, X, S_INIT, Y)[1].gradient.W
    assert before + own.gradient.W + hop == approx(full, rel=1e-10, abs=1e-13)
    assert abs(hop).max() > 1e-3


def check_random_cut():
    """The mean over a coin thrown many times is the full gradient, though no single throw gives it."""
    m, chance = 6, 0.4
    first = rnn.forward(PARAMS, X[:m], S_INIT, Y[:m])
    second = rnn.backward(PARAMS, X[m:], Y[m:], rnn.forward(PARAMS, X[m:], first.s[-1], Y[m:]))
    draws = (rng.random(4000) < chance) / chance
    assert set(draws) == {0, 1 / chance}
    before = {
        xi: rnn.backward(PARAMS, X[:m], Y[:m], first, ds_last=xi * second.s_init).gradient.W for xi in (0, 1 / chance)
    }
    full = rnn.loss_and_gradient(PARAMS, X, S_INIT, Y)[1].gradient.W - second.gradient.W
    mean = sum(before[xi] for xi in draws) / len(draws)
    lost = abs(full - before[0]).max()
    assert abs(mean - full).max() < 0.1 * lost
    assert abs(before[1 / chance] - full).max() > 0.5 * lost


def check_cosine():
    g, f = (Params(*(rng.normal(size=p.shape) for p in PARAMS)) for _ in range(2))
    flat_g, flat_f = (np.concatenate([a.ravel() for a in gradient]) for gradient in (g, f))
    expected = flat_g @ flat_f / (np.linalg.norm(flat_g) * np.linalg.norm(flat_f))
    assert diagnostics.cosine(g, f) == approx(expected)


def check_echo_task():
    x, y, weights, _ = tasks.echo(rng, 9, 50, delay=3, K=4)
    assert set(x.ravel()) == {0, 1, 2, 3}
    assert (y[3:] == x[:-3]).all()
    assert weights[:, 0].tolist() == [0] * 3 + [1] * 6


def entropy(p):
    return sum(-q * np.log(q) for q in (p, 1 - p) if q > 0)


def check_reset_floor():
    """No predictor that sees a chunk of the bell alone does better, and the best one does as well."""
    tokens = np.tile([0, 0, 0, 0, 0, 1], 5000)
    chunks = np.stack([tokens[n : n + 6] for n in range(0, len(tokens) - 6, 5)])
    best = 0.0
    for t in range(5):
        of_a_prefix = {}
        for chunk in chunks:
            of_a_prefix.setdefault(tuple(chunk[: t + 1]), []).append(chunk[t + 1])
        for following in of_a_prefix.values():
            best += len(following) / len(chunks) * entropy(np.mean(following))
    assert best / 5 == approx(sum((5 - t) / 6 * entropy(1 / (5 - t)) for t in range(5)) / 5, rel=1e-3)


def check_stateful_batches():
    steps, lanes = 4, 3
    tokens = rng.integers(5, size=50)
    length = 50 // lanes
    stream = text.stream(tokens, steps, lanes)
    for i in range(3):
        x, y, _, carry = next(stream)
        assert carry == (i > 0)
        for t in range(steps):
            for n in range(lanes):
                assert x[t, n] == tokens[n * length + i * steps + t]
                assert y[t, n] == tokens[n * length + i * steps + t + 1]
