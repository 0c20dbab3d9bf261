"""`rnnlib.inputs` with the results written to buffers, and fewer passes over the tokens."""

import numpy as np

from rnnlib.fast.buffers import add_to_every_row, sum_of_outer
from rnnlib.inputs import rows


def project_inputs(U, b, x, out):
    """Write U x_t + b of every step to `out` (T, B, H): one product, or for tokens a selection of rows.

    Shapes: as for `rnnlib.inputs.project`. Source: the chapter "Vectorised BPTT" (book/vectorised.md),
    eq. batched-forward.
    """
    if x.ndim == 2:
        # b is added to D rows, not to T * B; the tokens are checked, and "clip" takes the rows without a second look.
        np.take(np.add(U.T, b, order="C"), x.astype(np.intp, copy=False), axis=0, out=out, mode="clip")
    else:
        rows(x).dot(U.T, rows(out))
        add_to_every_row(out, b)


def input_gradient(delta, x, D, workspace):
    """dE/dU from delta_t = dE/dz_t, as `rnnlib.inputs.input_gradient` computes it.

    Shapes: as there; for inputs that are not tokens the result lies in the workspace.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. batched-weight-gradients.
    """
    if x.ndim == 3:
        return sum_of_outer(delta, x, workspace, "dU")
    # A product with ones per token: on rows as long as these it is quicker than np.add.reduceat.
    tokens = x.reshape(-1).astype(np.intp, copy=False)
    ordered = np.take(rows(delta), np.argsort(tokens, kind="stable"), axis=0)
    counts = np.bincount(tokens, minlength=D)
    present = np.flatnonzero(counts)
    dU, ones = np.zeros((D, delta.shape[2]), delta.dtype), np.ones(counts.max(), delta.dtype)
    lengths, ends = counts[present].tolist(), counts.cumsum()[present].tolist()
    for token, n, end in zip(present.tolist(), lengths, ends, strict=True):
        ones[:n].dot(ordered[end - n : end], dU[token])
    return dU.T
