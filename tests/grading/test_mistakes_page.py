"""The page of known mistakes says what answers.toml says."""

import pytest
from conftest import needs
from marking import FAST

from grading import mistakes_page
from grading.answers import known_answers
from grading.course import slugs

pytestmark = pytest.mark.pool


def test_the_page_is_up_to_date():
    assert mistakes_page.PAGE.read_text(encoding="utf-8") == mistakes_page.page(), "run `make mistakes`"


def test_the_page_names_every_wrong_answer():
    rows = [line for line in mistakes_page.page().splitlines() if line.startswith("| ")]
    wrong = sum(not answer.right for slug in slugs() for answer in known_answers(slug))
    assert len(rows) == wrong + len(slugs())


def test_the_matrix_tells_an_answer_that_does_not_lose_what_it_says(monkeypatch):
    needs("bwrap")
    answer = next(answer for answer in known_answers("two-step") if answer.name == "last-step-only")
    false = answer._replace(loses=("test-gradient",))
    monkeypatch.setattr(mistakes_page, "known_answers", lambda slug: [false])
    ((_, lost, _),) = mistakes_page.kill_matrix("two-step", FAST)
    assert lost == {"check-gradient", "test-gradient"} != set(false.loses)
