"""What must hold for the LSTM and the GRU alike. Shapes all differ, and the state before the first step is not 0."""

import numpy as np
import pytest
from cases import gated_case

from rnnlib import gru, lstm
from rnnlib.gradcheck import central_difference, compare, complex_step
from rnnlib.params import Params

MODELS = [pytest.param(lstm, id="lstm"), pytest.param(gru, id="gru")]
SHAPES = [(6, 3, 5, 4, 2), (1, 2, 3, 5, 4), (8, 1, 2, 3, 6), (2, 5, 1, 2, 3)]  # T, B, D, H, K
NAMES = ["dU", "dW", "dV", "db", "dc", "dx", "ds_init"]
pytestmark = pytest.mark.parametrize("model", MODELS)


def draw(model, rng, T, B, D, H, K):
    """Parameters, x, s_init, y and weights, of which about a third are 0."""
    weights = np.where(rng.random((T, B)) < 0.3, 0, rng.uniform(0.2, 2, (T, B)))
    weights[-1, 0] = 1.5
    return *gated_case(model, rng, T, B, D, H, K), weights


def error(model, y, **options):
    """E as a function of one flat point (U, W, V, b, c, x, s_init)."""
    return lambda at: model.forward(Params(*at[:5]), at[5], at[6], y, **options).E


def gradient(model, params, x, s_init, y, **options):
    fwd = model.forward(params, x, s_init, y, **options)
    back = model.backward(params, x, y, fwd, **options)
    return (*back.gradient, back.x, back.s_init)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_every_gradient_equals_the_complex_step(model, shape, reduction, masked, soft):
    rng = np.random.default_rng(11)
    params, x, s_init, y, weights = draw(model, rng, *shape)
    y = rng.random((*y.shape, shape[-1])) if soft else y  # these do not sum to 1
    options = {"weights": weights if masked else None, "reduction": reduction}
    reference = complex_step(error(model, y, **options), (*params, x, s_init))
    compare(gradient(model, params, x, s_init, y, **options), reference, 1e-12, NAMES)


def test_every_gradient_equals_the_central_difference(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(12), 5, 3, 2, 4, 6)
    reference = central_difference(error(model, y, weights=weights), (*params, x, s_init))
    compare(gradient(model, params, x, s_init, y, weights=weights), reference, 1e-8, NAMES)


def test_tokens_give_what_their_one_hot_rows_give_repeated_ones_too(model):
    T, B, D, H, K = 7, 4, 3, 5, 2
    rng = np.random.default_rng(13)
    params, _, s_init, y, weights = draw(model, rng, T, B, D, H, K)
    tokens = rng.integers(D - 1, size=(T, B))  # the last token never occurs
    by_token, by_row = (
        model.loss_and_gradient(params, x, s_init, y, weights=weights) for x in (tokens, np.eye(D)[tokens])
    )
    assert by_token[0] == pytest.approx(by_row[0], rel=1e-14)
    compare(by_token[1].gradient, by_row[1].gradient, 1e-13)
    assert by_token[1].x is None
    assert np.all(by_token[1].gradient.U[:, -1] == 0)


def test_padding_is_never_looked_at_even_if_it_is_nan(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(14), 8, 3, 5, 4, 2)
    weights[:] = 1
    weights[5:, 1] = 0
    clean = gradient(model, params, x, s_init, y, weights=weights)
    x[5:, 1], y[5:, 1] = np.nan, -7
    poisoned = gradient(model, params, x, s_init, y, weights=weights)
    compare(poisoned, clean, 1e-15, NAMES)
    assert np.all(poisoned[5][5:, 1] == 0)
    assert np.isfinite(model.forward(params, x, s_init, y, weights=weights).E)


def test_many_to_one_is_weight_on_the_last_step_alone(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(15), 6, 4, 3, 5, 2)
    weights[:] = 0
    weights[-1] = 1
    compare(
        gradient(model, params, x, s_init, y[-1]), gradient(model, params, x, s_init, y, weights=weights), 1e-15, NAMES
    )


def test_two_halves_give_the_whole_when_the_second_hands_its_gradient_to_the_first(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(16), 9, 3, 5, 4, 2)
    weights[-1] = 1  # no padding, so that a cut changes none
    weights[3] = 1
    whole = gradient(model, params, x, s_init, y, weights=weights)
    first, last = slice(0, 4), slice(4, 9)
    early = model.forward(params, x[first], s_init, y[first], weights=weights[first])
    late = model.forward(params, x[last], early.states[-1], y[last], weights=weights[last])
    back = model.backward(params, x[last], y[last], late, weights=weights[last])
    front = model.backward(params, x[first], y[first], early, weights=weights[first], ds_last=back.s_init)
    summed = [a + b for a, b in zip(front.gradient, back.gradient, strict=True)]
    compare((*summed, np.concatenate([front.x, back.x]), front.s_init), whole, 1e-13, NAMES)


def test_with_a_sum_the_gradient_of_a_batch_is_the_sum_over_its_sequences(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(17), 5, 4, 3, 6, 2)
    options = {"reduction": "sum"}
    whole = model.loss_and_gradient(params, x, s_init, y, weights=weights, **options)
    parts = [
        model.loss_and_gradient(
            params,
            x[:, n : n + 1],
            s_init[..., n : n + 1, :],
            y[:, n : n + 1],
            weights=weights[:, n : n + 1],
            **options,
        )
        for n in range(4)
    ]
    assert whole[0] == pytest.approx(sum(part[0] for part in parts), rel=1e-14)
    compare(
        tuple(whole[1].gradient), tuple(sum(part[1].gradient[i] for part in parts) for i in range(5)), 1e-13, NAMES[:5]
    )
    assert np.allclose(whole[2], np.concatenate([part[2] for part in parts], axis=-2), rtol=1e-14)


def test_nothing_is_changed_in_place_and_a_second_call_gives_the_same(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(18), 6, 3, 2, 5, 4)
    fwd = model.forward(params, x, s_init, y, weights=weights)
    for array in (*params, x, s_init, y, weights, *(a for a in fwd if isinstance(a, np.ndarray))):
        array.flags.writeable = False
    once, twice = (model.backward(params, x, y, fwd, weights=weights) for _ in range(2))
    E, back, s_last = model.loss_and_gradient(params, x, s_init, y, weights=weights)
    for a, b, c in zip(
        (*once.gradient, *once[1:]), (*twice.gradient, *twice[1:]), (*back.gradient, *back[1:]), strict=True
    ):
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)
    assert E == fwd.E
    assert np.array_equal(s_last, fwd.states[-1])


def test_float32_in_gives_float32_out_close_to_float64(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(19), 6, 3, 5, 4, 2)
    exact = gradient(model, params, x, s_init, y, weights=weights)
    small = [array.astype(np.float32) for array in (*params, x, s_init)]
    rounded = gradient(model, Params(*small[:5]), small[5], small[6], y, weights=weights.astype(np.float32))
    assert {array.dtype for array in rounded} == {np.dtype(np.float32)}
    compare(tuple(array.astype(float) for array in rounded), exact, 1e-5, NAMES)


def test_without_targets_there_are_predictions_but_no_error(model):
    params, x, s_init, y, _ = draw(model, np.random.default_rng(20), 6, 3, 5, 4, 2)
    fwd = model.forward(params, x, s_init)
    assert fwd.E is None
    assert np.array_equal(fwd.yhat, model.forward(params, x, s_init, y).yhat)
    assert np.allclose(fwd.yhat.sum(axis=-1), 1, rtol=0, atol=1e-15)


def test_bad_input_gets_one_message_that_names_the_argument(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(21), 6, 3, 5, 4, 2)
    G = len(params.b) // 4
    fwd = model.forward(params, x, s_init, y)
    wrong = [
        (rf"^W has shape \(4, 4\), expected \({G}\*H, H\)", {"params": params._replace(W=params.W[:4])}),
        (rf"^b has shape \(4,\), expected \({4 * G},\)", {"params": params._replace(b=params.b[:4])}),
        (r"^U\[0, 2\] is nan", {"params": params._replace(U=np.where(np.arange(5) == 2, np.nan, params.U))}),
        (r"^x has shape \(6, 3, 4\)", {"x": x[..., :4]}),
        (r"^x has shape \(0, 3, 5\), expected at least one step", {"x": x[:0], "y": y[:0]}),
        (r"^s_init has shape .*, expected .*3, 4\)", {"s_init": s_init[..., :2, :]}),
        (r"^y holds 2, expected labels from 0 to 1", {"y": y + 1 + (y == 0)}),
        (r"^weights have shape \(5, 3\)", {"weights": weights[1:]}),
        (r"^reduction is 'max'", {"reduction": "max"}),
    ]
    good = {"params": params, "x": x, "s_init": s_init, "y": y}
    for message, change in wrong:
        with pytest.raises(ValueError, match=message):
            model.forward(**(good | change))
    with pytest.raises(ValueError, match=r"^fwd holds s of shape \(6, 3, 4\), expected \(5, 3, 4\)"):
        model.backward(params, x[1:], y[1:], fwd)
    with pytest.raises(ValueError, match=r"^ds_last has shape \(4,\), expected .*3, 4\)"):
        model.backward(params, x, y, fwd, ds_last=np.ones(4))


def test_a_size_below_one_is_refused(model):
    with pytest.raises(ValueError, match="H is 0, expected at least 1"):
        model.init_params(np.random.default_rng(0), 3, 0, 2)


def test_a_weight_of_zero_leaves_the_state_as_it_is(model):
    params, x, s_init, y, weights = draw(model, np.random.default_rng(15), 5, 3, 2, 4, 6)
    weights[2:, 1] = 0
    ours, plain = model.forward(params, x, s_init, y, weights=weights), model.forward(params, x, s_init, y)
    np.testing.assert_array_equal(ours.s, plain.s)
