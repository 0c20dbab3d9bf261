"""What nbgrader_config.py plugs into nbgrader: its commands and buttons then mark as `python -m grading` does."""

import secrets
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer

from grading import exercise, intake, record, sandbox
from grading.execute import Settings, execute
from grading.gradebook import save_marks
from grading.transplant import rebuild


class SubmissionExporter(NotebookExporter):
    """Reads what a student handed in, and rebuilds it from the release."""

    def from_filename(self, filename, resources=None, **keywords):
        """The rebuilt notebook; for a file that cannot be read, the blank one with the reason in its first cell."""
        course, folder = self.parent.coursedir, Path(filename).parent
        if not folder.is_relative_to(Path(course.root) / course.submitted_directory):
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
