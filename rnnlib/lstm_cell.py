"""One step of the LSTM, forward and backward: what `rnnlib.lstm` does inside its loops, one call at a time.

The rows of U, W and b, and the gates side by side, are in the order i, f, o, g, as in `rnnlib.lstm`.
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import sigmoid, sigmoid_derivative, tanh, tanh_derivative


class Step(NamedTuple):
    """What one step of the LSTM computes."""

    s: np.ndarray  # (B, H) the state s_t
    m: np.ndarray  # (B, H) the memory m_t
    gates: np.ndarray  # (B, 4H) i, f, o, g side by side


class StepBackward(NamedTuple):
    """What one step hands back: its immediate gradients, and the gradients for the step below and before."""

    U: np.ndarray  # (4H, D) this step's part of dE/dU
    W: np.ndarray  # (4H, H) this step's part of dE/dW
    b: np.ndarray  # (4H,) this step's part of dE/db
    x: np.ndarray  # (B, D) dE/dx_t
    s_prev: np.ndarray  # (B, H) dE/ds_{t-1} by way of this step
    m_prev: np.ndarray  # (B, H) dE/dm_{t-1} by way of this step


def step(params, x_t, s_prev, m_prev):
    """The next state s_t, the next memory m_t and the gates, as Step.

    Shapes: x_t (B, D), s_prev and m_prev (B, H). Source: the chapter "Gates" (book/gates.md), eq. lstm-gates,
    lstm-memory and lstm-state.
    """
    H = s_prev.shape[-1]
    z = x_t @ params.U.T + s_prev @ params.W.T + params.b
    gates = np.concatenate([sigmoid(z[:, : 3 * H]), tanh(z[:, 3 * H :])], axis=1)
    i, f, o, g = np.split(gates, 4, axis=1)
    m = f * m_prev + i * g
    return Step(o * tanh(m), m, gates)


def step_backward(params, x_t, s_prev, m_prev, m, gates, ds, dm):
    """The gradients of one step, given ds = dE/ds_t and the part dm of dE/dm_t that comes from later steps.

    Shapes: x_t (B, D); s_prev, m_prev, m, ds and dm (B, H); gates (B, 4H). Nothing is changed in place.
    Source: the chapter "Gates" (book/gates.md), eq. lstm-memory-gradient and lstm-delta.
    """
    i, f, o, g = np.split(gates, 4, axis=1)
    tanh_m = tanh(m)
    dm = dm + ds * o * tanh_derivative(tanh_m)
    delta = np.concatenate(
        [
            dm * g * sigmoid_derivative(i),
            dm * m_prev * sigmoid_derivative(f),
            ds * tanh_m * sigmoid_derivative(o),
            dm * i * tanh_derivative(g),
        ],
        axis=1,
    )
    return StepBackward(
        U=delta.T @ x_t,
        W=delta.T @ s_prev,
        b=delta.sum(axis=0),
        x=delta @ params.U,
        s_prev=delta @ params.W,
        m_prev=dm * f,
    )
