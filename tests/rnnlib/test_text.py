import itertools
import re

import numpy as np
import pytest

from rnnlib import gru, lstm, rnn, sampling
from rnnlib.params import init_params
from rnnlib.sampling import sample
from rnnlib.text import ADJECTIVES, NOUNS, PLACES, VERBS, grammar_text, stream, vocabulary


def test_every_sentence_of_the_grammar_agrees_with_its_first_noun():
    text = grammar_text(np.random.default_rng(1), 400)
    lines = text.splitlines()
    number = {word: n for pair in NOUNS + VERBS for n, word in enumerate(pair)}
    phrase = rf"the (?:(?:{'|'.join(ADJECTIVES)}) )?(\w+)"
    pattern = rf"{phrase}(?: (?:{'|'.join(PLACES)}) {phrase})* (\w+)\."
    matches = [re.fullmatch(pattern, line) for line in lines]
    assert len(lines) == 400
    assert all(matches)
    assert all(number[match[1]] == number[match[3]] for match in matches)
    attracted = [match for match in matches if match[2] and number[match[2]] != number[match[1]]]
    assert len(attracted) > 30  # a noun of the other number in between: this is what must be remembered past


def test_the_same_seed_writes_the_same_text_and_another_seed_another():
    one, same, other = (grammar_text(np.random.default_rng(seed), 20) for seed in (2, 2, 3))
    assert one == same
    assert one != other


def test_decoding_undoes_encoding():
    vocab = vocabulary("hello\n")
    assert vocab.characters == "\nehlo"
    assert vocab.decode(vocab.encode("hole\nhell")) == "hole\nhell"
    assert vocab.encode("oh").tolist() == [4, 2]


def test_characters_and_tokens_outside_the_vocabulary_are_refused():
    vocab = vocabulary("abc")
    with pytest.raises(ValueError, match="text holds 'x' at position 2"):
        vocab.encode("abxc")
    with pytest.raises(ValueError, match="tokens reach from -1 to 3, expected 0 to 2"):
        vocab.decode([0, 3, -1])
    with pytest.raises(ValueError, match="text is empty"):
        vocabulary("")


def test_a_pass_reads_every_lane_once_in_order_and_the_target_is_the_next_token():
    tokens, T, B = np.arange(47), 4, 3  # lanes of 15: three batches of 4, and 2 left
    batches = list(itertools.islice(stream(tokens, T, B), 4))
    assert [batch.carry for batch in batches] == [False, True, True, False]
    x, y = (np.concatenate([batch[i] for batch in batches[:3]]) for i in (0, 1))
    for lane in range(B):
        assert np.array_equal(x[:, lane], 15 * lane + np.arange(12))
    assert np.array_equal(y, x + 1)
    assert np.array_equal(batches[3].x, batches[0].x)


@pytest.mark.parametrize("n", [10, 11])
def test_the_shortest_text_is_one_batch(n):
    batch = next(stream(np.arange(n), 4, 2))
    assert np.array_equal(batch.y, batch.x + 1)
    assert batch.x.shape == (4, 2)


@pytest.mark.parametrize("first", [0, 1, 5, 9])
def test_a_stream_can_begin_at_any_batch(first):
    tokens = np.random.default_rng(4).integers(6, size=58)
    whole = itertools.islice(stream(tokens, 5, 2), first, first + 7)
    for a, b in zip(whole, stream(tokens, 5, 2, first=first), strict=False):
        assert np.array_equal(a.x, b.x)
        assert np.array_equal(a.y, b.y)
        assert a.carry == b.carry


def test_a_stream_of_bad_tokens_is_refused_when_it_is_made():
    for tokens, message in [
        (np.arange(9), r"tokens holds 9, expected at least B \* \(T \+ 1\) = 10"),
        (np.arange(50.0), "dtype float64, expected int"),
        (np.ones((50, 1), int), r"shape \(50, 1\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            stream(tokens, 4, 2)
    with pytest.raises(ValueError, match="T is 0 and B is 2"):
        stream(np.arange(50), 0, 2)
    with pytest.raises(ValueError, match="first is -1"):
        stream(np.arange(50), 4, 2, first=-1)


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
