"""nbgrader's own commands work from the root of the repository."""

import csv
import sys

import pytest
from conftest import needs
from marking import copy_of_the_course, nbgrader, run
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from grading import intake
from grading.answers import known_answers, solution
from grading.course import COURSE, LANGUAGES, class_at
from grading.sample_class import notebook_with

pytestmark = pytest.mark.pool

SLUG = "two-step"


def opened(root):
    return Gradebook(f"sqlite:///{root}/gradebook.db", "bptt")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course with one student's right and one student's wrong submission, graded by stock commands."""
    needs("bwrap")
    root = copy_of_the_course(tmp_path_factory.mktemp("course"))
    message_dropped = next(answer for answer in known_answers(SLUG) if answer.name == "message-dropped")
    for student, answer in [("ada", solution(SLUG)), ("blaise", message_dropped)]:
        folder = root / "submitted" / student / SLUG
        folder.mkdir(parents=True)
        (folder / f"{SLUG}.ipynb").write_text(notebook_with(SLUG, answer.cells), encoding="utf-8")
        (folder / "timestamp.txt").write_text("2026-01-02 10:00:00.5 UTC")
    with open(root / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write("\nc.LatePolicy.points_per_day = 1\n")
    nbgrader(root, "generate_assignment", SLUG)
    with opened(root) as gradebook:
        gradebook.update_or_create_assignment(SLUG, duedate="2026-01-01 10:00:00 UTC")
    done = run(root, "nbgrader", "autograde", SLUG)
    assert done.returncode == 0, done.stderr
    nbgrader(root, "generate_feedback", SLUG)
    nbgrader(root, "export")
    return root


@pytest.mark.parametrize("folder", ["", *LANGUAGES.values()])
def test_the_releases_made_by_the_stock_command_are_the_committed_ones(course, folder):
    made, committed = (root / "exercises" / folder / SLUG / f"{SLUG}.ipynb" for root in (course, COURSE))
    assert made.read_bytes() == committed.read_bytes()


def test_a_setting_changes_the_releases_of_the_stock_command_in_all_languages(course, tmp_path):
    nbgrader(
        *(course, "generate_assignment", SLUG, "--no-db", "--force", "--OfferHints.enabled=False"),
        f"--CourseDirectory.release_directory={tmp_path}",
    )
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.ipynb")]
    assert len(texts) == 1 + len(LANGUAGES)
    assert [text for text in texts if "HINTS" in text] == []
    assert sum('LANGUAGE = \\"zh-CN\\"' in text for text in texts) == 1


@pytest.mark.parametrize("folder", LANGUAGES.values())
def test_no_english_notebook_is_written_where_those_of_another_language_are(course, folder):
    place = course / "exercises" / folder / SLUG / f"{SLUG}.ipynb"
    before = place.read_bytes()
    option = f"--CourseDirectory.release_directory=exercises/{folder}"
    done = run(course, "nbgrader", "generate_assignment", SLUG, "--no-db", "--force", option)
    assert done.returncode != 0
    assert f"`nbgrader generate_assignment {SLUG} --force` renews all of them" in done.stderr
    assert place.read_bytes() == before


@pytest.mark.parametrize(("language", "folder"), LANGUAGES.items())
def test_the_notebook_of_another_language_is_handed_out_by_the_command_of_the_guide(course, tmp_path, language, folder):
    option = f"--CourseDirectory.release_directory=exercises/{folder}"
    assert f"`nbgrader release_assignment {SLUG} {option}`" in (COURSE / "book" / "teaching.md").read_text("utf-8")
    tmp_path.chmod(0o777)
    nbgrader(course, "release_assignment", SLUG, option, f"--Exchange.root={tmp_path}")
    (arrived,) = tmp_path.rglob("*.ipynb")
    committed = COURSE / "exercises" / folder / SLUG / f"{SLUG}.ipynb"
    assert arrived.read_bytes() == committed.read_bytes()
    assert intake.submission(arrived).language == language


def test_formgrader_knows_that_all_are_marked(course):
    """It compares the time in the gradebook with that of the hand-in, to the part of a second."""
    api = NbGraderAPI(config=class_at(course))
    assert {name: api.get_submission(SLUG, name)["autograded"] for name in ("ada", "blaise")} == {
        "ada": True,
        "blaise": True,
    }


def test_the_export_has_the_marks(course):
    rows = {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").open(encoding="utf-8"))}
    points = {student: float(row["raw_score"]) for student, row in rows.items()}
    assert points == {"ada": 15.0, "blaise": 10.0}  # the message is missing in one part of three


def test_the_late_policy_of_the_course_is_that_of_the_stock_command(course):
    rows = {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").open(encoding="utf-8"))}
    assert {student: row["late_submission_penalty"] for student, row in rows.items()} == {"ada": "1.0", "blaise": "1.0"}
    assert rows["ada"]["score"] == "14.0"


def test_the_feedback_shows_marks_and_no_hidden_test(course):
    page = (course / "feedback" / "blaise" / SLUG / f"{SLUG}.html").read_text(encoding="utf-8")
    assert "<strong>9 of 15 points</strong>" in page
    assert "It was handed in 1 day late; 1 point was taken off." in page
    assert "same_answer" not in page
    assert "BEGIN HIDDEN TESTS" not in page


def test_a_notebook_of_another_name_is_an_error_of_the_stock_command_and_marked_by_ours(course):
    folder = course / "submitted" / "carol" / SLUG
    folder.mkdir(parents=True)
    (folder / f"{SLUG} (1).ipynb").write_text(notebook_with(SLUG, solution(SLUG).cells), encoding="utf-8")
    stock = run(course, "nbgrader", "autograde", SLUG, "--student", "carol")  # in a process: its log is asked for
    assert stock.returncode == 1
    assert "unknown notebook" in stock.stderr
    done = run(course, sys.executable, "-m", "grading", "autograde", SLUG, "--student", "carol")
    assert done.returncode == 0, done.stderr
    assert "Next: python -m grading feedback two-step\n" in done.stdout
    with opened(course) as gradebook:
        assert gradebook.find_submission(SLUG, "carol").score == 15
