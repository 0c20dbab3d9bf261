"""Truncated BPTT: errors travel back a limited number of steps."""

import numpy as np

from rnnlib.rnn import Backward, Forward, backward, forward
from rnnlib.tree import add, subtract, tree_map
from rnnlib.validate import check_count, checked_sequence


def truncated_gradient(params, x, s_init, y, window, stride=None, *, weights=None, func="tanh", reduction="mean"):
    """E, its truncated gradient and the last state: the sequence is cut into strides, states are carried over.

    At the end of each stride of `stride` steps, the errors of those steps travel back through the `window` steps up
    to there, and no further. By default stride = window: chunks that do not hear of each other (but for a shorter
    last one, which still looks back `window` steps). With stride = 1 every error travels through `window` steps, or as
    far as the first step if that is nearer. With window >= T the gradient is the full one, whatever the stride.
    Shapes: as in `rnnlib.validate`; the result is (E, Backward, s_last). Raises ValueError as `rnnlib.rnn.forward`
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

    total = tree_map(np.zeros_like, params)
    dx = None if x.ndim == 2 else np.zeros_like(x)
    ds_init = np.zeros_like(s_init)
    for begin, first, end in sweeps(len(x), window, stride):
        seen = slice(begin, end)
        own = every_weight[seen].copy()
        own[: first - begin] = 0  # the errors of earlier strides had their turn
        part = backward(params, x[seen], y[seen], _cut(fwd, seen), weights=own, **options)
        total = add(total, part.gradient)
        if dx is not None:
            dx[seen] += part.x
        if begin == 0:
            ds_init += part.s_init
    return fwd.E, Backward(total, dx, ds_init), fwd.s[-1].copy()


def sweeps(T, window, stride):
    """The sweeps of truncated BPTT in order, one row (begin, first, end) per sweep.

    Such a sweep runs back from step end - 1 to step begin, and carries the errors of the steps first to end - 1.
    Shapes: T, window and stride are numbers; the result is int (sweeps, 3). Raises ValueError for a number below 1.
    Source: the chapter "Truncated BPTT" (book/truncated.md), eq. truncated-sum.
    """
    T, window, stride = check_count("T", T), check_count("window", window), check_count("stride", stride)
    first = np.arange(0, T, stride)
    end = np.minimum(first + stride, T)
    return np.stack([np.maximum(0, end - window), first, end], axis=1)


def dropped_gradient(params, x, s_init, y, cut, *, func="tanh", reduction="mean"):
    """What the full gradient loses when no error from step `cut` on travels back beyond it, as Params.

    Shapes: x (T, B, D) or tokens (T, B), s_init (B, H), y (T, B); cut from 1 to T - 1. Raises ValueError for another
    cut, and as `rnnlib.rnn.forward` does. Source: the chapter "Truncated BPTT" (book/truncated.md), eq. chunk-identity.
    """
    if not 0 < cut < len(x):
        raise ValueError(f"cut is {cut}, expected 1 to {len(x) - 1}")
    options = {"func": func, "reduction": reduction}
    early = forward(params, x[:cut], s_init, y[:cut], **options)
    late = forward(params, x[cut:], early.s[-1], y[cut:], **options)
    ds = backward(params, x[cut:], y[cut:], late, **options).s_init
    hearing = backward(params, x[:cut], y[:cut], early, ds_last=ds, **options).gradient
    deaf = backward(params, x[:cut], y[:cut], early, **options).gradient
    return subtract(hearing, deaf)


def _cut(fwd, steps):
    """The forward pass of some steps in a row, as views; its E is left out."""
    states = fwd.states[steps.start : steps.stop + 1]
    return Forward(states, states[1:], states[:-1], fwd.yhat[steps], None)
