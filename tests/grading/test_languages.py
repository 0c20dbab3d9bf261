"""Exercises in other languages: the same marks, and what is said of them in the language of the notebook."""

import contextlib
import io
import json
import string

import pytest
from marking import FAST, SLUG, filled, submission

from grading import catalogues, exercise, feedback, release, translation, transplant
from grading.answers import known_answers, solution
from grading.bench import OwnBench
from grading.course import COURSE, LANGUAGES, slugs
from grading.execute import execute
from rnnlib import words

MARK = "译"  # what stands before each text in a language that is English but for that


class Translated(dict):
    """A table in which every text is translated, by MARK."""

    def get(self, text, default=None):
        return MARK + text


@pytest.fixture
def in_another(monkeypatch):
    """An exercise in a language in which every text begins with MARK, as it would be built and loaded."""
    monkeypatch.setattr(words, "_table", lambda language, name: Translated())
    task = exercise.load(SLUG)
    notebook, released = (
        translation.notebook(original, lambda text: MARK + text)
        for original in (task.notebook, exercise.read(exercise.release_of(SLUG)))
    )
    texts = {exercise.grade_id(cell): cell["source"] for cell in released["cells"] if exercise.grade_id(cell)}
    return task._replace(notebook=notebook, released=texts, language="xx")


def two_mistakes():
    """The answer cells of somebody with two known mistakes in two parts."""
    right, found = solution(SLUG).cells, {}
    for answer in known_answers(SLUG):
        changed = [label for label in right if answer.cells[label] != right[label]]
        if not answer.right and len(changed) == 1 and not answer.hidden_only:
            found.setdefault(changed[0], answer)
    first, *_, last = found.values()
    return {label: (first if first.cells[label] != right[label] else last).cells[label] for label in right}


def marked(task, cells, folder):
    notebook = filled(cells)
    if task.language != words.ENGLISH:
        notebook = translation.notebook(notebook, lambda text: MARK + text)
    return execute(transplant.rebuild(task, submission(notebook, folder)), task, FAST, OwnBench)


def points(notebook, task):
    found = feedback.results(notebook, task)
    return {check.label: (check.points, check.state) for part in found.parts for check in part.checks}


def test_two_known_mistakes_cost_the_same_in_both_languages_and_are_named_in_that_of_the_notebook(in_another, tmp_path):
    cells = two_mistakes()
    english, other = exercise.load(SLUG), in_another
    there, here = marked(english, cells, tmp_path), marked(other, cells, tmp_path)
    assert points(here, other) == points(there, english)
    assert 0 < sum(given for given, _ in points(here, other).values()) < other.points
    assert here["metadata"]["grading"]["mistakes"] == there["metadata"]["grading"]["mistakes"]
    told = [mistake.told for mistake in feedback.results(here, other).mistakes]
    assert len(told) == 2
    assert all(sentence.startswith(f"{MARK}This is what you get when {MARK}") for sentence in told)
    usual = [mistake.told for mistake in feedback.results(there, english).mistakes]
    assert [sentence.replace(MARK, "") for sentence in told] == usual
    page = feedback.page(feedback.results(here, other))
    assert '<html lang="xx">' in page
    assert f"<h2>{MARK}The parts</h2>" in page
    assert MARK not in feedback.page(feedback.results(there, english))


def test_a_translated_solution_gets_all_points_and_nothing_unusual_is_noted(in_another, tmp_path):
    done = marked(in_another, solution(SLUG).cells, tmp_path)
    found = feedback.results(done, in_another)
    assert (found.points, found.notes, found.costs) == (in_another.points, [], [])


@pytest.mark.parametrize("slug", slugs())
def test_a_notebook_without_translations_is_the_english_one(slug):
    for path in (exercise.source_of(slug), exercise.release_of(slug)):
        original = exercise.read(path)
        assert translation.notebook(original, lambda text: text) == original


@pytest.mark.parametrize("slug", slugs())
def test_a_translation_changes_no_code(slug):
    """Every text in another language leaves the same statements, but for texts, as the Python that runs."""
    original = exercise.read(exercise.source_of(slug))
    made = translation.notebook(original, lambda text: MARK + text)
    for old, new in zip(original["cells"], made["cells"], strict=True):
        if old["cell_type"] == "code":
            assert new["source"].count("\n### BEGIN") == old["source"].count("\n### BEGIN")
            assert _without_texts(new["source"]) == _without_texts(old["source"])


def _without_texts(source):
    import ast

    class Texts(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Constant("") if isinstance(node.value, str) else node

        def visit_JoinedStr(self, node):
            return ast.Constant("")

    return ast.dump(Texts().visit(ast.parse(source)))


def test_a_submission_tells_its_language_by_its_set_up_whatever_became_of_its_metadata(tmp_path):
    for language in LANGUAGES:
        notebook = exercise.read(exercise.release_of(SLUG, language))
        notebook["metadata"] = {}
        for cell in notebook["cells"]:
            cell["metadata"] = {}
        assert submission(notebook, tmp_path).language == language
    assert submission(exercise.read(exercise.release_of(SLUG)), tmp_path).language == words.ENGLISH


def test_a_notebook_of_another_language_that_was_not_filled_in_is_unchanged(tmp_path):
    for language in LANGUAGES:
        task = exercise.load(SLUG, language)
        rebuilt = transplant.rebuild(task, submission(exercise.read(exercise.release_of(SLUG, language)), tmp_path))
        assert [cell["source"] for cell in rebuilt["cells"]] == [cell["source"] for cell in task.notebook["cells"]]
        assert exercise.language_of_marked(rebuilt) == language
        assert exercise.load(SLUG).digest == task.digest


@pytest.mark.parametrize("address", ["", "https://course.example/"])
def test_what_a_release_adds_to_a_set_up_is_taken_off_in_every_language(address, monkeypatch):
    monkeypatch.setattr(words, "_table", lambda language, name: Translated())
    english = f"{release.library(address)}import numpy as np\n\nx = 1{release.hints(SLUG)}"
    made = release.in_language(english, "import numpy as np\n\nx = 2", "xx", SLUG, address)
    assert made.count(MARK) == (5 if address else 6)
    assert release.bare(made) == "import numpy as np\n\nx = 2"
    assert release.bare(english) == "import numpy as np\n\nx = 1"


def test_the_checks_of_a_notebook_speak_its_language(monkeypatch):
    monkeypatch.setattr(words, "_table", lambda language, name: Translated())
    space, printed = {"__name__": "__main__", "LANGUAGE": "xx"}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(
            "from rnnlib import exercise\ndef check_sum():\n    yield exercise.Claim('', 3, 2)\n"
            "def check_nothing():\n    pass\nexercise.progress(check_sum, check_nothing)\nexercise.run(check_nothing)",
            space,
        )
        with pytest.raises(AssertionError, match=f"{MARK}{MARK}the result is wrong"):
            exec("exercise.run(check_sum)", space)
    assert printed.getvalue().splitlines() == [
        f"sum: {MARK}not right yet",
        f"nothing: {MARK}right",
        f"nothing: {MARK}right",
    ]
    assert words.LANGUAGE.get() == words.ENGLISH


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogues_hold_what_there_is_to_translate_and_nothing_else(language):
    for slug in slugs():
        held = {message.id for message in catalogues.read(catalogues.path(slug, language), language) if message.id}
        assert held == set(catalogues.texts(slug)), f"{slug}: run `make catalogues`"
    held = {message.id for message in catalogues.read(catalogues.path("", language), language) if message.id}
    assert held == set(catalogues.messages()), "run `make catalogues`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_that_are_looked_up_are_those_of_the_catalogues(language, tmp_path):
    catalogues.write_tables(language, tmp_path)
    for made in (tmp_path / language).iterdir():
        committed = COURSE / "rnnlib" / "locale" / language / made.name
        assert json.loads(made.read_text("utf-8")) == json.loads(committed.read_text("utf-8")), "run `make catalogues`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_has_the_same_values_put_in_in_every_language(language):
    for text, said in catalogues.translations(catalogues.path("", language), language).items():
        assert sorted(_values(said)) == sorted(_values(text)), text


def _values(template):
    """How the values of a template are shown; in which order they come is each language's own."""
    return [
        (conversion or "", shown)
        for _, name, shown, conversion in string.Formatter().parse(template)
        if name is not None
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_called_is_said_at_the_end_in_every_language(language):
    """By that the page of feedback knows it."""
    known = catalogues.translations(catalogues.path("", language), language)
    assert known.get("in the call {}", "{}").endswith("{}")
