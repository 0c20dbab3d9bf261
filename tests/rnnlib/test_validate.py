"""Bad input gets one clear error; good input comes back in one form."""

import numpy as np
import pytest
from cases import case

from rnnlib import fast
from rnnlib.params import init_params
from rnnlib.rnn import backward, forward, loss_and_gradient
from rnnlib.validate import check_count, check_finite, checked_sequence

T, B, D, H, K = 6, 3, 5, 4, 2


def nan_at(array, *index):
    array = np.array(array, float)
    array[index] = np.nan
    return array


BAD = {
    "W not square": ({"W": np.ones((4, 3))}, r"W has shape \(4, 3\), expected \(H, H\)"),
    "U one row short": ({"U": np.ones((3, 5))}, r"U has shape \(3, 5\), expected \(4, 5\), as W has shape \(4, 4\)"),
    "U a vector": ({"U": np.ones(5)}, r"U has shape \(5,\), expected \(H, D\)"),
    "V transposed": ({"V": np.ones((4, 2))}, r"V has shape \(4, 2\), expected \(4, 4\)"),
    "V a vector": ({"V": np.ones(4)}, r"V has shape \(4,\), expected \(K, H\)"),
    "b as a column": ({"b": np.ones((4, 1))}, r"b has shape \(4, 1\), expected \(4,\)"),
    "c too long": ({"c": np.ones(3)}, r"c has shape \(3,\), expected \(2,\)"),
    "NaN in b": ({"b": nan_at(np.ones(4), 2)}, r"b\[2\] is nan, expected a finite number"),
    "inf in W": ({"W": np.full((4, 4), np.inf)}, r"W\[0, 0\] is inf, expected a finite number"),
    "text in U": ({"U": np.full((4, 5), "a")}, r"U has dtype <U1, expected numbers"),
    "x without a batch axis": ({"x": np.ones(6)}, r"x has shape \(6,\), expected \(T, B, 5\), or \(T, B\)"),
    "x of another D": ({"x": np.ones((6, 3, 4))}, r"x has shape \(6, 3, 4\), expected \(T, B, 5\)"),
    "no steps": ({"x": np.ones((0, 3, 5))}, r"x has shape \(0, 3, 5\), expected at least one step"),
    "no sequences": ({"x": np.ones((6, 0, 5))}, r"x has shape \(6, 0, 5\), expected at least one step"),
    "NaN in x": ({"x": nan_at(np.ones((6, 3, 5)), 1, 2, 3)}, r"x\[1, 2, 3\] is nan, expected a finite number"),
    "tokens as floats": ({"x": np.ones((6, 3))}, r"x has shape \(6, 3\) and dtype float64, expected integer tokens"),
    "token too large": ({"x": np.full((6, 3), 5)}, r"x holds 5, expected tokens from 0 to 4"),
    "token below 0": ({"x": np.full((6, 3), -2)}, r"x holds -2, expected tokens from 0 to 4"),
    "s_init of one sequence": ({"s_init": np.ones(4)}, r"s_init has shape \(4,\), expected \(3, 4\)"),
    "s_init of another batch": ({"s_init": np.ones((2, 4))}, r"s_init has shape \(2, 4\), expected \(3, 4\)"),
    "NaN in s_init": ({"s_init": nan_at(np.ones((3, 4)), 0, 1)}, r"s_init\[0, 1\] is nan"),
    "booleans in s_init": ({"s_init": np.ones((3, 4), bool)}, r"s_init has dtype bool, expected numbers"),
    "label too large": ({"y": np.full((6, 3), 2)}, r"y holds 2, expected labels from 0 to 1"),
    "label below 0": ({"y": np.full((6, 3), -1)}, r"y holds -1, expected labels from 0 to 1"),
    "y of another T": ({"y": np.zeros((5, 3), int)}, r"y has shape \(5, 3\), expected \(6, 3\)"),
    "y of another batch": ({"y": np.zeros(2, int)}, r"y has shape \(2,\) and dtype int64, expected \(6, 3\)"),
    "y as float labels": ({"y": np.zeros((6, 3))}, r"y has shape \(6, 3\) and dtype float64, expected \(6, 3\) int"),
    "NaN in soft targets": ({"y": np.full((6, 3, 2), np.nan)}, r"y\[0, 0, 0\] is nan"),
    "weights of another T": ({"weights": np.ones((5, 3))}, r"weights have shape \(5, 3\), expected \(6, 3\)"),
    "NaN in weights": ({"weights": nan_at(np.ones((6, 3)), 2, 1)}, r"weights\[2, 1\] is nan"),
    "complex weights": ({"weights": np.ones((6, 3), complex)}, r"weights have dtype complex128, expected real"),
    "no such func": ({"func": "relu"}, r"func is 'relu', expected one of \['sigmoid', 'tanh'\]"),
    "no such reduction": ({"reduction": "avg"}, r"reduction is 'avg', expected 'mean' or 'sum'"),
}


@pytest.mark.parametrize("call", [forward, loss_and_gradient, fast.loss_and_gradient])
@pytest.mark.parametrize("name", BAD)
def test_one_error_names_the_argument_what_came_and_what_was_expected(name, call):
    change, message = BAD[name]
    (params, x, s_init, y), _ = case(1, T, B, D, H, K)
    arguments = {"x": x, "s_init": s_init, "y": y, **change}
    params = params._replace(**{f: arguments.pop(f) for f in params._fields if f in arguments})
    with pytest.raises(ValueError, match=message):
        call(params, **arguments)


@pytest.mark.parametrize("name", [n for n in BAD if n.startswith(("y ", "label", "weights", "no such"))])
def test_backward_looks_at_its_own_arguments(name):
    (params, x, s_init, y), _ = case(1, T, B, D, H, K)
    fwd = forward(params, x, s_init, y)
    arguments = {"x": x, "y": y, "fwd": fwd, **BAD[name][0]}
    with pytest.raises(ValueError, match=BAD[name][1]):
        backward(params, **arguments)


def test_backward_refuses_the_forward_pass_of_another_sequence():
    (params, x, s_init, y), _ = case(1, T, B, D, H, K)
    fwd = forward(params, x[:-1], s_init, y[:-1])
    with pytest.raises(ValueError, match=r"fwd holds states of shape \(6, 3, 4\), expected \(7, 3, 4\)"):
        backward(params, x, y, fwd)


def test_backward_refuses_a_late_gradient_of_another_shape():
    (params, x, s_init, y), _ = case(1, T, B, D, H, K)
    fwd = forward(params, x, s_init, y)
    with pytest.raises(ValueError, match=r"ds_last has shape \(4,\), expected \(3, 4\)"):
        backward(params, x, y, fwd, ds_last=np.ones(4))


@pytest.mark.parametrize("every", [0, -1, 2.5, True])
def test_checkpoint_every_is_a_whole_number_of_steps(every):
    arguments, _ = case(1, T, B, D, H, K)
    with pytest.raises(ValueError, match=f"checkpoint_every is {every}, expected a whole number of at least 1"):
        fast.loss_and_gradient(*arguments, checkpoint_every=every)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_finite_array_whose_sum_overflows_is_accepted():
    array = np.full(4, 1e308)
    assert check_finite("x", array) is array


def test_counts_come_back_as_plain_integers():
    assert check_count("window", np.int64(3)) == 3


@pytest.mark.parametrize("name", ["D", "H", "K"])
def test_parameters_of_no_size_are_refused(name):
    sizes = {"D": 5, "H": 4, "K": 2, name: 0}
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        init_params(np.random.default_rng(0), **sizes)


def test_one_target_per_sequence_becomes_a_target_of_the_last_step_alone():
    (params, x, s_init, _), _ = case(61)
    for y in (np.array([1, 0, 1]), np.full((B, K), 0.5)):
        _, _, _, every_y, weights = checked_sequence(params, x, s_init, y, None)
        assert every_y.shape == (T, *y.shape)
        assert np.array_equal(every_y[-1], y)
        assert weights.tolist() == [[0.0] * B] * (T - 1) + [[1.0] * B]
    _, _, _, _, weights = checked_sequence(params, x, s_init, np.array([1, 0, 1]), [0.5, 0, 2])
    assert weights[-1].tolist() == [0.5, 0, 2]


def test_nan_in_the_padding_is_read_as_0_and_before_the_last_weight_it_is_refused():
    (params, x, s_init, y), _ = case(62)
    weights = np.ones((T, B))
    weights[3:, 1] = 0  # the second sequence ends after three steps
    weights[1, 2] = 0  # a gap in the third is no padding
    padded = nan_at(x, slice(3, None), 1)
    seen = checked_sequence(params, padded, s_init, y, weights)[1]
    assert np.array_equal(seen, np.where(np.isnan(padded), 0.0, padded))
    with pytest.raises(ValueError, match=r"x\[1, 2, 0\] is nan"):
        checked_sequence(params, nan_at(x, 1, 2), s_init, y, weights)


def test_tokens_of_the_padding_may_lie_out_of_range():
    (params, _, s_init, y), _ = case(63)
    tokens, weights = np.full((T, B), D - 1), np.ones((T, B))
    weights[-1, 0], tokens[-1, 0] = 0, D + 7
    assert checked_sequence(params, tokens, s_init, y, weights)[1][-1].tolist() == [0, D - 1, D - 1]
    with pytest.raises(ValueError, match=f"x holds {D + 7}, expected tokens from 0 to {D - 1}"):
        checked_sequence(params, tokens, s_init, y, None)


def test_parameters_inputs_and_state_meet_in_their_common_dtype():
    (params, x, s_init, y), _ = case(64, dtype=np.float32)
    for one in ({"x": x.astype(float)}, {"s_init": s_init.astype(float)}, {"params": params._replace(b=np.zeros(H))}):
        arguments = {"params": params, "x": x, "s_init": s_init, "y": y, "weights": None} | one
        found_params, found_x, found_s, _, _ = checked_sequence(**arguments)
        assert {array.dtype for array in (*found_params, found_x, found_s)} == {np.dtype(float)}
    assert checked_sequence(params, x, s_init, y, None)[1].dtype == np.float32


def test_what_a_pass_is_given_is_not_written_to():
    (params, x, s_init, y), _ = case(65)  # all of it read-only
    weights = np.ones((T, B))
    weights[4:] = 0
    weights.flags.writeable = False
    checked_sequence(params, x, s_init, y, weights)
