"""A derivation, handed in as text or as a photograph, reaches the human who marks it, and its mark is not lost."""

import base64
import json
import re
import shlex
import shutil

import nbformat
import pytest
from conftest import needs
from marking import FAST, SLUG, copy_of_the_course, filled, hand_in, record, submission, text_of
from nbgrader.api import Gradebook
from terminal import terminal

from grading import exercise, feedback, gradebook, intake, mine, notebooks, transplant
from grading.answers import solution
from grading.course import COURSE
from grading.execute import execute

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"a photograph" * 9).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + b"another one" * 9).decode()


def derived(text, attachments=None, label="by-hand"):
    """A right notebook in which a cell of text was filled in."""
    notebook = filled(ANSWERS | {label: text})
    (cell,) = [cell for cell in notebook["cells"] if exercise.grade_id(cell) == label]
    cell["attachments"] = attachments or {}
    return notebook


def rebuilt(notebook, folder):
    """The cells of the rebuilt notebook that show the derivation, and the notes."""
    made, notes = transplant.transplant(exercise.load(SLUG), submission(notebook, folder))
    return next(cell for cell in made["cells"] if exercise.is_by_hand(cell)), notes.lines


def test_only_two_exercises_ask_for_a_derivation_and_their_points_are_what_they_were():
    asked = {slug: exercise.load(slug).by_hand for slug in exercise.slugs()}
    assert {slug: labels for slug, labels in asked.items() if labels} == {
        "two-step": ["by-hand"],
        "t-steps": ["by-hand"],
    }
    assert [exercise.load(slug).points for slug in ("two-step", "t-steps")] == [15, 20]


@pytest.mark.parametrize("size", [0, intake.MAX_HERE])  # a large notebook is read in another process
def test_a_photograph_arrives_under_a_name_of_ours(tmp_path, size):
    attachments = {
        'my "page".png': {"image/png": PNG},
        "b c.jpg": {"image/jpeg": JPEG},
        "i.svg": {"image/svg+xml": "<svg/>"},
    }
    notebook = derived("see ![it](attachment:my%20%22page%22.png) and ![](attachment:i.svg)", attachments)
    notebook["metadata"]["filling"] = "x" * size
    cell, notes = rebuilt(notebook, tmp_path)
    assert cell["attachments"] == {"picture-1.png": {"image/png": PNG}, "picture-2.jpeg": {"image/jpeg": JPEG}}
    assert "see ![it](attachment:picture-1.png)" in cell["source"]
    assert "![](picture-that-is-not-kept:i.svg)" in cell["source"]
    assert cell["source"].endswith("![](attachment:picture-2.jpeg)")  # no text referred to it
    said = submission(notebook, tmp_path).notes
    assert notes == []
    assert said == ("'i.svg' was left out: of what is pasted into text, PNG, JPEG, GIF and WebP are taken",)


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"image/png": "no base64!"}, "it is damaged"),
        ({"image/png": base64.b64encode(b"<script>").decode()}, "it is no image/png"),
        ({"image/jpeg": "/9j/" * (intake.MAX_PICTURES // 3 + 1)}, "all together may have 10 MB"),
    ],
)
def test_what_is_no_picture_or_too_large_is_left_out_and_said(tmp_path, form, reason):
    notebook = derived("![](attachment:a.png)", {"a.png": form})
    cell, _ = rebuilt(notebook, tmp_path)
    assert "attachments" not in cell
    assert submission(notebook, tmp_path).notes == (f"the picture 'a.png' was left out: {reason}",)


def test_of_hundreds_of_pictures_fifty_are_taken(tmp_path):
    cell, _ = rebuilt(derived("", {f"{i}.png": {"image/png": PNG} for i in range(300)}), tmp_path)
    assert len(cell["attachments"]) == intake.MAX_NUMBER


@pytest.mark.parametrize("below", [True, False])
def test_a_derivation_beside_the_cell_is_taken_into_it(tmp_path, below):
    notebook = filled(ANSWERS)
    place = [exercise.grade_id(cell) for cell in notebook["cells"]].index("by-hand") + below
    own = {
        "cell_type": "markdown",
        "id": "x",
        "metadata": {},
        "source": "mine",
        "attachments": {"a": {"image/png": PNG}},
    }
    notebook["cells"].insert(place, own)
    cell, notes = rebuilt(notebook, tmp_path)
    assert cell["source"].startswith("mine")
    assert cell["attachments"] == {"picture-1.png": {"image/png": PNG}}
    assert notes == ["by-hand was left blank; the text beside it was taken"]


def test_the_text_of_another_release_is_no_derivation(tmp_path):
    notebook = filled(ANSWERS)
    place = [exercise.grade_id(cell) for cell in notebook["cells"]].index("by-hand")
    for cell in (notebook["cells"][place - 1], notebook["cells"][place + 1]):
        cell["source"] = cell["source"].replace("\n\n", "\n\n*3 points*\n\n", 1)
    cell, notes = rebuilt(notebook, tmp_path)
    assert cell["source"] == exercise.load(SLUG).released["by-hand"]
    assert notes == []


def test_the_model_derivation_is_in_no_notebook_that_a_student_sees(tmp_path):
    blank, _ = rebuilt(filled(ANSWERS), tmp_path)
    assert blank["source"] == exercise.load(SLUG).released["by-hand"]
    assert "photograph" in blank["source"]
    assert "attachments" not in blank


def test_a_reader_alone_is_told_nothing_about_points_that_there_are_not(tmp_path):
    task = exercise.load(SLUG)
    notebook = transplant.rebuild(task, submission(derived("mine", {"a.png": {"image/png": PNG}}), tmp_path))
    for cell in notebook["cells"]:
        cell["outputs"] = []
    found = feedback.results(notebook, task)
    assert "By hand" not in [part.title for part in found.parts]
    assert found.most == 15
    assert f'src="data:image/png;base64,{PNG}"' in feedback.page(found, for_yourself=True)


@pytest.mark.parametrize("points", [-1, "three", None, True])
def test_points_that_are_no_number_are_refused(points):
    with pytest.raises(ValueError, match=r"ByHand\.points in nbgrader_config\.py .* give a number"):
        notebooks.give_points_by_hand([], points)


class Class:
    """A class in a copy of the course whose derivations give `points`; `shell` is a Terminal there."""

    def __init__(self, root, shell, points):
        self.root, self.shell = root, shell
        shutil.copytree(COURSE / "exercises", root / "exercises")
        config = root / "nbgrader_config.py"
        config.write_text(config.read_text().replace("c.ByHand.points = 0", f"c.ByHand.points = {points}"))
        self.command("grading.notebooks", SLUG)

    def command(self, module, *arguments):
        done = self.shell.type(shlex.join(["python", "-m", module, *arguments]))
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def mark(self, *options):
        return self.command("grading", "autograde", SLUG, "--workers", "1", "--seed", "1", *options)

    def book(self):
        return Gradebook(f"sqlite:///{self.root}/gradebook.db", "bptt")

    def rows(self):
        """{student: (points, whether a mark waits)}"""
        with self.book() as book:
            return {row.student_id: (row.score, row.needs_manual_grade) for row in book.assignment_submissions(SLUG)}

    def feedback(self, student):
        self.shell.type(f"nbgrader generate_feedback {SLUG} --force")
        return (self.root / "feedback" / student / SLUG / f"{SLUG}.html").read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path, tmp_path_factory):
    needs("bwrap")
    with terminal(copy_of_the_course(tmp_path), tmp_path_factory.mktemp("outputs")) as shell:
        yield shell


def hand_in_three(root):
    hand_in(root, "photo", json.dumps(derived("![](attachment:a.png)", {"a.png": {"image/png": PNG}})))
    hand_in(root, "text", json.dumps(derived("By the chain rule, $a<b$.")))
    hand_in(root, "blank", json.dumps(filled(ANSWERS)))


def test_without_points_nobody_waits_and_a_comment_is_shown_beside_what_was_handed_in(tmp_path, shell):
    of = Class(tmp_path, shell, 0)
    hand_in_three(tmp_path)
    assert "need a human" not in of.mark()
    assert of.rows() == {student: (15, False) for student in ("blank", "photo", "text")}
    with of.book() as book:
        book.find_comment("by-hand", SLUG, SLUG, "photo").manual_comment = "Beautifully drawn"
        book.db.commit()
    page = of.feedback("photo")
    assert f'src="data:image/png;base64,{PNG}"' in page
    assert "Beautifully drawn" in text_of(page)
    assert "waits for a mark" not in text_of(page)
    blank = of.feedback("blank")
    assert "No response" not in blank
    assert "Double-click" not in blank


def test_with_points_a_human_is_waited_for_and_the_mark_outlives_regrading(tmp_path, shell):
    of = Class(tmp_path, shell, 3)
    hand_in_three(tmp_path)
    said = of.mark()
    assert re.findall(r"  (.*waits.*)", said) == [
        f"{who}: by-hand waits for a mark by hand" for who in ("photo", "text")
    ]
    assert of.rows() == {"blank": (15, False), "photo": (15, True), "text": (15, True)}
    marked = nbformat.read(tmp_path / "autograded" / "photo" / SLUG / f"{SLUG}.ipynb", as_version=4)
    (cell,) = [cell for cell in marked.cells if exercise.is_by_hand(cell)]
    assert cell.attachments == {"picture-1.png": {"image/png": PNG}}  # formgrader shows this notebook
    waiting = text_of(of.feedback("photo"))
    assert "15 of 18 points" in waiting
    assert "waits for a mark by hand" in waiting
    with of.book() as book:
        for student in ("photo", "text"):
            grade = book.find_grade("by-hand", SLUG, SLUG, student)
            grade.manual_score, grade.needs_manual_grade = 2.5, False  # what formgrader does
        book.db.commit()
    hand_in(tmp_path, "text", json.dumps(derived("Another one")))
    said = of.mark("--force")
    assert re.findall(r"  (.*waits.*)", said) == ["text: a mark given by hand waits for review"]
    assert of.rows() == {"blank": (15, False), "photo": (17.5, False), "text": (17.5, True)}
    page = text_of(of.feedback("photo"))
    assert "17.5 of 18 points" in page
    assert "2.5 of 3" in page
    assert "waits for a mark" not in page
    told = of.command("grading", "mine", str(tmp_path / "submitted" / "photo" / SLUG / f"{SLUG}.ipynb"))
    assert re.search(r"By hand +0 of 3 +waits for a mark by hand", told)
    assert re.search(r"all +15 of 18", told)


def test_what_cannot_be_read_waits_for_no_mark_by_hand(tmp_path):
    task = exercise.load(SLUG)
    made = execute(transplant.rebuild(task, intake.Submission((), (), "no notebook", "")), task, FAST)
    assert record(made).problem == "no notebook"
    assert not gradebook._as_marked(tmp_path / "none.ipynb", made)
    assert mine.table(feedback.results(made, task)).count("waits") == 0
