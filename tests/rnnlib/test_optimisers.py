"""Each optimiser against its formula, worked out for one number at a time in plain Python."""

import math
from typing import NamedTuple

import numpy as np
import pytest

from rnnlib.optimisers import adagrad, adagrad_state, adam, adam_state, sgd, sgd_state


class Pair(NamedTuple):
    A: np.ndarray
    a: np.ndarray


def draw(rng, dtype=np.float64):
    return Pair(rng.standard_normal((3, 2)).astype(dtype), rng.standard_normal(4).astype(dtype))


def one_number_sgd(p, gradients):
    velocity = 0.0
    for g in gradients:
        velocity = 0.7 * velocity - 0.05 * g
        p = p + velocity
    return p


def one_number_adagrad(p, gradients):
    past = []
    for g in gradients:
        past.append(g)
        p = p - 0.05 * g / math.sqrt(math.fsum(h * h for h in past) + 1e-8)
    return p


def one_number_adam(p, gradients):
    """The running means as explicit weighted sums over all gradients so far, not as a recursion."""
    for n in range(1, len(gradients) + 1):
        first = math.fsum(0.1 * 0.9 ** (n - 1 - i) * gradients[i] for i in range(n)) / (1 - 0.9**n)
        second = math.fsum(0.001 * 0.999 ** (n - 1 - i) * gradients[i] ** 2 for i in range(n)) / (1 - 0.999**n)
        p = p - 0.05 * first / (math.sqrt(second) + 1e-8)
    return p


CASES = [
    pytest.param(sgd, {"rate": 0.05, "momentum": 0.7}, sgd_state, one_number_sgd, id="sgd"),
    pytest.param(adagrad, {"rate": 0.05}, adagrad_state, one_number_adagrad, id="adagrad"),
    pytest.param(adam, {"rate": 0.05}, adam_state, one_number_adam, id="adam"),
]


@pytest.mark.parametrize(("update", "options", "state_of", "by_hand"), CASES)
def test_seven_updates_agree_with_the_formula_worked_out_number_by_number(update, options, state_of, by_hand):
    rng = np.random.default_rng(5)
    params, gradients = draw(rng), [draw(rng) for _ in range(7)]
    new, state = params, state_of(params)
    for gradient in gradients:
        new, state = update(new, gradient, state, **options)
    for field in Pair._fields:
        start = getattr(params, field)
        for index in np.ndindex(start.shape):
            expected = by_hand(start[index], [float(getattr(g, field)[index]) for g in gradients])
            assert getattr(new, field)[index] == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(("update", "options", "state_of", "by_hand"), CASES)
def test_an_update_changes_none_of_its_arguments(update, options, state_of, by_hand):
    rng = np.random.default_rng(6)
    params, gradient = draw(rng), draw(rng)
    state = state_of(params)
    for array in (*params, *gradient, *(leaf for tree in state if isinstance(tree, tuple) for leaf in tree)):
        array.flags.writeable = False
    once, _ = update(params, gradient, state, **options)
    twice, _ = update(params, gradient, state, **options)
    assert all(np.array_equal(a, b) for a, b in zip(once, twice, strict=True))
    assert not np.array_equal(once.A, params.A)


@pytest.mark.parametrize(("update", "options", "state_of", "by_hand"), CASES)
def test_float32_parameters_stay_float32(update, options, state_of, by_hand):
    rng = np.random.default_rng(7)
    params = draw(rng, np.float32)
    state = state_of(params)
    for _ in range(3):
        params, state = update(params, draw(rng, np.float32), state, **options)
    arrays = [*params, *(leaf for tree in state if isinstance(tree, tuple) for leaf in tree)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("update", "options", "state_of", "by_hand"), CASES)
def test_a_bowl_is_descended_to_its_bottom(update, options, state_of, by_hand):
    bottom = draw(np.random.default_rng(8))
    params = Pair(np.zeros((3, 2)), np.zeros(4))
    state = state_of(params)
    rate = 0.5 if update is adagrad else 0.05  # Adagrad's steps shrink with every step taken
    for _ in range(1000):
        gradient = Pair(params.A - bottom.A, params.a - bottom.a)
        params, state = update(params, gradient, state, **options | {"rate": rate})
    assert max(np.abs(params.A - bottom.A).max(), np.abs(params.a - bottom.a).max()) < 1e-3


@pytest.mark.parametrize(("update", "options", "state_of", "by_hand"), CASES)
def test_a_gradient_that_would_broadcast_is_refused(update, options, state_of, by_hand):
    params = draw(np.random.default_rng(9))
    transposed = Pair(params.A[:1], params.a)
    with pytest.raises(ValueError, match=r"gradient of A has shape \(1, 2\), expected \(3, 2\)"):
        update(params, transposed, state_of(params), **options)
    with pytest.raises(ValueError, match="state of a has shape"):
        update(params, params, state_of(Pair(params.A, params.a[:1])), **options)
    with pytest.raises(ValueError, match="gradient holds 1 arrays, expected 2"):
        update(params, (params.A,), state_of(params), **options)


def test_both_running_means_of_adam_must_have_the_shapes_of_the_parameters():
    params = draw(np.random.default_rng(9))
    state = adam_state(params)
    with pytest.raises(ValueError, match=r"state of A has shape \(1, 2\), expected \(3, 2\)"):
        adam(params, params, state._replace(square=Pair(params.A[:1], params.a)), rate=0.05)
