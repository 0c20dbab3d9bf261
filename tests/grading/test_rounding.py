"""Right answers are measured against the tolerances, and one that comes too near is told."""

import functools
import math

import numpy as np
import pytest

from grading import checks, exercise, mutants, rounding
from grading.answers import solution
from rnnlib import gradcheck, params, routes
from rnnlib.activations import activation

CENTRAL_DIFFERENCE = gradcheck.central_difference

# The student's function is off by half of what is allowed, and then by all of it.
CASES = """
from grading import checks
x = checks.generator().uniform(1, 2)
checks.same_answer(double, lambda x: 2 * x * (1 + OFF), x)
"""


def double(x):
    """2x"""
    return 2 * x


@pytest.fixture
def cells(monkeypatch):
    """Let every exercise have one hidden test, in which `double` is off by as much as is asked for."""

    def one_test(off):
        cells = [("check-double", "1 / 0", {}), ("test-double", CASES.replace("OFF", str(off)), {"double": double})]
        monkeypatch.setattr(mutants, "cells_with_tests", lambda task, sources, wrapped: cells)

    return one_test


def measured(direction=0.0):
    return rounding._measure(("two-step", ("an answer", solution("two-step").cells, direction), range(1, 6)))


@pytest.mark.parametrize(("off", "share"), [(0, 0), (5e-11, 0.5), (-3e-11, 0.3), (1.1e-10, math.inf)])
def test_the_share_of_the_tolerance_is_that_of_the_largest_error_and_a_lost_test_has_no_share(cells, off, share):
    cells(off)
    (worst,) = measured()
    assert (worst.test, worst.answer, worst.seeds) == ("test-double", "an answer", 5)
    assert worst.share == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize(("share", "status"), [(0.3, 0), (0.34, 1), (math.inf, 1)])
def test_an_answer_that_comes_too_near_is_named_with_its_seed(monkeypatch, capsys, share, status):
    worst = rounding.Worst("test-gradient", share, "loop", 17, 100)
    monkeypatch.setattr(rounding, "worst_of", lambda slug, seeds, workers: [worst])
    assert rounding.main(["two-step"]) == status
    said = capsys.readouterr().out
    assert ("loop, 17" in said, "TOO NEAR" in said) == (True, status == 1)


def test_a_result_that_is_compared_once_counts_as_well():
    run, right = checks.Run(exercise.load("two-step"), seed=1), params.Params(*5 * [np.ones(2)])
    student = functools.partial(max)
    student.__name__ = "gradient"
    with checks.running(run, "test-gradient"):
        checks.same_result(student, right._replace(W=np.array([1.0, 1 - 2e-10])), right, tol=1e-9)
        assert run.margin == pytest.approx(0.2)
        with pytest.raises(checks.HiddenCheckFailedError, match=r"^gradient: W is wrong by 1\.0e\+00 of the largest"):
            checks.same_result(student, right._replace(W=np.zeros(2)), right, tol=1e-9)
    with pytest.raises(checks.HiddenCheckFailedError, match=r"^calls: 9$"):
        checks.fail_for("calls: 9")
    checks.fail_for("")


def test_differences_are_left_out_but_where_they_are_what_is_asked_for():
    for slug, left_out in (("two-step", True), ("gradient-checker", False)):
        with rounding._no_differences(exercise.load(slug)):
            assert float(gradcheck.central_difference(lambda p: 3 * p, 1.0)) == pytest.approx(1 if left_out else 3)
            assert float(routes.central_difference(lambda p: 3 * p, 1.0, 1e-4)) == pytest.approx(1 if left_out else 3)
    assert gradcheck.central_difference is routes.central_difference is CENTRAL_DIFFERENCE


def test_a_test_that_is_there_for_its_time_gets_one_seed_in_a_hundred():
    assert rounding._of(range(1, 401), "test-linear-cost") == [1, 101, 201, 301]
    assert rounding._of(range(1, 401), "test-mean") == range(1, 401)
    found = rounding._measure(("t-steps", ("an answer", solution("t-steps").cells, 0.0), range(2, 3)))
    assert "test-delta-recursion-long" not in {worst.test for worst in found}
    assert len(found) == 6


@pytest.mark.pool
@pytest.mark.parametrize("slug", ["bptt-loops", "gradient-checker", "t-steps"])
def test_right_answers_are_right_while_rounding_is_measured(slug):
    """These draw their cases by differences, or ask for them, which the workers leave out elsewhere."""
    found = rounding.worst_of(slug, 6, workers=1)
    assert [worst for worst in found if worst.share > rounding.ALLOWED] == []


def test_rounding_decides_no_mark_of_the_first_exercise():
    shares = [worst.share for direction in (-math.inf, math.inf) for worst in measured(direction)]
    assert 0 < max(shares) < rounding.ALLOWED


@pytest.mark.parametrize("direction", [-math.inf, math.inf])
def test_a_shaken_function_meets_the_neighbours_of_tanh_exp_and_log_and_nobody_else_does(direction):
    def inside(z):
        """States."""
        return np.tanh(z), activation("tanh")[0](z), math.exp(z), np.log(z), np.tanh(z + 0j), np.sqrt(z)

    shaken = rounding.shaken(inside, direction)
    tanh, also_tanh, exp, log, of_complex, sqrt = shaken(0.7)
    assert (shaken.__name__, shaken.__doc__) == ("inside", "States.")
    assert tanh == also_tanh == np.nextafter(np.tanh(0.7), direction)
    assert (exp, log) == (np.nextafter(math.exp(0.7), direction), np.nextafter(np.log(0.7), direction))
    assert (of_complex, sqrt) == (np.tanh(0.7 + 0j), np.sqrt(0.7))


def test_a_shaken_function_that_calls_another_goes_on_shaken():
    inner = rounding.shaken(np.tanh, math.inf)
    outer = rounding.shaken(lambda z: (inner(z), np.tanh(z), activation("tanh")[0](z)), math.inf)
    moved = np.nextafter(np.tanh(0.7), math.inf)
    assert outer(0.7) == (np.tanh(0.7), moved, moved)
    assert np.tanh(0.7) == activation("tanh")[0](0.7) < moved


@pytest.mark.pool
def test_every_seed_is_dealt_out_once_to_an_answer_of_the_exercise():
    worst = rounding.worst_of("softmax-gradient", 40, workers=1)
    names = [name for name, _, _ in rounding.answers("softmax-gradient")]
    assert {one.seeds for one in worst} == {40}
    assert {one.answer for one in worst} <= {*names}
    assert len(names) > 3


def test_in_any_order_of_addition_the_sums_of_equal_probabilities_end_below_the_largest_draw():
    """As char-model's checks of `continuation` need it: a browser adds in another order than other machines do."""
    K = 240
    weights = np.full(K, np.exp(-np.log(K)))
    totals = {weights.sum(), np.cumsum(weights)[-1], math.fsum(weights)}
    totals |= {weights.reshape(lanes, -1).sum(1).sum() for lanes in (2, 4, 8, 16)}
    totals |= {np.cumsum(weights.reshape(-1, lanes), 0)[-1].sum() for lanes in (2, 4, 8, 16)}
    assert len(totals) > 3
    for p in {1 / K, *(weights[0] / total for total in totals)}:
        for near in (np.nextafter(p, 0), p, np.nextafter(p, 1)):
            assert np.cumsum(np.full(K, near))[-1] < np.nextafter(1, 0)
