"""What the tests of the grader share."""

import shutil

import pytest
from marking import SLUG
from nbgrader.apps import NbGraderAPI
from small_class import DUE, Class

from grading.course import class_at


@pytest.fixture(scope="session")
def fresh_gradebook(tmp_path_factory):
    """A gradebook that knows the exercise and no student, to be copied: nbgrader takes seconds to make one."""
    root = tmp_path_factory.mktemp("fresh")
    assert NbGraderAPI(config=class_at(root)).generate_assignment(SLUG, force=True, create=True)["success"]
    return root / "gradebook.db"


@pytest.fixture
def small_class(tmp_path, fresh_gradebook):
    """A class in which nobody has handed in anything, with a due date and a policy of two points for each day."""
    shutil.copy(fresh_gradebook, tmp_path)
    made = Class(tmp_path)
    made.config.LatePolicy.points_per_day = 2
    made.change(duedate=DUE)
    return made
