"""One step of the simple recurrent network, forward and backward."""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.losses import softmax


class StepBackward(NamedTuple):
    """What one step hands back: its immediate gradients, and the gradients for the step below and before."""

    U: np.ndarray  # (H, D) this step's part of dE/dU
    W: np.ndarray  # (H, H) this step's part of dE/dW
    b: np.ndarray  # (H,) this step's part of dE/db
    x: np.ndarray  # (B, D) dE/dx_t
    s_prev: np.ndarray  # (B, H) dE/ds_{t-1} by way of s_t


class PredictBackward(NamedTuple):
    """What one prediction hands back: its immediate gradients, and the gradient for the state below."""

    V: np.ndarray  # (K, H) this step's part of dE/dV
    c: np.ndarray  # (K,) this step's part of dE/dc
    s_t: np.ndarray  # (B, H) dE/ds_t by way of this prediction alone


def step(params, x_t, s_prev, func="tanh"):
    """The next state s_t = func(U x_t + W s_{t-1} + b).

    Shapes: x_t (B, D), s_prev (B, H), result (B, H); without the B axis too. Real or complex. Raises ValueError for
    an unknown func. Source: the chapter "Vectors and matrices" (book/vectors.md), eq. state-update.
    """
    squash, _ = activation(func)
    return squash(x_t @ params.U.T + s_prev @ params.W.T + params.b)


def step_backward(params, x_t, s_prev, s_t, ds_t, func="tanh"):
    """The gradients of one step, given the total derivative ds_t = dE/ds_t, as StepBackward.

    Shapes: x_t (B, D); s_prev, s_t and ds_t (B, H). Nothing is changed in place. Raises ValueError for an unknown
    func. Source: the chapter "Vectors and matrices" (book/vectors.md), eq. delta-recursion and immediate-derivative.
    """
    _, squash_derivative = activation(func)
    delta = ds_t * squash_derivative(s_t)
    return StepBackward(
        U=delta.T @ x_t,
        W=delta.T @ s_prev,
        b=delta.sum(axis=0),
        x=delta @ params.U,
        s_prev=delta @ params.W,
    )


def predict(params, s_t):
    """The prediction yhat_t = softmax(V s_t + c).

    Shapes: s_t (..., H), result (..., K). Source: the chapter "Vectors and matrices" (book/vectors.md), eq. prediction.
    """
    return softmax(s_t @ params.V.T + params.c)


def predict_backward(params, s_t, dq_t):
    """The gradients of one prediction, given dq_t = dE/dq_t for the logits q_t = V s_t + c, as PredictBackward.

    Shapes: s_t (B, H), dq_t (B, K). Nothing is changed in place.
    Source: the chapter "Vectors and matrices" (book/vectors.md), eq. prediction.
    """
    return PredictBackward(V=dq_t.T @ s_t, c=dq_t.sum(axis=0), s_t=dq_t @ params.V)
