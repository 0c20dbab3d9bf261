"""The sample class shows what comes in, and nothing is left of an earlier one."""

import json

import pytest
from house import OWN

from grading import commands
from grading.answers import known_answers
from grading.gradebook import Result
from grading.sample_class import submissions, write_class

pytestmark = pytest.mark.pool


@pytest.mark.parametrize("slug", OWN)
def test_a_class_has_right_wrong_unfinished_and_broken_submissions(slug):
    class_ = submissions(slug)
    assert len(class_) >= 8
    assert sum(student.startswith("right") for student in class_) >= 2
    assert sum(student.startswith("wrong") for student in class_) >= 3
    contents = {student: content for student, (_, content) in class_.items()}
    assert contents["untouched"] != contents["half-done"] != contents["right"]
    assert "while True: pass" in contents["infinite-loop"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(contents["corrupt-file"])


def test_a_new_class_replaces_the_old_one(tmp_path):
    old = tmp_path / "somebody" / "two-step"
    old.mkdir(parents=True)
    write_class("two-step", tmp_path)
    assert not old.exists()
    assert (tmp_path / "renamed-notebook" / "two-step" / "two-step (1).ipynb").is_file()


def result(student, points, problem="", mistakes=()):
    """The Result of a student, with `points` of 15; a named mistake may cost several tests."""
    named = {f"test-{number}": name for number, name in enumerate(mistakes)}
    failed = () if points == 15 else ("test-0", "test-1")
    return Result(student, points, 15, failed, problem, (), (), named, 0.1)


MISTAKE, OTHER = (answer for answer in known_answers("two-step") if answer.name in ("returns-nan", "returns-float32"))
RESULTS = [
    result("ada", 15),
    result("blaise", 5, mistakes=[MISTAKE.name, MISTAKE.name]),
    result("carl", 3, mistakes=[MISTAKE.name, OTHER.name]),
    result("dora", 6),
    result("emil", 0, problem="two-step.ipynb is not a notebook"),
]


def test_a_class_is_summed_up_with_the_most_frequent_mistake_first():
    assert commands.summary("two-step", RESULTS[::-1]) == (
        "two-step: 5 submissions, 1 right, 1 unreadable. "
        f"Mistakes named: 2, among them: {MISTAKE.mistake}; {OTHER.mistake}."
    )


def test_a_class_without_named_mistakes_is_summed_up_too():
    assert commands.summary("two-step", RESULTS[:1]).endswith(
        "1 submissions, 1 right, 0 unreadable. Mistakes named: none."
    )


def test_the_table_has_one_line_per_student_which_names_each_mistake_once(capsys):
    commands.print_results("two-step", RESULTS)
    printed = capsys.readouterr().out
    (blaise,) = [line for line in printed.splitlines() if "blaise" in line]
    assert "5/15" in blaise
    assert blaise.count(MISTAKE.mistake) == 1
    assert "tests failed: 2" in printed
    assert "two-step.ipynb is not a notebook" in printed
