"""`python -m grading gradescope`: an autograder for Gradescope, which marks an exercise as a class's is marked.

The zip and the results follow Gradescope's "Autograder Specifications". There this module is run by itself:
`python -m grading.platforms.gradescope`.
"""

import argparse
import json
import sys
import time
import zipfile
from pathlib import Path

from grading import exercise, outside
from grading.platforms import alone
from grading.remote import SandboxError

SHOWN = ("after_published", "after_due_date", "visible", "hidden")
RUN = """\
#!/usr/bin/env bash
# Gradescope starts this for each submission. What it prints is for instructors; students see results.json.
set -euo pipefail
root=${{AUTOGRADER:-/autograder}}
chmod 700 "$root"  # students' code may run as another user, who is to find this closed
cd "$root/source/course"
exec "${{GRADER_PYTHON:-/opt/course-grader/bin/python}}" -m grading.platforms.gradescope {options} \\
    --user "${{GRADER_USER:-{user}}}" "$root"
"""


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slug", metavar="SLUG", help="the exercise")
    parser.add_argument("--output", type=Path, metavar="ZIP", help="the file (default: gradescope-SLUG.zip)")
    parser.add_argument(
        "--hidden", choices=SHOWN, default=SHOWN[0], help=f"when hidden tests are shown (default: {SHOWN[0]})"
    )
    parser.add_argument("--trust", action="store_true", help="mark even where nothing keeps students from the tests")
    parser.set_defaults(run=run)


def run(arguments):
    """Write the zip to be uploaded as the autograder of an assignment; return 0.

    Raises ValueError for an exercise that there is not, or whose notebooks are not built from its text as it is now.
    """
    from grading import notebooks  # which Gradescope's machine has no need of

    task = notebooks.checked(arguments.slug)
    path = arguments.output or Path(f"gradescope-{task.slug}.zip")
    write(path, task.slug, arguments.hidden, arguments.trust)
    by_hand = sum(
        cell["metadata"]["nbgrader"]["points"] for cell in task.notebook["cells"] if exercise.is_by_hand(cell)
    )
    waits = f"; {by_hand:g} of them are given by hand" if by_hand else ""
    print(f"Written: {path}, with the tests and the answers of {task.slug}: show it to no student.")
    print(f"Upload it as the autograder of an assignment of {task.points:g} points{waits}.")
    return 0


def write(path, slug, hidden=SHOWN[0], trust=False):
    """Write the zip; the same sources give the same bytes."""
    files = alone.files(slug)
    options = f"{slug} --hidden {hidden}{' --trust' if trust else ''}"
    files["run_autograder"] = RUN.format(options=options, user=alone.USER).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of 1980: when it was written is of no interest
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100700 if name in ("setup.sh", "run_autograder") else 0o100600) << 16
            archive.writestr(entry, data)


def main(arguments):
    """Mark the submission below a root such as /autograder, and write its results; return 0, or 2 if that failed.

    Where the machine fails there are no results, and Gradescope says so: it is to be nobody's mark.
    """
    parser = argparse.ArgumentParser(description="Mark a submission on Gradescope.")
    parser.add_argument("slug")
    parser.add_argument("--hidden", choices=SHOWN, default=SHOWN[0])
    parser.add_argument("--trust", action="store_true")
    parser.add_argument("--user", default=alone.USER)
    parser.add_argument("root", type=Path)
    given, started = parser.parse_args(arguments), time.monotonic()
    path = given.root / "results" / "results.json"
    path.unlink(missing_ok=True)
    try:
        found = alone.mark(given.slug, given.root / "submission", alone.settings(given.trust, given.user))
    except SandboxError as error:
        print(f"error: {outside.line(str(error), 1000)}")  # instructors are shown what it prints
        return 2
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(results(found, given.hidden) | {"execution_time": round(time.monotonic() - started)}, indent=1)
    path.write_text(text, encoding="utf-8")
    print(f"{found['points']:g} of {found['most']:g} points; seed {found['seed']}; wall: {found['sandbox']}")
    return 0


def results(found, hidden=SHOWN[0]):
    """What results.json holds of a feedback.Results, given as a dictionary; `hidden` is when hidden tests are shown."""
    return {
        "score": found["points"],
        "output": alone.summary(found),
        "output_format": "text",
        "test_output_format": "text",  # it holds what a student's code said, which is to be no markup
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"seed": found["seed"], "wall": found["sandbox"]},
        "tests": [
            {
                "name": title,
                "score": check["points"],
                "max_score": check["most"],
                "status": "passed" if check["points"] >= check["most"] else "failed",
                "output": alone.told(check, found),
                "visibility": hidden if check["hidden"] else "visible",
            }
            for title, check in alone.checks(found)
        ],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
