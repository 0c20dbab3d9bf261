"""A whole sequence, forward and backward, for a batch at once: vectorised BPTT, and how to make it fast.

s_t = tanh(U x_t + W s_{t-1} + b), yhat_t = softmax(V s_t + c), E = sum_t cross-entropy(yhat_t, y_t).

What x, y and weights may look like is said in `rnnlib.sequence`. Source: the chapter "Vectorised BPTT"
(book/vectorised.md).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.losses import softmax_cross_entropy, softmax_cross_entropy_gradient
from rnnlib.params import Params
from rnnlib.sequence import checked_sequence
from rnnlib.validate import check_count, check_reduction, check_state

LOGIT_FLOATS = 2**16
FEW = 16  # inputs or classes: with more of them, one product for all steps saves more time than a call a step
SMALL_STEP = 2**9  # a step of more numbers takes so long that making a view of it is not felt
SLOPE_FLOATS = 2**15  # the slopes computed in one call: many calls saved at B = 1, and at larger B they stay in cache


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


class Sweep(NamedTuple):
    """The gradient of E by every pre-activation, and by the state before the first step."""

    delta: np.ndarray  # (T, B, H)
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
    the next call with that dict overwrites it. `checkpoint_every=n` keeps one state in n and computes the others
    twice: the same numbers in about n/T + 1/n of the memory. Raises ValueError for what does not fit.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta; checkpoints: Chen et al. (2016),
    "Training deep nets with sublinear memory cost".
    """
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    check_reduction(reduction)
    workspace = {} if workspace is None else workspace
    T = len(x)
    every = T if checkpoint_every is None else check_count("checkpoint_every", checkpoint_every)
    blocks = [slice(first, first + every) for first in range(0, T, every)]

    starts = [s_init]  # the state before each block
    for block in blocks[:-1]:
        starts.append(run_states(params, x[block], starts[-1], func, workspace)[-1].copy())

    E, total, ds, s_last = 0.0, None, None, None
    for block, start in zip(reversed(blocks), reversed(starts), strict=True):
        w = None if weights is None else weights[block]
        states = run_states(params, x[block], start, func, workspace)
        s_last = states[-1].copy() if s_last is None else s_last
        q = _product(states[1:], params.V.T, workspace, "q")
        E_block = score_in_place(q, params.c, y[block], w, reduction)
        gradient, _, ds = sweep_back(params, x[block], states, q, func, ds, workspace)
        E += E_block
        total = gradient if len(blocks) == 1 else _plus(gradient, total)
    return E, Backward(total, None, ds), s_last


def score_in_place(q, c, y, weights, reduction):
    """Turn the products V s_t into dE/dq_t, and return E.

    A few steps at a time, so that each of the seven passes over the logits finds them in cache.
    """
    E, steps = 0.0, 1 + LOGIT_FLOATS // q[0].size
    for first in range(0, len(q), steps):
        some = slice(first, first + steps)
        w = None if weights is None else weights[some]
        q_some = q[some]
        q_some += c
        yhat, E_some = softmax_cross_entropy(q_some, y[some], w, reduction, out=q_some)
        softmax_cross_entropy_gradient(yhat, y[some], w, reduction)
        E += E_some
    return E


def run_states(params, x, s_init, func, workspace):
    """The states buffer (T+1, B, H) of checked inputs: s_init, then one state a step.

    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-forward.
    """
    squash, _ = activation(func)
    T, (B, H) = len(x), s_init.shape
    if B == 1 and x.ndim == 3 and x.shape[2] <= FEW:
        return _run_one_sequence(params, x, s_init, squash, workspace)
    states = _buffer(workspace, "states", (T + 1, B, H), s_init.dtype)
    states[0] = s_init
    project_inputs(params.U, params.b, x, states[1:])
    hop = np.empty_like(s_init)
    WT = np.ascontiguousarray(params.W.T)  # a transposed view takes up to twice the time
    for s_prev, s in pairwise(_steps(workspace, "states", states)):
        s += s_prev.dot(WT, hop)  # s holds U x_t + b until here
        squash(s, s)
    return states


def _run_one_sequence(params, x, s_init, squash, workspace):
    """The states of one sequence by z_t = [W U b] [s_{t-1}, x_t, 1]: with few inputs, the calls of a step are its time.

    The result is a view of a buffer whose rows hold all three, so that one product is the whole sum.
    """
    (T, _, D), H = x.shape, s_init.shape[1]
    rows = _buffer(workspace, "rows", (T + 1, H + D + 1), s_init.dtype)
    rows[0, :H], rows[:-1, H:-1], rows[:, -1] = s_init[0], x[:, 0], 1
    stacked = np.hstack([params.W, params.U, params.b[:, None]]).T.copy()
    for row, s in zip(_steps(workspace, "rows", rows[:-1]), _steps(workspace, "s", rows[1:, :H]), strict=True):
        row.dot(stacked, s)
        squash(s, s)
    return rows[:, None, :H]


def sweep_back(params, x, states, dq, func, ds_last, workspace):
    """From dq = dE/dq_t of every step to the parameters' gradient, delta (T, B, H) and dE/ds_init.

    The loop carries delta alone; everything else is one product over all steps at once.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta and batched-weight-gradients.
    """
    s, s_prev = states[1:], states[:-1]
    delta, ds_init = delta_sweep(params, s, dq, func, ds_last, workspace)
    gradient = Params(
        U=input_gradient(delta, x, params.U.shape[1], workspace),
        W=_sum_of_outer(delta, s_prev, workspace, "dW"),
        V=_sum_of_outer(dq, s, workspace, "dV"),
        b=_sum_of_rows(delta),
        c=_sum_of_rows(dq),
    )
    return gradient, delta, ds_init


def delta_sweep(params, s, dq, func="tanh", ds_last=None, workspace=None):
    """delta_t = dE/dz_t of every step and dE/ds_init, from dq_t = dE/dq_t: one sweep back for the whole batch.

    Shapes: s (T, B, H), dq (T, B, K); `ds_last` (B, H) is the gradient that reaches the last state from later steps,
    none by default. Raises ValueError for an unknown func.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta.
    """
    _, squash_derivative = activation(func)
    workspace = {} if workspace is None else workspace
    hop = np.zeros_like(s[0]) if ds_last is None else ds_last.astype(s.dtype)
    if dq.shape[1] == 1 and dq.shape[2] <= FEW:
        return _sweep_one_sequence(params, s, dq, squash_derivative, hop, workspace)
    delta = _product(dq, params.V, workspace, "delta")  # V^T dq: what each state hears from its own prediction
    deltas = _steps(workspace, "delta", delta)
    for delta_t, slope_t in zip(deltas[::-1], slopes_from_the_end(s, squash_derivative, workspace), strict=True):
        delta_t += hop
        delta_t *= slope_t
        delta_t.dot(params.W, hop)
    return Sweep(delta, hop)


def _sweep_one_sequence(params, s, dq, squash_derivative, ds_last, workspace):
    """The sweep of one sequence by dE/ds_t = [delta_{t+1}, dq_t] [W; V]: with few classes, its calls are its time.

    Row t of the buffer holds delta_t and dq_{t-1}; its last entry is 1 where `ds_last` comes in, which is in row T.
    """
    (T, _, K), H = dq.shape, s.shape[2]
    rows = _buffer(workspace, "back", (T + 1, H + K + 1), s.dtype)
    rows[T, :H], rows[0, H:-1], rows[1:, H:-1], rows[:-1, -1], rows[T, -1] = 0, 0, dq[:, 0], 0, 1
    stacked = np.vstack([params.W, params.V, ds_last])
    later, deltas = _steps(workspace, "back", rows)[:0:-1], _steps(workspace, "delta", rows[:-1, :H])[::-1]
    ds = np.empty_like(s[0, 0])
    slopes = slopes_from_the_end(s[:, 0], squash_derivative, workspace)
    for row, delta_t, slope_t in zip(later, deltas, slopes, strict=True):
        row.dot(stacked, ds)
        np.multiply(ds, slope_t, delta_t)
    return Sweep(rows[:-1, None, :H], rows[0].dot(stacked)[None])


def slopes_from_the_end(s, squash_derivative, workspace):
    """The derivative of the squashing function at every step, the last step first.

    Computed for a few steps in one call: fewer calls than step by step, and less memory than all at once.
    """
    steps = 1 + SLOPE_FLOATS // s[0].size
    for end in range(len(s), 0, -steps):
        some = s[max(0, end - steps) : end]
        slope = squash_derivative(some, _buffer(workspace, "slope", some.shape, s.dtype))
        yield from _steps(workspace, "slope", slope)[::-1]


def project_inputs(U, b, x, out):
    """Write U x_t + b of every step to `out` (T, B, H): one product, or for tokens a selection of rows."""
    if x.ndim == 2:
        # b is added to D rows, not to T * B; the tokens are checked, and "clip" takes the rows without a second look.
        np.take(np.add(U.T, b, order="C"), x.astype(np.intp, copy=False), axis=0, out=out, mode="clip")
    else:
        _flat(x).dot(U.T, _flat(out))
        out += b


def input_gradient(delta, x, D, workspace=None):
    """dE/dU from delta_t = dE/dz_t; for tokens, the sum of delta over the places where each token stands.

    Shapes: delta (T, B, H), x (T, B, D) numbers or (T, B) integer tokens from 0 to D - 1, result (H, D).
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-weight-gradients.
    """
    if x.ndim == 3:
        return _sum_of_outer(delta, x, {} if workspace is None else workspace, "dU")
    # Sorting brings the steps of a token together, so that one product sums them: no one-hot array, no row lost.
    tokens = x.reshape(-1).astype(np.intp, copy=False)
    ordered = np.take(_flat(delta), np.argsort(tokens, kind="stable"), axis=0)
    counts = np.bincount(tokens, minlength=D)
    present = np.flatnonzero(counts)
    dU, ones = np.zeros((D, delta.shape[2]), delta.dtype), np.ones(counts.max(), delta.dtype)
    lengths, ends = counts[present].tolist(), counts.cumsum()[present].tolist()
    for token, n, end in zip(present.tolist(), lengths, ends, strict=True):
        ones[:n].dot(ordered[end - n : end], dU[token])
    return dU.T


def _predict(q, y, weights, reduction):
    if y is None:
        y, weights = np.zeros(q.shape[:-1], int), None
        return softmax_cross_entropy(q, y, weights, reduction)[0], None
    return softmax_cross_entropy(q, y, weights, reduction)


def _plus(gradient, total):
    """A new Params, as the workspace that holds `gradient` is about to be used again."""
    if total is None:
        return Params(*(g.copy() for g in gradient))
    return Params(*(g + so_far for g, so_far in zip(gradient, total, strict=True)))


def _buffer(workspace, name, shape, dtype):
    key = (name, shape, dtype)
    if key not in workspace:
        workspace[key] = np.empty(shape, dtype)
    return workspace[key]


def _steps(workspace, name, buffer):
    """The steps of a buffer of the workspace; small ones as views made once, which saves a tenth at B = 1."""
    if buffer[0].size > SMALL_STEP:
        return buffer
    key = ("steps", name, buffer.shape, buffer.dtype)
    if key not in workspace:
        workspace[key] = list(buffer)
    return workspace[key]


def _product(a, matrix, workspace, name):
    """a @ matrix for a (T, B, n), as one matrix product."""
    out = _buffer(workspace, name, (*a.shape[:2], matrix.shape[1]), a.dtype)
    _flat(a).dot(matrix, _flat(out))
    return out


def _sum_of_outer(a, b, workspace, name):
    """The outer products of a[t, n] and b[t, n], summed over every step and sequence: one product."""
    out = _buffer(workspace, name, (a.shape[2], b.shape[2]), a.dtype)
    return np.matmul(_flat(a).T, _flat(b), out=out)  # dot would copy an array that is part of another's rows


def _sum_of_rows(a):
    """The sum of a (T, B, n) over every step and sequence, as a product, which is faster than sum()."""
    return np.ones(a.shape[0] * a.shape[1], a.dtype).dot(_flat(a))


def _flat(a):
    return a.reshape(-1, a.shape[-1])
