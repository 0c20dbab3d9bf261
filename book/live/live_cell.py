"""Runs the live cells of a page in its browser, all in one namespace; book/live/live-worker.js calls `run`."""

import contextlib
import io
import linecache
import traceback

from pyodide.code import eval_code

from rnnlib.browser import draw_indices

draw_indices()
names = {"__name__": "__main__"}


class Screen(io.TextIOBase):
    """Hands on what is printed to `show`, a function of one string."""

    def __init__(self, show):
        self.show = show

    def write(self, text):
        self.show(text)
        return len(text)


def run(source, cell, show):
    """Run one cell as a notebook does, and return the number of the line that failed, if one did.

    It shows the value of a last expression, and an error with the reader's lines.
    """
    linecache.cache[cell] = len(source), None, source.splitlines(keepends=True), cell
    screen = Screen(show)
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        try:
            value = eval_code(source, names, filename=cell)
            if value is not None:
                print(repr(value))
        except BaseException as error:
            print(*report(error), sep="", end="")
            return failed_line(error, cell)


def failed_line(error, cell):
    """The last line of the cell that Python had come to; a cell with a wrong syntax has not begun to run."""
    if isinstance(error, SyntaxError) and error.filename == cell:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == cell]
    return lines[-1] if lines else 1  # what cannot be read at all, such as a null byte, has no line


def report(error):
    """The lines of a traceback, without those of Python's own files and of rnnlib."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("cell ")]
    return [*traceback.format_list(own), *traceback.format_exception_only(error)]
