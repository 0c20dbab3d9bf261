"""What the gated networks share: stacked gates, and everything outside the recurrence.

The weights of all gates lie one below the other, H rows per gate, so that one product serves them all.
"""

import numpy as np

from rnnlib.inputs import input_gradient, outer_sum
from rnnlib.losses import softmax_cross_entropy, softmax_cross_entropy_gradient
from rnnlib.params import Params, init_params
from rnnlib.rnn import Backward
from rnnlib.validate import check_numbers, check_params, check_reduction, checked_data, in_one_dtype


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


def read_out(params, s, y, weights, reduction):
    """Predictions from the states, and E, which is None without targets.

    Shapes: s (T, B, H), the predictions (T, B, K). Raises ValueError for an unknown reduction.
    """
    return softmax_cross_entropy(s @ params.V.T + params.c, y, weights, check_reduction(reduction))


def read_back(params, x, fwd, y, weights, reduction):
    """From E back to the states: dE/ds_t by way of the prediction of step t alone, dV and dc.

    Shapes: s and dE/ds (T, B, H), dV (K, H), dc (K,). Raises ValueError if `fwd` is not the forward pass of inputs
    like x.
    """
    expected = (*x.shape[:2], params.V.shape[1])
    if fwd.s.shape != expected:
        raise ValueError(f"fwd holds s of shape {fwd.s.shape}, expected {expected}")
    dq = softmax_cross_entropy_gradient(fwd.yhat, y, weights, check_reduction(reduction))
    return dq @ params.V, outer_sum(dq, fwd.s), dq.sum(axis=(0, 1))


def from_later(fwd, ds_last):
    """The gradient that reaches the last state from later steps, zero if `ds_last` is None.

    Shapes: as the state. Raises ValueError for another shape.
    """
    if ds_last is None:
        return np.zeros_like(fwd.states[0])
    ds_last = check_numbers("ds_last", ds_last)
    if ds_last.shape != fwd.states[0].shape:
        raise ValueError(f"ds_last has shape {ds_last.shape}, expected {fwd.states[0].shape}")
    return ds_last


def collect(params, x, delta, dW, dV, dc, ds_init):
    """Backward from delta = dE/dz of every gate and the gradients found so far.

    Shapes: delta (T, B, G*H), the rest as the arrays whose gradients they are.
    """
    dU = input_gradient(delta, x, params.U.shape[1])
    dx = None if x.ndim == 2 else delta @ params.U
    return Backward(Params(dU, dW, dV, delta.sum(axis=(0, 1)), dc), dx, ds_init)
