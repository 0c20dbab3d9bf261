"""The pages of known mistakes say what answers.toml says."""

import re

import pytest
from conftest import needs
from marking import FAST

from grading import commands, mistakes_page
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


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Runs `python -m grading mistakes` on a book of its own; returns the status, what was written, what was said."""
    monkeypatch.setattr(mistakes_page, "PAGE", tmp_path / "mistakes.md")
    monkeypatch.setattr(mistakes_page, "OF_EXERCISES", tmp_path / "mistakes")
    monkeypatch.setattr(commands, "COURSE", tmp_path)
    monkeypatch.setattr(commands, "LOG", tmp_path / "grading.log")
    monkeypatch.setattr(commands.sandbox, "ensure_available", lambda: None)
    (tmp_path / "mistakes").mkdir()
    for name in ("t-steps", "two-step", "gone"):
        (tmp_path / "mistakes" / f"{name}.md").write_text("old")

    def run(marked, *arguments):
        monkeypatch.setattr(mistakes_page, "kill_matrix", marked)
        status = commands.main(["mistakes", *arguments])
        texts = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "mistakes").iterdir()}
        said = capsys.readouterr()
        return status, {name for name, text in texts.items() if text != "old"}, texts, said.out + said.err

    return run


def as_it_says(slug, settings, workers):
    return [(answer, set(answer.lost), set(answer.follows)) for answer in known_answers(slug)]


def test_one_exercise_is_proved_alone_and_only_its_page_is_written(command):
    asked = []
    status, written, texts, said = command(lambda *call: asked.append(call[0]) or as_it_says(*call), "two-step")
    assert (status, asked, written) == (0, ["two-step"], {"two-step"})
    assert set(texts) == {"t-steps", "two-step"}  # the page of an exercise that is no more is gone
    assert texts["two-step"] == mistakes_page.pages()[mistakes_page.OF_EXERCISES / "two-step.md"]
    assert said.splitlines()[-1] == "Written: mistakes.md, mistakes/two-step.md."


def test_no_page_is_written_while_an_answer_does_not_lose_what_it_says(command):
    def one_loses_nothing(*call):
        (answer, *_), *others = as_it_says(*call)
        return [(answer, set(), set()), *others]

    status, written, texts, said = command(one_loses_nothing, "two-step")
    assert (status, written, len(texts)) == (1, set(), 3)
    assert "These do not lose what answers.toml says: two-step: target-minus-prediction" in said


def test_an_exercise_that_there_is_not_is_told_before_anything_is_marked(command):
    status, written, _, said = command(lambda *call: 1 / 0, "two-step", "two-stepp")
    assert (status, written) == (2, set())
    assert "there is no exercise 'two-stepp'; there are bptt-loops" in said
