"""The sample class shows what comes in, and nothing is left of an earlier one."""

import json

import pytest

from grading.course import slugs
from grading.sample_class import submissions, write_class


@pytest.mark.parametrize("slug", slugs())
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
