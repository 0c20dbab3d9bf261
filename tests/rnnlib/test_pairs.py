"""Cases of options: every two values that may go together do, in few cases."""

from itertools import combinations, product

import numpy as np
import pytest

from rnnlib.exercise import pairs

TABLE = {
    "func": ("tanh", "sigmoid"),
    "reduction": ("mean", "sum"),
    "weights": ("none", "zeros", "fractions"),
    "targets": ("labels", "soft", "last step"),
    "inputs": ("numbers", "tokens"),
}


def met(cases):
    return {(a, case[a], b, case[b]) for case in cases for a, b in combinations(TABLE, 2)}


@pytest.mark.parametrize("seed", range(5))
def test_every_two_values_meet_in_a_tenth_of_all_cases(seed):
    every = [dict(zip(TABLE, values, strict=True)) for values in product(*TABLE.values())]
    cases = pairs(TABLE, np.random.default_rng(seed))
    assert met(cases) == met(every)
    assert len(cases) <= 12 < len(every) / 5


def test_what_is_not_allowed_is_not_drawn_and_all_else_meets():
    allowed = lambda **case: case["inputs"] != "tokens" or case["targets"] != "soft"  # noqa: E731
    every = [dict(zip(TABLE, values, strict=True)) for values in product(*TABLE.values())]
    cases = pairs(TABLE, np.random.default_rng(1), allowed)
    assert all(allowed(**case) for case in cases)
    assert met(cases) == met([case for case in every if allowed(**case)])


def test_another_generator_draws_other_cases():
    one, other = (pairs(TABLE, np.random.default_rng(seed)) for seed in (1, 2))
    assert one != other
