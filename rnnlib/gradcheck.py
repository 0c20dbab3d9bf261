"""Numerical gradients, and the comparison that tells whether a gradient derived by hand is right.

A point is a number, an array, or a NamedTuple of them (such as Params); a gradient has the same structure.
"""

import numpy as np

from rnnlib.tree import leaves, rebuild
from rnnlib.words import say

CENTRAL_TOLERANCE = 1e-6
EXACT_TOLERANCE = 1e-9
FLOOR = 1e-4


def central_difference(f, point, h=1e-5):
    """dE/d(point) by (f(p + h) - f(p - h)) / 2h, one entry at a time.

    Shapes: `point` float64 of any shape or a NamedTuple of such; `f` maps it to a number; the result has the
    structure of `point`, which is left as it was. Error about 1e-10 at weights of order 1.
    Raises ValueError if `point` or a value of f is not finite. Source: the chapter "Two steps by hand",
    eq. central-difference.
    """
    arrays = _finite_leaves(point)
    slopes = [np.zeros_like(array) for array in arrays]
    for which, index in _entries(arrays):
        above, below = (f(_moved(point, arrays, which, index, step)) for step in (h, -h))
        slopes[which][index] = (above - below) / (2 * h)
    return _finite_gradient(point, slopes)


def vectorised_central_difference(f, point, h=1e-5, at_once=512):
    """dE/d(point) by (E(p + h) - E(p - h)) / 2h, all entries of an array in a few calls instead of two calls each.

    Shapes: `point` a NamedTuple of float64 arrays, as is the result. `f(point)` must return a function
    `errors(field, index, step)`, which gives N values of E, the n-th at `point` with one entry moved:
    `point.<field>[index[0][n], index[1][n]]` by `step[n]`. `index` holds one int array (N,) for each axis of the
    field, and N is at most 2 * `at_once`. Such a function runs the N moved copies as an extra batch axis;
    `rnnlib.fast.nearby.nearby_errors` makes the one of the simple network.
    Raises ValueError if `point` or a value of E is not finite, or if there are not N of them.
    Source: the chapter "Checking gradients" (book/checking.md), eq. batched-difference.
    """
    for field, array in zip(point._fields, point, strict=True):
        if not np.all(np.isfinite(array)):
            said = say("{} of the point holds NaN or inf: a numerical gradient there means nothing")
            raise ValueError(said.format(field))
    errors = f(point)
    return point._make(
        _slopes(errors, field, np.shape(array), h, at_once) for field, array in zip(point._fields, point, strict=True)
    )


def complex_step(f, point, h=1e-30):
    """dE/d(point) by Im f(p + ih) / h, one entry at a time: exact to rounding, as nothing is subtracted.

    Shapes: as for `central_difference`. `f` must compute with complex numbers all the way (no float buffers, no
    abs). Raises ValueError if a value of f is not finite or not complex. Source: the chapter "Two steps by
    hand", eq. complex-step.
    """
    arrays = _finite_leaves(point)
    slopes = [np.zeros_like(array) for array in arrays]
    for which, index in _entries(arrays):
        value = f(_moved(point, arrays, which, index, 1j * h))
        if not np.iscomplexobj(value):
            raise ValueError(say("f gave a real number for a complex point: somewhere it drops the imaginary part"))
        slopes[which][index] = np.imag(value) / h
    return _finite_gradient(point, slopes)


def compare(analytic, reference, tol=CENTRAL_TOLERANCE, names=None):
    """Raise an AssertionError unless every array of `analytic` equals its reference up to `tol`; return None.

    The error of an array is max|a - n| / max(max|a|, max|n|, 1e-4): one number per array, so that an entry close
    to zero cannot blow it up. NaN, a wrong shape, and any type but float64 fail with their own message.
    Shapes: both an array or a NamedTuple of arrays, which may hold NamedTuples in turn; where the reference is None,
    None is expected. `names`: what to call the arrays in messages; by default "d" and the field's name.
    Source: the chapter "Two steps by hand", eq. gradient-error.
    """
    names = names or [f"d{field}" for field in getattr(reference, "_fields", ["gradient"])]
    found, references = (part if isinstance(part, tuple) else (part,) for part in (analytic, reference))
    if len(found) != len(references):
        said = say("expected {} gradients ({}), got {}")
        raise AssertionError(said.format(len(references), ", ".join(names), len(found)))
    for name, a, n in zip(names, found, references, strict=True):
        if isinstance(n, tuple):
            compare(a, n, tol)
        elif n is not None:
            _compare_array(name, a, np.asarray(n, dtype=float), tol)
        elif a is not None:
            raise AssertionError(say("{} is of type {}, expected {}").format(name, type(a).__name__, None))


def check_gradient(gradient, f, point, tol=CENTRAL_TOLERANCE, names=None):
    """Compare the gradient function with the central difference of f at `point`; return None.

    Shapes: `gradient(point)` has the structure of `point`. Raises AssertionError as `compare` does.
    Source: the chapter "Two steps by hand", section "Two numerical witnesses".
    """
    reference = central_difference(f, point)
    compare(gradient(point), reference, tol, names)


def relative_error(a, n):
    """max|a - n| / max(max|a|, max|n|, 1e-4), the distance between two arrays that `compare` uses.

    Shapes: a and n alike; the result is a number, NaN if either holds one. Source: eq. gradient-error.
    """
    a, n = np.asarray(a), np.asarray(n)
    largest = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(n), initial=0.0), FLOOR)
    return float(np.max(np.abs(a - n), initial=0.0) / largest)


def _compare_array(name, a, n, tol):
    if not isinstance(a, (float, np.ndarray, np.generic)):
        expected = say("a float64 array of shape {}").format(n.shape) if n.ndim else say("a float64 number")
        raise AssertionError(say("{} is of type {}, expected {}").format(name, type(a).__name__, expected))
    a = np.asarray(a)
    if a.dtype != np.float64:
        raise AssertionError(say("{} has dtype {}, expected float64").format(name, a.dtype))
    if a.shape != n.shape:
        raise AssertionError(say("{} has shape {}, expected {}").format(name, a.shape, n.shape))
    if not np.all(np.isfinite(a)):
        where = np.argwhere(~np.isfinite(a))[0]
        entry = f"{name}{_index(where)}"
        raise AssertionError(say("{} is {}, expected a finite number").format(entry, a[tuple(where)]))
    error = relative_error(a, n)
    if not error < tol:
        where = np.unravel_index(np.argmax(np.abs(a - n)), a.shape)
        said = say(
            "{} is wrong\n"
            "  analytic  {: .12g}\n"
            "  numeric   {: .12g}\n"
            "  error {:.1e} of the largest entry, allowed {:.0e}"
        )
        raise AssertionError(said.format(f"{name}{_index(where)}", a[where] + 0.0, n[where] + 0.0, error, tol))


def _slopes(errors, field, shape, h, at_once):
    """The slope at every entry of one field, `at_once` entries per call."""
    entries = np.indices(shape).reshape(len(shape), -1)
    slopes = np.empty(entries.shape[1])
    for first in range(0, slopes.size, at_once):
        index = tuple(np.tile(entries[:, first : first + at_once], 2))
        N = len(index[0])
        E = np.asarray(errors(field, index, np.repeat([h, -h], N // 2)))
        if E.shape != (N,) or not np.all(np.isfinite(E)):
            said = say("errors gave an array of shape {} for {}, expected {} finite numbers")
            raise ValueError(said.format(E.shape, field, N))
        slopes[first : first + at_once] = (E[: N // 2] - E[N // 2 :]) / (2 * h)
    return slopes.reshape(shape)


def _finite_leaves(point):
    arrays = [np.array(leaf, dtype=float) for _, leaf in leaves(point)]
    if not all(np.all(np.isfinite(array)) for array in arrays):
        raise ValueError(say("the point holds NaN or inf: a numerical gradient there means nothing"))
    return arrays


def _entries(arrays):
    """(which array, index) of every entry."""
    return [(which, index) for which, array in enumerate(arrays) for index in np.ndindex(array.shape)]


def _moved(point, arrays, which, index, step):
    """The point with one entry moved by a step, and complex throughout if the step is."""
    moved = [array.astype(type(step)) for array in arrays]
    moved[which][index] += step
    return rebuild(point, (array[()] for array in moved))  # [()] makes a number of an array without axes


def _finite_gradient(point, slopes):
    for which, array in enumerate(slopes):
        if not np.all(np.isfinite(array)):
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            said = say("f is not finite beside entry {} of array {} of the point")
            raise ValueError(said.format(index, which))
    return rebuild(point, (array[()] for array in slopes))


def _index(where):
    return f"[{', '.join(str(int(i)) for i in where)}]" if len(where) else ""
