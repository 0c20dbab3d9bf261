"""The outputs of a cell, as nbformat writes them down: text, figures, points, and what went wrong."""

import base64

from grading import outside
from grading.checks import HiddenCheckFailedError
from grading.limits import TestTooLongError
from grading.remote import StudentError
from rnnlib.exercise import CheckFailedError

MAX_TEXT = 100_000  # characters
MAX_LINE = 2000  # characters of a line of an error
MAX_LINES, MAX_ERROR = 200, 20_000  # lines of an error, and characters of all lines of an error
MAX_FIGURES = 4
MAX_FIGURE = 2**21  # bytes


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


def add_error(cell, name, lines):
    """Add an error, which costs a test its points; `lines` is all that a reader sees of it, as far as it is short."""
    lines = "\n".join(outside.line(line, MAX_LINE) for line in lines[:MAX_LINES])[:MAX_ERROR].split("\n")
    evalue = lines[0][:500] if lines else ""
    name = outside.line(name, 80)
    cell["outputs"].append({"output_type": "error", "ename": name, "evalue": evalue, "traceback": lines})


def add_line(cell, line):
    """Add a line to the error that was added last."""
    cell["outputs"][-1]["traceback"].append(outside.line(line, MAX_LINE))


def add_exception(cell, error, hidden=False, names=()):
    """Add the error that an exception raised by the cell is shown as.

    The message of an exception may hold a number that was expected. If a `hidden` test raised it, therefore, only its
    kind is shown, unless it was written for the student. `names` are those that students define: where one of them is
    missing, the error points to the cell that should have defined it.
    """
    name = error.name if isinstance(error, StudentError) else type(error).__name__
    add_error(cell, name, _explained(error, hidden, names))


def _explained(error, hidden, names):
    if isinstance(error, NotImplementedError) and isinstance(error, StudentError):
        return ["not done yet"]
    if isinstance(error, StudentError):
        lines = error.traceback.splitlines() or [error.message or f"{error.name}, without a message"]
        return [*lines, *getattr(error, "__notes__", [])]
    called = getattr(error, "last_call", [])
    if isinstance(error, HiddenCheckFailedError if hidden else CheckFailedError):
        lines = str(error).splitlines()
        return [*lines, *called] if hidden and len(lines) == 1 else lines  # the call is not told yet
    if isinstance(error, NameError) and error.name in names:
        return [f"{error.name} is not defined: its cell did not run to the end"]
    if isinstance(error, TestTooLongError):
        return [str(error), *called]
    if not hidden:
        return [f"{type(error).__name__}: {str(error)[:2000]}".removesuffix(": "), *called]
    if isinstance(error, AssertionError):
        return ["what your code returned is not what this check asks for", *called]
    return [f"this check could not use what your code returned ({type(error).__name__})", *called]
