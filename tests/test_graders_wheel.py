"""The grader that is installed by itself, as on a JupyterHub: it holds no exercise, and finds a course folder."""

import os
import subprocess
import sys
import tomllib
import zipfile

import pytest
import students_wheel
from hatchling.builders.wheel import WheelBuilder
from marking import hidden_lines

from grading.answers import solution
from grading.course import COURSE, slugs
from grading.exercise import _code

WHAT = (
    "from grading import course, exercise; print(course.PROGRAM, course.COURSE, exercise._code(), len(course.slugs()))"
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of packages with the grader's wheel and the students'."""
    wheels = tmp_path_factory.mktemp("wheels")
    students_wheel.build(wheels)
    list(WheelBuilder(str(COURSE / "grading")).build(directory=str(wheels), versions=["standard"]))
    packages = tmp_path_factory.mktemp("packages")
    for path in wheels.glob("*.whl"):
        zipfile.ZipFile(path).extractall(packages)
    return packages


@pytest.fixture
def course(tmp_path):
    """A folder that has exercises and settings, and no grader."""
    folder = tmp_path / "course"
    folder.mkdir()
    for house in ("solutions", "exercises", "nbgrader_config.py", "_config.yml"):
        (folder / house).symlink_to(COURSE / house)
    return folder


def run(installed, folder, *command, **setting):
    """What a command of the installed grader says, given in a folder, and its exit status."""
    clean = {name: value for name, value in os.environ.items() if name != "BPTT_COURSE"}
    environment = clean | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"} | setting
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    return f"{done.stdout} {done.stderr}", done.returncode


def test_neither_wheel_holds_a_solution_or_a_hidden_test(installed):
    text = "\n".join(path.read_text(encoding="utf-8") for path in installed.rglob("*") if path.is_file())
    hidden = [line for slug in slugs() for line in hidden_lines(slug) if len(line) > 30]  # and not an import alone
    assert len(hidden) > 100
    assert [line for line in hidden if line in text] == []
    cells = [source for slug in slugs() for source in solution(slug).cells.values()]
    assert len(cells) > 40
    assert [source for source in cells if source in text] == []
    others = [path.relative_to(installed) for path in installed.rglob("*") if path.suffix in (".ipynb", ".toml", ".md")]
    assert [path.as_posix() for path in others] == ["rnnlib/pyproject.toml"]


def test_the_grader_is_the_one_of_the_clone_file_by_file_so_that_marks_of_the_one_hold_for_the_other(installed, course):
    said, status = run(installed, course, "-c", WHAT)
    assert status == 0, said
    program, found, code, exercises = said.split()
    assert [program, found, int(exercises)] == [str(installed), str(course), len(slugs())]
    assert code == _code()


@pytest.mark.pool
def test_it_knows_the_notebooks_of_every_language_for_what_their_texts_give_so_that_it_marks_by_them(installed, course):
    said, status = run(
        installed, course, "-c", "from grading import course, notebooks; print(*map(notebooks.checked, course.slugs()))"
    )
    assert status == 0, said
    assert said.count("Exercise(") == len(slugs())


def test_the_course_folder_is_the_nearest_one_upwards(installed, course):
    (course / "submitted" / "ada").mkdir(parents=True)
    said, _ = run(installed, course / "submitted" / "ada", "-c", WHAT)
    assert said.split()[1] == str(course)


def test_the_course_folder_is_the_one_that_is_named(installed, course, tmp_path):
    said, _ = run(installed, tmp_path, "-c", WHAT, BPTT_COURSE=str(course))
    assert said.split()[1] == str(course)


@pytest.mark.parametrize("setting", [{}, {"BPTT_COURSE": "/nowhere"}])
@pytest.mark.parametrize("command", ["status", "doctor"])
def test_without_a_course_folder_a_command_says_so_in_one_line_and_writes_nothing(
    installed, tmp_path, setting, command
):
    before = sorted(installed.rglob("*"))
    said, status = run(installed, tmp_path, "-m", "grading", command, **setting)
    assert status != 0
    assert len(said.strip().splitlines()) == 1
    assert "there is no course folder, with solutions/ in it: " in said
    assert ("/nowhere" in said) == bool(setting)
    assert sorted(installed.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_it_asks_for_what_the_clone_asks_for_and_the_students_wheel():
    clone, alone = (
        tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        for path in (COURSE / "pyproject.toml", COURSE / "grading" / "pyproject.toml")
    )
    asked = [*clone["dependencies"], *clone["optional-dependencies"]["grading"]]
    assert sorted(alone["dependencies"]) == sorted(["bptt-rnnlib", *asked])
    assert alone["requires-python"] == clone["requires-python"]
