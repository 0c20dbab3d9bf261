"""Numerical derivatives of the tests, each found once for all submissions that meet the same case.

All submissions of a run are marked with one seed, so the same differences would be taken for every student. A
derivative is kept by all that the function which it is of can reach; one that reaches a student's is found each time.
"""

import contextlib
import copy
import functools
import hashlib
import pickle
import types
from collections import OrderedDict

import numpy as np

from grading.remote import Remote
from rnnlib import gradcheck
from rnnlib.tree import tree_map

# What pickle raises, and Python of a variable that has no value yet.
NO_KEY = pickle.PicklingError, AttributeError, TypeError, ValueError, RecursionError
KEPT = 2000  # derivatives; the tests of an exercise take some hundreds, and each is a few kilobytes at most


class StudentReachedError(Exception):
    """A function uses what a student's process returns."""


def found_once(derivative):
    """`derivative` as rnnlib.gradcheck has it, which keeps what it found for functions of the grader's own cells."""
    kept = OrderedDict()

    @functools.wraps(derivative)
    def find(f, point, *step, **options):
        try:
            key = pickle.dumps([key_of(f, []), bare(point), step, options])
        except (*NO_KEY, StudentReachedError):
            return derivative(f, point, *step, **options)
        if key not in kept:
            kept[key] = derivative(f, point, *step, **options)
            if len(kept) > KEPT:
                kept.popitem(last=False)
        return tree_map(copy.copy, kept[key])  # for whoever writes into it

    return find


DERIVATIVES = {name: found_once(getattr(gradcheck, name)) for name in ("complex_step", "central_difference")}


@contextlib.contextmanager
def in_tests_of(task):
    """Let the tests of an exercise find no derivative twice, unless derivatives are what the exercise asks for."""
    if "rnnlib.gradcheck" in task.withheld:
        yield
        return
    before = {name: getattr(gradcheck, name) for name in DERIVATIVES}
    vars(gradcheck).update(DERIVATIVES)
    try:
        yield
    finally:
        vars(gradcheck).update(before)


def key_of(value, above):
    """What a value is made of, as a tree for pickle; of a function of a test cell also what it refers to.

    `above` are the functions that it was reached through. Raises StudentReachedError where it reaches a student's
    process, TypeError for a random generator, and ValueError for a variable that has no value yet.
    """
    if isinstance(value, Remote):
        raise StudentReachedError
    if isinstance(value, np.random.Generator):  # to draw from it changes it
        raise TypeError
    if isinstance(value, types.ModuleType):
        return value.__name__
    if not isinstance(value, types.FunctionType) or value.__module__ not in ("__grader__", None):
        return bare(value)
    if any(value is function for function in above):  # one that calls itself
        return "above"
    inside = [*(cell.cell_contents for cell in value.__closure__ or ()), *(value.__defaults__ or ())]
    inside += (value.__kwdefaults__ or {}).values()
    inside += [value.__globals__[name] for name in names_in(value.__code__) if name in value.__globals__]
    return [digest(value.__code__), [key_of(each, [*above, value]) for each in inside]]


def bare(value):
    """A tree of arrays as pickle takes it in a fifth of the time: without the classes of its arrays and tuples."""
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple):
        return type(value).__qualname__, [bare(part) for part in value]
    return value


@functools.lru_cache(maxsize=1000)
def names_in(code):
    """The names of globals and attributes that a piece of code uses, with the functions inside it."""
    inside = [names_in(part) for part in code.co_consts if isinstance(part, types.CodeType)]
    return sorted(set(code.co_names).union(*inside))


@functools.lru_cache(maxsize=1000)
def digest(code):
    """What tells one piece of code from another, short enough to be a part of every key."""
    return hashlib.sha256(pickle.dumps(texts(code))).digest()


def texts(code):
    """The constants and names of a piece of code, with those of the functions inside it."""
    parts = [texts(part) if isinstance(part, types.CodeType) else repr(part) for part in code.co_consts]
    return [code.co_names, code.co_varnames, code.co_freevars, parts, code.co_code]
