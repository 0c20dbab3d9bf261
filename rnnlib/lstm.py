"""The long short-term memory (LSTM): beside the state s_t it keeps a memory m_t, which gates write, keep and show.

    i_t, f_t, o_t = sigmoid(U x_t + W s_{t-1} + b)   input, forget and output gate, each with its own rows
    g_t = tanh(U x_t + W s_{t-1} + b)                what might be written, with its own rows too
    m_t = f_t * m_{t-1} + i_t * g_t
    s_t = o_t * tanh(m_t)

`forward`, `backward` and `loss_and_gradient` are called as those of `rnnlib.rnn`, without `func`, and the state is a
pair: `s_init` is (2, B, H), first s_{-1}, then m_{-1}.
Rows of U, W and b: i, f, o, g, H each. Source: the chapter "Gates" (book/gates.md); Hochreiter and Schmidhuber
(1997); Gers, Schmidhuber and Cummins (2000) for the forget gate.
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import sigmoid, sigmoid_derivative, tanh, tanh_derivative
from rnnlib.gated import checked, collect, from_later, init_gates, read_back, read_out
from rnnlib.inputs import outer_sum, project


class Forward(NamedTuple):
    """Everything the forward pass computes."""

    states: np.ndarray  # (T+1, 2, B, H), one buffer of pairs: s_init, then (s_t, m_t) of every step
    s: np.ndarray  # (T, B, H), a view: s[t] is s_t
    s_prev: np.ndarray  # (T, B, H), a view: s_prev[t] is s_{t-1}
    m: np.ndarray  # (T, B, H), a view: m[t] is m_t
    m_prev: np.ndarray  # (T, B, H), a view: m_prev[t] is m_{t-1}
    gates: np.ndarray  # (T, B, 4H), i, f, o, g side by side
    yhat: np.ndarray  # (T, B, K)
    E: float | None  # None without targets


def init_params(rng, D, H, K, scale=0.9, dtype=np.float64):
    """Random parameters, with 1 added to the bias of the forget gate so that a new network keeps its memory.

    Shapes: U (4H, D), W (4H, H), V (K, H), b (4H,), c (K,). Raises ValueError for a size below 1. Source: the chapter
    "Gates" (book/gates.md), eq. lstm-memory; Gers, Schmidhuber and Cummins (2000).
    """
    params = init_gates(rng, 4, D, H, K, scale, dtype)
    params.b[H : 2 * H] += 1
    return params


def forward(params, x, s_init, y=None, *, weights=None, reduction="mean"):
    """Every state and memory, every prediction, and the error if there are targets.

    Shapes: x, y and weights as for `rnnlib.rnn`, s_init (2, B, H). Real or complex. Raises ValueError for what does
    not fit. Source: the chapter "Gates" (book/gates.md), eq. lstm-gates, lstm-memory and lstm-state.
    """
    params, x, s_init, y, weights = checked(params, x, s_init, y, weights, 4, (2,))
    states = np.empty((len(x) + 1, *s_init.shape), s_init.dtype)
    states[0] = s_init
    s, s_prev, m, m_prev = states[1:, 0], states[:-1, 0], states[1:, 1], states[:-1, 1]
    gates = project(params.U, params.b, x)
    i, f, o, g = np.split(gates, 4, axis=-1)  # views of what the loop fills in
    H = s.shape[-1]
    for t in range(len(x)):
        z = gates[t]
        z += s_prev[t] @ params.W.T
        sigmoid(z[:, : 3 * H], out=z[:, : 3 * H])
        tanh(z[:, 3 * H :], out=z[:, 3 * H :])
        m[t] = f[t] * m_prev[t] + i[t] * g[t]
        s[t] = o[t] * tanh(m[t])
    return Forward(states, s, s_prev, m, m_prev, gates, *read_out(params, s, y, weights, reduction))


def backward(params, x, y, fwd, *, weights=None, reduction="mean", ds_last=None):
    """The gradient of E with respect to U, W, V, b, c, x and s_init, from the result `fwd` of `forward`.

    Shapes: as for `forward`; `ds_last` (2, B, H) is the gradient that reaches the last state and memory from later
    steps, none by default. Nothing is changed in place. Raises ValueError for what does not fit.
    Source: the chapter "Gates" (book/gates.md), eq. lstm-memory-gradient and lstm-delta.
    """
    params, x, _, y, weights = checked(params, x, fwd.states[0], y, weights, 4, (2,))
    ds_out, dV, dc = read_back(params, x, fwd, y, weights, reduction)
    i, f, o, g = np.split(fwd.gates, 4, axis=-1)
    tanh_m = tanh(fwd.m)
    # What turns the gradient of the memory into delta of i, f and g, and that of the state into delta of o.
    write = g * sigmoid_derivative(i)
    keep = fwd.m_prev * sigmoid_derivative(f)
    show = tanh_m * sigmoid_derivative(o)
    candidate = i * tanh_derivative(g)
    through_s = o * tanh_derivative(tanh_m)

    delta = np.empty_like(fwd.gates)
    delta_i, delta_f, delta_o, delta_g = np.split(delta, 4, axis=-1)
    message, dm_later = from_later(fwd, ds_last)  # what a state and a memory hear from the step after them
    for t in reversed(range(len(x))):
        ds = ds_out[t] + message
        dm = dm_later + ds * through_s[t]
        delta_i[t] = dm * write[t]
        delta_f[t] = dm * keep[t]
        delta_o[t] = ds * show[t]
        delta_g[t] = dm * candidate[t]
        dm_later = dm * f[t]  # no matrix and no slope on this path: what the LSTM is for
        message = delta[t] @ params.W
    return collect(params, x, delta, outer_sum(delta, fwd.s_prev), dV, dc, np.stack([message, dm_later]))


def loss_and_gradient(params, x, s_init, y, *, weights=None, reduction="mean"):
    """E, its gradient and the last state in one call, for training loops.

    Shapes: as for `forward`; the result is (E, Backward, s_last) with s_last (2, B, H). Raises ValueError as
    `forward` does.
    """
    fwd = forward(params, x, s_init, y, weights=weights, reduction=reduction)
    return fwd.E, backward(params, x, y, fwd, weights=weights, reduction=reduction), fwd.states[-1]
