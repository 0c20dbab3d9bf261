"""What nbgrader_config.py plugs into nbgrader: its commands and buttons then mark as `python -m grading` does."""

import secrets
from dataclasses import replace
from pathlib import Path

import bleach
import nbformat
from markupsafe import Markup
from nbconvert.exporters import Exporter, NotebookExporter
from nbconvert.filters import markdown2html
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer

from grading import course, exercise, feedback, intake, record, release, sandbox
from grading.execute import Settings, execute
from grading.gradebook import save_marks
from grading.limits import TestTooLongError, time_limit
from grading.transplant import rebuild

PAGE_SECONDS = 60  # for one page of feedback
MAX_PAGE = 2 * 2**20  # characters of it, without the pictures that a student pasted, which are limited by themselves
SHORTENED = "This page is shortened. It could not be made with all cells ({}). Your marks do not change."
TAGS = {"br", "dd", "del", "div", "dl", "dt", "hr", "img", "p", "pre", "s", "span", "sub", "sup"}
TAGS |= bleach.ALLOWED_TAGS | {"table", "tbody", "td", "th", "thead", "tr", *(f"h{level}" for level in range(1, 7))}
ATTRIBUTES = {"*": ["class", "id", "title"], "a": ["href"], "img": ["alt", "src"], "td": ["align"], "th": ["align"]}


class OfferHints(NbGraderPreprocessor):
    """Lets a released notebook recognise the known mistakes of its exercise: the last lines of its set-up say so."""

    def preprocess_cell(self, cell, resources, _index):
        """The cell, with these lines if it is the set-up."""
        if exercise.grade_id(cell) == "set-up":
            cell.source += release.hints(resources["nbgrader"]["assignment"])
        return cell, resources


class FindLibrary(NbGraderPreprocessor):
    """Lets a released notebook find rnnlib, wherever it is opened: the first lines of its set-up say where it is."""

    def preprocess(self, notebook, resources):
        """The notebook, with the site's address in its metadata too, if there is one."""
        self.address = course.address()
        if self.address:
            notebook.metadata["course"] = {"site": self.address}
        return super().preprocess(notebook, resources)

    def preprocess_cell(self, cell, resources, _index):
        """The cell, with these lines if it is the set-up."""
        if exercise.grade_id(cell) == "set-up":
            cell.source = release.library(self.address) + cell.source
        return cell, resources


class SubmissionExporter(NotebookExporter):
    """Reads what a student handed in, and rebuilds it from the release."""

    def from_filename(self, filename, resources=None, **keywords):
        """The rebuilt notebook; for a file that cannot be read, the blank one with the reason in its first cell."""
        places, folder = self.parent.coursedir, Path(filename).parent
        if not folder.is_relative_to(Path(places.root) / places.submitted_directory):
            return super().from_filename(filename, resources=resources, **keywords)
        notebook = rebuild(exercise.load(folder.name), intake.read_folder(folder, folder.name))
        return self.from_notebook_node(nbformat.from_dict(notebook), resources=resources, **keywords)


class Execute(NbGraderPreprocessor):
    """Runs a rebuilt notebook: the student's cells in the sandbox, the tests here."""

    sandboxed = Bool(True, help="Whether students' code runs in the sandbox").tag(config=True)
    seed = Integer(None, allow_none=True, help="The seed of the random cases; None: a fresh one").tag(config=True)

    def preprocess(self, notebook, resources):
        """The notebook with its outputs.

        Raises SandboxError where no sandbox can be started, RuntimeError for a notebook that was not rebuilt.
        """
        if record.of(notebook) is None:
            raise RuntimeError("this notebook was not rebuilt from the release: see Autograde.exporter_class")
        if self.sandboxed:
            sandbox.ensure_available()
        seed = secrets.randbelow(2**32) if self.seed is None else self.seed
        task = exercise.load(resources["nbgrader"]["assignment"])
        done = execute(dict(notebook), task, Settings(seed, self.sandboxed))
        return nbformat.from_dict(done), resources


class SaveMarks(NbGraderPreprocessor):
    """Writes the marks into the gradebook."""

    def preprocess(self, notebook, resources):
        """The notebook as it is; its marks go into the gradebook."""
        names = resources["nbgrader"]
        with Gradebook(names["db_url"], self.parent.parent.coursedir.course_id) as gradebook:
            save_marks(gradebook, gradebook.find_submission(names["assignment"], names["student"]), notebook)
        return notebook, resources


class FeedbackExporter(Exporter):
    """Makes a page of feedback, whatever is in the notebook: within a time, within a size, and without live links."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def from_notebook_node(self, notebook, resources=None, **keywords):
        """The page, and nbconvert's resources; what cannot be made in full is made without the student's own cells."""
        notebook, resources = super().from_notebook_node(notebook, resources, **keywords)
        found = _results(notebook, resources["nbgrader"])
        try:
            with time_limit(PAGE_SECONDS):
                page = feedback.page(found, markdown=_markdown)
            if len(page) <= MAX_PAGE + _size_of_pictures(found):
                return page, resources
            reason = f"it would have {len(page) / 2**20:.1f} MB"
        except TestTooLongError:
            reason = f"it would have taken more than {PAGE_SECONDS} seconds"
        except Exception as error:
            reason = type(error).__name__
        notes = [SHORTENED.format(reason), *found.notes]
        return feedback.page(replace(found, cells=[], notes=notes)), resources


def _results(notebook, names):
    """The feedback.Results of a marked notebook, with the marks of the gradebook where they are in it."""
    kept = [cell.metadata.nbgrader for cell in notebook.cells if exercise.is_test(cell) or exercise.is_by_hand(cell)]
    waiting = _waiting(names) if any(map(exercise.is_by_hand, notebook.cells)) else ()
    grades = {cell["grade_id"]: cell["score"] for cell in kept if "score" in cell and cell["grade_id"] not in waiting}
    total = (names["score"], names["max_score"], names["late_penalty"]) if "score" in names else None
    return feedback.results(notebook, exercise.load(names["assignment"]), grades, total)


def _size_of_pictures(found):
    return sum(len(data) for cell in found.cells for _, data in cell["pictures"].values())


def _waiting(names):
    """The grade_ids of the cells that no human has marked yet: nbgrader counts them as 0 points."""
    if "db_url" not in names:
        return ()
    with Gradebook(names["db_url"]) as gradebook:
        notebook = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
        return [grade.name for grade in notebook.grades if grade.needs_manual_grade and grade.manual_score is None]


def _markdown(source, pictures):
    """The HTML of a student's text in Markdown; it is cleaned when it is HTML, not before.

    `pictures` maps a name to its type and its data in base64. They come in last: an address that holds data is cleaned
    away, and so is what else a student may have put into one.
    """
    for name in pictures:
        source = source.replace(f"attachment:{name}", f"#{name}")
    page = bleach.clean(markdown2html(source), TAGS, ATTRIBUTES, protocols=["http", "https", "mailto"])
    for name, (kind, data) in pictures.items():
        page = page.replace(f'src="#{name}"', f'src="data:{kind};base64,{data}"')
    return Markup(page)
