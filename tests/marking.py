"""Submissions for the tests of the grader, made from the release notebook and marked as the grader does."""

import contextlib
import copy
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
from nbgrader.apps import NbGraderApp
from nbgrader.apps.baseapp import NbGrader

from grading import exercise, fingerprints, intake, transplant
from grading.answers import known_answers, solution
from grading.bench import Bench
from grading.course import COURSE, private
from grading.execute import Settings, execute
from grading.mistakes import namespace_of
from grading.mistakes_page import lost  # noqa: F401, the tests find it here
from grading.record import of as record  # noqa: F401, the same
from rnnlib.exercise import CheckFailedError
from rnnlib.exercise import run as run_check
from rnnlib.words import ENGLISH

SLUG = "two-step"
FAST = Settings(seed=20, call_seconds=4.0, hang_seconds=1.0, submission_seconds=60.0)


def release(slug=SLUG, language=ENGLISH):
    """The student notebook as a dictionary."""
    return exercise.read(exercise.release_of(slug, language))


def filled(answers, slug=SLUG, language=ENGLISH):
    """The student notebook with answer cells filled in by grade_id."""
    notebook = release(slug, language)
    for cell in notebook["cells"]:
        cell["source"] = answers.get(exercise.grade_id(cell), cell["source"])
    return notebook


def right_answers(slug):
    """(name, namespace) of every right answer to an exercise: what its notebook defines with that answer in it."""
    answers = [solution(slug), *(answer for answer in known_answers(slug) if answer.right)]
    return [(answer.name, namespace_of(exercise.load(slug), answer)) for answer in answers]


def wrong_answers(slug):
    """The known answers to an exercise that must lose points."""
    return [answer for answer in known_answers(slug) if not answer.right]


def hand_in(root, student, text, slug=SLUG, name=None):
    """Write a notebook's text, or any bytes, where a class below `root` hands in; return the folder."""
    folder = Path(root, "submitted", student, slug)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (name or f"{slug}.ipynb")).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def submission(notebook, folder):
    """What the grader reads of a notebook that was handed in."""
    path = folder / "handed-in.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return intake.submission(path)


def mark(notebook, folder, settings=FAST, slug=SLUG, bench=Bench):
    """Rebuild and run a notebook that was handed in."""
    task = exercise.load(slug)
    return execute(transplant.rebuild(task, submission(copy.deepcopy(notebook), folder)), task, settings, bench)


def hidden_lines(slug):
    """The lines that are in hidden tests of the exercise only; short ones and imports are left out."""
    released = (COURSE / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8")
    seen = {line.strip() for cell in json.loads(released)["cells"] for line in "".join(cell["source"]).splitlines()}
    lines = []
    for cell in exercise.load(slug).notebook["cells"]:
        for block in re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)\n### END", cell["source"], re.DOTALL):
            lines += [line.strip() for line in block.splitlines() if len(line.strip()) > 20]
    return [line for line in lines if line not in seen and not line.startswith("from rnnlib")]


def text_of(page):
    """What one reads on a page of HTML."""
    return html.unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", "", page, flags=re.DOTALL))


def said(notebook, grade_id):
    """All text in the outputs of a cell."""
    (cell,) = [cell for cell in notebook["cells"] if exercise.grade_id(cell) == grade_id]
    return "\n".join(output.get("text") or "\n".join(output.get("traceback", [])) for output in cell["outputs"])


def changed(**changes):
    """The exercise with some of its cells changed: by grade_id with `_` for `-`, what becomes of a cell's metadata."""
    task = exercise.load(SLUG)
    notebook, released = copy.deepcopy(task.notebook), dict(task.released)
    for cell in list(notebook["cells"]):
        change = changes.get((exercise.grade_id(cell) or "").replace("-", "_"), {})
        if change is None:
            notebook["cells"].remove(cell)
        elif change:
            label = cell["metadata"]["nbgrader"]
            released[change.get("grade_id", label["grade_id"])] = released[label["grade_id"]]
            cell["source"] = change.pop("source", cell["source"])
            cell["cell_type"] = change.pop("cell_type", cell["cell_type"])
            label |= change
    return task._replace(notebook=notebook, released=released)


def added(name, points=2, source="check(new)"):
    """The exercise with one test more."""
    task = changed()
    label = {"grade": True, "solution": False, "locked": True, "task": False, "points": points, "grade_id": name}
    cell = {"cell_type": "code", "source": source, "metadata": {"nbgrader": label}, "outputs": [], "id": name}
    task.notebook["cells"].append(cell)
    return task._replace(released=task.released | {name: source})


def said_by_checks(slug, answer, labels):
    """{grade_id of a visible check that does not pass, with an answer filled in: what it says to a student}."""
    checks, space, found = fingerprints.visible_checks(slug), fingerprints.namespace(slug, answer), {}
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for label in labels:
            try:
                run_check(space[checks[label]])
            except CheckFailedError as error:
                found[label] = str(error)
    return found


def copy_of_the_course(root):
    """Copy what marking needs, so that nbgrader's commands can be run in the folder `root`."""
    for house in ("solutions", "grading", "rnnlib"):
        shutil.copytree(COURSE / house, root / house, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("nbgrader_config.py", "_config.yml"):
        shutil.copy(COURSE / name, root)
    return root


def environment(course):
    """The environment of a shell in a copy of the course, with the virtual environment active."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PYTHONPATH": str(course), "PATH": path, "HOME": str(course), "OPENBLAS_NUM_THREADS": "1"}


def nbgrader(course, *command):
    """Run one of nbgrader's commands in a copy of the course, in this process: to start another takes seconds."""
    with contextlib.chdir(course), patch.dict(os.environ), patch.object(sys, "path", [*sys.path]), private():
        try:
            NbGraderApp.launch_instance(command)
        finally:  # the next command of that name would be this one, with its options
            type(NbGrader.instance()).clear_instance()


def run(course, *command):
    """Run a command in a copy of the course."""
    return subprocess.run(command, cwd=course, env=environment(course), capture_output=True, text=True, timeout=300)
