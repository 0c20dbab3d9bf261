"""Softmax and cross-entropy."""

import numpy as np


def softmax(q):
    """Probabilities exp(q_i) / sum_j exp(q_j) over the last axis, stable for logits of any size.

    Shapes: q (..., K), result (..., K). Real or complex; the shift by the largest logit uses real parts.
    Source: the chapter "Two steps by hand", eq. output-pass.
    """
    q = np.asarray(q)
    e = np.exp(q - q.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_jacobian(o):
    """do_i/dq_j = o_i ([i = j] - o_j), given the output o = softmax(q).

    Shapes: o (..., K), result (..., K, K), row i, column j. Source: the chapter "Two steps by hand",
    eq. softmax-jacobian.
    """
    o = np.asarray(o)
    return o[..., :, None] * (np.eye(o.shape[-1]) - o[..., None, :])
