"""`rnnlib.fast` gives the numbers of `rnnlib.rnn`, whatever the shapes, the options and the state of its workspace."""

import numpy as np
import pytest
from cases import OPTIONS, both, case, close, frozen, mask

from rnnlib import rnn
from rnnlib.fast import loss_and_gradient
from rnnlib.fast.buffers import SMALL_STEP, steps
from rnnlib.fast.sweep import FEW, PIECE_ROWS, delta_sweep, pieces
from rnnlib.gradcheck import compare, relative_error
from rnnlib.rnn import backward, forward
from rnnlib.routes import backward_recursion


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
    before = [a.copy() for a in (*gradient.gradient, gradient.s_init, s_last)]
    loss_and_gradient(p, 2 * x, -s_init, 1 - y)
    for a, b in zip((*gradient.gradient, gradient.s_init, s_last), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_state_returned_survives_the_next_call_with_the_same_workspace():
    (p, x, s_init, y), _ = case(7)
    workspace = {}
    _, _, s_last = loss_and_gradient(p, x, s_init, y, workspace=workspace)
    before = s_last.copy()
    loss_and_gradient(p, x, s_last, y, workspace=workspace)
    np.testing.assert_array_equal(s_last, before)


def test_float32_in_float32_out_and_close_to_float64():
    (p, x, s_init, y), _ = case(16, T=12, dtype=np.float32)
    E, gradient, s_last = loss_and_gradient(p, x, s_init, y)
    full = both(frozen(type(p)(*(a.astype(float) for a in p))), x.astype(float), s_init.astype(float), y)
    assert {a.dtype for a in (*gradient.gradient, gradient.s_init, s_last)} == {np.dtype(np.float32)}
    assert E.dtype == np.float32
    for ours, reference in zip(gradient.gradient, full.gradient, strict=True):
        assert relative_error(ours, reference) < 1e-5


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
    compare(gradient.gradient, backward_recursion(p, x, s_init, y, **options), tol=1e-11)
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
        compare(gradient.gradient, backward_recursion(p, *alone, func=func), tol=1e-11)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize(("B", "K"), [(3, 2), (1, 2), (1, FEW + 1)])
@pytest.mark.parametrize("with_ds_last", [False, True])
def test_both_delta_sweeps_take_what_comes_from_later_steps(func, B, K, with_ds_last):
    (p, x, s_init, y), rng = case(25, T=8, B=B, K=K)
    fwd, dq = forward(p, x, s_init, y, func=func), rng.standard_normal((8, B, K))
    ds_last = rng.standard_normal((B, 4)) if with_ds_last else None
    expected = rnn.delta_sweep(p, fwd.s, dq, func, ds_last)
    workspace = {}
    for _ in range(2):  # the second call finds a used workspace
        compare(
            tuple(delta_sweep(p, fwd.s, dq, func, ds_last, workspace)),
            tuple(expected),
            tol=1e-12,
            names=["delta", "ds_init"],
        )


def test_steps_refuse_an_array_that_is_no_view_as_it_could_be_another_of_its_shape():
    with pytest.raises(AssertionError, match="without a base"):
        steps({}, "s", np.ones((3, 2)))
