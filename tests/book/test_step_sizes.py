"""The errors of the finite differences depend on h as the chapter says."""

import numpy as np
import pytest

from book.experiments.step_sizes import difference_errors


def test_the_error_of_one_side_falls_with_h_and_that_of_both_sides_with_its_square():
    h = np.array([1e-1, 1e-2, 1e-3])
    errors = difference_errors(lambda x: x**3, 1.0, 3.0, h)
    assert errors["forward difference"] == pytest.approx(h + h**2 / 3)
    assert errors["central difference"] == pytest.approx(h**2 / 3, rel=1e-5)


def test_rounding_spoils_both_differences_and_leaves_the_complex_step_alone():
    errors = difference_errors(np.exp, 1.0, np.e, np.array([1e-14]))
    assert min(errors["forward difference"][0], errors["central difference"][0]) > 1e-4
    assert errors["complex step"][0] < 1e-15


def test_no_error_is_zero_so_that_a_logarithm_can_be_drawn():
    errors = difference_errors(lambda x: 2 * x, 1.0, 2.0, np.array([0.5]))
    assert all(values[0] == 1e-17 for values in errors.values())
