import numpy as np
import pytest
from cases import case

from rnnlib.cell import predict, step, step_backward
from rnnlib.gradcheck import compare, complex_step
from rnnlib.rnn import forward


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_steps_in_a_row_are_the_forward_pass(func):
    (params, x, s_init, _), _ = case(1)
    fwd = forward(params, x, s_init, func=func)
    s = s_init
    for t in range(len(x)):
        s = step(params, x[t], s, func)
        np.testing.assert_allclose(s, fwd.s[t], rtol=1e-13)
        np.testing.assert_allclose(predict(params, s), fwd.yhat[t], rtol=1e-13)


def test_a_step_of_one_sequence_needs_no_batch_axis():
    (params, x, s_init, _), _ = case(2)
    np.testing.assert_allclose(step(params, x[0, 1], s_init[1]), step(params, x[0], s_init)[1], rtol=1e-14)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_step_backward_is_the_complex_step_of_any_linear_reading_of_the_state(func):
    (params, x, s_init, _), rng = case(3)
    ds = rng.standard_normal(s_init.shape)
    ds.flags.writeable = False
    back = step_backward(params, x[0], s_init, step(params, x[0], s_init, func), ds, func)
    steps = {
        "U": complex_step(lambda U: np.sum(ds * step(params._replace(U=U), x[0], s_init, func)), params.U),
        "W": complex_step(lambda W: np.sum(ds * step(params._replace(W=W), x[0], s_init, func)), params.W),
        "b": complex_step(lambda b: np.sum(ds * step(params._replace(b=b), x[0], s_init, func)), params.b),
        "x": complex_step(lambda at: np.sum(ds * step(params, at, s_init, func)), x[0]),
        "s_prev": complex_step(lambda at: np.sum(ds * step(params, x[0], at, func)), s_init),
    }
    assert set(steps) == set(back._fields)
    for name, reference in steps.items():
        compare(getattr(back, name), reference, tol=1e-12, names=[f"d{name}"])


def test_step_backward_is_linear_in_the_gradient_from_above():
    (params, x, s_init, _), rng = case(4)
    s = step(params, x[0], s_init)
    ds = rng.standard_normal(s.shape)
    once, hundredfold = (step_backward(params, x[0], s_init, s, k * ds) for k in (1.0, 100.0))
    for a, b in zip(once, hundredfold, strict=True):
        np.testing.assert_allclose(100 * a, b, rtol=1e-12)


def test_an_unknown_function_is_named():
    (params, x, s_init, _), _ = case(5)
    with pytest.raises(ValueError, match="func is 'relu', expected one of"):
        step(params, x[0], s_init, "relu")
