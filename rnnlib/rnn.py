"""A whole sequence, forward and backward, for a batch at once: vectorised BPTT, and how to make it fast.

s_t = tanh(U x_t + W s_{t-1} + b), yhat_t = softmax(V s_t + c), E = sum_t cross-entropy(yhat_t, y_t).

What x, y and weights may look like is said in `rnnlib.sequence`. Source: the chapter "Vectorised BPTT"
(book/vectorised.md).
"""

from typing import NamedTuple

import numpy as np

from rnnlib.buffers import add_to_every_row, product, sum_of_outer, sum_of_rows
from rnnlib.inputs import input_gradient
from rnnlib.losses import softmax_cross_entropy, softmax_cross_entropy_gradient
from rnnlib.params import Params
from rnnlib.sequence import checked_sequence
from rnnlib.sweep import PIECE_ROWS, delta_sweep, pieces, run_states
from rnnlib.validate import check_count, check_reduction, check_state


class Forward(NamedTuple):
    """Everything the forward pass computes."""

    states: np.ndarray  # (T+1, B, H), one buffer: s_init, then every state
    s: np.ndarray  # (T, B, H), a view: s[t] is s_t
    s_prev: np.ndarray  # (T, B, H), a view: s_prev[t] is s_{t-1}
    yhat: np.ndarray  # (T, B, K)
    E: float | None  # None without targets


class Backward(NamedTuple):
    """The gradient of E: by the parameters, the inputs and the state before the first step."""

    params: Params
    x: np.ndarray | None  # (T, B, D); None for tokens
    s_init: np.ndarray  # (B, H)


def forward(params, x, s_init, y=None, *, weights=None, func="tanh", reduction="mean"):
    """Every state, every prediction, and the error if there are targets.

    Shapes: x, y and weights as in `rnnlib.sequence`, s_init (B, H). Real or complex. Raises ValueError for what
    does not fit. Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-forward.
    """
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    states = run_states(params, x, s_init, func, {})
    s, s_prev = states[1:], states[:-1]
    q = s @ params.V.T + params.c
    yhat, E = _predict(q, y, weights, check_reduction(reduction))
    return Forward(states, s, s_prev, yhat, E)


def backward(params, x, y, fwd, *, weights=None, func="tanh", reduction="mean", ds_last=None):
    """The gradient of E by U, W, V, b, c, x and s_init, from the result `fwd` of `forward`.

    Shapes: as for `forward`; `ds_last` (B, H) is the gradient that reaches the last state from later steps, none by
    default. Nothing is changed in place. Raises ValueError for what does not fit.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta and batched-weight-gradients.
    """
    expected = (len(x) + 1, *np.shape(x)[1:2], params.W.shape[0])
    if fwd.states.shape != expected:
        raise ValueError(f"fwd holds states of shape {fwd.states.shape}, expected {expected}")
    params, x, _, y, weights = checked_sequence(params, x, fwd.states[0], y, weights)
    dq = softmax_cross_entropy_gradient(fwd.yhat.copy(), y, weights, check_reduction(reduction))
    if ds_last is not None:
        ds_last = check_state("ds_last", ds_last, *fwd.states.shape[1:])
    gradient, delta, ds_init = sweep_back(params, x, fwd.states, dq, func, ds_last, {})
    dx = None if x.ndim == 2 else delta @ params.U
    return Backward(gradient, dx, ds_init)


def loss_and_gradient(
    params, x, s_init, y, *, weights=None, func="tanh", reduction="mean", checkpoint_every=None, workspace=None
):
    """E, its gradient (by the parameters and s_init) and the last state, in one call made for training loops.

    Shapes: as for `forward`; the result is (E, Backward, s_last) with s_last (B, H). Backward.x is None.
    `workspace` is a dict, empty at first, that keeps the buffers from call to call: the gradient then lies in it, and
    the next call with that dict overwrites it. delta and the logits are held for a piece of the sequence at a time,
    the states for all of it, or with `checkpoint_every=n` for n steps: one state in n is kept, the others are computed
    twice. Raises ValueError for what does not fit.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta and memory-count; checkpoints: Chen et
    al. (2016), "Training deep nets with sublinear memory cost".
    """
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    check_reduction(reduction)
    workspace = {} if workspace is None else workspace
    every = len(x) if checkpoint_every is None else check_count("checkpoint_every", checkpoint_every)
    E, total, ds, s_last = 0.0, None, None, None
    for piece, states in _pieces_from_the_end(params, x, s_init, func, every, workspace):
        s_last = states[-1].copy() if s_last is None else s_last
        y_piece, weights_piece = y[piece], None if weights is None else weights[piece]
        q = product(states[1:], params.V.T, workspace, "q")
        add_to_every_row(q, params.c)
        yhat, E_piece = softmax_cross_entropy(q, y_piece, weights_piece, reduction, out=q)
        dq = softmax_cross_entropy_gradient(yhat, y_piece, weights_piece, reduction)
        gradient, _, ds = sweep_back(params, x[piece], states, dq, func, ds, workspace)
        E += E_piece
        total = gradient if len(dq) == len(x) else _plus(gradient, total)
    return E, Backward(total, None, ds), s_last


def _pieces_from_the_end(params, x, s_init, func, every, workspace):
    """Pieces of the sequence, the last one first, each with its states and the state before it.

    The states of `every` steps are kept at a time, and computed again from the checkpoint before them.
    """
    T, B = x.shape[:2]
    rows = max(PIECE_ROWS, params.U.shape[1])  # in shorter pieces, adding up the gradients of U would take too long
    spans = [slice(first, min(first + every, T)) for first in range(0, T, every)]
    checkpoints = [s_init]
    for span in spans[:-1]:
        checkpoints.append(run_states(params, x[span], checkpoints[-1], func, workspace)[-1].copy())
    for span, checkpoint in zip(reversed(spans), reversed(checkpoints), strict=True):
        states = run_states(params, x[span], checkpoint, func, workspace)
        for piece in reversed(pieces(len(states) - 1, B, rows)):
            first, end = piece.start, piece.stop
            yield slice(span.start + first, span.start + end), states[first : end + 1]


def sweep_back(params, x, states, dq, func, ds_last, workspace):
    """From dq = dE/dq_t of every step to the parameters' gradient, delta (T, B, H) and dE/ds_init.

    The loop carries delta alone; everything else is one product over all steps at once.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta and batched-weight-gradients.
    """
    s, s_prev = states[1:], states[:-1]
    delta, ds_init = delta_sweep(params, s, dq, func, ds_last, workspace)
    gradient = Params(
        U=input_gradient(delta, x, params.U.shape[1], workspace),
        W=sum_of_outer(delta, s_prev, workspace, "dW"),
        V=sum_of_outer(dq, s, workspace, "dV"),
        b=sum_of_rows(delta),
        c=sum_of_rows(dq),
    )
    return gradient, delta, ds_init


def _predict(q, y, weights, reduction):
    if y is None:
        y, weights = np.zeros(q.shape[:-1], int), None
        return softmax_cross_entropy(q, y, weights, reduction)[0], None
    return softmax_cross_entropy(q, y, weights, reduction)


def _plus(gradient, total):
    """The sum in arrays of its own, as the workspace that holds `gradient` is about to be used again."""
    if total is None:
        return Params(*(g.copy(order="K") for g in gradient))
    for so_far, g in zip(total, gradient, strict=True):
        so_far += g
    return total
