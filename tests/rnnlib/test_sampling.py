"""A model continues a prompt with the tokens that its tempered probabilities and the draws say."""

import itertools

import numpy as np
import pytest

from rnnlib import gru, lstm, rnn, sampling
from rnnlib.params import init_params
from rnnlib.sampling import sample


@pytest.mark.parametrize(("model", "pair"), [(rnn, ()), (lstm, (2,)), (gru, ())])
def test_sampling_one_token_at_a_time_is_predicting_the_whole_sequence(model, pair):
    rng = np.random.default_rng(5)
    params = (init_params if model is rnn else model.init_params)(rng, 6, 4, 6)
    s_init = rng.standard_normal((*pair, 1, 4))
    prompt, seen = np.array([3, 1, 4]), []

    def forward(params, x, s):
        fwd = model.forward(params, x, s)
        seen.append(fwd.yhat[-1, 0])
        return fwd

    drawn = sample(rng, forward, params, s_init, prompt, 8)
    whole = model.forward(params, np.concatenate([prompt, drawn])[:, None], s_init).yhat[:, 0]
    assert drawn.shape == (8,)
    assert np.allclose(seen, whole[2:-1], rtol=1e-12)


@pytest.mark.parametrize(("model", "pair"), [(rnn, ()), (lstm, (2,)), (gru, ())])
def test_the_first_drawn_token_follows_the_whole_prompt(model, pair):
    rng = np.random.default_rng(11)
    params = (init_params if model is rnn else model.init_params)(rng, 6, 4, 6)
    params = params._replace(U=3 * params.U, V=3 * params.V)  # the last token decides
    s_init = rng.standard_normal((*pair, 1, 4))
    for prompt in itertools.permutations(range(6), 3):
        likeliest = sample(rng, model.forward, params, s_init, prompt, 1, temperature=1e-4)
        assert likeliest == model.forward(params, np.array(prompt)[:, None], s_init).yhat[-1, 0].argmax()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tokens_are_drawn_as_often_as_the_tempered_probabilities_say(temperature):
    rng = np.random.default_rng(6)
    params = init_params(rng, 4, 3, 4)
    params = params._replace(W=0 * params.W, U=0 * params.U)  # every step predicts the same
    s_init = np.zeros((1, 3))
    p = rnn.forward(params, np.array([[0]]), s_init).yhat[0, 0]
    drawn = sample(rng, rnn.forward, params, s_init, [0], 4000, temperature=temperature)
    expected = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
    # 4 standard deviations of a count
    assert np.allclose(np.bincount(drawn, minlength=4) / 4000, expected, rtol=0, atol=4 * np.sqrt(0.25 / 4000))


def test_a_very_low_temperature_takes_the_likeliest_token_even_beside_probabilities_of_zero():
    params = init_params(np.random.default_rng(7), 3, 2, 3)
    params = params._replace(V=0 * params.V, c=np.array([0.0, 2000.0, 1999.0]))
    drawn = sample(np.random.default_rng(8), rnn.forward, params, np.zeros((1, 2)), [0], 20, temperature=1e-3)
    assert drawn.tolist() == [1] * 20


def test_the_same_generator_state_draws_the_same_text():
    params = init_params(np.random.default_rng(9), 5, 4, 5)
    one, same = (sample(np.random.default_rng(10), rnn.forward, params, np.zeros((1, 4)), [2], 30) for _ in range(2))
    assert np.array_equal(one, same)


def test_an_empty_prompt_and_a_temperature_of_zero_are_refused():
    params, rng = init_params(np.random.default_rng(9), 5, 4, 5), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"prompt has shape \(0,\)"):
        sample(rng, rnn.forward, params, np.zeros((1, 4)), [], 3)
    for temperature in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="expected a positive number"):
            sample(rng, rnn.forward, params, np.zeros((1, 4)), [1], 3, temperature=temperature)


def test_a_draw_picks_the_token_at_which_the_probabilities_added_up_exceed_it():
    def forward(params, x, s):
        yhat = np.tile([0.2, 0.3, 0.5], (len(x), 1, 1))
        return rnn.Forward(np.zeros((len(x) + 1, 1, 2)), None, None, yhat, None)

    draws = [0.0, 0.1999, 0.2001, 0.4999, 0.5001, 0.9999]
    assert sampling.continuation(forward, None, None, [0], draws).tolist() == [0, 0, 1, 1, 2, 2]
    assert sampling.tempered([0.8, 0.2], 0.5) == pytest.approx([16 / 17, 1 / 17])


@pytest.mark.parametrize("temperature", [0.01, 1.0, 300.0])
def test_a_token_of_probability_zero_is_never_drawn_however_high_the_temperature(temperature):
    assert sampling.tempered([0.0, 0.6, 0.4], temperature)[0] == 0.0
