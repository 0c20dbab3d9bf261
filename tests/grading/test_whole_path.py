"""From the release of an exercise to the marks: what three students and their instructor do, and what they see."""

import csv
import re
import zipfile

import nbformat
import pytest
from conftest import needs
from marking import copy_of_the_course, hidden_lines, nbgrader, run, text_of
from nbclient import NotebookClient
from nbgrader import utils

from grading import exercise
from grading.answers import known_answers, solution
from grading.course import COURSE

pytestmark = pytest.mark.pool

SLUG = "bptt-loops"
RIGHT = solution(SLUG).cells
FIRST, SECOND = (
    next(answer for answer in known_answers(SLUG) if answer.name == name)
    for name in ("w-not-transposed", "w-ignores-s-init")
)
STUDENTS = {
    "ada": RIGHT,
    "blaise": RIGHT
    | {"delta-recursion": FIRST.cells["delta-recursion"]}
    | {"parameter-gradients": SECOND.cells["parameter-gradients"]},
    "carl": {label: RIGHT[label] for label in ("clean-formulas", "delta-recursion")},
}
COLLECT = [
    "--ZipCollectApp.archive_directory=archive",
    rf"--FileNameCollectorPlugin.named_regexp=.*/(?P<student_id>[^/]+)-(?P<file_id>{SLUG})\.ipynb$",
]


def worked_on(path, answers):
    """The released notebook with answers filled in and all cells run, as a student saves it."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if utils.is_solution(cell):
            cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
    return NotebookClient(notebook, timeout=120, kernel_name="python3").execute()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course, in which an exercise was released, worked on, collected, marked and handed back."""
    needs("bwrap")
    root = tmp_path_factory.mktemp("course")
    copy_of_the_course(root)
    nbgrader(root, "generate_assignment", SLUG, "--force")
    archive = root / "downloaded" / SLUG / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "class.zip", "w") as file:
        for student, answers in STUDENTS.items():
            notebook = worked_on(root / "exercises" / SLUG / f"{SLUG}.ipynb", answers)
            file.writestr(f"{student}-{SLUG}.ipynb", nbformat.writes(notebook))
    nbgrader(root, "zip_collect", SLUG, *COLLECT)
    done = run(root, "python", "-m", "grading", "autograde", SLUG, "--workers", "1")
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    nbgrader(root, "generate_feedback", SLUG)
    nbgrader(root, "export")
    return root


def feedback(course, student):
    return text_of((course / "feedback" / student / SLUG / f"{SLUG}.html").read_text(encoding="utf-8"))


def progress(course, student):
    """The lines below the last cell of code in what a student handed in."""
    notebook = nbformat.read(course / "submitted" / student / SLUG / f"{SLUG}.ipynb", as_version=4)
    (last,) = [cell for cell in notebook.cells if exercise.grade_id(cell) == "progress"]
    return "".join(output.text for output in last.outputs).splitlines()


def points(*labels):
    """What the test cells give together."""
    cells = exercise.load(SLUG).notebook["cells"]
    return sum(cell["metadata"]["nbgrader"]["points"] for cell in cells if exercise.grade_id(cell) in labels)


def test_the_gradebook_has_the_marks_that_the_answers_deserve(course):
    rows = csv.DictReader((course / "grades.csv").open(encoding="utf-8"))
    marks = {row["student_id"]: (float(row["raw_score"]), float(row["max_score"])) for row in rows}
    done = ["check-clean-formulas", "test-clean-delta", "test-clean-dw"]
    done += ["check-delta-recursion", "test-delta-recursion-tanh", "test-delta-recursion-sigmoid"]
    assert marks == {
        "ada": (20.0, 20.0),
        "blaise": (20.0 - points(*FIRST.lost, *SECOND.lost), 20.0),
        "carl": (points(*done), 20.0),
    }
    assert 0 < marks["carl"][0] < marks["blaise"][0] < 20


def test_each_student_has_seen_at_once_how_far_they_are(course):
    seen = {student: progress(course, student) for student in STUDENTS}
    parts = ("clean_formulas", "delta_recursion", "parameter_gradients", "backward_recursion")
    words = {
        "ada": ["right"] * 4,
        "blaise": ["right"] + ["not right yet"] * 3,
        "carl": ["right"] * 2 + ["not done yet"] * 2,
    }
    assert seen == {
        student: [f"{part}: {word}" for part, word in zip(parts, words[student], strict=True)] for student in STUDENTS
    }


def test_the_feedback_names_both_mistakes_once_with_their_hints_and_where_they_were_made(course):
    text = feedback(course, "blaise")
    for answer, part in ((FIRST, "2. The recursion"), (SECOND, "3. From the delta to the parameters")):
        said = f"This is what you get when {answer.mistake}."
        assert text.count(said) == text.count(answer.hint) == 1
        cost = text[text.index(answer.hint) :]
        assert re.match(rf"{re.escape(answer.hint)}\s*It cost \d points, in “{re.escape(part)}”\.\n", cost)


def test_nothing_is_held_against_a_perfect_student(course):
    text = feedback(course, "ada")
    assert "\n20 of 20 points\nAll of it is right.\n" in text
    assert not [word for word in ("This is what you get when", "Traceback", "wrong", "✗") if word in text]


def test_the_feedback_of_half_the_work_says_what_is_not_done_yet(course):
    text = feedback(course, "carl")
    rows = re.findall(r"^(\d\. .*?)(\d+ of \d+)\S (.*)$", text, re.MULTILINE)
    assert [(title[0], word) for title, _, word in rows] == [
        ("1", "right"),
        ("2", "right"),
        ("3", "not done yet"),
        ("4", "not done yet"),
    ]
    assert "This is what you get when" not in text


def test_no_hidden_test_is_in_anything_that_a_student_receives(course):
    hidden = hidden_lines(SLUG)
    assert len(hidden) > 20
    received = [feedback(course, student) for student in STUDENTS]
    (release,) = (course / "exercises" / SLUG).iterdir()
    received.append("\n".join(cell.source for cell in nbformat.read(release, as_version=4).cells))
    for text in received:
        assert "HIDDEN TESTS" not in text
        assert "same_answer" not in text
        assert not [line for line in hidden if line in text]


def test_the_release_is_the_notebook_that_the_course_hands_out(course):
    made, committed = (root / "exercises" / SLUG / f"{SLUG}.ipynb" for root in (course, COURSE))
    assert made.read_bytes() == committed.read_bytes()
