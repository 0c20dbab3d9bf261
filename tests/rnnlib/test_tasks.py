"""Every task asks for what its name says, and cannot be answered without memory."""

import numpy as np
import pytest

from rnnlib.tasks import adding, delayed_recall, echo, parity

T, B = 9, 5
TASKS = [echo, parity, adding, delayed_recall]


def test_echo_repeats_each_token_after_the_delay_and_asks_for_nothing_before():
    x, y, weights, _ = echo(np.random.default_rng(1), T, B, delay=3, K=6)
    for t in range(T):
        assert np.all(weights[t] == (t >= 3))
        if t >= 3:
            assert np.array_equal(y[t], x[t - 3])


def test_echo_without_delay_is_a_copy():
    x, y, weights, _ = echo(np.random.default_rng(1), T, B, delay=0)
    assert np.array_equal(x, y)
    assert np.all(weights == 1)


def test_parity_counts_the_ones_up_to_and_with_each_step():
    x, y, _, _ = parity(np.random.default_rng(2), T, B)
    for b in range(B):
        assert [int(v) for v in y[:, b]] == [sum(map(int, x[: t + 1, b])) % 2 for t in range(T)]


@pytest.mark.parametrize("steps", [2, 3, T])
def test_adding_marks_one_digit_in_each_half_and_asks_for_their_sum_at_the_end(steps):
    x, y, weights, _ = adding(np.random.default_rng(3), steps, 40, digits=7)
    marks = x[:, :, 1] == 1
    assert np.all(marks[: steps // 2].sum(axis=0) == 1)
    assert np.all(marks[steps // 2 :].sum(axis=0) == 1)
    assert np.all(marks | (x[:, :, 1] == 0))
    for b in range(40):
        assert y[-1, b] == sum(round(digit * 7) for digit in x[marks[:, b], b, 0])
    assert weights.sum() == weights[-1].sum() == 40
    assert y.max() <= 2 * 7 - 2


def test_delayed_recall_asks_at_the_end_for_the_first_token_which_the_noise_never_repeats():
    x, y, weights, _ = delayed_recall(np.random.default_rng(4), T, B, K=3)
    assert np.array_equal(y[-1], x[0])
    assert x[0].max() < 3
    assert x[1:].min() >= 3
    assert x.max() < 6
    assert weights.sum() == weights[-1].sum() == B


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_draws_the_same_batch_and_the_next_draw_another(task):
    first, again = task(np.random.default_rng(7), T, B), task(np.random.default_rng(7), T, B)
    rng = np.random.default_rng(7)
    task(rng, T, B)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.x, task(rng, T, B).x)


@pytest.mark.parametrize("task", TASKS)
def test_every_answer_occurs(task):
    batch = task(np.random.default_rng(8), T, 400)
    answers = batch.y[batch.weights > 0]
    assert np.array_equal(np.unique(answers), np.arange(answers.max() + 1))
    assert answers.max() == {echo: 3, parity: 1, adding: 8, delayed_recall: 3}[task]


@pytest.mark.parametrize("task", TASKS)
def test_an_empty_sequence_or_batch_is_refused(task):
    with pytest.raises(ValueError, match="T is 0, expected at least 1"):
        task(np.random.default_rng(0), 0, B)
    with pytest.raises(ValueError, match="B is 0, expected at least 1"):
        task(np.random.default_rng(0), T, 0)


def test_a_delay_as_long_as_the_sequence_is_refused():
    with pytest.raises(ValueError, match="delay is 9, expected 0 <= delay < T = 9"):
        echo(np.random.default_rng(0), T, B, delay=9)


def test_adding_needs_two_steps():
    with pytest.raises(ValueError, match="T is 1, expected at least 2"):
        adding(np.random.default_rng(0), 1, B)
