"""The commands for due dates and extensions say what changes, and what follows for whom."""

from datetime import datetime, timedelta

import pytest
from marking import SLUG
from small_class import DUE

from grading import commands, due_dates


@pytest.fixture
def command(small_class, monkeypatch, capsys):
    """A command of the class: its status and its lines."""
    monkeypatch.setattr(due_dates, "load_config", lambda: small_class.config)
    monkeypatch.setattr(commands, "COURSE", small_class.root)
    monkeypatch.setattr(commands, "LOG", small_class.root / "log")

    def call(*arguments):
        status = commands.main([*arguments])
        said = capsys.readouterr()
        return status, (said.out + said.err).splitlines()

    return call


def due(made):
    with made.book() as book:
        return book.find_assignment(SLUG).duedate


def extension(made, student):
    with made.book() as book:
        return book.find_submission(SLUG, student).extension


@pytest.mark.parametrize(
    ("given", "zone", "when"),
    [
        ("2026-12-24", "UTC", datetime(2026, 12, 24, 23, 59, 59)),
        ("2026-12-24", "Europe/Zurich", datetime(2026, 12, 24, 22, 59, 59)),
        ("2026-07-24", "Europe/Zurich", datetime(2026, 7, 24, 21, 59, 59)),
        ("2026-12-24 18:00", "Europe/Zurich", datetime(2026, 12, 24, 17)),
        ("2026-12-24T18:00", "UTC", datetime(2026, 12, 24, 18)),
        ("2026-12-24 18:00 UTC", "Europe/Zurich", datetime(2026, 12, 24, 18)),
        ("2026-12-24 18:00 +0100", "UTC", datetime(2026, 12, 24, 17)),
        ("2026-12-24 Asia/Tokyo", "UTC", datetime(2026, 12, 24, 14, 59, 59)),
    ],
)
def test_a_date_is_in_the_zone_that_it_names_or_else_in_that_of_the_course_which_is_said(
    small_class, command, given, zone, when
):
    small_class.config.LatePolicy.timezone = zone
    status, said = command("due", SLUG, *given.split())
    assert status == 0
    assert due(small_class) == when
    assert said[0].startswith(f"{SLUG} is due 2026-")
    assert said[0].split(";")[0].endswith(f" {zone}")


@pytest.mark.parametrize(
    "given",
    [
        "soon",
        "2026-13-01",
        "2026-12-24 25:00",
        "24.12.2026",
        "2026-12-24 18:00 CEST",
        "2026-10-25 02:30",
        "9999-12-31 23:00 -1200",
    ],
)
def test_what_is_no_date_changes_nothing_and_is_said_with_what_to_give(small_class, command, given):
    small_class.config.LatePolicy.timezone = "Europe/Zurich"
    status, said = command("due", SLUG, *given.split())
    assert status == 2
    assert said[0].startswith(f"error: '{given}' is no date: give a date such as 2026-12-24")
    assert due(small_class) == DUE


def test_a_due_date_shows_at_once_whom_it_costs_what(small_class, command):
    small_class.hand_in("ada", "2026-01-05 10:00 UTC")
    small_class.hand_in("blaise", "2026-01-03 10:00 UTC")
    assert command("due", SLUG, "2026-01-04") == (
        0,
        [
            "two-step is due 2026-01-04 23:59:59 UTC; it was due 2026-01-10 12:00:00 UTC.",
            "  ada: 10 hours 1 second late, loses 2 points; before: in time",
            "Changed: 1 of 2 marked submissions. Each day begun costs 2 points.",
            "Next: python -m grading feedback two-step",
        ],
    )
    assert [small_class.stored(student) for student in ("ada", "blaise")] == [2, 0]


def test_an_extension_is_from_the_due_date_and_lifts_the_penalty_at_once(small_class, command):
    small_class.hand_in("ada", "2026-01-12 11:00 UTC")
    status, said = command("extend", SLUG, "ada", "2")
    assert (status, small_class.stored("ada")) == (0, 0)
    assert said == [
        "ada has 2 days more, until 2026-01-12 12:00:00 UTC.",
        "  ada: in time; before: 1 day 23 hours late, loses 4 points",
        "Changed: 1 of 1 marked submissions. Each day begun costs 2 points.",
        "Next: python -m grading feedback two-step",
    ]
    command("extend", SLUG, "ada", "1")  # in the place of the other one
    assert extension(small_class, "ada") == timedelta(days=1)
    assert small_class.stored("ada") == 2
    command("extend", SLUG, "ada", "2026-01-11", "12:30")
    assert extension(small_class, "ada") == timedelta(days=1, minutes=30)
    status, said = command("extend", SLUG, "ada", "0")
    assert extension(small_class, "ada") is None
    assert small_class.stored("ada") == 4
    assert said[0] == "ada has no extension, until 2026-01-10 12:00:00 UTC."


def test_an_extension_of_somebody_who_has_handed_in_nothing_yet_waits_for_the_submission(small_class, command):
    with small_class.book() as book:
        book.add_student("ada")
    assert command("extend", SLUG, "ada", "2")[0] == 0
    result = small_class.hand_in("ada", "2026-01-12 11:00 UTC")
    assert (result.extension, result.late, result.penalty) == (2 * 86400, 0, 0)


def test_an_extension_that_is_taken_away_leaves_no_row_of_somebody_who_handed_in_nothing(small_class, command):
    with small_class.book() as book:
        book.add_student("ada")
    command("extend", SLUG, "ada", "2")
    command("extend", SLUG, "ada", "0")
    with small_class.book() as book:
        assert book.assignment_submissions(SLUG) == []


@pytest.mark.parametrize(
    ("student", "until", "error"),
    [
        ("adda", "2", "there is no student 'adda': did you mean ada? If not, add a new one first"),
        ("ada", "-1", "-1 is no number of days: give one from 0 to 1000, or a date"),
        ("ada", "nan", "nan is no number of days"),
        ("ada", "1e9", "1e9 is no number of days"),
        ("ada", "2026-01-10 12:00", "2026-01-10 12:00 is not after the due date, 2026-01-10 12:00:00 UTC"),
        ("ada", "long", "'long' is no date"),
    ],
)
def test_an_extension_that_cannot_be_given_is_refused_in_one_sentence(small_class, command, student, until, error):
    small_class.hand_in("ada", "2026-01-12 11:00 UTC")
    status, said = command("extend", SLUG, student, "--", *until.split())
    assert status == 2
    assert said[0].startswith(f"error: {error}")
    assert extension(small_class, "ada") is None
    with small_class.book() as book:
        assert [one.id for one in book.students] == ["ada"]


def test_an_extension_needs_a_due_date(small_class, command):
    small_class.change(duedate=None)
    small_class.hand_in("ada")
    assert command("extend", SLUG, "ada", "2")[1][0] == (
        "error: two-step has no due date yet: first give `python -m grading due two-step DATE`"
    )


def test_without_a_date_the_due_date_is_told_and_stays(small_class, command):
    small_class.hand_in("ada")
    command("extend", SLUG, "ada", "2")
    assert command("due", SLUG) == (
        0,
        ["two-step is due 2026-01-10 12:00:00 UTC.", "  ada has 2 days more, until 2026-01-12 12:00:00 UTC"],
    )


def test_a_due_date_that_is_taken_away_takes_the_extensions_along(small_class, command):
    small_class.hand_in("ada", "2026-01-14 11:00 UTC")
    command("extend", SLUG, "ada", "2")
    assert command("due", SLUG, "none")[0] == 0
    assert (due(small_class), extension(small_class, "ada"), small_class.stored("ada")) == (None, None, 0)


def test_without_a_due_date_nobody_looks_as_if_an_extension_had_been_a_hand_in(small_class, command):
    small_class.hand_in("ada")
    with small_class.book() as book:
        book.add_student("zoe")
    command("due", SLUG, "2026-12-24")
    assert command("extend", SLUG, "zoe", "2")[0] == 0
    assert command("due", SLUG, "none")[0] == 0
    with small_class.book() as book:
        assert [row.student_id for row in book.assignment_submissions(SLUG)] == ["ada"]
