"""The equations of the chapter "Vectors and matrices", each on fresh numbers."""

from typing import NamedTuple

import numpy as np
from cases import case
from pytest import approx

from rnnlib import cell, gradcheck, losses, optimisers, rnn
from rnnlib.losses import softmax

(PARAMS, x, s_init, y), rng = case(31, T=4, B=1, D=5, H=3, K=2)
U, W, V, b, c = PARAMS
X, S_INIT, LABELS = x[:, 0], s_init[0], y[:, 0]
Y = np.eye(2)[LABELS]
FWD = rnn.forward(PARAMS, x, s_init, y)
BWD = rnn.backward(PARAMS, x, y, FWD)
S, S_PREV = FWD.s[:, 0], FWD.s_prev[:, 0]
DQ = FWD.yhat[:, 0] - Y


def error_of_copies(moved=None, z=None):
    """E with copies of U, W and b of their own at every step; `z` (T, H) is added to the pre-activations."""
    copies = {"U": np.array([U] * 4), "W": np.array([W] * 4), "b": np.array([b] * 4), "x": X, "s_init": S_INIT}
    copies |= moved or {}
    s, E = copies["s_init"], 0.0
    for t in range(4):
        a = copies["U"][t] @ copies["x"][t] + copies["W"][t] @ s + copies["b"][t]
        s = np.tanh(a if z is None else a + z[t])
        E = E - np.log(softmax(V @ s + c)[LABELS[t]])
    return E


def witness(name, value):
    return gradcheck.complex_step(lambda v: error_of_copies({name: v}), value)


DELTA = gradcheck.complex_step(lambda z: error_of_copies(z=z), np.zeros((4, 3)))


def check_state_update():
    for t in range(4):
        z = [sum(U[i] * X[t]) + sum(W[i] * S_PREV[t]) + b[i] for i in range(3)]
        assert S[t] == approx(np.tanh(z))
        assert cell.step(PARAMS, X[t], S_PREV[t]) == approx(np.tanh(z))


def check_prediction():
    q = V @ S[2] + c
    assert FWD.yhat[2, 0] == approx(np.exp(q) / np.exp(q).sum())
    assert cell.predict(PARAMS, S[2]) == approx(FWD.yhat[2, 0])


def check_vector_error():
    assert approx(sum(-np.sum(Y[t] * np.log(FWD.yhat[t, 0])) for t in range(4))) == FWD.E


def check_rows_and_columns():
    s, delta = rng.normal(size=3), rng.normal(size=3)
    assert W @ s == approx(np.array([sum(W[i, j] * s[j] for j in range(3)) for i in range(3)]))
    assert W.T @ delta == approx(np.array([sum(W[i, j] * delta[i] for i in range(3)) for j in range(3)]))


def check_hop_jacobian():
    jacobian = np.array([gradcheck.complex_step(lambda s, i=i: cell.step(PARAMS, X[1], s)[i], S[0]) for i in range(3)])
    assert jacobian == approx(np.diag(1 - S[1] ** 2) @ W)
    assert jacobian == approx(np.array([[(1 - S[1, i] ** 2) * W[i, j] for j in range(3)] for i in range(3)]))


def check_hops_in_order():
    def last_state(s):
        for t in (1, 2, 3):
            s = cell.step(PARAMS, X[t], s)
        return s

    whole = np.array([gradcheck.complex_step(lambda s, i=i: last_state(s)[i], S[0]) for i in range(3)])
    hops = [np.diag(1 - S[t] ** 2) @ W for t in range(4)]
    assert whole == approx(hops[3] @ hops[2] @ hops[1], rel=1e-10)
    assert whole != approx(hops[1] @ hops[2] @ hops[3], rel=1e-3)


def check_stacked_layers():
    upper = case(32, T=4, B=1, D=3, H=4, K=2)[0][0]

    def error(z):
        """E of the upper network, which reads the states of the lower one; z (T, H) is added to those of the lower."""
        s, states = S_INIT, []
        for t in range(4):
            s = np.tanh(U @ X[t] + W @ s + b + z[t])
            states.append(s)
        return rnn.forward(upper, np.array(states)[:, None], np.zeros((1, 4)), y).E

    above = rnn.backward(upper, FWD.s, y, rnn.forward(upper, FWD.s, np.zeros((1, 4)), y)).x[:, 0]
    witness_of_delta = gradcheck.complex_step(error, np.zeros((4, 3)))
    delta = np.zeros(3)
    for t in reversed(range(4)):
        delta = (above[t] + W.T @ delta) * (1 - S[t] ** 2)
        assert delta == approx(witness_of_delta[t], rel=1e-10)


def check_error_by_logits():
    q, target = rng.normal(size=4), rng.uniform(size=4)
    assert np.log(softmax(q)) == approx(q - np.log(np.exp(q).sum()))
    E = -np.sum(target * np.log(softmax(q)))
    assert approx(-np.sum(target * q) + target.sum() * np.log(np.exp(q).sum())) == E


def check_softmax_gradient():
    q, any_target = rng.normal(size=4), rng.uniform(size=4)
    for target in (any_target, any_target / any_target.sum()):
        slope = gradcheck.complex_step(lambda q, y=target: -np.sum(y * np.log(softmax(q))), q)
        assert slope == approx(softmax(q) * target.sum() - target, rel=1e-12)
        assert losses.output_gradient(softmax(q), target) == approx(slope, rel=1e-12)
    assert slope == approx(softmax(q) - target, rel=1e-12)


def check_two_voices():
    moved = [
        gradcheck.complex_step(lambda s, t=t: rnn.forward(PARAMS, x[t + 1 :], s[None], y[t + 1 :]).E, S[t])
        for t in range(3)
    ]
    for t in range(3):
        assert W.T @ DELTA[t + 1] == approx(moved[t], rel=1e-10)
        own = gradcheck.complex_step(lambda s, t=t: -np.log(softmax(V @ s + c)[LABELS[t]]), S[t])
        assert V.T @ DQ[t] == approx(own, rel=1e-10)
        assert DELTA[t] == approx((own + moved[t]) * (1 - S[t] ** 2), rel=1e-10)


def check_delta_recursion():
    delta = np.zeros(3)
    for t in reversed(range(4)):
        delta = (V.T @ DQ[t] + W.T @ delta) * (1 - S[t] ** 2)
        assert delta == approx(DELTA[t], rel=1e-10)


def check_immediate_derivative():
    per_copy = {name: witness(name, np.array([value] * 4)) for name, value in (("U", U), ("W", W), ("b", b))}
    for t in range(4):
        assert per_copy["U"][t] == approx(np.outer(DELTA[t], X[t]), rel=1e-10)
        assert per_copy["W"][t] == approx(np.outer(DELTA[t], S_PREV[t]), rel=1e-10)
        assert per_copy["b"][t] == approx(DELTA[t], rel=1e-10)


def check_total_weight_gradients():
    sums = {
        "U": sum(np.outer(DELTA[t], X[t]) for t in range(4)),
        "W": sum(np.outer(DELTA[t], S_PREV[t]) for t in range(4)),
        "V": sum(np.outer(DQ[t], S[t]) for t in range(4)),
        "b": DELTA.sum(axis=0),
        "c": DQ.sum(axis=0),
    }
    total = gradcheck.complex_step(lambda params: rnn.forward(params, x, s_init, y).E, PARAMS)
    for name, value in sums.items():
        assert value == approx(getattr(total, name), rel=1e-10)


def check_edge_gradients():
    assert witness("x", X) == approx(DELTA @ U, rel=1e-10)
    assert BWD.x[:, 0] == approx(np.array([U.T @ DELTA[t] for t in range(4)]), rel=1e-10)
    assert witness("s_init", S_INIT) == approx(W.T @ DELTA[0], rel=1e-10)


class One(NamedTuple):
    theta: np.ndarray


def updates(update, state, n=4):
    """(theta, g, new theta) of some updates with random gradients."""
    params, found = One(rng.normal(size=3)), []
    for _ in range(n):
        gradient = One(rng.normal(size=3))
        new, state = update(params, gradient, state)
        found.append((params.theta, gradient.theta, new.theta))
        params = new
    return found


def check_sgd():
    mu, eta, v = 0.7, 0.1, 0
    for theta, g, new in updates(
        lambda *a: optimisers.sgd(*a, rate=eta, momentum=mu), optimisers.sgd_state(One(np.zeros(3)))
    ):
        v = mu * v - eta * g
        assert new == approx(theta + v)


def check_adagrad():
    eta, n = 0.1, 0
    for theta, g, new in updates(
        lambda *a: optimisers.adagrad(*a, rate=eta), optimisers.adagrad_state(One(np.zeros(3)))
    ):
        n = n + g**2
        assert new == approx(theta - eta * g / np.sqrt(n + 1e-8))


def check_adam():
    eta, beta1, beta2, m, v = 0.1, 0.8, 0.95, 0, 0
    adam = lambda *a: optimisers.adam(*a, rate=eta, beta1=beta1, beta2=beta2)  # noqa: E731
    for n, (theta, g, new) in enumerate(updates(adam, optimisers.adam_state(One(np.zeros(3)))), start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        step = m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + 1e-8)
        assert new == approx(theta - eta * step)
