"""Inputs on their way into the recurrence, and the gradient of U on the way back: numbers, or tokens that select rows.

Source: the chapter "Vectorised BPTT" (book/vectorised.md), section "Tokens select, they need no product".
"""

import numpy as np

from rnnlib.buffers import add_to_every_row, flat, sum_of_outer


def project_inputs(U, b, x, out):
    """Write U x_t + b of every step to `out` (T, B, H): one product, or for tokens a selection of rows."""
    if x.ndim == 2:
        # b is added to D rows, not to T * B; the tokens are checked, and "clip" takes the rows without a second look.
        np.take(np.add(U.T, b, order="C"), x.astype(np.intp, copy=False), axis=0, out=out, mode="clip")
    else:
        flat(x).dot(U.T, flat(out))
        add_to_every_row(out, b)


def input_gradient(delta, x, D, workspace=None):
    """dE/dU from delta_t = dE/dz_t; for tokens, the sum of delta over the places where each token stands.

    Shapes: delta (T, B, H), x (T, B, D) numbers or (T, B) integer tokens from 0 to D - 1, result (H, D).
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-weight-gradients.
    """
    if x.ndim == 3:
        return sum_of_outer(delta, x, {} if workspace is None else workspace, "dU")
    # Sorting brings the steps of a token together, so that one product sums them: no one-hot array, no row lost.
    tokens = x.reshape(-1).astype(np.intp, copy=False)
    ordered = np.take(flat(delta), np.argsort(tokens, kind="stable"), axis=0)
    counts = np.bincount(tokens, minlength=D)
    present = np.flatnonzero(counts)
    dU, ones = np.zeros((D, delta.shape[2]), delta.dtype), np.ones(counts.max(), delta.dtype)
    lengths, ends = counts[present].tolist(), counts.cumsum()[present].tolist()
    for token, n, end in zip(present.tolist(), lengths, ends, strict=True):
        ones[:n].dot(ordered[end - n : end], dU[token])
    return dU.T
