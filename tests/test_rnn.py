import numpy as np
import pytest
from cases import case, frozen, mask

from rnnlib.buffers import SMALL_STEP
from rnnlib.gradcheck import compare, complex_step, relative_error
from rnnlib.inputs import input_gradient
from rnnlib.losses import softmax
from rnnlib.rnn import backward, forward, loss_and_gradient
from rnnlib.routes import backward_recursion
from rnnlib.sweep import FEW, PIECE_ROWS, pieces

OPTIONS = [{"func": func, "reduction": reduction} for func in ("tanh", "sigmoid") for reduction in ("mean", "sum")]


def both(params, x, s_init, y, **options):
    return backward(params, x, y, forward(params, x, s_init, y, **options), **options)


def close(a, b, tol=1e-12):
    a, b = ([*g.params, g.x, g.s_init] for g in (a, b))
    for one, other in zip(a, b, strict=True):
        assert (one is None) == (other is None)
        assert one is None or relative_error(one, other) < tol


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


@pytest.mark.parametrize("kind", ["labels", "soft", "many-to-one", "soft many-to-one", "tokens"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("checkpoint_every", [None, 1, 4, 7, 50])
def test_the_fast_call_returns_the_numbers_of_forward_and_backward(kind, options, checkpoint_every):
    (p, x, s_init, y), rng = case(5, T=7)
    options = {**options, "weights": mask(rng, 7, 3)}
    if kind in ("soft", "soft many-to-one"):
        y = rng.dirichlet(np.ones(2), (7, 3))
    if "many-to-one" in kind:
        y, options["weights"] = y[-1], options["weights"][-1]
    if kind == "tokens":
        x = rng.integers(5, size=(7, 3))
    fwd = forward(p, x, s_init, y, **options)
    expected = backward(p, x, y, fwd, **options)
    workspace = {}
    for _ in range(2):  # the second call finds a used workspace
        E, gradient, s_last = loss_and_gradient(
            p, x, s_init, y, checkpoint_every=checkpoint_every, workspace=workspace, **options
        )
        assert E == pytest.approx(fwd.E, rel=1e-13)
        close(gradient, expected._replace(x=None))
        np.testing.assert_allclose(s_last, fwd.s[-1], rtol=1e-13)


def test_without_a_workspace_the_next_call_leaves_the_gradient_alone():
    (p, x, s_init, y), _ = case(6)
    _, gradient, s_last = loss_and_gradient(p, x, s_init, y)
    before = [a.copy() for a in (*gradient.params, gradient.s_init, s_last)]
    loss_and_gradient(p, 2 * x, -s_init, 1 - y)
    for a, b in zip((*gradient.params, gradient.s_init, s_last), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_state_returned_survives_the_next_call_with_the_same_workspace():
    (p, x, s_init, y), _ = case(7)
    workspace = {}
    _, _, s_last = loss_and_gradient(p, x, s_init, y, workspace=workspace)
    before = s_last.copy()
    loss_and_gradient(p, x, s_last, y, workspace=workspace)
    np.testing.assert_array_equal(s_last, before)


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
    for ours, a, b in zip(whole.params, back_early.params, back_late.params, strict=True):
        np.testing.assert_allclose(ours, a + b, rtol=1e-11)
    np.testing.assert_allclose(whole.s_init, back_early.s_init, rtol=1e-11)
    np.testing.assert_allclose(whole.x, np.concatenate([back_early.x, back_late.x]), rtol=1e-11)


def test_with_a_sum_loss_the_batch_is_the_sum_of_its_sequences():
    (p, x, s_init, y), _ = case(11)
    whole = both(p, x, s_init, y, reduction="sum")
    parts = [both(p, x[:, [n]], s_init[[n]], y[:, [n]], reduction="sum") for n in range(3)]
    for i in range(5):
        np.testing.assert_allclose(whole.params[i], sum(part.params[i] for part in parts), rtol=1e-11, atol=1e-13)
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
    assert max(np.abs(g).max() for g in large.params) > 40
    for a, b in zip(once.params, large.params, strict=True):
        np.testing.assert_allclose(1000 * a, b, rtol=1e-11)


def test_two_halves_with_the_gradient_handed_over_are_the_whole():
    (p, x, s_init, y), _ = case(14, T=8)
    whole = both(p, x, s_init, y)
    first = forward(p, x[:3], s_init, y[:3])
    second = forward(p, x[3:], first.s[-1], y[3:])
    late = backward(p, x[3:], y[3:], second)
    early = backward(p, x[:3], y[:3], first, ds_last=late.s_init)
    for i in range(5):
        assert relative_error(early.params[i] + late.params[i], whole.params[i]) < 1e-13
    assert relative_error(early.s_init, whole.s_init) < 1e-13
    assert relative_error(np.concatenate([early.x, late.x]), whole.x) < 1e-13


def test_backward_twice_gives_the_same_answer():
    (p, x, s_init, y), _ = case(15)
    fwd = forward(p, x, s_init, y)
    for array in (fwd.states, fwd.yhat):
        array.flags.writeable = False
    first, again = backward(p, x, y, fwd), backward(p, x, y, fwd)
    for a, b in zip((*first.params, first.x, first.s_init), (*again.params, again.x, again.s_init), strict=True):
        np.testing.assert_array_equal(a, b)


def test_float32_in_float32_out_and_close_to_float64():
    (p, x, s_init, y), _ = case(16, T=12, dtype=np.float32)
    E, gradient, s_last = loss_and_gradient(p, x, s_init, y)
    full = both(frozen(type(p)(*(a.astype(float) for a in p))), x.astype(float), s_init.astype(float), y)
    assert {a.dtype for a in (*gradient.params, gradient.s_init, s_last)} == {np.dtype(np.float32)}
    assert E.dtype == np.float32
    for ours, reference in zip(gradient.params, full.params, strict=True):
        assert relative_error(ours, reference) < 1e-5


def test_integer_inputs_and_parameters_are_computed_in_float64():
    (p, _, s_init, y), rng = case(17)
    x = rng.integers(-2, 3, size=(6, 3, 5))
    close(both(p, x, s_init, y), both(p, x.astype(float), s_init, y))


def test_the_gradient_of_an_array_has_its_shape():
    (p, x, s_init, y), _ = case(18)
    gradient = both(p, x, s_init, y)
    assert [g.shape for g in gradient.params] == [a.shape for a in p]
    assert gradient.x.shape == x.shape
    assert gradient.s_init.shape == s_init.shape


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("checkpoint_every", [None, 150])
@pytest.mark.parametrize("tokens", [False, True])
def test_a_sequence_worked_on_in_pieces_has_the_numbers_of_one_piece(options, checkpoint_every, tokens):
    (p, x, s_init, y), rng = case(19, T=331, B=16, D=3, H=5, K=7)
    assert [len(pieces(T, 16)) for T in (331, 150, 31)] == [3, 2, 1]
    x = rng.integers(3, size=x.shape[:2]) if tokens else x
    options = {**options, "weights": mask(rng, 331, 16)}
    E, gradient, s_last = loss_and_gradient(p, x, s_init, y, checkpoint_every=checkpoint_every, **options)
    fwd = forward(p, x, s_init, y, **options)
    assert E == pytest.approx(fwd.E, rel=1e-12)
    close(gradient, backward(p, x, y, fwd, **options)._replace(x=None), tol=1e-11)
    compare(gradient.params, backward_recursion(p, x, s_init, y, **options), tol=1e-11)
    np.testing.assert_allclose(s_last, fwd.s[-1], rtol=1e-12)


@pytest.mark.parametrize(("T", "B"), [(1, 1), (1, 3 * PIECE_ROWS), (7, PIECE_ROWS // 2 + 1), (5 * PIECE_ROWS + 1, 1)])
def test_the_pieces_of_a_sequence_are_its_steps_in_order_and_none_is_too_long(T, B):
    cut = pieces(T, B)
    assert [t for piece in cut for t in range(T)[piece]] == list(range(T))
    assert all(0 < piece.stop - piece.start <= max(1, PIECE_ROWS // B) for piece in cut)


def test_one_workspace_serves_sequences_of_any_length_and_batches_of_any_size():
    workspace = {}
    for T, B in [(9, 3), (4, 3), (12, 3), (5, 1), (11, 1), (3, 1), (700, 4), (9, 3), (600, 4)]:
        (p, x, s_init, y), _ = case(22, T=T, B=B)
        for every in (None, 4):
            E, gradient, s_last = loss_and_gradient(p, x, s_init, y, checkpoint_every=every, workspace=workspace)
            fwd = forward(p, x, s_init, y)
            assert E == pytest.approx(fwd.E, rel=1e-12)
            close(gradient, backward(p, x, y, fwd)._replace(x=None), tol=1e-11)
            np.testing.assert_allclose(s_last, fwd.s[-1], rtol=1e-12)


def test_a_workspace_does_not_grow_with_the_number_of_lengths_it_has_seen():
    def held(lengths):
        workspace = {}
        for T in lengths:
            (p, x, s_init, y), _ = case(23, T=T)
            loss_and_gradient(p, x, s_init, y, workspace=workspace)
        return sum(kept.size for kept in workspace.values() if isinstance(kept, np.ndarray))

    assert held([30, 7, 29, 12, 3]) == held([30])


def test_the_input_gradient_of_tokens_is_that_of_their_one_hot_rows_with_or_without_a_workspace():
    rng = np.random.default_rng(20)
    delta, tokens = rng.standard_normal((6, 3, 4)), rng.integers(5, size=(6, 3))
    dense = np.einsum("tnh,tnd->hd", delta, np.eye(5)[tokens])
    for workspace in ((), ({},)):
        compare(input_gradient(delta, tokens, 5, *workspace), dense, tol=1e-13, names=["dU"])
        compare(input_gradient(delta, np.eye(5)[tokens], 5, *workspace), dense, tol=1e-13, names=["dU"])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_tokens_of_any_integer_type_select_the_same_rows(dtype):
    (p, _, s_init, y), rng = case(21)
    tokens = rng.integers(5, size=(6, 3))
    close(both(p, tokens.astype(dtype), s_init, y), both(p, tokens, s_init, y), tol=1e-15)


@pytest.mark.parametrize(("D", "K"), [(3, FEW + 1), (FEW, 2), (FEW + 1, FEW)])
@pytest.mark.parametrize("H", [4, SMALL_STEP + 1])
@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_a_sequence_alone_has_the_numbers_that_it_has_in_a_batch(D, K, H, func):
    (p, x, s_init, y), _ = case(20, D=D, H=H, K=K)
    together, workspace = forward(p, x, s_init, y, func=func), {}
    for n in list(range(3)) * 2:  # the second round finds a used workspace
        alone = x[:, n : n + 1], s_init[n : n + 1], y[:, n : n + 1]
        np.testing.assert_allclose(forward(p, *alone, func=func).states[:, 0], together.states[:, n], rtol=1e-11)
        _, gradient, s_last = loss_and_gradient(p, *alone, func=func, workspace=workspace)
        close(gradient, both(p, *alone, func=func)._replace(x=None))
        np.testing.assert_allclose(s_last[0], together.s[-1, n], rtol=1e-11)
        compare(gradient.params, backward_recursion(p, *alone, func=func), tol=1e-11)
