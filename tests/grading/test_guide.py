"""The guide says of every known mistake what it costs, how it looks, what to ask, and where the book explains it."""

import pytest

from grading import commands, exercise, feedback, guide
from grading.answers import known_answers
from grading.course import COURSE, slugs

pytestmark = pytest.mark.pool


def answer(slug, name):
    return next(each for each in known_answers(slug) if each.name == name)


@pytest.mark.parametrize("slug", slugs())
def test_the_guide_holds_every_mistake_and_the_sections_of_the_book(slug, monkeypatch, capsys):
    monkeypatch.setattr(guide, "looks", lambda slug, answer: f"seen: {answer.name}")
    assert commands.main(["guide", slug]) == 0
    said = capsys.readouterr().out
    for each in known_answers(slug):
        assert each.right or f"\n- Looks like: seen: {each.name}\n- Ask: " in said
        assert each.right or f"\n### {each.mistake}\n" in said
        assert each.ask in said
    for chapter, title in exercise.load(slug).sections.values():
        assert f'In the book: {chapter}.html, "{title}".' in said
        page = (COURSE / "book" / f"{chapter}.md").read_text(encoding="utf-8")
        assert feedback.anchor(title) in [
            feedback.anchor(line.lstrip("# ")) for line in page.splitlines() if "#" in line
        ]


def test_a_mistake_looks_as_the_check_of_the_notebook_says():
    seen = guide.looks("two-step", answer("two-step", "target-minus-prediction"))
    assert seen.startswith("output_gradient: dE_dq is wrong in 2 of 2 entries")


def test_of_a_mistake_that_no_visible_check_sees_the_guide_says_why():
    slug, hidden = next((slug, each) for slug in slugs() for each in known_answers(slug) if each.hidden_only)
    assert guide.looks(slug, hidden) == f"no check of the notebook sees it: {hidden.hidden_only}"


def test_no_exercise_of_that_name_is_an_error(capsys):
    assert commands.main(["guide", "tow-step"]) == 2
    assert "there is no exercise 'tow-step'; there are " in capsys.readouterr().err
