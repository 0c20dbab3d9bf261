"""Bad input gets one clear ValueError: the argument, what came, what was expected."""

import cmath

import numpy as np


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


def check_targets(y, shape):
    """`y` as an array: integer labels of shape `shape[:-1]` from 0 to K - 1, or target probabilities of `shape`.

    `shape` is that of the logits, (..., K). Raises ValueError for another shape, a label out of range, NaN and inf.
    """
    y = np.asarray(y)
    if y.shape == shape[:-1]:
        return _check_integers("y", y, shape[-1], "labels")
    if y.shape == shape:
        return check_numbers("y", y)
    raise ValueError(f"y has shape {y.shape}, expected {shape[:-1]} for integer labels or {shape} for probabilities")


def check_weights(weights, shape):
    """`weights` as an array of finite real numbers of `shape`, one weight a prediction; None stays None."""
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
