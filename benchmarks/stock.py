"""nbgrader as it comes, on an exercise of this course, in a throw-away folder: what our grader is compared with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from grading.course import COURSE

CONFIGURATION = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.ExecutePreprocessor.timeout = 30
"""


def make_course(root, slug):
    """Make a course with one released exercise below `root`; rnnlib and the hidden tests' helpers are copies too."""
    for house in ("grading", "rnnlib", "solutions", "exercises"):
        shutil.copytree(COURSE / house, root / "course" / house, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "nbgrader_config.py").write_text(CONFIGURATION)
    source = root / "source" / slug
    source.mkdir(parents=True)
    shutil.copy(COURSE / "solutions" / slug / f"{slug}.ipynb", source)
    nbgrader(root, "generate_assignment", slug).check_returncode()


def nbgrader(root, *arguments, before=(), environment=None, timeout=1200):
    """Run a command of nbgrader in the course at `root`, behind the program and options `before`."""
    command = [*before, str(Path(sys.executable).with_name("nbgrader")), *map(str, arguments)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = os.environ | {"PATH": path, "PYTHONPATH": str(root / "course"), "OPENBLAS_NUM_THREADS": "1"}
    settings |= environment or {}
    return subprocess.run(command, cwd=root, env=settings, capture_output=True, text=True, timeout=timeout)
