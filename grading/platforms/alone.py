"""Mark one submission on a platform's own machine, which has this one exercise of the course and no class.

The notebook is found, rebuilt, run and checked by what marks a class. numpy, Jinja2 and what students' cells import are
all that needs to be installed there.
"""

import secrets
from dataclasses import asdict
from functools import partial
from pathlib import Path

from grading import exercise, feedback, grade, sandbox
from grading.course import COURSE, LANGUAGES
from grading.execute import Settings
from grading.remote import SandboxError
from grading.student_process import StudentProcess
from rnnlib.words import say, speaking

USER = "course-student"  # whom setup.sh adds to the machine, to run students' code where no sandbox can be had
PACKAGES = ("numpy", "jinja2", "matplotlib", "ipython", "tqdm")
WALLS = {
    "bubblewrap": "Your code ran in a sandbox.",
    "another user": "Your code ran as a user who can read neither tests nor answers: no sandbox can start here.",
    "none": "Your code ran without a wall: it could have read the tests and the answers.",
}
SETUP = """\
#!/usr/bin/env bash
# Prepares a Debian or Ubuntu machine, as root, to mark one exercise.
set -euo pipefail
here=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
export DEBIAN_FRONTEND=noninteractive

apt-get update
apt-get install -y --no-install-recommends bubblewrap util-linux python3 python3-venv
python=$(command -v python3)
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=$(command -v python3.11)
fi
"$python" -m venv /opt/course-grader
/opt/course-grader/bin/pip install --no-cache-dir -c "$here/requirements.txt" {packages}

# Where no sandbox can start, students' code runs as this user, who finds tests and answers closed.
id {user} >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin {user}
chown -R root:root "$here"
chmod -R u+rwX,go= "$here"
"""


def files(slug):
    """{path: bytes} of what marks one exercise: the grader, rnnlib and this exercise alone, below `course`."""
    released = [f"exercises/{slug}", *(f"exercises/{folder}/{slug}" for folder in LANGUAGES.values())]
    houses = ("grading", "rnnlib", f"solutions/{slug}", *released)
    paths = [path for house in houses for path in sorted((COURSE / house).rglob("*")) if _is_source(path)]
    found = {f"course/{path.relative_to(COURSE).as_posix()}": path.read_bytes() for path in paths}
    found["requirements.txt"] = (COURSE / "requirements.txt").read_bytes()
    found["setup.sh"] = SETUP.format(packages=" ".join(PACKAGES), user=USER).encode()
    return found


def _is_source(path):
    inside = path.relative_to(COURSE).parts
    return path.is_file() and "__pycache__" not in inside and not any(part.startswith(".") for part in inside)


def settings(trust=False, user=USER):
    """The Settings with the highest wall that can be had here: the sandbox, else another user, else, on trust, none.

    Raises SandboxError with the reasons where there is no wall, and no trust.
    """
    seed, reasons = secrets.randbelow(2**32), []
    walls = [
        (sandbox.ensure_available, {"sandboxed": True}),
        (partial(sandbox.ensure_other_user, user), {"sandboxed": False, "user": user}),
    ]
    for ensure, how in walls:
        try:
            ensure()
            StudentProcess(**how).close()  # a container may allow namespaces, and nothing to be mounted in them
            return Settings(seed, **how)
        except SandboxError as error:
            reasons.append(str(error))
    if not trust:
        raise SandboxError(
            f"nothing would keep students' code from the tests, which --trust would let pass: {'; '.join(reasons)}"
        )
    return Settings(seed, sandboxed=False)


def mark(slug, folder, settings):
    """The feedback.Results, as a dictionary, of what lies in a folder; one that cannot be read has a problem in it.

    Raises SandboxError where this machine could not mark it, which is to be nobody's mark.
    """
    marked = grade.mark(grade.Job(slug, "submission", str(Path(folder)), settings))
    if marked.notebook is None:
        raise SandboxError(marked.problem)
    return feedback.without_places(
        asdict(feedback.results(marked.notebook, exercise.load(slug, exercise.language_of_marked(marked.notebook))))
    )


def checks(found):
    """(title, check) for each check of the Results that has points by now; of one marked by hand, a human tells."""
    return [
        (f"{part['title']}: {check['title']}", check)
        for part in found["parts"]
        for check in part["checks"]
        if check["state"] != "waiting"
    ]


def told(check, found):
    """What a student is told of a check, as lines of text: what was seen, and the mistake if it was recognised."""
    with speaking(found["language"]):
        state = say(feedback.STATES[check["state"]][1])
        facts = [f"{say(what)}: {text}" for what, text in check["facts"]]
    lines = [f"{state.capitalize()}.", check["headline"], *check["details"], *facts]
    lines += check["remarks"]
    if check["mistake"]:
        mistake = found["mistakes"][check["mistake"] - 1]
        lines += [mistake["told"], mistake["hint"]]
    return "\n".join(filter(None, lines))


def summary(found):
    """What a student is told of the whole submission, as lines of text; the last says which wall stood."""
    lines = [found["problem"] and f"Nothing was marked: {found['problem']}"]
    lines += [*found["notes"], *found["costs"]]
    waits = [part["title"] for part in found["parts"] if any(check["state"] == "waiting" for check in part["checks"])]
    lines += [f"{title}: waits for a mark by hand, which is not among these points." for title in waits]
    lines += [] if found["problem"] else [WALLS[found["sandbox"]]]
    return "\n".join(filter(None, lines))
