"""One step of the LSTM against the whole sequence, and against the complex step."""

import numpy as np
import pytest
from cases import gated_case

from rnnlib import lstm, lstm_cell
from rnnlib.gradcheck import compare, complex_step
from rnnlib.losses import output_gradient

T, B, D, H, K = 6, 3, 5, 4, 2


@pytest.fixture
def drawn():
    return gated_case(lstm, np.random.default_rng(41), T, B, D, H, K)


def test_steps_in_a_row_are_the_forward_pass(drawn):
    params, x, (s, m), _ = drawn
    fwd = lstm.forward(params, x, drawn[2])
    for t in range(T):
        s, m, gates = lstm_cell.step(params, x[t], s, m)
        compare((s, m, gates), (fwd.s[t], fwd.m[t], fwd.gates[t]), 1e-14, ["s", "m", "gates"])


def test_the_gradients_of_one_step_are_those_of_the_complex_step(drawn):
    params, x, (s_prev, m_prev), _ = drawn
    rng = np.random.default_rng(42)
    ds, dm = rng.standard_normal((2, B, H))

    def reading(p):
        s, m, _ = lstm_cell.step(params._replace(U=p.U, W=p.W, b=p.b), p.x, p.s_prev, p.m_prev)
        return np.sum(ds * s + dm * m)

    _, m, gates = lstm_cell.step(params, x[0], s_prev, m_prev)
    point = lstm_cell.StepBackward(params.U, params.W, params.b, x[0], s_prev, m_prev)
    back = lstm_cell.step_backward(params, x[0], s_prev, m_prev, m, gates, ds, dm)
    compare(back, complex_step(reading, point), 1e-12)


def test_steps_back_in_a_row_are_the_backward_pass(drawn):
    params, x, s_init, y = drawn
    fwd = lstm.forward(params, x, s_init, y)
    whole = lstm.backward(params, x, y, fwd)
    dq = output_gradient(fwd.yhat, y)
    ds, dm, parts = np.zeros((B, H)), np.zeros((B, H)), []
    for t in reversed(range(T)):
        ds = ds + dq[t] @ params.V
        back = lstm_cell.step_backward(params, x[t], fwd.s_prev[t], fwd.m_prev[t], fwd.m[t], fwd.gates[t], ds, dm)
        ds, dm = back.s_prev, back.m_prev
        parts.append(back)
    U, W, b = (sum(getattr(part, name) for part in parts) for name in "UWb")
    found = U, W, b, np.stack([part.x for part in reversed(parts)]), np.stack([ds, dm])
    compare(
        found,
        (*whole.gradient[:2], whole.gradient.b, whole.x, whole.s_init),
        1e-12,
        ["dU", "dW", "db", "dx", "ds_init"],
    )
