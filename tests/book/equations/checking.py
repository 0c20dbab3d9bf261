"""The equations of the chapter "Checking gradients", each on fresh numbers."""

import numpy as np
from cases import case
from pytest import approx

from rnnlib import gradcheck, losses
from rnnlib.fast.nearby import nearby_errors
from rnnlib.rnn import forward

(PARAMS, x, s_init, y), rng = case(41, T=5, B=1, D=2, H=3, K=2)
U, W, V, b, c = PARAMS


def check_difference_error():
    # E(u) = 3 sin u has d3E/du3 = -3 cos u; at h = 0.01 the series' next term is 5e-6 of this one.
    u, h, E = 0.7, 0.01, lambda u: 3 * np.sin(u)
    error = gradcheck.central_difference(E, u, h) - 3 * np.cos(u)
    assert error == approx(h**2 / 6 * -3 * np.cos(u), rel=1e-4)
    eps = np.finfo(float).eps / 2
    for h in (1e-8, 1e-10, 1e-12):
        rho = np.mean([abs(gradcheck.central_difference(E, v, h) - 3 * np.cos(v)) for v in np.linspace(0.5, 0.9, 50)])
        assert 0.1 < rho / (eps * 3 * np.sin(0.7) / h) < 3


def check_best_step():
    E, third, eps = 1.7, -0.6, np.finfo(float).eps / 2
    steps = np.logspace(-7, -3, 400_001)
    total = steps**2 / 6 * abs(third) + eps * E / steps
    assert steps[np.argmin(total)] == approx((3 * eps * E / abs(third)) ** (1 / 3), rel=1e-4)


def check_batched_difference():
    h, i, j = 1e-5, 2, 0
    E = {}
    for step in (h, -h):
        s, E[step] = s_init[0], 0.0
        for t in range(5):
            s = np.tanh(U @ x[t, 0] + W @ s + b + step * s[j] * np.eye(3)[i])
            E[step] -= np.log(losses.softmax(V @ s + c)[y[t, 0]])
    slope = (E[h] - E[-h]) / (2 * h)
    exact = gradcheck.complex_step(lambda W: forward(PARAMS._replace(W=W), x, s_init, y).E, W)
    assert slope == approx(exact[i, j], rel=1e-8)
    batched = gradcheck.vectorised_central_difference(nearby_errors(x, s_init, y), PARAMS).W
    assert batched[i, j] == approx(slope, rel=1e-8)


def check_forward_mode():
    fwd = forward(PARAMS, x, s_init, y)
    exact = gradcheck.complex_step(lambda W: forward(PARAMS._replace(W=W), x, s_init, y).E, W)
    for i in range(3):
        for j in range(3):
            ds, total = np.zeros(3), 0.0
            for t in range(5):
                immediate = fwd.s_prev[t, 0, j] * np.eye(3)[i]
                ds = (1 - fwd.s[t, 0] ** 2) * (immediate + W @ ds)
                total += (V.T @ (fwd.yhat[t, 0] - np.eye(2)[y[t, 0]])) @ ds
            assert total == approx(exact[i, j], rel=1e-10)
