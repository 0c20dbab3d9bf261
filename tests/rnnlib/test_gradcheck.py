"""The gradient checks: what they accept, what they reject, and what they say."""

from typing import NamedTuple

import numpy as np
import pytest

from rnnlib import gradcheck
from rnnlib.scalar import Params


class Whole(NamedTuple):
    params: Params
    x: np.ndarray
    s_init: float


POINT = Params(u=0.7, w=np.array([[1.0, -2.0, 0.5]]), v=np.array([0.3, 0.4]), k=-1.2)


def f(p):
    return np.sin(p.u) * np.sum(p.w**3) + np.prod(p.v) * np.exp(p.k)


def gradient(p):
    return Params(
        u=np.cos(p.u) * np.sum(p.w**3),
        w=3 * np.sin(p.u) * p.w**2,
        v=p.v[::-1] * np.exp(p.k),
        k=np.prod(p.v) * np.exp(p.k),
    )


def test_the_central_difference_is_right_to_nine_digits():
    gradcheck.compare(gradient(POINT), gradcheck.central_difference(f, POINT), tol=1e-9)


def test_the_complex_step_is_right_to_rounding():
    gradcheck.compare(gradient(POINT), gradcheck.complex_step(f, POINT), tol=1e-14)


@pytest.mark.parametrize("method", [gradcheck.central_difference, gradcheck.complex_step])
def test_a_plain_array_and_a_number_are_points_too(method):
    np.testing.assert_allclose(method(lambda a: np.sum(a**2), np.array([[3.0], [4.0]])), [[6.0], [8.0]], rtol=1e-9)
    assert method(lambda a: a**2, 3.0) == pytest.approx(6.0)


def test_a_right_gradient_passes_in_silence(capsys):
    assert gradcheck.check_gradient(gradient, f, POINT) is None
    assert gradcheck.compare(gradient(POINT), gradient(POINT)) is None
    assert capsys.readouterr() == ("", "")


def test_the_inputs_stay_as_they_were():
    point = Params(*(np.array(leaf) for leaf in POINT))
    for leaf in point:
        leaf.flags.writeable = False
    before = [leaf.copy() for leaf in point]
    gradcheck.check_gradient(gradient, f, point)
    gradcheck.complex_step(f, point)
    assert all(np.array_equal(a, b) for a, b in zip(point, before, strict=True))


def test_a_wrong_entry_is_named_with_analytic_above_numeric():
    wrong = gradient(POINT)
    wrong.w[0, 1] += 0.5
    with pytest.raises(AssertionError) as caught:
        gradcheck.compare(wrong, gradient(POINT))
    lines = str(caught.value).splitlines()
    assert lines[0] == "dw[0, 1] is wrong"
    assert lines[1].startswith("  analytic")
    assert float(lines[1].split()[-1]) == pytest.approx(wrong.w[0, 1])
    assert lines[2].startswith("  numeric")
    assert float(lines[2].split()[-1]) == pytest.approx(gradient(POINT).w[0, 1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"v": np.array([np.nan, 0.1])}, r"dv\[0\] is nan, expected a finite number"),
        ({"v": np.array([0.1, np.inf])}, r"dv\[1\] is inf"),
        ({"v": np.array([[0.1, 0.2]])}, r"dv has shape \(1, 2\), expected \(2,\)"),
        ({"v": np.array([0.1, 0.2], np.float32)}, "dv has dtype float32, expected float64"),
        ({"v": np.array([1, 2])}, "dv has dtype int64, expected float64"),
        ({"v": [0.1, 0.2]}, r"dv is of type list, expected a float64 array of shape \(2,\)"),
        ({"u": None}, "du is of type NoneType"),
        ({"u": 0}, "du is of type int"),
        ({"v": np.array([0.1, 0.2], object)}, "dv has dtype object"),
    ],
)
def test_what_is_not_a_finite_float64_array_of_the_right_shape_is_rejected(change, words):
    with pytest.raises(AssertionError, match=words):
        gradcheck.compare(gradient(POINT)._replace(**change), gradient(POINT))


def test_nan_never_slips_through_even_beside_a_large_tolerance():
    with pytest.raises(AssertionError, match="nan"):
        gradcheck.compare(np.array([np.nan]), np.array([1.0]), tol=1e9)


def test_a_missing_gradient_is_rejected():
    with pytest.raises(AssertionError, match=r"expected 4 gradients \(du, dw, dv, dk\), got 2"):
        gradcheck.compare((1.0, 2.0), gradient(POINT))


def test_one_number_an_array_so_a_zero_entry_does_no_harm():
    a = np.array([1.0, 1e-12])
    gradcheck.compare(a, np.array([1.0, 0.0]), tol=1e-11)
    assert gradcheck.relative_error(a, np.array([1.0, 0.0])) == pytest.approx(1e-12)


def test_two_zero_gradients_agree():
    assert gradcheck.relative_error(np.zeros(3), np.zeros(3)) == 0.0


@pytest.mark.parametrize("method", [gradcheck.central_difference, gradcheck.complex_step])
def test_a_point_or_a_value_that_is_not_finite_is_refused(method):
    with pytest.raises(ValueError, match="NaN or inf"):
        method(np.sum, np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="not finite"):
        method(lambda a: a[0] * np.inf, np.array([1.0]))


def test_a_function_that_drops_the_imaginary_part_is_caught():
    with pytest.raises(ValueError, match="drops the imaginary part"):
        gradcheck.complex_step(lambda a: np.sum(np.abs(a)), np.array([1.0]))


def test_a_named_tuple_inside_another_is_compared_entry_by_entry():
    whole = Whole(gradient(POINT), None, 2.0)
    gradcheck.compare(whole, whole)
    with pytest.raises(AssertionError, match="dk is wrong"):
        gradcheck.compare(whole._replace(params=whole.params._replace(k=0.0)), whole)
    with pytest.raises(AssertionError, match="dx is of type float, expected None"):
        gradcheck.compare(whole._replace(x=1.0), whole)
    with pytest.raises(AssertionError, match="expected 4 gradients"):
        gradcheck.compare(whole._replace(params=1.0), whole)
