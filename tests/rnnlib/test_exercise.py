"""What a student reads below a blank."""

import pytest

from rnnlib import exercise


def check_right():
    pass


def check_blank():
    raise NotImplementedError


def check_wrong():
    raise AssertionError("du is wrong\n  analytic 1\n  numeric 2")


def check_crashing():
    raise ZeroDivisionError


def test_a_right_part_is_called_right(capsys):
    assert exercise.run(check_right) is None
    assert capsys.readouterr().out == "right: right\n"


def test_a_blank_is_not_done_yet():
    with pytest.raises(exercise.CheckFailedError, match=r"^blank: not done yet$"):
        exercise.run(check_blank)


def test_a_wrong_part_says_what_is_wrong_without_a_traceback():
    with pytest.raises(exercise.CheckFailedError) as caught:
        exercise.run(check_wrong)
    assert caught.value._render_traceback_() == ["wrong: du is wrong", "  analytic 1", "  numeric 2"]
    assert caught.value.__suppress_context__


def test_a_crash_of_the_students_code_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        exercise.run(check_crashing)


def test_progress_has_a_line_for_every_part_and_never_stops(capsys):
    exercise.progress(check_crashing, check_wrong, check_blank, check_right)
    assert capsys.readouterr().out.splitlines() == [
        "crashing: stops with ZeroDivisionError",
        "wrong: not right yet",
        "blank: not done yet",
        "right: right",
    ]
