"""Softmax, and cross-entropy with its gradient.

In every function the last axis of the logits is the class, the one before it (if any) the batch. E is a sum over
everything else, and a mean over the batch unless `reduction="sum"`.
"""

import numpy as np

from rnnlib.validate import check_reduction, check_targets, check_weights

SAFE_LOGIT = 60.0  # exp(60) and the sum of many of them are far from overflow in float32


def softmax(q):
    """Probabilities exp(q_i) / sum_j exp(q_j) over the last axis, stable for logits of any size.

    Shapes: q (..., K), result (..., K). Real or complex; the shift by the largest logit uses real parts.
    Source: the chapter "Two steps by hand", eq. output-pass.
    """
    return _exp_and_log_sum(np.asarray(q), None)[0]


def softmax_jacobian(o):
    """do_i/dq_j = o_i ([i = j] - o_j), given the output o = softmax(q).

    Shapes: o (..., K), result (..., K, K), row i, column j. Source: the chapter "Two steps by hand",
    eq. softmax-jacobian.
    """
    o = np.asarray(o)
    return o[..., :, None] * (np.eye(o.shape[-1]) - o[..., None, :])


def cross_entropy(q, y, weights=None, reduction="mean"):
    """E = -sum_i y_i log softmax(q)_i, weighted and summed over the steps; a mean over the batch.

    Shapes: q (..., K) logits; y integer labels (...) or probabilities (..., K); weights (...), where a 0 takes the
    prediction out altogether: its logits and target may be anything, NaN too. The result is a number, complex
    for complex logits. Raises ValueError for bad shapes, labels or reduction.
    Source: the chapter "Recurrence" (book/recurrence.md), eq. error-sum.
    """
    q = np.asarray(q)
    weights = check_weights(weights, q.shape[:-1])
    y = check_targets(y, q.shape, weights)
    return softmax_cross_entropy(q, y, weights, check_reduction(reduction))[1]


def output_gradient(yhat, y, weights=None, reduction="mean"):
    """dE/dq = yhat sum_i y_i - y, the gradient of `cross_entropy` with respect to the logits, given yhat = softmax(q).

    Shapes: yhat (..., K), the rest as for `cross_entropy`; the result has the shape of yhat. Raises
    ValueError for bad shapes, labels or reduction. Source: the chapter "Two steps by hand", eq. output-gradient.
    """
    yhat = np.asarray(yhat)
    weights = check_weights(weights, yhat.shape[:-1])
    y = check_targets(y, yhat.shape, weights)
    return softmax_cross_entropy_gradient(yhat, y, weights, check_reduction(reduction))


def softmax_cross_entropy(q, y, weights, reduction, out=None):
    """softmax(q) and E from one set of exponentials, for targets and weights that are checked; y may be None.

    Shapes: as for `cross_entropy`; yhat is written to `out` where given (which may be q). Returns (yhat, E), with E
    None if y is. Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. log-sum-exp.
    """
    if y is None:
        return _exp_and_log_sum(q, out)[0], None
    if y.ndim < q.ndim:
        of_target, y_sum = q.reshape(-1).take(_places(y, q.shape[-1])), 1
    else:
        of_target, y_sum = np.sum(np.where(y == 0, 0, y * q), axis=-1), y.sum(axis=-1)
    yhat, log_sum = _exp_and_log_sum(q, out)
    error = log_sum * y_sum - of_target
    if weights is not None:
        error = np.where(weights != 0, weights * error, 0)
    return yhat, error.sum() / _batch(q.shape, reduction)


def softmax_cross_entropy_gradient(yhat, y, weights, reduction, out=None):
    """dE/dq from yhat = softmax(q), for targets and weights that are checked.

    Shapes: as for `output_gradient`; written to `out` where given (which may be yhat).
    Source: the chapter "Two steps by hand", eq. output-gradient.
    """
    dq = yhat.copy() if out is None else out
    if y.ndim < dq.ndim:
        dq.reshape(-1)[_places(y, dq.shape[-1])] -= 1
    else:
        dq *= y.sum(axis=-1, keepdims=True)
        dq -= y
    if weights is not None:
        dq *= weights[..., None]
        dq[weights == 0] = 0
    batch = _batch(dq.shape, reduction)
    if batch > 1:
        dq *= 1 / batch
    return dq


def _exp_and_log_sum(q, out):
    """softmax(q) and log sum_j exp(q_j), of shapes (..., K) and (...)."""
    shift = 0.0
    # The row maximum is the slowest part of a softmax; logits this small need none, but for those of 16 bits.
    if q.dtype.itemsize < 4 or not (q.real.max() < SAFE_LOGIT and q.real.min() > -SAFE_LOGIT):
        shift = q.real.max(axis=-1, keepdims=True)
        q = np.subtract(q, shift, out=out)
    e = np.exp(q, out=out)
    K = e.shape[-1]
    total = e.reshape(-1, K).dot(np.ones(K, e.dtype)).reshape(*e.shape[:-1], 1)  # faster than sum() on short rows
    return np.divide(e, total, out=e), (np.log(total) + shift)[..., 0]


def _places(y, K):
    """The position of each label's logit in the flat array of all logits, of the shape of y."""
    # np.take_along_axis would do, and takes longer than all the rest of the error for a short sequence.
    return y.astype(np.intp, copy=False) + np.arange(0, y.size * K, K).reshape(y.shape)


def _batch(shape, reduction):
    return shape[-2] if reduction == "mean" and len(shape) > 1 else 1
