"""Bad input gets one clear ValueError: the argument, what came, what was expected.

`x` is (T, B, D) numbers or (T, B) integer tokens, which select rows of U^T. `y` is (T, B) integer labels or (T, B, K)
probabilities; one target per sequence, (B,) or (B, K) floats, means many-to-one: the last step alone is scored.
`weights` (T, B) scale each prediction's error (many-to-one: (B,)); where one is 0, the target is never looked at. The
steps after a sequence's last weight that is not 0 may be padding: non-finite values and out-of-range tokens there are
read as 0; all other inputs are used unchanged, as the state after them may be carried on to the next piece of a
sequence.
"""

import cmath

import numpy as np


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
    x, y = np.asarray(x), None if y is None else np.asarray(y)
    if y is not None and x.ndim >= 2 and _is_many_to_one(y):
        y, weights = _at_last_step(y, weights, x.shape[:2])
    else:
        weights = check_weights(weights, x.shape[:2])
    x = check_inputs(_padding_as_zero(x, weights, D), D)
    if y is not None:
        y = check_targets(y, (*x.shape[:2], K), weights)
    return x, y, weights


def in_one_dtype(params, x, s_init, y, weights):
    """The arguments of a pass, with parameters, state and inputs that are not tokens in their common dtype."""
    dtype = np.result_type(*params, s_init, *([x] if x.ndim == 3 else []))
    params = params._make(array.astype(dtype, copy=False) for array in params)
    return params, x.astype(dtype, copy=False) if x.ndim == 3 else x, s_init.astype(dtype, copy=False), y, weights


def check_params(params, gates=1):
    """`params` with every field as an array of numbers, of shapes that fit together.

    Shapes: U (G*H, D), W (G*H, H), V (K, H), b (G*H,), c (K,), with G = `gates`. Integers become float64. Raises
    ValueError for shapes that do not fit, for what is not a number and for NaN or inf.
    """
    U, W, V, b, c = (check_numbers(name, array) for name, array in zip(params._fields, params, strict=True))
    rows = "H" if gates == 1 else f"{gates}*H"
    if W.ndim != 2 or W.shape[0] != gates * W.shape[1]:
        raise ValueError(f"W has shape {W.shape}, expected ({rows}, H)")
    if U.ndim != 2 or V.ndim != 2:
        name, array = ("U", U) if U.ndim != 2 else ("V", V)
        raise ValueError(f"{name} has shape {array.shape}, expected {f'({rows}, D)' if name == 'U' else '(K, H)'}")
    (GH, H), D, K = W.shape, U.shape[1], V.shape[0]
    for name, array, shape in (("U", U, (GH, D)), ("V", V, (K, H)), ("b", b, (GH,)), ("c", c, (K,))):
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, expected {shape}, as W has shape {W.shape}")
    return type(params)(U, W, V, b, c)


def check_inputs(x, D):
    """`x` as an array: numbers (T, B, D), or integer tokens (T, B) from 0 to D - 1.

    Raises ValueError for another shape, an empty sequence or batch, tokens that are no integers or out of range,
    NaN and inf.
    """
    x = np.asarray(x)
    if x.ndim not in (2, 3) or (x.ndim == 3 and x.shape[2] != D):
        raise ValueError(f"x has shape {x.shape}, expected (T, B, {D}), or (T, B) for integer tokens")
    if 0 in x.shape:
        raise ValueError(f"x has shape {x.shape}, expected at least one step and one sequence")
    if x.ndim == 3:
        return check_numbers("x", x)
    return _check_integers("x", x, D, "tokens")


def check_state(name, s, B, H):
    """`s` as an array of numbers of shape (B, H); raises ValueError otherwise, naming it `name`."""
    s = check_numbers(name, s)
    if s.shape != (B, H):
        raise ValueError(f"{name} has shape {s.shape}, expected {(B, H)}: one row for each of {B} sequences")
    return s


def check_states(states, params, x):
    """None; raises ValueError unless `states` (T+1, B, H) can be those of a forward pass over x with `params`."""
    expected = (len(x) + 1, *np.shape(x)[1:2], params.W.shape[0])
    if states.shape != expected:
        raise ValueError(f"fwd holds states of shape {states.shape}, expected {expected}")


def check_targets(y, shape, weights=None):
    """`y` as an array: integer labels of shape `shape[:-1]` from 0 to K - 1, or target probabilities of `shape`.

    `shape` is that of the logits, (..., K). A target whose checked weight is 0 becomes class 0 (or all zero), whatever
    it was. Raises ValueError for another shape, a label out of range, NaN and inf.
    """
    y = np.asarray(y)
    if weights is not None and y.shape[: weights.ndim] == weights.shape:
        used = (weights != 0).reshape(weights.shape + (1,) * (y.ndim - weights.ndim))
        y = np.where(used, y, np.zeros((), y.dtype))
    if y.shape == shape[:-1]:
        return _check_integers("y", y, shape[-1], "labels")
    if y.shape == shape:
        return check_numbers("y", y)
    raise ValueError(f"y has shape {y.shape}, expected {shape[:-1]} for integer labels or {shape} for probabilities")


def check_weights(weights, shape):
    """`weights` as an array of finite real numbers of `shape`, one per prediction; None stays None.

    Raises ValueError for another shape, for what is not a real number and for NaN or inf.
    """
    if weights is None:
        return None
    weights = np.asarray(weights)
    if weights.dtype.kind not in "biuf":
        raise ValueError(f"weights have dtype {weights.dtype}, expected real numbers")
    if weights.shape != shape:
        raise ValueError(f"weights have shape {weights.shape}, expected {shape}: one for each prediction")
    return check_finite("weights", weights)


def check_reduction(reduction):
    """`reduction` itself; raises ValueError unless it is "mean" or "sum"."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}, expected 'mean' or 'sum'")
    return reduction


def check_count(name, value):
    """`value` as an int of at least 1; raises ValueError otherwise, naming it `name`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} is {value!r}, expected a whole number of at least 1")
    return int(value)


def check_numbers(name, array):
    """`array` as finite real or complex numbers, integers turned into float64; ValueError otherwise."""
    array = np.asarray(array)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fc":
        raise ValueError(f"{name} has dtype {array.dtype}, expected numbers")
    return check_finite(name, array)


def check_finite(name, array):
    """`array` itself; raises ValueError with the first entry that is NaN or inf."""
    # One product with itself clears nearly every array; one that overflows is looked at entry by entry.
    flat = array.reshape(-1)
    if not cmath.isfinite(flat.dot(flat)):
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            where = tuple(int(i) for i in bad[0])
            raise ValueError(f"{name}{list(where)} is {array[where]}, expected a finite number")
    return array


def _check_integers(name, array, size, what):
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}, expected integer {what}")
    if array.size and (array.min() < 0 or array.max() >= size):
        wrong = array.min() if array.min() < 0 else array.max()
        raise ValueError(f"{name} holds {wrong}, expected {what} from 0 to {size - 1}")
    return array


def _is_many_to_one(y):
    return y.ndim == 1 or (y.ndim == 2 and y.dtype.kind == "f")


def _at_last_step(y, weights, shape):
    """Many-to-one targets as targets of every step, of which only the last has weight."""
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


def _padding_as_zero(x, weights, D):
    """x with 0 in the padding for a number that is not finite, or a token that is not from 0 to D - 1."""
    if weights is None or weights[-1].all():
        return x
    padding = ~np.logical_or.accumulate((weights != 0)[::-1])[::-1]
    unreadable = (x < 0) | (x >= D) if x.dtype.kind in "iu" and x.ndim == 2 else ~np.isfinite(x)
    return np.where(padding.reshape(padding.shape + (1,) * (x.ndim - 2)) & unreadable, np.zeros((), x.dtype), x)
