"""The outputs of a cell show what helps a student, and of a hidden test no number that was expected."""

import json

import numpy as np
import pytest

from grading import checks, limits, outputs
from grading.checks import HiddenCheckFailedError
from grading.remote import STUDENT_ERRORS, StudentError
from rnnlib.exercise import CheckFailedError
from rnnlib.words import speaking

SECRET = "expected 0.1234"


def shown(error, **options):
    cell = {"outputs": []}
    outputs.add_exception(cell, error, **options)
    (output,) = cell["outputs"]
    return output


@pytest.mark.parametrize(
    "error", [CheckFailedError(SECRET), AssertionError(SECRET), ValueError(SECRET), NameError(SECRET, name="x")]
)
def test_of_a_hidden_test_only_the_kind_of_an_exception_is_shown(error):
    output = shown(error, hidden=True)
    kind = type(error).__name__
    assert output["ename"] == kind
    assert output["traceback"] == [
        "what your code returned is not what this check asks for"
        if isinstance(error, AssertionError)
        else f"this check could not use what your code returned ({kind})"
    ]
    assert SECRET not in str(output)
    assert SECRET in str(shown(error))


@pytest.mark.parametrize("hidden", [True, False])
def test_what_is_written_for_the_student_is_shown_whole(hidden):
    assert shown(HiddenCheckFailedError("one\ntwo"), hidden=hidden)["traceback"] == ["one", "two"]
    assert shown(limits.TestTooLongError(), hidden=hidden)["traceback"] == ["this check took too long, and was stopped"]


@pytest.mark.parametrize("hidden", [True, False])
def test_a_name_that_a_student_should_define_is_traced_back_to_its_cell(hidden):
    output = shown(NameError("x", name="x"), hidden=hidden, names={"x"})
    assert output["traceback"] == ["x is not defined: its cell did not run to the end"]


def test_a_blank_is_not_done_yet_and_another_error_of_the_student_has_its_own_traceback():
    assert shown(STUDENT_ERRORS["NotImplementedError"]("NotImplementedError", "", "lines"))["traceback"] == [
        "not done yet"
    ]
    error = StudentError("Own", "mine", "line 1\nOwn: mine")
    error.add_note("in the call f(1)")
    assert shown(error, hidden=True)["traceback"] == ["line 1", "Own: mine", "in the call f(1)"]
    assert shown(error)["ename"] == "Own"


def told(error):
    """The Failure that is read back from a cell in which the error was raised."""
    cell = {"outputs": []}
    outputs.add_exception(cell, error)
    return outputs.failure_of(json.loads(json.dumps(cell)))


def test_what_is_left_out_is_noted_and_not_read_from_what_is_said():
    assert told(
        CheckFailedError("f: 1 of 2 done and right; g not done yet", "1 of 2 done and right; g not done yet")
    ).undone
    assert not told(CheckFailedError("f: the answer is: not done yet")).undone
    assert not told(AssertionError("not done yet")).undone
    with speaking("zh-CN"):
        blank = told(STUDENT_ERRORS["NotImplementedError"]("NotImplementedError", "", "lines"))
    assert blank.undone  # to whoever reads it in English
    assert "not done yet" not in blank.seen[0]


@pytest.mark.parametrize(("line", "undone"), [("gradient: not done yet", True), ("gradient: dw is wrong", False)])
def test_of_a_notebook_that_was_marked_earlier_what_is_left_out_is_read_from_its_lines(line, undone):
    error = {"output_type": "error", "traceback": [line, "more"]}
    assert outputs.failure_of({"metadata": {}, "outputs": [error]}).undone is undone
    found = outputs.failure_of({"metadata": {outputs.FAILURE: {"seen": [line], "hint": "h"}}, "outputs": [error]})
    assert (found.undone, found.hint) == (undone, "h")
    assert outputs.failure_of({"metadata": {}, "outputs": []}) is None


@pytest.mark.parametrize(("points", "text"), [(1.5, "1.5"), (-1.0, "0"), (99.0, "2")])
def test_points_are_kept_between_zero_and_those_of_the_cell(points, text):
    cell = {"outputs": [], "metadata": {"nbgrader": {"points": 2}}}
    outputs.add_points(cell, points)
    assert cell["outputs"][0]["data"] == {"text/plain": text}


def test_figures_are_few_small_and_png():
    png, cell = b"\x89PNG\r\n", {"outputs": []}
    outputs.add_figures(cell, [png, b"GIF89a", png + bytes(outputs.MAX_FIGURE), png, png])
    assert len(cell["outputs"]) == 2


def test_an_error_without_a_text_says_what_was_called_last_and_what_came_back():
    error = AssertionError()
    error.last_call = checks.last_call(("f", [np.ones((2, 3)), "tanh"], {"h": 0.5}, (1.5, np.array([0.25]))))
    called = ["  last call  f(<float64 array (2, 3)>, 'tanh', h=0.5)", "  gave       (1.5, <float64 array (1,)>)"]
    first = "what your code returned is not what this check asks for"
    assert shown(error, hidden=True)["traceback"] == [first, *called]
    assert shown(error)["traceback"] == ["AssertionError", *called]


def test_an_error_before_any_call_says_so():
    error = ValueError(SECRET)
    error.last_call = checks.last_call(None)
    assert shown(error, hidden=True)["traceback"][1:] == [
        "  last call  none: no function of yours had returned anything before"
    ]


@pytest.mark.parametrize(("message", "line"), [("so it is", "so it is"), ("", "Own, without a message")])
def test_an_error_of_the_student_without_a_traceback_is_more_than_its_call(message, line):
    error = StudentError("Own", message, "")
    error.add_note("in the call f(1)")
    assert shown(error)["traceback"] == [line, "in the call f(1)"]
