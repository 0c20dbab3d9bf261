"""The hidden tests of a gradient checker tell a good checker from a credulous and from a suspicious one."""

import numpy as np
import pytest

from grading.checks import HiddenCheckFailedError
from grading.verdicts import catches, lets_pass, refuses
from rnnlib.gradcheck import central_difference, compare

ONES = np.ones(3)


def reject_all(analytic, reference):
    raise AssertionError("no")


def test_the_library_s_checker_passes():
    lets_pass(compare, "an equal array", ONES, ONES)
    catches(compare, "another array", -ONES, ONES, names=["db"], named="db")
    refuses(central_difference, "NaN", lambda p: 1.0, np.array([np.nan]))


def test_a_checker_that_rejects_all_is_found_out():
    with pytest.raises(HiddenCheckFailedError, match="reject_all rejects an equal array, which is right; it says: no"):
        lets_pass(reject_all, "an equal array", ONES, ONES)


def test_a_checker_that_returns_a_verdict_is_found_out():
    with pytest.raises(HiddenCheckFailedError, match="returns a bool for an equal array, expected None"):
        lets_pass(np.array_equal, "an equal array", ONES, ONES)


def test_a_checker_that_lets_all_pass_is_found_out():
    with pytest.raises(HiddenCheckFailedError, match="lets another array pass"):
        catches(lambda a, n: None, "another array", -ONES, ONES)


def test_a_message_that_does_not_name_the_array_is_found_out():
    with pytest.raises(HiddenCheckFailedError, match="does not name db"):
        catches(reject_all, "another array", -ONES, ONES, named="db")


def test_a_function_that_takes_what_it_should_refuse_is_found_out():
    with pytest.raises(HiddenCheckFailedError, match="takes NaN, expected a ValueError"):
        refuses(lambda p: p, "NaN", np.nan)


def test_other_exceptions_of_the_student_pass_through():
    with pytest.raises(ZeroDivisionError):
        catches(lambda a, n: 1 / 0, "another array", -ONES, ONES)
