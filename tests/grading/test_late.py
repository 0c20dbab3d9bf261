"""What is late loses what the policy says, by the data as they are now, and nobody is marked again for it."""

from datetime import datetime, timedelta

import pytest
from marking import SLUG
from nbgrader.plugins import BasePlugin, LateSubmissionPlugin
from small_class import DUE
from traitlets.config import Config

from grading import gradebook, intake, late, marks, record
from grading.feedback import duration
from grading.late import LatePolicy

IN_TIME, A_DAY, TWO_DAYS = "2026-01-10 11:59:00 UTC", "2026-01-11 11:00:00 UTC", "2026-01-12 12:00:00 UTC"
HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("setting", "score", "seconds", "penalty"),
    [
        ({}, 15, 100 * DAY, 0),
        ({"points_per_day": 2}, 15, 1, 2),
        ({"points_per_day": 2}, 15, DAY, 2),
        ({"points_per_day": 2}, 15, DAY + 1, 4),
        ({"points_per_day": 2}, 3, 9 * DAY, 3),
        ({"percent_per_day": 10}, 15, 2 * DAY, 3),
        ({"points_per_day": 1, "percent_per_day": 10}, 10, DAY, 2),
        ({"points_per_day": 2, "grace_minutes": 15}, 15, 900, 0),
        ({"points_per_day": 2, "grace_minutes": 15}, 15, 901, 2),
        ({"points_per_day": 2, "grace_minutes": 15}, 15, DAY + 900, 2),
        ({"points_per_day": 2, "cap_points": 5}, 15, 9 * DAY, 5),
        ({"points_per_day": 2, "cap_percent": 50}, 15, 9 * DAY, 7.5),
        ({"points_per_day": 2, "cap_percent": 50, "cap_points": 5}, 15, 9 * DAY, 5),
        ({"penalty_method": "zero"}, 15, 1, 15),
        ({"penalty_method": "zero", "grace_minutes": 1}, 15, 60, 0),
    ],
)
def test_the_policy_takes_what_it_says(setting, score, seconds, penalty):
    assert LatePolicy(**setting).late_submission_penalty("ada", score, seconds) == pytest.approx(penalty)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({}, "No points are taken for being late: see LatePolicy in nbgrader_config.py."),
        ({"points_per_day": 1}, "Each day begun costs 1 point."),
        (
            {"points_per_day": 2, "percent_per_day": 10, "grace_minutes": 15, "cap_points": 5, "cap_percent": 50},
            "Each day begun after 15 minutes of grace costs 2 points and 10 per cent of the points, "
            "at most 5 points and 50 per cent of the points.",
        ),
        ({"penalty_method": "zero", "grace_minutes": 60}, "What is late after 1 hour of grace gets no points."),
    ],
)
def test_the_policy_is_told_in_a_sentence(setting, sentence):
    assert LatePolicy(**setting).sentence() == sentence


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (3 * DAY, "3 days"),
        (DAY + 2 * HOUR + 5, "1 day 2 hours"),
        (61, "1 minute 1 second"),
    ],
)
def test_a_length_of_time_is_told_in_words(seconds, words):
    assert duration(seconds) == words


def test_what_is_late_loses_points_and_what_is_in_time_does_not(small_class):
    assert small_class.hand_in("ada", IN_TIME)[-3:] == (0.0, 0.0, 0.0)
    result = small_class.hand_in("blaise", TWO_DAYS)
    assert result[-3:] == (2 * DAY, 0.0, 4.0)
    assert result.points == 15  # what the tests gave; the penalty is told beside it
    assert [small_class.stored(student) for student in ("ada", "blaise")] == [0.0, 4.0]


def give_an_extension(made):
    made.change("ada", extension=timedelta(days=1))


def take_the_extension_away(made):
    made.change("ada", extension=None)


def move_the_due_date(made):
    made.change(duedate=DUE + timedelta(days=3))


def take_the_due_date_away(made):
    made.change(duedate=None)


def hand_the_same_in_earlier(made):
    (made.root / "submitted" / "ada" / SLUG / "timestamp.txt").write_text(A_DAY)


def change_the_policy(made):
    made.config.LatePolicy.cap_points = 1


def take_the_policy_away(made):
    made.config.LatePolicy.points_per_day = 0


def give_a_mark_by_hand(made):
    made.config.LatePolicy.points_per_day = 100
    with made.book() as book:
        book.find_grade("test-gradient", SLUG, SLUG, "ada").manual_score = 0.0
        book.db.commit()


@pytest.mark.parametrize(
    ("change", "late_by", "extension", "penalty"),
    [
        (give_an_extension, DAY, DAY, 2),
        (take_the_extension_away, 2 * DAY, 0, 4),
        (move_the_due_date, 0, 0, 0),
        (take_the_due_date_away, 0, 0, 0),
        (hand_the_same_in_earlier, 23 * HOUR, 0, 2),
        (change_the_policy, 2 * DAY, 0, 1),
        (take_the_policy_away, 2 * DAY, 0, 0),
        (give_a_mark_by_hand, 2 * DAY, 0, 12),
    ],
)
def test_each_thing_that_changes_alone_changes_the_penalty_and_marks_nothing_again(
    small_class, change, late_by, extension, penalty
):
    small_class.hand_in("ada", TWO_DAYS)
    path = gradebook.autograded(small_class.course(), SLUG, "ada")
    before = path.read_bytes()
    assert small_class.kept("ada").penalty == 4
    change(small_class)
    result = small_class.kept("ada")
    assert result.kept
    assert result[-3:] == (late_by, extension, penalty)
    assert small_class.stored("ada") == penalty
    assert path.read_bytes() == before


def test_a_new_time_that_costs_nothing_is_in_the_gradebook_all_the_same(small_class):
    small_class.hand_in("ada", IN_TIME)
    (small_class.root / "submitted" / "ada" / SLUG / "timestamp.txt").write_text("2026-01-09 10:00 UTC")
    assert small_class.kept("ada")[-3:] == (0, 0, 0)
    with small_class.book() as book:
        assert book.find_submission(SLUG, "ada").timestamp == datetime(2026, 1, 9, 10)


@pytest.mark.parametrize("change", [give_an_extension, move_the_due_date, take_the_policy_away])
def test_no_penalty_is_left_over_when_a_submission_is_marked_anew(small_class, change):
    small_class.hand_in("ada", A_DAY)
    assert small_class.stored("ada") == 2
    change(small_class)
    assert small_class.hand_in("ada", A_DAY).penalty == 0
    assert small_class.stored("ada") == 0


def test_an_extension_without_a_due_date_is_no_lateness_and_no_error(small_class):
    small_class.change(duedate=None)
    small_class.hand_in("ada", TWO_DAYS)
    give_an_extension(small_class)
    assert small_class.kept("ada")[-3:] == (0.0, DAY, 0.0)


def test_a_part_of_a_second_is_not_late(small_class):
    small_class.hand_in("ada", IN_TIME)
    small_class.change("ada", timestamp=DUE + timedelta(microseconds=900_000))
    with small_class.book() as book:
        assert late.of(book.find_submission(SLUG, "ada")).late == 0
    assert marks.read(small_class.course()).exercises[SLUG].marks["ada"].seconds_late == 0


@pytest.mark.parametrize("time", ["yesterday", "2026-01-12 12:00 CEST", "\ufffd"])
def test_a_time_that_cannot_be_read_is_said_and_no_other_one_is_taken_for_it(small_class, time):
    small_class.hand_in("ada", TWO_DAYS)
    stamp = small_class.root / "submitted" / "ada" / SLUG / "timestamp.txt"
    stamp.write_text(time, encoding="utf-8")
    for result in (small_class.kept("ada"), small_class.hand_in("ada", time)):
        assert result.human == (gradebook.NO_TIME,)
        assert (result.late, result.penalty) == (0, 0)
        with small_class.book() as book:
            assert book.find_submission(SLUG, "ada").timestamp is None
    stamp.write_text(A_DAY)
    assert small_class.kept("ada").human == ()
    assert small_class.kept("ada").penalty == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbf2026-01-10 11:59 UTC\r\n", IN_TIME[:16] + " UTC"),
        (b"", "empty"),
        (b"\xff\xfe2\0", "\ufffd\ufffd2\0"),
    ],
)
def test_a_time_stamp_in_another_encoding_is_read_or_told_to_be_none(tmp_path, data, text):
    (tmp_path / "timestamp.txt").write_bytes(data)
    assert intake.timestamp(tmp_path) == text
    when, noted = gradebook._time_of(text, record.Record("", (), "", ""))
    assert (when is None) == bool(noted.human)


def test_what_cannot_be_read_as_a_notebook_has_its_time_all_the_same(tmp_path):
    (tmp_path / f"{SLUG}.ipynb").write_text("{")
    (tmp_path / "timestamp.txt").write_text(TWO_DAYS)
    assert intake.read_folder(tmp_path, SLUG).timestamp == TWO_DAYS


class Half(BasePlugin):
    """A plug-in of nbgrader's kind."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return {"greedy": 99, "odd": float("nan"), "kind": None, "negative": -3}.get(student_id, score / 2)


def test_a_plug_in_of_nbgraders_kind_is_asked_and_kept_within_the_points(small_class):
    small_class.config.merge(Config({"AssignLatePenalties": {"plugin_class": Half}}))
    results = {name: small_class.hand_in(name, A_DAY) for name in ("ada", "greedy", "odd", "kind", "negative")}
    assert {name: result.penalty for name, result in results.items()} == {
        "ada": 7.5,
        "greedy": 15,
        "odd": 0,
        "kind": 0,
        "negative": 0,
    }
    assert results["odd"].human == ("the late policy failed, no points were taken: ValueError: it gave no number",)
    assert not any(result.human for name, result in results.items() if name != "odd")
    assert late.described(small_class.course()).endswith("test_late.Half.")


def test_nbgraders_own_setting_is_honoured(small_class):
    small_class.config.LateSubmissionPlugin.penalty_method = "zero"
    assert small_class.hand_in("ada", A_DAY).penalty == 15
    assert isinstance(late.policy(small_class.course()), LateSubmissionPlugin)


def test_a_time_zone_that_there_is_not_is_told(small_class):
    small_class.config.LatePolicy.timezone = "Europe/Zurick"
    with pytest.raises(ValueError, match="'Europe/Zurick', which is no time zone: write one"):
        late.zone(small_class.course())
