"""What the page "For users of torch and JAX" reads was returned by the code that it shows, and agrees with rnnlib."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from rnnlib import gradcheck, lstm, rnn, truncation
from rnnlib.params import Params

COURSE = Path(__file__).parents[2]
FROZEN = json.loads((COURSE / "book" / "frameworks.json").read_text(encoding="utf-8"))


def arrays(gradient):
    return Params(*(np.array(gradient[name]) for name in Params._fields))


def network(case):
    return arrays(case["params"]), *(np.array(case[name]) for name in ("x", "s_init", "y"))


def test_the_results_are_those_of_the_code_as_it_is():
    code = ["book/experiments/frameworks.py", "benchmarks/frameworks.py"]
    found = hashlib.sha256(b"".join((COURSE / path).read_bytes() for path in code)).hexdigest()
    assert found == FROZEN["checksum"], "run `python -m benchmarks.frameworks` in the environment of the benchmarks"


@pytest.mark.parametrize("kind", ["torch", "torch.nn.RNN", "jax"])
def test_the_gradient_is_that_of_rnnlib(kind):
    params, x, s_init, y = network(FROZEN["case"])
    assert len({*params.U.shape, *params.V.shape, *x.shape}) == 5  # all sizes differ
    gradcheck.compare(rnn.loss_and_gradient(params, x, s_init, y)[1].gradient, arrays(FROZEN[kind]), tol=1e-12)


@pytest.mark.parametrize("kind", ["torch", "jax"])
def test_the_gradient_of_detached_chunks_is_the_truncated_one(kind):
    cut = truncation.truncated_gradient(*network(FROZEN["case"]), window=3)[1].gradient
    gradcheck.compare(cut, arrays(FROZEN[f"{kind} chunks"]), tol=1e-12)


def test_the_gradient_of_torchs_lstm_is_that_of_rnnlib_once_its_rows_are_in_order():
    gradient = lstm.loss_and_gradient(*network(FROZEN["lstm"]["case"]))[1].gradient
    gradcheck.compare(gradient, arrays(FROZEN["lstm"]["gradient"]), tol=1e-12)
