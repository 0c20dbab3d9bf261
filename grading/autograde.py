"""Mark a class: find what was handed in, leave out what has not changed, have the rest marked, save the marks."""

import contextlib
import copy
import fcntl
import logging
import sys
import threading
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grading import backup, exchange, grade, gradebook, marks, migrate, notebooks, outside
from grading.sandbox import SandboxError

MINUTE = 60.0  # seconds between two lines in a log
MISSED = 5  # submissions one after the other for which no process could be started

console = Console(width=None if sys.stdout.isatty() else 120)


def autograde(slug, config, settings, workers=1, *, scheduler=None, students=None, force=False, seed=None, agree=None):
    """Mark an exercise for the whole class, or for `students`; return a list of Results, by student, and the strays.

    `config` is nbgrader's, `settings` are execute.Settings, `workers` and `scheduler` as in grade.mark_all. With
    `force`, unchanged submissions are marked again; with `seed`, those that had another one. The strays are lines about
    files that are no submission. Where the gradebook has other cells than the exercise, it follows if `agree`, such as
    migrate.ask, raises nothing; everybody is then marked again.

    Only this process writes the gradebook, and it does so after every submission: an interrupted run keeps what is
    finished, and SQLite is enough for any number of workers. Raises ValueError for an exercise that cannot be marked,
    and for one of `students` whom neither the gradebook nor a folder knows; SandboxError, SQLAlchemyError or OSError
    when the run cannot go on.
    """
    task = notebooks.checked(slug)
    course = CourseDirectory(config=config)
    submitted = course.format_path(course.submitted_directory, "", "").rstrip("/")
    found, strays = grade.find_submissions(submitted, slug)
    everybody = found
    if students:
        _refuse_unknown(course, students, found)
        found = {outside.student(name): found.get(outside.student(name), name) for name in sorted(students)}
    with _alone(course, slug), _opened(course, config, task, agree or migrate.ask) as (book, has_followed):
        if has_followed:
            found, force = everybody, True
            strays += _without_files(book, slug, found)
        folders = {
            student: course.format_path(course.submitted_directory, folder, slug) for student, folder in found.items()
        }
        results = {} if force else _unchanged(book, course, task, folders, settings, seed)
        for student in results:  # marked by an older grader, perhaps, or by a run that was stopped
            strays += _carry(course, slug, student, folders[student])
        jobs = [grade.Job(slug, student, folders[student], settings) for student in found if student not in results]
        missed = []  # why those who came last could not be marked
        of_student = {job.student: job for job in jobs}
        with _progress() as progress, _line_a_minute(progress):
            bar = progress.add_task(slug, total=len(jobs), failed=0, rate=0.0)
            for marked in grade.mark_all(jobs, workers, scheduler):
                job = of_student[marked.student]
                results[marked.student] = gradebook.save_or_say(book, course, task, job, marked)
                if marked.notebook is not None:
                    strays += _carry(course, job.slug, job.student, job.folder)
                missed = [*missed, marked.problem] if marked.notebook is None else []
                if len(missed) in (MISSED, len(jobs)):
                    raise SandboxError(missed[-1])
                failed = sum(bool(result.problem) for result in results.values())
                speed = progress.tasks[bar].finished_speed or progress.tasks[bar].speed or 0.0
                progress.update(bar, advance=1, failed=failed, rate=speed)
    return [results[student] for student in sorted(results)], strays


def _refuse_unknown(course, students, handed_in):
    """Raise ValueError for a name that is nobody's: a slip in typing is to make nobody new."""
    known = {*handed_in, *marks.student_ids(course)}
    for name in sorted(students):
        marks.known_student(outside.student(name), known)


@contextlib.contextmanager
def alone_with_gradebook(course, config, task):
    """The gradebook, which knows the exercise `task`, for a block in which no other grader works on that.

    Raises ValueError if it knows other tests, as the marks in it are then to be made again first.
    """
    with _alone(course, task.slug), _opened(course, config, task, _refuse_to_follow) as (book, _):
        yield book


def _refuse_to_follow(task, _):
    raise ValueError(
        f"the tests of {task.slug} have changed since they came into the gradebook: run "
        f"`python -m grading autograde {task.slug}` first, which shows what would change and asks"
    )


def _carry(course, slug, student, folder):
    """Let what the exchange wrote beside a hand-in follow it, as nbgrader's own command does; lines say what could not.

    Raises OSError where no other student's could follow either.
    """
    try:
        exchange.carry(folder, gradebook.autograded(course, slug, student).parent)
    except OSError as error:
        if error.errno in gradebook.FOR_ALL:
            raise
        return [f"{student}: timestamp.txt could not be put beside the marked notebook: {error.strerror}"]
    return []


@contextlib.contextmanager
def _alone(course, name, wait=False):
    """Keep another grader of this class from doing the same in the block: a lock, which ends with its process.

    Raises ValueError if another grader has it, unless this one is to `wait`.
    """
    folder = Path(course.format_path(course.autograded_directory, "", "").rstrip("/"))
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f".{name}.lock", "w") as file:
        try:  # not flock, whose lock is held on by workers that outlive a killed grader for a moment
            fcntl.lockf(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except (BlockingIOError, PermissionError):
            raise ValueError(f"another grader is marking {name} for this class; wait until it has ended") from None
        yield


@contextlib.contextmanager
def _opened(course, config, task, agree):
    """The gradebook, which knows the exercise as it is, and whether it had to follow for that.

    Two graders that both have to make it do so one after the other.
    """
    with _alone(course, "gradebook", wait=True):
        gradebook.check_schema(course.db_url)
        gradebook.make(course.db_url)
        book = Gradebook(course.db_url, course.course_id)
        try:
            has_followed = ensure_assignment(book, course, config, task, agree)
        except BaseException:
            book.close()
            raise
    with book:
        yield book, has_followed


def ensure_assignment(book, course, config, task, agree):
    """Let the gradebook `book` know the exercise as it is; return whether it had other cells until now.

    Raises what `agree` raises, and ValueError if nbgrader refuses the exercise.

    nbgrader takes an exercise in by making its release. It is made elsewhere and thrown away: the one in exercises/ was
    handed out, and another run may be reading it.
    """
    try:
        found = migrate.plan(book, task)
    except MissingEntry:
        with TemporaryDirectory() as elsewhere:
            aside = copy.deepcopy(config)
            aside.CourseDirectory.release_directory = elsewhere
            aside.ReleaseExporter.in_all_languages = False
            api = NbGraderAPI(config=aside)
            api.log.setLevel(logging.CRITICAL)
            outcome = api.generate_assignment(task.slug, force=True, create=True)
        if not outcome["success"]:
            raise _refused(task, outcome.get("log") or "") from None
        book.db.expire_all()  # nbgrader has written through its own connection
        return False
    if not found.lines:
        migrate.take_texts(book, task)
        return False
    agree(task, found)
    console.print(f"A copy of the gradebook as it was: {backup.copy(course.db_url, course.root)}", soft_wrap=True)
    migrate.follow(book, task, found)
    return True


def _without_files(book, slug, found):
    """Lines about those who are in the gradebook and cannot be marked again, as their files are not there any more."""
    marked = [
        submission.student_id
        for submission in book.assignment_submissions(slug)
        if any(mark.auto_score is not None for notebook in submission.notebooks for mark in notebook.grades)
    ]
    gone = sorted(set(marked) - set(found))
    return [f"{student} cannot be marked again: nothing is in submitted/; earlier marks stay" for student in gone]


def _refused(task, log):
    """The error of a gradebook that did not take the exercise: nbgrader's last line, and the others as a note."""
    lines = [line for line in log.splitlines() if line.strip()] or ["it gave no reason"]
    error = ValueError(f"nbgrader could not take {task.slug} into the gradebook: {lines[-1].strip()}")
    error.add_note(log)
    return error


def _unchanged(book, course, task, folders, settings, seed):
    """The Results of earlier runs that still hold, by student; `folders` is what each handed in."""
    results = {
        student: gradebook.still_valid(book, course, task, student, folder, settings, seed)
        for student, folder in folders.items()
    }
    return {student: result for student, result in results.items() if result}


def _progress():
    columns = ["{task.description}", BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[failed]} failed")]
    columns += [TextColumn("{task.fields[rate]:.1f}/s"), TimeRemainingColumn()]
    return Progress(*columns, console=console)


@contextlib.contextmanager
def _line_a_minute(progress):
    """Say in the block how far it is, where the output goes into a file, in which no bar can move."""
    if console.is_terminal:
        yield
        return
    ended = threading.Event()

    def tell():
        while not ended.wait(MINUTE):
            for task in progress.tasks:
                done = f"{task.completed:g} of {task.total:g} marked, {task.fields['failed']} failed"
                console.print(f"{datetime.now():%H:%M} {task.description}: {done}", highlight=False)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
