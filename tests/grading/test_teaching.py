"""Every command of the instructor's guide works, in the order in which the guide gives them."""

import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import needs
from marking import SLUG, copy_of_the_course, environment, filled, hand_in, run

from grading import bench, cgroup, remote, sandbox, student_process, watch, wire
from grading.answers import solution
from grading.course import COURSE
from grading.execute import Settings

pytestmark = pytest.mark.pool

GUIDE = COURSE / "book" / "teaching.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
CONSOLE = re.findall(r"^```console\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)  # of a cluster, and of a server


@pytest.fixture
def course(tmp_path):
    """A copy of the course with its own exchange, and two students' work in a zip and in a folder."""
    needs("bwrap")
    root = tmp_path / "clone"
    root.mkdir()
    copy_of_the_course(root)
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(COURSE / name, root)
    for house in ("exercises", "book"):
        shutil.copytree(COURSE / house, root / house, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".venv").symlink_to(sys.prefix)
    exchange = root / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    with open(root / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
    text = json.dumps(filled(solution(SLUG).cells))
    archive = root / "downloaded" / SLUG / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "class.zip", "w") as file:
        file.writestr(f"ada-{SLUG}.ipynb", text)
    folder = root / "submitted" / "blaise" / SLUG
    folder.mkdir(parents=True)
    (folder / f"{SLUG} (1).ipynb").write_text(text, encoding="utf-8")
    return root


def commands(block):
    """The block; but a test installs no packages, so `make` only says what it would do."""
    return re.sub(r"^make ", "make --dry-run ", block, flags=re.MULTILINE)


def run_block(kind, block, course):
    if block.startswith("c."):  # lines for nbgrader_config.py
        kind, block = "bash", f"cat >> nbgrader_config.py <<'END'\n{block}END\n"
    return run(course, *([sys.executable, "-c", block] if kind == "python" else ["bash", "-e", "-c", commands(block)]))


def start(command, course):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command.split(), cwd=course, env=environment(course), **quiet)


def test_every_command_of_the_guide_works(course):
    assert len(BLOCKS) > 8
    for kind, block in BLOCKS:
        done = run_block(kind, block, course)
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    for student in ("ada", "blaise"):
        assert (course / "feedback" / student / SLUG / f"{SLUG}.html").is_file()
    marks = (course / "grades.csv").read_text()
    assert ",ada," in marks
    assert ",blaise," in marks
    assert (course / "_build" / "report" / "index.html").is_file()


def test_the_commands_of_a_cluster_and_of_a_database_server_work(course, postgresql):
    """The last command of each block is waited for; those before it are servers."""
    assert len(CONSOLE) == 2
    for student in ("ada", "blaise"):
        hand_in(course, student, json.dumps(filled(solution(SLUG).cells)))
    for block in CONSOLE:
        *servers, last = re.findall(r"^\$ (.*)", block, re.MULTILINE)
        running = [start(command, course) for command in servers]
        try:
            done = run(course, *last.split(), "--force")
        finally:
            for server in running:
                server.terminate()
                server.wait(timeout=30)
        assert "2 submissions: 2 marked" in done.stdout, f"{last}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_the_limits_in_the_guide_are_those_of_the_code():
    usual, text = Settings(seed=0), " ".join(TEXT.split())
    for line in (
        f"a function or a cell | {usual.call_seconds:g} s;",
        f"later calls of it get {usual.hang_seconds:g} s |",
        f"answers | {usual.submission_seconds:g} s, and {usual.extra_seconds:g} s for cells",
        f"its process | {sandbox.LIMITS['RLIMIT_AS'] >> 30} GB |",
        f"files included | {cgroup.MEMORY >> 30} GB,",
        f"| files | {sandbox.DISK >> 20} MB and {student_process.MAX_FILES:,} files |",
        f"| threads | {student_process.MAX_THREADS} at once",
        f"is given | {watch.CALLS_BACK:,}, each within {remote.MEMORY >> 20} MB",
        f"to the grader | {wire.MAX_BYTES >> 20} MB, {wire.MAX_TEXT >> 20} MB of it text",
        f"what is shown | {bench.MAX_SHOWN >> 20} MB |",
        f"| {usual.replacements} for answers, {usual.replacements} for cells without points |",
    ):
        assert line in text, line
