"""What the tests share."""

import os
import shutil

import pytest


def needs(tool):
    """The path of a program of the system; a test without it is skipped, but fails in CI, where nothing is missing."""
    path = shutil.which(tool)
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"needs {tool}: run `make system`")
    return path
