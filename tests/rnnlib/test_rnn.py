"""What must hold for a pass over a sequence, forward and back. Shapes all differ, and the first state is not 0."""

import numpy as np
import pytest
from cases import OPTIONS, both, case, close, mask

from rnnlib.fast.inputs import input_gradient as fast_input_gradient
from rnnlib.gradcheck import compare, complex_step, relative_error
from rnnlib.inputs import input_gradient
from rnnlib.losses import softmax
from rnnlib.rnn import backward, forward, loss_and_gradient


@pytest.mark.parametrize("options", OPTIONS)
def test_forward_is_the_formula_written_as_loops(options):
    (p, x, s_init, y), _ = case(1)
    fwd = forward(p, x, s_init, y, **options)
    f = np.tanh if options["func"] == "tanh" else lambda z: 1 / (1 + np.exp(-z))
    E = 0.0
    for n in range(x.shape[1]):
        s = s_init[n]
        for t in range(len(x)):
            np.testing.assert_array_equal(fwd.s_prev[t, n], fwd.states[t, n])
            s = f(p.U @ x[t, n] + p.W @ s + p.b)
            yhat = np.exp(p.V @ s + p.c) / np.exp(p.V @ s + p.c).sum()
            E -= np.log(yhat[y[t, n]])
            np.testing.assert_allclose(fwd.s[t, n], s, rtol=1e-12)
            np.testing.assert_allclose(fwd.yhat[t, n], yhat, rtol=1e-12)
    assert fwd.E == pytest.approx(E / (x.shape[1] if options["reduction"] == "mean" else 1), rel=1e-12)


def test_s_and_s_prev_are_views_of_one_buffer():
    (p, x, s_init, y), _ = case(2)
    fwd = forward(p, x, s_init, y)
    assert fwd.states.shape == (7, 3, 4)
    assert np.shares_memory(fwd.s, fwd.states)
    assert np.shares_memory(fwd.s_prev, fwd.states)
    np.testing.assert_array_equal(fwd.states[0], s_init)


def test_without_targets_there_are_predictions_and_no_error():
    (p, x, s_init, y), _ = case(3)
    fwd = forward(p, x, s_init)
    assert fwd.E is None
    np.testing.assert_array_equal(fwd.yhat, forward(p, x, s_init, y).yhat)
    np.testing.assert_allclose(fwd.yhat, softmax(fwd.s @ p.V.T + p.c), rtol=1e-13)


@pytest.mark.parametrize("T", [1, 7])
@pytest.mark.parametrize("options", OPTIONS)
def test_gradients_of_inputs_and_first_state_are_complex_steps(T, options):
    (p, x, s_init, y), rng = case(4, T=T)
    options = {**options, "weights": mask(rng, T, 3)}
    last = np.flatnonzero(options["weights"].any(axis=1)).max() + 1
    gradient = both(p, x, s_init, y, **options)
    compare(gradient.x, complex_step(lambda at: forward(p, at, s_init, y, **options).E + 0j, x), tol=1e-12)
    compare(gradient.s_init, complex_step(lambda at: forward(p, x, at, y, **options).E, s_init), tol=1e-12)
    assert not gradient.x[last:].any()


def test_tokens_are_rows_of_one_hot_inputs_and_repeated_tokens_add_up():
    (p, _, s_init, y), rng = case(8)
    for tokens in (rng.integers(5, size=(6, 3)), np.full((6, 3), 2), np.zeros((6, 3), np.int32)):
        ours, dense = both(p, tokens, s_init, y), both(p, np.eye(5)[tokens], s_init, y)
        assert ours.x is None
        close(ours, dense._replace(x=None))


def test_many_to_one_is_a_weight_on_the_last_step_alone():
    (p, x, s_init, y), _ = case(9)
    last = np.zeros((6, 3))
    last[-1] = 1
    close(both(p, x, s_init, y[-1]), both(p, x, s_init, y, weights=last))
    assert forward(p, x, s_init, y[-1]).E == forward(p, x, s_init, y, weights=last).E


def test_padding_may_hold_nan_and_labels_out_of_range():
    (p, x, s_init, y), _ = case(10)
    weights = np.ones((6, 3))
    weights[2:, 0] = weights[5:, 2] = 0
    weights[0, 0] = 0  # not padding: later steps read this input
    bad_x, bad_y = x.copy(), y.copy()
    bad_x[2:, 0] = bad_x[5:, 2] = np.nan
    bad_y[weights == 0] = -100
    expected = both(p, x, s_init, y, weights=weights)
    close(both(p, bad_x, s_init, bad_y, weights=weights), expected)
    assert loss_and_gradient(p, bad_x, s_init, bad_y, weights=weights)[0] == pytest.approx(
        forward(p, x, s_init, y, weights=weights).E
    )
    tokens = np.full((6, 3), 4)
    bad_tokens = np.where(np.isnan(bad_x[:, :, 0]), -1, tokens)
    close(both(p, bad_tokens, s_init, y, weights=weights), both(p, tokens, s_init, y, weights=weights))
    bad_x[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"x\[0, 0, 0\] is nan"):
        forward(p, bad_x, s_init, bad_y, weights=weights)


def test_pieces_that_end_without_weights_add_up_to_the_whole_sequence():
    (p, x, s_init, y), _ = case(10)
    weights = np.ones((6, 3))
    weights[1:4, 0] = weights[2:4, 1] = 0  # the first piece ends with these, and the second carries its state on
    first, second = slice(0, 4), slice(4, 6)
    early = forward(p, x[first], s_init, y[first], weights=weights[first])
    late = forward(p, x[second], early.s[-1], y[second], weights=weights[second])
    back_late = backward(p, x[second], y[second], late, weights=weights[second])
    back_early = backward(p, x[first], y[first], early, weights=weights[first], ds_last=back_late.s_init)
    whole = both(p, x, s_init, y, weights=weights)
    for ours, a, b in zip(whole.gradient, back_early.gradient, back_late.gradient, strict=True):
        np.testing.assert_allclose(ours, a + b, rtol=1e-11)
    np.testing.assert_allclose(whole.s_init, back_early.s_init, rtol=1e-11)
    np.testing.assert_allclose(whole.x, np.concatenate([back_early.x, back_late.x]), rtol=1e-11)


def test_with_a_sum_loss_the_batch_is_the_sum_of_its_sequences():
    (p, x, s_init, y), _ = case(11)
    whole = both(p, x, s_init, y, reduction="sum")
    parts = [both(p, x[:, [n]], s_init[[n]], y[:, [n]], reduction="sum") for n in range(3)]
    for i in range(5):
        np.testing.assert_allclose(whole.gradient[i], sum(part.gradient[i] for part in parts), rtol=1e-11, atol=1e-13)
    for n, part in enumerate(parts):
        np.testing.assert_allclose(whole.s_init[n], part.s_init[0], rtol=1e-11)


def test_the_order_of_the_batch_does_not_matter():
    (p, x, s_init, y), _ = case(12)
    order = [2, 0, 1]
    ours = both(p, x, s_init, y)
    other = both(p, x[:, order], s_init[order], y[:, order])
    close(other, ours._replace(x=ours.x[:, order], s_init=ours.s_init[order]))


def test_the_gradient_is_linear_in_the_weights_however_large():
    (p, x, s_init, y), rng = case(13, T=9, B=16, H=3)
    weights = mask(rng, 9, 16)
    once, large = (both(p, x, s_init, y, weights=k * weights, reduction="sum") for k in (1.0, 1000.0))
    assert max(np.abs(g).max() for g in large.gradient) > 40
    for a, b in zip(once.gradient, large.gradient, strict=True):
        np.testing.assert_allclose(1000 * a, b, rtol=1e-11)


def test_two_halves_with_the_gradient_handed_over_are_the_whole():
    (p, x, s_init, y), _ = case(14, T=8)
    whole = both(p, x, s_init, y)
    first = forward(p, x[:3], s_init, y[:3])
    second = forward(p, x[3:], first.s[-1], y[3:])
    late = backward(p, x[3:], y[3:], second)
    early = backward(p, x[:3], y[:3], first, ds_last=late.s_init)
    for i in range(5):
        assert relative_error(early.gradient[i] + late.gradient[i], whole.gradient[i]) < 1e-13
    assert relative_error(early.s_init, whole.s_init) < 1e-13
    assert relative_error(np.concatenate([early.x, late.x]), whole.x) < 1e-13


def test_backward_twice_gives_the_same_answer():
    (p, x, s_init, y), _ = case(15)
    fwd = forward(p, x, s_init, y)
    for array in (fwd.states, fwd.yhat):
        array.flags.writeable = False
    first, again = backward(p, x, y, fwd), backward(p, x, y, fwd)
    for a, b in zip((*first.gradient, first.x, first.s_init), (*again.gradient, again.x, again.s_init), strict=True):
        np.testing.assert_array_equal(a, b)


def test_integer_inputs_and_parameters_are_computed_in_float64():
    (p, _, s_init, y), rng = case(17)
    x = rng.integers(-2, 3, size=(6, 3, 5))
    close(both(p, x, s_init, y), both(p, x.astype(float), s_init, y))


def test_the_gradient_of_an_array_has_its_shape():
    (p, x, s_init, y), _ = case(18)
    gradient = both(p, x, s_init, y)
    assert [g.shape for g in gradient.gradient] == [a.shape for a in p]
    assert gradient.x.shape == x.shape
    assert gradient.s_init.shape == s_init.shape


def test_the_input_gradient_of_tokens_is_that_of_their_one_hot_rows():
    rng = np.random.default_rng(20)
    delta, tokens = rng.standard_normal((6, 3, 4)), rng.integers(5, size=(6, 3))
    dense = np.einsum("tnh,tnd->hd", delta, np.eye(5)[tokens])
    for gradient in (input_gradient, lambda *given: fast_input_gradient(*given, {})):
        compare(gradient(delta, tokens, 5), dense, tol=1e-13, names=["dU"])
        compare(gradient(delta, np.eye(5)[tokens], 5), dense, tol=1e-13, names=["dU"])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_tokens_of_any_integer_type_select_the_same_rows(dtype):
    (p, _, s_init, y), rng = case(21)
    tokens = rng.integers(5, size=(6, 3))
    close(both(p, tokens.astype(dtype), s_init, y), both(p, tokens, s_init, y), tol=1e-15)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("tokens", [False, True])
def test_the_one_call_is_forward_and_then_backward(options, tokens):
    (p, x, s_init, y), rng = case(24)
    x = rng.integers(5, size=x.shape[:2]) if tokens else x
    options = {**options, "weights": mask(rng, 6, 3)}
    E, gradient, s_last = loss_and_gradient(p, x, s_init, y, **options)
    fwd = forward(p, x, s_init, y, **options)
    assert fwd.E == E
    close(gradient, backward(p, x, y, fwd, **options), tol=1e-15)
    np.testing.assert_array_equal(s_last, fwd.s[-1])
