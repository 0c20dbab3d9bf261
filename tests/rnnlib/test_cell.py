"""One step of the network against the whole sequence, and against the complex step."""

import numpy as np
import pytest
from cases import case

from rnnlib.cell import predict, predict_backward, step, step_backward
from rnnlib.gradcheck import compare, complex_step
from rnnlib.losses import cross_entropy, output_gradient
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


def test_predict_backward_is_the_complex_step_of_the_error_of_one_prediction():
    (params, _, s_t, y), _ = case(6)
    back = predict_backward(params, s_t, output_gradient(predict(params, s_t), y[0]))
    error = lambda V, c, s: cross_entropy(s @ V.T + c, y[0])  # noqa: E731
    compare(back.V, complex_step(lambda V: error(V, params.c, s_t), params.V), tol=1e-12, names=["dV"])
    compare(back.c, complex_step(lambda c: error(params.V, c, s_t), params.c), tol=1e-12, names=["dc"])
    compare(back.s_t, complex_step(lambda s: error(params.V, params.c, s), s_t), tol=1e-12, names=["ds_t"])


def test_an_unknown_function_is_named():
    (params, x, s_init, _), _ = case(5)
    with pytest.raises(ValueError, match="func is 'relu', expected one of"):
        step(params, x[0], s_init, "relu")
