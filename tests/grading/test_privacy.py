"""What a class brings is seen by nobody else: not in git, not by other users, and feedback tells no place of files."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs
from marking import FAST, SLUG, copy_of_the_course, filled, hand_in, mark, run

from grading import exercise, feedback, intake
from grading.answers import solution
from grading.course import COURSE

ANSWERS = solution(SLUG).cells
OF_A_CLASS = [
    "grades.csv",
    "grades-two-step.csv",
    "roster.csv",
    "downloaded/two-step/archive/class.zip",
    "class.zip",
    "submitted/ada/two-step/two-step.ipynb",
    "submitted/ada/two-step/timestamp.txt",
    "autograded/ada/two-step/two-step.ipynb",
    "autograded/.two-step.lock",
    "feedback/ada/two-step/two-step.html",
    "feedback.zip",
    "exports/canvas.csv",
    "backups/gradebook.db",
    "gradebook.db",
    "gradebook.db-journal",
    "gradebook.db.2026-11-26",
    "gradebook-2026-11-26.db",
    "_build/report/index.html",
    "_build/grading.log",
    ".nbgrader.log",
    "autograde.log",
    "exercises/two-step/two-step-feedback.html",
]
# Each says in its own way where Python or a package of it lies.
KINDS = {
    "a syntax error": "def output_gradient(yhat, y:\n    return 1",
    "a syntax error in what is read": "import ast\ndef output_gradient(*a):\n    return ast.literal_eval('1 +')",
    "a traceback through Python": "import json\ndef output_gradient(*a):\n    return json.loads('{')",
    "a traceback through numpy": "def output_gradient(*a):\n    return np.linalg.inv(np.zeros((2, 2)))",
    "a warning": "import warnings\ndef output_gradient(*a):\n    warnings.warn('old')\n    return np.ones(1) / 0",
    "a print": "import sys\ndef output_gradient(*a):\n    print(np.__file__, sys.path, sys.executable)",
    "what is returned": "import os\ndef output_gradient(*a):\n    return os.__file__",
}
OWN = "import sys, json, traceback, warnings\nprint(json.__file__, sys.path, np.__file__)\nwarnings.warn('x')\n"
OWN += "traceback.print_stack(file=sys.stdout)\njson.loads('{')"


def git(*command):
    return subprocess.run(["git", *command], cwd=COURSE, capture_output=True, text=True).stdout.splitlines()


def test_git_is_offered_nothing_that_a_class_brings():
    assert git("check-ignore", *OF_A_CLASS) == OF_A_CLASS


def test_git_ignores_no_file_of_the_course():
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []
    assert git("check-ignore", "exercises/new/new.ipynb", "solutions/new/new.md", "book/new.csv") == []


@pytest.mark.pool
@pytest.mark.parametrize("sandboxed", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_feedback_tells_no_place_of_the_graders_machine(kind, sandboxed, tmp_path):
    needs("bwrap")
    notebook = filled(ANSWERS | {"output-gradient": KINDS[kind]})
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": OWN, "id": "x"})
    done = mark(notebook, tmp_path, FAST._replace(sandboxed=sandboxed))
    assert "/json/__init__.py" in json.dumps(done)
    page = feedback.page(feedback.results(done, exercise.load(SLUG)))
    assert ".../" in page
    places = {COURSE, Path.home(), *map(Path, (sys.prefix, sys.base_prefix))} - {Path("/usr"), Path("/usr/local")}
    assert [place for place in places if f"{place}/" in page] == []


def test_what_students_wrote_and_drew_is_shown_as_it_is():
    cells = [{"source": f"open('{COURSE}/x')", "figures": [f"iVBOR{COURSE}/"], "texts": [f"{COURSE}/x and {COURSE}s"]}]
    shown = feedback.without_places({"cells": cells, "points": 1.0})
    assert shown == {"cells": [cells[0] | {"texts": [f".../x and {COURSE}s"]}], "points": 1.0}


def test_a_hand_in_that_cannot_be_read_is_said_without_its_place(tmp_path, monkeypatch):
    folder = hand_in(tmp_path, "ada", "{}")

    def refused(*_):
        raise PermissionError(13, "Permission denied", str(folder / "two-step.ipynb"))

    monkeypatch.setattr(intake, "read_notebook", refused)
    assert intake.read_folder(folder, SLUG).problem == "what was handed in cannot be read: Permission denied"


@pytest.mark.pool
def test_what_the_commands_make_is_its_owners_alone_whatever_the_umask(tmp_path):
    needs("bwrap")
    root = copy_of_the_course(tmp_path)
    (root / "exercises" / SLUG).mkdir(parents=True)
    (root / "exercises" / SLUG / f"{SLUG}.ipynb").write_bytes(
        (COURSE / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes()
    )
    hand_in(root, "ada", json.dumps(filled(ANSWERS)))
    before = set(root.rglob("*"))
    commands = [
        f"python -m grading autograde {SLUG} --workers 1",
        f"nbgrader generate_feedback {SLUG}",
        "nbgrader export",
        "python -m grading autograde nonsense",  # which leaves a log
    ]
    done = run(root, "sh", "-c", f"umask 0; {'; '.join(commands)}")
    made = [path.relative_to(root) for path in root.rglob("*") if path not in before]
    made = [path for path in made if "__pycache__" not in path.parts and path.parts[0] not in (".cache", ".config")]
    made = {str(path): stat.filemode((root / path).stat().st_mode) for path in made}
    expected = {"gradebook.db", "grades.csv", "_build/grading.log", "_build/report/index.html"}
    expected |= {f"autograded/ada/{SLUG}/{SLUG}.ipynb", f"feedback/ada/{SLUG}/{SLUG}.html"}
    assert expected <= made.keys(), done.stdout + done.stderr
    assert {path: mode for path, mode in made.items() if not mode.endswith("------")} == {}
