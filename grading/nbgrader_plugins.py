"""What nbgrader_config.py plugs into nbgrader: its commands and buttons then mark as `python -m grading` does."""

import copy
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

from grading import course, exchange, exercise, feedback, intake, record, release, sandbox
from grading.execute import Settings, execute
from grading.gradebook import save_marks
from grading.limits import TestTooLongError, time_limit
from grading.transplant import rebuild

PAGE_SECONDS = 60  # for one page of feedback
MAX_PAGE = 2 * 2**20  # characters of it
SHORTENED = "This page is shortened. It could not be made with all cells ({}). Your marks do not change."
TAGS = {"br", "dd", "del", "div", "dl", "dt", "hr", "img", "p", "pre", "s", "span", "sub", "sup"}
TAGS |= bleach.ALLOWED_TAGS | {"table", "tbody", "td", "th", "thead", "tr", *(f"h{level}" for level in range(1, 7))}
ATTRIBUTES = {"*": ["class", "id", "title"], "a": ["href"], "td": ["align"], "th": ["align"]}
# A page that fetched a picture would tell somebody who reads it, and when.
ATTRIBUTES["img"] = lambda tag, name, value: name == "alt" or (name == "src" and value.startswith("data:image/"))


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


class NotebookAlone(NotebookExporter):
    """Makes a release of the notebook alone: what lies beside its source are the answers."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        _copy_nothing(self.parent)


def _copy_nothing(converter):
    """Let one of nbgrader's converters leave alone what lies beside a notebook: it would copy it, and follow links.

    The exchange, which has files to copy, asks the same list of names to ignore: so the converter gets one of its own.
    """
    if converter is not None:  # an exporter may be used by itself
        converter.coursedir = copy.copy(converter.coursedir)
        converter.coursedir.ignore = ["*", ".*"]


class SubmissionExporter(NotebookAlone):
    """Reads what a student handed in, and rebuilds it from the release."""

    def from_filename(self, filename, resources=None, **keywords):
        """The rebuilt notebook; for a file that cannot be read, the blank one with the reason in its first cell."""
        places, folder = self.parent.coursedir, Path(filename).parent
        if not folder.is_relative_to(Path(places.root) / places.submitted_directory):
            return super().from_filename(filename, resources=resources, **keywords)
        exchange.carry(folder, places.format_path(places.autograded_directory, folder.parent.name, folder.name))
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

    def __init__(self, **keywords):
        super().__init__(**keywords)
        _copy_nothing(self.parent)

    def from_notebook_node(self, notebook, resources=None, **keywords):
        """The page, and nbconvert's resources; what cannot be made in full is made without the student's own cells."""
        notebook, resources = super().from_notebook_node(notebook, resources, **keywords)
        found = _results(notebook, resources["nbgrader"])
        try:
            with time_limit(PAGE_SECONDS):
                page = feedback.page(found, markdown=_markdown)
            if len(page) <= MAX_PAGE:
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
    kept = [cell.metadata.nbgrader for cell in notebook.cells if exercise.is_test(cell)]
    grades = {cell["grade_id"]: cell["score"] for cell in kept if "score" in cell}
    total = (names["score"], names["max_score"], names["late_penalty"]) if "score" in names else None
    return feedback.results(notebook, exercise.load(names["assignment"]), grades, total)


def _markdown(source):
    """The HTML of a student's text in Markdown; it is cleaned when it is HTML, not before."""
    return Markup(bleach.clean(markdown2html(source), TAGS, ATTRIBUTES, protocols=["http", "https", "mailto"]))
