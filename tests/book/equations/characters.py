"""The equations of the chapter "A character model", each on fresh numbers."""

from typing import NamedTuple

import numpy as np
from pytest import approx

from rnnlib import optimisers, rnn, sampling
from rnnlib.losses import softmax
from rnnlib.params import init_params

rng = np.random.default_rng(55)
K, H, T = 5, 4, 7
P = init_params(rng, K, H, K)
TOKENS = rng.integers(K, size=T + 1)
FWD = rnn.forward(P, TOKENS[:-1, None], rng.normal(size=(1, H)), TOKENS[1:, None])


class One(NamedTuple):
    theta: np.ndarray


def updates(update, state, n=4):
    """(theta, g, new theta) of some updates with random gradients."""
    params, found = One(rng.normal(size=3)), []
    for _ in range(n):
        gradient = One(rng.normal(size=3))
        new, state = update(params, gradient, state)
        found.append((params.theta, gradient.theta, new.theta))
        params = new
    return found


def check_text_probability():
    probability = np.prod([FWD.yhat[t, 0, TOKENS[t + 1]] for t in range(T)])
    assert FWD.E == approx(-np.log(probability))


def check_bits_per_character():
    assert FWD.E / (T * np.log(2)) == approx(np.mean([-np.log2(FWD.yhat[t, 0, TOKENS[t + 1]]) for t in range(T)]))


def check_sgd():
    mu, eta, v = 0.7, 0.1, 0
    for theta, g, new in updates(
        lambda *a: optimisers.sgd(*a, rate=eta, momentum=mu), optimisers.sgd_state(One(np.zeros(3)))
    ):
        v = mu * v - eta * g
        assert new == approx(theta + v)


def check_adagrad():
    eta, n = 0.1, 0
    for theta, g, new in updates(
        lambda *a: optimisers.adagrad(*a, rate=eta), optimisers.adagrad_state(One(np.zeros(3)))
    ):
        n = n + g**2
        assert new == approx(theta - eta * g / np.sqrt(n + 1e-8))


def check_adam():
    eta, beta1, beta2, m, v = 0.1, 0.8, 0.95, 0, 0
    adam = lambda *a: optimisers.adam(*a, rate=eta, beta1=beta1, beta2=beta2)  # noqa: E731
    for n, (theta, g, new) in enumerate(updates(adam, optimisers.adam_state(One(np.zeros(3)))), start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        step = m / (1 - beta1**n) / (np.sqrt(v / (1 - beta2**n)) + 1e-8)
        assert new == approx(theta - eta * step)


def check_temperature():
    p = softmax(rng.normal(size=K))
    for tau in (0.3, 1.0, 2.5):
        assert softmax(np.log(p) / tau) == approx(p ** (1 / tau) / np.sum(p ** (1 / tau)))
        assert sampling.tempered(p, tau) == approx(p ** (1 / tau) / np.sum(p ** (1 / tau)))
