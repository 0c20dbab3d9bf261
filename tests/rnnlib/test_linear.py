"""Loop and scan of a linear recurrence, forwards and backwards, by several routes that share nothing."""

import numpy as np
import pytest

from rnnlib import linear, rnn
from rnnlib.gradcheck import central_difference, compare, complex_step
from rnnlib.params import init_params

NAMES = ["da", "db", "ds_init"]
LENGTHS = [1, 2, 3, 5, 8, 13, 32]


def draw(T, shape=(3, 2), seed=7):
    """Decays of both signs, inputs, a state before the first step that is not 0, and what each state hears."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0.5, 1.2, (T, *shape)) * rng.choice([-1, 1], (T, *shape))
    b, e = rng.standard_normal((2, T, *shape))
    arrays = a, b, rng.standard_normal(shape), e
    for array in arrays:
        array.flags.writeable = False
    return arrays


def error(e):
    """E = sum of e_t s_t, so that e_t is what each state hears, as a function of (a, b, s_init)."""
    return lambda at: np.sum(e * linear.loop_forward(*at)[1:])


class Counting:
    """`combine`, which counts its calls and the pairs that it composes."""

    def __init__(self):
        self.calls, self.pairs = 0, 0

    def __call__(self, first, second):
        self.calls += 1
        self.pairs += len(first[0])
        return linear.combine(first, second)


def scans(T):
    """Every way to compose all steps up to each, by name."""
    return {
        "scan": lambda pairs: linear.scan(pairs, linear.combine),
        "tree": lambda pairs: linear.tree_scan(pairs, linear.combine),
        **{f"chunks of {n}": lambda pairs, n=n: linear.chunked_scan(pairs, n) for n in (1, 2, 3, 7, T, T + 1)},
    }


@pytest.mark.parametrize("T", LENGTHS)
def test_loop_and_scans_give_the_same_states(T):
    a, b, s_init, _ = draw(T)
    states = linear.loop_forward(a, b, s_init)
    compare(linear.scan_forward(a, b, s_init, linear.combine), states, 1e-12, ["states"])
    for name, scan in scans(T).items():
        A, B = scan((a, b))
        compare(A * s_init + B, states[1:], 1e-12, [name])


@pytest.mark.parametrize("T", LENGTHS)
def test_loop_scan_complex_step_and_differences_give_the_same_gradients(T):
    a, b, s_init, e = draw(T)
    states = linear.loop_forward(a, b, s_init)
    by_loop = linear.loop_backward(a, states, e)
    compare(by_loop, complex_step(error(e), (a, b, s_init)), 1e-12, NAMES)
    compare(by_loop, central_difference(error(e), (a, b, s_init)), 1e-8, NAMES)
    compare(linear.scan_backward(a, states, e, linear.combine), by_loop, 1e-12, NAMES)
    compare(linear.scan_backward(a, states, e, lambda *two: linear.combine(*two)), by_loop, 1e-12, NAMES)


@pytest.mark.parametrize("T", LENGTHS)
def test_forward_mode_of_a_decay_that_all_steps_share_gives_the_sum_of_the_immediate_gradients(T):
    a, b, s_init, e = draw(T)
    a = np.broadcast_to(a[0], a.shape)
    states = linear.loop_forward(a, b, s_init)
    influence = linear.loop_forward(a, states[:-1], np.zeros_like(s_init))[1:]
    compare(np.sum(e * influence, axis=0), linear.loop_backward(a, states, e).a.sum(axis=0), 1e-12)


def test_the_states_begin_with_the_state_before_the_first_step():
    a, b, s_init, _ = draw(5)
    for states in (linear.loop_forward(a, b, s_init), linear.scan_forward(a, b, s_init, linear.combine)):
        assert states.shape == (6, 3, 2)
        assert np.array_equal(states[0], s_init)


def test_a_single_unit_needs_no_axes_after_the_time():
    a, b, s_init, e = draw(6, ())
    s, states = float(s_init), linear.loop_forward(a, b, s_init)
    for t in range(6):
        s = a[t] * s + b[t]
        assert states[t + 1] == pytest.approx(s, rel=1e-15)
    compare(linear.loop_backward(a, states, e), complex_step(error(e), (a, b, float(s_init))), 1e-12, NAMES)


def test_combining_two_steps_is_doing_one_after_the_other_and_the_order_counts():
    (a, b, s, _) = draw(2)
    A, B = linear.combine((a[0], b[0]), (a[1], b[1]))
    assert A * s + B == pytest.approx(a[1] * (a[0] * s + b[0]) + b[1], rel=1e-14)
    turned = linear.combine((a[1], b[1]), (a[0], b[0]))
    assert np.abs(turned[1] - B).max() > 0.1


@pytest.mark.parametrize("combine", [linear.combine, linear.combine_matrices])
def test_composition_is_associative(combine):
    rng = np.random.default_rng(8)
    one, two, three = ((rng.standard_normal((4, 3, 3)), rng.standard_normal((4, 3))) for _ in range(3))
    if combine is linear.combine:
        one, two, three = ((A[..., 0], b) for A, b in (one, two, three))
    left, right = combine(combine(one, two), three), combine(one, combine(two, three))
    compare(left, right, 1e-13, ["A", "b"])


@pytest.mark.parametrize("T", [1, 2, 3, 7, 8, 9, 100, 1024])
def test_the_rounds_and_the_work_of_a_scan_are_as_said(T):
    a, b, _, _ = draw(T, ())
    levels = int(np.ceil(np.log2(T)))
    stepwise, tree = Counting(), Counting()
    linear.scan((a, b), stepwise)
    linear.tree_scan((a, b), tree)
    assert stepwise.calls == levels
    assert stepwise.pairs == levels * T - (2**levels - 1)
    assert tree.calls <= 2 * levels
    assert tree.pairs < 2 * T


@pytest.mark.parametrize("T", [1, 5, 8])
def test_complex_gradients_are_those_of_the_real_and_the_imaginary_parts(T):
    (a, b, s_init, e), (a_i, b_i, s_i, e_i) = draw(T, (2,), 9), draw(T, (2,), 10)

    def real_error(at):
        """E = Re sum conj(e_t) s_t of complex numbers kept as pairs of real ones."""
        re, im = at[4], at[5]
        E = 0.0
        for t in range(T):
            re, im = at[0][t] * re - at[1][t] * im + at[2][t], at[0][t] * im + at[1][t] * re + at[3][t]
            E = E + np.sum(e[t] * re + e_i[t] * im)
        return E

    pairs = complex_step(real_error, (a, a_i, b, b_i, s_init, s_i))
    a, b, s_init, e = a + 1j * a_i, b + 1j * b_i, s_init + 1j * s_i, e + 1j * e_i
    states = linear.loop_forward(a, b, s_init)
    for found in (linear.loop_backward(a, states, e), linear.scan_backward(a, states, e, linear.combine)):
        parts = tuple(part for array in found for part in (array.real.copy(), array.imag.copy()))
        compare(parts, pairs, 1e-12, ["re a", "im a", "re b", "im b", "re s_init", "im s_init"])


@pytest.mark.parametrize("T", [1, 6, 16])
def test_the_sweep_of_a_tanh_network_is_a_scan_of_matrices(T):
    rng = np.random.default_rng(11)
    B, D, H, K = 2, 3, 4, 5
    params, x, s_init = init_params(rng, D, H, K), rng.standard_normal((T, B, D)), rng.standard_normal((B, H))
    fwd, dq = rnn.forward(params, x, s_init), rng.standard_normal((T, B, K))
    slope = 1 - fwd.s**2
    hop = slope[..., None] * params.W
    later = np.concatenate([hop[1:], np.zeros_like(hop[:1])]).swapaxes(-1, -2)
    pairs = later[::-1], (dq @ params.V)[::-1]
    delta = rnn.delta_sweep(params, fwd.s, dq).delta
    for scan in (linear.scan, linear.tree_scan):
        compare(slope * scan(pairs, linear.combine_matrices)[1][::-1], delta, 1e-12, ["delta"])


def test_float32_in_gives_float32_out():
    a, b, s_init, e = (array.astype(np.float32) for array in draw(9))
    states = linear.loop_forward(a, b, s_init)
    results = states, linear.scan_forward(a, b, s_init, linear.combine), *linear.loop_backward(a, states, e)
    assert {array.dtype for array in (*results, *linear.chunked_scan((a, b), 4))} == {np.dtype(np.float32)}


def test_bad_input_gets_one_message_that_names_the_argument():
    a, b, s_init, e = draw(5)
    states = linear.loop_forward(a, b, s_init)
    with pytest.raises(ValueError, match=r"^b has shape \(4, 3, 2\), expected \(5, 3, 2\)"):
        linear.loop_forward(a, b[:4], s_init)
    with pytest.raises(ValueError, match=r"^s_init has shape \(2,\), expected \(3, 2\)"):
        linear.scan_forward(a, b, s_init[0], linear.combine)
    with pytest.raises(ValueError, match=r"^a has shape \(0, 3, 2\), expected at least one step"):
        linear.loop_forward(a[:0], b[:0], s_init)
    with pytest.raises(ValueError, match=r"^states have shape \(5, 3, 2\), expected one more step than a"):
        linear.loop_backward(a, states[1:], e)
    with pytest.raises(ValueError, match=r"^e has shape \(5, 3, 1\), expected \(5, 3, 2\)"):
        linear.scan_backward(a, states, e[..., :1], linear.combine)
    with pytest.raises(ValueError, match=r"^chunk is 0, expected a whole number"):
        linear.chunked_scan((a, b), 0)
