"""Which known mistake a wrong answer is: what it does is compared with what each entry of answers.toml does."""

import contextlib
import copy
import io
import pickle
import warnings
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from grading import exercise
from grading.answers import known_answers, solution
from rnnlib import gradcheck
from rnnlib.exercise import calls_of

MOST_CALLS = 20  # that are tried to tell two mistakes apart
SAME = 1e-9  # the same mistake written in another way gives numbers that differ by rounding only


class Behaviour(NamedTuple):
    """What a function does when it is called with certain arguments."""

    result: object
    again: object  # the result of a second call
    changed: tuple  # the names of the arguments that it changed in place


def observe(function, arguments, options=MappingProxyType({})):
    """The Behaviour of a function, which is called twice, each time with copies; it may be a Remote.

    `arguments` are passed by position, `options` by keyword. Raises what the function raises.
    """
    if hasattr(function, "twice"):  # a Remote works on its own copies, and says what it changed
        result, again = function.twice(arguments, dict(options))
        return Behaviour(result, again, function.changed)
    given, by_name = copy.deepcopy((arguments, dict(options)))
    result = function(*given, **by_name)
    changed = tuple(
        f"argument {i}" for i, (a, b) in enumerate(zip(given, arguments, strict=True)) if not same(a, b)
    ) + tuple(name for name, value in options.items() if not same(by_name[name], value))
    arguments, options = copy.deepcopy((arguments, dict(options)))
    return Behaviour(result, function(*arguments, **options), changed)


def same(a, b, tol=0.0):
    """Whether two results have the same structure, shapes and dtypes, and values equal up to `tol`; NaN equals NaN."""
    if a is b:  # as most second results are
        return True
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
    """The known mistake that the `student`'s function makes, as an entry of answers.toml; None if it is none of them.

    It is the entry whose function does what the student's was `seen` to do when called with the `arguments` by position
    and the `options` by keyword, where `expected` is right up to `tol`. `run` is the checks.Run of the submission. Of a
    result that is mostly NaN, nothing is said yet: see find_later.
    """
    call, right = (arguments, dict(options)), Behaviour(expected, expected, ())
    found = []
    for entry in _candidates(run):
        behaviour = _behaviour(run.task, entry, student.__name__, call)
        # An entry whose answer is right in this case explains nothing.
        if alike(behaviour, seen, SAME) and not alike(behaviour, right, tol):
            found.append(entry)
    if found and says_little(seen.result):
        found = _alike_elsewhere(found, student, call, run)
    elif len(found) > 1 and found[0].name not in run.named.values():
        found = _told_apart(found, student, call, run)
    if found and not tells(seen.result):
        run.later[run.cell] = found
        return None
    return found[0] if found else None


def find_later(run):
    """Yield (grade_id of a test, entry) for the results that tell too little by themselves, once all tests have run.

    The entry is one that fails, of the tests of this part, those that the submission fails, no more and no fewer.
    """
    part_of = exercise.parts(run.task.notebook)
    for label, entries in run.later.items():
        of_part = {test for test in part_of if part_of[test] == part_of[label]}
        for entry in entries:
            if of_part & set(entry.lost) == of_part & run.failed:
                run.named[label] = entry.name
                yield label, entry
                break


def _candidates(run):
    """The wrong answers that fit what the submission has done so far; those already named in it come first.

    Two mistakes may give the same number in one function. What tells them apart is the rest of the submission: an entry
    that keeps the points of the test that has just failed is not the one, nor is one that would have lost a test that
    was passed. A mistake named before is the likeliest: it passes from a function to those that call it.
    """
    named = set(run.named.values())
    fitting = [
        entry
        for entry in _known(run.task.slug)
        if not entry.right and run.cell in entry.loses and not run.passed.intersection(entry.loses)
    ]
    return sorted(fitting, key=lambda entry: entry.name not in named)


def _told_apart(entries, student, call, run):
    """Of several entries, those that go on behaving as the student's function does in other calls: one at least.

    This comes last, and only where several are left, as it asks the student's process again and again.
    """
    for elsewhere in other_calls(student, call, run):
        if len(entries) == 1:
            break
        entries = _alike_in(elsewhere, entries, student, run) or entries
    return entries


def _alike_elsewhere(entries, student, call, run):
    """Those entries that behave as the student's function does in every other call: perhaps none."""
    for elsewhere in other_calls(student, call, run):
        if not entries:
            break
        entries = _alike_in(elsewhere, entries, student, run)
    return entries


def other_calls(student, call, run):
    """The call with other numbers, and the calls of visible checks."""
    nearby = moved(call, np.random.default_rng(run.seed))
    return [nearby, *_shown_calls(run.task.slug, run.task.digest, student.__name__)]


def _alike_in(call, entries, student, run):
    seen = observed(student, call)
    behaviours = [(entry, _behaviour(run.task, entry, student.__name__, call)) for entry in entries]
    return [entry for entry, behaviour in behaviours if behaviour is seen or (seen and alike(behaviour, seen, SAME))]


@lru_cache(maxsize=128)
def _shown_calls(slug, digest, name):
    """The calls of a function that the visible checks make when all answers are right, always with the same numbers."""
    namespace = dict(right_namespace(slug, digest))
    for cell in exercise.load(slug).notebook["cells"]:
        if exercise.is_test(cell):
            exec(exercise.definitions(cell["source"]), namespace)
    found = []
    for check in [value for key, value in namespace.items() if key.startswith("check_")]:
        made = calls_of(check, np.random.default_rng(0))
        found += [(call.arguments, call.options) for call in made if call.function.__name__ == name]
    return found[:MOST_CALLS]


def _behaviour(task, entry, name, call):
    """The Behaviour of the entry's function of that name, or None if it raises.

    It is kept: a class is marked on the same cases, so that an entry is asked once and not once per submission.
    """
    case = as_key(call)
    if case is None:
        return _observed(task, entry, name, call)
    return _kept_behaviour(task.slug, task.digest, entry.name, name, case)


@lru_cache(maxsize=4096)
def _kept_behaviour(slug, digest, entry_name, name, case):
    (entry,) = [entry for entry in _known(slug) if entry.name == entry_name]
    return _observed(exercise.load(slug), entry, name, from_key(case))


def _observed(task, entry, name, call):
    return observed(namespace_of(task, entry).get(name), call)


def observed(function, call):
    """The Behaviour of a function when it is called, in silence; None if it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return observe(function, *call)
        except Exception:
            return None


def as_key(call):
    """The arguments of a call as bytes; None if a function is among them, which may give another answer next time."""
    try:
        return pickle.dumps(call)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


def from_key(case):
    """The arguments of a call again, from what as_key gave: nothing else is ever unpickled."""
    return pickle.loads(case)


def tells(result):
    """Whether equal results tell equal mistakes: any NaN is like any other, so most of the numbers must be finite."""
    finite = [np.isfinite(array).ravel() for array in _arrays(result)]
    return sum(map(np.size, finite)) == 0 or float(np.mean(np.concatenate(finite))) >= 0.5


def says_little(result):
    """Whether many mistakes may give this very result: whole numbers, or zeros."""
    return not any(array.any() for array in _arrays(result))


def _arrays(value):
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in _arrays(part)]
    if isinstance(value, dict):
        return _arrays(list(value.values()))
    return [np.asarray(value)] if _is_number(value) and np.asarray(value).dtype.kind in "fc" else []


def alike(one, other, tol):
    """Whether two behaviours are the same; two functions that do not repeat their own answers count as the same."""
    if one is None or bool(one.changed) != bool(other.changed):
        return False
    steady = same(one.result, one.again), same(other.result, other.again)
    return steady == (False, False) or (all(steady) and same(one.result, other.result, tol))


def moved(value, rng):
    """A copy of the arguments with every float moved by up to a tenth."""
    if isinstance(value, (tuple, list)):
        parts = [moved(part, rng) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, dict):
        return {key: moved(part, rng) for key, part in value.items()}
    if isinstance(value, (float, np.ndarray)) and np.asarray(value).dtype.kind == "f":
        return value * (1 + rng.uniform(-0.1, 0.1, size=np.shape(value)))
    return value


def _is_number(value):
    return isinstance(value, (int, float, complex, np.ndarray, np.generic))


@lru_cache(maxsize=8)
def _known(slug):
    return known_answers(slug)


def namespace_of(task, answer):
    """What the notebook defines with a known answer in it; made again every time, as some entries keep a state.

    Tests are left out, and so are cells without a label: in the release, these are for the reader.
    """
    namespace = {"__name__": "__main__"}
    for cell in task.notebook["cells"]:
        if cell["cell_type"] == "code" and not exercise.is_test(cell) and exercise.grade_id(cell):
            # A cell may call the checks, which are not here; what others print is for the reader of the notebook.
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                exec(code(answer.cells.get(exercise.grade_id(cell), cell["source"])), namespace)
    return namespace


@lru_cache(maxsize=32)
def right_namespace(slug, _digest):
    """What the notebook defines with the instructor's answers in it; the digest tells one notebook from the next.

    What is kept for a class has these for its key, and not the Exercise, as it is one for all languages.
    """
    return namespace_of(exercise.load(slug), solution(slug))


@lru_cache(maxsize=2048)
def code(source):
    """The source of an answer, compiled."""
    return compile(source, "<answer>", "exec")
