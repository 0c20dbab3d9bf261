"""What a sequence may look like, brought to one form before any arithmetic.

`x` is (T, B, D) numbers or (T, B) integer tokens, which select rows of U^T. `y` is (T, B) integer labels or (T, B, K)
probabilities; one target a sequence, (B,) or (B, K) floats, means many-to-one: the last step alone is scored.
`weights` (T, B) scale each prediction's error (many-to-one: (B,)); where one is 0, the target is never looked at. The
steps after a sequence's last weight that is not 0 may be padding: an input there that is no number or no token counts
as 0. Any other input is read as it stands, as the state after it may be carried on to the next piece of a sequence.
"""

import numpy as np

from rnnlib.losses import clean_targets
from rnnlib.validate import check_inputs, check_params, check_state, check_weights


def checked_sequence(params, x, s_init, y, weights):
    """The arguments of a pass over a sequence: of one dtype, with targets for every step and no NaN in the padding.

    Shapes: as at the top of the module; the result is (params, x, s_init, y, weights) with y (T, B) or (T, B, K) and
    weights (T, B), or None where they were not given. Raises ValueError naming the argument that does not fit.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. masked-error.
    """
    params = check_params(params)
    (H, D), K = params.U.shape, params.V.shape[0]
    x, y, weights = checked_data(x, y, weights, D, K)
    return in_one_dtype(params, x, check_state("s_init", s_init, x.shape[1], H), y, weights)


def checked_data(x, y, weights, D, K):
    """Inputs, targets and weights alone, as `checked_sequence` gives them back.

    Shapes: as at the top of the module. Raises ValueError naming the argument that does not fit.
    """
    x = np.asarray(x)
    if y is not None and x.ndim >= 2:
        y, weights = _at_last_step(np.asarray(y), weights, x.shape[:2])
    weights = check_weights(weights, x.shape[:2])
    if weights is not None and not weights[-1].all():
        padding = ~np.logical_or.accumulate((weights != 0)[::-1])[::-1]
        x = np.where(padding.reshape(padding.shape + (1,) * (x.ndim - 2)) & _unreadable(x, D), np.zeros((), x.dtype), x)
    x = check_inputs(x, D)
    if y is not None:
        y, weights = clean_targets(y, weights, (*x.shape[:2], K))
    return x, y, weights


def _unreadable(x, D):
    """Where x is not finite, or for tokens not from 0 to D - 1."""
    return (x < 0) | (x >= D) if x.dtype.kind in "iu" and x.ndim == 2 else ~np.isfinite(x)


def in_one_dtype(params, x, s_init, y, weights):
    """The arguments of a pass, with parameters, inputs that are no tokens, and state in their common dtype."""
    dtype = np.result_type(*params, s_init, *([x] if x.ndim == 3 else []))
    params = params._make(array.astype(dtype, copy=False) for array in params)
    return params, x.astype(dtype, copy=False) if x.ndim == 3 else x, s_init.astype(dtype, copy=False), y, weights


def _at_last_step(y, weights, shape):
    """Many-to-one targets as targets of every step, of which only the last has weight."""
    if not (y.ndim == 1 or (y.ndim == 2 and y.dtype.kind == "f")):
        return y, weights
    if len(y) != shape[1]:
        raise ValueError(
            f"y has shape {y.shape} and dtype {y.dtype}, expected {shape} integer labels, (T, B, K) probabilities, "
            f"or one target for each of {shape[1]} sequences"
        )
    every_y = np.zeros((shape[0], *y.shape), y.dtype)
    every_weight = np.zeros(shape)
    every_y[-1] = y
    every_weight[-1] = 1.0 if weights is None else check_weights(weights, shape[1:])
    return every_y, every_weight
