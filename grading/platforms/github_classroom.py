"""`python -m grading github-classroom`: a workflow that marks an exercise on every push to a student's repository.

The results have the form that GitHub's own `autograding-grading-reporter` reads: one runner for each test, and for each
runner a JSON text in base64. Run by itself, as `python -m grading.platforms.github_classroom`, this module makes them.
"""

import argparse
import base64
import json
import os
import re
import sys
from pathlib import Path

from grading import exercise, outside
from grading.course import COURSE
from grading.platforms import alone
from grading.remote import SandboxError

FOLDER = COURSE / "_build" / "github-classroom"
KEY = "GRADER_KEY"  # the secret: a private key, of which the repository of the grader has the public one
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
WORKFLOW = """\
# Marks {slug} on every push. To be put into the template repository as .github/workflows/classroom.yml.
name: Autograding Tests
on:
  - push
  - workflow_dispatch
  - repository_dispatch
permissions:
  checks: write
  actions: read
  contents: read
jobs:
  run-autograding-tests:  # the reporter looks for a job of this name
    runs-on: ubuntu-latest
    if: github.actor != 'github-classroom[bot]'
    timeout-minutes: 15
    env:
      HIDDEN: ${{{{ secrets.{key} != '' }}}}
    steps:
      - uses: actions/checkout@v7
        with:
          path: submission
          persist-credentials: false
      - name: Fetch the grader
        uses: actions/checkout@v7
        with:
          repository: {repository}
          ssh-key: ${{{{ secrets.{key} }}}}
          path: grader
          persist-credentials: false
      - name: Say that nothing is hidden
        if: env.HIDDEN != 'true'
        run: |
          echo "::warning::Nothing is hidden: there is no secret {key}, so that everybody can read where the grader is."
      - name: Install the grader
        run: sudo mv grader /opt/grader && sudo bash /opt/grader/setup.sh
      - name: Mark
        id: marks
        run: sudo --preserve-env=GITHUB_OUTPUT,GITHUB_STEP_SUMMARY bash /opt/grader/mark "$PWD/submission"
      - name: Report
        if: ${{{{ !cancelled() && steps.marks.outputs.marked == 'yes' }}}}
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
{results}
        with:
          runners: {runners}
"""
MARK = """\
#!/usr/bin/env bash
# Marks what lies in a folder; started as root, after setup.sh.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")/course"
exec "${{GRADER_PYTHON:-/opt/course-grader/bin/python}}" -m grading.platforms.github_classroom {slug} "$1"
"""


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slug", metavar="SLUG", help="the exercise")
    parser.add_argument(
        "--grader", required=True, metavar="OWNER/NAME", help="the repository that will hold the grader"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=f"default: {FOLDER.relative_to(COURSE)}/SLUG")
    parser.set_defaults(run=run)


def run(arguments):
    """Write the workflow, and the contents of the grader's repository; say where both belong; return 0.

    Raises ValueError for an exercise that there is not, whose notebooks are not built from its text as it is now, or
    for what is no name of a repository.
    """
    from grading import notebooks  # which GitHub's machine has no need of

    task = notebooks.checked(arguments.slug)
    if not REPOSITORY.fullmatch(arguments.grader):
        raise ValueError(f"{arguments.grader!r} is no repository: give its owner and name, such as my-school/grader")
    folder = arguments.output or FOLDER / task.slug
    write(folder, task, arguments.grader)
    print(f"Written: {folder}/classroom.yml, to be .github/workflows/classroom.yml of the template repository,")
    print(f"and {folder}/grader, to be pushed to {arguments.grader}: a private one, as it holds tests and answers.")
    print(f"The secret {KEY}, of the organisation, is to be a deploy key that may read that repository.")
    print("Who may change the workflow may read what the secret opens, and print any points: take the marks that count")
    print(f"from `python -m grading collect {task.slug}` and `python -m grading autograde {task.slug}`.")
    return 0


def write(folder, task, repository):
    """Write classroom.yml, and the folder grader, into a folder that need not be there yet."""
    files = {f"grader/{name}": data for name, data in alone.files(task.slug).items()}
    files["grader/mark"] = MARK.format(slug=task.slug).encode()
    files["classroom.yml"] = workflow(task, repository).encode()
    for name, data in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def workflow(task, repository):
    """The text of the workflow for an exercise.Exercise; `repository` is where it fetches the grader."""
    labels = [exercise.grade_id(cell) for cell in task.notebook["cells"] if exercise.is_test(cell)]
    results = "\n".join(
        f"          {label.upper()}_RESULTS: ${{{{ steps.marks.outputs.{label} }}}}" for label in labels
    )
    return WORKFLOW.format(slug=task.slug, repository=repository, key=KEY, results=results, runners=",".join(labels))


def main(arguments):
    """Mark a folder and write the results where GitHub's variables say; return 0, 1 if points are lost, or 2.

    That is where the machine failed: then there is no result, and it is nobody's mark.
    """
    parser = argparse.ArgumentParser(description="Mark a submission on GitHub.")
    parser.add_argument("slug")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    try:
        found = alone.mark(given.slug, given.folder, alone.settings())
    except SandboxError as error:
        print(f"error: {outside.line(str(error), 1000)}", file=sys.stderr)
        return 2
    checks = alone.checks(found)
    lines = [f"{check['label']}={runner(title, check, found)}\n" for title, check in checks]
    _append("GITHUB_OUTPUT", "".join([*lines, "marked=yes\n"]))
    _append("GITHUB_STEP_SUMMARY", summary(found))
    for title, check in checks:
        print(f"{check['points']:g} of {check['most']:g}  {title}")  # the reporter prints what is told of it
    print(f"{found['points']:g} of {found['most']:g} points. {alone.summary(found)}")
    return 0 if all(check["points"] >= check["most"] for _, check in checks) else 1


def runner(title, check, found):
    """What the reporter reads of one test, in base64; the text of it is on one line, whatever a student's code said."""
    state = "pass" if check["points"] >= check["most"] else "fail"
    test = {"name": title, "status": state, "score": check["points"], "message": alone.told(check, found)}
    result = {"version": 1, "status": state, "max_score": check["most"], "tests": [test]}
    return base64.b64encode(json.dumps(result).encode()).decode()


def summary(found):
    """The marks as a table of Markdown; nothing in it is from a student, but what is said of the file in a block."""
    rows = [f"| {title} | {check['points']:g} | {check['most']:g} |" for title, check in alone.checks(found)]
    told = "".join(f"    {line}\n" for line in alone.summary(found).splitlines())
    head = [f"## {found['title']}: {found['points']:g} of {found['most']:g} points", "", "| test | points | of |"]
    return "\n".join([*head, "|---|---:|---:|", *rows, "", told])


def _append(variable, text):
    """Append a text to the file that a variable of the environment names, if there is one."""
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
