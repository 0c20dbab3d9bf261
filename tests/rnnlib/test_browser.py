"""Integers drawn in a browser are those of every other machine, as wide as numpy's own indices."""

import numpy as np
import pytest

from rnnlib import browser


@pytest.fixture
def narrow(monkeypatch):
    """numpy as a machine of 32 bits has it."""
    monkeypatch.setattr(np.random, "default_rng", np.random.default_rng)  # put back after the test
    monkeypatch.setattr(np, "intp", np.int32)
    browser.draw_indices()


DRAWS = {
    "an array": lambda rng: rng.integers(5, size=(3, 2)),
    "one": lambda rng: rng.integers(-3, 4),
    "with its end": lambda rng: rng.integers(0, 3, size=4, endpoint=True),
    "a choice": lambda rng: rng.choice(7, 3),
    "each once": lambda rng: rng.choice(7, 3, replace=False),
    "none": lambda rng: rng.integers(5, size=0),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_numbers_stay_and_are_as_wide_as_an_index(draw, narrow):
    mine, plain = np.random.default_rng(4), np.random.Generator(np.random.PCG64(4))
    drawn, usual = draw(mine), draw(plain)
    assert drawn.dtype == np.int32
    assert np.array_equal(drawn, usual)
    assert mine.random() == plain.random()


def test_what_does_not_fit_or_is_asked_for_stays_wide(narrow):
    rng = np.random.default_rng([1, 2])
    assert rng.integers(2**40, 2**41, size=2).dtype == np.int64
    assert rng.integers(5, size=2, dtype=np.int64).dtype == np.int64
    assert rng.integers(5, size=2, dtype=np.uint8).dtype == np.uint8
    assert rng.choice(np.array([1.5, 2.5]), 2).dtype == float
    assert rng.choice(["a"]) == "a"


def test_a_generator_is_one_of_numpys_and_is_handed_on(narrow):
    rng = np.random.default_rng()
    assert isinstance(rng, np.random.Generator)
    other = np.random.default_rng(rng)
    assert other.bit_generator is rng.bit_generator
