"""The vectorised central difference against the one that moves an entry at a time, and against the exact gradient."""

from typing import NamedTuple

import numpy as np
import pytest
from cases import case, mask

from rnnlib.fast.nearby import nearby_errors
from rnnlib.gradcheck import central_difference, compare, complex_step, vectorised_central_difference
from rnnlib.params import Params
from rnnlib.rnn import forward, loss_and_gradient

SIZES = [{}, {"T": 1, "B": 2}, {"T": 13, "B": 2, "D": 3, "H": 6, "K": 5}, {"T": 3, "B": 1, "D": 1, "H": 2, "K": 4}]


class Point(NamedTuple):
    W: np.ndarray
    b: np.ndarray


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("masked", [False, True])
def test_it_agrees_with_the_exact_gradient_in_every_entry(sizes, func, reduction, masked):
    (params, x, s_init, y), rng = case(51, **sizes)
    options = {"weights": mask(rng, *y.shape) if masked else None, "func": func, "reduction": reduction}
    numeric = vectorised_central_difference(nearby_errors(x, s_init, y, **options), params)
    exact = complex_step(lambda at: forward(at, x, s_init, y, **options).E, params)
    compare(numeric, exact, 1e-8)


def test_each_nearby_error_is_the_error_of_a_moved_copy_however_far_it_is_moved():
    (params, x, s_init, y), rng = case(52, T=5)
    errors = nearby_errors(x, s_init, y)(params)
    for field, array in zip(Params._fields, params, strict=True):
        index = tuple(rng.integers(size, size=7) for size in array.shape)
        step = rng.uniform(-0.5, 0.5, 7)
        for n, E in enumerate(errors(field, index, step)):
            moved = array.copy()
            moved[tuple(axis[n] for axis in index)] += step[n]
            assert pytest.approx(E, rel=1e-13) == forward(params._replace(**{field: moved}), x, s_init, y).E


def test_it_is_the_loop_over_entries_to_the_noise_of_rounding():
    (params, x, s_init, y), _ = case(53)
    loop = central_difference(lambda at: forward(at, x, s_init, y).E, params)
    compare(vectorised_central_difference(nearby_errors(x, s_init, y), params), loop, 1e-9)


def test_tokens_soft_targets_and_many_to_one_agree_with_bptt():
    (params, _, s_init, y), rng = case(54, T=6, B=3, D=4)
    tokens = rng.integers(4, size=(6, 3))
    for target in (y, rng.random((6, 3, 2)), y[-1]):
        numeric = vectorised_central_difference(nearby_errors(tokens, s_init, target), params)
        compare(numeric, loss_and_gradient(params, tokens, s_init, target)[1].gradient, 1e-8)


def test_padding_is_never_looked_at_even_if_it_is_nan():
    (params, x, s_init, y), _ = case(55)
    weights, poisoned = np.ones(y.shape), x.copy()
    weights[4:, 1], poisoned[4:, 1] = 0, np.nan
    clean = vectorised_central_difference(nearby_errors(x, s_init, y, weights=weights), params)
    compare(vectorised_central_difference(nearby_errors(poisoned, s_init, y, weights=weights), params), clean, 1e-15)


def test_logits_of_a_thousand_do_not_overflow():
    (params, x, s_init, y), _ = case(56, K=3)
    params = params._replace(c=np.array([1000.0, 0.0, 999.0]))
    numeric = vectorised_central_difference(nearby_errors(x, s_init, y), params)
    # E is about 1e4 here, so that rounding alone moves a difference by 1e-7
    compare(numeric, loss_and_gradient(params, x, s_init, y)[1].gradient, 1e-5)


@pytest.mark.parametrize("at_once", [1, 7, 10_000])
def test_how_many_entries_go_into_a_call_changes_nothing(at_once):
    (params, x, s_init, y), _ = case(57)
    errors = nearby_errors(x, s_init, y)
    whole = vectorised_central_difference(errors, params)
    compare(vectorised_central_difference(errors, params, at_once=at_once), whole, 1e-9)


def test_a_gradient_with_one_wrong_entry_is_found_out():
    (params, x, s_init, y), _ = case(58)
    numeric = vectorised_central_difference(nearby_errors(x, s_init, y), params)
    gradient = loss_and_gradient(params, x, s_init, y)[1].gradient
    wrong = gradient.W.copy()
    wrong[2, 1] *= 1.001
    compare(gradient, numeric)
    with pytest.raises(AssertionError, match=r"dW\[2, 1\] is wrong"):
        compare(gradient._replace(W=wrong), numeric)


def test_any_function_of_that_contract_will_do():
    def f(point):
        """E = sum of the squares of b times 1, 2, 3, plus the sum of W; one moved entry changes one term."""
        E = (np.arange(1, 4) * point.b**2).sum() + point.W.sum()

        def errors(field, index, step):
            if field == "W":
                return E + step
            return E + (index[0] + 1) * ((point.b[index[0]] + step) ** 2 - point.b[index[0]] ** 2)

        return errors

    point = Point(np.ones((2, 5)), np.array([0.5, -1.0, 2.0]))
    compare(vectorised_central_difference(f, point), Point(np.ones((2, 5)), np.array([1.0, -4.0, 12.0])), 1e-9)


def test_what_is_not_finite_or_of_the_wrong_number_is_refused():
    (params, x, s_init, y), _ = case(59)
    with pytest.raises(ValueError, match="V of the point holds NaN or inf"):
        vectorised_central_difference(nearby_errors(x, s_init, y), params._replace(V=np.full((2, 4), np.nan)))
    with pytest.raises(ValueError, match=r"shape \(3,\) for U, expected 40 finite numbers"):
        vectorised_central_difference(lambda p: lambda *_: np.zeros(3), params)
    with pytest.raises(ValueError, match="expected 40 finite numbers"):
        vectorised_central_difference(lambda p: lambda field, index, step: step * np.nan, params)
    with pytest.raises(ValueError, match="reduction is 'max'"):
        nearby_errors(x, s_init, y, reduction="max")
    with pytest.raises(ValueError, match="func is 'relu'"):
        nearby_errors(x, s_init, y, func="relu")
