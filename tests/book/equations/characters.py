"""The equations of the chapter "A character model", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import rnn, sampling
from rnnlib.losses import softmax
from rnnlib.params import init_params

rng = np.random.default_rng(55)
K, H, T = 5, 4, 7
P = init_params(rng, K, H, K)
TOKENS = rng.integers(K, size=T + 1)
FWD = rnn.forward(P, TOKENS[:-1, None], rng.normal(size=(1, H)), TOKENS[1:, None])


def check_text_probability():
    probability = np.prod([FWD.yhat[t, 0, TOKENS[t + 1]] for t in range(T)])
    assert FWD.E == approx(-np.log(probability))


def check_bits_per_character():
    assert FWD.E / (T * np.log(2)) == approx(np.mean([-np.log2(FWD.yhat[t, 0, TOKENS[t + 1]]) for t in range(T)]))


def check_temperature():
    p = softmax(rng.normal(size=K))
    for tau in (0.3, 1.0, 2.5):
        assert softmax(np.log(p) / tau) == approx(p ** (1 / tau) / np.sum(p ** (1 / tau)))
        assert sampling.tempered(p, tau) == approx(p ** (1 / tau) / np.sum(p ** (1 / tau)))
