"""`python -m grading autograde SLUG --dry-run`: what a new marking would do to each mark, before it does."""

import json
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from rich.table import Table
from sqlalchemy import make_url

from grading import grade, gradebook, migrate, notebooks, outside, record
from grading.autograde import console


class Preview(NamedTuple):
    """The mark of one student, and what a new marking would make of it; penalties for being late are in neither."""

    student: str
    now: float | None  # None for a submission that has no mark yet
    then: float | None  # None for one that could not be marked, or has no files any more
    tests: dict  # grade_id of a test cell -> its points now and then, where they differ; None where there is no cell
    problem: str  # why it could not be marked; empty if it could


def run(slug, config, settings, workers, **options):
    """Print what a new marking would change; return 0, or 1 if some submission cannot be marked."""
    lines, found = preview(slug, config, settings, workers, **options)
    if lines:
        print(f"The gradebook would follow the cells of {slug}:")
        print(*(f"  {line}" for line in lines), sep="\n")
    changed = [one for one in found if one.now != one.then or one.tests]
    if changed:
        console.print(_table(slug, changed))
    marks = [(one.now, one.then) for one in found if None not in (one.now, one.then)]
    gain, lose = sum(now < then for now, then in marks), sum(now > then for now, then in marks)
    new = sum(one.now is None for one in found)
    print(f"{len(found)} submissions: {gain} would gain points, {lose} would lose some, {new} have no mark yet.")
    cases = f"the seed {options['seed']}" if options.get("seed") is not None else "the seed of its last marking"
    print(f"Each was run with random cases from {cases}. Nothing was written.")
    problems = [f"  {one.student}: {one.problem}" for one in found if one.problem]
    if problems:
        print(f"{len(problems)} need a human:", *problems, sep="\n")
    return 1 if problems else 0


def preview(slug, config, settings, workers=1, *, scheduler=None, students=None, seed=None):
    """The lines of the migrate.Plan, and a Preview of every submission, by student; writes nothing.

    Arguments are those of autograde.autograde. Each submission is run with the seed of its last marking, unless a
    `seed` is given: the difference is then that of the tests and answers, not of other random cases. Raises ValueError
    where nothing has been marked that could be compared.
    """
    task, course = notebooks.checked(slug), CourseDirectory(config=config)
    _find_gradebook(course.db_url)
    submitted = course.format_path(course.submitted_directory, "", "").rstrip("/")
    folders = _asked_for(grade.find_submissions(submitted, slug)[0], students)
    with Gradebook(course.db_url, course.course_id) as book:
        plan = _plan(book, task)
        known = {submission.student_id: submission for submission in book.assignment_submissions(slug)}
        jobs = []
        for student, folder in folders.items():
            path = course.format_path(course.submitted_directory, folder, slug)
            earlier = _seed_of(gradebook.autograded(course, slug, student)) if seed is None else seed
            of_it = settings if earlier is None else settings._replace(seed=earlier)
            jobs.append(grade.Job(slug, student, path, of_it))
        found = {}
        for marked in grade.mark_all(jobs, workers, scheduler):
            submission = known.get(marked.student)
            found[marked.student] = _compared(plan, submission, marked)
        for student in set(known) - set(folders) if not students else ():
            if any(mark.auto_score is not None for mark in _marks_in(known[student]).values()):
                reason = "nothing is in submitted/ any more; earlier marks stay"
                found[student] = Preview(student, known[student].score, None, {}, reason)
    return plan.lines, [found[student] for student in sorted(found)]


def _find_gradebook(db_url):
    """Raise ValueError where there is no gradebook: to open one would make it."""
    url = make_url(db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database).is_file():
        raise ValueError(f"nothing has been marked yet: there is no gradebook {url.database}")
    gradebook.check_schema(db_url)


def _plan(book, task):
    try:
        return migrate.plan(book, task)
    except MissingEntry:
        raise ValueError(f"{task.slug} has not been marked yet: there is no mark that could change") from None


def _asked_for(found, students):
    if not students:
        return found
    names = sorted({outside.student(name) for name in students})
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"nothing was handed in by {', '.join(missing)}")
    return {name: found[name] for name in names}


def _seed_of(path):
    """The seed of the last marking; None if there is none that is known."""
    try:
        return record.of(json.loads(path.read_text(encoding="utf-8"))).seed
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _compared(plan, submission, marked):
    """The Preview of a submission from its grade.Marked."""
    is_marked = submission and not gradebook.is_bare(submission)  # else it may be there for an extension
    before = _marks_in(submission) if is_marked else {}
    now = sum(mark.score for mark in before.values()) if before else None
    if marked.notebook is None:
        return Preview(marked.student, now, None, {}, marked.problem)
    automatic = gradebook.automatic_marks(nbformat.from_dict(marked.notebook))
    old = {new: name for name, new in plan.names.items()}
    after = {name: _score(points, before.get(old.get(name))) for name, points in automatic.items()}
    shown = {name: (before[old[name]].score if old.get(name) in before else None, after[name]) for name in after}
    dropped = {name: (mark.score, None) for name, mark in before.items() if plan.names.get(name) not in after}
    tests = {name: pair for name, pair in (shown | dropped).items() if before and pair[0] != pair[1]}
    return Preview(marked.student, now, sum(after.values()), tests, record.of(marked.notebook).problem)


def _marks_in(submission):
    """{name of a cell: nbgrader's Grade} of a submission."""
    return {mark.name: mark for notebook in submission.notebooks for mark in notebook.grades}


def _score(points, mark):
    """What a cell will give that has these points by itself, and so far the nbgrader.api.Grade `mark`, or None."""
    if mark is None:
        return points or 0.0
    by_hand = points if mark.manual_score is None else mark.manual_score
    return (by_hand or 0.0) + (mark.extra_credit or 0.0)


def _table(slug, changed):
    table = Table(title=f"{slug}: what would change", title_justify="left")
    table.add_column("student", no_wrap=True)
    table.add_column("points now", justify="right", no_wrap=True)
    table.add_column("then", justify="right", no_wrap=True)
    table.add_column("tests that would give others")
    for one in changed:
        tests = ", ".join(f"{name}: {_shown(now)} to {_shown(then)}" for name, (now, then) in one.tests.items())
        table.add_row(one.student, _shown(one.now), _shown(one.then), tests)
    return table


def _shown(points):
    return "none" if points is None else f"{points:g}"
