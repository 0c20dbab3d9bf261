"""T steps of the scalar network, both ways back: the double sum over paths, and the recursion for delta.

All quantities are single numbers, except at the output, which has two classes: params is a `rnnlib.scalar.Params`
with v (2,). Source for the whole module: the chapter "T steps" (book/t-steps.md).
"""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.losses import cross_entropy, output_gradient, softmax


class Forward(NamedTuple):
    """What the forward pass leaves for the way back."""

    states: np.ndarray  # (T+1,) s_init, then every state
    dE_ds: np.ndarray  # (T,) what each state hears from its own error, dE_t/ds_t
    E: float


class Gradient(NamedTuple):
    """The gradient of E with respect to all that acts through the states."""

    u: float
    w: float
    k: float
    s_init: float


def forward(params, x, s_init, y, func="tanh"):
    """Every state, dE_t/ds_t of every step, and E, the sum of all errors.

    Shapes: x (T,), s_init a number, y (T,) integer labels. Real or complex. Raises ValueError for an unknown func.
    """
    squash, _ = activation(func)
    states = [s_init]
    for x_t in x:
        states.append(squash(params.u * x_t + params.w * states[-1] + params.k))
    states = np.array(states)
    q = states[1:, None] * params.v
    dE_ds = output_gradient(softmax(q), y, reduction="sum") @ params.v
    return Forward(states, dE_ds, cross_entropy(q, y, reduction="sum"))


def triangle(params, states, dE_ds, func="tanh"):
    """The part of dE/dw that each error t gives to each copy k of w: entry [t, k], and 0 where k is later than t.

    Shapes: states (T+1,) with s_init in front, dE_ds (T,), result (T, T). Raises ValueError for an unknown func.
    Source: eq. sum-over-paths.
    """
    _, squash_derivative = activation(func)
    s, s_prev = states[1:], states[:-1]
    slope = squash_derivative(s)
    parts = np.zeros((len(s), len(s)))
    for t in range(len(s)):
        path = dE_ds[t]  # dE_t/ds_k, here for k = t
        for k in range(t, -1, -1):
            parts[t, k] = path * slope[k] * s_prev[k]
            path *= slope[k] * params.w
    return parts


def sum_over_paths(params, x, states, dE_ds, func="tanh"):
    """The Gradient as a double sum over errors and copies; O(T^2).

    Shapes: x (T,), the rest as for `triangle`. Raises ValueError for an unknown func. Source: eq. sum-over-paths.
    """
    _, squash_derivative = activation(func)
    s, s_prev = states[1:], states[:-1]
    slope = squash_derivative(s)
    du = dw = dk = ds_init = 0.0
    for t in range(len(s)):
        path = dE_ds[t]
        for k in range(t, -1, -1):
            dE_dz = path * slope[k]
            du += dE_dz * x[k]
            dw += dE_dz * s_prev[k]
            dk += dE_dz
            path = dE_dz * params.w
        ds_init += path
    return Gradient(du, dw, dk, ds_init)


def delta_recursion(params, states, dE_ds, func="tanh"):
    """delta_t = dE/dz_t of every step, from the last one back; O(T).

    Shapes: as for `triangle`, result (T,). Raises ValueError for an unknown func. Source: eq. scalar-delta.
    """
    _, squash_derivative = activation(func)
    slope = squash_derivative(states[1:])
    delta, message = np.zeros(len(slope)), 0.0  # nothing comes after the last step
    for t in reversed(range(len(slope))):
        delta[t] = (dE_ds[t] + message) * slope[t]
        message = params.w * delta[t]
    return delta


def backward_recursion(params, x, states, dE_ds, func="tanh"):
    """The Gradient by the recursion for delta; O(T).

    Shapes: as for `sum_over_paths`. Raises ValueError for an unknown func. Source: eq. gradients-from-delta.
    """
    delta = delta_recursion(params, states, dE_ds, func)
    return Gradient(np.sum(delta * x), np.sum(delta * states[:-1]), np.sum(delta), params.w * delta[0])
