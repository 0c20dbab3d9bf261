"""A truncated gradient leaves out what lies beyond the window, and only that."""

import numpy as np
import pytest
from cases import case, mask

from rnnlib.gradcheck import compare, relative_error
from rnnlib.params import Params
from rnnlib.rnn import backward, forward
from rnnlib.truncation import dropped_gradient, sweeps, truncated_gradient


def full(params, x, s_init, y, **options):
    return backward(params, x, y, forward(params, x, s_init, y, **options), **options)


@pytest.mark.parametrize("stride", [1, 3, 7, None])
@pytest.mark.parametrize("window", [7, 20])
@pytest.mark.parametrize("options", [{}, {"func": "sigmoid", "reduction": "sum"}])
@pytest.mark.parametrize("masked", [False, True])
def test_truncation_longer_than_the_sequence_changes_nothing(stride, window, options, masked):
    arguments, rng = case(1, T=7)
    options = {**options, "weights": mask(rng, 7, 3) if masked else None}
    E, gradient, s_last = truncated_gradient(*arguments, window, stride, **options)
    whole, fwd = full(*arguments, **options), forward(*arguments, **options)
    compare(gradient.gradient, whole.gradient, tol=1e-12)
    compare(gradient.x, whole.x, tol=1e-12)
    compare(gradient.s_init, whole.s_init, tol=1e-12)
    assert fwd.E == E
    np.testing.assert_array_equal(s_last, fwd.s[-1])


def test_chunks_are_sequences_of_their_own_that_start_from_the_state_carried_over():
    (p, x, s_init, y), _ = case(2, T=9)
    _, gradient, _ = truncated_gradient(p, x, s_init, y, window=3)
    s, sums = s_init, [np.zeros_like(a) for a in p]
    for chunk in (slice(0, 3), slice(3, 6), slice(6, 9)):
        sums = [a + g for a, g in zip(sums, full(p, x[chunk], s, y[chunk]).gradient, strict=True)]
        s = forward(p, x[chunk], s, y[chunk]).s[-1]
    compare(gradient.gradient, Params(*sums), tol=1e-12)


@pytest.mark.parametrize("window", [1, 2, 4])
def test_stride_one_lets_every_error_through_exactly_window_steps(window):
    (p, x, s_init, y), _ = case(3, T=7)
    fwd = forward(p, x, s_init, y)
    dU, dW, db = (np.zeros_like(a) for a in (p.U, p.W, p.b))
    for n in range(3):
        for t in range(7):
            ds = p.V.T @ (fwd.yhat[t, n] - np.eye(2)[y[t, n]]) / 3
            for k in range(t, max(t - window, -1), -1):
                delta = ds * (1 - fwd.s[k, n] ** 2)
                dU += np.outer(delta, x[k, n])
                dW += np.outer(delta, fwd.s_prev[k, n])
                db += delta
                ds = p.W.T @ delta
    _, gradient, _ = truncated_gradient(p, x, s_init, y, window, stride=1)
    compare(gradient.gradient, full(p, x, s_init, y).gradient._replace(U=dU, W=dW, b=db), tol=1e-12)


def test_truncation_shorter_than_the_sequence_does_change_u_w_and_b_but_not_v_and_c():
    arguments, _ = case(4, T=7)
    whole = full(*arguments)
    _, gradient, _ = truncated_gradient(*arguments, window=3)
    for name in "UWb":
        assert relative_error(getattr(gradient.gradient, name), getattr(whole.gradient, name)) > 1e-3
    for name in "Vc":
        assert relative_error(getattr(gradient.gradient, name), getattr(whole.gradient, name)) < 1e-13


def test_truncation_takes_tokens_and_many_to_one_targets():
    (p, _, s_init, y), rng = case(5, T=7)
    tokens = rng.integers(5, size=(7, 3))
    _, ours, _ = truncated_gradient(p, tokens, s_init, y[-1], window=4, stride=2)
    _, dense, _ = truncated_gradient(p, np.eye(5)[tokens], s_init, y[-1], window=4, stride=2)
    assert ours.x is None
    compare(ours.gradient, dense.gradient, tol=1e-12)


@pytest.mark.parametrize(
    ("window", "stride", "message"),
    [
        (0, None, "window is 0, expected a whole number of at least 1"),
        (3, 0, "stride is 0, expected a whole number of at least 1"),
        (2, 3, "stride is 3, expected at most the window, 2"),
    ],
)
def test_windows_and_strides_that_make_no_sense_are_refused(window, stride, message):
    arguments, _ = case(6)
    with pytest.raises(ValueError, match=message):
        truncated_gradient(*arguments, window, stride)


def test_sweeps_carry_every_error_once_and_look_back_window_steps():
    for T, window, stride in ((7, 3, 3), (7, 4, 2), (5, 9, 1), (6, 1, 1), (8, 5, 3)):
        rows = sweeps(T, window, stride)
        assert [t for _, first, end in rows for t in range(first, end)] == list(range(T))
        assert all(begin == max(0, end - window) for begin, _, end in rows)
    assert sweeps(5, 3, 2).tolist() == [[0, 0, 2], [1, 2, 4], [2, 4, 5]]


@pytest.mark.parametrize("options", [{}, {"func": "sigmoid", "reduction": "sum"}])
def test_what_is_dropped_at_a_cut_is_the_difference_to_two_chunks(options):
    (p, x, s_init, y), _ = case(7, T=8)
    for cut in (1, 4, 7):
        early, late = slice(0, cut), slice(cut, 8)
        s = forward(p, x[early], s_init, y[early], **options).s[-1]
        chunks = full(p, x[early], s_init, y[early], **options), full(p, x[late], s, y[late], **options)
        whole = full(p, x, s_init, y, **options).gradient
        dropped = dropped_gradient(p, x, s_init, y, cut, **options)
        compare(
            Params(*(a + b + c for a, b, c in zip(dropped, *(g.gradient for g in chunks), strict=True))), whole, 1e-12
        )
        assert relative_error(dropped.V, 0 * dropped.V) == relative_error(dropped.c, 0 * dropped.c) == 0
    with pytest.raises(ValueError, match="cut is 8, expected 1 to 7"):
        dropped_gradient(p, x, s_init, y, 8)
