"""Times are read in the forms that platforms write them, and what cannot be saved costs one mark."""

import json
import os
import shutil
import sqlite3
import sys
from datetime import datetime
from pathlib import Path

import pytest
from marking import FAST, SLUG
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from sqlalchemy.exc import OperationalError

from grading import exercise, gradebook, intake, record, transplant
from grading.autograde import autograde
from grading.course import class_at
from grading.execute import execute
from grading.grade import Job, Marked

TEN = datetime(2026, 1, 1, 10)


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-01-01 10:00:00 UTC",
        "2026-01-01 10:00:00.000000 UTC",
        "2026-01-01 10:00",
        "2026-01-01T10:00:00Z",
        "2026-01-01-10-00-00",
        "2026-01-01 12:00:00 +0200",
        "2026-01-01T04:30:00-05:30",
        "2026-01-01 11:00:00 Europe/Zurich",
    ],
)
def test_a_time_is_read_as_it_is_meant(timestamp):
    assert gradebook._utc(timestamp) == TEN


@pytest.mark.parametrize("part", ["5", "123456", "123456789"])
def test_a_part_of_a_second_stays_as_nbgrader_reads_it(part):
    """The exchange writes it; where it is gone from the gradebook, formgrader says that work is to be marked anew."""
    timestamp = f"2026-01-01 10:00:00.{part} UTC"
    assert gradebook._utc(timestamp) == parse_utc(timestamp) > TEN


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-01-01 10:00:00 ../../../etc/hostname",
        "2026-01-01 10:00:00 ..",
        "2026-01-01 10:00:00 /etc/localtime",
        "2026-01-01 10:00:00 CEST",
        "2026-01-01-15-30-60",
        "20260101100000000",
        "2026-13-01 10:00:00",
        "9" * 5000,
        "yesterday",
    ],
)
def test_what_is_no_time_is_ignored_and_put_before_a_human(timestamp):
    when, noted = gradebook._time_of(timestamp, record.Record("", (), "", ""))
    assert when is None
    assert noted.notes == noted.human == ("timestamp.txt cannot be read as a time; it was ignored",)


@pytest.fixture
def saved(tmp_path, fresh_gradebook, monkeypatch):
    """What save_or_say makes of a submission when `save` fails in the ways of a list, and how often it was called."""
    shutil.copy(fresh_gradebook, tmp_path)
    config, real = class_at(tmp_path), gradebook.save
    task, blank = exercise.load(SLUG), intake.Submission((), (), "", "")

    def try_to_save(*ways):
        ways = [*ways]

        def failing(book, *rest):
            if ways:
                raise ways.pop(0)
            return real(book, *rest)

        monkeypatch.setattr(gradebook, "save", failing)
        notebook = execute(transplant.rebuild(task, blank._replace(problem="nothing")), task, FAST)
        course = CourseDirectory(config=config)
        with Gradebook(course.db_url, course.course_id) as book:
            return gradebook.save_or_say(book, course, task, Job(SLUG, "ada", "", FAST), Marked("ada", notebook, ""))

    return try_to_save


def test_a_collision_with_another_grader_is_tried_again(saved):
    assert saved(gradebook.IntegrityError("", {}, Exception())).problem == "nothing"


def test_what_cannot_be_saved_is_saved_as_a_problem(saved):
    problem = saved(UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")).problem
    assert problem.startswith("it could not be recorded: UnicodeEncodeError")


def test_what_can_be_saved_in_no_way_is_a_row_of_the_result_all_the_same(saved):
    result = saved(ValueError("one"), ValueError("two"))
    assert result.human == ("it could not be recorded: ValueError: two",)
    assert (result.points, result.max_points) == (0, 15)
    assert json.dumps(result)


def test_a_notebook_that_cannot_be_written_leaves_no_mark(tmp_path, fresh_gradebook):
    shutil.copy(fresh_gradebook, tmp_path)
    task, course = exercise.load(SLUG), CourseDirectory(config=class_at(tmp_path))
    notebook = execute(transplant.rebuild(task, intake.Submission((), (), "nothing", "")), task, FAST)
    in_the_way = gradebook.autograded(course, SLUG, "ada").with_suffix(".part")
    in_the_way.mkdir(parents=True)
    with Gradebook(course.db_url, course.course_id) as book:
        result = gradebook.save_or_say(book, course, task, Job(SLUG, "ada", "", FAST), Marked("ada", notebook, ""))
        assert result.human[0].startswith("it could not be recorded: IsADirectoryError")
        assert book.assignment_submissions(SLUG) == []
        in_the_way.rmdir()
        assert gradebook.save(book, course, task, "ada", notebook).problem == "nothing"
        assert [one.student.id for one in book.assignment_submissions(SLUG)] == ["ada"]


@pytest.mark.parametrize("error", [OSError(28, "No space left"), OperationalError("", {}, Exception("locked"))])
def test_what_the_next_student_would_meet_too_stops_the_run(saved, error):
    with pytest.raises(type(error)):
        saved(error)


@pytest.mark.pool
def test_a_gradebook_is_made_as_nbgrader_makes_it_and_without_another_python(tmp_path, monkeypatch):
    def dump(name):
        with sqlite3.connect(tmp_path / name) as database:
            tables = database.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
            columns = {table: database.execute(f"pragma table_info({table})").fetchall() for (table,) in tables}
            return columns, database.execute("select version_num from alembic_version").fetchall()

    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    Gradebook(f"sqlite:///{tmp_path}/theirs.db").close()
    monkeypatch.setattr("nbgrader.api.get_alembic_version", None)
    for _ in "twice":
        gradebook.make(f"sqlite:///{tmp_path}/ours.db")
    Gradebook(f"sqlite:///{tmp_path}/ours.db").close()
    assert dump("ours.db") == dump("theirs.db")


def test_a_run_makes_its_gradebook_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("nbgrader.api.get_alembic_version", None)
    assert autograde(SLUG, class_at(tmp_path), FAST) == ([], [])
