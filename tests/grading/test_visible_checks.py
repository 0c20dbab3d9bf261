"""The checks that a student runs in the notebook see what the text forbids, and not only what is quick to check.

That each known answer fails the checks which it is said to lose, and a right one none, is in test_known_mistakes.py.
"""

import pytest

from grading.answers import known_answers
from grading.course import slugs
from grading.fingerprints import visible_checks as visible


def wrong(slug):
    return [answer for answer in known_answers(slug) if not answer.right]


def unseen(slug):
    return [answer for answer in wrong(slug) if not set(answer.loses) & set(visible(slug))]


@pytest.mark.parametrize("slug", slugs())
def test_an_answer_that_no_visible_check_sees_says_why_and_no_other_does(slug):
    assert [answer.name for answer in unseen(slug)] == [answer.name for answer in wrong(slug) if answer.hidden_only]


def test_at_most_one_wrong_answer_in_ten_is_left_to_the_hidden_tests():
    assert sum(len(unseen(slug)) for slug in slugs()) <= sum(len(wrong(slug)) for slug in slugs()) / 10
