"""The order of the tests, and who runs them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHARING = """
import os, pathlib, pytest

@pytest.fixture(scope="module")
def course():
    with open(pathlib.Path(__file__).with_suffix(".made"), "a") as made:
        made.write("x")

@pytest.mark.parametrize("number", range(20))
def test_shares(course, number): pass
"""


@pytest.mark.pool
def test_tests_that_share_a_fixture_run_in_one_process_which_makes_it_once(tmp_path):
    shutil.copy(HERE.parent / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "browser.py"):
        shutil.copy(HERE / name, tmp_path / "tests")
    for name in ("test_one", "test_other"):
        (tmp_path / "tests" / f"{name}.py").write_text(SHARING)
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "40 passed" in done.stdout, done.stdout
    assert [path.read_text() for path in sorted(tmp_path.glob("tests/*.made"))] == ["x", "x"]
