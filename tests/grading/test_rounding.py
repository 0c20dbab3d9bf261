"""Right answers are measured against the tolerances, and one that comes too near is told."""

import math

import numpy as np
import pytest

from grading import mutants, rounding
from grading.answers import solution
from rnnlib.activations import activation

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


def test_every_seed_is_dealt_out_once_to_an_answer_of_the_exercise():
    worst = rounding.worst_of("softmax-gradient", 40, workers=1)
    names = [name for name, _, _ in rounding.answers("softmax-gradient")]
    assert {one.seeds for one in worst} == {40}
    assert {one.answer for one in worst} <= {*names}
    assert len(names) > 3
