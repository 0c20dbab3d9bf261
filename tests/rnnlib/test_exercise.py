"""What a student reads below a blank."""

import linecache

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


def cell(source, name="__main__"):
    """What a cell of a notebook defines, with its source where Jupyter keeps it for tracebacks."""
    linecache.cache["<a cell>"] = (len(source), None, source.splitlines(True), "<a cell>")
    namespace = {"__name__": name}
    exec(compile(source, "<a cell>", "exec"), namespace)
    return namespace


ABOVE = 'def square(p):\n    """p^2"""\n    raise NotImplementedError\n    return p**2\n'
BELOW = "def square(p):\n    result = p**2\n    raise NotImplementedError\n"
ALONE = 'def square(p):\n    """p^2"""\n    ...\n    raise NotImplementedError\n'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (ABOVE, "the line `raise NotImplementedError` is still in square, above your code: delete it"),
        (
            BELOW,
            "the line `raise NotImplementedError` is still in square, below your code: delete it, and return the "
            "result",
        ),
        (ALONE, "not done yet"),
        ("def square(p):\n    if p > 1:\n        raise NotImplementedError\n    return p**2\n", "square raises Not"),
    ],
)
def test_a_raise_that_was_left_beside_code_is_named_and_not_called_undone(source, said, capsys):
    def check_square():
        defined["square"](3.0)

    defined = cell(source)
    with pytest.raises(exercise.CheckFailedError) as caught:
        exercise.run(check_square)
    assert str(caught.value).startswith(f"square: {said}")
    exercise.progress(check_square)
    assert capsys.readouterr().out == (
        "square: not done yet\n" if said == "not done yet" else "square: not right yet\n"
    )


def test_what_a_library_has_not_implemented_is_not_read():
    with pytest.raises(exercise.CheckFailedError, match=r"^of_a_library: not done yet$"):
        exercise.run(cell(ABOVE.replace("square(p)", "check_of_a_library()"), "library")["check_of_a_library"])


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
