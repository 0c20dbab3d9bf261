"""The two walks through time, forward over the states and back over delta, for a batch at once.

s_t = tanh(U x_t + W s_{t-1} + b), delta_t = dE/dz_t. Nothing here is checked: that was done by the caller.
Source: the chapter "Vectorised BPTT" (book/vectorised.md).
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.buffers import buffer, product, steps
from rnnlib.inputs import project_inputs

PIECE_ROWS = 2**11  # rows of all sequences that are worked on together: more of them would leave the cache
FEW = 16  # inputs or classes: with more of them, one product for all steps saves more time than a call a step


class Sweep(NamedTuple):
    """The gradient of E by every pre-activation, and by the state before the first step."""

    delta: np.ndarray  # (T, B, H)
    s_init: np.ndarray  # (B, H)


@lru_cache
def pieces(T, B, rows=PIECE_ROWS):
    """The T steps as a tuple of slices in order, each of at most `rows` rows of B sequences, to stay in cache."""
    most = max(1, rows // B)
    length = math.ceil(T / math.ceil(T / most))  # about as long as each other
    return tuple(slice(max(0, stop - length), stop) for stop in range(T, 0, -length))[::-1]


def run_states(params, x, s_init, func, workspace):
    """The states buffer (T+1, B, H) of checked inputs: s_init, then one state a step.

    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-forward.
    """
    squash, _ = activation(func)
    T, (B, H) = len(x), s_init.shape
    if B == 1 and x.ndim == 3 and x.shape[2] <= FEW:
        return _run_one_sequence(params, x, s_init, squash, workspace)
    states = buffer(workspace, "states", (T + 1, B, H), s_init.dtype)
    states[0] = s_init
    every_s = steps(workspace, "states", states)
    hop = np.empty_like(s_init)
    WT = np.ascontiguousarray(params.W.T)  # a transposed view takes up to twice the time
    # Tokens in one go, as their projection begins with a table of all D rows.
    for piece in pieces(T, B) if x.ndim == 3 else [slice(0, T)]:
        project_inputs(params.U, params.b, x[piece], states[1:][piece])
        for s_prev, s in pairwise(every_s[piece.start : piece.stop + 1]):
            s += s_prev.dot(WT, hop)  # s holds U x_t + b until here
            squash(s, s)
    return states


def _run_one_sequence(params, x, s_init, squash, workspace):
    """The states of one sequence by z_t = [W U b] [s_{t-1}, x_t, 1]: with few inputs, the calls of a step are its time.

    The result is a view of a buffer whose rows hold all three, so that one product is the whole sum.
    """
    (T, _, D), H = x.shape, s_init.shape[1]
    rows = buffer(workspace, "rows", (T + 1, H + D + 1), s_init.dtype)
    rows[0, :H], rows[:-1, H:-1], rows[:, -1] = s_init[0], x[:, 0], 1
    stacked = np.hstack([params.W, params.U, params.b[:, None]]).T.copy()
    for row, s in zip(steps(workspace, "rows", rows[:-1]), steps(workspace, "s", rows[1:, :H]), strict=True):
        row.dot(stacked, s)
        squash(s, s)
    return rows[:, None, :H]


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
    delta = product(dq, params.V, workspace, "delta")  # V^T dq: what each state hears from its own prediction
    every_delta = steps(workspace, "delta", delta)
    for few in reversed(pieces(*s.shape[:2], PIECE_ROWS // 4)):
        slope = squash_derivative(s[few], buffer(workspace, "slope", s[few].shape, s.dtype))
        for delta_t, slope_t in zip(every_delta[few][::-1], steps(workspace, "slope", slope)[::-1], strict=True):
            delta_t += hop
            delta_t *= slope_t
            delta_t.dot(params.W, hop)
    return Sweep(delta, hop)


def _sweep_one_sequence(params, s, dq, squash_derivative, ds_last, workspace):
    """The sweep of one sequence by dE/ds_t = [delta_{t+1}, dq_t] [W; V]: with few classes, its calls are its time.

    Row t of the buffer holds delta_t and dq_{t-1}; its last entry is 1 where `ds_last` comes in, which is in row T.
    """
    (T, _, K), H = dq.shape, s.shape[2]
    rows = buffer(workspace, "back", (T + 1, H + K + 1), s.dtype)
    rows[T, :H], rows[0, H:-1], rows[1:, H:-1], rows[:-1, -1], rows[T, -1] = 0, 0, dq[:, 0], 0, 1
    stacked = np.vstack([params.W, params.V, ds_last])
    slope = squash_derivative(s[:, 0], buffer(workspace, "slope", (T, H), s.dtype))
    later, every_slope = steps(workspace, "back", rows)[:0:-1], steps(workspace, "slope", slope)[::-1]
    every_delta = steps(workspace, "delta", rows[:-1, :H])[::-1]
    ds = np.empty_like(s[0, 0])
    for row, delta_t, slope_t in zip(later, every_delta, every_slope, strict=True):
        row.dot(stacked, ds)
        np.multiply(ds, slope_t, delta_t)
    return Sweep(rows[:-1, None, :H], rows[0].dot(stacked)[None])
