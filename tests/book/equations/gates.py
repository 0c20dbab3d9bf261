"""The equations of the chapter "Gates", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import gradcheck, gru, losses, lstm, rnn
from rnnlib.params import init_params

rng = np.random.default_rng(93)
T, D, H, K = 4, 3, 5, 2
X, Y = rng.normal(size=(T, 1, D)), rng.integers(K, size=(T, 1))
S_INIT, M_INIT = rng.normal(size=(2, 1, H))
L, G = lstm.init_params(rng, D, H, K), gru.init_params(rng, D, H, K)
FL = lstm.forward(L, X, np.stack([S_INIT, M_INIT]), Y)
FG = gru.forward(G, X, S_INIT, Y)
BLOCKS = [slice(n * H, (n + 1) * H) for n in range(4)]


def sigma(z):
    return 1 / (1 + np.exp(-z))


def own_error(p, t, s):
    return losses.cross_entropy(s @ p.V.T + p.c, Y[t])


def lstm_rest(t, s, m):
    """E from step t on, given s_t and m_t."""
    E = own_error(L, t, s)
    return E if t == T - 1 else E + lstm.forward(L, X[t + 1 :], np.stack([s, m]), Y[t + 1 :]).E


def lstm_from_z(t, z):
    """E from step t on, given the four sums of step t side by side."""
    i, f, o, g = (z[:, block] for block in BLOCKS)
    m = sigma(f) * FL.m_prev[t] + sigma(i) * np.tanh(g)
    return lstm_rest(t, sigma(o) * np.tanh(m), m)


def lstm_z(t):
    return X[t] @ L.U.T + FL.s_prev[t] @ L.W.T + L.b


def gates_of(fwd, t):
    return np.split(fwd.gates[t], fwd.gates.shape[-1] // H, axis=-1)


def lstm_dm(t):
    o = gates_of(FL, t)[2]
    return gradcheck.complex_step(lambda m: lstm_rest(t, o * np.tanh(m), m), FL.m[t])


def lstm_ds(t):
    return gradcheck.complex_step(lambda s: lstm_rest(t, s, FL.m[t]), FL.s[t])


def check_lstm_gates():
    for t in range(T):
        z = lstm_z(t)
        i, f, o, g = gates_of(FL, t)
        assert np.concatenate([i, f, o], axis=1) == approx(sigma(z[:, : 3 * H]))
        assert g == approx(np.tanh(z[:, 3 * H :]))


def check_lstm_memory():
    for t in range(T):
        i, f, _, g = gates_of(FL, t)
        assert FL.m[t] == approx(f * (FL.m[t - 1] if t else M_INIT) + i * g)


def check_lstm_state():
    for t in range(T):
        assert FL.s[t] == approx(gates_of(FL, t)[2] * np.tanh(FL.m[t]))


def check_memory_road():
    def along(m):
        for t in range(1, T):
            i, f, _, g = gates_of(FL, t)
            m = f * m + i * g
        return m

    product = np.prod([gates_of(FL, t)[1] for t in range(1, T)], axis=0)
    for unit in range(H):
        slopes = gradcheck.complex_step(lambda m, unit=unit: along(m)[0, unit], FL.m[0])
        assert slopes[0] == approx(product[0] * (np.arange(H) == unit), rel=1e-12)


def check_lstm_state_gradient():
    for t in range(T - 1):
        dq = gradcheck.complex_step(lambda q, t=t: losses.cross_entropy(q, Y[t]), FL.s[t] @ L.V.T + L.c)
        delta = gradcheck.complex_step(lambda z, t=t: lstm_from_z(t + 1, z), lstm_z(t + 1))
        assert lstm_ds(t)[0] == approx(L.V.T @ dq[0] + L.W.T @ delta[0], rel=1e-10)


def check_lstm_memory_gradient():
    for t in range(T - 1):
        o, f_next = gates_of(FL, t)[2], gates_of(FL, t + 1)[1]
        expected = lstm_ds(t) * o * (1 - np.tanh(FL.m[t]) ** 2) + lstm_dm(t + 1) * f_next
        assert lstm_dm(t) == approx(expected, rel=1e-10)


def check_lstm_delta():
    for t in range(T):
        i, f, o, g = gates_of(FL, t)
        dm, ds = lstm_dm(t), lstm_ds(t)
        expected = [
            dm * g * i * (1 - i),
            dm * FL.m_prev[t] * f * (1 - f),
            ds * np.tanh(FL.m[t]) * o * (1 - o),
            dm * i * (1 - g**2),
        ]
        delta = gradcheck.complex_step(lambda z, t=t: lstm_from_z(t, z), lstm_z(t))
        assert delta == approx(np.concatenate(expected, axis=1), rel=1e-10)


def gru_rest(t, s):
    E = own_error(G, t, s)
    return E if t == T - 1 else E + gru.forward(G, X[t + 1 :], s, Y[t + 1 :]).E


def gru_z(t):
    r, _, _ = gates_of(FG, t)
    shown = np.concatenate([FG.s_prev[t] @ G.W[: 2 * H].T, (r * FG.s_prev[t]) @ G.W[2 * H :].T], axis=1)
    return X[t] @ G.U.T + shown + G.b


def gru_from_z(t, z):
    """E from step t on, given the sums of r and u and that of g as it would be with the old r."""
    zr, zu, zg = (z[:, block] for block in BLOCKS[:3])
    r = gates_of(FG, t)[0]
    zg = zg + ((sigma(zr) - r) * FG.s_prev[t]) @ G.W[2 * H :].T
    u = sigma(zu)
    return gru_rest(t, u * FG.s_prev[t] + (1 - u) * np.tanh(zg))


def gru_ds(t):
    return gradcheck.complex_step(lambda s: gru_rest(t, s), FG.s[t])


def gru_delta(t):
    return gradcheck.complex_step(lambda z: gru_from_z(t, z), gru_z(t))


def check_gru_gates():
    for t in range(T):
        r, u, _ = gates_of(FG, t)
        assert np.concatenate([r, u], axis=1) == approx(sigma(gru_z(t)[:, : 2 * H]))


def check_gru_candidate():
    for t in range(T):
        assert gates_of(FG, t)[2] == approx(np.tanh(gru_z(t)[:, 2 * H :]))


def check_gru_state():
    for t in range(T):
        _, u, g = gates_of(FG, t)
        assert FG.s[t] == approx(u * FG.s_prev[t] + (1 - u) * g)


def check_gru_delta():
    for t in range(T):
        r, u, g = gates_of(FG, t)
        ds, s_prev = gru_ds(t), FG.s_prev[t]
        delta_g = ds * (1 - u) * (1 - g**2)
        delta_r = (delta_g @ G.W[2 * H :]) * s_prev * r * (1 - r)
        delta_u = ds * (s_prev - g) * u * (1 - u)
        assert gru_delta(t) == approx(np.concatenate([delta_r, delta_u, delta_g], axis=1), rel=1e-10)


def check_gru_state_gradient():
    W_r, W_u, W_g = (G.W[block] for block in BLOCKS[:3])
    for t in range(1, T):
        r, u, _ = gates_of(FG, t)
        delta_r, delta_u, delta_g = np.split(gru_delta(t)[0], 3)
        dq = gradcheck.complex_step(lambda q, t=t: losses.cross_entropy(q, Y[t - 1]), FG.s[t - 1] @ G.V.T + G.c)
        roads = u[0] * gru_ds(t)[0] + r[0] * (W_g.T @ delta_g) + W_r.T @ delta_r + W_u.T @ delta_u
        assert gru_ds(t - 1)[0] == approx(G.V.T @ dq[0] + roads, rel=1e-10)


def check_tape_rule():
    W, s, grad_out = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=3)
    jacobian = np.array([gradcheck.complex_step(lambda s, i=i: np.tanh(W @ s)[i], s) for i in range(3)])
    assert gradcheck.complex_step(lambda s: grad_out @ np.tanh(W @ s), s) == approx(jacobian.T @ grad_out, rel=1e-12)


P = init_params(rng, D, H, K)
FP = rnn.forward(P, X, S_INIT, Y)


def influence(t):
    """ds_t/dW, (H, H, H), by the complex step."""
    return np.array(
        [
            gradcheck.complex_step(lambda W, i=i: rnn.forward(P._replace(W=W), X, S_INIT).s[t, 0, i], P.W)
            for i in range(H)
        ]
    )


def check_influence_recursion():
    for t in range(1, T):
        immediate = np.einsum("ij,m->ijm", np.eye(H), FP.s_prev[t, 0])
        through = np.einsum("ij,jkm->ikm", P.W, influence(t - 1))
        expected = (1 - FP.s[t, 0] ** 2)[:, None, None] * (immediate + through)
        assert influence(t) == approx(expected, rel=1e-10, abs=1e-14)


def check_influence_gradient():
    total = sum(
        np.tensordot(gradcheck.complex_step(lambda s, t=t: own_error(P, t, s), FP.s[t])[0], influence(t), axes=1)
        for t in range(T)
    )
    assert gradcheck.complex_step(lambda W: rnn.forward(P._replace(W=W), X, S_INIT, Y).E, P.W) == approx(
        total, rel=1e-10
    )
