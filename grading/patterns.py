"""Where neither a known mistake nor a small slip fits: which parts of a result are right, and how a wrong one is wrong.

What is told is read off the result itself, and holds no number that was expected.
"""

from fractions import Fraction

import numpy as np

from rnnlib import gradcheck, tree
from rnnlib.words import say

SAME = 1e-9  # of the largest entry; arrays that are nearer have the same numbers
MOST = 20  # a factor is told if it is a whole number up to this, or one divided by such a number
LISTED = 4  # parts or indices, at most


def told(value, right, tol):
    """A line about the parts of a wrong result that are right, and one about its first wrong array; either may lack.

    `right` is a number, an array, a dict of numbers, None, or a tuple of these, nested or not; values may differ from
    it by `tol` times the largest entry.
    """
    pairs = _pairs(value, right)
    wrong = _wrong(pairs, tol)
    line = _of_array(wrong[0], *pairs[wrong[0]], tol) if wrong else ""
    return [*of_parts(value, right, tol), *([line] if line else [])]


def of_parts(value, right, tol):
    """The first of the lines that `told` gives, in a list; an empty one if there is nothing to be told of parts."""
    pairs = _pairs(value, right)
    wrong = _wrong(pairs, tol)
    line = _of_parts(wrong, [name for name in pairs if name not in wrong]) if wrong else ""
    return [line] if line else []


def _wrong(pairs, tol):
    """The names of those parts that are wrong; none where a number is not finite, which says nothing of the others."""
    if not pairs or not np.all(np.isfinite(np.concatenate([a.ravel() for pair in pairs.values() for a in pair]))):
        return []
    return [name for name, pair in pairs.items() if not gradcheck.relative_error(*pair) < tol]


def _pairs(value, right):
    """{name of a part: (what it is, what is right)} for the numbers of a result; none if anything else is wrong."""
    if isinstance(right, dict):
        names, rights = list(map(repr, right)), list(right.values())
        values = [value.get(key) for key in right] if isinstance(value, dict) else []
    else:
        parts = [(name, part) for name, part in tree.leaves(right) if part is not None]
        names, rights = [name for name, _ in parts], [part for _, part in parts]
        values = [part for _, part in tree.leaves(value) if part is not None]
    if len(values) != len(rights) or not all(isinstance(part, (float, np.ndarray, np.generic)) for part in values):
        return {}
    pairs = [tuple(map(np.asarray, pair)) for pair in zip(values, rights, strict=True)]
    fit = all(a.shape == b.shape and a.dtype == b.dtype == np.float64 for a, b in pairs)
    return dict(zip(names, pairs, strict=True)) if fit else {}


def _of_parts(wrong, right):
    if right and len(wrong) <= LISTED:
        if len(wrong) > 1:
            said = say("Of what it returns, {} are wrong, and everything else is right.")
        else:
            said = say("Of what it returns, {} is wrong, and everything else is right.")
        return said.format(_called(wrong))
    if 0 < len(right) <= LISTED:
        if len(right) > 1:
            said = say("Of what it returns, {} are right, and the rest is not.")
        else:
            said = say("Of what it returns, {} is right, and the rest is not.")
        return said.format(_called(right))
    return ""


def _called(names):
    return _listed([_called_one(name) for name in names])


def _called_one(name):
    """A part by its field; what a tuple without fields holds is called by its place, as one would write it down."""
    place, dot, field = name.partition(".")
    return f"result[{place}]{dot}{field}" if place.isdigit() else name or say("it")


def _listed(names):
    return say(" and ").join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _of_array(name, value, right, tol):
    """How a wrong array differs from the right one, in the first way that fits."""
    start = _called_one(name)
    if not np.any(value):
        return (say("{} is 0 everywhere.") if value.ndim else say("{} is 0.")).format(start)
    factor = _factor(value, right)
    if factor:
        return _by_a_factor(value.ndim, factor).format(start, factor)
    if value.ndim == 2 and value.shape[0] == value.shape[1] and _alike(value.T, right):
        return say("{} is the transpose of what it should be.").format(start)
    for axis in range(value.ndim):
        if _alike(np.flip(value, axis), right):
            return say("{} is in reverse order along axis {}.").format(start, axis)
    return _of_indices(start, value, right, tol)


def _by_a_factor(axes, factor):
    if factor == -1:
        return say("{} has the other sign in every entry.") if axes else say("{} has the other sign.")
    if axes:
        return say("{} is {} times what it should be in every entry.")
    return say("{} is {} times what it should be.")


def _factor(value, right):
    """The simple factor by which all entries are too large, as a Fraction; None if there is none."""
    size = float(np.vdot(right, right))
    factor = float(np.vdot(right, value)) / size if size else 0.0
    if not 0.9 / MOST < abs(factor) < MOST + 0.1:
        return None
    simple = Fraction(factor).limit_denominator(MOST)
    is_simple = 1 in (abs(simple.numerator), simple.denominator)
    return simple if is_simple and _alike(value, float(simple) * right) else None


def _alike(a, b):
    return gradcheck.relative_error(a, b) < SAME


def wrong_entries(value, right, tol):
    """Where an array differs from the right one by more than `tol` times the largest entry: bool, of the same shape."""
    value, right = np.asarray(value, float), np.asarray(right, float)
    largest = max(np.max(np.abs(value), initial=0.0), np.max(np.abs(right), initial=0.0), gradcheck.FLOOR)
    return np.abs(value - right) >= tol * largest


def _of_indices(start, value, right, tol):
    """Which indices are wrong, along the axis in which the smallest part of them is; empty if some are in each."""
    off = wrong_entries(value, right, tol)
    wrong = [np.flatnonzero(off.any(axis=tuple({*range(off.ndim)} - {axis}))) for axis in range(off.ndim)]
    parts = [len(some) / length for some, length in zip(wrong, off.shape, strict=True)]
    if min(parts, default=1.0) == 1.0:
        return ""
    axis = int(np.argmin(parts))
    indices = list(map(str, wrong[axis]))
    if len(indices) > LISTED:
        if int(indices[-1]) - int(indices[0]) >= len(indices):
            return ""
        indices = [say("{} to {}").format(indices[0], indices[-1])]
    at = (say("index {}") if len(wrong[axis]) == 1 else say("indices {}")).format(_listed(indices))
    at = say("{} of axis {}").format(at, axis) if off.ndim > 1 else at
    return say("{} is wrong at {}, and right elsewhere.").format(start, at)
