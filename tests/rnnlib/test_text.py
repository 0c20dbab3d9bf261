"""A text becomes tokens and batches, and nothing of it is lost or read twice."""

import itertools
import re

import numpy as np
import pytest

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
