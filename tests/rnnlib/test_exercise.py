"""What a student reads below a blank."""

import linecache

import pytest

from rnnlib import exercise, fingerprints
from rnnlib.fingerprints import Mistake


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
    assert bool(caught.value.undone) == (said == "not done yet")
    exercise.progress(check_square)
    assert capsys.readouterr().out == (
        "square: not done yet\n" if said == "not done yet" else "square: not right yet\n"
    )


def test_what_is_left_out_is_told_apart_from_what_only_says_so(capsys):
    def check_own():
        raise AssertionError("this is not done yet")

    for check, undone in ((check_blank, "not done yet"), (check_own, "")):
        with pytest.raises(exercise.CheckFailedError, match=r"not done yet$") as caught:
            exercise.run(check)
        assert caught.value.undone == undone
    exercise.progress(check_own)
    assert capsys.readouterr().out == "own: not right yet\n"


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


NOTEBOOK = """
import numpy as np

from rnnlib import exercise, fingerprints
from rnnlib.fingerprints import Mistake

HINTS = exercise.Hints("squares")


def check_first(rng):
    yield exercise.Claim("", exercise.call(first, 1.5), 2.25, names=["first"])
    yield exercise.Claim("", exercise.call(first, rng.normal()), 0.0, names=["first"], fresh=True)


def check_second(rng):
    yield exercise.Claim("", exercise.call(second, 1.5), 4.5, names=["second"])


def first(p):
    return {first}


def second(p):
    return {second}
"""


def notebook(first="p**2", second="2 * first(p)"):
    """The names of a notebook whose first function should give p^2, and whose second should give twice the first."""
    return cell(NOTEBOOK.format(first=first, second=second))


def seen(name, **functions):
    space = notebook(**functions)
    wrong = exercise.wrong_on_fixed_numbers(space[name], 0)
    return fingerprints.fingerprint("squares", name, wrong)


@pytest.fixture
def known(monkeypatch):
    """Two known mistakes; in the second check, a third one of the first function gives the numbers of one of them."""
    mistakes = (
        Mistake("first is halved", "Do not divide."),
        Mistake("the factor of second is 3", "Count once more."),
        Mistake("first is three halves of what it was", "Look at first."),
    )
    of_first = {seen("check_first", first="p / 2"): [0], seen("check_first", first="1.5 * p**2"): [2]}
    of_second = {seen("check_second", second="3 * first(p)"): [1, 2], seen("check_second", first="p / 2"): [0]}
    checks = {"check_first": {"claims": 1, "seen": of_first}, "check_second": {"claims": 1, "seen": of_second}}
    monkeypatch.setattr(fingerprints, "table", lambda slug: fingerprints.Table(slug, mistakes, checks))


def said(space, check="check_first", times=1):
    """What a check says when it is run, the last of so many times."""
    for _ in range(times):
        with pytest.raises(exercise.CheckFailedError) as caught:
            exercise.run(space[check])
    return str(caught.value).splitlines()


@pytest.mark.usefixtures("known")
def test_the_first_time_a_check_says_where_the_second_time_the_hint_and_the_third_time_the_name():
    space = notebook(first="p / 2")
    where = said(space)
    assert where[0].startswith("first: first is wrong")
    assert not any("divide" in line or "halved" in line for line in where)
    more = "  for the mistake's name, run this cell again, or exercise.hint()"
    assert said(space)[-2:] == ["  Hint: Do not divide.", more]
    assert said(space)[-2:] == ["  Hint: Do not divide.", "  This is what you get when first is halved."]
    assert said(space)[-2:] == ["  Hint: Do not divide.", "  This is what you get when first is halved."]


@pytest.mark.usefixtures("known")
def test_other_wrong_numbers_begin_again_and_so_do_right_ones():
    space = notebook(first="p / 2")
    said(space, times=2)
    exec("def first(p): return 1.5 * p**2", space)
    assert not any("Hint" in line for line in said(space))
    assert "  Hint: Look at first." in said(space)
    exec("def first(p): return p / 2", space)
    assert not any("Hint" in line for line in said(space))
    exec("def first(p): return p**2 if p == 1.5 else 0.0", space)  # as right as the check can see
    exercise.run(space["check_first"])
    exec("def first(p): return p / 2", space)
    assert not any("Hint" in line for line in said(space))


@pytest.mark.usefixtures("known")
def test_numbers_of_no_known_mistake_are_given_no_hint_however_often(capsys):
    space = notebook(first="p**2 + 1")
    assert said(space) == said(space, times=3)
    exec("exercise.hint()", space)
    assert capsys.readouterr().out == "first: these are not the numbers of a mistake that is known here.\n"


@pytest.mark.usefixtures("known")
def test_a_failure_on_random_numbers_alone_is_given_no_hint(capsys):
    space = notebook(first="p / 2")
    said(space)
    exec("def first(p): return p**2", space)
    assert not any("Hint" in line for line in said(space, times=3))  # the second claim draws numbers, and wants 0
    exec("exercise.hint()", space)
    assert "known here" in capsys.readouterr().out


@pytest.mark.usefixtures("known")
def test_a_hint_on_asking_has_the_name_at_once_and_is_one_sentence_before_any_failure(capsys):
    space = notebook(first="p / 2")
    exec("exercise.hint()", space)
    assert capsys.readouterr().out == (
        "No check has found wrong numbers yet: run the check below your function first.\n"
    )
    said(space)
    exec("exercise.hint()", space)
    assert capsys.readouterr().out == "Hint: Do not divide.\nThis is what you get when first is halved.\n"


@pytest.mark.usefixtures("known")
def test_without_the_line_in_the_set_up_there_are_no_hints(capsys):
    space = notebook(first="p / 2")
    del space["HINTS"]
    assert said(space) == said(space, times=3)
    exec("exercise.hint()", space)
    assert capsys.readouterr().out == "There are no hints in this notebook.\n"


@pytest.mark.usefixtures("known")
def test_of_two_mistakes_with_the_same_numbers_the_one_is_named_that_fits_the_checks_above():
    right = "p**2 if p == 1.5 else 0.0"
    assert "the factor of second is 3" in said(notebook(first=right, second="3 * first(p)"), "check_second", 3)[-1]
    wrong = said(notebook(first="1.5 * p**2"), "check_second", 3)
    assert wrong[-1] == "  This is what you get when first is three halves of what it was."


@pytest.mark.usefixtures("known")
def test_two_mistakes_that_cannot_be_told_apart_are_not_named():
    space = notebook(second="3 * first(p)")
    del space["check_first"]
    assert not any("Hint" in line or "This is what" in line for line in said(space, "check_second", 3))


@pytest.mark.usefixtures("known")
def test_a_mistake_of_a_part_that_is_right_is_not_named_although_its_numbers_are_seen():
    right = "p**2 if p == 1.5 else 0.0"
    space = notebook(first=right, second="p")  # 2 * p / 2, which is what a halved first would give
    assert not any("halved" in line for line in said(space, "check_second", 3))
