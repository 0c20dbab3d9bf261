"""What a hidden check says of a gradient: analytic beside numeric, and a finite difference is no derivation."""

from typing import NamedTuple

import numpy as np
import pytest

from grading import checks
from rnnlib import gradcheck


class Pair(NamedTuple):
    a: np.ndarray
    k: float


POINT = Pair(np.array([[0.3, -0.7, 1.1], [0.2, 0.9, -0.4]]), 0.6)


def error(point):
    return np.sum(np.sin(point.a) * np.arange(1, 7).reshape(2, 3)) * point.k


def gradient(point):
    weights = np.arange(1, 7).reshape(2, 3)
    return Pair(np.cos(point.a) * weights * point.k, float(np.sum(np.sin(point.a) * weights)))


def check(student):
    checks.same_gradient(student, gradient, gradcheck.central_difference(error, POINT), POINT)


def test_a_right_gradient_passes():
    check(gradient)
    check(lambda point: Pair(*(1.0 * part for part in gradient(point))))


def test_a_wrong_entry_is_shown_analytic_above_numeric():
    def student(point):
        right = gradient(point)
        right.a[1, 2] *= -1
        return right

    with pytest.raises(checks.HiddenCheckFailedError) as failed:
        check(student)
    lines = str(failed.value).splitlines()
    assert lines[0] == "student: a is wrong at entry [1, 2]"
    wanted = gradient(POINT).a[1, 2]
    assert lines[1] == f"  analytic  {-wanted: .12g}"
    assert lines[2].startswith("  numeric ")
    assert float(lines[2].split()[1]) == pytest.approx(wanted, rel=1e-8)


def test_a_wrong_number_has_no_index():
    with pytest.raises(checks.HiddenCheckFailedError, match=r"^<lambda>: k is wrong\n  analytic  "):
        check(lambda point: gradient(point)._replace(k=1.0))


@pytest.mark.parametrize("h", [1e-4, 1e-7])
def test_a_finite_difference_is_told_to_be_one(h):
    with pytest.raises(checks.HiddenCheckFailedError, match="as close to the derivative as a finite difference is"):
        check(lambda point: gradcheck.central_difference(error, point, h))


def test_where_there_is_no_numeric_gradient_the_exact_one_decides():
    numeric = gradcheck.central_difference(error, POINT)._replace(a=None)
    with pytest.raises(checks.HiddenCheckFailedError, match="a is wrong by"):
        checks.same_gradient(lambda point: gradient(point)._replace(a=2 * point.a), gradient, numeric, POINT)


def test_of_a_dict_the_entry_that_is_wrong_is_called_by_its_key():
    right, numeric = {"u": 0.5, "w": -2.0}, {"w": -2.0 + 1e-9, "u": 0.5}
    checks.same_gradient(lambda: {"w": -2.0, "u": 0.5}, lambda: right, numeric)
    with pytest.raises(checks.HiddenCheckFailedError, match=r"at entry 'w'\n  analytic   2\n  numeric   -1\.99"):
        checks.same_gradient(lambda: {"u": 0.5, "w": 2.0}, lambda: right, numeric)
