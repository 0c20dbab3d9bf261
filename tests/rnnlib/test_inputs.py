"""Products over all steps at once are sums over the steps, one at a time."""

import numpy as np
import pytest

from rnnlib.inputs import input_gradient, outer_sum, project, rows

T, B, D, H = 5, 3, 4, 2


@pytest.fixture
def drawn():
    """U, b, delta and numeric inputs x."""
    rng = np.random.default_rng(51)
    return [rng.standard_normal(shape) for shape in ((H, D), (H,), (T, B, H), (T, B, D))]


@pytest.fixture
def tokens():
    """Tokens of which one occurs often, two in one step, and one never."""
    x = np.random.default_rng(52).integers(1, D, size=(T, B))
    x[2:] = 3
    return x


def test_a_projection_is_u_x_plus_b_of_every_step(drawn):
    U, b, _, x = drawn
    z = project(U, b, x)
    assert z.shape == (T, B, H)
    for t in range(T):
        for n in range(B):
            assert z[t, n] == pytest.approx(U @ x[t, n] + b, rel=1e-13)


def test_a_token_projects_as_its_one_hot_row(drawn, tokens):
    U, b, _, _ = drawn
    assert project(U, b, tokens) == pytest.approx(project(U, b, np.eye(D)[tokens]), rel=1e-13)


def test_a_sum_of_outer_products_is_the_loop_over_them(drawn):
    _, _, delta, x = drawn
    total = sum(np.outer(delta[t, n], x[t, n]) for t in range(T) for n in range(B))
    assert outer_sum(delta, x) == pytest.approx(total, rel=1e-13)
    assert input_gradient(delta, x, D) == pytest.approx(total, rel=1e-13)


def test_every_place_of_a_token_adds_to_its_column_and_a_token_that_never_comes_has_none(drawn, tokens):
    delta = drawn[2]
    dU = input_gradient(delta, tokens, D)
    assert dU.shape == (H, D)
    for token in range(D):
        assert dU[:, token] == pytest.approx(delta[tokens == token].sum(axis=0), rel=1e-13, abs=1e-15)
    assert not dU[:, 0].any()


def test_a_gradient_keeps_the_dtype_of_its_delta(drawn, tokens):
    assert input_gradient(drawn[2].astype(np.float32), tokens, D).dtype == np.float32


def test_rows_stand_in_the_order_of_time_then_batch(drawn):
    x = drawn[3]
    assert np.array_equal(rows(x)[2 * B + 1], x[2, 1])
