"""nbgrader's settings for this course; every `nbgrader` command run from this folder reads them."""

import os
import sys
from pathlib import Path

# nbgrader starts `alembic` by its bare name: make it found although the virtual environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

c = get_config()  # noqa: F821, nbgrader puts it there

c.CourseDirectory.course_id = "bptt"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# nbgrader copies whatever lies beside a notebook; these hold the answers.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.md", "*.toml", ".DS_Store"]

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}

# A hang costs one of these time-outs, and the cells after it still run.
c.ExecutePreprocessor.timeout = 10
c.Execute.interrupt_on_timeout = True

# Feedback shows the student's cells and marks, never a hidden test.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
c.HTMLExporter.sanitize_html = True
