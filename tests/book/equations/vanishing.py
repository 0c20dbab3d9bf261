"""The equations of the chapter "Vanishing and exploding", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import cell, clipping, diagnostics, gradcheck, rnn, tasks
from rnnlib.activations import activation
from rnnlib.params import Params, init_params

rng = np.random.default_rng(31)
T, D, H, K = 7, 3, 5, 2
PARAMS = init_params(rng, D, H, K, scale=1.3)
X, S_INIT = rng.normal(size=(T, 1, D)), rng.normal(size=(1, H))
S = rnn.forward(PARAMS, X, S_INIT).s[:, 0]
LATEST, EARLIEST = 5, 1


def state_after(s, first, last, func="tanh"):
    """s_last as a function of s_{first-1}: the steps first, ..., last."""
    for t in range(first, last + 1):
        s = cell.step(PARAMS, X[t, 0], s, func)
    return s


def jacobian(first, last, s, func="tanh"):
    """ds_last/ds_{first-1} at s_{first-1} = s, by the complex step."""
    return np.array([gradcheck.complex_step(lambda s, i=i: state_after(s, first, last, func)[i], s) for i in range(H)])


def hop(t):
    return np.diag(1 - S[t] ** 2) @ PARAMS.W


def check_one_hop():
    assert jacobian(4, 4, S[3]) == approx(hop(4), rel=1e-12)


def check_jacobian_product():
    product = np.eye(H)
    for i in range(LATEST, EARLIEST, -1):
        product = product @ hop(i)
    assert jacobian(EARLIEST + 1, LATEST, S[EARLIEST]) == approx(product, rel=1e-11)
    norms = diagnostics.jacobian_norms(PARAMS, S[: LATEST + 1, None])
    assert norms[EARLIEST, 0] == approx(np.linalg.norm(product, ord=2))


def check_norm_bound():
    for func, gamma in [("tanh", 1.0), ("sigmoid", 0.25)]:
        slopes = activation(func)[1](activation(func)[0](np.linspace(-3, 3, 601)))
        assert slopes.max() == approx(gamma)
        reached = np.linalg.norm(jacobian(2, 6, S[1], func), ord=2)
        assert 0 < reached <= (gamma * np.linalg.norm(PARAMS.W, ord=2)) ** 5
    # It is sharp: at s = 0 an orthogonal W reaches it.
    W = 1.1 * np.linalg.qr(rng.normal(size=(H, H)))[0]
    assert np.linalg.norm(np.linalg.matrix_power(W, 4), ord=2) == approx(1.1**4)


def check_gelfand():
    W = PARAMS.W
    radius = np.abs(np.linalg.eigvals(W)).max()
    roots = []
    for n in (1, 10, 100, 1000):
        norm = np.linalg.norm(np.linalg.matrix_power(W, n), ord=2)
        assert norm >= radius**n * (1 - 1e-9)
        roots.append(norm ** (1 / n))
    assert roots[-1] == approx(radius, rel=2e-3)
    assert abs(roots[0] - radius) > 10 * abs(roots[-1] - radius)


def check_nilpotent_hop():
    W = np.array([[2.0, -4.0], [1.0, -2.0]])
    assert not (W @ W).any()
    s = np.array([0, np.sqrt(0.9)])
    DW = np.diag(1 - s**2) @ W
    assert DW == approx(np.array([[2, -4], [0.1, -0.2]]))
    assert np.sort(np.linalg.eigvals(DW)) == approx(np.array([0, 1.8]))
    # A bias holds the states there: the network's own Jacobian grows.
    params = init_params(rng, 1, 2, 2)._replace(W=W, b=np.arctanh(s) - W @ s)
    states = rnn.forward(params, np.zeros((21, 1, 1)), s[None]).s
    assert states[:, 0] == approx(np.tile(s, (21, 1)), abs=1e-8)  # rounding errors grow too
    assert diagnostics.jacobian_norms(params, states)[0, 0] > 1.8**20


def check_triangular_power():
    for n in (1, 2, 9):
        a, c = 0.8, 1.7
        power = np.linalg.matrix_power(np.array([[a, c], [0, a]]), n)
        assert power == approx(np.array([[a**n, n * c * a ** (n - 1)], [0, a**n]]))


def check_init_scale():
    W = init_params(np.random.default_rng(8), 2, 600, 2, scale=0.7).W
    assert W.std() == approx(0.7 / np.sqrt(600), rel=0.01)
    bounds = diagnostics.hop_bounds(W)
    assert bounds.spectral_radius == approx(0.7, rel=0.06)
    assert bounds.norm == approx(1.4, rel=0.03)


def check_orthogonal_hop():
    W = np.linalg.qr(rng.normal(size=(H, H)))[0]
    assert W.T @ W == approx(np.eye(H))
    v = rng.normal(size=H)
    assert np.linalg.norm(W @ v) == approx(np.linalg.norm(v))


def check_memory_curse():
    for w in (0.3, 0.9):
        i = np.arange(1, 2000)
        assert (i**2 * w ** (2.0 * (i - 1))).sum() == approx((1 + w**2) / (1 - w**2) ** 3, rel=1e-10)
        # One linear unit: ds/dw is the sum of i w^{i-1} x_{t-i}, by the complex step of its own recursion.
        x = rng.normal(size=30)

        def last_state(w, x=x):
            s = 0.0
            for x_t in x:
                s = w * s + x_t
            return s

        parts = [n * w ** (n - 1) * x[-1 - n] for n in range(1, 30)]
        assert gradcheck.complex_step(last_state, np.array(w)) == approx(sum(parts), rel=1e-10)


GRADIENT = Params(*(rng.normal(size=shape) for shape in [(H, D), (H, H), (K, H), (H,), (K,)]))
NORM = np.sqrt(sum((g**2).sum() for g in GRADIENT))


def check_global_norm():
    assert clipping.global_norm(GRADIENT) == approx(NORM)


def check_clip_norm():
    for limit in (NORM / 3, 2 * NORM):
        clipped, before = clipping.clip_by_global_norm(GRADIENT, limit)
        assert before == approx(NORM)
        for c, g in zip(clipped, GRADIENT, strict=True):
            assert c == approx(min(1, limit / NORM) * g)


def check_clip_value():
    for c, g in zip(clipping.clip_by_value(GRADIENT, 0.6), GRADIENT, strict=True):
        assert c.ravel().tolist() == [max(-0.6, min(0.6, entry)) for entry in g.ravel()]


def check_recall_task():
    x, y, weights, _ = tasks.delayed_recall(rng, 6, 200, K=3)
    assert set(x[0]) == {0, 1, 2}
    assert set(x[1:].ravel()) == {3, 4, 5}
    assert (y[-1] == x[0]).all()
    assert weights.sum(axis=1).tolist() == [0] * 5 + [200]


def check_adding_task():
    x, y, weights, _ = tasks.adding(rng, 7, 200, digits=4)
    marked = [np.flatnonzero(x[:, n, 1]) for n in range(200)]
    assert all(len(steps) == 2 and steps[0] < 3 <= steps[1] for steps in marked)
    assert [round(4 * x[steps, n, 0].sum()) for n, steps in enumerate(marked)] == y[-1].tolist()
    assert weights.sum(axis=1).tolist() == [0] * 6 + [200]
