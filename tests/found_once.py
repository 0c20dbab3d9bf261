"""Numerical derivatives of the tests, each found once for all answers that meet the same case.

All answers to an exercise are marked with one seed, so that the same differences would be taken hundreds of times. A
derivative is kept by all that the function which it is of can reach; one that reaches an answer is found anew.
"""

import functools
import pickle
import types

from grading.remote import Remote

DERIVATIVES = ("complex_step", "central_difference")


class AnswerReachedError(Exception):
    """A function uses what a student's process returns."""


def found_once(derivative):
    """`derivative` as rnnlib.gradcheck has it, which keeps what it found for functions of the grader's own cells."""
    kept = {}

    @functools.wraps(derivative)
    def find(f, point, *step, **options):
        try:
            key = pickle.dumps([key_of(f, []), point, step, options])
        except (AnswerReachedError, pickle.PicklingError, AttributeError, TypeError):
            return derivative(f, point, *step, **options)
        if key not in kept:
            kept[key] = derivative(f, point, *step, **options)
        return pickle.loads(pickle.dumps(kept[key]))  # a copy, for whoever writes into it

    return find


def key_of(value, above):
    """What a value is made of, as a tree that can be pickled; of a function of a test cell also what it refers to."""
    if isinstance(value, Remote):
        raise AnswerReachedError
    if isinstance(value, types.ModuleType):
        return value.__name__
    if not isinstance(value, types.FunctionType) or value.__module__ not in ("__grader__", None):
        return value
    if any(value is function for function in above):  # one that calls itself
        return "above"
    inside = [*(cell.cell_contents for cell in value.__closure__ or ()), *(value.__defaults__ or ())]
    inside += [value.__globals__[name] for name in sorted(names_in(value.__code__)) if name in value.__globals__]
    return [value.__code__.co_code, texts(value.__code__), [key_of(each, [*above, value]) for each in inside]]


def names_in(code):
    """The names of globals and attributes that a piece of code uses, with the functions inside it."""
    return set(code.co_names).union(*(names_in(part) for part in code.co_consts if isinstance(part, types.CodeType)))


def texts(code):
    """The constants and names of a piece of code, with those of the functions inside it."""
    parts = [texts(part) if isinstance(part, types.CodeType) else repr(part) for part in code.co_consts]
    return [code.co_names, code.co_varnames, code.co_freevars, parts, code.co_code]
