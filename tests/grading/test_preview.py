"""A dry run says what a new marking would do to each mark, does none of it, and the marking then does just that."""

import json
import shutil
from datetime import timedelta

import pytest
from conftest import needs
from marking import FAST, SLUG, added, changed, filled, hand_in
from nbgrader.api import Gradebook

from grading import commands, exercise, grade, notebooks, preview
from grading.answers import known_answers, solution
from grading.autograde import autograde
from grading.course import class_at

pytestmark = pytest.mark.pool

WRONG = next(answer for answer in known_answers(SLUG) if answer.name == "last-step-only")  # which fails test-gradient


@pytest.fixture
def config(tmp_path, fresh_gradebook):
    """A class of which ada, with a wrong gradient, and blaise are marked; blaise has a mark by hand."""
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    hand_in(tmp_path, "ada", json.dumps(filled(WRONG.cells)))
    hand_in(tmp_path, "blaise", json.dumps(filled(solution(SLUG).cells)))
    config = class_at(tmp_path)
    autograde(SLUG, config, FAST)
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        grade = book.find_grade("test-clean-u", SLUG, SLUG, "blaise")
        grade.manual_score, grade.extra_credit = 0.0, 0.5
        book.db.commit()
    return config


def teach(monkeypatch, task):
    """Let the exercise be another."""
    for module in (exercise, grade.exercise):
        monkeypatch.setattr(module, "load", lambda slug, language="en": task)
    monkeypatch.setattr(notebooks, "checked", lambda slug, *languages: task)


def files(root):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}


def previewed(config, **options):
    lines, found = preview.preview(SLUG, config, FAST._replace(seed=99), **options)
    return list(lines), {one.student: (one.now, one.then, one.tests) for one in found}


def test_an_exercise_that_is_as_it_was_changes_nothing(config):
    assert previewed(config) == ([], {"ada": (11, 11, {}), "blaise": (14.5, 14.5, {})})


def test_who_has_an_extension_and_no_mark_gains_none(config, tmp_path):
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        book.add_student("carl")
        book.add_submission(SLUG, "carl", extension=timedelta(days=1))
    hand_in(tmp_path, "carl", json.dumps(filled(solution(SLUG).cells)))
    assert previewed(config)[1]["carl"] == (None, 15, {})


def test_a_dry_run_says_what_the_marking_then_does_and_writes_nothing(config, tmp_path, monkeypatch, capsys):
    source = "assert callable(gradient)"
    task = added("test-new", source=source)
    easy = {"source": "pass", "points": 5, "grade_id": "test-all"}
    simpler = changed(test_gradient=dict(easy), test_clean_u=None)
    teach(monkeypatch, task)
    before = files(tmp_path)
    lines, found = previewed(config)
    assert lines == ["test-new: added, 2 points"]
    assert found == {"ada": (11, 13, {"test-new": (None, 2)}), "blaise": (14.5, 16.5, {"test-new": (None, 2)})}
    teach(monkeypatch, simpler)
    lines, found = previewed(config)
    assert "test-clean-u: dropped, 1 point; lost is what was given by hand: blaise (0, +0.5 extra)" in lines
    assert found["ada"][:2] == (11, 15)
    assert found["blaise"][:2] == (14.5, 16)
    assert files(tmp_path) == before
    monkeypatch.setattr(commands, "load_config", lambda: config)
    assert commands.main(["autograde", SLUG, "--dry-run", "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "2 submissions: 2 would gain points, 0 would lose some, 0 have no mark yet." in said
    assert files(tmp_path) == before
    results, _ = autograde(SLUG, config, FAST, agree=lambda *_: None)
    assert {result.student: result.points for result in results} == {"ada": 15, "blaise": 16}


def test_each_is_run_with_the_cases_of_its_last_marking_unless_a_seed_is_given(config, monkeypatch):
    real, seeds = grade.mark, []
    monkeypatch.setattr(grade, "mark", lambda job: seeds.append(job.settings.seed) or real(job))
    previewed(config)
    previewed(config, seed=5, students=["ada"])
    assert seeds == [FAST.seed, FAST.seed, 5]


def test_who_has_no_mark_yet_and_who_has_no_files_any_more_are_told_apart(config, tmp_path):
    hand_in(tmp_path, "carl", json.dumps(filled(solution(SLUG).cells)))
    shutil.rmtree(tmp_path / "submitted" / "ada")
    _, found = previewed(config)
    assert {student: one[:2] for student, one in found.items()} == {
        "ada": (11, None),
        "blaise": (14.5, 14.5),
        "carl": (None, 15),
    }


def test_where_nothing_is_marked_there_is_nothing_to_compare_and_no_gradebook_is_made(tmp_path, config):
    with pytest.raises(ValueError, match="nothing was handed in by zoe"):
        previewed(config, students=["zoe"])
    empty = class_at(tmp_path / "empty")
    with pytest.raises(ValueError, match="there is no gradebook"):
        previewed(empty)
    assert not (tmp_path / "empty" / "gradebook.db").exists()
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        book.find_assignment(SLUG).name = "another"
        book.db.commit()
    with pytest.raises(ValueError, match="has not been marked yet"):
        previewed(config)
