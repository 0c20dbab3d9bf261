"""The models that a chapter compares learn from the same batches, and they do learn."""

import numpy as np
import pytest

from book.experiments.recall import recall_runs
from rnnlib import lstm, rnn
from rnnlib.params import init_params


def test_every_model_learns_from_the_same_batches():
    runs = recall_runs({"one": (rnn, init_params, ()), "other": (rnn, init_params, ())}, T=5, updates=6)
    assert len(runs["one"]) == 6
    assert runs["one"] == pytest.approx(runs["other"], abs=0)


def test_training_begins_at_a_guess_and_ends_below_it():
    E = recall_runs({"LSTM": (lstm, lstm.init_params, (2,))}, T=3, updates=150)["LSTM"]
    assert E[0] == pytest.approx(np.log(4), rel=0.15)
    assert E[-10:].mean() < 0.5 * np.log(4)
