"""E of the simple network at many points at once, each one entry of the parameters away from the same place.

This is the function that `rnnlib.gradcheck.vectorised_central_difference` asks for. The copies differ from the common
point in a single entry, so none is ever built: they share every product with W and V as rows of one large batch, and
the moved entry adds its own term, step * (what that entry multiplies).
"""

import numpy as np

from rnnlib.activations import activation
from rnnlib.losses import softmax, softmax_cross_entropy
from rnnlib.rnn import project_inputs, run_states
from rnnlib.sequence import checked_sequence
from rnnlib.validate import check_reduction


def nearby_errors(x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """The function errors(params, field, index, step): E with one entry of one field moved, for N moves at once.

    Shapes: x, s_init, y and weights as for `rnnlib.rnn.forward`; `errors` returns (N,), float64, for `index` a tuple
    of int arrays (N,), one for each axis of the field, and `step` (N,). Raises ValueError for what does not fit.
    Source: the chapter "Checking" (book/checking.md), eq. batched-difference.
    """
    activation(func), check_reduction(reduction)

    def errors(params, field, index, step):
        p, x_, s, y_, w = checked_sequence(params, x, s_init, y, weights)
        states = run_states(p, x_, s, func, {})
        share = _share(y_, w, (*x_.shape[:2], len(p.c)), reduction)
        if field in ("V", "c"):
            E = softmax_cross_entropy(states[1:] @ p.V.T + p.c, y_, w, reduction)[1]
            return E + _output_moved(p, states[1:], share, field, index, step)
        return _state_moved(p, x_, states, share, field, index, step, func)

    return errors


def _share(y, weights, shape, reduction):
    """What each log-probability counts in -E, (T, B, K): the target, times the weight, over the batch."""
    share = np.eye(shape[-1])[y] if y.ndim == 2 else y.astype(float)
    share = share if weights is None else share * weights[..., None]
    return share / shape[1] if reduction == "mean" else share


def _state_moved(params, x, states, share, field, index, step, func):
    """E for N moves of an entry of U, W or b: the moved row i of z_t gets step * (x_t, s_{t-1} or 1)."""
    squash, _ = activation(func)
    (T, B), H, N = x.shape[:2], len(params.b), len(step)
    copy, i = np.arange(N), index[0]
    z_input = np.empty((T, B, H))
    project_inputs(params.U, params.b, x, z_input)
    s = np.empty((T, N, B, H))
    s_prev, WT = np.tile(states[0], (N, 1, 1)), np.ascontiguousarray(params.W.T)
    for t in range(T):
        z = s[t]
        s_prev.reshape(-1, H).dot(WT, z.reshape(-1, H))
        z += z_input[t]
        z[copy, :, i] += step[:, None] * _multiplied(field, index, x[t], s_prev, copy)
        squash(z, z)
        s_prev = z
    q = (s.reshape(-1, H) @ params.V.T).reshape(T, N, B, -1)
    # The unmoved logits are so close that their row maximum serves as shift.
    q += (params.c - (states[1:] @ params.V.T + params.c).max(axis=-1, keepdims=True))[:, None]
    K = q.shape[-1]
    hit = np.matmul(q.reshape(T, N, B * K), share.reshape(T, B * K, 1))
    log_sum = np.log(np.exp(q, out=q).reshape(-1, K) @ np.ones(K))  # a product sums a short axis faster than .sum
    return (np.matmul(log_sum.reshape(T, N, B), share.sum(axis=-1)[:, :, None]) - hit).sum(axis=(0, 2))


def _multiplied(field, index, x_t, s_prev, copy):
    """What the moved entry multiplies in z_t, (N, B)."""
    if field == "b":
        return 1.0
    j = index[1]
    if field == "W":
        return s_prev[copy, :, j]
    return (x_t == j[:, None]).astype(float) if x_t.ndim == 1 else x_t[:, j].T


def _output_moved(params, s, share, field, index, step):
    """The growth of E for N moves of an entry of V or c: the states stay, and of the logits q_t only the k-th moves."""
    yhat = softmax(s @ params.V.T + params.c)
    k = index[0]
    move = step * (s[..., index[1]] if field == "V" else np.ones_like(s[..., :1]))  # (T, B, N)
    growth = np.log1p(yhat[..., k] * np.expm1(move))  # of log(sum_j exp(q_j))
    return np.tensordot(share.sum(axis=-1), growth, 2) - (share[..., k] * move).sum(axis=(0, 1))
