"""The autograder's commands: `python -m grading --help`."""

import argparse
import contextlib
import os
import secrets
import sys
import traceback
from collections import Counter
from functools import partial
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from grading import (
    anonymous,
    cgroup,
    compare,
    doctor,
    due_dates,
    exercise,
    export,
    feedback_pages,
    guide,
    migrate,
    mine,
    mistakes_page,
    outside,
    preview,
    report,
    sandbox,
    status,
)
from grading.answers import known_answers
from grading.autograde import autograde, console
from grading.course import COURSE, add_db_option, class_at, load_config, private, slugs
from grading.execute import Settings
from grading.platforms import collect, github_classroom, gradescope
from grading.sample_class import write_class

CORES = os.cpu_count() or 1
KEPT = ": what was marked is kept, and the same command goes on with the rest"
AGAIN = "What was marked is kept: mend this, and give the same command again."
LOG = COURSE / "_build" / "grading.log"
SAMPLE = COURSE / "_build" / "sample-class"


def main(arguments=None):
    """Run one command; return the exit status.

    It is 0, 1 if something needs a human, 2 if nothing or not all could be done, or 3 if the program itself failed.
    What was marked before a stop is kept: the same command, given again, goes on with the rest.
    """
    arguments = _parser().parse_args(arguments)
    try:
        with private():  # what is made here tells about students: the gradebook, pages, reports and logs
            return arguments.run(arguments)
    except KeyboardInterrupt:
        print(f"Interrupted{arguments.kept}.", file=sys.stderr)
        return 2
    except Exception as error:
        return _stop(error, AGAIN if arguments.kept else "")


def _stop(error, advice):
    """Say in one sentence why the command had to stop, and the rest in a log file; return the exit status."""
    status = 2
    if isinstance(error, sandbox.SandboxError) or type(error) is ValueError:  # not what a kind of it says of a bug
        line = str(error)
    elif isinstance(error, SQLAlchemyError):
        line = f"the gradebook cannot be used: {getattr(error, 'orig', None) or error}"
    elif isinstance(error, OSError):
        line = str(error)
    else:
        status, line = 3, f"the grader itself failed: {type(error).__name__}: {error}"
    print(f"error: {outside.line(line, 1000)}", file=sys.stderr)
    with contextlib.suppress(OSError), private():
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="replace")
        print(f"More is in {LOG.relative_to(COURSE)}. {advice}".rstrip(), file=sys.stderr)
    return status


def _parser():
    parser = argparse.ArgumentParser(prog="python -m grading", description="Grade the course's exercises.")
    parser.set_defaults(kept="")
    commands = parser.add_subparsers(required=True)
    several = argparse.ArgumentParser(add_help=False)
    several.add_argument("--workers", type=int, default=CORES, metavar="N", help=f"processes (default: {CORES})")
    marking = commands.add_parser("autograde", parents=[several], help="mark what the class handed in")
    marking.add_argument("slug", help=f"the exercise: {', '.join(slugs())}")
    marking.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler to use instead")
    marking.add_argument("--student", action="append", metavar="ID", help="mark this student alone; may be repeated")
    add_db_option(marking)
    marking.add_argument("--seed", type=int, metavar="N", help="the seed of an earlier run, to draw its cases again")
    marking.add_argument("--force", action="store_true", help="mark again what is marked already")
    marking.add_argument("--dry-run", action="store_true", help="say what a new marking would change; write nothing")
    marking.add_argument("--yes", action="store_true", help="let the gradebook follow a changed exercise unasked")
    marking.add_argument("--no-sandbox", action="store_true", help="run students' code with your own rights")
    marking.set_defaults(run=run_autograde, kept=KEPT)
    sample = commands.add_parser(
        "sample", parents=[several], help="make a sample class from the known answers, and grade it"
    )
    sample.add_argument("slugs", nargs="*", default=slugs(), help="exercises (default: all)")
    sample.add_argument("--brief", action="store_true", help="sum up each class without its table")
    sample.set_defaults(run=run_sample)
    known = commands.add_parser(
        "mistakes", parents=[several], help="prove every known answer, and write their pages of the book"
    )
    known.add_argument("slugs", nargs="*", default=slugs(), metavar="slug", help="exercises (default: all)")
    known.set_defaults(run=run_mistakes)
    due_dates.describe_due(commands.add_parser("due", help="set until when an exercise may be handed in"))
    due_dates.describe_extend(commands.add_parser("extend", help="give a student longer"))
    feedback_pages.describe(commands.add_parser("feedback", help="write the pages of feedback that are out of date"))
    compare.describe(commands.add_parser("compare", help="list the submissions that are unusually alike"))
    guide.describe(commands.add_parser("guide", help="print what a teaching assistant needs to know of an exercise"))
    mine.describe(commands.add_parser("mine", help="mark a notebook of your own, without a class"))
    export.describe(commands.add_parser("export", help="write the marks of the class to files"))
    doctor.describe(commands.add_parser("doctor", help="look at what a class needs of this machine"))
    report.describe(commands.add_parser("report", help="write the report on the class"))
    status.describe(commands.add_parser("status", help="say in a few lines how far the class has come"))
    anonymous.describe(commands.add_parser("who", help="say whose codes are on the pages without names"))
    collect.describe(commands.add_parser("collect", help="take what a learning platform hands out into submitted/"))
    github_classroom.describe(commands.add_parser("github-classroom", help="make a workflow that marks on GitHub"))
    gradescope.describe(commands.add_parser("gradescope", help="make an autograder for Gradescope"))
    return parser


def run_autograde(arguments):
    """Mark one exercise of the instructor's own class, and write the report; return the exit status."""
    config = load_config()
    if arguments.db:
        config.CourseDirectory.db_url = arguments.db
    if not arguments.no_sandbox:
        sandbox.ensure_available()
    settings = Settings(_seed(arguments.seed), not arguments.no_sandbox)
    if arguments.dry_run:
        some = {"scheduler": arguments.scheduler, "students": arguments.student, "seed": arguments.seed}
        return preview.run(arguments.slug, config, settings, arguments.workers, **some)
    # To name a student is to ask for a new marking even if nothing has changed.
    force = arguments.force or bool(arguments.student)
    results, strays = autograde(
        arguments.slug,
        config,
        settings,
        arguments.workers,
        scheduler=arguments.scheduler,
        students=arguments.student,
        force=force,
        seed=arguments.seed,
        agree=partial(migrate.ask, yes=arguments.yes, options=f" --db {arguments.db}" if arguments.db else ""),
    )
    if not results:
        print(f"error: {_nobody(config, arguments.slug)}", file=sys.stderr)
        print_summary(results, strays)
        return 2
    report.write(report.FOLDER, CourseDirectory(config=config))
    if settings.sandboxed:
        print(f"Memory of a submission: {cgroup.wall()}.")
    print(f"Seed {settings.seed}. Report: _build/report/index.html. Next: python -m grading feedback {arguments.slug}")
    return print_summary(results, strays)


def _nobody(config, slug):
    """The sentence about an exercise that nobody has handed in: what was looked for, and where."""
    course = CourseDirectory(config=config)
    submitted = Path(course.format_path(course.submitted_directory, "", ""))
    found = "no such folder is there" if submitted.is_dir() else f"there is no folder {submitted}"
    return f"nobody has handed in {slug}: looked for {submitted / '<student>' / slug}, and {found}"


def run_sample(arguments):
    """Make and mark the sample class, whose code is our own; without bubblewrap it runs outside the sandbox."""
    config, sandboxed = class_at(SAMPLE), True
    try:
        sandbox.ensure_available()
    except sandbox.SandboxError as error:
        sandboxed = False
        print(f"{error}\nThe sample class is our own code: it runs outside the sandbox.")
    results = {}
    for slug in arguments.slugs:
        write_class(slug, SAMPLE / "submitted")
        settings = Settings(_seed(None), sandboxed)
        results[slug], _ = autograde(slug, config, settings, arguments.workers, force=True, agree=lambda *_: None)
        feedback_pages.write(slug, config)
        if not arguments.brief:
            print_results(slug, results[slug])
    report.write(SAMPLE / "report", CourseDirectory(config=config))
    where = SAMPLE.relative_to(COURSE)
    for slug, marked in results.items():
        print(summary(slug, marked))
    print(f"Feedback for the students: {where}/feedback/<student>/<exercise>/<exercise>.html")
    print(f"Report on the class:       {where}/report/index.html")
    return 0


def run_mistakes(arguments):
    """Mark every known answer; write the pages if each loses exactly the points it says, else say which does not."""
    for slug in arguments.slugs:
        known_answers(exercise.load(slug).slug)  # a fault in one of the files is told before the first is marked
    sandbox.ensure_available()
    settings, broken = Settings(_seed(None)), []
    for slug in arguments.slugs:
        table = Table(title=slug, title_justify="left")
        for column in ("answer", "loses", "fails, but keeps", "as it says"):
            table.add_column(column)
        for answer, *found in mistakes_page.kill_matrix(slug, settings, arguments.workers):
            fits = found == [set(answer.lost), set(answer.follows)]
            shown = [", ".join(sorted(labels)) or "nothing" for labels in found]
            table.add_row(answer.name, *shown, "yes" if fits else "NO")
            broken += [] if fits else [f"{slug}: {answer.name}"]
        console.print(table)
    if broken:
        print(f"Seed {settings.seed}. These do not lose what answers.toml says: {', '.join(broken)}")
        return 1
    written = mistakes_page.write(arguments.slugs)
    print(f"Written: {', '.join(str(path.relative_to(COURSE)) for path in written)}.")
    return 0


def _seed(given):
    return secrets.randbelow(2**32) if given is None else given


def print_results(slug, results):
    """A table of the class, one line per student."""
    table = Table(title=slug, title_justify="left")
    table.add_column("student", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what was wrong")
    for result, named in zip(results, _named_mistakes(slug, results), strict=True):
        points = f"{result.points:g}/{result.max_points:g}"
        failed = f"tests failed: {len(result.failed)}" if result.failed else ""
        table.add_row(result.student, points, result.problem or "; ".join(named) or failed)
    console.print(table)


def summary(slug, results):
    """A line about the class: how many submissions were right, and which mistakes were named most often."""
    right = sum(result.points == result.max_points for result in results)
    unread = sum(bool(result.problem) for result in results)
    counts = Counter(title for named in _named_mistakes(slug, results) for title in named)
    usual = "; ".join(title for title, _ in counts.most_common(2))
    named = f"{len(counts)}, among them: {usual}" if usual else "none"
    return f"{slug}: {len(results)} submissions, {right} right, {unread} unreadable. Mistakes named: {named}."


def _named_mistakes(slug, results):
    titles = {answer.name: answer.mistake for answer in known_answers(slug)}
    return [list(dict.fromkeys(titles.get(name, name) for name in result.mistakes.values())) for result in results]


def print_summary(results, strays):
    """Say what was done and, last, what needs a human; return 1 if something does."""
    kept = sum(result.kept for result in results)
    print(f"{len(results)} submissions: {len(results) - kept} marked, {kept} kept from earlier runs.")
    lost = [result.penalty for result in results if result.late]
    if lost:
        print(f"{len(lost)} came late; points taken off for that: {sum(lost):g}.")
    lines = [f"{result.student}: {reason}" for result in results for reason in result.human] + strays
    if lines:
        print(f"{len(lines)} need a human:")
        print("\n".join(f"  {line}" for line in lines))
    return 1 if lines else 0
