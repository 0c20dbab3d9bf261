"""What the tests of the platforms share."""

import shutil

import pytest


@pytest.fixture
def root(marked, tmp_path):
    """A copy of the class that the fixture `marked` of a test file has made, to be changed."""
    return shutil.copytree(marked, tmp_path / "class")
