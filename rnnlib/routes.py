"""Six routes to one gradient; the vectorised one, (c), is `rnnlib.rnn.backward`.

Every route takes the arguments of `rnnlib.rnn.loss_and_gradient`, and returns dE/d(params) as Params. All share the
forward pass; (a), (b), (c) and (d) also share dE/dq, the first step of the way back, and nothing after it. So their
agreement is worth something.
"""

import numpy as np

from rnnlib.activations import activation
from rnnlib.gradcheck import central_difference, complex_step
from rnnlib.losses import output_gradient
from rnnlib.params import Params
from rnnlib.rnn import backward, forward
from rnnlib.validate import checked_sequence


def sum_over_paths(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """Route (a): for every error E_t and every earlier copy k of the weights, E_t's part through that copy; O(T^2).

    Shapes: as for `rnnlib.rnn.forward`; result Params. Raises ValueError as that does.
    Source: the chapter "T steps" (book/t-steps.md), eq. sum-over-paths.
    """
    _, squash_derivative = activation(func)
    params, fwd, dq, x = _forward_and_dq(params, x, s_init, y, weights, func, reduction)
    dU, dW, dV, db, dc = (np.zeros_like(p) for p in params)
    for n in range(x.shape[1]):
        slope = squash_derivative(fwd.s[:, n])
        for t in range(len(x)):
            dV += np.outer(dq[t, n], fwd.s[t, n])
            dc += dq[t, n]
            dE_ds = params.V.T @ dq[t, n]  # of E_t alone, with respect to s_t
            path = np.eye(len(dE_ds))  # ds_t/ds_k, here for k = t
            for k in range(t, -1, -1):
                dE_dz = (dE_ds @ path) * slope[k]
                dU += np.outer(dE_dz, x[k, n])  # the immediate derivative of z_k with respect to its own U_k is x_k
                dW += np.outer(dE_dz, fwd.s_prev[k, n])
                db += dE_dz
                path = path @ (slope[k][:, None] * params.W)  # one hop further back: ds_t/ds_{k-1}
    return Params(dU, dW, dV, db, dc)


def backward_recursion(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """Route (b): one sweep back from the last step, a sequence at a time; O(T).

    Shapes: as for `rnnlib.rnn.forward`; result Params. Raises ValueError as that does.
    Source: the chapter "Vectors and matrices" (book/vectors.md), eq. delta-recursion.
    """
    params, fwd, dq, x = _forward_and_dq(params, x, s_init, y, weights, func, reduction)
    delta = delta_recursion(params, fwd.s, dq, func)
    return parameter_gradients(delta, dq, x, fwd.s_prev, fwd.s)


def delta_recursion(params, s, dq, func="tanh"):
    """delta_t = dE/dz_t of every step, from dq_t = dE/dq_t: one sweep back from the last step.

    Shapes: s (T, B, H), dq (T, B, K), result (T, B, H). Raises ValueError for an unknown func.
    Source: the chapter "Vectors and matrices" (book/vectors.md), eq. delta-recursion.
    """
    _, squash_derivative = activation(func)
    delta = np.zeros_like(s)
    for n in range(s.shape[1]):
        message = np.zeros_like(s[0, n])  # nothing comes after the last step
        for t in reversed(range(len(s))):
            ds = params.V.T @ dq[t, n] + message  # through this prediction, and through s_{t+1}
            delta[t, n] = ds * squash_derivative(s[t, n])
            message = params.W.T @ delta[t, n]
    return delta


def parameter_gradients(delta, dq, x, s_prev, s):
    """dE/d(U, W, V, b, c) as Params: the immediate derivatives of every step, summed over steps and sequences.

    Shapes: delta, s_prev and s (T, B, H), dq (T, B, K), x (T, B, D).
    Source: the chapter "Vectors and matrices" (book/vectors.md), eq. immediate-derivative.
    """
    (T, B, D), H, K = x.shape, s.shape[2], dq.shape[2]
    dU, dW, dV, db, dc = (np.zeros(shape, delta.dtype) for shape in ((H, D), (H, H), (K, H), H, K))
    for n in range(B):
        for t in range(T):
            dU += np.outer(delta[t, n], x[t, n])
            dW += np.outer(delta[t, n], s_prev[t, n])
            dV += np.outer(dq[t, n], s[t, n])
            db += delta[t, n]
            dc += dq[t, n]
    return Params(dU, dW, dV, db, dc)


def vectorised(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """Route (c): vectorised BPTT, all sequences and all weight gradients at once.

    Shapes: as for `rnnlib.rnn.forward`; result Params. Raises ValueError as that does.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-delta.
    """
    options = {"weights": weights, "func": func, "reduction": reduction}
    return backward(params, x, y, forward(params, x, s_init, y, **options), **options).gradient


def forward_mode(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """Route (d): real-time recurrent learning, which carries ds_t/d(U, W, b) forward and never looks back.

    `influence[n, i, j, m]` is ds_t[i] / d(theta[j, m]) in sequence n, with theta = [U, W, b] side by side, so that
    z_t = theta a_t with a_t = [x_t, s_{t-1}, 1]. It is all that the method has to keep: its memory does not grow with T
    (this code keeps all states too, as the routes share the forward pass). The cost of a step grows as H^3 (D + H).
    Shapes: as for `rnnlib.rnn.forward`; result Params. Raises ValueError as that does.
    Source: the chapter "Checking gradients" (book/checking.md), eq. forward-mode; Williams and Zipser (1989).
    """
    _, squash_derivative = activation(func)
    params, fwd, dq, x = _forward_and_dq(params, x, s_init, y, weights, func, reduction)
    (T, B, D), H = x.shape, len(params.b)
    a = np.concatenate([x, fwd.s_prev, np.ones((T, B, 1))], axis=2)
    influence = np.zeros((B, H, H, D + H + 1))
    d_theta = np.zeros((H, D + H + 1))
    unit = np.arange(H)
    for t in range(T):
        influence = (params.W @ influence.reshape(B, H, -1)).reshape(influence.shape)  # through s_{t-1}
        influence[:, unit, unit] += a[t][:, None, :]  # the immediate part: z_t[i] reads row i of theta alone
        influence *= squash_derivative(fwd.s[t])[:, :, None, None]
        d_theta += np.tensordot(dq[t] @ params.V, influence, axes=([0, 1], [0, 1]))
    dV = np.einsum("tnk,tnh->kh", dq, fwd.s)
    return Params(d_theta[:, :D], d_theta[:, D:-1], dV, d_theta[:, -1], dq.sum(axis=(0, 1)))


def finite_differences(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean", h=1e-5):
    """Route (e): move one entry at a time by h both ways, and see what E does.

    Shapes: as for `rnnlib.rnn.forward`; result Params. Raises ValueError as that does.
    Source: the chapter "Checking gradients" (book/checking.md); "Two steps by hand", eq. central-difference.
    """
    options = {"weights": weights, "func": func, "reduction": reduction}
    return central_difference(lambda moved: forward(moved, x, s_init, y, **options).E, params, h)


def imaginary_steps(params, x, s_init, y, *, weights=None, func="tanh", reduction="mean"):
    """Route (f): move one entry at a time by an imaginary 1e-30, and read the imaginary part of E.

    Shapes: as for `rnnlib.rnn.forward`; result Params. Raises ValueError as that does.
    Source: the chapter "Checking gradients" (book/checking.md); "Two steps by hand", eq. complex-step.
    """
    options = {"weights": weights, "func": func, "reduction": reduction}
    return complex_step(lambda moved: forward(moved, x, s_init, y, **options).E, params)


ROUTES = {
    "a": sum_over_paths,
    "b": backward_recursion,
    "c": vectorised,
    "d": forward_mode,
    "e": finite_differences,
    "f": imaginary_steps,
}


def _forward_and_dq(params, x, s_init, y, weights, func, reduction):
    """Checked params, the forward pass, dE/dq of every step, and x as numbers (tokens one-hot, unlike route (c))."""
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    fwd = forward(params, x, s_init, y, weights=weights, func=func, reduction=reduction)
    if x.ndim == 2:
        x = np.eye(params.U.shape[1])[x]
    return params, fwd, output_gradient(fwd.yhat, y, weights, reduction), x
