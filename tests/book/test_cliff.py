"""The surface of the cliff and its gradient are those of the unit that the chapter describes."""

import numpy as np
import pytest

from book.experiments.cliff import S_INIT, TARGET, Unit, descend, error_and_gradient
from rnnlib import gradcheck


@pytest.mark.parametrize("T", [1, 2, 50])
def test_the_gradient_of_the_surface_is_that_of_its_error(T):
    def error(unit):
        s = S_INIT
        for _ in range(T):
            s = np.tanh(unit.w * s + unit.k)
        return (s - TARGET) ** 2 / 2

    unit = Unit(np.array(1.1), np.array(-0.1))
    E, gradient = error_and_gradient(unit, T)
    assert E == pytest.approx(error(unit), rel=1e-13)
    gradcheck.compare(gradient, gradcheck.complex_step(error, unit), tol=1e-12)


def test_many_points_of_the_surface_are_found_as_one_is():
    w, k = np.array([[1.0], [1.6]]), np.array([-0.5, 0.1, 2.0])
    E, gradient = error_and_gradient(Unit(w, k), 9)
    one = error_and_gradient(Unit(w[1, 0], k[0]), 9)
    assert E.shape == gradient.w.shape == (2, 3)
    assert (E[1, 0], gradient.w[1, 0], gradient.k[1, 0]) == pytest.approx((one[0], *one[1]), rel=1e-14)


def test_no_step_of_a_clipped_run_is_longer_than_rate_times_limit():
    start = Unit(1.5, -0.6)
    free, held = (descend(start, 50, 30, rate=0.1, max_norm=limit) for limit in (np.inf, 2.0))
    steps = [np.hypot(np.diff(run.w), np.diff(run.k)) for run in (free, held)]
    assert steps[0] == pytest.approx(0.1 * free.norm[:-1], rel=1e-10)
    assert steps[0].max() > 1
    assert steps[1].max() == pytest.approx(0.2, rel=1e-10)
