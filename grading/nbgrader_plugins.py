"""What nbgrader_config.py plugs into nbgrader: its commands and buttons then mark as `python -m grading` does."""

import os
import re
import secrets
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import bleach
import nbformat
from bleach.html5lib_shim import Filter
from markupsafe import Markup, escape
from mistune import HTMLRenderer
from nbconvert.exporters import Exporter, NotebookExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import ExportPlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer

from grading import (
    course,
    exchange,
    exercise,
    export,
    feedback,
    intake,
    late,
    marks,
    migrate,
    notebooks,
    record,
    release,
    sandbox,
)
from grading.execute import Settings, execute
from grading.gradebook import marks as marks_of
from grading.gradebook import save_marks, save_time, time_in
from grading.limits import TestTooLongError, time_limit
from grading.transplant import rebuild
from rnnlib.words import Message, speaking, tell, to_say

TAKES_CARE = (
    "The release of {slug} is as it was. If nbgrader says above that cells cannot be added or removed, as there are "
    "submissions: `python -m grading.notebooks {slug}` makes the release, and `python -m grading autograde {slug}` "
    "lets the gradebook follow; it asks first, and keeps what was given by hand."
)
PAGE_SECONDS = 60  # for one page of feedback
MAX_PAGE = 2 * 2**20  # characters of it, without the pictures that a student pasted
SHORTENED = to_say("This page is shortened. It could not be made with all cells ({}). Your marks do not change.")
SET_OFF = re.compile(r"(?<!\\)\$\$.+?(?<!\\)\$\$|\\begin\{([a-z]+\*?)\}.+?\\end\{\1\}", re.DOTALL)
TAGS = {"br", "dd", "del", "div", "dl", "dt", "hr", "img", "p", "pre", "s", "span", "sub", "sup"}
TAGS |= bleach.ALLOWED_TAGS | {"table", "tbody", "td", "th", "thead", "tr", *(f"h{level}" for level in range(1, 7))}
ATTRIBUTES = {"*": ["class", "id", "title"], "a": ["href"], "td": ["align"], "th": ["align"]}
# A page that fetched a picture would tell somebody who reads it, and when; _Pictures puts in those that were handed in.
ATTRIBUTES["img"] = lambda tag, name, value: name == "alt" or (name == "src" and value.startswith("attachment:"))


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

    The exchange, which has files to copy, asks the same list of names to ignore: so that it is another one for as long
    as the converter copies. A list of the converter's own, in a copy of its folders, would not do: nbgrader sets there
    for a while whom it is about, and a Jupyter server would go on with what was never set back.
    """
    if converter is not None:  # an exporter may be used by itself
        converter.init_assignment = partial(_ignoring_all, converter.coursedir, converter.init_assignment)


def _ignoring_all(places, begin, *names):
    before, places.ignore = places.ignore, ["*", ".*"]
    try:
        begin(*names)
    finally:
        places.ignore = before


class ReleaseExporter(NotebookAlone):
    """Makes a release elsewhere, and puts it into its place when it is whole: nbgrader deletes the old one first.

    The releases in other languages are made of it, and lie below the same folder.
    """

    in_all_languages = Bool(True, help="Whether the releases in other languages are renewed too").tag(config=True)

    def __init__(self, **keywords):
        super().__init__(**keywords)
        if isinstance(self.parent, GenerateAssignment):  # which makes its exporter before it deletes anything
            _stop_if_refused(self.parent, _check_source)
            self.parent.convert_notebooks = partial(self._convert, self.parent.convert_notebooks)

    def _convert(self, convert):
        _make_elsewhere(self.parent, convert)
        places = self.parent.coursedir
        if self.in_all_languages and places.notebook_id in ("*", places.assignment_id):
            notebooks.translate(places.assignment_id, _release(places).parent)


def _check_source(places):
    if _release(places).parent.name in course.LANGUAGES.values():
        raise ValueError(
            f"{places.release_directory} is for the notebooks of another language, which are made of the English one: "
            f"`nbgrader generate_assignment {places.assignment_id} --force` renews all of them"
        )
    folder = places.format_path(places.source_directory, ".", places.assignment_id)
    notebooks.check_source(Path(folder, f"{places.assignment_id}.md"))


def _make_elsewhere(converter, convert):
    """Let nbgrader's `converter` write its release into another folder, and move it from there if nothing failed."""
    places = converter.coursedir
    release = _release(places)
    if release.exists() and not converter.force:  # which nbgrader leaves alone
        return convert()
    home = places.release_directory
    with TemporaryDirectory() as elsewhere:
        places.release_directory = elsewhere
        made = Path(places.format_path(elsewhere, ".", places.assignment_id))
        try:
            convert()
        except NbGraderException:
            converter.log.error(TAKES_CARE.format(slug=places.assignment_id))
            raise
        finally:
            places.release_directory = home
        _replace(release, made, others=places.notebook_id != "*")


def _release(places):
    return Path(places.format_path(places.release_directory, ".", places.assignment_id))


def _replace(old, new, others):
    """Let the folder `old` hold the files of `new`, each whole at any time; what it holds besides stays if `others`."""
    paths = [path.relative_to(new) for path in sorted(new.rglob("*")) if path.is_file()]
    for path in paths:
        Path(old, path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(new / path, Path(old, path).with_suffix(".part"))
        os.replace(Path(old, path).with_suffix(".part"), old / path)
    if new.is_dir():
        shutil.copymode(new, old)
    for path in [] if others else sorted(old.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir() if not any(path.iterdir()) else None
        elif path.relative_to(old) not in paths:
            path.unlink()


def _stop_if_refused(converter, check):
    """Run a check of where a converter of nbgrader's reads; what it refuses ends the command, with one sentence."""
    try:
        check(converter.coursedir)
    except ValueError as error:
        converter.log.error(str(error))
        raise NbGraderException(str(error)) from None


class SubmissionExporter(NotebookAlone):
    """Reads what a student handed in, and rebuilds it from the release."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        if isinstance(self.parent, Autograde):  # before the earlier result is deleted
            _stop_if_refused(self.parent, _check_cells)
            # nbgrader's own reader takes some times for others, and ends the command at what it cannot read.
            self.parent.coursedir.get_existing_timestamp = time_in

    def from_filename(self, filename, resources=None, **keywords):
        """The rebuilt notebook; for a file that cannot be read, the blank one with the reason in its first cell."""
        places, folder = self.parent.coursedir, Path(filename).parent
        if not folder.is_relative_to(Path(places.root) / places.submitted_directory):
            return super().from_filename(filename, resources=resources, **keywords)
        exchange.carry(folder, places.format_path(places.autograded_directory, folder.parent.name, folder.name))
        submission = intake.read_folder(folder, folder.name)
        notebook = rebuild(exercise.load(folder.name, submission.language), submission)
        return self.from_notebook_node(nbformat.from_dict(notebook), resources=resources, **keywords)


def _check_cells(places):
    """Raise ValueError if the gradebook has other cells than the exercise, which would cost everybody marks."""
    task = notebooks.checked(places.assignment_id)
    with Gradebook(places.db_url, places.course_id) as book:
        if migrate.differences(book, task):
            raise ValueError(
                f"the gradebook has other cells of {task.slug} than the exercise: run `python -m grading autograde "
                f"{task.slug}`, which lists them, asks, lets the gradebook follow, and marks everybody again"
            )


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
        task = exercise.load(resources["nbgrader"]["assignment"], exercise.language_of_marked(notebook))
        done = execute(dict(notebook), task, Settings(seed, self.sandboxed))
        return nbformat.from_dict(done), resources


class SaveMarks(NbGraderPreprocessor):
    """Writes the marks, the time of handing in, and the penalty for being late, into the gradebook."""

    def preprocess(self, notebook, resources):
        """The notebook, in which it is said if its time cannot be right; its marks go into the gradebook."""
        names, places = resources["nbgrader"], self.parent.parent.coursedir
        folder = places.format_path(places.submitted_directory, names["student"], names["assignment"])
        with Gradebook(names["db_url"], places.course_id) as gradebook:
            submission = gradebook.find_submission(names["assignment"], names["student"])
            save_time(submission, notebook, intake.timestamp(folder))
            save_marks(gradebook, submission, notebook)
            late.renew(gradebook, self, submission)
        return notebook, resources


class MarksExporter(ExportPlugin):
    """Writes all marks to a file for spreadsheets, as `nbgrader export` asks for it: no cell of it is a formula."""

    def export(self, gradebook):
        """Write the file, with nbgrader's own columns; an unknown exercise or student ends the command."""
        try:
            class_ = marks.of(gradebook, self.parent.coursedir, [str(slug) for slug in self.assignment])
            students = [marks.known_student(str(student), class_.students) for student in self.student]
        except ValueError as error:
            self.parent.fail(str(error))
        export.write(self.to or "grades.csv", export.as_nbgrader(class_, students))


class FeedbackExporter(Exporter):
    """Makes a page of feedback, with what the gradebook says of the submission."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self, **keywords):
        super().__init__(**keywords)
        _copy_nothing(self.parent)

    def from_notebook_node(self, notebook, resources=None, **keywords):
        """The page, and nbconvert's resources."""
        notebook, resources = super().from_notebook_node(notebook, resources, **keywords)
        names, marks = resources["nbgrader"], None
        if "db_url" in names:
            with Gradebook(names["db_url"], self.parent.coursedir.course_id) as gradebook:
                marks = marks_of(gradebook, gradebook.find_submission(names["assignment"], names["student"]))
        return page_of(notebook, names["assignment"], marks), resources


def page_of(notebook, slug, marks=None):
    """The page of feedback on a marked notebook, whatever is in it: within a time, within a size, without live links.

    What cannot be made in full is made without the student's own cells. `marks` are feedback.Marks.
    """
    found = feedback.results(notebook, exercise.load(slug, exercise.language_of_marked(notebook)), marks)
    try:
        with time_limit(PAGE_SECONDS):
            page = feedback.page(found, markdown=_markdown)
        size = len(page) - _size_of_pictures(found)
        if size <= MAX_PAGE:
            return page
        reason = Message("it would have {:.1f} MB", size / 2**20)
    except TestTooLongError:
        reason = Message("it would have taken more than {} seconds", PAGE_SECONDS)
    except Exception as error:
        reason = type(error).__name__
    with speaking(found.language):
        notes = [tell(Message(SHORTENED, reason)), *found.notes]
    return feedback.page(replace(found, cells=[], notes=notes))


def _size_of_pictures(found):
    return sum(len(data) for cell in found.cells for _, data in cell["pictures"].values())


class _Renderer(IPythonRenderer):
    """Makes HTML of Markdown as nbconvert does, but stops at no picture that is missing."""

    def image(self, text, url, title=None):
        """The picture; that there is one, _Pictures sees to."""
        return HTMLRenderer.image(self, text, url, title)


class _Pictures(Filter):
    """Puts pasted pictures into cleaned HTML, each once, and takes all others out: nothing is loaded from elsewhere."""

    def __init__(self, source, pictures):
        super().__init__(source)
        self.left = {f"attachment:{name}": f"data:{kind};base64,{data}" for name, (kind, data) in pictures.items()}

    def __iter__(self):
        for token in super().__iter__():
            if token.get("name") == "img" and isinstance(token.get("data"), dict):
                picture = self.left.pop(token["data"].pop((None, "src"), ""), None)
                token["data"] |= {(None, "src"): picture} if picture else {}
            yield token


def _markdown(source, pictures):
    """The HTML of a student's text in Markdown; it is cleaned when it is HTML, not before.

    `pictures` maps a name to its type and its data in base64.

    A formula that is set off is shown as it was written. Jupyter sets such formulas aside before it reads the Markdown,
    and nbconvert only where one begins a line: a line of it that begins with a sign would begin a list.
    """
    formulas = []

    def set_aside(found):
        formulas.append(found[0])
        return f"\ue000{len(formulas) - 1}\ue001"

    page = MarkdownWithMath(renderer=_Renderer(escape=False)).render(SET_OFF.sub(set_aside, source))
    protocols, put_in = ["http", "https", "mailto", "attachment"], partial(_Pictures, pictures=pictures)
    cleaner = bleach.Cleaner(TAGS, ATTRIBUTES, protocols=protocols, filters=[put_in])
    page = cleaner.clean(page)
    return Markup(
        re.sub("\ue000([0-9]{1,6})\ue001", lambda found: escape("".join(formulas[int(found[1]) :][:1])), page)
    )
