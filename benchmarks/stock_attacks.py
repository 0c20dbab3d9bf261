"""The attacks of tests/attacks.py on nbgrader as it comes: what each would get, learn and change without our grader.

Every attack has its own throw-away course, and is confined so that it can harm nothing else: its own processes, a
small /tmp, little memory, no rights. Those that would take the machine down all the same are left out.
"""

import contextlib
import csv
import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from nbgrader.api import Gradebook, MissingEntry

from benchmarks import stock
from grading.course import COURSE

sys.path.insert(0, str(COURSE / "tests"))
from attacks import ATTACKS, CANARY, RIGHT, write
from marking import SLUG, filled

TABLE = COURSE / "book" / "stock-attacks.csv"
EVERY = COURSE / "_build" / "bench" / "stock_attacks.json"
LEFT_OUT = {"fork-bomb", "thread-bomb", "sparse-terabyte", "source-of-50-mb"}
HIDDEN = "BEGIN HIDDEN TESTS"
MEMORY = 2**33
FAMILIES = {
    "language": "the checks, from inside Python",
    "machine": "the machine",
    "border": "the border to the grader",
    "notebook": "the notebook's cells and metadata",
    "record": "files, links and times",
}


class Outcome(NamedTuple):
    """What became of one attack."""

    name: str
    family: str
    deserved: float
    points: float | None  # None: no mark at all
    learnt: bool  # a secret or a hidden test is in what its code printed, or it called out
    changed: bool  # another's work, the course or a file of the instructor's is not what it was


def main():
    """Let every attack loose on a copy of the same course; write the table of the guide and all outcomes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # of every process that is started from here
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template")
        make_template(template)
        loose = [attack for attack in ATTACKS if attack.name not in LEFT_OUT]
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda attack: attacked(Path(folder), template, attack), loose))
    EVERY.parent.mkdir(parents=True, exist_ok=True)
    EVERY.write_text(json.dumps([outcome._asdict() for outcome in outcomes], indent=1) + "\n")
    with open(TABLE, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table(outcomes))
    print(TABLE.read_text(encoding="utf-8"))


def make_template(root):
    """A course with one right submission, a home with a secret, and the exercise in the gradebook."""
    root.mkdir()
    stock.make_course(root, SLUG)
    (root / "home").mkdir()
    (root / "home" / "secret").write_text(CANARY)
    right = root / "submitted" / "zz-right" / SLUG
    right.mkdir(parents=True)
    answers = RIGHT | {"gradient": f"# {CANARY}\n{RIGHT['gradient']}"}
    (right / f"{SLUG}.ipynb").write_text(json.dumps(filled(answers)), encoding="utf-8")


def attacked(folder, template, attack):
    """The Outcome of one attack on a fresh copy of the course."""
    root = folder / attack.name
    shutil.copytree(template, root)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        places = {"HOME": root / "home", "COURSE": root / "course", "CLASS": root / "submitted"}
        places |= {"GRADEBOOK": root / "gradebook.db", "PORT": listener.getsockname()[1]}
        write(attack, root / "submitted" / attack.name / SLUG, places)
        before = state(root, attack.name)
        with contextlib.suppress(subprocess.TimeoutExpired):  # no mark, then
            autograde(root, attack.name)
        listener.settimeout(0.1)
        try:
            called = bool(listener.accept())
        except TimeoutError:
            called = False
    printed = outputs(root, attack.name)
    outcome = Outcome(
        attack.name,
        attack.family,
        attack.points,
        points(root, attack.name),
        called or CANARY in printed or HIDDEN in printed,
        state(root, attack.name) != before,
    )
    shutil.rmtree(root, ignore_errors=True)
    return outcome


def autograde(root, student):
    """Mark one student with nbgrader's own command, confined."""
    confined = ["bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-pid", "--unshare-uts"]
    confined += ["--unshare-ipc", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"]
    confined += ["--dev", "/dev", "--proc", "/proc", "--size", str(2**28), "--tmpfs", "/tmp", "--bind", root, root]
    secrets = {"HOME": str(root / "home"), "GRADER_SECRET": CANARY}
    return stock.nbgrader(
        root, "autograde", SLUG, "--student", student, before=map(str, confined), environment=secrets, timeout=240
    )


def points(root, student):
    """The score that the gradebook has for the student, None if it has none or cannot be read."""
    try:
        with Gradebook(f"sqlite:///{root}/gradebook.db", "stock") as gradebook:
            return gradebook.find_submission(SLUG, student).score if marked(root, student) else None
    except (MissingEntry, OSError):
        return None


def marked(root, student):
    return root.joinpath("autograded", student, SLUG, f"{SLUG}.ipynb").is_file()


def outputs(root, student):
    """All outputs of the marked notebook, as text."""
    path = root / "autograded" / student / SLUG / f"{SLUG}.ipynb"
    if not path.is_file():
        return ""
    return json.dumps([cell.get("outputs", []) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]])


def state(root, student):
    """Everything that marking this student should leave as it is, the marks of others included."""
    files = {}
    for place in ("home", "course", "source", "submitted/zz-right"):
        for path in sorted(root.joinpath(place).rglob("*")):
            known = "__pycache__" not in path.parts and not {".local", ".ipython", ".cache", ".config"} & set(
                path.parts
            )
            if known and path.is_file() and not path.is_symlink():
                files[str(path)] = path.read_bytes()
    with Gradebook(f"sqlite:///{root}/gradebook.db", "stock") as gradebook:
        total = gradebook.find_assignment(SLUG).max_score
    return files, total


def table(outcomes):
    """The rows of the guide: for each family, how many attacks had which outcome."""
    yield "against", "attacks", "deserved mark", "higher", "lower", "no mark", "secret learnt or file changed"
    for family, words in (FAMILIES | {None: "all"}).items():
        these = [outcome for outcome in outcomes if family in (outcome.family, None)]
        given = [outcome for outcome in these if outcome.points is not None]
        right = sum(outcome.points == outcome.deserved for outcome in given)
        higher = sum(outcome.points > outcome.deserved for outcome in given)
        harmed = sum(outcome.learnt or outcome.changed for outcome in these)
        yield words, len(these), right, higher, len(given) - right - higher, len(these) - len(given), harmed


if __name__ == "__main__":
    main()
