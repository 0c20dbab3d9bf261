"""Mark the submissions of one exercise: here, in a pool of processes, or on a Dask cluster."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from grading import exercise, intake
from grading.course import slugs
from grading.execute import Settings, execute
from grading.sandbox import SandboxError
from grading.transplant import rebuild


class Job(NamedTuple):
    """One submission to mark, as it is sent to a worker: paths and names, no contents."""

    slug: str
    student: str
    folder: str
    settings: Settings


class Marked(NamedTuple):
    """A marked submission: the notebook with its outputs and record, and what timestamp.txt says."""

    student: str
    notebook: dict
    timestamp: str


def mark(job):
    """Mark one submission; the same function runs in this process, in a pool's and on a cluster.

    The file is read here, not where the jobs are made: in a pool, a file that brings down the process that parses it
    costs one submission. Raises SandboxError when no sandbox can be started; nothing that a student handed in raises.
    """
    task, submission = exercise.load(job.slug), intake.read_folder(job.folder, job.slug)
    try:
        notebook = execute(rebuild(task, submission), task, job.settings)
    except SandboxError:
        raise
    except Exception as error:
        return failed(job, f"the grader failed: {type(error).__name__}: {error}")
    return Marked(job.student, notebook, submission.timestamp)


def failed(job, reason):
    """The Marked of a submission that could not be marked, for a reason that an instructor should look at."""
    task = exercise.load(job.slug)
    notebook = rebuild(task, intake.Submission((), (), reason, ""))
    return Marked(job.student, execute(notebook, task, job.settings), "")


def find_submissions(submitted, slug):
    """The students who handed in the exercise, sorted, and lines about what else lies in the folder `submitted`."""
    students, strays, known = [], [], set(slugs())
    for entry in sorted(Path(submitted).iterdir()) if Path(submitted).is_dir() else []:
        if entry.is_symlink() or not entry.is_dir():
            strays.append(f"{entry.name} is not a student's folder")
            continue
        if os.path.lexists(entry / slug):
            students.append(entry.name)
        others = sorted(set(os.listdir(entry)) - known)
        strays += [f"{entry.name} handed in {name!r}, which is no exercise" for name in others]
    return students, strays


def mark_all(jobs, workers=1, scheduler=None):
    """Yield a Marked for every Job, in the order in which they are done.

    Runs in this process, in a pool if there are several `workers`, or on the Dask cluster at the address `scheduler`.
    Raises ValueError when no scheduler answers there.
    """
    if scheduler:
        yield from _on_cluster(jobs, scheduler)
    elif workers == 1:
        yield from map(mark, jobs)
    else:
        yield from _in_pool(jobs, workers)


def _in_pool(jobs, workers):
    """As mark_all. One killed process breaks the whole pool: each job that it took along is done again, alone."""
    spawn, again = multiprocessing.get_context("spawn"), []  # a fork would copy open pipes and the open gradebook
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        futures = {pool.submit(mark, job): job for job in jobs}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                again.append(futures[future])
    for job in again:
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            try:
                yield pool.submit(mark, job).result()
            except BrokenProcessPool:
                yield failed(job, "the grader failed: its process was killed twice")


def _on_cluster(jobs, scheduler):
    """As mark_all, on the workers of a Dask scheduler, which must see the course folder under the same path."""
    from dask.distributed import Client, KilledWorker
    from dask.distributed import as_completed as dask_as_completed

    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        futures = {client.submit(mark, job, pure=False): job for job in jobs}
        for future in dask_as_completed(list(futures)):
            try:
                yield future.result()
            except KilledWorker:
                yield failed(futures[future], "the grader failed: its worker was killed again and again")
