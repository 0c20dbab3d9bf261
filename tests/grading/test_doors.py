"""Formgrader's button and the command of the course mark as one: what one has done holds for the other, or is refused.

The button calls nbgrader's API, as these tests do.
"""

import json
import shutil
from datetime import datetime

import pytest
from conftest import needs
from marking import FAST, SLUG, changed, filled, hand_in
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from grading import exercise, grade, gradebook, migrate, record
from grading.answers import solution
from grading.autograde import autograde
from grading.course import class_at

pytestmark = pytest.mark.pool


@pytest.fixture
def config(tmp_path, fresh_gradebook):
    """A class whose release is made, and in which ada and blaise are marked."""
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    shutil.copytree(fresh_gradebook.parent / "release", tmp_path / "release")
    for student in ("ada", "blaise"):
        hand_in(tmp_path, student, json.dumps(filled(solution(SLUG).cells)))
    config = class_at(tmp_path)
    marked(config)
    return config


def marked(config, **options):
    """Who was marked by the command of the course, and not kept."""
    usual = FAST._replace(call_seconds=10.0)  # with the settings of the button, so that nothing but the door differs
    return [result.student for result in autograde(SLUG, config, usual, **options)[0] if not result.kept]


def pressed(config, student="ada"):
    return NbGraderAPI(config=config).autograde(SLUG, student, force=True, create=True)


def with_other_cells(config):
    """Let the gradebook be one of an earlier version of the exercise."""
    task = changed(test_gradient=None, check_gradient={"points": 3})
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        migrate.follow(book, task, migrate.plan(book, task))


def files(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"}


def scores(config):
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        return {row.student_id: (row.score, row.max_score) for row in book.assignment_submissions(SLUG)}


def test_what_the_button_has_marked_is_kept_by_the_command(config):
    assert pressed(config)["success"]
    assert marked(config) == []
    assert scores(config) == {"ada": (15, 15), "blaise": (15, 15)}


def test_the_button_says_what_to_do_where_the_gradebook_has_other_cells_and_leaves_all_as_it_was(config, tmp_path):
    with_other_cells(config)
    before = files(tmp_path)
    done = pressed(config)
    assert not done["success"]
    assert f"run `python -m grading autograde {SLUG}`, which lists them" in done["log"]
    assert files(tmp_path) == before


def test_a_release_that_nbgrader_refuses_is_there_afterwards_and_the_command_that_is_named_works(config, tmp_path):
    with_other_cells(config)
    before = files(tmp_path)
    done = NbGraderAPI(config=config).generate_assignment(SLUG, force=True, create=True)
    assert not done["success"]
    assert f"The release of {SLUG} is as it was." in done["log"]
    assert f"`python -m grading autograde {SLUG}`" in done["log"]
    assert files(tmp_path) == before
    assert marked(config, agree=lambda *_: None) == ["ada", "blaise"]
    assert scores(config) == {"ada": (15, 15), "blaise": (15, 15)}
    assert NbGraderAPI(config=config).generate_assignment(SLUG, force=True, create=True)["success"]


def test_a_run_that_is_stopped_after_the_gradebook_has_followed_is_taken_up_by_the_next(config, monkeypatch):
    with_other_cells(config)
    real, begun = grade.mark, []

    def stopping(job):
        begun.append(job.student)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(grade, "mark", stopping)
    with pytest.raises(KeyboardInterrupt):
        marked(config, agree=lambda *_: None)
    monkeypatch.setattr(grade, "mark", real)
    assert marked(config) == begun[1:]
    assert scores(config) == {"ada": (15, 15), "blaise": (15, 15)}


def test_who_has_no_files_any_more_is_named_and_keeps_the_earlier_marks(config, tmp_path):
    with_other_cells(config)
    shutil.rmtree(tmp_path / "submitted" / "ada")
    _, strays = autograde(SLUG, config, FAST, agree=lambda *_: None)
    assert strays == ["ada cannot be marked again: nothing is in submitted/; earlier marks stay"]
    assert scores(config) == {"ada": (12, 15), "blaise": (15, 15)}


def test_a_class_that_is_refused_is_as_it_was(config, tmp_path):
    with_other_cells(config)
    before = files(tmp_path)
    with pytest.raises(ValueError, match="nothing was changed and nobody marked"):
        marked(config)
    assert files(tmp_path) == before
    assert exercise.load(SLUG).points == 15


def time_of(config, student):
    """The time of a submission in the gradebook, and what its marked notebook says of it to a human."""
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        when = book.find_submission(SLUG, student).timestamp
    marked = gradebook.autograded(CourseDirectory(config=config), SLUG, student)
    return when, record.of(json.loads(marked.read_text(encoding="utf-8"))).human


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-01-10 12:00:00 Europe/Zurich", datetime(2026, 1, 10, 11)),
        ("2026-01-10 12:00:00 +0530", datetime(2026, 1, 10, 6, 30)),  # nbgrader's own reader takes it for 530 seconds
        ("2026-01-10-15-30-00", datetime(2026, 1, 10, 15, 30)),  # and this for 15:00
        ("10:30", None),  # which it takes for a time of today
        ("yesterday", None),  # at which it ends the command
    ],
)
def test_a_time_stamp_means_the_same_through_both_doors(text, when, config, tmp_path):
    for student in ("ada", "blaise"):
        (tmp_path / "submitted" / student / SLUG / "timestamp.txt").write_text(text)
    assert pressed(config, "ada")["success"]
    marked(config, students=["blaise"])
    said = () if when else (gradebook.NO_TIME,)
    assert time_of(config, "ada") == time_of(config, "blaise") == (when, said)
