"""What hidden tests are written with: fresh random cases, and a comparison with the reference."""

import copy
import secrets

import numpy as np

from rnnlib import gradcheck

TOLERANCE = 1e-10  # rounding stays below 1e-13; the best finite difference on a stretched case is above 1e-8


def generator():
    """A random generator with a fresh seed; the seed is printed, so that a disputed mark can be looked into."""
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


class CheckFailedError(AssertionError):
    """A hidden check did not pass; the message is written for the student, and holds no expected value."""


def same_answer(student, reference, *arguments, tol=TOLERANCE, **options):
    """Raise an AssertionError unless `student` returns what `reference` returns, and leaves its arguments alone.

    Both get their own copies of the arguments, and of the options by keyword. Results are numbers, arrays, or
    NamedTuples of them, compared by rnnlib.gradcheck.compare: shape and dtype exactly, values up to `tol` of the
    largest entry of each array.
    """
    name = getattr(student, "__name__", "your function")
    call = arguments, options
    expected = _call(reference, copy.deepcopy(call))
    given = copy.deepcopy(call)
    result = _call(student, given)
    if not _equal(given, call):
        raise AssertionError(f"{name} changed its arguments; work on copies, such as `o - y` instead of `o -= y`")
    again = _call(student, copy.deepcopy(call))
    if again is None or not _equal(result, again):
        raise AssertionError(f"{name} gave two different answers to the same question")
    gradcheck.compare(result, expected, tol, names=_names(name, expected))


def _call(function, call):
    arguments, options = call
    return function(*arguments, **options)


def _names(name, expected):
    return [f"{name}(...).{field}" for field in getattr(expected, "_fields", [])] or [f"{name}(...)"]


def _equal(a, b):
    """Whether two results or argument lists hold the same numbers; NaN equals NaN here."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return np.array_equal(a, b, equal_nan=np.issubdtype(np.asarray(a).dtype, np.inexact))
