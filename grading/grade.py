"""Mark the submissions of one exercise: here, in a pool of processes, or on a Dask cluster."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from grading import exercise, finder, intake, interrupt, outside
from grading.course import slugs
from grading.execute import Settings, execute
from grading.sandbox import SandboxError
from grading.transplant import rebuild

LOOK = 1.0  # seconds between two looks at the processes of a pool
MAX_STRAYS = 10  # lines about what one student handed in


class Job(NamedTuple):
    """One submission to mark, as it is sent to a worker: paths and names, no contents."""

    slug: str
    student: str
    folder: str
    settings: Settings


class Marked(NamedTuple):
    """A marked submission: the notebook with its outputs and record, and what timestamp.txt says."""

    student: str
    notebook: dict | None  # None if it could not be marked this time, which says nothing about what was handed in
    timestamp: str
    problem: str = ""  # why there is no notebook


def mark(job):
    """Mark one submission; the same function runs in this process, in a pool's and on a cluster.

    The file is read here, not where the jobs are made: in a pool, a file that brings down the process that parses it
    costs one submission. Nothing that a student handed in raises; where no process could be started, to read it or to
    run it, nothing is marked.
    """
    try:
        submission = intake.read_folder(job.folder, job.slug)
        task = exercise.load(job.slug, submission.language)
        notebook = execute(rebuild(task, submission), task, job.settings)
    except (SandboxError, intake.NotReadError) as error:
        return Marked(job.student, None, "", f"not marked, try again: {error}")
    except Exception as error:
        return failed(job, f"the grader failed: {type(error).__name__}: {error}")
    return Marked(job.student, notebook, submission.timestamp)


def failed(job, reason):
    """The Marked of a submission that could not be marked, for a reason that an instructor should look at."""
    task = exercise.load(job.slug)
    notebook = rebuild(task, intake.Submission((), (), outside.line(reason), ""))
    return Marked(job.student, execute(notebook, task, job.settings), intake.timestamp(job.folder))


def find_submissions(submitted, slug):
    """Who handed in the exercise, {student: name of the folder}, and lines about what else lies in `submitted`.

    A folder whose name nbgrader cannot take is marked under a similar one, and a line says so.
    """
    found, strays, known = {}, [], set(slugs())
    entries = sorted(Path(submitted).iterdir()) if Path(submitted).is_dir() else []
    entries.sort(key=lambda entry: outside.student(entry.name) != entry.name)  # who has a name by right comes first
    for entry in entries:
        student, name = outside.student(entry.name), outside.line(repr(entry.name))
        if entry.is_symlink() or not entry.is_dir():
            strays.append(f"{outside.line(entry.name)} is not a student's folder")
            continue
        try:
            inside = sorted(os.listdir(entry))
        except OSError as error:
            strays.append(f"the folder {name} cannot be read: {error.strerror}")
            continue
        if entry.name in known and slug not in inside:
            strays.append(f"{name} is where a student's folder should be: submitted/<student>/<exercise>")
            continue
        try:
            others, handed_in = _others(entry, inside, slug, known)
        except (ValueError, OSError, intake.NotReadError) as error:  # the marking says what is wrong
            others, handed_in = [], True
            strays.append(f"the folder {name} cannot be looked through: {getattr(error, 'strerror', None) or error}")
        if handed_in and student in found:
            strays.append(f"the folder {name} was not marked, as nbgrader cannot take its name; give it another one")
        elif handed_in:
            found[student] = entry.name
            if student != entry.name:
                strays.append(f"the folder {name} was marked as {student}, as nbgrader cannot take its name")
        others = [f"{student} handed in {other!r}, which is no exercise" for other in others]
        more = [f"{student} handed in {len(others) - MAX_STRAYS} more things that are no exercise"]
        strays += map(outside.line, others[:MAX_STRAYS] + (more if others[MAX_STRAYS:] else []))
    return found, sorted(strays)


def _others(folder, inside, slug, known):
    """What else than exercises lies in a student's folder, and whether the exercise `slug` is handed in there.

    `inside` are the names in it, `known` those of all exercises. A file may lie there without its folder, and a folder
    may have another name. Where the names do not tell, the notebooks do.
    """
    handed_in = slug in inside or any(finder.is_name_of(name, slug) for name in inside if name not in known)
    others, perhaps = [], []
    for name in inside:
        named = name if name in known else finder.exercise_named(name)
        if name in known or (named and named not in inside):
            perhaps += [name] if named == slug else []  # of another exercise, the marking of that one will tell
        elif len(others) < MAX_STRAYS and finder.may_be_notebook(name) and _is_file(folder / name):
            holds = intake.exercise_in(folder / name)
            handed_in |= holds == slug
            others += [] if holds else [name]
        else:
            others.append(name)
    if perhaps and not handed_in:
        handed_in = intake.is_there(folder / slug, slug)
        others += [] if handed_in else perhaps
    return sorted(others), handed_in


def _is_file(path):
    return path.is_file() and not path.is_symlink()


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
    """As mark_all. One killed process breaks the whole pool: the next one is as large, and does what waits.

    What was at work, or about to be, is done again alone, as one of it may be what kills the process.
    """
    waiting = deque(jobs)
    while waiting:
        suspects = []
        with _pool(workers) as pool, _killed_if_stopped():
            yield from _until_it_breaks(pool, waiting, workers + 1, suspects)
        for job in suspects:
            yield from _alone(job)


def _alone(job):
    """Yield the Marked of a job that has a process for itself; the first death of it may have been an accident, too."""
    for _ in range(2):
        killed = []
        with _pool(1) as pool, _killed_if_stopped():
            yield from _until_it_breaks(pool, deque([job]), 1, killed)
        if not killed:
            return
    yield failed(job, "the grader failed: its process was killed again and again")


def _pool(workers):
    spawn = multiprocessing.get_context("spawn")  # a fork would copy open pipes and the open gradebook
    return ProcessPoolExecutor(workers, mp_context=spawn, initializer=_end_with_parent)


@contextlib.contextmanager
def _killed_if_stopped():
    """Let no worker finish what it is at when the block is left before its end, as by Ctrl-C."""
    try:
        yield
    except BaseException:
        for child in multiprocessing.active_children():
            child.kill()
        raise


def _end_with_parent():
    """Let this process end when the one that started it is gone, however that ended.

    Ctrl-C reaches all processes of a terminal: what it means is for the first to say. A handler that does nothing is
    not inherited by the processes of students, as a signal that is ignored would be.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _until_it_breaks(pool, waiting, most, suspects):
    """Yield a Marked for jobs from `waiting`, at most so many at a time; of a broken pool, those become `suspects`."""
    running, stopped = {}, set()
    while (waiting or running) and not suspects:
        while waiting and len(running) < most:
            job = waiting.popleft()
            try:
                with interrupt.put_off():  # a worker starts as its parent is, and says for itself when it is ready
                    running[pool.submit(mark, job)] = job
            except BrokenProcessPool:
                suspects.append(job)
                break
        done, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
        for future in done:
            job = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                suspects.append(job)
        stopped = _kill_stopped(stopped)
    suspects += running.values()
    if suspects:  # a worker that is stopped would be waited for
        for child in multiprocessing.active_children():
            child.kill()


def _kill_stopped(before):
    """Kill those of this process's children that are stopped, as they were `before`; return which are stopped now."""
    stopped = {child for child in multiprocessing.active_children() if _is_stopped(child.pid)}
    for child in stopped & before:
        child.kill()
    return stopped


def _is_stopped(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:  # it has ended, or this is no Linux
        return False


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
