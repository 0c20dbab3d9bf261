"""What marks a notebook needs numpy, Jinja2 and Python itself, so that a browser can mark one as well."""

import json
import subprocess
import sys

import pytest
from marking import SLUG, filled

from grading.answers import known_answers
from grading.course import COURSE

ALLOWED = {*sys.stdlib_module_names, "numpy", "jinja2", "markupsafe", "rnnlib", "grading"}
# What starts and confines processes, which a browser cannot do, and modules that Pyodide's Python does not have.
ABSENT = {"grading.sandbox", "grading.seccomp", "grading.student_process", "grading.usage", "fcntl", "resource"}

MARK = """
import json, sys

allowed, absent, path = json.loads(sys.argv[1])

class Elsewhere:
    def find_spec(self, name, path=None, target=None):
        if name in absent or name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{name} is not here", name=name)

for name in absent:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Elsewhere())

from dataclasses import asdict

from grading import feedback, intake, mine
from grading.bench import OwnBench
from grading.execute import Settings

cells, notes, digest = intake.read_notebook(path)
submission = intake.Submission(tuple(cells), tuple(notes), "", digest)
found = mine.mark(mine.exercise_of(cells), submission, Settings(1, sandboxed=False), bench=OwnBench)
print(json.dumps(asdict(found)))
print(feedback.page(found, for_yourself=True))
"""


def run(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=COURSE, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def wrong(tmp_path):
    """A known wrong answer, and a notebook that holds it."""
    answer = next(answer for answer in known_answers(SLUG) if answer.name == "message-without-w")
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps(filled(answer.cells)), encoding="utf-8")
    return answer, path


def test_marking_naming_and_the_page_of_feedback_import_numpy_and_jinja_alone(wrong):
    answer, path = wrong
    data, page = run(MARK, json.dumps([sorted(ALLOWED), sorted(ABSENT), str(path)])).split("\n", 1)
    (mistake,) = json.loads(data)["mistakes"]
    assert mistake["told"] == f"This is what you get when {answer.mistake}."
    assert f"{mistake['told']}</h3>" in page


@pytest.mark.pool
def test_no_command_builds_a_grammar_for_a_format_that_no_notebook_has():
    code = "import grading.commands, sys; print('nbgrader' in sys.modules, 'lark' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True, timeout=120)
    assert shown.stdout == "True False\n"
