"""Write what became of a submission: its marks into nbgrader's gradebook, its notebook into nbgrader's folders."""

import os
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import SAWarning

from grading import exercise
from grading.transplant import RECORD


class Result(NamedTuple):
    """What one student got for one exercise."""

    student: str
    points: float
    max_points: float
    failed: tuple  # grade_ids of the test cells that gave less than their points
    problem: str  # why there was nothing to mark; empty if there was
    notes: tuple  # what was unusual and cost nothing
    human: tuple  # what an instructor should look at
    mistakes: dict  # grade_id of a test cell -> name of the known mistake
    seconds: float
    kept: bool = False  # marked in an earlier run, and nothing has changed since


def save(gradebook, course, slug, student, notebook, timestamp=""):
    """Record one marked notebook (a dictionary) and return the Result. Run again, it changes nothing.

    The gradebook is written in one transaction, and before the notebook: when the run is interrupted in between, the
    submission is marked again.
    """
    record, notebook = notebook["metadata"][RECORD], nbformat.from_dict(notebook)
    submission = _submission(gradebook, slug, student, timestamp, record)
    save_marks(gradebook, submission, notebook)
    if submission.total_seconds_late > 0:
        resources = {"nbgrader": {"notebook": slug, "assignment": slug, "student": student, "db_url": course.db_url}}
        AssignLatePenalties(parent=course).preprocess(notebook, resources)
    path = autograded(course, slug, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    nbformat.write(notebook, scratch)
    os.replace(scratch, path)
    return _result(gradebook, submission, student, record)


def save_marks(gradebook, submission, notebook):
    """Set the automatic marks and comments of a submission from the cells of its executed notebook, and commit.

    A mark that an instructor gave by hand stays, and is put up for review, as nbgrader itself does.
    """
    cells = {exercise.grade_id(cell): cell for cell in notebook.cells if exercise.grade_id(cell)}
    problem = notebook.metadata[RECORD]["problem"]
    for grade, name in _of(gradebook, submission, Grade, Grade, BaseCell.name):
        grade.auto_score = utils.determine_grade(cells[name])[0] if name in cells else 0.0
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
    for comment, name in _of(gradebook, submission, Comment, Comment, BaseCell.name):
        comment.auto_comment = problem or _untouched(cells.get(name))
    gradebook.db.commit()


def kept(gradebook, course, slug, student, digest, tests):
    """The Result of an earlier run if the submission and the tests are still the same, else None."""
    try:
        record = nbformat.read(autograded(course, slug, student), as_version=4).metadata[RECORD]
        submission = gradebook.find_submission(slug, student)
    except Exception:  # not marked yet, or half marked, or by something else
        return None
    if not digest or (record["digest"], record["tests"]) != (digest, tests):
        return None
    return _result(gradebook, submission, student, record)._replace(kept=True)


def autograded(course, slug, student):
    """Where nbgrader expects the marked notebook."""
    return Path(course.format_path(course.autograded_directory, student, slug)) / f"{slug}.ipynb"


def _submission(gradebook, slug, student, timestamp, record):
    gradebook.update_or_create_student(student)
    try:
        when = {"timestamp": utils.parse_utc(timestamp)} if timestamp else {}
    except (ValueError, OverflowError):
        record["notes"].append("timestamp.txt cannot be read as a time; it was ignored")
        when = {}
    if when and when["timestamp"] > datetime.now(UTC).replace(tzinfo=None):
        record["human"].append("timestamp.txt is in the future")
    with warnings.catch_warnings():  # nbgrader's own order of adding rows, harmless
        warnings.simplefilter("ignore", SAWarning)
        return gradebook.update_or_create_submission(slug, student, **when)


def _untouched(cell):
    if cell is None or utils.is_task(cell):
        return None
    return "No response." if cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) else None


def _of(gradebook, submission, kind, *columns):
    """One query for all grades, or comments, of a submission: the attributes of nbgrader's objects ask one by one."""
    query = gradebook.db.query(*columns).select_from(kind).join(BaseCell, BaseCell.id == kind.cell_id)
    return query.join(SubmittedNotebook).filter(SubmittedNotebook.assignment_id == submission.id).all()


def _result(gradebook, submission, student, record):
    columns = BaseCell.name, Grade.score, Grade.max_score, Grade.needs_manual_grade
    grades = _of(gradebook, submission, Grade, *columns)
    human = [*record["human"], *([record["problem"]] if record["problem"] else [])]
    if any(grade.needs_manual_grade for grade in grades):
        human.append("a mark given by hand waits for review")
    return Result(
        student,
        sum(grade.score for grade in grades),
        sum(grade.max_score for grade in grades),
        tuple(grade.name for grade in grades if grade.score < grade.max_score),
        record["problem"],
        tuple(record["notes"]),
        tuple(human),
        dict(record["mistakes"]),
        record["seconds"],
    )
