"""Run a rebuilt notebook: student's cells in the sandbox, tests here, set-up cells on both sides."""

import ast
import base64
import contextlib
import ctypes
import io
import threading
import time
from functools import lru_cache
from numbers import Real
from typing import NamedTuple

from grading import checks, exercise
from grading.remote import Remote, StudentDiedError, StudentError, StudentProcess
from grading.transplant import RECORD, WRITTEN_BY_STUDENT
from rnnlib.exercise import CheckFailedError

HIDDEN = "BEGIN HIDDEN TESTS"
MAX_FIGURE = 2**21


class Settings(NamedTuple):
    """How submissions are run."""

    seed: int
    sandboxed: bool = True
    call_seconds: float = 10.0  # what the first hang may cost
    hang_seconds: float = 1.0  # what every later request may take after a hang
    submission_seconds: float = 60.0
    replacements: int = 10  # of a student's process that died


class TestTooLongError(Exception):
    """A test cell used up its time in the grader's own process."""

    def __str__(self):
        return "this check took too long, and was stopped"


class Bench:
    """The student's process and what is needed to replace it, and the time that is left."""

    def __init__(self, task, settings):
        self.task, self.settings = task, settings
        self.until = time.monotonic() + settings.submission_seconds
        self.hung, self.started, self.ran = False, 0, []
        self.process = self._start()

    def alive(self):
        """The process, or a new one that has run the same cells: a crash costs only the part that crashed."""
        if self.process.dead and self.started <= self.settings.replacements and self.patience() > 0.01:
            self.hung = self.hung or "within" in self.process.dead
            output = self.process.take_output()
            self.process = self._start()
            for source, locked in list(self.ran):
                try:
                    self.process.run(source, locked)
                except StudentDiedError:
                    self.ran.remove((source, locked))
                    return self.alive()
                except StudentError:
                    pass
            self.process.take_output()
            self.process.output.append(output[0])
        return self.process

    def patience(self):
        """The seconds that a request may take from now on."""
        usual = self.settings.hang_seconds if self.hung else self.settings.call_seconds
        return max(0.001, min(usual, self.until - time.monotonic()))

    def run(self, source, locked=False):
        """Run a cell; one that ended the process is not run again in the next one."""
        process = self.alive()
        try:
            process.run(source, locked)
        except StudentDiedError:
            raise
        except StudentError:
            self.ran.append((source, locked))
            raise
        self.ran.append((source, locked))

    def take_output(self):
        """What the student's code printed and drew since the last look."""
        return self.process.take_output()

    def close(self):
        """End the process."""
        self.process.close()

    def _start(self):
        self.started += 1
        return StudentProcess(self.patience, self.settings.sandboxed, self.task.withheld)


def execute(notebook, slug, settings):
    """Fill in the outputs of a rebuilt notebook, and note in its record how that went.

    Raises sandbox.SandboxError when no process can be started; nothing that a student wrote raises.
    """
    task, record = exercise.load(slug), notebook["metadata"][RECORD]
    record |= {"seed": settings.seed, "sandbox": "bubblewrap" if settings.sandboxed else "none", "human": []}
    run, started = checks.Run(slug, settings.seed), time.monotonic()
    if record["problem"]:
        _refuse(notebook, record["problem"])
    else:
        bench, namespace = Bench(task, settings), {"__name__": "__grader__"}
        try:
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    cell["outputs"], cell["execution_count"] = [], None
                    _run_cell(cell, bench, namespace, run, record)
        finally:
            bench.close()
    record |= {"seconds": round(time.monotonic() - started, 3), "mistakes": run.named}
    return notebook


def _refuse(notebook, problem):
    """No test of a notebook that cannot be marked is passed: to nbgrader, a test without output would be."""
    for cell in notebook["cells"]:
        if exercise.is_test(cell) and cell["cell_type"] == "code":
            output = {"output_type": "error", "ename": "NotMarked", "evalue": problem, "traceback": [problem]}
            cell["outputs"] = [output]


def _run_cell(cell, bench, namespace, run, record):
    label = exercise.grade_id(cell)
    if exercise.is_answer(cell) or label is None or WRITTEN_BY_STUDENT in cell["metadata"]:
        _run_answer(cell, bench, namespace)
    elif exercise.is_test(cell):
        _run_test(cell, bench, namespace, run, record)
    else:
        _run_set_up(cell, bench, namespace)


def _run_set_up(cell, bench, namespace):
    """A locked cell of ours: both sides need it. An error in it that is not the student's stops the marking."""
    with contextlib.suppress(StudentError):
        bench.run(cell["source"], locked=True)
    bench.take_output()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(cell["source"], "<set-up>", "exec"), namespace)
    except Exception as error:
        if not isinstance(error, StudentError) and getattr(error, "name", None) not in bench.task.all_names:
            raise
        _add_error(cell, error, _explained(error, False, bench.task.all_names))
    _add_text(cell, printed.getvalue())
    _add_student_output(cell, bench)


def _run_answer(cell, bench, namespace):
    error = None
    try:
        bench.run(cell["source"])
    except StudentError as raised:
        error = raised
    _add_student_output(cell, bench)
    if error:
        _add_error(cell, error, _explained(error, hidden=False))
    for name in bench.task.names.get(exercise.grade_id(cell), ()):
        namespace.pop(name, None)
        with contextlib.suppress(StudentError):
            value = bench.alive().get(name)
            doc = bench.task.docs.get(name)
            namespace[name] = Remote(bench.alive, name, doc=doc) if isinstance(value, Remote) else value


def _run_test(cell, bench, namespace, run, record):
    label, hidden = exercise.grade_id(cell), HIDDEN in cell["source"]
    printed, value, error = io.StringIO(), None, None
    body, last = _compiled(cell["source"])
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            checks.running(run, label),
            _time_limit(bench.settings.submission_seconds),
        ):
            exec(body, namespace)
            value = eval(last, namespace) if last else None
    except Exception as raised:
        error = raised
    if isinstance(error, TestTooLongError):
        bench.process.close("a test took too long")
        record["human"].append(f"{label} took too long")
    if not hidden:
        _add_text(cell, printed.getvalue())
    _add_student_output(cell, bench)
    if error:
        _add_error(cell, error, _explained(error, hidden, bench.task.all_names))
    elif isinstance(value, Real) and not isinstance(value, bool):
        _add_points(cell, float(value), record)
    else:
        run.passed.add(label)


def _add_points(cell, points, record):
    """Partial credit: the value of a test's last line, kept between 0 and the points of the cell."""
    most = cell["metadata"]["nbgrader"]["points"]
    if points != points:
        record["human"].append(f"{exercise.grade_id(cell)} gave NaN points")
        points = 0.0
    text = f"{min(max(points, 0.0), most):g}"
    result = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}
    cell["outputs"].append(result)


def _add_student_output(cell, bench):
    """What the student's code printed, always as stdout: nbgrader takes stderr, where warnings go, for a failure."""
    text, figures = bench.take_output()
    _add_text(cell, text)
    for figure in figures[:4]:
        if figure.startswith(b"\x89PNG\r\n") and len(figure) <= MAX_FIGURE:
            data = {"image/png": base64.b64encode(figure).decode("ascii")}
            cell["outputs"].append({"output_type": "display_data", "data": data, "metadata": {}})


def _add_text(cell, text):
    if text:
        cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": text[:100_000]})


def _add_error(cell, error, lines):
    name = error.name if isinstance(error, StudentError) else type(error).__name__
    output = {"output_type": "error", "ename": name[:80], "evalue": lines[0][:500] if lines else "", "traceback": lines}
    cell["outputs"].append(output)


def _explained(error, hidden, names=()):
    """What the feedback says about an exception. Of a hidden test it shows only what is written for the student."""
    if isinstance(error, NotImplementedError) and isinstance(error, StudentError):
        return ["not done yet"]
    if isinstance(error, StudentError):
        return [*error.traceback.splitlines(), *getattr(error, "__notes__", [])] or [error.message]
    if isinstance(error, (checks.CheckFailedError, TestTooLongError)) or (
        not hidden and isinstance(error, CheckFailedError)
    ):
        return str(error).splitlines()
    if isinstance(error, NameError) and error.name in names:
        return [f"{error.name} is not defined: its cell did not run to the end"]
    if not hidden:
        return [f"{type(error).__name__}: {str(error)[:2000]}"]
    return [f"this check could not use what your code returned ({type(error).__name__})"]


@lru_cache(maxsize=512)
def _compiled(source):
    """The code of a cell, and of its last expression if it ends in one."""
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return compile(tree, "<test>", "exec"), last and compile(last, "<test>", "eval")


@contextlib.contextmanager
def _time_limit(seconds):
    """Raise TestTooLongError in the block after `seconds`, in any thread: a Dask worker marks outside the main one."""
    here, raised = ctypes.c_ulong(threading.get_ident()), ctypes.py_object(TestTooLongError)
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc, (here, raised))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
