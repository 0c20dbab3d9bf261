"""What hidden tests are written with: fresh random cases, and a comparison with a reference that says what is wrong."""

import contextlib
import copy
import secrets
import zlib
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np

from grading import found_once, mistakes, patterns, slips
from grading.exercise import Exercise
from grading.failure import Failure
from grading.remote import Remote
from rnnlib import gradcheck
from rnnlib.exercise import BRIEF, SEED, CheckFailedError
from rnnlib.words import close_up, of_exercise, say, to_say

TOLERANCE = 1e-10  # rounding stays below 1e-13; the best finite difference on a stretched case is above 1e-8
MANY = 12  # of arrays with more entries, only the shape is shown


class HiddenCheckFailedError(CheckFailedError):
    """A hidden check did not pass; unlike other failed checks, the message holds no expected value.

    It is given a text, or a Failure, which it keeps as `failure`.
    """

    def __init__(self, told):
        self.failure = told if isinstance(told, Failure) else Failure(tuple(told.splitlines()))
        super().__init__("\n".join(self.failure.lines()))


@dataclass
class Run:
    """What is known so far about one submission that is being marked."""

    task: Exercise
    seed: int
    cell: str = ""  # grade_id of the test that is running
    draws: int = 0  # how many generators this test has asked for
    naming: bool = True  # whether this test may name mistakes
    passed: set = field(default_factory=set)  # grade_ids
    failed: set = field(default_factory=set)  # grade_ids; those in `follows` are not among them
    follows: dict = field(default_factory=dict)  # grade_id -> names of the wrong functions that the failure is due to
    named: dict = field(default_factory=dict)  # grade_id -> name of the mistake
    trial_hung: bool = False  # whether a trial with lent functions did not end in time
    later: dict = field(default_factory=dict)  # grade_id -> the known mistakes that it may be, see mistakes.find_later
    progress: dict = field(default_factory=dict)  # part -> what became of its visible check, in a few words
    human: list = field(default_factory=list)  # what an instructor should look at
    margin: float = 0.0  # the largest error of a comparison so far, in units of what is allowed


_run = ContextVar("run", default=None)


@contextlib.contextmanager
def running(run, cell):
    """Let the checks in the block belong to the test `cell`, a grade_id, of the submission that `run` is about."""
    run.cell, run.draws = cell, 0
    token, seed = _run.set(run), SEED.set(run.seed)
    brief = BRIEF.set(not run.naming)  # there is a second trial then, of which all is told
    try:
        with found_once.in_tests_of(run.task):
            yield
    finally:
        _run.reset(token)
        SEED.reset(seed)
        BRIEF.reset(brief)


def generator():
    """A random generator for the cases of a test; outside a run, one with a fresh seed.

    Its seed is made of the run's, the cell's name and a count, so that a test draws the same cases whatever the other
    tests have drawn before it.
    """
    run = _run.get()
    if run is None:
        return np.random.default_rng(secrets.randbelow(2**32))
    run.draws += 1
    return np.random.default_rng([run.seed, zlib.crc32(run.cell.encode()), run.draws])


def same_answer(student, reference, *arguments, tol=TOLERANCE, **options):
    """Raise a HiddenCheckFailedError unless `student` returns what `reference` returns, and leaves its arguments alone.

    Results are numbers, arrays, dicts of numbers, None, or tuples of these, nested or not. Shapes and dtypes must be
    equal; values may differ by `tol` times the largest entry of each array, as in rnnlib.gradcheck.compare. The options
    are passed by keyword. Both functions get copies, and `student` is called twice: its second answer must equal the
    first. The message gives the call, what came back, what was asked for, and the mistake if it is a known one.
    """
    _check(student, reference, None, arguments, options, tol)


def same_gradient(student, reference, numeric, *arguments, tol=TOLERANCE, **options):
    """As `same_answer`, for a function that returns a gradient: it is compared with central differences as well.

    `numeric` has the structure of the result, a dict its keys, with None where there is nothing to compare; it comes
    from rnnlib.gradcheck.central_difference, applied to the error itself. An array that is further from it than 1e-6 of
    its largest entry is shown as the chapters show it, analytic above numeric. One that is near, and not within `tol`
    of what `reference` returns, is a finite difference, and no derivation.
    """
    _check(student, reference, numeric, arguments, options, tol)


def same_result(student, result, right, tol=TOLERANCE):
    """Raise a HiddenCheckFailedError unless the `result` that `student` has returned is `right`.

    It is compared as by `same_answer`, where to call the function once more would take too long, or change a count.
    """
    problem = _unlike(result, right, tol)
    if problem:
        raise HiddenCheckFailedError(close_up(f"{student.__name__}: {problem}"))


def fail_for(problem):
    """Raise a HiddenCheckFailedError that says what the `problem` is, unless that is an empty text."""
    if problem:
        raise HiddenCheckFailedError(problem)


def _check(student, reference, numeric, arguments, options, tol):
    name = getattr(student, "__name__", "your function")
    expected = reference(*copy.deepcopy(arguments), **copy.deepcopy(options))
    try:
        seen = mistakes.observe(student, arguments, options)
    except Exception as error:
        error.add_note(say("in the call {}").format(_call(name, arguments, options)))
        raise
    problem = _problem(seen, expected, tol, numeric)
    if problem:
        asked = (student.__doc__ or "").strip().split("\n")[0]
        facts = (
            (to_say("called"), _call(name, arguments, options)),
            (to_say("returned"), _shown(seen.result)),
            (to_say("asked for"), asked),
        )
        mistake, hint = _mistake(student, seen, expected, arguments, tol, options)
        # A name says how a part is wrong; which parts are right tells something all the same.
        read_off = (patterns.of_parts if mistake else patterns.told)(seen.result, expected, tol)
        lines = tuple(close_up(f"{name}: {problem}").splitlines())
        raise HiddenCheckFailedError(
            Failure(lines, facts[: 3 if asked else 2], tuple(map(close_up, read_off)), mistake, hint)
        )


def _problem(seen, expected, tol, numeric=None):
    """What is wrong with the answer, without giving the right one away; empty if nothing is."""
    if seen.changed:
        return say("changes its arguments in place ({}); work on a copy").format(", ".join(seen.changed))
    # An object that is no data is another one after every call, which is not what is wrong with it.
    if not (_holds_objects(seen.result) or mistakes.same(seen.result, seen.again)):
        return say("gives two different answers to the same question: something is kept from call to call")
    return _unlike(seen.result, expected, tol, numeric)


def _holds_objects(value):
    """Whether there is something in a value that stayed in the student's process."""
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, Remote) or (isinstance(value, (tuple, list)) and any(map(_holds_objects, value)))


def _unlike(value, right, tol, numeric=None, place=""):
    """What is wrong with a value; `place` says where it is in the result, as one would write it down."""
    start = f"{place} " if place else ""
    if right is None:
        return "" if value is None else say("{}is {}, expected None").format(start, _kind(value))
    if not isinstance(right, tuple):
        problem = _difference(value, right, tol, numeric)
        return f"{start}{problem}" if problem else ""
    if not isinstance(value, tuple) or len(value) != len(right):
        return say("{}is {}, expected {}").format(start, _kind(value), _structure(right))
    fields = getattr(right, "_fields", None)
    for i, (part, right_part) in enumerate(zip(value, right, strict=True)):
        inside = f"{place}.{fields[i]}".lstrip(".") if fields else f"{place or 'result'}[{i}]"
        problem = _unlike(part, right_part, tol, numeric and numeric[i], inside)
        if problem:
            return problem
    return ""


def _kind(value):
    """What a value is, of whatever type: of a tuple its length, too."""
    if isinstance(value, tuple) and type(value) is tuple:
        return say("a tuple of {}").format(len(value))
    if isinstance(value, tuple):
        return say("of type {} with {} entries").format(type(value).__name__, len(value))
    return say("of type {}").format(type(value).__name__)


def _structure(right):
    """How a tuple that is expected is written down."""
    fields = getattr(right, "_fields", None)
    return f"{type(right).__name__}({', '.join(fields)})" if fields else say("a tuple of {} results").format(len(right))


def _difference(value, right, tol, numeric=None):
    if isinstance(right, dict):
        return _dict_difference(value, right, tol, numeric)
    return _array_difference(value, right, tol, numeric, lambda where: f"[{', '.join(str(int(i)) for i in where)}]")


def _array_difference(value, right, tol, numeric, entry):
    """What is wrong with an array or a number; `entry` makes the text that stands for an index."""
    right = np.asarray(right)
    if not _is_number(value):
        return say("is {}, expected {}").format(_kind(value), _array(right))
    value = np.asarray(value)
    if value.dtype != right.dtype and not (value.dtype.kind in "iu" and right.dtype.kind in "iu"):
        return say("has dtype {}, expected {}{}").format(value.dtype, _dtype(right), _advice(value.dtype, right.dtype))
    if value.shape != right.shape:
        return say("has shape {}, expected {}").format(value.shape, right.shape)
    if not np.all(np.isfinite(value)) and np.all(np.isfinite(right)):
        return say("holds NaN or inf, expected finite numbers")
    error = gradcheck.relative_error(value, right)
    note_margin(error / tol)
    if error < tol:
        return ""
    if numeric is None:
        return say("is wrong by {:.1e} of the largest entry, allowed {:.0e}{}").format(
            error, tol, _how_many(value, right, tol)
        )
    return _numeric_difference(value, np.asarray(numeric), error, tol, entry) + _how_many(value, right, tol)


def _how_many(value, right, tol):
    """A line about how many entries of an array are wrong; empty for a number, and for an array of one entry."""
    wrong = patterns.wrong_entries(value, right, tol)
    return say("\n  {} of {} entries are wrong").format(np.sum(wrong), wrong.size) if wrong.size > 1 else ""


def note_margin(share):
    """Keep the largest share of a tolerance that rounding has used; grading.rounding asks for it."""
    run = _run.get()
    if run is not None:
        run.margin = max(run.margin, float(share))


def _is_number(value):
    return isinstance(value, (bool, int, float, np.ndarray, np.generic))


def _array(right):
    """What is expected in the place of something that is no number."""
    if right.dtype.kind in "iu":
        return say("an integer array of shape {}").format(right.shape) if right.ndim else say("an int")
    if right.ndim:
        return say("a {} array of shape {}").format(right.dtype, right.shape)
    return say("a {} number").format(right.dtype)


def _dtype(right):
    return say("an integer type") if right.dtype.kind in "iu" else str(right.dtype)


def _advice(dtype, right):
    """How an array gets the dtype that is expected, where there is a usual reason that it has another."""
    if right == np.float64 and dtype.kind in "iub":
        return say(": write 0.0 for 0, or np.zeros(shape) without a dtype")
    if right == np.float64 and dtype.kind == "f":
        return say(": compute in float64, no other precision is compared")
    return ""


def _numeric_difference(value, numeric, error, tol, entry):
    """A wrong gradient beside its central differences; one that is near to them is a finite difference itself."""
    from_numeric = gradcheck.relative_error(value, numeric)
    if from_numeric < gradcheck.CENTRAL_TOLERANCE:
        return say(
            "is as close to the derivative as a finite difference is, {:.1e} of the largest entry, "
            "allowed {:.0e}: derive it"
        ).format(error, tol)
    where = np.unravel_index(np.argmax(np.abs(value - numeric)), value.shape)
    place = say("is wrong at entry {}").format(entry(where)) if where else say("is wrong")
    return say(
        "{}\n  analytic  {: .12g}\n  numeric   {: .12g}\n  error {:.1e} of the largest entry, allowed {:.0e}"
    ).format(place, value[where], numeric[where], from_numeric, gradcheck.CENTRAL_TOLERANCE)


def _dict_difference(value, right, tol, numeric=None):
    """As _difference, for dictionaries of numbers, compared as one array; the order of the keys does not matter."""
    if not isinstance(value, dict):
        return say("is {}, expected a dict").format(_kind(value))
    missing, extra = [key for key in right if key not in value], [key for key in value if key not in right]
    if missing or extra:
        return (
            say("has no entry {!r}").format(missing[0])
            if missing
            else say("has an entry {!r} too many").format(extra[0])
        )
    odd = [key for key in right if not (_is_number(value[key]) and np.ndim(value[key]) == 0)]
    if odd:
        return say("at {!r} is {}, expected a number").format(odd[0], _kind(value[odd[0]]))
    values, rights = (np.array([given[key] for key in right]) for given in (value, right))
    numeric = None if numeric is None else np.array([numeric[key] for key in right])
    return _array_difference(values, rights, tol, numeric, lambda where: repr(list(right)[where[0]]))


def _mistake(student, seen, expected, arguments, tol, options):
    """The sentence that names a mistake and its hint, each empty if there is none; its name goes into the run."""
    run = _run.get()
    if run is None or not run.naming:
        return "", ""
    entry = mistakes.find(student, seen, expected, arguments, tol, run, options)
    if entry is None:
        return _slip(student, seen, expected, (arguments, dict(options)), tol, run)
    run.named[run.cell] = entry.name
    return told(entry, run.task.slug)


def _call(name, arguments, options):
    """The call as a student could type it in."""
    shown = [*map(_shown, arguments), *(f"{option}={_shown(value)}" for option, value in options.items())]
    return f"{name}({', '.join(shown)})"


def last_call(call):
    """The facts of the last call that came back from a student's function, with shapes in the place of numbers.

    `call` is what Remote keeps: the name, the arguments, the options and the result; None if nothing came back.
    """
    if call is None:
        return ((to_say("last call"), say("none: no function of yours had returned anything before")),)
    name, arguments, options, result = call
    shown = [*map(_outline, arguments), *(f"{option}={_outline(value)}" for option, value in options.items())]
    return (to_say("last call"), f"{name}({', '.join(shown)})"[:2000]), (to_say("gave"), _outline(result)[:2000])


def _outline(value):
    """The type and the shape of a value, and of each part of a tuple; only what is no array is shown as it is."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = ", ".join(f"{name}={_outline(part)}" for name, part in zip(value._fields, value, strict=True))
        return f"{type(value).__name__}({parts})"
    if isinstance(value, (tuple, list)) and len(value) <= MANY:
        inside = ", ".join(map(_outline, value))
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict) and len(value) <= MANY:
        return f"{{{', '.join(f'{_outline(key)}: {_outline(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} array {value.shape}>"
    if isinstance(value, Remote) or not isinstance(value, (bool, int, float, str, np.generic, type(None))):
        of_type = say("of type {}").format("")
        return f"<{_kind(value).removeprefix(of_type)}>"
    return _shown(value)


def _shown(value):
    """A value as a student could type it in, or its shape if it is large."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = ", ".join(f"{name}={_shown(part)}" for name, part in zip(value._fields, value, strict=True))
        return f"{type(value).__name__}({parts})"
    if isinstance(value, (tuple, list)) and len(value) <= MANY:
        inside = ", ".join(map(_shown, value))
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, np.ndarray) and value.ndim:
        if value.size > MANY:
            return f"<array {value.shape}>"
        return np.array2string(value, precision=6, separator=", ").replace("\n", "")
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if callable(value) and not isinstance(value, Remote):  # where it lies in the grader's memory tells nobody anything
        return f"<{getattr(value, '__name__', type(value).__name__)}>"
    return str(value) if isinstance(value, np.generic) else repr(value)[:200]


def told(entry, slug):
    """The sentence in which the feedback names a known mistake, and its hint."""
    said, hint = (of_exercise(slug, text) for text in (entry.mistake, entry.hint))
    return say("This is what you get when {}.").format(said), hint


def _slip(student, seen, expected, call, tol, run):
    """The sentence that tells which small slips would give the same, where no known mistake fits; no hint."""
    found = slips.find(student, seen, expected, call, tol, run)[: slips.TOLD]
    if not found:
        return "", ""
    run.named[run.cell] = ", or ".join(found)
    return say("These are the numbers that you get when {}.").format(say(", or, for example, when ").join(found)), ""
