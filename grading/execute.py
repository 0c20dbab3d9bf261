"""Run a rebuilt notebook, cell by cell: answers in the sandbox, tests in the grader, set-up cells on both sides."""

import ast
import contextlib
import io
import re
import time
from collections import deque
from functools import lru_cache
from numbers import Real
from typing import NamedTuple

from grading import checks, exercise, follow_through, found_once, mistakes, outputs, record
from grading.bench import Bench, too_much
from grading.failure import Failure
from grading.limits import TestTooLongError, time_limit
from grading.remote import Remote, SandboxError, StudentError
from grading.transplant import WRITTEN_BY_STUDENT
from rnnlib.exercise import status
from rnnlib.words import say, speaking

HIDDEN = "BEGIN HIDDEN TESTS"


class Settings(NamedTuple):
    """How submissions are run."""

    seed: int
    sandboxed: bool = True
    call_seconds: float = 10.0  # of a function or of a cell
    hang_seconds: float = 1.0  # of a function that was too slow before
    submission_seconds: float = 60.0  # of all functions and answer cells together
    extra_seconds: float = 20.0  # of all cells without points together
    user: str = ""  # of this machine, as whom students' code runs outside a sandbox; empty: the grader's own
    replacements: int = 10  # of a process that died of answers, and as many of one that died of cells without points


def execute(notebook, task, settings, bench=Bench):
    """Fill in the outputs of a rebuilt notebook and complete its Record; return the notebook.

    `task` is the exercise.Exercise that it was rebuilt from, `bench` the class of what the cells run on. Raises
    remote.SandboxError when no process can be started; nothing that a student wrote raises.
    """
    noted, run, started = record.of(notebook), checks.Run(task, settings.seed), time.monotonic()
    with speaking(task.language):
        if noted.problem:
            _refuse(notebook, noted.problem)
        else:
            _run_all(notebook, bench(task, settings), run)
    noted = noted._replace(
        run=record.fingerprint(noted.digest, task, settings),
        seed=settings.seed,
        sandbox="bubblewrap" if settings.sandboxed else "another user" if settings.user else "none",
        human=(*noted.human, *dict.fromkeys(run.human)),
        mistakes=run.named,
        follows=run.follows if task.follow_through else {},
        seconds=round(time.monotonic() - started, 3),
    )
    record.put(notebook, noted)
    return notebook


def _refuse(notebook, problem):
    """Let every test fail, for the reason `problem`: nbgrader takes a test without output for one that was passed."""
    for cell in notebook["cells"]:
        if exercise.is_test(cell) and cell["cell_type"] == "code":
            cell["outputs"] = []
            outputs.add_failure(cell, "NotMarked", Failure((problem,)))


def _run_all(notebook, bench, run):
    """Run the cells in their order on the `bench` and in a namespace of the grader's own.

    Tests come between the answers, as in the notebook: a test then sees the functions as they are at that place, and a
    later cell that redefines one, or ends the process, takes no points back. Only what is not there yet is waited for:
    a test of a function that the student wrote further down runs right below that cell, and those after it with it.
    """
    names = _Names(notebook, bench)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    last = max((place for place, cell in enumerate(cells) if _is_students(cell)), default=-1)
    waiting = deque()
    try:
        for place, cell in enumerate(cells):
            cell["outputs"], cell["execution_count"] = [], None
            # Students' cells first: a cell that is an answer and a test in one must not run in the grader.
            if _is_students(cell):
                _run_answer(cell, bench)
                names.may_have_changed(cell)
            else:
                if not exercise.is_test(cell) and place < last:
                    _run_set_up_there(cell, bench)
                waiting.append((cell, names.asked()))
            while waiting and not names.come_later(waiting[0][1]):
                _run_here(waiting.popleft()[0], bench, names.namespace(), run)
    finally:
        bench.close()
        run.human += bench.human
    labelled = {exercise.grade_id(cell): cell for cell in cells}
    for label, entry in mistakes.find_later(run):
        mistake, hint = checks.told(entry, bench.task.slug)
        outputs.tell_more(labelled[label], mistake=mistake, hint=hint)


def _is_students(cell):
    filled_in = exercise.is_answer(cell) or exercise.is_by_hand(cell)
    return filled_in or exercise.grade_id(cell) is None or WRITTEN_BY_STUDENT in cell["metadata"]


class _Names:
    """The grader's namespace, in which the names that the exercise asks for are those of the student's process."""

    def __init__(self, notebook, bench):
        self.bench, self.space = bench, {"__name__": "__grader__"}
        self.asked_for, self.changed = [], set()
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and _is_students(cell)]
        self.below = deque({name for name in bench.task.all_names if _defines(cell["source"], name)} for cell in cells)

    def may_have_changed(self, cell):
        """Take note of the student's `cell`, the next one, which has run."""
        self.below.popleft()
        asked = self.bench.task.names.get(exercise.grade_id(cell), ())
        self.asked_for += asked
        self.changed |= {*asked, *(name for name in self.bench.task.all_names if name in cell["source"])}

    def asked(self):
        """The names that the answer cells so far should define: a test that comes now may use any of them."""
        return tuple(self.asked_for)

    def come_later(self, names):
        """Whether one of the names is not there, and a cell further down defines it."""
        return any(any(name in defined for defined in self.below) and not self._is_there(name) for name in names)

    def namespace(self):
        """The namespace for a test, with the values that the names have at this moment; no other name gets into it."""
        for name in self.changed.intersection(self.asked_for):
            self.space.pop(name, None)  # an earlier value must not stand in for one that is there no more
            with contextlib.suppress(StudentError):
                self.space[name] = self._value(name)
                self.changed.discard(name)
        return self.space

    def _is_there(self, name):
        try:
            self.bench.get(name)
        except StudentError:
            return False
        return True

    def _value(self, name):
        value, doc = self.bench.get(name), self.bench.task.docs.get(name)
        return Remote(self.bench.alive, name, doc=doc) if isinstance(value, Remote) else value


def _defines(source, name):
    """Whether a student's cell seems to define the name; it is not parsed for that."""
    definition = rf"^[ \t]*+(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b|^{name}[ \t]*(?:[:,][^=\n]*)?=(?!=)"
    return name in source and bool(re.search(definition, source, re.MULTILINE))


def _run_set_up_there(cell, bench):
    """Run a locked cell on the student's side, where answers use what it defines."""
    with contextlib.suppress(StudentError):  # the run on our side shows it
        bench.run(cell["source"], locked=True)
    bench.take_output()


def _run_here(cell, bench, namespace, run):
    if exercise.is_test(cell):
        _run_test(cell, bench, namespace, run)
    elif exercise.repeats_checks(cell):
        # What they said further up is told again: to call them all once more would take a quarter of the time.
        checked = re.findall(r"\bcheck_(\w+)", cell["source"])
        outputs.add_text(cell, "".join(f"{part}: {run.progress[part]}\n" for part in checked))
    else:
        _run_set_up(cell, bench, namespace)


def _run_set_up(cell, bench, namespace):
    """Run a locked cell on our side; what it prints is shown from here.

    Tests use what it defines, and must not take it from the student's side: there, it may have been replaced. An error
    that is neither the student's nor due to a name that students define is a fault of the exercise, and stops the
    marking.
    """
    printed, names = io.StringIO(), bench.task.all_names
    try:
        # A function of the cell may have a derivative of rnnlib.gradcheck as its default, and keeps that one.
        with contextlib.redirect_stdout(printed), found_once.in_tests_of(bench.task):
            exec(compile(cell["source"], "<set-up>", "exec"), namespace)
    except Exception as error:
        if not isinstance(error, StudentError) and getattr(error, "name", None) not in names:
            raise
        outputs.add_exception(cell, error, names=names)
    outputs.add_text(cell, printed.getvalue())
    _add_student_output(cell, bench)  # the cell may have called the student's functions


def _run_answer(cell, bench):
    """Run a student's cell in the sandbox."""
    error = None
    try:
        bench.run(cell["source"], extra=not exercise.is_answer(cell))
    except StudentError as raised:
        error = raised
    _add_student_output(cell, bench)  # before the error, as in a notebook
    if error:
        outputs.add_exception(cell, error)
        if not bench.may_show(sum(map(len, cell["outputs"][-1]["traceback"]))):
            outputs.tell_more(cell, seen=(say("(left out: {})").format(too_much()),), facts=(), remarks=())


def _run_test(cell, bench, namespace, run):
    """Run a test, and once more if it fails below a part that is wrong, with the instructor's functions for that one.

    A mistake is named in the second trial only: what a function does while one that it calls is wrong, is not its own.
    """
    label, hidden = exercise.grade_id(cell), HIDDEN in cell["source"]
    functions = follow_through.to_lend(bench.task, run, label)
    run.naming = not functions
    text, value, error = bench.twice(lambda: _try(cell, bench, namespace, run), label)
    if not hidden:
        outputs.add_text(cell, text)
        run.progress |= dict.fromkeys(re.findall(r"exercise\.run\(check_(\w+)", cell["source"]), status(error))
    _add_student_output(cell, bench)
    asked = ()
    if error and functions and not isinstance(error, TestTooLongError):
        asked, value, error = bench.twice(lambda: _try_again(cell, bench, namespace, run, error), label)
    if error:
        outputs.add_exception(cell, error, hidden, bench.task.all_names)
    elif isinstance(value, Real) and not isinstance(value, bool):
        _add_points(cell, float(value), run)  # not among the passed: a mistake may have cost a part of the points
    elif label not in run.follows:
        run.passed.add(label)
    if label not in run.passed and label not in run.follows:
        run.failed.add(label)
    if asked:
        _tell_what_follows(cell, asked, label in run.follows, bench.task.follow_through)


def _try_again(cell, bench, namespace, run, error):
    """Run a test with lent functions; return those of them that were asked, the value, and the error that counts."""
    functions, run.naming = follow_through.to_lend(bench.task, run, exercise.grade_id(cell)), True
    with follow_through.lent(functions, bench, namespace, run):
        _, value, again = _try(cell, bench, namespace, run)
    bench.take_output()  # it may show what the instructor's functions return
    asked = tuple(name for name, function in functions.items() if function.asked)
    if again or not asked:
        return asked, None, again or error
    run.follows[exercise.grade_id(cell)] = list(asked)
    return asked, value, None if bench.task.follow_through else error


def _try(cell, bench, namespace, run):
    """Run a test in the grader's own namespace, where each function of the student's is a Remote.

    Returns what it printed, the value of its last line, and the exception that it raised, if any.
    """
    label, printed, value, error = exercise.grade_id(cell), io.StringIO(), None, None
    body, last = _body_and_last(cell["source"])
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            checks.running(run, label),
            time_limit(bench.settings.submission_seconds),
        ):
            exec(body, namespace)
            value = eval(last, namespace) if last else None
    except SandboxError:  # no process could be started, which is no fault of what is tested
        raise
    except Exception as raised:
        error = raised
        error.last_call = checks.last_call(bench.process.last_call)
    if isinstance(error, TestTooLongError):
        bench.close(say("a test took too long"))  # it may still be at work on the last call
        run.human.append(f"{label} took too long")
    return printed.getvalue(), value, error


def _tell_what_follows(cell, names, right, keeps):
    """Say what became of the trial with right functions of these `names`."""
    others = say(" and ").join(names)
    if right and keeps:
        text = say(
            "Right, given a right {}. With yours it fails, which follows from there and costs nothing here."
        ).format(others)
        outputs.add_text(cell, f"{text}\n")
    elif right:
        _remark(cell, say("With a right {} in the place of yours, this is right: mend that first.").format(others))
    else:
        _remark(cell, say("This was tried with a right {} in the place of yours.").format(others))


def _remark(cell, line):
    outputs.tell_more(cell, remarks=(*outputs.failure_of(cell).remarks, line))


def _add_points(cell, points, run):
    """Give partial credit: a test's last line may be a number of points."""
    if points != points:
        run.human.append(f"{exercise.grade_id(cell)} gave NaN points")
        points = 0.0
    outputs.add_points(cell, points)


def _add_student_output(cell, bench):
    text, figures = bench.take_output()
    outputs.add_text(cell, text)
    outputs.add_figures(cell, figures)


@lru_cache(maxsize=512)
def _body_and_last(source):
    """The code of a cell, and that of its last line if it is an expression, whose value a notebook would show."""
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return compile(tree, "<test>", "exec"), last and compile(last, "<test>", "eval")
