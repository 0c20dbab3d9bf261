"""What the grader knows of an exercise is read from its notebooks, of each as often as there is need."""

import pytest
from marking import SLUG

from grading import exercise
from grading.course import LANGUAGES
from rnnlib.words import ENGLISH


@pytest.fixture
def anew():
    """Whatever was loaded before is forgotten, and so is what the test loads."""
    exercise._load.cache_clear()
    yield
    exercise._load.cache_clear()


@pytest.mark.parametrize("language", [ENGLISH, *LANGUAGES])
def test_each_notebook_of_an_exercise_is_read_once(language, anew, monkeypatch):
    real, read = exercise.read, []
    monkeypatch.setattr(exercise, "read", lambda path: read.append(path) or real(path))
    task = exercise.load(SLUG, language)
    assert len(read) == len(set(read)) == 2 * (1 + len(LANGUAGES))
    assert exercise.load(SLUG, language) is task
    assert len(read) == len(set(read))


def test_an_exercise_has_one_digest_in_all_languages(anew):
    assert {exercise.load(SLUG, language).digest for language in LANGUAGES} == {exercise.load(SLUG).digest}
