"""The models that a chapter compares learn from the same batches, and they do learn."""

import numpy as np
import pytest

from book.experiments.recall import first_step_shares, gradient_norms, recall_runs
from rnnlib import gradcheck, lstm, rnn, tasks
from rnnlib.params import init_params


def test_every_model_learns_from_the_same_batches():
    runs = recall_runs({"one": (rnn, init_params, ()), "other": (rnn, init_params, ())}, T=5, updates=6)
    assert len(runs["one"]) == 6
    assert runs["one"] == pytest.approx(runs["other"], abs=0)


def test_training_begins_at_a_guess_and_ends_below_it():
    E = recall_runs({"LSTM": (lstm, lstm.init_params, (2,))}, T=3, updates=150)["LSTM"]
    assert E[0] == pytest.approx(np.log(4), rel=0.15)
    assert E[-10:].mean() < 0.5 * np.log(4)


def test_a_run_that_has_learnt_enough_stops_and_another_one_goes_on():
    models = {"LSTM": (lstm, lstm.init_params, (2,))}
    whole = recall_runs(models, T=2, updates=200)["LSTM"]
    stopped = recall_runs(models, T=2, updates=200, enough=0.4)["LSTM"]
    assert len(whole) == 200 > len(stopped)
    assert stopped[-20:].mean() < 0.4 <= stopped[-40:-20].mean()
    assert stopped == pytest.approx(whole[: len(stopped)], abs=0)


def test_a_gradient_norm_is_that_of_the_error_as_a_function_of_the_memory():
    rng = np.random.default_rng(3)
    params, batch = lstm.init_params(rng, 8, 3, 4), tasks.delayed_recall(rng, 6, 2)
    states = lstm.forward(params, batch.x, np.zeros((2, 2, 3))).states
    for t, norm in zip([1, 4, 5], gradient_norms(lstm, params, batch, states[0], [1, 4, 5]), strict=True):

        def error(m, t=t):
            s_init = np.stack([states[t, 0], m])
            return lstm.forward(params, batch.x[t:], s_init, batch.y[t:], weights=batch.weights[t:]).E

        assert norm == pytest.approx(np.linalg.norm(gradcheck.complex_step(error, states[t, 1])), rel=1e-10)


def test_less_reaches_the_first_step_of_a_longer_sequence():
    models = {"simple": (rnn, lambda *sizes: init_params(*sizes, scale=0.5), ())}
    shares = [first_step_shares(models, T)["simple"] for T in (3, 10, 20)]
    assert shares[0] > 100 * shares[1] > 10_000 * shares[2]
