"""The autograder's commands: `python -m grading --help`."""

import argparse

from nbgrader.apps import NbGraderAPI
from rich.console import Console
from rich.table import Table

from grading.course import COURSE, load_config, slugs
from grading.grade import grade
from grading.sample_class import write_class

SAMPLE = COURSE / "_build" / "sample-class"


def main():
    parser = argparse.ArgumentParser(prog="python -m grading", description="Grade the course's exercises.")
    commands = parser.add_subparsers(required=True)
    sample = commands.add_parser("sample", help="make a sample class from the known answers, and grade it")
    sample.add_argument("slugs", nargs="*", default=slugs(), help="exercises (default: all)")
    sample.set_defaults(run=grade_sample_class)
    arguments = parser.parse_args()
    arguments.run(arguments)


def grade_sample_class(arguments):
    config = load_config()
    for kind in ("release", "submitted", "autograded", "feedback"):
        config.CourseDirectory[f"{kind}_directory"] = str(SAMPLE / kind)
    config.CourseDirectory.db_url = f"sqlite:///{SAMPLE}/gradebook.db"
    SAMPLE.mkdir(parents=True, exist_ok=True)
    for slug in arguments.slugs:
        write_class(slug, SAMPLE / "submitted")
        NbGraderAPI(config=config).generate_assignment(slug, force=True, create=True)
        print_results(slug, grade(slug, config))
    print(
        f"Feedback for the students: {(SAMPLE / 'feedback').relative_to(COURSE)}/<student>/<exercise>/<exercise>.html"
    )


def print_results(slug, results):
    table = Table(title=slug, title_justify="left")
    table.add_column("student")
    table.add_column("points", justify="right")
    table.add_column("what failed")
    for result in results:
        points = f"{result.points:g}/{result.max_points:g}"
        table.add_row(result.student, points, result.problem or ", ".join(result.failed))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
