"""The equations of the page "BPTT on one page", each on fresh numbers, against rnnlib and the complex step."""

import numpy as np
from cases import case
from pytest import approx

from equations.vectors import check_delta_recursion as check_page_delta  # noqa: F401, the same equation
from rnnlib import gradcheck, rnn
from rnnlib.losses import softmax

(PARAMS, x, s_init, y), _ = case(47, T=4, B=1, D=5, H=3, K=2)
U, W, V, b, c = PARAMS
X, S_INIT, LABELS = x[:, 0], s_init[0], y[:, 0]
FWD = rnn.forward(PARAMS, x, s_init, y)
GRADIENT = rnn.backward(PARAMS, x, y, FWD).gradient
S, S_PREV, Q = FWD.s[:, 0], FWD.s_prev[:, 0], FWD.s[:, 0] @ V.T + c


def error(z=None, q=None):
    """E when z (T, H) is added to the pre-activations, and q (T, K) to the logits."""
    s, E = S_INIT, 0.0
    for t in range(4):
        s = np.tanh(U @ X[t] + W @ s + b + (0 if z is None else z[t]))
        E = E - np.log(softmax(V @ s + c + (0 if q is None else q[t]))[LABELS[t]])
    return E


DELTA = gradcheck.complex_step(lambda z: error(z=z), np.zeros((4, 3)))
DQ = gradcheck.complex_step(lambda q: error(q=q), np.zeros((4, 2)))


def check_page_state():
    assert np.tanh(X @ U.T + S_PREV @ W.T + b) == approx(S, rel=1e-12)
    assert S_PREV[0] == approx(S_INIT)


def check_page_error():
    yhat = softmax(S @ V.T + c)
    assert -sum(np.log(yhat[t, LABELS[t]]) for t in range(4)) == approx(FWD.E, rel=1e-12)


def check_page_output():
    assert softmax(Q) - np.eye(2)[LABELS] == approx(DQ, rel=1e-10)


def check_page_recurrent():
    assert sum(np.outer(DELTA[t], S_PREV[t]) for t in range(4)) == approx(GRADIENT.W, rel=1e-10)
    assert sum(np.outer(DELTA[t], X[t]) for t in range(4)) == approx(GRADIENT.U, rel=1e-10)
    assert DELTA.sum(axis=0) == approx(GRADIENT.b, rel=1e-10)


def check_page_readout():
    assert sum(np.outer(DQ[t], S[t]) for t in range(4)) == approx(GRADIENT.V, rel=1e-10)
    assert DQ.sum(axis=0) == approx(GRADIENT.c, rel=1e-10)
