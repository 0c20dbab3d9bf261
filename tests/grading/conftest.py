"""What the tests of the grader share."""

import pytest
from marking import SLUG
from nbgrader.apps import NbGraderAPI

from grading.course import class_at


@pytest.fixture(scope="session")
def fresh_gradebook(tmp_path_factory):
    """A gradebook that knows the exercise and no student, to be copied: nbgrader takes seconds to make one."""
    root = tmp_path_factory.mktemp("fresh")
    assert NbGraderAPI(config=class_at(root)).generate_assignment(SLUG, force=True, create=True)["success"]
    return root / "gradebook.db"
