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

    The options are passed by keyword. Results are numbers, arrays, None, or tuples of them: shape and dtype exactly,
    values up to `tol` of the largest entry of each array, as rnnlib.gradcheck.compare. Both are called on copies, and
    `student` twice: the second answer must be the first. The message tells the call, what came back, what is asked
    for, and the mistake if it is a known one.
    """
    name = getattr(student, "__name__", "your function")
    expected = reference(*copy.deepcopy(arguments), **copy.deepcopy(options))
    shown = [_shown(value) for value in arguments] + [f"{key}={_shown(value)}" for key, value in options.items()]
    call = f"{name}({', '.join(shown)})"
    try:
        seen = mistakes.observe(student, arguments, options)
    except Exception as error:
        error.add_note(f"in the call {call}")
        raise
    problem = _problem(seen, expected, tol)
    if problem:
        asked = (student.__doc__ or "").strip().split("\n")[0]
        lines = [problem, f"  called    {call}", f"  returned  {_shown(seen.result)}"]
        lines += [f"  expected  {asked}"] if asked else []
        raise CheckFailedError(
            "\n".join([f"{name}: {lines[0]}", *lines[1:], *_mistake(student, seen, expected, arguments, options, tol)])
        )


def _problem(seen, expected, tol):
    """What is wrong with the answer, without giving the right one away; empty if nothing is."""
    if seen.changed:
        return f"changes its arguments in place ({', '.join(seen.changed)}); work on a copy"
    if not mistakes.same(seen.result, seen.again):
        return "gives two different answers to the same question: something is kept from call to call"
    return _unlike(seen.result, expected, tol)


def _unlike(given, wanted, tol):
    """How a result differs from the wanted one; tuples are compared part by part."""
    if not isinstance(wanted, tuple):
        return _difference(given, wanted, tol)
    if not isinstance(given, tuple) or len(given) != len(wanted):
        return f"returns a {type(given).__name__}, expected {len(wanted)} results" + _fields(wanted)
    for part, value, right in zip(getattr(wanted, "_fields", range(len(wanted))), given, wanted, strict=True):
        problem = _unlike(value, right, tol)
        if problem:
            return f"{part} {problem}"
    return ""


def _difference(value, right, tol):
    if right is None:
        return "" if value is None else f"is of type {type(value).__name__}, expected None"
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


def _mistake(student, seen, expected, arguments, options, tol):
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


def _shown(value):
    """A value as a student could type it, or its shape if it is large."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = ", ".join(f"{name}={_shown(part)}" for name, part in zip(value._fields, value, strict=True))
        return f"{type(value).__name__}({parts})"
    if isinstance(value, (tuple, list)) and len(value) <= MANY:
        inside = ", ".join(map(_shown, value))
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, np.ndarray) and value.ndim:
        text = np.array2string(value, precision=6, separator=", ").replace("\n", "")
        return text if value.size <= MANY else f"<array {value.shape}>"
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return str(value) if isinstance(value, np.generic) else repr(value)[:200]
