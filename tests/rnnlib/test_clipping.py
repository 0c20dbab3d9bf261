"""Clipping shortens a gradient that is too long, and nothing else."""

import numpy as np
import pytest
from cases import case

from rnnlib.clipping import clip_by_global_norm, clip_by_value, global_norm


def gradient(dtype=np.float64):
    return case(1, dtype=dtype)[0][0]


def test_the_global_norm_is_that_of_all_entries_in_one_vector():
    flat = np.concatenate([g.ravel() for g in gradient()])
    assert global_norm(gradient()) == pytest.approx(np.linalg.norm(flat), rel=1e-14)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_global_norm_neither_overflows_nor_vanishes_in_float32(size):
    g = gradient(np.float32)
    scaled = type(g)(*(a * np.float32(size) for a in g))
    assert global_norm(scaled) == pytest.approx(size * global_norm(g), rel=1e-6)


@pytest.mark.parametrize("field", ["U", "W", "V", "b", "c"])
@pytest.mark.parametrize("size", [0, 1])
def test_a_single_entry_that_is_no_number_decides_about_the_norm_in_whichever_array_it_is(field, size):
    broken = type(gradient())(*(size * g for g in gradient()))
    getattr(broken, field).flat[-1] = -np.inf
    assert global_norm(broken) == np.inf
    broken.b[0] = np.nan
    assert np.isnan(global_norm(broken))


def test_clipping_by_norm_keeps_the_direction_and_reports_the_norm_before():
    g = gradient()
    clipped, norm = clip_by_global_norm(g, 0.5)
    assert norm == global_norm(g) > 0.5
    assert global_norm(clipped) == pytest.approx(0.5, rel=1e-14)
    for a, b in zip(clipped, g, strict=True):
        np.testing.assert_allclose(a, b * (0.5 / norm), rtol=1e-13)


def test_clipping_changes_nothing_within_the_limit():
    g = gradient()
    for clipped in (clip_by_global_norm(g, 100.0)[0], clip_by_value(g, 100.0)):
        for a, b in zip(clipped, g, strict=True):
            np.testing.assert_array_equal(a, b)
            assert not np.shares_memory(a, b)


def test_clipping_by_value_moves_only_what_sticks_out():
    g = gradient()
    for a, b in zip(clip_by_value(g, 0.3), g, strict=True):
        inside = np.abs(b) <= 0.3
        np.testing.assert_array_equal(a[inside], b[inside])
        np.testing.assert_array_equal(a[~inside], 0.3 * np.sign(b[~inside]))


def test_clipping_keeps_float32():
    g = gradient(np.float32)
    assert {a.dtype for a in (*clip_by_global_norm(g, 0.5)[0], *clip_by_value(g, 0.3))} == {np.dtype(np.float32)}


def test_a_zero_gradient_stays_zero():
    zero = type(gradient())(*(0 * g for g in gradient()))
    clipped, norm = clip_by_global_norm(zero, 1.0)
    assert norm == 0
    assert not any(g.any() for g in clipped)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("size", [0, 1])
def test_a_gradient_that_is_not_finite_cannot_be_clipped_by_norm(bad, size):
    rest = type(gradient())(*(size * g for g in gradient()))
    with pytest.raises(ValueError, match=f"the gradient has norm {bad}, expected a finite one"):
        clip_by_global_norm(rest._replace(b=np.array([size, bad])), 1.0)


def test_nan_cannot_be_clipped_by_value():
    with pytest.raises(ValueError, match="the gradient holds NaN"):
        clip_by_value(gradient()._replace(b=np.array([1.0, np.nan])), 1.0)


@pytest.mark.parametrize("limit", [0, -1.0, np.nan])
def test_limits_are_positive(limit):
    with pytest.raises(ValueError, match="max_norm is"):
        clip_by_global_norm(gradient(), limit)
    with pytest.raises(ValueError, match="limit is"):
        clip_by_value(gradient(), limit)
