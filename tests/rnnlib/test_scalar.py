"""The scalar two-step network: its gradients against three independent witnesses."""

import math

import numpy as np
import pytest
import sympy

from rnnlib import gradcheck, losses, scalar

FUNCS = ["tanh", "sigmoid"]


def random_case(seed, y_sum=1.0):
    rng = np.random.default_rng(seed)
    params = scalar.Params(rng.normal(), rng.normal(), rng.normal(size=2), rng.normal())
    return params, rng.normal(size=2), rng.normal(), y_sum * losses.softmax(rng.normal(size=2))


def error(case, func):
    _, *rest = case
    return lambda params: scalar.forward(params, *rest, func).E


def test_the_worked_example_matches_a_calculator():
    params = scalar.Params(u=0.5, w=-0.8, v=np.array([1.2, -0.7]), k=0.1)
    f = scalar.forward(params, np.array([1.0, 2.0]), 0.4, np.array([1.0, 0.0]))
    s_0 = math.tanh(1.0 * 0.5 + 0.4 * -0.8 + 0.1)
    s_1 = math.tanh(2.0 * 0.5 + s_0 * -0.8 + 0.1)
    assert f.s_1 == pytest.approx(s_1, rel=1e-15)
    assert pytest.approx(math.log1p(math.exp(-1.9 * s_1)), rel=1e-14) == f.E


@pytest.mark.parametrize("func", FUNCS)
@pytest.mark.parametrize("y_sum", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("seed", range(5))
def test_the_total_equals_the_complex_step(func, y_sum, seed):
    case = random_case(seed, y_sum)
    witness = gradcheck.complex_step(error(case, func), case[0])
    gradcheck.compare(scalar.gradient(*case, func), witness, tol=1e-12)


@pytest.mark.parametrize("func", FUNCS)
def test_the_total_equals_the_central_difference(func):
    case = random_case(11)
    gradcheck.check_gradient(lambda p: scalar.gradient(p, *case[1:], func), error(case, func), case[0])


@pytest.mark.parametrize("func", FUNCS)
def test_the_gradient_of_the_initial_state_equals_the_complex_step(func):
    params, x, s_init, y = random_case(12)
    witness = gradcheck.complex_step(lambda s: scalar.forward(params, x, s, y, func).E, s_init)
    assert scalar.backward(params, x, s_init, y, func).s_init == pytest.approx(witness, rel=1e-12)


@pytest.mark.parametrize("func", FUNCS)
@pytest.mark.parametrize("letter", ["u", "w", "k"])
@pytest.mark.parametrize("t", [0, 1])
def test_each_part_moves_one_copy_and_nothing_else(func, letter, t):
    """The immediate derivative, by a network in which the copies of the two steps are separate numbers."""
    params, x, s_init, y = random_case(13)
    squash, _ = scalar.activation(func)

    def with_copies(copies):
        u, w, k = (copies if name == letter else np.repeat(getattr(params, name), 2) for name in "uwk")
        s_0 = squash(x[0] * u[0] + s_init * w[0] + k[0])
        s_1 = squash(x[1] * u[1] + s_0 * w[1] + k[1])
        return scalar.cross_entropy_of_probabilities(losses.softmax(params.v * s_1), y)

    witness = gradcheck.complex_step(with_copies, np.repeat(getattr(params, letter), 2))
    part = getattr(scalar.gradient_by_step(params, x, s_init, y, func), letter)
    assert part[t] == pytest.approx(witness[t], rel=1e-12)


def test_sympy_finds_the_clean_formulas():
    u, w, k, x_0, x_1, s_before, v_0, v_1, y_0, y_1 = symbols = sympy.symbols("u w k x_0 x_1 s v_0 v_1 y_0 y_1")
    s_0 = sympy.tanh(x_0 * u + s_before * w + k)
    s_1 = sympy.tanh(x_1 * u + s_0 * w + k)
    q = [v_0 * s_1, v_1 * s_1]
    log_sum = sympy.log(sympy.exp(q[0]) + sympy.exp(q[1]))
    E = -y_0 * (q[0] - log_sum) - y_1 * (q[1] - log_sum)
    params, x, s_init, y = random_case(14)
    at = dict(zip(symbols, [params.u, params.w, params.k, *x, s_init, *params.v, *y], strict=True))
    ours = scalar.gradient(params, x, s_init, y)
    for letter, mine in [(u, ours.u), (w, ours.w), (k, ours.k), (v_0, ours.v[0]), (v_1, ours.v[1])]:
        assert mine == pytest.approx(float(sympy.diff(E, letter).subs(at)), rel=1e-12)


@pytest.mark.parametrize("func", FUNCS)
@pytest.mark.parametrize("y", [1.0, 0.0, 0.3])
def test_the_logistic_reading_is_two_classes_with_the_second_logit_zero(func, y):
    params, x, s_init, _ = random_case(15)
    one, two = params._replace(v=0.9), params._replace(v=np.array([0.9, 0.0]))
    pair = np.array([y, 1 - y])
    assert scalar.forward(one, x, s_init, y, func).E == pytest.approx(scalar.forward(two, x, s_init, pair, func).E)
    single, both = scalar.gradient(one, x, s_init, y, func), scalar.gradient(two, x, s_init, pair, func)
    gradcheck.compare(single, both._replace(v=both.v[0]), tol=1e-12)


def test_softmax_of_a_single_number_is_always_one():
    assert all(losses.softmax(np.array([q])) == 1.0 for q in (-30.0, 0.0, 0.8, 700.0))


def test_the_shortcut_fails_when_targets_do_not_sum_to_one():
    o, y = losses.softmax(np.array([0.2, -0.4])), np.array([0.3, 0.0])
    full = scalar.output_gradient(o, y)
    np.testing.assert_allclose(full, (-y / o) @ losses.softmax_jacobian(o), rtol=1e-14)
    assert np.max(np.abs(full - (o - y))) > 0.1


def test_the_softmax_jacobian_equals_the_complex_step():
    q = np.array([0.3, -1.2, 2.0])
    jacobian = [gradcheck.complex_step(lambda q, i=i: losses.softmax(q)[i], q) for i in range(3)]
    np.testing.assert_allclose(losses.softmax_jacobian(losses.softmax(q)), jacobian, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": np.ones(3)}, r"x has shape \(3,\), expected \(2,\)"),
        ({"y": 1.0}, r"y has shape \(\), expected \(2,\)"),
        ({"func": "relu"}, "func is 'relu', expected one of"),
        ({"params": scalar.Params(1.0, 1.0, np.ones(3), 0.0)}, r"v has shape \(3,\)"),
    ],
)
def test_bad_input_is_named(change, words):
    params, x, s_init, y = random_case(16)
    arguments = {"params": params, "x": x, "s_init": s_init, "y": y} | change
    with pytest.raises(ValueError, match=words):
        scalar.forward(**arguments)
    with pytest.raises(ValueError, match=words):
        scalar.backward(**arguments)
