"""Build the notebooks: solutions/<slug>/<slug>.md -> solutions/<slug>/<slug>.ipynb -> exercises/<slug>/<slug>.ipynb."""

import logging
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from grading import exercise
from grading.course import COURSE, load_config, slugs


def build_source(slug):
    """Write solutions/<slug>/<slug>.ipynb, the notebook with the answers, from its MyST text; return its path.

    Cell ids come from grade_id or position, so that the same text always gives the same bytes.
    """
    text = COURSE / "solutions" / slug / f"{slug}.md"
    notebook = jupytext.read(text)
    notebook.metadata.pop("jupytext", None)
    give_points_by_hand(notebook.cells, load_config().get("ByHand", {}).get("points", 0))
    for number, cell in enumerate(notebook.cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell-{number:02d}")
    show_points(notebook.cells)
    path = text.with_suffix(".ipynb")
    nbformat.write(notebook, path)
    return path


PART = re.compile(r"^## (?:\d+\. .*|By hand)\n", re.MULTILINE)
TIME = re.compile(r"\*\*Time\.\*\* \d+ minutes\.")


def give_points_by_hand(cells, points):
    """Let the cells that a human marks give so many points each. Raises ValueError for what is no number of points."""
    if type(points) not in (int, float) or not points >= 0:
        raise ValueError(f"ByHand.points in nbgrader_config.py is {points!r}: give a number that is not below 0")
    for cell in cells:
        if exercise.is_by_hand(cell):
            cell.metadata.nbgrader.points = points


def show_points(cells):
    """Write under the heading of each part how many points it gives, and beside the time how many there are in all."""
    parts = []  # the text cell that begins a part, and the points of its checks, hidden ones too
    for cell in cells:
        if PART.search(cell.source) and cell.cell_type == "markdown":
            parts.append((cell, []))
        elif points := cell.metadata.get("nbgrader", {}).get("points"):
            parts[-1][1].append(points)
    for cell, points in parts:
        if points:
            given = f"{sum(points):g} {'point' if sum(points) == 1 else 'points'}"
            cell.source = PART.sub(rf"\g<0>\n*{given}*\n", cell.source)
    total = f"{sum(sum(points) for _, points in parts):g}"
    cells[0].source = TIME.sub(rf"\g<0> **Points.** {total}.", cells[0].source)


def build_release(slug, directory=COURSE / "exercises"):
    """Write <directory>/<slug>/<slug>.ipynb, the notebook for students, by nbgrader's own release step.

    No gradebook is opened, as with nbgrader's option `--no-db`: an instructor's own is only written by her own
    commands, and to make a throw-away one takes five times as long as the notebook.
    Raises RuntimeError when nbgrader refuses the source.
    """
    build_source(slug)
    config = load_config()
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    config.CourseDirectory.release_directory = str(directory)
    api = NbGraderAPI(config=Config(config))
    api.log.setLevel(logging.ERROR)
    outcome = api.generate_assignment(slug, force=True, create=True)
    if not outcome["success"]:
        raise RuntimeError(f"nbgrader could not release {slug}:\n{outcome.get('log') or outcome.get('error')}")
    return Path(directory) / slug / f"{slug}.ipynb"


if __name__ == "__main__":
    for slug in sys.argv[1:] or slugs():
        print(build_release(slug).relative_to(COURSE))
