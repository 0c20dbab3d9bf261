"""The two-step scalar network: every letter of the derivation has a variable of the same name.

Two inputs x_0, x_1 go in one after the other, one prediction comes out at the end (many-to-one). All
quantities are single numbers, except at the output: `v` has two entries, one per class, because a softmax
over a single number is always 1. Give `v` as a single number for the logistic reading of the output,
o = sigmoid(q). Source for the whole module: the chapter "Two steps by hand" (book/two-step.md).
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation, sigmoid
from rnnlib.losses import softmax


class Params(NamedTuple):
    """The parameters, or the gradient of E with respect to them."""

    u: float  # input weight
    w: float  # recurrent weight
    v: np.ndarray  # output weights, (2,); a number for the logistic reading
    k: float  # bias


class Forward(NamedTuple):
    """Every intermediate value of the forward passes."""

    a_0: float
    b_0: float
    z_0: float
    s_0: float
    a_1: float
    b_1: float
    z_1: float
    s_1: float
    q: np.ndarray  # logits, shape of v
    o: np.ndarray  # predicted probabilities, shape of v
    E: float


class Backward(NamedTuple):
    """Every derivative of the backward sweep, in the order in which it is found."""

    dE_dq: np.ndarray  # shape of v
    dE_ds_1: float
    ds_1_dz_1: float
    dE_dz_1: float
    dE_ds_0: float
    ds_0_dz_0: float
    dE_dz_0: float
    by_step: Params  # u, w, k: shape (2,), entry t is the part of step t; v: used in step 1 only
    total: Params  # dE/du, dE/dw, dE/dv, dE/dk
    s_init: float  # dE/ds_{-1}


def forward(params, x, s_init, y, func="tanh"):
    """Both forward passes and the output pass, with every intermediate value.

    Shapes: x (2,); s_init a number; y (2,) target probabilities, or one number for the logistic reading.
    `func` is "tanh" or "sigmoid". Real or complex. Raises ValueError for other shapes or another func.
    Source: eq. forward-1, forward-2 and output-pass.
    """
    squash, _ = activation(func)
    x, y, v = _checked(x, y, params.v)

    a_0 = x[0] * params.u
    b_0 = s_init * params.w
    z_0 = a_0 + b_0 + params.k
    s_0 = squash(z_0)

    a_1 = x[1] * params.u
    b_1 = s_0 * params.w
    z_1 = a_1 + b_1 + params.k
    s_1 = squash(z_1)

    q = v * s_1
    o = softmax(q) if q.ndim else sigmoid(q)  # eq. logistic-bridge: the sigmoid is a softmax of (q, 0)
    return Forward(a_0, b_0, z_0, s_0, a_1, b_1, z_1, s_1, q, o, cross_entropy_of_probabilities(o, y))


def cross_entropy_of_probabilities(o, y):
    """E = -sum_i y_i log o_i, or -y log o - (1 - y) log(1 - o) for a single output.

    Takes probabilities, where `rnnlib.losses.cross_entropy` takes logits. Shapes: o and y (2,) or () alike; the result
    is a number. Source: eq. output-pass.
    """
    if np.ndim(o) == 0:
        o, y = np.stack([o, 1 - o]), np.stack([y, 1 - y])
    return -np.sum(y * np.log(o))


def output_gradient(o, y):
    """dE/dq of cross-entropy after softmax, for targets of any sum: o_i sum_j y_j - y_i, or o - y when that sum is 1.

    Shapes: o and y (2,), result (2,); or all of them () for the logistic reading. Source: eq. output-gradient.
    """
    return o * np.sum(y) - y if np.ndim(o) else o - y


def gradient_by_step(params, x, s_init, y, func="tanh"):
    """The part of the gradient that each step's own copy of u, w and k receives, as Params.

    Shapes: as for `forward`; u, w and k of the result are (2,) with entry t for step t, v is dE/dv.
    Raises ValueError as `forward` does. Source: eq. chain-u-1 to chain-w-0.
    """
    return backward(params, x, s_init, y, func).by_step


def gradient(params, x, s_init, y, func="tanh"):
    """The gradient (dE/du, dE/dw, dE/dv, dE/dk) as Params: the sum over both steps.

    Shapes: as for `forward`; u, w and k of the result are numbers, v has the shape of v.
    Raises ValueError as `forward` does. Source: eq. clean-u, clean-w and sum-over-t.
    """
    return backward(params, x, s_init, y, func).total


def backward(params, x, s_init, y, func="tanh"):
    """The backward sweep from E to u, w, v, k and s_{-1}, with every derivative on the way.

    Shapes: as for `forward`. Raises ValueError as `forward` does. Source: eq. chain-u-1 to sum-over-t.
    """
    _, squash_derivative = activation(func)
    x, y, v = _checked(x, y, params.v)
    f = forward(params, x, s_init, y, func)

    dE_dq = output_gradient(f.o, y)
    dE_ds_1 = np.sum(dE_dq * v)
    ds_1_dz_1 = squash_derivative(f.s_1)
    dE_dz_1 = dE_ds_1 * ds_1_dz_1

    dE_ds_0 = dE_dz_1 * params.w
    ds_0_dz_0 = squash_derivative(f.s_0)
    dE_dz_0 = dE_ds_0 * ds_0_dz_0

    delta = np.array([dE_dz_0, dE_dz_1])
    by_step = Params(u=delta * x, w=delta * np.array([s_init, f.s_0]), v=dE_dq * f.s_1, k=delta)
    total = Params(u=by_step.u.sum(), w=by_step.w.sum(), v=by_step.v, k=by_step.k.sum())
    return Backward(dE_dq, dE_ds_1, ds_1_dz_1, dE_dz_1, dE_ds_0, ds_0_dz_0, dE_dz_0, by_step, total, dE_dz_0 * params.w)


def _checked(x, y, v):
    x, y, v = np.asarray(x), np.asarray(y), np.asarray(v)
    if x.shape != (2,):
        raise ValueError(f"x has shape {x.shape}, expected (2,): one number per step")
    if v.shape not in ((), (2,)):
        raise ValueError(f"v has shape {v.shape}, expected (2,), or a single number for the logistic reading")
    if y.shape != v.shape:
        raise ValueError(f"y has shape {y.shape}, expected {v.shape}, the shape of v")
    return x, y, v
