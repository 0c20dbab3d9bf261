"""Three students' way from the release to the feedback, and the instructor's to the marks, by the real commands."""

import csv
import html
import json
import re
import sys
import zipfile

import pytest
from conftest import needs
from marking import copy_of_the_course, filled, hidden_lines, run
from nbgrader.api import Gradebook

from grading.answers import known_answers, solution

SLUG = "bptt-loops"
RIGHT = solution(SLUG).cells
KNOWN = {answer.name: answer for answer in known_answers(SLUG)}
MISTAKES = {"clean-formulas": KNOWN["clean-dw-own-state"], "backward-recursion": KNOWN["reduction-forgotten"]}
STUDENTS = {
    "ada": RIGHT,
    "blaise": RIGHT | {cell: answer.cells[cell] for cell, answer in MISTAKES.items()},
    "carl": {cell: RIGHT[cell] for cell in ("clean-formulas", "delta-recursion")},
}
NAMES = rf".*/(?P<student_id>[^/]+)-(?P<file_id>{SLUG})\.ipynb$"


def done(course, *command):
    """What a command said that ended well."""
    ended = run(course, *command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course, after everything was done."""
    needs("bwrap")
    root = copy_of_the_course(tmp_path_factory.mktemp("course"))
    done(root, "nbgrader", "generate_assignment", SLUG)
    archive = root / "downloaded" / SLUG / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "class.zip", "w") as file:
        for student, answers in STUDENTS.items():
            file.writestr(f"{student}-{SLUG}.ipynb", json.dumps(filled(answers, SLUG)))
    options = ["--ZipCollectApp.archive_directory=archive", f"--FileNameCollectorPlugin.named_regexp={NAMES}"]
    done(root, "nbgrader", "zip_collect", SLUG, *options)
    said = done(root, sys.executable, "-m", "grading", "autograde", SLUG, "--workers", "2")
    assert "3 submissions: 3 marked" in said
    assert "need a human" not in said
    done(root, "nbgrader", "generate_feedback", SLUG)
    done(root, "nbgrader", "export")
    return root


def feedback(course, student):
    """The text of a student's feedback page."""
    page = (course / "feedback" / student / SLUG / f"{SLUG}.html").read_text(encoding="utf-8")
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def test_the_gradebook_has_the_marks_that_each_answer_deserves(course):
    """Of 20 points, the two mistakes cost 2 and 5; the two parts that are done give 3 and 5."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "bptt") as gradebook:
        marks = {row.student_id: (row.score, row.max_score) for row in gradebook.assignment_submissions(SLUG)}
    assert marks == {"ada": (20, 20), "blaise": (13, 20), "carl": (8, 20)}


def test_the_export_has_the_marks_of_the_gradebook(course):
    rows = csv.DictReader((course / "grades.csv").open(encoding="utf-8"))
    marks = {row["student_id"]: float(row["score"]) for row in rows if row["assignment"] == SLUG}
    assert marks == {"ada": 20, "blaise": 13, "carl": 8}


def test_the_feedback_names_both_mistakes_and_gives_their_hints_to_who_made_them(course):
    for answer in MISTAKES.values():
        words = f"This is what you get when {answer.mistake}.\n{answer.hint}"
        assert words in feedback(course, "blaise")
        assert words not in feedback(course, "ada")
        assert words not in feedback(course, "carl")


def test_the_feedback_names_no_mistake_in_a_perfect_answer_and_in_what_is_not_done(course):
    for student in ("ada", "carl"):
        assert "This is what you get when" not in feedback(course, student)
    assert "Score: 20.0 / 20.0" in feedback(course, "ada")
    assert "Score: 8.0 / 20.0" in feedback(course, "carl")
    assert feedback(course, "carl").count("not done yet") > feedback(course, "ada").count("not done yet")


def test_a_student_receives_no_line_of_a_hidden_test_and_no_file_but_the_notebook(course):
    released = [path for path in (course / "exercises" / SLUG).rglob("*") if path.is_file()]
    assert [path.name for path in released] == [f"{SLUG}.ipynb"]
    notebook = json.loads(released[0].read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in notebook["cells"]] + [feedback(course, name) for name in STUDENTS]
    hidden = hidden_lines(SLUG)
    assert len(hidden) > 10
    for text in texts:
        assert not [line for line in hidden if line in text]
        assert "HIDDEN TESTS" not in text
        assert "same_answer" not in text
