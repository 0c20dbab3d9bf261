"""The outputs of a cell, as nbformat writes them down: text, figures, points, and what went wrong."""

import base64

from grading import outside
from grading.checks import HiddenCheckFailedError
from grading.failure import Failure
from grading.limits import TestTooLongError
from grading.remote import StudentError
from rnnlib.exercise import CheckFailedError
from rnnlib.words import say

MAX_TEXT = 100_000  # characters
MAX_LINE = 2000  # characters of a line of an error
MAX_LINES, MAX_ERROR = 200, 20_000  # lines of an error, and characters of all lines of an error
MAX_FIGURES = 4
MAX_FIGURE = 2**21  # bytes
FAILURE = "failure"  # the key of a cell's metadata under which it carries what is told of it


def add_text(cell, text):
    """Add text as stdout, never as stderr, where Python sends warnings: nbgrader takes stderr for a failed test."""
    if text:
        cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": outside.text(text, MAX_TEXT)})


def add_figures(cell, figures):
    """Add the first few figures, given as bytes that may be a PNG; other bytes, and large ones, are left out."""
    for figure in figures[:MAX_FIGURES]:
        if figure.startswith(b"\x89PNG\r\n") and len(figure) <= MAX_FIGURE:
            data = {"image/png": base64.b64encode(figure).decode("ascii")}
            cell["outputs"].append({"output_type": "display_data", "data": data, "metadata": {}})


def add_points(cell, points):
    """Add the result from which nbgrader reads partial credit: the points, kept between 0 and those of the cell."""
    text = f"{min(max(points, 0.0), cell['metadata']['nbgrader']['points']):g}"
    result = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}
    cell["outputs"].append(result)


def add_failure(cell, name, failure):
    """Add an error, which costs a test its points; the Failure is all that is told of it, as far as it is short."""
    seen = "\n".join(outside.line(line, MAX_LINE) for line in failure.seen[:MAX_LINES])[:MAX_ERROR].split("\n")
    facts = tuple((what, outside.line(text, MAX_LINE)) for what, text in failure.facts)
    error = {"output_type": "error", "ename": outside.line(name, 80), "evalue": seen[0][:500], "traceback": []}
    cell["outputs"].append(error)
    _put(cell, failure._replace(seen=tuple(seen), facts=facts))


def tell_more(cell, **more):
    """Change parts of the Failure that was added last, given by name."""
    _put(cell, failure_of(cell)._replace(**more))


def failure_of(cell):
    """The Failure that is told of a cell; None if there is none.

    An older notebook does not say what is undone, and one that is older still holds nothing but its lines.
    """
    errors = [output for output in cell["outputs"] if output["output_type"] == "error"]
    found = cell["metadata"].get(FAILURE) or (errors and {"seen": tuple(errors[-1]["traceback"])})
    return Failure(**{"undone": _says_undone(found["seen"]), **found}) if found else None


def _says_undone(seen):
    return any(line.endswith(("not done yet", say("not done yet"))) for line in seen[:1])


def _put(cell, failure):
    """Let the cell carry the Failure, for a page of feedback, and its last output show it, in a notebook."""
    cell.setdefault("metadata", {})[FAILURE] = failure._asdict()
    cell["outputs"][-1]["traceback"] = failure.lines()


def add_exception(cell, error, hidden=False, names=()):
    """Add the error that an exception raised by the cell is shown as.

    The message of an exception may hold a number that was expected. If a `hidden` test raised it, therefore, only its
    kind is shown, unless it was written for the student. `names` are those that students define: where one of them is
    missing, the error points to the cell that should have defined it.
    """
    name = error.name if isinstance(error, StudentError) else type(error).__name__
    add_failure(cell, name, _explained(error, hidden, names))


def _explained(error, hidden, names):
    if isinstance(error, NotImplementedError) and isinstance(error, StudentError):
        return Failure((say("not done yet"),), undone=True)
    if isinstance(error, StudentError):
        lines = error.traceback.splitlines() or [error.message or say("{}, without a message").format(error.name)]
        return Failure((*lines, *getattr(error, "__notes__", [])), undone=error.undone)
    called = getattr(error, "last_call", ())
    if isinstance(error, HiddenCheckFailedError):
        # What says no more than one line has not told the call yet.
        return error.failure._replace(facts=called) if hidden and len(error.failure.lines()) == 1 else error.failure
    if isinstance(error, CheckFailedError) and not hidden:
        return Failure(tuple(str(error).splitlines()), undone=bool(error.undone))
    if isinstance(error, NameError) and error.name in names:
        return Failure((say("{} is not defined: its cell did not run to the end").format(error.name),))
    return Failure((_in_one_line(error, hidden),), called)


def _in_one_line(error, hidden):
    if isinstance(error, TestTooLongError):
        return str(error)
    if not hidden:
        return f"{type(error).__name__}: {str(error)[:2000]}".removesuffix(": ")
    if isinstance(error, AssertionError):
        return say("what your code returned is not what this check asks for")
    return say("this check could not use what your code returned ({})").format(type(error).__name__)
