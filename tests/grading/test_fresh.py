"""An earlier mark is kept while all that it depends on is the same; each part alone makes it stale."""

import json
import shutil

import pytest
from conftest import needs
from marking import FAST, SLUG, copy_of_the_course, filled, hand_in
from nbgrader.api import Gradebook

from grading import answers_file, exercise, record
from grading.answers import solution
from grading.autograde import autograde
from grading.course import COURSE, class_at
from grading.execute import Settings

pytestmark = pytest.mark.pool


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A copy of the course, to be changed."""
    root = copy_of_the_course(tmp_path_factory.mktemp("course"))
    shutil.copytree(COURSE / "exercises" / SLUG, root / "exercises" / SLUG)
    return root


def digest_of(root, monkeypatch):
    monkeypatch.setattr(exercise, "COURSE", root)
    monkeypatch.setattr(exercise, "PROGRAM", root)
    monkeypatch.setattr(answers_file, "COURSE", root)
    for function in (exercise._code, exercise._load):
        function.cache_clear()
    try:
        return exercise.load(SLUG).digest
    finally:
        for function in (exercise._code, exercise._load):
            function.cache_clear()


CHANGES = {
    "a hidden test": (f"solutions/{SLUG}/{SLUG}.ipynb", "BEGIN HIDDEN TESTS", "BEGIN HIDDEN TESTS  # once more"),
    "the solution": (f"solutions/{SLUG}/{SLUG}.ipynb", "BEGIN SOLUTION", "BEGIN SOLUTION  # once more"),
    "a blank": (f"exercises/{SLUG}/{SLUG}.ipynb", "raise NotImplementedError", "raise NotImplementedError()"),
    "a known mistake": (f"solutions/{SLUG}/answers.toml", 'mistake = "', 'mistake = "once more, '),
    "the grader": ("grading/checks.py", "import", "import "),
    "rnnlib": ("rnnlib/scalar.py", "def ", "def  "),
}


@pytest.mark.parametrize("part", CHANGES)
def test_a_change_of_one_part_of_an_exercise_is_another_digest(part, elsewhere, monkeypatch):
    name, old, new = CHANGES[part]
    path = elsewhere / name
    before, text = digest_of(elsewhere, monkeypatch), path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    changed = digest_of(elsewhere, monkeypatch)
    path.write_text(text, encoding="utf-8")
    assert changed != before
    assert digest_of(elsewhere, monkeypatch) == before == exercise.load(SLUG).digest


def test_the_prose_of_the_course_and_its_other_exercises_are_no_part_of_it(elsewhere, monkeypatch):
    before = digest_of(elsewhere, monkeypatch)
    for name in (f"solutions/{SLUG}/{SLUG}.md", "solutions/t-steps/answers.toml", "_config.yml"):
        path = elsewhere / name
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert digest_of(elsewhere, monkeypatch) == before


def test_a_fingerprint_holds_the_submission_the_exercise_and_the_settings_but_no_seed():
    task, usual = exercise.load(SLUG), Settings(seed=1)
    mine = record.fingerprint("d", task, usual)
    assert record.fingerprint("d", task, usual._replace(seed=2)) == mine
    others = [
        record.fingerprint("e", task, usual),
        record.fingerprint("d", task._replace(digest="another"), usual),
        record.fingerprint("d", task, usual._replace(sandboxed=False)),
        record.fingerprint("d", task, usual._replace(call_seconds=5.0)),
    ]
    assert len({mine, *others}) == 5


@pytest.fixture
def config(tmp_path, fresh_gradebook):
    """The configuration of a class in which ada has handed in a right notebook."""
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    hand_in(tmp_path, "ada", json.dumps(filled(solution(SLUG).cells)))
    return class_at(tmp_path)


def is_kept(config, settings=FAST):
    (result,), _ = autograde(SLUG, config, settings)
    return result.kept


def test_what_ran_outside_the_sandbox_is_not_kept_by_a_run_inside_it(config):
    outside = FAST._replace(sandboxed=False)
    assert [is_kept(config, settings) for settings in (outside, outside, FAST, FAST)] == [False, True, False, True]


def test_a_copy_of_the_gradebook_that_is_put_back_is_marked_again(config, tmp_path):
    """The notebooks in autograded/ are then newer than the marks."""
    assert not is_kept(config)
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        book.find_grade("test-gradient", SLUG, SLUG, "ada").auto_score = 0.0
        book.db.commit()
    assert [is_kept(config), is_kept(config)] == [False, True]
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        assert book.find_submission(SLUG, "ada").score == 15
