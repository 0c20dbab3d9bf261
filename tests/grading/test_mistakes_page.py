"""The pages of known mistakes say what answers.toml says."""

import re

import pytest
from conftest import needs
from marking import FAST

from grading import mistakes_page
from grading.answers import known_answers
from grading.course import slugs

pytestmark = pytest.mark.pool


def test_the_pages_are_up_to_date_and_there_are_no_others():
    paths = [mistakes_page.PAGE, *mistakes_page.OF_EXERCISES.iterdir()]
    found = {path: path.read_text(encoding="utf-8") for path in paths}
    assert found == mistakes_page.pages(), "run `make mistakes`"


def test_the_pages_name_every_wrong_answer_once_below_what_it_costs():
    pages = mistakes_page.pages()
    for slug in slugs():
        text = pages[mistakes_page.OF_EXERCISES / f"{slug}.md"]
        rows = [
            line
            for line in text.splitlines()
            if line.startswith("| ") and line != "| mistake | hint | question to ask |"
        ]
        wrong = [answer for answer in known_answers(slug) if not answer.right]
        assert len(rows) == len(wrong)
        for answer in wrong:
            blocks = [
                block for block in text.split("\nCosts ") if f"| {mistakes_page._literal(answer.mistake)} |" in block
            ]
            said = [re.findall(r"`([\w-]+)`", block.split("\n")[0].split("but keeps")[0]) for block in blocks]
            assert list(answer.lost) in said


def test_every_mistake_of_the_first_exercises_has_a_question_without_a_formula():
    for slug in ("two-step", "t-steps", "cell"):
        asked = [answer.ask for answer in known_answers(slug) if not answer.right]
        assert sum(map(bool, asked)) > 0.95 * len(asked)
        assert not [ask for ask in asked if ask and (not ask.endswith("?") or re.search(r"[=*^{}\\]", ask))]
        page = mistakes_page.pages()[mistakes_page.OF_EXERCISES / f"{slug}.md"]
        assert all(f"| {mistakes_page._literal(ask or mistakes_page.DEFAULT)} |" in page for ask in asked)


def test_the_search_passes_over_the_pages():
    assert all(text.startswith("---\nnosearch: true\n---\n") for text in mistakes_page.pages().values())


def test_the_matrix_tells_an_answer_that_does_not_lose_what_it_says(monkeypatch):
    needs("bwrap")
    answer = next(answer for answer in known_answers("two-step") if answer.name == "last-step-only")
    false = answer._replace(loses=("test-gradient",))
    monkeypatch.setattr(mistakes_page, "known_answers", lambda slug: [false])
    ((_, lost, _),) = mistakes_page.kill_matrix("two-step", FAST)
    assert lost == {"check-gradient", "test-gradient"} != set(false.loses)
