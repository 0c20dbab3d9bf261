"""The gated recurrent unit (GRU): one gate mixes the old state with a new one, another hides parts of the old.

    r_t, u_t = sigmoid(U x_t + W s_{t-1} + b)        reset and update gate, each with its own rows
    g_t = tanh(U x_t + W (r_t * s_{t-1}) + b)        the candidate state, with its own rows too
    s_t = u_t * s_{t-1} + (1 - u_t) * g_t

`forward`, `backward` and `loss_and_gradient` are called as those of `rnnlib.rnn`, without `func`. Rows of U, W and b:
r, u, g, H each. Many libraries apply r_t after the product with W, or swap u_t and 1 - u_t; this is the form of the
paper. Source: the chapter "Gates" (book/gates.md); Cho et al. (2014), equations 5 to 8.
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import sigmoid, sigmoid_derivative, tanh, tanh_derivative
from rnnlib.gated import checked, collect, from_later, init_gates, read_back, read_out
from rnnlib.inputs import outer_sum, project


class Forward(NamedTuple):
    """Everything the forward pass computes."""

    states: np.ndarray  # (T+1, B, H), one buffer: s_init, then every state
    s: np.ndarray  # (T, B, H), a view: s[t] is s_t
    s_prev: np.ndarray  # (T, B, H), a view: s_prev[t] is s_{t-1}
    gates: np.ndarray  # (T, B, 3H), r, u, g side by side
    yhat: np.ndarray  # (T, B, K)
    E: float | None  # None without targets


def init_params(rng, D, H, K, scale=0.9, dtype=np.float64):
    """Random parameters, each gate drawn as the simple network is.

    Shapes: U (3H, D), W (3H, H), V (K, H), b (3H,), c (K,). Raises ValueError for a size below 1. Source: the chapter
    "Gates" (book/gates.md), eq. gru-gates.
    """
    return init_gates(rng, 3, D, H, K, scale, dtype)


def forward(params, x, s_init, y=None, *, weights=None, reduction="mean"):
    """Every state, every prediction, and the error if there are targets.

    Shapes: x, y and weights as for `rnnlib.rnn`, s_init (B, H). Real or complex. Raises ValueError for what does not
    fit. Source: the chapter "Gates" (book/gates.md), eq. gru-gates, gru-candidate and gru-state.
    """
    params, x, s_init, y, weights = checked(params, x, s_init, y, weights, 3)
    states = np.empty((len(x) + 1, *s_init.shape), s_init.dtype)
    states[0] = s_init
    s, s_prev = states[1:], states[:-1]
    gates = project(params.U, params.b, x)
    H = s.shape[-1]
    W_ru, W_g = params.W[: 2 * H], params.W[2 * H :]
    for t in range(len(x)):
        ru, g = gates[t, :, : 2 * H], gates[t, :, 2 * H :]
        ru += s_prev[t] @ W_ru.T
        sigmoid(ru, out=ru)
        r, u = np.split(ru, 2, axis=-1)
        g += (r * s_prev[t]) @ W_g.T
        tanh(g, out=g)
        s[t] = u * s_prev[t] + (1 - u) * g
    return Forward(states, s, s_prev, gates, *read_out(params, s, y, weights, reduction))


def backward(params, x, y, fwd, *, weights=None, reduction="mean", ds_last=None):
    """The gradient of E with respect to U, W, V, b, c, x and s_init, from the result `fwd` of `forward`.

    Shapes: as for `forward`; `ds_last` (B, H) is the gradient that reaches the last state from later steps, none by
    default. Nothing is changed in place. Raises ValueError for what does not fit.
    Source: the chapter "Gates" (book/gates.md), eq. gru-delta and gru-state-gradient.
    """
    params, x, _, y, weights = checked(params, x, fwd.states[0], y, weights, 3)
    ds_out, dV, dc = read_back(params, x, fwd, y, weights, reduction)
    r, u, g = np.split(fwd.gates, 3, axis=-1)
    # What turns the gradient of the state into delta of u and g, and that of r_t * s_{t-1} into delta of r.
    mix = (fwd.s_prev - g) * sigmoid_derivative(u)
    candidate = (1 - u) * tanh_derivative(g)
    reset = fwd.s_prev * sigmoid_derivative(r)

    H = fwd.s.shape[-1]
    W_ru, W_g = params.W[: 2 * H], params.W[2 * H :]
    delta = np.empty_like(fwd.gates)
    delta_r, delta_u, delta_g = np.split(delta, 3, axis=-1)
    message = from_later(fwd, ds_last)  # what a state hears from the step after it: here more than W^T delta
    for t in reversed(range(len(x))):
        ds = ds_out[t] + message
        delta_u[t] = ds * mix[t]
        delta_g[t] = ds * candidate[t]
        d_shown = delta_g[t] @ W_g  # of r_t * s_{t-1}, the part of the old state that the candidate sees
        delta_r[t] = d_shown * reset[t]
        message = ds * u[t] + d_shown * r[t] + delta[t, :, : 2 * H] @ W_ru
    dW_ru = outer_sum(delta[..., : 2 * H], fwd.s_prev)
    dW_g = outer_sum(delta_g, r * fwd.s_prev)
    return collect(params, x, delta, np.concatenate([dW_ru, dW_g]), dV, dc, message)


def loss_and_gradient(params, x, s_init, y, *, weights=None, reduction="mean"):
    """E, its gradient and the last state in one call, for training loops.

    Shapes: as for `forward`; the result is (E, Backward, s_last) with s_last (B, H). Raises ValueError as `forward`
    does.
    """
    fwd = forward(params, x, s_init, y, weights=weights, reduction=reduction)
    return fwd.E, backward(params, x, y, fwd, weights=weights, reduction=reduction), fwd.states[-1]
