"""A unit that follows a property of the text is found, with its sign."""

import numpy as np
import pytest

from book.experiments import units


def test_a_unit_that_is_a_mark_is_found_and_its_sign_is_told():
    rng = np.random.default_rng(4)
    text, fresh = (
        'He said "no".\nAnd then a longer line: two parts, "one" and another.\n',
        'Say "yes" now, or "no".\nSo.\n',
    )
    states, fresh_states = (rng.normal(size=(len(t), 5)) for t in (text, fresh))
    states[:, 3] = -units.marks(text)["inside quotation marks"]
    fresh_states[:, 3] = -units.marks(fresh)["inside quotation marks"]
    found = units.match(states, text, fresh_states, fresh)["inside quotation marks"]
    assert found.unit == 3
    assert found.correlation == pytest.approx(-1)
    assert found.fresh == pytest.approx(-1)


def test_marks_of_a_small_text():
    marks = units.marks('ab "c\nd')
    assert marks["letters of the word so far"].tolist() == [1, 2, 0, 0, 1, 0, 1]
    assert marks["inside quotation marks"].tolist() == [0, 0, 0, 1, 1, 0, 0]


def test_a_unit_that_only_shows_the_current_character_matches_nothing():
    text = 'A "small" text, with words of one to seven letters.'
    states = np.array([[ord(character) / 100, character.isalpha()] for character in text], dtype=float)
    assert np.corrcoef(states[:, 1], units.marks(text)["letters of the word so far"])[0, 1] > 0.5
    found = units.match(states, text, states, text)
    assert all(match.correlation == match.fresh == 0 for match in found.values())


def test_what_the_character_decides_is_taken_away_and_what_it_does_not_decide_is_left():
    values = np.array([[1.0, 5.0], [3.0, 5.0], [7.0, 2.0]])
    assert units.beyond_the_character(values, "aab").tolist() == [[-1, 0], [1, 0], [0, 0]]


def test_a_unit_that_never_moves_matches_nothing():
    text = "one two. three"
    found = units.match(np.ones((len(text), 2)), text, np.ones((len(text), 2)), text)
    assert all(match.correlation == 0 for match in found.values())


def test_states_of_another_length_are_refused():
    with pytest.raises(ValueError, match="states has 2 rows, expected 3"):
        units.match(np.ones((2, 4)), "abc", np.ones((3, 4)), "abc")
