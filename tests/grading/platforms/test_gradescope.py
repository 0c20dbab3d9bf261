"""The autograder for Gradescope marks as a class is marked, behind the highest wall that its machine allows."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest
from attacks import ATTACKS, CANARY, FULL, KNOWN, RIGHT, write
from conftest import give_up, needs
from marking import SLUG, filled, hidden_lines, mark

from grading import commands, feedback
from grading import exercise as exercises
from grading.answers import known_answers
from grading.course import slugs
from grading.platforms import gradescope

pytestmark = pytest.mark.pool

PACKAGES = str(Path(numpy.__file__).parents[1])
OTHER = "nobody"  # in the place of the user whom setup.sh adds
BY_NAME = {attack.name: attack for attack in ATTACKS}
CHOSEN = ("always-equal-array", "hidden-tests", "import-the-grader", "network-tcp", "fork-bomb")
MISTAKES = ("message-without-w", "numeric-gradient")
# A test tells what a function raises, and so would tell what it has read.
READER = (
    "def output_gradient(o, y):\n    try: text = open('{}/source/course/{}').read()\n"
    "    except OSError as error: text = type(error).__name__\n    raise RuntimeError(text[:1000])"
)

# It starts a program in new namespaces, and can mount nothing there, as in some containers.
BROKEN = """#!/bin/sh
case "$*" in *"--ro-bind / / true") exit 0;; esac
echo cannot mount proc >&2
exit 1
"""


class Machine:
    """A copy of the folders that Gradescope makes, and what it starts for a submission."""

    def __init__(self, folder, wall):
        self.root, self.wall = folder / "autograder", wall
        self.python, self.path, self.packages = sys.executable, os.environ["PATH"], ""
        if wall != "bubblewrap":
            broken = folder / "broken" / "bwrap"
            broken.parent.mkdir()
            broken.write_text(BROKEN)
            broken.chmod(0o755)
            self.path = f"{broken.parent}{os.pathsep}{self.path}"
        if wall == "another user":
            self.python, self.packages = python_for_all(), PACKAGES
        for name in ("submission", "results"):
            (self.root / name).mkdir(parents=True)

    def install(self, path):
        needs("unzip")  # as there, with the modes of the files
        subprocess.run(["unzip", "-q", path, "-d", self.root / "source"], check=True)

    def submit(self, cells):
        self.submit_text(json.dumps(filled(cells)))

    def submit_text(self, text, name="my work.ipynb"):
        folder = self.root / "submission"
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")

    def run(self, user=OTHER):
        """Start run_autograder; return its exit status, what it printed, and results.json, or None."""
        changes = {"AUTOGRADER": str(self.root), "GRADER_PYTHON": self.python, "GRADER_USER": user, "PATH": self.path}
        done = subprocess.run(
            [self.root / "source" / "run_autograder"],
            env=os.environ | changes | {"PYTHONPATH": self.packages, "GRADER_SECRET": CANARY},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=200,
        )
        path = self.root / "results" / "results.json"
        read = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        return SimpleNamespace(status=done.returncode, said=done.stdout + done.stderr, results=read)


def python_for_all():
    """A Python that every user can start; the environment's own may lie in a home."""
    if os.geteuid() != 0:
        give_up("needs root, to start a process as another user")
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for path in (os.path.realpath(sys.executable), f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        command = ["setpriv", "--reuid", OTHER, "--clear-groups", path, "-S", "-c", "import sys; sys.path.append"]
        command[-1] += f"({PACKAGES!r}); import numpy"
        if subprocess.run(command, capture_output=True).returncode == 0:
            return path
    return pytest.skip(f"no {name} of this machine can be started by another user")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "autograder.zip"
    gradescope.write(path, SLUG)
    return path


@pytest.fixture(scope="module", params=["bubblewrap", "another user"])
def machine(request, tmp_path_factory, archive):
    needs("bwrap")
    made = Machine(tmp_path_factory.mktemp("machine"), request.param)
    made.install(archive)
    return made


def test_the_zip_holds_the_answers_of_this_exercise_and_of_no_other(tmp_path, capsys):
    path = tmp_path / "a.zip"
    assert commands.main(["gradescope", SLUG, "--output", str(path)]) == 0
    assert "show it to no student" in capsys.readouterr().out
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        modes = {name: archive.getinfo(name).external_attr >> 16 & 0o777 for name in names}
    assert {"setup.sh", "run_autograder", f"course/solutions/{SLUG}/{SLUG}.ipynb"} <= set(names)
    assert not [name for name in names for slug in slugs() if slug != SLUG and f"/{slug}/" in name]
    assert not [name for name in names if "__pycache__" in name or name.startswith(("course/tests", "course/book"))]
    assert {name for name, mode in modes.items() if mode == 0o700} == {"setup.sh", "run_autograder"}
    assert not [name for name, mode in modes.items() if mode & 0o077]  # nobody but root can read them
    assert path.stat().st_mode & 0o077 == 0


def test_the_same_sources_give_the_same_zip(tmp_path, archive):
    gradescope.write(tmp_path / "again.zip", SLUG)
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_the_scripts_are_bash(machine):
    for name in ("setup.sh", "run_autograder"):
        checked = subprocess.run(["bash", "-n", machine.root / "source" / name], capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_right_answer_has_all_points_and_the_results_say_which_wall_stood(machine):
    machine.submit(RIGHT)
    results = machine.run().results
    assert results["score"] == sum(test["max_score"] for test in results["tests"]) == FULL
    assert {test["status"] for test in results["tests"]} == {"passed"}
    assert results["extra_data"]["wall"] == machine.wall
    assert ("in a sandbox" in results["output"]) == (machine.wall == "bubblewrap")
    assert ("as a user who can read neither" in results["output"]) == (machine.wall == "another user")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_known_mistake_costs_what_it_costs_in_a_class_and_is_named(machine, name, tmp_path):
    (answer,) = [answer for answer in known_answers(SLUG) if answer.name == name]
    machine.submit(answer.cells)
    results = machine.run().results
    in_class = feedback.results(mark(filled(answer.cells), tmp_path), exercises.load(SLUG))
    assert results["score"] == in_class.points < FULL
    tests = [(test["score"], test["max_score"]) for test in results["tests"]]
    assert tests == [(check.points, check.most) for part in in_class.parts for check in part.checks]
    told = [test["output"] for test in results["tests"] if test["status"] == "failed"]
    assert any(f"{answer.mistake}.\n{answer.hint}" in text for text in told)


def test_every_test_is_named_by_its_part_and_hidden_ones_are_shown_when_that_was_asked_for(machine):
    machine.submit(RIGHT)
    tests = machine.run().results["tests"]
    assert tests[0]["name"] == "1. The output gradient: The check of output_gradient in the notebook"
    assert len({test["name"] for test in tests}) == len(tests)
    shown = {test["name"].partition(": ")[2].startswith("The check of"): test["visibility"] for test in tests}
    assert shown == {True: "visible", False: "after_published"}


@pytest.mark.parametrize("name", CHOSEN)
def test_an_attack_gets_the_mark_it_deserves(machine, name, tmp_path):
    attack, folder = BY_NAME[name], machine.root / "submission"
    (tmp_path / "secret").write_text(CANARY)
    shutil.rmtree(folder)
    write(attack, folder, {"HOME": tmp_path, "COURSE": machine.root / "source" / "course", "PORT": 9})
    results = machine.run().results
    assert results["score"] == attack.points, attack.why
    assert CANARY not in json.dumps(results)


@pytest.mark.parametrize("file", [f"solutions/{SLUG}/{SLUG}.ipynb", "grading/checks.py", "../run_autograder"])
def test_neither_tests_nor_answers_can_be_read(machine, file):
    machine.submit(RIGHT | {"output-gradient": READER.format(machine.root, file)})
    told = machine.run().results["tests"][1]["output"]
    assert "RuntimeError: PermissionError" in told or "RuntimeError: FileNotFoundError" in told


def test_no_socket_and_no_process_can_be_made(machine):
    source = "def output_gradient(o, y):\n    import os, socket\n    seen = []\n"
    for call in ("socket.socket()", "os.fork()"):
        source += f"    try: {call}\n    except OSError as error: seen.append(type(error).__name__)\n"
    machine.submit(RIGHT | {"output-gradient": f"{source}    raise RuntimeError(f'seen: {{seen}}')"})
    assert "seen: ['PermissionError', 'PermissionError']" in machine.run().results["tests"][1]["output"]


def test_a_submission_that_cannot_be_read_has_no_points_and_the_reason(machine):
    machine.submit_text('{"cells": [', f"{SLUG}.ipynb")
    results = machine.run().results
    assert (results["score"], {test["score"] for test in results["tests"]}) == (0, {0})
    assert results["output"].startswith("Nothing was marked: ")
    assert f"{SLUG}.ipynb" in results["output"]


def test_without_a_wall_nothing_is_marked_and_no_results_are_left(tmp_path, archive):
    machine = Machine(tmp_path, "none")
    machine.install(archive)
    machine.submit(RIGHT)
    (machine.root / "results" / "results.json").write_text("{}")  # of an earlier run
    done = machine.run(user="no-such-user")
    assert (done.status, done.results) == (2, None)
    assert "nothing would keep students' code from the tests" in done.said
    assert "cannot mount proc" in done.said


def test_on_trust_the_code_reads_the_answers_and_the_results_say_so(tmp_path):
    gradescope.write(tmp_path / "a.zip", SLUG, trust=True)
    machine = Machine(tmp_path, "none")
    machine.install(tmp_path / "a.zip")
    machine.submit(RIGHT | {"output-gradient": READER.format(machine.root, f"solutions/{SLUG}/{SLUG}.ipynb")})
    results = machine.run(user="no-such-user").results
    assert results["extra_data"]["wall"] == "none"
    assert "could have read the tests and the answers" in results["output"]
    assert '"cells"' in results["tests"][1]["output"]  # what the walls above keep from it


def test_another_user_who_can_read_the_course_is_no_wall(archive):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # all folders above it are open
        os.chmod(folder, 0o755)
        machine = Machine(Path(folder), "another user")
        machine.install(archive)
        machine.submit(RIGHT)
        script = machine.root / "source" / "run_autograder"
        script.write_text(script.read_text().replace("chmod 700", "chmod 755"))
        for path in (machine.root / "source", *(machine.root / "source").rglob("*")):
            path.chmod(0o755)
        done = machine.run()
    assert (done.status, done.results) == (2, None)
    assert "can read the course" in done.said


def test_nothing_but_the_core_is_imported_there(machine):
    look = "import sys, grading.platforms.gradescope; print({m.split('.')[0] for m in sys.modules} & {*sys.argv[1:]})"
    done = subprocess.run(
        [sys.executable, "-c", look, "nbgrader", "nbformat", "sqlalchemy", "jupytext", "rich", "yaml"],
        cwd=machine.root / "source" / "course",
        env=os.environ | {"PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_no_hidden_line_stands_in_what_students_see(machine):
    machine.submit({label: "" for label in KNOWN[MISTAKES[0]]})
    shown = json.dumps(machine.run().results)
    assert not [line for line in hidden_lines(SLUG) if line in shown]
