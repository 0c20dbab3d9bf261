"""Truncated BPTT: errors travel back a limited number of steps."""

import numpy as np

from rnnlib.params import Params
from rnnlib.rnn import Backward, Forward, backward, forward
from rnnlib.sequence import checked_sequence
from rnnlib.validate import check_count


def truncated_gradient(params, x, s_init, y, window, stride=None, *, weights=None, func="tanh", reduction="mean"):
    """E, its truncated gradient and the last state: the sequence is cut into strides, states are carried over.

    At the end of each stride of `stride` steps, the errors of those steps travel back through the `window` steps up
    to there, and no further. By default stride = window: chunks that do not hear of each other (but for a shorter
    last one, which still looks back `window` steps). stride = 1: every error travels through exactly `window` steps.
    window >= T: the full gradient, whatever the stride.
    Shapes: as in `rnnlib.sequence`; the result is (E, Backward, s_last). Raises ValueError as `rnnlib.rnn.forward`
    does, for a window or stride below 1, and for a stride longer than the window (some errors would be lost).
    Source: the chapter "Truncated BPTT" (book/truncated.md), eq. truncated-sum; Williams and Peng (1990).
    """
    window = check_count("window", window)
    stride = window if stride is None else check_count("stride", stride)
    if stride > window:
        raise ValueError(f"stride is {stride}, expected at most the window, {window}")
    params, x, s_init, y, weights = checked_sequence(params, x, s_init, y, weights)
    options = {"func": func, "reduction": reduction}
    fwd = forward(params, x, s_init, y, weights=weights, **options)
    every_weight = np.ones(x.shape[:2]) if weights is None else weights

    total = Params(*(np.zeros_like(p) for p in params))
    dx = None if x.ndim == 2 else np.zeros_like(x)
    ds_init = np.zeros_like(s_init)
    for first in range(0, len(x), stride):
        end = min(first + stride, len(x))
        seen = slice(max(0, end - window), end)
        own = every_weight[seen].copy()
        own[: first - seen.start] = 0  # the errors of earlier strides had their turn
        part = backward(params, x[seen], y[seen], _cut(fwd, seen), weights=own, **options)
        total = Params(*(a + g for a, g in zip(total, part.params, strict=True)))
        if dx is not None:
            dx[seen] += part.x
        if seen.start == 0:
            ds_init += part.s_init
    return fwd.E, Backward(total, dx, ds_init), fwd.s[-1].copy()


def _cut(fwd, steps):
    """The forward pass of some steps in a row, as views; its E is left out."""
    states = fwd.states[steps.start : steps.stop + 1]
    return Forward(states, states[1:], states[:-1], fwd.yhat[steps], None)
