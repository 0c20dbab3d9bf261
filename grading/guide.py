"""`python -m grading guide`: what a teaching assistant needs to know of an exercise, mistake by mistake."""

from grading import exercise, feedback, intake, mistakes_page
from grading.bench import OwnBench
from grading.execute import Settings, execute
from grading.pages import render
from grading.transplant import rebuild

SETTINGS = Settings(seed=0, sandboxed=False)  # the known answers are our own code, and the guide is the same each time


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slug", help="the exercise")
    parser.set_defaults(run=run)


def run(arguments):
    """Print the guide to one exercise; return 0. Raises ValueError for an exercise that there is not."""
    print(text(arguments.slug))
    return 0


def text(slug):
    """The guide to an exercise, as Markdown: of each mistake what it costs, how it looks, and what to ask."""
    task = exercise.load(slug)
    return render("guide.md.jinja", exercise=mistakes_page.summary(task), looks=looks, default=mistakes_page.DEFAULT)


def looks(slug, answer):
    """What the first visible check that fails says of a known answer; why none does, if none does."""
    task = exercise.load(slug)
    cells = tuple(intake.Cell("code", label, source) for label, source in answer.cells.items())
    ran = execute(rebuild(task, intake.Submission(cells, (), "", "")), task, SETTINGS, OwnBench)
    checks = [check for part in feedback.results(ran, task).parts for check in part.checks]
    seen = (check.headline for check in checks if not check.hidden and check.headline)
    return next(seen, f"no check of the notebook sees it: {answer.hidden_only}")
