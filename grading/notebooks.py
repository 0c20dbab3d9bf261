"""Build the notebooks: solutions/<slug>/<slug>.md -> solutions/<slug>/<slug>.ipynb -> exercises/<slug>/<slug>.ipynb.

Those in other languages are made of these, and lie in their own folder: solutions/<slug>/zh, exercises/zh/<slug>.
"""

import logging
import re
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.utils import compute_checksum
from traitlets.config import Config
from traitlets.log import get_logger

from grading import catalogues, exercise, interrupt, release, translation
from grading.course import COURSE, LANGUAGES, address, load_config, put, slugs


def build_source(slug):
    """Write solutions/<slug>/<slug>.ipynb, the notebook with the answers, from its MyST text; return its path."""
    text = COURSE / "solutions" / slug / f"{slug}.md"
    path = text.with_suffix(".ipynb")
    put(path, source(text))
    return path


def source(text):
    """What the notebook with the answers is to hold that belongs to a file of MyST text.

    Cell ids come from grade_id or position, so that the same text always gives the same bytes. Raises ValueError for a
    test cell that belongs to no part.
    """
    import jupytext  # every run of the autograder asks whether there is something to build; mostly there is not

    notebook = jupytext.read(text)
    notebook.metadata.pop("jupytext", None)
    give_points_by_hand(notebook.cells, load_config().get("ByHand", {}).get("points", 0))
    for number, cell in enumerate(notebook.cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell-{number:02d}")
    try:
        show_points(notebook.cells)
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None
    return nbformat.writes(notebook) + "\n"


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
    """Write under the heading of each part how many points it gives, and beside the time how many there are in all.

    Raises ValueError for a cell that gives points and has no heading above it.
    """
    parts = []  # the text cell that begins a part, and the points of its checks, hidden ones too
    for cell in cells:
        if PART.search(cell.source) and cell.cell_type == "markdown":
            parts.append((cell, []))
        elif points := cell.metadata.get("nbgrader", {}).get("points"):
            if not parts:
                raise ValueError(f"the test cell {cell.id} needs a heading above it, such as `## 1. The first part`")
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
    Raises ValueError when nbgrader refuses the source.
    """
    build_source(slug)
    path = _release(slug, directory)
    translate(slug, Path(directory))
    return path


def translate(slug, directory):
    """Write the notebooks of an exercise in all other languages, of those with the answers and released in English.

    A release lies in <directory>/<folder of the language>/<slug>, where the English one is in <directory>/<slug>.
    """
    for language in LANGUAGES:
        say = _say(slug, language)
        for original, place in (
            (exercise.source_of(slug), exercise.source_of(slug, language)),
            (exercise.release_of(slug, directory=directory), exercise.release_of(slug, language, directory)),
        ):
            put(place, translated(original, language, say))


def translated(path, language, say):
    """What the notebook at `path`, with or without its answers, holds in a language; `say` translates a text.

    A release in another language is made from the English one, not by nbgrader, as it differs in texts alone.
    """
    original = nbformat.read(path, as_version=4)
    set_up = next(cell for cell in original.cells if exercise.grade_id(cell) == "set-up")
    whole, set_up.source = set_up.source, release.bare(set_up.source)
    made = translation.notebook(original, say)
    made.metadata["course"] = {**made.metadata.get("course", {}), "language": language}
    for cell in made.cells:
        label = cell.metadata.get("nbgrader", {})
        if exercise.grade_id(cell) == "set-up" and "checksum" in label:
            cell.source = release.in_language(whole, cell.source, language, path.stem, address())
        if "checksum" in label:  # it is a release
            label["checksum"] = compute_checksum(cell)
    return nbformat.writes(made) + "\n"


def _say(slug, language):
    known = {}
    for path in (catalogues.path("", language), catalogues.path(slug, language)):
        known |= catalogues.translations(path, language)
    return lambda text: known.get(text, text)


def _release(slug, directory):
    config = load_config()
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    config.ReleaseExporter.in_all_languages = False
    config.CourseDirectory.release_directory = str(directory)
    # Nothing is handed out here; where there is no exchange, nbgrader would call that critical in a teacher's log.
    Path(directory).mkdir(parents=True, exist_ok=True)
    config.Exchange.root = str(directory)
    log = get_logger()  # within one of nbgrader's own commands, it is that command's
    level = log.level
    try:
        api = NbGraderAPI(config=Config(config))  # which sets its own level
        log.setLevel(logging.ERROR)
        with interrupt.put_off():  # of which nbgrader would say that the release has failed
            outcome = api.generate_assignment(slug, force=True, create=True)
    finally:
        log.setLevel(level)
    if not outcome["success"]:
        raise ValueError(f"nbgrader could not release {slug}:\n{outcome.get('log') or outcome.get('error')}")
    return Path(directory) / slug / f"{slug}.ipynb"


def checked(slug):
    """The exercise.Exercise, if its notebooks are what its text gives; else raise ValueError with the command to type.

    Compared is what they hold, as times of files say little after a checkout or a copy. Nothing is built here: somebody
    may have worked in one of the notebooks. The text comes first, as answers.toml may name a test that is not built.
    """
    if slug in slugs():
        check_source(COURSE / "solutions" / slug / f"{slug}.md")
    task = exercise.load(slug)
    with TemporaryDirectory() as elsewhere:
        _check_release(slug, exercise.release_of(slug), _release(slug, elsewhere))
        for language in filter(partial(_is_built, slug), LANGUAGES):
            made, say = Path(elsewhere, "made.ipynb"), _say(slug, language)
            for place in (exercise.source_of, exercise.release_of):
                made.write_text(translated(place(slug), language, say), encoding="utf-8")
                _check_release(slug, place(slug, language), made)
    return task


def _is_built(slug, language):
    """Whether an exercise is there in a language: one who teaches in English alone may delete the others."""
    return exercise.release_of(slug, language).exists()


def _check_release(slug, path, made):
    if _matter(path) != _matter(made):
        raise ValueError(
            f"{path.relative_to(COURSE)} is not what solutions/{slug}/{slug}.ipynb gives: {_build(slug)}; "
            "if somebody has worked in it, keep that under another name first"
        )


def check_source(text):
    """Raise ValueError, with the command to type, if a notebook with answers is not what its MyST text gives."""
    path = text.with_suffix(".ipynb")
    if text.exists() and path.exists() and path.read_text(encoding="utf-8") != source(text):
        raise ValueError(
            f"{text.name}, or what nbgrader_config.py says of its points, has changed since its notebook {path.name} "
            f"was built: {_build(text.stem)}"
        )


def _build(slug):
    return f"run `python -m grading.notebooks {slug}`, and then this again"


def _matter(path):
    """What matters of a release when submissions are marked; not the outputs, and not what it adds to a set-up."""
    found = []
    for cell in exercise.read(path)["cells"]:
        label = cell["metadata"].get("nbgrader", {})
        found.append((cell["cell_type"], release.bare(cell["source"]), {**label, "checksum": None}))
    return found


if __name__ == "__main__":
    for slug in sys.argv[1:] or slugs():
        print(build_release(slug).relative_to(COURSE))
