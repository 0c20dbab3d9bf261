"""What the LSTM and the GRU share with each other: stacked gates, and everything outside the recurrence.

The weights of all gates lie one below the other, H rows a gate, so that one product serves them all.
"""

from typing import NamedTuple

import numpy as np

from rnnlib.inputs import input_gradient, project_inputs
from rnnlib.losses import softmax_cross_entropy, softmax_cross_entropy_gradient
from rnnlib.params import init_params
from rnnlib.rnn import Backward
from rnnlib.sequence import checked_data, in_one_dtype
from rnnlib.validate import check_numbers, check_params, check_reduction


class Params(NamedTuple):
    """The parameters of a network with G gates, or the gradient of E with respect to them."""

    U: np.ndarray  # (G*H, D) input to gates
    W: np.ndarray  # (G*H, H) state to gates
    V: np.ndarray  # (K, H) state to logits
    b: np.ndarray  # (G*H,) bias of the gates
    c: np.ndarray  # (K,) bias of the logits


def init_gates(rng, gates, D, H, K, scale, dtype):
    """Random parameters of `gates` gates, each drawn as `init_params` draws those of the simple network.

    Shapes: as in Params with G = `gates`. Raises ValueError for a size below 1.
    """
    drawn = [init_params(rng, D, H, K, scale, dtype) for _ in range(gates)]
    U, W, b = (np.concatenate([getattr(gate, name) for gate in drawn]) for name in "UWb")
    return Params(U, W, drawn[0].V, b, drawn[0].c)


def checked(params, x, s_init, y, weights, gates, parts=()):
    """Checked arguments of one dtype; `parts` is (2,) if the state is a pair.

    Shapes: as for the forward pass of `rnnlib.lstm` or `rnnlib.gru`. Raises ValueError for what does not fit.
    """
    params = check_params(params, gates)
    x, y, weights = checked_data(x, y, weights, params.U.shape[1], params.V.shape[0])
    s_init = check_numbers("s_init", s_init)
    expected = (*parts, x.shape[1], params.W.shape[1])
    if s_init.shape != expected:
        raise ValueError(f"s_init has shape {s_init.shape}, expected {expected}")
    return in_one_dtype(params, x, s_init, y, weights)


def project(params, x):
    """U x_t + b of every step and gate, in one product or by selection of rows: (T, B, G*H)."""
    out = np.empty((*x.shape[:2], len(params.b)), params.U.dtype)
    project_inputs(params.U, params.b, x, out)
    return out


def read_out(params, s, y, weights, reduction):
    """Predictions (T, B, K) from the states s (T, B, H), and E, which is None without targets."""
    q = s @ params.V.T + params.c
    scored = np.zeros(q.shape[:-1], int) if y is None else y
    yhat, E = softmax_cross_entropy(q, scored, weights, check_reduction(reduction))
    return yhat, None if y is None else E


def read_back(params, x, fwd, y, weights, reduction):
    """From E back to the states: dE/ds_t by the prediction of step t alone (T, B, H), dV and dc.

    Raises ValueError if `fwd` is not the forward pass of inputs like x.
    """
    expected = (*x.shape[:2], params.W.shape[1])
    if fwd.s.shape != expected:
        raise ValueError(f"fwd holds s of shape {fwd.s.shape}, expected {expected}")
    dq = softmax_cross_entropy_gradient(fwd.yhat.copy(), y, weights, check_reduction(reduction))
    return dq @ params.V, sum_of_outer(dq, fwd.s), dq.sum(axis=(0, 1))


def from_later(fwd, ds_last):
    """The gradient that reaches the last state from later steps, zero if `ds_last` is None.

    Raises ValueError unless it has the shape of the state.
    """
    if ds_last is None:
        return np.zeros_like(fwd.states[0])
    ds_last = check_numbers("ds_last", ds_last)
    if ds_last.shape != fwd.states[0].shape:
        raise ValueError(f"ds_last has shape {ds_last.shape}, expected {fwd.states[0].shape}")
    return ds_last


def collect(params, x, delta, dW, dV, dc, ds_init):
    """Backward from delta = dE/dz (T, B, G*H) of every gate and the gradients found so far."""
    dU = input_gradient(delta, x, params.U.shape[1], {})
    dx = None if x.ndim == 2 else delta @ params.U
    return Backward(Params(dU, dW, dV, delta.sum(axis=(0, 1)), dc), dx, ds_init)


def sum_of_outer(a, b):
    """The outer products of a[t, n] and b[t, n], summed over every step and sequence, as one product."""
    return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])
