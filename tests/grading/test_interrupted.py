"""A run that is killed, or that cannot write, loses nothing that was finished, and the next run does the rest."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import needs
from marking import FAST, SLUG, filled, hand_in
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment

from grading import interrupt, notebooks
from grading.answers import solution
from grading.autograde import autograde
from grading.course import COURSE, class_at
from grading.execute import Settings

pytestmark = pytest.mark.pool

COMMAND = """
import pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from grading import autograde, commands, course, report
if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    autograde.MINUTE = float(sys.argv[2])
    commands.load_config = lambda: course.class_at(root)
    report.FOLDER = root / "report"  # that of who runs the tests stays
    sys.exit(commands.main(["autograde", "two-step", "--workers", "2"]))
"""
STUDENTS = [f"student-{number}" for number in range(4)]
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs without one
sys.path.insert(0, "tests")
from marking import FAST, SLUG
from grading import course
from grading.autograde import autograde
if __name__ == "__main__":
    sys.exit(autograde(SLUG, course.class_at(sys.argv[1]), FAST, int(os.environ["WORKERS"])) and 0)
"""


@pytest.fixture
def root(tmp_path, fresh_gradebook):
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    text = json.dumps(filled(solution(SLUG).cells))
    for student in STUDENTS:
        hand_in(tmp_path, student, text)
    return tmp_path


def start(root, *before, workers=1):
    environment = os.environ | {"PYTHONPATH": str(COURSE), "WORKERS": str(workers)}
    command = [*before, sys.executable, "-c", PROGRAM, str(root)]
    return subprocess.Popen(
        command,
        cwd=COURSE,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finished(root):
    return sorted(path.parts[-3] for path in root.glob(f"autograded/*/{SLUG}/{SLUG}.ipynb"))


def scores(root):
    with Gradebook(f"sqlite:///{root}/gradebook.db", "bptt") as gradebook:
        return {row.student_id: row.score for row in gradebook.assignment_submissions(SLUG)}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_is_taken_up_where_it_ended(root, how):
    process = start(root)
    deadline = time.monotonic() + 120
    while len(finished(root)) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=60)
    done = finished(root)
    assert 2 <= len(done) < len(STUDENTS)
    stamps = {student: (root / "autograded" / student / SLUG / f"{SLUG}.ipynb").stat().st_mtime_ns for student in done}
    results, _ = autograde(SLUG, class_at(root), FAST)
    assert [result.student for result in results if result.kept] == done
    for student, stamp in stamps.items():
        assert (root / "autograded" / student / SLUG / f"{SLUG}.ipynb").stat().st_mtime_ns == stamp
    assert scores(root) == dict.fromkeys(STUDENTS, 15)
    with sqlite3.connect(root / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def start_command(root, minute=60.0):
    """The command of the guide, with two workers, in a session of its own as in a terminal."""
    command = [sys.executable, "-c", COMMAND, str(root), str(minute)]
    environment, pipe = os.environ | {"PYTHONPATH": str(COURSE)}, subprocess.PIPE
    return subprocess.Popen(
        command, cwd=COURSE, env=environment, stdout=pipe, stderr=pipe, start_new_session=True, text=True
    )


@pytest.mark.parametrize("when", ["workers start", "one is marked"])
def test_ctrl_c_reaches_all_processes_and_one_sentence_is_said(root, when):
    process, deadline = start_command(root), time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if finished(root) if when == "one is marked" else len(of_session(process.pid)) >= 3:
            break
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    sent = time.monotonic()
    out, errors = process.communicate(timeout=60)
    assert time.monotonic() - sent < 10  # nobody is marked to the end
    assert errors == "Interrupted: what was marked is kept, and the same command goes on with the rest.\n"
    assert "Traceback" not in out
    assert left_by(process.pid, time.monotonic() + 10) == []
    done = finished(root)
    assert len(done) < len(STUDENTS)
    assert bool(done) == (when == "one is marked")
    results, _ = autograde(SLUG, class_at(root), Settings(FAST.seed), workers=2)  # those of the command
    assert [result.student for result in results if result.kept] == done
    assert scores(root) == dict.fromkeys(STUDENTS, 15)


def test_ctrl_c_waits_while_a_worker_starts_although_another_thread_would_take_it():
    usual, over, reached = signal.getsignal(signal.SIGINT), threading.Event(), []

    def interrupted():
        with interrupt.put_off():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            reached.append("the end of the block")

    other = threading.Thread(target=over.wait)
    other.start()  # the signal is not blocked there
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        over.set()
        other.join()
    assert reached == ["the end of the block"]
    assert signal.getsignal(signal.SIGINT) is usual


def test_ctrl_c_while_a_release_is_made_is_an_interruption_and_no_failure_of_the_release(tmp_path, monkeypatch):
    convert = GenerateAssignment.convert_single_notebook

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        return convert(*arguments)

    monkeypatch.setattr(GenerateAssignment, "convert_single_notebook", interrupted)
    with pytest.raises(KeyboardInterrupt):
        notebooks.build_release(SLUG, tmp_path)


def test_a_log_file_gets_a_line_from_time_to_time(root):
    out, _ = start_command(root, minute=0.1).communicate(timeout=120)
    lines = re.findall(r"^\d\d:\d\d two-step: (\d) of 4 marked, 0 failed$", out, re.MULTILINE)
    assert len(lines) > 1
    assert lines == sorted(lines)


def test_a_second_grader_of_an_exercise_stops_and_says_so_and_the_first_goes_on(root):
    process = start(root)
    deadline = time.monotonic() + 120
    while not finished(root) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(ValueError, match=f"another grader is marking {SLUG} for this class"):
        autograde(SLUG, class_at(root), FAST)
    process.communicate(timeout=120)
    assert scores(root) == dict.fromkeys(STUDENTS, 15)


def test_a_killed_grader_leaves_no_process(root):
    process = start(root, workers=2)
    deadline = time.monotonic() + 120
    while not finished(root) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(of_session(process.pid)) >= 3  # the grader, and two workers
    process.kill()
    process.communicate(timeout=60)  # which waits for all who could write to the pipe
    assert left_by(process.pid, deadline) == []


def left_by(session, deadline):
    """The processes of a session that are there at the deadline: the last ones end just after the grader."""
    while of_session(session) and time.monotonic() < deadline:
        time.sleep(0.1)
    return of_session(session)


def of_session(session):
    """The processes of a session: the fourth field behind the name is its number."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, *_, number = path.read_text().rpartition(")")[2].split()[:4]
            found += [path.parent.name] if int(number) == session and state != "Z" else []
    return found


def test_a_full_disk_stops_the_run_with_a_reason_and_keeps_what_is_done(root):
    """The folder of marked notebooks lies on a disk of 4 kB."""
    autograde(SLUG, class_at(root), FAST, students=STUDENTS[:1])
    before = scores(root)
    tool = needs("unshare")
    full = f'mount -t tmpfs -o size=4k none "{root}/autograded" 2>/dev/null || exit 77; exec "$@"'
    process = start(root, tool, "--mount", "--map-root-user", "sh", "-c", full, "sh")
    _, errors = process.communicate(timeout=120)
    if process.returncode == 77:
        pytest.skip("this machine lets nobody mount a small disk")
    assert process.returncode != 0
    assert b"No space left on device" in errors
    assert len(finished(root)) == 1
    assert before.items() <= scores(root).items()
    results, _ = autograde(SLUG, class_at(root), FAST)
    assert {result.student: result.points for result in results} == dict.fromkeys(STUDENTS, 15)
    assert not list(root.glob("autograded/*/*/*.part"))


def test_a_locked_gradebook_stops_the_run_with_a_reason_and_loses_nothing(root):
    autograde(SLUG, class_at(root), FAST, students=STUDENTS[:1])
    with sqlite3.connect(root / "gradebook.db", isolation_level=None) as database:
        database.execute("begin exclusive")
        process = start(root)
        _, errors = process.communicate(timeout=180)
        database.execute("rollback")
    assert process.returncode != 0
    assert b"database is locked" in errors
    assert scores(root) == {STUDENTS[0]: 15}
    results, _ = autograde(SLUG, class_at(root), FAST)
    assert [result.kept for result in results] == [True] + [False] * 3
