"""The minimal GRU (minGRU): a gate and a candidate that look at the input alone, so that the recurrence is linear.

    u_t = sigmoid(U x_t + b)                         the update gate
    g_t = U x_t + b                                  the candidate, with its own rows, and not squashed
    s_t = u_t * s_{t-1} + (1 - u_t) * g_t

`forward`, `backward` and `loss_and_gradient` are called as those of `rnnlib.gru`, without `ds_last`. Rows of U and b:
u, g, H each; there is no W. The paper has 1 - u_t where we, as in the GRU, have u_t. Source: the chapter "When the loop
can go" (book/linear.md); Feng et al. (2024).
"""

from typing import NamedTuple

import numpy as np

from rnnlib import linear
from rnnlib.activations import sigmoid, sigmoid_derivative
from rnnlib.gated import read_back, read_out
from rnnlib.inputs import input_gradient, project
from rnnlib.params import init_params as init_simple
from rnnlib.rnn import Backward
from rnnlib.validate import check_numbers, check_state, checked_data, in_one_dtype


class Params(NamedTuple):
    """The parameters, or the gradient of E with respect to them."""

    U: np.ndarray  # (2H, D) input to gate and candidate
    V: np.ndarray  # (K, H) state to logits
    b: np.ndarray  # (2H,) biases of gate and candidate
    c: np.ndarray  # (K,) bias of the logits


class Forward(NamedTuple):
    """Everything the forward pass computes."""

    states: np.ndarray  # (T+1, B, H), one buffer: s_init, then every state
    s: np.ndarray  # (T, B, H), a view: s[t] is s_t
    s_prev: np.ndarray  # (T, B, H), a view: s_prev[t] is s_{t-1}
    gates: np.ndarray  # (T, B, 2H), u, g side by side
    yhat: np.ndarray  # (T, B, K)
    E: float | None  # None without targets


def init_params(rng, D, H, K):
    """Random parameters, drawn as those of the simple network that do not belong to its recurrence.

    Shapes: U (2H, D), V (K, H), b (2H,), c (K,). Raises ValueError for a size below 1.
    """
    gate, candidate = (init_simple(rng, D, H, K) for _ in "ug")
    return Params(np.concatenate([gate.U, candidate.U]), gate.V, np.concatenate([gate.b, candidate.b]), gate.c)


def forward(params, x, s_init, y=None, *, weights=None, reduction="mean"):
    """Every state, every prediction, and the error if there are targets.

    Shapes: x, y and weights as for `rnnlib.rnn`, s_init (B, H). Real or complex. Raises ValueError for what does not
    fit. Source: the chapter "When the loop can go" (book/linear.md), eq. mingru-step.
    """
    params, x, s_init, y, weights = _checked(params, x, s_init, y, weights)
    gates = project(params.U, params.b, x)
    H = s_init.shape[1]
    u, g = gates[..., :H], gates[..., H:]
    sigmoid(u, out=u)
    states = linear.loop_forward(u, (1 - u) * g, s_init)
    return Forward(states, states[1:], states[:-1], gates, *read_out(params, states[1:], y, weights, reduction))


def backward(params, x, y, fwd, *, weights=None, reduction="mean"):
    """The gradient of E with respect to U, V, b, c, x and s_init, from the result `fwd` of `forward`.

    Shapes: as for `forward`; x and s_init of the result as the arguments, with x None for tokens. Nothing is changed in
    place. Raises ValueError for what does not fit. Source: the chapter "When the loop can go" (book/linear.md),
    eq. mingru-delta.
    """
    params, x, _, y, weights = _checked(params, x, fwd.states[0], y, weights)
    ds_out, dV, dc = read_back(params, x, fwd, y, weights, reduction)
    u, g = np.split(fwd.gates, 2, axis=-1)
    da, db, ds_init = linear.loop_backward(u, fwd.states, ds_out)
    delta = np.concatenate([(da - db * g) * sigmoid_derivative(u), db * (1 - u)], axis=-1)
    gradient = Params(
        U=input_gradient(delta, x, params.U.shape[1]),
        V=dV,
        b=delta.sum(axis=(0, 1)),
        c=dc,
    )
    return Backward(gradient, None if x.ndim == 2 else delta @ params.U, ds_init)


def loss_and_gradient(params, x, s_init, y, *, weights=None, reduction="mean"):
    """E, its gradient and the last state in one call, for training loops.

    Shapes: as for `forward`; the result is (E, Backward, s_last) with s_last (B, H). Raises ValueError as `forward`
    does.
    """
    fwd = forward(params, x, s_init, y, weights=weights, reduction=reduction)
    return fwd.E, backward(params, x, y, fwd, weights=weights, reduction=reduction), fwd.states[-1]


def _checked(params, x, s_init, y, weights):
    U, V, b, c = params = Params(*map(check_numbers, Params._fields, params))
    if U.ndim != 2 or V.ndim != 2 or (len(U), b.shape, c.shape) != (2 * V.shape[1], (len(U),), (len(V),)):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in params._asdict().items())
        raise ValueError(f"params have shapes {shapes}, expected U (2*H, D), V (K, H), b (2*H,), c (K,)")
    x, y, weights = checked_data(x, y, weights, U.shape[1], len(V))
    return in_one_dtype(params, x, check_state("s_init", s_init, x.shape[1], V.shape[1]), y, weights)
