"""The kill matrix: every known answer goes through the grader, and what each costs becomes a page of the book."""

import tempfile
from pathlib import Path

from grading import exercise, grade, record
from grading.answers import known_answers
from grading.course import COURSE, slugs
from grading.pages import render
from grading.sample_class import notebook_with

PAGE = COURSE / "book" / "mistakes.md"


def kill_matrix(slug, settings, workers=1):
    """Hand in and mark every known answer; yield the answer, and the grade_ids of the tests that it failed.

    They come as two sets: those that cost it points, and those that did not, being right given right parts above.
    """
    known = {answer.name: answer for answer in known_answers(slug)}
    for name, notebook in mark_answers(slug, {name: a.cells for name, a in known.items()}, settings, workers):
        yield known[name], lost(notebook), set(record.of(notebook).follows)


def mark_answers(slug, answers, settings, workers=1):
    """Hand in answers, {name: source by grade_id}, and yield each name with the notebook as the grader leaves it."""
    with tempfile.TemporaryDirectory() as root:
        jobs = []
        for name, cells in answers.items():
            folder = Path(root, name)
            folder.mkdir()
            (folder / f"{slug}.ipynb").write_text(notebook_with(slug, cells), encoding="utf-8")
            jobs.append(grade.Job(slug, name, str(folder), settings))
        for marked in grade.mark_all(jobs, workers):
            yield marked.student, marked.notebook


def lost(notebook):
    """The grade_ids of the tests of an executed notebook that gave no points."""
    return {
        exercise.grade_id(cell)
        for cell in notebook["cells"]
        if exercise.is_test(cell) and any(output["output_type"] == "error" for output in cell["outputs"])
    }


def page():
    """The text of book/mistakes.md."""
    return render("mistakes.md.jinja", exercises=[_summary(exercise.load(slug)) for slug in slugs()], literal=_literal)


def _summary(task):
    """What the page says about one exercise."""
    known = known_answers(task.slug)
    points = {
        exercise.grade_id(cell): cell["metadata"]["nbgrader"]["points"]
        for cell in task.notebook["cells"]
        if exercise.is_test(cell)
    }
    return {
        "slug": task.slug,
        "title": task.notebook["cells"][0]["source"].splitlines()[0].lstrip("# "),
        "points": task.points,
        "right": sum(answer.right for answer in known),
        "wrong": [
            answer._asdict()
            | {
                "lost": answer.lost,
                "cost": sum(points[label] for label in answer.lost),
                "alone": sum(points[label] for label in answer.loses),
            }
            for answer in known
            if not answer.right
        ],
    }


def _literal(text):
    """Prose that a table of MyST shows as it stands: characters that would be markup are escaped, except in code."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        for character in "\\*_$<[{":
            parts[place] = parts[place].replace(character, f"\\{character}")
    return "`".join(parts).replace("|", "\\|")
