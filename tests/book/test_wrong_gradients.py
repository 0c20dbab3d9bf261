"""The deliberately wrong code is wrong where the book says so, and hides where the book says so."""

import numpy as np
import pytest
from cases import case

from book.experiments import wrong_gradients
from rnnlib import gradcheck
from rnnlib.rnn import loss_and_gradient

GOOD = case(7, T=6, B=3, D=5, H=4, K=2)[0]


def test_without_a_mistake_the_gradient_is_right():
    assert wrong_gradients.worst_error(*GOOD, None) < 1e-12


@pytest.mark.parametrize("mistake", wrong_gradients.NAMES + wrong_gradients.MORE_NAMES)
def test_a_good_case_shows_every_mistake(mistake):
    assert wrong_gradients.worst_error(*GOOD, mistake) > 1e-3


@pytest.mark.parametrize(
    ("mistake", "sizes"),
    [
        ("no message at all", {"T": 1}),
        ("W for its transpose", {"T": 1}),
        ("loop over D", {"T": 4, "D": 4}),
        ("four steps only", {"T": 4, "D": 4}),
        ("db of one step", {"T": 1}),
        ("sum for mean", {"B": 1}),
    ],
)
def test_a_poor_case_hides_a_mistake(mistake, sizes):
    assert wrong_gradients.worst_error(*case(8, **sizes)[0], mistake) < 1e-12


def test_a_zero_state_hides_that_it_was_left_out():
    params, x, s_init, y = GOOD
    assert wrong_gradients.worst_error(params, x, np.zeros_like(s_init), y, "s_init left out of dW") < 1e-12


@pytest.mark.parametrize(
    "mistake", [None, "W for its transpose", "no slope in the hop", "no message at all", "dW transposed"]
)
def test_a_seam_hides_what_every_step_does_alike(mistake):
    assert wrong_gradients.seam_error(*GOOD, mistake) < 1e-12


def test_a_seam_shows_a_first_state_left_out():
    assert wrong_gradients.seam_error(*GOOD, "s_init left out of dW") > 1e-3


def test_a_step_with_a_wrong_gradient_lowers_the_error_unless_its_sign_is_wrong():
    names = [None, *wrong_gradients.NAMES, *wrong_gradients.MORE_NAMES]
    assert [name for name in names if not wrong_gradients.step_lowers_error(*GOOD, name)] == ["wrong sign"]


def test_an_unknown_mistake_is_refused():
    with pytest.raises(ValueError, match="mistake is 'typo'"):
        wrong_gradients.flawed_gradient(*GOOD, mistake="typo")


def test_the_wrong_gradient_takes_the_place_of_the_right_one_in_training():
    E, gradient, s_last = wrong_gradients.flawed_gradient(*GOOD)
    right = loss_and_gradient(*GOOD)
    assert pytest.approx(right[0]) == E
    assert s_last == pytest.approx(right[2])
    gradcheck.compare(gradient.s_init, right[1].s_init)


def test_a_verdict_is_a_word_or_a_percentage():
    assert wrong_gradients.verdict(*GOOD, None, 1e-6) == "passes"
    assert wrong_gradients.verdict(*GOOD, "no message at all", 1e-6).endswith(" %")
    assert wrong_gradients.verdict(*case(8, T=2, D=5)[0], "loop over D", 1e-6) == "crashes"


def test_the_careless_check_accepts_nan_and_the_real_one_does_not():
    nan, right = np.full((2, 3), np.nan), np.ones((2, 3))
    assert wrong_gradients.careless_check(nan, right, 1e-7)
    with pytest.raises(AssertionError, match="finite"):
        gradcheck.compare(nan, right)


def test_the_backward_in_place_destroys_its_argument():
    ds, s = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    kept = ds.copy()
    assert wrong_gradients.tanh_backward_in_place(ds, s) == pytest.approx(kept * 0.75)
    assert ds == pytest.approx(kept * 0.75)


def test_a_shift_by_the_batch_gives_nan_far_below_it():
    with np.errstate(invalid="ignore"):
        o = wrong_gradients.softmax_of_the_batch(np.array([[0.0, 1.0], [1000.0, 1001.0]]))
    assert np.isnan(o[0]).all()
    assert np.isfinite(o[1]).all()
