"""A whole sequence for a batch at once, forward and backward: vectorised BPTT as the chapter derives it.

s_t = tanh(U x_t + W s_{t-1} + b), yhat_t = softmax(V s_t + c), E = sum_t cross-entropy(yhat_t, y_t).

`rnnlib.validate` says what x, y and weights may look like; `rnnlib.fast` has the same numbers, quicker.
Source: the chapter "Vectorised BPTT" (book/vectorised.md).
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.inputs import input_gradient, outer_sum, project
from rnnlib.losses import softmax_cross_entropy, softmax_cross_entropy_gradient
from rnnlib.params import Params
from rnnlib.validate import check_reduction, check_state, check_states, checked_sequence


class Forward(NamedTuple):
    """Everything the forward pass computes."""

    states: np.ndarray  # (T+1, B, H), one buffer: s_init, then every state
    s: np.ndarray  # (T, B, H), a view: s[t] is s_t
    s_prev: np.ndarray  # (T, B, H), a view: s_prev[t] is s_{t-1}
    yhat: np.ndarray  # (T, B, K)
    E: float | None  # None without targets


class Backward(NamedTuple):
    """The gradient of E with respect to the parameters, the inputs and the state before the first step."""

    gradient: Params
    x: np.ndarray | None  # (T, B, D); None for tokens
    s_init: np.ndarray  # (B, H)


class Sweep(NamedTuple):
    """The gradient of E with respect to every pre-activation, and to the state before the first step."""

    delta: np.ndarray  # (T, B, H)
    s_init: np.ndarray  # (B, H)


def forward(params, x, s_init, y=None, *, weights=None, func="tanh", reduction="mean"):
    """Every state, every prediction, and the error if there are targets.

    Shapes: x, y and weights as in `rnnlib.validate`, s_init (B, H). Real or complex. Raises ValueError for what
    does not fit. Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-forward.
    """
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    squash, _ = activation(func)
    states = np.concatenate([s_init[None], project(params.U, params.b, x)])  # row t+1 holds U x_t + b for now
    s, s_prev = states[1:], states[:-1]
    for t in range(len(x)):
        s[t] = squash(s[t] + s_prev[t] @ params.W.T)
    q = s @ params.V.T + params.c
    return Forward(states, s, s_prev, *softmax_cross_entropy(q, y, weights, check_reduction(reduction)))


def delta_sweep(params, s, dq, func="tanh", ds_last=None):
    """delta_t = dE/dz_t of every step and dE/ds_init, from dq_t = dE/dq_t: one sweep back for the whole batch.

    Shapes: s (T, B, H), dq (T, B, K); `ds_last` (B, H) is the gradient that reaches the last state from later steps,
    none by default. Raises ValueError for an unknown func.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta.
    """
    _, squash_derivative = activation(func)
    slope = squash_derivative(s)
    delta = dq @ params.V  # V^T dq_t: what each state hears from its own prediction
    message = np.zeros_like(s[0]) if ds_last is None else ds_last.astype(s.dtype)  # and from the step after it
    for t in reversed(range(len(s))):
        delta[t] = (delta[t] + message) * slope[t]
        message = delta[t] @ params.W
    return Sweep(delta, message)


def backward(params, x, y, fwd, *, weights=None, func="tanh", reduction="mean", ds_last=None):
    """The gradient of E with respect to U, W, V, b, c, x and s_init, from the result `fwd` of `forward`.

    Shapes: as for `forward`; `ds_last` (B, H) is the gradient that reaches the last state from later steps, none by
    default. Nothing is changed in place. Raises ValueError for what does not fit.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta and batched-weight-gradients.
    """
    check_states(fwd.states, params, x)
    params, x, _, y, weights = checked_sequence(params, x, fwd.states[0], y, weights)
    ds_last = None if ds_last is None else check_state("ds_last", ds_last, *fwd.states.shape[1:])
    dq = softmax_cross_entropy_gradient(fwd.yhat, y, weights, check_reduction(reduction))
    delta, ds_init = delta_sweep(params, fwd.s, dq, func, ds_last)
    dU, dW = input_gradient(delta, x, params.U.shape[1]), outer_sum(delta, fwd.s_prev)
    dV, db, dc = outer_sum(dq, fwd.s), delta.sum(axis=(0, 1)), dq.sum(axis=(0, 1))
    dx = None if x.ndim == 2 else delta @ params.U
    return Backward(Params(dU, dW, dV, db, dc), dx, ds_init)


def loss_and_gradient(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """E, its gradient and the last state in one call, for training loops.

    Shapes: as for `forward`; the result is (E, Backward, s_last) with s_last (B, H). Raises ValueError as `forward`
    does. Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta.
    """
    options = {"weights": weights, "func": func, "reduction": reduction}
    fwd = forward(params, x, s_init, y, **options)
    return fwd.E, backward(params, x, y, fwd, **options), fwd.states[-1]
