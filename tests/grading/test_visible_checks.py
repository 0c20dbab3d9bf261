"""The checks that a student runs in the notebook see what the text forbids, and not only what is quick to check."""

import pytest
from marking import said_by_checks, wrong_answers

from grading.answers import known_answers, solution
from grading.course import slugs
from grading.fingerprints import visible_checks as visible

pytestmark = pytest.mark.pool


def unseen(slug):
    return [answer for answer in wrong_answers(slug) if not set(answer.loses) & set(visible(slug))]


@pytest.mark.parametrize("slug", slugs())
def test_every_wrong_answer_is_seen_by_a_visible_check_that_it_is_said_to_lose(slug):
    missed = []
    for answer in wrong_answers(slug):
        labels = [label for label in visible(slug) if label in answer.loses]
        if labels and not any(said_by_checks(slug, answer, [label]) for label in labels):  # mostly the first sees it
            missed.append(answer.name)
    assert not missed


@pytest.mark.parametrize("slug", slugs())
def test_what_is_right_passes_every_visible_check(slug):
    right = [solution(slug), *(answer for answer in known_answers(slug) if answer.right)]
    assert not [answer.name for answer in right if said_by_checks(slug, answer, visible(slug))]


@pytest.mark.parametrize("slug", slugs())
def test_an_answer_that_no_visible_check_sees_says_why_and_no_other_does(slug):
    assert [answer.name for answer in unseen(slug)] == [
        answer.name for answer in wrong_answers(slug) if answer.hidden_only
    ]


def test_at_most_one_wrong_answer_in_ten_is_left_to_the_hidden_tests():
    assert sum(len(unseen(slug)) for slug in slugs()) <= sum(len(wrong_answers(slug)) for slug in slugs()) / 10
