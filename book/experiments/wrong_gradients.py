"""DELIBERATELY WRONG code: gradients, a checker and a softmax with the mistakes people make. Never use it.

The chapter "Checking gradients" (book/checking.md) puts each of them in front of a check that lets it through.
"""

import numpy as np

from rnnlib.gradcheck import relative_error
from rnnlib.losses import output_gradient
from rnnlib.params import Params
from rnnlib.rnn import Backward, backward, forward
from rnnlib.truncation import truncated_gradient

NAMES = (
    "W for its transpose",
    "no slope in the hop",
    "no message at all",
    "s_init left out of dW",
    "loop over D",
    "four steps only",
    "dW transposed",
)
MORE_NAMES = ("db of one step", "slope of the sigmoid", "sum for mean", "wrong sign")  # for the board of all pairs


def flawed_gradient(params, x, s_init, y, *, weights=None, mistake=None, ds_last=None):
    """E, a gradient that is wrong in the way `mistake` says (None: right), and the last state.

    Shapes: as for `rnnlib.rnn.loss_and_gradient`; `ds_last` (B, H) is the gradient that reaches the last state from
    later steps, which "four steps only" does not look at. A wrong loop may raise an IndexError, as it does in life.
    Raises ValueError for a mistake that is neither in NAMES nor in MORE_NAMES.
    """
    if mistake is not None and mistake not in NAMES + MORE_NAMES:
        raise ValueError(f"mistake is {mistake!r}, expected one of {NAMES + MORE_NAMES}")
    if mistake == "four steps only":
        return truncated_gradient(params, x, s_init, y, window=4, stride=1, weights=weights)
    D = params.U.shape[1]
    x = np.eye(D)[x] if x.ndim == 2 else x
    fwd = forward(params, x, s_init, y, weights=weights)
    dq = output_gradient(fwd.yhat, y, weights, "sum" if mistake == "sum for mean" else "mean")
    dq = -dq if mistake == "wrong sign" else dq
    slope = fwd.s * (1 - fwd.s) if mistake == "slope of the sigmoid" else 1 - fwd.s**2
    delta, message = np.zeros_like(fwd.s), np.zeros_like(s_init) if ds_last is None else ds_last
    for t in reversed(range(D if mistake == "loop over D" else len(x))):
        delta[t] = (dq[t] @ params.V + message) * slope[t]
        passed_on = dq[t] @ params.V + message if mistake == "no slope in the hop" else delta[t]
        message = passed_on @ (params.W.T if mistake == "W for its transpose" else params.W)
        message = message * (mistake != "no message at all")
    s_prev = fwd.s_prev.copy()
    s_prev[0] *= mistake != "s_init left out of dW"
    dW = np.einsum("tni,tnj->ij", delta, s_prev)
    gradient = Params(
        U=np.einsum("tni,tnd->id", delta, x),
        W=dW.T if mistake == "dW transposed" else dW,
        V=np.einsum("tnk,tni->ki", dq, fwd.s),
        b=delta[-1:].sum(axis=(0, 1)) if mistake == "db of one step" else delta.sum(axis=(0, 1)),
        c=dq.sum(axis=(0, 1)),
    )
    return fwd.E, Backward(gradient, None, message), fwd.s[-1].copy()


def worst_error(params, x, s_init, y, mistake):
    """The largest error of any parameter's gradient under `mistake`; inf if the code does not even run.

    Shapes: as for `flawed_gradient`; the error is that of `rnnlib.gradcheck.relative_error`.
    """
    try:
        _, wrong, _ = flawed_gradient(params, x, s_init, y, mistake=mistake)
    except IndexError:
        return np.inf
    right = backward(params, x, y, forward(params, x, s_init, y)).gradient
    return max(relative_error(a, n) for a, n in zip(wrong.gradient, right, strict=True))


def verdict(params, x, s_init, y, mistake, tol):
    """What a gradient check with tolerance `tol` says about `mistake`: "passes", "crashes", or the error in per cent.

    Shapes: as for `flawed_gradient`.
    """
    error = worst_error(params, x, s_init, y, mistake)
    return "crashes" if error == np.inf else "passes" if error < tol else f"{100 * error:.0f} %"


def seam_error(params, x, s_init, y, mistake):
    """How far the gradients of two halves, the second one's dE/ds_{-1} handed to the first, add up to something else.

    Shapes: as for `flawed_gradient`; the error is that of `rnnlib.gradcheck.relative_error`, the largest of all
    parameters. Source: the chapter "Checking gradients" (book/checking.md).
    """
    half = len(x) // 2
    s_half = forward(params, x[:half], s_init).s[-1]
    _, whole, _ = flawed_gradient(params, x, s_init, y, mistake=mistake)
    _, second, _ = flawed_gradient(params, x[half:], s_half, y[half:], mistake=mistake)
    _, first, _ = flawed_gradient(params, x[:half], s_init, y[:half], mistake=mistake, ds_last=second.s_init)
    halves = [a + b for a, b in zip(first.gradient, second.gradient, strict=True)]
    return max(relative_error(a, n) for a, n in zip(halves, whole.gradient, strict=True))


def step_lowers_error(params, x, s_init, y, mistake, rate=0.1):
    """Whether E falls if the parameters move by `rate` times the gradient that `mistake` gives, downhill as it says.

    Shapes: as for `flawed_gradient`.
    """
    E, wrong, _ = flawed_gradient(params, x, s_init, y, mistake=mistake)
    moved = Params(*(p - rate * dp for p, dp in zip(params, wrong.gradient, strict=True)))
    return bool(forward(moved, x, s_init, y).E < E)


def careless_check(analytic, numeric, tol):
    """True if no entry is wrong, says this checker. It accepts NaN, because NaN > tol is False.

    Shapes: both arrays alike.
    """
    error = np.abs(analytic - numeric) / np.maximum(np.abs(analytic), np.abs(numeric))
    return not np.any(error > tol)


def tanh_backward_in_place(ds, s):
    """dE/dz = dE/ds (1 - s^2): the right number, computed in the caller's own array.

    Shapes: ds and s alike; ds is overwritten.
    """
    ds *= 1 - s**2
    return ds


def softmax_of_the_batch(q):
    """A softmax whose shift is the largest logit of the whole batch, not of each row.

    Shapes: q (B, K), result (B, K), NaN in a row that lies far below the largest.
    """
    e = np.exp(q - q.max())
    return e / e.sum(axis=-1, keepdims=True)
