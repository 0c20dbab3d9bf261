"""By what wrong numbers are recognised: the same however they were rounded, and others for other numbers."""

import numpy as np
import pytest

from rnnlib import fingerprints
from rnnlib.claims import Field
from rnnlib.fingerprints import UNITS, Wrong

NUMBERS = np.array([[0.3, -1.7], [2.9, 1e-17]])


def wrong(found, expected=0.0, name="dW"):
    return [Wrong("gradient", 0, (Field(name, "is wrong", found, expected),))]


def printed(found, check="check_gradient", slug="two-step", unit=UNITS[0], **field):
    return fingerprints.fingerprint(slug, check, wrong(found, **field), unit)


def test_another_last_digit_gives_the_same_fingerprint_in_each_unit_that_is_safe():
    for unit in UNITS:
        assert fingerprints.is_safe(wrong(NUMBERS), unit)
        for direction in (np.inf, -np.inf):
            assert printed(np.nextafter(NUMBERS, direction), unit=unit) == printed(NUMBERS, unit=unit)


def test_a_number_on_a_boundary_is_not_safe_and_in_another_unit_it_is():
    on_it = np.array([1.0, 0.2500005])
    assert not fingerprints.is_safe(wrong(on_it), UNITS[0])
    assert any(fingerprints.is_safe(wrong(on_it), unit) for unit in UNITS)
    assert printed(on_it + 1e-9) != printed(on_it - 1e-9)


def test_a_largest_entry_halfway_between_two_powers_of_ten_is_safe_in_no_unit():
    assert not any(fingerprints.is_safe(wrong(np.array([np.sqrt(10.0), 1.0])), unit) for unit in UNITS)


@pytest.mark.parametrize(
    "other",
    [
        NUMBERS + 1e-5,
        NUMBERS * 10,
        -NUMBERS,
        NUMBERS.T,
        NUMBERS[None],
        NUMBERS.tolist(),
        (NUMBERS,),
        {"a": NUMBERS},
        np.where(NUMBERS < 0, np.nan, NUMBERS),
        np.zeros((2, 2)),
    ],
)
def test_other_numbers_and_other_containers_have_another_fingerprint(other):
    assert printed(other) != printed(NUMBERS)


def test_the_same_numbers_elsewhere_have_another_fingerprint():
    places = [{}, {"slug": "cell"}, {"check": "check_step"}, {"name": "dU"}, {"unit": UNITS[1]}]
    assert len({printed(NUMBERS, **place) for place in places}) == len(places)


def test_a_number_is_the_same_as_an_array_of_it_and_minus_zero_the_same_as_zero():
    assert printed(1.5) == printed(np.float64(1.5)) == printed(np.array(1.5))
    assert printed(np.array([-0.0, 1.0])) == printed(np.array([0.0, 1.0]))


@pytest.mark.parametrize("size", [1e-9, 1e12, 1e300])
def test_numbers_of_any_size_are_rounded_by_the_largest_of_them(size):
    assert printed(size * NUMBERS) == printed(size * NUMBERS * (1 + 1e-15))
    assert printed(size * NUMBERS) != printed(size * NUMBERS * (1 + 1e-4))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (NUMBERS.astype(np.float32), 0.0),
        (np.where(NUMBERS < 1, np.nan, NUMBERS), 0.0),
        (NUMBERS + 1e-6, NUMBERS),
        (1e-17 * NUMBERS, NUMBERS),
        ([1.0, 2.0], (1.0, 2.0)),
        (None, 0.0),
        ("text", 0.0),
    ],
)
def test_nan_single_precision_no_numbers_and_right_numbers_in_another_container_tell_nothing(found, expected):
    assert not fingerprints.tells(wrong(found, expected))


def test_an_exercise_without_known_mistakes_recognises_nothing():
    table = fingerprints.table("no-such-exercise")
    assert table.mistakes == ()
    assert table.find("check_gradient", wrong(NUMBERS)) == set()
