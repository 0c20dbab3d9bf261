"""The equations of the chapter "Recurrence", each on fresh numbers."""

import numpy as np
from cases import case
from pytest import approx

from rnnlib import cell, gradcheck, rnn, tasks
from rnnlib.params import Params

(PARAMS, X, S_INIT, Y), rng = case(51, B=1)
NO_BIAS = PARAMS._replace(b=0 * PARAMS.b, c=0 * PARAMS.c)


def states(params):
    """Every state by the formula, one number at a time, from s_{-1} on."""
    found = [S_INIT[0]]
    for x_t in X[:, 0]:
        mixed = [params.U[i] @ x_t + params.W[i] @ found[-1] + params.b[i] for i in range(len(params.b))]
        found.append(np.array([np.tanh(z) for z in mixed]))
    return np.array(found)


def softmax(q):
    return np.exp(q) / sum(np.exp(q_j) for q_j in q)


def step_errors(params):
    """E_t of every step as the formula says, with targets as rows of a 1 and zeros."""
    yhat = rnn.forward(params, X, S_INIT).yhat[:, 0]
    return [-np.sum(np.eye(2)[y_t] * np.log(yhat_t)) for y_t, yhat_t in zip(Y[:, 0], yhat, strict=True)]


def check_recurrent_state():
    assert rnn.forward(NO_BIAS, X, S_INIT).states[:, 0] == approx(states(NO_BIAS))


def check_recurrent_prediction():
    fwd = rnn.forward(NO_BIAS, X, S_INIT)
    for s_t, yhat_t in zip(fwd.s[:, 0], fwd.yhat[:, 0], strict=True):
        assert yhat_t == approx(softmax(NO_BIAS.V @ s_t))


def check_recurrence_with_biases():
    fwd = rnn.forward(PARAMS, X, S_INIT)
    assert fwd.states[:, 0] == approx(states(PARAMS))
    assert cell.predict(PARAMS, fwd.s[3, 0]) == approx(softmax(PARAMS.V @ fwd.s[3, 0] + PARAMS.c))


def check_step_error():
    for t, error in enumerate(step_errors(PARAMS)):
        only_t = np.zeros(Y.shape)
        only_t[t] = 1
        assert rnn.forward(PARAMS, X, S_INIT, Y, weights=only_t).E == approx(error)
        assert error == approx(-np.log(rnn.forward(PARAMS, X, S_INIT).yhat[t, 0, Y[t, 0]]))


def check_error_sum():
    assert rnn.forward(PARAMS, X, S_INIT, Y).E == approx(sum(step_errors(PARAMS)))


def check_gradient_descent():
    """The step lowers E by eta times the squared length of the gradient, up to O(eta^2)."""
    E, gradient, _ = rnn.loss_and_gradient(PARAMS, X, S_INIT, Y)
    squared = sum(np.sum(g**2) for g in gradient.gradient)
    misses = []
    for eta in (1e-4, 5e-5):
        moved = Params(*(p - eta * g for p, g in zip(PARAMS, gradient.gradient, strict=True)))
        misses.append(rnn.forward(moved, X, S_INIT, Y).E - (E - eta * squared))
    assert misses[0] / misses[1] == approx(4, rel=0.05)


def check_gradient_sum():
    """Each dE_t/dW by the complex step, against dE/dW of the whole."""
    parts = [
        gradcheck.complex_step(lambda W, t=t: step_errors(PARAMS._replace(W=W))[t], PARAMS.W) for t in range(len(X))
    ]
    assert rnn.loss_and_gradient(PARAMS, X, S_INIT, Y)[1].gradient.W == approx(sum(parts), rel=1e-12)


def check_parity_task():
    batch = tasks.parity(rng, 9, 5)
    for n in range(5):
        for t in range(9):
            assert batch.y[t, n] == sum(int(batch.x[k, n]) for k in range(t + 1)) % 2
