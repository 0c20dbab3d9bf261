"""What back-propagation through time gives: the solutions, the other right answers and rnnlib say the same."""

import numpy as np
import pytest
from marking import right_answers

from grading.checks import TOLERANCE
from rnnlib import gradcheck, rnn, routes, truncation
from rnnlib.exercise import pairs
from rnnlib.tree import leaves

FUNCTIONS = [
    ("bptt-loops", routes.delta_recursion, "random_sweep"),
    ("bptt-loops", routes.backward_recursion, "random_call"),
    ("bptt-vectorised", rnn.delta_sweep, "random_sweep"),
    ("bptt-vectorised", rnn.backward, "random_call"),
    ("truncated-bptt", truncation.dropped_gradient, "random_call"),
    ("truncated-bptt", truncation.truncated_gradient, "random_call"),
]


@pytest.mark.parametrize(("slug", "ours", "draw"), FUNCTIONS)
def test_every_right_answer_agrees_with_rnnlib_on_every_two_options(slug, ours, draw):
    for _, given in right_answers(slug):
        for seed in range(2):
            rng, table = np.random.default_rng(seed), given["OPTIONS"][ours.__name__]
            for kinds in pairs(table, rng, *([given["fits"]] if "stride" in table else [])):
                arguments, options = given[draw](rng, 7, *rng.permutation([2, 3, 4, 5]), **kinds)
                paths, expected = zip(*leaves(ours(*arguments, **options)), strict=True)
                found = [leaf for _, leaf in leaves(given[ours.__name__](*arguments, **options))]
                gradcheck.compare(tuple(found), expected, TOLERANCE, paths)


@pytest.mark.parametrize("x", ["numbers", "tokens"])
@pytest.mark.parametrize("seed", range(3))
def test_padding_that_can_be_read_counts_for_what_comes_from_later_steps(x, seed):
    slug, rng = "bptt-vectorised", np.random.default_rng(seed)
    _, given = right_answers(slug)[0]
    sizes = {"T": 6, "B": 3, "D": 5, "H": 4, "K": 2}
    arguments, options = given["random_call"](rng, **sizes, x=x, weights="zero in places", ds_last="given")
    params, inputs, y, fwd = arguments
    numeric = given["witness"](params, inputs, fwd.states[0], y, differentiate=gradcheck.central_difference, **options)
    for backward in (given["backward"], rnn.backward):
        found = backward(*arguments, **options)
        gradcheck.compare(found, numeric)
        silent = np.all(options["weights"] == 0, axis=0)
        assert np.all(np.any(found.s_init[silent] != 0, axis=1)), "a sequence without an error of its own"
