"""nbgrader's settings for this course; every `nbgrader` command run from this folder reads them.

So does a teacher's Jupyter server, wherever it was started, with a link to this file in ~/.jupyter.
"""

import os
import sys
from pathlib import Path

# What these commands make tells about students: the gradebook, what they handed in, their feedback, logs. It is its
# owner's alone; the exchange sets the modes of its own folders itself.
os.umask(0o077)
# nbgrader starts `alembic` by its bare name: make it found although the virtual environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
course = Path(__file__).resolve().parent
# A Jupyter server with an environment of its own finds `grading` too, and one that is installed finds this course.
if str(course) not in sys.path:
    sys.path.append(str(course))
os.environ["BPTT_COURSE"] = str(course)

c = get_config()  # noqa: F821, nbgrader puts it there

if Path.cwd() != course:  # a command in the folder itself has it by default
    c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "bptt"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# nbgrader copies whatever lies beside a notebook, and follows links. Ours hand out no answers, and follow none.
c.ExchangeFactory.release_assignment = "grading.exchange.ReleaseAssignment"
c.ExchangeFactory.collect = "grading.exchange.Collect"
c.ExchangeFactory.release_feedback = "grading.exchange.ReleaseFeedback"

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.ClearSolutions.text_stub = (
    "*Double-click here. Write your derivation in place of this line, or drop a photograph of it here.*"
)

# What a derivation by hand gives, in each exercise that ends with one. With 0 points, whoever hands one in may get a
# comment, and no mark waits for a human. After a change, run `make notebooks`, and mark again.
c.ByHand.points = 0

# A released notebook names a known mistake when its check has seen the same wrong numbers three times. For a class that
# is to find its mistakes without that, write False here, and run `make notebooks`.
c.OfferHints.enabled = True
# nbgrader deletes an earlier release before it makes one, and may then refuse: ours puts it there when it is whole.
c.GenerateAssignment.exporter_class = "grading.nbgrader_plugins.ReleaseExporter"
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    # Before the checksums, by which nbgrader knows a cell that was changed.
    "grading.nbgrader_plugins.OfferHints",
    "grading.nbgrader_plugins.FindLibrary",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Submissions are rebuilt from the release; students' cells run in a sandbox, tests in the grader: see grading/.
c.Autograde.exporter_class = "grading.nbgrader_plugins.SubmissionExporter"
c.Autograde.permissions = 600
c.Autograde.sanitize_preprocessors = ["nbgrader.preprocessors.CheckCellMetadata"]
c.Autograde.autograde_preprocessors = [
    "grading.nbgrader_plugins.Execute",
    "grading.nbgrader_plugins.SaveMarks",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What is handed in after its due date loses points by these numbers: each day begun costs the points, and the per cent
# of the submission's points, that are given here, up to the caps. `python -m grading due` and `extend` set the dates.
# A late submission plug-in of nbgrader's may stand in the place of LatePolicy.
c.AssignLatePenalties.plugin_class = "grading.late.LatePolicy"
c.LatePolicy.grace_minutes = 0
c.LatePolicy.points_per_day = 0
c.LatePolicy.percent_per_day = 0
c.LatePolicy.cap_points = None
c.LatePolicy.cap_percent = 100
c.LatePolicy.timezone = "UTC"  # of due dates that name no zone, such as "Europe/Zurich"

# Feedback shows the student's cells and marks, never a hidden test; a student's Markdown is cleaned once it is HTML.
c.GenerateFeedback.exporter_class = "grading.nbgrader_plugins.FeedbackExporter"
c.GenerateFeedback.permissions = 600
c.GenerateFeedback.preprocessors = []  # the exporter itself reads the marks, as `python -m grading feedback` does

# Names and ids come from outside: no cell of `nbgrader export` is to be a formula.
c.ExportApp.plugin_class = "grading.nbgrader_plugins.MarksExporter"
