"""What hidden tests are written with: fresh random cases, and a comparison with the reference that explains itself."""

import contextlib
import copy
import secrets
import zlib
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np

from grading import mistakes
from rnnlib import gradcheck

TOLERANCE = 1e-10  # rounding stays below 1e-13; the best finite difference on a stretched case is above 1e-8
MANY = 12  # arrays with more entries are told by their shape


class CheckFailedError(AssertionError):
    """A hidden check did not pass; the message is written for the student, and holds no expected value."""


@dataclass
class Run:
    """The marking of one submission, as the checks need it."""

    slug: str
    seed: int
    cell: str = ""
    draws: int = 0
    passed: set = field(default_factory=set)  # grade_ids
    named: dict = field(default_factory=dict)  # grade_id -> name of the mistake


_run = ContextVar("run", default=None)


@contextlib.contextmanager
def running(run, cell):
    """Let the checks in the block belong to the test cell `cell` of the marking `run`."""
    run.cell, run.draws = cell, 0
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


def generator():
    """A random generator: from the seed of the run, a stream of its own for every cell; outside a run a fresh one."""
    run = _run.get()
    if run is None:
        return np.random.default_rng(secrets.randbelow(2**32))
    run.draws += 1
    return np.random.default_rng([run.seed, zlib.crc32(run.cell.encode()), run.draws])


def same_answer(student, reference, *arguments, tol=TOLERANCE, **options):
    """Raise a CheckFailedError unless `student` returns what `reference` returns, and leaves its arguments alone.

    Results are numbers, arrays, dicts of numbers, or tuples of them, which may hold tuples in turn: shape and dtype
    exactly, values up to `tol` of the largest entry of each array, as rnnlib.gradcheck.compare. The options go by
    keyword. Both are called on copies, and `student` twice: the second answer must be the first. The message tells the
    call, what came back, what is asked for, and the mistake if it is a known one.
    """
    name = getattr(student, "__name__", "your function")
    expected = reference(*copy.deepcopy(arguments), **copy.deepcopy(options))
    try:
        seen = mistakes.observe(student, arguments, options)
    except Exception as error:
        error.add_note(f"in the call {_call(name, arguments, options)}")
        raise
    problem = _problem(seen, expected, tol)
    if problem:
        asked = (student.__doc__ or "").strip().split("\n")[0]
        lines = [problem, f"  called    {_call(name, arguments, options)}", f"  returned  {_shown(seen.result)}"]
        lines += [f"  expected  {asked}"] if asked else []
        named = _mistake(student, seen, expected, arguments, tol, options)
        raise CheckFailedError("\n".join([f"{name}: {lines[0]}", *lines[1:], *named]))


def _problem(seen, expected, tol):
    """What is wrong with the answer, without giving the right one away; empty if nothing is."""
    if seen.changed:
        return f"changes its arguments in place ({', '.join(seen.changed)}); work on a copy"
    if not mistakes.same(seen.result, seen.again):
        return "gives two different answers to the same question: something is kept from call to call"
    return _unlike(seen.result, expected, tol)


def _unlike(value, right, tol):
    if right is None:
        return "" if value is None else f"is of type {type(value).__name__}, expected None"
    if not isinstance(right, tuple):
        return _difference(value, right, tol)
    if not isinstance(value, tuple) or len(value) != len(right):
        return f"is of type {type(value).__name__}, expected {len(right)} results" + _fields(right)
    for name, part, right_part in zip(getattr(right, "_fields", range(len(right))), value, right, strict=True):
        problem = _unlike(part, right_part, tol)
        if problem:
            return f"{name} {problem}"
    return ""


def _difference(value, right, tol):
    if isinstance(right, dict):
        return _dict_difference(value, right, tol)
    right = np.asarray(right)
    if not isinstance(value, (bool, int, float, np.ndarray, np.generic)):
        return f"is of type {type(value).__name__}, expected a {right.dtype} array of shape {right.shape}"
    value = np.asarray(value)
    if value.dtype != right.dtype:
        return f"has dtype {value.dtype}, expected {right.dtype}"
    if value.shape != right.shape:
        return f"has shape {value.shape}, expected {right.shape}"
    if not np.all(np.isfinite(value)) and np.all(np.isfinite(right)):
        return "holds NaN or inf, expected finite numbers"
    error = gradcheck.relative_error(value, right)
    return "" if error < tol else f"is wrong by {error:.1e} of the largest entry, allowed {tol:.0e}"


def _dict_difference(value, right, tol):
    """As _difference, for dictionaries of numbers, which are compared as one array; the order of the keys is free."""
    if not isinstance(value, dict):
        return f"is of type {type(value).__name__}, expected a dict"
    missing, extra = [key for key in right if key not in value], [key for key in value if key not in right]
    if missing or extra:
        return f"has no entry {missing[0]!r}" if missing else f"has an entry {extra[0]!r} too many"
    if not all(isinstance(value[key], (int, float, np.generic)) for key in right):
        return "holds what is not a number"
    return _difference(np.array([value[key] for key in right]), np.array(list(right.values())), tol)


def _mistake(student, seen, expected, arguments, tol, options):
    """The lines that name a known mistake; it is noted in the run, for the report."""
    run = _run.get()
    if run is None:
        return []
    entry = mistakes.find(student, seen, expected, arguments, tol, run, options)
    if entry is None:
        return []
    run.named[run.cell] = entry.name
    return [f"This is what you get when {entry.mistake}.", entry.hint]


def _fields(expected):
    return f" ({', '.join(expected._fields)})" if hasattr(expected, "_fields") else ""


def _call(name, arguments, options):
    shown = [*map(_shown, arguments), *(f"{option}={_shown(value)}" for option, value in options.items())]
    return f"{name}({', '.join(shown)})"


def _shown(value):
    """A value as a student could type it, or its shape if it is large."""
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
    return str(value) if isinstance(value, np.generic) else repr(value)[:200]
