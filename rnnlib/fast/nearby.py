"""E of the simple network at many points at once, each one entry of the parameters away from the same place.

This is the function that `rnnlib.gradcheck.vectorised_central_difference` asks for. The copies differ from the common
point in a single entry, so none is ever built: they share every product with W and V as rows of one large batch, and
the moved entry adds its own term, step * (what that entry multiplies).
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.fast.sweep import run_states
from rnnlib.inputs import project
from rnnlib.losses import softmax, softmax_cross_entropy
from rnnlib.validate import check_reduction, checked_sequence


class Base(NamedTuple):
    """What all copies share: the checked arguments and the pass at the unmoved point."""

    params: tuple
    x: np.ndarray
    states: np.ndarray  # (T+1, B, H)
    z_input: np.ndarray  # (T, B, H), U x_t + b
    q: np.ndarray  # (T, B, K), the logits
    share: np.ndarray  # (T, B, K), what each log-probability counts in -E
    E: float


def nearby_errors(x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """The function f for `vectorised_central_difference` on the parameters of the simple network.

    `f(params)` runs the network once and returns `errors(field, index, step)`, which gives E with one entry of one
    field moved, for N moves at once. Shapes: x, s_init, y and weights as for `rnnlib.rnn.forward`; `index` a tuple of
    int arrays (N,), one for each axis of the field; `step` (N,); the result (N,), float64. Raises ValueError for what
    does not fit. Source: the chapter "Checking gradients" (book/checking.md), eq. batched-difference.
    """
    squash, _ = activation(func)
    check_reduction(reduction)

    def errors_near(params):
        base = _base(*checked_sequence(params, x, s_init, y, weights), func, reduction)

        def errors(field, index, step):
            if field in ("V", "c"):
                return _output_moved(base, field, index, step)
            return _state_moved(base, _moved_states(base, field, index, step, squash))

        return errors

    return errors_near


def _base(params, x, s_init, y, weights, func, reduction):
    states = run_states(params, x, s_init, func, {})
    z_input = project(params.U, params.b, x)
    q = states[1:] @ params.V.T + params.c
    _, E = softmax_cross_entropy(q, y, weights, reduction)
    return Base(params, x, states, z_input, q, _share(y, weights, q.shape, reduction), E)


def _share(y, weights, shape, reduction):
    """What each log-probability counts in -E, (T, B, K): the target, times the weight, over the batch."""
    share = np.eye(shape[-1])[y] if y.ndim == 2 else y.astype(float)
    share = share if weights is None else share * weights[..., None]
    return share / shape[1] if reduction == "mean" else share


def _moved_states(base, field, index, step, squash):
    """The states of all copies, (T, N, B, H): the moved row i of z_t gets step * (x_t, s_{t-1} or 1)."""
    (T, B, H), N = base.z_input.shape, len(step)
    # Where unit i of each copy and sequence lies in a flat (N, B, H): quicker than the index [copy, :, i].
    begin = H * np.arange(N * B).reshape(N, B)
    i, j = begin + index[0][:, None], begin + index[-1][:, None]
    step, WT = step[:, None], np.ascontiguousarray(base.params.W.T)
    s = np.empty((T, N, B, H))
    s_prev = np.tile(base.states[0], (N, 1, 1))
    for t in range(T):
        z = s[t]
        s_prev.reshape(-1, H).dot(WT, z.reshape(-1, H))
        z += base.z_input[t]
        if field == "W":
            z.reshape(-1)[i] += step * s_prev.reshape(-1)[j]
        else:
            z.reshape(-1)[i] += step * (1.0 if field == "b" else _entries(base.x[t], index[1]))
        squash(z, z)
        s_prev = z
    return s


def _state_moved(base, s):
    """E of all copies, (N,), from their states (T, N, B, H)."""
    T, N, B, H = s.shape
    V, c, share = base.params.V, base.params.c, base.share
    K = len(c)
    q = (s.reshape(-1, H) @ V.T).reshape(T, N, B, K)
    # The unmoved logits are so close that their row maximum serves as shift.
    q += (c - base.q.max(axis=-1, keepdims=True))[:, None]
    hit = np.matmul(q.reshape(T, N, B * K), share.reshape(T, B * K, 1))
    log_sum = np.log(np.exp(q, out=q).reshape(-1, K) @ np.ones(K))  # a product sums a short axis faster than .sum
    return (np.matmul(log_sum.reshape(T, N, B), share.sum(axis=-1)[:, :, None]) - hit).sum(axis=(0, 2))


def _entries(x_t, j):
    """Entry j of the input of each sequence, (N, B); of a token's one-hot row if the inputs are tokens."""
    return (x_t == j[:, None]).astype(float) if x_t.ndim == 1 else x_t[:, j].T


def _output_moved(base, field, index, step):
    """E for N moves of an entry of V or c, (N,): the states stay, and of the logits q_t only the k-th moves."""
    s, share, k = base.states[1:], base.share, index[0]
    move = step * (s[..., index[1]] if field == "V" else np.ones_like(s[..., :1]))  # (T, B, N)
    growth = np.log1p(softmax(base.q)[..., k] * np.expm1(move))  # of log(sum_j exp(q_j))
    return base.E + np.tensordot(share.sum(axis=-1), growth, 2) - (share[..., k] * move).sum(axis=(0, 1))
