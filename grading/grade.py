"""Grade the submissions of one exercise with nbgrader, one student at a time, and tell what became of each."""

import logging
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI


class Result(NamedTuple):
    """What one student got for one exercise."""

    student: str
    points: float
    max_points: float
    failed: tuple  # grade_ids of the test cells that gave less than their points
    problem: str  # why there was nothing to mark; empty if there was


def grade(slug, config):
    """Grade every submission of the exercise, write feedback, and return the Results sorted by student.

    A submission that cannot be graded gets no points and a problem; the others are graded all the same.
    """
    api = NbGraderAPI(config=config)
    api.log.setLevel(logging.CRITICAL)
    submitted = Path(api.coursedir.format_path(api.coursedir.submitted_directory, "*", slug))
    students = sorted(folder.parent.name for folder in Path(submitted.anchor).glob(str(submitted.relative_to("/"))))
    return [grade_student(api, slug, student) for student in students]


def grade_student(api, slug, student):
    """Grade one submission and write its feedback; never raises for what a student handed in."""
    problem = unreadable(Path(api.coursedir.format_path(api.coursedir.submitted_directory, student, slug)), slug)
    outcome = api.autograde(slug, student, force=True)
    if outcome["success"]:
        api.generate_feedback(slug, student, force=True)
    with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
        max_points = gradebook.find_assignment(slug).max_score
        try:
            submission = gradebook.find_submission(slug, student)
        except MissingEntry:
            return Result(student, 0.0, max_points, (), problem or _last_line(outcome))
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        failed = tuple(grade.name for grade in grades if grade.score < grade.max_score)
        return Result(student, submission.score, max_points, failed, problem)


def unreadable(folder, slug):
    """Why the notebook in a submission's folder cannot be marked, or an empty string if it can."""
    path = folder / f"{slug}.ipynb"
    if not path.exists():
        found = ", ".join(sorted(other.name for other in folder.iterdir())) or "nothing"
        return f"{path.name} is missing; found: {found}"
    try:
        nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        return f"{path.name} is not a notebook: {str(error).splitlines()[0]}"
    return ""


def _last_line(outcome):
    """The last line of what nbgrader says about a failure."""
    return (outcome.get("error") or outcome.get("log") or "no reason given").strip().splitlines()[-1]
