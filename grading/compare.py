"""`python -m grading compare`: which submissions of a class are so alike that a human should look."""

import os
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from grading import anonymous, exercise, grade, intake, likeness, outside
from grading.course import COURSE, load_config
from grading.pages import render
from grading.transplant import transplant

FOLDER = COURSE / "_build" / "compare"
NO_PROOF = (
    "Likeness is no proof. Two students may have learnt together, asked the same person, or found the same page; talk "
    "with both before you decide anything. No mark changes."
)


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slug", help="the exercise")
    parser.add_argument("--anonymous", action="store_true", help=anonymous.HELP)
    parser.set_defaults(run=run)


def run(arguments):
    """Print the pairs of submissions that are unusually alike, and write the page that shows them; return 0.

    Raises ValueError with a sentence that says what to do where there is nothing to compare.
    """
    task = exercise.load(arguments.slug)
    course = CourseDirectory(config=load_config())
    works = read(course, task)
    if len(works) < 2:
        where = Path(course.submitted_directory, "<student>", task.slug)
        raise ValueError(f"{len(works)} submissions of {task.slug} hold code: put those of a class into {where}")
    if arguments.anonymous:
        hidden = anonymous.Hidden(course)
        works = dict(sorted((hidden.code(student), work) for student, work in works.items()))
    found = likeness.pairs(works, task)
    number = len(works) * (len(works) - 1) // 2
    print(f"{task.slug}: {len(works)} submissions with code, {number} pairs. {len(found)} to be looked at.")
    if found:
        print("What both share and few others have, in bits of surprise:")
        print("\n".join(f"  {pair.first} and {pair.second}: {pair.surprise:.0f}" for pair in found))
        print(NO_PROOF)
        folder = FOLDER.with_name("compare-anonymous") if arguments.anonymous else FOLDER
        print(f"Side by side: {write(task, works, found, folder).relative_to(COURSE)}")
        if arguments.anonymous:
            print(anonymous.AS_WRITTEN)
    return 0


def read(course, task):
    """{student: likeness.Work} of all who handed in code that can be read."""
    submitted = course.format_path(course.submitted_directory, "", "").rstrip("/")
    students, _ = grade.find_submissions(submitted, task.slug)
    works = {}
    for student, folder in students.items():
        submission = intake.read_folder(course.format_path(course.submitted_directory, folder, task.slug), task.slug)
        if not submission.problem:
            own = exercise.load(task.slug, submission.language)  # or the whole of its release would be the student's
            works[student] = likeness.work(transplant(own, submission)[0], own)
    return {student: each for student, each in works.items() if each.forms}


def write(task, works, found, folder):
    """Write <exercise>.html with the pairs side by side, for nobody else on this machine to read; return its path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{task.slug}.html"
    path.unlink(missing_ok=True)  # or an older one would keep its mode
    shown = [
        {"pair": pair, "sides": [_side(works[who], who, pair) for who in (pair.first, pair.second)]} for pair in found
    ]
    page = render("compare.html.jinja", title=task.title, pairs=shown, no_proof=NO_PROOF)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(page)
    return path


def _side(work, student, pair):
    """What a student wrote, as cells of lines, each with whether it is part of what the pair shares."""
    marked = set().union(*(work.forms[form] for form in pair.shared))
    cells = []
    for place, (title, source) in enumerate(work.cells):
        lines = [(outside.text(line), (place, n) in marked) for n, line in enumerate(source.split("\n"), 1)]
        cells.append((title, lines))
    return {"student": student, "cells": cells}
