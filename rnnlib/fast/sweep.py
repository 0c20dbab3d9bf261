"""The two walks through time, forward over the states and back over delta, written for speed.

s_t = tanh(U x_t + W s_{t-1} + b), delta_t = dE/dz_t. Nothing here is checked: that was done by the caller.
Source: the chapter "Vectorised BPTT" (book/vectorised.md).
"""

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np

from rnnlib.activations import activation
from rnnlib.fast.buffers import buffer, product, steps
from rnnlib.fast.inputs import project_inputs
from rnnlib.rnn import Sweep

PIECE_ROWS = 2**11  # rows of all sequences that are worked on together: more of them would leave the cache
SLOPE_ROWS = PIECE_ROWS // 4  # a sweep back reads and writes delta between two slopes, so fewer of them stay in cache
FEW = 16  # inputs or classes: with more of them, one product for all steps saves more time than a call per step


@lru_cache
def pieces(T, B, rows=PIECE_ROWS):
    """The T steps as a tuple of slices in order, each of at most `rows` rows of B sequences, to stay in cache.

    Shapes: T, B and rows are numbers. Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. piece-memory.
    """
    most = max(1, rows // B)
    length = math.ceil(T / math.ceil(T / most))  # about as long as each other
    return tuple(slice(max(0, stop - length), stop) for stop in range(T, 0, -length))[::-1]


def run_states(params, x, s_init, func, workspace):
    """The states buffer of checked inputs: s_init, then one state per step.

    Shapes: x (T, B, D) or (T, B), s_init (B, H), result (T+1, B, H).
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-forward.
    """
    squash, _ = activation(func)
    T, (B, H) = len(x), s_init.shape
    if B == 1 and x.ndim == 3 and x.shape[2] <= FEW:
        return _run_one_sequence(params, x, s_init, squash, workspace)
    states = buffer(workspace, "states", (T + 1, B, H), s_init.dtype)
    states[0] = s_init
    every_s = steps(workspace, "states", states)
    through_W = np.empty_like(s_init)
    WT = np.ascontiguousarray(params.W.T)  # a transposed view takes up to twice the time
    # Tokens in one go: their projection begins with a table of all D rows, made once. Numbers while they are in cache.
    in_pieces = pieces(T, B) if x.ndim == 3 else (slice(0, T),)
    for piece in in_pieces:
        project_inputs(params.U, params.b, x[piece], states[1:][piece])
        for s_prev, s in pairwise(every_s[piece.start : piece.stop + 1]):
            s += s_prev.dot(WT, through_W)  # s holds U x_t + b until here
            squash(s, s)
    return states


def _run_one_sequence(params, x, s_init, squash, workspace):
    """The states of one sequence by z_t = [W U b] [s_{t-1}, x_t, 1].

    With few inputs, call overhead dominates, so one stacked product replaces three. The result is a view of a buffer
    whose rows hold s_{t-1}, x_t and 1 side by side, so that one product is the whole sum.
    """
    (T, _, D), H = x.shape, s_init.shape[1]
    rows = buffer(workspace, "rows", (T + 1, H + D + 1), s_init.dtype)
    rows[0, :H] = s_init[0]
    rows[:-1, H:-1] = x[:, 0]
    rows[:, -1] = 1
    stacked = np.hstack([params.W, params.U, params.b[:, None]]).T.copy()
    for row, s in zip(steps(workspace, "rows", rows[:-1]), steps(workspace, "s", rows[1:, :H]), strict=True):
        row.dot(stacked, s)
        squash(s, s)
    return rows[:, None, :H]


def delta_sweep(params, s, dq, func, ds_last, workspace):
    """delta_t = dE/dz_t of every step and dE/ds_init, as `rnnlib.rnn.delta_sweep` computes them.

    Shapes: as there; the result lies in the workspace.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta.
    """
    _, squash_derivative = activation(func)
    message = np.zeros_like(s[0]) if ds_last is None else ds_last.astype(s.dtype)
    if dq.shape[1] == 1 and dq.shape[2] <= FEW:
        return _sweep_one_sequence(params, s, dq, squash_derivative, message, workspace)
    delta = product(dq, params.V, workspace, "delta")  # V^T dq: what each state hears from its own prediction
    every_delta = steps(workspace, "delta", delta)
    for piece in reversed(pieces(*s.shape[:2], SLOPE_ROWS)):
        slope = squash_derivative(s[piece], buffer(workspace, "slope", s[piece].shape, s.dtype))
        for delta_t, slope_t in zip(every_delta[piece][::-1], steps(workspace, "slope", slope)[::-1], strict=True):
            delta_t += message
            delta_t *= slope_t
            delta_t.dot(params.W, message)
    return Sweep(delta, message)


def _sweep_one_sequence(params, s, dq, squash_derivative, ds_last, workspace):
    """The sweep of one sequence by dE/ds_t = [delta_{t+1}, dq_t] [W; V].

    With few classes, call overhead dominates, so one stacked product replaces two. Row t of the buffer holds delta_t
    and dq_{t-1}; its last entry is 1 where `ds_last` comes in, which is in row T.
    """
    (T, _, K), H = dq.shape, s.shape[2]
    rows = buffer(workspace, "back", (T + 1, H + K + 1), s.dtype)
    rows[T, :H] = 0  # no step comes after the last
    rows[0, H:-1] = 0  # and no prediction before the first
    rows[1:, H:-1] = dq[:, 0]
    rows[:-1, -1] = 0
    rows[T, -1] = 1
    stacked = np.vstack([params.W, params.V, ds_last])
    slope = squash_derivative(s[:, 0], buffer(workspace, "slope", (T, H), s.dtype))
    later, every_slope = steps(workspace, "back", rows)[:0:-1], steps(workspace, "slope", slope)[::-1]
    every_delta = steps(workspace, "delta", rows[:-1, :H])[::-1]
    ds = np.empty_like(s[0, 0])
    for row, delta_t, slope_t in zip(later, every_delta, every_slope, strict=True):
        row.dot(stacked, ds)
        np.multiply(ds, slope_t, delta_t)
    return Sweep(rows[:-1, None, :H], rows[0].dot(stacked)[None])
