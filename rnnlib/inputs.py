"""Products over all steps at once: inputs on their way in, the gradients of the weights on the way back.

Source: the chapter "Vectorised BPTT" (book/vectorised.md).
"""

import numpy as np


def project(U, b, x):
    """U x_t + b of every step, in one product; a token selects a row of U^T instead.

    Shapes: U (H, D), b (H,), x (T, B, D) numbers or (T, B) integer tokens from 0 to D - 1; result (T, B, H).
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-forward.
    """
    if x.ndim == 2:
        return (U.T + b)[x]
    return (rows(x) @ U.T + b).reshape(*x.shape[:2], len(b))


def outer_sum(a, b):
    """The outer products of a[t, n] and b[t, n], summed over every step and sequence, as one product.

    Shapes: a (T, B, m), b (T, B, n), result (m, n). Source: the chapter "Vectorised BPTT" (book/vectorised.md),
    eq. stacked-product.
    """
    return rows(a).T @ rows(b)


def input_gradient(delta, x, D):
    """dE/dU from delta_t = dE/dz_t; for tokens, the sum of delta over the places where each token occurs.

    Shapes: delta (T, B, H), x (T, B, D) numbers or (T, B) integer tokens from 0 to D - 1, result (H, D).
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-weight-gradients.
    """
    if x.ndim == 3:
        return outer_sum(delta, x)
    # Sorting brings the places of a token together; dU[:, x] += delta would add a repeated token once.
    order = np.argsort(x, axis=None, kind="stable")
    present, first = np.unique(x.reshape(-1)[order], return_index=True)
    dU = np.zeros((D, delta.shape[2]), delta.dtype)
    dU[present] = np.add.reduceat(rows(delta)[order], first)
    return dU.T


def rows(a):
    """a (T, B, n) as the matrix (T * B, n) of all its rows."""
    return a.reshape(-1, a.shape[-1])
