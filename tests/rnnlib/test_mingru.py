"""The minimal GRU: every gradient by the complex step, its equations one number at a time, and what it cannot do."""

from math import exp

import numpy as np
import pytest

from rnnlib import mingru
from rnnlib.gradcheck import central_difference, compare, complex_step

NAMES = ["dU", "dV", "db", "dc", "dx", "ds_init"]


def draw(T=6, B=3, D=5, H=4, K=2, seed=21):
    rng = np.random.default_rng(seed)
    arrays = mingru.init_params(rng, D, H, K), rng.standard_normal((T, B, D)), rng.standard_normal((B, H))
    return *arrays, rng.integers(K, size=(T, B)), rng.uniform(0.2, 2, (T, B))


def gradient(params, x, s_init, y, **options):
    back = mingru.backward(params, x, y, mingru.forward(params, x, s_init, y, **options), **options)
    return (*back.gradient, back.x, back.s_init)


@pytest.mark.parametrize("sizes", [(6, 3, 5, 4, 2), (1, 2, 3, 5, 4), (8, 1, 2, 3, 6)])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_every_gradient_equals_the_complex_step_and_the_central_difference(sizes, reduction):
    params, x, s_init, y, weights = draw(*sizes)
    options = {"weights": weights, "reduction": reduction}

    def error(at):
        return mingru.forward(mingru.Params(*at[:4]), at[4], at[5], y, **options).E

    point = (*params, x, s_init)
    compare(gradient(params, x, s_init, y, **options), complex_step(error, point), 1e-12, NAMES)
    compare(gradient(params, x, s_init, y, **options), central_difference(error, point), 1e-8, NAMES)


def test_the_forward_pass_is_the_equations_one_number_at_a_time():
    params, x, s_init, _, _ = draw()
    fwd, H = mingru.forward(params, x, s_init), 4
    for n in range(3):
        for h in range(H):
            s = s_init[n, h]
            for t in range(6):
                z, g = (sum(params.U[row] * x[t, n]) + params.b[row] for row in (h, h + H))
                u = 1 / (1 + exp(-z))
                s = u * s + (1 - u) * g
                assert fwd.s[t, n, h] == pytest.approx(s, rel=1e-13)


def test_tokens_give_what_their_one_hot_rows_give():
    params, _, s_init, y, _ = draw()
    tokens = np.random.default_rng(22).integers(5, size=(6, 3))
    by_token, by_row = (mingru.loss_and_gradient(params, x, s_init, y) for x in (tokens, np.eye(5)[tokens]))
    assert by_token[0] == pytest.approx(by_row[0], rel=1e-14)
    compare(by_token[1].gradient, by_row[1].gradient, 1e-13)
    assert by_token[1].x is None


def test_with_equal_inputs_a_unit_moves_one_way_and_stays_between_its_first_state_and_its_candidate():
    params, x, s_init, _, _ = draw(T=30)
    fwd = mingru.forward(params, np.broadcast_to(x[0], x.shape), s_init)
    moves = np.diff(fwd.states, axis=0)
    assert np.all(moves * np.sign(moves[0]) >= -1e-14)
    low, high = np.minimum(s_init, fwd.gates[0, :, 4:]), np.maximum(s_init, fwd.gates[0, :, 4:])
    assert np.all((fwd.s >= low - 1e-12) & (fwd.s <= high + 1e-12))


def test_parameters_that_do_not_fit_are_refused_with_their_shapes():
    params, x, s_init, y, _ = draw()
    with pytest.raises(ValueError, match=r"^params have shapes U \(4, 5\)"):
        mingru.forward(params._replace(U=params.U[:4]), x, s_init, y)
    with pytest.raises(ValueError, match=r"^s_init has shape \(3, 3\)"):
        mingru.forward(params, x, s_init[:, :3], y)
    with pytest.raises(ValueError, match=r"^U\[0, 2\] is nan"):
        mingru.forward(params._replace(U=np.where(np.arange(5) == 2, np.nan, params.U)), x, s_init, y)
    with pytest.raises(ValueError, match=r"^params have shapes U \(8,\)"):
        mingru.forward(params._replace(U=params.b), x, s_init, y)


def test_the_forward_pass_of_another_sequence_is_refused():
    params, x, s_init, y, _ = draw()
    with pytest.raises(ValueError, match=r"^fwd holds s of shape \(6, 3, 4\), expected \(5, 3, 4\)"):
        mingru.backward(params, x[:5], y[:5], mingru.forward(params, x, s_init))


def test_whole_numbers_are_parameters_as_good_as_floats_and_one_dtype_is_for_all():
    params, x, s_init, y, _ = draw()
    whole = mingru.Params(*(np.rint(3 * array).astype(int) for array in params))
    floats = mingru.Params(*(array.astype(float) for array in whole))
    compare(gradient(whole, x, s_init, y), gradient(floats, x, s_init, y), 1e-15, NAMES)
    single = mingru.Params(*(array.astype(np.float32) for array in params))
    assert mingru.forward(single, x.astype(np.float32), s_init.astype(np.float32)).s.dtype == np.float32
    assert mingru.forward(single, x, s_init).s.dtype == np.float64
