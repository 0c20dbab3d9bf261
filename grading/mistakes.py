"""Which known mistake a wrong answer is: it is compared with what the entries of answers.toml do in the same case."""

import contextlib
import copy
import pickle
import warnings
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from grading import exercise
from grading.answers import known_answers
from rnnlib import gradcheck

SAME = 1e-9  # a student's way to a wrong number differs from ours by rounding only


class Behaviour(NamedTuple):
    """What a function does with one list of arguments."""

    result: object
    again: object  # the result of a second call
    changed: tuple  # the names of the arguments that it changed in place


def observe(function, arguments, options=MappingProxyType({})):
    """Call the function twice on copies of what it is given. It may be a Remote, which knows what it changed."""
    given, by_name = copy.deepcopy((arguments, dict(options)))
    result = function(*given, **by_name)
    changed = getattr(function, "changed", None)
    if changed is None:
        changed = tuple(
            f"argument {i}" for i, (a, b) in enumerate(zip(given, arguments, strict=True)) if not same(a, b)
        ) + tuple(name for name, value in options.items() if not same(by_name[name], value))
    arguments, options = copy.deepcopy((arguments, dict(options)))
    return Behaviour(result, function(*arguments, **options), changed)


def same(a, b, tol=0.0):
    """Whether two results have the same structure, shapes and dtypes, and values up to `tol`; NaN equals NaN."""
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        alike = isinstance(a, list) == isinstance(b, list) and len(a) == len(b)
        return alike and all(same(x, y, tol) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], tol) for key in a)
    if not (_is_number(a) and _is_number(b)):
        return type(a) is type(b) and bool(np.all(a == b))
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if tol == 0.0 or a.dtype.kind not in "fc":
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    finite = np.isfinite(a)
    return gradcheck.relative_error(a[finite], b[finite]) <= tol


def find(student, seen, expected, arguments, tol, run, options=MappingProxyType({})):
    """The entry of answers.toml that does with `arguments` what the `student`'s function was `seen` to do, or None.

    `options` are arguments given by name. An entry that gives the `expected` result here says nothing. Nor does one
    that keeps the points of the test cell that the checks.Run `run` is in, or that loses those of a passed one: two
    mistakes may give the same number in one function, and are then told apart by the others. If that is not enough, the
    student's function is asked once more, with numbers nearby. Mistakes already named in this submission come first.
    """
    named, call = set(run.named.values()), (arguments, dict(options))
    entries = [
        entry
        for entry in _known(run.slug)
        if not entry.right and run.cell in entry.loses and not run.passed.intersection(entry.loses)
    ]
    found = [
        entry
        for entry in sorted(entries, key=lambda entry: entry.name not in named)
        if (behaviour := _behaviour(run.slug, entry, student.__name__, call))
        and _alike(behaviour, seen, SAME)
        and not _alike(behaviour, Behaviour(expected, expected, ()), tol)
    ]
    if len(found) > 1 and found[0].name not in named:
        nearby = _moved(call, np.random.default_rng(run.seed))
        seen = observe(student, *nearby)
        again = [entry for entry in found if _alike(_behaviour(run.slug, entry, student.__name__, nearby), seen, SAME)]
        found = again or found
    return found[0] if found else None


def _behaviour(slug, entry, name, call):
    """What the entry's function does, or None if it raises; kept, as a whole class is marked on the same cases."""
    try:
        case = pickle.dumps(call)
    except (pickle.PicklingError, AttributeError, TypeError):  # a function in the case, which may answer otherwise now
        return _observed(slug, entry, name, call)
    return _kept(slug, entry.name, name, case)


@lru_cache(maxsize=4096)
def _kept(slug, entry_name, name, case):
    (entry,) = [entry for entry in _known(slug) if entry.name == entry_name]
    return _observed(slug, entry, name, pickle.loads(case))


def _observed(slug, entry, name, call):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return observe(_namespace(slug, entry)[name], *call)
        except Exception:
            return None


def _alike(one, other, tol):
    """Whether two behaviours are the same; a function that cannot make up its mind is like any other such function."""
    if one is None or bool(one.changed) != bool(other.changed):
        return False
    steady = same(one.result, one.again), same(other.result, other.again)
    return steady == (False, False) or (all(steady) and same(one.result, other.result, tol))


def _moved(value, rng):
    """A copy of the arguments with every float moved by up to a tenth."""
    if isinstance(value, (tuple, list)):
        parts = [_moved(part, rng) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, dict):
        return {key: _moved(part, rng) for key, part in value.items()}
    if isinstance(value, (float, np.ndarray)) and np.asarray(value).dtype.kind == "f":
        return value * (1 + rng.uniform(-0.1, 0.1, size=np.shape(value)))
    return value


def _is_number(value):
    return isinstance(value, (int, float, complex, np.ndarray, np.generic))


@lru_cache(maxsize=8)
def _known(slug):
    return known_answers(slug)


def _namespace(slug, entry):
    """The entry's functions, fresh every time: some entries keep something from call to call."""
    namespace = {"__name__": "__main__"}
    for cell in exercise.load(slug).notebook["cells"]:
        if cell["cell_type"] == "code" and not exercise.is_test(cell) and exercise.grade_id(cell):
            with contextlib.suppress(Exception):  # a cell that calls the checks, which are not here
                exec(_compiled(entry.cells.get(exercise.grade_id(cell), cell["source"])), namespace)
    return namespace


@lru_cache(maxsize=512)
def _compiled(source):
    return compile(source, "<answer>", "exec")
