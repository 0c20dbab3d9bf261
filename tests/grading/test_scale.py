"""A cluster of separate processes, and a gradebook on a server, give the marks that this machine and SQLite give."""

import json
import os
import shutil
import signal
import threading
import time

import dask
import pytest
from conftest import needs
from distributed import LocalCluster
from marking import FAST, SLUG, filled, hand_in
from nbgrader.api import Gradebook

from grading import commands
from grading.answers import known_answers
from grading.autograde import autograde
from grading.course import class_at

pytestmark = pytest.mark.pool

KNOWN = {answer.name: answer for answer in known_answers(SLUG)}
CLASS = {name: KNOWN[name] for name in ("message-dropped", "message-without-w", "last-step-only", "numeric-gradient")}


@pytest.fixture
def root(tmp_path, fresh_gradebook):
    """A folder in which a small class has handed in known mistakes."""
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    for student, answer in CLASS.items():
        hand_in(tmp_path, student, json.dumps(filled(answer.cells)))
    return tmp_path


@pytest.fixture
def cluster():
    """A Dask scheduler and two workers, each a process of its own, that is given up after it was lost once."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
    ):
        yield cluster


def lost(results):
    return {result.student: set(result.failed) for result in results}


def as_it_says(students=CLASS):
    return {student: set(CLASS[student].lost) for student in students}


def kill_busy_workers(cluster, times):
    """Kill worker processes that are at work, `times` in all."""
    killed = set()
    while len(killed) < times:
        for nanny in list(cluster.workers.values()):
            worker, pid = cluster.scheduler.workers.get(nanny.worker_address), nanny.pid  # None between two processes
            if worker and worker.processing and pid and pid not in killed and len(killed) < times:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def marked_while_workers_die(root, cluster, times):
    killer = threading.Thread(target=kill_busy_workers, args=(cluster, times), daemon=True)
    killer.start()
    results, _ = autograde(SLUG, class_at(root), FAST, scheduler=cluster.scheduler_address)
    assert not killer.is_alive()
    return results


def test_a_dask_cluster_gives_the_marks_that_answers_toml_says(root, cluster):
    results, _ = autograde(SLUG, class_at(root), FAST, scheduler=cluster.scheduler_address)
    assert lost(results) == as_it_says()
    assert not any(result.human for result in results)


def test_the_work_of_a_killed_worker_is_done_by_another(root, cluster):
    results = marked_while_workers_die(root, cluster, times=1)
    assert lost(results) == as_it_says()
    assert not any(result.human for result in results)


def test_a_submission_that_loses_its_worker_again_and_again_is_reported_and_the_run_ends(root, cluster):
    for student in list(CLASS)[1:]:
        shutil.rmtree(root / "submitted" / student)
    (result,) = marked_while_workers_die(root, cluster, times=2)
    assert result.points == 0
    assert result.human == ("the grader failed: its worker was killed again and again",)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Let commands mark a class of the test's own: in the course itself, others may be marking."""
    monkeypatch.setattr(commands, "load_config", lambda: class_at(tmp_path))


@pytest.mark.usefixtures("elsewhere")
def test_a_scheduler_that_does_not_answer_is_one_clear_error(capsys):
    assert commands.main(["autograde", SLUG, "--no-sandbox", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err


def test_a_gradebook_on_a_postgresql_server_holds_the_marks_that_answers_toml_says(root, postgresql):
    (root / "gradebook.db").unlink()
    config = class_at(root)
    config.CourseDirectory.db_url = postgresql
    results, _ = autograde(SLUG, config, FAST, workers=2)
    assert lost(results) == as_it_says()
    again, _ = autograde(SLUG, config, FAST, workers=2)
    assert again == [result._replace(kept=True) for result in results]
    with Gradebook(postgresql, "bptt") as gradebook:
        rows = {row.student_id: row.score for row in gradebook.assignment_submissions(SLUG)}
    assert rows == {result.student: result.points for result in results}
    assert not (root / "gradebook.db").exists()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("url", ["postgresql+psycopg://teacher@/x?host=/nowhere", "nonsense"])
def test_a_gradebook_that_cannot_be_opened_is_one_clear_error(url, capsys):
    assert commands.main(["autograde", SLUG, "--no-sandbox", "--db", url]) == 2
    assert "error: the gradebook cannot be used" in capsys.readouterr().err
