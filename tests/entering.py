"""A class for the tests of reports and exports, entered into a gradebook as if it had been marked."""

import json
from datetime import datetime

from marking import SLUG
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from grading import exercise, gradebook, record
from grading.course import class_at
from grading.execute import Settings

NOON = datetime(2026, 1, 1, 12)


def opened(root):
    return Gradebook(f"sqlite:///{root}/gradebook.db", "bptt")


def course_at(root):
    return CourseDirectory(config=class_at(root))


def enter(root, student, lost=(), *, when=NOON, noted=True, waits=(), penalty=0.0, extension=None, **fields):
    """Enter a submission that lost the tests `lost`; it has a Record with these `fields`, unless it is not `noted`."""
    with opened(root) as book:
        book.update_or_create_student(student)
        submission = book.update_or_create_submission(SLUG, student, timestamp=when, extension=extension)
        for grade in submission.notebooks[0].grades:
            grade.auto_score = 0.0 if grade.name in lost else grade.max_score
            grade.needs_manual_grade = grade.name in waits
        submission.notebooks[0].late_submission_penalty = penalty
        book.db.commit()
    sandbox, digest = fields.get("sandbox", "bubblewrap"), "d" * 64
    run = record.fingerprint(digest, exercise.load(SLUG), Settings(None, sandboxed=sandbox == "bubblewrap"))
    found = record.Record("", (), digest, run, 7, sandbox, (), {}, {}, 0.5)
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    if noted:
        record.put(notebook, found._replace(**fields))
    path = gradebook.autograded(course_at(root), SLUG, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path
